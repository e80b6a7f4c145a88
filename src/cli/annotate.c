#include "cli/annotate.h"

#include "base/error.h"
#include "source/encoder.h"

#include <math.h>
#include <string.h>

#define DIGIT_WIDTH  3
#define DIGIT_HEIGHT 5

struct annotate {
    char *path;
    char *capture_path;
    bool has_line;
    struct point line[2];
    const struct logger *logger;
    struct encoder *encoder; /* NULL before the first frame */
    int width, height;       /* even */
    uint8_t *pixels;         /* I420 */
};

/* Y, U, V that are told apart on any background; tracks take them in turn. */
static const uint8_t colours[][3] = {{150, 44, 21},   {106, 202, 222}, {210, 16, 146},
                                     {100, 212, 114}, {170, 166, 16},  {81, 90, 240},
                                     {180, 128, 60},  {41, 240, 110}};
static const uint8_t line_colour[3] = {225, 20, 140};

/* Five rows of three bits a digit. */
static const uint8_t digits[10][DIGIT_HEIGHT] = {
    {7, 5, 5, 5, 7}, {2, 6, 2, 2, 7}, {7, 1, 7, 4, 7}, {7, 1, 7, 1, 7}, {5, 5, 7, 1, 1},
    {7, 4, 7, 1, 7}, {7, 4, 7, 5, 7}, {7, 1, 1, 2, 2}, {7, 5, 7, 5, 7}, {7, 5, 7, 1, 7}};

struct annotate *annotate_new(const char *path, const char *capture_path, const struct point *line,
                              const struct logger *logger)
{
    struct annotate *annotate = g_new0(struct annotate, 1);
    annotate->path = g_strdup(path);
    annotate->capture_path = g_strdup(capture_path);
    annotate->logger = logger;
    if (line != NULL) {
        annotate->has_line = true;
        memcpy(annotate->line, line, sizeof(annotate->line));
    }
    return annotate;
}

void annotate_free(struct annotate *annotate)
{
    if (annotate == NULL)
        return;
    encoder_free(annotate->encoder);
    g_free(annotate->pixels);
    g_free(annotate->capture_path);
    g_free(annotate->path);
    g_free(annotate);
}

static void paint(struct annotate *annotate, int x, int y, const uint8_t colour[3])
{
    if (x < 0 || y < 0 || x >= annotate->width || y >= annotate->height)
        return;
    ptrdiff_t luma = (ptrdiff_t)annotate->width * annotate->height;
    ptrdiff_t at = (ptrdiff_t)(y / 2) * (annotate->width / 2) + x / 2;
    annotate->pixels[(ptrdiff_t)y * annotate->width + x] = colour[0];
    annotate->pixels[luma + at] = colour[1];
    annotate->pixels[luma + luma / 4 + at] = colour[2];
}

static void fill(struct annotate *annotate, int x0, int y0, int x1, int y1, const uint8_t colour[3])
{
    for (int y = MAX(y0, 0); y < MIN(y1, annotate->height); y++)
        for (int x = MAX(x0, 0); x < MIN(x1, annotate->width); x++)
            paint(annotate, x, y, colour);
}

static void draw_box(struct annotate *annotate, const struct pipeline_box *box,
                     const uint8_t colour[3])
{
    int x0 = (int)(box->x0 * (float)annotate->width), y0 = (int)(box->y0 * (float)annotate->height);
    int x1 = (int)(box->x1 * (float)annotate->width), y1 = (int)(box->y1 * (float)annotate->height);
    int thick = box->seen ? 2 : 1;
    fill(annotate, x0, y0, x1, y0 + thick, colour);
    fill(annotate, x0, y1 - thick, x1, y1, colour);
    fill(annotate, x0, y0, x0 + thick, y1, colour);
    fill(annotate, x1 - thick, y0, x1, y1, colour);
}

static void draw_number(struct annotate *annotate, int x, int y, unsigned number,
                        const uint8_t colour[3])
{
    static const uint8_t ink[3] = {16, 128, 128};
    int scale = MAX(2, annotate->height / 240);
    char text[12];
    int length = g_snprintf(text, sizeof(text), "%u", number);
    y = MAX(0, y - (DIGIT_HEIGHT + 2) * scale);
    fill(annotate, x, y, x + (length * (DIGIT_WIDTH + 1) + 1) * scale,
         y + (DIGIT_HEIGHT + 2) * scale, colour);
    for (int i = 0; i < length; i++)
        for (int row = 0; row < DIGIT_HEIGHT; row++)
            for (int column = 0; column < DIGIT_WIDTH; column++) {
                if (!(digits[text[i] - '0'][row] >> (DIGIT_WIDTH - 1 - column) & 1))
                    continue;
                int px = x + (1 + i * (DIGIT_WIDTH + 1) + column) * scale;
                int py = y + (1 + row) * scale;
                fill(annotate, px, py, px + scale, py + scale, ink);
            }
}

