/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Locale data and formats (en-US and a few others), names and ids.
 *
 * Sources: learn.microsoft.com "National Language Support" (GetLocaleInfoEx, LCIDToLocaleName, GetNumberFormatEx,
 * GetCurrencyFormatEx, GetDateFormatEx, GetTimeFormatEx, ResolveLocaleName, GetUserGeoID); Wine's
 * kernel32/tests/locale.c, which passes on Windows.
 */
#include "conformance.h"
#include <winnls.h>

static void test_user(void)
{
    WCHAR name[LOCALE_NAME_MAX_LENGTH], list[64];
    ULONG count = 0, room = ARRAYSIZE(list);

    ok(GetUserDefaultLocaleName(name, ARRAYSIZE(name)) == 6 && !wcscmp(name, L"en-US"), "%ls", name);
    ok(GetSystemDefaultLocaleName(name, ARRAYSIZE(name)) == 6 && !wcscmp(name, L"en-US"), "%ls", name);
    ok(GetUserDefaultLCID() == 0x409 && GetSystemDefaultLCID() == 0x409, "%#lx", GetUserDefaultLCID());
    ok(GetUserDefaultLangID() == 0x409 && GetUserDefaultUILanguage() == 0x409, "%#x", GetUserDefaultLangID());
    ok(GetThreadLocale() == 0x409, "%#lx", GetThreadLocale());
    ok(GetThreadUILanguage() == 0x409, "%#x", GetThreadUILanguage());
    ok(GetUserGeoID(GEOCLASS_NATION) == 244, "geo %ld", GetUserGeoID(GEOCLASS_NATION));
    ok(GetUserPreferredUILanguages(MUI_LANGUAGE_NAME, &count, list, &room), "error %lu", GetLastError());
    ok(count == 1 && room == 7 && !wcscmp(list, L"en-US") && !list[6], "%lu languages in %lu: %ls", count, room, list);
    ok(GetGeoInfoW(244, GEO_ISO2, name, ARRAYSIZE(name), 0) == 3 && !wcscmp(name, L"US"), "%ls", name);
    ok(GetGeoInfoW(94, GEO_ISO3, name, ARRAYSIZE(name), 0) == 4 && !wcscmp(name, L"DEU"), "%ls", name);
}

