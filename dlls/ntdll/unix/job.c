/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Job objects: their members, ending them (also when the last handle closes), and the messages on a completion
 * port. See job.h.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "iocp.h"
#include "job.h"
#include "sync.h"
#include "thread.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct job *jobs;
static uint64_t last_id;

void job_lock(sigset_t *old)
{
    sigset_t all;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, old);
    pthread_mutex_lock(&lock);
}

void job_unlock(const sigset_t *old)
{
    pthread_mutex_unlock(&lock);
    pthread_sigmask(SIG_SETMASK, old, NULL);
}

static bool is_running(const struct process_object *member)
{
    return !atomic_load(&member->has_ended);
}

/* Under the lock. */
static void post(struct job *job, DWORD message, pid_t pid)
{
    if (job->port)
        iocp_post(job->port, job->port_key, (ULONG_PTR)pid, message);
}

/* Ends the members. True: this process is one of them, and must go when all else is done. */
static bool end_members(struct job *job, NTSTATUS exit_status)
{
    struct process_object *self = (struct process_object *)current_process_object();
    bool is_self = false;
    sigset_t signals;

    job_lock(&signals);
    for (size_t i = 0; i < job->count; i++) {
        struct process_object *member = job->members[i];

        if (member == self) {
            is_self = true;
        } else if (is_running(member)) {
            process_object_set_exit_status(member, exit_status);
            syscall(SYS_pidfd_send_signal, member->pidfd, SIGKILL, NULL, 0);
        }
    }
    job_unlock(&signals);
    return is_self;
}

static struct sync *get_sync(struct object *object)
{
    return ((struct job *)object)->sync;
}

static void closed(struct object *object)
{
    struct job *job = (struct job *)object;

    if (job->limits.BasicLimitInformation.LimitFlags & JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE &&
        end_members(job, STATUS_SUCCESS))
        process_exit(STATUS_SUCCESS);
}

static void destroy(struct object *object)
{
    struct job *job = (struct job *)object, **link;
    sigset_t signals;

    job_lock(&signals);
    for (link = &jobs; *link != job; link = &(*link)->next)
        ;
    *link = job->next;
    job_unlock(&signals);
    for (size_t i = 0; i < job->count; i++)
        object_release(&job->members[i]->header);
    if (job->port)
        object_release(job->port);
    sync_destroy(job->sync);
    free(job->members);
    free(job);
}

const struct object_ops job_ops = {
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
    job_lock(&signals);
    job->id = ++last_id;
    job->next = jobs;
    jobs = job;
    job_unlock(&signals);
    *out = &job->header;
    return STATUS_SUCCESS;
}

