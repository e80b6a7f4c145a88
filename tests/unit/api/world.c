#include "world.h"

#include "api/route.h"
#include "http/pack.h"
#include "record/face.h"
#include "record/person.h"
#include "record/site.h"
#include "record/tenant.h"
#include "record/track.h"
#include "record/visit.h"
#include "seal/seal.h"
#include "storage/heads.h"
#include "storage/people.h"
#include "storage/pictures.h"
#include "storage/sites.h"
#include "storage/tenants.h"
#include "storage/tracks.h"
#include "storage/users.h"
#include "storage/visits.h"

#include "cmocka_include.h"

#include <string.h>
#include <unistd.h>

static const char *const names[] = {"",        "admin", "manager", "staff",
                                    "auditor", "other", "newcomer"};

const char *id_text(struct uuid id)
{
    static char texts[4][UUID_TEXT_SIZE];
    static unsigned next;
    char *text = texts[next++ % 4];

    uuid_format(id, text);
    return text;
}

static struct utc now(void)
{
    return clock_system()->utc_now(clock_system());
}

struct estate_work {
    struct world *world;
    struct estate *estate;
    const char *name;
};

static bool write_estate(struct connection *connection, void *data, GError **error)
{
    struct estate_work *work = data;
    struct estate *e = work->estate;
    struct tenant tenant = {.id = uuid_new(now()), .created_at = now()};
    struct site site = {.id = uuid_new(now()),
                        .tenant_id = tenant.id,
                        .name = "Shop",
                        .time_zone = "Europe/Istanbul",
                        .visit_gap_seconds = 900,
                        .created_at = now()};

    g_strlcpy(tenant.name, work->name, sizeof tenant.name);
    e->tenant = tenant.id;
    e->site = site.id;
    return tenants_insert(connection, &tenant, error) && sites_insert(connection, &site, error);
}

/* What nobody can make through the interface: evidence and what follows from it. */
static bool write_evidence(struct connection *connection, void *data, GError **error)
{
    struct estate_work *work = data;
    struct estate *e = work->estate;
    struct person person = {.id = uuid_new(now()), .tenant_id = e->tenant, .created_at = now()};
    struct track track = {.id = uuid_new(now()),
                          .tenant_id = e->tenant,
                          .site_id = e->site,
                          .camera_id = e->camera,
                          .revision = 1,
                          .ended = true,
                          .started_at = now(),
                          .last_seen_at = now(),
                          .received_at = now()};
    struct visit visit = {.id = uuid_new(now()),
                          .tenant_id = e->tenant,
                          .site_id = e->site,
                          .person_id = person.id,
                          .started_at = now(),
                          .ended_at = now(),
                          .sightings = 1,
                          .camera_id = e->camera,
                          .updated_at = now()};
    struct picture picture = {.id = uuid_new(now()),
                              .tenant_id = e->tenant,
                              .site_id = e->site,
                              .camera_id = e->camera,
                              .track_id = track.id,
                              .track_revision = 1,
                              .blob_id = uuid_new(now()),
                              .size_bytes = 8,
                              .captured_at = now(),
                              .created_at = now(),
                              .expires_at = {now().us + 86400LL * 1000000}};
    const struct seal_context context = {SEAL_PICTURE, e->tenant, picture.id};
    struct seal_key key;
    int64_t head, number;
    bool applied;

    person.root_id = person.id;
    if (!heads_lock(connection, e->tenant, &head, error) ||
        !people_insert(connection, &person, &number, error) ||
        !tracks_put(connection, &track, &applied, error) ||
        !visits_put(connection, &visit, error) ||
        !keystore_track_key(work->world->keystore, connection, e->tenant, e->site, track.id, now(),
                            &key, error))
        return false;
    person.visits = 1;
    person.number = number;
    person.first_seen_at = person.last_seen_at = now();
    picture.key_id = key.id;
    g_autoptr(GBytes) sealed = seal(&key, &context, "\xff\xd8picture", 9);
    seal_key_clear(&key);
    e->person = person.id;
    e->track = track.id;
    e->visit = visit.id;
    e->picture = picture.id;
    return people_set_derived(connection, &person, error) &&
           pictures_insert(connection, &picture, error) &&
           blob_put(work->world->blobs, picture.blob_id, sealed, error);
}

struct member_work {
    struct membership membership;
    struct uuid user_id;
    bool must_change;
};

static bool write_member(struct connection *connection, void *data, GError **error)
{
    struct member_work *work = data;
    struct user user;

    if (!users_get(connection, work->user_id, &user, error))
        return false;
    user.must_change_password = work->must_change;
    return users_update(connection, &user, error) &&
           (work->membership.role == USER_ROLE_NONE ||
            memberships_put(connection, &work->membership, error));
}

static void must(bool ok, const GError *error)
{
    if (!ok)
        print_error("%s\n", error != NULL ? error->message : "failed");
    assert_true(ok);
}

