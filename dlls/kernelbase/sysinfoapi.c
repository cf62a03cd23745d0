/* SPDX-License-Identifier: LGPL-2.1-or-later
 * sysinfoapi.h, profileapi.h and timing: clocks, the machine, the system's folders and version.
 */
#include "kernelbase.h"

/* --- Clocks --- */

BOOL WINAPI QueryPerformanceCounter(LARGE_INTEGER *counter)
{
    return check_status(NtQueryPerformanceCounter(counter, NULL));
}

BOOL WINAPI QueryPerformanceFrequency(LARGE_INTEGER *frequency)
{
    LARGE_INTEGER counter;

    return check_status(NtQueryPerformanceCounter(&counter, frequency));
}

ULONGLONG WINAPI GetTickCount64(void)
{
    LARGE_INTEGER counter, frequency;

    NtQueryPerformanceCounter(&counter, &frequency);
    return (ULONGLONG)counter.QuadPart / 10000; /* 10 MHz */
}

DWORD WINAPI GetTickCount(void)
{
    return (DWORD)GetTickCount64();
}

void WINAPI GetSystemTimeAsFileTime(FILETIME *time)
{
    LARGE_INTEGER now;

    NtQuerySystemTime(&now);
    memcpy(time, &now, sizeof(*time));
}

void WINAPI GetSystemTimePreciseAsFileTime(FILETIME *time)
{
    GetSystemTimeAsFileTime(time);
}

static void to_system_time(const LARGE_INTEGER *time, SYSTEMTIME *out)
{
    TIME_FIELDS fields;

    RtlTimeToTimeFields(time, &fields);
    out->wYear = (WORD)fields.Year;
    out->wMonth = (WORD)fields.Month;
    out->wDayOfWeek = (WORD)fields.Weekday;
    out->wDay = (WORD)fields.Day;
    out->wHour = (WORD)fields.Hour;
    out->wMinute = (WORD)fields.Minute;
    out->wSecond = (WORD)fields.Second;
    out->wMilliseconds = (WORD)fields.Milliseconds;
}

void WINAPI GetSystemTime(SYSTEMTIME *out)
{
    LARGE_INTEGER now;

    NtQuerySystemTime(&now);
    to_system_time(&now, out);
}

void WINAPI GetLocalTime(SYSTEMTIME *out)
{
    LARGE_INTEGER now, local;

    NtQuerySystemTime(&now);
    RtlSystemTimeToLocalTime(&now, &local);
    to_system_time(&local, out);
}

BOOL WINAPI SetSystemTime(const SYSTEMTIME *time)
{
    (void)time;
    return set_error(ERROR_PRIVILEGE_NOT_HELD);
}

BOOL WINAPI SetLocalTime(const SYSTEMTIME *time)
{
    (void)time;
    return set_error(ERROR_PRIVILEGE_NOT_HELD);
}

BOOL WINAPI GetSystemTimeAdjustment(PDWORD adjustment, PDWORD increment, PBOOL disabled)
{
    *adjustment = *increment = 156250;
    *disabled = TRUE;
    return TRUE;
}

BOOL WINAPI QueryUnbiasedInterruptTime(ULONGLONG *time)
{
    LARGE_INTEGER counter;

    NtQueryPerformanceCounter(&counter, NULL);
    *time = (ULONGLONG)counter.QuadPart;
    return TRUE;
}

void WINAPI QueryInterruptTime(ULONGLONG *time)
{
    QueryUnbiasedInterruptTime(time);
}

void WINAPI QueryInterruptTimePrecise(ULONGLONG *time)
{
    QueryUnbiasedInterruptTime(time);
}

void WINAPI QueryUnbiasedInterruptTimePrecise(ULONGLONG *time)
{
    QueryUnbiasedInterruptTime(time);
}

BOOL WINAPI GetSystemTimes(FILETIME *idle, FILETIME *kernel, FILETIME *user)
{
    SYSTEM_PROCESSOR_PERFORMANCE_INFORMATION info[64];
    ULONG bytes = 0;
    LARGE_INTEGER sums[3] = {{.QuadPart = 0}};

    if (!check_status(NtQuerySystemInformation(SystemProcessorPerformanceInformation, info,
                                               sizeof(info), &bytes)))
        return FALSE;
    for (ULONG i = 0; i < bytes / sizeof(info[0]); i++) {
        sums[0].QuadPart += info[i].IdleTime.QuadPart;
        sums[1].QuadPart += info[i].KernelTime.QuadPart;
        sums[2].QuadPart += info[i].UserTime.QuadPart;
    }
    if (idle)
        memcpy(idle, &sums[0], sizeof(*idle));
    if (kernel)
        memcpy(kernel, &sums[1], sizeof(*kernel));
    if (user)
        memcpy(user, &sums[2], sizeof(*user));
    return TRUE;
}

/* --- The machine --- */

