/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * FILE_ATTRIBUTE_*. "Directory", "read-only" and "reparse point" (symbolic links) are Linux' own. The others are kept in the extended attribute
 * user.DOSATTRIB, as hexadecimal text, where Samba and Wine keep them, and only when they differ from what a file
 * without it has: a file is "archive", a folder nothing. A file system without extended attributes
 * forgets them, as FAT would on Windows.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "file.h"

#define STORE  "user.DOSATTRIB"
#define STORED (FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM | FILE_ATTRIBUTE_ARCHIVE |           \
                FILE_ATTRIBUTE_TEMPORARY | FILE_ATTRIBUTE_OFFLINE |                                \
                FILE_ATTRIBUTE_NOT_CONTENT_INDEXED)

static ULONG without_store(const struct stat *st)
{
    return S_ISDIR(st->st_mode) ? 0 : FILE_ATTRIBUTE_ARCHIVE;
}

/* A symbolic link is a reparse point, and a folder when it leads to one. */
static ULONG link_attributes(const char *path)
{
    struct stat target;
    bool is_folder = path && !stat(path, &target) && S_ISDIR(target.st_mode);

    return FILE_ATTRIBUTE_REPARSE_POINT |
           (is_folder ? FILE_ATTRIBUTE_DIRECTORY : FILE_ATTRIBUTE_ARCHIVE);
}

ULONG file_attributes(const struct stat *st, int fd, const char *path)
{
    ULONG attributes = without_store(st);
    char text[32];
    ssize_t length = -1;

    if (S_ISLNK(st->st_mode))
        return link_attributes(path);

    if (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode))
        length = path ? getxattr(path, STORE, text, sizeof(text) - 1)
                      : fgetxattr(fd, STORE, text, sizeof(text) - 1);
    if (length > 2 && text[0] == '0' && text[1] == 'x') {
        text[length] = 0;
        attributes = (ULONG)strtoul(text, NULL, 16) & STORED;
    }
    if (S_ISDIR(st->st_mode))
        attributes |= FILE_ATTRIBUTE_DIRECTORY;
    /* A folder without write permission still takes new files on Windows: the bit says nothing. */
    else if (file_is_read_only(st))
        attributes |= FILE_ATTRIBUTE_READONLY;
    return attributes ? attributes : FILE_ATTRIBUTE_NORMAL;
}

int file_store_attributes(int fd, const struct stat *st, ULONG attributes)
{
    char text[32];
    int length = snprintf(text, sizeof(text), "0x%x", (unsigned)(attributes & STORED)), error;

    error = (attributes & STORED) == without_store(st)
                ? fremovexattr(fd, STORE)
                : fsetxattr(fd, STORE, text, (size_t)length, 0);
    return error && errno != ENODATA && errno != EOPNOTSUPP ? -errno : 0;
}
