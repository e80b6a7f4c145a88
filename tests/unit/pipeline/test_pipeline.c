#include "pipeline/pipeline.h"

#include "scene.h"

#include "cmocka_include.h"

#include <string.h>

#define FRAME_US 40000 /* a camera of 25 frames a second */
static const struct utc start = {1700000000000000};

/* Everything a pipeline said. */
struct record {
    GArray *events; /* struct event, copied */
    unsigned box_calls;
    size_t last_boxes;
    enum pipeline_label last_label;
};

static void on_event(void *context, struct event *event)
{
    struct record *record = context;
    struct event copy = {0};
    event_copy(event, &copy);
    g_array_append_val(record->events, copy);
}

static void on_boxes(void *context, const struct pipeline_boxes *boxes)
{
    struct record *record = context;
    record->box_calls++;
    record->last_boxes = boxes->count;
    if (boxes->count > 0)
        record->last_label = boxes->boxes[0].label;
}

struct fixture {
    struct scene scene;
    struct record record;
    struct pipeline_config config;
    struct pipeline *pipeline;
    int frame;
};

static GBytes *fake_jpeg(void *context, const struct image *picture)
{
    (void)context;
    assert_int_equal(picture->format, IMAGE_FORMAT_RGB24);
    return g_bytes_new_static("jpeg", 4);
}

static void begin(struct fixture *fixture, enum policy_mode mode)
{
    memset(fixture, 0, sizeof(*fixture));
    fixture->record.events = g_array_new(FALSE, FALSE, sizeof(struct event));
    g_array_set_clear_func(fixture->record.events, (GDestroyNotify)event_clear);
    fixture->config = (struct pipeline_config){
        .camera_id = {{1}},
        .line_count = 1,
        .lines = {{.id = {{9}}, .a = {0.5F, 0}, .b = {0.5F, 1}}},
        .policy = {.mode = mode, .version = 7, .recognition_enabled = true},
        .seeded = true,
        .seed = 42,
        .encode_picture = fake_jpeg,
        .sink = {on_event, on_boxes, &fixture->record},
    };
    scene_init(&fixture->scene, pipeline_needs(&fixture->config.policy));
    fixture->pipeline = pipeline_new(&fixture->config);
}

static void end(struct fixture *fixture)
{
    pipeline_free(fixture->pipeline);
    g_array_unref(fixture->record.events);
    scene_clear(&fixture->scene);
}

static bool push(struct fixture *fixture, bool motion)
{
    struct pipeline_frame frame = {
        .image = &fixture->scene.image,
        .captured_at = {start.us + (int64_t)fixture->frame * FRAME_US},
        .pts_us = (int64_t)fixture->frame * FRAME_US,
        .mono_ns = (int64_t)fixture->frame * FRAME_US * 1000,
        .motion = motion,
    };
    fixture->frame++;
    return pipeline_push(fixture->pipeline, fixture->scene.vision, &frame, NULL);
}

/* A body walks from x0 to x1 in `frames` frames. */
static void walk(struct fixture *fixture, float x0, float x1, int frames)
{
    for (int i = 0; i < frames; i++) {
        scene_place(&fixture->scene, 0, x0 + (x1 - x0) * (float)i / (float)frames);
        assert_true(push(fixture, true));
    }
}

static const struct event *find(const struct fixture *fixture, enum event_kind kind, size_t number)
{
    for (guint i = 0; i < fixture->record.events->len; i++) {
        const struct event *event = &g_array_index(fixture->record.events, struct event, i);
        if (event->kind == kind && number-- == 0)
            return event;
    }
    return NULL;
}

static size_t count(const struct fixture *fixture, enum event_kind kind)
{
    size_t found = 0;
    while (find(fixture, kind, found) != NULL)
        found++;
    return found;
}

