/* SPDX-License-Identifier: LGPL-2.1-or-later
 * VirtualAlloc and VirtualFree: rounding, conflicts, flags, states, partial commits.
 *
 * Sources: [A] learn.microsoft.com VirtualAlloc, [F] VirtualFree, [Q] VirtualQuery and
 * MEMORY_BASIC_INFORMATION, [K] Wine's kernel32/tests/virtual.c, [N] Wine's ntdll/tests/virtual.c (both
 * pass on Windows).
 */
#include "memory.h"

NTSTATUS WINAPI NtAllocateVirtualMemory(HANDLE, PVOID *, ULONG_PTR, SIZE_T *, ULONG, ULONG);
NTSTATUS WINAPI NtFreeVirtualMemory(HANDLE, PVOID *, SIZE_T *, ULONG);

#define NT_CONFLICTING_ADDRESSES ((NTSTATUS)0xc0000018)
#define NT_INVALID_PARAMETER_3   ((NTSTATUS)0xc00000f1)
#define NT_FREE_VM_NOT_AT_BASE   ((NTSTATUS)0xc000009f)
#define NT_MEMORY_NOT_ALLOCATED  ((NTSTATUS)0xc00000a0)
#define NT_UNABLE_TO_FREE_VM     ((NTSTATUS)0xc000001a)
#define NT_NO_MEMORY             ((NTSTATUS)0xc0000017)
#define NT_INVALID_PARAMETER     ((NTSTATUS)0xc000000d)

/* [A]: reserving rounds the address down to the allocation granularity and the end up to a page. */
static void test_rounding(void)
{
    static const SIZE_T sizes[] = {1, 0xfff, 0x1000, 0x1001, 0xfffc, 0x10000, 0x10001, 0x123456};
    SYSTEM_INFO system;
    char *base, *again;

    GetSystemInfo(&system);
    ok(system.dwPageSize == PAGE, "page size %#lx", system.dwPageSize);
    ok(system.dwAllocationGranularity == 0x10000, "granularity %#lx", system.dwAllocationGranularity);
    for (unsigned i = 0; i < ARRAYSIZE(sizes); i++) {
        SIZE_T rounded = (sizes[i] + PAGE - 1) & ~(SIZE_T)(PAGE - 1);

        base = VirtualAlloc(NULL, sizes[i], MEM_RESERVE, PAGE_NOACCESS);
        ok(base && !((ULONG_PTR)base & 0xffff), "size %#x: %p", (unsigned)sizes[i], base);
        expect_region(base, base, rounded, MEM_RESERVE, 0, PAGE_NOACCESS);
        ok(VirtualFree(base, 0, MEM_RELEASE), "error %lu", GetLastError());
    }
    /* A wish inside a granule: what lies below it belongs to the reservation. */
    base = VirtualAlloc(NULL, 0x100000, MEM_RESERVE, PAGE_NOACCESS);
    ok(VirtualFree(base, 0, MEM_RELEASE), "error %lu", GetLastError());
    again = VirtualAlloc(base + 0x13000, 0x2001, MEM_RESERVE, PAGE_READWRITE);
    ok(again == base + 0x10000, "%p, not %p", again, base + 0x10000);
    expect_region(again, again, 0x6000, MEM_RESERVE, 0, PAGE_READWRITE);
    ok(VirtualFree(again, 0, MEM_RELEASE), "error %lu", GetLastError());
    /* Committing rounds to pages on both sides. */
    base = VirtualAlloc(NULL, 0x10000, MEM_RESERVE, PAGE_NOACCESS);
    ok(VirtualAlloc(base + 0x1fff, 2, MEM_COMMIT, PAGE_READONLY) == base + 0x1000, "rounding");
    expect_region(base, base, 0x1000, MEM_RESERVE, 0, PAGE_NOACCESS);
    expect_region(base + 0x1000, base, 0x2000, MEM_COMMIT, PAGE_READONLY, PAGE_NOACCESS);
    expect_region(base + 0x2fff, base, 0x1000, MEM_COMMIT, PAGE_READONLY, PAGE_NOACCESS);
    expect_region(base + 0x3000, base, 0xd000, MEM_RESERVE, 0, PAGE_NOACCESS);
    ok(VirtualFree(base, 0, MEM_RELEASE), "error %lu", GetLastError());
    /* MEM_COMMIT without an address reserves too [A]. */
    base = VirtualAlloc(NULL, 0x1234, MEM_COMMIT, PAGE_READWRITE);
    ok(base && !((ULONG_PTR)base & 0xffff), "%p", base);
    expect_region(base, base, 0x2000, MEM_COMMIT, PAGE_READWRITE, PAGE_READWRITE);
    for (unsigned i = 0; i < 0x2000; i++)
        if (base[i]) {
            ok(0, "byte %#x is not zero", i);
            break;
        }
    ok(VirtualFree(base, 0, MEM_RELEASE), "error %lu", GetLastError());
}

