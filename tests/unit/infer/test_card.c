#include "infer/card.h"

#include "base/error.h"

#include "cmocka_include.h"

#include <string.h>

#define HASH                "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TENSOR(name, shape) "{\"name\":\"" name "\",\"type\":\"float32\",\"shape\":" shape "}"
#define CARD(name, file, hash, shape)                                                              \
    "{\"name\":\"" name "\",\"version\":\"1.0\",\"file\":\"" file "\",\"sha256\":\"" hash          \
    "\",\"bytes\":12,\"licence\":\"MIT\",\"inputs\":[" TENSOR(                                     \
        "x", shape) "],\"outputs\":[" TENSOR("y", "[1]") "],\"thresholds\":[{\"name\":\"score\","  \
                                                         "\"value\":0.35}]}"

static struct card *parse(const char *text, GError **error)
{
    return card_parse(text, strlen(text), "test.json", error);
}

static void test_card_parse_reads_back_what_card_format_wrote(void **state)
{
    card_auto struct card *card = parse(CARD("own", "own.onnx", HASH, "[-1,3,112,112]"), NULL);

    (void)state;
    assert_non_null(card);

    g_autofree char *text = card_format(card);
    card_auto struct card *again = parse(text, NULL);

    assert_non_null(again);

    g_autofree char *text_again = card_format(again);

    assert_string_equal(text, text_again);
    assert_string_equal(again->inputs[0].name, "x");
    assert_int_equal(again->inputs[0].rank, 4);
    assert_int_equal(again->inputs[0].shape[0], -1);
    assert_true(card_threshold(again, "score", 0) > 0.349);
    assert_true(card_threshold(again, "other", 7) == 7.0);
    assert_true(card_threshold(NULL, "other", 7) == 7.0);
}

static void test_card_parse_names_the_field_when_it_refuses(void **state)
{
    static const struct {
        const char *label;
        const char *text;
        const char *field; /* NULL: not a card at all */
    } cases[] = {
        {"not JSON", "{", NULL},
        {"not an object", "[]", NULL},
        {"twice the same key", "{\"name\":\"a\",\"name\":\"b\"}", NULL},
        {"empty", "{}", "name"},
        {"name is a path", CARD("../own", "own.onnx", HASH, "[1]"), "name"},
        {"name is an option", CARD("--own", "own.onnx", HASH, "[1]"), "name"},
        {"name has a zero", CARD("o\\u0000wn", "own.onnx", HASH, "[1]"), NULL},
        {"file is a path", CARD("own", "../own.onnx", HASH, "[1]"), "file"},
        {"file is hidden", CARD("own", ".own", HASH, "[1]"), "file"},
        {"hash is short", CARD("own", "own.onnx", "abc", "[1]"), "sha256"},
        {"hash in capitals", CARD("own", "own.onnx", "AB" HASH, "[1]"), "sha256"},
        {"shape has a 0", CARD("own", "own.onnx", HASH, "[0]"), "shape"},
        {"shape has a -2", CARD("own", "own.onnx", HASH, "[-2]"), "shape"},
        {"shape is huge", CARD("own", "own.onnx", HASH, "[99999999999]"), "shape"},
        {"shape is long", CARD("own", "own.onnx", HASH, "[1,1,1,1,1,1,1]"), "shape"},
        {"shape is text", CARD("own", "own.onnx", HASH, "[\"1\"]"), "shape"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        card_auto struct card *card = parse(cases[i].text, &error);

        if (card != NULL || error == NULL) {
            fail_msg("%s: was accepted", cases[i].label);
        }
        assert_int_equal(error_code_of(error), ERROR_MODEL);
        assert_non_null(strstr(error->message, "test.json"));
        if (cases[i].field != NULL && g_strcmp0(error_field(error), cases[i].field) != 0) {
            fail_msg("%s: %s", cases[i].label, error->message);
        }
    }
}

static void test_card_parse_refuses_more_bytes_than_a_card_has(void **state)
{
    size_t length = 65 * 1024;
    g_autofree char *text = g_malloc(length);
    g_autoptr(GError) error = NULL;

    (void)state;
    memset(text, ' ', length);
    assert_null(card_parse(text, length, "test.json", &error));
    assert_non_null(strstr(error->message, "larger than"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_card_parse_reads_back_what_card_format_wrote),
        cmocka_unit_test(test_card_parse_names_the_field_when_it_refuses),
        cmocka_unit_test(test_card_parse_refuses_more_bytes_than_a_card_has),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