static void test_data(void)
{
    static const struct {
        const WCHAR *locale;
        LCTYPE type;
        const WCHAR *value;
    } rows[] = {
        {L"en-US", LOCALE_SDECIMAL, L"."},
        {L"en-US", LOCALE_STHOUSAND, L","},
        {L"en-US", LOCALE_SGROUPING, L"3;0"},
        {L"en-US", LOCALE_SLIST, L","},
        {L"en-US", LOCALE_SCURRENCY, L"$"},
        {L"en-US", LOCALE_SINTLSYMBOL, L"USD"},
        {L"en-US", LOCALE_IDIGITS, L"2"},
        {L"en-US", LOCALE_ILZERO, L"1"},
        {L"en-US", LOCALE_INEGNUMBER, L"1"},
        {L"en-US", LOCALE_ICURRDIGITS, L"2"},
        {L"en-US", LOCALE_IMEASURE, L"1"},
        {L"en-US", LOCALE_SSHORTDATE, L"M/d/yyyy"},
        {L"en-US", LOCALE_SLONGDATE, L"dddd, MMMM d, yyyy"},
        {L"en-US", LOCALE_STIMEFORMAT, L"h:mm:ss tt"},
        {L"en-US", LOCALE_SSHORTTIME, L"h:mm tt"},
        {L"en-US", LOCALE_S1159, L"AM"},
        {L"en-US", LOCALE_SDAYNAME1, L"Monday"},
        {L"en-US", LOCALE_SDAYNAME7, L"Sunday"},
        {L"en-US", LOCALE_SABBREVDAYNAME3, L"Wed"},
        {L"en-US", LOCALE_SMONTHNAME1, L"January"},
        {L"en-US", LOCALE_SABBREVMONTHNAME12, L"Dec"},
        {L"en-US", LOCALE_SENGLANGUAGE, L"English"},
        {L"en-US", LOCALE_SENGCOUNTRY, L"United States"},
        {L"en-US", LOCALE_SISO639LANGNAME, L"en"},
        {L"en-US", LOCALE_SISO3166CTRYNAME, L"US"},
        {L"en-US", LOCALE_SABBREVLANGNAME, L"ENU"},
        {L"en-US", LOCALE_ILANGUAGE, L"0409"},
        {L"en-US", LOCALE_IDEFAULTANSICODEPAGE, L"1252"},
        {L"en-US", LOCALE_IDEFAULTCODEPAGE, L"437"},
        {L"en-US", LOCALE_SNAME, L"en-US"},
        {L"en-US", LOCALE_SPARENT, L"en"},
        {L"en-US", LOCALE_SNATIVEDIGITS, L"0123456789"},
        {L"en-US", LOCALE_SNEGATIVESIGN, L"-"},
        {L"en-US", LOCALE_ICALENDARTYPE, L"1"},
        {L"en-US", LOCALE_IFIRSTDAYOFWEEK, L"6"},
        {L"de-DE", LOCALE_SDECIMAL, L","},
        {L"de-DE", LOCALE_STHOUSAND, L"."},
        {L"de-DE", LOCALE_SMONTHNAME3, L"M\xe4rz"},
        {L"de-DE", LOCALE_SNATIVELANGNAME, L"Deutsch"},
        {L"ja-JP", LOCALE_IDEFAULTANSICODEPAGE, L"932"},
        {L"ru-RU", LOCALE_IDEFAULTANSICODEPAGE, L"1251"},
        {L"fr-FR", LOCALE_SENGCURRNAME, L"Euro"},
        {LOCALE_NAME_INVARIANT, LOCALE_SSHORTDATE, L"MM/dd/yyyy"},
    };

    for (unsigned i = 0; i < ARRAYSIZE(rows); i++) {
        WCHAR value[128];
        int length = (int)wcslen(rows[i].value) + 1, got;

        memset(value, 0xcc, sizeof(value));
        got = GetLocaleInfoEx(rows[i].locale, rows[i].type, value, ARRAYSIZE(value));
        ok(got == length && !wcscmp(value, rows[i].value), "%ls %#lx: \"%ls\" (%d)", rows[i].locale, rows[i].type,
           got ? value : L"", got);
        ok(GetLocaleInfoEx(rows[i].locale, rows[i].type, NULL, 0) == length, "%ls %#lx: length", rows[i].locale,
           rows[i].type);
        SetLastError(0xdeadbeef);
        ok(!GetLocaleInfoEx(rows[i].locale, rows[i].type, value, length - 1) || length == 1, "%ls %#lx: short",
           rows[i].locale, rows[i].type);
    }
}

static void test_errors(void)
{
    WCHAR value[16];
    DWORD number = 0;

    SetLastError(0xdeadbeef);
    ok(!GetLocaleInfoEx(L"xx-nonsense-ZZZ", LOCALE_SNAME, value, 16) && GetLastError() == ERROR_INVALID_PARAMETER,
       "error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!GetLocaleInfoW(0xf00d, LOCALE_SNAME, value, 16) && GetLastError() == ERROR_INVALID_PARAMETER, "error %lu",
       GetLastError());
    SetLastError(0xdeadbeef);
    ok(!GetLocaleInfoW(0x409, 0xfff, value, 16) && GetLastError() == ERROR_INVALID_FLAGS, "error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!GetLocaleInfoW(0x409, LOCALE_SDECIMAL, value, 1) && GetLastError() == ERROR_INSUFFICIENT_BUFFER, "error %lu",
       GetLastError());
    ok(GetLocaleInfoW(0x409, LOCALE_IDIGITS | LOCALE_RETURN_NUMBER, (WCHAR *)&number, 2) == 2 && number == 2, "%lu",
       number);
    SetLastError(0xdeadbeef);
    ok(!GetLocaleInfoW(0x409, LOCALE_SDECIMAL | LOCALE_RETURN_NUMBER, (WCHAR *)&number, 2) &&
           GetLastError() == ERROR_INVALID_FLAGS, "error %lu", GetLastError());
}

static int enumerated, found_german;

static BOOL CALLBACK count_locale(WCHAR *name, DWORD flags, LPARAM param)
{
    (void)flags;
    enumerated++;
    found_german += !wcscmp(name, L"de-DE");
    return param == 42;
}

