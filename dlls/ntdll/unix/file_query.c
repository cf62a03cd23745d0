/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is known of a file by its name, and what kind of device a handle leads to.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "info.h"
#include "path.h"
#include "pipe.h"
#include "winioctl.h"

/* 100 ns units since 1601. */
static LONGLONG nt_time(struct timespec time)
{
    return (time.tv_sec + 11644473600) * 10000000 + time.tv_nsec / 100;
}

/* The statistics of a name; a device has none. */
static NTSTATUS stat_name(const OBJECT_ATTRIBUTES *attributes, struct stat *st, ULONG *file_attribs)
{
    struct path path;
    char *unix_path;
    NTSTATUS status = path_look_up(attributes, &path);

    if (status && status != STATUS_OBJECT_NAME_NOT_FOUND)
        return status;
    if (path.kind != PATH_FILE) {
        path_free(&path);
        return status ? status : STATUS_INVALID_DEVICE_REQUEST;
    }
    /* A link that leads nowhere is there all the same: lstat decides. */
    unix_path = path.unix_path;
    if (!unix_path)
        return status;
    status = STATUS_SUCCESS;
    if (lstat(unix_path, st)) /* links are not followed, as on Windows */
        status = errno_to_status(errno);
    else
        *file_attribs = file_attributes(st, -1, unix_path);
    free(unix_path);
    return status;
}

