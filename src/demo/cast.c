#include "demo/cast.h"

#include <glib.h>

/* Measured by eye on the photographs, to about 10 pixels. */
static const struct cast_member members[] = {
    {"sample6.jpg", {118, 353, 674, 1537}, {369, 627}, 235},
    {"sample6.jpg", {604, 196, 1027, 1537}, {750, 478}, 235},
    {"sample6.jpg", {1404, 141, 1804, 1537}, {1592, 384}, 251},
    {"sample3.jpg", {219, 234, 949, 1349}, {686, 460}, 248},
    {"sample3.jpg", {913, 131, 1438, 1314}, {1175, 358}, 248},
    {"sample5.jpg", {1379, 261, 1848, 1386}, {1498, 537}, 239},
    {"sample1.jpg", {286, 207, 785, 1270}, {500, 471}, 243},
    {"sample4.jpg", {1240, 91, 1628, 1369}, {1346, 266}, 228},
    {"sample4.jpg", {61, 84, 609, 974}, {342, 327}, 213},
};

G_STATIC_ASSERT(G_N_ELEMENTS(members) == CAST_MEMBERS);

const struct cast_member *cast_member(size_t index)
{
    g_assert(index < CAST_MEMBERS);
    return &members[index];
}
