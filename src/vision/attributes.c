#include "vision/attributes.h"

#include "vision/quality.h"
#include "vision/vision_priv.h"

#include <math.h>
#include <string.h>

/* Input sides of the nets. */
#define FACERES_SIDE 224
#define FACEAPI_SIDE 112
#define EMOTION_SIDE 64
/* faceres: ages 1 … 100 as a distribution. */
#define FACERES_AGES 100
#define EXPRESSIONS  (EXPRESSION_COUNT - 1)

/* Nearer to one half than this the answer is "unknown". */
#define GENDER_MARGIN 0.15f
/* Below this the best expression is "unknown". */
#define EXPRESSION_LEAST 0.5f
/* Years by which two nets may differ before the age is "unknown". */
#define AGE_SPREAD_YEARS 25.0f
/* Faces worse than this are "unknown" in everything. */
#define QUALITY_LEAST 0.1f

static const char *const expression_names[EXPRESSION_COUNT] = {[EXPRESSION_UNKNOWN] = "unknown",
#define X(code, name) [EXPRESSION_##code] = name,
                                                               EXPRESSION_LIST(X)
#undef X
};

const char *gender_name(enum gender gender)
{
    return gender == GENDER_FEMALE ? "female" : gender == GENDER_MALE ? "male" : "unknown";
}

const char *expression_name(enum expression expression)
{
    return expression_names[expression < EXPRESSION_COUNT ? expression : EXPRESSION_UNKNOWN];
}

enum expression expression_from_name(const char *name)
{
    for (int i = EXPRESSION_UNKNOWN + 1; i < EXPRESSION_COUNT; i++)
        if (strcmp(name, expression_names[i]) == 0)
            return (enum expression)i;
    return EXPRESSION_UNKNOWN;
}

/* Draws the square around `box`, `factor` × its larger side, seeing only `clip` of the image. */
static void draw_square(struct canvas *canvas, const struct image *image, const struct box *box,
                        float factor, const struct canvas_area *clip)
{
    float half = MAX(box_width(box), box_height(box)) * factor / 2;
    float cx = (box->x0 + box->x1) / 2;
    float cy = (box->y0 + box->y1) / 2;
    struct box square = {cx - half, cy - half, cx + half, cy + half};
    struct canvas_area all = {0, 0, canvas->width, canvas->height};
    canvas_draw(canvas, all, image, &square, clip, 0);
}

/* The crop that age_gender and face_expression were trained with: the landmarks' box widened by 10
 * % each side, black where the square is larger. */
static struct canvas draw_features(struct vision *vision, const struct image *image,
                                   const struct face *face)
{
    struct canvas canvas =
        vision_canvas(vision, FACEAPI_SIDE, FACEAPI_SIDE, CANVAS_LAYOUT_PLANAR_RGB);
    float dx = box_width(&face->features) * 0.1f;
    float dy = box_height(&face->features) * 0.1f;
    struct box wide = {face->features.x0 - dx, face->features.y0 - dy, face->features.x1 + dx,
                       face->features.y1 + dy};
    struct canvas_area clip = {MAX(0, (int)floorf(wide.x0)), MAX(0, (int)floorf(wide.y0)),
                               MIN(image->width, (int)ceilf(wide.x1)),
                               MIN(image->height, (int)ceilf(wide.y1))};
    draw_square(&canvas, image, &wide, 1, &clip);
    return canvas;
}

static bool run_faceres(struct vision *vision, const struct image *image, const struct face *face,
                        float *male, float *age, GError **error)
{
    struct canvas canvas =
        vision_canvas(vision, FACERES_SIDE, FACERES_SIDE, CANVAS_LAYOUT_INTERLEAVED_BGR);
    canvas.offset[0] = 123.68f;
    canvas.offset[1] = 116.779f;
    canvas.offset[2] = 103.939f;
    draw_square(&canvas, image, &face->box, 1.4f, NULL);
    canvas_mirror(&canvas);
    struct vision_outputs outputs;
    if (!vision_run(vision, VISION_NET_FACERES, &canvas, 2, 3, &outputs, error))
        return false;
    const float *gender = vision_output(&outputs, 0, 2, VISION_NET_FACERES, error);
    const float *ages =
        gender ? vision_output(&outputs, 1, 2 * FACERES_AGES, VISION_NET_FACERES, error) : NULL;
    if (ages) {
        *male = (gender[0] + gender[1]) / 2;
        *age = 0;
        for (int i = 0; i < FACERES_AGES; i++)
            *age += (ages[i] + ages[FACERES_AGES + i]) / 2 * (float)(i + 1);
    }
    vision_outputs_clear(&outputs);
    return ages != NULL;
}

