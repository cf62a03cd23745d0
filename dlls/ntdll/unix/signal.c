/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The handlers of faults: decide whose fault it was and what Windows calls it.
 *
 * A fault on the thread's Linux stack is ours: a bad pointer that the program gave to a system call
 * (guest_try) or a bug of Decant's. A fault anywhere else is the program's, whatever stack it
 * made itself (fibers), and becomes an exception at KiUserExceptionDispatcher.
 *
 * The handlers run on an alternate stack and change only the ucontext: the way out is always
 * sigreturn, which restores the signal mask and all registers at once. They do not block their own signals, so
 * a fault on the program's stack while the exception is laid there comes back here, with
 * guest_try active.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dispatcher.h"
#include "signal.h"
#include "virtual.h"

#define ALTERNATE_STACK_BYTES (128 * 1024)
#define MAIN_STACK_BYTES      (8 * 1024 * 1024)

/* CPU exception numbers (Intel SDM volume 3, table 6-1), as in gregs[REG_TRAPNO]. */
enum trap {
    TRAP_DIVIDE = 0, TRAP_DEBUG = 1, TRAP_BREAKPOINT = 3, TRAP_OVERFLOW = 4, TRAP_BOUND = 5,
    TRAP_OPCODE = 6, TRAP_SEGMENT = 11, TRAP_STACK = 12, TRAP_PROTECTION = 13, TRAP_PAGE = 14,
    TRAP_X87 = 16, TRAP_ALIGNMENT = 17, TRAP_SIMD = 19,
};

#define EFLAGS_TRAP 0x100u

void *pKiUserExceptionDispatcher;

/* Whether this stack pointer is on the thread's Linux stack. */
static bool is_on_linux_stack(const struct thread *thread, uint64_t rsp)
{
    const struct signal_state *state = signal_state(thread);
    uint64_t low = (uint64_t)(uintptr_t)thread->linux_stack;
    uint64_t alternate = (uint64_t)(uintptr_t)state->alternate_stack;

    return (rsp >= low && rsp - low <= thread->linux_stack_bytes) ||
           (rsp >= alternate && rsp - alternate <= ALTERNATE_STACK_BYTES);
}

static bool is_between(uint64_t rip, const char *first, const char *end)
{
    return rip >= (uintptr_t)first && rip < (uintptr_t)end;
}

void settle_leaving(struct thread *thread, ucontext_t *uc)
{
    greg_t *regs = uc->uc_mcontext.gregs;
    uint64_t rip = (uint64_t)regs[REG_RIP];

    if (is_between(rip, registers_load_past_check, registers_load_end)) {
        context_to_ucontext(uc, &signal_state(thread)->leave);
        thread->frame->restore = 0;
    } else if (is_between(rip, dispatcher_past_check, dispatcher_return_end)) {
        regs[REG_RIP] = (greg_t)thread->frame->rip;
        regs[REG_RSP] = (greg_t)thread->frame->rsp;
        regs[REG_RBX] = (greg_t)thread->frame->rbx;
        regs[REG_RBP] = (greg_t)thread->frame->rbp;
    } else if (is_between(rip, dispatcher_check, dispatcher_past_check)) {
        regs[REG_RIP] = (greg_t)(uintptr_t)dispatcher_check;
    } else if (is_between(rip, registers_load_check, registers_load_past_check)) {
        regs[REG_RIP] = (greg_t)(uintptr_t)registers_load_check;
    }
}

bool is_in_program(const struct thread *thread, const ucontext_t *uc)
{
    const greg_t *regs = uc->uc_mcontext.gregs;

    return !is_on_linux_stack(thread, (uint64_t)regs[REG_RSP]) &&
           !is_between((uint64_t)regs[REG_RIP], dispatcher_saved, dispatcher_on_linux_stack);
}

/* --- Decant's own faults --- */

static void crash(int number, const siginfo_t *info, const ucontext_t *uc)
{
    const greg_t *regs = uc->uc_mcontext.gregs;
    const struct thread *thread = current_thread;
    struct sigaction fatal = {.sa_handler = SIG_DFL};
    Dl_info where = {0};
    void *rip = (void *)(uintptr_t)regs[REG_RIP];
    const char *name = "?";
    uint32_t id = 0;

    if (dladdr(rip, &where) && where.dli_fname)
        name = strrchr(where.dli_fname, '/') ? strrchr(where.dli_fname, '/') + 1 : where.dli_fname;
    if (thread && thread->frame)
        id = (uint32_t)thread->frame->id;
    report_error("internal error: signal %d at %s+0x%zx (%s), address %p, thread %d, system call %s; "
                 "please report this",
                 number, name, (size_t)((char *)rip - (char *)where.dli_fbase),
                 where.dli_sname ? where.dli_sname : "?", info->si_addr, (int)gettid(),
                 thread && thread->frame ? syscall_name(id) : "none");
    sigaction(SIGABRT, &fatal, NULL);
    sigaction(number, &fatal, NULL);
    raise(SIGABRT);
}

