/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * datetimeapi.h: dates and times as text, by a locale's pictures or the caller's.
 */
#include "nls.h"

#define DATE_KINDS   (DATE_SHORTDATE | DATE_LONGDATE | DATE_YEARMONTH | DATE_MONTHDAY)
#define DATE_FLAGS   (DATE_KINDS | DATE_USE_ALT_CALENDAR | DATE_LTRREADING | DATE_RTLREADING | \
                      DATE_AUTOLAYOUT)
#define TIME_FLAGS   (TIME_NOMINUTESORSECONDS | TIME_NOSECONDS | TIME_NOTIMEMARKER | \
                      TIME_FORCE24HOURFORMAT)
#define PICTURE_ROOM 256 /* an A caller's picture, in characters */
#define TEXT_ROOM    512 /* the text for an A caller */

/* Where the text goes: counts on when there is no room left, so that a caller can ask for the length. */
struct output {
    WCHAR *buffer;
    int room, length;
};

static void put(struct output *out, WCHAR c)
{
    if (out->length < out->room)
        out->buffer[out->length] = c;
    out->length++;
}

static void put_string(struct output *out, const WCHAR *text)
{
    while (text && *text)
        put(out, *text++);
}

static void put_number(struct output *out, unsigned value, int digits)
{
    WCHAR text[8];

    _snwprintf(text, NLS_ARRAY_COUNT(text), digits > 1 ? L"%02u" : L"%u", value);
    put_string(out, text);
}

static int finish(struct output *out)
{
    put(out, 0);
    if (out->room && out->length > out->room)
        return nls_fail(ERROR_INSUFFICIENT_BUFFER);
    return out->length;
}

/* How often the letter stands here. */
static int run_of(const WCHAR *picture)
{
    int count = 1;

    while (picture[count] == picture[0])
        count++;
    return count;
}

/* Puts the quoted text that begins here ('' is an apostrophe) and gives what stands behind it. */
static const WCHAR *put_quoted(struct output *out, const WCHAR *picture)
{
    for (picture++; *picture; picture++) {
        if (*picture == '\'') {
            if (picture[1] != '\'')
                return picture + 1;
            picture++;
        }
        put(out, *picture);
    }
    return picture;
}

/* --- Dates ------------------------------------------------------------------------------------ */

/* A month's name beside a day of the month has another case in some languages ("1 stycznia"). */
static bool wants_genitive(const WCHAR *picture)
{
    while (*picture) {
        int count = run_of(picture);

        if (*picture == '\'') {
            for (picture++; *picture && *picture != '\''; picture++)
                ;
            picture += *picture != 0;
            continue;
        }
        if (*picture == 'd' && count <= 2)
            return true;
        picture += count;
    }
    return false;
}

static void put_month(struct output *out, const NLS_LOCALE_DATA *locale, int month, int count,
                      bool genitive)
{
    const WCHAR *name = NULL;

    if (count <= 2) {
        put_number(out, (unsigned)month, count);
        return;
    }
    if (genitive)
        name = nls_locale_array_string(count == 3 ? locale->sabbrevgenitivemonth
                                                  : locale->sgenitivemonth, (ULONG)month - 1);
    if (!name)
        name = nls_locale_array_string(count == 3 ? locale->sabbrevmonthname : locale->smonthname,
                                       (ULONG)month - 1);
    put_string(out, name);
}

static void put_year(struct output *out, unsigned year, int count)
{
    WCHAR text[8];

    if (count <= 2) {
        put_number(out, year % 100, count);
        return;
    }
    _snwprintf(text, NLS_ARRAY_COUNT(text), L"%04u", year);
    put_string(out, text);
}

static int put_date(const NLS_LOCALE_DATA *locale, const WCHAR *picture, const SYSTEMTIME *time,
                    WCHAR *buffer, int room)
{
    struct output out = {buffer, room, 0};
    bool genitive = wants_genitive(picture);

    while (*picture) {
        int count = run_of(picture);

        switch (*picture) {
        case '\'':
            picture = put_quoted(&out, picture);
            continue;
        case 'd':
            if (count <= 2)
                put_number(&out, time->wDay, count);
            else
                put_string(&out, nls_locale_array_string(count == 3 ? locale->sabbrevdayname
                                                                    : locale->sdayname,
                                                         time->wDayOfWeek));
            break;
        case 'M':
            put_month(&out, locale, time->wMonth, count, genitive);
            break;
        case 'y':
            put_year(&out, time->wYear, count);
            break;
        case 'g':
            put_string(&out, nls_locale_string(locale->serastring, NULL));
            break;
        default:
            for (int i = 0; i < count; i++)
                put(&out, *picture);
        }
        picture += count;
    }
    return finish(&out);
}

