/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The two ends of a named pipe. A connection is a socket pair; on the server's side it comes and goes while the handle
 * stays, so the end's descriptor is a placeholder that the connection is duplicated onto: its number never changes.
 *
 * The I/O thread accepts the client, whether the server waits for it or not: on Windows a client may connect, and
 * write, as soon as the instance exists. It greets with a message that carries the page which both ends share; a
 * client without a greeting was too late.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "path.h"
#include "pipe.h"

#define GREETING_MS 10000

struct greeting {
    uint32_t magic;
    uint32_t in_quota, out_quota;
    int32_t pid;
};
#define GREETING_MAGIC 0x65706970u

/* --- The shared page --- */

static struct pipe_shared *map_shared(int fd)
{
    void *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    return page == MAP_FAILED ? NULL : page;
}

static void unmap_shared(struct pipe_end *end)
{
    if (end->shared)
        munmap(end->shared, PAGE_BYTES);
    end->shared = NULL;
}

static bool send_greeting(int fd, const struct pipe_end *end, int page_fd)
{
    struct greeting greeting = {GREETING_MAGIC, end->in_quota, end->out_quota, process.pid};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec part = {&greeting, sizeof(greeting)};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
                             .msg_controllen = sizeof(control)};

    control.header = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.header), &page_fd, sizeof(int));
    return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof(greeting);
}

/* The client's half: false when the server hangs up or is no server of ours. */
static bool receive_greeting(int fd, void *context)
{
    struct pipe_end *end = context;
    struct greeting greeting;
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec part = {&greeting, sizeof(greeting)};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    struct pollfd wait = {fd, POLLIN, 0};
    struct ucred peer;
    socklen_t length = sizeof(peer);
    int page_fd = -1;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) || peer.uid != geteuid())
        return false;
    while (poll(&wait, 1, GREETING_MS) < 0 && errno == EINTR)
        ;
    if (recvmsg(fd, &message, MSG_CMSG_CLOEXEC) != sizeof(greeting) ||
        greeting.magic != GREETING_MAGIC)
        return false;
    for (struct cmsghdr *at = CMSG_FIRSTHDR(&message); at; at = CMSG_NXTHDR(&message, at))
        if (at->cmsg_level == SOL_SOCKET && at->cmsg_type == SCM_RIGHTS)
            memcpy(&page_fd, CMSG_DATA(at), sizeof(int));
    if (page_fd < 0)
        return false;
    end->shared = map_shared(page_fd);
    close(page_fd);
    /* What comes in there goes out here. */
    end->in_quota = greeting.out_quota;
    end->out_quota = greeting.in_quota;
    end->other_pid = greeting.pid;
    return end->shared != NULL;
}

/* --- The server's states. Under the async lock --- */

static void set_state(struct pipe_end *end, enum pipe_state state)
{
    const uint64_t one = 1;
    uint64_t value;

    end->state = state;
    end->message_left = end->header_done = 0;
    end->in_message = false;
    /* Readable: it does not listen any more. */
    if (state == PIPE_LISTENING ? read(end->changed, &value, sizeof(value)) < 0 && errno != EAGAIN
                                : write(end->changed, &one, sizeof(one)) < 0)
        trace(TRACE_FILE, "a pipe's event fails: %s", strerror(errno));
}

static void stop_listening(struct pipe_end *end)
{
    if (end->listener.fd < 0)
        return;
    async_unwatch(&end->listener);
    pipe_instance_hide(&end->instance);
    close(end->listener.fd);
    end->listener.fd = -1;
}

/* A client knocked. */
static void accept_client(struct async_watch *watch)
{
    struct pipe_end *end = container_of(watch, struct pipe_end, listener);
    int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC);
    struct ucred peer;
    socklen_t length = sizeof(peer);
    int page_fd;

    if (fd < 0)
        return;
    page_fd = memfd_create("decant-pipe", MFD_CLOEXEC);
    if (page_fd >= 0 && !ftruncate(page_fd, (off_t)PAGE_BYTES))
        end->shared = map_shared(page_fd);
    if (end->shared && !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) &&
        peer.uid == geteuid() && send_greeting(fd, end, page_fd) &&
        dup3(fd, end->file->fd, O_CLOEXEC) >= 0) {
        end->other_pid = peer.pid;
        stop_listening(end);
        set_state(end, PIPE_CONNECTED);
    } else {
        unmap_shared(end);
    }
    if (page_fd >= 0)
        close(page_fd);
    close(fd);
}

static NTSTATUS start_listening(struct pipe_end *end, struct async_watch **watch)
{
    int fd = pipe_instance_listen(&end->instance);

    *watch = NULL;
    if (fd < 0)
        return errno_to_status(-fd);
    end->listener.fd = fd;
    end->listener.ready = accept_client;
    set_state(end, PIPE_LISTENING);
    *watch = &end->listener;
    return STATUS_SUCCESS;
}

