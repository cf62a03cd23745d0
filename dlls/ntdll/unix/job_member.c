/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Jobs of other processes that this one is in, and what a member and the holder of its job say to each other over
 * their services (remote.h). See job.h.
 *
 * The holder tells a process that it is in (REMOTE_JOB_JOIN), and again when the job's limits change. A member asks
 * before it starts a child (REMOTE_JOB_MAY_SPAWN) and tells of the child once it runs (REMOTE_JOB_ADD); the holder
 * then tells that one. A member whose job is to end with its holder watches him by pidfd: that he was
 * killed is just what such jobs are for.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "job.h"
#include "remote.h"
#include "thread.h"

struct joined {
    uint64_t id;        /* in the holder */
    pid_t holder;
    int pidfd;          /* the holder's */
    bool dies_with_it;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct joined joined[MAX_JOINED];
static size_t joined_count;

static void lock_joined(sigset_t *old)
{
    sigset_t all;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, old);
    pthread_mutex_lock(&lock);
}

static void unlock_joined(const sigset_t *old)
{
    pthread_mutex_unlock(&lock);
    pthread_sigmask(SIG_SETMASK, old, NULL);
}

/* --- The holder's requests --- */

void job_tell(struct process_object *target, uint64_t id, bool dies_with_us)
{
    struct remote_call call = {.code = REMOTE_JOB_JOIN,
                               .values = {id, (uint64_t)process.pid, dies_with_us},
                               .fd = -1};
    NTSTATUS status = remote_call(target, &call);

    if (status)
        trace(TRACE_PROCESS, "process %d does not hear that it is in a job: status %08x", target->pid,
              (unsigned)status);
}

NTSTATUS remote_serve_job_join(struct remote_peer *peer, struct remote_message *message, int *fd)
{
    uint64_t id = message->values[0];
    pid_t holder = (pid_t)message->values[1];
    NTSTATUS status = STATUS_SUCCESS;
    sigset_t signals;
    size_t i;

    (void)peer, (void)fd;
    message->bytes = 0;
    lock_joined(&signals);
    for (i = 0; i < joined_count && (joined[i].id != id || joined[i].holder != holder); i++)
        ;
    if (i == joined_count) {
        int pidfd = i < MAX_JOINED ? (int)syscall(SYS_pidfd_open, holder, 0) : -1;

        if (pidfd >= 0)
            joined[joined_count++] = (struct joined){.id = id, .holder = holder, .pidfd = pidfd};
        else
            status = i < MAX_JOINED ? errno_to_status(errno) : STATUS_QUOTA_EXCEEDED;
    }
    if (!status)
        joined[i].dies_with_it = message->values[2];
    unlock_joined(&signals);
    return status;
}

size_t job_holder_fds(int *fds, size_t room)
{
    size_t count = 0;
    sigset_t signals;

    lock_joined(&signals);
    for (; count < joined_count && count < room; count++)
        fds[count] = joined[count].pidfd;
    unlock_joined(&signals);
    return count;
}

void job_holder_ended(int fd)
{
    bool is_our_end = false;
    sigset_t signals;

    lock_joined(&signals);
    for (size_t i = joined_count; i-- > 0;) {
        if (joined[i].pidfd != fd)
            continue;
        is_our_end = joined[i].dies_with_it;
        joined[i] = joined[--joined_count];
    }
    unlock_joined(&signals);
    close(fd);
    if (is_our_end)
        process_exit(STATUS_SUCCESS);
}

/* --- The member's requests --- */

bool job_is_joined(void)
{
    bool is_joined;
    sigset_t signals;

    lock_joined(&signals);
    is_joined = joined_count;
    unlock_joined(&signals);
    return is_joined;
}

/* The holder's process, with a reference. */
static NTSTATUS open_holder(const struct joined *job, struct process_object **holder)
{
    return process_object_open(job->holder, holder);
}

NTSTATUS job_query_joined(JOBOBJECTINFOCLASS class, void *buffer, ULONG length, ULONG *needed)
{
    char answer[4096] __attribute__((aligned(8)));
    struct remote_call call = {.code = REMOTE_JOB_QUERY,
                               .values = {0, class, length},
                               .answer = answer,
                               .answer_room = sizeof(answer),
                               .fd = -1};
    struct process_object *holder;
    struct joined job;
    bool is_joined;
    sigset_t signals;
    ULONG bytes;
    NTSTATUS status;

    lock_joined(&signals);
    is_joined = joined_count;
    if (is_joined)
        job = joined[joined_count - 1]; /* the innermost */
    unlock_joined(&signals);
    if (!is_joined)
        return STATUS_ACCESS_DENIED;
    if (length > sizeof(answer))
        call.values[2] = sizeof(answer);
    status = open_holder(&job, &holder);
    if (status)
        return STATUS_ACCESS_DENIED; /* as if there were none any more */
    call.values[0] = job.id;
    status = remote_call(holder, &call);
    object_release(&holder->header);
    if (call.answer_bytes && guest_copy_out(buffer, answer, call.answer_bytes))
        return STATUS_ACCESS_VIOLATION;
    bytes = (ULONG)call.values[0];
    if (needed && bytes && guest_copy_out(needed, &bytes, sizeof(bytes)))
        return STATUS_ACCESS_VIOLATION;
    return status;
}

