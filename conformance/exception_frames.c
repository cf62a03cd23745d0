/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Frame-based handlers: whom the dispatcher asks in which order and with what, unwinding to a target,
 * exceptions and unwinds inside handlers (nested, collided), dispositions that are errors, longjmp
 * through frames.
 *
 * GCC has no __try, so the frames are functions of assembler with a handler in their unwind information.
 *
 * Sources: [D] "x64 exception handling", RtlUnwindEx, RaiseException and EXCEPTION_RECORD of Microsoft's
 * documentation, winnt.h for the flags and DISPATCHER_CONTEXT; [W] Wine's ntdll/tests/exception.c, which
 * passes on Windows (nested exceptions, collided unwinds, dispositions).
 */
#include <setjmp.h>

#include "conformance.h"

#define FLAG_UNWINDING 0x02
#define FLAG_NESTED    0x10
#define FLAG_TARGET    0x20
#define FLAG_COLLIDED  0x40

#define CODE_UNWIND 0xc0000027 /* STATUS_UNWIND */

/* winnt.h of mingw lacks the type in older versions. */
struct dispatcher {
    ULONG64 ControlPc, ImageBase;
    RUNTIME_FUNCTION *FunctionEntry;
    ULONG64 EstablisherFrame, TargetIp;
    CONTEXT *ContextRecord;
    void *LanguageHandler, *HandlerData, *HistoryTable;
    ULONG ScopeIndex;
};

typedef EXCEPTION_DISPOSITION (*frame_handler)(EXCEPTION_RECORD *record, void *frame,
                                               CONTEXT *context, struct dispatcher *dispatch);

/* Calls function(argument) in a frame whose handler is `handler`. An unwind to the frame with
 * `frame_return` as its target makes it return the unwind's value. */
ULONG_PTR frame_call(ULONG_PTR (*function)(void *), void *argument, frame_handler handler);
extern const char frame_return[];
__asm__(".text\n"
        ".balign 16\n"
        ".globl frame_call\n"
        ".seh_proc frame_call\n"
        "frame_call:\n"
        "    subq $0x38, %rsp\n"
        "    .seh_stackalloc 0x38\n"
        "    .seh_endprologue\n"
        "    movq %r8, 0x20(%rsp)\n"
        "    movq %rcx, %rax\n"
        "    movq %rdx, %rcx\n"
        "    call *%rax\n"
        ".globl frame_return\n"
        "frame_return:\n"
        "    nop\n"
        "    addq $0x38, %rsp\n"
        "    ret\n"
        "    .seh_handler frame_language_handler, @except, @unwind\n"
        "    .seh_endproc\n");

EXCEPTION_DISPOSITION frame_language_handler(EXCEPTION_RECORD *record, void *frame,
                                             CONTEXT *context, struct dispatcher *dispatch);

EXCEPTION_DISPOSITION frame_language_handler(EXCEPTION_RECORD *record, void *frame,
                                             CONTEXT *context, struct dispatcher *dispatch)
{
    return (*(frame_handler *)((char *)frame + 0x20))(record, frame, context, dispatch);
}

/* What the handlers were called with, in order. */
static struct call {
    char name;
    DWORD code, flags;
    void *frame;
} calls[64];
static int call_count;

static void note(char name, const EXCEPTION_RECORD *record, void *frame)
{
    if (call_count < 64)
        calls[call_count++] = (struct call){name, record->ExceptionCode,
                                            record->ExceptionFlags & 0x7f, frame};
}

/* "A:0 B:2 …": each call's name and flags in hexadecimal. */
static const char *told(void)
{
    static char text[512];
    size_t length = 0;

    text[0] = 0;
    for (int i = 0; i < call_count && length < sizeof(text) - 16; i++)
        length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%c:%lx", i ? " " : "",
                                   calls[i].name, calls[i].flags);
    return text;
}
#define CHECK_CALLS(expected) ok(!strcmp(told(), expected), "%s, not %s", told(), expected)

static ULONG_PTR raise_it(void *code)
{
    ULONG_PTR parameters[2] = {11, 22};

    RaiseException((DWORD)(ULONG_PTR)code, 0, 2, parameters);
    return 99;
}

