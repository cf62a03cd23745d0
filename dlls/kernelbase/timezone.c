/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * timezoneapi.h and the conversions of times: FILETIME, SYSTEMTIME, MS-DOS, local time by a zone's rules.
 */
#include "kernelbase.h"
#include "timezoneapi.h"

#define TICKS_PER_MINUTE 600000000ll
#define TICKS_PER_SECOND 10000000ll

/* --- FILETIME and SYSTEMTIME ------------------------------------------------------------------ */

static LONGLONG ticks_of(const FILETIME *time)
{
    return (LONGLONG)((ULONGLONG)time->dwHighDateTime << 32 | time->dwLowDateTime);
}

static void file_time_from(LONGLONG ticks, FILETIME *time)
{
    time->dwLowDateTime = (DWORD)ticks;
    time->dwHighDateTime = (DWORD)((ULONGLONG)ticks >> 32);
}

static void system_time_from(LONGLONG ticks, SYSTEMTIME *system)
{
    LARGE_INTEGER value;
    TIME_FIELDS fields;

    value.QuadPart = ticks;
    RtlTimeToTimeFields(&value, &fields);
    system->wYear = (WORD)fields.Year;
    system->wMonth = (WORD)fields.Month;
    system->wDayOfWeek = (WORD)fields.Weekday;
    system->wDay = (WORD)fields.Day;
    system->wHour = (WORD)fields.Hour;
    system->wMinute = (WORD)fields.Minute;
    system->wSecond = (WORD)fields.Second;
    system->wMilliseconds = (WORD)fields.Milliseconds;
}

static bool ticks_from(const SYSTEMTIME *system, LONGLONG *ticks)
{
    LARGE_INTEGER value;
    TIME_FIELDS fields;

    fields.Year = (CSHORT)system->wYear;
    fields.Month = (CSHORT)system->wMonth;
    fields.Weekday = 0;
    fields.Day = (CSHORT)system->wDay;
    fields.Hour = (CSHORT)system->wHour;
    fields.Minute = (CSHORT)system->wMinute;
    fields.Second = (CSHORT)system->wSecond;
    fields.Milliseconds = (CSHORT)system->wMilliseconds;
    if (!RtlTimeFieldsToTime(&fields, &value))
        return false;
    *ticks = value.QuadPart;
    return true;
}

BOOL WINAPI FileTimeToSystemTime(const FILETIME *time, SYSTEMTIME *system)
{
    if (ticks_of(time) < 0)
        return set_error(ERROR_INVALID_PARAMETER);
    system_time_from(ticks_of(time), system);
    return TRUE;
}

BOOL WINAPI SystemTimeToFileTime(const SYSTEMTIME *system, FILETIME *time)
{
    LONGLONG ticks;

    if (!ticks_from(system, &ticks))
        return set_error(ERROR_INVALID_PARAMETER);
    file_time_from(ticks, time);
    return TRUE;
}

INT WINAPI CompareFileTime(const FILETIME *a, const FILETIME *b)
{
    ULONGLONG x = (ULONGLONG)ticks_of(a), y = (ULONGLONG)ticks_of(b);

    return x < y ? -1 : x > y;
}

BOOL WINAPI FileTimeToLocalFileTime(const FILETIME *time, FILETIME *local)
{
    LARGE_INTEGER from, to;
    NTSTATUS status;

    from.QuadPart = ticks_of(time);
    status = RtlSystemTimeToLocalTime(&from, &to);
    if (!status)
        file_time_from(to.QuadPart, local);
    return check_status(status);
}

BOOL WINAPI LocalFileTimeToFileTime(const FILETIME *local, FILETIME *time)
{
    LARGE_INTEGER from, to;
    NTSTATUS status;

    from.QuadPart = ticks_of(local);
    status = RtlLocalTimeToSystemTime(&from, &to);
    if (!status)
        file_time_from(to.QuadPart, time);
    return check_status(status);
}

/* --- MS-DOS times: 1980 to 2107, in steps of two seconds -------------------------------------- */

