/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Messages between processes over SOCK_SEQPACKET, for both ends of remote.h.
 */
#ifndef DECANT_NTDLL_UNIX_REMOTE_SOCKET_H
#define DECANT_NTDLL_UNIX_REMOTE_SOCKET_H

#include "remote.h"

/* Sends the head and its data, with a descriptor (or -1). 0 or -errno, -EAGAIN where it would wait. */
int remote_send(int fd, const struct remote_message *message, int descriptor);
/* Takes one message, whole and with sizes that fit; *descriptor is one that came along, or -1. Returns its
 * bytes, 0 when the other end is gone, or -errno. Waits only when the socket does. */
ssize_t remote_receive(int fd, struct remote_message *message, int *descriptor);

#endif
