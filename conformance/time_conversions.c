/* SPDX-License-Identifier: LGPL-2.1-or-later
 * File times, system times, DOS times and time zones.
 *
 * Sources: learn.microsoft.com SYSTEMTIME, FileTimeToSystemTime, SystemTimeToFileTime, FileTimeToDosDateTime,
 * SystemTimeToTzSpecificLocalTime, TIME_ZONE_INFORMATION; Wine's kernel32/tests/time.c and ntdll/tests/time.c,
 * which pass on Windows.
 */
#include "conformance.h"

static FILETIME file_time(ULONGLONG value)
{
    FILETIME time = {(DWORD)value, (DWORD)(value >> 32)};

    return time;
}

static ULONGLONG number(FILETIME time)
{
    return (ULONGLONG)time.dwHighDateTime << 32 | time.dwLowDateTime;
}

/* Both ways. */
static void test_table(void)
{
    static const struct {
        ULONGLONG file;
        SYSTEMTIME system; /* year, month, day of week, day, hour, minute, second, millisecond */
    } rows[] = {
        {0, {1601, 1, 1, 1, 0, 0, 0, 0}},
        {10000, {1601, 1, 1, 1, 0, 0, 0, 1}},
        {116444736000000000, {1970, 1, 4, 1, 0, 0, 0, 0}},
        {125911584000000000, {2000, 1, 6, 1, 0, 0, 0, 0}},
        {125962560000000000, {2000, 2, 2, 29, 0, 0, 0, 0}},
        {125963423999990000, {2000, 2, 2, 29, 23, 59, 59, 999}},
        {125963424000000000, {2000, 3, 3, 1, 0, 0, 0, 0}},
        {94354848000000000, {1900, 1, 1, 1, 0, 0, 0, 0}},
        {94405824000000000, {1900, 3, 4, 1, 0, 0, 0, 0}}, /* no leap year */
        {133535520000000000, {2024, 2, 3, 28, 0, 0, 0, 0}},
        {133536384000000000, {2024, 2, 4, 29, 0, 0, 0, 0}},
        {133801631990010000, {2024, 12, 2, 31, 23, 59, 59, 1}},
        {157520159990000000, {2100, 2, 0, 28, 23, 59, 59, 0}},
        {157520160000000000, {2100, 3, 1, 1, 0, 0, 0, 0}},
        {9223149887990000000, {30827, 12, 5, 31, 23, 59, 59, 0}},
    };

    for (unsigned i = 0; i < ARRAYSIZE(rows); i++) {
        FILETIME file = file_time(rows[i].file);
        const SYSTEMTIME *want = &rows[i].system;
        SYSTEMTIME system, bad;

        memset(&system, 0xcc, sizeof(system));
        ok(FileTimeToSystemTime(&file, &system), "%u: error %lu", i, GetLastError());
        ok(!memcmp(&system, want, sizeof(system)), "%u: %u-%u-%u (%u) %u:%u:%u.%u", i, system.wYear, system.wMonth,
           system.wDay, system.wDayOfWeek, system.wHour, system.wMinute, system.wSecond,
           system.wMilliseconds);
        bad = *want;
        bad.wDayOfWeek = 77; /* ignored */
        ok(SystemTimeToFileTime(&bad, &file), "%u: error %lu", i, GetLastError());
        ok(number(file) == rows[i].file, "%u: %llu, not %llu", i, number(file), rows[i].file);
    }
}

