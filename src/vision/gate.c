#include "vision/gate.h"

#include <glib.h>
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* The smallest block, and the most of them on the longer side of a picture before blocks double. */
#define BLOCK_LEAST      8
#define BLOCKS_LONG_SIDE 200
/* Two rows of a block: the gate's time is the memory it reads, and the noise of sixteen pixels
 * averages to a quarter. */
#define ROWS_READ 2
/* A block is known by the sum of the pixels read, scaled to PER_LEVEL per grey level whatever its
 * size: 255 * 128 < 32768, so that 16-bit vector arithmetic, all that SSE2 and NEON are good at,
 * does the whole comparison. */
#define PER_LEVEL  128
#define BLOCK_MOST (PER_LEVEL / ROWS_READ)
/* A block must differ by 6 grey levels: sensor noise of sigma 5 gives a block sigma of 1.3,
 * key-frame pumping of 2 Mbit/s H.264 measured under 3. */
#define FLOOR (6 * PER_LEVEL)
/* … and by four mean deviations (3.2 sigma), which flags, flicker and leaves earn by themselves. */
#define DEVIATIONS 4
/* Largest deviation kept: times DEVIATIONS it must stay inside 16 bits. */
#define DEVIATION_MOST 4000
/* Blocks with at least two changed neighbours that make a cluster: a person five blocks high has
 * ten. */
#define CLUSTER_BLOCKS 4
/* Share of changed blocks that is no longer something in the scene but the scene. */
#define SCENE_SHARE 0.6f
/* Mean luma and spread, in grey levels, of a covered lens; video black is 16. */
#define BLACK_MEAN   28
#define BLACK_SPREAD 6
/* How fast a still block and a changed one become background, µs. */
#define TAU_STILL_US   8000000
#define TAU_CHANGED_US 60000000

/* Wider vectors where the machine has them; chosen once by the loader. Sanitizers run before that.
 */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__gnu_linux__) &&   \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define WIDE_VECTORS __attribute__((target_clones("avx2", "default"), noinline))
#else
#define WIDE_VECTORS
#endif

struct gate {
    int width, height; /* pixels */
    int block;         /* pixels on each side */
    int columns, rows; /* blocks; a remainder at the right and bottom is not looked at */
    bool started;
    int64_t last_us;
    int16_t shift; /* of the frame before */
    int16_t *now;  /* sums of the newest frame */
    int16_t *mean; /* in the same unit */
    int16_t *deviation;
    uint16_t *parts;      /* of one row of blocks: sums of BLOCK_LEAST columns */
    int16_t *changed[3];  /* 1: differs; this row of blocks and the two before, with borders of 0 */
    int changed_count[3]; /* of each */
};

/* What one pass over a frame finds. */
struct survey {
    int64_t total;
    int64_t shift; /* of the clipped differences, see survey_row */
    int16_t least, most;
    int16_t differing; /* bits that are not as in the frame before */
};

struct gate *gate_new(int width, int height)
{
    int block = BLOCK_LEAST;
    struct gate *gate;

    while (MAX(width, height) / block > BLOCKS_LONG_SIDE && block < BLOCK_MOST)
        block *= 2;

    const int columns = width / block, rows = height / block;
    const size_t blocks = (size_t)MAX(columns, 0) * (size_t)MAX(rows, 0);

    if (columns < 2 || rows < 2)
        return NULL;
    gate = g_new0(struct gate, 1);
    *gate = (struct gate){
        .width = width, .height = height, .block = block, .columns = columns, .rows = rows};
    gate->now = g_new0(int16_t, blocks);
    gate->mean = g_new0(int16_t, blocks);
    gate->deviation = g_new0(int16_t, blocks);
    gate->parts = g_new0(uint16_t, (size_t)width / BLOCK_LEAST);
    for (int i = 0; i < 3; i++)
        gate->changed[i] = g_new0(int16_t, (size_t)(columns + 2));
    return gate;
}

void gate_free(struct gate *gate)
{
    if (!gate)
        return;
    g_free(gate->now);
    g_free(gate->mean);
    g_free(gate->deviation);
    g_free(gate->parts);
    for (int i = 0; i < 3; i++)
        g_free(gate->changed[i]);
    g_free(gate);
}

/* Sums of BLOCK_LEAST columns each, over two rows of luma with `step` bytes per pixel. */
static void sum_parts(const uint8_t *upper, const uint8_t *lower, int step, int count,
                      uint16_t *parts)
{
    int part = 0;

#if defined(__SSE2__)
    /* psadbw against zero adds 8 bytes at once; two packs put eight sums in order. */
    for (; step == 1 && part + 8 <= count; part += 8) {
        const __m128i *above = (const __m128i *)(const void *)(upper + part * BLOCK_LEAST);
        const __m128i *below = (const __m128i *)(const void *)(lower + part * BLOCK_LEAST);
        const __m128i zero = _mm_setzero_si128();
        __m128i sums[4];

        for (int i = 0; i < 4; i++)
            sums[i] = _mm_add_epi32(_mm_sad_epu8(_mm_loadu_si128(above + i), zero),
                                    _mm_sad_epu8(_mm_loadu_si128(below + i), zero));
        _mm_storeu_si128(
            (__m128i *)(void *)(parts + part),
            _mm_packs_epi32(_mm_packs_epi32(sums[0], sums[1]), _mm_packs_epi32(sums[2], sums[3])));
    }
#endif
    for (; part < count; part++) {
        unsigned sum = 0;

        for (int x = part * BLOCK_LEAST; x < (part + 1) * BLOCK_LEAST; x++)
            sum += upper[x * step] + lower[x * step];
        parts[part] = (uint16_t)sum;
    }
}

