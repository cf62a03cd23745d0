/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Memory of another process: VirtualAllocEx, VirtualFreeEx, VirtualProtectEx, VirtualQueryEx,
 * ReadProcessMemory, WriteProcessMemory, views of sections. The other process is this program, which waits.
 *
 * Sources: the functions' pages in Microsoft's documentation (memoryapi.h), and Wine's tests that pass on Windows
 * (dlls/kernel32/tests/virtual.c: test_VirtualAllocEx, dlls/ntdll/tests/virtual.c: test_NtMapViewOfSection).
 */
#define CONFORMANCE_CHILD child
static int child(int argc, char **argv);
#include "conformance.h"
#include "conformance_child.h"

#define PAGE 4096

/* What the changing child keeps free but for one allocation, below a barrier. */
#define ROOM 0x80000

static DWORD WINAPI change_elsewhere(void *unused)
{
    for (;;) {
        void *base = VirtualAlloc(NULL, PAGE, MEM_RESERVE, PAGE_NOACCESS);

        VirtualFree(base, 0, MEM_RELEASE);
    }
    return (DWORD)(ULONG_PTR)unused;
}

/* One place is, over and over: free, 2 committed pages, free, 3 pages reserved and the middle one committed. */
static DWORD WINAPI change(void *place)
{
    for (;;) {
        VirtualAlloc(place, 2 * PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
        VirtualFree(place, 0, MEM_RELEASE);
        VirtualAlloc(place, 3 * PAGE, MEM_RESERVE, PAGE_READONLY);
        VirtualAlloc((char *)place + PAGE, PAGE, MEM_COMMIT, PAGE_EXECUTE_READ);
        VirtualFree(place, 0, MEM_RELEASE);
    }
    return 0;
}

static int change_and_hold(void)
{
    char *place = (char *)0x200000000000; /* where no host puts what names no address */

    if (!VirtualAlloc(place + ROOM, PAGE, MEM_RESERVE, PAGE_NOACCESS))
        place = NULL;
    child_say("!", 1);
    child_say(&place, sizeof(place));
    CreateThread(NULL, 0, change, place, 0, NULL);
    CreateThread(NULL, 0, change_elsewhere, NULL, 0, NULL);
    return child_hold();
}

/* Waits to be ended, or for its parent to go. */
static int child(int argc, char **argv)
{
    return argc > 2 && !strcmp(argv[2], "change") ? change_and_hold() : child_hold();
}

static void test_allocate(void)
{
    struct child other = child_start("wait");
    MEMORY_BASIC_INFORMATION info;
    char out[2 * PAGE], in[2 * PAGE];
    SIZE_T done;
    DWORD old;
    char *base, *address;

    /* VirtualAllocEx reserves on 64 KiB; the size is rounded up to pages. */
    base = VirtualAllocEx(other.process, NULL, 3 * PAGE + 1, MEM_RESERVE, PAGE_NOACCESS);
    ok(base != NULL && !((ULONG_PTR)base & 0xffff), "reserve: %p, error %lu", base, GetLastError());
    memset(&info, 0xcc, sizeof(info));
    ok(VirtualQueryEx(other.process, base + PAGE, &info, sizeof(info)) == sizeof(info),
       "VirtualQueryEx: error %lu", GetLastError());
    ok(info.BaseAddress == base + PAGE && info.AllocationBase == base &&
           info.AllocationProtect == PAGE_NOACCESS && info.RegionSize == 3 * PAGE &&
           info.State == MEM_RESERVE && info.Protect == 0 && info.Type == MEM_PRIVATE,
       "reserved: base %p allocation %p protect %lx size %zx state %lx now %lx type %lx",
       info.BaseAddress, info.AllocationBase, info.AllocationProtect, info.RegionSize, info.State,
       info.Protect, info.Type);

    address = VirtualAllocEx(other.process, base, 2 * PAGE, MEM_COMMIT, PAGE_READWRITE);
    ok(address == base, "commit: %p, error %lu", address, GetLastError());
    memset(out, 0xa5, sizeof(out));
    done = 0xdead;
    ok(WriteProcessMemory(other.process, base, out, sizeof(out), &done) && done == sizeof(out),
       "WriteProcessMemory: %zu, error %lu", done, GetLastError());
    memset(in, 0, sizeof(in));
    done = 0xdead;
    ok(ReadProcessMemory(other.process, base, in, sizeof(in), &done) && done == sizeof(in) &&
           !memcmp(in, out, sizeof(in)),
       "ReadProcessMemory: %zu, error %lu", done, GetLastError());

    /* A protection change; the first page's old protection comes back. */
    old = 0xdeadbeef;
    ok(VirtualProtectEx(other.process, base, 1, PAGE_READONLY, &old) && old == PAGE_READWRITE,
       "VirtualProtectEx: old %lx, error %lu", old, GetLastError());
    old = 0xdeadbeef;
    ok(VirtualProtectEx(other.process, base, 2 * PAGE, PAGE_EXECUTE_READ, &old) &&
           old == PAGE_READONLY,
       "VirtualProtectEx: old %lx, error %lu", old, GetLastError());
    ok(VirtualQueryEx(other.process, base, &info, sizeof(info)) == sizeof(info) &&
           info.RegionSize == 2 * PAGE && info.Protect == PAGE_EXECUTE_READ &&
           info.State == MEM_COMMIT,
       "after it: size %zx protect %lx", info.RegionSize, info.Protect);
    old = 0xdeadbeef;
    SetLastError(0xdeadbeef);
    ok(!VirtualProtectEx(other.process, base + 2 * PAGE, PAGE, PAGE_READONLY, &old) &&
           GetLastError() == ERROR_INVALID_ADDRESS,
       "a reserved page: error %lu", GetLastError());

    /* Decommitted pages lose their content. */
    ok(VirtualFreeEx(other.process, base, 2 * PAGE, MEM_DECOMMIT), "decommit: error %lu",
       GetLastError());
    SetLastError(0xdeadbeef);
    todo_wine ok(!ReadProcessMemory(other.process, base, in, 1, &done) &&
                     GetLastError() == ERROR_PARTIAL_COPY,
                 "a decommitted page: error %lu", GetLastError());
    ok(VirtualAllocEx(other.process, base, PAGE, MEM_COMMIT, PAGE_READWRITE) == base,
       "commit again: error %lu", GetLastError());
    ok(ReadProcessMemory(other.process, base, in, PAGE, &done) && !in[0] && !in[PAGE - 1],
       "committed again it holds %x", in[0]);

    SetLastError(0xdeadbeef);
    ok(!VirtualFreeEx(other.process, base, PAGE, MEM_RELEASE) &&
           GetLastError() == ERROR_INVALID_PARAMETER,
       "release with a size: error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!VirtualFreeEx(other.process, base + 0x10000 * 16, 0, MEM_RELEASE) &&
           (GetLastError() == ERROR_INVALID_ADDRESS || GetLastError() == ERROR_INVALID_PARAMETER),
       "release of what is none: error %lu", GetLastError());
    ok(VirtualFreeEx(other.process, base, 0, MEM_RELEASE), "release: error %lu", GetLastError());
    ok(VirtualQueryEx(other.process, base, &info, sizeof(info)) == sizeof(info) &&
           info.State == MEM_FREE && info.Protect == PAGE_NOACCESS,
       "released: state %lx protect %lx", info.State, info.Protect);

    /* Wrong arguments, as for one's own memory. */
    SetLastError(0xdeadbeef);
    ok(!VirtualAllocEx(other.process, NULL, 0, MEM_COMMIT, PAGE_READWRITE) &&
           GetLastError() == ERROR_INVALID_PARAMETER,
       "size 0: error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!VirtualAllocEx(other.process, NULL, PAGE, MEM_COMMIT, 0) &&
           GetLastError() == ERROR_INVALID_PARAMETER,
       "protection 0: error %lu", GetLastError());
    child_end(&other);

    SetLastError(0xdeadbeef);
    ok(!VirtualAllocEx(NULL, NULL, PAGE, MEM_COMMIT, PAGE_READWRITE) &&
           GetLastError() == ERROR_INVALID_HANDLE,
       "no process: error %lu", GetLastError());
}

/* MEM_ADDRESS_REQUIREMENTS (documented with VirtualAlloc2) hold in another process too. */
static void test_requirements(void)
{
    typedef PVOID WINAPI virtual_alloc2(HANDLE, PVOID, SIZE_T, ULONG, ULONG, void *, ULONG);
    struct child other = child_start("wait");
    struct {
        void *low, *high;
        SIZE_T align;
    } wish = {(void *)0x10000000, (void *)0x1fffffff, 0x100000};
    struct {
        ULONG64 type;
        void *pointer;
    } parameter = {1 /* MemExtendedParameterAddressRequirements */, &wish};
    virtual_alloc2 *allocate =
        (virtual_alloc2 *)GetProcAddress(GetModuleHandleA("kernelbase.dll"), "VirtualAlloc2");
    char *base;

    if (!allocate) {
        skip("VirtualAlloc2 is missing");
        child_end(&other);
        return;
    }
    base = allocate(other.process, NULL, 0x20000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE,
                    &parameter, 1);
    todo_wine ok(base && (ULONG_PTR)base >= 0x10000000 && (ULONG_PTR)base + 0x20000 <= 0x20000000 &&
                     !((ULONG_PTR)base & 0xfffff),
                 "within limits: %p, error %lu", base, GetLastError());
    child_end(&other);
}

/* The right that each function's page names. */
static void test_rights(void)
{
    struct child other = child_start("wait");
    HANDLE limited = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, other.id);
    HANDLE reader = OpenProcess(PROCESS_VM_READ, FALSE, other.id);
    char *base = VirtualAllocEx(other.process, NULL, PAGE, MEM_COMMIT, PAGE_READWRITE), byte = 1;
    MEMORY_BASIC_INFORMATION info;
    DWORD old = 0;
    SIZE_T done;

    ok(limited && reader && base, "set up: error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!VirtualAllocEx(limited, NULL, PAGE, MEM_COMMIT, PAGE_READWRITE) &&
           GetLastError() == ERROR_ACCESS_DENIED,
       "VirtualAllocEx without PROCESS_VM_OPERATION: error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!VirtualFreeEx(limited, base, 0, MEM_RELEASE) && GetLastError() == ERROR_ACCESS_DENIED,
       "VirtualFreeEx without PROCESS_VM_OPERATION: error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!VirtualProtectEx(limited, base, PAGE, PAGE_READONLY, &old) &&
           GetLastError() == ERROR_ACCESS_DENIED,
       "VirtualProtectEx without PROCESS_VM_OPERATION: error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!ReadProcessMemory(limited, base, &byte, 1, &done) && GetLastError() == ERROR_ACCESS_DENIED,
       "ReadProcessMemory without PROCESS_VM_READ: error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!WriteProcessMemory(reader, base, &byte, 1, &done) && GetLastError() == ERROR_ACCESS_DENIED,
       "WriteProcessMemory without PROCESS_VM_WRITE: error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!VirtualQueryEx(reader, base, &info, sizeof(info)) && GetLastError() == ERROR_ACCESS_DENIED,
       "VirtualQueryEx without PROCESS_QUERY_INFORMATION: error %lu", GetLastError());
    ok(VirtualQueryEx(limited, base, &info, sizeof(info)) == sizeof(info),
       "VirtualQueryEx with it: error %lu", GetLastError());
    CloseHandle(limited);
    CloseHandle(reader);
    child_end(&other);
}

