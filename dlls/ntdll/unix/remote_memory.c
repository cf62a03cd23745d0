/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The memory of another process: the caller's side. Each function names what `values` hold; the other
 * side is in remote_service_memory.c.
 */
#include <string.h>

#include "object_share.h"
#include "remote.h"

static uint64_t number(const void *address)
{
    return (uint64_t)(uintptr_t)address;
}

static void *address_of(uint64_t value)
{
    return (void *)(uintptr_t)value;
}

/* Asks for a base and a size, {base, bytes, a, b, …}, and takes them back rounded as the other has it. */
static NTSTATUS call_range(struct process_object *target, struct remote_call *call, void **base,
                           SIZE_T *bytes)
{
    NTSTATUS status;

    call->values[0] = number(*base);
    call->values[1] = *bytes;
    call->fd = -1;
    status = remote_call(target, call);
    if (!status) {
        *base = address_of(call->values[0]);
        *bytes = call->values[1];
    }
    return status;
}

NTSTATUS remote_allocate(struct process_object *target, void **base, SIZE_T *bytes, ULONG type,
                         ULONG protect, const struct remote_placement *where)
{
    struct remote_call call = {
        .code = REMOTE_ALLOCATE,
        .values = {0, 0, type, protect, where->low, where->high, where->align}};

    return call_range(target, &call, base, bytes);
}

NTSTATUS remote_free(struct process_object *target, void **base, SIZE_T *bytes, ULONG type)
{
    struct remote_call call = {.code = REMOTE_FREE, .values = {0, 0, type}};

    return call_range(target, &call, base, bytes);
}

NTSTATUS remote_protect(struct process_object *target, void **base, SIZE_T *bytes, ULONG protect,
                        ULONG *old)
{
    struct remote_call call = {.code = REMOTE_PROTECT, .values = {0, 0, protect}};
    NTSTATUS status = call_range(target, &call, base, bytes);

    if (!status)
        *old = (ULONG)call.values[2];
    return status;
}

NTSTATUS remote_write(struct process_object *target, void *address, const void *data, size_t bytes,
                      size_t *done)
{
    struct remote_call call = {.code = REMOTE_WRITE,
                               .values = {number(address)},
                               .data = data,
                               .bytes = bytes < REMOTE_BYTES ? bytes : REMOTE_BYTES,
                               .fd = -1};
    NTSTATUS status = remote_call(target, &call);

    *done = status ? 0 : call.values[0];
    return status;
}

NTSTATUS remote_lock(struct process_object *target, void **base, SIZE_T *bytes, bool is_lock)
{
    struct remote_call call = {.code = REMOTE_LOCK, .values = {0, 0, is_lock}};

    return call_range(target, &call, base, bytes);
}

NTSTATUS remote_query_memory(struct process_object *target, const void *address, ULONG class,
                             void *guest, SIZE_T length, SIZE_T *needed)
{
    char answer[REMOTE_BYTES] __attribute__((aligned(8)));
    struct remote_call call = {.code = REMOTE_QUERY_MEMORY,
                               .values = {number(address), class, length},
                               .answer = answer,
                               .answer_room = sizeof(answer),
                               .fd = -1};
    const bool is_asked_in_buffer = class == MemoryWorkingSetExInformation;
    NTSTATUS status;

    if (length > sizeof(answer))
        call.values[2] = length = sizeof(answer);
    if (is_asked_in_buffer) {
        if ((status = guest_copy_in(answer, guest, length)))
            return status;
        call.data = answer;
        call.bytes = length;
    }
    status = remote_call(target, &call);
    if (call.answer_bytes) {
        /* A string stands behind its head, wherever that is. */
        if (class == MemoryMappedFilenameInformation && call.answer_bytes >= sizeof(UNICODE_STRING)) {
            UNICODE_STRING *string = (UNICODE_STRING *)answer;

            string->Buffer = (WCHAR *)((UNICODE_STRING *)guest + 1);
        }
        if (guest_copy_out(guest, answer, call.answer_bytes))
            return STATUS_ACCESS_VIOLATION;
    }
    *needed = call.values[0];
    return status;
}

NTSTATUS remote_map(struct process_object *target, struct object *section, void **base,
                    SIZE_T *bytes, uint64_t offset, ULONG type, ULONG protect,
                    const struct remote_placement *where)
{
    struct object_description description;
    const char *path;
    struct remote_call call = {.code = REMOTE_MAP};
    NTSTATUS status = object_describe(section, &description, &call.fd, &path);

    if (status)
        return status;
    call.values[0] = number(*base);
    call.values[1] = *bytes;
    call.values[2] = offset;
    call.values[3] = (uint64_t)type << 32 | protect;
    call.values[4] = where->low;
    call.values[5] = where->high;
    call.values[6] = (uint64_t)description.type << 32 | description.options;
    call.values[7] = description.bytes;
    call.values[8] = where->align;
    if (path) {
        call.data = path;
        call.bytes = strlen(path) + 1;
    }
    status = remote_call(target, &call);
    if (NT_SUCCESS(status)) {
        *base = address_of(call.values[0]);
        *bytes = call.values[1];
    }
    return status;
}

NTSTATUS remote_unmap(struct process_object *target, void *address, ULONG flags)
{
    struct remote_call call = {
        .code = REMOTE_UNMAP, .values = {number(address), flags}, .fd = -1};

    return remote_call(target, &call);
}

NTSTATUS remote_get_write_watch(struct process_object *target, void *base, size_t bytes, bool reset,
                                void **addresses, size_t *count)
{
    struct remote_call call = {.code = REMOTE_GET_WRITE_WATCH,
                               .values = {number(base), bytes, reset, *count},
                               .answer = addresses,
                               .answer_room = *count * sizeof(*addresses),
                               .fd = -1};
    NTSTATUS status = remote_call(target, &call);

    *count = status ? 0 : call.answer_bytes / sizeof(*addresses);
    return status;
}

NTSTATUS remote_mark_written(struct process_object *target, void *const *pages, size_t count)
{
    const size_t most = REMOTE_BYTES / sizeof(*pages);
    NTSTATUS status = STATUS_SUCCESS;

    while (count && !status) {
        size_t part = count < most ? count : most;
        struct remote_call call = {.code = REMOTE_MARK_WRITTEN,
                                   .data = pages,
                                   .bytes = part * sizeof(*pages),
                                   .fd = -1};

        status = remote_call(target, &call);
        pages += part;
        count -= part;
    }
    return status;
}

NTSTATUS remote_reset_write_watch(struct process_object *target, void *base, size_t bytes)
{
    struct remote_call call = {
        .code = REMOTE_RESET_WRITE_WATCH, .values = {number(base), bytes}, .fd = -1};

    return remote_call(target, &call);
}
