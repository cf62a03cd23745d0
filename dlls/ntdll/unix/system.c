/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * NtQuerySystemInformation and what else answers questions about the machine. Processes are in
 * system_process.c, processor topology in system_processor.c.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "system.h"
#include "views.h"

#define LANG_ID_EN_US 0x0409

static ULONG_PTR active_processors(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);

    return count >= 64 ? ~(ULONG_PTR)0 : ((ULONG_PTR)1 << count) - 1;
}

/* Copies an answer of fixed size. Windows asks for the exact size for these. */
static NTSTATUS answer(void *buffer, ULONG room, ULONG *needed, const void *data, ULONG bytes)
{
    NTSTATUS status = STATUS_SUCCESS;

    if (needed && guest_copy_out(needed, &bytes, sizeof(bytes)))
        return STATUS_ACCESS_VIOLATION;
    if (room != bytes)
        return STATUS_INFO_LENGTH_MISMATCH;
    if (guest_copy_out(buffer, data, bytes))
        status = STATUS_ACCESS_VIOLATION;
    return status;
}

/* The same, where a larger buffer is taken, too. */
static NTSTATUS answer_up_to(void *buffer, ULONG room, ULONG *needed, const void *data, ULONG bytes)
{
    return answer(buffer, room > bytes ? bytes : room, needed, data, bytes);
}

static NTSTATUS basic(void *buffer, ULONG room, ULONG *needed)
{
    SYSTEM_BASIC_INFORMATION info;

    memset(&info, 0, sizeof(info));
    info.KeMaximumIncrement = 156250;
    info.PageSize = (ULONG)PAGE_BYTES;
    info.MmNumberOfPhysicalPages = (ULONG)sysconf(_SC_PHYS_PAGES);
    info.MmLowestPhysicalPage = 1;
    info.MmHighestPhysicalPage = info.MmNumberOfPhysicalPages;
    info.AllocationGranularity = GRANULARITY;
    info.LowestUserAddress = (void *)GRANULARITY;
    info.HighestUserAddress = (void *)0x7ffffffeffffull;
    info.ActiveProcessorsAffinityMask = active_processors();
    info.NumberOfProcessors = (BYTE)sysconf(_SC_NPROCESSORS_ONLN);
    return answer(buffer, room, needed, &info, sizeof(info));
}

static NTSTATUS cpu(void *buffer, ULONG room, ULONG *needed)
{
    SYSTEM_CPU_INFORMATION info;

    memset(&info, 0, sizeof(info));
    info.ProcessorArchitecture = PROCESSOR_ARCHITECTURE_AMD64;
    system_processor_model(&info.ProcessorLevel, &info.ProcessorRevision);
    info.MaximumProcessors = (USHORT)sysconf(_SC_NPROCESSORS_CONF);
    info.ProcessorFeatureBits = 0x3fcf; /* what every x86-64 processor has */
    return answer_up_to(buffer, room, needed, &info, sizeof(info));
}

/* A line of /proc/meminfo, in KiB; 0 when it is not there. */
static uint64_t memory_line(const char *text, const char *name)
{
    const char *line = strstr(text, name);

    return line ? strtoull(line + strlen(name), NULL, 10) : 0;
}

static NTSTATUS performance(void *buffer, ULONG room, ULONG *needed)
{
    SYSTEM_PERFORMANCE_INFORMATION info;
    uint64_t total, available, swap_total, swap_free;
    char text[4096];
    size_t length = 0;
    FILE *file = fopen("/proc/meminfo", "re");

    if (file) {
        length = fread(text, 1, sizeof(text) - 1, file);
        fclose(file);
    }
    text[length] = 0;
    memset(&info, 0, sizeof(info));
    total = memory_line(text, "MemTotal:") / 4;
    available = memory_line(text, "MemAvailable:") / 4;
    swap_total = memory_line(text, "SwapTotal:") / 4;
    swap_free = memory_line(text, "SwapFree:") / 4;
    info.AvailablePages = (ULONG)available;
    info.TotalCommitLimit = (ULONG)(commit_limit() >> PAGE_SHIFT);
    info.TotalCommittedPages = (ULONG)(total + swap_total - available - swap_free);
    return answer_up_to(buffer, room, needed, &info, sizeof(info));
}

