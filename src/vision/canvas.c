#include "vision/canvas.h"

#include <glib.h>
#include <math.h>
#include <string.h>

/* One colour component of an image: a plane, or every third byte of packed RGB. A position x of the
 * image in luma pixels is at x × ratio_x + shift_x of the component. */
struct component {
    const uint8_t *base;
    int stride;
    int step; /* bytes from a value to the next in a row: how many components share the plane */
    int width, height;
    float ratio_x, shift_x;
    float ratio_y, shift_y;
};

struct components {
    struct component of[3];
    int count; /* 1 grey, else 3 */
    bool ycc;
};

/* Y'CbCr → R'G'B'. */
struct conversion {
    float luma_gain, luma_base;
    float red_cr, green_cb, green_cr, blue_cb;
};

static struct conversion conversion_of(const struct image *image)
{
    double kr = image->matrix == IMAGE_MATRIX_BT709 ? 0.2126 : 0.299;
    double kb = image->matrix == IMAGE_MATRIX_BT709 ? 0.0722 : 0.114;
    double kg = 1 - kr - kb;
    double chroma = image->full_range ? 1 : 255.0 / 224;
    return (struct conversion){
        .luma_gain = image->full_range ? 1 : (float)(255.0 / 219),
        .luma_base = image->full_range ? 0 : 16,
        .red_cr = (float)(2 * (1 - kr) * chroma),
        .blue_cb = (float)(2 * (1 - kb) * chroma),
        .green_cb = (float)(-2 * kb * (1 - kb) / kg * chroma),
        .green_cr = (float)(-2 * kr * (1 - kr) / kg * chroma),
    };
}

static struct components components_of(const struct image *image)
{
    int w = image->width;
    int h = image->height;
    struct component full = {.base = image->planes[0],
                             .stride = image->strides[0],
                             .step = 1,
                             .width = w,
                             .height = h,
                             .ratio_x = 1,
                             .ratio_y = 1};
    struct components out = {.of = {full, full, full}, .count = 3};
    bool half_x = false;
    bool half_y = false;

    switch (image->format) {
    case IMAGE_FORMAT_GREY8:
        out.count = 1;
        return out;
    case IMAGE_FORMAT_RGB24:
        for (int c = 0; c < 3; c++) {
            out.of[c].base += c;
            out.of[c].step = 3;
        }
        return out;
    case IMAGE_FORMAT_I420:
    case IMAGE_FORMAT_NV12:
        half_y = true;
        half_x = true;
        break;
    case IMAGE_FORMAT_I422:
        half_x = true;
        break;
    case IMAGE_FORMAT_I444:
        break;
    case IMAGE_FORMAT_NONE:
    default:
        g_assert_not_reached();
    }
    out.ycc = true;
    bool interleaved = image->format == IMAGE_FORMAT_NV12;
    for (int c = 1; c < 3; c++) {
        struct component *chroma = &out.of[c];
        chroma->base = interleaved ? image->planes[1] + (c - 1) : image->planes[c];
        chroma->stride = image->strides[interleaved ? 1 : c];
        chroma->step = interleaved ? 2 : 1;
        if (half_x) {
            chroma->width = (w + 1) / 2;
            chroma->ratio_x = 0.5f;
            chroma->shift_x = image->full_range ? -0.25f : 0;
        }
        if (half_y) {
            chroma->height = (h + 1) / 2;
            chroma->ratio_y = 0.5f;
            chroma->shift_y = -0.25f;
        }
    }
    return out;
}

/* What a component holds where the picture is grey `level`. */
static float component_level(const struct components *components, const struct conversion *convert,
                             int c, float level)
{
    if (!components->ycc)
        return level;
    return c == 0 ? level / convert->luma_gain + convert->luma_base : 128;
}

/* Taps of one axis of one component: source positions `low` and `low + 1` relative to `first`. */
struct axis {
    int first, count; /* source positions [first, first + count) are wanted, they may lie outside */
    int low[CANVAS_SIDE_MAX];
    float weight[CANVAS_SIDE_MAX]; /* of low + 1 */
};

/* `size` positions of the component stand for `full` of the image. Where the image has a pixel the
 * chroma sample that sits beside it is held at the component's edge. */
