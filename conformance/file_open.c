/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * CreateFile: dispositions and their last errors, share modes, rights, folders, deletion on close, attributes.
 *
 * Sources: [D] Microsoft's pages on CreateFile, DeleteFile, CreateDirectory, RemoveDirectory, SetFileAttributes;
 * [T] Wine's tests of files (dlls/kernel32/tests/file.c, directory.c; dlls/ntdll/tests/file.c), which pass on Windows.
 */
#define CONFORMANCE_CHILD(argc, argv) child(argc, argv)
static int child(int argc, char **argv);

#include "conformance.h"
#include "conformance_folder.h"

static HANDLE open_file(const char *name, DWORD access, DWORD sharing, DWORD disposition,
                        DWORD flags)
{
    SetLastError(0xdeadbeef);
    return CreateFileA(test_path(name), access, sharing, NULL, disposition, flags, NULL);
}

static void expect_failure(int line, HANDLE file, DWORD error)
{
    DWORD got = GetLastError();

    conformance_ok(line, file == INVALID_HANDLE_VALUE && got == error,
                   "handle %p, error %lu, expected %lu", file, got, error);
    if (file != INVALID_HANDLE_VALUE)
        CloseHandle(file);
}

static void expect_success(int line, HANDLE file, DWORD error)
{
    DWORD got = GetLastError();

    conformance_ok(line, file != INVALID_HANDLE_VALUE && got == error,
                   "handle %p, error %lu, expected %lu", file, got, error);
    if (file != INVALID_HANDLE_VALUE)
        CloseHandle(file);
}

#define fails(call, error)    expect_failure(__LINE__, call, error)
#define succeeds(call, error) expect_success(__LINE__, call, error)

static DWORD size_of(const char *name)
{
    WIN32_FILE_ATTRIBUTE_DATA data;

    return GetFileAttributesExA(test_path(name), GetFileExInfoStandard, &data) ? data.nFileSizeLow
                                                                              : 0xdeadbeef;
}

/* [D]: the last error of a success tells whether the file was there. */
static void test_dispositions(void)
{
    const DWORD all = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

    fails(open_file("a", GENERIC_READ, all, OPEN_EXISTING, 0), ERROR_FILE_NOT_FOUND);
    fails(open_file("a", GENERIC_WRITE, all, TRUNCATE_EXISTING, 0), ERROR_FILE_NOT_FOUND);
    succeeds(open_file("a", GENERIC_WRITE, all, CREATE_NEW, 0), 0);
    fails(open_file("a", GENERIC_WRITE, all, CREATE_NEW, 0), ERROR_FILE_EXISTS);
    succeeds(open_file("a", GENERIC_READ, all, OPEN_EXISTING, 0), 0);
    succeeds(open_file("a", GENERIC_READ, all, OPEN_ALWAYS, 0), ERROR_ALREADY_EXISTS);
    make_file(test_path("a"), "12345");
    ok(size_of("a") == 5, "size %lu", size_of("a"));
    succeeds(open_file("a", GENERIC_WRITE, all, CREATE_ALWAYS, 0), ERROR_ALREADY_EXISTS);
    ok(size_of("a") == 0, "size after CREATE_ALWAYS %lu", size_of("a"));
    make_file(test_path("a"), "12345");
    succeeds(open_file("a", GENERIC_WRITE, all, TRUNCATE_EXISTING, 0), 0);
    ok(size_of("a") == 0, "size after TRUNCATE_EXISTING %lu", size_of("a"));
    succeeds(open_file("b", GENERIC_WRITE, all, OPEN_ALWAYS, 0), 0);
    succeeds(open_file("c", GENERIC_WRITE, all, CREATE_ALWAYS, 0), 0);
    /* TRUNCATE_EXISTING needs GENERIC_WRITE [D]. */
    todo_wine fails(open_file("a", GENERIC_READ, all, TRUNCATE_EXISTING, 0), ERROR_INVALID_PARAMETER);
    fails(open_file("a", GENERIC_READ, all, 0, 0), ERROR_INVALID_PARAMETER);
    fails(open_file("a", GENERIC_READ, all, 6, 0), ERROR_INVALID_PARAMETER);
    SetLastError(0xdeadbeef);
    fails(CreateFileA("", GENERIC_READ, all, NULL, OPEN_EXISTING, 0, NULL), ERROR_PATH_NOT_FOUND);
    SetLastError(0xdeadbeef);
    fails(CreateFileW(NULL, GENERIC_READ, all, NULL, OPEN_EXISTING, 0, NULL),
          ERROR_PATH_NOT_FOUND);
    /* What is missing: the file, or a folder on the way. */
    fails(open_file("missing\\x", GENERIC_READ, all, OPEN_EXISTING, 0), ERROR_PATH_NOT_FOUND);
    fails(open_file("missing\\x", GENERIC_WRITE, all, CREATE_ALWAYS, 0), ERROR_PATH_NOT_FOUND);
    fails(open_file("a\\x", GENERIC_READ, all, OPEN_EXISTING, 0), ERROR_PATH_NOT_FOUND);
    fails(open_file("bad|name", GENERIC_WRITE, all, CREATE_ALWAYS, 0), ERROR_INVALID_NAME);
    fails(open_file("bad<name", GENERIC_WRITE, all, OPEN_EXISTING, 0), ERROR_INVALID_NAME);
    fails(open_file("what*", GENERIC_READ, all, OPEN_EXISTING, 0), ERROR_INVALID_NAME);
    SetLastError(0xdeadbeef);
    todo_wine fails(CreateFileA("q:\\x", GENERIC_READ, all, NULL, OPEN_EXISTING, 0, NULL),
                    ERROR_PATH_NOT_FOUND);
    /* With a backslash at the end a file cannot be opened [T]. */
    fails(open_file("a\\", GENERIC_READ, all, OPEN_EXISTING, 0), ERROR_INVALID_NAME);
    fails(open_file("d\\", GENERIC_WRITE, all, CREATE_NEW, 0), ERROR_INVALID_NAME);
}

