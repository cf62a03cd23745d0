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
static pid_t start_server_with(const struct rlimit *files)
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

static pid_t start_server(const char *seconds)
{
    linger = seconds;
    return start_server_with(NULL);
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

/* Another version is told so, and is not served; but it need not wait for a server that nobody uses. */
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
    assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
    close(fd);
    assert_int_equal(await_end(pid), 0);
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

/* --- Whose folder --- */

/* What a server that cannot start says, and its exit code. */
static int start_and_fail(const char *path, uid_t uid, char *text, size_t room)
{
    int output[2], got;
    pid_t pid;

    assert_int_equal(pipe(output), 0);
    pid = fork();
    if (!pid) {
        dup2(output[1], STDERR_FILENO);
        if (uid && setuid(uid))
            _exit(98);
        execl(binary, "decantserver", "--foreground", path, NULL);
        _exit(99);
    }
    close(output[1]);
    got = (int)read(output[0], text, room - 1);
    text[got > 0 ? got : 0] = 0;
    close(output[0]);
    return await_end(pid);
}

static void check_refusal(const char *path, uid_t uid, const char *reason)
{
    char text[512];

    assert_int_equal(start_and_fail(path, uid, text, sizeof(text)), 126);
    assert_int_equal(strncmp(text, "decantserver: ", 14), 0);
    assert_non_null(strstr(text, reason));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1); /* one line */
}

static void test_folder(void **state)
{
    char path[96];

    (void)state;
    snprintf(path, sizeof(path), "%s/link", folder);
    assert_int_equal(symlink(folder, path), 0);
    check_refusal(path, 0, "is not a folder");
    unlink(path);
    assert_int_equal(close(open(path, O_CREAT | O_WRONLY, 0600)), 0);
    check_refusal(path, 0, "is not a folder");
    unlink(path);
    check_refusal(path, 0, "No such file");
    assert_int_equal(mkdir(path, 0755), 0);
    check_refusal(path, 0, "open to others");
    if (!getuid()) {
        assert_int_equal(chown(path, 65534, 65534), 0);
        assert_int_equal(chmod(path, 0700), 0);
        check_refusal(path, 0, "belongs to user 65534");
        assert_int_equal(chown(path, 0, 0), 0);
        assert_int_equal(chmod(path, 0755), 0);
        assert_int_equal(chmod(folder, 0755), 0);
        check_refusal(path, 65534, "belongs to user 0");
    }
    rmdir(path);
}

/* Another user who reaches the socket (which the folder's mode forbids) is not listened to. */
static void test_foreign_user(void **state)
{
    pid_t pid, child;
    char path[96], byte;

    (void)state;
    if (getuid())
        skip();
    pid = start_server("60");
    snprintf(path, sizeof(path), "%s/%s", folder, PROTOCOL_SOCKET);
    assert_int_equal(chmod(folder, 0711), 0);
    assert_int_equal(chmod(path, 0777), 0);
    child = fork();
    if (!child) {
        int fd = setuid(65534) ? -1 : connect_server();

        _exit(fd < 0 ? 1 : receive_packet(fd, &byte, 1, NULL) == 0 ? 0 : 2);
    }
    assert_int_equal(await_end(child), 0);
    assert_int_equal(end_server(pid), 0);
}

