/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Binding: imports and GetProcAddress by name and ordinal, forwards and chains of them, API sets,
 * delay-loaded imports, base relocation, and the errors of each.
 *
 * Sources: [P] Microsoft's "PE Format": export, import, delay-load and base relocation tables;
 * [G] the page on GetProcAddress; [L] on LoadLibraryExW; [A] on API sets ("Windows API sets");
 * [D] "Linker support for delay-loaded DLLs" and the structure DelayLoadInfo; [W] Wine's
 * dlls/kernel32/tests/module.c and loader.c, which pass on Windows.
 */
#include "loader.h"

int delayed_value(void);
int delayed_hidden(void);

typedef int (*int_function)(void);

static int call(HMODULE module, const char *name)
{
    int_function function = (int_function)(void *)GetProcAddress(module, name);

    return function ? function() : -1;
}

static void test_names_and_ordinals(void)
{
    HMODULE leaf = LoadLibraryW(L"loader_leaf.dll");
    int *data;

    ok(leaf != NULL, "loader_leaf.dll: error %lu", GetLastError());
    ok(call(leaf, "leaf_value") == 41, "by name");
    ok(call(leaf, MAKEINTRESOURCEA(3)) == 41, "by ordinal, though it has a name");
    ok(call(leaf, MAKEINTRESOURCEA(5)) == 42, "by ordinal alone");
    data = (int *)(void *)GetProcAddress(leaf, "leaf_data");
    ok(data && *data == 77, "exported data");
    ok(data == *(int **)(void *)GetProcAddress(leaf, "leaf_pointer"), "a relocated pointer");

    /* [G], [W]: 127 for what is not there; names are compared with case. */
    SetLastError(0xdeadbeef);
    ok(!GetProcAddress(leaf, "leaf_hidden") && GetLastError() == ERROR_PROC_NOT_FOUND,
       "an export without a name has none: error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!GetProcAddress(leaf, "LEAF_VALUE") && GetLastError() == ERROR_PROC_NOT_FOUND,
       "another case: error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!GetProcAddress(leaf, MAKEINTRESOURCEA(4)), "an ordinal in a gap");
    SetLastError(0xdeadbeef);
    ok(!GetProcAddress(leaf, MAKEINTRESOURCEA(2)), "an ordinal below the base");
    SetLastError(0xdeadbeef);
    ok(!GetProcAddress(leaf, MAKEINTRESOURCEA(60000)), "an ordinal beyond the end");
    SetLastError(0xdeadbeef);
    ok(!GetProcAddress(leaf, "") && GetLastError() == ERROR_PROC_NOT_FOUND,
       "an empty name: error %lu", GetLastError());
    FreeLibrary(leaf);
    SetLastError(0xdeadbeef);
    ok(!GetProcAddress(leaf, "leaf_value") && GetLastError() == ERROR_MOD_NOT_FOUND,
       "of a module that is gone: error %lu", GetLastError());
}

static void test_imports(void)
{
    HMODULE top = LoadLibraryW(L"loader_top.dll"), mid = GetModuleHandleW(L"loader_mid.dll");

    ok(top && mid, "loader_top.dll: error %lu", GetLastError());
    ok(call(mid, "mid_by_name") == 141, "imported by name");
    ok(call(mid, "mid_by_ordinal") == 142, "imported by ordinal");
    ok(call(mid, "mid_data") == 77, "imported data");
    ok(call(top, "top_value") == 141 + 41000, "an import that is forwarded");
    FreeLibrary(top);
}

static void test_forwards(void)
{
    HMODULE top = LoadLibraryW(L"loader_top.dll"), mid = GetModuleHandleW(L"loader_mid.dll");
    HMODULE leaf = GetModuleHandleW(L"loader_leaf.dll");
    HMODULE kernelbase = GetModuleHandleW(L"kernelbase.dll");

    ok(GetProcAddress(mid, "mid_forward") == GetProcAddress(leaf, "leaf_value"), "a forward");
    ok(GetProcAddress(mid, "mid_to_ordinal") == GetProcAddress(leaf, MAKEINTRESOURCEA(5)),
       "a forward to an ordinal");
    ok(GetProcAddress(top, "top_chain") == GetProcAddress(leaf, "leaf_value"),
       "a forward to a forward");
    ok(GetProcAddress(mid, "mid_apiset") == GetProcAddress(kernelbase, "WakeByAddressSingle"),
       "a forward to an API set");
    SetLastError(0xdeadbeef);
    ok(!GetProcAddress(mid, "mid_broken") && GetLastError() == ERROR_PROC_NOT_FOUND,
       "a forward to nothing: error %lu", GetLastError());
    FreeLibrary(top);
    /* [W] (loader.c, forwards): what a module's forwards loaded goes with the module. */
    ok(!is_loaded(L"loader_leaf.dll"), "the target of the forwards stays loaded");
}

static void test_api_sets(void)
{
    HMODULE kernelbase = GetModuleHandleW(L"kernelbase.dll"), module;

    /* [A]: a contract's name loads the DLL that stands behind it. */
    module = LoadLibraryW(L"api-ms-win-core-synch-l1-2-0.dll");
    ok(module == kernelbase, "api-ms-win-core-synch-l1-2-0.dll is %p, kernelbase %p", module,
       kernelbase);
    ok(GetProcAddress(module, "WaitOnAddress") != NULL, "WaitOnAddress");
    ok(FreeLibrary(module), "free: error %lu", GetLastError());
    module = LoadLibraryW(L"api-ms-win-core-synch-l1-2-0");
    ok(module == kernelbase, "without extension: %p", module);
    module = LoadLibraryExW(L"api-ms-win-core-synch-l1-2-0.dll", NULL,
                            LOAD_LIBRARY_SEARCH_SYSTEM32);
    ok(module == kernelbase, "with LOAD_LIBRARY_SEARCH_SYSTEM32: %p", module);
    module = LoadLibraryW(L"API-MS-Win-Core-File-L1-1-0.DLL");
    ok(module == kernelbase, "in another case: %p", module);
    module = LoadLibraryW(L"api-ms-win-crt-string-l1-1-0.dll");
    ok(module && module == GetModuleHandleW(L"ucrtbase.dll"), "the C runtime's: %p", module);
    FreeLibrary(module);
    SetLastError(0xdeadbeef);
    ok(!LoadLibraryW(L"api-ms-win-no-such-contract-l1-1-0.dll") &&
           GetLastError() == ERROR_MOD_NOT_FOUND,
       "a contract that is none: error %lu", GetLastError());
    ok(GetModuleHandleW(NULL) != NULL, "%lu", GetLastError());
}

/* [A], Microsoft's page "Windows API sets": each contract with functions that it lists. Programs that are linked with the static C
 * runtime find RtlGenRandom (as SystemFunction036), among others, only so. */
static void test_api_set_functions(void)
{
    static const struct {
        const char *contract, *function;
    } sets[] = {
        {"api-ms-win-core-file-ansi-l2-1-0", "CopyFileExA"},
        {"api-ms-win-core-heap-obsolete-l1-1-0", "GlobalLock"},
        {"api-ms-win-core-localization-obsolete-l1-2-0", "GetUserDefaultUILanguage"},
        {"api-ms-win-core-namedpipe-ansi-l1-1-0", "CallNamedPipeA"},
        {"api-ms-win-core-processthreads-l1-1-2", "GetSystemTimes"},
        {"api-ms-win-core-processtopology-obsolete-l1-1-0", "SetProcessAffinityMask"},
        {"api-ms-win-core-registry-l2-1-0", "RegConnectRegistryW"},
        {"api-ms-win-core-shutdown-l1-1-0", "InitiateSystemShutdownExW"},
        {"api-ms-win-core-string-obsolete-l1-1-0", "lstrlenW"},
        {"api-ms-win-core-sysinfo-l2-1-0", "GetUserNameW"},
        {"api-ms-win-core-toolhelp-l1-1-0", "CreateToolhelp32Snapshot"},
        {"api-ms-win-core-util-l1-1-0", "EncodePointer"},
        {"api-ms-win-core-xstate-l2-1-0", "GetEnabledXStateFeatures"},
        {"api-ms-win-eventing-provider-l1-1-0", "EventRegister"},
        {"api-ms-win-security-base-l1-1-0", "GetTokenInformation"},
        {"api-ms-win-security-lsalookup-l2-1-0", "LookupAccountNameW"},
        {"api-ms-win-security-provider-l1-1-0", "GetNamedSecurityInfoW"},
        {"api-ms-win-security-sddl-l1-1-0", "ConvertStringSidToSidW"},
        {"api-ms-win-security-systemfunctions-l1-1-0", "SystemFunction036"},
        {"api-ms-win-service-management-l1-1-0", "OpenSCManagerW"},
    };

    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        HMODULE module = LoadLibraryExA(sets[i].contract, NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);

        ok(module != NULL, "%s: error %lu", sets[i].contract, GetLastError());
        ok(module && GetProcAddress(module, sets[i].function), "%s: no %s: error %lu",
           sets[i].contract, sets[i].function, GetLastError());
        FreeLibrary(module);
    }
}

