/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Heaps: RtlCreateHeap, RtlAllocateHeap and their kin.
 *
 * A block has a 16-byte header before it: its size, its size class and a check value made of its address.
 * Small blocks come in size classes (16-byte steps to 512, then four steps for each power of two up to
 * LARGEST_SMALL); freed ones go to their class's list. Large blocks are mappings of their own.
 * The process heap, which C runtimes use, has a cache of free blocks for each thread, so that
 * most calls take no lock; a cache that grows long gives half of a list back.
 *
 * A freed block's header says so: a second free and a foreign pointer are noticed and refused.
 */
#include "ntdll.h"

#define HEADER_BYTES   sizeof(struct header)
#define LARGEST_SMALL  (32 * 1024)
#define CLASSES        (32 + 6 * 4)
#define LARGE          0xff
#define SEGMENT_BYTES  ((SIZE_T)1 << 20)
#define HEAP_MAGIC     0xdeca7ea9u
#define MAGIC_USED     0x5eedu
#define MAGIC_FREE     0xf4eeu
#define CACHE_LIMIT    64
/* A corner of the TEB that only OpenGL uses, for the thread's cache. */
#define CACHE_SLOT     (NtCurrentTeb()->glDispatchTable[0])

struct header {
    SIZE_T bytes;       /* what the program asked for */
    uint32_t check;     /* of the block's address and state */
    uint8_t class;      /* index of the size class, or LARGE */
    uint8_t flags;
    uint16_t heap;      /* the heap's number: another heap refuses the block */
};
_Static_assert(sizeof(struct header) == 16, "blocks are 16-byte aligned");

struct free_block {
    struct free_block *next;
};

struct large_block {
    LIST_ENTRY link;
    SIZE_T mapped;      /* bytes of the mapping */
    void *user_value;
    struct header header;
};
_Static_assert(sizeof(struct large_block) % 16 == 0, "the block behind it is 16-byte aligned");

struct segment {
    struct segment *next;
    SIZE_T bytes;
};

struct heap {
    uint32_t magic;
    ULONG flags;
    RTL_CRITICAL_SECTION lock;
    struct free_block *lists[CLASSES];
    char *bump, *bump_end;      /* the rest of the newest segment */
    struct segment *segments;
    LIST_ENTRY large;
    SIZE_T limit, used;         /* limit 0: may grow */
    LIST_ENTRY link;            /* of all heaps */
    uint16_t number;            /* tells this heap's blocks from others' */
};

struct cache {
    struct free_block *lists[CLASSES];
    uint32_t counts[CLASSES];
};

static RTL_CRITICAL_SECTION_DEBUG heaps_lock_debug;
static RTL_CRITICAL_SECTION heaps_lock = {&heaps_lock_debug, -1, 0, 0, 0, 0};
static LIST_ENTRY heaps = {&heaps, &heaps};
static uint16_t heaps_made;

/* --- Size classes --- */

static unsigned class_of(SIZE_T bytes)
{
    unsigned shift;

    if (bytes <= 512)
        return bytes ? (unsigned)((bytes - 1) >> 4) : 0;
    shift = 63 - (unsigned)__builtin_clzll(bytes - 1); /* 512 < bytes: 9 and more */
    return 32 + (shift - 9) * 4 + (unsigned)((bytes - 1) >> (shift - 2) & 3);
}

static SIZE_T class_bytes(unsigned class)
{
    if (class < 32)
        return ((SIZE_T)class + 1) << 4;
    class -= 32;
    return ((SIZE_T)5 + class % 4) << (class / 4 + 7);
}

static uint32_t check_value(const struct header *header, uint32_t magic)
{
    return ((uint32_t)((uintptr_t)header >> 4) * 2654435761u & 0xffff0000u) | magic;
}

static struct header *header_of(const void *block)
{
    return (struct header *)((char *)block - HEADER_BYTES);
}

/* The header of a block of this heap in use, or NULL for anything else. */
static struct header *used_header(const struct heap *heap, const void *block)
{
    struct header *header;

    if (!heap || !block || (uintptr_t)block & 15)
        return NULL;
    header = header_of(block);
    return header->check == check_value(header, MAGIC_USED) && header->heap == heap->number ? header
                                                                                         : NULL;
}

static struct heap *heap_from_handle(HANDLE handle)
{
    struct heap *heap = handle;

    return heap && heap->magic == HEAP_MAGIC ? heap : NULL;
}

