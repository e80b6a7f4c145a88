/*
 * The self-made certificate of the built-in TLS (--lan): one key and one certificate in a folder,
 * made at first use and renewed when it has less than 30 days left.
 */
#ifndef HTTP_CERTIFICATE_H
#define HTTP_CERTIFICATE_H

#include "base/clock.h"
#include "base/error.h"

struct certificate {
    char *certificate;     /* PEM; owned */
    char *key;             /* PEM; owned */
    char fingerprint[100]; /* SHA-256 of the certificate, "AB:CD:…" */
};

/* Reads or makes certificate.pem and key.pem (mode 0600) in `folder`, which exists. `names` are the
 * host names and addresses it is for, ended by NULL. */
bool certificate_load(const char *folder, const char *const *names, struct utc now,
                      struct certificate *certificate, GError **error);
void certificate_clear(struct certificate *certificate);

#endif
