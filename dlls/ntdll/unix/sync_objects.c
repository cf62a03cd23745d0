/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Events, semaphores and mutants: their objects and their system calls.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "info.h"
#include "sync.h"

static struct sync *get_sync(struct object *object)
{
    return ((struct sync_object *)object)->sync;
}

static void destroy(struct object *object)
{
    sync_destroy(((struct sync_object *)object)->sync);
    free(object);
}

/* The last handle of an owned mutant goes: it is abandoned, so that whoever still waits on it is let
 * through. */
static void mutant_closed(struct object *object)
{
    struct sync *sync = get_sync(object);

    if (sync->owner)
        sync_abandon(sync, sync->owner);
}

const struct object_ops event_ops = {
    .type_name = L"Event",
    .valid_access = EVENT_ALL_ACCESS,
    .mapping = {STANDARD_RIGHTS_READ | EVENT_QUERY_STATE, STANDARD_RIGHTS_WRITE | EVENT_MODIFY_STATE,
                STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE, EVENT_ALL_ACCESS},
    .get_sync = get_sync,
    .destroy = destroy,
};

const struct object_ops semaphore_ops = {
    .type_name = L"Semaphore",
    .valid_access = SEMAPHORE_ALL_ACCESS,
    .mapping = {STANDARD_RIGHTS_READ | SEMAPHORE_QUERY_STATE,
                STANDARD_RIGHTS_WRITE | SEMAPHORE_MODIFY_STATE,
                STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE, SEMAPHORE_ALL_ACCESS},
    .get_sync = get_sync,
    .destroy = destroy,
};

const struct object_ops mutant_ops = {
    .type_name = L"Mutant",
    .valid_access = MUTANT_ALL_ACCESS,
    .mapping = {STANDARD_RIGHTS_READ | MUTANT_QUERY_STATE, STANDARD_RIGHTS_WRITE,
                STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE, MUTANT_ALL_ACCESS},
    .get_sync = get_sync,
    .handle_closed = mutant_closed,
    .destroy = destroy,
};

/* How to make one. */
struct recipe {
    const struct object_ops *ops;
    enum sync_kind kind;
    int32_t count, limit;
    uint32_t owner;
};

static NTSTATUS make(void *context, struct object **out)
{
    const struct recipe *recipe = context;
    struct sync_object *object = calloc(1, sizeof(*object));

    if (object)
        object->sync = sync_create(recipe->kind, recipe->count, recipe->limit);
    if (!object || !object->sync) {
        free(object);
        return STATUS_NO_MEMORY;
    }
    object->sync->owner = recipe->owner;
    object_init(&object->header, recipe->ops);
    *out = &object->header;
    return STATUS_SUCCESS;
}

NTSTATUS sync_object_import(struct sync *sync, struct object **out)
{
    struct sync_object *object = calloc(1, sizeof(*object));

    if (!object)
        return STATUS_NO_MEMORY;
    object->sync = sync;
    object_init(&object->header, sync->kind == SYNC_SEMAPHORE ? &semaphore_ops
                                 : sync->kind == SYNC_MUTANT  ? &mutant_ops
                                                              : &event_ops);
    *out = &object->header;
    return STATUS_SUCCESS;
}

/* Makes or opens, and hands out a handle. `recipe` NULL: open. */
static NTSTATUS give_handle(HANDLE *handle, ACCESS_MASK access, const OBJECT_ATTRIBUTES *attributes,
                            const struct object_ops *ops, struct recipe *recipe)
{
    struct object *object;
    HANDLE result;
    ULONG flags;
    NTSTATUS status = attributes_flags(attributes, &flags), created;

    if (!status)
        status = object_by_name(attributes, ops, recipe ? make : NULL, recipe, &object);
    if (!NT_SUCCESS(status))
        return status;
    created = status;
    status = handle_create(object, access, flags, &result);
    object_release(object);
    if (!status && (status = guest_copy_out(handle, &result, sizeof(result))))
        NtClose(result);
    return status ? status : created;
}

/* --- Events --- */

NTSTATUS WINAPI NtCreateEvent(HANDLE *handle, ACCESS_MASK access, const OBJECT_ATTRIBUTES *attributes,
                              EVENT_TYPE type, BOOLEAN state)
{
    struct recipe recipe = {&event_ops, type == NotificationEvent ? SYNC_MANUAL : SYNC_AUTO, !!state,
                            1, 0};

    if (type != NotificationEvent && type != SynchronizationEvent)
        return STATUS_INVALID_PARAMETER;
    return give_handle(handle, access, attributes, &event_ops, &recipe);
}

NTSTATUS WINAPI NtOpenEvent(HANDLE *handle, ACCESS_MASK access, const OBJECT_ATTRIBUTES *attributes)
{
    return give_handle(handle, access, attributes, &event_ops, NULL);
}

static NTSTATUS change_event(HANDLE handle, LONG *previous, int32_t (*change)(struct sync *))
{
    struct object *object;
    LONG state;
    NTSTATUS status = handle_get(handle, &event_ops, EVENT_MODIFY_STATE, &object);

    if (status)
        return status;
    state = change(get_sync(object));
    object_release(object);
    return previous ? guest_copy_out(previous, &state, sizeof(state)) : STATUS_SUCCESS;
}

NTSTATUS WINAPI NtSetEvent(HANDLE handle, LONG *previous)
{
    return change_event(handle, previous, sync_set);
}

NTSTATUS WINAPI NtResetEvent(HANDLE handle, LONG *previous)
{
    return change_event(handle, previous, sync_reset);
}

