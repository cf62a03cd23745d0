/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The life of threads: creation flags, exit codes, ends of every kind (return, ExitThread, termination from
 * outside wherever the thread is), what one thread can learn and set about another, DLL-free thread
 * notifications by TLS callbacks, the main thread's exit.
 *
 * Sources: [D] Microsoft's pages on CreateThread, ExitThread, TerminateThread, GetExitCodeThread, SuspendThread,
 * SetThreadDescription, SetThreadPriority, SetThreadAffinityMask, SetThreadIdealProcessor; [W] Wine's
 * kernel32/tests/thread.c, which passes on Windows.
 */
#define CONFORMANCE_CHILD(argc, argv) child(argc, argv)
static int child(int argc, char **argv);

#include "conformance.h"

#define LONG_TIME 20000 /* ms, in which anything here ends */

static DWORD WINAPI return_argument(void *argument)
{
    return (DWORD)(ULONG_PTR)argument;
}

static DWORD WINAPI exit_with_argument(void *argument)
{
    ExitThread((DWORD)(ULONG_PTR)argument);
}

static void check_end(int line, HANDLE thread, DWORD expected)
{
    DWORD code = 0xdeadbeef;

    conformance_ok(line, WaitForSingleObject(thread, LONG_TIME) == WAIT_OBJECT_0, "the thread hangs");
    conformance_ok(line, GetExitCodeThread(thread, &code), "GetExitCodeThread: %lu", GetLastError());
    conformance_ok(line, code == expected, "exit code %lx for %lx", code, expected);
}

static void test_exit_codes(void)
{
    static const DWORD codes[] = {0, 1, 256, 0x80000000, 0xffffffff, STILL_ACTIVE};

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        for (int by_exit = 0; by_exit < 2; by_exit++) {
            DWORD id = 0;
            HANDLE thread = CreateThread(NULL, 0, by_exit ? exit_with_argument : return_argument,
                                         (void *)(ULONG_PTR)codes[i], 0, &id);

            ok(thread != NULL && id, "CreateThread: %lu", GetLastError());
            check_end(__LINE__, thread, codes[i]);
            ok(GetThreadId(thread) == id, "id %lu for %lu", GetThreadId(thread), id);
            CloseHandle(thread);
        }
    }
}

/* [D] GetExitCodeThread: STILL_ACTIVE until the end. A created-suspended thread runs when resumed. */
static void test_suspended(void)
{
    HANDLE thread = CreateThread(NULL, 0, return_argument, (void *)77, CREATE_SUSPENDED, NULL);
    DWORD code = 0, got;

    ok(GetExitCodeThread(thread, &code) && code == STILL_ACTIVE, "exit code %lx", code);
    ok(WaitForSingleObject(thread, 20) == WAIT_TIMEOUT, "it ran");
    /* [D] The previous suspend count is returned. */
    got = SuspendThread(thread);
    ok(got == 1, "count %lu", got);
    got = ResumeThread(thread);
    ok(got == 2, "count %lu", got);
    ok(WaitForSingleObject(thread, 20) == WAIT_TIMEOUT, "it ran at count 1");
    got = ResumeThread(thread);
    ok(got == 1, "count %lu", got);
    check_end(__LINE__, thread, 77);
    /* [W] Of a thread that has ended: nothing to suspend. */
    SetLastError(0xdeadbeef);
    got = SuspendThread(thread);
    ok(got == (DWORD)-1 && GetLastError() == ERROR_ACCESS_DENIED, "count %lx, error %lu", got,
       GetLastError());
    got = ResumeThread(thread);
    ok(got == 0, "count %lx", got);
    CloseHandle(thread);
}

/* [W] MAXIMUM_SUSPEND_COUNT. */
static void test_suspend_limit(void)
{
    HANDLE thread = CreateThread(NULL, 0, return_argument, (void *)5, CREATE_SUSPENDED, NULL);
    DWORD count = 0, got = 1;

    while (count < 1000 && got != (DWORD)-1) {
        SetLastError(0xdeadbeef);
        got = SuspendThread(thread);
        count++;
    }
    ok(GetLastError() == ERROR_SIGNAL_REFUSED, "error %lu", GetLastError());
    ok(count == MAXIMUM_SUSPEND_COUNT && got == (DWORD)-1, "failed at %lu", count);
    for (DWORD i = 0; i < MAXIMUM_SUSPEND_COUNT; i++)
        got = ResumeThread(thread);
    ok(got == 1, "count %lu", got);
    check_end(__LINE__, thread, 5);
    CloseHandle(thread);
}

