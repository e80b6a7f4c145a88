/*
 * What the files of the SQLite back end share.
 */
#ifndef STORAGE_SQLITE_PRIV_H
#define STORAGE_SQLITE_PRIV_H

#include <sqlite3.h>

/* Writes what sqlite_planner.c knows of the data as the database's statistics, unless they are
 * that already, and makes `db` use them; connections that are opened later do, too. In a
 * transaction of its own. An SQLite result code. */
int sqlite_tell_planner(sqlite3 *db);

#endif
