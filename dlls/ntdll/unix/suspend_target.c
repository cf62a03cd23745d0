/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The target's side of suspension: the handler of the signals that stop and end a thread, and where it stands. The
 * protocol is in suspend.h.
 */
#include <errno.h>
#include <string.h>

#include "dispatcher.h"
#include "suspend.h"
#include "sync.h"
#include "thread.h"

static void set_where(struct signal_state *state, enum thread_whereabouts where)
{
    atomic_store(&state->where, where);
    suspend_futex_wake(&state->where);
}

/* Stands until the suspend count is 0 or the thread has to end. */
static void stand(struct signal_state *state, enum thread_whereabouts where)
{
    for (;;) {
        uint32_t change = atomic_load(&state->change);

        if (!atomic_load(&state->suspend_count) || atomic_load(&state->terminate))
            return;
        if (atomic_load(&state->where) != where)
            set_where(state, where);
        suspend_futex_wait(&state->change, change);
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

        /* The alert is for a wait that has looked at `terminating` but does not sleep yet. */
        if (ends) {
            thread->terminating = true;
            thread_alert(thread);
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
