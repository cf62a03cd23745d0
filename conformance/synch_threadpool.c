/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The thread pool: work, timers, waits, cleanup groups; work items, registered waits, timer queues.
 */
#include "conformance.h"

static volatile LONG calls, timeouts;
static HANDLE done;

static void check_event(DWORD line, HANDLE event, DWORD ms, DWORD expected)
{
    DWORD result = WaitForSingleObject(event, ms);

    conformance_ok((int)line, result == expected, "the wait gave %lu", result);
}
#define check_done()     check_event(__LINE__, done, 10000, WAIT_OBJECT_0)
#define check_not_done() check_event(__LINE__, done, 100, WAIT_TIMEOUT)

static void begin(void)
{
    calls = timeouts = 0;
    if (!done)
        done = CreateEventA(NULL, FALSE, FALSE, NULL);
    ResetEvent(done);
}

static void CALLBACK work_callback(TP_CALLBACK_INSTANCE *instance, void *context, TP_WORK *work)
{
    (void)instance, (void)work;
    InterlockedAdd(&calls, (LONG)(LONG_PTR)context);
}

/* learn.microsoft.com: SubmitThreadpoolWork: each submission is one call. */
static void test_work(void)
{
    TP_WORK *work = CreateThreadpoolWork(work_callback, (void *)1, NULL);

    begin();
    ok(work != NULL, "error %lu", GetLastError());
    for (unsigned i = 0; i < 1000; i++)
        SubmitThreadpoolWork(work);
    WaitForThreadpoolWorkCallbacks(work, FALSE);
    ok(calls == 1000, "%ld calls", calls);
    CloseThreadpoolWork(work);
}

static HANDLE gate;

static void CALLBACK blocked_callback(TP_CALLBACK_INSTANCE *instance, void *context, TP_WORK *work)
{
    (void)instance, (void)work, (void)context;
    if (InterlockedIncrement(&calls) == 12)
        SetEvent(gate);
    if (WaitForSingleObject(gate, is_wine() ? 2000 : 10000))
        InterlockedIncrement(&timeouts);
    SetEvent(gate);
}

/* Twelve callbacks that all wait for the twelfth: the pool must grow beyond the processors. */
static void test_growth(void)
{
    TP_WORK *work = CreateThreadpoolWork(blocked_callback, NULL, NULL);

    begin();
    gate = CreateEventA(NULL, TRUE, FALSE, NULL);
    for (unsigned i = 0; i < 12; i++)
        SubmitThreadpoolWork(work);
    WaitForThreadpoolWorkCallbacks(work, FALSE);
    ok(calls == 12, "%ld calls", calls);
    flaky_wine ok(!timeouts, "%ld callbacks waited in vain", timeouts);
    CloseThreadpoolWork(work);
    CloseHandle(gate);
}

static void CALLBACK slow_callback(TP_CALLBACK_INSTANCE *instance, void *context, TP_WORK *work)
{
    (void)instance, (void)work, (void)context;
    InterlockedIncrement(&calls);
    Sleep(100);
}

static void test_pool_and_cancel(void)
{
    TP_POOL *pool = CreateThreadpool(NULL);
    TP_CALLBACK_ENVIRON settings;
    TP_WORK *work;

    begin();
    ok(pool != NULL, "error %lu", GetLastError());
    ok(SetThreadpoolThreadMinimum(pool, 1), "error %lu", GetLastError());
    SetThreadpoolThreadMaximum(pool, 1);
    InitializeThreadpoolEnvironment(&settings);
    SetThreadpoolCallbackPool(&settings, pool);
    work = CreateThreadpoolWork(slow_callback, NULL, &settings);
    for (unsigned i = 0; i < 10; i++)
        SubmitThreadpoolWork(work);
    while (!calls)
        Sleep(1);
    WaitForThreadpoolWorkCallbacks(work, TRUE);
    ok(calls >= 1 && calls <= 3, "%ld calls in spite of cancelling", calls);
    CloseThreadpoolWork(work);
    CloseThreadpool(pool);
}

