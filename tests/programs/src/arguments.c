/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Prints its arguments, one a line, in UTF-8, as CommandLineToArgvW splits the command line; the C
 * runtime must count as many. `--read FILE` prints the file.
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>
#include <shellapi.h>

int _CRT_glob = 0; /* wildcards are not expanded */


static int print_file(const wchar_t *path)
{
    HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    DWORD got = 0, written;
    char text[256];

    if (file == INVALID_HANDLE_VALUE || !ReadFile(file, text, sizeof(text), &got, NULL))
        return (int)GetLastError();
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), text, got, &written, NULL);
    return 0;
}

int main(int argc, char **argv)
{
    int count = 0;
    wchar_t **list = CommandLineToArgvW(GetCommandLineW(), &count);
    char text[1024];
    DWORD written;

    (void)argv;
    if (!list || count != argc)
        return 100;
    if (count == 3 && !wcscmp(list[1], L"--read"))
        return print_file(list[2]);
    for (int i = 1; i < count; i++) {
        int length = WideCharToMultiByte(CP_UTF8, 0, list[i], -1, text, sizeof(text) - 1, NULL, NULL);

        text[length - 1] = '\n';
        WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), text, (DWORD)length, &written, NULL);
    }
    return 0;
}
