/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Events, semaphores and mutants: their objects and their system calls.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "info.h"
#include "object_share.h"
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

static NTSTATUS describe(struct object *object, struct object_description *description, int *fd,
                         const char **path)
{
    (void)path;
    return sync_locate(get_sync(object), fd, &description->slot) ? STATUS_SUCCESS
                                                                 : STATUS_NOT_SUPPORTED;
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
    .kind = OBJECT_EVENT,
    .valid_access = EVENT_ALL_ACCESS,
    .mapping = {STANDARD_RIGHTS_READ | EVENT_QUERY_STATE, STANDARD_RIGHTS_WRITE | EVENT_MODIFY_STATE,
                STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE, EVENT_ALL_ACCESS},
    .get_sync = get_sync,
    .describe = describe,
    .destroy = destroy,
};

const struct object_ops semaphore_ops = {
    .type_name = L"Semaphore",
    .kind = OBJECT_SEMAPHORE,
    .valid_access = SEMAPHORE_ALL_ACCESS,
    .mapping = {STANDARD_RIGHTS_READ | SEMAPHORE_QUERY_STATE,
                STANDARD_RIGHTS_WRITE | SEMAPHORE_MODIFY_STATE,
                STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE, SEMAPHORE_ALL_ACCESS},
    .get_sync = get_sync,
    .describe = describe,
    .destroy = destroy,
};

const struct object_ops mutant_ops = {
    .type_name = L"Mutant",
    .kind = OBJECT_MUTANT,
    .valid_access = MUTANT_ALL_ACCESS,
    .mapping = {STANDARD_RIGHTS_READ | MUTANT_QUERY_STATE, STANDARD_RIGHTS_WRITE,
                STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE, MUTANT_ALL_ACCESS},
    .get_sync = get_sync,
    .describe = describe,
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
    if (recipe->owner) {
        object->sync->owner = recipe->owner;
        object->sync->owner_process = (uint32_t)process.pid;
        current_thread->owned_mutants++;
    }
    object_init(&object->header, recipe->ops);
    *out = &object->header;
    return STATUS_SUCCESS;
}

NTSTATUS sync_object_import(const struct object_description *description, int fd, const char *path,
                            struct object **out)
{
    static const struct object_ops *const kinds[] = {[OBJECT_EVENT] = &event_ops,
                                                     [OBJECT_SEMAPHORE] = &semaphore_ops,
                                                     [OBJECT_MUTANT] = &mutant_ops};
    struct sync *sync = sync_import(fd, description->slot);
    struct sync_object *object = sync ? calloc(1, sizeof(*object)) : NULL;

    (void)path;
    if (!object)
        return sync ? STATUS_NO_MEMORY : STATUS_INVALID_PARAMETER;
    object->sync = sync;
    object_init(&object->header, kinds[description->kind]);
    *out = &object->header;
    return STATUS_SUCCESS;
}

/* --- Events --- */

NTSTATUS WINAPI NtCreateEvent(HANDLE *handle, ACCESS_MASK access, const OBJECT_ATTRIBUTES *attributes,
                              EVENT_TYPE type, BOOLEAN state)
{
    struct recipe recipe = {&event_ops, type == NotificationEvent ? SYNC_MANUAL : SYNC_AUTO, !!state,
                            1, 0};

    if (type != NotificationEvent && type != SynchronizationEvent)
        return STATUS_INVALID_PARAMETER;
    return object_open_handle(handle, access, attributes, &event_ops, make, &recipe);
}

NTSTATUS WINAPI NtOpenEvent(HANDLE *handle, ACCESS_MASK access, const OBJECT_ATTRIBUTES *attributes)
{
    return object_open_handle(handle, access, attributes, &event_ops, NULL, NULL);
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
    return object_open_handle(handle, access, attributes, &semaphore_ops, make, &recipe);
}

NTSTATUS WINAPI NtOpenSemaphore(HANDLE *handle, ACCESS_MASK access,
                                const OBJECT_ATTRIBUTES *attributes)
{
    return object_open_handle(handle, access, attributes, &semaphore_ops, NULL, NULL);
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

    return object_open_handle(handle, access, attributes, &mutant_ops, make, &recipe);
}

NTSTATUS WINAPI NtOpenMutant(HANDLE *handle, ACCESS_MASK access, const OBJECT_ATTRIBUTES *attributes)
{
    return object_open_handle(handle, access, attributes, &mutant_ops, NULL, NULL);
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
