/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * ioapiset.h: overlapped results, completion ports, cancelling, device control; reading into and
 * writing from scattered pages. Plain reading and writing is in fileapi.c.
 */
#include "kernelbase.h"

#define MAX_ENTRIES_ON_STACK 64

/* A synchronous file's pending call completes before it returns, but for handles that were opened elsewhere
 * for asynchronous use: those are waited for on the file object itself, as Windows does. */
static NTSTATUS wait_for_file(HANDLE file, NTSTATUS status, const IO_STATUS_BLOCK *io)
{
    if (status != STATUS_PENDING)
        return status;
    status = NtWaitForSingleObject(file, FALSE, NULL);
    return status ? status : io->Status;
}

/* --- Scatter and gather --- */

BOOL WINAPI ReadFileScatter(HANDLE file, FILE_SEGMENT_ELEMENT *segments, DWORD count,
                            LPDWORD reserved, LPOVERLAPPED overlapped)
{
    IO_STATUS_BLOCK *io = (IO_STATUS_BLOCK *)overlapped;
    LARGE_INTEGER offset;
    NTSTATUS status;

    (void)reserved;
    offset.LowPart = overlapped->Offset;
    offset.HighPart = (LONG)overlapped->OffsetHigh;
    io->Status = STATUS_PENDING;
    io->Information = 0;
    status = NtReadFileScatter(file, overlapped->hEvent, NULL, overlapped_context(overlapped), io,
                               segments, count, &offset, NULL);
    return status == STATUS_PENDING ? set_error(ERROR_IO_PENDING) : check_status(status);
}

BOOL WINAPI WriteFileGather(HANDLE file, FILE_SEGMENT_ELEMENT *segments, DWORD count,
                            LPDWORD reserved, LPOVERLAPPED overlapped)
{
    IO_STATUS_BLOCK *io = (IO_STATUS_BLOCK *)overlapped;
    LARGE_INTEGER offset;
    NTSTATUS status;

    (void)reserved;
    offset.LowPart = overlapped->Offset;
    offset.HighPart = (LONG)overlapped->OffsetHigh;
    io->Status = STATUS_PENDING;
    io->Information = 0;
    status = NtWriteFileGather(file, overlapped->hEvent, NULL, overlapped_context(overlapped), io,
                               segments, count, &offset, NULL);
    return status == STATUS_PENDING ? set_error(ERROR_IO_PENDING) : check_status(status);
}

/* --- Results --- */

BOOL WINAPI GetOverlappedResultEx(HANDLE file, LPOVERLAPPED overlapped, LPDWORD done, DWORD timeout,
                                  BOOL alertable)
{
    NTSTATUS status = (NTSTATUS)__atomic_load_n(&overlapped->Internal, __ATOMIC_ACQUIRE);

    if (status == STATUS_PENDING) {
        DWORD waited;

        if (!timeout)
            return set_error(ERROR_IO_INCOMPLETE);
        waited = WaitForSingleObjectEx(overlapped->hEvent ? overlapped->hEvent : file, timeout,
                                       alertable);
        if (waited == WAIT_FAILED)
            return FALSE;
        if (waited)
            return set_error(waited);
        status = (NTSTATUS)__atomic_load_n(&overlapped->Internal, __ATOMIC_ACQUIRE);
        /* Woken by another request on the same file: the wait object was not ours alone. */
        if (status == STATUS_PENDING)
            status = STATUS_SUCCESS;
    }
    *done = (DWORD)overlapped->InternalHigh;
    return check_status(status);
}

BOOL WINAPI GetOverlappedResult(HANDLE file, LPOVERLAPPED overlapped, LPDWORD done, BOOL wait)
{
    return GetOverlappedResultEx(file, overlapped, done, wait ? INFINITE : 0, FALSE);
}

BOOL WINAPI CancelIo(HANDLE file)
{
    IO_STATUS_BLOCK io;

    return check_status(NtCancelIoFile(file, &io));
}

BOOL WINAPI CancelIoEx(HANDLE file, LPOVERLAPPED overlapped)
{
    IO_STATUS_BLOCK io;

    return check_status(NtCancelIoFileEx(file, (IO_STATUS_BLOCK *)overlapped, &io));
}

BOOL WINAPI CancelSynchronousIo(HANDLE thread)
{
    IO_STATUS_BLOCK io;

    return check_status(NtCancelSynchronousIoFile(thread, NULL, &io));
}

/* --- Completion ports --- */

HANDLE WINAPI CreateIoCompletionPort(HANDLE file, HANDLE port, ULONG_PTR key, DWORD threads)
{
    FILE_COMPLETION_INFORMATION info;
    IO_STATUS_BLOCK io;
    HANDLE made = NULL;

    if (file == INVALID_HANDLE_VALUE && port) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    if (!port) {
        if (!check_status(NtCreateIoCompletion(&made, IO_COMPLETION_ALL_ACCESS, NULL, threads)))
            return NULL;
        port = made;
    }
    if (file == INVALID_HANDLE_VALUE)
        return port;
    info.CompletionPort = port;
    info.CompletionKey = key;
    if (check_status(NtSetInformationFile(file, &io, &info, sizeof(info), FileCompletionInformation)))
        return port;
    if (made)
        NtClose(made);
    return NULL;
}

