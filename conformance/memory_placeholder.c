/* SPDX-License-Identifier: LGPL-2.1-or-later
 * VirtualAlloc2 and MapViewOfFile3: placeholders and address requirements.
 *
 * Sources: [A] learn.microsoft.com VirtualAlloc2 with its ring-buffer example, [F] VirtualFree, [R]
 * MEM_ADDRESS_REQUIREMENTS, [N] Wine's ntdll/tests/virtual.c, test_NtAllocateVirtualMemoryEx and its
 * address_requirements, which pass on Windows.
 */
#include "memory.h"

#define PARAMETER_ADDRESS_REQUIREMENTS 1
#define PARAMETER_MAX                  5

struct address_requirements {
    PVOID lowest, highest;
    SIZE_T alignment;
};

struct extended_parameter {
    ULONG64 type; /* 8 bits, the rest reserved */
    union {
        ULONG64 value;
        PVOID pointer;
    };
};

static PVOID(WINAPI *alloc2)(HANDLE, PVOID, SIZE_T, ULONG, ULONG, struct extended_parameter *, ULONG);
static PVOID(WINAPI *map3)(HANDLE, HANDLE, PVOID, ULONG64, SIZE_T, ULONG, ULONG,
                           struct extended_parameter *, ULONG);
static BOOL(WINAPI *unmap2)(HANDLE, PVOID, ULONG);

static char *placeholder(SIZE_T size)
{
    return alloc2(NULL, NULL, size, MEM_RESERVE | MEM_RESERVE_PLACEHOLDER, PAGE_NOACCESS, NULL, 0);
}

static BOOL load(void)
{
    char *base;

    alloc2 = kernelbase_function("VirtualAlloc2");
    map3 = kernelbase_function("MapViewOfFile3");
    unmap2 = kernelbase_function("UnmapViewOfFile2");
    if (!alloc2 || !map3 || !unmap2)
        return FALSE;
    /* Wine 8 has the functions, but neither placeholders nor requirements. */
    base = placeholder(0x10000);
    todo_wine ok(base != NULL, "no placeholders: error %lu", GetLastError());
    return base && VirtualFree(base, 0, MEM_RELEASE);
}

static void test_flags(void)
{
    char *base;

    if (!load())
        return;
    /* [A]: a placeholder is PAGE_NOACCESS and reserve only. */
    expect_failure(alloc2(NULL, NULL, 0x10000, MEM_RESERVE | MEM_RESERVE_PLACEHOLDER, PAGE_READWRITE,
                          NULL, 0), ERROR_INVALID_PARAMETER);
    expect_failure(alloc2(NULL, NULL, 0x10000, MEM_RESERVE | MEM_COMMIT | MEM_RESERVE_PLACEHOLDER,
                          PAGE_NOACCESS, NULL, 0), ERROR_INVALID_PARAMETER);
    expect_failure(alloc2(NULL, NULL, 0x10000, MEM_RESERVE_PLACEHOLDER, PAGE_NOACCESS, NULL, 0),
                   ERROR_INVALID_PARAMETER);
    base = placeholder(0x10000);
    ok(base != NULL, "error %lu", GetLastError());
    expect_region(base, base, 0x10000, MEM_RESERVE, 0, PAGE_NOACCESS);
    /* [N]: it cannot be committed, reserved again, or replaced in part. */
    expect_failure(alloc2(NULL, base, 0x10000, MEM_COMMIT, PAGE_READWRITE, NULL, 0),
                   ERROR_INVALID_ADDRESS);
    expect_failure(VirtualAlloc(base, 0x1000, MEM_COMMIT, PAGE_READWRITE), ERROR_INVALID_ADDRESS);
    expect_failure(alloc2(NULL, base, 0x10000, MEM_RESERVE, PAGE_NOACCESS, NULL, 0),
                   ERROR_INVALID_ADDRESS);
    expect_failure(alloc2(NULL, base, 0x10000, MEM_RESERVE | MEM_RESERVE_PLACEHOLDER, PAGE_NOACCESS,
                          NULL, 0), ERROR_INVALID_ADDRESS);
    expect_failure(alloc2(NULL, base, 0x1000, MEM_RESERVE | MEM_REPLACE_PLACEHOLDER, PAGE_NOACCESS,
                          NULL, 0), ERROR_INVALID_ADDRESS);
    expect_failure(alloc2(NULL, base, 0x10000, MEM_REPLACE_PLACEHOLDER, PAGE_READWRITE, NULL, 0),
                   ERROR_INVALID_PARAMETER);
    expect_failure(alloc2(NULL, base, 0x10000, MEM_COMMIT | MEM_REPLACE_PLACEHOLDER, PAGE_READWRITE,
                          NULL, 0), ERROR_INVALID_PARAMETER);
    expect_region(base, base, 0x10000, MEM_RESERVE, 0, PAGE_NOACCESS);
    /* The whole of one cannot be split off. */
    expect_failure(VirtualFree(base, 0x10000, MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER),
                   ERROR_INVALID_ADDRESS);
    expect_failure(VirtualFree(base, 0, MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER),
                   ERROR_INVALID_PARAMETER);
    expect_failure(VirtualFree(base, 0x10000, MEM_COALESCE_PLACEHOLDERS), ERROR_INVALID_PARAMETER);
    expect_failure(VirtualFree(base, 0x10000, MEM_DECOMMIT | MEM_PRESERVE_PLACEHOLDER),
                   ERROR_INVALID_PARAMETER);
    ok(VirtualFree(base, 0, MEM_RELEASE), "error %lu", GetLastError());
    /* What is no placeholder cannot become one. */
    base = alloc2(NULL, NULL, 0x10000, MEM_RESERVE, PAGE_NOACCESS, NULL, 0);
    expect_failure(VirtualFree(base, 0x10000, MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER),
                   ERROR_INVALID_ADDRESS);
    ok(VirtualFree(base, 0, MEM_RELEASE), "error %lu", GetLastError());
}

