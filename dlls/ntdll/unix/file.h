/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * File objects. A file object is one opening of a file; its handles, however many, share it.
 */
#ifndef DECANT_NTDLL_UNIX_FILE_H
#define DECANT_NTDLL_UNIX_FILE_H

#include <pthread.h>
#include <sys/stat.h>

#include "object.h"

enum file_kind {
    FILE_KIND_DISK,
    FILE_KIND_DIRECTORY,
    FILE_KIND_PIPE,      /* pipes and sockets: no position */
    FILE_KIND_CONSOLE,   /* a terminal */
    FILE_KIND_CHAR,      /* /dev/null and other character devices */
};

/* Constant after creation, but for what is marked. */
struct file {
    struct object header;
    enum file_kind kind;
    int fd;              /* owned; close-on-exec */
    ULONG access;        /* granted access mask */
    ULONG sharing;       /* FILE_SHARE_* */
    ULONG options;       /* FILE_* create options */
    char *unix_path;     /* owned; NULL for what has no name */
    bool is_console_input; /* of FILE_KIND_CONSOLE: the keyboard, whatever rights there are */
    int standard_fd;     /* 0 or 1 when it stands for our own stdin or stdout, else -1 */
    dev_t device;
    ino_t inode;
    bool delete_on_close; /* under the table's lock (file_share.c) */
    struct file *next, **link; /* in the table of openings; link is NULL outside it */
    struct object *completion_port; /* FileCompletionInformation: with a reference; or NULL */
    ULONG_PTR completion_key;
    ULONG completion_flags; /* FILE_SKIP_COMPLETION_PORT_ON_SUCCESS … */
    struct directory *directory; /* NtQueryDirectoryFile's place; owned (directory.c) */
    struct directory_watch *watch; /* NtNotifyChangeDirectoryFile's; owned (directory_watch.c) */
    struct pipe_end *pipe;       /* of a named pipe; owned (pipe_end.c) */
    struct file_wait *wait;      /* what a wait on the file looks at; owned (file_wait.c) */
    _Atomic bool is_signaled;    /* the last request on it ended: what a wait finds */
    /* Serialises I/O that uses or moves the position of a synchronous file: reading at an offset and
     * moving the position are two calls on Linux. Held across disk I/O only. */
    pthread_mutex_t position_lock;
};

extern const struct object_ops file_ops;

static inline bool file_is_synchronous(const struct file *file)
{
    return file->options & (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT);
}

/* A file object on an open descriptor, which it owns from now on, success or not. `unix_path` is copied, may be NULL.
 * One reference, the caller's. */
NTSTATUS file_create_object(int fd, const char *unix_path, ACCESS_MASK access, ULONG sharing,
                            ULONG options, struct file **out);

/* The file behind a handle, with a reference to be released (&file->header). */
NTSTATUS file_from_handle(HANDLE handle, ACCESS_MASK access, struct file **file);

/* For sections, process creation and the like: a duplicate of the descriptor behind a handle, close-on-exec, which
 * the caller closes. Fails with STATUS_ACCESS_DENIED when the handle lacks `access`. */
NTSTATUS file_get_fd(HANDLE handle, ACCESS_MASK access, int *fd);

/* Puts handles for descriptors 0, 1 and 2 into the parameters; a closed descriptor gives NULL. */
void file_init_std_handles(RTL_USER_PROCESS_PARAMETERS *parameters);

/* Opens the current folder, whose handle is in the parameters: programs open files below it (NtCreateFile). */
void file_init_current_folder(RTL_USER_PROCESS_PARAMETERS *parameters);

/* GENERIC_* and MAXIMUM_ALLOWED into file rights. */
ACCESS_MASK file_map_access(ACCESS_MASK access);

/* NtQueryObject's name: \??\C:\…, \Device\NamedPipe\NAME (file_query.c). */
NTSTATUS file_query_name(struct object *object, void *buffer, ULONG length, ULONG *needed);

/* FILE_ATTRIBUTE_* (file_attributes.c) of an open file, or (path not NULL) of one by name. A link itself (S_ISLNK) needs
 * its name. */
ULONG file_attributes(const struct stat *st, int fd, const char *path);
/* Keeps those that Linux does not have itself. 0 or -errno. */
int file_store_attributes(int fd, const struct stat *st, ULONG attributes);

/* FILE_ATTRIBUTE_READONLY binds everybody, root as well. */
static inline bool file_is_read_only(const struct stat *st)
{
    return !S_ISDIR(st->st_mode) && !(st->st_mode & (S_IWUSR | S_IWGRP | S_IWOTH));
}

/* --- file_wait.c: waiting on the file itself ------------------------------------------------- */

/* A request begins or ends. */
void file_set_signaled(struct file *file, bool is_signaled);
struct sync *file_get_sync(struct object *object);
void file_wait_free(struct file *file);

/* --- file_share.c: who has which file open --------------------------------------------------- */

/* Where the bytes are that stand for rights; no lock of the program's reaches so far. */
#define FILE_SHARE_LOCKS 0x7fffffffffffff00ll

/* Enters the file, or STATUS_SHARING_VIOLATION / STATUS_DELETE_PENDING. */
NTSTATUS file_share_enter(struct file *file);
/* Whether this process has the file open. */
bool file_share_is_open(dev_t device, ino_t inode);
/* Leaves; true when the file is to be deleted now (it was the last opening and deletion was asked). */
bool file_share_leave(struct file *file);

#endif
