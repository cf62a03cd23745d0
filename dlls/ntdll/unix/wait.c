/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Waiting for objects: NtWaitForSingleObject, NtWaitForMultipleObjects, NtSignalAndWait…, delays,
 * and the plain futex calls that ntdll.dll's address waits sleep on.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "sync.h"

/* Linux 5.16's futex_waitv; Debian 12's headers have it, older ones do not. */
#define NUMBER_FUTEX_WAITV 449
#define WAITV_SIZE_U32     2u
#define WAITV_PRIVATE      128u
#define LOOK_NS            1000000 /* between two looks where there is none */

struct waitv {
    uint64_t value;
    uint64_t address;
    uint32_t flags;
    uint32_t reserved;
};

#define NS_PER_SECOND    1000000000ull
#define EPOCH_1601_100NS 116444736000000000ll

uint64_t monotonic_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

uint64_t deadline_from_nt(const LARGE_INTEGER *timeout)
{
    struct timespec wall;
    int64_t left;

    if (!timeout)
        return WAIT_FOREVER;
    if (!timeout->QuadPart)
        return 0;
    if (timeout->QuadPart < 0) {
        uint64_t ns;

        if (timeout->QuadPart == INT64_MIN ||
            __builtin_mul_overflow((uint64_t)-timeout->QuadPart, 100, &ns) || ns > INT64_MAX / 2)
            return WAIT_FOREVER;
        return monotonic_now() + ns;
    }
    clock_gettime(CLOCK_REALTIME, &wall);
    left = timeout->QuadPart - EPOCH_1601_100NS -
           (int64_t)(wall.tv_sec * 10000000ll + wall.tv_nsec / 100);
    if (left <= 0)
        return 0;
    return left > INT64_MAX / 200 ? WAIT_FOREVER : monotonic_now() + (uint64_t)left * 100;
}

/* What to watch of an object: the mark is read after the sequence, see sync.h. */
static struct waitv watch(struct sync *sync)
{
    uint32_t sequence = atomic_load(&sync->sequence);

    return (struct waitv){sequence, (uintptr_t)&sync->sequence,
                          WAITV_SIZE_U32 | (atomic_load(&sync->is_public) ? 0 : WAITV_PRIVATE), 0};
}

/* Without futex_waitv (before Linux 5.16, or denied by a sandbox): sleeps on the first word, and looks at the others
 * every now and then. */
static int doze_on(const struct waitv *waiters, uint32_t count, uint64_t deadline)
{
    static _Atomic bool is_told;
    uint64_t look = count > 1 ? monotonic_now() + LOOK_NS : WAIT_FOREVER;
    uint64_t end = look < deadline ? look : deadline;
    struct timespec until = {(time_t)(end / NS_PER_SECOND), (long)(end % NS_PER_SECOND)};
    int operation = FUTEX_WAIT_BITSET | (waiters[0].flags & WAITV_PRIVATE ? FUTEX_PRIVATE_FLAG : 0);

    if (!atomic_exchange(&is_told, true))
        trace(TRACE_SYNC, "no futex_waitv: waits look every millisecond (decant doctor)");
    if (!syscall(SYS_futex, (uintptr_t)waiters[0].address, operation, (uint32_t)waiters[0].value,
                 end == WAIT_FOREVER ? NULL : &until, NULL, FUTEX_BITSET_MATCH_ANY))
        return 0;
    return errno == ETIMEDOUT && end != deadline ? -EINTR : -errno;
}

/* Sleeps until one of the words changes or is woken, a signal arrives, or the deadline. One word without a
 * deadline is cheaper by the older call, whose deadlines would come 50 us late (the timer slack).
 * 0, -EAGAIN (a word had changed), -EINTR (also: to look again), -ETIMEDOUT. */
static int sleep_on(struct waitv *waiters, uint32_t count, uint64_t deadline)
{
    struct timespec until = {(time_t)(deadline / NS_PER_SECOND), (long)(deadline % NS_PER_SECOND)};

    if (count == 1 && deadline == WAIT_FOREVER)
        return syscall(SYS_futex, (uintptr_t)waiters->address,
                       waiters->flags & WAITV_PRIVATE ? FUTEX_WAIT_PRIVATE : FUTEX_WAIT,
                       (uint32_t)waiters->value, NULL, NULL, 0) < 0
                   ? -errno
                   : 0;
    if (syscall(NUMBER_FUTEX_WAITV, waiters, count, 0, deadline == WAIT_FOREVER ? NULL : &until,
                CLOCK_MONOTONIC) >= 0)
        return 0;
    return errno == ENOSYS || errno == EPERM ? doze_on(waiters, count, deadline) : -errno;
}

