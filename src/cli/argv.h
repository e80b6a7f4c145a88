/*
 * Everybody on a machine may read the arguments of a process (`ps`): what is secret in them is
 * copied and then painted over.
 */
#ifndef CLI_ARGV_H
#define CLI_ARGV_H

/* A copy of argv, to be freed with g_strfreev. In argv itself passwords of URLs and the values of
 * secret settings become asterisks. */
char **argv_take(int argc, char **argv);

#endif
