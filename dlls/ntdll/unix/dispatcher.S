/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The border between the program's half and ours: the system call dispatcher, entering and leaving
 * the program's code, and the jump that gives up on a bad guest pointer.
 *
 * Both sides speak the Windows x64 convention (Linux-side system calls are ms_abi functions), so
 * register arguments stay where they are; only stack arguments are copied, since the
 * function runs on the thread's Linux stack. rdi, rsi and xmm6-15 are non-volatile in that
 * convention and the callee preserves them; they are saved in the frame for
 * GetThreadContext, not for us.
 */
#define DECANT_TEB_FRAME 0x2f0

#define FRAME_RIP     0x00
#define FRAME_RSP     0x08
#define FRAME_RBX     0x10
#define FRAME_RBP     0x18
#define FRAME_RSI     0x20
#define FRAME_RDI     0x28
#define FRAME_R12     0x30
#define FRAME_R13     0x38
#define FRAME_R14     0x40
#define FRAME_R15     0x48
#define FRAME_ID      0x50
#define FRAME_RESTORE 0x58
#define FRAME_MXCSR   0x68
#define FRAME_XMM6    0x70
#define FRAME_BYTES   0x120

    .text

/* Entered by a jump from an Nt* stub: eax = number, r10 = first argument, rdx r8 r9 = the next, the
 * rest and the return address on the program's stack.
 * The final `ret` pairs with the program's call, so the return predictor stays in step. */
    .globl  dispatcher_entry
    .hidden dispatcher_entry
    .type   dispatcher_entry, @function
    .balign 64
dispatcher_entry:
    .cfi_startproc
    movq    %gs:DECANT_TEB_FRAME, %r11
    movq    (%rsp), %rcx
    movq    %rcx, FRAME_RIP(%r11)
    leaq    8(%rsp), %rcx
    movq    %rcx, FRAME_RSP(%r11)
    movq    %rbx, FRAME_RBX(%r11)
    movq    %rbp, FRAME_RBP(%r11)
    movq    %rsi, FRAME_RSI(%r11)
    movq    %rdi, FRAME_RDI(%r11)
    movq    %r12, FRAME_R12(%r11)
    movq    %r13, FRAME_R13(%r11)
    movq    %r14, FRAME_R14(%r11)
    movq    %r15, FRAME_R15(%r11)
    movl    %eax, FRAME_ID(%r11)
    stmxcsr FRAME_MXCSR(%r11)
    movaps  %xmm6, FRAME_XMM6+0x00(%r11)
    movaps  %xmm7, FRAME_XMM6+0x10(%r11)
    movaps  %xmm8, FRAME_XMM6+0x20(%r11)
    movaps  %xmm9, FRAME_XMM6+0x30(%r11)
    movaps  %xmm10, FRAME_XMM6+0x40(%r11)
    movaps  %xmm11, FRAME_XMM6+0x50(%r11)
    movaps  %xmm12, FRAME_XMM6+0x60(%r11)
    movaps  %xmm13, FRAME_XMM6+0x70(%r11)
    movaps  %xmm14, FRAME_XMM6+0x80(%r11)
    movaps  %xmm15, FRAME_XMM6+0x90(%r11)

    .globl  dispatcher_saved
    .hidden dispatcher_saved
dispatcher_saved:                       /* from here on a signal finds the frame complete */
    movq    %r11, %rbx                  /* rbx: the frame, across the call */
    movq    %rsp, %rbp                  /* rbp: the program's stack */
    cmpl    syscall_count(%rip), %eax
    jae     .Lbad_number
    shll    $4, %eax
    leaq    syscall_table(%rip), %r11
    addq    %rax, %r11                  /* r11: struct syscall_entry */
    movl    8(%r11), %ecx               /* how many arguments are on the stack */
    movq    %rbx, %rsp
    .globl  dispatcher_on_linux_stack
    .hidden dispatcher_on_linux_stack
dispatcher_on_linux_stack:
    leal    1(%rcx), %eax
    andl    $~1, %eax
    shll    $3, %eax
    subq    %rax, %rsp                  /* keeps rsp 16-byte aligned */
    subq    $32, %rsp                   /* home space */
    testl   %ecx, %ecx
    jz      2f
1:  movq    0x20(%rbp,%rcx,8), %rax
    movq    %rax, 0x18(%rsp,%rcx,8)
    decl    %ecx
    jnz     1b
2:  movq    %r10, %rcx
    call    *(%r11)
.Lreturn:
    .globl  dispatcher_check
    .hidden dispatcher_check
dispatcher_check:                       /* to past_check: begun anew by signal.c's settle_leaving */
    cmpq    $0, FRAME_RESTORE(%rbx)
    jne     .Lrestore
    .globl  dispatcher_past_check
    .hidden dispatcher_past_check
dispatcher_past_check:                  /* to the end: completed by signal.c's settle_leaving */
    movq    %rbp, %rsp
    movq    FRAME_RBP(%rbx), %rbp
    movq    FRAME_RBX(%rbx), %rbx
    ret
    .globl  dispatcher_return_end
    .hidden dispatcher_return_end
dispatcher_return_end:

