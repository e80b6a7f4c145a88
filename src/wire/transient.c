#include "wire/transient.h"

#include <jansson.h>
#include <stdlib.h>

static const char *const identity_names[] = {[TRANSIENT_NONE] = "none",
                                             [TRANSIENT_UNKNOWN] = "unknown",
                                             [TRANSIENT_UNSURE] = "unsure",
                                             [TRANSIENT_KNOWN] = "known"};

static json_t *uuid_json(struct uuid uuid)
{
    char text[UUID_TEXT_SIZE];

    uuid_format(uuid, text);
    return json_string(text);
}

static json_t *box_json(const struct transient_box *box)
{
    json_t *person = box->person ? json_loads(box->person, 0, NULL) : NULL;

    return json_pack("{s:o, s:f, s:f, s:f, s:f, s:s, s:o}", "track_id", uuid_json(box->track_id),
                     "x0", (double)box->x0, "y0", (double)box->y0, "x1", (double)box->x1, "y1",
                     (double)box->y1, "identity", identity_names[box->identity], "person",
                     person ? person : json_null());
}

static json_t *boxes_json(const struct transient_camera *camera)
{
    char time_text[UTC_TEXT_SIZE];
    json_t *boxes = json_array();

    utc_format(camera->captured_at, time_text);
    for (unsigned i = 0; i < camera->box_count; i++)
        json_array_append_new(boxes, box_json(&camera->boxes[i]));
    return json_pack("{s:o, s:s, s:o}", "camera_id", uuid_json(camera->camera_id), "captured_at",
                     time_text, "boxes", boxes);
}

static json_t *state_json(const struct transient_camera *camera)
{
    json_t *object =
        json_pack("{s:o, s:s, s:s, s:f, s:b}", "camera_id", uuid_json(camera->camera_id), "state",
                  camera_state_name(camera->state), "reason", camera->reason, "analysis_fps",
                  camera->analysed_fps, "reduced", camera->reduced);

    if (camera->width > 0)
        json_object_set_new(object, "video",
                            json_pack("{s:s, s:i, s:i, s:f}", "codec", camera->codec, "width",
                                      camera->width, "height", camera->height, "fps", camera->fps));
    return object;
}

static json_t *runs_json(GHashTable *inference_runs)
{
    json_t *object = json_object();
    GHashTableIter iter;
    void *name, *count;

    g_hash_table_iter_init(&iter, inference_runs);
    while (g_hash_table_iter_next(&iter, &name, &count))
        json_object_set_new(object, name, json_integer((json_int_t) * (const double *)count));
    return object;
}

char *transient_print(const struct transient_camera *const *cameras, gsize count,
                      GHashTable *inference_runs)
{
    json_t *boxes = json_array(), *states = json_array();

    for (gsize i = 0; i < count; i++) {
        json_array_append_new(states, state_json(cameras[i]));
        if (cameras[i]->captured_at.us)
            json_array_append_new(boxes, boxes_json(cameras[i]));
    }

    json_t *object = json_pack("{s:o, s:o}", "boxes", boxes, "camera_states", states);

    if (inference_runs)
        json_object_set_new(object, "inference_runs", runs_json(inference_runs));

    char *raw = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(6));
    char *text = g_strdup(raw);

    free(raw);
    json_decref(object);
    return text;
}