static void axis_make(struct axis *axis, int targets, float start, float length, float ratio,
                      float shift, int full, int size)
{
    /* The last position that belongs to the rectangle: beyond it the second tap is the first. */
    int last = (int)ceilf((start + length) * ratio + shift - 1e-3f) - 1;
    for (int i = 0; i < targets; i++) {
        float from = start + (float)i * length / (float)targets;
        float at = from * ratio + shift;
        if (from >= 0 && from <= (float)(full - 1))
            at = CLAMP(at, 0, (float)(size - 1));
        int low = (int)floorf(at);
        axis->low[i] = low;
        axis->weight[i] = low >= last ? 0 : at - (float)low;
    }
    axis->first = axis->low[0];
    axis->count = axis->low[targets - 1] + 2 - axis->first;
    for (int i = 0; i < targets; i++)
        axis->low[i] -= axis->first;
}

/* The values of row `y` at positions first … first + count, blended with the next row by `weight`,
 * `level` outside the clip: of the component, and where values are interleaved of all that share
 * its plane, interleaved as they are. */
static void blend_rows(const struct component *component, const struct canvas_area *clip, int y,
                       float weight, int first, int count, float level, float *restrict row)
{
    int step = component->step;
    int from = (MAX(first, clip->x0) - first) * step;
    int to = (MIN(first + count, clip->x1) - first) * step;
    bool upper = y >= clip->y0 && y < clip->y1;
    bool lower = weight > 0 && y + 1 >= clip->y0 && y + 1 < clip->y1;

    if (from >= to || (!upper && !lower)) {
        for (int i = 0; i < count * step; i++)
            row[i] = level;
        return;
    }
    for (int i = 0; i < from; i++)
        row[i] = level;
    for (int i = to; i < count * step; i++)
        row[i] = level;
    ptrdiff_t at = (ptrdiff_t)y * component->stride + (ptrdiff_t)first * step + from;
    int n = to - from;
    float *restrict out = row + from;
    if (upper && lower) {
        const uint8_t *restrict a = component->base + at;
        const uint8_t *restrict b = a + component->stride;
        for (int i = 0; i < n; i++)
            out[i] = (float)a[i] + ((float)b[i] - (float)a[i]) * weight;
        return;
    }
    const uint8_t *restrict only = component->base + (upper ? at : at + component->stride);
    float share = upper ? 1 - weight : weight;
    if (weight <= 0)
        share = 1;
    for (int i = 0; i < n; i++)
        out[i] = (float)only[i] * share + level * (1 - share);
}

static inline float clamp_level(float v)
{
    v = v < 0 ? 0 : v;
    return v > 255 ? 255 : v;
}

static void convert_row(const struct conversion *convert, int n, float *restrict r,
                        float *restrict g, float *restrict b)
{
    for (int i = 0; i < n; i++) {
        float y = (r[i] - convert->luma_base) * convert->luma_gain;
        float cb = g[i] - 128;
        float cr = b[i] - 128;
        r[i] = clamp_level(y + convert->red_cr * cr);
        g[i] = clamp_level(y + convert->green_cb * cb + convert->green_cr * cr);
        b[i] = clamp_level(y + convert->blue_cb * cb);
    }
}

