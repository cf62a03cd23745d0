/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * winnls.h: calendars and the lists of date and time formats. The Gregorian calendar is the one there is.
 */
#include "nls.h"

static bool is_gregorian(CALID calendar)
{
    return calendar >= CAL_GREGORIAN && calendar <= CAL_GREGORIAN_US;
}

/* What a calendar type is as a locale type; 0: not such a one. */
static LCTYPE locale_type(CALTYPE type)
{
    if (type >= CAL_SDAYNAME1 && type <= CAL_SDAYNAME7)
        return LOCALE_SDAYNAME1 + (type - CAL_SDAYNAME1);
    if (type >= CAL_SABBREVDAYNAME1 && type <= CAL_SABBREVDAYNAME7)
        return LOCALE_SABBREVDAYNAME1 + (type - CAL_SABBREVDAYNAME1);
    if (type >= CAL_SMONTHNAME1 && type <= CAL_SMONTHNAME12)
        return LOCALE_SMONTHNAME1 + (type - CAL_SMONTHNAME1);
    if (type >= CAL_SABBREVMONTHNAME1 && type <= CAL_SABBREVMONTHNAME12)
        return LOCALE_SABBREVMONTHNAME1 + (type - CAL_SABBREVMONTHNAME1);
    if (type >= CAL_SSHORTESTDAYNAME1 && type <= CAL_SSHORTESTDAYNAME7)
        return LOCALE_SSHORTESTDAYNAME1 + (type - CAL_SSHORTESTDAYNAME1);
    switch (type) {
    case CAL_SMONTHNAME13: return LOCALE_SMONTHNAME13;
    case CAL_SABBREVMONTHNAME13: return LOCALE_SABBREVMONTHNAME13;
    case CAL_SSHORTDATE: return LOCALE_SSHORTDATE;
    case CAL_SLONGDATE: return LOCALE_SLONGDATE;
    case CAL_SYEARMONTH: return LOCALE_SYEARMONTH;
    case CAL_SMONTHDAY: return LOCALE_SMONTHDAY;
    default: return 0;
    }
}

int WINAPI GetCalendarInfoEx(LPCWSTR locale, CALID calendar, LPCWSTR reserved, CALTYPE type, LPWSTR buffer, int room,
                             LPDWORD value)
{
    CALTYPE plain = type & ~(CALTYPE)(CAL_NOUSEROVERRIDE | CAL_USE_CP_ACP | CAL_RETURN_NUMBER |
                                      CAL_RETURN_GENITIVE_NAMES);
    WCHAR number[16];
    const WCHAR *text = number;
    DWORD result;

    if (reserved || room < 0 || !nls_locale_by_name(locale, NULL))
        return nls_fail(ERROR_INVALID_PARAMETER);
    if (!is_gregorian(calendar))
        return nls_fail(ERROR_INVALID_PARAMETER);
    if (type & CAL_RETURN_NUMBER ? buffer || room || !value : value != NULL || (room && !buffer))
        return nls_fail(ERROR_INVALID_PARAMETER);
    if (locale_type(plain)) {
        if (type & CAL_RETURN_NUMBER)
            return nls_fail(ERROR_INVALID_FLAGS);
        return GetLocaleInfoEx(locale, locale_type(plain) | (type & CAL_RETURN_GENITIVE_NAMES), buffer, room);
    }
    switch (plain) {
    case CAL_ICALINTVALUE: result = calendar; break;
    case CAL_ITWODIGITYEARMAX: result = 2049; break; /* Windows 10's default */
    case CAL_IYEAROFFSETRANGE: result = 0; break;
    case CAL_SCALNAME:
        text = L"Gregorian Calendar";
        result = 0;
        break;
    case CAL_SERASTRING:
        text = L"A.D.";
        result = 0;
        break;
    case CAL_SABBREVERASTRING:
        text = L"AD";
        result = 0;
        break;
    default: return nls_fail(ERROR_INVALID_FLAGS);
    }
    if (type & CAL_RETURN_NUMBER) {
        if (text != number)
            return nls_fail(ERROR_INVALID_FLAGS);
        *value = result;
        return sizeof(DWORD) / sizeof(WCHAR);
    }
    if (text == number)
        _snwprintf(number, NLS_ARRAY_COUNT(number), L"%u", (unsigned)result);
    if (room && (int)wcslen(text) >= room)
        return nls_fail(ERROR_INSUFFICIENT_BUFFER);
    if (room)
        wcscpy_s(buffer, (size_t)room, text);
    return (int)wcslen(text) + 1;
}

