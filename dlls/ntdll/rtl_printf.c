/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * printf for both widths of character, with the rules of Windows' runtime: %S and %hs/%ls, %I64d, %Z is left out,
 * -1 when the text does not fit (and then no terminator).
 */
#include "ntdll.h"
#include "rtl_printf.h"

/* Where the text goes; what does not fit is counted only. */
struct sink {
    void *buffer;
    size_t room, used;
    bool wide;
};

static void put(struct sink *sink, unsigned c)
{
    if (sink->used < sink->room) {
        if (sink->wide)
            ((WCHAR *)sink->buffer)[sink->used] = (WCHAR)c;
        else
            ((char *)sink->buffer)[sink->used] = (char)c;
    }
    sink->used++;
}

static void fill(struct sink *sink, unsigned c, int count)
{
    while (count-- > 0)
        put(sink, c);
}

struct spec {
    bool left, plus, blank, alternate, zero;
    int width, precision; /* precision -1: none given */
};

static void put_padded(struct sink *sink, const struct spec *spec, const char *prefix,
                       const char *digits, int length, int zeros)
{
    int prefix_length = (int)strlen(prefix), pad = spec->width - prefix_length - length - zeros;

    if (!spec->left && !spec->zero)
        fill(sink, ' ', pad);
    while (*prefix)
        put(sink, (unsigned char)*prefix++);
    if (!spec->left && spec->zero)
        fill(sink, '0', pad);
    fill(sink, '0', zeros);
    for (int i = 0; i < length; i++)
        put(sink, (unsigned char)digits[i]);
    if (spec->left)
        fill(sink, ' ', pad);
}

static void put_integer(struct sink *sink, struct spec *spec, uint64_t value, bool negative,
                        unsigned base, char form)
{
    const char *symbols = form == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    const char *prefix = negative ? "-" : spec->plus ? "+" : spec->blank ? " " : "";
    char digits[24], *end = digits + sizeof(digits), *p = end;
    int zeros;

    if (form != 'd')
        prefix = spec->alternate && value && base == 16 ? (form == 'X' ? "0X" : "0x") : "";
    for (uint64_t rest = value; rest; rest /= base)
        *--p = symbols[rest % base];
    if (!value && spec->precision)
        *--p = '0';
    if (spec->alternate && base == 8 && (p == end || *p != '0'))
        *--p = '0';
    zeros = spec->precision - (int)(end - p);
    if (spec->precision >= 0)
        spec->zero = false;
    put_padded(sink, spec, prefix, p, (int)(end - p), zeros > 0 ? zeros : 0);
}

/* Text of either width; each half of the pair is copied character by character, through Latin-1 where the
 * widths differ (the ANSI code page would not be known to a kernel debugger either). */
static void put_text(struct sink *sink, const struct spec *spec, const void *text, bool wide)
{
    size_t limit = spec->precision < 0 ? SIZE_MAX : (size_t)spec->precision, length = 0;

    if (!text) {
        text = "(null)";
        wide = false;
    }
    while (length < limit &&
           (wide ? ((const WCHAR *)text)[length] : (WCHAR)((const char *)text)[length]))
        length++;
    if (!spec->left)
        fill(sink, spec->zero ? '0' : ' ', spec->width - (int)length);
    for (size_t i = 0; i < length; i++) {
        unsigned c = wide ? ((const WCHAR *)text)[i] : ((const unsigned char *)text)[i];

        put(sink, c > 0xff && !sink->wide ? '?' : c);
    }
    if (spec->left)
        fill(sink, ' ', spec->width - (int)length);
}

static void put_float(struct sink *sink, struct spec *spec, double value, char form)
{
    char text[PRINTF_FLOAT_ROOM];
    bool negative;
    int length = printf_format_double(text, value, spec->precision, form, spec->alternate,
                                      &negative);

    if (text[0] < '0' || text[0] > '9')
        spec->zero = false; /* inf, nan */
    put_padded(sink, spec, negative ? "-" : spec->plus ? "+" : spec->blank ? " " : "", text,
               length, 0);
}

