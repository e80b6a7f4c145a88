#include "conf/settings.h"

#include "base/error.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define ENVIRONMENT_PREFIX "CUSTOMERSIGHT_"

static const struct setting_row rows[] = {
#define X(section, key, type, member, default_text, least, most, unit, choices, reload, secrecy,   \
          text)                                                                                    \
    {#section,                                                                                     \
     #key,                                                                                         \
     SETTING_##type,                                                                               \
     default_text,                                                                                 \
     least,                                                                                        \
     most,                                                                                         \
     unit,                                                                                         \
     choices,                                                                                      \
     SETTING_##reload,                                                                             \
     SETTING_##secrecy,                                                                            \
     text,                                                                                         \
     offsetof(struct settings, section.key)},
    SETTINGS_ALL(X)
#undef X
};

const struct setting_row *settings_rows(gsize *count)
{
    *count = G_N_ELEMENTS(rows);
    return rows;
}

static gpointer value_of(const struct settings *settings, const struct setting_row *row)
{
    return (guint8 *)(gsize)settings + row->offset;
}

static bool set_field_error(GError **error, const struct setting_row *row, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static bool set_field_error(GError **error, const struct setting_row *row, const char *format, ...)
{
    g_autofree char *name = g_strdup_printf("%s.%s", row->section, row->key);
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    error_set_field(error, ERROR_CONFIGURATION, name, "%s %s", name, text);
    return false;
}

static bool parse_boolean(const char *text, bool *value)
{
    static const char *const yes[] = {"true", "yes", "on", "1", NULL};
    static const char *const no[] = {"false", "no", "off", "0", NULL};
    g_autofree char *lower = g_ascii_strdown(text, -1);

    if (!g_strv_contains(yes, lower) && !g_strv_contains(no, lower))
        return false;
    *value = g_strv_contains(yes, lower);
    return true;
}

static bool store_number(const struct setting_row *row, const char *text, gpointer value,
                         bool store, GError **error)
{
    char *end = NULL;
    const double number = g_ascii_strtod(text, &end);
    const bool whole = row->type == SETTING_INTEGER;

    if (end == text || *end || !isfinite(number) || (whole && number != floor(number)))
        return set_field_error(error, row, "must be a %snumber, not \"%s\"", whole ? "whole " : "",
                               text);
    if (number < row->least || number > row->most)
        return set_field_error(error, row, "must be between %g and %g, not %s", row->least,
                               row->most, text);
    if (store && whole)
        *(int64_t *)value = (int64_t)number;
    else if (store)
        *(double *)value = number;
    return true;
}

static bool is_choice(const char *choices, const char *text)
{
    g_auto(GStrv) words = g_strsplit(choices, "|", -1);

    return g_strv_contains((const char *const *)words, text);
}

/* Checks `text` against the row and, when `store`, writes it. */
static bool take_value(const struct setting_row *row, const char *text, gpointer value, bool store,
                       GError **error)
{
    bool flag = false;

    switch (row->type) {
    case SETTING_BOOLEAN:
        if (!parse_boolean(text, &flag))
            return set_field_error(error, row, "must be true or false, not \"%s\"", text);
        if (store)
            *(bool *)value = flag;
        return true;
    case SETTING_INTEGER:
    case SETTING_NUMBER:
        return store_number(row, text, value, store, error);
    case SETTING_CHOICE:
        if (!is_choice(row->choices, text))
            return set_field_error(error, row, "must be one of %s, not \"%s\"", row->choices, text);
        break;
    case SETTING_TEXT:
        if (!g_utf8_validate(text, -1, NULL))
            return set_field_error(error, row, "is not valid UTF-8");
        if ((double)strlen(text) < row->least || (double)strlen(text) > row->most)
            return set_field_error(error, row, "must have %g to %g bytes", row->least, row->most);
        break;
    case SETTING_NONE:
        g_assert_not_reached();
    }
    if (store) {
        g_free(*(char **)value);
        *(char **)value = g_strdup(text);
    }
    return true;
}

void settings_init(struct settings *settings)
{
    *settings = (struct settings){.origins = g_new0(enum setting_origin, G_N_ELEMENTS(rows))};
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        const bool stored =
            take_value(&rows[i], rows[i].default_text, value_of(settings, &rows[i]), true, &error);

        g_assert(stored); /* a default that breaks its own rule is a bug of the table */
    }
}

