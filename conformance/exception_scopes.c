/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * __C_specific_handler, the language handler of __try, __except and __finally: filters, termination
 * blocks, and the value that the handler finds. GCC has no __try, so the frame is assembler.
 *
 * Sources: [D] "Structured exception handling" of Microsoft's documentation (filter values,
 * AbnormalTermination, GetExceptionCode); winnt.h for SCOPE_TABLE_AMD64.
 */
#include "conformance.h"

/* try { try { function(argument); } finally { c_finally(); } } except (c_filter()) { return code; } */
ULONG_PTR c_call(ULONG_PTR (*function)(void *), void *argument);
__asm__(".text\n"
        ".balign 16\n"
        ".seh_proc c_call\n"
        ".globl c_call\n"
        "c_call:\n"
        "    subq $0x28, %rsp\n"
        "    .seh_stackalloc 0x28\n"
        "    .seh_endprologue\n"
        "    movq %rcx, %rax\n"
        "    movq %rdx, %rcx\n"
        ".Lc_begin:\n"
        "    call *%rax\n"
        "    nop\n"
        ".Lc_end:\n"
        "    movq %rax, 0x20(%rsp)\n"
        "    xorl %ecx, %ecx\n"
        "    movq %rsp, %rdx\n"
        "    call c_finally\n"
        "    movq 0x20(%rsp), %rax\n"
        "    jmp .Lc_out\n"
        ".Lc_except:\n"
        "    movl %eax, %eax\n"
        ".Lc_out:\n"
        "    addq $0x28, %rsp\n"
        "    ret\n"
        "    .seh_handler __C_specific_handler, @except, @unwind\n"
        "    .seh_handlerdata\n"
        "    .long 2\n"
        "    .rva .Lc_begin, .Lc_end, c_finally\n"
        "    .long 0\n"
        "    .rva .Lc_begin, .Lc_end, c_filter, .Lc_except\n"
        "    .text\n"
        "    .seh_endproc\n");

static LONG filter_answers[4];
static int finally_count;
static BOOLEAN finally_abnormal;
static DWORD filter_codes[8];
static int filter_count;

LONG c_filter(EXCEPTION_POINTERS *pointers, void *frame);
void c_finally(BOOLEAN is_abnormal, void *frame);

LONG c_filter(EXCEPTION_POINTERS *pointers, void *frame)
{
    (void)frame;
    if (filter_count < 8)
        filter_codes[filter_count] = pointers->ExceptionRecord->ExceptionCode;
    return filter_answers[filter_count++ & 3];
}

void c_finally(BOOLEAN is_abnormal, void *frame)
{
    (void)frame;
    finally_count++;
    finally_abnormal = is_abnormal;
}

static ULONG_PTR raise_it(void *code)
{
    RaiseException((DWORD)(ULONG_PTR)code, 0, 0, NULL);
    return 99;
}

static ULONG_PTR nothing(void *argument)
{
    return (ULONG_PTR)argument;
}

static ULONG_PTR c_inner(void *code)
{
    return c_call(raise_it, code);
}

static void reset_c(LONG first, LONG second)
{
    filter_answers[0] = first;
    filter_answers[1] = second;
    filter_count = finally_count = 0;
    finally_abnormal = 0x55;
}

static void test_c_handler(void)
{
    reset_c(EXCEPTION_EXECUTE_HANDLER, 0);
    ok(c_call(nothing, (void *)5) == 5 && finally_count == 1 && !finally_abnormal && !filter_count,
       "no exception: %d, %d, %d", finally_count, finally_abnormal, filter_count);
    reset_c(EXCEPTION_EXECUTE_HANDLER, 0);
    todo_wine ok(c_call(raise_it, (void *)0xe000000b) == 0xe000000b, "the code is not returned");
    ok(finally_count == 1 && finally_abnormal == TRUE && filter_count == 1 &&
           filter_codes[0] == 0xe000000b,
       "%d blocks, abnormal %d, %d filters", finally_count, finally_abnormal, filter_count);
    reset_c(EXCEPTION_CONTINUE_EXECUTION, 0);
    ok(c_call(raise_it, (void *)0xe000000c) == 99, "did not go on");
    ok(finally_count == 1 && !finally_abnormal, "%d blocks, abnormal %d", finally_count,
       finally_abnormal);
    /* The inner one looks on, the outer one takes it: both blocks run, inner first. */
    reset_c(EXCEPTION_CONTINUE_SEARCH, EXCEPTION_EXECUTE_HANDLER);
    todo_wine ok(c_call(c_inner, (void *)0xe000000d) == 0xe000000d, "the code is not returned");
    ok(filter_count == 2 && finally_count == 2 && finally_abnormal == TRUE,
       "%d filters, %d blocks", filter_count, finally_count);
}

CONFORMANCE("__C_specific_handler", test_c_handler)
