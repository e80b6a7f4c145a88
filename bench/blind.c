/*
 * blind: a passage of one second that begins just after a key frame, at GOPs of 1, 2 and 4 s, at a
 * constant quality (VBR) and a constant rate (CBR), with no, little and much sensor noise, watched
 * with the settings of a live camera. Prints how many of its 15 pictures were handed out, and how
 * many of the stream's 600 were decoded. The guard: at a variable rate with little noise most of
 * them are, whatever the GOP (a busy machine drops some).
 */
#include "../tests/unit/source/clip.h"
#include "source/source.h"

#include <glib.h>
#include <poll.h>
#include <stdio.h>

#define FRAMES 600
#define FIRST  543
#define LAST   558
#define ROWS   18 /* three GOPs, two rates, three noises */
/* ± grey levels: what a camera's noise filter leaves by day. */
#define LITTLE_NOISE 2

struct watched {
    int gop_seconds, noise;
    bool constant_rate, over;
    struct source *source;
    int in_passage;
};

int main(void)
{
    struct watched all[ROWS];
    g_autofree char *directory = clip_directory();
    bool running = true, guarded = true;

    for (int i = 0; i < ROWS; i++) {
        static const int noises[] = {0, LITTLE_NOISE, 5};
        const int gop = 1 << (i / 6), noise = noises[i % 3];
        const bool constant_rate = i / 3 % 2;
        const struct clip clip = {.width = 640,
                                  .height = 360,
                                  .fps = 15,
                                  .frames = FRAMES,
                                  .key_frames = gop * 15,
                                  .bits_per_second = constant_rate ? 700000 : 0,
                                  .first_moving = FIRST,
                                  .last_moving = LAST,
                                  .noise = noise};
        g_autofree char *path = g_strdup_printf("%s/%d.mp4", directory, i);
        const struct source_config config = {.url = path, .pace = SOURCE_PACE_LIVE};

        clip_write(&clip, path);
        all[i] = (struct watched){gop, noise, constant_rate, false, source_new(&config, NULL), 0};
        if (!all[i].source)
            return 1;
    }
    while (running) {
        struct pollfd sockets[ROWS];

        for (int i = 0; i < ROWS; i++)
            sockets[i] = (struct pollfd){.fd = source_fd(all[i].source), .events = POLLIN};
        poll(sockets, ROWS, 100);
        running = false;
        for (int i = 0; i < ROWS; i++) {
            struct source_item item;

            while (!all[i].over && source_next(all[i].source, 0, &item) != SOURCE_ITEM_NONE) {
                const int64_t number = (item.frame.pts_us * 15 + 500000) / 1000000;

                all[i].over = item.kind == SOURCE_ITEM_END;
                if (item.kind == SOURCE_ITEM_FRAME && number >= FIRST && number < LAST)
                    all[i].in_passage++;
                source_release(all[i].source, &item);
            }
            running = running || !all[i].over;
        }
    }
    printf("{\"name\": \"blind\", \"passage_frames\": %d, \"rows\": [", LAST - FIRST);
    for (int i = 0; i < ROWS; i++) {
        struct source_statistics statistics;

        source_get_statistics(all[i].source, &statistics);
        printf("%s{\"gop_seconds\": %d, \"rate\": \"%s\", \"noise\": %d, \"seen\": %d, "
               "\"decoded\": %d, \"triggers\": %d}",
               i ? ", " : "", all[i].gop_seconds, all[i].constant_rate ? "CBR" : "VBR",
               all[i].noise, all[i].in_passage, (int)statistics.decoded, (int)statistics.triggers);
        guarded = guarded && (all[i].constant_rate || all[i].noise > LITTLE_NOISE ||
                              2 * all[i].in_passage > LAST - FIRST);
        source_free(all[i].source);
    }
    printf("]}\n");
    clip_remove_directory(directory);
    return guarded ? 0 : 1;
}
