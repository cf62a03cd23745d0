/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is known of processes and threads by handle. The objects themselves belong to
 * process_object.c and thread_object.c; process_info.c and thread_info.c answer questions about them.
 */
#ifndef DECANT_NTDLL_UNIX_PROCESS_H
#define DECANT_NTDLL_UNIX_PROCESS_H

#include "unix.h"

/* A process as its object knows it. */
struct process_facts {
    pid_t pid;
    pid_t parent;
    void *peb;              /* its PEB, an address in that process; NULL when not known */
    NTSTATUS exit_status;   /* STATUS_PENDING while it runs */
    bool has_ended;
    bool is_self;
    KERNEL_USER_TIMES times; /* once it has ended */
};

/* A thread as its object knows it. */
struct thread_facts {
    pid_t tid;
    pid_t pid;
    TEB *teb;               /* an address in its process; NULL once it ended */
    void *start;            /* its entry point */
    NTSTATUS exit_status;   /* STATUS_PENDING while it runs */
    bool has_ended;
    bool is_self;           /* the calling thread */
    bool is_local;          /* a thread of this process */
    KERNEL_USER_TIMES times; /* of such a thread; ExitTime 0 while it runs */
};

/* Both: STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH, STATUS_ACCESS_DENIED. */
NTSTATUS process_get_facts(HANDLE handle, ACCESS_MASK access, struct process_facts *facts);
NTSTATUS thread_get_facts(HANDLE handle, ACCESS_MASK access, struct thread_facts *facts);

/* The times of a process out of /proc, also of one that has ended and is not collected yet. False: it is gone. */
bool process_times(pid_t pid, KERNEL_USER_TIMES *times);
/* The times of a thread out of /proc; zeroes when it is not there any more. */
void process_thread_times(pid_t pid, pid_t tid, KERNEL_USER_TIMES *times);

#endif
