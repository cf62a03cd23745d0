/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Thread pool I/O: one completion port for the process, a thread that takes packets from it, and callbacks
 * on the pool's workers. An operation that was announced keeps its TP_IO alive until it completes
 * or is taken back.
 */
#include "threadpool.h"

struct packet {
    struct packet *next;
    void *value;
    IO_STATUS_BLOCK io;
};

struct io {
    struct tp_object object;
    LIST_ENTRY link;                /* in `live`: a packet's key is looked up, never trusted */
    LONG announced;                 /* operations begun; under the pool's lock */
    struct packet *first, **last;   /* completed, not yet called back; under the pool's lock */
};

static RTL_SRWLOCK lock;
static LIST_ENTRY live = {&live, &live};
static HANDLE port;
static bool has_thread;

/* The reference of an announced operation passes to its callback. */
static void note_packet(struct tp_object *object, void *argument)
{
    struct io *io = CONTAINING_RECORD(object, struct io, object);
    struct packet *packet = argument;

    packet->next = NULL;
    *io->last = packet;
    io->last = &packet->next;
}

static struct io *find(ULONG_PTR key)
{
    for (LIST_ENTRY *link = live.Flink; link != &live; link = link->Flink)
        if (CONTAINING_RECORD(link, struct io, link) == (struct io *)key &&
            tp_object_try_reference(&((struct io *)key)->object))
            return (struct io *)key;
    return NULL;
}

/* One announced operation less; false when none was. */
static bool retract(struct io *io)
{
    bool was_announced;

    RtlAcquireSRWLockExclusive(&io->object.pool->lock);
    was_announced = io->announced > 0;
    if (was_announced && !--io->announced)
        RtlWakeAllConditionVariable(&io->object.idle);
    RtlReleaseSRWLockExclusive(&io->object.pool->lock);
    return was_announced;
}

static void deliver(ULONG_PTR key, void *value, const IO_STATUS_BLOCK *status)
{
    struct packet *packet = RtlAllocateHeap(process_heap(), 0, sizeof(*packet));
    struct io *io;

    RtlAcquireSRWLockShared(&lock);
    io = find(key);
    RtlReleaseSRWLockShared(&lock);
    if (!io || !packet) {
        if (!packet)
            report_error("no memory for the completion of an I/O operation");
        RtlFreeHeap(process_heap(), 0, packet);
    } else {
        packet->value = value;
        packet->io = *status;
        tp_object_post(&io->object, note_packet, packet);
    }
    if (io) {
        if (retract(io))
            tp_object_dereference(&io->object);
        tp_object_dereference(&io->object);
    }
}

static DWORD WINAPI port_thread(void *argument)
{
    (void)argument;
    for (;;) {
        ULONG_PTR key, value;
        IO_STATUS_BLOCK io;
        NTSTATUS status = NtRemoveIoCompletion(port, &key, &value, &io, NULL);

        if (status) {
            report_error("the thread pool's completion port failed: %08lx", (unsigned long)status);
            return 0;
        }
        deliver(key, (void *)value, &io);
    }
}

/* Under the lock. */
static NTSTATUS ensure_port(void)
{
    NTSTATUS status = STATUS_SUCCESS;

    if (!port)
        status = NtCreateIoCompletion(&port, IO_COMPLETION_ALL_ACCESS, NULL, 0);
    if (!status && !has_thread) {
        status = tp_start_thread(port_thread, NULL, NULL);
        has_thread = !status;
    }
    return status;
}

static void prepare(struct tp_object *object, struct tp_instance *instance)
{
    struct io *io = CONTAINING_RECORD(object, struct io, object);
    struct packet *packet = io->first;

    instance->io_value = packet->value;
    instance->io = packet->io;
    io->first = packet->next;
    if (!io->first)
        io->last = &io->first;
    RtlFreeHeap(process_heap(), 0, packet);
}

static void drop_pending(struct tp_object *object)
{
    struct io *io = CONTAINING_RECORD(object, struct io, object);

    while (io->first) {
        struct packet *packet = io->first;

        io->first = packet->next;
        RtlFreeHeap(process_heap(), 0, packet);
    }
    io->last = &io->first;
}

