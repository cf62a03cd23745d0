/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * MEM_WRITE_WATCH in VirtualAlloc: which flags go together, what the allocation looks like, how long it is
 * watched, and that a huge reserve costs nothing.
 */
#include "write_watch.h"

/* [D]: "MEM_WRITE_WATCH … you must also specify MEM_RESERVE"; MEM_RESET, MEM_PHYSICAL and MEM_LARGE_PAGES name what
 * they may stand with, and MEM_WRITE_WATCH is not among it. [T]: alone it fails. */
static void test_types(void)
{
    static const struct {
        DWORD type;
        BOOL works, fails_on_wine;
    } types[] = {
        {MEM_RESERVE | MEM_WRITE_WATCH, TRUE},
        {MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH, TRUE},
        {MEM_RESERVE | MEM_TOP_DOWN | MEM_WRITE_WATCH, TRUE},
        {MEM_RESERVE | MEM_COMMIT | MEM_TOP_DOWN | MEM_WRITE_WATCH, TRUE},
        {MEM_WRITE_WATCH, FALSE},
        {MEM_WRITE_WATCH | MEM_TOP_DOWN, FALSE},
        {MEM_COMMIT | MEM_WRITE_WATCH, FALSE, TRUE},
        {MEM_RESERVE | MEM_PHYSICAL | MEM_WRITE_WATCH, FALSE},
        {MEM_RESERVE | MEM_COMMIT | MEM_LARGE_PAGES | MEM_WRITE_WATCH, FALSE},
        {MEM_RESERVE | MEM_LARGE_PAGES | MEM_WRITE_WATCH, FALSE},
        {MEM_RESET | MEM_WRITE_WATCH, FALSE, TRUE},
        {MEM_RESET_UNDO | MEM_WRITE_WATCH, FALSE},
    };

    for (size_t i = 0; i < ARRAYSIZE(types); i++) {
        void *memory;
        DWORD error;

        SetLastError(0xdeadbeef);
        memory = VirtualAlloc(NULL, SIZE, types[i].type, PAGE_READWRITE);
        error = GetLastError();
        todo_wine_if(types[i].fails_on_wine)
            ok(!memory == !types[i].works, "type %lx: %p, error %lu", types[i].type, memory, error);
        if (!memory)
            ok(error == ERROR_INVALID_PARAMETER, "type %lx: error %lu", types[i].type, error);
        else
            VirtualFree(memory, 0, MEM_RELEASE);
    }
}

/* With an address in an allocation, too; and what fails changes nothing there. */
static void test_types_in_an_allocation(void)
{
    static const DWORD types[] = {MEM_WRITE_WATCH, MEM_COMMIT | MEM_WRITE_WATCH,
                                  MEM_RESET | MEM_WRITE_WATCH, MEM_RESET_UNDO | MEM_WRITE_WATCH};

    allocate(MEM_COMMIT, PAGE_READWRITE);
    page(3)[0] = 7;
    for (size_t i = 0; i < ARRAYSIZE(types) && !is_wine(); i++) {
        SetLastError(0xdeadbeef);
        ok(!VirtualAlloc(page(3), 4096, types[i], PAGE_READONLY), "type %lx works", types[i]);
        ok(GetLastError() == ERROR_INVALID_PARAMETER, "type %lx: %lu", types[i], GetLastError());
    }
    EXPECT(0, 3);
    ok(page(3)[0] == 7, "the content changed");
    release();
}

static void test_protections(void)
{
    static const struct {
        DWORD protect, error; /* 0: works */
    } cases[] = {
        {PAGE_NOACCESS, 0},  /* [T] */
        {PAGE_READONLY, 0},  /* [T] */
        {PAGE_READWRITE, 0},
        {PAGE_EXECUTE_READWRITE, 0},
        {PAGE_READWRITE | PAGE_GUARD, 0},        /* [T] test_guard_page */
        {PAGE_READWRITE | PAGE_NOCACHE, 0},      /* [D] private memory */
        {PAGE_READWRITE | PAGE_WRITECOMBINE, 0}, /* [D]; D3D12 upload heaps */
        {PAGE_WRITECOPY, ERROR_INVALID_PARAMETER}, /* [D] not for VirtualAlloc */
        {PAGE_EXECUTE_WRITECOPY, ERROR_INVALID_PARAMETER},
        {0, ERROR_INVALID_PARAMETER},
    };

    for (size_t i = 0; i < ARRAYSIZE(cases); i++) {
        SetLastError(0xdeadbeef);
        base = VirtualAlloc(NULL, SIZE, MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH, cases[i].protect);
        ok(!base == !!cases[i].error, "protection %lx: %p", cases[i].protect, base);
        if (!base) {
            ok(GetLastError() == cases[i].error, "protection %lx: %lu", cases[i].protect,
               GetLastError());
            continue;
        }
        EXPECT(0);
        release();
    }
}

