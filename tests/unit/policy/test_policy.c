#include "policy/policy.h"

#include "cmocka_include.h"

static void test_policy_allows_matches_the_table_when_asked(void **state)
{
    static const struct {
        enum policy_subject subject;
        bool count, returning, members, returning_off;
    } rows[] = {
        {POLICY_COUNT_CROSSING, true, true, true, true},
        {POLICY_KEEP_TRAIL, true, true, true, true},
        {POLICY_EMBED_FACE, false, true, true, false},
        {POLICY_KEEP_EMBEDDING, false, true, false, false},
        {POLICY_KEEP_FACE_PICTURE, false, true, false, false},
        {POLICY_CREATE_PERSON, false, true, false, false},
    };
    const struct policy count = {.mode = POLICY_COUNT, .recognition_enabled = true};
    const struct policy returning = {.mode = POLICY_RETURNING, .recognition_enabled = true};
    const struct policy members = {.mode = POLICY_MEMBERS, .recognition_enabled = true};
    const struct policy off = {.mode = POLICY_RETURNING, .recognition_enabled = false};
    const struct policy missing = {.mode = POLICY_MODE_NONE, .recognition_enabled = true};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(policy_allows(&count, rows[i].subject), rows[i].count);
        assert_int_equal(policy_allows(NULL, rows[i].subject), rows[i].count);
        assert_int_equal(policy_allows(&missing, rows[i].subject), rows[i].count);
        assert_int_equal(policy_allows(&returning, rows[i].subject), rows[i].returning);
        assert_int_equal(policy_allows(&members, rows[i].subject), rows[i].members);
        assert_int_equal(policy_allows(&off, rows[i].subject), rows[i].returning_off);
    }
    assert_false(policy_allows(&returning, POLICY_SUBJECT_NONE));
}

static void test_policy_expiry_counts_days_and_calendar_months_when_set(void **state)
{
    const struct policy policy = {.picture_retention_days = 2, .embedding_retention_months = 12};
    const struct policy unset = {.mode = POLICY_RETURNING};
    struct utc leap_day, gone;

    (void)state;
    assert_true(utc_parse("2024-02-29T10:00:00.5Z", &leap_day));
    assert_true(utc_parse("2025-02-28T10:00:00.5Z", &gone));
    assert_int_equal(policy_embedding_expires_at(&policy, leap_day).us, gone.us);
    assert_int_equal(policy_embedding_expires_at(&unset, leap_day).us, gone.us);
    assert_int_equal(policy_picture_expires_at(&policy, leap_day).us - leap_day.us,
                     2LL * 86400 * 1000000);
    assert_int_equal(policy_picture_expires_at(&unset, leap_day).us - leap_day.us,
                     30LL * 86400 * 1000000);
}

static void test_policy_mode_names_round_trip_when_known(void **state)
{
    (void)state;
    for (enum policy_mode mode = POLICY_COUNT; mode <= POLICY_MEMBERS; mode++)
        assert_int_equal(policy_mode_from_name(policy_mode_name(mode)), mode);
    assert_int_equal(policy_mode_from_name("everything"), POLICY_MODE_NONE);
    assert_int_equal(policy_mode_from_name(NULL), POLICY_MODE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policy_allows_matches_the_table_when_asked),
        cmocka_unit_test(test_policy_expiry_counts_days_and_calendar_months_when_set),
        cmocka_unit_test(test_policy_mode_names_round_trip_when_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