NTSTATUS WINAPI NtQueryFullAttributesFile(const OBJECT_ATTRIBUTES *attributes,
                                          FILE_NETWORK_OPEN_INFORMATION *info)
{
    FILE_NETWORK_OPEN_INFORMATION result = {0};
    struct stat st;
    ULONG file_attribs = 0;
    NTSTATUS status = stat_name(attributes, &st, &file_attribs);

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
    result.FileAttributes = file_attribs;
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

/* --- The name of an open file --- */

/* As Linux knows it now: links resolved, renamings followed. malloc'ed, NULL without one. */
static char *current_path(const struct file *file)
{
    static const char deleted[] = " (deleted)";
    char link[64], path[PATH_MAX];
    struct stat st;
    ssize_t length;

    if (!file->unix_path || (file->kind != FILE_KIND_DISK && file->kind != FILE_KIND_DIRECTORY))
        return NULL;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", file->fd);
    length = readlink(link, path, sizeof(path) - 1);
    if (length <= 0 || path[0] != '/')
        return strdup(file->unix_path);
    path[length] = 0;
    if ((size_t)length > sizeof(deleted) && stat(path, &st) &&
        !strcmp(path + length - sizeof(deleted) + 1, deleted))
        return strdup(file->unix_path);
    return strdup(path);
}

NTSTATUS file_query_name(struct object *object, void *buffer, ULONG length, ULONG *needed)
{
    static const WCHAR drives[] = L"\\??\\", pipes[] = L"\\Device\\NamedPipe\\",
                       null_device[] = L"\\Device\\Null", console[] = L"\\Device\\ConDrv";
    struct file *file = container_of(object, struct file, header);
    char *path = current_path(file);
    WCHAR *dos = path ? path_unix_to_dos(path) : NULL, *name = NULL;
    size_t count = 0;
    NTSTATUS status = STATUS_NO_MEMORY;

    if (path && dos) {
        while (dos[count])
            count++;
        name = malloc(sizeof(drives) + (count + 1) * sizeof(WCHAR));
        if (name) {
            memcpy(name, drives, sizeof(drives));
            memcpy((char *)name + sizeof(drives) - sizeof(WCHAR), dos, (count + 1) * sizeof(WCHAR));
        }
    } else if (file->pipe && file->pipe->name) {
        count = file->pipe->name_length;
        name = malloc(sizeof(pipes) + count * sizeof(WCHAR));
        if (name) {
            memcpy(name, pipes, sizeof(pipes));
            memcpy((char *)name + sizeof(pipes) - sizeof(WCHAR), file->pipe->name,
                   count * sizeof(WCHAR));
            name[sizeof(pipes) / sizeof(WCHAR) - 1 + count] = 0;
        }
    } else if (!path) {
        status = answer_string(buffer, length, needed,
                               file->kind == FILE_KIND_CONSOLE ? console
                               : file->kind == FILE_KIND_CHAR  ? null_device
                                                               : NULL);
    }
    if (name)
        status = answer_string(buffer, length, needed, name);
    free(name);
    free(dos);
    free(path);
    return status;
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

/* Sizes in allocation units of the file system. */
static NTSTATUS query_sizes(const struct file *file, FILE_FS_FULL_SIZE_INFORMATION *info)
{
    struct statvfs fs;

    if (fstatvfs(file->fd, &fs))
        return errno_to_status(errno);
    info->TotalAllocationUnits.QuadPart = (LONGLONG)fs.f_blocks;
    info->CallerAvailableAllocationUnits.QuadPart = (LONGLONG)fs.f_bavail;
    info->ActualAvailableAllocationUnits.QuadPart = (LONGLONG)fs.f_bfree;
    info->BytesPerSector = 512;
    info->SectorsPerAllocationUnit = (ULONG)(fs.f_frsize / 512);
    return STATUS_SUCCESS;
}

/* A fixed part and a text of variable length, cut off with STATUS_BUFFER_OVERFLOW. */
static NTSTATUS answer_with_text(void *buffer, ULONG length, const void *fixed, ULONG fixed_bytes,
                                 const WCHAR *text, ULONG text_bytes, ULONG *used)
{
    ULONG fits = length < fixed_bytes ? 0 : length - fixed_bytes;
    NTSTATUS status;

    if (length < fixed_bytes)
        return STATUS_INFO_LENGTH_MISMATCH;
    if (fits > text_bytes)
        fits = text_bytes;
    status = guest_copy_out(buffer, fixed, fixed_bytes);
    if (!status)
        status = guest_copy_out((char *)buffer + fixed_bytes, text, fits);
    *used = fixed_bytes + fits;
    return status ? status : fits < text_bytes ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

static NTSTATUS query_volume(struct file *file, void *buffer, ULONG length,
                             FS_INFORMATION_CLASS class, ULONG *used)
{
    FILE_FS_FULL_SIZE_INFORMATION full = {{{0}}};
    NTSTATUS status;

    switch ((int)class) {
    case FileFsDeviceInformation: {
        FILE_FS_DEVICE_INFORMATION device = {device_type(file), 0};

        return answer_with_text(buffer, length, &device, sizeof(device), NULL, 0, used);
    }
    case FileFsFullSizeInformation:
        status = query_sizes(file, &full);
        return status ? status
                      : answer_with_text(buffer, length, &full, sizeof(full), NULL, 0, used);
    case FileFsSizeInformation: {
        FILE_FS_SIZE_INFORMATION size = {{{0}}};

        status = query_sizes(file, &full);
        size.TotalAllocationUnits = full.TotalAllocationUnits;
        size.AvailableAllocationUnits = full.CallerAvailableAllocationUnits;
        size.SectorsPerAllocationUnit = full.SectorsPerAllocationUnit;
        size.BytesPerSector = full.BytesPerSector;
        return status ? status
                      : answer_with_text(buffer, length, &size, sizeof(size), NULL, 0, used);
    }
    case FileFsAttributeInformation: {
        static const WCHAR name[] = {'N', 'T', 'F', 'S'};
        FILE_FS_ATTRIBUTE_INFORMATION info = {0};

        info.FileSystemAttributes = FILE_CASE_PRESERVED_NAMES | FILE_UNICODE_ON_DISK |
                                    FILE_SUPPORTS_SPARSE_FILES | FILE_SUPPORTS_HARD_LINKS;
        info.MaximumComponentNameLength = 255;
        info.FileSystemNameLength = sizeof(name);
        return answer_with_text(buffer, length, &info,
                                offsetof(FILE_FS_ATTRIBUTE_INFORMATION, FileSystemName), name,
                                sizeof(name), used);
    }
    case FileFsVolumeInformation: {
        FILE_FS_VOLUME_INFORMATION info;
        struct stat st;

        memset(&info, 0, sizeof(info));
        if (fstat(file->fd, &st))
            return errno_to_status(errno);
        info.VolumeSerialNumber = (ULONG)st.st_dev;
        return answer_with_text(buffer, length, &info,
                                offsetof(FILE_FS_VOLUME_INFORMATION, VolumeLabel), NULL, 0, used);
    }
    default:
        trace(TRACE_FILE, "NtQueryVolumeInformationFile: class %u is not implemented", class);
        return STATUS_INVALID_INFO_CLASS;
    }
}

NTSTATUS WINAPI NtQueryVolumeInformationFile(HANDLE handle, IO_STATUS_BLOCK *io, void *buffer,
                                             ULONG length, FS_INFORMATION_CLASS class)
{
    IO_STATUS_BLOCK result = {{0}};
    struct file *file;
    ULONG used = 0;
    NTSTATUS status = file_from_handle(handle, 0, &file);

    if (status)
        return status;
    status = query_volume(file, buffer, length, class, &used);
    object_release(&file->header);
    if (status && status != STATUS_BUFFER_OVERFLOW)
        return status;
    result.Status = status;
    result.Information = used;
    return guest_copy_out(io, &result, sizeof(result)) ? STATUS_ACCESS_VIOLATION : status;
}
