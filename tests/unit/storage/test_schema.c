/*
 * docs/ER.md shows the schema that the migrations make: every table, column and reference, no more.
 * And the rules of a schema that other databases can take, too.
 */
#include "base/error.h"
#include "cmocka_include.h"
#include "storage/migrate.h"
#include "storage/storage_priv.h"

#include <string.h>

struct schema {
    GTree *lines; /* "table.column", "a -> b : column"; the value is where it is */
};

enum { IN_DATABASE = 1, IN_DIAGRAM = 2 };

static void note(struct schema *schema, int where, char *take_line)
{
    const int before = GPOINTER_TO_INT(g_tree_lookup(schema->lines, take_line));

    g_tree_replace(schema->lines, take_line, GINT_TO_POINTER(before | where));
}

static bool read_database(struct connection *connection, void *data, GError **error)
{
    scoped_statement *columns = connection_prepare(
        connection,
        "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c "
        "WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite!_%' ESCAPE '!'",
        error);
    scoped_statement *references =
        connection_prepare(connection,
                           "SELECT r.\"table\", t.name, r.\"from\" FROM sqlite_schema t, "
                           "pragma_foreign_key_list(t.name) r "
                           "WHERE t.type = 'table'",
                           error);

    if (!columns || !references)
        return false;
    while (statement_step(columns, error) == STEP_ROW)
        note(data, IN_DATABASE,
             g_strdup_printf("%s.%s", statement_text(columns, 0), statement_text(columns, 1)));
    while (statement_step(references, error) == STEP_ROW)
        note(data, IN_DATABASE,
             g_strdup_printf("%s -> %s : %s", statement_text(references, 0),
                             statement_text(references, 1), statement_text(references, 2)));
    return *error == NULL;
}

/* Lines of the diagram: "a ||--o{ b : column", "table {", "type column", "}". */
static void read_diagram(struct schema *schema)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    g_autofree char *table = NULL;
    bool inside = false;

    assert_true(g_file_get_contents(ER_DIAGRAM, &text, NULL, NULL));
    lines = g_strsplit(text, "\n", -1);
    for (size_t i = 0; lines[i]; i++) {
        g_auto(GStrv) words = g_strsplit_set(g_strstrip(lines[i]), " ", -1);
        const guint count = g_strv_length(words);

        if (strcmp(lines[i], "erDiagram") == 0)
            inside = true;
        else if (g_str_has_prefix(lines[i], "```"))
            inside = false;
        else if (!inside || count < 1)
            continue;
        else if (count == 2 && strcmp(words[1], "{") == 0)
            table = g_strdup(words[0]);
        else if (strcmp(words[0], "}") == 0)
            g_clear_pointer(&table, g_free);
        else if (table && count >= 2)
            note(schema, IN_DIAGRAM, g_strdup_printf("%s.%s", table, words[1]));
        else if (count == 5)
            note(schema, IN_DIAGRAM,
                 g_strdup_printf("%s -> %s : %s", words[0], words[2], words[4]));
    }
}

static int report_difference(void *key, void *value, void *data)
{
    if (GPOINTER_TO_INT(value) != (IN_DATABASE | IN_DIAGRAM)) {
        print_error("%s: only in %s\n", (const char *)key,
                    GPOINTER_TO_INT(value) == IN_DATABASE ? "the migrations" : "docs/ER.md");
        ++*(unsigned *)data;
    }
    return 0;
}

static int compare(const void *a, const void *b, void *data)
{
    (void)data;
    return strcmp(a, b);
}

static void test_schema_is_what_the_diagram_shows_when_migrated(void **state)
{
    const struct storage_config config = {.path = ":memory:"};
    struct storage *const storage = storage_open(&config, NULL);
    struct schema schema = {.lines = g_tree_new_full(compare, NULL, g_free, NULL)};
    unsigned differences = 0;

    (void)state;
    assert_true(storage_read(storage, read_database, &schema, NULL));
    read_diagram(&schema);
    assert_true(g_tree_nnodes(schema.lines) > 300);
    g_tree_foreach(schema.lines, report_difference, &differences);
    assert_int_equal(differences, 0);
    g_tree_destroy(schema.lines);
    storage_close(storage);
}

static bool tenants_everywhere(struct connection *connection, void *data, GError **error)
{
    /* What belongs to the installation, or to a user or a worker, and not to a tenant. */
    static const char *const without[] = {"migrations", "tenants",        "server_keys", "streams",
                                          "users",      "login_attempts", "sessions"};
    scoped_statement *statement =
        connection_prepare(connection,
                           "SELECT name FROM sqlite_schema t WHERE type = 'table' "
                           "AND name NOT LIKE 'sqlite!_%' ESCAPE '!' AND NOT EXISTS "
                           "(SELECT 1 FROM pragma_table_info(t.name) c WHERE c.name = 'tenant_id')",
                           error);
    unsigned found = 0;

    (void)data;
    if (!statement)
        return false;
    while (statement_step(statement, error) == STEP_ROW) {
        bool allowed = false;

        for (size_t i = 0; i < G_N_ELEMENTS(without); i++)
            allowed = allowed || strcmp(without[i], statement_text(statement, 0)) == 0;
        if (!allowed)
            print_error("%s has no tenant_id\n", statement_text(statement, 0));
        assert_true(allowed);
        found++;
    }
    assert_int_equal(found, G_N_ELEMENTS(without));
    return true;
}

static void test_schema_has_a_tenant_on_every_table_when_migrated(void **state)
{
    const struct storage_config config = {.path = ":memory:"};
    struct storage *const storage = storage_open(&config, NULL);

    (void)state;
    assert_true(storage_read(storage, tenants_everywhere, NULL, NULL));
    storage_close(storage);
}

static void test_schema_is_portable_when_translated(void **state)
{
    const struct storage_types types = {
        "BYTEA", "BYTEA", "BIGINT", "BIGINT", "SMALLINT", "DOUBLE PRECISION",
        "TEXT",  "TEXT",  "",       ""};
    static const char *const banned[] = {"@",     "RETURNING", "AUTOINCREMENT", "IF NOT EXISTS",
                                         "ROWID", "STRICT",    "PRAGMA"};
    g_autoptr(GRegex) partial_index = g_regex_new("CREATE (UNIQUE )?INDEX[^;]*WHERE",
                                                  (GRegexCompileFlags)0, (GRegexMatchFlags)0, NULL);

    (void)state;
    for (size_t i = 0; i < migrations_count; i++) {
        g_autofree char *sql = migration_translate(migrations[i].sql, &types);

        assert_int_equal(migrations[i].version, i + 1);
        for (size_t k = 0; k < G_N_ELEMENTS(banned); k++) {
            if (strstr(sql, banned[k]))
                print_error("migration %zu uses %s\n", i + 1, banned[k]);
            assert_null(strstr(sql, banned[k]));
        }
        assert_false(g_regex_match(partial_index, sql, (GRegexMatchFlags)0, NULL));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema_is_what_the_diagram_shows_when_migrated),
        cmocka_unit_test(test_schema_has_a_tenant_on_every_table_when_migrated),
        cmocka_unit_test(test_schema_is_portable_when_translated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