/* The next character of the format. */
static unsigned fetch(const void *format, bool wide, size_t at)
{
    return wide ? ((const WCHAR *)format)[at] : ((const unsigned char *)format)[at];
}

static int fetch_number(const void *format, bool wide, size_t *at)
{
    int value = 0;

    while (fetch(format, wide, *at) >= '0' && fetch(format, wide, *at) <= '9')
        value = value * 10 + (int)(fetch(format, wide, (*at)++) - '0');
    return value;
}

enum size { SIZE_INT, SIZE_CHAR, SIZE_SHORT, SIZE_LONG, SIZE_64, SIZE_WIDE };

static enum size fetch_size(const void *format, bool wide, size_t *at)
{
    unsigned c = fetch(format, wide, *at), next;

    if (!c)
        return SIZE_INT;
    next = fetch(format, wide, *at + 1);
    switch (c) {
    case 'h':
        *at += next == 'h' ? 2 : 1;
        return next == 'h' ? SIZE_CHAR : SIZE_SHORT;
    case 'l':
        *at += next == 'l' ? 2 : 1;
        return next == 'l' ? SIZE_64 : SIZE_LONG;
    case 'w':
        *at += 1;
        return SIZE_WIDE;
    case 'j':
    case 'z':
    case 't':
        *at += 1;
        return SIZE_64;
    case 'L':
        *at += 1;
        return SIZE_INT;
    case 'I':
        if (next == '6' && fetch(format, wide, *at + 2) == '4') {
            *at += 3;
            return SIZE_64;
        }
        if (next == '3' && fetch(format, wide, *at + 2) == '2') {
            *at += 3;
            return SIZE_INT;
        }
        *at += 1;
        return SIZE_64; /* %Id: the width of a pointer */
    }
    return SIZE_INT;
}

static void put_signed(struct sink *sink, struct spec *spec, int64_t value)
{
    put_integer(sink, spec, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, value < 0, 10, 'd');
}