/* --- Making ends --- */

void pipe_end_free(struct pipe_end *end)
{
    if (!end)
        return;
    unmap_shared(end);
    if (end->is_server && end->changed >= 0)
        close(end->changed);
    free(end->name);
    free(end);
}

void pipe_end_closed(struct file *file)
{
    struct pipe_end *end = file->pipe;
    sigset_t signals;

    if (!end->is_server || !end->instance.folder)
        return;
    async_lock(&signals);
    stop_listening(end);
    async_unlock(&signals);
    pipe_instance_remove(&end->instance);
}

static NTSTATUS new_file(struct pipe_end *end, int fd, ACCESS_MASK access, ULONG sharing,
                         ULONG options, struct file **out)
{
    NTSTATUS status = file_create_object(fd, NULL, access, sharing, options, out);

    if (status)
        return status;
    (*out)->pipe = end;
    end->file = *out;
    return STATUS_SUCCESS;
}

NTSTATUS pipe_open_client(const char *folder, ACCESS_MASK access, ULONG sharing, ULONG options,
                          struct file **out)
{
    struct pipe_end *end = calloc(1, sizeof(*end));
    NTSTATUS status;
    int fd;

    if (!end)
        return STATUS_NO_MEMORY;
    end->state = PIPE_CONNECTED;
    end->listener.fd = end->instance.folder_fd = end->instance.lock_fd = -1;
    status = pipe_connect(folder, access, &end->facts, &fd, receive_greeting, end);
    if (!status)
        status = new_file(end, fd, access, sharing, options, out);
    if (status)
        pipe_end_free(end);
    return status;
}

static NTSTATUS make_server(struct pipe_end *end, const char *folder, bool only_first,
                            ACCESS_MASK access, ULONG sharing, ULONG options, bool *is_first,
                            struct file **out)
{
    int placeholder = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct async_watch *watch;
    sigset_t signals;
    NTSTATUS status;

    end->changed = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (placeholder < 0 || end->changed < 0) {
        status = errno_to_status(errno);
        if (placeholder >= 0)
            close(placeholder);
        return status;
    }
    status = pipe_instance_create(folder, &end->facts, only_first, &end->instance, is_first);
    if (status) {
        close(placeholder);
        return status;
    }
    status = new_file(end, placeholder, access, sharing, options, out);
    if (!status) {
        async_lock(&signals);
        status = start_listening(end, &watch);
        async_unlock(&signals);
        if (!status)
            status = async_watch(watch);
        if (status) {
            (*out)->pipe = NULL;
            object_release(&(*out)->header);
        }
    }
    if (status)
        pipe_instance_remove(&end->instance);
    return status;
}

