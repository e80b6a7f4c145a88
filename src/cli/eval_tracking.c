/*
 * `customersight eval tracking`: tracks of a video against a truth in the format of the MOT
 * challenge (frame,id,left,top,width,height,confidence,…; frames from 1, confidence 0 is ignored).
 * Only analysed frames are scored.
 */
#include "base/error.h"
#include "cli/commands.h"
#include "cli/eval.h"
#include "cli/options.h"
#include "cli/replay.h"
#include "track/score.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* Rows of a truth file: an hour at 30 frames a second with 20 people in each. */
#define TRUTH_ROWS_MAX 2000000

struct measured {
    GArray *tracked;  /* struct score_box */
    GArray *analysed; /* uint32_t: analysed frames, rising */
    GHashTable *ids;  /* struct uuid * → number from 1 */
    unsigned in, out;
    int width, height;
};

static void on_event(void *context, const struct event *event)
{
    struct measured *measured = context;
    if (event->kind != EVENT_CROSSING)
        return;
    measured->in += event->crossing.direction == CROSSING_IN;
    measured->out += event->crossing.direction == CROSSING_OUT;
}

static bool on_frame(void *context, const struct replay_frame *frame, GError **error)
{
    struct measured *measured = context;
    (void)error;
    if (!frame->analysed)
        return true;
    uint32_t number = (uint32_t)frame->number + 1;
    float width = (float)frame->image->width, height = (float)frame->image->height;
    g_array_append_val(measured->analysed, number);
    for (size_t i = 0; i < frame->box_count; i++) {
        const struct pipeline_box *box = &frame->boxes[i];
        if (!box->seen)
            continue;
        unsigned id = GPOINTER_TO_UINT(g_hash_table_lookup(measured->ids, &box->track_id));
        if (id == 0) {
            id = g_hash_table_size(measured->ids) + 1;
            g_hash_table_insert(measured->ids, g_memdup2(&box->track_id, sizeof(struct uuid)),
                                GUINT_TO_POINTER(id));
        }
        struct score_box tracked = {
            number, id, {box->x0 * width, box->y0 * height, box->x1 * width, box->y1 * height}};
        g_array_append_val(measured->tracked, tracked);
    }
    return true;
}

/* One row; *ignored for confidence 0. */
static bool parse_row(const char *row, struct score_box *box, bool *ignored)
{
    double values[7] = {0, 0, 0, 0, 0, 0, 1};
    const char *at = row;
    int count = 0;
    while (count < 7) {
        char *end = NULL;
        values[count] = g_ascii_strtod(at, &end);
        if (end == at)
            break;
        count++;
        if (*end != ',')
            break;
        at = end + 1;
    }
    if (count < 6 || values[0] < 1 || values[0] > UINT32_MAX || values[1] < 0 ||
        values[1] > UINT32_MAX || values[4] <= 0 || values[5] <= 0)
        return false;
    *ignored = values[6] == 0;
    *box = (struct score_box){(uint32_t)values[0],
                              (uint32_t)values[1],
                              {(float)values[2], (float)values[3], (float)(values[2] + values[4]),
                               (float)(values[3] + values[5])}};
    return true;
}

static GArray *read_truth(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) problem = NULL;
    if (!g_file_get_contents(path, &text, NULL, &problem)) {
        error_set(error, ERROR_NOT_FOUND, "%s", problem->message);
        return NULL;
    }
    g_autoptr(GArray) truth = g_array_new(FALSE, FALSE, sizeof(struct score_box));
    g_auto(GStrv) lines = g_strsplit(text, "\n", TRUTH_ROWS_MAX + 1);
    for (size_t i = 0; lines[i] != NULL; i++) {
        struct score_box box;
        bool ignored = false;
        g_strstrip(lines[i]);
        if (lines[i][0] == '\0')
            continue;
        if (i == TRUTH_ROWS_MAX || !parse_row(lines[i], &box, &ignored)) {
            error_set(error, ERROR_MALFORMED, "%s:%zu: expected frame,id,left,top,width,height",
                      path, i + 1);
            return NULL;
        }
        if (!ignored)
            g_array_append_val(truth, box);
    }
    return g_steal_pointer(&truth);
}

/* Leaves the truth of analysed frames. */
static void keep_analysed(GArray *truth, const GArray *analysed)
{
    guint kept = 0;
    for (guint i = 0; i < truth->len; i++) {
        struct score_box box = g_array_index(truth, struct score_box, i);
        guint low = 0, high = analysed->len;
        while (low < high) {
            guint middle = (low + high) / 2;
            if (g_array_index(analysed, uint32_t, middle) < box.frame)
                low = middle + 1;
            else
                high = middle;
        }
        if (low < analysed->len && g_array_index(analysed, uint32_t, low) == box.frame)
            g_array_index(truth, struct score_box, kept++) = box;
    }
    g_array_set_size(truth, kept);
}