static void lock(struct heap *heap, ULONG flags)
{
    if (!((heap->flags | flags) & HEAP_NO_SERIALIZE))
        RtlEnterCriticalSection(&heap->lock);
}

static void unlock(struct heap *heap, ULONG flags)
{
    if (!((heap->flags | flags) & HEAP_NO_SERIALIZE))
        RtlLeaveCriticalSection(&heap->lock);
}

/* --- Memory from below --- */

static ULONG page_protection(const struct heap *heap)
{
    return heap->flags & HEAP_CREATE_ENABLE_EXECUTE ? PAGE_EXECUTE_READWRITE : PAGE_READWRITE;
}

static bool add_segment(struct heap *heap)
{
    SIZE_T bytes = SEGMENT_BYTES;
    void *base = NULL;
    struct segment *segment;

    if (heap->limit && heap->used + bytes > heap->limit)
        bytes = heap->limit > heap->used ? (heap->limit - heap->used) & ~(SIZE_T)0xfff : 0;
    if (bytes < 0x1000 || NtAllocateVirtualMemory(NtCurrentProcess(), &base, 0, &bytes,
                                                  MEM_RESERVE | MEM_COMMIT, page_protection(heap)))
        return false;
    segment = base;
    segment->next = heap->segments;
    segment->bytes = bytes;
    heap->segments = segment;
    heap->used += bytes;
    heap->bump = (char *)base + ((sizeof(*segment) + 15) & ~(SIZE_T)15);
    heap->bump_end = (char *)base + bytes;
    return true;
}

/* Under the lock. Returns the place of the header. */
static struct header *take_small(struct heap *heap, unsigned class)
{
    struct free_block *block = heap->lists[class];
    SIZE_T bytes = class_bytes(class) + HEADER_BYTES;
    struct header *header;

    if (block) {
        heap->lists[class] = block->next;
        return header_of(block);
    }
    if ((SIZE_T)(heap->bump_end - heap->bump) < bytes && !add_segment(heap))
        return NULL;
    if ((SIZE_T)(heap->bump_end - heap->bump) < bytes)
        return NULL;
    header = (struct header *)heap->bump;
    heap->bump += bytes;
    header->class = (uint8_t)class;
    return header;
}

static struct header *take_large(struct heap *heap, SIZE_T bytes)
{
    SIZE_T mapped = (bytes + sizeof(struct large_block) + 0xfff) & ~(SIZE_T)0xfff;
    struct large_block *large;
    void *base = NULL;

    if (mapped < bytes || (heap->limit && heap->used + mapped > heap->limit) ||
        NtAllocateVirtualMemory(NtCurrentProcess(), &base, 0, &mapped, MEM_RESERVE | MEM_COMMIT,
                                page_protection(heap)))
        return NULL;
    large = base;
    large->mapped = mapped;
    large->header.class = LARGE;
    InsertTailList(&heap->large, &large->link);
    heap->used += mapped;
    return &large->header;
}

/* --- The thread's cache --- */

static bool is_process_heap(const struct heap *heap)
{
    return (HANDLE)heap == process_heap();
}

static struct cache *thread_cache(void)
{
    struct cache *cache = CACHE_SLOT;
    void *base = NULL;
    SIZE_T bytes = sizeof(*cache);

    if (cache)
        return cache;
    if (NtAllocateVirtualMemory(NtCurrentProcess(), &base, 0, &bytes, MEM_RESERVE | MEM_COMMIT,
                                PAGE_READWRITE))
        return NULL;
    return CACHE_SLOT = base;
}

/* Gives `count` blocks of a class back to the heap. */
static void flush(struct heap *heap, struct cache *cache, unsigned class, uint32_t count)
{
    RtlEnterCriticalSection(&heap->lock);
    cache->counts[class] -= count;
    while (count--) {
        struct free_block *block = cache->lists[class];

        cache->lists[class] = block->next;
        block->next = heap->lists[class];
        heap->lists[class] = block;
    }
    RtlLeaveCriticalSection(&heap->lock);
}

void heap_thread_detach(void)
{
    struct cache *cache = CACHE_SLOT;
    void *base = cache;
    SIZE_T bytes = 0;

    if (!cache)
        return;
    CACHE_SLOT = NULL;
    for (unsigned class = 0; class < CLASSES; class++)
        if (cache->counts[class])
            flush(process_heap(), cache, class, cache->counts[class]);
    NtFreeVirtualMemory(NtCurrentProcess(), &base, &bytes, MEM_RELEASE);
}

/* --- Allocation --- */

