/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Placeholders, parts of allocations, and watching. [T]: Wine's test_NtAllocateVirtualMemoryEx; broken on
 * Windows 10 1809, where MEM_WRITE_WATCH | MEM_REPLACE_PLACEHOLDER is an invalid parameter.
 */
#include "write_watch.h"

#ifndef MEM_RESERVE_PLACEHOLDER /* older headers */
#define MEM_RESERVE_PLACEHOLDER  0x40000
#define MEM_REPLACE_PLACEHOLDER  0x4000
#define MEM_PRESERVE_PLACEHOLDER 2
#endif

typedef void *(WINAPI *virtual_alloc2)(HANDLE, void *, SIZE_T, ULONG, ULONG, void *, ULONG);

static virtual_alloc2 alloc2;

/* False: this host has none. */
static BOOL reserve_placeholder(SIZE_T size)
{
    alloc2 = (virtual_alloc2)(void *)GetProcAddress(GetModuleHandleA("kernelbase.dll"), "VirtualAlloc2");
    base = alloc2 ? alloc2(NULL, NULL, size, MEM_RESERVE | MEM_RESERVE_PLACEHOLDER, PAGE_NOACCESS, NULL,
                           0)
                  : NULL;
    if (alloc2)
        todo_wine ok(base != NULL, "placeholder: %lu", GetLastError());
    if (!base)
        skip("no placeholders here");
    return base != NULL;
}

static BOOL replace(char *address, SIZE_T size, ULONG type, ULONG protect)
{
    char *replaced;

    SetLastError(0xdeadbeef);
    replaced = alloc2(NULL, address, size, MEM_RESERVE | MEM_REPLACE_PLACEHOLDER | type, protect, NULL, 0);
    ok(replaced == address || broken(GetLastError() == ERROR_INVALID_PARAMETER), "replace: %p, error %lu",
       (void *)replaced, GetLastError());
    return replaced == address;
}

static void test_replace(void)
{
    if (!reserve_placeholder(SIZE))
        return;
    /* A placeholder itself is not watched. */
    ok(get_range(0, base, SIZE) == ~0u && GetLastError() == ERROR_INVALID_PARAMETER, "error %lu",
       GetLastError());
    if (!replace(base, SIZE, MEM_WRITE_WATCH, PAGE_READONLY))
        return;
    EXPECT(0);
    ok(VirtualAlloc(base, SIZE, MEM_COMMIT, PAGE_READWRITE) == base, "commit: %lu", GetLastError());
    EXPECT(0);
    page(1)[0] = 1;
    EXPECT(0, 1);
    release();
}

static void test_replace_and_commit(void)
{
    if (!reserve_placeholder(SIZE) || !replace(base, SIZE, MEM_COMMIT | MEM_WRITE_WATCH, PAGE_READWRITE))
        return;
    EXPECT(0);
    page(4)[0] = 1;
    EXPECT(WRITE_WATCH_FLAG_RESET, 4);
    EXPECT(0);
    /* [D] back to a placeholder, and watched again: clean. */
    page(5)[0] = 1;
    ok(VirtualFree(base, SIZE, MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER), "preserve: %lu", GetLastError());
    ok(get_range(0, base, SIZE) == ~0u, "a placeholder is watched");
    if (!replace(base, SIZE, MEM_COMMIT | MEM_WRITE_WATCH, PAGE_READWRITE))
        return;
    ok(!page(5)[0], "old content");
    EXPECT(0);
    page(6)[0] = 1;
    EXPECT(0, 6);
    release();
}

/* One placeholder, two allocations side by side, of which one is watched: each for itself. */
static void test_split(void)
{
    const SIZE_T half = 16 * 4096;
    char *second;

    if (!reserve_placeholder(2 * half))
        return;
    second = base + half;
    ok(VirtualFree(base, half, MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER), "split: %lu", GetLastError());
    if (!replace(second, half, MEM_COMMIT, PAGE_READWRITE) ||
        !replace(base, half, MEM_COMMIT | MEM_WRITE_WATCH, PAGE_READWRITE))
        return;
    memset(base, 1, 2 * half);
    EXPECT_ALL(0);
    ok(get_range(0, base, 2 * half) == ~0u, "both in one range");
    ok(get_range(0, second, half) == ~0u, "the second is not watched");
    ok(VirtualFree(second, 0, MEM_RELEASE), "VirtualFree: %lu", GetLastError());
    EXPECT_ALL(WRITE_WATCH_FLAG_RESET);
    page(15)[4095] = 2;
    EXPECT(0, 15);
    release();
}

