/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Threads of another process: CreateRemoteThread (and the injection of a DLL by it, as tools do it), QueueUserAPC,
 * SuspendThread, ResumeThread, GetThreadContext, SetThreadContext, TerminateThread, OpenThread.
 *
 * Sources: the functions' pages in Microsoft's documentation (processthreadsapi.h); dlls/kernel32/tests/thread.c
 * and dlls/ntdll/tests/thread.c of Wine, which pass on Windows.
 */
#define CONFORMANCE_CHILD child
static int child(int argc, char **argv);
#include "conformance.h"
#include "conformance_child.h"
#include <tlhelp32.h>

/* What a child tells of itself, as parent and child are loaded at different addresses. */
struct addresses {
    void *add_seven, *counter, *apc, *spin, *spin_done, *wait_alertable, *spin_with_avx;
};

static volatile LONG counter;
static volatile LONG64 spin_counter;
static volatile LONG apc_value;

static DWORD WINAPI add_seven(void *argument)
{
    InterlockedAdd(&counter, 7);
    return (DWORD)(ULONG_PTR)argument + 0x80000000;
}

static void NTAPI apc(ULONG_PTR value)
{
    apc_value = (LONG)value;
    child_say(&value, sizeof(value));
}

static DWORD WINAPI wait_alertable(void *argument)
{
    (void)argument;
    child_say("w", 1);
    while (SleepEx(30000, TRUE) == WAIT_IO_COMPLETION)
        if (apc_value == 99)
            return 99;
    return 0;
}

/* Where SetThreadContext sends the spinning thread. */
static void spin_done(void)
{
    ExitThread(0x5afe);
}

static DWORD WINAPI spin(void *argument)
{
    (void)argument;
    child_say("s", 1);
    for (;;)
        spin_counter++;
    return 0;
}

/* Spins with a pattern in ymm7 until the pattern is another one, which is its exit code. */
static DWORD WINAPI spin_with_avx(void *argument)
{
    LONG pattern[8] = {1, 2, 3, 4, 5, 6, 7, 8}, now[8];

    (void)argument;
    child_say("a", 1);
    __asm__ volatile("vmovdqu (%0), %%ymm7\n\tvmovdqu (%0), %%ymm6\n"
                     "1:\tvpxor %%ymm6, %%ymm7, %%ymm5\n\tvptest %%ymm5, %%ymm5\n\tjz 1b\n\t"
                     "vmovdqu %%ymm7, (%1)\n\tvzeroupper"
                     :
                     : "r"(pattern), "r"(now)
                     : "xmm5", "xmm6", "xmm7", "memory", "cc");
    return (DWORD)now[7];
}

static int child(int argc, char **argv)
{
    struct addresses addresses = {add_seven,         (void *)&counter,   (void *)apc, spin,
                                  (void *)spin_done, (void *)wait_alertable, spin_with_avx};

    (void)argc, (void)argv;
    addresses.counter = argc > 3 ? (void *)&spin_counter : (void *)&counter;
    child_say(&addresses, sizeof(addresses));
    return child_hold();
}

static struct child start(const char *what, struct addresses *addresses)
{
    struct child other = child_start_flags(what, CREATE_SUSPENDED);
    char ready = 0;

    ok(ResumeThread(other.thread) == 1, "ResumeThread: error %lu", GetLastError());
    ok(child_read(&other, addresses, sizeof(*addresses)) && child_read(&other, &ready, 1) &&
           ready == '!',
       "the child does not start");
    return other;
}

static LONG read_long(HANDLE process, void *address)
{
    LONG value = -1;
    SIZE_T done;

    ok(ReadProcessMemory(process, address, &value, sizeof(value), &done), "read: error %lu",
       GetLastError());
    return value;
}

/* 0xdeadbeef: refused. */
static DWORD thread_code(HANDLE thread)
{
    DWORD code = 0;

    return GetExitCodeThread(thread, &code) ? code : 0xdeadbeef;
}