/* --- Share modes --- */

/* Every pair: the second opening needs what the first shares, and must share what the first has [D]. */
static void test_sharing(void)
{
    static const DWORD rights[] = {0, GENERIC_READ, GENERIC_WRITE, DELETE,
                                   GENERIC_READ | GENERIC_WRITE | DELETE};
    static const DWORD needs[] = {0, FILE_SHARE_READ, FILE_SHARE_WRITE, FILE_SHARE_DELETE, 7};

    make_file(test_path("shared"), "x");
    for (int a = 0; a < 5; a++)
        for (DWORD share_a = 0; share_a < 8; share_a++) {
            HANDLE first = open_file("shared", rights[a], share_a, OPEN_EXISTING, 0);

            ok(first != INVALID_HANDLE_VALUE, "first %lx %lx: %lu", rights[a], share_a,
               GetLastError());
            for (int b = 0; b < 5; b++)
                for (DWORD share_b = 0; share_b < 8; share_b++) {
                    HANDLE second = open_file("shared", rights[b], share_b, OPEN_EXISTING, 0);
                    BOOL may = !needs[a] || !needs[b] ||
                               (!(needs[b] & ~share_a) && !(needs[a] & ~share_b));

                    if (may != (second != INVALID_HANDLE_VALUE) ||
                        (!may && GetLastError() != ERROR_SHARING_VIOLATION))
                        ok(0, "%lx sharing %lx, then %lx sharing %lx: %s, error %lu", rights[a],
                           share_a, rights[b], share_b,
                           second != INVALID_HANDLE_VALUE ? "opened" : "refused", GetLastError());
                    if (second != INVALID_HANDLE_VALUE)
                        CloseHandle(second);
                }
            CloseHandle(first);
        }
    /* The file is free again. */
    succeeds(open_file("shared", GENERIC_READ | GENERIC_WRITE, 0, OPEN_EXISTING, 0), 0);
    DeleteFileA(test_path("shared"));
}

