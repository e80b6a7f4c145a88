/*
 * The face-api nets and the library's pre- and post-processing, redone here in its own order and
 * rounding, against its stored answers for whole pictures: detections, landmarks, age, gender,
 * expression and descriptors. Each step starts from the library's own result of the step before.
 */
#include "reference.h"

#include "cmocka_include.h"

#include <jansson.h>
#include <math.h>
#include <png.h>
#include <stdio.h>
#include <string.h>

#define POINTS 68

/* RGB, rows of floats 0 to 255. */
struct picture {
    int width;
    int height;
    float *pixels;
};

struct rect {
    double x, y, w, h;
};

/* Largest differences over all pictures. */
struct totals {
    unsigned pictures, faces, tiny_faces;
    double score, box, tiny_score, tiny_box, landmark, age, gender, expression, descriptor;
};

static struct infer *infer;
static char *oracles;
static struct totals totals;

static struct picture load_picture(const char *key)
{
    g_autofree char *path = g_strconcat(oracles, "/images/", key, ".png", NULL);
    png_image png = {.version = PNG_IMAGE_VERSION};
    struct picture picture = {0};

    assert_true(png_image_begin_read_from_file(&png, path));
    png.format = PNG_FORMAT_RGB;

    g_autofree uint8_t *bytes = g_malloc(PNG_IMAGE_SIZE(png));
    size_t count = PNG_IMAGE_SIZE(png);

    assert_true(png_image_finish_read(&png, NULL, bytes, 0, NULL));
    picture.width = (int)png.width;
    picture.height = (int)png.height;
    picture.pixels = g_new(float, count);
    for (size_t i = 0; i < count; i++) {
        picture.pixels[i] = bytes[i];
    }
    return picture;
}

/* The library's crop: inside the picture, then every number rounded down. */
static struct picture crop(const struct picture *from, struct rect box)
{
    double x = fmax(box.x, 0);
    double y = fmax(box.y, 0);
    double w = fmin(box.x + box.w - x, from->width - x);
    double h = fmin(box.y + box.h - y, from->height - y);
    struct picture to = {(int)floor(w), (int)floor(h), NULL};
    size_t left = (size_t)floor(x);
    size_t top = (size_t)floor(y);

    assert_true(to.width > 0 && to.height > 0);
    to.pixels = g_new(float, 3 * (size_t)(to.width * to.height));
    for (size_t row = 0; row < (size_t)to.height; row++) {
        memcpy(to.pixels + 3 * row * (size_t)to.width,
               from->pixels + 3 * ((top + row) * (size_t)from->width + left),
               3 * (size_t)to.width * sizeof(float));
    }
    return to;
}

/* One channel of the picture padded to a square with zeros. */
static float padded(const struct picture *picture, int before, int x, int y, int channel)
{
    if (picture->height > picture->width) {
        x -= before;
    } else {
        y -= before;
    }
    return x < 0 || y < 0 || x >= picture->width || y >= picture->height
               ? 0
               : picture->pixels[3 * (y * picture->width + x) + channel];
}

/* Planes of side x side: padded to a square (centred or right and below), TensorFlow's bilinear
 * resize without half pixels. */
static float *to_input(const struct picture *picture, int side, bool centred)
{
    int difference = abs(picture->width - picture->height);
    int after = centred ? (int)floor(difference * 0.5 + 0.5) : difference;
    int before = difference - after;
    int square = MAX(picture->width, picture->height);
    float scale = (float)square / (float)side;
    float *planes = g_new(float, 3 * (size_t)(side * side));

    for (int i = 0; i < side * side; i++) {
        float y = (float)(i / side) * scale;
        float x = (float)(i % side) * scale;
        int top = (int)floorf(y);
        int left = (int)floorf(x);
        int bottom = MIN(top + 1, square - 1);
        int right = MIN(left + 1, square - 1);
        float down = y - (float)top;
        float across = x - (float)left;

        for (int c = 0; c < 3; c++) {
            float a = padded(picture, before, left, top, c);
            float b = padded(picture, before, right, top, c);
            float d = padded(picture, before, left, bottom, c);
            float e = padded(picture, before, right, bottom, c);
            float high = a + (b - a) * across;
            float low = d + (e - d) * across;

            planes[c * side * side + i] = high + (low - high) * down;
        }
    }
    return planes;
}

