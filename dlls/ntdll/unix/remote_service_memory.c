/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Requests of other processes on this one's memory. They are the same system calls as the program's own; the
 * arguments lie in the service's memory instead of the program's. The caller's side is in remote_memory.c.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "object_share.h"
#include "remote.h"
#include "section.h"
#include "views.h"
#include "virtual.h"
#include "virtual_watch.h"
#include "writewatch_nt.h"

/* Answers with a base and a size. */
static NTSTATUS answer_range(struct remote_message *message, NTSTATUS status, void *base,
                             SIZE_T bytes)
{
    message->bytes = 0;
    message->values[0] = (uint64_t)(uintptr_t)base;
    message->values[1] = bytes;
    return status;
}

NTSTATUS remote_serve_allocate(struct remote_peer *peer, struct remote_message *message, int *fd)
{
    void *base = (void *)(uintptr_t)message->values[0];
    SIZE_T bytes = message->values[1];
    NTSTATUS status = virtual_allocate_placed(&base, &bytes, (ULONG)message->values[2],
                                              (ULONG)message->values[3], message->values[4],
                                              message->values[5], message->values[6]);

    (void)peer, (void)fd;
    return answer_range(message, status, base, bytes);
}

NTSTATUS remote_serve_free(struct remote_peer *peer, struct remote_message *message, int *fd)
{
    void *base = (void *)(uintptr_t)message->values[0];
    SIZE_T bytes = message->values[1];
    NTSTATUS status =
        NtFreeVirtualMemory(NtCurrentProcess(), &base, &bytes, (ULONG)message->values[2]);

    (void)peer, (void)fd;
    return answer_range(message, status, base, bytes);
}

NTSTATUS remote_serve_protect(struct remote_peer *peer, struct remote_message *message, int *fd)
{
    void *base = (void *)(uintptr_t)message->values[0];
    SIZE_T bytes = message->values[1];
    ULONG old = 0;
    NTSTATUS status = NtProtectVirtualMemory(NtCurrentProcess(), &base, &bytes,
                                             (ULONG)message->values[2], &old);

    (void)peer, (void)fd;
    message->values[2] = old;
    return answer_range(message, status, base, bytes);
}

NTSTATUS remote_serve_write(struct remote_peer *peer, struct remote_message *message, int *fd)
{
    (void)peer, (void)fd;
    message->values[0] = watch_write((void *)(uintptr_t)message->values[0], message->data,
                                     message->bytes);
    message->bytes = 0;
    return STATUS_SUCCESS;
}

NTSTATUS remote_serve_lock(struct remote_peer *peer, struct remote_message *message, int *fd)
{
    void *base = (void *)(uintptr_t)message->values[0];
    SIZE_T bytes = message->values[1];
    NTSTATUS status = message->values[2]
                          ? NtLockVirtualMemory(NtCurrentProcess(), &base, &bytes, 1)
                          : NtUnlockVirtualMemory(NtCurrentProcess(), &base, &bytes, 1);

    (void)peer, (void)fd;
    return answer_range(message, status, base, bytes);
}

NTSTATUS remote_serve_query_memory(struct remote_peer *peer, struct remote_message *message,
                                   int *fd)
{
    SIZE_T needed = 0, length = message->values[2];
    ULONG class = (ULONG)message->values[1];
    NTSTATUS status = STATUS_INVALID_PARAMETER;

    (void)peer, (void)fd;
    if (length <= REMOTE_BYTES && (!message->bytes || message->bytes == length)) {
        /* What is not answered must not be what lay here before. */
        if (!message->bytes)
            memset(message->data, 0, length);
        status = NtQueryVirtualMemory(NtCurrentProcess(), (void *)(uintptr_t)message->values[0],
                                      class, message->data, length, &needed);
    }
    message->bytes = status ? 0 : (uint32_t)length;
    message->values[0] = needed;
    return status;
}

NTSTATUS remote_serve_map(struct remote_peer *peer, struct remote_message *message, int *fd)
{
    void *base = (void *)(uintptr_t)message->values[0];
    SIZE_T bytes = message->values[1];
    struct object_description description = {.kind = OBJECT_SECTION};
    struct object *section;
    int own = *fd >= 0 ? fcntl(*fd, F_DUPFD_CLOEXEC, 3) : -1;
    NTSTATUS status;

    (void)peer;
    if (own < 0 || (message->bytes && message->data[message->bytes - 1])) {
        if (own >= 0)
            close(own);
        message->bytes = 0;
        return STATUS_INVALID_PARAMETER;
    }
    description.options = (uint32_t)message->values[6];
    description.type = (uint32_t)(message->values[6] >> 32);
    description.bytes = message->values[7];
    status = section_import(&description, own, message->bytes ? message->data : NULL, &section);
    if (!status) {
        const struct placement where = {message->values[4], message->values[5], message->values[8]};

        status = section_map(section, &base, &bytes, message->values[2],
                             (ULONG)(message->values[3] >> 32), (ULONG)message->values[3], &where);
        object_release(section);
    }
    return answer_range(message, status, base, bytes);
}

NTSTATUS remote_serve_unmap(struct remote_peer *peer, struct remote_message *message, int *fd)
{
    (void)peer, (void)fd;
    message->bytes = 0;
    return NtUnmapViewOfSectionEx(NtCurrentProcess(), (void *)(uintptr_t)message->values[0],
                                  (ULONG)message->values[1]);
}

NTSTATUS remote_serve_mark_written(struct remote_peer *peer, struct remote_message *message,
                                   int *fd)
{
    size_t count = message->bytes / sizeof(void *);

    (void)peer, (void)fd;
    for (size_t i = 0; i < count; i++) {
        void *page;

        memcpy(&page, message->data + i * sizeof(page), sizeof(page));
        watch_mark(page, PAGE_BYTES);
    }
    message->bytes = 0;
    return STATUS_SUCCESS;
}

/* The engine checks that the range lies in one watched allocation. */
NTSTATUS remote_serve_get_write_watch(struct remote_peer *peer, struct remote_message *message,
                                      int *fd)
{
    size_t count = message->values[3] < REMOTE_BYTES / sizeof(void *)
                       ? message->values[3]
                       : REMOTE_BYTES / sizeof(void *);
    NTSTATUS status =
        write_watch_get((char *)(uintptr_t)message->values[0], message->values[1],
                        !!message->values[2], (void **)(void *)message->data, &count);

    (void)peer, (void)fd;
    message->bytes = status ? 0 : (uint32_t)(count * sizeof(void *));
    return status;
}

NTSTATUS remote_serve_reset_write_watch(struct remote_peer *peer, struct remote_message *message,
                                        int *fd)
{
    (void)peer, (void)fd;
    message->bytes = 0;
    return write_watch_reset((char *)(uintptr_t)message->values[0], message->values[1]);
}
