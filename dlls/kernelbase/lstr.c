/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * winbase.h's old string functions. Documented: a bad pointer makes lstrlen 0 and the copying functions NULL instead
 * of an exception. Decant checks for NULL only: the rest raises, as a program that relies on it is broken on
 * Windows too.
 */
/* Wine's headers have these inline for code of their own; the headers' versions get other names here. */
#define lstrlenW inline_lstrlenW
#define lstrlenA inline_lstrlenA
#define lstrcpyW inline_lstrcpyW
#define lstrcpyA inline_lstrcpyA
#define lstrcatW inline_lstrcatW
#define lstrcatA inline_lstrcatA
#define lstrcpynW inline_lstrcpynW
#define lstrcpynA inline_lstrcpynA
#include "kernelbase.h"
#undef lstrlenW
#undef lstrlenA
#undef lstrcpyW
#undef lstrcpyA
#undef lstrcatW
#undef lstrcatA
#undef lstrcpynW
#undef lstrcpynA

INT WINAPI lstrlenW(LPCWSTR text);
INT WINAPI lstrlenA(LPCSTR text);
LPWSTR WINAPI lstrcpyW(LPWSTR to, LPCWSTR from);
LPSTR WINAPI lstrcpyA(LPSTR to, LPCSTR from);
LPWSTR WINAPI lstrcatW(LPWSTR to, LPCWSTR from);
LPSTR WINAPI lstrcatA(LPSTR to, LPCSTR from);
LPWSTR WINAPI lstrcpynW(LPWSTR to, LPCWSTR from, INT room);
LPSTR WINAPI lstrcpynA(LPSTR to, LPCSTR from, INT room);

INT WINAPI lstrlenW(LPCWSTR text)
{
    return text ? (INT)wcslen(text) : 0;
}

INT WINAPI lstrlenA(LPCSTR text)
{
    return text ? (INT)strlen(text) : 0;
}

LPWSTR WINAPI lstrcpyW(LPWSTR to, LPCWSTR from)
{
    return to && from ? wcscpy(to, from) : NULL;
}

LPSTR WINAPI lstrcpyA(LPSTR to, LPCSTR from)
{
    return to && from ? strcpy(to, from) : NULL;
}

LPWSTR WINAPI lstrcatW(LPWSTR to, LPCWSTR from)
{
    return to && from ? wcscat(to, from) : NULL;
}

LPSTR WINAPI lstrcatA(LPSTR to, LPCSTR from)
{
    return to && from ? strcat(to, from) : NULL;
}

/* `room` counts the NUL, which is always there. */
LPWSTR WINAPI lstrcpynW(LPWSTR to, LPCWSTR from, INT room)
{
    INT i = 0;

    if (!to || !from || room <= 0)
        return NULL;
    for (; i < room - 1 && from[i]; i++)
        to[i] = from[i];
    to[i] = 0;
    return to;
}

LPSTR WINAPI lstrcpynA(LPSTR to, LPCSTR from, INT room)
{
    INT i = 0;

    if (!to || !from || room <= 0)
        return NULL;
    for (; i < room - 1 && from[i]; i++)
        to[i] = from[i];
    to[i] = 0;
    return to;
}

/* NULL sorts before any text. */
static INT compare_nulls(const void *a, const void *b)
{
    return a ? 1 : b ? -1 : 0;
}

INT WINAPI lstrcmpW(LPCWSTR a, LPCWSTR b)
{
    if (!a || !b)
        return compare_nulls(a, b);
    return CompareStringW(GetThreadLocale(), 0, a, -1, b, -1) - CSTR_EQUAL;
}

INT WINAPI lstrcmpA(LPCSTR a, LPCSTR b)
{
    if (!a || !b)
        return compare_nulls(a, b);
    return CompareStringA(GetThreadLocale(), LOCALE_USE_CP_ACP, a, -1, b, -1) - CSTR_EQUAL;
}

INT WINAPI lstrcmpiW(LPCWSTR a, LPCWSTR b)
{
    if (!a || !b)
        return compare_nulls(a, b);
    return CompareStringW(GetThreadLocale(), NORM_IGNORECASE, a, -1, b, -1) - CSTR_EQUAL;
}

INT WINAPI lstrcmpiA(LPCSTR a, LPCSTR b)
{
    if (!a || !b)
        return compare_nulls(a, b);
    return CompareStringA(GetThreadLocale(), NORM_IGNORECASE | LOCALE_USE_CP_ACP, a, -1, b, -1) -
           CSTR_EQUAL;
}