static void test_invalid(void)
{
    static const SYSTEMTIME rows[] = {
        {1600, 12, 0, 31, 0, 0, 0, 0}, {30828, 1, 0, 1, 0, 0, 0, 0},  {2001, 2, 0, 29, 0, 0, 0, 0},
        {1900, 2, 0, 29, 0, 0, 0, 0},  {2100, 2, 0, 29, 0, 0, 0, 0},  {2000, 2, 0, 30, 0, 0, 0, 0},
        {2000, 0, 0, 1, 0, 0, 0, 0},   {2000, 13, 0, 1, 0, 0, 0, 0},  {2000, 1, 0, 0, 0, 0, 0, 0},
        {2000, 4, 0, 31, 0, 0, 0, 0},  {2000, 1, 0, 32, 0, 0, 0, 0},  {2000, 1, 0, 1, 24, 0, 0, 0},
        {2000, 1, 0, 1, 0, 60, 0, 0},  {2000, 1, 0, 1, 0, 0, 60, 0},  {2000, 1, 0, 1, 0, 0, 0, 1000},
        {0, 0, 0, 0, 0, 0, 0, 0},
    };
    FILETIME file = file_time(0x8000000000000000);
    SYSTEMTIME system;

    for (unsigned i = 0; i < ARRAYSIZE(rows); i++) {
        FILETIME out = file_time(0xcccccccccccccccc);

        SetLastError(0xdeadbeef);
        todo_wine_if(i >= 1 && i <= 4) { /* the year after the last, the 29th of February */
            ok(!SystemTimeToFileTime(&rows[i], &out), "%u succeeded", i);
            ok(GetLastError() == ERROR_INVALID_PARAMETER, "%u: error %lu", i, GetLastError());
            ok(number(out) == 0xcccccccccccccccc, "%u: the output changed", i);
        }
    }
    SetLastError(0xdeadbeef);
    ok(!FileTimeToSystemTime(&file, &system), "a negative time");
    ok(GetLastError() == ERROR_INVALID_PARAMETER, "error %lu", GetLastError());
    file = file_time(0xffffffffffffffff);
    ok(!FileTimeToSystemTime(&file, &system), "-1");
    file = file_time(5), system.wYear = 2000;
    ok(CompareFileTime(&file, &file) == 0, "equal");
}

static void test_compare(void)
{
    FILETIME low = file_time(0xffffffff), high = file_time(0x100000000), top = file_time(0xffffffff00000000);

    ok(CompareFileTime(&low, &high) == -1, "%ld", CompareFileTime(&low, &high));
    ok(CompareFileTime(&high, &low) == 1, "%ld", CompareFileTime(&high, &low));
    ok(CompareFileTime(&top, &low) == 1, "unsigned: %ld", CompareFileTime(&top, &low));
}

/* Two-second steps since 1980. */
static void test_dos(void)
{
    SYSTEMTIME system = {2024, 2, 0, 29, 13, 37, 42, 0};
    WORD date = 0, time = 0;
    FILETIME file, back;

    SystemTimeToFileTime(&system, &file);
    ok(FileTimeToDosDateTime(&file, &date, &time), "error %lu", GetLastError());
    ok(date == (44 << 9 | 2 << 5 | 29) && time == (13 << 11 | 37 << 5 | 21), "date %#x time %#x", date, time);
    ok(DosDateTimeToFileTime(date, time, &back), "error %lu", GetLastError());
    ok(number(back) == number(file), "%llu, not %llu", number(back), number(file));
    system.wYear = 1979, system.wDay = 28;
    SystemTimeToFileTime(&system, &file);
    SetLastError(0xdeadbeef);
    ok(!FileTimeToDosDateTime(&file, &date, &time), "1979");
    ok(GetLastError() == ERROR_INVALID_PARAMETER, "error %lu", GetLastError());
    ok(!DosDateTimeToFileTime(0, 0, &back), "day 0 of month 0");
}

/* Pacific time: the bias in minutes, the rules by "nth weekday of month" (5 is the last). */
static const TIME_ZONE_INFORMATION pacific = {
    480, L"Pacific Standard Time", {0, 11, 0, 1, 2, 0, 0, 0}, 0,
    L"Pacific Daylight Time", {0, 3, 0, 2, 2, 0, 0, 0}, -60,
};
/* Central Europe, and a zone of the south whose summer spans the year's end. */
static const TIME_ZONE_INFORMATION berlin = {
    -60, L"W. Europe Standard Time", {0, 10, 0, 5, 3, 0, 0, 0}, 0,
    L"W. Europe Daylight Time", {0, 3, 0, 5, 2, 0, 0, 0}, -60,
};
static const TIME_ZONE_INFORMATION sydney = {
    -600, L"AUS Eastern Standard Time", {0, 4, 0, 1, 3, 0, 0, 0}, 0,
    L"AUS Eastern Daylight Time", {0, 10, 0, 1, 2, 0, 0, 0}, -60,
};
static const TIME_ZONE_INFORMATION india = {-330, L"India", {0}, 0, L"", {0}, 0};

