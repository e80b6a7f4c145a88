/* Model cards: whatever is accepted must be written and read back the same. */
#include "infer/card.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    card_auto struct card *card = card_parse((const char *)data, size, "fuzz", &error);

    g_assert((card == NULL) == (error != NULL));
    if (card != NULL) {
        g_autofree char *text = card_format(card);
        card_auto struct card *again = card_parse(text, strlen(text), "again", NULL);

        /* Escapes may make the text longer than a card may be. */
        if (again != NULL) {
            g_autofree char *text_again = card_format(again);

            g_assert_cmpstr(text, ==, text_again);
        }
    }
    return 0;
}
