#include "identity/constraints.h"

#include <glib.h>

/* What is known of one track. */
struct entry {
    struct uuid person; /* decided to be, or nil */
    GArray *separated;  /* struct uuid: tracks that are somebody else */
    GArray *forbidden;  /* struct uuid: persons it is not */
};

struct constraints {
    GHashTable *entries; /* struct uuid * (owned) → struct entry * (owned) */
};

static void entry_free(void *pointer)
{
    struct entry *entry = pointer;

    g_array_unref(entry->separated);
    g_array_unref(entry->forbidden);
    g_free(entry);
}

struct constraints *constraints_new(void)
{
    struct constraints *constraints = g_new0(struct constraints, 1);

    constraints->entries = g_hash_table_new_full(uuid_hash_key, uuid_equal_key, g_free, entry_free);
    return constraints;
}

void constraints_free(struct constraints *constraints)
{
    if (!constraints)
        return;
    g_hash_table_unref(constraints->entries);
    g_free(constraints);
}

static const struct entry *find(const struct constraints *constraints, struct uuid track)
{
    return g_hash_table_lookup(constraints->entries, &track);
}

static struct entry *find_or_add(struct constraints *constraints, struct uuid track)
{
    struct entry *entry = g_hash_table_lookup(constraints->entries, &track);

    if (!entry) {
        entry = g_new0(struct entry, 1);
        entry->separated = g_array_new(FALSE, FALSE, sizeof(struct uuid));
        entry->forbidden = g_array_new(FALSE, FALSE, sizeof(struct uuid));
        g_hash_table_insert(constraints->entries, g_memdup2(&track, sizeof(track)), entry);
    }
    return entry;
}

static bool contains(const GArray *ids, struct uuid id)
{
    for (guint i = 0; i < ids->len; i++) {
        if (uuid_equal(g_array_index(ids, struct uuid, i), id))
            return true;
    }
    return false;
}

static void add_once(GArray *ids, struct uuid id)
{
    if (!contains(ids, id))
        g_array_append_val(ids, id);
}

void constraints_separate(struct constraints *constraints, struct uuid a, struct uuid b)
{
    if (uuid_equal(a, b))
        return;
    add_once(find_or_add(constraints, a)->separated, b);
    add_once(find_or_add(constraints, b)->separated, a);
}

bool constraints_separated(const struct constraints *constraints, struct uuid a, struct uuid b)
{
    const struct entry *entry = find(constraints, a);

    return entry && contains(entry->separated, b);
}

void constraints_forbid(struct constraints *constraints, struct uuid track, struct uuid person)
{
    add_once(find_or_add(constraints, track)->forbidden, person);
}

void constraints_decide(struct constraints *constraints, struct uuid track, struct uuid person)
{
    find_or_add(constraints, track)->person = person;
}

struct uuid constraints_decided(const struct constraints *constraints, struct uuid track)
{
    const struct entry *entry = find(constraints, track);

    return entry ? entry->person : (struct uuid){{0}};
}

bool constraints_forbidden(const struct constraints *constraints, struct uuid track,
                           struct uuid person)
{
    const struct entry *entry = find(constraints, track);

    if (!entry)
        return false;
    if (contains(entry->forbidden, person))
        return true;
    for (guint i = 0; i < entry->separated->len; i++) {
        const struct entry *other =
            find(constraints, g_array_index(entry->separated, struct uuid, i));

        if (other && !uuid_is_nil(other->person) && uuid_equal(other->person, person))
            return true;
    }
    return false;
}
