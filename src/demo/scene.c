#include "demo/scene.h"

#include "demo/cast.h"

#include <glib.h>
#include <math.h>
#include <string.h>

/* Pixels over which the edge of a cut-out fades. */
#define FEATHER 10.0
/* How much a walker bobs, pixels, and how often a second. */
#define BOB_PIXELS 5.0
#define BOB_HERTZ  1.8

struct cut_out {
    int width, height;
    uint8_t *rgba;      /* facing the camera */
    uint8_t *back_rgba; /* turned away; NULL where the walk never shows it */
};

struct scene {
    struct plan plan;
    uint8_t *background; /* PLAN_WIDTH × PLAN_HEIGHT × 3 */
    struct cut_out cut_outs[PLAN_WALKS_MAX];
};

/* ---- the room ---- */

static void put(uint8_t *rgb, int x, int y, double r, double g, double b)
{
    uint8_t *pixel = rgb + 3 * ((size_t)y * PLAN_WIDTH + (size_t)x);

    pixel[0] = (uint8_t)CLAMP(r, 0, 255);
    pixel[1] = (uint8_t)CLAMP(g, 0, 255);
    pixel[2] = (uint8_t)CLAMP(b, 0, 255);
}

static void fill(uint8_t *rgb, int x0, int y0, int x1, int y1, double r, double g, double b,
                 double fall)
{
    for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++) {
            const double shade = 1 - fall * (y - y0) / (double)(y1 - y0);

            put(rgb, x, y, r * shade, g * shade, b * shade);
        }
}

/* A round lamp with its glow on the wall. */
static void glow(uint8_t *rgb, int cx, int cy, double radius, double strength)
{
    for (int y = 0; y < PLAN_HEIGHT; y++)
        for (int x = 0; x < PLAN_WIDTH; x++) {
            uint8_t *pixel = rgb + 3 * ((size_t)y * PLAN_WIDTH + (size_t)x);
            const double distance = hypot(x - cx, y - cy);
            const double light = strength * exp(-distance * distance / (2 * radius * radius));

            put(rgb, x, y, pixel[0] + light, pixel[1] + light * 0.88, pixel[2] + light * 0.66);
        }
}

static uint8_t *draw_room(void)
{
    uint8_t *rgb = g_malloc((gsize)PLAN_WIDTH * PLAN_HEIGHT * 3);

    fill(rgb, 0, 0, PLAN_WIDTH, 430, 196, 186, 170, 0.10);   /* wall */
    fill(rgb, 0, 430, PLAN_WIDTH, 560, 122, 104, 88, 0.12);  /* panelling */
    fill(rgb, 0, 560, PLAN_WIDTH, 720, 152, 126, 98, -0.18); /* floor */
    for (int x = 0; x < PLAN_WIDTH; x += 64)
        fill(rgb, x, 434, x + 2, 556, 98, 82, 68, 0);
    for (int y = 580; y < 720; y += 34)
        fill(rgb, 0, y, PLAN_WIDTH, y + 2, 128, 105, 80, 0);
    fill(rgb, 470, 90, 810, 566, 88, 70, 56, 0);        /* door frame */
    fill(rgb, 486, 106, 794, 566, 206, 222, 228, 0.22); /* daylight */
    fill(rgb, 636, 106, 644, 566, 88, 70, 56, 0);
    fill(rgb, 60, 120, 330, 360, 62, 50, 42, 0); /* board */
    for (int row = 0; row < 6; row++)
        fill(rgb, 92, 152 + row * 32, 92 + 120 + (row * 47) % 90, 158 + row * 32, 190, 182, 168, 0);
    fill(rgb, 960, 150, 1230, 168, 98, 76, 58, 0); /* shelves */
    fill(rgb, 960, 270, 1230, 288, 98, 76, 58, 0);
    for (int jar = 0; jar < 6; jar++) {
        fill(rgb, 972 + jar * 44, 102, 1000 + jar * 44, 150, 176 - 14 * jar, 150, 96 + 18 * jar,
             0.3);
        fill(rgb, 976 + jar * 44, 228, 1000 + jar * 44, 270, 120 + 16 * jar, 92, 70, 0.3);
    }
    glow(rgb, 200, 40, 120, 46);
    glow(rgb, 640, 30, 150, 40);
    glow(rgb, 1090, 40, 120, 46);
    return rgb;
}

