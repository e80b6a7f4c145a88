/*
 * Runs a fuzz target over the files of its corpus without libFuzzer, so that the test suite replays
 * every input that once was interesting, with any compiler.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *folder, const char *name)
{
    char path[4096];
    FILE *file;
    uint8_t *data = NULL;
    size_t size = 0;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return 1;
    }
    for (size_t got = 1; got > 0; size += got) {
        uint8_t *larger = realloc(data, size + 65536);

        if (larger == NULL) {
            abort();
        }
        data = larger;
        got = fread(data + size, 1, 65536, file);
    }
    fclose(file);

    /* A copy of exactly this size, so that a read behind its end is noticed. */
    uint8_t *exact = realloc(data, size > 0 ? size : 1);

    LLVMFuzzerTestOneInput(exact != NULL ? exact : data, size);
    free(exact);
    return 0;
}

int main(int argc, char **argv)
{
    int failed = 0;
    unsigned count = 0;

    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        const struct dirent *entry;

        if (folder == NULL) {
            perror(argv[i]);
            return 1;
        }
        while ((entry = readdir(folder)) != NULL) {
            if (entry->d_name[0] != '.') {
                failed |= replay(argv[i], entry->d_name);
                count++;
            }
        }
        closedir(folder);
    }
    printf("%u inputs\n", count);
    return failed || count == 0;
}
