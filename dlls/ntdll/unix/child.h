/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The page that a process shares with its parent and with whoever opens it: what it tells of itself, and its
 * whole exit status (Linux keeps eight bits). Written by the process only, but for the status of a
 * TerminateProcess; the others trust nothing in it beyond that process's own facts.
 */
#ifndef DECANT_NTDLL_UNIX_CHILD_H
#define DECANT_NTDLL_UNIX_CHILD_H

#include "unix.h"

/* Sealed against shrinking: who has it mapped need not fear the other. */
#define CHILD_PAGE_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

struct child_page {
    _Atomic uint32_t state;       /* futex: 0 starting, 1 runs, 2 could not be started */
    _Atomic uint32_t exit_status; /* what it ends with, once has_ended is not 0 */
    _Atomic uint32_t has_ended;   /* apart, since an exit status may be STATUS_PENDING's number */
    _Atomic uint32_t priority_class; /* PROCESS_PRIOCLASS_*; 0: normal. Whoever may set it, does it here */
    _Atomic uint32_t is_boost_disabled;
    NTSTATUS start_status;        /* why not, for state 2 */
    pid_t tid;                    /* its first thread */
    uint64_t peb, teb, entry;
};

/* A new page; MAP_FAILED on failure, and *fd is -1 then. */
struct child_page *child_page_create(int *fd);

/* This process's own page and its descriptor (borrowed), made when somebody asks first; NULL and -1 when
 * that fails. (process_handover.c) */
struct child_page *own_child_page(int *fd);

/* All accept NULL. The first exit status that is set stays. */
bool child_page_exit_status(const struct child_page *page, NTSTATUS *status);
void child_page_set_exit_status(struct child_page *page, NTSTATUS status);
void *child_page_peb(const struct child_page *page);
void child_page_free(struct child_page *page);

#endif
