/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Heaps beyond the everyday: limits, growth, walking, validating, misuse, huge blocks, many threads.
 *
 * Sources: learn.microsoft.com HeapCreate, HeapAlloc, HeapReAlloc, HeapFree, HeapWalk, HeapValidate, HeapLock,
 * HeapSetInformation, HeapQueryInformation; Wine's kernel32/tests/heap.c and ntdll/tests/rtl.c, which pass on
 * Windows.
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

/* HeapCreate: with a maximum the heap does not grow, and a block of half a MiB is too large for it whatever
 * the maximum ("slightly less than 512 KB for a 32-bit process … 1,024 KB for 64-bit"). */
static void test_limits(void)
{
    HANDLE heap = HeapCreate(0, 0x1000, 0x100000);
    void *blocks[64];
    unsigned count = 0;

    ok(heap != NULL, "error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!HeapAlloc(heap, 0, 0x200000), "2 MiB out of 1");
    ok(GetLastError() == ERROR_NOT_ENOUGH_MEMORY, "error %lu", GetLastError());
    while (count < 64 && (blocks[count] = HeapAlloc(heap, 0, 0x8000)))
        memset(blocks[count], (int)count, 0x8000), count++;
    ok(count >= 20 && count <= 32, "%u blocks of 32 KiB in 1 MiB", count);
    for (unsigned i = 0; i < count; i++)
        ok(is_filled(blocks[i], 0x8000, (unsigned char)i), "block %u damaged", i);
    ok(HeapFree(heap, 0, blocks[3]) && HeapFree(heap, 0, blocks[5]), "error %lu", GetLastError());
    blocks[3] = HeapAlloc(heap, HEAP_ZERO_MEMORY, 0x8000);
    ok(blocks[3] && is_filled(blocks[3], 0x8000, 0), "freed room is not used again, or not cleared");
    ok(HeapDestroy(heap), "error %lu", GetLastError());
    /* The initial size may not be above the maximum. */
    SetLastError(0xdeadbeef);
    heap = HeapCreate(0, 0x200000, 0x10000);
    if (heap) /* Windows up to 10 makes it that large */
        HeapDestroy(heap);
}

static void test_huge(void)
{
    static const SIZE_T sizes[] = {0x80000, 0x100000, 0x123457, 64 << 20};
    HANDLE heap = HeapCreate(0, 0, 0);

    for (unsigned i = 0; i < ARRAYSIZE(sizes); i++) {
        unsigned char *block = HeapAlloc(heap, HEAP_ZERO_MEMORY, sizes[i]), *moved;

        ok(block && !((ULONG_PTR)block & 15) && HeapSize(heap, 0, block) == sizes[i], "%#llx: %p",
           (long long)sizes[i], block);
        ok(!block[0] && !block[sizes[i] / 2] && !block[sizes[i] - 1], "%#llx: not zero", (long long)sizes[i]);
        block[0] = block[sizes[i] - 1] = 0x5a;
        moved = HeapReAlloc(heap, HEAP_ZERO_MEMORY, block, sizes[i] + 0x20001);
        ok(moved && moved[0] == 0x5a && moved[sizes[i] - 1] == 0x5a && is_filled(moved + sizes[i], 0x20001, 0),
           "%#llx: content", (long long)sizes[i]);
        moved = HeapReAlloc(heap, 0, moved, 100);
        ok(moved && moved[0] == 0x5a && HeapSize(heap, 0, moved) == 100, "%#llx: shrunk", (long long)sizes[i]);
        ok(HeapFree(heap, 0, moved), "error %lu", GetLastError());
    }
    ok(HeapDestroy(heap), "error %lu", GetLastError());
}

/* Each block of the heap is met once; the walk ends with ERROR_NO_MORE_ITEMS. */
static void test_walk(void)
{
    HANDLE heap = HeapCreate(0, 0, 0);
    PROCESS_HEAP_ENTRY entry;
    char *blocks[100];
    unsigned found[100] = {0}, busy = 0, steps = 0, wrong = 0;

    for (unsigned i = 0; i < 100; i++)
        blocks[i] = HeapAlloc(heap, 0, 10 + i * 37);
    blocks[99] = HeapReAlloc(heap, 0, blocks[99], 200000);
    HeapFree(heap, 0, blocks[50]);
    ok(HeapLock(heap), "error %lu", GetLastError());
    memset(&entry, 0xcc, sizeof(entry));
    entry.lpData = NULL;
    while (HeapWalk(heap, &entry) && ++steps < 100000) {
        if (!(entry.wFlags & PROCESS_HEAP_ENTRY_BUSY))
            continue;
        busy++;
        for (unsigned i = 0; i < 100; i++)
            if (entry.lpData == blocks[i])
                found[i]++, wrong += entry.cbData != (i == 99 ? 200000u : 10 + i * 37);
    }
    ok(GetLastError() == ERROR_NO_MORE_ITEMS, "error %lu", GetLastError());
    ok(HeapUnlock(heap), "error %lu", GetLastError());
    for (unsigned i = 0; i < 100; i++)
        ok(found[i] == (i != 50), "block %u was met %u times", i, found[i]);
    ok(!wrong, "%u sizes are wrong", wrong);
    ok(busy >= 99, "%u busy blocks", busy);
    ok(HeapDestroy(heap), "error %lu", GetLastError());
}

/* What is no block of the heap is told, and nothing is damaged. */
static void test_misuse(void)
{
    HANDLE heap = HeapCreate(0, 0, 0), other = HeapCreate(0, 0, 0);
    char *block = HeapAlloc(heap, 0, 100), *foreign = HeapAlloc(other, 0, 100);
    char local[64] = {0};

    ok(HeapValidate(heap, 0, NULL) && HeapValidate(heap, 0, block), "a good heap is not valid");
    ok(!HeapValidate(heap, 0, block + 16), "valid inside a block");
    ok(!HeapValidate(heap, 0, foreign), "valid in another heap");
    ok(!HeapValidate(heap, 0, local + 16), "valid on the stack");
    ok(!HeapFree(other, 0, block), "freed in another heap");
    ok(HeapSize(heap, 0, local + 16) == (SIZE_T)-1, "the stack has a size");
    ok(HeapSize(heap, 0, block) == 100, "size %u", (unsigned)HeapSize(heap, 0, block));
    ok(HeapFree(heap, 0, block), "error %lu", GetLastError());
    ok(!HeapValidate(heap, 0, block), "a freed block is valid");
    ok(!HeapReAlloc(heap, 0, NULL, 10), "NULL reallocated");
    ok(HeapFree(other, 0, foreign), "error %lu", GetLastError());
    ok(HeapDestroy(heap) && HeapDestroy(other), "error %lu", GetLastError());
}

static LONG CALLBACK on_exception(EXCEPTION_POINTERS *pointers)
{
    if (pointers->ExceptionRecord->ExceptionCode != STATUS_NO_MEMORY)
        return EXCEPTION_CONTINUE_SEARCH;
    ExitThread(42);
}

static DWORD WINAPI raise_no_memory(void *heap)
{
    HeapAlloc(heap, HEAP_GENERATE_EXCEPTIONS, (SIZE_T)1 << 46);
    return 1;
}

/* HEAP_GENERATE_EXCEPTIONS: STATUS_NO_MEMORY instead of NULL, for a call or for the heap. */
static void test_exceptions(void)
{
    PVOID handler;
    HANDLE thread;
    DWORD code = 0;

    if (is_wine()) {
        skip("Wine 8 raises it where no handler is asked, and starts its debugger");
        return;
    }
    handler = AddVectoredExceptionHandler(TRUE, on_exception);
    thread = CreateThread(NULL, 0, raise_no_memory, GetProcessHeap(), 0, NULL);
    ok(WaitForSingleObject(thread, 10000) == WAIT_OBJECT_0, "thread");
    GetExitCodeThread(thread, &code);
    ok(code == 42, "exit code %lu", code);
    CloseHandle(thread);
    RemoveVectoredExceptionHandler(handler);
}

static void test_information(void)
{
    HANDLE heap = HeapCreate(0, 0, 0), heaps[64];
    ULONG mode = 42, lfh = 2;
    SIZE_T needed = 0;
    DWORD count;
    BOOL found = FALSE;

    ok(HeapQueryInformation(heap, HeapCompatibilityInformation, &mode, sizeof(mode), &needed), "error %lu",
       GetLastError());
    ok(mode == 0 || mode == 2, "mode %lu", mode);
    ok(HeapSetInformation(heap, HeapCompatibilityInformation, &lfh, sizeof(lfh)), "error %lu", GetLastError());
    todo_wine
        ok(HeapQueryInformation(heap, HeapCompatibilityInformation, &mode, sizeof(mode), &needed) && mode == 2, "mode %lu",
           mode);
    ok(needed == 4, "%u bytes", (unsigned)needed);
    SetLastError(0xdeadbeef);
    ok(!HeapQueryInformation(heap, HeapCompatibilityInformation, &mode, 1, &needed) &&
           GetLastError() == ERROR_INSUFFICIENT_BUFFER, "error %lu", GetLastError());
    ok(HeapSetInformation(NULL, 1 /* HeapEnableTerminationOnCorruption */, NULL, 0), "error %lu", GetLastError());
    count = GetProcessHeaps(64, heaps);
    ok(count >= 2 && count <= 64, "%lu heaps", count);
    for (DWORD i = 0; i < count; i++)
        found |= heaps[i] == heap;
    ok(found && GetProcessHeaps(0, NULL) == count, "the new heap is not listed");
    HeapCompact(heap, 0);
    ok(HeapDestroy(heap), "error %lu", GetLastError());
}

enum { THREADS = 8, ROUNDS = 20000, SLOTS = 256 };

static void *volatile slots[SLOTS];
static volatile LONG damaged;
static HANDLE shared;

static unsigned __stdcall churn(void *argument)
{
    unsigned seed = (unsigned)(ULONG_PTR)argument * 2654435761u + 1;

    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned char *block, *old;
        unsigned size;

        seed = seed * 1664525 + 1013904223;
        size = 1 + (seed >> 16) % (i % 100 ? 800 : 80000);
        block = HeapAlloc(shared, i % 3 ? 0 : HEAP_ZERO_MEMORY, size);
        if (!block || (i % 3 == 0 && !is_filled(block, size, 0))) {
            InterlockedIncrement(&damaged);
            continue;
        }
        memset(block, (unsigned char)size, size);
        if (i % 5 == 0) {
            unsigned char *grown = HeapReAlloc(shared, 0, block, size * 2);

            if (!grown || !is_filled(grown, size, (unsigned char)size))
                InterlockedIncrement(&damaged);
            block = HeapReAlloc(shared, 0, grown, size);
        }
        old = InterlockedExchangePointer(&slots[(seed >> 9) % SLOTS], block);
        if (!old)
            continue;
        size = (unsigned)HeapSize(shared, 0, old);
        if (!is_filled(old, size, (unsigned char)size))
            InterlockedIncrement(&damaged);
        HeapFree(shared, 0, old);
    }
    return 0;
}

