/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where LoadLibraryEx looks: the standard order, LOAD_LIBRARY_SEARCH_*, LOAD_WITH_ALTERED_SEARCH_PATH,
 * AddDllDirectory, SetDllDirectory, SetDefaultDllDirectories; and data files.
 *
 * Sources: [L] the page on LoadLibraryExW; [O] "Dynamic-link library search order"; [W] Wine's
 * dlls/kernel32/tests/module.c (testLoadLibraryEx, test_LoadLibraryEx_search_flags), which passes on Windows.
 * The same DLL is copied under a name of its own into numbered folders; which copy is loaded is told by its path.
 */
#define CONFORMANCE_CHILD(argc, argv) child(argc, argv)
static int child(int argc, char **argv);

#include "loader.h"

#define FOLDERS 6 /* 5 and 6 have no DLL */

static WCHAR root[MAX_PATH], start[MAX_PATH];

static const WCHAR *folder(int number)
{
    static WCHAR path[MAX_PATH];

    swprintf(path, MAX_PATH, L"%ls\\%d", root, number);
    return path;
}

static const WCHAR *probe(int number)
{
    static WCHAR path[MAX_PATH];

    swprintf(path, MAX_PATH, L"%ls\\%d\\probe.dll", root, number);
    return path;
}

static void set_up(void)
{
    GetCurrentDirectoryW(MAX_PATH, start);
    wcscpy(root, fresh_folder());
    for (int i = 1; i <= FOLDERS; i++) {
        CreateDirectoryW(folder(i), NULL);
        if (i <= 4)
            ok(CopyFileW(beside(L"loader_leaf.dll"), probe(i), TRUE), "copy %d: error %lu", i,
               GetLastError());
    }
}

static void tear_down(void)
{
    SetCurrentDirectoryW(start);
    for (int i = 1; i <= FOLDERS; i++) {
        if (i <= 4)
            ok(DeleteFileW(probe(i)), "delete %d: error %lu", i, GetLastError());
        RemoveDirectoryW(folder(i));
    }
    ok(RemoveDirectoryW(root), "remove: error %lu", GetLastError());
}

/* The number of the folder that the DLL came from, 0 for none; it is freed. */
static int where(HMODULE module)
{
    WCHAR path[MAX_PATH] = L"";

    if (!module)
        return 0;
    GetModuleFileNameW(module, path, MAX_PATH);
    FreeLibrary(module);
    for (int i = 1; i <= FOLDERS; i++)
        if (!_wcsicmp(path, probe(i)))
            return i;
    return -1;
}

#define ok_missing(name, flags, error)                                                             \
    do {                                                                                           \
        HMODULE found_;                                                                            \
        SetLastError(0xdeadbeef);                                                                  \
        found_ = LoadLibraryExW(name, NULL, flags);                                                \
        ok(!found_ && GetLastError() == (DWORD)(error), "%ls with %lx: error %lu, not %lu", name,  \
           (DWORD)(flags), GetLastError(), (DWORD)(error));                                        \
        if (found_)                                                                                \
            FreeLibrary(found_);                                                                   \
    } while (0)

static void test_paths(void)
{
    WCHAR path[MAX_PATH];

    set_up();
    SetCurrentDirectoryW(root);
    ok(where(LoadLibraryW(L"2\\probe.dll")) == 2, "a relative path");
    ok(where(LoadLibraryW(L"2/probe")) == 2, "with a slash and no extension");
    swprintf(path, MAX_PATH, L"%c:3\\probe.dll", root[0]);
    ok(where(LoadLibraryW(path)) == 3, "relative to a drive");
    ok(where(LoadLibraryExW(path, NULL, LOAD_LIBRARY_SEARCH_SYSTEM32)) == 3,
       "relative to a drive, with a flag");
    ok(where(LoadLibraryW(probe(4) + 2)) == 4, "absolute without a drive");
    ok_missing(L"2\\probe.dll", LOAD_LIBRARY_SEARCH_SYSTEM32, ERROR_MOD_NOT_FOUND);
    ok_missing(L"probe.dll", 0, ERROR_MOD_NOT_FOUND);
    SetCurrentDirectoryW(folder(1));
    ok(where(LoadLibraryW(L"probe.dll")) == 1, "in the current folder");
    ok(where(LoadLibraryW(L"PROBE")) == 1, "in the current folder, in another case");
    ok_missing(L"probe.dll", LOAD_LIBRARY_SEARCH_SYSTEM32, ERROR_MOD_NOT_FOUND);
    ok(where(LoadLibraryExW(probe(1), NULL, LOAD_LIBRARY_SEARCH_SYSTEM32)) == 1,
       "a full path, with a flag");
    tear_down();
}

