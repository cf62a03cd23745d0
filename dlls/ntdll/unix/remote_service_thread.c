/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Requests of other processes on this one's threads. A caller holds threads by numbers, each with a reference
 * on the thread's object, so that a thread which has ended still answers with its exit status. The
 * caller's side is in remote_thread.c.
 */
#include <stdlib.h>
#include <string.h>

#include "remote.h"
#include "signal.h"
#include "sync.h"
#include "thread.h"

/* The same thread keeps its number. 0: no memory. */
static uint32_t number_for(struct remote_peer *peer, struct thread_object *object)
{
    size_t free_place = peer->thread_room;

    for (size_t i = 0; i < peer->thread_room; i++) {
        if (peer->threads[i] == &object->header)
            return (uint32_t)i + 1;
        if (!peer->threads[i] && free_place == peer->thread_room)
            free_place = i;
    }
    if (free_place == peer->thread_room) {
        size_t room = peer->thread_room ? peer->thread_room * 2 : 16;
        struct object **grown = realloc(peer->threads, room * sizeof(*grown));

        if (!grown)
            return 0;
        memset(grown + peer->thread_room, 0, (room - peer->thread_room) * sizeof(*grown));
        peer->threads = grown;
        peer->thread_room = room;
    }
    object_retain(&object->header);
    peer->threads[free_place] = &object->header;
    return (uint32_t)free_place + 1;
}

/* Borrowed from the caller's list; NULL when the number is not that thread's. */
static struct thread_object *thread_of(const struct remote_peer *peer,
                                       const struct remote_message *message)
{
    uint64_t number = message->values[0];
    struct thread_object *object;

    if (!number || number > peer->thread_room || !peer->threads[number - 1])
        return NULL;
    object = (struct thread_object *)peer->threads[number - 1];
    return (uint64_t)thread_object_tid(object) == message->values[1] ? object : NULL;
}

/* Gives the thread away: {number, tid, TEB, start, slot of its sync} and the sync's arena. */
static NTSTATUS give(struct remote_peer *peer, struct thread_object *object, TEB *teb,
                     struct remote_message *message, int *fd)
{
    uint32_t number = number_for(peer, object), slot = 0;

    if (!number)
        return STATUS_NO_MEMORY;
    if (sync_locate(object->sync, fd, &slot))
        sync_share_for_good(object->sync);
    message->values[0] = number;
    message->values[1] = (uint64_t)thread_object_tid(object);
    message->values[2] = (uint64_t)(uintptr_t)teb;
    message->values[3] = (uint64_t)(uintptr_t)object->start;
    message->values[4] = slot;
    return STATUS_SUCCESS;
}

NTSTATUS remote_serve_create_thread(struct remote_peer *peer, struct remote_message *message,
                                    int *fd)
{
    struct thread_object *object;
    TEB *teb;
    NTSTATUS status = thread_create(
        (void *)(uintptr_t)message->values[0], (void *)(uintptr_t)message->values[1],
        (ULONG)message->values[2], message->values[3], message->values[4], &object, &teb);

    message->bytes = 0;
    if (status)
        return status;
    status = give(peer, object, teb, message, fd);
    object_release(&object->header);
    return status;
}

NTSTATUS remote_serve_open_thread(struct remote_peer *peer, struct remote_message *message, int *fd)
{
    struct thread_object *object;
    TEB *teb;
    NTSTATUS status;

    message->bytes = 0;
    object = thread_object_find((pid_t)message->values[0], &teb);
    if (!object)
        return STATUS_INVALID_CID;
    status = give(peer, object, teb, message, fd);
    object_release(&object->header);
    return status;
}

NTSTATUS remote_serve_close_thread(struct remote_peer *peer, struct remote_message *message,
                                   int *fd)
{
    struct thread_object *object = thread_of(peer, message);

    (void)fd;
    message->bytes = 0;
    if (!object)
        return STATUS_INVALID_CID;
    peer->threads[message->values[0] - 1] = NULL;
    object_release(&object->header);
    return STATUS_SUCCESS;
}

static NTSTATUS suspend_or_resume(struct remote_peer *peer, struct remote_message *message,
                                  NTSTATUS (*action)(struct thread_object *, ULONG *))
{
    struct thread_object *object = thread_of(peer, message);
    ULONG previous = 0;
    NTSTATUS status = object ? action(object, &previous) : STATUS_INVALID_CID;

    message->bytes = 0;
    message->values[2] = previous;
    return status;
}