/* Adds neighbours until `parts` are blocks, in place, and scales them to PER_LEVEL. */
WIDE_VECTORS static void join_parts(uint16_t *parts, int columns, int block)
{
    const int scale = PER_LEVEL / (ROWS_READ * block);

    for (int wide = block / BLOCK_LEAST; wide > 1; wide /= 2)
        for (int i = 0; i < columns * wide / 2; i++)
            parts[i] = (uint16_t)(parts[2 * i] + parts[2 * i + 1]);
    for (int i = 0; i < columns; i++)
        parts[i] = (uint16_t)(parts[i] * scale);
}

/* Takes in the sums of one row of blocks. `shift` adds up by how much blocks differ from their
 * background, each clipped around what it was in the frame before. */
WIDE_VECTORS static void survey_row(const uint16_t *restrict sums, int16_t *restrict now,
                                    const int16_t *restrict mean, int columns, int16_t last_shift,
                                    struct survey *survey)
{
    int16_t low = survey->least, high = survey->most, differing = 0;
    int32_t total = 0, shift = 0; /* of at most RING_SIDE_MAX / BLOCK_LEAST blocks */

    for (int i = 0; i < columns; i++) {
        const int16_t sum = (int16_t)sums[i];
        const int32_t difference = sum - mean[i] - last_shift;

        differing = (int16_t)(differing | (sum ^ now[i]));
        now[i] = sum;
        total += sum;
        low = sum < low ? sum : low;
        high = sum > high ? sum : high;
        shift += CLAMP(difference, -FLOOR, FLOOR);
    }
    survey->total += total;
    survey->shift += shift;
    survey->least = low;
    survey->most = high;
    survey->differing = (int16_t)(survey->differing | differing);
}

/* Fills `now`; tells brightness, blackness and whether nothing at all differs from before. */
static struct survey shrink(struct gate *gate, const struct image *image,
                            struct gate_verdict *verdict)
{
    const bool rgb = image->format == IMAGE_FORMAT_RGB24;
    const int step = rgb ? 3 : 1;
    const ptrdiff_t stride = image->strides[0], apart = gate->block / ROWS_READ * stride;
    const int parts = gate->columns * (gate->block / BLOCK_LEAST);
    const int blocks = gate->columns * gate->rows;
    const uint8_t *luma = image->planes[0] + (rgb ? 1 : 0);
    struct survey survey = {.least = INT16_MAX};

    for (int row = 0; row < gate->rows; row++, luma += gate->block * stride) {
        const size_t start = (size_t)row * (size_t)gate->columns;

        sum_parts(luma, luma + apart, step, parts, gate->parts);
        join_parts(gate->parts, gate->columns, gate->block);
        survey_row(gate->parts, gate->now + start, gate->mean + start, gate->columns, gate->shift,
                   &survey);
    }
    verdict->brightness = (float)((double)survey.total / ((double)blocks * PER_LEVEL));
    verdict->black =
        verdict->brightness < BLACK_MEAN && survey.most - survey.least < BLACK_SPREAD * PER_LEVEL;
    verdict->identical = gate->started && survey.differing == 0;
    return survey;
}

/* How much brighter than its background the whole picture is, robustly: the mean of the clipped
 * differences, so that somebody in a dark coat does not count as dusk, and dusk is followed however
 * far the slow background lags behind. */
static int16_t shift_of(const struct gate *gate, const struct survey *survey)
{
    const int64_t mean = survey->shift / (gate->columns * gate->rows);

    return (int16_t)CLAMP(gate->shift + mean, -INT16_MAX / 2, INT16_MAX / 2);
}

/* The high half of a 16 x 16 bit product, which every vector unit has. */
static inline int16_t high_product(int16_t a, int16_t b)
{
    return (int16_t)(((int32_t)a * b) >> 16);
}

/* One row: marks what changed and lets the background learn. Rates are of 65536. Written without
 * branches and in 16 bits throughout; every expression stays inside them (see PER_LEVEL). */
