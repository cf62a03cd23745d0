/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Ends by an unhandled exception of the kind that the first argument names.
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>

static void *volatile nowhere = (void *)0x28;
static volatile int zero;

__attribute__((noinline)) void crash_write(void)
{
    *(volatile int *)nowhere = 1;
}

static __attribute__((noinline)) int descend(volatile int depth)
{
    volatile char room[2000];

    room[0] = (char)depth;
    return (depth >= 0 ? descend(depth + 1) : 0) + room[0];
}

static DWORD WINAPI thread_main(void *unused)
{
    (void)unused;
    printf("thread %lu\n", GetCurrentThreadId());
    fflush(stdout);
    crash_write();
    return 0;
}

/* Reads a mapped file beyond the end that it has got meanwhile: waits for a line on stdin first. */
static void read_truncated(const char *path)
{
    HANDLE file = CreateFileA(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                              OPEN_EXISTING, 0, NULL);
    HANDLE mapping = CreateFileMappingA(file, NULL, PAGE_READONLY, 0, 0, NULL);
    volatile char *view = MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0);
    char line[16];

    printf("mapped %d\n", view ? view[0] : -1);
    fflush(stdout);
    if (fgets(line, sizeof(line), stdin))
        printf("read %d\n", view[0x2000]);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    if (!strcmp(what, "write"))
        crash_write();
    else if (!strcmp(what, "divide"))
        printf("%d\n", 1234567 / zero);
    else if (!strcmp(what, "jump"))
        ((void (*)(void))nowhere)();
    else if (!strcmp(what, "raise"))
        RaiseException(0xe0000077, 0, 0, NULL);
    else if (!strcmp(what, "overflow"))
        return descend(0);
    else if (!strcmp(what, "thread"))
        WaitForSingleObject(CreateThread(NULL, 0, thread_main, NULL, 0, NULL), INFINITE);
    else if (!strcmp(what, "stack"))
        __asm__ volatile("xorl %esp, %esp; pushq %rax");
    else if (!strcmp(what, "truncated") && argc > 2)
        read_truncated(argv[2]);
    return 0;
}
