#include "infer/session_priv.h"

#include "base/error.h"
#include "base/limits.h"

#include <string.h>

struct session {
    const struct ort *ort;
    const struct card *card;
    char *origin;
    struct ort_session *session;
    const char **input_names; /* of the card, in its order */
    const char **output_names;
};

struct output_owner {
    struct tensor_owner base;
    const struct ort *ort;
    struct ort_value *value;
};

static void output_owner_release(struct tensor_owner *base)
{
    struct output_owner *owner = (struct output_owner *)base;

    owner->ort->release_value(owner->value);
    g_free(owner);
}

static enum tensor_type type_from_element(int element)
{
    switch (element) {
    case ORT_F32:
        return TENSOR_F32;
    case ORT_U8:
        return TENSOR_U8;
    case ORT_I32:
        return TENSOR_I32;
    case ORT_I64:
        return TENSOR_I64;
    default:
        return TENSOR_NONE;
    }
}

static int element_from_type(enum tensor_type type)
{
    static const int elements[] = {
        [TENSOR_NONE] = 0,    [TENSOR_F32] = ORT_F32, [TENSOR_I32] = ORT_I32,
        [TENSOR_U8] = ORT_U8, [TENSOR_I64] = ORT_I64,
    };

    return elements[type];
}

/* Fills type, rank and shape of `tensor`; a rank above our maximum is an error. */
static bool read_shape(const struct ort *ort, const struct ort_shape_info *info,
                       struct tensor *tensor, GError **error)
{
    size_t rank = 0;
    int element = 0;

    if (!ort_check(ort, ort->element_type(info, &element), "reading a type", error) ||
        !ort_check(ort, ort->dimension_count(info, &rank), "reading a shape", error)) {
        return false;
    }
    if (rank > TENSOR_RANK_MAX) {
        error_set(error, ERROR_MODEL, "expected at most %d dimensions, found %zu", TENSOR_RANK_MAX,
                  rank);
        return false;
    }
    tensor->type = type_from_element(element);
    tensor->rank = (unsigned)rank;
    return ort_check(ort, ort->dimensions(info, tensor->shape, rank), "reading a shape", error);
}

/* Whether numbers of the shape `found` always have the shape `expected`: a free dimension of the
 * card needs a free one of the net; a free one of the net may be narrowed by the card. */
static bool fits(const struct card_tensor *expected, const struct tensor *found)
{
    if (expected->type != found->type || expected->rank != found->rank) {
        return false;
    }
    for (unsigned i = 0; i < expected->rank; i++) {
        if (found->shape[i] >= 0 && found->shape[i] != expected->shape[i]) {
            return false;
        }
    }
    return true;
}

static bool refuse_shape(const char *origin, const char *kind, const struct card_tensor *expected,
                         const struct tensor *found, GError **error)
{
    char expected_text[TENSOR_SHAPE_TEXT_SIZE];
    char found_text[TENSOR_SHAPE_TEXT_SIZE];

    tensor_shape_format(expected->type, expected->rank, expected->shape, expected_text);
    tensor_shape_format(found->type, found->rank, found->shape, found_text);
    error_set(error, ERROR_MODEL, "%s: %s \"%s\": expected %s, found %s", origin, kind,
              expected->name, expected_text, found_text);
    return false;
}

enum side { SIDE_INPUT = 0, SIDE_OUTPUT };

static const char *const side_names[] = {"input", "output"};

/* The shape that the net declares for its input or output `index`. */
static bool declared_shape(const struct session *session, enum side side, size_t index,
                           struct tensor *found, GError **error)
{
    const struct ort *ort = session->ort;
    const struct ort_shape_info *shape = NULL;
    struct ort_type_info *type = NULL;
    ort_result status = side == SIDE_INPUT ? ort->input_type(session->session, index, &type)
                                           : ort->output_type(session->session, index, &type);

    if (!ort_check(ort, status, "reading a type", error)) {
        return false;
    }

    bool read = ort_check(ort, ort->cast_type_to_shape(type, &shape), "reading a type", error);

