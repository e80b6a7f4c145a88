/*
 * source_load URL [SOURCES [SECONDS [WARM_SECONDS]]]: opens the same camera SOURCES times as a
 * worker does, throws the frames away, and prints one JSON line: CPU of this process and its
 * capture children after the warm-up, and what they did with the packets. For the camera benches.
 *
 * A child says once a second what it did so far, so each is measured from one such message to
 * another; SECONDS is how far apart they are, to within one.
 */
#include "source/source.h"

#include <glib.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

/* Longest wait for a camera before the next one is opened. */
#define OPEN_SECONDS 10

struct watched {
    struct source *source;
    /* The newest message and the one that the measurement begins with. */
    struct source_statistics seen, first;
    gint64 seen_us, first_us;
};

/* What all sources did, a second. */
struct rates {
    double packets, decoded, sent, child_cpu_us;
};

/* What all sources did, in all. */
struct totals {
    double copied, dropped, restarts, triggers, decoded, sent, gate_ns, decode_ns;
};

static double own_cpu_us(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void note(struct watched *watched)
{
    struct source_statistics now;

    source_get_statistics(watched->source, &now);
    if (now.child_cpu_us == watched->seen.child_cpu_us)
        return;
    watched->seen = now;
    watched->seen_us = g_get_monotonic_time();
}

/* Serves all sources until `until`. */
static void run(struct watched *all, int count, gint64 until)
{
    g_autofree struct pollfd *sockets = g_new0(struct pollfd, (gsize)count);

    while (g_get_monotonic_time() < until) {
        for (int i = 0; i < count; i++)
            sockets[i] = (struct pollfd){.fd = source_fd(all[i].source), .events = POLLIN};
        poll(sockets, (nfds_t)count, 100);
        for (int i = 0; i < count; i++) {
            struct source_item item;

            if (!sockets[i].revents && source_wait_ms(all[i].source) > 0)
                continue;
            while (source_next(all[i].source, 0, &item) != SOURCE_ITEM_NONE &&
                   item.kind != SOURCE_ITEM_END)
                source_release(all[i].source, &item);
            note(&all[i]);
        }
    }
}

/* Opens one after another as soon as the one before has a picture: opening and the first seconds,
 * in which everything is decoded, cost many times what a still scene does. */
static bool open_all(struct watched *all, int count, const char *url)
{
    const struct source_config config = {.url = url, .allow_loopback = true, .analysis_fps = 5};

    for (int i = 0; i < count; i++) {
        g_autoptr(GError) error = NULL;

        if (!(all[i].source = source_new(&config, &error))) {
            fprintf(stderr, "%s\n", error->message);
            return false;
        }

        const gint64 until = g_get_monotonic_time() + OPEN_SECONDS * 1000000LL;
        struct source_info info;

        while (!source_get_info(all[i].source, &info) && g_get_monotonic_time() < until)
            run(all, i + 1, g_get_monotonic_time() + 20000);
    }
    return true;
}

static void sum(const struct watched *all, int count, struct rates *rates, struct totals *totals)
{
    *rates = (struct rates){0};
    *totals = (struct totals){0};
    for (int i = 0; i < count; i++) {
        const struct source_statistics *from = &all[i].first, *to = &all[i].seen;
        const double seconds = (double)MAX(all[i].seen_us - all[i].first_us, 1) / 1e6;

        rates->packets += (double)(to->packets - from->packets) / seconds;
        rates->decoded += (double)(to->decoded - from->decoded) / seconds;
        rates->sent += (double)(to->sent - from->sent) / seconds;
        rates->child_cpu_us += (double)(to->child_cpu_us - from->child_cpu_us) / seconds;
        totals->copied += (double)(to->copied - from->copied);
        totals->dropped += (double)(to->dropped - from->dropped);
        totals->restarts += (double)(to->restarts - from->restarts);
        totals->triggers += (double)(to->triggers - from->triggers);
        totals->decoded += (double)(to->decoded - from->decoded);
        totals->sent += (double)(to->sent - from->sent);
        totals->gate_ns += (double)(to->gate_ns - from->gate_ns);
        totals->decode_ns += (double)(to->decode_ns - from->decode_ns);
    }
}

static void print(const struct watched *all, int count, double own_us_per_second)
{
    struct rates rates;
    struct totals totals;

    sum(all, count, &rates, &totals);

    const double decode_us = totals.decode_ns / MAX(totals.decoded, 1) / 1e3;
    const double gate_us = totals.gate_ns / MAX(totals.sent, 1) / 1e3;

    printf("{\"cpu_ms_per_second\": %.3f, \"packets\": %.2f, \"decoded\": %.2f, \"sent\": %.2f, "
           "\"copied\": %.0f, \"dropped\": %.0f, \"restarts\": %.0f, \"triggers\": %.0f, "
           "\"decode_us\": %.1f, \"gate_us\": %.1f}\n",
           (rates.child_cpu_us + own_us_per_second) / 1e3, rates.packets, rates.decoded, rates.sent,
           totals.copied, totals.dropped, totals.restarts, totals.triggers, decode_us, gate_us);
}

int main(int argc, char **argv)
{
    const int count = argc > 2 ? atoi(argv[2]) : 1, seconds = argc > 3 ? atoi(argv[3]) : 60;
    const int warm = argc > 4 ? atoi(argv[4]) : 15;
    g_autofree struct watched *all = NULL;
    double own;
    gint64 start;

    if (argc < 2 || count < 1 || seconds < 1)
        return 2;
    all = g_new0(struct watched, (gsize)count);
    if (!open_all(all, count, argv[1]))
        return 1;
    run(all, count, g_get_monotonic_time() + warm * 1000000LL);
    for (int i = 0; i < count; i++) {
        all[i].first = all[i].seen;
        all[i].first_us = all[i].seen_us;
    }
    own = own_cpu_us();
    start = g_get_monotonic_time();
    run(all, count, start + seconds * 1000000LL);
    print(all, count, (own_cpu_us() - own) / ((double)(g_get_monotonic_time() - start) / 1e6));
    for (int i = 0; i < count; i++)
        source_free(all[i].source);
    return 0;
}
