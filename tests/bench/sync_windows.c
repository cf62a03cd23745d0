/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What waits, wakes, events, locks and the thread pool cost a Windows program. Nanoseconds for one operation.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "bench.h"

#define MANY  20000
#define FEW   500
#define TURNS 2000

static LONG word, same;
static volatile LONG ball;
static SRWLOCK srw = SRWLOCK_INIT;
static CRITICAL_SECTION section;
static HANDLE is_set, ping, pong, semaphore, mutex;
static TP_WORK *work;

static void wake_nobody(void)
{
    WakeByAddressSingle(&word);
}

static void wait_for_other(void)
{
    LONG other = 1;

    WaitOnAddress(&word, &other, sizeof(other), INFINITE);
}

static void wait_no_time(void)
{
    WaitOnAddress(&word, &same, sizeof(same), 0);
}

static void srw_exclusive(void)
{
    AcquireSRWLockExclusive(&srw);
    ReleaseSRWLockExclusive(&srw);
}

static void srw_shared(void)
{
    AcquireSRWLockShared(&srw);
    ReleaseSRWLockShared(&srw);
}

static void critical_section(void)
{
    EnterCriticalSection(&section);
    LeaveCriticalSection(&section);
}

static void wait_signalled(void)
{
    WaitForSingleObject(is_set, INFINITE);
}

static void set_and_wait(void)
{
    SetEvent(ping);
    WaitForSingleObject(ping, INFINITE);
}

static void mutex_pair(void)
{
    WaitForSingleObject(mutex, INFINITE);
    ReleaseMutex(mutex);
}

static void semaphore_pair(void)
{
    ReleaseSemaphore(semaphore, 1, NULL);
    WaitForSingleObject(semaphore, INFINITE);
}

static void event_life(void)
{
    CloseHandle(CreateEventA(NULL, FALSE, FALSE, NULL));
}

static void (*operation)(void);
static size_t operations;

static double sample(void)
{
    double start = bench_now();

    for (size_t i = 0; i < operations; i++)
        operation();
    return (bench_now() - start) / (double)operations;
}

static void measure(const char *name, void (*function)(void), size_t count)
{
    operation = function;
    operations = count;
    bench_row(bench_quartile(sample, 31), "%s", name);
}

static void measure_alone(size_t unused)
{
    (void)unused;
    measure("wake, nobody waits", wake_nobody, MANY);
    measure("wait on an address, value differs", wait_for_other, MANY);
    measure("wait on an address, no time", wait_no_time, FEW);
    measure("SRW lock, exclusive", srw_exclusive, MANY);
    measure("SRW lock, shared", srw_shared, MANY);
    measure("critical section", critical_section, MANY);
    measure("wait on a signalled event", wait_signalled, FEW);
    measure("set an event and wait on it", set_and_wait, FEW);
    measure("semaphore, release and wait", semaphore_pair, FEW);
    measure("mutex, wait and release", mutex_pair, FEW);
    measure("event, create and close", event_life, FEW);
}

/* --- Two threads take turns --- */

static void turn_address(LONG mine, LONG theirs)
{
    LONG seen;

    while ((seen = ball) != mine)
        WaitOnAddress(&ball, &seen, sizeof(ball), INFINITE);
    InterlockedExchange(&ball, theirs);
    WakeByAddressSingle((void *)&ball);
}

static void play_address(void *argument)
{
    (void)argument;
    for (int i = 0; i < TURNS; i++)
        turn_address(1, 0);
}

static double sample_address(void)
{
    struct bench_thread *thread = bench_thread_start(play_address, NULL);
    double start = bench_now();

    for (int i = 0; i < TURNS; i++)
        turn_address(0, 1);
    bench_thread_join(thread);
    return (bench_now() - start) / TURNS;
}

static void play_events(void *argument)
{
    (void)argument;
    for (int i = 0; i < TURNS; i++) {
        WaitForSingleObject(ping, INFINITE);
        SetEvent(pong);
    }
}

