/*
 * `customersight analyze INPUT`: what a camera would have told, as one JSON object.
 */
#include "base/error.h"
#include "cli/annotate.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/paths.h"
#include "cli/replay.h"
#include "identity/match.h"
#include "visit/ledger.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* A site's usual gap between two visits of one person. */
#define GAP_SECONDS_DEFAULT 1800

/* A confirmed track; `embedding` is NULL without a face. */
struct seen_track {
    struct uuid id;
    unsigned number; /* from 1 in the order of confirmation */
    double start_seconds, end_seconds;
    unsigned faces;
    float quality;
    float *embedding;
    unsigned dimension;
    GArray *coexists; /* struct uuid */
    unsigned person;  /* from 1; 0: nobody or unsure */
};

struct analysis {
    GPtrArray *tracks;   /* struct seen_track *, ended ones */
    GHashTable *numbers; /* struct uuid * → number shown by --annotate, from 1 */
    char model_space[64];
    unsigned in, out;
    unsigned persons;
    struct annotate *annotate; /* NULL without --annotate */
};

static void seen_track_free(void *pointer)
{
    struct seen_track *track = pointer;
    g_free(track->embedding);
    g_array_unref(track->coexists);
    g_free(track);
}

static double seconds_since_start(struct utc time)
{
    return (double)(time.us - REPLAY_START.us) / 1e6;
}

/* The number of a track, in the order in which they were first asked for. */
static unsigned number_of(struct analysis *analysis, struct uuid id)
{
    unsigned number = GPOINTER_TO_UINT(g_hash_table_lookup(analysis->numbers, &id));
    if (number == 0) {
        number = g_hash_table_size(analysis->numbers) + 1;
        g_hash_table_insert(analysis->numbers, g_memdup2(&id, sizeof(id)),
                            GUINT_TO_POINTER(number));
    }
    return number;
}

static void take_track(struct analysis *analysis, const struct event *event)
{
    const struct event_track *track = &event->track;
    struct seen_track *seen = g_new0(struct seen_track, 1);
    seen->id = track->track_id;
    seen->number = number_of(analysis, track->track_id);
    seen->start_seconds = seconds_since_start(track->started_at);
    seen->end_seconds = seconds_since_start(track->last_seen_at);
    seen->faces = track->faces;
    seen->quality = track->quality;
    seen->coexists = g_array_new(FALSE, FALSE, sizeof(struct uuid));
    if (track->coexists_count > 0)
        g_array_append_vals(seen->coexists, track->coexists, (guint)track->coexists_count);
    if (track->faces > 0) {
        gsize size = 0;
        const void *bytes = g_bytes_get_data(event->parts[EVENT_PART_EMBEDDING], &size);
        seen->embedding = g_memdup2(bytes, size);
        seen->dimension = track->embedding_dimension;
        g_strlcpy(analysis->model_space, track->model_space, sizeof(analysis->model_space));
    }
    g_ptr_array_add(analysis->tracks, seen);
}

static void on_event(void *context, const struct event *event)
{
    struct analysis *analysis = context;
    if (event->kind == EVENT_CROSSING) {
        analysis->in += event->crossing.direction == CROSSING_IN;
        analysis->out += event->crossing.direction == CROSSING_OUT;
    } else if (event->kind == EVENT_TRACK && event->track.ended) {
        take_track(analysis, event);
    }
}

static bool on_frame(void *context, const struct replay_frame *frame, GError **error)
{
    struct analysis *analysis = context;
    unsigned numbers[LIMIT_TRACKS_PER_CAMERA];
    for (size_t i = 0; i < frame->box_count; i++)
        numbers[i] = number_of(analysis, frame->boxes[i].track_id);
    return analysis->annotate == NULL || annotate_frame(analysis->annotate, frame, numbers, error);
}

static int compare_numbers(const void *a, const void *b)
{
    const struct seen_track *x = *(struct seen_track *const *)a,
                            *y = *(struct seen_track *const *)b;
    return x->number < y->number ? -1 : x->number > y->number ? 1 : 0;
}

