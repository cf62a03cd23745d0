/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Thread objects: what they know, when they are signalled, opening them by id.
 *
 * A thread of another process has a sync that its process shares with us. Should that process be killed, nobody
 * there signals it: such threads are kept in a list, and process_object.c's watcher ends them.
 */
#include <linux/futex.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "object_share.h"
#include "process_object.h"
#include "remote.h"
#include "sync.h"
#include "thread.h"

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct thread_object *remote_threads; /* no references: their end takes them out */

static struct sync *thread_sync(struct object *object)
{
    return ((struct thread_object *)object)->sync;
}

static void thread_destroy(struct object *object)
{
    struct thread_object *thread = (struct thread_object *)object, **link;

    if (thread->process) {
        pthread_mutex_lock(&list_lock);
        for (link = &remote_threads; *link != thread; link = &(*link)->next)
            ;
        *link = thread->next;
        pthread_mutex_unlock(&list_lock);
        remote_thread_closed(thread);
        object_release(&thread->process->header);
    }
    sync_destroy(thread->sync);
    free(thread->settings.description);
    free(thread);
}

static NTSTATUS thread_describe(struct object *header, struct object_description *description,
                                int *fd, const char **path)
{
    struct thread_object *object = (struct thread_object *)header;

    (void)path;
    if (!sync_locate(object->sync, fd, &description->slot))
        return STATUS_NOT_SUPPORTED;
    description->pid = object->pid;
    description->tid = thread_object_tid(object);
    description->address = (uintptr_t)object->start;
    return STATUS_SUCCESS;
}

const struct object_ops thread_ops = {
    .type_name = L"Thread",
    .kind = OBJECT_THREAD,
    .valid_access = THREAD_ALL_ACCESS,
    .mapping = {STANDARD_RIGHTS_READ | THREAD_GET_CONTEXT | THREAD_QUERY_INFORMATION |
                    THREAD_QUERY_LIMITED_INFORMATION,
                STANDARD_RIGHTS_WRITE | THREAD_SET_CONTEXT | THREAD_SET_INFORMATION |
                    THREAD_SET_LIMITED_INFORMATION | THREAD_TERMINATE | THREAD_SUSPEND_RESUME,
                STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE, THREAD_ALL_ACCESS},
    .implications = {{THREAD_QUERY_INFORMATION, THREAD_QUERY_LIMITED_INFORMATION},
                     {THREAD_SET_INFORMATION, THREAD_SET_LIMITED_INFORMATION}},
    .get_sync = thread_sync,
    .describe = thread_describe,
    .destroy = thread_destroy,
};

/* Takes over `sync`; NULL: a new one. */
static NTSTATUS make_thread_object(struct sync *sync, struct thread_object **out)
{
    struct thread_object *object = calloc(1, sizeof(*object));

    if (object)
        object->sync = sync ? sync : sync_create(SYNC_MANUAL, 0, 1);
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
    NTSTATUS status = make_thread_object(NULL, &object);

    if (status)
        return status;
    object->thread = thread;
    object->pid = process.pid;
    object->start = thread->start;
    object->times.CreateTime.QuadPart = clock_system_time();
    thread->object = &object->header;
    return STATUS_SUCCESS;
}

/* The sync of a thread may be shared with other processes: it carries the exit status in its limit, which its kind
 * does not need. The first status stays: a thread that ended before its process keeps its own. */
static void end_thread(struct thread_object *object, NTSTATUS status)
{
    if (!__atomic_load_n(&object->sync->count, __ATOMIC_ACQUIRE)) {
        object->sync->limit = (int32_t)status;
        sync_set(object->sync);
    }
}

NTSTATUS thread_object_create_remote(struct process_object *target, pid_t tid, struct sync *sync,
                                     struct thread_object **out)
{
    struct thread_object *object;
    NTSTATUS status = make_thread_object(sync, &object);

    if (status)
        return status;
    object->tid = tid;
    object->pid = target->pid;
    object->process = target;
    object_retain(&target->header);
    pthread_mutex_lock(&list_lock);
    object->next = remote_threads;
    remote_threads = object;
    if (atomic_load(&target->has_ended)) /* before we were in the list */
        end_thread(object, atomic_load(&target->exit_status));
    pthread_mutex_unlock(&list_lock);
    *out = object;
    return STATUS_SUCCESS;
}

void thread_objects_process_ended(const struct process_object *target, NTSTATUS status)
{
    pthread_mutex_lock(&list_lock);
    for (struct thread_object *thread = remote_threads; thread; thread = thread->next)
        if (thread->process == target)
            end_thread(thread, status);
    pthread_mutex_unlock(&list_lock);
}

void thread_object_set_sync(struct thread *thread, struct sync *sync)
{
    struct thread_object *object = (struct thread_object *)thread->object;

    sync_destroy(object->sync);
    object->sync = sync;
}

