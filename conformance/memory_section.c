/* SPDX-License-Identifier: LGPL-2.1-or-later
 * File mappings: creating them, views, coherence, copy-on-write, SEC_RESERVE, SEC_IMAGE, files while
 * mapped.
 *
 * Sources: [C] learn.microsoft.com CreateFileMapping, [M] MapViewOfFile(Ex), [U] UnmapViewOfFile, [K] Wine's
 * kernel32/tests/virtual.c (test_MapViewOfFile, test_CreateFileMapping), which passes on Windows.
 */
#define CONFORMANCE_CHILD other_process
#include "memory.h"

NTSTATUS WINAPI NtAreMappedFilesTheSame(PVOID, PVOID);

static char folder[MAX_PATH], path[MAX_PATH];

/* A new file of `size` bytes, each the low byte of its page's number plus one. */
static HANDLE make_file(DWORD size)
{
    static unsigned serial;
    HANDLE file;
    DWORD done;

    if (!folder[0]) {
        GetTempPathA(sizeof(folder), folder);
        snprintf(folder + strlen(folder), 64, "memory_section_%lu", GetCurrentProcessId());
        CreateDirectoryA(folder, NULL);
    }
    snprintf(path, sizeof(path), "%.200s\\%u.bin", folder, serial++);
    file = CreateFileA(path, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE |
                       FILE_SHARE_DELETE, NULL, CREATE_NEW, 0, NULL);
    ok(file != INVALID_HANDLE_VALUE, "cannot make %s: %lu", path, GetLastError());
    for (DWORD at = 0; at < size; at += PAGE) {
        char page[PAGE];

        memset(page, (char)(at / PAGE + 1), sizeof(page));
        WriteFile(file, page, size - at < PAGE ? size - at : PAGE, &done, NULL);
    }
    return file;
}

static void drop_file(HANDLE file)
{
    CloseHandle(file);
    ok(DeleteFileA(path), "cannot delete %s: %lu", path, GetLastError());
}

/* [C] */
static void test_create_errors(void)
{
    HANDLE file = make_file(0x2345), section, empty;
    LARGE_INTEGER size;
    char *view;

    expect_failure(CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0, NULL),
                   ERROR_INVALID_PARAMETER);
    expect_failure(CreateFileMappingA((HANDLE)0xdeadbeec, NULL, PAGE_READWRITE, 0, 0x1000, NULL),
                   ERROR_INVALID_HANDLE);
    expect_failure(CreateFileMappingA(file, NULL, PAGE_NOACCESS, 0, 0x1000, NULL),
                   ERROR_INVALID_PARAMETER); /* [K] */
    expect_failure(CreateFileMappingA(file, NULL, PAGE_READWRITE | PAGE_GUARD, 0, 0x1000, NULL),
                   ERROR_INVALID_PARAMETER);
    expect_failure(CreateFileMappingA(file, NULL, 0xff, 0, 0x1000, NULL), ERROR_INVALID_PARAMETER);
    /* Reading cannot make a file larger. */
    expect_failure(CreateFileMappingA(file, NULL, PAGE_READONLY, 0, 0x3000, NULL),
                   ERROR_NOT_ENOUGH_MEMORY);
    ok(GetFileSizeEx(file, &size) && size.QuadPart == 0x2345, "size %#llx", size.QuadPart);
    /* Writing does, and with zeroes. */
    section = CreateFileMappingA(file, NULL, PAGE_READWRITE, 0, 0x5432, NULL);
    ok(section != NULL, "error %lu", GetLastError());
    ok(GetFileSizeEx(file, &size) && size.QuadPart == 0x5432, "size %#llx", size.QuadPart);
    view = MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0);
    expect_memory(view, view, 0x6000, MEM_COMMIT, PAGE_READONLY, PAGE_READONLY, MEM_MAPPED);
    ok(view[0x2344] == 3 && !view[0x2345] && !view[0x5fff], "content");
    UnmapViewOfFile(view);
    CloseHandle(section);
    drop_file(file);
    /* An empty file has nothing to map: ERROR_FILE_INVALID. */
    empty = make_file(0);
    expect_failure(CreateFileMappingA(empty, NULL, PAGE_READWRITE, 0, 0, NULL), ERROR_FILE_INVALID);
    expect_failure(CreateFileMappingA(empty, NULL, PAGE_READONLY, 0, 0, NULL), ERROR_FILE_INVALID);
    drop_file(empty);
    /* No page file is large enough. */
    SetLastError(0xdeadbeef);
    section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0x7fffffff, 0xffffffff, NULL);
    ok(!section, "a section of 8 EiB");
    if (section)
        CloseHandle(section);
}

