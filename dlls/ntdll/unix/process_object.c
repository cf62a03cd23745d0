/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Process objects: what they know, when they are signalled, opening them by id.
 *
 * Another process is watched by its pidfd; one watcher thread, started with the first of them, polls all
 * of them and signals the object when the process is gone, however it ended.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "job.h"
#include "object_share.h"
#include "process_object.h"
#include "remote.h"
#include "server_client.h"
#include "sync.h"
#include "thread.h"

static struct process_object self_object;
static pthread_once_t self_once = PTHREAD_ONCE_INIT;

static pthread_mutex_t watch_lock = PTHREAD_MUTEX_INITIALIZER;
static struct process_object *watched; /* each with a reference of the list's */
static int watch_event = -1;           /* says that the list changed */

static NTSTATUS process_describe(struct object *header, struct object_description *description,
                                 int *fd, const char **path)
{
    (void)fd, (void)path;
    description->pid = ((struct process_object *)header)->pid;
    return STATUS_SUCCESS;
}

static struct sync *process_sync(struct object *object)
{
    return ((struct process_object *)object)->sync;
}

static void process_destroy(struct object *object)
{
    struct process_object *target = (struct process_object *)object;

    sync_destroy(target->sync);
    remote_link_close(target->link);
    if (target->pidfd >= 0)
        close(target->pidfd);
    child_page_free(target->page);
    free(target);
}

const struct object_ops process_ops = {
    .type_name = L"Process",
    .kind = OBJECT_PROCESS,
    .valid_access = PROCESS_ALL_ACCESS,
    .mapping = {STANDARD_RIGHTS_READ | PROCESS_VM_READ | PROCESS_QUERY_INFORMATION |
                    PROCESS_QUERY_LIMITED_INFORMATION,
                STANDARD_RIGHTS_WRITE | PROCESS_SET_INFORMATION | PROCESS_VM_WRITE |
                    PROCESS_VM_OPERATION | PROCESS_DUP_HANDLE | PROCESS_CREATE_PROCESS |
                    PROCESS_CREATE_THREAD | PROCESS_TERMINATE,
                STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE, PROCESS_ALL_ACCESS},
    .implications = {{PROCESS_QUERY_INFORMATION, PROCESS_QUERY_LIMITED_INFORMATION},
                     {PROCESS_SET_INFORMATION, PROCESS_SET_LIMITED_INFORMATION}},
    .get_sync = process_sync,
    .describe = process_describe,
    .destroy = process_destroy,
};

static void init_self(void)
{
    object_init(&self_object.header, &process_ops);
    self_object.sync = sync_create(SYNC_MANUAL, 0, 1);
    self_object.pid = process.pid;
    self_object.parent = getppid();
    self_object.pidfd = -1;
    self_object.peb = process.peb;
    atomic_store(&self_object.exit_status, STATUS_PENDING);
}

struct object *current_process_object(void)
{
    pthread_once(&self_once, init_self);
    return &self_object.header;
}

NTSTATUS process_get_facts(HANDLE handle, ACCESS_MASK access, struct process_facts *facts)
{
    struct process_object *object;
    NTSTATUS status = handle_get(handle, &process_ops, access, (struct object **)&object);

    if (status)
        return status;
    *facts = (struct process_facts){.pid = object->pid,
                                    .parent = object->parent,
                                    .peb = object->peb,
                                    .exit_status = atomic_load(&object->exit_status),
                                    .has_ended = atomic_load(&object->has_ended),
                                    .is_self = object == &self_object};
    if (facts->has_ended)
        facts->times = object->times;
    if (!facts->peb && object->link)
        facts->peb = child_page_peb(remote_link_page(object->link));
    object_release(&object->header);
    return STATUS_SUCCESS;
}

/* --- Watching other processes --- */

/* Else it was told to end, from outside. */
static bool is_fault(int number)
{
    return number == SIGSEGV || number == SIGBUS || number == SIGILL || number == SIGFPE ||
           number == SIGABRT || number == SIGTRAP || number == SIGSYS;
}

/* Before the program is told, the server has put in order what the process left: whoever waited for its
 * end may rely on its mutexes being abandoned. */
