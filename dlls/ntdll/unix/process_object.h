/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The objects behind handles of processes (process_object.c) and threads (thread_object.c).
 */
#ifndef DECANT_NTDLL_UNIX_PROCESS_OBJECT_H
#define DECANT_NTDLL_UNIX_PROCESS_OBJECT_H

#include "object.h"
#include "process.h"

extern const struct object_ops process_ops, thread_ops;

/* What programs set about a thread and read back; nothing here depends on it. Kept with the object, as on
 * Windows, so it outlives the thread. Under a lock of thread_info.c's. */
struct thread_settings {
    LONG priority;                  /* relative to the process's, as THREAD_BASIC_INFORMATION has it */
    ULONG is_boost_disabled;
    ULONG ideal_processor;
    WCHAR *description;             /* allocated, or NULL */
};

struct thread_object {
    struct object header;
    struct sync *sync;
    struct thread *thread;          /* while it lives, under the thread lock; else NULL */
    pid_t tid, pid;
    void *start;
    _Atomic NTSTATUS exit_status;   /* STATUS_PENDING while it runs */
    KERNEL_USER_TIMES times;        /* of a thread of ours; under the thread lock, whole once it ended */
    struct thread_settings settings;
    /* A thread of another process (remote.h): */
    struct process_object *process; /* with a reference; NULL: a thread of ours */
    uint32_t number;                /* how its process's service knows it; 0: not yet */
    TEB *teb;                       /* an address there */
    struct thread_object *next;     /* all such, under a lock of thread_object.c's */
};

/* A process: ours, or another one that is watched by a pidfd. */
struct process_object {
    struct object header;
    struct sync *sync;
    pid_t pid, parent;
    int pidfd;                      /* -1: ours */
    void *peb;
    bool is_child;                  /* our child: its status can be collected */
    _Atomic NTSTATUS exit_status;   /* STATUS_PENDING until it has ended */
    _Atomic bool has_ended;
    _Atomic NTSTATUS told_status;   /* what we ended it with, should its page be unknown */
    KERNEL_USER_TIMES times;        /* set before has_ended */
    struct child_page *page;        /* shared with a child, or NULL: process_create.c */
    struct remote_link *link;       /* the way to its service (remote.h); NULL: ours */
    struct process_object *next;    /* watched ones, under process_object.c's lock */
};

/* This process's own object; exists from the start. */
struct object *current_process_object(void);

/* An object for another process, watched until it ends. `page` may be NULL. Takes over pidfd. */
NTSTATUS process_object_create(pid_t pid, pid_t parent, int pidfd, bool is_child,
                               struct child_page *page, struct process_object **out);

/* Another process by its id, with a reference; one that is known already has one object. STATUS_INVALID_CID,
 * STATUS_ACCESS_DENIED. */
NTSTATUS process_object_open(pid_t pid, struct process_object **out);

/* A pidfd, or -1 with errno. */
int process_open_pidfd(pid_t pid);

/* A number out of /proc/ID/status, by sscanf's `format`; 0 when there is no such process or thread. */
pid_t process_status_number(pid_t id, const char *format);

/* An object for a thread of another process; `sync` is imported from there, or NULL when that
 * failed: then it is signalled when the process ends. */
NTSTATUS thread_object_create_remote(struct process_object *target, pid_t tid, struct sync *sync,
                                     struct thread_object **out);

/* `target` has ended, and its has_ended says so already (an object made later looks there): its threads have too. */
void thread_objects_process_ended(const struct process_object *target, NTSTATUS status);

/* For a thread that nobody else knows yet: its object's sync is one that another process has. */
void thread_object_set_sync(struct thread *thread, struct sync *sync);

/* Linux' id of the thread, also after its end. */
pid_t thread_object_tid(struct thread_object *object);
/* A thread of this process by its id, with a reference; NULL when there is none. */
struct thread_object *thread_object_find(pid_t tid, TEB **teb);

/* Creation and processor times of a thread of ours; under the thread lock. (thread_info.c) */
void thread_object_times(const struct thread_object *object, KERNEL_USER_TIMES *times);

/* The page of a process (child.h), also of this one; NULL: it is not known. */
struct child_page *process_object_page(struct process_object *object);

/* What a process that is about to be killed ends with. */
void process_object_set_exit_status(struct process_object *object, NTSTATUS status);

/* What the Nt functions do to a thread of either kind; arguments lie in memory of ours. Statuses are Windows',
 * and those of remote.h. (suspend.c, thread_context.c, thread_end.c, apc.c) */
NTSTATUS thread_object_suspend(struct thread_object *object, ULONG *previous);
NTSTATUS thread_object_resume(struct thread_object *object, ULONG *previous);
NTSTATUS thread_object_terminate(struct thread_object *object, uint32_t status);
NTSTATUS thread_object_queue_apc(struct thread_object *object, void *routine, ULONG_PTR arg1,
                                 ULONG_PTR arg2, ULONG_PTR arg3);
/* `context`: its flags say what is wanted; `registers`: all of them, with the extended state. */
struct register_state;
NTSTATUS thread_object_get_context(struct thread_object *object, CONTEXT *context,
                                   struct register_state *registers);
NTSTATUS thread_object_set_context(struct thread_object *object,
                                   const struct register_state *given);

#endif
