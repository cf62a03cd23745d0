/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where named pipes are: each has a folder below pipe/ in the session's folder, so that every process of the
 * session finds it, and each instance has two files there:
 *
 *   LFACTS-PID-NUMBER   locked by its process with flock: a lock that can be had means that it died
 *   SFACTS-PID-NUMBER   a socket, only while the instance waits for its client
 *
 * A client tries the sockets one after the other. The server takes one client per socket and removes it, so a second
 * one that came too late is hung up on and goes on to the next.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "path.h"
#include "pipe.h"
#include "sync.h"

#define MAX_INSTANCES_SEEN 256

NTSTATUS pipe_folder_path(const WCHAR *name, size_t length, char **path)
{
    size_t room = process.session_dir ? strlen(process.session_dir) + length * 9 + 16 : 0;
    char *out = room ? malloc(room) : NULL, utf8[3];
    size_t used;

    if (!out)
        return room ? STATUS_NO_MEMORY : STATUS_OBJECT_PATH_NOT_FOUND;
    used = (size_t)sprintf(out, "%s/pipe", process.session_dir);
    if (length)
        out[used++] = '/';
    for (size_t i = 0, start = used; i < length; i++) {
        WCHAR c = path_fold(name[i]);
        size_t bytes = path_wide_to_bytes(&c, 1, utf8);

        if (bytes == 1 && (c == '/' || c == '%' || c < 0x20 || (c == '.' && used == start)))
            used += (size_t)sprintf(out + used, "%%%02X", (unsigned)c);
        else
            for (size_t j = 0; j < bytes; j++)
                out[used++] = utf8[j];
        if (used - start > NAME_MAX) {
            free(out);
            return STATUS_OBJECT_NAME_INVALID;
        }
    }
    out[used] = 0;
    *path = out;
    return STATUS_SUCCESS;
}

/* Held while instances come and go. -1: no session folder can be written. */
static int lock_pipes(void)
{
    char *root, *file = NULL;
    int fd = -1;

    if (pipe_folder_path(NULL, 0, &root))
        return -1;
    mkdir(process.session_dir, 0700);
    mkdir(root, 0700);
    if (asprintf(&file, "%s/.lock", root) >= 0)
        fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    while (fd >= 0 && flock(fd, LOCK_EX) && errno == EINTR)
        ;
    free(file);
    free(root);
    return fd;
}

/* --- What is there --- */

struct listing {
    unsigned count;
    char names[MAX_INSTANCES_SEEN][64]; /* "FACTS-PID-NUMBER", of instances that live */
};

static bool read_facts(const char *name, struct pipe_facts *facts)
{
    char type;

    if (sscanf(name, "%c%u-%u-", &type, &facts->configuration, &facts->max_instances) != 3)
        return false;
    facts->is_message_type = type == 'm';
    return true;
}

