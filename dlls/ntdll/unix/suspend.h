/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Between the files that stop other threads:
 *   suspend.c          suspending and resuming: the suspender's side
 *   suspend_target.c   the target's: where a thread stands, and how it answers
 *   thread_context.c   getting and setting the context of a thread
 *   thread_end.c       ending threads
 *
 * A thread is stopped by a real-time signal. Found in the program's code it stands in the handler,
 * with its registers published. Found in a system call it must not stand there: it may hold a lock
 * of ours or of glibc's. It goes on, and stops in syscall_leave before it returns to the program; from the
 * program's view it is stopped already, with the registers of its system call frame published.
 *
 * Who does what: a suspender holds suspend_lock, changes suspend_count and `change`, and waits until the target
 * has answered in `where`. The target takes no lock. It reads `change` before suspend_count and sleeps on `change`, so
 * a resume and suspend in between wakes it and it answers anew. A suspender keeps the
 * target's signal_state by a reference, never its struct thread; a thread that ends answers
 * WHERE_EXITED.
 */
#ifndef DECANT_NTDLL_UNIX_SUSPEND_H
#define DECANT_NTDLL_UNIX_SUSPEND_H

#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "process_object.h"
#include "signal.h"

extern pthread_mutex_t suspend_lock;

/* The signal_state of a thread of ours, with a reference. STATUS_THREAD_IS_TERMINATING once it has
 * ended. */
NTSTATUS suspend_get_state(struct thread_object *object, struct signal_state **out);

/* Under suspend_lock. The first returns when the target stands or cannot go on into the program. */
NTSTATUS suspend_add(struct signal_state *state, ULONG *previous);
void suspend_take_away(struct signal_state *state, ULONG *previous);

/* Calls `action` for all threads of the process but the calling one. */
void suspend_for_others(void (*action)(struct signal_state *));

static inline bool suspend_is_self(const struct signal_state *state)
{
    return state == signal_state(current_thread);
}

static inline void suspend_futex_wait(_Atomic uint32_t *word, uint32_t value)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static inline void suspend_futex_wake(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 0x7fffffff, NULL, NULL, 0);
}

#endif
