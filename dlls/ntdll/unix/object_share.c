/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Objects in more than one process.
 *
 * The server counts, for each process, how many times it was given an object (registered, opened, adopted), and
 * the process gives all of them back when its last handle is closed (object_release). An object that the
 * server knows stands in a table by the server's id, so that a second opening finds the same struct object.
 *
 * Who finds an object in the table adds to its `handles` under share_lock, and who closed the last handle looks at
 * `handles` again under share_lock before he takes it out of the table: so it is either found and kept, or
 * gone from the table and made anew by the next who opens it.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "object_share.h"
#include "server_client.h"
#include "sync.h"

#define BUCKETS 256u

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct object *buckets[BUCKETS];

static object_import_function *const import_functions[OBJECT_KINDS] = {
    [OBJECT_EVENT] = sync_object_import, [OBJECT_SEMAPHORE] = sync_object_import,
    [OBJECT_MUTANT] = sync_object_import, [OBJECT_TIMER] = timer_import,
    [OBJECT_THREAD] = thread_import,      [OBJECT_SECTION] = section_import,
    [OBJECT_FILE] = file_import,          [OBJECT_PROCESS] = process_import,
};

void share_lock(sigset_t *old)
{
    sigset_t all;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, old);
    pthread_mutex_lock(&lock);
}

void share_unlock(const sigset_t *old)
{
    pthread_mutex_unlock(&lock);
    pthread_sigmask(SIG_SETMASK, old, NULL);
}

void object_hold(struct object *object)
{
    atomic_fetch_add(&object->handles, 1);
}

/* --- The table; all under the lock --- */

static void insert(struct object *object, uint64_t id)
{
    struct sync *sync = object->ops->get_sync ? object->ops->get_sync(object) : NULL;

    object->shared_id = id;
    object->shared_count = 1;
    object->shared_next = buckets[id % BUCKETS];
    buckets[id % BUCKETS] = object;
    if (sync)
        sync_mark_shared(sync);
}

static void take_out(struct object *object)
{
    struct object **link = &buckets[object->shared_id % BUCKETS];

    while (*link != object)
        link = &(*link)->shared_next;
    *link = object->shared_next;
}

/* With a reference and held, unless its last reference is just going. */
static struct object *find(uint64_t id)
{
    for (struct object *object = buckets[id % BUCKETS]; object; object = object->shared_next) {
        uint32_t references = atomic_load(&object->references);

        while (object->shared_id == id && references)
            if (atomic_compare_exchange_weak(&object->references, &references, references + 1)) {
                object_hold(object);
                return object;
            }
    }
    return NULL;
}

/* --- What the server is asked --- */

static bool release(uint64_t id, uint32_t count, bool *is_private)
{
    struct request_object_release request = {.id = id, .count = count};
    struct reply_object_release reply;

    *is_private = false;
    if (server_call(PROTOCOL_object_release, &request, sizeof(request), NULL, 0, &reply,
                    sizeof(reply), NULL, NULL))
        return true; /* no server: then nobody shares anything any more */
    *is_private = reply.is_private;
    return reply.is_last;
}

bool share_handles_gone(struct object *object)
{
    struct sync *sync = object->ops->get_sync ? object->ops->get_sync(object) : NULL;
    uint32_t count = 0;
    uint64_t id = 0;
    bool is_private, is_last;
    sigset_t signals;

    share_lock(&signals);
    if (!atomic_load(&object->handles) && object->shared_id) {
        id = object->shared_id;
        count = object->shared_count;
        take_out(object);
        object->shared_id = 0;
    }
    share_unlock(&signals);
    if (!id)
        return false;
    is_last = release(id, count, &is_private);
    if (sync && is_private && sync->is_shared == 1)
        sync->is_shared = 0; /* nobody else ever saw it: the slot can be used again */
    return is_last;
}

/* The data of a description: it, and its path. */
struct data {
    struct object_description description;
    char path[PROTOCOL_MAX_DATA - sizeof(struct object_description)];
};

/* The object that a reply tells of: the one that is here, or made after the data. The server has counted
 * one reference for us already. */
static int take(uint64_t id, uint32_t kind, const struct data *data, size_t bytes, int fd,
                struct object **out)
{
    struct object_description description;
    struct object *object = find(id);
    const char *path = NULL;
    bool is_private;
    NTSTATUS status;

    if (object) {
        if (fd >= 0)
            close(fd);
        object->shared_count++;
        *out = object;
        return 0;
    }
    if (bytes < sizeof(description)) {
        if (fd >= 0)
            close(fd);
        release(id, 1, &is_private);
        return -EOPNOTSUPP;
    }
    description = data->description;
    if (description.path_bytes && description.path_bytes == bytes - sizeof(description) &&
        !data->path[description.path_bytes - 1])
        path = data->path;
    if (description.kind == kind && kind < OBJECT_KINDS && import_functions[kind]) {
        status = import_functions[kind](&description, fd, path, &object);
    } else {
        status = STATUS_NOT_SUPPORTED;
        if (fd >= 0)
            close(fd);
    }
    if (status) {
        release(id, 1, &is_private);
        return status == STATUS_NOT_SUPPORTED ? -EOPNOTSUPP : -ENOMEM;
    }
    insert(object, id);
    object_hold(object);
    *out = object;
    return 0;
}

