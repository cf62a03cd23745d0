/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Numbers and GUIDs as text and back, pseudo-random numbers, the CRC of ZIP and Ethernet.
 */
#include "rtl.h"

int __cdecl _snwprintf(WCHAR *buffer, size_t room, const WCHAR *format, ...);
ULONG WINAPI RtlRandomEx(ULONG *seed);
NTSTATUS WINAPI RtlLargeIntegerToChar(const ULONGLONG *value, ULONG base, ULONG room, PCHAR text);

/* --- Numbers ---------------------------------------------------------------------------------- */

/* The digits, without terminator; 0 for a base that there is not. */
static int digits_of(ULONGLONG value, ULONG base, char *text)
{
    char reversed[64];
    int count = 0;

    if (!base)
        base = 10;
    if (base != 2 && base != 8 && base != 10 && base != 16)
        return 0;
    do {
        reversed[count++] = "0123456789ABCDEF"[value % base];
        value /= base;
    } while (value);
    for (int i = 0; i < count; i++)
        text[i] = reversed[count - 1 - i];
    return count;
}

NTSTATUS WINAPI RtlLargeIntegerToChar(const ULONGLONG *value, ULONG base, ULONG room, PCHAR text)
{
    char digits[64];
    int count = digits_of(*value, base, digits);

    if (!count)
        return STATUS_INVALID_PARAMETER;
    if ((ULONG)count > room)
        return STATUS_BUFFER_OVERFLOW;
    if (!text)
        return STATUS_ACCESS_VIOLATION;
    memcpy(text, digits, (size_t)count);
    if ((ULONG)count < room)
        text[count] = 0;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlIntegerToChar(ULONG value, ULONG base, ULONG room, PCHAR text)
{
    ULONGLONG wide = value;

    return RtlLargeIntegerToChar(&wide, base, room, text);
}

NTSTATUS WINAPI RtlInt64ToUnicodeString(ULONGLONG value, ULONG base, UNICODE_STRING *string)
{
    char digits[64];
    int count = digits_of(value, base, digits);
    size_t bytes = (size_t)count * sizeof(WCHAR);

    if (!count)
        return STATUS_INVALID_PARAMETER;
    string->Length = (USHORT)bytes;
    if (bytes + sizeof(WCHAR) > string->MaximumLength)
        return STATUS_BUFFER_OVERFLOW;
    for (int i = 0; i < count; i++)
        string->Buffer[i] = (WCHAR)digits[i];
    string->Buffer[count] = 0;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlIntegerToUnicodeString(ULONG value, ULONG base, UNICODE_STRING *string)
{
    return RtlInt64ToUnicodeString(value, base, string);
}

/* 16 for what is no digit. */
static ULONG digit_of(WCHAR c)
{
    if (c >= '0' && c <= '9')
        return c - (ULONG)'0';
    if (c >= 'A' && c <= 'F')
        return c - (ULONG)'A' + 10;
    return c >= 'a' && c <= 'f' ? c - (ULONG)'a' + 10 : 16;
}

/* Blanks, a sign, 0x/0o/0b when the base is not given, digits: what follows ends the number. */
static NTSTATUS parse(const WCHAR *text, ULONG length, ULONG base, ULONG *value)
{
    const WCHAR *end = text + length;
    bool minus = false;
    ULONG result = 0;

    while (text < end && *text <= ' ')
        text++;
    if (text < end && (*text == '+' || *text == '-'))
        minus = *text++ == '-';
    if (!base) {
        base = 10;
        if (end - text >= 2 && *text == '0') {
            ULONG prefix = text[1] == 'x' ? 16 : text[1] == 'o' ? 8 : text[1] == 'b' ? 2 : 0;

            if (prefix) {
                base = prefix;
                text += 2;
            }
        }
    } else if (base != 2 && base != 8 && base != 10 && base != 16) {
        return STATUS_INVALID_PARAMETER;
    }
    for (; text < end; text++) {
        ULONG digit = digit_of(*text);

        if (digit >= base)
            break;
        result = result * base + digit;
    }
    *value = minus ? 0 - result : result;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlUnicodeStringToInteger(const UNICODE_STRING *string, ULONG base, ULONG *value)
{
    if (!value)
        return STATUS_ACCESS_VIOLATION;
    return parse(string->Buffer, string->Length / sizeof(WCHAR), base, value);
}

NTSTATUS WINAPI RtlCharToInteger(PCSZ text, ULONG base, PULONG value)
{
    WCHAR wide[80];
    ULONG count = 0;

    if (!value)
        return STATUS_ACCESS_VIOLATION;
    while (*text && (BYTE)*text <= ' ')
        text++;
    while (text[count] && count < ARRAY_COUNT(wide)) {
        wide[count] = (BYTE)text[count];
        count++;
    }
    return parse(wide, count, base, value);
}

/* --- GUIDs: {xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx} -------------------------------------------- */

#define GUID_LENGTH 38

NTSTATUS WINAPI RtlStringFromGUID(REFGUID guid, UNICODE_STRING *string)
{
    string->Length = GUID_LENGTH * sizeof(WCHAR);
    string->MaximumLength = string->Length + sizeof(WCHAR);
    string->Buffer = RtlAllocateHeap(process_heap(), 0, string->MaximumLength);
    if (!string->Buffer) {
        string->Length = string->MaximumLength = 0;
        return STATUS_NO_MEMORY;
    }
    _snwprintf(string->Buffer, GUID_LENGTH + 1,
               L"{%08X-%04X-%04X-%02X%02X-%02X%02X%02X%02X%02X%02X}", guid->Data1, guid->Data2,
               guid->Data3, guid->Data4[0], guid->Data4[1], guid->Data4[2], guid->Data4[3],
               guid->Data4[4], guid->Data4[5], guid->Data4[6], guid->Data4[7]);
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlGUIDFromString(PUNICODE_STRING string, GUID *guid)
{
    static const char shape[] = "{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}";
    const WCHAR *text = string->Buffer;
    BYTE bytes[16];
    int count = 0;

    if (string->Length < GUID_LENGTH * sizeof(WCHAR))
        return STATUS_INVALID_PARAMETER;
    for (int i = 0; i < GUID_LENGTH; i++) {
        ULONG digit;

        if (shape[i] != 'x') {
            if (text[i] != (BYTE)shape[i])
                return STATUS_INVALID_PARAMETER;
            continue;
        }
        digit = digit_of(text[i]);
        if (digit > 15)
            return STATUS_INVALID_PARAMETER;
        bytes[count / 2] = (BYTE)(count & 1 ? bytes[count / 2] << 4 | digit : digit);
        count++;
    }
    guid->Data1 = (ULONG)bytes[0] << 24 | (ULONG)bytes[1] << 16 | (ULONG)bytes[2] << 8 | bytes[3];
    guid->Data2 = (WORD)(bytes[4] << 8 | bytes[5]);
    guid->Data3 = (WORD)(bytes[6] << 8 | bytes[7]);
    memcpy(guid->Data4, bytes + 8, sizeof(guid->Data4));
    return STATUS_SUCCESS;
}

/* --- Pseudo-random numbers and CRC ------------------------------------------------------------ */

/* A Lehmer generator modulo 2^31 - 1, as the documentation of RtlUniform says; the very numbers are not
 * promised. */
ULONG WINAPI RtlUniform(PULONG seed)
{
    *seed = (ULONG)(((ULONGLONG)*seed * 0x7fffffed + 0x7fffffc3) % 0x7fffffff);
    return *seed;
}

/* Two steps shuffled through a table, as its documentation describes. */
ULONG WINAPI RtlRandom(PULONG seed)
{
    static ULONG table[128];
    ULONG next = RtlUniform(seed);
    ULONG place = RtlUniform(seed) % ARRAY_COUNT(table);
    ULONG result = table[place];

    table[place] = next;
    return result ? result : RtlUniform(seed);
}

ULONG WINAPI RtlRandomEx(ULONG *seed)
{
    return RtlRandom(seed);
}

DWORD WINAPI RtlComputeCrc32(DWORD initial, const BYTE *data, INT length)
{
    DWORD crc = ~initial;

    for (INT i = 0; i < length; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
    }
    return ~crc;
}
