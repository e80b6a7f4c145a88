#include "wire/transient.h"

#include "base/error.h"

#include <jansson.h>
#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)

static const char *const label_names[] = {[TRANSIENT_LABEL_OFF] = "off",
                                          [TRANSIENT_LABEL_LOOKING] = "looking",
                                          [TRANSIENT_LABEL_FACE] = "face"};

static json_t *uuid_json(struct uuid uuid)
{
    char text[UUID_TEXT_SIZE];

    uuid_format(uuid, text);
    return json_string(text);
}

static json_t *box_json(const struct transient_box *box)
{
    return json_pack("{s:o, s:f, s:f, s:f, s:f, s:s, s:b}", "track_id", uuid_json(box->track_id),
                     "x0", (double)box->x0, "y0", (double)box->y0, "x1", (double)box->x1, "y1",
                     (double)box->y1, "label", label_names[box->label], "seen", box->seen);
}

static json_t *camera_json(const struct transient_camera *camera)
{
    json_t *boxes = json_array();

    for (unsigned i = 0; i < camera->box_count; i++)
        json_array_append_new(boxes, box_json(&camera->boxes[i]));
    return json_pack("{s:o, s:s, s:s, s:I, s:f, s:b, s:i, s:i, s:s, s:o}", "camera_id",
                     uuid_json(camera->camera_id), "state", camera_state_name(camera->state),
                     "reason", camera->reason, "captured_us", (json_int_t)camera->captured_at.us,
                     "analysed_fps", camera->analysed_fps, "reduced", camera->reduced, "width",
                     camera->width, "height", camera->height, "codec", camera->codec, "boxes",
                     boxes);
}

char *transient_print(const struct transient_camera *cameras, gsize count)
{
    json_t *list = json_array();

    for (gsize i = 0; i < count; i++)
        json_array_append_new(list, camera_json(&cameras[i]));

    g_autoptr(json_t) object = json_pack("{s:o}", "cameras", list);
    char *raw = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(6));
    char *text = g_strdup(raw);

    free(raw);
    return text;
}

static bool parse_box(json_t *object, struct transient_box *box)
{
    const char *id = NULL, *label = NULL;
    double x0, y0, x1, y1;
    int seen = 0;

    if (json_unpack(object, "{s:s, s:F, s:F, s:F, s:F, s:s, s:b}", "track_id", &id, "x0", &x0, "y0",
                    &y0, "x1", &x1, "y1", &y1, "label", &label, "seen", &seen) != 0 ||
        !uuid_parse(id, &box->track_id))
        return false;
    /* A box may reach over the border, never by more than a picture. */
    if (!(x0 >= -1 && y0 >= -1 && x1 <= 2 && y1 <= 2 && x0 <= x1 && y0 <= y1))
        return false;
    box->x0 = (float)x0, box->y0 = (float)y0, box->x1 = (float)x1, box->y1 = (float)y1;
    box->seen = seen;
    for (int i = TRANSIENT_LABEL_OFF; i <= TRANSIENT_LABEL_FACE; i++)
        if (strcmp(label, label_names[i]) == 0)
            box->label = (enum transient_label)i;
    return box->label != TRANSIENT_LABEL_NONE;
}

static bool parse_camera(json_t *object, struct transient_camera *camera)
{
    const char *id = NULL, *state = NULL, *reason = NULL, *codec = NULL;
    json_t *boxes = NULL;
    json_int_t captured_us = 0;
    int reduced = 0;

    if (json_unpack(object, "{s:s, s:s, s:s, s:I, s:F, s:b, s:i, s:i, s:s, s:o}", "camera_id", &id,
                    "state", &state, "reason", &reason, "captured_us", &captured_us, "analysed_fps",
                    &camera->analysed_fps, "reduced", &reduced, "width", &camera->width, "height",
                    &camera->height, "codec", &codec, "boxes", &boxes) != 0 ||
        !uuid_parse(id, &camera->camera_id) || !json_is_array(boxes) ||
        json_array_size(boxes) > LIMIT_DETECTIONS_PER_FRAME)
        return false;
    camera->state = camera_state_from_name(state);
    camera->captured_at.us = captured_us;
    camera->reduced = reduced;
    g_strlcpy(camera->reason, reason, sizeof(camera->reason));
    g_strlcpy(camera->codec, codec, sizeof(camera->codec));
    camera->box_count = (unsigned)json_array_size(boxes);
    for (unsigned i = 0; i < camera->box_count; i++)
        if (!parse_box(json_array_get(boxes, i), &camera->boxes[i]))
            return false;
    return camera->state != CAMERA_STATE_NONE;
}

GArray *transient_parse(const char *bytes, gsize length, GError **error)
{
    g_autoptr(json_t) object = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, NULL);
    const json_t *list = json_object_get(object, "cameras");

    if (!json_is_array(list) || json_array_size(list) > LIMIT_CAMERAS) {
        error_set_field(error, ERROR_MALFORMED, "cameras", "a transient report lists its cameras");
        return NULL;
    }

    GArray *cameras = g_array_new(FALSE, TRUE, sizeof(struct transient_camera));

    for (gsize i = 0; i < json_array_size(list); i++) {
        struct transient_camera camera = {0};

        if (!parse_camera(json_array_get(list, i), &camera)) {
            g_autofree char *field = g_strdup_printf("cameras[%" G_GSIZE_FORMAT "]", i);

            error_set_field(error, ERROR_INVALID, field, "%s is not a camera report", field);
            g_array_unref(cameras);
            return NULL;
        }
        g_array_append_val(cameras, camera);
    }
    return cameras;
}
