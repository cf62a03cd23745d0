/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * NtQueryVirtualMemory, and reading and writing memory by process handle.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "info.h"
#include "path.h"
#include "process.h"
#include "process_memory.h"
#include "remote.h"
#include "section.h"
#include "views.h"
#include "virtual.h"

/* Wine's own class, by which its DLLs ask for their Linux halves. */
#define MEMORY_WINE_UNIX_FUNCTIONS 1000

/* Of pages that are copied when they are written, those that were have an ordinary protection from then on (Wine's
 * test_VirtualProtect and test_mapping, which pass on Windows). Linux shows them as pages of no file. Narrows the
 * stretch to pages of one kind. */
static ULONG query_copied(const struct view *view, size_t first, size_t *end, ULONG protect)
{
    const uint64_t present = 1ull << 63, swapped = 1ull << 62, of_file = 1ull << 61;
    int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC), is_copied = -1;
    size_t page = first, got = 0;
    uint64_t entries[512];

    if (fd < 0)
        return protect;
    while (page < *end) {
        size_t wanted = *end - page < 512 ? *end - page : 512;
        ssize_t bytes = pread(fd, entries, wanted * 8,
                              (off_t)((((uintptr_t)view->base >> PAGE_SHIFT) + page) * 8));

        got = bytes > 0 ? (size_t)bytes / 8 : 0;
        if (!got)
            break;
        for (size_t i = 0; i < got; i++, page++) {
            int copied = entries[i] & (present | swapped) && !(entries[i] & of_file);

            if (is_copied < 0)
                is_copied = copied;
            if (copied != is_copied)
                *end = page;
            if (page >= *end)
                break;
        }
    }
    close(fd);
    if (is_copied > 0)
        protect = (protect & ~0xffu) |
                  (protect & PAGE_WRITECOPY ? PAGE_READWRITE : PAGE_EXECUTE_READWRITE);
    return protect;
}

/* What Windows tells of the page at `address`; false above user space. */
static bool query_basic(void *address, MEMORY_BASIC_INFORMATION *info)
{
    char *page = (char *)((uintptr_t)address & ~PAGE_OFFSET);
    struct view *view;
    sigset_t signals;
    size_t end;

    if ((uintptr_t)page >= USER_SPACE_HIGH)
        return false;
    memset(info, 0, sizeof(*info));
    info->BaseAddress = page;
    virtual_lock(&signals);
    view = view_at_or_above(page);
    if (!view || view->base > page) {
        /* Free: up to the next allocation's 64 KiB. */
        uintptr_t high = view ? (uintptr_t)view->base : USER_SPACE_HIGH;

        info->RegionSize = high - (uintptr_t)page;
        info->State = MEM_FREE;
        info->Protect = PAGE_NOACCESS;
    } else {
        size_t first = (size_t)(page - view->base) >> PAGE_SHIFT;
        ULONG protect;

        section_catch_up(view);
        protect = runs_get(view, first, &end);
        if (view->type == MEM_MAPPED && protect_is_copy(protect))
            protect = query_copied(view, first, &end, protect);

        info->AllocationBase = view->base;
        info->AllocationProtect = view->protect;
        info->RegionSize = (end - first) << PAGE_SHIFT;
        info->State = protect ? MEM_COMMIT : MEM_RESERVE;
        info->Protect = protect;
        info->Type = view->type;
    }
    virtual_unlock(&signals);
    return true;
}

static NTSTATUS query_file_name(void *address, void *buffer, SIZE_T length, SIZE_T *needed)
{
    char *path = NULL;
    WCHAR *name;
    struct view *view;
    sigset_t signals;
    ULONG used = 0;
    NTSTATUS status;

    virtual_lock(&signals);
    view = view_find(address);
    if (view && view->file_name)
        path = strdup(view->file_name);
    virtual_unlock(&signals);
    if (!view)
        return STATUS_INVALID_ADDRESS;
    if (!path)
        return STATUS_FILE_INVALID;
    name = path_unix_to_dos(path);
    free(path);
    if (!name)
        return STATUS_NO_MEMORY;
    status = answer_string(buffer, (ULONG)length, &used, name);
    free(name);
    if (needed) {
        SIZE_T bytes = used;

        guest_copy_out(needed, &bytes, sizeof(bytes));
    }
    return status == STATUS_INFO_LENGTH_MISMATCH ? STATUS_BUFFER_OVERFLOW : status;
}

static NTSTATUS query_region(void *address, void *buffer, SIZE_T length, SIZE_T *needed)
{
    MEMORY_REGION_INFORMATION info = {0};
    struct view *view;
    sigset_t signals;
    SIZE_T bytes = sizeof(info);

    virtual_lock(&signals);
    view = view_find(address);
    if (view) {
        info.AllocationBase = view->base;
        info.AllocationProtect = view->protect;
        info.Private = view->type == MEM_PRIVATE;
        info.MappedDataFile = view->type == MEM_MAPPED;
        info.MappedImage = view->type == MEM_IMAGE;
        info.RegionSize = view->bytes;
        for (size_t i = 0; i < view->run_count; i++)
            info.CommitSize += view->runs[i].count << PAGE_SHIFT;
    }
    virtual_unlock(&signals);
    if (!view)
        return STATUS_INVALID_ADDRESS;
    if (length < offsetof(MEMORY_REGION_INFORMATION, CommitSize))
        return STATUS_INFO_LENGTH_MISMATCH;
    if (bytes > length)
        bytes = length;
    if (guest_copy_out(buffer, &info, bytes))
        return STATUS_ACCESS_VIOLATION;
    return needed ? guest_copy_out(needed, &bytes, sizeof(bytes)) : STATUS_SUCCESS;
}

