/* SPDX-License-Identifier: LGPL-2.1-or-later
 * heapapi.h and the Local and Global functions of winbase.h.
 *
 * A moveable Local/Global handle points to an entry that points to the memory; its address is 8 modulo 16,
 * where a fixed block's is 0 modulo 16, which tells the two apart (as on Windows).
 */
#include "kernelbase.h"

HANDLE WINAPI HeapCreate(DWORD flags, SIZE_T initial, SIZE_T maximum)
{
    HANDLE heap = RtlCreateHeap(flags | (maximum ? 0 : HEAP_GROWABLE), NULL, maximum, initial, NULL,
                                NULL);

    if (!heap)
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    return heap;
}

BOOL WINAPI HeapDestroy(HANDLE heap)
{
    return !RtlDestroyHeap(heap) || set_error(ERROR_INVALID_HANDLE);
}


DWORD WINAPI GetProcessHeaps(DWORD count, HANDLE *heaps)
{
    return RtlGetProcessHeaps(count, heaps);
}

BOOL WINAPI HeapLock(HANDLE heap)
{
    return RtlLockHeap(heap);
}

BOOL WINAPI HeapUnlock(HANDLE heap)
{
    return RtlUnlockHeap(heap);
}

BOOL WINAPI HeapValidate(HANDLE heap, DWORD flags, LPCVOID block)
{
    return RtlValidateHeap(heap, flags, block);
}

SIZE_T WINAPI HeapCompact(HANDLE heap, DWORD flags)
{
    return RtlCompactHeap(heap, flags);
}

BOOL WINAPI HeapWalk(HANDLE heap, PROCESS_HEAP_ENTRY *entry)
{
    return check_status(RtlWalkHeap(heap, entry));
}

BOOL WINAPI HeapQueryInformation(HANDLE heap, HEAP_INFORMATION_CLASS class, PVOID buffer,
                                 SIZE_T size, SIZE_T *needed)
{
    return check_status(RtlQueryHeapInformation(heap, class, buffer, size, needed));
}

BOOL WINAPI HeapSetInformation(HANDLE heap, HEAP_INFORMATION_CLASS class, PVOID buffer, SIZE_T size)
{
    return check_status(RtlSetHeapInformation(heap, class, buffer, size));
}

/* --- Local and Global --- */

#define HANDLE_MAGIC 0x4d

struct local_handle {
    uint64_t padding;       /* so that `memory` lies at 8 modulo 16 */
    void *memory;           /* NULL: discarded */
    uint8_t magic, locks;
    uint16_t flags;
};

static struct local_handle *from_handle(HLOCAL handle)
{
    struct local_handle *entry;

    if (((ULONG_PTR)handle & 15) != 8)
        return NULL;
    entry = CONTAINING_RECORD(handle, struct local_handle, memory);
    return entry->magic == HANDLE_MAGIC ? entry : NULL;
}

/* A moveable block's memory is preceded by its entry's address, for LocalHandle. */
#define PREFIX 16

static void *allocate_memory(struct local_handle *entry, void *old, ULONG heap_flags, SIZE_T size)
{
    void *base;

    if (size > ~(SIZE_T)PREFIX)
        return NULL;
    base = old ? RtlReAllocateHeap(process_heap(), heap_flags, (char *)old - PREFIX, size + PREFIX)
               : RtlAllocateHeap(process_heap(), heap_flags, size + PREFIX);
    if (!base)
        return NULL;
    *(struct local_handle **)base = entry;
    return (char *)base + PREFIX;
}

static void free_memory(struct local_handle *entry)
{
    if (entry->memory)
        RtlFreeHeap(process_heap(), 0, (char *)entry->memory - PREFIX);
    entry->memory = NULL;
}

HLOCAL WINAPI LocalAlloc(UINT flags, SIZE_T size)
{
    ULONG heap_flags = flags & LMEM_ZEROINIT ? HEAP_ZERO_MEMORY : 0;
    struct local_handle *entry;
    void *memory;

    if (!(flags & LMEM_MOVEABLE)) {
        memory = RtlAllocateHeap(process_heap(), heap_flags, size);
        if (!memory)
            SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return memory;
    }
    entry = RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, sizeof(*entry));
    memory = entry && size ? allocate_memory(entry, NULL, heap_flags, size) : NULL;
    if (!entry || (size && !memory)) {
        RtlFreeHeap(process_heap(), 0, entry);
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    entry->memory = memory;
    entry->magic = HANDLE_MAGIC;
    entry->flags = (uint16_t)(flags & LMEM_DISCARDABLE);
    return (HLOCAL)&entry->memory;
}