static void CALLBACK simple_callback(TP_CALLBACK_INSTANCE *instance, void *context)
{
    InterlockedIncrement(&calls);
    SetEventWhenCallbackReturns(instance, context);
    ok(CallbackMayRunLong(instance), "error %lu", GetLastError());
}

static void test_simple(void)
{
    begin();
    ok(TrySubmitThreadpoolCallback(simple_callback, done, NULL), "error %lu", GetLastError());
    check_done();
    ok(calls == 1, "%ld calls", calls);
}

static void CALLBACK timer_callback(TP_CALLBACK_INSTANCE *instance, void *context, TP_TIMER *timer)
{
    (void)instance, (void)context, (void)timer;
    if (InterlockedIncrement(&calls) == 3)
        SetEvent(done);
}

static void test_timer(void)
{
    TP_TIMER *timer = CreateThreadpoolTimer(timer_callback, NULL, NULL);
    LARGE_INTEGER due = {.QuadPart = -500000};
    FILETIME time = {(DWORD)due.LowPart, (DWORD)due.HighPart};
    ULONGLONG start = GetTickCount64();

    begin();
    ok(!IsThreadpoolTimerSet(timer), "set");
    SetThreadpoolTimer(timer, &time, 30, 0);
    ok(IsThreadpoolTimerSet(timer), "not set");
    check_done();
    ok(GetTickCount64() - start >= 95, "three calls after %u ms", (unsigned)(GetTickCount64() - start));
    SetThreadpoolTimer(timer, NULL, 0, 0);
    ok(!IsThreadpoolTimerSet(timer), "set");
    WaitForThreadpoolTimerCallbacks(timer, TRUE);
    calls = 0;
    Sleep(100);
    ok(!calls, "%ld calls after it was stopped", calls);
    CloseThreadpoolTimer(timer);
}

static void CALLBACK wait_callback(TP_CALLBACK_INSTANCE *instance, void *context, TP_WAIT *wait,
                                   TP_WAIT_RESULT result)
{
    (void)instance, (void)wait;
    InterlockedIncrement(result == WAIT_OBJECT_0 ? &calls : &timeouts);
    SetEvent(context);
}

static void test_wait(void)
{
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL);
    FILETIME now = {0, 0};
    TP_WAIT *wait;

    begin();
    wait = CreateThreadpoolWait(wait_callback, done, NULL);
    SetThreadpoolWait(wait, event, NULL);
    check_not_done();
    SetEvent(event);
    check_done();
    ok(calls == 1 && !timeouts, "%ld calls, %ld timeouts", calls, timeouts);
    /* A wait is for once. */
    SetEvent(event);
    check_not_done();
    ok(WaitForSingleObject(event, 0) == WAIT_OBJECT_0, "the signal was taken");
    SetThreadpoolWait(wait, event, &now);
    check_done();
    ok(calls == 1 && timeouts == 1, "%ld calls, %ld timeouts", calls, timeouts);
    /* Once taken back, it takes no signal. */
    SetThreadpoolWait(wait, event, NULL);
    SetThreadpoolWait(wait, NULL, NULL);
    SetEvent(event);
    check_not_done();
    ok(WaitForSingleObject(event, 0) == WAIT_OBJECT_0, "the signal was taken");
    CloseThreadpoolWait(wait);
    CloseHandle(event);
}

static void test_many_waits(void)
{
    HANDLE events[150];
    TP_WAIT *waits[150];

    begin();
    for (unsigned i = 0; i < 150; i++) {
        events[i] = CreateEventA(NULL, FALSE, FALSE, NULL);
        waits[i] = CreateThreadpoolWait(wait_callback, done, NULL);
        SetThreadpoolWait(waits[i], events[i], NULL);
    }
    for (unsigned i = 0; i < 150; i++)
        SetEvent(events[i]);
    for (unsigned i = 0; i < 1000 && calls < 150; i++)
        Sleep(10);
    ok(calls == 150, "%ld calls", calls);
    for (unsigned i = 0; i < 150; i++) {
        WaitForThreadpoolWaitCallbacks(waits[i], FALSE);
        CloseThreadpoolWait(waits[i]);
        CloseHandle(events[i]);
    }
}

