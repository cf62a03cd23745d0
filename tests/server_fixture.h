/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A server for a test: started in a fresh folder, spoken to by raw packets. DECANT_SERVER names the binary.
 * Included by one program each, so everything is static.
 */
#ifndef DECANT_TESTS_SERVER_FIXTURE_H
#define DECANT_TESTS_SERVER_FIXTURE_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "decant/protocol.h"
#include "decant/sync_layout.h"

static const char *binary;
static char folder[64];

static const char *linger = "60"; /* seconds */

/* `files`: its limit of descriptors, or NULL. */
static inline pid_t start_server_with(const struct rlimit *files)
{
    char byte = 0, number[16];
    int ready[2];
    pid_t pid;

    assert_int_equal(pipe(ready), 0);
    pid = fork();
    if (!pid) {
        close(ready[0]);
        snprintf(number, sizeof(number), "%d", ready[1]);
        setenv("DECANT_SERVER_LINGER", linger, 1);
        if (files)
            setrlimit(RLIMIT_NOFILE, files);
        execl(binary, "decantserver", "--foreground", "--ready", number, folder, NULL);
        _exit(99);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    assert_int_equal(byte, 'R');
    return pid;
}

static inline pid_t start_server(const char *seconds)
{
    linger = seconds;
    return start_server_with(NULL);
}

/* The exit code of a server that ends within the time limit. */
static inline int await_end(pid_t pid)
{
    int status = 0;

    alarm(20);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    alarm(0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static inline int end_server(pid_t pid)
{
    assert_int_equal(kill(pid, SIGTERM), 0);
    return await_end(pid);
}

static inline int connect_server(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", folder, PROTOCOL_SOCKET);
    if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
        return fd;
    close(fd);
    return -1;
}

static inline void send_packet(int fd, const void *data, size_t bytes, const int *fds, unsigned count)
{
    struct iovec part = {(void *)data, bytes};
    char control[CMSG_SPACE(250 * sizeof(int))] = {0};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    if (count) {
        struct cmsghdr *at;

        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        at = CMSG_FIRSTHDR(&message);
        at->cmsg_level = SOL_SOCKET;
        at->cmsg_type = SCM_RIGHTS;
        at->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(at), fds, count * sizeof(int));
    }
    assert_true(sendmsg(fd, &message, MSG_NOSIGNAL) == (ssize_t)bytes);
}

/* 0 at the end of file, -1 for nothing within 10 s; *came_fd when that is not NULL. */
static inline ssize_t receive_packet(int fd, void *data, size_t room, int *came_fd)
{
    struct pollfd wait = {fd, POLLIN, 0};
    struct iovec part = {data, room};
    char control[CMSG_SPACE(sizeof(int))];
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    struct cmsghdr *at;
    ssize_t got;

    if (poll(&wait, 1, 10000) != 1)
        return -1;
    got = recvmsg(fd, &message, 0);
    at = CMSG_FIRSTHDR(&message);
    if (came_fd) {
        *came_fd = -1;
        if (got > 0 && at)
            memcpy(came_fd, CMSG_DATA(at), sizeof(int));
    }
    return got < 0 && errno == ECONNRESET ? 0 : got;
}

/* A client of this process. *service is the other end of the channel that the server gets. */
static inline int greet(int fd, int *service, int32_t *status)
{
    struct request_hello hello = {{PROTOCOL_hello, 0}, PROTOCOL_VERSION, getpid(), HELLO_SERVICE, 0};
    struct reply_hello reply;
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    send_packet(fd, &hello, sizeof(hello), &pair[1], 1);
    close(pair[1]);
    *service = pair[0];
    assert_int_equal(receive_packet(fd, &reply, sizeof(reply), NULL), sizeof(reply));
    assert_int_equal(reply.version, PROTOCOL_VERSION);
    *status = reply.header.status;
    return reply.server_pid;
}

static inline int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/decant-server-XXXXXX");
    return !mkdtemp(folder);
}

static inline int remove_folder(void **state)
{
    char path[96];

    (void)state;
    snprintf(path, sizeof(path), "%s/%s", folder, PROTOCOL_SOCKET);
    unlink(path);
    snprintf(path, sizeof(path), "%s/%s", folder, PROTOCOL_LOCK);
    unlink(path);
    return rmdir(folder) && errno != ENOENT && errno != ENOTDIR;
}

/* Whether the server still answers. */
static inline void check_alive(void)
{
    struct request_status request = {{PROTOCOL_status, 0}, PROTOCOL_VERSION, 0};
    struct reply_status reply;
    int fd = connect_server();

    assert_true(fd >= 0);
    send_packet(fd, &request, sizeof(request), NULL, 0);
    assert_int_equal(receive_packet(fd, &reply, sizeof(reply), NULL), sizeof(reply));
    assert_int_equal(reply.header.status, 0);
    close(fd);
}

static inline int make_arena(size_t bytes, int seals)
{
    int fd = memfd_create("arena", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
    return fd;
}

static inline bool find_binary(void)
{
    binary = getenv("DECANT_SERVER");
    if (binary && !access(binary, X_OK))
        return true;
    puts("DECANT_SERVER names no server");
    return false;
}

#define SERVER_TEST(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

#endif
