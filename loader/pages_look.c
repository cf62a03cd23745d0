/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Looking at the watched memory of another process.
 *
 * A look asks the kernel through /proc/PID/pagemap which pages are written (PAGEMAP_SCAN without its
 * resetting flag) and reads the bits that the program keeps beside the page tables. Nothing is changed. Two looks
 * give what was written in between, as far as that can be told from outside: a page that the program
 * reset and that was written again looks the same as one that was left alone, and what was written and reset
 * between two looks is not seen. How often the program reset, and how many pages it was told of, is
 * counted by the program's side.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "decant/uapi_pagemap.h"
#include "pages.h"
#include "../dlls/ntdll/unix/main.h"

#define MOST_REGIONS 4096

static decant_watched_regions_function *list_regions;

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* The command line, less the path of decant itself. */
static char *read_program(int pid)
{
    char path[64], text[1024];
    ssize_t length;
    char *start = text;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    length = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        close(fd);
    if (length <= 0)
        return format_string("process %d", pid);
    text[length] = 0;
    if (strlen(text) + 1 < (size_t)length)
        start += strlen(text) + 1;
    for (char *at = start; at < text + length - 1; at++)
        if (!*at)
            *at = ' ';
    return format_string("%s", start);
}

static int explain(int pid, int error)
{
    switch (error) {
    case -ESRCH:
    case -ENOENT:
        fail("there is no process %d", pid);
        return -ESRCH;
    case -EACCES:
    case -EPERM:
        fail("process %d belongs to somebody else, or may not be looked at", pid);
        return -EPERM;
    case -ENOEXEC:
        fail("process %d is not a program that Decant runs", pid);
        break;
    case -ENOTSUP:
        fail("process %d is run by another version of Decant", pid);
        break;
    default:
        fail("process %d: %s", pid, strerror(-error));
    }
    return error;
}

int target_open(struct target *target, const struct installation *installation, int pid)
{
    char path[64], *library;
    int error;

    *target = (struct target){.pid = pid, .pidfd = -1, .pagemap = -1};
    library = format_string("%s/ntdll.so", installation->unix_dir);
    target->library = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    free(library);
    list_regions = target->library ? (decant_watched_regions_function *)dlsym(
                                         target->library, "decant_watched_regions")
                                   : NULL;
    if (!list_regions) {
        fail("%s", dlerror());
        return -ENOENT;
    }
    target->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (target->pidfd < 0)
        return explain(pid, -errno);
    snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
    target->pagemap = open(path, O_RDONLY | O_CLOEXEC);
    if (target->pagemap < 0)
        return explain(pid, -errno);
    error = list_regions(pid, NULL, 0);
    if (error < 0)
        return explain(pid, error);
    target->program = read_program(pid);
    return 0;
}

static void free_regions(struct look *look)
{
    for (size_t i = 0; i < look->count; i++) {
        free(look->regions[i].written);
        free(look->regions[i].fresh);
        free(look->regions[i].cleared);
    }
    free(look->regions);
    look->regions = NULL;
    look->count = 0;
}

void target_close(struct target *target)
{
    free_regions(&target->look);
    free(target->program);
    if (target->pagemap >= 0)
        close(target->pagemap);
    if (target->pidfd >= 0)
        close(target->pidfd);
    if (target->library)
        dlclose(target->library);
}

static bool has_ended(const struct target *target)
{
    struct pollfd end = {target->pidfd, POLLIN, 0};

    return poll(&end, 1, 0) > 0;
}

static uint64_t *new_bits(size_t pages)
{
    uint64_t *bits = calloc((pages + 63) / 64, sizeof(*bits));

    if (!bits) {
        fail("no memory");
        exit(EXIT_CANNOT_START);
    }
    return bits;
}