/* Counters of each processor's interrupts. Wine's advapi32 and bcrypt draw their random numbers (SystemFunction036,
 * BCryptGenRandom) from this class, so the counters are random. */
static NTSTATUS interrupts(void *buffer, ULONG room, ULONG *needed)
{
    ULONG bytes = (ULONG)sysconf(_SC_NPROCESSORS_ONLN) * (ULONG)sizeof(SYSTEM_INTERRUPT_INFORMATION);
    NTSTATUS status = room >= bytes ? DecantGetRandom(buffer, bytes) : STATUS_INFO_LENGTH_MISMATCH;

    if (needed && guest_copy_out(needed, &bytes, sizeof(bytes)))
        return STATUS_ACCESS_VIOLATION;
    return status;
}

static NTSTATUS time_of_day(void *buffer, ULONG room, ULONG *needed)
{
    SYSTEM_TIMEOFDAY_INFORMATION info;
    ULONG bytes = room < sizeof(info) ? room : sizeof(info);

    if (room > sizeof(info))
        return STATUS_INFO_LENGTH_MISMATCH;
    memset(&info, 0, sizeof(info));
    info.SystemTime.QuadPart = clock_system_time();
    info.BootTime.QuadPart = info.SystemTime.QuadPart - clock_since_boot();
    info.TimeZoneBias.QuadPart = clock_bias(&info.TimeZoneId);
    return answer(buffer, bytes, needed, &info, bytes);
}

static NTSTATUS processor_times(void *buffer, ULONG room, ULONG *needed)
{
    SYSTEM_PROCESSOR_PERFORMANCE_INFORMATION *info;
    long count = sysconf(_SC_NPROCESSORS_ONLN), hertz = sysconf(_SC_CLK_TCK), i = 0;
    unsigned long long user, nice, kernel, idle;
    FILE *file = fopen("/proc/stat", "re");
    char line[512];
    NTSTATUS status;
    ULONG bytes;

    info = calloc((size_t)count, sizeof(*info));
    if (!file || !info) {
        if (file)
            fclose(file);
        free(info);
        return STATUS_NO_MEMORY;
    }
    while (i < count && fgets(line, sizeof(line), file)) {
        if (sscanf(line, "cpu%*d %llu %llu %llu %llu", &user, &nice, &kernel, &idle) != 4)
            continue;
        info[i].IdleTime.QuadPart = (LONGLONG)(idle * 10000000 / (unsigned long)hertz);
        info[i].UserTime.QuadPart = (LONGLONG)((user + nice) * 10000000 / (unsigned long)hertz);
        /* On Windows kernel time contains the idle time. */
        info[i++].KernelTime.QuadPart =
            (LONGLONG)((kernel + idle) * 10000000 / (unsigned long)hertz);
    }
    fclose(file);
    bytes = (ULONG)((size_t)count * sizeof(*info));
    if (room < bytes)
        bytes = room - room % (ULONG)sizeof(*info);
    if (!bytes)
        status = STATUS_INFO_LENGTH_MISMATCH;
    else
        status = answer(buffer, bytes, needed, info, bytes);
    free(info);
    return status;
}

static NTSTATUS time_zone(void *buffer, ULONG room, ULONG *needed, bool dynamic)
{
    RTL_DYNAMIC_TIME_ZONE_INFORMATION info;

    clock_time_zone(&info);
    return answer(buffer, room, needed, &info,
                  dynamic ? sizeof(info) : sizeof(RTL_TIME_ZONE_INFORMATION));
}

