/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * 20,000 mutants of real images go through the mapper: our DLLs, the conformance programs, Wine's
 * DLLs, a Windows program. None may crash it, take long, or leave a mapping behind. DECANT_TEST_IMAGES names
 * folders and files, separated by colons (tests/run.py sets it); without it there is nothing to mutate.
 * DECANT_STRESS=1: 1,000,000. `test_image_fuzz --write IMAGE NUMBER FILE` writes one mutant, for other tests
 * and for a look at a failure.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "fuzz/mutate_image.h"
#include "image.h"
#include "views.h"

#define MUTANTS        20000u
#define STRESS_MUTANTS 1000000u
#define MAX_IMAGES     40
#define MAX_BYTES      (400u * 1024) /* of a file; larger ones would only take longer */

struct sound_image {
    char *path;
    uint8_t *data;
    uint32_t bytes;
    struct mutate_map map;
};

static struct sound_image images[MAX_IMAGES];
static size_t image_count;

static bool read_image(const char *path, struct sound_image *image)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 && !fstat(fd, &info) && S_ISREG(info.st_mode) && info.st_size > 0 &&
                info.st_size <= MAX_BYTES;

    if (good) {
        image->bytes = (uint32_t)info.st_size;
        image->data = malloc(image->bytes);
        good = read(fd, image->data, image->bytes) == (ssize_t)image->bytes &&
               mutate_find(image->data, image->bytes, &image->map);
        if (good)
            image->path = strdup(path);
        else
            free(image->data);
    }
    if (fd >= 0)
        close(fd);
    return good;
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* At most 10 of a folder, spread over it, always the same. */
static void add_folder(const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, compare_names), step = count > 40 ? count / 40 : 1;
    size_t before = image_count;

    for (int i = 0; i < count; i++) {
        char full[4096];

        snprintf(full, sizeof(full), "%s/%s", path, entries[i]->d_name);
        if (i % step == 0 && image_count < MAX_IMAGES && image_count < before + 10 &&
            read_image(full, &images[image_count]))
            image_count++;
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

static void find_images(void)
{
    const char *list = getenv("DECANT_TEST_IMAGES");
    char *copy = list ? strdup(list) : NULL, *rest = copy, *path;
    struct stat info;

    while (rest && (path = strsep(&rest, ":"))) {
        if (!stat(path, &info) && S_ISDIR(info.st_mode))
            add_folder(path);
        else if (image_count < MAX_IMAGES && read_image(path, &images[image_count]))
            image_count++;
    }
    free(copy);
}

static size_t mapping_count(void)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    size_t count = 0;

    for (int c; (c = getc(maps)) != EOF;)
        count += c == '\n';
    fclose(maps);
    return count;
}

static void unmap(void *base)
{
    sigset_t signals;
    struct view *view;
    size_t bytes;

    virtual_lock(&signals);
    view = view_find(base);
    assert_non_null(view);
    bytes = view->bytes;
    view_remove(view);
    space_release(base, bytes);
    virtual_unlock(&signals);
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Maps one file; true when it was taken. Number 0 is the sound image: the very first mapping under ASan takes
 * seconds, until the search for a free place has passed its shadow memory. */
static bool map_one(int fd, uint32_t number, const char *path)
{
    double start = now();
    struct image_info info;
    size_t bytes;
    void *base;
    NTSTATUS status = image_map_fd(fd, NULL, &base, &bytes, &info);

    if (number && now() - start > 5)
        fail_msg("%s, mutant %u: took %.1f s", path, number, now() - start);
    if (status)
        return false;
    /* The header is always there. */
    assert_memory_equal(base, "MZ", 2);
    unmap(base);
    return true;
}

static void test_mutants(void **state)
{
    uint32_t total = getenv("DECANT_STRESS") ? STRESS_MUTANTS : MUTANTS, mapped = 0;
    uint8_t *mutant = malloc(MAX_BYTES);
    size_t mappings;

    (void)state;
    if (!image_count)
        skip();
    for (size_t i = 0; i < image_count; i++) { /* the sound ones first */
        int fd = open(images[i].path, O_RDONLY | O_CLOEXEC);

        if (!map_one(fd, 0, images[i].path))
            fail_msg("%s: a sound image was refused", images[i].path);
        close(fd);
    }
    mappings = mapping_count();
    for (uint32_t number = 1; number <= total; number++) {
        const struct sound_image *image = &images[number % image_count];
        int fd = memfd_create("mutant", MFD_CLOEXEC);
        uint32_t bytes;

        memcpy(mutant, image->data, image->bytes);
        bytes = mutate_image(mutant, image->bytes, &image->map, number);
        assert_int_equal(write(fd, mutant, bytes), bytes);
        mapped += map_one(fd, number, image->path);
        close(fd);
    }
    print_message("%u of %u mutants of %zu images were mapped\n", mapped, total, image_count);
    assert_true(mapped > total / 20 && mapped < total);
    /* Some slack for what the C library maps by itself. */
    assert_in_range(mapping_count(), 0, mappings + 50);
    free(mutant);
}

static int write_mutant(const char *path, const char *number, const char *target)
{
    struct sound_image image;
    FILE *out;
    uint32_t bytes;

    if (!read_image(path, &image)) {
        fprintf(stderr, "%s: no image that can be mutated\n", path);
        return 1;
    }
    bytes = mutate_image(image.data, image.bytes, &image.map, strtoull(number, NULL, 0));
    out = fopen(target, "wbe");
    if (!out || fwrite(image.data, 1, bytes, out) != bytes || fclose(out)) {
        perror(target);
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mutants),
    };

    if (argc == 5 && !strcmp(argv[1], "--write"))
        return write_mutant(argv[2], argv[3], argv[4]);
    find_images();
    if (!image_count) {
        puts("DECANT_TEST_IMAGES names no images to mutate");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
