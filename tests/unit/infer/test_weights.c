#include "infer/weights_priv.h"

#include "base/error.h"

#include "cmocka_include.h"

#include <math.h>
#include <string.h>

static struct weights *parse(const char *manifest_text, const void *data, size_t length,
                             GError **error)
{
    json_t *manifest = json_loads(manifest_text, 0, NULL);
    g_autoptr(GBytes) shard = g_bytes_new(data, length);
    struct weights *weights = weights_parse(manifest, shard, "test.bin", error);

    json_decref(manifest);
    return weights;
}

#define GROUP(rows) "[{\"paths\":[\"test.bin\"],\"weights\":[" rows "]}]"
#define ROW(name, shape, type, more)                                                               \
    "{\"name\":\"" name "\",\"shape\":" shape ",\"dtype\":\"" type "\"" more "}"
#define QUANTISED(type, scale, min)                                                                \
    ",\"quantization\":{\"dtype\":\"" type "\",\"scale\":" scale ",\"min\":" min "}"

static void test_weights_parse_dequantises_every_kind(void **state)
{
    static const uint8_t data[] = {0, 128, 255, 0x34, 0x12, 0x00, 0x3c, 0x00, 0xc0, 7, 0, 0, 0, 3};
    struct weights *weights =
        parse(GROUP(ROW("u8", "[3]", "float32", QUANTISED("uint8", "0.5", "-1")) "," ROW(
                  "u16", "[1]", "float32",
                  QUANTISED("uint16", "1",
                            "0")) "," ROW("half", "[2]", "float32",
                                          ",\"quantization\":{\"dtype\":"
                                          "\"float16\"}") "," ROW("i32", "[]", "int32",
                                                                  "") "," ROW("i8", "[1]",
                                                                              "int3"
                                                                              "2",
                                                                              QUANTISED("u"
                                                                                        "i"
                                                                                        "n"
                                                                                        "t"
                                                                                        "8",
                                                                                        "2",
                                                                                        "-"
                                                                                        "1"))),
              data, sizeof(data), NULL);

    (void)state;
    assert_non_null(weights);
    assert_true(weights_find(weights, "u8")->floats[0] == -1.0F);
    assert_true(weights_find(weights, "u8")->floats[1] == 63.0F);
    assert_true(weights_find(weights, "u8")->floats[2] == 126.5F);
    assert_true(weights_find(weights, "u16")->floats[0] == 4660.0F);
    assert_true(weights_find(weights, "half")->floats[0] == 1.0F);
    assert_true(weights_find(weights, "half")->floats[1] == -2.0F);
    assert_int_equal(weights_find(weights, "i32")->integers[0], 7);
    assert_int_equal(weights_find(weights, "i32")->rank, 0);
    assert_int_equal(weights_find(weights, "i8")->integers[0], 5);
    assert_null(weights_find(weights, "other"));
    weights_free(weights);
}

static void test_weights_half_to_float_is_exact(void **state)
{
    static const struct {
        uint16_t half;
        float expected;
    } cases[] = {
        {0x0000, 0.0F},
        {0x0001, 5.9604644775390625e-8F},
        {0x03ff, 6.0975551605224609e-5F},
        {0x0400, 6.103515625e-5F},
        {0x3555, 0.333251953125F},
        {0x7bff, 65504.0F},
        {0xfbff, -65504.0F},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        assert_true(weights_half_to_float(cases[i].half) == cases[i].expected);
    }
    assert_true(isinf(weights_half_to_float(0x7c00)));
    assert_true(isnan(weights_half_to_float(0x7c01)));
}

static void test_weights_parse_refuses_what_does_not_fit(void **state)
{
    static const struct {
        const char *label;
        const char *manifest;
        const char *expected;
    } cases[] = {
        {"truncated", GROUP(ROW("w", "[3]", "float32", "")),
         "truncated: expected 12 bytes for weight \"w\" at 0, found 8"},
        {"too long", GROUP(ROW("w", "[1]", "float32", "")), "expected 4 bytes of weights, found 8"},
        {"huge", GROUP(ROW("w", "[1099511627776]", "float32", "")), "weight 0 (\"w\")"},
        {"overflow", GROUP(ROW("w", "[200000000,200000000,200000000]", "float32", "")),
         "weight 0 (\"w\")"},
        {"negative", GROUP(ROW("w", "[-1]", "float32", "")), "weight 0 (\"w\")"},
        {"other type", GROUP(ROW("w", "[2]", "complex64", "")), "weight 0 (\"w\")"},
        {"other quantisation", GROUP(ROW("w", "[2]", "float32", QUANTISED("uint32", "1", "0"))),
         "weight 0 (\"w\")"},
        {"twice", GROUP(ROW("w", "[1]", "float32", "") "," ROW("w", "[1]", "float32", "")),
         "two weights are called \"w\""},
        {"no list", "[{}]", "expected a list"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        assert_null(parse(cases[i].manifest, "01234567", 8, &error));
        assert_int_equal(error_code_of(error), ERROR_MODEL);
        if (strstr(error->message, cases[i].expected) == NULL) {
            fail_msg("%s: %s", cases[i].label, error->message);
        }
    }
}

static void test_weights_shard_name_refuses_a_path(void **state)
{
    static const char *const manifests[] = {
        "[{\"paths\":[\"../secret\"]}]", "[{\"paths\":[\".hidden\"]}]", "[{\"paths\":[\"\"]}]",
        "[{\"paths\":[\"a\",\"b\"]}]",   "[{\"paths\":[1]}]",           "[]",
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(manifests); i++) {
        json_t *manifest = json_loads(manifests[i], 0, NULL);

        assert_null(weights_shard_name(manifest, "test.json", NULL));
        json_decref(manifest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights_parse_dequantises_every_kind),
        cmocka_unit_test(test_weights_half_to_float_is_exact),
        cmocka_unit_test(test_weights_parse_refuses_what_does_not_fit),
        cmocka_unit_test(test_weights_shard_name_refuses_a_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
