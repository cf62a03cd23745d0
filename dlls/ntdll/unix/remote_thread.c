/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Threads of another process: the caller's side. Each request on a thread starts with {the number that the
 * service knows it by, its thread id}; the other side is in remote_service_thread.c.
 */
#include <unistd.h>

#include "remote.h"
#include "signal.h"
#include "sync.h"

/* Makes the object of a thread that the service has given a number: {number, tid, TEB, start, slot of its
 * sync}, and the descriptor of the sync's arena. */
static NTSTATUS make_object(struct process_object *target, const struct remote_call *call,
                            struct thread_object **out)
{
    struct sync *sync = call->answer_fd >= 0 ? sync_import(call->answer_fd, (uint32_t)call->values[4])
                                             : NULL;
    struct thread_object *object;
    NTSTATUS status = thread_object_create_remote(target, (pid_t)call->values[1], sync, &object);

    if (status)
        return status;
    object->number = (uint32_t)call->values[0];
    object->teb = (TEB *)(uintptr_t)call->values[2];
    object->start = (void *)(uintptr_t)call->values[3];
    *out = object;
    return STATUS_SUCCESS;
}

NTSTATUS remote_thread_create(struct process_object *target, void *start, void *argument,
                              ULONG flags, SIZE_T stack_commit, SIZE_T stack_reserve,
                              struct thread_object **out)
{
    struct remote_call call = {
        .code = REMOTE_CREATE_THREAD,
        .values = {(uint64_t)(uintptr_t)start, (uint64_t)(uintptr_t)argument, flags, stack_commit,
                   stack_reserve},
        .fd = -1};
    NTSTATUS status = remote_call(target, &call);

    return status ? status : make_object(target, &call, out);
}

NTSTATUS remote_thread_open(struct process_object *target, pid_t tid, struct thread_object **out)
{
    struct remote_call call = {
        .code = REMOTE_OPEN_THREAD, .values = {(uint64_t)tid}, .fd = -1};
    NTSTATUS status = remote_call(target, &call);

    return status ? status : make_object(target, &call, out);
}

/* A link that was cut and made anew does not know our numbers: then the thread is opened again by its id. */
static NTSTATUS call_thread(struct thread_object *object, struct remote_call *call)
{
    NTSTATUS status = STATUS_INVALID_CID;

    call->fd = -1;
    for (int round = 0; round < 2 && status == STATUS_INVALID_CID; round++) {
        struct remote_call again = {
            .code = REMOTE_OPEN_THREAD, .values = {(uint64_t)object->tid}, .fd = -1};

        if (!round && !object->number)
            continue;
        if (round) {
            status = remote_call(object->process, &again);
            if (again.answer_fd >= 0)
                close(again.answer_fd);
            if (status)
                return status == STATUS_INVALID_CID ? STATUS_THREAD_IS_TERMINATING : status;
            object->number = (uint32_t)again.values[0];
        }
        call->values[0] = object->number;
        call->values[1] = (uint64_t)object->tid;
        status = remote_call(object->process, call);
    }
    return status;
}

NTSTATUS remote_thread_suspend(struct thread_object *object, bool is_resume, ULONG *previous)
{
    struct remote_call call = {.code = is_resume ? REMOTE_RESUME_THREAD : REMOTE_SUSPEND_THREAD};
    NTSTATUS status = call_thread(object, &call);

    *previous = (ULONG)call.values[2];
    return status;
}

NTSTATUS remote_thread_terminate(struct thread_object *object, uint32_t exit_status)
{
    struct remote_call call = {.code = REMOTE_TERMINATE_THREAD, .values = {0, 0, exit_status}};
    NTSTATUS status = call_thread(object, &call);

    /* Windows: ending a thread that has ended is no error. */
    return status == STATUS_THREAD_IS_TERMINATING || status == STATUS_PROCESS_IS_TERMINATING
               ? STATUS_SUCCESS
               : status;
}

/* A whole struct register_state goes and comes: both processes run on one CPU, whose extended state it holds. */
NTSTATUS remote_thread_get_context(struct thread_object *object, CONTEXT *context,
                                   struct register_state *registers)
{
    struct remote_call call = {.code = REMOTE_GET_CONTEXT,
                               .data = registers,
                               .bytes = sizeof(*registers),
                               .answer = registers,
                               .answer_room = sizeof(*registers)};
    NTSTATUS status;

    registers->context = *context;
    status = call_thread(object, &call);
    if (!status && call.answer_bytes != sizeof(*registers))
        status = STATUS_INVALID_PARAMETER;
    if (!status)
        *context = registers->context;
    return status;
}

NTSTATUS remote_thread_set_context(struct thread_object *object,
                                   const struct register_state *registers)
{
    struct remote_call call = {
        .code = REMOTE_SET_CONTEXT, .data = registers, .bytes = sizeof(*registers)};

    return call_thread(object, &call);
}

NTSTATUS remote_thread_queue_apc(struct thread_object *object, void *routine, ULONG_PTR arg1,
                                 ULONG_PTR arg2, ULONG_PTR arg3)
{
    struct remote_call call = {
        .code = REMOTE_QUEUE_APC,
        .values = {0, 0, (uint64_t)(uintptr_t)routine, arg1, arg2, arg3}};

    return call_thread(object, &call);
}

NTSTATUS remote_thread_query(struct thread_object *object, ULONG *suspended)
{
    struct remote_call call = {.code = REMOTE_QUERY_THREAD};
    NTSTATUS status = call_thread(object, &call);

    if (!status)
        *suspended = (ULONG)call.values[2];
    return status;
}

void remote_thread_closed(struct thread_object *object)
{
    struct remote_call call = {.code = REMOTE_CLOSE_THREAD,
                               .values = {object->number, (uint64_t)object->tid},
                               .fd = -1};

    /* Nothing to be done about a failure: the other's reference lasts as long as the link then. */
    if (object->number && !atomic_load(&object->process->has_ended))
        remote_call(object->process, &call);
}

NTSTATUS remote_process_query(struct process_object *target, ULONG *handles)
{
    struct remote_call call = {.code = REMOTE_QUERY_PROCESS, .fd = -1};
    NTSTATUS status = remote_call(target, &call);

    *handles = (ULONG)call.values[0];
    return status;
}

NTSTATUS remote_process_suspend(struct process_object *target, bool is_resume)
{
    struct remote_call call = {
        .code = is_resume ? REMOTE_RESUME_PROCESS : REMOTE_SUSPEND_PROCESS, .fd = -1};

    return remote_call(target, &call);
}
