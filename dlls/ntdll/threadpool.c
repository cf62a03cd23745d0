/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The thread pool: pools, their workers, the objects' life, work items and simple callbacks.
 *
 * Workers are started when there is something to do and nobody idle, at once up to the number of
 * processors (callbacks that run long not counted), beyond that only while a backlog does not move: a queue of
 * callbacks that compute gets no more threads than processors, and one whose callbacks wait for
 * each other does not deadlock.
 */
#include "threadpool.h"

#define DEFAULT_MAXIMUM 500
#define IDLE_TIMEOUT    (-5 * 10000000ll) /* an idle worker leaves after 5 s */

static struct tp_pool *default_pool;
static RTL_RUN_ONCE default_pool_once;

/* --- Threads --- */

NTSTATUS tp_start_thread(DWORD(WINAPI *routine)(void *), void *argument,
                         const TP_POOL_STACK_INFORMATION *stack)
{
    HANDLE thread;
    NTSTATUS status = RtlCreateUserThread(NtCurrentProcess(), NULL, FALSE, 0,
                                          stack ? stack->StackReserve : 0,
                                          stack ? stack->StackCommit : 0,
                                          (PRTL_THREAD_START_ROUTINE)(void *)routine, argument,
                                          &thread, NULL);

    if (!status)
        NtClose(thread);
    return status;
}

static DWORD WINAPI worker(void *argument);

/* Under the pool's lock. */
static NTSTATUS start_worker(struct tp_pool *pool)
{
    NTSTATUS status;

    if (pool->threads >= pool->maximum)
        return STATUS_TOO_MANY_THREADS;
    pool->threads++;
    pool->starting++;
    status = tp_start_thread(worker, pool, &pool->stack);
    if (status) {
        pool->threads--;
        pool->starting--;
    }
    return status;
}

static bool has_backlog(const struct tp_pool *pool)
{
    for (unsigned i = 0; i < TP_PRIORITIES; i++)
        if (!IsListEmpty(&pool->queues[i]))
            return true;
    return false;
}

/* Under the lock, after something was queued. Each callback calls for a worker of its own: two that wait for
 * each other must not be left to one. */
static void call_for_worker(struct tp_pool *pool)
{
    DWORD processors = current_peb()->NumberOfProcessors;
    DWORD prompt = processors > pool->minimum ? processors : pool->minimum;

    if (pool->idle > pool->called) {
        pool->called++;
        RtlWakeConditionVariable(&pool->work);
        return;
    }
    if (pool->threads - pool->long_running < prompt && !start_worker(pool))
        return;
    if (!pool->is_watched) {
        pool->is_watched = true;
        pool->taken_at_last_look = pool->taken;
        tp_watch_pool(pool);
    }
}

bool tp_pool_relieve(struct tp_pool *pool)
{
    bool goes_on;

    RtlAcquireSRWLockExclusive(&pool->lock);
    goes_on = has_backlog(pool) && !pool->is_closing;
    if (goes_on && pool->taken == pool->taken_at_last_look && !pool->starting)
        start_worker(pool);
    pool->taken_at_last_look = pool->taken;
    if (!goes_on) {
        pool->is_watched = false;
        tp_unwatch_pool(pool);
    }
    RtlReleaseSRWLockExclusive(&pool->lock);
    return goes_on;
}

/* --- Pools --- */

static void dereference_pool(struct tp_pool *pool)
{
    bool is_last;

    if (InterlockedDecrement(&pool->refs))
        return;
    RtlAcquireSRWLockExclusive(&pool->lock);
    pool->is_closing = true;
    is_last = !pool->threads;
    RtlWakeAllConditionVariable(&pool->work);
    RtlReleaseSRWLockExclusive(&pool->lock);
    if (is_last)
        RtlFreeHeap(process_heap(), 0, pool);
}

NTSTATUS WINAPI TpAllocPool(TP_POOL **out, PVOID reserved)
{
    struct tp_pool *pool;

    if (reserved)
        return STATUS_INVALID_PARAMETER;
    pool = RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, sizeof(*pool));
    if (!pool)
        return STATUS_NO_MEMORY;
    pool->refs = 1;
    pool->maximum = DEFAULT_MAXIMUM;
    for (unsigned i = 0; i < TP_PRIORITIES; i++)
        InitializeListHead(&pool->queues[i]);
    *out = (TP_POOL *)pool;
    return STATUS_SUCCESS;
}

void WINAPI TpReleasePool(TP_POOL *pool)
{
    dereference_pool((struct tp_pool *)pool);
}

void WINAPI TpSetPoolMaxThreads(TP_POOL *handle, DWORD maximum)
{
    struct tp_pool *pool = (struct tp_pool *)handle;

    RtlAcquireSRWLockExclusive(&pool->lock);
    pool->maximum = maximum ? maximum : 1;
    if (pool->minimum > pool->maximum)
        pool->minimum = pool->maximum;
    RtlReleaseSRWLockExclusive(&pool->lock);
}

