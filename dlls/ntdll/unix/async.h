/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Requests that may take their time: reading and writing pipes, waiting for a pipe's client, for changes in a
 * folder, for a lock. On a synchronous handle the caller waits; on an overlapped one the request
 * pends, and a thread of ours finishes it.
 *
 * A request is a function that is tried until it answers something else than STATUS_PENDING, each time
 * that its descriptor is ready. Requests of one direction on one file are served in the order in which they
 * were made, as Windows does: a later one is not tried before the earlier one ended.
 */
#ifndef DECANT_NTDLL_UNIX_ASYNC_H
#define DECANT_NTDLL_UNIX_ASYNC_H

#include "file.h"

enum async_queue {
    ASYNC_READS,     /* in order */
    ASYNC_WRITES,    /* in order */
    ASYNC_UNORDERED, /* listening, locking */
};

/* Where the outcome goes: the arguments that all Nt calls of this kind share. */
struct async_target {
    IO_STATUS_BLOCK *io;
    HANDLE event;
    PIO_APC_ROUTINE apc;
    void *apc_context; /* without `apc`: what a completion port's packet carries */
};

struct async {
    /* --- Set by who makes the request --- */
    struct file *file;
    enum async_queue queue;
    /* Called with the async lock held and signals blocked, so it may use system calls on the program's memory
     * (EFAULT) but not touch it. STATUS_PENDING: try again when `fd` is ready for `events`, or after some
     * milliseconds when `fd` is -1. */
    NTSTATUS (*attempt)(struct async *request);
    int fd;
    short events;
    char *buffer;               /* the program's */
    ULONG length;
    bool fills_buffer;          /* the outcome is written to `buffer` */
    bool is_indirect;           /* never by the kernel: ww_prepare_buffer said so */
    void *data;                 /* the request's own; freed with free() */

    /* --- Set by `attempt` --- */
    ULONG_PTR information;
    ULONG done;                 /* what it did so far, when it needs several attempts */

    /* --- async.c's --- */
    char *bounce;               /* while it pends, or is_indirect: stands for `buffer`, filled at the end */
    struct object *event_object;
    struct async_target target;
    struct async *next;
    uint64_t id;
    pid_t tid;                  /* who made it */
};

/* Where `attempt` puts what it reads: the program's buffer, or what stands for it. */
static inline char *async_buffer(const struct async *request)
{
    return request->bounce ? request->bounce : request->buffer;
}

/* For an attempt that has its data in memory of ours: to async_buffer, `bytes` of them. */
NTSTATUS async_put(struct async *request, const void *data, size_t bytes);

/* Makes the request described by *request (copied; `data` is taken over in any case). The file must be held
 * by the caller. Everything is delivered as Windows does: status block, event, APC, completion packet.
 * STATUS_PENDING: it goes on. */
NTSTATUS async_start(const struct async *request, const struct async_target *target);

/* The last step of a request that ended inside its call. Returns `status`, or what delivering it failed
 * with. An error status (not a warning) is delivered to nobody but the caller. */
NTSTATUS async_finish_inline(struct file *file, const struct async_target *target, NTSTATUS status,
                             ULONG_PTR information);

/* Ends the pending requests on a file (NULL: on all) with STATUS_CANCELLED: those of one thread (0: all), that use
 * `io` (NULL: any). Returns how many there were. */
unsigned async_cancel(struct file *file, pid_t tid, const IO_STATUS_BLOCK *io);

/* What requests on the file wait for has changed by other means than their descriptors: they are tried again.
 * With or without the async lock held. */
void async_kick(void);

/* The lock under which attempts run; signals are blocked while it is held. */
void async_lock(sigset_t *signals);
void async_unlock(const sigset_t *signals);

/* --- What the thread watches besides requests --- */

/* Calls `ready` with the async lock held when `fd` is readable, each time, until async_unwatch. */
struct async_watch {
    int fd;
    void (*ready)(struct async_watch *watch);
    struct async_watch *next;
};
NTSTATUS async_watch(struct async_watch *watch);
void async_unwatch(struct async_watch *watch); /* with the async lock held */

/* --- Synchronous calls that block in Linux (async_block.c) --- */

/* Between these the thread may be sent EINTR by CancelSynchronousIo or by its end; async_is_interrupted says so
 * and is to be asked after each EINTR. */
void async_block_begin(void);
bool async_is_interrupted(NTSTATUS *status);
void async_block_end(void);
/* Waits for a descriptor. STATUS_SUCCESS, STATUS_TIMEOUT, STATUS_CANCELLED … */
NTSTATUS async_block_on(int fd, short events, int milliseconds);

#endif
