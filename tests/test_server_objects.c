/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What decantserver knows of shared objects: names, references, and what it does after a death.
 */
#include "server_fixture.h"

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

static uint64_t register_named(int fd, int arena, uint32_t kind, uint32_t slot, const void *name,
                               uint32_t bytes, int32_t *status)
{
    struct {
        struct request_object_register fixed;
        char tail[64];
    } request = {{{PROTOCOL_object_register, 0}, kind, slot, 0, 4, bytes, 0}, "data"};
    struct reply_object_register reply;

    memcpy(request.tail + 4, name, bytes);
    send_packet(fd, &request, sizeof(request.fixed) + 4 + bytes, &arena, 1);
    assert_int_equal(receive_packet(fd, &reply, sizeof(reply), NULL), sizeof(reply));
    *status = reply.header.status;
    return reply.id;
}

static uint64_t register_object(int fd, int arena, uint32_t kind, uint32_t slot, const char *name,
                                int32_t *status)
{
    return register_named(fd, arena, kind, slot, name, (uint32_t)strlen(name), status);
}

static int32_t open_named(int fd, uint32_t kind, uint32_t flags, const void *name, uint32_t bytes,
                          uint64_t *id)
{
    struct {
        struct request_object_open fixed;
        char tail[64];
    } request = {{{PROTOCOL_object_open, 0}, kind, flags, bytes, 0}, ""};
    struct {
        struct reply_object_open fixed;
        char tail[64];
    } reply;
    int came;

    memcpy(request.tail, name, bytes);
    send_packet(fd, &request, sizeof(request.fixed) + bytes, NULL, 0);
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

static int32_t open_object(int fd, uint32_t kind, uint32_t flags, const char *name, uint64_t *id)
{
    return open_named(fd, kind, flags, name, (uint32_t)strlen(name), id);
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

/* Upper and lower case are one only for who says so, also outside ASCII. */
static void test_case(void **state)
{
    static const uint16_t made[] = {'\\', 'M', 'a', 0xdc, 0x3b1, 0x0416}; /* Ü α Ж */
    static const uint16_t other[] = {'\\', 'm', 'A', 0xfc, 0x391, 0x0436};
    static const uint16_t third[] = {'\\', 'm', 'A', 0xfc, 0x392, 0x0436};
    pid_t pid = start_server("60");
    int arena = make_arena(SYNC_ARENA_BYTES, F_SEAL_SHRINK), fd = connect_server(), service;
    uint64_t id, found;
    int32_t status;

    (void)state;
    greet(fd, &service, &status);
    id = register_named(fd, arena, OBJECT_EVENT, 1, made, sizeof(made), &status);
    assert_int_equal(status, 0);
    assert_int_equal(open_named(fd, OBJECT_EVENT, 0, other, sizeof(other), &found), -ENOENT);
    assert_int_equal(open_named(fd, OBJECT_EVENT, OBJECT_ANY_CASE, other, sizeof(other), &found), 0);
    assert_int_equal(found, id);
    assert_int_equal(open_named(fd, OBJECT_EVENT, OBJECT_ANY_CASE, third, sizeof(third), &found),
                     -ENOENT);
    register_named(fd, arena, OBJECT_EVENT, 2, other, sizeof(other), &status);
    assert_int_equal(status, 0); /* another name */
    close(fd);
    close(service);
    close(arena);
    assert_int_equal(end_server(pid), 0);
}

/* A client is killed that owns a mutex, has another's lock and waits for an event. */
static void test_death(void **state)
{
    pid_t pid = start_server("60"), child, bystander;
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
    bystander = fork();
    if (!bystander)
        for (;;)
            pause();
    syncs[7] = (struct sync){.kind = SYNC_MUTANT, .count = 0, .owner = (uint32_t)bystander,
                             .owner_process = (uint32_t)bystander, .lock = (uint32_t)bystander};
    register_object(fd, arena, OBJECT_MUTANT, 7, "bystandr", &status);
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
    assert_int_equal(syncs[7].count, 0); /* of a living process that is no client */
    assert_int_equal(atomic_load(&syncs[7].lock), bystander);
    kill(bystander, SIGKILL);
    await_end(bystander);
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
        SERVER_TEST(test_greedy_client),
        SERVER_TEST(test_names),
        SERVER_TEST(test_case),
        SERVER_TEST(test_death),
    };

    return find_binary() ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
