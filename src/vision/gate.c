#include "vision/gate.h"

#include <glib.h>
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define BLOCK 8
/* Two rows of a block: a quarter of the memory traffic, which is what the gate's time is; the noise
 * of 16 pixels averages to a quarter. */
#define ROWS_READ 2
#define ROW_STEP  (BLOCK / ROWS_READ)
/* Sums are of BLOCK * ROWS_READ pixels, kept times FINE in 16 bits (255 * 128 < 32768), so that
 * 16-bit vector arithmetic, all that SSE2 and NEON are good at, does the whole comparison. */
#define FINE      8
#define PER_LEVEL (BLOCK * ROWS_READ * FINE)
/* A block must differ by 6 grey levels: sensor noise of sigma 5 gives a block sigma of 1.3,
 * key-frame pumping of 2 Mbit/s H.264 measured under 3. */
#define FLOOR (6 * PER_LEVEL)
/* … and by four mean deviations (3.2 sigma), which flags, flicker and leaves earn by themselves. */
#define DEVIATIONS 4
/* Largest deviation kept: times DEVIATIONS it must stay inside 16 bits. */
#define DEVIATION_MOST 4000
/* Blocks with at least two changed neighbours that make a cluster: a person 40 px high has ten. */
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
    int columns,
        rows; /* blocks; a remainder under BLOCK at the right and bottom is not looked at */
    bool started;
    int64_t last_us;
    int16_t shift;         /* of the frame before */
    int16_t *now, *before; /* sums × FINE of this frame and the one before */
    int16_t *mean;         /* in the same unit */
    int16_t *deviation;
    int *row_changed; /* changed blocks per row */
    int16_t *changed; /* 1: differs; with a border of zeros: (columns + 2) x (rows + 2) */
};

struct gate *gate_new(int width, int height)
{
    const int columns = width / BLOCK, rows = height / BLOCK;
    const size_t blocks = (size_t)MAX(columns, 0) * (size_t)MAX(rows, 0);
    struct gate *gate;

    if (columns < 2 || rows < 2)
        return NULL;
    gate = g_new0(struct gate, 1);
    *gate = (struct gate){.width = width, .height = height, .columns = columns, .rows = rows};
    gate->now = g_new0(int16_t, blocks);
    gate->before = g_new0(int16_t, blocks);
    gate->mean = g_new0(int16_t, blocks);
    gate->deviation = g_new0(int16_t, blocks);
    gate->row_changed = g_new0(int, (size_t)rows);
    gate->changed = g_new0(int16_t, (size_t)(columns + 2) * (size_t)(rows + 2));
    return gate;
}

void gate_free(struct gate *gate)
{
    if (!gate)
        return;
    g_free(gate->now);
    g_free(gate->before);
    g_free(gate->mean);
    g_free(gate->deviation);
    g_free(gate->row_changed);
    g_free(gate->changed);
    g_free(gate);
}

/* Sums of one row of blocks, from rows of luma `step` bytes per pixel. */
static void sum_row(const uint8_t *luma, int stride, int step, int columns, int16_t *sums)
{
    int column = 0;

#if defined(__SSE2__)
    /* psadbw against zero adds 8 bytes at once: two blocks per load. */
    for (; step == 1 && column + 2 <= columns; column += 2) {
        const uint8_t *from = luma + column * BLOCK;
        __m128i sum = _mm_setzero_si128();

        for (int row = 0; row < ROWS_READ; row++)
            sum = _mm_add_epi64(
                sum, _mm_sad_epu8(_mm_loadu_si128((
                                      const __m128i *)(const void *)(from + (ptrdiff_t)row *
                                                                                ROW_STEP * stride)),
                                  _mm_setzero_si128()));
        sums[column] = (int16_t)(_mm_extract_epi16(sum, 0) * FINE);
        sums[column + 1] = (int16_t)(_mm_extract_epi16(sum, 4) * FINE);
    }
#endif
    for (; column < columns; column++) {
        const uint8_t *from = luma + (ptrdiff_t)column * BLOCK * step;
        unsigned sum = 0;

        for (int row = 0; row < ROWS_READ; row++)
            for (int x = 0; x < BLOCK; x++)
                sum += from[(ptrdiff_t)row * ROW_STEP * stride + x * step];
        sums[column] = (int16_t)(sum * FINE);
    }
}

WIDE_VECTORS static int64_t summarise(const int16_t *sums, int blocks, int16_t *least,
                                      int16_t *most)
{
    int16_t low = INT16_MAX, high = 0;
    int64_t total = 0;

    for (int from = 0; from < blocks; from += 4096) {
        int32_t part = 0;

        for (int i = from; i < MIN(from + 4096, blocks); i++) {
            part += sums[i];
            low = sums[i] < low ? sums[i] : low;
            high = sums[i] > high ? sums[i] : high;
        }
        total += part;
    }
    *least = low;
    *most = high;
    return total;
}