/* Whether the instance's process lives; sweeps up what a dead one left. */
static bool is_alive(int folder, const char *name)
{
    char file[72];
    int fd;

    snprintf(file, sizeof(file), "L%s", name);
    fd = openat(folder, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    if (flock(fd, LOCK_SH | LOCK_NB)) {
        close(fd);
        return true;
    }
    unlinkat(folder, file, 0);
    file[0] = 'S';
    unlinkat(folder, file, 0);
    close(fd);
    return false;
}

static void list_instances(int folder, struct listing *listing)
{
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;

    listing->count = 0;
    while (stream && listing->count < MAX_INSTANCES_SEEN && (entry = readdir(stream)))
        if (entry->d_name[0] == 'L' && strlen(entry->d_name) < sizeof(listing->names[0]) &&
            is_alive(folder, entry->d_name + 1))
            strcpy(listing->names[listing->count++], entry->d_name + 1);
    if (stream)
        closedir(stream);
    else if (fd >= 0)
        close(fd);
}

static bool is_listening(int folder, const char *name)
{
    char file[72];

    snprintf(file, sizeof(file), "S%s", name);
    return !faccessat(folder, file, F_OK, AT_SYMLINK_NOFOLLOW);
}

/* --- A server's instance --- */

static NTSTATUS check_others(const struct listing *listing, const struct pipe_facts *facts,
                             bool only_first)
{
    struct pipe_facts other;

    if (!listing->count)
        return STATUS_SUCCESS;
    if (only_first || !read_facts(listing->names[0], &other) ||
        other.is_message_type != facts->is_message_type ||
        other.configuration != facts->configuration)
        return STATUS_ACCESS_DENIED;
    return listing->count >= other.max_instances ? STATUS_INSTANCE_NOT_AVAILABLE : STATUS_SUCCESS;
}

NTSTATUS pipe_instance_create(const char *folder, const struct pipe_facts *facts, bool only_first,
                              struct pipe_instance *instance, bool *is_first)
{
    static _Atomic uint32_t number;
    struct listing *listing = malloc(sizeof(*listing));
    struct pipe_facts stored = *facts, first;
    int lock = lock_pipes();
    char file[72];
    NTSTATUS status = lock >= 0 ? STATUS_NO_MEMORY : STATUS_ACCESS_DENIED;

    *instance = (struct pipe_instance){strdup(folder), -1, -1, ""};
    if (!listing || !instance->folder || lock < 0)
        goto done;
    mkdir(folder, 0700);
    instance->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (instance->folder_fd < 0) {
        status = errno_to_status(errno);
        goto done;
    }
    list_instances(instance->folder_fd, listing);
    status = check_others(listing, facts, only_first);
    if (status)
        goto done;
    /* The first one's limit is everybody's. */
    *is_first = !listing->count;
    if (listing->count && read_facts(listing->names[0], &first))
        stored.max_instances = first.max_instances;
    snprintf(instance->name, sizeof(instance->name), "%c%u-%u-%d-%u",
             stored.is_message_type ? 'm' : 'b', stored.configuration, stored.max_instances,
             process.pid, atomic_fetch_add(&number, 1));
    snprintf(file, sizeof(file), "L%s", instance->name);
    instance->lock_fd = openat(instance->folder_fd, file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
                               0600);
    if (instance->lock_fd < 0 || flock(instance->lock_fd, LOCK_EX | LOCK_NB))
        status = errno_to_status(errno);
done:
    if (lock >= 0)
        close(lock);
    free(listing);
    if (status)
        pipe_instance_remove(instance);
    return status;
}

void pipe_instance_hide(const struct pipe_instance *instance)
{
    char file[72];

    snprintf(file, sizeof(file), "S%s", instance->name);
    unlinkat(instance->folder_fd, file, 0);
}

void pipe_instance_remove(struct pipe_instance *instance)
{
    int lock = lock_pipes();
    char file[72];

    if (instance->lock_fd >= 0) {
        pipe_instance_hide(instance);
        snprintf(file, sizeof(file), "L%s", instance->name);
        unlinkat(instance->folder_fd, file, 0);
        close(instance->lock_fd);
        instance->lock_fd = -1;
    }
    if (instance->folder_fd >= 0) {
        close(instance->folder_fd);
        rmdir(instance->folder); /* when it was the last */
        instance->folder_fd = -1;
    }
    free(instance->folder);
    instance->folder = NULL;
    if (lock >= 0)
        close(lock);
}

unsigned pipe_instance_count(const struct pipe_instance *instance)
{
    struct listing *listing = malloc(sizeof(*listing));
    unsigned count = 1;

    if (listing && instance->folder_fd >= 0) {
        list_instances(instance->folder_fd, listing);
        count = listing->count;
    }
    free(listing);
    return count;
}

/* A socket's address holds 108 bytes; a folder's descriptor makes any path short. */
static socklen_t address_in(int folder, const char *file, struct sockaddr_un *address)
{
    address->sun_family = AF_UNIX;
    snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/%s", folder, file);
    return sizeof(*address);
}

int pipe_instance_listen(const struct pipe_instance *instance)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), error;
    char hidden[72], file[72];
    struct sockaddr_un address;
    socklen_t length;

    if (fd < 0)
        return -errno;
    /* A client that sees the socket may connect: it gets its name when it listens. */
    snprintf(hidden, sizeof(hidden), "T%s", instance->name);
    snprintf(file, sizeof(file), "S%s", instance->name);
    length = address_in(instance->folder_fd, hidden, &address);
    unlinkat(instance->folder_fd, hidden, 0);
    if (bind(fd, (struct sockaddr *)&address, length) || listen(fd, 0) ||
        renameat(instance->folder_fd, hidden, instance->folder_fd, file)) {
        error = errno;
        unlinkat(instance->folder_fd, hidden, 0);
        close(fd);
        return -error;
    }
    return fd;
}

