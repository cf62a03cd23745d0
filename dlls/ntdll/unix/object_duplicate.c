/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * NtDuplicateObject: within this process, and from or to the handle table of another one.
 *
 * Another process is asked by way of its service (remote.h) to describe what one of its handles leads to (take),
 * to put a described object into its table (give), or to close a handle. The description is the one that a child
 * inherits by (object_share.h). A handle that is to be closed is closed last, so that the server never sees the
 * object without any handle.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "object_share.h"
#include "remote.h"

/* ntifs.h; Wine's headers lack it. */
#define DUPLICATE_SAME_ATTRIBUTES_FLAG 4u

/* A description with its path, as it travels. */
struct parcel {
    struct object_description description;
    char path[REMOTE_BYTES - sizeof(struct object_description)];
};

/* Something to be put into a handle table. `object` (with a reference) when it is in this process; else the
 * parcel and the descriptor. */
struct item {
    struct object *object;
    struct parcel *parcel;
    size_t bytes;           /* of the parcel */
    int fd;                 /* owned when there is no object, else borrowed; -1: none */
    ACCESS_MASK access;     /* of the source handle */
    ULONG attributes;
};

static void drop(struct item *item)
{
    if (item->object)
        object_release(item->object);
    else if (item->fd >= 0)
        close(item->fd);
}

/* NULL: no path, or none that can be trusted. */
static const char *path_of(const struct parcel *parcel, size_t bytes)
{
    uint32_t length = parcel->description.path_bytes;

    return length && bytes == sizeof(parcel->description) + length && !parcel->path[length - 1]
               ? parcel->path
               : NULL;
}

/* Fills the parcel with what describes the object. */
static NTSTATUS describe(struct object *object, struct parcel *parcel, size_t *bytes, int *fd)
{
    const char *path;
    NTSTATUS status = object_describe(object, &parcel->description, fd, &path);

    if (status)
        return status;
    if (parcel->description.path_bytes > sizeof(parcel->path))
        return STATUS_NAME_TOO_LONG;
    if (path)
        memcpy(parcel->path, path, parcel->description.path_bytes);
    *bytes = sizeof(parcel->description) + parcel->description.path_bytes;
    return STATUS_SUCCESS;
}

/* --- The caller's side --- */

/* What the handle leads to. `source` NULL: a handle of ours. */
static NTSTATUS take(struct process_object *source, HANDLE handle, struct item *item)
{
    struct remote_call call = {.code = REMOTE_TAKE_HANDLE,
                               .values = {(uintptr_t)handle},
                               .answer = item->parcel,
                               .answer_room = sizeof(*item->parcel),
                               .fd = -1};
    NTSTATUS status;

    item->fd = -1;
    if (!source) {
        status = handle_get(handle, NULL, 0, &item->object);
        if (!status && handle_query_flags(handle, &item->attributes, &item->access)) {
            item->access = item->object->ops->valid_access; /* a pseudo handle */
            item->attributes = 0;
        }
        return status;
    }
    status = remote_call(source, &call);
    item->bytes = call.answer_bytes;
    item->fd = call.answer_fd;
    item->access = (ACCESS_MASK)call.values[0];
    item->attributes = (ULONG)call.values[1];
    if (!status && call.answer_bytes < sizeof(item->parcel->description))
        status = STATUS_INVALID_PARAMETER;
    return status;
}

/* Puts it into a table. `target` NULL: ours. */
static NTSTATUS give(struct process_object *target, struct item *item, ACCESS_MASK access,
                     ULONG attributes, HANDLE *handle)
{
    struct remote_call call = {.code = REMOTE_GIVE_HANDLE,
                               .values = {access, attributes},
                               .data = item->parcel};
    struct object *object;
    NTSTATUS status;

    if (target) {
        status = item->object ? describe(item->object, item->parcel, &item->bytes, &item->fd)
                              : STATUS_SUCCESS;
        call.bytes = item->bytes;
        call.fd = item->fd;
        if (!status)
            status = remote_call(target, &call);
        *handle = (HANDLE)(uintptr_t)call.values[0];
        return status;
    }
    if (item->object)
        return handle_create(item->object, access, attributes, handle);
    status = object_import(&item->parcel->description, item->fd, path_of(item->parcel, item->bytes),
                           &object);
    item->fd = -1;
    if (status)
        return status;
    status = handle_create(object, access, attributes, handle);
    object_drop_hold(object);
    return status;
}