static const WCHAR *date_picture(const NLS_LOCALE_DATA *locale, DWORD flags)
{
    switch (flags & DATE_KINDS) {
    case 0:
    case DATE_SHORTDATE: return nls_locale_array_string(locale->sshortdate, 0);
    case DATE_LONGDATE: return nls_locale_array_string(locale->slongdate, 0);
    case DATE_YEARMONTH: return nls_locale_array_string(locale->syearmonth, 0);
    case DATE_MONTHDAY: return nls_locale_array_string(locale->smonthday, 0);
    default: return NULL; /* two kinds at once */
    }
}

static int format_date(const NLS_LOCALE_DATA *locale, DWORD flags, const SYSTEMTIME *time,
                       const WCHAR *picture, WCHAR *buffer, int room)
{
    SYSTEMTIME when = {0};
    FILETIME ticks;

    if (!locale || room < 0 || (room && !buffer))
        return nls_fail(ERROR_INVALID_PARAMETER);
    if ((flags & ~(DWORD)(DATE_FLAGS | LOCALE_USE_CP_ACP | LOCALE_NOUSEROVERRIDE)) ||
        (picture && (flags & DATE_KINDS)))
        return nls_fail(ERROR_INVALID_FLAGS);
    if (!picture)
        picture = date_picture(locale, flags);
    if (!picture)
        return nls_fail(ERROR_INVALID_FLAGS);
    if (time) {
        when.wYear = time->wYear;
        when.wMonth = time->wMonth;
        when.wDay = time->wDay;
        /* The day of the week is not believed, the time of day not looked at. */
        if (!SystemTimeToFileTime(&when, &ticks))
            return nls_fail(ERROR_INVALID_PARAMETER);
        FileTimeToSystemTime(&ticks, &when);
    } else {
        GetLocalTime(&when);
    }
    return put_date(locale, picture, &when, buffer, room);
}

/* --- Times ------------------------------------------------------------------------------------ */

static bool is_left_out(WCHAR letter, DWORD flags)
{
    switch (letter) {
    case 'm': return flags & TIME_NOMINUTESORSECONDS;
    case 's': return flags & (TIME_NOMINUTESORSECONDS | TIME_NOSECONDS);
    case 't': return flags & TIME_NOTIMEMARKER;
    default: return false;
    }
}

static void put_mark(struct output *out, const NLS_LOCALE_DATA *locale, int hour, int count)
{
    const WCHAR *mark = nls_locale_string(hour < 12 ? locale->s1159 : locale->s2359, NULL);

    if (count > 1)
        put_string(out, mark);
    else if (*mark)
        put(out, *mark);
}

static int put_time(const NLS_LOCALE_DATA *locale, const WCHAR *picture, const SYSTEMTIME *time,
                    DWORD flags, WCHAR *buffer, int room)
{
    struct output out = {buffer, room, 0};
    int behind_field = 0;   /* where the last field ended: what stands before a field left out goes too */

    while (*picture) {
        int count = run_of(picture);
        unsigned hour = time->wHour;

        if (!wcschr(L"hHmst", *picture)) {
            if (*picture == '\'')
                picture = put_quoted(&out, picture);
            else
                put(&out, *picture++);
            continue;
        }
        if (is_left_out(*picture, flags)) {
            out.length = behind_field;
            picture += count;
            continue;
        }
        switch (*picture) {
        case 'h':
            if (!(flags & TIME_FORCE24HOURFORMAT))
                hour = hour % 12 ? hour % 12 : 12;
            put_number(&out, hour, count);
            break;
        case 'H':
            put_number(&out, hour, count);
            break;
        case 'm':
            put_number(&out, time->wMinute, count);
            break;
        case 's':
            put_number(&out, time->wSecond, count);
            break;
        case 't':
            put_mark(&out, locale, time->wHour, count);
            break;
        }
        behind_field = out.length;
        picture += count;
    }
    return finish(&out);
}

