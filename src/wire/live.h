/*
 * Live records: how pictures travel from a worker to serve and from serve to a browser. A stream is
 * a sequence of records; many tiles share one stream. All integers are little-endian:
 *
 *   u8 kind · u8 flags · u16 tile · u32 payload length · u64 capture time (UTC µs, 0 unknown) ·
 * payload
 *
 * `tile` is the index of the camera in the request's list. Payloads:
 *   init      u16 length + codec string for MSE ("avc1.64001f") + fragmented-MP4 init segment;
 *             no segment: the name of a codec that no player takes ("mjpeg"), ask for stills
 *   fragment  one moof + mdat (one frame); flag KEY when it starts with a key frame
 *   gap       empty: fragments were dropped, the next one is a key frame
 *   still     a JPEG, for viewers that cannot play the video
 *   state     JSON {"state": name of enum camera_state, "reason": text}
 */
#ifndef WIRE_LIVE_H
#define WIRE_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum live_kind { LIVE_NONE = 0, LIVE_INIT, LIVE_FRAGMENT, LIVE_GAP, LIVE_STATE, LIVE_STILL };

#define LIVE_FLAG_KEY           1u
#define LIVE_RECORD_HEADER_SIZE 16
/* One fragment at most: a 25-Mpx key frame stays under it. */
#define LIVE_PAYLOAD_MAX (4u * 1024 * 1024)

struct live_record {
    enum live_kind kind;
    uint8_t flags;
    uint16_t tile;
    uint32_t length; /* of the payload, ≤ LIVE_PAYLOAD_MAX */
    int64_t capture_us;
};

/* Writes the header of `record`. */
void live_record_print(const struct live_record *record, uint8_t out[LIVE_RECORD_HEADER_SIZE]);

/* Reads a header; false for an unknown kind or a payload over the maximum. */
bool live_record_parse(const uint8_t *bytes, size_t length, struct live_record *record);

#endif
