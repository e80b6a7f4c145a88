#include "identity/gallery.h"

#include "base/limits.h"
#include "faces_made_up.h"

#include "cmocka_include.h"

static void put(struct gallery *gallery, uint64_t person, uint64_t take, float away, float quality)
{
    float face[FACE_DIMENSION];
    const struct gallery_template template = {number_id(2, person * 1000 + take), quality, face,
                                              (unsigned)take + 1};

    face_make(person, take, away, face);
    assert_true(gallery_put(gallery, number_id(1, person), &template));
}

static void test_gallery_keeps_the_best_ten_in_any_order_when_more_come(void **state)
{
    struct gallery *forwards = gallery_new(FACE_DIMENSION);
    struct gallery *backwards = gallery_new(FACE_DIMENSION);
    struct gallery_template a[16], b[16];

    (void)state;
    for (uint64_t take = 0; take < 15; take++) {
        put(forwards, 1, take, 0.3f, (float)(take % 5) / 5);
        put(backwards, 1, 14 - take, 0.3f, (float)((14 - take) % 5) / 5);
    }
    assert_int_equal(gallery_template_count(forwards), LIMIT_EMBEDDINGS_PER_PERSON);
    assert_int_equal(gallery_person_templates(forwards, number_id(1, 1), a, 16), 10);
    assert_int_equal(gallery_person_templates(backwards, number_id(1, 1), b, 16), 10);
    for (int i = 0; i < 10; i++) {
        assert_true(uuid_equal(a[i].track_id, b[i].track_id));
        assert_true(i == 0 || a[i].quality <= a[i - 1].quality);
    }
    gallery_free(forwards);
    gallery_free(backwards);
}

static void test_gallery_finds_the_person_when_asked_with_another_take(void **state)
{
    struct gallery *gallery = gallery_new(FACE_DIMENSION);
    struct gallery_candidate near[4];
    float face[FACE_DIMENSION];

    (void)state;
    for (uint64_t person = 0; person < 800; person++) {
        for (uint64_t take = 0; take < 3; take++)
            put(gallery, person, take, 0.3f, 0.5f);
    }
    assert_int_equal(gallery_person_count(gallery), 800);
    for (uint64_t person = 0; person < 800; person += 7) {
        face_make(person, 9, 0.3f, face);
        assert_int_equal(gallery_nearest(gallery, face, NULL, near, 4), 4);
        assert_true(uuid_equal(near[0].person_id, number_id(1, person)));
        assert_true(near[0].distance < near[1].distance);
    }
    gallery_free(gallery);
}

static void test_gallery_leaves_a_track_out_when_excepted(void **state)
{
    struct gallery *gallery = gallery_new(FACE_DIMENSION);
    struct gallery_candidate near[2];
    const struct uuid own = number_id(2, 1000);
    struct uuid holder;
    struct gallery_candidate one;
    float face[FACE_DIMENSION];

    (void)state;
    put(gallery, 1, 0, 0, 0.9f);
    put(gallery, 2, 0, 0, 0.9f);
    face_make(1, 0, 0, face);
    assert_int_equal(gallery_nearest(gallery, face, &own, near, 2), 1);
    assert_true(uuid_equal(near[0].person_id, number_id(1, 2)));
    assert_false(gallery_compare(gallery, face, number_id(1, 1), &own, &one));
    assert_true(gallery_compare(gallery, face, number_id(1, 1), NULL, &one));
    assert_float_equal(one.distance, 0, 1e-5);
    assert_int_equal(one.faces, 1);
    put(gallery, 1, 4, 0, 0.9f);
    assert_true(gallery_compare(gallery, face, number_id(1, 1), NULL, &one));
    assert_int_equal(one.faces, 1 + 5);
    assert_true(gallery_compare(gallery, face, number_id(1, 1), &own, &one));
    assert_int_equal(one.faces, 5);
    assert_true(gallery_remove_track(gallery, number_id(2, 1004)));
    assert_true(gallery_find_track(gallery, own, &holder));
    assert_true(uuid_equal(holder, number_id(1, 1)));
    assert_true(gallery_remove_track(gallery, own));
    assert_false(gallery_remove_track(gallery, own));
    assert_int_equal(gallery_person_count(gallery), 1);
    gallery_free(gallery);
}

