/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Loading every register of a thread at once, the end of NtContinue and of a changed context.
 * Offsets are asserted in context.c.
 */
#define STATE_CONTEXT 2688
#define STATE_XMASK   (STATE_CONTEXT + 0x4d0)
#define FRAME_RESTORE 0x58

#define CX(offset)    (STATE_CONTEXT + (offset))(%rdi)

    .text

/* void registers_load(const struct register_state *state, const struct syscall_frame *frame)
 * sysv: rdi, rsi. Returns only when frame->restore asks for more than loading a context.
 *
 * Between the check and the iretq a suspend signal would find a thread that never looks at
 * frame->restore again; the handler recognises the range and completes it (settle_leaving). Between the
 * test and its jump the flags are out of date, and it tests again (settle_leaving). iretq and
 * not a jump: it is the one instruction that sets rip, rsp and flags without leaving a trace in
 * memory of the program or in a register. */
    .globl  registers_load
    .hidden registers_load
    .type   registers_load, @function
    .balign 16
registers_load:
    .globl  registers_load_check
    .hidden registers_load_check
registers_load_check:
    testq   $~1, FRAME_RESTORE(%rsi)    /* all but LEAVE_CONTEXT */
    jnz     1f
    .globl  registers_load_past_check
    .hidden registers_load_past_check
registers_load_past_check:
    movq    $0, FRAME_RESTORE(%rsi)
    cmpb    $0, has_xsave(%rip)
    je      2f
    movl    STATE_XMASK(%rdi), %eax
    orl     $3, %eax
    xorl    %edx, %edx
    xrstor64 (%rdi)
    jmp     3f
2:  fxrstor64 (%rdi)
3:  andq    $~15, %rsp
    movl    $0x2b, %eax
    pushq   %rax                        /* ss */
    pushq   CX(0x98)                    /* rsp */
    movl    CX(0x44), %eax
    pushq   %rax                        /* flags */
    movl    $0x33, %eax
    pushq   %rax                        /* cs */
    pushq   CX(0xf8)                    /* rip */
    movq    CX(0x78), %rax
    movq    CX(0x80), %rcx
    movq    CX(0x88), %rdx
    movq    CX(0x90), %rbx
    movq    CX(0xa0), %rbp
    movq    CX(0xa8), %rsi
    movq    CX(0xb8), %r8
    movq    CX(0xc0), %r9
    movq    CX(0xc8), %r10
    movq    CX(0xd0), %r11
    movq    CX(0xd8), %r12
    movq    CX(0xe0), %r13
    movq    CX(0xe8), %r14
    movq    CX(0xf0), %r15
    movq    CX(0xb0), %rdi
    iretq
    .globl  registers_load_end
    .hidden registers_load_end
registers_load_end:
1:  ret
    .size   registers_load, . - registers_load

    .section .note.GNU-stack,"",@progbits