/* --- Termination --- */

static volatile LONG reached;
static HANDLE never;

static DWORD WINAPI spin(void *unused)
{
    (void)unused;
    reached = 1;
    while (reached)
        YieldProcessor();
    return 1;
}

static DWORD WINAPI wait_for_ever(void *unused)
{
    (void)unused;
    reached = 1;
    WaitForSingleObject(never, INFINITE);
    return 1;
}

static DWORD WINAPI wait_alertably(void *unused)
{
    (void)unused;
    reached = 1;
    SleepEx(INFINITE, TRUE);
    return 1;
}

static DWORD WINAPI wait_for_many(void *unused)
{
    HANDLE handles[2] = {never, never};

    (void)unused;
    handles[1] = CreateEventA(NULL, TRUE, FALSE, NULL);
    reached = 1;
    WaitForMultipleObjects(2, handles, TRUE, INFINITE);
    return 1;
}

static HANDLE pipe_read, pipe_write;

static DWORD WINAPI read_pipe(void *unused)
{
    char byte;
    DWORD got;

    (void)unused;
    reached = 1;
    ReadFile(pipe_read, &byte, 1, &got, NULL);
    return 1;
}

static DWORD WINAPI call_often(void *unused)
{
    (void)unused;
    reached = 1;
    while (reached) {
        HANDLE event = CreateEventA(NULL, FALSE, TRUE, NULL);

        WaitForSingleObject(event, 0);
        CloseHandle(event);
        SwitchToThread();
    }
    return 1;
}

static void test_terminate(void)
{
    static const struct {
        const char *name;
        LPTHREAD_START_ROUTINE start;
        int rounds;
    } cases[] = {
        {"a loop", spin, 20},           {"a wait", wait_for_ever, 20},
        {"a sleep", wait_alertably, 5}, {"a wait for two", wait_for_many, 5},
        {"a read", read_pipe, 5},       {"calls", call_often, 20},
    };

    never = CreateEventA(NULL, TRUE, FALSE, NULL);
    CreatePipe(&pipe_read, &pipe_write, NULL, 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (is_wine() && i == 2) {
            skip("Wine 8 may hang when a thread is ended in the middle of a call");
            break;
        }
        for (int round = 0; round < cases[i].rounds; round++) {
            HANDLE thread;
            DWORD code = 0;

            reached = 0;
            thread = CreateThread(NULL, 0, cases[i].start, NULL, 0, NULL);
            while (!reached)
                SwitchToThread();
            if (round & 1)
                Sleep(1); /* mostly in the call by now; either is right */
            ok(TerminateThread(thread, 0x1234), "%s: %lu", cases[i].name, GetLastError());
            ok(WaitForSingleObject(thread, LONG_TIME) == WAIT_OBJECT_0, "%s: it goes on",
               cases[i].name);
            ok(GetExitCodeThread(thread, &code) && code == 0x1234, "%s: exit code %lx",
               cases[i].name, code);
            /* [W] A second time is refused or does nothing; the code stays. */
            TerminateThread(thread, 0x5678);
            GetExitCodeThread(thread, &code);
            todo_wine ok(code == 0x1234, "%s: exit code %lx", cases[i].name, code);
            CloseHandle(thread);
        }
    }
    CloseHandle(never);
    CloseHandle(pipe_read);
    CloseHandle(pipe_write);
}

/* One that is suspended, and one that has not begun. */
static void test_terminate_suspended(void)
{
    HANDLE thread = CreateThread(NULL, 0, return_argument, (void *)1, CREATE_SUSPENDED, NULL);

    ok(TerminateThread(thread, 9), "TerminateThread: %lu", GetLastError());
    check_end(__LINE__, thread, 9);
    CloseHandle(thread);
    reached = 0;
    thread = CreateThread(NULL, 0, spin, NULL, 0, NULL);
    while (!reached)
        SwitchToThread();
    ok(SuspendThread(thread) == 0, "SuspendThread");
    ok(TerminateThread(thread, 10), "TerminateThread: %lu", GetLastError());
    check_end(__LINE__, thread, 10);
    CloseHandle(thread);
}

