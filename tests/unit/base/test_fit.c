#include "base/fit.h"

#include "cmocka_include.h"

static void test_fit_cuts_between_characters(void **state)
{
    char buffer[6];

    (void)state;
    fit_utf8(buffer, sizeof buffer, "abc");
    assert_string_equal(buffer, "abc");
    fit_utf8(buffer, sizeof buffer, "abcd\xc3\xa9");
    assert_string_equal(buffer, "abcd");
    fit_utf8(buffer, sizeof buffer,
             "abc\xc3\xa9"
             "f");
    assert_string_equal(buffer, "abc\xc3\xa9");
    fit_utf8(buffer, sizeof buffer,
             "a\xff"
             "b");
    assert_string_equal(buffer, "a");
    fit_utf8(buffer, sizeof buffer, "");
    assert_string_equal(buffer, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fit_cuts_between_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
