/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Large blocks: each has a mapping of its own. Freed mappings are kept for a while, by size: making one
 * costs two system calls and a fault for each page that is touched, about 10 microseconds for a buffer of
 * 100 KiB that a program may allocate and free thousands of times a second.
 */
#include "heap.h"

#define SMALLEST_SPARE ((SIZE_T)16 * 1024)
#define SPARE_LIMIT    ((SIZE_T)64 << 20) /* as much as glibc keeps at most */

/* The bin whose mappings hold at least `bytes`, and its size; SPARE_BINS: none, the block is too large. */
static unsigned bin_of(SIZE_T bytes, SIZE_T *mapped)
{
    unsigned bin = 0;

    for (SIZE_T base = SMALLEST_SPARE; bin < SPARE_BINS; base *= 2, bin += 4)
        for (unsigned quarter = 1; quarter <= 4 && bytes <= 2 * base; quarter++)
            if (bytes <= base + base / 4 * quarter) {
                *mapped = base + base / 4 * quarter;
                return bin + quarter - 1;
            }
    *mapped = (bytes + 0xfff) & ~(SIZE_T)0xfff;
    return SPARE_BINS;
}

struct header *large_take(struct heap *heap, SIZE_T bytes)
{
    SIZE_T needed = bytes + sizeof(struct large_block), mapped;
    struct large_block *large;
    void *base = NULL;
    unsigned bin;

    if (needed < bytes)
        return NULL;
    bin = bin_of(needed, &mapped);
    if (heap->limit)
        mapped = (needed + 0xfff) & ~(SIZE_T)0xfff;
    if (mapped < needed || (heap->limit && heap->used + mapped > heap->limit))
        return NULL;
    if (bin < SPARE_BINS && (large = heap->spare[bin])) {
        heap->spare[bin] = (struct large_block *)large->link.Flink;
        heap->spare_bytes -= large->mapped;
        large->header.is_zero = FALSE;
    } else {
        if (NtAllocateVirtualMemory(NtCurrentProcess(), &base, 0, &mapped, MEM_RESERVE | MEM_COMMIT,
                                    heap_page_protection(heap)))
            return NULL;
        large = base;
        large->mapped = mapped;
        large->header.class = LARGE;
        large->header.is_zero = TRUE;
    }
    InsertTailList(&heap->large, &large->link);
    heap->used += large->mapped;
    return &large->header;
}

bool large_put(struct heap *heap, struct large_block *large)
{
    SIZE_T mapped;
    unsigned bin = bin_of(large->mapped, &mapped);

    RemoveEntryList(&large->link);
    heap->used -= large->mapped;
    /* A heap with a limit gives everything back: what it keeps would count. */
    if (heap->limit || bin == SPARE_BINS || heap->spare_bytes + large->mapped > SPARE_LIMIT)
        return false;
    large->link.Flink = (LIST_ENTRY *)heap->spare[bin];
    heap->spare[bin] = large;
    heap->spare_bytes += large->mapped;
    return true;
}

void large_unmap(struct large_block *large)
{
    void *base = large;
    SIZE_T bytes = 0;

    NtFreeVirtualMemory(NtCurrentProcess(), &base, &bytes, MEM_RELEASE);
}

SIZE_T large_capacity(const struct header *header)
{
    return large_of(header)->mapped - sizeof(struct large_block);
}

/* Pages that are never touched cost nothing, so a buffer that grows gets room for doubling twice. */
SIZE_T large_growth(SIZE_T bytes)
{
    const SIZE_T most = (SIZE_T)64 << 20;

    if (bytes <= (SIZE_T)1 << 20)
        return 4 * bytes;
    return bytes < most ? 2 * bytes : bytes + most < bytes ? bytes : bytes + most;
}

void large_destroy_all(struct heap *heap)
{
    while (!IsListEmpty(&heap->large))
        large_unmap(CONTAINING_RECORD(RemoveHeadList(&heap->large), struct large_block, link));
    for (unsigned bin = 0; bin < SPARE_BINS; bin++)
        while (heap->spare[bin]) {
            struct large_block *large = heap->spare[bin];

            heap->spare[bin] = (struct large_block *)large->link.Flink;
            large_unmap(large);
        }
}
