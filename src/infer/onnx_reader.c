#include "infer/onnx_reader.h"

#include "base/error.h"

#include <string.h>

/* A range of bytes still to be read. */
struct span {
    const uint8_t *at;
    const uint8_t *end;
};

/* One protobuf field: `number`, and a varint or a range of bytes. */
struct field {
    uint64_t number;
    uint64_t varint;
    struct span bytes;
    bool is_bytes;
};

static bool read_varint(struct span *span, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64 && span->at < span->end; shift += 7) {
        uint8_t byte = *span->at++;

        *value |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            return true;
        }
    }
    return false;
}

static bool skip(struct span *span, uint64_t length, struct span *skipped)
{
    if (length > (uint64_t)(span->end - span->at)) {
        return false;
    }
    *skipped = (struct span){span->at, span->at + length};
    span->at += length;
    return true;
}

/* The next field of a message; false at its end and, with *broken set, when it is malformed. */
static bool next_field(struct span *span, struct field *field, bool *broken)
{
    uint64_t tag;
    uint64_t length;
    bool read = false;

    if (span->at == span->end) {
        return false;
    }
    memset(field, 0, sizeof(*field));
    if (read_varint(span, &tag)) {
        field->number = tag >> 3;
        switch (tag & 7) {
        case 0:
            read = read_varint(span, &field->varint);
            break;
        case 1:
            read = skip(span, 8, &field->bytes);
            break;
        case 2:
            field->is_bytes = true;
            read = read_varint(span, &length) && skip(span, length, &field->bytes);
            break;
        case 5:
            read = skip(span, 4, &field->bytes);
            break;
        default:
            break;
        }
    }
    *broken = *broken || !read;
    return read;
}

static bool copy_name(struct span bytes, char *name, size_t size)
{
    size_t length = (size_t)(bytes.end - bytes.at);

    if (length >= size || memchr(bytes.at, 0, length) != NULL) {
        return false;
    }
    memcpy(name, bytes.at, length);
    name[length] = '\0';
    return true;
}

static enum tensor_type type_from_element(uint64_t element)
{
    switch (element) {
    case 1:
        return TENSOR_F32;
    case 2:
        return TENSOR_U8;
    case 6:
        return TENSOR_I32;
    case 7:
        return TENSOR_I64;
    default:
        return TENSOR_NONE;
    }
}

/* TensorShapeProto: dim = 1 { dim_value = 1 | dim_param = 2 } */
static void read_dimensions(struct span span, struct onnx_value *value, bool *broken)
{
    struct field field;
    struct field part;

    while (next_field(&span, &field, broken)) {
        if (field.number != 1 || !field.is_bytes) {
            continue;
        }
        if (value->rank == TENSOR_RANK_MAX) {
            *broken = true;
            return;
        }
        value->shape[value->rank] = -1;
        while (next_field(&field.bytes, &part, broken)) {
            if (part.number == 1 && !part.is_bytes && part.varint <= (1U << 24)) {
                value->shape[value->rank] = (int64_t)part.varint;
            }
        }
        value->rank++;
    }
}

/* ValueInfoProto: name = 1, type = 2 { tensor_type = 1 { elem_type = 1, shape = 2 } } */
static void read_value(struct span span, struct onnx_value *value, bool *broken)
{
    struct field field;
    struct field kind;
    struct field part;

    memset(value, 0, sizeof(*value));
    while (next_field(&span, &field, broken)) {
        if (field.number == 1 && field.is_bytes) {
            *broken = *broken || !copy_name(field.bytes, value->name, sizeof(value->name));
        }
        if (field.number != 2 || !field.is_bytes) {
            continue;
        }
        while (next_field(&field.bytes, &kind, broken)) {
            if (kind.number != 1 || !kind.is_bytes) {
                continue;
            }
            while (next_field(&kind.bytes, &part, broken)) {
                if (part.number == 1 && !part.is_bytes) {
                    value->type = type_from_element(part.varint);
                } else if (part.number == 2 && part.is_bytes) {
                    value->rank = 0;
                    read_dimensions(part.bytes, value, broken);
                }
            }
        }
    }
}

static void add_value(struct span span, struct onnx_value *values, size_t *count, bool *broken)
{
    if (*count == LIMIT_MODEL_TENSORS) {
        *broken = true;
        return;
    }
    read_value(span, &values[*count], broken);
    (*count)++;
}

/* Old files list constants among the inputs: TensorProto has its name in field 8. */
static void drop_constant_input(struct span span, struct onnx_header *header, bool *broken)
{
    char name[sizeof(header->inputs[0].name)] = "";
    struct field field;

    while (next_field(&span, &field, broken)) {
        if (field.number == 8 && field.is_bytes && !copy_name(field.bytes, name, sizeof(name))) {
            return;
        }
    }
    for (size_t i = 0; i < header->input_count; i++) {
        if (strcmp(header->inputs[i].name, name) == 0) {
            header->input_count--;
            memmove(&header->inputs[i], &header->inputs[i + 1],
                    (header->input_count - i) * sizeof(header->inputs[0]));
            return;
        }
    }
}

