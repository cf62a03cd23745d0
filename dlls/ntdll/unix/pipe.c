/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Anonymous pipes, and the requests on files that are not reading and writing: control codes, byte-range
 * locks, cancellation.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "file.h"

static NTSTATUS give_end(int fd, ACCESS_MASK access, ULONG attributes, HANDLE *handle)
{
    struct file *file;
    NTSTATUS status = file_create_object(fd, NULL, access | SYNCHRONIZE | FILE_READ_ATTRIBUTES,
                                         FILE_SHARE_READ | FILE_SHARE_WRITE,
                                         FILE_SYNCHRONOUS_IO_NONALERT, &file);

    if (status)
        return status;
    status = handle_create(&file->header, file->access, attributes, handle);
    object_release(&file->header);
    return status;
}

NTSTATUS WINAPI DecantCreatePipe(HANDLE *read_end, HANDLE *write_end, ULONG attributes, ULONG bytes)
{
    HANDLE ends[2];
    int fds[2];
    NTSTATUS status;

    if (pipe2(fds, O_CLOEXEC))
        return errno_to_status(errno);
    if (bytes > 4096)
        fcntl(fds[1], F_SETPIPE_SZ, (int)bytes); /* a wish */
    status = give_end(fds[0], FILE_GENERIC_READ, attributes, &ends[0]);
    if (status) {
        close(fds[1]);
        return status;
    }
    status = give_end(fds[1], FILE_GENERIC_WRITE | FILE_READ_ATTRIBUTES, attributes, &ends[1]);
    if (status) {
        NtClose(ends[0]);
        return status;
    }
    if (guest_copy_out(read_end, &ends[0], sizeof(HANDLE)) ||
        guest_copy_out(write_end, &ends[1], sizeof(HANDLE))) {
        NtClose(ends[0]);
        NtClose(ends[1]);
        return STATUS_ACCESS_VIOLATION;
    }
    return STATUS_SUCCESS;
}

/* --- Control codes: none is known that changes nothing when it is refused --- */

static NTSTATUS refuse(HANDLE handle, NTSTATUS answer)
{
    struct file *file;
    NTSTATUS status = file_from_handle(handle, 0, &file);

    if (status)
        return status;
    object_release(&file->header);
    return answer;
}

NTSTATUS WINAPI NtDeviceIoControlFile(HANDLE handle, HANDLE event, PIO_APC_ROUTINE apc,
                                      void *context, IO_STATUS_BLOCK *io, ULONG code, void *in,
                                      ULONG in_length, void *out, ULONG out_length)
{
    (void)event, (void)apc, (void)context, (void)io, (void)in, (void)in_length, (void)out,
        (void)out_length;
    trace(TRACE_FILE, "NtDeviceIoControlFile: code %08x is not implemented", (unsigned)code);
    return refuse(handle, STATUS_INVALID_DEVICE_REQUEST);
}

NTSTATUS WINAPI NtFsControlFile(HANDLE handle, HANDLE event, PIO_APC_ROUTINE apc, void *context,
                                IO_STATUS_BLOCK *io, ULONG code, void *in, ULONG in_length,
                                void *out, ULONG out_length)
{
    (void)event, (void)apc, (void)context, (void)io, (void)in, (void)in_length, (void)out,
        (void)out_length;
    trace(TRACE_FILE, "NtFsControlFile: code %08x is not implemented", (unsigned)code);
    return refuse(handle, STATUS_INVALID_DEVICE_REQUEST);
}

/* Nothing is ever pending: requests end before their call returns. */
NTSTATUS WINAPI NtCancelIoFile(HANDLE handle, IO_STATUS_BLOCK *io)
{
    IO_STATUS_BLOCK result = {{0}};
    NTSTATUS status = refuse(handle, STATUS_SUCCESS);

    return status ? status : guest_copy_out(io, &result, sizeof(result));
}

NTSTATUS WINAPI NtCancelIoFileEx(HANDLE handle, IO_STATUS_BLOCK *request, IO_STATUS_BLOCK *io)
{
    (void)request, (void)io;
    return refuse(handle, STATUS_NOT_FOUND);
}

/* --- Byte-range locks: Linux' open-file-description locks, which belong to an opening as
 * Windows' do. They are advisory: reading and writing do not look at them. --- */

static NTSTATUS change_lock(HANDLE handle, IO_STATUS_BLOCK *io, const LARGE_INTEGER *offset,
                            const LARGE_INTEGER *length, short type, bool fail_at_once)
{
    IO_STATUS_BLOCK result = {{0}};
    LARGE_INTEGER from, count;
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET};
    struct file *file;
    NTSTATUS status;

    if (guest_copy_in(&from, offset, sizeof(from)) || guest_copy_in(&count, length, sizeof(count)))
        return STATUS_ACCESS_VIOLATION;
    if (from.QuadPart < 0)
        return STATUS_INVALID_PARAMETER;
    status = file_from_handle(handle, 0, &file);
    if (status)
        return status;
    lock.l_start = from.QuadPart;
    lock.l_len = count.QuadPart > 0 && count.QuadPart <= INT64_MAX - from.QuadPart
                     ? count.QuadPart
                     : 0; /* to the end of all offsets */
    /* A shared lock needs reading, an exclusive one writing on Linux; Windows asks for neither. */
    if (type == F_WRLCK && !(file->access & FILE_WRITE_DATA))
        lock.l_type = F_RDLCK;
    if (count.QuadPart && fcntl(file->fd, fail_at_once ? F_OFD_SETLK : F_OFD_SETLKW, &lock))
        status = errno == EAGAIN || errno == EACCES ? STATUS_LOCK_NOT_GRANTED
                                                    : errno_to_status(errno);
    object_release(&file->header);
    return status ? status : guest_copy_out(io, &result, sizeof(result));
}

NTSTATUS WINAPI NtLockFile(HANDLE handle, HANDLE event, PIO_APC_ROUTINE apc, void *context,
                           IO_STATUS_BLOCK *io, LARGE_INTEGER *offset, LARGE_INTEGER *length,
                           ULONG *key, BOOLEAN fail_at_once, BOOLEAN exclusive)
{
    NTSTATUS status;

    (void)apc, (void)context, (void)key;
    status = change_lock(handle, io, offset, length, exclusive ? F_WRLCK : F_RDLCK, fail_at_once);
    if (!status && event)
        NtSetEvent(event, NULL);
    return status;
}

NTSTATUS WINAPI NtUnlockFile(HANDLE handle, IO_STATUS_BLOCK *io, LARGE_INTEGER *offset,
                             LARGE_INTEGER *length, ULONG *key)
{
    (void)key;
    return change_lock(handle, io, offset, length, F_UNLCK, true);
}
