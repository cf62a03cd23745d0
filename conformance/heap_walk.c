/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Walking and locking a heap, blocks that grow and shrink, large blocks that are used again.
 */
#include "conformance.h"

struct seen {
    void *block;
    SIZE_T size;
    unsigned times;
    BOOL is_busy;
};

/* learn.microsoft.com: HeapWalk ("If there are no more heap entries, GetLastError returns
 * ERROR_NO_MORE_ITEMS"), PROCESS_HEAP_ENTRY (lpData of a block is its data portion). */
static void walk(HANDLE heap, struct seen *seen, unsigned count)
{
    PROCESS_HEAP_ENTRY entry;
    unsigned steps = 0;

    memset(&entry, 0xcc, sizeof(entry));
    entry.lpData = NULL;
    ok(HeapLock(heap), "error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    while (HeapWalk(heap, &entry) && steps++ < 100000)
        for (unsigned i = 0; i < count; i++)
            if (entry.lpData == seen[i].block && !(entry.wFlags & PROCESS_HEAP_REGION)) {
                seen[i].times++;
                seen[i].is_busy = !!(entry.wFlags & PROCESS_HEAP_ENTRY_BUSY);
                ok(!seen[i].is_busy || entry.cbData >= seen[i].size, "block %u: %lu of %lu bytes", i,
                   entry.cbData, (unsigned long)seen[i].size);
            }
    ok(GetLastError() == ERROR_NO_MORE_ITEMS, "%u entries, error %lu", steps, GetLastError());
    ok(HeapUnlock(heap), "error %lu", GetLastError());
}

static void test_walk(void)
{
    static const SIZE_T sizes[] = {1, 100, 1000, 5000, 30000, 100000, 2000000};
    enum { COUNT = sizeof(sizes) / sizeof(sizes[0]) };
    struct seen seen[COUNT] = {0};
    HANDLE heap = HeapCreate(0, 0, 0);

    for (unsigned i = 0; i < COUNT; i++) {
        seen[i].size = sizes[i];
        seen[i].block = HeapAlloc(heap, 0, sizes[i]);
        ok(seen[i].block != NULL, "size %lu: error %lu", (unsigned long)sizes[i], GetLastError());
    }
    walk(heap, seen, COUNT);
    for (unsigned i = 0; i < COUNT; i++) {
        ok(seen[i].times == 1 && seen[i].is_busy, "block %u: seen %u times, busy %d", i, seen[i].times,
           seen[i].is_busy);
        seen[i].times = 0;
        seen[i].is_busy = FALSE;
    }
    HeapFree(heap, 0, seen[1].block);
    HeapFree(heap, 0, seen[5].block);
    walk(heap, seen, COUNT);
    for (unsigned i = 0; i < COUNT; i++)
        ok(i == 1 || i == 5 ? !seen[i].is_busy : seen[i].times == 1 && seen[i].is_busy,
           "block %u: seen %u times, busy %d", i, seen[i].times, seen[i].is_busy);
    ok(HeapDestroy(heap), "error %lu", GetLastError());
}

/* More than one segment's worth: each of many blocks is seen, once. */
static void test_walk_many(void)
{
    static unsigned char times[3000];
    static unsigned *blocks[3000];
    PROCESS_HEAP_ENTRY entry = {0};
    HANDLE heap = HeapCreate(0, 0, 0);
    unsigned wrong = 0;

    for (unsigned i = 0; i < 3000; i++) {
        blocks[i] = HeapAlloc(heap, 0, 1000 + i % 100);
        *blocks[i] = i;
    }
    while (HeapWalk(heap, &entry))
        if (entry.wFlags & PROCESS_HEAP_ENTRY_BUSY) {
            unsigned i = *(unsigned *)entry.lpData;

            if (i < 3000 && blocks[i] == entry.lpData)
                times[i]++;
        }
    for (unsigned i = 0; i < 3000; i++)
        wrong += times[i] != 1;
    ok(!wrong, "%u of 3000 blocks not seen once", wrong);
    ok(HeapDestroy(heap), "error %lu", GetLastError());
}

static BOOL holds(const unsigned char *block, SIZE_T size)
{
    for (SIZE_T i = 0; i < size; i++)
        if (block[i] != (unsigned char)(i * 7))
            return FALSE;
    return TRUE;
}

/* learn.microsoft.com: HeapReAlloc ("preserves the original contents"), HeapSize. */
static void test_resize(void)
{
    HANDLE heap = GetProcessHeap();
    unsigned char *block = HeapAlloc(heap, 0, 1);
    SIZE_T size = 1;

    block[0] = 0;
    while (size < 3000000) {
        SIZE_T next = size * 3 / 2 + 1;

        block = HeapReAlloc(heap, 0, block, next);
        ok(block && HeapSize(heap, 0, block) == next, "size %lu", (unsigned long)next);
        ok(!((ULONG_PTR)block & 15), "size %lu: at %p", (unsigned long)next, block);
        ok(holds(block, size), "size %lu: content lost", (unsigned long)next);
        for (SIZE_T i = size; i < next; i++)
            block[i] = (unsigned char)(i * 7);
        size = next;
    }
    while (size > 1) {
        SIZE_T next = size * 2 / 5;

        block = HeapReAlloc(heap, 0, block, next ? next : 1);
        size = next ? next : 1;
        ok(block && HeapSize(heap, 0, block) == size, "size %lu", (unsigned long)size);
        ok(holds(block, size), "size %lu: content lost in shrinking", (unsigned long)size);
    }
    ok(HeapFree(heap, 0, block), "error %lu", GetLastError());
}

/* learn.microsoft.com: HeapAlloc (HEAP_ZERO_MEMORY), whatever the memory was used for before. */
static void test_zero_again(void)
{
    static const SIZE_T sizes[] = {40000, 70000, 300000, 5000000};
    HANDLE heap = GetProcessHeap();

    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        unsigned char *block = HeapAlloc(heap, 0, sizes[i]);
        SIZE_T dirty = 0;

        memset(block, 0xa5, sizes[i]);
        HeapFree(heap, 0, block);
        block = HeapAlloc(heap, HEAP_ZERO_MEMORY, sizes[i] - 1000);
        for (SIZE_T k = 0; k < sizes[i] - 1000; k++)
            dirty += block[k] != 0;
        ok(!dirty, "size %lu: %lu bytes not zero", (unsigned long)sizes[i], (unsigned long)dirty);
        block = HeapReAlloc(heap, HEAP_ZERO_MEMORY, block, sizes[i]);
        for (SIZE_T k = 0; k < sizes[i]; k++)
            dirty += block[k] != 0;
        ok(!dirty, "size %lu: %lu bytes not zero after growing", (unsigned long)sizes[i],
           (unsigned long)dirty);
        /* Freed twice: the second is refused or raises; only the first is done here. */
        ok(HeapFree(heap, 0, block), "error %lu", GetLastError());
    }
}

