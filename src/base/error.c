#include "base/error.h"

#include <errno.h>
#include <string.h>

/* GLib keeps one of these in front of every GError of the domain. */
typedef struct {
    char *field;
} CustomersightErrorPrivate;

static void customersight_error_private_init(CustomersightErrorPrivate *extra)
{
    extra->field = NULL;
}

static void customersight_error_private_copy(const CustomersightErrorPrivate *from,
                                             CustomersightErrorPrivate *to)
{
    to->field = g_strdup(from->field);
}

static void customersight_error_private_clear(CustomersightErrorPrivate *extra)
{
    g_free(extra->field);
}

GQuark customersight_error_quark(void);
G_DEFINE_EXTENDED_ERROR(CustomersightError, customersight_error)

GQuark error_domain(void)
{
    return customersight_error_quark();
}

static const struct {
    const char *name;
    const char *title;
    unsigned status;
} code_facts[] = {[ERROR_NONE] = {"none", "No error", 200},
#define X(code, name, status, title) [ERROR_##code] = {name, title, status},
                  ERROR_LIST(X)
#undef X
};

static void set_text(GError **error, enum error_code code, const char *field, char *take_text)
{
    if (error) {
        g_assert(*error == NULL);
        *error = g_error_new_literal(error_domain(), (gint)code, take_text);
        customersight_error_get_private(*error)->field = g_strdup(field);
    }
    g_free(take_text);
}

void error_set(GError **error, enum error_code code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    set_text(error, code, NULL, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

void error_set_field(GError **error, enum error_code code, const char *field, const char *format,
                     ...)
{
    va_list arguments;

    va_start(arguments, format);
    set_text(error, code, field, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

void error_set_errno(GError **error, int saved_errno, const char *format, ...)
{
    va_list arguments;
    g_autofree char *text = NULL;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    set_text(error, saved_errno == ENOSPC || saved_errno == EDQUOT ? ERROR_NO_SPACE : ERROR_IO,
             NULL, g_strdup_printf("%s: %s", text, g_strerror(saved_errno)));
}

enum error_code error_code_of(const GError *error)
{
    if (!error)
        return ERROR_NONE;
    if (error->domain != error_domain() || error->code <= 0 ||
        (gsize)error->code >= G_N_ELEMENTS(code_facts))
        return ERROR_INTERNAL;
    return (enum error_code)error->code;
}

const char *error_field(const GError *error)
{
    return error && error->domain == error_domain() ? customersight_error_get_private(error)->field
                                                    : NULL;
}

static gsize known(enum error_code code)
{
    return (gsize)code < G_N_ELEMENTS(code_facts) ? (gsize)code : (gsize)ERROR_INTERNAL;
}

const char *error_code_name(enum error_code code)
{
    return code_facts[known(code)].name;
}

const char *error_code_title(enum error_code code)
{
    return code_facts[known(code)].title;
}

unsigned error_code_http_status(enum error_code code)
{
    return code_facts[known(code)].status;
}
