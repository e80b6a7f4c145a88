/*
 * Users, what they may do where, and the trail of what they did.
 */
#ifndef RECORD_USER_H
#define RECORD_USER_H

#include "base/clock.h"
#include "base/limits.h"
#include "base/uuid.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* X(CODE, name): roles within a tenant, most powerful first. Platform admin is a flag of the user.
 */
#define USER_ROLE_LIST(X)                                                                          \
    X(ADMIN, "admin")     /* everything of the tenant */                                           \
    X(MANAGER, "manager") /* everything of the sites of the membership but policy and users */     \
    X(STAFF, "staff")     /* sees now, visits and people of these sites */                         \
    X(AUDITOR, "auditor") /* audit, policy and retention; no faces */

enum user_role {
    USER_ROLE_NONE = 0,
#define X(code, name) USER_ROLE_##code,
    USER_ROLE_LIST(X)
#undef X
};

const char *user_role_name(enum user_role role);
enum user_role user_role_from_name(const char *name);

#define USER_PASSWORD_HASH_TEXT 128
/* A password is at least this long; longer than the most is refused before it is hashed. */
#define USER_LEAST_PASSWORD_BYTES 10
#define USER_MOST_PASSWORD_BYTES  1024

struct user {
    struct uuid id;
    char name[65]; /* login: a–z, 0–9, '.', '_', '-', '@'; unique */
    char password_hash[USER_PASSWORD_HASH_TEXT]; /* argon2id in its text form */
    bool must_change_password;
    bool platform_admin;
    char language[8]; /* "en", "vi", "es", "tr" */
    struct utc password_changed_at;
    struct utc created_at;
    struct utc disabled_at; /* 0 while the user may log in */
};

/* INVALID with the field named. */
bool user_name_validate(const char *name, GError **error);

struct membership {
    struct uuid user_id;
    struct uuid tenant_id;
    struct uuid site_id; /* nil: all sites */
    enum user_role role;
};

/* A login. The token itself is never stored. */
struct session {
    uint8_t token_hash[32];
    struct uuid user_id;
    char csrf_token[48];
    struct utc created_at;
    struct utc used_at;
    struct utc expires_at;
    char address[64];
};

/* X(CODE, name): who acted. */
#define AUDIT_ACTOR_LIST(X)                                                                        \
    X(USER, "user")                                                                                \
    X(WORKER, "worker")                                                                            \
    X(COMMAND, "command") /* the command line on the server itself */                              \
    X(PROGRAM, "program")

enum audit_actor {
    AUDIT_ACTOR_NONE = 0,
#define X(code, name) AUDIT_ACTOR_##code,
    AUDIT_ACTOR_LIST(X)
#undef X
};

const char *audit_actor_name(enum audit_actor actor);
enum audit_actor audit_actor_from_name(const char *name);

/* One line of the audit trail; rows are only ever added. */
struct audit {
    struct uuid id;
    struct uuid tenant_id; /* nil: the installation */
    struct uuid site_id;   /* nil when no site is concerned */
    enum audit_actor actor;
    struct uuid actor_id;  /* user or worker; nil otherwise */
    char action[48];       /* "policy.set", "user.reset-password", "person.merge" … */
    char subject_kind[24]; /* "person", "camera" …; "" for none */
    struct uuid subject_id;
    char *detail;     /* JSON object without names, faces or secrets; owned; NULL: {} */
    char address[64]; /* of the client, "" when local */
    struct utc made_at;
};

void audit_clear(struct audit *audit);

/* Something a person did that can be undone. */
struct operation {
    struct uuid id;
    struct uuid tenant_id;
    struct uuid site_id; /* nil when no single site is concerned */
    char kind[24];       /* "name", "merge", "unmerge", "not-this-person" */
    struct uuid made_by;
    struct uuid subject_id;
    struct uuid other_id;
    char *before; /* JSON: what undo puts back; owned */
    struct utc made_at;
    struct utc undone_at; /* 0 unless undone */
};

void operation_clear(struct operation *operation);

#endif