static void store_row(struct canvas *canvas, int x, int y, int n, const float *restrict r,
                      const float *restrict g, const float *restrict b)
{
    size_t plane = (size_t)canvas->width * (size_t)canvas->height;
    size_t at = (size_t)y * (size_t)canvas->width + (size_t)x;
    float scale = canvas->scale;
    const float *offset = canvas->offset;

    switch (canvas->layout) {
    case CANVAS_LAYOUT_PLANAR_RGB: {
        const float *channels[3] = {r, g, b};
        for (int c = 0; c < 3; c++) {
            float *restrict out = canvas->values + plane * (size_t)c + at;
            const float *restrict in = channels[c];
            for (int i = 0; i < n; i++)
                out[i] = (in[i] - offset[c]) * scale;
        }
        break;
    }
    case CANVAS_LAYOUT_INTERLEAVED_RGB:
    case CANVAS_LAYOUT_INTERLEAVED_BGR: {
        bool blue_first = canvas->layout == CANVAS_LAYOUT_INTERLEAVED_BGR;
        const float *restrict first = blue_first ? b : r;
        const float *restrict last = blue_first ? r : b;
        float offset_first = offset[blue_first ? 2 : 0];
        float offset_last = offset[blue_first ? 0 : 2];
        float *restrict out = canvas->values + at * 3;
        for (int i = 0; i < n; i++) {
            out[3 * i] = (first[i] - offset_first) * scale;
            out[3 * i + 1] = (g[i] - offset[1]) * scale;
            out[3 * i + 2] = (last[i] - offset_last) * scale;
        }
        break;
    }
    case CANVAS_LAYOUT_GREY: {
        float *restrict out = canvas->values + at;
        for (int i = 0; i < n; i++)
            out[i] = (0.299f * r[i] + 0.587f * g[i] + 0.114f * b[i] - offset[0]) * scale;
        break;
    }
    case CANVAS_LAYOUT_NONE:
    default:
        g_assert_not_reached();
    }
}

struct canvas_area canvas_letterbox(int width, int height, int side)
{
    double scale = (double)side / MAX(width, height);
    int w = (int)lround(width * scale);
    int h = (int)lround(height * scale);
    return (struct canvas_area){0, 0, CLAMP(w, 1, side), CLAMP(h, 1, side)};
}

int canvas_elements(const struct canvas *canvas)
{
    return canvas->width * canvas->height * (canvas->layout == CANVAS_LAYOUT_GREY ? 1 : 3);
}

void canvas_mirror(const struct canvas *canvas)
{
    const bool planar = canvas->layout == CANVAS_LAYOUT_PLANAR_RGB;
    const int step = planar || canvas->layout == CANVAS_LAYOUT_GREY ? 1 : 3;
    const int rows = canvas->height * (planar ? 3 : 1), row = canvas->width * step;
    float *mirrored = canvas->values + canvas_elements(canvas);

    for (int y = 0; y < rows; y++)
        for (int x = 0; x < row; x += step)
            for (int c = 0; c < step; c++)
                mirrored[y * row + row - step - x + c] = canvas->values[y * row + x + c];
}

void canvas_fill(struct canvas *canvas, float level)
{
    float row[CANVAS_SIDE_MAX];
    g_assert(canvas->width <= CANVAS_SIDE_MAX);
    for (int x = 0; x < canvas->width; x++)
        row[x] = level;
    for (int y = 0; y < canvas->height; y++)
        store_row(canvas, 0, y, canvas->width, row, row, row);
}

/* The part of a component that a clip in image pixels lets through. */
static struct canvas_area component_clip(const struct component *component,
                                         const struct canvas_area *clip)
{
    struct canvas_area out = {0, 0, component->width, component->height};
    if (clip) {
        out.x0 = MAX(0, (int)floorf((float)clip->x0 * component->ratio_x));
        out.y0 = MAX(0, (int)floorf((float)clip->y0 * component->ratio_y));
        out.x1 = MIN(component->width, (int)ceilf((float)clip->x1 * component->ratio_x));
        out.y1 = MIN(component->height, (int)ceilf((float)clip->y1 * component->ratio_y));
    }
    return out;
}

/* Everything one component needs while drawing. */
struct brush {
    struct axis across, down;
    struct canvas_area clip;
    float level;
};

/* `targets` values between the taps that `across` names; `step` floats from a tap to the next. */
static void draw_row(const struct axis *across, const float *restrict taps, int step, int targets,
                     float *restrict out)
{
    for (int x = 0; x < targets; x++) {
        const float *tap = taps + across->low[x] * step;
        out[x] = tap[0] + (tap[step] - tap[0]) * across->weight[x];
    }
}

