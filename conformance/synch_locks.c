/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SRW locks, critical sections, condition variables, one-time initialisation, barriers, lists.
 */
#include "conformance.h"
#include <malloc.h>
#include <process.h>

#define THREADS 4
#define ROUNDS  20000

static HANDLE start(unsigned(__stdcall *function)(void *), void *argument)
{
    return (HANDLE)_beginthreadex(NULL, 0, function, argument, 0, NULL);
}

static void join(HANDLE thread)
{
    DWORD result = WaitForSingleObject(thread, 30000);

    ok(result == WAIT_OBJECT_0, "a thread did not end (%lu)", result);
    CloseHandle(thread);
}

static void run(unsigned(__stdcall *function)(void *))
{
    HANDLE threads[THREADS];

    for (LONG_PTR i = 0; i < THREADS; i++)
        threads[i] = start(function, (void *)i);
    for (unsigned i = 0; i < THREADS; i++)
        join(threads[i]);
}

/* --- SRW locks (learn.microsoft.com: Slim Reader/Writer Locks) --- */

static SRWLOCK srw = SRWLOCK_INIT;
static volatile LONG count, readers, writers, wrong;

static unsigned __stdcall try_both(void *results)
{
    BOOLEAN *out = results;

    out[0] = TryAcquireSRWLockExclusive(&srw);
    if (out[0])
        ReleaseSRWLockExclusive(&srw);
    out[1] = TryAcquireSRWLockShared(&srw);
    if (out[1])
        ReleaseSRWLockShared(&srw);
    return 0;
}

static void check_try(BOOLEAN exclusive, BOOLEAN shared, const char *when)
{
    BOOLEAN results[2] = {2, 2};

    join(start(try_both, results));
    ok(results[0] == exclusive, "%s: exclusive %d", when, results[0]);
    ok(results[1] == shared, "%s: shared %d", when, results[1]);
}

static unsigned __stdcall srw_worker(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (i % 4) {
            AcquireSRWLockShared(&srw);
            InterlockedIncrement(&readers);
            if (writers)
                InterlockedIncrement(&wrong);
            InterlockedDecrement(&readers);
            ReleaseSRWLockShared(&srw);
        } else {
            AcquireSRWLockExclusive(&srw);
            writers++;
            if (writers != 1 || readers)
                InterlockedIncrement(&wrong);
            count++;
            writers--;
            ReleaseSRWLockExclusive(&srw);
        }
    }
    return 0;
}

static void test_srw(void)
{
    ok(sizeof(SRWLOCK) == sizeof(void *), "size %u", (unsigned)sizeof(SRWLOCK));
    check_try(TRUE, TRUE, "free");
    AcquireSRWLockExclusive(&srw);
    check_try(FALSE, FALSE, "held exclusively");
    ReleaseSRWLockExclusive(&srw);
    AcquireSRWLockShared(&srw);
    check_try(FALSE, TRUE, "held shared");
    ReleaseSRWLockShared(&srw);
    count = wrong = 0;
    run(srw_worker);
    ok(count == THREADS * ROUNDS / 4, "%ld writes", count);
    ok(!wrong, "%ld times two were in", wrong);
    ok(!srw.Ptr, "free, but %p", srw.Ptr);
}

/* --- Critical sections (winnt.h's layout) --- */

static CRITICAL_SECTION section;

static unsigned __stdcall try_section(void *result)
{
    *(BOOL *)result = TryEnterCriticalSection(&section);
    if (*(BOOL *)result)
        LeaveCriticalSection(&section);
    return 0;
}

static unsigned __stdcall section_worker(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < ROUNDS; i++) {
        EnterCriticalSection(&section);
        count++;
        LeaveCriticalSection(&section);
    }
    return 0;
}

