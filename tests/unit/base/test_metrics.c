#include "base/metrics.h"

#include "cmocka_include.h"

#include <string.h>

static void test_metrics_format_prints_all_types_when_used(void **state)
{
    struct metrics *metrics = metrics_new();
    const char *const drop[] = {"c\"1", "late"};
    const char *const route[] = {"/api/visits"};

    (void)state;
    metric_add(metrics_cell(metrics, METRIC_CAMERA_DROPPED, drop), 2);
    metric_add(metrics_cell(metrics, METRIC_CAMERA_DROPPED, drop), 1);
    metric_set(metrics_cell(metrics, METRIC_SPOOL_EVENTS, NULL), 5);
    metric_observe(metrics_cell(metrics, METRIC_HTTP_SECONDS, route), 0.002);

    g_autofree char *text = metrics_format(metrics);

    assert_non_null(strstr(text, "customersight_camera_frames_dropped_total{camera=\"c\\\"1\","
                                 "reason=\"late\"} 3\n"));
    assert_non_null(strstr(text, "# TYPE customersight_spool_events gauge\n"
                                 "customersight_spool_events 5\n"));
    assert_non_null(strstr(text, "_bucket{route=\"/api/visits\",le=\"0.005\"} 1\n"));
    assert_non_null(strstr(text, "_bucket{route=\"/api/visits\",le=\"0.001\"} 0\n"));
    assert_non_null(strstr(text, "_count{route=\"/api/visits\"} 1\n"));
    metrics_free(metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metrics_format_prints_all_types_when_used),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