/* --- Taking --- */

/* A wait under way. */
struct wait_record {
    struct sync *const *syncs;
    uint32_t count;
    bool all;           /* of more than one */
    bool is_registered; /* counted in the objects: `epochs` are valid, grants may be taken */
    uint32_t epochs[MAXIMUM_WAIT_OBJECTS];
    uint32_t rounds[MAXIMUM_WAIT_OBJECTS]; /* in which it is counted */
};

/* Under the lock: was the waiter let go by a setting, whatever the flag says now? See sync.h. */
static bool was_let_go(const struct wait_record *record, uint32_t index)
{
    const struct sync *sync = record->syncs[index];

    if (!record->is_registered || record->all)
        return false;
    return sync->kind == SYNC_MANUAL ? sync->epoch != record->epochs[index]
                                     : sync->kind == SYNC_AUTO && sync->grants;
}

/* Under the lock: could a wait by `tid` take it? */
static bool is_available(const struct sync *sync, uint32_t tid)
{
    if (sync->kind == SYNC_MUTANT)
        return sync->count == 1 || sync->owner == tid;
    return sync->count > 0;
}

/* Under the lock, when available. True: it had been abandoned. */
static bool take(struct sync *sync, uint32_t tid)
{
    bool was_abandoned = false;

    switch (sync->kind) {
    case SYNC_AUTO:
        sync->count = 0;
        break;
    case SYNC_SEMAPHORE:
        sync->count--;
        break;
    case SYNC_MUTANT:
        /* Whose it is comes first: if we die between the two, it is still free. */
        if (sync->count == 1) {
            sync->owner = tid;
            sync->owner_process = (uint32_t)process.pid;
            current_thread->owned_mutants++;
        }
        sync->count--;
        was_abandoned = sync->abandoned;
        sync->abandoned = 0;
        break;
    default:
        break;
    }
    return was_abandoned;
}

static bool try_one(const struct wait_record *record, uint32_t index, uint32_t tid,
                    bool *was_abandoned)
{
    struct sync *sync = record->syncs[index];
    bool taken = true;

    /* A look without the lock is enough to say no: the caller sleeps on a sequence that it read
     * before. */
    if (sync->kind != SYNC_MUTANT && *(volatile int32_t *)&sync->count <= 0 &&
        !record->is_registered)
        return false;
    sync_lock(sync);
    if (was_let_go(record, index)) {
        if (sync->kind == SYNC_AUTO)
            sync->grants--;
    } else if (is_available(sync, tid)) {
        *was_abandoned = take(sync, tid);
    } else {
        taken = false;
    }
    sync_unlock(sync);
    return taken;
}

static void unlock_all(struct sync *const *syncs, uint32_t count)
{
    while (count--)
        sync_unlock(syncs[count]);
}

/* Every lock. In this process all threads take them in one order (`order`), but another one may see the
 * objects at other addresses: no lock is waited for while another is held. */
static void lock_all(struct sync *const *syncs, const uint8_t *order, uint32_t count,
                     struct sync **locked)
{
    uint32_t held = 0;

    while (held < count) {
        struct sync *next = syncs[order[held]];

        if (!held)
            sync_lock(next);
        if (held && !sync_try_lock(next)) {
            unlock_all(locked, held);
            held = 0;
            sched_yield();
            continue;
        }
        locked[held++] = next;
    }
}

/* All or nothing, atomically. */
static bool try_all(struct sync *const *syncs, const uint8_t *order, uint32_t count, uint32_t tid,
                    bool *was_abandoned)
{
    struct sync *locked[MAXIMUM_WAIT_OBJECTS];
    bool available = true;

    lock_all(syncs, order, count, locked);
    for (uint32_t i = 0; i < count && available; i++)
        available = is_available(syncs[i], tid);
    for (uint32_t i = 0; i < count && available; i++)
        *was_abandoned |= take(syncs[i], tid);
    unlock_all(locked, count);
    return available;
}