/* By the page tables: written, not the zero page, and backed by something (see writewatch_pagemap.c). */
static int scan(const struct target *target, struct watched *region)
{
    uint64_t start = region->base, end = start + region->pages * PAGES_BYTES;
    struct page_region vector[512];

    while (start < end) {
        struct pm_scan_arg arg = {.size = sizeof(arg), .start = start, .end = end,
                                  .vec = (uintptr_t)vector, .vec_len = 512,
                                  .flags = PM_SCAN_CHECK_WPASYNC,
                                  .category_mask = PAGE_IS_WRITTEN | PAGE_IS_PFNZERO,
                                  .category_inverted = PAGE_IS_PFNZERO,
                                  .category_anyof_mask = PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
                                  .return_mask = PAGE_IS_WRITTEN};
        int count = ioctl(target->pagemap, PAGEMAP_SCAN, &arg);

        if (count < 0)
            return -errno;
        for (int i = 0; i < count; i++)
            for (uint64_t at = vector[i].start; at < vector[i].end; at += PAGES_BYTES) {
                size_t page = (at - region->base) / PAGES_BYTES;

                region->written[page / 64] |= 1ull << (page % 64);
            }
        if (count < 512)
            break;
        start = arg.walk_end > vector[511].end ? arg.walk_end : vector[511].end;
    }
    return 0;
}

/* By bits that the program keeps. */
static void add_bits(const struct target *target, struct watched *region, uint64_t address, size_t first)
{
    size_t words = (first + region->pages + 63) / 64 - first / 64;
    uint64_t *bits = new_bits(words * 64);
    struct iovec local = {bits, words * 8}, remote = {(void *)(address + first / 64 * 8), words * 8};

    if (process_vm_readv(target->pid, &local, 1, &remote, 1, 0) == (ssize_t)(words * 8))
        for (size_t page = 0; page < region->pages; page++)
            if (page_bit(bits, first % 64 + page))
                region->written[page / 64] |= 1ull << (page % 64);
    free(bits);
}

static const struct watched *find(const struct look *look, const struct watched *region)
{
    for (size_t i = 0; i < look->count; i++)
        if (look->regions[i].base == region->base && look->regions[i].pages == region->pages)
            return &look->regions[i];
    return NULL;
}

static void compare(struct watched *region, const struct watched *before)
{
    region->is_new = !before;
    if (before) {
        region->resets = region->all_resets - before->all_resets;
        region->reported = region->all_reported - before->all_reported;
    }
    for (size_t i = 0; i < (region->pages + 63) / 64; i++) {
        uint64_t old = before ? before->written[i] : 0, written = region->written[i];

        region->fresh[i] = written & ~old;
        region->cleared[i] = old & ~written;
        region->written_count += (size_t)__builtin_popcountll(written);
        region->fresh_count += (size_t)__builtin_popcountll(region->fresh[i]);
        region->cleared_count += (size_t)__builtin_popcountll(region->cleared[i]);
    }
}

int target_look(struct target *target)
{
    static struct decant_watched found[MOST_REGIONS];
    static double first;
    struct look look = {.number = target->look.number + 1};
    int count = list_regions(target->pid, found, MOST_REGIONS);

    if (count < 0)
        return has_ended(target) ? -ESRCH : explain(target->pid, count);
    if (count > MOST_REGIONS)
        count = MOST_REGIONS;
    if (!target->look.number)
        first = now();
    look.seconds = now() - first;
    look.regions = calloc((size_t)count + 1, sizeof(*look.regions));
    if (!look.regions)
        return explain(target->pid, -ENOMEM);
    for (int i = 0; i < count; i++) {
        struct watched *region = &look.regions[look.count];

        *region = (struct watched){.base = found[i].base, .pages = found[i].bytes / PAGES_BYTES,
                                   .all_resets = found[i].resets,
                                   .all_reported = found[i].reported};
        region->written = new_bits(region->pages);
        region->fresh = new_bits(region->pages);
        region->cleared = new_bits(region->pages);
        look.count++;
        /* The mprotect backend's memory is unknown to the kernel, and an allocation may be gone by now. */
        if (!found[i].dirty)
            (void)scan(target, region);
        else
            add_bits(target, region, found[i].dirty, found[i].first_bit);
        if (found[i].latched)
            add_bits(target, region, found[i].latched, found[i].first_bit);
        compare(region, find(&target->look, region));
    }
    if (has_ended(target)) {
        free_regions(&look);
        return -ESRCH;
    }
    free_regions(&target->look);
    target->look = look;
    return 0;
}
