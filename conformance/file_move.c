/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Moving, copying and replacing files, hard links.
 *
 * Sources: [D] Microsoft's pages on MoveFileEx, CopyFileEx, ReplaceFile, CreateHardLink, SetFileInformationByHandle;
 * [T] Wine's test_CopyFile, test_MoveFile, test_ReplaceFile (dlls/kernel32/tests/file.c), which pass on Windows.
 */
#include "conformance.h"
#include "conformance_folder.h"

static const char *contents(const char *name)
{
    static char text[64];
    HANDLE file = CreateFileA(test_path(name), GENERIC_READ, 7, NULL, OPEN_EXISTING, 0, NULL);
    DWORD count = 0;

    if (file == INVALID_HANDLE_VALUE)
        return "(none)";
    ReadFile(file, text, sizeof(text) - 1, &count, NULL);
    text[count] = 0;
    CloseHandle(file);
    return text;
}

static BOOL exists(const char *name)
{
    return GetFileAttributesA(test_path(name)) != INVALID_FILE_ATTRIBUTES;
}

#define holds(name, text) ok(!strcmp(contents(name), text), "%s holds \"%s\"", name, contents(name))

static void test_moving(void)
{
    HANDLE file;

    make_file(test_path("a"), "aaa");
    make_file(test_path("b"), "b");
    CreateDirectoryA(test_path("folder"), NULL);
    check_error(MoveFileA(test_path("none"), test_path2("x")), ERROR_FILE_NOT_FOUND);
    check_error(MoveFileA(test_path("none\\none"), test_path2("x")), ERROR_PATH_NOT_FOUND);
    check_error(MoveFileA(test_path("a"), test_path2("none\\x")), ERROR_PATH_NOT_FOUND);
    check_error(MoveFileA(test_path("a"), test_path2("b")), ERROR_ALREADY_EXISTS);
    check_error(MoveFileA(test_path("a"), test_path2("folder")), ERROR_ALREADY_EXISTS);
    check_error(MoveFileA(test_path("a"), test_path2("x|y")), ERROR_INVALID_NAME);
    holds("a", "aaa");
    holds("b", "b");
    ok(MoveFileExA(test_path("a"), test_path2("b"), MOVEFILE_REPLACE_EXISTING), "replacing: %lu",
       GetLastError());
    holds("b", "aaa");
    ok(!exists("a"), "the source is still there");
    /* A folder cannot be replaced [D]. */
    check_error(MoveFileExA(test_path("b"), test_path2("folder"), MOVEFILE_REPLACE_EXISTING),
                ERROR_ACCESS_DENIED);
    /* Nor what is read-only [T]. */
    make_file(test_path("a"), "new");
    SetFileAttributesA(test_path("b"), FILE_ATTRIBUTE_READONLY);
    todo_wine check_error(MoveFileExA(test_path("a"), test_path2("b"), MOVEFILE_REPLACE_EXISTING),
                          ERROR_ACCESS_DENIED);
    /* A read-only file itself can be moved. */
    ok(MoveFileA(test_path("b"), test_path2("c")), "a read-only file: %lu", GetLastError());
    SetFileAttributesA(test_path("c"), FILE_ATTRIBUTE_NORMAL);
    /* What somebody has open without sharing deletion stays. */
    file = CreateFileA(test_path("a"), GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    todo_wine check_error(MoveFileA(test_path("a"), test_path2("d")), ERROR_SHARING_VIOLATION);
    todo_wine check_error(MoveFileExA(test_path("c"), test_path2("a"), MOVEFILE_REPLACE_EXISTING),
                          ERROR_ACCESS_DENIED);
    CloseHandle(file);
    /* To itself, and a folder with what is in it. */
    ok(MoveFileA(test_path("a"), test_path2("a")), "to itself: %lu", GetLastError());
    make_file(test_path("folder\\inside"), "x");
    ok(MoveFileA(test_path("folder"), test_path2("moved")), "a folder: %lu", GetLastError());
    ok(exists("moved\\inside") && !exists("folder"), "its contents");
    DeleteFileA(test_path("moved\\inside"));
    RemoveDirectoryA(test_path("moved"));
    DeleteFileA(test_path("a"));
    DeleteFileA(test_path("c"));
}

static DWORD progress_calls;
static LARGE_INTEGER progress_last, progress_size;

static DWORD CALLBACK progress(LARGE_INTEGER size, LARGE_INTEGER done, LARGE_INTEGER stream_size,
                               LARGE_INTEGER stream_done, DWORD stream, DWORD reason, HANDLE from,
                               HANDLE to, void *answer)
{
    ok(size.QuadPart == stream_size.QuadPart && done.QuadPart == stream_done.QuadPart &&
           stream == 1 && from && to,
       "stream %lu, %lld of %lld", stream, done.QuadPart, size.QuadPart);
    ok(reason == (progress_calls ? CALLBACK_CHUNK_FINISHED : CALLBACK_STREAM_SWITCH), "reason %lu",
       reason);
    progress_calls++;
    progress_last = done;
    progress_size = size;
    return (DWORD)(ULONG_PTR)answer;
}

static void test_copying(void)
{
    FILETIME then = {0x12345678, 0x01c00000}, got;
    HANDLE file;
    BOOL cancel = FALSE;

    make_file(test_path("source"), "12345");
    file = CreateFileA(test_path("source"), FILE_WRITE_ATTRIBUTES, 7, NULL, OPEN_EXISTING, 0, NULL);
    SetFileTime(file, NULL, NULL, &then);
    CloseHandle(file);
    SetFileAttributesA(test_path("source"), FILE_ATTRIBUTE_HIDDEN);
    ok(CopyFileA(test_path("source"), test_path2("target"), TRUE), "CopyFile: %lu", GetLastError());
    holds("target", "12345");
    /* Attributes and the time of the last write come along [D]. */
    ok((GetFileAttributesA(test_path("target")) & 7) == FILE_ATTRIBUTE_HIDDEN, "attributes %lx",
       GetFileAttributesA(test_path("target")));
    file = CreateFileA(test_path("target"), 0, 7, NULL, OPEN_EXISTING, 0, NULL);
    GetFileTime(file, NULL, NULL, &got);
    CloseHandle(file);
    ok(got.dwHighDateTime == then.dwHighDateTime &&
           got.dwLowDateTime / 100 == then.dwLowDateTime / 100,
       "write time %lx%08lx", got.dwHighDateTime, got.dwLowDateTime);
    check_error(CopyFileA(test_path("source"), test_path2("target"), TRUE), ERROR_FILE_EXISTS);
    check_error(CopyFileA(test_path("none"), test_path2("target"), FALSE), ERROR_FILE_NOT_FOUND);
    holds("target", "12345");
    check_error(CopyFileA(test_path("source"), test_path2("none\\x"), FALSE), ERROR_PATH_NOT_FOUND);
    check_error(CopyFileA(test_path("source"), test_path2("source"), FALSE),
                ERROR_SHARING_VIOLATION);
    holds("source", "12345");
    SetFileAttributesA(test_path("source"), FILE_ATTRIBUTE_NORMAL);
    SetFileAttributesA(test_path("target"), FILE_ATTRIBUTE_READONLY);
    flaky_wine check_error(CopyFileA(test_path("source"), test_path2("target"), FALSE), ERROR_ACCESS_DENIED);
    SetFileAttributesA(test_path("target"), FILE_ATTRIBUTE_NORMAL);
    ok(CopyFileExA(test_path("source"), test_path2("target"), progress, (void *)PROGRESS_CONTINUE,
                   &cancel, 0),
       "CopyFileEx: %lu", GetLastError());
    todo_wine ok(progress_calls >= 2 && progress_last.QuadPart == 5 && progress_size.QuadPart == 5,
                 "%lu calls, %lld of %lld", progress_calls, progress_last.QuadPart, progress_size.QuadPart);
    /* Cancelling removes the target [D]. */
    progress_calls = 0;
    todo_wine check_error(CopyFileExA(test_path("source"), test_path2("target"), progress,
                                      (void *)PROGRESS_CANCEL, &cancel, 0),
                          ERROR_REQUEST_ABORTED);
    todo_wine ok(!exists("target"), "a cancelled target is still there");
    DeleteFileA(test_path("source"));
    CreateDirectoryA(test_path("folder"), NULL);
    check_error(CopyFileA(test_path("folder"), test_path2("x"), FALSE), ERROR_ACCESS_DENIED);
    RemoveDirectoryA(test_path("folder"));
}

static BOOL replace(const char *replaced, const char *replacement, const char *backup)
{
    char first[MAX_PATH], second[MAX_PATH], third[MAX_PATH];

    strcpy(first, test_path(replaced));
    strcpy(second, test_path(replacement));
    strcpy(third, test_path(backup ? backup : ""));
    return ReplaceFileA(first, second, backup ? third : NULL, 0, NULL, NULL);
}

static void test_replacing(void)
{
    make_file(test_path("old"), "old");
    make_file(test_path("new"), "new");
    ok(replace("old", "new", "backup"), "ReplaceFile: %lu", GetLastError());
    holds("old", "new");
    holds("backup", "old");
    ok(!exists("new"), "the replacement is still there");
    check_error(replace("old", "none", NULL), ERROR_FILE_NOT_FOUND);
    holds("old", "new");
    make_file(test_path("new"), "newer");
    check_error(replace("none", "new", NULL), ERROR_FILE_NOT_FOUND);
    holds("new", "newer");
    ok(replace("old", "new", NULL), "without a backup: %lu", GetLastError());
    holds("old", "newer");
    check_error(ReplaceFileA(NULL, "x", NULL, 0, NULL, NULL), ERROR_INVALID_PARAMETER);
    DeleteFileA(test_path("old"));
    DeleteFileA(test_path("backup"));
}

static void test_links(void)
{
    BY_HANDLE_FILE_INFORMATION first, second;
    HANDLE file;

    make_file(test_path("one"), "shared");
    ok(CreateHardLinkA(test_path("two"), test_path2("one"), NULL), "CreateHardLink: %lu",
       GetLastError());
    holds("two", "shared");
    check_error(CreateHardLinkA(test_path("two"), test_path2("one"), NULL), ERROR_ALREADY_EXISTS);
    check_error(CreateHardLinkA(test_path("three"), test_path2("none"), NULL), ERROR_FILE_NOT_FOUND);
    file = CreateFileA(test_path("one"), 0, 7, NULL, OPEN_EXISTING, 0, NULL);
    ok(GetFileInformationByHandle(file, &first), "information: %lu", GetLastError());
    CloseHandle(file);
    file = CreateFileA(test_path("two"), 0, 7, NULL, OPEN_EXISTING, 0, NULL);
    GetFileInformationByHandle(file, &second);
    CloseHandle(file);
    ok(first.nNumberOfLinks == 2 && second.nNumberOfLinks == 2, "%lu and %lu links",
       first.nNumberOfLinks, second.nNumberOfLinks);
    ok(first.nFileIndexLow == second.nFileIndexLow && first.nFileIndexHigh == second.nFileIndexHigh &&
           first.dwVolumeSerialNumber == second.dwVolumeSerialNumber,
       "they are two files");
    DeleteFileA(test_path("one"));
    holds("two", "shared");
    DeleteFileA(test_path("two"));
}

/* By handle: the name in the same folder, or a whole one. */
static void test_renaming_by_handle(void)
{
    char buffer[sizeof(FILE_RENAME_INFO) + 1024] = {0};
    FILE_RENAME_INFO *info = (FILE_RENAME_INFO *)buffer;
    HANDLE file;

    make_file(test_path("before"), "x");
    make_file(test_path("taken"), "y");
    file = CreateFileA(test_path("before"), DELETE, 7, NULL, OPEN_EXISTING, 0, NULL);
    wcscpy(info->FileName, test_path_wide(L"taken"));
    info->FileNameLength = (DWORD)(wcslen(info->FileName) * sizeof(WCHAR));
    check_error(SetFileInformationByHandle(file, FileRenameInfo, info, sizeof(buffer)),
                ERROR_ALREADY_EXISTS);
    info->ReplaceIfExists = TRUE;
    ok(SetFileInformationByHandle(file, FileRenameInfo, info, sizeof(buffer)), "replacing: %lu",
       GetLastError());
    info->ReplaceIfExists = FALSE;
    wcscpy(info->FileName, test_path_wide(L"after"));
    info->FileNameLength = (DWORD)(wcslen(info->FileName) * sizeof(WCHAR));
    ok(SetFileInformationByHandle(file, FileRenameInfo, info, sizeof(buffer)), "again: %lu",
       GetLastError());
    CloseHandle(file);
    holds("after", "x");
    ok(!exists("before") && !exists("taken"), "old names are left");
    DeleteFileA(test_path("after"));
}

CONFORMANCE("files: moving", test_moving, test_copying, test_replacing, test_links,
            test_renaming_by_handle)
