/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Waitable timers. One thread, started with the first timer that is set, sleeps until the nearest due time;
 * the set ones stand in a list sorted by it (there are few). Due times are monotonic; absolute ones are
 * converted when they are set.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "info.h"
#include "process_object.h"
#include "sync.h"

struct timer {
    struct object header;
    struct sync *sync;
    /* Under timer_lock: */
    struct timer *next;
    bool is_set;
    uint64_t due;               /* CLOCK_MONOTONIC, ns */
    uint64_t period;            /* ns, 0: once */
    void *routine, *argument;   /* an APC for `thread` */
    struct object *thread;      /* with a reference; NULL: none */
};

static pthread_mutex_t timer_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t timer_changed;
static struct timer *set_timers;
static bool is_running;

static struct sync *get_sync(struct object *object)
{
    return ((struct timer *)object)->sync;
}

static void lock(sigset_t *old)
{
    sigset_t all;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, old);
    pthread_mutex_lock(&timer_lock);
}

static void unlock(const sigset_t *old)
{
    pthread_mutex_unlock(&timer_lock);
    pthread_sigmask(SIG_SETMASK, old, NULL);
}

/* Under the lock. */
static void unset(struct timer *timer)
{
    struct timer **link;

    if (!timer->is_set)
        return;
    for (link = &set_timers; *link != timer; link = &(*link)->next)
        ;
    *link = timer->next;
    timer->is_set = false;
}

static void insert(struct timer *timer)
{
    struct timer **link = &set_timers;

    while (*link && (*link)->due <= timer->due)
        link = &(*link)->next;
    timer->next = *link;
    *link = timer;
    timer->is_set = true;
}

static void destroy(struct object *object)
{
    struct timer *timer = (struct timer *)object;
    sigset_t signals;

    lock(&signals);
    unset(timer);
    unlock(&signals);
    if (timer->thread)
        object_release(timer->thread);
    sync_destroy(timer->sync);
    free(timer);
}

const struct object_ops timer_ops = {
    .type_name = L"Timer",
    .valid_access = TIMER_ALL_ACCESS,
    .mapping = {STANDARD_RIGHTS_READ | TIMER_QUERY_STATE, STANDARD_RIGHTS_WRITE | TIMER_MODIFY_STATE,
                STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE, TIMER_ALL_ACCESS},
    .get_sync = get_sync,
    .destroy = destroy,
};

/* Under the lock. */
static void fire(struct timer *timer)
{
    unset(timer);
    if (timer->period) {
        timer->due += timer->period;
        insert(timer);
    }
    sync_set(timer->sync);
    if (timer->thread) {
        uint64_t now = 0;
        LARGE_INTEGER time;

        NtQuerySystemTime(&time);
        now = (uint64_t)time.QuadPart;
        process_lock_threads();
        if (((struct thread_object *)timer->thread)->thread)
            apc_queue(((struct thread_object *)timer->thread)->thread, timer->routine,
                      (ULONG_PTR)timer->argument, (ULONG)now, (ULONG)(now >> 32));
        process_unlock_threads();
    }
}

static void *run(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&timer_lock);
    for (;;) {
        if (!set_timers) {
            pthread_cond_wait(&timer_changed, &timer_lock);
        } else if (set_timers->due <= monotonic_now()) {
            fire(set_timers);
        } else {
            struct timespec until = {(time_t)(set_timers->due / 1000000000),
                                     (long)(set_timers->due % 1000000000)};

            pthread_cond_timedwait(&timer_changed, &timer_lock, &until);
        }
    }
    return NULL;
}

/* Under the lock. */
static bool start(void)
{
    pthread_condattr_t condition;
    pthread_attr_t attributes;
    pthread_t thread;

    if (is_running)
        return true;
    pthread_condattr_init(&condition);
    pthread_condattr_setclock(&condition, CLOCK_MONOTONIC);
    pthread_cond_init(&timer_changed, &condition);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 64 * 1024);
    is_running = !pthread_create(&thread, &attributes, run, NULL);
    pthread_attr_destroy(&attributes);
    pthread_condattr_destroy(&condition);
    return is_running;
}

static NTSTATUS make(void *context, struct object **out)
{
    struct timer *timer = calloc(1, sizeof(*timer));

    if (timer)
        timer->sync = sync_create(*(enum sync_kind *)context, 0, 1);
    if (!timer || !timer->sync) {
        free(timer);
        return STATUS_NO_MEMORY;
    }
    object_init(&timer->header, &timer_ops);
    *out = &timer->header;
    return STATUS_SUCCESS;
}