/* [D] A mutex that the ended thread owned is abandoned. */
static HANDLE owned_mutex;

static DWORD WINAPI own_and_spin(void *unused)
{
    WaitForSingleObject(owned_mutex, INFINITE);
    return spin(unused);
}

static void test_terminate_owner(void)
{
    HANDLE thread;
    DWORD got;

    owned_mutex = CreateMutexA(NULL, FALSE, NULL);
    reached = 0;
    thread = CreateThread(NULL, 0, own_and_spin, NULL, 0, NULL);
    while (!reached)
        SwitchToThread();
    TerminateThread(thread, 0);
    check_end(__LINE__, thread, 0);
    got = WaitForSingleObject(owned_mutex, LONG_TIME);
    ok(got == WAIT_ABANDONED, "wait %lx", got);
    ReleaseMutex(owned_mutex);
    CloseHandle(owned_mutex);
    CloseHandle(thread);
}

/* --- What is known of a thread --- */

static void test_handles(void)
{
    DWORD id = 0, got;
    HANDLE thread = CreateThread(NULL, 0, return_argument, (void *)3, CREATE_SUSPENDED, &id);
    HANDLE limited, other;

    other = OpenThread(THREAD_ALL_ACCESS, FALSE, id);
    ok(other != NULL, "OpenThread: %lu", GetLastError());
    ok(GetThreadId(other) == id, "id %lu for %lu", GetThreadId(other), id);
    ok(GetProcessIdOfThread(other) == GetCurrentProcessId(), "process %lu",
       GetProcessIdOfThread(other));
    /* Rights count. */
    limited = OpenThread(SYNCHRONIZE, FALSE, id);
    SetLastError(0xdeadbeef);
    ok(!TerminateThread(limited, 1) && GetLastError() == ERROR_ACCESS_DENIED, "error %lu",
       GetLastError());
    SetLastError(0xdeadbeef);
    ok(SuspendThread(limited) == (DWORD)-1 && GetLastError() == ERROR_ACCESS_DENIED, "error %lu",
       GetLastError());
    SetLastError(0xdeadbeef);
    ok(!GetExitCodeThread(limited, &got) && GetLastError() == ERROR_ACCESS_DENIED, "error %lu",
       GetLastError());
    CloseHandle(limited);
    SetLastError(0xdeadbeef);
    limited = OpenThread(THREAD_ALL_ACCESS, FALSE, 0x7ffffff0);
    ok(!limited && GetLastError() == ERROR_INVALID_PARAMETER, "no such thread: %lu",
       GetLastError());
    ResumeThread(other);
    check_end(__LINE__, other, 3);
    CloseHandle(other);
    CloseHandle(thread);
}

static void test_times(void)
{
    FILETIME created, exited, kernel, user, before, now;
    HANDLE thread;
    ULONGLONG a, b, c;

    GetSystemTimeAsFileTime(&before);
    memset(&created, 0xcc, sizeof(created));
    thread = CreateThread(NULL, 0, return_argument, NULL, 0, NULL);
    check_end(__LINE__, thread, 0);
    ok(GetThreadTimes(thread, &created, &exited, &kernel, &user), "GetThreadTimes: %lu",
       GetLastError());
    GetSystemTimeAsFileTime(&now);
    a = (ULONGLONG)created.dwHighDateTime << 32 | created.dwLowDateTime;
    b = (ULONGLONG)exited.dwHighDateTime << 32 | exited.dwLowDateTime;
    c = (ULONGLONG)now.dwHighDateTime << 32 | now.dwLowDateTime;
    /* [D] Times of creation and exit; 30 ms for coarse clocks. */
    ok(a + 300000 >= ((ULONGLONG)before.dwHighDateTime << 32 | before.dwLowDateTime) && a <= c + 300000,
       "created %llu, now %llu", a, c);
    ok(b + 300000 >= a && b <= c + 300000, "created %llu, exited %llu, now %llu", a, b, c);
    CloseHandle(thread);
    ok(GetThreadTimes(GetCurrentThread(), &created, &exited, &kernel, &user), "own times");
    ok(user.dwLowDateTime || user.dwHighDateTime || kernel.dwLowDateTime || kernel.dwHighDateTime,
       "no processor time used");
}

