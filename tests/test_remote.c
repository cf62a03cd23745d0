/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The service of remote.h over a socket pair: what is asked is done there; nonsense does not hurt it; a process that
 * is stopped or dies does not keep its caller.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "cmocka_all.h"
#include "remote.h"
#include "remote_socket.h"
#include "views.h"
#include "virtual.h"

/* Where the tests that must not be served ask for memory; the other process tells whether it was given. */
#define FORBIDDEN ((void *)0x300000000000)

struct other {
    pid_t pid;
    int fd;
    struct remote_link *link;
};

static struct other start(void)
{
    struct other other;
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    other.pid = fork();
    if (!other.pid) {
        sigset_t signals;
        bool was_given;

        close(pair[0]);
        alarm(60); /* never to stay behind */
        process.pid = getpid();
        if (virtual_init() || fcntl(pair[1], F_SETFL, O_NONBLOCK))
            _exit(100);
        remote_service_serve(pair[1]);
        virtual_lock(&signals);
        was_given = view_find(FORBIDDEN);
        virtual_unlock(&signals);
        _exit(was_given ? 1 : 0);
    }
    close(pair[1]);
    fcntl(pair[0], F_SETFL, O_NONBLOCK);
    other.fd = pair[0];
    other.link = remote_link_over(pair[0]);
    assert_non_null(other.link);
    return other;
}

static void finish(struct other *other, int expected)
{
    int status;

    remote_link_close(other->link);
    assert_int_equal(waitpid(other->pid, &status, 0), other->pid);
    assert_int_equal(status, expected);
}

static NTSTATUS allocate(struct other *other, void *where, ULONG type, int limit_ms, void **base)
{
    struct remote_call call = {
        .code = REMOTE_ALLOCATE,
        .values = {(uintptr_t)where, 3 * PAGE_BYTES, type, PAGE_READWRITE},
        .fd = -1};
    NTSTATUS status = remote_link_call(other->link, &call, limit_ms);

    if (base)
        *base = (void *)(uintptr_t)call.values[0];
    return status;
}

static void test_memory(void **state)
{
    struct other other = start();
    struct remote_call free_call = {.code = REMOTE_FREE, .values = {0, 0, MEM_RELEASE}, .fd = -1};
    struct iovec local, remote;
    char byte = 1;
    void *base;

    (void)state;
    assert_int_equal(allocate(&other, NULL, MEM_RESERVE | MEM_COMMIT, 5000, &base), STATUS_SUCCESS);
    local = (struct iovec){&byte, 1};
    remote = (struct iovec){base, 1};
    assert_int_equal(process_vm_writev(other.pid, &local, 1, &remote, 1, 0), 1);
    free_call.values[0] = (uintptr_t)base;
    assert_int_equal(remote_link_call(other.link, &free_call, 5000), STATUS_SUCCESS);
    assert_int_equal(process_vm_writev(other.pid, &local, 1, &remote, 1, 0), -1);
    assert_int_equal(remote_link_call(other.link, &free_call, 5000), STATUS_MEMORY_NOT_ALLOCATED);
    /* The statuses are those of the call itself. */
    assert_int_equal(allocate(&other, NULL, MEM_WRITE_WATCH, 5000, &base),
                     STATUS_INVALID_PARAMETER_5);
    finish(&other, 0);
}

static void test_write_watch(void **state)
{
    struct other other = start();
    void *base, *pages[8];
    struct remote_call call = {.code = REMOTE_GET_WRITE_WATCH,
                               .answer = pages,
                               .answer_room = sizeof(pages),
                               .fd = -1};
    struct iovec local, remote;
    char byte = 1;

    (void)state;
    if (allocate(&other, NULL, MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH, 5000, &base)) {
        finish(&other, 0);
        skip();
    }
    local = (struct iovec){&byte, 1};
    remote = (struct iovec){(char *)base + PAGE_BYTES, 1};
    assert_int_equal(process_vm_writev(other.pid, &local, 1, &remote, 1, 0), 1);
    for (int round = 0; round < 2; round++) {
        memcpy(call.values, (uint64_t[]){(uintptr_t)base, 3 * PAGE_BYTES, true, 8},
               4 * sizeof(uint64_t));
        assert_int_equal(remote_link_call(other.link, &call, 5000), STATUS_SUCCESS);
        assert_int_equal(call.answer_bytes, round ? 0 : sizeof(void *));
        assert_ptr_equal(pages[0], (char *)base + PAGE_BYTES);
    }
    /* A page beyond the allocation. */
    memcpy(call.values, (uint64_t[]){(uintptr_t)base, 4 * PAGE_BYTES, true, 8},
           4 * sizeof(uint64_t));
    assert_int_equal(remote_link_call(other.link, &call, 5000), STATUS_INVALID_PARAMETER);
    finish(&other, 0);
}

/* The page that is shared is sealed, and carries the exit status. */
static void test_page(void **state)
{
    struct other other = start();
    struct child_page *page;
    NTSTATUS status;

    (void)state;
    assert_int_equal(allocate(&other, NULL, MEM_RESERVE, 5000, NULL), STATUS_SUCCESS);
    page = remote_link_page(other.link);
    assert_non_null(page);
    assert_false(child_page_exit_status(page, &status));
    child_page_set_exit_status(page, STATUS_PENDING);
    child_page_set_exit_status(page, 5);
    assert_true(child_page_exit_status(page, &status));
    assert_int_equal(status, STATUS_PENDING); /* the first one stays */
    finish(&other, 0);
}