/* WriteProcessMemory's page: the whole area must be accessible, else it fails; reading across its end gives
 * ERROR_PARTIAL_COPY and leaves the destination alone. */
static void test_edges(void)
{
    struct child other = child_start("wait");
    char *base = VirtualAllocEx(other.process, NULL, 4 * PAGE, MEM_RESERVE, PAGE_READWRITE);
    char buffer[2 * PAGE], copy[16];
    SIZE_T done;
    DWORD old;

    VirtualAllocEx(other.process, base, PAGE, MEM_COMMIT, PAGE_READWRITE);
    memset(buffer, 0x5a, sizeof(buffer));
    done = 0xdead;
    SetLastError(0xdeadbeef);
    todo_wine ok(!ReadProcessMemory(other.process, base + PAGE, buffer, 16, &done) &&
                     GetLastError() == ERROR_PARTIAL_COPY && done == 0,
                 "reading what is not there: %zu, error %lu", done, GetLastError());
    todo_wine ok(buffer[0] == 0x5a, "the destination was changed");
    SetLastError(0xdeadbeef);
    todo_wine ok(!WriteProcessMemory(other.process, base + PAGE, buffer, 16, &done) &&
                     (GetLastError() == ERROR_NOACCESS || GetLastError() == ERROR_PARTIAL_COPY ||
                      GetLastError() == ERROR_INVALID_ADDRESS),
                 "writing what is not there: error %lu", GetLastError());

    /* Code is written through its protection: that is what debuggers do (tested in Wine's
     * virtual.c and in every debugger). */
    ok(VirtualProtectEx(other.process, base, PAGE, PAGE_EXECUTE_READ, &old), "protect: error %lu",
       GetLastError());
    ok(WriteProcessMemory(other.process, base, buffer, 16, &done) && done == 16,
       "writing into code: error %lu", GetLastError());
    ok(ReadProcessMemory(other.process, base, copy, 16, &done) && !memcmp(copy, buffer, 16),
       "it holds %x", copy[0]);
    ok(FlushInstructionCache(other.process, base, 16), "FlushInstructionCache: error %lu",
       GetLastError());
    child_end(&other);
}