BOOL WINAPI GetQueuedCompletionStatus(HANDLE port, LPDWORD done, PULONG_PTR key,
                                      LPOVERLAPPED *overlapped, DWORD ms)
{
    LARGE_INTEGER time;
    ULONG_PTR value = 0;
    IO_STATUS_BLOCK io;
    NTSTATUS status;

    *overlapped = NULL;
    status = NtRemoveIoCompletion(port, key, &value, &io, timeout_from_ms(&time, ms));
    if (status == STATUS_TIMEOUT)
        return set_error(WAIT_TIMEOUT);
    if (status == STATUS_ABANDONED_WAIT_0)
        return set_error(ERROR_ABANDONED_WAIT_0);
    if (!check_status(status))
        return FALSE;
    *overlapped = (OVERLAPPED *)value;
    *done = (DWORD)io.Information;
    return check_status(io.Status);
}

BOOL WINAPI GetQueuedCompletionStatusEx(HANDLE port, OVERLAPPED_ENTRY *entries, ULONG count,
                                        ULONG *removed, DWORD ms, BOOL alertable)
{
    FILE_IO_COMPLETION_INFORMATION on_stack[MAX_ENTRIES_ON_STACK];
    LARGE_INTEGER time;
    NTSTATUS status;

    if (!count)
        return set_error(ERROR_INVALID_PARAMETER);
    /* Fewer than asked for is a documented answer. */
    if (count > ARRAY_COUNT(on_stack))
        count = ARRAY_COUNT(on_stack);
    *removed = 1;
    status = NtRemoveIoCompletionEx(port, on_stack, count, removed, timeout_from_ms(&time, ms),
                                    (BOOLEAN)alertable);
    if (status == STATUS_TIMEOUT)
        return set_error(WAIT_TIMEOUT);
    if (status == STATUS_USER_APC)
        return set_error(WAIT_IO_COMPLETION);
    if (status == STATUS_ABANDONED_WAIT_0)
        return set_error(ERROR_ABANDONED_WAIT_0);
    if (!check_status(status))
        return FALSE;
    for (ULONG i = 0; i < *removed; i++) {
        entries[i].lpCompletionKey = on_stack[i].CompletionKey;
        entries[i].lpOverlapped = (OVERLAPPED *)on_stack[i].CompletionValue;
        entries[i].Internal = (ULONG_PTR)on_stack[i].IoStatusBlock.Status;
        entries[i].dwNumberOfBytesTransferred = (DWORD)on_stack[i].IoStatusBlock.Information;
    }
    return TRUE;
}

BOOL WINAPI PostQueuedCompletionStatus(HANDLE port, DWORD done, ULONG_PTR key,
                                       LPOVERLAPPED overlapped)
{
    return check_status(NtSetIoCompletion(port, key, (ULONG_PTR)overlapped, STATUS_SUCCESS, done));
}

BOOL WINAPI SetFileCompletionNotificationModes(HANDLE file, UCHAR flags)
{
    FILE_IO_COMPLETION_NOTIFICATION_INFORMATION info = {flags};
    IO_STATUS_BLOCK io;

    return check_status(NtSetInformationFile(file, &io, &info, sizeof(info),
                                             FileIoCompletionNotificationInformation));
}

/* --- Devices --- */

/* A control code whose device is the file system goes to NtFsControlFile. */
BOOL WINAPI DeviceIoControl(HANDLE device, DWORD code, LPVOID in, DWORD in_size, LPVOID out,
                            DWORD out_size, LPDWORD done, LPOVERLAPPED overlapped)
{
    bool is_file_system = code >> 16 == FILE_DEVICE_FILE_SYSTEM;
    IO_STATUS_BLOCK block, *io = &block;
    HANDLE event = NULL;
    void *context = NULL;
    NTSTATUS status;

    block.Status = STATUS_PENDING;
    block.Information = 0;
    if (overlapped) {
        io = (IO_STATUS_BLOCK *)overlapped;
        io->Status = STATUS_PENDING;
        io->Information = 0;
        event = overlapped->hEvent;
        context = overlapped_context(overlapped);
    }
    if (is_file_system)
        status = NtFsControlFile(device, event, NULL, context, io, code, in, in_size, out, out_size);
    else
        status = NtDeviceIoControlFile(device, event, NULL, context, io, code, in, in_size, out,
                                       out_size);
    if (!overlapped)
        status = wait_for_file(device, status, io);
    if (done && !NT_ERROR(status))
        *done = (DWORD)io->Information;
    if (status == STATUS_PENDING)
        return set_error(ERROR_IO_PENDING);
    return check_status(status);
}
