/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * decantserver from outside: its start and end, and what it makes of clients that break the rules. Each test
 * has a server of its own in a fresh folder; DECANT_SERVER names the binary.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "decant/protocol.h"

static const char *binary;
static char folder[64];

static pid_t start_server(const char *linger)
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
        execl(binary, "decantserver", "--foreground", "--ready", number, folder, NULL);
        _exit(99);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    assert_int_equal(byte, 'R');
    return pid;
}

/* The exit code of a server that ends within the time limit. */
static int await_end(pid_t pid)
{
    int status = 0;

    alarm(20);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    alarm(0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static int end_server(pid_t pid)
{
    assert_int_equal(kill(pid, SIGTERM), 0);
    return await_end(pid);
}

static int connect_server(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", folder, PROTOCOL_SOCKET);
    if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
        return fd;
    close(fd);
    return -1;
}

static void send_packet(int fd, const void *data, size_t bytes, const int *fds, unsigned count)
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
static ssize_t receive_packet(int fd, void *data, size_t room, int *came_fd)
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
static int greet(int fd, int *service, int32_t *status)
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

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/decant-server-XXXXXX");
    return !mkdtemp(folder);
}

static int remove_folder(void **state)
{
    char path[96];

    (void)state;
    snprintf(path, sizeof(path), "%s/%s", folder, PROTOCOL_SOCKET);
    unlink(path);
    snprintf(path, sizeof(path), "%s/%s", folder, PROTOCOL_LOCK);
    unlink(path);
    return rmdir(folder) && errno != ENOENT && errno != ENOTDIR;
}

/* Comes, serves, and goes when the last client did. */
static void test_life(void **state)
{
    pid_t pid = start_server("0.5");
    int fd = connect_server(), service, second;
    int32_t status;
    char path[96];

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(greet(fd, &service, &status), pid);
    assert_int_equal(status, 0);
    second = connect_server();
    assert_true(second >= 0);
    close(second);
    close(service);
    usleep(300000);
    assert_int_equal(waitpid(pid, NULL, WNOHANG), 0); /* a client holds it */
    close(fd);
    assert_int_equal(await_end(pid), 0); /* by itself */
    assert_int_equal(connect_server(), -1);
    snprintf(path, sizeof(path), "%s/%s", folder, PROTOCOL_SOCKET);
    assert_int_equal(access(path, F_OK), -1);
}

/* Another version is told so, and is not served. */
static void test_version(void **state)
{
    struct {
        struct protocol_header header;
        uint32_t version;
    } hello = {{PROTOCOL_hello, 0}, PROTOCOL_VERSION + 1};
    pid_t pid = start_server("60");
    int fd = connect_server();
    struct reply_hello reply;

    (void)state;
    send_packet(fd, &hello, sizeof(hello), NULL, 0);
    assert_int_equal(receive_packet(fd, &reply, sizeof(reply), NULL), sizeof(reply));
    assert_int_equal(reply.header.status, -EPROTO);
    assert_int_equal(reply.version, PROTOCOL_VERSION);
    close(fd);
    assert_int_equal(end_server(pid), 0);
}

/* A process that answers to another id than its own. */
static void test_false_id(void **state)
{
    struct request_hello hello = {{PROTOCOL_hello, 0}, PROTOCOL_VERSION, 1, 0, 0};
    struct request_connect_process request = {{PROTOCOL_connect_process, 0}, 1, 0};
    pid_t pid = start_server("60");
    int fd = connect_server();
    struct reply_hello reply;

    (void)state;
    send_packet(fd, &hello, sizeof(hello), NULL, 0);
    assert_int_equal(receive_packet(fd, &reply, sizeof(reply), NULL), sizeof(reply));
    assert_int_equal(reply.header.status, -EXDEV);
    /* And nothing else may be asked before a good greeting. */
    send_packet(fd, &request, sizeof(request), NULL, 0);
    assert_int_equal(receive_packet(fd, &reply, sizeof(reply), NULL), 0);
    close(fd);
    assert_int_equal(end_server(pid), 0);
}

/* Two processes are introduced to each other. */
static void test_connect(void **state)
{
    pid_t pid = start_server("60"), child;
    int fd = connect_server(), service, other, ends[2];
    struct request_connect_process request = {{PROTOCOL_connect_process, 0}, getpid(), 0};
    struct reply_connect_process reply;
    struct notice_connect notice;
    int32_t status;
    char word[8] = "";

    (void)state;
    greet(fd, &service, &status);
    assert_int_equal(status, 0);
    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (!child) {
        int mine = connect_server(), channel;

        greet(mine, &other, &status);
        send_packet(mine, &request, sizeof(request), NULL, 0);
        if (status || receive_packet(mine, &reply, sizeof(reply), &channel) != sizeof(reply) ||
            reply.header.status || channel < 0)
            _exit(1);
        if (write(channel, "hello", 5) != 5 || read(channel, word, sizeof(word)) != 3)
            _exit(2);
        request.pid = 1;
        send_packet(mine, &request, sizeof(request), NULL, 0);
        if (receive_packet(mine, &reply, sizeof(reply), NULL) != sizeof(reply) ||
            reply.header.status != -ESRCH)
            _exit(3);
        _exit(0);
    }
    assert_int_equal(receive_packet(service, &notice, sizeof(notice), &other), sizeof(notice));
    assert_int_equal(notice.header.type, PROTOCOL_NOTICE_connect);
    assert_int_equal(notice.pid, child);
    assert_true(other >= 0);
    assert_int_equal(read(other, word, sizeof(word)), 5);
    assert_string_equal(word, "hello");
    assert_int_equal(write(other, "bye", 3), 3);
    assert_int_equal(await_end(child), 0);
    close(fd);
    assert_int_equal(end_server(pid), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_life, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_version, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_false_id, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_connect, make_folder, remove_folder),
    };

    binary = getenv("DECANT_SERVER");
    if (!binary || access(binary, X_OK)) {
        puts("DECANT_SERVER names no server");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