NTSTATUS WINAPI NtQuerySystemInformation(SYSTEM_INFORMATION_CLASS class, void *buffer, ULONG room,
                                         ULONG *needed)
{
    switch (class) {
    case SystemBasicInformation:
    case SystemEmulationBasicInformation:
    case SystemNativeBasicInformation:
        return basic(buffer, room, needed);
    case SystemCpuInformation:
    case SystemEmulationProcessorInformation:
        return cpu(buffer, room, needed);
    case SystemPerformanceInformation:
        return performance(buffer, room, needed);
    case SystemInterruptInformation:
        return interrupts(buffer, room, needed);
    case SystemTimeOfDayInformation:
        return time_of_day(buffer, room, needed);
    case SystemProcessInformation:
        return system_processes(buffer, room, needed);
    case SystemProcessorPerformanceInformation:
        return processor_times(buffer, room, needed);
    case SystemTimeAdjustmentInformation: {
        SYSTEM_TIME_ADJUSTMENT_QUERY info = {156250, 156250, TRUE};

        return answer(buffer, room, needed, &info, sizeof(info));
    }
    case SystemKernelDebuggerInformation: {
        SYSTEM_KERNEL_DEBUGGER_INFORMATION info = {FALSE, TRUE};

        return answer_up_to(buffer, room, needed, &info, sizeof(info));
    }
    case SystemRangeStartInformation: {
        ULONG_PTR start = 0xffff800000000000ull;

        return answer(buffer, room, needed, &start, sizeof(start));
    }
    case SystemRecommendedSharedDataAlignment: {
        ULONG line = 64;

        return answer(buffer, room, needed, &line, sizeof(line));
    }
    case SystemCodeIntegrityInformation: {
        SYSTEM_CODEINTEGRITY_INFORMATION info = {sizeof(info), 1};

        return answer(buffer, room, needed, &info, sizeof(info));
    }
    case SystemCurrentTimeZoneInformation:
        return time_zone(buffer, room, needed, false);
    case SystemDynamicTimeZoneInformation:
        return time_zone(buffer, room, needed, true);
    case SystemLogicalProcessorInformation:
        return system_processors(buffer, room, needed);
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
}

NTSTATUS WINAPI NtQuerySystemInformationEx(SYSTEM_INFORMATION_CLASS class, void *query,
                                           ULONG query_bytes, void *buffer, ULONG room,
                                           ULONG *needed)
{
    ULONG relation;

    if (class != SystemLogicalProcessorInformationEx)
        return STATUS_INVALID_INFO_CLASS;
    if (query_bytes < sizeof(relation))
        return STATUS_INVALID_PARAMETER;
    if (guest_copy_in(&relation, query, sizeof(relation)))
        return STATUS_ACCESS_VIOLATION;
    return system_processors_ex(relation, buffer, room, needed);
}

NTSTATUS WINAPI NtPowerInformation(POWER_INFORMATION_LEVEL level, void *in, ULONG in_bytes,
                                   void *out, ULONG out_bytes)
{
    (void)in;
    (void)in_bytes;
    if (level == SystemPowerCapabilities) {
        SYSTEM_POWER_CAPABILITIES capabilities;

        if (out_bytes < sizeof(capabilities))
            return STATUS_BUFFER_TOO_SMALL;
        memset(&capabilities, 0, sizeof(capabilities));
        return guest_copy_out(out, &capabilities, sizeof(capabilities));
    }
    if (level == SystemBatteryState) {
        SYSTEM_BATTERY_STATE state;

        if (out_bytes < sizeof(state))
            return STATUS_BUFFER_TOO_SMALL;
        memset(&state, 0, sizeof(state));
        state.AcOnLine = TRUE;
        return guest_copy_out(out, &state, sizeof(state));
    }
    return STATUS_NOT_IMPLEMENTED;
}

/* --- Locale ids: en-US, which the PE half's locale functions go by ---------------------------- */

NTSTATUS WINAPI NtQueryDefaultLocale(BOOLEAN user, LCID *locale)
{
    LCID value = LANG_ID_EN_US;

    (void)user;
    return guest_copy_out(locale, &value, sizeof(value));
}

NTSTATUS WINAPI NtSetDefaultLocale(BOOLEAN user, LCID locale)
{
    (void)user;
    return locale == LANG_ID_EN_US ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED;
}

NTSTATUS WINAPI NtQueryDefaultUILanguage(LANGID *language)
{
    LANGID value = LANG_ID_EN_US;

    return guest_copy_out(language, &value, sizeof(value));
}

NTSTATUS WINAPI NtQueryInstallUILanguage(LANGID *language)
{
    return NtQueryDefaultUILanguage(language);
}

/* No CPU number is stable without an affinity; Windows' answer is as fleeting. */
ULONG WINAPI NtGetCurrentProcessorNumber(void)
{
    int number = sched_getcpu();

    return number < 0 ? 0 : (ULONG)number;
}