static void test_create(void)
{
    struct addresses there;
    struct child other = start("wait", &there);
    HANDLE thread, limited;
    DWORD id = 0, code;

    thread = CreateRemoteThread(other.process, NULL, 0, (LPTHREAD_START_ROUTINE)there.add_seven,
                                (void *)0x1234, 0, &id);
    ok(thread != NULL && id && id != other.thread_id, "CreateRemoteThread: id %lu, error %lu", id,
       GetLastError());
    ok(GetThreadId(thread) == id && GetProcessIdOfThread(thread) == other.id, "ids %lu, %lu",
       GetThreadId(thread), GetProcessIdOfThread(thread));
    ok(!WaitForSingleObject(thread, 10000), "the thread does not end");
    code = thread_code(thread);
    ok(code == 0x80001234, "exit code %lx", code);
    ok(read_long(other.process, there.counter) == 7, "it did not run");
    CloseHandle(thread);

    thread = CreateRemoteThread(other.process, NULL, 0, (LPTHREAD_START_ROUTINE)there.add_seven,
                                NULL, CREATE_SUSPENDED, &id);
    ok(thread != NULL, "suspended: error %lu", GetLastError());
    ok(WaitForSingleObject(thread, 0) == WAIT_TIMEOUT, "it has ended");
    code = thread_code(thread);
    ok(code == STILL_ACTIVE, "exit code %lx", code);
    ok(SuspendThread(thread) == 1 && ResumeThread(thread) == 2, "suspend counts");
    ok(read_long(other.process, there.counter) == 7, "it runs");
    ok(ResumeThread(thread) == 1, "ResumeThread: error %lu", GetLastError());
    ok(!WaitForSingleObject(thread, 10000), "the thread does not end");
    ok(read_long(other.process, there.counter) == 14, "it did not run");
    CloseHandle(thread);

    limited = OpenProcess(PROCESS_VM_OPERATION | PROCESS_VM_WRITE | PROCESS_VM_READ |
                              PROCESS_QUERY_INFORMATION,
                          FALSE, other.id);
    SetLastError(0xdeadbeef);
    ok(!CreateRemoteThread(limited, NULL, 0, (LPTHREAD_START_ROUTINE)there.add_seven, NULL, 0,
                           NULL) &&
           GetLastError() == ERROR_ACCESS_DENIED,
       "without PROCESS_CREATE_THREAD: error %lu", GetLastError());
    CloseHandle(limited);
    child_end(&other);
}

static BOOL has_module(HANDLE process, const char *name)
{
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPMODULE, GetProcessId(process));
    MODULEENTRY32 entry = {.dwSize = sizeof(entry)};
    BOOL found = FALSE;

    for (BOOL more = Module32First(snapshot, &entry); more && !found;
         more = Module32Next(snapshot, &entry))
        found = !_stricmp(entry.szModule, name);
    CloseHandle(snapshot);
    return found;
}

/* The way of tools: memory for the name, the name into it, a thread at LoadLibraryA. kernel32 lies at one
 * address in all processes of a session. The second time into a process that has not run yet: its first thread
 * is suspended at the very start, and the injected one makes the process ready. */
static void inject(struct child *other, const char *name)
{
    SIZE_T size = strlen(name) + 1, done;
    void *load = (void *)GetProcAddress(GetModuleHandleA("kernel32.dll"), "LoadLibraryA");
    char *place = VirtualAllocEx(other->process, NULL, size, MEM_RESERVE | MEM_COMMIT,
                                 PAGE_READWRITE);
    HANDLE thread;
    DWORD code = 0;

    ok(place && WriteProcessMemory(other->process, place, name, size, &done), "name: error %lu",
       GetLastError());
    thread = CreateRemoteThread(other->process, NULL, 0, (LPTHREAD_START_ROUTINE)load, place, 0,
                                NULL);
    ok(thread != NULL, "CreateRemoteThread: error %lu", GetLastError());
    ok(!WaitForSingleObject(thread, 20000), "LoadLibraryA does not end");
    ok(GetExitCodeThread(thread, &code) && code, "LoadLibraryA failed in the other process");
    ok(has_module(other->process, name), "%s is not in the process", name);
    CloseHandle(thread);
    ok(VirtualFreeEx(other->process, place, 0, MEM_RELEASE), "free: error %lu", GetLastError());
}

static void test_inject(void)
{
    struct addresses there;
    struct child other = start("wait", &there);

    ok(!has_module(other.process, "version.dll"), "version.dll is there already");
    inject(&other, "version.dll");
    child_end(&other);
}

static void test_inject_early(void)
{
    struct child other = child_start_flags("wait", CREATE_SUSPENDED);
    struct addresses there;
    char ready = 0;

    inject(&other, "version.dll");
    ok(WaitForSingleObject(other.process, 0) == WAIT_TIMEOUT, "the process has ended");
    ok(ResumeThread(other.thread) == 1, "ResumeThread: error %lu", GetLastError());
    ok(child_read(&other, &there, sizeof(there)) && child_read(&other, &ready, 1) && ready == '!',
       "the program does not run afterwards");
    ok(child_finish(&other) == 0, "its exit code");
}