void settings_clear(struct settings *settings)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rows[i].type == SETTING_TEXT || rows[i].type == SETTING_CHOICE)
            g_free(*(char **)value_of(settings, &rows[i]));
    g_free(settings->origins);
    *settings = (struct settings){0};
}

static gssize find_row(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        const gsize section_length = strlen(rows[i].section);

        if (strncmp(name, rows[i].section, section_length) == 0 && name[section_length] == '.' &&
            strcmp(name + section_length + 1, rows[i].key) == 0)
            return (gssize)i;
    }
    return -1;
}

bool settings_set(struct settings *settings, const char *name, const char *value,
                  enum setting_origin origin, GError **error)
{
    const gssize index = find_row(name);

    if (index < 0) {
        error_set_field(error, ERROR_CONFIGURATION, name, "there is no setting \"%s\"", name);
        return false;
    }

    const bool stronger = origin >= settings->origins[index];

    if (!take_value(&rows[index], value, value_of(settings, &rows[index]), stronger, error))
        return false;
    if (stronger)
        settings->origins[index] = origin;
    return true;
}

/* Prefixes *error with file:line, keeping its field. */
static void add_place(GError **error, const char *name, const yaml_mark_t *mark)
{
    char *text =
        g_strdup_printf("%s:%" G_GSIZE_FORMAT ": %s", name, mark->line + 1, (*error)->message);

    g_free((*error)->message);
    (*error)->message = text;
}

static bool set_place_error(GError **error, const char *name, const yaml_mark_t *mark,
                            const char *text)
{
    error_set(error, ERROR_CONFIGURATION, "%s:%" G_GSIZE_FORMAT ": %s", name, mark->line + 1, text);
    return false;
}

static const char *scalar_text(const yaml_node_t *node)
{
    return node && node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
}

static bool load_section(struct settings *settings, const char *name, yaml_document_t *document,
                         const char *section, const yaml_node_t *mapping, GError **error)
{
    if (mapping->type != YAML_MAPPING_NODE)
        return set_place_error(error, name, &mapping->start_mark,
                               "a section holds \"key: value\" lines");
    for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
         pair < mapping->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(document, pair->key);
        const yaml_node_t *value = yaml_document_get_node(document, pair->value);
        GError *problem = NULL;

        if (!scalar_text(key) || !scalar_text(value))
            return set_place_error(error, name, &value->start_mark,
                                   "a setting has one plain value");

        g_autofree char *path = g_strdup_printf("%s.%s", section, scalar_text(key));

        if (!settings_set(settings, path, scalar_text(value), ORIGIN_FILE, &problem)) {
            add_place(&problem, name, &key->start_mark);
            g_propagate_error(error, problem);
            return false;
        }
    }
    return true;
}

static bool load_document(struct settings *settings, const char *name, yaml_document_t *document,
                          GError **error)
{
    const yaml_node_t *root = yaml_document_get_root_node(document);

    if (!root)
        return true; /* an empty file */
    if (root->type != YAML_MAPPING_NODE)
        return set_place_error(error, name, &root->start_mark,
                               "the file holds \"section:\" blocks");
    for (const yaml_node_pair_t *pair = root->data.mapping.pairs.start;
         pair < root->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(document, pair->key);

        if (!scalar_text(key))
            return set_place_error(error, name, &key->start_mark, "a section has a plain name");
        if (!load_section(settings, name, document, scalar_text(key),
                          yaml_document_get_node(document, pair->value), error))
            return false;
    }
    return true;
}

bool settings_load_bytes(struct settings *settings, const char *name, const char *bytes,
                         gsize length, GError **error)
{
    yaml_parser_t parser;
    yaml_document_t document;
    bool loaded = false;

    if (!yaml_parser_initialize(&parser)) {
        error_set(error, ERROR_INTERNAL, "%s: no memory for the YAML parser", name);
        return false;
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, length);
    if (yaml_parser_load(&parser, &document)) {
        loaded = load_document(settings, name, &document, error);
        yaml_document_delete(&document);
    } else {
        set_place_error(error, name, &parser.problem_mark,
                        parser.problem ? parser.problem : "not YAML");
    }
    yaml_parser_delete(&parser);
    return loaded;
}

