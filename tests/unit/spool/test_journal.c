#include "base/limits.h"
#include "spool/journal.h"

#include "base/error.h"
#include "cmocka_include.h"

#include <string.h>

static void test_journal_check_is_crc32c_when_given_the_known_text(void **state)
{
    (void)state;
    assert_int_equal(journal_check(0, (const uint8_t *)"123456789", 9), 0xE3069283u);
    assert_int_equal(
        journal_check(journal_check(0, (const uint8_t *)"1234", 4), (const uint8_t *)"56789", 5),
        0xE3069283u);
}

static void test_journal_segment_round_trips_and_refuses_when_changed(void **state)
{
    const struct journal_segment head = {uuid_from_seed((struct utc){1}, 2, 3), 77};
    uint8_t bytes[JOURNAL_SEGMENT_BYTES];
    struct journal_segment parsed;
    GError *error = NULL;

    (void)state;
    journal_print_segment(&head, bytes);
    assert_true(journal_parse_segment(bytes, sizeof(bytes), &parsed, NULL));
    assert_true(uuid_equal(parsed.stream, head.stream));
    assert_int_equal(parsed.first_seq, 77);
    assert_false(journal_parse_segment(bytes, sizeof(bytes) - 1, &parsed, NULL));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] ^= 1;
        assert_false(journal_parse_segment(bytes, sizeof(bytes), &parsed, NULL));
        bytes[i] ^= 1;
    }
    bytes[4] = JOURNAL_VERSION + 1;
    assert_false(journal_parse_segment(bytes, sizeof(bytes), &parsed, &error));
    assert_int_equal(error_code_of(error), ERROR_NEWER_VERSION);
    g_clear_error(&error);
}

static void collect(const struct journal_record *record, size_t offset, void *data)
{
    (void)offset;
    g_array_append_val((GArray *)data, record->seq);
}

/* What a scan of `bytes` finds, as "seq seq … end good". */
static char *scan(const uint8_t *bytes, size_t length)
{
    static const char *const ends[] = {"", "whole", "torn", "damaged"};
    g_autoptr(GArray) seqs = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    GString *const text = g_string_new(NULL);
    size_t good;
    const enum journal_end end = journal_scan(bytes, length, 5, collect, seqs, &good);

    for (guint i = 0; i < seqs->len; i++)
        g_string_append_printf(text, "%" G_GUINT64_FORMAT " ", g_array_index(seqs, uint64_t, i));
    g_string_append_printf(text, "%s %zu", ends[end], good);
    return g_string_free(text, FALSE);
}

static void expect(const uint8_t *bytes, size_t length, const char *wanted)
{
    g_autofree char *found = scan(bytes, length);

    assert_string_equal(found, wanted);
}

static GByteArray *three_records(void)
{
    GByteArray *const out = g_byte_array_new();

    journal_print_record(out, 5, (const uint8_t *)"one", 3);
    journal_print_record(out, 6, (const uint8_t *)"CSR1", 4);
    journal_print_record(out, 7, (const uint8_t *)"", 0);
    return out;
}

static void test_journal_scan_tells_torn_from_damaged_when_bytes_change(void **state)
{
    GByteArray *const bytes = three_records();

    (void)state;
    expect(bytes->data, bytes->len, "5 6 7 whole 67");
    expect(bytes->data, 0, "whole 0");
    /* Every cut is a torn tail, but for those between records. */
    for (size_t cut = 1; cut < bytes->len; cut++) {
        const char *const wanted = cut < 23    ? "torn 0"
                                   : cut == 23 ? "5 whole 23"
                                   : cut < 47  ? "5 torn 23"
                                   : cut == 47 ? "5 6 whole 47"
                                               : "5 6 torn 47";

        expect(bytes->data, cut, wanted);
    }
    bytes->data[30] ^= 0x40; /* in the second record */
    expect(bytes->data, bytes->len, "5 7 damaged 23");
    bytes->data[30] ^= 0x40;
    bytes->data[66] ^= 0x40; /* in the last record */
    expect(bytes->data, bytes->len, "5 6 torn 47");
    g_byte_array_unref(bytes);
}

static void test_journal_scan_says_damaged_when_a_seq_is_skipped(void **state)
{
    GByteArray *const bytes = g_byte_array_new();

    (void)state;
    journal_print_record(bytes, 5, (const uint8_t *)"a", 1);
    journal_print_record(bytes, 8, (const uint8_t *)"b", 1);
    expect(bytes->data, bytes->len, "5 8 damaged 21");
    g_byte_array_unref(bytes);
}

static void test_journal_record_refuses_when_length_is_out_of_range(void **state)
{
    uint8_t bytes[JOURNAL_RECORD_BYTES] = {'C', 'S', 'R', '1', 0xff, 0xff, 0xff, 0xff};
    struct journal_record record;

    (void)state;
    assert_false(journal_parse_record(bytes, sizeof(bytes), &record));
    assert_false(journal_parse_record(bytes, 3, &record));
    assert_false(journal_parse_record(bytes, 0, &record));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_journal_check_is_crc32c_when_given_the_known_text),
        cmocka_unit_test(test_journal_segment_round_trips_and_refuses_when_changed),
        cmocka_unit_test(test_journal_scan_tells_torn_from_damaged_when_bytes_change),
        cmocka_unit_test(test_journal_scan_says_damaged_when_a_seq_is_skipped),
        cmocka_unit_test(test_journal_record_refuses_when_length_is_out_of_range),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
