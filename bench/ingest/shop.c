#include "shop.h"

#include "blob/blob.h"
#include "record/camera.h"
#include "record/policy_form.h"
#include "record/site.h"
#include "record/tenant.h"
#include "storage/cameras.h"
#include "storage/heads.h"
#include "storage/keystore.h"
#include "storage/policies.h"
#include "storage/sites.h"
#include "storage/storage.h"
#include "storage/tenants.h"
#include "storage/workers.h"

#include "../../tests/unit/faces_made_up.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* 2026-01-01T08:00:00Z: seconds of events count from here. */
#define START_US INT64_C(1767254400000000)
/* Bytes of a face picture: a crop of 150 pixels as JPEG. */
#define PICTURE_BYTES 6000

void shop_require(bool good, const GError *error, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "bench ingest: %s\n", error != NULL ? error->message : what);
    exit(EXIT_FAILURE);
}

double shop_cpu_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static struct utc at(int64_t second)
{
    return (struct utc){START_US + second * G_USEC_PER_SEC};
}

static bool furnish(struct connection *connection, void *data, GError **error)
{
    struct shop *shop = data;
    char basis[] = "consent", notice[] = "faces are counted here";
    const struct tenant tenant = {.id = shop->tenant_id, .name = "Shops", .created_at = at(0)};
    const struct site site = {.id = shop->site_id,
                              .tenant_id = shop->tenant_id,
                              .name = "Shop",
                              .time_zone = "Asia/Ho_Chi_Minh",
                              .visit_gap_seconds = SHOP_GAP_SECONDS,
                              .created_at = at(0)};
    const struct worker worker = {
        .id = shop->worker_id, .name = "worker", .local = true, .created_at = at(0)};
    const struct camera camera = {.id = shop->camera_id,
                                  .tenant_id = shop->tenant_id,
                                  .site_id = shop->site_id,
                                  .name = "door",
                                  .kind = CAMERA_LAVFI,
                                  .webcam_index = -1,
                                  .transport = CAMERA_TRANSPORT_AUTO,
                                  .enabled = true,
                                  .recognition = true,
                                  .analysis_fps = 5,
                                  .max_blind_seconds = 2,
                                  .created_at = at(0)};
    const struct policy_form form = {.tenant_id = shop->tenant_id,
                                     .mode = POLICY_FORM_RETURNING,
                                     .legal_basis = basis,
                                     .notice_text = notice,
                                     .notice_date = "2026-01-01",
                                     .picture_retention_days = 30,
                                     .embedding_retention_months = 12,
                                     .created_at = at(0)};
    struct lease lease;
    int64_t version;

    return tenants_insert(connection, &tenant, error) && sites_insert(connection, &site, error) &&
           workers_put(connection, &worker, error) && cameras_insert(connection, &camera, error) &&
           leases_grant(connection, shop->tenant_id, shop->site_id, shop->camera_id,
                        shop->worker_id, at(0), at(30), &lease, error) &&
           heads_lock(connection, shop->tenant_id, &version, error) &&
           policies_insert(connection, &form, &version, error) &&
           keystore_server_pair(shop->keys, connection, at(0), &shop->pair, error);
}

void shop_open(struct shop *shop, const char *path)
{
    const struct storage_config storage = {.path = path, .clock = &shop->clock.clock};
    const struct blob_config blobs = {.backend = "memory", .clock = &shop->clock.clock};
    struct ingest_config config = {.clock = &shop->clock.clock};
    struct seal_key master = {.id = number_id(50, 1)};
    g_autoptr(GError) error = NULL;

    *shop = (struct shop){.tenant_id = number_id(51, 1),
                          .site_id = number_id(52, 1),
                          .worker_id = number_id(53, 1),
                          .camera_id = number_id(55, 1),
                          .stream_id = number_id(56, 1)};
    manual_clock_init(&shop->clock, at(0));
    shop_require(seal_init(&error), error, "sodium");
    shop->keys = keystore_new(&master);
    config.keys = shop->keys;
    config.storage = shop->storage = storage_open(&storage, &error);
    shop_require(shop->storage != NULL, error, "storage");
    config.blobs = shop->blobs = blob_store_open(&blobs, &error);
    shop_require(shop->blobs != NULL, error, "blobs");
    shop_require(storage_write(shop->storage, furnish, shop, &error), error, "shop");
    shop->ingest = ingest_new(&config, &error);
    shop_require(shop->ingest != NULL, error, "ingest");
}

