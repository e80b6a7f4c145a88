/*
 * Where faces are looked for, and with which net.
 *
 * A live camera: each body's upper part goes through the small net alone (1–2 ms each); the bodies
 * it leaves without a face share canvases of the large net (35 ms, finds faces down to 16 input
 * pixels). A still picture: every scale of both nets, then a padded canvas, then lower thresholds.
 */
#include "base/limits.h"
#include "vision/decode.h"
#include "vision/vision_priv.h"

#include <math.h>
#include <string.h>

/* Input side of the small net on an upper body: a head is a third of it, 70 px, twice what it
 * needs. */
#define SMALL_SIDE 224
/* models.md: recall ssd .3 69/70, ssd .5 69/70; tiny .5 66/70. */
#define SMALL_THRESHOLD 0.5f
#define LARGE_THRESHOLD 0.4f
/* Grey of a canvas that crops are packed on. */
#define CANVAS_GREY 114
/* Most crops in one canvas of the large net: 4 × 4 of 128 pixels. */
#define PACK_MAX       16
#define VIEW_FOUND_MAX 64

/* The square around a head and shoulders (models.md: side max(w, h/2) × 1.25, middle (cx, y0 + .22
 * h)). */
static struct box upper_body(const struct box *body)
{
    float side = MAX(box_width(body), 0.5f * box_height(body)) * 1.25f;
    float cx = (body->x0 + body->x1) / 2;
    float cy = body->y0 + 0.22f * box_height(body);
    return (struct box){cx - side / 2, cy - side / 2, cx + side / 2, cy + side / 2};
}

static struct point box_middle(const struct box *box)
{
    return (struct point){(box->x0 + box->x1) / 2, (box->y0 + box->y1) / 2};
}

/* How far a face is from where the head of a body belongs, in body widths; INFINITY when it cannot
 * be its face: outside the box sideways, in its lower half, or wider than the body. */
static float head_distance(const struct box *body, const struct box *face)
{
    float width = box_width(body);
    float height = box_height(body);
    struct point at = box_middle(face);
    if (at.x < body->x0 || at.x > body->x1 || at.y < body->y0 - 0.1f * height ||
        at.y > body->y0 + 0.55f * height || box_width(face) > 1.2f * width)
        return INFINITY;
    float dx = (at.x - (body->x0 + body->x1) / 2) / width;
    float dy = (at.y - (body->y0 + MIN(0.12f * height, 0.5f * width))) / width;
    return hypotf(dx, dy);
}

/* Of the detections of one view, that which is most likely the body's own face; NULL when none is.
 */
static const struct detection *own_face(const struct box *body, const struct view_detection *found,
                                        size_t count, size_t view)
{
    const struct detection *best = NULL;
    float best_value = 0;
    for (size_t i = 0; i < count; i++) {
        if (found[i].view != view)
            continue;
        float distance = head_distance(body, &found[i].detection.box);
        float value = found[i].detection.score - distance;
        if (isfinite(distance) && (!best || value > best_value)) {
            best_value = value;
            best = &found[i].detection;
        }
    }
    return best;
}

static struct canvas_area square_area(int x, int y, int side)
{
    return (struct canvas_area){x, y, x + side, y + side};
}

/* Which bodies have a face already, and where faces go. */
struct search {
    struct vision *vision;
    const struct image *image;
    const struct box *bodies;
    size_t body_count;
    struct face_detection *faces;
    size_t capacity;
    size_t count;
    bool *done; /* per body */
};

static void search_add(struct search *search, const struct detection *detection, int body)
{
    if (body >= 0)
        search->done[body] = true;
    if (search->count < search->capacity)
        search->faces[search->count++] =
            (struct face_detection){detection->box, detection->score, body};
}

static bool search_small(struct search *search, unsigned runs, GError **error)
{
    for (size_t i = 0; i < search->body_count && i < runs; i++) {
        struct face_view view = {upper_body(&search->bodies[i]), square_area(0, 0, SMALL_SIDE)};
        struct view_detection found[VIEW_FOUND_MAX];
        size_t count = 0;
        if (!vision_detect_in_views(search->vision, search->image, VISION_NET_SMALL_FACE,
                                    SMALL_SIDE, &view, 1, 0, SMALL_THRESHOLD, found, VIEW_FOUND_MAX,
                                    &count, error))
            return false;
        const struct detection *best = own_face(&search->bodies[i], found, count, 0);
        if (best)
            search_add(search, best, (int)i);
    }
    return true;
}