BOOL WINAPI TpSetPoolMinThreads(TP_POOL *handle, DWORD minimum)
{
    struct tp_pool *pool = (struct tp_pool *)handle;
    NTSTATUS status = STATUS_SUCCESS;

    RtlAcquireSRWLockExclusive(&pool->lock);
    if (pool->maximum < minimum)
        pool->maximum = minimum;
    while (!status && pool->threads < minimum)
        status = start_worker(pool);
    if (!status)
        pool->minimum = minimum;
    RtlReleaseSRWLockExclusive(&pool->lock);
    return !status;
}

NTSTATUS WINAPI TpQueryPoolStackInformation(TP_POOL *handle, TP_POOL_STACK_INFORMATION *stack)
{
    struct tp_pool *pool = (struct tp_pool *)handle;

    RtlAcquireSRWLockShared(&pool->lock);
    *stack = pool->stack;
    RtlReleaseSRWLockShared(&pool->lock);
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI TpSetPoolStackInformation(TP_POOL *handle, TP_POOL_STACK_INFORMATION *stack)
{
    struct tp_pool *pool = (struct tp_pool *)handle;

    RtlAcquireSRWLockExclusive(&pool->lock);
    pool->stack = *stack;
    RtlReleaseSRWLockExclusive(&pool->lock);
    return STATUS_SUCCESS;
}

static ULONG WINAPI make_default_pool(RTL_RUN_ONCE *once, void *parameter, void **context)
{
    TP_POOL *pool;

    (void)once, (void)parameter, (void)context;
    if (TpAllocPool(&pool, NULL))
        return FALSE;
    default_pool = (struct tp_pool *)pool;
    return TRUE;
}

/* --- Objects --- */

NTSTATUS tp_object_create(struct tp_object **out, SIZE_T bytes, enum tp_kind kind, void *callback,
                          void *context, TP_CALLBACK_ENVIRON *environ,
                          void (*call)(struct tp_object *, struct tp_instance *))
{
    struct tp_pool *pool = environ ? (struct tp_pool *)environ->Pool : NULL;
    struct tp_object *object;
    NTSTATUS status;

    if (environ && environ->Version != 1 && environ->Version != 3)
        return STATUS_INVALID_PARAMETER;
    if (!pool) {
        if (RtlRunOnceExecuteOnce(&default_pool_once, make_default_pool, NULL, NULL))
            return STATUS_NO_MEMORY;
        pool = default_pool;
    }
    object = RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, bytes);
    if (!object)
        return STATUS_NO_MEMORY;
    object->refs = 1;
    object->kind = kind;
    object->pool = pool;
    object->callback = callback;
    object->context = context;
    object->call = call;
    object->priority = TP_CALLBACK_PRIORITY_NORMAL;
    if (environ) {
        object->cancel = environ->CleanupGroupCancelCallback;
        object->finalization = environ->FinalizationCallback;
        object->race_dll = environ->RaceDll;
        object->is_long = environ->u.s.LongFunction;
        if (environ->Version == 3)
            object->priority = ((TP_CALLBACK_ENVIRON_V3 *)environ)->CallbackPriority;
        if (object->priority >= TP_PRIORITIES) {
            RtlFreeHeap(process_heap(), 0, object);
            return STATUS_INVALID_PARAMETER;
        }
    }
    if (object->race_dll && (status = LdrAddRefDll(0, object->race_dll))) {
        RtlFreeHeap(process_heap(), 0, object);
        return status;
    }
    InterlockedIncrement(&pool->refs);
    if (environ && environ->CleanupGroup)
        tp_group_join((struct tp_group *)environ->CleanupGroup, object);
    *out = object;
    return STATUS_SUCCESS;
}

void tp_object_reference(struct tp_object *object)
{
    InterlockedIncrement(&object->refs);
}

bool tp_object_try_reference(struct tp_object *object)
{
    LONG refs = object->refs, seen;

    while (refs) {
        seen = InterlockedCompareExchange(&object->refs, refs + 1, refs);
        if (seen == refs)
            return true;
        refs = seen;
    }
    return false;
}

void tp_object_dereference(struct tp_object *object)
{
    if (InterlockedDecrement(&object->refs))
        return;
    tp_group_leave(object);
    if (object->on_destroy)
        object->on_destroy(object);
    if (object->race_dll)
        LdrUnloadDll(object->race_dll);
    dereference_pool(object->pool);
    RtlFreeHeap(process_heap(), 0, object);
}

