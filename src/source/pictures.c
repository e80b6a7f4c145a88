#include "source/picture.h"

#include "base/error.h"
#include "base/limits.h"
#include "ring/memory.h"
#include "source/source.h"
#include "source/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Both memories hold the pixels of the largest picture with padded rows: encode sends them one way,
 * decode the other. */
#define MEMORY_BYTES ((uint64_t)LIMIT_PICTURE_PIXELS * 3 + (uint64_t)RING_SIDE_MAX * RING_ALIGN * 3)
/* Pages of a large picture are given back; small ones keep theirs warm. */
#define KEEP_BYTES (8 * 1024 * 1024)
/* A picture that takes longer is an attack: 25 Mpx decode in about a second. */
#define PATIENCE_MS 20000

struct pictures {
    char *capture_path; /* may be NULL */
    const struct logger *logger;
    struct zygote *zygote; /* borrowed; may be NULL */
    struct capture_process process;
    struct ring_memory input, output;
};

void picture_clear(struct decoded_picture *picture)
{
    if (picture)
        g_free(picture->pixels);
    if (picture)
        *picture = (struct decoded_picture){0};
}

struct pictures *pictures_new(const struct pictures_config *config, GError **error)
{
    struct pictures *pictures = g_new0(struct pictures, 1);

    pictures->process = CAPTURE_PROCESS_NONE;
    pictures->input = pictures->output = RING_MEMORY_EMPTY;
    pictures->logger = config ? config->logger : NULL;
    pictures->zygote = config ? config->zygote : NULL;
    pictures->capture_path = config && config->capture_path ? g_strdup(config->capture_path)
                                                            : source_capture_path(error);
    if (pictures->capture_path && ring_memory_init(&pictures->input, MEMORY_BYTES, error) &&
        ring_memory_init(&pictures->output, MEMORY_BYTES, error))
        return pictures;
    pictures_free(pictures);
    return NULL;
}

void pictures_free(struct pictures *pictures)
{
    if (!pictures)
        return;
    capture_kill(&pictures->process);
    ring_memory_clear(&pictures->input);
    ring_memory_clear(&pictures->output);
    g_free(pictures->capture_path);
    g_free(pictures);
}

static bool start(struct pictures *pictures, GError **error)
{
    union ring_message message = {.start = {.role = RING_ROLE_PICTURES,
                                            .input_bytes = pictures->input.size,
                                            .output_bytes = pictures->output.size}};
    const int descriptors[] = {pictures->input.fd, pictures->output.fd};

    return pictures->process.pid > 0 ||
           capture_spawn(pictures->capture_path, pictures->zygote, &message, descriptors, 2,
                         &pictures->process, error);
}

/* Gives the pages of a large picture back to the system. */
static void trim(const struct ring_memory *memory, uint64_t used)
{
    if (used > KEEP_BYTES)
        fallocate(memory->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)used);
}

/* Sends one request and waits for its answer. A child that dies, dawdles or lies is ended; the next
 * picture gets a new one. */
static bool ask(struct pictures *pictures, union ring_message *request,
                struct ring_picture_done *done, GError **error)
{
    union ring_message answer;
    struct pollfd socket;
    GError *violation = NULL;

    if (!start(pictures, error))
        return false;
    if (ring_send(pictures->process.socket, request, RING_PICTURE, NULL, 0, false, NULL)) {
        socket = (struct pollfd){.fd = pictures->process.socket, .events = POLLIN};
        while (poll(&socket, 1, PATIENCE_MS) < 0 && errno == EINTR)
            continue;
        if (!socket.revents) {
            capture_kill(&pictures->process);
            error_set(error, ERROR_TIMEOUT, "the picture took longer than %d seconds",
                      PATIENCE_MS / 1000);
            return false;
        }
        if (ring_receive(pictures->process.socket, RING_TO_PARENT, true, &answer, NULL,
                         &violation) == RING_RECEIVED_MESSAGE) {
            if (answer.header.kind == RING_PICTURE_DONE &&
                answer.picture_done.length <= pictures->output.size) {
                *done = answer.picture_done;
                return true;
            }
            if (answer.header.kind == RING_PROBLEM)
                error_set(&violation, ERROR_INTERNAL, "%s", answer.problem.text);
        }
    }

    const char *death = capture_death(capture_kill(&pictures->process));

    error_set(error, ERROR_INTERNAL, "the picture could not be processed: %s",
              violation ? violation->message : death);
    g_clear_error(&violation);
    return false;
}

/* Copies the pixels out of the shared memory; what the child said of them is checked first. */
static bool take_pixels(struct pictures *pictures, const struct ring_picture_done *done,
                        struct decoded_picture *picture, GError **error)
{
    const uint64_t bytes = ring_geometry_bytes(&done->geometry);

