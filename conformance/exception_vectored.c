/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Vectored handlers: first and last, handlers that come and go while an exception is dispatched, continue
 * handlers, handlers that fault. The unhandled exception filter: what it may answer and what the process
 * then ends with.
 *
 * Sources: [D] Microsoft's pages on vectored exception handling, AddVectoredExceptionHandler,
 * AddVectoredContinueHandler, SetUnhandledExceptionFilter, UnhandledExceptionFilter; [W] Wine's
 * ntdll/tests/exception.c (vectored handlers; removing one in itself), kernel32/tests/debugger.c.
 */
#define CONFORMANCE_CHILD(argc, argv) child(argc, argv)
static int child(int argc, char **argv);

#include "conformance.h"

static char order[64];

static void note(char name)
{
    size_t length = strlen(order);

    if (length < sizeof(order) - 1) {
        order[length] = name;
        order[length + 1] = 0;
    }
}

static const char *raise_it(DWORD code)
{
    order[0] = 0;
    RaiseException(code, 0, 0, NULL);
    return order;
}

static LONG CALLBACK handler_a(EXCEPTION_POINTERS *info)
{
    (void)info;
    note('a');
    return EXCEPTION_CONTINUE_SEARCH;
}

static LONG CALLBACK handler_b(EXCEPTION_POINTERS *info)
{
    (void)info;
    note('b');
    return EXCEPTION_CONTINUE_SEARCH;
}

static LONG CALLBACK handler_end(EXCEPTION_POINTERS *info)
{
    (void)info;
    note('E');
    return EXCEPTION_CONTINUE_EXECUTION;
}

static LONG CALLBACK continue_c(EXCEPTION_POINTERS *info)
{
    (void)info;
    note('c');
    return EXCEPTION_CONTINUE_SEARCH;
}

static LONG CALLBACK continue_d(EXCEPTION_POINTERS *info)
{
    (void)info;
    note('d');
    return EXCEPTION_CONTINUE_EXECUTION;
}

/* [D] FirstHandler nonzero: the first to be called, until another is added so; else the last. */
static void test_order(void)
{
    void *end = AddVectoredExceptionHandler(0, handler_end);
    void *b = AddVectoredExceptionHandler(1, handler_b);
    void *a = AddVectoredExceptionHandler(1, handler_a);
    void *late = AddVectoredExceptionHandler(0, handler_a);
    void *twice;
    const char *got;

    got = raise_it(0xe0000001);
    ok(!strcmp(got, "abE"), "called %s", got);
    /* The same function may be added more than once, and each has a handle. */
    twice = AddVectoredExceptionHandler(1, handler_a);
    ok(twice && twice != a, "handles %p, %p", twice, a);
    got = raise_it(0xe0000001);
    ok(!strcmp(got, "aabE"), "called %s", got);
    ok(RemoveVectoredExceptionHandler(a), "removing a");
    got = raise_it(0xe0000001);
    ok(!strcmp(got, "abE"), "called %s", got);
    ok(RemoveVectoredExceptionHandler(twice) && RemoveVectoredExceptionHandler(late), "removing");
    ok(!RemoveVectoredExceptionHandler((void *)(ULONG_PTR)0x1234), "removing what is none");
    got = raise_it(0xe0000001);
    ok(!strcmp(got, "bE"), "called %s", got);
    /* A continue handler's handle is none of an exception handler's. */
    twice = AddVectoredContinueHandler(1, continue_c);
    ok(!RemoveVectoredExceptionHandler(twice), "removed as an exception handler");
    ok(RemoveVectoredContinueHandler(twice), "removing the continue handler");
    RemoveVectoredExceptionHandler(b);
    RemoveVectoredExceptionHandler(end);
}

/* [D] Continue handlers are called when an exception is continued, in order, until one answers
 * EXCEPTION_CONTINUE_EXECUTION. */
