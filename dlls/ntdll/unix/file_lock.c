/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Byte-range locks. The locks of this process are in a list, which knows Windows' rules: a lock belongs to its opening,
 * even the same opening cannot lock a range twice but for reading, and only the very range is unlocked. Other
 * processes see them as Linux' open-file-description locks. Reading and writing respect the locks in the
 * list; those of other processes stop locking alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "async.h"
#include "file_lock.h"

struct range_lock {
    struct range_lock *next;
    struct file *file;      /* not counted: its end removes its locks */
    uint64_t first, last;   /* inclusive */
    bool is_exclusive;
    bool is_empty;          /* of no bytes: it stands in nobody's way */
};

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct range_lock *list;
static _Atomic uint32_t count;

bool file_lock_exists(void)
{
    return atomic_load_explicit(&count, memory_order_relaxed);
}

static bool is_same_file(const struct file *a, const struct file *b)
{
    return a->inode == b->inode && a->device == b->device;
}

static bool overlaps(const struct range_lock *lock, uint64_t first, uint64_t last)
{
    return !lock->is_empty && lock->first <= last && lock->last >= first;
}

/* Shared ones stand together; one may also stand in an exclusive one of the same opening [LockFileEx]. */
static bool conflicts(const struct range_lock *old, const struct range_lock *new)
{
    if (new->is_empty || !is_same_file(old->file, new->file) ||
        !overlaps(old, new->first, new->last))
        return false;
    if (new->is_exclusive)
        return true;
    return old->is_exclusive && old->file != new->file;
}

/* --- Linux' locks, for other processes --- */

/* STATUS_LOCK_NOT_GRANTED. The last bytes of all are the share modes' (file_share.c). */
static NTSTATUS linux_lock(const struct file *file, uint64_t first, uint64_t last, short type)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)first};

    if (first >= FILE_SHARE_LOCKS)
        return STATUS_SUCCESS;
    if (last >= FILE_SHARE_LOCKS)
        last = FILE_SHARE_LOCKS - 1;
    lock.l_len = (off_t)(last - first + 1);
    /* An exclusive lock needs writing on Linux; Windows does not ask for it. */
    if (type == F_WRLCK && fcntl(file->fd, F_GETFL) >= 0 &&
        (fcntl(file->fd, F_GETFL) & O_ACCMODE) == O_RDONLY)
        lock.l_type = F_RDLCK;
    if (!fcntl(file->fd, F_OFD_SETLK, &lock))
        return STATUS_SUCCESS;
    return errno == EAGAIN || errno == EACCES ? STATUS_LOCK_NOT_GRANTED : errno_to_status(errno);
}

/* What other locks of the opening hold in a range that was let go. */
static void linux_restore(const struct file *file, uint64_t first, uint64_t last)
{
    for (int exclusive = 0; exclusive < 2; exclusive++)
        for (const struct range_lock *at = list; at; at = at->next)
            if (at->file == file && overlaps(at, first, last) && at->is_exclusive == exclusive)
                linux_lock(file, at->first, at->last, exclusive ? F_WRLCK : F_RDLCK);
}

/* --- The list --- */

static NTSTATUS try_lock(const struct range_lock *wanted)
{
    struct range_lock *lock = malloc(sizeof(*lock));
    NTSTATUS status = STATUS_SUCCESS;

    if (!lock)
        return STATUS_NO_MEMORY;
    *lock = *wanted;
    pthread_mutex_lock(&list_lock);
    for (const struct range_lock *at = list; at && !status; at = at->next)
        if (conflicts(at, lock))
            status = STATUS_LOCK_NOT_GRANTED;
    if (!status && !lock->is_empty)
        status = linux_lock(lock->file, lock->first, lock->last,
                            lock->is_exclusive ? F_WRLCK : F_RDLCK);
    if (!status) {
        lock->next = list;
        list = lock;
        atomic_fetch_add(&count, 1);
        /* A shared one inside an exclusive one has not taken that away from others. */
        if (!lock->is_exclusive && !lock->is_empty)
            linux_restore(lock->file, lock->first, lock->last);
        lock = NULL;
    }
    pthread_mutex_unlock(&list_lock);
    free(lock);
    return status;
}

static void remove_lock(struct range_lock **link)
{
    struct range_lock *lock = *link;

    *link = lock->next;
    atomic_fetch_sub(&count, 1);
    if (!lock->is_empty) {
        linux_lock(lock->file, lock->first, lock->last, F_UNLCK);
        linux_restore(lock->file, lock->first, lock->last);
    }
    free(lock);
}

