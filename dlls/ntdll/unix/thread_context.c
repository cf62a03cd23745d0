/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The contexts of threads: NtGetContextThread, NtSetContextThread. Another thread is stopped for them.
 */
#include <string.h>

#include "remote.h"
#include "suspend.h"
#include "thread.h"

/* Of a thread of this process; its extended state comes in *now. */
static NTSTATUS get_context(struct thread_object *object, CONTEXT *context,
                            struct register_state *now)
{
    struct signal_state *state;
    ULONG count;
    NTSTATUS status = suspend_get_state(object, &state);

    if (status)
        return status;
    pthread_mutex_lock(&suspend_lock);
    if (suspend_is_self(state)) {
        context_from_frame(now, current_thread->frame);
    } else if (!(status = suspend_add(state, &count))) {
        if (atomic_load(&state->where) == WHERE_EXITED)
            status = STATUS_THREAD_IS_TERMINATING;
        *now = state->published;
        suspend_take_away(state, &count);
    }
    if (!status) {
        memcpy(&now->context.Dr0, state->debug_registers, sizeof(state->debug_registers));
        context_merge(context, &now->context, context->ContextFlags);
    }
    pthread_mutex_unlock(&suspend_lock);
    signal_state_release(state);
    return status;
}

NTSTATUS thread_object_get_context(struct thread_object *object, CONTEXT *context,
                                   struct register_state *registers)
{
    return object->process ? remote_thread_get_context(object, context, registers)
                           : get_context(object, context, registers);
}

NTSTATUS thread_object_set_context(struct thread_object *object,
                                   const struct register_state *given)
{
    struct signal_state *state;
    ULONG count;
    NTSTATUS status;

    if (object->process)
        return remote_thread_set_context(object, given);
    status = suspend_get_state(object, &state);
    if (status)
        return status;
    pthread_mutex_lock(&suspend_lock);
    if ((given->context.ContextFlags & CONTEXT_DEBUG_REGISTERS) == CONTEXT_DEBUG_REGISTERS)
        memcpy(state->debug_registers, &given->context.Dr0, sizeof(state->debug_registers));
    if (suspend_is_self(state)) {
        struct register_state *leave = &state->leave;

        context_from_frame(leave, current_thread->frame);
        context_merge(&leave->context, &given->context, given->context.ContextFlags);
        leave_with_context(current_thread, leave);
    } else if (!(status = suspend_add(state, &count))) {
        if (atomic_load(&state->where) == WHERE_EXITED) {
            status = STATUS_THREAD_IS_TERMINATING;
        } else {
            context_merge(&state->published.context, &given->context,
                          given->context.ContextFlags);
            if (given->xmask) {
                state->published.xmask = given->xmask;
                memcpy(state->published.xsave, given->xsave, sizeof(given->xsave));
            }
            atomic_store(&state->context_changed, true);
        }
        suspend_take_away(state, &count);
    }
    pthread_mutex_unlock(&suspend_lock);
    signal_state_release(state);
    return status;
}

NTSTATUS WINAPI NtGetContextThread(HANDLE handle, CONTEXT *guest)
{
    struct thread_object *object;
    struct register_state now = {.xmask = 0};
    CONTEXT result;
    NTSTATUS status = guest_copy_in(&result, guest, sizeof(result));

    if (!status)
        status = handle_get(handle, &thread_ops, THREAD_GET_CONTEXT, (struct object **)&object);
    if (status)
        return status;
    status = thread_object_get_context(object, &result, &now);
    object_release(&object->header);
    if (!status && (result.ContextFlags & CONTEXT_XSTATE) == CONTEXT_XSTATE)
        status = context_copy_out_xstate(&now, guest);
    return status ? status : guest_copy_out(guest, &result, sizeof(result));
}

NTSTATUS WINAPI NtSetContextThread(HANDLE handle, const CONTEXT *guest)
{
    struct thread_object *object;
    struct register_state given;
    NTSTATUS status = context_copy_in(&given, guest);

    if (!status)
        status = handle_get(handle, &thread_ops, THREAD_SET_CONTEXT, (struct object **)&object);
    if (status)
        return status;
    status = thread_object_set_context(object, &given);
    object_release(&object->header);
    return status;
}
