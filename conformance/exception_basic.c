/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Exceptions: which code and parameters faults have, vectored handlers and their order, continuing with a changed
 * context, unwinding, the unhandled filter.
 *
 * Sources: [D] Microsoft's pages on EXCEPTION_RECORD, AddVectoredExceptionHandler,
 * SetUnhandledExceptionFilter; the x64 calling convention's unwind pages.
 */
#include <setjmp.h>

#define CONFORMANCE_CHILD(argc, argv) child(argc, argv)
static int child(int argc, char **argv);

#include "conformance.h"

static EXCEPTION_RECORD seen;
static DWORD64 resume_at;
static int order[4], order_count;

/* Notes the exception and goes on behind the faulting instruction. */
static LONG CALLBACK note(EXCEPTION_POINTERS *info)
{
    seen = *info->ExceptionRecord;
    if (!resume_at)
        return EXCEPTION_CONTINUE_SEARCH;
    info->ContextRecord->Rip = resume_at;
    resume_at = 0;
    return EXCEPTION_CONTINUE_EXECUTION;
}

/* Runs one instruction that faults; `behind` is where it goes on. */
#define FAULT(instruction, ...)                                                                    \
    do {                                                                                           \
        memset(&seen, 0, sizeof(seen));                                                            \
        __asm__ volatile("lea 1f(%%rip), %%rax; mov %%rax, %0; " instruction "; 1:"                \
                         : "=m"(resume_at)                                                         \
                         : __VA_ARGS__                                                             \
                         : "rax", "rcx", "rdx", "memory", "cc");                                   \
    } while (0)

static void test_codes(void)
{
    void *handler = AddVectoredExceptionHandler(1, note);
    char *page = VirtualAlloc(NULL, 4096, MEM_RESERVE | MEM_COMMIT, PAGE_READONLY);
    DWORD old;

    FAULT("movl (%1), %%ecx", "r"((void *)0x10));
    ok(seen.ExceptionCode == EXCEPTION_ACCESS_VIOLATION, "read of 0x10: %lx", seen.ExceptionCode);
    ok(seen.NumberParameters == 2 && seen.ExceptionInformation[0] == 0 &&
           seen.ExceptionInformation[1] == 0x10,
       "parameters %lu: %llx %llx", seen.NumberParameters, seen.ExceptionInformation[0],
       seen.ExceptionInformation[1]);
    FAULT("movl $1, (%1)", "r"(page));
    ok(seen.ExceptionCode == EXCEPTION_ACCESS_VIOLATION && seen.ExceptionInformation[0] == 1 &&
           seen.ExceptionInformation[1] == (ULONG_PTR)page,
       "write to a read-only page: %lx %llx %llx", seen.ExceptionCode,
       seen.ExceptionInformation[0], seen.ExceptionInformation[1]);
    FAULT("movl (%1), %%ecx", "r"((void *)0xdead000000000000));
    ok(seen.ExceptionCode == EXCEPTION_ACCESS_VIOLATION &&
           seen.ExceptionInformation[1] == ~(ULONG_PTR)0,
       "an address that is none: %lx %llx", seen.ExceptionCode, seen.ExceptionInformation[1]);
    VirtualProtect(page, 4096, PAGE_READWRITE | PAGE_GUARD, &old);
    FAULT("movl (%1), %%ecx", "r"(page));
    ok(seen.ExceptionCode == STATUS_GUARD_PAGE_VIOLATION, "guard page: %lx", seen.ExceptionCode);
    FAULT("movl (%1), %%ecx", "r"(page));
    ok(!seen.ExceptionCode, "the guard is gone after the first touch: %lx", seen.ExceptionCode);
    resume_at = 0;
    FAULT("xor %%ecx, %%ecx; mov $1, %%eax; cdq; idiv %%ecx", "i"(0));
    ok(seen.ExceptionCode == EXCEPTION_INT_DIVIDE_BY_ZERO, "1 / 0: %lx", seen.ExceptionCode);
    FAULT("mov $0x80000000, %%eax; cdq; mov $-1, %%ecx; idiv %%ecx", "i"(0));
    todo_wine ok(seen.ExceptionCode == EXCEPTION_INT_OVERFLOW, "INT_MIN / -1: %lx", seen.ExceptionCode);
    FAULT("ud2", "i"(0));
    ok(seen.ExceptionCode == EXCEPTION_ILLEGAL_INSTRUCTION, "ud2: %lx", seen.ExceptionCode);
    FAULT("hlt", "i"(0));
    ok(seen.ExceptionCode == EXCEPTION_PRIV_INSTRUCTION, "hlt: %lx", seen.ExceptionCode);
    FAULT("int3", "i"(0));
    ok(seen.ExceptionCode == EXCEPTION_BREAKPOINT, "int3: %lx", seen.ExceptionCode);
    VirtualFree(page, 0, MEM_RELEASE);
    RemoveVectoredExceptionHandler(handler);
}

static LONG CALLBACK first(EXCEPTION_POINTERS *info)
{
    (void)info;
    order[order_count++] = 1;
    return EXCEPTION_CONTINUE_SEARCH;
}

static LONG CALLBACK second(EXCEPTION_POINTERS *info)
{
    order[order_count++] = 2;
    return info->ExceptionRecord->ExceptionCode == 0xe0000001 ? EXCEPTION_CONTINUE_EXECUTION
                                                             : EXCEPTION_CONTINUE_SEARCH;
}

