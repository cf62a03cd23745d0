/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Cleanup groups: release all objects that were made with one, after their callbacks.
 */
#include "threadpool.h"

struct tp_group {
    LONG refs;              /* the handle and the members */
    RTL_SRWLOCK lock;
    LIST_ENTRY members;     /* hold no reference: an object leaves when it is freed */
};

static void dereference_group(struct tp_group *group)
{
    if (!InterlockedDecrement(&group->refs))
        RtlFreeHeap(process_heap(), 0, group);
}

NTSTATUS WINAPI TpAllocCleanupGroup(TP_CLEANUP_GROUP **out)
{
    struct tp_group *group = RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, sizeof(*group));

    if (!group)
        return STATUS_NO_MEMORY;
    group->refs = 1;
    InitializeListHead(&group->members);
    *out = (TP_CLEANUP_GROUP *)group;
    return STATUS_SUCCESS;
}

void WINAPI TpReleaseCleanupGroup(TP_CLEANUP_GROUP *group)
{
    dereference_group((struct tp_group *)group);
}

NTSTATUS tp_group_join(struct tp_group *group, struct tp_object *object)
{
    InterlockedIncrement(&group->refs);
    object->group = group;
    RtlAcquireSRWLockExclusive(&group->lock);
    InsertTailList(&group->members, &object->group_link);
    RtlReleaseSRWLockExclusive(&group->lock);
    return STATUS_SUCCESS;
}

void tp_group_leave(struct tp_object *object)
{
    struct tp_group *group = object->group;

    if (!group)
        return;
    RtlAcquireSRWLockExclusive(&group->lock);
    RemoveEntryList(&object->group_link);
    RtlReleaseSRWLockExclusive(&group->lock);
    dereference_group(group);
}

/* A member with a reference of ours, out of the list (alone, so that leaving stays harmless). */
static struct tp_object *take_member(struct tp_group *group)
{
    struct tp_object *object = NULL;

    RtlAcquireSRWLockExclusive(&group->lock);
    for (LIST_ENTRY *link = group->members.Flink; link != &group->members; link = link->Flink) {
        struct tp_object *member = CONTAINING_RECORD(link, struct tp_object, group_link);

        if (!tp_object_try_reference(member))
            continue; /* is being freed and about to leave */
        RemoveEntryList(link);
        InitializeListHead(link);
        object = member;
        break;
    }
    RtlReleaseSRWLockExclusive(&group->lock);
    return object;
}

/* The cancel callback is for objects that the program has not released, and for simple callbacks that did
 * not run (learn.microsoft.com: CloseThreadpoolCleanupGroupMembers). */
void WINAPI TpReleaseCleanupGroupMembers(TP_CLEANUP_GROUP *handle, BOOL cancel, PVOID context)
{
    struct tp_group *group = (struct tp_group *)handle;
    struct tp_object *object;

    InterlockedIncrement(&group->refs);
    while ((object = take_member(group))) {
        bool was_open = !object->is_released && object->kind != TP_KIND_SIMPLE;
        LONG dropped = 0;

        if (was_open && object->disarm)
            object->disarm(object);
        object->is_released = true;
        if (cancel)
            dropped = tp_object_cancel(object);
        tp_object_wait(object);
        if (cancel && object->cancel && (was_open || dropped))
            object->cancel(object->context, context);
        if (was_open)
            tp_object_dereference(object);
        tp_object_dereference(object);
    }
    dereference_group(group);
}