static void test_pipeline_counts_and_never_looks_at_faces_when_the_mode_is_count(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, POLICY_COUNT);
    walk(&fixture, 300, 1000, 125);
    pipeline_finish(fixture.pipeline);

    assert_int_equal(count(&fixture, EVENT_CROSSING), 1);
    const struct event *crossing = find(&fixture, EVENT_CROSSING, 0);
    assert_int_equal(crossing->crossing.direction, CROSSING_IN);
    assert_float_equal(crossing->crossing.x, 0.5, 0.001);
    assert_true(uuid_equal(crossing->crossing.line_id, fixture.config.lines[0].id));
    assert_int_equal(crossing->policy_version, 7);
    /* 640 of 300 … 1000 in 5 s is at 2.43 s; the band of 48 px takes 0.34 s more. */
    double after = utc_seconds_between(start, crossing->captured_at);
    assert_true(after > 2.43 && after < 3.0);

    assert_int_equal(count(&fixture, EVENT_TRACK), 1);
    const struct event *track = find(&fixture, EVENT_TRACK, 0);
    assert_true(track->track.ended);
    assert_int_equal(track->track.faces, 0);
    assert_null(track->parts[EVENT_PART_EMBEDDING]);
    assert_true(uuid_equal(track->track.track_id, crossing->crossing.track_id));
    assert_int_equal(track->track.started_at.us, start.us);
    assert_in_range(track->track.trail_count, 5, 6);
    assert_int_equal(fixture.scene.face_runs, 0);
    assert_int_equal(fixture.scene.embedding_runs, 0);
    assert_int_equal(fixture.record.last_label, PIPELINE_LABEL_OFF);
    assert_int_equal(pipeline_counts(fixture.pipeline).tracks, 1);
    end(&fixture);
}

static void test_pipeline_tells_a_face_early_and_better_ones_later_when_recognising(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, POLICY_RETURNING);
    walk(&fixture, 200, 500, 250);
    size_t before_end = count(&fixture, EVENT_TRACK);
    pipeline_finish(fixture.pipeline);

    const struct event *first = find(&fixture, EVENT_TRACK, 0);
    assert_non_null(first);
    assert_int_equal(first->track.revision, 1);
    assert_false(first->track.ended);
    assert_true(utc_seconds_between(start, first->captured_at) < 2);
    assert_int_equal(first->track.faces, 1);
    assert_int_equal(first->track.embedding_dimension, 128);
    gsize size;
    const float *embedding = g_bytes_get_data(first->parts[EVENT_PART_EMBEDDING], &size);
    assert_int_equal(size, 128 * sizeof(float));
    assert_float_equal(embedding[0], 1, 1e-5);
    assert_int_equal(g_bytes_get_size(first->parts[EVENT_PART_FACE_PICTURE]), 4);

    assert_in_range(before_end, 2, PIPELINE_REVISIONS_MAX);
    const struct event *last = find(&fixture, EVENT_TRACK, before_end);
    assert_true(last->track.ended);
    assert_int_equal(last->track.revision, before_end + 1);
    assert_int_equal(last->track.faces, 5);
    assert_int_equal(fixture.record.last_label, PIPELINE_LABEL_FACE);
    assert_in_range(pipeline_counts(fixture.pipeline).embedded, 5, 20);
    end(&fixture);
}

static void test_pipeline_wipes_faces_when_recognition_is_switched_off(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, POLICY_RETURNING);
    walk(&fixture, 200, 300, 100);
    assert_true(fixture.scene.embedding_runs > 0);
    fixture.config.policy.recognition_enabled = false;
    fixture.config.policy.version = 8;
    pipeline_set_policy(fixture.pipeline, &fixture.config.policy);
    unsigned face_runs = fixture.scene.face_runs;
    walk(&fixture, 300, 400, 100);
    pipeline_finish(fixture.pipeline);
    assert_int_equal(fixture.scene.face_runs, face_runs);
    const struct event *last = find(&fixture, EVENT_TRACK, count(&fixture, EVENT_TRACK) - 1);
    assert_true(last->track.ended);
    assert_int_equal(last->track.faces, 0);
    assert_null(last->parts[EVENT_PART_EMBEDDING]);
    assert_null(last->parts[EVENT_PART_FACE_PICTURE]);
    assert_int_equal(last->policy_version, 8);
    end(&fixture);
}

static void test_pipeline_looks_ever_more_rarely_when_only_a_back_is_seen(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, POLICY_RETURNING);
    fixture.scene.faces = false;
    walk(&fixture, 200, 500, 250);
    pipeline_finish(fixture.pipeline);
    /* 10 s at 5 fps are 50 frames; looks double their distance up to 1.6 s, the large net every 2
     * s. */
    assert_in_range(fixture.scene.face_runs, 6, 18);
    assert_int_equal(count(&fixture, EVENT_TRACK), 1);
    assert_int_equal(fixture.scene.embedding_runs, 0);
    end(&fixture);
}