/* A fault inside a system call. Returns whether the call goes on. */
static bool handle_our_fault(struct thread *thread, ucontext_t *uc)
{
    struct guest_jump *jump = thread->guest_jump;
    greg_t *regs = uc->uc_mcontext.gregs;

    if (!jump)
        return false;
    /* Back to guest_setjmp, through the ucontext so that the signal mask is restored too. */
    thread->guest_jump = jump->previous;
    regs[REG_RBX] = (greg_t)(uintptr_t)jump->regs[0];
    regs[REG_RBP] = (greg_t)(uintptr_t)jump->regs[1];
    regs[REG_RSP] = (greg_t)(uintptr_t)jump->regs[2];
    regs[REG_R12] = (greg_t)(uintptr_t)jump->regs[3];
    regs[REG_R13] = (greg_t)(uintptr_t)jump->regs[4];
    regs[REG_R14] = (greg_t)(uintptr_t)jump->regs[5];
    regs[REG_R15] = (greg_t)(uintptr_t)jump->regs[6];
    regs[REG_RIP] = (greg_t)(uintptr_t)jump->regs[7];
    regs[REG_RAX] = 1;
    regs[REG_EFL] &= ~0x400; /* the direction flag, should a copy have gone backwards */
    return true;
}

/* --- The program's faults --- */

/* The code at rip, as much of it as is readable, at most 15 bytes (the longest instruction). */
static size_t read_code(uint64_t rip, uint8_t *code)
{
    size_t bytes = 15, page_rest = PAGE_BYTES - (rip & PAGE_OFFSET);

    if (!guest_copy_in(code, (void *)(uintptr_t)rip, bytes))
        return bytes;
    if (page_rest < bytes && !guest_copy_in(code, (void *)(uintptr_t)rip, page_rest))
        return page_rest;
    return 0;
}

static void set_access(EXCEPTION_RECORD *record, NTSTATUS code, ULONG_PTR access,
                       ULONG_PTR address)
{
    record->ExceptionCode = (DWORD)code;
    record->NumberParameters = 2;
    record->ExceptionInformation[0] = access;
    record->ExceptionInformation[1] = address;
}

/* The status that virtual_handle_fault gave for a page fault. */
static void describe_page_fault(EXCEPTION_RECORD *record, NTSTATUS status, uint64_t error,
                                uint64_t address)
{
    ULONG_PTR access = error & FAULT_FETCH ? EXCEPTION_EXECUTE_FAULT
                       : error & FAULT_WRITE ? EXCEPTION_WRITE_FAULT
                                             : EXCEPTION_READ_FAULT;

    set_access(record, status, access, address);
    if (status == STATUS_IN_PAGE_ERROR) {
        record->NumberParameters = 3;
        record->ExceptionInformation[2] = (ULONG_PTR)(ULONG)STATUS_END_OF_FILE;
    }
}

/* #GP. `int n` to a gate that user mode may not use names the gate in the error code. */
static void describe_protection_fault(EXCEPTION_RECORD *record, struct register_state *state,
                                      uint64_t error)
{
    CONTEXT *context = &state->context;
    uint8_t code[15];
    size_t bytes;

    if ((error & 7) == 2) {
        switch (error >> 3) {
        case 0x29: /* __fastfail: no handler sees it */
            record->ExceptionCode = (DWORD)STATUS_STACK_BUFFER_OVERRUN;
            record->ExceptionFlags = EXCEPTION_NONCONTINUABLE;
            record->NumberParameters = 1;
            record->ExceptionInformation[0] = (ULONG)context->Rcx;
            exception_unhandled(record, context);
        case 0x2c:
            record->ExceptionCode = (DWORD)STATUS_ASSERTION_FAILURE;
            context->Rip += 2;
            return;
        case 0x2d: /* the kernel's debug print: rip behind it and the byte that follows */
            context->Rip += 3;
            record->ExceptionAddress = (void *)(ULONG_PTR)context->Rip;
            record->ExceptionCode = (DWORD)STATUS_BREAKPOINT;
            record->NumberParameters = 1;
            record->ExceptionInformation[0] = context->Rax;
            context->Rip--; /* as for int3 */
            return;
        }
    }
    bytes = read_code(context->Rip, code);
    if (bytes && is_privileged_instruction(code, bytes)) {
        record->ExceptionCode = (DWORD)STATUS_PRIVILEGED_INSTRUCTION;
        return;
    }
    /* A non-canonical address, a misaligned SSE operand …: Windows knows no address either. */
    set_access(record, STATUS_ACCESS_VIOLATION, EXCEPTION_READ_FAULT, ~(ULONG_PTR)0);
}