void canvas_draw(struct canvas *canvas, struct canvas_area target, const struct image *image,
                 const struct box *source, const struct canvas_area *clip, float outside)
{
    int w = target.x1 - target.x0;
    int h = target.y1 - target.y0;
    if (w <= 0 || h <= 0)
        return;
    g_assert(target.x0 >= 0 && target.y0 >= 0 && target.x1 <= canvas->width &&
             target.y1 <= canvas->height && w <= CANVAS_SIDE_MAX && h <= CANVAS_SIDE_MAX);
    struct components components = components_of(image);
    struct conversion convert = conversion_of(image);
    g_autofree struct brush *brushes = g_new(struct brush, (gsize)components.count);
    int widest = 0;
    for (int c = 0; c < components.count; c++) {
        const struct component *component = &components.of[c];
        axis_make(&brushes[c].across, w, source->x0, source->x1 - source->x0, component->ratio_x,
                  component->shift_x, image->width, component->width);
        axis_make(&brushes[c].down, h, source->y0, source->y1 - source->y0, component->ratio_y,
                  component->shift_y, image->height, component->height);
        brushes[c].clip = component_clip(component, clip);
        brushes[c].level = component_level(&components, &convert, c, outside);
        widest = MAX(widest, brushes[c].across.count * component->step);
    }
    g_autofree float *row = g_new(float, (gsize)widest);
    float drawn[3][CANVAS_SIDE_MAX];
    for (int y = 0; y < h; y++) {
        for (int first = 0, end = 0; first < components.count; first = end) {
            const struct component *component = &components.of[first];
            const struct brush *brush = &brushes[first];
            end = first + component->step;
            blend_rows(component, &brush->clip, brush->down.first + brush->down.low[y],
                       brush->down.weight[y], brush->across.first, brush->across.count,
                       brush->level, row);
            for (int c = first; c < end; c++)
                draw_row(&brush->across, row + (c - first), component->step, w, drawn[c]);
        }
        if (components.ycc)
            convert_row(&convert, w, drawn[0], drawn[1], drawn[2]);
        bool grey = components.count == 1;
        store_row(canvas, target.x0, target.y0 + y, w, drawn[0], drawn[grey ? 0 : 1],
                  drawn[grey ? 0 : 2]);
    }
}

int canvas_samples(const struct similarity *to_image)
{
    float scale = hypotf(to_image->a, to_image->b);
    int samples = (int)ceilf(scale - 1e-3f);
    return CLAMP(samples, 1, 8);
}

/* One sample of every pixel of a canvas row, in components of one grid. */
struct samples {
    int at[CANVAS_SIDE_MAX]; /* offset of the upper left tap; -1 outside the image */
    float right[CANVAS_SIDE_MAX], below[CANVAS_SIDE_MAX]; /* weights of the taps beside and under */
};

/* Whether the same samples are at the same offsets of both. */
static bool same_grid(const struct component *a, const struct component *b)
{
    return a->stride == b->stride && a->step == b->step && a->width == b->width &&
           a->height == b->height && a->ratio_x == b->ratio_x && a->ratio_y == b->ratio_y &&
           a->shift_x == b->shift_x && a->shift_y == b->shift_y;
}

/* The samples of the row `y` that are (across, down) of a pixel from its upper left corner; taps
 * are held at the component's border. `inside`: none is outside the image. */
static void samples_make(struct samples *samples, const struct component *component,
                         const struct image *image, const struct similarity *to_image, int y,
                         int count, float across, float down, bool inside)
{
    float right = (float)(image->width - 1);
    float bottom = (float)(image->height - 1);
    float last_x = (float)(component->width - 1);
    float last_y = (float)(component->height - 1);
    int tap_x = MAX(component->width - 2, 0);
    int tap_y = MAX(component->height - 2, 0);
    float py = (float)y + down - 0.5f;
    for (int x = 0; x < count; x++) {
        float px = (float)x + across - 0.5f;
        float ix = to_image->a * px - to_image->b * py + to_image->tx;
        float iy = to_image->b * px + to_image->a * py + to_image->ty;
        bool seen = inside || (ix >= 0 && ix <= right && iy >= 0 && iy <= bottom);
        float cx = ix * component->ratio_x + component->shift_x;
        float cy = iy * component->ratio_y + component->shift_y;
        /* In this order, so that a NaN becomes 0. */
        cx = cx > 0 ? MIN(cx, last_x) : 0;
        cy = cy > 0 ? MIN(cy, last_y) : 0;
        int x0 = MIN((int)cx, tap_x);
        int y0 = MIN((int)cy, tap_y);
        samples->at[x] = seen ? y0 * component->stride + x0 * component->step : -1;
        samples->right[x] = cx - (float)x0;
        samples->below[x] = cy - (float)y0;
    }
}

