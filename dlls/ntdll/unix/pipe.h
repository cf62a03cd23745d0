/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Named pipes. The files:
 *   pipe_name.c    names and instances in the session's folder, which all its processes see
 *   pipe_end.c     a server's or client's end: connecting, listening, states
 *   pipe_io.c      reading, writing, peeking, the control codes
 * Anonymous pipes (pipe.c) are Linux' own.
 */
#ifndef DECANT_NTDLL_UNIX_PIPE_H
#define DECANT_NTDLL_UNIX_PIPE_H

#include "async.h"
#include "winioctl.h"

/* --- Names and instances --- */

/* What a client may know of an instance before it connects; part of its file names. */
struct pipe_facts {
    bool is_message_type;
    ULONG configuration;   /* FILE_PIPE_INBOUND … */
    ULONG max_instances;
};

/* An instance of this process. `name`: of its files, "FACTS-PID-NUMBER". */
struct pipe_instance {
    char *folder;   /* Linux path of the pipe's own folder; owned */
    int folder_fd;
    int lock_fd;    /* says that the instance lives, as long as it is open */
    char name[64];
};

/* The folder of all pipes (name_length 0) or of one; malloc'ed. STATUS_OBJECT_NAME_INVALID. */
NTSTATUS pipe_folder_path(const WCHAR *name, size_t name_length, char **path);

/* A new instance. `only_first`: STATUS_ACCESS_DENIED when there is one; the facts must be those of the
 * others (STATUS_ACCESS_DENIED), which must leave room (STATUS_INSTANCE_NOT_AVAILABLE). */
NTSTATUS pipe_instance_create(const char *folder, const struct pipe_facts *facts, bool only_first,
                              struct pipe_instance *instance, bool *is_first);
void pipe_instance_remove(struct pipe_instance *instance);
unsigned pipe_instance_count(const struct pipe_instance *instance);

/* A listening socket, non-blocking, by which clients find the instance; -errno. */
int pipe_instance_listen(const struct pipe_instance *instance);
void pipe_instance_hide(const struct pipe_instance *instance);

/* A connection to an instance that listens. STATUS_OBJECT_NAME_NOT_FOUND: no such pipe; STATUS_PIPE_NOT_AVAILABLE: all
 * are taken; STATUS_ACCESS_DENIED: the pipe does not go that way. The greeting is still to be read. */
NTSTATUS pipe_connect(const char *folder, ACCESS_MASK access, struct pipe_facts *facts, int *fd,
                      bool (*greet)(int fd, void *context), void *context);

/* Waits until an instance listens. STATUS_IO_TIMEOUT, STATUS_OBJECT_NAME_NOT_FOUND.
 * -1: for ever. */
NTSTATUS pipe_wait(const char *folder, int milliseconds);

/* --- Ends --- */

enum pipe_state {
    PIPE_DISCONNECTED = FILE_PIPE_DISCONNECTED_STATE,
    PIPE_LISTENING = FILE_PIPE_LISTENING_STATE,
    PIPE_CONNECTED = FILE_PIPE_CONNECTED_STATE,
};

/* What the two ends of a connection share: a page that travels with the greeting. */
struct pipe_shared {
    _Atomic uint32_t is_disconnected; /* the server let go of the client; what was not read is lost */
};

/* Under the async lock, but for what is constant. */
struct pipe_end {
    struct pipe_facts facts;      /* constant */
    bool is_server;               /* constant */
    WCHAR *name;                  /* constant, owned, may be NULL: without \Device\NamedPipe */
    size_t name_length;
    enum pipe_state state;
    bool reads_messages;
    bool is_nowait;
    uint32_t header_done;         /* of the next message's header, while it comes in pieces */
    uint32_t header;
    uint32_t message_left;        /* of the message that was read in part */
    bool in_message;              /* message_left counts, be it 0 */
    ULONG in_quota, out_quota;    /* constant */
    pid_t other_pid;              /* of the process at the other end, when it connected */
    struct pipe_shared *shared;   /* NULL when disconnected */
    /* The server's: */
    struct pipe_instance instance;
    struct async_watch listener;  /* fd -1: does not listen */
    int changed;                  /* eventfd: the state is another one */
    struct file *file;
};

void pipe_end_free(struct pipe_end *end);
/* The last handle of a server's end closed. */
void pipe_end_closed(struct file *file);

/* NtCreateFile on a pipe's name: the client's end. */
NTSTATUS pipe_open_client(const char *folder, ACCESS_MASK access, ULONG sharing, ULONG options,
                          struct file **out);

/* What another process needs to go on with an inherited end, and the way back. 0: it is no named pipe. */
uint32_t pipe_end_export(const struct file *file);
NTSTATUS pipe_end_import(struct file *file, uint32_t exported);

/* The server waits for its client, or lets go of it. STATUS_ILLEGAL_FUNCTION for other ends. */
NTSTATUS pipe_end_listen(struct file *file, const struct async_target *target);
NTSTATUS pipe_end_disconnect(struct file *file);

void pipe_end_query(struct file *file, FILE_PIPE_LOCAL_INFORMATION *info);
void pipe_end_query_mode(struct file *file, FILE_PIPE_INFORMATION *info);
NTSTATUS pipe_end_set_mode(struct file *file, const FILE_PIPE_INFORMATION *info);

/* STATUS_SUCCESS when data may flow; else what a read or write answers in this state. Under the lock. */
NTSTATUS pipe_end_check(const struct pipe_end *end);
/* The status for "the other end is gone". Under the lock. */
NTSTATUS pipe_end_gone(const struct pipe_end *end, bool writing);

/* --- I/O (pipe_io.c): attempts of requests, for named pipes and whatever else has no position --- */

NTSTATUS pipe_attempt_read(struct async *request);
NTSTATUS pipe_attempt_write(struct async *request);
/* Bytes to be read, without the headers of messages. */
ULONG pipe_available(struct file *file);

/* Control codes of pipes; STATUS_INVALID_DEVICE_REQUEST for others. `in` is a copy. */
NTSTATUS pipe_control(struct file *file, ULONG code, const void *in, ULONG in_length, void *out,
                      ULONG out_length, const struct async_target *target);

#endif
