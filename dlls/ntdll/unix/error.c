/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From Linux' errno to NT's status codes.
 */
#include <errno.h>

#include "unix.h"

NTSTATUS errno_to_status(int error)
{
    switch (error) {
    case 0: return STATUS_SUCCESS;
    case EAGAIN: return STATUS_SHARING_VIOLATION;
    case EBADF: return STATUS_INVALID_HANDLE;
    case EBUSY: return STATUS_DEVICE_BUSY;
    case EDQUOT:
    case ENOSPC: return STATUS_DISK_FULL;
    case EFBIG: return STATUS_DISK_FULL;
    case EROFS: return STATUS_MEDIA_WRITE_PROTECTED;
    case EPERM:
    case EACCES: return STATUS_ACCESS_DENIED;
    case ENOTDIR: return STATUS_OBJECT_PATH_NOT_FOUND;
    case ENOENT: return STATUS_OBJECT_NAME_NOT_FOUND;
    case EISDIR: return STATUS_FILE_IS_A_DIRECTORY;
    case EMFILE:
    case ENFILE: return STATUS_TOO_MANY_OPENED_FILES;
    case EINVAL: return STATUS_INVALID_PARAMETER;
    case ENOTEMPTY: return STATUS_DIRECTORY_NOT_EMPTY;
    case EEXIST: return STATUS_OBJECT_NAME_COLLISION;
    case EFAULT: return STATUS_ACCESS_VIOLATION;
    case ENOMEM: return STATUS_NO_MEMORY;
    case EPIPE:
    case ECONNRESET: return STATUS_PIPE_DISCONNECTED;
    case EIO: return STATUS_DEVICE_NOT_READY;
    case ELOOP: return STATUS_REPARSE_POINT_NOT_RESOLVED;
    case ENAMETOOLONG: return STATUS_NAME_TOO_LONG;
    case ENXIO: return STATUS_NO_SUCH_DEVICE;
    case ENOTTY:
    case EOPNOTSUPP: return STATUS_NOT_SUPPORTED;
    case ENOEXEC: return STATUS_INVALID_IMAGE_FORMAT;
    case EXDEV: return STATUS_NOT_SAME_DEVICE;
    case ETIMEDOUT: return STATUS_TIMEOUT;
    case ESPIPE: return STATUS_INVALID_DEVICE_REQUEST;
    case ECANCELED: return STATUS_CANCELLED;
    case ESRCH: return STATUS_INVALID_CID;
    default: return STATUS_UNSUCCESSFUL;
    }
}
