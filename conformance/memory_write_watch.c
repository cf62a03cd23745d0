/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * MEM_WRITE_WATCH, GetWriteWatch, ResetWriteWatch.
 *
 * Sources: [D] Microsoft's pages on VirtualAlloc, GetWriteWatch, ResetWriteWatch; [T] what Wine's kernel32
 * virtual tests assert and Windows passes; [A] al-khaser's write-watch checks, which pass on Windows when
 * nobody debugs.
 */
#include "conformance.h"

#define PAGES 16
#define SIZE  (PAGES * 4096)

static char *base;
static void *results[PAGES * 4];
static ULONG_PTR count;
static ULONG granularity;

static char *page(int index)
{
    return base + index * 4096;
}

static UINT get_range(DWORD flags, void *address, SIZE_T size)
{
    count = ARRAYSIZE(results);
    granularity = 0xdeadbeef;
    memset(results, 0xcc, sizeof(results));
    SetLastError(0xdeadbeef);
    return GetWriteWatch(flags, address, size, results, &count, &granularity);
}

/* One judgement of all that a successful call promises, so that a todo covers it as a whole. */
static void check_pages(int line, DWORD flags, int expected_count, const int *expected)
{
    UINT result = get_range(flags, base, SIZE);
    DWORD error = GetLastError();
    BOOL good = !result && error == 0xdeadbeef && granularity == 4096 &&
                count == (ULONG_PTR)expected_count;

    for (int i = 0; i < expected_count && good; i++)
        good = results[i] == page(expected[i]);
    /* Entries behind the last keep their content. */
    good = good && results[count] == (void *)(ULONG_PTR)0xccccccccccccccccull;
    conformance_ok(line, good,
                   "answer %u, error %lu, granularity %lu, %lu pages (not %d), first %d %d %d",
                   result, error, granularity, (unsigned long)count, expected_count,
                   (int)(((char *)results[0] - base) / 4096),
                   (int)(((char *)results[1] - base) / 4096),
                   (int)(((char *)results[2] - base) / 4096));
}

