/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Objects and the handle table.
 *
 * A handle is 4 * (index + 1). Entries lie in blocks that never move, so a lookup takes no table lock:
 * it takes the entry's own (bit 0 of `object`, held for a few instructions), which keeps the object
 * alive until it has a reference. Freed entries are reused last-in first-out, as Windows does.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "object_share.h"
#include "process_object.h"

#define BLOCK_ENTRIES 1024u
#define MAX_BLOCKS    4096u /* 4 Mi handles; Windows allows 16 Mi */
#define ENTRY_LOCK    ((uintptr_t)1)
#define END_OF_LIST   UINT32_MAX

struct entry {
    _Atomic uintptr_t object; /* struct object *, with ENTRY_LOCK */
    ACCESS_MASK access;
    uint32_t attributes;      /* OBJ_INHERIT, OBJ_PROTECT_CLOSE; of a free entry: the next free one */
};

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry *_Atomic blocks[MAX_BLOCKS];
static uint32_t used_entries, first_free = END_OF_LIST;

/* --- Objects --- */

void object_init(struct object *object, const struct object_ops *ops)
{
    object->ops = ops;
    atomic_init(&object->references, 1);
    atomic_init(&object->handles, 0);
    object->name = NULL;
    object->shared_id = 0;
}

void object_retain(struct object *object)
{
    atomic_fetch_add_explicit(&object->references, 1, memory_order_relaxed);
}

void object_release(struct object *object)
{
    if (atomic_fetch_sub_explicit(&object->references, 1, memory_order_acq_rel) != 1)
        return;
    if (object->shared_id)
        share_handles_gone(object); /* it never had a handle */
    free(object->name);
    object->name = NULL;
    if (object->ops->destroy)
        object->ops->destroy(object);
}

/* --- Entries --- */

static struct entry *entry_of(HANDLE handle)
{
    uintptr_t index = ((uintptr_t)handle >> 2) - 1; /* the two low bits are the program's */
    struct entry *block;

    if (!handle || index >= (uintptr_t)MAX_BLOCKS * BLOCK_ENTRIES)
        return NULL;
    block = atomic_load_explicit(&blocks[index / BLOCK_ENTRIES], memory_order_acquire);
    return block ? &block[index % BLOCK_ENTRIES] : NULL;
}

static struct object *lock_entry(struct entry *entry)
{
    for (unsigned spins = 0;; spins++) {
        uintptr_t object = atomic_load_explicit(&entry->object, memory_order_relaxed);

        if (!(object & ENTRY_LOCK) &&
            atomic_compare_exchange_weak_explicit(&entry->object, &object, object | ENTRY_LOCK,
                                                  memory_order_acquire, memory_order_relaxed))
            return (struct object *)object;
        if (spins < 64)
            __builtin_ia32_pause();
        else
            sched_yield();
    }
}

static void unlock_entry(struct entry *entry, struct object *object)
{
    atomic_store_explicit(&entry->object, (uintptr_t)object, memory_order_release);
}

static ACCESS_MASK map_access(const struct object_ops *ops, ACCESS_MASK access)
{
    if (access & GENERIC_READ)
        access |= ops->mapping.GenericRead;
    if (access & GENERIC_WRITE)
        access |= ops->mapping.GenericWrite;
    if (access & GENERIC_EXECUTE)
        access |= ops->mapping.GenericExecute;
    if (access & (GENERIC_ALL | MAXIMUM_ALLOWED))
        access |= ops->valid_access;
    for (int i = 0; i < 2; i++)
        if (access & ops->implications[i].has)
            access |= ops->implications[i].implied;
    return access & ~(ACCESS_MASK)(GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL |
                                   MAXIMUM_ALLOWED);
}