/* Runs `model` on the picture as its input; clear the outputs. */
static void run(const char *model, const struct picture *picture, int side, bool centred,
                struct tensor *outputs, size_t output_count)
{
    struct runner *runner = infer_runner(infer, model, NULL);
    g_autofree float *planes = to_input(picture, side, centred);
    const struct tensor input = {TENSOR_F32, 4, {1, 3, side, side}, planes, NULL};
    g_autoptr(GError) error = NULL;

    assert_non_null(runner);
    if (!runner_run(runner, &input, 1, outputs, output_count, &error)) {
        fail_msg("%s", error->message);
    }
}

static double number(const json_t *object, const char *key)
{
    assert_true(json_is_number(json_object_get(object, key)));
    return json_number_value(json_object_get(object, key));
}

static struct rect read_rect(const json_t *object)
{
    return (struct rect){number(object, "x"), number(object, "y"), number(object, "w"),
                         number(object, "h")};
}

static void widen(double *most, double difference)
{
    *most = fmax(*most, isfinite(difference) ? difference : INFINITY);
}

static double rect_distance(struct rect a, struct rect b)
{
    return fmax(fmax(fabs(a.x - b.x), fabs(a.y - b.y)), fmax(fabs(a.w - b.w), fabs(a.h - b.h)));
}

/* The library's way from fractions of the padded square to pixels: the reshaped size is rounded. */
static struct rect to_pixels(const struct picture *picture, int side, struct rect box)
{
    double scale = (double)side / MAX(picture->width, picture->height);
    double across = side / floor(picture->width * scale + 0.5) * picture->width;
    double down = side / floor(picture->height * scale + 0.5) * picture->height;

    return (struct rect){box.x * across, box.y * down, box.w * across, box.h * down};
}

/* --- detection --- */

static struct rect ssd_box(const struct picture *picture, const float *row)
{
    double y0 = fmax(0, (double)row[0]);
    double x0 = fmax(0, (double)row[1]);
    double y1 = fmin(1, (double)row[2]);
    double x1 = fmin(1, (double)row[3]);

    return to_pixels(picture, 512, (struct rect){x0, y0, x1 - x0, y1 - y0});
}

