/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Thread pool waits: threads that wait for up to 63 handles each, and queue the callback of the
 * one that is signalled or whose time is up.
 */
#include "threadpool.h"

#define BUCKET_WAITS (MAXIMUM_WAIT_OBJECTS - 1)

struct wait {
    struct tp_object object;
    LIST_ENTRY link;            /* in the bucket's list while `bucket` is set */
    struct bucket *bucket;
    bool is_leaving;            /* disarmed; its bucket's thread takes it out */
    HANDLE handle;
    LONGLONG deadline;          /* INT64_MAX: none */
    LONG signalled, timed_out;  /* queued callbacks by result; under the pool's lock */
};

/* Only a bucket's own thread takes waits out of it, so what it waits for stays valid meanwhile, and
 * a signal that it consumed always has its callback. */
struct bucket {
    LIST_ENTRY link;
    LIST_ENTRY waits;
    unsigned count;
    HANDLE changed;             /* an event: look at the list again */
};

static RTL_SRWLOCK lock;
static RTL_CONDITION_VARIABLE left;
static LIST_ENTRY buckets = {&buckets, &buckets};

static void note_signalled(struct tp_object *object, void *argument)
{
    struct wait *wait = CONTAINING_RECORD(object, struct wait, object);

    if (argument)
        wait->signalled++;
    else
        wait->timed_out++;
}

static void take_out(struct wait *wait)
{
    RemoveEntryList(&wait->link);
    wait->bucket->count--;
    wait->bucket = NULL;
    if (wait->is_leaving)
        RtlWakeAllConditionVariable(&left);
    wait->is_leaving = false;
}

/* The post comes first: as soon as the wait is out, its owner may release it. */
static void fire(struct wait *wait, bool is_signalled)
{
    tp_object_post(&wait->object, note_signalled, is_signalled ? wait : NULL);
    take_out(wait);
}

/* Under the lock: an error in the wait for all says nothing about which handle is bad. Those that cannot be
 * waited for are dropped; nobody could tell the program (on Windows it raises an exception in a
 * pool's thread). */
static void drop_invalid(struct bucket *bucket)
{
    LARGE_INTEGER now = {.QuadPart = 0};
    LIST_ENTRY *link, *next;

    for (link = bucket->waits.Flink; link != &bucket->waits; link = next) {
        struct wait *wait = CONTAINING_RECORD(link, struct wait, link);
        NTSTATUS status = NtWaitForSingleObject(wait->handle, FALSE, &now);

        next = link->Flink;
        if (NT_SUCCESS(status)) {
            if (status != STATUS_TIMEOUT)
                fire(wait, true);
            continue;
        }
        report_error("a thread pool wait on handle %p failed: %08lx", wait->handle,
                     (unsigned long)status);
        take_out(wait);
    }
}

static void expire(struct bucket *bucket, LONGLONG now)
{
    LIST_ENTRY *link, *next;

    for (link = bucket->waits.Flink; link != &bucket->waits; link = next) {
        struct wait *wait = CONTAINING_RECORD(link, struct wait, link);

        next = link->Flink;
        if (wait->deadline <= now)
            fire(wait, false);
    }
}

static void take_out_leaving(struct bucket *bucket)
{
    LIST_ENTRY *link, *next;

    for (link = bucket->waits.Flink; link != &bucket->waits; link = next) {
        struct wait *wait = CONTAINING_RECORD(link, struct wait, link);

        next = link->Flink;
        if (wait->is_leaving)
            take_out(wait);
    }
}

static DWORD WINAPI bucket_thread(void *argument)
{
    struct bucket *bucket = argument;
    struct wait *waits[MAXIMUM_WAIT_OBJECTS];
    HANDLE handles[MAXIMUM_WAIT_OBJECTS] = {bucket->changed};

    RtlAcquireSRWLockExclusive(&lock);
    for (;;) {
        LONGLONG next = INT64_MAX;
        LARGE_INTEGER timeout;
        ULONG count = 1;
        NTSTATUS status;

        take_out_leaving(bucket);
        for (LIST_ENTRY *link = bucket->waits.Flink; link != &bucket->waits; link = link->Flink) {
            waits[count] = CONTAINING_RECORD(link, struct wait, link);
            handles[count] = waits[count]->handle;
            if (waits[count]->deadline < next)
                next = waits[count]->deadline;
            count++;
        }
        RtlReleaseSRWLockExclusive(&lock);
        timeout.QuadPart = tp_now() - next;
        if (timeout.QuadPart > 0)
            timeout.QuadPart = 0;
        status = NtWaitForMultipleObjects(count, handles, TRUE, FALSE,
                                          next == INT64_MAX ? NULL : &timeout);
        RtlAcquireSRWLockExclusive(&lock);
        if (status >= STATUS_ABANDONED_WAIT_0 && status < STATUS_ABANDONED_WAIT_0 + (LONG)count)
            status -= STATUS_ABANDONED_WAIT_0;
        if (status == STATUS_TIMEOUT)
            expire(bucket, tp_now());
        else if (status < 0)
            drop_invalid(bucket);
        else if (status > 0 && status < (LONG)count)
            fire(waits[status], true);
    }
    return 0;
}