static void process_ended(struct process_object *object)
{
    struct child_page *page = process_object_page(object);
    struct request_process_ended request = {.pid = object->pid};
    struct reply_process_ended reply;
    NTSTATUS status = atomic_load(&object->told_status);
    bool is_known = child_page_exit_status(page, &status);

    process_times(object->pid, &object->times); /* before it is collected */
    object->times.ExitTime.QuadPart = clock_system_time();
    if (object->is_child) {
        siginfo_t info = {0};

        /* P_PIDFD, Linux 5.4 */
        if (!waitid((idtype_t)3, (id_t)object->pidfd, &info, WEXITED) && !is_known)
            status = info.si_code == CLD_EXITED  ? info.si_status
                     : is_fault(info.si_status) ? STATUS_ACCESS_VIOLATION
                                                : STATUS_CONTROL_C_EXIT;
    }
    server_call(PROTOCOL_process_ended, &request, sizeof(request), NULL, 0, &reply, sizeof(reply),
                NULL, NULL);
    atomic_store(&object->exit_status, status);
    atomic_store(&object->has_ended, true);
    thread_objects_process_ended(object, status);
    jobs_process_ended(object);
    sync_set(object->sync);
}

static void *watch(void *unused)
{
    struct pollfd fds[256];
    struct process_object *objects[256];

    (void)unused;
    prctl(PR_SET_NAME, "decant:watch"); /* no thread of the program's: system_process.c */
    for (;;) {
        nfds_t count = 1;

        fds[0] = (struct pollfd){watch_event, POLLIN, 0};
        pthread_mutex_lock(&watch_lock);
        for (struct process_object *at = watched; at && count < 256; at = at->next) {
            objects[count] = at;
            fds[count++] = (struct pollfd){at->pidfd, POLLIN, 0};
        }
        pthread_mutex_unlock(&watch_lock);
        if (poll(fds, count, -1) < 0)
            continue;
        if (fds[0].revents) {
            uint64_t value;

            if (read(watch_event, &value, sizeof(value)) < 0)
                continue;
        }
        for (nfds_t i = 1; i < count; i++) {
            struct process_object **link;

            if (!fds[i].revents)
                continue;
            pthread_mutex_lock(&watch_lock);
            for (link = &watched; *link && *link != objects[i]; link = &(*link)->next)
                ;
            if (*link)
                *link = objects[i]->next;
            pthread_mutex_unlock(&watch_lock);
            process_ended(objects[i]);
            object_release(&objects[i]->header);
        }
    }
    return NULL;
}

static bool start_watching(void)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, old;
    int error;

    if (watch_event >= 0)
        return true;
    watch_event = eventfd(0, EFD_CLOEXEC);
    if (watch_event < 0)
        return false;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 64 * 1024);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    error = pthread_create(&thread, &attributes, watch, NULL);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attributes);
    return !error;
}

NTSTATUS process_object_create(pid_t pid, pid_t parent, int pidfd, bool is_child,
                               struct child_page *page, struct process_object **out)
{
    struct process_object *object = calloc(1, sizeof(*object));
    uint64_t one = 1;
    bool watching;

    if (object)
        object->sync = sync_create(SYNC_MANUAL, 0, 1);
    if (!object || !object->sync) {
        free(object);
        return STATUS_NO_MEMORY;
    }
    object_init(&object->header, &process_ops);
    object->pid = pid;
    object->parent = parent;
    object->pidfd = pidfd;
    object->is_child = is_child;
    object->page = page;
    object->peb = child_page_peb(page);
    object->link = remote_link_open(pid, pidfd);
    atomic_store(&object->exit_status, STATUS_PENDING);
    object_retain(&object->header); /* the list's */
    pthread_mutex_lock(&watch_lock);
    watching = start_watching();
    if (watching) {
        object->next = watched;
        watched = object;
    }
    pthread_mutex_unlock(&watch_lock);
    if (!watching || write(watch_event, &one, sizeof(one)) < 0)
        report_error("cannot watch process %d; its end will not be noticed", pid);
    *out = object;
    return STATUS_SUCCESS;
}

pid_t process_status_number(pid_t id, const char *format)
{
    char path[64], line[256];
    pid_t number = 0;
    FILE *status;

    snprintf(path, sizeof(path), "/proc/%d/status", id);
    status = fopen(path, "re");
    while (status && fgets(line, sizeof(line), status))
        if (sscanf(line, format, &number) == 1)
            break;
    if (status)
        fclose(status);
    return number;
}