static EXCEPTION_DISPOSITION pass_c(EXCEPTION_RECORD *record, void *frame, CONTEXT *context,
                                    struct dispatcher *dispatch)
{
    (void)context, (void)dispatch;
    note('C', record, frame);
    return ExceptionContinueSearch;
}

static ULONG_PTR frame_c(void *code)
{
    return frame_call(raise_it, code, pass_c);
}

/* --- The order of the search, and what a handler is told --- */

static EXCEPTION_DISPOSITION check_dispatch(EXCEPTION_RECORD *record, void *frame, CONTEXT *context,
                                            struct dispatcher *dispatch)
{
    note('B', record, frame);
    ok(record->ExceptionCode == 0xe0000001 && record->NumberParameters == 2 &&
           record->ExceptionInformation[0] == 11 && record->ExceptionInformation[1] == 22,
       "record %lx, %lu parameters", record->ExceptionCode, record->NumberParameters);
    ok(!record->ExceptionRecord, "record %p", record->ExceptionRecord);
    ok(record->ExceptionAddress == (void *)context->Rip, "address %p, rip %llx",
       record->ExceptionAddress, context->Rip);
    ok(dispatch->ControlPc == (ULONG64)frame_return, "control pc %llx for %p", dispatch->ControlPc,
       frame_return);
    ok(dispatch->ImageBase == (ULONG64)GetModuleHandleA(NULL), "base %llx", dispatch->ImageBase);
    ok(dispatch->FunctionEntry->BeginAddress + dispatch->ImageBase == (ULONG64)frame_call,
       "entry %lx", dispatch->FunctionEntry->BeginAddress);
    ok(dispatch->EstablisherFrame == (ULONG64)frame, "frame %llx for %p",
       dispatch->EstablisherFrame, frame);
    ok(dispatch->LanguageHandler == (void *)frame_language_handler, "handler %p",
       dispatch->LanguageHandler);
    ok(dispatch->ContextRecord != NULL && dispatch->ContextRecord != context, "contexts %p, %p",
       dispatch->ContextRecord, context);
    ok(!dispatch->ScopeIndex, "scope %lu", dispatch->ScopeIndex);
    /* The context is that of the raise: deeper than the frame; the dispatcher's is the caller's. */
    ok(context->Rsp < (ULONG64)frame, "rsp %llx, frame %p", context->Rsp, frame);
    ok(dispatch->ContextRecord->Rsp > (ULONG64)frame, "unwound rsp %llx, frame %p",
       dispatch->ContextRecord->Rsp, frame);
    return ExceptionContinueSearch;
}

static ULONG_PTR frame_b(void *code)
{
    return frame_call(frame_c, code, check_dispatch);
}

static EXCEPTION_DISPOSITION resume(EXCEPTION_RECORD *record, void *frame, CONTEXT *context,
                                    struct dispatcher *dispatch)
{
    (void)context, (void)dispatch;
    note('A', record, frame);
    return ExceptionContinueExecution;
}

static void test_search(void)
{
    call_count = 0;
    ok(frame_call(frame_b, (void *)0xe0000001, resume) == 99, "did not go on behind the raise");
    CHECK_CALLS("C:0 B:0 A:0");
    ok(calls[0].frame < calls[1].frame && calls[1].frame < calls[2].frame, "frames %p %p %p",
       calls[0].frame, calls[1].frame, calls[2].frame);
}

/* --- Unwinding --- */

static EXCEPTION_RECORD *unwind_record;

static EXCEPTION_DISPOSITION unwind_here(EXCEPTION_RECORD *record, void *frame, CONTEXT *context,
                                         struct dispatcher *dispatch)
{
    note('A', record, frame);
    if (record->ExceptionFlags & FLAG_UNWINDING) {
        ok(dispatch->TargetIp == (ULONG64)frame_return, "target %llx", dispatch->TargetIp);
        return ExceptionContinueSearch;
    }
    RtlUnwindEx(frame, (void *)frame_return, unwind_record ? record : NULL, (void *)0x77, context,
                NULL);
    ok(0, "RtlUnwindEx returned");
    return ExceptionContinueSearch;
}

