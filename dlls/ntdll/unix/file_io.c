/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * NtReadFile and NtWriteFile. The kernel copies straight from and to the program's memory: a bad
 * buffer is EFAULT, no fault of ours. Files on disk complete before the call returns, on overlapped
 * handles too, which Windows allows; what has no position may pend (async.c).
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "console.h"
#include "file_lock.h"
#include "pipe.h"
#include "virtual_watch.h"

#define AT_POSITION ((off_t)-1) /* at the file's position, which moves */
#define AT_END      ((off_t)-2)

#define BOUNCE_BYTES ((size_t)256 * 1024)

/* Where to read or write. `offset` is the program's, may be NULL. */
static NTSTATUS find_offset(const struct file *file, const LARGE_INTEGER *offset, bool writing,
                            off_t *where)
{
    LARGE_INTEGER value;
    NTSTATUS status;

    *where = AT_POSITION;
    if (file->kind != FILE_KIND_DISK)
        return STATUS_SUCCESS;
    if (!offset)
        return file_is_synchronous(file) ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
    status = guest_copy_in(&value, offset, sizeof(value));
    if (status)
        return status;
    if (value.QuadPart == -2) /* FILE_USE_FILE_POINTER_POSITION */
        return file_is_synchronous(file) ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
    if (value.QuadPart == -1 && writing) { /* FILE_WRITE_TO_END_OF_FILE */
        *where = AT_END;
        return STATUS_SUCCESS;
    }
    if (value.QuadPart < 0)
        return STATUS_INVALID_PARAMETER;
    *where = value.QuadPart;
    return STATUS_SUCCESS;
}

/* A descriptor that came to us non-blocking (a terminal shared with another program) is waited for.
 * False: the error is a real one, or the thread is to come back (EINTR, ECANCELED). */
static bool retry(int fd, short events)
{
    struct pollfd wait = {fd, events, 0};
    NTSTATUS status;

    if (errno == EINTR && async_is_interrupted(&status)) {
        errno = status == STATUS_CANCELLED ? ECANCELED : EINTR;
        return false;
    }
    if (errno == EINTR)
        return true;
    if (errno != EAGAIN)
        return false;
    poll(&wait, 1, -1);
    return true;
}

/* Both return the bytes done, or -errno. A file is read until it ends, the rest once. */
static ssize_t read_straight(const struct file *file, char *buffer, size_t length, off_t where)
{
    size_t done = 0;

    while (done < length) {
        ssize_t n = where < 0 ? read(file->fd, buffer + done, length - done)
                              : pread(file->fd, buffer + done, length - done, where + (off_t)done);

        if (n < 0 && retry(file->fd, POLLIN))
            continue;
        if (n < 0)
            return done ? (ssize_t)done : -errno;
        done += (size_t)n;
        if (!n || file->kind != FILE_KIND_DISK)
            break;
    }
    return (ssize_t)done;
}

/* Through a buffer of ours, where the kernel cannot write into the program's. */
static ssize_t read_bytes(const struct file *file, char *buffer, size_t length, off_t where,
                          bool is_direct)
{
    size_t room = length < BOUNCE_BYTES ? length : BOUNCE_BYTES, done = 0;
    ssize_t got = 0;
    char *bounce;

    if (is_direct)
        return read_straight(file, buffer, length, where);
    bounce = malloc(room);
    if (!bounce)
        return -ENOMEM;
    do {
        size_t wanted = length - done < room ? length - done : room;

        got = read_straight(file, bounce, wanted, where < 0 ? where : where + (off_t)done);
        if (got > 0 && guest_copy_out(buffer + done, bounce, (size_t)got))
            got = -EFAULT;
        if (got > 0)
            done += (size_t)got;
    } while (got > 0 && done < length && file->kind == FILE_KIND_DISK);
    free(bounce);
    return done ? (ssize_t)done : got;
}

