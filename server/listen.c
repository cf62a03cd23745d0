/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The session's folder: whose it is, that one server serves it, and the socket in it.
 *
 * The lock decides between servers that start at one time, and tells a socket that a dead server left from
 * one that is served: whoever holds the lock may replace the socket. A server keeps the lock until it is gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "server.h"

static int folder_fd = -1, lock_fd = -1, reserve_fd = -1;
static struct watch listener = {.fd = -1};

static enum listen_result fail(char *error, size_t room, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum listen_result fail(char *error, size_t room, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(error, room, format, args);
    va_end(args);
    return LISTEN_FAILED;
}

static void someone_connects(struct watch *watch, uint32_t events)
{
    (void)events;
    client_accept(watch->fd);
}

/* By way of the folder's descriptor, since the path may be longer than a socket's name can be. */
static int bind_socket(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), error;

    if (fd < 0)
        return -errno;
    snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", folder_fd,
             PROTOCOL_SOCKET);
    unlinkat(folder_fd, PROTOCOL_SOCKET, 0); /* a dead server's; we hold the lock */
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, SOMAXCONN)) {
        error = -errno;
        close(fd);
        return error;
    }
    listener = (struct watch){fd, someone_connects};
    error = loop_add(&listener, EPOLLIN);
    if (error)
        close(fd);
    return error;
}

enum listen_result session_open(const char *folder, char *error, size_t room)
{
    struct stat info;
    int result;

    if (lstat(folder, &info))
        return fail(error, room, "session folder %s: %s", folder, strerror(errno));
    if (!S_ISDIR(info.st_mode))
        return fail(error, room, "session folder %s is not a folder", folder);
    folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder_fd < 0 || fstat(folder_fd, &info))
        return fail(error, room, "session folder %s: %s", folder, strerror(errno));
    if (info.st_uid != geteuid())
        return fail(error, room, "session folder %s belongs to user %u, not to user %u", folder,
                    (unsigned)info.st_uid, (unsigned)geteuid());
    if (info.st_mode & 077)
        return fail(error, room, "session folder %s is open to others (mode %04o, must be 0700)",
                    folder, (unsigned)info.st_mode & 07777);

    lock_fd = openat(folder_fd, PROTOCOL_LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (lock_fd < 0)
        return fail(error, room, "%s/%s: %s", folder, PROTOCOL_LOCK, strerror(errno));
    if (flock(lock_fd, LOCK_EX | LOCK_NB)) {
        if (errno == EWOULDBLOCK)
            return LISTEN_TAKEN;
        return fail(error, room, "%s/%s: %s", folder, PROTOCOL_LOCK, strerror(errno));
    }
    result = bind_socket();
    if (result)
        return fail(error, room, "%s/%s: %s", folder, PROTOCOL_SOCKET, strerror(-result));
    reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    trace_open(folder_fd);
    return LISTEN_OK;
}

bool session_close(void)
{
    int old = listener.fd;

    unlinkat(folder_fd, PROTOCOL_SOCKET, 0);
    client_accept(old);
    if (!client_count())
        return true; /* the lock goes with the process */
    /* Somebody came between the decision and the unlinking. */
    loop_remove(&listener);
    close(old);
    return bind_socket() != 0;
}

void session_refuse_one(void)
{
    int fd;

    close(reserve_fd);
    fd = accept4(listener.fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        close(fd);
    reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}
