#include "cli/replay.h"

#include "base/clock.h"
#include "base/error.h"
#include "cli/paths.h"
#include "cli/progress.h"
#include "infer/runner.h"
#include "source/source.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

struct replay {
    const struct replay_config *config;
    struct infer *infer;
    struct vision *vision;
    struct source *source;
    struct pipeline *pipeline; /* NULL before the first frame */
    struct source_info info;
    bool has_info;
    struct progress progress;
    struct pipeline_box boxes[LIMIT_TRACKS_PER_CAMERA];
    size_t box_count;
    bool boxes_new;
    bool motion; /* since the last analysed frame */
    struct replay_result *result;
};

static void on_event(void *context, struct event *event)
{
    struct replay *replay = context;
    if (replay->config->on_event != NULL)
        replay->config->on_event(replay->config->context, event);
}

static void on_boxes(void *context, const struct pipeline_boxes *boxes)
{
    struct replay *replay = context;
    replay->box_count = MIN(boxes->count, G_N_ELEMENTS(replay->boxes));
    memcpy(replay->boxes, boxes->boxes, replay->box_count * sizeof(*boxes->boxes));
    replay->boxes_new = true;
}

static struct policy replay_policy(const struct replay *replay)
{
    struct policy policy = policy_none();
    if (replay->result->recognised) {
        policy.mode = POLICY_RETURNING;
        policy.recognition_enabled = true;
    }
    return policy;
}

/* The nets; faces are left out with a word on standard error where theirs are missing. */
static bool open_nets(struct replay *replay, GError **error)
{
    g_autofree char *models = paths_models_directory(replay->config->settings);
    g_autofree char *library = paths_runtime_library(replay->config->settings);
    struct infer_config config = {
        .logger = replay->config->logger, .library = library, .models_directory = models};
    replay->infer = infer_new(&config, error);
    if (replay->infer == NULL)
        return false;
    replay->vision = vision_new(replay->infer, VISION_NEED_BODIES, error);
    if (replay->vision == NULL)
        return false;
    if (!replay->config->recognise)
        return true;
    g_autoptr(GError) missing = NULL;
    if (vision_require(replay->vision, VISION_NEED_FACES | VISION_NEED_EMBEDDING, &missing))
        replay->result->recognised = true;
    else
        fprintf(stderr, "People are not recognised: %s\n", missing->message);
    return true;
}

static bool open_source(struct replay *replay, GError **error)
{
    g_autofree char *capture = paths_capture_executable(replay->config->settings);
    struct source_config config = {
        .url = replay->config->input,
        .pace = SOURCE_PACE_FAST,
        .decode_everything = true,
        .start_at = REPLAY_START,
        .no_restart = true,
        .allow_loopback = true, /* it was typed here */
        .capture_path = capture,
        .logger = replay->config->logger,
    };
    replay->source = source_new(&config, error);
    return replay->source != NULL;
}

static void open_pipeline(struct replay *replay, const struct image *image)
{
    const struct replay_config *asked = replay->config;
    float width = (float)image->width, height = (float)image->height;
    struct pipeline_config config = {
        .camera_id = {{1}},
        .analysis_fps = asked->fps > 0 ? asked->fps : asked->settings->analysis.rate_fps,
        .busy_fps = asked->fps > 0 ? asked->fps : 0,
        .policy = replay_policy(replay),
        .seeded = true,
        .sink = {on_event, on_boxes, replay},
    };
    if (asked->has_line) {
        config.line_count = 1;
        config.lines[0] = (struct pipeline_line){
            .id = {{2}},
            .a = {asked->line_from.x / width, asked->line_from.y / height},
            .b = {asked->line_to.x / width, asked->line_to.y / height},
        };
    }
    replay->pipeline = pipeline_new(&config);
}

