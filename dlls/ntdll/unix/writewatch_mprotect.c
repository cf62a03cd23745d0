/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Write watch by write-protection: clean pages are read-only, the first write faults, is noted, and the
 * page becomes writable. For kernels before 6.7 and sandboxes without userfaultfd.
 *
 * Alternating clean and dirty pages make a mapping each, and Linux has a limit (vm.max_map_count). When
 * it is reached, a whole block around the page is noted as written and opened: the report is
 * then too large, never too small, and nothing loops (stock Wine 8 and 10 do, for ever).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "writewatch.h"

#define BLOCK_PAGES 512u

static int open_nothing(void)
{
    return 0;
}

static size_t page_of(const struct ww_region *region, const void *address)
{
    return (size_t)((const char *)address - region->base) / WW_PAGE_BYTES;
}

/* The access that the host wants the page to have, and for how many pages from there on. */
static int wanted(const struct ww_region *region, size_t page, size_t *run)
{
    char *address = region->base + page * WW_PAGE_BYTES;
    size_t bytes = region->bytes - page * WW_PAGE_BYTES, rest = bytes;
    int access = PROT_READ | PROT_WRITE;

    if (ww_host && ww_host->wanted_access)
        access = ww_host->wanted_access(region, address, &bytes);
    *run = (bytes < rest ? bytes : rest) / WW_PAGE_BYTES;
    return access;
}

/* Linux joins neighbouring mappings only if their written pages hang on one anon_vma, which a mapping gets at its first
 * write; those that are split off before it would each get their own, and never be joined again. So the
 * region gets its one at the start. Failure does no harm: it may need more mappings later. */
static void give_anon_vma(struct ww_region *region)
{
    size_t run;

    if (mprotect(region->base, WW_PAGE_BYTES, PROT_READ | PROT_WRITE))
        return;
    *(volatile char *)region->base = 0;
    madvise(region->base, WW_PAGE_BYTES, MADV_DONTNEED);
    mprotect(region->base, WW_PAGE_BYTES, wanted(region, 0, &run) & ~PROT_WRITE);
}

static int add(struct ww_region *region)
{
    region->dirty = ww_new_bits(region->bytes / WW_PAGE_BYTES);
    if (!region->dirty)
        return -ENOMEM;
    give_anon_vma(region);
    return 0;
}

/* Gives [first, last) the access the host wants, less writing for clean pages. Where it wants no writing, or nothing is
 * mapped any more, there is nothing to do. */
static int apply(struct ww_region *region, size_t first, size_t last)
{
    while (first < last) {
        bool is_dirty = bit_get(region->dirty, first);
        size_t pages;
        int access = wanted(region, first, &pages);

        if (pages > last - first)
            pages = last - first;
        for (size_t i = 1; i < pages && access & PROT_WRITE; i++) {
            if (bit_get(region->dirty, first + i) != is_dirty) {
                pages = i;
                break;
            }
        }
        if (access & PROT_WRITE && mprotect(region->base + first * WW_PAGE_BYTES, pages * WW_PAGE_BYTES,
                                            is_dirty ? access : access & ~PROT_WRITE))
            return -errno;
        first += pages;
    }
    return 0;
}

/* Closes the whole region, dirty pages too (they open again at their next write): one mapping for each of the
 * host's protections, which is the fewest that there can be. */
static int close_all(struct ww_region *region)
{
    const size_t end = region->bytes / WW_PAGE_BYTES;

    for (size_t page = 0, run; page < end; page += run) {
        int access = wanted(region, page, &run);

        if (access & PROT_WRITE && mprotect(region->base + page * WW_PAGE_BYTES, run * WW_PAGE_BYTES,
                                            access & ~PROT_WRITE))
            return -errno;
    }
    return 0;
}

/* Too many mappings: the whole region is closed, which joins them. Should even that fail, the pages stay open, so
 * they must stay dirty. */
static int protect_clean(struct ww_region *region, size_t first, size_t last)
{
    int error = apply(region, first, last);

    if (error)
        error = close_all(region);
    if (error)
        for (size_t page = first; page < last; page++)
            bit_set(region->dirty, page);
    return error;
}

