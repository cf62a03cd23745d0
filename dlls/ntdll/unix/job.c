/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Job objects, as far as runtimes use them: which processes belong to a job, ending all of them, and
 * ending them when the last handle closes. A job knows what was assigned to it by this process; children
 * that its members start do not join it. Limits on time, memory and numbers are refused.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <signal.h>
#include <unistd.h>

#include "info.h"
#include "job.h"
#include "process_object.h"
#include "sync.h"
#include "thread.h"

/* Flags that ask for nothing that is missing here. */
#define HONOURED_LIMITS                                                                            \
    (JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_BREAKAWAY_OK |                          \
     JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION |          \
     JOB_OBJECT_LIMIT_PRIORITY_CLASS | JOB_OBJECT_LIMIT_SCHEDULING_CLASS |                         \
     JOB_OBJECT_LIMIT_PRESERVE_JOB_TIME)

struct job {
    struct object header;
    struct sync *sync;
    /* Under job_lock: */
    struct process_object **members; /* each with a reference; also those that ended */
    size_t count, room;
    uint32_t terminated;
    JOBOBJECT_BASIC_LIMIT_INFORMATION limits;
    struct job *next;
};

static pthread_mutex_t job_lock = PTHREAD_MUTEX_INITIALIZER;
static struct job *jobs;

static void lock(sigset_t *old)
{
    sigset_t all;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, old);
    pthread_mutex_lock(&job_lock);
}

static void unlock(const sigset_t *old)
{
    pthread_mutex_unlock(&job_lock);
    pthread_sigmask(SIG_SETMASK, old, NULL);
}

static bool is_running(struct process_object *member)
{
    return !atomic_load(&member->has_ended);
}

/* Ends the members. True: this process is one of them, and must go when all else is done. */
static bool end_members(struct job *job, NTSTATUS exit_status)
{
    struct process_object *self = (struct process_object *)current_process_object();
    bool is_self = false;
    sigset_t signals;

    lock(&signals);
    for (size_t i = 0; i < job->count; i++) {
        struct process_object *member = job->members[i];

        if (member == self) {
            is_self = true;
        } else if (is_running(member)) {
            process_object_set_exit_status(member, exit_status);
            syscall(SYS_pidfd_send_signal, member->pidfd, SIGKILL, NULL, 0);
            job->terminated++;
        }
    }
    unlock(&signals);
    return is_self;
}

static struct sync *get_sync(struct object *object)
{
    return ((struct job *)object)->sync;
}

static void closed(struct object *object)
{
    struct job *job = (struct job *)object;

    if (job->limits.LimitFlags & JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE &&
        end_members(job, STATUS_SUCCESS))
        process_exit(STATUS_SUCCESS);
}

static void destroy(struct object *object)
{
    struct job *job = (struct job *)object, **link;
    sigset_t signals;

    lock(&signals);
    for (link = &jobs; *link != job; link = &(*link)->next)
        ;
    *link = job->next;
    unlock(&signals);
    for (size_t i = 0; i < job->count; i++)
        object_release(&job->members[i]->header);
    sync_destroy(job->sync);
    free(job->members);
    free(job);
}

static const struct object_ops job_ops = {
    .type_name = L"Job",
    .kind = OBJECT_JOB,
    .valid_access = JOB_OBJECT_ALL_ACCESS,
    .mapping = {STANDARD_RIGHTS_READ | JOB_OBJECT_QUERY,
                STANDARD_RIGHTS_WRITE | JOB_OBJECT_ASSIGN_PROCESS | JOB_OBJECT_SET_ATTRIBUTES |
                    JOB_OBJECT_TERMINATE,
                STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE, JOB_OBJECT_ALL_ACCESS},
    .get_sync = get_sync,
    .handle_closed = closed,
    .destroy = destroy,
};

static NTSTATUS make(void *context, struct object **out)
{
    struct job *job = calloc(1, sizeof(*job));
    sigset_t signals;

    (void)context;
    if (job)
        job->sync = sync_create(SYNC_MANUAL, 0, 1);
    if (!job || !job->sync) {
        free(job);
        return STATUS_NO_MEMORY;
    }
    object_init(&job->header, &job_ops);
    lock(&signals);
    job->next = jobs;
    jobs = job;
    unlock(&signals);
    *out = &job->header;
    return STATUS_SUCCESS;
}

void jobs_process_exiting(void)
{
    /* No lock: the only thread that still runs may have been ended while it held it. */
    for (struct job *job = jobs; job; job = job->next)
        for (size_t i = 0; i < job->count; i++)
            if (job->limits.LimitFlags & JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE &&
                job->members[i]->pidfd >= 0)
                syscall(SYS_pidfd_send_signal, job->members[i]->pidfd, SIGKILL, NULL, 0);
}

