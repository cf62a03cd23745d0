/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The Local and Global functions of winbase.h.
 *
 * A fixed block is a block of the process heap, and its handle is its address. A moveable one has an entry in a
 * table; its handle is the address of the entry's `memory`, which is 8 modulo 16, where a block's address is 0 modulo
 * 16 (as on Windows, where programs may also read the memory's address through the handle). Like Windows, the
 * table has room for 65,535 handles, so whatever is no handle is told without touching it.
 */
#include "kernelbase.h"

#define HANDLES 0xffffu

struct local_handle {
    uint16_t flags;     /* LMEM_DISCARDABLE */
    uint8_t locks;
    uint8_t is_used;
    uint32_t next;      /* when free: index of the next free one + 1, 0 for none */
    void *memory;       /* NULL: discarded */
};
C_ASSERT(sizeof(struct local_handle) == 16 && offsetof(struct local_handle, memory) == 8);

static struct local_handle *table;      /* reserved as a whole, zero */
static uint32_t fresh;                  /* entries from here on were never used */
static uint32_t first_free;             /* index + 1 */
static RTL_SRWLOCK lock;

static void enter(void)
{
    RtlAcquireSRWLockExclusive(&lock);
}

static void leave(void)
{
    RtlReleaseSRWLockExclusive(&lock);
}

/* Addresses of blocks are 0 modulo 16, handles 8. */
static bool is_moveable(HLOCAL handle)
{
    return (ULONG_PTR)handle & 8;
}

/* Under the lock. NULL, with the last error set: no handle in use. */
static struct local_handle *entry_of(HLOCAL handle)
{
    ULONG_PTR offset = (ULONG_PTR)handle - (ULONG_PTR)table;

    if (table && (offset & 15) == 8 && offset / 16 < fresh && table[offset / 16].is_used)
        return &table[offset / 16];
    SetLastError(ERROR_INVALID_HANDLE);
    return NULL;
}

static struct local_handle *take_entry(void)
{
    struct local_handle *entry;

    if (!table)
        table = VirtualAlloc(NULL, (HANDLES + 1) * sizeof(*table), MEM_RESERVE | MEM_COMMIT,
                             PAGE_READWRITE);
    if (!table)
        return NULL;
    if (first_free) {
        entry = &table[first_free - 1];
        first_free = entry->next;
    } else if (fresh < HANDLES) {
        entry = &table[fresh++];
    } else {
        return NULL;
    }
    entry->is_used = TRUE;
    entry->locks = 0;
    entry->flags = 0;
    entry->memory = NULL;
    return entry;
}

static void drop_entry(struct local_handle *entry)
{
    entry->is_used = FALSE;
    entry->next = first_free;
    first_free = (uint32_t)(entry - table) + 1;
}

HLOCAL WINAPI LocalAlloc(UINT flags, SIZE_T size)
{
    ULONG heap_flags = flags & LMEM_ZEROINIT ? HEAP_ZERO_MEMORY : 0;
    struct local_handle *entry;
    void *memory = NULL;

    if (!(flags & LMEM_MOVEABLE)) {
        memory = RtlAllocateHeap(process_heap(), heap_flags, size);
        if (!memory)
            SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return memory;
    }
    /* Documented: no size, no memory; the object is marked as discarded. */
    if (size && !(memory = RtlAllocateHeap(process_heap(), heap_flags, size))) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    enter();
    entry = take_entry();
    if (entry) {
        entry->memory = memory;
        entry->flags = (uint16_t)(flags & LMEM_DISCARDABLE);
    }
    leave();
    if (entry)
        return (HLOCAL)&entry->memory;
    RtlFreeHeap(process_heap(), 0, memory);
    SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    return NULL;
}

HLOCAL WINAPI LocalFree(HLOCAL handle)
{
    struct local_handle *entry;
    void *memory = handle;

    if (!handle)
        return NULL;
    if (is_moveable(handle)) {
        enter();
        entry = entry_of(handle);
        memory = entry ? entry->memory : NULL;
        if (entry)
            drop_entry(entry);
        leave();
        if (!entry)
            return handle;
    }
    if (RtlFreeHeap(process_heap(), 0, memory))
        return NULL;
    SetLastError(ERROR_INVALID_HANDLE);
    return handle;
}

LPVOID WINAPI LocalLock(HLOCAL handle)
{
    struct local_handle *entry;
    void *memory = NULL;

    if (!is_moveable(handle))
        return handle;
    enter();
    entry = entry_of(handle);
    if (entry) {
        memory = entry->memory;
        if (!memory)
            SetLastError(ERROR_DISCARDED);
        else if (entry->locks < 255)
            entry->locks++;
    }
    leave();
    return memory;
}

static BOOL unlock(HLOCAL handle)
{
    struct local_handle *entry;
    BOOL is_locked = FALSE;

    enter();
    entry = entry_of(handle);
    if (entry && !entry->locks) {
        SetLastError(ERROR_NOT_LOCKED);
    } else if (entry) {
        is_locked = --entry->locks;
        if (!is_locked)
            SetLastError(NO_ERROR);
    }
    leave();
    return is_locked;
}

/* Fixed memory: Local says that it was not locked, Global that it still is. */
BOOL WINAPI LocalUnlock(HLOCAL handle)
{
    return is_moveable(handle) ? unlock(handle) : set_error(ERROR_NOT_LOCKED);
}

BOOL WINAPI GlobalUnlock(HGLOBAL handle)
{
    return is_moveable(handle) ? unlock(handle) : TRUE;
}

SIZE_T WINAPI LocalSize(HLOCAL handle)
{
    struct local_handle *entry;
    void *memory = handle;
    SIZE_T size;

    if (is_moveable(handle)) {
        enter();
        entry = entry_of(handle);
        memory = entry ? entry->memory : NULL;
        leave();
        if (!memory)
            return 0;
    }
    size = RtlSizeHeap(process_heap(), 0, memory);
    if (size != ~(SIZE_T)0)
        return size;
    SetLastError(ERROR_INVALID_HANDLE);
    return 0;
}

UINT WINAPI LocalFlags(HLOCAL handle)
{
    struct local_handle *entry;
    UINT flags = LMEM_INVALID_HANDLE;

    if (!is_moveable(handle)) {
        if (RtlValidateHeap(process_heap(), 0, handle) && handle)
            return 0;
        SetLastError(ERROR_INVALID_HANDLE);
        return LMEM_INVALID_HANDLE;
    }
    enter();
    entry = entry_of(handle);
    if (entry)
        flags = entry->locks | entry->flags | (entry->memory ? 0u : LMEM_DISCARDED);
    leave();
    return flags;
}

/* Under the lock. */
static HLOCAL change_entry(struct local_handle *entry, HLOCAL handle, SIZE_T size, UINT flags)
{
    ULONG heap_flags = flags & LMEM_ZEROINIT ? HEAP_ZERO_MEMORY : 0;
    void *memory;

    if (flags & LMEM_MODIFY) {
        entry->flags = (uint16_t)(flags & LMEM_DISCARDABLE);
        return handle;
    }
    if (!size && !entry->locks) { /* "discards the memory" (learn.microsoft.com: LocalReAlloc) */
        RtlFreeHeap(process_heap(), 0, entry->memory);
        entry->memory = NULL;
        return handle;
    }
    if (entry->locks && !(flags & LMEM_MOVEABLE))
        heap_flags |= HEAP_REALLOC_IN_PLACE_ONLY;
    memory = entry->memory ? RtlReAllocateHeap(process_heap(), heap_flags, entry->memory, size)
                           : RtlAllocateHeap(process_heap(), heap_flags, size);
    if (!memory) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    entry->memory = memory;
    return handle;
}

HLOCAL WINAPI LocalReAlloc(HLOCAL handle, SIZE_T size, UINT flags)
{
    ULONG heap_flags = (flags & LMEM_ZEROINIT ? HEAP_ZERO_MEMORY : 0) |
                       (flags & LMEM_MOVEABLE ? 0 : HEAP_REALLOC_IN_PLACE_ONLY);
    struct local_handle *entry;
    void *memory;

    if (is_moveable(handle)) {
        enter();
        entry = entry_of(handle);
        handle = entry ? change_entry(entry, handle, size, flags) : NULL;
        leave();
        return handle;
    }
    if (!handle || !RtlValidateHeap(process_heap(), 0, handle)) {
        SetLastError(ERROR_INVALID_HANDLE);
        return NULL;
    }
    if (flags & LMEM_MODIFY)
        return handle;
    memory = RtlReAllocateHeap(process_heap(), heap_flags, handle, size);
    if (!memory)
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    return memory;
}

/* The handle of what LocalLock returned; a fixed block is its own. Few programs ask, so the table is searched. */
HLOCAL WINAPI LocalHandle(const void *memory)
{
    HLOCAL handle = NULL;

    enter();
    for (uint32_t i = 0; memory && !handle && i < fresh; i++)
        if (table[i].is_used && table[i].memory == memory)
            handle = (HLOCAL)&table[i].memory;
    leave();
    if (!handle && memory && RtlValidateHeap(process_heap(), 0, memory))
        handle = (HLOCAL)memory;
    if (!handle)
        SetLastError(ERROR_INVALID_HANDLE);
    return handle;
}

HGLOBAL WINAPI GlobalAlloc(UINT flags, SIZE_T size)
{
    return LocalAlloc(flags, size);
}

HGLOBAL WINAPI GlobalFree(HGLOBAL handle)
{
    return LocalFree(handle);
}

/* Documented: nothing is compacted any more. */
SIZE_T WINAPI LocalCompact(UINT minimum)
{
    (void)minimum;
    return 0;
}

SIZE_T WINAPI LocalShrink(HLOCAL handle, UINT size)
{
    (void)handle, (void)size;
    return 0;
}

SIZE_T WINAPI GlobalCompact(DWORD minimum)
{
    (void)minimum;
    return 0;
}
