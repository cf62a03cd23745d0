/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * For the conformance programs about files: a fresh folder below TEMP, removed at the end with all that is in it,
 * and checks that name the last error.
 */
#ifndef DECANT_CONFORMANCE_FOLDER_H
#define DECANT_CONFORMANCE_FOLDER_H

#include "conformance.h"

/* A call that must fail with this last error. */
#define check_error(call, expected)                                                                \
    do {                                                                                           \
        BOOL done_;                                                                                \
        DWORD error_;                                                                              \
                                                                                                   \
        SetLastError(0xdeadbeef);                                                                  \
        done_ = !!(call);                                                                          \
        error_ = GetLastError();                                                                   \
        ok(!done_ && error_ == (expected), "%s: %s, error %lu, expected %s", #call,                \
           done_ ? "success" : "failure", error_, #expected);                                      \
    } while (0)

static inline void remove_tree(const char *folder)
{
    char pattern[MAX_PATH * 2], path[MAX_PATH * 2];
    WIN32_FIND_DATAA data;
    HANDLE find;

    snprintf(pattern, sizeof(pattern), "%s\\*", folder);
    find = FindFirstFileA(pattern, &data);
    if (find != INVALID_HANDLE_VALUE) {
        do {
            if (!strcmp(data.cFileName, ".") || !strcmp(data.cFileName, ".."))
                continue;
            snprintf(path, sizeof(path), "%s\\%s", folder, data.cFileName);
            if (data.dwFileAttributes & FILE_ATTRIBUTE_READONLY)
                SetFileAttributesA(path, FILE_ATTRIBUTE_NORMAL);
            if (data.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)
                remove_tree(path);
            else
                DeleteFileA(path);
        } while (FindNextFileA(find, &data));
        FindClose(find);
    }
    RemoveDirectoryA(folder);
}

static char test_folder_path[MAX_PATH];

static inline void test_folder_remove(void)
{
    remove_tree(test_folder_path);
}

/* Without a backslash at its end. */
static inline const char *test_folder(void)
{
    if (!test_folder_path[0]) {
        char temp[MAX_PATH];

        GetTempPathA(sizeof(temp), temp);
        GetTempFileNameA(temp, "dec", 0, test_folder_path);
        DeleteFileA(test_folder_path);
        CreateDirectoryA(test_folder_path, NULL);
        atexit(test_folder_remove);
    }
    return test_folder_path;
}

/* The path of a name in the folder, valid until the next call; the second is for calls that take two. */
static inline const char *test_path(const char *name)
{
    static char path[MAX_PATH * 2];

    snprintf(path, sizeof(path), "%s\\%s", test_folder(), name);
    return path;
}

static inline const char *test_path2(const char *name)
{
    static char path[MAX_PATH * 2];

    snprintf(path, sizeof(path), "%s\\%s", test_folder(), name);
    return path;
}

static inline const WCHAR *test_path_wide(const WCHAR *name)
{
    static WCHAR path[1024];

    MultiByteToWideChar(CP_ACP, 0, test_folder(), -1, path, 512);
    wcscat(path, L"\\");
    wcscat(path, name);
    return path;
}

/* A file with these bytes. */
static inline void make_file(const char *path, const char *text)
{
    HANDLE file = CreateFileA(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    DWORD count;

    WriteFile(file, text, (DWORD)strlen(text), &count, NULL);
    CloseHandle(file);
}

#endif
