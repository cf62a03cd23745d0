/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * UTF-8 to and from UTF-16 by Windows' rules: what is malformed becomes U+FFFD, one for each maximal
 * well-formed start, and the status says so (STATUS_SOME_NOT_MAPPED). Lengths are in bytes.
 */
#include "ntdll.h"

#define REPLACEMENT 0xfffd

/* One code point; `*at` moves behind it. Malformed input gives UINT32_MAX and moves behind the longest
 * part that could have begun a sequence (Unicode 15, 3.9, "maximal subpart"). */
static uint32_t decode(const uint8_t *text, ULONG length, ULONG *at)
{
    uint8_t c = text[(*at)++], low = 0x80, high = 0xbf;
    unsigned more;
    uint32_t code;

    if (c < 0x80)
        return c;
    if (c >= 0xc2 && c <= 0xdf) {
        more = 1;
        code = c & 0x1f;
    } else if (c >= 0xe0 && c <= 0xef) {
        more = 2;
        code = c & 0x0f;
        if (c == 0xe0)
            low = 0xa0;     /* shorter forms exist */
        else if (c == 0xed)
            high = 0x9f;    /* surrogates */
    } else if (c >= 0xf0 && c <= 0xf4) {
        more = 3;
        code = c & 0x07;
        if (c == 0xf0)
            low = 0x90;
        else if (c == 0xf4)
            high = 0x8f;    /* beyond U+10FFFF */
    } else {
        return UINT32_MAX;
    }
    for (; more; more--, low = 0x80, high = 0xbf) {
        if (*at == length || text[*at] < low || text[*at] > high)
            return UINT32_MAX;
        code = code << 6 | (text[(*at)++] & 0x3f);
    }
    return code;
}

/* With dst NULL only counts. */
NTSTATUS WINAPI RtlUTF8ToUnicodeN(WCHAR *dst, DWORD room, DWORD *written, const char *src,
                                  DWORD length)
{
    NTSTATUS status = STATUS_SUCCESS;
    ULONG at = 0, count = 0;

    room /= sizeof(WCHAR);
    if (!src)
        return STATUS_INVALID_PARAMETER_4;
    if (!written)
        return STATUS_INVALID_PARAMETER;
    while (at < length) {
        uint32_t code = decode((const uint8_t *)src, length, &at);

        if (code == UINT32_MAX) {
            code = REPLACEMENT;
            status = STATUS_SOME_NOT_MAPPED;
        }
        if (dst && count + (code > 0xffff) + 1 > room) {
            /* A high surrogate still goes in where only one place is left: so on Windows 10. */
            if (code > 0xffff && count < room)
                dst[count++] = (WCHAR)(0xd7c0 + (code >> 10));
            *written = count * sizeof(WCHAR);
            return STATUS_BUFFER_TOO_SMALL;
        }
        if (dst && code > 0xffff) {
            dst[count] = (WCHAR)(0xd7c0 + (code >> 10));
            dst[count + 1] = (WCHAR)(0xdc00 + (code & 0x3ff));
        } else if (dst) {
            dst[count] = (WCHAR)code;
        }
        count += 1 + (code > 0xffff);
    }
    *written = count * sizeof(WCHAR);
    return status;
}

static unsigned encode(uint32_t code, uint8_t out[4])
{
    if (code < 0x80) {
        out[0] = (uint8_t)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (uint8_t)(0xc0 | code >> 6);
        out[1] = (uint8_t)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (uint8_t)(0xe0 | code >> 12);
        out[1] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | code >> 18);
    out[1] = (uint8_t)(0x80 | (code >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (code & 0x3f));
    return 4;
}

/* With dst NULL only counts. Lone surrogates become U+FFFD. */
NTSTATUS WINAPI RtlUnicodeToUTF8N(char *dst, DWORD room, DWORD *written, const WCHAR *src,
                                  DWORD length)
{
    NTSTATUS status = STATUS_SUCCESS;
    ULONG count = 0, characters = length / sizeof(WCHAR);

    if (!src)
        return STATUS_INVALID_PARAMETER_4;
    if (!written)
        return STATUS_INVALID_PARAMETER;
    if (dst && (length & 1))
        return STATUS_INVALID_PARAMETER_5;
    for (ULONG i = 0; i < characters; i++) {
        uint32_t code = src[i];
        uint8_t bytes[4];
        unsigned size;

        if (code >= 0xd800 && code <= 0xdbff && i + 1 < characters && src[i + 1] >= 0xdc00 &&
            src[i + 1] <= 0xdfff) {
            code = 0x10000 + ((code - 0xd800) << 10) + (src[++i] - 0xdc00u);
        } else if (code >= 0xd800 && code <= 0xdfff) {
            code = REPLACEMENT;
            status = STATUS_SOME_NOT_MAPPED;
        }
        size = encode(code, bytes);
        if (dst && count + size > room) {
            *written = count;
            return STATUS_BUFFER_TOO_SMALL;
        }
        if (dst)
            memcpy(dst + count, bytes, size);
        count += size;
    }
    *written = count;
    return status;
}
