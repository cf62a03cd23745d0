/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * NtQueryInformationFile: what is known of an open file.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "file.h"
#include "file_info.h"
#include "path.h"
#include "pipe.h"

/* 100 ns units since 1601. */
static LONGLONG nt_time(struct timespec time)
{
    return (time.tv_sec + 11644473600) * 10000000 + time.tv_nsec / 100;
}

void file_fill_basic(const struct stat *st, ULONG attributes, FILE_BASIC_INFORMATION *info)
{
    memset(info, 0, sizeof(*info));
    info->LastAccessTime.QuadPart = nt_time(st->st_atim);
    info->LastWriteTime.QuadPart = nt_time(st->st_mtim);
    info->ChangeTime.QuadPart = nt_time(st->st_ctim);
    /* Linux' ordinary calls tell no birth time; the older of the others stands for it. */
    info->CreationTime.QuadPart = info->LastWriteTime.QuadPart < info->ChangeTime.QuadPart
                                      ? info->LastWriteTime.QuadPart
                                      : info->ChangeTime.QuadPart;
    info->FileAttributes = attributes;
}

void file_fill_standard(const struct file *file, const struct stat *st,
                        FILE_STANDARD_INFORMATION *info)
{
    memset(info, 0, sizeof(*info));
    info->Directory = S_ISDIR(st->st_mode);
    if (!info->Directory && !S_ISLNK(st->st_mode)) {
        info->AllocationSize.QuadPart = (LONGLONG)st->st_blocks * 512;
        info->EndOfFile.QuadPart = st->st_size;
    }
    info->NumberOfLinks = (ULONG)st->st_nlink;
    info->DeletePending = file && file->delete_on_close;
    if (info->DeletePending && info->NumberOfLinks)
        info->NumberOfLinks--;
}

/* The name below the drive, "\folder\file"; malloc'ed. */
static WCHAR *name_on_drive(const struct file *file, size_t *length)
{
    WCHAR *dos = file->unix_path ? path_unix_to_dos(file->unix_path) : NULL;

    *length = 0;
    if (!dos)
        return NULL;
    while (dos[*length])
        (*length)++;
    memmove(dos, dos + 2, (*length - 1) * sizeof(WCHAR));
    *length -= 2;
    return dos;
}

