/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Suspending and ending other threads, and their contexts.
 *
 * A thread is stopped by a real-time signal. Found in the program's code it stands in the handler,
 * with its registers published. Found in a system call it must not stand there: it may hold a lock
 * of ours or of glibc's. It goes on, and stops in syscall_leave before it returns to the program; from the
 * program's view it is stopped already, with the registers of its system call frame published.
 *
 * Who does what: a suspender holds suspend_lock, changes suspend_count and `change`, and waits until the target
 * has answered in `where`. The target takes no lock. It reads `change` before suspend_count and sleeps on `change`, so
 * a resume and suspend in between wakes it and it answers anew. A suspender keeps the
 * target's signal_state by a reference, never its struct thread; a thread that ends answers
 * WHERE_EXITED.
 */
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dispatcher.h"
#include "process_object.h"
#include "remote.h"
#include "signal.h"
#include "thread.h"

static pthread_mutex_t suspend_lock = PTHREAD_MUTEX_INITIALIZER;

extern __typeof__(NtAlertThread) NtAlertThread __attribute__((weak));

static void futex_wait(_Atomic uint32_t *word, uint32_t value)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 0x7fffffff, NULL, NULL, 0);
}

static void set_where(struct signal_state *state, enum thread_whereabouts where)
{
    atomic_store(&state->where, where);
    futex_wake(&state->where);
}

/* --- The target's side --- */

/* Stands until the suspend count is 0 or the thread has to end. */
static void stand(struct signal_state *state, enum thread_whereabouts where)
{
    for (;;) {
        uint32_t change = atomic_load(&state->change);

        if (!atomic_load(&state->suspend_count) || atomic_load(&state->terminate))
            return;
        if (atomic_load(&state->where) != where)
            set_where(state, where);
        futex_wait(&state->change, change);
    }
}

static void end_this_thread(void)
{
    thread_exit(signal_state(current_thread)->terminate_status);
}

/* Sends the thread, which is in the program's code, to its own end on its Linux stack. */
static void redirect_to_end(struct thread *thread, ucontext_t *uc)
{
    greg_t *regs = uc->uc_mcontext.gregs;

    regs[REG_RIP] = (greg_t)(uintptr_t)end_this_thread;
    regs[REG_RSP] = (greg_t)(uintptr_t)thread->frame - 8; /* as after a call */
    regs[REG_EFL] &= ~0x500;                              /* direction and trap flag */
}

/* What the program's registers are while the thread is in a call: those that the call was made with, or
 * those that it leaves with, once they are known. */
static void publish_in_call(struct thread *thread)
{
    struct signal_state *state = signal_state(thread);

    if (thread->frame->restore & LEAVE_CONTEXT)
        state->published = state->leave;
    else
        context_from_frame(&state->published, thread->frame);
}

/* Calls whose only purpose is to go on elsewhere: a context published (and written back by the suspender)
 * before that would undo them. They never block, so the suspender waits for their end. */
static bool is_replacing_context(const struct syscall_frame *frame)
{
    uint32_t id = (uint32_t)frame->id; /* the upper half is not written */

    return (id == SYSCALL_NtContinue || id == SYSCALL_NtRaiseException) &&
           !(frame->restore & LEAVE_CONTEXT);
}

