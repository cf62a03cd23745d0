/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * ip2string.h: IPv4 and IPv6 addresses as text and back. An A text is widened: addresses are ASCII.
 */
#include "rtl.h"

int __cdecl _snwprintf(WCHAR *buffer, size_t room, const WCHAR *format, ...);

#define TEXT_ROOM 96 /* more than any address with scope and port has */

struct ipv4 {
    BYTE bytes[4];
};

struct ipv6 {
    BYTE bytes[16];
};

WCHAR *WINAPI RtlIpv4AddressToStringW(const struct ipv4 *address, WCHAR *text);
char *WINAPI RtlIpv4AddressToStringA(const struct ipv4 *address, char *text);
NTSTATUS WINAPI RtlIpv4AddressToStringExW(const struct ipv4 *address, USHORT port, WCHAR *text,
                                          ULONG *room);
NTSTATUS WINAPI RtlIpv4AddressToStringExA(const struct ipv4 *address, USHORT port, char *text,
                                          ULONG *room);
WCHAR *WINAPI RtlIpv6AddressToStringW(const struct ipv6 *address, WCHAR *text);
char *WINAPI RtlIpv6AddressToStringA(const struct ipv6 *address, char *text);
NTSTATUS WINAPI RtlIpv6AddressToStringExW(const struct ipv6 *address, ULONG scope, USHORT port,
                                          WCHAR *text, ULONG *room);
NTSTATUS WINAPI RtlIpv6AddressToStringExA(const struct ipv6 *address, ULONG scope, USHORT port,
                                          char *text, ULONG *room);
NTSTATUS WINAPI RtlIpv4StringToAddressW(const WCHAR *text, BOOLEAN strict, const WCHAR **end,
                                        struct ipv4 *address);
NTSTATUS WINAPI RtlIpv4StringToAddressA(const char *text, BOOLEAN strict, const char **end,
                                        struct ipv4 *address);
NTSTATUS WINAPI RtlIpv4StringToAddressExW(const WCHAR *text, BOOLEAN strict, struct ipv4 *address,
                                          USHORT *port);
NTSTATUS WINAPI RtlIpv4StringToAddressExA(const char *text, BOOLEAN strict, struct ipv4 *address,
                                          USHORT *port);
NTSTATUS WINAPI RtlIpv6StringToAddressW(const WCHAR *text, const WCHAR **end, struct ipv6 *address);
NTSTATUS WINAPI RtlIpv6StringToAddressA(const char *text, const char **end, struct ipv6 *address);
NTSTATUS WINAPI RtlIpv6StringToAddressExW(const WCHAR *text, struct ipv6 *address, ULONG *scope,
                                          USHORT *port);
NTSTATUS WINAPI RtlIpv6StringToAddressExA(const char *text, struct ipv6 *address, ULONG *scope,
                                          USHORT *port);

static USHORT swapped(USHORT value)
{
    return (USHORT)(value << 8 | value >> 8);
}

static void narrow(const WCHAR *from, char *to)
{
    while ((*to++ = (char)*from++))
        ;
}

static void widen(const char *from, WCHAR *to)
{
    int i;

    for (i = 0; i < TEXT_ROOM - 1 && from[i]; i++)
        to[i] = (BYTE)from[i];
    to[i] = 0;
}

/* --- To text ---------------------------------------------------------------------------------- */

WCHAR *WINAPI RtlIpv4AddressToStringW(const struct ipv4 *address, WCHAR *text)
{
    return text + _snwprintf(text, 16, L"%u.%u.%u.%u", address->bytes[0], address->bytes[1],
                             address->bytes[2], address->bytes[3]);
}

static ULONG group(const struct ipv6 *address, int index)
{
    return (ULONG)address->bytes[2 * index] << 8 | address->bytes[2 * index + 1];
}

static bool zero_groups(const struct ipv6 *address, int from, int to)
{
    while (from < to)
        if (group(address, from++))
            return false;
    return true;
}

