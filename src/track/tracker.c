#include "track/tracker.h"

#include "base/limits.h"
#include "track/assignment.h"
#include "track/kalman.h"

#include <glib.h>
#include <math.h>
#include <string.h>

/* Boxes are widened by this share of their size on each side before their overlap is taken: at 5
 * frames a second a walker moves by a good part of their width. */
#define WIDEN 0.2F
/* Least overlap of widened boxes for an assignment. */
#define GATE_CONFIDENT 0.2F
#define GATE_WEAK      0.4F
#define GATE_TENTATIVE 0.3F
/* What it costs to leave a track without a detection. Without it a hidden body takes the detection
 * of the one in front, which in turn takes the next one's, because two poor pairs count more than a
 * good one (seen on TUD-Campus at 12.5 frames a second). */
#define COST_ALONE 0.9F
/* Ratio of heights at which a predicted box and a detection are not the same body. */
#define SIZE_RATIO_MAX 1.8F
/* The look of a body in the cost of an assignment; 0 would ignore it. */
#define LOOK_WEIGHT 0.3F
/* A look is learned from unhidden bodies only, slowly. */
#define LOOK_SHARE   0.15F
#define LOOK_CROWDED 0.3F
/* A track seen this long ago is still taken at its predicted place. */
#define RECENT_US 700000
/* How far a hidden body can be from where it was expected, in its heights: at once and per second.
 */
#define SEEK_REACH       0.35F
#define SEEK_REACH_SPEED 0.35F
#define SEEK_REACH_MAX   1.2F
/* Ratio of heights at which two boxes are not the same body. */
#define SEEK_SIZE_RATIO 1.5F
#define SEEK_LOOK_MAX   0.45F
/* A tentative track may be missed for this long. */
#define TENTATIVE_MISS_US 450000
/* A detection that lies this much on an assigned one starts no track. */
#define BIRTH_OVERLAP 0.5F
/* A share of the box inside the picture below which a predicted body has left. */
#define LEFT_INSIDE 0.5F
/* Velocity fades while a body is hidden: people stop behind things. Half-life. */
#define HIDDEN_HALF_LIFE_S 1.0F

struct entry {
    struct track track; /* first: tracker_tracks hands out its address */
    struct kalman kalman;
    struct appearance look;
    uint32_t confident_hits;
    float best_score;
    float out_seconds; /* after last_seen_us: when the body is out of the picture; large: stays */
    int64_t unseen_us; /* analysed time without a detection while tentative */
};

struct tracker {
    struct tracker_config config;
    GPtrArray *entries; /* struct entry *, in the order of birth */
    GPtrArray *ended;   /* reported, freed at the next call */
    GPtrArray *all;     /* struct track *: entries, then ended */
    int64_t now_us;
    bool started;
    uint32_t confirmed;
};

/* Scores: the middle of a plateau. On TUD-Campus and TUD-Stadtmitte at 12.5 and 25 frames a second
 * all counts are exact for every weak .10–.20 × confident .30–.40 × birth .40–.50; above birth .5
 * recall falls, below .45 far background is taken for people (MOTA of Campus .58 → .30). */
void tracker_config_init(struct tracker_config *config, int width, int height)
{
    *config = (struct tracker_config){
        .width = width,
        .height = height,
        .weak = 0.15F,
        .hint = 0.25F,
        .confident = 0.40F,
        .birth = 0.45F,
        .confirm_hits = 3,
        .confirm_us = 250000,
        .max_lost_us = 3000000,
        .max_left_us = 1000000,
    };
}

struct tracker *tracker_new(const struct tracker_config *config)
{
    struct tracker *tracker = g_new0(struct tracker, 1);
    tracker->config = *config;
    tracker->entries = g_ptr_array_new();
    tracker->ended = g_ptr_array_new_with_free_func(g_free);
    tracker->all = g_ptr_array_new();
    return tracker;
}

void tracker_free(struct tracker *tracker)
{
    if (tracker == NULL)
        return;
    g_ptr_array_set_free_func(tracker->entries, g_free);
    g_ptr_array_unref(tracker->entries);
    g_ptr_array_unref(tracker->ended);
    g_ptr_array_unref(tracker->all);
    g_free(tracker);
}