BOOL WINAPI FileTimeToDosDateTime(const FILETIME *time, WORD *date, WORD *clock)
{
    SYSTEMTIME system;

    if (ticks_of(time) < 0)
        return set_error(ERROR_INVALID_PARAMETER);
    system_time_from(ticks_of(time), &system);
    if (system.wYear < 1980 || system.wYear > 2107)
        return set_error(ERROR_INVALID_PARAMETER);
    *date = (WORD)((system.wYear - 1980) << 9 | system.wMonth << 5 | system.wDay);
    *clock = (WORD)(system.wHour << 11 | system.wMinute << 5 | system.wSecond / 2);
    return TRUE;
}

BOOL WINAPI DosDateTimeToFileTime(WORD date, WORD clock, FILETIME *time)
{
    SYSTEMTIME system = {0};

    system.wYear = (WORD)(1980 + (date >> 9));
    system.wMonth = date >> 5 & 15;
    system.wDay = date & 31;
    system.wHour = clock >> 11;
    system.wMinute = clock >> 5 & 63;
    system.wSecond = (WORD)((clock & 31) * 2);
    return SystemTimeToFileTime(&system, time);
}

/* --- The zone's rules ------------------------------------------------------------------------- */

/* When the change falls in that year, in the local time that is in force before it. wYear 0: wDay is the
 * which-th wDayOfWeek of the month, 5 the last one; otherwise a date that holds in its year alone. */
static bool change_in_year(const SYSTEMTIME *rule, WORD year, LONGLONG *ticks)
{
    SYSTEMTIME day = *rule;
    LONGLONG first;
    int length = 28;

    if (rule->wYear)
        return rule->wYear == year && ticks_from(rule, ticks);
    day.wYear = year;
    day.wDay = 1;
    if (!ticks_from(&day, &first))
        return false;
    system_time_from(first, &day);
    while (length < 31) {
        SYSTEMTIME next = day;

        next.wDay = (WORD)(length + 1);
        if (!ticks_from(&next, ticks))
            break;
        length++;
    }
    day.wDay = (WORD)(1 + (rule->wDayOfWeek + 7 - day.wDayOfWeek) % 7 + (rule->wDay - 1) * 7);
    while (day.wDay > length)
        day.wDay -= 7;
    return ticks_from(&day, ticks);
}

/* Which of the zone's two times is in force at `ticks`, which is UTC, or local when `local` is set. */
static DWORD zone_at(const TIME_ZONE_INFORMATION *zone, LONGLONG ticks, bool local)
{
    LONGLONG daylight, standard;
    LONGLONG bias = local ? 0 : (LONGLONG)zone->Bias * TICKS_PER_MINUTE;
    SYSTEMTIME now;
    LONGLONG at = ticks - bias;
    bool summer;

    if (!zone->DaylightDate.wMonth || !zone->StandardDate.wMonth)
        return TIME_ZONE_ID_UNKNOWN;
    if (at < 0)
        return TIME_ZONE_ID_INVALID;
    system_time_from(at - (local ? 0 : zone->StandardBias * TICKS_PER_MINUTE), &now);
    if (!change_in_year(&zone->DaylightDate, now.wYear, &daylight) ||
        !change_in_year(&zone->StandardDate, now.wYear, &standard))
        return TIME_ZONE_ID_INVALID;
    if (!local) {
        daylight += zone->StandardBias * TICKS_PER_MINUTE;
        standard += zone->DaylightBias * TICKS_PER_MINUTE;
    }
    summer = daylight < standard ? at >= daylight && at < standard
                                 : at >= daylight || at < standard;
    return summer ? TIME_ZONE_ID_DAYLIGHT : TIME_ZONE_ID_STANDARD;
}

static LONGLONG bias_of(const TIME_ZONE_INFORMATION *zone, DWORD id)
{
    LONG bias = zone->Bias;

    if (id == TIME_ZONE_ID_DAYLIGHT)
        bias += zone->DaylightBias;
    else if (id == TIME_ZONE_ID_STANDARD)
        bias += zone->StandardBias;
    return bias * TICKS_PER_MINUTE;
}

