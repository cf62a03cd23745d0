/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Handles: values, access, flags, duplicates, names; keyed events; jobs.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "object_share.h"
#include "process_object.h"
#include "server_client.h"
#include "sync.h"

static bool has_server;

/* Names need a server: in the session of the run, or none of both. */
static void find_server(void)
{
    process.server_path = getenv("DECANT_SERVER");
    process.session_dir = getenv("DECANT_SESSION");
    has_server = process.server_path && process.session_dir &&
                 (!mkdir(process.session_dir, 0700) || errno == EEXIST) && !server_begin() &&
                 !server_finish();
}

static HANDLE make_event(void)
{
    HANDLE handle = NULL;

    assert_int_equal(NtCreateEvent(&handle, EVENT_ALL_ACCESS, NULL, NotificationEvent, FALSE), 0);
    assert_non_null(handle);
    assert_int_equal((uintptr_t)handle % 4, 0);
    return handle;
}

static void test_close(void **state)
{
    HANDLE first = make_event(), second;

    (void)state;
    assert_int_equal(NtClose(first), STATUS_SUCCESS);
    assert_int_equal(NtClose(first), STATUS_INVALID_HANDLE);
    assert_int_equal(NtSetEvent(first, NULL), STATUS_INVALID_HANDLE);
    second = make_event();
    assert_ptr_equal(second, first); /* last freed, first used */
    assert_int_equal(NtClose(second), STATUS_SUCCESS);
    assert_int_equal(NtClose((HANDLE)0xdeadbeef0), STATUS_INVALID_HANDLE);
    assert_int_equal(NtClose(NULL), STATUS_INVALID_HANDLE);
    assert_int_equal(NtClose(NtCurrentProcess()), STATUS_SUCCESS);
}

static void test_duplicate(void **state)
{
    HANDLE event = make_event(), copy = NULL;

    (void)state;
    assert_int_equal(NtDuplicateObject(NtCurrentProcess(), event, NtCurrentProcess(), &copy,
                                       SYNCHRONIZE, 0, 0), 0);
    assert_int_equal(NtSetEvent(copy, NULL), STATUS_ACCESS_DENIED);
    assert_int_equal(NtCompareObjects(event, copy), STATUS_SUCCESS);
    assert_int_equal(NtReleaseSemaphore(event, 1, NULL), STATUS_OBJECT_TYPE_MISMATCH);
    assert_int_equal(NtClose(event), 0);
    assert_int_equal(NtDuplicateObject(NtCurrentProcess(), copy, NtCurrentProcess(), &event, 0, 0,
                                       DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE), 0);
    assert_int_equal(NtClose(event), 0);
}

