/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * timezoneapi.h, and the conversions of fileapi.h and winbase.h: FILETIME, SYSTEMTIME and DOS dates, UTC and
 * local time. The zone's rules are those of the machine (NtQuerySystemInformation).
 */
#include "kernelbase.h"

#define TICKS_PER_MINUTE 600000000LL

static LONGLONG ticks_of(const FILETIME *time)
{
    return (LONGLONG)((ULONGLONG)time->dwHighDateTime << 32 | time->dwLowDateTime);
}

static FILETIME filetime_of(LONGLONG ticks)
{
    return (FILETIME){(DWORD)ticks, (DWORD)(ticks >> 32)};
}

/* --- Comparing and converting --- */

INT WINAPI CompareFileTime(const FILETIME *a, const FILETIME *b)
{
    ULONGLONG x = (ULONGLONG)ticks_of(a), y = (ULONGLONG)ticks_of(b);

    return x < y ? -1 : x > y;
}

BOOL WINAPI FileTimeToSystemTime(const FILETIME *time, SYSTEMTIME *system)
{
    LARGE_INTEGER ticks = {.QuadPart = ticks_of(time)};
    TIME_FIELDS fields;

    if (ticks.QuadPart < 0)
        return set_error(ERROR_INVALID_PARAMETER);
    RtlTimeToTimeFields(&ticks, &fields);
    system->wYear = (WORD)fields.Year;
    system->wMonth = (WORD)fields.Month;
    system->wDay = (WORD)fields.Day;
    system->wDayOfWeek = (WORD)fields.Weekday;
    system->wHour = (WORD)fields.Hour;
    system->wMinute = (WORD)fields.Minute;
    system->wSecond = (WORD)fields.Second;
    system->wMilliseconds = (WORD)fields.Milliseconds;
    return TRUE;
}

BOOL WINAPI SystemTimeToFileTime(const SYSTEMTIME *system, FILETIME *time)
{
    LARGE_INTEGER ticks;
    TIME_FIELDS fields = {
        .Year = (CSHORT)system->wYear,
        .Month = (CSHORT)system->wMonth,
        .Day = (CSHORT)system->wDay,
        .Hour = (CSHORT)system->wHour,
        .Minute = (CSHORT)system->wMinute,
        .Second = (CSHORT)system->wSecond,
        .Milliseconds = (CSHORT)system->wMilliseconds,
    };

    if (!RtlTimeFieldsToTime(&fields, &ticks))
        return set_error(ERROR_INVALID_PARAMETER);
    *time = filetime_of(ticks.QuadPart);
    return TRUE;
}

/* Documented: both use the bias in force now, whatever the date. */
BOOL WINAPI FileTimeToLocalFileTime(const FILETIME *utc, FILETIME *local)
{
    LARGE_INTEGER from = {.QuadPart = ticks_of(utc)}, to;

    if (!check_status(RtlSystemTimeToLocalTime(&from, &to)))
        return FALSE;
    *local = filetime_of(to.QuadPart);
    return TRUE;
}

BOOL WINAPI LocalFileTimeToFileTime(const FILETIME *local, FILETIME *utc)
{
    LARGE_INTEGER from = {.QuadPart = ticks_of(local)}, to;

    if (!check_status(RtlLocalTimeToSystemTime(&from, &to)))
        return FALSE;
    *utc = filetime_of(to.QuadPart);
    return TRUE;
}

BOOL WINAPI DosDateTimeToFileTime(WORD date, WORD time, FILETIME *out)
{
    SYSTEMTIME system = {
        .wYear = (WORD)(1980 + (date >> 9)),
        .wMonth = date >> 5 & 15,
        .wDay = date & 31,
        .wHour = time >> 11,
        .wMinute = time >> 5 & 63,
        .wSecond = (WORD)((time & 31) * 2),
    };

    return SystemTimeToFileTime(&system, out);
}