static int get(struct ww_region *region, char *base, size_t bytes, bool reset, void **addresses,
               size_t *count)
{
    size_t first = page_of(region, base), last = first + bytes / WW_PAGE_BYTES, used = 0;
    size_t page = first;

    while (page < last && used < *count) {
        if (!(page % 64) && !region->dirty[page / 64]) {
            page += 64;
            continue;
        }
        if (bit_get(region->dirty, page)) {
            if (reset)
                bit_clear(region->dirty, page);
            addresses[used++] = region->base + page * WW_PAGE_BYTES;
        }
        page++;
    }
    *count = used;
    /* The bits first, then the protection: a write in between hits a page that is still open, and counts as
     * one that came before the report. So it must be protected before we return: the
     * caller reads the pages afterwards. What was cleared lies between the first and the last reported. */
    if (reset && used)
        return protect_clean(region, page_of(region, addresses[0]),
                             page_of(region, addresses[used - 1]) + 1);
    return 0;
}

static int reset_range(struct ww_region *region, char *base, size_t bytes)
{
    size_t first = page_of(region, base), last = first + bytes / WW_PAGE_BYTES;

    for (size_t page = first; page < last; page++)
        bit_clear(region->dirty, page);
    return protect_clean(region, first, last);
}

static int decommit(struct ww_region *region, char *base, size_t bytes)
{
    int error = ww_drop_pages(base, bytes);

    return error ? error : reset_range(region, base, bytes);
}

const struct ww_ops ww_mprotect_ops = {
    .open = open_nothing,
    .add = add,
    .get = get,
    .reset = reset_range,
    .decommit = decommit,
};

int ww_filter_access(struct ww_region *region, void *base, size_t bytes, int access)
{
    size_t first, last;

    if (!region->dirty || !(access & PROT_WRITE))
        return access;
    /* Open only when all of it is dirty; what is dirty and closed opens at its next write. */
    first = page_of(region, base);
    last = first + bytes / WW_PAGE_BYTES;
    for (size_t page = first; page < last; page++)
        if (!bit_get(region->dirty, page))
            return access & ~PROT_WRITE;
    return access;
}

static bool is_writable(struct ww_region *region, size_t page, size_t *run)
{
    return wanted(region, page, run) & PROT_WRITE;
}

/* Notes the pages that may be written as written, and opens them. False: none may be, or they cannot be opened. */
static bool mark(struct ww_region *region, size_t first, size_t last)
{
    bool any = false;
    size_t run;

    for (size_t page = first; page < last; page += run) {
        bool writable = is_writable(region, page, &run);

        if (run > last - page)
            run = last - page;
        any |= writable;
        for (size_t i = 0; writable && i < run; i++)
            bit_set(region->dirty, page + i);
    }
    return any && !apply(region, first, last);
}

/* Too many mappings: a larger block is opened, which joins them. */
static bool mark_and_open(struct ww_region *region, size_t first, size_t last)
{
    const size_t end = region->bytes / WW_PAGE_BYTES;

    if (mark(region, first, last))
        return true;
    first -= first % BLOCK_PAGES;
    last += (BLOCK_PAGES - last % BLOCK_PAGES) % BLOCK_PAGES;
    return mark(region, first, last < end ? last : end) || mark(region, 0, end);
}

bool ww_handle_fault(struct ww_region *region, void *address)
{
    bool opened = false;
    size_t page, run;

    if (!region->dirty)
        return false;
    pthread_mutex_lock(&region->lock);
    page = page_of(region, address);
    if (is_writable(region, page, &run))
        opened = mark_and_open(region, page, page + 1);
    pthread_mutex_unlock(&region->lock);
    return opened;
}

void ww_prepare_kernel_write(struct ww_region *region, void *base, size_t bytes)
{
    char *start = base, *end = start + bytes;
    size_t page, last, run;

    if (!region->dirty || !bytes)
        return;
    if (start < region->base)
        start = region->base;
    if (end > region->base + region->bytes)
        end = region->base + region->bytes;
    if (start >= end)
        return;
    pthread_mutex_lock(&region->lock);
    last = page_of(region, end - 1) + 1;
    for (page = page_of(region, start); page < last; page += run) {
        bool writable = is_writable(region, page, &run);

        if (run > last - page)
            run = last - page;
        if (writable)
            mark_and_open(region, page, page + run);
    }
    pthread_mutex_unlock(&region->lock);
}