/* [A], [K]: an address that is taken is ERROR_INVALID_ADDRESS, and nothing changes. */
static void test_conflicts(void)
{
    char *base = VirtualAlloc(NULL, 0x30000, MEM_RESERVE, PAGE_READWRITE);

    expect_failure(VirtualAlloc(base, PAGE, MEM_RESERVE, PAGE_READWRITE), ERROR_INVALID_ADDRESS);
    expect_failure(VirtualAlloc(base + 0x8000, PAGE, MEM_RESERVE, PAGE_READWRITE),
                   ERROR_INVALID_ADDRESS);
    expect_failure(VirtualAlloc(base + 0x20000, 0x100000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE),
                   ERROR_INVALID_ADDRESS);
    expect_region(base, base, 0x30000, MEM_RESERVE, 0, PAGE_READWRITE);
    /* The rest of the last granule is nobody's and cannot be reserved alone. */
    ok(VirtualFree(base, 0, MEM_RELEASE), "error %lu", GetLastError());
    base = VirtualAlloc(base, 0x1000, MEM_RESERVE, PAGE_READWRITE);
    ok(base != NULL, "error %lu", GetLastError());
    expect_failure(VirtualAlloc(base + 0x1000, PAGE, MEM_RESERVE, PAGE_READWRITE),
                   ERROR_INVALID_ADDRESS);
    /* Committing what is not reserved, and across the end of an allocation. */
    expect_failure(VirtualAlloc(base, 0x2000, MEM_COMMIT, PAGE_READWRITE), ERROR_INVALID_ADDRESS);
    expect_region(base, base, 0x1000, MEM_RESERVE, 0, PAGE_READWRITE);
    ok(VirtualFree(base, 0, MEM_RELEASE), "error %lu", GetLastError());
    expect_failure(VirtualAlloc(base, 0x1000, MEM_COMMIT, PAGE_READWRITE), ERROR_INVALID_ADDRESS);
    /* The lowest 64 KiB are never given. */
    expect_failure(VirtualAlloc((void *)1, PAGE, MEM_RESERVE, PAGE_READWRITE),
                   ERROR_INVALID_PARAMETER);
    ok(!VirtualAlloc((void *)0x1000, PAGE, MEM_RESERVE, PAGE_READWRITE), "reserved page 1");
    /* Neither is what lies above the program's space. */
    ok(!VirtualAlloc((void *)0x7fffffff0000, PAGE, MEM_RESERVE, PAGE_READWRITE), "reserved above");
    ok(!VirtualAlloc((void *)0x800000000000, PAGE, MEM_RESERVE, PAGE_READWRITE), "kernel space");
    ok(!VirtualAlloc((void *)0xffff800000000000, PAGE, MEM_RESERVE, PAGE_READWRITE), "kernel space");
    ok(!VirtualAlloc((void *)0xfffffffffffff000, 0x2000, MEM_RESERVE, PAGE_READWRITE), "wraps");
    /* KUSER_SHARED_DATA's place is taken. */
    ok(!VirtualAlloc((void *)0x7ffe0000, PAGE, MEM_RESERVE, PAGE_READWRITE), "shared data");
}

