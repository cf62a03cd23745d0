/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * DECANT_TRACE=server: the server has no terminal, so it writes server.log in the session's folder.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "decant/protocol_trace.h"
#include "server.h"

static FILE *log_file;

static bool is_wanted(const char *channels)
{
    while (channels && *channels) {
        size_t length = strcspn(channels, ",");

        if ((length == 6 && !strncmp(channels, "server", 6)) ||
            (length == 3 && !strncmp(channels, "all", 3)))
            return true;
        channels += length + (channels[length] == ',');
    }
    return false;
}

void trace_open(int folder)
{
    int fd;

    if (!is_wanted(getenv("DECANT_TRACE")))
        return;
    fd = openat(folder, "server.log", O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
    log_file = fd >= 0 ? fdopen(fd, "a") : NULL;
    if (log_file)
        setlinebuf(log_file);
}

void trace_text(const char *format, ...)
{
    va_list args;

    if (!log_file)
        return;
    va_start(args, format);
    vfprintf(log_file, format, args);
    va_end(args);
    fputc('\n', log_file);
}

static void print(const struct client *client, const char *arrow, protocol_print *printer,
                  const void *message)
{
    char text[512];

    printer(message, text, sizeof(text));
    fprintf(log_file, "%d %s %s\n", client->pid, arrow, text);
}

void trace_request(const struct client *client, const void *message)
{
    const struct protocol_header *header = message;

    if (log_file)
        print(client, "->", protocol_request_printers[header->type], message);
}

void trace_reply(const struct client *client, const void *message)
{
    const struct protocol_header *header = message;

    if (log_file)
        print(client, "<-", protocol_reply_printers[header->type], message);
}