/* [D] Handlers between are called with EXCEPTION_UNWINDING, the target's with EXCEPTION_TARGET_UNWIND too;
 * execution goes on at the target with the value in rax. Without a record one is made. */
static void test_unwind(void)
{
    ULONG_PTR value;

    call_count = 0;
    unwind_record = (void *)1;
    value = frame_call(frame_c, (void *)0xe0000002, unwind_here);
    ok(value == 0x77, "value %llx", value);
    CHECK_CALLS("C:0 A:0 C:2 A:22");
    ok(calls[2].code == 0xe0000002 && calls[3].code == 0xe0000002, "codes %lx %lx", calls[2].code,
       calls[3].code);
    call_count = 0;
    unwind_record = NULL;
    value = frame_call(frame_c, (void *)0xe0000002, unwind_here);
    ok(value == 0x77, "value %llx", value);
    CHECK_CALLS("C:0 A:0 C:2 A:22");
    ok(calls[2].code == CODE_UNWIND && calls[3].code == CODE_UNWIND,
       "codes %lx %lx", calls[2].code, calls[3].code);
}

/* Non-volatile registers at the target are those of the target's frame, though frames between
 * changed them. */
ULONG_PTR clobber_call(ULONG_PTR (*function)(void *), void *argument);
__asm__(".text\n"
        ".balign 16\n"
        ".seh_proc clobber_call\n"
        ".globl clobber_call\n"
        "clobber_call:\n"
        "    pushq %rbx\n"
        "    .seh_pushreg %rbx\n"
        "    pushq %rsi\n"
        "    .seh_pushreg %rsi\n"
        "    pushq %rdi\n"
        "    .seh_pushreg %rdi\n"
        "    pushq %r12\n"
        "    .seh_pushreg %r12\n"
        "    pushq %r15\n"
        "    .seh_pushreg %r15\n"
        "    subq $0x40, %rsp\n"
        "    .seh_stackalloc 0x40\n"
        "    movaps %xmm6, 0x20(%rsp)\n"
        "    .seh_savexmm %xmm6, 0x20\n"
        "    movaps %xmm15, 0x30(%rsp)\n"
        "    .seh_savexmm %xmm15, 0x30\n"
        "    .seh_endprologue\n"
        "    movq $-1, %rbx\n"
        "    movq $-1, %rsi\n"
        "    movq $-1, %rdi\n"
        "    movq $-1, %r12\n"
        "    movq $-1, %r15\n"
        "    pcmpeqd %xmm6, %xmm6\n"
        "    pcmpeqd %xmm15, %xmm15\n"
        "    movq %rcx, %rax\n"
        "    movq %rdx, %rcx\n"
        "    call *%rax\n"
        "    movaps 0x20(%rsp), %xmm6\n"
        "    movaps 0x30(%rsp), %xmm15\n"
        "    addq $0x40, %rsp\n"
        "    popq %r15\n"
        "    popq %r12\n"
        "    popq %rdi\n"
        "    popq %rsi\n"
        "    popq %rbx\n"
        "    ret\n"
        "    .seh_endproc\n");

static ULONG_PTR clobber_and_raise(void *code)
{
    return clobber_call(raise_it, code);
}

static void test_registers(void)
{
    register ULONG64 rbx __asm__("rbx") = 0x1111, rsi __asm__("rsi") = 0x2222,
                     rdi __asm__("rdi") = 0x3333, r12 __asm__("r12") = 0x4444,
                     r15 __asm__("r15") = 0x5555;
    ULONG64 low6 = 0, low15 = 0;
    ULONG_PTR value;

    call_count = 0;
    unwind_record = (void *)1;
    __asm__ volatile("movq %0, %%xmm6; movq %0, %%xmm15" ::"r"(0x6666ull) : "xmm6", "xmm15");
    __asm__ volatile("" : "+r"(rbx), "+r"(rsi), "+r"(rdi), "+r"(r12), "+r"(r15));
    value = frame_call(clobber_and_raise, (void *)0xe0000003, unwind_here);
    __asm__ volatile("" : "+r"(rbx), "+r"(rsi), "+r"(rdi), "+r"(r12), "+r"(r15));
    __asm__ volatile("movq %%xmm6, %0; movq %%xmm15, %1" : "=r"(low6), "=r"(low15));
    ULONG64 got[5] = {rbx, rsi, rdi, r12, r15};

    ok(value == 0x77, "value %llx", value);
    ok(got[0] == 0x1111 && got[1] == 0x2222 && got[2] == 0x3333 && got[3] == 0x4444 &&
           got[4] == 0x5555,
       "rbx %llx rsi %llx rdi %llx r12 %llx r15 %llx", got[0], got[1], got[2], got[3], got[4]);
    ok(low6 == 0x6666 && low15 == 0x6666, "xmm6 %llx, xmm15 %llx", low6, low15);
}

