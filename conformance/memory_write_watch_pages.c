/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Write watch where pages change hands: placeholders, release, guard pages, locking, execution, partial
 * commits; and across processes.
 *
 * Sources: [D] Microsoft's pages; [T] Wine's ntdll and kernel32 virtual tests, which pass on Windows;
 * [?] not documented, consistent with the rest: asserted for Decant only.
 */
static int child(int argc, char **argv);
#define CONFORMANCE_CHILD(argc, argv) child(argc, argv)
#include "conformance.h"

#ifndef MEM_RESERVE_PLACEHOLDER /* older headers */
#define MEM_RESERVE_PLACEHOLDER 0x40000
#define MEM_REPLACE_PLACEHOLDER 0x4000
#endif

#define PAGES 16
#define SIZE  (PAGES * 4096)

typedef LONG(WINAPI *get_write_watch)(HANDLE, ULONG, void *, SIZE_T, void **, ULONG_PTR *, ULONG *);
typedef LONG(WINAPI *reset_write_watch)(HANDLE, void *, SIZE_T);

static void *results[PAGES];
static ULONG granularity;
static volatile LONG guards;

/* The written pages as bits; all ones: the call failed. */
static unsigned written(char *base, BOOL reset)
{
    ULONG_PTR count = PAGES;
    unsigned bits = 0;

    if (GetWriteWatch(reset ? WRITE_WATCH_FLAG_RESET : 0, base, SIZE, results, &count,
                      &granularity))
        return ~0u;
    for (ULONG_PTR i = 0; i < count; i++)
        bits |= 1u << (((char *)results[i] - base) / 4096);
    return bits;
}

static char *watch(DWORD type, DWORD protect)
{
    char *base = VirtualAlloc(NULL, SIZE, MEM_RESERVE | MEM_WRITE_WATCH | type, protect);

    ok(base != NULL, "VirtualAlloc: %lu", GetLastError());
    return base;
}

#define IS(base, expected)                                                                         \
    do {                                                                                           \
        unsigned bits_ = written(base, FALSE);                                                     \
        ok(bits_ == (expected), "pages %x, not %x", bits_, (unsigned)(expected));                  \
    } while (0)

/* [T] a new allocation at the same address is clean. */
static void test_release_and_allocate(void)
{
    char *base = watch(MEM_COMMIT, PAGE_READWRITE), *again;

    memset(base, 1, SIZE);
    VirtualFree(base, 0, MEM_RELEASE);
    again = VirtualAlloc(base, SIZE, MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH, PAGE_READWRITE);
    if (again != base) {
        skip("the address was taken");
        return;
    }
    IS(again, 0);
    again[3 * 4096] = 1;
    IS(again, 1u << 3);
    VirtualFree(again, 0, MEM_RELEASE);
}

/* [D] pages committed later are watched as the allocation is. */
static void test_partial_commit(void)
{
    char *base = watch(0, PAGE_READWRITE);

    ok(VirtualAlloc(base + 4 * 4096, 2 * 4096, MEM_COMMIT, PAGE_READWRITE) == base + 4 * 4096, "commit");
    IS(base, 0);
    base[5 * 4096] = 1;
    IS(base, 1u << 5);
    VirtualAlloc(base + 8 * 4096, 4096, MEM_COMMIT, PAGE_READWRITE);
    IS(base, 1u << 5);
    ok(written(base, TRUE) == 1u << 5, "reset");
    /* Memory in use: what is decommitted and touched by reading only stays clean. */
    memset(base + 4 * 4096, 1, 2 * 4096);
    VirtualFree(base + 4 * 4096, 4096, MEM_DECOMMIT);
    todo(is_wine()) IS(base, 1u << 5);
    VirtualAlloc(base + 4 * 4096, 4096, MEM_COMMIT, PAGE_READWRITE);
    ok(!base[4 * 4096], "committed pages are zero");
    todo(is_wine()) IS(base, 1u << 5);
    VirtualFree(base, 0, MEM_RELEASE);
}

static LONG CALLBACK count_guards(EXCEPTION_POINTERS *info)
{
    if (info->ExceptionRecord->ExceptionCode != EXCEPTION_GUARD_PAGE)
        return EXCEPTION_CONTINUE_SEARCH;
    guards++;
    return EXCEPTION_CONTINUE_EXECUTION;
}

/* [T] test_guard_page: one exception, then the write counts; a read does not. VirtualLock fails once on a guard
 * page and leaves no mark; a page that it has locked is reported (not on Windows 8). */