static void CALLBACK group_cancel(void *context, void *cleanup)
{
    (void)context;
    InterlockedAdd(&timeouts, (LONG)(LONG_PTR)cleanup);
}

static void test_cleanup_group(void)
{
    TP_CLEANUP_GROUP *group = CreateThreadpoolCleanupGroup();
    TP_CALLBACK_ENVIRON settings;
    TP_WORK *work;

    begin();
    InitializeThreadpoolEnvironment(&settings);
    SetThreadpoolCallbackCleanupGroup(&settings, group, group_cancel);
    work = CreateThreadpoolWork(work_callback, (void *)1, &settings);
    for (unsigned i = 0; i < 10; i++)
        SubmitThreadpoolWork(work);
    CloseThreadpoolCleanupGroupMembers(group, FALSE, NULL);
    ok(calls == 10, "%ld calls", calls);
    ok(!timeouts, "cancelled");
    CreateThreadpoolWork(work_callback, (void *)1, &settings);
    CreateThreadpoolTimer(timer_callback, NULL, &settings);
    CloseThreadpoolCleanupGroupMembers(group, TRUE, (void *)100);
    ok(timeouts == 200, "cancelled %ld", timeouts);
    CloseThreadpoolCleanupGroup(group);
}

static DWORD WINAPI item(void *argument)
{
    InterlockedIncrement(&calls);
    SetEvent(argument);
    return 0;
}

static void CALLBACK registered(void *argument, BOOLEAN timed_out)
{
    InterlockedIncrement(timed_out ? &timeouts : &calls);
    SetEvent(argument);
}

static void test_legacy(void)
{
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL), wait, queue, timer;

    begin();
    ok(QueueUserWorkItem(item, done, WT_EXECUTEDEFAULT), "error %lu", GetLastError());
    check_done();
    ok(calls == 1, "%ld calls", calls);

    begin();
    ok(RegisterWaitForSingleObject(&wait, event, registered, done, INFINITE, WT_EXECUTEDEFAULT),
       "error %lu", GetLastError());
    for (LONG i = 1; i <= 3; i++) {
        SetEvent(event);
        check_done();
        ok(calls == i, "%ld calls", calls);
    }
    ok(UnregisterWaitEx(wait, INVALID_HANDLE_VALUE), "error %lu", GetLastError());
    SetEvent(event);
    check_not_done();
    ResetEvent(event);

    begin();
    ok(RegisterWaitForSingleObject(&wait, event, registered, done, 20, WT_EXECUTEONLYONCE),
       "error %lu", GetLastError());
    check_done();
    ok(!calls && timeouts == 1, "%ld calls, %ld timeouts", calls, timeouts);
    check_not_done();
    ok(UnregisterWaitEx(wait, INVALID_HANDLE_VALUE), "error %lu", GetLastError());

    begin();
    queue = CreateTimerQueue();
    ok(queue != NULL, "error %lu", GetLastError());
    ok(CreateTimerQueueTimer(&timer, queue, registered, done, 20, 20, 0), "error %lu", GetLastError());
    for (unsigned i = 0; i < 3; i++)
        check_done();
    ok(timeouts >= 3 && !calls, "%ld timeouts, %ld calls", timeouts, calls);
    ok(DeleteTimerQueueTimer(queue, timer, INVALID_HANDLE_VALUE), "error %lu", GetLastError());
    ResetEvent(done);
    check_not_done();
    ok(CreateTimerQueueTimer(&timer, queue, registered, done, 10000, 0, 0), "error %lu",
       GetLastError());
    ok(ChangeTimerQueueTimer(queue, timer, 1, 0), "error %lu", GetLastError());
    check_done();
    ok(DeleteTimerQueueEx(queue, INVALID_HANDLE_VALUE), "error %lu", GetLastError());
    CloseHandle(event);
}

CONFORMANCE("synch_threadpool", test_work, test_growth, test_pool_and_cancel, test_simple, test_timer,
            test_wait, test_many_waits, test_cleanup_group, test_legacy)
