/* The comparison of a replay with the truth: pure, so that tests can give it wrong truths. */
#include "demo/cast.h"
#include "demo/verify.h"

#include <math.h>

static void mismatch(struct verify_result *result, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void mismatch(struct verify_result *result, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_ptr_array_add(result->mismatches, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

static void compare_count(struct verify_result *result, const char *what, unsigned reported,
                          unsigned wanted)
{
    if (reported != wanted)
        mismatch(result, "%s: reported %u, true %u", what, reported, wanted);
}

static void compare_time(struct verify_result *result, const char *what, size_t index,
                         double reported, double wanted)
{
    const double difference = fabs(reported - wanted);

    result->worst_seconds = MAX(result->worst_seconds, difference);
    if (difference > VERIFY_TOLERANCE_SECONDS)
        mismatch(result, "visit %zu %s: reported %.2f s, true %.2f s", index + 1, what, reported,
                 wanted);
}

/* Both lists are by start. Reported people must map one to one to members of the cast. */
static void compare_visits(struct verify_result *result)
{
    int member_of[PLAN_WALKS_MAX * 4];
    int person_of[CAST_MEMBERS];

    for (size_t i = 0; i < G_N_ELEMENTS(member_of); i++)
        member_of[i] = -1;
    for (size_t i = 0; i < CAST_MEMBERS; i++)
        person_of[i] = -1;
    for (size_t i = 0; i < MIN(result->visits->len, result->truth.visit_count); i++) {
        const struct reported_visit *reported =
            &g_array_index(result->visits, struct reported_visit, i);
        const struct true_visit *wanted = &result->truth.visits[i];
        const unsigned person = MIN(reported->person, G_N_ELEMENTS(member_of) - 1);

        compare_time(result, "start", i, reported->start, wanted->start);
        compare_time(result, "end", i, reported->end, wanted->end);
        if (reported->returning != wanted->returning)
            mismatch(result, "visit %zu: reported %s, true %s", i + 1,
                     reported->returning ? "returning" : "new",
                     wanted->returning ? "returning" : "new");
        if (member_of[person] < 0 && person_of[wanted->member] < 0) {
            member_of[person] = (int)wanted->member;
            person_of[wanted->member] = (int)person;
        } else if (member_of[person] != (int)wanted->member ||
                   person_of[wanted->member] != (int)person) {
            mismatch(result, "visit %zu: reported as person %u, who is somebody else", i + 1,
                     reported->person + 1);
        }
    }
}

void verify_compare(struct verify_result *result, unsigned cameras)
{
    g_ptr_array_set_size(result->mismatches, 0);
    result->worst_seconds = 0;
    compare_count(result, "visits", result->visits->len, (unsigned)result->truth.visit_count);
    compare_count(result, "people", result->people, result->truth.people);
    for (unsigned camera = 0; camera < cameras; camera++) {
        g_autofree char *in = g_strdup_printf("crossings in, camera %u", camera + 1);
        g_autofree char *out = g_strdup_printf("crossings out, camera %u", camera + 1);

        compare_count(result, in, result->crossings_in[camera], result->truth.crossings_in[camera]);
        compare_count(result, out, result->crossings_out[camera],
                      result->truth.crossings_out[camera]);
    }
    compare_visits(result);
}

void verify_result_clear(struct verify_result *result)
{
    g_clear_pointer(&result->visits, g_array_unref);
    g_clear_pointer(&result->mismatches, g_ptr_array_unref);
}