static int child(int argc, char **argv)
{
    HANDLE file;

    if (argc < 3)
        return 1;
    file = CreateFileA(argv[2], GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    return file == INVALID_HANDLE_VALUE ? (int)GetLastError() : 0;
}

/* Share modes bind other processes as well. */
static void test_sharing_between_processes(void)
{
    STARTUPINFOA startup = {.cb = sizeof(startup)};
    char program[MAX_PATH], command[MAX_PATH * 3];
    static const struct {
        DWORD access, sharing, code;
    } cases[] = {{GENERIC_READ, 0, ERROR_SHARING_VIOLATION},
                 {GENERIC_READ, FILE_SHARE_READ, 0},
                 {GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, ERROR_SHARING_VIOLATION}};

    make_file(test_path("shared"), "x");
    GetModuleFileNameA(NULL, program, sizeof(program));
    snprintf(command, sizeof(command), "\"%s\" --child \"%s\"", program, test_path("shared"));
    for (int i = 0; i < 3; i++) {
        HANDLE file = open_file("shared", cases[i].access, cases[i].sharing, OPEN_EXISTING, 0);
        PROCESS_INFORMATION info;
        DWORD code = 0xdeadbeef;

        ok(file != INVALID_HANDLE_VALUE, "open: %lu", GetLastError());
        ok(CreateProcessA(NULL, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &info),
           "CreateProcess: %lu", GetLastError());
        WaitForSingleObject(info.hProcess, 30000);
        GetExitCodeProcess(info.hProcess, &code);
        ok(code == cases[i].code, "case %d: the other process got %lu, not %lu", i, code,
           cases[i].code);
        CloseHandle(info.hProcess);
        CloseHandle(info.hThread);
        CloseHandle(file);
    }
    DeleteFileA(test_path("shared"));
}

/* --- Rights --- */

static void test_rights(void)
{
    HANDLE file;
    char byte = 'x';
    DWORD count;

    make_file(test_path("rights"), "abc");
    file = open_file("rights", GENERIC_READ, 7, OPEN_EXISTING, 0);
    check_error(WriteFile(file, &byte, 1, &count, NULL), ERROR_ACCESS_DENIED);
    todo_wine check_error(SetEndOfFile(file), ERROR_ACCESS_DENIED);
    CloseHandle(file);
    file = open_file("rights", GENERIC_WRITE, 7, OPEN_EXISTING, 0);
    check_error(ReadFile(file, &byte, 1, &count, NULL), ERROR_ACCESS_DENIED);
    CloseHandle(file);
    /* No right at all: attributes may be asked [D]. */
    file = open_file("rights", 0, 7, OPEN_EXISTING, 0);
    ok(file != INVALID_HANDLE_VALUE && GetFileSize(file, NULL) == 3, "size by a handle without rights");
    check_error(ReadFile(file, &byte, 1, &count, NULL), ERROR_ACCESS_DENIED);
    CloseHandle(file);
    /* Appending alone: whatever the position, bytes go to the end [D]. */
    file = open_file("rights", FILE_APPEND_DATA, 7, OPEN_EXISTING, 0);
    SetFilePointer(file, 0, NULL, FILE_BEGIN);
    ok(WriteFile(file, "def", 3, &count, NULL) && count == 3, "appending: %lu", GetLastError());
    CloseHandle(file);
    ok(size_of("rights") == 6, "size after appending: %lu", size_of("rights"));
    DeleteFileA(test_path("rights"));
}

/* --- Folders --- */

static void test_folders(void)
{
    HANDLE folder;
    char byte;
    DWORD count;

    ok(CreateDirectoryA(test_path("folder"), NULL), "CreateDirectory: %lu", GetLastError());
    check_error(CreateDirectoryA(test_path("folder"), NULL), ERROR_ALREADY_EXISTS);
    check_error(CreateDirectoryA(test_path("none\\folder"), NULL), ERROR_PATH_NOT_FOUND);
    check_error(CreateDirectoryA("", NULL), ERROR_PATH_NOT_FOUND);
    make_file(test_path("file"), "x");
    check_error(CreateDirectoryA(test_path("file"), NULL), ERROR_ALREADY_EXISTS);
    check_error(CreateDirectoryA(test_path("file\\folder"), NULL), ERROR_PATH_NOT_FOUND);
    ok(CreateDirectoryA(test_path("slash\\"), NULL), "with a backslash: %lu", GetLastError());
    ok(RemoveDirectoryA(test_path("slash/")), "with a slash: %lu", GetLastError());

    /* A folder opens with FILE_FLAG_BACKUP_SEMANTICS alone [D]. */
    fails(open_file("folder", GENERIC_READ, 7, OPEN_EXISTING, 0), ERROR_ACCESS_DENIED);
    fails(open_file("folder", GENERIC_WRITE, 7, CREATE_ALWAYS, 0), ERROR_ACCESS_DENIED);
    fails(open_file("folder", GENERIC_WRITE, 7, CREATE_NEW, FILE_FLAG_BACKUP_SEMANTICS),
          ERROR_FILE_EXISTS);
    folder = open_file("folder", GENERIC_READ, 7, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS);
    ok(folder != INVALID_HANDLE_VALUE, "open: %lu", GetLastError());
    ok(GetFileType(folder) == FILE_TYPE_DISK, "type %lu", GetFileType(folder));
    check_error(ReadFile(folder, &byte, 1, &count, NULL), ERROR_INVALID_FUNCTION);
    CloseHandle(folder);
    succeeds(open_file("folder\\", GENERIC_READ, 7, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS), 0);

    check_error(DeleteFileA(test_path("folder")), ERROR_ACCESS_DENIED);
    check_error(RemoveDirectoryA(test_path("file")), ERROR_DIRECTORY);
    check_error(RemoveDirectoryA(test_path("none")), ERROR_FILE_NOT_FOUND);
    make_file(test_path("folder\\inside"), "x");
    check_error(RemoveDirectoryA(test_path("folder")), ERROR_DIR_NOT_EMPTY);
    DeleteFileA(test_path("folder\\inside"));
    ok(RemoveDirectoryA(test_path("folder")), "RemoveDirectory: %lu", GetLastError());
    DeleteFileA(test_path("file"));
}

/* --- Deletion --- */

static void test_deletion(void)
{
    FILE_DISPOSITION_INFO dispose = {TRUE};
    FILE_STANDARD_INFO info;
    HANDLE file, second;

    check_error(DeleteFileA(test_path("none")), ERROR_FILE_NOT_FOUND);
    check_error(DeleteFileA(test_path("none\\none")), ERROR_PATH_NOT_FOUND);
    /* An opening that does not share deletion stands in the way [D]. */
    make_file(test_path("doomed"), "x");
    file = open_file("doomed", GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, OPEN_EXISTING, 0);
    check_error(DeleteFileA(test_path("doomed")), ERROR_SHARING_VIOLATION);
    CloseHandle(file);
    /* Deleted when its last handle closes; until then no new opening [D: FILE_FLAG_DELETE_ON_CLOSE]. */
    file = open_file("doomed", GENERIC_READ | DELETE, 7, OPEN_EXISTING, FILE_FLAG_DELETE_ON_CLOSE);
    ok(file != INVALID_HANDLE_VALUE, "open: %lu", GetLastError());
    fails(open_file("doomed", GENERIC_READ, FILE_SHARE_READ, OPEN_EXISTING, 0),
          ERROR_SHARING_VIOLATION);
    second = open_file("doomed", GENERIC_READ, 7, OPEN_EXISTING, 0);
    ok(second != INVALID_HANDLE_VALUE, "second opening that shares: %lu", GetLastError());
    CloseHandle(file);
    todo_wine fails(open_file("doomed", GENERIC_READ, 7, OPEN_EXISTING, 0), ERROR_ACCESS_DENIED);
    CloseHandle(second);
    ok(GetFileAttributesA(test_path("doomed")) == INVALID_FILE_ATTRIBUTES, "it is still there");
    /* By its disposition, and taken back. */
    make_file(test_path("doomed"), "x");
    file = open_file("doomed", DELETE, 7, OPEN_EXISTING, 0);
    ok(SetFileInformationByHandle(file, FileDispositionInfo, &dispose, sizeof(dispose)),
       "disposition: %lu", GetLastError());
    todo_wine ok(GetFileInformationByHandleEx(file, FileStandardInfo, &info, sizeof(info)) &&
                     info.DeletePending,
                 "deletion does not pend");
    dispose.DeleteFile = FALSE;
    SetFileInformationByHandle(file, FileDispositionInfo, &dispose, sizeof(dispose));
    CloseHandle(file);
    ok(size_of("doomed") == 1, "a deletion that was taken back");
    /* Read-only files stay [D]. */
    SetFileAttributesA(test_path("doomed"), FILE_ATTRIBUTE_READONLY);
    check_error(DeleteFileA(test_path("doomed")), ERROR_ACCESS_DENIED);
    flaky_wine fails(open_file("doomed", GENERIC_WRITE, 7, OPEN_EXISTING, 0), ERROR_ACCESS_DENIED);
    flaky_wine fails(open_file("doomed", GENERIC_WRITE, 7, CREATE_ALWAYS, 0), ERROR_ACCESS_DENIED);
    succeeds(open_file("doomed", GENERIC_READ, 7, OPEN_EXISTING, 0), 0);
    SetFileAttributesA(test_path("doomed"), FILE_ATTRIBUTE_NORMAL);
    ok(DeleteFileA(test_path("doomed")), "DeleteFile: %lu", GetLastError());
}

/* --- Attributes --- */

static void test_attributes(void)
{
    DWORD attributes;
    HANDLE file;

    check_error(GetFileAttributesA(test_path("none")) != INVALID_FILE_ATTRIBUTES,
                ERROR_FILE_NOT_FOUND);
    check_error(GetFileAttributesA(test_path("none\\none")) != INVALID_FILE_ATTRIBUTES,
                ERROR_PATH_NOT_FOUND);
    make_file(test_path("plain"), "x");
    attributes = GetFileAttributesA(test_path("plain"));
    ok((attributes & ~FILE_ATTRIBUTE_NOT_CONTENT_INDEXED) == FILE_ATTRIBUTE_ARCHIVE,
       "a new file's attributes: %lx", attributes);
    attributes = GetFileAttributesA(test_folder());
    ok((attributes & ~FILE_ATTRIBUTE_NOT_CONTENT_INDEXED) == FILE_ATTRIBUTE_DIRECTORY,
       "a folder's attributes: %lx", attributes);
    for (DWORD bits = 1; bits < 8; bits++) {
        ok(SetFileAttributesA(test_path("plain"), bits), "set %lx: %lu", bits, GetLastError());
        attributes = GetFileAttributesA(test_path("plain"));
        todo_wine ok((attributes & ~FILE_ATTRIBUTE_NOT_CONTENT_INDEXED) == bits, "set %lx, got %lx", bits,
                     attributes);
    }
    ok(SetFileAttributesA(test_path("plain"), FILE_ATTRIBUTE_NORMAL), "set: %lu", GetLastError());
    attributes = GetFileAttributesA(test_path("plain"));
    todo_wine ok((attributes & ~FILE_ATTRIBUTE_NOT_CONTENT_INDEXED) == FILE_ATTRIBUTE_NORMAL,
                 "none of them: %lx", attributes);
    check_error(SetFileAttributesA(test_path("none"), FILE_ATTRIBUTE_NORMAL), ERROR_FILE_NOT_FOUND);
    DeleteFileA(test_path("plain"));

    /* Attributes at creation. CREATE_ALWAYS fails when it would lose "hidden" or "system" [D]. */
    file = open_file("hidden", GENERIC_WRITE, 0, CREATE_NEW, FILE_ATTRIBUTE_HIDDEN);
    CloseHandle(file);
    attributes = GetFileAttributesA(test_path("hidden"));
    ok((attributes & ~FILE_ATTRIBUTE_NOT_CONTENT_INDEXED) ==
           (FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_ARCHIVE),
       "created hidden: %lx", attributes);
    todo_wine fails(open_file("hidden", GENERIC_WRITE, 0, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL),
                    ERROR_ACCESS_DENIED);
    succeeds(open_file("hidden", GENERIC_WRITE, 0, CREATE_ALWAYS, FILE_ATTRIBUTE_HIDDEN),
             ERROR_ALREADY_EXISTS);
    ok(DeleteFileA(test_path("hidden")), "DeleteFile: %lu", GetLastError());
    file = open_file("readonly", GENERIC_WRITE, 0, CREATE_NEW, FILE_ATTRIBUTE_READONLY);
    ok(file != INVALID_HANDLE_VALUE, "created read-only: %lu", GetLastError());
    CloseHandle(file);
    attributes = GetFileAttributesA(test_path("readonly"));
    ok(attributes & FILE_ATTRIBUTE_READONLY, "created read-only: %lx", attributes);
    SetFileAttributesA(test_path("readonly"), FILE_ATTRIBUTE_NORMAL);
    DeleteFileA(test_path("readonly"));
}

/* --- Devices --- */

static void test_devices(void)
{
    HANDLE file;
    char byte = 'x';
    DWORD count;

    file = CreateFileA("NUL", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    ok(file != INVALID_HANDLE_VALUE, "NUL: %lu", GetLastError());
    ok(GetFileType(file) == FILE_TYPE_CHAR, "type of NUL: %lu", GetFileType(file));
    ok(WriteFile(file, &byte, 1, &count, NULL) && count == 1, "writing to NUL: %lu",
       GetLastError());
    ok(ReadFile(file, &byte, 1, &count, NULL) && count == 0, "reading NUL: %lu", GetLastError());
    CloseHandle(file);
    succeeds(CreateFileA("\\\\.\\NUL", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL), 0);
    succeeds(CreateFileA("nul", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL), 0);
    SetLastError(0xdeadbeef);
    fails(CreateFileA("COM9", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL), ERROR_FILE_NOT_FOUND);
    SetLastError(0xdeadbeef);
    fails(CreateFileA("\\\\.\\no such device", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL),
          ERROR_FILE_NOT_FOUND);
}

CONFORMANCE("files: opening", test_dispositions, test_sharing, test_sharing_between_processes,
            test_rights, test_folders, test_deletion, test_attributes, test_devices)
