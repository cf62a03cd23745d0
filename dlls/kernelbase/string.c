/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * stringapiset.h and winnls.h: character types, case mapping, comparison (by sort.c); and winuser.h's Char…
 * functions, which live in kernelbase.
 */
#include "nls.h"
#define WINUSERAPI
#include "wingdi.h"
#include "winuser.h"

#define MAP_BASIC (LCMAP_LOWERCASE | LCMAP_UPPERCASE | LCMAP_TITLECASE)

/* --- Types ------------------------------------------------------------------------------------ */

BOOL WINAPI GetStringTypeW(DWORD type, const WCHAR *src, INT count, WORD *out)
{
    if (type != CT_CTYPE1 && type != CT_CTYPE2 && type != CT_CTYPE3) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return FALSE;
    }
    if (!src || !out) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return FALSE;
    }
    if (count < 0)
        count = (INT)wcslen(src) + 1;
    for (INT i = 0; i < count; i++)
        out[i] = nls_character_types(src[i])[type == CT_CTYPE1 ? 0 : type == CT_CTYPE2 ? 1 : 2];
    return TRUE;
}

BOOL WINAPI GetStringTypeExW(LCID id, DWORD type, const WCHAR *src, INT count, WORD *out)
{
    (void)id;
    return GetStringTypeW(type, src, count, out);
}

BOOL WINAPI GetStringTypeA(LCID id, DWORD type, const char *src, INT count, WORD *out)
{
    UINT page = CP_ACP;
    WCHAR *wide;
    int length;
    BOOL done;

    if (count < 0)
        count = (INT)strlen(src) + 1;
    if (!GetLocaleInfoW(id, LOCALE_IDEFAULTANSICODEPAGE | LOCALE_RETURN_NUMBER, (WCHAR *)&page, 2))
        page = CP_ACP;
    length = MultiByteToWideChar(page, 0, src, count, NULL, 0);
    wide = nls_alloc((SIZE_T)length * sizeof(WCHAR) + 2);
    if (!wide)
        return FALSE;
    MultiByteToWideChar(page, 0, src, count, wide, length);
    done = GetStringTypeW(type, wide, length, out);
    nls_free(wide);
    return done;
}

BOOL WINAPI GetStringTypeExA(LCID id, DWORD type, const char *src, INT count, WORD *out)
{
    return GetStringTypeA(id, type, src, count, out);
}

/* --- Comparison ------------------------------------------------------------------------------- */

#define COMPARE_FLAGS (NORM_IGNORECASE | NORM_IGNORENONSPACE | NORM_IGNORESYMBOLS |                \
                       SORT_STRINGSORT | NORM_IGNOREKANATYPE | NORM_IGNOREWIDTH |                  \
                       LINGUISTIC_IGNORECASE | LINGUISTIC_IGNOREDIACRITIC | NORM_LINGUISTIC_CASING | \
                       SORT_DIGITSASNUMBERS | LOCALE_USE_CP_ACP | 0x10000000)

int WINAPI CompareStringEx(const WCHAR *locale, DWORD flags, const WCHAR *a, int a_length,
                           const WCHAR *b, int b_length, NLSVERSIONINFO *version, void *reserved,
                           LPARAM handle)
{
    (void)version;
    if (reserved || handle || !a || !b || a_length < -1 || b_length < -1)
        return nls_fail(ERROR_INVALID_PARAMETER);
    if (flags & ~(DWORD)COMPARE_FLAGS)
        return nls_fail(ERROR_INVALID_FLAGS);
    if (!nls_locale_by_name(locale, NULL))
        return nls_fail(ERROR_INVALID_PARAMETER);
    if (a_length < 0)
        a_length = (int)wcslen(a);
    if (b_length < 0)
        b_length = (int)wcslen(b);
    return sort_compare(flags, a, a_length, b, b_length);
}

int WINAPI CompareStringW(LCID id, DWORD flags, const WCHAR *a, int a_length, const WCHAR *b,
                          int b_length)
{
    if (!nls_locale_by_id(id, NULL))
        return nls_fail(ERROR_INVALID_PARAMETER);
    return CompareStringEx(NULL, flags, a, a_length < 0 ? -1 : a_length, b,
                           b_length < 0 ? -1 : b_length, NULL, NULL, 0);
}