static struct seen_track *track_at(const struct analysis *analysis, size_t index)
{
    return g_ptr_array_index(analysis->tracks, (guint)index);
}

/* ---- Who ---- */

/* Ids of persons carry their number, so that they are the same in every run. */
static struct uuid new_person(void *context, const struct identity_track *track)
{
    struct analysis *analysis = context;
    (void)track;
    return uuid_from_seed(REPLAY_START, 1, ++analysis->persons);
}

static unsigned person_number(const struct analysis *analysis, struct uuid person)
{
    for (unsigned number = 1; number <= analysis->persons; number++)
        if (uuid_equal(uuid_from_seed(REPLAY_START, 1, number), person))
            return number;
    return 0;
}

/* Decides all tracks with a face together, as ingest decides a batch. */
static void identify(struct analysis *analysis)
{
    g_autoptr(GArray) batch = g_array_new(FALSE, FALSE, sizeof(struct identity_track));
    g_autoptr(GArray) owners = g_array_new(FALSE, FALSE, sizeof(struct seen_track *));
    unsigned dimension = 0;
    struct constraints *constraints = constraints_new();
    for (size_t i = 0; i < analysis->tracks->len; i++) {
        struct seen_track *seen = track_at(analysis, i);
        for (guint j = 0; j < seen->coexists->len; j++)
            constraints_separate(constraints, seen->id,
                                 g_array_index(seen->coexists, struct uuid, j));
        if (seen->embedding == NULL)
            continue;
        struct identity_track track = {
            .track_id = seen->id,
            .captured_at = {REPLAY_START.us + (int64_t)(seen->start_seconds * 1e6)},
            .embedding = seen->embedding,
            .quality = seen->quality,
            .faces = seen->faces,
        };
        dimension = seen->dimension;
        g_array_append_val(batch, track);
        g_array_append_val(owners, seen);
    }
    if (batch->len > 0) {
        struct gallery *gallery = gallery_new(dimension);
        struct identity_rules rules = {
            .calibration = calibration_of(analysis->model_space),
            .wrong_per_1000 = CALIBRATION_DEFAULT_WRONG_PER_1000,
            .new_person = new_person,
            .context = analysis,
        };
        g_autofree struct identity_decision *decisions =
            g_new0(struct identity_decision, batch->len);
        identity_resolve(gallery, constraints, &rules, (struct identity_track *)(void *)batch->data,
                         batch->len, decisions);
        for (guint i = 0; i < batch->len; i++)
            if (decisions[i].verdict == IDENTITY_MATCHED || decisions[i].verdict == IDENTITY_NEW)
                g_array_index(owners, struct seen_track *, i)->person =
                    person_number(analysis, decisions[i].person_id);
        gallery_free(gallery);
    }
    constraints_free(constraints);
}

/* ---- What is printed ---- */

/* Milliseconds are what the times are worth. */
static json_t *json_seconds(double seconds)
{
    return json_real(round(seconds * 1000) / 1000);
}

static json_t *json_person(unsigned person)
{
    return person == 0 ? json_null() : json_sprintf("person-%u", person);
}

static json_t *json_tracks(const struct analysis *analysis)
{
    json_t *list = json_array();
    for (size_t i = 0; i < analysis->tracks->len; i++) {
        const struct seen_track *track = track_at(analysis, i);
        json_array_append_new(list,
                              json_pack("{s:i, s:o, s:o, s:o, s:i}", "id", (int)track->number,
                                        "start_seconds", json_seconds(track->start_seconds),
                                        "end_seconds", json_seconds(track->end_seconds), "person",
                                        json_person(track->person), "faces", (int)track->faces));
    }
    return list;
}

struct found_visit {
    unsigned person;
    double start_seconds, end_seconds;
};

static int compare_visits(const void *a, const void *b)
{
    const struct found_visit *x = a, *y = b;
    if (x->start_seconds != y->start_seconds)
        return x->start_seconds < y->start_seconds ? -1 : 1;
    return x->person < y->person ? -1 : 1;
}