static void test_flag_errors(void)
{
    static const DWORD search[] = {LOAD_LIBRARY_SEARCH_APPLICATION_DIR,
                                   LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR, LOAD_LIBRARY_SEARCH_SYSTEM32,
                                   LOAD_LIBRARY_SEARCH_DEFAULT_DIRS, LOAD_LIBRARY_SEARCH_USER_DIRS};

    for (int i = 0; i < 5; i++)
        ok_missing(L"probe.dll", search[i] | LOAD_WITH_ALTERED_SEARCH_PATH,
                   ERROR_INVALID_PARAMETER);
    /* [L]: LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR asks for a full path. */
    ok_missing(L"probe.dll", LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR, ERROR_INVALID_PARAMETER);
    ok_missing(L"probe.dll", LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_SYSTEM32,
               ERROR_INVALID_PARAMETER);
    ok_missing(L"foo\\probe.dll", LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR, ERROR_INVALID_PARAMETER);
    ok_missing(L"\\windows\\probe.dll", LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR, ERROR_MOD_NOT_FOUND);
    ok_missing(L"probe.dll", LOAD_LIBRARY_SEARCH_APPLICATION_DIR, ERROR_MOD_NOT_FOUND);
    SetLastError(0xdeadbeef);
    todo_wine ok(!LoadLibraryExW(L"kernel32.dll", (HANDLE)(ULONG_PTR)0xdeadbeef, 0) &&
                     GetLastError() == ERROR_INVALID_PARAMETER,
                 "the reserved handle: error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!SetDefaultDllDirectories(0) && GetLastError() == ERROR_INVALID_PARAMETER,
       "no default folders: error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR) &&
           GetLastError() == ERROR_INVALID_PARAMETER,
       "the DLL's own folder as a default: error %lu", GetLastError());
}

/* [W]: the last folder added is searched first, SetDllDirectory's after them. */
static void test_user_folders(void)
{
    static const struct {
        int added[4], dll_directory, expected;
    } cases[] = {{{1, 2, 3}, 4, 3}, {{1, 3, 2}, 4, 2}, {{3, 1}, 4, 1}, {{5, 6}, 4, 4},
                 {{5, 2}, 4, 2},    {{0}, 4, 4},       {{6, 5}, 5, 0}, {{1, 1, 2}, 0, 2}};

    set_up();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        DLL_DIRECTORY_COOKIE cookies[4] = {0};
        HMODULE module;
        int k;

        for (k = 0; cases[i].added[k]; k++) {
            cookies[k] = AddDllDirectory(folder(cases[i].added[k]));
            ok(cookies[k] != NULL, "add: error %lu", GetLastError());
        }
        SetDllDirectoryW(cases[i].dll_directory ? folder(cases[i].dll_directory) : NULL);
        module = LoadLibraryExW(L"probe.dll", NULL, LOAD_LIBRARY_SEARCH_USER_DIRS);
        ok(where(module) == cases[i].expected, "case %d: from %p", (int)i, module);
        while (k--)
            ok(RemoveDllDirectory(cookies[k]), "remove: error %lu", GetLastError());
    }
    SetDllDirectoryW(NULL);
    SetLastError(0xdeadbeef);
    ok(!AddDllDirectory(L"relative") && GetLastError() == ERROR_INVALID_PARAMETER,
       "a relative folder: error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!AddDllDirectory(L"C:\\no such folder") && GetLastError() == ERROR_FILE_NOT_FOUND,
       "no such folder: error %lu", GetLastError());
    tear_down();
}