    if (read && shape == NULL) {
        error_set(error, ERROR_MODEL, "expected a tensor, found another type");
        read = false;
    }
    read = read && read_shape(ort, shape, found, error);
    ort->release_type_info(type);
    return read;
}

/* Whether input or output `index` of the net is called `name`. */
static bool is_named(const struct session *session, enum side side, size_t index, const char *name)
{
    const struct ort *ort = session->ort;
    char *found = NULL;
    ort_result status = side == SIDE_INPUT
                            ? ort->input_name(session->session, index, ort->allocator, &found)
                            : ort->output_name(session->session, index, ort->allocator, &found);

    if (status != NULL) {
        ort->release_status(status);
        return false;
    }

    bool same = strcmp(found, name) == 0;

    status = ort->allocator_free(ort->allocator, found);
    if (status != NULL) {
        ort->release_status(status);
    }
    return same;
}

static bool check_tensor(const struct session *session, enum side side, size_t count,
                         const struct card_tensor *expected, GError **error)
{
    struct tensor found = {TENSOR_NONE};
    GError *reason = NULL;

    for (size_t i = 0; i < count; i++) {
        if (!is_named(session, side, i, expected->name)) {
            continue;
        }
        if (!declared_shape(session, side, i, &found, &reason)) {
            error_set(error, ERROR_MODEL, "%s: %s \"%s\": %s", session->origin, side_names[side],
                      expected->name, reason->message);
            g_error_free(reason);
            return false;
        }
        return fits(expected, &found) ||
               refuse_shape(session->origin, side_names[side], expected, &found, error);
    }
    error_set(error, ERROR_MODEL, "%s: expected an %s \"%s\", found none of that name",
              session->origin, side_names[side], expected->name);
    return false;
}

static bool check_card(const struct session *session, GError **error)
{
    const struct ort *ort = session->ort;
    const struct card *card = session->card;
    size_t inputs = 0;
    size_t outputs = 0;

    if (!ort_check(ort, ort->input_count(session->session, &inputs), session->origin, error) ||
        !ort_check(ort, ort->output_count(session->session, &outputs), session->origin, error)) {
        return false;
    }
    if (inputs != card->input_count) {
        error_set(error, ERROR_MODEL, "%s: expected %zu inputs, found %zu", session->origin,
                  card->input_count, inputs);
        return false;
    }
    for (size_t i = 0; i < card->input_count; i++) {
        if (!check_tensor(session, SIDE_INPUT, inputs, &card->inputs[i], error)) {
            return false;
        }
    }
    for (size_t i = 0; i < card->output_count; i++) {
        if (!check_tensor(session, SIDE_OUTPUT, outputs, &card->outputs[i], error)) {
            return false;
        }
    }
    return true;
}

static const char **names_of(const struct card_tensor *tensors, size_t count)
{
    const char **names = g_new0(const char *, count);

    for (size_t i = 0; i < count; i++) {
        names[i] = tensors[i].name;
    }
    return names;
}

struct session *session_new(const struct ort *ort, const struct card *card, GBytes *bytes,
                            const char *origin, GError **error)
{
    struct session *session = g_new0(struct session, 1);
    gsize length = 0;
    const void *data = g_bytes_get_data(bytes, &length);

    g_assert(card->input_count <= LIMIT_MODEL_TENSORS && card->output_count <= LIMIT_MODEL_TENSORS);
    session->ort = ort;
    session->card = card;
    session->origin = g_strdup(origin);
    session->input_names = names_of(card->inputs, card->input_count);
    session->output_names = names_of(card->outputs, card->output_count);
    if (!ort_check(
            ort,
            ort->create_session_from_array(ort->env, data, length, ort->options, &session->session),
            origin, error) ||
        !check_card(session, error)) {
        session_free(session);
        return NULL;
    }
    return session;
}

void session_free(struct session *session)
{
    if (session == NULL) {
        return;
    }
    if (session->session != NULL) {
        session->ort->release_session(session->session);
    }
    g_free(session->input_names);
    g_free(session->output_names);
    g_free(session->origin);
    g_free(session);
}

