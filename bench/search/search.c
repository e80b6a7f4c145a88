/*
 * The project's side of bench/search: reads vectors and questions as raw little-endian f32, asks
 * each question once per round through scan_nearest, and prints one JSON line a round:
 * {"p50_us": …, "p99_us": …, "mean_us": …}. The row of each answer of the last round goes to a file
 * as u32, so that the driver can compare them with the peer's.
 */
#include "identity/scan.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now_us(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static float *read_floats(const char *path, size_t *count)
{
    FILE *file = fopen(path, "rb");
    float *floats = NULL;
    long size;

    if (!file || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0) {
        perror(path);
        exit(1);
    }
    rewind(file);
    *count = (size_t)size / sizeof(float);
    floats = g_new(float, *count);
    if (fread(floats, sizeof(float), *count, file) != *count) {
        perror(path);
        exit(1);
    }
    fclose(file);
    return floats;
}

static int compare_doubles(const void *a, const void *b)
{
    const double left = *(const double *)a, right = *(const double *)b;

    return left < right ? -1 : left > right;
}

int main(int argc, char **argv)
{
    size_t vector_floats, question_floats;
    unsigned dimension;
    int rounds;

    if (argc != 6) {
        fprintf(stderr, "usage: %s DIMENSION VECTORS QUESTIONS ROUNDS ANSWERS\n", argv[0]);
        return 2;
    }
    dimension = (unsigned)atoi(argv[1]);
    rounds = atoi(argv[4]);

    g_autofree float *vectors = read_floats(argv[2], &vector_floats);
    g_autofree float *questions = read_floats(argv[3], &question_floats);
    const size_t rows = vector_floats / dimension, asked = question_floats / dimension;
    g_autofree double *times = g_new(double, asked);
    g_autofree uint32_t *answers = g_new0(uint32_t, asked);
    struct scan *scan = scan_new(dimension);
    struct scan_hit hit;

    for (size_t i = 0; i < rows; i++)
        scan_add(scan, vectors + i * dimension);
    g_clear_pointer(&vectors, g_free);
    (void)scan_nearest(scan, questions, &hit, 1); /* makes the codes */
    /* One line is read before each round: the driver decides when. */
    for (int round = 0; round < rounds && getchar() != EOF; round++) {
        double sum = 0;

        for (size_t i = 0; i < asked; i++) {
            const double start = now_us();

            (void)scan_nearest(scan, questions + i * dimension, &hit, 1);
            times[i] = now_us() - start;
            answers[i] = hit.row;
            sum += times[i];
        }
        qsort(times, asked, sizeof(times[0]), compare_doubles);
        printf("{\"p50_us\": %.2f, \"p99_us\": %.2f, \"mean_us\": %.2f}\n", times[asked / 2],
               times[asked * 99 / 100], sum / (double)asked);
        fflush(stdout);
    }
    scan_free(scan);

    FILE *file = fopen(argv[5], "wb");

    if (!file || fwrite(answers, sizeof(answers[0]), asked, file) != asked || fclose(file) != 0) {
        perror(argv[5]);
        return 1;
    }
    return 0;
}
