#include "record/person.h"

#include "record/text.h"

bool person_validate(const struct person *person, GError **error)
{
    return text_validate(person->name, LIMIT_NAME_BYTES, false, false, "name", error);
}
