/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Names: full paths, prefixes, long paths, the current folder, drives and volumes, the path of a handle.
 *
 * Sources: [D] "Naming Files, Paths, and Namespaces", "File path formats on Windows systems", Microsoft's pages on
 * GetFullPathName, GetFinalPathNameByHandle, GetVolumeInformation, GetDriveType, QueryDosDevice; [T] Wine's tests
 * (dlls/kernel32/tests/path.c, dlls/ntdll/tests/path.c), which pass on Windows.
 */
#include "conformance.h"
#include "conformance_folder.h"

static void test_full_paths(void)
{
    static const struct {
        const WCHAR *name, *full, *file;
        BOOL differs_on_wine, its_file_too;
    } cases[] = {
        {L"C:\\a\\b", L"C:\\a\\b", L"b"},
        {L"c:/a/b", L"c:\\a\\b", L"b"},
        {L"C:\\a\\.\\b", L"C:\\a\\b", L"b"},
        {L"C:\\a\\..\\b", L"C:\\b", L"b"},
        {L"C:\\..\\..\\b", L"C:\\b", L"b"},
        {L"C:\\a\\\\b", L"C:\\a\\b", L"b"},
        {L"C:\\a\\b\\", L"C:\\a\\b\\", NULL},
        {L"C:\\", L"C:\\", NULL},
        {L"C:\\a.", L"C:\\a", L"a"},
        {L"C:\\a. .", L"C:\\a", L"a"},
        {L"C:\\a ", L"C:\\a", L"a"},
        {L"C:\\a..\\b", L"C:\\a..\\b", L"b", TRUE},
        {L"C:\\a.\\b", L"C:\\a\\b", L"b"},
        {L"C:\\...", L"C:\\", NULL},
        {L"C:\\a\\...\\b", L"C:\\a\\...\\b", L"b", TRUE},
        {L"\\a", L"C:\\a", L"a"},
        {L"/a", L"C:\\a", L"a", TRUE}, /* Wine: Linux' /a */
        {L"a", L"C:\\windows\\a", L"a"},
        {L".", L"C:\\windows", L"windows"},
        {L"..", L"C:\\", NULL},
        {L"..\\a", L"C:\\a", L"a"},
        {L"C:a", L"C:\\windows\\a", L"a"},
        {L"C:", L"C:\\windows", L"windows", TRUE, TRUE},
        {L"\\\\server\\share\\a", L"\\\\server\\share\\a", L"a"},
        {L"\\\\server\\share\\..\\a", L"\\\\server\\share\\a", L"a"},
        {L"//server/share/a", L"\\\\server\\share\\a", L"a"},
        {L"\\\\.\\pipe\\a", L"\\\\.\\pipe\\a", L"a"},
        {L"\\\\?\\C:\\a\\..\\b", L"\\\\?\\C:\\b", L"b"},
        {L"nul", L"\\\\.\\nul", NULL},
        {L"C:\\a\\NUL", L"\\\\.\\NUL", NULL},
        {L"con", L"\\\\.\\con", NULL},
        {L"com1", L"\\\\.\\com1", NULL},
        {L"com10", L"C:\\windows\\com10", L"com10"},
        {L"C:\\a*b?", L"C:\\a*b?", L"a*b?"},
    };
    WCHAR folder[MAX_PATH], full[MAX_PATH], *file;

    GetCurrentDirectoryW(MAX_PATH, folder);
    ok(SetCurrentDirectoryW(L"C:\\windows"), "SetCurrentDirectory: %lu", GetLastError());
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        DWORD length;

        file = (WCHAR *)0xdeadbeef;
        length = GetFullPathNameW(cases[i].name, MAX_PATH, full, &file);
        todo_wine_if(cases[i].differs_on_wine)
            ok(length == wcslen(full) && !wcsicmp(full, cases[i].full), "%ls: %ls, expected %ls",
               cases[i].name, full, cases[i].full);
        todo_wine_if(cases[i].its_file_too)
            ok(cases[i].file ? file && file != (WCHAR *)0xdeadbeef && !wcsicmp(file, cases[i].file)
                             : !file,
               "%ls: file part %ls", cases[i].name, file ? file : L"none");
        /* Too short a buffer: the room that is needed, with the terminator [D]. */
        full[0] = 'x';
        ok(GetFullPathNameW(cases[i].name, 2, full, NULL) == length + 1 && full[0] == 'x',
           "%ls: a short buffer", cases[i].name);
    }
    ok(GetFullPathNameW(L"", MAX_PATH, full, NULL) == 0, "a full path of nothing");
    SetCurrentDirectoryW(folder);
}

