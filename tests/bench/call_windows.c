/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a call from Windows code to the Linux half costs. NtFlushInstructionCache is the empty one: x86-64 keeps
 * its caches coherent, so neither we nor Wine do anything in it. Nanoseconds.
 */
#include <windows.h>

#include "bench.h"

#define CALLS 20000

static LONG (WINAPI *flush)(HANDLE process, const void *address, SIZE_T size);
static LONG (WINAPI *yield)(void);
static LONG (WINAPI *query_event)(HANDLE event, int class, void *info, ULONG bytes, ULONG *needed);
static HANDLE event;

static double sample_empty(void)
{
    double start = bench_now();

    for (int i = 0; i < CALLS; i++)
        flush(GetCurrentProcess(), NULL, 0);
    return (bench_now() - start) / CALLS;
}

static double sample_handle(void)
{
    double start = bench_now();
    LONG state[2];

    for (int i = 0; i < CALLS; i++)
        query_event(event, 0, state, sizeof(state), NULL);
    return (bench_now() - start) / CALLS;
}

static double sample_yield(void)
{
    double start = bench_now();

    for (int i = 0; i < CALLS / 10; i++)
        yield();
    return (bench_now() - start) / (CALLS / 10);
}

static void measure(size_t unused)
{
    (void)unused;
    bench_row(bench_quartile(sample_empty, 31), "empty call");
    bench_row(bench_quartile(sample_handle, 31), "NtQueryEvent: a call that looks up a handle");
    bench_row(bench_quartile(sample_yield, 31), "NtYieldExecution: a call that enters the kernel");
}

int main(void)
{
    static const struct bench_group groups[] = {{"call", measure}};
    HMODULE ntdll = GetModuleHandleA("ntdll.dll");

    flush = (void *)GetProcAddress(ntdll, "NtFlushInstructionCache");
    yield = (void *)GetProcAddress(ntdll, "NtYieldExecution");
    query_event = (void *)GetProcAddress(ntdll, "NtQueryEvent");
    event = CreateEventA(NULL, FALSE, FALSE, NULL);
    if (!flush || !yield || !query_event || !event)
        bench_fail("a function is missing");
    return bench_serve(groups, 1);
}
