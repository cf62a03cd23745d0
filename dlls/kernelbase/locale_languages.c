/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * winnls.h: languages of the user interface, geographical ids, lists of code pages and formats.
 */
#include "nls.h"

/* --- Languages of the user interface: there are texts in English alone --- */

static LANGID thread_language; /* what SetThreadUILanguage was told last; it chooses nothing */

LANGID WINAPI GetThreadUILanguage(void)
{
    return thread_language ? thread_language : GetUserDefaultUILanguage();
}

LANGID WINAPI SetThreadUILanguage(LANGID language)
{
    thread_language = language;
    return GetThreadUILanguage();
}

static ULONG list_length(const WCHAR *list)
{
    ULONG count = 0;

    for (; list && *list; list += wcslen(list) + 1)
        count++;
    return count;
}

/* The lists are taken, and nothing follows from them: no module here has texts in several languages. */
BOOL WINAPI SetThreadPreferredUILanguages(DWORD flags, LPCWSTR list, ULONG *count)
{
    (void)flags;
    if (count)
        *count = list_length(list);
    return TRUE;
}

BOOL WINAPI SetProcessPreferredUILanguages(DWORD flags, LPCWSTR list, ULONG *count)
{
    return SetThreadPreferredUILanguages(flags, list, count);
}

BOOL WINAPI GetProcessPreferredUILanguages(DWORD flags, ULONG *count, LPWSTR buffer, ULONG *room)
{
    (void)flags;
    if (!count || !room)
        return nls_fail(ERROR_INVALID_PARAMETER);
    *count = 0;
    if (buffer && *room < 2) {
        *room = 2;
        return nls_fail(ERROR_INSUFFICIENT_BUFFER);
    }
    if (buffer)
        buffer[0] = buffer[1] = 0;
    *room = 2;
    return TRUE;
}

BOOL WINAPI EnumUILanguagesW(UILANGUAGE_ENUMPROCW proc, DWORD flags, LONG_PTR param)
{
    WCHAR id[] = L"0409", name[] = L"en-US";

    if (!proc)
        return nls_fail(ERROR_INVALID_PARAMETER);
    if (flags & ~(DWORD)(MUI_LANGUAGE_ID | MUI_LANGUAGE_NAME))
        return nls_fail(ERROR_INVALID_FLAGS);
    proc(flags & MUI_LANGUAGE_NAME ? name : id, param);
    return TRUE;
}

BOOL WINAPI EnumUILanguagesA(UILANGUAGE_ENUMPROCA proc, DWORD flags, LONG_PTR param)
{
    char id[] = "0409", name[] = "en-US";

    if (!proc)
        return nls_fail(ERROR_INVALID_PARAMETER);
    if (flags & ~(DWORD)(MUI_LANGUAGE_ID | MUI_LANGUAGE_NAME))
        return nls_fail(ERROR_INVALID_FLAGS);
    proc(flags & MUI_LANGUAGE_NAME ? name : id, param);
    return TRUE;
}

BOOL WINAPI IsValidUILanguage(LANGID language)
{
    return language == GetUserDefaultUILanguage();
}

/* Documented: the language's name in the user's language; neutral for none. */
DWORD WINAPI VerLanguageNameW(DWORD language, LPWSTR buffer, DWORD room)
{
    WCHAR name[128] = L"Language Neutral";
    DWORD length;

    if (LOWORD(language))
        GetLocaleInfoW(MAKELCID(LOWORD(language), SORT_DEFAULT), LOCALE_SLANGUAGE, name, NLS_ARRAY_COUNT(name));
    length = (DWORD)wcslen(name);
    if (room) {
        wcsncpy_s(buffer, room, name, room - 1);
        buffer[room - 1] = 0;
    }
    return length;
}

DWORD WINAPI VerLanguageNameA(DWORD language, LPSTR buffer, DWORD room)
{
    WCHAR name[128];
    DWORD length = VerLanguageNameW(language, name, NLS_ARRAY_COUNT(name));

    if (room) {
        WideCharToMultiByte(CP_ACP, 0, name, -1, buffer, (int)room, NULL, NULL);
        buffer[room - 1] = 0;
    }
    return length;
}

/* A name without record is shortened at its hyphens until there is one. */
int WINAPI ResolveLocaleName(LPCWSTR name, LPWSTR buffer, int room)
{
    WCHAR text[LOCALE_NAME_MAX_LENGTH];
    const NLS_LOCALE_DATA *locale;
    const WCHAR *found = L"";

    if (room < 0 || (room && !buffer) || (name && wcslen(name) >= LOCALE_NAME_MAX_LENGTH))
        return nls_fail(ERROR_INVALID_PARAMETER);
    if (!name)
        GetUserDefaultLocaleName(text, LOCALE_NAME_MAX_LENGTH);
    else
        wcscpy_s(text, LOCALE_NAME_MAX_LENGTH, name);
    while (text[0]) {
        WCHAR *hyphen;

        locale = nls_locale_by_name(text, NULL);
        if (locale) {
            /* Of a neutral one, the country that it speaks of. */
            found = nls_locale_string(locale->inotneutral ? locale->sname : locale->ssortlocale, NULL);
            break;
        }
        hyphen = wcsrchr(text, '-');
        if (!hyphen)
            break;
        *hyphen = 0;
    }
    if (room && (int)wcslen(found) >= room)
        return nls_fail(ERROR_INSUFFICIENT_BUFFER);
    if (room)
        wcscpy_s(buffer, (size_t)room, found);
    return (int)wcslen(found) + 1;
}