void tp_object_post(struct tp_object *object, void (*note)(struct tp_object *, void *), void *argument)
{
    struct tp_pool *pool = object->pool;

    tp_object_reference(object);
    RtlAcquireSRWLockExclusive(&pool->lock);
    if (note)
        note(object, argument);
    if (!object->pending++)
        InsertTailList(&pool->queues[object->priority], &object->queue_link);
    call_for_worker(pool);
    RtlReleaseSRWLockExclusive(&pool->lock);
}

LONG tp_object_cancel(struct tp_object *object)
{
    struct tp_pool *pool = object->pool;
    LONG dropped;

    RtlAcquireSRWLockExclusive(&pool->lock);
    dropped = object->pending;
    if (dropped) {
        object->pending = 0;
        RemoveEntryList(&object->queue_link);
        if (object->drop_pending)
            object->drop_pending(object);
        RtlWakeAllConditionVariable(&object->idle);
    }
    RtlReleaseSRWLockExclusive(&pool->lock);
    for (LONG i = 0; i < dropped; i++)
        tp_object_dereference(object);
    return dropped;
}

void tp_object_wait(struct tp_object *object)
{
    struct tp_pool *pool = object->pool;

    RtlAcquireSRWLockExclusive(&pool->lock);
    while (object->pending || object->running)
        RtlSleepConditionVariableSRW(&object->idle, &pool->lock, NULL, 0);
    RtlReleaseSRWLockExclusive(&pool->lock);
}

bool tp_object_is_busy(struct tp_object *object)
{
    bool is_busy;

    RtlAcquireSRWLockExclusive(&object->pool->lock);
    is_busy = object->pending || object->running;
    RtlReleaseSRWLockExclusive(&object->pool->lock);
    return is_busy;
}

void tp_object_release(struct tp_object *object)
{
    if (object->disarm)
        object->disarm(object);
    object->is_released = true;
    tp_object_dereference(object);
}

/* --- Workers --- */

/* Under the lock: a callback of this object is over, or no longer counts. */
static void end_running(struct tp_object *object)
{
    if (!--object->running && !object->pending)
        RtlWakeAllConditionVariable(&object->idle);
}

/* What the callback asked for at its end; documented to happen when the callback has returned. */
static void complete(const struct tp_instance *instance)
{
    if (instance->section)
        RtlLeaveCriticalSection(instance->section);
    if (instance->mutex)
        NtReleaseMutant(instance->mutex, NULL);
    if (instance->semaphore)
        NtReleaseSemaphore(instance->semaphore, (ULONG)instance->semaphore_count, NULL);
    if (instance->event)
        NtSetEvent(instance->event, NULL);
    if (instance->dll)
        LdrUnloadDll(instance->dll);
}

/* Called and left with the pool's lock held. */
static void run_one(struct tp_pool *pool, struct tp_object *object)
{
    struct tp_instance instance = {.object = object, .is_associated = true,
                                   .is_long = object->is_long};

    instance.thread = NtCurrentTeb()->ClientId.UniqueThread;
    RemoveEntryList(&object->queue_link);
    if (--object->pending)
        InsertTailList(&pool->queues[object->priority], &object->queue_link);
    object->running++;
    pool->taken++;
    pool->long_running += instance.is_long;
    if (object->prepare)
        object->prepare(object, &instance);
    RtlReleaseSRWLockExclusive(&pool->lock);

    object->call(object, &instance);
    if (object->finalization)
        object->finalization((TP_CALLBACK_INSTANCE *)&instance, object->context);
    complete(&instance);

    RtlAcquireSRWLockExclusive(&pool->lock);
    pool->long_running -= instance.is_long;
    if (instance.is_associated)
        end_running(object);
    RtlReleaseSRWLockExclusive(&pool->lock);
    tp_object_dereference(object);
    RtlAcquireSRWLockExclusive(&pool->lock);
}

static struct tp_object *next_object(struct tp_pool *pool)
{
    for (unsigned i = 0; i < TP_PRIORITIES; i++)
        if (!IsListEmpty(&pool->queues[i]))
            return CONTAINING_RECORD(pool->queues[i].Flink, struct tp_object, queue_link);
    return NULL;
}

/* The pool is freed by its last worker, or by whoever drops the last reference when there is none. */
static DWORD WINAPI worker(void *argument)
{
    struct tp_pool *pool = argument;
    LARGE_INTEGER timeout = {.QuadPart = IDLE_TIMEOUT};
    struct tp_object *object;
    bool is_last;

    RtlAcquireSRWLockExclusive(&pool->lock);
    pool->starting--;
    for (;;) {
        NTSTATUS status;

        while ((object = next_object(pool)))
            run_one(pool, object);
        if (pool->is_closing || pool->threads > pool->maximum)
            break;
        pool->idle++;
        status = RtlSleepConditionVariableSRW(&pool->work, &pool->lock, &timeout, 0);
        pool->idle--;
        if (pool->called)
            pool->called--;
        if (status == STATUS_TIMEOUT && !has_backlog(pool) && pool->threads > pool->minimum)
            break;
    }
    is_last = !--pool->threads && pool->is_closing;
    RtlReleaseSRWLockExclusive(&pool->lock);
    if (is_last)
        RtlFreeHeap(process_heap(), 0, pool);
    return 0;
}