static volatile LONG allocated;

static DWORD WINAPI allocate(void *heap)
{
    HeapFree(heap, 0, HeapAlloc(heap, 0, 100));
    InterlockedExchange(&allocated, 1);
    return 0;
}

/* learn.microsoft.com: HeapLock ("only the calling thread can allocate or release memory from the
 * heap"; each call must be matched by one of HeapUnlock). */
static void test_lock(void)
{
    HANDLE heap = HeapCreate(0, 0, 0), thread;

    ok(HeapLock(heap) && HeapLock(heap), "error %lu", GetLastError());
    ok(HeapFree(heap, 0, HeapAlloc(heap, 0, 10)), "error %lu", GetLastError());
    thread = CreateThread(NULL, 0, allocate, heap, 0, NULL);
    ok(WaitForSingleObject(thread, 50) == WAIT_TIMEOUT && !allocated, "the lock keeps nobody out");
    ok(HeapUnlock(heap), "error %lu", GetLastError());
    ok(WaitForSingleObject(thread, 50) == WAIT_TIMEOUT && !allocated, "one of two unlocks lets in");
    ok(HeapUnlock(heap), "error %lu", GetLastError());
    ok(WaitForSingleObject(thread, 10000) == WAIT_OBJECT_0 && allocated, "nobody is let in");
    CloseHandle(thread);
    ok(HeapDestroy(heap), "error %lu", GetLastError());
}

CONFORMANCE("heap_walk", test_walk, test_walk_many, test_resize, test_zero_again, test_lock)