static void test_load_errors(void)
{
    static const char text[] = "This is not an image.";
    const WCHAR *folder = fresh_folder();
    WCHAR path[MAX_PATH];
    DWORD written;
    HANDLE file;

    SetLastError(0xdeadbeef);
    ok(!LoadLibraryW(L"loader_no_such.dll") && GetLastError() == ERROR_MOD_NOT_FOUND,
       "no such DLL: error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!LoadLibraryA("C:\\no such folder\\a.dll") && GetLastError() == ERROR_MOD_NOT_FOUND,
       "no such folder: error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    todo_wine
        ok(!LoadLibraryW(L"") && GetLastError() == ERROR_INVALID_PARAMETER, "an empty name: error %lu",
           GetLastError());
    SetLastError(0xdeadbeef);
    ok(!LoadLibraryW(NULL) && GetLastError() == ERROR_INVALID_PARAMETER, "no name: error %lu",
       GetLastError());

    swprintf(path, MAX_PATH, L"%ls\\text.dll", folder);
    file = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_NEW, 0, NULL);
    WriteFile(file, text, sizeof(text), &written, NULL);
    CloseHandle(file);
    SetLastError(0xdeadbeef);
    ok(!LoadLibraryW(path) && GetLastError() == ERROR_BAD_EXE_FORMAT, "a text file: error %lu",
       GetLastError());
    DeleteFileW(path);
    file = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_NEW, 0, NULL);
    CloseHandle(file);
    SetLastError(0xdeadbeef);
    ok(!LoadLibraryW(path) && GetLastError() == ERROR_BAD_EXE_FORMAT, "an empty file: error %lu",
       GetLastError());
    DeleteFileW(path);
    RemoveDirectoryW(folder);

    /* A dependency that is missing deep in the tree: 126, and nothing stays behind. */
    forget_events();
    SetLastError(0xdeadbeef);
    ok(!LoadLibraryW(L"loader_deep.dll") && GetLastError() == ERROR_MOD_NOT_FOUND,
       "loader_deep.dll: error %lu", GetLastError());
    todo_wine ok(!is_loaded(L"loader_deep.dll") && !is_loaded(L"loader_mid.dll") &&
                     !is_loaded(L"loader_leaf.dll") && !is_loaded(L"loader_orphan.dll"),
                 "modules are left of what could not be loaded");
    ok_events("");
}

