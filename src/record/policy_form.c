#include "record/policy_form.h"

#include "base/error.h"
#include "record/text.h"

#include <string.h>

void policy_form_clear(struct policy_form *form)
{
    g_free(form->legal_basis);
    g_free(form->notice_text);
    memset(form, 0, sizeof(*form));
}

void policy_form_copy(const struct policy_form *from, struct policy_form *to)
{
    *to = *from;
    to->legal_basis = g_strdup(from->legal_basis);
    to->notice_text = g_strdup(from->notice_text);
}

/* A real day of the calendar as YYYY-MM-DD. */
static bool is_date(const char *text)
{
    GDate date;

    for (size_t i = 0; i < 10; i++) {
        if (i == 4 || i == 7 ? text[i] != '-' : !g_ascii_isdigit(text[i]))
            return false;
    }
    if (text[10] != '\0' || strncmp(text, "0000", 4) == 0)
        return false;
    g_date_clear(&date, 1);
    if (!g_date_valid_dmy((GDateDay)((text[8] - '0') * 10 + text[9] - '0'),
                          (GDateMonth)((text[5] - '0') * 10 + text[6] - '0'),
                          (GDateYear)g_ascii_strtoull(text, NULL, 10)))
        return false;
    return true;
}

static bool range_validate(int value, int least, int most, const char *field, GError **error)
{
    if (value >= least && value <= most)
        return true;
    error_set_field(error, ERROR_INVALID, field, "%s is from %d to %d, not %d", field, least, most,
                    value);
    return false;
}

bool policy_form_validate(const struct policy_form *form, GError **error)
{
    const bool faces = form->mode != POLICY_FORM_COUNT;

    if (!policy_form_mode_name(form->mode)) {
        error_set_field(error, ERROR_INVALID, "mode", "mode is count, returning or members");
        return false;
    }
    if (!text_validate(form->legal_basis, POLICY_FORM_TEXT_BYTES, faces, true, "legal_basis",
                       error) ||
        !text_validate(form->notice_text, POLICY_FORM_TEXT_BYTES, faces, true, "notice_text",
                       error))
        return false;
    if ((faces || form->notice_date[0] != '\0') && !is_date(form->notice_date)) {
        error_set_field(error, ERROR_INVALID, "notice_date",
                        "notice_date is the day since which the notice hangs at the door, as "
                        "YYYY-MM-DD");
        return false;
    }
    return range_validate(form->picture_retention_days, 0, POLICY_FORM_MOST_PICTURE_DAYS,
                          "picture_retention_days", error) &&
           range_validate(form->embedding_retention_months, 1, POLICY_FORM_MOST_EMBEDDING_MONTHS,
                          "embedding_retention_months", error);
}
