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

uint64_t *ww_new_bits(size_t pages);

static int open_nothing(void)
{
    return 0;
}

static size_t page_of(const struct ww_region *region, const void *address)
{
    return (size_t)((const char *)address - region->base) / WW_PAGE_BYTES;
}

static int add(struct ww_region *region)
{
    region->dirty = ww_new_bits(region->bytes / WW_PAGE_BYTES);
    return region->dirty ? 0 : -ENOMEM;
}

static void remove_region(struct ww_region *region)
{
    (void)region;
}

/* Gives [first, last) the access the host wants, less writing for clean pages. */
static int apply(struct ww_region *region, size_t first, size_t last)
{
    while (first < last) {
        char *base = region->base + first * WW_PAGE_BYTES;
        size_t bytes = (last - first) * WW_PAGE_BYTES, pages;
        bool is_dirty = bit_get(region->dirty, first);
        int access = PROT_READ | PROT_WRITE;

        if (ww_host && ww_host->wanted_access)
            access = ww_host->wanted_access(base, &bytes);
        pages = bytes / WW_PAGE_BYTES;
        if (pages > last - first)
            pages = last - first;
        for (size_t i = 1; i < pages; i++) {
            if (bit_get(region->dirty, first + i) != is_dirty) {
                pages = i;
                break;
            }
        }
        if (!is_dirty)
            access &= ~PROT_WRITE;
        if (mprotect(base, pages * WW_PAGE_BYTES, access))
            return -errno;
        first += pages;
    }
    return 0;
}

static int get(struct ww_region *region, char *base, size_t bytes, bool reset, void **addresses,
               size_t *count)
{
    size_t first = page_of(region, base), last = first + bytes / WW_PAGE_BYTES, used = 0, page;

    for (page = first; page < last && used < *count; page++) {
        if (!bit_get(region->dirty, page))
            continue;
        if (reset)
            bit_clear(region->dirty, page);
        addresses[used++] = region->base + page * WW_PAGE_BYTES;
    }
    *count = used;
    /* The bits first, then the protection: a write in between hits a page that is still open and would be
     * lost, so what was cleared is protected before we return, and the caller reads the
     * pages afterwards (Windows: the report is of writes before the call). */
    if (reset && used)
        return apply(region, first, page);
    return 0;
}

static int reset_range(struct ww_region *region, char *base, size_t bytes)
{
    size_t first = page_of(region, base), last = first + bytes / WW_PAGE_BYTES;

    for (size_t page = first; page < last; page++)
        bit_clear(region->dirty, page);
    return apply(region, first, last);
}

static void decommit(struct ww_region *region, char *base, size_t bytes)
{
    size_t first = page_of(region, base), last = first + bytes / WW_PAGE_BYTES;

    for (size_t page = first; page < last; page++)
        bit_clear(region->dirty, page);
}

const struct ww_ops ww_mprotect_ops = {
    .open = open_nothing,
    .add = add,
    .remove = remove_region,
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

/* Notes the pages as written and opens them. */
static void mark(struct ww_region *region, size_t first, size_t last)
{
    for (size_t page = first; page < last; page++)
        bit_set(region->dirty, page);
    if (apply(region, first, last) != -ENOMEM)
        return;
    /* Too many mappings: open the block, which joins them. */
    first -= first % BLOCK_PAGES;
    last += (BLOCK_PAGES - last % BLOCK_PAGES) % BLOCK_PAGES;
    if (last > region->bytes / WW_PAGE_BYTES)
        last = region->bytes / WW_PAGE_BYTES;
    for (size_t page = first; page < last; page++)
        bit_set(region->dirty, page);
    if (apply(region, first, last)) {
        last = region->bytes / WW_PAGE_BYTES;
        for (size_t page = 0; page < last; page++)
            bit_set(region->dirty, page);
        apply(region, 0, last);
    }
}

bool ww_handle_fault(struct ww_region *region, void *address)
{
    size_t page;

    if (!region->dirty)
        return false;
    pthread_mutex_lock(&region->lock);
    page = page_of(region, address);
    mark(region, page, page + 1);
    pthread_mutex_unlock(&region->lock);
    return true;
}

void ww_prepare_kernel_write(struct ww_region *region, void *base, size_t bytes)
{
    char *start = base, *end = start + bytes;

    if (!region->dirty || !bytes)
        return;
    if (start < region->base)
        start = region->base;
    if (end > region->base + region->bytes)
        end = region->base + region->bytes;
    if (start >= end)
        return;
    pthread_mutex_lock(&region->lock);
    mark(region, page_of(region, start), page_of(region, end - 1) + 1);
    pthread_mutex_unlock(&region->lock);
}