static void print_report(const struct score *score, const struct measured *measured,
                         const struct replay_result *result, bool has_line, bool as_json)
{
    if (as_json) {
        json_t *crossings =
            has_line ? json_pack("{s:i, s:i}", "in", (int)measured->in, "out", (int)measured->out)
                     : json_null();
        eval_print_json(json_pack(
            "{s:f, s:f, s:I, s:f, s:f, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:f}", "mota",
            score->mota, "idf1", score->idf1, "id_switches", (json_int_t)score->switches, "recall",
            score->recall, "precision", score->precision, "frames", (json_int_t)result->frames,
            "frames_analysed", (json_int_t)result->counts.analysed, "truth_boxes",
            (json_int_t)score->truth, "tracked_boxes", (json_int_t)score->tracked, "matches",
            (json_int_t)score->matches, "truth_ids", (json_int_t)score->truth_ids, "tracked_ids",
            (json_int_t)score->tracked_ids, "crossings", crossings, "cpu_seconds",
            replay_cpu_seconds()));
        return;
    }
    printf("frames              %" G_GUINT64_FORMAT " (%" G_GUINT64_FORMAT " analysed)\n",
           result->frames, result->counts.analysed);
    printf("MOTA                %.3f\nIDF1                %.3f\nidentity switches   %zu\n",
           score->mota, score->idf1, score->switches);
    printf("recall, precision   %.3f, %.3f\n", score->recall, score->precision);
    printf("people              %zu (%zu tracks)\n", score->truth_ids, score->tracked_ids);
    if (has_line)
        printf("crossings           %u in, %u out\n", measured->in, measured->out);
}

static int evaluate(struct invocation *invocation, struct replay_config *replay, const char *line,
                    const char *truth_path, bool as_json)
{
    struct measured measured = {
        .tracked = g_array_new(FALSE, FALSE, sizeof(struct score_box)),
        .analysed = g_array_new(FALSE, FALSE, sizeof(uint32_t)),
        .ids = g_hash_table_new_full(uuid_hash_key, uuid_equal_key, g_free, NULL),
    };
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) truth = read_truth(truth_path, &error);
    struct replay_result result = {0};
    replay->settings = &invocation->settings;
    replay->logger = &invocation->logger;
    replay->label = "eval tracking";
    replay->on_event = on_event;
    replay->on_frame = on_frame;
    replay->context = &measured;
    replay->has_line = line != NULL;
    bool ok =
        truth != NULL &&
        (line == NULL || replay_parse_line(line, &replay->line_from, &replay->line_to, &error)) &&
        replay_run(replay, &result, &error);
    if (ok) {
        keep_analysed(truth, measured.analysed);
        struct score score =
            score_tracks((struct score_box *)(void *)truth->data, truth->len,
                         (struct score_box *)(void *)measured.tracked->data, measured.tracked->len);
        print_report(&score, &measured, &result, replay->has_line, as_json);
    }
    g_hash_table_unref(measured.ids);
    g_array_unref(measured.analysed);
    g_array_unref(measured.tracked);
    return ok ? EXIT_CODE_OK : invocation_fail("eval tracking", error);
}

int eval_tracking(int argc, char **argv)
{
    g_autofree char *video = NULL;
    g_autofree char *truth = NULL;
    g_autofree char *line = NULL;
    gboolean json = FALSE;
    struct replay_config replay = {0};
    const GOptionEntry entries[] = {
        {"video", 0, 0, G_OPTION_ARG_FILENAME, &video, "The video", "FILE"},
        {"truth", 0, 0, G_OPTION_ARG_FILENAME, &truth, "Boxes of people, in MOT format", "gt.txt"},
        {"line", 0, 0, G_OPTION_ARG_STRING, &line, "Count crossings of this line", "x1,y1,x2,y2"},
        {"fps", 0, 0, G_OPTION_ARG_DOUBLE, &replay.fps,
         "Analysed frames a second (default: as a live camera)", "N"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print one JSON object", NULL},
        G_OPTION_ENTRY_NULL,
    };
    struct invocation invocation;
    int code = invocation_init(&invocation, &argc, &argv, entries, "--video FILE --truth gt.txt",
                               "Scores tracks: MOTA, IDF1, identity switches, recall, precision.");
    if (code == EXIT_CODE_OK && (video == NULL || truth == NULL || argc != 1)) {
        fputs("customersight eval tracking: --video and --truth are needed\n", stderr);
        code = EXIT_CODE_USAGE;
    }
    replay.input = video;
    replay_quiet(&invocation);
    if (code == EXIT_CODE_OK)
        code = evaluate(&invocation, &replay, line, truth, json);
    invocation_clear(&invocation);
    return code;
}
