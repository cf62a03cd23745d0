/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Counted strings: initialise, copy, append, compare, search. Lengths are in bytes. What converts
 * between code pages is in rtl_convert_string.c.
 */
#include "nls.h"
#include "rtl.h"

#define MAX_COUNTED 0xfffe /* the longest string in bytes, without its terminator's two */

/* --- Initialise ------------------------------------------------------------------------------- */

void WINAPI RtlInitAnsiString(ANSI_STRING *string, PCSZ text)
{
    string->Buffer = (char *)text;
    string->Length = string->MaximumLength = 0;
    if (text) {
        SIZE_T length = strlen(text);

        string->Length = (USHORT)(length > 0xfffe ? 0xfffe : length);
        string->MaximumLength = string->Length + 1;
    }
}

void WINAPI RtlInitString(STRING *string, PCSZ text)
{
    RtlInitAnsiString(string, text);
}

NTSTATUS WINAPI RtlInitAnsiStringEx(ANSI_STRING *string, PCSZ text)
{
    if (text && strlen(text) > 0xfffe)
        return STATUS_NAME_TOO_LONG;
    RtlInitAnsiString(string, text);
    return STATUS_SUCCESS;
}

void WINAPI RtlInitUnicodeString(UNICODE_STRING *string, const WCHAR *text)
{
    string->Buffer = (WCHAR *)text;
    string->Length = string->MaximumLength = 0;
    if (text) {
        SIZE_T bytes = wcslen(text) * sizeof(WCHAR);

        string->Length = (USHORT)(bytes > 0xfffc ? 0xfffc : bytes);
        string->MaximumLength = string->Length + sizeof(WCHAR);
    }
}

NTSTATUS WINAPI RtlInitUnicodeStringEx(UNICODE_STRING *string, const WCHAR *text)
{
    if (text && wcslen(text) * sizeof(WCHAR) > 0xfffc)
        return STATUS_NAME_TOO_LONG;
    RtlInitUnicodeString(string, text);
    return STATUS_SUCCESS;
}

/* --- Make and free ---------------------------------------------------------------------------- */

BOOLEAN WINAPI RtlCreateUnicodeString(UNICODE_STRING *string, const WCHAR *text)
{
    SIZE_T bytes = (wcslen(text) + 1) * sizeof(WCHAR);

    if (bytes > MAX_COUNTED)
        return FALSE;
    string->Buffer = RtlAllocateHeap(process_heap(), 0, bytes);
    if (!string->Buffer)
        return FALSE;
    memcpy(string->Buffer, text, bytes);
    string->Length = (USHORT)(bytes - sizeof(WCHAR));
    string->MaximumLength = (USHORT)bytes;
    return TRUE;
}

void WINAPI RtlFreeUnicodeString(UNICODE_STRING *string)
{
    if (string->Buffer) {
        RtlFreeHeap(process_heap(), 0, string->Buffer);
        memset(string, 0, sizeof(*string));
    }
}

void WINAPI RtlFreeAnsiString(ANSI_STRING *string)
{
    if (string->Buffer) {
        RtlFreeHeap(process_heap(), 0, string->Buffer);
        memset(string, 0, sizeof(*string));
    }
}

/* Unlike the other two this leaves the structure as it is (so on Windows). */
void WINAPI RtlFreeOemString(OEM_STRING *string)
{
    RtlFreeHeap(process_heap(), 0, string->Buffer);
}

void WINAPI RtlEraseUnicodeString(UNICODE_STRING *string)
{
    if (string->Buffer) {
        memset(string->Buffer, 0, string->MaximumLength);
        string->Length = 0;
    }
}

