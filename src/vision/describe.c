/* From a detection to landmarks, mesh, pose, quality and chip. */
#include "base/error.h"
#include "vision/align.h"
#include "vision/quality.h"
#include "vision/vision_priv.h"

#include <math.h>
#include <string.h>

#define LANDMARK_INPUT_SIDE 112

/* The mesh's points for the five of alignment (models.md: 263, 362, 33, 133, 2). */
static const int mesh_five[FACE_POINT_COUNT] = {
    [FACE_POINT_RIGHT_EYE_OUTER] = 263, [FACE_POINT_RIGHT_EYE_INNER] = 362,
    [FACE_POINT_LEFT_EYE_OUTER] = 33,   [FACE_POINT_LEFT_EYE_INNER] = 133,
    [FACE_POINT_NOSE_BASE] = 2,
};
/* Middle of the forehead's edge and of the chin. */
enum { MESH_FOREHEAD = 10, MESH_CHIN = 152 };

bool vision_landmarks(struct vision *vision, const struct image *image, const struct box *box,
                      struct point points[LANDMARK_POINTS], GError **error)
{
    struct canvas canvas =
        vision_canvas(vision, LANDMARK_INPUT_SIDE, LANDMARK_INPUT_SIDE, CANVAS_LAYOUT_PLANAR_RGB);
    /* What of the box lies inside the image, in the middle of a black square: as the net's makers
     * do. */
    struct box crop = {MAX(box->x0, 0), MAX(box->y0, 0), MIN(box->x1, (float)image->width),
                       MIN(box->y1, (float)image->height)};
    if (box_area(&crop) < 1) {
        for (int i = 0; i < LANDMARK_POINTS; i++)
            points[i] = (struct point){(box->x0 + box->x1) / 2, (box->y0 + box->y1) / 2};
        return true;
    }
    float side = MAX(box_width(&crop), box_height(&crop));
    struct box square = {.x0 = (crop.x0 + crop.x1 - side) / 2,
                         .y0 = (crop.y0 + crop.y1 - side) / 2};
    square.x1 = square.x0 + side;
    square.y1 = square.y0 + side;
    struct canvas_area clip = {(int)floorf(crop.x0), (int)floorf(crop.y0), (int)ceilf(crop.x1),
                               (int)ceilf(crop.y1)};
    struct canvas_area all = {0, 0, LANDMARK_INPUT_SIDE, LANDMARK_INPUT_SIDE};
    canvas_draw(&canvas, all, image, &square, &clip, 0);

    struct vision_outputs outputs;
    if (!vision_run(vision, VISION_NET_LANDMARK, &canvas, 1, 1, &outputs, error))
        return false;
    const float *out = vision_output(&outputs, 0, LANDMARK_POINTS * 2, VISION_NET_LANDMARK, error);
    for (int i = 0; out && i < LANDMARK_POINTS; i++)
        points[i] =
            (struct point){square.x0 + out[2 * i] * side, square.y0 + out[2 * i + 1] * side};
    vision_outputs_clear(&outputs);
    return out != NULL;
}

bool vision_mesh(struct vision *vision, const struct image *image,
                 const struct similarity *to_image, struct mesh_point points[MESH_POINTS],
                 float *presence, GError **error)
{
    struct canvas canvas =
        vision_canvas(vision, MESH_INPUT_SIDE, MESH_INPUT_SIDE, CANVAS_LAYOUT_INTERLEAVED_RGB);
    canvas.scale = 1.0f / 255;
    canvas_warp(&canvas, image, to_image, canvas_samples(to_image));

    struct vision_outputs outputs;
    if (!vision_run(vision, VISION_NET_MESH, &canvas, 1, 2, &outputs, error))
        return false;
    const float *flag = vision_output(&outputs, 1, 1, VISION_NET_MESH, error);
    const float *out =
        flag ? vision_output(&outputs, 0, MESH_POINTS * 3, VISION_NET_MESH, error) : NULL;
    if (out) {
        float scale = hypotf(to_image->a, to_image->b);
        for (int i = 0; i < MESH_POINTS; i++) {
            struct point at =
                similarity_apply(to_image, (struct point){out[3 * i], out[3 * i + 1]});
            points[i] = (struct mesh_point){at.x, at.y, out[3 * i + 2] * scale};
        }
        *presence = flag[0];
    }
    vision_outputs_clear(&outputs);
    return out != NULL;
}

