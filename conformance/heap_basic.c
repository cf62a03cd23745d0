/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Heaps: HeapAlloc and its kin, LocalAlloc and GlobalAlloc.
 */
#include "conformance.h"
#include <process.h>

static BOOL is_filled(const unsigned char *bytes, SIZE_T size, unsigned char value)
{
    while (size--)
        if (*bytes++ != value)
            return FALSE;
    return TRUE;
}

/* learn.microsoft.com: HeapAlloc, HeapReAlloc, HeapSize. */
static void test_blocks(void)
{
    static const SIZE_T sizes[] = {0, 1, 15, 16, 17, 511, 512, 513, 4096, 32768, 32769, 70000, 1 << 20};
    HANDLE heap = GetProcessHeap();

    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        unsigned char *block = HeapAlloc(heap, HEAP_ZERO_MEMORY, sizes[i]), *moved;

        ok(block != NULL, "size %u: no memory", (unsigned)sizes[i]);
        ok(!((ULONG_PTR)block & 15), "size %u: %p", (unsigned)sizes[i], block);
        ok(HeapSize(heap, 0, block) == sizes[i], "size %u: HeapSize %u", (unsigned)sizes[i],
           (unsigned)HeapSize(heap, 0, block));
        ok(is_filled(block, sizes[i], 0), "size %u: not zero", (unsigned)sizes[i]);
        memset(block, 0xa5, sizes[i]);
        moved = HeapReAlloc(heap, HEAP_ZERO_MEMORY, block, sizes[i] * 3 + 1);
        ok(moved && is_filled(moved, sizes[i], 0xa5), "size %u: lost in growing", (unsigned)sizes[i]);
        ok(is_filled(moved + sizes[i], sizes[i] * 2 + 1, 0), "size %u: grown part not zero",
           (unsigned)sizes[i]);
        moved = HeapReAlloc(heap, 0, moved, sizes[i] / 2);
        ok(moved && is_filled(moved, sizes[i] / 2, 0xa5), "size %u: lost in shrinking",
           (unsigned)sizes[i]);
        ok(HeapValidate(heap, 0, moved), "size %u: not valid", (unsigned)sizes[i]);
        ok(HeapFree(heap, 0, moved), "size %u: error %lu", (unsigned)sizes[i], GetLastError());
    }
    ok(HeapFree(heap, 0, NULL), "NULL is not freed");
}

/* Shrinking in place and growing again must show zeros, not what was there. */
static void test_zero_growth(void)
{
    HANDLE heap = GetProcessHeap();
    unsigned char *block = HeapAlloc(heap, 0, 100);

    memset(block, 0xa5, 100);
    block = HeapReAlloc(heap, 0, block, 60);
    block = HeapReAlloc(heap, HEAP_ZERO_MEMORY, block, 100);
    ok(is_filled(block, 60, 0xa5), "lost");
    ok(is_filled(block + 60, 40, 0), "not zero");
    ok(HeapReAlloc(heap, HEAP_REALLOC_IN_PLACE_ONLY, block, 50) == block, "moved in shrinking");
    ok(!HeapReAlloc(heap, HEAP_REALLOC_IN_PLACE_ONLY, block, 1 << 20), "grew in place");
    HeapFree(heap, 0, block);
    /* The same for a block that is a mapping of its own. */
    block = HeapAlloc(heap, 0, 1 << 20);
    memset(block, 0xa5, 1 << 20);
    block = HeapReAlloc(heap, 0, block, (1 << 20) - 5000);
    block = HeapReAlloc(heap, HEAP_ZERO_MEMORY, block, 1 << 20);
    ok(is_filled(block + (1 << 20) - 5000, 5000, 0), "not zero");
    HeapFree(heap, 0, block);
}

