/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The objects behind handles of processes and threads.
 */
#ifndef DECANT_NTDLL_UNIX_PROCESS_OBJECT_H
#define DECANT_NTDLL_UNIX_PROCESS_OBJECT_H

#include "object.h"
#include "process.h"

extern const struct object_ops process_ops, thread_ops;

struct thread_object {
    struct object header;
    struct sync *sync;
    struct thread *thread;          /* while it lives, under the thread lock; else NULL */
    pid_t tid, pid;
    void *start;
    _Atomic NTSTATUS exit_status;   /* STATUS_PENDING while it runs */
};

/* A process: ours, or another one that is watched by a pidfd. */
struct process_object {
    struct object header;
    struct sync *sync;
    pid_t pid, parent;
    int pidfd;                      /* -1: ours */
    void *peb;
    bool is_child;                  /* our child: its status can be collected */
    _Atomic NTSTATUS exit_status;
    struct child_page *page;        /* shared with a child, or NULL: process_create.c */
    struct process_object *next;    /* watched ones, under process_object.c's lock */
};

/* This process's own object; exists from the start. */
struct object *current_process_object(void);

/* An object for another process, watched until it ends. `page` may be NULL. Takes over pidfd. */
NTSTATUS process_object_create(pid_t pid, pid_t parent, int pidfd, bool is_child,
                               struct child_page *page, struct process_object **out);

/* An object for a thread of another process (its first one). */
NTSTATUS remote_thread_object_create(pid_t tid, pid_t pid, struct object **out);

#endif