WIDE_VECTORS static int compare_row(const int16_t *restrict now, int16_t *restrict mean,
                                    int16_t *restrict deviation, int16_t *restrict changed,
                                    int columns, int16_t shift, int16_t learn_still,
                                    int16_t learn_changed)
{
    const int16_t learn_difference = (int16_t)(learn_changed - learn_still);
    int16_t count = 0; /* at most RING_SIDE_MAX / BLOCK_LEAST */

    for (int i = 0; i < columns; i++) {
        const int16_t difference = (int16_t)(now[i] - mean[i]);
        const int16_t moved = (int16_t)(difference - shift);
        const int16_t size = (int16_t)(moved < 0 ? -moved : moved);
        const int16_t earned = (int16_t)(deviation[i] * DEVIATIONS);
        const int16_t limit = earned > FLOOR ? earned : FLOOR;
        const int16_t differs = size > limit ? -1 : 0;
        const int16_t learn = (int16_t)(learn_still + (learn_difference & differs));
        const int16_t seen = size < DEVIATION_MOST ? size : DEVIATION_MOST;

        changed[i] = (int16_t)-differs;
        count = (int16_t)(count - differs);
        mean[i] = (int16_t)(mean[i] + high_product(difference, learn));
        deviation[i] =
            (int16_t)(deviation[i] + high_product((int16_t)(seen - deviation[i]), learn));
    }
    return count;
}

/* Blocks of `row` that changed together with two of their neighbours; widens the box around them,
 * in blocks. The rows above and below are in `changed` too. */
static int cluster_row(const struct gate *gate, int row, struct gate_verdict *box)
{
    const int16_t *above = gate->changed[(row + 2) % 3] + 1;
    const int16_t *changed = gate->changed[row % 3] + 1;
    const int16_t *below = gate->changed[(row + 1) % 3] + 1;
    int blocks = 0;

    for (int i = 0; gate->changed_count[row % 3] && i < gate->columns; i++) {
        if (!changed[i] || changed[i - 1] + changed[i + 1] + above[i] + below[i] < 2)
            continue;
        blocks++;
        box->x0 = MIN(box->x0, i);
        box->x1 = MAX(box->x1, i + 1);
        box->y0 = MIN(box->y0, row);
        box->y1 = row + 1;
    }
    return blocks;
}

/* Compares all rows, each one's clusters as soon as the row below it is known. Fills the box;
 * returns the changed blocks and in *clustered those in clusters. */
static int compare(struct gate *gate, int16_t learn_still, int16_t learn_changed, int *clustered,
                   struct gate_verdict *verdict)
{
    struct gate_verdict box = {.x0 = gate->columns, .y0 = gate->rows};
    int count = 0;

    *clustered = 0;
    /* Above the first row and below the last nothing changed. */
    memset(gate->changed[2], 0, (size_t)(gate->columns + 2) * sizeof *gate->changed[2]);
    for (int row = 0; row <= gate->rows; row++) {
        const size_t start = (size_t)row * (size_t)gate->columns;
        int16_t *changed = gate->changed[row % 3] + 1;

        if (row == gate->rows)
            memset(changed, 0, (size_t)gate->columns * sizeof *changed);
        else
            count += gate->changed_count[row % 3] =
                compare_row(gate->now + start, gate->mean + start, gate->deviation + start, changed,
                            gate->columns, gate->shift, learn_still, learn_changed);
        if (row > 0)
            *clustered += cluster_row(gate, row - 1, &box);
    }
    if (*clustered >= CLUSTER_BLOCKS) {
        verdict->x0 = box.x0 * gate->block;
        verdict->y0 = box.y0 * gate->block;
        verdict->x1 = box.x1 * gate->block;
        verdict->y1 = box.y1 * gate->block;
    }
    return count;
}

static void restart(struct gate *gate)
{
    const size_t blocks = (size_t)gate->columns * (size_t)gate->rows;

    for (size_t i = 0; i < blocks; i++) {
        gate->mean[i] = gate->now[i];
        gate->deviation[i] = 0;
    }
    gate->shift = 0;
    gate->started = true;
}

/* Share of the way to the new value, of 65536, for a step of `elapsed_us`. */
static int16_t learn_rate(int64_t elapsed_us, int64_t tau_us)
{
    return (int16_t)CLAMP(elapsed_us * 65536 / tau_us, 1, INT16_MAX);
}

void gate_look(struct gate *gate, const struct image *image, int64_t pts_us,
               struct gate_verdict *verdict)
{
    const int64_t elapsed = CLAMP(pts_us - gate->last_us, 0, TAU_CHANGED_US);
    struct survey survey;
    int count, clustered;

    g_assert(image->width == gate->width && image->height == gate->height);
    *verdict = (struct gate_verdict){0};
    survey = shrink(gate, image, verdict);
    gate->last_us = pts_us;
    if (!gate->started) {
        restart(gate);
        return;
    }
    gate->shift = shift_of(gate, &survey);
    count = compare(gate, learn_rate(elapsed, TAU_STILL_US), learn_rate(elapsed, TAU_CHANGED_US),
                    &clustered, verdict);
    verdict->changed = (float)count / (float)(gate->columns * gate->rows);
    verdict->motion = clustered >= CLUSTER_BLOCKS;
    if (verdict->changed >= SCENE_SHARE) {
        verdict->motion = verdict->scene_change = true;
        verdict->x1 = gate->columns * gate->block;
        verdict->y1 = gate->rows * gate->block;
        verdict->x0 = verdict->y0 = 0;
        restart(gate);
    }
}