/* --- A client's way in --- */

static int open_folder(const char *folder)
{
    return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

/* Is the way allowed? FILE_PIPE_INBOUND: from client to server. */
static bool allows(const struct pipe_facts *facts, ACCESS_MASK access)
{
    if (access & FILE_READ_DATA && facts->configuration == FILE_PIPE_INBOUND)
        return false;
    return !(access & (FILE_WRITE_DATA | FILE_APPEND_DATA)) ||
           facts->configuration != FILE_PIPE_OUTBOUND;
}

static int try_instance(int folder, const char *name, bool (*greet)(int fd, void *context),
                        void *context)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un address;
    char file[72];
    socklen_t length;

    if (fd < 0)
        return -errno;
    snprintf(file, sizeof(file), "S%s", name);
    length = address_in(folder, file, &address);
    if (connect(fd, (struct sockaddr *)&address, length) || !greet(fd, context)) {
        close(fd);
        return -EAGAIN;
    }
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    return fd;
}

NTSTATUS pipe_connect(const char *folder_path, ACCESS_MASK access, struct pipe_facts *facts, int *fd,
                      bool (*greet)(int fd, void *context), void *context)
{
    int folder = open_folder(folder_path);
    struct listing *listing = malloc(sizeof(*listing));
    NTSTATUS status = STATUS_PIPE_NOT_AVAILABLE;

    if (folder < 0 || !listing) {
        free(listing);
        if (folder >= 0)
            close(folder);
        return folder < 0 ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_NO_MEMORY;
    }
    list_instances(folder, listing);
    if (!listing->count)
        status = STATUS_OBJECT_NAME_NOT_FOUND;
    for (unsigned i = 0; i < listing->count && status == STATUS_PIPE_NOT_AVAILABLE; i++) {
        if (!read_facts(listing->names[i], facts))
            continue;
        if (!allows(facts, access)) {
            status = STATUS_ACCESS_DENIED;
        } else if (is_listening(folder, listing->names[i])) {
            *fd = try_instance(folder, listing->names[i], greet, context);
            if (*fd >= 0)
                status = STATUS_SUCCESS;
        }
    }
    free(listing);
    close(folder);
    return status;
}

NTSTATUS pipe_wait(const char *folder_path, int milliseconds)
{
    uint64_t deadline = monotonic_now() + (uint64_t)(milliseconds > 0 ? milliseconds : 0) * 1000000;
    struct listing *listing = malloc(sizeof(*listing));
    int folder = open_folder(folder_path);
    int notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    NTSTATUS status = STATUS_OBJECT_NAME_NOT_FOUND;
    char events[4096];

    if (folder >= 0 && notify >= 0 && listing &&
        inotify_add_watch(notify, folder_path, IN_CREATE | IN_MOVED_TO | IN_DELETE) >= 0) {
        for (;;) {
            int left = -1;

            list_instances(folder, listing);
            status = listing->count ? STATUS_PENDING : STATUS_OBJECT_NAME_NOT_FOUND;
            for (unsigned i = 0; i < listing->count && status == STATUS_PENDING; i++)
                if (is_listening(folder, listing->names[i]))
                    status = STATUS_SUCCESS;
            if (milliseconds >= 0) {
                uint64_t now = monotonic_now();

                left = now < deadline ? (int)((deadline - now + 999999) / 1000000) : 0;
                if (!left && status == STATUS_PENDING)
                    status = STATUS_IO_TIMEOUT;
            }
            if (status != STATUS_PENDING)
                break;
            status = async_block_on(notify, POLLIN, left);
            if (status && status != STATUS_TIMEOUT)
                break;
            while (read(notify, events, sizeof(events)) > 0)
                ;
        }
    }
    free(listing);
    if (notify >= 0)
        close(notify);
    if (folder >= 0)
        close(folder);
    return status;
}