static void test_names(void **state)
{
    static WCHAR text[] = L"\\BaseNamedObjects\\decant-test";
    UNICODE_STRING name = {sizeof(text) - sizeof(*text), sizeof(text), text};
    OBJECT_ATTRIBUTES attributes = {sizeof(attributes), NULL, &name, OBJ_OPENIF, NULL, NULL};
    HANDLE first, second;

    (void)state;
    if (!has_server)
        skip();
    assert_int_equal(NtOpenEvent(&first, EVENT_ALL_ACCESS, &attributes),
                     STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(NtCreateEvent(&first, EVENT_ALL_ACCESS, &attributes, NotificationEvent, FALSE),
                     STATUS_SUCCESS);
    assert_int_equal(NtCreateEvent(&second, EVENT_ALL_ACCESS, &attributes, NotificationEvent,
                                   FALSE), STATUS_OBJECT_NAME_EXISTS);
    assert_int_equal(NtCompareObjects(first, second), STATUS_SUCCESS);
    NtClose(second);
    assert_int_equal(NtCreateMutant(&second, MUTANT_ALL_ACCESS, &attributes, FALSE),
                     STATUS_OBJECT_TYPE_MISMATCH);
    NtClose(first);
    assert_int_equal(NtOpenEvent(&first, EVENT_ALL_ACCESS, &attributes),
                     STATUS_OBJECT_NAME_NOT_FOUND);
}

/* --- Descriptions, as other processes send them --- */

static void test_share(void **state)
{
    struct object_description description;
    HANDLE semaphore, event = make_event();
    struct object *object, *same;
    const char *path;
    int fd;

    (void)state;
    if (!has_server)
        skip();
    assert_int_equal(handle_get(event, NULL, 0, &object), 0);
    assert_int_equal(object_describe(object, &description, &fd, &path), 0);
    assert_int_equal(description.kind, OBJECT_EVENT);
    assert_true(description.id && fd >= 0 && !path);
    assert_int_equal(object_import(&description, dup(fd), NULL, &same), 0);
    assert_ptr_equal(same, object);
    object_drop_hold(same);
    /* The server forgets it with the last handle; what was said of it then leads to the state alone. */
    object_release(object);
    assert_int_equal(handle_get(event, NULL, 0, &object), 0);
    fd = dup(fd);
    NtClose(event);
    assert_int_equal(object_import(&description, fd, NULL, &same), 0);
    assert_ptr_not_equal(same, object);
    assert_ptr_equal(same->ops->get_sync(same), object->ops->get_sync(object));
    object_drop_hold(same);
    object_release(object);

    /* What cannot leave this process. */
    assert_int_equal(NtCreateIoCompletion(&semaphore, GENERIC_ALL, NULL, 0), 0);
    assert_int_equal(handle_get(semaphore, NULL, 0, &object), 0);
    assert_int_equal(object_describe(object, &description, &fd, &path), STATUS_NOT_SUPPORTED);
    object_release(object);
    NtClose(semaphore);
}

static int open_files(void)
{
    int count = 0;

    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* Anything may come. Each descriptor is closed or put to use. */
static void test_wild_descriptions(void **state)
{
    int kinds[] = {open("/dev/null", O_RDONLY), memfd_create("short", MFD_ALLOW_SEALING),
                   memfd_create("arena", MFD_ALLOW_SEALING), -1};
    uint32_t random = 1;
    int before;

    (void)state;
    assert_int_equal(ftruncate(kinds[1], 4096), 0);
    assert_int_equal(ftruncate(kinds[2], SYNC_ARENA_BYTES), 0);
    assert_int_equal(fcntl(kinds[2], F_ADD_SEALS, F_SEAL_SHRINK), 0);
    before = open_files();
    for (int round = 0; round < 4000; round++) {
        struct object_description description;
        uint32_t *words = (uint32_t *)&description;
        struct object *object;
        int fd;

        for (size_t i = 0; i < sizeof(description) / 4; i++) {
            random = random * 1664525 + 1013904223;
            words[i] = random >> 30 ? random >> 24 : random;
        }
        description.kind = (random >> 12) % (OBJECT_KINDS + 1);
        description.pid = random >> 20 & 1 ? process.pid : -(int)(random >> 9);
        fd = kinds[random >> 8 & 3];
        if (!object_import(&description, fd >= 0 ? dup(fd) : -1, NULL, &object)) {
            assert_int_equal(object->ops->kind, description.kind);
            object_drop_hold(object);
        }
    }
    assert_int_equal(open_files(), before + 1); /* the one arena stays */
    for (int i = 0; i < 3; i++)
        close(kinds[i]);
}

/* A process died with the lock, and no server puts it in order. */
static void test_dead_lock(void **state)
{
    struct sync *sync = sync_create(SYNC_MANUAL, 0, 1);
    pid_t child = fork();

    (void)state;
    if (!child) {
        process.pid = getpid();
        sync_lock(sync);
        _exit(0);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(atomic_load(&sync->lock), child);
    alarm(20);
    assert_int_equal(sync_set(sync), 0);
    alarm(0);
    assert_int_equal(atomic_load(&sync->lock), 0);
    sync_destroy(sync);
}

/* --- Keyed events --- */

static HANDLE keyed;

static void *release_key(void *key)
{
    struct thread self = {.tid = (pid_t)syscall(SYS_gettid)};

    current_thread = &self;
    return (void *)(intptr_t)NtReleaseKeyedEvent(keyed, key, FALSE, NULL);
}

static void test_keyed_event(void **state)
{
    LARGE_INTEGER soon = {.QuadPart = -100000}, now = {.QuadPart = 0};
    pthread_t threads[2];
    void *result;

    (void)state;
    assert_int_equal(NtCreateKeyedEvent(&keyed, GENERIC_ALL, NULL, 0), 0);
    assert_int_equal(NtWaitForKeyedEvent(keyed, (void *)1, FALSE, &now), STATUS_INVALID_PARAMETER_1);
    assert_int_equal(NtWaitForKeyedEvent(keyed, (void *)8, FALSE, &now), STATUS_TIMEOUT);
    assert_int_equal(NtReleaseKeyedEvent(keyed, (void *)8, FALSE, &soon), STATUS_TIMEOUT);
    pthread_create(&threads[0], NULL, release_key, (void *)8);
    pthread_create(&threads[1], NULL, release_key, (void *)16);
    assert_int_equal(NtWaitForKeyedEvent(keyed, (void *)24, FALSE, &soon), STATUS_TIMEOUT);
    assert_int_equal(NtWaitForKeyedEvent(keyed, (void *)16, FALSE, NULL), 0);
    assert_int_equal(NtWaitForKeyedEvent(keyed, (void *)8, FALSE, NULL), 0);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], &result);
        assert_null(result);
    }
    assert_int_equal(NtClose(keyed), 0);
}

