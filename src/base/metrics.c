#include "base/metrics.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

/* Upper bounds of histogram buckets in seconds; from a vector search to a slow page. */
static const double bucket_bounds[] = {0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05,
                                       0.1,    0.25,   0.5,   1,     2.5,  10};
#define BUCKETS G_N_ELEMENTS(bucket_bounds)

static const struct {
    const char *name;
    enum metric_type type;
    const char *labels;
    const char *help;
} families[] = {
#define X(code, name, type, labels, help) [METRIC_##code] = {name, METRIC_##type, labels, help},
    METRIC_LIST(X)
#undef X
};

struct metric_cell {
    enum metric_code code;
    char *labels;         /* `camera="x",reason="y"` without braces; immutable */
    char *first;          /* the first label's value, "" without labels; immutable */
    _Atomic double value; /* counter, gauge; histogram: sum */
    atomic_ullong counts[BUCKETS + 1];
};

struct metrics {
    pthread_mutex_t lock;
    GHashTable *cells;  /* guarded by lock: "code{labels}" → struct metric_cell */
    GPtrArray *ordered; /* guarded by lock: the same cells in order of creation */
};

static void cell_free(gpointer data)
{
    struct metric_cell *cell = data;

    g_free(cell->labels);
    g_free(cell->first);
    g_free(cell);
}

struct metrics *metrics_new(void)
{
    struct metrics *metrics = g_new0(struct metrics, 1);

    pthread_mutex_init(&metrics->lock, NULL);
    metrics->cells = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    metrics->ordered = g_ptr_array_new_with_free_func(cell_free);
    return metrics;
}

void metrics_free(struct metrics *metrics)
{
    if (!metrics)
        return;
    g_hash_table_destroy(metrics->cells);
    g_ptr_array_unref(metrics->ordered);
    pthread_mutex_destroy(&metrics->lock);
    g_free(metrics);
}

static char *format_labels(enum metric_code code, const char *const *values)
{
    GString *out = g_string_new(NULL);
    g_auto(GStrv) names = g_strsplit(families[code].labels, ",", -1);

    for (guint i = 0; names[i]; i++) {
        g_string_append_printf(out, "%s%s=\"", i ? "," : "", names[i]);
        for (const char *text = values[i]; *text; text++) {
            if (*text == '"' || *text == '\\')
                g_string_append_c(out, '\\');
            g_string_append_c(out, *text == '\n' ? ' ' : *text);
        }
        g_string_append_c(out, '"');
    }
    return g_string_free(out, FALSE);
}

struct metric_cell *metrics_cell(struct metrics *metrics, enum metric_code code,
                                 const char *const *values)
{
    if (!metrics)
        return NULL;

    g_autofree char *labels = format_labels(code, values);
    g_autofree char *key = g_strdup_printf("%d{%s", (int)code, labels);

    pthread_mutex_lock(&metrics->lock);

    struct metric_cell *cell = g_hash_table_lookup(metrics->cells, key);

    if (!cell) {
        cell = g_new0(struct metric_cell, 1);
        cell->code = code;
        cell->labels = g_steal_pointer(&labels);
        cell->first = g_strdup(*cell->labels ? values[0] : "");
        g_hash_table_insert(metrics->cells, g_steal_pointer(&key), cell);
        g_ptr_array_add(metrics->ordered, cell);
    }
    pthread_mutex_unlock(&metrics->lock);
    return cell;
}

static void atomic_add_double(_Atomic double *target, double amount)
{
    double old = atomic_load_explicit(target, memory_order_relaxed);

    while (!atomic_compare_exchange_weak_explicit(target, &old, old + amount, memory_order_relaxed,
                                                  memory_order_relaxed))
        ;
}

void metric_add(struct metric_cell *cell, double amount)
{
    if (cell)
        atomic_add_double(&cell->value, amount);
}

