/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * UTF-7 (RFC 2152), as MultiByteToWideChar and WideCharToMultiByte have it.
 */
#include "nls.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Where output goes; with no room it is only counted. */
struct sink {
    char *bytes;
    WCHAR *chars;
    int room, count;
    bool is_full;
};

static void put(struct sink *sink, WCHAR c)
{
    if (sink->room) {
        if (sink->count >= sink->room)
            sink->is_full = true;
        else if (sink->bytes)
            sink->bytes[sink->count] = (char)c;
        else
            sink->chars[sink->count] = c;
    }
    sink->count++;
}

static int finish(const struct sink *sink)
{
    return sink->is_full ? nls_fail(ERROR_INSUFFICIENT_BUFFER) : sink->count;
}

int utf7_to_wide(const char *src, int length, WCHAR *dst, int room)
{
    struct sink sink = {.chars = dst, .room = room};
    const char *end = src + length;

    while (src < end) {
        uint32_t bits = 0;
        int held = 0;

        if (*src != '+') {
            put(&sink, (UCHAR)*src++);
            continue;
        }
        if (++src < end && *src == '-') { /* "+-" is a plus */
            put(&sink, '+');
            src++;
            continue;
        }
        while (src < end && base64_value(*src) >= 0) {
            bits = bits << 6 | (uint32_t)base64_value(*src++);
            held += 6;
            if (held >= 16) {
                held -= 16;
                put(&sink, (WCHAR)(bits >> held));
            }
        }
        if (src < end && *src == '-')
            src++;
    }
    return finish(&sink);
}

/* What needs no encoding: RFC 2152's set D, space and line ends, without the optional set O. */
static bool is_direct(WCHAR c)
{
    return c < 0x80 && ((base64_value((char)c) >= 0 && c != '+' && c != '/') || !c || c == '\t' ||
                        c == '\n' || c == '\r' || c == ' ' || (c >= '\'' && c <= ')') ||
                        (c >= ',' && c <= '/') || c == ':' || c == '?');
}

int utf7_from_wide(const WCHAR *src, int length, char *dst, int room)
{
    struct sink sink = {.bytes = dst, .room = room};
    const WCHAR *end = src + length;

    while (src < end) {
        uint32_t bits = 0;
        int held = 0;

        if (is_direct(*src)) {
            put(&sink, *src++);
            continue;
        }
        put(&sink, '+');
        if (*src == '+') {
            src++;
        } else {
            for (; src < end && !is_direct(*src) && *src != '+'; src++) {
                bits = bits << 16 | *src;
                for (held += 16; held >= 6;) {
                    held -= 6;
                    put(&sink, (WCHAR)alphabet[bits >> held & 63]);
                }
            }
            if (held)
                put(&sink, (WCHAR)alphabet[bits << (6 - held) & 63]);
        }
        /* Windows ends every stretch with a minus, where the RFC lets it be left out. */
        put(&sink, '-');
    }
    return finish(&sink);
}
