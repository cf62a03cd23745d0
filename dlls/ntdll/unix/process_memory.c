/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * NtReadVirtualMemory, NtWriteVirtualMemory and queries on other processes.
 *
 * Windows' rules that programs rely on: a read that fails leaves the destination untouched (a watched
 * page of the reader stays clean: anti-debug code looks), and a range that is only partly
 * readable is STATUS_PARTIAL_COPY (ERROR_PARTIAL_COPY). So data travels through a buffer of ours.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "process_memory.h"
#include "virtual_watch.h"

#define CHUNK (256 * 1024)

/* Moves `bytes` between the buffer and the other process; returns how many went. */
static size_t transfer(const struct process_facts *facts, void *buffer, void *address, size_t bytes,
                       bool is_write)
{
    struct iovec local = {buffer, bytes}, remote = {address, bytes};
    ssize_t done = is_write ? process_vm_writev(facts->pid, &local, 1, &remote, 1, 0)
                            : process_vm_readv(facts->pid, &local, 1, &remote, 1, 0);

    return done < 0 ? 0 : (size_t)done;
}

static NTSTATUS finish(SIZE_T *count, SIZE_T done, NTSTATUS status)
{
    NTSTATUS copied = count ? guest_copy_out(count, &done, sizeof(done)) : STATUS_SUCCESS;

    return status ? status : copied;
}

NTSTATUS WINAPI NtReadVirtualMemory(HANDLE handle, const void *address, void *buffer, SIZE_T size,
                                    SIZE_T *count)
{
    struct process_facts facts;
    NTSTATUS status = process_get_facts(handle, PROCESS_VM_READ, &facts);
    SIZE_T done = 0;
    char *chunk;

    if (status)
        return finish(count, 0, status);
    if (!size)
        return finish(count, 0, STATUS_SUCCESS);
    if ((uintptr_t)address + size < (uintptr_t)address)
        return finish(count, 0, STATUS_PARTIAL_COPY);
    chunk = malloc(size < CHUNK ? size : CHUNK);
    if (!chunk)
        return finish(count, 0, STATUS_NO_MEMORY);
    while (!status && done < size) {
        size_t part = size - done < CHUNK ? size - done : CHUNK;
        size_t got = transfer(&facts, chunk, (char *)address + done, part, false);

        if (got && (status = guest_copy_out((char *)buffer + done, chunk, got)))
            break;
        done += got;
        if (got < part)
            status = STATUS_PARTIAL_COPY;
    }
    free(chunk);
    return finish(count, done, status);
}

/* A write goes through protections that deny writing only where Windows lets it: WriteProcessMemory
 * changes read-only and executable pages (the page is made writable for it), not PAGE_NOACCESS. */
static size_t write_through_proc(pid_t pid, const void *buffer, uintptr_t address, size_t bytes)
{
    char path[64];
    ssize_t done;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/mem", pid);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    done = pwrite(fd, buffer, bytes, (off_t)address);
    close(fd);
    return done < 0 ? 0 : (size_t)done;
}

NTSTATUS WINAPI NtWriteVirtualMemory(HANDLE handle, void *address, const void *buffer, SIZE_T size,
                                     SIZE_T *count)
{
    struct process_facts facts;
    NTSTATUS status = process_get_facts(handle, PROCESS_VM_WRITE | PROCESS_VM_OPERATION, &facts);
    SIZE_T done = 0;
    char *chunk;

    if (status)
        return finish(count, 0, status);
    if (!size)
        return finish(count, 0, STATUS_SUCCESS);
    if ((uintptr_t)address + size < (uintptr_t)address)
        return finish(count, 0, STATUS_PARTIAL_COPY);
    chunk = malloc(size < CHUNK ? size : CHUNK);
    if (!chunk)
        return finish(count, 0, STATUS_NO_MEMORY);
    while (!status && done < size) {
        size_t part = size - done < CHUNK ? size - done : CHUNK, put;

        if ((status = guest_copy_in(chunk, (const char *)buffer + done, part)))
            break;
        if (facts.is_self)
            watch_open_for_write((char *)address + done, part);
        put = transfer(&facts, chunk, (char *)address + done, part, true);
        /* Its watch may keep the page closed (mprotect backend): ask it to note the write. */
        if (!put && !facts.is_self && remote_open_page(facts.pid, (char *)address + done))
            put = transfer(&facts, chunk, (char *)address + done, part, true);
        if (!put) {
            MEMORY_BASIC_INFORMATION info;
            SIZE_T needed;

            if (!NtQueryVirtualMemory(handle, (char *)address + done, MemoryBasicInformation, &info,
                                      sizeof(info), &needed) &&
                info.State == MEM_COMMIT && !(info.Protect & (PAGE_NOACCESS | PAGE_GUARD)))
                put = write_through_proc(facts.pid, chunk, (uintptr_t)address + done, part);
        }
        done += put;
        if (put < part)
            status = done ? STATUS_PARTIAL_COPY : STATUS_ACCESS_VIOLATION;
    }
    free(chunk);
    return finish(count, done, status);
}

/* --- /proc/PID/maps --- */

static ULONG protect_from_maps(const char *flags)
{
    bool readable = flags[0] == 'r', writable = flags[1] == 'w', executable = flags[2] == 'x';

    if (executable)
        return writable ? PAGE_EXECUTE_READWRITE : readable ? PAGE_EXECUTE_READ : PAGE_EXECUTE;
    return writable ? PAGE_READWRITE : readable ? PAGE_READONLY : PAGE_NOACCESS;
}

NTSTATUS remote_query_basic(const struct process_facts *facts, void *address,
                            MEMORY_BASIC_INFORMATION *info)
{
    uintptr_t page = (uintptr_t)address & ~PAGE_OFFSET, free_from = page;
    char path[64], line[512];
    NTSTATUS status = STATUS_SUCCESS;
    FILE *maps;

    if (page >= 0x7fffffff0000)
        return STATUS_INVALID_PARAMETER;
    memset(info, 0, sizeof(*info));
    snprintf(path, sizeof(path), "/proc/%d/maps", facts->pid);
    maps = fopen(path, "re");
    if (!maps)
        return errno == ENOENT ? STATUS_PROCESS_IS_TERMINATING : errno_to_status(errno);
    info->BaseAddress = (void *)page;
    info->State = MEM_FREE;
    info->Protect = PAGE_NOACCESS;
    info->RegionSize = 0x7fffffff0000 - page;
    while (fgets(line, sizeof(line), maps)) {
        unsigned long start, end, offset;
        char flags[8];
        int name_at = 0;

        if (sscanf(line, "%lx-%lx %7s %lx %*s %*s %n", &start, &end, flags, &offset, &name_at) < 4)
            continue;
        if (end <= page)
            continue;
        if (start > page) {
            info->RegionSize = start - free_from;
            break;
        }
        info->AllocationBase = (void *)start;
        info->AllocationProtect = info->Protect = protect_from_maps(flags);
        info->RegionSize = end - page;
        info->State = flags[0] == '-' && flags[1] == '-' && flags[2] == '-' ? MEM_RESERVE
                                                                            : MEM_COMMIT;
        if (info->State == MEM_RESERVE)
            info->Protect = 0;
        info->Type = name_at && line[name_at] == '/' ? MEM_IMAGE : MEM_PRIVATE;
        break;
    }
    fclose(maps);
    return status;
}