/* [K]: what a section of one protection over a file of one access can be mapped with. */
static void test_access(void)
{
    static const struct {
        DWORD file, protect;
        BOOL can_create, can_write;
    } rows[] = {
        {GENERIC_READ | GENERIC_WRITE, PAGE_READWRITE, TRUE, TRUE},
        {GENERIC_READ | GENERIC_WRITE, PAGE_READONLY, TRUE, FALSE},
        {GENERIC_READ | GENERIC_WRITE, PAGE_WRITECOPY, TRUE, FALSE},
        {GENERIC_READ, PAGE_READWRITE, FALSE, FALSE},
        {GENERIC_READ, PAGE_WRITECOPY, TRUE, FALSE},
        {GENERIC_READ, PAGE_READONLY, TRUE, FALSE},
        {0, PAGE_READWRITE, FALSE, FALSE},
        {0, PAGE_WRITECOPY, FALSE, FALSE},
        {0, PAGE_READONLY, FALSE, FALSE},
    };
    HANDLE made = make_file(0x1000);

    CloseHandle(made);
    for (unsigned i = 0; i < ARRAYSIZE(rows); i++) {
        HANDLE file = CreateFileA(path, rows[i].file, 0, NULL, OPEN_EXISTING, 0, NULL), section;
        void *view;

        ok(file != INVALID_HANDLE_VALUE, "%u: error %lu", i, GetLastError());
        SetLastError(0xdeadbeef);
        section = CreateFileMappingA(file, NULL, rows[i].protect, 0, 0x1000, NULL);
        ok(!section == !rows[i].can_create, "%u: section %p error %lu", i, section, GetLastError());
        if (!section) {
            ok(GetLastError() == ERROR_ACCESS_DENIED, "%u: error %lu", i, GetLastError());
            CloseHandle(file);
            continue;
        }
        view = MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0);
        ok(view != NULL, "%u: read: error %lu", i, GetLastError());
        UnmapViewOfFile(view);
        view = MapViewOfFile(section, FILE_MAP_COPY, 0, 0, 0);
        ok(view != NULL, "%u: copy: error %lu", i, GetLastError());
        UnmapViewOfFile(view);
        SetLastError(0xdeadbeef);
        view = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
        ok(!view == !rows[i].can_write, "%u: write: %p", i, view);
        ok(view || GetLastError() == ERROR_ACCESS_DENIED, "%u: error %lu", i, GetLastError());
        if (view)
            UnmapViewOfFile(view);
        SetLastError(0xdeadbeef);
        view = MapViewOfFile(section, FILE_MAP_READ | FILE_MAP_EXECUTE, 0, 0, 0);
        ok(!view, "%u: executable view of a section that is not", i);
        ok(GetLastError() == ERROR_ACCESS_DENIED, "%u: error %lu", i, GetLastError());
        CloseHandle(section);
        CloseHandle(file);
    }
    DeleteFileA(path);
}

