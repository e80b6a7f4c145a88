/* One run of a face detector over several parts of an image. */
#include "base/error.h"
#include "vision/decode.h"
#include "vision/vision_priv.h"

#include <math.h>

/* Detections of one run before suppression: more than the cells of a crowd ever give at threshold
 * .1. */
enum { FOUND_MAX = 1024 };

static size_t decode_small(const struct vision_outputs *outputs, int side, float threshold,
                           struct detection *found, GError **error)
{
    int cells = side / TINY_CELL_SIDE;
    size_t per_cell = TINY_ANCHORS * TINY_VALUES;
    size_t area = (size_t)cells * (size_t)cells;
    const float *grid = vision_output(outputs, 0, per_cell * area, VISION_NET_SMALL_FACE, error);
    if (!grid)
        return SIZE_MAX;
    return decode_tiny(grid, cells, area, 1, threshold, found, FOUND_MAX);
}

static size_t decode_large(const struct vision_outputs *outputs, float threshold,
                           struct detection *found, GError **error)
{
    const float *boxes = vision_output(outputs, 0, SSD_ANCHORS * 4, VISION_NET_LARGE_FACE, error);
    if (!boxes)
        return SIZE_MAX;
    const float *scores = vision_output(outputs, 1, SSD_ANCHORS, VISION_NET_LARGE_FACE, error);
    if (!scores)
        return SIZE_MAX;
    return decode_ssd(boxes, scores, threshold, found, FOUND_MAX);
}

/* The view whose area holds the middle of `box`; view_count when none does. */
static size_t view_of(const struct box *box, const struct face_view *views, size_t view_count)
{
    float cx = (box->x0 + box->x1) / 2;
    float cy = (box->y0 + box->y1) / 2;
    for (size_t i = 0; i < view_count; i++) {
        const struct canvas_area *area = &views[i].area;
        if (cx >= (float)area->x0 && cx < (float)area->x1 && cy >= (float)area->y0 &&
            cy < (float)area->y1)
            return i;
    }
    return view_count;
}

static struct box box_to_image(const struct box *box, const struct face_view *view)
{
    float across = box_width(&view->region) / (float)(view->area.x1 - view->area.x0);
    float down = box_height(&view->region) / (float)(view->area.y1 - view->area.y0);
    return (struct box){view->region.x0 + (box->x0 - (float)view->area.x0) * across,
                        view->region.y0 + (box->y0 - (float)view->area.y0) * down,
                        view->region.x0 + (box->x1 - (float)view->area.x0) * across,
                        view->region.y0 + (box->y1 - (float)view->area.y0) * down};
}

bool vision_detect_in_views(struct vision *vision, const struct image *image, enum vision_net net,
                            int side, const struct face_view *views, size_t view_count,
                            float outside, float threshold, struct view_detection *found,
                            size_t capacity, size_t *count, GError **error)
{
    struct canvas canvas = vision_canvas(vision, side, side, CANVAS_LAYOUT_PLANAR_RGB);
    bool large = net == VISION_NET_LARGE_FACE;
    canvas_fill(&canvas, outside);
    for (size_t i = 0; i < view_count; i++)
        canvas_draw(&canvas, views[i].area, image, &views[i].region, NULL, outside);

    struct vision_outputs outputs;
    if (!vision_run(vision, net, &canvas, 1, large ? 2 : 1, &outputs, error))
        return false;
    struct detection decoded[FOUND_MAX];
    size_t n = large ? decode_large(&outputs, threshold, decoded, error)
                     : decode_small(&outputs, side, threshold, decoded, error);
    vision_outputs_clear(&outputs);
    if (n == SIZE_MAX)
        return false;
    n = detections_suppress(decoded, n, large ? SSD_IOU : TINY_IOU);
    size_t kept = 0;
    for (size_t i = 0; i < n && kept < capacity; i++) {
        size_t view = view_of(&decoded[i].box, views, view_count);
        if (view == view_count)
            continue;
        found[kept++] = (struct view_detection){
            {box_to_image(&decoded[i].box, &views[view]), decoded[i].score}, view};
    }
    *count = kept;
    return true;
}