float box_overlap(struct box a, struct box b)
{
    float width = fminf(a.x1, b.x1) - fmaxf(a.x0, b.x0);
    float height = fminf(a.y1, b.y1) - fmaxf(a.y0, b.y0);
    if (width <= 0 || height <= 0)
        return 0;
    float common = width * height;
    float sum = (a.x1 - a.x0) * (a.y1 - a.y0) + (b.x1 - b.x0) * (b.y1 - b.y0);
    return common / (sum - common);
}

struct point box_foot(struct box box)
{
    return (struct point){(box.x0 + box.x1) / 2, box.y1};
}

static struct box box_widen(struct box box)
{
    float dx = (box.x1 - box.x0) * WIDEN;
    float dy = (box.y1 - box.y0) * WIDEN;
    return (struct box){box.x0 - dx, box.y0 - dy, box.x1 + dx, box.y1 + dy};
}

static struct entry *entry_at(const struct tracker *tracker, size_t index)
{
    return g_ptr_array_index(tracker->entries, (guint)index);
}

/* ---- One assignment pass: entries × detections, both picked by what is still free. ---- */

/* The frame of one step: which detections are still free. */
struct step {
    const struct track_detection *detections[LIMIT_DETECTIONS_PER_FRAME]; /* best first */
    bool used[LIMIT_DETECTIONS_PER_FRAME];
    size_t count;
    size_t confident; /* of them, the first ones */
};

typedef bool (*entry_wanted)(const struct tracker *tracker, const struct entry *entry);
typedef float (*pair_cost)(const struct tracker *tracker, const struct entry *entry,
                           const struct track_detection *detection);

/* Seconds until an edge that is `distance` ≥ 0 from the border it moves to with `speed` is there.
 */
static float seconds_to(float distance, float speed)
{
    return speed > 0 ? fmaxf(distance, 0) / speed : INFINITY;
}

/* Seconds until the whole body is over one of the borders, by the speed of the edge that is last. A
 * body that leaves is cut by the border, its box becomes narrower: the edges' speeds differ. */
static float seconds_to_leave(const struct tracker *tracker, const struct kalman *kalman)
{
    struct box box = kalman_box(kalman);
    float dx = kalman->axes[KALMAN_X].velocity, dy = kalman->axes[KALMAN_Y].velocity;
    float dw = kalman->axes[KALMAN_WIDTH].velocity / 2,
          dh = kalman->axes[KALMAN_HEIGHT].velocity / 2;
    float aside = fminf(seconds_to((float)tracker->config.width - box.x0, dx - dw),
                        seconds_to(box.x1, -(dx + dw)));
    float along = fminf(seconds_to((float)tracker->config.height - box.y0, dy - dh),
                        seconds_to(box.y1, -(dy + dh)));
    return fminf(aside, along);
}

static void entry_see(struct tracker *tracker, struct entry *entry,
                      const struct track_detection *detection)
{
    bool weak = detection->score < tracker->config.confident;
    kalman_update(&entry->kalman, detection->box, weak ? 2.0F : 1.0F);
    entry->track.seen = true;
    entry->track.weak = weak;
    entry->track.measured = detection->box;
    entry->track.score = detection->score;
    entry->track.last_seen_us = tracker->now_us;
    entry->track.hits++;
    entry->confident_hits += !weak;
    entry->best_score = fmaxf(entry->best_score, detection->score);
    entry->unseen_us = 0;
    entry->track.gone_us = tracker->now_us;
    entry->out_seconds = seconds_to_leave(tracker, &entry->kalman);
    if (!weak && (entry->track.crowded < LOOK_CROWDED || !entry->look.known))
        appearance_blend(&entry->look, &detection->appearance, LOOK_SHARE);
}

