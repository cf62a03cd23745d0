/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Time: 100 ns units since 1601-01-01, calendar fields, seconds since 1970 and 1980, local time.
 */
#include "ntdll.h"

#define TICKS_PER_SECOND 10000000ll
#define TICKS_PER_MSEC   10000ll
#define SECONDS_1601_TO_1970 11644473600ll
#define SECONDS_1601_TO_1980 11960006400ll
#define DAYS_PER_400_YEARS   146097
#define MSECS_PER_DAY        86400000ll

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int month_length(int year, int month)
{
    static const char lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return lengths[month - 1] + (month == 2 && is_leap(year));
}

/* Days before the year's first, counted from 1601-01-01. */
static LONGLONG days_before_year(int year)
{
    LONGLONG y = year - 1601;

    return y * 365 + y / 4 - y / 100 + y / 400;
}

void WINAPI RtlTimeToTimeFields(const LARGE_INTEGER *time, TIME_FIELDS *fields)
{
    LONGLONG msecs = time->QuadPart / TICKS_PER_MSEC;
    LONGLONG days = msecs / MSECS_PER_DAY;
    LONGLONG rest = msecs % MSECS_PER_DAY;
    int year, month = 1;

    fields->Weekday = (CSHORT)((days + 1) % 7); /* 1601-01-01 was a Monday */
    fields->Hour = (CSHORT)(rest / 3600000);
    fields->Minute = (CSHORT)(rest / 60000 % 60);
    fields->Second = (CSHORT)(rest / 1000 % 60);
    fields->Milliseconds = (CSHORT)(rest % 1000);
    year = 1601 + (int)(days / DAYS_PER_400_YEARS) * 400;
    days %= DAYS_PER_400_YEARS;
    for (;; year++) {
        int length = 365 + is_leap(year);

        if (days < length)
            break;
        days -= length;
    }
    while (days >= month_length(year, month))
        days -= month_length(year, month++);
    fields->Year = (CSHORT)year;
    fields->Month = (CSHORT)month;
    fields->Day = (CSHORT)(days + 1);
}

/* The weekday is not looked at. */
BOOLEAN WINAPI RtlTimeFieldsToTime(TIME_FIELDS *fields, LARGE_INTEGER *time)
{
    LONGLONG days;

    if (fields->Year < 1601 || fields->Year > 30827 || fields->Month < 1 || fields->Month > 12 ||
        fields->Day < 1 || fields->Day > month_length(fields->Year, fields->Month) ||
        fields->Hour < 0 || fields->Hour > 23 || fields->Minute < 0 || fields->Minute > 59 ||
        fields->Second < 0 || fields->Second > 59 || fields->Milliseconds < 0 ||
        fields->Milliseconds > 999)
        return FALSE;
    days = days_before_year(fields->Year) + fields->Day - 1;
    for (int month = 1; month < fields->Month; month++)
        days += month_length(fields->Year, month);
    time->QuadPart = (((days * 24 + fields->Hour) * 60 + fields->Minute) * 60 + fields->Second) *
                         TICKS_PER_SECOND + fields->Milliseconds * TICKS_PER_MSEC;
    return TRUE;
}

void WINAPI RtlTimeToElapsedTimeFields(const LARGE_INTEGER *time, TIME_FIELDS *fields)
{
    LONGLONG msecs = time->QuadPart / TICKS_PER_MSEC;

    fields->Year = fields->Month = fields->Weekday = 0;
    fields->Day = (CSHORT)(msecs / MSECS_PER_DAY);
    fields->Hour = (CSHORT)(msecs / 3600000 % 24);
    fields->Minute = (CSHORT)(msecs / 60000 % 60);
    fields->Second = (CSHORT)(msecs / 1000 % 60);
    fields->Milliseconds = (CSHORT)(msecs % 1000);
}

static BOOLEAN to_seconds(const LARGE_INTEGER *time, LONGLONG epoch, ULONG *seconds)
{
    LONGLONG value = time->QuadPart / TICKS_PER_SECOND - epoch;

    if (value < 0 || value > (LONGLONG)UINT32_MAX)
        return FALSE;
    *seconds = (ULONG)value;
    return TRUE;
}

BOOLEAN WINAPI RtlTimeToSecondsSince1970(const LARGE_INTEGER *time, ULONG *seconds)
{
    return to_seconds(time, SECONDS_1601_TO_1970, seconds);
}

BOOLEAN WINAPI RtlTimeToSecondsSince1980(const LARGE_INTEGER *time, ULONG *seconds)
{
    return to_seconds(time, SECONDS_1601_TO_1980, seconds);
}

void WINAPI RtlSecondsSince1970ToTime(DWORD seconds, LARGE_INTEGER *time)
{
    time->QuadPart = (seconds + SECONDS_1601_TO_1970) * TICKS_PER_SECOND;
}

void WINAPI RtlSecondsSince1980ToTime(DWORD seconds, LARGE_INTEGER *time)
{
    time->QuadPart = (seconds + SECONDS_1601_TO_1980) * TICKS_PER_SECOND;
}

/* --- Local time ------------------------------------------------------------------------------- */

static NTSTATUS time_bias(LONGLONG *ticks)
{
    SYSTEM_TIMEOFDAY_INFORMATION info;
    NTSTATUS status = NtQuerySystemInformation(SystemTimeOfDayInformation, &info, sizeof(info),
                                               NULL);

    if (!status)
        *ticks = info.TimeZoneBias.QuadPart;
    return status;
}

NTSTATUS WINAPI RtlSystemTimeToLocalTime(const LARGE_INTEGER *system, LARGE_INTEGER *local)
{
    LONGLONG bias;
    NTSTATUS status = time_bias(&bias);

    if (!status)
        local->QuadPart = system->QuadPart - bias;
    return status;
}

NTSTATUS WINAPI RtlLocalTimeToSystemTime(const LARGE_INTEGER *local, LARGE_INTEGER *system)
{
    LONGLONG bias;
    NTSTATUS status = time_bias(&bias);

    if (!status)
        system->QuadPart = local->QuadPart + bias;
    return status;
}

NTSTATUS WINAPI RtlQueryTimeZoneInformation(RTL_TIME_ZONE_INFORMATION *info)
{
    return NtQuerySystemInformation(SystemCurrentTimeZoneInformation, info, sizeof(*info), NULL);
}

NTSTATUS WINAPI RtlQueryDynamicTimeZoneInformation(RTL_DYNAMIC_TIME_ZONE_INFORMATION *info)
{
    return NtQuerySystemInformation(SystemDynamicTimeZoneInformation, info, sizeof(*info), NULL);
}

LONGLONG WINAPI RtlGetSystemTimePrecise(void)
{
    LARGE_INTEGER now;

    NtQuerySystemTime(&now);
    return now.QuadPart;
}

BOOL WINAPI RtlQueryPerformanceCounter(LARGE_INTEGER *counter)
{
    return !NtQueryPerformanceCounter(counter, NULL);
}

BOOL WINAPI RtlQueryPerformanceFrequency(LARGE_INTEGER *frequency)
{
    frequency->QuadPart = 10000000; /* that of Windows 10 and later, and of NtQueryPerformanceCounter */
    return TRUE;
}

BOOL WINAPI RtlQueryUnbiasedInterruptTime(ULONGLONG *time)
{
    LARGE_INTEGER now;

    if (!time) {
        RtlSetLastWin32ErrorAndNtStatusFromNtStatus(STATUS_INVALID_PARAMETER);
        return FALSE;
    }
    NtQueryPerformanceCounter(&now, NULL);
    *time = (ULONGLONG)now.QuadPart;
    return TRUE;
}
