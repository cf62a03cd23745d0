/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pending requests, and the thread that finishes them.
 *
 * The list of requests is in the order of their making. The thread polls the descriptors of those that
 * are first in their queue, tries them under the lock, and delivers outside of it: the lock is held with signals
 * blocked, and delivering touches the program's memory, which may fault. A request that is being
 * delivered is in the list no more, so it can neither be cancelled nor be tried twice.
 *
 * What a pending request reads goes to memory of ours first (`bounce`): the program's buffer may be write-watched, or
 * gone, by the time that the data comes.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "async.h"
#include "iocp.h"
#include "process_object.h"
#include "signal.h"
#include "sync.h"

#define RETRY_MS 5 /* for what has no descriptor to wait for */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct async *first;            /* pending; under the lock, like all below */
static struct async **last = &first;
static struct async_watch *watches;
static uint64_t next_id;
static int wake_event = -1;
static bool is_running;

void async_lock(sigset_t *signals)
{
    sigset_t all;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, signals);
    pthread_mutex_lock(&lock);
}

void async_unlock(const sigset_t *signals)
{
    pthread_mutex_unlock(&lock);
    pthread_sigmask(SIG_SETMASK, signals, NULL);
}

void async_kick(void)
{
    const uint64_t one = 1;

    if (wake_event >= 0 && write(wake_event, &one, sizeof(one)) < 0)
        trace(TRACE_FILE, "the I/O thread cannot be woken: %s", strerror(errno));
}

static void free_request(struct async *request)
{
    if (request->event_object)
        object_release(request->event_object);
    object_release(&request->file->header);
    free(request->bounce);
    free(request->data);
    free(request);
}

/* --- Delivery --- */

static void queue_apc(pid_t tid, const struct async_target *target)
{
    process_lock_threads();
    for (struct thread *thread = process.threads; thread; thread = thread->next)
        if (thread->tid == tid) {
            apc_queue(thread, (void *)target->apc, (ULONG_PTR)target->apc_context,
                      (ULONG_PTR)target->io, 0);
            break;
        }
    process_unlock_threads();
}

/* On the I/O thread, or on the thread that cancels; without the lock. */
static void deliver(struct async *request, NTSTATUS status)
{
    IO_STATUS_BLOCK result = {.Status = status, .Information = request->information};

    trace(TRACE_FILE, "a pending request ends: %zu bytes, status %08x",
          (size_t)result.Information, (unsigned)status);
    if (request->fills_buffer && !NT_ERROR(status) && request->information)
        guest_copy_out(request->buffer, request->bounce, request->information);
    /* The status last: a program may poll it and go on. */
    guest_copy_out(&request->target.io->Information, &result.Information,
                   sizeof(result.Information));
    guest_copy_out(&request->target.io->Status, &result.Status, sizeof(result.Status));
    file_set_signaled(request->file, true);
    if (request->event_object)
        event_object_set(request->event_object);
    if (request->target.apc)
        queue_apc(request->tid, &request->target);
    else
        iocp_file_completed(request->file, request->target.apc_context, status,
                            request->information, false);
    free_request(request);
}

NTSTATUS async_finish_inline(struct file *file, const struct async_target *target, NTSTATUS status,
                             ULONG_PTR information)
{
    IO_STATUS_BLOCK result = {.Status = status, .Information = information};

    if (NT_ERROR(status))
        return status;
    if (guest_copy_out(target->io, &result, sizeof(result)))
        return STATUS_ACCESS_VIOLATION;
    file_set_signaled(file, true);
    if (target->event)
        NtSetEvent(target->event, NULL);
    if (target->apc)
        queue_apc(current_thread->tid, target);
    else
        iocp_file_completed(file, target->apc_context, status, information, true);
    return status;
}

/* --- The thread --- */

/* Nothing before it in its file's queue. */
static bool is_first_in_queue(const struct async *request)
{
    if (request->queue == ASYNC_UNORDERED)
        return true;
    for (const struct async *at = first; at != request; at = at->next)
        if (at->file == request->file && at->queue == request->queue)
            return false;
    return true;
}

static void remove_request(struct async **link)
{
    struct async *request = *link;

    *link = request->next;
    if (!*link)
        last = link;
    request->next = NULL;
}

/* Tries everything that is first in its queue, and delivers what ended. */
static void try_all(void)
{
    struct async *ended = NULL, **end = &ended, *request;
    sigset_t signals;

    async_lock(&signals);
    for (struct async **link = &first; *link;) {
        NTSTATUS status = STATUS_PENDING;

        request = *link;
        if (is_first_in_queue(request))
            status = request->attempt(request);
        if (status == STATUS_PENDING) {
            link = &request->next;
            continue;
        }
        remove_request(link);
        request->target.event = NULL;
        request->length = (ULONG)status; /* the outcome, until it is delivered */
        *end = request;
        end = &request->next;
    }
    async_unlock(&signals);
    while ((request = ended)) {
        ended = request->next;
        deliver(request, (NTSTATUS)request->length);
    }
}

