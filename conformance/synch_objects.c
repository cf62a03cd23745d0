/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Events, mutexes, semaphores, timers, waits for one, any and all, APCs, and hand-overs under load.
 *
 * Sources: [D] Microsoft's pages on the functions named; [T] Wine's kernel32 sync tests that pass on Windows.
 */
#include "conformance.h"

static void test_events(void)
{
    HANDLE manual = CreateEventA(NULL, TRUE, FALSE, NULL), automatic = CreateEventA(NULL, FALSE, TRUE, NULL);
    HANDLE named, again;

    ok(WaitForSingleObject(manual, 0) == WAIT_TIMEOUT, "a fresh event");
    ok(SetEvent(manual) && !WaitForSingleObject(manual, 0) && !WaitForSingleObject(manual, 0),
       "a manual event stays set");
    ok(ResetEvent(manual) && WaitForSingleObject(manual, 0) == WAIT_TIMEOUT, "reset");
    ok(!WaitForSingleObject(automatic, 0) && WaitForSingleObject(automatic, 0) == WAIT_TIMEOUT,
       "an automatic event lets one through");
    named = CreateEventA(NULL, TRUE, FALSE, "decant conformance event");
    ok(named && GetLastError() == 0, "a new name: error %lu", GetLastError());
    again = CreateEventA(NULL, TRUE, FALSE, "decant conformance event");
    ok(again && GetLastError() == ERROR_ALREADY_EXISTS, "a known name: error %lu", GetLastError());
    SetEvent(named);
    ok(!WaitForSingleObject(again, 0), "both are the same event");
    CloseHandle(again);
    SetLastError(0xdeadbeef);
    again = CreateMutexA(NULL, FALSE, "decant conformance event");
    ok(!again && GetLastError() == ERROR_INVALID_HANDLE, "another type: error %lu", GetLastError());
    CloseHandle(named);
    ok(!OpenEventA(EVENT_ALL_ACCESS, FALSE, "decant conformance event") &&
           GetLastError() == ERROR_FILE_NOT_FOUND,
       "the name goes with the last handle: %lu", GetLastError());
    CloseHandle(manual);
    CloseHandle(automatic);
    ok(WaitForSingleObject((HANDLE)(ULONG_PTR)0xdead0, 0) == WAIT_FAILED &&
           GetLastError() == ERROR_INVALID_HANDLE,
       "a bad handle");
}

static DWORD WINAPI leave_owning(void *mutex)
{
    WaitForSingleObject(mutex, INFINITE);
    return 0;
}

static DWORD WINAPI release_other(void *mutex)
{
    BOOL done = ReleaseMutex(mutex);

    return done ? 0 : GetLastError();
}

static DWORD run(LPTHREAD_START_ROUTINE function, void *argument)
{
    HANDLE thread = CreateThread(NULL, 0, function, argument, 0, NULL);
    DWORD code = 0xdeadbeef;

    ok(!WaitForSingleObject(thread, 10000), "the thread hangs");
    GetExitCodeThread(thread, &code);
    CloseHandle(thread);
    return code;
}

static void test_mutexes(void)
{
    HANDLE mutex = CreateMutexA(NULL, TRUE, NULL);

    ok(!WaitForSingleObject(mutex, 0), "recursion");
    ok(run(release_other, mutex) == ERROR_NOT_OWNER, "another thread cannot release it");
    ok(ReleaseMutex(mutex) && ReleaseMutex(mutex) && !ReleaseMutex(mutex) &&
           GetLastError() == ERROR_NOT_OWNER,
       "as many releases as waits");
    run(leave_owning, mutex);
    ok(WaitForSingleObject(mutex, 1000) == WAIT_ABANDONED, "an abandoned mutex"); /* [D] */
    ok(!WaitForSingleObject(mutex, 0), "is said to be so once");
    CloseHandle(mutex);
}

static void test_semaphores(void)
{
    HANDLE semaphore = CreateSemaphoreA(NULL, 1, 3, NULL);
    LONG previous = -1;

    ok(!WaitForSingleObject(semaphore, 0) && WaitForSingleObject(semaphore, 0) == WAIT_TIMEOUT,
       "one count");
    ok(ReleaseSemaphore(semaphore, 3, &previous) && previous == 0, "release of 3: %ld", previous);
    ok(!ReleaseSemaphore(semaphore, 1, &previous) && GetLastError() == ERROR_TOO_MANY_POSTS,
       "beyond the limit: %lu", GetLastError());
    CloseHandle(semaphore);
    ok(!CreateSemaphoreA(NULL, 2, 1, NULL) && GetLastError() == ERROR_INVALID_PARAMETER, "2 of 1");
}

