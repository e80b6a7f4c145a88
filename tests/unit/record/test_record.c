#include "record/camera.h"
#include "record/feed.h"
#include "record/line.h"
#include "record/person.h"
#include "record/policy_form.h"
#include "record/site.h"
#include "record/tenant.h"
#include "record/text.h"
#include "record/track.h"
#include "record/user.h"
#include "record/visit.h"

#include "base/error.h"
#include "cmocka_include.h"

#include <math.h>
#include <string.h>

/* The field that is refused, "" when nothing is. */
static void expect_field(bool ok, GError **error, const char *field, const char *label)
{
    const char *const found = ok ? "" : error_field(*error);

    if (!found || strcmp(found, field) != 0)
        print_error("%s: %s\n", label, *error ? (*error)->message : "accepted");
    assert_non_null(found);
    assert_string_equal(found, field);
    assert_true(ok || error_code_of(*error) == ERROR_INVALID);
    g_clear_error(error);
}

static void test_record_text_is_refused_when_not_plain(void **state)
{
    static const struct {
        const char *text;
        bool required, multiline, ok;
    } cases[] = {
        {"Cửa hàng số 1", true, false, true},
        {NULL, false, false, true},
        {"", false, false, true},
        {NULL, true, false, false},
        {"  \xc2\xa0 ", true, false, false},
        {"12345678901234567890x", true, false, false},
        {"a\nb", true, false, false},
        {"a\nb", true, true, true},
        {"a\x01", true, true, false},
        {"\xff\xfe", true, false, false},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        GError *error = NULL;
        const bool ok =
            text_validate(cases[i].text, 20, cases[i].required, cases[i].multiline, "name", &error);

        expect_field(ok, &error, cases[i].ok ? "" : "name", cases[i].text);
    }
}

static void test_record_site_names_the_field_when_wrong(void **state)
{
    static const struct {
        const char *name, *zone, *field;
        int minutes;
        int64_t gap;
    } cases[] = {
        {"Corner", "Asia/Ho_Chi_Minh", "", 240, 20},
        {"", "UTC", "name", 0, 20},
        {"Corner", "Mars/Olympus", "time_zone", 0, 20},
        {"Corner", "", "time_zone", 0, 20},
        {"Corner", "UTC", "day_starts_minutes", 1440, 20},
        {"Corner", "UTC", "day_starts_minutes", -1, 20},
        {"Corner", "UTC", "visit_gap_seconds", 0, 0},
        {"Corner", "UTC", "visit_gap_seconds", 0, 24 * 3600 + 1},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct site site = {.day_starts_minutes = cases[i].minutes,
                            .visit_gap_seconds = cases[i].gap};
        GError *error = NULL;
        bool ok;

        g_strlcpy(site.name, cases[i].name, sizeof(site.name));
        g_strlcpy(site.time_zone, cases[i].zone, sizeof(site.time_zone));
        ok = site_validate(&site, &error);
        expect_field(ok, &error, cases[i].field, cases[i].zone);
    }
}