/* No room for the lock or the socket. */
static void test_full_disk(void **state)
{
    char path[96], text[512];

    (void)state;
    snprintf(path, sizeof(path), "%s/small", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    /* One inode: the folder itself. */
    if (mount("none", path, "tmpfs", 0, "size=4k,nr_inodes=1,mode=700")) {
        rmdir(path);
        skip();
    }
    assert_int_equal(start_and_fail(path, 0, text, sizeof(text)), 126);
    umount2(path, MNT_DETACH);
    rmdir(path);
    assert_non_null(strstr(text, "No space left on device"));
}

static void test_second_server(void **state)
{
    pid_t pid = start_server("60"), second;
    char byte = 0, number[16];
    int ready[2];

    (void)state;
    assert_int_equal(pipe(ready), 0);
    second = fork();
    if (!second) {
        snprintf(number, sizeof(number), "%d", ready[1]);
        execl(binary, "decantserver", "--ready", number, folder, NULL);
        _exit(99);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 'T');
    assert_int_equal(await_end(second), 0);
    close(ready[0]);
    close(ready[1]);
    assert_int_equal(end_server(pid), 0);
}

/* --- Clients that break the rules --- */

/* Whether the server still answers. */
static void check_alive(void)
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

/* A client that greeted, sends this, and is to be dropped for it. */
static void check_dropped(const void *data, size_t bytes, const int *fds, unsigned count)
{
    int fd = connect_server(), service;
    char answer[64];
    int32_t status;

    greet(fd, &service, &status);
    assert_int_equal(status, 0);
    send_packet(fd, data, bytes, fds, count);
    assert_int_equal(receive_packet(fd, answer, sizeof(answer), NULL), 0);
    close(fd);
    close(service);
}

/* The same, but it is told what is wrong and may go on. */
static void check_refused(const void *data, size_t bytes, const int *fds, unsigned count, int error)
{
    int fd = connect_server(), service;
    struct protocol_header *answer;
    char buffer[256];
    int32_t status;

    greet(fd, &service, &status);
    send_packet(fd, data, bytes, fds, count);
    assert_true(receive_packet(fd, buffer, sizeof(buffer), NULL) > 0);
    answer = (struct protocol_header *)buffer;
    assert_int_equal(answer->status, error);
    close(fd);
    close(service);
}

static int make_arena(size_t bytes, int seals)
{
    int fd = memfd_create("arena", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
    return fd;
}

static void test_garbage(void **state)
{
    pid_t pid = start_server("60");
    struct {
        struct request_object_register fixed;
        char tail[PROTOCOL_MAX_BYTES];
    } make = {{{PROTOCOL_object_register, 0}, OBJECT_EVENT, 0, 0, 0, 0, 0}, {0}};
    struct {
        struct request_object_open fixed;
        char tail[64];
    } open_it = {{{PROTOCOL_object_open, 0}, OBJECT_EVENT, 0, 0, 0}, {0}};
    struct request_hello hello = {{PROTOCOL_hello, 0}, PROTOCOL_VERSION, getpid(), 0, 0};
    struct request_object_release release = {{PROTOCOL_object_release, 0}, 1, 1, 0};
    struct request_object_adopt adopt = {{PROTOCOL_object_adopt, 0}, 12345};
    struct protocol_header wild = {PROTOCOL_REQUESTS, 0};
    const size_t fixed = sizeof(make.fixed);
    int arena = make_arena(SYNC_ARENA_BYTES, F_SEAL_SHRINK), many[250], unsealed, ends[2];

    (void)state;
    for (size_t bytes = 1; bytes < sizeof(make.fixed); bytes++)
        check_dropped(&make, bytes, NULL, 0); /* truncated */
    check_dropped(&wild, sizeof(wild), NULL, 0);
    wild.type = UINT32_MAX;
    check_dropped(&wild, sizeof(wild), NULL, 0);
    check_dropped(&hello, sizeof(hello), NULL, 0); /* a second greeting */
    for (size_t i = 0; i < 250; i++)
        many[i] = arena;
    check_dropped(&make, fixed, many, 2);
    check_dropped(&make, fixed, many, 250);

    make.fixed.kind = OBJECT_NONE;
    check_dropped(&make, fixed, &arena, 1);
    make.fixed.kind = OBJECT_KINDS;
    check_dropped(&make, fixed, &arena, 1);
    make.fixed.kind = OBJECT_EVENT;
    make.fixed.data_bytes = UINT32_MAX;
    check_dropped(&make, fixed, &arena, 1);
    make.fixed.data_bytes = PROTOCOL_MAX_DATA; /* but they are not there */
    check_dropped(&make, fixed, &arena, 1);
    make.fixed.data_bytes = 0;
    make.fixed.name_bytes = 3;
    check_dropped(&make, fixed + 3, &arena, 1);
    make.fixed.name_bytes = PROTOCOL_MAX_NAME + 2;
    check_dropped(&make, fixed + PROTOCOL_MAX_NAME + 2, &arena, 1);
    make.fixed.name_bytes = (uint32_t)-fixed; /* wraps */
    check_dropped(&make, fixed, &arena, 1);
    make.fixed.name_bytes = 0;
    check_dropped(&make, sizeof(make), &arena, 1); /* longer than any message */
    check_dropped(&make, fixed + 8, &arena, 1);    /* a tail that no field tells of */

    make.fixed.slot = SYNC_ARENA_SLOTS;
    check_refused(&make, fixed, &arena, 1, -EINVAL);
    make.fixed.slot = 0;
    check_refused(&make, fixed, NULL, 0, -EINVAL);
    unsealed = make_arena(SYNC_ARENA_BYTES, 0);
    check_refused(&make, fixed, &unsealed, 1, -EINVAL);
    close(unsealed);
    unsealed = make_arena(4096, F_SEAL_SHRINK);
    check_refused(&make, fixed, &unsealed, 1, -EINVAL);
    close(unsealed);
    assert_int_equal(pipe(ends), 0);
    check_refused(&make, fixed, &ends[0], 1, -EINVAL);

    check_dropped(&open_it, sizeof(open_it.fixed), NULL, 0); /* without a name */
    open_it.fixed.name_bytes = 8;
    check_dropped(&open_it, sizeof(open_it.fixed), NULL, 0);
    check_refused(&open_it, sizeof(open_it.fixed) + 8, NULL, 0, -ENOENT);
    check_dropped(&release, sizeof(release), NULL, 0);
    check_refused(&adopt, sizeof(adopt), NULL, 0, -ENOENT);
    check_alive();
    close(ends[0]);
    close(ends[1]);
    close(arena);
    assert_int_equal(end_server(pid), 0);
}

/* Thousands of packets with a good header and nothing good behind it, with and without descriptors. */
static void test_fuzz(void **state)
{
    pid_t pid = start_server("60");
    int arena = make_arena(SYNC_ARENA_BYTES, F_SEAL_SHRINK), service, fd = -1;
    int stays = connect_server(); /* a greeting of another version would end an unused server */
    uint32_t random = 12345;
    int32_t status;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        uint32_t packet[32];
        size_t words;
        char answer[PROTOCOL_MAX_BYTES];

        if (fd < 0) {
            fd = connect_server();
            greet(fd, &service, &status);
            close(service);
        }
        for (size_t i = 0; i < 32; i++) {
            random = random * 1664525 + 1013904223;
            packet[i] = random >> 28 ? random >> 27 : random; /* small numbers mostly */
        }
        packet[0] = (random >> 8) % (PROTOCOL_REQUESTS + 1);
        if (packet[0] == PROTOCOL_connect_process)
            continue;
        words = 2 + (random >> 16) % 12;
        if (packet[0] == PROTOCOL_object_register && random & 1) {
            packet[4] = 0; /* flags, then data and name of the right length */
            packet[5] = 8;
            packet[6] = 4;
            words = 8 + 3;
        }
        send_packet(fd, packet, words * 4, &arena, random >> 30 & 1);
        if (receive_packet(fd, answer, sizeof(answer), NULL) <= 0) {
            close(fd);
            fd = -1;
        }
    }
    check_alive();
    close(fd);
    close(stays);
    close(arena);
    assert_int_equal(end_server(pid), 0);
}

/* Asks and never reads: dropped, when its replies have filled what the kernel holds for it. */
static void test_slow_client(void **state)
{
    struct request_status request = {{PROTOCOL_status, 0}, PROTOCOL_VERSION, 0};
    pid_t pid = start_server("60");
    int fd = connect_server(), rounds = 0;

    (void)state;
    while (rounds < 1000000 && send(fd, &request, sizeof(request), MSG_NOSIGNAL) > 0)
        rounds++;
    assert_true(rounds < 1000000);
    assert_true(errno == EPIPE || errno == ECONNRESET);
    close(fd);
    check_alive();
    assert_int_equal(end_server(pid), 0);
}

static void test_many_connections(void **state)
{
    pid_t pid = start_server("60");
    struct rlimit limit;
    static int fds[1000];
    int count = 0;

    (void)state;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    while (count < 1000 && (fds[count] = connect_server()) >= 0)
        count++;
    assert_int_equal(count, 1000);
    check_alive();
    while (count--)
        close(fds[count]);
    check_alive();
    assert_int_equal(end_server(pid), 0);
}

/* A server that has no descriptor left refuses, serves those it has, and recovers. */
static void test_no_descriptors(void **state)
{
    struct request_object_register make = {{PROTOCOL_object_register, 0}, OBJECT_SECTION, 0, 0, 0, 0, 0};
    struct rlimit limit = {24, 24};
    struct reply_object_register reply;
    int fds[64], service, fd, arena = make_arena(4096, 0), got, error = 0;
    int32_t status;
    pid_t pid;
    char byte;

    (void)state;
    pid = start_server_with(&limit);
    fd = connect_server();
    greet(fd, &service, &status);
    assert_int_equal(status, 0);
    for (int i = 0; i < 64; i++)
        fds[i] = connect_server();
    /* The last ones were turned away. */
    got = (int)receive_packet(fds[63], &byte, 1, NULL);
    assert_int_equal(got, 0);
    /* Until there is really none: each section takes one. */
    for (int i = 0; i < 64 && !error; i++) {
        send_packet(fd, &make, sizeof(make), &arena, 1);
        assert_int_equal(receive_packet(fd, &reply, sizeof(reply), NULL), sizeof(reply));
        error = reply.header.status;
    }
    assert_int_equal(error, -EMFILE);
    for (int i = 0; i < 64; i++)
        close(fds[i]);
    for (int tries = 0; tries < 100; tries++) {
        send_packet(fd, &make, sizeof(make), &arena, 1);
        assert_int_equal(receive_packet(fd, &reply, sizeof(reply), NULL), sizeof(reply));
        if (!reply.header.status)
            break;
    }
    assert_int_equal(reply.header.status, 0);
    close(fd);
    close(service);
    close(arena);
    assert_int_equal(end_server(pid), 0);
}

/* A client may have many objects, not all there are. */
static void test_greedy_client(void **state)
{
    struct request_object_register make = {{PROTOCOL_object_register, 0}, OBJECT_JOB, 0, 0, 0, 0, 0};
    struct reply_object_register reply = {0};
    pid_t pid = start_server("60");
    int fd = connect_server(), service, count = 0;
    int32_t status;

    (void)state;
    greet(fd, &service, &status);
    while (count < 100000 && !reply.header.status) {
        send_packet(fd, &make, sizeof(make), NULL, 0);
        assert_int_equal(receive_packet(fd, &reply, sizeof(reply), NULL), sizeof(reply));
        count += !reply.header.status;
    }
    assert_int_equal(reply.header.status, -ENOSPC);
    assert_int_equal(count, 32768);
    close(fd);
    close(service);
    check_alive();
    assert_int_equal(end_server(pid), 0);
}

/* --- Objects --- */

static uint64_t register_object(int fd, int arena, uint32_t kind, uint32_t slot, const char *name,
                                int32_t *status)
{
    struct {
        struct request_object_register fixed;
        char tail[64];
    } request = {{{PROTOCOL_object_register, 0}, kind, slot, 0, 4, (uint32_t)strlen(name), 0}, "data"};
    struct reply_object_register reply;

    memcpy(request.tail + 4, name, strlen(name));
    send_packet(fd, &request, sizeof(request.fixed) + 4 + strlen(name), &arena, 1);
    assert_int_equal(receive_packet(fd, &reply, sizeof(reply), NULL), sizeof(reply));
    *status = reply.header.status;
    return reply.id;
}

static int32_t open_object(int fd, uint32_t kind, uint32_t flags, const char *name, uint64_t *id)
{
    struct {
        struct request_object_open fixed;
        char tail[64];
    } request = {{{PROTOCOL_object_open, 0}, kind, flags, (uint32_t)strlen(name), 0}, ""};
    struct {
        struct reply_object_open fixed;
        char tail[64];
    } reply;
    int came;

    memcpy(request.tail, name, strlen(name));
    send_packet(fd, &request, sizeof(request.fixed) + strlen(name), NULL, 0);
    assert_true(receive_packet(fd, &reply, sizeof(reply), &came) >= (ssize_t)sizeof(reply.fixed));
    *id = reply.fixed.id;
    if (!reply.fixed.header.status) {
        assert_true(came >= 0);
        assert_int_equal(reply.fixed.data_bytes, 4);
        assert_memory_equal(reply.tail, "data", 4);
        close(came);
    }
    return reply.fixed.header.status;
}

static void release_object(int fd, uint64_t id, uint32_t count, struct reply_object_release *reply)
{
    struct request_object_release request = {{PROTOCOL_object_release, 0}, id, count, 0};

    send_packet(fd, &request, sizeof(request), NULL, 0);
    assert_int_equal(receive_packet(fd, reply, sizeof(*reply), NULL), sizeof(*reply));
}

/* Names here are pairs of letters, each pair one UTF-16 unit. */
static void test_names(void **state)
{
    pid_t pid = start_server("60");
    int arena = make_arena(SYNC_ARENA_BYTES, F_SEAL_SHRINK), fd = connect_server(), service;
    struct reply_object_release released;
    uint64_t id, other;
    int32_t status;

    (void)state;
    greet(fd, &service, &status);
    id = register_object(fd, arena, OBJECT_EVENT, 1, "namename", &status);
    assert_int_equal(status, 0);
    register_object(fd, arena, OBJECT_EVENT, 2, "namename", &status);
    assert_int_equal(status, -EEXIST);
    assert_int_equal(open_object(fd, OBJECT_MUTANT, 0, "namename", &other), -EPROTOTYPE);
    assert_int_equal(open_object(fd, OBJECT_EVENT, 0, "nonename", &other), -ENOENT);
    assert_int_equal(open_object(fd, OBJECT_EVENT, 0, "namename", &other), 0);
    assert_int_equal(other, id);
    release_object(fd, id, 1, &released);
    assert_int_equal(released.is_last, 0);
    release_object(fd, id, 1, &released);
    assert_int_equal(released.is_last, 1);
    assert_int_equal(released.is_private, 1);
    assert_int_equal(open_object(fd, OBJECT_EVENT, 0, "namename", &other), -ENOENT);
    close(fd);
    close(service);
    close(arena);
    assert_int_equal(end_server(pid), 0);
}

/* A client is killed that owns a mutex, has another's lock and waits for an event. */
static void test_death(void **state)
{
    pid_t pid = start_server("60"), child;
    int arena = make_arena(SYNC_ARENA_BYTES, F_SEAL_SHRINK), fd = connect_server(), service, ready[2];
    struct sync *syncs = mmap(NULL, SYNC_ARENA_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, arena, 0);
    struct request_process_ended ended = {{PROTOCOL_process_ended, 0}, 0, 0};
    struct reply_process_ended reply;
    uint64_t id;
    int32_t status;
    char byte;

    (void)state;
    greet(fd, &service, &status);
    syncs[1] = (struct sync){.kind = SYNC_MUTANT, .count = 1};
    syncs[2] = (struct sync){.kind = SYNC_SEMAPHORE, .count = 3, .limit = 9};
    syncs[3] = (struct sync){.kind = SYNC_AUTO};
    syncs[4] = (struct sync){.kind = SYNC_MUTANT, .count = 0, .owner = 77,
                             .owner_process = (uint32_t)getpid()};
    syncs[6] = (struct sync){.kind = SYNC_MUTANT, .count = 0, .lock = (uint32_t)getpid()};
    register_object(fd, arena, OBJECT_MUTANT, 1, "mutant", &status);
    register_object(fd, arena, OBJECT_MUTANT, 6, "locked", &status);
    register_object(fd, arena, OBJECT_SEMAPHORE, 2, "semaphor", &status);
    register_object(fd, arena, OBJECT_EVENT, 3, "event1", &status);
    register_object(fd, arena, OBJECT_MUTANT, 4, "mine", &status);
    assert_int_equal(status, 0);
    assert_int_equal(pipe(ready), 0);
    child = fork();
    if (!child) {
        int own = connect_server();

        greet(own, &service, &status);
        if (open_object(own, OBJECT_MUTANT, 0, "mutant", &id) ||
            open_object(own, OBJECT_EVENT, 0, "event1", &id))
            _exit(1);
        register_object(own, arena, OBJECT_EVENT, 5, "gone", &status);
        syncs[1].count = -1; /* twice */
        syncs[1].owner = (uint32_t)getpid();
        syncs[1].owner_process = (uint32_t)getpid();
        syncs[6].owner = syncs[6].owner_process = (uint32_t)getpid();
        atomic_store(&syncs[2].lock, (uint32_t)getpid());
        atomic_store(&syncs[3].waiters, 1);
        syncs[3].grantable = syncs[3].grants = 1;
        if (write(ready[1], "x", 1) != 1)
            _exit(2);
        for (;;)
            pause();
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    kill(child, SIGKILL);
    assert_int_equal(await_end(child), 1000 + SIGKILL);
    /* When this is answered, everything is done. */
    ended.pid = child;
    send_packet(fd, &ended, sizeof(ended), NULL, 0);
    assert_int_equal(receive_packet(fd, &reply, sizeof(reply), NULL), sizeof(reply));
    assert_int_equal(syncs[1].count, 1);
    assert_int_equal(syncs[1].owner, 0);
    assert_int_equal(syncs[1].abandoned, 1);
    assert_int_equal(atomic_load(&syncs[2].lock), 0);
    assert_int_equal(syncs[2].count, 3);
    assert_int_equal(atomic_load(&syncs[3].waiters), 0);
    assert_int_equal(syncs[3].grantable, 0);
    assert_int_equal(syncs[3].round, 1);
    assert_int_equal(syncs[3].count, 1); /* the grant of the dead is for whoever comes */
    assert_int_equal(syncs[4].count, 0); /* ours */
    assert_int_equal(syncs[4].abandoned, 0);
    /* This one a living process had locked: it comes as soon as that lets go. */
    assert_int_equal(syncs[6].count, 0);
    atomic_store(&syncs[6].lock, 0);
    for (int i = 0; i < 5000 && *(volatile int32_t *)&syncs[6].count != 1; i++)
        usleep(1000);
    assert_int_equal(syncs[6].count, 1);
    assert_int_equal(syncs[6].abandoned, 1);
    assert_int_equal(open_object(fd, OBJECT_EVENT, 0, "gone", &id), -ENOENT);
    munmap(syncs, SYNC_ARENA_BYTES);
    close(fd);
    close(service);
    close(arena);
    assert_int_equal(end_server(pid), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_life, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_version, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_false_id, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_connect, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_folder, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_foreign_user, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_full_disk, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_second_server, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_garbage, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_fuzz, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_slow_client, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_many_connections, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_no_descriptors, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_greedy_client, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_names, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_death, make_folder, remove_folder),
    };

    binary = getenv("DECANT_SERVER");
    if (!binary || access(binary, X_OK)) {
        puts("DECANT_SERVER names no server");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
