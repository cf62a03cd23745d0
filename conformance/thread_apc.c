/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * User APCs and the waits that run them: every kind of alertable wait, the order of APCs, APCs before a thread's
 * start and while it is suspended, APCs that queue APCs, waits that are not alertable. Then the stack: its
 * limits, growth, overflow and what a thread can do about it.
 *
 * Sources: [D] Microsoft's pages on QueueUserAPC, SleepEx, WaitForSingleObjectEx, SignalObjectAndWait, thread stack
 * size, _resetstkoflw, SetThreadStackGuarantee, GetCurrentThreadStackLimits; [W] Wine's
 * kernel32/tests/thread.c and sync.c, ntdll/tests/exception.c, which pass on Windows.
 */
#include "conformance.h"

#define LONG_TIME 20000

/* --- APCs --- */

static char order[128];

static void CALLBACK note(ULONG_PTR name)
{
    size_t length = strlen(order);

    if (length < sizeof(order) - 1) {
        order[length] = (char)name;
        order[length + 1] = 0;
    }
}

static void CALLBACK queue_more(ULONG_PTR name)
{
    note(name);
    if (name < 'e')
        QueueUserAPC(queue_more, GetCurrentThread(), name + 1);
}

/* [D] An alertable wait ends when APCs have run, with WAIT_IO_COMPLETION; they run in the order they were
 * queued, one queued by another within the same wait. */
static void test_order(void)
{
    DWORD got;

    order[0] = 0;
    for (char name = 'a'; name <= 'd'; name++)
        ok(QueueUserAPC(note, GetCurrentThread(), (ULONG_PTR)name), "QueueUserAPC: %lu",
           GetLastError());
    ok(!order[0], "ran before a wait: %s", order);
    got = SleepEx(10, FALSE);
    ok(!order[0] && !got, "ran in a wait that is not alertable: %s", order);
    got = SleepEx(LONG_TIME, TRUE);
    ok(got == WAIT_IO_COMPLETION, "SleepEx: %lx", got);
    ok(!strcmp(order, "abcd"), "order %s", order);
    got = SleepEx(0, TRUE);
    ok(got == 0, "SleepEx without APCs: %lx", got);
    order[0] = 0;
    QueueUserAPC(queue_more, GetCurrentThread(), 'a');
    got = SleepEx(LONG_TIME, TRUE);
    ok(got == WAIT_IO_COMPLETION && !strcmp(order, "abcde"), "SleepEx: %lx, order %s", got, order);
}