NTSTATUS handle_create(struct object *object, ACCESS_MASK access, ULONG attributes, HANDLE *handle)
{
    NTSTATUS status = STATUS_SUCCESS;
    struct entry *entry = NULL;
    uint32_t index = 0;
    sigset_t all, old;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pthread_mutex_lock(&table_lock);
    if (first_free != END_OF_LIST) {
        index = first_free;
        entry = &atomic_load(&blocks[index / BLOCK_ENTRIES])[index % BLOCK_ENTRIES];
        first_free = entry->attributes;
    } else if (used_entries < MAX_BLOCKS * BLOCK_ENTRIES) {
        struct entry *block = atomic_load(&blocks[used_entries / BLOCK_ENTRIES]);

        if (!block) {
            block = calloc(BLOCK_ENTRIES, sizeof(*block));
            atomic_store_explicit(&blocks[used_entries / BLOCK_ENTRIES], block,
                                  memory_order_release);
        }
        if (block) {
            index = used_entries++;
            entry = &block[index % BLOCK_ENTRIES];
        } else {
            status = STATUS_NO_MEMORY;
        }
    } else {
        status = STATUS_TOO_MANY_OPENED_FILES;
    }
    pthread_mutex_unlock(&table_lock);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (status)
        return status;

    object_retain(object);
    atomic_fetch_add(&object->handles, 1);
    entry->access = map_access(object->ops, access);
    entry->attributes = attributes & OBJ_INHERIT;
    unlock_entry(entry, object);
    *handle = (HANDLE)(((uintptr_t)index + 1) << 2);
    return STATUS_SUCCESS;
}

