/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What waits, wakes, events, locks and the thread pool cost a Windows program.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "sync.h"

#define CALLBACKS 2000

static LONG word, same;
static volatile LONG words[32]; /* a cache line each */
static SRWLOCK srw = SRWLOCK_INIT;
static CRITICAL_SECTION section;
static HANDLE is_set, events[2], semaphore, mutex;
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
    SetEvent(events[0]);
    WaitForSingleObject(events[0], INFINITE);
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

static void measure_alone(size_t unused)
{
    (void)unused;
    sync_measure("wake, nobody waits", wake_nobody, SYNC_MANY);
    sync_measure("wait on an address, value differs", wait_for_other, SYNC_MANY);
    sync_measure("wait on an address, no time", wait_no_time, SYNC_FEW);
    sync_measure("SRW lock, exclusive", srw_exclusive, SYNC_MANY);
    sync_measure("SRW lock, shared", srw_shared, SYNC_MANY);
    sync_measure("critical section", critical_section, SYNC_MANY);
    sync_measure("wait on a signalled event", wait_signalled, SYNC_FEW);
    sync_measure("set an event and wait on it", set_and_wait, SYNC_FEW);
    sync_measure("semaphore, release and wait", semaphore_pair, SYNC_FEW);
    sync_measure("mutex, wait and release", mutex_pair, SYNC_FEW);
    sync_measure("event, create and close", event_life, SYNC_FEW);
}

/* --- Turns --- */

static void set_address(unsigned which)
{
    InterlockedExchange(&words[16 * which], 1);
    WakeByAddressSingle((void *)&words[16 * which]);
}

static void await_address(unsigned which)
{
    LONG not_set = 0;

    while (!InterlockedExchange(&words[16 * which], 0))
        WaitOnAddress(&words[16 * which], &not_set, sizeof(not_set), INFINITE);
}

static void set_event(unsigned which)
{
    SetEvent(events[which]);
}

static void await_event(unsigned which)
{
    WaitForSingleObject(events[which], INFINITE);
}

/* --- Two processes: the other is this program, with inherited handles --- */

static HANDLE shared_events[2];
static PROCESS_INFORMATION partner;

static void set_shared(unsigned which)
{
    SetEvent(shared_events[which]);
}

static void await_shared(unsigned which)
{
    WaitForSingleObject(shared_events[which], INFINITE);
}

static void end_with(void *process)
{
    WaitForSingleObject(process, INFINITE);
    ExitProcess(0);
}

static HANDLE handle_from(const char *text)
{
    return (HANDLE)(ULONG_PTR)strtoull(text, NULL, 16);
}

/* `arguments`: the events, the process that asks, the processor. */
static int answer(char **arguments)
{
    shared_events[0] = handle_from(arguments[0]);
    shared_events[1] = handle_from(arguments[1]);
    bench_thread_start(end_with, handle_from(arguments[2]));
    sync_answer(&sync_signals[SYNC_SIGNALS - 1], strtoul(arguments[3], NULL, 10));
    return 0;
}

static void start_partner(size_t processor)
{
    SECURITY_ATTRIBUTES inherit = {sizeof(inherit), NULL, TRUE};
    STARTUPINFOA startup = {.cb = sizeof(startup)};
    char path[MAX_PATH], command[MAX_PATH + 96];
    HANDLE self;

    for (int i = 0; i < 2; i++)
        shared_events[i] = CreateEventA(&inherit, FALSE, FALSE, NULL);
    if (!DuplicateHandle(GetCurrentProcess(), GetCurrentProcess(), GetCurrentProcess(), &self,
                         SYNCHRONIZE, TRUE, 0))
        bench_fail("DuplicateHandle: error %lu", GetLastError());
    GetModuleFileNameA(NULL, path, sizeof(path));
    snprintf(command, sizeof(command), "\"%s\" turns %llx %llx %llx %u", path,
             (unsigned long long)(ULONG_PTR)shared_events[0],
             (unsigned long long)(ULONG_PTR)shared_events[1], (unsigned long long)(ULONG_PTR)self,
             (unsigned)processor);
    if (!CreateProcessA(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &partner))
        bench_fail("CreateProcess: error %lu", GetLastError());
    CloseHandle(self);
}

static void end_partner(void)
{
    TerminateProcess(partner.hProcess, 0);
    CloseHandle(partner.hProcess);
    CloseHandle(partner.hThread);
    CloseHandle(shared_events[0]);
    CloseHandle(shared_events[1]);
}

const struct sync_signals sync_signals[SYNC_SIGNALS] = {
    {"two threads, wait on an address", set_address, await_address, NULL, NULL},
    {"two threads, events", set_event, await_event, NULL, NULL},
    {"two processes, events", set_shared, await_shared, start_partner, end_partner},
};

/* --- The thread pool --- */

static void CALLBACK work_callback(TP_CALLBACK_INSTANCE *instance, void *context, TP_WORK *item)
{
    (void)instance, (void)context, (void)item;
}

static double sample_pool(void)
{
    double start = bench_now();

    for (int i = 0; i < CALLBACKS; i++)
        SubmitThreadpoolWork(work);
    WaitForThreadpoolWorkCallbacks(work, FALSE);
    return (bench_now() - start) / CALLBACKS;
}

static void measure_pool(size_t unused)
{
    (void)unused;
    bench_row(bench_quartile(sample_pool, 5), "thread pool, a callback");
}

int main(int argc, char **argv)
{
    static const struct bench_group groups[] = {
        {"alone", measure_alone}, {"turns", sync_measure_turns}, {"pool", measure_pool}};

    if (argc == 6 && !strcmp(argv[1], "turns"))
        return answer(argv + 2);
    InitializeCriticalSection(&section);
    is_set = CreateEventA(NULL, TRUE, TRUE, NULL);
    for (int i = 0; i < 2; i++)
        events[i] = CreateEventA(NULL, FALSE, FALSE, NULL);
    semaphore = CreateSemaphoreA(NULL, 0, 10, NULL);
    mutex = CreateMutexA(NULL, FALSE, NULL);
    work = CreateThreadpoolWork(work_callback, NULL, NULL);
    return bench_serve(groups, sizeof(groups) / sizeof(groups[0]));
}
