/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * NtCreateFile and NtOpenFile: a name, an access and a disposition into a file object.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "path.h"
#include "pipe.h"

#define WRITE_RIGHTS (FILE_WRITE_DATA | FILE_APPEND_DATA)
#define READ_RIGHTS  (FILE_READ_DATA | FILE_EXECUTE)

/* One call's wishes. */
struct request {
    ACCESS_MASK access;
    ULONG attributes, sharing, disposition, options;
};

static NTSTATUS check_request(const struct request *request)
{
    ULONG synchronous = request->options &
                        (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT);

    if (request->disposition > FILE_OVERWRITE_IF ||
        synchronous == (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT) ||
        (synchronous && !(request->access & SYNCHRONIZE)))
        return STATUS_INVALID_PARAMETER;
    if ((request->options & FILE_DELETE_ON_CLOSE) && !(request->access & DELETE))
        return STATUS_INVALID_PARAMETER;
    if (request->options & FILE_DIRECTORY_FILE) {
        if ((request->options & FILE_NON_DIRECTORY_FILE) ||
            (request->disposition != FILE_OPEN && request->disposition != FILE_CREATE &&
             request->disposition != FILE_OPEN_IF))
            return STATUS_INVALID_PARAMETER;
    }
    if (request->options & FILE_OPEN_BY_FILE_ID)
        return STATUS_NOT_SUPPORTED;
    return STATUS_SUCCESS;
}

static bool overwrites(ULONG disposition)
{
    return disposition == FILE_SUPERSEDE || disposition == FILE_OVERWRITE ||
           disposition == FILE_OVERWRITE_IF;
}

static int linux_mode(const struct request *request)
{
    bool reads = request->access & READ_RIGHTS;
    /* Emptying a file needs a descriptor that can write, whatever the handle may do later. */
    bool writes = (request->access & WRITE_RIGHTS) || overwrites(request->disposition);
    int mode = writes ? (reads ? O_RDWR : O_WRONLY) : O_RDONLY;

    /* Append without write: Linux then appends whatever offset is given, as Windows does. */
    if ((request->access & WRITE_RIGHTS) == FILE_APPEND_DATA)
        mode |= O_APPEND;
    /* NONBLOCK: opening a FIFO must not wait for its other end. */
    return mode | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
}