static void test_pipeline_keeps_the_rate_when_frames_come_faster(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, POLICY_COUNT);
    walk(&fixture, 200, 300, 250); /* far from the line */
    assert_in_range(fixture.scene.body_runs, 49, 52);
    end(&fixture);
    begin(&fixture, POLICY_COUNT);
    walk(&fixture, 630, 650, 250); /* on the line */
    assert_in_range(fixture.scene.body_runs, 120, 126);
    pipeline_set_rate(fixture.pipeline, 2);
    unsigned before = fixture.scene.body_runs;
    walk(&fixture, 650, 651, 250);
    assert_in_range(fixture.scene.body_runs - before, 19, 21);
    end(&fixture);
}

static void test_pipeline_rests_when_nothing_moves(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, POLICY_COUNT);
    for (int i = 0; i < 250; i++)
        assert_true(push(&fixture, false));
    assert_in_range(fixture.scene.body_runs, 5, 6); /* every 2 s of 10 */
    assert_false(
        pipeline_wants(fixture.pipeline, fixture.frame * (int64_t)FRAME_US - FRAME_US, false));
    assert_true(pipeline_wants(fixture.pipeline, fixture.frame * (int64_t)FRAME_US + 400000, true));
    end(&fixture);
}

static void test_pipeline_goes_on_when_the_media_time_starts_again(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, POLICY_COUNT);
    walk(&fixture, 300, 400, 50);
    /* A new child: two seconds later its media time is zero again. */
    struct pipeline_frame frame = {.image = &fixture.scene.image, .motion = true};
    for (int i = 0; i < 50; i++) {
        frame.pts_us = (int64_t)i * FRAME_US;
        frame.captured_at.us = start.us + 4000000 + frame.pts_us;
        assert_true(pipeline_push(fixture.pipeline, fixture.scene.vision, &frame, NULL));
    }
    pipeline_finish(fixture.pipeline);
    assert_int_equal(count(&fixture, EVENT_TRACK), 1);
    const struct event *track = find(&fixture, EVENT_TRACK, 0);
    assert_true(utc_seconds_between(track->track.started_at, track->track.last_seen_at) > 5.5);
    end(&fixture);
}

static void test_pipeline_ends_tracks_when_the_camera_stays_away(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, POLICY_COUNT);
    walk(&fixture, 300, 400, 50);
    pipeline_pass(fixture.pipeline, (struct utc){start.us + 4500000});
    assert_int_equal(count(&fixture, EVENT_TRACK), 0);
    pipeline_pass(fixture.pipeline, (struct utc){start.us + 6000000});
    assert_int_equal(count(&fixture, EVENT_TRACK), 1);
    const struct event *track = find(&fixture, EVENT_TRACK, 0);
    assert_true(utc_seconds_between(start, track->track.last_seen_at) < 2);
    end(&fixture);
}

static void test_pipeline_notes_company_when_two_are_in_one_frame(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, POLICY_COUNT);
    scene_place(&fixture.scene, 1, 900);
    walk(&fixture, 200, 350, 50);
    pipeline_finish(fixture.pipeline);
    assert_int_equal(count(&fixture, EVENT_TRACK), 2);
    const struct event *a = find(&fixture, EVENT_TRACK, 0), *b = find(&fixture, EVENT_TRACK, 1);
    assert_int_equal(a->track.coexists_count, 1);
    assert_true(uuid_equal(a->track.coexists[0], b->track.track_id));
    assert_true(uuid_equal(b->track.coexists[0], a->track.track_id));
    end(&fixture);
}

static void test_pipeline_ends_the_track_and_begins_another_when_its_person_changes(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, POLICY_RETURNING);
    walk(&fixture, 300, 700, 200); /* 8 s; over the line */
    fixture.scene.identity = 2;
    walk(&fixture, 700, 400, 200); /* 8 s; back over the line */
    pipeline_finish(fixture.pipeline);

    const struct event *first = NULL, *second = NULL;
    for (size_t i = 0; i < count(&fixture, EVENT_TRACK); i++) {
        const struct event *event = find(&fixture, EVENT_TRACK, i);
        if (event->track.ended) {
            assert_null(second);
            *(first == NULL ? &first : &second) = event;
        }
    }
    assert_non_null(second);
    assert_false(uuid_equal(first->track.track_id, second->track.track_id));
    assert_int_equal(pipeline_counts(fixture.pipeline).tracks, 2);
    /* Each has its own person's faces only, and its time. */
    const float *face = g_bytes_get_data(first->parts[EVENT_PART_EMBEDDING], NULL);
    assert_float_equal(face[0], 1, 1e-5);
    face = g_bytes_get_data(second->parts[EVENT_PART_EMBEDDING], NULL);
    assert_float_equal(face[0], 2, 1e-5);
    assert_in_range(second->track.faces, 3, 5);
    double changed = utc_seconds_between(start, first->track.last_seen_at);
    assert_true(changed > 7 && changed < 9);
    assert_int_equal(second->track.started_at.us, first->track.last_seen_at.us);
    /* The crossings stay, each with the one who crossed. */
    assert_int_equal(count(&fixture, EVENT_CROSSING), 2);
    const struct event *in = find(&fixture, EVENT_CROSSING, 0);
    const struct event *out = find(&fixture, EVENT_CROSSING, 1);
    assert_true(uuid_equal(in->crossing.track_id, first->track.track_id));
    assert_true(uuid_equal(out->crossing.track_id, second->track.track_id));
    assert_int_equal(out->crossing.direction, CROSSING_OUT);
    end(&fixture);
}

