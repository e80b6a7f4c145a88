#include "infer/catalogue.h"

#include "base/error.h"
#include "base/limits.h"
#include "infer/file_priv.h"
#include "infer/library.h"

#include <string.h>

#define FACE_API "@vladmandic/face-api"
#define HUMAN    "@vladmandic/human"

#define FACE_API_ROW                                                                               \
    .pack = "default", .kind = CATALOGUE_KIND_FACEAPI, .package = FACE_API, .version = "1.7.15",   \
    .licence = "MIT", .colour = "RGB", .range = "0-255", .normalisation = "inside the graph"
#define HUMAN_ROW                                                                                  \
    .pack = "default", .kind = CATALOGUE_KIND_GRAPH, .package = HUMAN, .version = "3.3.6",         \
    .licence = "MIT"
#define OPENCV_ROW .pack = "opencv-zoo", .kind = CATALOGUE_KIND_FILE, .package = "OpenCV Zoo"

#define OPENCV_ZOO "https://github.com/opencv/opencv_zoo/raw/main/models/"
/* One kind of output in its three sizes of cells. */
#define YUNET_OUTPUTS(kind, columns, meaning)                                                      \
    {kind "_8", TENSOR_F32, 3, {1, 6400, columns}, meaning, NULL},                                 \
        {kind "_16", TENSOR_F32, 3, {1, 1600, columns}, meaning, NULL},                            \
    {                                                                                              \
        kind "_32", TENSOR_F32, 3, {1, 400, columns}, meaning, NULL                                \
    }

#define UNKNOWN_DATA "not published with the weights"