static void test_zones(void)
{
    static const struct {
        const TIME_ZONE_INFORMATION *zone;
        SYSTEMTIME utc, local;
        BOOL is_one_way; /* the local time is ambiguous */
    } rows[] = {
        {&pacific, {2024, 1, 1, 15, 20, 0, 0, 5}, {2024, 1, 1, 15, 12, 0, 0, 5}, FALSE},
        {&pacific, {2024, 7, 1, 15, 20, 0, 0, 0}, {2024, 7, 1, 15, 13, 0, 0, 0}, FALSE},
        {&pacific, {2024, 1, 1, 1, 3, 0, 0, 0}, {2023, 12, 0, 31, 19, 0, 0, 0}, FALSE},
        /* The second Sunday of March 2024 is the 10th: 10:00 UTC. */
        {&pacific, {2024, 3, 0, 10, 9, 59, 59, 0}, {2024, 3, 0, 10, 1, 59, 59, 0}, FALSE},
        {&pacific, {2024, 3, 0, 10, 10, 0, 0, 0}, {2024, 3, 0, 10, 3, 0, 0, 0}, FALSE},
        /* The first Sunday of November 2024 is the 3rd: 9:00 UTC. */
        {&pacific, {2024, 11, 0, 3, 8, 59, 59, 0}, {2024, 11, 0, 3, 1, 59, 59, 0}, TRUE},
        {&pacific, {2024, 11, 0, 3, 9, 0, 0, 0}, {2024, 11, 0, 3, 1, 0, 0, 0}, TRUE},
        {&pacific, {2024, 11, 0, 3, 10, 0, 0, 0}, {2024, 11, 0, 3, 2, 0, 0, 0}, FALSE},
        {&berlin, {2024, 1, 3, 31, 23, 30, 0, 0}, {2024, 2, 4, 1, 0, 30, 0, 0}, FALSE},
        {&berlin, {2024, 3, 0, 31, 0, 59, 59, 0}, {2024, 3, 0, 31, 1, 59, 59, 0}, FALSE},
        {&berlin, {2024, 3, 0, 31, 1, 0, 0, 0}, {2024, 3, 0, 31, 3, 0, 0, 0}, FALSE},
        {&berlin, {2024, 10, 0, 27, 0, 59, 59, 0}, {2024, 10, 0, 27, 2, 59, 59, 0}, TRUE},
        {&berlin, {2024, 10, 0, 27, 1, 0, 0, 0}, {2024, 10, 0, 27, 2, 0, 0, 0}, TRUE},
        {&sydney, {2024, 1, 1, 1, 0, 0, 0, 0}, {2024, 1, 1, 1, 11, 0, 0, 0}, FALSE},
        {&sydney, {2024, 7, 1, 1, 0, 0, 0, 0}, {2024, 7, 1, 1, 10, 0, 0, 0}, FALSE},
        {&sydney, {2024, 12, 2, 31, 14, 0, 0, 0}, {2025, 1, 3, 1, 1, 0, 0, 0}, FALSE},
        {&india, {2024, 5, 3, 1, 0, 0, 0, 0}, {2024, 5, 3, 1, 5, 30, 0, 0}, FALSE},
        /* These rules hold for all years, 1700 too. */
        {&pacific, {1700, 7, 4, 1, 20, 0, 0, 0}, {1700, 7, 4, 1, 13, 0, 0, 0}, FALSE},
    };

    for (unsigned i = 0; i < ARRAYSIZE(rows); i++) {
        SYSTEMTIME out;

        memset(&out, 0xcc, sizeof(out));
        ok(SystemTimeToTzSpecificLocalTime(&rows[i].zone[0], &rows[i].utc, &out), "%u: error %lu", i,
           GetLastError());
        ok(!memcmp(&out, &rows[i].local, sizeof(out)), "%u: local %u-%u-%u (%u) %u:%u:%u", i, out.wYear, out.wMonth,
           out.wDay, out.wDayOfWeek, out.wHour, out.wMinute, out.wSecond);
        if (rows[i].is_one_way)
            continue;
        memset(&out, 0xcc, sizeof(out));
        ok(TzSpecificLocalTimeToSystemTime(&rows[i].zone[0], &rows[i].local, &out), "%u: error %lu", i,
           GetLastError());
        ok(!memcmp(&out, &rows[i].utc, sizeof(out)), "%u: UTC %u-%u-%u (%u) %u:%u:%u", i, out.wYear, out.wMonth,
           out.wDay, out.wDayOfWeek, out.wHour, out.wMinute, out.wSecond);
    }
}

