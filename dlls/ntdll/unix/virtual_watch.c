/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The address space's calls into the write-watch engine.
 */
#include "virtual_watch.h"

NTSTATUS watch_init(void)
{
    return STATUS_SUCCESS;
}

NTSTATUS watch_add(struct view *view)
{
    (void)view;
    return STATUS_NOT_SUPPORTED;
}

void watch_remove(struct view *view)
{
    (void)view;
}

void watch_decommit(struct view *view, char *base, size_t bytes)
{
    (void)view, (void)base, (void)bytes;
}

void watch_latch(struct view *view, char *base, size_t bytes)
{
    (void)view, (void)base, (void)bytes;
}

int watch_filter_access(struct view *view, char *base, size_t bytes, int access)
{
    (void)view, (void)base, (void)bytes;
    return access;
}

bool watch_handle_fault(struct view *view, void *address)
{
    (void)view, (void)address;
    return false;
}