static const struct catalogue_model models[] = {
    {
        .name = "centernet",
        HUMAN_ROW,
        .ability = ABILITY_BODIES,
        .required = true,
        .purpose = "finds people (and 79 other kinds of things)",
        .source = "models/centernet.json",
        .source_sha256 = "bfb942eaacc5becf738d536663bc4580a0ae9e560722306e6d4dd7fe4a09de05",
        .shard_sha256 = "1b635a15009071f506f9f2b3519b31c072c534888989f30d269ffd44734ef7ef",
        .onnx_sha256 = "a9eb24357d7362f64152f20ad8cb4191499c889906034bd854c7761c46588dd0",
        .training_data = "COCO classes; " UNKNOWN_DATA,
        .colour = "RGB",
        .range = "0-255",
        .normalisation = "inside the graph; letterbox: keep the aspect, zeros right and below "
                         "(stretching loses half the people)",
        .inputs =
            {{"image", TENSOR_F32, 4, {1, 512, 512, 3}, "rows, columns, RGB", "tower_0/images"}},
        .outputs = {{"detections",
                     TENSOR_F32,
                     3,
                     {1, 100, 6},
                     "100 rows of x1, y1, x2, y2 (pixels of the input), score, class (0 = person), "
                     "best first",
                     "tower_0/detections"}},
        .thresholds = {{"score", 0.35,
                        "IoU >= .5: TUD-Campus recall .736 precision .793, TUD-Stadtmitte "
                        ".800/.975, PETS09 .880/.921"},
                       {"nms_iou", 0.6, "set together with the score threshold"}},
        .measures = {{"recall", .800, "TUD-Stadtmitte, IoU .5"},
                     {"precision", .975, "TUD-Stadtmitte, IoU .5"},
                     {"recall", .736, "TUD-Campus, IoU .5"}},
    },
    {
        .name = "ssd_mobilenetv1",
        FACE_API_ROW,
        .ability = ABILITY_FACES,
        .required = true,
        .purpose = "finds faces from 16 pixels of the input on",
        .source = "model/ssd_mobilenetv1_model-weights_manifest.json",
        .source_sha256 = "888f744dffbc84f5f060d1f8427d9742341943a2dfaaf9205d10029b7e7a2955",
        .shard_sha256 = "2835640602d53718aa6ae9a42896327eaa21beefed056c218d32ca7d79e1e2f8",
        .onnx_sha256 = "be0eb492e79aca06a491710cf0a924ff409c0aa848d76bdaa0dfa5771b304bef",
        .training_data = "WIDERFACE, according to face-api.js",
        .inputs = {{"image",
                    TENSOR_F32,
                    4,
                    {1, 3, 512, 512},
                    "RGB planes, rows, columns; aspect kept, zeros right and below",
                    NULL}},
        .outputs = {{"boxes",
                     TENSOR_F32,
                     3,
                     {1, 5118, 4},
                     "decoded, not clamped: y1, x1, y2, x2 as fractions of the input's side",
                     NULL},
                    {"scores", TENSOR_F32, 2, {1, 5118}, "probability of a face, 0 to 1", NULL}},
        .thresholds = {{"score", 0.3, "70 faces in photographs: 69 found; 199 in groups: 188"},
                       {"nms_iou", 0.5, "as the source library"}},
        .measures = {{"recall", .986, "70 faces in photographs"}},
    },
    {
        .name = "tiny_face_detector",
        FACE_API_ROW,
        .ability = ABILITY_FACES,
        .required = true,
        .purpose = "finds close faces fast: from 32 pixels of the input on",
        .source = "model/tiny_face_detector_model-weights_manifest.json",
        .source_sha256 = "5d1af4849ac48d5b985f4a9b16010c512353ddd6fcc63d50fd0bc9e9e64296e5",
        .shard_sha256 = "b7503ce7df31039b1c43316a9b865cab6a70dd748cc602d3fa28b551503c3871",
        .onnx_sha256 = "44dd40e0a35f96206fc7c3f81bd09ffb7807330590a618cf66b609e7ae8216e3",
        .training_data =
            "about 14 000 images with boxes made for landmarks, according to face-api.js",
        .inputs = {{"image",
                    TENSOR_F32,
                    4,
                    {1, 3, -1, -1},
                    "RGB planes, rows, columns; sides are multiples of 32 from 128 to 800; aspect "
                    "kept, zeros right and below",
                    NULL}},
        .outputs = {{"cells",
                     TENSOR_F32,
                     4,
                     {1, 25, -1, -1},
                     "raw: 5 anchors x (tx, ty, tw, th, to) planes of side/32 rows and columns",
                     NULL}},
        .thresholds = {{"score", 0.5, "416 px: 66 of 70 faces in photographs, 97 of 199 in groups"},
                       {"nms_iou", 0.4, "as the source library"}},
        .measures = {{"recall", .943, "70 faces in photographs, 416 px"}},
    },
    {
        .name = "face_landmark_68",
        FACE_API_ROW,
        .ability = ABILITY_RECOGNITION,
        .required = true,
        .purpose = "68 points of a face",
        .source = "model/face_landmark_68_model-weights_manifest.json",
        .source_sha256 = "ca4886639f86e99b39fed0c155f81b63317225773bd9616716e887b0153389c9",
        .shard_sha256 = "4611ef65c87d836d03d684b30eec4d195d8b219fa1dd58fc58945831c6b9299b",
        .onnx_sha256 = "f9c00e13e37ec9ca097c9d8aff21570408a8b265e52792fd2e788dbed48f390e",
        .training_data = "about 35 000 face images, according to face-api.js",
        .inputs = {{"faces",
                    TENSOR_F32,
                    4,
                    {-1, 3, 112, 112},
                    "RGB planes; the detector's box, aspect kept, zeros on both short sides",
                    NULL}},
        .outputs = {{"points",
                     TENSOR_F32,
                     2,
                     {-1, 136},
                     "68 x (x, y) as fractions of the input's side, padding included",
                     NULL}},
    },
    {
        .name = "facemesh",
        HUMAN_ROW,
        .ability = ABILITY_RECOGNITION,
        .required = true,
        .purpose = "468 points of a face in space: alignment and head pose",
        .source = "models/facemesh.json",
        .source_sha256 = "b60ca26f404724f43bd2b1575761d8265180e1f053cc0731caa68462927309e7",
        .shard_sha256 = "3826da640b0a3021161605369ee6af293f75d518040355b960ec71a3390c1c0b",
        .onnx_sha256 = "279c0d821232437b61ebdc4e991ec15397e98de22e875057316f0a400f5732fb",
        .training_data = UNKNOWN_DATA,
        .colour = "RGB",
        .range = "0-1",
        .normalisation = "none; a crop rotated so that the eyes are level, 1.5 times the face",
        .inputs = {{"faces", TENSOR_F32, 4, {-1, 192, 192, 3}, "rows, columns, RGB", "input_1"}},
        .outputs =
            {{"mesh",
              TENSOR_F32,
              2,
              {-1, 1404},
              "468 x (x, y, z) in pixels of the input",
              "Identity_2"},
             {"face", TENSOR_F32, 2, {-1, 1}, "probability that a face is there", "Identity_1"}},
    },
    {
        .name = "face_recognition",
        FACE_API_ROW,
        .ability = ABILITY_RECOGNITION,
        .required = true,
        .purpose = "128 numbers that describe a face",
        .source = "model/face_recognition_model-weights_manifest.json",
        .source_sha256 = "cbaffa501b0b9275a12b63357a6843e7e30c054e1c9151e1a5f879b26e32986b",
        .shard_sha256 = "b413e420d6840b2775fba32008db6f3cddb07d485967fb42cfcf379c16a8c589",
        .onnx_sha256 = "e21a1c9dede62e7a085739f80e76c284f9a83ae61ded87118ef2d22a856cf689",
        .training_data = "about 3 million images of 7 485 people (face scrub, VGG, web), according "
                         "to dlib, whose ResNet this is",
        .inputs = {{"chips",
                    TENSOR_F32,
                    4,
                    {-1, 3, 150, 150},
                    "RGB planes; chips aligned as dlib's: 150 pixels, padding 0.25, zero outside",
                    NULL}},
        .outputs = {{"descriptors",
                     TENSOR_F32,
                     2,
                     {-1, 128},
                     "not normalised, norm about 1.43; compare with the L2 distance",
                     NULL}},
        .thresholds = {{"distance_gallery", 0.45,
                        "LFW: TAR .666 at FAR 3.8e-5 of random pairs, 5.2e-5 of the same gender"},
                       {"distance_pair", 0.55,
                        "LFW: TAR .951 at FAR 1.8e-3 of random pairs, 2.6e-3 of the same gender"}},
    },
    {
        .name = "age_gender",
        FACE_API_ROW,
        .ability = ABILITY_ATTRIBUTES,
        .required = true,
        .purpose = "age and gender as they appear",
        .source = "model/age_gender_model-weights_manifest.json",
        .source_sha256 = "74b60bf3ebf981bf4e661e9cca3a185614e10b25d797118b62e2a68d3ff2569f",
        .shard_sha256 = "49f92bbc0afef2342c4385e4a2b0acb6d7a727c6f0aa539499719a81acf9abaa",
        .onnx_sha256 = "6cb9dbf56f3d65d00d9a9695dd9c5ec369559e67462a60240e9186318e623b48",
        .training_data =
            "UTKFace, FGNET, Chalearn, Wiki, IMDB, CACD, MegaAge and others, according "
            "to face-api.js",
        .inputs = {{"faces",
                    TENSOR_F32,
                    4,
                    {-1, 3, 112, 112},
                    "RGB planes; the landmarks' box widened 10 % each side, aspect kept, zeros on "
                    "both short sides",
                    NULL}},
        .outputs = {{"age", TENSOR_F32, 2, {-1, 1}, "years", NULL},
                    {"gender", TENSOR_F32, 2, {-1, 2}, "probability of male, of female", NULL}},
    },
    {
        .name = "faceres",
        HUMAN_ROW,
        .ability = ABILITY_ATTRIBUTES,
        .required = false,
        .purpose = "gender and age as they appear, a second opinion",
        .source = "models/faceres.json",
        .source_sha256 = "5b83d49c0385d2e68a05122441b94226313677cae9fcc40b9587ad50079eb4df",
        .shard_sha256 = "2c7d2d62b76c97528b736527aa09d310ea71743c9e3e79fb6c62d4b2d73af79b",
        .onnx_sha256 = "6b0cb255fd3ea23ec768c4bdd554c59a7cbd64393fe1c664187236ca4f1b1943",
        .training_data = UNKNOWN_DATA,
        .colour = "BGR",
        .range = "0-255",
        .normalisation = "subtract (103.939, 116.779, 123.68) from B, G, R",
        .inputs = {{"faces", TENSOR_F32, 4, {-1, 224, 224, 3}, "rows, columns, BGR", "input_1"}},
        .outputs =
            {{"gender", TENSOR_F32, 2, {-1, 1}, "probability of male", "gender_pred/Sigmoid"},
             {"age",
              TENSOR_F32,
              2,
              {-1, 100},
              "probability of each age; age = sum p * (i+1)",
              "age_pred/Softmax"},
             {"descriptors",
              TENSOR_F32,
              2,
              {-1, 1024},
              "an embedding weaker than face_recognition's",
              "global_pooling/Mean"}},
    },
    {
        .name = "face_expression",
        FACE_API_ROW,
        .ability = ABILITY_EXPRESSION,
        .required = true,
        .purpose = "facial expression",
        .source = "model/face_expression_model-weights_manifest.json",
        .source_sha256 = "5b349c17c7836da506e03422cd6461c74085d8bb2713ad4114647dc5d28174c8",
        .shard_sha256 = "9a9840f2cf1f4c7eab95f197512569345c00d2426754d4608b92af30e0300f3d",
        .onnx_sha256 = "c81dede8f011712536fd740ed8e8e65bd1af94f9e66814d66eba3635732a8547",
        .training_data = "public image sets and pictures from the web, according to face-api.js",
        .inputs = {{"faces", TENSOR_F32, 4, {-1, 3, 112, 112}, "as age_gender", NULL}},
        .outputs = {{"expressions",
                     TENSOR_F32,
                     2,
                     {-1, 7},
                     "probabilities: neutral, happy, sad, angry, fearful, disgusted, surprised",
                     NULL}},
    },
    {
        .name = "emotion",
        HUMAN_ROW,
        .ability = ABILITY_EXPRESSION,
        .required = false,
        .purpose = "facial expression, a second opinion",
        .source = "models/emotion.json",
        .source_sha256 = "56f7e557eb0c863a8b9ab04ac7ccba756e93bf2c27dce135ef0e8712b80b7ad2",
        .shard_sha256 = "927ac8224f356ab1e68c2bcfbfa07b0c8567047d1bcf817388ba6e38214c4987",
        .onnx_sha256 = "2a47742c6e024040be40bb2e027287e0359e83b504cc47057e93866b6bd3b78a",
        .training_data = UNKNOWN_DATA,
        .colour = "grey",
        .range = "-1 to 1",
        .normalisation = "(grey / 255 - 0.5) * 2",
        .inputs = {{"faces", TENSOR_F32, 4, {-1, 64, 64, 1}, "rows, columns, grey", "input_1"}},
        .outputs = {{"expressions",
                     TENSOR_F32,
                     2,
                     {-1, 7},
                     "probabilities: angry, disgusted, fearful, happy, sad, surprised, neutral",
                     "Identity"}},
    },
    {
        .name = "movenet-lightning",
        HUMAN_ROW,
        .ability = ABILITY_POSE,
        .required = true,
        .purpose = "17 points of one body",
        .source = "models/movenet-lightning.json",
        .source_sha256 = "df8cbde44d00f533ccc4916a7c6ebc17316532fb3fadad114ec667fef22872e9",
        .shard_sha256 = "bf97bc10d9c8a11200b0190ed64ce039b6252f1aff7cb552aca99b3d191c2f34",
        .onnx_sha256 = "cd038da0f0a6492ba317bb39b317a5b813cfffab5d36d5c097adab862d9953f5",
        .training_data = UNKNOWN_DATA,
        .colour = "RGB",
        .range = "0-255",
        .normalisation = "inside the graph; whole numbers",
        .inputs = {{"image", TENSOR_I32, 4, {1, 192, 192, 3}, "rows, columns, RGB", "input"}},
        .outputs = {{"points",
                     TENSOR_F32,
                     4,
                     {1, 1, 17, 3},
                     "17 x (y, x, score) as fractions of the input",
                     "Identity"}},
    },
    {
        .name = "antispoof",
        HUMAN_ROW,
        .ability = ABILITY_LIVENESS,
        .required = true,
        .purpose = "whether a face is real or a picture of one; accuracy not measured",
        .source = "models/antispoof.json",
        .source_sha256 = "7fd698ae1cebabbcad79d3b8b448587b0365eb7911987418231bdcf36583112a",
        .shard_sha256 = "4490fecb2becdb6869edc7e60f5e59962be013a8def8719b1373afb0f905c094",
        .onnx_sha256 = "31548e9d0e4584243a3abed62566dba5306c7a2a451efaa17dd152125868cb59",
        .training_data = UNKNOWN_DATA,
        .colour = "RGB",
        .range = "0-1",
        .normalisation = "none",
        .inputs =
            {{"faces", TENSOR_F32, 4, {-1, 128, 128, 3}, "rows, columns, RGB", "conv2d_input"}},
        .outputs = {{"real", TENSOR_F32, 2, {-1, 1}, "0 to 1, higher is more real", "Identity"}},
    },
    {
        .name = "liveness",
        HUMAN_ROW,
        .ability = ABILITY_LIVENESS,
        .required = true,
        .purpose = "whether a face is alive; accuracy not measured",
        .source = "models/liveness.json",
        .source_sha256 = "9e51c8acf83b80abbf329b2735309ab5c90611c66905ade8b1bd130d473df9c8",
        .shard_sha256 = "fc6a6b6b3b9721bdb8bff67a457a15b7cbfd81715cfb27f3e65b757e81dd663e",
        .onnx_sha256 = "2a2d19d47681334c2a9b3c1df054eea53bb77b80a842eb32a1ed643c4fdc45fa",
        .training_data = UNKNOWN_DATA,
        .colour = "RGB",
        .range = "0-1",
        .normalisation = "none",
        .inputs =
            {{"faces", TENSOR_F32, 4, {-1, 32, 32, 3}, "rows, columns, RGB", "conv2d_1_input"}},
        .outputs =
            {{"live", TENSOR_F32, 2, {-1, 2}, "probabilities of the two classes", "Identity"}},
    },
    {
        .name = "blazeface",
        HUMAN_ROW,
        .ability = ABILITY_FACES,
        .required = false,
        .purpose = "finds close faces with six points each",
        .source = "models/blazeface.json",
        .source_sha256 = "cd7bbfc078270572beb39f9e5ae67aadbd50b5e67cff37e6d4f6b3ea39312e5f",
        .shard_sha256 = "dc9a97fdc50bc43216554bdd69aa3e7b9361a519ee7bdd996a2f69a98a6f9b72",
        .onnx_sha256 = "1be77f6d1484f615e3dcdb82a37ef9637063f14bf42a6a635762fc2c6f7d9202",
        .training_data = UNKNOWN_DATA,
        .colour = "RGB",
        .range = "-1 to 1",
        .normalisation = "x / 127.5 - 1",
        .inputs = {{"image", TENSOR_F32, 4, {1, 256, 256, 3}, "rows, columns, RGB", "input"}},
        .outputs =
            {{"scores_fine", TENSOR_F32, 3, {1, 512, 1}, "logits, 16 x 16 cells x 2", "Identity"},
             {"scores_coarse", TENSOR_F32, 3, {1, 384, 1}, "logits, 8 x 8 cells x 6", "Identity_1"},
             {"boxes_fine",
              TENSOR_F32,
              3,
              {1, 512, 16},
              "x, y, w, h and 6 points (x, y) in pixels, relative to the cell's centre",
              "Identity_2"},
             {"boxes_coarse", TENSOR_F32, 3, {1, 384, 16}, "as boxes_fine", "Identity_3"}},
    },
    {
        .name = "yunet",
        OPENCV_ROW,
        .ability = ABILITY_FACES,
        .required = false,
        .purpose = "finds faces with five points each",
        .version = "2023mar",
        .onnx_sha256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
        .url = OPENCV_ZOO "face_detection_yunet/face_detection_yunet_2023mar.onnx",
        .bytes = 232589,
        .licence = "MIT",
        .training_data = "WIDERFACE, according to its authors",
        .colour = "BGR",
        .range = "0-255",
        .normalisation = "none",
        .inputs = {{"input", TENSOR_F32, 4, {1, 3, 640, 640}, "BGR planes, rows, columns", NULL}},
        .outputs = {YUNET_OUTPUTS("cls", 1, "probability of the class, cells of 8, 16, 32 pixels"),
                    YUNET_OUTPUTS("obj", 1, "probability of a face"),
                    YUNET_OUTPUTS("bbox", 4, "dx, dy, log w, log h in cells"),
                    YUNET_OUTPUTS("kps", 10, "5 x (dx, dy) in cells")},
        .thresholds = {{"score", 0.6, "as its authors; not measured here"},
                       {"nms_iou", 0.3, "as its authors"}},
    },
    {
        .name = "sface",
        OPENCV_ROW,
        .ability = ABILITY_RECOGNITION,
        .required = false,
        .purpose = "128 numbers that describe a face; far better than the default on Asian faces "
                   "(TAR .998 against .79 at FAR 0.1 %)",
        .version = "2021dec",
        .onnx_sha256 = "0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79",
        .url = OPENCV_ZOO "face_recognition_sface/face_recognition_sface_2021dec.onnx",
        .bytes = 38696353,
        .licence = "Apache-2.0",
        .training_data = UNKNOWN_DATA,
        .colour = "RGB",
        .range = "0-255",
        .normalisation = "inside the graph; aligned to 5 points, 112 pixels",
        .inputs = {{"data", TENSOR_F32, 4, {1, 3, 112, 112}, "RGB planes", NULL}},
        .outputs = {{"fc1",
                     TENSOR_F32,
                     2,
                     {1, 128},
                     "compare with the cosine or L2 distance of normalised vectors",
                     NULL}},
        .thresholds = {{"cosine", 0.363, "as its authors; not measured here"}},
    },
    {
        .name = "fer-mobilefacenet",
        OPENCV_ROW,
        .ability = ABILITY_EXPRESSION,
        .required = false,
        .purpose = "facial expression",
        .version = "2022july",
        .onnx_sha256 = "4f61307602fc089ce20488a31d4e4614e3c9753a7d6c41578c854858b183e1a9",
        .url = OPENCV_ZOO "facial_expression_recognition/"
                          "facial_expression_recognition_mobilefacenet_2022july.onnx",
        .bytes = 4791892,
        .licence = "Apache-2.0",
        .training_data = UNKNOWN_DATA,
        .colour = "RGB",
        .range = "-1 to 1",
        .normalisation = "(x / 255 - 0.5) / 0.5; aligned to 5 points, 112 pixels",
        .inputs = {{"data", TENSOR_F32, 4, {1, 3, 112, 112}, "RGB planes", NULL}},
        .outputs = {{"label",
                     TENSOR_F32,
                     2,
                     {1, 7},
                     "scores: angry, disgusted, fearful, happy, neutral, sad, surprised",
                     NULL}},
    },
};

static const struct {
    const char *name;
    const char *loss;
} abilities[] = {[ABILITY_NONE] = {"none", "nothing"},
#define X(code, name, loss) [ABILITY_##code] = {name, loss},
                 ABILITY_LIST(X)
#undef X
};

bool catalogue_is_needed(const struct catalogue_model *model, bool recognition)
{
    if (model == NULL || !model->required)
        return false;
    return model->ability == ABILITY_BODIES ||
           (recognition &&
            (model->ability == ABILITY_FACES || model->ability == ABILITY_RECOGNITION));
}

const char *ability_name(enum ability ability)
{
    return abilities[ability].name;
}

const char *ability_loss(enum ability ability)
{
    return abilities[ability].loss;
}

const struct catalogue_model *catalogue_models(size_t *count)
{
    *count = G_N_ELEMENTS(models);
    return models;
}

const struct catalogue_model *catalogue_find(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(models); i++) {
        if (strcmp(models[i].name, name) == 0) {
            return &models[i];
        }
    }
    return NULL;
}
