/*
 * The reality check: replays the demo clips in lock-step (no clock, every frame, nothing dropped)
 * through the same capture child, pipeline and ingest as live cameras, and compares what is
 * reported with the truth of the plan. People are compared as the same or another, not by who they
 * are, which nothing reports; all seeds follow one script, so that the clip of one seed is true to
 * the plan of another.
 */
#ifndef DEMO_VERIFY_H
#define DEMO_VERIFY_H

#include "base/log.h"
#include "demo/plan.h"
#include "infer/runner.h"

#include <glib.h>
#include <stdbool.h>

/* How far a reported time may be from the true one. */
#define VERIFY_TOLERANCE_SECONDS 1.0

struct verify_config {
    unsigned seed;
    unsigned cameras;        /* 1 … PLAN_CAMERAS_MAX */
    const char *clips;       /* folder; clips that are missing are rendered into it */
    const char *photographs; /* for rendering */
    const char *capture_path;
    struct infer *infer;
    const struct truth *truth;   /* NULL: that of the plan; a test gives a wrong one */
    const struct logger *logger; /* may be NULL */
    void (*progress)(void *context, const char *what, double share); /* may be NULL */
    void *context;
};

/* One visit as it was reported. */
struct reported_visit {
    unsigned person; /* numbers the reported people in order of appearance */
    double start, end;
    bool returning;
};

struct verify_result {
    struct truth truth;
    GArray *visits; /* of struct reported_visit, by start */
    unsigned people;
    unsigned crossings_in[PLAN_CAMERAS_MAX];
    unsigned crossings_out[PLAN_CAMERAS_MAX];
    double worst_seconds;  /* largest difference of a matched time */
    GPtrArray *mismatches; /* of char *: each thing that is not exact; empty: verified */
};

/* Runs the replay. False and *error when it could not be done; a report that differs from the truth
 * is a result, not an error. Clear with verify_result_clear. */
bool verify_run(const struct verify_config *config, struct verify_result *result, GError **error);
void verify_result_clear(struct verify_result *result);

/* The comparison alone, over what `result` holds; fills in mismatches and worst_seconds. Pure. */
void verify_compare(struct verify_result *result, unsigned cameras);

#endif
