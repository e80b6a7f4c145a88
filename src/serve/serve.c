/*
 * Start: lock → HTTP listens → database, keys, accounts, pictures, ingest → control socket, upkeep,
 * worker. Stop: the other way round, within ten seconds. The main thread then only waits for
 * signals and looks after the worker; whatever blocks runs on the thread "upkeep".
 */
#include "serve/serve.h"

#include "account/account.h"
#include "api/api.h"
#include "blob/blob.h"
#include "http/certificate.h"
#include "http/pack.h"
#include "ingest/ingest.h"
#include "live/wall.h"
#include "seal/master_key.h"
#include "serve/camera_test.h"
#include "serve/child.h"
#include "serve/commands.h"
#include "serve/control.h"
#include "serve/data_folder.h"
#include "serve/demo_clips.h"
#include "serve/model_install.h"
#include "serve/setup.h"
#include "serve/upkeep.h"
#include "storage/keystore.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#define EXIT_OK          0
#define EXIT_ERROR       1
#define EXIT_BAD_SETTING 78
#define EVENT_THREADS    2
#define STOP_MS          8000
#define WORKER_STOP_MS   6000

extern const uint8_t web_pack_start[];
extern const uint8_t web_pack_end[];

struct serve {
    const struct serve_config *config;
    const struct clock *clock;
    struct logger logger;
    struct data_folder folder;
    int signal_fd;
    struct metrics *metrics;
    struct pack *pack;
    struct api *api;
    struct http_server *http;
    struct certificate certificate;
    uint16_t port;
    struct camera_test_config camera_test;
    struct model_install *model_install;
    /* what open_parts makes */
    struct keystore *keystore;
    struct storage *storage;
    struct account *account;
    struct blob_store *blobs;
    struct ingest *ingest;
    struct setup_tenants tenants;
    struct uuid worker_id;
    struct control *control;
    struct child *worker;
    GPtrArray *worker_arguments;
    struct wall *wall;
    char *clips_folder;
    struct demo_clips *demo_clips;
    GPtrArray *old_settings; /* of struct settings, from reloads */
    struct commands_config commands;
    _Atomic(struct upkeep *) upkeep; /* NULL until it started; the installer's thread asks */
};

static int exit_code_of(const GError *error)
{
    return error_code_of(error) == ERROR_CONFIGURATION ? EXIT_BAD_SETTING : EXIT_ERROR;
}

/* ---- before everything ---- */

static void prepare_process(struct serve *serve)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};
    const struct rlimit no_core = {0, 0};
    struct rlimit files;
    sigset_t set;

    /* Keys and faces are in memory: none of it in a core file. */
    setrlimit(RLIMIT_CORE, &no_core);
#ifdef __linux__
    /* A core handler that is a program ignores that limit; this it obeys, and no other process of
     * the same user can read our memory or environment either. */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    umask(0077);
    sigemptyset(&set);
    for (size_t i = 0; i < G_N_ELEMENTS(signals); i++)
        sigaddset(&set, signals[i]);
    pthread_sigmask(SIG_BLOCK, &set, NULL); /* all threads inherit it */
    signal(SIGPIPE, SIG_IGN);
    serve->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    g_assert(serve->signal_fd >= 0);
}

/* ---- HTTP ---- */

/* The machine's own addresses, for the certificate and for what is printed. */
static GPtrArray *own_addresses(void)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    struct ifaddrs *all = NULL;

    if (getifaddrs(&all) != 0)
        return names;
    for (const struct ifaddrs *one = all; one != NULL; one = one->ifa_next) {
        char text[INET_ADDRSTRLEN];

        if (one->ifa_addr == NULL || one->ifa_addr->sa_family != AF_INET ||
            (one->ifa_flags & IFF_LOOPBACK) != 0)
            continue;
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)one->ifa_addr;
        if (inet_ntop(AF_INET, &in->sin_addr, text, sizeof text) != NULL)
            g_ptr_array_add(names, g_strdup(text));
    }
    freeifaddrs(all);
    return names;
}