/* [M]: offsets, sizes, addresses. */
static void test_view_arguments(void)
{
    HANDLE file = make_file(0x23456), section = CreateFileMappingA(file, NULL, PAGE_READWRITE, 0, 0, NULL);
    char *view, *second;

    view = MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0);
    ok(view && !((ULONG_PTR)view & 0xffff), "%p", view);
    expect_memory(view, view, 0x24000, MEM_COMMIT, PAGE_READONLY, PAGE_READONLY, MEM_MAPPED);
    ok(view[0x23455] == 0x24 && !view[0x23456] && !view[0x23fff], "the last page's end is not zero");
    /* Another at the same place. */
    expect_failure(MapViewOfFileEx(section, FILE_MAP_READ, 0, 0, 0, view), ERROR_INVALID_ADDRESS);
    ok(UnmapViewOfFile(view), "error %lu", GetLastError());
    second = MapViewOfFileEx(section, FILE_MAP_READ, 0, 0x10000, 0, view);
    ok(second == view, "%p, not %p", second, view);
    expect_memory(second, view, 0x14000, MEM_COMMIT, PAGE_READONLY, PAGE_READONLY, MEM_MAPPED);
    ok(second[0] == 0x11, "offset ignored");
    ok(UnmapViewOfFile(second), "error %lu", GetLastError());
    /* Alignment: ERROR_MAPPED_ALIGNMENT. */
    expect_failure(MapViewOfFile(section, FILE_MAP_READ, 0, 0x1000, 0), ERROR_MAPPED_ALIGNMENT);
    expect_failure(MapViewOfFile(section, FILE_MAP_READ, 0, 1, 1), ERROR_MAPPED_ALIGNMENT);
    expect_failure(MapViewOfFileEx(section, FILE_MAP_READ, 0, 0, 0, view + 0x1000),
                   ERROR_MAPPED_ALIGNMENT);
    /* Beyond the end: STATUS_INVALID_VIEW_SIZE is ERROR_ACCESS_DENIED. */
    ok(!MapViewOfFile(section, FILE_MAP_READ, 0, 0x30000, 0), "behind the end");
    ok(!MapViewOfFile(section, FILE_MAP_READ, 1, 0, 0), "behind the end");
    expect_failure(MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0x100000), ERROR_ACCESS_DENIED);
    expect_failure(MapViewOfFile(section, FILE_MAP_READ, 0, 0x20000, 0x10000), ERROR_ACCESS_DENIED);
    /* A part of it, by bytes. */
    view = MapViewOfFile(section, FILE_MAP_READ, 0, 0x10000, 0x1001);
    expect_memory(view, view, 0x2000, MEM_COMMIT, PAGE_READONLY, PAGE_READONLY, MEM_MAPPED);
    /* [U]: by any address within, once. */
    ok(UnmapViewOfFile(view + 0x1234), "error %lu", GetLastError());
    expect_failure(UnmapViewOfFile(view), ERROR_INVALID_ADDRESS);
    expect_failure(UnmapViewOfFile(NULL), ERROR_INVALID_ADDRESS);
    view = VirtualAlloc(NULL, 0x10000, MEM_RESERVE, PAGE_READWRITE);
    expect_failure(UnmapViewOfFile(view), ERROR_INVALID_ADDRESS);
    expect_failure(MapViewOfFileEx(section, FILE_MAP_READ, 0, 0, 0, view), ERROR_INVALID_ADDRESS);
    VirtualFree(view, 0, MEM_RELEASE);
    expect_failure(MapViewOfFile(NULL, FILE_MAP_READ, 0, 0, 0), ERROR_INVALID_HANDLE);
    expect_failure(MapViewOfFile(file, FILE_MAP_READ, 0, 0, 0), ERROR_INVALID_HANDLE);
    CloseHandle(section);
    drop_file(file);
}

/* [C], [M]: views of one file and its reads and writes see the same; a view keeps the section. */
static void test_coherence(void)
{
    HANDLE file = make_file(0x20000), section = CreateFileMappingA(file, NULL, PAGE_READWRITE, 0, 0, NULL);
    char *first = MapViewOfFile(section, FILE_MAP_ALL_ACCESS, 0, 0, 0);
    char *second = MapViewOfFile(section, FILE_MAP_READ, 0, 0x10000, 0), text[8];
    HANDLE other = CreateFileMappingA(file, NULL, PAGE_READONLY, 0, 0, NULL);
    char *third = MapViewOfFile(other, FILE_MAP_READ, 0, 0, 0);
    DWORD done;

    CloseHandle(section), CloseHandle(other);
    memcpy(first + 0x10010, "abcdefg", 8);
    ok(!strcmp(second + 0x10, "abcdefg"), "second view of the section");
    ok(!strcmp(third + 0x10010, "abcdefg"), "view of another section");
    SetFilePointer(file, 0x10010, NULL, FILE_BEGIN);
    ok(ReadFile(file, text, 8, &done, NULL) && !strcmp(text, "abcdefg"), "ReadFile");
    SetFilePointer(file, 0x10010, NULL, FILE_BEGIN);
    ok(WriteFile(file, "1234567", 8, &done, NULL), "WriteFile: error %lu", GetLastError());
    ok(!strcmp(first + 0x10010, "1234567") && !strcmp(second + 0x10, "1234567"), "after WriteFile");
    ok(FlushViewOfFile(first, 0), "error %lu", GetLastError());
    ok(FlushViewOfFile(first + 0x1234, 100), "error %lu", GetLastError());
    ok(FlushFileBuffers(file), "error %lu", GetLastError());
    ok(!NtAreMappedFilesTheSame(first, first + 0x1000), "one view");
    ok(UnmapViewOfFile(first) && UnmapViewOfFile(second) && UnmapViewOfFile(third), "error %lu",
       GetLastError());
    drop_file(file);
}