bool settings_load_file(struct settings *settings, const char *path, GError **error)
{
    g_autofree char *bytes = NULL;
    g_autoptr(GError) problem = NULL;
    gsize length = 0;

    if (!g_file_get_contents(path, &bytes, &length, &problem)) {
        error_set(error, ERROR_CONFIGURATION, "%s", problem->message);
        return false;
    }
    return settings_load_bytes(settings, path, bytes, length, error);
}

/* "SERVER__PORT" → "server.port"; NULL when it has no "__". Free with g_free. */
static char *name_of_variable(const char *variable)
{
    const char *separator = strstr(variable, "__");

    if (!separator)
        return NULL;

    g_autofree char *section = g_ascii_strdown(variable, separator - variable);
    g_autofree char *key = g_ascii_strdown(separator + 2, -1);

    return g_strdup_printf("%s.%s", section, key);
}

/* A setting written with one underscore between section and key would pass for somebody else's
 * variable: nothing would be as it was meant, and nothing would say so. */
static bool refuse_single_underscore(const char *variable, GError **error)
{
    const char *text = variable + strlen(ENVIRONMENT_PREFIX);

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *single = g_strdup_printf("%s_%s", rows[i].section, rows[i].key);

        if (g_ascii_strcasecmp(text, single) != 0)
            continue;
        g_autofree char *section = g_ascii_strup(rows[i].section, -1);
        g_autofree char *key = g_ascii_strup(rows[i].key, -1);

        error_set_field(error, ERROR_CONFIGURATION, variable,
                        "environment variable %s: write %s%s__%s, with two underscores", variable,
                        ENVIRONMENT_PREFIX, section, key);
        return false;
    }
    return true; /* CUSTOMERSIGHT_SHARED and the like are not settings */
}

static bool load_variable(struct settings *settings, const char *variable, const char *value,
                          GError **error)
{
    g_autofree char *name = name_of_variable(variable + strlen(ENVIRONMENT_PREFIX));
    g_autofree char *bytes = NULL;
    GError *problem = NULL;

    if (!name)
        return refuse_single_underscore(variable, error);
    if (find_row(name) < 0 && g_str_has_suffix(name, "_file")) {
        g_autoptr(GError) reading = NULL;

        name[strlen(name) - strlen("_file")] = '\0';
        if (!g_file_get_contents(value, &bytes, NULL, &reading)) {
            error_set_field(error, ERROR_CONFIGURATION, name, "%s: %s", variable, reading->message);
            return false;
        }
        value = g_strchomp(bytes);
    }
    if (settings_set(settings, name, value, ORIGIN_ENVIRONMENT, &problem))
        return true;
    error_set_field(error, ERROR_CONFIGURATION, name, "environment variable %s: %s", variable,
                    problem->message);
    g_error_free(problem);
    return false;
}

bool settings_load_environment(struct settings *settings, const char *const *environment,
                               GError **error)
{
    for (; environment && *environment; environment++) {
        const char *equals = strchr(*environment, '=');

        if (!equals || !g_str_has_prefix(*environment, ENVIRONMENT_PREFIX))
            continue;

        g_autofree char *variable = g_strndup(*environment, (gsize)(equals - *environment));

        if (!load_variable(settings, variable, equals + 1, error))
            return false;
    }
    return true;
}

char *settings_value_text(const struct settings *settings, gsize index)
{
    const struct setting_row *row = &rows[index];
    gconstpointer value = value_of(settings, row);
    char number[G_ASCII_DTOSTR_BUF_SIZE];

    g_assert(index < G_N_ELEMENTS(rows));
    switch (row->type) {
    case SETTING_BOOLEAN:
        return g_strdup(*(const bool *)value ? "true" : "false");
    case SETTING_INTEGER:
        return g_strdup_printf("%" G_GINT64_FORMAT, *(const int64_t *)value);
    case SETTING_NUMBER:
        return g_strdup(g_ascii_formatd(number, sizeof(number), "%g", *(const double *)value));
    case SETTING_TEXT:
    case SETTING_CHOICE:
        if (row->secrecy == SETTING_SECRET)
            return g_strdup(**(char *const *)value ? "(set)" : "");
        return g_strdup(*(char *const *)value);
    case SETTING_NONE:
        break;
    }
    g_assert_not_reached();
}

const char *settings_origin_name(enum setting_origin origin)
{
    static const char *const names[] = {"default", "file", "environment", "flag"};

    return names[origin];
}