/* Addresses that carry an IPv4 one, which is then written as such: compatible, mapped, translated, ISATAP. */
static bool carries_ipv4(const struct ipv6 *address)
{
    ULONG fourth = group(address, 4), fifth = group(address, 5);

    if ((fourth & 0xfdff) == 0 && fifth == 0x5efe)
        return true;
    if (!zero_groups(address, 0, 4) || !group(address, 6))
        return false;
    return (!fourth && (!fifth || fifth == 0xffff)) || (fourth == 0xffff && !fifth);
}

WCHAR *WINAPI RtlIpv6AddressToStringW(const struct ipv6 *address, WCHAR *text)
{
    int groups = carries_ipv4(address) ? 6 : 8, start = -1, length = 1;
    struct ipv4 tail;

    for (int i = 0; i < groups; i++) {
        int run = 0;

        while (i + run < groups && !group(address, i + run))
            run++;
        if (run > length) {
            start = i;
            length = run;
        }
    }
    for (int i = 0; i < groups; i++) {
        if (i == start) {
            *text++ = ':';
            if (i == 0)
                *text++ = ':';
            i += length - 1;
            continue;
        }
        text += _snwprintf(text, 5, L"%x", group(address, i));
        if (i + 1 < 8)
            *text++ = ':';
    }
    if (groups == 6) {
        memcpy(&tail, address->bytes + 12, sizeof(tail));
        return RtlIpv4AddressToStringW(&tail, text);
    }
    *text = 0;
    return text;
}

char *WINAPI RtlIpv4AddressToStringA(const struct ipv4 *address, char *text)
{
    WCHAR wide[TEXT_ROOM];
    WCHAR *end = RtlIpv4AddressToStringW(address, wide);

    narrow(wide, text);
    return text + (end - wide);
}

char *WINAPI RtlIpv6AddressToStringA(const struct ipv6 *address, char *text)
{
    WCHAR wide[TEXT_ROOM];
    WCHAR *end = RtlIpv6AddressToStringW(address, wide);

    narrow(wide, text);
    return text + (end - wide);
}

static ULONG ipv4_with_port(const struct ipv4 *address, USHORT port, WCHAR *text)
{
    WCHAR *end = RtlIpv4AddressToStringW(address, text);

    if (port)
        end += _snwprintf(end, 8, L":%u", swapped(port));
    return (ULONG)(end - text) + 1;
}

static ULONG ipv6_with_port(const struct ipv6 *address, ULONG scope, USHORT port, WCHAR *text)
{
    WCHAR *end = text;

    if (port)
        *end++ = '[';
    end = RtlIpv6AddressToStringW(address, end);
    if (scope)
        end += _snwprintf(end, 16, L"%%%u", scope);
    if (port)
        end += _snwprintf(end, 16, L"]:%u", swapped(port));
    return (ULONG)(end - text) + 1;
}

