/*
 * An input: compressed packets of one video stream from a file, an RTSP or HTTP server, a webcam or
 * a test pattern. Knows demuxers and protocols, nothing of rings or decoding. Only what is on the
 * white list of its back end can be opened; playlists (hls, dash, concat) never are.
 *
 * Opening has two halves with a call-back between them: everything that needs a socket or a device
 * happens before `connected`, everything that parses what came happens after it, wherever the
 * protocol allows the cut (RTSP answers are parsed while the connection is being made).
 */
#ifndef MEDIA_INPUT_H
#define MEDIA_INPUT_H

#include "wire/ring.h"

struct media_input;

/* Times are microseconds from the start of the input; MEDIA_NO_TIME when unknown. */
#define MEDIA_NO_TIME INT64_MIN

struct media_packet {
    const uint8_t *data; /* padded for the decoder; valid until the next read */
    uint32_t size;
    bool key;
    bool damaged; /* the demuxer says that parts are missing */
    int64_t pts_us, dts_us, duration_us;
    const void *native; /* the libraries' own packet; NULL for one from a packet ring */
};

struct media_input_config {
    enum ring_backend backend;
    enum ring_transport transport; /* RTSP */
    const char *url;               /* of the back end's form, scheme of ours removed */
    int take_fd;                   /* FILE: owned by the input, also on failure; else -1 */
    /* True: give up what blocks. Called often while the input waits; same thread. */
    bool (*interrupted)(void *context);
    /* Everything is connected, nothing of the stream was probed. False: fail. May be NULL. */
    bool (*connected)(void *context);
    void *context;
};

struct media_stream {
    char codec[RING_CODEC_BYTES];
    int width, height;
    unsigned fps_numerator, fps_denominator; /* 0 / 1 when unknown */
    int64_t duration_us;                     /* 0 when unknown */
    bool intra_only;                         /* every packet is a key packet */
};

/* NULL, *problem and *error when it cannot be opened. The text never holds the URL. Free with
 * media_input_free. */
struct media_input *media_input_open(const struct media_input_config *config,
                                     enum ring_problem_code *problem, GError **error);
void media_input_free(struct media_input *input);

const struct media_stream *media_input_stream(const struct media_input *input);

enum media_read { MEDIA_READ_PACKET = 1, MEDIA_READ_END, MEDIA_READ_FAILED };
/* The next packet of the video stream. FAILED sets *problem and *error. */
enum media_read media_input_read(struct media_input *input, struct media_packet *packet,
                                 enum ring_problem_code *problem, GError **error);

/* Files: goes to the key frame at or before `position_us`. False when it cannot. */
bool media_input_seek(struct media_input *input, int64_t position_us);

/* Private to media/: the codec parameters as the libraries hold them. */
struct AVCodecParameters;
const struct AVCodecParameters *media_input_parameters(const struct media_input *input);

/* Loads what must be loaded before the sandbox closes (device and filter libraries for WEBCAM and
 * LAVFI) and silences the libraries' own logging, which may show URLs. */
bool media_prepare(enum ring_backend backend, GError **error);

#endif
