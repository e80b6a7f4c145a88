/* The state of one camera's pipeline, shared by the files of this directory. */
#ifndef PIPELINE_PIPELINE_PRIV_H
#define PIPELINE_PIPELINE_PRIV_H

#include "pipeline/body_priv.h"
#include "pipeline/pipeline.h"

/* Faces of one frame: one per body, and strangers. */
#define PIPELINE_FACES_MAX (2 * LIMIT_DETECTIONS_PER_FRAME)

struct pipeline {
    struct pipeline_config config; /* strings are copied below */
    char *model_pack;
    char model_space[64]; /* of the embeddings made so far */
    struct metric_cell *analysed;
    double rate_limit; /* fps, 0: none */

    /* The current frame, or the last one. */
    int width, height;
    int64_t now_us; /* media time since the first frame: never steps back */
    int64_t last_pts_us;
    struct utc captured_at;
    int64_t mono_ns;
    bool started;

    /* The rate: the analysis that is due after `due_us` (on now_us's scale) is one interval later.
     */
    int64_t due_us;
    bool busy;        /* a track is near a line or confused */
    bool anybody;     /* live tracks, tentative ones too */
    int64_t large_us; /* last run of the large face net */

    struct tracker *tracker;                   /* NULL before the first frame */
    struct line lines[LIMIT_LINES_PER_CAMERA]; /* pixels */
    uint64_t ids_made;
    struct pipeline_counts counts;
    struct track_detection *detections; /* LIMIT_DETECTIONS_PER_FRAME */
    struct face_chip *chip;
    struct face_detection *faces; /* room for all bodies and as many strangers */
};

/* An id for something that happens at the current frame. */
struct uuid pipeline_id(struct pipeline *pipeline);

/* Ends the track's body where its person changed and attaches the next one's. */
void pipeline_split_track(struct pipeline *pipeline, struct track *track);

/* ---- faces.c ---- */

/* Looks for faces of the confirmed tracks that want one, describes, embeds and keeps the good ones.
 */
bool pipeline_look_for_faces(struct pipeline *pipeline, struct vision *vision,
                             const struct image *image, GError **error);

/* ---- emit.c ---- */

/* A revision of the track where it is due; `ended` always emits. */
void pipeline_emit_track(struct pipeline *pipeline, struct body *body, bool ended);
/* The pending crossings of a confirmed body. */
void pipeline_emit_crossings(struct pipeline *pipeline, struct body *body);
void pipeline_emit_boxes(struct pipeline *pipeline, int64_t pts_us);

#endif
