/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Thread pool timers: one thread sleeps until the next is due and queues its callback.
 */
#include "threadpool.h"

#define MS 10000ll /* in 100 ns */

struct timer {
    struct tp_object object;
    LIST_ENTRY link;            /* in `armed`, by due time, while is_armed */
    LONGLONG due, period;       /* 100 ns */
    bool is_armed, is_set;      /* is_set: TpIsTimerSet's answer, stays after a single shot */
};

static RTL_SRWLOCK lock;
static RTL_CONDITION_VARIABLE changed;
static LIST_ENTRY armed = {&armed, &armed};
static bool has_thread;

static void insert(struct timer *timer)
{
    LIST_ENTRY *after = armed.Blink;

    while (after != &armed && CONTAINING_RECORD(after, struct timer, link)->due > timer->due)
        after = after->Blink;
    InsertHeadList(after, &timer->link);
    timer->is_armed = true;
}

static void take_out(struct timer *timer)
{
    if (timer->is_armed)
        RemoveEntryList(&timer->link);
    timer->is_armed = false;
}

/* Under the lock. */
static void fire_due_timers(LONGLONG now)
{
    while (armed.Flink != &armed) {
        struct timer *timer = CONTAINING_RECORD(armed.Flink, struct timer, link);

        if (timer->due > now)
            return;
        take_out(timer);
        if (timer->period) {
            timer->due += timer->period;
            if (timer->due <= now) /* slept through periods: they are not made up for */
                timer->due = now + timer->period;
            insert(timer);
        }
        tp_object_post(&timer->object, NULL, NULL);
    }
}

static DWORD WINAPI timer_thread(void *argument)
{
    (void)argument;
    RtlAcquireSRWLockExclusive(&lock);
    for (;;) {
        LONGLONG now = tp_now(), next = INT64_MAX;
        LARGE_INTEGER timeout;

        fire_due_timers(now);
        if (!IsListEmpty(&armed))
            next = CONTAINING_RECORD(armed.Flink, struct timer, link)->due;
        timeout.QuadPart = now - next;
        if (timeout.QuadPart)
            RtlSleepConditionVariableSRW(&changed, &lock, next == INT64_MAX ? NULL : &timeout, 0);
    }
    return 0;
}

/* Under the lock. Without the thread nothing fires, so a failure is told on stderr and tried again. */
static void ensure_thread(void)
{
    if (!has_thread)
        has_thread = !tp_start_thread(timer_thread, NULL, NULL);
    if (!has_thread)
        report_error("no thread for the thread pool's timers");
}

static void disarm(struct tp_object *object)
{
    struct timer *timer = CONTAINING_RECORD(object, struct timer, object);

    RtlAcquireSRWLockExclusive(&lock);
    take_out(timer);
    timer->is_set = false;
    RtlReleaseSRWLockExclusive(&lock);
}

static void call_timer(struct tp_object *object, struct tp_instance *instance)
{
    ((PTP_TIMER_CALLBACK)object->callback)((TP_CALLBACK_INSTANCE *)instance, object->context,
                                           (TP_TIMER *)object);
}

NTSTATUS WINAPI TpAllocTimer(TP_TIMER **timer, PTP_TIMER_CALLBACK callback, PVOID context,
                             TP_CALLBACK_ENVIRON *environ)
{
    NTSTATUS status = tp_object_create((struct tp_object **)timer, sizeof(struct timer),
                                       TP_KIND_TIMER, (void *)callback, context, environ, call_timer);

    if (!status)
        ((struct tp_object *)*timer)->disarm = disarm;
    return status;
}

/* `window` allows Windows to join timers; ours are exact. */
void WINAPI TpSetTimer(TP_TIMER *handle, LARGE_INTEGER *due, LONG period, LONG window)
{
    struct timer *timer = (struct timer *)handle;

    (void)window;
    RtlAcquireSRWLockExclusive(&lock);
    take_out(timer);
    timer->is_set = due != NULL;
    if (due) {
        timer->due = tp_deadline(due);
        timer->period = period * MS;
        insert(timer);
        ensure_thread();
        if (armed.Flink == &timer->link)
            RtlWakeConditionVariable(&changed);
    }
    RtlReleaseSRWLockExclusive(&lock);
}

BOOL WINAPI TpIsTimerSet(TP_TIMER *handle)
{
    return ((struct timer *)handle)->is_set;
}

void WINAPI TpReleaseTimer(TP_TIMER *timer)
{
    tp_object_release((struct tp_object *)timer);
}

void WINAPI TpWaitForTimer(TP_TIMER *timer, BOOL cancel)
{
    if (cancel)
        tp_object_cancel((struct tp_object *)timer);
    tp_object_wait((struct tp_object *)timer);
}
