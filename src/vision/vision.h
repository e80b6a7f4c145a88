/*
 * What is in a picture: bodies, faces, descriptors. Functions over borrowed pixels and the runners
 * of infer/; nothing is remembered between calls, so the same input gives the same output.
 *
 * A `struct vision` holds references to shared runners and this caller's own scratch memory (net
 * inputs), so it belongs to one thread; make one per inference thread, they are cheap (under 8 MB).
 * Net inputs are made straight from the planes of the image; no full-frame RGB copy exists.
 *
 * Cost on one x86-64 core: bodies 33 ms; faces 1–2 ms per body with the small net, 35 ms per run of
 * the large one; describe 3 ms; embed 6 ms per chip (two runs of 3 ms).
 */
#ifndef VISION_VISION_H
#define VISION_VISION_H

#include "infer/runner.h"
#include "vision/detection.h"
#include "vision/embedding.h"
#include "vision/face.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

struct vision;

/* Which abilities are wanted; nets that nobody needs are not loaded. */
enum vision_need {
    VISION_NEED_BODIES = 1 << 0, /* centernet */
    VISION_NEED_FACES =
        1 << 1, /* tiny_face_detector, ssd_mobilenetv1, face_landmark_68, facemesh */
    VISION_NEED_EMBEDDING = 1 << 2,  /* face_recognition */
    VISION_NEED_ATTRIBUTES = 1 << 3, /* faceres, age_gender, face_expression, emotion */
};

/* Body boxes from here on are people. R .80 P .975 on TUD-Stadtmitte, R .736 P .793 on TUD-Campus.
 */
#define VISION_BODY_THRESHOLD 0.35f
/* The overlap at which two body boxes are one body. */
#define VISION_BODY_IOU 0.6f

/* Loads what `needs` (a set of enum vision_need) asks for. `infer` must outlive it. NULL and *error
 * (MODEL) when a net is missing or refused. */
struct vision *vision_new(struct infer *infer, unsigned needs, GError **error);
void vision_free(struct vision *vision);
/* Loads further nets when a policy changes; what is there stays. On failure nothing changes. */
bool vision_require(struct vision *vision, unsigned needs, GError **error);
unsigned vision_needs(const struct vision *vision);

/* People of the whole image, best first, after suppression, at most `capacity` (use
 * LIMIT_DETECTIONS_PER_FRAME). `threshold` 0–1, usually VISION_BODY_THRESHOLD; a tracker's second
 * pass asks for less. Needs BODIES. False and *error when the net fails; *count is then unchanged.
 */
bool vision_detect_bodies(struct vision *vision, const struct image *image, float threshold,
                          struct detection *bodies, size_t capacity, size_t *count, GError **error);

/* What detecting faces may cost in one frame. */
struct face_budget {
    unsigned small_runs; /* runs of the small net, 1–2 ms each: one per body, best bodies first */
    unsigned large_runs; /* runs of the large net, 35 ms each, on canvases packed with the upper
                            bodies whose face the small net did not find, up to 16 in a canvas */
    bool whole_frame; /* spend one of large_runs on the whole image: faces that belong to no body */
};

/* The budget of a live camera. */
#define FACE_BUDGET_LIVE ((struct face_budget){.small_runs = 16, .large_runs = 1})

/* Faces of the given bodies (any order of importance, first is looked at first; usually the tracks
 * that still want a face) in one call. At most one face per body is returned, that nearest to where
 * a head belongs, plus those of the whole frame that belong to no body given. `faces` has room for
 * `capacity`; body_count + LIMIT_DETECTIONS_PER_FRAME is always enough. Needs FACES. */
bool vision_detect_faces(struct vision *vision, const struct image *image, const struct box *bodies,
                         size_t body_count, struct face_budget budget, struct face_detection *faces,
                         size_t capacity, size_t *count, GError **error);

/* Faces of a still picture in which somebody wants to be found (an uploaded portrait, `eval`): both
 * nets at several scales, on a padded canvas too, thresholds lowered step by step until a face
 * covers the middle of the picture. In the order of finding, so with false ones at the end:
 * describe them and look at `presence`. *count may be 0: then there is no face. Needs FACES. */
bool vision_find_faces(struct vision *vision, const struct image *picture,
                       struct face_detection *faces, size_t capacity, size_t *count,
                       GError **error);

/* Landmarks, pose, sharpness, light and quality of a detection, and its aligned chip (NULL when not
 * wanted). A detection that turns out not to be a face has quality 0 and presence near 0; that is
 * not an error. Needs FACES. */
bool vision_describe_face(struct vision *vision, const struct image *image,
                          const struct face_detection *detection, struct face *face,
                          struct face_chip *chip, GError **error);

/* Elements of an embedding, at most LIMIT_EMBEDDING_DIMENSION; 128 with the default pack. */
unsigned vision_embedding_dimension(const struct vision *vision);
/* Name and version of the embedding model, as in its card. Borrowed. */
const char *vision_model_space(const struct vision *vision);

/* Raw descriptors of `count` chips, each the mean of the chip's and its mirror image's (TAR .938 →
 * .970 at FAR 0.1 % on LFW). `embeddings` has count × vision_embedding_dimension floats. Raw: not
 * normalised, norm about 1.43; distances are L2 (see embedding.h). Needs EMBEDDING. */
bool vision_embed(struct vision *vision, const struct face_chip *const *chips, size_t count,
                  float *embeddings, GError **error);

/* The descriptor of a face of which there is one picture only (an upload, `eval`): the mean over
 * crops of three sizes, each with its mirror image. A track does not need it: its frames are the
 * variety. On LFW it brings pairs of one person nearer by .015 and leaves those of two where they
 * are; it costs three times vision_embed. `face` comes from vision_describe_face on the same image.
 */
bool vision_embed_still(struct vision *vision, const struct image *image, const struct face *face,
                        float *embedding, GError **error);

#endif
