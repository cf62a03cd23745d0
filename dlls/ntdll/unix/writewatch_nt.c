/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * NtGetWriteWatch and NtResetWriteWatch: Windows' rules on the engine.
 *
 * Order of the checks, as the tests of Wine that pass on Windows pin it down: pointers to the counts, then a count or a
 * size of 0, then the flags, then the array, then the range. A failing call touches nothing of the
 * program's, since that memory may be watched itself.
 */
#include <stdlib.h>

#include "decant/write_watch.h"
#include "remote.h"
#include "virtual_watch.h"
#include "writewatch_nt.h"

/* Addresses go through a buffer of ours: an array that lies in watched memory would mark its own pages
 * while the scan runs. Small ranges do with one on the stack. */
#define CHUNK       4096u
#define SMALL_CHUNK 512u

/* Reads the count, and the granularity to see that it can be: a call that fails must not write. */
static NTSTATUS read_counts(const ULONG_PTR *count, const volatile ULONG *granularity,
                            ULONG_PTR *limit)
{
    if (!count || !granularity || !guest_try())
        return STATUS_ACCESS_VIOLATION;
    *limit = *count;
    (void)*granularity;
    guest_end();
    return STATUS_SUCCESS;
}

static NTSTATUS write_counts(ULONG_PTR *count, ULONG *granularity, ULONG_PTR done)
{
    if (!guest_try())
        return STATUS_ACCESS_VIOLATION;
    *count = done;
    *granularity = PAGE_BYTES;
    guest_end();
    return STATUS_SUCCESS;
}

/* *bytes 0: the range wraps. */
static void round_range(void *base, SIZE_T size, char **start, size_t *bytes)
{
    uintptr_t from = (uintptr_t)base & ~PAGE_OFFSET;
    uintptr_t to = ((uintptr_t)base + size + PAGE_OFFSET) & ~PAGE_OFFSET;

    *start = (char *)from;
    *bytes = size <= UINTPTR_MAX - (uintptr_t)base && to > from ? to - from : 0;
}

/* A watch is pinned for the time of one scan only, since a fault in the program's memory needs the lock
 * that whoever ends a watch holds while it waits for the pins. */
NTSTATUS write_watch_get(char *start, size_t bytes, bool reset, void **addresses, size_t *count)
{
    struct ww_region *region;
    struct watch *watch;
    bool has_failed;
    int error;

    region = watch_pin(start, bytes, &watch);
    if (!region)
        return STATUS_INVALID_PARAMETER;
    error = ww_get(region, start, bytes, reset, addresses, count);
    has_failed = ww_has_failed(region);
    watch_unpin(watch);
    if (has_failed)
        watch_degrade(start);
    return error ? errno_to_status(-error) : STATUS_SUCCESS;
}

NTSTATUS write_watch_reset(char *start, size_t bytes)
{
    struct ww_region *region;
    struct watch *watch;
    bool has_failed = true;
    int error = 0;

    /* A second time by write-protection, should the kernel refuse. */
    for (int i = 0; i < 2 && has_failed; i++) {
        region = watch_pin(start, bytes, &watch);
        if (!region)
            return STATUS_INVALID_PARAMETER;
        error = ww_reset(region, start, bytes);
        has_failed = ww_has_failed(region);
        watch_unpin(watch);
        if (has_failed)
            watch_degrade(start);
    }
    return error ? errno_to_status(-error) : STATUS_SUCCESS;
}

/* One scan, of this process (`target` NULL) or another. The other process scans itself: only it knows what it has latched
 * and where its allocations end, and its backend may be another. */
static NTSTATUS scan(struct process_object *target, char *start, size_t bytes, bool reset,
                     void **addresses, size_t *count)
{
    return target ? remote_get_write_watch(target, start, bytes, reset, addresses, count)
                  : write_watch_get(start, bytes, reset, addresses, count);
}

/* The caller does not get the report: what was reset for it counts as written again. */
static void restore(struct process_object *target, void **pages, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        void *page;

        if (guest_copy_in(&page, pages + i, sizeof(page)))
            continue;
        if (target)
            remote_mark_written(target, &page, 1);
        else
            watch_mark(page, PAGE_BYTES);
    }
}

/* Fills the program's array; *done counts. */
static NTSTATUS collect(struct process_object *target, char *start, size_t bytes, bool reset,
                        void **addresses, size_t limit, size_t *done)
{
    size_t room = bytes / PAGE_BYTES;
    char *at = start, *end = start + bytes;
    NTSTATUS status = STATUS_SUCCESS;
    void *small[SMALL_CHUNK], **chunk = small;

    room = room < limit ? room : limit;
    room = room < CHUNK ? room : CHUNK;
    if (room > SMALL_CHUNK)
        chunk = malloc(room * sizeof(*chunk));
    if (!chunk)
        return STATUS_NO_MEMORY;
    while (at < end && *done < limit && !status) {
        size_t wanted = limit - *done < room ? limit - *done : room, count = wanted;

        status = scan(target, at, (size_t)(end - at), reset, chunk, &count);
        if (status || !count)
            break;
        status = guest_copy_out(addresses + *done, chunk, count * sizeof(*chunk));
        if (status && reset)
            restore(target, chunk, count);
        if (status)
            break;
        *done += count;
        if (count < wanted)
            break;
        at = (char *)chunk[count - 1] + PAGE_BYTES;
    }
    if (chunk != small)
        free(chunk);
    return status;
}

NTSTATUS WINAPI NtGetWriteWatch(HANDLE handle, ULONG flags, void *base, SIZE_T size,
                                void **addresses, ULONG_PTR *count, ULONG *granularity)
{
    struct process_object *target;
    ULONG_PTR limit;
    size_t bytes, done = 0;
    char *start;
    NTSTATUS status = read_counts(count, granularity, &limit);

    if (status)
        return status;
    if (!limit || !size)
        return STATUS_INVALID_PARAMETER_3;
    if (flags & ~(ULONG)WRITE_WATCH_FLAG_RESET)
        return STATUS_INVALID_PARAMETER_2;
    if (!addresses)
        return STATUS_ACCESS_VIOLATION;
    round_range(base, size, &start, &bytes);
    if (!bytes)
        return STATUS_INVALID_PARAMETER;
    status = remote_target(handle, PROCESS_VM_OPERATION, &target);
    if (status)
        return status;
    status = collect(target, start, bytes, !!(flags & WRITE_WATCH_FLAG_RESET), addresses, limit,
                     &done);
    if (!status)
        status = write_counts(count, granularity, done);
    if (status && flags & WRITE_WATCH_FLAG_RESET)
        restore(target, addresses, done);
    if (target)
        object_release(&target->header);
    return status;
}

NTSTATUS WINAPI NtResetWriteWatch(HANDLE handle, void *base, SIZE_T size)
{
    struct process_object *target;
    size_t bytes;
    char *start;
    NTSTATUS status;

    if (!size)
        return STATUS_INVALID_PARAMETER_3;
    round_range(base, size, &start, &bytes);
    if (!bytes)
        return STATUS_INVALID_PARAMETER;
    status = remote_target(handle, PROCESS_VM_OPERATION, &target);
    if (status)
        return status;
    if (!target)
        return write_watch_reset(start, bytes);
    status = remote_reset_write_watch(target, start, bytes);
    object_release(&target->header);
    return status;
}