void WINAPI GetSystemInfo(SYSTEM_INFO *info)
{
    SYSTEM_BASIC_INFORMATION basic = {0};
    SYSTEM_CPU_INFORMATION cpu = {0};

    NtQuerySystemInformation(SystemBasicInformation, &basic, sizeof(basic), NULL);
    NtQuerySystemInformation(SystemCpuInformation, &cpu, sizeof(cpu), NULL);
    memset(info, 0, sizeof(*info));
    info->wProcessorArchitecture = PROCESSOR_ARCHITECTURE_AMD64;
    info->dwPageSize = 4096;
    info->lpMinimumApplicationAddress = (void *)0x10000;
    info->lpMaximumApplicationAddress = (void *)0x7ffffffeffff;
    info->dwActiveProcessorMask = basic.ActiveProcessorsAffinityMask;
    info->dwNumberOfProcessors = (DWORD)basic.NumberOfProcessors;
    info->dwProcessorType = PROCESSOR_AMD_X8664;
    info->dwAllocationGranularity = 0x10000;
    info->wProcessorLevel = cpu.ProcessorLevel;
    info->wProcessorRevision = cpu.ProcessorRevision;
}

void WINAPI GetNativeSystemInfo(SYSTEM_INFO *info)
{
    GetSystemInfo(info);
}

BOOL WINAPI GlobalMemoryStatusEx(MEMORYSTATUSEX *status)
{
    SYSTEM_PERFORMANCE_INFORMATION performance;
    SYSTEM_BASIC_INFORMATION basic;
    VM_COUNTERS counters;

    if (status->dwLength != sizeof(*status))
        return set_error(ERROR_INVALID_PARAMETER);
    if (!check_status(NtQuerySystemInformation(SystemBasicInformation, &basic, sizeof(basic), NULL)) ||
        !check_status(NtQuerySystemInformation(SystemPerformanceInformation, &performance,
                                               sizeof(performance), NULL)))
        return FALSE;
    status->ullTotalPhys = (ULONGLONG)basic.MmNumberOfPhysicalPages * 4096;
    status->ullAvailPhys = (ULONGLONG)performance.AvailablePages * 4096;
    status->ullTotalPageFile = (ULONGLONG)performance.TotalCommitLimit * 4096;
    status->ullAvailPageFile =
        (ULONGLONG)(performance.TotalCommitLimit - performance.TotalCommittedPages) * 4096;
    status->ullTotalVirtual = basic.HighestUserAddress - basic.LowestUserAddress + 1;
    status->ullAvailVirtual = status->ullTotalVirtual;
    if (!NtQueryInformationProcess(GetCurrentProcess(), ProcessVmCounters, &counters, sizeof(counters),
                                   NULL) && counters.VirtualSize < status->ullTotalVirtual)
        status->ullAvailVirtual -= counters.VirtualSize;
    status->ullAvailExtendedVirtual = 0;
    status->dwMemoryLoad =
        status->ullTotalPhys
            ? (DWORD)((status->ullTotalPhys - status->ullAvailPhys) * 100 / status->ullTotalPhys)
            : 0;
    return TRUE;
}

BOOL WINAPI GetPhysicallyInstalledSystemMemory(ULONGLONG *kilobytes)
{
    MEMORYSTATUSEX status = {.dwLength = sizeof(status)};

    if (!GlobalMemoryStatusEx(&status))
        return FALSE;
    *kilobytes = status.ullTotalPhys / 1024;
    return TRUE;
}

BOOL WINAPI GetLogicalProcessorInformation(SYSTEM_LOGICAL_PROCESSOR_INFORMATION *buffer, DWORD *size)
{
    NTSTATUS status;

    if (!size)
        return set_error(ERROR_INVALID_PARAMETER);
    status = NtQuerySystemInformation(SystemLogicalProcessorInformation, buffer, *size, size);
    if (status == STATUS_INFO_LENGTH_MISMATCH)
        return set_error(ERROR_INSUFFICIENT_BUFFER);
    return check_status(status);
}

BOOL WINAPI GetLogicalProcessorInformationEx(LOGICAL_PROCESSOR_RELATIONSHIP relationship,
                                             SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX *buffer,
                                             DWORD *size)
{
    NTSTATUS status;

    if (!size)
        return set_error(ERROR_INVALID_PARAMETER);
    status = NtQuerySystemInformationEx(SystemLogicalProcessorInformationEx, &relationship,
                                        sizeof(relationship), buffer, *size, size);
    if (status == STATUS_INFO_LENGTH_MISMATCH)
        return set_error(ERROR_INSUFFICIENT_BUFFER);
    return check_status(status);
}

WORD WINAPI GetActiveProcessorGroupCount(void)
{
    return 1;
}

WORD WINAPI GetMaximumProcessorGroupCount(void)
{
    return 1;
}

DWORD WINAPI GetActiveProcessorCount(WORD group)
{
    if (group == 0 || group == ALL_PROCESSOR_GROUPS)
        return current_peb()->NumberOfProcessors;
    return (DWORD)set_error(ERROR_INVALID_PARAMETER);
}

