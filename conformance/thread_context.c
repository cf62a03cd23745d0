/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Suspended threads and their contexts: of a thread that runs and of one inside a system call, changed and
 * redirected; suspension as such (the thread stands while its count is not 0), under load.
 *
 * Sources: [D] Microsoft's pages on SuspendThread, GetThreadContext, SetThreadContext; [W] Wine's
 * kernel32/tests/thread.c and ntdll/tests/exception.c, which pass on Windows.
 */
#include "conformance.h"

#define LONG_TIME 20000

/* --- A thread that counts in rbx, with known values in other registers --- */

static volatile LONG64 counter;
static volatile LONG stop;

void count_registers(volatile LONG64 *counter, volatile LONG *stop);
extern const char count_loop[], count_end[], count_out[];
__asm__(".text\n.balign 16\n.globl count_registers\n.seh_proc count_registers\ncount_registers:\n"
        "pushq %rbx\n.seh_pushreg %rbx\npushq %r12\n.seh_pushreg %r12\n"
        "subq $0x28, %rsp\n.seh_stackalloc 0x28\n.seh_endprologue\n"
        "movl $0x1111, %r8d\nmovl $0x2222, %r12d\nxorl %ebx, %ebx\nmovq %r8, %xmm3\n"
        ".globl count_loop\ncount_loop:\n"
        "incq %rbx\nmovq %rbx, (%rcx)\ncmpl $0, (%rdx)\nje count_loop\n"
        ".globl count_end\ncount_end:\n"
        "nop\n"
        ".globl count_out\ncount_out:\n"
        "addq $0x28, %rsp\npopq %r12\npopq %rbx\nret\n.seh_endproc\n");

static DWORD WINAPI count(void *unused)
{
    (void)unused;
    count_registers(&counter, &stop);
    return 0;
}

static HANDLE start_counting(void)
{
    HANDLE thread;

    counter = 0;
    stop = 0;
    thread = CreateThread(NULL, 0, count, NULL, 0, NULL);
    while (!counter)
        SwitchToThread();
    return thread;
}

/* [D] SuspendThread returns when the thread stands or will not run another instruction of user code before its
 * context is read. */
static void test_running(void)
{
    HANDLE thread = start_counting();
    CONTEXT context;
    LONG64 at;

    for (int i = 0; i < 200; i++) {
        ok(SuspendThread(thread) == 0, "round %d: SuspendThread", i);
        memset(&context, 0xcc, sizeof(context));
        context.ContextFlags = CONTEXT_FULL | CONTEXT_SEGMENTS;
        ok(GetThreadContext(thread, &context), "round %d: %lu", i, GetLastError());
        at = counter;
        if (context.Rip < (ULONG64)count_loop || context.Rip >= (ULONG64)count_end) {
            ok(0, "round %d: rip %llx", i, context.Rip);
            break;
        }
        ok(context.Rcx == (ULONG64)&counter && context.Rdx == (ULONG64)&stop, "rcx %llx rdx %llx",
           context.Rcx, context.Rdx);
        ok(context.R8 == 0x1111 && context.R12 == 0x2222 && context.Xmm3.Low == 0x1111,
           "r8 %llx r12 %llx xmm3 %llx", context.R8, context.R12, context.Xmm3.Low);
        ok(context.Rbx == (ULONG64)at || context.Rbx == (ULONG64)at + 1, "rbx %llx, counter %llx",
           context.Rbx, at);
        ok(context.SegCs == 0x33 && context.SegSs == 0x2b, "cs %x, ss %x", context.SegCs,
           context.SegSs);
        for (int k = 0; k < 100; k++)
            YieldProcessor();
        ok(counter == at, "round %d: it counts on while suspended", i);
        ok(ResumeThread(thread) == 1, "round %d: ResumeThread", i);
    }
    stop = 1;
    ok(WaitForSingleObject(thread, LONG_TIME) == WAIT_OBJECT_0, "the thread hangs");
    CloseHandle(thread);
}

