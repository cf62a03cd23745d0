/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Clients: a connection each, from accept to burial. Reads requests, sends replies.
 *
 * A client is dead when its socket hangs up or its pidfd says so, whichever comes first. The kernel closes a
 * process's descriptors after its address space is gone, so at a hang-up nothing of it runs any more.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "object.h"
#include "server.h"

struct request_kind {
    request_handler *handle;
    size_t bytes, reply_bytes;
    unsigned max_fds;
};

#define REQUEST(name, fds, reply_fds, fields, reply_fields)                                        \
    {handle_##name, sizeof(struct request_##name), sizeof(struct reply_##name), fds},
#define NOTICE(name, fds, fields)
static const struct request_kind kinds[] = {
#include "decant/protocol.def"
};
#undef REQUEST
#undef NOTICE

static struct client *clients, *buried;
static size_t count;

size_t client_count(void)
{
    return count;
}

struct client *client_find(pid_t pid)
{
    for (struct client *client = clients; client; client = client->next)
        if (client->has_greeted && client->pid == pid)
            return client;
    return NULL;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void client_bury(struct client *client, bool is_dead)
{
    if (client->is_gone)
        return;
    trace_text("%d is gone", client->pid);
    client->is_gone = true;
    count--;
    if (client->next)
        client->next->previous = client->previous;
    if (client->previous)
        client->previous->next = client->next;
    else
        clients = client->next;
    client->next = buried;
    buried = client;
    if (client->has_greeted) /* else it has nothing, and says nothing about its process */
        objects_client_ended(client, is_dead);
    if (client->socket.fd >= 0)
        loop_remove(&client->socket);
    if (client->process.fd >= 0)
        loop_remove(&client->process);
    close_fd(&client->socket.fd);
    close_fd(&client->process.fd);
    close_fd(&client->service);
}

/* The client broke the protocol, or does not take its replies: no word more with it. */
static void drop(struct client *client)
{
    trace_text("%d is dropped", client->pid);
    if (!client->has_greeted) {
        client_bury(client, false);
        return;
    }
    loop_remove(&client->socket);
    close_fd(&client->socket.fd);
    close_fd(&client->service);
}

void clients_free_buried(void)
{
    while (buried) {
        struct client *client = buried;

        buried = client->next;
        free(client);
    }
}

enum received { A_REQUEST, NOTHING, A_HANG_UP, A_BREACH };

/* One packet. */
static enum received receive(struct client *client, struct request *request, void *buffer)
{
    struct iovec part = {buffer, PROTOCOL_MAX_BYTES};
    union {
        char bytes[CMSG_SPACE(PROTOCOL_MAX_FDS * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    ssize_t got = recvmsg(client->socket.fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

    request->fd_count = 0;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return NOTHING;
    if (got <= 0)
        return A_HANG_UP;
    for (struct cmsghdr *at = CMSG_FIRSTHDR(&message); at; at = CMSG_NXTHDR(&message, at)) {
        if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS)
            continue;
        request->fd_count = (unsigned)((at->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(request->fds, CMSG_DATA(at), request->fd_count * sizeof(int));
    }
    request->has_lost_fds = message.msg_flags & MSG_CTRUNC;
    request->message = buffer;
    request->bytes = (size_t)got;
    return message.msg_flags & MSG_TRUNC ? A_BREACH : A_REQUEST;
}

static bool reply(struct client *client, struct answer *answer, size_t bytes)
{
    struct iovec part = {answer->message, bytes + answer->tail_bytes};
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    struct cmsghdr *at;

    if (answer->fd >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof(control);
        at = CMSG_FIRSTHDR(&message);
        at->cmsg_level = SOL_SOCKET;
        at->cmsg_type = SCM_RIGHTS;
        at->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(at), &answer->fd, sizeof(int));
    }
    trace_reply(client, answer->message);
    /* A client waits for each reply before its next request: one that lets them pile up is broken. */
    return sendmsg(client->socket.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

/* False: the client has broken the protocol. */
static bool serve(struct client *client, struct request *request)
{
    static struct answer answer;
    const struct protocol_header *header = request->message;
    const struct request_kind *kind;
    bool is_foreign, is_good;
    int result;

    if (request->bytes < sizeof(*header) || header->type >= PROTOCOL_REQUESTS)
        return false;
    kind = &kinds[header->type];
    /* Another version's greeting may have another length; it is answered, so that the client can tell. */
    is_foreign = header->type == PROTOCOL_hello &&
                 request->bytes >= offsetof(struct request_hello, pid) &&
                 ((const struct request_hello *)request->message)->version != PROTOCOL_VERSION;
    if (!is_foreign && (request->bytes < kind->bytes || request->fd_count > kind->max_fds))
        return false;
    if (!client->has_greeted && header->type != PROTOCOL_hello && header->type != PROTOCOL_status)
        return false;
    memset(&answer, 0, sizeof(struct protocol_header) + kind->reply_bytes);
    answer.tail_bytes = 0;
    answer.fd = -1;
    answer.owns_fd = false;
    trace_request(client, request->message);
    result = request->has_lost_fds ? -EMFILE : kind->handle(client, request, &answer);
    answer.header.type = header->type;
    answer.header.status = result;
    is_good = result != DROP_CLIENT && reply(client, &answer, kind->reply_bytes);
    if (answer.owns_fd)
        close_fd(&answer.fd);
    return is_good;
}

static void socket_ready(struct watch *watch, uint32_t events)
{
    static char buffer[PROTOCOL_MAX_BYTES] __attribute__((aligned(8)));
    struct client *client = container_of(watch, struct client, socket);
    struct request request;
    enum received received;

    if (client->is_gone || client->socket.fd < 0)
        return;
    received = receive(client, &request, buffer);
    if (received == NOTHING && events & (EPOLLHUP | EPOLLERR))
        received = A_HANG_UP;
    if (received == A_REQUEST && !serve(client, &request))
        received = A_BREACH;
    for (unsigned i = 0; i < request.fd_count; i++)
        close_fd(&request.fds[i]);
    if (received == A_HANG_UP)
        client_bury(client, true);
    else if (received == A_BREACH)
        drop(client);
}

void client_accept(int socket)
{
    for (;;) {
        int fd = accept4(socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        struct ucred peer;
        socklen_t length = sizeof(peer);
        struct client *client;

        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE)
                session_refuse_one();
            return;
        }
        client = calloc(1, sizeof(*client));
        /* The folder's mode keeps others out; this says it once more. */
        if (!client || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) ||
            peer.uid != geteuid()) {
            close(fd);
            free(client);
            continue;
        }
        client->socket = (struct watch){fd, socket_ready};
        client->process.fd = client->service = -1;
        client->pid = peer.pid;
        if (loop_add(&client->socket, EPOLLIN)) {
            close(fd);
            free(client);
            continue;
        }
        client->next = clients;
        if (clients)
            clients->previous = client;
        clients = client;
        count++;
        socket_ready(&client->socket, 0); /* the greeting mostly is there already */
    }
}