/* The host's zone: consistent with itself, whatever it is. */
static void test_host_zone(void)
{
    TIME_ZONE_INFORMATION zone;
    DYNAMIC_TIME_ZONE_INFORMATION dynamic;
    DWORD id, dynamic_id;
    FILETIME utc, local, back;
    SYSTEMTIME system, here, now = {2024, 6, 6, 15, 12, 0, 0, 0};
    LONG bias;

    memset(&zone, 0xcc, sizeof(zone));
    memset(&dynamic, 0xcc, sizeof(dynamic));
    id = GetTimeZoneInformation(&zone);
    ok(id <= TIME_ZONE_ID_DAYLIGHT, "id %lu", id);
    dynamic_id = GetDynamicTimeZoneInformation(&dynamic);
    ok(dynamic_id == id, "id %lu, dynamic %lu", id, dynamic_id);
    ok(zone.Bias == dynamic.Bias && zone.DaylightBias == dynamic.DaylightBias, "bias %ld and %ld", zone.Bias,
       dynamic.Bias);
    ok(zone.Bias >= -14 * 60 && zone.Bias <= 12 * 60, "bias %ld", zone.Bias);
    ok(!zone.StandardDate.wMonth == !zone.DaylightDate.wMonth, "one date without the other");
    ok(id == TIME_ZONE_ID_UNKNOWN ? !zone.StandardDate.wMonth : zone.StandardDate.wMonth != 0,
       "id %lu, month %u", id, zone.StandardDate.wMonth);
    ok(dynamic.TimeZoneKeyName[0] && wcslen(dynamic.TimeZoneKeyName) < 128, "no key name");
    trace("%ls, bias %ld, id %lu", dynamic.TimeZoneKeyName, zone.Bias, id);
    GetSystemTimeAsFileTime(&utc);
    ok(FileTimeToLocalFileTime(&utc, &local), "error %lu", GetLastError());
    bias = (LONG)((LONGLONG)(number(utc) - number(local)) / 600000000);
    ok(bias == zone.Bias + (id == TIME_ZONE_ID_DAYLIGHT ? zone.DaylightBias : zone.StandardBias),
       "local time is %ld minutes off, the zone %ld", bias, zone.Bias);
    ok(LocalFileTimeToFileTime(&local, &back) && number(back) == number(utc), "not back again");
    /* NULL is the host's zone. */
    ok(SystemTimeToTzSpecificLocalTime(NULL, &now, &here), "error %lu", GetLastError());
    ok(TzSpecificLocalTimeToSystemTime(NULL, &here, &system), "error %lu", GetLastError());
    ok(!memcmp(&system, &now, sizeof(now)), "not back again");
    ok(GetTimeZoneInformationForYear(2024, NULL, &zone), "error %lu", GetLastError());
}

CONFORMANCE("time: conversions and zones", test_table, test_invalid, test_compare, test_dos, test_zones,
            test_host_zone)
