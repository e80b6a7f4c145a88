/*
 * Detection, landmarks and descriptors against the numbers of the library the nets come from, on
 * its pictures: this proves what is before and after the nets. The reference rounds detector boxes
 * and floors the corners of crops; the test does the same to what it passes in.
 */
#include "../infer/reference.h"
#include "source/picture.h"
#include "vision/decode.h"
#include "vision/vision_priv.h"

#include "cmocka_include.h"

#include <glib.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Every so many pictures of the reference are compared: all take minutes under the sanitizers. */
#define STRIDE 2
/* models.md: reached by the prototype were 1.8e-4 px, 4.6e-6 and a score 2.2e-4 off. Boxes are
 * 512ths of up to 1000 px, and one score in a thousand moves a coordinate by more than its own
 * rounding. */
#define LANDMARK_TOLERANCE_PX 2e-3
#define DESCRIPTOR_TOLERANCE  2e-5
#define SCORE_TOLERANCE       5e-4
#define BOX_TOLERANCE_PX      0.1

static struct infer *infer;
static struct vision *vision;
static struct pictures *pictures;
static char *folder;
static json_t *reference;

static double number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static struct box reference_box(const json_t *box)
{
    double x = number(box, "x");
    double y = number(box, "y");
    return (struct box){(float)x, (float)y, (float)(x + number(box, "w")),
                        (float)(y + number(box, "h"))};
}

/* The library's crop of a box: clipped to the picture, then x, y, width and height floored. */
static struct box floored(const struct image *image, struct box box)
{
    box.x0 = MAX(box.x0, 0);
    box.y0 = MAX(box.y0, 0);
    box.x1 = MIN(box.x1, (float)image->width);
    box.y1 = MIN(box.y1, (float)image->height);
    float width = floorf(box.x1 - box.x0);
    float height = floorf(box.y1 - box.y0);
    box.x0 = floorf(box.x0);
    box.y0 = floorf(box.y0);
    return (struct box){box.x0, box.y0, box.x0 + width, box.y0 + height};
}

/* Every face the library found from .35 on must be among ours, same place, same score. */
static void compare_detection(const struct image *image, const char *key, const json_t *entry)
{
    /* The library pads to a square and scales that, but scales back from the rounded size. */
    int most = MAX(image->width, image->height);
    struct face_view view = {{0, 0, (float)most, (float)most},
                             {0, 0, SSD_INPUT_SIDE, SSD_INPUT_SIDE}};
    struct canvas_area rounded = canvas_letterbox(image->width, image->height, SSD_INPUT_SIDE);
    float across = (float)SSD_INPUT_SIDE / (float)rounded.x1 * (float)image->width / (float)most;
    float down = (float)SSD_INPUT_SIDE / (float)rounded.y1 * (float)image->height / (float)most;
    struct view_detection found[100];
    size_t count = 0;
    assert_true(vision_detect_in_views(vision, image, VISION_NET_LARGE_FACE, SSD_INPUT_SIDE, &view,
                                       1, 0, 0.3f, found, G_N_ELEMENTS(found), &count, NULL));
    size_t index;
    json_t *face;
    json_array_foreach(json_object_get(entry, "ssd"), index, face)
    {
        struct box box = reference_box(json_object_get(face, "box"));
        double score = number(face, "score");
        double best = INFINITY;
        double best_score = 0;
        for (size_t i = 0; score >= 0.35 && i < count; i++) {
            const struct box *ours = &found[i].detection.box;
            double off = (double)MAX(
                MAX(fabsf(ours->x0 * across - box.x0), fabsf(ours->y0 * down - box.y0)),
                MAX(fabsf(ours->x1 * across - box.x1), fabsf(ours->y1 * down - box.y1)));
            if (off < best) {
                best = off;
                best_score = (double)found[i].detection.score;
            }
        }
        if (score < 0.35)
            continue;
        if (best > BOX_TOLERANCE_PX || fabs(best_score - score) > SCORE_TOLERANCE)
            fail_msg("%s: face %zu: box off by %g px, score by %g", key, index, best,
                     fabs(best_score - score));
    }
}

static double compare_landmarks(const struct image *image, const json_t *face)
{
    struct point points[LANDMARK_POINTS];
    struct box exact = reference_box(json_object_get(face, "box"));
    struct box box = floored(image, exact);
    double worst = 0;
    /* The library pads an odd difference unevenly, which we do not. */
    if (((int)box_width(&box) - (int)box_height(&box)) % 2 != 0)
        return -1;
    assert_true(vision_landmarks(vision, image, &box, points, NULL));
    /* The library adds the box's own, unfloored corner, clipped or not. */
    for (size_t i = 0; i < LANDMARK_POINTS; i++) {
        const json_t *expected = json_array_get(json_object_get(face, "landmarks"), i);
        double x = (double)(points[i].x - box.x0 + exact.x0);
        double y = (double)(points[i].y - box.y0 + exact.y0);
        worst = MAX(worst, fabs(x - json_number_value(json_array_get(expected, 0))));
        worst = MAX(worst, fabs(y - json_number_value(json_array_get(expected, 1))));
    }
    return worst;
}

/* The middle of landmarks `first` … `last`. */
static struct point middle(const json_t *landmarks, size_t first, size_t last)
{
    struct point sum = {0, 0};
    float count = (float)(last - first + 1);
    for (size_t i = first; i <= last; i++) {
        const json_t *at = json_array_get(landmarks, i);
        sum.x += (float)json_number_value(json_array_get(at, 0)) / count;
        sum.y += (float)json_number_value(json_array_get(at, 1)) / count;
    }
    return sum;
}

