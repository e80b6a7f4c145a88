#include "base/peer.h"

#include <glib.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

static const struct {
    uint32_t network;
    unsigned bits;
    enum peer_verdict verdict;
} networks[] = {
    {0x00000000, 8, PEER_THIS_MACHINE}, {0x7f000000, 8, PEER_THIS_MACHINE},
    {0xa9fe0000, 16, PEER_NEVER}, /* 169.254: link-local, metadata */
    {0x646464c8, 32, PEER_NEVER}, /* 100.100.100.200: metadata */
    {0xc00000c0, 32, PEER_NEVER}, /* 192.0.0.192: metadata */
    {0xa83f8110, 32, PEER_NEVER}, /* 168.63.129.16: metadata */
    {0xffffffff, 32, PEER_NEVER},
};

static enum peer_verdict judge_v4(uint32_t address)
{
    for (size_t i = 0; i < G_N_ELEMENTS(networks); i++)
        if ((address ^ networks[i].network) >> (32 - networks[i].bits) == 0)
            return networks[i].verdict;
    return PEER_ALLOWED;
}

static enum peer_verdict judge_v6(const struct in6_addr *address)
{
    static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};
    static const uint8_t metadata[16] = {0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, [15] = 0x54};
    const uint8_t *bytes = address->s6_addr;
    const uint32_t last = (uint32_t)bytes[12] << 24 | (uint32_t)bytes[13] << 16 |
                          (uint32_t)bytes[14] << 8 | bytes[15];

    if (IN6_IS_ADDR_LOOPBACK(address) || IN6_IS_ADDR_UNSPECIFIED(address))
        return PEER_THIS_MACHINE;
    if (IN6_IS_ADDR_V4MAPPED(address) || IN6_IS_ADDR_V4COMPAT(address) ||
        memcmp(bytes, nat64, sizeof nat64) == 0)
        return judge_v4(last);
    if (bytes[0] == 0x20 && bytes[1] == 0x02) /* 6to4 */
        return judge_v4((uint32_t)bytes[2] << 24 | (uint32_t)bytes[3] << 16 |
                        (uint32_t)bytes[4] << 8 | bytes[5]);
    if (IN6_IS_ADDR_LINKLOCAL(address) || memcmp(bytes, metadata, sizeof metadata) == 0)
        return PEER_NEVER;
    return PEER_ALLOWED;
}

enum peer_verdict peer_judge(const struct sockaddr *address, socklen_t length)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (length >= sizeof v4 && address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof v4);
        return judge_v4(ntohl(v4.sin_addr.s_addr));
    }
    if (length >= sizeof v6 && address->sa_family == AF_INET6) {
        memcpy(&v6, address, sizeof v6);
        return judge_v6(&v6.sin6_addr);
    }
    return PEER_NEVER;
}

/* The host between what may be a password and what may be a port. A password may hold '/' and '@'
 * unescaped, and libraries differ in where they see the host then: all readings are judged. */
static char *host_at(const char *text)
{
    if (*text == '[')
        return g_strndup(text + 1, strcspn(text + 1, "]"));
    return g_strndup(text, strcspn(text, ":/?#@"));
}

static enum peer_verdict judge_host(const char *host)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    enum peer_verdict verdict = PEER_ALLOWED;
    g_autofree char *name = g_ascii_strdown(host, -1);

    if (g_str_has_suffix(name, "."))
        name[strlen(name) - 1] = '\0';
    if (strcmp(name, "localhost") == 0 || g_str_has_suffix(name, ".localhost"))
        return PEER_THIS_MACHINE;
    /* Also the forms that only resolvers know: 127.1, 2130706433, 0x7f000001. */
    if (getaddrinfo(name, NULL, &hints, &found) == 0) {
        verdict = peer_judge(found->ai_addr, found->ai_addrlen);
        freeaddrinfo(found);
    }
    return verdict;
}

enum peer_verdict peer_judge_url(const char *url)
{
    const char *start = strstr(url, "://");
    enum peer_verdict verdict = PEER_ALLOWED;

    for (const char *at = start ? start + 2 : NULL; at; at = strchr(at + 1, '@')) {
        g_autofree char *host = host_at(at + 1);
        const enum peer_verdict one = judge_host(host);

        verdict = MAX(verdict, one);
    }
    return verdict;
}

const char *peer_problem(enum peer_verdict verdict)
{
    switch (verdict) {
    case PEER_THIS_MACHINE:
        return "this machine itself is not a camera; capture.allow_loopback permits it";
    case PEER_NEVER:
        return "link-local addresses are not cameras";
    case PEER_ALLOWED:
        break;
    }
    return "";
}

const char *peer_url_problem(const char *url)
{
    const char *authority = strstr(url, "://") + 3;
    const size_t length = strcspn(authority, "/?#");
    const char *at = g_strrstr_len(authority, (gssize)length, "@");
    const char *host = at ? at + 1 : authority;
    const char *end = authority + length;
    const char *port = host + strcspn(host, *host == '[' ? "]" : ":/?#");

    for (const char *byte = url; *byte; byte++)
        if ((unsigned char)*byte <= ' ' || *byte == 0x7f)
            return "the address has blanks in it";
    if (port == host || (*host == '[' && *port != ']'))
        return "the address has no host";
    port += *host == '[';
    if (port < end) {
        g_autofree char *number = g_strndup(port + 1, (gsize)(end - port - 1));
        guint64 value;

        if (*port != ':' || !g_ascii_string_to_unsigned(number, 10, 1, 65535, &value, NULL))
            return "a port is a number from 1 to 65535 (in a password / is written %2F)";
    }
    return NULL;
}
