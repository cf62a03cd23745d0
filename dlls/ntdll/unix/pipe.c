/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Anonymous pipes: Linux' own. Their ends are synchronous, as on Windows.
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
