/*
 * Visits and what is counted. All of it is derived from sightings and crossings and can be computed
 * again; ingest is the one writer.
 */
#ifndef RECORD_VISIT_H
#define RECORD_VISIT_H

#include "base/clock.h"
#include "base/uuid.h"

#include <stdbool.h>
#include <stdint.h>

/* One person at one site, from the first sighting to the last one before the site's gap. */
struct visit {
    struct uuid id;
    struct uuid tenant_id;
    struct uuid site_id;
    struct uuid person_id; /* a root */
    struct utc started_at;
    struct utc ended_at;    /* last seen; whether it is still open depends on now and the gap */
    bool returning;         /* the person had an earlier visit at this site */
    int64_t sightings;      /* tracks in it */
    struct uuid camera_id;  /* of the first sighting */
    struct uuid picture_id; /* best face of it, nil for none */
    double picture_quality; /* -1 for none */
    struct utc updated_at;
};

struct crossing {
    struct uuid id; /* of the event */
    struct uuid tenant_id;
    struct uuid site_id;
    struct uuid camera_id;
    struct uuid line_id;
    struct uuid track_id;
    bool inward;
    struct utc captured_at;
    double x, y; /* fractions of the picture */
};

/* A change to one cell of 15 minutes UTC; amounts are signed and add up. */
struct rollup {
    struct uuid tenant_id;
    struct uuid site_id;
    struct uuid camera_id; /* nil when the measure has no camera (visits) */
    char measure[32];      /* "crossings_in", "crossings_out", "visits", … */
    char dimension[64];    /* "" or name=value, for example "returning=1" */
    struct utc cell_at;    /* start of the cell */
    int64_t amount;
};

#define ROLLUP_CELL_US (15LL * 60 * 1000 * 1000)

/* The start of the cell that `time` falls into, also before 1970. */
struct utc rollup_cell(struct utc time);

/* Visits of one person on one business day of a site; 0 is removed. */
struct person_day {
    struct uuid tenant_id;
    struct uuid site_id;
    int32_t business_day; /* days since 1970-01-01 of the local date on which the day started */
    struct uuid person_id;
    int64_t visits;
};

#endif
