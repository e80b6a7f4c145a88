#include "base/error.h"
#include "base/limits.h"
#include "source/picture.h"

#include "cmocka_include.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

static struct pictures *pictures;

static int open_pictures(void **state)
{
    GError *error = NULL;

    (void)state;
    pictures = pictures_new(NULL, &error);
    if (!pictures)
        fail_msg("%s", error->message);
    return 0;
}

static int close_pictures(void **state)
{
    (void)state;
    pictures_free(pictures);
    return 0;
}

/* A PGM or PPM of `width` x `height` whose pixel is value(x, y, channel). */
static GByteArray *pnm(int width, int height, int channels)
{
    GByteArray *bytes = g_byte_array_new();
    g_autofree char *head = g_strdup_printf("P%d\n# made by a test\n%d %d\n255\n",
                                            channels == 1 ? 5 : 6, width, height);

    g_byte_array_append(bytes, (const guint8 *)head, (guint)strlen(head));
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            for (int c = 0; c < channels; c++) {
                const guint8 value = (guint8)(x * 3 + y * 5 + c * 50);

                g_byte_array_append(bytes, &value, 1);
            }
        }
    }
    return bytes;
}

static void test_picture_decode_gives_exact_pixels_when_pgm_and_ppm(void **state)
{
    (void)state;
    for (int channels = 1; channels <= 3; channels += 2) {
        GByteArray *bytes = pnm(37, 21, channels);
        struct decoded_picture picture = {0};
        GError *error = NULL;

        assert_true(picture_decode(pictures, bytes->data, bytes->len, &picture, &error));
        assert_int_equal(picture.image.width, 37);
        assert_int_equal(picture.image.height, 21);
        assert_int_equal(picture.image.format,
                         channels == 1 ? IMAGE_FORMAT_GREY8 : IMAGE_FORMAT_RGB24);
        for (int y = 0; y < 21; y++)
            for (int x = 0; x < 37; x++)
                for (int c = 0; c < channels; c++)
                    assert_int_equal(
                        picture.image.planes[0][y * picture.image.strides[0] + x * channels + c],
                        (guint8)(x * 3 + y * 5 + c * 50));
        picture_clear(&picture);
        g_byte_array_unref(bytes);
    }
}

static void test_picture_decode_reads_the_smallest_and_a_16_megapixel_picture(void **state)
{
    static const struct {
        int width, height;
    } sizes[] = {{1, 1}, {2, 1}, {4000, 4000 / 2}, {4000, 2400}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        GByteArray *bytes = pnm(sizes[i].width, sizes[i].height, 1);
        struct decoded_picture picture = {0};
        GError *error = NULL;

        if (!picture_decode(pictures, bytes->data, bytes->len, &picture, &error))
            fail_msg("%s", error->message);
        assert_int_equal(picture.image.width, sizes[i].width);
        picture_clear(&picture);
        g_byte_array_unref(bytes);
    }
}

/* An image whose colour tells where it came from. */
static GBytes *jpeg_of(int width, int height, int quality)
{
    g_autofree guint8 *pixels = g_malloc((gsize)width * (gsize)height * 3);
    struct image image = {.width = width,
                          .height = height,
                          .format = IMAGE_FORMAT_RGB24,
                          .planes = {pixels},
                          .strides = {width * 3}};
    GError *error = NULL;
    GBytes *bytes;

    for (int i = 0; i < width * height; i++) {
        const int left = i % width < width / 2, top = i / width < height / 2;

        pixels[i * 3] = left ? 230 : 20;
        pixels[i * 3 + 1] = top ? 230 : 20;
        pixels[i * 3 + 2] = 60;
    }
    bytes = picture_encode_jpeg(pictures, &image, quality, &error);
    if (!bytes)
        fail_msg("%s", error->message);
    return bytes;
}

