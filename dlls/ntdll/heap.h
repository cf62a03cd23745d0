/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Heaps, between heap.c (small blocks, the functions), heap_large.c and heap_info.c.
 *
 * A block has a 16-byte header before it: its size, its size class and a check value made of its address.
 * A freed block's header says so: a second free and a foreign pointer are noticed and refused.
 */
#ifndef DECANT_NTDLL_HEAP_H
#define DECANT_NTDLL_HEAP_H

#include "ntdll.h"

#define HEADER_BYTES   sizeof(struct header)
#define CLASSES        (32 + 6 * 4)
#define LARGE          0xff
#define HEAP_MAGIC     0xdeca7ea9u
#define MAGIC_USED     0x5eedu
#define MAGIC_FREE     0xf4eeu
/* Spare large blocks: four sizes for each power of two, as for small ones. */
#define SPARE_BINS     (8 * 4)

struct header {
    SIZE_T bytes;       /* what the program asked for */
    uint32_t check;     /* of the block's address and state */
    uint8_t class;      /* index of the size class, or LARGE */
    uint8_t is_zero;    /* its memory is fresh from below */
    uint16_t heap;      /* the heap's number: another heap refuses the block */
};
_Static_assert(sizeof(struct header) == 16, "blocks are 16-byte aligned");

struct free_block {
    struct free_block *next;
};

/* A block with a mapping of its own. */
struct large_block {
    LIST_ENTRY link;    /* of the heap's large blocks; of a spare one only Flink, to the next of its bin */
    SIZE_T mapped;      /* bytes of the mapping */
    void *unused;
    struct header header;
};
_Static_assert(sizeof(struct large_block) % 16 == 0, "the block behind it is 16-byte aligned");

/* Holds small blocks side by side, from behind this to `end`. */
struct segment {
    struct segment *next;
    char *end;          /* of the newest segment: heap->bump instead */
    SIZE_T bytes;
    SIZE_T unused;
};
_Static_assert(sizeof(struct segment) % 16 == 0, "the first block is 16-byte aligned");

struct heap {
    uint32_t magic;
    ULONG flags;
    uint32_t lock_word;             /* 1: held */
    uint32_t lock_owner, lock_depth;
    struct free_block *lists[CLASSES];
    char *bump, *bump_end;          /* the rest of the newest segment */
    struct segment *segments;       /* the newest first */
    LIST_ENTRY large;
    struct large_block *spare[SPARE_BINS];
    SIZE_T spare_bytes;
    SIZE_T limit, used;             /* limit 0: may grow */
    LIST_ENTRY link;                /* of all heaps */
    uint16_t number;                /* tells this heap's blocks from others' */
};

static inline SIZE_T class_bytes(unsigned class)
{
    if (class < 32)
        return ((SIZE_T)class + 1) << 4;
    class -= 32;
    return ((SIZE_T)5 + class % 4) << (class / 4 + 7);
}

static inline uint32_t check_value(const struct header *header, uint32_t magic)
{
    return ((uint32_t)((uintptr_t)header >> 4) * 2654435761u & 0xffff0000u) | magic;
}

static inline struct header *header_of(const void *block)
{
    return (struct header *)((char *)block - HEADER_BYTES);
}

/* The header of a block of this heap in use, or NULL for anything else. */
static inline struct header *used_header(const struct heap *heap, const void *block)
{
    struct header *header;

    if (!heap || !block || (uintptr_t)block & 15)
        return NULL;
    header = header_of(block);
    return header->check == check_value(header, MAGIC_USED) && header->heap == heap->number ? header
                                                                                         : NULL;
}

static inline struct heap *heap_from_handle(HANDLE handle)
{
    struct heap *heap = handle;

    return heap && heap->magic == HEAP_MAGIC ? heap : NULL;
}

static inline struct large_block *large_of(const struct header *header)
{
    return CONTAINING_RECORD(header, struct large_block, header);
}

/* A lock of the heap's own. It is held for a few instructions, so it is let go by a plain store, and
 * who has to wait asks again, then sleeps: half of the atomic operations of a critical section, which are most
 * of what a block without the thread's cache costs. */
void heap_lock_slow(struct heap *heap);

static inline void heap_lock(struct heap *heap, ULONG flags)
{
    uint32_t self = (uint32_t)(uintptr_t)NtCurrentTeb()->ClientId.UniqueThread;

    if ((heap->flags | flags) & HEAP_NO_SERIALIZE)
        return;
    if (heap->lock_owner == self) { /* only the owner itself writes its own id there */
        heap->lock_depth++;
        return;
    }
    if (__atomic_exchange_n(&heap->lock_word, 1, __ATOMIC_ACQUIRE))
        heap_lock_slow(heap);
    heap->lock_owner = self;
}

static inline void heap_unlock(struct heap *heap, ULONG flags)
{
    if ((heap->flags | flags) & HEAP_NO_SERIALIZE)
        return;
    if (heap->lock_depth) {
        heap->lock_depth--;
        return;
    }
    heap->lock_owner = 0;
    __atomic_store_n(&heap->lock_word, 0, __ATOMIC_RELEASE);
}

static inline bool is_process_heap(const struct heap *heap)
{
    return (HANDLE)heap == process_heap();
}

/* heap.c */
ULONG heap_page_protection(const struct heap *heap);
extern RTL_CRITICAL_SECTION heaps_lock;
extern LIST_ENTRY heaps;

/* heap_large.c; the caller holds the heap's lock for `take` and `put`. */
struct header *large_take(struct heap *heap, SIZE_T bytes);
/* True: kept as a spare. False: the caller gives the mapping back, without the lock. */
bool large_put(struct heap *heap, struct large_block *large);
void large_unmap(struct large_block *large);
SIZE_T large_capacity(const struct header *header);
/* How much a block that grows to `bytes` should get, so that it seldom moves. */
SIZE_T large_growth(SIZE_T bytes);
void large_destroy_all(struct heap *heap);

#endif