/* QueueUserAPC's page: run when the thread waits alertably; the thread then goes on. */
static void test_apc(void)
{
    struct addresses there;
    struct child other = start("wait", &there);
    HANDLE thread = CreateRemoteThread(other.process, NULL, 0,
                                       (LPTHREAD_START_ROUTINE)there.wait_alertable, NULL, 0, NULL);
    HANDLE limited = OpenThread(THREAD_QUERY_INFORMATION, FALSE, GetThreadId(thread));
    ULONG_PTR value = 0;
    DWORD code = 0;
    char word = 0;

    ok(limited != NULL, "OpenThread: error %lu", GetLastError());
    ok(child_read(&other, &word, 1) && word == 'w', "the thread does not start");
    ok(QueueUserAPC((PAPCFUNC)there.apc, thread, 42), "QueueUserAPC: error %lu", GetLastError());
    ok(child_read(&other, &value, sizeof(value)) && value == 42, "the APC got %zx", value);
    SetLastError(0xdeadbeef);
    ok(!QueueUserAPC((PAPCFUNC)there.apc, limited, 43) && GetLastError() == ERROR_ACCESS_DENIED,
       "without THREAD_SET_CONTEXT: error %lu", GetLastError());
    ok(QueueUserAPC((PAPCFUNC)there.apc, thread, 99), "QueueUserAPC: error %lu", GetLastError());
    ok(!WaitForSingleObject(thread, 10000), "it does not end");
    code = thread_code(thread);
    ok(code == 99, "it ended with %lu", code);
    CloseHandle(thread);
    CloseHandle(limited);
    child_end(&other);
}

/* APCs of a thread that has not run yet come before its start routine (documented with QueueUserAPC). */
static void test_apc_before_start(void)
{
    struct addresses there;
    struct child other = start("wait", &there);
    HANDLE thread = CreateRemoteThread(other.process, NULL, 0,
                                       (LPTHREAD_START_ROUTINE)there.wait_alertable, NULL,
                                       CREATE_SUSPENDED, NULL);
    ULONG_PTR value = 0;
    char word = 0;

    ok(QueueUserAPC((PAPCFUNC)there.apc, thread, 1), "QueueUserAPC: error %lu", GetLastError());
    ok(ResumeThread(thread) == 1, "ResumeThread: error %lu", GetLastError());
    ok(child_read(&other, &value, sizeof(value)) && value == 1, "first came %zx", value);
    ok(child_read(&other, &word, 1) && word == 'w', "then %c", word);
    CloseHandle(thread);
    child_end(&other);
}

static LONG64 read_spin(HANDLE process, void *address)
{
    LONG64 value = -1;
    SIZE_T done;

    ReadProcessMemory(process, address, &value, sizeof(value), &done);
    return value;
}

