/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Byte-range locks.
 */
#include <errno.h>
#include <fcntl.h>

#include "file.h"

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
