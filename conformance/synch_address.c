/* SPDX-License-Identifier: LGPL-2.1-or-later
 * WaitOnAddress, WakeByAddressSingle, WakeByAddressAll.
 */
#include "conformance.h"
#include <process.h>

static LONG64 word;
static LONG woken, order[8];

static HANDLE start(unsigned(__stdcall *function)(void *), void *argument)
{
    return (HANDLE)_beginthreadex(NULL, 0, function, argument, 0, NULL);
}

static void join(HANDLE thread)
{
    ok(WaitForSingleObject(thread, 60000) == WAIT_OBJECT_0, "a thread did not end");
    CloseHandle(thread);
}

/* learn.microsoft.com: WaitOnAddress; Wine's dlls/ntdll/tests/sync.c test_wait_on_address, which
 * passes on Windows. */
static void test_arguments(void)
{
    LONG64 value = 0x1122334455667788, other = value;
    BOOL result;
    DWORD error;

    for (SIZE_T size = 0; size <= 9; size++) {
        SetLastError(0xdeadbeef);
        result = WaitOnAddress(&value, &other, size, 0);
        error = GetLastError(); /* before the first ok, whose thread-local variable resets it */
        ok(!result, "size %u succeeded", (unsigned)size);
        ok(error == (size == 1 || size == 2 || size == 4 || size == 8 ? ERROR_TIMEOUT
                                                                      : ERROR_INVALID_PARAMETER),
           "size %u: error %lu", (unsigned)size, error);
    }
    /* Only `size` bytes are compared. */
    for (SIZE_T size = 1; size <= 4; size *= 2) {
        other = value ^ (1ll << (size * 8));
        ok(!WaitOnAddress(&value, &other, size, 0), "size %u looked too far", (unsigned)size);
        SetLastError(0xdeadbeef);
        ok(WaitOnAddress(&value, &other, size * 2, INFINITE), "size %u", (unsigned)size * 2);
        ok(GetLastError() == 0xdeadbeef, "success set the last error to %lu", GetLastError());
    }
    WakeByAddressSingle(NULL);
    WakeByAddressAll(NULL);
    WakeByAddressAll(&value);
    ok(value == 0x1122334455667788, "a wake changed the value");
}

/* MicrosoftDocs/sdk-api pull request 211: not exported by kernel32. */
static void test_exports(void)
{
    ok(!GetProcAddress(GetModuleHandleA("kernel32.dll"), "WaitOnAddress"), "kernel32 exports it");
    ok(GetProcAddress(GetModuleHandleA("kernelbase.dll"), "WaitOnAddress") != NULL,
       "kernelbase does not export it");
}

static void test_timeout(void)
{
    LONG value = 1, same = 1;
    ULONGLONG begin = GetTickCount64(), took;

    ok(!WaitOnAddress(&value, &same, sizeof(value), 100), "nobody woke it");
    took = GetTickCount64() - begin;
    ok(GetLastError() == ERROR_TIMEOUT, "error %lu", GetLastError());
    ok(took >= 90 && took < 900, "100 ms took %u ms", (unsigned)took);
}

static unsigned __stdcall waiter(void *index)
{
    LONG64 same = 0;

    while (!*(volatile LONG64 *)&word && !WaitOnAddress(&word, &same, sizeof(word), 10000))
        ok(0, "time out");
    order[InterlockedIncrement(&woken) - 1] = (LONG)(LONG_PTR)index;
    return 0;
}

static void test_wake(void)
{
    HANDLE threads[8];

    word = woken = 0;
    for (LONG_PTR i = 0; i < 8; i++)
        threads[i] = start(waiter, (void *)i);
    Sleep(100);
    ok(!woken, "%ld woke early", woken);
    InterlockedExchange64(&word, 1);
    WakeByAddressAll(&word);
    for (unsigned i = 0; i < 8; i++)
        join(threads[i]);
    ok(woken == 8, "%ld woke", woken);
}

static unsigned __stdcall one_wait(void *index)
{
    LONG64 same = 0;

    WaitOnAddress(&word, &same, sizeof(word), 10000);
    order[InterlockedIncrement(&woken) - 1] = (LONG)(LONG_PTR)index;
    return 0;
}

/* "WakeByAddressSingle wakes the first thread to wait": one each time, in turn here, where nothing
 * else disturbs the waiters. */
