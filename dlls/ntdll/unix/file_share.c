/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Share modes: which openings of one file may stand side by side. The table is this process's own;
 * other processes are not asked. A file is known by device and inode, so hard links and other spellings meet.
 */
#include "file.h"

#define BUCKETS 64

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static struct file *table[BUCKETS];

static struct file **bucket_of(const struct file *file)
{
    return &table[(file->inode ^ file->device) % BUCKETS];
}

/* The FILE_SHARE_* bits that others must have granted for this access. */
static ULONG needed_sharing(ULONG access)
{
    ULONG needed = 0;

    if (access & (FILE_READ_DATA | FILE_EXECUTE))
        needed |= FILE_SHARE_READ;
    if (access & (FILE_WRITE_DATA | FILE_APPEND_DATA))
        needed |= FILE_SHARE_WRITE;
    if (access & DELETE)
        needed |= FILE_SHARE_DELETE;
    return needed;
}

NTSTATUS file_share_enter(struct file *file)
{
    ULONG needed = needed_sharing(file->access);
    struct file **bucket = bucket_of(file);
    NTSTATUS status = STATUS_SUCCESS;

    pthread_mutex_lock(&table_lock);
    for (struct file *other = *bucket; other; other = other->next) {
        ULONG other_needs;

        if (other->inode != file->inode || other->device != file->device)
            continue;
        if (other->delete_on_close && !(other->options & FILE_DELETE_ON_CLOSE)) {
            status = STATUS_DELETE_PENDING;
            break;
        }
        /* Openings that touch attributes only take no part in sharing. */
        other_needs = needed_sharing(other->access);
        if ((needed && other_needs) &&
            ((needed & ~other->sharing) || (other_needs & ~file->sharing))) {
            status = STATUS_SHARING_VIOLATION;
            break;
        }
    }
    if (!status) {
        file->next = *bucket;
        if (file->next)
            file->next->link = &file->next;
        *bucket = file;
        file->link = bucket;
    }
    pthread_mutex_unlock(&table_lock);
    return status;
}

bool file_share_leave(struct file *file)
{
    bool is_last = true;

    if (!file->link)
        return false;
    pthread_mutex_lock(&table_lock);
    *file->link = file->next;
    if (file->next)
        file->next->link = file->link;
    file->link = NULL;
    /* Deletion waits for the last opening, which inherits it. */
    for (struct file *other = *bucket_of(file); other; other = other->next) {
        if (other->inode == file->inode && other->device == file->device) {
            other->delete_on_close |= file->delete_on_close;
            is_last = false;
        }
    }
    pthread_mutex_unlock(&table_lock);
    return is_last && file->delete_on_close;
}
