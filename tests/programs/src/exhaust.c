/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Takes memory until there is none, in several ways, and goes on working: for exhaust.sh, which sets limits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

enum { MOST = 100000 };

static void *blocks[MOST];

static void check_error(const char *what, DWORD error)
{
    if (error == ERROR_NOT_ENOUGH_MEMORY || error == ERROR_COMMITMENT_LIMIT || error == ERROR_OUTOFMEMORY)
        return;
    printf("%s: error %lu\n", what, error);
    exit(1);
}

static DWORD WINAPI sleep_on(void *event)
{
    WaitForSingleObject(event, INFINITE);
    return 0;
}

int main(void)
{
    HANDLE event = CreateEventA(NULL, TRUE, FALSE, NULL), threads[2000], section;
    unsigned count = 0, started = 0;
    char *last;

    while (count < MOST && (blocks[count] = VirtualAlloc(NULL, 16 << 20, MEM_RESERVE, PAGE_READWRITE)))
        count++;
    check_error("reserve", GetLastError());
    printf("%u reserves of 16 MiB\n", count);
    if (count == MOST || !count)
        return 1;
    section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 32 << 20, NULL);
    if (section && MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0))
        return printf("a view found room\n"), 1;
    check_error("section", GetLastError());
    if (malloc(64 << 20))
        return printf("a block found room\n"), 1;
    while (count)
        if (!VirtualFree(blocks[--count], 0, MEM_RELEASE))
            return printf("release: error %lu\n", GetLastError()), 1;
    while (count < MOST && (blocks[count] = malloc(1 << 20)))
        memset(blocks[count++], 1, 4096);
    printf("%u blocks of 1 MiB\n", count);
    if (count == MOST)
        return 1;
    while (count)
        free(blocks[--count]);
    while (started < 2000 && (threads[started] = CreateThread(NULL, 8 << 20, sleep_on, event,
                                                              STACK_SIZE_PARAM_IS_A_RESERVATION, NULL)))
        started++;
    if (started < 2000)
        check_error("thread", GetLastError());
    printf("%u threads\n", started);
    SetEvent(event);
    while (started) {
        WaitForSingleObject(threads[--started], INFINITE);
        CloseHandle(threads[started]);
    }
    last = VirtualAlloc(NULL, 16 << 20, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (!last)
        return printf("afterwards: error %lu\n", GetLastError()), 1;
    memset(last, 1, 16 << 20);
    printf("and on it goes\n");
    return 0;
}
