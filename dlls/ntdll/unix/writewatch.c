/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The write-watch engine: choice of the backend, regions, latched pages.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "writewatch.h"

/* Pages that are looked at together where latched and scanned ones are merged. */
#define WINDOW_PAGES 512

const struct ww_host *ww_host;

static const struct ww_ops *ops;
static enum ww_backend backend;
static char reason[128];

static const char *const backend_names[] = {"none", "pagemap", "markers", "mprotect"};
static const struct ww_ops *const all_ops[] = {NULL, &ww_pagemap_ops, &ww_markers_ops,
                                               &ww_mprotect_ops};

const char *ww_backend_name(enum ww_backend which)
{
    return backend_names[which];
}

enum ww_backend ww_backend(void)
{
    return backend;
}

const char *ww_backend_reason(void)
{
    return reason;
}

/* A few pages through their life: what a backend gets wrong here it is not used for. 0 or -EILSEQ. */
static int self_test(void)
{
    const size_t bytes = 4 * WW_PAGE_BYTES;
    struct ww_region *region = NULL;
    void *pages[4];
    size_t count = 4;
    volatile char *memory;
    int error;

    memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return -errno;
    error = ww_add((void *)memory, bytes, &region);
    if (error) {
        munmap((void *)memory, bytes);
        return error;
    }
    error = -EILSEQ;
    (void)memory[0]; /* a read is no write */
    if (ww_get(region, (void *)memory, bytes, false, pages, &count) || count)
        goto done;
    memory[WW_PAGE_BYTES] = 1;
    memory[3 * WW_PAGE_BYTES] = 0; /* a write of the same value is one */
    count = 1;
    if (ww_get(region, (void *)memory, bytes, true, pages, &count) || count != 1 ||
        pages[0] != (void *)(memory + WW_PAGE_BYTES))
        goto done;
    count = 4;
    if (ww_get(region, (void *)memory, bytes, true, pages, &count) || count != 1 ||
        pages[0] != (void *)(memory + 3 * WW_PAGE_BYTES))
        goto done;
    memory[0] = 1;
    memory[WW_PAGE_BYTES] = 2;
    if (ww_decommit(region, (void *)memory, bytes))
        goto done;
    count = 4;
    if (ww_get(region, (void *)memory, bytes, false, pages, &count) || count)
        goto done;
    error = 0;
done:
    if (region->failure)
        error = -region->failure;
    ww_remove(region);
    munmap((void *)memory, bytes);
    return error;
}

static int try_backend(enum ww_backend which)
{
    int error;

    ops = all_ops[which];
    error = ops->open();
    /* The mprotect backend is tested by faults, for which no handler may be there yet. */
    if (!error && which != WW_MPROTECT)
        error = self_test();
    if (!error) {
        backend = which;
        return 0;
    }
    if (!reason[0])
        snprintf(reason, sizeof(reason), "%s: %s", backend_names[which],
                 error == -EILSEQ ? "the self-test failed" : strerror(-error));
    ops = NULL;
    return error;
}

int ww_init(const struct ww_host *host, const char *wanted)
{
    bool is_named = wanted && *wanted;
    int error = is_named ? -EINVAL : -ENOTSUP;

    ww_host = NULL; /* what the self-test meets is no news */
    reason[0] = 0;
    for (int which = WW_PAGEMAP; which <= WW_MPROTECT && error; which++)
        if (!is_named || !strcmp(wanted, backend_names[which]))
            error = try_backend(which) ? -ENOTSUP : 0;
    ww_host = host;
    return error;
}

/* --- Regions --- */

static size_t page_count(size_t bytes)
{
    return bytes / WW_PAGE_BYTES;
}

