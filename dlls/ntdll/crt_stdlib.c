/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Numbers from and to text, sorting and searching, as ntdll.dll exports them. long is 32 bits wide.
 */
#include "ntdll.h"
#include <ctype.h>
#include <stdlib.h>

#pragma GCC optimize("no-tree-loop-distribute-patterns")

/* --- Text to number --------------------------------------------------------------------------- */

static int digit_of(unsigned c)
{
    if (c >= '0' && c <= '9')
        return (int)c - '0';
    if (c >= 'a' && c <= 'z')
        return (int)c - 'a' + 10;
    if (c >= 'A' && c <= 'Z')
        return (int)c - 'A' + 10;
    return 99;
}

/* The magnitude, saturated at `limit` for negative and positive numbers; one body for both widths of
 * character. *end is where the number ended, or the start when there is none. */
#define PARSE_BODY(type)                                                                           \
    const type *p = s, *digits;                                                                    \
    uint64_t value = 0;                                                                            \
    bool overflow = false;                                                                         \
    while (*p == ' ' || (*p >= '\t' && *p <= '\r'))                                                \
        p++;                                                                                       \
    *negative = *p == '-';                                                                         \
    if (*p == '-' || *p == '+')                                                                    \
        p++;                                                                                       \
    if ((!base || base == 16) && p[0] == '0' && (p[1] == 'x' || p[1] == 'X') &&                    \
        digit_of((unsigned)p[2]) < 16) {                                                           \
        p += 2;                                                                                    \
        base = 16;                                                                                 \
    }                                                                                              \
    if (!base)                                                                                     \
        base = *p == '0' ? 8 : 10;                                                                 \
    for (digits = p; digit_of((unsigned)*p) < base; p++) {                                         \
        uint64_t next;                                                                             \
        if (__builtin_mul_overflow(value, (uint64_t)base, &next) ||                                \
            __builtin_add_overflow(next, (uint64_t)digit_of((unsigned)*p), &next))                 \
            overflow = true;                                                                       \
        else                                                                                       \
            value = next;                                                                          \
    }                                                                                              \
    if (end)                                                                                       \
        *end = (type *)(p == digits ? s : p);                                                      \
    *too_large = overflow;                                                                         \
    return value;

static uint64_t parse(const char *s, char **end, int base, bool *negative, bool *too_large)
{
    PARSE_BODY(char)
}

static uint64_t parse_wide(const WCHAR *s, WCHAR **end, int base, bool *negative, bool *too_large)
{
    PARSE_BODY(WCHAR)
}

static int64_t to_signed(uint64_t value, bool negative, bool too_large, uint64_t max)
{
    if (too_large || value > max + negative)
        value = max + negative;
    return negative ? (int64_t)(0 - value) : (int64_t)value;
}

static uint64_t to_unsigned(uint64_t value, bool negative, bool too_large, uint64_t max)
{
    if (too_large || value > max)
        return max;
    return negative ? (0 - value) & max : value;
}

long __cdecl strtol(const char *s, char **end, int base)
{
    bool negative, too_large;
    uint64_t value = parse(s, end, base, &negative, &too_large);

    return (long)to_signed(value, negative, too_large, INT32_MAX);
}

unsigned long __cdecl strtoul(const char *s, char **end, int base)
{
    bool negative, too_large;
    uint64_t value = parse(s, end, base, &negative, &too_large);

    return (unsigned long)to_unsigned(value, negative, too_large, UINT32_MAX);
}

int64_t __cdecl _strtoi64(const char *s, char **end, int base)
{
    bool negative, too_large;
    uint64_t value = parse(s, end, base, &negative, &too_large);

    return to_signed(value, negative, too_large, INT64_MAX);
}

uint64_t __cdecl _strtoui64(const char *s, char **end, int base)
{
    bool negative, too_large;
    uint64_t value = parse(s, end, base, &negative, &too_large);

    return to_unsigned(value, negative, too_large, UINT64_MAX);
}

long __cdecl wcstol(const WCHAR *s, WCHAR **end, int base)
{
    bool negative, too_large;
    uint64_t value = parse_wide(s, end, base, &negative, &too_large);

    return (long)to_signed(value, negative, too_large, INT32_MAX);
}

unsigned long __cdecl wcstoul(const WCHAR *s, WCHAR **end, int base)
{
    bool negative, too_large;
    uint64_t value = parse_wide(s, end, base, &negative, &too_large);

    return (unsigned long)to_unsigned(value, negative, too_large, UINT32_MAX);
}

int64_t __cdecl _wcstoi64(const WCHAR *s, WCHAR **end, int base)
{
    bool negative, too_large;
    uint64_t value = parse_wide(s, end, base, &negative, &too_large);

    return to_signed(value, negative, too_large, INT64_MAX);
}

uint64_t __cdecl _wcstoui64(const WCHAR *s, WCHAR **end, int base)
{
    bool negative, too_large;
    uint64_t value = parse_wide(s, end, base, &negative, &too_large);

    return to_unsigned(value, negative, too_large, UINT64_MAX);
}