static void assign(struct tracker *tracker, struct step *step, entry_wanted wanted, size_t from,
                   size_t to, pair_cost pair)
{
    struct entry *rows[LIMIT_TRACKS_PER_CAMERA];
    size_t columns[LIMIT_DETECTIONS_PER_FRAME];
    size_t row_count = 0, column_count = 0;
    for (size_t i = 0; i < tracker->entries->len; i++) {
        struct entry *entry = entry_at(tracker, i);
        if (!entry->track.seen && wanted(tracker, entry))
            rows[row_count++] = entry;
    }
    for (size_t j = from; j < to; j++)
        if (!step->used[j])
            columns[column_count++] = j;
    if (row_count == 0 || column_count == 0)
        return;
    g_autofree float *cost = g_new(float, row_count *column_count);
    for (size_t i = 0; i < row_count; i++)
        for (size_t j = 0; j < column_count; j++)
            cost[i * column_count + j] = pair(tracker, rows[i], step->detections[columns[j]]);
    int match[LIMIT_TRACKS_PER_CAMERA];
    assignment_solve(cost, row_count, column_count, match);
    for (size_t i = 0; i < row_count; i++) {
        if (match[i] < 0)
            continue;
        size_t j = columns[match[i]];
        step->used[j] = true;
        entry_see(tracker, rows[i], step->detections[j]);
    }
}

static bool wanted_recent(const struct tracker *tracker, const struct entry *entry)
{
    return entry->track.state == TRACK_CONFIRMED &&
           tracker->now_us - entry->track.last_seen_us <= RECENT_US;
}

static bool wanted_confirmed(const struct tracker *tracker, const struct entry *entry)
{
    (void)tracker;
    return entry->track.state == TRACK_CONFIRMED;
}

static bool wanted_tentative(const struct tracker *tracker, const struct entry *entry)
{
    (void)tracker;
    return entry->track.state == TRACK_TENTATIVE;
}

/* The larger height by the smaller one. */
static float size_ratio(struct box a, struct box b)
{
    float x = fmaxf(a.y1 - a.y0, 1), y = fmaxf(b.y1 - b.y0, 1);
    return x > y ? x / y : y / x;
}

static float overlap_cost(const struct entry *entry, const struct track_detection *detection,
                          float gate)
{
    struct box expected = kalman_box(&entry->kalman);
    float overlap = box_overlap(box_widen(expected), box_widen(detection->box));
    if (overlap < gate || size_ratio(expected, detection->box) > SIZE_RATIO_MAX)
        return ASSIGNMENT_FORBIDDEN;
    return 1 - overlap + LOOK_WEIGHT * appearance_distance(&entry->look, &detection->appearance);
}

static float cost_confident(const struct tracker *tracker, const struct entry *entry,
                            const struct track_detection *detection)
{
    (void)tracker;
    return overlap_cost(entry, detection, GATE_CONFIDENT);
}

static float cost_weak(const struct tracker *tracker, const struct entry *entry,
                       const struct track_detection *detection)
{
    (void)tracker;
    return overlap_cost(entry, detection, GATE_WEAK);
}

static float cost_tentative(const struct tracker *tracker, const struct entry *entry,
                            const struct track_detection *detection)
{
    (void)tracker;
    return overlap_cost(entry, detection, GATE_TENTATIVE);
}

/* A body that was hidden: near where it was expected or last seen, of about the same size and look.
 */
static float cost_seek(const struct tracker *tracker, const struct entry *entry,
                       const struct track_detection *detection)
{
    struct box expected = kalman_box(&entry->kalman);
    float height = fmaxf(expected.y1 - expected.y0, 8);
    float ratio = size_ratio(expected, detection->box);
    if (ratio > SEEK_SIZE_RATIO)
        return ASSIGNMENT_FORBIDDEN;
    float look = appearance_distance(&entry->look, &detection->appearance);
    if (entry->look.known && detection->appearance.known && look > SEEK_LOOK_MAX)
        return ASSIGNMENT_FORBIDDEN;
    float hidden = (float)(tracker->now_us - entry->track.last_seen_us) / 1e6F;
    float reach = fminf(SEEK_REACH + SEEK_REACH_SPEED * hidden, SEEK_REACH_MAX) * height;
    float x = (detection->box.x0 + detection->box.x1) / 2 - (expected.x0 + expected.x1) / 2;
    float y = (detection->box.y0 + detection->box.y1) / 2 - (expected.y0 + expected.y1) / 2;
    float distance = hypotf(x, y) / reach;
    if (distance > 1)
        return ASSIGNMENT_FORBIDDEN;
    return distance + (ratio - 1) + LOOK_WEIGHT * look;
}

/* ---- Birth, life and death ---- */

static bool covered(const struct step *step, struct box box)
{
    for (size_t j = 0; j < step->count; j++)
        if (step->used[j] && box_overlap(step->detections[j]->box, box) > BIRTH_OVERLAP)
            return true;
    return false;
}

