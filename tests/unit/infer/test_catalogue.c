#include "infer/catalogue.h"

#include "cmocka_include.h"

#include <glib.h>

static void test_catalogue_needs_what_the_modes_ask_for(void **state)
{
    static const struct {
        const char *name;
        bool counting, recognising;
    } cases[] = {
        {"centernet", true, true},         {"ssd_mobilenetv1", false, true},
        {"facemesh", false, true},         {"face_recognition", false, true},
        {"blazeface", false, false},       {"age_gender", false, false},
        {"face_expression", false, false}, {"movenet-lightning", false, false},
        {"antispoof", false, false},       {"liveness", false, false},
        {"nothing", false, false},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const struct catalogue_model *model = catalogue_find(cases[i].name);

        if (catalogue_is_needed(model, false) != cases[i].counting ||
            catalogue_is_needed(model, true) != cases[i].recognising)
            fail_msg("%s", cases[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_catalogue_needs_what_the_modes_ask_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