/* One 64-bit entry a page, as /proc/self/pagemap tells. */
static NTSTATUS query_working_set(MEMORY_WORKING_SET_EX_INFORMATION *entries, SIZE_T length)
{
    SIZE_T count = length / sizeof(*entries);
    int fd;

    if (length % sizeof(*entries) || !count)
        return STATUS_INFO_LENGTH_MISMATCH;
    fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    for (SIZE_T i = 0; i < count; i++) {
        MEMORY_WORKING_SET_EX_INFORMATION entry;
        MEMORY_BASIC_INFORMATION basic;
        uint64_t pagemap = 0;

        if (guest_copy_in(&entry, &entries[i], sizeof(entry)))
            break;
        memset(&entry.VirtualAttributes, 0, sizeof(entry.VirtualAttributes));
        if (fd >= 0 && query_basic(entry.VirtualAddress, &basic) && basic.State == MEM_COMMIT &&
            pread(fd, &pagemap, sizeof(pagemap),
                  (off_t)((uintptr_t)entry.VirtualAddress >> PAGE_SHIFT) * 8) == 8 &&
            pagemap >> 63) {
            entry.VirtualAttributes.Valid = 1;
            entry.VirtualAttributes.Shared = basic.Type != MEM_PRIVATE;
            entry.VirtualAttributes.Win32Protection = basic.Protect & 0x7ff;
        }
        if (guest_copy_out(&entries[i], &entry, sizeof(entry)))
            break;
    }
    if (fd >= 0)
        close(fd);
    return STATUS_SUCCESS;
}

static NTSTATUS query_remote(HANDLE process_handle, const void *address, ULONG class, void *buffer,
                             SIZE_T length, SIZE_T *guest_needed)
{
    struct process_object *remote;
    SIZE_T needed = 0;
    NTSTATUS status = remote_target(process_handle, PROCESS_QUERY_INFORMATION, &remote);

    if (status)
        return status;
    status = remote_query_memory(remote, address, class, buffer, length, &needed);
    object_release(&remote->header);
    if (needed && guest_needed && guest_copy_out(guest_needed, &needed, sizeof(needed)))
        return STATUS_ACCESS_VIOLATION;
    return status;
}

NTSTATUS WINAPI NtQueryVirtualMemory(HANDLE process_handle, LPCVOID address,
                                     MEMORY_INFORMATION_CLASS class, PVOID buffer, SIZE_T length,
                                     SIZE_T *needed)
{
    MEMORY_BASIC_INFORMATION info;
    SIZE_T bytes = sizeof(info);

    if (process_handle != NtCurrentProcess()) {
        struct process_facts facts;
        NTSTATUS status = process_get_facts(process_handle, PROCESS_QUERY_INFORMATION, &facts);

        if (status)
            return status;
        if (!facts.is_self) {
            if (class != MemoryBasicInformation)
                return query_remote(process_handle, address, class, buffer, length, needed);
            if (length < sizeof(info))
                return STATUS_INFO_LENGTH_MISMATCH;
            status = remote_query_basic(&facts, (void *)address, &info);
            if (status == STATUS_RETRY)
                return query_remote(process_handle, address, class, buffer, sizeof(info), needed);
            if (!status)
                status = guest_copy_out(buffer, &info, sizeof(info));
            if (!status && needed)
                status = guest_copy_out(needed, &bytes, sizeof(bytes));
            return status;
        }
    }
    switch ((int)class) {
    case MemoryBasicInformation:
        if (length < sizeof(info))
            return STATUS_INFO_LENGTH_MISMATCH;
        if (!query_basic((void *)address, &info))
            return STATUS_INVALID_PARAMETER;
        if (guest_copy_out(buffer, &info, sizeof(info)))
            return STATUS_ACCESS_VIOLATION;
        return needed ? guest_copy_out(needed, &bytes, sizeof(bytes)) : STATUS_SUCCESS;
    case MemoryMappedFilenameInformation:
        return query_file_name((void *)address, buffer, length, needed);
    case MemoryRegionInformation:
        return query_region((void *)address, buffer, length, needed);
    case MemoryWorkingSetExInformation:
        return query_working_set(buffer, length);
    case MEMORY_WINE_UNIX_FUNCTIONS: {
        uint64_t nothing = 1; /* see dlls/ntdll/wine_unixlib.c */

        return length == sizeof(nothing) ? guest_copy_out(buffer, &nothing, sizeof(nothing))
                                         : STATUS_INFO_LENGTH_MISMATCH;
    }
    default:
        trace(TRACE_VIRTUAL, "NtQueryVirtualMemory: class %u is not implemented", class);
        return STATUS_INVALID_INFO_CLASS;
    }
}