static WCHAR *widen(const char *src, int length, int *wide_length)
{
    WCHAR *wide;

    if (length < 0)
        length = (int)strlen(src);
    *wide_length = length ? MultiByteToWideChar(CP_ACP, 0, src, length, NULL, 0) : 0;
    wide = nls_alloc((SIZE_T)*wide_length * sizeof(WCHAR) + sizeof(WCHAR));
    if (wide && length)
        MultiByteToWideChar(CP_ACP, 0, src, length, wide, *wide_length);
    if (wide)
        wide[*wide_length] = 0;
    else
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    return wide;
}

int WINAPI CompareStringA(LCID id, DWORD flags, const char *a, int a_length, const char *b,
                          int b_length)
{
    WCHAR *x, *y;
    int x_length, y_length, order = 0;

    if (!a || !b)
        return nls_fail(ERROR_INVALID_PARAMETER);
    x = widen(a, a_length, &x_length);
    y = widen(b, b_length, &y_length);
    if (x && y)
        order = CompareStringW(id, flags & ~(DWORD)LOCALE_USE_CP_ACP, x, x_length, y, y_length);
    nls_free(x);
    nls_free(y);
    return order;
}

int WINAPI CompareStringOrdinal(const WCHAR *a, int a_length, const WCHAR *b, int b_length,
                                BOOL ignore_case)
{
    LONG order;

    if (!a || !b || a_length < -1 || b_length < -1)
        return nls_fail(ERROR_INVALID_PARAMETER);
    order = RtlCompareUnicodeStrings(a, a_length < 0 ? wcslen(a) : (SIZE_T)a_length, b,
                                     b_length < 0 ? wcslen(b) : (SIZE_T)b_length,
                                     ignore_case != FALSE);
    return order < 0 ? CSTR_LESS_THAN : order > 0 ? CSTR_GREATER_THAN : CSTR_EQUAL;
}

/* --- Mapping ---------------------------------------------------------------------------------- */

/* The other letters of Japanese that stand for the same: of half and full width, of the two kanas. */
static WCHAR map_width(WCHAR c, DWORD flags)
{
    /* U+FF61 to U+FF9F in full width, marks of voicing included. */
    static const WCHAR wide[] =
        L"\x3002\x300c\x300d\x3001\x30fb\x30f2\x30a1\x30a3\x30a5\x30a7\x30a9\x30e3\x30e5\x30e7\x30c3\x30fc"
        L"\x30a2\x30a4\x30a6\x30a8\x30aa\x30ab\x30ad\x30af\x30b1\x30b3\x30b5\x30b7\x30b9\x30bb\x30bd\x30bf"
        L"\x30c1\x30c4\x30c6\x30c8\x30ca\x30cb\x30cc\x30cd\x30ce\x30cf\x30d2\x30d5\x30d8\x30db\x30de\x30df"
        L"\x30e0\x30e1\x30e2\x30e4\x30e6\x30e8\x30e9\x30ea\x30eb\x30ec\x30ed\x30ef\x30f3\x309b\x309c";

    if (flags & LCMAP_KATAKANA && ((c >= 0x3041 && c <= 0x3096) || c == 0x309d || c == 0x309e))
        c += 0x60;
    if (flags & LCMAP_HIRAGANA && ((c >= 0x30a1 && c <= 0x30f6) || c == 0x30fd || c == 0x30fe))
        c -= 0x60;
    if (flags & LCMAP_FULLWIDTH) {
        if (c >= 0x21 && c <= 0x7e)
            c += 0xfee0;
        else if (c == ' ')
            c = 0x3000;
        else if (c >= 0xff61 && c <= 0xff9f)
            c = wide[c - 0xff61];
    }
    if (flags & LCMAP_HALFWIDTH) {
        if (c >= 0xff01 && c <= 0xff5e)
            c -= 0xfee0;
        else if (c == 0x3000)
            c = ' ';
        else if (c >= 0x3001 && c <= 0x30fc)
            for (unsigned i = 0; i < NLS_ARRAY_COUNT(wide) - 1; i++)
                if (wide[i] == c)
                    return (WCHAR)(0xff61 + i);
    }
    return c;
}

