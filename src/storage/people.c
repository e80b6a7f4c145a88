#include "storage/people.h"

#include "base/error.h"

#include <string.h>

#define COLUMNS                                                                                    \
    "id, tenant_id, number, name, merged_into, root_id, visits, first_seen_at, last_seen_at, "     \
    "picture_id, embeddings_expire_at, version, created_at"

static void read_person(struct statement *statement, void *row)
{
    struct person *const person = row;

    person->id = statement_uuid(statement, 0);
    person->tenant_id = statement_uuid(statement, 1);
    person->number = statement_int64(statement, 2);
    statement_copy_text(statement, 3, person->name, sizeof(person->name));
    person->merged_into = statement_uuid(statement, 4);
    person->root_id = statement_uuid(statement, 5);
    person->visits = statement_int64(statement, 6);
    person->first_seen_at = statement_utc(statement, 7);
    person->last_seen_at = statement_utc(statement, 8);
    person->picture_id = statement_uuid(statement, 9);
    person->embeddings_expire_at = statement_utc(statement, 10);
    person->version = statement_int64(statement, 11);
    person->created_at = statement_utc(statement, 12);
}

static bool next_number(struct connection *connection, struct uuid tenant_id, int64_t *number,
                        GError **error)
{
    scoped_statement *update = connection_prepare(
        connection,
        "UPDATE tenant_heads SET last_number = last_number + 1 WHERE tenant_id = :tenant_id",
        error);
    scoped_statement *select = NULL;

    if (!update)
        return false;
    statement_bind_uuid(update, ":tenant_id", tenant_id);
    if (!statement_run(update, NULL, error))
        return false;
    select = connection_prepare(
        connection, "SELECT last_number FROM tenant_heads WHERE tenant_id = :tenant_id", error);
    if (!select)
        return false;
    statement_bind_uuid(select, ":tenant_id", tenant_id);
    if (!statement_find(select, "tenant", tenant_id, error))
        return false;
    *number = statement_int64(select, 0);
    return statement_check(select, error);
}

bool people_insert(struct connection *connection, const struct person *person, int64_t *number,
                   GError **error)
{
    scoped_statement *statement = NULL;
    int64_t next;

    if (!next_number(connection, person->tenant_id, &next, error))
        return false;
    statement = connection_prepare(
        connection,
        "INSERT INTO people (" COLUMNS ") VALUES (:id, :tenant_id, :number, :name, NULL, :root_id, "
        ":visits, :first_seen_at, :last_seen_at, :picture_id, :embeddings_expire_at, 1, "
        ":created_at)",
        error);
    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", person->id);
    statement_bind_uuid(statement, ":tenant_id", person->tenant_id);
    statement_bind_int64(statement, ":number", next);
    statement_bind_text(statement, ":name", person->name);
    statement_bind_uuid(statement, ":root_id", person->id);
    statement_bind_int64(statement, ":visits", person->visits);
    statement_bind_utc(statement, ":first_seen_at", person->first_seen_at);
    statement_bind_utc(statement, ":last_seen_at", person->last_seen_at);
    statement_bind_uuid(statement, ":picture_id", person->picture_id);
    statement_bind_utc(statement, ":embeddings_expire_at", person->embeddings_expire_at);
    statement_bind_utc(statement, ":created_at", person->created_at);
    if (!statement_run(statement, NULL, error))
        return false;
    *number = next;
    return true;
}

bool people_get(struct connection *connection, struct uuid tenant_id, struct uuid id,
                struct person *person, GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection, "SELECT " COLUMNS " FROM people WHERE id = :id AND tenant_id = :tenant_id",
        error);
    struct person found = {0};

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":id", id);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    if (!statement_find(statement, "person", id, error))
        return false;
    read_person(statement, &found);
    if (!statement_check(statement, error))
        return false;
    *person = found;
    return true;
}

bool people_set_name(struct connection *connection, struct uuid tenant_id, struct uuid id,
                     const char *name, int64_t expected, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "UPDATE people SET name = :name, version = version + 1 WHERE id = :id "
                           "AND tenant_id = :tenant_id AND (:expected = 0 OR version = :expected)",
                           error);
    struct person present;
    int64_t changes;

    if (!statement)
        return false;
    statement_bind_text(statement, ":name", name);
    statement_bind_uuid(statement, ":id", id);
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_int64(statement, ":expected", expected);
    if (!statement_run(statement, &changes, error))
        return false;
    if (changes == 1)
        return true;
    return people_get(connection, tenant_id, id, &present, error) &&
           storage_changed_meanwhile(error, "person", expected, present.version);
}