/* Every face of the library must be one of our boxes, with its score. */
static void check_ssd(const struct picture *picture, const json_t *faces)
{
    struct tensor outputs[2] = {{TENSOR_NONE}};

    if (json_array_size(faces) == 0) {
        return;
    }
    run("ssd_mobilenetv1", picture, 512, false, outputs, 2);

    const float *boxes = outputs[0].data;
    const float *scores = outputs[1].data;

    for (size_t i = 0; i < json_array_size(faces); i++) {
        const json_t *face = json_array_get(faces, i);
        struct rect expected = read_rect(json_object_get(face, "box"));
        double nearest = INFINITY;
        double score = 0;

        for (int64_t k = 0; k < outputs[1].shape[1]; k++) {
            double distance = rect_distance(expected, ssd_box(picture, boxes + 4 * k));

            if (distance < nearest) {
                nearest = distance;
                score = (double)scores[k];
            }
        }
        widen(&totals.box, nearest);
        widen(&totals.score, fabs(score - number(face, "score")));
    }
    tensor_clear(&outputs[0]);
    tensor_clear(&outputs[1]);
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static struct rect tiny_box(const struct picture *picture, int side, const float *t, int64_t cells,
                            int64_t cell, int anchor)
{
    static const double anchors[5][2] = {{1.603231, 2.094468},
                                         {6.041143, 7.080126},
                                         {2.882459, 3.518061},
                                         {4.266906, 5.178857},
                                         {9.041765, 10.66308}};
    double n = (double)cells;
    int64_t area = cells * cells;
    double cx = ((double)(cell % cells) + sigmoid((double)t[0])) / n;
    double cy = ((double)(cell / cells) + sigmoid((double)t[area])) / n;
    double w = exp((double)t[2 * area]) * anchors[anchor][0] / n;
    double h = exp((double)t[3 * area]) * anchors[anchor][1] / n;

    return to_pixels(picture, side, (struct rect){cx - w / 2, cy - h / 2, w, h});
}

static void check_tiny(const struct picture *picture, const json_t *faces, int side)
{
    struct tensor output = {TENSOR_NONE};

    if (json_array_size(faces) == 0) {
        return;
    }
    run("tiny_face_detector", picture, side, false, &output, 1);

    int64_t cells = output.shape[2];
    int64_t area = cells * cells;
    const float *planes = output.data;

    for (size_t i = 0; i < json_array_size(faces); i++) {
        const json_t *face = json_array_get(faces, i);
        struct rect expected = read_rect(json_object_get(face, "box"));
        double nearest = INFINITY;
        double score = 0;

        for (int64_t k = 0; k < 5 * area; k++) {
            int anchor = (int)(k / area);
            const float *t = planes + 5 * anchor * area + k % area;
            double distance =
                rect_distance(expected, tiny_box(picture, side, t, cells, k % area, anchor));

            if (distance < nearest) {
                nearest = distance;
                score = sigmoid((double)t[4 * area]);
            }
        }
        totals.tiny_faces++;
        widen(&totals.tiny_box, nearest);
        widen(&totals.tiny_score, fabs(score - number(face, "score")));
    }
    tensor_clear(&output);
}

/* --- faces --- */

static void check_landmarks(const struct picture *picture, const json_t *face)
{
    struct rect box = read_rect(json_object_get(face, "box"));
    struct picture part = crop(picture, box);
    const json_t *expected = json_object_get(face, "landmarks");
    struct tensor output = {TENSOR_NONE};
    double scale = 112.0 / MAX(part.width, part.height);
    double w = part.width * scale;
    double h = part.height * scale;
    double pad_x = w < h ? (h - w) / 2 : 0;
    double pad_y = h < w ? (w - h) / 2 : 0;

    run("face_landmark_68", &part, 112, true, &output, 1);

    const float *points = output.data;

    assert_int_equal(json_array_size(expected), POINTS);
    for (size_t i = 0; i < POINTS; i++) {
        const json_t *point = json_array_get(expected, i);
        double x = ((double)points[2 * i] * 112 - pad_x) / w * part.width + box.x;
        double y = ((double)points[2 * i + 1] * 112 - pad_y) / h * part.height + box.y;

        widen(&totals.landmark, fabs(x - json_number_value(json_array_get(point, 0))));
        widen(&totals.landmark, fabs(y - json_number_value(json_array_get(point, 1))));
    }
    tensor_clear(&output);
    g_free(part.pixels);
}

static void check_attributes(const struct picture *picture, const json_t *face)
{
    static const char *const names[] = {"neutral", "happy",     "sad",      "angry",
                                        "fearful", "disgusted", "surprised"};
    struct picture part = crop(picture, read_rect(json_object_get(face, "alignedBox")));
    const json_t *expressions = json_object_get(face, "expressions");
    const char *gender = json_string_value(json_object_get(face, "gender"));
    struct tensor outputs[2] = {{TENSOR_NONE}};
    struct tensor expression = {TENSOR_NONE};

    run("age_gender", &part, 112, true, outputs, 2);

    double male = (double)((const float *)outputs[1].data)[0];
    double found = strcmp(gender, "male") == 0 ? male : 1 - male;

    widen(&totals.age, fabs((double)((const float *)outputs[0].data)[0] - number(face, "age")));
    widen(&totals.gender, fabs(found - number(face, "genderProbability")));
    run("face_expression", &part, 112, true, &expression, 1);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        widen(&totals.expression,
              fabs((double)((const float *)expression.data)[i] - number(expressions, names[i])));
    }
    tensor_clear(&outputs[0]);
    tensor_clear(&outputs[1]);
    tensor_clear(&expression);
    g_free(part.pixels);
}

/* The middle of the library's landmarks [from, to). */
static void middle(const json_t *landmarks, size_t from, size_t to, double centre[2])
{
    centre[0] = 0;
    centre[1] = 0;
    for (size_t i = from; i < to; i++) {
        const json_t *point = json_array_get(landmarks, i);

        centre[0] += json_number_value(json_array_get(point, 0)) / (double)(to - from);
        centre[1] += json_number_value(json_array_get(point, 1)) / (double)(to - from);
    }
}

/* The square that the library takes for descriptors, from eyes and mouth; it counts the size of the
 * detector's crop as the picture's. */
static struct rect descriptor_square(const struct picture *part, const json_t *landmarks)
{
    double left[2];
    double right[2];
    double mouth[2];

    middle(landmarks, 36, 42, left);
    middle(landmarks, 42, 48, right);
    middle(landmarks, 48, 68, mouth);