DWORD WINAPI GetTimeZoneInformation(TIME_ZONE_INFORMATION *zone)
{
    RTL_TIME_ZONE_INFORMATION info;
    LARGE_INTEGER now;
    NTSTATUS status = RtlQueryTimeZoneInformation(&info);

    if (!check_status(status))
        return TIME_ZONE_ID_INVALID;
    *zone = *(TIME_ZONE_INFORMATION *)&info;
    NtQuerySystemTime(&now);
    return zone_at(zone, now.QuadPart, false);
}

DWORD WINAPI GetDynamicTimeZoneInformation(DYNAMIC_TIME_ZONE_INFORMATION *zone)
{
    RTL_DYNAMIC_TIME_ZONE_INFORMATION info;
    LARGE_INTEGER now;
    NTSTATUS status = RtlQueryDynamicTimeZoneInformation(&info);

    if (!check_status(status))
        return TIME_ZONE_ID_INVALID;
    *zone = *(DYNAMIC_TIME_ZONE_INFORMATION *)&info;
    NtQuerySystemTime(&now);
    return zone_at((TIME_ZONE_INFORMATION *)zone, now.QuadPart, false);
}

/* The rules of a past year are not kept: the current ones stand for every year, as on a Windows whose
 * "Dynamic DST" key holds no years for the zone. */
BOOL WINAPI GetTimeZoneInformationForYear(USHORT year, DYNAMIC_TIME_ZONE_INFORMATION *dynamic,
                                          TIME_ZONE_INFORMATION *zone)
{
    DYNAMIC_TIME_ZONE_INFORMATION current;

    (void)year;
    if (!dynamic) {
        dynamic = &current;
        if (GetDynamicTimeZoneInformation(dynamic) == TIME_ZONE_ID_INVALID)
            return FALSE;
    }
    *zone = *(TIME_ZONE_INFORMATION *)dynamic;
    return TRUE;
}

/* --- Conversions by a zone -------------------------------------------------------------------- */

static BOOL convert(const TIME_ZONE_INFORMATION *zone, const SYSTEMTIME *from, SYSTEMTIME *to,
                    bool local)
{
    TIME_ZONE_INFORMATION current;
    LONGLONG ticks;
    DWORD id;

    if (!zone) {
        if (GetTimeZoneInformation(&current) == TIME_ZONE_ID_INVALID)
            return FALSE;
        zone = &current;
    }
    if (!ticks_from(from, &ticks))
        return set_error(ERROR_INVALID_PARAMETER);
    id = zone_at(zone, ticks, local);
    if (id == TIME_ZONE_ID_INVALID)
        return set_error(ERROR_INVALID_PARAMETER);
    ticks += local ? bias_of(zone, id) : -bias_of(zone, id);
    if (ticks < 0)
        return set_error(ERROR_INVALID_PARAMETER);
    system_time_from(ticks, to);
    return TRUE;
}

BOOL WINAPI SystemTimeToTzSpecificLocalTime(const TIME_ZONE_INFORMATION *zone,
                                            const SYSTEMTIME *system, SYSTEMTIME *local)
{
    return convert(zone, system, local, false);
}

BOOL WINAPI TzSpecificLocalTimeToSystemTime(const TIME_ZONE_INFORMATION *zone,
                                            const SYSTEMTIME *local, SYSTEMTIME *system)
{
    return convert(zone, local, system, true);
}

BOOL WINAPI SystemTimeToTzSpecificLocalTimeEx(const DYNAMIC_TIME_ZONE_INFORMATION *zone,
                                              const SYSTEMTIME *system, SYSTEMTIME *local)
{
    return convert((const TIME_ZONE_INFORMATION *)zone, system, local, false);
}

BOOL WINAPI TzSpecificLocalTimeToSystemTimeEx(const DYNAMIC_TIME_ZONE_INFORMATION *zone,
                                              const SYSTEMTIME *local, SYSTEMTIME *system)
{
    return convert((const TIME_ZONE_INFORMATION *)zone, local, system, true);
}
