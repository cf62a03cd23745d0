/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The thread pool of Windows 2000 on today's: RtlQueueWorkItem, registered waits, timer queues.
 *
 * A registered wait or a timer of a queue lives until its TP object is freed, that is, until no
 * callback of it is queued or runs; then the program's completion event is set.
 */
#include "threadpool.h"

/* --- Work items --- */


static void call_item(struct tp_object *object, struct tp_instance *instance)
{
    (void)instance;
    ((PRTL_WORK_ITEM_ROUTINE)object->callback)(object->context);
}

/* An environment that says what the WT_ flags say. */
static void environment(TP_CALLBACK_ENVIRON *environ, ULONG flags)
{
    memset(environ, 0, sizeof(*environ));
    environ->Version = 1;
    environ->u.s.LongFunction = !!(flags & WT_EXECUTELONGFUNCTION);
    environ->u.s.Persistent = !!(flags & (WT_EXECUTEINPERSISTENTTHREAD |
                                          WT_EXECUTEINPERSISTENTIOTHREAD));
}

NTSTATUS WINAPI RtlQueueWorkItem(PRTL_WORK_ITEM_ROUTINE routine, PVOID context, ULONG flags)
{
    TP_CALLBACK_ENVIRON environ;
    struct tp_object *object;
    NTSTATUS status;

    environment(&environ, flags);
    status = tp_object_create(&object, sizeof(*object), TP_KIND_SIMPLE, (void *)routine, context,
                              &environ, call_item);
    if (status)
        return status;
    tp_object_post(object, NULL, NULL);
    tp_object_dereference(object);
    return STATUS_SUCCESS;
}

/* The program is told when all is over: by the event, or by the call's return. `object` is released. The answer
 * is STATUS_PENDING when callbacks are still to end. */
static NTSTATUS release(struct tp_object *object, bool waits)
{
    bool is_busy;

    if (object->disarm)
        object->disarm(object);
    tp_object_cancel(object);
    if (waits)
        tp_object_wait(object);
    is_busy = tp_object_is_busy(object);
    tp_object_release(object);
    return is_busy ? STATUS_PENDING : STATUS_SUCCESS;
}

static void set_event(HANDLE event)
{
    if (event && event != INVALID_HANDLE_VALUE)
        NtSetEvent(event, NULL);
}

/* --- Registered waits --- */

struct registered_wait {
    TP_WAIT *wait;
    RTL_SRWLOCK lock;
    bool is_deregistered;
    ULONG flags, ms;
    HANDLE object, completion;
    RTL_WAITORTIMERCALLBACKFUNC callback;
    void *context;
};

static void arm(struct registered_wait *registered)
{
    LARGE_INTEGER timeout = {.QuadPart = registered->ms * -10000ll};

    RtlAcquireSRWLockExclusive(&registered->lock);
    if (!registered->is_deregistered)
        TpSetWait(registered->wait, registered->object, registered->ms == INFINITE ? NULL : &timeout);
    RtlReleaseSRWLockExclusive(&registered->lock);
}

static void CALLBACK wait_callback(TP_CALLBACK_INSTANCE *instance, void *context, TP_WAIT *wait,
                                   TP_WAIT_RESULT result)
{
    struct registered_wait *registered = context;

    (void)instance, (void)wait;
    registered->callback(registered->context, result == WAIT_TIMEOUT);
    if (!(registered->flags & WT_EXECUTEONLYONCE))
        arm(registered);
}

static void free_wait(struct tp_object *object)
{
    struct registered_wait *registered = object->context;

    set_event(registered->completion);
    RtlFreeHeap(process_heap(), 0, registered);
}

