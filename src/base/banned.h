/*
 * Functions nobody may call. The header is force-included into every C file of the project
 * (meson.build), so that a use is a compile error that names the replacement.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

/* The C library declares these before they are poisoned. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Where the C library checks buffer sizes, it makes macros of these for clang. */
#undef sprintf
#undef vsprintf
#pragma GCC poison strcpy strcat strncat sprintf vsprintf strtok gets
#pragma GCC poison localtime localtime_r mktime asctime ctime
#pragma GCC poison system popen

#endif