/* Inbound is from the client to the server. */
static NTSTATUS configuration_of(ULONG sharing, ULONG *configuration)
{
    switch (sharing & (FILE_SHARE_READ | FILE_SHARE_WRITE)) {
    case FILE_SHARE_READ | FILE_SHARE_WRITE: *configuration = FILE_PIPE_FULL_DUPLEX; break;
    case FILE_SHARE_READ: *configuration = FILE_PIPE_OUTBOUND; break;
    case FILE_SHARE_WRITE: *configuration = FILE_PIPE_INBOUND; break;
    default: return STATUS_INVALID_PARAMETER;
    }
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI NtCreateNamedPipeFile(HANDLE *handle, ULONG access, OBJECT_ATTRIBUTES *attributes,
                                      IO_STATUS_BLOCK *io, ULONG sharing, ULONG disposition,
                                      ULONG options, ULONG type, ULONG read_mode, ULONG completion,
                                      ULONG instances, ULONG in_quota, ULONG out_quota,
                                      LARGE_INTEGER *timeout)
{
    IO_STATUS_BLOCK result = {{0}};
    struct pipe_end *end;
    struct path path = {0};
    struct file *file;
    HANDLE new_handle;
    ULONG flags;
    bool is_first = false;
    NTSTATUS status;

    if (guest_copy_in(&new_handle, handle, sizeof(new_handle)) ||
        guest_copy_in(&result, io, sizeof(result)))
        return STATUS_ACCESS_VIOLATION;
    if (!timeout || !instances || disposition == FILE_OVERWRITE ||
        (read_mode == FILE_PIPE_MESSAGE_MODE && type != FILE_PIPE_TYPE_MESSAGE))
        return STATUS_INVALID_PARAMETER;
    end = calloc(1, sizeof(*end));
    if (!end)
        return STATUS_NO_MEMORY;
    end->is_server = true;
    end->listener.fd = end->changed = end->instance.folder_fd = end->instance.lock_fd = -1;
    end->facts.is_message_type = type & FILE_PIPE_TYPE_MESSAGE;
    end->facts.max_instances = instances;
    end->reads_messages = read_mode == FILE_PIPE_MESSAGE_MODE;
    end->is_nowait = completion == FILE_PIPE_COMPLETE_OPERATION;
    end->in_quota = in_quota;
    end->out_quota = out_quota;
    status = configuration_of(sharing, &end->facts.configuration);
    if (!status)
        status = attributes_flags(attributes, &flags);
    if (!status)
        status = path_look_up(attributes, &path);
    if (!status && (path.kind != PATH_PIPE || !path.pipe_name_length))
        status = STATUS_OBJECT_NAME_INVALID;
    if (!status) {
        end->name = path.pipe_name;
        end->name_length = path.pipe_name_length;
        path.pipe_name = NULL;
        status = make_server(end, path.unix_path, disposition == FILE_CREATE,
                             file_map_access(access), sharing, options, &is_first, &file);
    }
    path_free(&path);
    if (status) {
        pipe_end_free(end);
        return status;
    }
    status = handle_create(&file->header, file->access, flags, &new_handle);
    if (status)
        pipe_end_closed(file);
    object_release(&file->header);
    if (status)
        return status;
    result.Status = STATUS_SUCCESS;
    result.Information = is_first ? FILE_CREATED : FILE_OPENED;
    if (guest_copy_out(handle, &new_handle, sizeof(new_handle)) ||
        guest_copy_out(io, &result, sizeof(result))) {
        NtClose(new_handle);
        return STATUS_ACCESS_VIOLATION;
    }
    return STATUS_SUCCESS;
}

/* --- Ends that a process inherits. The connection alone goes on: the instance stays the parent's --- */

#define EXPORT_IS_PIPE    1u
#define EXPORT_MESSAGE    2u
#define EXPORT_SERVER     4u
#define EXPORT_READS      8u

uint32_t pipe_end_export(const struct file *file)
{
    const struct pipe_end *end = file->pipe;

    if (!end)
        return 0;
    return EXPORT_IS_PIPE | (end->facts.is_message_type ? EXPORT_MESSAGE : 0) |
           (end->is_server ? EXPORT_SERVER : 0) | (end->reads_messages ? EXPORT_READS : 0) |
           end->facts.configuration << 8;
}

NTSTATUS pipe_end_import(struct file *file, uint32_t exported)
{
    struct pipe_end *end;

    if (!exported)
        return STATUS_SUCCESS;
    end = calloc(1, sizeof(*end));
    if (!end)
        return STATUS_NO_MEMORY;
    end->facts.is_message_type = exported & EXPORT_MESSAGE;
    end->facts.configuration = exported >> 8;
    end->facts.max_instances = 1;
    end->is_server = exported & EXPORT_SERVER;
    end->reads_messages = exported & EXPORT_READS;
    end->state = PIPE_CONNECTED;
    end->changed = end->listener.fd = end->instance.folder_fd = end->instance.lock_fd = -1;
    end->file = file;
    file->pipe = end;
    return STATUS_SUCCESS;
}

/* --- Questions --- */

NTSTATUS pipe_end_check(const struct pipe_end *end)
{
    if (end->state == PIPE_LISTENING)
        return STATUS_PIPE_LISTENING;
    if (end->state == PIPE_DISCONNECTED || (end->shared && end->shared->is_disconnected))
        return STATUS_PIPE_DISCONNECTED;
    return STATUS_SUCCESS;
}

NTSTATUS pipe_end_gone(const struct pipe_end *end, bool writing)
{
    NTSTATUS status = pipe_end_check(end);

    return status ? status : writing ? STATUS_PIPE_CLOSING : STATUS_PIPE_BROKEN;
}

static bool is_hung_up(const struct file *file)
{
    struct pollfd state = {file->fd, POLLRDHUP, 0};

    return poll(&state, 1, 0) > 0 && state.revents & (POLLRDHUP | POLLHUP);
}

void pipe_end_query(struct file *file, FILE_PIPE_LOCAL_INFORMATION *info)
{
    struct pipe_end *end = file->pipe;
    int unread = 0;
    sigset_t signals;

    memset(info, 0, sizeof(*info));
    info->ReadDataAvailable = pipe_available(file);
    info->CurrentInstances = end->is_server ? pipe_instance_count(&end->instance) : 1;
    async_lock(&signals);
    ioctl(file->fd, TIOCOUTQ, &unread); /* SIOCOUTQ: what the other end has not read yet */
    info->NamedPipeType = end->facts.is_message_type ? FILE_PIPE_TYPE_MESSAGE : FILE_PIPE_TYPE_BYTE;
    info->NamedPipeConfiguration = end->facts.configuration;
    info->MaximumInstances = end->facts.max_instances;
    info->InboundQuota = end->is_server ? end->in_quota : end->out_quota;
    info->OutboundQuota = end->is_server ? end->out_quota : end->in_quota;
    info->WriteQuotaAvailable = end->out_quota > (ULONG)unread ? end->out_quota - (ULONG)unread : 0;
    info->NamedPipeState = end->state;
    if (end->state == PIPE_CONNECTED && (pipe_end_check(end) || is_hung_up(file)))
        info->NamedPipeState = FILE_PIPE_CLOSING_STATE;
    info->NamedPipeEnd = end->is_server ? FILE_PIPE_SERVER_END : FILE_PIPE_CLIENT_END;
    async_unlock(&signals);
}

void pipe_end_query_mode(struct file *file, FILE_PIPE_INFORMATION *info)
{
    memset(info, 0, sizeof(*info));
    if (!file->pipe)
        return;
    info->ReadMode = file->pipe->reads_messages ? FILE_PIPE_MESSAGE_MODE
                                                : FILE_PIPE_BYTE_STREAM_MODE;
    info->CompletionMode = file->pipe->is_nowait ? FILE_PIPE_COMPLETE_OPERATION
                                                 : FILE_PIPE_QUEUE_OPERATION;
}

NTSTATUS pipe_end_set_mode(struct file *file, const FILE_PIPE_INFORMATION *info)
{
    bool reads_messages = info->ReadMode == FILE_PIPE_MESSAGE_MODE;
    sigset_t signals;

    if (!file->pipe) /* an anonymous pipe: bytes, and waiting */
        return reads_messages ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
    if (reads_messages && !file->pipe->facts.is_message_type)
        return STATUS_INVALID_PARAMETER;
    async_lock(&signals);
    file->pipe->reads_messages = reads_messages;
    file->pipe->is_nowait = info->CompletionMode == FILE_PIPE_COMPLETE_OPERATION;
    async_unlock(&signals);
    return STATUS_SUCCESS;
}

/* --- Listening and disconnecting --- */

static NTSTATUS attempt_listen(struct async *request)
{
    return request->file->pipe->state == PIPE_LISTENING      ? STATUS_PENDING
           : request->file->pipe->state == PIPE_DISCONNECTED ? STATUS_PIPE_DISCONNECTED
                                                             : STATUS_SUCCESS;
}

NTSTATUS pipe_end_listen(struct file *file, const struct async_target *target)
{
    struct async request = {.file = file, .queue = ASYNC_UNORDERED, .attempt = attempt_listen,
                            .events = POLLIN};
    struct pipe_end *end = file->pipe;
    struct async_watch *watch = NULL;
    NTSTATUS status = STATUS_SUCCESS;
    sigset_t signals;
    bool was_listening;

    if (!end || !end->is_server || !end->instance.folder)
        return STATUS_ILLEGAL_FUNCTION;
    async_lock(&signals);
    was_listening = end->state == PIPE_LISTENING;
    if (end->state == PIPE_CONNECTED)
        status = is_hung_up(file) ? STATUS_PIPE_CLOSING : STATUS_PIPE_CONNECTED;
    else if (end->state == PIPE_DISCONNECTED)
        status = start_listening(end, &watch);
    async_unlock(&signals);
    if (!status && watch)
        status = async_watch(watch);
    if (status)
        return status;
    if (end->is_nowait)
        return was_listening ? STATUS_PIPE_LISTENING : STATUS_SUCCESS;
    request.fd = end->changed;
    return async_start(&request, target);
}

NTSTATUS pipe_end_disconnect(struct file *file)
{
    struct pipe_end *end = file->pipe;
    NTSTATUS status = STATUS_SUCCESS;
    sigset_t signals;
    int placeholder;

    if (!end || !end->is_server || !end->instance.folder)
        return STATUS_ILLEGAL_FUNCTION;
    placeholder = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (placeholder < 0)
        return errno_to_status(errno);
    async_lock(&signals);
    if (end->state == PIPE_DISCONNECTED) {
        status = STATUS_PIPE_DISCONNECTED;
    } else {
        stop_listening(end);
        if (end->shared)
            atomic_store(&end->shared->is_disconnected, 1);
        unmap_shared(end);
        set_state(end, PIPE_DISCONNECTED);
        shutdown(file->fd, SHUT_RDWR); /* whoever sleeps on it looks again */
        dup3(placeholder, file->fd, O_CLOEXEC);
        async_kick();
    }
    async_unlock(&signals);
    close(placeholder);
    return status;
}
