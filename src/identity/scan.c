#include "identity/scan.h"

#include "base/limits.h"
#include "identity/scan_kernels.h"

#include <glib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/*
 * The coded scan. A row is centred on the mean of all rows (faces share most of their length, signs
 * around zero would say little), rotated, and one bit kept per element: the share of differing bits
 * is the angle over pi. The best of these are compared as int8, the best of those as f32. Codes are
 * made when the coded scan is first asked and again when the rows have doubled, because the mean
 * has moved by then.
 *
 * How many rows go on from the signs was measured on a model of the default net's descriptors (128
 * elements, 32 effective dimensions: it reproduces the false match rates of same-gender pairs),
 * questions at the distances of same-person pairs up to 0.60, 1 500 questions against 200 000 rows:
 * the nearest row was among the best 2 400 by signs in 99.9 % of them. bench/search prints the
 * recall.
 */
#define CODED_FROM      512  /* rows: below, comparing all is faster */
#define LEAST_FROM_SIGN 192  /* rows that go on from the signs at least */
#define SIGN_SHARE      160  /* and one of this many rows */
#define SPARE_FROM_INT8 15   /* rows that go on from the int8 rows, more than asked for */
#define SAMPLED_ROWS    4096 /* for the quantile of the signs */
/* Rows ahead that are asked of memory while int8 rows are compared: they lie anywhere. */
#define PREFETCHED 16
#define CACHE_LINE 64
/* From this size on a block asks for pages of this size: with small ones nearly every int8 row
 * costs a walk through the page tables. */
#define LARGE_PAGE ((size_t)2 << 20)
#define ROTATIONS                                                                                  \
    3 /* rounds of sign flips and Hadamard transform: as good as a random rotation                 \
       */

struct scan {
    unsigned dimension;
    unsigned bits; /* power of two ≥ dimension, at least 64 */
    uint32_t count;
    uint32_t capacity;
    float *vectors; /* count × dimension */
    /* Coded copy; coded_at == 0 when there is none. */
    uint32_t coded_at;   /* rows when the mean was taken */
    float *mean;         /* dimension */
    float scale;         /* int8 per unit */
    uint32_t coded_room; /* rows */
    int8_t *bytes;       /* coded_room × dimension */
    uint64_t *codes;     /* bits / 64 planes of coded_room words: word w of all rows, then w + 1 */
    float *flips;        /* ROTATIONS × bits, ±1 */
    float *rotated;      /* bits; scratch */
    uint8_t *counts;     /* scratch: differing signs by row, whole groups */
    uint8_t *least;      /* scratch: by group, whole eights */
    uint32_t counts_room;
    uint32_t *chosen; /* scratch: rows from the signs */
    size_t chosen_room;
};

struct scan *scan_new(unsigned dimension)
{
    struct scan *scan = g_new0(struct scan, 1);

    g_assert(dimension >= 1 && dimension <= LIMIT_EMBEDDING_DIMENSION);
    scan->dimension = dimension;
    scan->bits = 64;
    while (scan->bits < dimension)
        scan->bits *= 2;
    return scan;
}

void scan_free(struct scan *scan)
{
    if (!scan)
        return;
    g_free(scan->vectors);
    g_free(scan->mean);
    free(scan->bytes);
    free(scan->codes);
    g_free(scan->flips);
    g_free(scan->rotated);
    g_free(scan->chosen);
    g_free(scan->counts);
    g_free(scan->least);
    g_free(scan);
}

uint32_t scan_count(const struct scan *scan)
{
    return scan->count;
}

unsigned scan_dimension(const struct scan *scan)
{
    return scan->dimension;
}

const float *scan_vector(const struct scan *scan, uint32_t row)
{
    g_assert(row < scan->count);
    return scan->vectors + (size_t)row * scan->dimension;
}

/* ---- Codes ---- */

static void make_flips(struct scan *scan)
{
    uint64_t random =
        0x9e3779b97f4a7c15u; /* any odd constant; the rotation is the same everywhere */

    scan->flips = g_new(float, (size_t)ROTATIONS * scan->bits);
    scan->rotated = g_new(float, scan->bits);
    for (size_t i = 0; i < (size_t)ROTATIONS * scan->bits; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        scan->flips[i] = (random >> 40) & 1 ? 1.0f : -1.0f;
    }
}

/* In-place Walsh–Hadamard transform of x[0 … bits), not scaled. */
static void hadamard(float *x, unsigned bits)
{
    for (unsigned half = 1; half < bits; half *= 2) {
        for (unsigned i = 0; i < bits; i += 2 * half) {
            for (unsigned k = i; k < i + half; k++) {
                const float a = x[k], b = x[k + half];

                x[k] = a + b;
                x[k + half] = a - b;
            }
        }
    }
}