static double sample_events(void)
{
    struct bench_thread *thread = bench_thread_start(play_events, NULL);
    double start = bench_now();

    for (int i = 0; i < TURNS; i++) {
        SetEvent(ping);
        WaitForSingleObject(pong, INFINITE);
    }
    bench_thread_join(thread);
    return (bench_now() - start) / TURNS;
}

/* The other process: this program, with two inherited events. */
static int serve_turns(char **arguments)
{
    HANDLE asked = (HANDLE)(ULONG_PTR)strtoull(arguments[0], NULL, 16);
    HANDLE answered = (HANDLE)(ULONG_PTR)strtoull(arguments[1], NULL, 16);

    while (WaitForSingleObject(asked, 30000) == WAIT_OBJECT_0)
        SetEvent(answered);
    return 0;
}

static HANDLE asked, answered;

static double sample_process(void)
{
    double start = bench_now();

    for (int i = 0; i < TURNS; i++) {
        SetEvent(asked);
        WaitForSingleObject(answered, INFINITE);
    }
    return (bench_now() - start) / TURNS;
}

static void measure_processes(void)
{
    SECURITY_ATTRIBUTES inherit = {sizeof(inherit), NULL, TRUE};
    STARTUPINFOA startup = {.cb = sizeof(startup)};
    char path[MAX_PATH], command[MAX_PATH + 64];
    PROCESS_INFORMATION info;

    asked = CreateEventA(&inherit, FALSE, FALSE, NULL);
    answered = CreateEventA(&inherit, FALSE, FALSE, NULL);
    GetModuleFileNameA(NULL, path, sizeof(path));
    snprintf(command, sizeof(command), "\"%s\" turns %llx %llx", path,
             (unsigned long long)(ULONG_PTR)asked, (unsigned long long)(ULONG_PTR)answered);
    if (!CreateProcessA(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &info))
        bench_fail("CreateProcess: error %lu", GetLastError());
    bench_row(bench_quartile(sample_process, 5), "two processes, events, a round trip");
    TerminateProcess(info.hProcess, 0);
    CloseHandle(info.hProcess);
    CloseHandle(info.hThread);
    CloseHandle(asked);
    CloseHandle(answered);
}

static void CALLBACK work_callback(TP_CALLBACK_INSTANCE *instance, void *context, TP_WORK *item)
{
    (void)instance, (void)context, (void)item;
}

static double sample_pool(void)
{
    double start = bench_now();

    for (int i = 0; i < TURNS; i++)
        SubmitThreadpoolWork(work);
    WaitForThreadpoolWorkCallbacks(work, FALSE);
    return (bench_now() - start) / TURNS;
}

static void measure_turns(size_t unused)
{
    (void)unused;
    bench_row(bench_quartile(sample_address, 5), "two threads, wait on an address, a round trip");
    bench_row(bench_quartile(sample_events, 5), "two threads, events, a round trip");
    measure_processes();
    bench_row(bench_quartile(sample_pool, 5), "thread pool, a callback");
}

int main(int argc, char **argv)
{
    static const struct bench_group groups[] = {{"alone", measure_alone}, {"turns", measure_turns}};

    if (argc == 4 && !strcmp(argv[1], "turns"))
        return serve_turns(argv + 2);
    InitializeCriticalSection(&section);
    is_set = CreateEventA(NULL, TRUE, TRUE, NULL);
    ping = CreateEventA(NULL, FALSE, FALSE, NULL);
    pong = CreateEventA(NULL, FALSE, FALSE, NULL);
    semaphore = CreateSemaphoreA(NULL, 0, 10, NULL);
    mutex = CreateMutexA(NULL, FALSE, NULL);
    work = CreateThreadpoolWork(work_callback, NULL, NULL);
    return bench_serve(groups, 2);
}
