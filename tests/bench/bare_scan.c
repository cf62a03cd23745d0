/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See bare_scan.h.
 */
#include <stdint.h>

#ifndef __linux__
#define _IOWR(type, number, argument)                                                               \
    ((uint32_t)(3u << 30 | sizeof(argument) << 16 | (unsigned)(type) << 8 | (number)))
#endif
#include "bare_scan.h"
#include "bench.h"
#include "decant/uapi_pagemap.h"

#define VECTOR 512 /* the kernel's own batch; more buys nothing */

/* Linux' x86-64 numbers and constants: none of its headers is there for the Windows executable. */
#define LINUX_IOCTL      16
#define LINUX_OPENAT     257
#define LINUX_AT_FDCWD   (-100)
#define LINUX_O_RDONLY   0
#define LINUX_O_CLOEXEC  02000000

static int64_t pagemap = -1;

static int64_t system_call(int64_t number, int64_t first, int64_t second, int64_t third)
{
    int64_t result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(first), "S"(second), "d"(third)
                     : "rcx", "r11", "memory");
    return result;
}

void bare_scan_init(void)
{
    pagemap = system_call(LINUX_OPENAT, LINUX_AT_FDCWD, (intptr_t)"/proc/self/pagemap",
                          LINUX_O_RDONLY | LINUX_O_CLOEXEC);
    if (pagemap < 0)
        bench_fail("cannot open /proc/self/pagemap: errno %d", (int)-pagemap);
}

static int64_t scan(struct pm_scan_arg *arg)
{
    int64_t count = system_call(LINUX_IOCTL, pagemap, (int64_t)PAGEMAP_SCAN, (intptr_t)arg);

    if (count < 0)
        bench_fail("PAGEMAP_SCAN failed: errno %d", (int)-count);
    return count;
}

size_t bare_scan_get(char *memory, size_t bytes, void **found)
{
    uint64_t start = (uintptr_t)memory, end = start + bytes;
    struct page_region vector[VECTOR];
    size_t used = 0;

    while (start < end) {
        struct pm_scan_arg arg = {
            .size = sizeof(arg), .start = start, .end = end, .vec = (uintptr_t)vector,
            .vec_len = VECTOR, .category_mask = PAGE_IS_WRITTEN, .return_mask = PAGE_IS_WRITTEN,
            .flags = PM_SCAN_CHECK_WPASYNC | PM_SCAN_WP_MATCHING};
        int64_t count = scan(&arg);

        for (int64_t i = 0; i < count; i++)
            for (uint64_t page = vector[i].start; page < vector[i].end; page += BENCH_PAGE)
                found[used++] = (void *)(uintptr_t)page;
        if (count < VECTOR)
            break;
        start = arg.walk_end > vector[VECTOR - 1].end ? arg.walk_end : vector[VECTOR - 1].end;
    }
    return used;
}

void bare_scan_reset(char *memory, size_t bytes)
{
    struct pm_scan_arg arg = {
        .size = sizeof(arg), .start = (uintptr_t)memory, .end = (uintptr_t)memory + bytes,
        .category_mask = PAGE_IS_WRITTEN, .return_mask = PAGE_IS_WRITTEN,
        .flags = PM_SCAN_CHECK_WPASYNC | PM_SCAN_WP_MATCHING};

    scan(&arg);
}