static NTSTATUS give_handle(HANDLE *handle, ACCESS_MASK access, const OBJECT_ATTRIBUTES *attributes,
                            enum sync_kind *kind)
{
    struct object *object;
    HANDLE result;
    ULONG flags;
    NTSTATUS status = attributes_flags(attributes, &flags), created;

    if (!status)
        status = object_by_name(attributes, &timer_ops, kind ? make : NULL, kind, &object);
    if (!NT_SUCCESS(status))
        return status;
    created = status;
    status = handle_create(object, access, flags, &result);
    object_release(object);
    if (!status && (status = guest_copy_out(handle, &result, sizeof(result))))
        NtClose(result);
    return status ? status : created;
}

NTSTATUS WINAPI NtCreateTimer(HANDLE *handle, ACCESS_MASK access,
                              const OBJECT_ATTRIBUTES *attributes, TIMER_TYPE type)
{
    enum sync_kind kind = type == NotificationTimer ? SYNC_MANUAL : SYNC_AUTO;

    if (type != NotificationTimer && type != SynchronizationTimer)
        return STATUS_INVALID_PARAMETER_4;
    return give_handle(handle, access, attributes, &kind);
}

NTSTATUS WINAPI NtOpenTimer(HANDLE *handle, ACCESS_MASK access, const OBJECT_ATTRIBUTES *attributes)
{
    return give_handle(handle, access, attributes, NULL);
}

NTSTATUS WINAPI NtSetTimer(HANDLE handle, const LARGE_INTEGER *when, PTIMER_APC_ROUTINE routine,
                           PVOID argument, BOOLEAN resume, ULONG period, BOOLEAN *previous)
{
    struct timer *timer;
    struct object *old_thread;
    LARGE_INTEGER due;
    BOOLEAN was_set;
    sigset_t signals;
    NTSTATUS status;

    (void)resume;
    if (period > INT32_MAX)
        return STATUS_INVALID_PARAMETER_6;
    if (guest_copy_in(&due, when, sizeof(due)))
        return STATUS_ACCESS_VIOLATION;
    status = handle_get(handle, &timer_ops, TIMER_MODIFY_STATE, (struct object **)&timer);
    if (status)
        return status;
    sync_reset(timer->sync);
    lock(&signals);
    was_set = timer->is_set;
    unset(timer);
    old_thread = timer->thread;
    timer->thread = NULL;
    if (routine) {
        timer->thread = current_thread->object;
        object_retain(timer->thread);
        timer->routine = (void *)routine;
        timer->argument = argument;
    }
    timer->period = (uint64_t)period * 1000000;
    timer->due = deadline_from_nt(&due);
    if (!timer->due)
        timer->due = monotonic_now();
    if (start()) {
        insert(timer);
        pthread_cond_signal(&timer_changed);
    } else {
        status = STATUS_NO_MEMORY;
    }
    unlock(&signals);
    if (old_thread)
        object_release(old_thread);
    object_release(&timer->header);
    return !status && previous ? guest_copy_out(previous, &was_set, sizeof(was_set)) : status;
}

NTSTATUS WINAPI NtCancelTimer(HANDLE handle, BOOLEAN *previous)
{
    struct timer *timer;
    BOOLEAN was_set;
    sigset_t signals;
    NTSTATUS status = handle_get(handle, &timer_ops, TIMER_MODIFY_STATE, (struct object **)&timer);

    if (status)
        return status;
    lock(&signals);
    was_set = timer->is_set;
    unset(timer);
    unlock(&signals);
    object_release(&timer->header);
    return previous ? guest_copy_out(previous, &was_set, sizeof(was_set)) : STATUS_SUCCESS;
}

NTSTATUS WINAPI NtQueryTimer(HANDLE handle, TIMER_INFORMATION_CLASS class, void *buffer,
                             ULONG length, ULONG *needed)
{
    TIMER_BASIC_INFORMATION info;
    struct timer *timer;
    sigset_t signals;
    NTSTATUS status;

    if (class != TimerBasicInformation)
        return STATUS_INVALID_INFO_CLASS;
    status = handle_get(handle, &timer_ops, TIMER_QUERY_STATE, (struct object **)&timer);
    if (status)
        return status;
    lock(&signals);
    info.RemainingTime.QuadPart =
        timer->is_set ? (LONGLONG)(timer->due - monotonic_now()) / 100 : 0;
    unlock(&signals);
    info.TimerState = timer->sync->count > 0;
    object_release(&timer->header);
    return answer(buffer, length, needed, &info, sizeof(info));
}
