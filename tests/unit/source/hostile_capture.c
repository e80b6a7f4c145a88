/*
 * A capture child that was taken over: it follows the protocol up to a point and then lies. The
 * last part of the URL in START says how. As a zygote it is honest, what it forks is not.
 */
#include "capture/child.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* More than any socket holds, and than a child has to say in a second. */
#define MANY 1000000

static union ring_message message;
static struct ring_geometry geometry;

static void say(enum ring_kind kind)
{
    ring_send(3, &message, kind, NULL, 0, true, NULL);
}

static void open_ring(void)
{
    int descriptors[RING_DESCRIPTORS_MAX];

    ring_geometry_fill(&geometry, 320, 240, IMAGE_FORMAT_I420, 4, NULL);
    message = (union ring_message){.opened = {.geometry = geometry, .fps_denominator = 1}};
    say(RING_OPENED);
    ring_receive(3, RING_TO_CHILD, true, &message, descriptors, NULL);
}

static void frame(uint32_t slot, uint32_t box_x1)
{
    message = (union ring_message){
        .frame = {.slot = slot, .box_x1 = box_x1, .captured_at_us = g_get_real_time()}};
    say(RING_FRAME);
}

static void frame_of(int64_t captured_at_us)
{
    message = (union ring_message){.frame = {.captured_at_us = captured_at_us}};
    say(RING_FRAME);
}

int child_take_descriptor(struct child *child, unsigned index)
{
    return child->descriptors[index];
}

static bool started(void)
{
    int descriptors[RING_DESCRIPTORS_MAX];

    return ring_receive(3, RING_TO_CHILD, true, &message, descriptors, NULL) ==
           RING_RECEIVED_MESSAGE;
}

int main(void)
{
    struct child child = {.socket = 3};
    int descriptors[RING_DESCRIPTORS_MAX];
    char lie[64];
    int code;

    if (!started())
        return 1;
    if (message.start.role == RING_ROLE_ZYGOTE && (!zygote_run(&child, &code) || !started()))
        _exit(0);
    g_strlcpy(lie, strrchr(message.start.url, '/') + 1, sizeof lie);
    if (strcmp(lie, "early") != 0 && strcmp(lie, "geometry") != 0)
        open_ring();
    if (strcmp(lie, "early") == 0) {
        frame(0, 0);
    } else if (strcmp(lie, "geometry") == 0) {
        ring_geometry_fill(&geometry, 320, 240, IMAGE_FORMAT_I420, 4, NULL);
        geometry.plane_offset[2] = UINT64_MAX;
        message = (union ring_message){.opened = {.geometry = geometry, .fps_denominator = 1}};
        say(RING_OPENED);
    } else if (strcmp(lie, "again") == 0) {
        message = (union ring_message){.opened = {.geometry = geometry, .fps_denominator = 1}};
        say(RING_OPENED);
    } else if (strcmp(lie, "slot") == 0) {
        frame(4, 0);
    } else if (strcmp(lie, "twice") == 0) {
        frame(1, 0);
        frame(1, 0);
    } else if (strcmp(lie, "box") == 0) {
        frame(0, 321);
    } else if (strcmp(lie, "time") == 0) {
        frame_of(INT64_MAX);
    } else if (strcmp(lie, "yesterday") == 0) {
        frame_of(g_get_real_time() - 48LL * 3600 * G_USEC_PER_SEC);
    } else if (strcmp(lie, "tomorrow") == 0) {
        frame_of(g_get_real_time() + 48LL * 3600 * G_USEC_PER_SEC);
    } else if (strcmp(lie, "crash") == 0) {
        abort();
    } else if (strcmp(lie, "kind") == 0) {
        message = (union ring_message){.release = {.slot = 0}};
        say(RING_RELEASE);
    } else if (strcmp(lie, "short") == 0) {
        if (write(3, "CRG1", 4) != 4)
            return 1;
    } else if (strcmp(lie, "live") == 0) {
        message = (union ring_message){
            .live = {.live_kind = RING_LIVE_STILL, .offset = UINT64_MAX - 10, .length = 100}};
        say(RING_LIVE);
    } else if (strcmp(lie, "backwards") == 0) {
        message = (union ring_message){.status = {.packets = 100}};
        say(RING_STATUS);
        message = (union ring_message){.status = {.packets = 99}};
        say(RING_STATUS);
    } else if (strcmp(lie, "rate") == 0) {
        message = (union ring_message){.status = {.rate_milli = RING_RATE_MOST + 1}};
        say(RING_STATUS);
    } else if (strcmp(lie, "flood") == 0) {
        message = (union ring_message){.status = {.packets = 1}};
        for (unsigned i = 0; i < MANY; i++)
            say(RING_STATUS);
    } else if (strcmp(lie, "deaf") == 0) {
        message = (union ring_message){
            .live = {.live_kind = RING_LIVE_STILL, .offset = 0, .length = 100}};
        for (unsigned i = 0; i < MANY; i++)
            say(RING_LIVE);
    } else if (strcmp(lie, "picture") == 0) {
        message = (union ring_message){.picture_done = {.length = 1}};
        say(RING_PICTURE_DONE);
    }
    /* It stays until the parent is gone or kills it. */
    while (ring_receive(3, RING_TO_CHILD, true, &message, descriptors, NULL) ==
           RING_RECEIVED_MESSAGE)
        continue;
    _exit(0); /* a leak checker's process at a regular end would be one more to collect */
}