static void give_birth(struct tracker *tracker, struct step *step)
{
    for (size_t j = 0; j < step->count; j++) {
        const struct track_detection *detection = step->detections[j];
        if (step->used[j] || detection->score < tracker->config.hint ||
            tracker->entries->len >= LIMIT_TRACKS_PER_CAMERA || covered(step, detection->box))
            continue;
        struct entry *entry = g_new0(struct entry, 1);
        kalman_init(&entry->kalman, detection->box);
        entry->look = detection->appearance;
        entry->confident_hits = detection->score >= tracker->config.confident;
        entry->best_score = detection->score;
        entry->out_seconds = INFINITY;
        entry->track = (struct track){
            .state = TRACK_TENTATIVE,
            .seen = true,
            .box = detection->box,
            .measured = detection->box,
            .score = detection->score,
            .started_us = tracker->now_us,
            .last_seen_us = tracker->now_us,
            .gone_us = tracker->now_us,
            .hits = 1,
        };
        step->used[j] = true;
        g_ptr_array_add(tracker->entries, entry);
    }
}

static void confirm(struct tracker *tracker)
{
    for (size_t i = 0; i < tracker->entries->len; i++) {
        const struct entry *entry = entry_at(tracker, i);
        struct track *track = &entry_at(tracker, i)->track;
        if (track->state != TRACK_TENTATIVE || !track->seen ||
            entry->confident_hits < tracker->config.confirm_hits ||
            entry->best_score < tracker->config.birth ||
            track->last_seen_us - track->started_us < tracker->config.confirm_us)
            continue;
        track->state = TRACK_CONFIRMED;
        track->number = ++tracker->confirmed;
    }
}

static bool has_left(const struct tracker *tracker, const struct entry *entry)
{
    struct box box = kalman_box(&entry->kalman);
    float width = fminf(box.x1, (float)tracker->config.width) - fmaxf(box.x0, 0);
    float height = fminf(box.y1, (float)tracker->config.height) - fmaxf(box.y0, 0);
    if (width <= 0 || height <= 0)
        return true;
    return width * height < LEFT_INSIDE * (box.x1 - box.x0) * (box.y1 - box.y0);
}

static bool is_over(const struct tracker *tracker, const struct entry *entry)
{
    int64_t unseen_us = tracker->now_us - entry->track.last_seen_us;
    if (entry->track.state == TRACK_TENTATIVE)
        return entry->unseen_us > TENTATIVE_MISS_US || unseen_us > tracker->config.max_lost_us;
    if (unseen_us > tracker->config.max_lost_us)
        return true;
    return unseen_us > tracker->config.max_left_us && has_left(tracker, entry);
}

static void bury(struct tracker *tracker, bool everybody)
{
    size_t kept = 0;
    for (size_t i = 0; i < tracker->entries->len; i++) {
        struct entry *entry = entry_at(tracker, i);
        if (everybody || is_over(tracker, entry)) {
            if (!everybody && has_left(tracker, entry)) {
                float most = (float)tracker->config.max_left_us / 1e6F;
                entry->track.gone_us += (int64_t)(fminf(entry->out_seconds, most) * 1e6F);
            }
            entry->track.state = TRACK_ENDED;
            entry->track.seen = false;
            g_ptr_array_add(tracker->ended, entry);
        } else {
            tracker->entries->pdata[kept++] = entry;
        }
    }
    g_ptr_array_set_size(tracker->entries, (gint)kept);
}

/* What the outside sees of each track, and how near the tracks are to each other. */
static void publish(struct tracker *tracker)
{
    g_ptr_array_set_size(tracker->all, 0);
    for (size_t i = 0; i < tracker->entries->len; i++) {
        struct entry *entry = entry_at(tracker, i);
        entry->track.box = kalman_box(&entry->kalman);
        float height = entry->track.box.y1 - entry->track.box.y0;
        entry->track.speed =
            hypotf(entry->kalman.axes[KALMAN_X].velocity, entry->kalman.axes[KALMAN_Y].velocity) /
            height;
        entry->track.crowded = 0;
        g_ptr_array_add(tracker->all, entry);
    }
    for (size_t i = 0; i < tracker->entries->len; i++) {
        struct track *a = &entry_at(tracker, i)->track;
        for (size_t j = i + 1; j < tracker->entries->len; j++) {
            struct track *b = &entry_at(tracker, j)->track;
            float overlap = box_overlap(a->box, b->box);
            a->crowded = fmaxf(a->crowded, overlap);
            b->crowded = fmaxf(b->crowded, overlap);
        }
    }
    for (size_t i = 0; i < tracker->ended->len; i++)
        g_ptr_array_add(tracker->all, g_ptr_array_index(tracker->ended, (guint)i));
}

