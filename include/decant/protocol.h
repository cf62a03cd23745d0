/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The messages between programs and decantserver, made from protocol.def. Plain fixed-size C, for the server
 * and for the Linux side of ntdll.
 *
 * The transport is a SOCK_SEQPACKET Unix socket, PROTOCOL_SOCKET in the session's folder: one packet is one
 * message. A request that breaks the rules ends the connection, without an answer.
 */
#ifndef DECANT_PROTOCOL_H
#define DECANT_PROTOCOL_H

#include <stdint.h>

#define PROTOCOL_VERSION     2u
#define PROTOCOL_SOCKET      "server.sock"
#define PROTOCOL_LOCK        "server.lock"
#define PROTOCOL_MAX_BYTES   16384 /* of a message */
#define PROTOCOL_MAX_FDS     4     /* with a message */

enum {
    HELLO_SERVICE = 1, /* the service channel's end comes along */
};

/* Kinds of objects. Those up to OBJECT_LAST_SYNC lie in a slot of an arena (sync_layout.h), which the server
 * looks after. */
enum object_kind {
    OBJECT_NONE,
    OBJECT_EVENT,
    OBJECT_SEMAPHORE,
    OBJECT_MUTANT,
    OBJECT_TIMER,
    OBJECT_LAST_SYNC = OBJECT_TIMER,
    OBJECT_THREAD,
    OBJECT_SECTION,
    OBJECT_FILE,
    OBJECT_PROCESS,
    OBJECT_JOB,
    OBJECT_KEYED_EVENT,
    OBJECT_PORT,
    OBJECT_DIRECTORY,
    OBJECT_KINDS
};

/* Flags of object_register and object_open. */
enum {
    OBJECT_OPEN_IF = 1,    /* an object that is there already will do */
    OBJECT_ANY_CASE = 2,   /* upper and lower case are one */
};

#define PROTOCOL_MAX_NAME 4096 /* bytes of UTF-16 */
#define PROTOCOL_MAX_DATA 4160 /* bytes that describe an object: a description and a path */

struct protocol_header {
    uint32_t type;  /* enum protocol_type; a reply repeats the request's, a notice has its own */
    int32_t status; /* of a reply: 0 or -errno; else 0 */
};

enum protocol_type {
#define REQUEST(name, fds, reply_fds, fields, reply_fields) PROTOCOL_##name,
#define NOTICE(name, fds, fields)
#include "decant/protocol.def"
    PROTOCOL_REQUESTS,
#undef REQUEST
#undef NOTICE
#define REQUEST(name, fds, reply_fds, fields, reply_fields)
#define NOTICE(name, fds, fields) PROTOCOL_NOTICE_##name,
#include "decant/protocol.def"
#undef REQUEST
#undef NOTICE
};

#define F(type, name) type name;
#define REQUEST(name, fds, reply_fds, fields, reply_fields)                                        \
    struct request_##name {                                                                        \
        struct protocol_header header;                                                             \
        fields                                                                                     \
    };                                                                                             \
    struct reply_##name {                                                                          \
        struct protocol_header header;                                                             \
        reply_fields                                                                               \
    };
#define NOTICE(name, fds, fields)                                                                  \
    struct notice_##name {                                                                         \
        struct protocol_header header;                                                             \
        fields                                                                                     \
    };
#include "decant/protocol.def"
#undef REQUEST
#undef NOTICE
#undef F

/* No holes, no tail padding: what is not written is not sent. */
#define F(type, name) +sizeof(type)
#define REQUEST(name, fds, reply_fds, fields, reply_fields)                                        \
    _Static_assert(sizeof(struct request_##name) == 8 fields, "a hole in a message");              \
    _Static_assert(sizeof(struct reply_##name) == 8 reply_fields, "a hole in a message");          \
    _Static_assert((fds) <= PROTOCOL_MAX_FDS && (reply_fds) <= 1, "descriptors");
#define NOTICE(name, fds, fields)                                                                  \
    _Static_assert(sizeof(struct notice_##name) == 8 fields, "a hole in a message");
#include "decant/protocol.def"
#undef REQUEST
#undef NOTICE
#undef F

#endif
