/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The way to another process's service: connecting, and one call over it. See remote.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "remote.h"
#include "remote_socket.h"
#include "server_client.h"
#include "sync.h"

struct remote_link {
    pthread_mutex_t lock;       /* one call at a time; taken with signals blocked */
    int fd;                     /* -1: not connected */
    pid_t pid;                  /* 0: cannot be connected again */
    int pidfd;
    bool has_hello;             /* of this connection */
    struct child_page *page;
};

static bool is_alive(int pidfd)
{
    struct pollfd poll_fd = {pidfd, POLLIN, 0};

    return pidfd < 0 || !poll(&poll_fd, 1, 0);
}

static void cut(struct remote_link *link)
{
    if (link->fd >= 0)
        close(link->fd);
    link->fd = -1;
    link->has_hello = false;
}

/* Connects, by way of the server. 0 or -errno; -ESRCH: no program of this session. */
static int connect_to(struct remote_link *link)
{
    int fd, error = server_connect_process(link->pid, &fd);

    if (error)
        return error;
    /* The id may have got a new bearer: it is the process that was meant only if the pidfd, which was made for
     * that one, still runs. */
    if (!is_alive(link->pidfd) || fcntl(fd, F_SETFL, O_NONBLOCK)) {
        close(fd);
        return -ESRCH;
    }
    link->fd = fd;
    return 0;
}

struct remote_link *remote_link_over(int fd)
{
    struct remote_link *link = calloc(1, sizeof(*link));

    if (link) {
        pthread_mutex_init(&link->lock, NULL);
        link->fd = fd;
        link->pidfd = -1;
    }
    return link;
}

struct remote_link *remote_link_open(pid_t pid, int pidfd)
{
    struct remote_link *link = remote_link_over(-1);

    if (link) {
        link->pid = pid;
        link->pidfd = pidfd;
        connect_to(link);
    }
    return link;
}

void remote_link_close(struct remote_link *link)
{
    if (!link)
        return;
    cut(link);
    child_page_free(link->page);
    pthread_mutex_destroy(&link->lock);
    free(link);
}

/* Until the socket is ready or the deadline (CLOCK_MONOTONIC, ns). 0, -ETIMEDOUT or -errno. */
static int await(int fd, short events, uint64_t deadline)
{
    for (;;) {
        uint64_t now = monotonic_now();
        struct pollfd poll_fd = {fd, events, 0};
        int left = now < deadline ? (int)((deadline - now) / 1000000) + 1 : 0;
        int ready = poll(&poll_fd, 1, left);

        if (ready > 0)
            return 0;
        if (!ready && !left)
            return -ETIMEDOUT;
        if (ready < 0 && errno != EINTR)
            return -errno;
    }
}

/* The service's first message. 0 or -errno. */
static int take_hello(struct remote_link *link, uint64_t deadline)
{
    struct remote_message *message;
    ssize_t got;
    int error, fd = -1;

    if (link->has_hello)
        return 0;
    error = await(link->fd, POLLIN, deadline);
    if (error)
        return error;
    message = malloc(sizeof(*message));
    if (!message)
        return -ENOMEM;
    got = remote_receive(link->fd, message, &fd);
    if (got <= 0 || message->code != REMOTE_HELLO || message->values[0] != REMOTE_VERSION) {
        error = got < 0 ? (int)got : got ? -EPROTO : -ECONNRESET;
    } else {
        link->has_hello = true;
        /* A page that cannot be cut short is safe to read whatever the other does. */
        if (!link->page && fd >= 0 && fcntl(fd, F_GET_SEALS) & F_SEAL_SHRINK &&
            lseek(fd, 0, SEEK_END) >= (off_t)PAGE_BYTES) {
            void *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

            link->page = page == MAP_FAILED ? NULL : page;
        }
    }
    if (fd >= 0)
        close(fd);
    free(message);
    return error;
}

static void lock(struct remote_link *link, sigset_t *old)
{
    sigset_t all;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, old);
    pthread_mutex_lock(&link->lock);
}