/* --- Exceptions inside handlers --- */

static EXCEPTION_DISPOSITION raise_in_handler(EXCEPTION_RECORD *record, void *frame,
                                              CONTEXT *context, struct dispatcher *dispatch)
{
    (void)context, (void)dispatch;
    note('B', record, frame);
    if (record->ExceptionCode == 0xe0000004 && !(record->ExceptionFlags & FLAG_UNWINDING))
        raise_it((void *)0xe0000005);
    return ExceptionContinueSearch;
}

static ULONG_PTR frame_b_raises(void *code)
{
    return frame_call(frame_c, code, raise_in_handler);
}

/* [W] The second exception meets the frames of the first once more: those inside of the frame whose handler
 * is still running are asked with EXCEPTION_NESTED_CALL, from that frame on without. */
static void test_nested(void)
{
    ULONG_PTR value;

    call_count = 0;
    unwind_record = (void *)1;
    value = frame_call(frame_b_raises, (void *)0xe0000004, unwind_here);
    ok(value == 0x77, "value %llx", value);
    ok(call_count >= 5, "%d calls", call_count);
    CHECK_CALLS("C:0 B:0 C:10 B:0 A:0 C:2 B:2 A:22");
    ok(calls[2].code == 0xe0000005 && calls[4].code == 0xe0000005 && calls[6].code == 0xe0000005,
       "codes %lx %lx %lx", calls[2].code, calls[4].code, calls[6].code);
}

/* A fault in a handler is no different. */
static EXCEPTION_DISPOSITION fault_in_handler(EXCEPTION_RECORD *record, void *frame,
                                              CONTEXT *context, struct dispatcher *dispatch)
{
    (void)context, (void)dispatch;
    note('B', record, frame);
    if (record->ExceptionCode == 0xe0000004 && !(record->ExceptionFlags & FLAG_UNWINDING))
        *(volatile int *)(volatile ULONG_PTR){0x40} = 1;
    return ExceptionContinueSearch;
}

static ULONG_PTR frame_b_faults(void *code)
{
    return frame_call(frame_c, code, fault_in_handler);
}

static void test_nested_fault(void)
{
    ULONG_PTR value;

    call_count = 0;
    unwind_record = (void *)1;
    value = frame_call(frame_b_faults, (void *)0xe0000004, unwind_here);
    ok(value == 0x77, "value %llx", value);
    CHECK_CALLS("C:0 B:0 C:10 B:0 A:0 C:2 B:2 A:22");
    ok(calls[4].code == EXCEPTION_ACCESS_VIOLATION, "code %lx", calls[4].code);
}

/* An unwind that a termination handler starts takes the place of the one that called it, and goes on
 * where that stood: C's handler, which is done, is not called again. */
static EXCEPTION_DISPOSITION unwind_in_handler(EXCEPTION_RECORD *record, void *frame,
                                               CONTEXT *context, struct dispatcher *dispatch)
{
    (void)context, (void)dispatch;
    note('B', record, frame);
    if ((record->ExceptionFlags & (FLAG_UNWINDING | FLAG_COLLIDED)) == FLAG_UNWINDING) {
        /* To the frame of A, which noted itself in the first pass. */
        void *target = calls[2].frame;
        CONTEXT own; /* not `context`: that is where the unwind under way keeps its state */

        RtlUnwindEx(target, (void *)frame_return, NULL, (void *)0x88, &own, NULL);
    }
    return ExceptionContinueSearch;
}

