#include "cli/csv.h"

#include "base/error.h"

#include "cmocka_include.h"

#include <string.h>

static struct csv *parse(const char *text, GError **error)
{
    return csv_parse(text, strlen(text), "labels.csv", error);
}

static void test_csv_reads_quotes_line_ends_and_a_mark(void **state)
{
    static const char *const texts[] = {
        "image,identity\na.jpg,Ann\n\"b,1.jpg\",\"Bo \"\"B\"\"\"\n",
        "\xef\xbb\xbfimage,identity\r\na.jpg,Ann\r\n\r\n\"b,1.jpg\",\"Bo \"\"B\"\"\"",
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        csv_auto struct csv *csv = parse(texts[i], NULL);
        assert_non_null(csv);
        assert_int_equal(csv_rows(csv), 2);
        assert_int_equal(csv_column(csv, "identity"), 1);
        assert_int_equal(csv_column(csv, "fold"), -1);
        assert_string_equal(csv_field(csv, 0, 1), "Ann");
        assert_string_equal(csv_field(csv, 1, 0), "b,1.jpg");
        assert_string_equal(csv_field(csv, 1, 1), "Bo \"B\"");
    }
}

static void test_csv_names_the_line_when_a_row_is_short(void **state)
{
    g_autoptr(GError) error = NULL;

    (void)state;
    assert_null(parse("a,b,same\nx,y,1\nx,y\n", &error));
    assert_int_equal(error_code_of(error), ERROR_MALFORMED);
    assert_non_null(strstr(error->message, "labels.csv:3"));
}

static void test_csv_refuses_an_empty_file(void **state)
{
    g_autoptr(GError) error = NULL;

    (void)state;
    assert_null(parse("\n\n", &error));
    assert_int_equal(error_code_of(error), ERROR_MALFORMED);
}

static void test_csv_names_the_columns_when_one_is_missing(void **state)
{
    g_autoptr(GError) error = NULL;
    csv_auto struct csv *csv = parse("image,who\n", NULL);

    (void)state;
    assert_int_equal(csv_require(csv, "identity", &error), -1);
    assert_int_equal(error_code_of(error), ERROR_INVALID);
    assert_non_null(strstr(error->message, "image, who"));
}

static void test_csv_load_says_which_file_is_missing(void **state)
{
    g_autoptr(GError) error = NULL;

    (void)state;
    assert_null(csv_load("/nonexistent/labels.csv", &error));
    assert_int_equal(error_code_of(error), ERROR_NOT_FOUND);
    assert_non_null(strstr(error->message, "/nonexistent/labels.csv"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv_reads_quotes_line_ends_and_a_mark),
        cmocka_unit_test(test_csv_names_the_line_when_a_row_is_short),
        cmocka_unit_test(test_csv_refuses_an_empty_file),
        cmocka_unit_test(test_csv_names_the_columns_when_one_is_missing),
        cmocka_unit_test(test_csv_load_says_which_file_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