static void test_kinds_of_wait(void)
{
    HANDLE set = CreateEventA(NULL, TRUE, TRUE, NULL), clear = CreateEventA(NULL, TRUE, FALSE, NULL);
    HANDLE pair[2] = {clear, set}, port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    OVERLAPPED_ENTRY entry;
    ULONG removed = 77;
    DWORD got;

#define EACH(call, expected)                                                                       \
    do {                                                                                           \
        order[0] = 0;                                                                              \
        QueueUserAPC(note, GetCurrentThread(), 'x');                                               \
        got = (call);                                                                              \
        ok(got == (expected) && !strcmp(order, "x"), #call ": %lx, ran %s", got, order);           \
    } while (0)
    EACH(SleepEx(0, TRUE), WAIT_IO_COMPLETION);
    EACH(SleepEx(INFINITE, TRUE), WAIT_IO_COMPLETION);
    EACH(WaitForSingleObjectEx(clear, LONG_TIME, TRUE), WAIT_IO_COMPLETION);
    EACH(WaitForMultipleObjectsEx(1, &clear, FALSE, LONG_TIME, TRUE), WAIT_IO_COMPLETION);
    EACH(WaitForMultipleObjectsEx(2, pair, TRUE, LONG_TIME, TRUE), WAIT_IO_COMPLETION);
    EACH(SignalObjectAndWait(set, clear, LONG_TIME, TRUE), WAIT_IO_COMPLETION);
    order[0] = 0;
    QueueUserAPC(note, GetCurrentThread(), 'x');
    SetLastError(0xdeadbeef);
    got = GetQueuedCompletionStatusEx(port, &entry, 1, &removed, LONG_TIME, TRUE);
    ok(!got && GetLastError() == WAIT_IO_COMPLETION && !strcmp(order, "x"),
       "GetQueuedCompletionStatusEx: %lu, error %lu, ran %s", got, GetLastError(), order);
    /* A wait that is satisfied at once takes the object and leaves the APC, or the other way round: Windows looks
     * at the object first. */
    order[0] = 0;
    QueueUserAPC(note, GetCurrentThread(), 'x');
    got = WaitForSingleObjectEx(set, 0, TRUE);
    ok(got == WAIT_OBJECT_0 || got == WAIT_IO_COMPLETION, "signalled object: %lx", got);
    SleepEx(0, TRUE);
    ok(!strcmp(order, "x"), "ran %s", order);
    CloseHandle(set);
    CloseHandle(clear);
    CloseHandle(port);
}

static FILETIME timer_time;

static void CALLBACK note_timer(void *argument, DWORD low, DWORD high)
{
    note((ULONG_PTR)argument);
    timer_time = (FILETIME){low, high};
}

/* [D] SetWaitableTimer: the completion routine is an APC of the setting thread, with the time of expiry. */
static void test_timer(void)
{
    HANDLE timer = CreateWaitableTimerA(NULL, TRUE, NULL);
    LARGE_INTEGER due = {.QuadPart = -10000}; /* 1 ms */
    FILETIME before, after;
    DWORD got;

    order[0] = 0;
    GetSystemTimeAsFileTime(&before);
    ok(SetWaitableTimer(timer, &due, 0, note_timer, (void *)'t', FALSE), "SetWaitableTimer: %lu",
       GetLastError());
    ok(WaitForSingleObject(timer, LONG_TIME) == WAIT_OBJECT_0 && !order[0], "ran in a deaf wait: %s",
       order);
    got = SleepEx(LONG_TIME, TRUE);
    GetSystemTimeAsFileTime(&after);
    ok(got == WAIT_IO_COMPLETION && !strcmp(order, "t"), "SleepEx: %lx, order %s", got, order);
    todo_wine ok(CompareFileTime(&timer_time, &before) >= 0 && CompareFileTime(&timer_time, &after) <= 0,
                 "time %lx%08lx, now %lx%08lx", timer_time.dwHighDateTime, timer_time.dwLowDateTime,
                 after.dwHighDateTime, after.dwLowDateTime);
    /* Cancelled: none comes any more. */
    due.QuadPart = -10000000;
    SetWaitableTimer(timer, &due, 0, note_timer, (void *)'x', FALSE);
    ok(CancelWaitableTimer(timer), "CancelWaitableTimer: %lu", GetLastError());
    /* Periodic. */
    order[0] = 0;
    due.QuadPart = -10000;
    SetWaitableTimer(timer, &due, 2, note_timer, (void *)'p', FALSE);
    for (int i = 0; i < 3; i++)
        todo_wine_if(i > 0) /* Wine 8 calls it once */
            ok(SleepEx(is_wine() ? 100 : LONG_TIME, TRUE) == WAIT_IO_COMPLETION, "round %d", i);
    CancelWaitableTimer(timer);
    SleepEx(0, TRUE);
    todo_wine ok(strlen(order) >= 3 && strspn(order, "p") == strlen(order), "order %s", order);
    CloseHandle(timer);
}

static DWORD WINAPI look_at_order(void *unused)
{
    (void)unused;
    note('T');
    return 0;
}

/* [D] APCs queued to a thread before it begins run before its function. */
static void test_before_start(void)
{
    HANDLE thread;

    order[0] = 0;
    thread = CreateThread(NULL, 0, look_at_order, NULL, CREATE_SUSPENDED, NULL);
    ok(QueueUserAPC(note, thread, '1') && QueueUserAPC(note, thread, '2'), "QueueUserAPC: %lu",
       GetLastError());
    ResumeThread(thread);
    ok(WaitForSingleObject(thread, LONG_TIME) == WAIT_OBJECT_0, "the thread hangs");
    ok(!strcmp(order, "12T"), "order %s", order);
    SetLastError(0xdeadbeef);
    ok(!QueueUserAPC(note, thread, 'x') && GetLastError() != 0xdeadbeef, "to an ended thread: %lu",
       GetLastError());
    CloseHandle(thread);
}

static HANDLE ready, never;
static DWORD wait_got;

static DWORD WINAPI wait_alertably(void *unused)
{
    (void)unused;
    SetEvent(ready);
    wait_got = WaitForSingleObjectEx(never, LONG_TIME, TRUE);
    return 0;
}

static DWORD WINAPI wait_deafly(void *unused)
{
    (void)unused;
    SetEvent(ready);
    wait_got = WaitForSingleObject(never, INFINITE);
    note('W');
    SleepEx(0, TRUE);
    return 0;
}

static void test_other_thread(void)
{
    HANDLE thread;

    ready = CreateEventA(NULL, FALSE, FALSE, NULL);
    never = CreateEventA(NULL, TRUE, FALSE, NULL);
    order[0] = 0;
    thread = CreateThread(NULL, 0, wait_alertably, NULL, 0, NULL);
    WaitForSingleObject(ready, LONG_TIME);
    ok(QueueUserAPC(note, thread, 'q'), "QueueUserAPC: %lu", GetLastError());
    ok(WaitForSingleObject(thread, LONG_TIME) == WAIT_OBJECT_0, "the APC did not end the wait");
    ok(wait_got == WAIT_IO_COMPLETION && !strcmp(order, "q"), "wait %lx, order %s", wait_got, order);
    CloseHandle(thread);
    /* A suspended thread runs it when it is resumed. */
    order[0] = 0;
    thread = CreateThread(NULL, 0, wait_alertably, NULL, 0, NULL);
    WaitForSingleObject(ready, LONG_TIME);
    SuspendThread(thread);
    QueueUserAPC(note, thread, 's');
    ok(WaitForSingleObject(thread, 30) == WAIT_TIMEOUT && !order[0], "ran while suspended: %s", order);
    ResumeThread(thread);
    ok(WaitForSingleObject(thread, LONG_TIME) == WAIT_OBJECT_0, "the thread hangs");
    ok(wait_got == WAIT_IO_COMPLETION && !strcmp(order, "s"), "wait %lx, order %s", wait_got, order);
    CloseHandle(thread);
    /* A wait that is not alertable goes on; the APC runs in the next that is. */
    order[0] = 0;
    thread = CreateThread(NULL, 0, wait_deafly, NULL, 0, NULL);
    WaitForSingleObject(ready, LONG_TIME);
    QueueUserAPC(note, thread, 'd');
    ok(WaitForSingleObject(thread, 30) == WAIT_TIMEOUT && !order[0], "ran in a deaf wait: %s", order);
    SetEvent(never);
    ok(WaitForSingleObject(thread, LONG_TIME) == WAIT_OBJECT_0, "the thread hangs");
    ok(wait_got == WAIT_OBJECT_0 && !strcmp(order, "Wd"), "wait %lx, order %s", wait_got, order);
    CloseHandle(thread);
    CloseHandle(ready);
    CloseHandle(never);
}

/* --- The stack --- */

struct limits {
    ULONG_PTR low, high, reserved, committed;
};

static DWORD WINAPI tell_limits(void *result)
{
    struct limits *limits = result;
    MEMORY_BASIC_INFORMATION info;
    ULONG_PTR at;

    GetCurrentThreadStackLimits(&limits->low, &limits->high);
    for (at = limits->high - 1; at >= limits->low; at = (ULONG_PTR)info.BaseAddress - 1) {
        VirtualQuery((void *)at, &info, sizeof(info));
        if (info.State != MEM_COMMIT || (info.Protect & PAGE_GUARD))
            break;
    }
    VirtualQuery(&info, &info, sizeof(info));
    limits->reserved = limits->high - (ULONG_PTR)info.AllocationBase;
    limits->committed = limits->high - at - 1;
    return (ULONG_PTR)&info > limits->low && (ULONG_PTR)&info < limits->high;
}

static struct limits limits_of(SIZE_T size, DWORD flags)
{
    struct limits limits = {0};
    HANDLE thread = CreateThread(NULL, size, tell_limits, &limits, flags, NULL);
    DWORD code = 0;

    WaitForSingleObject(thread, LONG_TIME);
    GetExitCodeThread(thread, &code);
    ok(code == 1, "the stack is not within its limits");
    CloseHandle(thread);
    return limits;
}

/* [D] Thread stack size: the size is committed, and with STACK_SIZE_PARAM_IS_A_RESERVATION reserved, rounded up; the
 * default comes from the executable. */
static void test_sizes(void)
{
    const IMAGE_DOS_HEADER *dos = (void *)GetModuleHandleA(NULL);
    const IMAGE_NT_HEADERS *nt = (void *)((const char *)dos + dos->e_lfanew);
    struct limits got = limits_of(0, 0);

    ok(got.high - got.low == nt->OptionalHeader.SizeOfStackReserve && got.reserved == got.high - got.low,
       "default: %llx reserved, the image has %llx", got.high - got.low,
       nt->OptionalHeader.SizeOfStackReserve);
    got = limits_of(0x300000, STACK_SIZE_PARAM_IS_A_RESERVATION);
    ok(got.high - got.low == 0x300000, "reservation: %llx", got.high - got.low);
    todo_wine ok(got.committed < 0x100000, "committed %llx", got.committed);
    got = limits_of(0x31000, STACK_SIZE_PARAM_IS_A_RESERVATION);
    ok(got.high - got.low >= 0x31000 && !((got.high - got.low) & 0xfff), "odd reservation: %llx",
       got.high - got.low);
    got = limits_of(0x60000, 0);
    ok(got.committed >= 0x60000, "commitment: %llx", got.committed);
    /* More to commit than the default reserves: the reservation grows. */
    got = limits_of(nt->OptionalHeader.SizeOfStackReserve + 0x100000, 0);
    ok(got.high - got.low >= nt->OptionalHeader.SizeOfStackReserve + 0x100000, "large: %llx",
       got.high - got.low);
}

static __attribute__((noinline)) void use_stack(void)
{
    const NT_TIB *tib = (NT_TIB *)NtCurrentTeb();
    volatile char room[0x40000];

    for (size_t i = sizeof(room); i > 0; i -= 1024)
        room[i - 1] = 1;
    ok((ULONG_PTR)tib->StackLimit <= (ULONG_PTR)room, "limit %p above %p", tib->StackLimit, room);
}

/* The guard page moves as the stack is used. */
static DWORD WINAPI grow(void *unused)
{
    NT_TIB *tib = (NT_TIB *)NtCurrentTeb();
    ULONG_PTR before = (ULONG_PTR)tib->StackLimit, low, high;
    MEMORY_BASIC_INFORMATION info;

    (void)unused;
    use_stack();
    todo_wine ok((ULONG_PTR)tib->StackLimit < before, "the limit did not move: %p", tib->StackLimit);
    VirtualQuery((char *)tib->StackLimit - 1, &info, sizeof(info));
    ok(info.State == MEM_COMMIT && info.Protect == (PAGE_READWRITE | PAGE_GUARD),
       "below the limit: state %lx, protection %lx", info.State, info.Protect);
    GetCurrentThreadStackLimits(&low, &high);
    ok((ULONG_PTR)tib->StackBase == high && low == (ULONG_PTR)info.AllocationBase, "base %p, low %llx",
       tib->StackBase, low);
    return 0;
}

static void test_growth(void)
{
    HANDLE thread = CreateThread(NULL, 0, grow, NULL, 0, NULL);

    ok(WaitForSingleObject(thread, LONG_TIME) == WAIT_OBJECT_0, "the thread hangs");
    CloseHandle(thread);
}

/* --- Overflow --- */

static volatile LONG overflows;
static ULONG_PTR overflow_address, room_in_handler;
static CONTEXT before_overflow;

static LONG CALLBACK count_overflow(EXCEPTION_POINTERS *info)
{
    ULONG_PTR low, high;

    if (info->ExceptionRecord->ExceptionCode != EXCEPTION_STACK_OVERFLOW)
        return EXCEPTION_CONTINUE_SEARCH;
    overflows++;
    GetCurrentThreadStackLimits(&low, &high);
    overflow_address = info->ExceptionRecord->ExceptionInformation[1] - low;
    room_in_handler = (ULONG_PTR)&low - low;
    /* Back to where the descent began, with 1 as its result. */
    *info->ContextRecord = before_overflow;
    info->ContextRecord->Rax = 1;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static __attribute__((noinline)) int descend(volatile int depth)
{
    volatile char room[512];

    room[0] = (char)depth;
    return (depth >= 0 ? descend(depth + 1) : 0) + room[0];
}

/* Returns 1 after an overflow: RtlCaptureContext's caller goes on with rax 1. */
static __attribute__((noinline)) BOOL overflow(void)
{
    static volatile int times;

    times = 0;
    RtlCaptureContext(&before_overflow);
    if (times++)
        return TRUE;
    descend(0);
    return FALSE;
}

static int(__cdecl *reset_stack)(void);

static DWORD WINAPI overflow_twice(void *guarantee)
{
    ULONG bytes = (ULONG)(ULONG_PTR)guarantee;
    int result;

    if (bytes) {
        ok(SetThreadStackGuarantee(&bytes), "SetThreadStackGuarantee: %lu", GetLastError());
        bytes = 0;
        ok(SetThreadStackGuarantee(&bytes) && bytes == (ULONG)(ULONG_PTR)guarantee,
           "the guarantee is %lx", bytes);
    }
    for (int i = 1; i <= 3; i++) {
        ok(overflow(), "no overflow");
        ok(overflows == i, "%ld overflows", overflows);
        if (bytes)
            todo_wine_if(i == 1) /* Wine 8 gives it from the second time on */
                ok(room_in_handler + 0x2000 >= bytes, "%llx bytes for the handler of %lx",
                   room_in_handler, bytes);
        /* [D] _resetstkoflw restores the guard page; without it the next overflow ends the process. */
        result = reset_stack();
        ok(result, "_resetstkoflw failed");
    }
    return 0;
}

static void test_overflow(void)
{
    void *handler = AddVectoredExceptionHandler(1, count_overflow);
    HMODULE msvcrt = LoadLibraryA("msvcrt.dll");

    reset_stack = (void *)GetProcAddress(msvcrt, "_resetstkoflw");
    for (ULONG_PTR guarantee = 0; guarantee <= 0x10000; guarantee += 0x10000) {
        HANDLE thread;

        overflows = 0;
        thread = CreateThread(NULL, 0x80000, overflow_twice, (void *)guarantee,
                              STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
        ok(WaitForSingleObject(thread, LONG_TIME) == WAIT_OBJECT_0, "the thread hangs");
        CloseHandle(thread);
        ok(overflows == 3, "%ld overflows", overflows);
    }
    RemoveVectoredExceptionHandler(handler);
}

CONFORMANCE("APCs and stacks", test_order, test_kinds_of_wait, test_timer, test_before_start, test_other_thread,
            test_sizes, test_growth, test_overflow)
