/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Finding a file below a Linux folder by its Windows name: as written first, which costs one system
 * call; only when that fails part by part, and a part that does not exist by reading its folder.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "path.h"

#define NAME_ROOM (3 * 255 + 1)

/* Replaces the `name` that follows `path` (which ends with a slash) by the spelling in the folder. */
static bool find_other_case(char *path, char *name_at, const WCHAR *name, size_t length)
{
    WCHAR wide[NAME_MAX + 1];
    struct dirent *entry;
    bool found = false;
    DIR *folder;

    *name_at = 0;
    folder = opendir(path);
    if (!folder)
        return false;
    while (!found && (entry = readdir(folder))) {
        size_t bytes = strlen(entry->d_name);

        if (bytes > NAME_MAX)
            continue;
        found = path_names_equal(name, length, wide, path_name_to_wide(entry->d_name, bytes, wide));
        if (found)
            memcpy(name_at, entry->d_name, bytes + 1);
    }
    closedir(folder);
    return found;
}

NTSTATUS path_find_below(const char *folder, const WCHAR *name, size_t length, char **unix_path)
{
    size_t used = strlen(folder), start;
    /* Another spelling of a part may take more bytes than the given one. */
    char *path = malloc(used + 3 * length + NAME_ROOM + 2), *end;
    struct stat st;
    NTSTATUS status = STATUS_SUCCESS;

    if (!path)
        return STATUS_NO_MEMORY;
    memcpy(path, folder, used + 1);
    while (used > 1 && path[used - 1] == '/')
        used--;
    end = path + used;
    if (end == path + 1 && *path == '/')
        end = path;

    /* All of it as written. */
    for (start = 0; start < length;) {
        size_t stop = start, bytes;

        while (stop < length && name[stop] != '\\')
            stop++;
        *end++ = '/';
        bytes = path_name_from_wide(name + start, stop - start, end);
        if (!bytes) {
            status = STATUS_OBJECT_NAME_INVALID;
            goto failed;
        }
        end += bytes;
        start = stop + 1;
    }
    if (end == path)
        *end++ = '/';
    *end = 0;
    if (!stat(path, &st)) {
        *unix_path = path;
        return STATUS_SUCCESS;
    }
    if (errno != ENOENT && errno != ENOTDIR) {
        status = errno == ENAMETOOLONG ? STATUS_OBJECT_NAME_INVALID : errno_to_status(errno);
        goto failed;
    }

    if (!length) {
        status = STATUS_OBJECT_PATH_NOT_FOUND;
        goto failed;
    }

    /* Part by part; `end` is where the found beginning ends. */
    end = path + (used == 1 && *folder == '/' ? 0 : used);
    for (start = 0; start < length;) {
        size_t stop = start, bytes;
        bool is_last;

        while (stop < length && name[stop] != '\\')
            stop++;
        is_last = stop >= length;
        *end++ = '/';
        bytes = path_name_from_wide(name + start, stop - start, end);
        end[bytes] = 0;
        if (!stat(path, &st) || (errno == ENOENT && find_other_case(path, end, name + start,
                                                                    stop - start) &&
                                 !stat(path, &st))) {
            end += strlen(end);
            if (!is_last && !S_ISDIR(st.st_mode)) {
                status = STATUS_OBJECT_PATH_NOT_FOUND;
                goto failed;
            }
        } else if (is_last) {
            /* find_other_case may have left a broken link's name, which is the right one to keep. */
            if (!*end) {
                path_name_from_wide(name + start, stop - start, end);
                end[bytes] = 0;
            }
            if (stat(path, &st) && errno != ENOENT) {
                status = errno_to_status(errno);
                goto failed;
            }
            *unix_path = path;
            return STATUS_OBJECT_NAME_NOT_FOUND;
        } else {
            status = STATUS_OBJECT_PATH_NOT_FOUND;
            goto failed;
        }
        start = stop + 1;
    }
    *unix_path = path;
    return STATUS_SUCCESS;

failed:
    free(path);
    return status;
}

static char *drive_c;

static void make_folder(const char *relative)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof(path), "%s/%s", drive_c, relative);

    if (length < 0 || (size_t)length >= sizeof(path))
        return;
    for (char *slash = path + strlen(drive_c) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = 0;
        mkdir(path, 0777);
        *slash = '/';
    }
    mkdir(path, 0777);
}

static void open_drive_c(void)
{
    const char *user = getenv("USER");
    char path[PATH_MAX];
    struct stat st;

    if (!process.session_dir)
        return;
    /* The same rule as the environment's (peb.c). */
    if (!user || !*user || strpbrk(user, "/\\:*?\"<>|%"))
        user = geteuid() ? "user" : "root";
    if (asprintf(&drive_c, "%s/drive_c", process.session_dir) < 0) {
        drive_c = NULL;
        return;
    }
    mkdir(process.session_dir, 0700);
    mkdir(drive_c, 0777);
    if (stat(drive_c, &st) || !S_ISDIR(st.st_mode)) {
        report_error("cannot make %s, which is drive C: (%s)", drive_c, strerror(errno));
        free(drive_c);
        drive_c = NULL;
        return;
    }
    snprintf(path, sizeof(path), "users/%s/AppData/Local/Temp", user);
    make_folder(path);
    snprintf(path, sizeof(path), "users/%s/AppData/Roaming", user);
    make_folder(path);
    make_folder("users/Public");
    make_folder("windows/system32");
    make_folder("windows/temp");
    make_folder("Program Files/Common Files");
    make_folder("ProgramData");
}

const char *path_drive_c(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, open_drive_c);
    return drive_c;
}
