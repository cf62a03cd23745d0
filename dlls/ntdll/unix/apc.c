/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * User APCs: queued here, run by ntdll.dll (apc.c there) when an alertable wait returns
 * STATUS_USER_APC. Queueing ends a sleep, by an alert.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "process_object.h"
#include "remote.h"
#include "sync.h"

struct apc {
    struct apc *next;
    struct decant_apc call;
};

static pthread_mutex_t apc_lock = PTHREAD_MUTEX_INITIALIZER;

static void lock(sigset_t *old)
{
    sigset_t all;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, old);
    pthread_mutex_lock(&apc_lock);
}

static void unlock(const sigset_t *old)
{
    pthread_mutex_unlock(&apc_lock);
    pthread_sigmask(SIG_SETMASK, old, NULL);
}

bool apc_is_pending(const struct thread *thread)
{
    return atomic_load(&thread->apc_count);
}

NTSTATUS apc_queue(struct thread *thread, void *routine, ULONG_PTR arg1, ULONG_PTR arg2,
                   ULONG_PTR arg3)
{
    struct apc *apc = malloc(sizeof(*apc));
    sigset_t old;

    if (!apc)
        return STATUS_NO_MEMORY;
    *apc = (struct apc){NULL, {(uintptr_t)routine, {arg1, arg2, arg3}}};
    lock(&old);
    if (thread->last_apc)
        thread->last_apc->next = apc;
    else
        thread->first_apc = apc;
    thread->last_apc = apc;
    atomic_fetch_add(&thread->apc_count, 1);
    unlock(&old);
    thread_alert(thread);
    return STATUS_SUCCESS;
}

static struct apc *take(struct thread *thread)
{
    struct apc *apc;
    sigset_t old;

    lock(&old);
    apc = thread->first_apc;
    if (apc) {
        thread->first_apc = apc->next;
        if (!apc->next)
            thread->last_apc = NULL;
        atomic_fetch_sub(&thread->apc_count, 1);
    }
    unlock(&old);
    return apc;
}

void apc_free_all(struct thread *thread)
{
    struct apc *apc;

    while ((apc = take(thread)))
        free(apc);
}

NTSTATUS WINAPI DecantNextApc(struct decant_apc *out)
{
    struct apc *apc = take(current_thread);
    NTSTATUS status;

    if (!apc)
        return STATUS_NO_MORE_ENTRIES;
    status = guest_copy_out(out, &apc->call, sizeof(apc->call));
    free(apc);
    return status;
}

NTSTATUS thread_object_queue_apc(struct thread_object *object, void *routine, ULONG_PTR arg1,
                                 ULONG_PTR arg2, ULONG_PTR arg3)
{
    struct thread *thread;
    NTSTATUS status;

    if (object->process)
        return remote_thread_queue_apc(object, routine, arg1, arg2, arg3);
    /* Under the thread lock a thread that is found stays. */
    process_lock_threads();
    thread = object->thread;
    status = thread ? apc_queue(thread, routine, arg1, arg2, arg3) : STATUS_UNSUCCESSFUL;
    process_unlock_threads();
    return status;
}

NTSTATUS WINAPI NtQueueApcThread(HANDLE handle, PNTAPCFUNC routine, ULONG_PTR arg1, ULONG_PTR arg2,
                                 ULONG_PTR arg3)
{
    struct thread_object *object;
    NTSTATUS status =
        handle_get(handle, &thread_ops, THREAD_SET_CONTEXT, (struct object **)&object);

    if (status)
        return status;
    status = thread_object_queue_apc(object, (void *)routine, arg1, arg2, arg3);
    object_release(&object->header);
    return status;
}