/* ---- the people ---- */

/* Bilinear sample of an RGB24 image at (x, y), clamped to its border. */
static void sample(const struct image *image, double x, double y, double rgb[3])
{
    const double cx = CLAMP(x, 0, image->width - 1.001), cy = CLAMP(y, 0, image->height - 1.001);
    const int x0 = (int)cx, y0 = (int)cy;
    const double fx = cx - x0, fy = cy - y0;
    const uint8_t *top = image->planes[0] + (size_t)y0 * (size_t)image->strides[0] + 3 * (size_t)x0;
    const uint8_t *bottom = top + image->strides[0];

    for (int c = 0; c < 3; c++)
        rgb[c] = (top[c] * (1 - fx) + top[c + 3] * fx) * (1 - fy) +
                 (bottom[c] * (1 - fx) + bottom[c + 3] * fx) * fy;
}

/* How much of the person is at (x, y) of the photograph: a head, and shoulders that widen below it;
 * 1 inside, fading to 0 over FEATHER × `scale` pixels. */
static double coverage(const struct cast_member *member, double x, double y, double scale)
{
    const struct box *body = &member->body;
    const double size = member->face_size;
    const double head = hypot((x - member->face.x) / (size * 0.86),
                              (y - (member->face.y - size * 0.12)) / (size * 1.02));
    const double neck = member->face.y + size * 0.42;
    const double widen = CLAMP((y - neck) / (size * 0.55), 0, 1);
    const double half_narrow = size * 0.45;
    const double left = member->face.x - half_narrow +
                        (body->x0 - (member->face.x - half_narrow)) * widen * (2 - widen);
    const double right = member->face.x + half_narrow +
                         (body->x1 - (member->face.x + half_narrow)) * widen * (2 - widen);
    const double inside_head = (1 - head) * size * 0.86;
    const double inside_body =
        MIN(MIN(x - left, right - x), MIN(y - (member->face.y - size * 0.2), body->y1 - y));
    const double inside = MAX(inside_head, inside_body);

    return CLAMP(inside / (FEATHER * scale), 0, 1);
}

/* The colour of the hair: a dark brown with a tint of what is above the forehead (which may be the
 * wall behind somebody with flat hair). */
static void hair_colour(const struct cast_member *member, const struct image *photograph,
                        double hair[3])
{
    static const double brown[3] = {58, 42, 33};

    sample(photograph, member->face.x, member->face.y - member->face_size * 0.72, hair);
    for (int c = 0; c < 3; c++)
        hair[c] = 0.8 * brown[c] + 0.2 * hair[c];
}

/* Hides the face behind hair: what a person who walks away shows. */
static void cover_face(const struct cast_member *member, const double hair[3], double x, double y,
                       double rgb[3])
{
    const double size = member->face_size;
    const double u = (x - member->face.x) / (size * 0.60), v = (y - member->face.y) / (size * 0.86);
    const double cover = CLAMP((1.15 - hypot(u, v)) * 5, 0, 1);
    const double strand = 1 + 0.10 * sin(x * 0.35 + 3 * sin(y * 0.02)) - 0.10 * v;

    for (int c = 0; c < 3; c++)
        rgb[c] = rgb[c] * (1 - cover) + MIN(hair[c] * strand, 255) * cover;
}

