/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The ways in which Windows programs allocate.
 */
#include <windows.h>

#include "heap.h"

static void *process_allocate(size_t bytes)
{
    return HeapAlloc(GetProcessHeap(), 0, bytes);
}

static void *process_allocate_zeroed(size_t bytes)
{
    return HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, bytes);
}

static void *process_resize(void *block, size_t bytes)
{
    return HeapReAlloc(GetProcessHeap(), 0, block, bytes);
}

static void process_free(void *block)
{
    HeapFree(GetProcessHeap(), 0, block);
}

static HANDLE own_heap;

static void *own_allocate(size_t bytes)
{
    if (!own_heap)
        own_heap = HeapCreate(0, 0, 0);
    return HeapAlloc(own_heap, 0, bytes);
}

static void own_free(void *block)
{
    HeapFree(own_heap, 0, block);
}

static void *local_allocate(size_t bytes)
{
    return LocalAlloc(LMEM_FIXED, bytes);
}

static void local_free(void *block)
{
    LocalFree(block);
}

/* The handle is kept in the block. */
static void *global_allocate(size_t bytes)
{
    HGLOBAL handle = GlobalAlloc(GMEM_MOVEABLE, bytes + 16);
    HGLOBAL *block = GlobalLock(handle);

    if (!block)
        return NULL;
    *block = handle;
    return (char *)block + 16;
}

static void global_free(void *memory)
{
    HGLOBAL handle = *(HGLOBAL *)((char *)memory - 16);

    GlobalUnlock(handle);
    GlobalFree(handle);
}

const struct heap_calls heap_calls[] = {
    {"process heap", process_allocate, process_allocate_zeroed, process_resize, process_free},
    {"HeapCreate's heap", own_allocate, NULL, NULL, own_free},
    {"LocalAlloc, fixed", local_allocate, NULL, NULL, local_free},
    {"GlobalAlloc, moveable, locked", global_allocate, NULL, NULL, global_free},
};
const size_t heap_calls_count = sizeof(heap_calls) / sizeof(heap_calls[0]);