static bool name_of(LCID id, WCHAR *name)
{
    return LCIDToLocaleName(id, name, LOCALE_NAME_MAX_LENGTH, LOCALE_ALLOW_NEUTRAL_NAMES);
}

int WINAPI GetCalendarInfoW(LCID id, CALID calendar, CALTYPE type, LPWSTR buffer, int room, LPDWORD value)
{
    WCHAR name[LOCALE_NAME_MAX_LENGTH];

    return name_of(id, name) ? GetCalendarInfoEx(name, calendar, NULL, type, buffer, room, value)
                             : nls_fail(ERROR_INVALID_PARAMETER);
}

int WINAPI GetCalendarInfoA(LCID id, CALID calendar, CALTYPE type, LPSTR buffer, int room, LPDWORD value)
{
    WCHAR wide[256];

    if (type & CAL_RETURN_NUMBER)
        return GetCalendarInfoW(id, calendar, type, NULL, 0, value) ? sizeof(DWORD) : 0;
    if (!GetCalendarInfoW(id, calendar, type, wide, NLS_ARRAY_COUNT(wide), NULL))
        return 0;
    return WideCharToMultiByte(CP_ACP, 0, wide, -1, buffer, room, NULL, NULL);
}

/* --- Lists --- */

BOOL WINAPI EnumCalendarInfoExEx(CALINFO_ENUMPROCEXEX proc, LPCWSTR locale, CALID calendar, LPCWSTR reserved,
                                 CALTYPE type, LPARAM param)
{
    WCHAR text[256];

    if (!proc || reserved)
        return nls_fail(ERROR_INVALID_PARAMETER);
    if (calendar == ENUM_ALL_CALENDARS)
        calendar = CAL_GREGORIAN;
    if (!GetCalendarInfoEx(locale, calendar, NULL, type, text, NLS_ARRAY_COUNT(text), NULL))
        return FALSE;
    proc(text, calendar, NULL, param);
    return TRUE;
}

BOOL WINAPI EnumCalendarInfoExW(CALINFO_ENUMPROCEXW proc, LCID id, CALID calendar, CALTYPE type)
{
    WCHAR text[256];

    if (!proc)
        return nls_fail(ERROR_INVALID_PARAMETER);
    if (calendar == ENUM_ALL_CALENDARS)
        calendar = CAL_GREGORIAN;
    if (!GetCalendarInfoW(id, calendar, type, text, NLS_ARRAY_COUNT(text), NULL))
        return FALSE;
    proc(text, calendar);
    return TRUE;
}

BOOL WINAPI EnumCalendarInfoW(CALINFO_ENUMPROCW proc, LCID id, CALID calendar, CALTYPE type)
{
    WCHAR text[256];

    if (!proc)
        return nls_fail(ERROR_INVALID_PARAMETER);
    if (calendar == ENUM_ALL_CALENDARS)
        calendar = CAL_GREGORIAN;
    if (!GetCalendarInfoW(id, calendar, type, text, NLS_ARRAY_COUNT(text), NULL))
        return FALSE;
    proc(text);
    return TRUE;
}

/* The array of pictures of one kind; 0: no such kind. */
static ULONG date_pictures(const NLS_LOCALE_DATA *locale, DWORD flags)
{
    switch (flags & ~(DWORD)LOCALE_USE_CP_ACP) {
    case 0:
    case DATE_SHORTDATE: return locale->sshortdate;
    case DATE_LONGDATE: return locale->slongdate;
    case DATE_YEARMONTH: return locale->syearmonth;
    case DATE_MONTHDAY: return locale->smonthday;
    default: return 0;
    }
}