static ULONG_PTR frame_b_unwinds(void *code)
{
    return frame_call(frame_c, code, unwind_in_handler);
}

static void test_collided_unwind(void)
{
    ULONG_PTR value;

    call_count = 0;
    unwind_record = (void *)1;
    value = frame_call(frame_b_unwinds, (void *)0xe0000006, unwind_here);
    ok(value == 0x88, "value %llx", value);
    CHECK_CALLS("C:0 B:0 A:0 C:2 B:2 B:42 A:22");
    ok(calls[4].code == 0xe0000006 && calls[5].code == CODE_UNWIND, "codes %lx %lx",
       calls[4].code, calls[5].code);
}

/* An exception in a termination handler: the search begins behind the frames that are gone. */
static EXCEPTION_DISPOSITION raise_while_unwinding(EXCEPTION_RECORD *record, void *frame,
                                                   CONTEXT *context, struct dispatcher *dispatch)
{
    (void)context, (void)dispatch;
    note('B', record, frame);
    if (record->ExceptionCode == 0xe0000007 &&
        (record->ExceptionFlags & (FLAG_UNWINDING | FLAG_COLLIDED)) == FLAG_UNWINDING)
        raise_it((void *)0xe0000008);
    return ExceptionContinueSearch;
}

static ULONG_PTR frame_b_raises_late(void *code)
{
    return frame_call(frame_c, code, raise_while_unwinding);
}

static void test_exception_while_unwinding(void)
{
    ULONG_PTR value;

    call_count = 0;
    unwind_record = (void *)1;
    value = frame_call(frame_b_raises_late, (void *)0xe0000007, unwind_here);
    ok(value == 0x77, "value %llx", value);
    CHECK_CALLS("C:0 B:0 A:0 C:2 B:2 B:0 A:0 B:42 A:22");
    ok(calls[5].code == 0xe0000008 && calls[8].code == 0xe0000008, "codes %lx %lx", calls[5].code,
       calls[8].code);
}

/* --- Dispositions that are errors --- */

static EXCEPTION_RECORD error_record, error_inner;

static EXCEPTION_DISPOSITION catch_error(EXCEPTION_RECORD *record, void *frame, CONTEXT *context,
                                         struct dispatcher *dispatch)
{
    (void)dispatch;
    note('A', record, frame);
    if (record->ExceptionFlags & FLAG_UNWINDING)
        return ExceptionContinueSearch;
    error_record = *record;
    if (record->ExceptionRecord)
        error_inner = *record->ExceptionRecord;
    RtlUnwindEx(frame, (void *)frame_return, record, (void *)0x77, context, NULL);
    return ExceptionContinueSearch;
}

static EXCEPTION_DISPOSITION continue_once(EXCEPTION_RECORD *record, void *frame, CONTEXT *context,
                                           struct dispatcher *dispatch)
{
    (void)context, (void)dispatch;
    note('B', record, frame);
    return record->ExceptionCode == 0xe0000009 && !(record->ExceptionFlags & FLAG_UNWINDING)
               ? ExceptionContinueExecution
               : ExceptionContinueSearch;
}

static ULONG_PTR raise_noncontinuable(void *code)
{
    RaiseException((DWORD)(ULONG_PTR)code, EXCEPTION_NONCONTINUABLE, 0, NULL);
    return 99;
}

static ULONG_PTR frame_b_continues(void *code)
{
    return frame_call(raise_noncontinuable, code, continue_once);
}

/* [D] RaiseException: continuing raises EXCEPTION_NONCONTINUABLE_EXCEPTION. [W] It names the first. */
static void test_noncontinuable(void)
{
    call_count = 0;
    memset(&error_record, 0, sizeof(error_record));
    memset(&error_inner, 0, sizeof(error_inner));
    ok(frame_call(frame_b_continues, (void *)0xe0000009, catch_error) == 0x77, "not unwound");
    ok(error_record.ExceptionCode == EXCEPTION_NONCONTINUABLE_EXCEPTION, "code %lx",
       error_record.ExceptionCode);
    ok(error_record.ExceptionFlags & EXCEPTION_NONCONTINUABLE, "flags %lx",
       error_record.ExceptionFlags);
    todo_wine ok(error_inner.ExceptionCode == 0xe0000009, "the exception behind it: %lx",
                 error_inner.ExceptionCode);
}

