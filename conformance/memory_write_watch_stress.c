/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * At least 50 million writes while other threads reset, latch and decommit, and none may be lost. [D]: a get with
 * WRITE_WATCH_FLAG_RESET reports and resets in one step.
 *
 * Each page has one writer, which counts its writes in the page itself. The scanner resets with small buffers and then
 * reads each page that was reported; at the end, what it has read of each page must be the last that was
 * written. A positive control reads first and resets then, which must lose writes: the harness sees losses.
 */
#include "write_watch.h"

#define STRESS_PAGES 1024
#define WRITERS      3
#define GOAL         60000000ull
#define SCANS        200000ull
#define LIMIT_MS     (20 * 60 * 1000)

static char *memory, *scratch;
static volatile LONG stop;
static ULONGLONG seen[STRESS_PAGES];
/* How often each writer has gone round; apart, so that they do not share cache lines. */
static struct {
    volatile ULONGLONG writes;
    char gap[56];
} writers[WRITERS];

static volatile ULONGLONG *cell(SIZE_T index)
{
    return (volatile ULONGLONG *)(memory + index * 4096 + index % 500 * 8);
}

/* Mostly a few pages, as programs write; now and then all of them. Plain stores and locked ones. */
static DWORD WINAPI write_pages(void *argument)
{
    SIZE_T which = (SIZE_T)argument;
    unsigned seed = 1 + (unsigned)which;

    while (!stop) {
        SIZE_T index;

        seed = seed * 1664525 + 1013904223;
        index = (seed >> 8) % (seed >> 28 ? 40 : STRESS_PAGES / WRITERS) * WRITERS + which;
        if (index >= STRESS_PAGES)
            continue;
        if (seed & 0x80)
            InterlockedIncrement64((volatile LONG64 *)cell(index));
        else
            *cell(index) += 1;
        writers[which].writes++;
    }
    return 0;
}

static ULONGLONG total(void)
{
    ULONGLONG sum = 0;

    for (int i = 0; i < WRITERS; i++)
        sum += writers[i].writes;
    return sum;
}

/* Protections that let writing pass, but latch each time; and decommits of neighbours in the same allocation. */
static DWORD WINAPI disturb(void *argument)
{
    static const DWORD protections[] = {PAGE_EXECUTE_READWRITE, PAGE_READWRITE};
    unsigned seed = 99, round = 0;

    (void)argument;
    while (!stop) {
        SIZE_T first, pages;
        DWORD old;

        seed = seed * 1664525 + 1013904223;
        first = (seed >> 8) % STRESS_PAGES;
        pages = (seed >> 20) % 64 + 1;
        if (first + pages > STRESS_PAGES)
            pages = STRESS_PAGES - first;
        if (!VirtualProtect(memory + first * 4096, pages * 4096, protections[round++ % 2], &old))
            return 1;
        scratch[round % 64 * 4096] = 1;
        if (!VirtualFree(scratch, 64 * 4096, MEM_DECOMMIT) ||
            !VirtualAlloc(scratch, 64 * 4096, MEM_COMMIT, PAGE_READWRITE))
            return 2;
        if (!(round % 16))
            Sleep(1);
    }
    return 0;
}

/* One get with reset; each page that it reports is read afterwards. Returns how many. */
static ULONG_PTR take(ULONG_PTR room)
{
    static void *found[STRESS_PAGES];
    ULONG_PTR got = room;

    if (GetWriteWatch(WRITE_WATCH_FLAG_RESET, memory, STRESS_PAGES * 4096, found, &got, &granularity)) {
        ok(0, "GetWriteWatch: %lu", GetLastError());
        return 0;
    }
    for (ULONG_PTR i = 0; i < got; i++) {
        SIZE_T index = (SIZE_T)((char *)found[i] - memory) / 4096;

        seen[index] = *cell(index);
    }
    return got;
}

/* The wrong order: what is written between the reading and the reset is lost. */
static ULONG_PTR take_wrongly(ULONG_PTR room)
{
    static void *found[STRESS_PAGES];
    ULONG_PTR got = room;

    GetWriteWatch(0, memory, STRESS_PAGES * 4096, found, &got, &granularity);
    for (ULONG_PTR i = 0; i < got; i++) {
        SIZE_T index = (SIZE_T)((char *)found[i] - memory) / 4096;

        seen[index] = *cell(index);
    }
    ResetWriteWatch(memory, STRESS_PAGES * 4096);
    return got;
}

/* Returns on how many pages a write was never reported. */
static int race(ULONG_PTR (*collect)(ULONG_PTR), ULONGLONG write_goal, ULONGLONG scan_goal)
{
    static const ULONG_PTR rooms[] = {1, 3, 16, 100, STRESS_PAGES};
    ULONGLONG end = GetTickCount64() + LIMIT_MS, scans = 0, reports = 0;
    HANDLE threads[WRITERS + 1];
    int lost = 0;

    stop = 0;
    memset(seen, 0, sizeof(seen));
    memset((void *)writers, 0, sizeof(writers));
    memory = VirtualAlloc(NULL, (STRESS_PAGES + 64) * 4096, MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH,
                          PAGE_READWRITE);
    ok(memory != NULL, "VirtualAlloc: %lu", GetLastError());
    scratch = memory + STRESS_PAGES * 4096;
    for (ULONG_PTR i = 0; i < WRITERS; i++)
        threads[i] = CreateThread(NULL, 0, write_pages, (void *)i, 0, NULL);
    threads[WRITERS] = CreateThread(NULL, 0, disturb, NULL, 0, NULL);
    while ((total() < write_goal || scans < scan_goal) && GetTickCount64() < end) {
        reports += collect(rooms[scans++ % ARRAYSIZE(rooms)]);
        if (!(scans % 8)) /* time for the writers, where there are few processors */
            SwitchToThread();
    }
    stop = 1;
    /* What is lost now nobody writes once more, which would hide it. */
    reports += collect(1);
    ok(WaitForMultipleObjects(WRITERS + 1, threads, TRUE, 60000) == WAIT_OBJECT_0, "a thread hangs");
    for (int i = 0; i <= WRITERS; i++) {
        DWORD code = 9;

        GetExitCodeThread(threads[i], &code);
        ok(!code, "thread %d: %lu", i, code);
        CloseHandle(threads[i]);
    }
    while (take(STRESS_PAGES))
        ;
    for (SIZE_T i = 0; i < STRESS_PAGES; i++)
        lost += seen[i] != *cell(i);
    trace("%llu writes, %llu scans, %llu pages reported, %d pages with lost writes",
          (unsigned long long)total(), (unsigned long long)scans, (unsigned long long)reports, lost);
    ok(total() >= write_goal && scans >= scan_goal, "only %llu writes, %llu scans in time",
       (unsigned long long)total(), (unsigned long long)scans);
    VirtualFree(memory, 0, MEM_RELEASE);
    return lost;
}

static void test_no_write_is_lost(void)
{
    int lost = race(take, GOAL, SCANS);

    ok(!lost, "%d pages with lost writes", lost);
}

static void test_positive_control(void)
{
    ok(race(take_wrongly, GOAL / 20, SCANS / 100) > 0, "the harness does not see lost writes");
}

CONFORMANCE("memory: write watch, stress", test_positive_control, test_no_write_is_lost)
