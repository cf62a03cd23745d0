/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How DECANT_TRACE=server shows a message: made from protocol.def, for the server and for its clients.
 */
#ifndef DECANT_PROTOCOL_TRACE_H
#define DECANT_PROTOCOL_TRACE_H

#include <stddef.h>
#include <stdio.h>

#include "decant/protocol.h"

static inline size_t protocol_print_field(char *text, size_t room, size_t used, const char *name,
                                          uint64_t value)
{
    int length = snprintf(text + used, room - used, " %s=%llx", name, (unsigned long long)value);

    return length < 0 || used + (size_t)length >= room ? room - 1 : used + (size_t)length;
}

#define F(type, name) used = protocol_print_field(text, room, used, #name, (uint64_t)message->name);
#define REQUEST(name, fds, reply_fds, fields, reply_fields)                                        \
    static inline void protocol_print_request_##name(const void *at, char *text, size_t room)      \
    {                                                                                              \
        const struct request_##name *message = at;                                                 \
        size_t used = (size_t)snprintf(text, room, #name);                                         \
                                                                                                   \
        fields                                                                                     \
        (void)message, (void)used;                                                                 \
    }                                                                                              \
    static inline void protocol_print_reply_##name(const void *at, char *text, size_t room)        \
    {                                                                                              \
        const struct reply_##name *message = at;                                                   \
        size_t used = (size_t)snprintf(text, room, #name " status=%d", message->header.status);    \
                                                                                                   \
        reply_fields                                                                               \
        (void)message, (void)used;                                                                 \
    }
#define NOTICE(name, fds, fields)
#include "decant/protocol.def"
#undef REQUEST
#undef NOTICE
#undef F

typedef void protocol_print(const void *message, char *text, size_t room);

#define REQUEST(name, fds, reply_fds, fields, reply_fields) protocol_print_request_##name,
#define NOTICE(name, fds, fields)
static protocol_print *const protocol_request_printers[] = {
#include "decant/protocol.def"
};
#undef REQUEST
#define REQUEST(name, fds, reply_fds, fields, reply_fields) protocol_print_reply_##name,
static protocol_print *const protocol_reply_printers[] = {
#include "decant/protocol.def"
};
#undef REQUEST
#undef NOTICE

#endif