/* A heap of one's own and the process's, from eight threads that free one another's blocks. */
static void test_threads(void)
{
    HANDLE threads[THREADS];

    for (unsigned round = 0; round < 2; round++) {
        shared = round ? GetProcessHeap() : HeapCreate(0, 0, 0);
        memset((void *)slots, 0, sizeof(slots));
        for (ULONG_PTR i = 0; i < THREADS; i++)
            threads[i] = (HANDLE)_beginthreadex(NULL, 0, churn, (void *)(i + round * THREADS), 0, NULL);
        ok(WaitForMultipleObjects(THREADS, threads, TRUE, 90000) == WAIT_OBJECT_0, "threads did not end");
        ok(!damaged, "%ld blocks damaged", damaged);
        for (unsigned i = 0; i < THREADS; i++)
            CloseHandle(threads[i]);
        ok(HeapValidate(shared, 0, NULL), "the heap is not valid");
        for (unsigned i = 0; i < SLOTS; i++)
            HeapFree(shared, 0, slots[i]);
        if (!round)
            ok(HeapDestroy(shared), "error %lu", GetLastError());
    }
}

CONFORMANCE("heap: limits, walking, misuse, threads", test_limits, test_huge, test_walk, test_misuse, test_exceptions,
            test_information, test_threads)