/* Registers are set one group at a time; what the flags do not name stays. */
static void test_set(void)
{
    HANDLE thread = start_counting();
    CONTEXT context = {.ContextFlags = CONTEXT_INTEGER}, again;

    SuspendThread(thread);
    ok(GetThreadContext(thread, &context), "get: %lu", GetLastError());
    ok(context.ContextFlags == CONTEXT_INTEGER, "flags %lx", context.ContextFlags);
    ok(!context.Rip && !context.EFlags, "rip %llx was not asked for", context.Rip);
    context.Rbx = 0x1000000000000;
    context.Rip = 0xbad; /* not named by the flags */
    ok(SetThreadContext(thread, &context), "set: %lu", GetLastError());
    again.ContextFlags = CONTEXT_FULL;
    ok(GetThreadContext(thread, &again), "get: %lu", GetLastError());
    ok(again.Rbx == 0x1000000000000, "rbx %llx", again.Rbx);
    ok(again.Rip >= (ULONG64)count_loop && again.Rip < (ULONG64)count_end, "rip %llx", again.Rip);
    ResumeThread(thread);
    while (counter < 0x1000000000000)
        SwitchToThread();
    /* Out of the loop without the condition that ends it. */
    SuspendThread(thread);
    context.ContextFlags = CONTEXT_CONTROL;
    ok(GetThreadContext(thread, &context), "get: %lu", GetLastError());
    context.Rip = (ULONG64)count_out;
    ok(SetThreadContext(thread, &context), "set: %lu", GetLastError());
    ResumeThread(thread);
    ok(WaitForSingleObject(thread, LONG_TIME) == WAIT_OBJECT_0, "redirection did not end it");
    CloseHandle(thread);
}

/* --- A thread inside a system call --- */

static HANDLE wake, answer;
static volatile DWORD wait_result;
static volatile LONG was_redirected;

static DWORD WINAPI wait_for_wake(void *unused)
{
    (void)unused;
    SetEvent(answer);
    wait_result = WaitForSingleObject(wake, INFINITE);
    return 7;
}

static void redirected(void)
{
    was_redirected = 1;
    ExitThread(8);
}

static HANDLE start_waiting(void)
{
    HANDLE thread;

    wake = CreateEventA(NULL, TRUE, FALSE, NULL);
    answer = CreateEventA(NULL, TRUE, FALSE, NULL);
    wait_result = 0xcccc;
    thread = CreateThread(NULL, 0, wait_for_wake, NULL, 0, NULL);
    WaitForSingleObject(answer, LONG_TIME);
    return thread;
}

static BOOL is_in_ntdll(ULONG64 rip)
{
    HMODULE module = NULL;

    return GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
                                  GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                              (const char *)rip, &module) &&
           module == GetModuleHandleA("ntdll.dll");
}

/* The context shows the call's place in ntdll, on the thread's own stack, and can be unwound from
 * there; writing it back changes nothing. */
static void test_in_call(void)
{
    HANDLE thread = start_waiting();
    CONTEXT context = {.ContextFlags = CONTEXT_FULL};
    BOOL is_found = FALSE;

    for (int i = 0; i < 1000; i++) {
        SuspendThread(thread);
        context.ContextFlags = CONTEXT_FULL;
        GetThreadContext(thread, &context);
        if (is_in_ntdll(context.Rip)) {
            is_found = TRUE;
            break;
        }
        ResumeThread(thread);
        Sleep(1);
    }
    ok(is_found, "never in ntdll: rip %llx", context.Rip);
    if (is_found) {
        CONTEXT walk = context;
        BOOL is_start_found = FALSE;

        for (int i = 0; i < 20 && walk.Rip; i++) {
            ULONG64 base, frame;
            void *data;
            RUNTIME_FUNCTION *function = RtlLookupFunctionEntry(walk.Rip, &base, NULL);

            if (!function) {
                walk.Rip = *(ULONG64 *)walk.Rsp;
                walk.Rsp += 8;
            } else {
                if (base + function->BeginAddress == (ULONG64)wait_for_wake)
                    is_start_found = TRUE;
                RtlVirtualUnwind(UNW_FLAG_NHANDLER, base, walk.Rip, function, &walk, &data, &frame,
                                 NULL);
            }
        }
        ok(is_start_found, "the thread's function is not on its stack");
        ok(SetThreadContext(thread, &context), "set: %lu", GetLastError());
    }
    ResumeThread(thread);
    SetEvent(wake);
    ok(WaitForSingleObject(thread, LONG_TIME) == WAIT_OBJECT_0, "the thread hangs");
    ok(wait_result == WAIT_OBJECT_0, "the wait gave %lx", wait_result);
    CloseHandle(thread);
    CloseHandle(wake);
    CloseHandle(answer);
}

