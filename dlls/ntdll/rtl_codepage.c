/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Text between code pages and UTF-16: the …N functions, which work on buffers, and the counted-string
 * functions on top of them. Lengths are in bytes; a target that is too short is filled and no
 * error is given, as on Windows. UTF-8 as ANSI code page goes through rtl_utf8.c.
 */
#include "nls.h"
#include "rtl.h"

/* --- One code page ---------------------------------------------------------------------------- */

NTSTATUS WINAPI RtlCustomCPToUnicodeN(CPTABLEINFO *page, WCHAR *dst, DWORD room, DWORD *written,
                                      const char *src, DWORD length)
{
    DWORD count = 0, i = 0;

    room /= sizeof(WCHAR);
    if (page->CodePage == CP_UTF8) {
        DWORD bytes = 0;
        NTSTATUS status = RtlUTF8ToUnicodeN(dst, room * sizeof(WCHAR), &bytes, src, length);

        if (written)
            *written = bytes;
        return status == STATUS_BUFFER_TOO_SMALL || status == STATUS_SOME_NOT_MAPPED
                   ? STATUS_SUCCESS : status;
    }
    for (; i < length && count < room; i++, count++) {
        UCHAR byte = (UCHAR)src[i];
        USHORT offset = page->DBCSCodePage ? page->DBCSOffsets[byte] : 0;

        if (!offset)
            dst[count] = page->MultiByteTable[byte];
        else if (i + 1 < length)
            dst[count] = page->DBCSOffsets[offset + (UCHAR)src[++i]];
        else
            dst[count] = page->UniDefaultChar; /* a lead byte at the end */
    }
    if (written)
        *written = count * sizeof(WCHAR);
    return STATUS_SUCCESS;
}

