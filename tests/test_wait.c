/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Waiting: what a setting, a reset and a pulse do to those who wait; waits for all; abandoned mutants;
 * stress of the hand-over between waiters (thirty times as long with DECANT_STRESS set).
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "sync.h"

#define SECOND 1000000000ull

static unsigned factor = 1;

struct waiter {
    pthread_t thread;
    struct thread self;
    struct sync *syncs[4];
    uint32_t count;
    bool all;
    uint64_t timeout;
    NTSTATUS result;
};

static void become(struct thread *self)
{
    self->tid = (pid_t)syscall(SYS_gettid);
    current_thread = self;
}

static void *run_waiter(void *context)
{
    struct waiter *waiter = context;

    become(&waiter->self);
    waiter->result = sync_wait(waiter->syncs, waiter->count, waiter->all, false,
                               monotonic_now() + waiter->timeout);
    return NULL;
}

/* Starts it and returns when it is counted by its first object. */
static void start(struct waiter *waiter, struct sync *first, struct sync *second, bool all,
                  uint64_t timeout)
{
    uint32_t before = atomic_load(&first->waiters);

    *waiter = (struct waiter){.syncs = {first, second}, .count = second ? 2 : 1, .all = all,
                              .timeout = timeout};
    assert_int_equal(pthread_create(&waiter->thread, NULL, run_waiter, waiter), 0);
    while (atomic_load(&first->waiters) == before)
        usleep(100);
    usleep(2000); /* until it sleeps, likely */
}

static NTSTATUS end(struct waiter *waiter)
{
    pthread_join(waiter->thread, NULL);
    return waiter->result;
}

static NTSTATUS poll_one(struct sync *sync)
{
    return sync_wait(&sync, 1, false, false, 0);
}

