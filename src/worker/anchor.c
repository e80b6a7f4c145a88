#include "worker/anchor.h"

#include <glib.h>

int64_t anchor_resume(const char *folder, const char *label, struct utc resume_after,
                      struct utc now)
{
    g_autofree char *path = g_build_filename(folder, label, NULL);
    g_autofree char *text = NULL;
    int64_t position_us = 0;

    if (resume_after.us && g_file_get_contents(path, &text, NULL, NULL)) {
        const int64_t anchor_us = g_ascii_strtoll(text, NULL, 10);

        if (anchor_us > 0 && anchor_us <= resume_after.us)
            position_us = resume_after.us - anchor_us;
    }
    g_free(text);
    text = g_strdup_printf("%" G_GINT64_FORMAT "\n", now.us - position_us);
    /* Ignoring a failure: without an anchor the loop starts at its beginning. */
    (void)g_file_set_contents(path, text, -1, NULL);
    return position_us;
}
