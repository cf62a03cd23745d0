/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Windows functions with results in watched memory: one that fails leaves its pages clean, one that succeeds
 * marks what it writes. Anti-debug code looks for exactly this: a debugger that probes buffers, or copies
 * them, shows [A].
 */
#include <winternl.h>

#include "write_watch.h"

#define BAD_HANDLE ((HANDLE)(ULONG_PTR)0xdead0)

typedef BOOL(WINAPI *get_binary_type)(const char *, DWORD *);
typedef UINT(WINAPI *get_atom_name)(ATOM, char *, int);

/* [A]'s list. One EXPECT after each, so that the failing one shows. */
static void test_failing_calls(void)
{
    HMODULE kernel32 = GetModuleHandleA("kernel32.dll");
    get_binary_type binary_type = (get_binary_type)(void *)GetProcAddress(kernel32, "GetBinaryTypeA");
    get_atom_name atom_name = (get_atom_name)(void *)GetProcAddress(kernel32, "GlobalGetAtomNameA");

    allocate(MEM_COMMIT, PAGE_READWRITE);
    if (atom_name)
        ok(!atom_name(0, base, 1), "GlobalGetAtomName");
    else
        skip("no GlobalGetAtomName here");
    EXPECT(0);
    ok(!GetEnvironmentVariableA("%ThisIsNoVariable?[]<>@\\;*!-{}#:/~%", base, SIZE), "a variable");
    EXPECT(0);
    if (binary_type)
        ok(!binary_type("%ThisIsNoFile?[]<>@\\;*!-{}#:/~%", (DWORD *)base), "GetBinaryType");
    else
        skip("no GetBinaryType here");
    EXPECT(0);
    ok(!HeapQueryInformation(GetProcessHeap(), (HEAP_INFORMATION_CLASS)69, base, 4096, NULL),
       "HeapQueryInformation");
    EXPECT(0);
    ok(!GetThreadContext(INVALID_HANDLE_VALUE, (CONTEXT *)base), "GetThreadContext");
    ok(!GetThreadContext(BAD_HANDLE, (CONTEXT *)base), "GetThreadContext");
    EXPECT(0);
    ok(GetWriteWatch(0, (void *)test_failing_calls, 0, NULL, NULL, (ULONG *)base) == ~0u,
       "GetWriteWatch");
    ok(GetWriteWatch(0, NULL, SIZE, (void **)page(3), (ULONG_PTR *)page(4), (ULONG *)page(5)) == ~0u,
       "GetWriteWatch");
    EXPECT(0);
    release();
}

/* Others of the same kind. Windows' kernel writes to some results to see whether it can, before it looks at the
 * rest [?]; Decant has it as a rule that a failing call leaves the program's memory alone. */
static void test_other_failing_calls(void)
{
    DWORD old;

    if (!is_decant()) {
        skip("Decant's own rule");
        return;
    }
    allocate(MEM_COMMIT, PAGE_READWRITE);
    ok(!GetModuleFileNameA((HMODULE)(ULONG_PTR)0x1230000, page(2), 4096), "GetModuleFileName");
    ok(!VirtualQuery((void *)(ULONG_PTR)0xffff800000000000ull, (MEMORY_BASIC_INFORMATION *)base,
                     sizeof(MEMORY_BASIC_INFORMATION)),
       "VirtualQuery of the kernel");
    ok(!VirtualQuery(base, (MEMORY_BASIC_INFORMATION *)base, 8), "VirtualQuery, too small");
    EXPECT(0);
    ok(!VirtualProtect((void *)0x10000, 4096, PAGE_READWRITE, (DWORD *)base), "VirtualProtect");
    ok(!VirtualProtect(base, 4096, 0x12345, (DWORD *)base), "VirtualProtect");
    EXPECT(0);
    ok(!GetExitCodeProcess(BAD_HANDLE, (DWORD *)base), "GetExitCodeProcess");
    ok(!GetExitCodeThread(BAD_HANDLE, (DWORD *)base), "GetExitCodeThread");
    ok(!GetProcessTimes(BAD_HANDLE, (FILETIME *)base, (FILETIME *)page(1), (FILETIME *)page(2),
                        (FILETIME *)page(3)),
       "GetProcessTimes");
    ok(!GetFileInformationByHandle(BAD_HANDLE, (BY_HANDLE_FILE_INFORMATION *)base),
       "GetFileInformationByHandle");
    ok(!GetFileSizeEx(BAD_HANDLE, (LARGE_INTEGER *)base), "GetFileSizeEx");
    ok(!ReleaseSemaphore(BAD_HANDLE, 1, (LONG *)base), "ReleaseSemaphore");
    ok(!DuplicateHandle(GetCurrentProcess(), BAD_HANDLE, GetCurrentProcess(), (HANDLE *)base, 0, FALSE,
                        DUPLICATE_SAME_ACCESS),
       "DuplicateHandle");
    ok(!GetConsoleMode(BAD_HANDLE, (DWORD *)page(4)), "GetConsoleMode");
    EXPECT(0);
    ok(NtQueryInformationProcess(GetCurrentProcess(), ProcessBasicInformation, base, 4, NULL) ==
           (LONG)0xc0000004,
       "NtQueryInformationProcess");
    ok(NtQueryInformationProcess(BAD_HANDLE, ProcessBasicInformation, base,
                                 sizeof(PROCESS_BASIC_INFORMATION), NULL) == (LONG)0xc0000008,
       "NtQueryInformationProcess");
    EXPECT(0);
    ok(GetCurrentDirectoryA(2, page(6)) > 2, "GetCurrentDirectory into too little");
    EXPECT(0);
    /* A result that cannot be stored, because it is read-only. */
    VirtualProtect(page(10), 4096, PAGE_READONLY, &old);
    ok(NtQueryInformationProcess(GetCurrentProcess(), ProcessBasicInformation, page(10),
                                 sizeof(PROCESS_BASIC_INFORMATION), NULL) == (LONG)0xc0000005,
       "NtQueryInformationProcess into a read-only page");
    EXPECT(0);
    release();
}

