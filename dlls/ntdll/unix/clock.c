/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Clocks: system time, the performance counter, tick counts, timer resolution, and the time zone out of
 * Linux' own (TZ or /etc/localtime).
 *
 * The performance counter ticks at 10 MHz, as on Windows 10 1809 and later, and like the tick count it goes on while
 * the machine sleeps; so it is CLOCK_BOOTTIME, which the vDSO reads without entering the kernel.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "unix.h"

#define EPOCH_1601_100NS 116444736000000000ll
#define SECONDS_PER_DAY  86400

static LONGLONG clock_ticks(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (LONGLONG)now.tv_sec * 10000000 + now.tv_nsec / 100;
}

LONGLONG clock_system_time(void)
{
    return clock_ticks(CLOCK_REALTIME) + EPOCH_1601_100NS;
}

LONGLONG clock_since_boot(void)
{
    return clock_ticks(CLOCK_BOOTTIME);
}

NTSTATUS WINAPI NtQuerySystemTime(LARGE_INTEGER *time)
{
    LONGLONG now = clock_system_time();

    return guest_copy_out(time, &now, sizeof(now));
}

/* Programs are not given the machine's clock. */
NTSTATUS WINAPI NtSetSystemTime(const LARGE_INTEGER *new_time, LARGE_INTEGER *old_time)
{
    (void)new_time;
    (void)old_time;
    return STATUS_PRIVILEGE_NOT_HELD;
}

NTSTATUS WINAPI NtQueryPerformanceCounter(LARGE_INTEGER *counter, LARGE_INTEGER *frequency)
{
    LONGLONG now = clock_since_boot(), hertz = 10000000;

    if (!guest_try())
        return STATUS_ACCESS_VIOLATION;
    counter->QuadPart = now;
    if (frequency)
        frequency->QuadPart = hertz;
    guest_end();
    return STATUS_SUCCESS;
}

ULONG WINAPI NtGetTickCount(void)
{
    return (ULONG)(clock_since_boot() / 10000);
}

/* 15.625 ms to 0.5 ms, as Windows says it; Linux' timers are always fine, so a request is only kept. */
#define RESOLUTION_COARSE 156250
#define RESOLUTION_FINE   5000

static _Atomic ULONG resolution = RESOLUTION_COARSE;

