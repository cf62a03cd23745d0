/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What locks, address waits and heaps cost a Windows program; the same executable runs on Decant, Wine
 * and Windows. One line of JSON: nanoseconds for one operation, medians of 9.
 */
#include <process.h>
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

#define RUNS 9

static LONG value, same;
static volatile LONG ball;
static SRWLOCK srw = SRWLOCK_INIT;
static CRITICAL_SECTION section;
static HANDLE heap;

static double now(void)
{
    LARGE_INTEGER time, frequency;

    QueryPerformanceCounter(&time);
    QueryPerformanceFrequency(&frequency);
    return (double)time.QuadPart * 1e9 / (double)frequency.QuadPart;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return a < b ? -1 : a > b;
}

static void measure(const char *name, void (*function)(unsigned), unsigned count)
{
    static const char *separator = "{";
    double samples[RUNS];

    for (unsigned run = 0; run < RUNS; run++) {
        double start = now();

        function(count);
        samples[run] = (now() - start) / count;
    }
    qsort(samples, RUNS, sizeof(samples[0]), compare);
    printf("%s\"%s\": %.1f", separator, name, samples[RUNS / 2]);
    separator = ", ";
}

static void wake_nobody(unsigned count)
{
    while (count--)
        WakeByAddressSingle(&value);
}

static void wait_for_other(unsigned count)
{
    LONG other = 1;

    while (count--)
        WaitOnAddress(&value, &other, sizeof(other), INFINITE);
}

static void wait_no_time(unsigned count)
{
    while (count--)
        WaitOnAddress(&value, &same, sizeof(same), 0);
}

static void srw_exclusive(unsigned count)
{
    while (count--) {
        AcquireSRWLockExclusive(&srw);
        ReleaseSRWLockExclusive(&srw);
    }
}

static void srw_shared(unsigned count)
{
    while (count--) {
        AcquireSRWLockShared(&srw);
        ReleaseSRWLockShared(&srw);
    }
}

static void critical_section(unsigned count)
{
    while (count--) {
        EnterCriticalSection(&section);
        LeaveCriticalSection(&section);
    }
}

static unsigned __stdcall player(void *argument)
{
    unsigned count = *(unsigned *)argument;

    while (count--) {
        LONG now_value;

        while ((now_value = ball) != 1)
            WaitOnAddress(&ball, &now_value, sizeof(ball), INFINITE);
        InterlockedExchange(&ball, 0);
        WakeByAddressSingle((void *)&ball);
    }
    return 0;
}

static void ping_pong(unsigned count)
{
    HANDLE thread = (HANDLE)_beginthreadex(NULL, 0, player, &count, 0, NULL);
    unsigned left = count;

    while (left--) {
        LONG now_value;

        while ((now_value = ball) != 0)
            WaitOnAddress(&ball, &now_value, sizeof(ball), INFINITE);
        InterlockedExchange(&ball, 1);
        WakeByAddressSingle((void *)&ball);
    }
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}

static void heap_pair(unsigned count)
{
    for (; count--;)
        HeapFree(heap, 0, HeapAlloc(heap, 0, 16 + count % 512));
}

/* Blocks that live for a while, of sizes as programs have them. */
static void heap_mixed(unsigned count)
{
    void *blocks[256] = {0};
    unsigned seed = 1;

    while (count--) {
        void **block;

        seed = seed * 1664525 + 1013904223;
        block = &blocks[seed >> 24];
        if (*block)
            HeapFree(heap, 0, *block);
        *block = HeapAlloc(heap, 0, 8 + (seed >> 10) % 1000);
    }
    for (unsigned i = 0; i < 256; i++)
        if (blocks[i])
            HeapFree(heap, 0, blocks[i]);
}

static unsigned __stdcall heap_thread(void *count)
{
    heap_mixed(*(unsigned *)count);
    return 0;
}

static void heap_two_threads(unsigned count)
{
    HANDLE thread = (HANDLE)_beginthreadex(NULL, 0, heap_thread, &count, 0, NULL);

    heap_mixed(count);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}

static void CALLBACK work_callback(TP_CALLBACK_INSTANCE *instance, void *context, TP_WORK *work)
{
    (void)instance, (void)context, (void)work;
}

static void pool_work(unsigned count)
{
    TP_WORK *work = CreateThreadpoolWork(work_callback, NULL, NULL);

    while (count--)
        SubmitThreadpoolWork(work);
    WaitForThreadpoolWorkCallbacks(work, FALSE);
    CloseThreadpoolWork(work);
}

int main(void)
{
    InitializeCriticalSection(&section);
    heap = GetProcessHeap();
    measure("wake, nobody waits", wake_nobody, 1000000);
    measure("wait, value differs", wait_for_other, 1000000);
    measure("wait, zero timeout", wait_no_time, 10000);
    measure("SRW lock exclusive", srw_exclusive, 1000000);
    measure("SRW lock shared", srw_shared, 1000000);
    measure("critical section", critical_section, 1000000);
    measure("wait and wake across threads, round trip", ping_pong, 5000);
    measure("heap, allocate and free", heap_pair, 1000000);
    measure("heap, mixed sizes", heap_mixed, 1000000);
    measure("heap, mixed sizes, 2 threads", heap_two_threads, 1000000);
    measure("thread pool, one callback", pool_work, 20000);
    printf("}\n");
    return 0;
}