struct similarity points_crop(const struct point *points, size_t count, struct point left,
                              struct point right, float factor, int side)
{
    float length = hypotf(right.x - left.x, right.y - left.y);
    float cosine = length > 0 ? (right.x - left.x) / length : 1;
    float sine = length > 0 ? (right.y - left.y) / length : 0;
    /* The box of the points along the turned axes. */
    struct box box = {INFINITY, INFINITY, -INFINITY, -INFINITY};
    for (size_t i = 0; i < count; i++) {
        float u = cosine * points[i].x + sine * points[i].y;
        float v = cosine * points[i].y - sine * points[i].x;
        box = (struct box){MIN(box.x0, u), MIN(box.y0, v), MAX(box.x1, u), MAX(box.y1, v)};
    }
    float span = MAX(box.x1 - box.x0, box.y1 - box.y0) * factor;
    span = MAX(span, 1);
    float u0 = (box.x0 + box.x1 - span) / 2;
    float v0 = (box.y0 + box.y1 - span) / 2;
    float scale = span / (float)side;
    return (struct similarity){.a = cosine * scale,
                               .b = sine * scale,
                               .tx = cosine * u0 - sine * v0,
                               .ty = sine * u0 + cosine * v0};
}

static struct point middle(struct point a, struct point b)
{
    return (struct point){(a.x + b.x) / 2, (a.y + b.y) / 2};
}

static float degrees(float radians)
{
    return radians * (float)(180 / G_PI);
}

static struct box points_box(const struct point *points, size_t count)
{
    struct box box = {INFINITY, INFINITY, -INFINITY, -INFINITY};
    for (size_t i = 0; i < count; i++)
        box = (struct box){MIN(box.x0, points[i].x), MIN(box.y0, points[i].y),
                           MAX(box.x1, points[i].x), MAX(box.y1, points[i].y)};
    return box;
}

static void face_from_mesh(struct face *face, const struct mesh_point mesh[MESH_POINTS])
{
    struct box box = {INFINITY, INFINITY, -INFINITY, -INFINITY};
    for (int i = 0; i < MESH_POINTS; i++)
        box = (struct box){MIN(box.x0, mesh[i].x), MIN(box.y0, mesh[i].y), MAX(box.x1, mesh[i].x),
                           MAX(box.y1, mesh[i].y)};
    face->box = box;
    for (int i = 0; i < FACE_POINT_COUNT; i++)
        face->points[i] = (struct point){mesh[mesh_five[i]].x, mesh[mesh_five[i]].y};

    const struct mesh_point *right = &mesh[mesh_five[FACE_POINT_RIGHT_EYE_OUTER]];
    const struct mesh_point *left = &mesh[mesh_five[FACE_POINT_LEFT_EYE_OUTER]];
    const struct mesh_point *forehead = &mesh[MESH_FOREHEAD];
    const struct mesh_point *chin = &mesh[MESH_CHIN];
    face->roll_deg = degrees(atan2f(right->y - left->y, right->x - left->x));
    face->yaw_deg =
        degrees(atan2f(right->z - left->z, hypotf(right->x - left->x, right->y - left->y)));
    face->pitch_deg = degrees(
        atan2f(chin->z - forehead->z, hypotf(chin->x - forehead->x, chin->y - forehead->y)));
    struct point right_eye =
        middle(face->points[FACE_POINT_RIGHT_EYE_OUTER], face->points[FACE_POINT_RIGHT_EYE_INNER]);
    struct point left_eye =
        middle(face->points[FACE_POINT_LEFT_EYE_OUTER], face->points[FACE_POINT_LEFT_EYE_INNER]);
    face->eye_distance_px = hypotf(right_eye.x - left_eye.x, right_eye.y - left_eye.y);
}

/* The middle of the eyes of the 68 points: 36–41 left in the picture, 42–47 right. */
static struct point eye_middle(const struct point points[LANDMARK_POINTS], int first)
{
    struct point sum = {0, 0};
    for (int i = first; i < first + 6; i++)
        sum = (struct point){sum.x + points[i].x / 6, sum.y + points[i].y / 6};
    return sum;
}