static NTSTATUS from_unicode(const CPTABLEINFO *page, char *dst, DWORD room, DWORD *written,
                             const WCHAR *src, DWORD length, bool up)
{
    DWORD count = 0, i;

    length /= sizeof(WCHAR);
    if (page->CodePage == CP_UTF8 && !up) {
        DWORD bytes = 0;
        NTSTATUS status = RtlUnicodeToUTF8N(dst, room, &bytes, src, length * sizeof(WCHAR));

        if (written)
            *written = bytes;
        return status == STATUS_BUFFER_TOO_SMALL || status == STATUS_SOME_NOT_MAPPED
                   ? STATUS_SUCCESS : status;
    }
    for (i = 0; i < length; i++) {
        WCHAR c = up ? nls_upcase(src[i]) : src[i];

        if (page->CodePage == CP_UTF8) {
            WCHAR pair[2] = {c, 0};
            DWORD bytes = 0, units = 1;

            if (c >= 0xd800 && c <= 0xdbff && i + 1 < length) {
                pair[1] = src[++i];
                units = 2;
            }
            if (RtlUnicodeToUTF8N(dst + count, room - count, &bytes, pair,
                                  units * sizeof(WCHAR)) == STATUS_BUFFER_TOO_SMALL)
                break;
            count += bytes;
        } else if (page->DBCSCodePage) {
            USHORT bytes = ((const USHORT *)page->WideCharTable)[c];

            if (count + 1 + (bytes > 0xff) > room)
                break;
            if (bytes > 0xff)
                dst[count++] = (char)(bytes >> 8);
            dst[count++] = (char)bytes;
        } else {
            if (count == room)
                break;
            dst[count++] = ((const char *)page->WideCharTable)[c];
        }
    }
    if (written)
        *written = count;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlUnicodeToCustomCPN(CPTABLEINFO *page, char *dst, DWORD room, DWORD *written,
                                      const WCHAR *src, DWORD length)
{
    return from_unicode(page, dst, room, written, src, length, false);
}

NTSTATUS WINAPI RtlUpcaseUnicodeToCustomCPN(CPTABLEINFO *page, char *dst, DWORD room,
                                            DWORD *written, const WCHAR *src, DWORD length)
{
    return from_unicode(page, dst, room, written, src, length, true);
}

/* --- The ANSI and the OEM code page ----------------------------------------------------------- */

NTSTATUS WINAPI RtlMultiByteToUnicodeN(WCHAR *dst, DWORD room, DWORD *written, const char *src,
                                       DWORD length)
{
    return RtlCustomCPToUnicodeN(&nls_tables.AnsiTableInfo, dst, room, written, src, length);
}

NTSTATUS WINAPI RtlOemToUnicodeN(WCHAR *dst, DWORD room, DWORD *written, const char *src,
                                 DWORD length)
{
    return RtlCustomCPToUnicodeN(&nls_tables.OemTableInfo, dst, room, written, src, length);
}

/* Here the console's output code page and the OEM one are the same. */
NTSTATUS WINAPI RtlConsoleMultiByteToUnicodeN(WCHAR *dst, DWORD room, DWORD *written,
                                              const char *src, DWORD length, DWORD *unknown)
{
    if (unknown)
        *unknown = 1;
    return RtlOemToUnicodeN(dst, room, written, src, length);
}

NTSTATUS WINAPI RtlUnicodeToMultiByteN(char *dst, DWORD room, DWORD *written, const WCHAR *src,
                                       DWORD length)
{
    return from_unicode(&nls_tables.AnsiTableInfo, dst, room, written, src, length, false);
}

NTSTATUS WINAPI RtlUpcaseUnicodeToMultiByteN(char *dst, DWORD room, DWORD *written,
                                             const WCHAR *src, DWORD length)
{
    return from_unicode(&nls_tables.AnsiTableInfo, dst, room, written, src, length, true);
}

NTSTATUS WINAPI RtlUnicodeToOemN(char *dst, DWORD room, DWORD *written, const WCHAR *src,
                                 DWORD length)
{
    return from_unicode(&nls_tables.OemTableInfo, dst, room, written, src, length, false);
}

NTSTATUS WINAPI RtlUpcaseUnicodeToOemN(char *dst, DWORD room, DWORD *written, const WCHAR *src,
                                       DWORD length)
{
    return from_unicode(&nls_tables.OemTableInfo, dst, room, written, src, length, true);
}

static DWORD wide_size(const CPTABLEINFO *page, const char *src, DWORD length)
{
    DWORD count = 0;

    if (page->CodePage == CP_UTF8) {
        RtlUTF8ToUnicodeN(NULL, 0, &count, src, length);
        return count;
    }
    if (!page->DBCSCodePage)
        return length * sizeof(WCHAR);
    for (DWORD i = 0; i < length; i++, count++)
        if (page->DBCSOffsets[(UCHAR)src[i]] && i + 1 < length)
            i++;
    return count * sizeof(WCHAR);
}

static DWORD narrow_size(const CPTABLEINFO *page, const WCHAR *src, DWORD length)
{
    DWORD count = 0;

    if (page->CodePage == CP_UTF8) {
        RtlUnicodeToUTF8N(NULL, 0, &count, src, length);
        return count;
    }
    length /= sizeof(WCHAR);
    if (!page->DBCSCodePage)
        return length;
    for (DWORD i = 0; i < length; i++)
        count += 1 + (((const USHORT *)page->WideCharTable)[src[i]] > 0xff);
    return count;
}

NTSTATUS WINAPI RtlMultiByteToUnicodeSize(DWORD *size, const char *src, ULONG length)
{
    *size = wide_size(&nls_tables.AnsiTableInfo, src, length);
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlUnicodeToMultiByteSize(ULONG *size, const WCHAR *src, ULONG length)
{
    *size = narrow_size(&nls_tables.AnsiTableInfo, src, length);
    return STATUS_SUCCESS;
}

/* --- Counted strings -------------------------------------------------------------------------- */

static NTSTATUS to_unicode_string(const CPTABLEINFO *page, UNICODE_STRING *target,
                                  const STRING *source, BOOLEAN allocate)
{
    DWORD bytes = wide_size(page, source->Buffer, source->Length);

    if (bytes + sizeof(WCHAR) > 0xffff)
        return STATUS_INVALID_PARAMETER_2;
    if (allocate) {
        target->MaximumLength = (USHORT)(bytes + sizeof(WCHAR));
        target->Buffer = RtlAllocateHeap(process_heap(), 0, target->MaximumLength);
        if (!target->Buffer)
            return STATUS_NO_MEMORY;
    } else if (bytes + sizeof(WCHAR) > target->MaximumLength) {
        return STATUS_BUFFER_OVERFLOW;
    }
    RtlCustomCPToUnicodeN((CPTABLEINFO *)page, target->Buffer, bytes, &bytes, source->Buffer,
                          source->Length);
    target->Length = (USHORT)bytes;
    target->Buffer[bytes / sizeof(WCHAR)] = 0;
    return STATUS_SUCCESS;
}

/* `terminate` is false for the "counted" forms. */
static NTSTATUS to_byte_string(const CPTABLEINFO *page, STRING *target,
                               const UNICODE_STRING *source, BOOLEAN allocate, bool up,
                               bool terminate)
{
    DWORD bytes = narrow_size(page, source->Buffer, source->Length);
    NTSTATUS status = STATUS_SUCCESS;

    if (bytes + terminate > 0xffff)
        return STATUS_INVALID_PARAMETER_2;
    target->Length = (USHORT)bytes;
    if (allocate) {
        target->MaximumLength = (USHORT)(bytes + terminate);
        target->Buffer = RtlAllocateHeap(process_heap(), 0, target->MaximumLength);
        if (!target->Buffer)
            return STATUS_NO_MEMORY;
    } else if (bytes + terminate > target->MaximumLength) {
        /* What fits is written, with its terminator, but the call fails. */
        if (!terminate || !target->MaximumLength)
            return STATUS_BUFFER_OVERFLOW;
        status = STATUS_BUFFER_OVERFLOW;
        target->Length = target->MaximumLength - 1;
    }
    from_unicode(page, target->Buffer, target->Length, &bytes, source->Buffer, source->Length, up);
    if (terminate)
        target->Buffer[target->Length] = 0;
    return status;
}

NTSTATUS WINAPI RtlAnsiStringToUnicodeString(UNICODE_STRING *target, const STRING *source,
                                             BOOLEAN allocate)
{
    return to_unicode_string(&nls_tables.AnsiTableInfo, target, source, allocate);
}

NTSTATUS WINAPI RtlOemStringToUnicodeString(UNICODE_STRING *target, const STRING *source,
                                            BOOLEAN allocate)
{
    return to_unicode_string(&nls_tables.OemTableInfo, target, source, allocate);
}

NTSTATUS WINAPI RtlUnicodeStringToAnsiString(ANSI_STRING *target, const UNICODE_STRING *source,
                                             BOOLEAN allocate)
{
    return to_byte_string(&nls_tables.AnsiTableInfo, target, source, allocate, false, true);
}

NTSTATUS WINAPI RtlUnicodeStringToOemString(OEM_STRING *target, const UNICODE_STRING *source,
                                            BOOLEAN allocate)
{
    return to_byte_string(&nls_tables.OemTableInfo, target, source, allocate, false, true);
}

NTSTATUS WINAPI RtlUpcaseUnicodeStringToAnsiString(STRING *target, const UNICODE_STRING *source,
                                                   BOOLEAN allocate)
{
    return to_byte_string(&nls_tables.AnsiTableInfo, target, source, allocate, true, true);
}

NTSTATUS WINAPI RtlUpcaseUnicodeStringToOemString(STRING *target, const UNICODE_STRING *source,
                                                  BOOLEAN allocate)
{
    return to_byte_string(&nls_tables.OemTableInfo, target, source, allocate, true, true);
}

NTSTATUS WINAPI RtlUpcaseUnicodeStringToCountedOemString(STRING *target,
                                                         const UNICODE_STRING *source,
                                                         BOOLEAN allocate)
{
    return to_byte_string(&nls_tables.OemTableInfo, target, source, allocate, true, false);
}

DWORD WINAPI RtlAnsiStringToUnicodeSize(const STRING *string)
{
    return wide_size(&nls_tables.AnsiTableInfo, string->Buffer, string->Length) + sizeof(WCHAR);
}

ULONG WINAPI RtlOemStringToUnicodeSize(const STRING *string)
{
    return wide_size(&nls_tables.OemTableInfo, string->Buffer, string->Length) + sizeof(WCHAR);
}

DWORD WINAPI RtlUnicodeStringToAnsiSize(const UNICODE_STRING *string)
{
    return narrow_size(&nls_tables.AnsiTableInfo, string->Buffer, string->Length) + 1;
}

DWORD WINAPI RtlUnicodeStringToOemSize(const UNICODE_STRING *string)
{
    return narrow_size(&nls_tables.OemTableInfo, string->Buffer, string->Length) + 1;
}

/* Takes the next character of a byte string and moves behind it. */
WCHAR WINAPI RtlAnsiCharToUnicodeChar(char **text)
{
    const CPTABLEINFO *page = &nls_tables.AnsiTableInfo;
    DWORD length = 1;
    WCHAR c = 0;

    if (page->DBCSCodePage && page->DBCSOffsets[(UCHAR)**text])
        length = 2;
    RtlMultiByteToUnicodeN(&c, sizeof(c), NULL, *text, length);
    *text += length;
    return c;
}

BOOLEAN WINAPI RtlCreateUnicodeStringFromAsciiz(UNICODE_STRING *target, const char *text)
{
    STRING source;

    RtlInitAnsiString(&source, text);
    return !RtlAnsiStringToUnicodeString(target, &source, TRUE);
}
