#include "vision/align.h"

#include <glib.h>
#include <math.h>

#define CHIP_AT(tx, ty)                                                                            \
    {                                                                                              \
        (0.25f + (tx)) / 1.5f * FACE_CHIP_SIDE, (0.25f + (ty)) / 1.5f * FACE_CHIP_SIDE             \
    }

const struct point face_chip_points[FACE_POINT_COUNT] = {
    [FACE_POINT_RIGHT_EYE_OUTER] = CHIP_AT(0.8595674595992f, 0.2134981538014f),
    [FACE_POINT_RIGHT_EYE_INNER] = CHIP_AT(0.6460604764104f, 0.2289674387677f),
    [FACE_POINT_LEFT_EYE_OUTER] = CHIP_AT(0.1205750620789f, 0.2137274526848f),
    [FACE_POINT_LEFT_EYE_INNER] = CHIP_AT(0.3340850613712f, 0.2290642403242f),
    [FACE_POINT_NOSE_BASE] = CHIP_AT(0.4901123135679f, 0.6277975316475f),
};

struct similarity similarity_fit(const struct point *from, const struct point *to, size_t count)
{
    double fx = 0;
    double fy = 0;
    double gx = 0;
    double gy = 0;
    g_assert(count > 0);
    for (size_t i = 0; i < count; i++) {
        fx += (double)from[i].x;
        fy += (double)from[i].y;
        gx += (double)to[i].x;
        gy += (double)to[i].y;
    }
    double n = (double)count;
    fx /= n;
    fy /= n;
    gx /= n;
    gy /= n;
    /* As complex numbers: a + ib = Σ conj(f)·g / Σ |f|². */
    double re = 0;
    double im = 0;
    double spread = 0;
    for (size_t i = 0; i < count; i++) {
        double ux = (double)from[i].x - fx;
        double uy = (double)from[i].y - fy;
        double vx = (double)to[i].x - gx;
        double vy = (double)to[i].y - gy;
        re += ux * vx + uy * vy;
        im += ux * vy - uy * vx;
        spread += ux * ux + uy * uy;
    }
    double a = spread > 1e-12 ? re / spread : 1;
    double b = spread > 1e-12 ? im / spread : 0;
    return (struct similarity){
        .a = (float)a,
        .b = (float)b,
        .tx = (float)(gx - a * fx + b * fy),
        .ty = (float)(gy - b * fx - a * fy),
    };
}

struct similarity similarity_invert(const struct similarity *similarity)
{
    float square = similarity->a * similarity->a + similarity->b * similarity->b;
    if (!(square > 1e-12f))
        square = 1e-12f;
    float a = similarity->a / square;
    float b = -similarity->b / square;
    return (struct similarity){
        .a = a,
        .b = b,
        .tx = -(a * similarity->tx - b * similarity->ty),
        .ty = -(b * similarity->tx + a * similarity->ty),
    };
}

struct point similarity_apply(const struct similarity *similarity, struct point point)
{
    return (struct point){
        similarity->a * point.x - similarity->b * point.y + similarity->tx,
        similarity->b * point.x + similarity->a * point.y + similarity->ty,
    };
}

struct similarity face_chip_to_image(const struct point points[FACE_POINT_COUNT])
{
    return similarity_fit(face_chip_points, points, FACE_POINT_COUNT);
}

struct similarity face_chip_scale(const struct similarity *to_image, int index)
{
    static const float scales[FACE_CHIP_SCALES] = {1, 0.95f, 1.06f};
    struct point middle = {FACE_CHIP_SIDE / 2.0f, FACE_CHIP_SIDE / 2.0f};
    struct point at = similarity_apply(to_image, middle);
    struct similarity scaled = {.a = to_image->a * scales[index], .b = to_image->b * scales[index]};
    struct point moved = similarity_apply(&scaled, middle);
    scaled.tx = at.x - moved.x;
    scaled.ty = at.y - moved.y;
    return scaled;
}

void face_chip_draw(const struct image *image, const struct similarity *to_image,
                    struct face_chip *chip)
{
    enum { ELEMENTS = FACE_CHIP_SIDE * FACE_CHIP_SIDE * 3 };
    g_autofree float *values = g_new(float, ELEMENTS);
    struct canvas canvas = {.values = values,
                            .width = FACE_CHIP_SIDE,
                            .height = FACE_CHIP_SIDE,
                            .layout = CANVAS_LAYOUT_INTERLEAVED_RGB,
                            .scale = 1};
    canvas_warp(&canvas, image, to_image, canvas_samples(to_image));
    for (int i = 0; i < ELEMENTS; i++)
        chip->rgb[i] = (uint8_t)(values[i] + 0.5f);
}

float face_chip_error(const struct point points[FACE_POINT_COUNT])
{
    struct similarity to_chip = similarity_fit(points, face_chip_points, FACE_POINT_COUNT);
    float sum = 0;
    for (int i = 0; i < FACE_POINT_COUNT; i++) {
        struct point at = similarity_apply(&to_chip, points[i]);
        sum += hypotf(at.x - face_chip_points[i].x, at.y - face_chip_points[i].y);
    }
    return sum / FACE_POINT_COUNT;
}