static void *out_of_memory(const struct heap *heap, ULONG flags)
{
    if ((heap->flags | flags) & HEAP_GENERATE_EXCEPTIONS)
        RtlRaiseStatus(STATUS_NO_MEMORY);
    RtlSetLastWin32ErrorAndNtStatusFromNtStatus(STATUS_NO_MEMORY);
    return NULL;
}

static void *finish(const struct heap *heap, struct header *header, SIZE_T bytes, ULONG flags)
{
    void *block = header + 1;

    header->bytes = bytes;
    header->flags = 0;
    header->heap = heap->number;
    header->check = check_value(header, MAGIC_USED);
    if (flags & HEAP_ZERO_MEMORY && header->class != LARGE)
        memset(block, 0, bytes); /* a mapping of its own is zero already */
    return block;
}

void *WINAPI RtlAllocateHeap(HANDLE handle, ULONG flags, SIZE_T bytes)
{
    struct heap *heap = heap_from_handle(handle);
    struct header *header;
    struct cache *cache;
    unsigned class;

    if (!heap)
        return NULL;
    flags |= heap->flags;
    if (bytes > LARGEST_SMALL) {
        lock(heap, flags);
        header = take_large(heap, bytes);
        unlock(heap, flags);
        return header ? finish(heap, header, bytes, flags) : out_of_memory(heap, flags);
    }
    class = class_of(bytes);
    if (is_process_heap(heap) && (cache = thread_cache()) && cache->lists[class]) {
        struct free_block *block = cache->lists[class];

        cache->lists[class] = block->next;
        cache->counts[class]--;
        return finish(heap, header_of(block), bytes, flags);
    }
    lock(heap, flags);
    header = take_small(heap, class);
    unlock(heap, flags);
    return header ? finish(heap, header, bytes, flags) : out_of_memory(heap, flags);
}

BOOLEAN WINAPI RtlFreeHeap(HANDLE handle, ULONG flags, void *block)
{
    struct heap *heap = heap_from_handle(handle);
    struct header *header;
    struct free_block *free_block = block;
    struct cache *cache;
    unsigned class;

    if (!block)
        return TRUE;
    header = used_header(heap, block);
    if (!header) {
        RtlSetLastWin32ErrorAndNtStatusFromNtStatus(STATUS_INVALID_PARAMETER);
        return FALSE;
    }
    class = header->class;
    if (class == LARGE) {
        struct large_block *large = CONTAINING_RECORD(header, struct large_block, header);
        void *base = large;
        SIZE_T bytes = 0;

        header->check = check_value(header, MAGIC_FREE);
        lock(heap, flags);
        heap->used -= large->mapped;
        RemoveEntryList(&large->link);
        unlock(heap, flags);
        NtFreeVirtualMemory(NtCurrentProcess(), &base, &bytes, MEM_RELEASE);
        return TRUE;
    }
    header->check = check_value(header, MAGIC_FREE);
    if (is_process_heap(heap) && (cache = thread_cache())) {
        free_block->next = cache->lists[class];
        cache->lists[class] = free_block;
        if (++cache->counts[class] > CACHE_LIMIT)
            flush(heap, cache, class, CACHE_LIMIT / 2);
        return TRUE;
    }
    lock(heap, flags);
    free_block->next = heap->lists[class];
    heap->lists[class] = free_block;
    unlock(heap, flags);
    return TRUE;
}

static SIZE_T capacity(const struct header *header)
{
    if (header->class != LARGE)
        return class_bytes(header->class);
    return CONTAINING_RECORD(header, struct large_block, header)->mapped -
           sizeof(struct large_block);
}

void *WINAPI RtlReAllocateHeap(HANDLE handle, ULONG flags, void *block, SIZE_T bytes)
{
    struct heap *heap = heap_from_handle(handle);
    struct header *header = used_header(heap, block);
    SIZE_T old;
    void *moved;

    if (!heap || !block)
        return NULL;
    if (!header) {
        RtlSetLastWin32ErrorAndNtStatusFromNtStatus(STATUS_INVALID_PARAMETER);
        return NULL;
    }
    flags |= heap->flags;
    old = header->bytes;
    /* In place where it fits and not too much would be wasted. */
    if (bytes <= capacity(header) &&
        (bytes >= capacity(header) / 2 || flags & HEAP_REALLOC_IN_PLACE_ONLY ||
         capacity(header) <= 64)) {
        header->bytes = bytes;
        if (flags & HEAP_ZERO_MEMORY && bytes > old)
            memset((char *)block + old, 0, bytes - old);
        return block;
    }
    if (flags & HEAP_REALLOC_IN_PLACE_ONLY)
        return out_of_memory(heap, flags);
    moved = RtlAllocateHeap(handle, flags & ~(ULONG)HEAP_ZERO_MEMORY, bytes);
    if (!moved)
        return NULL;
    memcpy(moved, block, old < bytes ? old : bytes);
    if (flags & HEAP_ZERO_MEMORY && bytes > old)
        memset((char *)moved + old, 0, bytes - old);
    RtlFreeHeap(handle, flags, block);
    return moved;
}