static void test_pipeline_keeps_the_track_when_a_strange_face_is_seen_for_a_moment(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, POLICY_RETURNING);
    for (int i = 0; i < 4; i++) {
        fixture.scene.identity = 1;
        walk(&fixture, 300, 310, 75);
        fixture.scene.identity = 2;
        walk(&fixture, 310, 311, 10); /* 0.4 s: two looks */
    }
    fixture.scene.identity = 1;
    walk(&fixture, 310, 320, 75);
    pipeline_finish(fixture.pipeline);
    assert_int_equal(pipeline_counts(fixture.pipeline).tracks, 1);
    const struct event *last = find(&fixture, EVENT_TRACK, count(&fixture, EVENT_TRACK) - 1);
    const float *face = g_bytes_get_data(last->parts[EVENT_PART_EMBEDDING], NULL);
    assert_float_equal(face[0], 1, 1e-5);
    end(&fixture);
}

static void test_pipeline_fails_and_goes_on_when_the_net_fails(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, POLICY_COUNT);
    walk(&fixture, 300, 400, 50);
    fixture.scene.failing = true;
    fixture.frame += 10;
    assert_false(push(&fixture, true));
    fixture.scene.failing = false;
    assert_true(push(&fixture, true));
    walk(&fixture, 400, 420, 20);
    pipeline_finish(fixture.pipeline);
    assert_int_equal(count(&fixture, EVENT_TRACK), 1);
    end(&fixture);
}

static void test_pipeline_says_the_same_when_run_again(void **state)
{
    (void)state;
    struct fixture a, b;
    begin(&a, POLICY_RETURNING);
    begin(&b, POLICY_RETURNING);
    walk(&a, 300, 1000, 125);
    walk(&b, 300, 1000, 125);
    pipeline_finish(a.pipeline);
    pipeline_finish(b.pipeline);
    assert_int_equal(a.record.events->len, b.record.events->len);
    for (guint i = 0; i < a.record.events->len; i++) {
        g_autoptr(GBytes) one = event_print(&g_array_index(a.record.events, struct event, i), NULL);
        g_autoptr(GBytes) two = event_print(&g_array_index(b.record.events, struct event, i), NULL);
        assert_true(g_bytes_equal(one, two));
    }
    end(&a);
    end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pipeline_counts_and_never_looks_at_faces_when_the_mode_is_count),
        cmocka_unit_test(test_pipeline_tells_a_face_early_and_better_ones_later_when_recognising),
        cmocka_unit_test(test_pipeline_wipes_faces_when_recognition_is_switched_off),
        cmocka_unit_test(test_pipeline_looks_ever_more_rarely_when_only_a_back_is_seen),
        cmocka_unit_test(test_pipeline_keeps_the_rate_when_frames_come_faster),
        cmocka_unit_test(test_pipeline_rests_when_nothing_moves),
        cmocka_unit_test(test_pipeline_goes_on_when_the_media_time_starts_again),
        cmocka_unit_test(test_pipeline_ends_tracks_when_the_camera_stays_away),
        cmocka_unit_test(test_pipeline_notes_company_when_two_are_in_one_frame),
        cmocka_unit_test(test_pipeline_ends_the_track_and_begins_another_when_its_person_changes),
        cmocka_unit_test(test_pipeline_keeps_the_track_when_a_strange_face_is_seen_for_a_moment),
        cmocka_unit_test(test_pipeline_fails_and_goes_on_when_the_net_fails),
        cmocka_unit_test(test_pipeline_says_the_same_when_run_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
