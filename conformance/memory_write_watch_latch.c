/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What decommitting forgets and what VirtualProtect saves from it: at each protection change Windows copies what
 * the page tables say into the allocation's bitmap, and a decommit drops only what is not in it yet.
 * [T] throughout, unless noted: Wine's test_write_watch, marked todo there and passing on Windows.
 */
#include "write_watch.h"

static void protect(int first, int pages, DWORD protection)
{
    DWORD old = 0xdeadbeef;

    ok(VirtualProtect(page(first), (SIZE_T)pages * 4096, protection, &old), "VirtualProtect: %lu",
       GetLastError());
    ok(old != 0xdeadbeef, "no old protection");
}

static void decommit(int first, int pages)
{
    ok(VirtualFree(page(first), (SIZE_T)pages * 4096, MEM_DECOMMIT), "decommit: %lu", GetLastError());
}

static void commit(int first, int pages)
{
    ok(VirtualAlloc(page(first), (SIZE_T)pages * 4096, MEM_COMMIT, PAGE_READWRITE) == page(first),
       "commit: %lu", GetLastError());
}

static void test_decommit_forgets(void)
{
    allocate(MEM_COMMIT, PAGE_READWRITE);
    page(3)[0] = page(5)[0] = 1;
    decommit(0, PAGES);
    todo_wine EXPECT(0);
    commit(0, PAGES);
    todo_wine EXPECT(0);
    ok(!page(3)[0], "committed pages are zero");
    todo_wine EXPECT(0); /* reading them is no write */
    reset();
    page(3)[0] = 1;
    EXPECT(0, 3);
    release();
}

static void test_protect_latches(void)
{
    allocate(MEM_COMMIT, PAGE_READWRITE);
    page(3)[0] = 1;
    protect(0, PAGES, PAGE_READONLY);
    protect(0, PAGES, PAGE_READWRITE);
    page(5)[0] = 1;
    EXPECT(0, 3, 5);
    decommit(0, PAGES);
    todo_wine EXPECT(0, 3);
    commit(0, PAGES);
    todo_wine EXPECT(0, 3);
    page(2)[0] = page(4)[0] = page(6)[0] = 1;
    todo_wine EXPECT(0, 2, 3, 4, 6);
    /* A latched page is reported once and reset as any other. */
    todo_wine EXPECT(WRITE_WATCH_FLAG_RESET, 2, 3, 4, 6);
    EXPECT(0);
    release();
}

/* Only the range of the call latches, and also when the protection stays what it was. */
static void test_range_of_the_latch(void)
{
    allocate(MEM_COMMIT, PAGE_READWRITE);
    page(2)[0] = page(6)[0] = page(9)[0] = 1;
    protect(4, 4, PAGE_READWRITE);
    decommit(0, PAGES);
    if (is_decant())
        EXPECT(0, 6);
    commit(0, PAGES);
    reset();
    EXPECT(0);
    /* A reset ends a latch: nothing is left for the decommit to save. */
    page(1)[0] = 1;
    protect(0, PAGES, PAGE_READWRITE);
    reset();
    decommit(0, PAGES);
    EXPECT(0);
    release();
}

/* Latched and not latched pages share a short buffer: ascending, and only what is reported is reset. */
static void test_short_buffer(void)
{
    static const int expected[][2] = {{1, 3}, {4, 7}, {9, -1}};

    allocate(MEM_COMMIT, PAGE_READWRITE);
    page(3)[0] = page(4)[0] = page(9)[0] = 1;
    protect(0, PAGES, PAGE_READONLY);
    protect(0, PAGES, PAGE_READWRITE);
    page(1)[0] = page(4)[0] = page(7)[0] = 1;
    for (size_t i = 0; i < ARRAYSIZE(expected); i++) {
        void *pages[2] = {NULL, NULL};

        count = 2;
        ok(!GetWriteWatch(WRITE_WATCH_FLAG_RESET, base, SIZE, pages, &count, &granularity), "get");
        ok(count == (expected[i][1] < 0 ? 1u : 2u), "round %u: %lu pages", (unsigned)i,
           (unsigned long)count);
        ok(pages[0] == page(expected[i][0]), "round %u: page %d", (unsigned)i,
           (int)(((char *)pages[0] - base) / 4096));
        ok(expected[i][1] < 0 || pages[1] == page(expected[i][1]), "round %u: page %d", (unsigned)i,
           (int)(((char *)pages[1] - base) / 4096));
    }
    EXPECT(0);
    release();
}

/* Decommitting a part. */
static void test_partial_decommit(void)
{
    allocate(MEM_COMMIT, PAGE_READWRITE);
    memset(base, 1, SIZE);
    decommit(4, 8);
    todo_wine EXPECT(0, 0, 1, 2, 3, 12, 13, 14, 15);
    commit(4, 8);
    todo_wine EXPECT(WRITE_WATCH_FLAG_RESET, 0, 1, 2, 3, 12, 13, 14, 15);
    page(5)[0] = 1;
    EXPECT(0, 5);
    release();
}

CONFORMANCE("memory: write watch, latch", test_decommit_forgets, test_protect_latches,
            test_range_of_the_latch, test_short_buffer, test_partial_decommit)
