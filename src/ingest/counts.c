#include "ingest/ingest_priv.h"
#include "storage/rollups.h"

/* The signed difference that a turn makes of the counts. Cells that many visits of a batch share
 * are written once, and what an update takes out and puts back is not written at all. */
struct counts {
    GHashTable *zones;   /* of the ingest object, see zone_of */
    GHashTable *rollups; /* set of struct rollup * (owned), one per cell and measure */
    GHashTable *days;    /* set of struct person_day * (owned), one per site, day and person */
};

static guint hash_rollup(gconstpointer pointer)
{
    const struct rollup *rollup = pointer;

    return g_str_hash(rollup->measure) ^ g_str_hash(rollup->dimension) ^
           uuid_hash_key(&rollup->site_id) ^ uuid_hash_key(&rollup->camera_id) ^
           g_int64_hash(&rollup->cell_at.us);
}

static gboolean same_rollup(gconstpointer a, gconstpointer b)
{
    const struct rollup *left = a, *right = b;

    return left->cell_at.us == right->cell_at.us && uuid_equal(left->site_id, right->site_id) &&
           uuid_equal(left->camera_id, right->camera_id) &&
           g_str_equal(left->measure, right->measure) &&
           g_str_equal(left->dimension, right->dimension);
}

static guint hash_day(gconstpointer pointer)
{
    const struct person_day *day = pointer;

    return uuid_hash_key(&day->person_id) ^ uuid_hash_key(&day->site_id) ^ (guint)day->business_day;
}

static gboolean same_day(gconstpointer a, gconstpointer b)
{
    const struct person_day *left = a, *right = b;

    return left->business_day == right->business_day &&
           uuid_equal(left->person_id, right->person_id) &&
           uuid_equal(left->site_id, right->site_id);
}

struct counts *counts_new(GHashTable *zones)
{
    struct counts *counts = g_new0(struct counts, 1);

    counts->zones = zones;
    counts->rollups = g_hash_table_new_full(hash_rollup, same_rollup, g_free, NULL);
    counts->days = g_hash_table_new_full(hash_day, same_day, g_free, NULL);
    return counts;
}

void counts_free(struct counts *counts)
{
    g_hash_table_unref(counts->rollups);
    g_hash_table_unref(counts->days);
    g_free(counts);
}

static void add_rollup(struct counts *counts, const struct rollup *rollup)
{
    struct rollup *present = g_hash_table_lookup(counts->rollups, rollup);

    if (present)
        present->amount += rollup->amount;
    else
        g_hash_table_add(counts->rollups, g_memdup2(rollup, sizeof(*rollup)));
}

void counts_crossing(struct counts *counts, const struct crossing *crossing)
{
    struct rollup rollup = {.tenant_id = crossing->tenant_id,
                            .site_id = crossing->site_id,
                            .camera_id = crossing->camera_id,
                            .cell_at = rollup_cell(crossing->captured_at),
                            .amount = 1};

    g_strlcpy(rollup.measure, crossing->inward ? "crossings_in" : "crossings_out",
              sizeof(rollup.measure));
    add_rollup(counts, &rollup);
}

/* The zone of a name, NULL when there is none. GLib reads its file each time it is asked. */
static GTimeZone *zone_of(GHashTable *zones, const char *name)
{
    GTimeZone *zone = g_hash_table_lookup(zones, name);

    if (!zone && (zone = g_time_zone_new_identifier(name)))
        g_hash_table_insert(zones, g_strdup(name), zone);
    return zone;
}

/* The local date on which the site's business day of `time` started, as days since 1970-01-01. */
static int32_t business_day(const struct counts *counts, const struct site *site, struct utc time)
{
    const int64_t shifted = time.us / G_USEC_PER_SEC - (int64_t)site->day_starts_minutes * 60;
    GTimeZone *zone = zone_of(counts->zones, site->time_zone);
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(time.us / G_USEC_PER_SEC);
    g_autoptr(GDateTime) local = zone && utc ? g_date_time_to_timezone(utc, zone) : NULL;
    const int64_t offset = local ? g_date_time_get_utc_offset(local) / G_USEC_PER_SEC : 0;
    const int64_t seconds = shifted + offset;

    return (int32_t)(seconds / 86400 - (seconds % 86400 < 0));
}

static void add_person_day(struct counts *counts, const struct person_day *day)
{
    struct person_day *present = g_hash_table_lookup(counts->days, day);

    if (present)
        present->visits += day->visits;
    else
        g_hash_table_add(counts->days, g_memdup2(day, sizeof(*day)));
}

void counts_visit(struct counts *counts, const struct site *site, struct uuid person_id,
                  const struct ledger_visit *visit, int64_t sign)
{
    const int64_t stay_seconds = visit->to.us / G_USEC_PER_SEC - visit->from.us / G_USEC_PER_SEC;
    const struct person_day day = {.tenant_id = site->tenant_id,
                                   .site_id = site->id,
                                   .business_day = business_day(counts, site, visit->from),
                                   .person_id = person_id,
                                   .visits = sign};
    struct rollup rollup = {.tenant_id = site->tenant_id,
                            .site_id = site->id,
                            .measure = "visits",
                            .cell_at = rollup_cell(visit->from),
                            .amount = sign};

    add_person_day(counts, &day);
    add_rollup(counts, &rollup);
    g_strlcpy(rollup.dimension, visit->returning ? "returning=1" : "returning=0",
              sizeof(rollup.dimension));
    add_rollup(counts, &rollup);
    rollup.dimension[0] = '\0';
    g_strlcpy(rollup.measure, "stay_seconds", sizeof(rollup.measure));
    rollup.amount = sign * stay_seconds;
    add_rollup(counts, &rollup);
}

bool counts_write(const struct counts *counts, struct connection *connection, GError **error)
{
    GHashTableIter iter;
    gpointer key;

    g_hash_table_iter_init(&iter, counts->rollups);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        if (((struct rollup *)key)->amount != 0 && !rollups_add(connection, key, error))
            return false;
    }
    g_hash_table_iter_init(&iter, counts->days);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        if (((struct person_day *)key)->visits != 0 && !person_days_add(connection, key, error))
            return false;
    }
    return true;
}
