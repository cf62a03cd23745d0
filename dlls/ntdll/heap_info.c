/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Questions about heaps, and locking them for the answer.
 */
#include "heap.h"

BOOLEAN WINAPI RtlValidateHeap(HANDLE handle, ULONG flags, LPCVOID block)
{
    struct heap *heap = heap_from_handle(handle);

    (void)flags;
    return heap && (!block || used_header(heap, block));
}

ULONG WINAPI RtlCompactHeap(HANDLE handle, ULONG flags)
{
    struct heap *heap = heap_from_handle(handle);

    (void)flags;
    return heap ? (ULONG)(heap->bump_end - heap->bump) : 0;
}

BOOLEAN WINAPI RtlLockHeap(HANDLE handle)
{
    struct heap *heap = heap_from_handle(handle);

    if (heap)
        heap_lock(heap, 0);
    return heap != NULL;
}

BOOLEAN WINAPI RtlUnlockHeap(HANDLE handle)
{
    struct heap *heap = heap_from_handle(handle);

    if (heap)
        heap_unlock(heap, 0);
    return heap != NULL;
}

ULONG WINAPI RtlGetProcessHeaps(ULONG count, HANDLE *out)
{
    ULONG total = 0;

    RtlEnterCriticalSection(&heaps_lock);
    for (LIST_ENTRY *link = heaps.Flink; link != &heaps; link = link->Flink) {
        if (total < count)
            out[total] = CONTAINING_RECORD(link, struct heap, link);
        total++;
    }
    RtlLeaveCriticalSection(&heaps_lock);
    return total;
}

NTSTATUS WINAPI RtlQueryHeapInformation(HANDLE handle, HEAP_INFORMATION_CLASS class, void *buffer,
                                        SIZE_T bytes, SIZE_T *needed)
{
    (void)handle;
    if (class != HeapCompatibilityInformation)
        return STATUS_INVALID_INFO_CLASS;
    if (needed)
        *needed = sizeof(ULONG);
    if (bytes < sizeof(ULONG))
        return STATUS_BUFFER_TOO_SMALL;
    *(ULONG *)buffer = 2; /* low-fragmentation heap, Windows' default */
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlSetHeapInformation(HANDLE handle, HEAP_INFORMATION_CLASS class, void *buffer,
                                      SIZE_T bytes)
{
    (void)handle, (void)class, (void)buffer, (void)bytes;
    return STATUS_SUCCESS; /* terminate-on-corruption and the like: nothing to switch */
}

BOOLEAN WINAPI RtlGetUserInfoHeap(HANDLE handle, ULONG flags, void *block, void **value,
                                  ULONG *block_flags)
{
    struct header *header = used_header(heap_from_handle(handle), block);

    (void)flags;
    if (!header)
        return FALSE;
    if (value)
        *value = NULL;
    if (block_flags)
        *block_flags = 0;
    return TRUE;
}

/* --- Walking ---
 *
 * As HeapWalk's documentation has it: an entry without lpData begins; then each call gives the block after
 * the last one's, and STATUS_NO_MORE_ENTRIES (ERROR_NO_MORE_ITEMS) ends it. Each segment is a region with blocks
 * side by side; large blocks are regions of themselves, and come last. */

static char *segment_end(const struct heap *heap, const struct segment *segment)
{
    return segment == heap->segments ? heap->bump : segment->end;
}

static void tell_region(PROCESS_HEAP_ENTRY *entry, void *base, SIZE_T committed, void *first, void *last)
{
    entry->lpData = base;
    entry->cbData = 0;
    entry->cbOverhead = 0;
    entry->wFlags = PROCESS_HEAP_REGION;
    entry->Region.dwCommittedSize = (DWORD)committed;
    entry->Region.dwUnCommittedSize = 0;
    entry->Region.lpFirstBlock = first;
    entry->Region.lpLastBlock = last;
}

static void tell_block(PROCESS_HEAP_ENTRY *entry, const struct header *header, SIZE_T capacity)
{
    bool is_used = header->check == check_value(header, MAGIC_USED);

    entry->lpData = (void *)(header + 1);
    entry->cbData = (DWORD)(is_used ? header->bytes : capacity);
    entry->cbOverhead = HEADER_BYTES;
    entry->wFlags = is_used ? PROCESS_HEAP_ENTRY_BUSY : 0;
    memset(&entry->Block, 0, sizeof(entry->Block));
}

static NTSTATUS tell_large(const struct heap *heap, PROCESS_HEAP_ENTRY *entry, const LIST_ENTRY *link)
{
    struct large_block *large = CONTAINING_RECORD(link, struct large_block, link);

    if (link == &heap->large)
        return STATUS_NO_MORE_ENTRIES;
    tell_block(entry, &large->header, large_capacity(&large->header));
    return STATUS_SUCCESS;
}

static NTSTATUS tell_segment(const struct heap *heap, PROCESS_HEAP_ENTRY *entry,
                             struct segment *segment, unsigned index)
{
    if (!segment)
        return tell_large(heap, entry, heap->large.Flink);
    entry->iRegionIndex = (BYTE)index;
    tell_region(entry, segment, segment->bytes, segment + 1, segment_end(heap, segment));
    return STATUS_SUCCESS;
}

/* The header behind the last entry's block; NULL: the last entry was of no segment. */
static NTSTATUS walk_on(const struct heap *heap, PROCESS_HEAP_ENTRY *entry)
{
    char *at = entry->lpData;
    unsigned index = 0;

    for (struct segment *segment = heap->segments; segment; segment = segment->next, index++) {
        char *end = segment_end(heap, segment);
        struct header *next;

        if (at < (char *)segment || at >= (char *)segment + segment->bytes)
            continue;
        if (at == (char *)segment)
            next = (struct header *)(segment + 1);
        else
            next = (struct header *)(at + class_bytes(header_of(at)->class));
        if ((char *)next >= end)
            return tell_segment(heap, entry, segment->next, index + 1);
        entry->iRegionIndex = (BYTE)index;
        tell_block(entry, next, class_bytes(next->class));
        return STATUS_SUCCESS;
    }
    for (LIST_ENTRY *link = heap->large.Flink; link != &heap->large; link = link->Flink)
        if (at == (char *)(CONTAINING_RECORD(link, struct large_block, link) + 1))
            return tell_large(heap, entry, link->Flink);
    return STATUS_INVALID_PARAMETER;
}

NTSTATUS WINAPI RtlWalkHeap(HANDLE handle, void *walk)
{
    struct heap *heap = heap_from_handle(handle);
    PROCESS_HEAP_ENTRY *entry = walk;
    NTSTATUS status;

    if (!heap)
        return STATUS_INVALID_HANDLE;
    if (!entry)
        return STATUS_INVALID_PARAMETER;
    heap_lock(heap, 0);
    status = entry->lpData ? walk_on(heap, entry) : tell_segment(heap, entry, heap->segments, 0);
    heap_unlock(heap, 0);
    return status;
}