/* [N]: replaced, filled, given back as a placeholder, replaced again: zeroes. */
static void test_replace(void)
{
    char *base;

    if (!load())
        return;
    base = placeholder(0x10000);
    ok(alloc2(NULL, base, 0x10000, MEM_RESERVE | MEM_COMMIT | MEM_REPLACE_PLACEHOLDER, PAGE_READWRITE,
              NULL, 0) == base, "error %lu", GetLastError());
    memset(base, 0xcc, 0x10000);
    expect_region(base, base, 0x10000, MEM_COMMIT, PAGE_READWRITE, PAGE_READWRITE);
    ok(VirtualFree(base, 0x10000, MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER), "error %lu", GetLastError());
    expect_region(base, base, 0x10000, MEM_RESERVE, 0, PAGE_NOACCESS);
    ok(alloc2(NULL, base, 0x10000, MEM_RESERVE | MEM_COMMIT | MEM_REPLACE_PLACEHOLDER, PAGE_READONLY,
              NULL, 0) == base, "error %lu", GetLastError());
    ok(!*(int *)base && !base[0xffff], "content came back");
    expect_region(base, base, 0x10000, MEM_COMMIT, PAGE_READONLY, PAGE_READONLY);
    ok(VirtualFree(base, 0, MEM_RELEASE), "error %lu", GetLastError());
}

