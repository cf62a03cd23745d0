/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The parts of exception handling that C cannot say: entry points with a context below them, frames with
 * handlers of their own, and saving and loading all registers. Offsets are those of CONTEXT,
 * DISPATCHER_CONTEXT and _JUMP_BUFFER in winnt.h and setjmp.h.
 */
    .text

    .macro  function name
    .balign 16
    .globl  \name
    .def    \name; .scl 2; .type 32; .endef
\name:
    .endm

    .macro  seh_function name
    function \name
    .seh_proc \name
    .endm

/* Unwind codes of a frame whose rsp points to a CONTEXT with the registers of the frame above. They
 * take effect at offset 0: there is no prologue, somebody else built the frame. */
    .macro  context_frame_codes at
    .seh_savereg %rbx, \at + 0x90
    .seh_savereg %rbp, \at + 0xa0
    .seh_savereg %rsi, \at + 0xa8
    .seh_savereg %rdi, \at + 0xb0
    .seh_savereg %r12, \at + 0xd8
    .seh_savereg %r13, \at + 0xe0
    .seh_savereg %r14, \at + 0xe8
    .seh_savereg %r15, \at + 0xf0
    .seh_savexmm %xmm6, \at + 0x200
    .seh_savexmm %xmm7, \at + 0x210
    .seh_savexmm %xmm8, \at + 0x220
    .seh_savexmm %xmm9, \at + 0x230
    .seh_savexmm %xmm10, \at + 0x240
    .seh_savexmm %xmm11, \at + 0x250
    .seh_savexmm %xmm12, \at + 0x260
    .seh_savexmm %xmm13, \at + 0x270
    .seh_savexmm %xmm14, \at + 0x280
    .seh_savexmm %xmm15, \at + 0x290
    .endm

/* rsp: CONTEXT, at 0x4f0 the EXCEPTION_RECORD, at 0x590 a machine frame. The home space of the
 * function called is the context's P1Home to P4Home, which are there for this. */
seh_function KiUserExceptionDispatcher
    .seh_pushframe
    .seh_stackalloc 0x590
    context_frame_codes 0
    .seh_endprologue
    cld
    leaq    0x4f0(%rsp), %rcx
    movq    %rsp, %rdx
    call    dispatch_hardware_exception
    int3
    .seh_endproc

/* rsp: CONTEXT with P1Home to P3Home the function's arguments and P4Home the function, then, at 0x4d0,
 * a machine frame. Calls the function and continues the context. */
seh_function KiUserApcDispatcher
    .seh_pushframe
    .seh_stackalloc 0x4d0
    context_frame_codes 0
    .seh_endprologue
    movq    0x00(%rsp), %rcx
    movq    0x08(%rsp), %rdx
    movq    0x10(%rsp), %r8
    movq    %rsp, %r9
    call    *0x18(%rsp)
    movq    %rsp, %rcx
    movl    $1, %edx
    call    NtContinue
    movl    %eax, %ecx
    call    RtlRaiseStatus
    int3
    .seh_endproc

seh_function KiRaiseUserExceptionDispatcher
    subq    $0x28, %rsp
    .seh_stackalloc 0x28
    .seh_endprologue
    call    raise_teb_exception
    nop
    addq    $0x28, %rsp
    ret
    .seh_endproc

/* EXCEPTION_DISPOSITION call_exception_handler(record, frame, context, dispatch). An exception
 * that passes through here was raised by the handler: ExceptionNestedException, with the frame whose
 * handler it was. */
seh_function call_exception_handler
    subq    $0x28, %rsp
    .seh_stackalloc 0x28
    .seh_endprologue
    movq    %r9, 0x20(%rsp)
    call    *0x30(%r9)
    nop
    addq    $0x28, %rsp
    ret
    .seh_handler nested_exception_handler, @except, @unwind
    .seh_endproc

seh_function call_unwind_handler
    subq    $0x28, %rsp
    .seh_stackalloc 0x28
    .seh_endprologue
    movq    %r9, 0x20(%rsp)
    call    *0x30(%r9)
    nop
    addq    $0x28, %rsp
    ret
    .seh_handler collided_unwind_handler, @except, @unwind
    .seh_endproc

function nested_exception_handler
    testl   $6, 4(%rcx)                 /* unwinding */
    movl    $1, %eax                    /* ExceptionContinueSearch */
    jnz     1f
    movq    0x20(%rdx), %rax            /* the dispatcher context of the outer dispatch */
    movq    0x18(%rax), %rax            /* EstablisherFrame */
    movq    %rax, 0x18(%r9)
    movl    $2, %eax                    /* ExceptionNestedException */
1:  ret

/* Both passes of what the handler raised go on where the unwind stood. TargetIp and HistoryTable stay
 * the second unwind's own. */