/* [T] watching does not show. */
static void test_query(void)
{
    MEMORY_BASIC_INFORMATION info;

    allocate(MEM_COMMIT, PAGE_READWRITE);
    page(1)[0] = 1; /* nor does what was written */
    ok(VirtualQuery(base, &info, sizeof(info)) == sizeof(info), "VirtualQuery failed");
    ok(info.BaseAddress == base && info.AllocationBase == base && info.RegionSize == SIZE &&
           info.State == MEM_COMMIT && info.Protect == PAGE_READWRITE &&
           info.AllocationProtect == PAGE_READWRITE && info.Type == MEM_PRIVATE,
       "state %lx protect %lx type %lx size %lx", info.State, info.Protect, info.Type,
       (unsigned long)info.RegionSize);
    release();
}

/* [D] pages committed later, without the flag, are watched as the allocation is. */
static void test_partial_commit(void)
{
    allocate(0, PAGE_READWRITE);
    EXPECT(0);
    ok(VirtualAlloc(page(4), 2 * 4096, MEM_COMMIT, PAGE_READWRITE) == page(4), "commit: %lu",
       GetLastError());
    EXPECT(0);
    page(5)[0] = 1;
    EXPECT(0, 5);
    ok(VirtualAlloc(page(8), 4096, MEM_COMMIT, PAGE_READWRITE) == page(8), "commit: %lu",
       GetLastError());
    EXPECT(0, 5);
    page(8)[4095] = 1;
    EXPECT(WRITE_WATCH_FLAG_RESET, 5, 8);
    /* Memory in use: what is decommitted and touched by reading only stays clean. */
    memset(page(4), 1, 2 * 4096);
    VirtualFree(page(4), 4096, MEM_DECOMMIT);
    todo_wine EXPECT(0, 5);
    VirtualAlloc(page(4), 4096, MEM_COMMIT, PAGE_READWRITE);
    ok(!page(4)[0], "committed pages are zero");
    todo_wine EXPECT(0, 5);
    /* Committing what is committed changes neither content nor watch. */
    page(8)[1] = 9;
    ok(VirtualAlloc(base, SIZE, MEM_COMMIT, PAGE_READWRITE) == base, "commit all: %lu", GetLastError());
    ok(page(8)[1] == 9, "content lost");
    todo_wine EXPECT(0, 5, 8);
    release();
}

/* [T] a new allocation at the same address is clean; one without the flag is not watched. */
static void test_release_and_allocate(void)
{
    char *again;

    allocate(MEM_COMMIT, PAGE_READWRITE);
    memset(base, 1, SIZE);
    release();
    again = VirtualAlloc(base, SIZE, MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH, PAGE_READWRITE);
    if (again != base) {
        skip("the address was taken");
        return;
    }
    EXPECT(0);
    page(3)[0] = 1;
    EXPECT(0, 3);
    release();
    again = VirtualAlloc(base, SIZE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    ok(again == base, "the address was taken");
    ok(get_range(0, base, SIZE) == ~0u && GetLastError() == ERROR_INVALID_PARAMETER,
       "unwatched memory: %lu", GetLastError());
    release();
}

/* NtFreeVirtualMemory releases parts too (documented for ZwFreeVirtualMemory), which makes two allocations. Each
 * stays watched for itself; what is allocated in between, watched or not, is neither's. */
static void test_partial_release(void)
{
    typedef LONG(WINAPI *free_memory)(HANDLE, void **, SIZE_T *, ULONG);
    free_memory nt_free = (free_memory)(void *)GetProcAddress(GetModuleHandleA("ntdll.dll"),
                                                              "NtFreeVirtualMemory");
    char *memory = VirtualAlloc(NULL, 3 * 65536, MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH, PAGE_READWRITE);
    char *middle = memory + 65536, *last = memory + 2 * 65536;
    void *part = middle;
    SIZE_T size = 65536;
    LONG status;

    memory[0] = middle[0] = last[4096] = 1;
    status = nt_free(GetCurrentProcess(), &part, &size, MEM_RELEASE);
    if (status) {
        skip("no partial release here: %lx", status);
        VirtualFree(memory, 0, MEM_RELEASE);
        return;
    }
    ok(get_range(0, memory, 3 * 65536) == ~0u, "a range with a hole");
    ok(!get_range(0, memory, 65536) && count == 1 && results[0] == memory, "%lu pages",
       (unsigned long)count);
    ok(!get_range(0, last, 65536) && count == 1 && results[0] == last + 4096, "%lu pages",
       (unsigned long)count);
    for (int watched = 0; watched < 2; watched++) {
        char *other = VirtualAlloc(middle, 65536,
                                   MEM_RESERVE | MEM_COMMIT | (watched ? MEM_WRITE_WATCH : 0),
                                   PAGE_READWRITE);

        ok(other == middle, "the hole: %p", other);
        memset(middle, 1, 65536);
        memory[0] = last[0] = 2;
        ok(!ResetWriteWatch(memory, 65536) && !ResetWriteWatch(last, 65536), "reset: %lu", GetLastError());
        memset(middle, 2, 65536);
        last[0] = 3;
        ok(!get_range(WRITE_WATCH_FLAG_RESET, last, 65536) && count == 1 && results[0] == last,
           "%lu pages", (unsigned long)count);
        if (watched) {
            ok(!get_range(WRITE_WATCH_FLAG_RESET, middle, 65536) && count == 16, "%lu pages",
               (unsigned long)count);
            /* The end of the two others is not the end of this watch. */
            VirtualFree(memory, 0, MEM_RELEASE);
            VirtualFree(last, 0, MEM_RELEASE);
            ok(!get_range(0, middle, 65536) && !count, "%lu pages", (unsigned long)count);
            middle[3 * 4096] = 3;
            ok(!get_range(0, middle, 65536) && count == 1 && results[0] == middle + 3 * 4096, "%lu pages",
               (unsigned long)count);
        } else {
            ok(get_range(0, middle, 65536) == ~0u, "it is watched");
        }
        VirtualFree(middle, 0, MEM_RELEASE);
    }
}

/* The other doors to the same room: CoreCLR takes the Numa one. */
static void test_other_functions(void)
{
    typedef void *(WINAPI *virtual_alloc2)(HANDLE, void *, SIZE_T, ULONG, ULONG, void *, ULONG);
    virtual_alloc2 alloc2 = (virtual_alloc2)(void *)GetProcAddress(GetModuleHandleA("kernelbase.dll"),
                                                                   "VirtualAlloc2");

    for (int i = 0; i < (alloc2 ? 3 : 2); i++) {
        const DWORD type = MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH;

        base = i == 0   ? VirtualAllocEx(GetCurrentProcess(), NULL, SIZE, type, PAGE_READWRITE)
               : i == 1 ? VirtualAllocExNuma(GetCurrentProcess(), NULL, SIZE, type, PAGE_READWRITE, 0)
                        : alloc2(NULL, NULL, SIZE, type, PAGE_READWRITE, NULL, 0);
        ok(base != NULL, "function %d: %lu", i, GetLastError());
        if (!base)
            continue;
        EXPECT(0);
        page(11)[0] = 1;
        EXPECT(0, 11);
        ok(VirtualFreeEx(GetCurrentProcess(), base, 0, MEM_RELEASE), "VirtualFreeEx: %lu", GetLastError());
    }
}

/* [D] views of sections are not watched. */
static void test_section_view(void)
{
    HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, SIZE, NULL);
    char *view = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);

    ok(view != NULL, "MapViewOfFile: %lu", GetLastError());
    view[0] = 1;
    ok(get_range(0, view, SIZE) == ~0u && GetLastError() == ERROR_INVALID_PARAMETER, "get: %lu",
       GetLastError());
    SetLastError(0xdeadbeef);
    ok(ResetWriteWatch(view, SIZE) == ~0u && GetLastError() == ERROR_INVALID_PARAMETER,
       "reset: %lu", GetLastError());
    UnmapViewOfFile(view);
    CloseHandle(section);
}

