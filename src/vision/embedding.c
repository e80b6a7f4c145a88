#include "vision/embedding.h"

#include <glib.h>
#include <math.h>
#include <string.h>

float embedding_distance(const float *a, const float *b, unsigned dimension)
{
    float sum = 0;
    for (unsigned i = 0; i < dimension; i++)
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sqrtf(sum);
}

float embedding_norm(const float *a, unsigned dimension)
{
    float sum = 0;
    for (unsigned i = 0; i < dimension; i++)
        sum += a[i] * a[i];
    return sqrtf(sum);
}

void face_template_init(struct face_template *face_template, unsigned dimension)
{
    g_assert(dimension <= LIMIT_EMBEDDING_DIMENSION);
    memset(face_template, 0, sizeof(*face_template));
    face_template->dimension = dimension;
}

void face_template_add(struct face_template *face_template, const float *embedding, float quality)
{
    g_assert(face_template->dimension > 0 && quality > 0 && quality <= 1);
    for (unsigned i = 0; i < face_template->dimension; i++)
        face_template->sum[i] += (double)quality * (double)embedding[i];
    face_template->weight += (double)quality;
    face_template->best = MAX(face_template->best, (double)quality);
    face_template->count++;
}

bool face_template_mean(const struct face_template *face_template, float *mean)
{
    if (face_template->count == 0)
        return false;
    for (unsigned i = 0; i < face_template->dimension; i++)
        mean[i] = (float)(face_template->sum[i] / face_template->weight);
    return true;
}

float face_template_quality(const struct face_template *face_template)
{
    if (face_template->count == 0)
        return 0;
    /* Each further face of average quality closes a third of what is left to 1, which is how fast
     * the aggregate stops improving; a template of poor faces only never becomes a good one. */
    double average = face_template->weight / face_template->count;
    double missing = 1 - face_template->best;
    double gained = 1 - pow(1 - average / 3, (double)(face_template->count - 1));
    return (float)(face_template->best + missing * gained * face_template->best);
}