/* Status bits of x87 and SSE stand in the same order: invalid, denormal, zero divide, overflow,
 * underflow, precision. Windows reports the first that is set and not masked, in this order. */
static DWORD floating_point_code(unsigned raised)
{
    static const struct {
        unsigned bit;
        NTSTATUS code;
    } codes[] = {
        {0x01, STATUS_FLOAT_INVALID_OPERATION}, {0x04, STATUS_FLOAT_DIVIDE_BY_ZERO},
        {0x02, STATUS_FLOAT_DENORMAL_OPERAND},  {0x08, STATUS_FLOAT_OVERFLOW},
        {0x10, STATUS_FLOAT_UNDERFLOW},         {0x20, STATUS_FLOAT_INEXACT_RESULT},
    };

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (raised & codes[i].bit)
            return (DWORD)codes[i].code;
    return (DWORD)STATUS_FLOAT_INVALID_OPERATION;
}

static void describe_divide(EXCEPTION_RECORD *record, const CONTEXT *context)
{
    uint8_t code[15];
    size_t bytes = read_code(context->Rip, code);
    bool is_zero = true;

    if (!bytes || !divisor_is_zero(code, bytes, context, &is_zero))
        is_zero = true;
    record->ExceptionCode =
        (DWORD)(is_zero ? STATUS_INTEGER_DIVIDE_BY_ZERO : STATUS_INTEGER_OVERFLOW);
}

static void describe(EXCEPTION_RECORD *record, struct register_state *state, const ucontext_t *uc,
                     int number, const siginfo_t *info, NTSTATUS page_status)
{
    CONTEXT *context = &state->context;
    const XSAVE_FORMAT *fpu = &context->FltSave;
    uint64_t error = (uint64_t)uc->uc_mcontext.gregs[REG_ERR];

    switch (uc->uc_mcontext.gregs[REG_TRAPNO]) {
    case TRAP_DIVIDE:
        describe_divide(record, context);
        break;
    case TRAP_DEBUG:
        record->ExceptionCode = (DWORD)STATUS_SINGLE_STEP;
        break;
    case TRAP_BREAKPOINT:
        /* Windows shows the int3 itself, in both places; a handler that wants to go on adds 1. */
        context->Rip--;
        record->ExceptionAddress = (void *)(ULONG_PTR)context->Rip;
        record->ExceptionCode = (DWORD)STATUS_BREAKPOINT;
        record->NumberParameters = 1;
        break;
    case TRAP_OVERFLOW:
        record->ExceptionCode = (DWORD)STATUS_INTEGER_OVERFLOW;
        break;
    case TRAP_BOUND:
        record->ExceptionCode = (DWORD)STATUS_ARRAY_BOUNDS_EXCEEDED;
        break;
    case TRAP_OPCODE:
        record->ExceptionCode = (DWORD)STATUS_ILLEGAL_INSTRUCTION;
        break;
    case TRAP_PAGE:
        describe_page_fault(record, page_status, error, (uint64_t)(uintptr_t)info->si_addr);
        break;
    case TRAP_X87:
        /* A stack fault is an invalid operation with bit 6 set besides; it has no mask of its own. */
        record->ExceptionCode = (fpu->StatusWord & 0x41) == 0x41 && !(fpu->ControlWord & 1)
                                    ? (DWORD)STATUS_FLOAT_STACK_CHECK
                                    : floating_point_code(fpu->StatusWord & ~fpu->ControlWord);
        record->NumberParameters = 1;
        break;
    case TRAP_SIMD:
        record->ExceptionCode = floating_point_code(context->MxCsr & ~(context->MxCsr >> 7));
        record->NumberParameters = 2;
        record->ExceptionInformation[1] = context->MxCsr;
        break;
    case TRAP_ALIGNMENT:
        record->ExceptionCode = (DWORD)STATUS_DATATYPE_MISALIGNMENT;
        break;
    case TRAP_SEGMENT:
    case TRAP_STACK:
    case TRAP_PROTECTION:
        describe_protection_fault(record, state, error);
        break;
    default:
        record->ExceptionCode =
            (DWORD)(number == SIGILL ? STATUS_ILLEGAL_INSTRUCTION : STATUS_ACCESS_VIOLATION);
    }
}

