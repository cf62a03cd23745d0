/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Threads that block in Linux on behalf of a synchronous request, and what gets them out: their end, and
 * CancelSynchronousIo. A signal without SA_RESTART interrupts the system call; since it may arrive just before the
 * call begins, the canceller repeats it until the thread has noticed.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "async.h"
#include "process_object.h"
#include "signal.h"

enum { NOT_BLOCKED, BLOCKED, CANCELLED };

void async_block_begin(void)
{
    atomic_store(&current_thread->blocked, BLOCKED);
}

void async_block_end(void)
{
    atomic_store(&current_thread->blocked, NOT_BLOCKED);
}

bool async_is_interrupted(NTSTATUS *status)
{
    if (current_thread->terminating)
        *status = STATUS_THREAD_IS_TERMINATING; /* never seen by the program */
    else if (atomic_load(&current_thread->blocked) == CANCELLED)
        *status = STATUS_CANCELLED;
    else
        return false;
    return true;
}

NTSTATUS async_block_on(int fd, short events, int milliseconds)
{
    struct pollfd wait = {fd, events, 0};
    NTSTATUS status = STATUS_SUCCESS;
    sigset_t terminate, old;
    struct timespec limit = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    int ready;

    /* The signal is held back until ppoll, so that it cannot come between the look and the sleep. */
    sigemptyset(&terminate);
    sigaddset(&terminate, SIGNAL_TERMINATE);
    pthread_sigmask(SIG_BLOCK, &terminate, &old);
    async_block_begin();
    while (!async_is_interrupted(&status)) {
        ready = ppoll(&wait, fd >= 0, milliseconds >= 0 ? &limit : NULL, &old);
        if (ready < 0 && errno == EINTR)
            continue;
        status = ready < 0 ? errno_to_status(errno) : ready ? STATUS_SUCCESS : STATUS_TIMEOUT;
        break;
    }
    async_block_end();
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return status;
}

NTSTATUS WINAPI NtCancelSynchronousIoFile(HANDLE handle, IO_STATUS_BLOCK *request,
                                          IO_STATUS_BLOCK *io)
{
    const struct timespec pause = {0, 1000000};
    IO_STATUS_BLOCK result = {{0}};
    bool is_blocked = true;
    struct object *object;
    NTSTATUS status = handle_get(handle, &thread_ops, THREAD_TERMINATE, &object);

    (void)request;
    if (status)
        return status;
    status = STATUS_NOT_FOUND;
    for (int attempt = 0; is_blocked && attempt < 1000; attempt++) {
        uint32_t expected = BLOCKED;
        struct thread *thread;

        process_lock_threads();
        thread = ((struct thread_object *)object)->thread;
        is_blocked = thread && (atomic_compare_exchange_strong(&thread->blocked, &expected,
                                                               CANCELLED) ||
                                expected == CANCELLED);
        if (is_blocked)
            syscall(SYS_tgkill, getpid(), thread->tid, SIGNAL_TERMINATE);
        process_unlock_threads();
        if (is_blocked) {
            status = STATUS_SUCCESS;
            nanosleep(&pause, NULL);
        }
    }
    object_release(object);
    result.Status = status;
    return guest_copy_out(io, &result, sizeof(result)) ? STATUS_ACCESS_VIOLATION : status;
}