static void test_current_folder(void)
{
    WCHAR folder[MAX_PATH], text[MAX_PATH];

    GetCurrentDirectoryW(MAX_PATH, folder);
    CreateDirectoryA(test_path("inner"), NULL);
    make_file(test_path("file"), "x");
    ok(SetCurrentDirectoryA(test_path("inner\\")), "SetCurrentDirectory: %lu", GetLastError());
    GetCurrentDirectoryW(MAX_PATH, text);
    ok(text[wcslen(text) - 1] != '\\', "it ends with a backslash: %ls", text);
    ok(GetCurrentDirectoryW(0, NULL) == wcslen(text) + 1, "the room needed");
    make_file("relative", "x");
    ok(GetFileAttributesA(test_path("inner\\relative")) != INVALID_FILE_ATTRIBUTES,
       "a relative name leads elsewhere");
    ok(GetFileAttributesA("..\\file") != INVALID_FILE_ATTRIBUTES, "the parent: %lu",
       GetLastError());
    /* Failing leaves it. */
    check_error(SetCurrentDirectoryA("none"), ERROR_FILE_NOT_FOUND);
    check_error(SetCurrentDirectoryA("none\\none"), ERROR_PATH_NOT_FOUND);
    check_error(SetCurrentDirectoryA("relative"), ERROR_DIRECTORY);
    check_error(SetCurrentDirectoryA(""), ERROR_INVALID_NAME);
    DeleteFileA("relative");
    SetCurrentDirectoryW(folder);
    DeleteFileA(test_path("file"));
    RemoveDirectoryA(test_path("inner"));
    /* Another drive's folder is in "=X:" [D: the C runtime sets it]. */
    SetEnvironmentVariableW(L"=Q:", L"Q:\\some\\where");
    GetFullPathNameW(L"q:x", MAX_PATH, text, NULL);
    ok(!wcsicmp(text, L"q:\\some\\where\\x"), "q:x is %ls", text);
    SetEnvironmentVariableW(L"=Q:", NULL);
    GetFullPathNameW(L"q:x", MAX_PATH, text, NULL);
    ok(!wcsicmp(text, L"q:\\x"), "q:x is %ls", text);
}

/* Dots and blanks at the end, slashes and prefixes as programs meet them. */
static void test_spellings(void)
{
    WCHAR path[MAX_PATH * 2], *end;

    make_file(test_path("spelled"), "x");
    ok(GetFileAttributesA(test_path("spelled.")) != INVALID_FILE_ATTRIBUTES, "a dot: %lu",
       GetLastError());
    ok(GetFileAttributesA(test_path("spelled . ")) != INVALID_FILE_ATTRIBUTES, "blanks: %lu",
       GetLastError());
    ok(GetFileAttributesA(test_path(".\\x\\..\\.\\spelled")) != INVALID_FILE_ATTRIBUTES,
       "dots: %lu", GetLastError());
    wcscpy(path, L"\\\\?\\");
    wcscat(path, test_path_wide(L"spelled"));
    ok(GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES, "\\\\?\\: %lu", GetLastError());
    path[2] = '.';
    ok(GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES, "\\\\.\\: %lu", GetLastError());
    /* With \\?\ the name is taken as it is: a slash or dots in it are none that exist [D]. */
    path[2] = '?';
    end = wcsrchr(path, '\\');
    wcscpy(end, L"\\.\\spelled");
    check_error(GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES, ERROR_INVALID_NAME);
    wcscpy(end, L"/spelled");
    check_error(GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES, ERROR_INVALID_NAME);
    DeleteFileA(test_path("spelled"));
    /* Other machines: no network here or there. */
    SetLastError(0xdeadbeef);
    todo_wine ok(GetFileAttributesA("\\\\no.such.server.invalid\\share\\x") == INVALID_FILE_ATTRIBUTES &&
                     (GetLastError() == ERROR_BAD_NETPATH || GetLastError() == ERROR_BAD_NET_NAME),
                 "a server: %lu", GetLastError());
}