static void log_in(struct world *world, enum who who, struct uuid tenant, enum user_role role)
{
    const struct account_origin origin = {.actor = AUDIT_ACTOR_PROGRAM};
    struct login *login = &world->logins[who];
    struct member_work work = {.membership = {.tenant_id = tenant, .role = role},
                               .must_change = who == NEWCOMER};
    g_autoptr(GError) error = NULL;
    g_autofree char *body = NULL;
    struct raw_answer answer;

    must(account_create_user(world->account, &origin, names[who], "correct horse",
                             who == ADMIN || who == NEWCOMER, NULL, &login->id, &error),
         error);
    work.user_id = work.membership.user_id = login->id;
    must(storage_write(world->storage, write_member, &work, &error), error);
    body = g_strdup_printf("{\"user\":\"%s\",\"password\":\"correct horse\"}", names[who]);
    answer = raw_request(world->port, "POST", "/api/login", "Content-Type: application/json\r\n",
                         body, -1);
    if (answer.status != 200)
        print_error("%s\n", answer.body->str);
    assert_int_equal(answer.status, 200);
    g_autofree char *cookie = raw_header(&answer, "Set-Cookie");
    json_t *me = json_loads(answer.body->str, 0, NULL);
    login->cookie = g_strndup(cookie, strcspn(cookie, ";"));
    login->csrf = g_strdup(json_string_value(json_object_get(me, "csrf_token")));
    json_decref(me);
    raw_answer_clear(&answer);
}

static void fill(struct world *world, struct estate *estate, enum who maker)
{
    struct estate_work work = {world, estate, NULL};
    struct ingest_actor actor = {estate->tenant, world->logins[maker].id};
    g_autofree char *path = g_strdup_printf("/api/cameras?tenant=%s", id_text(estate->tenant));
    g_autoptr(GError) error = NULL;
    json_t *camera = world_expect(world, maker, "POST", path,
                                  "{\"name\":\"Door\",\"kind\":\"rtsp\","
                                  "\"url\":\"rtsp://me:s3cretpw@192.168.1.9/stream\"}",
                                  201);

    assert_true(uuid_parse(json_string_value(json_object_get(camera, "id")), &estate->camera));
    json_decref(camera);
    must(storage_write(world->storage, write_evidence, &work, &error), error);
    must(ingest_name_person(world->ingest, &actor, estate->person, "Ada", 0, &estate->operation,
                            &error),
         error);
}

static bool write_track(struct connection *connection, void *data, GError **error)
{
    bool applied;

    return tracks_put(connection, data, &applied, error);
}

struct utc world_add_track(struct world *world, const struct estate *estate, struct uuid camera)
{
    struct track track = {.id = uuid_new(now()),
                          .tenant_id = estate->tenant,
                          .site_id = estate->site,
                          .camera_id = camera,
                          .revision = 1,
                          .started_at = now(),
                          .last_seen_at = now(),
                          .received_at = now()};
    g_autoptr(GError) error = NULL;

    must(storage_write(world->storage, write_track, &track, &error), error);
    return track.last_seen_at;
}

static void open_parts(struct world *world)
{
    const struct storage_config storage_config = {.path = ":memory:", .retry_every_write = true};
    const struct blob_config blob_config = {.backend = "memory"};
    g_autoptr(GError) error = NULL;
    struct seal_key master;

    must(seal_init(&error), error);
    seal_key_make(&master, uuid_new(now()));
    world->keystore = keystore_new(&master);
    world->storage = storage_open(&storage_config, &error);
    must(world->storage != NULL, error);
    world->account = account_new(world->storage, clock_system(), ACCOUNT_COST_LEAST, &error);
    world->blobs = blob_store_open(&blob_config, &error);
    const struct ingest_config ingest_config = {
        .storage = world->storage,
        .blobs = world->blobs,
        .keys = world->keystore,
        .clock = clock_system(),
        .metrics = world->metrics,
        .committed = api_committed,
        .context = world->api,
    };
    world->ingest = ingest_new(&ingest_config, &error);
    must(world->ingest != NULL, error);
}

/* What is at every address that may be tested: a camera of 1080 lines. */
static bool find_camera(void *context, const char *url, const char *transport,
                        struct api_camera_test *result, GError **error)
{
    (void)context;
    (void)url;
    (void)transport;
    (void)error;
    *result = (struct api_camera_test){.ok = true,
                                       .codec = "h264",
                                       .width = 1920,
                                       .height = 1080,
                                       .fps = 15,
                                       .state = CAMERA_STATE_STREAMING};
    return true;
}

struct world *world_new(void)
{
    struct world *world = g_new0(struct world, 1);
    const struct account_origin origin = {.actor = AUDIT_ACTOR_PROGRAM};
    const struct http_listener listener = {.address = "127.0.0.1", .threads = 2};
    struct estate_work own = {world, &world->own, "Own"};
    struct estate_work other = {world, &world->other, "Other"};
    g_autoptr(GError) error = NULL;
    size_t count;
    const struct api_route *routes = api_routes(&count);

