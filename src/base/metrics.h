/*
 * Metrics registry: counters, gauges and histograms in Prometheus' text form.
 *
 * Families are rows of METRIC_LIST, the single home of name, type, labels and help. A cell is one
 * family with label values; look it up once, keep the pointer, update it from any thread without a
 * lock. Cells live as long as the registry.
 */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include <glib.h>

enum metric_type { METRIC_COUNTER = 1, METRIC_GAUGE, METRIC_HISTOGRAM };

/* X(CODE, name, type, label names separated by commas, help) */
#define METRIC_LIST(X)                                                                             \
    X(BUILD_INFO, "customersight_build_info", GAUGE, "version",                                    \
      "Always 1; the version is a label")                                                          \
    X(HTTP_REQUESTS, "customersight_http_requests_total", COUNTER, "route,status",                 \
      "Requests answered, by route template and status class")                                     \
    X(HTTP_SECONDS, "customersight_http_request_duration_seconds", HISTOGRAM, "route",             \
      "Time from the first byte of a request to the end of its handler")                           \
    X(OPEN_STREAMS, "customersight_open_streams", GAUGE, "kind", "Open SSE and live streams")      \
    X(EVENTS_APPLIED, "customersight_ingest_events_total", COUNTER, "result",                      \
      "Events that ingest answered: applied, duplicate or rejected")                               \
    X(INGEST_SECONDS, "customersight_ingest_batch_duration_seconds", HISTOGRAM, "",                \
      "Time of one ingest transaction")                                                            \
    X(PICTURES_DROPPED, "customersight_pictures_dropped_total", COUNTER, "",                       \
      "Pictures that were not stored because their disk was full")                                 \
    X(GALLERY_VECTORS, "customersight_gallery_vectors", GAUGE, "", "Embeddings in the gallery")    \
    X(SPOOL_EVENTS, "customersight_spool_events", GAUGE, "", "Events waiting in the spool")        \
    X(SPOOL_BYTES, "customersight_spool_bytes", GAUGE, "", "Bytes waiting in the spool")           \
    X(SPOOL_DROPS, "customersight_spool_dropped_parts_total", COUNTER, "part",                     \
      "Pictures dropped from events because the spool was full")                                   \
    X(CAMERA_STATE, "customersight_camera_state", GAUGE, "camera",                                 \
      "1 when the camera delivers pictures, 0 otherwise")                                          \
    X(CAMERA_PACKETS, "customersight_camera_packets_total", COUNTER, "camera", "Packets received") \
    X(CAMERA_DECODED, "customersight_camera_frames_decoded_total", COUNTER, "camera",              \
      "Frames decoded")                                                                            \
    X(CAMERA_ANALYSED, "customersight_camera_frames_analysed_total", COUNTER, "camera",            \
      "Frames that went through detection")                                                        \
    X(CAMERA_DROPPED, "customersight_camera_frames_dropped_total", COUNTER, "camera,reason",       \
      "Frames that were decoded and not analysed, by reason")                                      \
    X(CAMERA_RECONNECTS, "customersight_camera_restarts_total", COUNTER, "camera,reason",          \
      "Capture child restarts, by reason")                                                         \
    X(INFERENCE_RUNS, "customersight_inference_runs_total", COUNTER, "model", "Runs of a net")     \
    X(INFERENCE_SECONDS, "customersight_inference_duration_seconds", HISTOGRAM, "model",           \
      "Time of one run of a net")                                                                  \
    X(RESIDENT_BYTES, "process_resident_memory_bytes", GAUGE, "", "Resident memory")               \
    X(CPU_SECONDS, "process_cpu_seconds_total", COUNTER, "", "CPU time of this process")

enum metric_code {
    METRIC_NONE = 0,
#define X(code, name, type, labels, help) METRIC_##code,
    METRIC_LIST(X)
#undef X
};

struct metrics;
struct metric_cell;

struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics);

/* The cell of family `code` with `values`, one per label name of its row in that order (NULL when
 * it has none). Made on first use; thread-safe. The pointer is valid until metrics_free. Label
 * values must come from a bounded set: routes, camera ids, reasons, never user text. */
struct metric_cell *metrics_cell(struct metrics *metrics, enum metric_code code,
                                 const char *const *values);

/* Counter: adds `amount` >= 0. Gauge: sets `value`. Histogram: observes `seconds`. A NULL cell is
 * ignored, so that code without a registry needs no branch. Lock-free. */
void metric_add(struct metric_cell *cell, double amount);
void metric_set(struct metric_cell *cell, double value);
void metric_observe(struct metric_cell *cell, double seconds);

/* Counter or gauge value; histogram: number of observations. */
double metric_value(const struct metric_cell *cell);

/* A counter family with one label: a new table of label value (char *) → number (double *); unref
 * with g_hash_table_unref. */
GHashTable *metrics_by_label(struct metrics *metrics, enum metric_code code);

/* The text exposition (version 0.0.4) of all cells. Free with g_free. */
char *metrics_format(struct metrics *metrics);

#endif