static bool load_certificate(struct serve *serve, GError **error)
{
    g_autofree char *folder = data_folder_file(&serve->folder, "tls");
    g_autoptr(GPtrArray) names = own_addresses();

    g_ptr_array_insert(names, 0, g_strdup("localhost"));
    g_ptr_array_insert(names, 1, g_strdup("127.0.0.1"));
    g_ptr_array_add(names, g_strdup(g_get_host_name()));
    g_ptr_array_add(names, NULL);
    if (g_mkdir_with_parents(folder, 0700) != 0) {
        error_set_errno(error, errno, "Cannot make the folder %s", folder);
        return false;
    }
    return certificate_load(folder, (const char *const *)names->pdata,
                            serve->clock->utc_now(serve->clock), &serve->certificate, error);
}

static bool test_camera(void *context, const char *url, const char *transport,
                        struct api_camera_test *result, GError **error)
{
    const struct serve *serve = context;

    return camera_test(&serve->camera_test, url, transport, result, error);
}

/* ---- live video ---- */

static bool locate_worker(void *context, struct uuid camera_id, char **endpoint, char **token)
{
    struct serve *serve = context;
    char found_endpoint[256], found_token[128];

    if (!api_live_endpoint(serve->api, camera_id, found_endpoint, found_token))
        return false;
    *endpoint = g_strdup(found_endpoint);
    *token = g_strdup(found_token);
    return true;
}

static struct http_stream *show_live(void *context, struct http_request *request,
                                     const struct uuid *cameras, size_t count)
{
    struct serve *serve = context;

    return wall_respond(serve->wall, request, cameras, count);
}

static struct http_stream *show_stills(void *context, struct http_request *request,
                                       struct uuid camera)
{
    struct serve *serve = context;

    return wall_respond_stills(serve->wall, request, camera);
}

static bool install_model(void *context, const char *name, GError **error)
{
    const struct serve *serve = context;

    return model_install_start(serve->model_install, name, error);
}

static void installing_model(void *context, char name[65])
{
    const struct serve *serve = context;

    model_install_running(serve->model_install, name);
}

static void install_ended(void *context)
{
    struct serve *serve = context;

    struct upkeep *upkeep = atomic_load(&serve->upkeep);

    if (upkeep != NULL)
        upkeep_look_at_models(upkeep);
    api_models_changed(serve->api);
}

static bool start_http(struct serve *serve, GError **error)
{
    const struct settings *settings = serve->config->settings;
    bool tls = serve->config->lan || settings->server.tls;
    size_t route_count;
    const struct api_route *routes = api_routes(&route_count);
    g_autofree char *socket_path = data_folder_file(&serve->folder, "worker.sock");

    serve->pack = pack_open(web_pack_start, (size_t)(web_pack_end - web_pack_start), error);
    if (serve->pack == NULL || (tls && !load_certificate(serve, error)))
        return false;
    serve->camera_test = (struct camera_test_config){
        .allow_loopback = settings->capture.allow_loopback,
        .capture_path = serve->config->capture_path,
        .logger = &serve->logger,
        .clock = serve->clock,
    };
    const struct model_install_config install_config = {
        .program = serve->config->program,
        .directory = serve->config->models_directory,
        .logger = &serve->logger,
        .ended = install_ended,
        .context = serve,
    };
    serve->model_install = model_install_new(&install_config);
    const struct api_config api_config = {
        .settings = settings,
        .models_directory = serve->config->models_directory,
        .pack = serve->pack,
        .logger = &serve->logger,
        .metrics = serve->metrics,
        .clock = serve->clock,
        .hooks = {.context = serve,
                  .test_camera = test_camera,
                  .live = show_live,
                  .live_mjpeg = show_stills,
                  .install_model = install_model,
                  .installing_model = installing_model},
    };
    serve->api = api_new(&api_config);
    api_set_check(serve->api, "database", false, true, "being opened");
    api_set_check(serve->api, "web", pack_count(serve->pack) > 0, false,
                  pack_count(serve->pack) > 0 ? NULL
                                              : "this program was built without its web app");
    const struct http_config http_config = {
        .routes = &routes[0].http,
        .route_count = route_count,
        .route_stride = sizeof *routes,
        .handler = api_handle,
        .context = serve->api,
        .handler_threads = (unsigned)settings->server.threads,
        .trusted_proxies = settings->server.trusted_proxies,
        .logger = &serve->logger,
        .metrics = serve->metrics,
        .clock = serve->clock,
    };
    serve->http = http_server_new(&http_config);
    api_set_server(serve->api, serve->http);
    const struct http_listener public_listener = {
        .address = serve->config->lan ? "0.0.0.0" : settings->server.address,
        .port = (uint16_t)settings->server.port,
        .threads = EVENT_THREADS,
        .tls_certificate = tls ? serve->certificate.certificate : NULL,
        .tls_key = tls ? serve->certificate.key : NULL,
    };
    const struct http_listener own_listener = {
        .unix_path = socket_path, .threads = 1, .local = true};
    return http_server_listen(serve->http, &public_listener, &serve->port, error) &&
           http_server_listen(serve->http, &own_listener, NULL, error);
}