/* What to poll: the wake event, the watches, the requests. Returns how many; *timeout in milliseconds. */
static nfds_t collect(struct pollfd **fds, nfds_t *room, int *timeout)
{
    nfds_t count = 1, needed = 1;
    sigset_t signals;

    async_lock(&signals);
    for (struct async_watch *at = watches; at; at = at->next)
        needed++;
    for (struct async *at = first; at; at = at->next)
        needed++;
    if (needed > *room) {
        struct pollfd *grown = realloc(*fds, needed * 2 * sizeof(**fds));

        if (grown) {
            *fds = grown;
            *room = needed * 2;
        }
    }
    *timeout = -1;
    (*fds)[0] = (struct pollfd){wake_event, POLLIN, 0};
    for (struct async_watch *at = watches; at && count < *room; at = at->next)
        (*fds)[count++] = (struct pollfd){at->fd, POLLIN, 0};
    for (struct async *at = first; at && count < *room; at = at->next) {
        if (!is_first_in_queue(at))
            continue;
        if (at->fd < 0)
            *timeout = RETRY_MS;
        else
            (*fds)[count++] = (struct pollfd){at->fd, at->events, 0};
    }
    async_unlock(&signals);
    return count;
}

/* A watch may be taken out, or put in, by its own function. */
static void run_watches(const struct pollfd *fds, nfds_t count)
{
    sigset_t signals;

    async_lock(&signals);
    for (nfds_t i = 1; i < count; i++)
        for (struct async_watch *at = watches; fds[i].revents && at; at = at->next)
            if (at->fd == fds[i].fd) {
                at->ready(at);
                break;
            }
    async_unlock(&signals);
}

static void *run(void *unused)
{
    static struct thread self; /* so that a fault in the program's memory finds a guest_try */
    nfds_t room = 64, count;
    struct pollfd *fds = malloc(room * sizeof(*fds));
    sigset_t faults;
    int timeout;

    (void)unused;
    self.tid = gettid();
    current_thread = &self;
    prctl(PR_SET_NAME, "decant:io"); /* no thread of the program's: system_process.c */
    if (!fds || signal_init_thread(&self)) {
        free(fds);
        return NULL;
    }
    sigemptyset(&faults);
    sigaddset(&faults, SIGSEGV);
    sigaddset(&faults, SIGBUS);
    pthread_sigmask(SIG_UNBLOCK, &faults, NULL);
    for (;;) {
        uint64_t value;

        count = collect(&fds, &room, &timeout);
        if (poll(fds, count, timeout) < 0)
            continue;
        if (fds[0].revents && read(wake_event, &value, sizeof(value)) < 0)
            continue;
        run_watches(fds, count);
        try_all();
    }
    return NULL;
}

/* Under the lock. */
static NTSTATUS start_thread(void)
{
    pthread_attr_t attributes;
    pthread_t thread;

    if (is_running)
        return STATUS_SUCCESS;
    if (wake_event < 0)
        wake_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_event < 0)
        return errno_to_status(errno);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 256 * 1024);
    is_running = !pthread_create(&thread, &attributes, run, NULL);
    pthread_attr_destroy(&attributes);
    return is_running ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

NTSTATUS async_watch(struct async_watch *watch)
{
    sigset_t signals;
    NTSTATUS status;

    async_lock(&signals);
    status = start_thread();
    if (!status) {
        watch->next = watches;
        watches = watch;
        async_kick();
    }
    async_unlock(&signals);
    return status;
}

void async_unwatch(struct async_watch *watch)
{
    for (struct async_watch **link = &watches; *link; link = &(*link)->next)
        if (*link == watch) {
            *link = watch->next;
            return;
        }
}

/* --- Making requests --- */

/* A request that did not pend. */
static NTSTATUS end_inline(struct async *request, const struct async_target *target, NTSTATUS status)
{
    if (request->bounce && !NT_ERROR(status) && request->information &&
        guest_copy_out(request->buffer, request->bounce, request->information))
        status = STATUS_ACCESS_VIOLATION;
    free(request->bounce);
    free(request->data);
    return async_finish_inline(request->file, target, status, request->information);
}

/* The caller waits. */
static NTSTATUS run_synchronously(struct async *request, const struct async_target *target)
{
    NTSTATUS status, waited;
    sigset_t signals;

    for (;;) {
        async_lock(&signals);
        status = request->attempt(request);
        async_unlock(&signals);
        if (status != STATUS_PENDING)
            break;
        waited = async_block_on(request->fd, request->events, request->fd < 0 ? RETRY_MS : -1);
        if (waited && waited != STATUS_TIMEOUT) {
            status = waited;
            break;
        }
    }
    return end_inline(request, target, status);
}

/* From the program's memory, where it may not be touched. */
static NTSTATUS read_own_memory(void *to, void *from, size_t bytes)
{
    struct iovec target = {to, bytes}, source = {from, bytes};

    return process_vm_readv(process.pid, &target, 1, &source, 1, 0) == (ssize_t)bytes
               ? STATUS_SUCCESS
               : STATUS_ACCESS_VIOLATION;
}

