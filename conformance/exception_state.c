/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What survives an exception and where one can happen: AVX registers over handlers, suspension and
 * system calls; capture and restore of contexts; exceptions on fibers, in thread pool callbacks, on small
 * stacks, in many threads at once; bad pointers given to system calls.
 *
 * Sources: [D] Microsoft's pages on the x64 calling convention (volatile registers), RtlCaptureContext,
 * RtlRestoreContext, fibers, thread pools, "Working with XState context"; [W] Wine's
 * ntdll/tests/exception.c (extended contexts, RtlCaptureContext, debug registers).
 */
#include <cpuid.h>
#include <setjmp.h>
#include <winternl.h>

#include "conformance.h"

static BOOL has_avx(void)
{
    unsigned a, b, c, d;

    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_AVX) && (c & bit_OSXSAVE);
}

/* --- AVX registers --- */

static volatile LONG fault_count;

/* Spoils all vector registers, as code in a handler may. */
static __attribute__((noinline)) void spoil(void)
{
    if (has_avx())
        __asm__ volatile("vzeroall" ::: "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",
                         "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
                         "xmm15");
}

static LONG CALLBACK skip_int3(EXCEPTION_POINTERS *info)
{
    if (info->ExceptionRecord->ExceptionCode != EXCEPTION_BREAKPOINT)
        return EXCEPTION_CONTINUE_SEARCH;
    fault_count++;
    spoil();
    info->ContextRecord->Rip++;
    return EXCEPTION_CONTINUE_EXECUTION;
}

#define LOAD_ALL                                                                                   \
    "vmovdqu (%0), %%ymm0; vmovdqu 32(%0), %%ymm1; vmovdqu (%0), %%ymm6; vmovdqu 32(%0), %%ymm15;"
#define STORE_ALL                                                                                  \
    "vmovdqu %%ymm0, (%1); vmovdqu %%ymm1, 32(%1); vmovdqu %%ymm6, 64(%1); vmovdqu %%ymm15, "      \
    "96(%1); vzeroupper"
#define VECTORS "xmm0", "xmm1", "xmm6", "xmm15", "memory"

static void check_vectors(int line, const BYTE *in, const BYTE *out)
{
    conformance_ok(line, !memcmp(in, out, 32), "ymm0 is not what it was");
    conformance_ok(line, !memcmp(in + 32, out + 32, 32), "ymm1 is not what it was");
    conformance_ok(line, !memcmp(in, out + 64, 32), "ymm6 is not what it was");
    conformance_ok(line, !memcmp(in + 32, out + 96, 32), "ymm15 is not what it was");
}

static void test_avx_exception(void)
{
    void *handler = AddVectoredExceptionHandler(1, skip_int3);
    BYTE in[64], out[128];

    if (!has_avx()) {
        skip("no AVX");
        return;
    }
    for (int i = 0; i < 64; i++)
        in[i] = (BYTE)(i * 3 + 1);
    memset(out, 0xcc, sizeof(out));
    fault_count = 0;
    __asm__ volatile(LOAD_ALL "int3;" STORE_ALL ::"r"(in), "r"(out) : VECTORS);
    ok(fault_count == 1, "%ld exceptions", fault_count);
    check_vectors(__LINE__, in, out);
    RemoveVectoredExceptionHandler(handler);
}

static volatile LONG spin_state;
static BYTE spin_in[64], spin_out[128];

static DWORD WINAPI spin_with_vectors(void *unused)
{
    (void)unused;
    __asm__ volatile(LOAD_ALL "movl $1, %2; 1: pause; cmpl $2, %2; jne 1b;" STORE_ALL ::"r"(spin_in),
                     "r"(spin_out), "m"(spin_state)
                     : VECTORS);
    return 0;
}