/* ---- database and what stands on it ---- */

/* Opens our key pair, or makes it in a new database: another master key than the one that the
 * database was made with would let everything start and nothing be read. */
static bool try_master_key(struct connection *connection, void *data, GError **error)
{
    struct serve *serve = data;
    struct seal_pair pair;

    if (!keystore_server_pair(serve->keystore, connection, serve->clock->utc_now(serve->clock),
                              &pair, error))
        return false;
    seal_pair_clear(&pair);
    return true;
}

static bool open_parts(struct serve *serve, GError **error)
{
    const char *setting = serve->config->settings->storage.master_key;
    g_autofree char *database = data_folder_file(&serve->folder, "customersight.db");
    g_autofree char *pictures = data_folder_file(&serve->folder, "pictures");
    const struct storage_config storage_config = {
        .path = database, .clock = serve->clock, .logger = &serve->logger};
    const struct blob_config blob_config = {
        .backend = "folder", .path = pictures, .clock = serve->clock};
    struct seal_key master;
    bool known = g_file_test(database, G_FILE_TEST_EXISTS);

    if (!seal_init(error))
        return false;
    /* A new master key beside an old database would make all of it unreadable for ever. */
    if (!(*setting != '\0' ? master_key_parse(setting, &master, error)
                           : master_key_load(serve->folder.path, !known, &master, NULL, error)))
        return false;
    serve->keystore = keystore_new(&master);
    seal_key_clear(&master);
    serve->storage = storage_open(&storage_config, error);
    if (serve->storage == NULL)
        return false;
    if (!storage_write(serve->storage, try_master_key, serve, error)) {
        g_prefix_error(error, "%s, %s: ", database,
                       *setting != '\0' ? "storage.master_key" : MASTER_KEY_FILE);
        return false;
    }
    api_set_check(serve->api, "database", true, true, NULL);
    api_set_check(serve->api, "ingest", false, true, "the gallery is being read");
    serve->account = account_new(serve->storage, serve->clock, ACCOUNT_COST_INTERACTIVE, error);
    serve->blobs = serve->account != NULL ? blob_store_open(&blob_config, error) : NULL;
    if (serve->blobs == NULL)
        return false;
    const struct ingest_config ingest_config = {
        .storage = serve->storage,
        .blobs = serve->blobs,
        .keys = serve->keystore,
        .clock = serve->clock,
        .logger = &serve->logger,
        .metrics = serve->metrics,
        .committed = api_committed,
        .context = serve->api,
    };
    serve->ingest = ingest_new(&ingest_config, error);
    if (serve->ingest != NULL)
        api_set_check(serve->api, "ingest", true, true, NULL);
    return serve->ingest != NULL;
}

/* ---- the worker ---- */

