/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Process and thread objects: what they know, when they are signalled, opening them by id.
 *
 * Another process is watched by its pidfd; one watcher thread, started with the first of them, polls all
 * of them and signals the object when the process is gone, however it ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "process_object.h"
#include "sync.h"
#include "thread.h"

static struct process_object self_object;
static pthread_once_t self_once = PTHREAD_ONCE_INIT;

static struct sync *thread_sync(struct object *object)
{
    return ((struct thread_object *)object)->sync;
}

static void thread_destroy(struct object *object)
{
    sync_destroy(thread_sync(object));
    free(object);
}

static struct sync *process_sync(struct object *object)
{
    return ((struct process_object *)object)->sync;
}

static void process_destroy(struct object *object)
{
    struct process_object *target = (struct process_object *)object;

    sync_destroy(target->sync);
    if (target->pidfd >= 0)
        close(target->pidfd);
    child_page_free(target->page);
    free(target);
}

const struct object_ops thread_ops = {
    .type_name = L"Thread",
    .valid_access = THREAD_ALL_ACCESS,
    .mapping = {STANDARD_RIGHTS_READ | THREAD_GET_CONTEXT | THREAD_QUERY_INFORMATION |
                    THREAD_QUERY_LIMITED_INFORMATION,
                STANDARD_RIGHTS_WRITE | THREAD_SET_CONTEXT | THREAD_SET_INFORMATION |
                    THREAD_SET_LIMITED_INFORMATION | THREAD_TERMINATE | THREAD_SUSPEND_RESUME,
                STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE, THREAD_ALL_ACCESS},
    .get_sync = thread_sync,
    .destroy = thread_destroy,
};

const struct object_ops process_ops = {
    .type_name = L"Process",
    .valid_access = PROCESS_ALL_ACCESS,
    .mapping = {STANDARD_RIGHTS_READ | PROCESS_VM_READ | PROCESS_QUERY_INFORMATION |
                    PROCESS_QUERY_LIMITED_INFORMATION,
                STANDARD_RIGHTS_WRITE | PROCESS_SET_INFORMATION | PROCESS_VM_WRITE |
                    PROCESS_VM_OPERATION | PROCESS_DUP_HANDLE | PROCESS_CREATE_PROCESS |
                    PROCESS_CREATE_THREAD | PROCESS_TERMINATE,
                STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE, PROCESS_ALL_ACCESS},
    .get_sync = process_sync,
    .destroy = process_destroy,
};

/* --- Threads --- */

static NTSTATUS make_thread_object(struct thread_object **out)
{
    struct thread_object *object = calloc(1, sizeof(*object));

    if (object)
        object->sync = sync_create(SYNC_MANUAL, 0, 1);
    if (!object || !object->sync) {
        free(object);
        return STATUS_NO_MEMORY;
    }
    object_init(&object->header, &thread_ops);
    atomic_store(&object->exit_status, STATUS_PENDING);
    *out = object;
    return STATUS_SUCCESS;
}

NTSTATUS thread_object_create(struct thread *thread)
{
    struct thread_object *object;
    NTSTATUS status = make_thread_object(&object);

    if (status)
        return status;
    object->thread = thread;
    object->pid = process.pid;
    object->start = thread->start;
    thread->object = &object->header;
    return STATUS_SUCCESS;
}

NTSTATUS remote_thread_object_create(pid_t tid, pid_t pid, struct object **out)
{
    struct thread_object *object;
    NTSTATUS status = make_thread_object(&object);

    if (status)
        return status;
    object->tid = tid;
    object->pid = pid;
    *out = &object->header;
    return STATUS_SUCCESS;
}

void thread_object_exited(struct thread *thread, uint32_t status)
{
    struct thread_object *object = (struct thread_object *)thread->object;

    process_lock_threads();
    object->tid = thread->tid;
    object->thread = NULL;
    process_unlock_threads();
    atomic_store(&object->exit_status, (NTSTATUS)status);
    mutants_abandon_all((uint32_t)thread->tid);
    sync_set(object->sync);
    apc_free_all(thread);
}