typedef LONG WINAPI nt_map(HANDLE, HANDLE, void **, ULONG_PTR, SIZE_T, const LARGE_INTEGER *,
                           SIZE_T *, int, ULONG, ULONG);
typedef LONG WINAPI nt_unmap(HANDLE, void *);

/* NtMapViewOfSection into another process: both see one memory. */
static void test_section(void)
{
    nt_map *map = (nt_map *)GetProcAddress(GetModuleHandleA("ntdll.dll"), "NtMapViewOfSection");
    nt_unmap *unmap =
        (nt_unmap *)GetProcAddress(GetModuleHandleA("ntdll.dll"), "NtUnmapViewOfSection");
    struct child other = child_start("wait");
    HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x20000, NULL);
    volatile LONG *own = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
    MEMORY_BASIC_INFORMATION info;
    LARGE_INTEGER offset = {.QuadPart = 0x10000};
    HANDLE limited = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, other.id);
    SIZE_T size = 0, done;
    void *base = NULL;
    LONG status, value = 0;

    ok(own != NULL, "MapViewOfFile: error %lu", GetLastError());
    status = map(section, limited, &base, 0, 0, NULL, &size, 2, 0, PAGE_READWRITE);
    ok(status == (LONG)0xc0000022, "without PROCESS_VM_OPERATION: %lx", status);
    status = map(section, other.process, &base, 0, 0, &offset, &size, 2, 0, PAGE_READWRITE);
    ok(!status && base && size == 0x10000, "map: %lx, %p, size %zx", status, base, size);
    ok(VirtualQueryEx(other.process, base, &info, sizeof(info)) == sizeof(info) &&
           info.Type == MEM_MAPPED && info.State == MEM_COMMIT && info.Protect == PAGE_READWRITE &&
           info.RegionSize == 0x10000,
       "type %lx state %lx protect %lx size %zx", info.Type, info.State, info.Protect,
       info.RegionSize);
    own[0x10000 / sizeof(LONG)] = 4711;
    ok(ReadProcessMemory(other.process, base, &value, sizeof(value), &done) && value == 4711,
       "the other sees %ld", value);
    value = 4712;
    ok(WriteProcessMemory(other.process, base, &value, sizeof(value), &done) &&
           own[0x10000 / sizeof(LONG)] == 4712,
       "we see %ld", own[0x10000 / sizeof(LONG)]);
    status = unmap(other.process, base);
    ok(!status, "unmap: %lx", status);
    status = unmap(other.process, base);
    ok(status == (LONG)0xc0000019, "unmap again: %lx", status); /* STATUS_NOT_MAPPED_VIEW */
    todo_wine ok(!ReadProcessMemory(other.process, base, &value, sizeof(value), &done), "it is still there");
    UnmapViewOfFile((void *)own);
    CloseHandle(section);
    CloseHandle(limited);
    child_end(&other);
}

