/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is known of a file by its name, and what kind of device a handle leads to.
 */
#include <errno.h>
#include <stdlib.h>

#include "file.h"
#include "path.h"
#include "winioctl.h"

/* 100 ns units since 1601. */
static LONGLONG nt_time(struct timespec time)
{
    return (time.tv_sec + 11644473600) * 10000000 + time.tv_nsec / 100;
}

/* The statistics of a name; a device has none. */
static NTSTATUS stat_name(const OBJECT_ATTRIBUTES *attributes, struct stat *st)
{
    char *unix_path;
    NTSTATUS status = path_nt_to_unix(attributes, &unix_path);

    if (status == STATUS_OBJECT_TYPE_MISMATCH)
        return STATUS_INVALID_DEVICE_REQUEST;
    if (status)
        return status;
    if (stat(unix_path, st))
        status = errno_to_status(errno);
    free(unix_path);
    return status;
}

NTSTATUS WINAPI NtQueryFullAttributesFile(const OBJECT_ATTRIBUTES *attributes,
                                          FILE_NETWORK_OPEN_INFORMATION *info)
{
    FILE_NETWORK_OPEN_INFORMATION result = {0};
    struct stat st;
    NTSTATUS status = stat_name(attributes, &st);

    if (status)
        return status;
    /* Linux' ordinary calls tell no birth time; the oldest of the others stands for it. */
    result.LastAccessTime.QuadPart = nt_time(st.st_atim);
    result.LastWriteTime.QuadPart = nt_time(st.st_mtim);
    result.ChangeTime.QuadPart = nt_time(st.st_ctim);
    result.CreationTime.QuadPart = result.LastWriteTime.QuadPart < result.ChangeTime.QuadPart
                                       ? result.LastWriteTime.QuadPart
                                       : result.ChangeTime.QuadPart;
    if (!S_ISDIR(st.st_mode)) {
        result.AllocationSize.QuadPart = (LONGLONG)st.st_blocks * 512;
        result.EndOfFile.QuadPart = st.st_size;
    }
    result.FileAttributes = file_attributes(&st);
    return guest_copy_out(info, &result, sizeof(result));
}

NTSTATUS WINAPI NtQueryAttributesFile(const OBJECT_ATTRIBUTES *attributes,
                                      FILE_BASIC_INFORMATION *info)
{
    FILE_NETWORK_OPEN_INFORMATION full;
    FILE_BASIC_INFORMATION result = {0};
    NTSTATUS status = NtQueryFullAttributesFile(attributes, &full);

    if (status)
        return status;
    result.CreationTime = full.CreationTime;
    result.LastAccessTime = full.LastAccessTime;
    result.LastWriteTime = full.LastWriteTime;
    result.ChangeTime = full.ChangeTime;
    result.FileAttributes = full.FileAttributes;
    return guest_copy_out(info, &result, sizeof(result));
}

/* GetFileType asks this: it is how a program tells a terminal from a pipe and a file. */
static ULONG device_type(const struct file *file)
{
    switch (file->kind) {
    case FILE_KIND_PIPE: return FILE_DEVICE_NAMED_PIPE;
    case FILE_KIND_CONSOLE: return FILE_DEVICE_CONSOLE;
    case FILE_KIND_CHAR: return FILE_DEVICE_NULL;
    default: return FILE_DEVICE_DISK;
    }
}

NTSTATUS WINAPI NtQueryVolumeInformationFile(HANDLE handle, IO_STATUS_BLOCK *io, void *buffer,
                                             ULONG length, FS_INFORMATION_CLASS class)
{
    FILE_FS_DEVICE_INFORMATION device = {0};
    IO_STATUS_BLOCK result = {.Status = STATUS_SUCCESS, .Information = sizeof(device)};
    struct file *file;
    NTSTATUS status;

    if (class != FileFsDeviceInformation)
        return STATUS_NOT_IMPLEMENTED;
    if (length < sizeof(device))
        return STATUS_INFO_LENGTH_MISMATCH;
    status = file_from_handle(handle, 0, &file);
    if (status)
        return status;
    device.DeviceType = device_type(file);
    object_release(&file->header);
    status = guest_copy_out(buffer, &device, sizeof(device));
    return status ? status : guest_copy_out(io, &result, sizeof(result));
}
