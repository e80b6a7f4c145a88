#include "record/face.h"

#include "record/track.h"

#include <string.h>

void track_clear(struct track *track)
{
    g_clear_pointer(&track->trail, g_bytes_unref);
    g_clear_pointer(&track->coexists, g_bytes_unref);
    memset(track, 0, sizeof(*track));
}

void embedding_clear(struct embedding *embedding)
{
    g_clear_pointer(&embedding->sealed, g_bytes_unref);
    memset(embedding, 0, sizeof(*embedding));
}