    if (done->geometry.slot_count != 1 || bytes > pictures->output.size) {
        capture_kill(&pictures->process);
        error_set(error, ERROR_INTERNAL, "the capture process broke the rules of the ring");
        return false;
    }
    picture->pixels = g_malloc(bytes);
    memcpy(picture->pixels, pictures->output.bytes, bytes);
    picture->image = ring_geometry_image(&done->geometry, picture->pixels);
    trim(&pictures->output, bytes);
    return true;
}

bool picture_decode(struct pictures *pictures, const void *bytes, size_t length,
                    struct decoded_picture *picture, GError **error)
{
    union ring_message request = {.picture = {.operation = RING_PICTURE_DECODE, .length = length}};
    struct ring_picture_done done;

    if (length == 0) {
        error_set(error, ERROR_UNSUPPORTED, "the picture is empty");
        return false;
    }
    if (length > LIMIT_UPLOAD_BYTES) {
        error_set(error, ERROR_TOO_LARGE, "the picture has %zu bytes; at most %d are read", length,
                  LIMIT_UPLOAD_BYTES);
        return false;
    }
    memcpy(pictures->input.bytes, bytes, length);
    memset(pictures->input.bytes + length, 0, RING_ALIGN);
    if (!ask(pictures, &request, &done, error))
        return false;
    if (done.problem) {
        capture_problem_error(error, (enum ring_problem_code)done.problem, NULL, done.text);
        return false;
    }
    return take_pixels(pictures, &done, picture, error);
}

/* The bytes of a file; NULL and *error. */
static char *read_file(const char *path, size_t *length, GError **error)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat facts;
    char *bytes = NULL;
    size_t done = 0;

    if (fd < 0 || fstat(fd, &facts) != 0) {
        if (errno == ENOENT)
            error_set(error, ERROR_NOT_FOUND, "%s: there is no such file", path);
        else
            error_set_errno(error, errno, "%s", path);
    } else if (!S_ISREG(facts.st_mode)) {
        error_set(error, ERROR_UNSUPPORTED, "%s: not a file", path);
    } else if (facts.st_size > LIMIT_UPLOAD_BYTES) {
        error_set(error, ERROR_TOO_LARGE, "%s: the picture has %lld bytes; at most %d are read",
                  path, (long long)facts.st_size, LIMIT_UPLOAD_BYTES);
    } else {
        bytes = g_malloc((size_t)facts.st_size + 1);
        while (done < (size_t)facts.st_size) {
            const ssize_t got = read(fd, bytes + done, (size_t)facts.st_size - done);

            if (got < 0 && errno == EINTR)
                continue;
            if (got <= 0)
                break;
            done += (size_t)got;
        }
        *length = done;
    }
    if (fd >= 0)
        close(fd);
    return bytes;
}

bool picture_decode_file(struct pictures *pictures, const char *path,
                         struct decoded_picture *picture, GError **error)
{
    size_t length = 0;
    g_autofree char *bytes = read_file(path, &length, error);

    if (!bytes)
        return false;
    if (picture_decode(pictures, bytes, length, picture, error))
        return true;
    g_prefix_error(error, "%s: ", path);
    return false;
}

GBytes *picture_encode_jpeg(struct pictures *pictures, const struct image *image, int quality,
                            GError **error)
{
    union ring_message request = {
        .picture = {.operation = RING_PICTURE_ENCODE, .quality = (uint32_t)quality}};
    struct ring_geometry *geometry = &request.picture.geometry;
    struct ring_picture_done done;
    GBytes *bytes;

    if (quality < 1 || quality > 100) {
        error_set(error, ERROR_INVALID, "JPEG quality %d is not 1 to 100", quality);
        return NULL;
    }
    geometry->matrix = (uint32_t)image->matrix;
    geometry->full_range = image->full_range;
    if (!ring_geometry_fill(geometry, (uint32_t)image->width, (uint32_t)image->height,
                            image->format, 1, error))
        return NULL;
    for (unsigned plane = 0; plane < 3; plane++) {
        uint32_t row_bytes, rows;

        ring_plane_size(geometry, plane, &row_bytes, &rows);
        for (uint32_t row = 0; row < rows; row++)
            memcpy(pictures->input.bytes + geometry->plane_offset[plane] +
                       (size_t)row * geometry->stride[plane],
                   image->planes[plane] + (ptrdiff_t)row * image->strides[plane], row_bytes);
    }
    if (!ask(pictures, &request, &done, error))
        return NULL;
    trim(&pictures->input, geometry->slot_bytes);
    if (done.problem) {
        capture_problem_error(error, (enum ring_problem_code)done.problem, NULL, done.text);
        return NULL;
    }
    bytes = g_bytes_new(pictures->output.bytes, done.length);
    trim(&pictures->output, done.length);
    return bytes;
}