/* STATUS_TIMEOUT: nothing to take now. */
static NTSTATUS try_take(const struct wait_record *record, const uint8_t *order, uint32_t tid)
{
    bool was_abandoned = false;

    if (record->all)
        return !try_all(record->syncs, order, record->count, tid, &was_abandoned) ? STATUS_TIMEOUT
               : was_abandoned ? STATUS_ABANDONED_WAIT_0
                               : STATUS_WAIT_0;
    for (uint32_t i = 0; i < record->count; i++)
        if (try_one(record, i, tid, &was_abandoned))
            return (NTSTATUS)((was_abandoned ? STATUS_ABANDONED_WAIT_0 : STATUS_WAIT_0) + i);
    return STATUS_TIMEOUT;
}

static void sort_by_address(struct sync *const *syncs, uint8_t *order, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = i;

        while (at && syncs[order[at - 1]] > syncs[i]) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = (uint8_t)i;
    }
}

/* Under the lock: counts the thread in. */
static void count_in(struct wait_record *record, uint32_t index)
{
    struct sync *sync = record->syncs[index];

    if (record->count > 1)
        atomic_fetch_add(&sync->many, 1);
    atomic_fetch_add(&sync->waiters, 1);
    record->rounds[index] = sync->round;
    if (sync->kind == SYNC_AUTO && !record->all)
        sync->grantable++;
}

/* Under the lock, so that a setting either comes before and is seen by the next look, or finds the waiter and
 * lets it go. */
static void enter(struct wait_record *record)
{
    for (uint32_t i = 0; i < record->count; i++) {
        struct sync *sync = record->syncs[i];

        sync_lock(sync);
        count_in(record, i);
        record->epochs[i] = sync->epoch;
        sync_unlock(sync);
    }
    record->is_registered = true;
}

/* Somebody died, and the others shall count themselves again. */
static void reenter(struct wait_record *record)
{
    for (uint32_t i = 0; i < record->count; i++) {
        struct sync *sync = record->syncs[i];

        if (*(volatile uint32_t *)&sync->round == record->rounds[i])
            continue;
        sync_lock(sync);
        count_in(record, i);
        sync_unlock(sync);
    }
}

/* Counts it out. A grant that nobody is left for becomes the flag. */
static void leave(const struct wait_record *record)
{
    for (uint32_t i = 0; i < record->count; i++) {
        struct sync *sync = record->syncs[i];

        sync_lock(sync);
        if (sync->round == record->rounds[i]) {
            if (sync->kind == SYNC_AUTO && !record->all && sync->grants > --sync->grantable) {
                sync->grants = sync->grantable;
                sync->count = 1;
            }
            atomic_fetch_sub(&sync->waiters, 1);
            if (record->count > 1)
                atomic_fetch_sub(&sync->many, 1);
        }
        sync_unlock(sync);
    }
}

NTSTATUS sync_wait(struct sync *const *syncs, uint32_t count, bool all, bool alertable,
                   uint64_t deadline)
{
    struct thread *self = current_thread;
    uint32_t tid = (uint32_t)self->tid;
    struct waitv waiters[MAXIMUM_WAIT_OBJECTS + 1];
    uint8_t order[MAXIMUM_WAIT_OBJECTS];
    struct wait_record record;
    NTSTATUS status;
    int error = 0;

    record.syncs = syncs;
    record.count = count;
    record.all = all && count > 1;
    record.is_registered = false;
    if (record.all)
        sort_by_address(syncs, order, count);
    if (alertable && apc_is_pending(self))
        return STATUS_USER_APC;
    status = try_take(&record, order, tid);
    if (status != STATUS_TIMEOUT || !deadline)
        return status;

    enter(&record);
    if (count == 1)
        atomic_store(&self->sleeps_on, syncs[0]);
    for (;;) {
        for (uint32_t i = 0; i < count; i++)
            waiters[i] = watch(syncs[i]);
        waiters[count] = (struct waitv){atomic_load(&self->alert_word),
                                        (uintptr_t)&self->alert_word,
                                        WAITV_SIZE_U32 | WAITV_PRIVATE, 0};
        if (self->terminating) {
            status = STATUS_THREAD_IS_TERMINATING; /* never seen by the program */
            break;
        }
        reenter(&record);
        status = try_take(&record, order, tid);
        if (status != STATUS_TIMEOUT)
            break;
        if (alertable && apc_is_pending(self)) {
            status = STATUS_USER_APC;
            break;
        }
        if (error == -ETIMEDOUT || (deadline != WAIT_FOREVER && monotonic_now() >= deadline))
            break;
        error = sleep_on(waiters, count == 1 ? 1 : count + 1, deadline);
    }
    atomic_store_explicit(&self->sleeps_on, NULL, memory_order_relaxed);
    leave(&record);
    /* It may have been woken as the only one; another must look in its place. */
    for (uint32_t i = 0; status == STATUS_THREAD_IS_TERMINATING && i < count; i++)
        sync_wake(syncs[i]);
    return status;
}