static void test_dll_directory(void)
{
    WCHAR buffer[MAX_PATH];
    DWORD length;

    set_up();
    SetCurrentDirectoryW(folder(1));
    SetDllDirectoryW(folder(2));
    ok(where(LoadLibraryW(L"probe.dll")) == 2, "SetDllDirectory's folder comes first");
    length = GetDllDirectoryW(MAX_PATH, buffer);
    ok(length == wcslen(folder(2)) && !wcscmp(buffer, folder(2)), "%lu: %ls", length, buffer);
    SetDllDirectoryW(folder(5));
    /* [O]: with SetDllDirectory the current folder is not searched; "" takes it out, NULL brings it back. */
    ok_missing(L"probe.dll", 0, ERROR_MOD_NOT_FOUND);
    SetDllDirectoryW(L"");
    todo_wine ok_missing(L"probe.dll", 0, ERROR_MOD_NOT_FOUND);
    SetDllDirectoryW(NULL);
    ok(where(LoadLibraryW(L"probe.dll")) == 1, "the current folder again");
    tear_down();
}

/* mid.dll in folder 1 imports loader_leaf.dll, a copy of which is in folder 1 only. */
static void test_imports_folder(void)
{
    WCHAR mid[MAX_PATH], leaf[MAX_PATH], path[MAX_PATH] = L"";
    static const struct {
        const WCHAR *what;
        DWORD flags;
        BOOL own_folder;
    } cases[] = {
        {L"no flag", 0, FALSE},
        {L"LOAD_WITH_ALTERED_SEARCH_PATH", LOAD_WITH_ALTERED_SEARCH_PATH, TRUE},
        {L"LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR",
         LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_DEFAULT_DIRS, TRUE},
    };

    set_up();
    swprintf(mid, MAX_PATH, L"%ls\\mid.dll", folder(1));
    swprintf(leaf, MAX_PATH, L"%ls\\loader_leaf.dll", folder(1));
    CopyFileW(beside(L"loader_mid.dll"), mid, TRUE);
    CopyFileW(beside(L"loader_leaf.dll"), leaf, TRUE);
    for (int i = 0; i < 3; i++) {
        HMODULE module = LoadLibraryExW(mid, NULL, cases[i].flags);

        ok(module != NULL, "%ls: error %lu", cases[i].what, GetLastError());
        GetModuleFileNameW(GetModuleHandleW(L"loader_leaf.dll"), path, MAX_PATH);
        ok(!_wcsicmp(path, cases[i].own_folder ? leaf : beside(L"loader_leaf.dll")),
           "%ls: its import came from %ls", cases[i].what, path);
        FreeLibrary(module);
        ok(!is_loaded(L"loader_leaf.dll"), "%ls: still loaded", cases[i].what);
    }
    ok(DeleteFileW(mid) && DeleteFileW(leaf), "error %lu", GetLastError());
    tear_down();
}

