/* Small texts of foreigners: ids, times, cursors, addresses. What is read prints to what reads the
 * same, and what is shown of an address holds nothing of its password. */
#include "base/clock.h"
#include "base/peer.h"
#include "base/uuid.h"
#include "record/camera.h"
#include "storage/storage.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_printed_forms(const char *text)
{
    struct uuid uuid, uuid_again;
    struct utc time, time_again;
    struct keyset keyset = {0}, keyset_again = {0};
    char uuid_text[UUID_TEXT_SIZE], time_text[UTC_TEXT_SIZE], keyset_text[KEYSET_TEXT_SIZE];

    if (uuid_parse(text, &uuid)) {
        uuid_format(uuid, uuid_text);
        g_assert(uuid_parse(uuid_text, &uuid_again) && uuid_equal(uuid, uuid_again));
    }
    if (utc_parse(text, &time)) {
        utc_format(time, time_text);
        g_assert(utc_parse(time_text, &time_again));
    }
    if (keyset_parse(text, &keyset)) {
        keyset_print(&keyset, keyset_text);
        g_assert(keyset_parse(keyset_text, &keyset_again) && keyset.key == keyset_again.key &&
                 uuid_equal(keyset.id, keyset_again.id));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autofree char *plain = g_strdup(text);
    g_autofree char *url = NULL;
    g_autofree char *shown = NULL;

    try_printed_forms(text);
    (void)peer_judge_url(text);
    /* A password without the characters that end one is nowhere in what is shown. */
    g_strdelimit(plain, "/?#@&=. \t\r\n", 'x');
    url = g_strdup_printf("rtsp://user:Kan4rie%s@host/p", plain);
    shown = camera_redact_url(url);
    g_assert(strstr(shown, "Kan4rie") == NULL);
    return 0;
}