SIZE_T WINAPI RtlSizeHeap(HANDLE handle, ULONG flags, const void *block)
{
    struct header *header = used_header(heap_from_handle(handle), block);

    (void)flags;
    if (header)
        return header->bytes;
    RtlSetLastWin32ErrorAndNtStatusFromNtStatus(STATUS_INVALID_PARAMETER);
    return ~(SIZE_T)0;
}

/* --- Heaps --- */

HANDLE WINAPI RtlCreateHeap(ULONG flags, void *base, SIZE_T total, SIZE_T commit, void *lock_address,
                            RTL_HEAP_DEFINITION *definition)
{
    SIZE_T bytes = sizeof(struct heap);
    void *memory = NULL;
    struct heap *heap;

    (void)base, (void)commit, (void)lock_address, (void)definition;
    if (NtAllocateVirtualMemory(NtCurrentProcess(), &memory, 0, &bytes, MEM_RESERVE | MEM_COMMIT,
                                PAGE_READWRITE))
        return NULL;
    heap = memory;
    heap->magic = HEAP_MAGIC;
    heap->flags = flags & (HEAP_NO_SERIALIZE | HEAP_GENERATE_EXCEPTIONS | HEAP_CREATE_ENABLE_EXECUTE);
    heap->limit = flags & HEAP_GROWABLE ? 0 : total;
    if (heap->limit && heap->limit < 0x10000)
        heap->limit = 0x10000;
    RtlInitializeCriticalSectionAndSpinCount(&heap->lock, 1000);
    InitializeListHead(&heap->large);
    RtlEnterCriticalSection(&heaps_lock);
    heap->number = ++heaps_made;
    InsertTailList(&heaps, &heap->link);
    RtlLeaveCriticalSection(&heaps_lock);
    return heap;
}

HANDLE WINAPI RtlDestroyHeap(HANDLE handle)
{
    struct heap *heap = heap_from_handle(handle);
    void *base;
    SIZE_T bytes;

    /* The process heap is refused: the handle comes back. */
    if (!heap || is_process_heap(heap))
        return handle;
    RtlEnterCriticalSection(&heaps_lock);
    RemoveEntryList(&heap->link);
    RtlLeaveCriticalSection(&heaps_lock);
    heap->magic = 0;
    while (!IsListEmpty(&heap->large)) {
        base = CONTAINING_RECORD(RemoveHeadList(&heap->large), struct large_block, link);
        bytes = 0;
        NtFreeVirtualMemory(NtCurrentProcess(), &base, &bytes, MEM_RELEASE);
    }
    while (heap->segments) {
        base = heap->segments;
        heap->segments = heap->segments->next;
        bytes = 0;
        NtFreeVirtualMemory(NtCurrentProcess(), &base, &bytes, MEM_RELEASE);
    }
    RtlDeleteCriticalSection(&heap->lock);
    base = heap;
    bytes = 0;
    NtFreeVirtualMemory(NtCurrentProcess(), &base, &bytes, MEM_RELEASE);
    return NULL;
}

void heap_init(void)
{
    current_peb()->ProcessHeap = RtlCreateHeap(HEAP_GROWABLE, NULL, 0, 0, NULL, NULL);
}

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
        lock(heap, 0);
    return heap != NULL;
}

BOOLEAN WINAPI RtlUnlockHeap(HANDLE handle)
{
    struct heap *heap = heap_from_handle(handle);

    if (heap)
        unlock(heap, 0);
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

/* Walks large blocks only by listing; small ones are not chained, so a walk that starts ends at
 * once. Debuggers use this, programs do not. */
NTSTATUS WINAPI RtlWalkHeap(HANDLE handle, void *entry)
{
    (void)entry;
    return heap_from_handle(handle) ? STATUS_NO_MORE_ENTRIES : STATUS_INVALID_HANDLE;
}
