/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Ending other threads, one or all of the process.
 */
#include "remote.h"
#include "suspend.h"
#include "thread.h"

static void ask_to_end(struct signal_state *state)
{
    atomic_store(&state->terminate, true);
    atomic_fetch_add(&state->change, 1);
    suspend_futex_wake(&state->change);
    syscall(SYS_tgkill, getpid(), state->tid, SIGNAL_TERMINATE);
}

NTSTATUS thread_object_terminate(struct thread_object *object, uint32_t status)
{
    struct signal_state *state;

    if (object->process)
        return remote_thread_terminate(object, status);
    /* Windows: ending a thread that has ended is no error. */
    if (suspend_get_state(object, &state))
        return STATUS_SUCCESS;
    pthread_mutex_lock(&suspend_lock);
    if (!atomic_load(&state->terminate)) {
        state->terminate_status = status;
        ask_to_end(state);
    }
    pthread_mutex_unlock(&suspend_lock);
    signal_state_release(state);
    return STATUS_SUCCESS;
}

NTSTATUS thread_terminate(HANDLE handle, uint32_t status)
{
    struct thread_object *object;
    NTSTATUS result = handle_get(handle, &thread_ops, THREAD_TERMINATE, (struct object **)&object);
    bool is_own;

    if (result)
        return result;
    is_own = &object->header == current_thread->object;
    if (!is_own)
        result = thread_object_terminate(object, status);
    object_release(&object->header);
    if (is_own)
        thread_exit(status);
    return result;
}

static uint32_t terminate_all_status;

/* Stopping is enough and is what can be waited for: a thread that sits in a blocking call may stay there for ever,
 * but the program will not see another instruction of it. */
static void stop_for_ever(struct signal_state *state)
{
    ULONG previous;

    state->terminate_status = terminate_all_status;
    suspend_add(state, &previous);
}

void terminate_other_threads(uint32_t status)
{
    pthread_mutex_lock(&suspend_lock);
    terminate_all_status = status;
    suspend_for_others(stop_for_ever);
    pthread_mutex_unlock(&suspend_lock);
}