/* --- Countries --- */

#define GEO_ID_US   244
#define GEO_UNKNOWN (-1)

static GEOID user_geo = GEO_ID_US;

GEOID WINAPI GetUserGeoID(GEOCLASS class)
{
    return class == GEOCLASS_NATION ? user_geo : class == GEOCLASS_REGION ? 39070 : GEO_UNKNOWN;
}

static const NLS_LOCALE_DATA *country_record(GEOID geo)
{
    const NLS_LOCALE_HEADER *table = nls_locale_header();
    const NLS_LOCALE_LCNAME_INDEX *names;

    if (!table)
        return NULL;
    names = (const void *)((const char *)table + table->lcnames_offset);
    for (unsigned i = 0; i < table->nb_lcnames; i++) {
        const NLS_LOCALE_DATA *locale = nls_locale_by_name(nls_locale_string(names[i].name, NULL), NULL);

        if (locale && locale->inotneutral && *nls_locale_string(locale->sname, NULL) &&
            (GEOID)locale->igeoid == geo)
            return locale;
    }
    return NULL;
}

BOOL WINAPI SetUserGeoID(GEOID geo)
{
    if (!country_record(geo))
        return nls_fail(ERROR_INVALID_PARAMETER);
    user_geo = geo;
    return TRUE;
}

int WINAPI GetUserDefaultGeoName(LPWSTR buffer, int room)
{
    return GetGeoInfoW(user_geo, GEO_ISO2, buffer, room, 0);
}

INT WINAPI GetGeoInfoW(GEOID geo, GEOTYPE type, LPWSTR buffer, INT room, LANGID language)
{
    const NLS_LOCALE_DATA *locale = country_record(geo);
    WCHAR number[16];
    const WCHAR *text;

    (void)language;
    if (!locale)
        return nls_fail(ERROR_INVALID_PARAMETER);
    switch (type) {
    case GEO_NATION:
    case GEO_ID:
        _snwprintf(number, NLS_ARRAY_COUNT(number), L"%d", (int)geo);
        text = number;
        break;
    case GEO_ISO2: text = nls_locale_string(locale->siso3166ctryname, NULL); break;
    case GEO_ISO3: text = nls_locale_string(locale->siso3166ctryname2, NULL); break;
    case GEO_FRIENDLYNAME:
    case GEO_OFFICIALNAME: text = nls_locale_string(locale->sengcountry, NULL); break;
    default: return nls_fail(ERROR_INVALID_FLAGS);
    }
    if (room && (INT)wcslen(text) >= room)
        return nls_fail(ERROR_INSUFFICIENT_BUFFER);
    if (room)
        wcscpy_s(buffer, (size_t)room, text);
    return (INT)wcslen(text) + 1;
}

INT WINAPI GetGeoInfoA(GEOID geo, GEOTYPE type, LPSTR buffer, INT room, LANGID language)
{
    WCHAR wide[128];

    if (!GetGeoInfoW(geo, type, wide, NLS_ARRAY_COUNT(wide), language))
        return 0;
    return WideCharToMultiByte(CP_ACP, 0, wide, -1, buffer, room, NULL, NULL);
}

/* --- Code pages --- */

/* Those that Windows has; which are there is a matter of the data files. */
static const USHORT pages[] = {
    37,    437,   500,   708,   720,   737,   775,   850,   852,   855,   857,   860,   861,   862,   863,   864,
    865,   866,   869,   874,   875,   932,   936,   949,   950,   1026,  1250,  1251,  1252,  1253,  1254,  1255,
    1256,  1257,  1258,  1361,  10000, 10001, 10002, 10003, 10004, 10005, 10006, 10007, 10008, 10010, 10017, 10021,
    10029, 10079, 10081, 10082, 20127, 20866, 20932, 20949, 21866, 28591, 28592, 28593, 28594, 28595, 28596, 28597,
    28598, 28599, 28603, 28605, 65000, 65001};

BOOL WINAPI EnumSystemCodePagesW(CODEPAGE_ENUMPROCW proc, DWORD flags)
{
    (void)flags; /* supported and installed are the same here */
    for (unsigned i = 0; i < NLS_ARRAY_COUNT(pages); i++) {
        WCHAR number[8];

        if (!IsValidCodePage(pages[i]))
            continue;
        _snwprintf(number, NLS_ARRAY_COUNT(number), L"%u", pages[i]);
        if (!proc(number))
            break;
    }
    return TRUE;
}

BOOL WINAPI EnumSystemCodePagesA(CODEPAGE_ENUMPROCA proc, DWORD flags)
{
    (void)flags;
    for (unsigned i = 0; i < NLS_ARRAY_COUNT(pages); i++) {
        WCHAR number[8];
        char text[8];

        if (!IsValidCodePage(pages[i]))
            continue;
        _snwprintf(number, NLS_ARRAY_COUNT(number), L"%u", pages[i]);
        WideCharToMultiByte(CP_ACP, 0, number, -1, text, sizeof(text), NULL, NULL);
        if (!proc(text))
            break;
    }
    return TRUE;
}