/* [M]: what is written to a FILE_MAP_COPY view is the process's own. */
static void test_copy_on_write(void)
{
    HANDLE file = make_file(0x4000), section = CreateFileMappingA(file, NULL, PAGE_READWRITE, 0, 0, NULL);
    char *shared = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0), byte;
    char *copy = MapViewOfFile(section, FILE_MAP_COPY, 0, 0, 0);
    DWORD done, old;

    expect_memory(copy, copy, 0x4000, MEM_COMMIT, PAGE_WRITECOPY, PAGE_WRITECOPY, MEM_MAPPED);
    expect_memory(shared, shared, 0x4000, MEM_COMMIT, PAGE_READWRITE, PAGE_READWRITE, MEM_MAPPED);
    /* Until it is written, a page shows what others write. */
    shared[0] = 'a';
    ok(copy[0] == 'a', "a copy before the first write");
    copy[0x1000] = 'b';
    ok(shared[0x1000] == 2, "the file changed");
    shared[0x1001] = 'c';
    ok(copy[0x1001] == 2, "the copied page is still the file's");
    SetFilePointer(file, 0x1000, NULL, FILE_BEGIN);
    ok(ReadFile(file, &byte, 1, &done, NULL) && byte == 2, "the file changed");
    /* The copied page is an ordinary one (Wine's test_VirtualProtect: PAGE_READWRITE from then on). */
    todo_wine expect_memory(copy, copy, 0x1000, MEM_COMMIT, PAGE_WRITECOPY, PAGE_WRITECOPY, MEM_MAPPED);
    todo_wine expect_memory(copy + 0x1000, copy, 0x1000, MEM_COMMIT, PAGE_READWRITE, PAGE_WRITECOPY, MEM_MAPPED);
    expect_memory(copy + 0x2000, copy, 0x2000, MEM_COMMIT, PAGE_WRITECOPY, PAGE_WRITECOPY, MEM_MAPPED);
    /* [K]: a view of PAGE_READWRITE can be made read-only and back, and a copy; no read-only view writable. */
    ok(VirtualProtect(shared, 0x1000, PAGE_READONLY, &old) && old == PAGE_READWRITE, "old %#lx", old);
    ok(VirtualProtect(shared, 0x1000, PAGE_READWRITE, &old) && old == PAGE_READONLY, "old %#lx", old);
    UnmapViewOfFile(copy);
    copy = MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0);
    expect_failure(VirtualProtect(copy, 0x1000, PAGE_READWRITE, &old), ERROR_INVALID_PARAMETER);
    ok(VirtualProtect(copy, 0x1000, PAGE_NOACCESS, &old) && old == PAGE_READONLY, "old %#lx", old);
    ok(VirtualProtect(copy, 0x1000, PAGE_READONLY, &old) && old == PAGE_NOACCESS, "old %#lx", old);
    expect_failure(VirtualFree(copy, 0, MEM_RELEASE), ERROR_INVALID_PARAMETER);
    expect_failure(VirtualFree(copy, 0x1000, MEM_DECOMMIT), ERROR_INVALID_PARAMETER); /* [K] */
    UnmapViewOfFile(copy);
    UnmapViewOfFile(shared);
    CloseHandle(section);
    drop_file(file);
}