static uint8_t *cut(const struct walk *walk, const struct cast_member *member,
                    const struct image *photograph, int width, int height, bool back)
{
    const double scale = (member->body.y1 - member->body.y0) / walk->height;
    const double angle = walk->angle_deg * G_PI / 180;
    const double middle_x = (member->body.x0 + member->body.x1) / 2;
    const double middle_y = (member->body.y0 + member->body.y1) / 2;
    uint8_t *rgba = g_malloc((gsize)width * (gsize)height * 4);
    double hair[3];

    hair_colour(member, photograph, hair);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            const double dx = (x - width / 2.0) * scale * (walk->mirrored ? -1 : 1);
            const double dy = (y - height / 2.0) * scale;
            const double px = middle_x + dx * cos(angle) + dy * sin(angle);
            const double py = middle_y - dx * sin(angle) + dy * cos(angle);
            uint8_t *out = rgba + 4 * ((size_t)y * (size_t)width + (size_t)x);
            double rgb[3];

            sample(photograph, px, py, rgb);
            if (back)
                cover_face(member, hair, px, py, rgb);
            for (int c = 0; c < 3; c++)
                out[c] = (uint8_t)CLAMP(rgb[c] * walk->brightness, 0, 255);
            out[3] = (uint8_t)(255 * coverage(member, px, py, scale));
        }
    return rgba;
}

static void make_cut_out(struct cut_out *cut_out, const struct walk *walk,
                         const struct image *photograph)
{
    const struct cast_member *member = cast_member(walk->member);
    const double scale = walk->height / (member->body.y1 - member->body.y0);

    cut_out->height = (int)walk->height;
    cut_out->width = (int)((member->body.x1 - member->body.x0) * scale * 1.06);
    cut_out->rgba = walk->side == WALK_BACK
                        ? NULL
                        : cut(walk, member, photograph, cut_out->width, cut_out->height, false);
    cut_out->back_rgba = walk->side == WALK_FACE
                             ? NULL
                             : cut(walk, member, photograph, cut_out->width, cut_out->height, true);
}

struct scene *scene_new(const struct plan *plan, const struct image *const *photographs)
{
    struct scene *scene = g_new0(struct scene, 1);

    scene->plan = *plan;
    scene->background = draw_room();
    for (size_t i = 0; i < plan->walk_count; i++)
        make_cut_out(&scene->cut_outs[i], &plan->walks[i], photographs[plan->walks[i].member]);
    return scene;
}

void scene_free(struct scene *scene)
{
    if (!scene)
        return;
    for (size_t i = 0; i < scene->plan.walk_count; i++) {
        g_free(scene->cut_outs[i].rgba);
        g_free(scene->cut_outs[i].back_rgba);
    }
    g_free(scene->background);
    g_free(scene);
}

/* Blends a cut-out with its middle at (x, …) and its lower edge at `foot`. */
static void blend(uint8_t *rgb, const struct cut_out *cut_out, const uint8_t *rgba, int x, int foot)
{
    const int left = x - cut_out->width / 2, top = foot - cut_out->height;

    for (int y = MAX(top, 0); y < MIN(foot, PLAN_HEIGHT); y++)
        for (int column = MAX(left, 0); column < MIN(left + cut_out->width, PLAN_WIDTH); column++) {
            const uint8_t *from =
                rgba + 4 * ((size_t)(y - top) * (size_t)cut_out->width + (size_t)(column - left));
            uint8_t *to = rgb + 3 * ((size_t)y * PLAN_WIDTH + (size_t)column);

            for (int c = 0; c < 3; c++)
                to[c] = (uint8_t)((from[c] * from[3] + to[c] * (255 - from[3]) + 127) / 255);
        }
}

void scene_draw(const struct scene *scene, double seconds, uint8_t *rgb)
{
    memcpy(rgb, scene->background, (size_t)PLAN_WIDTH * PLAN_HEIGHT * 3);
    for (size_t i = 0; i < scene->plan.walk_count; i++) {
        const struct walk *walk = &scene->plan.walks[i];
        const struct cut_out *cut_out = &scene->cut_outs[i];
        const double half_way = (walk->start + walk->end) / 2;
        const bool back = !cut_out->rgba || (cut_out->back_rgba && seconds > half_way);
        const double bob = BOB_PIXELS * fabs(sin(G_PI * BOB_HERTZ * (seconds - walk->start)));
        double x;

        if (walk_position(walk, seconds, &x))
            blend(rgb, cut_out, back ? cut_out->back_rgba : cut_out->rgba, (int)lrint(x),
                  (int)lrint(walk->foot - bob));
    }
}
