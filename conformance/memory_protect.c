/* SPDX-License-Identifier: LGPL-2.1-or-later
 * VirtualProtect and VirtualQuery: old protections, regions that split and join, guard pages, what is no
 * program's memory.
 *
 * Sources: [P] learn.microsoft.com VirtualProtect and "Memory Protection Constants", [G] "Creating Guard
 * Pages", [Q] VirtualQuery, [K] Wine's kernel32/tests/virtual.c (passes on Windows).
 */
#include "memory.h"

NTSTATUS WINAPI NtQueryVirtualMemory(HANDLE, LPCVOID, int, PVOID, SIZE_T, SIZE_T *);
NTSTATUS WINAPI NtProtectVirtualMemory(HANDLE, PVOID *, SIZE_T *, ULONG, ULONG *);

static volatile LONG raised_count;
static volatile DWORD raised_code;
static volatile ULONG_PTR raised_address, raised_kind;
static BOOL (*volatile on_exception)(void);

/* Counts what is raised; `on_exception` repairs the cause or says that the access was once (guard pages). */
static LONG CALLBACK handler(EXCEPTION_POINTERS *pointers)
{
    const EXCEPTION_RECORD *record = pointers->ExceptionRecord;

    if (record->ExceptionCode != EXCEPTION_ACCESS_VIOLATION &&
        record->ExceptionCode != STATUS_GUARD_PAGE_VIOLATION)
        return EXCEPTION_CONTINUE_SEARCH;
    if (++raised_count > 10)
        return EXCEPTION_CONTINUE_SEARCH;
    raised_code = record->ExceptionCode;
    raised_kind = record->ExceptionInformation[0];
    raised_address = record->ExceptionInformation[1];
    return !on_exception || on_exception() ? EXCEPTION_CONTINUE_EXECUTION : EXCEPTION_CONTINUE_SEARCH;
}

static char *volatile repair_at;
static volatile DWORD repair_protect;

static BOOL repair(void)
{
    DWORD old;

    return VirtualProtect(repair_at, 1, repair_protect, &old);
}

/* [P], [K]: which values are protections of private memory. */
static void test_values(void)
{
    static const DWORD good[] = {PAGE_NOACCESS, PAGE_READONLY, PAGE_READWRITE, PAGE_EXECUTE,
                                 PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE};
    char *base = VirtualAlloc(NULL, PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_NOACCESS);
    DWORD old, previous = PAGE_NOACCESS;

    for (DWORD value = 0; value < 0x100; value++) {
        BOOL is_good = FALSE;

        for (unsigned i = 0; i < ARRAYSIZE(good); i++)
            is_good |= good[i] == value;
        old = 0xdeadbeef;
        SetLastError(0xdeadbeef);
        if (VirtualProtect(base, PAGE, value, &old)) {
            ok(is_good, "%#lx was taken", value);
            ok(old == previous, "%#lx: old %#lx, not %#lx", value, old, previous);
            expect_region(base, base, PAGE, MEM_COMMIT, value, PAGE_NOACCESS);
            previous = value;
        } else {
            DWORD error = GetLastError();

            ok(!is_good, "%#lx was refused with %lu", value, error);
            ok(error == ERROR_INVALID_PARAMETER, "%#lx: error %lu", value, error);
        }
    }
    expect_region(base, base, PAGE, MEM_COMMIT, previous, PAGE_NOACCESS);
    /* Modifiers: not with PAGE_NOACCESS, and NOCACHE and WRITECOMBINE not together [P]. */
    todo_wine expect_failure(VirtualProtect(base, PAGE, PAGE_NOACCESS | PAGE_GUARD, &old),
                             ERROR_INVALID_PARAMETER);
    expect_failure(VirtualProtect(base, PAGE, PAGE_GUARD, &old), ERROR_INVALID_PARAMETER);
    ok(VirtualProtect(base, PAGE, PAGE_READWRITE | PAGE_GUARD, &old), "error %lu", GetLastError());
    expect_region(base, base, PAGE, MEM_COMMIT, PAGE_READWRITE | PAGE_GUARD, PAGE_NOACCESS);
    ok(VirtualProtect(base, PAGE, PAGE_READWRITE, &old), "error %lu", GetLastError());
    ok(old == (PAGE_READWRITE | PAGE_GUARD), "old %#lx", old);
    ok(VirtualFree(base, 0, MEM_RELEASE), "error %lu", GetLastError());
}

/* [P]: the old protection is the first page's; [K]: it must be asked for. */
/* [P] What control flow guard takes for targets of calls can be told with an executable protection; it is no part of
 * the protection that is shown. V8 allocates its code space so. */
