/*
 * The evaluator of what may exist. Policy is data: a mode per tenant, tightened per camera by the
 * recognition switch. The worker asks before it embeds a face, ingest asks again before it writes;
 * both ask the same function, which is pure.
 *
 *   subject              count   returning   members
 *   count a crossing     yes     yes         yes
 *   keep a trail         yes     yes         yes
 *   embed a face         no      switch      switch      (members: in memory, 5 s at most)
 *   keep an embedding    no      switch      no
 *   keep a face picture  no      switch      no
 *   create a person      no      switch      no
 *
 * "switch" is the camera's recognition switch. A member's own consent widens the last column; it is
 * an argument of a later evaluator, never a default. No policy at all means `count`.
 */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include "base/clock.h"

#include <stdbool.h>
#include <stdint.h>

enum policy_mode {
    POLICY_MODE_NONE = 0, /* not received: treated as count */
    POLICY_COUNT = 1,
    POLICY_RETURNING,
    POLICY_MEMBERS,
};

enum policy_subject {
    POLICY_SUBJECT_NONE = 0,
    POLICY_COUNT_CROSSING,
    POLICY_KEEP_TRAIL,
    POLICY_EMBED_FACE,
    POLICY_KEEP_EMBEDDING,
    POLICY_KEEP_FACE_PICTURE,
    POLICY_CREATE_PERSON,
};

/* Days a picture and months an embedding are kept when the tenant did not say otherwise. */
#define POLICY_DEFAULT_PICTURE_DAYS     30
#define POLICY_DEFAULT_EMBEDDING_MONTHS 12

struct policy {
    enum policy_mode mode;
    uint32_t version;                    /* rises with every change; 0 when none was received */
    bool recognition_enabled;            /* the camera's switch */
    uint32_t picture_retention_days;     /* 0: the default */
    uint32_t embedding_retention_months; /* after the last visit; 0: the default */
};

/* What holds until a policy was received: count, version 0, recognition off. */
struct policy policy_none(void);

/* Whether `subject` may exist under `policy`. NULL is policy_none(). */
bool policy_allows(const struct policy *policy, enum policy_subject subject);

/* When a picture captured at `captured_at` must be gone: whole days of 24 hours later. */
struct utc policy_picture_expires_at(const struct policy *policy, struct utc captured_at);

/* When an embedding must be gone whose person was last seen at `last_seen_at`: calendar months
 * later, in UTC. */
struct utc policy_embedding_expires_at(const struct policy *policy, struct utc last_seen_at);

/* "count", "returning", "members"; what the API and the database say. NONE is named "count". */
const char *policy_mode_name(enum policy_mode mode);
enum policy_mode policy_mode_from_name(const char *name); /* NONE when unknown */

#endif
