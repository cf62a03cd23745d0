/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * I/O completion ports: a queue of packets under a mutex, and a semaphore's sync that counts them. A
 * waiter that takes the semaphore owns one packet. The concurrency value is accepted; Linux schedules.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "info.h"
#include "iocp.h"
#include "sync.h"

struct packet {
    struct packet *next;
    FILE_IO_COMPLETION_INFORMATION info;
};

struct port {
    struct object header;
    struct sync *sync;          /* one count a packet */
    pthread_mutex_t lock;       /* taken with signals blocked */
    struct packet *first, **last;
    ULONG depth;
};

static struct sync *get_sync(struct object *object)
{
    return ((struct port *)object)->sync;
}

static void destroy(struct object *object)
{
    struct port *port = (struct port *)object;

    while (port->first) {
        struct packet *packet = port->first;

        port->first = packet->next;
        free(packet);
    }
    pthread_mutex_destroy(&port->lock);
    sync_destroy(port->sync);
    free(port);
}

static const struct object_ops port_ops = {
    .type_name = L"IoCompletion",
    .kind = OBJECT_PORT,
    .valid_access = IO_COMPLETION_ALL_ACCESS,
    .mapping = {STANDARD_RIGHTS_READ | IO_COMPLETION_QUERY_STATE,
                STANDARD_RIGHTS_WRITE | IO_COMPLETION_MODIFY_STATE,
                STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE, IO_COMPLETION_ALL_ACCESS},
    .get_sync = get_sync,
    .destroy = destroy,
};

static void lock(struct port *port, sigset_t *old)
{
    sigset_t all;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, old);
    pthread_mutex_lock(&port->lock);
}

static void unlock(struct port *port, const sigset_t *old)
{
    pthread_mutex_unlock(&port->lock);
    pthread_sigmask(SIG_SETMASK, old, NULL);
}

static NTSTATUS post(struct port *port, ULONG_PTR key, ULONG_PTR value, NTSTATUS status,
                     ULONG_PTR information)
{
    struct packet *packet = malloc(sizeof(*packet));
    int32_t previous;
    sigset_t signals;

    if (!packet)
        return STATUS_NO_MEMORY;
    packet->next = NULL;
    packet->info.CompletionKey = key;
    packet->info.CompletionValue = value;
    packet->info.IoStatusBlock.Status = status;
    packet->info.IoStatusBlock.Information = information;
    lock(port, &signals);
    *port->last = packet;
    port->last = &packet->next;
    port->depth++;
    unlock(port, &signals);
    return sync_release_semaphore(port->sync, 1, &previous);
}

/* After the semaphore was taken there is a packet for us. */
static struct packet *take_packet(struct port *port)
{
    struct packet *packet;
    sigset_t signals;

    lock(port, &signals);
    packet = port->first;
    port->first = packet->next;
    if (!port->first)
        port->last = &port->first;
    port->depth--;
    unlock(port, &signals);
    return packet;
}

