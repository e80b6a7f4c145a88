/*
 * Which route a path is. Pure: looks at the table and the text only.
 */
#ifndef HTTP_ROUTER_H
#define HTTP_ROUTER_H

#include "http/http.h"

/* {names} in one path. */
#define ROUTER_SEGMENTS 4

struct router_segment {
    const char *name; /* in the template, not terminated */
    size_t name_length;
    char value[128]; /* decoded; a longer segment never matches */
};

struct router_match {
    const struct http_route *route; /* NULL: no row has this method */
    unsigned methods;               /* bit 1 << method for each row of the path; 0: no such path */
    struct router_segment segments[ROUTER_SEGMENTS];
    size_t segment_count;
};

/* Finds the row of `method` and `path` among `count` rows at `routes`, `stride` bytes apart. */
void router_find(const struct http_route *routes, size_t count, size_t stride,
                 enum http_method method, const char *path, struct router_match *match);

/* "GET, PUT" for the Allow header. */
void router_allow(unsigned methods, char text[64]);

#endif
