/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * void fiber_switch(void **save_rsp, void *load_rsp): leaves one stack and goes on where another was
 * left. What the x64 convention calls non-volatile is pushed (rbx rbp rsi rdi r12-15, xmm6-15) with the
 * control words of SSE and x87. fiber_entry lies under the first switch to a new fiber.
 */
    .text

    .balign 16
    .globl  fiber_switch
    .def    fiber_switch; .scl 2; .type 32; .endef
    .seh_proc fiber_switch
fiber_switch:
    pushq   %rbx
    .seh_pushreg %rbx
    pushq   %rbp
    .seh_pushreg %rbp
    pushq   %rsi
    .seh_pushreg %rsi
    pushq   %rdi
    .seh_pushreg %rdi
    pushq   %r12
    .seh_pushreg %r12
    pushq   %r13
    .seh_pushreg %r13
    pushq   %r14
    .seh_pushreg %r14
    pushq   %r15
    .seh_pushreg %r15
    subq    $0xb8, %rsp
    .seh_stackalloc 0xb8
    .seh_endprologue
    movaps  %xmm6, 0x00(%rsp)
    movaps  %xmm7, 0x10(%rsp)
    movaps  %xmm8, 0x20(%rsp)
    movaps  %xmm9, 0x30(%rsp)
    movaps  %xmm10, 0x40(%rsp)
    movaps  %xmm11, 0x50(%rsp)
    movaps  %xmm12, 0x60(%rsp)
    movaps  %xmm13, 0x70(%rsp)
    movaps  %xmm14, 0x80(%rsp)
    movaps  %xmm15, 0x90(%rsp)
    stmxcsr 0xa0(%rsp)
    fnstcw  0xa4(%rsp)
    movq    %rsp, (%rcx)
    movq    %rdx, %rsp
    movaps  0x00(%rsp), %xmm6
    movaps  0x10(%rsp), %xmm7
    movaps  0x20(%rsp), %xmm8
    movaps  0x30(%rsp), %xmm9
    movaps  0x40(%rsp), %xmm10
    movaps  0x50(%rsp), %xmm11
    movaps  0x60(%rsp), %xmm12
    movaps  0x70(%rsp), %xmm13
    movaps  0x80(%rsp), %xmm14
    movaps  0x90(%rsp), %xmm15
    ldmxcsr 0xa0(%rsp)
    fldcw   0xa4(%rsp)
    addq    $0xb8, %rsp
    popq    %r15
    popq    %r14
    popq    %r13
    popq    %r12
    popq    %rdi
    popq    %rsi
    popq    %rbp
    popq    %rbx
    ret
    .seh_endproc

/* The outermost frame of a fiber; rbx: the fiber. Reached by fiber_switch's ret, not by a call, so rsp is a multiple
 * of 16 here. Its return address is 0: unwinding ends here. */
    .balign 16
    .globl  fiber_entry
    .def    fiber_entry; .scl 2; .type 32; .endef
    .seh_proc fiber_entry
fiber_entry:
    subq    $0x20, %rsp
    .seh_stackalloc 0x20
    .seh_endprologue
    movq    %rbx, %rcx
    call    fiber_main
    int3
    .seh_handler fiber_exception_handler, @except
    .seh_endproc
