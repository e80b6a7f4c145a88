/*
 * The mode form. A new version is added with its audit row in one transaction; workers are woken
 * and act under it within a second.
 */
#include "api/api_priv.h"
#include "storage/heads.h"
#include "storage/policies.h"

struct policy_work {
    struct api_call *call;
    struct policy_form form;
    int64_t expected; /* version of If-Match; 0 any */
    int64_t version;
    int64_t feed_version;
    json_t *json;
};

static bool read_policy(struct connection *connection, void *data, GError **error)
{
    struct policy_work *work = data;

    g_clear_pointer(&work->json, json_decref);
    work->json = render_policy(connection, work->call->tenant.id, error);
    return work->json != NULL;
}

static void answer_policy(struct policy_work *work)
{
    int64_t version = json_integer_value(json_object_get(work->json, "version"));

    if (version > 0)
        call_etag(work->call, version);
    call_respond(work->call, 200, json_incref(work->json));
}

bool handle_get_policy(struct api_call *call, GError **error)
{
    struct policy_work work = {.call = call};
    bool ok = storage_read(call->storage, read_policy, &work, error);

    if (ok)
        answer_policy(&work);
    g_clear_pointer(&work.json, json_decref);
    return ok;
}

static bool read_form(struct api_call *call, struct policy_form *form, GError **error)
{
    static const char *const fields[] = {"mode",
                                         "legal_basis",
                                         "notice_text",
                                         "notice_date",
                                         "picture_retention_days",
                                         "embedding_retention_months",
                                         NULL};
    static const char *const bases[] = {"consent", "legitimate_interest", "legal_obligation",
                                        "other", NULL};
    const json_t *body = call->body;
    char mode[16];
    char basis[32] = "";
    char notice[POLICY_FORM_TEXT_BYTES + 1] = "";
    int64_t days = POLICY_FORM_DEFAULT_PICTURE_DAYS;
    int64_t months = POLICY_FORM_DEFAULT_EMBEDDING_MONTHS;

    if (!json_only(body, fields, error) ||
        !json_field_text(body, "mode", true, mode, sizeof mode, NULL, error) ||
        !json_field_text(body, "legal_basis", false, basis, sizeof basis, NULL, error) ||
        !json_field_text(body, "notice_text", false, notice, sizeof notice, NULL, error) ||
        !json_field_text(body, "notice_date", false, form->notice_date, sizeof form->notice_date,
                         NULL, error) ||
        !json_field_integer(body, "picture_retention_days", false, 1, POLICY_FORM_MOST_PICTURE_DAYS,
                            &days, NULL, error) ||
        !json_field_integer(body, "embedding_retention_months", false, 1,
                            POLICY_FORM_MOST_EMBEDDING_MONTHS, &months, NULL, error))
        return false;
    form->mode = policy_form_mode_from_name(mode);
    if (form->mode != POLICY_FORM_COUNT && form->mode != POLICY_FORM_RETURNING) {
        error_set_field(error, ERROR_INVALID, "mode", "This must be count or returning");
        return false;
    }
    if (basis[0] != '\0' && !g_strv_contains(bases, basis)) {
        error_set_field(error, ERROR_INVALID, "legal_basis",
                        "This must be consent, legitimate_interest, legal_obligation or other");
        return false;
    }
    form->tenant_id = call->tenant.id;
    form->legal_basis = g_strdup(basis);
    form->notice_text = g_strdup(notice);
    form->picture_retention_days = (int)days;
    form->embedding_retention_months = (int)months;
    form->created_at = call->now;
    form->created_by = call->session.user.id;
    return policy_form_validate(form, error);
}

static bool write_policy(struct connection *connection, void *data, GError **error)
{
    struct policy_work *work = data;
    struct api_call *call = work->call;
    int64_t head, present;
    g_autofree char *detail =
        g_strdup_printf("{\"mode\":\"%s\",\"picture_retention_days\":%d,"
                        "\"embedding_retention_months\":%d}",
                        policy_form_mode_name(work->form.mode), work->form.picture_retention_days,
                        work->form.embedding_retention_months);

    if (!heads_lock(connection, call->tenant.id, &head, error) ||
        !policies_version(connection, call->tenant.id, &present, error))
        return false;
    if (work->expected != 0 && work->expected != present) {
        error_set(error, ERROR_PRECONDITION, "The policy was changed by somebody else");
        return false;
    }
    return policies_insert(connection, &work->form, &work->version, error) &&
           call_audit(call, connection, "policy.set", "tenant", call->tenant.id, detail, error) &&
           call_feed_item(call, connection, "policy", "changed", (struct uuid){{0}},
                          (struct uuid){{0}}, call->tenant.id, &work->feed_version, error) &&
           read_policy(connection, work, error);
}

bool handle_set_policy(struct api_call *call, GError **error)
{
    struct policy_work work = {.call = call};
    bool ok = call_if_match(call, &work.expected, error) && read_form(call, &work.form, error) &&
              storage_write(call->storage, write_policy, &work, error);

    if (ok) {
        call_announced(call, work.feed_version);
        answer_policy(&work);
    }
    policy_form_clear(&work.form);
    g_clear_pointer(&work.json, json_decref);
    return ok;
}