static void test_context(void)
{
    struct addresses there;
    struct child other = start("wait spin", &there);
    HANDLE thread = CreateRemoteThread(other.process, NULL, 0, (LPTHREAD_START_ROUTINE)there.spin,
                                       NULL, 0, NULL);
    CONTEXT context, again;
    MEMORY_BASIC_INFORMATION info;
    LONG64 before, after;
    DWORD code = 0;
    char word = 0;
    int tries;

    ok(child_read(&other, &word, 1) && word == 's', "the thread does not start");
    for (tries = 0; tries < 1000 && !read_spin(other.process, there.counter); tries++)
        Sleep(1);
    ok(SuspendThread(thread) == 0, "SuspendThread: error %lu", GetLastError());
    /* GetThreadContext makes sure that it stands (documented trick: SuspendThread alone is asynchronous). */
    memset(&context, 0xcc, sizeof(context));
    context.ContextFlags = CONTEXT_FULL;
    ok(GetThreadContext(thread, &context), "GetThreadContext: error %lu", GetLastError());
    ok(VirtualQueryEx(other.process, (void *)context.Rip, &info, sizeof(info)) == sizeof(info) &&
           info.Type == MEM_IMAGE,
       "it stands at %p, memory type %lx", (void *)context.Rip, info.Type);
    ok(VirtualQueryEx(other.process, (void *)context.Rsp, &info, sizeof(info)) == sizeof(info) &&
           info.Type == MEM_PRIVATE,
       "its stack is at %p, memory type %lx", (void *)context.Rsp, info.Type);
    before = read_spin(other.process, there.counter);
    for (tries = 0; tries < 5; tries++)
        Sleep(1);
    after = read_spin(other.process, there.counter);
    ok(before == after && before > 0, "it goes on: %lld, %lld", before, after);

    /* What is set is what is got, and where it goes on. */
    context.Rip = (ULONG_PTR)there.spin_done;
    context.Rsp = (context.Rsp & ~(ULONG_PTR)15) - 0x100 - 8;
    context.Rbx = 0x1122334455667788;
    ok(SetThreadContext(thread, &context), "SetThreadContext: error %lu", GetLastError());
    memset(&again, 0xcc, sizeof(again));
    again.ContextFlags = CONTEXT_FULL;
    ok(GetThreadContext(thread, &again) && again.Rip == context.Rip && again.Rsp == context.Rsp &&
           again.Rbx == context.Rbx,
       "Rip %llx Rsp %llx Rbx %llx", again.Rip, again.Rsp, again.Rbx);
    ok(ResumeThread(thread) == 1, "ResumeThread: error %lu", GetLastError());
    ok(!WaitForSingleObject(thread, 10000), "it does not end");
    code = thread_code(thread);
    ok(code == 0x5afe, "it ended with %lx", code);
    SetLastError(0xdeadbeef);
    ok(!GetThreadContext(thread, &again) || broken(1), "a thread that has ended has a context");
    CloseHandle(thread);
    child_end(&other);
}

/* The upper halves of the AVX registers travel too ("Working with XState context"). */
static void test_extended_context(void)
{
    typedef BOOL WINAPI initialize_context(void *, DWORD, CONTEXT **, DWORD *);
    typedef void *WINAPI locate(CONTEXT *, DWORD, DWORD *);
    typedef BOOL WINAPI set_mask(CONTEXT *, DWORD64);
    typedef DWORD64 WINAPI enabled(void);
    HMODULE kernel32 = GetModuleHandleA("kernel32.dll");
    initialize_context *initialize =
        (initialize_context *)(void *)GetProcAddress(kernel32, "InitializeContext");
    locate *find = (locate *)(void *)GetProcAddress(kernel32, "LocateXStateFeature");
    set_mask *set = (set_mask *)(void *)GetProcAddress(kernel32, "SetXStateFeaturesMask");
    enabled *features = (enabled *)(void *)GetProcAddress(kernel32, "GetEnabledXStateFeatures");
    const DWORD flags = CONTEXT_FULL | CONTEXT_FLOATING_POINT | 0x00100040; /* CONTEXT_XSTATE */
    struct addresses there;
    struct child other;
    CONTEXT *context;
    DWORD size = 0, bytes = 0, code;
    HANDLE thread;
    LONG *upper;
    char word = 0;
    void *room;

    if (!initialize || !find || !set || !features || !(features() & 4)) {
        skip("no AVX here");
        return;
    }
    other = start("wait", &there);
    thread = CreateRemoteThread(other.process, NULL, 0, (LPTHREAD_START_ROUTINE)there.spin_with_avx,
                                NULL, 0, NULL);
    ok(child_read(&other, &word, 1) && word == 'a', "the thread does not start");
    initialize(NULL, flags, NULL, &size);
    room = malloc(size);
    ok(initialize(room, flags, &context, &size), "InitializeContext: error %lu", GetLastError());
    for (int tries = 0; tries < 5000; tries++) { /* until it has loaded the register */
        ok(SuspendThread(thread) == 0, "SuspendThread: error %lu", GetLastError());
        ok(set(context, 4), "SetXStateFeaturesMask");
        ok(GetThreadContext(thread, context), "GetThreadContext: error %lu", GetLastError());
        upper = find(context, 2, &bytes);
        if (upper && upper[7 * 4] == 5)
            break;
        ResumeThread(thread);
        Sleep(1);
    }
    ok(upper && bytes >= 8 * 16 && upper[7 * 4] == 5 && upper[7 * 4 + 3] == 8,
       "the upper half of ymm7: %lx … %lx", upper[7 * 4], upper[7 * 4 + 3]);
    ok((LONG)context->Xmm7.Low == 1 && (LONG)(context->Xmm7.High >> 32) == 4, "xmm7: %llx",
       context->Xmm7.Low);
    upper[7 * 4 + 3] = 0x1234567;
    ok(SetThreadContext(thread, context), "SetThreadContext: error %lu", GetLastError());
    ok(ResumeThread(thread) == 1, "ResumeThread: error %lu", GetLastError());
    ok(!WaitForSingleObject(thread, 10000), "it spins on");
    code = thread_code(thread);
    ok(code == 0x1234567, "it ended with %lx", code);
    free(room);
    CloseHandle(thread);
    child_end(&other);
}