/* One canvas of the large net for the next bodies without a face, from *next on. */
static bool search_packed(struct search *search, size_t *next, size_t left, GError **error)
{
    int grid = left <= 4 ? 2 : left <= 9 ? 3 : 4;
    if (left == 1)
        grid = 1;
    int cell = SSD_INPUT_SIDE / grid;
    /* A crop is not blown up beyond what the small detector would see, and leaves a rim of grey. */
    int side = MIN(cell, 288) - 4;
    struct face_view views[PACK_MAX];
    size_t owners[PACK_MAX];
    size_t count = 0;
    size_t i = *next;
    for (; i < search->body_count && count < (size_t)grid * (size_t)grid; i++) {
        if (search->done[i])
            continue;
        int column = (int)count % grid;
        int row = (int)count / grid;
        owners[count] = i;
        views[count++] = (struct face_view){upper_body(&search->bodies[i]),
                                            square_area(column * cell + 2, row * cell + 2, side)};
    }
    *next = i;
    if (count == 0)
        return true;
    struct view_detection found[VIEW_FOUND_MAX];
    size_t found_count = 0;
    if (!vision_detect_in_views(search->vision, search->image, VISION_NET_LARGE_FACE,
                                SSD_INPUT_SIDE, views, count, CANVAS_GREY, LARGE_THRESHOLD, found,
                                VIEW_FOUND_MAX, &found_count, error))
        return false;
    for (size_t v = 0; v < count; v++) {
        const struct detection *best = own_face(&search->bodies[owners[v]], found, found_count, v);
        if (best)
            search_add(search, best, (int)owners[v]);
    }
    return true;
}

/* The body a face of the whole frame belongs to, -1 when it is nobody's. */
static int body_of(const struct search *search, const struct box *face)
{
    int best = -1;
    float least = INFINITY;
    for (size_t i = 0; i < search->body_count; i++) {
        float distance = head_distance(&search->bodies[i], face);
        if (distance < least) {
            least = distance;
            best = (int)i;
        }
    }
    return best;
}

static bool known_face(const struct search *search, const struct box *box)
{
    for (size_t i = 0; i < search->count; i++)
        if (box_iou(&search->faces[i].box, box) > 0.3f)
            return true;
    return false;
}

static struct face_view whole_view(const struct image *image, int side)
{
    return (struct face_view){{0, 0, (float)image->width, (float)image->height},
                              canvas_letterbox(image->width, image->height, side)};
}

static bool search_whole(struct search *search, GError **error)
{
    struct face_view view = whole_view(search->image, SSD_INPUT_SIDE);
    struct view_detection found[LIMIT_DETECTIONS_PER_FRAME];
    size_t count = 0;
    if (!vision_detect_in_views(search->vision, search->image, VISION_NET_LARGE_FACE,
                                SSD_INPUT_SIDE, &view, 1, 0, LARGE_THRESHOLD, found,
                                G_N_ELEMENTS(found), &count, error))
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct detection *detection = &found[i].detection;
        if (known_face(search, &detection->box))
            continue;
        int body = body_of(search, &detection->box);
        if (body >= 0 && search->done[body])
            body = -1;
        search_add(search, detection, body);
    }
    return true;
}

bool vision_detect_faces(struct vision *vision, const struct image *image, const struct box *bodies,
                         size_t body_count, struct face_budget budget, struct face_detection *faces,
                         size_t capacity, size_t *count, GError **error)
{
    g_autofree bool *done = g_new0(bool, body_count + 1);
    struct search search = {.vision = vision,
                            .image = image,
                            .bodies = bodies,
                            .body_count = body_count,
                            .faces = faces,
                            .capacity = capacity,
                            .done = done};
    unsigned large = budget.large_runs;
    if (!search_small(&search, budget.small_runs, error))
        return false;
    if (budget.whole_frame && large > 0) {
        if (!search_whole(&search, error))
            return false;
        large--;
    }
    for (size_t next = 0; large > 0 && next < body_count; large--) {
        size_t left = 0;
        for (size_t i = next; i < body_count; i++)
            left += !done[i];
        /* Spread what is left over the runs that are left. */
        if (!search_packed(&search, &next, (left + large - 1) / large, error))
            return false;
    }
    *count = search.count;
    return true;
}

/* A still picture's candidates, each with the strongest net's score. */
struct candidates {
    struct detection found[LIMIT_DETECTIONS_PER_FRAME];
    size_t count;
};

/* Adds a box unless it is (mostly) there already; the earlier one stays, so the net whose boxes the
 * landmark net likes best goes first. */
static void candidates_add(struct candidates *candidates, const struct detection *detection)
{
    for (size_t i = 0; i < candidates->count; i++)
        if (box_iou(&candidates->found[i].box, &detection->box) > 0.25f)
            return;
    if (candidates->count < G_N_ELEMENTS(candidates->found))
        candidates->found[candidates->count++] = *detection;
}

