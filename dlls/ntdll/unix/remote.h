/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Calls into another process: what Windows does to a process by its handle (memory, threads, write watch) is
 * done by that process itself, on a service thread that the program does not see.
 *
 *   remote_link.c            the way to another process's service, and one call over it
 *   remote_service.c         the service thread
 *   remote_service_memory.c  its requests on memory       remote_memory.c  the caller's side of them
 *   remote_service_thread.c  its requests on threads      remote_thread.c  the caller's side of them
 *   object_duplicate.c       both sides of requests on handles
 *
 * decantserver makes the connection (connect_process in protocol.def): the caller gets one end of a socket pair, and the
 * service the other, on its service channel. The server serves one user alone, so both are his. The service trusts
 * nothing in a request beyond that; a caller can do no more than what Linux lets the same user do by
 * process_vm_writev anyway. Windows' access rights are checked on the caller's handle, before the call.
 *
 * A call is bounded: a process that does not answer within REMOTE_LIMIT_MS (stopped by SIGSTOP, say) gives
 * STATUS_IO_TIMEOUT, and the link is cut, so that a late answer is never taken for that of another call and a
 * request that was not taken yet is dropped. A process that ends meanwhile gives STATUS_PROCESS_IS_TERMINATING;
 * one that has no service (no program of ours) STATUS_NOT_SUPPORTED.
 */
#ifndef DECANT_NTDLL_UNIX_REMOTE_H
#define DECANT_NTDLL_UNIX_REMOTE_H

#include "process_object.h"

#define REMOTE_LIMIT_MS 5000
#define REMOTE_VALUES   10
#define REMOTE_BYTES    (32 * 1024) /* of data that a message may carry */

/* What the numbers in `values` are is said where a request is made and where it is served. */
enum remote_code {
    REMOTE_HELLO,           /* the service's first message: who it is, and its page (child.h) */
    REMOTE_ALLOCATE,
    REMOTE_FREE,
    REMOTE_PROTECT,
    REMOTE_WRITE,           /* to pages that a watch keeps closed */
    REMOTE_LOCK,
    REMOTE_QUERY_MEMORY,
    REMOTE_MAP,
    REMOTE_UNMAP,
    REMOTE_MARK_WRITTEN,
    REMOTE_GET_WRITE_WATCH,
    REMOTE_RESET_WRITE_WATCH,
    REMOTE_CREATE_THREAD,
    REMOTE_OPEN_THREAD,
    REMOTE_CLOSE_THREAD,
    REMOTE_SUSPEND_THREAD,
    REMOTE_RESUME_THREAD,
    REMOTE_TERMINATE_THREAD,
    REMOTE_GET_CONTEXT,
    REMOTE_SET_CONTEXT,
    REMOTE_QUEUE_APC,
    REMOTE_QUERY_THREAD,
    REMOTE_JOB_JOIN,        /* jobs: job_member.c */
    REMOTE_JOB_MAY_SPAWN,
    REMOTE_JOB_ADD,
    REMOTE_JOB_QUERY,
    REMOTE_QUERY_PROCESS,
    REMOTE_SUSPEND_PROCESS,
    REMOTE_RESUME_PROCESS,
    REMOTE_GIVE_HANDLE,
    REMOTE_TAKE_HANDLE,
    REMOTE_CLOSE_HANDLE,
    REMOTE_CODES
};

struct remote_message {
    uint32_t code;          /* enum remote_code; of an answer: the NTSTATUS */
    uint32_t bytes;         /* of data */
    uint64_t values[REMOTE_VALUES];
    char data[REMOTE_BYTES];
};
#define REMOTE_HEAD_BYTES offsetof(struct remote_message, data)

/* Two builds whose messages differ do not talk to each other. */
#define REMOTE_VERSION (0x44430001u ^ REMOTE_CODES << 8 ^ (uint32_t)sizeof(struct remote_message))

/* --- The caller's side --- */

struct remote_call {
    enum remote_code code;
    uint64_t values[REMOTE_VALUES]; /* asked with, and answered */
    const void *data;               /* goes along */
    size_t bytes;
    void *answer;                   /* where data of the answer go */
    size_t answer_room, answer_bytes;
    int fd;                         /* a descriptor that goes along (stays the caller's), or -1 */
    int answer_fd;                  /* one that came, now the caller's, or -1 */
};

struct remote_link;

/* Starts to connect, without waiting; a call connects (again) when there is no connection. `pidfd` is borrowed for
 * the time of the link; it tells whether the process still is the one that was meant. NULL: no memory. */
struct remote_link *remote_link_open(pid_t pid, int pidfd);
/* The same over a socket whose other end is served already; takes it over (tests). */
struct remote_link *remote_link_over(int fd);
void remote_link_close(struct remote_link *link);
/* Waits until the service has answered the connection. */
void remote_link_await(struct remote_link *link, int limit_ms);
/* The page that the process shares with us (child.h), or NULL; does not wait. Stays the link's. */
struct child_page *remote_link_page(struct remote_link *link);
NTSTATUS remote_link_call(struct remote_link *link, struct remote_call *call, int limit_ms);