/* SetEvent followed at once by ResetEvent lets all waiters of a manual event go. */
static void test_manual_set_reset(void **state)
{
    struct sync *event = sync_create(SYNC_MANUAL, 0, 1);
    struct waiter waiters[3];

    (void)state;
    for (int i = 0; i < 3; i++)
        start(&waiters[i], event, NULL, false, 5 * SECOND);
    sync_set(event);
    sync_reset(event);
    for (int i = 0; i < 3; i++)
        assert_int_equal(end(&waiters[i]), STATUS_WAIT_0);
    assert_int_equal(poll_one(event), STATUS_TIMEOUT);
    for (int i = 0; i < 3; i++)
        start(&waiters[i], event, NULL, false, 5 * SECOND);
    assert_int_equal(sync_pulse(event), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(end(&waiters[i]), STATUS_WAIT_0);
    assert_int_equal(poll_one(event), STATUS_TIMEOUT);
    sync_destroy(event);
}

/* Two settings of an auto event let two waiters go, and a reset takes nothing back. */
static void test_auto_counts_waiters(void **state)
{
    struct sync *event = sync_create(SYNC_AUTO, 0, 1);
    struct waiter waiters[3];
    int timed_out = 0;

    (void)state;
    for (int i = 0; i < 3; i++)
        start(&waiters[i], event, NULL, false, SECOND / 2);
    sync_set(event);
    sync_set(event);
    sync_reset(event);
    assert_int_equal(poll_one(event), STATUS_TIMEOUT);
    for (int i = 0; i < 3; i++)
        timed_out += end(&waiters[i]) == STATUS_TIMEOUT;
    assert_int_equal(timed_out, 1);
    assert_int_equal(event->grants, 0);
    assert_int_equal(event->grantable, 0);
    sync_pulse(event);
    assert_int_equal(poll_one(event), STATUS_TIMEOUT);
    sync_set(event);
    assert_int_equal(sync_set(event), 1);
    assert_int_equal(poll_one(event), STATUS_WAIT_0);
    assert_int_equal(poll_one(event), STATUS_TIMEOUT);
    sync_destroy(event);
}

/* A waiter that got another object leaves the setting of the second one behind. */
static void test_left_grant(void **state)
{
    struct sync *first = sync_create(SYNC_AUTO, 0, 1), *second = sync_create(SYNC_AUTO, 0, 1);
    struct waiter waiter;
    NTSTATUS result;

    (void)state;
    for (int i = 0; i < 200; i++) {
        start(&waiter, first, second, false, 5 * SECOND);
        sync_set(second);
        sync_set(first);
        result = end(&waiter);
        assert_true(result == STATUS_WAIT_0 || result == STATUS_WAIT_1);
        assert_int_equal(poll_one(result == STATUS_WAIT_0 ? second : first), STATUS_WAIT_0);
        assert_int_equal(poll_one(result == STATUS_WAIT_0 ? first : second), STATUS_TIMEOUT);
    }
    sync_destroy(first);
    sync_destroy(second);
}

static void test_wait_all(void **state)
{
    struct sync *event = sync_create(SYNC_AUTO, 0, 1), *mutant = sync_create(SYNC_MUTANT, 1, 1);
    struct waiter waiter;

    (void)state;
    start(&waiter, event, mutant, true, 5 * SECOND);
    assert_int_equal(mutant->count, 1); /* not taken while the event is missing */
    sync_set(event);
    assert_int_equal(end(&waiter), STATUS_WAIT_0);
    assert_int_equal(mutant->count, 0);
    assert_int_equal(poll_one(event), STATUS_TIMEOUT);
    sync_abandon(mutant, (uint32_t)waiter.self.tid);
    assert_int_equal(poll_one(mutant), STATUS_ABANDONED_WAIT_0);
    assert_int_equal(poll_one(mutant), STATUS_WAIT_0);
    assert_int_equal(mutant->count, -1);
    sync_destroy(event);
    sync_destroy(mutant);
}

/* A thread that has to end gives back what it may have been woken for. */
static void test_terminating(void **state)
{
    struct sync *event = sync_create(SYNC_AUTO, 0, 1);
    struct waiter waiter;

    (void)state;
    start(&waiter, event, NULL, false, 5 * SECOND);
    waiter.self.terminating = true;
    sync_set(event);
    assert_int_equal(end(&waiter), STATUS_THREAD_IS_TERMINATING);
    assert_int_equal(poll_one(event), STATUS_WAIT_0);
    sync_destroy(event);
}

/* --- Stress: tokens are neither lost nor made --- */

#define WORKERS 4

struct stress {
    struct sync *semaphore, *event, *mutant;
    _Atomic unsigned taken[2], all_rounds, inside;
    _Atomic bool ends;
};

static void *take_any(void *context)
{
    struct stress *stress = context;
    struct sync *both[2] = {stress->semaphore, stress->event};
    struct thread self = {0};

    become(&self);
    for (unsigned round = 0;; round++) {
        /* Some give up soon: their wake-ups must go on to others. */
        uint64_t timeout = round % 3 ? SECOND / 50 : 20000;
        NTSTATUS result = sync_wait(both, 2, false, false, monotonic_now() + timeout);

        if (result == STATUS_WAIT_0 || result == STATUS_WAIT_1)
            atomic_fetch_add(&stress->taken[result], 1);
        else if (atomic_load(&stress->ends))
            return NULL;
    }
}

static void test_stress_any(void **state)
{
    struct stress stress = {sync_create(SYNC_SEMAPHORE, 0, INT32_MAX),
                            sync_create(SYNC_AUTO, 0, 1), NULL};
    pthread_t threads[WORKERS];
    unsigned rounds = 20000 * factor;
    uint64_t until;
    int32_t previous;

    (void)state;
    for (int i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_any, &stress), 0);
    for (unsigned i = 1; i <= rounds; i++) {
        if (i % 2)
            assert_int_equal(sync_release_semaphore(stress.semaphore, 1, &previous), 0);
        else
            sync_set(stress.event);
        /* Whoever waits must get it soon, each time: a lost wake-up shows here. */
        until = monotonic_now() + 5 * SECOND;
        if (i % 64 == 0)
            while (stress.semaphore->count || stress.event->count || stress.event->grants)
                assert_true(monotonic_now() < until);
    }
    atomic_store(&stress.ends, true);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(stress.taken[0], rounds / 2);
    assert_true(stress.taken[1] > 0 && stress.taken[1] <= rounds / 2);
    assert_int_equal(stress.event->waiters, 0);
    assert_int_equal(stress.event->many, 0);
    assert_int_equal(stress.event->grantable, 0);
    sync_destroy(stress.semaphore);
    sync_destroy(stress.event);
}

static void *take_all(void *context)
{
    struct stress *stress = context;
    /* In an order of its own: address order inside must prevent dead locks. */
    struct thread self = {0};
    bool swap;

    become(&self);
    swap = self.tid % 2;
    for (unsigned round = 0; round < 3000 * factor; round++) {
        struct sync *both[2] = {swap ? stress->mutant : stress->event,
                                swap ? stress->event : stress->mutant};
        int32_t previous;

        if (sync_wait(both, 2, true, false, monotonic_now() + 5 * SECOND))
            break;
        if (atomic_fetch_add(&stress->inside, 1) == 0)
            atomic_fetch_add(&stress->all_rounds, 1);
        atomic_fetch_sub(&stress->inside, 1);
        sync_release_mutant(stress->mutant, (uint32_t)self.tid, &previous);
        sync_set(stress->event);
    }
    return NULL;
}

static void test_stress_all(void **state)
{
    struct stress stress = {NULL, sync_create(SYNC_AUTO, 1, 1), sync_create(SYNC_MUTANT, 1, 1)};
    pthread_t threads[WORKERS];

    (void)state;
    for (int i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_all, &stress), 0);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(stress.all_rounds, WORKERS * 3000 * factor);
    assert_int_equal(stress.event->count, 1);
    assert_int_equal(stress.mutant->count, 1);
    sync_destroy(stress.event);
    sync_destroy(stress.mutant);
}

