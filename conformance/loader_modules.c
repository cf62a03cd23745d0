/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Modules as others see them: the PEB's three lists, GetModuleHandleEx, GetModuleFileName, function tables,
 * the loader lock.
 *
 * Sources: [P] Microsoft's PEB_LDR_DATA and the LDR_DATA_TABLE_ENTRY of public symbols; [H] the pages on
 * GetModuleHandleExW and GetModuleFileNameW; [U] on RtlLookupFunctionEntry; [W] Wine's
 * dlls/kernel32/tests/module.c and dlls/ntdll/tests/rtl.c (LdrLockLoaderLock), which pass on Windows.
 */
#include "loader.h"

/* The parts of these that winternl.h hides. */
struct entry {
    LIST_ENTRY load_order, memory_order, init_order;
    void *base, *entry_point;
    ULONG bytes;
    UNICODE_STRING full_name, base_name;
    ULONG flags;
    USHORT load_count, tls_index;
};

struct lists {
    ULONG length, initialized;
    void *handle;
    LIST_ENTRY load_order, memory_order, init_order;
};

static const struct lists *lists(void)
{
    const char *peb = *(const char **)((const char *)NtCurrentTeb() + 0x60);

    return *(const struct lists *const *)(peb + 0x18);
}

static const struct entry *entry_at(const LIST_ENTRY *link, int list)
{
    return (const struct entry *)(const void *)((const char *)link - list * sizeof(LIST_ENTRY));
}

/* Walks one list both ways; checks each entry; returns the count. */
static int walk(const LIST_ENTRY *head, int list)
{
    const LIST_ENTRY *link;
    int count = 0;

    for (link = head->Flink; link != head && count < 200; link = link->Flink) {
        const struct entry *entry = entry_at(link, list);
        const IMAGE_DOS_HEADER *dos = entry->base;
        const IMAGE_NT_HEADERS64 *nt = (const void *)((const char *)dos + dos->e_lfanew);
        WCHAR path[MAX_PATH] = L"";
        const WCHAR *slash;

        ok(link->Flink->Blink == link && link->Blink->Flink == link, "links of %ls",
           entry->base_name.Buffer);
        ok(dos->e_magic == IMAGE_DOS_SIGNATURE && nt->Signature == IMAGE_NT_SIGNATURE,
           "no image at %p", dos);
        ok(entry->bytes == nt->OptionalHeader.SizeOfImage, "%ls: %lx bytes, not %lx",
           entry->base_name.Buffer, entry->bytes, nt->OptionalHeader.SizeOfImage);
        ok((nt->OptionalHeader.AddressOfEntryPoint == 0 && !entry->entry_point) ||
               (char *)entry->entry_point ==
                   (char *)dos + nt->OptionalHeader.AddressOfEntryPoint,
           "%ls: entry point %p", entry->base_name.Buffer, entry->entry_point);
        GetModuleFileNameW((HMODULE)entry->base, path, MAX_PATH);
        ok(entry->full_name.Length == wcslen(path) * 2 && !wcscmp(entry->full_name.Buffer, path),
           "full name %ls, not %ls", entry->full_name.Buffer, path);
        slash = wcsrchr(path, '\\');
        ok(slash && !wcscmp(entry->base_name.Buffer, slash + 1), "base name %ls",
           entry->base_name.Buffer);
        ok(GetModuleHandleW(entry->base_name.Buffer) == entry->base, "%ls is found at %p",
           entry->base_name.Buffer, GetModuleHandleW(entry->base_name.Buffer));
        count++;
    }
    return count;
}

static const struct entry *find(const LIST_ENTRY *head, int list, HMODULE module)
{
    for (const LIST_ENTRY *link = head->Flink; link != head; link = link->Flink)
        if (entry_at(link, list)->base == (void *)module)
            return entry_at(link, list);
    return NULL;
}