/* --- Jobs --- */

static void test_job(void **state)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION counts;
    JOBOBJECT_BASIC_PROCESS_ID_LIST list;
    struct process_object *target;
    HANDLE job, child;
    pid_t pid = fork();
    int pidfd;

    (void)state;
    if (!pid) {
        alarm(60); /* a failing test leaves nothing behind */
        for (;;)
            pause();
    }
    pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    assert_true(pidfd >= 0);
    assert_int_equal(process_object_create(pid, getpid(), pidfd, true, NULL, &target), 0);
    assert_int_equal(handle_create(&target->header, PROCESS_ALL_ACCESS, 0, &child), 0);
    object_release(&target->header);

    assert_int_equal(NtCreateJobObject(&job, JOB_OBJECT_ALL_ACCESS, NULL), 0);
    limits.BasicLimitInformation.LimitFlags = 0x80000000;
    assert_int_equal(NtSetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits,
                                               sizeof(limits)), STATUS_INVALID_PARAMETER);
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    assert_int_equal(NtSetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits,
                                               sizeof(limits)), 0);
    assert_int_equal(NtIsProcessInJob(child, job), STATUS_PROCESS_NOT_IN_JOB);
    assert_int_equal(NtAssignProcessToJobObject(job, child), 0);
    assert_int_equal(NtIsProcessInJob(child, job), STATUS_PROCESS_IN_JOB);
    assert_int_equal(NtIsProcessInJob(NtCurrentProcess(), NULL), STATUS_PROCESS_NOT_IN_JOB);
    assert_int_equal(NtQueryInformationJobObject(job, JobObjectBasicAccountingInformation, &counts,
                                                 sizeof(counts), NULL), 0);
    assert_int_equal(counts.ActiveProcesses, 1);
    assert_int_equal(NtQueryInformationJobObject(job, JobObjectBasicProcessIdList, &list,
                                                 sizeof(list), NULL), 0);
    assert_int_equal(list.ProcessIdList[0], pid);
    assert_int_equal(NtClose(job), 0); /* ends the child */
    assert_int_equal(NtWaitForSingleObject(child, FALSE, NULL), 0);
    assert_int_equal(NtClose(child), 0);
}

int main(void)
{
    static struct thread self;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_close),       cmocka_unit_test(test_duplicate),
        cmocka_unit_test(test_names),       cmocka_unit_test(test_share),
        cmocka_unit_test(test_wild_descriptions), cmocka_unit_test(test_dead_lock),
        cmocka_unit_test(test_keyed_event),
        cmocka_unit_test(test_job),
    };

    self.tid = process.pid = getpid();
    current_thread = &self;
    find_server();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