/* Under the lock. */
static struct bucket *bucket_with_room(void)
{
    struct bucket *bucket;

    for (LIST_ENTRY *link = buckets.Flink; link != &buckets; link = link->Flink) {
        bucket = CONTAINING_RECORD(link, struct bucket, link);
        if (bucket->count < BUCKET_WAITS)
            return bucket;
    }
    bucket = RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, sizeof(*bucket));
    if (!bucket)
        return NULL;
    InitializeListHead(&bucket->waits);
    if (NtCreateEvent(&bucket->changed, EVENT_ALL_ACCESS, NULL, SynchronizationEvent, FALSE)) {
        RtlFreeHeap(process_heap(), 0, bucket);
        return NULL;
    }
    if (tp_start_thread(bucket_thread, bucket, NULL)) {
        NtClose(bucket->changed);
        RtlFreeHeap(process_heap(), 0, bucket);
        return NULL;
    }
    InsertTailList(&buckets, &bucket->link);
    return bucket;
}

/* Under the lock, which is left while the bucket's thread comes round. */
static void leave_bucket(struct wait *wait)
{
    if (!wait->bucket)
        return;
    wait->is_leaving = true;
    NtSetEvent(wait->bucket->changed, NULL);
    while (wait->bucket)
        RtlSleepConditionVariableSRW(&left, &lock, NULL, 0);
}

static void disarm(struct tp_object *object)
{
    RtlAcquireSRWLockExclusive(&lock);
    leave_bucket(CONTAINING_RECORD(object, struct wait, object));
    RtlReleaseSRWLockExclusive(&lock);
}

static void prepare(struct tp_object *object, struct tp_instance *instance)
{
    struct wait *wait = CONTAINING_RECORD(object, struct wait, object);

    instance->wait_result = wait->signalled ? WAIT_OBJECT_0 : WAIT_TIMEOUT;
    if (wait->signalled)
        wait->signalled--;
    else
        wait->timed_out--;
}

static void drop_pending(struct tp_object *object)
{
    struct wait *wait = CONTAINING_RECORD(object, struct wait, object);

    wait->signalled = wait->timed_out = 0;
}

static void call_wait(struct tp_object *object, struct tp_instance *instance)
{
    ((PTP_WAIT_CALLBACK)object->callback)((TP_CALLBACK_INSTANCE *)instance, object->context,
                                          (TP_WAIT *)object, instance->wait_result);
}

NTSTATUS WINAPI TpAllocWait(TP_WAIT **wait, PTP_WAIT_CALLBACK callback, PVOID context,
                            TP_CALLBACK_ENVIRON *environ)
{
    struct tp_object *object;
    NTSTATUS status = tp_object_create(&object, sizeof(struct wait), TP_KIND_WAIT, (void *)callback,
                                       context, environ, call_wait);

    if (status)
        return status;
    object->prepare = prepare;
    object->drop_pending = drop_pending;
    object->disarm = disarm;
    *wait = (TP_WAIT *)object;
    return STATUS_SUCCESS;
}

void WINAPI TpSetWait(TP_WAIT *handle, HANDLE object, LARGE_INTEGER *timeout)
{
    struct wait *wait = (struct wait *)handle;

    RtlAcquireSRWLockExclusive(&lock);
    leave_bucket(wait);
    if (object) {
        struct bucket *bucket = bucket_with_room();

        if (!bucket)
            RtlRaiseStatus(STATUS_NO_MEMORY);
        wait->handle = object;
        wait->deadline = timeout ? tp_deadline(timeout) : INT64_MAX;
        wait->bucket = bucket;
        bucket->count++;
        InsertTailList(&bucket->waits, &wait->link);
        NtSetEvent(bucket->changed, NULL);
    }
    RtlReleaseSRWLockExclusive(&lock);
}

void WINAPI TpReleaseWait(TP_WAIT *wait)
{
    tp_object_release((struct tp_object *)wait);
}

void WINAPI TpWaitForWait(TP_WAIT *wait, BOOL cancel)
{
    if (cancel)
        tp_object_cancel((struct tp_object *)wait);
    tp_object_wait((struct tp_object *)wait);
}