static void move_to(struct tracker *tracker, int64_t time_us)
{
    float seconds = tracker->started ? (float)(time_us - tracker->now_us) / 1e6F : 0;
    tracker->now_us = time_us;
    tracker->started = true;
    g_ptr_array_set_size(tracker->ended, 0);
    if (seconds <= 0)
        return;
    for (size_t i = 0; i < tracker->entries->len; i++) {
        struct entry *entry = entry_at(tracker, i);
        if (!entry->track.seen) {
            float fade = exp2f(-seconds / HIDDEN_HALF_LIFE_S);
            entry->kalman.axes[KALMAN_X].velocity *= fade;
            entry->kalman.axes[KALMAN_Y].velocity *= fade;
        }
        kalman_predict(&entry->kalman, seconds);
    }
}

static int compare_scores(const void *a, const void *b)
{
    const struct track_detection *x = *(const struct track_detection *const *)a;
    const struct track_detection *y = *(const struct track_detection *const *)b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    if (x->box.x0 != y->box.x0)
        return x->box.x0 < y->box.x0 ? -1 : 1;
    return x->box.y0 < y->box.y0 ? -1 : x->box.y0 > y->box.y0 ? 1 : 0;
}

static void step_fill(struct step *step, const struct tracker_config *config,
                      const struct track_detection *detections, size_t count)
{
    g_autofree const struct track_detection **sorted =
        g_new(const struct track_detection *, count + 1);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (detections[i].score >= config->weak && detections[i].box.x1 > detections[i].box.x0 &&
            detections[i].box.y1 > detections[i].box.y0)
            sorted[kept++] = &detections[i];
    qsort(sorted, kept, sizeof(*sorted), compare_scores);
    step->count = MIN(kept, LIMIT_DETECTIONS_PER_FRAME);
    memcpy(step->detections, sorted, step->count * sizeof(*sorted));
    while (step->confident < step->count &&
           step->detections[step->confident]->score >= config->confident)
        step->confident++;
}

void tracker_step(struct tracker *tracker, int64_t time_us,
                  const struct track_detection *detections, size_t count)
{
    int64_t before_us = tracker->now_us;
    bool first = !tracker->started;
    move_to(tracker, time_us);
    struct step step = {0};
    step_fill(&step, &tracker->config, detections, count);
    for (size_t i = 0; i < tracker->entries->len; i++)
        entry_at(tracker, i)->track.seen = false;

    assign(tracker, &step, wanted_recent, 0, step.confident, cost_confident);
    assign(tracker, &step, wanted_recent, step.confident, step.count, cost_weak);
    assign(tracker, &step, wanted_confirmed, 0, step.confident, cost_seek);
    assign(tracker, &step, wanted_tentative, 0, step.confident, cost_tentative);
    assign(tracker, &step, wanted_tentative, step.confident, step.count, cost_weak);
    for (size_t i = 0; i < tracker->entries->len && !first; i++) {
        struct entry *entry = entry_at(tracker, i);
        if (!entry->track.seen)
            entry->unseen_us += time_us - before_us;
    }
    give_birth(tracker, &step);
    confirm(tracker);
    bury(tracker, false);
    publish(tracker);
}

void tracker_pass(struct tracker *tracker, int64_t time_us)
{
    move_to(tracker, time_us);
    for (size_t i = 0; i < tracker->entries->len; i++)
        entry_at(tracker, i)->track.seen = false;
    bury(tracker, false);
    publish(tracker);
}

void tracker_finish(struct tracker *tracker)
{
    g_ptr_array_set_size(tracker->ended, 0);
    bury(tracker, true);
    publish(tracker);
}

struct track *const *tracker_tracks(const struct tracker *tracker, size_t *count)
{
    *count = tracker->all->len;
    return (struct track *const *)tracker->all->pdata;
}
