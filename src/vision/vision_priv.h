/*
 * Inside of struct vision, for the files of this directory only.
 */
#ifndef VISION_VISION_PRIV_H
#define VISION_VISION_PRIV_H

#include "vision/canvas.h"
#include "vision/vision.h"

/* X(CODE, model name, need) of every net this directory can use. */
#define VISION_NET_LIST(X)                                                                         \
    X(BODY, "centernet", VISION_NEED_BODIES)                                                       \
    X(SMALL_FACE, "tiny_face_detector", VISION_NEED_FACES)                                         \
    X(LARGE_FACE, "ssd_mobilenetv1", VISION_NEED_FACES)                                            \
    X(LANDMARK, "face_landmark_68", VISION_NEED_FACES)                                             \
    X(MESH, "facemesh", VISION_NEED_FACES)                                                         \
    X(RECOGNITION, "face_recognition", VISION_NEED_EMBEDDING)                                      \
    X(FACERES, "faceres", VISION_NEED_ATTRIBUTES)                                                  \
    X(AGE_GENDER, "age_gender", VISION_NEED_ATTRIBUTES)                                            \
    X(EXPRESSION, "face_expression", VISION_NEED_ATTRIBUTES)                                       \
    X(EMOTION, "emotion", VISION_NEED_ATTRIBUTES)

enum vision_net {
#define X(code, name, need) VISION_NET_##code,
    VISION_NET_LIST(X)
#undef X
        VISION_NET_COUNT,
};

struct vision {
    struct infer *infer;
    unsigned needs;
    struct runner *runners[VISION_NET_COUNT];
    float *input; /* scratch: the largest net input */
};

/* Most outputs any net has. */
#define VISION_OUTPUTS_MAX 4

/* The outputs of one run; clear with vision_outputs_clear. */
struct vision_outputs {
    struct tensor tensors[VISION_OUTPUTS_MAX];
    size_t count;
};

/* A canvas over the scratch input. Colour values go in as they are (0–255). */
struct canvas vision_canvas(struct vision *vision, int width, int height,
                            enum canvas_layout layout);

/* Runs `net` on `batch` canvases that lie one after the other from canvas->values on, and gives
 * `output_count` outputs in the order of the card. */
bool vision_run(struct vision *vision, enum vision_net net, const struct canvas *canvas,
                int64_t batch, size_t output_count, struct vision_outputs *outputs, GError **error);
void vision_outputs_clear(struct vision_outputs *outputs);

/* The numbers of output `index` after checking that it has `elements` f32; NULL and *error (MODEL).
 */
const float *vision_output(const struct vision_outputs *outputs, size_t index, size_t elements,
                           enum vision_net net, GError **error);

/* Points of the mesh that are used (MediaPipe's numbering). */
#define MESH_POINTS 468

/* One run of a face detector over part of an image: the square `region` of the image scaled into
 * `area` of the net's input. */
struct face_view {
    struct box region;
    struct canvas_area area;
};

/* Draws every view and runs the small net (side × side, multiple of 32) or the large one (side
 * 512); detections come back in image pixels, unsuppressed across views, with the view they belong
 * to. `outside` is the grey level of what no view covers. */
struct view_detection {
    struct detection detection;
    size_t view;
};
bool vision_detect_in_views(struct vision *vision, const struct image *image, enum vision_net net,
                            int side, const struct face_view *views, size_t view_count,
                            float outside, float threshold, struct view_detection *found,
                            size_t capacity, size_t *count, GError **error);

/* Landmarks of a box: 68 points in image pixels. */
#define LANDMARK_POINTS 68
bool vision_landmarks(struct vision *vision, const struct image *image, const struct box *box,
                      struct point points[LANDMARK_POINTS], GError **error);

/* Presence, 0–1, and mesh points (image pixels; z in the same unit, smaller is nearer) of the face
 * whose square, rotated crop goes from canvas to image by `to_image` (192 × 192). */
#define MESH_INPUT_SIDE 192
struct mesh_point {
    float x, y, z;
};
bool vision_mesh(struct vision *vision, const struct image *image,
                 const struct similarity *to_image, struct mesh_point points[MESH_POINTS],
                 float *presence, GError **error);

/* The rotated square crop around points: side `factor` × the larger side of their box along the
 * line from `left` to `right`, scaled to `side` canvas pixels. */
struct similarity points_crop(const struct point *points, size_t count, struct point left,
                              struct point right, float factor, int side);

#endif