NTSTATUS WINAPI RtlRegisterWait(PHANDLE out, HANDLE object, RTL_WAITORTIMERCALLBACKFUNC callback,
                                PVOID context, ULONG ms, ULONG flags)
{
    struct registered_wait *registered =
        RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, sizeof(*registered));
    TP_CALLBACK_ENVIRON environ;
    NTSTATUS status;

    if (!registered)
        return STATUS_NO_MEMORY;
    registered->flags = flags;
    registered->ms = ms;
    registered->object = object;
    registered->callback = callback;
    registered->context = context;
    environment(&environ, flags);
    status = TpAllocWait(&registered->wait, wait_callback, registered, &environ);
    if (status) {
        RtlFreeHeap(process_heap(), 0, registered);
        return status;
    }
    ((struct tp_object *)registered->wait)->on_destroy = free_wait;
    *out = registered;
    arm(registered);
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlDeregisterWaitEx(HANDLE handle, HANDLE completion)
{
    struct registered_wait *registered = handle;

    if (!registered)
        return STATUS_INVALID_HANDLE;
    RtlAcquireSRWLockExclusive(&registered->lock);
    registered->is_deregistered = true;
    registered->completion = completion;
    RtlReleaseSRWLockExclusive(&registered->lock);
    return release((struct tp_object *)registered->wait, completion == INVALID_HANDLE_VALUE);
}

NTSTATUS WINAPI RtlDeregisterWait(HANDLE handle)
{
    return RtlDeregisterWaitEx(handle, NULL);
}

/* --- Timer queues --- */

struct timer_queue {
    LONG refs;              /* the handle and the timers */
    RTL_SRWLOCK lock;
    LIST_ENTRY timers;
    HANDLE completion;
    LONG *is_freed;         /* where a deleter waits for the end */
};

struct queue_timer {
    TP_TIMER *timer;
    struct timer_queue *queue;
    LIST_ENTRY link;        /* until it is deleted */
    bool is_deleted;
    ULONG flags;
    HANDLE completion;
    RTL_WAITORTIMERCALLBACKFUNC callback;
    void *context;
};

static struct timer_queue *default_queue;
static RTL_RUN_ONCE default_queue_once;

static void dereference_queue(struct timer_queue *queue)
{
    LONG *is_freed;

    if (InterlockedDecrement(&queue->refs))
        return;
    is_freed = queue->is_freed;
    set_event(queue->completion);
    RtlFreeHeap(process_heap(), 0, queue);
    if (!is_freed)
        return;
    /* The deleter's stack: the store is the last access, the wake uses the address only. */
    __atomic_store_n(is_freed, 1, __ATOMIC_SEQ_CST);
    RtlWakeAddressAll(is_freed);
}

static void CALLBACK timer_callback(TP_CALLBACK_INSTANCE *instance, void *context, TP_TIMER *tp_timer)
{
    struct queue_timer *timer = context;

    (void)instance, (void)tp_timer;
    timer->callback(timer->context, TRUE);
}

static void free_timer(struct tp_object *object)
{
    struct queue_timer *timer = object->context;

    set_event(timer->completion);
    dereference_queue(timer->queue);
    RtlFreeHeap(process_heap(), 0, timer);
}

NTSTATUS WINAPI RtlCreateTimerQueue(PHANDLE out)
{
    struct timer_queue *queue = RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, sizeof(*queue));

    if (!queue)
        return STATUS_NO_MEMORY;
    queue->refs = 1;
    InitializeListHead(&queue->timers);
    *out = queue;
    return STATUS_SUCCESS;
}

static ULONG WINAPI make_default_queue(RTL_RUN_ONCE *once, void *parameter, void **context)
{
    HANDLE queue;

    (void)once, (void)parameter, (void)context;
    if (RtlCreateTimerQueue(&queue))
        return FALSE;
    default_queue = queue;
    return TRUE;
}

static void set_timer(struct queue_timer *timer, DWORD due, DWORD period)
{
    LARGE_INTEGER time = {.QuadPart = due * -10000ll};

    if (timer->flags & WT_EXECUTEONLYONCE)
        period = 0;
    TpSetTimer(timer->timer, due == INFINITE ? NULL : &time, (LONG)period, 0);
}

