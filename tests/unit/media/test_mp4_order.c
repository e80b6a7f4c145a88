#include "media/mp4_order.h"

#include "cmocka_include.h"

#include <glib.h>
#include <string.h>

/* "ftyp24 free8 mdat100": boxes by name and size; "name:100" has its size in 64 bits, "name=0" is
 * written as size 0. */
static GByteArray *make(const char *boxes)
{
    GByteArray *bytes = g_byte_array_new();
    g_auto(GStrv) all = g_strsplit(boxes, " ", -1);

    for (size_t i = 0; all[i]; i++) {
        const bool wide = all[i][4] == ':', open = all[i][4] == '=';
        const guint64 size = g_ascii_strtoull(all[i] + (wide || open ? 5 : 4), NULL, 10);
        const guint32 written = GUINT32_TO_BE(wide ? 1 : (guint32)size);
        const guint64 long_size = GUINT64_TO_BE(size);
        const guint start = bytes->len;

        g_byte_array_append(bytes, (const guint8 *)&written, 4);
        g_byte_array_append(bytes, (const guint8 *)all[i], 4);
        if (wide)
            g_byte_array_append(bytes, (const guint8 *)&long_size, 8);
        while (bytes->len - start < size)
            g_byte_array_append(bytes, (const guint8 *)"m", 1);
    }
    return bytes;
}

static void test_mp4_order_says_that_the_index_is_last_only_when_it_is(void **state)
{
    static const struct {
        const char *boxes;
        bool index_last;
    } cases[] = {
        {"ftyp24 moov100 mdat100", false},
        {"ftyp24 mdat100 moov100", true},
        {"ftyp24 free8 mdat100 moov100", true},
        {"ftyp24 wide8 mdat:100 moov100", true},
        {"ftyp24 mdat=0", true},
        {"ftyp24 free8 moov100 mdat=0", false},
        {"ftyp24 moov100 moof50 mdat100 moof50 mdat100", false},
        {"ftyp24 mdat8 moov50 mdat100", false},    /* room kept free */
        {"ftyp24 mdat:16 moov50 mdat100", false},  /* likewise */
        {"ftyp24 uuid5000 mdat100 moov100", true}, /* longer than a read */
        {"--fr24 mdat100", false},                 /* no MP4 */
        {"ftyp24 free4 mdat100", false},           /* nonsense */
        {"ftyp24", false},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GByteArray) bytes = make(cases[i].boxes);

        for (size_t piece = 1; piece < 2000; piece = piece * 3 + 1) {
            struct mp4_order order = {0};

            for (size_t at = 0; at < bytes->len; at += piece)
                mp4_order_see(&order, bytes->data + at, MIN(piece, bytes->len - at));
            if (order.index_last != cases[i].index_last)
                fail_msg("%s in pieces of %zu", cases[i].boxes, piece);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mp4_order_says_that_the_index_is_last_only_when_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