static void close_in(struct process_object *owner, HANDLE handle)
{
    struct remote_call call = {.code = REMOTE_CLOSE_HANDLE, .values = {(uintptr_t)handle}, .fd = -1};

    if (owner)
        remote_call(owner, &call);
    else
        NtClose(handle);
}

NTSTATUS WINAPI NtDuplicateObject(HANDLE source_process, HANDLE source, HANDLE target_process,
                                  HANDLE *target, ACCESS_MASK access, ULONG attributes,
                                  ULONG options)
{
    struct process_object *from = NULL, *to = NULL;
    struct parcel parcel;
    struct item item = {.parcel = &parcel, .fd = -1};
    HANDLE result = NULL;
    NTSTATUS status;

    status = remote_target(source_process, PROCESS_DUP_HANDLE, &from);
    if (!status && target_process)
        status = remote_target(target_process, PROCESS_DUP_HANDLE, &to);
    if (status)
        goto done;
    /* Without a target it is a close in the source. */
    if (target_process || !from)
        status = take(from, source, &item);
    if (!status && target_process) {
        status = give(to, &item, options & DUPLICATE_SAME_ACCESS ? item.access : access,
                      options & DUPLICATE_SAME_ATTRIBUTES_FLAG ? item.attributes : attributes,
                      &result);
        if (!status && target && guest_copy_out(target, &result, sizeof(result))) {
            close_in(to, result);
            status = STATUS_ACCESS_VIOLATION;
        }
    }
    /* Documented: regardless of any error. */
    if (options & DUPLICATE_CLOSE_SOURCE)
        close_in(from, source);
    drop(&item);
done:
    if (from)
        object_release(&from->header);
    if (to)
        object_release(&to->header);
    return status;
}

/* --- The service --- */

/* {handle}: {access, attributes}, the parcel, the descriptor. */
NTSTATUS remote_serve_take_handle(struct remote_peer *peer, struct remote_message *message, int *fd)
{
    HANDLE handle = (HANDLE)(uintptr_t)message->values[0];
    struct object *object;
    ACCESS_MASK access;
    ULONG attributes;
    size_t bytes = 0;
    NTSTATUS status;

    message->bytes = 0;
    *fd = -1;
    status = handle_get(handle, NULL, 0, &object);
    if (status)
        return status;
    peer->lent = object;
    if (handle_query_flags(handle, &attributes, &access)) {
        access = object->ops->valid_access; /* a pseudo handle: this process */
        attributes = 0;
    }
    status = describe(object, (struct parcel *)message->data, &bytes, fd);
    message->bytes = (uint32_t)bytes;
    message->values[0] = access;
    message->values[1] = attributes;
    return status;
}

/* {access, attributes}, the parcel, the descriptor: {handle}. */
NTSTATUS remote_serve_give_handle(struct remote_peer *peer, struct remote_message *message, int *fd)
{
    const struct parcel *parcel = (const struct parcel *)message->data;
    struct object *object;
    HANDLE handle;
    int own = *fd >= 0 ? fcntl(*fd, F_DUPFD_CLOEXEC, 3) : -1;
    NTSTATUS status = STATUS_INVALID_PARAMETER;

    (void)peer;
    if (message->bytes >= sizeof(parcel->description))
        status = object_import(&parcel->description, own, path_of(parcel, message->bytes), &object);
    else if (own >= 0)
        close(own);
    message->bytes = 0;
    if (status)
        return status;
    status = handle_create(object, (ACCESS_MASK)message->values[0], (ULONG)message->values[1],
                           &handle);
    object_drop_hold(object);
    message->values[0] = status ? 0 : (uintptr_t)handle;
    return status;
}

/* {handle} */
NTSTATUS remote_serve_close_handle(struct remote_peer *peer, struct remote_message *message,
                                   int *fd)
{
    (void)peer, (void)fd;
    message->bytes = 0;
    return NtClose((HANDLE)(uintptr_t)message->values[0]);
}