static NTSTATUS give(const WCHAR *wide, ULONG length, WCHAR *text, char *ansi, ULONG *room)
{
    bool fits = *room >= length;

    *room = length;
    if (!fits)
        return STATUS_INVALID_PARAMETER;
    if (text)
        memcpy(text, wide, length * sizeof(WCHAR));
    else
        narrow(wide, ansi);
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlIpv4AddressToStringExW(const struct ipv4 *address, USHORT port, WCHAR *text,
                                          ULONG *room)
{
    WCHAR wide[TEXT_ROOM];

    if (!address || !text || !room)
        return STATUS_INVALID_PARAMETER;
    return give(wide, ipv4_with_port(address, port, wide), text, NULL, room);
}

NTSTATUS WINAPI RtlIpv4AddressToStringExA(const struct ipv4 *address, USHORT port, char *text,
                                          ULONG *room)
{
    WCHAR wide[TEXT_ROOM];

    if (!address || !text || !room)
        return STATUS_INVALID_PARAMETER;
    return give(wide, ipv4_with_port(address, port, wide), NULL, text, room);
}

NTSTATUS WINAPI RtlIpv6AddressToStringExW(const struct ipv6 *address, ULONG scope, USHORT port,
                                          WCHAR *text, ULONG *room)
{
    WCHAR wide[TEXT_ROOM];

    if (!address || !text || !room)
        return STATUS_INVALID_PARAMETER;
    return give(wide, ipv6_with_port(address, scope, port, wide), text, NULL, room);
}

NTSTATUS WINAPI RtlIpv6AddressToStringExA(const struct ipv6 *address, ULONG scope, USHORT port,
                                          char *text, ULONG *room)
{
    WCHAR wide[TEXT_ROOM];

    if (!address || !text || !room)
        return STATUS_INVALID_PARAMETER;
    return give(wide, ipv6_with_port(address, scope, port, wide), NULL, text, room);
}

/* --- From text -------------------------------------------------------------------------------- */

static ULONG digit_of(WCHAR c)
{
    if (c >= '0' && c <= '9')
        return c - (ULONG)'0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - (ULONG)'a' + 10 : 16;
}

/* A number up to `limit`; with `any_base`, 0x is hexadecimal and 0 octal, as in C. */
static bool number(const WCHAR **text, bool any_base, ULONGLONG limit, ULONG *value)
{
    const WCHAR *at = *text;
    ULONGLONG result = 0;
    ULONG base = 10;

    if (any_base && at[0] == '0' && (at[1] | 0x20) == 'x') {
        base = 16;
        at += 2;
    } else if (any_base && at[0] == '0' && digit_of(at[1]) < 8) {
        base = 8;
        at++;
    }
    *text = at;
    if (digit_of(*at) >= base)
        return false;
    for (; digit_of(*at) < base; at++) {
        result = result * base + digit_of(*at);
        *text = at;
        if (result > limit)
            return false;
    }
    *text = at;
    *value = (ULONG)result;
    return true;
}

/* Strict: four parts; otherwise the last part fills the bytes that are left. */
NTSTATUS WINAPI RtlIpv4StringToAddressW(const WCHAR *text, BOOLEAN strict, const WCHAR **end,
                                        struct ipv4 *address)
{
    ULONG parts[4], result = 0;
    int count = 0;

    for (;;) {
        *end = text;
        if (strict && text[0] == '0' && digit_of(text[1]) < 10) /* octal to others: refused */
            return STATUS_INVALID_PARAMETER;
        if (!number(end, !strict, 0xffffffff, &parts[count]))
            return STATUS_INVALID_PARAMETER;
        text = *end;
        count++;
        if (*text != '.')
            break;
        if (count == 4)
            return STATUS_INVALID_PARAMETER;
        text++;
    }
    if (strict && count != 4)
        return STATUS_INVALID_PARAMETER;
    for (int i = 0; i < count - 1; i++) {
        if (parts[i] > 255)
            return STATUS_INVALID_PARAMETER;
        result |= parts[i] << (24 - 8 * i);
    }
    if (count > 1 && parts[count - 1] >> (8 * (5 - count)))
        return STATUS_INVALID_PARAMETER;
    result |= parts[count - 1];
    for (int i = 0; i < 4; i++)
        address->bytes[i] = (BYTE)(result >> (24 - 8 * i));
    return STATUS_SUCCESS;
}

/* Up to four hexadecimal digits. */
static bool read_group(const WCHAR **text, ULONG *value)
{
    int digits = 0;

    for (*value = 0; digit_of(**text) < 16; (*text)++, digits++) {
        if (digits == 4)
            return false;
        *value = *value << 4 | digit_of(**text);
    }
    return digits != 0;
}

NTSTATUS WINAPI RtlIpv6StringToAddressW(const WCHAR *text, const WCHAR **end, struct ipv6 *address)
{
    struct ipv6 result = {{0}};
    int count = 0, gap = -1; /* bytes; where :: stands */
    struct ipv4 tail;
    ULONG value;

    *end = text;
    if (text[0] == ':' && text[1] != ':')
        return STATUS_INVALID_PARAMETER;
    while (count < 16) {
        const WCHAR *group_start = text, *after;

        if (text[0] == ':' && text[1] == ':') {
            if (gap >= 0)
                break;
            gap = count;
            text += 2;
            *end = text;
            if (digit_of(*text) == 16)
                break;
            group_start = text;
        } else if (count) {
            if (*text != ':' || digit_of(text[1]) == 16)
                break;
            group_start = ++text;
        }
        if (!read_group(&text, &value)) {
            *end = text;
            return STATUS_INVALID_PARAMETER;
        }
        if (*text == '.') {
            if (count > 12 || RtlIpv4StringToAddressW(group_start, TRUE, &after, &tail)) {
                *end = text;
                return STATUS_INVALID_PARAMETER;
            }
            memcpy(result.bytes + count, &tail, sizeof(tail));
            count += 4;
            *end = text = after;
            break;
        }
        result.bytes[count++] = (BYTE)(value >> 8);
        result.bytes[count++] = (BYTE)value;
        *end = text;
    }
    if (gap < 0 ? count != 16 : count == 16)
        return STATUS_INVALID_PARAMETER;
    if (gap >= 0) {
        memmove(result.bytes + 16 - (count - gap), result.bytes + gap, (size_t)(count - gap));
        memset(result.bytes + gap, 0, (size_t)(16 - count));
    }
    *address = result;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlIpv4StringToAddressA(const char *text, BOOLEAN strict, const char **end,
                                        struct ipv4 *address)
{
    WCHAR wide[TEXT_ROOM];
    const WCHAR *stop;
    NTSTATUS status;

    widen(text, wide);
    status = RtlIpv4StringToAddressW(wide, strict, &stop, address);
    *end = text + (stop - wide);
    return status;
}

NTSTATUS WINAPI RtlIpv6StringToAddressA(const char *text, const char **end, struct ipv6 *address)
{
    WCHAR wide[TEXT_ROOM];
    const WCHAR *stop;
    NTSTATUS status;

    widen(text, wide);
    status = RtlIpv6StringToAddressW(wide, &stop, address);
    *end = text + (stop - wide);
    return status;
}

static bool read_port(const WCHAR *text, USHORT *port)
{
    ULONG value;

    if (!number(&text, true, 0xffff, &value) || *text)
        return false;
    *port = swapped((USHORT)value);
    return true;
}

NTSTATUS WINAPI RtlIpv4StringToAddressExW(const WCHAR *text, BOOLEAN strict, struct ipv4 *address,
                                          USHORT *port)
{
    struct ipv4 result;
    USHORT value = 0;

    if (!text || !address || !port || RtlIpv4StringToAddressW(text, strict, &text, &result))
        return STATUS_INVALID_PARAMETER;
    if (*text && (*text != ':' || !read_port(text + 1, &value) || !value))
        return STATUS_INVALID_PARAMETER;
    *address = result;
    if (value) /* without a port, the caller's stays */
        *port = value;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlIpv6StringToAddressExW(const WCHAR *text, struct ipv6 *address, ULONG *scope,
                                          USHORT *port)
{
    struct ipv6 result;
    ULONG zone = 0;
    USHORT value = 0;
    bool brackets;

    if (!text || !address || !scope || !port)
        return STATUS_INVALID_PARAMETER;
    brackets = *text == '[';
    if (RtlIpv6StringToAddressW(text + brackets, &text, &result))
        return STATUS_INVALID_PARAMETER;
    if (*text == '%') {
        text++;
        if (!number(&text, false, 0xffffffff, &zone))
            return STATUS_INVALID_PARAMETER;
    }
    if (brackets) {
        if (*text++ != ']')
            return STATUS_INVALID_PARAMETER;
        if (*text == ':') {
            if (!read_port(text + 1, &value))
                return STATUS_INVALID_PARAMETER;
            text = L"";
        }
    }
    if (*text)
        return STATUS_INVALID_PARAMETER;
    *address = result;
    *scope = zone;
    *port = value;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlIpv4StringToAddressExA(const char *text, BOOLEAN strict, struct ipv4 *address,
                                          USHORT *port)
{
    WCHAR wide[TEXT_ROOM];

    if (!text || strlen(text) >= TEXT_ROOM)
        return STATUS_INVALID_PARAMETER;
    widen(text, wide);
    return RtlIpv4StringToAddressExW(wide, strict, address, port);
}

NTSTATUS WINAPI RtlIpv6StringToAddressExA(const char *text, struct ipv6 *address, ULONG *scope,
                                          USHORT *port)
{
    WCHAR wide[TEXT_ROOM];

    if (!text || strlen(text) >= TEXT_ROOM)
        return STATUS_INVALID_PARAMETER;
    widen(text, wide);
    return RtlIpv6StringToAddressExW(wide, address, scope, port);
}
