/* Runs a fuzz target once over nothing, and over every file of the directories (or the files) given: the corpus as a test. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_BYTES = 4 * 1024 * 1024, PATH_BYTES = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "%s: cannot be read\n", path);
        return 1;
    }
    uint8_t *bytes = malloc(INPUT_BYTES);
    size_t len = bytes ? fread(bytes, 1, INPUT_BYTES, file) : 0;
    (void)fclose(file);
    /* exactly as long as the input, so that a sanitizer sees a read behind its end */
    uint8_t *exact = bytes ? realloc(bytes, len ? len : 1) : NULL;
    if (!exact) {
        free(bytes);
        return 1;
    }
    fprintf(stderr, "%s\n", path); /* the last line names the file that broke it */
    (void)LLVMFuzzerTestOneInput(exact, len);
    free(exact);
    return 0;
}

static int run_directory(const char *path, unsigned *count)
{
    DIR *directory = opendir(path);
    if (!directory) {
        *count += 1;
        return run_file(path);
    }
    int failed = 0;
    for (struct dirent *entry; (entry = readdir(directory));) {
        char file[PATH_BYTES];
        if (entry->d_name[0] == '.' || (size_t)snprintf(file, sizeof file, "%s/%s", path, entry->d_name) >= sizeof file)
            continue;
        failed |= run_file(file);
        *count += 1;
    }
    (void)closedir(directory);
    return failed;
}

int main(int argc, char **argv)
{
    static const uint8_t nothing[1] = {0};
    int failed = 0;
    unsigned count = 0;
    (void)LLVMFuzzerTestOneInput(nothing, 0);
    for (int i = 1; i < argc; i++)
        failed |= run_directory(argv[i], &count);
    printf("%u inputs\n", count);
    return failed;
}