/* Fills `now`; tells brightness, blackness and whether nothing at all differs from before. */
static void shrink(struct gate *gate, const struct image *image, struct gate_verdict *verdict)
{
    const bool rgb = image->format == IMAGE_FORMAT_RGB24;
    const size_t blocks = (size_t)gate->columns * (size_t)gate->rows;
    int16_t least, most;
    int64_t total;
    int16_t *swap = gate->before;

    gate->before = gate->now;
    gate->now = swap;
    for (int row = 0; row < gate->rows; row++)
        sum_row(image->planes[0] + (ptrdiff_t)row * BLOCK * image->strides[0] + (rgb ? 1 : 0),
                image->strides[0], rgb ? 3 : 1, gate->columns,
                gate->now + (size_t)row * (size_t)gate->columns);
    total = summarise(gate->now, gate->columns * gate->rows, &least, &most);
    verdict->brightness = (float)((double)total / (double)(blocks * PER_LEVEL));
    verdict->black = verdict->brightness < BLACK_MEAN && most - least < BLACK_SPREAD * PER_LEVEL;
    verdict->identical =
        gate->started && memcmp(gate->now, gate->before, blocks * sizeof *gate->now) == 0;
}

/* How much brighter than its background the whole picture is, robustly: the mean of the differences
 * of blocks, each clipped around what it was in the frame before, so that somebody in a dark coat
 * does not count as dusk, and dusk is followed however far the slow background lags behind. */
WIDE_VECTORS static int16_t shift_of(const struct gate *gate)
{
    const int blocks = gate->columns * gate->rows;
    int32_t sum = 0;

    /* At most 400 000 blocks (25 Mpx) of at most FLOOR: inside 32 bits. */
    for (int i = 0; i < blocks; i++) {
        const int32_t difference = gate->now[i] - gate->mean[i] - gate->shift;

        sum += CLAMP(difference, -FLOOR, FLOOR);
    }
    return (int16_t)CLAMP(gate->shift + sum / blocks, -INT16_MAX / 2, INT16_MAX / 2);
}

/* The high half of a 16 x 16 bit product, which every vector unit has. */
static inline int16_t high_product(int16_t a, int16_t b)
{
    return (int16_t)(((int32_t)a * b) >> 16);
}

/* One row: marks what changed and lets the background learn. Rates are of 65536. Written without
 * branches and in 16 bits throughout; every expression stays inside them (see FINE). */
WIDE_VECTORS static int compare_row(const int16_t *restrict now, int16_t *restrict mean,
                                    int16_t *restrict deviation, int16_t *restrict changed,
                                    int columns, int16_t shift, int16_t learn_still,
                                    int16_t learn_changed)
{
    const int16_t learn_difference = (int16_t)(learn_changed - learn_still);
    int16_t count = 0; /* at most RING_SIDE_MAX / BLOCK */

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

static int compare(struct gate *gate, int16_t shift, int16_t learn_still, int16_t learn_changed)
{
    int count = 0;

    for (int row = 0; row < gate->rows; row++) {
        const size_t start = (size_t)row * (size_t)gate->columns;

        gate->row_changed[row] =
            compare_row(gate->now + start, gate->mean + start, gate->deviation + start,
                        gate->changed + (size_t)(row + 1) * (size_t)(gate->columns + 2) + 1,
                        gate->columns, shift, learn_still, learn_changed);
        count += gate->row_changed[row];
    }
    return count;
}

/* Looks for clusters; fills the box. */
static int cluster(const struct gate *gate, struct gate_verdict *verdict)
{
    const ptrdiff_t wide = gate->columns + 2;
    int blocks = 0, x0 = gate->columns, y0 = gate->rows, x1 = 0, y1 = 0;

    for (int row = 0; row < gate->rows; row++) {
        const int16_t *changed = gate->changed + (ptrdiff_t)(row + 1) * wide + 1;

        for (int i = 0; gate->row_changed[row] && i < gate->columns; i++) {
            if (!changed[i] ||
                changed[i - 1] + changed[i + 1] + changed[i - wide] + changed[i + wide] < 2)
                continue;
            blocks++;
            x0 = MIN(x0, i);
            x1 = MAX(x1, i + 1);
            y0 = MIN(y0, row);
            y1 = MAX(y1, row + 1);
        }
    }
    if (blocks >= CLUSTER_BLOCKS) {
        verdict->x0 = x0 * BLOCK;
        verdict->y0 = y0 * BLOCK;
        verdict->x1 = x1 * BLOCK;
        verdict->y1 = y1 * BLOCK;
    }
    return blocks;
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
    const int blocks = gate->columns * gate->rows;
    int count;

    g_assert(image->width == gate->width && image->height == gate->height);
    *verdict = (struct gate_verdict){0};
    shrink(gate, image, verdict);
    gate->last_us = pts_us;
    if (!gate->started) {
        restart(gate);
        return;
    }
    gate->shift = shift_of(gate);
    count = compare(gate, gate->shift, learn_rate(elapsed, TAU_STILL_US),
                    learn_rate(elapsed, TAU_CHANGED_US));
    verdict->changed = (float)count / (float)blocks;
    if (count == 0)
        return;
    verdict->motion = cluster(gate, verdict) >= CLUSTER_BLOCKS;
    if (verdict->changed >= SCENE_SHARE) {
        verdict->motion = verdict->scene_change = true;
        verdict->x1 = gate->columns * BLOCK;
        verdict->y1 = gate->rows * BLOCK;
        verdict->x0 = verdict->y0 = 0;
        restart(gate);
    }
}