/* Centres, quantises and codes one vector; word w of the code goes to code[w * stride]. */
static void code_vector(struct scan *scan, const float *vector, int8_t *bytes, uint64_t *code,
                        size_t stride)
{
    float *x = scan->rotated;

    for (unsigned k = 0; k < scan->dimension; k++) {
        const float scaled = (x[k] = vector[k] - scan->mean[k]) * scan->scale;

        bytes[k] = (int8_t)lrintf(CLAMP(scaled, -127.0f, 127.0f));
    }
    memset(x + scan->dimension, 0, (scan->bits - scan->dimension) * sizeof(float));
    for (unsigned round = 0; round < ROTATIONS; round++) {
        const float *flips = scan->flips + (size_t)round * scan->bits;

        for (unsigned k = 0; k < scan->bits; k++)
            x[k] *= flips[k];
        hadamard(x, scan->bits);
    }
    for (unsigned word = 0; word < scan->bits / 64; word++) {
        uint64_t signs = 0;

        for (unsigned bit = 0; bit < 64; bit++)
            signs |= (uint64_t)(x[word * 64 + bit] > 0) << bit;
        code[word * stride] = signs;
    }
}

static void code_row(struct scan *scan, uint32_t row)
{
    code_vector(scan, scan_vector(scan, row), scan->bytes + (size_t)row * scan->dimension,
                scan->codes + row, scan->coded_room);
}

/* `bytes` of memory that begin with a cache line, or a large page where there are so many. */
static void *take_aligned(size_t bytes)
{
    const size_t unit = bytes >= LARGE_PAGE ? LARGE_PAGE : CACHE_LINE;
    void *block;

    if (posix_memalign(&block, unit, bytes) != 0)
        g_error("no memory: %zu bytes for a gallery", bytes);
#ifdef MADV_HUGEPAGE
    if (unit == LARGE_PAGE)
        (void)madvise(block, bytes, MADV_HUGEPAGE); /* a wish */
#endif
    return block;
}

/* Makes room for the codes of `capacity` rows; keeps those of the first `kept`. */
static void reserve_codes(struct scan *scan, uint32_t kept)
{
    const size_t words = scan->bits / 64, room = scan->capacity;
    int8_t *bytes = take_aligned(room * scan->dimension);
    uint64_t *codes = take_aligned(room * words * sizeof(uint64_t));

    if (kept > 0) {
        memcpy(bytes, scan->bytes, (size_t)kept * scan->dimension);
        for (size_t word = 0; word < words; word++)
            memcpy(codes + word * room, scan->codes + word * scan->coded_room,
                   kept * sizeof(uint64_t));
    }
    free(scan->bytes);
    free(scan->codes);
    scan->bytes = bytes;
    scan->codes = codes;
    scan->coded_room = scan->capacity;
}

/* Takes the mean and the range of all rows and codes them all. */
static void code_all(struct scan *scan)
{
    g_autofree double *sums = g_new0(double, scan->dimension);
    float widest = 1e-6f;

    if (!scan->flips)
        make_flips(scan);
    if (!scan->mean)
        scan->mean = g_new(float, scan->dimension);
    for (uint32_t row = 0; row < scan->count; row++) {
        const float *vector = scan_vector(scan, row);

        for (unsigned k = 0; k < scan->dimension; k++)
            sums[k] += (double)vector[k];
    }
    for (unsigned k = 0; k < scan->dimension; k++)
        scan->mean[k] = (float)(sums[k] / scan->count);
    for (uint32_t row = 0; row < scan->count; row++) {
        const float *vector = scan_vector(scan, row);

        for (unsigned k = 0; k < scan->dimension; k++)
            widest = MAX(widest, fabsf(vector[k] - scan->mean[k]));
    }
    scan->scale = 127.0f / widest;
    scan->coded_at = scan->count;
    if (scan->coded_room < scan->capacity)
        reserve_codes(scan, 0);
    for (uint32_t row = 0; row < scan->count; row++)
        code_row(scan, row);
}

/* ---- Rows ---- */