static void test_terminate(void)
{
    struct addresses there;
    struct child other = start("wait spin", &there);
    HANDLE thread = CreateRemoteThread(other.process, NULL, 0, (LPTHREAD_START_ROUTINE)there.spin,
                                       NULL, 0, NULL);
    HANDLE second;
    DWORD code = 0;
    char word = 0;

    ok(child_read(&other, &word, 1) && word == 's', "the thread does not start");
    second = OpenThread(THREAD_ALL_ACCESS, FALSE, GetThreadId(thread));
    ok(second != NULL, "OpenThread: error %lu", GetLastError());
    ok(TerminateThread(second, 0xcafe), "TerminateThread: error %lu", GetLastError());
    ok(!WaitForSingleObject(thread, 10000), "it does not end");
    code = thread_code(thread);
    ok(code == 0xcafe, "exit code %lx", code);
    code = thread_code(second);
    ok(code == 0xcafe, "exit code of the second handle %lx", code);
    ok(WaitForSingleObject(other.process, 0) == WAIT_TIMEOUT, "the process has ended");
    CloseHandle(second);
    CloseHandle(thread);

    /* When the process ends, so do its threads, with its exit code. */
    thread = CreateRemoteThread(other.process, NULL, 0, (LPTHREAD_START_ROUTINE)there.spin, NULL,
                                CREATE_SUSPENDED, NULL);
    ok(TerminateProcess(other.process, 0xbad), "TerminateProcess: error %lu", GetLastError());
    ok(!WaitForSingleObject(thread, 10000), "a suspended thread outlives its process");
    code = thread_code(thread);
    ok(code == 0xbad, "its exit code %lx", code);
    ok(!WaitForSingleObject(other.thread, 10000), "the first thread outlives its process");
    CloseHandle(thread);
    child_finish(&other);
}

static void test_open(void)
{
    SetLastError(0xdeadbeef);
    ok(!OpenThread(THREAD_ALL_ACCESS, FALSE, 0) && GetLastError() == ERROR_INVALID_PARAMETER,
       "id 0: error %lu", GetLastError());
}

typedef LONG WINAPI nt_process(HANDLE);

/* NtSuspendProcess and NtResumeProcess, as Process Explorer and cheat tools use them. */
static void test_suspend_process(void)
{
    nt_process *suspend =
        (nt_process *)GetProcAddress(GetModuleHandleA("ntdll.dll"), "NtSuspendProcess");
    nt_process *resume =
        (nt_process *)GetProcAddress(GetModuleHandleA("ntdll.dll"), "NtResumeProcess");
    struct addresses there;
    struct child other = start("wait spin", &there);
    HANDLE limited = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, other.id);
    HANDLE thread = CreateRemoteThread(other.process, NULL, 0, (LPTHREAD_START_ROUTINE)there.spin,
                                       NULL, 0, NULL);
    LONG64 before, after;
    char word = 0;
    LONG status;
    int tries;

    ok(child_read(&other, &word, 1) && word == 's', "the thread does not start");
    status = suspend(limited);
    ok(status == (LONG)0xc0000022, "without PROCESS_SUSPEND_RESUME: %lx", status);
    status = suspend(other.process);
    ok(!status, "NtSuspendProcess: %lx", status);
    before = read_spin(other.process, there.counter);
    for (tries = 0; tries < 5; tries++)
        Sleep(1);
    ok(read_spin(other.process, there.counter) == before, "it goes on");
    status = resume(other.process);
    ok(!status, "NtResumeProcess: %lx", status);
    for (tries = 0; tries < 10000; tries++) {
        after = read_spin(other.process, there.counter);
        if (after != before)
            break;
        Sleep(1);
    }
    ok(after != before, "it does not go on");
    CloseHandle(limited);
    CloseHandle(thread);
    child_end(&other);
}

CONFORMANCE("threads of another process", test_create, test_inject, test_inject_early, test_apc,
            test_apc_before_start, test_context, test_extended_context,
            test_terminate, test_open, test_suspend_process)
