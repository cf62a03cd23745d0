/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * malloc stands against each of Windows' ways to allocate: what a native program does for the same.
 */
#include <stdlib.h>

#include "heap.h"

static void *allocate(size_t bytes)
{
    return malloc(bytes);
}

static void *allocate_zeroed(size_t bytes)
{
    return calloc(1, bytes);
}

static void *resize(void *block, size_t bytes)
{
    return realloc(block, bytes);
}

static void release(void *block)
{
    free(block);
}

/* What a moveable block is: an entry that points to it, and it to the entry. */
static void *moveable_allocate(size_t bytes)
{
    void **entry = malloc(3 * sizeof(*entry)), **block = malloc(bytes + 16);

    if (!entry || !block)
        return NULL;
    *entry = block;
    *block = entry;
    return (char *)block + 16;
}

static void moveable_release(void *memory)
{
    void **block = (void **)((char *)memory - 16);

    free(*block);
    free(block);
}

const struct heap_calls heap_calls[] = {
    {"process heap", allocate, allocate_zeroed, resize, release},
    {"HeapCreate's heap", allocate, NULL, NULL, release},
    {"LocalAlloc, fixed", allocate, NULL, NULL, release},
    {"GlobalAlloc, moveable, locked", moveable_allocate, NULL, NULL, moveable_release},
};
const size_t heap_calls_count = sizeof(heap_calls) / sizeof(heap_calls[0]);