static void test_record_camera_names_the_field_when_a_combination_is_wrong(void **state)
{
    static const struct {
        enum camera_kind kind;
        int index;
        const char *url;
        enum camera_transport transport;
        bool loop;
        const char *field;
    } cases[] = {
        {CAMERA_RTSP, -1, "rtsp://u:p@10.0.0.2/s", CAMERA_TRANSPORT_UDP, false, ""},
        {CAMERA_RTSP, -1, "http://10.0.0.2/s", CAMERA_TRANSPORT_AUTO, false, "url"},
        {CAMERA_RTSP, -1, "rtsp://", CAMERA_TRANSPORT_AUTO, false, "url"},
        {CAMERA_RTSP, -1, NULL, CAMERA_TRANSPORT_AUTO, false, "url"},
        {CAMERA_RTSP, 0, "rtsp://h/s", CAMERA_TRANSPORT_AUTO, false, "webcam_index"},
        {CAMERA_WEBCAM, 3, NULL, CAMERA_TRANSPORT_AUTO, false, ""},
        {CAMERA_WEBCAM, 3, "", CAMERA_TRANSPORT_AUTO, false, ""},
        {CAMERA_WEBCAM, -1, NULL, CAMERA_TRANSPORT_AUTO, false, "webcam_index"},
        {CAMERA_WEBCAM, 64, NULL, CAMERA_TRANSPORT_AUTO, false, "webcam_index"},
        {CAMERA_WEBCAM, 0, "rtsp://h/s", CAMERA_TRANSPORT_AUTO, false, "url"},
        {CAMERA_WEBCAM, 0, NULL, CAMERA_TRANSPORT_TCP, false, "transport"},
        {CAMERA_FILE, -1, "file:/clips/a.mp4", CAMERA_TRANSPORT_AUTO, true, ""},
        {CAMERA_HTTP, -1, "http://h/v.mjpeg", CAMERA_TRANSPORT_AUTO, false, ""},
        {CAMERA_HTTP, -1, "http://h/v.mjpeg", CAMERA_TRANSPORT_AUTO, true, "loop"},
        {CAMERA_HTTP, -1, "https://h/v.mjpeg", CAMERA_TRANSPORT_AUTO, false, "url"},
        {CAMERA_RTSP, -1, "rtsps://h/s", CAMERA_TRANSPORT_AUTO, false, "url"},
        {CAMERA_RTSP, -1, "rtsp://10.0.0.2:99999/s", CAMERA_TRANSPORT_AUTO, false, "url"},
        {CAMERA_RTSP, -1, "rtsp://10.0.0.2/a b", CAMERA_TRANSPORT_AUTO, false, "url"},
        {CAMERA_FILE, -1, "file:/clips/two words.mp4", CAMERA_TRANSPORT_AUTO, false, ""},
        {CAMERA_LAVFI, -1, "lavfi:testsrc2", CAMERA_TRANSPORT_AUTO, false, ""},
        {CAMERA_LAVFI, -1, "lavfi:test\nsrc2", CAMERA_TRANSPORT_AUTO, false, "url"},
        {CAMERA_KIND_NONE, -1, "rtsp://h/s", CAMERA_TRANSPORT_AUTO, false, "kind"},
        {CAMERA_RTSP, -1, "rtsp://h/s", CAMERA_TRANSPORT_NONE, false, "transport"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const struct camera camera = {.name = "Door",
                                      .kind = cases[i].kind,
                                      .webcam_index = cases[i].index,
                                      .transport = cases[i].transport,
                                      .loop = cases[i].loop,
                                      .analysis_fps = CAMERA_DEFAULT_ANALYSIS_FPS,
                                      .max_blind_seconds = CAMERA_DEFAULT_MAX_BLIND_SECONDS};
        GError *error = NULL;
        const bool ok = camera_validate(&camera, cases[i].url, &error);

        if (error)
            assert_null(strstr(error->message, "u:p"));
        expect_field(ok, &error, cases[i].field, cases[i].url);
    }
}

static void test_record_camera_refuses_rates_when_not_numbers_in_range(void **state)
{
    static const double bad[] = {0, -1, 31, 1e9, (double)NAN, (double)INFINITY};
    struct camera camera = {.name = "Door",
                            .kind = CAMERA_WEBCAM,
                            .transport = CAMERA_TRANSPORT_AUTO,
                            .analysis_fps = 5};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        GError *error = NULL;

        camera.analysis_fps = bad[i];
        expect_field(camera_validate(&camera, NULL, &error), &error, "analysis_fps", "rate");
    }
}

static void test_record_url_shows_no_secret_when_redacted(void **state)
{
    static const struct {
        const char *url, *shown;
    } cases[] = {
        {"rtsp://admin:secret@10.0.0.2:554/Streaming/101", "rtsp://10.0.0.2:554/Streaming/101"},
        {"rtsp://admin:se/cr@et@10.0.0.2/s", "rtsp://10.0.0.2/s"},
        {"rtsp://10.0.0.2/s", "rtsp://10.0.0.2/s"},
        {"http://cam/v?user=a&pwd=secret", "http://cam/v?user=…&pwd=…"},
        {"http://cam/v?secret", "http://cam/v?…"},
        {"rtsp://cam:554/user=a&password=secret&channel=1&stream=0.sdp?x",
         "rtsp://cam:554/user=…&password=…&channel=…&stream=…?…"},
        {"rtsp://cam/user=a_password=secret_channel=1/0.sdp", "rtsp://cam/user=…/0.sdp"},
        {"http://u:secret@cam?x=secret#secret", "http://cam?x=…"},
        {"file:/clips/a@b.mp4", "file:/clips/a@b.mp4"},
        {"lavfi:testsrc2=rate=10", "lavfi:testsrc2=rate=10"},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *shown = camera_redact_url(cases[i].url);

        assert_string_equal(shown, cases[i].shown);
        assert_null(strstr(shown, "secret"));
    }
}

