#include "cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Between two drawings. */
#define REDRAW_NS 100000000

void progress_init(struct progress *progress, const char *label, struct mono now)
{
    *progress =
        (struct progress){.label = label, .shown = isatty(STDERR_FILENO) == 1, .started = now};
}

void progress_update(struct progress *progress, uint64_t done, uint64_t total, struct mono now)
{
    char bar[21];
    char line[256];

    if (!progress->shown ||
        (progress->drawn.ns != 0 && now.ns - progress->drawn.ns < REDRAW_NS && done != total))
        return;
    progress->drawn = now;
    if (total == 0) {
        snprintf(line, sizeof(line), "%s: %llu", progress->label, (unsigned long long)done);
    } else {
        size_t filled = (size_t)(done * (sizeof(bar) - 1) / total);
        memset(bar, '.', sizeof(bar) - 1);
        memset(bar, '#', filled < sizeof(bar) - 1 ? filled : sizeof(bar) - 1);
        bar[sizeof(bar) - 1] = '\0';
        double spent = (double)(now.ns - progress->started.ns) / 1e9;
        double left = done ? spent * (double)(total - done) / (double)done : 0;
        snprintf(line, sizeof(line), "%s [%s] %llu of %llu, %.0f s left", progress->label, bar,
                 (unsigned long long)done, (unsigned long long)total, left);
    }
    unsigned width = (unsigned)strlen(line);
    fprintf(stderr, "\r%s%*s", line, progress->width > width ? (int)(progress->width - width) : 0,
            "");
    fflush(stderr);
    progress->width = width;
}

void progress_clear(struct progress *progress)
{
    if (progress->shown && progress->width > 0) {
        fprintf(stderr, "\r%*s\r", (int)progress->width, "");
        fflush(stderr);
    }
    progress->width = 0;
}