void metric_set(struct metric_cell *cell, double value)
{
    if (cell)
        atomic_store_explicit(&cell->value, value, memory_order_relaxed);
}

void metric_observe(struct metric_cell *cell, double seconds)
{
    gsize bucket = 0;

    if (!cell)
        return;
    while (bucket < BUCKETS && seconds > bucket_bounds[bucket])
        bucket++;
    atomic_fetch_add_explicit(&cell->counts[bucket], 1, memory_order_relaxed);
    atomic_add_double(&cell->value, seconds);
}

static unsigned long long observations(const struct metric_cell *cell)
{
    unsigned long long total = 0;

    for (gsize i = 0; i <= BUCKETS; i++)
        total += atomic_load_explicit(&cell->counts[i], memory_order_relaxed);
    return total;
}

double metric_value(const struct metric_cell *cell)
{
    return families[cell->code].type == METRIC_HISTOGRAM
               ? (double)observations(cell)
               : atomic_load_explicit(&cell->value, memory_order_relaxed);
}

GHashTable *metrics_by_label(struct metrics *metrics, enum metric_code code)
{
    GHashTable *found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

    pthread_mutex_lock(&metrics->lock);
    for (guint i = 0; i < metrics->ordered->len; i++) {
        const struct metric_cell *cell = g_ptr_array_index(metrics->ordered, i);
        const double value = metric_value(cell);

        if (cell->code == code)
            g_hash_table_insert(found, g_strdup(cell->first), g_memdup2(&value, sizeof(value)));
    }
    pthread_mutex_unlock(&metrics->lock);
    return found;
}

static void append_number(GString *out, double value)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    g_string_append(out, g_ascii_formatd(text, sizeof(text), "%.15g", value));
}

static void append_histogram(GString *out, const struct metric_cell *cell)
{
    const char *name = families[cell->code].name;
    const char *comma = *cell->labels ? "," : "";
    unsigned long long running = 0;

    for (gsize i = 0; i <= BUCKETS; i++) {
        running += atomic_load_explicit(&cell->counts[i], memory_order_relaxed);
        g_string_append_printf(out, "%s_bucket{%s%sle=\"", name, cell->labels, comma);
        if (i < BUCKETS)
            append_number(out, bucket_bounds[i]);
        else
            g_string_append(out, "+Inf");
        g_string_append_printf(out, "\"} %llu\n", running);
    }
    g_string_append_printf(out, "%s_sum{%s} ", name, cell->labels);
    append_number(out, atomic_load_explicit(&cell->value, memory_order_relaxed));
    g_string_append_printf(out, "\n%s_count{%s} %llu\n", name, cell->labels, running);
}

static void append_family(GString *out, const struct metrics *metrics, enum metric_code code)
{
    static const char *const type_names[] = {
        [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};
    bool opened = false;

    for (guint i = 0; i < metrics->ordered->len; i++) {
        const struct metric_cell *cell = g_ptr_array_index(metrics->ordered, i);

        if (cell->code != code)
            continue;
        if (!opened)
            g_string_append_printf(out, "# HELP %s %s\n# TYPE %s %s\n", families[code].name,
                                   families[code].help, families[code].name,
                                   type_names[families[code].type]);
        opened = true;
        if (families[code].type == METRIC_HISTOGRAM) {
            append_histogram(out, cell);
        } else {
            g_string_append_printf(out, *cell->labels ? "%s{%s} " : "%s%s ", families[code].name,
                                   cell->labels);
            append_number(out, metric_value(cell));
            g_string_append_c(out, '\n');
        }
    }
}

char *metrics_format(struct metrics *metrics)
{
    GString *out = g_string_new(NULL);

    pthread_mutex_lock(&metrics->lock);
    for (gsize code = METRIC_NONE + 1; code < G_N_ELEMENTS(families); code++)
        append_family(out, metrics, (enum metric_code)code);
    pthread_mutex_unlock(&metrics->lock);
    return g_string_free(out, FALSE);
}