bool scan_add(struct scan *scan, const float *vector)
{
    if (scan->count >= LIMIT_GALLERY_VECTORS)
        return false;
    if (scan->count == scan->capacity) {
        scan->capacity = MAX(64, scan->capacity + scan->capacity / 2);
        scan->vectors =
            g_realloc_n(scan->vectors, (size_t)scan->capacity * scan->dimension, sizeof(float));
        if (scan->coded_at)
            reserve_codes(scan, scan->count);
    }
    memcpy(scan->vectors + (size_t)scan->count * scan->dimension, vector,
           scan->dimension * sizeof(float));
    scan->count++;
    if (scan->coded_at)
        code_row(scan, scan->count - 1);
    return true;
}

void scan_remove(struct scan *scan, uint32_t row)
{
    const uint32_t last = scan->count - 1;

    g_assert(row < scan->count);
    if (row != last) {
        memcpy(scan->vectors + (size_t)row * scan->dimension,
               scan->vectors + (size_t)last * scan->dimension, scan->dimension * sizeof(float));
        if (scan->coded_at) {
            memcpy(scan->bytes + (size_t)row * scan->dimension,
                   scan->bytes + (size_t)last * scan->dimension, scan->dimension);
            for (size_t word = 0; word < scan->bits / 64; word++)
                scan->codes[word * scan->coded_room + row] =
                    scan->codes[word * scan->coded_room + last];
        }
    }
    scan->count--;
}

/* ---- Questions ---- */

/* Keeps the nearest `most` hits, sorted; equal distances by row. */
static size_t keep_hit(struct scan_hit *hits, size_t count, size_t most, uint32_t row, float square)
{
    size_t place = count;

    if (count == most && !(square < hits[most - 1].distance ||
                           (square <= hits[most - 1].distance && row < hits[most - 1].row)))
        return count;
    if (count < most)
        count++;
    else
        place--;
    while (place > 0 && (square < hits[place - 1].distance ||
                         (square <= hits[place - 1].distance && row < hits[place - 1].row))) {
        hits[place] = hits[place - 1];
        place--;
    }
    hits[place] = (struct scan_hit){row, square};
    return count;
}

static size_t finish(struct scan_hit *hits, size_t count)
{
    for (size_t i = 0; i < count; i++)
        hits[i].distance = sqrtf(hits[i].distance);
    return count;
}

size_t scan_nearest_exact(struct scan *scan, const float *query, struct scan_hit *hits, size_t most)
{
    size_t count = 0;

    g_assert(most <= SCAN_HITS_MAX);
    if (most == 0)
        return 0;
    for (uint32_t row = 0; row < scan->count; row++)
        count = keep_hit(hits, count, most, row,
                         scan_square_distance_f32(query, scan_vector(scan, row), scan->dimension));
    return finish(hits, count);
}

/* Room for the counts of all rows and for `wanted` chosen ones. */
static void reserve_scratch(struct scan *scan, size_t wanted)
{
    if (scan->counts_room < scan->count) {
        const size_t groups = (scan->capacity + SCAN_GROUP - 1) / SCAN_GROUP;

        g_free(scan->counts);
        g_free(scan->least);
        scan->counts = g_malloc(groups * SCAN_GROUP);
        scan->least = g_malloc((groups + 7) / 8 * 8);
        scan->counts_room = scan->capacity;
    }
    if (scan->chosen_room < wanted) {
        g_free(scan->chosen);
        scan->chosen_room = 2 * wanted;
        scan->chosen = g_new(uint32_t, scan->chosen_room);
    }
}

/* How many differing signs a row may have so that about `wanted` rows remain: the quantile of a
 * sample of rows that are spread over all. */
static uint8_t limit_for(const struct scan *scan, size_t wanted)
{
    const uint32_t stride = MAX(1, scan->count / SAMPLED_ROWS);
    uint32_t histogram[SCAN_COUNT_MAX + 1] = {0};
    uint64_t sampled = 0, below = 0;
    uint8_t limit = 0;

    for (uint32_t row = 0; row < scan->count; row += stride, sampled++)
        histogram[scan->counts[row]]++;
    while (limit < SCAN_COUNT_MAX && (below += histogram[limit]) * scan->count < wanted * sampled)
        limit++;
    return limit;
}

/* Of eight numbers below 128, which are at most `limit` (below 128, too): the high bit of each
 * byte. */
static uint64_t at_most(const uint8_t *eight, uint8_t limit)
{
    const uint64_t high = 0x8080808080808080u;
    uint64_t numbers;

    memcpy(&numbers, eight, sizeof(numbers));
    /* A byte of 128 + limit − number keeps its high bit. */
    return (high + limit * 0x0101010101010101u - GUINT64_FROM_LE(numbers)) & high;
}

static unsigned first_of(uint64_t high_bits)
{
    return (unsigned)__builtin_ctzll(high_bits) / 8;
}