static void handle_fault(int number, siginfo_t *info, void *pointer)
{
    struct thread *thread = current_thread;
    ucontext_t *uc = pointer;
    greg_t *regs = uc->uc_mcontext.gregs;
    EXCEPTION_RECORD record = {0};
    struct register_state state;
    NTSTATUS status = STATUS_ACCESS_VIOLATION;
    bool is_ours;

    /* Sent by kill(2): not a fault. */
    if (info->si_code <= 0 || !thread || !thread->signal_state) {
        crash(number, info, uc);
        return;
    }
    is_ours = is_on_linux_stack(thread, (uint64_t)regs[REG_RSP]);
    if ((number == SIGSEGV || number == SIGBUS) && regs[REG_TRAPNO] == TRAP_PAGE) {
        uint64_t rsp = is_ours && thread->frame ? thread->frame->rsp : (uint64_t)regs[REG_RSP];

        status = virtual_handle_fault(info->si_addr,
                                      (uint32_t)regs[REG_ERR] |
                                          (number == SIGBUS ? FAULT_BEYOND_FILE : 0),
                                      rsp);
        if (!status)
            return;
    }
    if (is_ours) {
        /* A program that single-steps into a system call: Windows' kernel is not stepped through. */
        if (regs[REG_TRAPNO] == TRAP_DEBUG) {
            regs[REG_EFL] &= ~(greg_t)EFLAGS_TRAP;
            return;
        }
        /* iretq to an address that is none faults where it stands, but is the program's doing. */
        if (is_between((uint64_t)regs[REG_RIP], registers_load_past_check, registers_load_end)) {
            settle_leaving(thread, uc);
        } else {
            if (!handle_our_fault(thread, uc))
                crash(number, info, uc);
            return;
        }
    }
    context_from_ucontext(&state, uc);
    record.ExceptionAddress = (void *)(ULONG_PTR)state.context.Rip;
    describe(&record, &state, uc, number, info, status);
    /* The handlers of the program do not run with its trap flag; NtContinue brings it back only if
     * they set it again (they see it cleared, as on Windows). */
    state.context.EFlags &= ~EFLAGS_TRAP;
    trace(TRACE_SEH, "exception %08x at %p, %p %p", (unsigned)record.ExceptionCode,
          record.ExceptionAddress, (void *)record.ExceptionInformation[0],
          (void *)record.ExceptionInformation[1]);
    if (exception_push(&state, &record))
        exception_unhandled(&record, &state.context);
    context_to_ucontext(uc, &state);
}

/* --- Setting up --- */

void signal_init_process(void)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
    struct sigaction action = {.sa_sigaction = handle_fault,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER};

    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGNAL_SUSPEND);
    sigaddset(&action.sa_mask, SIGNAL_TERMINATE);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        sigaction(faults[i], &action, NULL);
    /* A program that writes to a closed pipe gets an error from WriteFile. */
    signal(SIGPIPE, SIG_IGN);
    suspend_init_process();
}

static void find_linux_stack(struct thread *thread)
{
    pthread_attr_t attributes;

    if (thread->linux_stack)
        return;
    /* Linux' first stack grows, up to its limit; glibc would parse /proc/self/maps for it. */
    if (gettid() == getpid()) {
        char *here = __builtin_frame_address(0);

        thread->linux_stack = here - MAIN_STACK_BYTES;
        thread->linux_stack_bytes = MAIN_STACK_BYTES + 0x10000;
        return;
    }
    if (!pthread_getattr_np(pthread_self(), &attributes)) {
        pthread_attr_getstack(&attributes, &thread->linux_stack, &thread->linux_stack_bytes);
        pthread_attr_destroy(&attributes);
    }
}

/* One mapping: a guard page, the alternate stack, the state. */
#define STATE_BYTES ((sizeof(struct signal_state) + PAGE_OFFSET) & ~PAGE_OFFSET)
#define BLOCK_BYTES (PAGE_BYTES + ALTERNATE_STACK_BYTES + STATE_BYTES)

NTSTATUS signal_init_thread(struct thread *thread)
{
    char *block = mmap(NULL, BLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                       0);
    struct signal_state *state;
    stack_t stack = {.ss_size = ALTERNATE_STACK_BYTES};

    if (block == MAP_FAILED)
        return STATUS_NO_MEMORY;
    mprotect(block, PAGE_BYTES, PROT_NONE);
    state = (struct signal_state *)(block + PAGE_BYTES + ALTERNATE_STACK_BYTES);
    state->alternate_stack = stack.ss_sp = block + PAGE_BYTES;
    state->references = 1;
    state->tid = gettid();
    find_linux_stack(thread);
    thread->signal_state = state;
    sigaltstack(&stack, NULL);
    return STATUS_SUCCESS;
}

void signal_state_release(struct signal_state *state)
{
    if (atomic_fetch_sub(&state->references, 1) == 1)
        munmap((char *)state->alternate_stack - PAGE_BYTES, BLOCK_BYTES);
}

void signal_exit_thread(struct thread *thread)
{
    struct signal_state *state = thread->signal_state;
    stack_t none = {.ss_flags = SS_DISABLE};
    sigset_t all;

    if (!state)
        return;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    sigaltstack(&none, NULL);
    suspend_exit_thread(state);
    thread->signal_state = NULL;
    signal_state_release(state);
}