static ULONG time_pictures(const NLS_LOCALE_DATA *locale, DWORD flags)
{
    switch (flags & ~(DWORD)LOCALE_USE_CP_ACP) {
    case 0: return locale->stimeformat;
    case TIME_NOSECONDS: return locale->sshorttime;
    default: return 0;
    }
}

/* Each picture to the callback, in whose form it wants it. */
static BOOL enumerate(ULONG pictures, BOOL (*call)(void *proc, WCHAR *picture, LPARAM param), void *proc, LPARAM param)
{
    const WCHAR *picture;

    if (!pictures)
        return nls_fail(ERROR_INVALID_FLAGS);
    for (ULONG i = 0; (picture = nls_locale_array_string(pictures, i)); i++) {
        WCHAR copy[128];

        wcsncpy_s(copy, NLS_ARRAY_COUNT(copy), picture, (size_t)-1);
        if (!call(proc, copy, param))
            break;
    }
    return TRUE;
}

static BOOL call_date_exex(void *proc, WCHAR *picture, LPARAM param)
{
    return ((DATEFMT_ENUMPROCEXEX)proc)(picture, CAL_GREGORIAN, param);
}

static BOOL call_date_ex(void *proc, WCHAR *picture, LPARAM param)
{
    (void)param;
    return ((DATEFMT_ENUMPROCEXW)proc)(picture, CAL_GREGORIAN);
}

static BOOL call_plain(void *proc, WCHAR *picture, LPARAM param)
{
    (void)param;
    return ((DATEFMT_ENUMPROCW)proc)(picture);
}

static BOOL call_time_ex(void *proc, WCHAR *picture, LPARAM param)
{
    return ((TIMEFMT_ENUMPROCEX)proc)(picture, param);
}

BOOL WINAPI EnumDateFormatsExEx(DATEFMT_ENUMPROCEXEX proc, LPCWSTR name, DWORD flags, LPARAM param)
{
    const NLS_LOCALE_DATA *locale = nls_locale_by_name(name, NULL);

    return proc && locale ? enumerate(date_pictures(locale, flags), call_date_exex, (void *)proc, param)
                          : nls_fail(ERROR_INVALID_PARAMETER);
}

BOOL WINAPI EnumDateFormatsExW(DATEFMT_ENUMPROCEXW proc, LCID id, DWORD flags)
{
    const NLS_LOCALE_DATA *locale = nls_locale_by_id(id, NULL);

    return proc && locale ? enumerate(date_pictures(locale, flags), call_date_ex, (void *)proc, 0)
                          : nls_fail(ERROR_INVALID_PARAMETER);
}

BOOL WINAPI EnumDateFormatsW(DATEFMT_ENUMPROCW proc, LCID id, DWORD flags)
{
    const NLS_LOCALE_DATA *locale = nls_locale_by_id(id, NULL);

    return proc && locale ? enumerate(date_pictures(locale, flags), call_plain, (void *)proc, 0)
                          : nls_fail(ERROR_INVALID_PARAMETER);
}

BOOL WINAPI EnumTimeFormatsEx(TIMEFMT_ENUMPROCEX proc, LPCWSTR name, DWORD flags, LPARAM param)
{
    const NLS_LOCALE_DATA *locale = nls_locale_by_name(name, NULL);

    return proc && locale ? enumerate(time_pictures(locale, flags), call_time_ex, (void *)proc, param)
                          : nls_fail(ERROR_INVALID_PARAMETER);
}

BOOL WINAPI EnumTimeFormatsW(TIMEFMT_ENUMPROCW proc, LCID id, DWORD flags)
{
    const NLS_LOCALE_DATA *locale = nls_locale_by_id(id, NULL);

    return proc && locale ? enumerate(time_pictures(locale, flags), call_plain, (void *)proc, 0)
                          : nls_fail(ERROR_INVALID_PARAMETER);
}