static bool run_age_gender(struct vision *vision, const struct image *image,
                           const struct face *face, float *male, float *age, GError **error)
{
    struct canvas canvas = draw_features(vision, image, face);
    canvas_mirror(&canvas);
    struct vision_outputs outputs;
    if (!vision_run(vision, VISION_NET_AGE_GENDER, &canvas, 2, 2, &outputs, error))
        return false;
    const float *years = vision_output(&outputs, 0, 2, VISION_NET_AGE_GENDER, error);
    const float *gender =
        years ? vision_output(&outputs, 1, 4, VISION_NET_AGE_GENDER, error) : NULL;
    if (gender) {
        *age = (years[0] + years[1]) / 2;
        *male = (gender[0] + gender[2]) / 2;
    }
    vision_outputs_clear(&outputs);
    return gender != NULL;
}

/* Adds `weight` × the probabilities of a net, whose order of expressions is `order`. */
static bool add_expressions(struct vision *vision, enum vision_net net, const struct canvas *canvas,
                            const enum expression order[EXPRESSIONS], float weight,
                            float expressions[EXPRESSION_COUNT], GError **error)
{
    struct vision_outputs outputs;
    if (!vision_run(vision, net, canvas, 1, 1, &outputs, error))
        return false;
    const float *out = vision_output(&outputs, 0, EXPRESSIONS, net, error);
    for (int i = 0; out && i < EXPRESSIONS; i++)
        expressions[order[i]] += weight * out[i];
    vision_outputs_clear(&outputs);
    return out != NULL;
}

static bool run_expressions(struct vision *vision, const struct image *image,
                            const struct face *face, float expressions[EXPRESSION_COUNT],
                            GError **error)
{
    static const enum expression faceapi_order[EXPRESSIONS] = {
        EXPRESSION_NEUTRAL, EXPRESSION_HAPPY,     EXPRESSION_SAD,      EXPRESSION_ANGRY,
        EXPRESSION_FEARFUL, EXPRESSION_DISGUSTED, EXPRESSION_SURPRISED};
    static const enum expression emotion_order[EXPRESSIONS] = {
        EXPRESSION_ANGRY, EXPRESSION_DISGUSTED, EXPRESSION_FEARFUL, EXPRESSION_HAPPY,
        EXPRESSION_SAD,   EXPRESSION_SURPRISED, EXPRESSION_NEUTRAL};
    struct canvas features = draw_features(vision, image, face);
    if (!add_expressions(vision, VISION_NET_EXPRESSION, &features, faceapi_order, 0.5f, expressions,
                         error))
        return false;
    struct canvas grey = vision_canvas(vision, EMOTION_SIDE, EMOTION_SIDE, CANVAS_LAYOUT_GREY);
    grey.offset[0] = 127.5f;
    grey.scale = 1 / 127.5f;
    draw_square(&grey, image, &face->box, 1.1f, NULL);
    return add_expressions(vision, VISION_NET_EMOTION, &grey, emotion_order, 0.5f, expressions,
                           error);
}

bool vision_attributes(struct vision *vision, const struct image *image, const struct face *face,
                       struct face_attributes *attributes, GError **error)
{
    struct face_attributes out = {0};
    float male[2];
    float ages[2];

    if (!run_faceres(vision, image, face, &male[0], &ages[0], error) ||
        !run_age_gender(vision, image, face, &male[1], &ages[1], error) ||
        !run_expressions(vision, image, face, out.expressions, error))
        return false;
    bool usable = face->quality >= QUALITY_LEAST;
    out.male = (male[0] + male[1]) / 2;
    if (usable && fabsf(out.male - 0.5f) >= GENDER_MARGIN)
        out.gender = out.male > 0.5f ? GENDER_MALE : GENDER_FEMALE;
    out.age_years = (ages[0] + ages[1]) / 2;
    out.age_known = usable && fabsf(ages[0] - ages[1]) <= AGE_SPREAD_YEARS;
    int best = EXPRESSION_NEUTRAL;
    for (int i = EXPRESSION_NEUTRAL; i < EXPRESSION_COUNT; i++)
        if (out.expressions[i] > out.expressions[best])
            best = i;
    out.expression_confidence = out.expressions[best];
    if (usable && out.expression_confidence >= EXPRESSION_LEAST)
        out.expression = (enum expression)best;
    *attributes = out;
    return true;
}