static void test_delay_load(void)
{
    forget_events();
    ok(!is_loaded(L"loader_delayed.dll"), "loaded before its first use");
    ok(delayed_value() == 51, "by name");
    ok(is_loaded(L"loader_delayed.dll"), "loaded by its first use");
    ok_events("+delayed");
    ok(delayed_value() == 51, "again");
    ok(delayed_hidden() == 52, "by ordinal");
    ok_events("");
}

/* Two images with one preferred base: at most one of them lies there, both are sound. */
static void test_relocation(void)
{
    HMODULE modules[2] = {LoadLibraryW(L"loader_base_a.dll"), LoadLibraryW(L"loader_base_b.dll")};

    ok(modules[0] && modules[1] && modules[0] != modules[1], "at %p and %p", modules[0],
       modules[1]);
    for (int i = 0; i < 2; i++) {
        int *cell = (int *)(void *)GetProcAddress(modules[i], "base_cell");
        int **table = (int **)(void *)GetProcAddress(modules[i], "base_table");
        const void *(*address)(void) =
            (const void *(*)(void))(void *)GetProcAddress(modules[i], "base_address");
        const IMAGE_DOS_HEADER *dos = (const void *)modules[i];
        const IMAGE_NT_HEADERS64 *nt = (const void *)((const char *)dos + dos->e_lfanew);

        ok(*cell == 1234 && table[0] == cell && table[1] == cell && !table[2] && table[3] == cell,
           "image %d: table %p %p %p %p, cell %p", i, table[0], table[1], table[2], table[3],
           cell);
        ok(address() == (const void *)address, "image %d: its code's address", i);
        /* [W]: the header in memory tells where the image lies, not where it wished to. */
        todo_wine_if(i == 1)
            ok(nt->OptionalHeader.ImageBase == (ULONG_PTR)modules[i],
               "image %d: ImageBase %llx in memory, lies at %p", i, nt->OptionalHeader.ImageBase,
               modules[i]);
    }
    FreeLibrary(modules[0]);
    FreeLibrary(modules[1]);
}

CONFORMANCE("loader: imports and exports", test_names_and_ordinals, test_imports, test_forwards,
            test_api_sets, test_api_set_functions, test_load_errors, test_delay_load, test_relocation)