BOOL WINAPI FileTimeToDosDateTime(const FILETIME *time, WORD *date, WORD *dos_time)
{
    SYSTEMTIME system;

    if (!FileTimeToSystemTime(time, &system))
        return FALSE;
    if (system.wYear < 1980 || system.wYear > 2107)
        return set_error(ERROR_INVALID_PARAMETER);
    *date = (WORD)((system.wYear - 1980) << 9 | system.wMonth << 5 | system.wDay);
    *dos_time = (WORD)(system.wHour << 11 | system.wMinute << 5 | system.wSecond / 2);
    return TRUE;
}

/* --- Time zones --- */

/* When a rule of a time zone (local time) falls in a year, as FILETIME ticks. A rule is either a date
 * (with a year) or "the n-th such weekday of the month", 5 meaning the last (documented at
 * TIME_ZONE_INFORMATION). */
static LONGLONG rule_ticks(const SYSTEMTIME *rule, WORD year)
{
    SYSTEMTIME day = *rule;
    FILETIME time;
    SYSTEMTIME first;

    if (rule->wYear) {
        day.wYear = year;
        return SystemTimeToFileTime(&day, &time) ? ticks_of(&time) : 0;
    }
    day.wYear = year;
    day.wDay = 1;
    if (!SystemTimeToFileTime(&day, &time) || !FileTimeToSystemTime(&time, &first))
        return 0;
    day.wDay = (WORD)(1 + (7 + rule->wDayOfWeek - first.wDayOfWeek) % 7 + 7 * (rule->wDay - 1));
    /* The last one: step back from a day that the month does not have. */
    while (!SystemTimeToFileTime(&day, &time) && day.wDay > 7)
        day.wDay = (WORD)(day.wDay - 7);
    return ticks_of(&time);
}

static bool has_rules(const TIME_ZONE_INFORMATION *zone)
{
    return zone->StandardDate.wMonth && zone->DaylightDate.wMonth;
}

/* The bias in minutes at a moment; the moment is in local time or in UTC. */
static LONG bias_at(const TIME_ZONE_INFORMATION *zone, LONGLONG ticks, bool is_local, DWORD *id)
{
    LONG standard = zone->Bias + zone->StandardBias, daylight = zone->Bias + zone->DaylightBias;
    LONGLONG to_daylight, to_standard, year_ticks = ticks - (is_local ? 0 : standard * TICKS_PER_MINUTE);
    FILETIME time = filetime_of(year_ticks);
    SYSTEMTIME system;
    bool is_daylight;

    *id = TIME_ZONE_ID_UNKNOWN;
    if (!has_rules(zone) || !FileTimeToSystemTime(&time, &system))
        return zone->Bias;
    /* Each change is written in the local time before it. */
    to_daylight = rule_ticks(&zone->DaylightDate, system.wYear);
    to_standard = rule_ticks(&zone->StandardDate, system.wYear);
    if (!is_local) {
        to_daylight += standard * TICKS_PER_MINUTE;
        to_standard += daylight * TICKS_PER_MINUTE;
    }
    if (to_daylight < to_standard)
        is_daylight = ticks >= to_daylight && ticks < to_standard;
    else
        is_daylight = ticks >= to_daylight || ticks < to_standard;
    *id = is_daylight ? TIME_ZONE_ID_DAYLIGHT : TIME_ZONE_ID_STANDARD;
    return is_daylight ? daylight : standard;
}

DWORD WINAPI GetDynamicTimeZoneInformation(DYNAMIC_TIME_ZONE_INFORMATION *zone)
{
    LARGE_INTEGER now;
    DWORD id;

    if (!check_status(RtlQueryDynamicTimeZoneInformation((RTL_DYNAMIC_TIME_ZONE_INFORMATION *)zone)))
        return TIME_ZONE_ID_INVALID;
    NtQuerySystemTime(&now);
    bias_at((TIME_ZONE_INFORMATION *)zone, now.QuadPart, false, &id);
    return id;
}

