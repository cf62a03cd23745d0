/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Clocks: performance counter, ticks, system and interrupt time, KUSER_SHARED_DATA, process and thread times,
 * Sleep.
 *
 * Sources: learn.microsoft.com "Acquiring high-resolution time stamps" (10 MHz on Windows 10), GetTickCount64,
 * GetSystemTimePreciseAsFileTime, QueryInterruptTime, QueryUnbiasedInterruptTime, GetProcessTimes,
 * QueryProcessCycleTime, Sleep; KUSER_SHARED_DATA of ntddk.h.
 */
#include "conformance.h"

#define SHARED ((const volatile char *)0x7ffe0000)

static void(WINAPI *interrupt_time)(ULONGLONG *), (WINAPI *interrupt_time_precise)(ULONGLONG *),
    (WINAPI *unbiased_precise)(ULONGLONG *);

static void load(void)
{
    HMODULE kernelbase = GetModuleHandleA("kernelbase.dll");

    interrupt_time = (void *)GetProcAddress(kernelbase, "QueryInterruptTime");
    interrupt_time_precise = (void *)GetProcAddress(kernelbase, "QueryInterruptTimePrecise");
    unbiased_precise = (void *)GetProcAddress(kernelbase, "QueryUnbiasedInterruptTimePrecise");
}

static ULONGLONG number(FILETIME time)
{
    return (ULONGLONG)time.dwHighDateTime << 32 | time.dwLowDateTime;
}

static ULONGLONG shared_time(unsigned offset)
{
    LONG high, again;
    ULONG low;

    do {
        high = *(volatile LONG *)(SHARED + offset + 4);
        low = *(volatile ULONG *)(SHARED + offset);
        again = *(volatile LONG *)(SHARED + offset + 8);
    } while (high != again);
    return (ULONGLONG)(ULONG)high << 32 | low;
}

static volatile LONG64 latest;
static volatile LONG backward;

/* The counter never goes backward, on no thread against any other. */
static DWORD WINAPI race(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < 20000; i++) {
        LONG64 seen = InterlockedCompareExchange64(&latest, 0, 0);
        LARGE_INTEGER now;

        QueryPerformanceCounter(&now);
        if (now.QuadPart < seen)
            InterlockedIncrement(&backward);
        while (now.QuadPart > seen) {
            LONG64 was = InterlockedCompareExchange64(&latest, now.QuadPart, seen);

            if (was == seen)
                break;
            seen = was;
        }
    }
    return 0;
}

static void test_performance_counter(void)
{
    LARGE_INTEGER frequency, first, second;
    HANDLE threads[4];

    ok(QueryPerformanceFrequency(&frequency), "error %lu", GetLastError());
    ok(frequency.QuadPart == 10000000, "%lld Hz", frequency.QuadPart);
    ok(QueryPerformanceCounter(&first) && QueryPerformanceCounter(&second), "error %lu", GetLastError());
    ok(second.QuadPart >= first.QuadPart, "%lld after %lld", second.QuadPart, first.QuadPart);
    for (unsigned i = 0; i < 4; i++)
        threads[i] = CreateThread(NULL, 0, race, NULL, 0, NULL);
    ok(WaitForMultipleObjects(4, threads, TRUE, 30000) == WAIT_OBJECT_0, "threads");
    ok(!backward, "went backward %ld times", backward);
    for (unsigned i = 0; i < 4; i++)
        CloseHandle(threads[i]);
}

/* A and B by turns: B lies between two readings of A. */
static void test_ticks(void)
{
    ULONGLONG before, middle, after;
    DWORD low;

    before = GetTickCount64();
    low = GetTickCount();
    after = GetTickCount64();
    ok(low - (DWORD)before <= (DWORD)(after - before), "GetTickCount %lu, 64: %llu to %llu", low, before,
       after);
    before = GetTickCount64();
    Sleep(20);
    after = GetTickCount64();
    ok(after - before >= 5 && after - before < 5000, "20 ms took %llu", after - before);
    todo_wine ok(interrupt_time && interrupt_time_precise && unbiased_precise, "functions are missing");
    if (!interrupt_time || !interrupt_time_precise || !unbiased_precise)
        return;
    /* Interrupt time is that of the ticks, in 100 ns; ticks lag by 15.6 ms at most. */
    interrupt_time_precise(&before);
    middle = GetTickCount64() * 10000;
    interrupt_time_precise(&after);
    ok(middle + 200000 >= before && middle <= after, "ticks %llu, interrupt time %llu to %llu", middle,
       before, after);
    interrupt_time(&middle);
    ok(middle + 400000 >= before && middle <= after + 10000000, "interrupt time %llu, precise %llu", middle,
       after);
    ok(QueryUnbiasedInterruptTime(&middle), "error %lu", GetLastError());
    ok(middle <= after + 10000000, "unbiased %llu, biased %llu", middle, after);
    unbiased_precise(&before);
    ok(before <= after + 10000000 && before + 200000 >= middle, "unbiased, precise: %llu", before);
}

