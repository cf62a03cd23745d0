/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What decantserver makes of clients that break the rules, are slow, or are too many.
 */
#include "server_fixture.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVER_TEST(test_garbage),
        SERVER_TEST(test_fuzz),
        SERVER_TEST(test_slow_client),
        SERVER_TEST(test_many_connections),
        SERVER_TEST(test_no_descriptors),
    };

    return find_binary() ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
