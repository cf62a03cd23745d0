/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Write watch under concurrency: no write is ever lost, whatever resets, latches or decommits meanwhile.
 * memory_write_watch_stress.c does the same for longer.
 *
 * Sources: [D] Microsoft's page on GetWriteWatch: WRITE_WATCH_FLAG_RESET reports and resets atomically, "no
 * writes are lost"; [P] the pattern of concurrent collectors (bdwgc, CoreCLR): reset first, read after.
 */
#include "conformance.h"

#define PAGES   512
#define WRITERS 2
#define SIZE    (PAGES * 4096)

static char *base;
static volatile LONG stop;
static volatile LONG64 generations[PAGES]; /* what was last written to each page; one writer a page */
static LONG64 seen[PAGES];
static LONG64 goal = 1000000;

static volatile LONG64 *cell(SIZE_T page)
{
    return (volatile LONG64 *)(base + page * 4096 + 64);
}

static DWORD WINAPI writer(void *argument)
{
    unsigned which = (unsigned)(ULONG_PTR)argument, seed = 77 + which;

    while (!stop) {
        SIZE_T page;

        seed = seed * 1664525 + 1013904223;
        page = (seed >> 8) % (PAGES / WRITERS) * WRITERS + which;
        generations[page]++;
        *cell(page) = generations[page];
    }
    return 0;
}

static LONG64 total(void)
{
    LONG64 sum = 0;

    for (int i = 0; i < PAGES; i++)
        sum += generations[i];
    return sum;
}

/* Reads each page that is reported, after the reset. */
static ULONG_PTR take(ULONG_PTR room)
{
    static void *found[PAGES];
    ULONG_PTR count = room;
    ULONG granularity;

    if (GetWriteWatch(WRITE_WATCH_FLAG_RESET, base, SIZE, found, &count, &granularity)) {
        ok(0, "GetWriteWatch: %lu", GetLastError());
        return 0;
    }
    for (ULONG_PTR i = 0; i < count; i++) {
        SIZE_T page = (SIZE_T)((char *)found[i] - base) / 4096;

        seen[page] = *cell(page);
    }
    return count;
}

static void start_writers(HANDLE *threads)
{
    stop = 0;
    memset((void *)generations, 0, sizeof(generations));
    memset(seen, 0, sizeof(seen));
    base = VirtualAlloc(NULL, SIZE, MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH, PAGE_READWRITE);
    ok(base != NULL, "VirtualAlloc: %lu", GetLastError());
    for (ULONG_PTR i = 0; i < WRITERS; i++)
        threads[i] = CreateThread(NULL, 0, writer, (void *)i, 0, NULL);
}

static void end_writers(HANDLE *threads)
{
    stop = 1;
    for (int i = 0; i < WRITERS; i++) {
        ok(WaitForSingleObject(threads[i], 20000) == WAIT_OBJECT_0, "a writer hangs");
        CloseHandle(threads[i]);
    }
}

static void check_nothing_lost(void)
{
    int lost = 0;

    while (take(PAGES))
        ;
    for (int i = 0; i < PAGES; i++)
        lost += seen[i] != generations[i];
    ok(!lost, "%d pages with writes that were never reported", lost);
}

static void test_no_write_is_lost(void)
{
    HANDLE threads[WRITERS];

    start_writers(threads);
    for (unsigned round = 0; round < 3000 || (round < 200000 && total() < goal); round++)
        take(round % 3 ? 16 : PAGES); /* short buffers too */
    end_writers(threads);
    check_nothing_lost();
    trace("%lu writes", (unsigned long)total());
    VirtualFree(base, 0, MEM_RELEASE);
}

/* Protection changes of pages that are written meanwhile stay writable here, but latch each time; pages
 * of the same allocation that nobody writes are decommitted and committed. */
static void test_latches_and_decommits(void)
{
    HANDLE threads[WRITERS];
    char *other;
    DWORD old;

    start_writers(threads);
    other = VirtualAlloc(NULL, SIZE, MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH, PAGE_READWRITE);
    for (unsigned round = 0; round < 400; round++) {
        take(round % 2 ? 7 : PAGES);
        VirtualProtect(base, SIZE / 2, round % 4 < 2 ? PAGE_EXECUTE_READWRITE : PAGE_READWRITE, &old);
        VirtualFree(other, SIZE / 2, MEM_DECOMMIT);
        VirtualAlloc(other, SIZE / 2, MEM_COMMIT, PAGE_READWRITE);
        other[round % (PAGES / 2) * 4096] = 1;
    }
    end_writers(threads);
    check_nothing_lost();
    VirtualFree(other, 0, MEM_RELEASE);
    VirtualFree(base, 0, MEM_RELEASE);
}

CONFORMANCE("memory: write watch, threads", test_no_write_is_lost, test_latches_and_decommits)