/* What the own worker reads first: where to connect, who it is, its credential (new each time). */
static char *greet_worker(void *context, GError **error)
{
    struct serve *serve = context;
    const struct account_origin origin = {.actor = AUDIT_ACTOR_PROGRAM};
    g_autofree char *socket_path = data_folder_file(&serve->folder, "worker.sock");
    g_autofree char *folder = data_folder_file(&serve->folder, "worker");
    char credential[ACCOUNT_TOKEN_SIZE];
    char id[UUID_TEXT_SIZE];
    struct worker worker;
    json_t *json;
    char *raw, *line;

    if (!account_enrol_worker(serve->account, &origin, serve->worker_id, "local",
                              (struct uuid){{0}}, true, &worker, credential, error))
        return NULL;
    uuid_format(worker.id, id);
    json = json_pack("{s:s, s:s, s:s, s:s}", "socket", socket_path, "worker_id", id, "token",
                     credential, "data_directory", folder);
    raw = json_dumps(json, JSON_COMPACT);
    line = g_strconcat(raw, "\n", NULL);
    explicit_bzero(credential, sizeof credential);
    explicit_bzero(raw, strlen(raw));
    free(raw);
    json_decref(json);
    return line;
}

/* The worker reads the environment itself; what came from flags or a file is handed on. */
static void make_worker_arguments(struct serve *serve)
{
    static const char *const sections[] = {"log", "models", "capture", "analysis", NULL};
    const struct settings *settings = serve->config->settings;
    gsize count;
    const struct setting_row *rows = settings_rows(&count);
    GPtrArray *arguments = g_ptr_array_new_with_free_func(g_free);

    g_ptr_array_add(arguments, g_strdup(serve->config->program));
    g_ptr_array_add(arguments, g_strdup("worker"));
    g_ptr_array_add(arguments, g_strdup_printf("--parent-fd=%d", CHILD_FD));
    for (gsize i = 0; i < count; i++) {
        enum setting_origin origin = settings->origins[i];

        if (!g_strv_contains(sections, rows[i].section) || rows[i].secrecy == SETTING_SECRET ||
            (origin != ORIGIN_FILE && origin != ORIGIN_FLAG))
            continue;
        g_autofree char *name = g_strdup_printf("%s-%s", rows[i].section, rows[i].key);
        g_autofree char *value = settings_value_text(settings, i);
        g_ptr_array_add(arguments, g_strdup_printf("--%s=%s", g_strdelimit(name, "_", '-'), value));
    }
    g_ptr_array_add(arguments, NULL);
    serve->worker_arguments = arguments;
}

static void start_worker(struct serve *serve)
{
    struct child_config config = {
        .name = "the worker",
        .greeting = greet_worker,
        .context = serve,
        .logger = &serve->logger,
        .clock = serve->clock,
    };

    if (serve->config->settings->worker.count == 0)
        return;
    make_worker_arguments(serve);
    config.arguments = (char *const *)serve->worker_arguments->pdata;
    serve->worker = child_new(&config);
}

/* ---- the demo's clips ---- */

static void set_demo(struct serve *serve, enum api_demo_state state, double progress,
                     const char *message)
{
    api_set_demo(serve->api, state, progress, message, serve->tenants.demo_tenant,
                 serve->tenants.demo_site);
}

static void on_clips_progress(void *context, double share)
{
    set_demo(context, API_DEMO_PREPARING, share, NULL);
}

static void on_clips_done(void *context, const char *problem)
{
    set_demo(context, problem ? API_DEMO_FAILED : API_DEMO_RUNNING, 1, problem);
}

static void start_demo(struct serve *serve)
{
    const struct settings *settings = serve->config->settings;
    const struct demo_clips_config config = {.program = serve->config->program,
                                             .folder = serve->clips_folder,
                                             .capture_path = serve->config->capture_path,
                                             .seed = (unsigned)settings->demo.seed,
                                             .cameras = (unsigned)settings->demo.cameras,
                                             .logger = &serve->logger,
                                             .progress = on_clips_progress,
                                             .done = on_clips_done,
                                             .context = serve};

    set_demo(serve, API_DEMO_PREPARING, 0, NULL);
    serve->demo_clips = demo_clips_start(&config);
}