static volatile LONG is_running;

static DWORD WINAPI wait_for_event(void *event)
{
    is_running = 1;
    return WaitForSingleObject(event, 20000);
}

/* Each stores its result in a page of its own; all by system calls or from what they return. */
static void test_succeeding_calls(void)
{
    HANDLE semaphore = CreateSemaphoreA(NULL, 0, 10, NULL), event = CreateEventA(NULL, TRUE, FALSE, NULL);
    HANDLE thread = CreateThread(NULL, 0, wait_for_event, event, 0, NULL);
    HANDLE self;
    ULONG length;

    allocate(MEM_COMMIT, PAGE_READWRITE);
    VirtualQuery(base, (MEMORY_BASIC_INFORMATION *)page(0), sizeof(MEMORY_BASIC_INFORMATION));
    EXPECT(WRITE_WATCH_FLAG_RESET, 0);
    QueryPerformanceCounter((LARGE_INTEGER *)page(1));
    EXPECT(WRITE_WATCH_FLAG_RESET, 1);
    GetSystemTimeAsFileTime((FILETIME *)page(2));
    EXPECT(WRITE_WATCH_FLAG_RESET, 2);
    ok(GetCurrentDirectoryA(100, page(3)) != 0, "GetCurrentDirectory");
    EXPECT(WRITE_WATCH_FLAG_RESET, 3);
    ok(GetEnvironmentVariableA("PATH", page(4), 4096) != 0, "GetEnvironmentVariable");
    EXPECT(WRITE_WATCH_FLAG_RESET, 4);
    ok(VirtualProtect(page(5), 4096, PAGE_READWRITE, (DWORD *)page(6)), "VirtualProtect");
    ok(*(DWORD *)page(6) == PAGE_READWRITE, "%lx", *(DWORD *)page(6));
    EXPECT(WRITE_WATCH_FLAG_RESET, 6);
    ok(GetProcessTimes(GetCurrentProcess(), (FILETIME *)page(7), (FILETIME *)(page(7) + 8),
                       (FILETIME *)(page(7) + 16), (FILETIME *)(page(7) + 24)),
       "GetProcessTimes");
    EXPECT(WRITE_WATCH_FLAG_RESET, 7);
    ok(ReleaseSemaphore(semaphore, 2, (LONG *)page(8)), "ReleaseSemaphore");
    EXPECT(WRITE_WATCH_FLAG_RESET, 8);
    ok(!NtQueryInformationProcess(GetCurrentProcess(), ProcessBasicInformation, page(9),
                                  sizeof(PROCESS_BASIC_INFORMATION), (ULONG *)page(10)),
       "NtQueryInformationProcess");
    EXPECT(WRITE_WATCH_FLAG_RESET, 9, 10);
    ok(!NtQuerySystemInformation(SystemBasicInformation, page(11), sizeof(SYSTEM_BASIC_INFORMATION),
                                 &length),
       "NtQuerySystemInformation");
    EXPECT(WRITE_WATCH_FLAG_RESET, 11);
    ok(DuplicateHandle(GetCurrentProcess(), GetCurrentProcess(), GetCurrentProcess(), (HANDLE *)page(12), 0,
                       FALSE, DUPLICATE_SAME_ACCESS),
       "DuplicateHandle");
    self = *(HANDLE *)page(12);
    ok(GetProcessId(self) == GetCurrentProcessId(), "the duplicate");
    CloseHandle(self);
    EXPECT(WRITE_WATCH_FLAG_RESET, 12);
    /* A context, across the border of two pages, of a thread that is suspended. */
    ((CONTEXT *)(page(14) - 512))->ContextFlags = CONTEXT_FULL;
    reset();
    while (!is_running)
        Sleep(1);
    ok(SuspendThread(thread) == 0, "SuspendThread: %lu", GetLastError());
    ok(GetThreadContext(thread, (CONTEXT *)(page(14) - 512)), "GetThreadContext: %lu", GetLastError());
    ok(((CONTEXT *)(page(14) - 512))->Rsp != 0, "the context");
    EXPECT(WRITE_WATCH_FLAG_RESET, 13, 14);
    ResumeThread(thread);
    SetEvent(event);
    ok(WaitForSingleObject(thread, 20000) == WAIT_OBJECT_0, "the thread ends");
    ok(GetExitCodeThread(thread, (DWORD *)page(15)), "GetExitCodeThread");
    ok(!*(DWORD *)page(15), "exit code %lu", *(DWORD *)page(15));
    EXPECT(WRITE_WATCH_FLAG_RESET, 15);
    EXPECT(0);
    CloseHandle(thread);
    CloseHandle(event);
    CloseHandle(semaphore);
    release();
}