HLOCAL WINAPI LocalFree(HLOCAL handle)
{
    struct local_handle *entry = from_handle(handle);

    if (!handle)
        return NULL;
    if (entry) {
        free_memory(entry);
        entry->magic = 0;
        RtlFreeHeap(process_heap(), 0, entry);
        return NULL;
    }
    if (RtlFreeHeap(process_heap(), 0, handle))
        return NULL;
    SetLastError(ERROR_INVALID_HANDLE);
    return handle;
}

LPVOID WINAPI LocalLock(HLOCAL handle)
{
    struct local_handle *entry = from_handle(handle);

    if (!entry)
        return handle;
    if (!entry->memory)
        SetLastError(ERROR_DISCARDED);
    else if (entry->locks < 255)
        entry->locks++;
    return entry->memory;
}

BOOL WINAPI LocalUnlock(HLOCAL handle)
{
    struct local_handle *entry = from_handle(handle);

    if (!entry || !entry->locks)
        return set_error(ERROR_NOT_LOCKED);
    if (--entry->locks)
        return TRUE;
    SetLastError(NO_ERROR);
    return FALSE;
}

SIZE_T WINAPI LocalSize(HLOCAL handle)
{
    struct local_handle *entry = from_handle(handle);
    SIZE_T size;

    if (entry && !entry->memory)
        return 0;
    if (entry)
        return RtlSizeHeap(process_heap(), 0, (char *)entry->memory - PREFIX) - PREFIX;
    size = RtlSizeHeap(process_heap(), 0, handle);
    if (size != ~(SIZE_T)0)
        return size;
    SetLastError(ERROR_INVALID_HANDLE);
    return 0;
}

UINT WINAPI LocalFlags(HLOCAL handle)
{
    struct local_handle *entry = from_handle(handle);

    if (!entry)
        return 0;
    return entry->locks | entry->flags | (entry->memory ? 0 : LMEM_DISCARDED);
}

HLOCAL WINAPI LocalReAlloc(HLOCAL handle, SIZE_T size, UINT flags)
{
    struct local_handle *entry = from_handle(handle);
    ULONG heap_flags = flags & LMEM_ZEROINIT ? HEAP_ZERO_MEMORY : 0;
    void *memory;

    if (flags & LMEM_MODIFY)
        return handle;
    if (!entry) {
        if (!(flags & LMEM_MOVEABLE))
            heap_flags |= HEAP_REALLOC_IN_PLACE_ONLY;
        memory = RtlReAllocateHeap(process_heap(), heap_flags, handle, size);
        if (!memory)
            SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return memory;
    }
    if (!size && !entry->locks) { /* "discards the memory" (learn.microsoft.com: LocalReAlloc) */
        free_memory(entry);
        return handle;
    }
    memory = allocate_memory(entry, entry->memory, heap_flags, size);
    if (!memory) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    entry->memory = memory;
    return handle;
}

/* The handle of what LocalLock returned; a fixed block is its own. */
HLOCAL WINAPI LocalHandle(const void *memory)
{
    struct local_handle *entry;
    const void *base = (const char *)memory - PREFIX;

    if (memory && RtlValidateHeap(process_heap(), 0, memory))
        return (HLOCAL)memory;
    if (memory && RtlValidateHeap(process_heap(), 0, base)) {
        entry = *(struct local_handle *const *)base;
        if (RtlValidateHeap(process_heap(), 0, entry) && entry->magic == HANDLE_MAGIC &&
            entry->memory == memory)
            return (HLOCAL)&entry->memory;
    }
    SetLastError(ERROR_INVALID_HANDLE);
    return NULL;
}

HGLOBAL WINAPI GlobalAlloc(UINT flags, SIZE_T size)
{
    return LocalAlloc(flags, size);
}

HGLOBAL WINAPI GlobalFree(HGLOBAL handle)
{
    return LocalFree(handle);
}