/* Asks one holder. */
static NTSTATUS plan_joined(struct job_plan *plan, const struct joined *job, bool breaks_away)
{
    struct remote_call call = {
        .code = REMOTE_JOB_MAY_SPAWN, .values = {job->id, breaks_away}, .fd = -1};
    struct process_object *holder;
    NTSTATUS status;

    /* A job whose holder is gone without taking us along is none any more. */
    if (open_holder(job, &holder))
        return STATUS_SUCCESS;
    status = remote_call(holder, &call);
    if (!status && call.values[0]) {
        plan->jobs[plan->count].holder = holder;
        plan->jobs[plan->count++].id = job->id;
        return STATUS_SUCCESS;
    }
    object_release(&holder->header);
    return status == STATUS_ACCESS_DENIED ? status : STATUS_SUCCESS;
}

NTSTATUS job_plan_child(struct job_plan *plan, bool breaks_away)
{
    struct job *own = job_of_self();
    struct joined copy[MAX_JOINED];
    size_t count;
    NTSTATUS status = STATUS_SUCCESS;
    sigset_t signals;
    bool joins;

    plan->count = 0;
    if (own) {
        status = job_may_spawn(own, breaks_away, &joins);
        if (!status && joins) {
            plan->jobs[plan->count].holder = NULL;
            plan->jobs[plan->count++].id = own->id;
        }
        object_release(&own->header);
    }
    lock_joined(&signals);
    count = joined_count;
    memcpy(copy, joined, sizeof(copy));
    unlock_joined(&signals);
    for (size_t i = 0; i < count && !status; i++)
        status = plan_joined(plan, &copy[i], breaks_away);
    if (status)
        job_finish_plan(plan, NULL);
    return status;
}

NTSTATUS job_finish_plan(struct job_plan *plan, struct process_object *child)
{
    NTSTATUS status = STATUS_SUCCESS;

    for (size_t i = 0; i < plan->count; i++) {
        struct process_object *holder = plan->jobs[i].holder;
        struct job *job = holder ? NULL : job_find(plan->jobs[i].id);

        if (job) {
            if (child && !status)
                status = job_add(job, child);
            object_release(&job->header);
        } else if (holder && child && !status) {
            struct remote_call call = {.code = REMOTE_JOB_ADD,
                                       .values = {plan->jobs[i].id, (uint64_t)child->pid},
                                       .fd = -1};

            status = remote_call(holder, &call);
            if (status == STATUS_PROCESS_IS_TERMINATING)
                status = STATUS_SUCCESS; /* the holder's end is the job's, or ours */
        }
        if (holder)
            object_release(&holder->header);
    }
    plan->count = 0;
    return status;
}

/* --- The holder's side of these --- */

NTSTATUS remote_serve_job_may_spawn(struct remote_peer *peer, struct remote_message *message,
                                    int *fd)
{
    struct job *job = job_find(message->values[0]);
    bool joins = false;
    NTSTATUS status = job ? job_may_spawn(job, message->values[1], &joins) : STATUS_SUCCESS;

    (void)peer, (void)fd;
    message->bytes = 0;
    message->values[0] = joins;
    if (job)
        object_release(&job->header);
    return status;
}

NTSTATUS remote_serve_job_add(struct remote_peer *peer, struct remote_message *message, int *fd)
{
    struct job *job = job_find(message->values[0]);
    struct process_object *child;
    NTSTATUS status;

    (void)peer, (void)fd;
    message->bytes = 0;
    if (!job)
        return STATUS_SUCCESS; /* closed meanwhile */
    status = process_object_open((pid_t)message->values[1], &child);
    if (!status) {
        status = job_add(job, child);
        object_release(&child->header);
    }
    object_release(&job->header);
    return status;
}

NTSTATUS remote_serve_job_query(struct remote_peer *peer, struct remote_message *message, int *fd)
{
    struct job *job = job_find(message->values[0]);
    ULONG length = (ULONG)message->values[2], needed = 0;
    NTSTATUS status = STATUS_ACCESS_DENIED;

    (void)peer, (void)fd;
    message->bytes = 0;
    if (job) {
        status = length <= REMOTE_BYTES
                     ? job_query(job, (JOBOBJECTINFOCLASS)message->values[1], message->data, length,
                                 &needed)
                     : STATUS_INVALID_PARAMETER;
        object_release(&job->header);
    }
    if (!status || status == STATUS_BUFFER_OVERFLOW)
        message->bytes = needed <= length ? needed : 0;
    message->values[0] = needed;
    return status;
}
