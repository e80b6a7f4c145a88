/*
 * The form that sets what may be stored about passers-by: one row per version, never changed. The
 * evaluator is policy/; this is what a person signed.
 */
#ifndef RECORD_POLICY_FORM_H
#define RECORD_POLICY_FORM_H

#include "base/clock.h"
#include "base/limits.h"
#include "base/uuid.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* X(CODE, name) in the order of enum policy_mode: from least to most. */
#define POLICY_FORM_MODE_LIST(X)                                                                   \
    X(COUNT, "count")                                                                              \
    X(RETURNING, "returning")                                                                      \
    X(MEMBERS, "members")

enum policy_form_mode {
    POLICY_FORM_NONE = 0,
#define X(code, name) POLICY_FORM_##code,
    POLICY_FORM_MODE_LIST(X)
#undef X
};

const char *policy_form_mode_name(enum policy_form_mode mode);
enum policy_form_mode policy_form_mode_from_name(const char *name);

#define POLICY_FORM_TEXT_BYTES               4000
#define POLICY_FORM_DEFAULT_PICTURE_DAYS     30
#define POLICY_FORM_DEFAULT_EMBEDDING_MONTHS 12
#define POLICY_FORM_MOST_PICTURE_DAYS        365
#define POLICY_FORM_MOST_EMBEDDING_MONTHS    60

struct policy_form {
    struct uuid tenant_id;
    struct uuid site_id; /* nil: the whole tenant; a site can only be tighter */
    int64_t version;     /* counts up within the tenant, from 1 */
    enum policy_form_mode mode;
    char *legal_basis;    /* required unless count; owned; NULL reads as "" */
    char *notice_text;    /* likewise: what the sign at the door says */
    char notice_date[11]; /* "2026-11-20": since when it hangs there; "" in count */
    int picture_retention_days;
    int embedding_retention_months; /* of anonymous people, after their last visit */
    struct utc created_at;
    struct uuid created_by; /* user, nil for the program itself */
};

void policy_form_clear(struct policy_form *form);
void policy_form_copy(const struct policy_form *from, struct policy_form *to);

/* INVALID with the field named: legal basis, notice text and date are required for every mode but
 * count; retention inside its range; `members` is accepted as a form. */
bool policy_form_validate(const struct policy_form *form, GError **error);

#endif
