/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Waitable timers. One thread, started with the first timer that is set, sleeps until the nearest due time;
 * the set ones stand in a list sorted by it (there are few). Due times are monotonic; absolute ones are
 * converted when they are set.
 *
 * A timer that several processes have is run by the one that set it last: whether it is set, until when, and how
 * often it was set (so that an older setting knows that it does not count any more) lies beside the shared
 * state, in fields of struct sync that a timer has no other use for. When that process ends the timer
 * stands still.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#include "clock.h"
#include "info.h"
#include "object_share.h"
#include "process_object.h"
#include "sync.h"

struct timer {
    struct object header;
    struct sync *sync;
    /* Under timer_lock: */
    struct timer *next;
    bool is_set;
    uint32_t setting;           /* the shared number of this process's last setting */
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

/* The shared state; under the sync's lock. */
static uint32_t *setting_of(struct sync *sync)
{
    return &sync->owner;
}

static uint32_t *is_set_of(struct sync *sync)
{
    return &sync->abandoned;
}

static void store_due(struct sync *sync, uint64_t due)
{
    sync->limit = (int32_t)(due >> 32);
    sync->owner_process = (uint32_t)due;
}

static uint64_t load_due(const struct sync *sync)
{
    return (uint64_t)(uint32_t)sync->limit << 32 | sync->owner_process;
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

static NTSTATUS describe(struct object *object, struct object_description *description, int *fd,
                         const char **path)
{
    (void)path;
    return sync_locate(get_sync(object), fd, &description->slot) ? STATUS_SUCCESS
                                                                 : STATUS_NOT_SUPPORTED;
}

static const struct object_ops timer_ops = {
    .type_name = L"Timer",
    .kind = OBJECT_TIMER,
    .valid_access = TIMER_ALL_ACCESS,
    .mapping = {STANDARD_RIGHTS_READ | TIMER_QUERY_STATE, STANDARD_RIGHTS_WRITE | TIMER_MODIFY_STATE,
                STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE, TIMER_ALL_ACCESS},
    .get_sync = get_sync,
    .describe = describe,
    .destroy = destroy,
};

/* Under the lock. */
static void fire(struct timer *timer)
{
    bool counts;

    unset(timer);
    sync_lock(timer->sync);
    counts = *setting_of(timer->sync) == timer->setting;
    if (counts && timer->period)
        store_due(timer->sync, timer->due + timer->period);
    else if (counts)
        *is_set_of(timer->sync) = 0;
    sync_unlock(timer->sync);
    if (!counts) /* another process set or cancelled it meanwhile */
        return;
    if (timer->period) {
        timer->due += timer->period;
        insert(timer);
    }
    sync_set(timer->sync);
    if (timer->thread) {
        uint64_t now = (uint64_t)clock_system_time(); /* no system call: this is no thread of the program's */

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
    prctl(PR_SET_NAME, "decant:timer"); /* no thread of the program's: system_process.c */
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

NTSTATUS timer_import(const struct object_description *description, int fd, const char *path,
                      struct object **out)
{
    struct sync *sync = sync_import(fd, description->slot);
    struct timer *timer = sync ? calloc(1, sizeof(*timer)) : NULL;

    (void)path;
    if (!timer)
        return sync ? STATUS_NO_MEMORY : STATUS_INVALID_PARAMETER;
    timer->sync = sync;
    object_init(&timer->header, &timer_ops);
    *out = &timer->header;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI NtCreateTimer(HANDLE *handle, ACCESS_MASK access,
                              const OBJECT_ATTRIBUTES *attributes, TIMER_TYPE type)
{
    enum sync_kind kind = type == NotificationTimer ? SYNC_MANUAL : SYNC_AUTO;

    if (type != NotificationTimer && type != SynchronizationTimer)
        return STATUS_INVALID_PARAMETER_4;
    return object_open_handle(handle, access, attributes, &timer_ops, make, &kind);
}

NTSTATUS WINAPI NtOpenTimer(HANDLE *handle, ACCESS_MASK access, const OBJECT_ATTRIBUTES *attributes)
{
    return object_open_handle(handle, access, attributes, &timer_ops, NULL, NULL);
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
    lock(&signals);
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
    sync_lock(timer->sync);
    timer->sync->count = 0;
    was_set = (BOOLEAN)*is_set_of(timer->sync);
    timer->setting = ++*setting_of(timer->sync);
    *is_set_of(timer->sync) = is_running || start();
    store_due(timer->sync, timer->due);
    sync_unlock(timer->sync);
    if (is_running) {
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
    unset(timer);
    sync_lock(timer->sync);
    was_set = (BOOLEAN)*is_set_of(timer->sync);
    ++*setting_of(timer->sync);
    *is_set_of(timer->sync) = 0;
    sync_unlock(timer->sync);
    unlock(&signals);
    object_release(&timer->header);
    return previous ? guest_copy_out(previous, &was_set, sizeof(was_set)) : STATUS_SUCCESS;
}

NTSTATUS WINAPI NtQueryTimer(HANDLE handle, TIMER_INFORMATION_CLASS class, void *buffer,
                             ULONG length, ULONG *needed)
{
    TIMER_BASIC_INFORMATION info;
    struct timer *timer;
    NTSTATUS status;

    if (class != TimerBasicInformation)
        return STATUS_INVALID_INFO_CLASS;
    status = handle_get(handle, &timer_ops, TIMER_QUERY_STATE, (struct object **)&timer);
    if (status)
        return status;
    sync_lock(timer->sync);
    info.RemainingTime.QuadPart =
        *is_set_of(timer->sync) ? (LONGLONG)(load_due(timer->sync) - monotonic_now()) / 100 : 0;
    sync_unlock(timer->sync);
    info.TimerState = timer->sync->count > 0;
    object_release(&timer->header);
    return answer(buffer, length, needed, &info, sizeof(info));
}
