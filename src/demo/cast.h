/*
 * The cast of the demo site: where in the photographs of the face-api package each person stands.
 * Only rectangles are here; the photographs are on the user's machine, installed with the models.
 */
#ifndef DEMO_CAST_H
#define DEMO_CAST_H

#include "base/image.h"

#include <stddef.h>

struct cast_member {
    const char *photograph; /* file name */
    struct box body;        /* pixels of the photograph: head to waist */
    struct point face;      /* middle of the face, pixels */
    float face_size;        /* height of the face, pixels */
};

/* Nobody is in it twice: the distances between the descriptors of any two are above 0.6 (`demo
 * cast` prints them). */
#define CAST_MEMBERS 9

const struct cast_member *cast_member(size_t index); /* 0 … CAST_MEMBERS - 1 */

#endif