/* ---- Merging ---- */

static void read_uuid(struct statement *statement, void *row)
{
    *(struct uuid *)row = statement_uuid(statement, 0);
}

/* `id` and everybody merged into it, directly or not. */
static GArray *subtree(struct connection *connection, struct uuid id, GError **error)
{
    GArray *const members = g_array_new(FALSE, FALSE, sizeof(struct uuid));

    g_array_append_val(members, id);
    for (guint i = 0; i < members->len; i++) {
        scoped_statement *statement = connection_prepare(
            connection, "SELECT id FROM people WHERE merged_into = :id ORDER BY id", error);
        g_autoptr(GArray) children = NULL;

        if (statement) {
            statement_bind_uuid(statement, ":id", g_array_index(members, struct uuid, i));
            children = statement_collect(statement, sizeof(struct uuid), read_uuid, NULL, error);
        }
        if (!children) {
            g_array_unref(members);
            return NULL;
        }
        g_array_append_vals(members, children->data, children->len);
    }
    return members;
}

static bool run_with_root(struct connection *connection, const char *sql, struct uuid id,
                          struct uuid root, GError **error)
{
    scoped_statement *statement = connection_prepare(connection, sql, error);

    if (!statement)
        return false;
    statement_bind_uuid(statement, ":root", root);
    statement_bind_uuid(statement, ":id", id);
    return statement_run(statement, NULL, error);
}

static bool set_root(struct connection *connection, struct uuid id, struct uuid root,
                     GError **error)
{
    return run_with_root(connection,
                         "UPDATE people SET root_id = :root, version = version + 1 WHERE id = :id",
                         id, root, error) &&
           run_with_root(connection,
                         "UPDATE sightings SET person_id = :root WHERE decided_person_id = :id", id,
                         root, error) &&
           run_with_root(connection,
                         "UPDATE embeddings SET person_id = :root WHERE track_id IN "
                         "(SELECT track_id FROM sightings WHERE decided_person_id = :id)",
                         id, root, error);
}

static bool set_parent(struct connection *connection, struct uuid id, struct uuid into,
                       GError **error)
{
    scoped_statement *statement = connection_prepare(
        connection, "UPDATE people SET merged_into = :into WHERE id = :id", error);

    if (!statement)
        return false;
    statement_bind_uuid_or_null(statement, ":into", into);
    statement_bind_uuid(statement, ":id", id);
    return statement_run(statement, NULL, error);
}

bool people_set_merged(struct connection *connection, struct uuid tenant_id, struct uuid id,
                       struct uuid into, GError **error)
{
    struct person person;
    struct person target;
    struct uuid root = id;
    g_autoptr(GArray) members = NULL;

    if (!people_get(connection, tenant_id, id, &person, error))
        return false;
    members = subtree(connection, id, error);
    if (!members)
        return false;
    if (!uuid_is_nil(into)) {
        if (!people_get(connection, tenant_id, into, &target, error))
            return false;
        for (guint i = 0; i < members->len; i++) {
            if (uuid_equal(g_array_index(members, struct uuid, i), into)) {
                error_set(error, ERROR_CONFLICT,
                          "a person cannot be merged into itself or into "
                          "somebody who was merged into it");
                return false;
            }
        }
        root = target.root_id;
    }
    if (!set_parent(connection, id, into, error))
        return false;
    for (guint i = 0; i < members->len; i++) {
        if (!set_root(connection, g_array_index(members, struct uuid, i), root, error))
            return false;
    }
    return true;
}

bool people_set_derived(struct connection *connection, const struct person *person, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "UPDATE people SET visits = :visits, first_seen_at = :first_seen_at, "
                           "last_seen_at = :last_seen_at, picture_id = :picture_id, "
                           "embeddings_expire_at = :embeddings_expire_at "
                           "WHERE id = :id AND tenant_id = :tenant_id",
                           error);
    int64_t changes;

    if (!statement)
        return false;
    statement_bind_int64(statement, ":visits", person->visits);
    statement_bind_utc(statement, ":first_seen_at", person->first_seen_at);
    statement_bind_utc(statement, ":last_seen_at", person->last_seen_at);
    statement_bind_uuid(statement, ":picture_id", person->picture_id);
    statement_bind_utc(statement, ":embeddings_expire_at", person->embeddings_expire_at);
    statement_bind_uuid(statement, ":id", person->id);
    statement_bind_uuid(statement, ":tenant_id", person->tenant_id);
    if (!statement_run(statement, &changes, error))
        return false;
    return changes == 1 || storage_not_found(error, "person", person->id);
}

