/*
 * People and what a person may say about them. Every change is an operation of ingest/, so that
 * visits and counts follow in the same transaction and it can be undone.
 */
#include "storage/people.h"
#include "api/api_priv.h"
#include "base/limits.h"
#include "ingest/ingest.h"

#include <string.h>

struct people_work {
    struct api_call *call;
    struct people_filter filter;
    struct page page;
    struct uuid person_id;
    struct person person;
    json_t *items;
    json_t *cursor;
    json_t *json;
    bool measured;
};

static void work_clear(struct people_work *work)
{
    g_clear_pointer(&work->items, json_decref);
    g_clear_pointer(&work->cursor, json_decref);
    g_clear_pointer(&work->json, json_decref);
}

static bool read_people(struct connection *connection, void *data, GError **error)
{
    struct people_work *work = data;
    struct render render = {0};
    g_autoptr(GArray) people = NULL;
    bool ok = render_init(&render, work->call->api, connection, &work->call->tenant, error) &&
              (people = people_list(connection, &work->filter, &work->page, error)) != NULL;

    work_clear(work);
    work->items = json_array();
    work->cursor = json_null();
    work->measured = render.mode != POLICY_FORM_COUNT;
    for (guint i = 0; ok && i < people->len; i++) {
        json_t *json = render_person(&render, &g_array_index(people, struct person, i), error);

        ok = json != NULL && json_array_append_new(work->items, json) == 0;
    }
    if (ok && people->len == page_limit(&work->page)) {
        const struct person *last = &g_array_index(people, struct person, people->len - 1);

        json_decref(work->cursor);
        work->cursor = call_cursor(last->last_seen_at.us, last->id);
    }
    render_clear(&render);
    return ok;
}

bool handle_list_people(struct api_call *call, GError **error)
{
    struct people_work work = {.call = call, .filter = {.tenant_id = call->tenant.id}};
    const char *named = http_request_query(call->http, "named");
    bool ok;

    work.filter.text = http_request_query(call->http, "q");
    if (work.filter.text != NULL && strlen(work.filter.text) > LIMIT_NAME_BYTES) {
        error_set_field(error, ERROR_INVALID, "q", "This may have %d bytes at most",
                        LIMIT_NAME_BYTES);
        return false;
    }
    work.filter.named = named != NULL && strcmp(named, "true") == 0;
    work.filter.anonymous = named != NULL && strcmp(named, "false") == 0;
    ok = call_page(call, &work.page, error) &&
         call_query_uuid(call, "site", &work.filter.site_id, error) &&
         storage_read(call->storage, read_people, &work, error);
    if (ok)
        call_respond(call, 200,
                     json_pack("{s:O, s:O, s:b}", "items", work.items, "next_cursor", work.cursor,
                               "measured", work.measured));
    work_clear(&work);
    return ok;
}

/* The person (or the one it was merged into) with everybody that was merged into it. */
static bool read_person(struct connection *connection, void *data, GError **error)
{
    struct people_work *work = data;
    struct api_call *call = work->call;
    struct render render = {0};
    g_autoptr(GArray) members = NULL;
    bool ok;

    work_clear(work);
    ok = people_get(connection, call->tenant.id, work->person_id, &work->person, error) &&
         (uuid_equal(work->person.id, work->person.root_id) ||
          people_get(connection, call->tenant.id, work->person.root_id, &work->person, error)) &&
         render_init(&render, call->api, connection, &call->tenant, error) &&
         (work->json = render_person(&render, &work->person, error)) != NULL &&
         (members = people_of_root(connection, call->tenant.id, work->person.id, error)) != NULL;
    if (ok) {
        json_t *merged = json_array();

        for (guint i = 0; i < members->len; i++) {
            const struct person *member = &g_array_index(members, struct person, i);

            if (!uuid_equal(member->id, work->person.id))
                json_array_append_new(merged, render_person_ref(member));
        }
        json_put(work->json, "merged", merged);
    }
    render_clear(&render);
    return ok;
}

bool handle_get_person(struct api_call *call, GError **error)
{
    struct people_work work = {.call = call, .person_id = call->id};
    bool ok = storage_read(call->storage, read_person, &work, error);

    if (ok) {
        call_etag(call, work.person.version);
        call_respond(call, 200, json_incref(work.json));
    }
    work_clear(&work);
    return ok;
}

/* ---- operations ---- */

static struct ingest_actor actor_of(const struct api_call *call)
{
    return (struct ingest_actor){.tenant_id = call->tenant.id, .user_id = call->session.user.id};
}

/* Answers the operation and the person it was about, as that person is now; nil: nobody. */
static bool answer_operation(struct api_call *call, const char *kind, struct uuid operation,
                             struct uuid person, GError **error)
{
    struct people_work work = {.call = call, .person_id = person};
    json_t *answer;

    if (!uuid_is_nil(person) && !storage_read(call->storage, read_person, &work, error)) {
        if (error_code_of(*error) != ERROR_NOT_FOUND)
            return false;
        g_clear_error(error);
    }
    answer = json_pack("{s:o, s:s, s:o}", "operation_id", json_uuid(operation), "kind", kind,
                       "person", work.json != NULL ? json_incref(work.json) : json_null());
    work_clear(&work);
    call_respond(call, 200, answer);
    return true;
}

bool handle_update_person(struct api_call *call, GError **error)
{
    static const char *const fields[] = {"name", NULL};
    struct ingest_actor actor = actor_of(call);
    char name[LIMIT_NAME_BYTES + 1] = "";
    int64_t expected;
    struct uuid operation;

    if (!json_only(call->body, fields, error) || !call_if_match(call, &expected, error) ||
        !json_field_text(call->body, "name", false, name, sizeof name, NULL, error))
        return false;
    if (json_object_get(call->body, "name") == NULL) {
        error_set_field(error, ERROR_INVALID, "name", "This field is needed");
        return false;
    }
    return ingest_name_person(call->api->parts.ingest, &actor, call->id, g_strstrip(name), expected,
                              &operation, error) &&
           answer_operation(call, "name", operation, call->id, error);
}

bool handle_merge_person(struct api_call *call, GError **error)
{
    static const char *const fields[] = {"into", NULL};
    struct ingest_actor actor = actor_of(call);
    struct uuid into, operation;

    if (!json_only(call->body, fields, error) ||
        !json_field_uuid(call->body, "into", true, &into, NULL, error))
        return false;
    if (uuid_equal(into, call->id)) {
        error_set_field(error, ERROR_INVALID, "into", "This is the same person already");
        return false;
    }
    return ingest_merge_people(call->api->parts.ingest, &actor, call->id, into, &operation,
                               error) &&
           answer_operation(call, "merge", operation, into, error);
}

bool handle_unmerge_person(struct api_call *call, GError **error)
{
    struct ingest_actor actor = actor_of(call);
    struct uuid operation;

    return ingest_unmerge_person(call->api->parts.ingest, &actor, call->id, &operation, error) &&
           answer_operation(call, "unmerge", operation, call->id, error);
}

bool handle_not_this_person(struct api_call *call, GError **error)
{
    struct ingest_actor actor = actor_of(call);
    struct uuid operation;

    return ingest_not_this_person(call->api->parts.ingest, &actor, call->id, NULL, &operation,
                                  error) &&
           answer_operation(call, "not_this_person", operation, (struct uuid){{0}}, error);
}

bool handle_undo_operation(struct api_call *call, GError **error)
{
    struct ingest_actor actor = actor_of(call);

    return ingest_undo(call->api->parts.ingest, &actor, call->id, error) &&
           answer_operation(call, "undo", call->id, (struct uuid){{0}}, error);
}