static void leave_list(struct tp_object *object)
{
    RtlAcquireSRWLockExclusive(&lock);
    RemoveEntryList(&CONTAINING_RECORD(object, struct io, object)->link);
    RtlReleaseSRWLockExclusive(&lock);
}

static void call_io(struct tp_object *object, struct tp_instance *instance)
{
    ((PTP_IO_CALLBACK)object->callback)((TP_CALLBACK_INSTANCE *)instance, object->context,
                                        instance->io_value, &instance->io, (TP_IO *)object);
}

static NTSTATUS create(struct tp_object **out, HANDLE file, void *callback, void *context,
                       TP_CALLBACK_ENVIRON *environ,
                       void (*call)(struct tp_object *, struct tp_instance *))
{
    FILE_COMPLETION_INFORMATION info;
    struct tp_object *object;
    IO_STATUS_BLOCK status_block;
    struct io *io;
    NTSTATUS status =
        tp_object_create(&object, sizeof(*io), TP_KIND_IO, callback, context, environ, call);

    if (status)
        return status;
    io = CONTAINING_RECORD(object, struct io, object);
    io->last = &io->first;
    object->prepare = prepare;
    object->drop_pending = drop_pending;
    object->on_destroy = leave_list;
    RtlAcquireSRWLockExclusive(&lock);
    InsertTailList(&live, &io->link);
    status = ensure_port();
    RtlReleaseSRWLockExclusive(&lock);
    if (!status) {
        info.CompletionPort = port;
        info.CompletionKey = (ULONG_PTR)io;
        status = NtSetInformationFile(file, &status_block, &info, sizeof(info),
                                      FileCompletionInformation);
    }
    if (status)
        tp_object_dereference(object);
    else
        *out = object;
    return status;
}

NTSTATUS WINAPI TpAllocIoCompletion(TP_IO **io, HANDLE file, PTP_IO_CALLBACK callback, void *context,
                                    TP_CALLBACK_ENVIRON *environ)
{
    return create((struct tp_object **)io, file, (void *)callback, context, environ, call_io);
}

void WINAPI TpStartAsyncIoOperation(TP_IO *handle)
{
    struct io *io = (struct io *)handle;

    tp_object_reference(&io->object);
    RtlAcquireSRWLockExclusive(&io->object.pool->lock);
    io->announced++;
    RtlReleaseSRWLockExclusive(&io->object.pool->lock);
}

void WINAPI TpCancelAsyncIoOperation(TP_IO *handle)
{
    struct io *io = (struct io *)handle;

    if (retract(io))
        tp_object_dereference(&io->object);
}

void WINAPI TpReleaseIoCompletion(TP_IO *io)
{
    tp_object_release((struct tp_object *)io);
}

/* Without `cancel`, operations under way count too. */
void WINAPI TpWaitForIoCompletion(TP_IO *handle, BOOL cancel)
{
    struct io *io = (struct io *)handle;
    struct tp_pool *pool = io->object.pool;

    if (cancel)
        tp_object_cancel(&io->object);
    RtlAcquireSRWLockExclusive(&pool->lock);
    while ((!cancel && io->announced) || io->object.pending || io->object.running)
        RtlSleepConditionVariableSRW(&io->object.idle, &pool->lock, NULL, 0);
    RtlReleaseSRWLockExclusive(&pool->lock);
}

static void call_overlapped(struct tp_object *object, struct tp_instance *instance)
{
    ((PRTL_OVERLAPPED_COMPLETION_ROUTINE)object->callback)(
        RtlNtStatusToDosError(instance->io.Status), (DWORD)instance->io.Information,
        instance->io_value);
}

/* BindIoCompletionCallback: the binding ends with the file, of which nobody tells us; the object stays. */
NTSTATUS WINAPI RtlSetIoCompletionCallback(HANDLE file, PRTL_OVERLAPPED_COMPLETION_ROUTINE callback,
                                           ULONG flags)
{
    struct tp_object *object;

    if (flags)
        return STATUS_INVALID_PARAMETER;
    return create(&object, file, (void *)callback, NULL, NULL, call_overlapped);
}