static void test_picture_decode_reads_16_megapixels_of_jpeg(void **state)
{
    g_autoptr(GBytes) bytes = jpeg_of(4096, 4096, 80);
    struct decoded_picture picture = {0};
    gsize size;
    const void *data = g_bytes_get_data(bytes, &size);

    (void)state;
    assert_true(picture_decode(pictures, data, size, &picture, NULL));
    assert_int_equal(picture.image.width, 4096);
    assert_int_equal(picture.image.height, 4096);
    picture_clear(&picture);
}

static int luma_at(const struct decoded_picture *picture, int x, int y)
{
    const struct image *image = &picture->image;

    if (image->format == IMAGE_FORMAT_RGB24) {
        const guint8 *pixel = image->planes[0] + y * image->strides[0] + 3 * x;

        return (299 * pixel[0] + 587 * pixel[1] + 114 * pixel[2]) / 1000;
    }
    return image->planes[0][y * image->strides[0] + x];
}

static void test_picture_encode_jpeg_survives_a_round_trip(void **state)
{
    g_autoptr(GBytes) bytes = jpeg_of(64, 48, 90);
    struct decoded_picture picture = {0};
    gsize size;
    const void *data = g_bytes_get_data(bytes, &size);

    (void)state;
    assert_true(picture_decode(pictures, data, size, &picture, NULL));
    assert_int_equal(picture.image.width, 64);
    assert_int_equal(picture.image.height, 48);
    assert_true(picture.image.full_range);
    /* Luma of the four corners: 0.299 R + 0.587 G + 0.114 B. */
    assert_in_range(luma_at(&picture, 8, 8), 208, 218);
    assert_in_range(luma_at(&picture, 56, 8), 145, 155);
    assert_in_range(luma_at(&picture, 8, 40), 83, 93);
    assert_in_range(luma_at(&picture, 56, 40), 19, 30);
    picture_clear(&picture);
}

/* Puts an EXIF segment with this orientation behind the start marker. */
static GByteArray *with_orientation(GBytes *jpeg, guint8 orientation)
{
    const guint8 exif[] = {0xff, 0xe1, 0, 34, 'E', 'x',         'i', 'f', 0, 0,    'M', 'M',
                           0,    42,   0, 0,  0,   8,           0,   1,   1, 0x12, 0,   3,
                           0,    0,    0, 1,  0,   orientation, 0,   0,   0, 0,    0,   0};
    GByteArray *bytes = g_byte_array_new();
    gsize size;
    const guint8 *data = g_bytes_get_data(jpeg, &size);

    g_byte_array_append(bytes, data, 2);
    g_byte_array_append(bytes, exif, sizeof exif);
    g_byte_array_append(bytes, data + 2, (guint)(size - 2));
    return bytes;
}

static void test_picture_decode_turns_upright_when_exif_says_so(void **state)
{
    /* Luma of top left, top right, bottom left, bottom right of the upright picture, as indexes
     * into the stored one's corners in the same order. */
    static const int corners[9][4] = {{0},          {0, 1, 2, 3}, {1, 0, 3, 2},
                                      {3, 2, 1, 0}, {2, 3, 0, 1}, {0, 2, 1, 3},
                                      {2, 0, 3, 1}, {3, 1, 2, 0}, {1, 3, 0, 2}};
    static const int stored[4] = {213, 150, 88, 24};
    g_autoptr(GBytes) jpeg = jpeg_of(64, 48, 95);

    (void)state;
    for (guint8 orientation = 1; orientation <= 8; orientation++) {
        GByteArray *bytes = with_orientation(jpeg, orientation);
        struct decoded_picture picture = {0};
        const bool swapped = orientation >= 5;

        assert_true(picture_decode(pictures, bytes->data, bytes->len, &picture, NULL));
        assert_int_equal(picture.image.width, swapped ? 48 : 64);
        assert_int_equal(picture.image.height, swapped ? 64 : 48);
        for (int corner = 0; corner < 4; corner++) {
            const int x = corner % 2 ? picture.image.width - 8 : 8;
            const int y = corner / 2 ? picture.image.height - 8 : 8;
            const int wanted = stored[corners[orientation][corner]];

            assert_in_range(luma_at(&picture, x, y), wanted - 8, wanted + 8);
        }
        picture_clear(&picture);
        g_byte_array_unref(bytes);
    }
}

