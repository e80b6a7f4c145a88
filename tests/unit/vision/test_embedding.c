#include "vision/embedding.h"

#include "cmocka_include.h"

static void test_face_template_mean_weighs_by_quality(void **state)
{
    static const float one[2] = {1, 0};
    static const float other[2] = {0, 1};
    struct face_template face_template;
    float mean[2];

    (void)state;
    face_template_init(&face_template, 2);
    assert_false(face_template_mean(&face_template, mean));
    assert_float_equal(face_template_quality(&face_template), 0, 0);
    face_template_add(&face_template, one, 0.75f);
    face_template_add(&face_template, other, 0.25f);
    assert_true(face_template_mean(&face_template, mean));
    assert_float_equal(mean[0], 0.75, 1e-6);
    assert_float_equal(mean[1], 0.25, 1e-6);
    assert_int_equal(face_template.count, 2);
}

static void test_face_template_quality_rises_with_every_face_and_stays_below_one(void **state)
{
    static const float one[1] = {1};
    struct face_template face_template;
    float before = 0;

    (void)state;
    face_template_init(&face_template, 1);
    for (int i = 0; i < 50; i++) {
        face_template_add(&face_template, one, 0.5f);
        float now = face_template_quality(&face_template);
        assert_true(now > before && now < 1);
        before = now;
    }
    assert_true(before < 0.76f);
}

static void test_embedding_distance_is_euclidean(void **state)
{
    static const float a[3] = {1, 2, 3};
    static const float b[3] = {1, 5, 7};

    (void)state;
    assert_float_equal(embedding_distance(a, b, 3), 5, 1e-6);
    assert_float_equal(embedding_norm(b, 2), 5.0990195, 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_face_template_mean_weighs_by_quality),
        cmocka_unit_test(test_face_template_quality_rises_with_every_face_and_stays_below_one),
        cmocka_unit_test(test_embedding_distance_is_euclidean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