/* Suspended a thousand times, with its context read and written back. */
static void test_avx_suspension(void)
{
    HANDLE thread;

    if (!has_avx()) {
        skip("no AVX");
        return;
    }
    for (int i = 0; i < 64; i++)
        spin_in[i] = (BYTE)(i * 7 + 3);
    memset(spin_out, 0xcc, sizeof(spin_out));
    spin_state = 0;
    thread = CreateThread(NULL, 0, spin_with_vectors, NULL, 0, NULL);
    while (!spin_state)
        SwitchToThread();
    for (int i = 0; i < 1000; i++) {
        CONTEXT context = {.ContextFlags = CONTEXT_FULL};

        if (SuspendThread(thread) == (DWORD)-1 || !GetThreadContext(thread, &context) ||
            !SetThreadContext(thread, &context) || ResumeThread(thread) != 1) {
            ok(0, "round %d: %lu", i, GetLastError());
            break;
        }
    }
    spin_state = 2;
    ok(WaitForSingleObject(thread, 10000) == WAIT_OBJECT_0, "the thread hangs");
    check_vectors(__LINE__, spin_in, spin_out);
    CloseHandle(thread);
}

/* --- Contexts --- */

/* [D] RtlCaptureContext: the caller's registers. */
static void test_capture(void)
{
    CONTEXT context;
    ULONG64 rsp;

    memset(&context, 0xcc, sizeof(context));
    __asm__ volatile("movq %%rsp, %0" : "=r"(rsp));
    RtlCaptureContext(&context);
    ok((context.ContextFlags & CONTEXT_FULL) == CONTEXT_FULL, "flags %lx", context.ContextFlags);
    ok(context.Rsp == rsp, "rsp %llx for %llx", context.Rsp, rsp);
    ok(context.Rip > (ULONG64)test_capture && context.Rip < (ULONG64)test_capture + 0x1000,
       "rip %llx", context.Rip);
    ok(context.SegCs == 0x33 && context.SegSs == 0x2b, "cs %x ss %x", context.SegCs,
       context.SegSs);
    ok(context.MxCsr == __builtin_ia32_stmxcsr(), "mxcsr %lx", context.MxCsr);
}

static volatile int restores;

static void test_restore(void)
{
    CONTEXT context;
    ULONG64 xmm8;

    restores = 0;
    __asm__ volatile("movq %0, %%xmm8" ::"r"(0x1111ull) : "xmm8");
    RtlCaptureContext(&context);
    if (!restores++) {
        context.Xmm8.Low = 0x2222;
        RtlRestoreContext(&context, NULL);
        ok(0, "RtlRestoreContext returned");
    }
    __asm__ volatile("movq %%xmm8, %0" : "=r"(xmm8));
    ok(restores == 2, "%d times here", restores);
    ok(xmm8 == 0x2222, "xmm8 %llx", xmm8);
}

/* [W] Debug registers can be read and written; a program that sets none finds zeros. */
static void test_debug_registers(void)
{
    CONTEXT context = {.ContextFlags = CONTEXT_DEBUG_REGISTERS};
    static volatile int variable;

    context.Dr0 = context.Dr7 = 0xcc;
    ok(GetThreadContext(GetCurrentThread(), &context), "get: %lu", GetLastError());
    ok(!context.Dr0 && !context.Dr1 && !context.Dr2 && !context.Dr3, "%llx %llx %llx %llx",
       context.Dr0, context.Dr1, context.Dr2, context.Dr3);
    context.Dr0 = (ULONG64)&variable;
    context.Dr7 = 0; /* not armed */
    ok(SetThreadContext(GetCurrentThread(), &context), "set: %lu", GetLastError());
    context.Dr0 = 0xcc;
    ok(GetThreadContext(GetCurrentThread(), &context), "get: %lu", GetLastError());
    ok(context.Dr0 == (ULONG64)&variable, "dr0 %llx", context.Dr0);
    context.Dr0 = 0;
    ok(SetThreadContext(GetCurrentThread(), &context), "set: %lu", GetLastError());
}

/* --- Where exceptions happen --- */

static __thread jmp_buf place;
static volatile LONG landed;