static void test_order(void)
{
    HANDLE threads[4];

    word = woken = 0;
    for (LONG_PTR i = 0; i < 4; i++) {
        threads[i] = start(one_wait, (void *)i);
        Sleep(50);
    }
    for (LONG i = 0; i < 4; i++) {
        WakeByAddressSingle(&word);
        for (unsigned j = 0; j < 100 && woken <= i; j++)
            Sleep(5);
        Sleep(20);
        ok(woken == i + 1, "wake %ld: %ld woke", i, woken);
        ok(order[i] == i, "wake %ld went to thread %ld", i, order[i]);
    }
    for (unsigned i = 0; i < 4; i++)
        join(threads[i]);
}

#define ROUNDS 20000

/* Wakes race with timeouts; whatever the outcome, the next, unrelated wait must time out and not end by a
 * wake left over (WineHQ 60397; Windows 11: none in 8 x 20,000). The waker waits about as long as
 * the waiter's timeout takes, a bit more or less each time. */
static struct race {
    volatile LONG turn, is_waiting, stop;
    LONG unrelated, stale, woken;
    unsigned seed;
} races[2];

static LONG(WINAPI *rtl_wait)(const void *, const void *, SIZE_T, const LARGE_INTEGER *);

static LONGLONG ticks(void)
{
    LARGE_INTEGER time;

    QueryPerformanceCounter(&time);
    return time.QuadPart;
}

static unsigned __stdcall racer(void *argument)
{
    struct race *race = argument;
    LARGE_INTEGER frequency;

    QueryPerformanceFrequency(&frequency);
    while (!race->stop) {
        LONGLONG until;

        if (!InterlockedExchange(&race->is_waiting, 0)) {
            YieldProcessor();
            continue;
        }
        race->seed = race->seed * 1664525 + 1013904223;
        until = ticks() + (race->seed >> 16) % 160 * frequency.QuadPart / 1000000;
        while (ticks() < until)
            YieldProcessor();
        WakeByAddressSingle((void *)&race->turn);
    }
    return 0;
}

static unsigned __stdcall raced_waiter(void *argument)
{
    LARGE_INTEGER timeout = {.QuadPart = -200}, none = {.QuadPart = -100};
    struct race *race = argument;
    LONG same = 0;

    for (unsigned i = 0; i < ROUNDS; i++) {
        race->is_waiting = 1;
        race->woken += rtl_wait((void *)&race->turn, &same, sizeof(same), &timeout) != STATUS_TIMEOUT;
        race->stale += rtl_wait(&race->unrelated, &same, sizeof(same), &none) != STATUS_TIMEOUT;
    }
    race->stop = 1;
    return 0;
}

static void test_no_stale_wake(void)
{
    HANDLE threads[4];

    rtl_wait = (void *)GetProcAddress(GetModuleHandleA("ntdll.dll"), "RtlWaitOnAddress");
    for (unsigned i = 0; i < 2; i++) {
        threads[i] = start(raced_waiter, &races[i]);
        threads[i + 2] = start(racer, &races[i]);
    }
    for (unsigned i = 0; i < 4; i++)
        join(threads[i]);
    for (unsigned i = 0; i < 2; i++) {
        trace("%ld of %u waits were woken", races[i].woken, ROUNDS);
        flaky_wine ok(!races[i].stale, "%ld unrelated waits ended early", races[i].stale);
    }
}

static volatile LONG ball;

static unsigned __stdcall player(void *argument)
{
    LONG mine = (LONG)(LONG_PTR)argument;

    for (LONG i = 0; i < ROUNDS; i++) {
        LONG now;

        while ((now = ball) != mine)
            WaitOnAddress(&ball, &now, sizeof(ball), INFINITE);
        InterlockedExchange(&ball, !mine);
        WakeByAddressSingle((void *)&ball);
    }
    return 0;
}

static void test_ping_pong(void)
{
    HANDLE threads[2];

    ball = 0;
    for (LONG_PTR i = 0; i < 2; i++)
        threads[i] = start(player, (void *)i);
    for (unsigned i = 0; i < 2; i++)
        join(threads[i]);
    ok(!ball, "the ball is with %ld", ball);
}

CONFORMANCE("synch_address", test_arguments, test_exports, test_timeout, test_wake, test_order,
            test_no_stale_wake, test_ping_pong)
