/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * For sandbox.sh: a host where write watch cannot work says so to the program, which goes on. Exit code 0, or the number of the
 * check that failed.
 */
#include <windows.h>

static int is_refused(DWORD type)
{
    SetLastError(0xdeadbeef);
    return !VirtualAlloc(NULL, 0x10000, type | MEM_WRITE_WATCH, PAGE_READWRITE) &&
           GetLastError() == ERROR_NOT_SUPPORTED;
}

int main(void)
{
    MEMORY_BASIC_INFORMATION before, after;
    volatile char *memory;
    void *pages[16];
    ULONG_PTR count = 16;
    DWORD granularity;

    memory = VirtualAlloc(NULL, 0x10000, MEM_RESERVE, PAGE_NOACCESS);
    VirtualFree((void *)memory, 0, MEM_RELEASE);
    VirtualQuery((void *)memory, &before, sizeof(before));
    for (int i = 0; i < 3; i++)
        if (!is_refused(MEM_RESERVE) || !is_refused(MEM_RESERVE | MEM_COMMIT))
            return 1;
    /* Nothing is left over, not even at an address that was named. */
    if (VirtualAlloc((void *)memory, 0x10000, MEM_RESERVE | MEM_WRITE_WATCH, PAGE_READWRITE))
        return 2;
    VirtualQuery((void *)memory, &after, sizeof(after));
    if (after.State != MEM_FREE || after.RegionSize != before.RegionSize)
        return 3;
    /* Other memory is as always, and has no watch. */
    memory = VirtualAlloc(NULL, 0x10000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (!memory)
        return 4;
    memory[0] = 1;
    if (GetWriteWatch(0, (void *)memory, 0x10000, pages, &count, &granularity) != (UINT)-1 ||
        ResetWriteWatch((void *)memory, 0x10000) != (UINT)-1)
        return 5;
    return !VirtualFree((void *)memory, 0, MEM_RELEASE) ? 6 : 0;
}