NTSTATUS thread_get_facts(HANDLE handle, ACCESS_MASK access, struct thread_facts *facts)
{
    struct thread_object *object;
    NTSTATUS status = handle_get(handle, &thread_ops, access, (struct object **)&object);

    if (status)
        return status;
    *facts = (struct thread_facts){.tid = object->tid,
                                   .pid = object->pid,
                                   .start = object->start,
                                   .exit_status = atomic_load(&object->exit_status),
                                   .is_local = object->pid == process.pid};
    process_lock_threads();
    if (object->thread) {
        facts->tid = object->thread->tid;
        facts->teb = object->thread->teb;
        facts->is_self = object->thread == current_thread;
    }
    process_unlock_threads();
    object_release(&object->header);
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI NtOpenThread(HANDLE *handle, ACCESS_MASK access,
                             const OBJECT_ATTRIBUTES *attributes, const CLIENT_ID *id)
{
    struct object *object = NULL;
    struct thread *thread;
    CLIENT_ID wanted;
    HANDLE result;
    ULONG flags;
    NTSTATUS status = attributes_flags(attributes, &flags);

    if (!status)
        status = guest_copy_in(&wanted, id, sizeof(wanted));
    if (status)
        return status;
    process_lock_threads();
    for (thread = process.threads; thread && !object; thread = thread->next)
        if (thread->tid == (pid_t)HandleToULong(wanted.UniqueThread) && thread->object) {
            object = thread->object;
            object_retain(object);
        }
    process_unlock_threads();
    if (!object)
        return STATUS_INVALID_CID;
    status = handle_create(object, access, flags, &result);
    object_release(object);
    return status ? status : guest_copy_out(handle, &result, sizeof(result));
}

/* --- Processes --- */

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
                                    .is_self = object == &self_object};
    object_release(&object->header);
    return STATUS_SUCCESS;
}

NTSTATUS process_get_pid(HANDLE handle, ACCESS_MASK access, pid_t *pid)
{
    struct process_facts facts;
    NTSTATUS status = process_get_facts(handle, access, &facts);

    if (!status)
        *pid = facts.pid;
    return status;
}

/* --- Watching other processes --- */

static pthread_mutex_t watch_lock = PTHREAD_MUTEX_INITIALIZER;
static struct process_object *watched; /* each with a reference of the list's */
static int watch_event = -1;           /* says that the list changed */

static void process_ended(struct process_object *object)
{
    NTSTATUS status = child_page_exit_status(object->page);

    if (object->is_child) {
        siginfo_t info = {0};

        /* P_PIDFD, Linux 5.4 */
        if (!waitid((idtype_t)3, (id_t)object->pidfd, &info, WEXITED) && status == STATUS_PENDING)
            status = info.si_code == CLD_EXITED ? info.si_status
                     : info.si_status == SIGKILL ? STATUS_CONTROL_C_EXIT
                                                 : STATUS_ACCESS_VIOLATION;
    }
    atomic_store(&object->exit_status, status == STATUS_PENDING ? STATUS_SUCCESS : status);
    sync_set(object->sync);
}

static void *watch(void *unused)
{
    struct pollfd fds[256];
    struct process_object *objects[256];

    (void)unused;
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

/* The parent's id out of /proc; 0 when the process is gone. */
static pid_t parent_of(pid_t pid)
{
    char path[64], line[256];
    pid_t parent = 0;
    FILE *status;

    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    status = fopen(path, "re");
    while (status && fgets(line, sizeof(line), status))
        if (sscanf(line, "PPid: %d", &parent) == 1)
            break;
    if (status)
        fclose(status);
    return parent;
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
        int pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;

        if (pidfd < 0)
            return errno == EPERM ? STATUS_ACCESS_DENIED : STATUS_INVALID_CID;
        status = process_object_create(pid, parent_of(pid), pidfd, false, NULL, &target);
        if (status) {
            close(pidfd);
            return status;
        }
        object = &target->header;
    }
    status = handle_create(object, access, flags, &result);
    object_release(object);
    return status ? status : guest_copy_out(handle, &result, sizeof(result));
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
    child_page_set_exit_status(object->page, (NTSTATUS)exit_status);
    /* By pidfd, so that never a process is hit that got the id later. */
    if (syscall(SYS_pidfd_send_signal, object->pidfd, SIGKILL, NULL, 0))
        status = errno == ESRCH ? STATUS_PROCESS_IS_TERMINATING : errno_to_status(errno);
    object_release(&object->header);
    return status;
}
