/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Waitable timers and timer queues. Bounds are for loaded machines: never early by more than a tick, and some time.
 *
 * Sources: learn.microsoft.com CreateWaitableTimerEx, SetWaitableTimer(Ex), CancelWaitableTimer, CreateTimerQueueTimer,
 * ChangeTimerQueueTimer, DeleteTimerQueueTimer; Wine's kernel32/tests/sync.c, which passes on Windows.
 */
#include "conformance.h"

#ifndef CREATE_WAITABLE_TIMER_HIGH_RESOLUTION
#define CREATE_WAITABLE_TIMER_HIGH_RESOLUTION 2
#endif

static LARGE_INTEGER in_ms(LONGLONG ms)
{
    LARGE_INTEGER time = {.QuadPart = ms * -10000};

    return time;
}

static void test_kinds(void)
{
    HANDLE manual = CreateWaitableTimerA(NULL, TRUE, NULL), automatic = CreateWaitableTimerA(NULL, FALSE, NULL);
    LARGE_INTEGER due = in_ms(10), now = {.QuadPart = 0};
    ULONGLONG start;

    ok(manual && automatic, "error %lu", GetLastError());
    ok(WaitForSingleObject(manual, 0) == WAIT_TIMEOUT, "signalled at birth");
    start = GetTickCount64();
    ok(SetWaitableTimer(manual, &due, 0, NULL, NULL, FALSE), "error %lu", GetLastError());
    ok(SetWaitableTimer(automatic, &due, 0, NULL, NULL, FALSE), "error %lu", GetLastError());
    ok(WaitForSingleObject(manual, 5000) == WAIT_OBJECT_0, "manual");
    ok(GetTickCount64() + 16 - start >= 10, "early");
    ok(WaitForSingleObject(manual, 0) == WAIT_OBJECT_0, "a manual timer stays signalled");
    ok(WaitForSingleObject(automatic, 5000) == WAIT_OBJECT_0, "automatic");
    ok(WaitForSingleObject(automatic, 0) == WAIT_TIMEOUT, "a synchronisation timer is reset by the wait");
    /* Setting it resets it; a due time of zero, or past, is now. */
    due = in_ms(60000);
    ok(SetWaitableTimer(manual, &due, 0, NULL, NULL, FALSE) && WaitForSingleObject(manual, 0) == WAIT_TIMEOUT, "not reset");
    ok(CancelWaitableTimer(manual) && WaitForSingleObject(manual, 20) == WAIT_TIMEOUT, "cancelled");
    ok(SetWaitableTimer(manual, &now, 0, NULL, NULL, FALSE) && WaitForSingleObject(manual, 5000) == WAIT_OBJECT_0, "now");
    /* Cancelling leaves the state as it is. */
    ok(CancelWaitableTimer(manual) && WaitForSingleObject(manual, 0) == WAIT_OBJECT_0, "cancelling reset it");
    now.QuadPart = 1;
    ok(SetWaitableTimer(manual, &now, 0, NULL, NULL, FALSE) && WaitForSingleObject(manual, 5000) == WAIT_OBJECT_0, "1601");
    SetLastError(0xdeadbeef);
    todo_wine
        ok(!SetWaitableTimer(manual, &due, -1, NULL, NULL, FALSE) && GetLastError() == ERROR_INVALID_PARAMETER, "error %lu",
           GetLastError());
    CloseHandle(manual), CloseHandle(automatic);
}

/* An absolute time is the system's clock. */
static void test_absolute(void)
{
    HANDLE timer = CreateWaitableTimerExW(NULL, NULL, CREATE_WAITABLE_TIMER_MANUAL_RESET, TIMER_ALL_ACCESS);
    FILETIME before, after;
    LARGE_INTEGER due;

    GetSystemTimePreciseAsFileTime(&before);
    due.LowPart = before.dwLowDateTime, due.HighPart = (LONG)before.dwHighDateTime;
    due.QuadPart += 300000;
    ok(SetWaitableTimer(timer, &due, 0, NULL, NULL, FALSE), "error %lu", GetLastError());
    ok(WaitForSingleObject(timer, 5000) == WAIT_OBJECT_0, "did not come");
    GetSystemTimePreciseAsFileTime(&after);
    ok(((ULONGLONG)after.dwHighDateTime << 32 | after.dwLowDateTime) + 160000 >= (ULONGLONG)due.QuadPart, "early");
    CloseHandle(timer);
}