/* One call to the process. */
NTSTATUS remote_call(struct process_object *target, struct remote_call *call);

/* The process behind a handle with `access`, with a reference; NULL when it is this one. */
NTSTATUS remote_target(HANDLE handle, ACCESS_MASK access, struct process_object **target);

/* Memory. As the Nt functions, with pointers to our own memory. */
struct remote_placement {
    uint64_t low, high, align;
};
NTSTATUS remote_allocate(struct process_object *target, void **base, SIZE_T *bytes, ULONG type,
                         ULONG protect, const struct remote_placement *where);
NTSTATUS remote_free(struct process_object *target, void **base, SIZE_T *bytes, ULONG type);
NTSTATUS remote_protect(struct process_object *target, void **base, SIZE_T *bytes, ULONG protect,
                        ULONG *old);
NTSTATUS remote_write(struct process_object *target, void *address, const void *data, size_t bytes,
                      size_t *done);
NTSTATUS remote_lock(struct process_object *target, void **base, SIZE_T *bytes, bool is_lock);
/* Classes of NtQueryVirtualMemory; the basic one is mostly read out of the other's books
 * (process_memory.h). Answers go to `guest`, an address of the program, which they may name (strings). */
NTSTATUS remote_query_memory(struct process_object *target, const void *address, ULONG class,
                             void *guest, SIZE_T length, SIZE_T *needed);
NTSTATUS remote_map(struct process_object *target, struct object *section, void **base,
                    SIZE_T *bytes, uint64_t offset, ULONG type, ULONG protect,
                    const struct remote_placement *where);
NTSTATUS remote_unmap(struct process_object *target, void *address, ULONG flags);
/* *count: the array's room (at most REMOTE_BYTES / 8 are filled), then how many came. */
NTSTATUS remote_get_write_watch(struct process_object *target, void *base, size_t bytes, bool reset,
                                void **addresses, size_t *count);
/* These pages count as written. */
NTSTATUS remote_mark_written(struct process_object *target, void *const *pages, size_t count);
NTSTATUS remote_reset_write_watch(struct process_object *target, void *base, size_t bytes);

/* Threads. `object` is one of another process. */
NTSTATUS remote_thread_create(struct process_object *target, void *start, void *argument,
                              ULONG flags, SIZE_T stack_commit, SIZE_T stack_reserve,
                              struct thread_object **out);
NTSTATUS remote_thread_open(struct process_object *target, pid_t tid, struct thread_object **out);
NTSTATUS remote_thread_suspend(struct thread_object *object, bool is_resume, ULONG *previous);
NTSTATUS remote_thread_terminate(struct thread_object *object, uint32_t status);
NTSTATUS remote_thread_get_context(struct thread_object *object, CONTEXT *context,
                                   struct register_state *registers);
NTSTATUS remote_thread_set_context(struct thread_object *object,
                                   const struct register_state *registers);
NTSTATUS remote_thread_queue_apc(struct thread_object *object, void *routine, ULONG_PTR arg1,
                                 ULONG_PTR arg2, ULONG_PTR arg3);
NTSTATUS remote_thread_query(struct thread_object *object, ULONG *suspended);
/* How many handles it has open. */
NTSTATUS remote_process_query(struct process_object *target, ULONG *handles);
NTSTATUS remote_process_suspend(struct process_object *target, bool is_resume);
/* The object goes: the other process may let go of its own. */
void remote_thread_closed(struct thread_object *object);

/* --- The service --- */

/* Starts the service thread of this process on the service channel, which is the thread's from then on. 0 or
 * -errno. */
int remote_service_start(int channel);

/* What a caller holds: thread objects by the number that he knows them by. */
struct remote_peer {
    int fd;
    struct object **threads;    /* each with a reference; NULL: free */
    size_t thread_room;
    struct object *lent;        /* whose descriptor goes with the answer: with a reference until it is sent */
};

/* Serves one request: fills `message` with the answer. *fd is a descriptor that came along, or -1, and the
 * service's to close; on return one that goes along (borrowed), or -1. */
typedef NTSTATUS remote_handler(struct remote_peer *peer, struct remote_message *message, int *fd);
extern remote_handler remote_serve_allocate, remote_serve_free, remote_serve_protect,
    remote_serve_write, remote_serve_mark_written, remote_serve_lock, remote_serve_query_memory, remote_serve_map, remote_serve_unmap,
    remote_serve_get_write_watch, remote_serve_reset_write_watch;
extern remote_handler remote_serve_create_thread, remote_serve_open_thread,
    remote_serve_close_thread, remote_serve_suspend_thread, remote_serve_resume_thread,
    remote_serve_terminate_thread, remote_serve_get_context, remote_serve_set_context,
    remote_serve_queue_apc, remote_serve_query_thread, remote_serve_query_process, remote_serve_suspend_process,
    remote_serve_resume_process;
extern remote_handler remote_serve_give_handle, remote_serve_take_handle,
    remote_serve_close_handle;

extern remote_handler remote_serve_job_join, remote_serve_job_may_spawn, remote_serve_job_add,
    remote_serve_job_query;

/* Serves the connection until the other end hangs up (tests). */
void remote_service_serve(int fd);

#endif