uint64_t *ww_new_bits(size_t pages)
{
    /* Mapped and not allocated: most of a big reserve's bits are never touched. */
    void *bits = mmap(NULL, (pages + 63) / 64 * 8, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return bits == MAP_FAILED ? NULL : bits;
}

void ww_free_bits(uint64_t *bits, size_t pages)
{
    if (bits)
        munmap(bits, (pages + 63) / 64 * 8);
}

int ww_add(void *base, size_t bytes, struct ww_region **out)
{
    struct ww_region *region = calloc(1, sizeof(*region));
    int error;

    if (!region)
        return -ENOMEM;
    region->base = base;
    region->bytes = bytes;
    region->ops = ops;
    pthread_mutex_init(&region->lock, NULL);
    error = ops ? ops->add(region) : -ENOTSUP;
    if (error) {
        pthread_mutex_destroy(&region->lock);
        free(region);
        return error;
    }
    *out = region;
    return 0;
}

void ww_remove(struct ww_region *region)
{
    /* The kernel forgets the range when it is unmapped. To unregister it here would also end the watch of
     * others that were given a part of it which had been released before. */
    ww_free_bits(region->latched, page_count(region->bytes));
    ww_free_bits(region->dirty, page_count(region->bytes));
    /* A region that begins and ends inside page tables has parts of two more. */
    ww_free_bits(region->solid, region->bytes / ((size_t)2 << 20) + 2);
    pthread_mutex_destroy(&region->lock);
    free(region);
}

static void report_all(char *base, size_t bytes, void **addresses, size_t *count)
{
    size_t pages = page_count(bytes);

    if (pages < *count)
        *count = pages;
    for (size_t i = 0; i < *count; i++)
        addresses[i] = base + i * WW_PAGE_BYTES;
}

/* Pages in the window (no more of them than fit) that are latched or reported by the backend. */
static int merge_window(struct ww_region *region, size_t first, size_t last, bool reset,
                        void **addresses, size_t *used)
{
    void *scanned[WINDOW_PAGES];
    size_t count = last - first, next = 0;
    int error = region->ops->get(region, region->base + first * WW_PAGE_BYTES,
                                 count * WW_PAGE_BYTES, reset, scanned, &count);

    if (error)
        return error;
    for (size_t page = first; page < last; page++) {
        char *address = region->base + page * WW_PAGE_BYTES;
        bool is_scanned = next < count && scanned[next] == address;

        if (is_scanned)
            next++;
        if (!is_scanned && !bit_get(region->latched, page))
            continue;
        addresses[(*used)++] = address;
        if (reset)
            bit_clear(region->latched, page);
    }
    return 0;
}

/* Pages that are latched count as written until they are reset. Both lists are ascending; what of the scan
 * does not fit must not have been reset. So stretches without a latched page are scanned as usual,
 * and around latched ones windows of no more pages than there is room. */
static int get_with_latched(struct ww_region *region, char *base, size_t bytes, bool reset,
                            void **addresses, size_t *count)
{
    size_t used = 0, limit = *count, page = page_count((size_t)(base - region->base));
    size_t last = page + page_count(bytes);
    int error = 0;

    while (page < last && used < limit && !error) {
        size_t latched = page, room = limit - used;

        while (latched < last && !bit_get(region->latched, latched))
            latched += latched % 64 || region->latched[latched / 64] ? 1 : 64;
        if (latched > last)
            latched = last;
        if (latched > page) {
            error = region->ops->get(region, region->base + page * WW_PAGE_BYTES,
                                     (latched - page) * WW_PAGE_BYTES, reset, addresses + used,
                                     &room);
            used += error ? 0 : room;
            page = latched;
        } else {
            size_t end = page + (room < WINDOW_PAGES ? room : WINDOW_PAGES);

            end = end < last ? end : last;
            error = merge_window(region, page, end, reset, addresses, &used);
            page = end;
        }
    }
    *count = used;
    return error;
}

/* The kernel refused. Parts of the range may have been reset without a report, so from now on all of the region
 * counts as written. Not with write-protection, where a page that could not be closed stays noted. */
static void note_failure(struct ww_region *region, int error)
{
    static int reported;
    char text[160];

    if (!ww_is_by_protection(region))
        region->failure = -error;
    if (!ww_host || !ww_host->report || __atomic_exchange_n(&reported, 1, __ATOMIC_RELAXED))
        return;
    snprintf(text, sizeof(text), "write watch: the scan failed (%s); all pages count as written",
             strerror(-error));
    ww_host->report(text);
}

int ww_get(struct ww_region *region, void *base, size_t bytes, bool reset, void **addresses,
           size_t *count)
{
    size_t limit = *count;
    int error = 0;

    pthread_mutex_lock(&region->lock);
    if (!region->failure)
        error = region->latched ? get_with_latched(region, base, bytes, reset, addresses, count)
                                : region->ops->get(region, base, bytes, reset, addresses, count);
    if (error)
        note_failure(region, error);
    if (error || region->failure) {
        *count = limit;
        report_all(base, bytes, addresses, count);
    }
    if (reset) {
        region->resets++;
        region->reported += *count;
    }
    pthread_mutex_unlock(&region->lock);
    return 0;
}

static void clear_latches(struct ww_region *region, char *base, size_t bytes)
{
    size_t first = page_count((size_t)(base - region->base));

    for (size_t i = 0; region->latched && i < page_count(bytes); i++)
        bit_clear(region->latched, first + i);
}

int ww_reset(struct ww_region *region, void *base, size_t bytes)
{
    int error = -EIO;

    pthread_mutex_lock(&region->lock);
    region->resets++;
    if (!region->failure) {
        error = region->ops->reset(region, base, bytes);
        if (error)
            note_failure(region, error);
        else
            clear_latches(region, base, bytes);
    }
    pthread_mutex_unlock(&region->lock);
    return error;
}

int ww_drop_pages(char *base, size_t bytes)
{
    if (!madvise(base, bytes, MADV_DONTNEED))
        return 0;
    /* Pages that are locked are not dropped. They do not stay locked when they are gone. */
    if (errno != EINVAL || munlock(base, bytes) || madvise(base, bytes, MADV_DONTNEED))
        return -errno;
    return 0;
}

int ww_decommit(struct ww_region *region, void *base, size_t bytes)
{
    int error;

    pthread_mutex_lock(&region->lock);
    error = region->ops->decommit(region, base, bytes);
    pthread_mutex_unlock(&region->lock);
    return error;
}

/* False: no memory; a later decommit forgets more than on Windows. */
static bool latch_pages(struct ww_region *region, char *base, size_t bytes)
{
    size_t first = page_count((size_t)(base - region->base));

    if (!region->latched)
        region->latched = ww_new_bits(page_count(region->bytes));
    for (size_t i = 0; region->latched && i < page_count(bytes); i++)
        bit_set(region->latched, first + i);
    return region->latched;
}

void ww_latch(struct ww_region *region, void *base, size_t bytes)
{
    void *pages[WINDOW_PAGES];
    char *at = base, *end = at + bytes;
    int error = 0;

    pthread_mutex_lock(&region->lock);
    while (at < end && !region->failure) {
        size_t count = WINDOW_PAGES;

        error = region->ops->get(region, at, (size_t)(end - at), false, pages, &count);
        if (error)
            note_failure(region, error);
        if (error || !count)
            break;
        for (size_t i = 0; i < count; i++)
            if (!latch_pages(region, pages[i], WW_PAGE_BYTES))
                break;
        at = (char *)pages[count - 1] + WW_PAGE_BYTES;
    }
    pthread_mutex_unlock(&region->lock);
}

void ww_mark(struct ww_region *region, void *base, size_t bytes)
{
    pthread_mutex_lock(&region->lock);
    if (!latch_pages(region, base, bytes))
        note_failure(region, -ENOMEM);
    pthread_mutex_unlock(&region->lock);
}

/* --- Going on without the kernel's help --- */

bool ww_has_failed(const struct ww_region *region)
{
    return region->failure != 0;
}

void ww_hold(struct ww_region *region)
{
    pthread_mutex_lock(&region->lock);
}

void ww_let_go(struct ww_region *region)
{
    pthread_mutex_unlock(&region->lock);
}

bool ww_is_by_protection(const struct ww_region *region)
{
    return region->ops == &ww_mprotect_ops;
}

int ww_degrade(struct ww_region *region)
{
    int error = 0;

    pthread_mutex_lock(&region->lock);
    if (!region->dirty)
        region->dirty = ww_new_bits(page_count(region->bytes));
    if (!region->dirty)
        error = -ENOMEM;
    if (!error) {
        /* All open, as everything counts as written; what is reset gets closed. */
        memset(region->dirty, 0xff, (page_count(region->bytes) + 63) / 64 * 8);
        region->ops = &ww_mprotect_ops;
        region->failure = 0;
    }
    pthread_mutex_unlock(&region->lock);
    return error;
}