/* What the other's views show is asked of Linux or of the section, not only of its books: pages that were copied when they
 * were written have an ordinary protection (as one's own: memory_section.c), and a SEC_RESERVE section's
 * pages are committed through any view. */
static void test_section_state(void)
{
    nt_map *map = (nt_map *)GetProcAddress(GetModuleHandleA("ntdll.dll"), "NtMapViewOfSection");
    struct child other = child_start("wait");
    HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x10000, NULL);
    MEMORY_BASIC_INFORMATION info;
    char *base = NULL, *own, byte = 1;
    SIZE_T size = 0, done;
    LONG status;

    status = map(section, other.process, (void **)&base, 0, 0, NULL, &size, 2, 0, PAGE_WRITECOPY);
    ok(!status, "map: %lx", status);
    ok(VirtualQueryEx(other.process, base, &info, sizeof(info)) == sizeof(info) &&
           info.Protect == PAGE_WRITECOPY && info.RegionSize == 0x10000,
       "not written yet: protect %lx size %zx", info.Protect, info.RegionSize);
    ok(WriteProcessMemory(other.process, base, &byte, 1, &done), "write: error %lu", GetLastError());
    todo_wine ok(VirtualQueryEx(other.process, base, &info, sizeof(info)) == sizeof(info) &&
                     info.Protect == PAGE_READWRITE && info.RegionSize == PAGE,
                 "written: protect %lx size %zx", info.Protect, info.RegionSize);
    CloseHandle(section);

    section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE | SEC_RESERVE, 0, 0x10000, NULL);
    own = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
    base = NULL;
    size = 0;
    status = map(section, other.process, (void **)&base, 0, 0, NULL, &size, 2, 0, PAGE_READWRITE);
    ok(own && !status, "map a reserve: %p, %lx", own, status);
    ok(VirtualQueryEx(other.process, base, &info, sizeof(info)) == sizeof(info) &&
           info.State == MEM_RESERVE && info.RegionSize == 0x10000,
       "reserved: state %lx size %zx", info.State, info.RegionSize);
    ok(VirtualAlloc(own, PAGE, MEM_COMMIT, PAGE_READWRITE) == own, "commit: error %lu", GetLastError());
    ok(VirtualQueryEx(other.process, base, &info, sizeof(info)) == sizeof(info) &&
           info.State == MEM_COMMIT && info.RegionSize == PAGE,
       "committed by us: state %lx size %zx", info.State, info.RegionSize);
    UnmapViewOfFile(own);
    CloseHandle(section);
    child_end(&other);
}