/* --- System calls --- */

static NTSTATUS read_timeout(const LARGE_INTEGER *timeout, uint64_t *deadline)
{
    LARGE_INTEGER value;

    if (timeout && guest_copy_in(&value, timeout, sizeof(value)))
        return STATUS_ACCESS_VIOLATION;
    *deadline = deadline_from_nt(timeout ? &value : NULL);
    return STATUS_SUCCESS;
}

static NTSTATUS get_waitable(HANDLE handle, struct object **object, struct sync **sync)
{
    NTSTATUS status = handle_get(handle, NULL, SYNCHRONIZE, object);

    if (status)
        return status;
    *sync = (*object)->ops->get_sync ? (*object)->ops->get_sync(*object) : NULL;
    if (*sync)
        return STATUS_SUCCESS;
    object_release(*object);
    return STATUS_OBJECT_TYPE_MISMATCH;
}

NTSTATUS WINAPI NtWaitForSingleObject(HANDLE handle, BOOLEAN alertable, const LARGE_INTEGER *timeout)
{
    struct object *object;
    struct sync *sync;
    uint64_t deadline;
    NTSTATUS status = get_waitable(handle, &object, &sync);

    if (status)
        return status;
    status = read_timeout(timeout, &deadline);
    if (!status)
        status = sync_wait(&sync, 1, false, alertable, deadline);
    object_release(object);
    return status;
}

NTSTATUS WINAPI NtWaitForMultipleObjects(ULONG count, const HANDLE *handles, BOOLEAN any,
                                         BOOLEAN alertable, const LARGE_INTEGER *timeout)
{
    HANDLE copies[MAXIMUM_WAIT_OBJECTS];
    struct object *objects[MAXIMUM_WAIT_OBJECTS];
    struct sync *syncs[MAXIMUM_WAIT_OBJECTS];
    uint64_t deadline;
    ULONG held = 0;
    NTSTATUS status;

    if (!count || count > MAXIMUM_WAIT_OBJECTS)
        return STATUS_INVALID_PARAMETER_1;
    if (guest_copy_in(copies, handles, count * sizeof(*copies)))
        return STATUS_ACCESS_VIOLATION;
    status = read_timeout(timeout, &deadline);
    for (; held < count && !status; held++) {
        status = get_waitable(copies[held], &objects[held], &syncs[held]);
        if (status)
            break;
        /* The same object twice is refused for wait-all, as Windows does. */
        for (ULONG i = 0; !any && i < held; i++)
            if (syncs[i] == syncs[held])
                status = STATUS_INVALID_PARAMETER_MIX;
    }
    if (!status)
        status = sync_wait(syncs, count, !any, alertable, deadline);
    while (held--)
        object_release(objects[held]);
    return status;
}

NTSTATUS WINAPI NtSignalAndWaitForSingleObject(HANDLE signal, HANDLE wait, BOOLEAN alertable,
                                               const LARGE_INTEGER *timeout)
{
    struct object *to_signal, *object;
    struct sync *sync;
    uint64_t deadline;
    LONG previous;
    NTSTATUS status = get_waitable(wait, &object, &sync);

    if (status)
        return status;
    status = read_timeout(timeout, &deadline);
    if (!status)
        status = handle_get(signal, NULL, 0, &to_signal);
    if (!status) {
        struct sync *other =
            to_signal->ops->get_sync ? to_signal->ops->get_sync(to_signal) : NULL;

        if (to_signal->ops == &event_ops)
            sync_set(other);
        else if (to_signal->ops == &semaphore_ops)
            status = sync_release_semaphore(other, 1, &previous);
        else if (to_signal->ops == &mutant_ops)
            status = sync_release_mutant(other, (uint32_t)current_thread->tid, &previous);
        else
            status = STATUS_OBJECT_TYPE_MISMATCH;
        object_release(to_signal);
    }
    if (!status)
        status = sync_wait(&sync, 1, false, alertable, deadline);
    object_release(object);
    return status;
}

