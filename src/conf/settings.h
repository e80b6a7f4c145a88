/*
 * Settings: typed values from four places, in this order of strength: flag, environment variable,
 * YAML file, default. The rows are in settings_table.h; this is the engine over them. Values keep
 * where they came from, so that `customersight check` and the settings page can say so.
 */
#ifndef CONF_SETTINGS_H
#define CONF_SETTINGS_H

#include "conf/settings_table.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum setting_type {
    SETTING_NONE = 0,
    SETTING_BOOLEAN,
    SETTING_INTEGER,
    SETTING_NUMBER,
    SETTING_TEXT,
    SETTING_CHOICE
};
enum setting_reload { SETTING_LIVE = 1, SETTING_RESTART };
enum setting_secrecy { SETTING_OPEN = 1, SETTING_SECRET };
enum setting_origin { ORIGIN_DEFAULT = 0, ORIGIN_FILE, ORIGIN_ENVIRONMENT, ORIGIN_FLAG };

/* The values: settings->server.port and so on. Texts are owned by the struct, never NULL. */
struct settings {
#define X(section, key, type, member, ...) member key;
#define S(section, SECTION, title)                                                                 \
    struct {                                                                                       \
        SETTINGS_##SECTION(X)                                                                      \
    } section;
    SETTINGS_SECTIONS(S)
#undef S
#undef X
    enum setting_origin *origins; /* parallel to the rows; owned */
};

/* One row, for help, docs and the settings page. All texts are static. */
struct setting_row {
    const char *section;
    const char *key;
    enum setting_type type;
    const char *default_text;
    double least; /* numbers: value; text: length in bytes */
    double most;
    const char *unit;
    const char *choices; /* words separated by '|' */
    enum setting_reload reload;
    enum setting_secrecy secrecy;
    const char *text;
    gsize offset; /* in struct settings */
};

/* The rows in the order of the table; *count is how many. */
const struct setting_row *settings_rows(gsize *count);

/* Fills in all defaults. */
void settings_init(struct settings *settings);
void settings_clear(struct settings *settings);

/* Sets one value from text. `name` is "section.key". Errors: CONFIGURATION with the name as field:
 * unknown name, wrong type, out of range. A value from a weaker origin than the present one is
 * checked and then ignored. */
bool settings_set(struct settings *settings, const char *name, const char *value,
                  enum setting_origin origin, GError **error);

/* Reads a YAML file of `section:` mappings with `key: value`. An error names file:line. */
bool settings_load_file(struct settings *settings, const char *path, GError **error);

/* As settings_load_file over bytes; `name` stands for the path in messages. */
bool settings_load_bytes(struct settings *settings, const char *name, const char *bytes,
                         gsize length, GError **error);

/* Applies CUSTOMERSIGHT_SECTION__KEY and …_FILE of `environment` (as g_get_environ gives it). An
 * unknown variable with the prefix is an error: a typing mistake must not pass silently. */
bool settings_load_environment(struct settings *settings, const char *const *environment,
                               GError **error);

/* The present value of row `index` as text; secrets as "(set)" or "". Free with g_free. */
char *settings_value_text(const struct settings *settings, gsize index);

/* Where the value of row `index` came from, as a word: "default", "file", "environment", "flag". */
const char *settings_origin_name(enum setting_origin origin);

#endif
