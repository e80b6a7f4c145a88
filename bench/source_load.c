/*
 * source_load URL [SOURCES [SECONDS [WARM_SECONDS]]]: opens the same camera SOURCES times as a
 * worker does, throws the frames away, and prints one JSON line: CPU of this process and its
 * capture children after the warm-up, and what they did with the packets. For the camera benches.
 */
#include "source/source.h"

#include <glib.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

static void sum(struct source **sources, int count, struct source_statistics *total)
{
    *total = (struct source_statistics){0};
    for (int i = 0; i < count; i++) {
        struct source_statistics one;

        source_get_statistics(sources[i], &one);
        total->packets += one.packets;
        total->decoded += one.decoded;
        total->sent += one.sent;
        total->copied += one.copied;
        total->dropped += one.dropped;
        total->restarts += one.restarts;
        total->triggers += one.triggers;
        total->gate_ns += one.gate_ns;
        total->decode_ns += one.decode_ns;
        total->child_cpu_us += one.child_cpu_us;
    }
}

static double own_cpu_us(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* Serves all sources until `until`. */
static void run(struct source **sources, int count, gint64 until)
{
    g_autofree struct pollfd *sockets = g_new0(struct pollfd, (gsize)count);

    while (g_get_monotonic_time() < until) {
        for (int i = 0; i < count; i++)
            sockets[i] = (struct pollfd){.fd = source_fd(sources[i]), .events = POLLIN};
        poll(sockets, (nfds_t)count, 100);
        for (int i = 0; i < count; i++) {
            struct source_item item;

            if (!sockets[i].revents && source_wait_ms(sources[i]) > 0)
                continue;
            while (source_next(sources[i], 0, &item) != SOURCE_ITEM_NONE &&
                   item.kind != SOURCE_ITEM_END)
                source_release(sources[i], &item);
        }
    }
}

int main(int argc, char **argv)
{
    const int count = argc > 2 ? atoi(argv[2]) : 1, seconds = argc > 3 ? atoi(argv[3]) : 60;
    const int warm = argc > 4 ? atoi(argv[4]) : 15;
    const struct source_config config = {
        .url = argc > 1 ? argv[1] : "", .allow_loopback = true, .analysis_fps = 5};
    struct source_statistics before, after;
    g_autofree struct source **sources = NULL;
    double own;
    gint64 start;

    if (argc < 2 || count < 1 || seconds < 1)
        return 2;
    sources = g_new0(struct source *, (gsize)count);
    for (int i = 0; i < count; i++) {
        g_autoptr(GError) error = NULL;

        if (!(sources[i] = source_new(&config, &error))) {
            fprintf(stderr, "%s\n", error->message);
            return 1;
        }
        /* Not all at once: opening costs more than running. */
        run(sources, i + 1, g_get_monotonic_time() + (count > 4 ? 150000 : 0));
    }
    run(sources, count, g_get_monotonic_time() + warm * 1000000LL);
    sum(sources, count, &before);
    own = own_cpu_us();
    start = g_get_monotonic_time();
    run(sources, count, start + seconds * 1000000LL);
    sum(sources, count, &after);

    const double wall = (double)(g_get_monotonic_time() - start) / 1e6;
    const double child = (double)(after.child_cpu_us - before.child_cpu_us);
    const double decoded = (double)MAX(after.decoded - before.decoded, 1);

    printf("{\"seconds\": %.2f, \"cpu_ms_per_second\": %.3f, \"packets\": %.1f, \"decoded\": %.1f, "
           "\"sent\": %.1f, \"copied\": %.0f, \"dropped\": %.0f, \"restarts\": %.0f, \"triggers\": "
           "%.0f, "
           "\"decode_us\": %.1f, \"gate_us\": %.1f, \"gate_share\": %.4f}\n",
           wall, (child + own_cpu_us() - own) / wall / 1e3,
           (double)(after.packets - before.packets) / wall, decoded / wall,
           (double)(after.sent - before.sent) / wall, (double)(after.copied - before.copied),
           (double)(after.dropped - before.dropped), (double)(after.restarts - before.restarts),
           (double)(after.triggers - before.triggers),
           (double)(after.decode_ns - before.decode_ns) / decoded / 1e3,
           (double)(after.gate_ns - before.gate_ns) / (double)MAX(after.sent - before.sent, 1) /
               1e3,
           (double)(after.gate_ns - before.gate_ns) /
               (double)MAX(after.decode_ns - before.decode_ns, 1));
    for (int i = 0; i < count; i++)
        source_free(sources[i]);
    return 0;
}
