/*
 * blind: a passage of one second that begins just after a key frame, at GOPs of 1, 2 and 4 s, at a
 * constant quality (VBR) and a constant rate (CBR), watched with the settings of a live camera.
 * Prints how many of its 15 pictures were handed out, and how many of the stream's 240 were
 * decoded.
 */
#include "../tests/unit/source/clip.h"
#include "source/source.h"

#include <glib.h>
#include <poll.h>
#include <stdio.h>

#define FRAMES 240
#define FIRST  183
#define LAST   198

struct watched {
    int gop_seconds;
    bool constant_rate, over;
    struct source *source;
    int in_passage;
};

int main(void)
{
    struct watched all[6];
    g_autofree char *directory = clip_directory();
    bool running = true;

    for (int i = 0; i < 6; i++) {
        const int gop = 1 << (i / 2);
        const struct clip clip = {.width = 640,
                                  .height = 360,
                                  .fps = 15,
                                  .frames = FRAMES,
                                  .key_frames = gop * 15,
                                  .bits_per_second = i % 2 ? 700000 : 0,
                                  .first_moving = FIRST,
                                  .last_moving = LAST,
                                  .noise = 5};
        g_autofree char *path = g_strdup_printf("%s/%d.mp4", directory, i);
        const struct source_config config = {.url = path, .pace = SOURCE_PACE_LIVE};

        clip_write(&clip, path);
        all[i] = (struct watched){gop, i % 2, false, source_new(&config, NULL), 0};
        if (!all[i].source)
            return 1;
    }
    while (running) {
        struct pollfd sockets[6];

        for (int i = 0; i < 6; i++)
            sockets[i] = (struct pollfd){.fd = source_fd(all[i].source), .events = POLLIN};
        poll(sockets, 6, 100);
        running = false;
        for (int i = 0; i < 6; i++) {
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
    for (int i = 0; i < 6; i++) {
        struct source_statistics statistics;

        source_get_statistics(all[i].source, &statistics);
        printf("%s{\"gop_seconds\": %d, \"rate\": \"%s\", \"seen\": %d, \"decoded\": %d, "
               "\"triggers\": %d}",
               i ? ", " : "", all[i].gop_seconds, all[i].constant_rate ? "CBR" : "VBR",
               all[i].in_passage, (int)statistics.decoded, (int)statistics.triggers);
        source_free(all[i].source);
    }
    printf("]}\n");
    clip_remove_directory(directory);
    return 0;
}
