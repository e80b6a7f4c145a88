/*
 * Age, gender and expression of a described face. Estimates, never facts: each has a confidence,
 * and "unknown" is an answer. They are made only where policy allows attributes.
 */
#ifndef VISION_ATTRIBUTES_H
#define VISION_ATTRIBUTES_H

#include "vision/vision.h"

enum gender { GENDER_UNKNOWN = 0, GENDER_FEMALE, GENDER_MALE };

/* X(CODE, name): the seven expressions both nets know. */
#define EXPRESSION_LIST(X)                                                                         \
    X(NEUTRAL, "neutral")                                                                          \
    X(HAPPY, "happy")                                                                              \
    X(SAD, "sad")                                                                                  \
    X(ANGRY, "angry")                                                                              \
    X(FEARFUL, "fearful")                                                                          \
    X(DISGUSTED, "disgusted")                                                                      \
    X(SURPRISED, "surprised")

enum expression {
    EXPRESSION_UNKNOWN = 0,
#define X(code, name) EXPRESSION_##code,
    EXPRESSION_LIST(X)
#undef X
        EXPRESSION_COUNT,
};

struct face_attributes {
    float male;         /* 0–1 probability, the mean of two nets and of the mirror image */
    enum gender gender; /* UNKNOWN when the nets are not sure enough or the face is too poor */
    float age_years;    /* estimate; always set */
    bool age_known;     /* false when the two nets disagree too much or the face is too poor */
    float expressions[EXPRESSION_COUNT]; /* probabilities by code; [0] is unused */
    enum expression expression;          /* UNKNOWN below the threshold */
    float expression_confidence;
};

/* Needs FACES and ATTRIBUTES. `face` comes from vision_describe_face on the same image. */
bool vision_attributes(struct vision *vision, const struct image *image, const struct face *face,
                       struct face_attributes *attributes, GError **error);

const char *gender_name(enum gender gender);             /* "unknown", "female", "male" */
const char *expression_name(enum expression expression); /* "unknown", "neutral", … */
enum expression expression_from_name(const char *name);  /* UNKNOWN when it is none */

#endif