/* Requests with every code and numbers that mean nothing: an error each, and the service goes on. */
static void test_nonsense(void **state)
{
    static const uint64_t odd[] = {0, 1, 0xffff, 0x7ffffffff000, 1ull << 63, UINT64_MAX};
    struct other other = start();
    char data[64];

    (void)state;
    srand(7);
    memset(data, 0x41, sizeof(data));
    for (int i = 0; i < 20000; i++) {
        char answer[REMOTE_BYTES];
        struct remote_call call = {.code = (enum remote_code)(rand() % (REMOTE_CODES + 2)),
                                   .data = data,
                                   .bytes = (size_t)rand() % 2 * sizeof(data),
                                   .answer = answer,
                                   .answer_room = sizeof(answer),
                                   .fd = rand() % 8 ? -1 : 0};

        /* Threads that start anywhere, and a process without any, are no matter of the service. */
        if (call.code == REMOTE_CREATE_THREAD || call.code == REMOTE_MAP)
            continue;
        for (int value = 0; value < REMOTE_VALUES; value++)
            call.values[value] = odd[rand() % 6];
        /* A huge allocation is no nonsense. */
        if (call.code == REMOTE_ALLOCATE && call.values[1] != UINT64_MAX)
            call.values[1] = UINT64_MAX;
        assert_int_not_equal(remote_link_call(other.link, &call, 5000),
                             STATUS_PROCESS_IS_TERMINATING);
        if (call.answer_fd >= 0)
            close(call.answer_fd);
    }
    assert_int_equal(allocate(&other, NULL, MEM_RESERVE, 5000, NULL), STATUS_SUCCESS);
    finish(&other, 0);
}

/* A message whose sizes do not fit ends the connection. */
static void test_malformed(void **state)
{
    static const struct {
        size_t sent;
        uint32_t bytes;
    } cases[] = {{1, 0}, {REMOTE_HEAD_BYTES - 1, 0}, {REMOTE_HEAD_BYTES, 1},
                 {REMOTE_HEAD_BYTES + 8, 0}, {REMOTE_HEAD_BYTES, UINT32_MAX}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct other other = start();
        struct remote_message *message = calloc(1, sizeof(*message));
        struct pollfd ready = {other.fd, POLLIN, 0};

        assert_non_null(message);
        assert_int_equal(allocate(&other, NULL, MEM_RESERVE, 5000, NULL), STATUS_SUCCESS);
        message->code = REMOTE_FREE;
        message->bytes = cases[i].bytes;
        assert_int_equal(send(other.fd, message, cases[i].sent, 0), cases[i].sent);
        assert_int_equal(poll(&ready, 1, 5000), 1);
        assert_int_equal(recv(other.fd, message, sizeof(*message), 0), 0);
        free(message);
        finish(&other, 0);
    }
}

/* A process that is stopped: the caller is free again after his limit, and what he asked for is not done
 * later. */
static void test_stopped(void **state)
{
    struct other other = start();
    void *base;

    (void)state;
    assert_int_equal(allocate(&other, NULL, MEM_RESERVE, 5000, NULL), STATUS_SUCCESS);
    assert_int_equal(kill(other.pid, SIGSTOP), 0);
    assert_int_equal(waitpid(other.pid, NULL, WUNTRACED), other.pid);
    assert_int_equal(allocate(&other, FORBIDDEN, MEM_RESERVE, 50, &base), STATUS_IO_TIMEOUT);
    /* The connection was cut; this one cannot be made anew. */
    assert_int_equal(allocate(&other, FORBIDDEN, MEM_RESERVE, 50, &base), STATUS_NOT_SUPPORTED);
    assert_int_equal(kill(other.pid, SIGCONT), 0);
    finish(&other, 0);
}

/* One that dies while it is asked. */
static void test_dies(void **state)
{
    struct other other = start();
    pid_t killer;
    int status;

    (void)state;
    assert_int_equal(allocate(&other, NULL, MEM_RESERVE, 5000, NULL), STATUS_SUCCESS);
    assert_int_equal(kill(other.pid, SIGSTOP), 0);
    assert_int_equal(waitpid(other.pid, NULL, WUNTRACED), other.pid);
    killer = fork();
    if (!killer) {
        const struct timespec pause = {0, 20000000};

        nanosleep(&pause, NULL);
        _exit(kill(other.pid, SIGKILL) ? 1 : 0);
    }
    assert_int_equal(allocate(&other, FORBIDDEN, MEM_RESERVE, 20000, NULL),
                     STATUS_PROCESS_IS_TERMINATING);
    assert_int_equal(waitpid(killer, &status, 0), killer);
    assert_int_equal(status, 0);
    finish(&other, SIGKILL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory),  cmocka_unit_test(test_write_watch),
        cmocka_unit_test(test_page),    cmocka_unit_test(test_nonsense),
        cmocka_unit_test(test_malformed), cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_dies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
