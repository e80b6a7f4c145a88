#include "identity/gallery.h"

#include "base/limits.h"
#include "identity/scan.h"

#include <glib.h>
#include <math.h>
#include <string.h>

/* More rows than this are looked at per question, so that one person's ten templates do not hide
 * the others. */
#define HITS_PER_CANDIDATE 4
#define CANDIDATES_MAX     32

G_STATIC_ASSERT(CANDIDATES_MAX *HITS_PER_CANDIDATE <= SCAN_HITS_MAX);

struct person;

/* One row of the scan. */
struct entry {
    struct uuid track_id;
    struct person *person;
    uint32_t row;
    float quality;
    unsigned faces;
};

struct person {
    struct uuid id;
    unsigned count;
    struct entry *entries[LIMIT_EMBEDDINGS_PER_PERSON]; /* best first */
    float *aggregate; /* of all templates (owned); NULL until it is asked for after a change */
};

struct gallery {
    struct scan *scan;
    GPtrArray *rows;     /* struct entry * (owned) by row */
    GHashTable *persons; /* &person->id → struct person * (owned) */
    GHashTable *tracks;  /* &entry->track_id → struct entry * (of rows) */
};

static void person_free(void *pointer)
{
    struct person *person = pointer;

    g_free(person->aggregate);
    g_free(person);
}

struct gallery *gallery_new(unsigned dimension)
{
    struct gallery *gallery = g_new0(struct gallery, 1);

    gallery->scan = scan_new(dimension);
    gallery->rows = g_ptr_array_new();
    gallery->persons = g_hash_table_new_full(uuid_hash_key, uuid_equal_key, NULL, person_free);
    gallery->tracks = g_hash_table_new(uuid_hash_key, uuid_equal_key);
    return gallery;
}

void gallery_free(struct gallery *gallery)
{
    if (!gallery)
        return;
    g_hash_table_unref(gallery->tracks);
    g_hash_table_unref(gallery->persons);
    for (guint i = 0; i < gallery->rows->len; i++)
        g_free(gallery->rows->pdata[i]);
    g_ptr_array_unref(gallery->rows);
    scan_free(gallery->scan);
    g_free(gallery);
}

unsigned gallery_dimension(const struct gallery *gallery)
{
    return scan_dimension(gallery->scan);
}

size_t gallery_person_count(const struct gallery *gallery)
{
    return g_hash_table_size(gallery->persons);
}

size_t gallery_template_count(const struct gallery *gallery)
{
    return gallery->rows->len;
}

/* The order in which templates have a place: best quality first, then least track id. */
static bool is_better(float quality_a, struct uuid a, float quality_b, struct uuid b)
{
    if (quality_a > quality_b || quality_a < quality_b)
        return quality_a > quality_b;
    return uuid_compare(a, b) < 0;
}

/* Takes an entry out of its person and the scan and frees it; the person stays, perhaps empty. */
static void drop_entry(struct gallery *gallery, struct entry *entry)
{
    struct person *person = entry->person;
    const uint32_t last = gallery->rows->len - 1;
    unsigned place = 0;

    while (person->entries[place] != entry)
        place++;
    g_clear_pointer(&person->aggregate, g_free);
    person->count--;
    memmove(&person->entries[place], &person->entries[place + 1],
            (person->count - place) * sizeof(struct entry *));
    scan_remove(gallery->scan, entry->row);
    gallery->rows->pdata[entry->row] = gallery->rows->pdata[last];
    ((struct entry *)gallery->rows->pdata[entry->row])->row = entry->row;
    g_ptr_array_set_size(gallery->rows, (gint)last);
    g_hash_table_remove(gallery->tracks, &entry->track_id);
    g_free(entry);
}

static void drop_person_if_empty(struct gallery *gallery, struct person *person)
{
    if (person->count == 0)
        g_hash_table_remove(gallery->persons, &person->id);
}

bool gallery_remove_track(struct gallery *gallery, struct uuid track_id)
{
    struct entry *entry = g_hash_table_lookup(gallery->tracks, &track_id);
    struct person *person;

    if (!entry)
        return false;
    person = entry->person;
    drop_entry(gallery, entry);
    drop_person_if_empty(gallery, person);
    return true;
}