pid_t thread_object_tid(struct thread_object *object)
{
    pid_t tid;

    process_lock_threads();
    tid = object->thread ? object->thread->tid : object->tid;
    process_unlock_threads();
    return tid;
}

struct thread_object *thread_object_find(pid_t tid, TEB **teb)
{
    struct thread_object *object = NULL;

    process_lock_threads();
    for (struct thread *thread = process.threads; thread && !object; thread = thread->next)
        if (thread->tid == tid && thread->object) {
            object = (struct thread_object *)thread->object;
            object_retain(&object->header);
            *teb = thread->teb;
        }
    process_unlock_threads();
    return object;
}

void thread_object_exited(struct thread *thread, uint32_t status)
{
    struct thread_object *object = (struct thread_object *)thread->object;

    process_lock_threads();
    thread_object_times(object, &object->times);
    object->times.ExitTime.QuadPart = clock_system_time();
    object->tid = thread->tid;
    object->thread = NULL;
    process_unlock_threads();
    atomic_store(&object->exit_status, (NTSTATUS)status);
    mutants_abandon_all(thread);
    end_thread(object, (NTSTATUS)status);
    apc_free_all(thread);
}

void thread_objects_end_others(uint32_t status)
{
    process_lock_threads();
    for (struct thread *thread = process.threads; thread; thread = thread->next) {
        struct thread_object *object = (struct thread_object *)thread->object;

        if (thread == current_thread || !object)
            continue;
        /* What it waits for it shall not take any more, nor a wake-up that is meant for one alone. */
        thread->terminating = true;
        thread_alert(thread);
        atomic_store(&object->exit_status, (NTSTATUS)status);
        mutants_abandon_all(thread);
        end_thread(object, (NTSTATUS)status);
    }
    process_unlock_threads();
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
                                   .teb = object->teb,
                                   .exit_status = atomic_load(&object->exit_status),
                                   .is_local = !object->process};
    if (object->process && __atomic_load_n(&object->sync->count, __ATOMIC_ACQUIRE))
        facts->exit_status = (NTSTATUS)object->sync->limit;
    facts->has_ended = __atomic_load_n(&object->sync->count, __ATOMIC_ACQUIRE);
    process_lock_threads();
    thread_object_times(object, &facts->times);
    if (object->thread) {
        facts->tid = object->thread->tid;
        facts->teb = object->thread->teb;
        facts->is_self = object->thread == current_thread;
    }
    process_unlock_threads();
    object_release(&object->header);
    return STATUS_SUCCESS;
}

NTSTATUS thread_import(const struct object_description *description, int fd, const char *path,
                       struct object **out)
{
    struct process_object *target;
    struct thread_object *object;
    struct sync *sync;
    NTSTATUS status;
    TEB *teb;

    (void)path;
    if (description->pid == process.pid) {
        close(fd);
        object = thread_object_find(description->tid, &teb);
        if (!object)
            return STATUS_INVALID_CID;
        *out = &object->header;
        return STATUS_SUCCESS;
    }
    sync = sync_import(fd, description->slot);
    if (!sync)
        return STATUS_INVALID_PARAMETER;
    status = process_object_open(description->pid, &target);
    if (status)
        return status;
    status = thread_object_create_remote(target, description->tid, sync, &object);
    object_release(&target->header);
    if (status)
        return status;
    object->start = (void *)(uintptr_t)description->address;
    *out = &object->header;
    return STATUS_SUCCESS;
}

static NTSTATUS open_remote_thread(pid_t tid, struct thread_object **out)
{
    pid_t pid = tid > 0 ? process_status_number(tid, "Tgid: %d") : 0;
    struct process_object *target;
    NTSTATUS status;

    if (!pid || pid == process.pid)
        return STATUS_INVALID_CID;
    status = process_object_open(pid, &target);
    if (status)
        return status;
    status = remote_thread_open(target, tid, out);
    object_release(&target->header);
    /* No program of ours; Windows has no thread whose process denies everything either. */
    return status == STATUS_NOT_SUPPORTED ? STATUS_ACCESS_DENIED : status;
}

NTSTATUS WINAPI NtOpenThread(HANDLE *handle, ACCESS_MASK access,
                             const OBJECT_ATTRIBUTES *attributes, const CLIENT_ID *id)
{
    struct thread_object *object = NULL;
    CLIENT_ID wanted;
    HANDLE result;
    ULONG flags;
    TEB *teb;
    NTSTATUS status = attributes_flags(attributes, &flags);

    if (!status)
        status = guest_copy_in(&wanted, id, sizeof(wanted));
    if (status)
        return status;
    object = thread_object_find((pid_t)HandleToULong(wanted.UniqueThread), &teb);
    if (!object)
        status = open_remote_thread((pid_t)HandleToULong(wanted.UniqueThread), &object);
    if (status)
        return status;
    status = handle_create(&object->header, access, flags, &result);
    object_release(&object->header);
    return status ? status : guest_copy_out(handle, &result, sizeof(result));
}