static void test_picture_decode_refuses_and_goes_on_when_input_is_bad(void **state)
{
    g_autoptr(GBytes) jpeg = jpeg_of(800, 600, 100);
    gsize size;
    const guint8 *data = g_bytes_get_data(jpeg, &size);
    static const guint8 huge[] = {0x89, 'P', 'N',  'G',  '\r', '\n', 0x1a, '\n', 0,    0,
                                  0,    13,  'I',  'H',  'D',  'R',  0,    0,    0x27, 0x10,
                                  0,    0,   0x27, 0x10, 8,    2,    0,    0,    0};
    g_autofree guint8 *large = g_malloc0(LIMIT_UPLOAD_BYTES + 1);
    const struct {
        const char *label;
        const void *bytes;
        size_t length;
        enum error_code code;
    } cases[] = {{"empty", "", 0, ERROR_UNSUPPORTED},
                 {"text", "this is a text file", 19, ERROR_UNSUPPORTED},
                 {"truncated", data, size * 3 / 4, ERROR_CORRUPT},
                 {"head only", data, 40, ERROR_UNSUPPORTED},
                 {"100 megapixels", huge, sizeof huge, ERROR_TOO_LARGE},
                 {"too many bytes", large, LIMIT_UPLOAD_BYTES + 1, ERROR_TOO_LARGE}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct decoded_picture picture = {0};
        g_autoptr(GError) error = NULL;

        if (picture_decode(pictures, cases[i].bytes, cases[i].length, &picture, &error))
            fail_msg("%s was decoded", cases[i].label);
        if (error_code_of(error) != cases[i].code)
            fail_msg("%s: %s (%s)", cases[i].label, error->message,
                     error_code_name(error_code_of(error)));
        assert_null(picture.pixels);
        /* The next one is not affected. */
        assert_true(picture_decode(pictures, data, size, &picture, NULL));
        picture_clear(&picture);
    }
}

static void test_picture_decode_file_names_the_file_when_missing(void **state)
{
    struct decoded_picture picture = {0};
    g_autoptr(GError) error = NULL;

    (void)state;
    assert_false(picture_decode_file(pictures, "no/such/picture.jpg", &picture, &error));
    assert_int_equal(error_code_of(error), ERROR_NOT_FOUND);
    assert_non_null(strstr(error->message, "no/such/picture.jpg"));
}

static void test_picture_decode_keeps_up_when_there_are_many(void **state)
{
    g_autoptr(GBytes) jpeg = jpeg_of(250, 250, 90);
    gsize size;
    const void *data = g_bytes_get_data(jpeg, &size);
    const gint64 start = g_get_monotonic_time();

    (void)state;
    for (int i = 0; i < 500; i++) {
        struct decoded_picture picture = {0};

        assert_true(picture_decode(pictures, data, size, &picture, NULL));
        picture_clear(&picture);
    }
    print_message("500 pictures of 250x250: %.2f ms each\n",
                  (double)(g_get_monotonic_time() - start) / 500e3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_picture_decode_gives_exact_pixels_when_pgm_and_ppm),
        cmocka_unit_test(test_picture_decode_reads_the_smallest_and_a_16_megapixel_picture),
        cmocka_unit_test(test_picture_decode_reads_16_megapixels_of_jpeg),
        cmocka_unit_test(test_picture_encode_jpeg_survives_a_round_trip),
        cmocka_unit_test(test_picture_decode_turns_upright_when_exif_says_so),
        cmocka_unit_test(test_picture_decode_refuses_and_goes_on_when_input_is_bad),
        cmocka_unit_test(test_picture_decode_file_names_the_file_when_missing),
        cmocka_unit_test(test_picture_decode_keeps_up_when_there_are_many),
    };

    return cmocka_run_group_tests(tests, open_pictures, close_pictures);
}