NTSTATUS WINAPI NtQueryTimerResolution(ULONG *coarse, ULONG *fine, ULONG *current)
{
    if (!guest_try())
        return STATUS_ACCESS_VIOLATION;
    *coarse = RESOLUTION_COARSE;
    *fine = RESOLUTION_FINE;
    *current = resolution;
    guest_end();
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI NtSetTimerResolution(ULONG wanted, BOOLEAN set, ULONG *current)
{
    static _Atomic bool is_set;
    NTSTATUS status = STATUS_SUCCESS;
    ULONG now;

    if (set) {
        if (wanted < RESOLUTION_FINE)
            wanted = RESOLUTION_FINE;
        resolution = wanted < RESOLUTION_COARSE ? wanted : RESOLUTION_COARSE;
        is_set = true;
    } else {
        if (!atomic_exchange(&is_set, false))
            status = STATUS_TIMER_RESOLUTION_NOT_SET;
        resolution = RESOLUTION_COARSE;
    }
    now = resolution;
    if (guest_copy_out(current, &now, sizeof(now)))
        return STATUS_ACCESS_VIOLATION;
    return status;
}

/* --- The time zone ---------------------------------------------------------------------------- */

/* Minutes that are to be added to local time to get UTC. */
static LONG bias_at(time_t when, bool *is_dst)
{
    struct tm local;

    if (!localtime_r(&when, &local))
        return 0;
    if (is_dst)
        *is_dst = local.tm_isdst > 0;
    return (LONG)(-local.tm_gmtoff / 60);
}

/* The moment in (low, high] at which the bias changes, to the second. */
static time_t find_change(time_t low, time_t high)
{
    LONG before = bias_at(low, NULL);

    while (high - low > 1) {
        time_t middle = low + (high - low) / 2;

        if (bias_at(middle, NULL) == before)
            low = middle;
        else
            high = middle;
    }
    return high;
}

/* Windows' rule form: the n-th such weekday of the month (5: the last), at the clock time that shows
 * before the change. */
static void rule_from_change(time_t change, RTL_SYSTEM_TIME *rule)
{
    time_t shown = change - bias_at(change - 1, NULL) * 60;
    struct tm tm;
    int week;

    gmtime_r(&shown, &tm);
    week = (tm.tm_mday - 1) / 7 + 1;
    if (tm.tm_mday + 7 > 31 || (tm.tm_mon == 1 && tm.tm_mday > 21) ||
        ((tm.tm_mon == 3 || tm.tm_mon == 5 || tm.tm_mon == 8 || tm.tm_mon == 10) &&
         tm.tm_mday + 7 > 30))
        week = 5;
    rule->wYear = 0;
    rule->wMonth = (WORD)(tm.tm_mon + 1);
    rule->wDayOfWeek = (WORD)tm.tm_wday;
    rule->wDay = (WORD)week;
    rule->wHour = (WORD)tm.tm_hour;
    rule->wMinute = (WORD)tm.tm_min;
    rule->wSecond = (WORD)tm.tm_sec;
    rule->wMilliseconds = 0;
}

static void copy_name(WCHAR *target, size_t room, const char *name)
{
    size_t i = 0;

    for (; i + 1 < room && name[i]; i++)
        target[i] = (WCHAR)(unsigned char)name[i];
    target[i] = 0;
}

/* English names and registry keys of the zones that most people live in, by Linux' name; any other
 * zone goes by its abbreviation, its key is Linux' name. */
static const struct {
    const char *linux_name, *key, *daylight;
} zone_names[] = {
    {"UTC", "UTC", "Coordinated Universal Time"},
    {"Europe/London", "GMT Standard Time", "GMT Daylight Time"},
    {"Europe/Dublin", "GMT Standard Time", "GMT Daylight Time"},
    {"Europe/Berlin", "W. Europe Standard Time", "W. Europe Daylight Time"},
    {"Europe/Vienna", "W. Europe Standard Time", "W. Europe Daylight Time"},
    {"Europe/Zurich", "W. Europe Standard Time", "W. Europe Daylight Time"},
    {"Europe/Amsterdam", "W. Europe Standard Time", "W. Europe Daylight Time"},
    {"Europe/Rome", "W. Europe Standard Time", "W. Europe Daylight Time"},
    {"Europe/Paris", "Romance Standard Time", "Romance Daylight Time"},
    {"Europe/Madrid", "Romance Standard Time", "Romance Daylight Time"},
    {"Europe/Warsaw", "Central European Standard Time", "Central European Daylight Time"},
    {"Europe/Helsinki", "FLE Standard Time", "FLE Daylight Time"},
    {"Europe/Moscow", "Russian Standard Time", "Russian Daylight Time"},
    {"America/New_York", "Eastern Standard Time", "Eastern Daylight Time"},
    {"America/Chicago", "Central Standard Time", "Central Daylight Time"},
    {"America/Denver", "Mountain Standard Time", "Mountain Daylight Time"},
    {"America/Los_Angeles", "Pacific Standard Time", "Pacific Daylight Time"},
    {"Asia/Tokyo", "Tokyo Standard Time", "Tokyo Daylight Time"},
    {"Asia/Shanghai", "China Standard Time", "China Daylight Time"},
    {"Asia/Kolkata", "India Standard Time", "India Daylight Time"},
    {"Australia/Sydney", "AUS Eastern Standard Time", "AUS Eastern Daylight Time"},
};

/* Linux' name of the zone: TZ, or where /etc/localtime points to. */
static void zone_name(char *name, size_t room)
{
    const char *tz = getenv("TZ");
    const char *marker;
    char target[512], *real;

    if (tz && *tz) {
        marker = strstr(tz, "zoneinfo/");
        snprintf(name, room, "%s", marker ? marker + 9 : *tz == ':' ? tz + 1 : tz);
    } else {
        real = realpath("/etc/localtime", NULL);
        snprintf(target, sizeof(target), "%s", real ? real : "");
        free(real);
        marker = strstr(target, "zoneinfo/");
        snprintf(name, room, "%s", marker ? marker + 9 : "UTC");
    }
    if (!strncmp(name, "Etc/", 4))
        memmove(name, name + 4, strlen(name + 4) + 1);
}

void clock_time_zone(RTL_DYNAMIC_TIME_ZONE_INFORMATION *info)
{
    time_t now = time(NULL), start, changes[2];
    struct tm tm;
    bool is_dst;
    int count = 0;
    char name[256];
    LONG winter;

    memset(info, 0, sizeof(*info));
    tzset();
    gmtime_r(&now, &tm);
    start = now - (time_t)tm.tm_yday * SECONDS_PER_DAY - now % SECONDS_PER_DAY;
    winter = bias_at(now, &is_dst);
    for (int day = 0; day < 366 && count < 2; day++) {
        time_t from = start + (time_t)day * SECONDS_PER_DAY, to = from + SECONDS_PER_DAY;

        if (bias_at(from, NULL) != bias_at(to, NULL))
            changes[count++] = find_change(from, to);
    }
    info->Bias = winter;
    if (count == 2) {
        int to_dst = bias_at(changes[0], NULL) < bias_at(changes[0] - 1, NULL) ? 0 : 1;

        info->Bias = bias_at(changes[to_dst] - 1, NULL);
        info->DaylightBias = bias_at(changes[to_dst], NULL) - info->Bias;
        rule_from_change(changes[to_dst], &info->DaylightDate);
        rule_from_change(changes[!to_dst], &info->StandardDate);
    }
    zone_name(name, sizeof(name));
    copy_name(info->StandardName, 32, tzname[0]);
    copy_name(info->DaylightName, 32, count == 2 ? tzname[1] : tzname[0]);
    copy_name(info->TimeZoneKeyName, 128, name);
    for (size_t i = 0; i < sizeof(zone_names) / sizeof(zone_names[0]); i++)
        if (!strcmp(name, zone_names[i].linux_name)) {
            bool is_utc = !strcmp(name, "UTC");

            copy_name(info->TimeZoneKeyName, 128, zone_names[i].key);
            copy_name(info->StandardName, 32, is_utc ? zone_names[i].daylight : zone_names[i].key);
            copy_name(info->DaylightName, 32, zone_names[i].daylight);
        }
}

LONGLONG clock_bias(ULONG *zone_id)
{
    bool is_dst = false;
    LONG minutes = bias_at(time(NULL), &is_dst);

    *zone_id = is_dst ? TIME_ZONE_ID_DAYLIGHT : TIME_ZONE_ID_STANDARD;
    return minutes * 600000000ll;
}
