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
 * Where memory is in use, even that is spared. A stretch of 2 MiB (one page table) in which some page was
 * found written is made "solid": its few empty entries and zero pages are armed, each atomically and only
 * while it is still empty. From then on every entry is armed or a real page, so WRITTEN alone is
 * exact there, and one pass on the fast path reports and resets: the bare ioctl. Entries
 * become empty again only by a decommit, which drops the pages under the region's lock and forgets that the
 * stretch was solid. Should that knowledge be stale all the same, a page is reported that was not
 * written; never the other way round.
 *
 * The markers variant arms the whole range when watching starts and again after a decommit, and needs one
 * pass only.
 */
#include <errno.h>
#include <fcntl.h>
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

/* What one page table maps. */
#define STRETCH ((uint64_t)2 << 20)

/* Empty entries that are armed at a time to make a stretch solid. A sparse one thus takes a few scans: a first
 * touch of an armed entry costs more, so it is done where memory is in use. */
#define ARM_PAGES 128

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

static int scan(struct pm_scan_arg *arg)
{
    int result;

    arg->size = sizeof(*arg);
    arg->walk_end = 0;
    do
        result = ioctl(pagemap, PAGEMAP_SCAN, arg);
    while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : result;
}

/* Which pages a pass reports. */
enum pages {
    PAGES_WRITTEN,      /* WRITTEN alone: the kernel's fast path */
    PAGES_EXACT,        /* written, not the zero page, and backed */
    PAGES_EMPTY,        /* not armed and never touched (or dropped) */
    PAGES_ZERO,         /* not armed and only read so far */
};

static void match(struct pm_scan_arg *arg, enum pages pages)
{
    arg->return_mask = PAGE_IS_WRITTEN;
    arg->category_mask = PAGE_IS_WRITTEN;
    switch (pages) {
    case PAGES_WRITTEN:
        break;
    case PAGES_EXACT:
        arg->category_mask |= PAGE_IS_PFNZERO;
        arg->category_inverted = PAGE_IS_PFNZERO;
        arg->category_anyof_mask = PAGE_IS_PRESENT | PAGE_IS_SWAPPED;
        break;
    case PAGES_EMPTY:
        arg->category_mask |= PAGE_IS_PRESENT | PAGE_IS_SWAPPED;
        arg->category_inverted = PAGE_IS_PRESENT | PAGE_IS_SWAPPED;
        break;
    case PAGES_ZERO:
        arg->category_mask |= PAGE_IS_PFNZERO;
        break;
    }
}

/* How many regions there can be, and one more, so that a full vector is never also the end. The kernel
 * allocates as much for each call: what one small range needs comes out of a slab, 512 entries (12 KiB) take whole
 * pages, a quarter of what a scan of 1 MiB costs. */
static unsigned vector_length(uint64_t start, uint64_t end)
{
    uint64_t most = (end - start) / WW_PAGE_BYTES / 2 + 2;

    return most < VECTOR ? (unsigned)most : VECTOR;
}

/* One pass over [start, end): writes addresses out, resets what it reports when told to. */
static int pass(uint64_t start, uint64_t end, bool reset, enum pages pages, void **addresses,
                size_t limit, size_t *used)
{
    struct page_region vector[VECTOR];

    while (start < end && *used < limit) {
        struct pm_scan_arg arg = {.start = start,
                                  .end = end,
                                  .vec = (uintptr_t)vector,
                                  .vec_len = vector_length(start, end),
                                  .max_pages = limit - *used,
                                  .flags = PM_SCAN_CHECK_WPASYNC |
                                           (reset ? PM_SCAN_WP_MATCHING : 0)};
        void **out = addresses + *used;
        int count;

        match(&arg, pages);
        count = scan(&arg);
        if (count < 0)
            return count;
        for (int i = 0; i < count; i++)
            for (uint64_t page = vector[i].start; page < vector[i].end; page += WW_PAGE_BYTES)
                *out++ = (void *)(uintptr_t)page;
        *used = (size_t)(out - addresses); /* max_pages keeps it within the limit */
        if ((unsigned)count < arg.vec_len)
            break; /* the walk reached the end, or the limit; walk_end may be stale */
        start = vector[count - 1].end > arg.walk_end ? vector[count - 1].end : arg.walk_end;
    }
    return 0;
}