static int map_string(DWORD flags, const WCHAR *src, int src_length, WCHAR *dst, int dst_length)
{
    if (!src || !src_length || dst_length < 0 || (dst_length && !dst))
        return nls_fail(ERROR_INVALID_PARAMETER);
    if (src_length < 0)
        src_length = (int)wcslen(src) + 1;
    flags &= ~(DWORD)LOCALE_USE_CP_ACP;
    if (flags & LCMAP_SORTKEY) {
        if (src == dst || (flags & MAP_BASIC))
            return nls_fail(ERROR_INVALID_FLAGS);
        return sort_key(flags, src, src_length, (BYTE *)dst, dst_length);
    }
    if ((flags & (LCMAP_FULLWIDTH | LCMAP_HALFWIDTH)) == (LCMAP_FULLWIDTH | LCMAP_HALFWIDTH) ||
        (flags & (LCMAP_KATAKANA | LCMAP_HIRAGANA)) == (LCMAP_KATAKANA | LCMAP_HIRAGANA))
        return nls_fail(ERROR_INVALID_FLAGS);
    if (!dst_length)
        return src_length;
    if (dst_length < src_length)
        return nls_fail(ERROR_INSUFFICIENT_BUFFER);
    for (int i = 0; i < src_length; i++) {
        bool begins = !i || !(nls_character_types(src[i - 1])[0] & C1_ALPHA);
        WCHAR c = map_width(src[i], flags);

        /* LCMAP_TITLECASE is both: a word's first letter, and the others. */
        if ((flags & LCMAP_TITLECASE) == LCMAP_TITLECASE)
            c = begins ? RtlUpcaseUnicodeChar(c) : RtlDowncaseUnicodeChar(c);
        else if (flags & LCMAP_UPPERCASE && !(flags & LCMAP_LOWERCASE))
            c = RtlUpcaseUnicodeChar(c);
        else if (flags & LCMAP_LOWERCASE && !(flags & LCMAP_UPPERCASE))
            c = RtlDowncaseUnicodeChar(c);
        dst[i] = flags & LCMAP_BYTEREV ? (WCHAR)(c << 8 | c >> 8) : c;
    }
    return src_length;
}

int WINAPI LCMapStringEx(const WCHAR *locale, DWORD flags, const WCHAR *src, int src_length,
                         WCHAR *dst, int dst_length, NLSVERSIONINFO *version, void *reserved,
                         LPARAM handle)
{
    (void)version;
    (void)reserved;
    (void)handle;
    if (!nls_locale_by_name(locale, NULL))
        return nls_fail(ERROR_INVALID_PARAMETER);
    return map_string(flags, src, src_length, dst, dst_length);
}

int WINAPI LCMapStringW(LCID id, DWORD flags, const WCHAR *src, int src_length, WCHAR *dst,
                        int dst_length)
{
    if (!nls_locale_by_id(id, NULL))
        return nls_fail(ERROR_INVALID_PARAMETER);
    return map_string(flags, src, src_length, dst, dst_length);
}

int WINAPI LCMapStringA(LCID id, DWORD flags, const char *src, int src_length, char *dst,
                        int dst_length)
{
    WCHAR *wide, *mapped;
    int wide_length, length = 0;

    if (!src || !src_length)
        return nls_fail(ERROR_INVALID_PARAMETER);
    wide = widen(src, src_length < 0 ? (int)strlen(src) + 1 : src_length, &wide_length);
    if (!wide)
        return 0;
    if (flags & LCMAP_SORTKEY) {
        length = LCMapStringW(id, flags, wide, wide_length, (WCHAR *)dst, dst_length);
    } else {
        mapped = nls_alloc((SIZE_T)wide_length * sizeof(WCHAR));
        if (mapped) {
            length = LCMapStringW(id, flags, wide, wide_length, mapped, wide_length);
            if (length)
                length = WideCharToMultiByte(CP_ACP, 0, mapped, length, dst, dst_length, NULL,
                                             NULL);
            nls_free(mapped);
        }
    }
    nls_free(wide);
    return length;
}

/* --- winuser.h's ------------------------------------------------------------------------------ */

/* A pointer below 64 KiB is a character itself. */
WCHAR *WINAPI CharUpperW(WCHAR *text)
{
    if ((ULONG_PTR)text >> 16) {
        for (WCHAR *p = text; *p; p++)
            *p = RtlUpcaseUnicodeChar(*p);
        return text;
    }
    return (WCHAR *)(ULONG_PTR)RtlUpcaseUnicodeChar((WCHAR)(ULONG_PTR)text);
}

