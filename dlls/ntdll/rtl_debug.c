/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Text for people: DbgPrint and its kin on stderr, our own error lines, and the channels by which Wine's
 * DLLs (which run on top of us) trace: silent unless DECANT_TRACE in the environment names "wine" or
 * "all".
 */
#include "rtl.h"
#include "rtl_printf.h"

static ULONG write_formatted(const char *prefix, const char *format, va_list args, bool newline)
{
    char text[1024];
    size_t length = strlen(prefix);
    int count;

    memcpy(text, prefix, length);
    count = _vsnprintf(text + length, sizeof(text) - length - 2, format, args);
    length = count < 0 ? sizeof(text) - 2 : length + (size_t)count;
    if (newline)
        text[length++] = '\n';
    DecantDebugOutput(text, (ULONG)length);
    return 0;
}

void report_error(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    write_formatted("decant: ", format, args, true);
    va_end(args);
}

NTSTATUS __cdecl DbgPrint(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    write_formatted("", format, args, false);
    va_end(args);
    return STATUS_SUCCESS;
}

/* The component filters of Windows let only errors (level 0) through by default. */
NTSTATUS WINAPI vDbgPrintExWithPrefix(const char *prefix, ULONG component, ULONG level,
                                      const char *format, va_list args)
{
    (void)component;
    if (level == 0)
        write_formatted(prefix, format, args, false);
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI vDbgPrintEx(ULONG component, ULONG level, const char *format, va_list args)
{
    return vDbgPrintExWithPrefix("", component, level, format, args);
}

NTSTATUS __cdecl DbgPrintEx(ULONG component, ULONG level, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vDbgPrintExWithPrefix("", component, level, format, args);
    va_end(args);
    return STATUS_SUCCESS;
}

/* --- The trace functions that Wine's DLLs import ---------------------------------------------- */

struct wine_debug_channel {
    unsigned char flags;
    char name[15];
};

static bool wants_wine_trace(void)
{
    static const WCHAR name[] = L"DECANT_TRACE";
    WCHAR value[128];
    SIZE_T length;

    if (RtlQueryEnvironmentVariable(NULL, name, 12, value, ARRAY_COUNT(value) - 1, &length))
        return false;
    value[length] = 0;
    return wcsstr(value, L"wine") || !wcscmp(value, L"all");
}

/* Bits: fixme, err, warn, trace. A channel's 0x80 means "not asked yet". */
unsigned char __cdecl __wine_dbg_get_channel_flags(struct wine_debug_channel *channel)
{
    static int wanted = -1;

    if (wanted < 0)
        wanted = wants_wine_trace();
    if (channel->flags & 0x80)
        channel->flags = wanted ? 0x0f : 0;
    return wanted ? channel->flags : 0;
}

/* The text must live until the line is printed; a ring of the thread's would be Wine's way, and one for
 * the process does as well for traces. */
const char *__cdecl __wine_dbg_strdup(const char *text)
{
    static char ring[8192];
    static LONG next;
    ULONG length = (ULONG)strlen(text) + 1, at;

    if (length > sizeof(ring) / 4)
        length = sizeof(ring) / 4;
    at = (ULONG)__atomic_fetch_add(&next, (LONG)length, __ATOMIC_RELAXED) % sizeof(ring);
    if (at + length > sizeof(ring))
        at = 0;
    memcpy(ring + at, text, length);
    ring[at + length - 1] = 0;
    return ring + at;
}

int __cdecl __wine_dbg_output(const char *text)
{
    ULONG length = (ULONG)strlen(text);

    DecantDebugOutput(text, length);
    return (int)length;
}

int __cdecl __wine_dbg_header(ULONG class, struct wine_debug_channel *channel, const char *function)
{
    static const char *const classes[] = {"fixme", "err", "warn", "trace"};
    char text[160];
    int length;

    if (!(__wine_dbg_get_channel_flags(channel) & (1 << class)))
        return -1;
    length = _snprintf(text, sizeof(text) - 1, "%04lx:%s:%s:%s ", GetCurrentThreadId(),
                       class < 4 ? classes[class] : "?", channel->name, function);
    if (length < 0)
        length = sizeof(text) - 1;
    DecantDebugOutput(text, (ULONG)length);
    return length;
}
