/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a call from the program to the kernel costs: the measure for call_windows.c. Nanoseconds.
 */
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

#define CALLS 20000

static double sample_empty(void)
{
    double start = bench_now();

    for (int i = 0; i < CALLS; i++)
        syscall(SYS_getppid);
    return (bench_now() - start) / CALLS;
}

static double sample_yield(void)
{
    double start = bench_now();

    for (int i = 0; i < CALLS / 10; i++)
        sched_yield();
    return (bench_now() - start) / (CALLS / 10);
}

static void measure(size_t unused)
{
    (void)unused;
    bench_row(bench_quartile(sample_empty, 31), "empty call");
    bench_row(bench_quartile(sample_yield, 31), "NtYieldExecution: a call that enters the kernel");
}

int main(void)
{
    static const struct bench_group groups[] = {{"call", measure}};

    return bench_serve(groups, 1);
}