static void test_description(void)
{
    HRESULT(WINAPI *set)(HANDLE, PCWSTR) =
        (void *)GetProcAddress(GetModuleHandleA("kernel32.dll"), "SetThreadDescription");
    HRESULT(WINAPI *get)(HANDLE, PWSTR *) =
        (void *)GetProcAddress(GetModuleHandleA("kernel32.dll"), "GetThreadDescription");
    HANDLE thread = CreateThread(NULL, 0, return_argument, NULL, CREATE_SUSPENDED, NULL);
    WCHAR *text = (void *)1;
    HRESULT result;

    if (!set || !get) {
        skip("no thread descriptions");
        TerminateThread(thread, 0);
        return;
    }
    /* [D] Without one: an empty string, to be freed by LocalFree. */
    result = get(thread, &text);
    ok(SUCCEEDED(result) && text && !*text, "result %lx", result);
    LocalFree(text);
    result = set(thread, L"a worker \x20ac");
    ok(SUCCEEDED(result), "result %lx", result);
    result = get(thread, &text);
    ok(SUCCEEDED(result) && text && !wcscmp(text, L"a worker \x20ac"), "result %lx", result);
    LocalFree(text);
    result = set(thread, L"");
    ok(SUCCEEDED(result), "result %lx", result);
    result = get(thread, &text);
    ok(SUCCEEDED(result) && text && !*text, "result %lx", result);
    LocalFree(text);
    ResumeThread(thread);
    check_end(__LINE__, thread, 0);
    CloseHandle(thread);
}

/* [D] What is set is read back; nonsense is refused. */
static void test_priority(void)
{
    HANDLE thread = CreateThread(NULL, 0, return_argument, NULL, CREATE_SUSPENDED, NULL);
    static const int levels[] = {THREAD_PRIORITY_IDLE,         THREAD_PRIORITY_LOWEST,
                                 THREAD_PRIORITY_BELOW_NORMAL, THREAD_PRIORITY_NORMAL,
                                 THREAD_PRIORITY_ABOVE_NORMAL, THREAD_PRIORITY_HIGHEST,
                                 THREAD_PRIORITY_TIME_CRITICAL};
    BOOL disabled = 2;
    int got;

    got = GetThreadPriority(thread);
    ok(got == THREAD_PRIORITY_NORMAL, "priority %d", got);
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        ok(SetThreadPriority(thread, levels[i]), "%d: %lu", levels[i], GetLastError());
        got = GetThreadPriority(thread);
        ok(got == levels[i], "priority %d for %d", got, levels[i]);
    }
    SetLastError(0xdeadbeef);
    ok(!SetThreadPriority(thread, 7) && GetLastError() == ERROR_INVALID_PARAMETER, "error %lu",
       GetLastError());
    ok(GetThreadPriorityBoost(thread, &disabled) && !disabled, "boost disabled: %d", disabled);
    ok(SetThreadPriorityBoost(thread, TRUE), "SetThreadPriorityBoost: %lu", GetLastError());
    todo_wine ok(GetThreadPriorityBoost(thread, &disabled) && disabled == TRUE, "boost disabled: %d",
                 disabled);
    ResumeThread(thread);
    check_end(__LINE__, thread, 0);
    CloseHandle(thread);
}

