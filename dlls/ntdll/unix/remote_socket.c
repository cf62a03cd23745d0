/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Messages with descriptors over SOCK_SEQPACKET. See remote.h.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "remote_socket.h"

union control {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
};

int remote_send(int fd, const struct remote_message *message, int descriptor)
{
    struct iovec part = {(void *)message, REMOTE_HEAD_BYTES + message->bytes};
    union control control = {0};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};

    if (descriptor >= 0) {
        header.msg_control = &control;
        header.msg_controllen = sizeof(control);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(&control.header), &descriptor, sizeof(descriptor));
    }
    for (;;) {
        if (sendmsg(fd, &header, MSG_NOSIGNAL) >= 0)
            return 0;
        if (errno != EINTR)
            return -errno;
    }
}

ssize_t remote_receive(int fd, struct remote_message *message, int *descriptor)
{
    struct iovec part = {message, sizeof(*message)};
    union control control;
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = &control,
                            .msg_controllen = CMSG_LEN(sizeof(int))}; /* one, no more */
    struct cmsghdr *rights;
    ssize_t got;

    *descriptor = -1;
    do
        got = recvmsg(fd, &header, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return -errno;
    rights = CMSG_FIRSTHDR(&header);
    if (rights && rights->cmsg_level == SOL_SOCKET && rights->cmsg_type == SCM_RIGHTS &&
        rights->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(descriptor, CMSG_DATA(rights), sizeof(*descriptor));
    if (got && ((size_t)got < REMOTE_HEAD_BYTES || message->bytes > REMOTE_BYTES ||
                (size_t)got != REMOTE_HEAD_BYTES + message->bytes ||
                header.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
        if (*descriptor >= 0)
            close(*descriptor);
        *descriptor = -1;
        return -EPROTO;
    }
    return got;
}
