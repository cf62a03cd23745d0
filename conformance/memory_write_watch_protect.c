/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Protections and what was written: changing them neither marks nor clears, a reset works whatever they
 * are, and a write that a protection refuses is none.
 */
#include "write_watch.h"

static volatile LONG violations;

static void protect(int first, int pages, DWORD protection)
{
    DWORD old;

    ok(VirtualProtect(page(first), (SIZE_T)pages * 4096, protection, &old), "VirtualProtect: %lu",
       GetLastError());
}

/* Test 13 of Wine's test_write_watch [T]. */
static void test_reserved_and_no_access(void)
{
    allocate(0, PAGE_NOACCESS);
    EXPECT(0); /* reserved pages: success and none */
    reset();
    ok(VirtualAlloc(base, SIZE, MEM_COMMIT, PAGE_NOACCESS) == base, "commit");
    EXPECT(0);
    protect(0, 6, PAGE_READWRITE);
    page(5)[200] = 3;
    protect(0, 6, PAGE_NOACCESS);
    EXPECT(0, 5);
    EXPECT(WRITE_WATCH_FLAG_RESET, 5);
    EXPECT(0);
    protect(0, 6, PAGE_READWRITE);
    EXPECT(0);
    page(1)[0] = page(2)[0] = 1;
    ok(VirtualFree(page(1), 4096, MEM_DECOMMIT), "decommit: %lu", GetLastError());
    page(2)[0] = 2;
    /* The latch of the last change had nothing of page 1. */
    todo_wine EXPECT(0, 2);
    release();
}

/* Test 6 [T]: through every protection and back; the query sees one region again. */
static void test_changes_keep_the_state(void)
{
    static const DWORD protections[] = {PAGE_READONLY, PAGE_NOACCESS, PAGE_EXECUTE_READ,
                                        PAGE_EXECUTE_READWRITE, PAGE_READWRITE};
    MEMORY_BASIC_INFORMATION info;

    allocate(MEM_COMMIT, PAGE_READWRITE);
    page(1)[0] = page(7)[0] = 1;
    for (size_t i = 0; i < ARRAYSIZE(protections); i++) {
        protect(0, 4, protections[i]);
        EXPECT(0, 1, 7);
    }
    VirtualQuery(base, &info, sizeof(info));
    ok(info.RegionSize == SIZE && info.Protect == PAGE_READWRITE, "size %lx, protection %lx",
       (unsigned long)info.RegionSize, info.Protect);
    EXPECT(WRITE_WATCH_FLAG_RESET, 1, 7);
    for (size_t i = 0; i < ARRAYSIZE(protections); i++) {
        protect(0, 4, protections[i]);
        EXPECT(0);
    }
    page(1)[0] = 2; /* watched as before */
    EXPECT(0, 1);
    release();
}

/* [T] a reset of read-only and of inaccessible pages works, and they are watched afterwards. */
static void test_reset_while_protected(void)
{
    static const DWORD protections[] = {PAGE_READONLY, PAGE_NOACCESS};

    for (size_t i = 0; i < ARRAYSIZE(protections); i++) {
        allocate(MEM_COMMIT, PAGE_READWRITE);
        memset(base, 1, SIZE);
        protect(0, PAGES, protections[i]);
        EXPECT_ALL(0);
        reset();
        EXPECT(0);
        protect(0, PAGES, PAGE_READWRITE);
        EXPECT(0);
        page(9)[0] = 2;
        EXPECT(0, 9);
        release();
    }
}

static LONG CALLBACK skip_store(EXCEPTION_POINTERS *info)
{
    if (info->ExceptionRecord->ExceptionCode != EXCEPTION_ACCESS_VIOLATION ||
        info->ExceptionRecord->ExceptionInformation[0] != 1)
        return EXCEPTION_CONTINUE_SEARCH;
    violations++;
    info->ContextRecord->Rip += 3; /* c6 00 01: mov byte [rax], 1 */
    return EXCEPTION_CONTINUE_EXECUTION;
}

static void store(char *address)
{
    __asm__ volatile(".byte 0xc6, 0x00, 0x01" : : "a"(address) : "memory");
}

/* A refused write raises the exception and marks nothing; pages beside it are written normally. */
static void test_refused_writes(void)
{
    void *handler = AddVectoredExceptionHandler(TRUE, skip_store);

    allocate(MEM_COMMIT, PAGE_READWRITE);
    protect(2, 1, PAGE_READONLY);
    protect(3, 1, PAGE_NOACCESS);
    protect(4, 1, PAGE_EXECUTE_READ);
    violations = 0;
    store(page(1));
    ok(!violations, "%ld violations", violations);
    store(page(2));
    store(page(3));
    store(page(4));
    ok(violations == 3, "%ld violations", violations);
    todo_wine EXPECT(0, 1);
    RemoveVectoredExceptionHandler(handler);
    release();
}

/* A writable page in the middle of others, changed while its neighbours are dirty and clean. */
static void test_neighbours(void)
{
    allocate(MEM_COMMIT, PAGE_READWRITE);
    page(4)[0] = page(6)[0] = 1;
    protect(5, 1, PAGE_READONLY);
    protect(5, 1, PAGE_READWRITE);
    page(5)[0] = 1;
    EXPECT(WRITE_WATCH_FLAG_RESET, 4, 5, 6);
    protect(4, 3, PAGE_EXECUTE_READWRITE);
    page(5)[0] = page(7)[0] = 1;
    EXPECT(WRITE_WATCH_FLAG_RESET, 5, 7);
    protect(0, PAGES, PAGE_READWRITE);
    EXPECT(0);
    memset(base, 2, SIZE);
    EXPECT_ALL(0);
    release();
}

/* Test 16 [T]: 2048 pages, every second one written, half of them read-only. */
static void test_many_pages(void)
{
    const int pages = 2048;
    static void *found[2048];
    char *memory = VirtualAlloc(NULL, pages * 4096, MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH,
                                PAGE_READWRITE);
    DWORD old;
    int wrong = 0;

    for (int i = 0; i < pages; i += 2)
        memory[i * 4096] = 1;
    VirtualProtect(memory, pages / 2 * 4096, PAGE_READONLY, &old);
    count = pages;
    ok(!GetWriteWatch(WRITE_WATCH_FLAG_RESET, memory, pages * 4096, found, &count, &granularity),
       "GetWriteWatch");
    ok(count == (ULONG_PTR)pages / 2, "%lu pages", (unsigned long)count);
    for (ULONG_PTR i = 0; i < count; i++)
        wrong += found[i] != memory + i * 2 * 4096;
    ok(!wrong, "%d entries are wrong", wrong);
    count = pages;
    ok(!GetWriteWatch(0, memory, pages * 4096, found, &count, &granularity), "GetWriteWatch");
    ok(count == 0, "%lu pages after the reset", (unsigned long)count);
    VirtualFree(memory, 0, MEM_RELEASE);
}

CONFORMANCE("memory: write watch, protection", test_reserved_and_no_access,
            test_changes_keep_the_state, test_reset_while_protected, test_refused_writes,
            test_neighbours, test_many_pages)