static void test_names(void)
{
    static const struct {
        LCID id;
        const WCHAR *name;
    } rows[] = {{0x409, L"en-US"}, {0x407, L"de-DE"}, {0x411, L"ja-JP"}, {0x804, L"zh-CN"}, {0x404, L"zh-TW"},
                {0x419, L"ru-RU"}, {0x40c, L"fr-FR"}, {0x809, L"en-GB"}, {0x416, L"pt-BR"}, {0x7f, L""}};
    WCHAR name[LOCALE_NAME_MAX_LENGTH];

    for (unsigned i = 0; i < ARRAYSIZE(rows); i++) {
        ok(LCIDToLocaleName(rows[i].id, name, ARRAYSIZE(name), 0) && !wcscmp(name, rows[i].name), "%#lx: %ls",
           rows[i].id, name);
        ok(LocaleNameToLCID(rows[i].name, 0) == rows[i].id, "%ls: %#lx", rows[i].name,
           LocaleNameToLCID(rows[i].name, 0));
    }
    ok(LocaleNameToLCID(L"EN-us", 0) == 0x409, "case");
    SetLastError(0xdeadbeef);
    ok(!LocaleNameToLCID(L"e", 0) && GetLastError() == ERROR_INVALID_PARAMETER, "error %lu", GetLastError());
    ok(IsValidLocaleName(L"en-US") && !IsValidLocaleName(L"qq-QQ") && IsValidLocale(0x409, LCID_INSTALLED) &&
           !IsValidLocale(0xbeef, LCID_INSTALLED), "validity");
    ok(ConvertDefaultLocale(LOCALE_USER_DEFAULT) == 0x409 && ConvertDefaultLocale(LOCALE_SYSTEM_DEFAULT) == 0x409,
       "defaults");
    ok(EnumSystemLocalesEx(count_locale, 0, 42, NULL), "error %lu", GetLastError());
    ok(enumerated > 200 && found_german == 1, "%d locales, German %d times", enumerated, found_german);
    enumerated = 0;
    EnumSystemLocalesEx(count_locale, 0, 1, NULL);
    ok(enumerated == 1, "not ended: %d", enumerated);
    ok(ResolveLocaleName(L"en-US", name, ARRAYSIZE(name)) == 6 && !wcscmp(name, L"en-US"), "%ls", name);
    ok(ResolveLocaleName(L"de", name, ARRAYSIZE(name)) == 6 && !wcscmp(name, L"de-DE"), "%ls", name);
    ok(ResolveLocaleName(L"qq-QQ", name, ARRAYSIZE(name)) == 1 && !name[0], "%ls", name);
}