/* The two-step scan. */
static int careful_scan(uint64_t start, uint64_t end, bool reset, void **addresses, size_t limit,
                        size_t *used)
{
    struct page_region candidates[MANY_CANDIDATES];
    struct pm_scan_arg arg = {.start = start,
                              .end = end,
                              .vec = (uintptr_t)candidates,
                              .vec_len = MANY_CANDIDATES,
                              .flags = PM_SCAN_CHECK_WPASYNC};
    int found, error = 0;

    match(&arg, PAGES_WRITTEN);
    found = scan(&arg);
    if (found < 0)
        return found;
    if (found == MANY_CANDIDATES)
        return pass(candidates[0].start, end, reset, PAGES_EXACT, addresses, limit, used);
    for (int i = 0; i < found && *used < limit && !error; i++)
        error = pass(candidates[i].start, candidates[i].end, reset, PAGES_EXACT, addresses, limit,
                     used);
    return error;
}

/* --- Solid stretches. Stretches are numbered from the one that holds the region's first page. --- */

static size_t stretch_of(const struct ww_region *region, uint64_t address)
{
    return (size_t)(address / STRETCH - (uintptr_t)region->base / STRETCH);
}

static size_t stretch_count(const struct ww_region *region)
{
    return stretch_of(region, (uintptr_t)region->base + region->bytes - 1) + 1;
}

/* Arms what is empty, then what is the zero page: an entry that turns from the first into the second in
 * between is found by the second pass. A page that is written in the meantime matches neither. The
 * stretch has a page table, since a page in it was found written; without one, arming would not stick. */
static void make_solid(struct ww_region *region, size_t stretch)
{
    static const enum pages kinds[] = {PAGES_EMPTY, PAGES_ZERO};
    uint64_t low = (uintptr_t)region->base, high = low + region->bytes;
    uint64_t start = ((uintptr_t)region->base / STRETCH + stretch) * STRETCH, end = start + STRETCH;
    void *pages[ARM_PAGES];

    if (!region->solid)
        region->solid = ww_new_bits(stretch_count(region));
    if (!region->solid || bit_get(region->solid, stretch))
        return;
    if (start < low)
        start = low;
    if (end > high)
        end = high;
    for (size_t i = 0; i < 2; i++) {
        size_t used = 0;

        if (pass(start, end, true, kinds[i], pages, ARM_PAGES, &used) || used == ARM_PAGES)
            return; /* not all of them: at the next scan */
    }
    bit_set(region->solid, stretch);
}

static int get(struct ww_region *region, char *base, size_t bytes, bool reset, void **addresses,
               size_t *count)
{
    uint64_t at = (uintptr_t)base, end = at + bytes;
    size_t limit = *count, used = 0;
    int error = 0;

    if (has_markers) {
        error = pass(at, end, reset, PAGES_WRITTEN, addresses, limit, &used);
        *count = used;
        return error;
    }
    while (at < end && used < limit && !error) {
        size_t stretch = stretch_of(region, at), next = stretch + 1, first = used;
        size_t last = stretch_of(region, end - 1) + 1;
        bool is_solid = region->solid && bit_get(region->solid, stretch);
        uint64_t stop;

        while (next < last && is_solid == (region->solid && bit_get(region->solid, next)))
            next++;
        stop = ((uintptr_t)region->base / STRETCH + next) * STRETCH;
        if (stop > end)
            stop = end;
        if (is_solid) {
            error = pass(at, stop, reset, PAGES_WRITTEN, addresses, limit, &used);
        } else {
            error = careful_scan(at, stop, reset, addresses, limit, &used);
            for (size_t i = first; i < used && !error; i++) {
                size_t found = stretch_of(region, (uintptr_t)addresses[i]);

                if (i == first || found != stretch)
                    make_solid(region, found);
                stretch = found;
            }
        }
        at = stop;
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
    /* Without a vector the kernel arms whatever has a page table, matching or not. */
    match(&arg, has_markers ? PAGES_WRITTEN : PAGES_EXACT);
    result = scan(&arg);
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

/* Dropped pages carry no state, so they are clean by themselves; markers are laid anew. */
static int decommit(struct ww_region *region, char *base, size_t bytes)
{
    int error;

    if (region->solid)
        for (size_t i = stretch_of(region, (uintptr_t)base);
             i <= stretch_of(region, (uintptr_t)base + bytes - 1); i++)
            bit_clear(region->solid, i);
    error = ww_drop_pages(base, bytes);
    if (error)
        return error;
    return has_markers ? reset_range(region, base, bytes) : 0;
}

const struct ww_ops ww_pagemap_ops = {
    .open = open_pagemap,
    .add = add,
    .get = get,
    .reset = reset_range,
    .decommit = decommit,
};

const struct ww_ops ww_markers_ops = {
    .open = open_markers,
    .add = add,
    .get = get,
    .reset = reset_range,
    .decommit = decommit,
};
