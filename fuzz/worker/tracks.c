/* Serve's answer to a batch, as the worker learns from it who the tracks are. */
#include "worker/known_tracks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct known_tracks *known = known_tracks_new();
    struct uuid track = {{0}};
    char *person = NULL;

    known_tracks_learn(known, (const char *)data, size, (struct mono){1});
    uuid_parse("01a21df2-f05a-7010-8455-95ba7368282a", &track);
    known_tracks_find(known, track, (struct mono){2}, &person);
    g_free(person);
    known_tracks_free(known);
    return 0;
}