NTSTATUS WINAPI NtCreateJobObject(HANDLE *handle, ACCESS_MASK access,
                                  const OBJECT_ATTRIBUTES *attributes)
{
    return object_open_handle(handle, access, attributes, &job_ops, make, NULL);
}

NTSTATUS WINAPI NtOpenJobObject(HANDLE *handle, ACCESS_MASK access,
                                const OBJECT_ATTRIBUTES *attributes)
{
    return object_open_handle(handle, access, attributes, &job_ops, NULL, NULL);
}

/* Under the lock. By pid and life: two handles may lead to two objects of one process. */
static bool is_member(const struct job *job, struct process_object *target)
{
    for (size_t i = 0; i < job->count; i++)
        if (job->members[i] == target ||
            (job->members[i]->pid == target->pid && is_running(job->members[i]) &&
             is_running(target)))
            return true;
    return false;
}

/* Under the lock. */
static NTSTATUS add_member(struct job *job, struct process_object *target)
{
    if (is_member(job, target))
        return STATUS_SUCCESS;
    if (job->count == job->room) {
        size_t room = job->room ? job->room * 2 : 8;
        struct process_object **grown = realloc(job->members, room * sizeof(*grown));

        if (!grown)
            return STATUS_NO_MEMORY;
        job->members = grown;
        job->room = room;
    }
    object_retain(&target->header);
    job->members[job->count++] = target;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI NtAssignProcessToJobObject(HANDLE handle, HANDLE process_handle)
{
    struct process_object *target;
    struct object *object;
    sigset_t signals;
    NTSTATUS status = handle_get(handle, &job_ops, JOB_OBJECT_ASSIGN_PROCESS, &object);

    if (status)
        return status;
    status = handle_get(process_handle, &process_ops, PROCESS_SET_QUOTA | PROCESS_TERMINATE,
                        (struct object **)&target);
    if (!status) {
        lock(&signals);
        status = is_running(target) ? add_member((struct job *)object, target)
                                    : STATUS_PROCESS_IS_TERMINATING;
        unlock(&signals);
        object_release(&target->header);
    }
    object_release(object);
    return status;
}

NTSTATUS WINAPI NtIsProcessInJob(HANDLE process_handle, HANDLE handle)
{
    struct process_object *target;
    struct object *object = NULL;
    bool is_in = false;
    sigset_t signals;
    NTSTATUS status = handle_get(process_handle, &process_ops, PROCESS_QUERY_LIMITED_INFORMATION,
                                 (struct object **)&target);

    if (status)
        return status;
    if (handle)
        status = handle_get(handle, &job_ops, JOB_OBJECT_QUERY, &object);
    if (!status) {
        lock(&signals);
        for (struct job *job = jobs; job && !is_in; job = job->next)
            is_in = (!object || object == &job->header) && is_member(job, target);
        unlock(&signals);
        status = is_in ? STATUS_PROCESS_IN_JOB : STATUS_PROCESS_NOT_IN_JOB;
    }
    if (object)
        object_release(object);
    object_release(&target->header);
    return status;
}

NTSTATUS WINAPI NtTerminateJobObject(HANDLE handle, NTSTATUS exit_status)
{
    struct object *object;
    bool is_self;
    NTSTATUS status = handle_get(handle, &job_ops, JOB_OBJECT_TERMINATE, &object);

    if (status)
        return status;
    is_self = end_members((struct job *)object, exit_status);
    object_release(object);
    if (is_self)
        process_exit((uint32_t)exit_status);
    return STATUS_SUCCESS;
}

/* --- Questions --- */

static NTSTATUS query_ids(struct job *job, void *buffer, ULONG length, ULONG *needed)
{
    JOBOBJECT_BASIC_PROCESS_ID_LIST head = {0};
    const ULONG head_bytes = offsetof(JOBOBJECT_BASIC_PROCESS_ID_LIST, ProcessIdList);
    ULONG_PTR *ids;
    size_t room;
    ULONG bytes;
    sigset_t signals;
    NTSTATUS status;

    if (length < head_bytes)
        return STATUS_INFO_LENGTH_MISMATCH;
    room = (length - head_bytes) / sizeof(*ids);
    lock(&signals);
    ids = calloc(job->count + 1, sizeof(*ids));
    for (size_t i = 0; ids && i < job->count; i++) {
        if (!is_running(job->members[i]))
            continue;
        if (head.NumberOfProcessIdsInList < room)
            ids[head.NumberOfProcessIdsInList++] = (ULONG_PTR)job->members[i]->pid;
        head.NumberOfAssignedProcesses++;
    }
    unlock(&signals);
    if (!ids)
        return STATUS_NO_MEMORY;
    bytes = head_bytes + head.NumberOfProcessIdsInList * (ULONG)sizeof(*ids);
    status = guest_copy_out((char *)buffer + head_bytes, ids, bytes - head_bytes);
    free(ids);
    if (!status)
        status = guest_copy_out(buffer, &head, head_bytes);
    if (!status && needed)
        status = guest_copy_out(needed, &bytes, sizeof(bytes));
    if (!status && head.NumberOfProcessIdsInList < head.NumberOfAssignedProcesses)
        status = STATUS_BUFFER_OVERFLOW;
    return status;
}

/* Times and faults are not collected and read as 0. */
static void count_members(struct job *job, JOBOBJECT_BASIC_ACCOUNTING_INFORMATION *info)
{
    sigset_t signals;

    memset(info, 0, sizeof(*info));
    lock(&signals);
    info->TotalProcesses = (DWORD)job->count;
    info->TotalTerminatedProcesses = job->terminated;
    for (size_t i = 0; i < job->count; i++)
        info->ActiveProcesses += is_running(job->members[i]);
    unlock(&signals);
}

static NTSTATUS query(struct job *job, JOBOBJECTINFOCLASS class, void *buffer, ULONG length,
                      ULONG *needed)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION accounting;
    sigset_t signals;

    lock(&signals);
    limits.BasicLimitInformation = job->limits;
    unlock(&signals);
    switch ((int)class) {
    case JobObjectBasicAccountingInformation:
        count_members(job, &accounting);
        return answer(buffer, length, needed, &accounting, sizeof(accounting));
    case JobObjectBasicLimitInformation:
        return answer(buffer, length, needed, &limits.BasicLimitInformation,
                      sizeof(limits.BasicLimitInformation));
    case JobObjectExtendedLimitInformation:
        return answer(buffer, length, needed, &limits, sizeof(limits));
    case JobObjectBasicProcessIdList:
        return query_ids(job, buffer, length, needed);
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
}

NTSTATUS WINAPI NtQueryInformationJobObject(HANDLE handle, JOBOBJECTINFOCLASS class, void *buffer,
                                            ULONG length, ULONG *needed)
{
    struct process_object *self = (struct process_object *)current_process_object();
    struct object *object = NULL;
    sigset_t signals;
    NTSTATUS status;

    if (handle) {
        status = handle_get(handle, &job_ops, JOB_OBJECT_QUERY, &object);
    } else {
        /* The caller's own job. */
        lock(&signals);
        for (struct job *job = jobs; job && !object; job = job->next)
            if (is_member(job, self))
                object = &job->header;
        if (object)
            object_retain(object);
        unlock(&signals);
        status = object ? STATUS_SUCCESS : STATUS_ACCESS_DENIED;
    }
    if (status)
        return status;
    status = query((struct job *)object, class, buffer, length, needed);
    object_release(object);
    return status;
}

NTSTATUS WINAPI NtSetInformationJobObject(HANDLE handle, JOBOBJECTINFOCLASS class, void *buffer,
                                          ULONG length)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
    struct object *object;
    sigset_t signals;
    NTSTATUS status = handle_get(handle, &job_ops, JOB_OBJECT_SET_ATTRIBUTES, &object);

    if (status)
        return status;
    if (class == JobObjectExtendedLimitInformation)
        status = take(&limits, sizeof(limits), buffer, length);
    else if (class == JobObjectBasicLimitInformation)
        status = take(&limits.BasicLimitInformation, sizeof(limits.BasicLimitInformation), buffer,
                      length);
    else
        status = class > 0 && class < MaxJobObjectInfoClass ? STATUS_NOT_SUPPORTED
                                                            : STATUS_INVALID_INFO_CLASS;
    if (!status && limits.BasicLimitInformation.LimitFlags & ~JOB_OBJECT_LIMIT_VALID_FLAGS)
        status = STATUS_INVALID_PARAMETER;
    if (!status && limits.BasicLimitInformation.LimitFlags & ~HONOURED_LIMITS)
        status = STATUS_NOT_SUPPORTED;
    if (!status) {
        lock(&signals);
        ((struct job *)object)->limits = limits.BasicLimitInformation;
        unlock(&signals);
    }
    object_release(object);
    return status;
}
