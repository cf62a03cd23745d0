/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The edges of write watch: ranges that wrap, buffers about as long as the report, arguments inside of what is
 * scanned, locked pages, placeholders, pages in a buffer that may not be written.
 */
#include <winternl.h>

#include "write_watch.h"

#ifndef MEM_RESERVE_PLACEHOLDER /* older headers */
#define MEM_RESERVE_PLACEHOLDER  0x40000
#define MEM_REPLACE_PLACEHOLDER  0x4000
#define MEM_PRESERVE_PLACEHOLDER 2
#endif

/* [D] the range must lie in the allocation; one that ends beyond the last address does not, also when what is left of it
 * after the sum has wrapped would. */
static void test_wrapping_ranges(void)
{
    static const SIZE_T sizes[] = {~(SIZE_T)0, ~(SIZE_T)0 - 1, ~(SIZE_T)0 - 4094, ~(SIZE_T)0 - 4095};
    DWORD old;

    if (is_wine()) {
        skip("Wine takes what is left after the wrap for the range, and protects it");
        return;
    }
    allocate(MEM_COMMIT, PAGE_READWRITE);
    page(2)[0] = page(3)[0] = 1;
    for (size_t i = 0; i < ARRAYSIZE(sizes); i++) {
        ok(get_range(WRITE_WATCH_FLAG_RESET, page(2) + 4095, sizes[i]) == ~0u &&
               GetLastError() == ERROR_INVALID_PARAMETER,
           "size -%lu: error %lu", (unsigned long)-sizes[i], GetLastError());
        SetLastError(0xdeadbeef);
        ok(ResetWriteWatch(page(2) + 4095, sizes[i]) == ~0u && GetLastError() == ERROR_INVALID_PARAMETER,
           "size -%lu: error %lu", (unsigned long)-sizes[i], GetLastError());
        SetLastError(0xdeadbeef);
        ok(!VirtualProtect(page(2) + 4095, sizes[i], PAGE_READONLY, &old) &&
               GetLastError() == ERROR_INVALID_PARAMETER,
           "protect, size -%lu: error %lu", (unsigned long)-sizes[i], GetLastError());
        ok(!VirtualLock(page(2) + 4095, sizes[i]), "lock, size -%lu", (unsigned long)-sizes[i]);
    }
    EXPECT(0, 2, 3);
    page(2)[1] = page(3)[1] = 1; /* writable still */
    release();
}

/* [D] every size of buffer around every number of pages reports the lowest, and says how many. Hosts that collect in
 * pieces have their seams at powers of two. */
static void test_buffers_about_as_long_as_the_report(void)
{
    static const int sizes[] = {1, 2, 511, 512, 513, 1023, 1024, 1025, 4095, 4096, 4097, 8191, 8192, 8193};
    const int pages = 8194;
    void **found = malloc((pages + 1) * sizeof(*found));
    char *memory = VirtualAlloc(NULL, (SIZE_T)pages * 4096, MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH,
                                PAGE_READWRITE);

    for (size_t i = 0; i < ARRAYSIZE(sizes); i++) {
        for (size_t j = 0; j < ARRAYSIZE(sizes); j++) {
            int written = sizes[i], room = sizes[j], expected = written < room ? written : room, wrong = 0;

            for (int k = 0; k < written; k++)
                memory[(SIZE_T)k * 4096 + 7] = 1;
            for (int k = 0; k <= pages; k++)
                found[k] = &count;
            count = (ULONG_PTR)room;
            ok(!GetWriteWatch(WRITE_WATCH_FLAG_RESET, memory, (SIZE_T)pages * 4096, found, &count,
                              &granularity),
               "error %lu", GetLastError());
            ok(count == (ULONG_PTR)expected, "%d written, room for %d: %lu", written, room,
               (unsigned long)count);
            for (int k = 0; k <= pages; k++)
                wrong += found[k] != (k < expected ? (void *)(memory + (SIZE_T)k * 4096) : &count);
            ok(!wrong, "%d written, room for %d: %d entries are wrong", written, room, wrong);
            count = (ULONG_PTR)pages;
            ok(!GetWriteWatch(WRITE_WATCH_FLAG_RESET, memory, (SIZE_T)pages * 4096, found, &count,
                              &granularity),
               "error %lu", GetLastError());
            ok(count == (ULONG_PTR)(written - expected), "%d written, room for %d: %lu are left", written,
               room, (unsigned long)count);
            ok(!count || found[0] == memory + (SIZE_T)expected * 4096, "the first that is left: %p",
               found[0]);
        }
    }
    VirtualFree(memory, 0, MEM_RELEASE);
    free(found);
}

/* The array lies in what is scanned, and is longer than what a host may collect at once. What it reports of the array's
 * own pages is not documented [?]; that all others are reported, each once and in order, is. */
static void test_array_in_the_range(void)
{
    const SIZE_T pages = 12000, array_pages = (pages * sizeof(void *) + 4095) / 4096;
    char *memory = VirtualAlloc(NULL, pages * 4096, MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH,
                                PAGE_READWRITE);
    static const int places[] = {0, 5000, -1};

    for (size_t i = 0; i < ARRAYSIZE(places); i++) {
        SIZE_T first = places[i] < 0 ? pages - array_pages : (SIZE_T)places[i], next = 0;
        void **array = (void **)(memory + first * 4096);
        ULONG_PTR *counter = (ULONG_PTR *)(memory + first * 4096 - (places[i] ? 8 : 0));
        BOOL ascends = TRUE;

        for (SIZE_T k = 0; k < pages; k++)
            memory[k * 4096 + 4000] = 1;
        if (!places[i])
            counter = &count;
        *counter = pages;
        ok(!GetWriteWatch(WRITE_WATCH_FLAG_RESET, memory, pages * 4096, array, counter, &granularity),
           "error %lu", GetLastError());
        ok(*counter == pages, "place %d: %lu pages", places[i], (unsigned long)*counter);
        for (ULONG_PTR k = 0; k < *counter; k++) {
            ascends &= !k || array[k] > array[k - 1];
            next += array[k] == memory + next * 4096;
        }
        ok(ascends && next == pages, "place %d: %lu of %lu pages", places[i], (unsigned long)next,
           (unsigned long)pages);
    }
    VirtualFree(memory, 0, MEM_RELEASE);
}

/* [D] VirtualFree: MEM_DECOMMIT has no exception for locked pages; and what is decommitted is zero afterwards. */
static void test_decommit_of_locked_pages(void)
{
    allocate(MEM_COMMIT, PAGE_READWRITE);
    memset(base, 1, SIZE);
    ok(VirtualLock(page(2), 2 * 4096), "VirtualLock: %lu", GetLastError());
    reset();
    page(3)[0] = page(5)[0] = 2;
    ok(VirtualFree(page(2), 2 * 4096, MEM_DECOMMIT), "decommit: %lu", GetLastError());
    if (!is_wine())
        EXPECT(0, 5);
    ok(VirtualAlloc(page(2), 2 * 4096, MEM_COMMIT, PAGE_READWRITE) == page(2), "commit: %lu", GetLastError());
    ok(!page(2)[0] && !page(3)[0], "content is left");
    page(2)[0] = 1;
    if (!is_wine())
        EXPECT(0, 2, 5);
    release();
}

CONFORMANCE("memory: write watch, edges", test_wrapping_ranges, test_buffers_about_as_long_as_the_report,
            test_array_in_the_range, test_decommit_of_locked_pages)