void shop_close(struct shop *shop)
{
    ingest_free(shop->ingest);
    blob_store_close(shop->blobs);
    storage_close(shop->storage);
    keystore_free(shop->keys);
    seal_pair_clear(&shop->pair);
}

struct uuid shop_track_id(uint64_t track)
{
    return uuid_from_seed(at((int64_t)track), 60, track);
}

/* Ids rise with the events, as a worker's do. */
static struct event make_event(struct shop *shop, int64_t second)
{
    const uint64_t seq = ++shop->seq;

    return (struct event){.id = uuid_from_seed(at((int64_t)seq), 61, seq),
                          .stream = shop->stream_id,
                          .seq = seq,
                          .lease_epoch = 1,
                          .camera_id = shop->camera_id,
                          .captured_at = at(second),
                          .boot_id = number_id(62, 1),
                          .policy_version = 1,
                          .model_pack = "made-up@1"};
}

struct event shop_track(struct shop *shop, uint64_t track, uint32_t revision, int64_t from,
                        int64_t to, uint64_t person)
{
    struct event event = make_event(shop, to);
    uint64_t random = track * 16 + revision;
    float face[FACE_DIMENSION];
    g_autofree uint8_t *picture = NULL;

    event.kind = EVENT_TRACK;
    event.track = (struct event_track){.track_id = shop_track_id(track),
                                       .revision = revision,
                                       .started_at = at(from),
                                       .last_seen_at = at(to)};
    event.track.trail_count = (size_t)(to - from) + 1;
    event.track.trail = g_new0(struct event_trail_point, event.track.trail_count);
    if (person == 0)
        return event;
    event.track.faces = revision;
    event.track.quality = (float)(0.3 + 0.7 * (double)(face_random(&random) >> 40) / (1 << 24));
    g_strlcpy(event.track.model_space, "face_recognition@1", sizeof(event.track.model_space));
    event.track.embedding_dimension = FACE_DIMENSION;
    face_make(person, random, 0.15f, face);
    event.parts[EVENT_PART_EMBEDDING] =
        seal_box_to_public(shop->pair.public_key, face, sizeof(face));
    picture = g_malloc0(PICTURE_BYTES);
    event.parts[EVENT_PART_FACE_PICTURE] =
        seal_box_to_public(shop->pair.public_key, picture, PICTURE_BYTES);
    return event;
}

struct event shop_crossing(struct shop *shop, uint64_t track, int64_t second)
{
    struct event event = make_event(shop, second);

    event.kind = EVENT_CROSSING;
    event.crossing =
        (struct event_crossing){shop_track_id(track), number_id(63, 1), CROSSING_IN, 0.5f, 0.5f};
    return event;
}

double shop_apply(struct shop *shop, struct event *events, size_t count)
{
    g_autofree struct ingest_result *results = g_new0(struct ingest_result, count);
    g_autoptr(GError) error = NULL;
    const double start = shop_cpu_us();
    const bool done = ingest_apply(shop->ingest, shop->worker_id, events, count, results, &error);
    const double took = shop_cpu_us() - start;

    shop_require(done, error, "a batch was not applied");
    for (size_t i = 0; i < count; i++) {
        shop_require(results[i].result == EVENT_APPLIED, NULL, results[i].message);
        event_clear(&events[i]);
    }
    return took;
}
