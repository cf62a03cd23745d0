/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Watched memory natively:
 *   floor     the bare ioctl (bare_scan.h);
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

#include "bare_scan.h"
#include "decant/uapi_pagemap.h"
#include "decant/write_watch.h"
#include "write_watch.h"

/* Where the memory lies: low in the address space, as Windows programs have theirs. Linux' own choice, at the top,
 * has faults that are 5 % cheaper (6.18), which has nothing to do with the watch. */
#define PLACE ((void *)0x100600000)

/* <linux/userfaultfd.h>; the engine does without it. */
struct uffdio_writeprotect {
    struct decant_uffdio_range range;
    uint64_t mode;
};
#define UFFDIO_WRITEPROTECT         _IOWR(0xaa, 0x06, struct uffdio_writeprotect)
#define UFFDIO_WRITEPROTECT_MODE_WP 1

static enum { FLOOR, ENGINE, MARKERS } column;
static struct ww_region *region;
static int uffd, file = -1;

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
    if (uffd < 0 || ioctl(uffd, DECANT_UFFDIO_API, &api))
        bench_fail("userfaultfd's asynchronous write-protection does not work here");
    bare_scan_init();
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

size_t watched_get(char *memory, size_t bytes, void **found, size_t room)
{
    size_t count = room;

    if (column != ENGINE)
        return bare_scan_get(memory, bytes, found);
    if (ww_get(region, memory, bytes, true, found, &count))
        bench_fail("ww_get failed");
    return count;
}

void watched_reset(char *memory, size_t bytes)
{
    if (column != ENGINE)
        bare_scan_reset(memory, bytes);
    else if (ww_reset(region, memory, bytes))
        bench_fail("ww_reset failed");
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
