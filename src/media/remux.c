#include "media/remux.h"

#include "base/error.h"

#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#define TIMESCALE    90000
#define BUFFER_BYTES 65536

struct remux {
    AVFormatContext *format;
    AVIOContext *io;
    GByteArray *bytes; /* what the muxer wrote since it was emptied */
    GByteArray *init;
    AVPacket *packet;
    int64_t last_dts; /* in TIMESCALE */
    int64_t first_dts;
    bool started;
    char codec[RING_CODEC_BYTES];
};

static int collect(void *opaque, uint8_t *buffer, int size)
{
    struct remux *remux = opaque;

    g_byte_array_append(remux->bytes, buffer, (guint)size);
    return size;
}

/* The SPS in Annex B bytes: what follows its NAL header. */
static const uint8_t *find_sps(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i + 7 < size; i++)
        if (bytes[i] == 0 && bytes[i + 1] == 0 && bytes[i + 2] == 1 && (bytes[i + 3] & 0x1f) == 7)
            return bytes + i + 4;
    return NULL;
}

static bool avc_string(const uint8_t *extradata, size_t size, char *text)
{
    const uint8_t *profile =
        size >= 4 && extradata[0] == 1 ? extradata + 1 : find_sps(extradata, size);

    if (!profile)
        return false;
    g_snprintf(text, RING_CODEC_BYTES, "avc1.%02x%02x%02x", profile[0], profile[1], profile[2]);
    return true;
}

/* ISO 14496-15 annex E.3 over the fixed head of an hvcC. */
static bool hevc_string(const uint8_t *extradata, size_t size, char *text)
{
    uint32_t compatibility = 0;
    GString *out;
    size_t constraints = 6;

    if (size < 13 || extradata[0] != 1)
        return false;
    for (unsigned bit = 0; bit < 32; bit++)
        if (extradata[2 + bit / 8] & (0x80 >> bit % 8))
            compatibility |= 1u << bit;
    out = g_string_new("hvc1.");
    if (extradata[1] >> 6)
        g_string_append_c(out, (char)('A' + (extradata[1] >> 6) - 1));
    g_string_append_printf(out, "%u.%X.%c%u", extradata[1] & 0x1fu, compatibility,
                           extradata[1] & 0x20 ? 'H' : 'L', extradata[12]);
    while (constraints > 0 && extradata[6 + constraints - 1] == 0)
        constraints--;
    for (size_t i = 0; i < constraints; i++)
        g_string_append_printf(out, ".%X", extradata[6 + i]);
    g_strlcpy(text, out->str, RING_CODEC_BYTES);
    g_string_free(out, TRUE);
    return true;
}

bool remux_codec_string(bool hevc, const uint8_t *extradata, size_t size,
                        char text[RING_CODEC_BYTES])
{
    return hevc ? hevc_string(extradata, size, text) : avc_string(extradata, size, text);
}

/* The hvcC box of an init segment: what the muxer made of Annex B parameter sets. */
static bool hevc_string_of_init(const GByteArray *init, char *text)
{
    for (guint i = 4; i + 4 < init->len; i++)
        if (memcmp(init->data + i, "hvcC", 4) == 0)
            return hevc_string(init->data + i + 4, init->len - i - 4, text);
    return false;
}

static bool open_muxer(struct remux *remux, const AVCodecParameters *parameters)
{
    AVDictionary *options = NULL;
    AVStream *stream;
    int code;

    if (avformat_alloc_output_context2(&remux->format, NULL, "mp4", NULL) < 0)
        return false;
    remux->io =
        avio_alloc_context(av_malloc(BUFFER_BYTES), BUFFER_BYTES, 1, remux, NULL, collect, NULL);
    remux->format->pb = remux->io;
    stream = avformat_new_stream(remux->format, NULL);
    if (!remux->io || !stream || avcodec_parameters_copy(stream->codecpar, parameters) < 0)
        return false;
    stream->codecpar->codec_tag =
        parameters->codec_id == AV_CODEC_ID_HEVC ? MKTAG('h', 'v', 'c', '1') : 0;
    stream->time_base = (AVRational){1, TIMESCALE};
    av_dict_set(&options, "movflags", "frag_custom+empty_moov+default_base_moof+skip_trailer", 0);
    av_dict_set(&options, "video_track_timescale", G_STRINGIFY(TIMESCALE), 0);
    code = avformat_write_header(remux->format, &options);
    av_dict_free(&options);
    avio_flush(remux->io);
    return code >= 0;
}

struct remux *remux_new(const struct media_input *input, GError **error)
{
    const AVCodecParameters *parameters = media_input_parameters(input);
    const bool hevc = parameters->codec_id == AV_CODEC_ID_HEVC;
    struct remux *remux;

    if (!hevc && parameters->codec_id != AV_CODEC_ID_H264) {
        error_set(error, ERROR_UNSUPPORTED, "browsers do not play %s in MP4",
                  avcodec_get_name(parameters->codec_id));
        return NULL;
    }
    remux = g_new0(struct remux, 1);
    remux->bytes = g_byte_array_new();
    remux->packet = av_packet_alloc();
    if (open_muxer(remux, parameters)) {
        remux->init = remux->bytes;
        remux->bytes = g_byte_array_new();
        if (hevc ? hevc_string_of_init(remux->init, remux->codec)
                 : avc_string(parameters->extradata, (size_t)parameters->extradata_size,
                              remux->codec))
            return remux;
    }
    error_set(error, ERROR_UNSUPPORTED, "the stream lacks its parameter sets");
    remux_free(remux);
    return NULL;
}

void remux_free(struct remux *remux)
{
    if (!remux)
        return;
    if (remux->io) {
        av_freep(&remux->io->buffer);
        avio_context_free(&remux->io);
    }
    avformat_free_context(remux->format);
    av_packet_free(&remux->packet);
    g_byte_array_unref(remux->bytes);
    if (remux->init)
        g_byte_array_unref(remux->init);
    g_free(remux);
}

const GByteArray *remux_init_segment(const struct remux *remux)
{
    return remux->init;
}

const char *remux_codec(const struct remux *remux)
{
    return remux->codec;
}

const GByteArray *remux_packet(struct remux *remux, const struct media_packet *packet)
{
    const AVRational base = {1, TIMESCALE};
    AVPacket *out = remux->packet;
    int64_t dts = av_rescale_q(packet->dts_us, AV_TIME_BASE_Q, base);
    int64_t pts = av_rescale_q(packet->pts_us, AV_TIME_BASE_Q, base);

    if (!remux->started) {
        remux->first_dts = dts;
        remux->last_dts = -1;
        remux->started = true;
    }
    dts = MAX(dts - remux->first_dts, remux->last_dts + 1);
    pts = MAX(pts - remux->first_dts, dts);
    av_packet_unref(out);
    if (av_new_packet(out, (int)packet->size) < 0)
        return NULL;
    memcpy(out->data, packet->data, packet->size);
    out->pts = pts;
    out->dts = remux->last_dts = dts;
    out->duration = MAX(av_rescale_q(packet->duration_us, AV_TIME_BASE_Q, base), 1);
    out->flags = packet->key ? AV_PKT_FLAG_KEY : 0;
    g_byte_array_set_size(remux->bytes, 0);
    /* The second call closes the fragment. */
    if (av_write_frame(remux->format, out) < 0 || av_write_frame(remux->format, NULL) < 0)
        return NULL;
    avio_flush(remux->io);
    return remux->bytes->len ? remux->bytes : NULL;
}