static struct person *find_or_add_person(struct gallery *gallery, struct uuid person_id)
{
    struct person *person = g_hash_table_lookup(gallery->persons, &person_id);

    if (!person) {
        person = g_new0(struct person, 1);
        person->id = person_id;
        g_hash_table_insert(gallery->persons, &person->id, person);
    }
    return person;
}

bool gallery_put(struct gallery *gallery, struct uuid person_id,
                 const struct gallery_template *template)
{
    struct entry *entry = g_hash_table_lookup(gallery->tracks, &template->track_id);
    struct person *person;
    unsigned place = 0;

    if (!entry && gallery->rows->len >= LIMIT_GALLERY_VECTORS)
        return false;
    gallery_remove_track(gallery, template->track_id);
    person = find_or_add_person(gallery, person_id);
    while (place < person->count &&
           is_better(person->entries[place]->quality, person->entries[place]->track_id,
                     template->quality, template->track_id))
        place++;
    if (place == LIMIT_EMBEDDINGS_PER_PERSON)
        return true; /* ten better ones are there */
    if (person->count == LIMIT_EMBEDDINGS_PER_PERSON)
        drop_entry(gallery, person->entries[person->count - 1]);
    entry = g_new0(struct entry, 1);
    entry->track_id = template->track_id;
    entry->person = person;
    entry->row = gallery->rows->len;
    entry->quality = template->quality;
    entry->faces = MAX(template->faces, 1);
    g_assert(scan_add(gallery->scan, template->vector));
    g_ptr_array_add(gallery->rows, entry);
    g_hash_table_insert(gallery->tracks, &entry->track_id, entry);
    memmove(&person->entries[place + 1], &person->entries[place],
            (person->count - place) * sizeof(struct entry *));
    person->entries[place] = entry;
    person->count++;
    g_clear_pointer(&person->aggregate, g_free);
    return true;
}

bool gallery_set_person(struct gallery *gallery, struct uuid person_id,
                        const struct gallery_template *templates, size_t count)
{
    struct person *person = g_hash_table_lookup(gallery->persons, &person_id);
    bool fits = true;

    while (person && person->count > 0)
        drop_entry(gallery, person->entries[person->count - 1]);
    if (person)
        drop_person_if_empty(gallery, person);
    for (size_t i = 0; i < count; i++)
        fits = gallery_put(gallery, person_id, &templates[i]) && fits;
    return fits;
}

bool gallery_find_track(const struct gallery *gallery, struct uuid track_id, struct uuid *person_id)
{
    const struct entry *entry = g_hash_table_lookup(gallery->tracks, &track_id);

    if (!entry)
        return false;
    *person_id = entry->person->id;
    return true;
}

static struct gallery_template template_of(const struct gallery *gallery, const struct entry *entry)
{
    return (struct gallery_template){entry->track_id, entry->quality,
                                     scan_vector(gallery->scan, entry->row), entry->faces};
}

size_t gallery_person_templates(const struct gallery *gallery, struct uuid person_id,
                                struct gallery_template *templates, size_t most)
{
    const struct person *person = g_hash_table_lookup(gallery->persons, &person_id);

    for (unsigned i = 0; person && i < person->count && i < most; i++)
        templates[i] = template_of(gallery, person->entries[i]);
    return person ? person->count : 0;
}

void gallery_aggregate(const struct gallery_template *templates, size_t count, unsigned dimension,
                       float *aggregate)
{
    /* A weight floor keeps a set of worthless faces defined. */
    const float least_weight = 1e-3f;
    double weights = 0, norms = 0, length = 0;
    float scale;

    memset(aggregate, 0, dimension * sizeof(float));
    for (size_t i = 0; i < count; i++) {
        const float weight = MAX(templates[i].quality, least_weight);
        double square = 0;

        for (unsigned k = 0; k < dimension; k++) {
            const float value = templates[i].vector[k];

            aggregate[k] += weight * value;
            square += (double)value * (double)value;
        }
        weights += (double)weight;
        norms += (double)weight * sqrt(square);
    }
    for (unsigned k = 0; k < dimension; k++)
        length += (double)aggregate[k] * (double)aggregate[k];
    length = sqrt(length);
    scale = length > 0 ? (float)(norms / weights / length) : 0.0f;
    for (unsigned k = 0; k < dimension; k++)
        aggregate[k] *= scale;
}