static LONG CALLBACK continued(EXCEPTION_POINTERS *info)
{
    (void)info;
    order[order_count++] = 3;
    return EXCEPTION_CONTINUE_SEARCH;
}

static void test_vectored_order(void)
{
    ULONG_PTR parameters[2] = {11, 22};
    void *b = AddVectoredExceptionHandler(0, second), *a = AddVectoredExceptionHandler(1, first);
    void *c = AddVectoredContinueHandler(0, continued);

    order_count = 0;
    RaiseException(0xe0000001, 0, 2, parameters);
    todo_wine ok(order_count == 3 && order[0] == 1 && order[1] == 2 && order[2] == 3,
                 "%d calls: %d %d %d", order_count, order[0], order[1], order[2]);
    ok(RemoveVectoredExceptionHandler(a) && RemoveVectoredExceptionHandler(b) &&
           RemoveVectoredContinueHandler(c),
       "removing");
    ok(!RemoveVectoredExceptionHandler(a), "removing twice");
}

static jmp_buf back;

static LONG CALLBACK jump(EXCEPTION_POINTERS *info)
{
    (void)info;
    longjmp(back, 5);
}

static void test_longjmp(void)
{
    void *handler = AddVectoredExceptionHandler(1, jump);
    volatile int value = setjmp(back);

    if (!value)
        *(volatile int *)0x20 = 1;
    ok(value == 5, "longjmp out of a handler gave %d", value);
    RemoveVectoredExceptionHandler(handler);
}

/* RtlVirtualUnwind from here must come by main. */
static void test_walk(void)
{
    CONTEXT context;
    int frames = 0;
    BOOL in_image = TRUE;

    RtlCaptureContext(&context);
    while (context.Rip && frames < 64) {
        DWORD64 base, frame;
        void *data;
        RUNTIME_FUNCTION *function = RtlLookupFunctionEntry(context.Rip, &base, NULL);

        if (!function)
            break;
        in_image &= context.Rip - base >= function->BeginAddress &&
                    context.Rip - base < function->EndAddress;
        RtlVirtualUnwind(UNW_FLAG_NHANDLER, base, context.Rip, function, &context, &data, &frame,
                         NULL);
        frames++;
    }
    ok(in_image, "an entry that does not hold its address");
    ok(frames >= 4 && frames < 64, "%d frames", frames);
}

static DWORD WINAPI use_stack(void *unused)
{
    volatile char buffer[64 * 1024];

    (void)unused;
    for (size_t i = sizeof(buffer); i;)
        buffer[--i] = 1;
    return buffer[0];
}

static void test_stack_growth(void)
{
    HANDLE thread = CreateThread(NULL, 0, use_stack, NULL, 0, NULL);
    DWORD code = 0;

    ok(WaitForSingleObject(thread, 10000) == WAIT_OBJECT_0, "the thread did not end");
    GetExitCodeThread(thread, &code);
    ok(code == 1, "exit code %lx", code);
    CloseHandle(thread);
}

static __attribute__((noinline)) int overflow(volatile int depth)
{
    volatile char room[1024];

    room[0] = (char)depth;
    return depth < 0 ? 0 : overflow(depth + 1) + room[0];
}

static LONG WINAPI filter(EXCEPTION_POINTERS *info)
{
    ExitProcess(info->ExceptionRecord->ExceptionCode == 0xe0000077 ? 42 : 43);
}

/* What ends a process is tried in a child. */
static int child(int argc, char **argv)
{
    if (argc < 3)
        return 1;
    SetErrorMode(SEM_NOGPFAULTERRORBOX);
    if (!strcmp(argv[2], "filter")) {
        SetUnhandledExceptionFilter(filter);
        RaiseException(0xe0000077, 0, 0, NULL);
    } else if (!strcmp(argv[2], "crash")) {
        *(volatile int *)0x30 = 1;
    } else if (!strcmp(argv[2], "overflow")) {
        return overflow(0);
    }
    return 1;
}

static DWORD run_child(const char *what)
{
    STARTUPINFOA startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION info;
    char path[MAX_PATH], command[MAX_PATH + 64];
    DWORD code = 0xdeadbeef;

    GetModuleFileNameA(NULL, path, sizeof(path));
    snprintf(command, sizeof(command), "\"%s\" --child %s", path, what);
    if (!CreateProcessA(NULL, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &info)) {
        ok(0, "CreateProcess: %lu", GetLastError());
        return code;
    }
    ok(WaitForSingleObject(info.hProcess, 30000) == WAIT_OBJECT_0, "%s: the child hangs", what);
    GetExitCodeProcess(info.hProcess, &code);
    CloseHandle(info.hProcess);
    CloseHandle(info.hThread);
    return code;
}

static void test_unhandled(void)
{
    DWORD code;

    code = run_child("filter");
    ok(code == 42, "the filter's exit code: %lx", code);
    code = run_child("crash");
    ok(code == EXCEPTION_ACCESS_VIOLATION, "an access violation ends with %lx", code);
    code = run_child("overflow");
    todo_wine ok(code == EXCEPTION_STACK_OVERFLOW, "a stack overflow ends with %lx", code);
}

CONFORMANCE("exceptions", test_codes, test_vectored_order, test_longjmp, test_walk,
            test_stack_growth, test_unhandled)