    settings_init(&world->settings);
    world->metrics = metrics_new();
    world->pack = pack_open((const uint8_t *)"", 0, NULL);
    const struct api_config api_config = {.settings = &world->settings,
                                          .models_directory = "/nonexistent",
                                          .pack = world->pack,
                                          .metrics = world->metrics,
                                          .clock = clock_system(),
                                          .hooks = {.test_camera = find_camera}};
    world->api = api_new(&api_config);
    const struct http_config http_config = {.routes = &routes[0].http,
                                            .route_count = count,
                                            .route_stride = sizeof *routes,
                                            .handler = api_handle,
                                            .context = world->api,
                                            .handler_threads = 4,
                                            .metrics = world->metrics,
                                            .clock = clock_system()};
    world->server = http_server_new(&http_config);
    api_set_server(world->api, world->server);
    must(http_server_listen(world->server, &listener, &world->port, &error), error);
    open_parts(world);
    const struct api_parts parts = {world->storage, world->account, world->keystore, world->blobs,
                                    world->ingest};
    api_open(world->api, &parts);
    must(storage_write(world->storage, write_estate, &own, &error), error);
    must(storage_write(world->storage, write_estate, &other, &error), error);
    log_in(world, ADMIN, world->own.tenant, USER_ROLE_NONE);
    log_in(world, MANAGER, world->own.tenant, USER_ROLE_MANAGER);
    log_in(world, STAFF, world->own.tenant, USER_ROLE_STAFF);
    log_in(world, AUDITOR, world->own.tenant, USER_ROLE_AUDITOR);
    log_in(world, OTHER_MANAGER, world->other.tenant, USER_ROLE_MANAGER);
    log_in(world, NEWCOMER, world->own.tenant, USER_ROLE_NONE);
    must(account_enrol_worker(world->account, &origin, (struct uuid){{0}}, "w", (struct uuid){{0}},
                              false, &world->worker, world->credential, &error),
         error);
    fill(world, &world->own, MANAGER);
    fill(world, &world->other, OTHER_MANAGER);
    return world;
}

void world_free(struct world *world)
{
    api_stop(world->api);
    assert_true(http_server_stop(world->server, 8000));
    http_server_free(world->server);
    api_free(world->api);
    ingest_free(world->ingest);
    blob_store_close(world->blobs);
    account_free(world->account);
    storage_close(world->storage);
    keystore_free(world->keystore);
    pack_free(world->pack);
    metrics_free(world->metrics);
    settings_clear(&world->settings);
    for (size_t i = 0; i < WHO_COUNT; i++) {
        g_free(world->logins[i].cookie);
        g_free(world->logins[i].csrf);
    }
    g_free(world);
}

static char *headers_of(struct world *world, enum who who, const char *method, const char *extra)
{
    const struct login *login = &world->logins[who];
    GString *text = g_string_new(NULL);

    if (login->cookie != NULL)
        g_string_append_printf(text, "Cookie: %s\r\n", login->cookie);
    if (login->csrf != NULL && strcmp(method, "GET") != 0)
        g_string_append_printf(text, "X-CSRF-Token: %s\r\n", login->csrf);
    if (extra != NULL)
        g_string_append(text, extra);
    return g_string_free(text, FALSE);
}

struct raw_answer world_ask(struct world *world, enum who who, const char *method, const char *path,
                            const char *extra, const char *body)
{
    g_autofree char *headers = headers_of(world, who, method, extra);
    g_autofree char *all = body != NULL
                               ? g_strconcat(headers, "Content-Type: application/json\r\n", NULL)
                               : g_strdup(headers);

    return raw_request(world->port, method, path, all, body, -1);
}

json_t *world_expect(struct world *world, enum who who, const char *method, const char *path,
                     const char *body, unsigned status)
{
    struct raw_answer answer = world_ask(world, who, method, path, NULL, body);
    json_t *json = json_loads(answer.body->str, 0, NULL);

    if (answer.status != status)
        print_error("%s %s: %u instead of %u: %s\n", method, path, answer.status, status,
                    answer.body->str);
    assert_int_equal(answer.status, status);
    raw_answer_clear(&answer);
    return json;
}

struct raw_answer world_work(struct world *world, const char *method, const char *path,
                             const char *media, const char *body, gssize length)
{
    g_autofree char *headers = g_strdup_printf("Authorization: Bearer %s\r\nContent-Type: %s\r\n",
                                               world->credential, media);

    return raw_request(world->port, method, path, headers, body, length);
}

int world_stream(struct world *world, enum who who, const char *path, const char *extra)
{
    g_autofree char *headers = headers_of(world, who, "GET", extra);
    g_autofree char *text =
        g_strdup_printf("GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", path, headers);
    int fd = raw_connect(world->port);

    assert_true(raw_send(fd, text, -1));
    return fd;
}
