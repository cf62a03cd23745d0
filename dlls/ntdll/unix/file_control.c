/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Control codes. Those of pipes are pipe_io.c's; few others are known, and none that changes nothing when it
 * is refused.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "pipe.h"
#include "winioctl.h"

NTSTATUS WINAPI NtDeviceIoControlFile(HANDLE handle, HANDLE event, PIO_APC_ROUTINE apc,
                                      void *context, IO_STATUS_BLOCK *io, ULONG code, void *in,
                                      ULONG in_length, void *out, ULONG out_length)
{
    struct file *file;
    NTSTATUS status = file_from_handle(handle, 0, &file);

    (void)event, (void)apc, (void)context, (void)io, (void)in, (void)in_length, (void)out,
        (void)out_length;
    if (status)
        return status;
    trace(TRACE_FILE, "NtDeviceIoControlFile: code %08x is not implemented", (unsigned)code);
    object_release(&file->header);
    return STATUS_INVALID_DEVICE_REQUEST;
}

NTSTATUS WINAPI NtFsControlFile(HANDLE handle, HANDLE event, PIO_APC_ROUTINE apc, void *context,
                                IO_STATUS_BLOCK *io, ULONG code, void *in, ULONG in_length,
                                void *out, ULONG out_length)
{
    struct async_target target = {io, event, apc, context};
    IO_STATUS_BLOCK probe;
    struct file *file;
    void *copy;
    NTSTATUS status = file_from_handle(handle, 0, &file);

    if (status)
        return status;
    copy = malloc(in_length ? in_length : 1);
    if (!copy)
        status = STATUS_NO_MEMORY;
    else if (guest_copy_in(copy, in, in_length) || guest_copy_in(&probe, io, sizeof(probe)))
        status = STATUS_ACCESS_VIOLATION;
    else if (code == FSCTL_SET_SPARSE) /* every Linux file may have holes */
        status = async_finish_inline(file, &target,
                                     file->kind == FILE_KIND_DISK ? STATUS_SUCCESS
                                                                  : STATUS_INVALID_PARAMETER, 0);
    else
        status = pipe_control(file, code, copy, in_length, out, out_length, &target);
    if (status == STATUS_INVALID_DEVICE_REQUEST)
        trace(TRACE_FILE, "NtFsControlFile: code %08x is not implemented", (unsigned)code);
    free(copy);
    object_release(&file->header);
    return status;
}