static void test_heaps(void)
{
    HANDLE heap = HeapCreate(0, 0, 0), fixed = HeapCreate(0, 0x1000, 0x80000);
    void *block, *blocks[64];
    unsigned n = 0;

    ok(heap && fixed, "error %lu", GetLastError());
    for (unsigned i = 0; i < 1000; i++)
        ok(HeapAlloc(heap, 0, i) != NULL, "size %u", i);
    block = HeapAlloc(heap, 0, 100);
    ok(HeapValidate(heap, 0, block), "not valid");
    ok(!HeapValidate(GetProcessHeap(), 0, block), "valid in another heap");
    ok(HeapDestroy(heap), "error %lu", GetLastError());
    /* A heap with a maximum ends. */
    while (n < 64 && (blocks[n] = HeapAlloc(fixed, 0, 0x4000)))
        n++;
    ok(n > 8 && n < 40, "%u blocks of 16 KiB in 512 KiB", n);
    while (n)
        HeapFree(fixed, 0, blocks[--n]);
    ok(HeapAlloc(fixed, 0, 0x4000) != NULL, "freed memory is not used again");
    ok(HeapDestroy(fixed), "error %lu", GetLastError());
}

#define SLOTS 512

static LONG damaged;

/* Blocks change hands between threads through a common table. */
static unsigned __stdcall churn(void *argument)
{
    static void *volatile table[SLOTS];
    unsigned seed = (unsigned)(ULONG_PTR)argument * 7919 + 1;
    HANDLE heap = GetProcessHeap();

    for (unsigned i = 0; i < 50000; i++) {
        unsigned char *block, *old;
        unsigned size;

        seed = seed * 1664525 + 1013904223;
        size = 2 + (seed >> 16) % (i % 64 ? 600 : 60000);
        block = HeapAlloc(heap, 0, size);
        memset(block, (unsigned char)size, size);
        old = InterlockedExchangePointer(&table[(seed >> 8) % SLOTS], block);
        if (!old)
            continue;
        size = (unsigned)HeapSize(heap, 0, old);
        if (!is_filled(old, size, (unsigned char)size))
            InterlockedIncrement(&damaged);
        HeapFree(heap, 0, old);
    }
    return 0;
}

static void test_threads(void)
{
    HANDLE threads[4];

    for (ULONG_PTR i = 0; i < 4; i++)
        threads[i] = (HANDLE)_beginthreadex(NULL, 0, churn, (void *)i, 0, NULL);
    ok(WaitForMultipleObjects(4, threads, TRUE, 60000) == WAIT_OBJECT_0, "threads did not end");
    ok(!damaged, "%ld blocks damaged", damaged);
}

/* learn.microsoft.com: LocalAlloc, GlobalLock, GlobalFlags. */
static void test_moveable(void)
{
    HGLOBAL handle = GlobalAlloc(GMEM_MOVEABLE | GMEM_ZEROINIT, 100);
    unsigned char *memory;

    ok(handle != NULL, "error %lu", GetLastError());
    memory = GlobalLock(handle);
    ok(memory && memory != (void *)handle, "memory %p of handle %p", memory, handle);
    ok(is_filled(memory, 100, 0), "not zero");
    ok((GlobalFlags(handle) & GMEM_LOCKCOUNT) == 1, "flags %x", GlobalFlags(handle));
    ok(GlobalHandle(memory) == handle, "the memory's handle is %p", GlobalHandle(memory));
    SetLastError(0xdeadbeef);
    ok(!GlobalUnlock(handle), "still locked");
    ok(GetLastError() == NO_ERROR, "error %lu", GetLastError());
    ok(!GlobalUnlock(handle), "locked");
    ok(GetLastError() == ERROR_NOT_LOCKED, "error %lu", GetLastError());
    ok(GlobalSize(handle) == 100, "size %u", (unsigned)GlobalSize(handle));
    handle = GlobalReAlloc(handle, 5000, GMEM_MOVEABLE | GMEM_ZEROINIT);
    ok(handle && GlobalSize(handle) == 5000, "size %u", (unsigned)GlobalSize(handle));
    ok(!GlobalFree(handle), "error %lu", GetLastError());
    handle = LocalAlloc(LMEM_FIXED, 10);
    ok(LocalLock(handle) == (void *)handle, "a fixed block's address is its handle");
    ok(!LocalFree(handle), "error %lu", GetLastError());
}

CONFORMANCE("heap_basic", test_blocks, test_zero_growth, test_heaps, test_threads, test_moveable)