/* [K]: pages of a SEC_RESERVE section are committed by VirtualAlloc, for all of its views. */
static void test_reserve(void)
{
    HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE | SEC_RESERVE, 0,
                                        0x100000, NULL);
    char *first = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
    char *second = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0), *third;

    expect_memory(first, first, 0x100000, MEM_RESERVE, 0, PAGE_READWRITE, MEM_MAPPED);
    expect_memory(second, second, 0x100000, MEM_RESERVE, 0, PAGE_READWRITE, MEM_MAPPED);
    ok(VirtualAlloc(first, 0x10000, MEM_COMMIT, PAGE_READONLY) == first, "error %lu", GetLastError());
    expect_memory(first, first, 0x10000, MEM_COMMIT, PAGE_READONLY, PAGE_READWRITE, MEM_MAPPED);
    /* The other view has them with its own protection. */
    expect_memory(second, second, 0x10000, MEM_COMMIT, PAGE_READWRITE, PAGE_READWRITE, MEM_MAPPED);
    second[0x123] = 'x';
    ok(first[0x123] == 'x', "not shared");
    expect_memory(second + 0x10000, second, 0xf0000, MEM_RESERVE, 0, PAGE_READWRITE, MEM_MAPPED);
    /* They stay committed: a section's pages cannot be decommitted. */
    expect_failure(VirtualFree(first, 0x10000, MEM_DECOMMIT), ERROR_INVALID_PARAMETER);
    ok(VirtualAlloc(second + 0x40000, 0x10000, MEM_COMMIT, PAGE_READWRITE) == second + 0x40000, "error %lu",
       GetLastError());
    first[0x40000] = 'y';
    ok(second[0x40000] == 'y', "not shared");
    /* A later view has what was committed before. */
    third = MapViewOfFile(section, FILE_MAP_READ, 0, 0x40000, 0x20000);
    expect_memory(third, third, 0x10000, MEM_COMMIT, PAGE_READONLY, PAGE_READONLY, MEM_MAPPED);
    expect_memory(third + 0x10000, third, 0x10000, MEM_RESERVE, 0, PAGE_READONLY, MEM_MAPPED);
    ok(third[0] == 'y', "not shared");
    ok(UnmapViewOfFile(first) && UnmapViewOfFile(second) && UnmapViewOfFile(third), "error %lu",
       GetLastError());
    /* And so does the section when all views were away. */
    first = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
    expect_memory(first, first, 0x10000, MEM_COMMIT, PAGE_READWRITE, PAGE_READWRITE, MEM_MAPPED);
    ok(first[0x123] == 'x' && first[0x40000] == 'y', "content lost");
    UnmapViewOfFile(first);
    CloseHandle(section);
}

/* The child of test_reserve_processes: has what its parent committed, and commits for it. */
static int other_process(int argc, char **argv)
{
    HANDLE section = argc > 2 ? OpenFileMappingA(FILE_MAP_WRITE, FALSE, argv[2]) : NULL;
    char *view = section ? MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0) : NULL;
    MEMORY_BASIC_INFORMATION info = {0};

    if (!view || !VirtualQuery(view, &info, sizeof(info)))
        return 1;
    if (info.State != MEM_COMMIT || info.RegionSize != 0x1000 || view[0] != 'p')
        return 2;
    if (!VirtualAlloc(view + 0x20000, 0x2000, MEM_COMMIT, PAGE_READWRITE))
        return 3;
    view[0x20000] = view[0x21fff] = 'c';
    return 42;
}