static void test_long_paths(void)
{
    WCHAR path[1200], name[128];
    HANDLE file;
    size_t base;
    int depth = 0;

    wcscpy(path, L"\\\\?\\");
    wcscat(path, test_path_wide(L"deep"));
    base = wcslen(path);
    for (int i = 0; i < 100; i++)
        name[i] = (WCHAR)('a' + i % 26);
    name[100] = 0;
    do {
        ok(CreateDirectoryW(path, NULL), "folder %d: %lu", depth, GetLastError());
        wcscat(path, L"\\");
        wcscat(path, name);
    } while (++depth < 8);
    file = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_NEW, 0, NULL);
    ok(file != INVALID_HANDLE_VALUE, "%u characters: %lu", (unsigned)wcslen(path), GetLastError());
    CloseHandle(file);
    ok(GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES, "attributes: %lu", GetLastError());
    ok(DeleteFileW(path), "DeleteFile: %lu", GetLastError());
    while (wcslen(path) > base) {
        *wcsrchr(path, '\\') = 0;
        ok(RemoveDirectoryW(path), "RemoveDirectory: %lu", GetLastError());
    }
    /* One component has 255 characters at most [D]. */
    wcscpy(wcsrchr(path, '\\'), L"\\");
    for (int i = 0; i < 256; i++)
        wcscat(path, L"x");
    todo_wine check_error(CreateDirectoryW(path, NULL), ERROR_INVALID_NAME);
}

static void test_final_paths(void)
{
    WCHAR path[MAX_PATH * 2], expected[MAX_PATH * 2];
    HANDLE file;
    DWORD length;

    make_file(test_path("Final.Txt"), "x");
    file = CreateFileA(test_path("fINAL.tXT"), 0, 7, NULL, OPEN_EXISTING, 0, NULL);
    ok(file != INVALID_HANDLE_VALUE, "open: %lu", GetLastError());
    GetLongPathNameW(test_path_wide(L"Final.Txt"), expected, MAX_PATH);
    length = GetFinalPathNameByHandleW(file, path, MAX_PATH * 2, 0);
    ok(length == wcslen(path) && !wcsncmp(path, L"\\\\?\\", 4) && !wcsicmp(path + 4, expected),
       "%ls, not %ls, error %lu", path, expected, GetLastError());
    ok(!wcscmp(path + wcslen(path) - 9, L"Final.Txt"), "its case: %ls", path);
    ok(GetFinalPathNameByHandleW(file, path, 2, 0) == length + 1, "the room needed");
    ok(GetFinalPathNameByHandleW(file, path, MAX_PATH * 2, VOLUME_NAME_NONE) &&
           !wcsicmp(path, expected + 2),
       "without the volume: %ls", path);
    ok(GetFinalPathNameByHandleW(file, path, MAX_PATH * 2, VOLUME_NAME_NT) &&
           !wcsncmp(path, L"\\Device\\", 8),
       "NT's name: %ls", path);
    CloseHandle(file);
    DeleteFileA(test_path("Final.Txt"));
    check_error(GetLongPathNameW(test_path_wide(L"none"), path, MAX_PATH), ERROR_FILE_NOT_FOUND);
    check_error(GetShortPathNameW(test_path_wide(L"none"), path, MAX_PATH), ERROR_FILE_NOT_FOUND);
}

