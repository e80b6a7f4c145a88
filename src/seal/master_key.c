#include "seal/master_key.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEX_DIGITS (2 * SEAL_KEY_BYTES)
/* More than the digits and their white space is not a key. */
#define MOST_FILE_BYTES 256

/* Makes the same key known by the same id everywhere, without revealing it. */
static void derive_id(struct seal_key *key)
{
    static const char context[] = "customersight master key id";

    crypto_generichash(key->id.bytes, sizeof(key->id.bytes), (const unsigned char *)context,
                       sizeof(context) - 1, key->bytes, sizeof(key->bytes));
}

bool master_key_parse(const char *text, struct seal_key *key, GError **error)
{
    struct seal_key parsed;
    size_t length = 0;
    const char *end = NULL;

    while (g_ascii_isspace(*text))
        text++;
    if (sodium_hex2bin(parsed.bytes, sizeof(parsed.bytes), text, strnlen(text, HEX_DIGITS), NULL,
                       &length, &end) != 0 ||
        length != SEAL_KEY_BYTES)
        goto malformed;
    while (g_ascii_isspace(*end))
        end++;
    if (*end != '\0')
        goto malformed;
    derive_id(&parsed);
    *key = parsed;
    seal_key_clear(&parsed);
    return true;
malformed:
    seal_key_clear(&parsed);
    error_set(error, ERROR_MALFORMED, "a master key is %d hexadecimal digits", HEX_DIGITS);
    return false;
}

static bool read_key(int fd, const char *path, struct seal_key *key, GError **error)
{
    char text[MOST_FILE_BYTES + 1];
    struct stat facts;
    ssize_t length;
    bool ok;

    if (fstat(fd, &facts) != 0) {
        error_set_errno(error, errno, "the master key %s cannot be read", path);
        return false;
    }
    if (!S_ISREG(facts.st_mode) || (facts.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        error_set(error, ERROR_CONFIGURATION,
                  "the master key %s can be read by others; take their rights away: chmod 600 %s",
                  path, path);
        return false;
    }
    length = read(fd, text, MOST_FILE_BYTES);
    if (length < 0) {
        error_set_errno(error, errno, "the master key %s cannot be read", path);
        return false;
    }
    text[length] = '\0';
    ok = master_key_parse(text, key, error);
    if (!ok)
        g_prefix_error(error, "%s: ", path);
    sodium_memzero(text, sizeof(text));
    return ok;
}

/* Writes the key beside its place, syncs it, and links it there: what is seen is whole, and of two
 * that do this at once one wins. */
static bool write_key(int folder_fd, const char *folder, const struct seal_key *key, GError **error)
{
    char text[HEX_DIGITS + 2];
    g_autofree char *temporary = g_strdup_printf(MASTER_KEY_FILE ".%ld", (long)getpid());
    int fd;
    bool ok;

    unlinkat(folder_fd, temporary, 0);
    fd = openat(folder_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        error_set_errno(error, errno, "the master key cannot be written to %s", folder);
        return false;
    }
    sodium_bin2hex(text, sizeof(text), key->bytes, sizeof(key->bytes));
    text[HEX_DIGITS] = '\n';
    ok = write(fd, text, HEX_DIGITS + 1) == HEX_DIGITS + 1 && fsync(fd) == 0;
    if (ok && linkat(folder_fd, temporary, folder_fd, MASTER_KEY_FILE, 0) != 0 && errno != EEXIST)
        ok = false;
    if (ok)
        ok = unlinkat(folder_fd, temporary, 0) == 0 && fsync(folder_fd) == 0;
    if (!ok)
        error_set_errno(error, errno, "the master key cannot be written to %s", folder);
    close(fd);
    if (!ok)
        unlinkat(folder_fd, temporary, 0);
    sodium_memzero(text, sizeof(text));
    return ok;
}

bool master_key_load(const char *folder, bool may_create, struct seal_key *key, bool *created,
                     GError **error)
{
    g_autofree char *path = g_build_filename(folder, MASTER_KEY_FILE, NULL);
    const int folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct seal_key made = {0};
    bool fresh = false;
    bool ok = false;
    int fd = -1;

    if (folder_fd < 0) {
        error_set_errno(error, errno, "the folder %s cannot be opened", folder);
        return false;
    }
    fd = openat(folder_fd, MASTER_KEY_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT && may_create) {
        seal_key_make(&made, (struct uuid){0});
        fresh = true;
        if (!write_key(folder_fd, folder, &made, error))
            goto out;
        fd = openat(folder_fd, MASTER_KEY_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    }
    if (fd < 0) {
        if (errno == ENOENT)
            error_set(error, ERROR_NOT_FOUND, "there is no master key %s", path);
        else
            error_set_errno(error, errno, "the master key %s cannot be opened", path);
        goto out;
    }
    /* Read back even when just made: another process may have been first. */
    ok = read_key(fd, path, key, error);
    if (ok && created)
        *created = fresh && memcmp(made.bytes, key->bytes, sizeof(made.bytes)) == 0;
out:
    seal_key_clear(&made);
    if (fd >= 0)
        close(fd);
    close(folder_fd);
    return ok;
}
