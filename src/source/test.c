#include "source/test.h"

#include "base/error.h"

/* How often it is looked whether all is known. */
#define LOOK_MS 100
/* How long the frame rate is waited for once there is a picture. */
#define MEASURE_US 3000000

static void keep_still(void *context, const struct source_fragment *fragment)
{
    struct source_test_result *result = context;

    if (fragment->kind == SOURCE_FRAGMENT_STILL && !result->snapshot)
        result->snapshot = g_bytes_ref(fragment->bytes);
}

bool source_test(const struct source_config *config, int width, int timeout_ms,
                 struct source_test_result *result, GError **error)
{
    struct source_config once = *config;
    const int64_t until = g_get_monotonic_time() + timeout_ms * 1000LL;
    struct source_test_result found = {0};
    struct source *source;
    int64_t shown_us = 0;
    bool ok = false, measured = false, over = false;

    once.no_restart = once.decode_everything = true;
    once.pace = SOURCE_PACE_LIVE;
    once.label = NULL;
    once.fragment_sink = keep_still;
    once.fragment_context = &found;
    source = source_new(&once, error);
    if (!source)
        return false;
    source_still_request(source, width);
    while (!(ok && measured) && !over) {
        const int64_t left_ms = (until - g_get_monotonic_time()) / 1000;
        struct source_item item;

        switch (left_ms > 0 ? source_next(source, (int)MIN(left_ms, LOOK_MS), &item)
                            : SOURCE_ITEM_NONE) {
        case SOURCE_ITEM_FRAME:
            source_release(source, &item);
            break;
        case SOURCE_ITEM_STATE:
            break;
        case SOURCE_ITEM_END:
            over = true;
            if (item.error && !found.snapshot)
                g_propagate_error(error, g_error_copy(item.error));
            else if (!found.snapshot)
                error_set(error, ERROR_UNSUPPORTED, "it ended before a picture came");
            break;
        case SOURCE_ITEM_NONE:
            over = left_ms <= 0;
            if (over && !found.snapshot)
                error_set(error, ERROR_TIMEOUT, "no picture within %d seconds", timeout_ms / 1000);
            break;
        }
        ok = found.snapshot && source_get_info(source, &found.info);
        if (ok && !shown_us)
            shown_us = g_get_monotonic_time();
        measured = found.info.fps > 0 || (ok && g_get_monotonic_time() - shown_us > MEASURE_US);
    }
    source_free(source);
    if (ok) {
        *result = found;
        if (error)
            g_clear_error(error);
    } else {
        source_test_clear(&found);
    }
    return ok;
}

void source_test_clear(struct source_test_result *result)
{
    g_clear_pointer(&result->snapshot, g_bytes_unref);
    result->info = (struct source_info){0};
}