/* ---- Lists ---- */

/* `text` as the pattern of a LIKE with '!' as the escape character. */
static char *like_pattern(const char *text)
{
    GString *const pattern = g_string_new("%");

    for (; *text; text++) {
        if (*text == '%' || *text == '_' || *text == '!')
            g_string_append_c(pattern, '!');
        g_string_append_c(pattern, *text);
    }
    g_string_append_c(pattern, '%');
    return g_string_free(pattern, FALSE);
}

GArray *people_list(struct connection *connection, const struct people_filter *filter,
                    const struct page *page, GError **error)
{
    const bool text = filter->text && filter->text[0] != '\0';
    g_autoptr(GString) sql =
        g_string_new("SELECT " COLUMNS " FROM people WHERE tenant_id = :tenant_id "
                     "AND last_seen_at > 0 AND root_id = id");
    scoped_statement *statement = NULL;

    if (!uuid_is_nil(filter->site_id))
        g_string_append(sql, " AND EXISTS (SELECT 1 FROM visits WHERE "
                             "visits.tenant_id = people.tenant_id AND "
                             "visits.person_id = people.id AND visits.site_id = :site_id)");
    if (filter->named)
        g_string_append(sql, " AND name <> ''");
    if (filter->anonymous)
        g_string_append(sql, " AND name = ''");
    if (text)
        g_string_append(sql,
                        " AND (LOWER(name) LIKE LOWER(:pattern) ESCAPE '!' OR number = :number)");
    if (page->after.set)
        g_string_append(sql, " AND last_seen_at <= :key AND (last_seen_at < :key OR id < :id)");
    g_string_append(sql, " ORDER BY last_seen_at DESC, id DESC LIMIT :limit");
    statement = connection_prepare(connection, sql->str, error);
    if (!statement)
        return NULL;
    statement_bind_uuid(statement, ":tenant_id", filter->tenant_id);
    if (!uuid_is_nil(filter->site_id))
        statement_bind_uuid(statement, ":site_id", filter->site_id);
    if (text) {
        g_autofree char *pattern = like_pattern(filter->text);
        char *end = NULL;
        const int64_t number = g_ascii_strtoll(filter->text, &end, 10);

        statement_bind_text(statement, ":pattern", pattern);
        statement_bind_int64(statement, ":number", *end == '\0' ? number : -1);
    }
    if (page->after.set) {
        statement_bind_int64(statement, ":key", page->after.key);
        statement_bind_uuid(statement, ":id", page->after.id);
    }
    statement_bind_int64(statement, ":limit", page_limit(page));
    return statement_collect(statement, sizeof(struct person), read_person, NULL, error);
}

GArray *people_of_root(struct connection *connection, struct uuid tenant_id, struct uuid root_id,
                       GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "SELECT " COLUMNS " FROM people WHERE tenant_id = :tenant_id "
                           "AND root_id = :root_id ORDER BY created_at, id",
                           error);

    if (!statement)
        return NULL;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    statement_bind_uuid(statement, ":root_id", root_id);
    return statement_collect(statement, sizeof(struct person), read_person, NULL, error);
}

static void read_root(struct statement *statement, void *row)
{
    struct person_root *const root = row;

    root->id = statement_uuid(statement, 0);
    root->root_id = statement_uuid(statement, 1);
}

GArray *people_merged(struct connection *connection, struct uuid tenant_id, GError **error)
{
    scoped_statement *statement =
        connection_prepare(connection,
                           "SELECT id, root_id FROM people WHERE tenant_id = :tenant_id "
                           "AND merged_into IS NOT NULL ORDER BY id",
                           error);

    if (!statement)
        return NULL;
    statement_bind_uuid(statement, ":tenant_id", tenant_id);
    return statement_collect(statement, sizeof(struct person_root), read_root, NULL, error);
}
