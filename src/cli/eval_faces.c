#include "cli/eval_faces.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "cli/paths.h"
#include "cli/progress.h"
#include "source/picture.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

/* Below this the mesh net is sure that it is no face: a detector's mistake at a low threshold. */
#define LEAST_PRESENCE 0.1f
/* Faces of one picture that are described before one is chosen. */
enum { CANDIDATES_MAX = 8 };

struct eval_faces {
    GPtrArray *list;   /* of struct eval_face */
    GHashTable *paths; /* path → struct eval_face */
    unsigned dimension;
};

static void eval_face_free(gpointer data)
{
    struct eval_face *face = data;
    if (face->everyone)
        g_array_unref(face->everyone);
    g_free(face->problem);
    g_free(face->embedding);
    g_free(face);
}

struct eval_faces *eval_faces_new(void)
{
    struct eval_faces *faces = g_new0(struct eval_faces, 1);
    faces->list = g_ptr_array_new_with_free_func(eval_face_free);
    faces->paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return faces;
}

void eval_faces_free(struct eval_faces *faces)
{
    if (!faces)
        return;
    g_hash_table_unref(faces->paths);
    g_ptr_array_unref(faces->list);
    g_free(faces);
}

struct eval_face *eval_faces_add(struct eval_faces *faces, const char *path)
{
    struct eval_face *face = g_hash_table_lookup(faces->paths, path);
    if (!face) {
        char *key = g_strdup(path);
        face = g_new0(struct eval_face, 1);
        face->path = key;
        g_hash_table_insert(faces->paths, key, face);
        g_ptr_array_add(faces->list, face);
    }
    return face;
}

size_t eval_faces_count(const struct eval_faces *faces)
{
    return faces->list->len;
}

const struct eval_face *eval_faces_at(const struct eval_faces *faces, size_t index)
{
    return g_ptr_array_index(faces->list, index);
}

unsigned eval_faces_dimension(const struct eval_faces *faces)
{
    return faces->dimension;
}

/* What the threads share. */
struct eval_work {
    const struct eval_faces_config *config;
    struct infer *infer;
    const char *capture_path;
    GPtrArray *list; /* each entry is filled by the thread that took it */
    atomic_uint next;
    atomic_uint done;
    atomic_bool stop;
};

struct eval_thread {
    struct eval_work *work;
    pthread_t thread;
    GError *error; /* why the thread could not work at all */
};

/* How much a face looks like the one that the picture is of: large and central. */
static float subject_value(const struct image *image, const struct face *face)
{
    float side = (float)MIN(image->width, image->height);
    float dx = (face->box.x0 + face->box.x1 - (float)image->width) / 2;
    float dy = (face->box.y0 + face->box.y1 - (float)image->height) / 2;
    float size = sqrtf(box_area(&face->box));
    return face->presence * size / side - hypotf(dx, dy) / side;
}

/* Fills `entry` from its decoded picture. False and *error when a net fails. */
static bool look(struct vision *vision, const struct image *image, unsigned needs,
                 struct eval_face *entry, GError **error)
{
    struct face_detection found[CANDIDATES_MAX];
    size_t count = 0;
    if (!vision_find_faces(vision, image, found, CANDIDATES_MAX, &count, error))
        return false;
    float best = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        struct face face;
        if (!vision_describe_face(vision, image, &found[i], &face, NULL, error))
            return false;
        float value = subject_value(image, &face);
        if (face.presence >= LEAST_PRESENCE && value > best) {
            best = value;
            entry->face = face;
        }
    }
    if (best == -INFINITY) {
        entry->problem = g_strdup("no face found");
        return true;
    }
    if (needs & VISION_NEED_EMBEDDING) {
        entry->embedding = g_new(float, vision_embedding_dimension(vision));
        if (!vision_embed_still(vision, image, &entry->face, entry->embedding, error))
            return false;
    }
    if (needs & VISION_NEED_ATTRIBUTES)
        return vision_attributes(vision, image, &entry->face, &entry->attributes, error);
    return true;
}

/* All faces of a picture that are faces to the mesh net too. */
static bool look_for_everyone(struct vision *vision, const struct image *image,
                              struct eval_face *entry, GError **error)
{
    struct face_budget budget = FACE_BUDGET_LIVE;
    struct detection people[LIMIT_DETECTIONS_PER_FRAME];
    struct box bodies[LIMIT_DETECTIONS_PER_FRAME];
    struct face_detection found[2 * LIMIT_DETECTIONS_PER_FRAME];
    size_t body_count = 0, count = 0;
    budget.large_runs = 2;
    budget.whole_frame = true;
    if (!vision_detect_bodies(vision, image, VISION_BODY_THRESHOLD, people,
                              LIMIT_DETECTIONS_PER_FRAME, &body_count, error))
        return false;
    for (size_t i = 0; i < body_count; i++)
        bodies[i] = people[i].box;
    if (!vision_detect_faces(vision, image, bodies, body_count, budget, found, G_N_ELEMENTS(found),
                             &count, error))
        return false;
    entry->everyone = g_array_new(FALSE, FALSE, sizeof(struct box));
    for (size_t i = 0; i < count; i++) {
        struct face face;
        if (!vision_describe_face(vision, image, &found[i], &face, NULL, error))
            return false;
        if (face.presence >= LEAST_PRESENCE)
            g_array_append_val(entry->everyone, found[i].box);
    }
    return true;
}