.Lbad_number:
    movl    $0xc000001c, %eax           /* STATUS_INVALID_SYSTEM_SERVICE */
    movq    %rbx, %rsp
    jmp     .Lreturn

.Lrestore:
    /* Something stands between this call and the program: other registers (NtContinue, an
     * exception, NtSetContextThread), suspension, the thread's end. */
    movq    %rbx, %rdi
    movq    %rax, %rsi
    movq    %rbx, %rsp
    call    syscall_leave
    /* It is a function of the Linux convention, to which these are volatile; the program's is not. */
    movq    FRAME_RSI(%rbx), %rsi
    movq    FRAME_RDI(%rbx), %rdi
    movaps  FRAME_XMM6+0x00(%rbx), %xmm6
    movaps  FRAME_XMM6+0x10(%rbx), %xmm7
    movaps  FRAME_XMM6+0x20(%rbx), %xmm8
    movaps  FRAME_XMM6+0x30(%rbx), %xmm9
    movaps  FRAME_XMM6+0x40(%rbx), %xmm10
    movaps  FRAME_XMM6+0x50(%rbx), %xmm11
    movaps  FRAME_XMM6+0x60(%rbx), %xmm12
    movaps  FRAME_XMM6+0x70(%rbx), %xmm13
    movaps  FRAME_XMM6+0x80(%rbx), %xmm14
    movaps  FRAME_XMM6+0x90(%rbx), %xmm15
    jmp     .Lreturn
    .cfi_endproc
    .size   dispatcher_entry, . - dispatcher_entry

/* void dispatcher_run_guest(struct syscall_frame **slot, void *rip, void *rsp, void *arg)
 * sysv: rdi, rsi, rdx, rcx. Lays the frame at the top of what is free of this (Linux) stack,
 * publishes it in *slot and in the TEB, and enters the program at rip with rcx = arg. Returns when
 * dispatcher_leave_guest is called with the same frame.
 *
 * To be called with signals blocked; they are let in when the thread is on the program's stack with a frame. So a
 * suspension or an end that comes early finds the program, which stops there, and not code of ours that does
 * not look at the frame's flags any more. */
    .globl  dispatcher_run_guest
    .hidden dispatcher_run_guest
    .type   dispatcher_run_guest, @function
    .balign 16
dispatcher_run_guest:
    pushq   %rbx
    pushq   %rbp
    pushq   %r12
    pushq   %r13
    pushq   %r14
    pushq   %r15
    movq    %rsp, %rax
    subq    $(FRAME_BYTES + 16), %rsp
    andq    $~63, %rsp
    movq    %rax, FRAME_BYTES(%rsp)     /* above the frame: where to go back to */
    movq    $0, FRAME_RESTORE(%rsp)
    movq    $0, FRAME_RIP(%rsp)
    movq    %rsp, (%rdi)
    movq    %rsp, %gs:DECANT_TEB_FRAME
    movq    %rdx, %rsp
    pushq   $0                          /* no return address: the outermost frame */
    movq    %rsi, %rbx
    movq    %rcx, %rbp
    movl    $14, %eax                   /* rt_sigprocmask(SIG_SETMASK, none) */
    movl    $2, %edi
    leaq    .Lno_signals(%rip), %rsi
    xorl    %edx, %edx
    movl    $8, %r10d
    syscall
    movq    %rbx, %rax
    movq    %rbp, %rcx
    xorl    %ebx, %ebx
    xorl    %ebp, %ebp
    xorl    %edi, %edi
    xorl    %esi, %esi
    xorl    %r8d, %r8d
    xorl    %r9d, %r9d
    xorl    %edx, %edx
    jmp     *%rax
.Lno_signals:
    .quad   0
    .size   dispatcher_run_guest, . - dispatcher_run_guest

/* void dispatcher_leave_guest(struct syscall_frame *frame): returns from dispatcher_run_guest. */
    .globl  dispatcher_leave_guest
    .hidden dispatcher_leave_guest
    .type   dispatcher_leave_guest, @function
    .balign 16
dispatcher_leave_guest:
    movq    FRAME_BYTES(%rdi), %rsp
    popq    %r15
    popq    %r14
    popq    %r13
    popq    %r12
    popq    %rbp
    popq    %rbx
    ret
    .size   dispatcher_leave_guest, . - dispatcher_leave_guest

/* int guest_setjmp(struct guest_jump *jump): 0; 1 after a fault, when the handler (signal.c) jumped back here. */
    .globl  guest_setjmp
    .hidden guest_setjmp
    .type   guest_setjmp, @function
    .balign 16
guest_setjmp:
    movq    %rbx, 0x00(%rdi)
    movq    %rbp, 0x08(%rdi)
    leaq    8(%rsp), %rax
    movq    %rax, 0x10(%rdi)
    movq    %r12, 0x18(%rdi)
    movq    %r13, 0x20(%rdi)
    movq    %r14, 0x28(%rdi)
    movq    %r15, 0x30(%rdi)
    movq    (%rsp), %rax
    movq    %rax, 0x38(%rdi)
    xorl    %eax, %eax
    ret
    .size   guest_setjmp, . - guest_setjmp

    .section .note.GNU-stack,"",@progbits
