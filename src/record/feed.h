/*
 * What replicas and browsers follow: the durable feed of a tenant and the changes of its gallery.
 * Both are numbered by the tenant's version, which counts up once per ingest transaction.
 */
#ifndef RECORD_FEED_H
#define RECORD_FEED_H

#include "base/clock.h"
#include "base/uuid.h"

#include <stdint.h>

/* X(CODE, name): the durable items of the feed. */
#define FEED_KIND_LIST(X)                                                                          \
    X(VISIT, "visit")                                                                              \
    X(PERSON, "person")                                                                            \
    X(CAMERA, "camera")                                                                            \
    X(POLICY, "policy")                                                                            \
    X(CROSSING, "crossing")                                                                        \
    X(SITE, "site")

enum feed_kind {
    FEED_NONE = 0,
#define X(code, name) FEED_##code,
    FEED_KIND_LIST(X)
#undef X
};

const char *feed_kind_name(enum feed_kind kind);
enum feed_kind feed_kind_from_name(const char *name);

/* One item says what changed, not how: readers load the record. One transaction is one version and
 * writes its items in the order 0, 1, 2 … */
struct feed_item {
    struct uuid tenant_id;
    int64_t version;
    int32_t ordinal;
    enum feed_kind kind;
    char change[16];        /* "made", "changed", "removed" */
    struct uuid site_id;    /* nil when the record has none */
    struct uuid camera_id;  /* nil when the record has none */
    struct uuid subject_id; /* the record */
    struct utc created_at;
};

enum gallery_change_kind {
    GALLERY_NONE = 0,
    GALLERY_EMBEDDING_ADDED,   /* embedding_id joins under person_id (as decided) */
    GALLERY_EMBEDDING_REMOVED, /* embedding_id leaves */
    GALLERY_TRACK_MOVED,   /* the embeddings of track_id now belong to person_id (nil: to nobody) */
    GALLERY_PERSON_ROOTED, /* person_id now has the root root_id (merge, un-merge) */
    GALLERY_REBUILD,       /* anything else: read the whole gallery again */
};

struct gallery_change {
    struct uuid tenant_id;
    int64_t version;
    int32_t ordinal;
    enum gallery_change_kind kind;
    struct uuid embedding_id;
    struct uuid track_id;
    struct uuid person_id;
    struct uuid root_id;
};

#endif