NTSTATUS WINAPI NtClearEvent(HANDLE handle)
{
    return change_event(handle, NULL, sync_reset);
}

NTSTATUS WINAPI NtPulseEvent(HANDLE handle, LONG *previous)
{
    return change_event(handle, previous, sync_pulse);
}

NTSTATUS WINAPI NtQueryEvent(HANDLE handle, EVENT_INFORMATION_CLASS class, void *buffer,
                             ULONG length, ULONG *needed)
{
    EVENT_BASIC_INFORMATION info;
    struct object *object;
    NTSTATUS status;

    if (class != EventBasicInformation)
        return STATUS_INVALID_INFO_CLASS;
    status = handle_get(handle, &event_ops, EVENT_QUERY_STATE, &object);
    if (status)
        return status;
    info.EventType = get_sync(object)->kind == SYNC_MANUAL ? NotificationEvent
                                                           : SynchronizationEvent;
    info.EventState = get_sync(object)->count;
    object_release(object);
    return answer(buffer, length, needed, &info, sizeof(info));
}

void event_object_set(struct object *object)
{
    if (object->ops == &event_ops)
        sync_set(get_sync(object));
}

void event_object_reset(struct object *object)
{
    if (object->ops == &event_ops)
        sync_reset(get_sync(object));
}

/* --- Semaphores --- */

NTSTATUS WINAPI NtCreateSemaphore(HANDLE *handle, ACCESS_MASK access,
                                  const OBJECT_ATTRIBUTES *attributes, LONG initial, LONG maximum)
{
    struct recipe recipe = {&semaphore_ops, SYNC_SEMAPHORE, initial, maximum, 0};

    if (maximum <= 0 || initial < 0 || initial > maximum)
        return STATUS_INVALID_PARAMETER;
    return give_handle(handle, access, attributes, &semaphore_ops, &recipe);
}

NTSTATUS WINAPI NtOpenSemaphore(HANDLE *handle, ACCESS_MASK access,
                                const OBJECT_ATTRIBUTES *attributes)
{
    return give_handle(handle, access, attributes, &semaphore_ops, NULL);
}

NTSTATUS WINAPI NtReleaseSemaphore(HANDLE handle, ULONG count, ULONG *previous)
{
    struct object *object;
    int32_t before;
    NTSTATUS status;

    if (!count || count > INT32_MAX)
        return count ? STATUS_SEMAPHORE_LIMIT_EXCEEDED : STATUS_INVALID_PARAMETER;
    status = handle_get(handle, &semaphore_ops, SEMAPHORE_MODIFY_STATE, &object);
    if (status)
        return status;
    status = sync_release_semaphore(get_sync(object), (int32_t)count, &before);
    object_release(object);
    return !status && previous ? guest_copy_out(previous, &before, sizeof(before)) : status;
}

NTSTATUS WINAPI NtQuerySemaphore(HANDLE handle, SEMAPHORE_INFORMATION_CLASS class, void *buffer,
                                 ULONG length, ULONG *needed)
{
    SEMAPHORE_BASIC_INFORMATION info;
    struct object *object;
    NTSTATUS status;

    if (class != SemaphoreBasicInformation)
        return STATUS_INVALID_INFO_CLASS;
    status = handle_get(handle, &semaphore_ops, SEMAPHORE_QUERY_STATE, &object);
    if (status)
        return status;
    info.CurrentCount = (ULONG)get_sync(object)->count;
    info.MaximumCount = (ULONG)get_sync(object)->limit;
    object_release(object);
    return answer(buffer, length, needed, &info, sizeof(info));
}

/* --- Mutants --- */

NTSTATUS WINAPI NtCreateMutant(HANDLE *handle, ACCESS_MASK access,
                               const OBJECT_ATTRIBUTES *attributes, BOOLEAN owned)
{
    struct recipe recipe = {&mutant_ops, SYNC_MUTANT, owned ? 0 : 1, 1,
                            owned ? (uint32_t)current_thread->tid : 0};

    return give_handle(handle, access, attributes, &mutant_ops, &recipe);
}

NTSTATUS WINAPI NtOpenMutant(HANDLE *handle, ACCESS_MASK access, const OBJECT_ATTRIBUTES *attributes)
{
    return give_handle(handle, access, attributes, &mutant_ops, NULL);
}

NTSTATUS WINAPI NtReleaseMutant(HANDLE handle, LONG *previous)
{
    struct object *object;
    int32_t before;
    NTSTATUS status = handle_get(handle, &mutant_ops, 0, &object);

    if (status)
        return status;
    status = sync_release_mutant(get_sync(object), (uint32_t)current_thread->tid, &before);
    object_release(object);
    return !status && previous ? guest_copy_out(previous, &before, sizeof(before)) : status;
}

NTSTATUS WINAPI NtQueryMutant(HANDLE handle, MUTANT_INFORMATION_CLASS class, void *buffer,
                              ULONG length, ULONG *needed)
{
    MUTANT_BASIC_INFORMATION info;
    struct object *object;
    NTSTATUS status;

    if (class != MutantBasicInformation)
        return STATUS_INVALID_INFO_CLASS;
    status = handle_get(handle, &mutant_ops, MUTANT_QUERY_STATE, &object);
    if (status)
        return status;
    info.CurrentCount = get_sync(object)->count;
    info.OwnedByCaller = get_sync(object)->owner == (uint32_t)current_thread->tid;
    info.AbandonedState = !!get_sync(object)->abandoned;
    object_release(object);
    return answer(buffer, length, needed, &info, sizeof(info));
}
