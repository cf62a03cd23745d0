/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Goes through a folder as programs do: finds each file, opens it by the name that was found, renames it and back,
 * copies it, deletes it. Prints how many went through; the first failure ends it.
 */
#include <stdio.h>
#include <windows.h>

static int fail(const char *what, const WCHAR *name)
{
    printf("%s: error %lu for", what, GetLastError());
    for (; *name; name++)
        printf(" %04x", *name);
    printf("\n");
    return 1;
}

int wmain(int argc, WCHAR **argv)
{
    WCHAR pattern[MAX_PATH + 8], path[1024], other[1024];
    WIN32_FIND_DATAW data;
    int count = 0;
    HANDLE find;

    if (argc < 2)
        return 2;
    swprintf(pattern, MAX_PATH, L"%ls\\*", argv[1]);
    find = FindFirstFileW(pattern, &data);
    if (find == INVALID_HANDLE_VALUE)
        return fail("FindFirstFile", pattern);
    do {
        HANDLE file;
        char text[512];
        DWORD got;

        if (data.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)
            continue;
        swprintf(path, 1024, L"\\\\?\\%ls\\%ls", argv[1], data.cFileName);
        swprintf(other, 1024, L"\\\\?\\%ls\\r-%.200ls", argv[1], data.cFileName);
        file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
        if (file == INVALID_HANDLE_VALUE)
            return fail("CreateFile", data.cFileName);
        if (!ReadFile(file, text, sizeof(text), &got, NULL) || got != 5)
            return fail("ReadFile", data.cFileName);
        CloseHandle(file);
        if (!MoveFileW(path, other) || !MoveFileW(other, path))
            return fail("MoveFile", data.cFileName);
        if (!CopyFileW(path, other, TRUE) || !DeleteFileW(other))
            return fail("CopyFile", data.cFileName);
        if (argc > 2 && !DeleteFileW(path))
            return fail("DeleteFile", data.cFileName);
        count++;
    } while (FindNextFileW(find, &data));
    FindClose(find);
    printf("%d files\n", count);
    return 0;
}

/* mingw's start code calls main; wmain wants wide arguments. */
int main(void)
{
    WCHAR *argv[3];
    int argc = 0;
    WCHAR *line = GetCommandLineW();

    /* Three words, none of them with blanks. */
    for (argc = 0; argc < 3 && *line;) {
        while (*line == ' ' || *line == '"')
            line++;
        if (!*line)
            break;
        argv[argc++] = line;
        while (*line && *line != ' ' && *line != '"')
            line++;
        if (*line)
            *line++ = 0;
    }
    return wmain(argc, argv);
}
