/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Faults of the program as Windows exceptions, register contexts, suspension. The files:
 *   signal.c         the handlers: what happened, and whose fault it is
 *   signal_decode.c  what an instruction that trapped was
 *   context.c        CONTEXT <-> ucontext and the system call frame, NtContinue
 *   exception.c      building the frame for KiUserExceptionDispatcher, NtRaiseException
 *   suspend*.c       stopping threads, for their contexts and their end too (suspend.h)
 *   signal_asm.S     loading all registers
 */
#ifndef DECANT_NTDLL_UNIX_SIGNAL_H
#define DECANT_NTDLL_UNIX_SIGNAL_H

#include <signal.h>
#include <ucontext.h>

#include "unix.h"

/* Where the program's half takes an exception; found by main.c in ntdll.dll. */
extern void *pKiUserExceptionDispatcher;

/* Installs the handlers; once, before the first thread. */
void signal_init_process(void);
/* Gives the calling thread its alternate stack and its signal_state. */
NTSTATUS signal_init_thread(struct thread *thread);
/* Undoes it, on the thread itself; nothing of the program runs on it afterwards. */
void signal_exit_thread(struct thread *thread);

/* --- Between these files ---------------------------------------------------------------------- */

/* Real-time signals of ours. The first has SA_RESTART; the second has not, so that blocking calls
 * end with EINTR and can look at thread->terminating. */
#define SIGNAL_SUSPEND   (SIGRTMIN + 3)
#define SIGNAL_TERMINATE (SIGRTMIN + 4)

/* Bits of syscall_frame.restore: why the way back to the program is not the short one. */
#define LEAVE_CONTEXT   1 /* signal_state.leave holds all registers to continue with */
#define LEAVE_SUSPENDED 2 /* the suspend count is not 0 */
#define LEAVE_TERMINATE 4 /* the thread has to end */

/* The CPU's extended state behind the 512 bytes of FXSAVE, in the standard (not compacted) XSAVE
 * format, which both Linux' signal frames and Windows' contexts use. Up to AVX-512's last component
 * (2688); what the CPU has beyond (PKRU, AMX) is no part of a Windows context. */
#define XSAVE_LEGACY_BYTES 512
#define XSAVE_BYTES        2688
#define XSAVE_MASK         0xe7ull /* x87, SSE, AVX, opmask, ZMM high, ZMM16-31 */

/* All registers of a thread. Known to signal_asm.S. */
struct register_state {
    uint8_t xsave[XSAVE_BYTES] __attribute__((aligned(64))); /* legacy part unused: see context */
    CONTEXT context;
    uint64_t xmask; /* components of `xsave` behind the legacy ones that are valid */
};

enum thread_whereabouts {
    WHERE_RUNNING,
    WHERE_ASKED,     /* the suspend signal is on its way */
    WHERE_PARKED,    /* stands in the handler or before its first instruction */
    WHERE_IN_SYSCALL,/* in a call of ours; stops before it returns to the program */
    WHERE_EXITED,
};

struct signal_state {
    struct register_state leave;     /* LEAVE_CONTEXT: what to continue with */
    struct register_state published; /* while suspended: what GetThreadContext sees */
    _Atomic uint32_t references;     /* the thread's and those of suspenders */
    _Atomic uint32_t suspend_count;
    _Atomic uint32_t where;          /* enum thread_whereabouts; a futex */
    _Atomic uint32_t change;         /* counts suspends and resumes; a futex for the parked */
    _Atomic bool context_changed;    /* `published` was set by somebody: to be applied */
    _Atomic bool terminate;
    uint32_t terminate_status;
    uint64_t debug_registers[6];     /* Dr0-3, Dr6, Dr7: stored, not armed */
    void *alternate_stack;
    pid_t tid;
};

static inline struct signal_state *signal_state(const struct thread *thread)
{
    return thread->signal_state;
}
void signal_state_release(struct signal_state *state);

/* context.c */
void context_from_ucontext(struct register_state *out, const ucontext_t *uc);
void context_to_ucontext(ucontext_t *uc, const struct register_state *in);
void context_from_frame(struct register_state *out, const struct syscall_frame *frame);
/* Copies the parts that `flags` names. */
void context_merge(CONTEXT *to, const CONTEXT *from, ULONG flags);
/* Reads a CONTEXT of the program, with its extended state if it has one. */
NTSTATUS context_copy_in(struct register_state *out, const CONTEXT *guest);
/* The features that a context can carry: known to us, the CPU and the kernel. 0 without XSAVE. */
uint64_t context_xstate_features(void);
/* Writes the extended state behind a CONTEXT of the program, if it was made with room for some. */
NTSTATUS context_copy_out_xstate(const struct register_state *in, CONTEXT *guest);
/* The thread's way out of the running system call is with these registers. `state` may be &leave. */
void leave_with_context(struct thread *thread, const struct register_state *state);
/* Called by dispatcher.S when frame->restore is set; returns the call's result or not at all. */
uint64_t syscall_leave(struct syscall_frame *frame, uint64_t result);

/* signal_asm.S: loads everything from *state, which must be the thread's signal_state.leave, unless
 * something else than that is to be done before (frame->restore): then returns. */
void registers_load(const struct register_state *state, const struct syscall_frame *frame);

/* Ranges of code in which a signal finds neither the program nor a call that will look at
 * frame->restore again (signal_asm.S, dispatcher.S). Compared by address only. */
extern const char registers_load_check[], registers_load_past_check[], registers_load_end[];
extern const char dispatcher_saved[], dispatcher_on_linux_stack[];
extern const char dispatcher_check[], dispatcher_past_check[], dispatcher_return_end[];

/* signal.c: for a thread on its way out of a call. Between reading frame->restore and the jump on what was read, the
 * flags are out of date once a handler sets it: it reads again. Past the jump, its way to the program is
 * finished in `uc`. Afterwards `uc` is either the program or inside a call that will look. */
void settle_leaving(struct thread *thread, ucontext_t *uc);
/* Whether `uc` is the program's own; else it is inside a call of ours. */
bool is_in_program(const struct thread *thread, const ucontext_t *uc);

/* signal_decode.c */
bool is_privileged_instruction(const uint8_t *code, size_t bytes);
/* Reads the divisor of the div/idiv at `code`; false if it is none or unreadable. */
bool divisor_is_zero(const uint8_t *code, size_t bytes, const CONTEXT *context, bool *is_zero);

/* exception.c */
/* Lays the exception on the program's stack and changes `state` to continue at
 * KiUserExceptionDispatcher. Fails when the stack cannot take it. */
NTSTATUS exception_push(struct register_state *state, EXCEPTION_RECORD *record);
/* Says in one line what nobody handled and ends the process. */
void exception_unhandled(const EXCEPTION_RECORD *record, const CONTEXT *context)
    __attribute__((noreturn));

/* suspend_target.c */
void suspend_init_process(void);
void suspend_exit_thread(struct signal_state *state); /* lets go whoever waits for the thread */
/* Waits, or ends the thread, as the bits of frame->restore say, and takes them away. */
void suspend_leave(struct thread *thread, struct syscall_frame *frame, uint64_t result);

#endif