/* [K]: "in all processes". */
static void test_reserve_processes(void)
{
    char name[64], command[MAX_PATH + 128], program[MAX_PATH];
    STARTUPINFOA startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION process;
    HANDLE section;
    DWORD code = 0;
    char *view;

    snprintf(name, sizeof(name), "Local\\decant reserve %lu", GetCurrentProcessId());
    section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE | SEC_RESERVE, 0, 0x100000, name);
    view = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
    ok(VirtualAlloc(view, 0x1000, MEM_COMMIT, PAGE_READWRITE) == view, "error %lu", GetLastError());
    view[0] = 'p';
    GetModuleFileNameA(NULL, program, sizeof(program));
    snprintf(command, sizeof(command), "\"%s\" --child \"%s\"", program, name);
    ok(CreateProcessA(NULL, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process), "error %lu", GetLastError());
    ok(WaitForSingleObject(process.hProcess, 30000) == WAIT_OBJECT_0, "the child did not end");
    GetExitCodeProcess(process.hProcess, &code);
    ok(code == 42, "the child failed with %lu", code);
    expect_memory(view + 0x20000, view, 0x2000, MEM_COMMIT, PAGE_READWRITE, PAGE_READWRITE, MEM_MAPPED);
    ok(view[0x20000] == 'c' && view[0x21fff] == 'c', "not what the child wrote");
    CloseHandle(process.hProcess), CloseHandle(process.hThread);
    UnmapViewOfFile(view);
    CloseHandle(section);
}

/* [C]: high sizes are a matter of the page file; reserving is not. */
static void test_large(void)
{
    HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE | SEC_RESERVE, 64, 0, NULL);
    char *view;

    ok(section != NULL, "256 GiB: error %lu", GetLastError());
    view = MapViewOfFile(section, FILE_MAP_WRITE, 63, 0xfff00000, 0x100000);
    ok(view != NULL, "error %lu", GetLastError());
    ok(VirtualAlloc(view + 0xff000, 0x1000, MEM_COMMIT, PAGE_READWRITE) == view + 0xff000, "error %lu",
       GetLastError());
    view[0xfffff] = 1;
    UnmapViewOfFile(view);
    view = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
    todo_wine expect_memory(view, view, (64ull << 32) - 0x1000, MEM_RESERVE, 0, PAGE_READWRITE, MEM_MAPPED);
    ok(view[(64ull << 32) - 1] == 1, "the last byte");
    UnmapViewOfFile(view);
    CloseHandle(section);
}

/* [C]: names. What exists is opened as it is, and the last error says so. */
static void test_names(void)
{
    char name[64];
    HANDLE first, second, event;
    char *view, *other;

    snprintf(name, sizeof(name), "Local\\decant section %lu", GetCurrentProcessId());
    expect_failure(OpenFileMappingA(FILE_MAP_READ, FALSE, name), ERROR_FILE_NOT_FOUND);
    SetLastError(0xdeadbeef);
    first = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x1000, name);
    ok(first && GetLastError() == ERROR_SUCCESS, "%p error %lu", first, GetLastError());
    SetLastError(0xdeadbeef);
    second = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READONLY, 0, 0x80000, name);
    ok(second && GetLastError() == ERROR_ALREADY_EXISTS, "%p error %lu", second, GetLastError());
    view = MapViewOfFile(first, FILE_MAP_WRITE, 0, 0, 0);
    other = MapViewOfFile(second, FILE_MAP_READ, 0, 0, 0);
    expect_memory(other, other, 0x1000, MEM_COMMIT, PAGE_READONLY, PAGE_READONLY, MEM_MAPPED);
    view[7] = 7;
    ok(other[7] == 7, "not the same memory");
    UnmapViewOfFile(other);
    CloseHandle(second);
    second = OpenFileMappingA(FILE_MAP_READ, FALSE, name);
    ok(second != NULL, "error %lu", GetLastError());
    expect_failure(MapViewOfFile(second, FILE_MAP_WRITE, 0, 0, 0), ERROR_ACCESS_DENIED);
    other = MapViewOfFile(second, FILE_MAP_READ, 0, 0, 0);
    ok(other && other[7] == 7, "not the same memory");
    /* The name of another kind of object. */
    expect_failure(CreateEventA(NULL, FALSE, FALSE, name), ERROR_INVALID_HANDLE);
    event = CreateEventA(NULL, FALSE, FALSE, "Local\\decant event in memory_section");
    expect_failure(CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x1000,
                                      "Local\\decant event in memory_section"), ERROR_INVALID_HANDLE);
    CloseHandle(event);
    UnmapViewOfFile(view);
    UnmapViewOfFile(other);
    CloseHandle(first), CloseHandle(second);
    expect_failure(OpenFileMappingA(FILE_MAP_READ, FALSE, name), ERROR_FILE_NOT_FOUND);
}