static void test_numbers(void)
{
    static const struct {
        const WCHAR *locale, *value, *number, *currency;
        BOOL differs_on_wine; /* which groups the last digits alone, not what carries over */
    } rows[] = {
        {L"en-US", L"0", L"0.00", L"$0.00"},
        {L"en-US", L"1", L"1.00", L"$1.00"},
        {L"en-US", L"123", L"123.00", L"$123.00"},
        {L"en-US", L"1234", L"1,234.00", L"$1,234.00"},
        {L"en-US", L"1234567.891", L"1,234,567.89", L"$1,234,567.89", TRUE},
        {L"en-US", L"1234567.899", L"1,234,567.90", L"$1,234,567.90", TRUE},
        {L"en-US", L"999.999", L"1,000.00", L"$1,000.00", TRUE},
        {L"en-US", L"0.005", L"0.01", L"$0.01"},
        {L"en-US", L".5", L"0.50", L"$0.50"},
        {L"en-US", L"000123", L"123.00", L"$123.00"},
        {L"en-US", L"-1234.5", L"-1,234.50", L"($1,234.50)"},
        {L"de-DE", L"1234567.891", L"1.234.567,89", L"1.234.567,89 \x20ac", TRUE},
    };
    static const struct {
        const WCHAR *value;
        NUMBERFMTW format;
        const WCHAR *result;
    } formats[] = {
        {L"2353", {0, 0, 3, L"", L"", 0}, L"2353"},
        {L"2353", {2, 0, 3, L".", L",", 0}, L"2,353.00"},
        {L"0.5", {2, 0, 3, L".", L",", 0}, L".50"},
        {L"0.5", {2, 1, 3, L".", L",", 0}, L"0.50"},
        {L"0.5", {0, 1, 3, L".", L",", 0}, L"1"},
        {L"-2353", {2, 0, 3, L".", L",", 0}, L"(2,353.00)"},
        {L"-2353", {2, 0, 3, L".", L",", 1}, L"-2,353.00"},
        {L"-2353", {2, 0, 3, L".", L",", 2}, L"- 2,353.00"},
        {L"-2353", {2, 0, 3, L".", L",", 3}, L"2,353.00-"},
        {L"-2353", {2, 0, 3, L".", L",", 4}, L"2,353.00 -"},
        {L"123456789", {0, 0, 0, L".", L",", 0}, L"123456789"},
        {L"123456789", {0, 0, 32, L".", L",", 0}, L"12,34,56,789"},
        {L"123456789", {0, 0, 30, L".", L",", 0}, L"123456,789"},
        {L"123456789", {1, 0, 3, L"::", L"--", 0}, L"123--456--789::0"},
    };
    WCHAR out[64];

    for (unsigned i = 0; i < ARRAYSIZE(rows); i++) {
        int got = GetNumberFormatEx(rows[i].locale, 0, rows[i].value, NULL, out, ARRAYSIZE(out));

        todo_wine_if(rows[i].differs_on_wine)
            ok(got == (int)wcslen(rows[i].number) + 1 && !wcscmp(out, rows[i].number), "%u: \"%ls\"", i, out);
        got = GetCurrencyFormatEx(rows[i].locale, 0, rows[i].value, NULL, out, ARRAYSIZE(out));
        todo_wine_if(rows[i].differs_on_wine)
            ok(got == (int)wcslen(rows[i].currency) + 1 && !wcscmp(out, rows[i].currency), "%u: \"%ls\"", i, out);
    }
    for (unsigned i = 0; i < ARRAYSIZE(formats); i++) {
        int got = GetNumberFormatEx(L"en-US", 0, formats[i].value, &formats[i].format, out, ARRAYSIZE(out));

        ok(got == (int)wcslen(formats[i].result) + 1 && !wcscmp(out, formats[i].result), "%u: \"%ls\"", i, out);
    }
    SetLastError(0xdeadbeef);
    ok(!GetNumberFormatEx(L"en-US", 0, L"12a", NULL, out, 64) && GetLastError() == ERROR_INVALID_PARAMETER, "error %lu",
       GetLastError());
    SetLastError(0xdeadbeef);
    ok(!GetNumberFormatEx(L"en-US", 0, L"1234", NULL, out, 8) && GetLastError() == ERROR_INSUFFICIENT_BUFFER,
       "error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!GetNumberFormatEx(L"en-US", LOCALE_NOUSEROVERRIDE, L"1", &formats[0].format, out, 64) &&
           GetLastError() == ERROR_INVALID_FLAGS, "error %lu", GetLastError());
}