#define EXPECT(flags, ...)                                                                         \
    do {                                                                                           \
        static const int pages_[] = {-1, ##__VA_ARGS__};                                           \
        check_pages(__LINE__, flags, ARRAYSIZE(pages_) - 1, pages_ + 1);                           \
    } while (0)

static void allocate(DWORD type, DWORD protect)
{
    base = VirtualAlloc(NULL, SIZE, type | MEM_RESERVE | MEM_WRITE_WATCH, protect);
    ok(base != NULL, "VirtualAlloc failed: %lu", GetLastError());
}

static void test_allocation(void)
{
    static const struct {
        DWORD type;
        BOOL works;
    } types[] = {
        {MEM_RESERVE | MEM_WRITE_WATCH, TRUE},                         /* [T] */
        {MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH, TRUE},            /* [T] */
        {MEM_RESERVE | MEM_TOP_DOWN | MEM_WRITE_WATCH, TRUE},          /* [D] */
        {MEM_WRITE_WATCH, FALSE},                                      /* [T] */
        {MEM_COMMIT | MEM_WRITE_WATCH, FALSE},                         /* [D]: needs MEM_RESERVE */
        {MEM_RESERVE | MEM_PHYSICAL | MEM_WRITE_WATCH, FALSE},         /* [D] */
        {MEM_RESERVE | MEM_COMMIT | MEM_LARGE_PAGES | MEM_WRITE_WATCH, FALSE}, /* [D] */
        {MEM_RESET | MEM_WRITE_WATCH, FALSE},                          /* [D]: RESET stands alone */
    };

    for (size_t i = 0; i < ARRAYSIZE(types); i++) {
        void *memory;
        DWORD error;

        SetLastError(0xdeadbeef);
        memory = VirtualAlloc(NULL, SIZE, types[i].type, PAGE_READWRITE);
        error = GetLastError();
        todo(is_wine() && (types[i].type == (MEM_COMMIT | MEM_WRITE_WATCH) ||
                           types[i].type == (MEM_RESET | MEM_WRITE_WATCH)))
            ok(!memory == !types[i].works, "type %lx: %p, error %lu", types[i].type, memory,
               error);
        if (!memory)
            ok(error == ERROR_INVALID_PARAMETER, "type %lx: error %lu", types[i].type, error);
        else
            VirtualFree(memory, 0, MEM_RELEASE);
    }
}

static void test_query(void)
{
    MEMORY_BASIC_INFORMATION info;

    /* [T] watching does not show. */
    allocate(MEM_COMMIT, PAGE_READWRITE);
    ok(VirtualQuery(base, &info, sizeof(info)) == sizeof(info), "VirtualQuery failed");
    ok(info.BaseAddress == base && info.AllocationBase == base && info.RegionSize == SIZE &&
           info.State == MEM_COMMIT && info.Protect == PAGE_READWRITE &&
           info.AllocationProtect == PAGE_READWRITE && info.Type == MEM_PRIVATE,
       "state %lx protect %lx type %lx size %lx", info.State, info.Protect, info.Type,
       (unsigned long)info.RegionSize);
    VirtualFree(base, 0, MEM_RELEASE);
}

static void test_writes(void)
{
    allocate(MEM_COMMIT, PAGE_READWRITE);
    EXPECT(0);                               /* [T] fresh memory is clean */
    *(volatile char *)page(9);               /* a read is no write */
    EXPECT(0);
    page(1)[10] = 1;
    EXPECT(0, 1);
    EXPECT(0, 1);                            /* looking does not reset */
    EXPECT(WRITE_WATCH_FLAG_RESET, 1);
    EXPECT(WRITE_WATCH_FLAG_RESET);
    page(2)[0] = 1;
    page(4)[0] = 1;
    EXPECT(0, 2, 4);
    get_range(0, page(3), 2 * 4096);
    ok(count == 1 && results[0] == page(4), "a part of the range: %lu", (unsigned long)count);
    ok(!ResetWriteWatch(base, 3 * 4096), "ResetWriteWatch failed");
    EXPECT(0, 4);
    *(volatile DWORD *)(page(2) - 2) = 0xdeadbeef; /* straddles: both pages */
    EXPECT(0, 1, 2, 4);
    count = 1;
    ok(!GetWriteWatch(WRITE_WATCH_FLAG_RESET, base, SIZE, results, &count, &granularity),
       "short buffer");
    ok(count == 1 && results[0] == page(1), "a short buffer gets the lowest page");
    EXPECT(0, 2, 4);                         /* and only that one was reset */
    VirtualFree(base, 0, MEM_RELEASE);
}

static void test_rounding(void)
{
    allocate(MEM_COMMIT, PAGE_READWRITE);
    page(0)[0] = page(1)[0] = 1;
    get_range(0, base + 1, 1);
    ok(count == 1 && results[0] == page(0), "base + 1, size 1");
    get_range(0, base + 4095, 2);
    ok(count == 2, "base + 4095, size 2: %lu", (unsigned long)count);
    VirtualFree(base, 0, MEM_RELEASE);
}

static void expect_failure(int line, DWORD flags, void *address, SIZE_T size, void **array,
                           ULONG_PTR *counter, ULONG *grain, DWORD error)
{
    SetLastError(0xdeadbeef);
    conformance_ok(line, GetWriteWatch(flags, address, size, array, counter, grain) == ~0u,
                   "GetWriteWatch succeeded");
    conformance_ok(line, GetLastError() == error, "error %lu, not %lu", GetLastError(), error);
}

#define FAILS(error, ...) expect_failure(__LINE__, __VA_ARGS__, error)

static void test_parameters(void)
{
    char *other, *second;

    allocate(MEM_COMMIT, PAGE_READWRITE);
    page(3)[0] = 1;
    count = 4;
    /* [T] in this order: NULL counts, then a count or size of 0, then flags, then the array. */
    FAILS(ERROR_NOACCESS, 0, base, SIZE, results, NULL, &granularity);
    FAILS(ERROR_NOACCESS, 0, base, SIZE, results, &count, NULL);
    FAILS(ERROR_NOACCESS, 0xdeadbeef, base, 0, NULL, NULL, NULL);
    FAILS(ERROR_INVALID_PARAMETER, 0, base, 0, results, &count, &granularity);
    count = 0;
    FAILS(ERROR_INVALID_PARAMETER, 0, base, SIZE, results, &count, &granularity);
    FAILS(ERROR_INVALID_PARAMETER, 0, base, SIZE, NULL, &count, &granularity);
    count = 4;
    FAILS(ERROR_INVALID_PARAMETER, 0xdeadbeef, base, SIZE, results, &count, &granularity);
    FAILS(ERROR_NOACCESS, 0, base, SIZE, NULL, &count, &granularity);
    FAILS(ERROR_INVALID_PARAMETER, 0, NULL, SIZE, results, &count, &granularity);
    FAILS(ERROR_INVALID_PARAMETER, 0, GetModuleHandleA(NULL), SIZE, results, &count, &granularity);
    FAILS(ERROR_INVALID_PARAMETER, 0, base, SIZE * 2, results, &count, &granularity);
    FAILS(ERROR_INVALID_PARAMETER, 0, base, SIZE + 1, results, &count, &granularity);
    ok(count == 4, "a failure changed the count to %lu", (unsigned long)count);
    ok(ResetWriteWatch(base, 0) == ~0u && GetLastError() == ERROR_INVALID_PARAMETER, "size 0");
    ok(ResetWriteWatch(GetModuleHandleA(NULL), 4096) == ~0u &&
           GetLastError() == ERROR_INVALID_PARAMETER,
       "a module");
    EXPECT(0, 3); /* none of these reset anything */

    /* Memory that is not watched. */
    other = VirtualAlloc(NULL, SIZE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    FAILS(ERROR_INVALID_PARAMETER, 0, other, SIZE, results, &count, &granularity);
    VirtualFree(other, 0, MEM_RELEASE);

    /* [D] the range must lie in one allocation. */
    second = VirtualAlloc(base + SIZE, SIZE, MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH,
                          PAGE_READWRITE);
    if (second == base + SIZE)
        FAILS(ERROR_INVALID_PARAMETER, 0, base, SIZE * 2, results, &count, &granularity);
    else
        skip("the address behind the allocation is taken");
    if (second)
        VirtualFree(second, 0, MEM_RELEASE);
    VirtualFree(base, 0, MEM_RELEASE);
    FAILS(ERROR_INVALID_PARAMETER, 0, base, SIZE, results, &count, &granularity);
}

static void test_reserved_and_protected(void)
{
    DWORD old;

    allocate(0, PAGE_NOACCESS);
    EXPECT(0); /* [T] reserved pages: success and none */
    ok(!ResetWriteWatch(base, SIZE), "reset of reserved pages");
    ok(VirtualAlloc(base, SIZE, MEM_COMMIT, PAGE_NOACCESS) == base, "commit");
    EXPECT(0);
    VirtualProtect(base, 6 * 4096, PAGE_READWRITE, &old);
    page(5)[200] = 3;
    VirtualProtect(base, 6 * 4096, PAGE_NOACCESS, &old);
    EXPECT(0, 5); /* [T] protection does not change what was written */
    EXPECT(WRITE_WATCH_FLAG_RESET, 5);
    EXPECT(0);
    VirtualFree(base, 0, MEM_RELEASE);
}

static void test_decommit_and_latch(void)
{
    DWORD old;

    allocate(MEM_COMMIT, PAGE_READWRITE);
    page(3)[0] = page(5)[0] = 1;
    VirtualFree(base, SIZE, MEM_DECOMMIT);
    todo(is_wine()) EXPECT(0); /* [T] decommit forgets */
    VirtualAlloc(base, SIZE, MEM_COMMIT, PAGE_READWRITE);
    todo(is_wine()) EXPECT(0);
    ResetWriteWatch(base, SIZE);
    /* [T] a protection change latches. */
    page(3)[0] = 1;
    VirtualProtect(base, SIZE, PAGE_READONLY, &old);
    VirtualProtect(base, SIZE, PAGE_READWRITE, &old);
    page(5)[0] = 1;
    EXPECT(0, 3, 5);
    VirtualFree(base, SIZE, MEM_DECOMMIT);
    todo(is_wine()) EXPECT(0, 3);
    VirtualAlloc(base, SIZE, MEM_COMMIT, PAGE_READWRITE);
    todo(is_wine()) EXPECT(0, 3);
    page(2)[0] = page(4)[0] = page(6)[0] = 1;
    todo(is_wine()) EXPECT(0, 2, 3, 4, 6);
    VirtualFree(base, 0, MEM_RELEASE);
}

static void test_files(void)
{
    char path[MAX_PATH], name[MAX_PATH];
    DWORD done;
    HANDLE file;

    allocate(MEM_COMMIT, PAGE_READWRITE);
    GetTempPathA(sizeof(path), path);
    GetTempFileNameA(path, "ww", 0, name);
    file = CreateFileA(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
                       FILE_FLAG_DELETE_ON_CLOSE, NULL);
    ok(file != INVALID_HANDLE_VALUE, "CreateFile: %lu", GetLastError());
    WriteFile(file, base, 2 * 4096 + 3, &done, NULL); /* writing out of it is no write to it */
    EXPECT(0);
    SetFilePointer(file, 0, NULL, FILE_BEGIN);
    ok(ReadFile(file, base, SIZE, &done, NULL) && done == 2 * 4096 + 3, "ReadFile: %lu", done);
    get_range(WRITE_WATCH_FLAG_RESET, base, SIZE); /* [T] the whole buffer */
    ok(count == PAGES, "%lu pages after ReadFile", (unsigned long)count);
    ok(ReadFile(file, base, SIZE, &done, NULL) && !done, "at the end of the file");
    get_range(WRITE_WATCH_FLAG_RESET, base, SIZE); /* [T] even then */
    ok(count == PAGES, "%lu pages after ReadFile at the end", (unsigned long)count);
    CloseHandle(file);
    ok(!ReadFile((HANDLE)(ULONG_PTR)0xdead0, base, SIZE, &done, NULL) &&
           GetLastError() == ERROR_INVALID_HANDLE,
       "a bad handle");
    EXPECT(0); /* [T] */
    VirtualFree(base, 0, MEM_RELEASE);
}

static void test_process_memory(void)
{
    static const char data[] = "written by WriteProcessMemory";
    DWORD error;
    SIZE_T done;

    allocate(MEM_COMMIT, PAGE_READWRITE);
    /* [A] a read that fails leaves the destination alone. */
    SetLastError(0xdeadbeef);
    ok(!ReadProcessMemory(GetCurrentProcess(), (void *)0x10, base, 2 * 4096, &done),
       "ReadProcessMemory of nothing");
    error = GetLastError();
    todo(is_wine()) ok(error == ERROR_PARTIAL_COPY, "error %lu", error);
    todo(is_wine()) EXPECT(0);
    ResetWriteWatch(base, SIZE);
    ok(WriteProcessMemory(GetCurrentProcess(), page(7), data, sizeof(data), &done),
       "WriteProcessMemory: %lu", GetLastError());
    todo(is_wine()) EXPECT(WRITE_WATCH_FLAG_RESET, 7);
    ResetWriteWatch(base, SIZE);
    ok(ReadProcessMemory(GetCurrentProcess(), data, page(8), sizeof(data), &done), "read");
    EXPECT(0, 8);
    VirtualFree(base, 0, MEM_RELEASE);
}

/* [A] calls that fail and have pointers out. */
static void test_failing_calls(void)
{
    allocate(MEM_COMMIT, PAGE_READWRITE);
    GetEnvironmentVariableA("no such variable %$", base, 4096);
    GetThreadContext((HANDLE)(ULONG_PTR)0xdead0, (CONTEXT *)page(1));
    GetModuleFileNameA((HMODULE)(ULONG_PTR)0x1230000, page(2), 4096);
    GetWriteWatch(0, NULL, SIZE, (void **)page(3), (ULONG_PTR *)page(4), (ULONG *)page(5));
    EXPECT(0);
    /* and some that succeed */
    VirtualQuery(base, (MEMORY_BASIC_INFORMATION *)page(9), sizeof(MEMORY_BASIC_INFORMATION));
    QueryPerformanceCounter((LARGE_INTEGER *)page(10));
    EXPECT(0, 9, 10);
    VirtualFree(base, 0, MEM_RELEASE);
}

static void test_guard(void)
{
    DWORD old;

    allocate(MEM_COMMIT, PAGE_READWRITE);
    VirtualProtect(page(4), 4096, PAGE_READWRITE | PAGE_GUARD, &old);
    ok(!VirtualLock(page(4), 4096), "VirtualLock of a guard page");
    EXPECT(0);
    VirtualFree(base, 0, MEM_RELEASE);
}

static void test_many_pages(void)
{
    const int pages = 2048;
    static void *found[2048];
    char *memory = VirtualAlloc(NULL, pages * 4096, MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH,
                                PAGE_READWRITE);
    DWORD old;

    for (int i = 0; i < pages; i += 2)
        memory[i * 4096] = 1;
    VirtualProtect(memory, pages / 2 * 4096, PAGE_READONLY, &old);
    count = pages;
    ok(!GetWriteWatch(WRITE_WATCH_FLAG_RESET, memory, pages * 4096, found, &count, &granularity),
       "GetWriteWatch");
    ok(count == (ULONG_PTR)pages / 2, "%lu pages", (unsigned long)count);
    for (ULONG_PTR i = 0; i < count; i++)
        if (found[i] != memory + i * 2 * 4096) {
            ok(0, "entry %lu is wrong", (unsigned long)i);
            break;
        }
    count = pages;
    GetWriteWatch(0, memory, pages * 4096, found, &count, &granularity);
    ok(count == 0, "%lu pages after the reset", (unsigned long)count);
    VirtualFree(memory, 0, MEM_RELEASE);
}

/* [D] a huge reserve is watched without cost; .NET and Boehm's collector reserve so. */
static void test_large_reserve(void)
{
    const SIZE_T size = (SIZE_T)64 << 30;
    char *memory = VirtualAlloc(NULL, size, MEM_RESERVE | MEM_WRITE_WATCH, PAGE_READWRITE);

    ok(memory != NULL, "64 GiB: %lu", GetLastError());
    if (!memory)
        return;
    VirtualAlloc(memory + size / 2, 4096, MEM_COMMIT, PAGE_READWRITE);
    memory[size / 2] = 1;
    count = ARRAYSIZE(results);
    ok(!GetWriteWatch(WRITE_WATCH_FLAG_RESET, memory, size, results, &count, &granularity), "get");
    ok(count == 1 && results[0] == memory + size / 2, "%lu pages", (unsigned long)count);
    VirtualFree(memory, 0, MEM_RELEASE);
}

CONFORMANCE("memory: write watch", test_allocation, test_query, test_writes, test_rounding,
            test_parameters, test_reserved_and_protected, test_decommit_and_latch, test_files,
            test_process_memory, test_failing_calls, test_guard, test_many_pages,
            test_large_reserve)
