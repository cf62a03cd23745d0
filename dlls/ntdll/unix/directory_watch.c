/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * NtNotifyChangeDirectoryFile, on inotify. The first call on a handle says what is watched; from then on changes
 * are collected, so that none is missed between two calls. Each call gets what there is, or pends. More than
 * the caller's buffer holds is dropped and told as STATUS_NOTIFY_ENUM_DIR, as on Windows.
 *
 * inotify watches one folder; a subtree is one watch for each folder in it, and new folders get theirs as they
 * appear (what is made in a new folder before that is found by reading it).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "async.h"
#include "directory.h"
#include "path.h"
#include "virtual_watch.h"

#define MAX_STORED  0x40000 /* bytes of changes kept for the next call */
#define MAX_FOLDERS 65536

struct watched_folder {
    int descriptor;     /* inotify's */
    char *below;        /* its path below the handle's folder, "" or "a/b/"; owned */
};

struct directory_watch {
    int fd;             /* inotify; -1: not started */
    ULONG filter;
    bool is_tree;
    bool is_overrun;    /* changes were lost */
    struct watched_folder *folders;
    size_t count, room;
    char *stored;       /* FILE_NOTIFY_INFORMATION entries, each complete with NextEntryOffset */
    size_t stored_bytes, stored_room, last_entry;
    bool has_entry;
};

void directory_watch_free(struct file *file)
{
    struct directory_watch *watch = file->watch;

    if (!watch)
        return;
    if (watch->fd >= 0)
        close(watch->fd);
    for (size_t i = 0; i < watch->count; i++)
        free(watch->folders[i].below);
    free(watch->folders);
    free(watch->stored);
    free(watch);
}

static uint32_t events_for(ULONG filter)
{
    uint32_t events = IN_ONLYDIR;

    if (filter & (FILE_NOTIFY_CHANGE_FILE_NAME | FILE_NOTIFY_CHANGE_DIR_NAME))
        events |= IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;
    if (filter & (FILE_NOTIFY_CHANGE_ATTRIBUTES | FILE_NOTIFY_CHANGE_SECURITY |
                  FILE_NOTIFY_CHANGE_CREATION))
        events |= IN_ATTRIB;
    if (filter & (FILE_NOTIFY_CHANGE_SIZE | FILE_NOTIFY_CHANGE_LAST_WRITE))
        events |= IN_MODIFY | IN_ATTRIB; /* a time that is set is an attribute to Linux */
    if (filter & FILE_NOTIFY_CHANGE_LAST_ACCESS)
        events |= IN_ACCESS;
    return events;
}

/* --- Entries --- */

static void store(struct directory_watch *watch, ULONG action, const char *below, const char *name)
{
    size_t below_length = strlen(below), length = strlen(name);
    size_t room = offsetof(FILE_NOTIFY_INFORMATION, FileName) +
                  (below_length + length) * sizeof(WCHAR) + 8;
    FILE_NOTIFY_INFORMATION *entry, *previous;
    WCHAR *out;

    if (watch->is_overrun)
        return;
    if (watch->stored_bytes + room > watch->stored_room) {
        size_t grown = watch->stored_room * 2 + room + 4096;
        char *memory = grown <= MAX_STORED * 2 ? realloc(watch->stored, grown) : NULL;

        if (!memory) {
            watch->is_overrun = true;
            return;
        }
        watch->stored = memory;
        watch->stored_room = grown;
    }
    entry = (FILE_NOTIFY_INFORMATION *)(watch->stored + watch->stored_bytes);
    entry->NextEntryOffset = 0;
    entry->Action = action;
    out = entry->FileName;
    for (const char *at = below; *at;) {
        size_t part = strcspn(at, "/");

        out += path_name_to_wide(at, part, out);
        *out++ = '\\';
        at += part + 1;
    }
    out += path_name_to_wide(name, length, out);
    entry->FileNameLength = (ULONG)((char *)out - (char *)entry->FileName);
    /* Several writes in a row are one change, as long as nobody has looked. */
    previous = watch->has_entry ? (FILE_NOTIFY_INFORMATION *)(watch->stored + watch->last_entry)
                                : NULL;
    if (previous && action == FILE_ACTION_MODIFIED && previous->Action == action &&
        previous->FileNameLength == entry->FileNameLength &&
        !memcmp(previous->FileName, entry->FileName, entry->FileNameLength))
        return;
    if (previous)
        previous->NextEntryOffset = (ULONG)(watch->stored_bytes - watch->last_entry);
    watch->last_entry = watch->stored_bytes;
    watch->has_entry = true;
    watch->stored_bytes += (offsetof(FILE_NOTIFY_INFORMATION, FileName) + entry->FileNameLength + 3) &
                           ~(size_t)3;
}