static void handle_suspend(int number, siginfo_t *info, void *pointer)
{
    struct thread *thread = current_thread;
    struct signal_state *state = thread ? signal_state(thread) : NULL;
    ucontext_t *uc = pointer;
    int saved_errno = errno;
    bool is_answer_due = true;

    (void)number;
    (void)info;
    if (!state)
        return;
    settle_leaving(thread, uc);
    if (!is_in_program(thread, uc)) {
        bool ends = atomic_load(&state->terminate);

        /* The word too, for a wait that has looked at `terminating` but does not sleep yet. */
        if (ends) {
            thread->terminating = true;
            atomic_fetch_add(&thread->alert_word, 1);
        }
        /* There is a frame: until there is one, these signals are blocked (dispatcher_run_guest). */
        is_answer_due = !is_replacing_context(thread->frame);
        if (is_answer_due && atomic_load(&state->where) == WHERE_ASKED)
            publish_in_call(thread);
        __atomic_fetch_or(&thread->frame->restore, ends ? LEAVE_TERMINATE : LEAVE_SUSPENDED,
                          __ATOMIC_RELEASE);
        if (is_answer_due && atomic_load(&state->where) == WHERE_ASKED)
            set_where(state, WHERE_IN_SYSCALL);
        errno = saved_errno;
        return;
    }
    if (atomic_load(&state->suspend_count) && !atomic_load(&state->terminate)) {
        context_from_ucontext(&state->published, uc);
        stand(state, WHERE_PARKED);
        if (atomic_exchange(&state->context_changed, false))
            context_to_ucontext(uc, &state->published);
    }
    if (atomic_load(&state->terminate))
        redirect_to_end(thread, uc);
    errno = saved_errno;
}

void suspend_leave(struct thread *thread, struct syscall_frame *frame, uint64_t result)
{
    struct signal_state *state = signal_state(thread);

    __atomic_fetch_and(&frame->restore, ~(uint64_t)(LEAVE_SUSPENDED | LEAVE_TERMINATE),
                       __ATOMIC_ACQ_REL);
    if (atomic_load(&state->where) == WHERE_ASKED)
        publish_in_call(thread);
    stand(state, WHERE_IN_SYSCALL);
    if (atomic_load(&state->terminate))
        thread_exit(state->terminate_status);
    if (!atomic_exchange(&state->context_changed, false))
        return;
    /* The call's result was not known when the registers were published, with Rax 0. Who gave
     * that back unchanged, as GetThreadContext followed by SetThreadContext does, must not
     * destroy it. */
    if (!state->published.context.Rax && !(frame->restore & LEAVE_CONTEXT))
        state->published.context.Rax = result;
    leave_with_context(thread, &state->published);
}

void suspend_init_suspended(struct thread *thread)
{
    struct signal_state *state = signal_state(thread);

    atomic_store(&state->suspend_count, 1);
    atomic_store(&state->where, WHERE_ASKED);
}

bool suspend_park_before_start(struct thread *thread, CONTEXT *context, uint32_t *exit_status)
{
    struct signal_state *state = signal_state(thread);

    memset(&state->published, 0, sizeof(state->published));
    state->published.context = *context;
    stand(state, WHERE_PARKED);
    if (atomic_load(&state->terminate)) {
        *exit_status = state->terminate_status;
        return false;
    }
    if (atomic_exchange(&state->context_changed, false))
        *context = state->published.context;
    return true;
}

void suspend_exit_thread(struct signal_state *state)
{
    set_where(state, WHERE_EXITED);
}

void suspend_init_process(void)
{
    struct sigaction action = {.sa_sigaction = handle_suspend,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};

    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGNAL_SUSPEND);
    sigaddset(&action.sa_mask, SIGNAL_TERMINATE);
    sigaction(SIGNAL_SUSPEND, &action, NULL);
    action.sa_flags &= ~SA_RESTART;
    sigaction(SIGNAL_TERMINATE, &action, NULL);
}

/* --- The suspender's side --- */

/* The signal_state of a thread of ours, with a reference. STATUS_THREAD_IS_TERMINATING once it has
 * ended. */
static NTSTATUS get_state(struct thread_object *object, struct signal_state **out)
{
    process_lock_threads();
    *out = object->thread ? signal_state(object->thread) : NULL;
    if (*out)
        atomic_fetch_add(&(*out)->references, 1);
    process_unlock_threads();
    return *out ? STATUS_SUCCESS : STATUS_THREAD_IS_TERMINATING;
}

static bool is_self(const struct signal_state *state)
{
    return state == signal_state(current_thread);
}

static void await_answer(struct signal_state *state)
{
    while (atomic_load(&state->where) == WHERE_ASKED)
        futex_wait(&state->where, WHERE_ASKED);
}

