/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The page shared between a parent and the process it created.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"

struct child_page *child_page_create(int *fd)
{
    struct child_page *page = MAP_FAILED;

    *fd = memfd_create("decant-child", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (*fd >= 0 && !ftruncate(*fd, (off_t)PAGE_BYTES) && !fcntl(*fd, F_ADD_SEALS, CHILD_PAGE_SEALS))
        page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
    if (page != MAP_FAILED) {
        atomic_store(&page->exit_status, (uint32_t)STATUS_PENDING);
    } else if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
    return page;
}

bool child_page_exit_status(const struct child_page *page, NTSTATUS *status)
{
    if (!page || !atomic_load(&page->has_ended))
        return false;
    *status = (NTSTATUS)atomic_load(&page->exit_status);
    return true;
}

void child_page_set_exit_status(struct child_page *page, NTSTATUS status)
{
    uint32_t none = 0;

    if (page && atomic_compare_exchange_strong(&page->has_ended, &none, 1))
        atomic_store(&page->exit_status, (uint32_t)status);
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