void jobs_process_exiting(void)
{
    /* No lock: the only thread that still runs may have been ended while it held it. */
    for (struct job *job = jobs; job; job = job->next)
        for (size_t i = 0; i < job->count; i++)
            if (job->limits.BasicLimitInformation.LimitFlags & JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE &&
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

/* --- Members --- */

/* Under the lock. */
static bool has_member(const struct job *job, const struct process_object *target)
{
    for (size_t i = 0; i < job->count; i++)
        if (job->members[i] == target)
            return true;
    return false;
}

struct job *job_find(uint64_t id)
{
    struct job *job;
    sigset_t signals;

    job_lock(&signals);
    for (job = jobs; job && job->id != id; job = job->next)
        ;
    if (job)
        object_retain(&job->header);
    job_unlock(&signals);
    return job;
}

struct job *job_of_self(void)
{
    struct process_object *self = (struct process_object *)current_process_object();
    struct job *job;
    sigset_t signals;

    job_lock(&signals);
    for (job = jobs; job && !has_member(job, self); job = job->next)
        ;
    if (job)
        object_retain(&job->header);
    job_unlock(&signals);
    return job;
}

/* Under the lock. */
static NTSTATUS add_member(struct job *job, struct process_object *target)
{
    const JOBOBJECT_BASIC_LIMIT_INFORMATION *limits = &job->limits.BasicLimitInformation;

    if (!is_running(target))
        return STATUS_PROCESS_IS_TERMINATING;
    if (limits->LimitFlags & JOB_OBJECT_LIMIT_ACTIVE_PROCESS &&
        job->count >= limits->ActiveProcessLimit) {
        post(job, JOB_OBJECT_MSG_ACTIVE_PROCESS_LIMIT, 0);
        job->terminated++;
        return STATUS_QUOTA_EXCEEDED;
    }
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
    job->total++;
    post(job, JOB_OBJECT_MSG_NEW_PROCESS, target->pid);
    return STATUS_SUCCESS;
}

NTSTATUS job_add(struct job *job, struct process_object *target)
{
    bool dies_with_us;
    sigset_t signals;
    NTSTATUS status;

    job_lock(&signals);
    if (has_member(job, target)) {
        job_unlock(&signals);
        return STATUS_SUCCESS;
    }
    status = add_member(job, target);
    dies_with_us =
        job->limits.BasicLimitInformation.LimitFlags & JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    job_unlock(&signals);
    if (!status && target->pidfd >= 0)
        job_tell(target, job->id, dies_with_us);
    /* Documented for the limit on active processes. */
    if (status == STATUS_QUOTA_EXCEEDED && target->pidfd >= 0) {
        process_object_set_exit_status(target, STATUS_QUOTA_EXCEEDED);
        syscall(SYS_pidfd_send_signal, target->pidfd, SIGKILL, NULL, 0);
    }
    return status;
}

void job_tell_members(struct job *job)
{
    struct process_object *members[64];
    size_t count = 0;
    bool dies_with_us;
    sigset_t signals;

    job_lock(&signals);
    for (; count < job->count && count < 64; count++) {
        members[count] = job->members[count];
        object_retain(&members[count]->header);
    }
    dies_with_us =
        job->limits.BasicLimitInformation.LimitFlags & JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    job_unlock(&signals);
    while (count--) {
        if (members[count]->pidfd >= 0)
            job_tell(members[count], job->id, dies_with_us);
        object_release(&members[count]->header);
    }
}

void job_announce_members(struct job *job)
{
    for (size_t i = 0; i < job->count; i++)
        post(job, JOB_OBJECT_MSG_NEW_PROCESS, job->members[i]->pid);
}

NTSTATUS job_may_spawn(struct job *job, bool breaks_away, bool *joins)
{
    NTSTATUS status = STATUS_SUCCESS;
    sigset_t signals;
    ULONG flags;

    job_lock(&signals);
    flags = job->limits.BasicLimitInformation.LimitFlags;
    job_unlock(&signals);
    *joins = true;
    if (flags & JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK)
        *joins = false;
    else if (breaks_away && flags & JOB_OBJECT_LIMIT_BREAKAWAY_OK)
        *joins = false;
    else if (breaks_away)
        status = STATUS_ACCESS_DENIED;
    return status;
}

/* The exit statuses that JOB_OBJECT_MSG_ABNORMAL_EXIT_PROCESS's page lists. */
static bool is_abnormal(NTSTATUS status)
{
    static const NTSTATUS list[] = {
        STATUS_ACCESS_VIOLATION,       STATUS_ARRAY_BOUNDS_EXCEEDED,
        STATUS_BREAKPOINT,             STATUS_CONTROL_C_EXIT,
        STATUS_DATATYPE_MISALIGNMENT,  STATUS_FLOAT_DENORMAL_OPERAND,
        STATUS_FLOAT_DIVIDE_BY_ZERO,   STATUS_FLOAT_INEXACT_RESULT,
        STATUS_FLOAT_INVALID_OPERATION, STATUS_FLOAT_OVERFLOW,
        STATUS_FLOAT_STACK_CHECK,      STATUS_FLOAT_UNDERFLOW,
        STATUS_GUARD_PAGE_VIOLATION,   STATUS_ILLEGAL_INSTRUCTION,
        STATUS_IN_PAGE_ERROR,          STATUS_INTEGER_DIVIDE_BY_ZERO,
        STATUS_INTEGER_OVERFLOW,       STATUS_INVALID_DISPOSITION,
        STATUS_NONCONTINUABLE_EXCEPTION, STATUS_PRIVILEGED_INSTRUCTION,
        STATUS_SINGLE_STEP,            STATUS_STACK_OVERFLOW,
    };

    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
        if (list[i] == status)
            return true;
    return false;
}

void jobs_process_ended(struct process_object *target)
{
    NTSTATUS exit_status = atomic_load(&target->exit_status);
    sigset_t signals;
    size_t left = 0;

    job_lock(&signals);
    for (struct job *job = jobs; job; job = job->next) {
        for (size_t i = 0; i < job->count; i++) {
            if (job->members[i] != target)
                continue;
            job->members[i] = job->members[--job->count];
            left++;
            job->user_time += target->times.UserTime.QuadPart;
            job->kernel_time += target->times.KernelTime.QuadPart;
            post(job,
                 is_abnormal(exit_status) ? JOB_OBJECT_MSG_ABNORMAL_EXIT_PROCESS
                                          : JOB_OBJECT_MSG_EXIT_PROCESS,
                 target->pid);
            if (!job->count)
                post(job, JOB_OBJECT_MSG_ACTIVE_PROCESS_ZERO, 0);
        }
    }
    job_unlock(&signals);
    while (left--)
        object_release(&target->header);
}

NTSTATUS WINAPI NtAssignProcessToJobObject(HANDLE handle, HANDLE process_handle)
{
    struct process_object *target;
    struct object *object;
    NTSTATUS status = handle_get(handle, &job_ops, JOB_OBJECT_ASSIGN_PROCESS, &object);

    if (status)
        return status;
    status = handle_get(process_handle, &process_ops, PROCESS_SET_QUOTA | PROCESS_TERMINATE,
                        (struct object **)&target);
    if (!status) {
        status = job_add((struct job *)object, target);
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
        job_lock(&signals);
        for (struct job *job = jobs; job && !is_in; job = job->next)
            is_in = (!object || object == &job->header) && has_member(job, target);
        job_unlock(&signals);
        if (!object && &target->header == current_process_object())
            is_in = is_in || job_is_joined();
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
