/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The measure for sync_windows.c: bare futexes on words of their own, and pthread's locks. Rows that have no
 * counterpart here are left out. Nanoseconds for one operation.
 */
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define MANY  20000
#define FEW   500
#define TURNS 2000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;

/* An auto-reset event in its barest form. */
static _Atomic uint32_t ping, pong;

static void wake(_Atomic uint32_t *word)
{
    atomic_store(word, 1);
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1);
}

static void await(_Atomic uint32_t *word)
{
    while (!atomic_exchange(word, 0))
        syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, 0, NULL);
}

static void mutex_pair(void)
{
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
}

static void read_lock(void)
{
    pthread_rwlock_rdlock(&rwlock);
    pthread_rwlock_unlock(&rwlock);
}

static void write_lock(void)
{
    pthread_rwlock_wrlock(&rwlock);
    pthread_rwlock_unlock(&rwlock);
}

static void set_and_wait(void)
{
    wake(&ping);
    await(&ping);
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
    measure("SRW lock, exclusive", write_lock, MANY);
    measure("SRW lock, shared", read_lock, MANY);
    measure("critical section", mutex_pair, MANY);
    measure("set an event and wait on it", set_and_wait, FEW);
}

static void play(void *argument)
{
    (void)argument;
    for (int i = 0; i < TURNS; i++) {
        await(&ping);
        wake(&pong);
    }
}

static double sample_turns(void)
{
    struct bench_thread *thread = bench_thread_start(play, NULL);
    double start = bench_now();

    for (int i = 0; i < TURNS; i++) {
        wake(&ping);
        await(&pong);
    }
    bench_thread_join(thread);
    return (bench_now() - start) / TURNS;
}

/* --- Two processes --- */

/* Words in shared memory, so not private ones. */
static void wake_shared(_Atomic uint32_t *word)
{
    atomic_store(word, 1);
    syscall(SYS_futex, word, FUTEX_WAKE, 1);
}

static void await_shared(_Atomic uint32_t *word)
{
    while (!atomic_exchange(word, 0))
        syscall(SYS_futex, word, FUTEX_WAIT, 0, NULL);
}

static _Atomic uint32_t *words;

static double sample_process(void)
{
    double start = bench_now();

    for (int i = 0; i < TURNS; i++) {
        wake_shared(&words[0]);
        await_shared(&words[16]);
    }
    return (bench_now() - start) / TURNS;
}

static void measure_processes(void)
{
    pid_t child;

    words = mmap(NULL, BENCH_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    child = words == MAP_FAILED ? -1 : fork();
    if (child < 0)
        bench_fail("fork: errno %d", errno);
    while (!child) {
        await_shared(&words[0]);
        wake_shared(&words[16]);
    }
    bench_row(bench_quartile(sample_process, 5), "two processes, events, a round trip");
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    munmap(words, BENCH_PAGE);
}

static void measure_turns(size_t unused)
{
    (void)unused;
    bench_row(bench_quartile(sample_turns, 5), "two threads, wait on an address, a round trip");
    bench_row(bench_quartile(sample_turns, 5), "two threads, events, a round trip");
    measure_processes();
}

int main(void)
{
    static const struct bench_group groups[] = {{"alone", measure_alone}, {"turns", measure_turns}};

    return bench_serve(groups, 2);
}
