/*
 * Rows of `rollups` (signed cells of 15 minutes UTC) and of `person_days`. Conventions as in
 * tenants.h.
 */
#ifndef STORAGE_ROLLUPS_H
#define STORAGE_ROLLUPS_H

#include "record/visit.h"
#include "storage/storage.h"

/* Adds the amount to the cell, which is made when it is missing. */
bool rollups_add(struct connection *connection, const struct rollup *rollup, GError **error);

/* Sum of a measure and dimension of a site (nil: of the tenant) over the cells that start in
 * [from, to). */
bool rollups_sum(struct connection *connection, struct uuid tenant_id, struct uuid site_id,
                 const char *measure, const char *dimension, struct utc from, struct utc to,
                 int64_t *sum, GError **error);

/* The cells of a measure of a site in [from, to), summed over cameras, by cell_at; GArray of rollup
 * with a nil camera. */
GArray *rollups_list(struct connection *connection, struct uuid tenant_id, struct uuid site_id,
                     const char *measure, const char *dimension, struct utc from, struct utc to,
                     GError **error);

/* Adds `day->visits` (signed); a row that reaches 0 is removed. */
bool person_days_add(struct connection *connection, const struct person_day *day, GError **error);

/* Distinct people of a site (nil: of the tenant) on the business days first … last. */
bool person_days_distinct(struct connection *connection, struct uuid tenant_id, struct uuid site_id,
                          int32_t first_day, int32_t last_day, int64_t *people, GError **error);

#endif