/* [N], [F]: split in three, in two, coalesce. Pieces may be of single pages. */
static void test_split(void)
{
    char *base;

    if (!load())
        return;
    base = placeholder(0x10000);
    ok(VirtualFree(base + 0x8000, 0x4000, MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER), "error %lu",
       GetLastError());
    expect_region(base, base, 0x8000, MEM_RESERVE, 0, PAGE_NOACCESS);
    expect_region(base + 0x8000, base + 0x8000, 0x4000, MEM_RESERVE, 0, PAGE_NOACCESS);
    expect_region(base + 0xc000, base + 0xc000, 0x4000, MEM_RESERVE, 0, PAGE_NOACCESS);
    /* [F]: one piece alone, too far, from the wrong place. */
    expect_failure(VirtualFree(base + 0x8000, 0x4000, MEM_RELEASE | MEM_COALESCE_PLACEHOLDERS),
                   ERROR_INVALID_ADDRESS);
    expect_failure(VirtualFree(base, 0x11000, MEM_RELEASE | MEM_COALESCE_PLACEHOLDERS),
                   ERROR_INVALID_ADDRESS);
    expect_failure(VirtualFree(base, 0xb000, MEM_RELEASE | MEM_COALESCE_PLACEHOLDERS),
                   ERROR_INVALID_ADDRESS);
    expect_failure(VirtualFree(base + 0x1000, 0xf000, MEM_RELEASE | MEM_COALESCE_PLACEHOLDERS),
                   ERROR_INVALID_ADDRESS);
    expect_failure(VirtualFree(base, 0, MEM_RELEASE | MEM_COALESCE_PLACEHOLDERS),
                   ERROR_INVALID_PARAMETER);
    ok(VirtualFree(base, 0xc000, MEM_RELEASE | MEM_COALESCE_PLACEHOLDERS), "error %lu", GetLastError());
    expect_region(base, base, 0xc000, MEM_RESERVE, 0, PAGE_NOACCESS);
    ok(VirtualFree(base, 0x10000, MEM_RELEASE | MEM_COALESCE_PLACEHOLDERS), "error %lu", GetLastError());
    expect_region(base, base, 0x10000, MEM_RESERVE, 0, PAGE_NOACCESS);
    /* A replaced piece is not joined. */
    ok(VirtualFree(base, 0x4000, MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER), "error %lu", GetLastError());
    ok(alloc2(NULL, base + 0x4000, 0xc000, MEM_RESERVE | MEM_REPLACE_PLACEHOLDER, PAGE_READWRITE, NULL,
              0) == base + 0x4000, "error %lu", GetLastError());
    expect_region(base + 0x4000, base + 0x4000, 0xc000, MEM_RESERVE, 0, PAGE_READWRITE);
    expect_failure(VirtualFree(base, 0x10000, MEM_RELEASE | MEM_COALESCE_PLACEHOLDERS),
                   ERROR_INVALID_ADDRESS);
    ok(VirtualFree(base + 0x4000, 0, MEM_RELEASE), "error %lu", GetLastError());
    ok(VirtualFree(base, 0, MEM_RELEASE), "error %lu", GetLastError());
}

/* [A]: the example of the page, a buffer whose end goes on at its beginning. */
static void test_ring(void)
{
    const SIZE_T size = 0x10000;
    HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, (DWORD)size, NULL);
    volatile char *end;
    char *first, *second;

    if (!load())
        return;
    first = placeholder(2 * size);
    second = first + size;
    ok(VirtualFree(first, size, MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER), "error %lu", GetLastError());
    ok(map3(section, NULL, first, 0, size, MEM_REPLACE_PLACEHOLDER, PAGE_READWRITE, NULL, 0) == first,
       "error %lu", GetLastError());
    expect_memory(first, first, size, MEM_COMMIT, PAGE_READWRITE, PAGE_READWRITE, MEM_MAPPED);
    /* A view over what is no placeholder, and a part of one. */
    expect_failure(map3(section, NULL, first, 0, size, MEM_REPLACE_PLACEHOLDER, PAGE_READWRITE, NULL, 0),
                   ERROR_INVALID_ADDRESS);
    expect_failure(map3(section, NULL, second, 0, 0x1000, MEM_REPLACE_PLACEHOLDER, PAGE_READWRITE, NULL,
                        0), ERROR_INVALID_ADDRESS);
    expect_failure(map3(section, NULL, second, 0, size, 0, PAGE_READWRITE, NULL, 0),
                   ERROR_INVALID_ADDRESS);
    ok(map3(section, NULL, second, 0, size, MEM_REPLACE_PLACEHOLDER, PAGE_READWRITE, NULL, 0) == second,
       "error %lu", GetLastError());
    CloseHandle(section);
    end = first + size - 3;
    for (unsigned i = 0; i < 6; i++)
        end[i] = "around"[i];
    MemoryBarrier(); /* the compiler takes the two for different memory */
    ok(!memcmp(first, "und", 3) && !memcmp(second, "und", 3), "does not go around");
    /* Given back as a placeholder, and used again. */
    ok(unmap2(GetCurrentProcess(), second, MEM_PRESERVE_PLACEHOLDER), "error %lu", GetLastError());
    expect_region(second, second, size, MEM_RESERVE, 0, PAGE_NOACCESS);
    ok(alloc2(NULL, second, size, MEM_RESERVE | MEM_COMMIT | MEM_REPLACE_PLACEHOLDER, PAGE_READWRITE,
              NULL, 0) == second, "error %lu", GetLastError());
    ok(!second[0], "content of the view stayed");
    ok(unmap2(GetCurrentProcess(), first, 0), "error %lu", GetLastError());
    ok(VirtualFree(second, 0, MEM_RELEASE), "error %lu", GetLastError());
}