static void test_many(void)
{
    HANDLE handles[3];
    DWORD result;

    for (int i = 0; i < 3; i++)
        handles[i] = CreateEventA(NULL, FALSE, FALSE, NULL);
    SetEvent(handles[2]);
    result = WaitForMultipleObjects(3, handles, FALSE, 0);
    ok(result == WAIT_OBJECT_0 + 2, "any: %lu", result);
    SetEvent(handles[0]);
    SetEvent(handles[1]);
    result = WaitForMultipleObjects(3, handles, TRUE, 10);
    ok(result == WAIT_TIMEOUT, "all of which one is not set: %lu", result);
    SetEvent(handles[2]);
    result = WaitForMultipleObjects(3, handles, TRUE, 0);
    ok(result == WAIT_OBJECT_0, "all: %lu", result);
    result = WaitForMultipleObjects(3, handles, FALSE, 0);
    ok(result == WAIT_TIMEOUT, "all were taken: %lu", result);
    for (int i = 0; i < 3; i++)
        CloseHandle(handles[i]);
}

static int apc_order[3], apc_count;

static void CALLBACK apc(ULONG_PTR value)
{
    apc_order[apc_count++] = (int)value;
}

static void test_apcs(void)
{
    HANDLE event = CreateEventA(NULL, TRUE, FALSE, NULL);

    QueueUserAPC(apc, GetCurrentThread(), 1);
    QueueUserAPC(apc, GetCurrentThread(), 2);
    ok(WaitForSingleObject(event, 0) == WAIT_TIMEOUT && !apc_count, "not alertable: no APC");
    ok(WaitForSingleObjectEx(event, 1000, TRUE) == WAIT_IO_COMPLETION, "alertable");
    ok(apc_count == 2 && apc_order[0] == 1 && apc_order[1] == 2, "%d APCs: %d %d", apc_count,
       apc_order[0], apc_order[1]);
    ok(SleepEx(1, TRUE) == 0, "none is left");
    CloseHandle(event);
}

static void test_timers(void)
{
    HANDLE timer = CreateWaitableTimerA(NULL, FALSE, NULL);
    LARGE_INTEGER due = {.QuadPart = -20 * 10000};
    DWORD start = GetTickCount();

    ok(SetWaitableTimer(timer, &due, 10, NULL, NULL, FALSE), "SetWaitableTimer: %lu", GetLastError());
    for (int i = 0; i < 3; i++)
        ok(!WaitForSingleObject(timer, 5000), "tick %d", i);
    ok(GetTickCount() - start >= 35, "three ticks after %lu ms", GetTickCount() - start);
    ok(CancelWaitableTimer(timer) && WaitForSingleObject(timer, 50) == WAIT_TIMEOUT, "cancelled");
    CloseHandle(timer);
}

/* --- Under load --- */

#define ROUNDS 20000

static HANDLE ping[2], extra;

static DWORD WINAPI pong(void *unused)
{
    HANDLE both[2] = {ping[0], extra};

    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        /* Waiting for one and for several must pass the token alike. */
        DWORD result = i % 2 ? WaitForSingleObject(ping[0], 10000)
                             : WaitForMultipleObjects(2, both, FALSE, 10000);

        if (result != WAIT_OBJECT_0)
            return 1;
        SetEvent(ping[1]);
    }
    return 0;
}

static void test_ping_pong(void)
{
    HANDLE thread;
    DWORD code = 1;
    int i;

    ping[0] = CreateEventA(NULL, FALSE, FALSE, NULL);
    ping[1] = CreateEventA(NULL, FALSE, FALSE, NULL);
    extra = CreateEventA(NULL, FALSE, FALSE, NULL);
    thread = CreateThread(NULL, 0, pong, NULL, 0, NULL);
    for (i = 0; i < ROUNDS; i++) {
        SetEvent(ping[0]);
        if (WaitForSingleObject(ping[1], 10000))
            break;
    }
    ok(i == ROUNDS, "the token was lost in round %d", i);
    WaitForSingleObject(thread, 10000);
    GetExitCodeThread(thread, &code);
    ok(!code, "the other side timed out");
    CloseHandle(thread);
}

