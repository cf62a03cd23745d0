/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The thread pool's own header: what its parts (work, timers, waits, I/O, groups, the older Rtl
 * functions) have in common.
 */
#ifndef DECANT_NTDLL_THREADPOOL_H
#define DECANT_NTDLL_THREADPOOL_H

#include "ntdll.h"

#define TP_PRIORITIES 3

struct tp_pool {
    LONG refs;                          /* the handle and the objects; workers are counted apart */
    RTL_SRWLOCK lock;                   /* guards everything below and the objects' counters */
    RTL_CONDITION_VARIABLE work;
    LIST_ENTRY queues[TP_PRIORITIES];
    LIST_ENTRY watched;                 /* on the list of pools with a backlog, see tp_watch_pool */
    bool is_watched, is_closing;
    DWORD maximum, minimum;
    DWORD threads, starting, long_running;
    DWORD idle, called;                 /* asleep for want of work; of those, woken for some */
    DWORD taken, taken_at_last_look;    /* callbacks begun: what the watch looks at */
    TP_POOL_STACK_INFORMATION stack;
};

enum tp_kind { TP_KIND_WORK, TP_KIND_SIMPLE, TP_KIND_TIMER, TP_KIND_WAIT, TP_KIND_IO };

struct tp_instance;

/*
 * Every TP_WORK, TP_TIMER, TP_WAIT and TP_IO begins with this.
 * References: one of the program's handle, one of each queued or running callback. The last one out frees it,
 * so on_destroy is called when no callback is left. Lock order: group, service (timers, waits, I/O), pool.
 */
struct tp_object {
    void *caller_data;          /* first: kernelbase keeps its callback of a TP_IO here */
    LONG refs;
    enum tp_kind kind;
    struct tp_pool *pool;
    struct tp_group *group;
    LIST_ENTRY group_link;
    PTP_CLEANUP_GROUP_CANCEL_CALLBACK cancel;
    PTP_SIMPLE_CALLBACK finalization;
    void *race_dll;             /* kept loaded while the object lives */
    void *callback, *context;
    bool is_long, is_released;
    unsigned priority;
    /* Under the pool's lock: */
    LIST_ENTRY queue_link;      /* in a queue while pending != 0 */
    LONG pending, running;
    RTL_CONDITION_VARIABLE idle;
    /* How to call back: `prepare` runs under the pool's lock and takes what belongs to this call. */
    void (*prepare)(struct tp_object *object, struct tp_instance *instance);
    void (*call)(struct tp_object *object, struct tp_instance *instance);
    void (*drop_pending)(struct tp_object *object); /* under the pool's lock; may be NULL */
    void (*disarm)(struct tp_object *object);       /* no new callbacks from now on; may be NULL */
    void (*on_destroy)(struct tp_object *object);   /* may be NULL */
};

/* What a callback gets as TP_CALLBACK_INSTANCE; lives on the worker's stack. */
struct tp_instance {
    struct tp_object *object;
    HANDLE thread;
    bool is_associated, is_long;
    RTL_CRITICAL_SECTION *section;
    HANDLE mutex, semaphore, event;
    LONG semaphore_count;
    HMODULE dll;
    /* What `prepare` took: */
    TP_WAIT_RESULT wait_result;
    void *io_value;
    IO_STATUS_BLOCK io;
};

/* Makes an object of at least sizeof(struct tp_object) bytes, with one reference. */
NTSTATUS tp_object_create(struct tp_object **object, SIZE_T bytes, enum tp_kind kind, void *callback,
                          void *context, TP_CALLBACK_ENVIRON *environ,
                          void (*call)(struct tp_object *, struct tp_instance *));
void tp_object_reference(struct tp_object *object);
/* For lists that hold no reference: false when the object is on its way out. */
bool tp_object_try_reference(struct tp_object *object);
void tp_object_dereference(struct tp_object *object);
/* Queues one callback. `note`, if any, runs under the pool's lock. */
void tp_object_post(struct tp_object *object, void (*note)(struct tp_object *, void *), void *argument);
/* Drops what is queued; returns how much that was. */
LONG tp_object_cancel(struct tp_object *object);
/* Returns when no callback is queued or runs. */
void tp_object_wait(struct tp_object *object);
bool tp_object_is_busy(struct tp_object *object);
/* The program's handle is closed. */
void tp_object_release(struct tp_object *object);

/* threadpool_group.c */
NTSTATUS tp_group_join(struct tp_group *group, struct tp_object *object);
void tp_group_leave(struct tp_object *object);

/* threadpool_watch.c looks at pools with a backlog now and then, and calls tp_pool_relieve, which starts
 * another worker when nothing was taken since the last look. False: the backlog is gone, and the pool off
 * the list. */
void tp_watch_pool(struct tp_pool *pool);
void tp_unwatch_pool(struct tp_pool *pool);
bool tp_pool_relieve(struct tp_pool *pool);
/* Starts a thread of the pool's own: a worker or one of the services. */
NTSTATUS tp_start_thread(DWORD(WINAPI *routine)(void *), void *argument,
                         const TP_POOL_STACK_INFORMATION *stack);

/* Monotonic, in 100 ns. */
static inline LONGLONG tp_now(void)
{
    LARGE_INTEGER counter, frequency;

    NtQueryPerformanceCounter(&counter, &frequency);
    return counter.QuadPart; /* 10 MHz */
}

/* NT's timeout as a point on that clock. Absolute times are taken at what the wall clock says now. */
static inline LONGLONG tp_deadline(const LARGE_INTEGER *timeout)
{
    LARGE_INTEGER wall;

    if (timeout->QuadPart <= 0)
        return tp_now() - timeout->QuadPart;
    NtQuerySystemTime(&wall);
    return tp_now() + (timeout->QuadPart > wall.QuadPart ? timeout->QuadPart - wall.QuadPart : 0);
}

#endif
