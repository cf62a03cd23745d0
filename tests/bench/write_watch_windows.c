/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Watched memory by the Windows API.
 */
#include <string.h>
#include <windows.h>

#include "write_watch.h"

static bool is_watched;
static HANDLE file;

void watched_init(const char *column)
{
    is_watched = !strcmp(column, "watched");
    if (!is_watched && strcmp(column, "unwatched"))
        bench_fail("no column \"%s\"; there are watched and unwatched", column);
}

bool watched_is_on(void)
{
    return is_watched;
}

char *watched_allocate(size_t bytes, bool commit)
{
    return VirtualAlloc(NULL, bytes, MEM_RESERVE | (commit ? MEM_COMMIT : 0) |
                                         (is_watched ? MEM_WRITE_WATCH : 0), PAGE_READWRITE);
}

void watched_release(char *memory, size_t bytes)
{
    (void)bytes;
    VirtualFree(memory, 0, MEM_RELEASE);
}

size_t watched_get(char *memory, size_t bytes, void **found, size_t room)
{
    ULONG_PTR count = room;
    DWORD granularity;

    if (GetWriteWatch(WRITE_WATCH_FLAG_RESET, memory, bytes, found, &count, &granularity))
        bench_fail("GetWriteWatch: error %lu", GetLastError());
    return count;
}

void watched_reset(char *memory, size_t bytes)
{
    if (ResetWriteWatch(memory, bytes))
        bench_fail("ResetWriteWatch: error %lu", GetLastError());
}

void watched_open_file(size_t bytes)
{
    static const char zeros[65536];
    char folder[MAX_PATH], path[MAX_PATH];
    DWORD done;

    if (file)
        return;
    if (!GetTempPathA(sizeof(folder), folder) || !GetTempFileNameA(folder, "dcb", 0, path))
        bench_fail("no temporary file: error %lu", GetLastError());
    file = CreateFileA(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
                       FILE_FLAG_DELETE_ON_CLOSE, NULL);
    if (file == INVALID_HANDLE_VALUE)
        bench_fail("%s: error %lu", path, GetLastError());
    for (size_t at = 0; at < bytes; at += sizeof(zeros))
        if (!WriteFile(file, zeros, sizeof(zeros), &done, NULL))
            bench_fail("%s: error %lu", path, GetLastError());
}

void watched_read_file(char *memory, size_t bytes)
{
    DWORD done;

    SetFilePointer(file, 0, NULL, FILE_BEGIN);
    for (size_t at = 0; at < bytes; at += 65536)
        if (!ReadFile(file, memory + at, 65536, &done, NULL) || done != 65536)
            bench_fail("ReadFile: error %lu", GetLastError());
}
