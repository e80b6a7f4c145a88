/*
 * How good a picture of a face is for recognising it: four factors, each 0–1, and their product.
 * Pure; the measurements come from the aligned chip and the five points.
 */
#ifndef VISION_QUALITY_H
#define VISION_QUALITY_H

#include "vision/face.h"

/* Faces below this are not embedded by a live camera. LFW shrunk until the eyes are 14 px apart has
 * .41 on average, and its descriptors are .19 from the unshrunk ones; at 10 px it is .25 and .30.
 */
#define FACE_QUALITY_LEAST 0.3f
/* From here on one face is enough for a first answer on screen. */
#define FACE_QUALITY_GOOD 0.6f

/* Sharpness of a chip, 0–1: energy of the Laplacian of its luma over the energy of its gradient, so
 * that contrast does not count. An up-scaled small face is as unsharp as a blurred one. */
float face_chip_sharpness(const struct face_chip *chip);
/* Light of a chip, 0–1: mean brightness away from black and white, spread, clipped pixels and the
 * difference between the two halves. */
float face_chip_light(const struct face_chip *chip);

/* The factors: pixels between the eyes and the angles of the head. */
float face_size_factor(float eye_distance_px);
float face_pose_factor(float yaw_deg, float pitch_deg);

/* The product, from the fields of `face` (eye distance, angles, sharpness, light, presence). */
float face_quality(const struct face *face);

#endif