static void test_periodic(void)
{
    HANDLE timer = CreateWaitableTimerExW(NULL, NULL, 0, TIMER_ALL_ACCESS);
    LARGE_INTEGER due = in_ms(5);
    ULONGLONG start = GetTickCount64();

    ok(SetWaitableTimer(timer, &due, 10, NULL, NULL, FALSE), "error %lu", GetLastError());
    for (unsigned i = 0; i < 5; i++)
        ok(WaitForSingleObject(timer, 5000) == WAIT_OBJECT_0, "period %u", i);
    ok(GetTickCount64() + 16 - start >= 45, "five periods in %llu ms", GetTickCount64() - start);
    ok(CancelWaitableTimer(timer), "error %lu", GetLastError());
    WaitForSingleObject(timer, 0);
    ok(WaitForSingleObject(timer, 50) == WAIT_TIMEOUT, "goes on");
    CloseHandle(timer);
}

static ULONGLONG apc_time;
static void *apc_argument;
static unsigned apcs;

static void CALLBACK timer_apc(void *argument, DWORD low, DWORD high)
{
    apc_time = (ULONGLONG)high << 32 | low;
    apc_argument = argument;
    apcs++;
}

/* The routine runs in an alertable wait of the thread that set the timer. */
static void test_apc(void)
{
    HANDLE timer = CreateWaitableTimerA(NULL, FALSE, NULL);
    LARGE_INTEGER due = in_ms(10);
    FILETIME now;

    ok(SetWaitableTimer(timer, &due, 0, timer_apc, &due, FALSE), "error %lu", GetLastError());
    ok(WaitForSingleObject(timer, 5000) == WAIT_OBJECT_0 && !apcs, "ran without an alertable wait");
    ok(SleepEx(5000, TRUE) == WAIT_IO_COMPLETION && apcs == 1, "%u calls", apcs);
    GetSystemTimeAsFileTime(&now);
    ok(apc_argument == &due, "argument %p", apc_argument);
    todo_wine
        ok(apc_time <= ((ULONGLONG)now.dwHighDateTime << 32 | now.dwLowDateTime) + 200000 &&
               apc_time + 300000000ull > ((ULONGLONG)now.dwHighDateTime << 32 | now.dwLowDateTime), "time %llu", apc_time);
    /* A cancelled timer's routine does not run. */
    due = in_ms(10);
    SetWaitableTimer(timer, &due, 0, timer_apc, NULL, FALSE);
    CancelWaitableTimer(timer);
    ok(SleepEx(40, TRUE) == 0 && apcs == 1, "%u calls", apcs);
    /* A periodic one runs again and again. */
    due = in_ms(1);
    SetWaitableTimer(timer, &due, 5, timer_apc, NULL, FALSE);
    for (unsigned i = 0; i < 3; i++)
        ok(SleepEx(5000, TRUE) == WAIT_IO_COMPLETION, "period %u", i);
    CancelWaitableTimer(timer);
    CloseHandle(timer);
}