static void test_lists(void)
{
    const struct lists *all = lists();
    HMODULE top = LoadLibraryW(L"loader_top.dll");
    HMODULE mid = GetModuleHandleW(L"loader_mid.dll"), leaf = GetModuleHandleW(L"loader_leaf.dll");
    const struct entry *entry;
    int in_load, in_memory, in_init;
    int order = 0;

    ok(all->initialized, "not initialized");
    in_load = walk(&all->load_order, 0);
    in_memory = walk(&all->memory_order, 1);
    in_init = walk(&all->init_order, 2);
    ok(in_load >= 6 && in_load == in_memory, "%d by load, %d by memory", in_load, in_memory);
    /* [P]: the program is the first by load and has no place in the order of initialisation. */
    ok(entry_at(all->load_order.Flink, 0)->base == (void *)GetModuleHandleW(NULL),
       "the first is %ls", entry_at(all->load_order.Flink, 0)->base_name.Buffer);
    ok(!find(&all->init_order, 2, GetModuleHandleW(NULL)), "the program is initialised as a DLL");
    ok(in_init == in_load - 1, "%d initialised of %d", in_init, in_load);
    ok(entry_at(all->init_order.Flink, 2)->base == (void *)GetModuleHandleW(L"ntdll.dll"),
       "the first to be initialised is %ls", entry_at(all->init_order.Flink, 2)->base_name.Buffer);
    for (const LIST_ENTRY *link = all->init_order.Flink; link != &all->init_order;
         link = link->Flink) {
        const void *base = entry_at(link, 2)->base;

        if (base == (void *)leaf && order == 0)
            order = 1;
        if (base == (void *)mid && order == 1)
            order = 2;
        if (base == (void *)top && order == 2)
            order = 3;
    }
    ok(order == 3, "leaf, mid and top are not in this order: %d", order);
    entry = find(&all->load_order, 0, top);
    ok(entry && entry->flags & 4, "flags %lx: not marked as a DLL", entry ? entry->flags : 0);
    ok(find(&all->load_order, 0, GetModuleHandleW(L"kernel32.dll"))->load_count == 0xffff,
       "kernel32 is not pinned");
    FreeLibrary(top);
    ok(!find(&all->load_order, 0, top) && !find(&all->memory_order, 1, top) &&
           !find(&all->init_order, 2, top),
       "an unloaded DLL is in a list");
    ok(walk(&all->load_order, 0) == in_load - 3, "not three fewer");
}

static void test_module_handle(void)
{
    const DWORD pin = GET_MODULE_HANDLE_EX_FLAG_PIN,
                same = GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                address = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS;
    HMODULE leaf = LoadLibraryW(L"loader_leaf.dll"), module;
    const WCHAR *inside = (const WCHAR *)(void *)GetProcAddress(leaf, "leaf_value");

    /* It adds a reference unless told not to. */
    ok(GetModuleHandleExW(0, L"loader_leaf", &module) && module == leaf, "error %lu",
       GetLastError());
    FreeLibrary(leaf);
    ok(is_loaded(L"loader_leaf.dll"), "its reference did not hold");
    ok(GetModuleHandleExW(same, L"loader_leaf.dll", &module) && module == leaf, "error %lu",
       GetLastError());
    FreeLibrary(leaf);
    ok(!is_loaded(L"loader_leaf.dll"), "UNCHANGED_REFCOUNT changed the count");

    leaf = LoadLibraryW(L"loader_leaf.dll");
    inside = (const WCHAR *)(void *)GetProcAddress(leaf, "leaf_value");
    ok(GetModuleHandleExW(address, inside, &module) && module == leaf, "by address: error %lu",
       GetLastError());
    FreeLibrary(leaf);
    ok(is_loaded(L"loader_leaf.dll"), "by address: its reference did not hold");
    ok(GetModuleHandleExW(address | same, inside, &module) && module == leaf, "error %lu",
       GetLastError());
    FreeLibrary(leaf);
    ok(!is_loaded(L"loader_leaf.dll"), "by address: UNCHANGED_REFCOUNT changed the count");
    SetLastError(0xdeadbeef);
    module = (HMODULE)0xdeadbeef;
    ok(!GetModuleHandleExW(address | same, inside, &module) &&
           GetLastError() == ERROR_MOD_NOT_FOUND && !module,
       "an address in no module: error %lu, %p", GetLastError(), module);

    module = (HMODULE)0xdeadbeef;
    SetLastError(0xdeadbeef);
    ok(!GetModuleHandleExW(0, L"nosuchmodule", &module) && !module &&
           GetLastError() == ERROR_MOD_NOT_FOUND,
       "no such module: error %lu, %p", GetLastError(), module);
    SetLastError(0xdeadbeef);
    ok(!GetModuleHandleExW(0, L"kernel32", NULL) && GetLastError() == ERROR_INVALID_PARAMETER,
       "no place for the answer: error %lu", GetLastError());
    module = (HMODULE)0xdeadbeef;
    SetLastError(0xdeadbeef);
    ok(!GetModuleHandleExW(pin | same, L"kernel32", &module) && !module &&
           GetLastError() == ERROR_INVALID_PARAMETER,
       "PIN with UNCHANGED_REFCOUNT: error %lu, %p", GetLastError(), module);
    module = (HMODULE)0xdeadbeef;
    SetLastError(0xdeadbeef);
    ok(!GetModuleHandleExW(8, L"kernel32", &module) && !module &&
           GetLastError() == ERROR_INVALID_PARAMETER,
       "an unknown flag: error %lu, %p", GetLastError(), module);
    ok(GetModuleHandleExW(same, NULL, &module) && module == GetModuleHandleW(NULL),
       "the program: %p", module);

    /* PIN: stays whatever is freed. The DLL stays for the rest of this process. */
    leaf = LoadLibraryW(L"loader_delayed.dll");
    ok(GetModuleHandleExW(pin, L"loader_delayed.dll", &module) && module == leaf, "error %lu",
       GetLastError());
    for (int i = 0; i < 5; i++)
        ok(FreeLibrary(leaf), "free %d: error %lu", i, GetLastError());
    ok(is_loaded(L"loader_delayed.dll"), "a pinned module was unloaded");
}