static void test_continue_handlers(void)
{
    void *end = AddVectoredExceptionHandler(1, handler_end);
    void *c = AddVectoredContinueHandler(1, continue_c);
    void *d = AddVectoredContinueHandler(0, continue_d);
    void *last = AddVectoredContinueHandler(0, continue_c);
    const char *got = raise_it(0xe0000001);

    todo_wine ok(!strcmp(got, "Ecd"), "called %s", got);
    RemoveVectoredContinueHandler(d);
    got = raise_it(0xe0000001);
    todo_wine ok(!strcmp(got, "Ecc"), "called %s", got);
    RemoveVectoredContinueHandler(c);
    RemoveVectoredContinueHandler(last);
    got = raise_it(0xe0000001);
    ok(!strcmp(got, "E"), "called %s", got);
    RemoveVectoredExceptionHandler(end);
}

/* --- Changes while they are called --- */

static void *self_handle, *other_handle, *added_handle;

static LONG CALLBACK remove_self(EXCEPTION_POINTERS *info)
{
    (void)info;
    note('s');
    ok(RemoveVectoredExceptionHandler(self_handle), "removing itself");
    if (!is_wine()) /* Wine 8 removes it twice, and then loops */
        ok(!RemoveVectoredExceptionHandler(self_handle), "removing itself twice");
    return EXCEPTION_CONTINUE_SEARCH;
}

static LONG CALLBACK remove_other(EXCEPTION_POINTERS *info)
{
    (void)info;
    note('o');
    if (other_handle)
        ok(RemoveVectoredExceptionHandler(other_handle), "removing the next");
    other_handle = NULL;
    return EXCEPTION_CONTINUE_SEARCH;
}

static LONG CALLBACK add_other(EXCEPTION_POINTERS *info)
{
    (void)info;
    note('n');
    if (!added_handle)
        added_handle = AddVectoredExceptionHandler(1, handler_b);
    return EXCEPTION_CONTINUE_SEARCH;
}

static void test_changes(void)
{
    void *end = AddVectoredExceptionHandler(0, handler_end), *remover, *adder;
    const char *got;

    /* [W] A handler may remove itself. */
    self_handle = AddVectoredExceptionHandler(1, remove_self);
    got = raise_it(0xe0000001);
    ok(!strcmp(got, "sE"), "called %s", got);
    got = raise_it(0xe0000001);
    ok(!strcmp(got, "E"), "called %s", got);
    /* One that the running one removed is not called any more. */
    other_handle = AddVectoredExceptionHandler(1, handler_a);
    remover = AddVectoredExceptionHandler(1, remove_other);
    got = raise_it(0xe0000001);
    ok(!strcmp(got, "oE"), "called %s", got);
    RemoveVectoredExceptionHandler(remover);
    /* One that is added in front is called from the next exception on. */
    adder = AddVectoredExceptionHandler(1, add_other);
    got = raise_it(0xe0000001);
    ok(!strcmp(got, "nE"), "called %s", got);
    got = raise_it(0xe0000001);
    ok(!strcmp(got, "bnE"), "called %s", got);
    RemoveVectoredExceptionHandler(added_handle);
    RemoveVectoredExceptionHandler(adder);
    RemoveVectoredExceptionHandler(end);
}

/* --- Exceptions in handlers --- */

static LONG CALLBACK raise_inside(EXCEPTION_POINTERS *info)
{
    note('r');
    if (info->ExceptionRecord->ExceptionCode == 0xe0000002)
        RaiseException(0xe0000003, 0, 0, NULL);
    return EXCEPTION_CONTINUE_SEARCH;
}

static void test_nested(void)
{
    void *end = AddVectoredExceptionHandler(0, handler_end);
    void *raiser = AddVectoredExceptionHandler(1, raise_inside);
    const char *got = raise_it(0xe0000002);

    /* Outer call, inner call, the inner one's end, the outer one's end. */
    ok(!strcmp(got, "rrEE"), "called %s", got);
    RemoveVectoredExceptionHandler(raiser);
    RemoveVectoredExceptionHandler(end);
}

