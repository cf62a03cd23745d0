/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Watched memory natively:
 *   floor     the bare PAGEMAP_SCAN ioctl on the kernel's fast path, and the addresses written out;
 *   engine    Decant's engine, without the call between the halves;
 *   markers   the scheme of Wine 10.7 and later and of Proton, from its published description: page-table
 *             markers over the whole allocation (UFFD_FEATURE_WP_UNPOPULATED, UFFDIO_WRITEPROTECT), then
 *             the same ioctl.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "decant/uapi_pagemap.h"
#include "decant/write_watch.h"
#include "write_watch.h"

/* Where the memory lies: low in the address space, as Windows programs have theirs. Linux' own choice, at the top,
 * has faults that are 5 % cheaper (6.18), which has nothing to do with the watch. */
#define PLACE  ((void *)0x100600000)
#define VECTOR 512 /* the kernel's own batch; more buys nothing */

/* <linux/userfaultfd.h>; the engine does without it. */
struct uffdio_writeprotect {
    struct decant_uffdio_range range;
    uint64_t mode;
};
#define UFFDIO_WRITEPROTECT         _IOWR(0xaa, 0x06, struct uffdio_writeprotect)
#define UFFDIO_WRITEPROTECT_MODE_WP 1

static enum { FLOOR, ENGINE, MARKERS } column;
static struct ww_region *region;
static int uffd, pagemap, file = -1;

void watched_init(const char *name)
{
    static const struct ww_host host = {0};
    struct decant_uffdio_api api = {DECANT_UFFD_API, DECANT_UFFD_FEATURE_WP_ASYNC, 0};

    column = !strcmp(name, "engine") ? ENGINE : !strcmp(name, "markers") ? MARKERS : FLOOR;
    if (column == FLOOR && strcmp(name, "floor"))
        bench_fail("no column \"%s\"; there are floor, engine and markers", name);
    if (column == ENGINE) {
        if (ww_init(&host, "pagemap"))
            bench_fail("the engine's pagemap backend does not work here");
        return;
    }
    if (column == MARKERS)
        api.features |= DECANT_UFFD_FEATURE_WP_UNPOPULATED;
    uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | DECANT_UFFD_USER_MODE_ONLY);
    pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    if (uffd < 0 || pagemap < 0 || ioctl(uffd, DECANT_UFFDIO_API, &api))
        bench_fail("userfaultfd's asynchronous write-protection does not work here");
}

bool watched_is_on(void)
{
    return true;
}

char *watched_allocate(size_t bytes, bool commit)
{
    struct decant_uffdio_register arg = {0, bytes, DECANT_UFFDIO_REGISTER_MODE_WP, 0};
    char *memory = mmap(PLACE, bytes, commit ? PROT_READ | PROT_WRITE : PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED)
        return NULL;
    if (column == ENGINE)
        return ww_add(memory, bytes, &region) ? NULL : memory;
    madvise(memory, bytes, MADV_NOHUGEPAGE);
    arg.start = (uintptr_t)memory;
    if (ioctl(uffd, DECANT_UFFDIO_REGISTER, &arg))
        return NULL;
    if (column == MARKERS) {
        struct uffdio_writeprotect arm = {{arg.start, bytes}, UFFDIO_WRITEPROTECT_MODE_WP};

        if (ioctl(uffd, UFFDIO_WRITEPROTECT, &arm))
            return NULL;
    }
    return memory;
}

void watched_release(char *memory, size_t bytes)
{
    if (column == ENGINE)
        ww_remove(region);
    munmap(memory, bytes);
}

static size_t bare_get(char *memory, size_t bytes, bool reset, void **found)
{
    uint64_t start = (uintptr_t)memory, end = start + bytes;
    struct page_region vector[VECTOR];
    size_t used = 0;

    while (start < end) {
        struct pm_scan_arg arg = {
            .size = sizeof(arg), .start = start, .end = end, .vec = (uintptr_t)vector,
            .vec_len = VECTOR, .category_mask = PAGE_IS_WRITTEN, .return_mask = PAGE_IS_WRITTEN,
            .flags = PM_SCAN_CHECK_WPASYNC | (reset ? PM_SCAN_WP_MATCHING : 0)};
        int count = ioctl(pagemap, PAGEMAP_SCAN, &arg);

        if (count < 0)
            bench_fail("PAGEMAP_SCAN failed");
        for (int i = 0; i < count; i++)
            for (uint64_t page = vector[i].start; page < vector[i].end; page += BENCH_PAGE)
                found[used++] = (void *)(uintptr_t)page;
        if (count < VECTOR)
            break;
        start = arg.walk_end > vector[VECTOR - 1].end ? arg.walk_end : vector[VECTOR - 1].end;
    }
    return used;
}

size_t watched_get(char *memory, size_t bytes, bool reset, void **found, size_t room)
{
    size_t count = room;

    if (column != ENGINE)
        return bare_get(memory, bytes, reset, found);
    if (ww_get(region, memory, bytes, reset, found, &count))
        bench_fail("ww_get failed");
    return count;
}

void watched_reset(char *memory, size_t bytes)
{
    struct pm_scan_arg arg = {
        .size = sizeof(arg), .start = (uintptr_t)memory, .end = (uintptr_t)memory + bytes,
        .category_mask = PAGE_IS_WRITTEN, .return_mask = PAGE_IS_WRITTEN,
        .flags = PM_SCAN_CHECK_WPASYNC | PM_SCAN_WP_MATCHING};

    if (column == ENGINE ? ww_reset(region, memory, bytes) : ioctl(pagemap, PAGEMAP_SCAN, &arg) < 0)
        bench_fail("cannot reset");
}

void watched_open_file(size_t bytes)
{
    static const char zeros[65536];
    char path[] = "/tmp/decant-bench-XXXXXX";

    if (file >= 0)
        return;
    file = mkostemp(path, O_CLOEXEC);
    if (file < 0 || unlink(path))
        bench_fail("no temporary file");
    for (size_t at = 0; at < bytes; at += sizeof(zeros))
        if (write(file, zeros, sizeof(zeros)) != sizeof(zeros))
            bench_fail("cannot write a temporary file");
}

void watched_read_file(char *memory, size_t bytes)
{
    lseek(file, 0, SEEK_SET);
    for (size_t at = 0; at < bytes; at += 65536) {
        if (column == ENGINE)
            ww_prepare_kernel_write(region, memory + at, 65536);
        if (read(file, memory + at, 65536) != 65536)
            bench_fail("cannot read");
    }
}
