/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The file object: its making and its end, and the handles that a program starts with.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "directory.h"
#include "file_lock.h"
#include "object_share.h"
#include "pipe.h"

/* The last handle goes: what is pending ends. */
static void file_closed(struct object *object)
{
    struct file *file = container_of(object, struct file, header);

    if (!file_is_synchronous(file))
        async_cancel(file, 0, NULL);
    if (file->pipe)
        pipe_end_closed(file);
}

static void file_destroy(struct object *object)
{
    struct file *file = container_of(object, struct file, header);

    file_lock_forget(file);
    if (file_share_leave(file) && file->unix_path) {
        struct stat st;

        /* Only the file that was opened: the name may have gone to another since. */
        if (!lstat(file->unix_path, &st) && st.st_ino == file->inode &&
            st.st_dev == file->device) {
            if (S_ISDIR(st.st_mode) ? rmdir(file->unix_path) : unlink(file->unix_path))
                trace(TRACE_FILE, "cannot delete %s: %s", file->unix_path, strerror(errno));
        }
    }
    close(file->fd);
    if (file->standard_fd >= 0) {
        /* Whoever reads from us must see the end; the number stays taken, so that no file of
         * the program's becomes Linux' stdout. */
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        if (null >= 0) {
            dup2(null, file->standard_fd);
            close(null);
        }
    }
    if (file->completion_port)
        object_release(file->completion_port);
    directory_free(file->directory);
    directory_watch_free(file);
    file_wait_free(file);
    pipe_end_free(file->pipe);
    pthread_mutex_destroy(&file->position_lock);
    free(file->unix_path);
    free(file);
}

/* In a description's `address`, beside what a pipe's end says. */
#define CONSOLE_INPUT 0x80000000u

/* The other process's file object shares the position, as on Windows, since Linux' descriptors do. */
static NTSTATUS describe(struct object *object, struct object_description *description, int *fd,
                         const char **path)
{
    struct file *file = container_of(object, struct file, header);

    description->options = file->options;
    description->type = file->sharing;
    description->access = file->access;
    description->address = pipe_end_export(file);
    if (file->is_console_input)
        description->address |= CONSOLE_INPUT;
    *fd = file->fd;
    *path = file->unix_path;
    return STATUS_SUCCESS;
}

NTSTATUS file_import(const struct object_description *description, int fd, const char *path,
                     struct object **out)
{
    struct file *file;
    NTSTATUS status = fd < 0 ? STATUS_INVALID_PARAMETER
                             : file_create_object(fd, path, description->access, description->type,
                                                  description->options, &file);

    if (!status)
        file->is_console_input = description->address & CONSOLE_INPUT;
    if (!status && (status = pipe_end_import(file, (uint32_t)(description->address & ~CONSOLE_INPUT))))
        object_release(&file->header);
    if (!status)
        *out = &file->header;
    return status;
}

const struct object_ops file_ops = {
    .type_name = L"File",
    .kind = OBJECT_FILE,
    .valid_access = FILE_ALL_ACCESS,
    .mapping = {FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_GENERIC_EXECUTE, FILE_ALL_ACCESS},
    .describe = describe,
    .get_sync = file_get_sync,
    .query_name = file_query_name,
    .handle_closed = file_closed,
    .destroy = file_destroy,
};

ACCESS_MASK file_map_access(ACCESS_MASK access)
{
    if (access & GENERIC_READ)
        access |= FILE_GENERIC_READ;
    if (access & GENERIC_WRITE)
        access |= FILE_GENERIC_WRITE;
    if (access & GENERIC_EXECUTE)
        access |= FILE_GENERIC_EXECUTE;
    if (access & GENERIC_ALL)
        access |= FILE_ALL_ACCESS;
    return access & ~(GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL);
}

