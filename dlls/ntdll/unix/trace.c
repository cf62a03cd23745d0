/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Diagnostics: DECANT_TRACE channels and Decant's own one-line errors, both on stderr.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trace.h"

uint32_t trace_mask;

static const char *const channel_names[TRACE_CHANNELS] = {
    [TRACE_SYSCALL] = "syscall",   [TRACE_LOADER] = "loader",         [TRACE_VIRTUAL] = "virtual",
    [TRACE_FILE] = "file",         [TRACE_SYNC] = "sync",             [TRACE_THREAD] = "thread",
    [TRACE_SEH] = "seh",           [TRACE_SERVER] = "server",         [TRACE_PROCESS] = "process",
    [TRACE_CONSOLE] = "console",   [TRACE_WRITEWATCH] = "writewatch",
};

void trace_init(const char *channels)
{
    char *copy, *next, *name;

    if (!channels || !*channels || !(copy = strdup(channels)))
        return;
    next = copy;
    while ((name = strsep(&next, ","))) {
        bool known = !*name || !strcmp(name, "all");

        if (known && *name)
            trace_mask = ~0u;
        for (int i = 0; i < TRACE_CHANNELS; i++) {
            if (!strcmp(name, channel_names[i])) {
                trace_mask |= 1u << i;
                known = true;
            }
        }
        if (!known) {
            fprintf(stderr, "decant: DECANT_TRACE: no channel \"%s\"; there are all", name);
            for (int i = 0; i < TRACE_CHANNELS; i++)
                fprintf(stderr, ", %s", channel_names[i]);
            fputc('\n', stderr);
        }
    }
    free(copy);
}

/* One write per line, so that lines of several threads and processes do not mix. */
static void print_line(const char *prefix, const char *format, va_list args)
{
    char line[1024];
    int length = snprintf(line, sizeof(line), "%s", prefix);
    int room = (int)sizeof(line) - 1;
    int saved_errno = errno;

    length += vsnprintf(line + length, (size_t)(room - length), format, args);
    if (length >= room)
        length = room - 1;
    line[length++] = '\n';
    if (write(STDERR_FILENO, line, (size_t)length) < 0) {
        /* stderr is gone; there is nowhere to say so. */
    }
    errno = saved_errno;
}

void trace_print(enum trace_channel channel, const char *format, ...)
{
    char prefix[64];
    va_list args;

    snprintf(prefix, sizeof(prefix), "decant:%s:%d: ", channel_names[channel], gettid());
    va_start(args, format);
    print_line(prefix, format, args);
    va_end(args);
}

void report_error(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print_line("decant: ", format, args);
    va_end(args);
}

void report_missing_call(_Atomic bool *is_told, const char *call, const char *without)
{
    if ((errno == ENOSYS || errno == EPERM) && !atomic_exchange(is_told, true))
        report_error("%s: %s; without it %s (decant doctor)", call, strerror(errno), without);
}

NTSTATUS WINAPI DecantDebugOutput(const char *text, ULONG length)
{
    char line[1024];

    while (length) {
        ULONG part = length < sizeof(line) ? length : sizeof(line);
        NTSTATUS status = guest_copy_in(line, text, part);

        if (status)
            return status;
        if (write(STDERR_FILENO, line, part) < 0)
            return errno_to_status(errno);
        text += part;
        length -= part;
    }
    return STATUS_SUCCESS;
}
