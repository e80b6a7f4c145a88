/*
 * The searchable embeddings of one tenant in one model space. A template is one track's aggregated
 * embedding under a person; a person has at most LIMIT_EMBEDDINGS_PER_PERSON of them: the best by
 * quality, equal ones by track id, so that the set is a function of the person's tracks and not of
 * the order they came in. Everything here is derived from decisions in the database and can be
 * rebuilt from them at any time.
 *
 * Not thread-safe: one owner.
 */
#ifndef IDENTITY_GALLERY_H
#define IDENTITY_GALLERY_H

#include "base/uuid.h"

#include <stdbool.h>
#include <stddef.h>

struct gallery;

struct gallery_template {
    struct uuid track_id; /* its origin, and its key */
    float quality;        /* 0–1 */
    const float *vector;  /* `dimension` elements, as the net gave them (not normalised) */
    unsigned faces;       /* it is the mean of; 0 counts as 1 */
};

struct gallery_candidate {
    struct uuid person_id;
    float distance; /* L2 between the question and the aggregate of the person's templates */
    unsigned faces; /* of all the templates in that aggregate */
};

struct gallery *gallery_new(unsigned dimension);
void gallery_free(struct gallery *gallery);

unsigned gallery_dimension(const struct gallery *gallery);
size_t gallery_person_count(const struct gallery *gallery);
size_t gallery_template_count(const struct gallery *gallery);

/* Puts one template under a person. A template of the same track, whoever has it, is replaced. Over
 * the bound the worst template leaves, which may be this one. False when the gallery is full
 * (LIMIT_GALLERY_VECTORS): nothing changes then. */
bool gallery_put(struct gallery *gallery, struct uuid person_id,
                 const struct gallery_template *template);

/* Takes the template of a track away; false when there is none. Other tracks of the person that
 * had no place are not brought back: see gallery_set_person. */
bool gallery_remove_track(struct gallery *gallery, struct uuid track_id);

/* Replaces all templates of a person by the best of `templates`; count 0 removes the person. */
bool gallery_set_person(struct gallery *gallery, struct uuid person_id,
                        const struct gallery_template *templates, size_t count);

/* Who has the template of this track; false when nobody has. */
bool gallery_find_track(const struct gallery *gallery, struct uuid track_id,
                        struct uuid *person_id);

/* The templates of a person: fills at most `most`, returns how many there are. The vectors are
 * borrowed until the next change. */
size_t gallery_person_templates(const struct gallery *gallery, struct uuid person_id,
                                struct gallery_template *templates, size_t most);

/* The nearest persons, nearest first, equal distances by id; at most `most` (≤ 32). A template
 * whose track is `except_track` takes no part (NULL: all take part), so that a later revision of a
 * track is not compared with itself. Returns how many. */
size_t gallery_nearest(struct gallery *gallery, const float *query, const struct uuid *except_track,
                       struct gallery_candidate *candidates, size_t most);

/* One person as a candidate, without the template of `except_track`; false when nothing is left. */
bool gallery_compare(const struct gallery *gallery, const float *query, struct uuid person_id,
                     const struct uuid *except_track, struct gallery_candidate *candidate);

/* The aggregate of `count` ≥ 1 vectors: their quality-weighted mean, scaled to the weighted mean of
 * their norms, because a plain mean is shorter and would look nearer to everybody. Writes
 * `dimension` elements. Also what a worker uses to aggregate the faces of a track. */
void gallery_aggregate(const struct gallery_template *templates, size_t count, unsigned dimension,
                       float *aggregate);

#endif
