/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The connection to decantserver.
 */
#ifndef DECANT_NTDLL_UNIX_SERVER_CLIENT_H
#define DECANT_NTDLL_UNIX_SERVER_CLIENT_H

#include "unix.h"
#include "decant/protocol.h"

/* Connects to the session's server, which is started when none runs, and greets it. The answer is
 * awaited by server_finish, so that other work can be done meanwhile. Both return 0, or -errno after a one-line
 * error on stderr. */
int server_begin(void);
int server_finish(void);

/* Sends a request (its structure and what tail follows it, `bytes` in all) with descriptors that
 * stay the caller's, and waits for the reply: at most `room` bytes, whose number goes to *got when that is not
 * NULL. *fd (may be NULL) is the descriptor that came along, the caller's from then on, or -1.
 * Returns 0 or -errno: the reply's status, or -ENOTCONN when there is no server (any more).
 * The header is filled in here. May be called by any thread. */
int server_call(enum protocol_type type, void *request, size_t bytes, const int *fds,
                unsigned fd_count, void *reply, size_t room, size_t *got, int *fd);

/* This process's end of the service channel: a SOCK_SEQPACKET socket on which the server sends notices
 * (struct notice_*, some with a descriptor); end of file when the server is gone. -1: none. Whoever
 * serves it owns it. */
int server_service_channel(void);

/* A fresh connection to another process, which gets the other end by a notice_connect. Returns 0, or
 * -ESRCH (no program of this session), -ENOTCONN (takes none, or no server), -EAGAIN. */
int server_connect_process(pid_t pid, int *fd);

#endif
