/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The page shared between a parent and the process it created.
 */
#include <sys/mman.h>

#include "child.h"

NTSTATUS child_page_exit_status(const struct child_page *page)
{
    return page ? (NTSTATUS)atomic_load(&page->exit_status) : STATUS_PENDING;
}

void child_page_set_exit_status(struct child_page *page, NTSTATUS status)
{
    uint32_t pending = (uint32_t)STATUS_PENDING;

    if (page)
        atomic_compare_exchange_strong(&page->exit_status, &pending, (uint32_t)status);
}

void *child_page_peb(const struct child_page *page)
{
    return page ? (void *)(uintptr_t)page->peb : NULL;
}

void child_page_free(struct child_page *page)
{
    if (page)
        munmap(page, PAGE_BYTES);
}