WCHAR *WINAPI CharLowerW(WCHAR *text)
{
    if ((ULONG_PTR)text >> 16) {
        for (WCHAR *p = text; *p; p++)
            *p = RtlDowncaseUnicodeChar(*p);
        return text;
    }
    return (WCHAR *)(ULONG_PTR)RtlDowncaseUnicodeChar((WCHAR)(ULONG_PTR)text);
}

DWORD WINAPI CharUpperBuffW(WCHAR *text, DWORD count)
{
    for (DWORD i = 0; text && i < count; i++)
        text[i] = RtlUpcaseUnicodeChar(text[i]);
    return text ? count : 0;
}

DWORD WINAPI CharLowerBuffW(WCHAR *text, DWORD count)
{
    for (DWORD i = 0; text && i < count; i++)
        text[i] = RtlDowncaseUnicodeChar(text[i]);
    return text ? count : 0;
}

static DWORD map_bytes(char *text, DWORD count, DWORD flags)
{
    if (!text)
        return 0;
    if (count)
        LCMapStringA(LOCALE_USER_DEFAULT, flags, text, (int)count, text, (int)count);
    return count;
}

DWORD WINAPI CharUpperBuffA(char *text, DWORD count)
{
    return map_bytes(text, count, LCMAP_UPPERCASE);
}

DWORD WINAPI CharLowerBuffA(char *text, DWORD count)
{
    return map_bytes(text, count, LCMAP_LOWERCASE);
}

char *WINAPI CharUpperA(char *text)
{
    char c = (char)(ULONG_PTR)text;

    if ((ULONG_PTR)text >> 16) {
        CharUpperBuffA(text, (DWORD)strlen(text));
        return text;
    }
    CharUpperBuffA(&c, 1);
    return (char *)(ULONG_PTR)(BYTE)c;
}

char *WINAPI CharLowerA(char *text)
{
    char c = (char)(ULONG_PTR)text;

    if ((ULONG_PTR)text >> 16) {
        CharLowerBuffA(text, (DWORD)strlen(text));
        return text;
    }
    CharLowerBuffA(&c, 1);
    return (char *)(ULONG_PTR)(BYTE)c;
}

char *WINAPI CharNextExA(WORD page, const char *at, DWORD flags)
{
    (void)flags;
    if (!*at)
        return (char *)at;
    return (char *)at + (IsDBCSLeadByteEx(page, (BYTE)at[0]) && at[1] ? 2 : 1);
}

char *WINAPI CharNextA(const char *at)
{
    return CharNextExA(CP_ACP, at, 0);
}

char *WINAPI CharPrevExA(WORD page, const char *start, const char *at, DWORD flags)
{
    while (*start && start < at) {
        const char *next = CharNextExA(page, start, flags);

        if (next >= at)
            break;
        start = next;
    }
    return (char *)start;
}

char *WINAPI CharPrevA(const char *start, const char *at)
{
    return CharPrevExA(CP_ACP, start, at, 0);
}

WCHAR *WINAPI CharNextW(const WCHAR *at)
{
    return (WCHAR *)at + (*at != 0);
}

WCHAR *WINAPI CharPrevW(const WCHAR *start, const WCHAR *at)
{
    return (WCHAR *)(at > start ? at - 1 : at);
}

BOOL WINAPI IsCharAlphaW(WCHAR c)
{
    return (nls_character_types(c)[0] & C1_ALPHA) != 0;
}

BOOL WINAPI IsCharAlphaNumericW(WCHAR c)
{
    return (nls_character_types(c)[0] & (C1_ALPHA | C1_DIGIT)) != 0;
}

BOOL WINAPI IsCharUpperW(WCHAR c)
{
    return (nls_character_types(c)[0] & C1_UPPER) != 0;
}

BOOL WINAPI IsCharLowerW(WCHAR c)
{
    return (nls_character_types(c)[0] & C1_LOWER) != 0;
}

static WCHAR wide_of(char c)
{
    WCHAR wide = 0;

    MultiByteToWideChar(CP_ACP, 0, &c, 1, &wide, 1);
    return wide;
}

BOOL WINAPI IsCharAlphaA(char c)
{
    return IsCharAlphaW(wide_of(c));
}

BOOL WINAPI IsCharAlphaNumericA(char c)
{
    return IsCharAlphaNumericW(wide_of(c));
}

BOOL WINAPI IsCharUpperA(char c)
{
    return IsCharUpperW(wide_of(c));
}

BOOL WINAPI IsCharLowerA(char c)
{
    return IsCharLowerW(wide_of(c));
}