/* --- Folders --- */

static char *path_below(const struct file *file, const char *below, const char *name)
{
    char *path;

    return asprintf(&path, "%s/%s%s", file->unix_path, below, name) < 0 ? NULL : path;
}

/* Watches the folder `below` and, in a tree, what is in it; `is_new`: its contents are changes. */
static void add_folder(struct file *file, const char *below, bool is_new)
{
    struct directory_watch *watch = file->watch;
    char *path = path_below(file, below, "");
    struct dirent *entry;
    int descriptor;
    DIR *stream;

    descriptor = path && watch->count < MAX_FOLDERS
                     ? inotify_add_watch(watch->fd, path, events_for(watch->filter) |
                                         (watch->is_tree ? IN_CREATE | IN_MOVED_TO : 0))
                     : -1;
    if (descriptor < 0) {
        if (!*below || errno != ENOENT)
            watch->is_overrun = true; /* not all can be seen: the caller must look itself */
        free(path);
        return;
    }
    if (watch->count == watch->room) {
        struct watched_folder *grown =
            realloc(watch->folders, (watch->room * 2 + 16) * sizeof(*grown));

        if (grown) {
            watch->folders = grown;
            watch->room = watch->room * 2 + 16;
        }
    }
    if (watch->count < watch->room) {
        for (size_t i = 0; i < watch->count; i++) /* known: it was moved here */
            if (watch->folders[i].descriptor == descriptor) {
                free(watch->folders[i].below);
                watch->folders[i] = watch->folders[--watch->count];
                break;
            }
        watch->folders[watch->count++] = (struct watched_folder){descriptor, strdup(below)};
    }
    stream = watch->is_tree ? opendir(path) : NULL;
    free(path);
    while (stream && (entry = readdir(stream))) {
        struct stat st;
        char *inner;
        bool is_folder;

        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        is_folder = entry->d_type == DT_DIR ||
                    (entry->d_type == DT_UNKNOWN &&
                     !fstatat(dirfd(stream), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
                     S_ISDIR(st.st_mode));
        if (is_new && watch->filter & (is_folder ? FILE_NOTIFY_CHANGE_DIR_NAME
                                                 : FILE_NOTIFY_CHANGE_FILE_NAME))
            store(watch, FILE_ACTION_ADDED, below, entry->d_name);
        if (is_folder && asprintf(&inner, "%s%s/", below, entry->d_name) >= 0) {
            add_folder(file, inner, is_new);
            free(inner);
        }
    }
    if (stream)
        closedir(stream);
}

/* --- Linux' events --- */

static const char *folder_of(const struct directory_watch *watch, int descriptor)
{
    for (size_t i = 0; i < watch->count; i++)
        if (watch->folders[i].descriptor == descriptor)
            return watch->folders[i].below;
    return NULL;
}

static void drop_folder(struct directory_watch *watch, int descriptor)
{
    for (size_t i = 0; i < watch->count; i++)
        if (watch->folders[i].descriptor == descriptor) {
            free(watch->folders[i].below);
            watch->folders[i] = watch->folders[--watch->count];
            return;
        }
}

/* `is_pair`: the other half of the move is in the same folder tree: old and new name stand together. */
static void translate(struct file *file, const struct inotify_event *event, bool is_pair)
{
    struct directory_watch *watch = file->watch;
    bool is_folder = event->mask & IN_ISDIR;
    ULONG names = is_folder ? FILE_NOTIFY_CHANGE_DIR_NAME : FILE_NOTIFY_CHANGE_FILE_NAME;
    const char *found;
    char *below, *inner;

    if (event->mask & IN_Q_OVERFLOW)
        watch->is_overrun = true;
    if (event->mask & IN_IGNORED)
        drop_folder(watch, event->wd);
    found = folder_of(watch, event->wd);
    if (!found || !event->len)
        return;
    below = strdup(found); /* adding folders moves the table */
    if (!below)
        return;
    if (watch->filter & names) {
        if (event->mask & IN_CREATE)
            store(watch, FILE_ACTION_ADDED, below, event->name);
        if (event->mask & IN_DELETE)
            store(watch, FILE_ACTION_REMOVED, below, event->name);
        if (event->mask & IN_MOVED_FROM)
            store(watch, is_pair ? FILE_ACTION_RENAMED_OLD_NAME : FILE_ACTION_REMOVED, below,
                  event->name);
        if (event->mask & IN_MOVED_TO)
            store(watch, is_pair ? FILE_ACTION_RENAMED_NEW_NAME : FILE_ACTION_ADDED, below,
                  event->name);
    }
    if (event->mask & (IN_MODIFY | IN_ATTRIB | IN_ACCESS) &&
        events_for(watch->filter & ~(ULONG)(FILE_NOTIFY_CHANGE_FILE_NAME |
                                            FILE_NOTIFY_CHANGE_DIR_NAME)) & event->mask)
        store(watch, FILE_ACTION_MODIFIED, below, event->name);
    if (watch->is_tree && is_folder && event->mask & (IN_CREATE | IN_MOVED_TO) &&
        asprintf(&inner, "%s%s/", below, event->name) >= 0) {
        add_folder(file, inner, event->mask & IN_CREATE);
        free(inner);
    }
    free(below);
}

static void read_events(struct file *file)
{
    char buffer[16384] __attribute__((aligned(8)));
    ssize_t bytes;

    while ((bytes = read(file->watch->fd, buffer, sizeof(buffer))) > 0) {
        uint32_t open_cookie = 0;

        for (char *at = buffer; at < buffer + bytes;) {
            const struct inotify_event *event = (const void *)at;
            const char *next = at + sizeof(*event) + event->len;
            const struct inotify_event *following =
                next < buffer + bytes ? (const void *)next : NULL;
            bool is_pair = false;

            /* The halves of a move follow each other. */
            if (event->mask & IN_MOVED_FROM) {
                is_pair = following && following->mask & IN_MOVED_TO &&
                          following->cookie == event->cookie;
                open_cookie = is_pair ? event->cookie : 0;
            } else if (event->mask & IN_MOVED_TO) {
                is_pair = open_cookie && event->cookie == open_cookie;
            }
            translate(file, event, is_pair);
            at = (char *)next;
        }
    }
}

/* --- Requests --- */

static NTSTATUS attempt_notify(struct async *request)
{
    struct directory_watch *watch = request->file->watch;
    NTSTATUS status = STATUS_SUCCESS;
    bool is_overrun;

    read_events(request->file);
    if (!watch->has_entry && !watch->is_overrun)
        return STATUS_PENDING;
    is_overrun = watch->is_overrun || watch->stored_bytes > request->length;
    if (!is_overrun) {
        request->information = watch->stored_bytes;
        status = async_put(request, watch->stored, watch->stored_bytes);
    }
    watch->stored_bytes = 0;
    watch->has_entry = watch->is_overrun = false;
    return is_overrun ? STATUS_NOTIFY_ENUM_DIR : status;
}

/* Under the async lock. */
static NTSTATUS start_watch(struct file *file, ULONG filter, bool is_tree)
{
    struct directory_watch *watch = calloc(1, sizeof(*watch));

    if (!watch)
        return STATUS_NO_MEMORY;
    watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    watch->filter = filter;
    watch->is_tree = is_tree;
    file->watch = watch;
    if (watch->fd >= 0)
        add_folder(file, "", false);
    if (!watch->count) {
        NTSTATUS status = errno_to_status(errno);

        directory_watch_free(file);
        file->watch = NULL;
        return status == STATUS_DISK_FULL ? STATUS_INSUFFICIENT_RESOURCES : status;
    }
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI NtNotifyChangeDirectoryFile(HANDLE handle, HANDLE event, PIO_APC_ROUTINE apc,
                                            void *apc_context, IO_STATUS_BLOCK *io, void *buffer,
                                            ULONG length, ULONG filter, BOOLEAN subtree)
{
    struct async_target target = {io, event, apc, apc_context};
    struct async request = {.queue = ASYNC_READS, .attempt = attempt_notify, .events = POLLIN,
                            .buffer = buffer, .length = length, .fills_buffer = true};
    IO_STATUS_BLOCK probe;
    sigset_t signals;
    NTSTATUS status;

    if (!io)
        return STATUS_ACCESS_VIOLATION;
    if (!filter || filter & ~(ULONG)0xfff)
        return STATUS_INVALID_PARAMETER;
    status = file_from_handle(handle, FILE_LIST_DIRECTORY, &request.file);
    if (status)
        return status;
    if (guest_copy_in(&probe, io, sizeof(probe)))
        status = STATUS_ACCESS_VIOLATION;
    else if (request.file->kind != FILE_KIND_DIRECTORY || !request.file->unix_path)
        status = STATUS_INVALID_PARAMETER;
    if (!status) {
        async_lock(&signals);
        if (!request.file->watch)
            status = start_watch(request.file, filter, subtree);
        async_unlock(&signals);
    }
    if (!status) {
        request.is_indirect = !ww_prepare_buffer(buffer, length);
        request.fd = request.file->watch->fd;
        status = async_start(&request, &target);
    }
    object_release(&request.file->header);
    return status;
}
