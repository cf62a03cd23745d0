/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The Nt* entry points: one stub for each line of include/decant/syscalls.def. A stub is a leaf (no stack
 * change before the dispatcher takes over), so it needs no unwind information.
 *
 * A call listed with SYSCALL_APC has its exported name elsewhere, in C, because APCs run before it
 * returns; the stub is then only raw_NtX.
 */
    .text
    .set    number, 0

    .macro  stub name
    .balign 16
    .globl  raw_\name
raw_\name:
    movq    %rcx, %r10
    movl    $number, %eax
    jmp     *decant_dispatcher(%rip)
    .set    number, number + 1
    .endm

    .macro  named_stub name
    .balign 16
    .globl  \name
\name:
    stub    \name
    .endm

#define SYSCALL(name, count) named_stub name;
#define SYSCALL_APC(name, count) stub name;
#include "decant/syscalls.def"

    .data
    .balign 8
    .globl  decant_dispatcher
/* Written by the Linux side before the first instruction of this half runs. */
decant_dispatcher:
    .quad   0

    .globl  decant_syscall_count
/* Compared by the Linux side: halves of different builds number their calls differently. */
decant_syscall_count:
    .quad   number