/* The square that the library embeds: around eyes and mouth, 1/.45 of their distance. */
static struct box embedded_box(const json_t *face)
{
    const json_t *landmarks = json_object_get(face, "landmarks");
    const json_t *box = json_object_get(face, "box");
    struct point eyes[2] = {middle(landmarks, 36, 41), middle(landmarks, 42, 47)};
    struct point mouth = middle(landmarks, 48, 67);
    float distance = (hypotf(mouth.x - eyes[0].x, mouth.y - eyes[0].y) +
                      hypotf(mouth.x - eyes[1].x, mouth.y - eyes[1].y)) /
                     2;
    float size = floorf(distance / 0.45f);
    float cx = (eyes[0].x + eyes[1].x + mouth.x) / 3;
    float cy = (eyes[0].y + eyes[1].y + mouth.y) / 3;
    float x = floorf(MAX(0, cx - 0.5f * size));
    float y = floorf(MAX(0, cy - 0.43f * size));
    return (struct box){x, y, x + MIN(size, (float)number(box, "w") + x),
                        y + MIN(size, (float)number(box, "h") + y)};
}

/* Our canvas must give the input that the library embeds. */
static double compare_descriptor(const struct image *image, const json_t *face)
{
    struct box crop = floored(image, embedded_box(face));
    float side = MAX(box_width(&crop), box_height(&crop));
    float left = side - box_width(&crop);
    float above = side - box_height(&crop);
    /* Padded centred: behind by half rounded up, in front by the rest. */
    struct box square = {crop.x0 - (left - roundf(left / 2)), crop.y0 - (above - roundf(above / 2)),
                         0, 0};
    square.x1 = square.x0 + side;
    square.y1 = square.y0 + side;
    struct canvas_area clip = {(int)crop.x0, (int)crop.y0, (int)crop.x1, (int)crop.y1};
    struct canvas canvas =
        vision_canvas(vision, FACE_CHIP_SIDE, FACE_CHIP_SIDE, CANVAS_LAYOUT_PLANAR_RGB);
    struct canvas_area all = {0, 0, FACE_CHIP_SIDE, FACE_CHIP_SIDE};
    canvas_draw(&canvas, all, image, &square, &clip, 0);
    struct vision_outputs outputs;
    double worst = 0;
    assert_true(vision_run(vision, VISION_NET_RECOGNITION, &canvas, 1, 1, &outputs, NULL));
    const float *out = outputs.tensors[0].data;
    for (size_t i = 0; i < 128; i++)
        worst = MAX(worst, fabs((double)out[i] - json_number_value(json_array_get(
                                                     json_object_get(face, "descriptor"), i))));
    vision_outputs_clear(&outputs);
    return worst;
}

static void test_numbers_are_the_librarys(void **state)
{
    const char *key;
    json_t *entry;
    size_t picture_count = 0;
    size_t faces = 0;
    size_t landmarks = 0;
    double landmark_worst = 0;
    double descriptor_worst = 0;

    (void)state;
    json_object_foreach(reference, key, entry)
    {
        if (picture_count++ % STRIDE != 0)
            continue;
        g_autofree char *name = g_strdup_printf("%s.png", key);
        g_autofree char *path = g_build_filename(folder, "images", name, NULL);
        struct decoded_picture picture = {0};
        g_autoptr(GError) error = NULL;
        if (!picture_decode_file(pictures, path, &picture, &error))
            fail_msg("%s", error->message);
        compare_detection(&picture.image, key, entry);
        size_t index;
        json_t *face;
        json_array_foreach(json_object_get(entry, "ssd"), index, face)
        {
            faces++;
            double landmark = compare_landmarks(&picture.image, face);
            landmarks += landmark >= 0;
            landmark_worst = MAX(landmark_worst, landmark);
            descriptor_worst = MAX(descriptor_worst, compare_descriptor(&picture.image, face));
        }
        picture_clear(&picture);
    }
    print_message("%zu faces: landmarks of %zu within %.2g px, descriptors within %.2g\n", faces,
                  landmarks, landmark_worst, descriptor_worst);
    assert_true(faces > 20 && landmarks > 5);
    assert_true(landmark_worst < LANDMARK_TOLERANCE_PX);
    assert_true(descriptor_worst < DESCRIPTOR_TOLERANCE);
}

int main(void)
{
    static const char *const names[] = {"tiny_face_detector", "ssd_mobilenetv1",
                                        "face_landmark_68",   "facemesh",
                                        "face_recognition",   NULL};
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_numbers_are_the_librarys)};

    folder = reference_folder();
    g_autofree char *path = folder ? g_build_filename(folder, "faceapi.json", NULL) : NULL;
    reference = path ? json_load_file(path, 0, NULL) : NULL;
    if (!reference) {
        puts("skipped: data not present");
        return EXIT_SKIPPED;
    }
    infer = reference_models(names);
    if (!infer)
        return EXIT_SKIPPED;
    vision = vision_new(infer, VISION_NEED_FACES | VISION_NEED_EMBEDDING, NULL);
    pictures = pictures_new(&(struct pictures_config){.capture_path = CAPTURE_PATH}, NULL);
    int failed = !vision || !pictures ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
    pictures_free(pictures);
    vision_free(vision);
    reference_models_free(infer);
    json_decref(reference);
    g_free(folder);
    return failed;
}