static void free_entry(struct entry *entry, HANDLE handle)
{
    uint32_t index = (uint32_t)(((uintptr_t)handle >> 2) - 1);
    sigset_t all, old;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pthread_mutex_lock(&table_lock);
    entry->attributes = first_free;
    first_free = index;
    pthread_mutex_unlock(&table_lock);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

NTSTATUS handle_access(HANDLE handle, ACCESS_MASK *access)
{
    struct entry *entry = entry_of(handle);
    struct object *object;

    if (!entry)
        return STATUS_INVALID_HANDLE;
    object = lock_entry(entry);
    *access = entry->access;
    unlock_entry(entry, object);
    return object ? STATUS_SUCCESS : STATUS_INVALID_HANDLE;
}

NTSTATUS handle_get(HANDLE handle, const struct object_ops *ops, ACCESS_MASK access,
                    struct object **out)
{
    NTSTATUS status = STATUS_SUCCESS;
    struct object *object = NULL;
    struct entry *entry;

    if (handle == NtCurrentProcess() || handle == NtCurrentThread()) {
        object = handle == NtCurrentProcess() ? current_process_object() : current_thread->object;
        if (!object)
            return STATUS_INVALID_HANDLE;
        if (ops && object->ops != ops)
            return STATUS_OBJECT_TYPE_MISMATCH;
        object_retain(object);
        *out = object;
        return STATUS_SUCCESS;
    }
    entry = entry_of(handle);
    if (!entry)
        return STATUS_INVALID_HANDLE;
    object = lock_entry(entry);
    if (!object)
        status = STATUS_INVALID_HANDLE;
    else if (ops && object->ops != ops)
        status = STATUS_OBJECT_TYPE_MISMATCH;
    else if (access & ~entry->access)
        status = STATUS_ACCESS_DENIED;
    else
        object_retain(object);
    unlock_entry(entry, object);
    if (!status)
        *out = object;
    return status;
}

void handle_for_each_inherited(void (*visit)(HANDLE handle, struct object *object,
                                             ACCESS_MASK access, void *context),
                               void *context)
{
    uint32_t count;

    pthread_mutex_lock(&table_lock);
    count = used_entries;
    pthread_mutex_unlock(&table_lock);
    for (uint32_t index = 0; index < count; index++) {
        HANDLE handle = (HANDLE)(((uintptr_t)index + 1) << 2);
        struct entry *entry = entry_of(handle);
        struct object *object = lock_entry(entry);
        bool is_inherited = object && entry->attributes & OBJ_INHERIT;
        ACCESS_MASK access = entry->access;

        if (is_inherited)
            object_retain(object);
        unlock_entry(entry, object);
        if (is_inherited) {
            visit(handle, object, access, context);
            object_release(object);
        }
    }
}

ULONG handle_count(void)
{
    uint32_t used;
    ULONG count = 0;

    pthread_mutex_lock(&table_lock);
    used = used_entries;
    pthread_mutex_unlock(&table_lock);
    for (uint32_t index = 0; index < used; index++)
        if (atomic_load(&entry_of((HANDLE)(((uintptr_t)index + 1) << 2))->object))
            count++;
    return count;
}

NTSTATUS handle_create_at(HANDLE handle, struct object *object, ACCESS_MASK access,
                          ULONG attributes)
{
    uint32_t index = (uint32_t)(((uintptr_t)handle >> 2) - 1);
    struct entry *entry;

    if (!handle || index >= MAX_BLOCKS * BLOCK_ENTRIES)
        return STATUS_INVALID_HANDLE;
    /* Only used before the program runs: entries below are put on the free list as we pass. */
    while (used_entries <= index) {
        struct entry *block = atomic_load(&blocks[used_entries / BLOCK_ENTRIES]);

        if (!block) {
            block = calloc(BLOCK_ENTRIES, sizeof(*block));
            if (!block)
                return STATUS_NO_MEMORY;
            atomic_store(&blocks[used_entries / BLOCK_ENTRIES], block);
        }
        if (used_entries < index) {
            block[used_entries % BLOCK_ENTRIES].attributes = first_free;
            first_free = used_entries;
        }
        used_entries++;
    }
    entry = entry_of(handle);
    if (atomic_load(&entry->object))
        return STATUS_OBJECT_NAME_COLLISION;
    object_retain(object);
    atomic_fetch_add(&object->handles, 1);
    entry->access = access;
    entry->attributes = attributes & OBJ_INHERIT;
    unlock_entry(entry, object);
    return STATUS_SUCCESS;
}

void object_drop_hold(struct object *object)
{
    if (atomic_fetch_sub(&object->handles, 1) == 1 &&
        (!object->shared_id || share_handles_gone(object)) && object->ops->handle_closed)
        object->ops->handle_closed(object);
    object_release(object);
}

NTSTATUS WINAPI NtClose(HANDLE handle)
{
    struct entry *entry;
    struct object *object;

    if (handle == NtCurrentProcess() || handle == NtCurrentThread())
        return STATUS_SUCCESS;
    entry = entry_of(handle);
    if (!entry)
        return STATUS_INVALID_HANDLE;
    object = lock_entry(entry);
    if (!object || entry->attributes & OBJ_PROTECT_CLOSE) {
        unlock_entry(entry, object);
        return object ? STATUS_HANDLE_NOT_CLOSABLE : STATUS_INVALID_HANDLE;
    }
    unlock_entry(entry, NULL);
    free_entry(entry, handle);
    object_drop_hold(object);
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI NtCompareObjects(HANDLE first, HANDLE second)
{
    struct object *a, *b;
    NTSTATUS status = handle_get(first, NULL, 0, &a);

    if (status)
        return status;
    status = handle_get(second, NULL, 0, &b);
    if (!status) {
        status = a == b ? STATUS_SUCCESS : STATUS_NOT_SAME_OBJECT;
        object_release(b);
    }
    object_release(a);
    return status;
}

NTSTATUS WINAPI NtSetInformationObject(HANDLE handle, OBJECT_INFORMATION_CLASS class, void *buffer,
                                       ULONG length)
{
    OBJECT_DATA_INFORMATION flags;
    struct entry *entry;
    struct object *object;

    if (class != ObjectDataInformation)
        return STATUS_INVALID_INFO_CLASS;
    if (length < sizeof(flags))
        return STATUS_INVALID_BUFFER_SIZE;
    if (guest_copy_in(&flags, buffer, sizeof(flags)))
        return STATUS_ACCESS_VIOLATION;
    entry = entry_of(handle);
    if (!entry)
        return STATUS_INVALID_HANDLE;
    object = lock_entry(entry);
    if (object)
        entry->attributes = (flags.InheritHandle ? OBJ_INHERIT : 0) |
                            (flags.ProtectFromClose ? OBJ_PROTECT_CLOSE : 0);
    unlock_entry(entry, object);
    return object ? STATUS_SUCCESS : STATUS_INVALID_HANDLE;
}

NTSTATUS handle_query_flags(HANDLE handle, ULONG *attributes, ACCESS_MASK *access)
{
    struct entry *entry = entry_of(handle);
    struct object *object;

    if (!entry)
        return STATUS_INVALID_HANDLE;
    object = lock_entry(entry);
    *attributes = entry->attributes;
    *access = entry->access;
    unlock_entry(entry, object);
    return object ? STATUS_SUCCESS : STATUS_INVALID_HANDLE;
}