static void format_text(struct sink *sink, const void *format, bool wide, va_list args)
{
    for (size_t at = 0; fetch(format, wide, at);) {
        struct spec spec = {.precision = -1};
        enum size size;
        unsigned c = fetch(format, wide, at++);
        uint64_t value;

        if (c != '%') {
            put(sink, c);
            continue;
        }
        for (;; at++) {
            c = fetch(format, wide, at);
            if (c == '-')
                spec.left = true;
            else if (c == '+')
                spec.plus = true;
            else if (c == ' ')
                spec.blank = true;
            else if (c == '#')
                spec.alternate = true;
            else if (c == '0')
                spec.zero = true;
            else
                break;
        }
        if (c == '*') {
            spec.width = va_arg(args, int);
            at++;
            if (spec.width < 0) {
                spec.left = true;
                spec.width = -spec.width;
            }
        } else {
            spec.width = fetch_number(format, wide, &at);
        }
        if (fetch(format, wide, at) == '.') {
            at++;
            if (fetch(format, wide, at) == '*') {
                spec.precision = va_arg(args, int);
                at++;
            } else {
                spec.precision = fetch_number(format, wide, &at);
            }
        }
        size = fetch_size(format, wide, &at);
        c = fetch(format, wide, at);
        if (!c)
            return;
        at++;
        switch (c) {
        case 'd':
        case 'i':
            if (size == SIZE_64)
                put_signed(sink, &spec, va_arg(args, int64_t));
            else if (size == SIZE_SHORT)
                put_signed(sink, &spec, (short)va_arg(args, int));
            else if (size == SIZE_CHAR)
                put_signed(sink, &spec, (signed char)va_arg(args, int));
            else
                put_signed(sink, &spec, va_arg(args, int));
            break;
        case 'u':
        case 'o':
        case 'x':
        case 'X':
            value = size == SIZE_64 ? va_arg(args, uint64_t) : va_arg(args, unsigned);
            if (size == SIZE_SHORT)
                value = (uint16_t)value;
            else if (size == SIZE_CHAR)
                value = (uint8_t)value;
            put_integer(sink, &spec, value, false, c == 'u' ? 10 : c == 'o' ? 8 : 16, (char)c);
            break;
        case 'p':
            spec.precision = 16;
            put_integer(sink, &spec, va_arg(args, uint64_t), false, 16, 'X');
            break;
        case 'c':
        case 'C': {
            WCHAR text[2] = {(WCHAR)va_arg(args, int), 0};
            bool is_wide = size == SIZE_LONG || size == SIZE_WIDE ||
                           (size != SIZE_SHORT && (c == 'C') != wide);

            if (!is_wide)
                text[0] &= 0xff;
            if (!spec.left)
                fill(sink, ' ', spec.width - 1);
            put(sink, text[0] > 0xff && !sink->wide ? '?' : text[0]);
            if (spec.left)
                fill(sink, ' ', spec.width - 1);
            break;
        }
        case 's':
        case 'S':
            put_text(sink, &spec, va_arg(args, void *),
                     size == SIZE_LONG || size == SIZE_WIDE ||
                         (size != SIZE_SHORT && (c == 'S') != wide));
            break;
        case 'Z': { /* a counted string */
            const STRING *string = va_arg(args, const STRING *);
            bool is_wide = size == SIZE_LONG || size == SIZE_WIDE;

            if (string && string->Buffer) {
                spec.precision = string->Length / (is_wide ? (int)sizeof(WCHAR) : 1);
                put_text(sink, &spec, string->Buffer, is_wide);
            } else {
                put_text(sink, &spec, NULL, false);
            }
            break;
        }
        case 'e':
        case 'E':
        case 'f':
        case 'F':
        case 'g':
        case 'G':
            put_float(sink, &spec, va_arg(args, double), (char)c);
            break;
        case 'n':
            break; /* disabled, as in Windows' runtimes */
        default:
            put(sink, c);
        }
    }
}

static int finish(struct sink *sink)
{
    if (!sink->buffer)
        return (int)sink->used;
    if (sink->used < sink->room) {
        size_t used = sink->used;

        put(sink, 0);
        return (int)used;
    }
    return sink->used == sink->room ? (int)sink->used : -1;
}

int __cdecl _vsnprintf(char *buffer, size_t room, const char *format, va_list args)
{
    struct sink sink = {.buffer = buffer, .room = buffer ? room : 0};

    format_text(&sink, format, false, args);
    return finish(&sink);
}

int __cdecl _vsnwprintf(WCHAR *buffer, size_t room, const WCHAR *format, va_list args)
{
    struct sink sink = {.buffer = buffer, .room = buffer ? room : 0, .wide = true};

    format_text(&sink, format, true, args);
    return finish(&sink);
}

int __cdecl vsprintf(char *buffer, const char *format, va_list args)
{
    return _vsnprintf(buffer, INT32_MAX, format, args);
}

int __cdecl sprintf(char *buffer, const char *format, ...)
{
    va_list args;
    int length;

    va_start(args, format);
    length = vsprintf(buffer, format, args);
    va_end(args);
    return length;
}

int __cdecl _snprintf(char *buffer, size_t room, const char *format, ...)
{
    va_list args;
    int length;

    va_start(args, format);
    length = _vsnprintf(buffer, room, format, args);
    va_end(args);
    return length;
}

int __cdecl _snwprintf(WCHAR *buffer, size_t room, const WCHAR *format, ...)
{
    va_list args;
    int length;

    va_start(args, format);
    length = _vsnwprintf(buffer, room, format, args);
    va_end(args);
    return length;
}

int __cdecl swprintf(WCHAR *buffer, const WCHAR *format, ...)
{
    va_list args;
    int length;

    va_start(args, format);
    length = _vsnwprintf(buffer, INT32_MAX, format, args);
    va_end(args);
    return length;
}