int share_register(struct object *object, const WCHAR *name, uint32_t name_bytes, uint32_t flags,
                   struct object **other)
{
    struct {
        struct request_object_register fixed;
        char tail[sizeof(struct data) + PROTOCOL_MAX_NAME];
    } request;
    struct {
        struct reply_object_register fixed;
        struct data data;
    } reply;
    struct object_description description = {.kind = object->ops->kind};
    const char *path = NULL;
    size_t used = 0, got;
    int fd = -1, came, error;

    if (other)
        *other = NULL;
    if (name_bytes > PROTOCOL_MAX_NAME)
        return -ENAMETOOLONG;
    if (object->ops->describe && !object->ops->describe(object, &description, &fd, &path)) {
        if (path && strlen(path) < sizeof(((struct data *)0)->path))
            description.path_bytes = (uint32_t)strlen(path) + 1;
        memcpy(request.tail, &description, sizeof(description));
        used = sizeof(description);
        if (description.path_bytes)
            memcpy(request.tail + used, path, description.path_bytes);
        used += description.path_bytes;
    }
    if (name_bytes)
        memcpy(request.tail + used, name, name_bytes);
    request.fixed = (struct request_object_register){.kind = object->ops->kind,
                                                     .slot = description.slot,
                                                     .flags = flags,
                                                     .data_bytes = (uint32_t)used,
                                                     .name_bytes = name_bytes};
    error = server_call(PROTOCOL_object_register, &request, sizeof(request.fixed) + used + name_bytes,
                        &fd, fd >= 0, &reply, sizeof(reply), &got, &came);
    if (error)
        return error;
    if (!reply.fixed.was_there) {
        if (came >= 0)
            close(came);
        insert(object, reply.fixed.id);
        return 0;
    }
    return take(reply.fixed.id, object->ops->kind, &reply.data, got - sizeof(reply.fixed), came, other);
}

int share_open(uint32_t kind, const WCHAR *name, uint32_t name_bytes, uint32_t flags,
               struct object **out)
{
    struct {
        struct request_object_open fixed;
        char name[PROTOCOL_MAX_NAME];
    } request;
    struct {
        struct reply_object_open fixed;
        struct data data;
    } reply;
    size_t got;
    int fd, error;

    if (name_bytes > PROTOCOL_MAX_NAME)
        return -ENAMETOOLONG;
    request.fixed = (struct request_object_open){.kind = kind, .flags = flags,
                                                 .name_bytes = name_bytes};
    memcpy(request.name, name, name_bytes);
    error = server_call(PROTOCOL_object_open, &request, sizeof(request.fixed) + name_bytes, NULL, 0,
                        &reply, sizeof(reply), &got, &fd);
    return error ? error
                 : take(reply.fixed.id, kind, &reply.data, got - sizeof(reply.fixed), fd, out);
}

/* --- Giving an object to another process --- */

NTSTATUS object_describe(struct object *object, struct object_description *description, int *fd,
                         const char **path)
{
    sigset_t signals;
    NTSTATUS status;

    *description = (struct object_description){.kind = object->ops->kind};
    *fd = -1;
    *path = NULL;
    if (!object->ops->describe)
        return STATUS_NOT_SUPPORTED;
    status = object->ops->describe(object, description, fd, path);
    if (status)
        return status;
    description->path_bytes = *path ? (uint32_t)strlen(*path) + 1 : 0;
    share_lock(&signals);
    /* Without a server it still works, but for what a death asks for. */
    if (!object->shared_id && object->ops->get_sync && object->ops->kind <= OBJECT_LAST_SYNC)
        share_register(object, NULL, 0, 0, NULL);
    if (object->ops->kind <= OBJECT_THREAD) /* whose state goes along */
        sync_share_for_good(object->ops->get_sync(object));
    description->id = object->shared_id;
    share_unlock(&signals);
    return STATUS_SUCCESS;
}

NTSTATUS object_import(const struct object_description *description, int fd, const char *path,
                       struct object **out)
{
    struct request_object_adopt request = {.id = description->id};
    struct reply_object_adopt reply;
    struct object *object = NULL;
    bool is_adopted = false;
    sigset_t signals;
    NTSTATUS status = STATUS_SUCCESS;

    if (description->kind >= OBJECT_KINDS || !import_functions[description->kind]) {
        if (fd >= 0)
            close(fd);
        return STATUS_NOT_SUPPORTED;
    }
    share_lock(&signals);
    if (description->id) {
        is_adopted = !server_call(PROTOCOL_object_adopt, &request, sizeof(request), NULL, 0, &reply,
                                  sizeof(reply), NULL, NULL);
        object = is_adopted ? find(description->id) : NULL;
    }
    if (object) {
        if (fd >= 0)
            close(fd);
        object->shared_count++;
    } else {
        status = import_functions[description->kind](description, fd, path, &object);
        if (!status) {
            object_hold(object);
            if (is_adopted)
                insert(object, description->id);
        } else if (is_adopted) {
            bool is_private;

            release(description->id, 1, &is_private);
        }
    }
    share_unlock(&signals);
    if (!status)
        *out = object;
    return status;
}