static void test_dates(void)
{
    static const SYSTEMTIME time = {2024, 3, 4, 7, 15, 4, 9, 0}; /* a Thursday */
    static const struct {
        DWORD flags;
        const WCHAR *locale, *picture, *result;
    } dates[] = {
        {0, L"en-US", NULL, L"3/7/2024"},
        {DATE_SHORTDATE, L"en-US", NULL, L"3/7/2024"},
        {DATE_LONGDATE, L"en-US", NULL, L"Thursday, March 7, 2024"},
        {DATE_YEARMONTH, L"en-US", NULL, L"March 2024"},
        {0, L"en-US", L"yyyy-MM-dd", L"2024-03-07"},
        {0, L"en-US", L"ddd, dd MMM yy", L"Thu, 07 Mar 24"},
        {0, L"en-US", L"d/M/y", L"7/3/24"},
        {0, L"en-US", L"'day' dddd ''''", L"day Thursday '"},
        {0, L"de-DE", L"dddd, d. MMMM yyyy", L"Donnerstag, 7. M\xe4rz 2024"},
    }, times[] = {
        {0, L"en-US", NULL, L"3:04:09 PM"},
        {TIME_NOSECONDS, L"en-US", NULL, L"3:04 PM"},
        {TIME_NOMINUTESORSECONDS, L"en-US", NULL, L"3 PM"},
        {TIME_FORCE24HOURFORMAT, L"en-US", NULL, L"15:04:09 PM"},
        {TIME_FORCE24HOURFORMAT | TIME_NOTIMEMARKER, L"en-US", NULL, L"15:04:09"},
        {TIME_NOTIMEMARKER, L"en-US", NULL, L"3:04:09"},
        {0, L"en-US", L"HH:mm:ss", L"15:04:09"},
        {0, L"en-US", L"h:m:s t", L"3:4:9 P"},
        {0, L"en-US", L"hh'h' mm'm'", L"03h 04m"},
        {0, L"de-DE", NULL, L"15:04:09"},
    };
    SYSTEMTIME bad = time;
    WCHAR out[64];

    for (unsigned i = 0; i < ARRAYSIZE(dates); i++) {
        int got = GetDateFormatEx(dates[i].locale, dates[i].flags, &time, dates[i].picture, out, 64, NULL);

        ok(got == (int)wcslen(dates[i].result) + 1 && !wcscmp(out, dates[i].result), "%u: \"%ls\"", i, out);
    }
    for (unsigned i = 0; i < ARRAYSIZE(times); i++) {
        int got = GetTimeFormatEx(times[i].locale, times[i].flags, &time, times[i].picture, out, 64);

        ok(got == (int)wcslen(times[i].result) + 1 && !wcscmp(out, times[i].result), "%u: \"%ls\"", i, out);
    }
    bad.wMonth = 13;
    SetLastError(0xdeadbeef);
    ok(!GetDateFormatEx(L"en-US", 0, &bad, NULL, out, 64, NULL) && GetLastError() == ERROR_INVALID_PARAMETER, "error %lu",
       GetLastError());
    bad = time, bad.wDayOfWeek = 0; /* computed, not believed */
    ok(GetDateFormatEx(L"en-US", 0, &bad, L"dddd", out, 64, NULL) && !wcscmp(out, L"Thursday"), "%ls", out);
    bad.wHour = 24;
    SetLastError(0xdeadbeef);
    ok(!GetTimeFormatEx(L"en-US", 0, &bad, NULL, out, 64) && GetLastError() == ERROR_INVALID_PARAMETER, "error %lu",
       GetLastError());
    SetLastError(0xdeadbeef);
    ok(!GetDateFormatEx(L"en-US", DATE_LONGDATE, &time, L"d", out, 64, NULL) && GetLastError() == ERROR_INVALID_FLAGS,
       "error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!GetDateFormatEx(L"en-US", 0, &time, NULL, out, 3, NULL) && GetLastError() == ERROR_INSUFFICIENT_BUFFER, "error %lu",
       GetLastError());
}

static int calendars;

static BOOL CALLBACK count_calendar(WCHAR *text)
{
    calendars += text[0] != 0;
    return TRUE;
}

static void test_calendars(void)
{
    WCHAR text[64];
    DWORD value = 0;

    ok(GetCalendarInfoEx(L"en-US", CAL_GREGORIAN, NULL, CAL_SMONTHNAME2, text, 64, NULL) && !wcscmp(text, L"February"),
       "%ls", text);
    ok(GetCalendarInfoEx(L"en-US", CAL_GREGORIAN, NULL, CAL_SDAYNAME1, text, 64, NULL) && !wcscmp(text, L"Monday"), "%ls",
       text);
    ok(GetCalendarInfoW(0x409, CAL_GREGORIAN, CAL_ITWODIGITYEARMAX | CAL_RETURN_NUMBER, NULL, 0, &value) && value >= 2029,
       "%lu", value);
    ok(EnumDateFormatsW(count_calendar, 0x409, DATE_SHORTDATE) && calendars >= 1, "%d formats", calendars);
    calendars = 0;
    ok(EnumTimeFormatsW(count_calendar, 0x409, 0) && calendars >= 1, "%d formats", calendars);
}

CONFORMANCE("system: locales", test_user, test_data, test_errors, test_names, test_numbers, test_dates, test_calendars)
