/*
 * A described face: where its five points are, how it is turned, and how good a picture of it is.
 *
 * `quality` decides what is embedded and with which weight. It is the product of four factors, each
 * 0–1: size (eye distance), sharpness, pose (yaw, pitch) and light. See quality.h for the curves
 * and the measurement behind them.
 */
#ifndef VISION_FACE_H
#define VISION_FACE_H

#include "base/image.h"

#include <stdbool.h>
#include <stdint.h>

/* Side of the aligned chip that the descriptor wants (dlib's, padding 0.25). */
#define FACE_CHIP_SIDE 150

/* The five points alignment uses, named from the side of the picture, not of the person. */
enum face_point {
    FACE_POINT_RIGHT_EYE_OUTER = 0, /* of 68: 45; right in the picture */
    FACE_POINT_RIGHT_EYE_INNER,     /* 42 */
    FACE_POINT_LEFT_EYE_OUTER,      /* 36 */
    FACE_POINT_LEFT_EYE_INNER,      /* 39 */
    FACE_POINT_NOSE_BASE,           /* 33 */
    FACE_POINT_COUNT,
};

/* Where a detector saw a face. */
struct face_detection {
    struct box box; /* pixels of the image, tight around brows, chin and cheeks */
    float score;    /* 0–1, of the detector that found it */
    int body;       /* index into the bodies given, -1 when it belongs to none */
};

struct face {
    struct box box;      /* refined: bounding box of the face's contour, pixels of the image */
    float score;         /* of the detection */
    float presence;      /* 0–1: the mesh net's opinion that this is a face at all */
    int body;            /* as in the detection */
    struct box features; /* bounding box of brows, cheeks and chin (the 68 landmarks) */
    struct point points[FACE_POINT_COUNT]; /* pixels of the image */
    float yaw_deg;         /* 0 frontal, positive: turned to the right of the picture */
    float pitch_deg;       /* 0 level, positive: looking down */
    float roll_deg;        /* positive: clockwise in the picture */
    float eye_distance_px; /* between the centres of the eyes */
    float sharpness;       /* 0–1 */
    float light;           /* 0–1: exposure and contrast */
    float quality;         /* 0–1; 0 when it should not be used at all */
};

/* The aligned face: packed R, G, B, 0–255, row-major, upright, eyes level. Black outside the image.
 */
struct face_chip {
    uint8_t rgb[FACE_CHIP_SIDE * FACE_CHIP_SIDE * 3];
};

#endif