static void test_record_line_names_the_field_when_outside_or_short(void **state)
{
    static const struct {
        double x0, y0, x1, y1;
        const char *field;
    } cases[] = {
        {0.5, 0, 0.5, 1, ""},
        {-0.1, 0, 0.5, 1, "lines[2].x0"},
        {0.5, 0, 0.5, 1.01, "lines[2].y1"},
        {0.5, (double)NAN, 0.5, 1, "lines[2].y0"},
        {0.5, 0.5, 0.505, 0.505, "lines[2]"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const struct line line = {
            .x0 = cases[i].x0, .y0 = cases[i].y0, .x1 = cases[i].x1, .y1 = cases[i].y1};
        GError *error = NULL;

        expect_field(line_validate(&line, "lines[2]", &error), &error, cases[i].field, "line");
    }
}

static void test_record_policy_form_needs_basis_notice_and_date_when_faces_are_kept(void **state)
{
    static const struct {
        enum policy_form_mode mode;
        const char *basis, *notice, *date;
        int days, months;
        const char *field;
    } cases[] = {
        {POLICY_FORM_COUNT, NULL, NULL, "", 30, 12, ""},
        {POLICY_FORM_RETURNING, "consent", "We\nfilm", "2026-11-20", 30, 12, ""},
        {POLICY_FORM_MEMBERS, "consent", "We film", "2024-02-29", 0, 1, ""},
        {POLICY_FORM_NONE, "consent", "We film", "2026-11-20", 30, 12, "mode"},
        {POLICY_FORM_RETURNING, NULL, "We film", "2026-11-20", 30, 12, "legal_basis"},
        {POLICY_FORM_RETURNING, "consent", " ", "2026-11-20", 30, 12, "notice_text"},
        {POLICY_FORM_RETURNING, "consent", "We film", "", 30, 12, "notice_date"},
        {POLICY_FORM_RETURNING, "consent", "We film", "2026-02-30", 30, 12, "notice_date"},
        {POLICY_FORM_RETURNING, "consent", "We film", "20-11-2026", 30, 12, "notice_date"},
        {POLICY_FORM_RETURNING, "consent", "We film", "2026-11-20", 366, 12,
         "picture_retention_days"},
        {POLICY_FORM_RETURNING, "consent", "We film", "2026-11-20", 30, 0,
         "embedding_retention_months"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct policy_form form = {.mode = cases[i].mode,
                                   .legal_basis = (char *)cases[i].basis,
                                   .notice_text = (char *)cases[i].notice,
                                   .picture_retention_days = cases[i].days,
                                   .embedding_retention_months = cases[i].months};
        GError *error = NULL;

        g_strlcpy(form.notice_date, cases[i].date, sizeof(form.notice_date));
        expect_field(policy_form_validate(&form, &error), &error, cases[i].field, cases[i].date);
    }
}

static void test_record_user_name_is_refused_when_odd(void **state)
{
    static const char *const bad[] = {
        "",    "Ana", "a b",
        "a/b", "é",   "12345678901234567890123456789012345678901234567890123456789012345"};
    GError *error = NULL;

    (void)state;
    assert_true(user_name_validate("ana.b-1_x@shop", NULL));
    assert_false(user_name_validate(NULL, NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        expect_field(user_name_validate(bad[i], &error), &error, "user", bad[i]);
}

static void test_record_names_round_trip_when_known(void **state)
{
    (void)state;
    for (int code = CAMERA_RTSP; code <= CAMERA_LAVFI; code++)
        assert_int_equal(camera_kind_from_name(camera_kind_name((enum camera_kind)code)), code);
    for (int code = DECISION_MATCHED; code <= DECISION_HUMAN; code++)
        assert_int_equal(
            decision_outcome_from_name(decision_outcome_name((enum decision_outcome)code)), code);
    for (int code = USER_ROLE_ADMIN; code <= USER_ROLE_AUDITOR; code++)
        assert_int_equal(user_role_from_name(user_role_name((enum user_role)code)), code);
    assert_int_equal(camera_kind_from_name("film"), CAMERA_KIND_NONE);
    assert_int_equal(camera_kind_from_name(NULL), CAMERA_KIND_NONE);
    assert_null(camera_kind_name(CAMERA_KIND_NONE));
    assert_null(camera_kind_name((enum camera_kind)99));
    assert_string_equal(feed_kind_name(FEED_VISIT), "visit");
    assert_string_equal(policy_form_mode_name(POLICY_FORM_RETURNING), "returning");
}

static void test_record_rollup_cell_is_the_quarter_of_an_hour_when_asked(void **state)
{
    (void)state;
    assert_int_equal(rollup_cell((struct utc){0}).us, 0);
    assert_int_equal(rollup_cell((struct utc){ROLLUP_CELL_US - 1}).us, 0);
    assert_int_equal(rollup_cell((struct utc){ROLLUP_CELL_US}).us, ROLLUP_CELL_US);
    assert_int_equal(rollup_cell((struct utc){-1}).us, -ROLLUP_CELL_US);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record_text_is_refused_when_not_plain),
        cmocka_unit_test(test_record_site_names_the_field_when_wrong),
        cmocka_unit_test(test_record_camera_names_the_field_when_a_combination_is_wrong),
        cmocka_unit_test(test_record_camera_refuses_rates_when_not_numbers_in_range),
        cmocka_unit_test(test_record_url_shows_no_secret_when_redacted),
        cmocka_unit_test(test_record_line_names_the_field_when_outside_or_short),
        cmocka_unit_test(test_record_policy_form_needs_basis_notice_and_date_when_faces_are_kept),
        cmocka_unit_test(test_record_user_name_is_refused_when_odd),
        cmocka_unit_test(test_record_names_round_trip_when_known),
        cmocka_unit_test(test_record_rollup_cell_is_the_quarter_of_an_hour_when_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