/* flags: 1 adds a terminator, 2 (only with 1) allocates one for an empty string, too. */
NTSTATUS WINAPI RtlDuplicateUnicodeString(int flags, const UNICODE_STRING *source,
                                          UNICODE_STRING *target)
{
    USHORT room;

    if (!source || !target || source->Length > source->MaximumLength ||
        (!source->Length && source->MaximumLength && !source->Buffer) || flags == 2 || flags < 0 ||
        flags > 3)
        return STATUS_INVALID_PARAMETER;
    if (!source->Length && flags != 3) {
        memset(target, 0, sizeof(*target));
        return STATUS_SUCCESS;
    }
    if ((flags & 1) && source->Length > MAX_COUNTED - sizeof(WCHAR))
        return STATUS_NAME_TOO_LONG;
    room = (USHORT)(source->Length + (flags & 1 ? sizeof(WCHAR) : 0));
    target->Buffer = RtlAllocateHeap(process_heap(), 0, room);
    if (!target->Buffer)
        return STATUS_NO_MEMORY;
    memcpy(target->Buffer, source->Buffer, source->Length);
    target->Length = source->Length;
    target->MaximumLength = room;
    if (flags & 1)
        target->Buffer[source->Length / sizeof(WCHAR)] = 0;
    return STATUS_SUCCESS;
}

/* --- Copy and append -------------------------------------------------------------------------- */

void WINAPI RtlCopyString(STRING *target, const STRING *source)
{
    target->Length = 0;
    if (source) {
        target->Length = min(source->Length, target->MaximumLength);
        memmove(target->Buffer, source->Buffer, target->Length);
    }
}

/* A terminator is added where there is room for one. */
void WINAPI RtlCopyUnicodeString(UNICODE_STRING *target, const UNICODE_STRING *source)
{
    target->Length = 0;
    if (source) {
        target->Length = min(source->Length, target->MaximumLength);
        memmove(target->Buffer, source->Buffer, target->Length);
        if (target->Length + sizeof(WCHAR) <= target->MaximumLength)
            target->Buffer[target->Length / sizeof(WCHAR)] = 0;
    }
}

