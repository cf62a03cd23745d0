/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Messages: finding one in a module's table (RtlFindMessage) and filling in its inserts (RtlFormatMessage).
 * ntdll's own table, of NTSTATUS values, is rtl_message_table.h.
 */
#include "rtl.h"

#define RT_MESSAGE    11
#define INSERT_LENGTH 32   /* of the text between the exclamation marks */
#define NO_WRAP       0xff /* FORMAT_MESSAGE_MAX_WIDTH_MASK: line breaks of the text go, none come */

int __cdecl _snwprintf(WCHAR *buffer, size_t room, const WCHAR *format, ...);

/* --- ntdll's own messages --------------------------------------------------------------------- */

/* Each as RtlFindMessage gives it away: a MESSAGE_RESOURCE_ENTRY with its text. */
#define MESSAGE(code, string)                                                                      \
    static const struct {                                                                          \
        WORD length, flags;                                                                        \
        WCHAR text[ARRAY_COUNT(L##string L"\r\n")];                                                \
    } message_##code = {sizeof(message_##code), MESSAGE_RESOURCE_UNICODE, L##string L"\r\n"};
#include "rtl_message_table.h"
#undef MESSAGE

static const struct {
    ULONG code;
    const void *entry;
} own_messages[] = {
#define MESSAGE(code, string) {(ULONG)code, &message_##code},
#include "rtl_message_table.h"
#undef MESSAGE
};

static NTSTATUS find_own(ULONG id, const MESSAGE_RESOURCE_ENTRY **entry)
{
    for (unsigned i = 0; i < ARRAY_COUNT(own_messages); i++) {
        if (own_messages[i].code == id) {
            *entry = own_messages[i].entry;
            return STATUS_SUCCESS;
        }
    }
    return STATUS_MESSAGE_NOT_FOUND;
}

/* --- Message tables --------------------------------------------------------------------------- */

NTSTATUS WINAPI RtlFindMessage(HMODULE module, ULONG type, ULONG language, ULONG id,
                               const MESSAGE_RESOURCE_ENTRY **entry)
{
    const IMAGE_RESOURCE_DATA_ENTRY *data;
    const MESSAGE_RESOURCE_DATA *table;
    LDR_RESOURCE_INFO info = {type, 1, language};
    void *memory, *own;
    NTSTATUS status = LdrFindResource_U(module, &info, 3, &data);

    if (status && type == RT_MESSAGE) {
        RtlPcToFileHeader((void *)(ULONG_PTR)RtlFindMessage, &own);
        if (module == own)
            return find_own(id, entry);
    }
    if (!status)
        status = LdrAccessResource(module, data, &memory, NULL);
    if (status)
        return status;
    table = memory;
    for (DWORD i = 0; i < table->NumberOfBlocks; i++) {
        const MESSAGE_RESOURCE_BLOCK *block = &table->Blocks[i];

        if (id >= block->LowId && id <= block->HighId) {
            const char *at = (const char *)table + block->OffsetToEntries;

            for (ULONG number = block->LowId; number < id; number++)
                at += ((const MESSAGE_RESOURCE_ENTRY *)at)->Length;
            *entry = (const MESSAGE_RESOURCE_ENTRY *)at;
            return STATUS_SUCCESS;
        }
    }
    return STATUS_MESSAGE_NOT_FOUND;
}

/* --- Formatting ------------------------------------------------------------------------------- */

struct message {
    WCHAR *buffer;
    ULONG room, length;         /* in characters; the terminator has its place */
    ULONG width;                /* 0: lines stay as they are */
    ULONG line, space;          /* where the line began; behind the last blank in it */
    bool ignore_inserts, ansi;
    const ULONG_PTR *arguments; /* both an array and a va_list are 8 bytes for each on x86-64 */
    bool is_array;
    /* In a va_list, numbers above an insert with stars mean one argument further each time: the
     * documentation's "%1!*.*s! %3 %4!*s!" takes six arguments (in an array, "%1!*.*s! %4 %5!*s!" does). */
    ULONG shift, shifted_above;
};

static NTSTATUS put(struct message *out, WCHAR c)
{
    if (out->length + 1 >= out->room)
        return STATUS_BUFFER_OVERFLOW;
    out->buffer[out->length++] = c;
    return STATUS_SUCCESS;
}

static NTSTATUS put_break(struct message *out)
{
    NTSTATUS status = put(out, '\r');

    if (!status)
        status = put(out, '\n');
    out->line = out->space = out->length;
    return status;
}

/* The line is longer than it may be: the word that does so goes to the next one. */
static NTSTATUS wrap(struct message *out)
{
    ULONG word = out->space, moved = out->length - word, end = word;

    if (word == out->line)
        return STATUS_SUCCESS; /* one word alone: never split */
    while (end > out->line && out->buffer[end - 1] == ' ')
        end--;
    if (end + 2 + moved >= out->room)
        return STATUS_BUFFER_OVERFLOW;
    memmove(out->buffer + end + 2, out->buffer + word, moved * sizeof(WCHAR));
    out->buffer[end] = '\r';
    out->buffer[end + 1] = '\n';
    out->line = out->space = end + 2;
    out->length = end + 2 + moved;
    return STATUS_SUCCESS;
}

static NTSTATUS put_text(struct message *out, WCHAR c)
{
    NTSTATUS status = put(out, c);

    if (status || !out->width || out->width == NO_WRAP)
        return status;
    if (c == ' ') {
        out->space = out->length;
        return status;
    }
    return out->length - out->line > out->width ? wrap(out) : status;
}

/* The format between exclamation marks as printf's, the stars replaced by arguments; the arguments are
 * counted on. */
static NTSTATUS make_format(const struct message *out, const WCHAR *text, ULONG length,
                            ULONG *argument, WCHAR *format, ULONG room)
{
    ULONG at = 0;
    WCHAR letter = length ? text[length - 1] : 's';

    format[at++] = '%';
    for (ULONG i = 0; i + 1 < length; i++) {
        if (at + 14 > room)
            return STATUS_INVALID_PARAMETER;
        if (text[i] == '*')
            at += (ULONG)_snwprintf(format + at, room - at, L"%d",
                                    (int)out->arguments[(*argument)++]);
        else
            format[at++] = text[i];
    }
    /* %s is of the caller's kind, %S of the other one. */
    if ((letter == 's' || letter == 'S' || letter == 'c' || letter == 'C') &&
        (at == 1 || !wcschr(L"hlw", format[at - 1]))) {
        format[at++] = ((letter == 's' || letter == 'c') == out->ansi) ? 'h' : 'l';
        letter |= 0x20;
    }
    format[at++] = letter;
    format[at] = 0;
    return STATUS_SUCCESS;
}

static NTSTATUS put_insert(struct message *out, ULONG argument, const WCHAR *text, ULONG length)
{
    WCHAR format[2 * INSERT_LENGTH + 32], small[256], *result = small;
    SIZE_T room = ARRAY_COUNT(small);
    NTSTATUS status;
    int count;

    if (!out->arguments)
        return STATUS_INVALID_PARAMETER;
    if (argument > out->shifted_above)
        argument += out->shift;
    status = make_format(out, text, length, &argument, format, ARRAY_COUNT(format));
    if (status)
        return status;
    for (;;) {
        count = _snwprintf(result, room, format, out->arguments[argument]);
        if (count >= 0 && (SIZE_T)count < room)
            break;
        if (result != small)
            RtlFreeHeap(process_heap(), 0, result);
        if (room > 0x10000)
            return STATUS_BUFFER_OVERFLOW;
        room *= 4;
        result = RtlAllocateHeap(process_heap(), 0, room * sizeof(WCHAR));
        if (!result)
            return STATUS_NO_MEMORY;
    }
    for (int i = 0; i < count && !status; i++)
        status = put_text(out, result[i]);
    if (result != small)
        RtlFreeHeap(process_heap(), 0, result);
    return status;
}

static bool has_star(const WCHAR *format, ULONG length)
{
    while (length--)
        if (*format++ == '*')
            return true;
    return false;
}

/* %1 to %99, with or without a format behind it; *next gets what stands behind. */
static NTSTATUS put_numbered(struct message *out, const WCHAR *text, const WCHAR **next)
{
    const WCHAR *begin = text;
    ULONG number = (ULONG)(*text++ - '0');
    const WCHAR *format = L"s";
    ULONG length = 1;
    NTSTATUS status;

    if (*text >= '0' && *text <= '9')
        number = number * 10 + (ULONG)(*text++ - '0');
    if (*text == '!') {
        const WCHAR *end = wcschr(text + 1, '!');

        if (!end || end - text - 1 > INSERT_LENGTH)
            return STATUS_INVALID_PARAMETER;
        format = text + 1;
        length = (ULONG)(end - format);
        text = end + 1;
    }
    *next = text;
    if (!out->ignore_inserts) {
        status = put_insert(out, number - 1, format, length);
        if (!out->is_array && has_star(format, length)) {
            out->shift++;
            out->shifted_above = number - 1;
        }
        return status;
    }
    status = put_text(out, '%');
    while (begin < text && !status)
        status = put_text(out, *begin++);
    return status;
}

static NTSTATUS put_escape(struct message *out, const WCHAR *text, const WCHAR **next)
{
    WCHAR c = *text;

    *next = text + 1;
    switch (c) {
    case 0:
        *next = text;
        return STATUS_INVALID_PARAMETER;
    case 'n':
        return put_break(out);
    case 'r':
        return put(out, '\r');
    case 't':
        return put_text(out, '\t');
    default:
        if (c >= '1' && c <= '9')
            return put_numbered(out, text, next);
        if (out->ignore_inserts && put_text(out, '%'))
            return STATUS_BUFFER_OVERFLOW;
        return put_text(out, c);
    }
}

NTSTATUS WINAPI RtlFormatMessageEx(const WCHAR *text, ULONG width, BOOLEAN ignore_inserts,
                                   BOOLEAN ansi, BOOLEAN is_array, __ms_va_list *arguments,
                                   WCHAR *buffer, ULONG bytes, ULONG *used, ULONG flags)
{
    struct message out = {buffer, bytes / sizeof(WCHAR), 0, width, 0, 0, ignore_inserts, ansi, NULL,
                          is_array, 0, 0};
    NTSTATUS status = STATUS_SUCCESS;

    (void)flags;
    if (arguments)
        out.arguments = is_array ? (const ULONG_PTR *)arguments : *(ULONG_PTR **)arguments;
    while (*text && !status) {
        if (*text == '%') {
            if (text[1] == '0')
                break;
            status = put_escape(&out, text + 1, &text);
        } else if (*text == '\r' || *text == '\n') {
            text += *text == '\r' && text[1] == '\n' ? 2 : 1;
            status = width ? put_text(&out, ' ') : put_break(&out);
        } else {
            status = put_text(&out, *text++);
        }
    }
    if (status)
        return status;
    if (!out.room)
        return STATUS_BUFFER_OVERFLOW;
    out.buffer[out.length] = 0;
    if (used)
        *used = (out.length + 1) * sizeof(WCHAR);
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlFormatMessage(const WCHAR *text, ULONG width, BOOLEAN ignore_inserts,
                                 BOOLEAN ansi, BOOLEAN is_array, __ms_va_list *arguments,
                                 WCHAR *buffer, ULONG bytes, ULONG *used)
{
    return RtlFormatMessageEx(text, width, ignore_inserts, ansi, is_array, arguments, buffer, bytes,
                              used, 0);
}
