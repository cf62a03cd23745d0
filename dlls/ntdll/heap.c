/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Heaps: RtlCreateHeap, RtlAllocateHeap and their kin; see heap.h for what a block looks like.
 *
 * Small blocks come in size classes (16-byte steps to 512, then four steps for each power of two up to
 * LARGEST_SMALL); freed ones go to their class's list. Large blocks are mappings of their own (heap_large.c).
 * The process heap, which C runtimes use, has a cache of free blocks for each thread, so that
 * most calls take no lock; a cache that grows long gives half of a list back.
 */
#include "heap.h"

#define LARGEST_SMALL  (32 * 1024)
#define SEGMENT_BYTES  ((SIZE_T)1 << 20)
#define CACHE_LIMIT    64
/* From here on a block that grows becomes a large one, which may grow where it is. */
#define LARGE_GROWTH   8192
/* The path of most calls is laid out in a straight line: a tenth of what a small block costs. */
#define is_likely(condition) __builtin_expect(condition, 1)
/* A corner of the TEB that only OpenGL uses, for the thread's cache. */
#define CACHE_SLOT     (NtCurrentTeb()->glDispatchTable[0])

struct cache {
    struct free_block *lists[CLASSES];
    uint32_t counts[CLASSES];
};

static RTL_CRITICAL_SECTION_DEBUG heaps_lock_debug;
RTL_CRITICAL_SECTION heaps_lock = {&heaps_lock_debug, -1, 0, 0, 0, 0};
LIST_ENTRY heaps = {&heaps, &heaps};
static uint16_t heaps_made;

/* --- Size classes --- */

static unsigned class_of(SIZE_T bytes)
{
    unsigned shift;

    if (is_likely(bytes <= 512))
        return bytes ? (unsigned)((bytes - 1) >> 4) : 0;
    shift = 63 - (unsigned)__builtin_clzll(bytes - 1); /* 512 < bytes: 9 and more */
    return 32 + (shift - 9) * 4 + (unsigned)((bytes - 1) >> (shift - 2) & 3);
}

void heap_lock_slow(struct heap *heap)
{
    LARGE_INTEGER pause = {.QuadPart = -1000}; /* 0.1 ms: the holder was interrupted */

    for (unsigned tries = 0;; tries++) {
        for (unsigned i = 0; i < 64; i++) {
            if (!__atomic_load_n(&heap->lock_word, __ATOMIC_RELAXED) &&
                !__atomic_exchange_n(&heap->lock_word, 1, __ATOMIC_ACQUIRE))
                return;
            __builtin_ia32_pause();
        }
        if (tries < 16)
            NtYieldExecution();
        else
            NtDelayExecution(FALSE, &pause);
    }
}

/* --- Memory from below --- */

ULONG heap_page_protection(const struct heap *heap)
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
                                                  MEM_RESERVE | MEM_COMMIT, heap_page_protection(heap)))
        return false;
    if (heap->segments)
        heap->segments->end = heap->bump;
    segment = base;
    segment->next = heap->segments;
    segment->bytes = bytes;
    heap->segments = segment;
    heap->used += bytes;
    heap->bump = (char *)(segment + 1);
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
    header->is_zero = FALSE;
    return header;
}

/* --- The thread's cache --- */

static struct cache *thread_cache(void)
{
    struct cache *cache = CACHE_SLOT;
    void *base = NULL;
    SIZE_T bytes = sizeof(*cache);

    if (is_likely(cache != NULL))
        return cache;
    if (NtAllocateVirtualMemory(NtCurrentProcess(), &base, 0, &bytes, MEM_RESERVE | MEM_COMMIT,
                                PAGE_READWRITE))
        return NULL;
    return CACHE_SLOT = base;
}

/* Gives `count` blocks of a class back to the heap. */
static void flush(struct heap *heap, struct cache *cache, unsigned class, uint32_t count)
{
    heap_lock(heap, 0);
    cache->counts[class] -= count;
    while (count--) {
        struct free_block *block = cache->lists[class];

        cache->lists[class] = block->next;
        block->next = heap->lists[class];
        heap->lists[class] = block;
    }
    heap_unlock(heap, 0);
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
    header->heap = heap->number;
    header->check = check_value(header, MAGIC_USED);
    if (flags & HEAP_ZERO_MEMORY && !header->is_zero)
        memset(block, 0, bytes);
    return block;
}

static void *allocate_large(struct heap *heap, SIZE_T room, SIZE_T bytes, ULONG flags)
{
    struct header *header;

    heap_lock(heap, flags);
    header = large_take(heap, room);
    heap_unlock(heap, flags);
    return header ? finish(heap, header, bytes, flags) : NULL;
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
        void *block = allocate_large(heap, bytes, bytes, flags);

        return block ? block : out_of_memory(heap, flags);
    }
    class = class_of(bytes);
    if (is_likely(is_process_heap(heap)) && (cache = thread_cache()) &&
        is_likely(cache->lists[class] != NULL)) {
        struct free_block *block = cache->lists[class];

        cache->lists[class] = block->next;
        cache->counts[class]--;
        return finish(heap, header_of(block), bytes, flags);
    }
    heap_lock(heap, flags);
    header = take_small(heap, class);
    heap_unlock(heap, flags);
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
        bool is_kept;

        header->check = check_value(header, MAGIC_FREE);
        heap_lock(heap, flags);
        is_kept = large_put(heap, large_of(header));
        heap_unlock(heap, flags);
        if (!is_kept)
            large_unmap(large_of(header));
        return TRUE;
    }
    header->check = check_value(header, MAGIC_FREE);
    if (is_likely(is_process_heap(heap)) && (cache = thread_cache())) {
        free_block->next = cache->lists[class];
        cache->lists[class] = free_block;
        if (++cache->counts[class] > CACHE_LIMIT)
            flush(heap, cache, class, CACHE_LIMIT / 2);
        return TRUE;
    }
    heap_lock(heap, flags);
    free_block->next = heap->lists[class];
    heap->lists[class] = free_block;
    heap_unlock(heap, flags);
    return TRUE;
}

static SIZE_T capacity(const struct header *header)
{
    if (header->class != LARGE)
        return class_bytes(header->class);
    return large_capacity(header);
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
    /* In place where it fits, unless shrinking would waste much. */
    if (bytes <= capacity(header) &&
        (bytes >= old / 2 || bytes >= capacity(header) / 2 || flags & HEAP_REALLOC_IN_PLACE_ONLY ||
         capacity(header) <= 64)) {
        header->bytes = bytes;
        if (flags & HEAP_ZERO_MEMORY && bytes > old)
            memset((char *)block + old, 0, bytes - old);
        return block;
    }
    if (flags & HEAP_REALLOC_IN_PLACE_ONLY)
        return out_of_memory(heap, flags);
    moved = NULL;
    if (bytes > old && bytes > LARGE_GROWTH && !heap->limit)
        moved = allocate_large(heap, large_growth(bytes), bytes, flags & ~(ULONG)HEAP_ZERO_MEMORY);
    if (!moved)
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
    large_destroy_all(heap);
    while (heap->segments) {
        base = heap->segments;
        heap->segments = heap->segments->next;
        bytes = 0;
        NtFreeVirtualMemory(NtCurrentProcess(), &base, &bytes, MEM_RELEASE);
    }
    base = heap;
    bytes = 0;
    NtFreeVirtualMemory(NtCurrentProcess(), &base, &bytes, MEM_RELEASE);
    return NULL;
}

void heap_init(void)
{
    current_peb()->ProcessHeap = RtlCreateHeap(HEAP_GROWABLE, NULL, 0, 0, NULL, NULL);
}
