#include "vision/detection.h"

#include <stdbool.h>
#include <stdlib.h>

float box_width(const struct box *box)
{
    return box->x1 - box->x0;
}

float box_height(const struct box *box)
{
    return box->y1 - box->y0;
}

float box_area(const struct box *box)
{
    if (box->x1 <= box->x0 || box->y1 <= box->y0)
        return 0;
    return box_width(box) * box_height(box);
}

float box_iou(const struct box *a, const struct box *b)
{
    struct box common = {
        .x0 = a->x0 > b->x0 ? a->x0 : b->x0,
        .y0 = a->y0 > b->y0 ? a->y0 : b->y0,
        .x1 = a->x1 < b->x1 ? a->x1 : b->x1,
        .y1 = a->y1 < b->y1 ? a->y1 : b->y1,
    };
    float shared = box_area(&common);
    if (shared <= 0)
        return 0;
    return shared / (box_area(a) + box_area(b) - shared);
}

static int better_first(const void *left, const void *right)
{
    const struct detection *a = left;
    const struct detection *b = right;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    if (a->box.x0 != b->box.x0)
        return a->box.x0 < b->box.x0 ? -1 : 1;
    if (a->box.y0 != b->box.y0)
        return a->box.y0 < b->box.y0 ? -1 : 1;
    return 0;
}

size_t detections_suppress(struct detection *detections, size_t count, float iou)
{
    if (count == 0)
        return 0;
    qsort(detections, count, sizeof(*detections), better_first);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        bool keep = true;
        for (size_t j = 0; j < kept && keep; j++)
            keep = box_iou(&detections[i].box, &detections[j].box) <= iou;
        if (keep)
            detections[kept++] = detections[i];
    }
    return kept;
}
