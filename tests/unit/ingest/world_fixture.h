/*
 * The world of a test program, made for each test and taken down after it.
 */
#ifndef TESTS_INGEST_WORLD_FIXTURE_H
#define TESTS_INGEST_WORLD_FIXTURE_H

#include "world.h"

static struct world world;

static int setup(void **state)
{
    (void)state;
    world_open(&world, &(struct world_options){0});
    return 0;
}

/* Every write is tried twice, as after a conflict with another replica. */
static int setup_retrying(void **state)
{
    (void)state;
    world_open(&world, &(struct world_options){.retry_every_write = true});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_close(&world);
    return 0;
}

#endif