DWORD WINAPI GetMaximumProcessorCount(WORD group)
{
    return GetActiveProcessorCount(group);
}

BOOL WINAPI GetNumaHighestNodeNumber(ULONG *node)
{
    *node = 0;
    return TRUE;
}

BOOL WINAPI GetNumaNodeProcessorMaskEx(USHORT node, GROUP_AFFINITY *mask)
{
    memset(mask, 0, sizeof(*mask));
    if (node)
        return set_error(ERROR_INVALID_PARAMETER);
    mask->Mask = current_peb()->NumberOfProcessors >= 64
                     ? ~(KAFFINITY)0
                     : ((KAFFINITY)1 << current_peb()->NumberOfProcessors) - 1;
    return TRUE;
}

/* --- Folders and version --- */

static UINT copy_folder(const WCHAR *folder, WCHAR *buffer, UINT size)
{
    UINT length = (UINT)wcslen(folder);

    if (length >= size)
        return length + 1;
    memcpy(buffer, folder, (length + 1) * sizeof(WCHAR));
    return length;
}

UINT WINAPI GetSystemDirectoryW(LPWSTR buffer, UINT size)
{
    return copy_folder(L"C:\\windows\\system32", buffer, size);
}

UINT WINAPI GetSystemDirectoryA(LPSTR buffer, UINT size)
{
    return ansi_to_buffer(L"C:\\windows\\system32", buffer, size);
}

UINT WINAPI GetWindowsDirectoryW(LPWSTR buffer, UINT size)
{
    return copy_folder(L"C:\\windows", buffer, size);
}

UINT WINAPI GetWindowsDirectoryA(LPSTR buffer, UINT size)
{
    return ansi_to_buffer(L"C:\\windows", buffer, size);
}

UINT WINAPI GetSystemWindowsDirectoryW(LPWSTR buffer, UINT size)
{
    return GetWindowsDirectoryW(buffer, size);
}

UINT WINAPI GetSystemWindowsDirectoryA(LPSTR buffer, UINT size)
{
    return GetWindowsDirectoryA(buffer, size);
}

DWORD WINAPI GetVersion(void)
{
    const PEB *peb = current_peb();
    ULONG major = peb->OSMajorVersion, minor = peb->OSMinorVersion, build = peb->OSBuildNumber;

    manifest_version(&major, &minor, &build);
    return build << 16 | minor << 8 | major;
}

BOOL WINAPI GetVersionExW(OSVERSIONINFOW *info)
{
    if (info->dwOSVersionInfoSize != sizeof(OSVERSIONINFOW) &&
        info->dwOSVersionInfoSize != sizeof(OSVERSIONINFOEXW))
        return set_error(ERROR_INSUFFICIENT_BUFFER);
    if (!check_status(RtlGetVersion((RTL_OSVERSIONINFOEXW *)info)))
        return FALSE;
    manifest_version(&info->dwMajorVersion, &info->dwMinorVersion, &info->dwBuildNumber);
    return TRUE;
}

BOOL WINAPI GetVersionExA(OSVERSIONINFOA *info)
{
    OSVERSIONINFOEXW wide = {.dwOSVersionInfoSize = sizeof(wide)};

    if (info->dwOSVersionInfoSize != sizeof(OSVERSIONINFOA) &&
        info->dwOSVersionInfoSize != sizeof(OSVERSIONINFOEXA))
        return set_error(ERROR_INSUFFICIENT_BUFFER);
    if (!GetVersionExW((OSVERSIONINFOW *)&wide))
        return FALSE;
    info->dwMajorVersion = wide.dwMajorVersion;
    info->dwMinorVersion = wide.dwMinorVersion;
    info->dwBuildNumber = wide.dwBuildNumber;
    info->dwPlatformId = wide.dwPlatformId;
    info->szCSDVersion[0] = 0;
    if (info->dwOSVersionInfoSize == sizeof(OSVERSIONINFOEXA)) {
        OSVERSIONINFOEXA *extended = (OSVERSIONINFOEXA *)info;

        extended->wServicePackMajor = extended->wServicePackMinor = 0;
        extended->wSuiteMask = wide.wSuiteMask;
        extended->wProductType = wide.wProductType;
    }
    return TRUE;
}

/* --- Pointer encoding: Windows mixes in a secret; equality both ways is all that programs use --- */

static ULONG_PTR pointer_cookie(void)
{
    ULONG cookie = 0;

    NtQueryInformationProcess(GetCurrentProcess(), ProcessCookie, &cookie, sizeof(cookie), NULL);
    return (ULONG_PTR)cookie << 20 ^ cookie;
}

PVOID WINAPI EncodePointer(PVOID pointer)
{
    return (void *)((ULONG_PTR)pointer ^ pointer_cookie());
}

PVOID WINAPI DecodePointer(PVOID pointer)
{
    return (void *)((ULONG_PTR)pointer ^ pointer_cookie());
}