/* --- Stress: no alert and no setting is lost, whenever it comes --- */

/* Gives the answer when it woke up. */
struct alerted {
    struct thread self;
    struct sync *syncs[2], *answer;
    uint32_t count;
    _Atomic bool is_ready, ends;
    _Atomic uint32_t result;
};

static void *run_alerted(void *context)
{
    struct alerted *alerted = context;
    bool is_last;

    become(&alerted->self);
    atomic_store(&alerted->is_ready, true);
    do {
        atomic_store(&alerted->result, (uint32_t)sync_wait(alerted->syncs, alerted->count, false, true,
                                                           WAIT_FOREVER));
        apc_free_all(&alerted->self);
        is_last = atomic_load(&alerted->ends); /* before the answer: it is set for the next question */
        sync_set(alerted->answer);
    } while (!is_last);
    return NULL;
}

static uint32_t ask(struct alerted *alerted, bool by_apc)
{
    if (by_apc)
        assert_int_equal(apc_queue(&alerted->self, NULL, 0, 0, 0), 0);
    else
        sync_set(alerted->syncs[alerted->count - 1]);
    assert_int_equal(
        sync_wait(&alerted->answer, 1, false, false, monotonic_now() + 10 * SECOND), STATUS_WAIT_0);
    return atomic_load(&alerted->result);
}

static void test_stress_alerts(void **state)
{
    (void)state;
    for (uint32_t count = 1; count <= 2; count++) {
        struct alerted alerted = {.syncs = {sync_create(SYNC_AUTO, 0, 1), sync_create(SYNC_AUTO, 0, 1)},
                                  .answer = sync_create(SYNC_AUTO, 0, 1), .count = count};
        pthread_t thread;

        assert_int_equal(pthread_create(&thread, NULL, run_alerted, &alerted), 0);
        while (!atomic_load(&alerted.is_ready))
            sched_yield();
        for (unsigned i = 0; i < 10000 * factor; i++) {
            /* Sometimes it sleeps already, sometimes it is about to. */
            for (unsigned k = 0; k < i % 4; k++)
                sched_yield();
            assert_int_equal(ask(&alerted, i % 2), i % 2 ? (uint32_t)STATUS_USER_APC : count - 1);
        }
        atomic_store(&alerted.ends, true);
        assert_int_equal(ask(&alerted, true), (uint32_t)STATUS_USER_APC);
        pthread_join(thread, NULL);
        assert_int_equal(alerted.syncs[0]->waiters, 0);
        sync_destroy(alerted.syncs[0]);
        sync_destroy(alerted.syncs[1]);
        sync_destroy(alerted.answer);
    }
}

/* Another process's view of a sync: the same memory elsewhere. */
static struct sync *view_of(struct sync *sync)
{
    static struct sync *view;
    static ino_t mapped;
    uint32_t slot;
    struct stat st;
    int fd;

    assert_true(sync_locate(sync, &fd, &slot));
    assert_int_equal(fstat(fd, &st), 0);
    if (st.st_ino != mapped) {
        view = mmap(NULL, SYNC_ARENA_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        assert_ptr_not_equal(view, MAP_FAILED);
        mapped = st.st_ino;
    }
    return &view[slot];
}

/* An object that gets to another process while somebody waits for it: what is set there arrives here, and the
 * other way around. */
static void test_stress_sharing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3000 * factor; i++) {
        struct sync *event = sync_create(SYNC_AUTO, 0, 1), *answer = sync_create(SYNC_AUTO, 0, 1);
        struct alerted alerted = {.syncs = {event}, .answer = answer, .count = 1, .ends = true};
        struct sync *answer_view;
        pthread_t thread;

        assert_int_equal(pthread_create(&thread, NULL, run_alerted, &alerted), 0);
        while (!atomic_load(&event->waiters))
            sched_yield();
        for (unsigned k = 0; k < i % 4; k++)
            sched_yield();
        answer_view = view_of(answer);
        sync_set(view_of(event));
        assert_int_equal(
            sync_wait(&answer_view, 1, false, false, monotonic_now() + 10 * SECOND), STATUS_WAIT_0);
        pthread_join(thread, NULL);
        assert_int_equal(alerted.result, STATUS_WAIT_0);
        sync_destroy(event);
        sync_destroy(answer);
    }
}

int main(void)
{
    static struct thread self;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manual_set_reset), cmocka_unit_test(test_auto_counts_waiters),
        cmocka_unit_test(test_left_grant),       cmocka_unit_test(test_wait_all),
        cmocka_unit_test(test_terminating),      cmocka_unit_test(test_stress_any),
        cmocka_unit_test(test_stress_all),       cmocka_unit_test(test_stress_alerts),
        cmocka_unit_test(test_stress_sharing),
    };

    if (getenv("DECANT_STRESS"))
        factor = 30;
    become(&self);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