static void add_visits(const struct analysis *analysis, unsigned person, double gap_seconds,
                       GArray *visits)
{
    g_autoptr(GArray) sightings = g_array_new(FALSE, FALSE, sizeof(struct ledger_sighting));
    for (size_t i = 0; i < analysis->tracks->len; i++) {
        const struct seen_track *track = track_at(analysis, i);
        if (track->person != person)
            continue;
        struct ledger_sighting sighting = {
            .track_id = track->id,
            .from = {REPLAY_START.us + (int64_t)(track->start_seconds * 1e6)},
            .to = {REPLAY_START.us + (int64_t)(track->end_seconds * 1e6)},
        };
        g_array_append_val(sightings, sighting);
    }
    g_autoptr(GArray) computed =
        ledger_compute((struct ledger_sighting *)(void *)sightings->data, sightings->len,
                       (int64_t)(gap_seconds * 1e6), false);
    for (guint i = 0; i < computed->len; i++) {
        const struct ledger_visit *visit = &g_array_index(computed, struct ledger_visit, i);
        struct found_visit found = {person, seconds_since_start(visit->from),
                                    seconds_since_start(visit->to)};
        g_array_append_val(visits, found);
    }
}

static json_t *json_visits(const struct analysis *analysis, double gap_seconds)
{
    g_autoptr(GArray) visits = g_array_new(FALSE, FALSE, sizeof(struct found_visit));
    for (unsigned person = 1; person <= analysis->persons; person++)
        add_visits(analysis, person, gap_seconds, visits);
    g_array_sort(visits, compare_visits);
    json_t *list = json_array();
    for (guint i = 0; i < visits->len; i++) {
        const struct found_visit *visit = &g_array_index(visits, struct found_visit, i);
        json_array_append_new(list,
                              json_pack("{s:o, s:o, s:o}", "person", json_person(visit->person),
                                        "start_seconds", json_seconds(visit->start_seconds),
                                        "end_seconds", json_seconds(visit->end_seconds)));
    }
    return list;
}

static void print_for_a_person(const struct analysis *analysis, const json_t *report, bool has_line)
{
    printf("%.1f s, %d frames, %u tracks, %zu visits\n",
           json_number_value(json_object_get(report, "seconds")),
           (int)json_integer_value(json_object_get(report, "frames")), analysis->tracks->len,
           json_array_size(json_object_get(report, "visits")));
    for (size_t i = 0; i < analysis->tracks->len; i++) {
        const struct seen_track *track = track_at(analysis, i);
        printf("  track %-3u %7.1f s … %7.1f s  ", track->number, track->start_seconds,
               track->end_seconds);
        if (track->person > 0)
            printf("person-%u (%u faces)\n", track->person, track->faces);
        else
            puts(track->faces > 0 ? "unsure who" : "no face");
    }
    if (has_line)
        printf("crossings: %u in, %u out\n", analysis->in, analysis->out);
    printf("%.1f s of CPU time\n", json_number_value(json_object_get(report, "cpu_seconds")));
}

/* ---- The command ---- */

struct analyze_options {
    char *line;
    char *annotate;
    double fps;
    double gap_seconds;
    gboolean json;
};

static bool check_options(const struct analyze_options *options, struct replay_config *replay,
                          GError **error)
{
    if (options->fps < 0 || options->fps > 120) {
        error_set_field(error, ERROR_INVALID, "fps", "--fps must be between 0 and 120");
        return false;
    }
    if (options->gap_seconds < 0 || options->gap_seconds > 86400) {
        error_set_field(error, ERROR_INVALID, "gap", "--gap must be between 0 and 86400 seconds");
        return false;
    }
    replay->fps = options->fps;
    replay->has_line = options->line != NULL;
    return options->line == NULL ||
           replay_parse_line(options->line, &replay->line_from, &replay->line_to, error);
}

