#include "worker/client.h"

#include "base/error.h"

#include <curl/curl.h>
#include <string.h>

struct client {
    CURL *handle;
    char *base; /* scheme and authority, or http://localhost over a UNIX socket */
    char *authorization;
    const atomic_bool *stop;
};

static int on_progress(void *data, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                       curl_off_t up)
{
    const struct client *client = data;

    (void)down_total, (void)down, (void)up_total, (void)up;
    return client->stop && atomic_load(client->stop);
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *data)
{
    GByteArray *answer = data;

    if (answer->len + size * count > CLIENT_ANSWER_MAX)
        return 0;
    g_byte_array_append(answer, (const guint8 *)bytes, (guint)(size * count));
    return size * count;
}

struct client *client_new(const struct client_config *config, GError **error)
{
    const bool local = g_str_has_prefix(config->server, "unix:");

    if (!local && !g_str_has_prefix(config->server, "http://") &&
        !g_str_has_prefix(config->server, "https://")) {
        error_set_field(error, ERROR_CONFIGURATION, "worker.server_url",
                        "the address of serve starts with https://, http:// or unix:");
        return NULL;
    }

    struct client *client = g_new0(struct client, 1);

    client->handle = curl_easy_init();
    g_assert(client->handle);
    client->base = g_strdup(local ? "http://localhost" : config->server);
    if (g_str_has_suffix(client->base, "/"))
        client->base[strlen(client->base) - 1] = '\0';
    client->authorization = g_strdup_printf("Authorization: Bearer %s", config->token);
    client->stop = config->stop;
    if (local)
        curl_easy_setopt(client->handle, CURLOPT_UNIX_SOCKET_PATH,
                         config->server + strlen("unix:"));
    curl_easy_setopt(client->handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(client->handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(client->handle, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(client->handle, CURLOPT_CONNECTTIMEOUT, 10L);
    curl_easy_setopt(client->handle, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(client->handle, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(client->handle, CURLOPT_XFERINFODATA, client);
    curl_easy_setopt(client->handle, CURLOPT_WRITEFUNCTION, on_bytes);
    return client;
}

void client_free(struct client *client)
{
    if (!client)
        return;
    curl_easy_cleanup(client->handle);
    g_free(client->base);
    g_free(client->authorization);
    g_free(client);
}

static enum error_code code_of(CURLcode problem)
{
    if (problem == CURLE_OPERATION_TIMEDOUT)
        return ERROR_TIMEOUT;
    if (problem == CURLE_ABORTED_BY_CALLBACK)
        return ERROR_CANCELLED;
    return problem == CURLE_WRITE_ERROR ? ERROR_TOO_LARGE : ERROR_UNREACHABLE;
}

bool client_call(struct client *client, const char *method, const char *path,
                 const char *content_type, GBytes *body, unsigned timeout_seconds, unsigned *status,
                 GBytes **answer, GError **error)
{
    g_autofree char *url = g_strconcat(client->base, path, NULL);
    g_autofree char *type = g_strdup_printf("Content-Type: %s", content_type);
    g_autoptr(GByteArray) received = g_byte_array_new();
    struct curl_slist *headers = NULL;
    gsize length = 0;
    const void *bytes = g_bytes_get_data(body, &length);
    long code = 0;

    headers = curl_slist_append(headers, client->authorization);
    headers = curl_slist_append(headers, type);
    headers = curl_slist_append(headers, "Expect:");
    curl_easy_setopt(client->handle, CURLOPT_URL, url);
    curl_easy_setopt(client->handle, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(client->handle, CURLOPT_POST, 1L);
    curl_easy_setopt(client->handle, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(client->handle, CURLOPT_POSTFIELDS, length ? bytes : "");
    curl_easy_setopt(client->handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
    curl_easy_setopt(client->handle, CURLOPT_TIMEOUT, (long)timeout_seconds);
    curl_easy_setopt(client->handle, CURLOPT_WRITEDATA, received);

    const CURLcode problem = curl_easy_perform(client->handle);

    curl_slist_free_all(headers);
    if (problem != CURLE_OK) {
        error_set(error, code_of(problem), "calling serve (%s): %s", path,
                  curl_easy_strerror(problem));
        return false;
    }
    curl_easy_getinfo(client->handle, CURLINFO_RESPONSE_CODE, &code);
    *status = (unsigned)code;
    *answer = g_byte_array_free_to_bytes(g_steal_pointer(&received));
    return true;
}
