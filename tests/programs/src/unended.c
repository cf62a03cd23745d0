/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A program that ends in time and leaves a child, which holds its output open. Called hangs.exe, it does not
 * end at all.
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>

int main(int argc, char **argv)
{
    STARTUPINFOA startup = {.cb = sizeof(startup), .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION info;
    char program[MAX_PATH], command[] = "unended --child";

    if (argc > 1 && !strcmp(argv[1], "--child")) {
        Sleep(20000);
        return 0;
    }
    startup.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    startup.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    GetModuleFileNameA(NULL, program, MAX_PATH);
    if (strstr(program, "hangs"))
        Sleep(INFINITE);
    if (!CreateProcessA(program, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &info))
        return 2;
    puts("unended: 1 tests executed (0 marked as todo, 0 failures), 0 skipped.");
    return 0;
}
