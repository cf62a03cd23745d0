/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Write watch across processes.
 *
 * Sources: [D] Microsoft's pages; [?] not documented, consistent with the rest: asserted for Decant only.
 */
static int child(int argc, char **argv);
#define CONFORMANCE_CHILD(argc, argv) child(argc, argv)
#include "conformance.h"

#define PAGES 16
#define SIZE  (PAGES * 4096)

typedef LONG(WINAPI *get_write_watch)(HANDLE, ULONG, void *, SIZE_T, void **, ULONG_PTR *, ULONG *);
typedef LONG(WINAPI *reset_write_watch)(HANDLE, void *, SIZE_T);

static void *results[PAGES];
static ULONG granularity;

/* The child has watched memory at an address that both know; page 0 says when it is ready, and the parent
 * writes page 2 when it is done: nothing has to be inherited. */
#define CHILD_BASE ((char *)0x2300000000)

static int child(int argc, char **argv)
{
    volatile char *base = VirtualAlloc(CHILD_BASE, SIZE, MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH,
                                       PAGE_READWRITE);

    (void)argc, (void)argv;
    if ((char *)base != CHILD_BASE)
        return 3;
    base[4096] = base[5 * 4096] = 1;
    base[0] = 1;
    for (int i = 0; i < 2000 && base[2 * 4096] != 2; i++)
        Sleep(10);
    return 0;
}

/* NtGetWriteWatch takes a process: [D] for the access right of VirtualAllocEx; not done in Wine, which
 * looks into the caller. */
static void test_other_process(void)
{
    get_write_watch get = (get_write_watch)(void *)GetProcAddress(GetModuleHandleA("ntdll.dll"),
                                                                  "NtGetWriteWatch");
    reset_write_watch reset = (reset_write_watch)(void *)GetProcAddress(GetModuleHandleA("ntdll.dll"),
                                                                        "NtResetWriteWatch");
    HANDLE weak;
    STARTUPINFOA startup = {sizeof(startup)};
    PROCESS_INFORMATION process;
    char command[MAX_PATH + 20], path[MAX_PATH], value = 0, *base = CHILD_BASE;
    ULONG_PTR count = PAGES;
    SIZE_T done;
    LONG status;

    if (is_wine()) {
        skip("Wine ignores the process");
        return;
    }
    GetModuleFileNameA(NULL, path, sizeof(path));
    snprintf(command, sizeof(command), "\"%s\" --child", path);
    if (!CreateProcessA(NULL, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process)) {
        ok(0, "cannot start the child: %lu", GetLastError());
        return;
    }
    for (int i = 0; i < 2000 && value != 1; i++) {
        Sleep(10);
        if (!ReadProcessMemory(process.hProcess, base, &value, 1, &done))
            value = 0;
        if (WaitForSingleObject(process.hProcess, 0) == WAIT_OBJECT_0)
            break;
    }
    ok(value == 1, "the child says nothing");
    status = get(process.hProcess, 0, base, SIZE, results, &count, &granularity);
    ok(!status && count == 3 && results[0] == base && results[1] == base + 4096 &&
           results[2] == base + 5 * 4096,
       "status %lx, %lu pages", status, (unsigned long)count);
    status = reset(process.hProcess, base, 2 * 4096);
    ok(!status, "reset: %lx", status);
    count = PAGES;
    status = get(process.hProcess, WRITE_WATCH_FLAG_RESET, base, SIZE, results, &count,
                 &granularity);
    ok(!status && count == 1 && results[0] == base + 5 * 4096, "status %lx, %lu pages", status,
       (unsigned long)count);
    value = 1; /* a write from outside counts */
    ok(WriteProcessMemory(process.hProcess, base + 2 * 4096, &value, 1, &done), "write: %lu",
       GetLastError());
    count = PAGES;
    status = get(process.hProcess, 0, base, SIZE, results, &count, &granularity);
    ok(!status && count == 1 && results[0] == base + 2 * 4096, "status %lx, %lu pages", status,
       (unsigned long)count);
    count = PAGES;
    status = get(process.hProcess, 0, (char *)GetModuleHandleA(NULL), 4096, results, &count,
                 &granularity);
    ok(status < 0, "memory that is not watched: %lx", status);
    weak = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, process.dwProcessId);
    count = PAGES;
    status = get(weak, 0, base, SIZE, results, &count, &granularity);
    ok(status == (LONG)0xc0000022, "without PROCESS_VM_OPERATION: %lx", status);
    CloseHandle(weak);
    status = get((HANDLE)(ULONG_PTR)0xdead0, 0, base, SIZE, results, &count, &granularity);
    ok(status == (LONG)0xc0000008, "a bad handle: %lx", status);
    value = 2;
    WriteProcessMemory(process.hProcess, base + 2 * 4096, &value, 1, &done);
    ok(WaitForSingleObject(process.hProcess, 20000) == WAIT_OBJECT_0, "the child ends");
    CloseHandle(process.hProcess);
    CloseHandle(process.hThread);
}

CONFORMANCE("memory: write watch, processes", test_other_process)