static void test_volumes(void)
{
    ULARGE_INTEGER available, total, unused;
    WCHAR label[MAX_PATH], system[MAX_PATH];
    DWORD serial, component, flags, sectors, bytes, clusters, all;

    ok(GetDriveTypeW(L"C:\\") == DRIVE_FIXED, "C: is %u", GetDriveTypeW(L"C:\\"));
    ok(GetDriveTypeW(L"Q:\\") == DRIVE_NO_ROOT_DIR, "Q: is %u", GetDriveTypeW(L"Q:\\"));
    ok(GetLogicalDrives() & 4, "drives %lx", GetLogicalDrives());
    ok(GetVolumeInformationW(L"C:\\", label, MAX_PATH, &serial, &component, &flags, system,
                             MAX_PATH) &&
           component == 255 && !wcscmp(system, L"NTFS") && flags & FILE_CASE_PRESERVED_NAMES,
       "volume: %ls, %lu, %lx, error %lu", system, component, flags, GetLastError());
    check_error(GetVolumeInformationW(L"C:\\windows\\", NULL, 0, NULL, NULL, NULL, NULL, 0),
                ERROR_DIR_NOT_ROOT);
    ok(GetDiskFreeSpaceExW(L"C:\\", &available, &total, &unused) && total.QuadPart &&
           available.QuadPart <= total.QuadPart,
       "space: error %lu", GetLastError());
    ok(GetDiskFreeSpaceW(L"C:\\", &sectors, &bytes, &clusters, &all) && sectors && bytes == 512 &&
           clusters <= all,
       "clusters: %lu of %lu bytes, error %lu", sectors, bytes, GetLastError());
    ok(GetDiskFreeSpaceExA(test_folder(), &available, &total, NULL), "by folder: %lu",
       GetLastError());
    ok(QueryDosDeviceW(L"C:", label, MAX_PATH) && !wcsncmp(label, L"\\Device\\", 8), "C: is %ls",
       label);
    check_error(QueryDosDeviceW(L"Q:", label, MAX_PATH), ERROR_FILE_NOT_FOUND);
    ok(GetVolumePathNameA(test_folder(), (char *)label, MAX_PATH), "GetVolumePathName: %lu",
       GetLastError());
}

static void test_temporary_names(void)
{
    char path[MAX_PATH], name[MAX_PATH], folder[MAX_PATH];
    UINT number;

    ok(GetTempPathA(MAX_PATH, path) == strlen(path) && path[strlen(path) - 1] == '\\',
       "GetTempPath: %s", path);
    ok(GetTempPathA(2, name) == strlen(path) + 1, "the room needed");
    strcpy(folder, test_folder());
    number = GetTempFileNameA(folder, "prefix", 0, name);
    ok(number && GetFileAttributesA(name) != INVALID_FILE_ATTRIBUTES, "GetTempFileName: %lu",
       GetLastError());
    ok(!strncmp(name + strlen(folder), "\\pre", 4) && !_stricmp(name + strlen(name) - 4, ".tmp"),
       "its form: %s", name);
    DeleteFileA(name);
    /* With a number the file is not made [D]. */
    ok(GetTempFileNameA(folder, "x", 0x1234, name) == 0x1234 &&
           GetFileAttributesA(name) == INVALID_FILE_ATTRIBUTES &&
           !_stricmp(name + strlen(folder), "\\x1234.tmp"),
       "with a number: %s", name);
    check_error(GetTempFileNameA(test_path("none"), "x", 0, name), ERROR_DIRECTORY);
}

CONFORMANCE("files: names", test_full_paths, test_current_folder, test_spellings, test_long_paths,
            test_final_paths, test_volumes, test_temporary_names)
