#include "api/api_priv.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

bool handle_health(struct api_call *call, GError **error)
{
    static const char ok[] = "{\"status\":\"ok\"}";

    (void)error;
    http_respond(call->http, 200, "application/json", g_bytes_new_static(ok, sizeof ok - 1));
    return true;
}

bool handle_ready(struct api_call *call, GError **error)
{
    struct api *api = call->api;
    json_t *answer = json_object();
    json_t *checks = json_array();
    bool ready = true;

    (void)error;
    pthread_mutex_lock(&api->lock);
    for (size_t i = 0; i < API_CHECKS && api->checks[i].name != NULL; i++) {
        const struct api_check *check = &api->checks[i];
        json_t *line = json_pack("{s:s, s:b, s:b}", "name", check->name, "ready", check->ready,
                                 "required", check->required);

        if (check->message != NULL)
            json_put(line, "message", json_string(check->message));
        json_array_append_new(checks, line);
        ready = ready && (check->ready || !check->required);
    }
    pthread_mutex_unlock(&api->lock);
    json_put(answer, "ready", json_boolean(ready));
    json_put(answer, "checks", checks);
    call_respond(call, ready ? 200 : 503, answer);
    return true;
}

bool handle_version(struct api_call *call, GError **error)
{
    (void)error;
    call_respond(
        call, 200,
        json_pack("{s:s, s:s, s:i}", "name", "customersight", "version", VERSION, "api", 1));
    return true;
}

/* Equal in constant time. */
static bool same_secret(const char *a, const char *b)
{
    size_t length = strlen(a);
    unsigned difference = length != strlen(b);

    for (size_t i = 0; i < length && difference == 0; i++)
        difference |= (unsigned char)a[i] ^ (unsigned char)b[i];
    return difference == 0;
}

static void measure_process(struct metrics *metrics)
{
    struct metric_cell *cpu = metrics_cell(metrics, METRIC_CPU_SECONDS, NULL);
    struct rusage usage;
    g_autofree char *statm = NULL;

    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        double seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;

        metric_add(cpu, MAX(0, seconds - metric_value(cpu)));
    }
    if (g_file_get_contents("/proc/self/statm", &statm, NULL, NULL)) {
        const char *resident = strchr(statm, ' ');

        if (resident != NULL)
            metric_set(metrics_cell(metrics, METRIC_RESIDENT_BYTES, NULL),
                       g_ascii_strtod(resident, NULL) * (double)sysconf(_SC_PAGESIZE));
    }
}

/* Whether the request names this machine as an address or localhost: a page of elsewhere whose name
 * was made to resolve to loopback makes a browser here name that page's host. */
static bool names_this_machine(const struct api_call *call)
{
    const char *header = http_request_header(call->http, "Host");
    g_autofree char *url = g_strconcat("http://", header != NULL ? header : "", NULL);
    g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_NONE, NULL);
    const char *host = uri != NULL ? g_uri_get_host(uri) : NULL;

    return host != NULL &&
           (g_ascii_strcasecmp(host, "localhost") == 0 || g_hostname_is_ip_address(host));
}

bool handle_metrics(struct api_call *call, GError **error)
{
    const char *token = api_settings(call->api)->server.metrics_token;
    const char *header = http_request_header(call->http, "Authorization");
    bool given = header != NULL && g_str_has_prefix(header, "Bearer ");

    bool loopback = http_request_is_loopback(call->http) && names_this_machine(call);
    if (!(*token != '\0' && given && same_secret(token, header + 7)) && !(loopback && !given)) {
        error_set(error, given ? ERROR_FORBIDDEN : ERROR_UNAUTHENTICATED,
                  "Metrics are for loopback or with the token of server.metrics_token");
        return false;
    }
    measure_process(call->api->config.metrics);
    char *text = metrics_format(call->api->config.metrics);
    http_respond(call->http, 200, "text/plain; version=0.0.4; charset=utf-8",
                 g_bytes_new_take(text, strlen(text)));
    return true;
}
