/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Write watch on userfaultfd's asynchronous write-protection and PAGEMAP_SCAN.
 *
 * No markers are laid into page tables. A page counts as written when it is WRITTEN, not the zero page, and
 * backed by something: a page that was never touched, or was dropped, carries no state and is
 * clean, which is what Windows says of it. The price is that the exact category match leaves the
 * kernel's fast path; so a first, read-only pass on the fast path (WRITTEN alone; it also reports empty entries
 * whose page table exists) finds candidates, and only these are scanned exactly and reset. When
 * it finds many, one exact pass over all is cheaper than a call for each. Get-and-reset stays atomic per
 * page: only the exact pass resets, and it resets what it reports.
 *
 * The markers variant arms the whole range when watching starts and again after a decommit, and needs one
 * pass only.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "decant/uapi_pagemap.h"
#include "writewatch.h"

/* The kernel collects 512 regions at a time; more entries buy nothing, and with at most 512 walk_end
 * is always right. */
#define VECTOR 512

/* With more candidate runs than this, one exact pass over the rest costs less than a call for each. */
#define MANY_CANDIDATES 64

static int uffd = -1, pagemap = -1;
static bool has_markers;

static int open_both(bool markers)
{
    struct decant_uffdio_api api = {DECANT_UFFD_API,
                                    DECANT_UFFD_FEATURE_WP_ASYNC |
                                        (markers ? DECANT_UFFD_FEATURE_WP_UNPOPULATED : 0),
                                    0};
    int error;

    if (uffd >= 0)
        close(uffd);
    if (pagemap >= 0)
        close(pagemap);
    pagemap = -1;
    has_markers = markers;
    uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | DECANT_UFFD_USER_MODE_ONLY);
    if (uffd < 0)
        return -errno;
    if (!ioctl(uffd, DECANT_UFFDIO_API, &api)) {
        /* Opened early and kept: later it may not be allowed any more. */
        pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
        if (pagemap >= 0)
            return 0;
    }
    error = -errno;
    close(uffd);
    uffd = -1;
    return error;
}

static int open_pagemap(void)
{
    return open_both(false);
}

static int open_markers(void)
{
    return open_both(true);
}

static int scan(int fd, struct pm_scan_arg *arg)
{
    int result;

    arg->size = sizeof(*arg);
    arg->walk_end = 0;
    do
        result = ioctl(fd, PAGEMAP_SCAN, arg);
    while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : result;
}

/* Written, not the zero page, and backed. */
static void match_exactly(struct pm_scan_arg *arg, bool markers)
{
    arg->return_mask = PAGE_IS_WRITTEN;
    arg->category_mask = PAGE_IS_WRITTEN;
    if (markers)
        return;
    arg->category_mask |= PAGE_IS_PFNZERO;
    arg->category_inverted = PAGE_IS_PFNZERO;
    arg->category_anyof_mask = PAGE_IS_PRESENT | PAGE_IS_SWAPPED;
}

/* One exact pass over [start, end): writes addresses out, resets what it reports when told to. */
static int exact_pass(int fd, uint64_t start, uint64_t end, bool reset, bool markers,
                      void **addresses, size_t limit, size_t *used)
{
    struct page_region vector[VECTOR];

    while (start < end && *used < limit) {
        struct pm_scan_arg arg = {.start = start,
                                  .end = end,
                                  .vec = (uintptr_t)vector,
                                  .vec_len = VECTOR,
                                  .max_pages = limit - *used,
                                  .flags = PM_SCAN_CHECK_WPASYNC |
                                           (reset ? PM_SCAN_WP_MATCHING : 0)};
        int count;

        match_exactly(&arg, markers);
        count = scan(fd, &arg);
        if (count < 0)
            return count;
        for (int i = 0; i < count; i++)
            for (uint64_t page = vector[i].start; page < vector[i].end && *used < limit;
                 page += WW_PAGE_BYTES)
                addresses[(*used)++] = (void *)(uintptr_t)page;
        if (count < VECTOR)
            break; /* the walk reached the end, or the limit; walk_end may be stale */
        start = vector[count - 1].end > arg.walk_end ? vector[count - 1].end : arg.walk_end;
    }
    return 0;
}