static bool take_frame(struct replay *replay, const struct source_frame *frame, GError **error)
{
    if (replay->pipeline == NULL)
        open_pipeline(replay, &frame->image);
    if (!replay->has_info)
        replay->has_info = source_get_info(replay->source, &replay->info);
    replay->motion |= frame->motion.motion;
    replay->boxes_new = false;
    struct pipeline_frame pushed = {
        .image = &frame->image,
        .captured_at = frame->captured_at,
        .pts_us = frame->pts_us,
        .mono_ns = frame->pts_us * 1000,
        .motion = replay->motion,
    };
    if (!pipeline_push(replay->pipeline, replay->vision, &pushed, error))
        return false;
    replay->motion &= !replay->boxes_new;
    struct replay_result *result = replay->result;
    struct replay_frame shown = {
        .image = &frame->image,
        .number = result->frames,
        .seconds = (double)frame->pts_us / 1e6,
        .fps = replay->info.fps,
        .analysed = replay->boxes_new,
        .boxes = replay->boxes,
        .box_count = replay->box_count,
    };
    result->frames++;
    result->width = frame->image.width;
    result->height = frame->image.height;
    result->seconds = shown.seconds + (replay->info.fps > 0 ? 1 / replay->info.fps : 0);
    return replay->config->on_frame == NULL ||
           replay->config->on_frame(replay->config->context, &shown, error);
}

static void show_progress(struct replay *replay)
{
    if (replay->config->label == NULL)
        return;
    uint64_t total_ms =
        replay->info.duration_us > 0 ? (uint64_t)replay->info.duration_us / 1000 : 0;
    uint64_t done_ms = (uint64_t)(replay->result->seconds * 1000);
    progress_update(&replay->progress, total_ms > 0 ? MIN(done_ms, total_ms) : done_ms, total_ms,
                    clock_system()->mono_now(clock_system()));
}

static bool play(struct replay *replay, GError **error)
{
    for (;;) {
        struct source_item item = {0};
        switch (source_next(replay->source, -1, &item)) {
        case SOURCE_ITEM_FRAME: {
            bool ok = take_frame(replay, &item.frame, error);
            source_release(replay->source, &item);
            if (!ok)
                return false;
            show_progress(replay);
            break;
        }
        case SOURCE_ITEM_END:
            if (item.error == NULL)
                return true;
            g_propagate_error(error, g_error_copy(item.error));
            return false;
        case SOURCE_ITEM_STATE:
        case SOURCE_ITEM_NONE:
            break;
        }
    }
}

bool replay_run(const struct replay_config *config, struct replay_result *result, GError **error)
{
    struct replay *replay = g_new0(struct replay, 1);
    memset(result, 0, sizeof(*result));
    replay->config = config;
    replay->result = result;
    if (config->label != NULL)
        progress_init(&replay->progress, config->label, clock_system()->mono_now(clock_system()));
    bool ok = open_nets(replay, error) && open_source(replay, error) && play(replay, error);
    if (config->label != NULL)
        progress_clear(&replay->progress);
    if (replay->pipeline != NULL) {
        pipeline_finish(replay->pipeline);
        result->counts = pipeline_counts(replay->pipeline);
    }
    pipeline_free(replay->pipeline);
    source_free(replay->source);
    vision_free(replay->vision);
    infer_free(replay->infer);
    g_free(replay);
    return ok;
}

void replay_quiet(struct invocation *invocation)
{
    if (invocation->sink.least == LOG_INFO)
        invocation->sink.least = LOG_WARN;
}

static double seconds_of(const struct rusage *usage)
{
    return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
           (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
}

double replay_cpu_seconds(void)
{
    struct rusage own, children;
    getrusage(RUSAGE_SELF, &own);
    getrusage(RUSAGE_CHILDREN, &children);
    return seconds_of(&own) + seconds_of(&children);
}

bool replay_parse_line(const char *text, struct point *from, struct point *to, GError **error)
{
    float values[4];
    const char *at = text;
    for (int i = 0; i < 4; i++) {
        char *end = NULL;
        double value = g_ascii_strtod(at, &end);
        bool separated = i < 3 ? *end == ',' : *end == '\0';
        if (end == at || !separated || !isfinite(value) || fabs(value) > 1e6) {
            error_set_field(error, ERROR_INVALID, "line",
                            "\"%s\" is not a line: expected x1,y1,x2,y2 in pixels", text);
            return false;
        }
        values[i] = (float)value;
        at = end + 1;
    }
    if (values[0] == values[2] && values[1] == values[3]) {
        error_set_field(error, ERROR_INVALID, "line", "The line \"%s\" has no length", text);
        return false;
    }
    *from = (struct point){values[0], values[1]};
    *to = (struct point){values[2], values[3]};
    return true;
}
