/*
 * A decoder: packets in, frames out, one thread. H.264, H.265 and MJPEG decode straight into slots
 * that the caller provides; when none is free, or for other codecs, into private memory, from where
 * media_frame_store copies. A stream whose size or format changes ends the decoder.
 */
#ifndef MEDIA_DECODER_H
#define MEDIA_DECODER_H

#include "base/image.h"
#include "media/input.h"

/* Where pictures may be decoded to. Called on the decoder's thread, inside its functions. */
struct media_slots {
    void *context;
    /* Once, before the first slot: agree on `geometry`. False: give up. */
    bool (*agree)(void *context, const struct ring_geometry *geometry);
    /* A free slot and its memory; -1 when there is none. */
    int (*take)(void *context, uint8_t **memory);
    /* The last reference to a taken slot is gone. */
    void (*drop)(void *context, unsigned slot);
};

/* A decoded frame. It holds a reference until media_frame_release. */
struct media_frame {
    struct image image; /* valid until the release; of converted formats before the store: zeroed */
    int slot;       /* where it lies; -1: private memory, media_frame_store brings it into one */
    int64_t pts_us; /* as of the packet */
    bool key;
    bool damaged; /* decoded with errors */
    void *native; /* the libraries' own frame */
};

struct media_decoder;

/* `slots` is copied, its context must outlive the decoder. `extra_slots`: how many frames the
 * consumer may hold besides what decoding needs. Free with media_decoder_free. */
struct media_decoder *media_decoder_new(const struct media_input *input,
                                        const struct media_slots *slots, unsigned extra_slots,
                                        GError **error);
void media_decoder_free(struct media_decoder *decoder);

/* Gives one packet, or NULL to drain. False when it cannot be decoded: a decode error to count. */
bool media_decoder_send(struct media_decoder *decoder, const struct media_packet *packet);

enum media_decoded {
    MEDIA_DECODED_FRAME = 1,
    MEDIA_DECODED_MORE,    /* send more */
    MEDIA_DECODED_END,     /* drained */
    MEDIA_DECODED_ERROR,   /* a decode error to count; go on */
    MEDIA_DECODED_CHANGED, /* size or format changed, or they were refused: over */
};
enum media_decoded media_decoder_receive(struct media_decoder *decoder, struct media_frame *frame);

/* Copies or converts a private frame into `memory` of a slot taken by the caller. */
bool media_frame_store(struct media_decoder *decoder, struct media_frame *frame, uint8_t *memory,
                       GError **error);
/* Drops the decoder's and the caller's interest; zeroes it. */
void media_frame_release(struct media_frame *frame);

/* Forgets reference pictures; the next packet must be a key packet. */
void media_decoder_flush(struct media_decoder *decoder);

/* What was agreed; slot_count 0 before. */
const struct ring_geometry *media_decoder_geometry(const struct media_decoder *decoder);

#endif
