/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The address space around the program's own allocations: its bounds, KUSER_SHARED_DATA, stacks; locking and the
 * working set; memory whose content may go; and what happens when there is no more.
 *
 * Sources: [S] learn.microsoft.com GetSystemInfo, [L] VirtualLock, [W] SetProcessWorkingSetSize,
 * [D] DiscardVirtualMemory, OfferVirtualMemory, ReclaimVirtualMemory, [U] "KUSER_SHARED_DATA" (ntddk.h),
 * [T] "Thread Stack Size", [N] Wine's ntdll/tests/virtual.c, which pass on Windows.
 */
#include "memory.h"

#define SHARED_DATA 0x7ffe0000ull

static volatile LONG raised;
static volatile DWORD raised_code;

static LONG CALLBACK escape(EXCEPTION_POINTERS *pointers)
{
    raised_code = pointers->ExceptionRecord->ExceptionCode;
    if (raised_code != EXCEPTION_ACCESS_VIOLATION || raised++)
        return EXCEPTION_CONTINUE_SEARCH;
    /* Over the faulting instruction: each one here is two bytes, mov [rcx], al or mov al, [rcx]. */
    pointers->ContextRecord->Rip += 2;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static BOOL can_write(void *address)
{
    raised = 0;
    __asm__ volatile("movb %%al, (%%rcx)" : : "c"(address), "a"(0) : "memory");
    return !raised;
}

static BOOL can_read(const void *address)
{
    raised = 0;
    __asm__ volatile("movb (%%rcx), %%al" : : "c"(address) : "rax", "memory");
    return !raised;
}

/* [S]: the bounds; everything that the program has lies within them. */
static void test_bounds(void)
{
    SYSTEM_INFO system;
    MEMORY_BASIC_INFORMATION info;
    MEMORYSTATUSEX status = {.dwLength = sizeof(status)};
    char *base;

    GetSystemInfo(&system);
    ok(system.lpMinimumApplicationAddress == (void *)0x10000, "%p", system.lpMinimumApplicationAddress);
    ok(system.lpMaximumApplicationAddress == (void *)0x7ffffffeffff, "%p",
       system.lpMaximumApplicationAddress);
    ok(GlobalMemoryStatusEx(&status), "error %lu", GetLastError());
    ok(status.ullTotalVirtual == 0x7fffffffe000 - 0x10000 ||
           status.ullTotalVirtual == 0x7ffffffe0000, "%#llx", status.ullTotalVirtual);
    ok(status.ullAvailVirtual < status.ullTotalVirtual, "%#llx", status.ullAvailVirtual);
    for (unsigned i = 0; i < 100; i++) {
        base = VirtualAlloc(NULL, 0x10000, MEM_RESERVE | (i & 1 ? MEM_TOP_DOWN : 0), PAGE_NOACCESS);
        if (base < (char *)0x10000 || base > (char *)system.lpMaximumApplicationAddress)
            ok(0, "%p", base);
        VirtualFree(base, 0, MEM_RELEASE);
    }
    ok(VirtualQuery(&info, &info, sizeof(info)) == sizeof(info), "error %lu", GetLastError());
    ok((void *)&info > system.lpMinimumApplicationAddress && (void *)&info < system.lpMaximumApplicationAddress,
       "stack at %p", (void *)&info);
    ok(GetLargePageMinimum() == 0x200000, "%#llx", (long long)GetLargePageMinimum());
}

/* [U] */
static void test_shared_data(void)
{
    const volatile ULONG *fields = (void *)SHARED_DATA;
    PVOID vectored = AddVectoredExceptionHandler(TRUE, escape);
    MEMORY_BASIC_INFORMATION info;
    ULONGLONG first;
    DWORD old;

    ok(can_read((void *)SHARED_DATA), "cannot be read");
    ok(!can_write((void *)(SHARED_DATA + 0x300)), "can be written");
    ok(raised_code == EXCEPTION_ACCESS_VIOLATION, "%#lx", raised_code);
    RemoveVectoredExceptionHandler(vectored);
    ok(VirtualQuery((void *)SHARED_DATA, &info, sizeof(info)) == sizeof(info), "error %lu", GetLastError());
    ok(info.State == MEM_COMMIT && info.Protect == PAGE_READONLY && info.RegionSize == 0x1000 &&
           info.Type == MEM_PRIVATE, "state %#lx protect %#lx size %#llx type %#lx", info.State,
       info.Protect, (long long)info.RegionSize, info.Type);
    todo_wine ok(!VirtualProtect((void *)SHARED_DATA, 0x1000, PAGE_READWRITE, &old), "made writable");
    if (!is_wine()) /* Wine 8 releases it, and ends */
        ok(!VirtualFree((void *)SHARED_DATA, 0, MEM_RELEASE), "released");
    /* NtMajorVersion, NtMinorVersion; InterruptTime at 8 ticks. */
    flaky_wine /* there a setting of the prefix */
        ok(fields[0x26c / 4] == 10 && fields[0x270 / 4] == 0, "version %lu.%lu", fields[0x26c / 4],
           fields[0x270 / 4]);
    ok(!wcsncmp((const WCHAR *)(SHARED_DATA + 0x30), L"C:\\", 3), "NtSystemRoot");
    first = *(volatile ULONGLONG *)(SHARED_DATA + 8);
    for (DWORD start = GetTickCount(); first == *(volatile ULONGLONG *)(SHARED_DATA + 8) &&
                                       GetTickCount() - start < 5000;)
        Sleep(1);
    ok(*(volatile ULONGLONG *)(SHARED_DATA + 8) > first, "does not tick");
}

struct stack_sizes {
    SIZE_T reserve;
    BOOL grown;
};

static __attribute__((noinline)) void grow(unsigned pages)
{
    volatile char page[0x1000];

    page[0] = (char)pages;
    if (pages)
        grow(pages - 1);
    page[1] = page[0];
}

/* [T], [N]: reserve at the bottom, then guard pages, then what is committed. */
static DWORD WINAPI look_at_stack(void *argument)
{
    const struct stack_sizes *sizes = argument;
    NT_TIB *tib = (NT_TIB *)NtCurrentTeb();
    char *bottom = *(char **)((char *)NtCurrentTeb() + 0x1478), *base = tib->StackBase, *limit, *at;
    MEMORY_BASIC_INFORMATION info;
    ULONG_PTR low, high;

    todo_wine_if(sizes->reserve < 0x100000)
        ok((SIZE_T)(base - bottom) == sizes->reserve, "reserved %#llx, not %#llx", (long long)(base - bottom),
           (long long)sizes->reserve);
    for (unsigned round = 0; round < 2; round++) {
        limit = tib->StackLimit;
        ok(limit > bottom && limit < base && limit < (char *)&info, "limit %p", limit);
        at = bottom;
        VirtualQuery(at, &info, sizeof(info));
        todo_wine ok(info.AllocationBase == bottom && info.State == MEM_RESERVE && !info.Protect &&
                         info.AllocationProtect == PAGE_READWRITE && info.Type == MEM_PRIVATE,
                     "reserve: state %#lx protect %#lx", info.State, info.Protect);
        at += info.RegionSize;
        VirtualQuery(at, &info, sizeof(info));
        ok(info.AllocationBase == bottom && info.State == MEM_COMMIT &&
               info.Protect == (PAGE_READWRITE | PAGE_GUARD), "guard: state %#lx protect %#lx",
           info.State, info.Protect);
        ok(info.RegionSize >= 0x1000 && info.RegionSize <= 0x3000, "guard: %#llx",
           (long long)info.RegionSize);
        at += info.RegionSize;
        ok(at == limit, "the guard ends at %p, the limit is %p", at, limit);
        VirtualQuery(at, &info, sizeof(info));
        ok(info.State == MEM_COMMIT && info.Protect == PAGE_READWRITE && at + info.RegionSize == base,
           "stack: state %#lx protect %#lx up to %p, not %p", info.State, info.Protect,
           at + info.RegionSize, base);
        grow(40);
        ok((char *)tib->StackLimit < (char *)&info - 40 * 0x1000, "did not grow");
    }
    GetCurrentThreadStackLimits(&low, &high);
    ok((char *)low == bottom && (char *)high == base, "limits %#llx %#llx", (long long)low, (long long)high);
    return 0;
}

static void test_stacks(void)
{
    static struct stack_sizes sizes[] = {{0x100000, FALSE}, {0x400000, FALSE}, {0x50000, FALSE}};

    for (unsigned i = 0; i < ARRAYSIZE(sizes); i++) {
        HANDLE thread = CreateThread(NULL, sizes[i].reserve, look_at_stack, &sizes[i],
                                     STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);

        ok(WaitForSingleObject(thread, 20000) == WAIT_OBJECT_0, "thread %u", i);
        CloseHandle(thread);
    }
}

/* [L], [W] */
static void test_locking(void)
{
    char *base = VirtualAlloc(NULL, 0x10000, MEM_RESERVE, PAGE_READWRITE);
    SIZE_T minimum = 0, maximum = 0;
    DWORD flags = 0xdeadbeef, old;

    VirtualAlloc(base, 0x4000, MEM_COMMIT, PAGE_READWRITE);
    ok(VirtualLock(base, 0x2000), "error %lu", GetLastError());
    ok(VirtualLock(base + 0x1000, 0x1000), "twice: error %lu", GetLastError());
    base[0] = 1;
    ok(VirtualUnlock(base, 0x2000), "error %lu", GetLastError());
    /* Unlocking what is not locked: ERROR_NOT_LOCKED. */
    todo_wine expect_failure(VirtualUnlock(base, 0x2000), ERROR_NOT_LOCKED);
    todo_wine expect_failure(VirtualUnlock(base + 0x2000, 0x1000), ERROR_NOT_LOCKED);
    /* Pages must be committed, and accessible. */
    ok(!VirtualLock(base, 0x5000), "locked reserved pages");
    VirtualProtect(base, 0x1000, PAGE_NOACCESS, &old);
    ok(!VirtualLock(base, 0x1000), "locked a page without access");
    VirtualFree(base, 0, MEM_RELEASE);
    ok(!VirtualLock(base, 0x1000), "locked free memory");
    ok(GetProcessWorkingSetSize(GetCurrentProcess(), &minimum, &maximum), "error %lu", GetLastError());
    todo_wine ok(minimum && minimum < maximum, "%llu to %llu", (long long)minimum, (long long)maximum);
    ok(GetProcessWorkingSetSizeEx(GetCurrentProcess(), &minimum, &maximum, &flags), "error %lu",
       GetLastError());
    ok(!(flags & ~0xfu), "flags %#lx", flags);
    ok(SetProcessWorkingSetSize(GetCurrentProcess(), 1 << 20, 4 << 20), "error %lu", GetLastError());
    ok(GetProcessWorkingSetSize(GetCurrentProcess(), &minimum, &maximum), "error %lu", GetLastError());
    todo_wine ok(minimum == 1 << 20 && maximum == 4 << 20, "%llu to %llu", (long long)minimum, (long long)maximum);
    todo_wine expect_failure(SetProcessWorkingSetSize(GetCurrentProcess(), 4 << 20, 1 << 20),
                             ERROR_INVALID_PARAMETER);
    ok(SetProcessWorkingSetSize(GetCurrentProcess(), (SIZE_T)-1, (SIZE_T)-1), "emptying: error %lu",
       GetLastError());
}

/* [D] */
static void test_discard(void)
{
    DWORD(WINAPI * discard)(PVOID, SIZE_T);
    DWORD(WINAPI * offer)(PVOID, SIZE_T, int);
    DWORD(WINAPI * reclaim)(PVOID, SIZE_T);
    BOOL(WINAPI * prefetch)(HANDLE, ULONG_PTR, PVOID, ULONG) = kernelbase_function("PrefetchVirtualMemory");
    BOOL(WINAPI * query)(HANDLE, const void *, int, PVOID, SIZE_T, SIZE_T *) =
        kernelbase_function("QueryVirtualMemoryInformation");
    struct {
        PVOID base;
        ULONG protect, flags;
        SIZE_T bytes, committed;
    } region;
    char *base = VirtualAlloc(NULL, 0x20000, MEM_RESERVE, PAGE_READWRITE);
    struct {
        PVOID address;
        SIZE_T size;
    } range = {base, 0x10000};
    SIZE_T got = 0;
    DWORD error;

    todo_wine discard = kernelbase_function("DiscardVirtualMemory");
    todo_wine offer = kernelbase_function("OfferVirtualMemory");
    todo_wine reclaim = kernelbase_function("ReclaimVirtualMemory");
    if (!discard || !offer || !reclaim || !prefetch)
        return;
    VirtualAlloc(base, 0x10000, MEM_COMMIT, PAGE_READWRITE);
    memset(base, 0x77, 0x10000);
    ok(!discard(base, 0x4000), "discard");
    expect_region(base, base, 0x10000, MEM_COMMIT, PAGE_READWRITE, PAGE_READWRITE);
    base[0] = 5;
    ok(base[0] == 5 && base[0x4000] == 0x77, "content");
    ok(discard(base + 1, 0x1000) == ERROR_INVALID_PARAMETER, "not a page");
    ok(discard(base, 0x1001) == ERROR_INVALID_PARAMETER, "not pages");
    ok(discard(base, 0x11000) != ERROR_SUCCESS, "reserved pages");
    ok(!offer(base + 0x4000, 0x4000, 2), "offer");
    error = reclaim(base + 0x4000, 0x4000);
    ok(error == ERROR_SUCCESS || error == ERROR_BUSY, "error %lu", error);
    if (!error)
        ok(base[0x4000] == 0x77 && base[0x7fff] == 0x77, "reclaimed, but lost");
    ok(offer(base, 0x1000, 0) == ERROR_INVALID_PARAMETER, "priority 0");
    ok(prefetch(GetCurrentProcess(), 1, &range, 0), "error %lu", GetLastError());
    expect_failure(prefetch(GetCurrentProcess(), 0, &range, 0), ERROR_INVALID_PARAMETER);
    memset(&region, 0xcc, sizeof(region));
    if (query) {
        ok(query(GetCurrentProcess(), base + 0x1234, 0, &region, sizeof(region), &got), "error %lu",
           GetLastError());
        ok(region.base == base && region.protect == PAGE_READWRITE && region.bytes == 0x20000 &&
               region.committed == 0x10000 && region.flags == 1,
           "base %p protect %#lx flags %#lx bytes %#llx committed %#llx", region.base, region.protect,
           region.flags, (long long)region.bytes, (long long)region.committed);
        expect_failure(query(GetCurrentProcess(), base, 77, &region, sizeof(region), &got),
                       ERROR_INVALID_PARAMETER);
    }
    VirtualFree(base, 0, MEM_RELEASE);
}

/* No more memory is an error, of each call; nobody is killed and everything works afterwards. */
static void test_exhaustion(void)
{
    enum { BLOCKS = 60000 };
    const SIZE_T huge = 1ull << 44; /* 16 TiB */
    MEMORYSTATUSEX status = {.dwLength = sizeof(status)};
    static char *blocks[BLOCKS];
    char *base, *small;
    DWORD error = 0;
    unsigned count;
    HANDLE section;

    GlobalMemoryStatusEx(&status);
    SetLastError(0xdeadbeef);
    base = VirtualAlloc(NULL, huge, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    error = GetLastError();
    ok(!base, "16 TiB were committed");
    ok(error == ERROR_COMMITMENT_LIMIT || error == ERROR_NOT_ENOUGH_MEMORY, "error %lu", error);
    if (is_wine()) {
        skip("Wine 8 keeps a byte for each page of 16 TiB, and knows no limit on what is committed");
        return;
    }
    base = VirtualAlloc(NULL, huge, MEM_RESERVE, PAGE_READWRITE);
    ok(base != NULL, "error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!VirtualAlloc(base, huge, MEM_COMMIT, PAGE_READWRITE), "16 TiB were committed");
    error = GetLastError();
    ok(error == ERROR_COMMITMENT_LIMIT || error == ERROR_NOT_ENOUGH_MEMORY, "error %lu", error);
    expect_region(base, base, huge, MEM_RESERVE, 0, PAGE_READWRITE);
    ok(VirtualAlloc(base, 0x1000, MEM_COMMIT, PAGE_READWRITE) == base, "error %lu", GetLastError());
    base[0] = 1;
    VirtualFree(base, 0, MEM_RELEASE);
    /* Commit that adds up. */
    for (count = 0; count < BLOCKS; count++) {
        SetLastError(0xdeadbeef);
        blocks[count] = VirtualAlloc(NULL, 1ull << 30, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
        if (!blocks[count])
            break;
    }
    error = GetLastError();
    trace("%u GiB were committed, %llu GiB physical, error %lu", count, status.ullTotalPhys >> 30, error);
    ok(count < BLOCKS, "no limit on what is committed");
    ok(error == ERROR_COMMITMENT_LIMIT || error == ERROR_NOT_ENOUGH_MEMORY, "error %lu", error);
    while (count)
        VirtualFree(blocks[--count], 0, MEM_RELEASE);
    base = VirtualAlloc(NULL, 1ull << 30, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    ok(base != NULL, "afterwards: error %lu", GetLastError());
    VirtualFree(base, 0, MEM_RELEASE);
    SetLastError(0xdeadbeef);
    section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0x1000, 0, NULL);
    error = GetLastError();
    ok(!section, "a section of 16 TiB");
    ok(error == ERROR_COMMITMENT_LIMIT || error == ERROR_NOT_ENOUGH_MEMORY, "error %lu", error);
    SetLastError(0xdeadbeef);
    ok(!HeapAlloc(GetProcessHeap(), 0, huge), "16 TiB of heap");
    ok(!HeapAlloc(GetProcessHeap(), 0, ~(SIZE_T)0 - 100), "everything as heap");
    ok(!HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, ~(SIZE_T)0), "everything as heap");
    SetLastError(0xdeadbeef);
    ok(!LocalAlloc(LMEM_FIXED, huge), "16 TiB of heap");
    ok(GetLastError() == ERROR_NOT_ENOUGH_MEMORY, "error %lu", GetLastError());
    /* Many separate committed pages (Linux: vm.max_map_count), until it ends or there are enough. */
    base = VirtualAlloc(NULL, (SIZE_T)BLOCKS * 4 * PAGE, MEM_RESERVE, PAGE_READWRITE);
    for (count = 0, error = 0; count < BLOCKS * 2 && !error; count++)
        if (!VirtualAlloc(base + (SIZE_T)count * 2 * PAGE, PAGE, MEM_COMMIT, PAGE_READWRITE))
            error = GetLastError();
    ok(!error || error == ERROR_COMMITMENT_LIMIT || error == ERROR_NOT_ENOUGH_MEMORY, "page %u: error %lu",
       count, error);
    small = HeapAlloc(GetProcessHeap(), 0, 64);
    ok(small != NULL, "a small block");
    HeapFree(GetProcessHeap(), 0, small);
    ok(VirtualFree(base, 0, MEM_RELEASE), "error %lu", GetLastError());
}

CONFORMANCE("memory: layout, stacks, locking, exhaustion", test_bounds, test_shared_data, test_stacks,
            test_locking, test_discard, test_exhaustion)
