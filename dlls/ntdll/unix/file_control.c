/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Control codes. Those of pipes are pipe_io.c's; few others are known, and none that changes nothing when it
 * is refused.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "path.h"
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

/* REPARSE_DATA_BUFFER of a symbolic link (ntifs.h; Wine's headers lack it). */
struct link_data {
    ULONG tag;
    USHORT data_bytes, reserved; /* of what follows */
    USHORT substitute_offset, substitute_bytes, print_offset, print_bytes;
    ULONG flags;
    WCHAR text[];
};
#define LINK_IS_RELATIVE 1 /* SYMLINK_FLAG_RELATIVE */

/* Where a symbolic link leads, as Windows keeps it: a relative path, or \??\Z:\… */
static NTSTATUS get_reparse_point(const struct file *file, void *out, ULONG length, ULONG *used)
{
    const size_t head = sizeof(struct link_data);
    static const WCHAR prefix[] = {'\\', '?', '?', '\\'};
    char target[PATH_MAX];
    struct link_data *data;
    WCHAR *text, *dos;
    size_t count = 0, skipped;
    ssize_t bytes = file->unix_path ? readlink(file->unix_path, target, sizeof(target) - 1) : -1;
    NTSTATUS status = STATUS_SUCCESS;

    if (bytes < 0)
        return STATUS_NOT_A_REPARSE_POINT;
    target[bytes] = 0;
    data = calloc(1, head + 2 * ((size_t)bytes + 16) * sizeof(WCHAR));
    if (!data)
        return STATUS_NO_MEMORY;
    text = data->text;
    if (target[0] == '/') {
        dos = path_unix_to_dos(target);
        memcpy(text, prefix, sizeof(prefix));
        count = 4;
        for (const WCHAR *at = dos; at && *at; at++)
            text[count++] = *at;
        free(dos);
    } else {
        for (const char *at = target; *at;) {
            size_t part = strcspn(at, "/");

            count += path_name_to_wide(at, part, text + count);
            at += part;
            for (; *at == '/'; at++)
                if (at[1] != '/')
                    text[count++] = '\\';
        }
        data->flags = LINK_IS_RELATIVE;
    }
    /* The name for people follows: the same without NT's prefix. */
    skipped = target[0] == '/' ? 4 : 0;
    memcpy(text + count, text + skipped, (count - skipped) * sizeof(WCHAR));
    data->tag = IO_REPARSE_TAG_SYMLINK;
    data->substitute_bytes = (USHORT)(count * sizeof(WCHAR));
    data->print_offset = (USHORT)(count * sizeof(WCHAR));
    data->print_bytes = (USHORT)((count - skipped) * sizeof(WCHAR));
    *used = (ULONG)(head + (2 * count - skipped) * sizeof(WCHAR));
    data->data_bytes = (USHORT)(*used - offsetof(struct link_data, substitute_offset));
    if (length < *used)
        status = STATUS_BUFFER_TOO_SMALL;
    else if (guest_copy_out(out, data, *used))
        status = STATUS_ACCESS_VIOLATION;
    free(data);
    return status;
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
    else if (code == FSCTL_GET_REPARSE_POINT) {
        ULONG used = 0;

        status = get_reparse_point(file, out, out_length, &used);
        status = async_finish_inline(file, &target, status, used);
    } else if (code == FSCTL_SET_SPARSE) /* every Linux file may have holes */
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
