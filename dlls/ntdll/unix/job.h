/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Job objects. A job lives in the process that made it, its holder, and knows its members, wherever they came
 * from: a member process is told that it is in (job_member.c), asks the holder before and after it starts a child,
 * and ends when a holder that was to take its members along is gone, however it went.
 *
 *   job.c         the object: members, ending them, completion messages
 *   job_info.c    questions and limits
 *   job_member.c  the member's side, and what members ask the holder
 */
#ifndef DECANT_NTDLL_UNIX_JOB_H
#define DECANT_NTDLL_UNIX_JOB_H

#include <signal.h>

#include "process_object.h"

struct job {
    struct object header;
    struct sync *sync;
    uint64_t id;                        /* in this process */
    /* Under job_lock: */
    struct process_object **members;    /* those that run, each with a reference */
    size_t count, room;
    uint32_t total, terminated;         /* ever in it; ended for a limit */
    LONGLONG user_time, kernel_time;    /* of those that have ended, 100 ns */
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits;
    struct object *port;                /* completion port for messages, or NULL */
    ULONG_PTR port_key;
    struct job *next;
};

extern const struct object_ops job_ops;

void job_lock(sigset_t *old);
void job_unlock(const sigset_t *old);

/* A job of this process by its id, with a reference; NULL: none. */
struct job *job_find(uint64_t id);
/* A job that this process is in and holds itself, with a reference; NULL: none. */
struct job *job_of_self(void);

/* Puts a process in and tells it. STATUS_QUOTA_EXCEEDED: one too many; it was ended then. */
NTSTATUS job_add(struct job *job, struct process_object *target);
/* Whether a member's new child is to join. STATUS_ACCESS_DENIED: it wants to break away and may not. */
NTSTATUS job_may_spawn(struct job *job, bool breaks_away, bool *joins);
/* The limits changed: members know of KILL_ON_JOB_CLOSE. */
void job_tell_members(struct job *job);
/* Messages for the members that are in already, once a port is there. Under the lock. */
void job_announce_members(struct job *job);

NTSTATUS job_query(struct job *job, JOBOBJECTINFOCLASS class, void *buffer, ULONG length,
                   ULONG *needed);

/* This process ends, which closes its handles: jobs that end their members then do so. */
void jobs_process_exiting(void);
/* A process that is watched has ended. */
void jobs_process_ended(struct process_object *target);

/* --- job_member.c --- */

/* Tells a process that it is in the job, and whether it ends with us. */
void job_tell(struct process_object *target, uint64_t id, bool dies_with_us);
/* Whether this process is in a job of another one. */
bool job_is_joined(void);
/* QueryInformationJobObject on the job that this process is in. */
NTSTATUS job_query_joined(JOBOBJECTINFOCLASS class, void *buffer, ULONG length, ULONG *needed);

/* A process is about to be started: which of our jobs it joins. STATUS_ACCESS_DENIED: it must not break away. */
#define MAX_JOINED 8
struct job_plan {
    struct {
        struct process_object *holder;  /* with a reference; NULL: we hold it */
        uint64_t id;
    } jobs[2 * MAX_JOINED];
    size_t count;
};
NTSTATUS job_plan_child(struct job_plan *plan, bool breaks_away);
/* It was started (`child`), or not (NULL); drops the plan. */
NTSTATUS job_finish_plan(struct job_plan *plan, struct process_object *child);

/* For the service thread: pidfds of holders with whom this process ends. */
size_t job_holder_fds(int *fds, size_t room);
/* One of them is readable: the holder is gone. */
void job_holder_ended(int fd);

#endif
