#include "worker/known_tracks.h"

#include "cmocka_include.h"

#include <string.h>

static const char answer[] =
    "{\"results\":[{\"result\":\"applied\"}],\"tracks\":["
    "{\"track_id\":\"018bcfe5-687b-7000-8000-000000000001\",\"identity\":\"known\","
    "\"person\":{\"id\":\"018bcfe5-687b-7000-8000-0000000000aa\",\"label\":\"Visitor 12\"}},"
    "{\"track_id\":\"018bcfe5-687b-7000-8000-000000000002\",\"identity\":\"unsure\",\"person\":"
    "null},"
    "{\"track_id\":\"nonsense\",\"identity\":\"known\"}, 7]}";

static struct uuid id(const char *text)
{
    struct uuid uuid;

    assert_true(uuid_parse(text, &uuid));
    return uuid;
}

static void test_known_tracks_find_answers_what_serve_said_when_it_said_something(void **state)
{
    struct known_tracks *known = known_tracks_new();
    const struct mono now = {1000000000};
    char *person = NULL;

    (void)state;
    known_tracks_learn(known, answer, strlen(answer), now);
    assert_int_equal(
        known_tracks_find(known, id("018bcfe5-687b-7000-8000-000000000001"), now, &person),
        TRANSIENT_KNOWN);
    assert_non_null(strstr(person, "Visitor 12"));
    g_free(person);
    assert_int_equal(
        known_tracks_find(known, id("018bcfe5-687b-7000-8000-000000000002"), now, &person),
        TRANSIENT_UNSURE);
    assert_null(person);
    assert_int_equal(
        known_tracks_find(known, id("018bcfe5-687b-7000-8000-000000000003"), now, &person),
        TRANSIENT_UNKNOWN);
    known_tracks_free(known);
}

static void test_known_tracks_forget_when_nobody_asked_for_minutes(void **state)
{
    struct known_tracks *known = known_tracks_new();
    const struct mono now = {1000000000}, much_later = {1000LL * 1000000000};
    char *person = NULL;

    (void)state;
    known_tracks_learn(known, answer, strlen(answer), now);
    known_tracks_learn(known, "{}", 2, much_later);
    assert_int_equal(
        known_tracks_find(known, id("018bcfe5-687b-7000-8000-000000000001"), much_later, &person),
        TRANSIENT_UNKNOWN);
    known_tracks_free(known);
}

static void test_known_tracks_learn_ignores_what_is_not_an_answer(void **state)
{
    static const char *const bad[] = {"", "[", "[]", "{\"tracks\":7}", "{\"tracks\":[null]}"};
    struct known_tracks *known = known_tracks_new();

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        known_tracks_learn(known, bad[i], strlen(bad[i]), (struct mono){0});
    known_tracks_free(known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_tracks_find_answers_what_serve_said_when_it_said_something),
        cmocka_unit_test(test_known_tracks_forget_when_nobody_asked_for_minutes),
        cmocka_unit_test(test_known_tracks_learn_ignores_what_is_not_an_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