function collided_unwind_handler
    movq    0x20(%rdx), %rdx
    movq    0x00(%rdx), %rax            /* ControlPc */
    movq    %rax, 0x00(%r9)
    movq    0x08(%rdx), %rax            /* ImageBase */
    movq    %rax, 0x08(%r9)
    movq    0x10(%rdx), %rax            /* FunctionEntry */
    movq    %rax, 0x10(%r9)
    movq    0x18(%rdx), %rax            /* EstablisherFrame */
    movq    %rax, 0x18(%r9)
    movq    0x28(%rdx), %rax            /* ContextRecord */
    movq    %rax, 0x28(%r9)
    movq    0x30(%rdx), %rax            /* LanguageHandler */
    movq    %rax, 0x30(%r9)
    movq    0x38(%rdx), %rax            /* HandlerData */
    movq    %rax, 0x38(%r9)
    movl    0x48(%rdx), %eax            /* ScopeIndex */
    movl    %eax, 0x48(%r9)
    movl    $3, %eax                    /* ExceptionCollidedUnwind */
    ret

/* void RtlCaptureContext(CONTEXT *): the caller's registers, as after the return. */
seh_function RtlCaptureContext
    pushfq
    .seh_stackalloc 8
    .seh_endprologue
    movl    $0x10000f, 0x30(%rcx)       /* CONTEXT_FULL | CONTEXT_SEGMENTS */
    stmxcsr 0x34(%rcx)
    movw    $0x33, 0x38(%rcx)
    movw    $0x2b, 0x3a(%rcx)
    movw    $0x2b, 0x3c(%rcx)
    movw    $0x53, 0x3e(%rcx)
    movw    $0x2b, 0x40(%rcx)
    movw    $0x2b, 0x42(%rcx)
    movq    %rax, 0x78(%rcx)
    movq    %rcx, 0x80(%rcx)
    movq    %rdx, 0x88(%rcx)
    movq    %rbx, 0x90(%rcx)
    leaq    0x10(%rsp), %rax
    movq    %rax, 0x98(%rcx)
    movq    %rbp, 0xa0(%rcx)
    movq    %rsi, 0xa8(%rcx)
    movq    %rdi, 0xb0(%rcx)
    movq    %r8, 0xb8(%rcx)
    movq    %r9, 0xc0(%rcx)
    movq    %r10, 0xc8(%rcx)
    movq    %r11, 0xd0(%rcx)
    movq    %r12, 0xd8(%rcx)
    movq    %r13, 0xe0(%rcx)
    movq    %r14, 0xe8(%rcx)
    movq    %r15, 0xf0(%rcx)
    fxsave  0x100(%rcx)
    movl    (%rsp), %eax
    movl    %eax, 0x44(%rcx)
    movq    8(%rsp), %rax
    movq    %rax, 0xf8(%rcx)
    movq    0x78(%rcx), %rax
    addq    $8, %rsp
    ret
    .seh_endproc

/* void load_context(const CONTEXT *): all registers at once. In user mode iretq loads rip, rsp and
 * flags together; nothing is written to the stack that is continued on. */
seh_function load_context
    subq    $0x28, %rsp
    .seh_stackalloc 0x28
    .seh_endprologue
    fxrstor 0x100(%rcx)
    ldmxcsr 0x34(%rcx)
    movq    0xf8(%rcx), %rax
    movq    %rax, 0x00(%rsp)
    movl    %cs, %eax
    movq    %rax, 0x08(%rsp)
    movl    0x44(%rcx), %eax
    movq    %rax, 0x10(%rsp)
    movq    0x98(%rcx), %rax
    movq    %rax, 0x18(%rsp)
    movl    %ss, %eax
    movq    %rax, 0x20(%rsp)
    movq    0x78(%rcx), %rax
    movq    0x88(%rcx), %rdx
    movq    0x90(%rcx), %rbx
    movq    0xa0(%rcx), %rbp
    movq    0xa8(%rcx), %rsi
    movq    0xb0(%rcx), %rdi
    movq    0xb8(%rcx), %r8
    movq    0xc0(%rcx), %r9
    movq    0xc8(%rcx), %r10
    movq    0xd0(%rcx), %r11
    movq    0xd8(%rcx), %r12
    movq    0xe0(%rcx), %r13
    movq    0xe8(%rcx), %r14
    movq    0xf0(%rcx), %r15
    movq    0x80(%rcx), %rcx
    iretq
    .seh_endproc

/* void consolidate_frames(CONTEXT *context, EXCEPTION_RECORD *record)
 * STATUS_UNWIND_CONSOLIDATE: the frames up to `context` count as gone, but their memory is still in
 * use (a C++ exception object, a catch block's frame). So the callback runs here, deep in the
 * stack, in a frame that unwinds directly to `context` by a machine frame and a copy of it. */