static void test_variants(void)
{
    HANDLE timer = CreateWaitableTimerExW(NULL, NULL, CREATE_WAITABLE_TIMER_HIGH_RESOLUTION, TIMER_ALL_ACCESS), other;
    LARGE_INTEGER due = {.QuadPart = -5000};

    ok(timer != NULL, "high resolution: error %lu", GetLastError());
    if (timer) {
        ok(SetWaitableTimerEx(timer, &due, 0, NULL, NULL, NULL, 0), "error %lu", GetLastError());
        ok(WaitForSingleObject(timer, 5000) == WAIT_OBJECT_0, "high resolution");
        ok(SetWaitableTimerEx(timer, &due, 0, NULL, NULL, NULL, 50), "tolerance: error %lu", GetLastError());
        ok(WaitForSingleObject(timer, 5000) == WAIT_OBJECT_0, "with a tolerance");
        CloseHandle(timer);
    }
    timer = CreateWaitableTimerA(NULL, TRUE, "Local\\decant timer");
    SetLastError(0xdeadbeef);
    other = CreateWaitableTimerA(NULL, FALSE, "Local\\decant timer");
    ok(other && GetLastError() == ERROR_ALREADY_EXISTS, "error %lu", GetLastError());
    due.QuadPart = 0;
    SetWaitableTimer(timer, &due, 0, NULL, NULL, FALSE);
    ok(WaitForSingleObject(other, 5000) == WAIT_OBJECT_0, "not the same timer");
    CloseHandle(other);
    other = OpenWaitableTimerA(SYNCHRONIZE, FALSE, "Local\\decant timer");
    ok(other != NULL, "error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!SetWaitableTimer(other, &due, 0, NULL, NULL, FALSE) && GetLastError() == ERROR_ACCESS_DENIED, "error %lu",
       GetLastError());
    CloseHandle(other), CloseHandle(timer);
}

static volatile LONG calls;
static HANDLE enough;

static void CALLBACK queue_call(void *argument, BOOLEAN is_timer)
{
    if (!is_timer)
        InterlockedExchange(&calls, -1000);
    if (InterlockedIncrement(&calls) == (LONG)(LONG_PTR)argument)
        SetEvent(enough);
}

static void test_queues(void)
{
    HANDLE queue = CreateTimerQueue(), timer = NULL, done = CreateEventA(NULL, FALSE, FALSE, NULL);
    LONG seen;

    enough = CreateEventA(NULL, FALSE, FALSE, NULL);
    ok(queue != NULL, "error %lu", GetLastError());
    /* Once. */
    ok(CreateTimerQueueTimer(&timer, queue, queue_call, (void *)1, 10, 0, WT_EXECUTEDEFAULT), "error %lu", GetLastError());
    ok(WaitForSingleObject(enough, 5000) == WAIT_OBJECT_0, "did not run");
    ok(DeleteTimerQueueTimer(queue, timer, INVALID_HANDLE_VALUE), "error %lu", GetLastError());
    ok(calls == 1, "%ld calls", calls);
    /* Periodic, changed, deleted: no call after the deletion returns. */
    calls = 0;
    ok(CreateTimerQueueTimer(&timer, queue, queue_call, (void *)3, 5, 5, WT_EXECUTEDEFAULT), "error %lu", GetLastError());
    ok(WaitForSingleObject(enough, 5000) == WAIT_OBJECT_0, "did not run three times");
    ok(ChangeTimerQueueTimer(queue, timer, 60000, 0), "error %lu", GetLastError());
    ok(DeleteTimerQueueTimer(queue, timer, INVALID_HANDLE_VALUE), "error %lu", GetLastError());
    seen = calls;
    Sleep(30);
    ok(calls == seen && calls >= 3, "%ld calls, then %ld", seen, calls);
    /* The default queue, and an event for the end of the queue. */
    calls = 0;
    ok(CreateTimerQueueTimer(&timer, NULL, queue_call, (void *)1, 0, 0, WT_EXECUTEONLYONCE), "error %lu", GetLastError());
    ok(WaitForSingleObject(enough, 5000) == WAIT_OBJECT_0, "default queue");
    ok(DeleteTimerQueueTimer(NULL, timer, INVALID_HANDLE_VALUE), "error %lu", GetLastError());
    CreateTimerQueueTimer(&timer, queue, queue_call, (void *)1, 60000, 0, WT_EXECUTEDEFAULT);
    todo_wine ok(DeleteTimerQueueEx(queue, done), "error %lu", GetLastError());
    ok(WaitForSingleObject(done, 5000) == WAIT_OBJECT_0, "the queue's end is not told");
    CloseHandle(done), CloseHandle(enough);
}

CONFORMANCE("time: timers", test_kinds, test_absolute, test_periodic, test_apc, test_variants, test_queues)