/* The ato… family wraps instead of saturating, as ntdll's does. */
int __cdecl atoi(const char *s)
{
    return (int)_strtoi64(s, NULL, 10);
}

long __cdecl atol(const char *s)
{
    return (long)_strtoi64(s, NULL, 10);
}

int64_t __cdecl _atoi64(const char *s)
{
    return _strtoi64(s, NULL, 10);
}

int __cdecl _wtoi(const WCHAR *s)
{
    return (int)_wcstoi64(s, NULL, 10);
}

long __cdecl _wtol(const WCHAR *s)
{
    return (long)_wcstoi64(s, NULL, 10);
}

int64_t __cdecl _wtoi64(const WCHAR *s)
{
    return _wcstoi64(s, NULL, 10);
}

/* --- Number to text --------------------------------------------------------------------------- */

#define FORMAT_BODY(type)                                                                          \
    type digits[65], *p = digits + 64, *out = buffer;                                              \
    if (negative) {                                                                                \
        *out++ = '-';                                                                              \
        value = 0 - value;                                                                         \
    }                                                                                              \
    *p = 0;                                                                                        \
    do {                                                                                           \
        *--p = (type) "0123456789abcdefghijklmnopqrstuvwxyz"[value % (unsigned)base];              \
        value /= (unsigned)base;                                                                   \
    } while (value);                                                                               \
    while ((*out++ = *p++))                                                                        \
        ;                                                                                          \
    return buffer;

static char *format(uint64_t value, bool negative, char *buffer, int base)
{
    FORMAT_BODY(char)
}

static WCHAR *format_wide(uint64_t value, bool negative, WCHAR *buffer, int base)
{
    FORMAT_BODY(WCHAR)
}

/* In bases other than ten a negative number is written as its unsigned bit pattern. */
char *__cdecl _itoa(int value, char *buffer, int base)
{
    bool negative = base == 10 && value < 0;

    return format(negative ? (uint64_t)(int64_t)value : (uint32_t)value, negative, buffer, base);
}

char *__cdecl _ltoa(long value, char *buffer, int base)
{
    return _itoa((int)value, buffer, base);
}

char *__cdecl _ultoa(unsigned long value, char *buffer, int base)
{
    return format(value, false, buffer, base);
}

char *__cdecl _i64toa(int64_t value, char *buffer, int base)
{
    return format((uint64_t)value, base == 10 && value < 0, buffer, base);
}

char *__cdecl _ui64toa(uint64_t value, char *buffer, int base)
{
    return format(value, false, buffer, base);
}

WCHAR *__cdecl _itow(int value, WCHAR *buffer, int base)
{
    bool negative = base == 10 && value < 0;

    return format_wide(negative ? (uint64_t)(int64_t)value : (uint32_t)value, negative, buffer,
                       base);
}

WCHAR *__cdecl _ltow(long value, WCHAR *buffer, int base)
{
    return _itow((int)value, buffer, base);
}

WCHAR *__cdecl _ultow(unsigned long value, WCHAR *buffer, int base)
{
    return format_wide(value, false, buffer, base);
}

WCHAR *__cdecl _i64tow(int64_t value, WCHAR *buffer, int base)
{
    return format_wide((uint64_t)value, base == 10 && value < 0, buffer, base);
}

WCHAR *__cdecl _ui64tow(uint64_t value, WCHAR *buffer, int base)
{
    return format_wide(value, false, buffer, base);
}

/* --- Sorting and searching -------------------------------------------------------------------- */

static void swap_items(char *a, char *b, size_t size)
{
    while (size--) {
        char c = *a;

        *a++ = *b;
        *b++ = c;
    }
}

/* Heap sort: no recursion, no worst case, and ntdll's users sort short arrays. */
static void sift_down(char *base, size_t i, size_t count, size_t size,
                      int(__cdecl *compare)(const void *, const void *))
{
    for (;;) {
        size_t child = 2 * i + 1;

        if (child >= count)
            return;
        if (child + 1 < count && compare(base + child * size, base + (child + 1) * size) < 0)
            child++;
        if (compare(base + i * size, base + child * size) >= 0)
            return;
        swap_items(base + i * size, base + child * size, size);
        i = child;
    }
}

void __cdecl qsort(void *base, size_t count, size_t size,
                   int(__cdecl *compare)(const void *, const void *))
{
    for (size_t i = count / 2; i-- > 0;)
        sift_down(base, i, count, size, compare);
    while (count > 1) {
        count--;
        swap_items(base, (char *)base + count * size, size);
        sift_down(base, 0, count, size, compare);
    }
}

void *__cdecl bsearch(const void *key, const void *base, size_t count, size_t size,
                      int(__cdecl *compare)(const void *, const void *))
{
    const char *first = base;

    while (count) {
        const char *middle = first + count / 2 * size;
        int order = compare(key, middle);

        if (!order)
            return (void *)middle;
        if (order > 0) {
            first = middle + size;
            count--;
        }
        count /= 2;
    }
    return NULL;
}

int __cdecl abs(int value)
{
    return value < 0 ? -value : value;
}

long __cdecl labs(long value)
{
    return value < 0 ? -value : value;
}
