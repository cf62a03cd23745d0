/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * __chkstk: a function with a frame larger than a page calls it with the frame's size in rax, before
 * it lowers rsp. It touches each page once, top down, so that the guard page moves along. All
 * registers are preserved, rax included: the caller subtracts it from rsp afterwards.
 */
    .text
    .globl  __chkstk
    .globl  ___chkstk_ms
    .seh_proc __chkstk
__chkstk:
___chkstk_ms:
    pushq   %rcx
    .seh_pushreg %rcx
    pushq   %rax
    .seh_pushreg %rax
    .seh_endprologue
    leaq    24(%rsp), %rcx          /* the caller's rsp */
    cmpq    $0x1000, %rax
    jb      2f
1:  subq    $0x1000, %rcx
    orb     $0, (%rcx)
    subq    $0x1000, %rax
    cmpq    $0x1000, %rax
    ja      1b
2:  subq    %rax, %rcx
    orb     $0, (%rcx)
    popq    %rax
    popq    %rcx
    ret
    .seh_endproc