static void test_system_time(void)
{
    FILETIME before, coarse, after, file;
    SYSTEMTIME system, local;
    ULONGLONG difference;

    GetSystemTimePreciseAsFileTime(&before);
    GetSystemTimeAsFileTime(&coarse);
    GetSystemTimePreciseAsFileTime(&after);
    ok(number(after) >= number(before), "the precise time goes backward");
    ok(number(coarse) + 200000 >= number(before) && number(coarse) <= number(after), "coarse %llu, precise %llu",
       number(coarse), number(before));
    ok(number(before) > 132000000000000000ull && number(before) < 190000000000000000ull, "%llu",
       number(before)); /* 2019 to 2203 */
    GetSystemTime(&system);
    ok(SystemTimeToFileTime(&system, &file), "error %lu", GetLastError());
    difference = number(file) + 10000 - number(coarse);
    ok(difference < 100000000, "GetSystemTime differs by %llu", difference);
    GetLocalTime(&local);
    ok(local.wYear >= 2019 && local.wMonth >= 1 && local.wMonth <= 12, "year %u", local.wYear);
}

/* The page at 0x7ffe0000 says what the functions say. */
static void test_shared_data(void)
{
    ULONGLONG ticks, after, interrupt, system;
    FILETIME time;

    if (!interrupt_time)
        return;
    shared_time(8);
    ticks = GetTickCount64();
    after = *(volatile ULONGLONG *)(SHARED + 0x320) * *(volatile ULONG *)(SHARED + 4) >> 24;
    ok(after + 40 >= ticks && after <= ticks + 1000, "TickCount %llu, GetTickCount64 %llu", after, ticks);
    interrupt_time(&interrupt);
    after = shared_time(8);
    ok(after + 400000 >= interrupt && after <= interrupt + 10000000, "InterruptTime %llu, function %llu", after,
       interrupt);
    GetSystemTimeAsFileTime(&time);
    system = shared_time(0x14);
    ok(system + 400000 >= number(time) && system <= number(time) + 10000000, "SystemTime %llu, function %llu",
       system, number(time));
    ok(*(volatile UCHAR *)(SHARED + 0x2d4) == 0, "KdDebuggerEnabled %#x", *(volatile UCHAR *)(SHARED + 0x2d4));
}

/* Bounds only: a loaded machine wakes up late, never early by more than a tick. */
static void test_sleep(void)
{
    static const DWORD times[] = {0, 1, 10, 50};
    LARGE_INTEGER before, after;

    for (unsigned i = 0; i < ARRAYSIZE(times); i++) {
        LONGLONG passed;

        QueryPerformanceCounter(&before);
        Sleep(times[i]);
        QueryPerformanceCounter(&after);
        passed = (after.QuadPart - before.QuadPart) / 10000;
        ok(passed + 16 >= times[i] && passed < times[i] + 3000, "Sleep(%lu) took %lld ms", times[i], passed);
        QueryPerformanceCounter(&before);
        ok(!SleepEx(times[i], TRUE), "SleepEx");
        QueryPerformanceCounter(&after);
        passed = (after.QuadPart - before.QuadPart) / 10000;
        ok(passed + 16 >= times[i] && passed < times[i] + 3000, "SleepEx(%lu) took %lld ms", times[i], passed);
    }
}

static void test_process_times(void)
{
    FILETIME created, ended, kernel, user, thread_created, thread_kernel, thread_user, now;
    ULONG64 cycles = 0, later = 0;
    DWORD start = GetTickCount();
    volatile unsigned work = 0;
    FILETIME idle, all_kernel, all_user;

    while (GetTickCount() - start < 60)
        for (unsigned i = 0; i < 100000; i++)
            work += i;
    ok(GetProcessTimes(GetCurrentProcess(), &created, &ended, &kernel, &user), "error %lu", GetLastError());
    GetSystemTimeAsFileTime(&now);
    ok(number(created) <= number(now) && number(created) + 36000000000ull > number(now), "created %llu, now %llu",
       number(created), number(now));
    ok(number(user) + number(kernel) >= 100000, "user %llu kernel %llu", number(user), number(kernel));
    ok(GetThreadTimes(GetCurrentThread(), &thread_created, &ended, &thread_kernel, &thread_user), "error %lu",
       GetLastError());
    ok(number(thread_user) + number(thread_kernel) <= number(user) + number(kernel) + 400000,
       "thread %llu, process %llu", number(thread_user) + number(thread_kernel),
       number(user) + number(kernel));
    ok(number(thread_created) + 10000000 >= number(created) && number(thread_created) <= number(now),
       "thread created %llu", number(thread_created));
    todo_wine ok(QueryProcessCycleTime(GetCurrentProcess(), &cycles) && cycles, "cycles %llu", cycles);
    todo_wine ok(QueryThreadCycleTime(GetCurrentThread(), &later) && later, "cycles %llu", later);
    start = GetTickCount();
    do {
        for (unsigned i = 0; i < 100000; i++)
            work += i;
        QueryThreadCycleTime(GetCurrentThread(), &cycles);
    } while (later && cycles == later && GetTickCount() - start < 5000);
    todo_wine ok(cycles > later, "cycles %llu then %llu", later, cycles);
    ok(GetSystemTimes(&idle, &all_kernel, &all_user), "error %lu", GetLastError());
    ok(number(all_kernel) >= number(idle), "the kernel's time holds the idle time: %llu %llu",
       number(all_kernel), number(idle));
}

static void test_adjustment(void)
{
    DWORD adjustment = 0, increment = 0;
    BOOL disabled = 42;

    ok(GetSystemTimeAdjustment(&adjustment, &increment, &disabled), "error %lu", GetLastError());
    ok(increment >= 10000 && increment <= 160000, "increment %lu", increment);
    ok(disabled == TRUE || disabled == FALSE, "disabled %d", disabled);
}

static void test_load(void)
{
    load();
}

CONFORMANCE("time: clocks", test_load, test_performance_counter, test_ticks, test_system_time,
            test_shared_data, test_sleep, test_process_times, test_adjustment)