static void test_critical_section(void)
{
    BOOL result = 2;

    memset(&section, 0xcc, sizeof(section));
    InitializeCriticalSection(&section);
    ok(section.LockCount == -1, "LockCount %ld", section.LockCount);
    ok(!section.RecursionCount, "RecursionCount %ld", section.RecursionCount);
    ok(!section.OwningThread, "OwningThread %p", section.OwningThread);
    EnterCriticalSection(&section);
    ok(section.RecursionCount == 1, "RecursionCount %ld", section.RecursionCount);
    ok(section.OwningThread == (HANDLE)(ULONG_PTR)GetCurrentThreadId(), "OwningThread %p",
       section.OwningThread);
    ok(TryEnterCriticalSection(&section), "not recursive");
    ok(section.RecursionCount == 2, "RecursionCount %ld", section.RecursionCount);
    join(start(try_section, &result));
    ok(!result, "another thread entered");
    LeaveCriticalSection(&section);
    LeaveCriticalSection(&section);
    ok(section.LockCount == -1, "LockCount %ld", section.LockCount);
    ok(!section.OwningThread, "OwningThread %p", section.OwningThread);
    join(start(try_section, &result));
    ok(result, "another thread could not enter");
    count = 0;
    run(section_worker);
    ok(count == THREADS * ROUNDS, "%ld entries", count);
    DeleteCriticalSection(&section);
}

/* --- Condition variables --- */

static CONDITION_VARIABLE variable = CONDITION_VARIABLE_INIT;
static LONG items, consumed;
static BOOL is_closed;

static unsigned __stdcall consumer(void *argument)
{
    (void)argument;
    EnterCriticalSection(&section);
    for (;;) {
        while (!items && !is_closed)
            SleepConditionVariableCS(&variable, &section, INFINITE);
        if (!items)
            break;
        items--;
        consumed++;
    }
    LeaveCriticalSection(&section);
    return 0;
}

static void test_condition_variable(void)
{
    HANDLE threads[THREADS];
    ULONGLONG begin;

    InitializeCriticalSection(&section);
    items = consumed = is_closed = 0;
    for (unsigned i = 0; i < THREADS; i++)
        threads[i] = start(consumer, NULL);
    for (unsigned i = 0; i < ROUNDS; i++) {
        EnterCriticalSection(&section);
        items++;
        LeaveCriticalSection(&section);
        WakeConditionVariable(&variable);
    }
    EnterCriticalSection(&section);
    is_closed = TRUE;
    LeaveCriticalSection(&section);
    WakeAllConditionVariable(&variable);
    for (unsigned i = 0; i < THREADS; i++)
        join(threads[i]);
    ok(consumed == ROUNDS, "%ld consumed", consumed);

    EnterCriticalSection(&section);
    begin = GetTickCount64();
    SetLastError(0xdeadbeef);
    ok(!SleepConditionVariableCS(&variable, &section, 50), "nobody woke it");
    ok(GetLastError() == ERROR_TIMEOUT, "error %lu", GetLastError());
    ok(GetTickCount64() - begin >= 40, "too early");
    ok(section.OwningThread == (HANDLE)(ULONG_PTR)GetCurrentThreadId(), "not taken again");
    LeaveCriticalSection(&section);
    AcquireSRWLockShared(&srw);
    ok(!SleepConditionVariableSRW(&variable, &srw, 1, CONDITION_VARIABLE_LOCKMODE_SHARED), "woken");
    ok(GetLastError() == ERROR_TIMEOUT, "error %lu", GetLastError());
    ReleaseSRWLockShared(&srw);
    DeleteCriticalSection(&section);
}

/* --- One-time initialisation --- */

static INIT_ONCE once = INIT_ONCE_STATIC_INIT;

static BOOL CALLBACK initialise(INIT_ONCE *init, void *parameter, void **context)
{
    (void)init;
    Sleep(20);
    InterlockedIncrement(&count);
    *context = parameter;
    return TRUE;
}

static unsigned __stdcall once_worker(void *argument)
{
    void *context = NULL;

    (void)argument;
    if (!InitOnceExecuteOnce(&once, initialise, (void *)0x1230, &context) ||
        context != (void *)0x1230)
        InterlockedIncrement(&wrong);
    return 0;
}

static void test_init_once(void)
{
    INIT_ONCE async = INIT_ONCE_STATIC_INIT;
    BOOL pending = 2;
    void *context = NULL;

    count = wrong = 0;
    run(once_worker);
    ok(count == 1, "initialised %ld times", count);
    ok(!wrong, "%ld threads got something else", wrong);

    ok(!InitOnceBeginInitialize(&async, INIT_ONCE_CHECK_ONLY, &pending, NULL), "done already");
    ok(GetLastError() == ERROR_GEN_FAILURE, "error %lu", GetLastError());
    ok(InitOnceBeginInitialize(&async, INIT_ONCE_ASYNC, &pending, NULL), "error %lu", GetLastError());
    ok(pending == TRUE, "pending %d", pending);
    ok(InitOnceComplete(&async, INIT_ONCE_ASYNC, (void *)0x40), "error %lu", GetLastError());
    ok(InitOnceBeginInitialize(&async, 0, &pending, &context), "error %lu", GetLastError());
    ok(!pending, "pending %d", pending);
    ok(context == (void *)0x40, "context %p", context);
}