NTSTATUS remote_serve_suspend_thread(struct remote_peer *peer, struct remote_message *message,
                                     int *fd)
{
    (void)fd;
    return suspend_or_resume(peer, message, thread_object_suspend);
}

NTSTATUS remote_serve_resume_thread(struct remote_peer *peer, struct remote_message *message,
                                    int *fd)
{
    (void)fd;
    return suspend_or_resume(peer, message, thread_object_resume);
}

NTSTATUS remote_serve_terminate_thread(struct remote_peer *peer, struct remote_message *message,
                                       int *fd)
{
    struct thread_object *object = thread_of(peer, message);

    (void)fd;
    message->bytes = 0;
    return object ? thread_object_terminate(object, (uint32_t)message->values[2])
                  : STATUS_INVALID_CID;
}

NTSTATUS remote_serve_get_context(struct remote_peer *peer, struct remote_message *message, int *fd)
{
    struct thread_object *object = thread_of(peer, message);
    struct register_state registers = {.xmask = 0};
    CONTEXT context;
    NTSTATUS status = object ? STATUS_SUCCESS : STATUS_INVALID_CID;

    (void)fd;
    if (!status && message->bytes != sizeof(registers))
        status = STATUS_INVALID_PARAMETER;
    message->bytes = 0;
    if (status)
        return status;
    memcpy(&context, message->data + offsetof(struct register_state, context), sizeof(context));
    status = thread_object_get_context(object, &context, &registers);
    if (!status) {
        registers.context = context;
        memcpy(message->data, &registers, sizeof(registers));
        message->bytes = sizeof(registers);
    }
    return status;
}

NTSTATUS remote_serve_set_context(struct remote_peer *peer, struct remote_message *message, int *fd)
{
    struct thread_object *object = thread_of(peer, message);
    struct register_state given;
    uint64_t header[8] = {0};
    NTSTATUS status = object ? STATUS_SUCCESS : STATUS_INVALID_CID;

    (void)fd;
    if (!status && message->bytes != sizeof(given))
        status = STATUS_INVALID_PARAMETER;
    message->bytes = 0;
    if (status)
        return status;
    memcpy(&given, message->data, sizeof(given));
    /* What the CPU would refuse to load ends the process: the header is made anew of what may be in it. */
    given.xmask &= context_xstate_features() & ~3ull;
    memcpy(header, given.xsave + XSAVE_LEGACY_BYTES, sizeof(header[0]));
    header[0] &= given.xmask;
    memcpy(given.xsave + XSAVE_LEGACY_BYTES, header, sizeof(header));
    return thread_object_set_context(object, &given);
}

NTSTATUS remote_serve_queue_apc(struct remote_peer *peer, struct remote_message *message, int *fd)
{
    struct thread_object *object = thread_of(peer, message);

    (void)fd;
    message->bytes = 0;
    return object ? thread_object_queue_apc(object, (void *)(uintptr_t)message->values[2],
                                            message->values[3], message->values[4],
                                            message->values[5])
                  : STATUS_INVALID_CID;
}

NTSTATUS remote_serve_query_thread(struct remote_peer *peer, struct remote_message *message,
                                   int *fd)
{
    struct thread_object *object = thread_of(peer, message);

    (void)fd;
    message->bytes = 0;
    if (!object)
        return STATUS_INVALID_CID;
    message->values[2] = thread_suspend_count(thread_object_tid(object));
    return STATUS_SUCCESS;
}

NTSTATUS remote_serve_query_process(struct remote_peer *peer, struct remote_message *message,
                                    int *fd)
{
    (void)peer, (void)fd;
    message->bytes = 0;
    message->values[0] = handle_count();
    return STATUS_SUCCESS;
}

NTSTATUS remote_serve_suspend_process(struct remote_peer *peer, struct remote_message *message,
                                      int *fd)
{
    (void)peer, (void)fd;
    message->bytes = 0;
    return NtSuspendProcess(NtCurrentProcess());
}

NTSTATUS remote_serve_resume_process(struct remote_peer *peer, struct remote_message *message,
                                     int *fd)
{
    (void)peer, (void)fd;
    message->bytes = 0;
    return NtResumeProcess(NtCurrentProcess());
}