/* Of two on the same range the exclusive one goes first (documented). */
static NTSTATUS unlock(const struct range_lock *wanted)
{
    struct range_lock **found = NULL;

    pthread_mutex_lock(&list_lock);
    for (struct range_lock **link = &list; *link; link = &(*link)->next)
        if ((*link)->file == wanted->file && (*link)->first == wanted->first &&
            (*link)->last == wanted->last && (*link)->is_empty == wanted->is_empty &&
            (!found || (*link)->is_exclusive))
            found = link;
    if (found)
        remove_lock(found);
    pthread_mutex_unlock(&list_lock);
    return found ? STATUS_SUCCESS : STATUS_RANGE_NOT_LOCKED;
}

void file_lock_forget(struct file *file)
{
    if (!file_lock_exists())
        return;
    pthread_mutex_lock(&list_lock);
    for (struct range_lock **link = &list; *link;) {
        if ((*link)->file == file)
            remove_lock(link);
        else
            link = &(*link)->next;
    }
    pthread_mutex_unlock(&list_lock);
    async_kick();
}

NTSTATUS file_lock_check(const struct file *file, uint64_t first, uint64_t bytes, bool writing)
{
    NTSTATUS status = STATUS_SUCCESS;

    if (!bytes)
        return STATUS_SUCCESS;
    pthread_mutex_lock(&list_lock);
    for (const struct range_lock *at = list; at && !status; at = at->next) {
        bool is_mine = at->file == file;

        if (is_same_file(at->file, file) && overlaps(at, first, first + bytes - 1) &&
            (writing ? !is_mine || !at->is_exclusive : !is_mine && at->is_exclusive))
            status = STATUS_FILE_LOCK_CONFLICT;
    }
    pthread_mutex_unlock(&list_lock);
    return status;
}

/* --- System calls --- */

/* The range, checked. */
static NTSTATUS read_range(const LARGE_INTEGER *offset, const LARGE_INTEGER *length,
                           struct range_lock *lock)
{
    LARGE_INTEGER first, bytes;

    if (guest_copy_in(&first, offset, sizeof(first)) || guest_copy_in(&bytes, length, sizeof(bytes)))
        return STATUS_ACCESS_VIOLATION;
    lock->first = (uint64_t)first.QuadPart;
    lock->is_empty = !bytes.QuadPart;
    lock->last = lock->is_empty ? lock->first : lock->first + (uint64_t)bytes.QuadPart - 1;
    return lock->last < lock->first ? STATUS_INVALID_LOCK_RANGE : STATUS_SUCCESS;
}

static NTSTATUS attempt_lock(struct async *request)
{
    NTSTATUS status = try_lock(request->data);

    return status == STATUS_LOCK_NOT_GRANTED ? STATUS_PENDING : status;
}

NTSTATUS WINAPI NtLockFile(HANDLE handle, HANDLE event, PIO_APC_ROUTINE apc, void *context,
                           IO_STATUS_BLOCK *io, LARGE_INTEGER *offset, LARGE_INTEGER *length,
                           ULONG *key, BOOLEAN fail_at_once, BOOLEAN exclusive)
{
    struct async_target target = {io, event, apc, context};
    struct async request = {.queue = ASYNC_UNORDERED, .attempt = attempt_lock, .fd = -1};
    struct range_lock lock = {.is_exclusive = exclusive};
    IO_STATUS_BLOCK probe;
    struct file *file;
    NTSTATUS status;

    (void)key;
    if ((status = read_range(offset, length, &lock)) ||
        (status = guest_copy_in(&probe, io, sizeof(probe))) ||
        (status = file_from_handle(handle, 0, &file)))
        return status;
    lock.file = request.file = file;
    if (file->kind != FILE_KIND_DISK)
        status = STATUS_INVALID_DEVICE_REQUEST;
    else if (!(file->access & (FILE_READ_DATA | FILE_WRITE_DATA)))
        status = STATUS_ACCESS_DENIED;
    else if (fail_at_once)
        status = async_finish_inline(file, &target, try_lock(&lock), 0);
    else if (!(request.data = malloc(sizeof(lock))))
        status = STATUS_NO_MEMORY;
    else {
        *(struct range_lock *)request.data = lock;
        status = async_start(&request, &target);
    }
    object_release(&file->header);
    return status;
}

NTSTATUS WINAPI NtUnlockFile(HANDLE handle, IO_STATUS_BLOCK *io, LARGE_INTEGER *offset,
                             LARGE_INTEGER *length, ULONG *key)
{
    IO_STATUS_BLOCK result = {{0}};
    struct range_lock lock = {0};
    struct file *file;
    NTSTATUS status;

    (void)key;
    if ((status = read_range(offset, length, &lock)) ||
        (status = guest_copy_in(&result, io, sizeof(result))) ||
        (status = file_from_handle(handle, 0, &file)))
        return status;
    lock.file = file;
    status = unlock(&lock);
    object_release(&file->header);
    if (status)
        return status;
    async_kick();
    result.Status = STATUS_SUCCESS;
    result.Information = 0;
    return guest_copy_out(io, &result, sizeof(result));
}