static void test_affinity(void)
{
    HANDLE thread = CreateThread(NULL, 0, return_argument, NULL, CREATE_SUSPENDED, NULL);
    DWORD_PTR process_mask = 0, system_mask = 0, got, one;
    DWORD ideal;

    ok(GetProcessAffinityMask(GetCurrentProcess(), &process_mask, &system_mask), "error %lu",
       GetLastError());
    one = process_mask & -process_mask;
    got = SetThreadAffinityMask(thread, one);
    ok(got == process_mask, "previous mask %llx for %llx", got, process_mask);
    got = SetThreadAffinityMask(thread, process_mask);
    ok(got == one, "previous mask %llx for %llx", got, one);
    SetLastError(0xdeadbeef);
    got = SetThreadAffinityMask(thread, 0);
    ok(!got && GetLastError() == ERROR_INVALID_PARAMETER, "mask 0: %llx, %lu", got, GetLastError());
    /* [W] Processors that the process may not use. */
    if (~system_mask) {
        SetLastError(0xdeadbeef);
        got = SetThreadAffinityMask(thread, ~system_mask);
        ok(!got && GetLastError() == ERROR_INVALID_PARAMETER, "foreign processors: %llx, %lu", got,
           GetLastError());
    }
    ideal = SetThreadIdealProcessor(thread, 0);
    ok(ideal < MAXIMUM_PROCESSORS, "previous ideal processor %lx", ideal);
    ideal = SetThreadIdealProcessor(thread, MAXIMUM_PROCESSORS); /* only asks */
    ok(ideal == 0, "ideal processor %lx", ideal);
    SetLastError(0xdeadbeef);
    ideal = SetThreadIdealProcessor(thread, MAXIMUM_PROCESSORS + 1);
    ok(ideal == (DWORD)-1 && GetLastError() == ERROR_INVALID_PARAMETER, "ideal %lx, error %lu",
       ideal, GetLastError());
    ResumeThread(thread);
    check_end(__LINE__, thread, 0);
    CloseHandle(thread);
}

/* --- The process and its threads --- */

static HANDLE main_thread;

static DWORD WINAPI outlive_main(void *unused)
{
    DWORD code = 0;

    (void)unused;
    if (WaitForSingleObject(main_thread, LONG_TIME) != WAIT_OBJECT_0)
        ExitProcess(1);
    if (!GetExitCodeThread(main_thread, &code) || code != 21)
        ExitProcess(2);
    return 42;
}

/* Ends in ways that end the process. */
static int child(int argc, char **argv)
{
    const char *what = argc > 2 ? argv[2] : "";

    if (!strcmp(what, "main exits")) {
        DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(), &main_thread,
                        0, FALSE, DUPLICATE_SAME_ACCESS);
        CreateThread(NULL, 0, outlive_main, NULL, 0, NULL);
        ExitThread(21);
    } else if (!strcmp(what, "main returns")) {
        CreateThread(NULL, 0, spin, NULL, 0, NULL);
        while (!reached)
            SwitchToThread();
        return 43;
    } else if (!strcmp(what, "only thread exits")) {
        ExitThread(44);
    } else if (!strcmp(what, "terminated")) {
        TerminateThread(GetCurrentThread(), 45);
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
    snprintf(command, sizeof(command), "\"%s\" --child \"%s\"", path, what);
    if (!conformance_ok(line,
                        CreateProcessA(NULL, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup,
                                       &info),
                        "CreateProcess: %lu", GetLastError()))
        return;
    conformance_ok(line, WaitForSingleObject(info.hProcess, LONG_TIME) == WAIT_OBJECT_0,
                   "%s: the child hangs", what);
    GetExitCodeProcess(info.hProcess, &code);
    conformance_ok(line, code == expected, "%s: exit code %lx for %lx", what, code, expected);
    CloseHandle(info.hProcess);
    CloseHandle(info.hThread);
}

/* [D] ExitThread in the main thread keeps the process; the last thread's end ends it, with its code. A
 * return from main ends all threads. */
static void test_process_end(void)
{
    check_child(__LINE__, "main exits", 42);
    check_child(__LINE__, "main returns", 43);
    check_child(__LINE__, "only thread exits", 44);
    check_child(__LINE__, "terminated", 45);
}

/* Thousands of threads come and go; nothing may be lost. */
static volatile LONG started;

static DWORD WINAPI count_me(void *unused)
{
    (void)unused;
    InterlockedIncrement(&started);
    return 0;
}

static void test_many(void)
{
    HANDLE threads[50];

    started = 0;
    for (int round = 0; round < 40; round++) {
        for (int i = 0; i < 50; i++)
            threads[i] = CreateThread(NULL, 0, count_me, NULL, 0, NULL);
        ok(WaitForMultipleObjects(50, threads, TRUE, LONG_TIME) == WAIT_OBJECT_0, "threads hang");
        for (int i = 0; i < 50; i++)
            CloseHandle(threads[i]);
    }
    ok(started == 2000, "%ld threads ran", started);
}

CONFORMANCE("the life of threads", test_exit_codes, test_suspended, test_suspend_limit,
            test_terminate, test_terminate_suspended, test_terminate_owner, test_handles,
            test_times, test_description, test_priority, test_affinity, test_process_end,
            test_many)