/* Collects the rows with at most `limit` differing signs, in their order, until `most` are found.
 */
static size_t collect(struct scan *scan, size_t groups, uint8_t limit, size_t most)
{
    size_t found = 0;

    for (size_t first = 0; first < groups; first += 8) {
        for (uint64_t near = at_most(scan->least + first, limit); near != 0; near &= near - 1) {
            const size_t group = first + first_of(near);

            for (size_t i = group * SCAN_GROUP; i < (group + 1) * SCAN_GROUP; i += 8) {
                for (uint64_t hits = at_most(scan->counts + i, limit); hits != 0;
                     hits &= hits - 1) {
                    const size_t row = i + first_of(hits);

                    if (found == most || row >= scan->count)
                        return found;
                    scan->chosen[found++] = (uint32_t)row;
                }
            }
        }
    }
    return found;
}

/* The rows that are best by signs, about `wanted`, in scan->chosen. Always some. */
static size_t choose_by_signs(struct scan *scan, const uint64_t *code, size_t wanted)
{
    const size_t words = scan->bits / 64;
    const size_t groups = (scan->count + SCAN_GROUP - 1) / SCAN_GROUP;
    const size_t most = 2 * wanted;
    unsigned shift = 0;
    size_t found;
    uint8_t limit;

    reserve_scratch(scan, most);
    while ((scan->bits >> shift) > SCAN_COUNT_MAX + 1)
        shift++;
    if (words == 2)
        scan_count_signs_128(scan->codes, scan->codes + scan->coded_room, code[0], code[1],
                             scan->counts, scan->count);
    else
        scan_count_signs(scan->codes, scan->coded_room, code, words, shift, scan->counts,
                         scan->count);
    memset(scan->counts + scan->count, SCAN_COUNT_MAX, groups * SCAN_GROUP - scan->count);
    scan_least_of_groups(scan->counts, scan->least, groups);
    memset(scan->least + groups, SCAN_COUNT_MAX, (groups + 7) / 8 * 8 - groups);
    limit = limit_for(scan, wanted);
    found = collect(scan, groups, limit, most);
    while (found == most && limit > 0) {
        found = collect(scan, groups, --limit, most);
        if (found < SCAN_HITS_MAX) {
            /* One count holds very many rows (copies of one face): all of them go on. */
            reserve_scratch(scan, scan->count);
            return collect(scan, groups, limit + 1, scan->count);
        }
    }
    return found;
}

static void prefetch_bytes(const struct scan *scan, uint32_t row)
{
    const int8_t *bytes = scan->bytes + (size_t)row * scan->dimension;

    for (unsigned k = 0; k < scan->dimension; k += CACHE_LINE)
        __builtin_prefetch(bytes + k);
}

size_t scan_nearest_coded(struct scan *scan, const float *query, struct scan_hit *hits, size_t most)
{
    uint64_t code[LIMIT_EMBEDDING_DIMENSION / 64];
    int8_t bytes[LIMIT_EMBEDDING_DIMENSION];
    struct scan_hit nearest[SCAN_HITS_MAX + SPARE_FROM_INT8];
    const size_t wanted = MAX(LEAST_FROM_SIGN, scan->count / SIGN_SHARE);
    size_t chosen, near_count = 0, count = 0;

    g_assert(most <= SCAN_HITS_MAX);
    if (most == 0 || scan->count == 0)
        return 0;
    if (scan->coded_at == 0 || scan->count / 2 > scan->coded_at)
        code_all(scan);
    code_vector(scan, query, bytes, code, 1);
    chosen = choose_by_signs(scan, code, wanted);
    for (size_t i = 0; i < chosen; i++) {
        const int8_t *row = scan->bytes + (size_t)scan->chosen[i] * scan->dimension;

        if (i + PREFETCHED < chosen)
            prefetch_bytes(scan, scan->chosen[i + PREFETCHED]);
        near_count = keep_hit(nearest, near_count, most + SPARE_FROM_INT8, scan->chosen[i],
                              (float)scan_square_distance_i8(bytes, row, scan->dimension));
    }
    for (size_t i = 0; i < near_count; i++)
        count = keep_hit(
            hits, count, most, nearest[i].row,
            scan_square_distance_f32(query, scan_vector(scan, nearest[i].row), scan->dimension));
    return finish(hits, count);
}

size_t scan_nearest(struct scan *scan, const float *query, struct scan_hit *hits, size_t most)
{
    return scan->count < CODED_FROM ? scan_nearest_exact(scan, query, hits, most)
                                    : scan_nearest_coded(scan, query, hits, most);
}
