/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The byte-string functions that ntdll.dll exports, in the "C" locale: letters are ASCII's.
 */
#include "ntdll.h"
#include <ctype.h>
#include <errno.h>

#undef strncpy /* Wine's headers forbid its use, but it must be exported */

#pragma GCC optimize("no-tree-loop-distribute-patterns")

static inline int lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

size_t __cdecl strlen(const char *s)
{
    const char *p = s;

    while (*p)
        p++;
    return (size_t)(p - s);
}

size_t __cdecl strnlen(const char *s, size_t n)
{
    size_t i = 0;

    while (i < n && s[i])
        i++;
    return i;
}

int __cdecl strcmp(const char *a, const char *b)
{
    const uint8_t *p = (const uint8_t *)a, *q = (const uint8_t *)b;

    for (; *p == *q; p++, q++)
        if (!*p)
            return 0;
    return *p < *q ? -1 : 1;
}

int __cdecl strncmp(const char *a, const char *b, size_t n)
{
    const uint8_t *p = (const uint8_t *)a, *q = (const uint8_t *)b;

    for (; n && *p == *q; n--, p++, q++)
        if (!*p)
            return 0;
    return n ? (*p < *q ? -1 : 1) : 0;
}

int __cdecl _stricmp(const char *a, const char *b)
{
    const uint8_t *p = (const uint8_t *)a, *q = (const uint8_t *)b;

    for (; lower(*p) == lower(*q); p++, q++)
        if (!*p)
            return 0;
    return lower(*p) - lower(*q);
}

int __cdecl _strnicmp(const char *a, const char *b, size_t n)
{
    const uint8_t *p = (const uint8_t *)a, *q = (const uint8_t *)b;

    for (; n && lower(*p) == lower(*q); n--, p++, q++)
        if (!*p)
            return 0;
    return n ? lower(*p) - lower(*q) : 0;
}

char *__cdecl strcpy(char *__restrict__ dst, const char *__restrict__ src)
{
    char *d = dst;

    while ((*d++ = *src++))
        ;
    return dst;
}

char *__cdecl strcat(char *__restrict__ dst, const char *__restrict__ src)
{
    strcpy(dst + strlen(dst), src);
    return dst;
}

char *__cdecl strncpy(char *__restrict__ dst, const char *__restrict__ src, size_t n)
{
    size_t i = 0;

    for (; i < n && src[i]; i++)
        dst[i] = src[i];
    for (; i < n; i++)
        dst[i] = 0;
    return dst;
}

char *__cdecl strncat(char *__restrict__ dst, const char *__restrict__ src, size_t n)
{
    char *d = dst + strlen(dst);

    while (n-- && *src)
        *d++ = *src++;
    *d = 0;
    return dst;
}

char *__cdecl strchr(const char *s, int c)
{
    for (;; s++) {
        if (*s == (char)c)
            return (char *)s;
        if (!*s)
            return NULL;
    }
}

char *__cdecl strrchr(const char *s, int c)
{
    const char *found = NULL;

    for (;; s++) {
        if (*s == (char)c)
            found = s;
        if (!*s)
            return (char *)found;
    }
}

char *__cdecl strstr(const char *s, const char *part)
{
    size_t n = strlen(part);

    if (!n)
        return (char *)s;
    for (; (s = strchr(s, *part)); s++)
        if (!strncmp(s, part, n))
            return (char *)s;
    return NULL;
}

size_t __cdecl strspn(const char *s, const char *set)
{
    size_t i = 0;

    while (s[i] && strchr(set, s[i]))
        i++;
    return i;
}

size_t __cdecl strcspn(const char *s, const char *set)
{
    size_t i = 0;

    while (s[i] && !strchr(set, s[i]))
        i++;
    return i;
}

char *__cdecl strpbrk(const char *s, const char *set)
{
    s += strcspn(s, set);
    return *s ? (char *)s : NULL;
}

char *__cdecl strtok_s(char *s, const char *set, char **next)
{
    if (!s)
        s = *next;
    s += strspn(s, set);
    if (!*s) {
        *next = s;
        return NULL;
    }
    *next = s + strcspn(s, set);
    if (**next)
        *(*next)++ = 0;
    return s;
}

char *__cdecl _strlwr(char *s)
{
    for (char *p = s; *p; p++)
        *p = (char)lower((uint8_t)*p);
    return s;
}

char *__cdecl _strupr(char *s)
{
    for (char *p = s; *p; p++)
        if (*p >= 'a' && *p <= 'z')
            *p -= 32;
    return s;
}

/* The checked forms answer errno values; on failure the destination is made empty. */
int __cdecl strcpy_s(char *dst, size_t room, const char *src)
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

int __cdecl strcat_s(char *dst, size_t room, const char *src)
{
    size_t used;

    if (!dst || !room)
        return EINVAL;
    used = strnlen(dst, room);
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

int __cdecl strncpy_s(char *dst, size_t room, const char *src, size_t n)
{
    size_t i;

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
    for (i = 0; i < room; i++) {
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

int __cdecl (tolower)(int c)
{
    return lower(c);
}

int __cdecl (toupper)(int c)
{
    return c >= 'a' && c <= 'z' ? c - 32 : c;
}

int __cdecl (isdigit)(int c)
{
    return c >= '0' && c <= '9';
}

int __cdecl (isupper)(int c)
{
    return c >= 'A' && c <= 'Z';
}

int __cdecl (islower)(int c)
{
    return c >= 'a' && c <= 'z';
}

int __cdecl (isalpha)(int c)
{
    return lower(c) >= 'a' && lower(c) <= 'z';
}

int __cdecl (isalnum)(int c)
{
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}

int __cdecl (isspace)(int c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

int __cdecl (isprint)(int c)
{
    return c >= ' ' && c <= '~';
}

int __cdecl (isgraph)(int c)
{
    return c > ' ' && c <= '~';
}

int __cdecl (iscntrl)(int c)
{
    return (c >= 0 && c < ' ') || c == 127;
}

int __cdecl (ispunct)(int c)
{
    return c > ' ' && c <= '~' && !isalnum(c);
}

int __cdecl (isxdigit)(int c)
{
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'f');
}