static HANDLE work, stop;
static volatile LONG taken;

static DWORD WINAPI consumer(void *unused)
{
    HANDLE both[2] = {stop, work};
    DWORD result;

    (void)unused;
    while ((result = WaitForMultipleObjects(2, both, FALSE, 20000)) == WAIT_OBJECT_0 + 1)
        InterlockedIncrement(&taken);
    return result;
}

static void test_semaphore_under_load(void)
{
    HANDLE threads[4];
    int i;

    work = CreateSemaphoreA(NULL, 0, 1000000, NULL);
    stop = CreateEventA(NULL, TRUE, FALSE, NULL);
    taken = 0;
    for (i = 0; i < 4; i++)
        threads[i] = CreateThread(NULL, 0, consumer, NULL, 0, NULL);
    for (i = 0; i < 20000; i++)
        ReleaseSemaphore(work, 1, NULL);
    for (i = 0; i < 10000 && taken < 20000; i++)
        Sleep(1);
    ok(taken == 20000, "%ld of 20000 counts were taken", taken);
    SetEvent(stop);
    ok(WaitForMultipleObjects(4, threads, TRUE, 10000) == WAIT_OBJECT_0, "the consumers hang");
}

static HANDLE port;

static DWORD WINAPI poster(void *unused)
{
    (void)unused;
    for (ULONG_PTR i = 1; i <= 20000; i++)
        PostQueuedCompletionStatus(port, 1, i, NULL);
    return 0;
}

static void test_completion_port(void)
{
    ULONG_PTR sum = 0;
    HANDLE thread;

    port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    ok(port != NULL, "CreateIoCompletionPort: %lu", GetLastError());
    thread = CreateThread(NULL, 0, poster, NULL, 0, NULL);
    for (int got = 0; got < 20000;) {
        OVERLAPPED_ENTRY entries[16];
        ULONG count = 0;

        if (!GetQueuedCompletionStatusEx(port, entries, 16, &count, 10000, FALSE)) {
            ok(0, "after %d packets: error %lu", got, GetLastError());
            break;
        }
        for (ULONG i = 0; i < count; i++)
            sum += entries[i].lpCompletionKey;
        got += (int)count;
    }
    ok(sum == (ULONG_PTR)20000 * 20001 / 2, "sum %llu", (unsigned long long)sum);
    ok(!GetQueuedCompletionStatusEx(port, (OVERLAPPED_ENTRY[1]){{0}}, 1, &(ULONG){0}, 0, FALSE) &&
           GetLastError() == WAIT_TIMEOUT,
       "an empty port: %lu", GetLastError());
    WaitForSingleObject(thread, 10000);
    CloseHandle(thread);
    CloseHandle(port);
}

/* A thread that is suspended and resumed in its waits loses nothing. */
static void test_suspend_in_waits(void)
{
    HANDLE thread;
    DWORD code = 1;
    int i;

    ping[0] = CreateEventA(NULL, FALSE, FALSE, NULL);
    ping[1] = CreateEventA(NULL, FALSE, FALSE, NULL);
    extra = CreateEventA(NULL, FALSE, FALSE, NULL);
    thread = CreateThread(NULL, 0, pong, NULL, 0, NULL);
    for (i = 0; i < ROUNDS; i++) {
        CONTEXT context = {.ContextFlags = CONTEXT_CONTROL};

        SetEvent(ping[0]);
        if (i % 8 == 0) {
            SuspendThread(thread);
            GetThreadContext(thread, &context);
            ResumeThread(thread);
        }
        if (WaitForSingleObject(ping[1], 10000))
            break;
    }
    ok(i == ROUNDS, "the token was lost in round %d", i);
    WaitForSingleObject(thread, 10000);
    GetExitCodeThread(thread, &code);
    ok(!code, "the other side timed out");
    CloseHandle(thread);
}

CONFORMANCE("synchronisation objects", test_events, test_mutexes, test_semaphores, test_many,
            test_apcs, test_timers, test_ping_pong, test_semaphore_under_load,
            test_completion_port, test_suspend_in_waits)
