/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Processes: the greeting, introducing one to another, the summary.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "object.h"
#include "server.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* Linux 6.5 */
#endif

static void process_ended(struct watch *watch, uint32_t events)
{
    (void)events;
    client_bury(container_of(watch, struct client, process), true);
}

static int open_pidfd(const struct client *client)
{
    socklen_t length = sizeof(int);
    int fd = -1;

    if (!getsockopt(client->socket.fd, SOL_SOCKET, SO_PEERPIDFD, &fd, &length) && fd >= 0)
        return fd;
    return (int)syscall(SYS_pidfd_open, client->pid, 0);
}

static bool is_socket(int fd)
{
    int type = 0;
    socklen_t length = sizeof(type);

    return !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) && type == SOCK_SEQPACKET;
}

int handle_hello(struct client *client, struct request *request, struct answer *answer)
{
    const struct request_hello *hello = request->message;
    struct reply_hello *reply = (struct reply_hello *)answer->message;
    struct client *old;
    int error;

    reply->version = PROTOCOL_VERSION;
    reply->server_pid = getpid();
    if (hello->version != PROTOCOL_VERSION) {
        loop_be_brief();
        return -EPROTO;
    }
    if (client->has_greeted || hello->flags & ~(uint32_t)HELLO_SERVICE ||
        request->fd_count != (unsigned)__builtin_popcount(hello->flags))
        return DROP_CLIENT;
    /* A program in another pid namespace: its ids mean nothing here. */
    if (hello->pid != client->pid)
        return -EXDEV;
    if (hello->flags & HELLO_SERVICE && !is_socket(request->fds[0]))
        return DROP_CLIENT;

    /* The id is in use again, so the earlier bearer is gone, even if its hang-up is still to come. */
    old = client_find(client->pid);
    if (old)
        client_bury(old, false);
    client->process = (struct watch){open_pidfd(client), process_ended};
    if (client->process.fd < 0)
        return -errno;
    error = loop_add(&client->process, EPOLLIN);
    if (error) {
        close(client->process.fd);
        client->process.fd = -1;
        return error;
    }
    if (hello->flags & HELLO_SERVICE) {
        client->service = request->fds[0];
        request->fds[0] = -1;
    }
    client->has_greeted = true;
    return 0;
}

int handle_connect_process(struct client *client, struct request *request, struct answer *answer)
{
    const struct request_connect_process *wanted = request->message;
    struct reply_connect_process *reply = (struct reply_connect_process *)answer->message;
    struct client *target = client_find(wanted->pid);
    struct notice_connect notice = {{PROTOCOL_NOTICE_connect, 0}, client->pid, 0};
    struct iovec part = {&notice, sizeof(notice)};
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {{0}};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    struct cmsghdr *at = CMSG_FIRSTHDR(&message);
    int pair[2], error = 0;

    if (!target)
        return -ESRCH;
    if (target->service < 0)
        return -ENOTCONN;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
        return -errno;
    at->cmsg_level = SOL_SOCKET;
    at->cmsg_type = SCM_RIGHTS;
    at->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(at), &pair[1], sizeof(int));
    if (sendmsg(target->service, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        error = errno == EPIPE || errno == ECONNRESET ? -ENOTCONN : -errno;
    close(pair[1]);
    if (error) {
        close(pair[0]);
        return error;
    }
    reply->pid = target->pid;
    answer->fd = pair[0];
    answer->owns_fd = true;
    return 0;
}

int handle_process_ended(struct client *client, struct request *request, struct answer *answer)
{
    const struct request_process_ended *wanted = request->message;
    struct client *target = client_find(wanted->pid);
    struct pollfd poll_fd = {target ? target->process.fd : -1, POLLIN, 0};

    ((struct reply_process_ended *)answer->message)->pid = wanted->pid;
    /* Its end is seen here first only when the asker was faster than our own epoll. */
    if (target && target != client && poll(&poll_fd, 1, 0) == 1)
        client_bury(target, true);
    return 0;
}

int handle_status(struct client *client, struct request *request, struct answer *answer)
{
    struct reply_status *reply = (struct reply_status *)answer->message;

    (void)request;
    reply->version = PROTOCOL_VERSION;
    reply->server_pid = getpid();
    reply->processes = (uint32_t)(client_count() - !client->has_greeted);
    reply->objects = (uint32_t)object_count();
    return 0;
}