/* How CoreCLR and Boehm's collector find out whether there is write watch: a reserve is enough, and
 * a reset of it answers 0 pages. */
static void test_probes_of_collectors(void)
{
    char *memory = VirtualAlloc(NULL, 4096, MEM_RESERVE | MEM_WRITE_WATCH, PAGE_READWRITE);

    ok(memory != NULL, "VirtualAlloc: %lu", GetLastError());
    ok(!get_range(WRITE_WATCH_FLAG_RESET, memory, 4096), "get: %lu", GetLastError());
    ok(!count && granularity == 4096, "%lu pages, granularity %lu", (unsigned long)count, granularity);
    ok(VirtualFree(memory, 0, MEM_RELEASE), "VirtualFree: %lu", GetLastError());
}

/* What collectors reserve: watched without cost, used far apart. */
static void test_large_reserve(void)
{
    const SIZE_T sizes[] = {(SIZE_T)64 << 30, (SIZE_T)256 << 30};

    for (size_t i = 0; i < ARRAYSIZE(sizes) && (i == 0 || !is_wine()); i++) {
        SIZE_T size = sizes[i];
        char *memory = VirtualAlloc(NULL, size, MEM_RESERVE | MEM_WRITE_WATCH, PAGE_READWRITE);

        ok(memory != NULL, "%lu GiB: %lu", (unsigned long)(size >> 30), GetLastError());
        if (!memory)
            continue;
        VirtualAlloc(memory + size / 2, 4096, MEM_COMMIT, PAGE_READWRITE);
        VirtualAlloc(memory + size - 4096, 4096, MEM_COMMIT, PAGE_READWRITE);
        memory[size / 2] = memory[size - 1] = 1;
        ok(!get_range(WRITE_WATCH_FLAG_RESET, memory, size), "get: %lu", GetLastError());
        ok(count == 2 && results[0] == memory + size / 2 && results[1] == memory + size - 4096,
           "%lu pages", (unsigned long)count);
        ok(!get_range(0, memory, size) && !count, "%lu pages after the reset", (unsigned long)count);
        VirtualFree(memory, 0, MEM_RELEASE);
    }
}

CONFORMANCE("memory: write watch, allocation", test_types, test_types_in_an_allocation,
            test_protections, test_query, test_partial_commit, test_release_and_allocate,
            test_partial_release, test_other_functions, test_section_view,
            test_probes_of_collectors, test_large_reserve)
