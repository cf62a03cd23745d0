/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The connection to decantserver: finding or starting it, the greeting, requests.
 *
 * One connection a process; a request and its reply are one step under call_lock. Signals are blocked meanwhile,
 * since a thread that is stopped with the lock would stop all others that need the server.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "decant/protocol_trace.h"
#include "server_client.h"

#define START_LIMIT_MS     10000
#define OTHER_SERVER_TRIES 25 /* half a second */

static pthread_mutex_t call_lock = PTHREAD_MUTEX_INITIALIZER;
static int connection = -1, service_channel = -1;

/* --- Finding it --- */

/* -ENOENT, -ECONNREFUSED: nobody listens. */
static int connect_to_session(int folder)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), error;

    if (fd < 0)
        return -errno;
    /* The folder's own path may be longer than a socket's name can be. */
    snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", folder,
             PROTOCOL_SOCKET);
    if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
        return fd;
    error = -errno;
    close(fd);
    return error;
}

/* The grandchild becomes the server: nobody has to wait for its end. */
static void become_server(int ready)
{
    char number[16];
    sigset_t none;
    pid_t pid;

    setsid();
    pid = fork();
    if (pid)
        _exit(pid < 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    fcntl(ready, F_SETFD, 0);
    snprintf(number, sizeof(number), "%d", ready);
    execl(process.server_path, "decantserver", "--ready", number, process.session_dir, NULL);
    dprintf(ready, "E%s: %s", process.server_path, strerror(errno));
    _exit(126);
}

/* 0: a server listens, or another one is about to. -errno after an error line. */
static int start_server(void)
{
    char word[512];
    size_t used = 0;
    ssize_t got;
    int ready[2];
    pid_t pid;

    if (pipe2(ready, O_CLOEXEC))
        return -errno;
    trace(TRACE_SERVER, "starting %s", process.server_path);
    pid = fork();
    if (!pid)
        become_server(ready[1]);
    close(ready[1]);
    if (pid > 0)
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
    while (pid > 0 && used < sizeof(word) - 1) {
        got = read(ready[0], word + used, sizeof(word) - 1 - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        used += (size_t)got;
    }
    close(ready[0]);
    word[used] = 0;
    if (word[0] == 'R' || word[0] == 'T')
        return 0;
    report_error("cannot start the server: %s", pid < 0        ? strerror(errno)
                                                : word[0] == 'E' ? word + 1
                                                                 : "it ended without a word");
    return -ECHILD;
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A server that is just ending refuses connections and still has the lock, so that a new one cannot start
 * either: until it is gone, try again. */
static int find_server(void)
{
    int folder = open(process.session_dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int64_t limit = now_ms() + START_LIMIT_MS;
    bool is_first = true;
    int fd, error = 0;

    if (folder < 0) {
        error = -errno;
        report_error("session folder %s: %s", process.session_dir, strerror(-error));
        return error;
    }
    while ((fd = connect_to_session(folder)) == -ENOENT || fd == -ECONNREFUSED) {
        const struct timespec pause = {0, 2000000};

        if (now_ms() > limit) {
            report_error("the server of %s neither answers nor ends", process.session_dir);
            break;
        }
        error = start_server();
        if (error)
            break;
        if (!is_first)
            nanosleep(&pause, NULL);
        is_first = false;
    }
    close(folder);
    if (fd < 0 && !error && fd != -ENOENT && fd != -ECONNREFUSED)
        report_error("cannot reach the server of %s: %s", process.session_dir, strerror(-fd));
    return error ? error : fd;
}

/* --- Messages --- */

static int send_message(int socket, const void *message, size_t bytes, const int *fds,
                        unsigned fd_count)
{
    struct iovec part = {(void *)message, bytes};
    union {
        char bytes[CMSG_SPACE(PROTOCOL_MAX_FDS * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t sent;

    if (fd_count) {
        struct cmsghdr *at;

        memset(&control, 0, sizeof(control));
        header.msg_control = &control;
        header.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
        at = CMSG_FIRSTHDR(&header);
        at->cmsg_level = SOL_SOCKET;
        at->cmsg_type = SCM_RIGHTS;
        at->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
        memcpy(CMSG_DATA(at), fds, fd_count * sizeof(int));
    }
    do
        sent = sendmsg(socket, &header, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

/* The message's length, or -errno; 0: the other side is gone. */
static ssize_t receive_message(int socket, void *message, size_t room, int *fd)
{
    struct iovec part = {message, room};
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = &control,
                            .msg_controllen = sizeof(control)};
    struct cmsghdr *at;
    ssize_t got;

    *fd = -1;
    do
        got = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return -errno;
    at = CMSG_FIRSTHDR(&header);
    if (at && at->cmsg_level == SOL_SOCKET && at->cmsg_type == SCM_RIGHTS)
        memcpy(fd, CMSG_DATA(at), sizeof(int));
    return got;
}

static void show(const char *arrow, protocol_print *printer, const void *message)
{
    char text[512];

    printer(message, text, sizeof(text));
    trace_print(TRACE_SERVER, "%s %s", arrow, text);
}

int server_call(enum protocol_type type, void *request, size_t bytes, const int *fds,
                unsigned fd_count, void *reply, size_t room, size_t *got, int *fd)
{
    struct protocol_header *header = request, *answer = reply;
    sigset_t all, old;
    ssize_t length = 0;
    int error, came = -1;

    *header = (struct protocol_header){type, 0};
    if (trace_mask & (1u << TRACE_SERVER))
        show("->", protocol_request_printers[type], request);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pthread_mutex_lock(&call_lock);
    error = connection < 0 ? -ENOTCONN : send_message(connection, request, bytes, fds, fd_count);
    if (!error) {
        length = receive_message(connection, reply, room, &came);
        if (length < (ssize_t)sizeof(*answer) || answer->type != type)
            error = -ENOTCONN;
    }
    pthread_mutex_unlock(&call_lock);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (!error && trace_mask & (1u << TRACE_SERVER))
        show("<-", protocol_reply_printers[type], reply);
    if (!error)
        error = answer->status;
    if (fd && !error)
        *fd = came;
    else if (came >= 0)
        close(came);
    if (fd && error)
        *fd = -1;
    if (got)
        *got = error ? 0 : (size_t)length;
    return error == -EPIPE || error == -ECONNRESET ? -ENOTCONN : error;
}

/* --- The greeting --- */

static void server_disconnect(void)
{
    close(connection);
    close(service_channel);
    connection = service_channel = -1;
}

int server_begin(void)
{
    struct request_hello hello = {{PROTOCOL_hello, 0}, PROTOCOL_VERSION, process.pid,
                                  HELLO_SERVICE, 0};
    int pair[2], error = find_server();

    if (error < 0)
        return error;
    connection = error;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
        error = -errno;
        report_error("cannot talk to the server: %s", strerror(errno));
        return error;
    }
    service_channel = pair[0];
    if (trace_mask & (1u << TRACE_SERVER))
        show("->", protocol_request_printers[PROTOCOL_hello], &hello);
    error = send_message(connection, &hello, sizeof(hello), &pair[1], 1);
    close(pair[1]);
    if (error)
        report_error("cannot talk to the server: %s", strerror(-error));
    return error;
}

int server_finish(void)
{
    struct reply_hello reply;
    int fd, error = 0;

    for (int tries = 0;; tries++) {
        const struct timespec pause = {0, 20000000};
        ssize_t length = receive_message(connection, &reply, sizeof(reply), &fd);

        if (fd >= 0)
            close(fd);
        error = length < (ssize_t)sizeof(reply) ? -ENOTCONN : reply.header.status;
        if (tries == OTHER_SERVER_TRIES || (error != -EPROTO && length > 0))
            break;
        /* It was about to end when we came, and the next one will stay. Or it is another version's, which
         * ends as soon as it has no client. */
        server_disconnect();
        if (tries)
            nanosleep(&pause, NULL);
        error = server_begin();
        if (error)
            return error;
    }
    if (!error && trace_mask & (1u << TRACE_SERVER))
        show("<-", protocol_reply_printers[PROTOCOL_hello], &reply);
    if (error == -EPROTO)
        report_error("the server of %s speaks protocol %u, this decant %u; end the older "
                     "programs first, or set DECANT_SESSION to another folder",
                     process.session_dir, reply.version, PROTOCOL_VERSION);
    else if (error == -EXDEV)
        report_error("the server of %s runs in another pid namespace; set DECANT_SESSION to "
                     "another folder", process.session_dir);
    else if (error)
        report_error("the server of %s refuses this program: %s", process.session_dir,
                     strerror(-error));
    if (error)
        server_disconnect();
    return error;
}

int server_service_channel(void)
{
    return service_channel;
}

int server_connect_process(pid_t pid, int *fd)
{
    struct request_connect_process request = {.pid = pid};
    struct reply_connect_process reply;
    int error = server_call(PROTOCOL_connect_process, &request, sizeof(request), NULL, 0, &reply,
                            sizeof(reply), NULL, fd);

    return error || *fd >= 0 ? error : -ENOTCONN;
}