#define CONSOLIDATE_HOME    0x20
#define CONSOLIDATE_CONTEXT 0x30
#define CONSOLIDATE_MACHINE 0x500
function consolidate_frames
    subq    $(CONSOLIDATE_MACHINE + 0x28), %rsp
    andq    $~15, %rsp
    movq    0xf8(%rcx), %rax
    movq    %rax, (CONSOLIDATE_MACHINE + 0x00)(%rsp)
    movq    $0x33, (CONSOLIDATE_MACHINE + 0x08)(%rsp)
    movq    $0x202, (CONSOLIDATE_MACHINE + 0x10)(%rsp)
    movq    0x98(%rcx), %rax
    movq    %rax, (CONSOLIDATE_MACHINE + 0x18)(%rsp)
    movq    $0x2b, (CONSOLIDATE_MACHINE + 0x20)(%rsp)
    movq    %rcx, %rsi
    leaq    CONSOLIDATE_CONTEXT(%rsp), %rdi
    movl    $(0x4d0 / 8), %ecx
    cld
    rep movsq
    movq    %rdx, %rcx
    jmp     consolidate_call

seh_function consolidate_call
    .seh_pushframe
    .seh_stackalloc CONSOLIDATE_MACHINE
    context_frame_codes CONSOLIDATE_CONTEXT
    .seh_endprologue
    nop                                 /* the frame begins before the call, not at its return */
    call    *0x20(%rcx)                 /* ExceptionInformation[0] */
    movq    %rax, (CONSOLIDATE_CONTEXT + 0xf8)(%rsp)
    leaq    CONSOLIDATE_CONTEXT(%rsp), %rcx
    call    load_context
    int3
    .seh_endproc

/* int _setjmpex(jump_buffer *, void *frame); frame 0 (_setjmp) means a longjmp without unwinding. */
function _setjmp
    xorl    %edx, %edx
function _setjmpex
    movq    %rdx, 0x00(%rcx)
    movq    %rbx, 0x08(%rcx)
    leaq    8(%rsp), %rax
    movq    %rax, 0x10(%rcx)
    movq    %rbp, 0x18(%rcx)
    movq    %rsi, 0x20(%rcx)
    movq    %rdi, 0x28(%rcx)
    movq    %r12, 0x30(%rcx)
    movq    %r13, 0x38(%rcx)
    movq    %r14, 0x40(%rcx)
    movq    %r15, 0x48(%rcx)
    movq    (%rsp), %rax
    movq    %rax, 0x50(%rcx)
    stmxcsr 0x58(%rcx)
    fnstcw  0x5c(%rcx)
    movdqu  %xmm6, 0x60(%rcx)
    movdqu  %xmm7, 0x70(%rcx)
    movdqu  %xmm8, 0x80(%rcx)
    movdqu  %xmm9, 0x90(%rcx)
    movdqu  %xmm10, 0xa0(%rcx)
    movdqu  %xmm11, 0xb0(%rcx)
    movdqu  %xmm12, 0xc0(%rcx)
    movdqu  %xmm13, 0xd0(%rcx)
    movdqu  %xmm14, 0xe0(%rcx)
    movdqu  %xmm15, 0xf0(%rcx)
    xorl    %eax, %eax
    ret

/* void longjmp(jump_buffer *, int value) */
seh_function longjmp
    subq    $0x28, %rsp
    .seh_stackalloc 0x28
    .seh_endprologue
    testl   %edx, %edx
    jnz     1f
    movl    $1, %edx
1:  cmpq    $0, (%rcx)
    je      2f
    call    jump_unwind
    int3
2:  movl    %edx, %eax
    movq    0x08(%rcx), %rbx
    movq    0x18(%rcx), %rbp
    movq    0x20(%rcx), %rsi
    movq    0x28(%rcx), %rdi
    movq    0x30(%rcx), %r12
    movq    0x38(%rcx), %r13
    movq    0x40(%rcx), %r14
    movq    0x48(%rcx), %r15
    ldmxcsr 0x58(%rcx)
    fnclex
    fldcw   0x5c(%rcx)
    movdqu  0x60(%rcx), %xmm6
    movdqu  0x70(%rcx), %xmm7
    movdqu  0x80(%rcx), %xmm8
    movdqu  0x90(%rcx), %xmm9
    movdqu  0xa0(%rcx), %xmm10
    movdqu  0xb0(%rcx), %xmm11
    movdqu  0xc0(%rcx), %xmm12
    movdqu  0xd0(%rcx), %xmm13
    movdqu  0xe0(%rcx), %xmm14
    movdqu  0xf0(%rcx), %xmm15
    movq    0x10(%rcx), %rsp
    jmp     *0x50(%rcx)
    .seh_endproc