int ww_scan(int fd, char *base, size_t bytes, bool reset, bool markers, void **addresses,
            size_t *count)
{
    struct page_region candidates[VECTOR];
    uint64_t start = (uintptr_t)base, end = start + bytes;
    size_t limit = *count, used = 0;
    int error = 0;

    *count = 0;
    if (markers) {
        error = exact_pass(fd, start, end, reset, true, addresses, limit, &used);
        *count = used;
        return error;
    }
    while (start < end && used < limit && !error) {
        struct pm_scan_arg arg = {.start = start,
                                  .end = end,
                                  .vec = (uintptr_t)candidates,
                                  .vec_len = MANY_CANDIDATES,
                                  .flags = PM_SCAN_CHECK_WPASYNC,
                                  .category_mask = PAGE_IS_WRITTEN,
                                  .return_mask = PAGE_IS_WRITTEN};
        int found = scan(fd, &arg);

        if (found < 0)
            return found;
        if (!found)
            break;
        if (found == MANY_CANDIDATES) {
            error = exact_pass(fd, candidates[0].start, end, reset, false, addresses, limit, &used);
            break;
        }
        for (int i = 0; i < found && used < limit && !error; i++)
            error = exact_pass(fd, candidates[i].start, candidates[i].end, reset, false, addresses,
                               limit, &used);
        break;
    }
    *count = used;
    return error;
}

static int reset_range(struct ww_region *region, char *base, size_t bytes)
{
    struct pm_scan_arg arg = {.start = (uintptr_t)base,
                              .end = (uintptr_t)base + bytes,
                              .flags = PM_SCAN_CHECK_WPASYNC | PM_SCAN_WP_MATCHING};
    int result;

    (void)region;
    match_exactly(&arg, has_markers);
    result = scan(pagemap, &arg);
    return result < 0 ? result : 0;
}

static int add(struct ww_region *region)
{
    struct decant_uffdio_register arg = {(uintptr_t)region->base, region->bytes,
                                         DECANT_UFFDIO_REGISTER_MODE_WP, 0};

    /* Without markers a first touch may map a whole huge page, all of it written. */
    madvise(region->base, region->bytes, MADV_NOHUGEPAGE);
    if (ioctl(uffd, DECANT_UFFDIO_REGISTER, &arg))
        return -errno;
    return has_markers ? reset_range(region, region->base, region->bytes) : 0;
}

static void remove_range(struct ww_region *region)
{
    struct decant_uffdio_range arg = {(uintptr_t)region->base, region->bytes};

    ioctl(uffd, DECANT_UFFDIO_UNREGISTER, &arg);
}

static int get(struct ww_region *region, char *base, size_t bytes, bool reset, void **addresses,
               size_t *count)
{
    (void)region;
    return ww_scan(pagemap, base, bytes, reset, has_markers, addresses, count);
}

/* Dropped pages carry no state, so they are clean by themselves; markers are laid anew. */
static void decommit(struct ww_region *region, char *base, size_t bytes)
{
    if (has_markers)
        reset_range(region, base, bytes);
}

const struct ww_ops ww_pagemap_ops = {
    .open = open_pagemap,
    .add = add,
    .remove = remove_range,
    .get = get,
    .reset = reset_range,
    .decommit = decommit,
};

const struct ww_ops ww_markers_ops = {
    .open = open_markers,
    .add = add,
    .remove = remove_range,
    .get = get,
    .reset = reset_range,
    .decommit = decommit,
};

int ww_get_remote(int pid, void *base, size_t bytes, bool reset, void **addresses, size_t *count)
{
    char path[64];
    int fd, error;

    if (ww_backend() != WW_PAGEMAP && ww_backend() != WW_MARKERS)
        return -ENOTSUP;
    snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    error = ww_scan(fd, base, bytes, reset, has_markers, addresses, count);
    close(fd);
    return error;
}