/* Under suspend_lock. Returns when the target stands or cannot go on into the program. */
static NTSTATUS suspend(struct signal_state *state, ULONG *previous)
{
    uint32_t count = atomic_load(&state->suspend_count), where;

    *previous = count;
    if (count >= MAXIMUM_SUSPEND_COUNT)
        return STATUS_SUSPEND_COUNT_EXCEEDED;
    if (atomic_load(&state->where) == WHERE_EXITED)
        return STATUS_THREAD_IS_TERMINATING;
    if (is_self(state)) {
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
    futex_wake(&state->change);
    if (where == WHERE_EXITED || syscall(SYS_tgkill, getpid(), state->tid, SIGNAL_SUSPEND))
        return STATUS_THREAD_IS_TERMINATING;
    await_answer(state);
    return STATUS_SUCCESS;
}

static void resume(struct signal_state *state, ULONG *previous)
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
    futex_wake(&state->change);
}

NTSTATUS thread_object_suspend(struct thread_object *object, ULONG *previous)
{
    struct signal_state *state;
    NTSTATUS status;

    if (object->process)
        return remote_thread_suspend(object, false, previous);
    status = get_state(object, &state);
    if (status)
        return status;
    pthread_mutex_lock(&suspend_lock);
    status = suspend(state, previous);
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
    if (get_state(object, &state))
        return STATUS_SUCCESS;
    pthread_mutex_lock(&suspend_lock);
    resume(state, previous);
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

/* Calls `action` for all threads of the process but the calling one. The states are collected first, since a target
 * on its way out needs the thread lock. */
static void for_other_threads(void (*action)(struct signal_state *))
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

    suspend(state, &previous);
}

static void resume_one(struct signal_state *state)
{
    ULONG previous;

    resume(state, &previous);
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
    for_other_threads(action);
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

/* --- Contexts --- */

/* Of a thread of this process; its extended state comes in *now. */
static NTSTATUS get_context(struct thread_object *object, CONTEXT *context,
                            struct register_state *now)
{
    struct signal_state *state;
    ULONG count;
    NTSTATUS status = get_state(object, &state);

    if (status)
        return status;
    pthread_mutex_lock(&suspend_lock);
    if (is_self(state)) {
        context_from_frame(now, current_thread->frame);
    } else if (!(status = suspend(state, &count))) {
        if (atomic_load(&state->where) == WHERE_EXITED)
            status = STATUS_THREAD_IS_TERMINATING;
        *now = state->published;
        resume(state, &count);
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
    status = get_state(object, &state);
    if (status)
        return status;
    pthread_mutex_lock(&suspend_lock);
    if ((given->context.ContextFlags & CONTEXT_DEBUG_REGISTERS) == CONTEXT_DEBUG_REGISTERS)
        memcpy(state->debug_registers, &given->context.Dr0, sizeof(state->debug_registers));
    if (is_self(state)) {
        struct register_state *leave = &state->leave;

        context_from_frame(leave, current_thread->frame);
        context_merge(&leave->context, &given->context, given->context.ContextFlags);
        leave_with_context(current_thread, leave);
    } else if (!(status = suspend(state, &count))) {
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
        resume(state, &count);
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

/* --- Ending threads --- */

static void ask_to_end(struct signal_state *state)
{
    atomic_store(&state->terminate, true);
    atomic_fetch_add(&state->change, 1);
    futex_wake(&state->change);
    syscall(SYS_tgkill, getpid(), state->tid, SIGNAL_TERMINATE);
}

NTSTATUS thread_object_terminate(struct thread_object *object, uint32_t status)
{
    struct signal_state *state;

    if (object->process)
        return remote_thread_terminate(object, status);
    /* Windows: ending a thread that has ended is no error. */
    if (get_state(object, &state))
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
    suspend(state, &previous);
}

void terminate_other_threads(uint32_t status)
{
    pthread_mutex_lock(&suspend_lock);
    terminate_all_status = status;
    for_other_threads(stop_for_ever);
    pthread_mutex_unlock(&suspend_lock);
}
