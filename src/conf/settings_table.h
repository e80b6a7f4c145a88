/*
 * Every setting of the program: the one home of its name, type, range, default, unit, text, reload
 * class and secrecy. The parser, validation, --help, `customersight settings`, docs/SETTINGS.md and
 * the UI's form come from these rows.
 *
 * SETTINGS_x(X): X(section, key, TYPE, member type, default, least, most, unit, choices, RELOAD,
 * SECRET, text). A flag is --section-key, an environment variable CUSTOMERSIGHT_SECTION__KEY (with
 * _FILE appended: the name of a file that holds the value). CHOICE lists its words in `choices`,
 * separated by '|'. RELOAD: LIVE takes effect on SIGHUP, RESTART at the next start.
 */
#ifndef CONF_SETTINGS_TABLE_H
#define CONF_SETTINGS_TABLE_H

#define SETTINGS_SERVER(X)                                                                         \
    X(server, address, TEXT, char *, "127.0.0.1", 0, 255, "", "", RESTART, OPEN,                   \
      "Address to listen on. Everything but loopback needs TLS, here or at a proxy in front")      \
    X(server, port, INTEGER, int64_t, "3000", 0, 65535, "", "", RESTART, OPEN,                     \
      "Port to listen on; 0 takes a free one and prints it")                                       \
    X(server, tls, BOOLEAN, bool, "false", 0, 1, "", "", RESTART, OPEN,                            \
      "Serve HTTPS with a self-made certificate whose fingerprint is printed at start")            \
    X(server, threads, INTEGER, int64_t, "4", 1, 64, "", "", RESTART, OPEN,                        \
      "Threads for requests that block: database, passwords")                                      \
    X(server, metrics_token, TEXT, char *, "", 0, 200, "", "", RESTART, SECRET,                    \
      "Bearer token for /metrics; without one only loopback may read it")                          \
    X(server, trusted_proxies, TEXT, char *, "", 0, 1000, "", "", RESTART, OPEN,                   \
      "Addresses of proxies whose X-Forwarded-For is believed, separated by commas")

#define SETTINGS_DATA(X)                                                                           \
    X(data, directory, TEXT, char *, "data", 1, 1000, "", "", RESTART, OPEN,                       \
      "Folder that holds everything the program stores: database, pictures, keys, spool")

#define SETTINGS_LOG(X)                                                                            \
    X(log, level, CHOICE, char *, "info", 0, 0, "", "debug|info|warn|error", LIVE, OPEN,           \
      "Least level that is written")                                                               \
    X(log, format, CHOICE, char *, "auto", 0, 0, "", "auto|text|json", RESTART, OPEN,              \
      "One JSON object (ECS) or one line of text an entry; auto: text on a terminal")

#define SETTINGS_MODELS(X)                                                                         \
    X(models, directory, TEXT, char *, "", 0, 1000, "", "", RESTART, OPEN,                         \
      "Folder of the imported models; empty: beside the program")                                  \
    X(models, runtime_library, TEXT, char *, "", 0, 1000, "", "", RESTART, OPEN,                   \
      "ONNX Runtime library; empty: system library, then the one installed beside the models")

#define SETTINGS_CAPTURE(X)                                                                        \
    X(capture, executable, TEXT, char *, "", 0, 1000, "", "", RESTART, OPEN,                       \
      "The capture program; empty: beside the program")                                            \
    X(capture, allow_loopback, BOOLEAN, bool, "false", 0, 1, "", "", RESTART, OPEN,                \
      "Allow cameras on loopback addresses, for tests and simulators")                             \
    X(capture, max_blind_seconds, NUMBER, double, "2", 0, 60, "seconds", "", LIVE, OPEN,           \
      "Longest key-frame distance at which a still scene is watched by key frames only")           \
    X(capture, watch_packet_sizes, BOOLEAN, bool, "true", 0, 1, "", "", LIVE, OPEN,                \
      "Look at a still scene when packets between key frames become larger than they were")        \
    X(capture, decode_everything, BOOLEAN, bool, "false", 0, 1, "", "", LIVE, OPEN,                \
      "Decode every frame even while nothing moves")

#define SETTINGS_ANALYSIS(X)                                                                       \
    X(analysis, rate_fps, NUMBER, double, "5", 0.5, 30, "frames/s", "", LIVE, OPEN,                \
      "Frames a second that go through detection while something moves")                           \
    X(analysis, least_rate_fps, NUMBER, double, "2", 0.2, 30, "frames/s", "", LIVE, OPEN,          \
      "Floor under which load never pushes the rate")                                              \
    X(analysis, threads, INTEGER, int64_t, "0", 0, 256, "", "", RESTART, OPEN,                     \
      "Inference threads of a worker; 0: one for each processor core")

#define SETTINGS_WORKER(X)                                                                         \
    X(worker, count, INTEGER, int64_t, "1", 0, 1, "", "", RESTART, OPEN,                           \
      "Workers that serve starts itself; 0: only remote ones")                                     \
    X(worker, server_url, TEXT, char *, "", 0, 2048, "", "", RESTART, OPEN,                        \
      "URL of serve, for a remote worker")                                                         \
    X(worker, id, TEXT, char *, "", 0, 36, "", "", RESTART, OPEN,                                  \
      "Id of a remote worker, printed with its credential")                                        \
    X(worker, token, TEXT, char *, "", 0, 500, "", "", RESTART, SECRET,                            \
      "Credential of a remote worker, made by `customersight worker enrol`")

#define SETTINGS_STORAGE(X)                                                                        \
    X(storage, master_key, TEXT, char *, "", 0, 200, "", "", RESTART, SECRET,                      \
      "Master key as 64 hexadecimal digits; empty: a file in the data folder, made at first "      \
      "start")

#define SETTINGS_DEMO(X)                                                                           \
    X(demo, enabled, BOOLEAN, bool, "false", 0, 1, "", "", RESTART, OPEN,                          \
      "Add the simulated demo site: a tenant of its own with simulated cameras")                   \
    X(demo, cameras, INTEGER, int64_t, "1", 1, 8, "", "", RESTART, OPEN,                           \
      "Cameras of the demo site")                                                                  \
    X(demo, seed, INTEGER, int64_t, "1", 1, 1000000, "", "", RESTART, OPEN,                        \
      "Seed of the demo clip")                                                                     \
    X(demo, photographs, TEXT, char *, "", 0, 1000, "", "", RESTART, OPEN,                         \
      "Folder of the photographs the demo clip is made of; empty: those of the model package")

/* S(section, SECTION, title) */
#define SETTINGS_SECTIONS(S)                                                                       \
    S(server, SERVER, "Server")                                                                    \
    S(data, DATA, "Data")                                                                          \
    S(log, LOG, "Logging")                                                                         \
    S(models, MODELS, "Models")                                                                    \
    S(capture, CAPTURE, "Cameras")                                                                 \
    S(analysis, ANALYSIS, "Analysis")                                                              \
    S(worker, WORKER, "Workers")                                                                   \
    S(storage, STORAGE, "Storage")                                                                 \
    S(demo, DEMO, "Demo site")

#define SETTINGS_ALL(X)                                                                            \
    SETTINGS_SERVER(X)                                                                             \
    SETTINGS_DATA(X)                                                                               \
    SETTINGS_LOG(X)                                                                                \
    SETTINGS_MODELS(X)                                                                             \
    SETTINGS_CAPTURE(X)                                                                            \
    SETTINGS_ANALYSIS(X)                                                                           \
    SETTINGS_WORKER(X)                                                                             \
    SETTINGS_STORAGE(X)                                                                            \
    SETTINGS_DEMO(X)

#endif