int process_open_pidfd(pid_t pid)
{
    static _Atomic bool is_told;
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

    if (pidfd < 0)
        report_missing_call(&is_told, "pidfd_open", "no process is started or opened");
    return pidfd;
}

/* How long opening a process may wait for its page, without which its exit status stays unknown. */
#define PAGE_LIMIT_MS 200

/* Another process by its id, with a reference. One that is known already has one object: handles of one process
 * are the same object, as on Windows, and a parent keeps what it knows of its child. */
NTSTATUS process_object_open(pid_t pid, struct process_object **out)
{
    int pidfd = pid > 0 ? process_open_pidfd(pid) : -1;
    struct process_object *known;
    NTSTATUS status;

    /* EINVAL: the id of a thread that is not its process's first. */
    if (pidfd < 0)
        return errno == EPERM ? STATUS_ACCESS_DENIED : STATUS_INVALID_CID;
    pthread_mutex_lock(&watch_lock);
    for (known = watched; known; known = known->next) {
        struct pollfd ended = {known->pidfd, POLLIN, 0};

        if (known->pid == pid && !poll(&ended, 1, 0)) {
            object_retain(&known->header);
            break;
        }
    }
    pthread_mutex_unlock(&watch_lock);
    if (known) {
        close(pidfd);
        *out = known;
        return STATUS_SUCCESS;
    }
    status = process_object_create(pid, process_status_number(pid, "PPid: %d"), pidfd, false, NULL, out);
    if (status)
        close(pidfd);
    else
        remote_link_await((*out)->link, PAGE_LIMIT_MS);
    return status;
}

NTSTATUS process_import(const struct object_description *description, int fd, const char *path,
                        struct object **out)
{
    struct process_object *object;
    NTSTATUS status;

    (void)path;
    if (fd >= 0)
        close(fd);
    if (description->pid == process.pid) {
        *out = current_process_object();
        object_retain(*out);
        return STATUS_SUCCESS;
    }
    status = process_object_open(description->pid, &object);
    if (!status)
        *out = &object->header;
    return status;
}

NTSTATUS WINAPI NtOpenProcess(HANDLE *handle, ACCESS_MASK access,
                              const OBJECT_ATTRIBUTES *attributes, const CLIENT_ID *id)
{
    struct process_object *target;
    struct object *object;
    CLIENT_ID wanted;
    HANDLE result;
    ULONG flags;
    pid_t pid;
    NTSTATUS status = attributes_flags(attributes, &flags);

    if (!status)
        status = guest_copy_in(&wanted, id, sizeof(wanted));
    if (status)
        return status;
    pid = (pid_t)HandleToULong(wanted.UniqueProcess);
    if (pid == process.pid) {
        object = current_process_object();
        object_retain(object);
    } else {
        status = process_object_open(pid, &target);
        if (status)
            return status;
        object = &target->header;
    }
    status = handle_create(object, access, flags, &result);
    object_release(object);
    return status ? status : guest_copy_out(handle, &result, sizeof(result));
}

struct child_page *process_object_page(struct process_object *object)
{
    int fd;

    if (object == &self_object)
        return own_child_page(&fd);
    return object->page ? object->page : remote_link_page(object->link);
}

void process_object_set_exit_status(struct process_object *object, NTSTATUS status)
{
    atomic_store(&object->told_status, status);
    child_page_set_exit_status(process_object_page(object), status);
}

NTSTATUS process_terminate(HANDLE handle, uint32_t exit_status)
{
    struct process_object *object;
    NTSTATUS status =
        handle_get(handle, &process_ops, PROCESS_TERMINATE, (struct object **)&object);

    if (status)
        return status;
    if (object == &self_object)
        process_exit(exit_status);
    process_object_set_exit_status(object, (NTSTATUS)exit_status);
    /* By pidfd, so that never a process is hit that got the id later. */
    if (atomic_load(&object->has_ended))
        status = STATUS_PROCESS_IS_TERMINATING;
    else if (syscall(SYS_pidfd_send_signal, object->pidfd, SIGKILL, NULL, 0))
        status = errno == ESRCH ? STATUS_PROCESS_IS_TERMINATING : errno_to_status(errno);
    object_release(&object->header);
    return status;
}
