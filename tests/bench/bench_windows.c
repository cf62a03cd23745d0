/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The Windows bench programs' clock, threads, processors and memory.
 */
#include <stdlib.h>
#include <windows.h>

#include "bench.h"

struct bench_thread {
    HANDLE handle;
    void (*function)(void *);
    void *argument;
};

double bench_clock(void)
{
    LARGE_INTEGER time, frequency;

    QueryPerformanceCounter(&time);
    QueryPerformanceFrequency(&frequency);
    return (double)time.QuadPart * 1e9 / (double)frequency.QuadPart;
}

static DWORD WINAPI run(void *argument)
{
    struct bench_thread *thread = argument;

    thread->function(thread->argument);
    return 0;
}

struct bench_thread *bench_thread_start(void (*function)(void *), void *argument)
{
    struct bench_thread *thread = malloc(sizeof(*thread));

    if (!thread)
        bench_fail("no memory");
    thread->function = function;
    thread->argument = argument;
    thread->handle = CreateThread(NULL, 0, run, thread, 0, NULL);
    if (!thread->handle)
        bench_fail("no thread: error %lu", GetLastError());
    return thread;
}

void bench_thread_join(struct bench_thread *thread)
{
    WaitForSingleObject(thread->handle, INFINITE);
    CloseHandle(thread->handle);
    free(thread);
}

/* As the program found them. */
static DWORD_PTR allowed(void)
{
    static DWORD_PTR mask;
    DWORD_PTR all;

    if (!mask && !GetProcessAffinityMask(GetCurrentProcess(), &mask, &all))
        bench_fail("GetProcessAffinityMask: error %lu", GetLastError());
    return mask;
}

size_t bench_processors(void)
{
    return (size_t)__builtin_popcountll(allowed());
}

static void pin_to(DWORD_PTR mask)
{
    if (!SetThreadAffinityMask(GetCurrentThread(), mask))
        bench_fail("SetThreadAffinityMask: error %lu", GetLastError());
}

void bench_pin(size_t processor)
{
    for (unsigned i = 0; i < 64; i++)
        if (allowed() & (DWORD_PTR)1 << i && !processor--) {
            pin_to((DWORD_PTR)1 << i);
            return;
        }
    bench_fail("no such processor");
}

void bench_unpin(void)
{
    pin_to(allowed());
}

void *bench_plain_memory(size_t bytes)
{
    void *memory = VirtualAlloc(NULL, bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);

    if (!memory)
        bench_fail("no memory: error %lu", GetLastError());
    return memory;
}
