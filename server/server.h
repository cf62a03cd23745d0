/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * decantserver's private header. One thread, one epoll loop; nothing here blocks on a client.
 *
 * The server trusts no client: whatever is read out of a message or shared memory is checked where it is
 * used. A client that breaks the protocol loses its connection; what it has goes when it ends.
 */
#ifndef DECANT_SERVER_H
#define DECANT_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "decant/protocol.h"

/* --- The loop (main.c) --- */

/* Something that epoll watches; lies in what it belongs to. */
struct watch {
    int fd;
    void (*ready)(struct watch *watch, uint32_t events);
};

/* Programs of another version want the session: no lingering after the last client. */
void loop_be_brief(void);
int loop_add(struct watch *watch, uint32_t events);
void loop_remove(struct watch *watch);

#define container_of(pointer, type, member) ((type *)((char *)(pointer) - offsetof(type, member)))

/* --- The session's folder (listen.c) --- */

/* Checks the folder, takes the lock, listens. On failure a one-line reason is in `error`. Returns
 * LISTEN_OK, LISTEN_TAKEN (another server has the lock) or LISTEN_FAILED. */
enum listen_result { LISTEN_OK, LISTEN_TAKEN, LISTEN_FAILED };
enum listen_result session_open(const char *folder, char *error, size_t room);

/* Nobody can find the server from now on. False: somebody connected at the last moment; the server listens
 * again and must go on. */
bool session_close(void);

/* A reserve for the moment in which no descriptor is left: closes the connection that waits. */
void session_refuse_one(void);

/* --- Clients (client.c) --- */

struct client {
    struct client *next, *previous;
    struct watch socket;
    struct watch process;   /* the pidfd; fd -1 before hello */
    int service;            /* our end of its service channel, or -1 */
    pid_t pid;              /* as the kernel told us */
    uint32_t references;    /* to objects */
    bool has_greeted;
    bool is_gone;           /* buried; freed at the end of the loop's round */
};

/* A request as it arrived. Handlers take descriptors by setting their places to -1; the others are closed. */
struct request {
    const void *message;    /* at least the request's structure */
    size_t bytes;           /* with the tail */
    int fds[PROTOCOL_MAX_FDS];
    unsigned fd_count;
    bool has_lost_fds;      /* more came than may, or the server has no descriptor left for them */
};

/* The reply's fields and tail are the handler's, its type is filled in. `fd` is sent when it is not -1, and
 * closed afterwards when `owns_fd`. */
struct answer {
    union {
        struct protocol_header header;
        char message[PROTOCOL_MAX_BYTES];
    };
    size_t tail_bytes;
    int fd;
    bool owns_fd;
};

/* Returns 0 or -errno for the reply, or DROP_CLIENT when the request breaks the protocol. */
#define DROP_CLIENT (-10000)
typedef int request_handler(struct client *client, struct request *request, struct answer *answer);

#define REQUEST(name, fds, reply_fds, fields, reply_fields)                                        \
    request_handler handle_##name;
#define NOTICE(name, fds, fields)
#include "decant/protocol.def"
#undef REQUEST
#undef NOTICE

void client_accept(int socket);
struct client *client_find(pid_t pid);
/* The client goes, with its references. `is_dead`: by a hang-up or its pidfd, so that nothing of the process runs
 * any more. */
void client_bury(struct client *client, bool is_dead);
void clients_free_buried(void);
size_t client_count(void);

/* --- Tracing (trace.c) --- */

/* With DECANT_TRACE=server (or all) the server writes server.log in the session's folder. */
void trace_open(int folder);
void trace_text(const char *format, ...) __attribute__((format(printf, 1, 2)));
void trace_request(const struct client *client, const void *message);
void trace_reply(const struct client *client, const void *message);

#endif