/* Below this the mesh net doubts its crop, below the other it sees no face at all. */
#define MESH_SURE  0.97f
#define MESH_DOUBT 0.05f

/* The square crop of a box, `factor` × its larger side, turned by `roll_deg`. */
static struct similarity box_crop(const struct box *box, float roll_deg, float factor)
{
    float roll = roll_deg * (float)(G_PI / 180);
    struct point cx = {(box->x0 + box->x1) / 2, (box->y0 + box->y1) / 2};
    float span = MAX(1, MAX(box_width(box), box_height(box)) * factor);
    float a = cosf(roll) * span / MESH_INPUT_SIDE;
    float b = sinf(roll) * span / MESH_INPUT_SIDE;
    float half = (float)MESH_INPUT_SIDE / 2;
    return (struct similarity){
        .a = a, .b = b, .tx = cx.x - (a * half - b * half), .ty = cx.y - (b * half + a * half)};
}

/* The crop that a mesh asks for: around its own points, level with its own eyes. */
static struct similarity mesh_crop(const struct mesh_point mesh[MESH_POINTS])
{
    struct point points[MESH_POINTS];
    for (int i = 0; i < MESH_POINTS; i++)
        points[i] = (struct point){mesh[i].x, mesh[i].y};
    return points_crop(points, MESH_POINTS, points[mesh_five[FACE_POINT_LEFT_EYE_OUTER]],
                       points[mesh_five[FACE_POINT_RIGHT_EYE_OUTER]], 1.5f, MESH_INPUT_SIDE);
}

/* The mesh of a crop, and where the mesh net doubts it, the one it is surest of among a second look
 * from its own points and from the detector's box, level and turned: the landmark net fails on
 * heads that are tilted, half hidden or turned far. */
static bool surest_mesh(struct vision *vision, const struct image *image, const struct box *box,
                        const struct similarity *first, struct mesh_point mesh[MESH_POINTS],
                        float *presence, GError **error)
{
    static const float rolls_deg[] = {0, -30, 30};
    struct mesh_point tried[MESH_POINTS];
    float sure = 0;

    if (!vision_mesh(vision, image, first, mesh, presence, error))
        return false;
    for (size_t start = 0; start <= G_N_ELEMENTS(rolls_deg); start++) {
        if (*presence >= MESH_SURE || *presence < MESH_DOUBT)
            return true;
        struct similarity crop =
            start == 0 ? mesh_crop(mesh) : box_crop(box, rolls_deg[start - 1], 1.3f);
        for (int pass = 0; pass < 2; pass++) {
            if (!vision_mesh(vision, image, &crop, tried, &sure, error))
                return false;
            if (sure > *presence) {
                *presence = sure;
                memcpy(mesh, tried, sizeof(tried));
            }
            crop = mesh_crop(tried);
        }
    }
    return true;
}

bool vision_describe_face(struct vision *vision, const struct image *image,
                          const struct face_detection *detection, struct face *face,
                          struct face_chip *chip, GError **error)
{
    struct point landmarks[LANDMARK_POINTS];
    struct mesh_point mesh[MESH_POINTS];
    float presence = 0;

    if (!vision_landmarks(vision, image, &detection->box, landmarks, error))
        return false;
    struct similarity crop = points_crop(landmarks, LANDMARK_POINTS, eye_middle(landmarks, 36),
                                         eye_middle(landmarks, 42), 1.5f, MESH_INPUT_SIDE);
    if (!surest_mesh(vision, image, &detection->box, &crop, mesh, &presence, error))
        return false;

    struct face described = {
        .score = detection->score, .presence = presence, .body = detection->body};
    face_from_mesh(&described, mesh);
    described.features = points_box(landmarks, LANDMARK_POINTS);
    g_autofree struct face_chip *own = chip ? NULL : g_new(struct face_chip, 1);
    struct face_chip *drawn = chip ? chip : own;
    struct similarity to_image = face_chip_to_image(described.points);
    face_chip_draw(image, &to_image, drawn);
    described.sharpness = face_chip_sharpness(drawn);
    described.light = face_chip_light(drawn);
    described.quality = face_quality(&described);
    *face = described;
    return true;
}
