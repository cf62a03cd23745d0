/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Between the files of the write-watch engine.
 */
#ifndef DECANT_WRITEWATCH_PRIVATE_H
#define DECANT_WRITEWATCH_PRIVATE_H

#include <pthread.h>

#include "decant/write_watch.h"

struct ww_region {
    char *base;
    size_t bytes;
    pthread_mutex_t lock;
    const struct ww_ops *ops;
    _Atomic int failure;    /* the errno by which the kernel refused; nothing is known until ww_degrade */
    uint64_t *latched;      /* bit per page: dirty when its protection changed; NULL: none is */
    uint64_t *dirty;        /* mprotect backend: bit per page */
    uint64_t *solid;        /* pagemap backend: bit per page table; see writewatch_pagemap.c */
    /* For those who look from outside (`decant pages`): how often the program reset, and how many pages
     * were reported to it with that. */
    uint64_t resets, reported;
};

/* A backend. `region` is locked. */
struct ww_ops {
    int (*open)(void);                          /* prepares the process; 0 or -errno */
    int (*add)(struct ww_region *region);
    /* As ww_get, without the latched pages. */
    int (*get)(struct ww_region *region, char *base, size_t bytes, bool reset, void **addresses,
               size_t *count);
    int (*reset)(struct ww_region *region, char *base, size_t bytes);
    /* Drops the pages and what was known of them. */
    int (*decommit)(struct ww_region *region, char *base, size_t bytes);
};

extern const struct ww_ops ww_pagemap_ops, ww_markers_ops, ww_mprotect_ops;
extern const struct ww_host *ww_host;

/* Drops the memory of pages, locked ones too: they read as zero afterwards. 0 or -errno. */
int ww_drop_pages(char *base, size_t bytes);

/* Zeroed bits, freed with the region by ww_free_bits; NULL: no memory. */
uint64_t *ww_new_bits(size_t count);
void ww_free_bits(uint64_t *bits, size_t count);

static inline bool bit_get(const uint64_t *bits, size_t index)
{
    return bits[index / 64] >> (index % 64) & 1;
}

static inline void bit_set(uint64_t *bits, size_t index)
{
    bits[index / 64] |= 1ull << (index % 64);
}

static inline void bit_clear(uint64_t *bits, size_t index)
{
    bits[index / 64] &= ~(1ull << (index % 64));
}

#endif
