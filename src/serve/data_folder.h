/*
 * The data folder of a server and its one owner.
 */
#ifndef SERVE_DATA_FOLDER_H
#define SERVE_DATA_FOLDER_H

#include "base/error.h"

#include <stdbool.h>

struct data_folder {
    char *path; /* absolute; owned */
    int lock_fd;
};

/* Makes the folder when it is missing (mode 0700) and takes its lock. BUSY names the folder and the
 * process that has it; IO, NO_SPACE, FORBIDDEN name the folder. Clear with data_folder_close. */
bool data_folder_open(const char *path, struct data_folder *folder, GError **error);
void data_folder_close(struct data_folder *folder);

/* Whether some process has the folder's lock now. False also when there is no such folder. */
bool data_folder_in_use(const char *path);

/* folder/name; free with g_free. */
char *data_folder_file(const struct data_folder *folder, const char *name);

#endif
