/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeds files, and all files below folders, to a fuzz target: for builds without libFuzzer.
 * --only NAME leaves out all files of other names in the folders that follow.
 */
#include "fuzz/fuzz.h"

#include <ftw.h>
#include <string.h>
#include <sys/stat.h>

#define DESCRIPTORS_MAX 16

/* nftw() has no argument for its caller. */
static unsigned long replayed;
static const char *only;

static int replay_file(const char *path, const struct stat *status, int type, struct FTW *where)
{
    if (type != FTW_F || (only != NULL && strcmp(path + where->base, only) != 0)) {
        return 0;
    }
    size_t size = (size_t)status->st_size;
    uint8_t *data = malloc(size + 1);
    FILE *file = fopen(path, "rb");
    FUZZ_CHECK(data != NULL && file != NULL);
    FUZZ_CHECK(fread(data, 1, size, file) == size);
    fprintf(stderr, "%s\n", path);
    LLVMFuzzerTestOneInput(data, size);
    fclose(file);
    free(data);
    replayed++;
    return 0;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--only") == 0 && i + 1 < argc) {
            only = argv[++i];
            continue;
        }
        if (nftw(argv[i], replay_file, DESCRIPTORS_MAX, FTW_PHYS) != 0) {
            perror(argv[i]);
            return EXIT_FAILURE;
        }
    }
    printf("%lu inputs replayed\n", replayed);
    return replayed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
