/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Keyed events: a rendezvous on a key. NtWaitForKeyedEvent meets NtReleaseKeyedEvent of the same key; each of
 * both waits for the other. Nothing is stored: whoever comes first stands in the event's list.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "sync.h"

/* Access rights, which the SDK does not name. */
#define KEYEDEVENT_WAIT       0x0001
#define KEYEDEVENT_WAKE       0x0002
#define KEYEDEVENT_ALL_ACCESS (STANDARD_RIGHTS_REQUIRED | 0x3)

/* One that waits for its partner; on its own stack. Only the list's lock decides who met whom. */
struct party {
    struct party *next;
    const void *key;
    bool releases;      /* came by NtReleaseKeyedEvent */
    bool has_met;
    struct sync *sync;  /* signalled when it met */
};

struct keyed_event {
    struct object header;
    struct party *first; /* under party_lock, first come first */
};

static pthread_mutex_t party_lock = PTHREAD_MUTEX_INITIALIZER;
static struct keyed_event default_event; /* what a NULL handle stands for, since Windows Vista */

static void lock(sigset_t *old)
{
    sigset_t all;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, old);
    pthread_mutex_lock(&party_lock);
}

static void unlock(const sigset_t *old)
{
    pthread_mutex_unlock(&party_lock);
    pthread_sigmask(SIG_SETMASK, old, NULL);
}

static void destroy(struct object *object)
{
    free(object);
}

static const struct object_ops keyed_event_ops = {
    .type_name = L"KeyedEvent",
    .kind = OBJECT_KEYED_EVENT,
    .valid_access = KEYEDEVENT_ALL_ACCESS,
    .mapping = {STANDARD_RIGHTS_READ | KEYEDEVENT_WAIT, STANDARD_RIGHTS_WRITE | KEYEDEVENT_WAKE,
                STANDARD_RIGHTS_EXECUTE, KEYEDEVENT_ALL_ACCESS},
    .destroy = destroy,
};

static NTSTATUS make(void *context, struct object **out)
{
    struct keyed_event *event = calloc(1, sizeof(*event));

    (void)context;
    if (!event)
        return STATUS_NO_MEMORY;
    object_init(&event->header, &keyed_event_ops);
    *out = &event->header;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI NtCreateKeyedEvent(HANDLE *handle, ACCESS_MASK access,
                                   const OBJECT_ATTRIBUTES *attributes, ULONG flags)
{
    return flags ? STATUS_INVALID_PARAMETER_4 : object_open_handle(handle, access, attributes, &keyed_event_ops, make, NULL);
}

NTSTATUS WINAPI NtOpenKeyedEvent(HANDLE *handle, ACCESS_MASK access,
                                 const OBJECT_ATTRIBUTES *attributes)
{
    return object_open_handle(handle, access, attributes, &keyed_event_ops, NULL, NULL);
}

/* Under the lock: the oldest partner for `key` leaves the list. */
static bool meet(struct keyed_event *event, const void *key, bool releases)
{
    for (struct party **link = &event->first; *link; link = &(*link)->next) {
        struct party *other = *link;

        if (other->key != key || other->releases == releases)
            continue;
        *link = other->next;
        other->has_met = true;
        sync_set(other->sync);
        return true;
    }
    return false;
}

static NTSTATUS stand_and_wait(struct keyed_event *event, const void *key, bool releases,
                               bool alertable, uint64_t deadline)
{
    struct party self = {NULL, key, releases, false, NULL};
    struct party **link;
    sigset_t signals;
    NTSTATUS status;
    bool has_met;

    self.sync = sync_create(SYNC_MANUAL, 0, 1);
    if (!self.sync)
        return STATUS_NO_MEMORY;
    lock(&signals);
    has_met = meet(event, key, releases);
    if (!has_met && deadline) {
        for (link = &event->first; *link; link = &(*link)->next)
            ;
        *link = &self;
    }
    unlock(&signals);
    status = has_met ? STATUS_SUCCESS : STATUS_TIMEOUT;
    if (!has_met && deadline) {
        status = sync_wait(&self.sync, 1, false, alertable, deadline);
        lock(&signals);
        /* Who met at the last moment did meet: the partner has returned with success already. */
        if (self.has_met) {
            status = STATUS_SUCCESS;
        } else {
            for (link = &event->first; *link != &self; link = &(*link)->next)
                ;
            *link = self.next;
        }
        unlock(&signals);
    }
    sync_destroy(self.sync);
    return status;
}

static NTSTATUS rendezvous(HANDLE handle, ACCESS_MASK access, const void *key, bool releases,
                           bool alertable, const LARGE_INTEGER *timeout)
{
    struct object *object = NULL;
    LARGE_INTEGER value;
    NTSTATUS status;

    if ((uintptr_t)key & 1)
        return STATUS_INVALID_PARAMETER_1;
    if (timeout && guest_copy_in(&value, timeout, sizeof(value)))
        return STATUS_ACCESS_VIOLATION;
    if (handle) {
        status = handle_get(handle, &keyed_event_ops, access, &object);
        if (status)
            return status;
    }
    status = stand_and_wait(object ? (struct keyed_event *)object : &default_event, key, releases,
                            alertable, deadline_from_nt(timeout ? &value : NULL));
    if (object)
        object_release(object);
    return status;
}

NTSTATUS WINAPI NtWaitForKeyedEvent(HANDLE handle, const void *key, BOOLEAN alertable,
                                    const LARGE_INTEGER *timeout)
{
    return rendezvous(handle, KEYEDEVENT_WAIT, key, false, alertable, timeout);
}

NTSTATUS WINAPI NtReleaseKeyedEvent(HANDLE handle, const void *key, BOOLEAN alertable,
                                    const LARGE_INTEGER *timeout)
{
    return rendezvous(handle, KEYEDEVENT_WAKE, key, true, alertable, timeout);
}
