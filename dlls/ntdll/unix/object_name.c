/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Names of objects, and questions about objects by handle.
 *
 * Names are this process's: a named object is found again by the same process. (Names shared between
 * processes are the server's; see docs/status.md.)
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "info.h"
#include "object.h"

#define MAX_NAME 1024 /* characters */

static pthread_mutex_t name_lock = PTHREAD_MUTEX_INITIALIZER;
static struct object **named;
static size_t named_count, named_room;

static size_t wide_length(const WCHAR *text)
{
    size_t length = 0;

    while (text[length])
        length++;
    return length;
}

static WCHAR fold(WCHAR c)
{
    return c >= 'a' && c <= 'z' ? (WCHAR)(c - 32) : c;
}

static bool same_name(const WCHAR *a, const WCHAR *b, bool ignore_case)
{
    for (;; a++, b++) {
        if (*a != *b && !(ignore_case && fold(*a) == fold(*b)))
            return false;
        if (!*a)
            return true;
    }
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

/* The name without its directory: \BaseNamedObjects\Session\…\NAME, \Sessions\1\BaseNamedObjects\NAME and a
 * name relative to a directory handle are all one space here. *name NULL: none. */
static NTSTATUS read_name(const OBJECT_ATTRIBUTES *attributes, ULONG *flags, WCHAR **name)
{
    OBJECT_ATTRIBUTES copy;
    UNICODE_STRING string;
    WCHAR *text;
    size_t length;

    *name = NULL;
    *flags = 0;
    if (!attributes)
        return STATUS_SUCCESS;
    if (guest_copy_in(&copy, attributes, sizeof(copy)))
        return STATUS_ACCESS_VIOLATION;
    *flags = copy.Attributes;
    if (!copy.ObjectName)
        return STATUS_SUCCESS;
    if (guest_copy_in(&string, copy.ObjectName, sizeof(string)))
        return STATUS_ACCESS_VIOLATION;
    length = string.Length / sizeof(WCHAR);
    if (!length)
        return STATUS_SUCCESS;
    if (length > MAX_NAME)
        return STATUS_NAME_TOO_LONG;
    text = calloc(length + 1, sizeof(WCHAR));
    if (!text)
        return STATUS_NO_MEMORY;
    if (guest_copy_in(text, string.Buffer, length * sizeof(WCHAR))) {
        free(text);
        return STATUS_ACCESS_VIOLATION;
    }
    *name = text;
    return STATUS_SUCCESS;
}

/* Under the lock; with a reference, unless its last one is just going. */
static struct object *find(const WCHAR *name, bool ignore_case)
{
    for (size_t i = 0; i < named_count; i++) {
        uint32_t references = atomic_load(&named[i]->references);

        if (!same_name(named[i]->name, name, ignore_case))
            continue;
        while (references)
            if (atomic_compare_exchange_weak(&named[i]->references, &references, references + 1))
                return named[i];
    }
    return NULL;
}

static bool remember(struct object *object)
{
    if (named_count == named_room) {
        size_t room = named_room ? named_room * 2 : 64;
        struct object **grown = realloc(named, room * sizeof(*named));

        if (!grown)
            return false;
        named = grown;
        named_room = room;
    }
    named[named_count++] = object;
    return true;
}

void name_forget(struct object *object)
{
    pthread_mutex_lock(&name_lock);
    for (size_t i = 0; i < named_count; i++) {
        if (named[i] == object) {
            named[i] = named[--named_count];
            break;
        }
    }
    pthread_mutex_unlock(&name_lock);
    free(object->name);
    object->name = NULL;
}

NTSTATUS object_by_name(const OBJECT_ATTRIBUTES *attributes, const struct object_ops *ops,
                        object_create_function *create, void *context, struct object **out)
{
    struct object *object;
    ULONG flags;
    WCHAR *name;
    NTSTATUS status = read_name(attributes, &flags, &name);

    if (status)
        return status;
    if (!name)
        return create ? create(context, out) : STATUS_OBJECT_PATH_SYNTAX_BAD;
    pthread_mutex_lock(&name_lock);
    object = find(name, !!(flags & OBJ_CASE_INSENSITIVE));
    if (object && object->ops != ops) {
        status = STATUS_OBJECT_TYPE_MISMATCH;
    } else if (object && create) {
        status = flags & OBJ_OPENIF ? STATUS_OBJECT_NAME_EXISTS : STATUS_OBJECT_NAME_COLLISION;
    } else if (!object) {
        status = create ? create(context, &object) : STATUS_OBJECT_NAME_NOT_FOUND;
        if (!status && !remember(object))
            status = STATUS_NO_MEMORY;
        if (!status) {
            object->name = name;
            name = NULL;
        }
    }
    pthread_mutex_unlock(&name_lock);
    free(name);
    if (NT_SUCCESS(status))
        *out = object;
    else if (object)
        object_release(object);
    return status;
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