/* [A]: flags and protections that do not go together. */
static void test_flags(void)
{
    static const struct {
        DWORD type, protect;
        DWORD error;
        BOOL differs_on_wine;
    } rows[] = {
        {0, PAGE_READWRITE, ERROR_INVALID_PARAMETER},
        {MEM_DECOMMIT, PAGE_READWRITE, ERROR_INVALID_PARAMETER},
        {MEM_RELEASE, PAGE_READWRITE, ERROR_INVALID_PARAMETER},
        {MEM_FREE, PAGE_READWRITE, ERROR_INVALID_PARAMETER},
        {MEM_TOP_DOWN, PAGE_READWRITE, ERROR_INVALID_PARAMETER},
        {MEM_RESERVE | 0x10, PAGE_READWRITE, ERROR_INVALID_PARAMETER},
        {MEM_RESERVE | MEM_RESET, PAGE_READWRITE, ERROR_INVALID_PARAMETER, TRUE},
        {MEM_COMMIT | MEM_RESET, PAGE_READWRITE, ERROR_INVALID_PARAMETER, TRUE},
        {MEM_RESERVE | MEM_RESERVE_PLACEHOLDER, PAGE_NOACCESS, ERROR_INVALID_PARAMETER}, /* [N] */
        {MEM_RESERVE, 0, ERROR_INVALID_PARAMETER},
        {MEM_RESERVE, 0xff, ERROR_INVALID_PARAMETER},
        {MEM_RESERVE, PAGE_READONLY | PAGE_READWRITE, ERROR_INVALID_PARAMETER},
        {MEM_RESERVE, PAGE_WRITECOPY, ERROR_INVALID_PARAMETER},         /* [K] */
        {MEM_RESERVE, PAGE_EXECUTE_WRITECOPY, ERROR_INVALID_PARAMETER}, /* [K] */
        {MEM_RESERVE, PAGE_GUARD, ERROR_INVALID_PARAMETER},
        {MEM_RESERVE, PAGE_NOACCESS | PAGE_GUARD, ERROR_INVALID_PARAMETER, TRUE},
        {MEM_COMMIT, PAGE_NOACCESS | PAGE_NOCACHE, ERROR_INVALID_PARAMETER, TRUE},
        {MEM_RESERVE | MEM_PHYSICAL | MEM_COMMIT, PAGE_READWRITE, ERROR_INVALID_PARAMETER},
        /* Large pages need SeLockMemoryPrivilege. */
        {MEM_RESERVE | MEM_COMMIT | MEM_LARGE_PAGES, PAGE_READWRITE, ERROR_PRIVILEGE_NOT_HELD, TRUE},
    };

    for (unsigned i = 0; i < ARRAYSIZE(rows); i++) {
        void *base;

        SetLastError(0xdeadbeef);
        base = VirtualAlloc(NULL, 0x200000, rows[i].type, rows[i].protect);
        todo_wine_if(rows[i].differs_on_wine) {
            ok(!base, "type %#lx protect %#lx: %p", rows[i].type, rows[i].protect, base);
            ok(GetLastError() == rows[i].error, "type %#lx protect %#lx: error %lu, not %lu",
               rows[i].type, rows[i].protect, GetLastError(), rows[i].error);
        }
        if (base)
            VirtualFree(base, 0, MEM_RELEASE);
    }
    expect_failure(VirtualAlloc(NULL, 0, MEM_RESERVE, PAGE_NOACCESS), ERROR_INVALID_PARAMETER);
    expect_failure(VirtualAlloc(NULL, 0, MEM_COMMIT, PAGE_READWRITE), ERROR_INVALID_PARAMETER);
    /* Too large for the address space: no memory, or a bad size. */
    SetLastError(0xdeadbeef);
    ok(!VirtualAlloc(NULL, 0x800000000000, MEM_RESERVE, PAGE_NOACCESS), "128 TiB");
    ok(GetLastError() == ERROR_NOT_ENOUGH_MEMORY || GetLastError() == ERROR_INVALID_PARAMETER,
       "error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!VirtualAlloc(NULL, ~(SIZE_T)0, MEM_RESERVE, PAGE_NOACCESS), "everything");
    ok(GetLastError() == ERROR_NOT_ENOUGH_MEMORY || GetLastError() == ERROR_INVALID_PARAMETER,
       "error %lu", GetLastError());
}

/* [A]: committing what is committed succeeds, keeps the content and sets the protection. */
static void test_states(void)
{
    char *base = VirtualAlloc(NULL, 0x10000, MEM_RESERVE, PAGE_READONLY);

    ok(VirtualAlloc(base + 0x2000, 0x2000, MEM_COMMIT, PAGE_READWRITE) == base + 0x2000, "commit");
    memset(base + 0x2000, 0xa5, 0x2000);
    /* Over reserved, committed and reserved pages at once. */
    ok(VirtualAlloc(base + 0x1000, 0x5000, MEM_COMMIT, PAGE_READWRITE) == base + 0x1000, "commit");
    expect_region(base + 0x1000, base, 0x5000, MEM_COMMIT, PAGE_READWRITE, PAGE_READONLY);
    ok(base[0x1000] == 0 && base[0x2000] == (char)0xa5 && base[0x3fff] == (char)0xa5 &&
           base[0x4000] == 0, "content");
    /* A different protection for some of them. */
    ok(VirtualAlloc(base + 0x2000, 0x1000, MEM_COMMIT, PAGE_READONLY) == base + 0x2000, "recommit");
    expect_region(base + 0x1000, base, 0x1000, MEM_COMMIT, PAGE_READWRITE, PAGE_READONLY);
    expect_region(base + 0x2000, base, 0x1000, MEM_COMMIT, PAGE_READONLY, PAGE_READONLY);
    expect_region(base + 0x3000, base, 0x3000, MEM_COMMIT, PAGE_READWRITE, PAGE_READONLY);
    ok(base[0x2000] == (char)0xa5, "content");
    /* Regions of equal state join again. */
    ok(VirtualAlloc(base, 0x10000, MEM_COMMIT, PAGE_READWRITE) == base, "commit all");
    expect_region(base, base, 0x10000, MEM_COMMIT, PAGE_READWRITE, PAGE_READONLY);
    /* Decommitted pages are reserved, and zero when they come back [F]. */
    ok(VirtualFree(base + 0x2fff, 2, MEM_DECOMMIT), "error %lu", GetLastError());
    expect_region(base, base, 0x2000, MEM_COMMIT, PAGE_READWRITE, PAGE_READONLY);
    expect_region(base + 0x2000, base, 0x2000, MEM_RESERVE, 0, PAGE_READONLY);
    expect_region(base + 0x4000, base, 0xc000, MEM_COMMIT, PAGE_READWRITE, PAGE_READONLY);
    /* Decommitting what is not committed succeeds [F]. */
    ok(VirtualFree(base + 0x1000, 0x4000, MEM_DECOMMIT), "error %lu", GetLastError());
    ok(VirtualAlloc(base + 0x2000, 0x2000, MEM_COMMIT, PAGE_READWRITE) == base + 0x2000, "commit");
    ok(base[0x2000] == 0 && base[0x3fff] == 0, "content came back");
    ok(VirtualFree(base, 0, MEM_DECOMMIT), "error %lu", GetLastError());
    expect_region(base, base, 0x10000, MEM_RESERVE, 0, PAGE_READONLY);
    ok(VirtualFree(base, 0, MEM_RELEASE), "error %lu", GetLastError());
}

/* [F], [K] */
static void test_free_errors(void)
{
    char *base = VirtualAlloc(NULL, 0x20000, MEM_RESERVE, PAGE_READWRITE), *second;

    VirtualFree(base, 0, MEM_RELEASE);
    base = VirtualAlloc(base, 0x10000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    second = VirtualAlloc(base + 0x10000, 0x10000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    ok(second == base + 0x10000, "second %p", second);

    expect_failure(VirtualFree(base, 0x10000, 0), ERROR_INVALID_PARAMETER);
    expect_failure(VirtualFree(base, 0, 0), ERROR_INVALID_PARAMETER);
    expect_failure(VirtualFree(base, 0x10000, MEM_RELEASE), ERROR_INVALID_PARAMETER);
    expect_failure(VirtualFree(base, 1, MEM_RELEASE), ERROR_INVALID_PARAMETER);
    expect_failure(VirtualFree(base, 0, MEM_RELEASE | MEM_DECOMMIT), ERROR_INVALID_PARAMETER);
    expect_failure(VirtualFree(base, 0, MEM_COMMIT), ERROR_INVALID_PARAMETER);
    /* Not at the base: STATUS_FREE_VM_NOT_AT_BASE. */
    expect_failure(VirtualFree(base + 0x1000, 0, MEM_RELEASE), ERROR_INVALID_ADDRESS);
    expect_failure(VirtualFree(base + 0x1000, 0, MEM_DECOMMIT), ERROR_INVALID_ADDRESS);
    /* Over two allocations: STATUS_UNABLE_TO_FREE_VM. */
    expect_failure(VirtualFree(base, 0x11000, MEM_DECOMMIT), ERROR_INVALID_PARAMETER);
    expect_region(base, base, 0x10000, MEM_COMMIT, PAGE_READWRITE, PAGE_READWRITE);
    expect_region(second, second, 0x10000, MEM_COMMIT, PAGE_READWRITE, PAGE_READWRITE);
    ok(VirtualFree(second, 0, MEM_RELEASE), "error %lu", GetLastError());
    ok(VirtualFree(base, 0, MEM_RELEASE), "error %lu", GetLastError());
    /* Once more: STATUS_MEMORY_NOT_ALLOCATED. */
    todo_wine expect_failure(VirtualFree(base, 0, MEM_RELEASE), ERROR_INVALID_ADDRESS);
    todo_wine expect_failure(VirtualFree(base, 0x1000, MEM_DECOMMIT), ERROR_INVALID_ADDRESS);
    ok(!VirtualFree(NULL, 0, MEM_RELEASE), "NULL was freed");
}

/* [N]: the values that NtFreeVirtualMemory hands back. */
static void test_nt_free(void)
{
    PVOID base = NULL, at;
    SIZE_T size = 0x10000;
    NTSTATUS status;

    status = NtAllocateVirtualMemory(GetCurrentProcess(), &base, 0, &size, MEM_RESERVE | MEM_COMMIT,
                                     PAGE_EXECUTE_READWRITE);
    ok(!status && size == 0x10000, "status %#lx", status);
    at = (char *)base + 0x1fff, size = 2;
    status = NtFreeVirtualMemory(GetCurrentProcess(), &at, &size, MEM_DECOMMIT);
    ok(!status && size == 0x2000 && at == (char *)base + 0x1000, "status %#lx size %#x at %p",
       status, (unsigned)size, at);
    at = (char *)base + 0x1001, size = 0;
    status = NtFreeVirtualMemory(GetCurrentProcess(), &at, &size, MEM_DECOMMIT);
    ok(status == NT_FREE_VM_NOT_AT_BASE && !size && at == (char *)base + 0x1001,
       "status %#lx size %#x at %p", status, (unsigned)size, at);
    at = (char *)base + 0xffe, size = 0;
    status = NtFreeVirtualMemory(GetCurrentProcess(), &at, &size, MEM_DECOMMIT);
    ok(!status && (size == 0 || broken(size == 0x10000)) && at == base, /* Windows up to 10 1709 */
       "status %#lx size %#x at %p", status, (unsigned)size, at);
    at = (char *)base + 0x1001, size = 0;
    status = NtFreeVirtualMemory(GetCurrentProcess(), &at, &size, MEM_RELEASE);
    ok(status == NT_FREE_VM_NOT_AT_BASE && !size, "status %#lx size %#x", status, (unsigned)size);
    /* A part can be released by the system call, and the rest stays. */
    at = (char *)base + 0x4000, size = 0x1000;
    status = NtFreeVirtualMemory(GetCurrentProcess(), &at, &size, MEM_RELEASE);
    todo_wine
        ok(!status && size == 0x1000 && at == (char *)base + 0x4000, "status %#lx size %#x at %p",
           status, (unsigned)size, at);
    todo_wine expect_region(base, base, 0x4000, MEM_RESERVE, 0, PAGE_EXECUTE_READWRITE);
    at = (char *)base + 0xfff, size = 0;
    status = NtFreeVirtualMemory(GetCurrentProcess(), &at, &size, MEM_RELEASE);
    todo_wine ok(!status && size == 0x4000 && at == base, "status %#lx size %#x at %p", status,
                 (unsigned)size, at);
    at = (char *)base + 0x5000, size = 0x20000;
    status = NtFreeVirtualMemory(GetCurrentProcess(), &at, &size, MEM_RELEASE);
    todo_wine ok(status == NT_UNABLE_TO_FREE_VM, "status %#lx", status);
    at = (char *)base + 0x5000, size = 0;
    status = NtFreeVirtualMemory(GetCurrentProcess(), &at, &size, MEM_RELEASE);
    todo_wine ok(!status && size == 0xb000, "status %#lx size %#x", status, (unsigned)size);
    at = base, size = 0;
    status = NtFreeVirtualMemory(GetCurrentProcess(), &at, &size, MEM_RELEASE);
    todo_wine ok(status == NT_MEMORY_NOT_ALLOCATED, "status %#lx", status);
}

/* [N]: zero_bits up to 20 count high zeroes of 32 bits, from 32 on they are a mask. */
static void test_zero_bits(void)
{
    static const ULONG_PTR masks[] = {0x1aaaaaaa, 0x7fffffff, 0xffffffff, 0x3fffffffff};
    PVOID base, taken = NULL;
    SIZE_T size = 0x1000;
    NTSTATUS status;

    NtAllocateVirtualMemory(GetCurrentProcess(), &taken, 0, &size, MEM_RESERVE, PAGE_READWRITE);
    for (ULONG_PTR bits = 1; bits <= 20; bits++) {
        base = NULL, size = 0x1000;
        status = NtAllocateVirtualMemory(GetCurrentProcess(), &base, bits, &size,
                                         MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
        ok(!status || status == NT_NO_MEMORY, "%d bits: status %#lx", (int)bits, status);
        if (status)
            continue;
        ok(!((ULONG_PTR)base >> (32 - bits)), "%d bits: %p", (int)bits, base);
        VirtualFree(base, 0, MEM_RELEASE);
    }
    base = NULL, size = 0x1000;
    status = NtAllocateVirtualMemory(GetCurrentProcess(), &base, 21, &size, MEM_RESERVE,
                                     PAGE_READWRITE);
    ok(status == NT_NO_MEMORY || status == NT_INVALID_PARAMETER, "status %#lx", status);
    base = NULL, size = 0x1000;
    status = NtAllocateVirtualMemory(GetCurrentProcess(), &base, 22, &size, MEM_RESERVE,
                                     PAGE_READWRITE);
    ok(status == NT_INVALID_PARAMETER_3 || status == NT_INVALID_PARAMETER, "status %#lx", status);
    for (unsigned i = 0; i < ARRAYSIZE(masks); i++) {
        ULONG_PTR limit = masks[i];

        while (limit & (limit + 1))
            limit |= limit >> 1;
        base = NULL, size = 0x1000;
        status = NtAllocateVirtualMemory(GetCurrentProcess(), &base, masks[i], &size, MEM_RESERVE,
                                         PAGE_READWRITE);
        ok(!status, "mask %#llx: status %#lx", (long long)masks[i], status);
        ok((ULONG_PTR)base + size - 1 <= limit, "mask %#llx: %p", (long long)masks[i], base);
        VirtualFree(base, 0, MEM_RELEASE);
    }
    /* With an address the conflict is told all the same. */
    base = (char *)taken + 0x1000, size = 0x1000;
    status = NtAllocateVirtualMemory(GetCurrentProcess(), &base, 12, &size, MEM_RESERVE,
                                     PAGE_READWRITE);
    ok(status == NT_CONFLICTING_ADDRESSES, "status %#lx", status);
    VirtualFree(taken, 0, MEM_RELEASE);
}

/* [A]: MEM_RESET keeps state and protection; the pages hold what they held or zeroes, and MEM_RESET_UNDO
 * says which: it fails only if something was lost. */
static void test_reset(void)
{
    char *base = VirtualAlloc(NULL, 0x10000, MEM_RESERVE, PAGE_NOACCESS);

    VirtualAlloc(base, 0x8000, MEM_COMMIT, PAGE_READWRITE);
    memset(base, 0xa5, 0x8000);
    ok(VirtualAlloc(base, 0x8000, MEM_RESET, PAGE_NOACCESS) == base, "error %lu", GetLastError());
    expect_region(base, base, 0x8000, MEM_COMMIT, PAGE_READWRITE, PAGE_NOACCESS);
    if (VirtualAlloc(base, 0x8000, MEM_RESET_UNDO, PAGE_NOACCESS))
        ok(base[0] == (char)0xa5 && base[0x7fff] == (char)0xa5, "undone, but lost");
    memset(base, 0x5a, 0x8000);
    ok(base[0x4000] == 0x5a, "lost after a write");
    /* The protection is ignored, and must be a valid one all the same. */
    todo_wine expect_failure(VirtualAlloc(base, 0x8000, MEM_RESET, 0), ERROR_INVALID_PARAMETER);
    ok(VirtualFree(base, 0, MEM_RELEASE), "error %lu", GetLastError());
}

/* [A]: MEM_TOP_DOWN takes the highest address possible. */
static void test_top_down(void)
{
    SYSTEM_INFO system;
    char *first, *second, *low;

    GetSystemInfo(&system);
    first = VirtualAlloc(NULL, 0x10000, MEM_RESERVE | MEM_TOP_DOWN, PAGE_READWRITE);
    second = VirtualAlloc(NULL, 0x10000, MEM_RESERVE | MEM_TOP_DOWN, PAGE_READWRITE);
    low = VirtualAlloc(NULL, 0x10000, MEM_RESERVE, PAGE_READWRITE);
    ok(first && second && low, "error %lu", GetLastError());
    ok(second < first, "second %p above first %p", second, first);
    ok(low < second, "without the flag: %p, with: %p", low, second);
    ok(first + 0xffff <= (char *)system.lpMaximumApplicationAddress, "%p", first);
    VirtualFree(first, 0, MEM_RELEASE);
    VirtualFree(second, 0, MEM_RELEASE);
    VirtualFree(low, 0, MEM_RELEASE);
}

/* Reserves cost address space only. */
static void test_large(void)
{
    static const SIZE_T sizes[] = {1ull << 30, 1ull << 36, 1ull << 38, 1ull << 40, 1ull << 42};
    char *bases[ARRAYSIZE(sizes)], *many[64];
    /* Wine 8 keeps a byte for each page. */
    const unsigned size_count = is_wine() ? 2 : ARRAYSIZE(sizes), many_count = is_wine() ? 1 : ARRAYSIZE(many);

    for (unsigned i = 0; i < size_count; i++) {
        bases[i] = VirtualAlloc(NULL, sizes[i], MEM_RESERVE, PAGE_READWRITE);
        ok(bases[i] != NULL, "%llu GiB: error %lu", (long long)sizes[i] >> 30, GetLastError());
        if (!bases[i])
            continue;
        expect_region(bases[i], bases[i], sizes[i], MEM_RESERVE, 0, PAGE_READWRITE);
        ok(VirtualAlloc(bases[i] + sizes[i] - PAGE, PAGE, MEM_COMMIT, PAGE_READWRITE) ==
               bases[i] + sizes[i] - PAGE, "%llu GiB: error %lu", (long long)sizes[i] >> 30,
           GetLastError());
        bases[i][sizes[i] - 1] = 1;
        expect_region(bases[i], bases[i], sizes[i] - PAGE, MEM_RESERVE, 0, PAGE_READWRITE);
    }
    for (unsigned i = 0; i < many_count; i++) {
        many[i] = VirtualAlloc(NULL, 1ull << 38, MEM_RESERVE, PAGE_NOACCESS);
        ok(many[i] != NULL, "%u times 256 GiB: error %lu", i, GetLastError());
    }
    for (unsigned i = 0; i < many_count; i++)
        ok(VirtualFree(many[i], 0, MEM_RELEASE), "error %lu", GetLastError());
    for (unsigned i = 0; i < size_count; i++)
        ok(VirtualFree(bases[i], 0, MEM_RELEASE), "error %lu", GetLastError());
}

/* The other doors to the same: VirtualAllocEx, VirtualAllocExNuma, VirtualAllocFromApp. */
static void test_variants(void)
{
    HMODULE kernelbase = GetModuleHandleA("kernelbase.dll");
    PVOID(WINAPI * from_app)(PVOID, SIZE_T, ULONG, ULONG) =
        (void *)GetProcAddress(kernelbase, "VirtualAllocFromApp");
    BOOL(WINAPI * protect_from_app)(PVOID, SIZE_T, ULONG, ULONG *) =
        (void *)GetProcAddress(kernelbase, "VirtualProtectFromApp");
    HANDLE real = OpenProcess(PROCESS_ALL_ACCESS, FALSE, GetCurrentProcessId());
    ULONG old;
    char *base;

    base = VirtualAllocEx(GetCurrentProcess(), NULL, 0x1234, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    expect_region(base, base, 0x2000, MEM_COMMIT, PAGE_READWRITE, PAGE_READWRITE);
    ok(VirtualFreeEx(GetCurrentProcess(), base, 0, MEM_RELEASE), "error %lu", GetLastError());
    base = VirtualAllocEx(real, NULL, 0x1234, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    expect_region(base, base, 0x2000, MEM_COMMIT, PAGE_READWRITE, PAGE_READWRITE);
    ok(VirtualProtectEx(real, base, 0x1000, PAGE_READONLY, &old), "error %lu", GetLastError());
    ok(old == PAGE_READWRITE, "old %#lx", old);
    expect_region(base, base, 0x1000, MEM_COMMIT, PAGE_READONLY, PAGE_READWRITE);
    ok(VirtualFreeEx(real, base, 0, MEM_RELEASE), "error %lu", GetLastError());
    base = VirtualAllocExNuma(GetCurrentProcess(), NULL, 0x1000, MEM_RESERVE, PAGE_READWRITE, 0);
    expect_region(base, base, 0x1000, MEM_RESERVE, 0, PAGE_READWRITE);
    ok(VirtualFree(base, 0, MEM_RELEASE), "error %lu", GetLastError());
    expect_failure(VirtualAllocEx(NULL, NULL, 0x1000, MEM_RESERVE, PAGE_READWRITE),
                   ERROR_INVALID_HANDLE);
    CloseHandle(real);
    todo_wine
        ok(from_app && protect_from_app, "VirtualAllocFromApp %p, VirtualProtectFromApp %p", from_app,
           protect_from_app);
    if (!from_app || !protect_from_app)
        return;
    base = from_app(NULL, 0x1000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    expect_region(base, base, 0x1000, MEM_COMMIT, PAGE_READWRITE, PAGE_READWRITE);
    ok(protect_from_app(base, 0x1000, PAGE_READONLY, &old), "error %lu", GetLastError());
    ok(old == PAGE_READWRITE, "old %#lx", old);
    ok(VirtualFree(base, 0, MEM_RELEASE), "error %lu", GetLastError());
    /* learn.microsoft.com, VirtualAllocFromApp: executable protections are refused. */
    expect_failure(from_app(NULL, 0x1000, MEM_RESERVE | MEM_COMMIT, PAGE_EXECUTE_READWRITE),
                   ERROR_INVALID_PARAMETER);
}

CONFORMANCE("memory: VirtualAlloc and VirtualFree", test_rounding, test_conflicts, test_flags,
            test_states, test_free_errors, test_nt_free, test_zero_bits, test_reset, test_top_down,
            test_large, test_variants)
