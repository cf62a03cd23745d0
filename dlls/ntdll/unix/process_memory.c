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
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "process_memory.h"
#include "remote.h"
#include "views.h"
#include "virtual_watch.h"

#define CHUNK     (256 * 1024)
#define MAX_LOOKS 16 /* that may be disturbed, before the other is asked: an answer costs about as much */

/* Whether the last read failed since Linux does not let us, for whatever reason. */
static bool is_denied(void)
{
    return errno == EPERM || errno == ENOSYS;
}

/* Whoever may not even read himself has no such call. */
static void tell_if_missing(void)
{
    static _Atomic bool is_told;
    char from = 0, to;
    struct iovec local = {&to, 1}, remote = {&from, 1};

    if (process_vm_readv(process.pid, &local, 1, &remote, 1, 0) < 0)
        report_missing_call(&is_told, "process_vm_readv", "no other process's memory can be read");
}

/* Moves `bytes` between the buffer and the other process; returns how many went. */
static size_t transfer(const struct process_facts *facts, void *buffer, void *address, size_t bytes,
                       bool is_write)
{
    struct iovec local = {buffer, bytes}, remote = {address, bytes};
    ssize_t done = is_write ? process_vm_writev(facts->pid, &local, 1, &remote, 1, 0)
                            : process_vm_readv(facts->pid, &local, 1, &remote, 1, 0);

    if (done < 0 && !is_write && is_denied())
        tell_if_missing();
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

/* --- Another process's allocations --- */

static bool read_remote(const struct process_facts *facts, const void *address, void *out,
                        size_t bytes)
{
    return transfer(facts, out, (void *)address, bytes, false) == bytes;
}

/* The view that ends above the address, by binary search in the other's array; *found false: none. */
static bool find_view(const struct process_facts *facts, const struct process_block *block,
                      uintptr_t address, struct view *view, bool *found)
{
    uint64_t low = 0, high = block->view_count;

    *found = false;
    while (low < high) {
        uint64_t middle = (low + high) / 2;
        struct view *pointer, candidate;

        if (!read_remote(facts, block->views + middle, &pointer, sizeof(pointer)) ||
            !read_remote(facts, pointer, &candidate, sizeof(candidate)))
            return false;
        if ((uintptr_t)candidate.base + candidate.bytes > address) {
            *view = candidate;
            *found = true;
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return true;
}

/* Whether some of the range is watched memory there; true in doubt. */
static bool is_watched_there(const struct process_facts *facts, uintptr_t address, size_t bytes)
{
    uintptr_t end = address + bytes;
    struct process_block block;
    struct view view;
    bool found;

    if (!read_remote(facts, PROCESS_BLOCK, &block, sizeof(block)))
        return is_denied();
    if (block.magic != PROCESS_BLOCK_MAGIC || block.view_bytes != sizeof(struct view))
        return false; /* no program of ours */
    if (!block.watched_count && !(block.sequence & 1))
        return false;
    for (uintptr_t at = address; at < end; at = (uintptr_t)view.base + view.bytes) {
        if (!find_view(facts, &block, at, &view, &found))
            return true; /* it changes while we look */
        if (!found || (uintptr_t)view.base >= end)
            return false;
        if (view.watch || !view.bytes)
            return true;
    }
    return false;
}

/* --- Writing --- */

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

static bool is_writable(ULONG protect)
{
    return protect & (PAGE_READWRITE | PAGE_WRITECOPY | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY);
}

static NTSTATUS let_write(HANDLE handle, char *address, const char *from, size_t bytes, size_t *done)
{
    struct process_object *target;
    NTSTATUS status = remote_target(handle, 0, &target);

    if (status)
        return status;
    status = remote_write(target, address, from, bytes, done);
    object_release(&target->header);
    return status;
}

/* As far as it is watched memory that may be written; returns how many bytes went. */
static size_t let_write_all(HANDLE handle, char *address, const char *from, size_t bytes)
{
    size_t done = 0, put;

    while (done < bytes && !let_write(handle, address + done, from + done, bytes - done, &put) && put)
        done += put;
    return done;
}

/* A process without a service has no watch either. */
static void let_mark(HANDLE handle, char *address)
{
    void *page = (void *)((uintptr_t)address & ~PAGE_OFFSET);
    struct process_object *target;

    if (remote_target(handle, 0, &target))
        return;
    remote_mark_written(target, &page, 1);
    object_release(&target->header);
}

/* Bytes within one page. With the mprotect backend the page of a watch may be closed: in this process a plain
 * store faults and is served; another is asked to write for us and to note it. It is with the other backends too: only
 * the watching process can keep its scans away while the kernel writes. */
static size_t put_page(HANDLE handle, const struct process_facts *facts, char *address,
                       const char *from, size_t bytes)
{
    MEMORY_BASIC_INFORMATION info;
    SIZE_T needed;
    size_t put;

    if (NtQueryVirtualMemory(handle, address, MemoryBasicInformation, &info, sizeof(info), &needed) ||
        info.State != MEM_COMMIT || info.Protect & (PAGE_NOACCESS | PAGE_GUARD))
        return 0;
    if (facts->is_self && !guest_copy_out(address, from, bytes))
        return bytes;
    if (!facts->is_self && is_writable(info.Protect)) {
        if (let_write(handle, address, from, bytes, &put))
            return 0; /* rather than a write that nobody sees */
        if (put)
            return put;
    }
    put = write_through_proc(facts->pid, from, (uintptr_t)address, bytes);
    /* Behind the protection no backend but the kernel's own sees it. */
    if (put && facts->is_self)
        watch_mark(address, put);
    else if (put)
        let_mark(handle, address);
    return put;
}

/* Returns how many bytes went, from the first on. */
static size_t put_pages(HANDLE handle, const struct process_facts *facts, char *address,
                        const char *from, size_t bytes)
{
    size_t done = facts->is_self ? 0
                  : is_watched_there(facts, (uintptr_t)address, bytes)
                      ? let_write_all(handle, address, from, bytes)
                      : transfer(facts, (char *)from, address, bytes, true);

    while (done < bytes) {
        size_t rest = PAGE_BYTES - ((uintptr_t)(address + done) & PAGE_OFFSET), put;

        rest = rest < bytes - done ? rest : bytes - done;
        put = put_page(handle, facts, address + done, from + done, rest);
        done += put;
        if (put < rest)
            break;
    }
    return done;
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
        put = put_pages(handle, &facts, (char *)address + done, chunk, part);
        done += put;
        if (put < part)
            status = done ? STATUS_PARTIAL_COPY : STATUS_ACCESS_VIOLATION;
    }
    free(chunk);
    return finish(count, done, status);
}

/* The state of a page in a copy of the other's view. */
static bool find_run(const struct process_facts *facts, const struct view *view, size_t page,
                     ULONG *protect, size_t *end)
{
    size_t low = 0, high = view->run_count;

    *protect = 0;
    *end = view->bytes >> PAGE_SHIFT;
    while (low < high) {
        size_t middle = (low + high) / 2;
        struct page_run run;

        if (!read_remote(facts, view->runs + middle, &run, sizeof(run)))
            return false;
        if (run.first + run.count > page) {
            *protect = run.first <= page ? run.protect : 0;
            *end = run.first <= page ? run.first + run.count : run.first;
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return true;
}

/* STATUS_RETRY: the other has to be asked. */
static NTSTATUS query_once(const struct process_facts *facts, const struct process_block *block,
                           uintptr_t page, MEMORY_BASIC_INFORMATION *info)
{
    struct view view;
    ULONG protect;
    size_t first, end;
    bool found;

    memset(info, 0, sizeof(*info));
    info->BaseAddress = (void *)page;
    if (!find_view(facts, block, page, &view, &found))
        return STATUS_PROCESS_IS_TERMINATING;
    if (!found || (uintptr_t)view.base > page) {
        info->RegionSize = (found ? (uintptr_t)view.base : USER_SPACE_HIGH) - page;
        info->State = MEM_FREE;
        info->Protect = PAGE_NOACCESS;
        return STATUS_SUCCESS;
    }
    first = (page - (uintptr_t)view.base) >> PAGE_SHIFT;
    if (!find_run(facts, &view, first, &protect, &end))
        return STATUS_PROCESS_IS_TERMINATING;
    /* The books alone do not tell: pages that another process committed, and those that were copied. */
    if (view.flags & VIEW_LAZY || (view.type == MEM_MAPPED && protect_is_copy(protect)))
        return STATUS_RETRY;
    info->AllocationBase = view.base;
    info->AllocationProtect = view.protect;
    info->RegionSize = (end - first) << PAGE_SHIFT;
    info->State = protect ? MEM_COMMIT : MEM_RESERVE;
    info->Protect = protect;
    info->Type = view.type;
    return STATUS_SUCCESS;
}

NTSTATUS remote_query_basic(const struct process_facts *facts, void *address,
                            MEMORY_BASIC_INFORMATION *info)
{
    uintptr_t page = (uintptr_t)address & ~PAGE_OFFSET;

    if (page >= USER_SPACE_HIGH)
        return STATUS_INVALID_PARAMETER;
    for (int looks = 0; looks < MAX_LOOKS; looks++) {
        struct process_block before, after;
        NTSTATUS status;

        if (!read_remote(facts, PROCESS_BLOCK, &before, sizeof(before)))
            return is_denied() ? STATUS_RETRY : STATUS_PROCESS_IS_TERMINATING;
        if (before.magic != PROCESS_BLOCK_MAGIC || before.view_bytes != sizeof(struct view))
            return STATUS_NOT_SUPPORTED; /* no program of ours, or of another build */
        if (before.sequence & 1) {
            sched_yield();
            continue;
        }
        status = query_once(facts, &before, page, info);
        if (read_remote(facts, PROCESS_BLOCK, &after, sizeof(after)) &&
            after.sequence == before.sequence)
            return status;
    }
    return STATUS_RETRY;
}