/* [A] W4: a read that fails leaves the destination alone and says ERROR_PARTIAL_COPY; Wine probes first. */
static void test_read_process_memory(void)
{
    static const char source[2 * 4096] = "source";
    DWORD error;
    SIZE_T done;

    allocate(MEM_COMMIT, PAGE_READWRITE);
    SetLastError(0xdeadbeef);
    ok(!ReadProcessMemory(GetCurrentProcess(), (void *)0x10, base, 2 * 4096, &done), "of nothing");
    error = GetLastError();
    todo_wine ok(error == ERROR_PARTIAL_COPY, "error %lu", error);
    todo_wine EXPECT(0);
    reset();
    /* al-khaser's: the pseudo handle of the own process. */
    ok(!ReadProcessMemory(INVALID_HANDLE_VALUE, (void *)0x69696969, base, 4096, NULL), "of nothing");
    todo_wine EXPECT(0);
    reset();
    SetLastError(0xdeadbeef);
    ok(!ReadProcessMemory(BAD_HANDLE, source, base, 2 * 4096, NULL) &&
           GetLastError() == ERROR_INVALID_HANDLE,
       "a bad handle: %lu", GetLastError());
    todo_wine EXPECT(0);
    reset();
    ok(ReadProcessMemory(GetCurrentProcess(), source, page(3), sizeof(source), (SIZE_T *)page(9)) &&
           *(SIZE_T *)page(9) == sizeof(source) && !strcmp(page(3), "source"),
       "ReadProcessMemory: %lu", GetLastError());
    EXPECT(WRITE_WATCH_FLAG_RESET, 3, 4, 9);
    /* Reading out of watched memory is no write to it. */
    ok(ReadProcessMemory(GetCurrentProcess(), page(3), results, 64, &done), "ReadProcessMemory: %lu",
       GetLastError());
    EXPECT(0);
    release();
}

/* W5: a write through the process handle counts as any other; one that fails does not. */
static void test_write_process_memory(void)
{
    static const char data[2 * 4096 + 2] = "written by WriteProcessMemory";
    SIZE_T done = 0;
    DWORD old;

    allocate(MEM_COMMIT, PAGE_READWRITE);
    ok(WriteProcessMemory(GetCurrentProcess(), page(7), data, 30, &done) && done == 30,
       "WriteProcessMemory: %lu", GetLastError());
    todo_wine EXPECT(WRITE_WATCH_FLAG_RESET, 7);
    ok(!strcmp(page(7), data), "the content");
    ok(WriteProcessMemory(GetCurrentProcess(), page(8) - 1, data, sizeof(data), &done),
       "WriteProcessMemory: %lu", GetLastError());
    todo_wine EXPECT(WRITE_WATCH_FLAG_RESET, 7, 8, 9, 10);
    ok(!WriteProcessMemory(GetCurrentProcess(), page(1), (void *)0x10, 64, &done), "out of nothing");
    EXPECT(0);
    ok(!WriteProcessMemory(BAD_HANDLE, page(1), data, 64, &done), "a bad handle");
    EXPECT(0);
    /* Code is patched so: the function writes through PAGE_EXECUTE_READ, and that is a write. */
    VirtualProtect(page(12), 4096, PAGE_EXECUTE_READ, &old);
    ok(WriteProcessMemory(GetCurrentProcess(), page(12), data, 30, &done), "WriteProcessMemory: %lu",
       GetLastError());
    todo_wine EXPECT(WRITE_WATCH_FLAG_RESET, 12);
    VirtualProtect(page(2), 4096, PAGE_NOACCESS, &old);
    todo_wine
        ok(!WriteProcessMemory(GetCurrentProcess(), page(2), data, 64, &done), "an inaccessible page");
    EXPECT(0);
    release();
}

CONFORMANCE("memory: write watch, results of functions", test_failing_calls, test_other_failing_calls,
            test_succeeding_calls, test_read_process_memory, test_write_process_memory)