/* --- What a callback can ask for --- */

static struct tp_instance *instance_of(TP_CALLBACK_INSTANCE *instance)
{
    return (struct tp_instance *)instance;
}

void WINAPI TpCallbackLeaveCriticalSectionOnCompletion(TP_CALLBACK_INSTANCE *instance,
                                                       RTL_CRITICAL_SECTION *section)
{
    if (!instance_of(instance)->section)
        instance_of(instance)->section = section;
}

void WINAPI TpCallbackReleaseMutexOnCompletion(TP_CALLBACK_INSTANCE *instance, HANDLE mutex)
{
    if (!instance_of(instance)->mutex)
        instance_of(instance)->mutex = mutex;
}

void WINAPI TpCallbackReleaseSemaphoreOnCompletion(TP_CALLBACK_INSTANCE *instance, HANDLE semaphore,
                                                   DWORD count)
{
    if (instance_of(instance)->semaphore)
        return;
    instance_of(instance)->semaphore = semaphore;
    instance_of(instance)->semaphore_count = (LONG)count;
}

void WINAPI TpCallbackSetEventOnCompletion(TP_CALLBACK_INSTANCE *instance, HANDLE event)
{
    if (!instance_of(instance)->event)
        instance_of(instance)->event = event;
}

void WINAPI TpCallbackUnloadDllOnCompletion(TP_CALLBACK_INSTANCE *instance, HMODULE dll)
{
    if (!instance_of(instance)->dll)
        instance_of(instance)->dll = dll;
}

NTSTATUS WINAPI TpCallbackMayRunLong(TP_CALLBACK_INSTANCE *handle)
{
    struct tp_instance *instance = instance_of(handle);
    struct tp_pool *pool = instance->object->pool;
    NTSTATUS status = STATUS_SUCCESS;

    if (instance->thread != NtCurrentTeb()->ClientId.UniqueThread)
        return STATUS_UNSUCCESSFUL;
    RtlAcquireSRWLockExclusive(&pool->lock);
    if (!instance->is_long) {
        instance->is_long = true;
        pool->long_running++;
    }
    if (pool->idle == pool->called && !pool->starting)
        status = start_worker(pool);
    RtlReleaseSRWLockExclusive(&pool->lock);
    return status;
}

void WINAPI TpDisassociateCallback(TP_CALLBACK_INSTANCE *handle)
{
    struct tp_instance *instance = instance_of(handle);
    struct tp_pool *pool = instance->object->pool;

    RtlAcquireSRWLockExclusive(&pool->lock);
    if (instance->is_associated)
        end_running(instance->object);
    instance->is_associated = false;
    RtlReleaseSRWLockExclusive(&pool->lock);
}

/* --- Work and simple callbacks --- */

static void call_work(struct tp_object *object, struct tp_instance *instance)
{
    ((PTP_WORK_CALLBACK)object->callback)((TP_CALLBACK_INSTANCE *)instance, object->context,
                                          (TP_WORK *)object);
}

static void call_simple(struct tp_object *object, struct tp_instance *instance)
{
    ((PTP_SIMPLE_CALLBACK)object->callback)((TP_CALLBACK_INSTANCE *)instance, object->context);
}

NTSTATUS WINAPI TpAllocWork(TP_WORK **work, PTP_WORK_CALLBACK callback, PVOID context,
                            TP_CALLBACK_ENVIRON *environ)
{
    return tp_object_create((struct tp_object **)work, sizeof(struct tp_object), TP_KIND_WORK,
                            (void *)callback, context, environ, call_work);
}

void WINAPI TpPostWork(TP_WORK *work)
{
    tp_object_post((struct tp_object *)work, NULL, NULL);
}

void WINAPI TpReleaseWork(TP_WORK *work)
{
    tp_object_release((struct tp_object *)work);
}

void WINAPI TpWaitForWork(TP_WORK *work, BOOL cancel)
{
    if (cancel)
        tp_object_cancel((struct tp_object *)work);
    tp_object_wait((struct tp_object *)work);
}

NTSTATUS WINAPI TpSimpleTryPost(PTP_SIMPLE_CALLBACK callback, PVOID context,
                                TP_CALLBACK_ENVIRON *environ)
{
    struct tp_object *object;
    NTSTATUS status = tp_object_create(&object, sizeof(*object), TP_KIND_SIMPLE, (void *)callback,
                                       context, environ, call_simple);

    if (status)
        return status;
    tp_object_post(object, NULL, NULL);
    tp_object_dereference(object);
    return STATUS_SUCCESS;
}
