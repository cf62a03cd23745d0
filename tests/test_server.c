/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * decantserver from outside: its start and end, whose folder it serves, its greeting, and introducing processes.
 */
#include "server_fixture.h"

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
    int fd = connect_server(), service, other = -1, ends[2];
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
    /* Opened here: that user may not come through the folders that it is in. */
    int program = open(binary, O_RDONLY | O_CLOEXEC), output[2], got;
    char *const arguments[] = {"decantserver", "--foreground", (char *)path, NULL};
    pid_t pid;

    assert_int_equal(pipe(output), 0);
    pid = fork();
    if (!pid) {
        dup2(output[1], STDERR_FILENO);
        if (uid && setuid(uid))
            _exit(98);
        fexecve(program, arguments, environ);
        _exit(99);
    }
    close(program);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVER_TEST(test_life),
        SERVER_TEST(test_version),
        SERVER_TEST(test_false_id),
        SERVER_TEST(test_connect),
        SERVER_TEST(test_folder),
        SERVER_TEST(test_foreign_user),
        SERVER_TEST(test_full_disk),
        SERVER_TEST(test_second_server),
    };

    return find_binary() ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
