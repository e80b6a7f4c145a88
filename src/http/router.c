#include "http/router.h"

#include <string.h>

/* Literal segments that matched: more is the better row. Negative: no match. */
static int match_path(const char *template, const char *path, struct router_match *match)
{
    int literals = 0;

    match->segment_count = 0;
    while (*template == '/' && *path == '/') {
        template ++;
        path++;
        size_t template_length = strcspn(template, "/");
        size_t length = strcspn(path, "/");

        if (template[0] == '{') {
            struct router_segment *segment = &match->segments[match->segment_count];

            if (length == 0 || length >= sizeof segment->value ||
                match->segment_count == ROUTER_SEGMENTS)
                return -1;
            segment->name = template + 1;
            segment->name_length = template_length - 2;
            memcpy(segment->value, path, length);
            segment->value[length] = '\0';
            match->segment_count++;
        } else {
            if (length != template_length || memcmp(template, path, length) != 0)
                return -1;
            literals++;
        }
        template += template_length;
        path += length;
    }
    return *template == '\0' && *path == '\0' ? literals : -1;
}

void router_find(const struct http_route *routes, size_t count, size_t stride,
                 enum http_method method, const char *path, struct router_match *match)
{
    int best = -1;

    memset(match, 0, sizeof *match);
    for (size_t i = 0; i < count; i++) {
        const struct http_route *route =
            (const struct http_route *)(const void *)((const char *)routes + i * stride);
        struct router_match candidate;
        int literals = match_path(route->path, path, &candidate);

        if (literals < 0 || literals < best)
            continue;
        if (literals > best) { /* a literal path hides a {name} that would match too */
            best = literals;
            match->methods = 0;
            match->route = NULL;
        }
        match->methods |= 1U << route->method;
        if (route->method == method) {
            match->route = route;
            match->segment_count = candidate.segment_count;
            memcpy(match->segments, candidate.segments, sizeof candidate.segments);
        }
    }
}

void router_allow(unsigned methods, char text[64])
{
    text[0] = '\0';
    for (enum http_method method = HTTP_GET; method <= HTTP_DELETE; method++) {
        if ((methods & (1U << method)) == 0)
            continue;
        if (text[0] != '\0')
            g_strlcat(text, ", ", 64);
        g_strlcat(text, http_method_name(method), 64);
    }
}
