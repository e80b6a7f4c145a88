#include "demo/plan.h"

#include "demo/cast.h"

#include <glib.h>
#include <string.h>

/* The beat of the loop: a slot begins every SLOT_SECONDS and a walk is over before the next slot's
 * walker is well inside, so that only those who come together are in the picture together. */
#define FIRST_SLOT_SECONDS 3.0
#define SLOT_SECONDS       7.4
#define WALK_SECONDS       6.4 /* for the middle of the body, from border to border */
#define SPEED              (PLAN_WIDTH / WALK_SECONDS) /* pixels a second */
/* How far behind the second of two who come together walks. */
#define TOGETHER_SECONDS 1.9
/* What the next camera sees later. */
#define CAMERA_DELAY_SECONDS 0.8

/* Who walks in which slot: a role is a person of this loop, dealt from the cast by the seed. Nobody
 * enters where somebody else is just leaving: two people cannot be in one place. As many go out as
 * come in, so that nobody stays inside from loop to loop. */
static const struct {
    unsigned slot;
    unsigned role;
    enum walk_side side;
    bool in;
    double delay;
} script[] = {
    {0, 0, WALK_FACE, true, 0},
    {1, 1, WALK_FACE, true, 0},
    {2, 2, WALK_FACE, true, 0},
    {2, 3, WALK_FACE, true, TOGETHER_SECONDS}, /* together with role 2 */
    {3, 4, WALK_BACK, true, TOGETHER_SECONDS},
    {4, 5, WALK_TURNS, true, TOGETHER_SECONDS},
    {5, 5, WALK_FACE, false, TOGETHER_SECONDS}, /* out again within the gap: the same visit */
    {6, 0, WALK_FACE, false, TOGETHER_SECONDS}, /* returns: another visit */
    {7, 6, WALK_FACE, false, TOGETHER_SECONDS},
    {8, 1, WALK_FACE, false, TOGETHER_SECONDS}, /* returns */
    {9, 7, WALK_FACE, false, TOGETHER_SECONDS},
    {10, 2, WALK_FACE, false, TOGETHER_SECONDS}, /* returns, alone this time */
};

#define ROLES 8

G_STATIC_ASSERT(G_N_ELEMENTS(script) <= PLAN_WALKS_MAX);
G_STATIC_ASSERT(ROLES <= CAST_MEMBERS);

/* SplitMix64, as in base/uuid.c: small, seeded, the same everywhere. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t x = (*state += 0x9e3779b97f4a7c15u);

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static double between(uint64_t *state, double least, double most)
{
    return least + (most - least) * (double)(next_random(state) >> 11) / 9007199254740992.0;
}

/* Deals the cast: the members of the roles, all different (Fisher and Yates). */
static void deal(unsigned seed, unsigned members[CAST_MEMBERS])
{
    uint64_t state = seed * 1000003u + 17;

    for (unsigned i = 0; i < CAST_MEMBERS; i++)
        members[i] = i;
    for (unsigned i = CAST_MEMBERS - 1; i > 0; i--) {
        const unsigned j = (unsigned)(next_random(&state) % (i + 1));
        const unsigned swapped = members[i];

        members[i] = members[j];
        members[j] = swapped;
    }
}

/* Half the width of a walk's cut-out on the picture, pixels. */
static double half_width(const struct walk *walk)
{
    const struct box *body = &cast_member(walk->member)->body;

    return walk->height * (double)(body->x1 - body->x0) / (double)(body->y1 - body->y0) / 2;
}

void plan_make(struct plan *plan, unsigned seed, unsigned camera)
{
    unsigned members[CAST_MEMBERS];
    uint64_t state = ((uint64_t)seed << 20) + camera;

    g_assert(camera < PLAN_CAMERAS_MAX);
    deal(seed, members);
    *plan = (struct plan){.seed = seed, .camera = camera, .walk_count = G_N_ELEMENTS(script)};
    for (size_t i = 0; i < plan->walk_count; i++) {
        struct walk *walk = &plan->walks[i];

        walk->member = members[script[i].role];
        walk->side = script[i].side;
        walk->in = script[i].in;
        walk->height = between(&state, 440, 560);
        walk->half_width = half_width(walk);
        walk->start = FIRST_SLOT_SECONDS + SLOT_SECONDS * script[i].slot + script[i].delay +
                      CAMERA_DELAY_SECONDS * camera - walk->half_width / SPEED;
        walk->end = walk->start + WALK_SECONDS + 2 * walk->half_width / SPEED;
        walk->brightness = between(&state, 0.82, 1.15);
        walk->angle_deg = between(&state, -5, 5);
        walk->mirrored = !walk->in;
        walk->foot = between(&state, 650, 700);
    }
}

bool walk_position(const struct walk *walk, double seconds, double *x)
{
    const double way = SPEED * (seconds - walk->start) - walk->half_width;

    if (seconds < walk->start || seconds > walk->end)
        return false;
    *x = walk->in ? way : PLAN_WIDTH - way;
    return true;
}

/* The visits of one person from its walks on all cameras, in order of time. */
static void add_visits_of(struct truth *truth, const struct true_visit *seen, size_t seen_count,
                          unsigned member)
{
    bool returning = false;
    struct true_visit *open = NULL;

    for (size_t i = 0; i < seen_count; i++) {
        if (seen[i].member != member)
            continue;
        if (open && seen[i].start - open->end <= PLAN_GAP_SECONDS) {
            open->end = MAX(open->end, seen[i].end);
            continue;
        }
        open = &truth->visits[truth->visit_count++];
        *open = seen[i];
        open->returning = returning;
        returning = true;
    }
    truth->people += returning;
}

static int compare_start(const void *a, const void *b)
{
    const double difference =
        ((const struct true_visit *)a)->start - ((const struct true_visit *)b)->start;

    return (difference > 0) - (difference < 0);
}

void truth_make(struct truth *truth, unsigned seed, unsigned cameras)
{
    struct true_visit seen[PLAN_WALKS_MAX * PLAN_CAMERAS_MAX];
    size_t seen_count = 0;

    *truth = (struct truth){0};
    for (unsigned camera = 0; camera < cameras; camera++) {
        struct plan plan;

        plan_make(&plan, seed, camera);
        for (size_t i = 0; i < plan.walk_count; i++) {
            const struct walk *walk = &plan.walks[i];

            *(walk->in ? &truth->crossings_in[camera] : &truth->crossings_out[camera]) += 1;
            if (walk->side != WALK_BACK)
                seen[seen_count++] =
                    (struct true_visit){walk->member, walk->start, walk->end, false};
        }
    }
    qsort(seen, seen_count, sizeof(seen[0]), compare_start);
    for (unsigned member = 0; member < CAST_MEMBERS; member++)
        add_visits_of(truth, seen, seen_count, member);
    qsort(truth->visits, truth->visit_count, sizeof(truth->visits[0]), compare_start);
}