/* --- Barriers --- */

/* Looked up, since Wine 8 lacks them. */
static SYNCHRONIZATION_BARRIER barrier;
static BOOL(WINAPI *initialise_barrier)(SYNCHRONIZATION_BARRIER *, LONG, LONG);
static BOOL(WINAPI *enter_barrier)(SYNCHRONIZATION_BARRIER *, DWORD);
static BOOL(WINAPI *delete_barrier)(SYNCHRONIZATION_BARRIER *);

static unsigned __stdcall barrier_worker(void *argument)
{
    (void)argument;
    for (LONG i = 0; i < 500; i++) {
        InterlockedIncrement(&readers);
        if (enter_barrier(&barrier, 0))
            InterlockedIncrement(&count);
        if (readers < (i + 1) * THREADS)
            InterlockedIncrement(&wrong);
        enter_barrier(&barrier, SYNCHRONIZATION_BARRIER_FLAGS_BLOCK_ONLY);
    }
    return 0;
}

static void test_barrier(void)
{
    HMODULE kernel32 = GetModuleHandleA("kernel32.dll");

    initialise_barrier = (void *)GetProcAddress(kernel32, "InitializeSynchronizationBarrier");
    enter_barrier = (void *)GetProcAddress(kernel32, "EnterSynchronizationBarrier");
    delete_barrier = (void *)GetProcAddress(kernel32, "DeleteSynchronizationBarrier");
    if (!initialise_barrier || !enter_barrier || !delete_barrier) {
        skip("no barriers on this host");
        return;
    }
    count = wrong = readers = 0;
    ok(initialise_barrier(&barrier, THREADS, 100), "error %lu", GetLastError());
    run(barrier_worker);
    ok(count == 500, "TRUE %ld times for 500 phases", count);
    ok(!wrong, "%ld threads went through early", wrong);
    ok(delete_barrier(&barrier), "error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!initialise_barrier(&barrier, 0, -1), "no threads");
    ok(GetLastError() == ERROR_INVALID_PARAMETER, "error %lu", GetLastError());
}

/* --- Interlocked singly linked lists --- */

static SLIST_HEADER *list;

static unsigned __stdcall list_worker(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < ROUNDS; i++) {
        SLIST_ENTRY *entry = InterlockedPopEntrySList(list);

        if (entry)
            InterlockedPushEntrySList(list, entry);
    }
    return 0;
}

static void test_slist(void)
{
    SLIST_ENTRY *entries = _aligned_malloc(8 * sizeof(*entries), 16), *entry;
    unsigned n = 0;

    list = _aligned_malloc(sizeof(*list), 16);
    InitializeSListHead(list);
    ok(!InterlockedPopEntrySList(list), "not empty");
    ok(!InterlockedPushEntrySList(list, &entries[0]), "a first entry");
    for (unsigned i = 1; i < 8; i++)
        ok(InterlockedPushEntrySList(list, &entries[i]) == &entries[i - 1], "entry %u", i);
    ok(QueryDepthSList(list) == 8, "depth %u", QueryDepthSList(list));
    ok(InterlockedPopEntrySList(list) == &entries[7], "not the last");
    InterlockedPushEntrySList(list, &entries[7]);
    run(list_worker);
    ok(QueryDepthSList(list) == 8, "depth %u", QueryDepthSList(list));
    for (entry = InterlockedFlushSList(list); entry; entry = entry->Next)
        n++;
    ok(n == 8, "%u entries", n);
    ok(!QueryDepthSList(list), "depth %u", QueryDepthSList(list));
    _aligned_free(entries);
    _aligned_free(list);
}

CONFORMANCE("synch_locks", test_srw, test_critical_section, test_condition_variable, test_init_once,
            test_barrier, test_slist)
