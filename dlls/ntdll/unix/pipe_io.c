/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Data through pipes. A pipe of bytes is Linux' stream as it is, so that its end can be any program's standard
 * handle. In a pipe of messages each message follows a header with its length, four bytes; an end
 * remembers how much of a message it has yet to read.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "pipe.h"
#include "virtual_watch.h"

#define HEADER_BYTES 4u

/* --- One step in Linux, never blocking: bytes or -errno --- */

static bool is_ready(const struct file *file, short events)
{
    struct pollfd state = {file->fd, events, 0};

    return poll(&state, 1, 0) > 0;
}

static ssize_t receive(const struct file *file, char *buffer, size_t length)
{
    ssize_t n;

    do {
        if (file->pipe)
            n = recv(file->fd, buffer, length, MSG_DONTWAIT);
        else if (is_ready(file, POLLIN))
            n = read(file->fd, buffer, length);
        else
            return -EAGAIN;
    } while (n < 0 && errno == EINTR);
    /* Unread data of ours was lost when the other end closed; what it sent has been read by now. */
    return n >= 0 ? n : errno == ECONNRESET ? 0 : -errno;
}

static ssize_t transmit(const struct file *file, struct iovec *parts, size_t count)
{
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
    ssize_t n;

    do {
        if (file->pipe)
            n = sendmsg(file->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        else if (!is_ready(file, POLLOUT))
            return -EAGAIN;
        else /* ready means room for this much, so it does not block */
            n = write(file->fd, parts[0].iov_base,
                      parts[0].iov_len < PIPE_BUF ? parts[0].iov_len : PIPE_BUF);
    } while (n < 0 && errno == EINTR);
    return n >= 0 ? n : -errno;
}

/* --- Reading --- */

/* Nothing is there, or nobody. */
static NTSTATUS nothing_read(struct file *file, ssize_t n)
{
    struct pipe_end *end = file->pipe;

    if (n == -EAGAIN)
        return end && end->is_nowait ? STATUS_PIPE_EMPTY : STATUS_PENDING;
    if (n == -EFAULT)
        return STATUS_ACCESS_VIOLATION;
    if (n)
        return errno_to_status((int)-n);
    return end ? pipe_end_gone(end, false) : file->kind == FILE_KIND_PIPE ? STATUS_PIPE_BROKEN
                                                                         : STATUS_END_OF_FILE;
}

/* Until the header of a message is read. */
static NTSTATUS read_header(struct file *file, struct pipe_end *end)
{
    while (!end->in_message) {
        ssize_t n = receive(file, (char *)&end->header + end->header_done,
                            HEADER_BYTES - end->header_done);

        if (n <= 0)
            return nothing_read(file, n);
        end->header_done += (uint32_t)n;
        if (end->header_done == HEADER_BYTES) {
            end->in_message = true;
            end->message_left = end->header;
            end->header_done = 0;
        }
    }
    return STATUS_SUCCESS;
}

static NTSTATUS read_messages(struct async *request)
{
    struct file *file = request->file;
    struct pipe_end *end = file->pipe;

    for (;;) {
        NTSTATUS status = read_header(file, end);
        ULONG wanted = request->length - request->done;

        if (!status && wanted > end->message_left)
            wanted = end->message_left;
        if (!status && wanted) {
            ssize_t n = receive(file, async_buffer(request) + request->done, wanted);

            if (n <= 0) {
                status = nothing_read(file, n);
            } else {
                request->done += (ULONG)n;
                end->message_left -= (uint32_t)n;
            }
        }
        request->information = request->done;
        /* Bytes of several messages are one stream to who reads bytes. */
        if (status)
            return request->done && !end->reads_messages ? STATUS_SUCCESS : status;
        if (!end->message_left)
            end->in_message = false;
        if (end->reads_messages && !end->message_left)
            return STATUS_SUCCESS;
        if (request->done == request->length)
            return end->reads_messages ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
    }
}

NTSTATUS pipe_attempt_read(struct async *request)
{
    struct file *file = request->file;
    struct pipe_end *end = file->pipe;
    ssize_t n;
    NTSTATUS status = end ? pipe_end_check(end) : STATUS_SUCCESS;

    if (status)
        return status;
    if (end && end->facts.is_message_type)
        return read_messages(request);
    /* No bytes: a way to wait until there are some. */
    if (!request->length) {
        char byte;

        if (!end)
            return is_ready(file, POLLIN) ? STATUS_SUCCESS : STATUS_PENDING;
        n = recv(file->fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);
        return n > 0 ? STATUS_SUCCESS : nothing_read(file, n < 0 ? -errno : 0);
    }
    n = receive(file, async_buffer(request), request->length);
    if (n <= 0)
        return nothing_read(file, n);
    request->information = (ULONG_PTR)n;
    return STATUS_SUCCESS;
}

/* --- Writing --- */

/* Goes on from *done, which counts the header too. */
static NTSTATUS write_on(struct file *file, const char *data, ULONG length, ULONG *done)
{
    struct pipe_end *end = file->pipe;
    uint32_t header = end && end->facts.is_message_type ? HEADER_BYTES : 0;

    while (*done < header + length) {
        struct iovec parts[2];
        size_t count = 0;
        ssize_t n;

        if (*done < header)
            parts[count++] = (struct iovec){(char *)&length + *done, header - *done};
        if (length)
            parts[count++] = (struct iovec){(char *)data + (*done < header ? 0 : *done - header),
                                            length - (*done < header ? 0 : *done - header)};
        n = transmit(file, parts, count);
        if (n == -EAGAIN)
            return STATUS_PENDING;
        if (n == -EPIPE || n == -ECONNRESET || n == -ENOTCONN)
            return end ? pipe_end_gone(end, true) : STATUS_PIPE_CLOSING;
        if (n == -EFAULT)
            return STATUS_INVALID_USER_BUFFER;
        if (n < 0)
            return errno_to_status((int)-n);
        *done += (ULONG)n;
    }
    return STATUS_SUCCESS;
}

NTSTATUS pipe_attempt_write(struct async *request)
{
    struct pipe_end *end = request->file->pipe;
    NTSTATUS status = end ? pipe_end_check(end) : STATUS_SUCCESS;

    if (!status)
        status = write_on(request->file, request->buffer, request->length, &request->done);
    request->information = request->length;
    /* A pipe that does not wait takes what fits; a message that was begun must be ended. */
    if (status == STATUS_PENDING && end && end->is_nowait &&
        !(end->facts.is_message_type && request->done)) {
        request->information = request->done;
        return STATUS_SUCCESS;
    }
    return status;
}

/* --- A message there and one back --- */

struct transaction {
    bool is_sent;
    ULONG sent, length;
    char message[];
};

static NTSTATUS attempt_transact(struct async *request)
{
    struct transaction *transaction = request->data;
    NTSTATUS status;

    if (!transaction->is_sent) {
        status = pipe_end_check(request->file->pipe);
        if (!status)
            status = write_on(request->file, transaction->message, transaction->length,
                              &transaction->sent);
        request->events = POLLOUT;
        if (status)
            return status;
        transaction->is_sent = true;
    }
    request->events = POLLIN;
    return pipe_attempt_read(request);
}

static NTSTATUS transact(struct file *file, const void *in, ULONG in_length, void *out,
                         ULONG out_length, const struct async_target *target)
{
    struct async request = {.file = file, .queue = ASYNC_READS, .attempt = attempt_transact,
                            .fd = file->fd, .events = POLLIN, .buffer = out, .length = out_length,
                            .fills_buffer = true};
    struct transaction *transaction;

    if (!file->pipe->reads_messages || file->pipe->facts.configuration != FILE_PIPE_FULL_DUPLEX)
        return STATUS_INVALID_PIPE_STATE;
    if (pipe_available(file))
        return STATUS_PIPE_BUSY;
    transaction = malloc(sizeof(*transaction) + in_length);
    if (!transaction)
        return STATUS_NO_MEMORY;
    *transaction = (struct transaction){.length = in_length};
    memcpy(transaction->message, in, in_length);
    request.data = transaction;
    request.is_indirect = !ww_prepare_buffer(out, out_length);
    return async_start(&request, target);
}

/* --- Looking without reading --- */

/* All that is in the pipe; malloc'ed. A copy of an anonymous pipe's contents is made with tee(2). */
static char *peek_all(const struct file *file, size_t *bytes)
{
    int count = 0, ends[2];
    ssize_t n = 0;
    char *data;

    ioctl(file->fd, FIONREAD, &count);
    data = malloc(count > 0 ? (size_t)count : 1);
    if (!data)
        return NULL;
    if (count > 0) {
        n = recv(file->fd, data, (size_t)count, MSG_DONTWAIT | MSG_PEEK);
        if (n < 0 && errno == ENOTSOCK && !pipe2(ends, O_CLOEXEC)) {
            fcntl(ends[1], F_SETPIPE_SZ, count);
            n = tee(file->fd, ends[1], (size_t)count, SPLICE_F_NONBLOCK);
            if (n > 0)
                n = read(ends[0], data, (size_t)n);
            close(ends[0]);
            close(ends[1]);
        }
    }
    *bytes = n > 0 ? (size_t)n : 0;
    return data;
}

/* Takes the headers out of what was peeked; *first: the length of the first message, or of what is left of it, which
 * need not be there whole. Returns the bytes of messages. */
static size_t drop_headers(const struct pipe_end *end, char *data, size_t bytes, uint32_t *first,
                           ULONG *messages)
{
    uint32_t left = end->message_left, header = end->header, have = end->header_done;
    bool in_message = end->in_message, is_first = true;
    size_t out = 0;

    *messages = 0;
    *first = 0;
    for (size_t at = 0; at < bytes || in_message;) {
        if (!in_message) {
            ((char *)&header)[have++] = data[at++];
            if (have < HEADER_BYTES)
                continue;
            have = 0;
            left = header;
        }
        if (is_first)
            *first = left;
        is_first = false;
        ++*messages;
        if (left > bytes - at)
            left = (uint32_t)(bytes - at);
        memmove(data + out, data + at, left);
        out += left;
        at += left;
        in_message = false;
    }
    return out;
}

ULONG pipe_available(struct file *file)
{
    uint32_t first;
    size_t bytes = 0;
    ULONG messages;
    sigset_t signals;
    int count = 0;
    char *data;

    if (!file->pipe || !file->pipe->facts.is_message_type) {
        ioctl(file->fd, FIONREAD, &count);
        return count > 0 ? (ULONG)count : 0;
    }
    async_lock(&signals);
    data = peek_all(file, &bytes);
    if (data)
        bytes = drop_headers(file->pipe, data, bytes, &first, &messages);
    async_unlock(&signals);
    free(data);
    return (ULONG)bytes;
}

static NTSTATUS peek_locked(struct file *file, FILE_PIPE_PEEK_BUFFER *out, ULONG room, ULONG *used,
                            char **data)
{
    struct pipe_end *end = file->pipe;
    struct pollfd state = {file->fd, POLLIN, 0};
    bool has_messages = end && end->facts.is_message_type;
    NTSTATUS status = end ? pipe_end_check(end) : STATUS_SUCCESS;
    uint32_t first = 0;
    size_t bytes;

    if (status)
        return status == STATUS_PIPE_LISTENING ? STATUS_INVALID_PIPE_STATE : status;
    *data = peek_all(file, &bytes);
    if (!*data)
        return STATUS_NO_MEMORY;
    memset(out, 0, offsetof(FILE_PIPE_PEEK_BUFFER, Data));
    if (has_messages)
        bytes = drop_headers(end, *data, bytes, &first, &out->NumberOfMessages);
    if (!bytes && !out->NumberOfMessages && poll(&state, 1, 0) > 0 &&
        (state.revents & POLLHUP || (end && state.revents & POLLIN)))
        return end ? pipe_end_gone(end, false) : STATUS_PIPE_BROKEN;
    out->NamedPipeState = FILE_PIPE_CONNECTED_STATE;
    out->ReadDataAvailable = (ULONG)bytes;
    out->MessageLength = first;
    /* Messages are looked at one at a time. */
    if (has_messages && bytes > first)
        bytes = first;
    if (bytes > room)
        bytes = room;
    memcpy(out->Data, *data, bytes);
    *used = (ULONG)(offsetof(FILE_PIPE_PEEK_BUFFER, Data) + bytes);
    return has_messages && bytes < first ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

/* FILE_PIPE_PEEK_BUFFER into memory of ours; *used. */
static NTSTATUS peek(struct file *file, FILE_PIPE_PEEK_BUFFER *out, ULONG length, ULONG *used)
{
    char *data = NULL;
    sigset_t signals;
    NTSTATUS status;

    if (file->kind != FILE_KIND_PIPE)
        return STATUS_INVALID_DEVICE_REQUEST;
    if (length < offsetof(FILE_PIPE_PEEK_BUFFER, Data))
        return STATUS_INFO_LENGTH_MISMATCH;
    async_lock(&signals);
    status = peek_locked(file, out, length - (ULONG)offsetof(FILE_PIPE_PEEK_BUFFER, Data), used,
                         &data);
    async_unlock(&signals);
    free(data);
    return status;
}

/* --- Control codes --- */

static NTSTATUS control_peek(struct file *file, void *out, ULONG length,
                             const struct async_target *target)
{
    FILE_PIPE_PEEK_BUFFER *buffer = malloc(length > sizeof(*buffer) ? length : sizeof(*buffer));
    ULONG used = 0;
    NTSTATUS status = buffer ? peek(file, buffer, length, &used) : STATUS_NO_MEMORY;

    if (!NT_ERROR(status) && guest_copy_out(out, buffer, used))
        status = STATUS_ACCESS_VIOLATION;
    free(buffer);
    return async_finish_inline(file, target, status, used);
}

/* Any handle will do, the device's is usual; the name is in the request. */
static NTSTATUS control_wait(struct file *file, const void *in, ULONG length,
                             const struct async_target *target)
{
    const FILE_PIPE_WAIT_FOR_BUFFER *wait = in;
    LONGLONG ms = 50; /* what CreateNamedPipe's default is documented to be */
    char *folder;
    NTSTATUS status;

    if (length < offsetof(FILE_PIPE_WAIT_FOR_BUFFER, Name) ||
        wait->NameLength > length - offsetof(FILE_PIPE_WAIT_FOR_BUFFER, Name))
        return STATUS_INVALID_PARAMETER;
    if (wait->TimeoutSpecified)
        ms = wait->Timeout.QuadPart == INT64_MIN ? -1 : -wait->Timeout.QuadPart / 10000;
    status = pipe_folder_path(wait->Name, wait->NameLength / sizeof(WCHAR), &folder);
    if (status)
        return status;
    status = pipe_wait(folder, ms > INT_MAX ? -1 : (int)ms);
    free(folder);
    return async_finish_inline(file, target, status, 0);
}

static NTSTATUS control_attribute(struct file *file, const char *name, ULONG length, void *out,
                                  ULONG out_length, const struct async_target *target)
{
    struct pipe_end *end = file->pipe;
    ULONG value;

    if (!end || !length || name[length - 1])
        return STATUS_INVALID_PARAMETER;
    if (!strcmp(name, "ClientProcessId"))
        value = (ULONG)(end->is_server ? end->other_pid : process.pid);
    else if (!strcmp(name, "ServerProcessId"))
        value = (ULONG)(end->is_server ? process.pid : end->other_pid);
    else if (!strcmp(name, "ClientSessionId") || !strcmp(name, "ServerSessionId"))
        value = process.peb->SessionId;
    else
        return STATUS_NOT_FOUND;
    if (out_length < sizeof(value))
        return STATUS_BUFFER_TOO_SMALL;
    if (guest_copy_out(out, &value, sizeof(value)))
        return STATUS_ACCESS_VIOLATION;
    return async_finish_inline(file, target, STATUS_SUCCESS, sizeof(value));
}

#define PIPE_GET_PIPE_ATTRIBUTE                                                                    \
    CTL_CODE(FILE_DEVICE_NAMED_PIPE, 10, METHOD_BUFFERED, FILE_ANY_ACCESS)

NTSTATUS pipe_control(struct file *file, ULONG code, const void *in, ULONG in_length, void *out,
                      ULONG out_length, const struct async_target *target)
{
    switch (code) {
    case FSCTL_PIPE_PEEK:
        return control_peek(file, out, out_length, target);
    case FSCTL_PIPE_WAIT:
        return control_wait(file, in, in_length, target);
    case FSCTL_PIPE_LISTEN:
        return pipe_end_listen(file, target);
    case FSCTL_PIPE_DISCONNECT:
        return async_finish_inline(file, target, pipe_end_disconnect(file), 0);
    case FSCTL_PIPE_TRANSCEIVE:
        return file->pipe ? transact(file, in, in_length, out, out_length, target)
                          : STATUS_INVALID_PIPE_STATE;
    case FSCTL_PIPE_IMPERSONATE:
        return STATUS_CANNOT_IMPERSONATE; /* one user is all there is */
    case PIPE_GET_PIPE_ATTRIBUTE:
    case FSCTL_PIPE_GET_CONNECTION_ATTRIBUTE:
        return control_attribute(file, in, in_length, out, out_length, target);
    default:
        return STATUS_INVALID_DEVICE_REQUEST;
    }
}
