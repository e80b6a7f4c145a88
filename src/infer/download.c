#include "infer/download_priv.h"

#include "base/error.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define REDIRECTS_MAX         5L
#define CONNECT_SECONDS       20L
#define SLOW_SECONDS          60L /* below SLOW_BYTES_PER_SECOND for that long: given up */
#define SLOW_BYTES_PER_SECOND 1024L

struct download {
    int fd;
    uint64_t left; /* bytes that may still come */
    bool too_long;
};

static size_t on_data(char *data, size_t size, size_t count, void *context)
{
    struct download *download = context;
    size_t length = size * count;

    if (length > download->left) {
        download->too_long = true;
        return 0;
    }
    download->left -= length;
    for (size_t used = 0; used < length;) {
        ssize_t put = write(download->fd, data + used, length - used);

        if (put < 0 && errno != EINTR) {
            return 0;
        }
        used += put > 0 ? (size_t)put : 0;
    }
    return length;
}

static void set_options(CURL *curl, const char *url, struct download *download)
{
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, SLOW_SECONDS);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES_PER_SECOND);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "customersight/" VERSION);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, download);
}

static bool fetch(const char *url, struct download *download, uint64_t bytes, GError **error)
{
    CURL *curl = curl_easy_init();
    CURLcode result;

    if (curl == NULL) {
        error_set(error, ERROR_INTERNAL, "the transfer library could not be set up");
        return false;
    }
    set_options(curl, url, download);
    result = curl_easy_perform(curl);
    curl_easy_cleanup(curl);
    if (download->too_long) {
        error_set(error, ERROR_MODEL, "%s: expected %" G_GUINT64_FORMAT " bytes, found more", url,
                  bytes);
    } else if (result != CURLE_OK) {
        error_set(error, ERROR_UNREACHABLE, "downloading %s: %s", url, curl_easy_strerror(result));
    }
    return result == CURLE_OK;
}

bool download_file(const char *url, const char *path, uint64_t bytes, GError **error)
{
    struct download download = {.left = bytes};

    download.fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (download.fd < 0) {
        error_set_errno(error, errno, "writing %s", path);
        return false;
    }

    bool fetched = fetch(url, &download, bytes, error);

    if (close(download.fd) != 0 && fetched) {
        error_set_errno(error, errno, "writing %s", path);
        fetched = false;
    }
    if (!fetched) {
        unlink(path);
    }
    return fetched;
}