/* The aggregate of a person's templates but one track's, NULL when nothing is left, and of how many
 * faces it is. It is the person's own, or in `scratch`, which has room for one vector. */
static const float *person_aggregate(const struct gallery *gallery, struct person *person,
                                     const struct uuid *except_track, float *scratch,
                                     unsigned *faces)
{
    const unsigned dimension = gallery_dimension(gallery);
    struct gallery_template templates[LIMIT_EMBEDDINGS_PER_PERSON];
    size_t count = 0;

    *faces = 0;
    for (unsigned i = 0; i < person->count; i++) {
        if (except_track && uuid_equal(person->entries[i]->track_id, *except_track))
            continue;
        templates[count++] = template_of(gallery, person->entries[i]);
        *faces += person->entries[i]->faces;
    }
    if (count == 0)
        return NULL;
    if (count < person->count) {
        gallery_aggregate(templates, count, dimension, scratch);
        return scratch;
    }
    if (!person->aggregate) {
        person->aggregate = g_new(float, dimension);
        gallery_aggregate(templates, count, dimension, person->aggregate);
    }
    return person->aggregate;
}

/* The question against that aggregate. False when nothing is left. */
static bool compare_person(const struct gallery *gallery, struct person *person, const float *query,
                           const struct uuid *except_track, float *scratch,
                           struct gallery_candidate *candidate)
{
    unsigned faces;
    const float *aggregate = person_aggregate(gallery, person, except_track, scratch, &faces);
    double square = 0;

    if (!aggregate)
        return false;
    for (unsigned k = 0; k < gallery_dimension(gallery); k++) {
        const double difference = (double)query[k] - (double)aggregate[k];

        square += difference * difference;
    }
    *candidate = (struct gallery_candidate){person->id, (float)sqrt(square), faces};
    return true;
}

bool gallery_compare(const struct gallery *gallery, const float *query, struct uuid person_id,
                     const struct uuid *except_track, struct gallery_candidate *candidate)
{
    struct person *person = g_hash_table_lookup(gallery->persons, &person_id);
    g_autofree float *scratch = g_new(float, gallery_dimension(gallery));

    return person && compare_person(gallery, person, query, except_track, scratch, candidate);
}

static int compare_candidates(const void *a, const void *b)
{
    const struct gallery_candidate *left = a, *right = b;

    if (left->distance < right->distance || left->distance > right->distance)
        return left->distance < right->distance ? -1 : 1;
    return uuid_compare(left->person_id, right->person_id);
}

size_t gallery_nearest(struct gallery *gallery, const float *query, const struct uuid *except_track,
                       struct gallery_candidate *candidates, size_t most)
{
    struct scan_hit hits[SCAN_HITS_MAX];
    const struct person *seen[SCAN_HITS_MAX];
    struct gallery_candidate found[SCAN_HITS_MAX];
    g_autofree float *scratch = g_new(float, gallery_dimension(gallery));
    size_t hit_count, seen_count = 0, count = 0;

    most = MIN(most, CANDIDATES_MAX);
    hit_count = scan_nearest(gallery->scan, query, hits, most * HITS_PER_CANDIDATE);
    for (size_t i = 0; i < hit_count; i++) {
        const struct entry *entry = gallery->rows->pdata[hits[i].row];
        bool again = false;

        for (size_t j = 0; j < seen_count && !again; j++)
            again = seen[j] == entry->person;
        if (again)
            continue;
        seen[seen_count++] = entry->person;
        count +=
            compare_person(gallery, entry->person, query, except_track, scratch, &found[count]);
    }
    qsort(found, count, sizeof(found[0]), compare_candidates);
    count = MIN(count, most);
    memcpy(candidates, found, count * sizeof(found[0]));
    return count;
}