/* One look at a still picture: the picture scaled to `share` of the input, in its middle when
 * padded. */
struct look {
    enum vision_net net;
    int side;
    float share;
    float threshold;
};

static bool candidates_look(struct candidates *candidates, struct vision *vision,
                            const struct image *picture, const struct look *look, GError **error)
{
    int inner = (int)((float)look->side * look->share);
    struct face_view view = whole_view(picture, inner);
    struct view_detection found[LIMIT_DETECTIONS_PER_FRAME];
    size_t count = 0;
    int shift_x = look->share < 1 ? (look->side - view.area.x1) / 2 : 0;
    int shift_y = look->share < 1 ? (look->side - view.area.y1) / 2 : 0;
    view.area = (struct canvas_area){view.area.x0 + shift_x, view.area.y0 + shift_y,
                                     view.area.x1 + shift_x, view.area.y1 + shift_y};
    if (!vision_detect_in_views(vision, picture, look->net, look->side, &view, 1,
                                look->share < 1 ? CANVAS_GREY : 0, look->threshold, found,
                                G_N_ELEMENTS(found), &count, error))
        return false;
    for (size_t i = 0; i < count; i++)
        candidates_add(candidates, &found[i].detection);
    return true;
}

/* Whether a face that scores at least `score` and is at least `share` of the picture's side covers
 * the middle of the picture: the one that the picture is of. */
static bool has_subject(const struct candidates *candidates, const struct image *picture,
                        float score, float share)
{
    float cx = (float)picture->width / 2;
    float cy = (float)picture->height / 2;
    float least = share * MIN(cx, cy) * 2;
    for (size_t i = 0; i < candidates->count; i++) {
        const struct detection *found = &candidates->found[i];
        if (found->score >= score && box_width(&found->box) >= least && found->box.x0 < cx &&
            found->box.x1 > cx && found->box.y0 < cy && found->box.y1 > cy)
            return true;
    }
    return false;
}

bool vision_find_faces(struct vision *vision, const struct image *picture,
                       struct face_detection *faces, size_t capacity, size_t *count, GError **error)
{
    /* Rounds of looks. The first ends the search when it finds a portrait's face; the others when
     * some face covers the middle of the picture, so that somebody in the background is not taken
     * for the one that is meant only because the large face is turned or cut off. */
    static const struct {
        struct look looks[4];
        float score, share; /* what is enough, see has_subject */
    } rounds[] = {
        {{{VISION_NET_SMALL_FACE, 224, 1, 0.5f}}, 0.6f, 0.2f},
        {{{VISION_NET_SMALL_FACE, 416, 1, 0.5f}, {VISION_NET_LARGE_FACE, 512, 1, 0.5f}}, 0, 0},
        {{{VISION_NET_SMALL_FACE, 320, 0.6f, 0.4f},
          {VISION_NET_SMALL_FACE, 608, 1, 0.4f},
          {VISION_NET_LARGE_FACE, 512, 0.5f, 0.3f}},
         0,
         0},
        {{{VISION_NET_SMALL_FACE, 224, 1, 0.2f},
          {VISION_NET_SMALL_FACE, 320, 0.6f, 0.2f},
          {VISION_NET_LARGE_FACE, 512, 1, 0.15f},
          {VISION_NET_LARGE_FACE, 512, 0.5f, 0.15f}},
         0,
         0},
        {{{VISION_NET_SMALL_FACE, 224, 1, 0.08f},
          {VISION_NET_SMALL_FACE, 320, 0.6f, 0.08f},
          {VISION_NET_LARGE_FACE, 512, 1, 0.08f},
          {VISION_NET_LARGE_FACE, 512, 0.5f, 0.08f}},
         0,
         0},
    };
    g_autofree struct candidates *candidates = g_new0(struct candidates, 1);

    bool enough = false;
    for (size_t r = 0; r < G_N_ELEMENTS(rounds) && !enough; r++) {
        for (size_t l = 0; l < G_N_ELEMENTS(rounds[r].looks) && rounds[r].looks[l].side > 0; l++)
            if (!candidates_look(candidates, vision, picture, &rounds[r].looks[l], error))
                return false;
        enough = has_subject(candidates, picture, rounds[r].score, rounds[r].share);
    }
    *count = MIN(candidates->count, capacity);
    for (size_t i = 0; i < *count; i++)
        faces[i] =
            (struct face_detection){candidates->found[i].box, candidates->found[i].score, -1};
    return true;
}
