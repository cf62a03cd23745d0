/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Share modes: which openings of one file may stand side by side. A file is known by device and inode, so hard
 * links and other spellings meet.
 *
 * This process's openings are in a table. Between processes, each opening holds read locks on bytes of the file itself,
 * far behind any data: one byte for each right that it has, one for each that it denies to others. They are Linux'
 * open-file-description locks: they live as long as the opening, whichever processes share it, and go
 * with the last of them. An opening locks first and looks then; of two at the same time one at least sees the
 * other. A descriptor that cannot be read cannot hold such locks, and a file system may have none: then other
 * processes are not bound.
 */
#include <fcntl.h>

#include "file.h"

#define BUCKETS 64

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static struct file *table[BUCKETS];

static struct file **bucket_of(const struct file *file)
{
    return &table[(file->inode ^ file->device) % BUCKETS];
}

bool file_share_is_open(dev_t device, ino_t inode)
{
    bool found = false;

    pthread_mutex_lock(&table_lock);
    for (const struct file *at = table[(inode ^ device) % BUCKETS]; at && !found; at = at->next)
        found = at->inode == inode && at->device == device;
    pthread_mutex_unlock(&table_lock);
    return found;
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

/* Bits are bytes at FILE_SHARE_LOCKS: what the opening has in bits 0 to 2, what it denies in 3 to 5. */
static bool lock_bits(const struct file *file, ULONG bits, int command, short type)
{
    bool found = false;

    for (unsigned at = 0; at < 6 && !found; at++) {
        struct flock lock = {.l_type = type, .l_whence = SEEK_SET,
                             .l_start = FILE_SHARE_LOCKS + at};

        if (!(bits >> at & 1))
            continue;
        for (; bits >> at & 1; at++)
            lock.l_len++;
        found = !fcntl(file->fd, command, &lock) && command == F_OFD_GETLK &&
                lock.l_type != F_UNLCK;
    }
    return found;
}

static bool others_object(const struct file *file, ULONG needed)
{
    ULONG denied = ~file->sharing & (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE);

    if (!needed || file->kind != FILE_KIND_DISK)
        return false;
    lock_bits(file, needed | denied << 3, F_OFD_SETLK, F_RDLCK);
    return lock_bits(file, denied | needed << 3, F_OFD_GETLK, F_WRLCK);
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
    if (!status && others_object(file, needed)) {
        file_share_leave(file);
        status = STATUS_SHARING_VIOLATION;
    }
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