/* The link itself: to ask about it, to rename it, to delete it. */
static NTSTATUS open_link(const struct path *path, const struct request *request, int *fd)
{
    struct stat target;
    bool is_folder = !stat(path->unix_path, &target) && S_ISDIR(target.st_mode);

    if (is_folder && request->options & FILE_NON_DIRECTORY_FILE)
        return STATUS_FILE_IS_A_DIRECTORY;
    if (!is_folder && request->options & FILE_DIRECTORY_FILE)
        return STATUS_NOT_A_DIRECTORY;
    *fd = open(path->unix_path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    return *fd < 0 ? errno_to_status(errno) : STATUS_SUCCESS;
}

static bool is_link(const struct path *path, const struct request *request)
{
    struct stat st;

    return request->options & FILE_OPEN_REPARSE_POINT && path->unix_path &&
           !lstat(path->unix_path, &st) && S_ISLNK(st.st_mode);
}

/* Opens what exists. */
static NTSTATUS open_existing(const struct path *path, const struct request *request, int *fd)
{
    int mode = linux_mode(request);
    struct stat st;

    if (stat(path->unix_path, &st))
        return errno_to_status(errno);
    if (S_ISDIR(st.st_mode)) {
        if (request->options & FILE_NON_DIRECTORY_FILE)
            return STATUS_FILE_IS_A_DIRECTORY;
        if (overwrites(request->disposition))
            return STATUS_OBJECT_NAME_COLLISION;
        /* What is "write" on a file is "add entries" on a folder; no descriptor needs it. */
        mode = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    } else {
        if (request->options & FILE_DIRECTORY_FILE)
            return STATUS_NOT_A_DIRECTORY;
        if (path->trailing_slash)
            return STATUS_OBJECT_NAME_INVALID;
        /* Root may write to anything on Linux; on Windows the attribute binds everybody. */
        if (file_is_read_only(&st)) {
            if ((request->access & WRITE_RIGHTS) || overwrites(request->disposition))
                return STATUS_ACCESS_DENIED;
            if (request->options & FILE_DELETE_ON_CLOSE)
                return STATUS_CANNOT_DELETE;
        }
        /* Documented: what is hidden or a system file is only overwritten by one that says so. */
        if (overwrites(request->disposition) &&
            file_attributes(&st, -1, path->unix_path) & ~request->attributes &
                (FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM))
            return STATUS_ACCESS_DENIED;
    }
    *fd = -1;
    /* Share modes need a descriptor that can be read (file_share.c). */
    if (S_ISREG(st.st_mode) && (mode & O_ACCMODE) == O_WRONLY)
        *fd = open(path->unix_path, (mode & ~O_ACCMODE) | O_RDWR);
    if (*fd < 0)
        *fd = open(path->unix_path, mode);
    /* Attributes may be asked of a file that may not be read. */
    if (*fd < 0 && errno == EACCES && !(request->access & (READ_RIGHTS | WRITE_RIGHTS)) &&
        !overwrites(request->disposition))
        *fd = open(path->unix_path, O_PATH | O_CLOEXEC);
    return *fd < 0 ? errno_to_status(errno) : STATUS_SUCCESS;
}

static NTSTATUS create_new(const struct path *path, const struct request *request, int *fd)
{
    if (request->options & FILE_DIRECTORY_FILE) {
        if (mkdir(path->unix_path, 0777))
            return errno_to_status(errno);
        *fd = open(path->unix_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    } else {
        bool read_only = request->attributes & FILE_ATTRIBUTE_READONLY;

        if (path->trailing_slash)
            return STATUS_OBJECT_NAME_INVALID;
        if (read_only && (request->options & FILE_DELETE_ON_CLOSE))
            return STATUS_CANNOT_DELETE;
        *fd = open(path->unix_path, (linux_mode(request) & ~O_ACCMODE) | O_RDWR | O_CREAT | O_EXCL,
                   read_only ? 0444 : 0666);
    }
    return *fd < 0 ? errno_to_status(errno) : STATUS_SUCCESS;
}

/* The pipes' device: what waits for a pipe or lists them opens it. An instance is opened by the caller. */
static NTSTATUS open_pipes(const struct path *path, const struct request *request, int *fd,
                           ULONG_PTR *information)
{
    *information = FILE_OPENED;
    if (request->disposition == FILE_CREATE)
        return STATUS_ACCESS_DENIED;
    if (path->pipe_name_length)
        return STATUS_SUCCESS;
    mkdir(process.session_dir, 0700);
    mkdir(path->unix_path, 0700);
    *fd = open(path->unix_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *fd < 0 ? errno_to_status(errno) : STATUS_SUCCESS;
}

/* Opens or makes; `information` is what IO_STATUS_BLOCK says (FILE_OPENED …). */
static NTSTATUS open_or_create(const OBJECT_ATTRIBUTES *attributes, const struct request *request,
                               struct path *path, int *fd, ULONG_PTR *information)
{
    /* Another process may make or remove the file between look-up and opening. */
    for (int attempt = 0;; attempt++) {
        NTSTATUS status = path_look_up(attributes, path);
        bool is_missing = status == STATUS_OBJECT_NAME_NOT_FOUND && path->unix_path;

        if (status && !is_missing)
            return status;
        if (path->kind == PATH_PIPE)
            return open_pipes(path, request, fd, information);
        if (path->kind != PATH_FILE) {
            const char *device = path->kind == PATH_NULL ? "/dev/null" : "/dev/tty";

            *information = FILE_OPENED;
            *fd = open(device, (linux_mode(request) & ~(O_NONBLOCK | O_APPEND)));
            return *fd < 0 ? errno_to_status(errno) : STATUS_SUCCESS;
        }
        if (path->kind == PATH_FILE && is_link(path, request) &&
            request->disposition != FILE_CREATE) {
            *information = FILE_OPENED;
            return open_link(path, request, fd);
        }
        if (!is_missing) {
            if (request->disposition == FILE_CREATE)
                return STATUS_OBJECT_NAME_COLLISION;
            status = open_existing(path, request, fd);
            *information = request->disposition == FILE_SUPERSEDE ? FILE_SUPERSEDED
                           : overwrites(request->disposition)     ? FILE_OVERWRITTEN
                                                                  : FILE_OPENED;
            if (status != STATUS_OBJECT_NAME_NOT_FOUND || attempt == 3)
                return status;
        } else {
            if (request->disposition == FILE_OPEN || request->disposition == FILE_OVERWRITE)
                return STATUS_OBJECT_NAME_NOT_FOUND;
            status = create_new(path, request, fd);
            *information = FILE_CREATED;
            if (status != STATUS_OBJECT_NAME_COLLISION || attempt == 3)
                return status;
        }
        path_free(path);
    }
}

/* A file that was made, or made anew, has the attributes that were asked for, and "archive". */
static NTSTATUS give_attributes(int fd, const struct request *request)
{
    struct stat st;
    int error;

    if (!(request->attributes & (FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM |
                                 FILE_ATTRIBUTE_TEMPORARY | FILE_ATTRIBUTE_OFFLINE)))
        return STATUS_SUCCESS;
    if (fstat(fd, &st))
        return errno_to_status(errno);
    error = file_store_attributes(fd, &st, request->attributes | FILE_ATTRIBUTE_ARCHIVE);
    return error ? errno_to_status(-error) : STATUS_SUCCESS;
}

/* The object on an open descriptor, entered among the openings, emptied if that was asked. */
static NTSTATUS finish_open(int fd, const struct path *path, const struct request *request,
                            ULONG_PTR information, struct file **out)
{
    struct file *file;
    NTSTATUS status;
    int flags;

    if (path->kind == PATH_PIPE && path->pipe_name_length)
        return pipe_open_client(path->unix_path, request->access, request->sharing,
                                request->options, out);
    status = file_create_object(fd, path->unix_path, request->access, request->sharing,
                                request->options, &file);
    if (status)
        return status;
    /* CON is the keyboard to who reads and the screen to who writes (documented). */
    file->is_console_input = path->kind == PATH_CONSOLE_IN ||
                             (path->kind == PATH_CONSOLE && request->access & FILE_READ_DATA);
    flags = fcntl(fd, F_GETFL);
    if (flags >= 0 && (flags & O_NONBLOCK) && !(flags & O_PATH))
        fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
    if (file->kind == FILE_KIND_DISK || file->kind == FILE_KIND_DIRECTORY)
        status = file_share_enter(file);
    if (!status && file->kind == FILE_KIND_DISK && information != FILE_CREATED &&
        overwrites(request->disposition) && ftruncate(fd, 0))
        status = errno_to_status(errno);
    if (!status && file->kind == FILE_KIND_DISK &&
        (information == FILE_CREATED || overwrites(request->disposition)))
        status = give_attributes(fd, request);
    if (status) {
        object_release(&file->header);
        return status;
    }
    file->delete_on_close = request->options & FILE_DELETE_ON_CLOSE;
    *out = file;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI NtCreateFile(HANDLE *handle, ACCESS_MASK access, OBJECT_ATTRIBUTES *attributes,
                             IO_STATUS_BLOCK *io, LARGE_INTEGER *allocation, ULONG file_attribs,
                             ULONG sharing, ULONG disposition, ULONG options, void *ea,
                             ULONG ea_length)
{
    struct request request = {file_map_access(access), file_attribs, sharing, disposition, options};
    IO_STATUS_BLOCK result = {.Status = STATUS_SUCCESS};
    struct path path = {0};
    OBJECT_ATTRIBUTES copy;
    struct file *file = NULL;
    HANDLE new_handle;
    NTSTATUS status;
    int fd = -1;

    (void)allocation;
    (void)ea_length;
    if (ea)
        return STATUS_EAS_NOT_SUPPORTED;
    /* Before anything is made: are the results' places there at all? */
    if ((status = guest_copy_in(&new_handle, handle, sizeof(new_handle))) ||
        (status = guest_copy_in(&result, io, sizeof(result))) ||
        (status = guest_copy_in(&copy, attributes, sizeof(copy))))
        return status;
    if (request.access & MAXIMUM_ALLOWED)
        request.access = (request.access & ~MAXIMUM_ALLOWED) | FILE_ALL_ACCESS;
    status = check_request(&request);
    if (status) {
        trace(TRACE_FILE, "refused: access %08x disposition %u options %08x: status %08x",
              (unsigned)request.access, (unsigned)disposition, (unsigned)options, (unsigned)status);
        return status;
    }

    status = open_or_create(attributes, &request, &path, &fd, &result.Information);
    if (status == STATUS_ACCESS_DENIED && (access & MAXIMUM_ALLOWED) &&
        !overwrites(disposition)) {
        path_free(&path);
        request.access &= ~(WRITE_RIGHTS | DELETE | WRITE_DAC | WRITE_OWNER);
        status = open_or_create(attributes, &request, &path, &fd, &result.Information);
    }
    if (!status)
        status = finish_open(fd, &path, &request, result.Information, &file);
    trace(TRACE_FILE, "%s access %08x sharing %x disposition %u options %08x: status %08x",
          path.unix_path ? path.unix_path : "-", (unsigned)request.access, (unsigned)sharing,
          (unsigned)disposition, (unsigned)options, (unsigned)status);
    path_free(&path);
    if (status)
        return status;

    status = handle_create(&file->header, request.access, copy.Attributes, &new_handle);
    object_release(&file->header);
    if (status)
        return status;
    result.Status = STATUS_SUCCESS;
    if ((status = guest_copy_out(handle, &new_handle, sizeof(new_handle))) ||
        (status = guest_copy_out(io, &result, sizeof(result))))
        NtClose(new_handle);
    return status;
}

NTSTATUS WINAPI NtOpenFile(HANDLE *handle, ACCESS_MASK access, OBJECT_ATTRIBUTES *attributes,
                           IO_STATUS_BLOCK *io, ULONG sharing, ULONG options)
{
    return NtCreateFile(handle, access, attributes, io, NULL, 0, sharing, FILE_OPEN, options, NULL,
                        0);
}