/* Adds each pixel's bilinear value to its sum, `level` outside the image. */
static void samples_add(const struct samples *samples, const struct component *component, int count,
                        float level, float *restrict sums)
{
    int right = component->width > 1 ? component->step : 0;
    int below = component->height > 1 ? component->stride : 0;
    for (int x = 0; x < count; x++) {
        if (samples->at[x] < 0) {
            sums[x] += level;
            continue;
        }
        const uint8_t *p = component->base + samples->at[x];
        float upper = (float)p[0] + ((float)p[right] - (float)p[0]) * samples->right[x];
        const uint8_t *q = p + below;
        float lower = (float)q[0] + ((float)q[right] - (float)q[0]) * samples->right[x];
        sums[x] += upper + (lower - upper) * samples->below[x];
    }
}

/* What a warp reads and how finely. */
struct warp {
    const struct image *image;
    const struct similarity *to_image;
    const struct component *components;
    float levels[3]; /* of each component, outside the image */
    bool inside;
};

/* The row `y` of the components [first, end), which are on one grid: each pixel the mean of
 * `per_side` × `per_side` samples. */
static void warp_row(const struct warp *warp, int first, int end, int y, int width, int per_side,
                     float drawn[3][CANVAS_SIDE_MAX])
{
    struct samples samples;
    float step = 1 / (float)per_side;
    for (int c = first; c < end; c++)
        memset(drawn[c], 0, sizeof(float) * (size_t)width);
    for (int j = 0; j < per_side; j++)
        for (int i = 0; i < per_side; i++) {
            samples_make(&samples, &warp->components[first], warp->image, warp->to_image, y, width,
                         ((float)i + 0.5f) * step, ((float)j + 0.5f) * step, warp->inside);
            for (int c = first; c < end; c++)
                samples_add(&samples, &warp->components[c], width, warp->levels[c], drawn[c]);
        }
    for (int c = first; c < end; c++)
        for (int x = 0; x < width; x++)
            drawn[c][x] = drawn[c][x] * step * step;
}

/* Whether every point of the canvas shows a point of the image. */
static bool warp_is_inside(const struct canvas *canvas, const struct image *image,
                           const struct similarity *to_image)
{
    for (int corner = 0; corner < 4; corner++) {
        float px = corner % 2 ? (float)canvas->width : -1;
        float py = corner / 2 ? (float)canvas->height : -1;
        float ix = to_image->a * px - to_image->b * py + to_image->tx;
        float iy = to_image->b * px + to_image->a * py + to_image->ty;
        if (!(ix >= 0 && ix <= (float)(image->width - 1) && iy >= 0 &&
              iy <= (float)(image->height - 1)))
            return false;
    }
    return true;
}

void canvas_warp(struct canvas *canvas, const struct image *image,
                 const struct similarity *to_image, int samples)
{
    struct components components = components_of(image);
    struct conversion convert = conversion_of(image);
    struct warp warp = {.image = image,
                        .to_image = to_image,
                        .components = components.of,
                        .inside = warp_is_inside(canvas, image, to_image)};
    float drawn[3][CANVAS_SIDE_MAX];

    g_assert(samples >= 1 && samples <= 8 && canvas->width <= CANVAS_SIDE_MAX);
    for (int c = 0; c < components.count; c++)
        warp.levels[c] = component_level(&components, &convert, c, 0);
    for (int y = 0; y < canvas->height; y++) {
        for (int first = 0, end = 0; first < components.count; first = end) {
            while (end < components.count && same_grid(&components.of[first], &components.of[end]))
                end++;
            /* Half as many values want half as many samples. */
            bool half = components.of[first].ratio_x < 1;
            warp_row(&warp, first, end, y, canvas->width, half ? (samples + 1) / 2 : samples,
                     drawn);
        }
        if (components.ycc)
            convert_row(&convert, canvas->width, drawn[0], drawn[1], drawn[2]);
        bool grey = components.count == 1;
        store_row(canvas, 0, y, canvas->width, drawn[0], drawn[grey ? 0 : 1], drawn[grey ? 0 : 2]);
    }
}