static void draw_line(struct annotate *annotate)
{
    struct point a = annotate->line[0], b = annotate->line[1];
    float length = hypotf(b.x - a.x, b.y - a.y);
    int steps = (int)CLAMP(length, 1, 20000);
    for (int i = 0; i <= steps; i++) {
        float share = (float)i / (float)steps;
        int x = (int)(a.x + share * (b.x - a.x)), y = (int)(a.y + share * (b.y - a.y));
        fill(annotate, x, y, x + 2, y + 2, line_colour);
    }
}

/* One plane into ours; `step` bytes from a sample to the next. Ours is at most as large. */
static void copy_plane(uint8_t *to, int width, int height, const uint8_t *from, ptrdiff_t stride,
                       int step, int skip_x, int skip_y)
{
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            to[(ptrdiff_t)y * width + x] =
                from[(ptrdiff_t)y * skip_y * stride + (ptrdiff_t)x * skip_x * step];
}

static bool take_picture(struct annotate *annotate, const struct image *image, GError **error)
{
    int width = annotate->width, height = annotate->height;
    if (image->width < width || image->height < height) {
        error_set(error, ERROR_UNSUPPORTED, "The picture became smaller: a video has one size");
        return false;
    }
    uint8_t *u = annotate->pixels + (ptrdiff_t)width * height;
    uint8_t *v = u + (ptrdiff_t)(width / 2) * (height / 2);
    copy_plane(annotate->pixels, width, height, image->planes[0], image->strides[0], 1, 1, 1);
    switch (image->format) {
    case IMAGE_FORMAT_I420:
    case IMAGE_FORMAT_I422:
    case IMAGE_FORMAT_I444: {
        int skip_x = image->format == IMAGE_FORMAT_I444 ? 2 : 1;
        int skip_y = image->format == IMAGE_FORMAT_I420 ? 1 : 2;
        copy_plane(u, width / 2, height / 2, image->planes[1], image->strides[1], 1, skip_x,
                   skip_y);
        copy_plane(v, width / 2, height / 2, image->planes[2], image->strides[2], 1, skip_x,
                   skip_y);
        return true;
    }
    case IMAGE_FORMAT_NV12:
        copy_plane(u, width / 2, height / 2, image->planes[1], image->strides[1], 2, 1, 1);
        copy_plane(v, width / 2, height / 2, image->planes[1] + 1, image->strides[1], 2, 1, 1);
        return true;
    case IMAGE_FORMAT_GREY8:
        memset(u, 128, 2 * (size_t)(width / 2) * (size_t)(height / 2));
        return true;
    case IMAGE_FORMAT_RGB24:
    case IMAGE_FORMAT_NONE:
        break;
    }
    error_set(error, ERROR_UNSUPPORTED, "Frames of this kind of video cannot be annotated");
    return false;
}

static bool open_encoder(struct annotate *annotate, const struct replay_frame *frame,
                         GError **error)
{
    annotate->width = frame->image->width & ~1;
    annotate->height = frame->image->height & ~1;
    annotate->pixels = g_malloc0((size_t)annotate->width * (size_t)annotate->height * 3 / 2);
    double fps = frame->fps > 0 ? frame->fps : 25;
    struct encoder_config config = {
        .path = annotate->path,
        .capture_path = annotate->capture_path,
        .logger = annotate->logger,
        .width = annotate->width,
        .height = annotate->height,
        .fps_numerator = (int)lround(fps * 1000),
        .fps_denominator = 1000,
    };
    annotate->encoder = encoder_new(&config, error);
    return annotate->encoder != NULL;
}

bool annotate_frame(struct annotate *annotate, const struct replay_frame *frame,
                    const unsigned *numbers, GError **error)
{
    if (annotate->encoder == NULL && !open_encoder(annotate, frame, error))
        return false;
    if (!take_picture(annotate, frame->image, error))
        return false;
    if (annotate->has_line)
        draw_line(annotate);
    for (size_t i = 0; i < frame->box_count; i++) {
        const struct pipeline_box *box = &frame->boxes[i];
        const uint8_t *colour = colours[numbers[i] % G_N_ELEMENTS(colours)];
        draw_box(annotate, box, colour);
        draw_number(annotate, (int)(box->x0 * (float)annotate->width),
                    (int)(box->y0 * (float)annotate->height), numbers[i], colour);
    }
    ptrdiff_t luma = (ptrdiff_t)annotate->width * annotate->height;
    struct image image = {
        .width = annotate->width,
        .height = annotate->height,
        .format = IMAGE_FORMAT_I420,
        .matrix = frame->image->matrix,
        .full_range = frame->image->full_range,
        .planes = {annotate->pixels, annotate->pixels + luma, annotate->pixels + luma + luma / 4},
        .strides = {annotate->width, annotate->width / 2, annotate->width / 2},
    };
    return encoder_push(annotate->encoder, &image, (int64_t)(frame->seconds * 1e6), error);
}

bool annotate_finish(struct annotate *annotate, GError **error)
{
    return annotate->encoder == NULL || encoder_finish(annotate->encoder, error);
}