static void test_file_name(void)
{
    WCHAR full[MAX_PATH], buffer[MAX_PATH];
    char narrow[MAX_PATH];
    DWORD length = GetModuleFileNameW(NULL, full, MAX_PATH), got;

    ok(length == wcslen(full) && !_wcsicmp(wcsrchr(full, '\\') + 1, L"loader_modules.exe"),
       "%lu: %ls", length, full);
    for (DWORD room = 0; room <= length + 2; room++) {
        memset(buffer, 0xcc, sizeof(buffer));
        SetLastError(0xdeadbeef);
        got = GetModuleFileNameW(NULL, buffer, room);
        if (!room) {
            ok(!got && GetLastError() == ERROR_INSUFFICIENT_BUFFER && buffer[0] == 0xcccc,
               "no room: %lu, error %lu", got, GetLastError());
        } else if (room <= length) {
            /* [H]: cut, with a NUL since Windows Vista; the answer is the room. */
            todo_wine ok(got == room && GetLastError() == ERROR_INSUFFICIENT_BUFFER &&
                             !wcsncmp(buffer, full, room - 1) && !buffer[room - 1] &&
                             buffer[room] == 0xcccc,
                         "room %lu: %lu, error %lu", room, got, GetLastError());
        } else {
            ok(got == length && !GetLastError() && !wcscmp(buffer, full),
               "room %lu: %lu, error %lu", room, got, GetLastError());
        }
    }
    memset(narrow, 0xcc, sizeof(narrow));
    SetLastError(0xdeadbeef);
    got = GetModuleFileNameA(NULL, narrow, 8);
    todo_wine ok(got == 8 && GetLastError() == ERROR_INSUFFICIENT_BUFFER && !narrow[7] &&
                     (BYTE)narrow[8] == 0xcc,
                 "narrow, room 8: %lu, error %lu", got, GetLastError());
    got = GetModuleFileNameA(NULL, narrow, MAX_PATH);
    ok(got == strlen(narrow) && !_stricmp(strrchr(narrow, '\\') + 1, "loader_modules.exe"),
       "narrow: %lu, %s", got, narrow);
    buffer[0] = '*';
    SetLastError(0xdeadbeef);
    ok(!GetModuleFileNameW((HMODULE)(ULONG_PTR)0xffffffff, buffer, MAX_PATH) &&
           GetLastError() == ERROR_MOD_NOT_FOUND,
       "no module: error %lu", GetLastError());
    /* [W]: the buffer stays as it was. */
    ok(buffer[0] == '*', "the buffer was written to");
}