NTSTATUS WINAPI RtlAppendStringToString(STRING *target, const STRING *source)
{
    if (!source || !source->Length)
        return STATUS_SUCCESS;
    if (source->Length + target->Length > target->MaximumLength)
        return STATUS_BUFFER_TOO_SMALL;
    memmove(target->Buffer + target->Length, source->Buffer, source->Length);
    target->Length += source->Length;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlAppendAsciizToString(STRING *target, const char *text)
{
    STRING source;
    SIZE_T length;

    if (!text)
        return STATUS_SUCCESS;
    length = strlen(text);
    if (length + target->Length > target->MaximumLength)
        return STATUS_BUFFER_TOO_SMALL;
    source.Buffer = (char *)text;
    source.Length = source.MaximumLength = (USHORT)length;
    return RtlAppendStringToString(target, &source);
}

NTSTATUS WINAPI RtlAppendUnicodeStringToString(UNICODE_STRING *target, const UNICODE_STRING *source)
{
    if (!source || !source->Length)
        return STATUS_SUCCESS;
    if (source->Length + target->Length > target->MaximumLength)
        return STATUS_BUFFER_TOO_SMALL;
    memmove((char *)target->Buffer + target->Length, source->Buffer, source->Length);
    target->Length += source->Length;
    if (target->Length + sizeof(WCHAR) <= target->MaximumLength)
        target->Buffer[target->Length / sizeof(WCHAR)] = 0;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlAppendUnicodeToString(UNICODE_STRING *target, const WCHAR *text)
{
    UNICODE_STRING source;
    SIZE_T bytes;

    if (!text)
        return STATUS_SUCCESS;
    bytes = wcslen(text) * sizeof(WCHAR);
    if (bytes + target->Length > target->MaximumLength)
        return STATUS_BUFFER_TOO_SMALL;
    source.Buffer = (WCHAR *)text;
    source.Length = source.MaximumLength = (USHORT)bytes;
    return RtlAppendUnicodeStringToString(target, &source);
}

/* --- Compare ---------------------------------------------------------------------------------- */

LONG WINAPI RtlCompareString(const STRING *a, const STRING *b, BOOLEAN ignore_case)
{
    ULONG common = min(a->Length, b->Length);

    for (ULONG i = 0; i < common; i++) {
        int x = (UCHAR)a->Buffer[i], y = (UCHAR)b->Buffer[i];

        if (ignore_case) {
            x = (UCHAR)RtlUpperChar((CHAR)x);
            y = (UCHAR)RtlUpperChar((CHAR)y);
        }
        if (x != y)
            return x - y;
    }
    return a->Length - b->Length;
}

BOOLEAN WINAPI RtlEqualString(const STRING *a, const STRING *b, BOOLEAN ignore_case)
{
    return a->Length == b->Length && !RtlCompareString(a, b, ignore_case);
}

BOOLEAN WINAPI RtlPrefixString(const STRING *prefix, const STRING *string, BOOLEAN ignore_case)
{
    STRING start = *string;

    if (prefix->Length > string->Length)
        return FALSE;
    start.Length = prefix->Length;
    return RtlEqualString(prefix, &start, ignore_case);
}

/* The lengths are in characters here. */
LONG WINAPI RtlCompareUnicodeStrings(const WCHAR *a, SIZE_T a_length, const WCHAR *b,
                                     SIZE_T b_length, BOOLEAN ignore_case)
{
    SIZE_T common = min(a_length, b_length);

    for (SIZE_T i = 0; i < common; i++) {
        WCHAR x = a[i], y = b[i];

        if (x == y)
            continue;
        if (ignore_case) {
            x = nls_upcase(x);
            y = nls_upcase(y);
        }
        if (x != y)
            return x - y;
    }
    return (LONG)(a_length - b_length);
}

LONG WINAPI RtlCompareUnicodeString(const UNICODE_STRING *a, const UNICODE_STRING *b,
                                    BOOLEAN ignore_case)
{
    return RtlCompareUnicodeStrings(a->Buffer, a->Length / sizeof(WCHAR), b->Buffer,
                                    b->Length / sizeof(WCHAR), ignore_case);
}

BOOLEAN WINAPI RtlEqualUnicodeString(const UNICODE_STRING *a, const UNICODE_STRING *b,
                                     BOOLEAN ignore_case)
{
    return a->Length == b->Length && !RtlCompareUnicodeString(a, b, ignore_case);
}

BOOLEAN WINAPI RtlPrefixUnicodeString(const UNICODE_STRING *prefix, const UNICODE_STRING *string,
                                      BOOLEAN ignore_case)
{
    UNICODE_STRING start = *string;

    if (prefix->Length > string->Length)
        return FALSE;
    start.Length = prefix->Length;
    return RtlEqualUnicodeString(prefix, &start, ignore_case);
}

NTSTATUS WINAPI RtlEqualComputerName(const UNICODE_STRING *a, const UNICODE_STRING *b)
{
    return RtlEqualUnicodeString(a, b, TRUE);
}

NTSTATUS WINAPI RtlEqualDomainName(const UNICODE_STRING *a, const UNICODE_STRING *b)
{
    return RtlEqualUnicodeString(a, b, TRUE);
}

/* HASH_STRING_ALGORITHM_X65599 (1) is the default (0): documented with the function. */
NTSTATUS WINAPI RtlHashUnicodeString(const UNICODE_STRING *string, BOOLEAN ignore_case,
                                     ULONG algorithm, ULONG *hash)
{
    ULONG value = 0;

    if (!string || !hash || algorithm > 1)
        return STATUS_INVALID_PARAMETER;
    for (ULONG i = 0; i < string->Length / sizeof(WCHAR); i++)
        value = value * 65599 + (ignore_case ? nls_upcase(string->Buffer[i]) : string->Buffer[i]);
    *hash = value;
    return STATUS_SUCCESS;
}

/* --- Search ----------------------------------------------------------------------------------- */

/* flags: 1 from the end, 2 for the first character that is not in the set, 4 without regard to case.
 * *position is the byte offset behind the match (or, from the end, of the match). */
NTSTATUS WINAPI RtlFindCharInUnicodeString(int flags, const UNICODE_STRING *string,
                                           const UNICODE_STRING *set, USHORT *position)
{
    ULONG count = string->Length / sizeof(WCHAR), set_count = set->Length / sizeof(WCHAR);

    for (ULONG n = 0; n < count; n++) {
        ULONG i = flags & 1 ? count - 1 - n : n;
        bool in_set = false;

        for (ULONG j = 0; j < set_count && !in_set; j++)
            in_set = flags & 4 ? nls_upcase(string->Buffer[i]) == nls_upcase(set->Buffer[j])
                               : string->Buffer[i] == set->Buffer[j];
        if (in_set == !(flags & 2)) {
            *position = (USHORT)((flags & 1 ? i : i + 1) * sizeof(WCHAR));
            return STATUS_SUCCESS;
        }
    }
    *position = 0;
    return STATUS_NOT_FOUND;
}