/* The handler sees the context and may change any register of it. */
static LONG CALLBACK change_registers(EXCEPTION_POINTERS *info)
{
    CONTEXT *context = info->ContextRecord;

    if (info->ExceptionRecord->ExceptionCode != EXCEPTION_BREAKPOINT)
        return EXCEPTION_CONTINUE_SEARCH;
    context->Rip++;
    context->Rax += 1;
    context->Rbx += 2;
    context->R8 += 3;
    context->R15 += 4;
    context->Xmm7.Low += 5;
    context->EFlags ^= 1;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static void test_registers(void)
{
    void *handler = AddVectoredExceptionHandler(1, change_registers);
    ULONG64 rax, rbx, r8, r15, xmm7;
    BYTE carry;

    __asm__ volatile("movl $0x10, %%eax; movl $0x20, %%ebx; movl $0x30, %%r8d; movl $0x40, %%r15d\n"
                     "movq %%rax, %%xmm7; clc; int3; setc %5\n"
                     "movq %%rax, %0; movq %%rbx, %1; movq %%r8, %2; movq %%r15, %3\n"
                     "movq %%xmm7, %4"
                     : "=m"(rax), "=m"(rbx), "=m"(r8), "=m"(r15), "=m"(xmm7), "=m"(carry)
                     :
                     : "rax", "rbx", "r8", "r15", "xmm7", "cc");
    ok(rax == 0x11 && rbx == 0x22 && r8 == 0x33 && r15 == 0x44, "%llx %llx %llx %llx", rax, rbx, r8,
       r15);
    ok(xmm7 == 0x15 && carry == 1, "xmm7 %llx, carry %u", xmm7, carry);
    RemoveVectoredExceptionHandler(handler);
}

/* --- The unhandled exception filter --- */

static volatile LONG filter_count;
static LONG filter_answer;

static LONG WINAPI filter(EXCEPTION_POINTERS *info)
{
    filter_count++;
    if (info->ExceptionRecord->ExceptionCode == EXCEPTION_ACCESS_VIOLATION &&
        filter_answer == EXCEPTION_CONTINUE_EXECUTION)
        info->ContextRecord->Rip += 2; /* movl %eax, (%rax) */
    return filter_answer;
}

static LONG WINAPI other_filter(EXCEPTION_POINTERS *info)
{
    (void)info;
    return EXCEPTION_CONTINUE_SEARCH;
}

static void test_filter_pointer(void)
{
    LPTOP_LEVEL_EXCEPTION_FILTER first = SetUnhandledExceptionFilter(filter), second;

    second = SetUnhandledExceptionFilter(other_filter);
    ok(second == filter, "previous %p for %p", second, filter);
    second = SetUnhandledExceptionFilter(NULL);
    ok(second == other_filter, "previous %p for %p", second, other_filter);
    second = SetUnhandledExceptionFilter(first);
    ok(!second, "previous %p", second);
}

/* [D] UnhandledExceptionFilter passes the exception to the filter and returns its answer. */
static void test_call_filter(void)
{
    LPTOP_LEVEL_EXCEPTION_FILTER old = SetUnhandledExceptionFilter(filter);
    EXCEPTION_RECORD record = {.ExceptionCode = 0xe0000055};
    CONTEXT context = {0};
    EXCEPTION_POINTERS pointers = {&record, &context};
    LONG answer;

    filter_count = 0;
    filter_answer = EXCEPTION_EXECUTE_HANDLER;
    answer = UnhandledExceptionFilter(&pointers);
    ok(answer == EXCEPTION_EXECUTE_HANDLER && filter_count == 1, "answer %ld, %ld calls", answer,
       filter_count);
    filter_answer = EXCEPTION_CONTINUE_EXECUTION;
    answer = UnhandledExceptionFilter(&pointers);
    ok(answer == EXCEPTION_CONTINUE_EXECUTION && filter_count == 2, "answer %ld, %ld calls", answer,
       filter_count);
    SetUnhandledExceptionFilter(old);
}

static DWORD WINAPI crash_in_thread(void *unused)
{
    (void)unused;
    RaiseException(0xe0000066, 0, 0, NULL);
    return 0;
}

/* What ends a process is tried in a child. */
static int child(int argc, char **argv)
{
    const char *what = argc > 2 ? argv[2] : "";

    SetErrorMode(SEM_NOGPFAULTERRORBOX | SEM_FAILCRITICALERRORS);
    SetUnhandledExceptionFilter(filter);
    if (!strcmp(what, "handled")) {
        filter_answer = EXCEPTION_EXECUTE_HANDLER;
        RaiseException(0xe0000044, 0, 0, NULL);
    } else if (!strcmp(what, "searched")) {
        filter_answer = EXCEPTION_CONTINUE_SEARCH;
        RaiseException(0xe0000055, 0, 0, NULL);
    } else if (!strcmp(what, "continued")) {
        filter_answer = EXCEPTION_CONTINUE_EXECUTION;
        __asm__ volatile("movl $0x40, %%eax; movl %%eax, (%%rax)" ::: "rax", "memory");
        return filter_count == 1 ? 33 : 34;
    } else if (!strcmp(what, "thread")) {
        HANDLE thread;

        filter_answer = EXCEPTION_CONTINUE_SEARCH;
        thread = CreateThread(NULL, 0, crash_in_thread, NULL, 0, NULL);
        WaitForSingleObject(thread, INFINITE);
        return 35;
    } else if (!strcmp(what, "fastfail")) {
        __asm__ volatile("movl $7, %%ecx; int $0x29" ::: "ecx");
    } else if (!strcmp(what, "noncontinuable")) {
        filter_answer = EXCEPTION_CONTINUE_SEARCH;
        RaiseException(0xe0000077, EXCEPTION_NONCONTINUABLE, 0, NULL);
    } else if (!strcmp(what, "breakpoint")) {
        filter_answer = EXCEPTION_CONTINUE_SEARCH;
        DebugBreak();
    } else if (!strcmp(what, "abort")) {
        RaiseFailFastException(NULL, NULL, 0);
    }
    return 1;
}

static void check_child(int line, const char *what, DWORD expected)
{
    STARTUPINFOA startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION info;
    char path[MAX_PATH], command[MAX_PATH + 64];
    DWORD code = 0xdeadbeef;

    GetModuleFileNameA(NULL, path, sizeof(path));
    snprintf(command, sizeof(command), "\"%s\" --child %s", path, what);
    if (!conformance_ok(line,
                        CreateProcessA(NULL, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup,
                                       &info),
                        "CreateProcess: %lu", GetLastError()))
        return;
    conformance_ok(line, WaitForSingleObject(info.hProcess, 30000) == WAIT_OBJECT_0,
                   "%s: the child hangs", what);
    GetExitCodeProcess(info.hProcess, &code);
    conformance_ok(line, code == expected, "%s: exit code %lx for %lx", what, code, expected);
    CloseHandle(info.hProcess);
    CloseHandle(info.hThread);
}

/* [D] EXCEPTION_EXECUTE_HANDLER ends the process, usually; the exit code is the exception's. An exception
 * in any thread that nobody handles ends the process. */
static void test_unhandled(void)
{
    check_child(__LINE__, "handled", 0xe0000044);
    check_child(__LINE__, "searched", 0xe0000055);
    check_child(__LINE__, "continued", 33);
    check_child(__LINE__, "thread", 0xe0000066);
    check_child(__LINE__, "noncontinuable", 0xe0000077);
    check_child(__LINE__, "breakpoint", EXCEPTION_BREAKPOINT);
    /* __fastfail: no handler and no filter sees it. */
    check_child(__LINE__, "fastfail", (DWORD)STATUS_STACK_BUFFER_OVERRUN);
    check_child(__LINE__, "abort", 0xc0000602);
}

CONFORMANCE("vectored handlers and the unhandled filter", test_order, test_continue_handlers,
            test_changes, test_nested, test_registers, test_filter_pointer, test_call_filter,
            test_unhandled)