/* GraphProto: node = 1, initializer = 5, input = 11, output = 12. Twice over, because constants may
 * come before the inputs. An old file may have more inputs than LIMIT_MODEL_TENSORS: refused. */
static void read_graph(struct span graph, struct onnx_header *header, bool *broken)
{
    struct span span = graph;
    struct field field;

    while (next_field(&span, &field, broken)) {
        if (!field.is_bytes) {
            continue;
        }
        if (field.number == 1) {
            header->node_count++;
        } else if (field.number == 11) {
            add_value(field.bytes, header->inputs, &header->input_count, broken);
        } else if (field.number == 12) {
            add_value(field.bytes, header->outputs, &header->output_count, broken);
        }
    }
    while (next_field(&graph, &field, broken)) {
        if (field.number == 5 && field.is_bytes) {
            drop_constant_input(field.bytes, header, broken);
        }
    }
}

/* OperatorSetIdProto: domain = 1, version = 2. */
static void read_operator_set(struct span span, struct onnx_header *header, bool *broken)
{
    struct field field;
    int64_t version = 0;
    bool default_domain = true;

    while (next_field(&span, &field, broken)) {
        if (field.number == 1 && field.is_bytes && field.bytes.at != field.bytes.end) {
            default_domain = false;
        } else if (field.number == 2 && !field.is_bytes) {
            version = (int64_t)field.varint;
        }
    }
    if (default_domain) {
        header->operator_set = version;
    }
}

bool onnx_header_parse(const uint8_t *bytes, size_t length, const char *origin,
                       struct onnx_header *header, GError **error)
{
    struct span span = {bytes, bytes + length};
    struct field field;
    bool broken = false;
    bool has_graph = false;

    memset(header, 0, sizeof(*header));
    while (next_field(&span, &field, &broken)) {
        if (field.number == 1 && !field.is_bytes) {
            header->ir_version = (int64_t)field.varint;
        } else if (field.number == 7 && field.is_bytes && !has_graph) {
            has_graph = true;
            read_graph(field.bytes, header, &broken);
        } else if (field.number == 8 && field.is_bytes) {
            read_operator_set(field.bytes, header, &broken);
        }
    }
    if (broken || !has_graph || header->node_count == 0 || header->input_count == 0 ||
        header->output_count == 0) {
        error_set(error, ERROR_MODEL,
                  "%s: expected an ONNX model with at most %d inputs and outputs, found %s", origin,
                  LIMIT_MODEL_TENSORS,
                  broken      ? "bytes that are no such model"
                  : has_graph ? "a model without nodes, inputs or outputs"
                              : "no graph");
        return false;
    }
    return true;
}

static bool check_value(const struct card_tensor *expected, const struct onnx_value *values,
                        size_t count, const char *kind, const char *origin, GError **error)
{
    char expected_text[TENSOR_SHAPE_TEXT_SIZE];
    char found_text[TENSOR_SHAPE_TEXT_SIZE];

    for (size_t i = 0; i < count; i++) {
        const struct onnx_value *value = &values[i];
        bool fits = value->type == expected->type && value->rank == expected->rank;

        if (strcmp(value->name, expected->name) != 0) {
            continue;
        }
        for (unsigned k = 0; fits && k < value->rank; k++) {
            fits = value->shape[k] < 0 || value->shape[k] == expected->shape[k];
        }
        if (!fits) {
            tensor_shape_format(expected->type, expected->rank, expected->shape, expected_text);
            tensor_shape_format(value->type, value->rank, value->shape, found_text);
            error_set(error, ERROR_MODEL, "%s: %s \"%s\": expected %s, found %s", origin, kind,
                      expected->name, expected_text, found_text);
        }
        return fits;
    }
    error_set(error, ERROR_MODEL, "%s: expected an %s \"%s\", found none of that name", origin,
              kind, expected->name);
    return false;
}

bool onnx_header_check(const struct onnx_header *header, const struct card *card,
                       const char *origin, GError **error)
{
    if (header->input_count != card->input_count) {
        error_set(error, ERROR_MODEL, "%s: expected %zu inputs, found %zu", origin,
                  card->input_count, header->input_count);
        return false;
    }
    for (size_t i = 0; i < card->input_count; i++) {
        if (!check_value(&card->inputs[i], header->inputs, header->input_count, "input", origin,
                         error)) {
            return false;
        }
    }
    for (size_t i = 0; i < card->output_count; i++) {
        if (!check_value(&card->outputs[i], header->outputs, header->output_count, "output", origin,
                         error)) {
            return false;
        }
    }
    return true;
}
