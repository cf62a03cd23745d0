/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The objects that processes share: made known by one, opened or adopted by others, gone with the last
 * handle in any of them. A process counts here once for all its handles to an object.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "object.h"

#define BUCKETS        4096u
#define MAX_OBJECTS    (1u << 20) /* of all clients */
#define MAX_REFERENCES (1u << 15) /* of one client, to different objects */

static struct object *buckets[BUCKETS];
static uint64_t last_id;
static size_t count;
static size_t fd_count; /* descriptors that objects keep */
static bool has_untidy;

/* Clients need descriptors, too: a fourth of what the server may have is theirs. */
static bool may_keep_fd(void)
{
    struct rlimit limit;

    return !getrlimit(RLIMIT_NOFILE, &limit) && fd_count < limit.rlim_cur / 4 * 3;
}

size_t object_count(void)
{
    return count;
}

/* Never used twice, and not by a server before us either, whose clients may still know its ids. */
static uint64_t new_id(void)
{
    while (!last_id)
        if (getrandom(&last_id, sizeof(last_id), 0) != sizeof(last_id))
            last_id = (uint64_t)getpid() << 32;
    return ++last_id ? last_id : ++last_id;
}

static struct object *find(uint64_t id)
{
    struct object *object = buckets[id % BUCKETS];

    while (object && object->id != id)
        object = object->next;
    return object;
}

/* Not in the table (any more). */
static void destroy(struct object *object)
{
    if (object->name)
        name_remove(object);
    if (object->arena)
        arena_close(object->arena);
    if (object->fd >= 0) {
        close(object->fd);
        fd_count--;
    }
    free(object->name);
    free(object->data);
    free(object);
}

/* No process has a handle to it any more. */
static void remove_object(struct object *object)
{
    struct object **link = &buckets[object->id % BUCKETS];

    while (*link != object)
        link = &(*link)->next;
    *link = object->next;
    count--;
    destroy(object);
}

static struct reference *reference_of(struct object *object, const struct client *client)
{
    struct reference *reference = object->references;

    while (reference && reference->client != client)
        reference = reference->next;
    return reference;
}

int object_reference(struct object *object, struct client *client)
{
    struct reference *reference = reference_of(object, client);

    if (reference)
        return reference->count == UINT32_MAX ? -EOVERFLOW : (reference->count++, 0);
    if (client->references == MAX_REFERENCES)
        return -ENOSPC;
    reference = malloc(sizeof(*reference));
    if (!reference)
        return -ENOMEM;
    client->references++;
    object->was_shared |= object->references != NULL;
    *reference = (struct reference){object->references, client, 1};
    object->references = reference;
    return 0;
}

static void unlink_reference(struct object *object, struct reference *reference)
{
    struct reference **link = &object->references;

    while (*link != reference)
        link = &(*link)->next;
    *link = reference->next;
    reference->client->references--;
    free(reference);
}

/* --- After a death --- */

static void tidy(struct object *object, pid_t dead)
{
    object->is_untidy = !sync_tidy(object->sync, object->kind, object->untidy_flags, dead);
    if (!object->is_untidy)
        object->untidy_flags = 0;
    has_untidy |= object->is_untidy;
}

void objects_client_ended(struct client *client, bool is_dead)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        struct object *object, *next;

        for (object = buckets[i]; object; object = next) {
            struct reference *reference = reference_of(object, client);

            next = object->next;
            if (reference) {
                unlink_reference(object, reference);
                object->untidy_flags |= TIDY_RECOUNT;
            }
            if (!object->references)
                object->untidy_flags |= TIDY_LAST_HANDLE;
            /* Also without a reference: who closed his handle may still own the mutex. */
            if (object->sync)
                tidy(object, is_dead ? client->pid : 0);
            if (!object->references)
                remove_object(object);
        }
    }
}

bool objects_tidy(void)
{
    if (!has_untidy)
        return true;
    has_untidy = false;
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct object *object = buckets[i]; object; object = object->next)
            if (object->is_untidy)
                tidy(object, 0);
    return !has_untidy;
}

/* --- Requests --- */

/* The reply to a request that gives the client an object. */
static int give(struct object *object, struct client *client, struct answer *answer, size_t fixed)
{
    int error = object_reference(object, client);

    if (error)
        return error;
    memcpy(answer->message + fixed, object->data, object->data_bytes);
    answer->tail_bytes = object->data_bytes;
    answer->fd = object->arena ? object->arena->fd : object->fd;
    return 0;
}

static int check_name(const void *name, uint32_t bytes)
{
    (void)name;
    return bytes % 2 || bytes > PROTOCOL_MAX_NAME ? DROP_CLIENT : 0;
}

/* Takes the descriptor over on success. */
static int make(const struct request_object_register *wanted, const char *tail,
                struct request *request, struct object **out)
{
    struct object *object = calloc(1, sizeof(*object));
    int error = 0;

