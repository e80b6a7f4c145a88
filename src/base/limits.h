/*
 * Every growable or client-controlled amount has its maximum here, with the reason. A module that
 * meets one answers with an error or counts a drop; it never grows past it.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

/* People per picture: centernet returns at most 100 boxes. */
#define LIMIT_DETECTIONS_PER_FRAME 100
/* Live tracks per camera: twice the detections, so that occluded ones survive. */
#define LIMIT_TRACKS_PER_CAMERA 200
/* Tracks named as coexisting with one track; a longer list would only repeat the crowd. */
#define LIMIT_COEXISTS 256
/* Points of a track's trail: one per second for an hour and more, then thinned to every second one.
 */
#define LIMIT_TRAIL_POINTS 4096
/* Lines and zones drawn on one camera: what a person can still tell apart on a picture. */
#define LIMIT_LINES_PER_CAMERA 8
/* Elements of an embedding: the largest pack we know has 1024. */
#define LIMIT_EMBEDDING_DIMENSION 1024
/* Bytes of one best face crop as JPEG: 512 x 512 at quality 90 stays under it. */
#define LIMIT_FACE_PICTURE_BYTES (512 * 1024)
/* Bytes of one event on the wire: header, embedding and one picture with room. */
#define LIMIT_EVENT_BYTES (1024 * 1024)
/* Events and bytes in one batch: a transaction that stays well under a second on an SD card. */
#define LIMIT_BATCH_EVENTS 256
#define LIMIT_BATCH_BYTES  (8 * 1024 * 1024)
/* Bytes of a CSV file of `eval`: a million pairs of long paths. */
#define LIMIT_CSV_BYTES (256 * 1024 * 1024)
/* Pixels of an uploaded picture and of a frame (quality.md: 25 Mpx). */
#define LIMIT_PICTURE_PIXELS (25 * 1000 * 1000)
/* Bytes of an upload (quality.md: 10 MB). */
#define LIMIT_UPLOAD_BYTES (10 * 1000 * 1000)
/* Bytes of a JSON request body. */
#define LIMIT_REQUEST_JSON_BYTES (1024 * 1024)
/* Bytes of a camera's still: 25 Mpx at quality 75 stay under it. */
#define LIMIT_STILL_BYTES (8 * 1024 * 1024)
/* Connections of one listener, and of one address: more than the streams, so that requests still
 * get through when all streams are open. */
#define LIMIT_CONNECTIONS             2048
#define LIMIT_CONNECTIONS_PER_ADDRESS 1536
/* With so many open, the one that takes longest over its request or answer makes room for each new
 * one: whoever keeps connections open without finishing cannot keep others out. */
#define LIMIT_CONNECTIONS_CROWDED (LIMIT_CONNECTIONS - 256)
/* Requests that wait for a handler thread; more are answered 503 at once. */
#define LIMIT_WAITING_REQUESTS 512
/* Requests that are parked for a later answer (long polls, stills). */
#define LIMIT_PARKED_REQUESTS 1024
/* Bytes of a request body that needs no place among the large ones: as many as connections can be,
 * they fit in LIMIT_BODIES_BYTES, so that nobody's large ones keep a login out. */
#define LIMIT_SMALL_BODY_BYTES (64 * 1024)
/* Bytes of all larger bodies that are being received or handled, and of those of one address. Our
 * own children, which come over a UNIX socket, are not counted. */
#define LIMIT_BODIES_BYTES            (128 * 1024 * 1024)
#define LIMIT_BODIES_OF_ADDRESS_BYTES (32 * 1024 * 1024)
/* Headers of one request and the buffer of its answer. */
#define LIMIT_CONNECTION_MEMORY_BYTES (32 * 1024)
/* Bytes queued for one SSE client: a minute of a busy feed. */
#define LIMIT_FEED_QUEUE_BYTES (256 * 1024)
/* Cameras whose state, boxes and stills serve keeps in memory. */
#define LIMIT_BOARD_CAMERAS 4096
/* Rows of one page of a list. */
#define LIMIT_PAGE_ROWS 200
/* Prepared statements of one connection: the program has some 250 texts, lists with every mix of
 * their filters counted in. */
#define LIMIT_STATEMENTS 400
/* Length of any name a person types, in bytes of UTF-8. */
#define LIMIT_NAME_BYTES 200
/* Length of an input URL. */
#define LIMIT_URL_BYTES 2048
/* Cameras of one tenant until quotas exist. */
#define LIMIT_CAMERAS 1024
/* Vectors in one gallery: 1M is what the scan is measured for, twice that still fits memory. */
#define LIMIT_GALLERY_VECTORS 2000000
/* Embeddings kept per person: what aggregation gains is gone by then. */
#define LIMIT_EMBEDDINGS_PER_PERSON 10
/* Bytes a spool may hold before the oldest volatile parts (pictures) are dropped and counted. */
#define LIMIT_SPOOL_BYTES (512LL * 1024 * 1024)
/* Items the event feed replays before it says `reset`. */
#define LIMIT_FEED_REPLAY 10000
/* Open SSE and live streams per server (quality.md: 1 000 SSE clients). */
#define LIMIT_OPEN_STREAMS 1200
/* Bytes of a model card: the longest of ours is under 8 KiB. */
#define LIMIT_CARD_BYTES (64 * 1024)
/* Bytes of one ONNX file or of a file it is made from: the largest of ours is 26 MB. */
#define LIMIT_MODEL_BYTES (256LL * 1024 * 1024)
/* Inputs or outputs of one net; the nets we know have at most 12 (YuNet). */
#define LIMIT_MODEL_TENSORS 32
/* Thresholds and source files named by one card. */
#define LIMIT_CARD_ROWS 32
/* Nodes and weights of a graph that the importer reads: the largest of ours has 544. */
#define LIMIT_GRAPH_NODES 20000

#endif
