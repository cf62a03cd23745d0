/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A cheat for Tilt: finds the game's process by name or id, looks through its memory for the table and
 * changes a value, as trainers do: OpenProcess, VirtualQueryEx, ReadProcessMemory,
 * WriteProcessMemory.
 *
 * Usage: tilt_cheat [--pid N | --name FILE.exe] [--read] [--score N] [--health N]
 * Exit code 0: done; 4: no such process; 5: no table in it; 2: wrong usage; 1: refused.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <tlhelp32.h>

#include "tilt.h"

static DWORD find_process(const char *name)
{
    PROCESSENTRY32 entry = {.dwSize = sizeof(entry)};
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    DWORD pid = 0;

    if (snapshot == INVALID_HANDLE_VALUE)
        return 0;
    for (BOOL more = Process32First(snapshot, &entry); more && !pid;
         more = Process32Next(snapshot, &entry))
        if (!_stricmp(entry.szExeFile, name))
            pid = entry.th32ProcessID;
    CloseHandle(snapshot);
    return pid;
}

/* The table starts a private, writable region and carries its own address. */
static char *find_table(HANDLE process)
{
    MEMORY_BASIC_INFORMATION info;
    char *address = NULL;

    while (VirtualQueryEx(process, address, &info, sizeof(info))) {
        struct tilt_identity identity;
        SIZE_T read;

        if (info.State == MEM_COMMIT && info.Type == MEM_PRIVATE &&
            info.Protect == PAGE_READWRITE && info.RegionSize >= TILT_FIELDS * TILT_PAGE &&
            ReadProcessMemory(process, info.BaseAddress, &identity, sizeof(identity), &read) &&
            identity.magic == TILT_MAGIC && identity.arena == info.BaseAddress)
            return info.BaseAddress;
        if ((char *)info.BaseAddress + info.RegionSize <= address)
            break;
        address = (char *)info.BaseAddress + info.RegionSize;
    }
    return NULL;
}

static int change(HANDLE process, char *table, enum tilt_field field, const char *name, LONG value)
{
    LONG old = 0;
    SIZE_T done;
    char *address = table + field * TILT_PAGE;

    if (!ReadProcessMemory(process, address, &old, sizeof(old), &done) ||
        !WriteProcessMemory(process, address, &value, sizeof(value), &done)) {
        fprintf(stderr, "tilt_cheat: cannot change %s: error %lu\n", name, GetLastError());
        return 1;
    }
    printf("%s: %ld -> %ld\n", name, old, value);
    return 0;
}

static int usage(FILE *stream)
{
    fputs("Usage: tilt_cheat [--pid N | --name FILE.exe] [--read] [--score N] [--health N]\n"
          "Without a value, sets the score to 999999; --read only looks.\n"
          "Exit code: 0 done, 4 no such process, 5 no table in it, 2 wrong usage, 1 refused.\n",
          stream);
    return stream == stdout ? 0 : 2;
}

int main(int argc, char **argv)
{
    const char *name = "tilt_game.exe", *score = NULL, *health = NULL;
    DWORD pid = 0;
    int only_read = 0, failed = 0;
    HANDLE process;
    char *table;

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--pid") && i + 1 < argc)
            pid = strtoul(argv[++i], NULL, 10);
        else if (!strcmp(argv[i], "--name") && i + 1 < argc)
            name = argv[++i];
        else if (!strcmp(argv[i], "--score") && i + 1 < argc)
            score = argv[++i];
        else if (!strcmp(argv[i], "--health") && i + 1 < argc)
            health = argv[++i];
        else if (!strcmp(argv[i], "--read"))
            only_read = 1;
        else
            return usage(strcmp(argv[i], "--help") ? stderr : stdout);
    }
    if (!score && !health)
        score = "999999";
    if (!pid && !(pid = find_process(name))) {
        fprintf(stderr, "tilt_cheat: no process named %s\n", name);
        return 4;
    }
    process = OpenProcess(PROCESS_QUERY_INFORMATION | PROCESS_VM_READ | PROCESS_VM_WRITE |
                              PROCESS_VM_OPERATION,
                          FALSE, pid);
    if (!process) {
        fprintf(stderr, "tilt_cheat: cannot open process %lu: error %lu\n", pid, GetLastError());
        return GetLastError() == ERROR_INVALID_PARAMETER ? 4 : 1;
    }
    table = find_table(process);
    if (!table) {
        fprintf(stderr, "tilt_cheat: process %lu has no Tilt table\n", pid);
        return 5;
    }
    printf("process %lu, table at %p\n", pid, table);
    if (!only_read) {
        if (score)
            failed |= change(process, table, TILT_SCORE, "score", atol(score));
        if (health)
            failed |= change(process, table, TILT_HEALTH, "health", atol(health));
    } else {
        LONG value;
        SIZE_T done;

        failed = !ReadProcessMemory(process, table + TILT_SCORE * TILT_PAGE, &value, sizeof(value),
                                    &done);
        if (!failed)
            printf("score: %ld\n", value);
    }
    CloseHandle(process);
    return failed;
}