/* FILE_NAME_INFORMATION at the end of a buffer; cut off with STATUS_BUFFER_OVERFLOW. */
static NTSTATUS put_name(const struct file *file, char *buffer, ULONG room, ULONG *used)
{
    size_t length;
    WCHAR *name = name_on_drive(file, &length);
    ULONG bytes = (ULONG)(length * sizeof(WCHAR));
    ULONG fits = room - (ULONG)offsetof(FILE_NAME_INFORMATION, FileName);
    NTSTATUS status;

    if (!name && file->unix_path)
        return STATUS_NO_MEMORY;
    if (fits > bytes)
        fits = bytes;
    fits &= ~1u;
    status = guest_copy_out(buffer, &bytes, sizeof(bytes));
    if (!status)
        status = guest_copy_out(buffer + offsetof(FILE_NAME_INFORMATION, FileName), name, fits);
    free(name);
    *used = (ULONG)offsetof(FILE_NAME_INFORMATION, FileName) + fits;
    return status ? status : fits < bytes ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

static ULONG own_attributes(const struct file *file, const struct stat *st)
{
    return file_attributes(st, file->fd, S_ISLNK(st->st_mode) ? file->unix_path : NULL);
}

static off_t position_of(const struct file *file)
{
    off_t position = lseek(file->fd, 0, SEEK_CUR);

    return position < 0 ? 0 : position;
}

static NTSTATUS query_pipe(const struct file *file, FILE_PIPE_LOCAL_INFORMATION *info)
{
    struct pollfd state = {file->fd, POLLIN, 0};
    int available = 0;

    memset(info, 0, sizeof(*info));
    ioctl(file->fd, FIONREAD, &available);
    poll(&state, 1, 0);
    info->NamedPipeConfiguration = FILE_PIPE_FULL_DUPLEX;
    info->MaximumInstances = info->CurrentInstances = 1;
    info->InboundQuota = info->OutboundQuota = info->WriteQuotaAvailable = 65536;
    info->ReadDataAvailable = (ULONG)available;
    info->NamedPipeState = state.revents & POLLHUP ? FILE_PIPE_CLOSING_STATE
                                                   : FILE_PIPE_CONNECTED_STATE;
    return STATUS_SUCCESS;
}

union answer {
    FILE_BASIC_INFORMATION basic;
    FILE_STANDARD_INFORMATION standard;
    FILE_INTERNAL_INFORMATION internal;
    FILE_EA_INFORMATION ea;
    FILE_ACCESS_INFORMATION access;
    FILE_POSITION_INFORMATION position;
    FILE_MODE_INFORMATION mode;
    FILE_ALIGNMENT_INFORMATION alignment;
    FILE_NETWORK_OPEN_INFORMATION network;
    FILE_ATTRIBUTE_TAG_INFORMATION tag;
    FILE_ID_INFORMATION id;
    FILE_PIPE_LOCAL_INFORMATION pipe;
    FILE_PIPE_INFORMATION pipe_mode;
    FILE_ALL_INFORMATION all;
    ULONG number;
};

static void fill_network(const struct stat *st, ULONG attributes,
                         FILE_NETWORK_OPEN_INFORMATION *info)
{
    FILE_STANDARD_INFORMATION standard;
    FILE_BASIC_INFORMATION basic;

    file_fill_basic(st, attributes, &basic);
    file_fill_standard(NULL, st, &standard);
    memset(info, 0, sizeof(*info));
    info->CreationTime = basic.CreationTime;
    info->LastAccessTime = basic.LastAccessTime;
    info->LastWriteTime = basic.LastWriteTime;
    info->ChangeTime = basic.ChangeTime;
    info->AllocationSize = standard.AllocationSize;
    info->EndOfFile = standard.EndOfFile;
    info->FileAttributes = basic.FileAttributes;
}

/* Fills `value`; returns its size, 0 for a class that is not of fixed size or not known. */
static ULONG fill(struct file *file, const struct stat *st, ACCESS_MASK access,
                  FILE_INFORMATION_CLASS class, union answer *value)
{
    switch ((int)class) {
    case FileBasicInformation:
        file_fill_basic(st, own_attributes(file, st), &value->basic);
        return sizeof(value->basic);
    case FileStandardInformation:
        file_fill_standard(file, st, &value->standard);
        return sizeof(value->standard);
    case FileInternalInformation:
        value->internal.IndexNumber.QuadPart = (LONGLONG)st->st_ino;
        return sizeof(value->internal);
    case FileEaInformation:
        return sizeof(value->ea);
    case FileAccessInformation:
        value->access.AccessFlags = access;
        return sizeof(value->access);
    case FilePositionInformation:
        value->position.CurrentByteOffset.QuadPart = position_of(file);
        return sizeof(value->position);
    case FileModeInformation:
        value->mode.Mode = file->options &
                           (FILE_WRITE_THROUGH | FILE_SEQUENTIAL_ONLY | FILE_NO_INTERMEDIATE_BUFFERING |
                            FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT |
                            FILE_DELETE_ON_CLOSE);
        return sizeof(value->mode);
    case FileAlignmentInformation:
        return sizeof(value->alignment);
    case FileNetworkOpenInformation:
        fill_network(st, own_attributes(file, st), &value->network);
        return sizeof(value->network);
    case FileAttributeTagInformation:
        value->tag.FileAttributes = own_attributes(file, st);
        value->tag.ReparseTag = S_ISLNK(st->st_mode) ? IO_REPARSE_TAG_SYMLINK : 0;
        return sizeof(value->tag);
    case FileIdInformation:
        value->id.VolumeSerialNumber = st->st_dev;
        memcpy(&value->id.FileId, &st->st_ino, sizeof(st->st_ino));
        return sizeof(value->id);
    case FilePipeLocalInformation:
        if (file->kind != FILE_KIND_PIPE)
            return 0;
        if (file->pipe)
            pipe_end_query(file, &value->pipe);
        else
            query_pipe(file, &value->pipe);
        return sizeof(value->pipe);
    case FilePipeInformation:
        if (file->kind != FILE_KIND_PIPE)
            return 0;
        pipe_end_query_mode(file, &value->pipe_mode);
        return sizeof(value->pipe_mode);
    case FileIoCompletionNotificationInformation:
    case FileIoPriorityHintInformation:
        return sizeof(value->number);
    default:
        return 0;
    }
}

static NTSTATUS query_all(struct file *file, const struct stat *st, ACCESS_MASK access, char *buffer,
                          ULONG length, ULONG *used)
{
    const ULONG fixed = (ULONG)offsetof(FILE_ALL_INFORMATION, NameInformation);
    union answer value;
    NTSTATUS status;

    if (length < sizeof(FILE_ALL_INFORMATION))
        return STATUS_INFO_LENGTH_MISMATCH;
    memset(&value, 0, sizeof(value));
    file_fill_basic(st, own_attributes(file, st), &value.all.BasicInformation);
    file_fill_standard(file, st, &value.all.StandardInformation);
    value.all.InternalInformation.IndexNumber.QuadPart = (LONGLONG)st->st_ino;
    value.all.AccessInformation.AccessFlags = access;
    value.all.PositionInformation.CurrentByteOffset.QuadPart = position_of(file);
    status = guest_copy_out(buffer, &value, fixed);
    if (!status)
        status = put_name(file, buffer + fixed, length - fixed, used);
    *used += fixed;
    return status;
}

NTSTATUS WINAPI NtQueryInformationFile(HANDLE handle, IO_STATUS_BLOCK *io, void *buffer,
                                       ULONG length, FILE_INFORMATION_CLASS class)
{
    IO_STATUS_BLOCK result = {{0}};
    union answer value;
    struct file *file;
    ACCESS_MASK access = 0;
    struct stat st;
    ULONG used = 0;
    NTSTATUS status = file_from_handle(handle, 0, &file);

    if (status)
        return status;
    handle_access(handle, &access);
    memset(&value, 0, sizeof(value));
    if (fstat(file->fd, &st)) {
        status = errno_to_status(errno);
    } else if (class == FileAllInformation) {
        status = query_all(file, &st, access, buffer, length, &used);
    } else if (class == FileNameInformation || class == FileNormalizedNameInformation) {
        status = length < sizeof(FILE_NAME_INFORMATION) ? STATUS_INFO_LENGTH_MISMATCH
                                                        : put_name(file, buffer, length, &used);
    } else {
        used = fill(file, &st, access, class, &value);
        if (!used) {
            trace(TRACE_FILE, "NtQueryInformationFile: class %u is not implemented", class);
            status = STATUS_INVALID_INFO_CLASS;
        } else if (length < used) {
            status = STATUS_INFO_LENGTH_MISMATCH;
        } else {
            status = guest_copy_out(buffer, &value, used);
        }
    }
    object_release(&file->header);
    if (status && status != STATUS_BUFFER_OVERFLOW)
        return status;
    result.Status = status;
    result.Information = used;
    return guest_copy_out(io, &result, sizeof(result)) ? STATUS_ACCESS_VIOLATION : status;
}