DWORD WINAPI GetTimeZoneInformation(TIME_ZONE_INFORMATION *zone)
{
    DYNAMIC_TIME_ZONE_INFORMATION dynamic;
    DWORD id = GetDynamicTimeZoneInformation(&dynamic);

    if (id != TIME_ZONE_ID_INVALID)
        memcpy(zone, &dynamic, sizeof(*zone));
    return id;
}

BOOL WINAPI GetTimeZoneInformationForYear(USHORT year, DYNAMIC_TIME_ZONE_INFORMATION *dynamic,
                                          TIME_ZONE_INFORMATION *zone)
{
    DYNAMIC_TIME_ZONE_INFORMATION own;

    (void)year; /* the machine tells this year's rules only */
    if (!dynamic) {
        if (GetDynamicTimeZoneInformation(&own) == TIME_ZONE_ID_INVALID)
            return FALSE;
        dynamic = &own;
    }
    memcpy(zone, dynamic, sizeof(*zone));
    return TRUE;
}

BOOL WINAPI SetTimeZoneInformation(const TIME_ZONE_INFORMATION *zone)
{
    (void)zone;
    return set_error(ERROR_PRIVILEGE_NOT_HELD);
}

BOOL WINAPI SetDynamicTimeZoneInformation(const DYNAMIC_TIME_ZONE_INFORMATION *zone)
{
    (void)zone;
    return set_error(ERROR_PRIVILEGE_NOT_HELD);
}

/* There is no table of zones. */
DWORD WINAPI EnumDynamicTimeZoneInformation(DWORD index, DYNAMIC_TIME_ZONE_INFORMATION *zone)
{
    (void)index, (void)zone;
    return ERROR_NO_MORE_ITEMS;
}

DWORD WINAPI GetDynamicTimeZoneInformationEffectiveYears(const DYNAMIC_TIME_ZONE_INFORMATION *zone,
                                                         DWORD *first, DWORD *last)
{
    (void)zone, (void)first, (void)last;
    return ERROR_FILE_NOT_FOUND;
}

static BOOL convert(const TIME_ZONE_INFORMATION *zone, const SYSTEMTIME *from, SYSTEMTIME *to,
                    bool from_local)
{
    TIME_ZONE_INFORMATION own;
    FILETIME time;
    LONGLONG ticks, bias;
    DWORD id;

    if (!zone) {
        if (GetTimeZoneInformation(&own) == TIME_ZONE_ID_INVALID)
            return FALSE;
        zone = &own;
    }
    if (!SystemTimeToFileTime(from, &time))
        return FALSE;
    ticks = ticks_of(&time);
    bias = bias_at(zone, ticks, from_local, &id) * TICKS_PER_MINUTE;
    time = filetime_of(from_local ? ticks + bias : ticks - bias);
    return FileTimeToSystemTime(&time, to);
}

BOOL WINAPI SystemTimeToTzSpecificLocalTime(const TIME_ZONE_INFORMATION *zone,
                                            const SYSTEMTIME *utc, SYSTEMTIME *local)
{
    return convert(zone, utc, local, false);
}

BOOL WINAPI TzSpecificLocalTimeToSystemTime(const TIME_ZONE_INFORMATION *zone,
                                            const SYSTEMTIME *local, SYSTEMTIME *utc)
{
    return convert(zone, local, utc, true);
}

BOOL WINAPI SystemTimeToTzSpecificLocalTimeEx(const DYNAMIC_TIME_ZONE_INFORMATION *zone,
                                              const SYSTEMTIME *utc, SYSTEMTIME *local)
{
    return convert((const TIME_ZONE_INFORMATION *)zone, utc, local, false);
}

BOOL WINAPI TzSpecificLocalTimeToSystemTimeEx(const DYNAMIC_TIME_ZONE_INFORMATION *zone,
                                              const SYSTEMTIME *local, SYSTEMTIME *utc)
{
    return convert((const TIME_ZONE_INFORMATION *)zone, local, utc, true);
}