static void test_gallery_moves_a_track_when_put_under_another_person(void **state)
{
    struct gallery *gallery = gallery_new(FACE_DIMENSION);
    float face[FACE_DIMENSION];
    const struct gallery_template template = {number_id(2, 1000), 0.4f, face, 1};
    struct uuid holder;

    (void)state;
    put(gallery, 1, 0, 0, 0.9f);
    face_make(3, 0, 0, face);
    assert_true(gallery_put(gallery, number_id(1, 3), &template));
    assert_int_equal(gallery_person_count(gallery), 1);
    assert_int_equal(gallery_template_count(gallery), 1);
    assert_true(gallery_find_track(gallery, template.track_id, &holder));
    assert_true(uuid_equal(holder, number_id(1, 3)));
    assert_true(gallery_set_person(gallery, number_id(1, 3), NULL, 0));
    assert_int_equal(gallery_person_count(gallery), 0);
    gallery_free(gallery);
}

static void test_gallery_aggregate_keeps_the_norm_when_vectors_differ(void **state)
{
    const float a[2] = {2, 0}, b[2] = {0, 2};
    const struct gallery_template templates[2] = {{.quality = 0.5f, .vector = a},
                                                  {.quality = 0.5f, .vector = b}};
    float aggregate[2];

    (void)state;
    gallery_aggregate(templates, 2, 2, aggregate);
    assert_float_equal(aggregate[0], 1.41421, 1e-4);
    assert_float_equal(aggregate[1], 1.41421, 1e-4);
    gallery_aggregate(templates, 1, 2, aggregate);
    assert_float_equal(aggregate[0], 2, 1e-5);
}

/* The distance to a person as its templates alone say it. */
static float distance_of_templates(const struct gallery *gallery, const float *query,
                                   struct uuid person)
{
    struct gallery_template templates[LIMIT_EMBEDDINGS_PER_PERSON];
    const size_t count = gallery_person_templates(gallery, person, templates, 10);
    float aggregate[FACE_DIMENSION];
    double square = 0;

    if (count == 0)
        return -1;
    gallery_aggregate(templates, count, FACE_DIMENSION, aggregate);
    for (int i = 0; i < FACE_DIMENSION; i++)
        square +=
            ((double)query[i] - (double)aggregate[i]) * ((double)query[i] - (double)aggregate[i]);
    return (float)sqrt(square);
}

static void test_gallery_compare_is_that_of_the_templates_when_they_come_and_go(void **state)
{
    struct gallery *gallery = gallery_new(FACE_DIMENSION);
    uint64_t random = 7;
    float query[FACE_DIMENSION];

    (void)state;
    face_make(1, 99, 0.3f, query);
    for (int step = 0; step < 300; step++) {
        const uint64_t take = face_random(&random) % 14, person = 1 + face_random(&random) % 2;

        if (face_random(&random) % 3 == 0)
            (void)gallery_remove_track(gallery, number_id(2, person * 1000 + take));
        else /* another picture of the track each time */
            put(gallery, person, take, 0.1f + (float)(step % 5) / 10,
                (float)(face_random(&random) % 5) / 5);
        for (uint64_t other = 1; other <= 2; other++) {
            const float expected = distance_of_templates(gallery, query, number_id(1, other));
            struct gallery_candidate found = {.distance = -1};

            (void)gallery_compare(gallery, query, number_id(1, other), NULL, &found);
            assert_float_equal(found.distance, expected, 1e-6);
        }
    }
    gallery_free(gallery);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gallery_keeps_the_best_ten_in_any_order_when_more_come),
        cmocka_unit_test(test_gallery_finds_the_person_when_asked_with_another_take),
        cmocka_unit_test(test_gallery_leaves_a_track_out_when_excepted),
        cmocka_unit_test(test_gallery_moves_a_track_when_put_under_another_person),
        cmocka_unit_test(test_gallery_compare_is_that_of_the_templates_when_they_come_and_go),
        cmocka_unit_test(test_gallery_aggregate_keeps_the_norm_when_vectors_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
