/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * For `decant pages`: which allocations of another process are watched, read out of its bookkeeping. Reading
 * is all: the other process is neither stopped nor asked.
 */
#include <errno.h>
#include <sched.h>
#include <sys/uio.h>

#include "main.h"
#include "views.h"
#include "watch_pin.h"
#include "writewatch.h"

static bool read_remote(int pid, const void *address, void *out, size_t bytes)
{
    struct iovec local = {out, bytes}, remote = {(void *)address, bytes};

    return process_vm_readv(pid, &local, 1, &remote, 1, 0) == (ssize_t)bytes;
}

/* One pass over the views; a change in between is the caller's matter. -EAGAIN: something was gone. */
static int list_once(int pid, const struct process_block *block, struct decant_watched *out, size_t room)
{
    int count = 0;

    for (uint64_t i = 0; i < block->view_count; i++) {
        struct ww_region region;
        struct watch watch;
        struct view *pointer, view;

        if (!read_remote(pid, block->views + i, &pointer, sizeof(pointer)) ||
            !read_remote(pid, pointer, &view, sizeof(view)))
            return -EAGAIN;
        if (!view.watch)
            continue;
        if (!read_remote(pid, view.watch, &watch, sizeof(watch)) ||
            !read_remote(pid, watch.region, &region, sizeof(region)))
            return -EAGAIN;
        if ((size_t)count < room)
            out[count] = (struct decant_watched){
                .base = (uintptr_t)view.base,
                .bytes = view.bytes,
                .first_bit = (size_t)(view.base - region.base) >> PAGE_SHIFT,
                .latched = (uintptr_t)region.latched,
                .dirty = (uintptr_t)region.dirty,
                .resets = region.resets,
                .reported = region.reported,
            };
        count++;
    }
    return count;
}

__attribute__((visibility("default"))) int decant_watched_regions(int pid, struct decant_watched *out,
                                                                  size_t room);

int decant_watched_regions(int pid, struct decant_watched *out, size_t room)
{
    for (int tries = 0; tries < 1000; tries++) {
        struct process_block before, after;
        int count;

        errno = 0;
        if (!read_remote(pid, PROCESS_BLOCK, &before, sizeof(before)))
            return errno == EPERM || errno == ESRCH ? -errno : -ENOEXEC; /* nothing is mapped there */
        if (before.magic != PROCESS_BLOCK_MAGIC)
            return -ENOEXEC;
        if (before.view_bytes != sizeof(struct view))
            return -ENOTSUP;
        if (before.sequence & 1) {
            sched_yield();
            continue;
        }
        count = list_once(pid, &before, out, room);
        if (read_remote(pid, PROCESS_BLOCK, &after, sizeof(after)) && after.sequence == before.sequence &&
            count >= 0)
            return count;
    }
    return -EAGAIN;
}