static int format_time(const NLS_LOCALE_DATA *locale, DWORD flags, const SYSTEMTIME *time,
                       const WCHAR *picture, WCHAR *buffer, int room)
{
    SYSTEMTIME now;

    if (!locale || room < 0 || (room && !buffer))
        return nls_fail(ERROR_INVALID_PARAMETER);
    if (flags & ~(DWORD)(TIME_FLAGS | LOCALE_USE_CP_ACP | LOCALE_NOUSEROVERRIDE))
        return nls_fail(ERROR_INVALID_FLAGS);
    if (!picture)
        picture = nls_locale_array_string(locale->stimeformat, 0);
    if (!time) {
        GetLocalTime(&now);
        time = &now;
    }
    if (time->wHour > 23 || time->wMinute > 59 || time->wSecond > 59 || time->wMilliseconds > 999)
        return nls_fail(ERROR_INVALID_PARAMETER);
    return put_time(locale, picture, time, flags, buffer, room);
}

/* --- Exports ---------------------------------------------------------------------------------- */

int WINAPI GetDateFormatEx(const WCHAR *name, DWORD flags, const SYSTEMTIME *time,
                           const WCHAR *picture, WCHAR *buffer, int room, const WCHAR *calendar)
{
    if (calendar) /* reserved */
        return nls_fail(ERROR_INVALID_PARAMETER);
    return format_date(nls_locale_by_name(name, NULL), flags, time, picture, buffer, room);
}

int WINAPI GetDateFormatW(LCID id, DWORD flags, const SYSTEMTIME *time, const WCHAR *picture,
                          WCHAR *buffer, int room)
{
    return format_date(nls_locale_by_id(id, NULL), flags, time, picture, buffer, room);
}

int WINAPI GetTimeFormatEx(const WCHAR *name, DWORD flags, const SYSTEMTIME *time,
                           const WCHAR *picture, WCHAR *buffer, int room)
{
    return format_time(nls_locale_by_name(name, NULL), flags, time, picture, buffer, room);
}

int WINAPI GetTimeFormatW(LCID id, DWORD flags, const SYSTEMTIME *time, const WCHAR *picture,
                          WCHAR *buffer, int room)
{
    return format_time(nls_locale_by_id(id, NULL), flags, time, picture, buffer, room);
}

typedef int (*formatter)(const NLS_LOCALE_DATA *locale, DWORD flags, const SYSTEMTIME *time,
                         const WCHAR *picture, WCHAR *buffer, int room);

static int format_ansi(formatter format, LCID id, DWORD flags, const SYSTEMTIME *time,
                       const char *picture, char *buffer, int room)
{
    const NLS_LOCALE_DATA *locale = nls_locale_by_id(id, NULL);
    WCHAR wide_picture[PICTURE_ROOM], text[TEXT_ROOM];
    UINT page;
    int length;

    if (!locale || room < 0 || (room && !buffer))
        return nls_fail(ERROR_INVALID_PARAMETER);
    page = flags & LOCALE_USE_CP_ACP || !locale->idefaultansicodepage ||
           locale->idefaultansicodepage == CP_UTF8 ? CP_ACP : locale->idefaultansicodepage;
    if (picture && !MultiByteToWideChar(page, 0, picture, -1, wide_picture, PICTURE_ROOM))
        return 0;
    length = format(locale, flags, time, picture ? wide_picture : NULL, text, TEXT_ROOM);
    return length ? WideCharToMultiByte(page, 0, text, length, buffer, room, NULL, NULL) : 0;
}

int WINAPI GetDateFormatA(LCID id, DWORD flags, const SYSTEMTIME *time, const char *picture,
                          char *buffer, int room)
{
    return format_ansi(format_date, id, flags, time, picture, buffer, room);
}

int WINAPI GetTimeFormatA(LCID id, DWORD flags, const SYSTEMTIME *time, const char *picture,
                          char *buffer, int room)
{
    return format_ansi(format_time, id, flags, time, picture, buffer, room);
}
