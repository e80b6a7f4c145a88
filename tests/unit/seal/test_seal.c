#include "seal/seal.h"

#include "base/error.h"
#include "cmocka_include.h"

#include <string.h>

static struct uuid id(unsigned n)
{
    return uuid_from_seed((struct utc){1700000000000000}, 1, n);
}

static const char face[] = "a face that nobody may read";

static void assert_corrupt(GBytes *plain, GError **error)
{
    assert_null(plain);
    assert_int_equal(error_code_of(*error), ERROR_CORRUPT);
    g_clear_error(error);
}

static void test_seal_opens_when_key_and_context_are_the_same(void **state)
{
    const struct seal_context context = {SEAL_PICTURE, id(1), id(2)};
    struct seal_key key;
    struct uuid key_id;
    size_t size;

    (void)state;
    seal_key_make(&key, id(3));
    for (size_t length = 0; length <= sizeof(face); length += sizeof(face)) {
        g_autoptr(GBytes) sealed = seal(&key, &context, face, length);
        const void *const bytes = g_bytes_get_data(sealed, &size);
        g_autoptr(GBytes) plain = seal_open(&key, &context, bytes, size, NULL);

        assert_int_equal(size, length + SEAL_OVERHEAD_BYTES);
        assert_non_null(plain);
        assert_int_equal(g_bytes_get_size(plain), length);
        if (length > 0) {
            assert_memory_equal(g_bytes_get_data(plain, NULL), face, length);
            assert_null(memmem(bytes, size, "nobody", 6));
        }
        assert_true(seal_key_id(bytes, size, &key_id));
        assert_true(uuid_equal(key_id, id(3)));
    }
}

static void test_seal_differs_when_sealed_twice(void **state)
{
    const struct seal_context context = {SEAL_PICTURE, id(1), id(2)};
    struct seal_key key;
    g_autoptr(GBytes) first = NULL;
    g_autoptr(GBytes) second = NULL;

    (void)state;
    seal_key_make(&key, id(3));
    first = seal(&key, &context, face, sizeof(face));
    second = seal(&key, &context, face, sizeof(face));
    assert_false(g_bytes_equal(first, second));
}

static void test_seal_stays_shut_when_anything_is_different(void **state)
{
    const struct seal_context context = {SEAL_EMBEDDING, id(1), id(2)};
    const struct seal_context others[] = {{SEAL_PICTURE, id(1), id(2)},
                                          {SEAL_EMBEDDING, id(9), id(2)},
                                          {SEAL_EMBEDDING, id(1), id(9)}};
    struct seal_key key;
    struct seal_key wrong;
    g_autoptr(GBytes) sealed = NULL;
    g_autofree uint8_t *bytes = NULL;
    GError *error = NULL;
    size_t size;

    (void)state;
    seal_key_make(&key, id(3));
    seal_key_make(&wrong, id(3)); /* same id, other bytes */
    sealed = seal(&key, &context, face, sizeof(face));
    size = g_bytes_get_size(sealed);
    bytes = g_memdup2(g_bytes_get_data(sealed, NULL), size);
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        assert_corrupt(seal_open(&key, &others[i], bytes, size, &error), &error);
    assert_corrupt(seal_open(&wrong, &context, bytes, size, &error), &error);
    wrong.id = id(4);
    assert_corrupt(seal_open(&wrong, &context, bytes, size, &error), &error);
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= 0x10;
        assert_corrupt(seal_open(&key, &context, bytes, size, &error), &error);
        bytes[i] ^= 0x10;
    }
    for (size_t length = 0; length < size; length++)
        assert_corrupt(seal_open(&key, &context, bytes, length, &error), &error);
}

static void test_seal_key_unwraps_when_asked_under_its_own_id(void **state)
{
    struct seal_key outer;
    struct seal_key inner;
    struct seal_key found;
    g_autoptr(GBytes) wrapped = NULL;
    g_autoptr(GBytes) small = g_bytes_new_static("x", 1);
    GError *error = NULL;

    (void)state;
    seal_key_make(&outer, id(1));
    seal_key_make(&inner, id(2));
    wrapped = seal_wrap_key(&outer, id(7), &inner);
    assert_true(seal_unwrap_key(&outer, id(7), id(2), wrapped, &found, NULL));
    assert_memory_equal(found.bytes, inner.bytes, SEAL_KEY_BYTES);
    assert_false(seal_unwrap_key(&outer, id(8), id(2), wrapped, &found, &error));
    assert_corrupt(NULL, &error);
    assert_false(seal_unwrap_key(&outer, id(7), id(3), wrapped, &found, &error));
    assert_corrupt(NULL, &error);
    assert_false(seal_unwrap_key(&outer, id(7), id(2), small, &found, &error));
    assert_corrupt(NULL, &error);
    seal_key_clear(&found);
    for (size_t i = 0; i < SEAL_KEY_BYTES; i++)
        assert_int_equal(found.bytes[i], 0);
}

static void test_seal_box_opens_for_its_pair_only_when_sealed_to_it(void **state)
{
    struct seal_pair pair;
    struct seal_pair other;
    g_autoptr(GBytes) box = NULL;
    g_autoptr(GBytes) plain = NULL;
    GError *error = NULL;
    size_t size;
    const uint8_t *bytes;

    (void)state;
    seal_pair_make(&pair, id(1));
    seal_pair_make(&other, id(2));
    box = seal_box_to_public(pair.public_key, face, sizeof(face));
    bytes = g_bytes_get_data(box, &size);
    assert_int_equal(size, sizeof(face) + SEAL_BOX_OVERHEAD_BYTES);
    plain = seal_box_open(&pair, bytes, size, NULL);
    assert_non_null(plain);
    assert_memory_equal(g_bytes_get_data(plain, NULL), face, sizeof(face));
    assert_corrupt(seal_box_open(&other, bytes, size, &error), &error);
    assert_corrupt(seal_box_open(&pair, bytes, size - 1, &error), &error);
    assert_corrupt(seal_box_open(&pair, bytes, 10, &error), &error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seal_opens_when_key_and_context_are_the_same),
        cmocka_unit_test(test_seal_differs_when_sealed_twice),
        cmocka_unit_test(test_seal_stays_shut_when_anything_is_different),
        cmocka_unit_test(test_seal_key_unwraps_when_asked_under_its_own_id),
        cmocka_unit_test(test_seal_box_opens_for_its_pair_only_when_sealed_to_it),
    };

    if (!seal_init(NULL))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
