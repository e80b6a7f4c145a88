#include "base/error.h"

#include "cmocka_include.h"

#include <errno.h>

static void test_error_set_field_keeps_the_field_when_copied(void **state)
{
    g_autoptr(GError) error = NULL;

    (void)state;
    error_set_field(&error, ERROR_INVALID, "lines[0].x1", "must be between %d and %d", 0, 1);
    g_autoptr(GError) copy = g_error_copy(error);

    assert_int_equal(error_code_of(copy), ERROR_INVALID);
    assert_string_equal(error_field(copy), "lines[0].x1");
    assert_string_equal(copy->message, "must be between 0 and 1");
    assert_int_equal(error_code_http_status(ERROR_INVALID), 422);
}

static void test_error_set_errno_says_no_space_when_the_disk_is_full(void **state)
{
    g_autoptr(GError) error = NULL;

    (void)state;
    error_set_errno(&error, ENOSPC, "writing %s", "spool");
    assert_int_equal(error_code_of(error), ERROR_NO_SPACE);
    assert_null(error_field(error));
}

static void test_error_code_of_is_internal_when_the_domain_is_foreign(void **state)
{
    g_autoptr(GError) error = g_error_new_literal(g_quark_from_static_string("other"), 7, "x");

    (void)state;
    assert_int_equal(error_code_of(error), ERROR_INTERNAL);
    assert_int_equal(error_code_of(NULL), ERROR_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error_set_field_keeps_the_field_when_copied),
        cmocka_unit_test(test_error_set_errno_says_no_space_when_the_disk_is_full),
        cmocka_unit_test(test_error_code_of_is_internal_when_the_domain_is_foreign),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
