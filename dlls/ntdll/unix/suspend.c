/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Suspending and resuming other threads, one or all of a process: the suspender's side. The protocol is in suspend.h.
 */
#include "remote.h"
#include "suspend.h"
#include "thread.h"

pthread_mutex_t suspend_lock = PTHREAD_MUTEX_INITIALIZER;

extern __typeof__(NtAlertThread) NtAlertThread __attribute__((weak));

NTSTATUS suspend_get_state(struct thread_object *object, struct signal_state **out)
{
    process_lock_threads();
    *out = object->thread ? signal_state(object->thread) : NULL;
    if (*out)
        atomic_fetch_add(&(*out)->references, 1);
    process_unlock_threads();
    return *out ? STATUS_SUCCESS : STATUS_THREAD_IS_TERMINATING;
}

static void await_answer(struct signal_state *state)
{
    while (atomic_load(&state->where) == WHERE_ASKED)
        suspend_futex_wait(&state->where, WHERE_ASKED);
}

NTSTATUS suspend_add(struct signal_state *state, ULONG *previous)
{
    uint32_t count = atomic_load(&state->suspend_count), where;

    *previous = count;
    if (count >= MAXIMUM_SUSPEND_COUNT)
        return STATUS_SUSPEND_COUNT_EXCEEDED;
    if (atomic_load(&state->where) == WHERE_EXITED)
        return STATUS_THREAD_IS_TERMINATING;
    if (suspend_is_self(state)) {
        struct syscall_frame *frame = current_thread->frame;

        if (!count) {
            context_from_frame(&state->published, frame);
            atomic_store(&state->where, WHERE_IN_SYSCALL);
        }
        atomic_store(&state->suspend_count, count + 1);
        __atomic_fetch_or(&frame->restore, LEAVE_SUSPENDED, __ATOMIC_RELEASE);
        return STATUS_SUCCESS;
    }
    if (count) {
        atomic_store(&state->suspend_count, count + 1);
        /* One that was made suspended may be on its way to where it stands. */
        await_answer(state);
        return STATUS_SUCCESS;
    }
    where = WHERE_RUNNING;
    while (where != WHERE_EXITED &&
           !atomic_compare_exchange_weak(&state->where, &where, WHERE_ASKED))
        ;
    atomic_store(&state->suspend_count, 1);
    atomic_fetch_add(&state->change, 1);
    suspend_futex_wake(&state->change);
    if (where == WHERE_EXITED || syscall(SYS_tgkill, getpid(), state->tid, SIGNAL_SUSPEND))
        return STATUS_THREAD_IS_TERMINATING;
    await_answer(state);
    return STATUS_SUCCESS;
}

void suspend_take_away(struct signal_state *state, ULONG *previous)
{
    uint32_t count = atomic_load(&state->suspend_count);

    *previous = count;
    if (!count)
        return;
    if (count == 1) {
        uint32_t where = atomic_load(&state->where);

        /* A thread that ends meanwhile keeps its last word. */
        while (where != WHERE_EXITED &&
               !atomic_compare_exchange_weak(&state->where, &where, WHERE_RUNNING))
            ;
    }
    atomic_store(&state->suspend_count, count - 1);
    atomic_fetch_add(&state->change, 1);
    suspend_futex_wake(&state->change);
}

NTSTATUS thread_object_suspend(struct thread_object *object, ULONG *previous)
{
    struct signal_state *state;
    NTSTATUS status;

    if (object->process)
        return remote_thread_suspend(object, false, previous);
    status = suspend_get_state(object, &state);
    if (status)
        return status;
    pthread_mutex_lock(&suspend_lock);
    status = suspend_add(state, previous);
    pthread_mutex_unlock(&suspend_lock);
    signal_state_release(state);
    return status;
}

NTSTATUS thread_object_resume(struct thread_object *object, ULONG *previous)
{
    struct signal_state *state;

    if (object->process)
        return remote_thread_suspend(object, true, previous);
    /* A thread that has ended counts as one that was never suspended. */
    *previous = 0;
    if (suspend_get_state(object, &state))
        return STATUS_SUCCESS;
    pthread_mutex_lock(&suspend_lock);
    suspend_take_away(state, previous);
    pthread_mutex_unlock(&suspend_lock);
    signal_state_release(state);
    return STATUS_SUCCESS;
}

static NTSTATUS suspend_by_handle(HANDLE handle, ULONG *guest_previous,
                                  NTSTATUS (*action)(struct thread_object *, ULONG *))
{
    struct thread_object *object;
    ULONG previous = 0;
    NTSTATUS status =
        handle_get(handle, &thread_ops, THREAD_SUSPEND_RESUME, (struct object **)&object);

    if (status)
        return status;
    status = action(object, &previous);
    object_release(&object->header);
    if (!status && guest_previous)
        status = guest_copy_out(guest_previous, &previous, sizeof(previous));
    return status;
}

NTSTATUS WINAPI NtSuspendThread(HANDLE handle, ULONG *previous)
{
    return suspend_by_handle(handle, previous, thread_object_suspend);
}

NTSTATUS WINAPI NtResumeThread(HANDLE handle, ULONG *previous)
{
    return suspend_by_handle(handle, previous, thread_object_resume);
}

ULONG thread_suspend_count(pid_t tid)
{
    ULONG count = 0;

    process_lock_threads();
    for (struct thread *thread = process.threads; thread; thread = thread->next)
        if (thread->tid == tid && thread->signal_state)
            count = atomic_load(&signal_state(thread)->suspend_count);
    process_unlock_threads();
    return count;
}

NTSTATUS WINAPI NtAlertResumeThread(HANDLE handle, ULONG *previous)
{
    NTSTATUS status = NtAlertThread ? NtAlertThread(handle) : STATUS_NOT_IMPLEMENTED;

    return status ? status : NtResumeThread(handle, previous);
}

/* The states are collected first, since a target on its way out needs the thread lock. */
void suspend_for_others(void (*action)(struct signal_state *))
{
    struct signal_state *states[256];
    size_t count = 0, skip = 0;

    do {
        size_t seen = 0;

        count = 0;
        process_lock_threads();
        for (struct thread *thread = process.threads; thread; thread = thread->next) {
            struct signal_state *state = signal_state(thread);

            if (!state || thread == current_thread || seen++ < skip)
                continue;
            if (count == sizeof(states) / sizeof(states[0]))
                break;
            atomic_fetch_add(&state->references, 1);
            states[count++] = state;
        }
        process_unlock_threads();
        for (size_t i = 0; i < count; i++) {
            action(states[i]);
            signal_state_release(states[i]);
        }
        skip += count;
    } while (count == sizeof(states) / sizeof(states[0]));
}

static void suspend_one(struct signal_state *state)
{
    ULONG previous;

    suspend_add(state, &previous);
}

static void resume_one(struct signal_state *state)
{
    ULONG previous;

    suspend_take_away(state, &previous);
}

static NTSTATUS for_process(HANDLE handle, void (*action)(struct signal_state *), bool is_resume)
{
    struct process_object *target;
    NTSTATUS status = remote_target(handle, PROCESS_SUSPEND_RESUME, &target);

    if (status)
        return status;
    if (target) {
        status = remote_process_suspend(target, is_resume);
        object_release(&target->header);
        return status;
    }
    pthread_mutex_lock(&suspend_lock);
    suspend_for_others(action);
    pthread_mutex_unlock(&suspend_lock);
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI NtSuspendProcess(HANDLE handle)
{
    return for_process(handle, suspend_one, false);
}

NTSTATUS WINAPI NtResumeProcess(HANDLE handle)
{
    return for_process(handle, resume_one, true);
}
