/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The native bench programs' clock, threads, processors and memory.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

struct bench_thread {
    pthread_t thread;
    void (*function)(void *);
    void *argument;
};

double bench_clock(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void *run(void *argument)
{
    struct bench_thread *thread = argument;

    thread->function(thread->argument);
    return NULL;
}

struct bench_thread *bench_thread_start(void (*function)(void *), void *argument)
{
    struct bench_thread *thread = malloc(sizeof(*thread));

    if (!thread)
        bench_fail("no memory");
    thread->function = function;
    thread->argument = argument;
    if (pthread_create(&thread->thread, NULL, run, thread))
        bench_fail("no thread");
    return thread;
}

void bench_thread_join(struct bench_thread *thread)
{
    pthread_join(thread->thread, NULL);
    free(thread);
}

/* As the program found them. */
static const cpu_set_t *allowed(void)
{
    static cpu_set_t set;

    if (!CPU_COUNT(&set) && sched_getaffinity(getpid(), sizeof(set), &set))
        bench_fail("sched_getaffinity: errno %d", errno);
    return &set;
}

size_t bench_processors(void)
{
    return (size_t)CPU_COUNT(allowed());
}

static void pin_to(const cpu_set_t *set)
{
    if (sched_setaffinity(0, sizeof(*set), set))
        bench_fail("sched_setaffinity: errno %d", errno);
}

void bench_pin(size_t processor)
{
    cpu_set_t one;

    for (size_t i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, allowed()) && !processor--) {
            CPU_ZERO(&one);
            CPU_SET(i, &one);
            pin_to(&one);
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
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        bench_fail("no memory");
    return memory;
}
