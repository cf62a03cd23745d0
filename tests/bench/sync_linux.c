/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The measure for sync_windows.c: bare futexes on words of their own, and pthread's locks. Rows that have no
 * counterpart here are left out.
 */
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sync.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;

/* An auto-reset event in its barest form; a cache line each. */
static _Atomic uint32_t words[32], *shared_words;

static void wake(unsigned which)
{
    atomic_store(&words[16 * which], 1);
    syscall(SYS_futex, &words[16 * which], FUTEX_WAKE_PRIVATE, 1);
}

static void await(unsigned which)
{
    while (!atomic_exchange(&words[16 * which], 0))
        syscall(SYS_futex, &words[16 * which], FUTEX_WAIT_PRIVATE, 0, NULL);
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
    wake(0);
    await(0);
}

static void measure_alone(size_t unused)
{
    (void)unused;
    sync_measure("SRW lock, exclusive", write_lock, SYNC_MANY);
    sync_measure("SRW lock, shared", read_lock, SYNC_MANY);
    sync_measure("critical section", mutex_pair, SYNC_MANY);
    sync_measure("set an event and wait on it", set_and_wait, SYNC_FEW);
}

/* --- Two processes --- */

static pid_t partner;

/* Words in shared memory, so not private ones. */
static void wake_shared(unsigned which)
{
    atomic_store(&shared_words[16 * which], 1);
    syscall(SYS_futex, &shared_words[16 * which], FUTEX_WAKE, 1);
}

static void await_shared(unsigned which)
{
    while (!atomic_exchange(&shared_words[16 * which], 0))
        syscall(SYS_futex, &shared_words[16 * which], FUTEX_WAIT, 0, NULL);
}

static void start_partner(size_t processor)
{
    shared_words =
        mmap(NULL, BENCH_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    partner = shared_words == MAP_FAILED ? -1 : fork();
    if (partner < 0)
        bench_fail("fork: errno %d", errno);
    if (partner)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sync_answer(&sync_signals[SYNC_SIGNALS - 1], processor);
    _exit(0);
}

static void end_partner(void)
{
    kill(partner, SIGKILL);
    waitpid(partner, NULL, 0);
    munmap(shared_words, BENCH_PAGE);
}

const struct sync_signals sync_signals[SYNC_SIGNALS] = {
    {"two threads, wait on an address", wake, await, NULL, NULL},
    {"two threads, events", wake, await, NULL, NULL},
    {"two processes, events", wake_shared, await_shared, start_partner, end_partner},
};

int main(void)
{
    static const struct bench_group groups[] = {{"alone", measure_alone},
                                                {"turns", sync_measure_turns}};

    return bench_serve(groups, sizeof(groups) / sizeof(groups[0]));
}
