/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is one instruction on the TEB (GS). Wine's headers have these as inline functions, so C cannot
 * define them under their names. Leaf functions without stack: no unwind information is needed.
 * Offsets: TEB.ClientId 0x40 and 0x48, TEB.Peb 0x60, PEB.ProcessHeap 0x30.
 */
    .text

    .globl  GetCurrentProcess
GetCurrentProcess:
    movq    $-1, %rax
    ret

    .globl  GetCurrentThread
GetCurrentThread:
    movq    $-2, %rax
    ret

    .globl  GetCurrentProcessId
GetCurrentProcessId:
    movl    %gs:0x40, %eax
    ret

    .globl  GetCurrentThreadId
GetCurrentThreadId:
    movl    %gs:0x48, %eax
    ret

    .globl  GetProcessHeap
GetProcessHeap:
    movq    %gs:0x60, %rax
    movq    0x30(%rax), %rax
    ret
