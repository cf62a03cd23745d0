/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * NtQueryDirectoryFile. The folder is read whole at the first query, so that a program that deletes while it
 * lists (as all do) neither misses nor repeats a file; "." and ".." come first. The pattern of the
 * first query stays the handle's.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "directory.h"
#include "file.h"
#include "file_info.h"
#include "path.h"

struct directory {
    char **names;       /* Linux names, owned */
    size_t count, at;
    WCHAR *pattern;     /* owned; NULL: all */
    size_t pattern_length;
};

void directory_free(struct directory *directory)
{
    if (!directory)
        return;
    for (size_t i = 0; i < directory->count; i++)
        free(directory->names[i]);
    free(directory->names);
    free(directory->pattern);
    free(directory);
}

static bool add_name(struct directory *directory, const char *name, size_t *room)
{
    if (directory->count == *room) {
        char **grown = realloc(directory->names, (*room * 2 + 64) * sizeof(char *));

        if (!grown)
            return false;
        directory->names = grown;
        *room = *room * 2 + 64;
    }
    directory->names[directory->count] = strdup(name);
    return directory->names[directory->count] && ++directory->count;
}

static int compare(const void *a, const void *b)
{
    return strcasecmp(*(char *const *)a, *(char *const *)b);
}

/* NTFS lists in alphabetical order, and programs have come to expect it. */
static NTSTATUS read_all(const struct file *file, struct directory **out)
{
    struct directory *directory = calloc(1, sizeof(*directory));
    int fd = openat(file->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;
    size_t room = 0;
    bool done = directory && stream;

    if (!stream) {
        NTSTATUS status = errno == ENOTDIR ? STATUS_INVALID_PARAMETER : errno_to_status(errno);

        free(directory);
        if (fd >= 0)
            close(fd);
        return status;
    }
    done = done && add_name(directory, ".", &room) && add_name(directory, "..", &room);
    while (done && (entry = readdir(stream)))
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            done = add_name(directory, entry->d_name, &room);
    closedir(stream);
    if (!done) {
        directory_free(directory);
        return STATUS_NO_MEMORY;
    }
    qsort(directory->names + 2, directory->count - 2, sizeof(char *), compare);
    *out = directory;
    return STATUS_SUCCESS;
}

/* --- Patterns: * and ?, and the DOS forms < > " that Win32 makes of *. and the like (FsRtlIsNameInExpression) --- */

/* `last_dot`: where the last dot of the whole name is (NULL: none), which a < does not pass. */
static bool matches(const WCHAR *pattern, size_t pattern_length, const WCHAR *name, size_t length,
                    const WCHAR *last_dot)
{
    for (; pattern_length; pattern++, pattern_length--) {
        switch (*pattern) {
        case '*':
        case '<':
            for (size_t skip = 0; skip <= length; skip++) {
                if (matches(pattern + 1, pattern_length - 1, name + skip, length - skip, last_dot))
                    return true;
                if (*pattern == '<' && name + skip == last_dot)
                    return false;
            }
            return false;
        case '?':
            if (!length)
                return false;
            break;
        case '>': /* one character, or none at a dot or the end */
            if (!length || *name == '.')
                continue;
            break;
        case '"': /* a dot, or the end */
            if (!length)
                continue;
            if (*name != '.')
                return false;
            break;
        default:
            if (!length || !path_names_equal(pattern, 1, name, 1))
                return false;
        }
        name++;
        length--;
    }
    return !length;
}

static bool is_wanted(const struct directory *directory, const WCHAR *name, size_t length)
{
    static const WCHAR all[] = {'*', '.', '*'};
    const WCHAR *last_dot = NULL;

    if (!directory->pattern ||
        (directory->pattern_length == 3 && !memcmp(directory->pattern, all, sizeof(all))))
        return true;
    for (size_t i = 0; i < length; i++)
        if (name[i] == '.')
            last_dot = name + i;
    return matches(directory->pattern, directory->pattern_length, name, length, last_dot);
}

/* --- Entries --- */

/* Where the parts of an entry are, by class. */
static const struct layout {
    FILE_INFORMATION_CLASS class;
    ULONG name;         /* offset of the name */
    ULONG name_length;  /* of its length */
    ULONG file_id;      /* 0: none */
    bool is_short;      /* names only */
} layouts[] = {
    {FileDirectoryInformation, offsetof(FILE_DIRECTORY_INFORMATION, FileName),
     offsetof(FILE_DIRECTORY_INFORMATION, FileNameLength), 0, false},
    {FileFullDirectoryInformation, offsetof(FILE_FULL_DIRECTORY_INFORMATION, FileName),
     offsetof(FILE_FULL_DIRECTORY_INFORMATION, FileNameLength), 0, false},
    {FileBothDirectoryInformation, offsetof(FILE_BOTH_DIRECTORY_INFORMATION, FileName),
     offsetof(FILE_BOTH_DIRECTORY_INFORMATION, FileNameLength), 0, false},
    {FileIdBothDirectoryInformation, offsetof(FILE_ID_BOTH_DIRECTORY_INFORMATION, FileName),
     offsetof(FILE_ID_BOTH_DIRECTORY_INFORMATION, FileNameLength),
     offsetof(FILE_ID_BOTH_DIRECTORY_INFORMATION, FileId), false},
    {FileIdFullDirectoryInformation, offsetof(FILE_ID_FULL_DIRECTORY_INFORMATION, FileName),
     offsetof(FILE_ID_FULL_DIRECTORY_INFORMATION, FileNameLength),
     offsetof(FILE_ID_FULL_DIRECTORY_INFORMATION, FileId), false},
    {FileNamesInformation, offsetof(FILE_NAMES_INFORMATION, FileName),
     offsetof(FILE_NAMES_INFORMATION, FileNameLength), 0, true},
};

static const struct layout *find_layout(FILE_INFORMATION_CLASS class)
{
    for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
        if (layouts[i].class == class)
            return &layouts[i];
    return NULL;
}

/* One entry into our buffer; returns its length without padding. */
static ULONG fill_entry(const struct layout *layout, const struct file *file, const char *name,
                        const WCHAR *wide, size_t length, char *entry)
{
    FILE_DIRECTORY_INFORMATION *common = (FILE_DIRECTORY_INFORMATION *)entry;
    ULONG bytes = (ULONG)(length * sizeof(WCHAR));
    struct stat st;

    memset(entry, 0, layout->name);
    if (fstatat(file->fd, name, &st, AT_SYMLINK_NOFOLLOW))
        memset(&st, 0, sizeof(st)); /* gone meanwhile: the name is still told */
    if (!layout->is_short) {
        FILE_STANDARD_INFORMATION standard;
        FILE_BASIC_INFORMATION basic;
        char path[64 + NAME_MAX];

        snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", file->fd, name);
        file_fill_basic(&st, file_attributes(&st, -1, path), &basic);
        file_fill_standard(NULL, &st, &standard);
        common->CreationTime = basic.CreationTime;
        common->LastAccessTime = basic.LastAccessTime;
        common->LastWriteTime = basic.LastWriteTime;
        common->ChangeTime = basic.ChangeTime;
        common->EndOfFile = standard.EndOfFile;
        common->AllocationSize = standard.AllocationSize;
        common->FileAttributes = basic.FileAttributes;
    }
    if (layout->file_id)
        memcpy(entry + layout->file_id, &st.st_ino, sizeof(st.st_ino));
    memcpy(entry + layout->name_length, &bytes, sizeof(bytes));
    memcpy(entry + layout->name, wide, bytes);
    return layout->name + bytes;
}

static NTSTATUS list(struct file *file, const struct layout *layout, char *buffer, ULONG length,
                     bool single, ULONG *used)
{
    struct directory *directory = file->directory;
    char entry[sizeof(FILE_ID_BOTH_DIRECTORY_INFORMATION) + 256 * 3 * sizeof(WCHAR)];
    ULONG last = 0, at = 0;

    *used = 0;
    for (; directory->at < directory->count; directory->at++) {
        const char *name = directory->names[directory->at];
        WCHAR wide[256 * 3];
        size_t count = path_name_to_wide(name, strlen(name), wide);
        ULONG bytes, zero = 0;

        if (!is_wanted(directory, wide, count))
            continue;
        bytes = fill_entry(layout, file, name, wide, count, entry);
        if (at + bytes > length) {
            if (*used)
                break; /* the next query goes on here */
            return STATUS_BUFFER_OVERFLOW;
        }
        memcpy(entry, &zero, sizeof(zero));
        if (guest_copy_out(buffer + at, entry, bytes))
            return STATUS_ACCESS_VIOLATION;
        if (*used) {
            ULONG offset = at - last;

            if (guest_copy_out(buffer + last, &offset, sizeof(offset)))
                return STATUS_ACCESS_VIOLATION;
        }
        last = at;
        *used = at + bytes;
        at = (at + bytes + 7) & ~7u;
        if (single) {
            directory->at++;
            break;
        }
    }
    return *used ? STATUS_SUCCESS : STATUS_NO_MORE_FILES;
}

static NTSTATUS set_pattern(struct directory *directory, const UNICODE_STRING *mask)
{
    UNICODE_STRING string;

    if (!mask)
        return STATUS_SUCCESS;
    if (guest_copy_in(&string, mask, sizeof(string)))
        return STATUS_ACCESS_VIOLATION;
    if (!string.Length)
        return STATUS_SUCCESS;
    directory->pattern = malloc(string.Length);
    if (!directory->pattern)
        return STATUS_NO_MEMORY;
    directory->pattern_length = string.Length / sizeof(WCHAR);
    return guest_copy_in(directory->pattern, string.Buffer, string.Length);
}

NTSTATUS WINAPI NtQueryDirectoryFile(HANDLE handle, HANDLE event, PIO_APC_ROUTINE apc,
                                     void *context, IO_STATUS_BLOCK *io, void *buffer, ULONG length,
                                     FILE_INFORMATION_CLASS class, BOOLEAN single,
                                     UNICODE_STRING *mask, BOOLEAN restart)
{
    const struct layout *layout = find_layout(class);
    IO_STATUS_BLOCK result = {{0}};
    struct file *file;
    bool is_first = false;
    ULONG used = 0;
    NTSTATUS status;

    (void)event, (void)apc, (void)context;
    if (!layout)
        return STATUS_INVALID_INFO_CLASS;
    if (length < layout->name)
        return STATUS_INFO_LENGTH_MISMATCH;
    status = file_from_handle(handle, FILE_LIST_DIRECTORY, &file);
    if (status)
        return status;
    pthread_mutex_lock(&file->position_lock);
    if (restart && file->directory) {
        /* The pattern stays; the folder is read anew. */
        struct directory *fresh;

        status = read_all(file, &fresh);
        if (!status) {
            fresh->pattern = file->directory->pattern;
            fresh->pattern_length = file->directory->pattern_length;
            file->directory->pattern = NULL;
            directory_free(file->directory);
            file->directory = fresh;
        }
    } else if (!file->directory) {
        is_first = true;
        status = read_all(file, &file->directory);
        if (!status)
            status = set_pattern(file->directory, mask);
    }
    if (!status)
        status = list(file, layout, buffer, length, single, &used);
    if (status == STATUS_NO_MORE_FILES && is_first)
        status = STATUS_NO_SUCH_FILE;
    pthread_mutex_unlock(&file->position_lock);
    object_release(&file->header);
    if (status)
        return status;
    result.Information = used;
    return guest_copy_out(io, &result, sizeof(result));
}
