/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * NtSetInformationFile: times and attributes, position, size, deletion, renaming, links. And the few
 * calls that act on an open file without data.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "info.h"
#include "iocp.h"
#include "path.h"
#include "pipe.h"
#include "section.h"

/* Classes that Wine 8's headers do not name (ntifs.h). */
#define FILE_DISPOSITION_INFORMATION_EX 64
#define FILE_RENAME_INFORMATION_EX      65

/* 0 and -1 mean "leave it" and "do not update by itself". */
static struct timespec linux_time(const LARGE_INTEGER *time)
{
    struct timespec result = {0, UTIME_OMIT};

    if (time->QuadPart > 0) {
        result.tv_sec = time->QuadPart / 10000000 - 11644473600;
        result.tv_nsec = time->QuadPart % 10000000 * 100;
    }
    return result;
}

static NTSTATUS set_basic(struct file *file, const FILE_BASIC_INFORMATION *info)
{
    struct timespec times[2] = {linux_time(&info->LastAccessTime), linux_time(&info->LastWriteTime)};
    struct stat st;

    if (info->FileAttributes) {
        mode_t mode;
        int error;

        if (fstat(file->fd, &st))
            return errno_to_status(errno);
        if (info->FileAttributes & FILE_ATTRIBUTE_DIRECTORY && !S_ISDIR(st.st_mode))
            return STATUS_INVALID_PARAMETER;
        /* Read-only is Linux' missing write bits; on folders Windows gives it another meaning. */
        mode = st.st_mode & 07777;
        if (!S_ISDIR(st.st_mode)) {
            if (info->FileAttributes & FILE_ATTRIBUTE_READONLY)
                mode &= ~(mode_t)0222;
            else
                mode |= (mode_t)(0200 | ((mode & 0040) >> 1));
        }
        /* Extended attributes need a file that may be written: made so before, or made read-only after. */
        if (mode & ~st.st_mode & 07777 && fchmod(file->fd, mode))
            return errno_to_status(errno);
        error = file_store_attributes(file->fd, &st, info->FileAttributes);
        if (error)
            return errno_to_status(-error);
        if (st.st_mode & 07777 & ~mode && fchmod(file->fd, mode))
            return errno_to_status(errno);
    }
    if ((times[0].tv_nsec != UTIME_OMIT || times[1].tv_nsec != UTIME_OMIT) &&
        futimens(file->fd, times))
        return errno_to_status(errno);
    return STATUS_SUCCESS;
}

static NTSTATUS set_size(struct file *file, int64_t size)
{
    if (size < 0)
        return STATUS_INVALID_PARAMETER;
    if (section_is_file_mapped(file->fd, (uint64_t)size, false))
        return STATUS_USER_MAPPED_FILE;
    return ftruncate(file->fd, size) ? errno_to_status(errno) : STATUS_SUCCESS;
}

/* Allocation: room is taken now, so that a full disk shows now; less than the size cuts the file. */
static NTSTATUS set_allocation(struct file *file, int64_t size)
{
    struct stat st;

    if (fstat(file->fd, &st))
        return errno_to_status(errno);
    if (size < st.st_size)
        return set_size(file, size);
    if (size > st.st_size && fallocate(file->fd, FALLOC_FL_KEEP_SIZE, 0, size) &&
        errno != EOPNOTSUPP && errno != ENOSYS)
        return errno_to_status(errno);
    return STATUS_SUCCESS;
}

static NTSTATUS set_disposition(struct file *file, bool is_deleted)
{
    struct stat st;

    if (!is_deleted) {
        file->delete_on_close = false;
        return STATUS_SUCCESS;
    }
    if (!file->unix_path)
        return STATUS_INVALID_DEVICE_REQUEST;
    if (fstat(file->fd, &st))
        return errno_to_status(errno);
    if (S_ISDIR(st.st_mode)) {
        /* A folder that is not empty cannot be marked. */
        if (rmdir(file->unix_path))
            return errno == ENOTEMPTY || errno == EEXIST ? STATUS_DIRECTORY_NOT_EMPTY
                                                         : errno_to_status(errno);
        return STATUS_SUCCESS; /* it is gone at once, which the handle does not notice */
    }
    if (file_is_read_only(&st))
        return STATUS_CANNOT_DELETE;
    /* Neither can a file with a section or a view (Wine's ntdll/tests/file.c, which pass on Windows). */
    if (section_is_file_mapped(file->fd, 0, true))
        return STATUS_CANNOT_DELETE;
    file->delete_on_close = true;
    return STATUS_SUCCESS;
}