/* [C]: SEC_IMAGE maps as the loader does, without running anything. */
static void test_image(void)
{
    char program[MAX_PATH];
    const IMAGE_NT_HEADERS *headers;
    HANDLE file, section;
    MEMORY_BASIC_INFORMATION info;
    char *view, *second;

    GetModuleFileNameA(NULL, program, sizeof(program));
    file = CreateFileA(program, GENERIC_READ | GENERIC_EXECUTE, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    section = CreateFileMappingA(file, NULL, PAGE_READONLY | SEC_IMAGE, 0, 0, NULL);
    ok(section != NULL, "error %lu", GetLastError());
    view = MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0);
    second = MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0);
    ok(view && second && view != second, "%p %p error %lu", view, second, GetLastError());
    ok(view[0] == 'M' && view[1] == 'Z', "no image");
    headers = (void *)(view + ((IMAGE_DOS_HEADER *)view)->e_lfanew);
    VirtualQuery(view, &info, sizeof(info));
    ok(info.Type == MEM_IMAGE && info.AllocationBase == view, "Type %#lx base %p", info.Type,
       info.AllocationBase);
    for (unsigned i = 0; i < headers->FileHeader.NumberOfSections; i++) {
        const IMAGE_SECTION_HEADER *header = IMAGE_FIRST_SECTION(headers) + i;

        VirtualQuery(view + header->VirtualAddress, &info, sizeof(info));
        ok(info.AllocationBase == view && info.State == MEM_COMMIT, "section %u", i);
    }
    ok(NtAreMappedFilesTheSame(view, second) == 0, "two views of one image");
    ok(NtAreMappedFilesTheSame(view, GetModuleHandleA(NULL)) == 0, "a view and the program");
    ok(NtAreMappedFilesTheSame(view, GetModuleHandleA("kernel32.dll")) == (NTSTATUS)0xc00000d4,
       "the program and kernel32");
    ok(NtAreMappedFilesTheSame(view, &info) == (NTSTATUS)0xc0000018, "a view and the stack");
    ok(UnmapViewOfFile(view) && UnmapViewOfFile(second), "error %lu", GetLastError());
    CloseHandle(section);
    CloseHandle(file);
    /* What is no image: ERROR_BAD_EXE_FORMAT. */
    file = make_file(0x1000);
    expect_failure(CreateFileMappingA(file, NULL, PAGE_READONLY | SEC_IMAGE, 0, 0, NULL),
                   ERROR_BAD_EXE_FORMAT);
    drop_file(file);
}

/* A mapped file: it can be made longer, not shorter than what is mapped (learn.microsoft.com SetEndOfFile:
 * ERROR_USER_MAPPED_FILE), and is deleted only after the last view is gone. */
static void test_file_in_use(void)
{
    HANDLE file = make_file(0x4000), section = CreateFileMappingA(file, NULL, PAGE_READWRITE, 0, 0, NULL);
    char *view = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);

    SetFilePointer(file, 0x1000, NULL, FILE_BEGIN);
    expect_failure(SetEndOfFile(file), ERROR_USER_MAPPED_FILE);
    SetFilePointer(file, 0x8000, NULL, FILE_BEGIN);
    ok(SetEndOfFile(file), "error %lu", GetLastError());
    /* Wine's ntdll/tests/file.c: neither an open section nor a view lets it be deleted. */
    CloseHandle(file);
    todo_wine expect_failure(DeleteFileA(path), ERROR_ACCESS_DENIED);
    CloseHandle(section);
    view[0] = 'z';
    ok(view[0] == 'z', "not written");
    todo_wine expect_failure(DeleteFileA(path), ERROR_ACCESS_DENIED);
    UnmapViewOfFile(view);
    todo_wine ok(DeleteFileA(path), "error %lu", GetLastError());
}

static void test_end(void)
{
    ok(RemoveDirectoryA(folder), "error %lu: something stayed in %s", GetLastError(), folder);
}

CONFORMANCE("memory: sections and views", test_create_errors, test_access, test_view_arguments, test_coherence,
            test_copy_on_write, test_reserve, test_reserve_processes, test_large, test_names, test_image,
            test_file_in_use, test_end)