/* [D] A thread in a system call is suspended too: its wait may end, but it does not run. */
static void test_wait_ends_suspended(void)
{
    HANDLE thread = start_waiting();

    SuspendThread(thread);
    SetEvent(wake);
    ok(WaitForSingleObject(thread, 30) == WAIT_TIMEOUT, "it ran while suspended");
    ok(wait_result == 0xcccc, "the wait returned %lx", wait_result);
    ResumeThread(thread);
    ok(WaitForSingleObject(thread, LONG_TIME) == WAIT_OBJECT_0, "the thread hangs");
    ok(wait_result == WAIT_OBJECT_0, "the wait gave %lx", wait_result);
    CloseHandle(thread);
    CloseHandle(wake);
    CloseHandle(answer);
}

/* Redirected while it waits: the wait is over at the latest when it is satisfied, and execution goes on at the
 * new place. (On Windows the wait goes on until then.) */
static void test_redirect_in_call(void)
{
    HANDLE thread = start_waiting();
    CONTEXT context = {.ContextFlags = CONTEXT_CONTROL};
    DWORD code = 0;

    was_redirected = 0;
    SuspendThread(thread);
    ok(GetThreadContext(thread, &context), "get: %lu", GetLastError());
    context.Rip = (ULONG64)redirected;
    context.Rsp = (context.Rsp & ~15ull) - 0x208; /* as after a call */
    ok(SetThreadContext(thread, &context), "set: %lu", GetLastError());
    ResumeThread(thread);
    SetEvent(wake);
    ok(WaitForSingleObject(thread, LONG_TIME) == WAIT_OBJECT_0, "the thread hangs");
    GetExitCodeThread(thread, &code);
    ok(was_redirected && code == 8, "redirected %ld, exit code %lu", was_redirected, code);
    CloseHandle(thread);
    CloseHandle(wake);
    CloseHandle(answer);
}

/* --- Before the first instruction --- */

static DWORD WINAPI other_start(void *argument)
{
    return (DWORD)(ULONG_PTR)argument + 1;
}

static DWORD WINAPI first_start(void *argument)
{
    return (DWORD)(ULONG_PTR)argument;
}

/* [W] rcx is the function, rdx its argument, rip RtlUserThreadStart; loaders of other programs rely on it. */
static void test_unstarted(void)
{
    HANDLE thread = CreateThread(NULL, 0, first_start, (void *)30, CREATE_SUSPENDED, NULL);
    CONTEXT context = {.ContextFlags = CONTEXT_FULL};
    DWORD code = 0;

    ok(GetThreadContext(thread, &context), "get: %lu", GetLastError());
    ok(context.Rip == (ULONG64)GetProcAddress(GetModuleHandleA("ntdll.dll"), "RtlUserThreadStart"),
       "rip %llx", context.Rip);
    ok(context.Rcx == (ULONG64)first_start && context.Rdx == 30, "rcx %llx, rdx %llx", context.Rcx,
       context.Rdx);
    context.Rcx = (ULONG64)other_start;
    context.Rdx = 40;
    ok(SetThreadContext(thread, &context), "set: %lu", GetLastError());
    ResumeThread(thread);
    ok(WaitForSingleObject(thread, LONG_TIME) == WAIT_OBJECT_0, "the thread hangs");
    GetExitCodeThread(thread, &code);
    ok(code == 41, "exit code %lu", code);
    CloseHandle(thread);
}

/* Stopped at once after its creation, wherever it has got to: it stands, with a context that can be written back. (It
 * must not be terminated there: it may hold the loader's lock.) */