/* The target of a rename or link: an NT path, or a name in the folder of RootDirectory or the file itself. */
static NTSTATUS find_target(struct file *file, HANDLE root, const WCHAR *name, ULONG bytes,
                            char **target, bool *exists)
{
    UNICODE_STRING string = {(USHORT)bytes, (USHORT)bytes, (WCHAR *)name};
    OBJECT_ATTRIBUTES attributes;
    struct path path;
    NTSTATUS status;

    if (bytes > 0xfffe)
        return STATUS_NAME_TOO_LONG;
    if (!root && bytes && name[0] != '\\') {
        const char *slash = file->unix_path ? strrchr(file->unix_path, '/') : NULL;
        size_t folder = slash ? (size_t)(slash - file->unix_path) + 1 : 0;
        char *full = malloc(folder + bytes / sizeof(WCHAR) * 3 + 1);
        size_t used;

        if (!full)
            return STATUS_NO_MEMORY;
        memcpy(full, file->unix_path, folder);
        used = path_name_from_wide(name, bytes / sizeof(WCHAR), full + folder);
        full[folder + used] = 0;
        *target = full;
        *exists = !access(full, F_OK);
        return used ? STATUS_SUCCESS : STATUS_OBJECT_NAME_INVALID;
    }
    InitializeObjectAttributes(&attributes, &string, OBJ_CASE_INSENSITIVE, root, NULL);
    status = path_look_up(&attributes, &path);
    if (status && status != STATUS_OBJECT_NAME_NOT_FOUND)
        return status;
    if (path.kind != PATH_FILE) {
        path_free(&path);
        return STATUS_OBJECT_NAME_INVALID;
    }
    *exists = !status;
    *target = strdup(path.unix_path);
    path_free(&path);
    return *target ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

static NTSTATUS rename_file(struct file *file, const FILE_RENAME_INFORMATION *info, bool replace)
{
    struct stat old, new;
    bool exists, is_same = false;
    char *target;
    NTSTATUS status;

    if (!file->unix_path)
        return STATUS_INVALID_DEVICE_REQUEST;
    status = find_target(file, info->RootDirectory, info->FileName, info->FileNameLength, &target,
                         &exists);
    if (status)
        return status;
    if (exists && !stat(target, &new) && !fstat(file->fd, &old)) {
        is_same = old.st_dev == new.st_dev && old.st_ino == new.st_ino;
        if (!is_same && !replace)
            status = STATUS_OBJECT_NAME_COLLISION;
        /* Folders, what is read-only and what is open are not replaced. */
        else if (!is_same && (S_ISDIR(new.st_mode) || file_is_read_only(&new) ||
                              file_share_is_open(new.st_dev, new.st_ino)))
            status = STATUS_ACCESS_DENIED;
    }
    /* A change of case finds the file itself: the name as it was asked for counts, not the one that
     * was found. */
    if (!status && is_same && info->FileNameLength) {
        const WCHAR *last = info->FileName + info->FileNameLength / sizeof(WCHAR);
        size_t length = 0;
        char *slash = strrchr(target, '/'), *renamed;

        while (last > info->FileName && last[-1] != '\\') {
            last--;
            length++;
        }
        renamed = malloc((size_t)(slash - target) + 2 + length * 3);
        if (renamed) {
            size_t folder = (size_t)(slash - target) + 1;
            size_t used;

            memcpy(renamed, target, folder);
            used = path_name_from_wide(last, length, renamed + folder);
            renamed[folder + used] = 0;
            free(target);
            target = renamed;
        }
    }
    if (!status && rename(file->unix_path, target))
        status = errno == EXDEV ? STATUS_NOT_SAME_DEVICE : errno_to_status(errno);
    if (!status) {
        free(file->unix_path);
        file->unix_path = target;
    } else {
        free(target);
    }
    return status;
}

static NTSTATUS link_file(struct file *file, const FILE_LINK_INFORMATION *info)
{
    bool exists;
    char *target;
    NTSTATUS status;

    if (!file->unix_path)
        return STATUS_INVALID_DEVICE_REQUEST;
    status = find_target(file, info->RootDirectory, info->FileName, info->FileNameLength, &target,
                         &exists);
    if (status)
        return status;
    if (exists && info->ReplaceIfExists)
        unlink(target);
    else if (exists)
        status = STATUS_OBJECT_NAME_COLLISION;
    if (!status && link(file->unix_path, target))
        status = errno_to_status(errno);
    free(target);
    return status;
}

static NTSTATUS set(struct file *file, FILE_INFORMATION_CLASS class, const void *data, ULONG length)
{
    const union {
        FILE_BASIC_INFORMATION basic;
        FILE_POSITION_INFORMATION position;
        FILE_END_OF_FILE_INFORMATION end;
        FILE_ALLOCATION_INFORMATION allocation;
        FILE_DISPOSITION_INFORMATION disposition;
        FILE_RENAME_INFORMATION rename;
        FILE_LINK_INFORMATION link;
        FILE_COMPLETION_INFORMATION completion;
        FILE_PIPE_INFORMATION pipe_mode;
        ULONG flags;
    } *info = data;

    switch ((int)class) {
    case FileBasicInformation:
        return length < sizeof(info->basic) ? STATUS_INFO_LENGTH_MISMATCH
                                            : set_basic(file, &info->basic);
    case FilePositionInformation:
        if (length < sizeof(info->position))
            return STATUS_INFO_LENGTH_MISMATCH;
        if (info->position.CurrentByteOffset.QuadPart < 0)
            return STATUS_INVALID_PARAMETER;
        return lseek(file->fd, info->position.CurrentByteOffset.QuadPart, SEEK_SET) < 0
                   ? errno_to_status(errno)
                   : STATUS_SUCCESS;
    case FileEndOfFileInformation:
        return length < sizeof(info->end) ? STATUS_INFO_LENGTH_MISMATCH
                                          : set_size(file, info->end.EndOfFile.QuadPart);
    case FileAllocationInformation:
        return length < sizeof(info->allocation)
                   ? STATUS_INFO_LENGTH_MISMATCH
                   : set_allocation(file, info->allocation.AllocationSize.QuadPart);
    case FileDispositionInformation:
        return length < sizeof(info->disposition)
                   ? STATUS_INFO_LENGTH_MISMATCH
                   : set_disposition(file, info->disposition.DoDeleteFile);
    case FILE_DISPOSITION_INFORMATION_EX:
        return length < sizeof(info->flags) ? STATUS_INFO_LENGTH_MISMATCH
                                            : set_disposition(file, info->flags & 1);
    case FileRenameInformation:
    case FILE_RENAME_INFORMATION_EX:
        if (length < offsetof(FILE_RENAME_INFORMATION, FileName) ||
            info->rename.FileNameLength > length - offsetof(FILE_RENAME_INFORMATION, FileName))
            return STATUS_INFO_LENGTH_MISMATCH;
        return rename_file(file, &info->rename, info->rename.ReplaceIfExists & 1);
    case FileLinkInformation:
        if (length < offsetof(FILE_LINK_INFORMATION, FileName) ||
            info->link.FileNameLength > length - offsetof(FILE_LINK_INFORMATION, FileName))
            return STATUS_INFO_LENGTH_MISMATCH;
        return link_file(file, &info->link);
    case FileCompletionInformation:
        if (length < sizeof(info->completion))
            return STATUS_INFO_LENGTH_MISMATCH;
        return iocp_associate(file, info->completion.CompletionPort, info->completion.CompletionKey);
    case FileIoCompletionNotificationInformation:
        if (length < sizeof(info->flags))
            return STATUS_INFO_LENGTH_MISMATCH;
        file->completion_flags |= info->flags;
        return STATUS_SUCCESS;
    case FilePipeInformation:
        if (length < sizeof(info->pipe_mode))
            return STATUS_INFO_LENGTH_MISMATCH;
        return file->kind == FILE_KIND_PIPE ? pipe_end_set_mode(file, &info->pipe_mode)
                                            : STATUS_INVALID_PARAMETER;
    case FileIoPriorityHintInformation:
    case FileModeInformation:
        return STATUS_SUCCESS; /* hints */
    default:
        trace(TRACE_FILE, "NtSetInformationFile: class %u is not implemented", class);
        return STATUS_INVALID_INFO_CLASS;
    }
}

/* What the handle must have been opened with (ntifs.h, "Remarks" of each structure). */
static ACCESS_MASK needed_access(FILE_INFORMATION_CLASS class)
{
    switch ((int)class) {
    case FileBasicInformation: return FILE_WRITE_ATTRIBUTES;
    case FileEndOfFileInformation:
    case FileAllocationInformation: return FILE_WRITE_DATA;
    case FileDispositionInformation:
    case FILE_DISPOSITION_INFORMATION_EX:
    case FileRenameInformation:
    case FILE_RENAME_INFORMATION_EX: return DELETE;
    default: return 0;
    }
}

NTSTATUS WINAPI NtSetInformationFile(HANDLE handle, IO_STATUS_BLOCK *io, void *buffer, ULONG length,
                                     FILE_INFORMATION_CLASS class)
{
    IO_STATUS_BLOCK result = {{0}};
    struct file *file;
    void *copy;
    NTSTATUS status;

    if (length > 0x20000)
        return STATUS_INVALID_PARAMETER;
    copy = malloc(length ? length : 1);
    if (!copy)
        return STATUS_NO_MEMORY;
    status = guest_copy_in(copy, buffer, length);
    if (!status)
        status = file_from_handle(handle, needed_access(class), &file);
    if (!status) {
        status = set(file, class, copy, length);
        object_release(&file->header);
    }
    free(copy);
    if (status)
        return status;
    return guest_copy_out(io, &result, sizeof(result));
}

NTSTATUS WINAPI NtFlushBuffersFile(HANDLE handle, IO_STATUS_BLOCK *io)
{
    IO_STATUS_BLOCK result = {{0}};
    struct file *file;
    NTSTATUS status = file_from_handle(handle, 0, &file);

    if (status)
        return status;
    if (fdatasync(file->fd) && errno != EINVAL && errno != EROFS)
        status = errno_to_status(errno);
    object_release(&file->header);
    return status ? status : guest_copy_out(io, &result, sizeof(result));
}

NTSTATUS WINAPI NtDeleteFile(OBJECT_ATTRIBUTES *attributes)
{
    char *path;
    NTSTATUS status = path_nt_to_unix(attributes, &path);

    if (status)
        return status;
    if (remove(path))
        status = errno_to_status(errno);
    free(path);
    return status;
}
