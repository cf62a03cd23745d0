/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The wide-string functions that ntdll.dll exports, in the "C" locale: letters are ASCII's (that is
 * also what Windows' ntdll does, unlike its Rtl functions, which know all of Unicode's letters).
 */
#include "ntdll.h"
#include <errno.h>
#include <wctype.h>

#undef wcsncpy /* Wine's headers forbid its use, but it must be exported */

#pragma GCC optimize("no-tree-loop-distribute-patterns")

static inline WCHAR lower(WCHAR c)
{
    return c >= 'A' && c <= 'Z' ? (WCHAR)(c + 32) : c;
}

size_t __cdecl wcslen(const wchar_t *s)
{
    const wchar_t *p = s;

    while (*p)
        p++;
    return (size_t)(p - s);
}

size_t __cdecl wcsnlen(const wchar_t *s, size_t n)
{
    size_t i = 0;

    while (i < n && s[i])
        i++;
    return i;
}

int __cdecl wcscmp(const wchar_t *a, const wchar_t *b)
{
    for (; *a == *b; a++, b++)
        if (!*a)
            return 0;
    return *a < *b ? -1 : 1;
}

int __cdecl wcsncmp(const wchar_t *a, const wchar_t *b, size_t n)
{
    for (; n && *a == *b; n--, a++, b++)
        if (!*a)
            return 0;
    return n ? (*a < *b ? -1 : 1) : 0;
}

int __cdecl _wcsicmp(const wchar_t *a, const wchar_t *b)
{
    for (; lower(*a) == lower(*b); a++, b++)
        if (!*a)
            return 0;
    return lower(*a) - lower(*b);
}

int __cdecl _wcsnicmp(const wchar_t *a, const wchar_t *b, size_t n)
{
    for (; n && lower(*a) == lower(*b); n--, a++, b++)
        if (!*a)
            return 0;
    return n ? lower(*a) - lower(*b) : 0;
}

wchar_t *__cdecl wcscpy(wchar_t *__restrict__ dst, const wchar_t *__restrict__ src)
{
    wchar_t *d = dst;

    while ((*d++ = *src++))
        ;
    return dst;
}

wchar_t *__cdecl wcscat(wchar_t *__restrict__ dst, const wchar_t *__restrict__ src)
{
    wcscpy(dst + wcslen(dst), src);
    return dst;
}

wchar_t *__cdecl wcsncpy(wchar_t *__restrict__ dst, const wchar_t *__restrict__ src, size_t n)
{
    size_t i = 0;

    for (; i < n && src[i]; i++)
        dst[i] = src[i];
    for (; i < n; i++)
        dst[i] = 0;
    return dst;
}

wchar_t *__cdecl wcsncat(wchar_t *__restrict__ dst, const wchar_t *__restrict__ src, size_t n)
{
    wchar_t *d = dst + wcslen(dst);

    while (n-- && *src)
        *d++ = *src++;
    *d = 0;
    return dst;
}

wchar_t *__cdecl wcschr(const wchar_t *s, wchar_t c)
{
    for (;; s++) {
        if (*s == c)
            return (wchar_t *)s;
        if (!*s)
            return NULL;
    }
}

wchar_t *__cdecl wcsrchr(const wchar_t *s, wchar_t c)
{
    const wchar_t *found = NULL;

    for (;; s++) {
        if (*s == c)
            found = s;
        if (!*s)
            return (wchar_t *)found;
    }
}

wchar_t *__cdecl wcsstr(const wchar_t *s, const wchar_t *part)
{
    size_t n = wcslen(part);

    if (!n)
        return (wchar_t *)s;
    for (; (s = wcschr(s, *part)); s++)
        if (!wcsncmp(s, part, n))
            return (wchar_t *)s;
    return NULL;
}

size_t __cdecl wcsspn(const wchar_t *s, const wchar_t *set)
{
    size_t i = 0;

    while (s[i] && wcschr(set, s[i]))
        i++;
    return i;
}

size_t __cdecl wcscspn(const wchar_t *s, const wchar_t *set)
{
    size_t i = 0;

    while (s[i] && !wcschr(set, s[i]))
        i++;
    return i;
}

