#include "http/pack.h"

#include <string.h>

struct entry {
    char *path;
    char *content_type;
    char *etag;
    GBytes *plain;
    GBytes *gzip; /* NULL: plain only */
    bool hashed;
};

struct pack {
    GHashTable *entries;
};

static void entry_free(void *data)
{
    struct entry *entry = data;

    g_free(entry->path);
    g_free(entry->content_type);
    g_free(entry->etag);
    g_clear_pointer(&entry->plain, g_bytes_unref);
    g_clear_pointer(&entry->gzip, g_bytes_unref);
    g_free(entry);
}

/* Reads forwards and remembers that it ran out. */
struct reader {
    const uint8_t *bytes;
    size_t length;
    size_t at;
    bool failed;
};

static uint32_t read_number(struct reader *reader, size_t size)
{
    uint32_t value = 0;

    if (reader->length - reader->at < size) {
        reader->failed = true;
        return 0;
    }
    for (size_t i = 0; i < size; i++)
        value |= (uint32_t)reader->bytes[reader->at + i] << (8 * i);
    reader->at += size;
    return value;
}

static char *read_text(struct reader *reader, size_t size)
{
    if (reader->failed || reader->length - reader->at < size) {
        reader->failed = true;
        return NULL;
    }
    char *text = g_strndup((const char *)reader->bytes + reader->at, size);
    reader->at += size;
    return text;
}

static GBytes *read_part(struct reader *reader, uint32_t offset, uint32_t size)
{
    if (reader->failed || offset > reader->length || size > reader->length - offset) {
        reader->failed = true;
        return NULL;
    }
    return g_bytes_new_static(reader->bytes + offset, size);
}

struct pack *pack_open(const uint8_t *bytes, size_t length, GError **error)
{
    static const char magic[8] = "CSWP1";
    struct reader reader = {.bytes = bytes, .length = length, .at = sizeof magic};
    struct pack *pack = g_new0(struct pack, 1);

    pack->entries = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, entry_free);
    if (length == 0)
        return pack;
    if (length < sizeof magic + 4 || memcmp(bytes, magic, sizeof magic) != 0)
        reader.failed = true;
    for (uint32_t left = reader.failed ? 0 : read_number(&reader, 4); left > 0 && !reader.failed;
         left--) {
        struct entry *entry = g_new0(struct entry, 1);
        size_t path_size = read_number(&reader, 2);
        size_t type_size = read_number(&reader, 2);
        size_t etag_size = read_number(&reader, 2);
        uint32_t offset = read_number(&reader, 4);
        uint32_t size = read_number(&reader, 4);
        uint32_t gzip_offset = read_number(&reader, 4);
        uint32_t gzip_size = read_number(&reader, 4);

        entry->hashed = (read_number(&reader, 1) & 1) != 0;
        entry->path = read_text(&reader, path_size);
        entry->content_type = read_text(&reader, type_size);
        entry->etag = read_text(&reader, etag_size);
        entry->plain = read_part(&reader, offset, size);
        if (gzip_size > 0)
            entry->gzip = read_part(&reader, gzip_offset, gzip_size);
        if (reader.failed)
            entry_free(entry);
        else
            g_hash_table_replace(pack->entries, entry->path, entry);
    }
    if (reader.failed) {
        pack_free(pack);
        error_set(error, ERROR_CORRUPT, "The embedded web app is damaged");
        return NULL;
    }
    return pack;
}

void pack_free(struct pack *pack)
{
    if (pack == NULL)
        return;
    g_hash_table_destroy(pack->entries);
    g_free(pack);
}

size_t pack_count(const struct pack *pack)
{
    return g_hash_table_size(pack->entries);
}

/* Whether the client takes gzip: named, and not with a weight of 0. */
static bool takes_gzip(const struct http_request *request)
{
    const char *accepted = http_request_header(request, "Accept-Encoding");

    if (accepted == NULL)
        return false;

    g_auto(GStrv) codings = g_strsplit(accepted, ",", 32);
    for (char **coding = codings; *coding != NULL; coding++) {
        const char *text = g_strstrip(*coding);
        const char *weight = strstr(text, "q=");

        if (g_str_has_prefix(text, "gzip"))
            return weight == NULL || g_ascii_strtod(weight + 2, NULL) > 0;
    }
    return false;
}

static const char not_built[] =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>customersight</title>"
    "<h1>customersight</h1><p>The server runs, but this program was built without its web app. "
    "Run <code>make build</code> in the source folder and start it again. "
    "The interface is at <code>/api/</code>.</p></html>";

void pack_respond(const struct pack *pack, struct http_request *request)
{
    const char *path = http_request_path(request);
    const struct entry *entry = g_hash_table_lookup(pack->entries, path);
    bool api = g_str_has_prefix(path, "/api/") || strcmp(path, "/api") == 0;

    if (http_request_method(request) != HTTP_GET || (entry == NULL && api)) {
        g_autoptr(GError) error = NULL;

        error_set(&error, ERROR_NOT_FOUND, "There is nothing here");
        http_respond_error(request, error);
        return;
    }
    if (entry == NULL &&
        strchr(strrchr(path, '/') != NULL ? strrchr(path, '/') : path, '.') == NULL) {
        entry = g_hash_table_lookup(pack->entries, "/index.html");
        if (entry == NULL) {
            http_respond(request, 200, "text/html; charset=utf-8",
                         g_bytes_new_static(not_built, sizeof not_built - 1));
            return;
        }
    }
    if (entry == NULL) {
        g_autoptr(GError) error = NULL;

        error_set(&error, ERROR_NOT_FOUND, "There is no such file");
        http_respond_error(request, error);
        return;
    }
    http_response_header(request, "Cache-Control",
                         entry->hashed ? "public, max-age=31536000, immutable" : "no-cache");
    http_response_header(request, "Vary", "Accept-Encoding");
    if (entry->gzip != NULL && takes_gzip(request)) {
        g_autofree char *etag = g_strdup_printf("\"%s-gz\"", entry->etag);

        http_response_header(request, "ETag", etag);
        http_response_header(request, "Content-Encoding", "gzip");
        http_respond(request, 200, entry->content_type, g_bytes_ref(entry->gzip));
    } else {
        g_autofree char *etag = g_strdup_printf("\"%s\"", entry->etag);

        http_response_header(request, "ETag", etag);
        http_respond(request, 200, entry->content_type, g_bytes_ref(entry->plain));
    }
}
