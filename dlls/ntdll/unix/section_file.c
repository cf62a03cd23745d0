/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What sections have to do with their files: whether a file is mapped, whether two views are of one file,
 * and pages that leave their file because they are to be copied when written.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "section.h"
#include "views.h"

/* All sections of this process. */
static struct section *sections;
static pthread_mutex_t sections_lock = PTHREAD_MUTEX_INITIALIZER;

void section_list(struct section *section)
{
    pthread_mutex_lock(&sections_lock);
    section->next = sections;
    if (sections)
        sections->previous = section;
    sections = section;
    pthread_mutex_unlock(&sections_lock);
}

void section_unlist(struct section *section)
{
    pthread_mutex_lock(&sections_lock);
    if (section->previous)
        section->previous->next = section->next;
    else
        sections = section->next;
    if (section->next)
        section->next->previous = section->previous;
    pthread_mutex_unlock(&sections_lock);
}

NTSTATUS section_make_private(struct view *view, char *base, size_t bytes, ULONG protect)
{
    const struct section *section = (const struct section *)view->section;

    if (view->type != MEM_MAPPED || !protect_is_copy(protect) || protect_is_copy(view->protect))
        return STATUS_SUCCESS;
    return mmap(base, bytes, protect_to_linux(protect), MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE,
                section->fd, (off_t)(view->section_offset + (size_t)(base - view->base))) == MAP_FAILED
               ? errno_to_status(errno)
               : STATUS_SUCCESS;
}

static bool is_same_file(const struct section *section, const struct stat *file)
{
    struct stat st;

    return section->path && !fstat(section->fd, &st) && st.st_ino == file->st_ino &&
           st.st_dev == file->st_dev;
}

bool section_is_file_mapped(int fd, uint64_t from, bool is_section_enough)
{
    bool is_mapped = false;
    struct stat file;
    sigset_t signals;

    if (fstat(fd, &file))
        return false;
    virtual_lock(&signals);
    for (struct view *view = view_at_or_above(NULL); view && !is_mapped;
         view = view_at_or_above(view->base + view->bytes))
        is_mapped = view->section && view->section_offset + view->bytes > from &&
                    is_same_file((const struct section *)view->section, &file);
    virtual_unlock(&signals);
    if (is_mapped || !is_section_enough)
        return is_mapped;
    pthread_mutex_lock(&sections_lock);
    for (struct section *section = sections; section && !is_mapped; section = section->next)
        is_mapped = is_same_file(section, &file);
    pthread_mutex_unlock(&sections_lock);
    return is_mapped;
}

NTSTATUS WINAPI NtAreMappedFilesTheSame(PVOID first, PVOID second)
{
    struct view *a, *b;
    sigset_t signals;
    NTSTATUS status = STATUS_NOT_SAME_DEVICE;

    virtual_lock(&signals);
    a = view_find(first);
    b = view_find(second);
    if (!a || !b)
        status = STATUS_INVALID_ADDRESS;
    else if (a->type == MEM_PRIVATE || b->type == MEM_PRIVATE)
        status = STATUS_CONFLICTING_ADDRESSES;
    else if (a == b || (a->file_name && b->file_name && !strcmp(a->file_name, b->file_name)))
        status = STATUS_SUCCESS;
    virtual_unlock(&signals);
    return status;
}