static void unlock(struct remote_link *link, const sigset_t *old)
{
    pthread_mutex_unlock(&link->lock);
    pthread_sigmask(SIG_SETMASK, old, NULL);
}

void remote_link_await(struct remote_link *link, int limit_ms)
{
    sigset_t signals;

    lock(link, &signals);
    if (link->fd >= 0)
        take_hello(link, monotonic_now() + (uint64_t)limit_ms * 1000000);
    unlock(link, &signals);
}

struct child_page *remote_link_page(struct remote_link *link)
{
    struct child_page *page;
    sigset_t signals;

    lock(link, &signals);
    if (link->fd >= 0)
        take_hello(link, 0);
    page = link->page;
    unlock(link, &signals);
    return page;
}

/* Sends the request and takes the answer. 0 or -errno. */
static int converse(struct remote_link *link, struct remote_call *call,
                    struct remote_message *message, uint64_t deadline)
{
    int error = take_hello(link, deadline);
    ssize_t got;

    if (error)
        return error;
    message->code = call->code;
    message->bytes = (uint32_t)call->bytes;
    memcpy(message->values, call->values, sizeof(message->values));
    if (call->bytes)
        memcpy(message->data, call->data, call->bytes);
    while ((error = remote_send(link->fd, message, call->fd)) == -EAGAIN)
        if ((error = await(link->fd, POLLOUT, deadline)))
            return error;
    if (error)
        return error;
    error = await(link->fd, POLLIN, deadline);
    if (error)
        return error;
    got = remote_receive(link->fd, message, &call->answer_fd);
    if (got <= 0)
        return got ? (int)got : -ECONNRESET;
    memcpy(call->values, message->values, sizeof(call->values));
    call->answer_bytes = message->bytes;
    if (message->bytes > call->answer_room)
        return -EPROTO;
    if (message->bytes)
        memcpy(call->answer, message->data, message->bytes);
    return 0;
}

NTSTATUS remote_link_call(struct remote_link *link, struct remote_call *call, int limit_ms)
{
    struct remote_message *message;
    uint64_t deadline = monotonic_now() + (uint64_t)limit_ms * 1000000;
    NTSTATUS status;
    sigset_t signals;
    int error;

    call->answer_fd = -1;
    call->answer_bytes = 0;
    if (call->bytes > REMOTE_BYTES)
        return STATUS_INVALID_PARAMETER;
    message = malloc(sizeof(*message));
    if (!message)
        return STATUS_NO_MEMORY;
    lock(link, &signals);
    error = link->fd >= 0 ? 0 : link->pid ? connect_to(link) : -ENOTCONN;
    if (!error)
        error = converse(link, call, message, deadline);
    /* After a failure answer and question might not belong together any more. */
    if (error)
        cut(link);
    unlock(link, &signals);
    status = (NTSTATUS)message->code;
    free(message);
    if (!error)
        return status;
    if (call->answer_fd >= 0)
        close(call->answer_fd);
    call->answer_fd = -1;
    if (!is_alive(link->pidfd) || error == -ECONNRESET || error == -EPIPE)
        return STATUS_PROCESS_IS_TERMINATING;
    switch (error) {
    case -EAGAIN: /* it does not take what the server hands it */
    case -ETIMEDOUT:
        return STATUS_IO_TIMEOUT;
    case -ENOMEM:
        return STATUS_NO_MEMORY;
    default:
        return STATUS_NOT_SUPPORTED;
    }
}

NTSTATUS remote_call(struct process_object *target, struct remote_call *call)
{
    return target->link ? remote_link_call(target->link, call, REMOTE_LIMIT_MS)
                        : STATUS_NOT_SUPPORTED;
}

NTSTATUS remote_target(HANDLE handle, ACCESS_MASK access, struct process_object **target)
{
    NTSTATUS status;

    *target = NULL;
    if (handle == NtCurrentProcess())
        return STATUS_SUCCESS;
    status = handle_get(handle, &process_ops, access, (struct object **)target);
    if (status)
        return status;
    if (&(*target)->header == current_process_object()) {
        object_release(&(*target)->header);
        *target = NULL;
    }
    return STATUS_SUCCESS;
}