/* Whether the numbers have the type and shape of the card, free dimensions apart. */
static bool check_numbers(const struct session *session, enum side side,
                          const struct card_tensor *expected, const struct tensor *found,
                          GError **error)
{
    bool same = expected->type == found->type && expected->rank == found->rank;

    for (unsigned i = 0; same && i < expected->rank; i++) {
        same =
            expected->shape[i] < 0 ? found->shape[i] >= 0 : expected->shape[i] == found->shape[i];
    }
    return same || refuse_shape(session->origin, side_names[side], expected, found, error);
}

/* Wraps the caller's numbers; the value borrows them. */
static bool wrap_input(const struct session *session, const struct card_tensor *expected,
                       const struct tensor *input, struct ort_value **value, GError **error)
{
    const struct ort *ort = session->ort;
    size_t bytes = tensor_elements(input) * tensor_type_size(input->type);

    if (!check_numbers(session, SIDE_INPUT, expected, input, error)) {
        return false;
    }
    return ort_check(ort,
                     ort->create_tensor(ort->memory, input->data, bytes, input->shape, input->rank,
                                        element_from_type(input->type), value),
                     session->origin, error);
}

/* Makes `output` the owner of `*value` and clears it; on failure the value stays the caller's. */
static bool take_output(const struct session *session, const struct card_tensor *expected,
                        struct ort_value **value, struct tensor *output, GError **error)
{
    const struct ort *ort = session->ort;
    struct ort_shape_info *shape = NULL;
    struct tensor found = {TENSOR_NONE};

    if (!ort_check(ort, ort->value_shape(*value, &shape), session->origin, error)) {
        return false;
    }

    bool read = read_shape(ort, shape, &found, error);

    ort->release_shape_info(shape);
    if (!read || !check_numbers(session, SIDE_OUTPUT, expected, &found, error) ||
        !ort_check(ort, ort->tensor_data(*value, &found.data), session->origin, error)) {
        return false;
    }

    struct output_owner *owner = g_new(struct output_owner, 1);

    *owner = (struct output_owner){{output_owner_release}, ort, *value};
    *value = NULL;
    found.owner = owner;
    *output = found;
    return true;
}

bool session_run(const struct session *session, const struct tensor *inputs, size_t input_count,
                 struct tensor *outputs, size_t output_count, GError **error)
{
    const struct ort *ort = session->ort;
    const struct card *card = session->card;
    struct ort_value *in[LIMIT_MODEL_TENSORS] = {NULL};
    struct ort_value *out[LIMIT_MODEL_TENSORS] = {NULL};
    ort_result status;
    bool done = false;

    if (input_count != card->input_count || output_count > card->output_count) {
        error_set(error, ERROR_MODEL, "%s: expected %zu inputs and %zu outputs, found %zu and %zu",
                  session->origin, input_count, output_count, card->input_count,
                  card->output_count);
        return false;
    }
    for (size_t i = 0; i < input_count; i++) {
        if (!wrap_input(session, &card->inputs[i], &inputs[i], &in[i], error)) {
            goto out;
        }
    }
    scratch_enter(ort->scratch);
    status =
        ort->run(session->session, NULL, session->input_names, (const struct ort_value *const *)in,
                 input_count, session->output_names, output_count, out);
    scratch_leave(ort->scratch);
    if (!ort_check(ort, status, session->origin, error)) {
        goto out;
    }
    for (size_t i = 0; i < output_count; i++) {
        if (!take_output(session, &card->outputs[i], &out[i], &outputs[i], error)) {
            for (size_t k = 0; k < i; k++) {
                tensor_clear(&outputs[k]);
            }
            goto out;
        }
    }
    done = true;
out:
    for (size_t i = 0; i < input_count; i++) {
        g_clear_pointer(&in[i], ort->release_value);
    }
    for (size_t i = 0; i < output_count; i++) {
        g_clear_pointer(&out[i], ort->release_value);
    }
    return done;
}