/* ---- what a person is told, on standard output and never in the log ---- */

static void print_addresses(const struct serve *serve)
{
    const char *address = serve->config->settings->server.address;
    bool tls = serve->certificate.certificate != NULL;
    const char *scheme = tls ? "https" : "http";
    bool everywhere =
        serve->config->lan || strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0;

    if (everywhere || g_str_has_prefix(address, "127.") || strcmp(address, "::1") == 0)
        printf("customersight is ready: %s://localhost:%u\n", scheme, serve->port);
    else
        printf("customersight is ready: %s://%s:%u\n", scheme, address, serve->port);
    if (everywhere) {
        g_autoptr(GPtrArray) names = own_addresses();

        for (guint i = 0; i < names->len; i++)
            printf("from other machines:    %s://%s:%u\n", scheme, (char *)names->pdata[i],
                   serve->port);
    }
    if (tls)
        printf("certificate (SHA-256):  %s\n", serve->certificate.fingerprint);
    if (!tls && everywhere)
        log_warn(&serve->logger, "other machines are served without TLS: put a proxy with TLS in "
                                 "front, or start with --lan");
}

static bool first_start(struct serve *serve, GError **error)
{
    const struct setup setup = {serve->storage, serve->account, serve->keystore, serve->clock};
    const struct settings *settings = serve->config->settings;
    const struct setup_demo demo = {serve->clips_folder, (unsigned)settings->demo.seed,
                                    (unsigned)settings->demo.cameras};
    char password[ACCOUNT_PASSWORD_SIZE];
    bool made = false;
    bool changed_mode = false;

    if (!setup_tenants(&setup, settings->demo.enabled ? &demo : NULL, &serve->tenants, error) ||
        !setup_local_worker(&setup, &serve->worker_id, error) ||
        (serve->config->camera != NULL &&
         !setup_camera(&setup, &serve->tenants, serve->config->camera, serve->config->mode,
                       &changed_mode, error)) ||
        !account_ensure_admin(serve->account, &made, password, error))
        return false;
    print_addresses(serve);
    printf("login: admin\n");
    if (made) {
        printf("password: %s\n", password);
        printf("(shown this once; change it at the first login)\n");
        explicit_bzero(password, sizeof password);
    }
    if (changed_mode && strcmp(serve->config->mode, "returning") == 0)
        printf("Mode \"returning\": faces of passers-by are compared and kept sealed. Put a notice "
               "at the door first; this was recorded in the audit trail.\n");
    fflush(stdout);
    return true;
}

/* ---- running ---- */

static void reload(struct serve *serve)
{
    g_autoptr(GError) error = NULL;
    struct settings *fresh;

    if (serve->config->reload == NULL)
        return;
    fresh = serve->config->reload(serve->config->context, &error);
    if (fresh == NULL) {
        log_error(&serve->logger, "settings stay as they are: %s", error->message);
        return;
    }
    g_ptr_array_add(serve->old_settings, fresh);
    api_set_settings(serve->api, fresh);
    log_info(&serve->logger, "settings were read again");
}