NTSTATUS WINAPI NtDelayExecution(BOOLEAN alertable, const LARGE_INTEGER *timeout)
{
    uint64_t deadline;
    NTSTATUS status = read_timeout(timeout, &deadline);

    if (status)
        return status;
    if (!deadline && !(alertable && apc_is_pending(current_thread))) {
        sched_yield();
        return STATUS_SUCCESS;
    }
    status = sync_wait(NULL, 0, false, alertable, deadline);
    return status == STATUS_TIMEOUT ? STATUS_SUCCESS : status;
}

NTSTATUS WINAPI NtYieldExecution(void)
{
    sched_yield();
    return STATUS_SUCCESS;
}

/* --- Futexes for address waits --- */

NTSTATUS WINAPI DecantFutexWait(_Atomic uint32_t *word, uint32_t expected,
                                const LARGE_INTEGER *timeout, ULONG flags)
{
    struct thread *self = current_thread;
    bool alertable = flags & DECANT_FUTEX_ALERTABLE;
    uint64_t deadline;
    NTSTATUS status = read_timeout(timeout, &deadline);

    if (status)
        return status;
    for (;;) {
        struct waitv waiters[2] = {
            {expected, (uintptr_t)word, WAITV_SIZE_U32 | WAITV_PRIVATE, 0},
            {atomic_load(&self->alert_word), (uintptr_t)&self->alert_word,
             WAITV_SIZE_U32 | WAITV_PRIVATE, 0},
        };
        int error;

        if (self->terminating)
            return STATUS_THREAD_IS_TERMINATING;
        if (alertable && apc_is_pending(self))
            return STATUS_USER_APC;
        if (deadline != WAIT_FOREVER && (!deadline || monotonic_now() >= deadline)) {
            /* Past deadlines sleep and wake in the kernel before they are noticed: 20 us. */
            return STATUS_TIMEOUT;
        }
        error = sleep_on(waiters, 2, deadline);
        if (error == -ETIMEDOUT)
            return STATUS_TIMEOUT;
        if (error == -EFAULT)
            return STATUS_ACCESS_VIOLATION;
        if (error != -EINTR)
            return STATUS_SUCCESS; /* woken, changed, or alerted: the caller looks at its word */
    }
}

NTSTATUS WINAPI DecantFutexWake(_Atomic uint32_t *word, ULONG count)
{
    long woken = syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count > INT_MAX ? INT_MAX : (int)count,
                         NULL, NULL, 0);

    return woken < 0 ? errno_to_status(errno) : STATUS_SUCCESS;
}

/* --- Alerts by thread id: one sticky alert a thread --- */

NTSTATUS WINAPI NtWaitForAlertByThreadId(const void *address, const LARGE_INTEGER *timeout)
{
    struct thread *self = current_thread;
    uint64_t deadline;
    NTSTATUS status = read_timeout(timeout, &deadline);

    (void)address; /* a hint for debuggers */
    if (status)
        return status;
    for (;;) {
        struct waitv waiter = {atomic_load(&self->alert_word), (uintptr_t)&self->alert_word,
                               WAITV_SIZE_U32 | WAITV_PRIVATE, 0};

        if (self->terminating)
            return STATUS_THREAD_IS_TERMINATING;
        if (atomic_exchange(&self->alerted_by_id, 0))
            return STATUS_ALERTED;
        if (deadline != WAIT_FOREVER && (!deadline || monotonic_now() >= deadline))
            return STATUS_TIMEOUT;
        sleep_on(&waiter, 1, deadline);
    }
}

NTSTATUS WINAPI NtAlertThreadByThreadId(HANDLE id)
{
    struct thread *thread;
    NTSTATUS status = STATUS_INVALID_CID;

    process_lock_threads();
    for (thread = process.threads; thread; thread = thread->next) {
        if (thread->tid != (pid_t)HandleToULong(id))
            continue;
        atomic_store(&thread->alerted_by_id, 1);
        atomic_fetch_add(&thread->alert_word, 1);
        syscall(SYS_futex, &thread->alert_word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
        status = STATUS_SUCCESS;
        break;
    }
    process_unlock_threads();
    return status;
}