static void test_call_targets(void)
{
    char *base = VirtualAlloc(NULL, 0x10000, MEM_RESERVE, PAGE_NOACCESS);
    MEMORY_BASIC_INFORMATION info;
    DWORD old = 0xcccccccc;

    SetLastError(0xdeadbeef);
    ok(VirtualAlloc(base, 0x4000, MEM_COMMIT, PAGE_EXECUTE_READWRITE | PAGE_TARGETS_INVALID) == base,
       "commit: %lu", GetLastError());
    VirtualQuery(base, &info, sizeof(info));
    ok(info.Protect == PAGE_EXECUTE_READWRITE && info.RegionSize == 0x4000, "protection %lx",
       info.Protect);
    ok(VirtualProtect(base, 0x1000, PAGE_EXECUTE_READ | PAGE_TARGETS_NO_UPDATE, &old) &&
           old == PAGE_EXECUTE_READWRITE,
       "protect: %lu, old %lx", GetLastError(), old);
    VirtualQuery(base, &info, sizeof(info));
    ok(info.Protect == PAGE_EXECUTE_READ && info.RegionSize == 0x1000, "protection %lx", info.Protect);
    VirtualFree(base, 0, MEM_RELEASE);
}

static void test_ranges(void)
{
    char *base = VirtualAlloc(NULL, 0x20000, MEM_RESERVE, PAGE_READWRITE), *second;
    DWORD old;

    VirtualFree(base, 0, MEM_RELEASE);
    base = VirtualAlloc(base, 0x10000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    second = VirtualAlloc(base + 0x10000, 0x10000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    ok(second == base + 0x10000, "second %p", second);

    old = 0xdeadbeef;
    ok(VirtualProtect(base + 0x3000, 0x2000, PAGE_READONLY, &old), "error %lu", GetLastError());
    ok(old == PAGE_READWRITE, "old %#lx", old);
    ok(VirtualProtect(base + 0x4fff, 2, PAGE_EXECUTE_READ, &old), "error %lu", GetLastError());
    ok(old == PAGE_READONLY, "old %#lx", old);
    expect_region(base, base, 0x3000, MEM_COMMIT, PAGE_READWRITE, PAGE_READWRITE);
    expect_region(base + 0x3000, base, 0x1000, MEM_COMMIT, PAGE_READONLY, PAGE_READWRITE);
    expect_region(base + 0x4000, base, 0x2000, MEM_COMMIT, PAGE_EXECUTE_READ, PAGE_READWRITE);
    expect_region(base + 0x6000, base, 0xa000, MEM_COMMIT, PAGE_READWRITE, PAGE_READWRITE);
    /* Across all of them. */
    ok(VirtualProtect(base + 0x2000, 0x6000, PAGE_READONLY, &old), "error %lu", GetLastError());
    ok(old == PAGE_READWRITE, "old %#lx", old);
    expect_region(base + 0x2000, base, 0x6000, MEM_COMMIT, PAGE_READONLY, PAGE_READWRITE);
    ok(VirtualProtect(base, 0x10000, PAGE_READWRITE, &old), "error %lu", GetLastError());
    expect_region(base, base, 0x10000, MEM_COMMIT, PAGE_READWRITE, PAGE_READWRITE);
    /* Over two allocations [P], over reserved pages [K], over free ones. */
    ok(!VirtualProtect(base, 0x11000, PAGE_READONLY, &old), "over two allocations");
    expect_region(base, base, 0x10000, MEM_COMMIT, PAGE_READWRITE, PAGE_READWRITE);
    VirtualFree(base + 0x8000, PAGE, MEM_DECOMMIT);
    expect_failure(VirtualProtect(base, 0x10000, PAGE_READONLY, &old), ERROR_INVALID_ADDRESS);
    expect_failure(VirtualProtect(base + 0x8000, PAGE, PAGE_READONLY, &old), ERROR_INVALID_ADDRESS);
    expect_region(base, base, 0x8000, MEM_COMMIT, PAGE_READWRITE, PAGE_READWRITE);
    ok(VirtualFree(second, 0, MEM_RELEASE), "error %lu", GetLastError());
    ok(!VirtualProtect(second, PAGE, PAGE_READONLY, &old), "free memory");
    /* Where the old protection goes must be writable, and is judged first. */
    /* A range that leaves the address space is none (Wine takes one that wraps for no pages at all, and succeeds). */
    todo_wine
        ok(!VirtualProtect(base, (SIZE_T)-1, PAGE_READONLY, &old), "a size of -1 succeeds");
    ok(!VirtualProtect(base, (SIZE_T)0 - (SIZE_T)base, PAGE_READONLY, &old), "to the address space's end");
    ok(!VirtualProtect(base, (SIZE_T)1 << 63, PAGE_READONLY, &old), "half of the numbers");
    expect_failure(VirtualProtect(base, PAGE, PAGE_NOACCESS, NULL), ERROR_NOACCESS);
    expect_failure(VirtualProtect(base, PAGE, PAGE_NOACCESS, (DWORD *)base + (0x8000 / 4)),
                   ERROR_NOACCESS);
    todo_wine expect_region(base, base, 0x8000, MEM_COMMIT, PAGE_READWRITE, PAGE_READWRITE);
    ok(VirtualFree(base, 0, MEM_RELEASE), "error %lu", GetLastError());
}

/* What an access is told: code, kind (0 read, 1 write, 8 execute), address. */
static void test_violations(void)
{
    PVOID vectored = AddVectoredExceptionHandler(TRUE, handler);
    char *base = VirtualAlloc(NULL, 3 * PAGE, MEM_RESERVE, PAGE_READWRITE);
    volatile char *at;

    on_exception = repair;
    VirtualAlloc(base, 2 * PAGE, MEM_COMMIT, PAGE_NOACCESS);
    repair_at = base, repair_protect = PAGE_READONLY;
    at = base + 5, raised_count = 0;
    (void)*at;
    ok(raised_count == 1 && raised_code == EXCEPTION_ACCESS_VIOLATION && raised_kind == 0 &&
           raised_address == (ULONG_PTR)at, "read: %ld times %#lx kind %u at %#llx",
       raised_count, raised_code, (unsigned)raised_kind, (long long)raised_address);
    repair_protect = PAGE_READWRITE, raised_count = 0;
    *at = 1;
    ok(raised_count == 1 && raised_code == EXCEPTION_ACCESS_VIOLATION && raised_kind == 1 &&
           raised_address == (ULONG_PTR)at, "write: %ld times %#lx kind %u at %#llx",
       raised_count, raised_code, (unsigned)raised_kind, (long long)raised_address);
    /* Data is not executed. */
    *at = (char)0xc3, repair_protect = PAGE_EXECUTE_READ, raised_count = 0;
    ((void (*)(void))at)();
    ok(raised_count == 1 && raised_kind == 8 && raised_address == (ULONG_PTR)at,
       "execute: %ld times %#lx kind %u at %#llx", raised_count, raised_code,
       (unsigned)raised_kind, (long long)raised_address);
    RemoveVectoredExceptionHandler(vectored);
    VirtualFree(base, 0, MEM_RELEASE);
}

static BOOL go_on(void)
{
    return TRUE;
}

/* [G]: the first access raises STATUS_GUARD_PAGE_VIOLATION and takes the guard away, in that page only. */
static void test_guard(void)
{
    PVOID vectored = AddVectoredExceptionHandler(TRUE, handler);
    char *base = VirtualAlloc(NULL, 4 * PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE | PAGE_GUARD);
    volatile char *at = base + PAGE + 7;
    DWORD old, got;
    HANDLE read, write;

    on_exception = go_on;
    expect_region(base, base, 4 * PAGE, MEM_COMMIT, PAGE_READWRITE | PAGE_GUARD,
                  PAGE_READWRITE | PAGE_GUARD);
    raised_count = 0;
    *at = 1;
    ok(raised_count == 1 && raised_code == STATUS_GUARD_PAGE_VIOLATION && raised_kind == 1 &&
           raised_address == (ULONG_PTR)at, "%ld times %#lx kind %u at %#llx", raised_count,
       raised_code, (unsigned)raised_kind, (long long)raised_address);
    ok(*at == 1, "the write was lost");
    expect_region(base, base, PAGE, MEM_COMMIT, PAGE_READWRITE | PAGE_GUARD,
                  PAGE_READWRITE | PAGE_GUARD);
    expect_region(base + PAGE, base, PAGE, MEM_COMMIT, PAGE_READWRITE, PAGE_READWRITE | PAGE_GUARD);
    raised_count = 0;
    *at = 2;
    ok(!raised_count, "raised again");
    /* A read. */
    at = base + 2 * PAGE;
    (void)*at;
    ok(raised_count == 1 && raised_kind == 0, "%ld times, kind %u", raised_count,
       (unsigned)raised_kind);
    /* Set anew, it guards again. */
    ok(VirtualProtect(base + PAGE, PAGE, PAGE_READONLY | PAGE_GUARD, &old), "error %lu", GetLastError());
    ok(old == PAGE_READWRITE, "old %#lx", old);
    raised_count = 0;
    (void)*(volatile char *)(base + PAGE);
    ok(raised_count == 1, "%ld times", raised_count);
    expect_region(base + PAGE, base, PAGE, MEM_COMMIT, PAGE_READONLY, PAGE_READWRITE | PAGE_GUARD);
    /* A system call fails instead of raising [G]. */
    CreatePipe(&read, &write, NULL, 0);
    WriteFile(write, "x", 1, &got, NULL);
    raised_count = 0;
    SetLastError(0xdeadbeef);
    ok(!ReadFile(read, base + 3 * PAGE, 1, &got, NULL), "read into a guard page");
    ok(!raised_count, "raised");
    CloseHandle(read), CloseHandle(write);
    RemoveVectoredExceptionHandler(vectored);
    VirtualFree(base, 0, MEM_RELEASE);
}

/* [Q] */
static void test_query(void)
{
    MEMORY_BASIC_INFORMATION info;
    SYSTEM_INFO system;
    char *base = VirtualAlloc(NULL, 0x30000, MEM_RESERVE, PAGE_READWRITE), *at;
    SIZE_T got;
    unsigned regions = 0, images = 0, faults = 0;

    GetSystemInfo(&system);
    /* A free region: no allocation, and it reaches up to the next one. */
    VirtualFree(base, 0, MEM_RELEASE);
    base = VirtualAlloc(base + 0x20000, 0x1000, MEM_RESERVE, PAGE_READWRITE);
    memset(&info, 0xcc, sizeof(info));
    ok(VirtualQuery(base - 0x10000, &info, sizeof(info)) == sizeof(info), "error %lu", GetLastError());
    ok(info.State == MEM_FREE, "State %#lx", info.State);
    ok(info.RegionSize == 0x10000, "RegionSize %#llx", (long long)info.RegionSize);
    ok(info.Protect == PAGE_NOACCESS, "Protect %#lx", info.Protect);
    ok(!info.AllocationBase && !info.AllocationProtect && !info.Type,
       "AllocationBase %p AllocationProtect %#lx Type %#lx", info.AllocationBase,
       info.AllocationProtect, info.Type);
    VirtualFree(base, 0, MEM_RELEASE);
    /* The lowest addresses are free, and null is one of them. */
    ok(VirtualQuery(NULL, &info, sizeof(info)) == sizeof(info), "error %lu", GetLastError());
    ok(!info.BaseAddress && info.State == MEM_FREE && info.RegionSize >= 0x10000,
       "base %p state %#lx size %#llx", info.BaseAddress, info.State, (long long)info.RegionSize);
    /* Kernel addresses: ERROR_INVALID_PARAMETER [Q]. */
    expect_failure(VirtualQuery((void *)0xffff800000000000, &info, sizeof(info)),
                   ERROR_INVALID_PARAMETER);
    expect_failure(VirtualQuery((void *)~(ULONG_PTR)0, &info, sizeof(info)), ERROR_INVALID_PARAMETER);
    expect_failure(VirtualQuery((char *)system.lpMaximumApplicationAddress + 1, &info, sizeof(info)),
                   ERROR_INVALID_PARAMETER);
    ok(VirtualQuery(system.lpMaximumApplicationAddress, &info, sizeof(info)) == sizeof(info),
       "the highest address: error %lu", GetLastError());
    /* A buffer too small, and none. */
    expect_failure(VirtualQuery(&info, &info, sizeof(info) - 1), ERROR_BAD_LENGTH);
    expect_failure(VirtualQuery(&info, NULL, sizeof(info)), ERROR_NOACCESS);
    /* A walk over everything: regions follow one another without a gap up to the highest address. */
    for (at = NULL; (got = VirtualQuery(at, &info, sizeof(info))); at += info.RegionSize) {
        faults += info.BaseAddress != at || !info.RegionSize || info.RegionSize & 0xfff;
        faults += info.State == MEM_FREE ? info.Type != 0 : info.AllocationBase > (void *)at;
        images += info.Type == MEM_IMAGE && info.AllocationBase == (void *)at;
        if (++regions > 100000 || faults)
            break;
    }
    ok(!faults, "%u faults at %p", faults, at);
    ok(at == (char *)system.lpMaximumApplicationAddress + 1, "the walk ends at %p", at);
    ok(images >= 4, "%u images", images);
}

/* The program itself: one allocation, regions by section. */
static void test_image(void)
{
    char *base = (char *)GetModuleHandleA(NULL);
    const IMAGE_NT_HEADERS *headers = (void *)(base + ((IMAGE_DOS_HEADER *)base)->e_lfanew);
    static int data = 1;
    static const int constant = 2;
    MEMORY_BASIC_INFORMATION info;
    SIZE_T total = 0;
    DWORD old;

    expect_memory(base, base, PAGE, MEM_COMMIT, PAGE_READONLY, PAGE_EXECUTE_WRITECOPY, MEM_IMAGE);
    VirtualQuery(test_image, &info, sizeof(info));
    ok(info.AllocationBase == base && info.Type == MEM_IMAGE && info.Protect == PAGE_EXECUTE_READ,
       "code: base %p type %#lx protect %#lx", info.AllocationBase, info.Type, info.Protect);
    data++;
    VirtualQuery(&data, &info, sizeof(info));
    ok(info.AllocationBase == base && (info.Protect == PAGE_READWRITE || info.Protect == PAGE_WRITECOPY),
       "data: base %p protect %#lx", info.AllocationBase, info.Protect);
    VirtualQuery(&constant, &info, sizeof(info));
    ok(info.AllocationBase == base && info.Protect == PAGE_READONLY, "constants: protect %#lx",
       info.Protect);
    for (char *at = base; VirtualQuery(at, &info, sizeof(info)) && info.AllocationBase == base;
         at += info.RegionSize)
        total += info.RegionSize;
    ok(total == headers->OptionalHeader.SizeOfImage, "%#llx bytes, SizeOfImage %#lx",
       (long long)total, headers->OptionalHeader.SizeOfImage);
    /* Read-only data made writable is a copy of the process's own; it is no private memory. */
    ok(VirtualProtect((void *)&constant, sizeof(constant), PAGE_READWRITE, &old), "error %lu",
       GetLastError());
    ok(old == PAGE_READONLY, "old %#lx", old);
    *(volatile int *)&constant = 3;
    ok(*(volatile const int *)&constant == 3, "not written");
    VirtualQuery(&constant, &info, sizeof(info));
    ok(info.Type == MEM_IMAGE && (info.Protect == PAGE_READWRITE || info.Protect == PAGE_WRITECOPY),
       "type %#lx protect %#lx", info.Type, info.Protect);
    ok(VirtualProtect((void *)&constant, sizeof(constant), old, &old), "error %lu", GetLastError());
    /* It is not the program's to free or to reserve. */
    expect_failure(VirtualFree(base, 0, MEM_RELEASE), ERROR_INVALID_PARAMETER);
    expect_failure(VirtualAlloc(base, PAGE, MEM_RESERVE, PAGE_READWRITE), ERROR_INVALID_ADDRESS);
}

/* Many pages of alternating protection are not at the mercy of a limit on mappings: either each call
 * succeeds, or it fails with an error and leaves what was there. */
static void test_alternating(void)
{
    enum { PAGES = 160000 };
    char *base = VirtualAlloc(NULL, (SIZE_T)PAGES * PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    MEMORY_BASIC_INFORMATION info;
    DWORD old, error = 0;
    unsigned done, wrong = 0;

    ok(base != NULL, "error %lu", GetLastError());
    for (done = 0; done < PAGES; done += 2) {
        SetLastError(0xdeadbeef);
        if (!VirtualProtect(base + (SIZE_T)done * PAGE, PAGE, PAGE_READONLY, &old)) {
            error = GetLastError();
            break;
        }
    }
    trace("%u pages of %u, error %lu", done, PAGES, error);
    flaky_wine ok(done == PAGES || error == ERROR_NOT_ENOUGH_MEMORY || error == ERROR_COMMITMENT_LIMIT,
                  "error %lu", error);
    for (unsigned i = 0; i < PAGES; i += 997) {
        VirtualQuery(base + (SIZE_T)i * PAGE, &info, sizeof(info));
        wrong += info.Protect != (DWORD)(i < done && i % 2 == 0 ? PAGE_READONLY : PAGE_READWRITE);
    }
    ok(!wrong, "%u pages with the wrong protection", wrong);
    ok(VirtualProtect(base, (SIZE_T)PAGES * PAGE, PAGE_READWRITE, &old), "error %lu", GetLastError());
    base[0] = base[(SIZE_T)PAGES * PAGE - 1] = 1;
    ok(VirtualFree(base, 0, MEM_RELEASE), "error %lu", GetLastError());
}

CONFORMANCE("memory: VirtualProtect and VirtualQuery", test_values, test_call_targets, test_ranges, test_violations,
            test_guard, test_query, test_image, test_alternating)