/* Until a signal says stop. */
static void run(struct serve *serve)
{
    for (;;) {
        struct pollfd fd = {.fd = serve->signal_fd, .events = POLLIN};
        int wait_ms = serve->worker != NULL ? child_step(serve->worker) : -1;
        struct signalfd_siginfo info;

        poll(&fd, 1, wait_ms);
        while (read(serve->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
            if (info.ssi_signo == SIGHUP)
                reload(serve);
            else if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
                return;
        }
    }
}

/* False when something could not be stopped: then the process ends without freeing it. */
static bool stop(struct serve *serve)
{
    bool stopped = true;

    if (serve->worker != NULL)
        child_request_stop(serve->worker);
    control_stop(serve->control);
    demo_clips_stop_and_free(serve->demo_clips);
    serve->demo_clips = NULL;
    upkeep_stop(serve->upkeep);
    /* The worker flushes its spool while we still answer. */
    if (serve->worker != NULL && !child_join(serve->worker, WORKER_STOP_MS))
        log_warn(&serve->logger, "the worker did not end in time");
    if (serve->api != NULL)
        api_stop(serve->api);
    if (serve->http != NULL)
        stopped = http_server_stop(serve->http, STOP_MS - WORKER_STOP_MS / 2);
    return stopped;
}

static void settings_free(void *data)
{
    settings_clear(data);
    g_free(data);
}

static void release(struct serve *serve)
{
    child_free(serve->worker);
    http_server_free(serve->http);
    wall_free(serve->wall);
    g_free(serve->clips_folder);
    model_install_free(serve->model_install);
    upkeep_free(serve->upkeep);
    api_free(serve->api);
    if (serve->ingest != NULL)
        ingest_free(serve->ingest);
    if (serve->blobs != NULL)
        blob_store_close(serve->blobs);
    if (serve->account != NULL)
        account_free(serve->account);
    storage_close(serve->storage);
    if (serve->keystore != NULL)
        keystore_free(serve->keystore);
    if (serve->pack != NULL)
        pack_free(serve->pack);
    certificate_clear(&serve->certificate);
    metrics_free(serve->metrics);
    g_clear_pointer(&serve->worker_arguments, g_ptr_array_unref);
    g_ptr_array_unref(serve->old_settings);
}

static void start_upkeep(struct serve *serve)
{
    const struct upkeep_config config = {.api = serve->api,
                                         .storage = serve->storage,
                                         .account = serve->account,
                                         .ingest = serve->ingest,
                                         .models_directory = serve->config->models_directory,
                                         .logger = &serve->logger,
                                         .clock = serve->clock};

    atomic_store(&serve->upkeep, upkeep_start(&config));
}

static bool start(struct serve *serve, GError **error)
{
    const struct settings *settings = serve->config->settings;
    const struct wall_config wall = {locate_worker, serve, &serve->logger, serve->clock};
    g_autofree char *control_path = NULL;

    if (!data_folder_open(settings->data.directory, &serve->folder, error))
        return false;
    serve->wall = wall_new(&wall);
    serve->clips_folder = data_folder_file(&serve->folder, "demo");
    if (!start_http(serve, error) || !open_parts(serve, error))
        return false;
    const struct api_parts parts = {serve->storage, serve->account, serve->keystore, serve->blobs,
                                    serve->ingest};
    api_open(serve->api, &parts);
    serve->commands = (struct commands_config){serve->account, serve->storage, serve->api};
    control_path = data_folder_file(&serve->folder, CONTROL_SOCKET);
    serve->control =
        control_start(control_path, commands_answer, &serve->commands, &serve->logger, error);
    if (serve->control == NULL || !first_start(serve, error))
        return false;
    if (settings->demo.enabled)
        start_demo(serve);
    start_upkeep(serve);
    start_worker(serve);
    return true;
}

int serve_run(const struct serve_config *config)
{
    struct serve serve = {
        .config = config,
        .clock = clock_system(),
        .logger = logger_child(config->logger, "server"),
        .folder = {.lock_fd = -1},
    };
    g_autoptr(GError) error = NULL;
    int code = EXIT_OK;

    prepare_process(&serve);
    serve.metrics = metrics_new();
    serve.old_settings = g_ptr_array_new_with_free_func(settings_free);
    metric_set(metrics_cell(serve.metrics, METRIC_BUILD_INFO, (const char *[]){VERSION}), 1);
    if (start(&serve, &error)) {
        run(&serve);
        log_info(&serve.logger, "stopping");
    } else {
        fprintf(stderr, "customersight serve: %s\n", error->message);
        code = exit_code_of(error);
    }
    if (!stop(&serve)) {
        log_warn(&serve.logger, "requests still ran after %d s; ending without them",
                 STOP_MS / 1000);
        _exit(code);
    }
    release(&serve);
    close(serve.signal_fd);
    data_folder_close(&serve.folder);
    return code;
}