static bool look_at_file(const struct eval_work *work, struct vision *vision,
                         struct pictures *pictures, struct eval_face *entry, GError **error)
{
    g_autofree char *joined = work->config->images && !g_path_is_absolute(entry->path)
                                  ? g_build_filename(work->config->images, entry->path, NULL)
                                  : g_strdup(entry->path);
    struct decoded_picture picture = {0};
    g_autoptr(GError) unreadable = NULL;
    if (!picture_decode_file(pictures, joined, &picture, &unreadable)) {
        entry->problem = g_strdup(unreadable->message);
        entry->unreadable = true;
        return true;
    }
    bool ok = work->config->everyone
                  ? look_for_everyone(vision, &picture.image, entry, error)
                  : look(vision, &picture.image, work->config->needs, entry, error);
    picture_clear(&picture);
    return ok;
}

static void *eval_thread_run(void *data)
{
    struct eval_thread *thread = data;
    struct eval_work *work = thread->work;
    struct pictures_config config = {.capture_path = work->capture_path};
    unsigned needs =
        work->config->needs | VISION_NEED_FACES | (work->config->everyone ? VISION_NEED_BODIES : 0);
    struct vision *vision = vision_new(work->infer, needs, &thread->error);
    struct pictures *pictures = vision ? pictures_new(&config, &thread->error) : NULL;

    while (pictures && !thread->error && !atomic_load(&work->stop)) {
        unsigned index = atomic_fetch_add(&work->next, 1);
        if (index >= work->list->len)
            break;
        look_at_file(work, vision, pictures, g_ptr_array_index(work->list, index), &thread->error);
        atomic_fetch_add(&work->done, 1);
    }
    if (thread->error)
        atomic_store(&work->stop, true);
    pictures_free(pictures);
    vision_free(vision);
    return NULL;
}

static bool run_threads(struct eval_work *work, int jobs, GError **error)
{
    g_autofree struct eval_thread *threads = g_new0(struct eval_thread, (gsize)jobs);
    struct progress progress;
    int started = 0;
    const struct clock *clock = clock_system();

    for (; started < jobs; started++) {
        threads[started].work = work;
        int failed =
            pthread_create(&threads[started].thread, NULL, eval_thread_run, &threads[started]);
        if (failed != 0) {
            error_set_errno(error, failed, "a thread cannot be started");
            atomic_store(&work->stop, true);
            break;
        }
    }
    progress_init(&progress, "pictures", clock->mono_now(clock));
    while (!atomic_load(&work->stop) && atomic_load(&work->done) < work->list->len) {
        progress_update(&progress, atomic_load(&work->done), work->list->len,
                        clock->mono_now(clock));
        usleep(50000);
    }
    progress_clear(&progress);
    bool ok = started == jobs;
    for (int i = 0; i < started; i++) {
        pthread_join(threads[i].thread, NULL);
        if (!threads[i].error)
            continue;
        if (ok)
            g_propagate_error(error, threads[i].error);
        else
            g_error_free(threads[i].error);
        ok = false;
    }
    return ok;
}

bool eval_faces_run(struct eval_faces *faces, const struct eval_faces_config *config,
                    GError **error)
{
    const struct settings *settings = &config->invocation->settings;
    g_autofree char *models = paths_models_directory(settings);
    g_autofree char *library = paths_runtime_library(settings);
    g_autofree char *capture = paths_capture_executable(settings);
    struct infer_config infer_config = {
        .logger = &config->invocation->logger, .library = library, .models_directory = models};
    struct infer *infer = infer_new(&infer_config, error);
    if (!infer)
        return false;
    struct eval_work work = {
        .config = config, .infer = infer, .capture_path = capture, .list = faces->list};
    bool ok = run_threads(&work, CLAMP(config->jobs, 1, EVAL_JOBS_MAX), error);
    if (ok && (config->needs & VISION_NEED_EMBEDDING)) {
        struct vision *vision = vision_new(infer, VISION_NEED_EMBEDDING, error);
        ok = vision != NULL;
        if (vision)
            faces->dimension = vision_embedding_dimension(vision);
        vision_free(vision);
    }
    infer_free(infer);
    return ok;
}
