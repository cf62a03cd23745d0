/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Locks and waited-for words in watched memory, while another thread resets the watch all the time: they work as
 * anywhere else, and their pages count as written. [D]: a watch changes what is reported and nothing
 * else.
 */
#include "write_watch.h"

#define ROUNDS 2000

typedef BOOL(WINAPI *wait_on_address)(volatile void *, void *, SIZE_T, DWORD);
typedef void(WINAPI *wake_by_address)(void *);

static wait_on_address wait_address;
static wake_by_address wake_all;

static volatile LONG stop;
static ULONG_PTR reports;

static DWORD WINAPI keep_resetting(void *argument)
{
    void *pages[PAGES];

    (void)argument;
    while (!stop) {
        ULONG_PTR found = PAGES;
        ULONG grain;

        if (GetWriteWatch(WRITE_WATCH_FLAG_RESET, base, SIZE, pages, &found, &grain))
            return 1;
        reports += found;
        SwitchToThread();
    }
    return 0;
}

/* Two threads take turns through a condition variable; all of it is watched. */
static DWORD WINAPI take_turns(void *argument)
{
    SRWLOCK *lock = (SRWLOCK *)page(0);
    CONDITION_VARIABLE *changed = (CONDITION_VARIABLE *)page(1);
    volatile LONG *turn = (LONG *)page(2);
    LONG own = (LONG)(LONG_PTR)argument;

    for (int i = 0; i < ROUNDS; i++) {
        AcquireSRWLockExclusive(lock);
        while (*turn != own)
            if (!SleepConditionVariableSRW(changed, lock, 20000, 0)) {
                ReleaseSRWLockExclusive(lock);
                return 1;
            }
        *turn = !own;
        WakeAllConditionVariable(changed);
        ReleaseSRWLockExclusive(lock);
    }
    return 0;
}

/* The same by WaitOnAddress. */
static DWORD WINAPI wait_for_turns(void *argument)
{
    volatile LONG *turn = (LONG *)page(4);
    LONG own = (LONG)(LONG_PTR)argument;

    for (int i = 0; i < ROUNDS; i++) {
        LONG other = !own;

        while (*turn != own)
            if (!wait_address(turn, &other, sizeof(other), 20000))
                return 1;
        *turn = other;
        wake_all((void *)turn);
    }
    return 0;
}

static DWORD WINAPI enter(void *argument)
{
    CRITICAL_SECTION *section = (CRITICAL_SECTION *)page(6);

    (void)argument;
    for (int i = 0; i < ROUNDS; i++) {
        EnterCriticalSection(section);
        (*(volatile LONG *)page(7))++;
        LeaveCriticalSection(section);
    }
    return 0;
}

static void run_two(LPTHREAD_START_ROUTINE routine, const char *what)
{
    HANDLE threads[3];
    DWORD codes[3] = {9, 9, 9};

    stop = 0;
    reports = 0;
    threads[2] = CreateThread(NULL, 0, keep_resetting, NULL, 0, NULL);
    for (ULONG_PTR i = 0; i < 2; i++)
        threads[i] = CreateThread(NULL, 0, routine, (void *)i, 0, NULL);
    ok(WaitForMultipleObjects(2, threads, TRUE, 60000) == WAIT_OBJECT_0, "%s: it hangs", what);
    stop = 1;
    ok(WaitForSingleObject(threads[2], 20000) == WAIT_OBJECT_0, "%s: the scanner hangs", what);
    for (int i = 0; i < 3; i++) {
        GetExitCodeThread(threads[i], &codes[i]);
        CloseHandle(threads[i]);
    }
    ok(!codes[0] && !codes[1] && !codes[2], "%s: exit codes %lu %lu %lu", what, codes[0], codes[1],
       codes[2]);
}

static void test_condition_variable(void)
{
    allocate(MEM_COMMIT, PAGE_READWRITE);
    run_two(take_turns, "condition variable");
    reset();
    AcquireSRWLockExclusive((SRWLOCK *)page(0));
    EXPECT(WRITE_WATCH_FLAG_RESET, 0);
    ReleaseSRWLockExclusive((SRWLOCK *)page(0));
    EXPECT(WRITE_WATCH_FLAG_RESET, 0);
    release();
}

static void test_wait_on_address(void)
{
    HMODULE module = LoadLibraryA("api-ms-win-core-synch-l1-2-0.dll");
    LONG same = 0;

    wait_address = (wait_on_address)(void *)GetProcAddress(module, "WaitOnAddress");
    wake_all = (wake_by_address)(void *)GetProcAddress(module, "WakeByAddressAll");
    if (!wait_address || !wake_all) {
        skip("no WaitOnAddress");
        return;
    }
    allocate(MEM_COMMIT, PAGE_READWRITE);
    run_two(wait_for_turns, "WaitOnAddress");
    *(LONG *)page(4) = 0;
    reset();
    /* Waiting and waking write nothing to the word. */
    ok(!wait_address(page(4), &same, sizeof(same), 1), "it was woken");
    wake_all(page(4));
    EXPECT(0);
    release();
}

static void test_critical_section(void)
{
    allocate(MEM_COMMIT, PAGE_READWRITE);
    InitializeCriticalSection((CRITICAL_SECTION *)page(6));
    run_two(enter, "critical section");
    ok(*(LONG *)page(7) == 2 * ROUNDS, "%ld entries", *(LONG *)page(7));
    DeleteCriticalSection((CRITICAL_SECTION *)page(6));
    release();
}

CONFORMANCE("memory: write watch, locks", test_condition_variable, test_wait_on_address,
            test_critical_section)