static enum file_kind kind_of(const struct stat *st, int fd)
{
    if (S_ISDIR(st->st_mode))
        return FILE_KIND_DIRECTORY;
    if (S_ISFIFO(st->st_mode) || S_ISSOCK(st->st_mode))
        return FILE_KIND_PIPE;
    if (S_ISCHR(st->st_mode))
        return isatty(fd) ? FILE_KIND_CONSOLE : FILE_KIND_CHAR;
    return FILE_KIND_DISK;
}

NTSTATUS file_create_object(int fd, const char *unix_path, ACCESS_MASK access, ULONG sharing,
                            ULONG options, struct file **out)
{
    struct file *file = calloc(1, sizeof(*file));
    struct stat st;

    if (!file || (unix_path && !(file->unix_path = strdup(unix_path)))) {
        free(file);
        close(fd);
        return STATUS_NO_MEMORY;
    }
    if (fstat(fd, &st)) {
        NTSTATUS status = errno_to_status(errno);

        free(file->unix_path);
        free(file);
        close(fd);
        return status;
    }
    object_init(&file->header, &file_ops);
    pthread_mutex_init(&file->position_lock, NULL);
    file->kind = kind_of(&st, fd);
    file->fd = fd;
    file->access = access;
    file->sharing = sharing;
    file->options = options;
    file->standard_fd = -1;
    file->device = st.st_dev;
    file->inode = st.st_ino;
    *out = file;
    return STATUS_SUCCESS;
}

NTSTATUS file_from_handle(HANDLE handle, ACCESS_MASK access, struct file **file)
{
    struct object *object;
    NTSTATUS status = handle_get(handle, &file_ops, access, &object);

    if (!status)
        *file = container_of(object, struct file, header);
    return status;
}

NTSTATUS file_get_fd(HANDLE handle, ACCESS_MASK access, int *fd)
{
    struct file *file;
    NTSTATUS status = file_from_handle(handle, access, &file);

    if (status)
        return status;
    *fd = fcntl(file->fd, F_DUPFD_CLOEXEC, 3);
    if (*fd < 0)
        status = errno_to_status(errno);
    object_release(&file->header);
    return status;
}

static HANDLE standard_handle(int number)
{
    int mode = fcntl(number, F_GETFL), fd;
    ACCESS_MASK access = SYNCHRONIZE | READ_CONTROL | FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES;
    struct file *file;
    HANDLE handle = NULL;

    if (mode < 0)
        return NULL;
    fd = fcntl(number, F_DUPFD_CLOEXEC, 3);
    if (fd < 0)
        return NULL;
    if ((mode & O_ACCMODE) != O_WRONLY)
        access |= FILE_GENERIC_READ;
    if ((mode & O_ACCMODE) != O_RDONLY)
        access |= FILE_GENERIC_WRITE;
    if (file_create_object(fd, NULL, access, FILE_SHARE_READ | FILE_SHARE_WRITE,
                           FILE_SYNCHRONOUS_IO_NONALERT, &file))
        return NULL;
    /* stderr stays open for Decant's own messages. */
    file->standard_fd = number < 2 ? number : -1;
    file->is_console_input = !number;
    if (handle_create(&file->header, access, OBJ_INHERIT, &handle))
        handle = NULL;
    object_release(&file->header);
    return handle;
}

void file_init_std_handles(RTL_USER_PROCESS_PARAMETERS *parameters)
{
    /* A pipe without readers is an error of the write (STATUS_PIPE_CLOSING), not the end of us. */
    signal(SIGPIPE, SIG_IGN);
    parameters->hStdInput = standard_handle(0);
    parameters->hStdOutput = standard_handle(1);
    parameters->hStdError = standard_handle(2);
}

void file_init_current_folder(RTL_USER_PROCESS_PARAMETERS *parameters)
{
    const ACCESS_MASK access = FILE_TRAVERSE | SYNCHRONIZE;
    char *path = getcwd(NULL, 0);
    int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct file *file;

    if (fd < 0)
        fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && !file_create_object(fd, path, access, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                       FILE_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT, &file)) {
        handle_create(&file->header, access, 0, &parameters->CurrentDirectory.Handle);
        object_release(&file->header);
    }
    free(path);
}
