/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * ResetWriteWatch, resets of what is reported, and MEM_RESET, which has the word in common only.
 */
#include "write_watch.h"

/* [D] [T] */
static void test_ranges(void)
{
    allocate(MEM_COMMIT, PAGE_READWRITE);
    memset(base, 1, SIZE);
    SetLastError(0xdeadbeef);
    ok(!ResetWriteWatch(page(3) + 100, 4096), "ResetWriteWatch: %lu", GetLastError());
    ok(GetLastError() == 0xdeadbeef, "success changed the last error to %lu", GetLastError());
    EXPECT(0, 0, 1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15); /* widened to whole pages */
    ok(!ResetWriteWatch(page(0), 1), "ResetWriteWatch: %lu", GetLastError());
    ok(!ResetWriteWatch(page(15) + 4095, 1), "ResetWriteWatch: %lu", GetLastError());
    EXPECT(0, 1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14);
    reset();
    EXPECT(0);
    reset(); /* what is clean */
    EXPECT(0);
    release();
}

static void fails(int line, void *address, SIZE_T size)
{
    SetLastError(0xdeadbeef);
    conformance_ok(line, ResetWriteWatch(address, size) == ~0u, "it succeeded");
    conformance_ok(line, GetLastError() == ERROR_INVALID_PARAMETER, "error %lu", GetLastError());
}

/* [T] and what the range rule of [D] says; a failing call resets nothing. */
static void test_failures(void)
{
    char *other;

    allocate(MEM_COMMIT, PAGE_READWRITE);
    page(0)[0] = page(15)[0] = 1;
    fails(__LINE__, base, 0);
    fails(__LINE__, NULL, SIZE);
    fails(__LINE__, GetModuleHandleA(NULL), 4096);
    fails(__LINE__, base, SIZE + 1);
    fails(__LINE__, base - 1, 2);
    fails(__LINE__, base, (SIZE_T)-1);
    fails(__LINE__, base, (SIZE_T)1 << 63);
    fails(__LINE__, (void *)(ULONG_PTR)0xffff800000000000ull, 4096);
    other = VirtualAlloc(NULL, SIZE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    fails(__LINE__, other, SIZE);
    VirtualFree(other, 0, MEM_RELEASE);
    EXPECT(0, 0, 15);
    release();
    fails(__LINE__, base, SIZE);
}

/* A get with reset resets exactly what it reports: [D] "reset … atomically", and Wine's count-of-1 test [T].
 * Every length of buffer, over every second page. */
static void test_reset_of_what_is_reported(void)
{
    allocate(MEM_COMMIT, PAGE_READWRITE);
    for (int room = 1; room <= PAGES; room++) {
        int next = 0;

        for (int i = 0; i < PAGES; i += 2)
            page(i)[room] = 1;
        do {
            memset(results, 0xcc, sizeof(results));
            count = (ULONG_PTR)room;
            if (GetWriteWatch(WRITE_WATCH_FLAG_RESET, base, SIZE, results, &count, &granularity)) {
                ok(0, "room %d: error %lu", room, GetLastError());
                break;
            }
            for (ULONG_PTR i = 0; i < count; i++, next += 2)
                ok(results[i] == page(next), "room %d: page %d is missing", room, next);
            ok(results[count] == (void *)(ULONG_PTR)0xccccccccccccccccull, "written behind the count");
        } while (count == (ULONG_PTR)room);
        ok(next == PAGES, "room %d: the last was page %d", room, next - 2);
        EXPECT(0);
    }
    release();
}

/* Without the reset the same lowest pages come again. [D] */
static void test_short_buffer_without_reset(void)
{
    allocate(MEM_COMMIT, PAGE_READWRITE);
    memset(base, 1, SIZE);
    for (int i = 0; i < 3; i++) {
        count = 2;
        ok(!GetWriteWatch(0, base, SIZE, results, &count, &granularity), "error %lu", GetLastError());
        ok(count == 2 && results[0] == page(0) && results[1] == page(1), "%lu pages",
           (unsigned long)count);
    }
    EXPECT_ALL(0);
    release();
}

/* MEM_RESET tells that the content is not needed. What that means for the watch is not documented [?]: here
 * it is no write and no reset. That a page written afterwards counts is certain. */
static void test_mem_reset(void)
{
    allocate(MEM_COMMIT, PAGE_READWRITE);
    page(0)[0] = page(1)[0] = 1;
    ok(!ResetWriteWatch(base, 4096), "ResetWriteWatch: %lu", GetLastError());
    ok(VirtualAlloc(base, SIZE, MEM_RESET, PAGE_READWRITE) == base, "MEM_RESET: %lu", GetLastError());
    if (is_decant())
        EXPECT(0, 1);
    reset();
    EXPECT(0);
    page(2)[0] = 1;
    EXPECT(0, 2);
    todo_wine
        ok(VirtualAlloc(base, SIZE, MEM_RESET_UNDO, PAGE_READWRITE) == base,
           "MEM_RESET_UNDO: %lu", GetLastError());
    if (is_decant())
        EXPECT(0, 2);
    release();
}

CONFORMANCE("memory: write watch, reset", test_ranges, test_failures, test_reset_of_what_is_reported,
            test_short_buffer_without_reset, test_mem_reset)