static int analyze(struct invocation *invocation, const char *input,
                   const struct analyze_options *options)
{
    struct analysis analysis = {
        .tracks = g_ptr_array_new_with_free_func(seen_track_free),
        .numbers = g_hash_table_new_full(uuid_hash_key, uuid_equal_key, g_free, NULL),
    };
    struct replay_config replay = {
        .input = input,
        .settings = &invocation->settings,
        .logger = &invocation->logger,
        .label = "analyze",
        .recognise = true,
        .on_event = on_event,
        .on_frame = on_frame,
        .context = &analysis,
    };
    struct replay_result result = {0};
    g_autoptr(GError) error = NULL;
    bool ok = check_options(options, &replay, &error);
    if (ok && options->annotate != NULL) {
        g_autofree char *capture = paths_capture_executable(&invocation->settings);
        const struct point line[2] = {replay.line_from, replay.line_to};
        analysis.annotate = annotate_new(options->annotate, capture, replay.has_line ? line : NULL,
                                         &invocation->logger);
    }
    ok = ok && replay_run(&replay, &result, &error);
    if (ok && analysis.annotate != NULL)
        ok = annotate_finish(analysis.annotate, &error);
    annotate_free(analysis.annotate);
    if (ok || result.frames > 0) {
        g_ptr_array_sort(analysis.tracks, compare_numbers);
        identify(&analysis);
        json_t *crossings = replay.has_line ? json_pack("{s:i, s:i}", "in", (int)analysis.in, "out",
                                                        (int)analysis.out)
                                            : json_null();
        json_t *report =
            json_pack("{s:o, s:I, s:o, s:o, s:o, s:o}", "seconds", json_seconds(result.seconds),
                      "frames", (json_int_t)result.frames, "tracks", json_tracks(&analysis),
                      "visits", json_visits(&analysis, options->gap_seconds), "crossings",
                      crossings, "cpu_seconds", json_seconds(replay_cpu_seconds()));
        if (options->json) {
            json_dumpf(report, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
            putchar('\n');
        } else {
            print_for_a_person(&analysis, report, replay.has_line);
        }
        json_decref(report);
    }
    g_hash_table_unref(analysis.numbers);
    g_ptr_array_unref(analysis.tracks);
    return ok ? EXIT_CODE_OK : invocation_fail("analyze", error);
}

int cli_analyze(int argc, char **argv)
{
    struct analyze_options options = {.gap_seconds = GAP_SECONDS_DEFAULT};
    const GOptionEntry entries[] = {
        {"line", 0, 0, G_OPTION_ARG_STRING, &options.line,
         "Count crossings of this line, in pixels of the input; in is from left to right over a "
         "line "
         "drawn top to bottom",
         "x1,y1,x2,y2"},
        {"fps", 0, 0, G_OPTION_ARG_DOUBLE, &options.fps,
         "Analysed frames a second (default: as a live camera, more where it matters)", "N"},
        {"gap", 0, 0, G_OPTION_ARG_DOUBLE, &options.gap_seconds,
         "Absence that separates two visits of one person (default 1800)", "SECONDS"},
        {"annotate", 0, 0, G_OPTION_ARG_FILENAME, &options.annotate,
         "Write the video with boxes to this file", "out.mp4"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &options.json, "Print one JSON object", NULL},
        G_OPTION_ENTRY_NULL,
    };
    struct invocation invocation;
    int code = invocation_init(&invocation, &argc, &argv, entries, "INPUT [OPTION…]",
                               "Tells the tracks, visits and crossings in a video, a stream or a "
                               "camera that ends. Nothing is written but --annotate.");
    if (code == EXIT_CODE_OK && argc != 2) {
        fputs("customersight analyze: one INPUT is needed\nTry: customersight analyze --help\n",
              stderr);
        code = EXIT_CODE_USAGE;
    }
    replay_quiet(&invocation);
    if (code == EXIT_CODE_OK)
        code = analyze(&invocation, argv[1], &options);
    g_free(options.line);
    g_free(options.annotate);
    invocation_clear(&invocation);
    return code;
}