wchar_t *__cdecl wcspbrk(const wchar_t *s, const wchar_t *set)
{
    s += wcscspn(s, set);
    return *s ? (wchar_t *)s : NULL;
}

wchar_t *__cdecl wcstok_s(wchar_t *s, const wchar_t *set, wchar_t **next)
{
    if (!s)
        s = *next;
    s += wcsspn(s, set);
    if (!*s) {
        *next = s;
        return NULL;
    }
    *next = s + wcscspn(s, set);
    if (**next)
        *(*next)++ = 0;
    return s;
}

wchar_t *__cdecl _wcslwr(wchar_t *s)
{
    for (wchar_t *p = s; *p; p++)
        *p = lower(*p);
    return s;
}

wchar_t *__cdecl _wcsupr(wchar_t *s)
{
    for (wchar_t *p = s; *p; p++)
        if (*p >= 'a' && *p <= 'z')
            *p -= 32;
    return s;
}

int __cdecl wcscpy_s(wchar_t *dst, size_t room, const wchar_t *src)
{
    if (!dst || !room)
        return EINVAL;
    if (!src) {
        *dst = 0;
        return EINVAL;
    }
    for (size_t i = 0; i < room; i++)
        if (!(dst[i] = src[i]))
            return 0;
    *dst = 0;
    return ERANGE;
}

int __cdecl wcscat_s(wchar_t *dst, size_t room, const wchar_t *src)
{
    size_t used;

    if (!dst || !room)
        return EINVAL;
    used = wcsnlen(dst, room);
    if (!src || used == room) {
        *dst = 0;
        return EINVAL;
    }
    for (size_t i = used; i < room; i++)
        if (!(dst[i] = *src++))
            return 0;
    *dst = 0;
    return ERANGE;
}

int __cdecl wcsncpy_s(wchar_t *dst, size_t room, const wchar_t *src, size_t n)
{
    if (!n && dst && room) {
        *dst = 0;
        return 0;
    }
    if (!dst || !room)
        return EINVAL;
    if (!src) {
        *dst = 0;
        return EINVAL;
    }
    for (size_t i = 0; i < room; i++) {
        dst[i] = i < n ? src[i] : 0;
        if (!dst[i])
            return 0;
    }
    if (n == (size_t)-1) { /* _TRUNCATE */
        dst[room - 1] = 0;
        return 80; /* STRUNCATE */
    }
    *dst = 0;
    return ERANGE;
}

/* --- Character classes, ASCII ----------------------------------------------------------------- */

wint_t __cdecl (towlower)(wint_t c)
{
    return lower(c);
}

wint_t __cdecl (towupper)(wint_t c)
{
    return c >= 'a' && c <= 'z' ? (wint_t)(c - 32) : c;
}

int __cdecl (iswdigit)(wint_t c)
{
    return c >= '0' && c <= '9';
}

int __cdecl (iswalpha)(wint_t c)
{
    return lower(c) >= 'a' && lower(c) <= 'z';
}

int __cdecl (iswalnum)(wint_t c)
{
    return (iswdigit)(c) || (iswalpha)(c);
}

int __cdecl (iswlower)(wint_t c)
{
    return c >= 'a' && c <= 'z';
}

int __cdecl (iswspace)(wint_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

int __cdecl (iswxdigit)(wint_t c)
{
    return (iswdigit)(c) || (lower(c) >= 'a' && lower(c) <= 'f');
}

/* mingw's wctype.h makes macros that call this of the others; in parentheses they are the functions. */
int __cdecl iswctype(wint_t c, wctype_t type)
{
    unsigned class = 0;

    if (c >= 'A' && c <= 'Z')
        class |= _UPPER | 0x100;
    if (c >= 'a' && c <= 'z')
        class |= _LOWER | 0x100;
    if ((iswdigit)(c))
        class |= _DIGIT;
    if ((iswspace)(c))
        class |= _SPACE;
    if (c == ' ' || c == '\t')
        class |= _BLANK;
    if ((iswxdigit)(c))
        class |= _HEX;
    if (c < ' ' || c == 127)
        class |= _CONTROL;
    if (c > ' ' && c < 127 && !(iswalnum)(c))
        class |= _PUNCT;
    return (int)(class & type);
}
