/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Heaps as the heap bench sees them: Windows' (heap_windows.c), or malloc's kinds of calls natively
 * (heap_linux.c), where one function serves for all of them.
 */
#ifndef DECANT_BENCH_HEAP_H
#define DECANT_BENCH_HEAP_H

#include "bench.h"

struct heap_calls {
    const char *name;
    void *(*allocate)(size_t bytes);
    void *(*allocate_zeroed)(size_t bytes);
    void *(*resize)(void *block, size_t bytes);
    void (*free)(void *block);
};

/* The process heap (malloc), then the other ways to allocate: LocalAlloc and so on. */
extern const struct heap_calls heap_calls[];
extern const size_t heap_calls_count;

#endif