static void test_function_tables(void)
{
    const struct lists *all = lists();

    for (const LIST_ENTRY *link = all->load_order.Flink; link != &all->load_order;
         link = link->Flink) {
        const struct entry *entry = entry_at(link, 0);
        const char *base = entry->base;
        const IMAGE_NT_HEADERS64 *nt =
            (const void *)(base + ((const IMAGE_DOS_HEADER *)(const void *)base)->e_lfanew);
        const IMAGE_DATA_DIRECTORY *directory =
            &nt->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_EXCEPTION];
        const RUNTIME_FUNCTION *functions = (const void *)(base + directory->VirtualAddress);
        DWORD count = directory->Size / sizeof(*functions);
        DWORD wrong = 0;

        for (DWORD i = 0; i < count; i += count > 64 ? count / 64 : 1) {
            DWORD64 found_base = 0;
            const RUNTIME_FUNCTION *found = RtlLookupFunctionEntry(
                (DWORD64)base + functions[i].BeginAddress, &found_base, NULL);

            /* An entry may point at another one, of which it is a part. */
            if (!found || found_base != (DWORD64)base ||
                (!(functions[i].UnwindData & 1) &&
                 found->BeginAddress != functions[i].BeginAddress))
                wrong++;
        }
        ok(!wrong, "%ls: %lu of %lu functions are not found", entry->base_name.Buffer, wrong,
           count);
    }
}

static NTSTATUS(NTAPI *lock)(ULONG, ULONG *, ULONG_PTR *);
static NTSTATUS(NTAPI *unlock)(ULONG, ULONG_PTR);
static HANDLE started, locked;

static DWORD CALLBACK try_lock(void *argument)
{
    ULONG_PTR cookie = 0xdeadbeef;
    ULONG result = 0xdeadbeef;
    NTSTATUS status;

    (void)argument;
    SetEvent(started);
    WaitForSingleObject(locked, INFINITE);
    status = lock(2, &result, &cookie);
    ok(!status && result == 2 && !cookie, "held by another: %lx, result %lu, cookie %llx", status,
       result, (unsigned long long)cookie);
    SetEvent(started);
    return 0;
}

static void test_loader_lock(void)
{
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
    ULONG_PTR cookie = 0xdeadbeef;
    ULONG result = 0xdeadbeef;
    NTSTATUS status;
    HANDLE thread;

    lock = (void *)GetProcAddress(ntdll, "LdrLockLoaderLock");
    unlock = (void *)GetProcAddress(ntdll, "LdrUnlockLoaderLock");
    started = CreateEventW(NULL, FALSE, FALSE, NULL);
    locked = CreateEventW(NULL, FALSE, FALSE, NULL);
    status = lock(0x10, &result, &cookie);
    ok(status == (NTSTATUS)0xC00000EF && !result && !cookie, "wrong flags: %lx, %lu, %llx", status,
       result, (unsigned long long)cookie);
    status = lock(0, &result, NULL);
    ok(status == (NTSTATUS)0xC00000F1, "no cookie: %lx", status);
    status = lock(2, NULL, &cookie);
    ok(status == (NTSTATUS)0xC00000F0, "no result: %lx", status);
    /* The thread is attached, which takes the lock, before we hold it. */
    thread = CreateThread(NULL, 0, try_lock, NULL, 0, NULL);
    WaitForSingleObject(started, INFINITE);
    status = lock(0, &result, &cookie);
    ok(!status && result == 1 && cookie, "lock: %lx, %lu", status, result);
    SetEvent(locked);
    WaitForSingleObject(started, INFINITE);
    ok(!unlock(0, cookie), "unlock");
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    ok(!unlock(0, 0), "cookie 0 is nothing");
}

CONFORMANCE("loader: modules", test_lists, test_module_handle, test_file_name,
            test_function_tables, test_loader_lock)