static PVOID alloc_within(ULONG_PTR lowest, ULONG_PTR highest, SIZE_T alignment, PVOID address,
                          SIZE_T size, ULONG type)
{
    struct address_requirements wish = {(PVOID)lowest, (PVOID)highest, alignment};
    struct extended_parameter parameter = {PARAMETER_ADDRESS_REQUIREMENTS, {.pointer = &wish}};

    return alloc2(NULL, address, size, type, PAGE_READWRITE, &parameter, 1);
}

/* [R], [N] */
static void test_requirements(void)
{
    struct address_requirements wish = {0};
    struct extended_parameter parameters[2] = {{0, {0}}, {0, {0}}};
    ULONG_PTR maximum;
    SYSTEM_INFO system;
    char *base;

    if (!load())
        return;
    GetSystemInfo(&system);
    maximum = (ULONG_PTR)system.lpMaximumApplicationAddress;
    /* Bad parameters: no type, unknown type, the same twice, a count without an array. */
    expect_failure(alloc2(NULL, NULL, PAGE, MEM_RESERVE, PAGE_READWRITE, parameters, 1),
                   ERROR_INVALID_PARAMETER);
    parameters[0].type = 200;
    expect_failure(alloc2(NULL, NULL, PAGE, MEM_RESERVE, PAGE_READWRITE, parameters, 1),
                   ERROR_INVALID_PARAMETER);
    parameters[0].type = PARAMETER_ADDRESS_REQUIREMENTS;
    parameters[0].pointer = &wish;
    parameters[1] = parameters[0];
    expect_failure(alloc2(NULL, NULL, PAGE, MEM_RESERVE, PAGE_READWRITE, parameters, 2),
                   ERROR_INVALID_PARAMETER);
    expect_failure(alloc2(NULL, NULL, PAGE, MEM_RESERVE, PAGE_READWRITE, NULL, 1),
                   ERROR_INVALID_PARAMETER);
    base = alloc2(NULL, NULL, PAGE, MEM_RESERVE, PAGE_READWRITE, parameters, 1);
    ok(base != NULL, "all zero: error %lu", GetLastError());
    VirtualFree(base, 0, MEM_RELEASE);

    /* The highest address is inclusive, the last byte of a page, within the program's space. */
    expect_failure(alloc_within(0, 0x20001000 + 1, 0, NULL, 0x10000, MEM_RESERVE), ERROR_INVALID_PARAMETER);
    expect_failure(alloc_within(0, 0x20001000 - 2, 0, NULL, 0x10000, MEM_RESERVE), ERROR_INVALID_PARAMETER);
    expect_failure(alloc_within(0, 0x20000800 - 1, 0, NULL, 0x10000, MEM_RESERVE), ERROR_INVALID_PARAMETER);
    expect_failure(alloc_within(0, maximum + 0x1000, 0, NULL, 0x10000, MEM_RESERVE), ERROR_INVALID_PARAMETER);
    base = alloc_within(0, maximum, 0, NULL, 0x10000, MEM_RESERVE);
    ok(base != NULL, "up to the maximum: error %lu", GetLastError());
    VirtualFree(base, 0, MEM_RELEASE);
    base = alloc_within(0, 0x20001000 - 1, 0, NULL, 0x40000, MEM_RESERVE);
    ok(base && !((ULONG_PTR)base & 0xffff) && (ULONG_PTR)base + 0x40000 <= 0x20001000, "%p", base);
    /* Requirements are for reserving without an address only. */
    expect_failure(alloc_within(0, 0x20001000 - 1, 0, base, 0x40000, MEM_COMMIT), ERROR_INVALID_PARAMETER);
    VirtualFree(base, 0, MEM_RELEASE);
    expect_failure(alloc_within(0, 0x20001000 - 1, 0, base, 0x40000, MEM_RESERVE), ERROR_INVALID_PARAMETER);
    /* The lowest address is a multiple of the granularity. */
    expect_failure(alloc_within(0x20001000, 0, 0, NULL, 0x10000, MEM_RESERVE), ERROR_INVALID_PARAMETER);
    base = alloc_within(0x300000000000, 0, 0, NULL, 0x10000, MEM_RESERVE);
    ok((ULONG_PTR)base >= 0x300000000000, "%p", base);
    VirtualFree(base, 0, MEM_RELEASE);
    base = alloc_within(0x300000000000, 0x3000ffffffff, 0x40000000, NULL, 0x10000, MEM_RESERVE);
    ok((ULONG_PTR)base >= 0x300000000000 && (ULONG_PTR)base < 0x300100000000 &&
           !((ULONG_PTR)base & 0x3fffffff), "%p", base);
    VirtualFree(base, 0, MEM_RELEASE);
    /* A window that is too small. */
    expect_failure(alloc_within(0x300000000000, 0x30000000ffff, 0, NULL, 0x20000, MEM_RESERVE),
                   ERROR_NOT_ENOUGH_MEMORY);
    /* The alignment is a power of two, the granularity at least. */
    expect_failure(alloc_within(0, 0, 0x8000, NULL, PAGE, MEM_RESERVE), ERROR_INVALID_PARAMETER);
    expect_failure(alloc_within(0, 0, 0x30000, NULL, PAGE, MEM_RESERVE), ERROR_INVALID_PARAMETER);
    expect_failure(alloc_within(0, 0x20001000 - 1, 0x20000000, NULL, 0x2000, MEM_RESERVE),
                   ERROR_NOT_ENOUGH_MEMORY);
    for (SIZE_T alignment = 0x10000; alignment <= 1ull << 40; alignment *= 16) {
        base = alloc_within(0, 0, alignment, NULL, PAGE, MEM_RESERVE | MEM_COMMIT);
        ok(base && !((ULONG_PTR)base & (alignment - 1)), "alignment %#llx: %p", (long long)alignment,
           base);
        if (base)
            base[0] = 1;
        VirtualFree(base, 0, MEM_RELEASE);
    }
}

