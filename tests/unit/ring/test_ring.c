#include "base/error.h"
#include "ring/memory.h"
#include "ring/packets.h"
#include "ring/pieces.h"
#include "ring/slots.h"
#include "ring/socket.h"

#include "cmocka_include.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void test_ring_memory_cannot_be_resized_after_it_was_made(void **state)
{
    struct ring_memory memory, other;

    (void)state;
    assert_true(ring_memory_init(&memory, 8192, NULL));
    assert_int_not_equal(ftruncate(memory.fd, 4096), 0);
    assert_int_not_equal(ftruncate(memory.fd, 16384), 0);
    assert_int_not_equal(fcntl(memory.fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
    memory.bytes[8191] = 7;
    assert_true(ring_memory_adopt(&other, dup(memory.fd), 8192, false, NULL));
    assert_int_equal(other.bytes[8191], 7);
    ring_memory_clear(&other);
    assert_false(ring_memory_adopt(&other, dup(memory.fd), 4096, false, NULL));
    ring_memory_clear(&memory);
}

static void test_ring_memory_adopt_refuses_unsealed_memory(void **state)
{
    struct ring_memory memory;
    const int fd = memfd_create("unsealed", MFD_ALLOW_SEALING);

    (void)state;
    assert_int_equal(ftruncate(fd, 4096), 0);
    assert_false(ring_memory_adopt(&memory, fd, 4096, true, NULL));
    assert_false(ring_memory_adopt(&memory, -1, 4096, true, NULL));
}

static void test_ring_slots_are_free_only_when_dropped_and_returned(void **state)
{
    struct ring_slots slots;

    (void)state;
    ring_slots_init(&slots, 2);
    assert_int_equal(ring_slots_take(&slots), 0);
    assert_int_equal(ring_slots_take(&slots), 1);
    assert_int_equal(ring_slots_take(&slots), -1);
    ring_slots_send(&slots, 0);
    ring_slots_drop(&slots, 0);
    assert_int_equal(ring_slots_take(&slots), -1);
    assert_false(ring_slots_return(&slots, 1));
    assert_false(ring_slots_return(&slots, 9));
    assert_true(ring_slots_return(&slots, 0));
    assert_false(ring_slots_return(&slots, 0));
    assert_int_equal(ring_slots_take(&slots), 0);
    assert_int_equal(ring_slots_free(&slots), 0);
}

static void test_ring_pieces_never_overlap_when_used_at_random(void **state)
{
    struct ring_pieces pieces;
    g_autoptr(GRand) random = g_rand_new_with_seed(7);
    uint8_t owner[1000] = {0};
    struct {
        uint64_t offset, length;
    } queue[64];
    unsigned first = 0, next = 0, taken = 0;

    (void)state;
    ring_pieces_init(&pieces, sizeof owner);
    for (int round = 0; round < 20000; round++) {
        const uint64_t length = (uint64_t)g_rand_int_range(random, 1, 300);
        uint64_t offset;

        if (next - first < 64 && g_rand_boolean(random) &&
            ring_pieces_take(&pieces, length, &offset)) {
            assert_true(offset + length <= sizeof owner);
            for (uint64_t i = offset; i < offset + length; i++) {
                assert_int_equal(owner[i], 0);
                owner[i] = 1;
            }
            queue[next % 64].offset = offset;
            queue[next++ % 64].length = length;
            taken++;
        } else if (first < next) {
            assert_false(ring_pieces_release(&pieces, queue[first % 64].length + 1));
            assert_true(ring_pieces_release(&pieces, queue[first % 64].length));
            memset(owner + queue[first % 64].offset, 0, queue[first % 64].length);
            first++;
        }
    }
    assert_true(taken > 5000);
    ring_pieces_clear(&pieces);
}

/* Pushes `seconds` of packets of `size` bytes, 15 a second, each filled with its number; checks
 * that the last `kept_seconds` are all there. Returns how far the memory is used. */
static size_t stream_packets(struct ring_packets *packets, guint8 *memory, size_t memory_size,
                             int seconds, guint32 size, int kept_seconds)
{
    g_autofree guint8 *payload = g_malloc(size);
    size_t used = 0;

    for (int i = 0; i < seconds * 15; i++) {
        const guint64 number = packets->next;
        const struct ring_packet packet = {
            .data = payload, .size = size, .media_us = (gint64)number * 1000000 / 15};

        memset(payload, (int)(number & 0xff), size);
        assert_true(ring_packets_push(packets, &packet));
        for (guint64 kept = number - MIN(number, (guint64)kept_seconds * 15); kept <= number;
             kept++) {
            const struct ring_packet *found = ring_packets_get(packets, kept);

            assert_non_null(found);
            assert_int_equal(found->data[0], kept & 0xff);
            assert_int_equal(found->data[found->size - 1], kept & 0xff);
        }
    }
    for (size_t at = 0; at < memory_size; at++)
        used = memory[at] ? at + 1 : used;
    return used;
}

static void test_ring_packets_of_a_slow_stream_use_only_the_front(void **state)
{
    const size_t size = 4 << 20;
    g_autofree guint8 *memory = g_malloc0(size);
    struct ring_packets *packets = g_new0(struct ring_packets, 1);

    (void)state;
    ring_packets_init(packets, memory, size);
    /* 240 kbit/s; then somebody walks in and it is twenty times as much; then it is still again. */
    assert_in_range(stream_packets(packets, memory, size, 120, 2000, 10), 1 << 20, 1100000);
    assert_in_range(stream_packets(packets, memory, size, 20, 40000, 4), 3 << 20, size);
    stream_packets(packets, memory, size, 20, 2000, 4);
    memset(memory + (2 << 20), 0, size - (2 << 20));
    assert_in_range(stream_packets(packets, memory, size, 60, 2000, 10), 1 << 20, 2 << 20);
    g_free(packets);
}

static void test_ring_packets_keep_the_newest_intact(void **state)
{
    struct ring_packets *packets = g_new0(struct ring_packets, 1);
    g_autoptr(GRand) random = g_rand_new_with_seed(11);
    g_autofree uint8_t *memory = g_malloc(10000);
    uint8_t payload[3000];
    uint64_t key = 0;

    (void)state;
    ring_packets_init(packets, memory, 10000);
    for (uint64_t number = 0; number < 5000; number++) {
        const struct ring_packet packet = {.data = payload,
                                           .size = (uint32_t)g_rand_int_range(random, 1, 3000),
                                           .key = number % 3 == 0,
                                           .media_us = (int64_t)number};

        memset(payload, (int)(number & 255), packet.size);
        assert_true(ring_packets_push(packets, &packet));
        for (uint64_t kept = packets->first; kept < packets->next; kept++) {
            const struct ring_packet *found = ring_packets_get(packets, kept);

            assert_int_equal(found->media_us, kept);
            assert_int_equal(found->data[0], kept & 255);
            assert_int_equal(found->data[found->size - 1], kept & 255);
            assert_int_equal(found->data[found->size], 0);
        }
        assert_non_null(ring_packets_get(packets, number));
        assert_null(ring_packets_get(packets, number + 1));
        if (ring_packets_key_before(packets, packets->next, &key))
            assert_int_equal(key % 3, 0);
    }
    assert_false(ring_packets_push(packets, &(struct ring_packet){.data = payload, .size = 10000}));
    assert_null(ring_packets_get(packets, 4999));
    g_free(packets);
}

static void test_ring_socket_carries_descriptors_and_refuses_stray_ones(void **state)
{
    int sockets[2], descriptors[RING_DESCRIPTORS_MAX];
    union ring_message message = {.release = {.slot = 3}}, read;
    struct ring_memory memory;
    g_autoptr(GError) error = NULL;

    (void)state;
    assert_true(ring_socket_pair(sockets, NULL));
    assert_true(ring_memory_init(&memory, 4096, NULL));
    assert_int_equal(ring_receive(sockets[1], RING_TO_CHILD, false, &read, NULL, NULL),
                     RING_RECEIVED_NOTHING);
    assert_true(ring_send(sockets[0], &message, RING_RELEASE, &memory.fd, 1, true, NULL));
    assert_int_equal(ring_receive(sockets[1], RING_TO_CHILD, true, &read, descriptors, NULL),
                     RING_RECEIVED_MESSAGE);
    assert_true(descriptors[0] >= 0 && descriptors[1] == -1);
    close(descriptors[0]);
    assert_true(ring_send(sockets[0], &message, RING_RELEASE, &memory.fd, 1, true, NULL));
    assert_int_equal(ring_receive(sockets[1], RING_TO_CHILD, true, &read, NULL, &error),
                     RING_RECEIVED_BAD);
    assert_int_equal(error_code_of(error), ERROR_MALFORMED);
    assert_int_equal(write(sockets[0], "garbage", 7), 7);
    assert_int_equal(ring_receive(sockets[1], RING_TO_CHILD, true, &read, NULL, NULL),
                     RING_RECEIVED_BAD);
    close(sockets[0]);
    assert_int_equal(ring_receive(sockets[1], RING_TO_CHILD, true, &read, NULL, NULL),
                     RING_RECEIVED_EOF);
    close(sockets[1]);
    ring_memory_clear(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ring_memory_cannot_be_resized_after_it_was_made),
        cmocka_unit_test(test_ring_memory_adopt_refuses_unsealed_memory),
        cmocka_unit_test(test_ring_slots_are_free_only_when_dropped_and_returned),
        cmocka_unit_test(test_ring_pieces_never_overlap_when_used_at_random),
        cmocka_unit_test(test_ring_packets_keep_the_newest_intact),
        cmocka_unit_test(test_ring_packets_of_a_slow_stream_use_only_the_front),
        cmocka_unit_test(test_ring_socket_carries_descriptors_and_refuses_stray_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
