/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The waitable state of objects, and waiting.
 *
 * A struct sync lies in shareable memory (an arena), so that an object can be given to another
 * process without moving. Its fields change only under its own spin lock, which is held for a few
 * instructions and never across a system call; a wait for all objects takes the locks of all
 * of them, which makes it atomic. Two processes may see two objects in a different order of addresses, so
 * who holds one lock only tries for the next, and begins again when he does not get it. Sleepers watch `sequence`, which every signalling
 * increments:
 *
 *   waiter: count itself in waiters; read sequence; look (and take) under the lock; if there is nothing to take,
 *           sleep on sequence == what was read.
 *   signal: change the state under the lock; sequence++; if waiters, FUTEX_WAKE.
 *
 * Nothing is lost: a signal after the look changes the sequence, and the sleep does not begin. A waiter
 * that was woken always looks before it gives up (timeout, alert), so a wake-up of one is never swallowed; when
 * somebody among the waiters waits for several objects, he may be satisfied by another
 * object, therefore all are woken then (`many`).
 *
 * An alert (an APC, the thread's end) ends the sleep as well. A wait for several objects has the thread's alert word
 * as one more futex. For one object that would make two threads' round trips a tenth slower, so such a waiter
 * names the object in `sleeps_on` before it reads the sequence and looks for alerts. Who alerts sets the flag
 * before it reads `sleeps_on`, and signals that object: all who wait there look once more.
 *
 * The futex is private to the process until sync_locate tells where it lies (`is_public`): the kernel finds the key
 * of a shared one by walking the page table, of a private one by its address. The waiter reads the mark after
 * the sequence, the waker after its increment, and setting it is a signal to the private sleepers.
 *
 * Events are more than a flag. On Windows, SetEvent lets go whoever waits at that moment, whatever happens
 * before they run again: a ResetEvent right after it, a second SetEvent, a PulseEvent.
 *   - Manual kinds count their settings (`epoch`). A waiter that finds another epoch than the one at
 *     its start was let go, also when the event is reset by now.
 *   - Auto kinds give one `grant` to the waiters per setting, as long as there are more of these
 *     (`grantable`) than grants; only then the flag itself is set. Grants are taken by registered
 *     waiters alone, and a reset leaves them. A waiter that goes without its grant, since it got another
 *     object, leaves it behind: what is more than the waiters becomes the flag, as if the setting had come
 *     after its end. Hence always: grants <= grantable.
 * A wait for all takes flags only: it must find everything signalled at one time.
 *
 * A process that is killed while it waits stays counted in `waiters` and `grantable`, and a grant would go to a
 * dead waiter. So after a death the server begins a new `round` on the objects that process knew: the counts
 * are 0 again, and every living waiter, woken, finds another round than its own and counts itself in once more.
 */
#ifndef DECANT_NTDLL_UNIX_SYNC_H
#define DECANT_NTDLL_UNIX_SYNC_H

#include "object.h"
#include "decant/sync_layout.h"

/* Where a sync lies, for another process, which may sleep on it from now on: a descriptor of its arena
 * (borrowed) and its slot. */
bool sync_locate(struct sync *sync, int *fd, uint32_t *slot);
/* It is known to another process from now on: the slot is never reused, since it is not known when the other
 * lets go of it. */
void sync_mark_shared(struct sync *sync);
/* The same for one that another process has without the server's knowing: nothing takes the mark back. */
void sync_share_for_good(struct sync *sync);
/* The same sync in this process; takes over the descriptor. NULL: no such slot, or no memory. */
struct sync *sync_import(int fd, uint32_t slot);

struct sync *sync_create(enum sync_kind kind, int32_t count, int32_t limit);
void sync_destroy(struct sync *sync);

void sync_lock(struct sync *sync);
/* Tries for a few microseconds. */
bool sync_try_lock(struct sync *sync);
void sync_unlock(struct sync *sync);

/* Sets a manual or auto kind; returns the previous state. */
int32_t sync_set(struct sync *sync);
int32_t sync_reset(struct sync *sync);
int32_t sync_pulse(struct sync *sync);
/* STATUS_SEMAPHORE_LIMIT_EXCEEDED when it would pass the limit. */
NTSTATUS sync_release_semaphore(struct sync *sync, int32_t add, int32_t *previous);
/* STATUS_MUTANT_NOT_OWNED when `tid` is not the owner. */
NTSTATUS sync_release_mutant(struct sync *sync, uint32_t tid, int32_t *previous);
/* The owner `tid` ended: the next wait answers WAIT_ABANDONED. */
void sync_abandon(struct sync *sync, uint32_t tid);
/* The same for all mutants that the thread of this process owns. */
void mutants_abandon_all(const struct thread *thread);
/* Wakes whoever waits, to look again. */
void sync_wake(struct sync *sync);

/* Waits. `deadline`: absolute CLOCK_MONOTONIC nanoseconds, 0 for a look without waiting, UINT64_MAX for ever.
 * Returns STATUS_WAIT_0 + index, STATUS_ABANDONED_WAIT_0 + index, STATUS_TIMEOUT, STATUS_USER_APC
 * (alertable only), STATUS_ALERTED; STATUS_THREAD_IS_TERMINATING when the thread is to end, which it does
 * on its way out of the system call. */
#define WAIT_FOREVER UINT64_MAX
NTSTATUS sync_wait(struct sync *const *syncs, uint32_t count, bool all, bool alertable,
                   uint64_t deadline);

/* An NT timeout as a deadline; NULL is for ever. Relative ones are monotonic. */
uint64_t deadline_from_nt(const LARGE_INTEGER *timeout);
uint64_t monotonic_now(void); /* ns */

/* --- Objects made of a sync (sync_objects.c) --- */

extern const struct object_ops event_ops, semaphore_ops, mutant_ops;

struct sync_object {
    struct object header;
    struct sync *sync;
};

/* For other files that signal an event they hold by object (I/O completion). */
void event_object_set(struct object *object);
void event_object_reset(struct object *object);

/* Ends the thread's sleep, after what it shall find was stored: it looks for that again. Safe in signal
 * handlers. The thread must stay meanwhile. */
void thread_alert(struct thread *thread);

/* --- APCs (apc.c) --- */

/* Queues a user APC; the thread runs it in its next alertable wait. */
NTSTATUS apc_queue(struct thread *thread, void *routine, ULONG_PTR arg1, ULONG_PTR arg2,
                   ULONG_PTR arg3);
bool apc_is_pending(const struct thread *thread);
void apc_free_all(struct thread *thread);

#endif