/* A process that has ended has no memory: every call fails (documented: no such process any more). */
static void test_ended(void)
{
    struct child other = child_start("wait");
    char byte;
    SIZE_T done;

    TerminateProcess(other.process, 3);
    ok(!WaitForSingleObject(other.process, 10000), "it does not end");
    SetLastError(0xdeadbeef);
    ok(!VirtualAllocEx(other.process, NULL, PAGE, MEM_COMMIT, PAGE_READWRITE) &&
           GetLastError() == ERROR_ACCESS_DENIED,
       "VirtualAllocEx: error %lu", GetLastError()); /* STATUS_PROCESS_IS_TERMINATING */
    ok(!ReadProcessMemory(other.process, (void *)0x7ffe0000, &byte, 1, &done), "it is readable");
    child_end(&other);
}

static BOOL is_one_of(const MEMORY_BASIC_INFORMATION *info, char *place,
                      const MEMORY_BASIC_INFORMATION *states, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (info->BaseAddress == place && info->AllocationBase == states[i].AllocationBase &&
            info->AllocationProtect == states[i].AllocationProtect &&
            info->RegionSize == states[i].RegionSize && info->State == states[i].State &&
            info->Protect == states[i].Protect && info->Type == states[i].Type)
            return TRUE;
    return FALSE;
}

/* Whatever the other process does meanwhile, the answer is a state that existed: a query is one step (documented of
 * no race; Windows looks under the other's address space lock). */
static void test_query_while_it_changes(void)
{
    struct child other = child_start("change");
    char *place = NULL;
    unsigned wrong = 0, seen_free = 0, queries = 3000;

    ok(child_read(&other, &place, sizeof(place)) && place, "the child does not say where");
    for (unsigned i = 0; i < queries; i++) {
        const MEMORY_BASIC_INFORMATION states[] = {
            {.RegionSize = ROOM, .State = MEM_FREE, .Protect = PAGE_NOACCESS},
            {.AllocationBase = place, .AllocationProtect = PAGE_READWRITE, .RegionSize = 2 * PAGE,
             .State = MEM_COMMIT, .Protect = PAGE_READWRITE, .Type = MEM_PRIVATE},
            {.AllocationBase = place, .AllocationProtect = PAGE_READONLY, .RegionSize = 3 * PAGE,
             .State = MEM_RESERVE, .Type = MEM_PRIVATE},
            {.AllocationBase = place, .AllocationProtect = PAGE_READONLY, .RegionSize = PAGE,
             .State = MEM_RESERVE, .Type = MEM_PRIVATE},
        };
        MEMORY_BASIC_INFORMATION info;

        memset(&info, 0xcc, sizeof(info));
        if (VirtualQueryEx(other.process, place, &info, sizeof(info)) != sizeof(info)) {
            ok(FALSE, "query %u: error %lu", i, GetLastError());
            break;
        }
        seen_free += info.State == MEM_FREE;
        if (!is_one_of(&info, place, states, sizeof(states) / sizeof(states[0])) && !wrong++)
            trace("query %u: base %p allocation %p protect %lx size %zx state %lx now %lx type %lx", i,
                  info.BaseAddress, info.AllocationBase, info.AllocationProtect, info.RegionSize,
                  info.State, info.Protect, info.Type);
    }
    ok(!wrong, "%u of %u answers are of no state that existed", wrong, queries);
    ok(seen_free < queries, "the child changes nothing");
    child_end(&other);
}

CONFORMANCE("memory of another process", test_allocate, test_requirements, test_rights, test_edges,
            test_section, test_section_state, test_ended, test_query_while_it_changes)