NTSTATUS WINAPI RtlCreateTimer(HANDLE queue_handle, HANDLE *out, RTL_WAITORTIMERCALLBACKFUNC callback,
                               PVOID context, DWORD due, DWORD period, ULONG flags)
{
    struct timer_queue *queue = queue_handle;
    struct queue_timer *timer;
    TP_CALLBACK_ENVIRON environ;
    NTSTATUS status;

    if (!queue) {
        if (RtlRunOnceExecuteOnce(&default_queue_once, make_default_queue, NULL, NULL))
            return STATUS_NO_MEMORY;
        queue = default_queue;
    }
    timer = RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, sizeof(*timer));
    if (!timer)
        return STATUS_NO_MEMORY;
    timer->queue = queue;
    timer->flags = flags;
    timer->callback = callback;
    timer->context = context;
    environment(&environ, flags);
    status = TpAllocTimer(&timer->timer, timer_callback, timer, &environ);
    if (status) {
        RtlFreeHeap(process_heap(), 0, timer);
        return status;
    }
    ((struct tp_object *)timer->timer)->on_destroy = free_timer;
    InterlockedIncrement(&queue->refs);
    RtlAcquireSRWLockExclusive(&queue->lock);
    InsertTailList(&queue->timers, &timer->link);
    RtlReleaseSRWLockExclusive(&queue->lock);
    *out = timer;
    set_timer(timer, due, period);
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlUpdateTimer(HANDLE queue, HANDLE handle, DWORD due, DWORD period)
{
    (void)queue;
    if (!handle)
        return STATUS_INVALID_HANDLE;
    set_timer(handle, due, period);
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlDeleteTimer(HANDLE queue_handle, HANDLE handle, HANDLE completion)
{
    struct queue_timer *timer = handle;
    struct timer_queue *queue;
    bool is_ours;

    (void)queue_handle;
    if (!timer)
        return STATUS_INVALID_PARAMETER_1;
    queue = timer->queue;
    RtlAcquireSRWLockExclusive(&queue->lock);
    is_ours = !timer->is_deleted;
    if (is_ours) {
        timer->is_deleted = true;
        timer->completion = completion;
        RemoveEntryList(&timer->link);
    }
    RtlReleaseSRWLockExclusive(&queue->lock);
    if (!is_ours)
        return STATUS_INVALID_HANDLE;
    return release((struct tp_object *)timer->timer, completion == INVALID_HANDLE_VALUE);
}

NTSTATUS WINAPI RtlDeleteTimerQueueEx(HANDLE handle, HANDLE completion)
{
    struct timer_queue *queue = handle;
    LONG is_freed = 0, not_yet = 0;
    bool is_pending = false;

    if (!queue)
        return STATUS_INVALID_HANDLE;
    queue->completion = completion;
    if (completion == INVALID_HANDLE_VALUE)
        queue->is_freed = &is_freed;
    RtlAcquireSRWLockExclusive(&queue->lock);
    while (!IsListEmpty(&queue->timers)) {
        struct queue_timer *timer =
            CONTAINING_RECORD(RemoveHeadList(&queue->timers), struct queue_timer, link);

        timer->is_deleted = true;
        RtlReleaseSRWLockExclusive(&queue->lock);
        is_pending |= release((struct tp_object *)timer->timer, false) == STATUS_PENDING;
        RtlAcquireSRWLockExclusive(&queue->lock);
    }
    RtlReleaseSRWLockExclusive(&queue->lock);
    dereference_queue(queue);
    if (completion != INVALID_HANDLE_VALUE)
        return is_pending ? STATUS_PENDING : STATUS_SUCCESS;
    while (!__atomic_load_n(&is_freed, __ATOMIC_SEQ_CST))
        RtlWaitOnAddress(&is_freed, &not_yet, sizeof(is_freed), NULL);
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlDeleteTimerQueue(HANDLE handle);

NTSTATUS WINAPI RtlDeleteTimerQueue(HANDLE handle)
{
    return RtlDeleteTimerQueueEx(handle, NULL);
}