    double to_mouth = (hypot(mouth[0] - left[0], mouth[1] - left[1]) +
                       hypot(mouth[0] - right[0], mouth[1] - right[1])) /
                      2;
    double size = floor(to_mouth / 0.45);
    double x = floor(fmax(0, (left[0] + right[0] + mouth[0]) / 3 - 0.5 * size));
    double y = floor(fmax(0, (left[1] + right[1] + mouth[1]) / 3 - 0.43 * size));

    return (struct rect){x, y, fmin(size, part->width + x), fmin(size, part->height + y)};
}

static void check_descriptor(const struct picture *picture, const json_t *face)
{
    struct picture detected = crop(picture, read_rect(json_object_get(face, "box")));
    struct rect square = descriptor_square(&detected, json_object_get(face, "landmarks"));
    struct picture part = crop(picture, square);
    const json_t *expected = json_object_get(face, "descriptor");
    struct tensor output = {TENSOR_NONE};

    run("face_recognition", &part, 150, true, &output, 1);
    assert_int_equal(json_array_size(expected), 128);
    for (size_t i = 0; i < 128; i++) {
        widen(&totals.descriptor, fabs((double)((const float *)output.data)[i] -
                                       json_number_value(json_array_get(expected, i))));
    }
    tensor_clear(&output);
    g_free(detected.pixels);
    g_free(part.pixels);
}

static void check_picture(const char *key, const json_t *expected)
{
    struct picture picture = load_picture(key);
    const json_t *faces = json_object_get(expected, "ssd");

    totals.pictures++;
    check_ssd(&picture, faces);
    check_tiny(&picture, json_object_get(expected, "tiny320"), 320);
    check_tiny(&picture, json_object_get(expected, "tiny416"), 416);
    check_tiny(&picture, json_object_get(expected, "tiny608"), 608);
    for (size_t i = 0; i < json_array_size(faces); i++) {
        totals.faces++;
        check_landmarks(&picture, json_array_get(faces, i));
        check_attributes(&picture, json_array_get(faces, i));
        check_descriptor(&picture, json_array_get(faces, i));
    }
    g_free(picture.pixels);
}

static void test_face_api_nets_give_the_librarys_answers_for_whole_pictures(void **state)
{
    g_autofree char *path = g_build_filename(oracles, "faceapi.json", NULL);
    json_t *expected = json_load_file(path, 0, NULL);
    const char *key;
    json_t *value;
    const struct {
        const char *label;
        double found;
        double allowed;
    } rows[] = {
        {"ssd score", 0, 2.2e-4},  {"ssd box, px", 0, 0.05},     {"tiny score", 0, 2.2e-4},
        {"tiny box, px", 0, 0.05}, {"landmarks, px", 0, 1.8e-4}, {"age, years", 0, 7e-5},
        {"gender", 0, 1.6e-6},     {"expression", 0, 3.7e-6},    {"descriptor", 0, 4.6e-6},
    };
    bool good = true;

    (void)state;
    assert_non_null(expected);
    json_object_foreach(expected, key, value)
    {
        if (json_array_size(json_object_get(value, "ssd")) > 0 ||
            json_array_size(json_object_get(value, "tiny608")) > 0) {
            check_picture(key, value);
        }
    }

    const double found[] = {totals.score,    totals.box,        totals.tiny_score,
                            totals.tiny_box, totals.landmark,   totals.age,
                            totals.gender,   totals.expression, totals.descriptor};

    print_message("%u pictures, %u faces, %u of the tiny net\n", totals.pictures, totals.faces,
                  totals.tiny_faces);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        print_message("%-16s %.2g (allowed %.2g)\n", rows[i].label, found[i], rows[i].allowed);
        good = good && found[i] <= rows[i].allowed;
    }
    json_decref(expected);
    assert_true(totals.faces > 0);
    assert_true(good);
}

int main(void)
{
    static const char *const names[] = {"ssd_mobilenetv1",
                                        "tiny_face_detector",
                                        "face_landmark_68",
                                        "age_gender",
                                        "face_expression",
                                        "face_recognition",
                                        NULL};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_face_api_nets_give_the_librarys_answers_for_whole_pictures),
    };
    int failed;

    oracles = reference_folder();
    if (oracles == NULL) {
        puts("skipped: data not present");
        return EXIT_SKIPPED;
    }
    infer = reference_models(names);
    if (infer == NULL) {
        g_free(oracles);
        return EXIT_SKIPPED;
    }
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    reference_models_free(infer);
    g_free(oracles);
    return failed;
}