static void test_early(void)
{
    int ran = 0, empty = 0, rounds;

    for (rounds = 0; rounds < 300; rounds++) {
        CONTEXT context = {.ContextFlags = CONTEXT_FULL};
        HANDLE thread;
        LONG64 at;

        counter = 0;
        stop = 0;
        thread = CreateThread(NULL, 0, count, NULL, 0, NULL);
        if (SuspendThread(thread) || !GetThreadContext(thread, &context) ||
            !SetThreadContext(thread, &context))
            break;
        empty += !context.Rip || !context.Rsp;
        at = counter;
        for (int k = 0; k < 3; k++)
            SwitchToThread();
        ran += counter != at;
        stop = 1;
        ResumeThread(thread);
        if (WaitForSingleObject(thread, LONG_TIME) != WAIT_OBJECT_0)
            break;
        CloseHandle(thread);
    }
    ok(rounds == 300, "stopped in round %d, error %lu", rounds, GetLastError());
    ok(!ran, "%d threads ran while suspended", ran);
    ok(!empty, "%d contexts without rip or rsp", empty);
}

/* --- Errors --- */

static void test_errors(void)
{
    HANDLE thread = CreateThread(NULL, 0, first_start, NULL, 0, NULL);
    CONTEXT context = {.ContextFlags = CONTEXT_FULL};

    WaitForSingleObject(thread, LONG_TIME);
    SetLastError(0xdeadbeef);
    ok(!SetThreadContext(thread, &context) && GetLastError() != 0xdeadbeef, "of an ended thread: %lu",
       GetLastError());
    SetLastError(0xdeadbeef);
    ok(!GetThreadContext((HANDLE)0x7ffffff0, &context) && GetLastError() == ERROR_INVALID_HANDLE,
       "no handle: %lu", GetLastError());
    CloseHandle(thread);
}

/* --- Under load: a thread that allocates, faults and calls is suspended at any place --- */

static volatile LONG rounds;

static LONG CALLBACK go_on(EXCEPTION_POINTERS *info)
{
    return info->ExceptionRecord->ExceptionCode == 0xe0000001 ? EXCEPTION_CONTINUE_EXECUTION
                                                              : EXCEPTION_CONTINUE_SEARCH;
}

static DWORD WINAPI work(void *unused)
{
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL);

    (void)unused;
    while (!stop) {
        volatile double x = 1.5;

        SetEvent(event);
        if (WaitForSingleObject(event, 0) != WAIT_OBJECT_0)
            return 1;
        RaiseException(0xe0000001, 0, 0, NULL);
        for (int i = 0; i < 20; i++)
            x = x * 1.0 + 0.0;
        if (x != 1.5)
            return 2;
        InterlockedIncrement(&rounds);
    }
    CloseHandle(event);
    return 0;
}

static void test_load(void)
{
    void *handler = AddVectoredExceptionHandler(1, go_on);
    HANDLE threads[2];
    DWORD code = 99, suspended = 0;

    stop = rounds = 0;
    for (int i = 0; i < 2; i++)
        threads[i] = CreateThread(NULL, 0, work, NULL, 0, NULL);
    for (int i = 0; i < 3000; i++) {
        HANDLE thread = threads[i & 1];
        CONTEXT context = {.ContextFlags = CONTEXT_FULL};

        if (SuspendThread(thread) == (DWORD)-1)
            break;
        if (!GetThreadContext(thread, &context) || !context.Rip || !context.Rsp ||
            ((i & 4) && !SetThreadContext(thread, &context)))
            break;
        if (ResumeThread(thread) != 1)
            break;
        suspended++;
    }
    ok(suspended == 3000, "stopped after %lu", suspended);
    stop = 1;
    for (int i = 0; i < 2; i++) {
        ok(WaitForSingleObject(threads[i], LONG_TIME) == WAIT_OBJECT_0, "thread %d hangs", i);
        GetExitCodeThread(threads[i], &code);
        ok(!code, "thread %d: exit code %lu", i, code);
        CloseHandle(threads[i]);
    }
    ok(rounds > 10, "%ld rounds", rounds);
    RemoveVectoredExceptionHandler(handler);
}

CONFORMANCE("thread contexts", test_running, test_set, test_in_call, test_wait_ends_suspended,
            test_redirect_in_call, test_unstarted, test_early, test_errors, test_load)