static LONG CALLBACK jump_to_place(EXCEPTION_POINTERS *info)
{
    if (info->ExceptionRecord->ExceptionCode != EXCEPTION_ACCESS_VIOLATION)
        return EXCEPTION_CONTINUE_SEARCH;
    longjmp(place, 1);
}

static __attribute__((noinline)) void fault_and_land(void)
{
    if (!setjmp(place)) {
        static void *volatile nowhere = (void *)0x20;

        *(volatile int *)nowhere = 1;
        ok(0, "the store went through");
    } else {
        InterlockedIncrement(&landed);
    }
}

static void *main_fiber;

static void CALLBACK fiber_main(void *count)
{
    for (int i = 0; i < *(int *)count; i++)
        fault_and_land();
    SwitchToFiber(main_fiber);
}

static void test_fiber(void)
{
    void *handler = AddVectoredExceptionHandler(1, jump_to_place), *fiber;
    int count = 3;

    landed = 0;
    main_fiber = ConvertThreadToFiber(NULL);
    fiber = CreateFiber(0, fiber_main, &count);
    SwitchToFiber(fiber);
    ok(landed == 3, "%ld landed on the fiber", landed);
    DeleteFiber(fiber);
    /* The smallest stack there is. */
    fiber = CreateFiberEx(4096, 4096, 0, fiber_main, &count);
    SwitchToFiber(fiber);
    ok(landed == 6, "%ld landed on the small fiber", landed);
    DeleteFiber(fiber);
    ConvertFiberToThread();
    fault_and_land();
    ok(landed == 7, "%ld landed", landed);
    RemoveVectoredExceptionHandler(handler);
}

static void CALLBACK pool_work(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)instance, (void)context, (void)work;
    fault_and_land();
}

static void test_thread_pool(void)
{
    void *handler = AddVectoredExceptionHandler(1, jump_to_place);
    PTP_WORK work = CreateThreadpoolWork(pool_work, NULL, NULL);

    landed = 0;
    for (int i = 0; i < 20; i++)
        SubmitThreadpoolWork(work);
    WaitForThreadpoolWorkCallbacks(work, FALSE);
    ok(landed == 20, "%ld landed", landed);
    CloseThreadpoolWork(work);
    RemoveVectoredExceptionHandler(handler);
}

static DWORD WINAPI fault_often(void *count)
{
    for (int i = 0; i < (int)(ULONG_PTR)count; i++)
        fault_and_land();
    return 0;
}

static void test_threads(void)
{
    void *handler = AddVectoredExceptionHandler(1, jump_to_place);
    HANDLE threads[8];

    landed = 0;
    for (int i = 0; i < 8; i++)
        threads[i] = CreateThread(NULL, i & 1 ? 4096 : 0, fault_often, (void *)500,
                                  i & 1 ? STACK_SIZE_PARAM_IS_A_RESERVATION : 0, NULL);
    ok(WaitForMultipleObjects(8, threads, TRUE, 30000) == WAIT_OBJECT_0, "threads hang");
    ok(landed == 4000, "%ld landed", landed);
    for (int i = 0; i < 8; i++)
        CloseHandle(threads[i]);
    RemoveVectoredExceptionHandler(handler);
}

/* --- Bad pointers given to the system --- */