/* The same for views. */
static void test_view_requirements(void)
{
    HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x20000, NULL);
    struct address_requirements wish = {(PVOID)0x300000000000, (PVOID)0x3000ffffffff, 0x1000000};
    struct extended_parameter parameter = {PARAMETER_ADDRESS_REQUIREMENTS, {.pointer = &wish}};
    char *base;

    if (!load())
        return;
    base = map3(section, NULL, NULL, 0, 0, 0, PAGE_READWRITE, &parameter, 1);
    ok((ULONG_PTR)base >= 0x300000000000 && (ULONG_PTR)base < 0x300100000000 &&
           !((ULONG_PTR)base & 0xffffff), "%p", base);
    ok(base && unmap2(GetCurrentProcess(), base, 0), "error %lu", GetLastError());
    expect_failure(map3(section, NULL, base, 0, 0, 0, PAGE_READWRITE, &parameter, 1),
                   ERROR_INVALID_PARAMETER);
    wish.alignment = 0x30000;
    expect_failure(map3(section, NULL, NULL, 0, 0, 0, PAGE_READWRITE, &parameter, 1),
                   ERROR_INVALID_PARAMETER);
    parameter.type = 0;
    expect_failure(map3(section, NULL, NULL, 0, 0, 0, PAGE_READWRITE, &parameter, 1),
                   ERROR_INVALID_PARAMETER);
    CloseHandle(section);
}

CONFORMANCE("memory: placeholders and address requirements", test_flags, test_replace, test_split,
            test_ring, test_requirements, test_view_requirements)