    if (!object)
        return -ENOMEM;
    object->fd = -1;
    object->kind = wanted->kind;
    object->data_bytes = wanted->data_bytes;
    object->data = malloc(wanted->data_bytes + 1);
    if (!object->data)
        error = -ENOMEM;
    if (!error && wanted->kind <= OBJECT_LAST_SYNC) {
        error = request->fd_count == 1 && wanted->slot < SYNC_ARENA_SLOTS
                    ? arena_open(request->fds[0], &object->arena)
                    : -EINVAL;
        if (!error)
            object->sync = &object->arena->slots[wanted->slot];
    }
    if (!error && wanted->name_bytes) {
        object->name = malloc(wanted->name_bytes);
        if (object->name) {
            memcpy(object->name, tail + wanted->data_bytes, wanted->name_bytes);
            object->name_bytes = wanted->name_bytes;
            name_insert(object);
        } else {
            error = -ENOMEM;
        }
    }
    if (error) {
        destroy(object);
        return error;
    }
    memcpy(object->data, tail, wanted->data_bytes);
    if (!object->arena && request->fd_count) {
        object->fd = request->fds[0];
        request->fds[0] = -1;
        fd_count++;
    }
    *out = object;
    return 0;
}

int handle_object_register(struct client *client, struct request *request, struct answer *answer)
{
    const struct request_object_register *wanted = request->message;
    struct reply_object_register *reply = (struct reply_object_register *)answer->message;
    const char *tail = (const char *)(wanted + 1);
    uint16_t name[PROTOCOL_MAX_NAME / 2];
    struct object *object = NULL;
    int error;

    if (wanted->kind == OBJECT_NONE || wanted->kind >= OBJECT_KINDS ||
        wanted->data_bytes > PROTOCOL_MAX_DATA || check_name(tail, wanted->name_bytes) ||
        request->bytes != sizeof(*wanted) + wanted->data_bytes + wanted->name_bytes)
        return DROP_CLIENT;
    if (wanted->name_bytes) {
        memcpy(name, tail + wanted->data_bytes, wanted->name_bytes);
        object = name_find(name, wanted->name_bytes, wanted->flags & OBJECT_ANY_CASE);
    }
    if (object) {
        if (!(wanted->flags & OBJECT_OPEN_IF))
            return -EEXIST;
        if (object->kind != wanted->kind)
            return -EPROTOTYPE;
        error = give(object, client, answer, sizeof(*reply));
        reply->was_there = 1;
    } else {
        if (count >= MAX_OBJECTS || !may_keep_fd())
            return -ENOSPC;
        error = make(wanted, tail, request, &object);
        if (error)
            return error;
        object->id = new_id();
        error = object_reference(object, client);
        if (error) {
            destroy(object);
            return error;
        }
        object->next = buckets[object->id % BUCKETS];
        buckets[object->id % BUCKETS] = object;
        count++;
    }
    reply->id = object->id;
    reply->data_bytes = (uint32_t)answer->tail_bytes;
    return error;
}

int handle_object_open(struct client *client, struct request *request, struct answer *answer)
{
    const struct request_object_open *wanted = request->message;
    struct reply_object_open *reply = (struct reply_object_open *)answer->message;
    uint16_t name[PROTOCOL_MAX_NAME / 2];
    struct object *object;

    if (check_name(wanted + 1, wanted->name_bytes) || !wanted->name_bytes ||
        request->bytes != sizeof(*wanted) + wanted->name_bytes)
        return DROP_CLIENT;
    memcpy(name, wanted + 1, wanted->name_bytes);
    object = name_find(name, wanted->name_bytes, wanted->flags & OBJECT_ANY_CASE);
    if (!object)
        return -ENOENT;
    if (object->kind != wanted->kind)
        return -EPROTOTYPE;
    reply->id = object->id;
    reply->data_bytes = object->data_bytes;
    return give(object, client, answer, sizeof(*reply));
}

int handle_object_adopt(struct client *client, struct request *request, struct answer *answer)
{
    const struct request_object_adopt *wanted = request->message;
    struct object *object = find(wanted->id);

    ((struct reply_object_adopt *)answer->message)->id = wanted->id;
    return object ? object_reference(object, client) : -ENOENT;
}

int handle_object_release(struct client *client, struct request *request, struct answer *answer)
{
    const struct request_object_release *wanted = request->message;
    struct reply_object_release *reply = (struct reply_object_release *)answer->message;
    struct object *object = find(wanted->id);
    struct reference *reference = object ? reference_of(object, client) : NULL;

    if (!reference || !wanted->count || reference->count < wanted->count)
        return DROP_CLIENT;
    reference->count -= wanted->count;
    if (reference->count)
        return 0;
    unlink_reference(object, reference);
    if (object->references)
        return 0;
    reply->is_last = 1;
    reply->is_private = !object->was_shared;
    remove_object(object);
    return 0;
}
