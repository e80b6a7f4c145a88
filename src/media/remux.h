/*
 * Remux: compressed packets into fragmented MP4 for a browser, one fragment per picture, without
 * decoding. H.264 and H.265 (as hvc1) only.
 */
#ifndef MEDIA_REMUX_H
#define MEDIA_REMUX_H

#include "media/input.h"

struct remux;

/* NULL and *error (UNSUPPORTED) when the codec cannot be played by browsers. Free with remux_free.
 */
struct remux *remux_new(const struct media_input *input, GError **error);
void remux_free(struct remux *remux);

/* The init segment; valid while the remux is. */
const GByteArray *remux_init_segment(const struct remux *remux);
/* What MSE wants to hear, such as "avc1.640028" or "hvc1.1.6.L120.90". */
const char *remux_codec(const struct remux *remux);

/* The fragment of one packet; times in µs, decoding times are repaired to grow. The bytes are valid
 * until the next call. NULL when it cannot be muxed. */
const GByteArray *remux_packet(struct remux *remux, const struct media_packet *packet);

/* Writes the codec string of an extradata blob (avcC, hvcC or Annex B of H.264); false when it is
 * not understood. A parser of foreign bytes: fuzzed. */
bool remux_codec_string(bool hevc, const uint8_t *extradata, size_t size,
                        char text[RING_CODEC_BYTES]);

#endif