NTSTATUS async_put(struct async *request, const void *data, size_t bytes)
{
    struct iovec source = {(void *)data, bytes}, target = {request->buffer, bytes};

    if (!request->bounce)
        return !bytes || process_vm_writev(process.pid, &source, 1, &target, 1, 0) == (ssize_t)bytes
                   ? STATUS_SUCCESS
                   : STATUS_ACCESS_VIOLATION;
    memcpy(request->bounce, data, bytes);
    return STATUS_SUCCESS;
}

/* Into the list, as its own copy. Under the lock. */
static NTSTATUS pend(const struct async *request, const struct async_target *target,
                     struct object *event_object)
{
    struct async *copy = malloc(sizeof(*copy));
    char *bounce = request->bounce         ? request->bounce
                   : request->fills_buffer ? malloc(request->length ? request->length : 1)
                                           : NULL;
    NTSTATUS status = copy && (bounce || !request->fills_buffer) ? start_thread() : STATUS_NO_MEMORY;

    /* What an earlier attempt has put into the program's buffer is there; the rest joins it at the end. */
    if (!status && request->fills_buffer && !request->bounce && request->done &&
        read_own_memory(bounce, request->buffer, request->done))
        status = STATUS_ACCESS_VIOLATION;
    if (status) {
        free(copy);
        if (bounce != request->bounce)
            free(bounce);
        return status;
    }
    *copy = *request;
    copy->bounce = bounce;
    copy->event_object = event_object;
    copy->target = *target;
    copy->tid = current_thread->tid;
    copy->id = ++next_id;
    copy->next = NULL;
    object_retain(&copy->file->header);
    *last = copy;
    last = &copy->next;
    async_kick();
    return STATUS_PENDING;
}

NTSTATUS async_start(const struct async *given, const struct async_target *target)
{
    static const NTSTATUS pending = STATUS_PENDING;
    struct async request = *given;
    struct object *event_object = NULL;
    NTSTATUS status = STATUS_SUCCESS;
    bool must_queue = false;
    sigset_t signals;

    if (target->event) {
        status = handle_get(target->event, &event_ops, EVENT_MODIFY_STATE, &event_object);
        if (!status)
            event_object_reset(event_object);
    }
    if (!status && request.is_indirect && request.length &&
        !(request.bounce = malloc(request.length)))
        status = STATUS_NO_MEMORY;
    if (!status)
        file_set_signaled(request.file, false);
    if (status || file_is_synchronous(request.file)) {
        if (event_object)
            object_release(event_object);
        if (!status)
            return run_synchronously(&request, target);
        free(request.bounce);
        free(request.data);
        return status;
    }
    /* Before it can end on the other thread. */
    if (guest_copy_out(&target->io->Status, &pending, sizeof(pending)))
        status = STATUS_ACCESS_VIOLATION;
    async_lock(&signals);
    for (const struct async *at = first; at && request.queue != ASYNC_UNORDERED; at = at->next)
        must_queue |= at->file == request.file && at->queue == request.queue;
    if (!status)
        status = must_queue ? STATUS_PENDING : request.attempt(&request);
    if (status == STATUS_PENDING)
        status = pend(&request, target, event_object);
    async_unlock(&signals);
    if (status == STATUS_PENDING)
        return status;
    if (event_object)
        object_release(event_object);
    return end_inline(&request, target, status);
}

/* --- Cancelling --- */

unsigned async_cancel(struct file *file, pid_t tid, const IO_STATUS_BLOCK *io)
{
    struct async *ended = NULL, **end = &ended, *request;
    unsigned count = 0;
    sigset_t signals;

    async_lock(&signals);
    for (struct async **link = &first; *link;) {
        request = *link;
        if ((file && request->file != file) || (tid && request->tid != tid) ||
            (io && request->target.io != io)) {
            link = &request->next;
            continue;
        }
        remove_request(link);
        *end = request;
        end = &request->next;
        count++;
    }
    async_kick();
    async_unlock(&signals);
    while ((request = ended)) {
        ended = request->next;
        request->information = 0;
        deliver(request, STATUS_CANCELLED);
    }
    return count;
}

NTSTATUS WINAPI NtCancelIoFile(HANDLE handle, IO_STATUS_BLOCK *io)
{
    IO_STATUS_BLOCK result = {{0}};
    struct file *file;
    NTSTATUS status = file_from_handle(handle, 0, &file);

    if (status)
        return status;
    async_cancel(file, current_thread->tid, NULL);
    object_release(&file->header);
    return guest_copy_out(io, &result, sizeof(result));
}

NTSTATUS WINAPI NtCancelIoFileEx(HANDLE handle, IO_STATUS_BLOCK *request, IO_STATUS_BLOCK *io)
{
    IO_STATUS_BLOCK result = {{0}};
    struct file *file;
    NTSTATUS status = file_from_handle(handle, 0, &file);

    if (status)
        return status;
    result.Status = async_cancel(file, 0, request) ? STATUS_SUCCESS : STATUS_NOT_FOUND;
    object_release(&file->header);
    status = guest_copy_out(io, &result, sizeof(result));
    return status ? status : result.Status;
}