static void test_guard_and_lock(void)
{
    char *base = watch(MEM_COMMIT, PAGE_READWRITE);
    void *handler = AddVectoredExceptionHandler(TRUE, count_guards);
    DWORD old;

    VirtualProtect(base, 2 * 4096, PAGE_READWRITE | PAGE_GUARD, &old);
    IS(base, 0);
    guards = 0;
    *(volatile char *)(base + 4096);
    ok(guards == 1, "%ld exceptions", guards);
    IS(base, 0);
    guards = 0;
    *(volatile char *)base = 1;
    ok(guards == 1, "%ld exceptions", guards);
    IS(base, 1);
    RemoveVectoredExceptionHandler(handler);
    written(base, TRUE);

    VirtualProtect(base + 4 * 4096, 4096, PAGE_READWRITE | PAGE_GUARD, &old);
    SetLastError(0xdeadbeef);
    todo(is_wine()) {
        BOOL locked = VirtualLock(base + 4 * 4096, 4096);
        DWORD error = GetLastError();

        ok(!locked && error == 0x80000001, "locked %d, error %lx", locked, error);
    }
    IS(base, 0);
    todo(is_wine()) ok(VirtualLock(base + 4 * 4096, 4096), "VirtualLock: %lu", GetLastError());
    {
        unsigned bits = written(base, TRUE);

        todo(is_wine()) ok(bits == 1u << 4 || broken(!bits), "pages %x after VirtualLock", bits);
    }
    VirtualUnlock(base + 4 * 4096, 4096);
    VirtualFree(base, 0, MEM_RELEASE);
}

/* [T] test_atl_thunk_emulation: executing is no write, copying code is. */
static void test_execute(void)
{
    static const unsigned char code[] = {0xb8, 0x2a, 0, 0, 0, 0xc3}; /* mov eax, 42; ret */
    char *base = watch(MEM_COMMIT, PAGE_EXECUTE_READWRITE);

    memcpy(base + 2 * 4096, code, sizeof(code));
    IS(base, 1u << 2);
    written(base, TRUE);
    ok(((int (*)(void))(void *)(base + 2 * 4096))() == 42, "the code runs");
    IS(base, 0);
    VirtualFree(base, 0, MEM_RELEASE);
}

/* [T] test_NtAllocateVirtualMemoryEx: RESERVE | WRITE_WATCH | REPLACE_PLACEHOLDER, read-only, then a commit
 * read-write: 0, then what is written. Broken on Windows 10 1809, where it is an invalid parameter. */
static void test_placeholder(void)
{
    typedef void *(WINAPI *virtual_alloc2)(HANDLE, void *, SIZE_T, ULONG, ULONG, void *, ULONG);
    virtual_alloc2 alloc2 = (virtual_alloc2)(void *)GetProcAddress(GetModuleHandleA("kernelbase.dll"),
                                                                   "VirtualAlloc2");
    char *base, *replaced;

    if (!alloc2) {
        skip("no VirtualAlloc2");
        return;
    }
    base = alloc2(NULL, NULL, SIZE, MEM_RESERVE | MEM_RESERVE_PLACEHOLDER, PAGE_NOACCESS, NULL, 0);
    if (!base && is_wine()) {
        skip("Wine 8 has no placeholders");
        return;
    }
    ok(base != NULL, "placeholder: %lu", GetLastError());
    replaced = alloc2(NULL, base, SIZE, MEM_RESERVE | MEM_WRITE_WATCH | MEM_REPLACE_PLACEHOLDER,
                      PAGE_READONLY, NULL, 0);
    ok(replaced == base || broken(GetLastError() == ERROR_INVALID_PARAMETER), "replace: %p, error %lu",
       (void *)replaced, GetLastError());
    if (replaced != base)
        return;
    ok(VirtualAlloc(base, SIZE, MEM_COMMIT, PAGE_READWRITE) == base, "commit: %lu", GetLastError());
    IS(base, 0);
    base[4096] = 1;
    IS(base, 2);
    VirtualFree(base, 0, MEM_RELEASE);
}

/* MEM_RESET says nothing on writes [?]: what was clean stays so. */
static void test_mem_reset(void)
{
    char *base = watch(MEM_COMMIT, PAGE_READWRITE);

    base[0] = 1;
    written(base, TRUE);
    ok(VirtualAlloc(base, SIZE, MEM_RESET, PAGE_READWRITE) == base, "MEM_RESET: %lu", GetLastError());
    if (is_decant())
        IS(base, 0);
    base[2 * 4096] = 1;
    {
        unsigned bits = written(base, FALSE);

        ok(bits & 1u << 2, "pages %x", bits);
    }
    VirtualFree(base, 0, MEM_RELEASE);
}

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

CONFORMANCE("memory: write watch, pages", test_release_and_allocate, test_partial_commit,
            test_guard_and_lock, test_execute, test_placeholder, test_mem_reset, test_other_process)
