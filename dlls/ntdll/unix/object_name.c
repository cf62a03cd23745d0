/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Opening and making objects by name, and questions about objects by handle.
 *
 * Names belong to the server, so that all processes have the same. An object without a name never asks it. A
 * name is free again when the last handle of all processes is closed, whoever still waits or has a view, as on
 * Windows.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "info.h"
#include "object_directory.h"
#include "object_share.h"

static size_t wide_length(const WCHAR *text)
{
    size_t length = 0;

    while (text[length])
        length++;
    return length;
}

NTSTATUS attributes_flags(const OBJECT_ATTRIBUTES *attributes, ULONG *flags)
{
    OBJECT_ATTRIBUTES copy;

    *flags = 0;
    if (!attributes)
        return STATUS_SUCCESS;
    if (guest_copy_in(&copy, attributes, sizeof(copy)))
        return STATUS_ACCESS_VIOLATION;
    *flags = copy.Attributes;
    return STATUS_SUCCESS;
}

static NTSTATUS status_of(int error)
{
    switch (-error) {
    case 0: return STATUS_SUCCESS;
    case EEXIST: return STATUS_OBJECT_NAME_COLLISION;
    case EPROTOTYPE: return STATUS_OBJECT_TYPE_MISMATCH;
    case ENOENT: return STATUS_OBJECT_NAME_NOT_FOUND;
    case ENAMETOOLONG: return STATUS_NAME_TOO_LONG;
    case ENOMEM: return STATUS_NO_MEMORY;
    case EOPNOTSUPP: return STATUS_NOT_SUPPORTED; /* a job or port of another process */
    default: return STATUS_INSUFFICIENT_RESOURCES; /* the server is gone, or full */
    }
}

/* Makes it, unless the server knows the name already: asked in one step, so that of two processes that
 * come at one time one makes it and the other finds it. Held. */
static NTSTATUS create_named(const WCHAR *name, ULONG flags, object_create_function *create,
                             void *context, struct object **out)
{
    uint32_t bytes = (uint32_t)(wide_length(name) * sizeof(WCHAR));
    WCHAR *copy = malloc(bytes + sizeof(WCHAR));
    struct object *object = NULL, *other;
    sigset_t signals;
    NTSTATUS status;

    if (!copy)
        return STATUS_NO_MEMORY;
    memcpy(copy, name, bytes + sizeof(WCHAR));
    status = create(context, &object);
    if (status) {
        free(copy);
        return status;
    }
    object_hold(object);
    share_lock(&signals);
    status = status_of(share_register(object, name, bytes,
                                      (flags & OBJ_OPENIF ? OBJECT_OPEN_IF : 0) |
                                          (flags & OBJ_CASE_INSENSITIVE ? OBJECT_ANY_CASE : 0),
                                      &other));
    if (!status && !other) {
        object->name = copy;
        copy = NULL;
    }
    share_unlock(&signals);
    free(copy);
    if (status || other)
        object_drop_hold(object);
    *out = other ? other : object;
    return status ? status : other ? STATUS_OBJECT_NAME_EXISTS : STATUS_SUCCESS;
}

static NTSTATUS open_named(const WCHAR *name, ULONG flags, uint32_t kind, struct object **out)
{
    uint32_t bytes = (uint32_t)(wide_length(name) * sizeof(WCHAR));
    sigset_t signals;
    NTSTATUS status;

    share_lock(&signals);
    status = status_of(share_open(kind, name, bytes,
                                  flags & OBJ_CASE_INSENSITIVE ? OBJECT_ANY_CASE : 0, out));
    if (!status && !(*out)->name && ((*out)->name = malloc(bytes + sizeof(WCHAR))))
        memcpy((*out)->name, name, bytes + sizeof(WCHAR));
    share_unlock(&signals);
    return status;
}

NTSTATUS object_open_handle(HANDLE *handle, ACCESS_MASK access, const OBJECT_ATTRIBUTES *attributes,
                            const struct object_ops *ops, object_create_function *create,
                            void *context)
{
    WCHAR name[MAX_OBJECT_NAME];
    struct object *object;
    HANDLE result;
    ULONG flags;
    NTSTATUS status = object_path(attributes, &flags, name), created;

    if (status)
        return status;
    if (name[0]) {
        status = create ? create_named(name, flags, create, context, &object)
                        : open_named(name, flags, ops->kind, &object);
    } else if (create) {
        status = create(context, &object);
        if (!status)
            object_hold(object);
    } else {
        status = attributes ? STATUS_OBJECT_PATH_SYNTAX_BAD : STATUS_INVALID_PARAMETER;
    }
    if (!NT_SUCCESS(status))
        return status;
    created = status;
    status = handle_create(object, access, flags, &result);
    object_drop_hold(object);
    if (!status && (status = guest_copy_out(handle, &result, sizeof(result))))
        NtClose(result);
    return status ? status : created;
}

/* --- NtQueryObject --- */

static NTSTATUS query_type(const struct object *object, void *buffer, ULONG length, ULONG *needed)
{
    OBJECT_TYPE_INFORMATION info;
    size_t characters = wide_length(object->ops->type_name);
    ULONG bytes = (ULONG)(sizeof(info) + (characters + 1) * sizeof(WCHAR));
    NTSTATUS status = STATUS_SUCCESS;

    memset(&info, 0, sizeof(info));
    info.TypeName.Length = (USHORT)(characters * sizeof(WCHAR));
    info.TypeName.MaximumLength = (USHORT)(info.TypeName.Length + sizeof(WCHAR));
    info.TypeName.Buffer = (WCHAR *)((char *)buffer + sizeof(info));
    info.ValidAccessMask = object->ops->valid_access;
    if (needed)
        status = guest_copy_out(needed, &bytes, sizeof(bytes));
    if (status || length < bytes)
        return status ? status : STATUS_INFO_LENGTH_MISMATCH;
    status = guest_copy_out(buffer, &info, sizeof(info));
    return status ? status
                  : guest_copy_out(info.TypeName.Buffer, object->ops->type_name,
                                   info.TypeName.MaximumLength);
}

NTSTATUS WINAPI NtQueryObject(HANDLE handle, OBJECT_INFORMATION_CLASS class, void *buffer,
                              ULONG length, ULONG *needed)
{
    struct object *object;
    ULONG attributes = 0;
    ACCESS_MASK access = 0;
    NTSTATUS status = handle_get(handle, NULL, 0, &object);

    if (status)
        return status;
    handle_query_flags(handle, &attributes, &access);
    switch ((int)class) {
    case ObjectBasicInformation: {
        OBJECT_BASIC_INFORMATION info = {0};

        info.Attributes = attributes;
        info.GrantedAccess = access;
        info.HandleCount = atomic_load(&object->handles);
        info.PointerCount = atomic_load(&object->references) - 1;
        status = answer(buffer, length, needed, &info, sizeof(info));
        break;
    }
    case ObjectNameInformation:
        status = object->ops->query_name
                     ? object->ops->query_name(object, buffer, length, needed)
                     : answer_string(buffer, length, needed, object->name);
        break;
    case ObjectTypeInformation:
        status = query_type(object, buffer, length, needed);
        break;
    case ObjectDataInformation: {
        OBJECT_DATA_INFORMATION info = {!!(attributes & OBJ_INHERIT),
                                               !!(attributes & OBJ_PROTECT_CLOSE)};

        status = answer(buffer, length, needed, &info, sizeof(info));
        break;
    }
    default:
        status = STATUS_INVALID_INFO_CLASS;
    }
    object_release(object);
    return status;
}