/* Two watched allocations side by side: W1, a range over both is refused; releasing one leaves the other. */
static void test_neighbours(void)
{
    char *second;

    if (!reserve_placeholder(2 * SIZE))
        return;
    second = base + SIZE;
    ok(VirtualFree(base, SIZE, MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER), "split: %lu", GetLastError());
    if (!replace(second, SIZE, MEM_COMMIT | MEM_WRITE_WATCH, PAGE_READWRITE) ||
        !replace(base, SIZE, MEM_COMMIT | MEM_WRITE_WATCH, PAGE_READWRITE))
        return;
    second[0] = page(15)[0] = 1;
    ok(get_range(0, base, 2 * SIZE) == ~0u && GetLastError() == ERROR_INVALID_PARAMETER, "error %lu",
       GetLastError());
    ok(get_range(0, page(15), 4097) == ~0u && GetLastError() == ERROR_INVALID_PARAMETER, "error %lu",
       GetLastError());
    ok(ResetWriteWatch(page(15), 2 * 4096) == ~0u, "reset over both");
    EXPECT(0, 15);
    ok(!get_range(0, second, SIZE) && count == 1 && results[0] == second, "%lu pages",
       (unsigned long)count);
    ok(VirtualFree(second, 0, MEM_RELEASE), "VirtualFree: %lu", GetLastError());
    EXPECT(WRITE_WATCH_FLAG_RESET, 15);
    page(0)[0] = 1;
    EXPECT(0, 0);
    release();
}

/* A placeholder that was asked to be watched: not documented, and Wine takes it [?]. It has no pages; what replaces it is
 * watched or not as its own flags say, and what is released is not. */
static void test_watched_placeholder(void)
{
    if (!is_decant()) {
        skip("not documented");
        return;
    }
    if (!reserve_placeholder(SIZE))
        return;
    VirtualFree(base, 0, MEM_RELEASE);
    base = alloc2(NULL, NULL, SIZE, MEM_RESERVE | MEM_RESERVE_PLACEHOLDER | MEM_WRITE_WATCH, PAGE_NOACCESS,
                  NULL, 0);
    ok(base != NULL, "placeholder: %lu", GetLastError());
    ok(get_range(0, base, SIZE) == ~0u && GetLastError() == ERROR_INVALID_PARAMETER, "error %lu",
       GetLastError());
    if (!base || !replace(base, SIZE, MEM_COMMIT, PAGE_READWRITE))
        return;
    page(1)[0] = 1;
    ok(get_range(0, base, SIZE) == ~0u && GetLastError() == ERROR_INVALID_PARAMETER, "error %lu",
       GetLastError());
    ok(VirtualFree(base, SIZE, MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER), "preserve: %lu", GetLastError());
    if (!replace(base, SIZE, MEM_COMMIT | MEM_WRITE_WATCH, PAGE_READWRITE))
        return;
    EXPECT(0);
    page(2)[0] = 1;
    EXPECT(0, 2);
    release();
    ok(get_range(0, base, SIZE) == ~0u && GetLastError() == ERROR_INVALID_PARAMETER, "error %lu",
       GetLastError());
}

/* [D] a call that fails changes nothing: a placeholder that could not be replaced is one still. Nobody may commit 8 TiB
 * of private memory. */
static void test_failing_replace(void)
{
    const SIZE_T size = (SIZE_T)8 << 40;
    MEMORY_BASIC_INFORMATION info;

    if (!reserve_placeholder(size))
        return;
    for (int watched = 0; watched < 2; watched++) {
        ok(!alloc2(NULL, base, size,
                   MEM_RESERVE | MEM_COMMIT | MEM_REPLACE_PLACEHOLDER | (watched ? MEM_WRITE_WATCH : 0),
                   PAGE_READWRITE, NULL, 0),
           "8 TiB are committed");
        ok(get_range(0, base, SIZE) == ~0u, "a placeholder is watched");
        ok(VirtualQuery(base, &info, sizeof(info)) && info.State == MEM_RESERVE && info.RegionSize == size,
           "state %lx, size %llx", info.State, (unsigned long long)info.RegionSize);
    }
    ok(VirtualFree(base, SIZE, MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER), "split: %lu", GetLastError());
    if (!replace(base, SIZE, MEM_COMMIT | MEM_WRITE_WATCH, PAGE_READWRITE))
        return;
    page(7)[0] = 1;
    EXPECT(0, 7);
    VirtualFree(base + SIZE, 0, MEM_RELEASE);
    release();
}

CONFORMANCE("memory: write watch, placeholders", test_replace, test_replace_and_commit, test_split,
            test_neighbours, test_watched_placeholder, test_failing_replace)