static EXCEPTION_DISPOSITION answer_nonsense(EXCEPTION_RECORD *record, void *frame,
                                             CONTEXT *context, struct dispatcher *dispatch)
{
    (void)context, (void)dispatch;
    note('B', record, frame);
    return record->ExceptionCode == 0xe000000a && !(record->ExceptionFlags & FLAG_UNWINDING)
               ? (EXCEPTION_DISPOSITION)77
               : ExceptionContinueSearch;
}

static ULONG_PTR frame_b_nonsense(void *code)
{
    return frame_call(raise_it, code, answer_nonsense);
}

static void test_invalid_disposition(void)
{
    call_count = 0;
    memset(&error_record, 0, sizeof(error_record));
    memset(&error_inner, 0, sizeof(error_inner));
    ok(frame_call(frame_b_nonsense, (void *)0xe000000a, catch_error) == 0x77, "not unwound");
    ok(error_record.ExceptionCode == EXCEPTION_INVALID_DISPOSITION, "code %lx",
       error_record.ExceptionCode);
    todo_wine ok(error_inner.ExceptionCode == 0xe000000a, "the exception behind it: %lx",
                 error_inner.ExceptionCode);
}

/* [D] RaiseException: more than EXCEPTION_MAXIMUM_PARAMETERS are cut off, no array means none. */
static LONG CALLBACK take_record(EXCEPTION_POINTERS *info)
{
    error_record = *info->ExceptionRecord;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static void test_raise(void)
{
    void *handler = AddVectoredExceptionHandler(1, take_record);
    ULONG_PTR parameters[20];

    for (int i = 0; i < 20; i++)
        parameters[i] = (ULONG_PTR)i + 1;
    RaiseException(0xe1234567, 0, 20, parameters);
    ok(error_record.NumberParameters == EXCEPTION_MAXIMUM_PARAMETERS, "%lu parameters",
       error_record.NumberParameters);
    ok(error_record.ExceptionInformation[14] == 15, "the last: %llx",
       error_record.ExceptionInformation[14]);
    RaiseException(0xe1234567, 0, 3, NULL);
    ok(!error_record.NumberParameters, "%lu parameters of no array", error_record.NumberParameters);
    ok(error_record.ExceptionCode == 0xe1234567, "code %lx", error_record.ExceptionCode);
    /* Bit 7 says "raised by software" since Windows 8. */
    ok(!(error_record.ExceptionFlags & ~0x80ul), "flags %lx", error_record.ExceptionFlags);
    RemoveVectoredExceptionHandler(handler);
}

/* --- longjmp --- */

static jmp_buf jump;

static ULONG_PTR jump_out(void *value)
{
    longjmp(jump, (int)(ULONG_PTR)value);
}

static EXCEPTION_DISPOSITION note_b(EXCEPTION_RECORD *record, void *frame, CONTEXT *context,
                                    struct dispatcher *dispatch)
{
    (void)context, (void)dispatch;
    note('B', record, frame);
    return ExceptionContinueSearch;
}

/* [D] longjmp: on x64 it unwinds, with STATUS_LONGJUMP for the handlers on the way. */
static void test_longjmp(void)
{
    volatile int state = 1;
    int value;

    call_count = 0;
    value = setjmp(jump);
    if (!value) {
        state = 2;
        frame_call(jump_out, (void *)7, note_b);
    }
    ok(value == 7 && state == 2, "value %d, state %d", value, state);
    CHECK_CALLS("B:2");
    ok(calls[0].code == (DWORD)STATUS_LONGJUMP, "code %lx", calls[0].code);
    value = setjmp(jump);
    if (!value)
        jump_out(NULL);
    ok(value == 1, "longjmp with 0 gave %d", value);
}

CONFORMANCE("frame-based exception handlers", test_search, test_unwind, test_registers, test_nested,
            test_nested_fault, test_collided_unwind, test_exception_while_unwinding,
            test_noncontinuable, test_invalid_disposition, test_raise, test_longjmp)
