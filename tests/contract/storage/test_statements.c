#include "fixture.h"

#include "base/error.h"

#include <string.h>

struct value {
    struct uuid uuid;
    GBytes *bytes;
    char text[8];
    int64_t number;
    bool is_null;
    int runs;
};

static bool make_table(struct connection *connection, void *data, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "CREATE TABLE things (id BLOB NOT NULL PRIMARY KEY, amount INTEGER, "
                           "once INTEGER, name TEXT) STRICT",
                           error);

    (void)data;
    return statement && statement_run(statement, NULL, error);
}

static const struct upsert_column thing_columns[] = {
    {"id", UPSERT_KEY}, {"amount", UPSERT_ADD}, {"once", UPSERT_ONCE}, {"name", UPSERT_SET}};

static bool put_thing(struct connection *connection, struct uuid key, int64_t amount, int64_t once,
                      const char *name, GError **error)
{
    scoped_statement *statement =
        connection_prepare_upsert(connection, "things", thing_columns, 4, error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", key);
    statement_bind_int64(statement, ":amount", amount);
    statement_bind_int64(statement, ":once", once);
    statement_bind_text(statement, ":name", name);
    return statement_run(statement, NULL, error);
}

static bool write_twice(struct connection *connection, void *data, GError **error)
{
    struct value *const value = data;

    value->runs++;
    return put_thing(connection, id(1), 5, 1, "first", error) &&
           put_thing(connection, id(1), -2, 2, NULL, error);
}

static bool read_thing(struct connection *connection, void *data, GError **error)
{
    struct value *const value = data;
    scoped_statement *statement = connection_prepare(
        connection, "SELECT id, amount, once, name FROM things WHERE id = :id", error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", id(1));
    if (!statement_find(statement, "thing", id(1), error))
        return false;
    value->uuid = statement_uuid(statement, 0);
    value->number = statement_int64(statement, 1) * 10 + statement_int64(statement, 2);
    value->is_null = statement_is_null(statement, 3);
    assert_int_equal(statement_step(statement, error), STEP_DONE);
    return statement_check(statement, error);
}

static void test_storage_upsert_adds_sets_and_keeps_when_row_exists(void **state)
{
    struct value value = {0};

    must_write(*state, make_table, NULL);
    must_write(*state, write_twice, &value);
    assert_int_equal(value.runs, 2); /* the rehearsal left nothing behind: 3, not 6 */
    must_read(*state, read_thing, &value);
    assert_true(uuid_equal(value.uuid, id(1)));
    assert_int_equal(value.number, 31);
    assert_true(value.is_null);
}

static bool write_then_fail(struct connection *connection, void *data, GError **error)
{
    (void)data;
    if (!put_thing(connection, id(1), 1, 1, "x", error))
        return false;
    error_set(error, ERROR_CANCELLED, "enough");
    return false;
}

static void test_storage_write_leaves_nothing_when_work_fails(void **state)
{
    struct fixture *const fixture = *state;
    struct value value = {0};
    GError *error = NULL;

    must_write(fixture, make_table, NULL);
    assert_false(storage_write(fixture->storage, write_then_fail, NULL, &error));
    assert_error(&error, ERROR_CANCELLED);
    assert_false(storage_read(fixture->storage, read_thing, &value, &error));
    assert_error(&error, ERROR_NOT_FOUND);
}

static bool busy_twice(struct connection *connection, void *data, GError **error)
{
    struct value *const value = data;

    if (!put_thing(connection, id(1), 7, 0, NULL, error))
        return false;
    if (++value->runs < 4) { /* one rehearsal is refused at once, so start after it */
        if (value->runs == 1)
            return true;
        error_set(error, ERROR_BUSY, "somebody else was faster");
        return false;
    }
    return true;
}

static void test_storage_write_runs_again_when_busy(void **state)
{
    struct value value = {0};

    must_write(*state, make_table, NULL);
    must_write(*state, busy_twice, &value);
    assert_int_equal(value.runs, 4);
    must_read(*state, read_thing, &value);
    assert_int_equal(value.number, 70);
}

static bool always_busy(struct connection *connection, void *data, GError **error)
{
    (void)connection;
    ++*(int *)data;
    error_set(error, ERROR_BUSY, "never");
    return false;
}

static void test_storage_write_gives_up_when_always_busy(void **state)
{
    struct fixture *const fixture = *state;
    GError *error = NULL;
    int runs = 0;

    assert_false(storage_read(fixture->storage, always_busy, &runs, &error));
    assert_error(&error, ERROR_BUSY);
    assert_int_equal(runs, 5);
}

static bool write_in_read(struct connection *connection, void *data, GError **error)
{
    (void)data;
    return put_thing(connection, id(1), 1, 1, NULL, error);
}

static void test_storage_read_refuses_when_work_writes(void **state)
{
    struct fixture *const fixture = *state;
    GError *error = NULL;

    must_write(fixture, make_table, NULL);
    assert_false(storage_read(fixture->storage, write_in_read, NULL, &error));
    assert_error(&error, ERROR_IO);
    must_write(fixture, write_in_read, NULL);
}

static bool bad_sql(struct connection *connection, void *data, GError **error)
{
    (void)data;
    g_assert(!connection_prepare(connection, "SELEC 1", error));
    return false;
}

static void test_storage_prepare_says_internal_when_sql_is_wrong(void **state)
{
    struct fixture *const fixture = *state;
    GError *error = NULL;

    assert_false(storage_read(fixture->storage, bad_sql, NULL, &error));
    assert_error(&error, ERROR_INTERNAL);
}

static bool duplicate_key(struct connection *connection, void *data, GError **error)
{
    scoped_statement *statement = NULL;

    (void)data;
    if (!put_thing(connection, id(1), 1, 1, NULL, error))
        return false;
    statement = connection_prepare(connection, "INSERT INTO things (id) VALUES (:id)", error);
    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", id(1));
    return statement_run(statement, NULL, error);
}

static void test_storage_insert_conflicts_when_key_exists(void **state)
{
    struct fixture *const fixture = *state;
    GError *error = NULL;

    must_write(fixture, make_table, NULL);
    assert_false(storage_write(fixture->storage, duplicate_key, NULL, &error));
    assert_error(&error, ERROR_CONFLICT);
}

static bool read_wrong_types(struct connection *connection, void *data, GError **error)
{
    struct value *const value = data;
    scoped_statement *statement = connection_prepare(connection, "SELECT 'text', x'0102'", error);

    if (!statement || statement_step(statement, error) != STEP_ROW)
        return false;
    value->number = statement_int64(statement, 0);
    value->uuid = statement_uuid(statement, 1);
    return statement_check(statement, error);
}

static void test_storage_column_is_corrupt_when_type_is_wrong(void **state)
{
    struct fixture *const fixture = *state;
    struct value value = {.number = 9};
    GError *error = NULL;

    assert_false(storage_read(fixture->storage, read_wrong_types, &value, &error));
    assert_error(&error, ERROR_CORRUPT);
    assert_int_equal(value.number, 0);
    assert_true(uuid_is_nil(value.uuid));
}

static bool copy_text(struct connection *connection, void *data, GError **error)
{
    struct value *const value = data;
    scoped_statement *statement = connection_prepare(connection, "SELECT :text", error);

    if (!statement)
        return false;
    statement_bind_text(statement, ":text", "abcdefé!");
    if (statement_step(statement, error) != STEP_ROW)
        return false;
    statement_copy_text(statement, 0, value->text, sizeof(value->text));
    return statement_check(statement, error);
}

static void test_storage_text_is_cut_at_a_character_when_too_long(void **state)
{
    struct value value;

    must_read(*state, copy_text, &value);
    assert_string_equal(value.text, "abcdef");
}

static bool bytes_and_nulls(struct connection *connection, void *data, GError **error)
{
    g_autoptr(GBytes) empty = g_bytes_new_static("", 0);
    scoped_statement *statement =
        connection_prepare(connection, "SELECT :none, :empty, :time", error);

    (void)data;
    if (!statement)
        return false;
    statement_bind_bytes(statement, ":none", NULL);
    statement_bind_bytes(statement, ":empty", empty);
    statement_bind_utc_or_null(statement, ":time", (struct utc){0});
    if (statement_step(statement, error) != STEP_ROW)
        return false;
    assert_true(statement_is_null(statement, 0));
    assert_null(statement_bytes(statement, 0));
    assert_false(statement_is_null(statement, 1));
    {
        g_autoptr(GBytes) bytes = statement_bytes(statement, 1);

        assert_int_equal(g_bytes_get_size(bytes), 0);
    }
    assert_true(statement_is_null(statement, 2));
    return statement_check(statement, error);
}

static void test_storage_values_tell_null_from_empty_when_read(void **state)
{
    must_read(*state, bytes_and_nulls, NULL);
}

static void test_storage_check_passes_when_sound(void **state)
{
    struct fixture *const fixture = *state;
    GError *error = NULL;

    assert_true(storage_check(fixture->storage, &error));
    assert_null(error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_storage_upsert_adds_sets_and_keeps_when_row_exists),
        BOTH(test_storage_write_leaves_nothing_when_work_fails),
        BOTH(test_storage_write_runs_again_when_busy),
        BOTH(test_storage_write_gives_up_when_always_busy),
        BOTH(test_storage_read_refuses_when_work_writes),
        BOTH(test_storage_prepare_says_internal_when_sql_is_wrong),
        BOTH(test_storage_insert_conflicts_when_key_exists),
        BOTH(test_storage_column_is_corrupt_when_type_is_wrong),
        BOTH(test_storage_text_is_cut_at_a_character_when_too_long),
        BOTH(test_storage_values_tell_null_from_empty_when_read),
        BOTH(test_storage_check_passes_when_sound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
