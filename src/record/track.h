/*
 * Evidence about one body on one camera, and the identity decision that holds for it now.
 *
 * A track row is what the worker saw, at its highest revision; it is never derived. A decision is
 * what the program or a person concluded from one revision; decisions are only added, the newest of
 * a track supersedes the others. A sighting is the current decision in the form that visits are
 * made from.
 */
#ifndef RECORD_TRACK_H
#define RECORD_TRACK_H

#include "base/clock.h"
#include "base/limits.h"
#include "base/uuid.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define TRACK_MODEL_TEXT 64

struct track {
    struct uuid id;
    struct uuid tenant_id;
    struct uuid site_id;
    struct uuid camera_id;
    int64_t revision; /* from 1; a higher one replaces the evidence of a lower one */
    bool ended;
    struct utc started_at;
    struct utc last_seen_at;
    int64_t faces;  /* aggregated into the embedding; 0 for a body without an identity */
    double quality; /* 0–1 of the aggregate */
    char model_space[TRACK_MODEL_TEXT];
    char model_pack[TRACK_MODEL_TEXT];
    int64_t policy_version;
    GBytes *trail;    /* u32 offset_ms, f32 x, f32 y per point, little-endian; or NULL */
    GBytes *coexists; /* 16 bytes per track seen in the same frame; or NULL */
    struct utc received_at;
};

void track_clear(struct track *track);

/* X(CODE, name): what an identity decision can say. */
#define DECISION_OUTCOME_LIST(X)                                                                   \
    X(MATCHED, "matched") /* a known person */                                                     \
    X(NEW, "new")         /* a person made for this track */                                       \
    X(UNSURE, "unsure")   /* near somebody, not near enough: nobody */                             \
    X(UNKNOWN, "unknown") /* no usable face */                                                     \
    X(DENIED, "denied")   /* policy does not allow to know */                                      \
    X(HUMAN, "human")     /* a person said so (pin) */

enum decision_outcome {
    DECISION_NONE = 0,
#define X(code, name) DECISION_##code,
    DECISION_OUTCOME_LIST(X)
#undef X
};

const char *decision_outcome_name(enum decision_outcome outcome);
enum decision_outcome decision_outcome_from_name(const char *name);

struct decision {
    struct uuid id;
    struct uuid tenant_id;
    struct uuid site_id;
    struct uuid track_id;
    int64_t track_revision;
    enum decision_outcome outcome;
    struct uuid person_id; /* nil for unsure, unknown, denied */
    double distance;  /* to the matched person, in the model's metric; -1 when there was none */
    char reason[200]; /* in words, for the person who asks why */
    char model_space[TRACK_MODEL_TEXT];
    int64_t policy_version;
    struct uuid superseded_by; /* nil while current */
    struct utc made_at;
};

struct sighting {
    struct uuid track_id;
    struct uuid tenant_id;
    struct uuid site_id;
    struct uuid camera_id;
    struct uuid decision_id;
    struct uuid decided_person_id; /* as decided */
    struct uuid person_id;         /* its root after merges */
    struct utc started_at;
    struct utc last_seen_at;
};

/* A human decision about a track that no later computation overrides. */
struct pin {
    struct uuid track_id;
    struct uuid tenant_id;
    struct uuid site_id;
    struct uuid person_id; /* nil: nobody we know */
    struct uuid made_by;   /* user */
    struct utc made_at;
};

enum cannot_link_kind {
    CANNOT_LINK_NONE = 0,
    CANNOT_LINK_TRACKS,       /* a, b: tracks seen in one frame */
    CANNOT_LINK_TRACK_PERSON, /* a: track, b: person: "not this person" */
    CANNOT_LINK_PEOPLE,       /* a, b: people who were told apart */
};

/* Two things that are never the same person. For two of a kind, a < b. */
struct cannot_link {
    struct uuid tenant_id;
    enum cannot_link_kind kind;
    struct uuid a;
    struct uuid b;
    struct uuid made_by; /* user; nil for the program */
    struct utc made_at;
};

#endif