static void test_data_files(void)
{
    HMODULE module, loaded;
    HANDLE file;
    WCHAR path[MAX_PATH];

    set_up();
    forget_events();
    module = LoadLibraryExW(probe(1), NULL, LOAD_LIBRARY_AS_DATAFILE);
    /* [L]: the handle of a data file has bit 0 set, that of an image resource bit 1. */
    ok(module && ((ULONG_PTR)module & 3) == 1, "data file at %p, error %lu", module,
       GetLastError());
    ok(!is_loaded(L"probe.dll"), "it is a module");
    ok(!memcmp((char *)module - 1, "MZ", 2), "does not begin with MZ");
    ok(FreeLibrary(module), "error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!FreeLibrary(module), "freed twice");
    module = LoadLibraryExW(probe(1), NULL, LOAD_LIBRARY_AS_IMAGE_RESOURCE);
    ok(module && ((ULONG_PTR)module & 3) == 2, "image resource at %p, error %lu", module,
       GetLastError());
    if (module) {
        const char *base = (const char *)module - 2;
        const IMAGE_NT_HEADERS64 *nt =
            (const void *)(base + ((const IMAGE_DOS_HEADER *)base)->e_lfanew);
        const IMAGE_SECTION_HEADER *section = IMAGE_FIRST_SECTION(nt);
        MEMORY_BASIC_INFORMATION info;

        VirtualQuery(base + section->VirtualAddress, &info, sizeof(info));
        ok(info.AllocationBase == base && info.Type == MEM_IMAGE, "not mapped as an image");
    }
    ok(!is_loaded(L"probe.dll"), "it is a module");
    ok(FreeLibrary(module), "error %lu", GetLastError());
    ok_events("");
    /* [W]: what is loaded already is taken. */
    loaded = LoadLibraryW(probe(1));
    ok(loaded != NULL, "error %lu", GetLastError());
    FreeLibrary(loaded);

    SetLastError(0xdeadbeef);
    ok(!LoadLibraryExW(probe(5), NULL, LOAD_LIBRARY_AS_DATAFILE) &&
           GetLastError() == ERROR_FILE_NOT_FOUND,
       "no such file: error %lu", GetLastError());
    swprintf(path, MAX_PATH, L"%ls\\empty.dll", folder(5));
    file = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_NEW, 0, NULL);
    CloseHandle(file);
    SetLastError(0xdeadbeef);
    ok(!LoadLibraryExW(path, NULL, LOAD_LIBRARY_AS_DATAFILE) &&
           GetLastError() == ERROR_FILE_INVALID,
       "an empty file: error %lu", GetLastError());
    DeleteFileW(path);
    tear_down();
}

/* SetDefaultDllDirectories cannot be taken back, so a process of its own. */
static int child(int argc, char **argv)
{
    DLL_DIRECTORY_COOKIE cookie;

    (void)argc, (void)argv;
    set_up();
    SetCurrentDirectoryW(folder(1));
    ok(where(LoadLibraryW(L"probe.dll")) == 1, "before");
    ok(SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_SYSTEM32 | LOAD_LIBRARY_SEARCH_USER_DIRS),
       "error %lu", GetLastError());
    /* [L]: the current folder and PATH are no longer searched. */
    ok_missing(L"probe.dll", 0, ERROR_MOD_NOT_FOUND);
    cookie = AddDllDirectory(folder(3));
    ok(where(LoadLibraryW(L"probe.dll")) == 3, "an added folder");
    RemoveDllDirectory(cookie);
    ok_missing(L"loader_leaf.dll", 0, ERROR_MOD_NOT_FOUND);
    ok(where(LoadLibraryExW(probe(2), NULL, LOAD_WITH_ALTERED_SEARCH_PATH)) == 2,
       "flags of the call are instead of the default");
    tear_down();
    return (int)conformance_failures;
}

static void test_default_folders(void)
{
    WCHAR command[MAX_PATH + 16];
    STARTUPINFOW startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION process;
    DWORD code = 99;

    swprintf(command, MAX_PATH + 16, L"\"%ls\" --child", beside(L"loader_search.exe"));
    ok(CreateProcessW(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &process),
       "error %lu", GetLastError());
    WaitForSingleObject(process.hProcess, INFINITE);
    GetExitCodeProcess(process.hProcess, &code);
    ok(!code, "%lu failures in the child", code);
    CloseHandle(process.hProcess);
    CloseHandle(process.hThread);
}

CONFORMANCE("loader: where DLLs are looked for", test_paths, test_flag_errors, test_user_folders,
            test_dll_directory, test_imports_folder, test_data_files, test_default_folders)
