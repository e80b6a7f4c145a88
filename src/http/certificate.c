#include "http/certificate.h"

#include <arpa/inet.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

#define LIFETIME_DAYS 825 /* browsers refuse longer ones */
#define RENEW_DAYS    30
#define DAY_S         86400

void certificate_clear(struct certificate *certificate)
{
    g_free(certificate->certificate);
    if (certificate->key != NULL)
        explicit_bzero(certificate->key, strlen(certificate->key));
    g_free(certificate->key);
    memset(certificate, 0, sizeof *certificate);
}

static bool failed(int result, const char *what, GError **error)
{
    if (result >= 0)
        return false;
    error_set(error, ERROR_IO, "The certificate cannot be %s: %s", what, gnutls_strerror(result));
    return true;
}

static bool fingerprint(gnutls_x509_crt_t crt, char *text, size_t size, GError **error)
{
    uint8_t hash[32];
    size_t length = sizeof hash;

    if (failed(gnutls_x509_crt_get_fingerprint(crt, GNUTLS_DIG_SHA256, hash, &length), "read",
               error))
        return false;
    text[0] = '\0';
    for (size_t i = 0; i < length; i++) {
        char part[4];

        g_snprintf(part, sizeof part, i == 0 ? "%02X" : ":%02X", hash[i]);
        g_strlcat(text, part, size);
    }
    return true;
}

/* Reads what is there; *usable is false when there is nothing or it ends soon. */
static bool read_stored(const char *certificate_path, const char *key_path, struct utc now,
                        struct certificate *certificate, bool *usable, GError **error)
{
    g_autofree char *pem = NULL;
    g_autofree char *key = NULL;
    gnutls_x509_crt_t crt;
    bool ok = false;

    *usable = false;
    if (!g_file_get_contents(certificate_path, &pem, NULL, NULL) ||
        !g_file_get_contents(key_path, &key, NULL, NULL))
        return true;
    if (failed(gnutls_x509_crt_init(&crt), "read", error))
        return false;

    gnutls_datum_t datum = {(unsigned char *)pem, (unsigned)strlen(pem)};
    if (gnutls_x509_crt_import(crt, &datum, GNUTLS_X509_FMT_PEM) < 0) {
        ok = true; /* damaged: a new one is made */
        goto out;
    }
    if (gnutls_x509_crt_get_expiration_time(crt) < now.us / 1000000 + RENEW_DAYS * DAY_S) {
        ok = true;
        goto out;
    }
    if (!fingerprint(crt, certificate->fingerprint, sizeof certificate->fingerprint, error))
        goto out;
    certificate->certificate = g_steal_pointer(&pem);
    certificate->key = g_steal_pointer(&key);
    *usable = true;
    ok = true;
out:
    gnutls_x509_crt_deinit(crt);
    return ok;
}

static int fill(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, const char *const *names,
                struct utc now)
{
    time_t start = (time_t)(now.us / 1000000) - DAY_S;
    uint8_t serial[16];
    int result = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof serial);

    serial[0] &= 0x7f;
    if (result >= 0)
        result = gnutls_x509_crt_set_version(crt, 3);
    if (result >= 0)
        result = gnutls_x509_crt_set_serial(crt, serial, sizeof serial);
    if (result >= 0)
        result = gnutls_x509_crt_set_activation_time(crt, start);
    if (result >= 0)
        result = gnutls_x509_crt_set_expiration_time(crt, start + (time_t)LIFETIME_DAYS * DAY_S);
    if (result >= 0)
        result = gnutls_x509_crt_set_dn(crt, "CN=customersight", NULL);
    for (size_t i = 0; names[i] != NULL && result >= 0; i++) {
        struct in6_addr six;
        struct in_addr four;

        if (inet_pton(AF_INET, names[i], &four) == 1)
            result = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, &four,
                                                          sizeof four, GNUTLS_FSAN_APPEND);
        else if (inet_pton(AF_INET6, names[i], &six) == 1)
            result = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, &six,
                                                          sizeof six, GNUTLS_FSAN_APPEND);
        else
            result = gnutls_x509_crt_set_subject_alt_name(
                crt, GNUTLS_SAN_DNSNAME, names[i], (unsigned)strlen(names[i]), GNUTLS_FSAN_APPEND);
    }
    if (result >= 0)
        result = gnutls_x509_crt_set_basic_constraints(crt, 0, -1);
    if (result >= 0)
        result = gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
    if (result >= 0)
        result = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0);
    if (result >= 0)
        result = gnutls_x509_crt_set_key(crt, key);
    if (result >= 0)
        result = gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0);
    return result;
}

static bool write_private(const char *path, const char *text, GError **error)
{
    g_autoptr(GError) inner = NULL;

    if (g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &inner))
        return true;
    error_set(error, ERROR_IO, "%s", inner->message);
    return false;
}

static bool make_new(const char *certificate_path, const char *key_path, const char *const *names,
                     struct utc now, struct certificate *certificate, GError **error)
{
    gnutls_x509_crt_t crt = NULL;
    gnutls_x509_privkey_t key = NULL;
    gnutls_datum_t crt_pem = {NULL, 0};
    gnutls_datum_t key_pem = {NULL, 0};
    bool ok = false;

    if (failed(gnutls_x509_crt_init(&crt), "made", error) ||
        failed(gnutls_x509_privkey_init(&key), "made", error) ||
        failed(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
                                            GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
               "made", error) ||
        failed(fill(crt, key, names, now), "made", error) ||
        failed(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &crt_pem), "made", error) ||
        failed(gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN,
                                                 &key_pem),
               "made", error) ||
        !fingerprint(crt, certificate->fingerprint, sizeof certificate->fingerprint, error))
        goto out;
    certificate->certificate = g_strndup((char *)crt_pem.data, crt_pem.size);
    certificate->key = g_strndup((char *)key_pem.data, key_pem.size);
    ok = write_private(key_path, certificate->key, error) &&
         write_private(certificate_path, certificate->certificate, error);
    if (!ok)
        certificate_clear(certificate);
out:
    gnutls_free(crt_pem.data);
    if (key_pem.data != NULL)
        gnutls_memset(key_pem.data, 0, key_pem.size);
    gnutls_free(key_pem.data);
    if (crt != NULL)
        gnutls_x509_crt_deinit(crt);
    if (key != NULL)
        gnutls_x509_privkey_deinit(key);
    return ok;
}

bool certificate_load(const char *folder, const char *const *names, struct utc now,
                      struct certificate *certificate, GError **error)
{
    g_autofree char *certificate_path = g_build_filename(folder, "certificate.pem", NULL);
    g_autofree char *key_path = g_build_filename(folder, "key.pem", NULL);
    bool usable;

    memset(certificate, 0, sizeof *certificate);
    if (!read_stored(certificate_path, key_path, now, certificate, &usable, error))
        return false;
    return usable || make_new(certificate_path, key_path, names, now, certificate, error);
}