static NTSTATUS make(void *context, struct object **out)
{
    struct port *port = calloc(1, sizeof(*port));

    (void)context;
    if (port)
        port->sync = sync_create(SYNC_SEMAPHORE, 0, INT32_MAX);
    if (!port || !port->sync) {
        free(port);
        return STATUS_NO_MEMORY;
    }
    pthread_mutex_init(&port->lock, NULL);
    port->last = &port->first;
    object_init(&port->header, &port_ops);
    *out = &port->header;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI NtCreateIoCompletion(HANDLE *handle, ACCESS_MASK access,
                                     OBJECT_ATTRIBUTES *attributes, ULONG threads)
{
    (void)threads;
    return object_open_handle(handle, access, attributes, &port_ops, make, NULL);
}

NTSTATUS iocp_from_handle(HANDLE handle, struct object **port)
{
    return handle_get(handle, &port_ops, IO_COMPLETION_MODIFY_STATE, port);
}

NTSTATUS iocp_post(struct object *port, ULONG_PTR key, ULONG_PTR value, ULONG_PTR information)
{
    return post((struct port *)port, key, value, STATUS_SUCCESS, information);
}

NTSTATUS WINAPI NtSetIoCompletion(HANDLE handle, ULONG_PTR key, ULONG_PTR value, NTSTATUS io_status,
                                  SIZE_T information)
{
    struct port *port;
    NTSTATUS status =
        handle_get(handle, &port_ops, IO_COMPLETION_MODIFY_STATE, (struct object **)&port);

    if (status)
        return status;
    status = post(port, key, value, io_status, information);
    object_release(&port->header);
    return status;
}

NTSTATUS WINAPI NtRemoveIoCompletionEx(HANDLE handle, FILE_IO_COMPLETION_INFORMATION *entries,
                                       ULONG count, ULONG *removed, LARGE_INTEGER *timeout,
                                       BOOLEAN alertable)
{
    LARGE_INTEGER time;
    struct port *port;
    uint64_t deadline;
    ULONG done = 0;
    NTSTATUS status;

    if (!count)
        return STATUS_INVALID_PARAMETER;
    if (timeout && guest_copy_in(&time, timeout, sizeof(time)))
        return STATUS_ACCESS_VIOLATION;
    status = handle_get(handle, &port_ops, IO_COMPLETION_MODIFY_STATE, (struct object **)&port);
    if (status)
        return status;
    deadline = deadline_from_nt(timeout ? &time : NULL);
    /* The first is waited for; what else is there comes along. */
    status = sync_wait(&port->sync, 1, false, alertable, deadline);
    while (status == STATUS_WAIT_0) {
        struct packet *packet = take_packet(port);

        status = guest_copy_out(&entries[done], &packet->info, sizeof(packet->info));
        free(packet);
        if (status || ++done == count)
            break;
        status = sync_wait(&port->sync, 1, false, false, 0);
    }
    object_release(&port->header);
    if (done && status == STATUS_TIMEOUT)
        status = STATUS_SUCCESS;
    if (guest_copy_out(removed, &done, sizeof(done)))
        return STATUS_ACCESS_VIOLATION;
    return status;
}

NTSTATUS WINAPI NtRemoveIoCompletion(HANDLE handle, ULONG_PTR *key, ULONG_PTR *value,
                                     IO_STATUS_BLOCK *io, LARGE_INTEGER *timeout)
{
    FILE_IO_COMPLETION_INFORMATION info;
    ULONG removed;
    NTSTATUS status = NtRemoveIoCompletionEx(handle, &info, 1, &removed, timeout, FALSE);

    if (status)
        return status;
    if (guest_copy_out(key, &info.CompletionKey, sizeof(*key)) ||
        guest_copy_out(value, &info.CompletionValue, sizeof(*value)) ||
        guest_copy_out(io, &info.IoStatusBlock, sizeof(*io)))
        return STATUS_ACCESS_VIOLATION;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI NtQueryIoCompletion(HANDLE handle, IO_COMPLETION_INFORMATION_CLASS class,
                                    void *buffer, ULONG length, ULONG *needed)
{
    struct port *port;
    ULONG depth;
    NTSTATUS status;

    if (class != IoCompletionBasicInformation)
        return STATUS_INVALID_INFO_CLASS;
    status = handle_get(handle, &port_ops, IO_COMPLETION_QUERY_STATE, (struct object **)&port);
    if (status)
        return status;
    depth = port->depth;
    object_release(&port->header);
    return answer(buffer, length, needed, &depth, sizeof(depth));
}

/* --- Files --- */

NTSTATUS iocp_associate(struct file *file, HANDLE handle, ULONG_PTR key)
{
    struct object *port;
    NTSTATUS status;

    if (file_is_synchronous(file))
        return STATUS_INVALID_PARAMETER;
    status = handle_get(handle, &port_ops, IO_COMPLETION_MODIFY_STATE, &port);
    if (status)
        return status;
    if (file->completion_port) {
        object_release(port);
        return STATUS_INVALID_PARAMETER; /* once and for all */
    }
    file->completion_key = key;
    file->completion_port = port;
    return STATUS_SUCCESS;
}

void iocp_file_completed(struct file *file, void *context, NTSTATUS status, ULONG_PTR information,
                         bool is_synchronous)
{
    const ULONG skip_on_success = 1; /* FILE_SKIP_COMPLETION_PORT_ON_SUCCESS */

    if (!file->completion_port || !context)
        return;
    if (is_synchronous && (NT_ERROR(status) || file->completion_flags & skip_on_success))
        return;
    post((struct port *)file->completion_port, file->completion_key, (ULONG_PTR)context, status,
         information);
}
