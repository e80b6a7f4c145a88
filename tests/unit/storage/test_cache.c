/*
 * Prepared statements are kept in their connection by their text, not more than the limit of them.
 */
#include "base/limits.h"
#include "cmocka_include.h"
#include "storage/storage_priv.h"

static bool ask_much(struct connection *connection, void *data, GError **error)
{
    scoped_statement *held = connection_prepare(connection, "SELECT 'held'", error);

    (void)data;
    assert_non_null(held);
    assert_int_equal(statement_step(held, error), STEP_ROW);
    for (int i = 0; i < 3 * LIMIT_STATEMENTS; i++) {
        g_autofree char *sql = g_strdup_printf("SELECT %d", i);
        scoped_statement *statement = connection_prepare(connection, sql, error);

        assert_non_null(statement);
        assert_int_equal(statement_step(statement, error), STEP_ROW);
        assert_int_equal(statement_int64(statement, 0), i);
        assert_in_range(g_hash_table_size(connection->statements), 1, LIMIT_STATEMENTS);
    }
    /* What is in use is never taken away. */
    assert_string_equal(statement_text(held, 0), "held");
    return true;
}

static bool ask_twice(struct connection *connection, void *data, GError **error)
{
    static const struct upsert_column columns[] = {{"version", UPSERT_KEY}, {"name", UPSERT_SET}};
    void *handles[2];

    (void)data;
    for (int i = 0; i < 2; i++) {
        scoped_statement *statement =
            connection_prepare_upsert(connection, "migrations", columns, 2, error);

        assert_non_null(statement);
        handles[i] = statement->handle;
    }
    assert_ptr_equal(handles[0], handles[1]);
    assert_int_equal(g_hash_table_size(connection->upserts), 1);
    return true;
}

static void run(storage_work work)
{
    const struct storage_config config = {.path = ":memory:"};
    struct storage *const storage = storage_open(&config, NULL);

    assert_true(storage_read(storage, work, NULL, NULL));
    storage_close(storage);
}

static void test_storage_statements_stay_bounded_when_ever_new_ones_are_asked_for(void **state)
{
    (void)state;
    run(ask_much);
}

static void test_storage_prepares_an_upsert_once_when_asked_again(void **state)
{
    (void)state;
    run(ask_twice);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_storage_statements_stay_bounded_when_ever_new_ones_are_asked_for),
        cmocka_unit_test(test_storage_prepares_an_upsert_once_when_asked_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