/* A write that stops half-way is an error: the program must hear of a full disk from this call. */
static ssize_t write_bytes(const struct file *file, const char *buffer, size_t length, off_t where)
{
    size_t done = 0;

    while (done < length) {
        ssize_t n = where < 0 ? write(file->fd, buffer + done, length - done)
                              : pwrite(file->fd, buffer + done, length - done, where + (off_t)done);

        if (n < 0 && retry(file->fd, POLLOUT))
            continue;
        if (n < 0)
            return -errno;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

/* With the position lock held: the position of a synchronous file is Linux' own, which processes that
 * inherited the descriptor share; an explicit offset moves it too. */
static ssize_t do_disk_io(struct file *file, void *buffer, size_t length, off_t where, bool writing,
                          bool is_direct)
{
    ssize_t n;

    /* Linux appends to such a descriptor whatever the offset; the position must say so. */
    if (writing && !(file->access & FILE_WRITE_DATA))
        where = AT_END;
    if (where == AT_END) {
        where = lseek(file->fd, 0, SEEK_END);
        if (where < 0)
            return -errno;
    }
    if (where == AT_POSITION && writing) {
        off_t start = lseek(file->fd, 0, SEEK_CUR);

        n = write_bytes(file, buffer, length, AT_POSITION);
        if (n < 0)
            lseek(file->fd, start, SEEK_SET); /* a failed write leaves the position */
        return n;
    }
    n = writing ? write_bytes(file, buffer, length, where)
                : read_bytes(file, buffer, length, where, is_direct);
    if (n >= 0 && where >= 0 && file_is_synchronous(file))
        lseek(file->fd, where + n, SEEK_SET);
    return n;
}

/* With the position lock held. */
static NTSTATUS check_locks(const struct file *file, off_t where, size_t length, bool writing)
{
    if (!file_lock_exists())
        return STATUS_SUCCESS;
    if (where < 0)
        where = lseek(file->fd, 0, where == AT_END ? SEEK_END : SEEK_CUR);
    return file_lock_check(file, (uint64_t)where, length, writing);
}

static NTSTATUS status_of_error(const struct file *file, int error, bool writing)
{
    if (error == EFAULT)
        return writing ? STATUS_INVALID_USER_BUFFER : STATUS_ACCESS_VIOLATION;
    if (error == EPIPE)
        return STATUS_PIPE_CLOSING;
    if (error == ECONNRESET)
        return STATUS_PIPE_BROKEN;
    if (error == EIO && file->kind == FILE_KIND_CONSOLE)
        return STATUS_PIPE_BROKEN; /* the terminal is gone */
    return errno_to_status(error);
}

static NTSTATUS status_of_end(const struct file *file)
{
    switch (file->kind) {
    case FILE_KIND_PIPE: return STATUS_PIPE_BROKEN;
    case FILE_KIND_CONSOLE: return STATUS_SUCCESS; /* Ctrl-D: a line of no characters */
    default: return STATUS_END_OF_FILE;
    }
}

static NTSTATUS file_io(HANDLE handle, HANDLE event, PIO_APC_ROUTINE apc, void *apc_context,
                        IO_STATUS_BLOCK *io, void *buffer, ULONG length, LARGE_INTEGER *offset,
                        bool writing)
{
    struct async_target target = {io, event, apc, apc_context};
    IO_STATUS_BLOCK result;
    struct file *file;
    bool is_direct = true;
    off_t where;
    ssize_t n;
    NTSTATUS status = file_from_handle(handle, 0, &file);

    if (status)
        return status;
    if (!(file->access & (writing ? FILE_WRITE_DATA | FILE_APPEND_DATA : FILE_READ_DATA))) {
        status = STATUS_ACCESS_DENIED;
        goto done;
    }
    if (file->kind == FILE_KIND_DIRECTORY) {
        status = STATUS_INVALID_DEVICE_REQUEST;
        goto done;
    }
    if ((status = guest_copy_in(&result, io, sizeof(result))) ||
        (status = find_offset(file, offset, writing, &where)))
        goto done;
    if (!writing && length)
        is_direct = ww_prepare_buffer(buffer, length);
    if (file->pipe || (file->kind != FILE_KIND_DISK && !file_is_synchronous(file))) {
        struct async request = {.file = file, .queue = writing ? ASYNC_WRITES : ASYNC_READS,
                                .attempt = writing ? pipe_attempt_write : pipe_attempt_read,
                                .fd = file->fd, .events = writing ? POLLOUT : POLLIN,
                                .buffer = buffer, .length = length, .fills_buffer = !writing,
                                .is_indirect = !is_direct};

        status = async_start(&request, &target);
        trace(TRACE_FILE, "%s handle %p, %u bytes: status %08x", writing ? "write" : "read", handle,
              (unsigned)length, (unsigned)status);
        goto done;
    }
    if (event && (status = NtResetEvent(event, NULL)))
        goto done;
    file_set_signaled(file, false);
    if (file->kind == FILE_KIND_DISK) {
        pthread_mutex_lock(&file->position_lock);
        status = check_locks(file, where, length, writing);
        if (status) {
            pthread_mutex_unlock(&file->position_lock);
            goto done;
        }
        n = do_disk_io(file, buffer, length, where, writing, is_direct);
        pthread_mutex_unlock(&file->position_lock);
    } else {
        async_block_begin();
        n = writing ? write_bytes(file, buffer, length, AT_POSITION)
            : file->kind == FILE_KIND_CONSOLE
                    ? console_read(file, buffer, length)
                    : read_bytes(file, buffer, length, AT_POSITION, is_direct);
        async_block_end();
    }
    trace(TRACE_FILE, "%s handle %p, %u bytes: %zd", writing ? "write" : "read", handle,
          (unsigned)length, n);

    if (n < 0) {
        status = status_of_error(file, (int)-n, writing);
        goto done;
    }
    if (!n && length && !writing)
        status = status_of_end(file);
    /* The end of a file is told in the block too, but it is an error: no event, no APC. */
    result.Status = status;
    result.Information = 0;
    if (NT_ERROR(status))
        status = guest_copy_out(io, &result, sizeof(result)) ? STATUS_ACCESS_VIOLATION : status;
    else
        status = async_finish_inline(file, &target, status, (ULONG_PTR)n);
done:
    object_release(&file->header);
    return status;
}

NTSTATUS WINAPI NtReadFile(HANDLE handle, HANDLE event, PIO_APC_ROUTINE apc, void *apc_context,
                           IO_STATUS_BLOCK *io, void *buffer, ULONG length, LARGE_INTEGER *offset,
                           ULONG *key)
{
    (void)key; /* the key of byte-range locks */
    return file_io(handle, event, apc, apc_context, io, buffer, length, offset, false);
}

NTSTATUS WINAPI NtWriteFile(HANDLE handle, HANDLE event, PIO_APC_ROUTINE apc, void *apc_context,
                            IO_STATUS_BLOCK *io, const void *buffer, ULONG length,
                            LARGE_INTEGER *offset, ULONG *key)
{
    (void)key;
    return file_io(handle, event, apc, apc_context, io, (void *)buffer, length, offset, true);
}