/* [D] Native calls answer STATUS_ACCESS_VIOLATION (Win32: ERROR_NOACCESS) and raise nothing. */
static void test_bad_pointers(void)
{
    NTSTATUS(WINAPI *query_counter)(LARGE_INTEGER *, LARGE_INTEGER *);
    NTSTATUS(WINAPI *create_event)(HANDLE *, ULONG, void *, ULONG, ULONG);
    NTSTATUS(WINAPI *wait_multiple)(ULONG, HANDLE *, ULONG, ULONG, LARGE_INTEGER *);
    NTSTATUS(WINAPI *delay)(ULONG, LARGE_INTEGER *);
    NTSTATUS(WINAPI *nt_continue)(CONTEXT *, ULONG);
    NTSTATUS(WINAPI *get_context)(HANDLE, CONTEXT *);
    NTSTATUS(WINAPI *query_time)(LARGE_INTEGER *);
    HMODULE ntdll = GetModuleHandleA("ntdll.dll");
    void *bad = (void *)0x100, *kernel = (void *)0xffff800000000000;
    HANDLE event = CreateEventA(NULL, TRUE, FALSE, NULL), file;
    char path[MAX_PATH], name[MAX_PATH];
    DWORD done = 0xcccc;
    NTSTATUS status;

    query_counter = (void *)GetProcAddress(ntdll, "NtQueryPerformanceCounter");
    create_event = (void *)GetProcAddress(ntdll, "NtCreateEvent");
    wait_multiple = (void *)GetProcAddress(ntdll, "NtWaitForMultipleObjects");
    delay = (void *)GetProcAddress(ntdll, "NtDelayExecution");
    nt_continue = (void *)GetProcAddress(ntdll, "NtContinue");
    get_context = (void *)GetProcAddress(ntdll, "NtGetContextThread");
    query_time = (void *)GetProcAddress(ntdll, "NtQuerySystemTime");
    for (int i = 0; i < 2; i++, bad = kernel) {
        status = query_counter(bad, NULL);
        ok(status == (NTSTATUS)STATUS_ACCESS_VIOLATION, "NtQueryPerformanceCounter: %lx", status);
        status = create_event(bad, EVENT_ALL_ACCESS, NULL, 0, 0);
        ok(status == (NTSTATUS)STATUS_ACCESS_VIOLATION, "NtCreateEvent: %lx", status);
        status = create_event(&event, EVENT_ALL_ACCESS, bad, 0, 0);
        ok(status == (NTSTATUS)STATUS_ACCESS_VIOLATION, "NtCreateEvent, attributes: %lx", status);
        status = wait_multiple(2, bad, 1, 0, NULL);
        ok(status == (NTSTATUS)STATUS_ACCESS_VIOLATION, "NtWaitForMultipleObjects: %lx", status);
        status = delay(0, bad);
        ok(status == (NTSTATUS)STATUS_ACCESS_VIOLATION, "NtDelayExecution: %lx", status);
        status = nt_continue(bad, 0);
        ok(status == (NTSTATUS)STATUS_ACCESS_VIOLATION, "NtContinue: %lx", status);
        status = get_context(GetCurrentThread(), bad);
        ok(status == (NTSTATUS)STATUS_ACCESS_VIOLATION, "NtGetContextThread: %lx", status);
        status = query_time(bad);
        ok(status == (NTSTATUS)STATUS_ACCESS_VIOLATION, "NtQuerySystemTime: %lx", status);
        status = NtQueryInformationProcess(GetCurrentProcess(), ProcessBasicInformation, bad,
                                           sizeof(PROCESS_BASIC_INFORMATION), NULL);
        ok(status == (NTSTATUS)STATUS_ACCESS_VIOLATION, "NtQueryInformationProcess: %lx", status);
    }
    bad = (void *)0x100;
    GetTempPathA(sizeof(path), path);
    GetTempFileNameA(path, "dcn", 0, name);
    file = CreateFileA(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
                       FILE_FLAG_DELETE_ON_CLOSE, NULL);
    ok(WriteFile(file, "12345678", 8, &done, NULL) && done == 8, "writing: %lu", GetLastError());
    SetFilePointer(file, 0, NULL, FILE_BEGIN);
    SetLastError(0xdeadbeef);
    ok(!ReadFile(file, bad, 8, &done, NULL) && GetLastError() == ERROR_NOACCESS,
       "reading to nowhere: %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!WriteFile(file, bad, 8, &done, NULL) &&
           (GetLastError() == ERROR_NOACCESS || GetLastError() == ERROR_INVALID_USER_BUFFER),
       "writing from nowhere: %lu", GetLastError());
    CloseHandle(file);
    CloseHandle(event);
}

CONFORMANCE("exceptions and the state around them", test_avx_exception, test_avx_suspension,
            test_capture, test_restore, test_debug_registers, test_fiber, test_thread_pool,
            test_threads, test_bad_pointers)
