#include "identity/scan.h"

#include "faces_made_up.h"

#include "cmocka_include.h"

#include <glib.h>

static void test_scan_coded_agrees_with_exact_when_asked_for_enrolled_faces(void **state)
{
    struct scan *scan = scan_new(FACE_DIMENSION);
    unsigned missed = 0;

    (void)state;
    for (uint64_t person = 0; person < 3000; person++) {
        float face[FACE_DIMENSION];

        face_make(person, 0, 0.2f, face);
        assert_true(scan_add(scan, face));
        /* Codes made early are made again as it grows. */
        if (person == 700)
            (void)scan_nearest_coded(scan, face, (struct scan_hit[1]){{0}}, 1);
    }
    for (uint64_t person = 0; person < 300; person++) {
        struct scan_hit exact[8], coded[8];
        float face[FACE_DIMENSION];

        face_make(person * 10, 1, 0.35f, face);
        assert_int_equal(scan_nearest_exact(scan, face, exact, 8), 8);
        assert_int_equal(scan_nearest_coded(scan, face, coded, 8), 8);
        missed += exact[0].row != coded[0].row;
        for (int i = 1; i < 8; i++)
            assert_true(coded[i].distance >= coded[i - 1].distance);
    }
    assert_true(missed <= 1);
    scan_free(scan);
}

static void test_scan_rows_follow_when_removed(void **state)
{
    static float faces[600][FACE_DIMENSION];
    struct scan *scan = scan_new(FACE_DIMENSION);
    struct scan_hit hit;

    (void)state;
    for (uint64_t i = 0; i < 600; i++) {
        face_make(i, 0, 0, faces[i]);
        scan_add(scan, faces[i]);
    }
    assert_int_equal(scan_nearest(scan, faces[599], &hit, 1), 1);
    assert_int_equal(hit.row, 599);
    scan_remove(scan, 10);
    assert_int_equal(scan_count(scan), 599);
    assert_int_equal(scan_nearest(scan, faces[599], &hit, 1), 1);
    assert_int_equal(hit.row, 10);
    assert_float_equal(hit.distance, 0, 1e-6);
    (void)scan_nearest(scan, faces[10], &hit, 1);
    assert_true(hit.distance > 0.3f);
    while (scan_count(scan) > 0)
        scan_remove(scan, 0);
    assert_int_equal(scan_nearest(scan, faces[0], &hit, 1), 0);
    scan_free(scan);
}

static void test_scan_survives_when_all_rows_are_equal(void **state)
{
    struct scan *scan = scan_new(FACE_DIMENSION);
    float face[FACE_DIMENSION];
    struct scan_hit hits[4];

    (void)state;
    face_make(1, 0, 0, face);
    for (int i = 0; i < 20000; i++)
        scan_add(scan, face);
    assert_int_equal(scan_nearest_coded(scan, face, hits, 4), 4);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(hits[i].row, i);
    scan_free(scan);
}

static void test_scan_finds_the_row_when_dimension_is_odd(void **state)
{
    static const unsigned dimensions[] = {1, 3, 63, 65, 127, 512, 1024};

    (void)state;
    for (size_t d = 0; d < G_N_ELEMENTS(dimensions); d++) {
        const unsigned dimension = dimensions[d];
        struct scan *scan = scan_new(dimension);
        g_autofree float *vector = g_new(float, dimension);
        uint64_t random = 5;
        struct scan_hit exact, coded;

        for (int i = 0; i < 100; i++) {
            for (unsigned k = 0; k < dimension; k++)
                vector[k] = face_normal(&random);
            scan_add(scan, vector);
        }
        assert_int_equal(scan_nearest_exact(scan, vector, &exact, 1), 1);
        assert_int_equal(scan_nearest_coded(scan, vector, &coded, 1), 1);
        assert_int_equal(exact.row, 99);
        assert_int_equal(coded.row, 99);
        scan_free(scan);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scan_coded_agrees_with_exact_when_asked_for_enrolled_faces),
        cmocka_unit_test(test_scan_rows_follow_when_removed),
        cmocka_unit_test(test_scan_survives_when_all_rows_are_equal),
        cmocka_unit_test(test_scan_finds_the_row_when_dimension_is_odd),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
