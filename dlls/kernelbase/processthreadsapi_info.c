/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * processthreadsapi.h: what is asked and set less often: counters, working sets, mitigation, power and CPU sets. What
 * only advises Windows' scheduler or memory manager succeeds without effect; Linux decides by itself.
 */
#include "kernelbase.h"

/* --- Questions --- */

BOOL WINAPI GetProcessIoCounters(HANDLE process, PIO_COUNTERS counters)
{
    return check_status(NtQueryInformationProcess(process, ProcessIoCounters, counters,
                                                  sizeof(*counters), NULL));
}

BOOL WINAPI QueryProcessCycleTime(HANDLE process, PULONG64 cycles)
{
    ULONG64 info[2]; /* accumulated, and a current count that is undocumented */

    if (!check_status(NtQueryInformationProcess(process, ProcessCycleTime, info, sizeof(info), NULL)))
        return FALSE;
    *cycles = info[0];
    return TRUE;
}

BOOL WINAPI GetProcessGroupAffinity(HANDLE process, PUSHORT count, PUSHORT groups)
{
    ULONG size;

    if (!check_status(NtQueryInformationProcess(process, ProcessGroupInformation, groups,
                                                *count * (ULONG)sizeof(*groups), &size)))
        return FALSE;
    *count = (USHORT)(size / sizeof(*groups));
    return TRUE;
}

BOOL WINAPI GetProcessPriorityBoost(HANDLE process, PBOOL is_disabled)
{
    ULONG value;

    if (!check_status(NtQueryInformationProcess(process, ProcessPriorityBoost, &value, sizeof(value),
                                                NULL)))
        return FALSE;
    *is_disabled = (BOOL)value;
    return TRUE;
}

BOOL WINAPI GetThreadIOPendingFlag(HANDLE thread, PBOOL is_pending)
{
    ULONG value;

    if (!check_status(NtQueryInformationThread(thread, ThreadIsIoPending, &value, sizeof(value), NULL)))
        return FALSE;
    *is_pending = value != 0;
    return TRUE;
}

BOOL WINAPI GetThreadIdealProcessorEx(HANDLE thread, PPROCESSOR_NUMBER number)
{
    return check_status(NtQueryInformationThread(thread, ThreadIdealProcessorEx, number,
                                                 sizeof(*number), NULL));
}

DWORD WINAPI GetProcessVersion(DWORD id)
{
    const IMAGE_NT_HEADERS *nt;

    /* Another process's headers would have to be read; the answer is the same for all of today's. */
    if (id && id != GetCurrentProcessId()) {
        SetLastError(ERROR_NOT_SUPPORTED);
        return 0;
    }
    nt = RtlImageNtHeader((HMODULE)current_peb()->ImageBaseAddress);
    return nt ? MAKELONG(nt->OptionalHeader.MinorSubsystemVersion,
                         nt->OptionalHeader.MajorSubsystemVersion)
              : 0;
}

BOOL WINAPI GetProcessDEPPolicy(HANDLE process, LPDWORD flags, PBOOL is_permanent)
{
    (void)process, (void)flags, (void)is_permanent;
    return set_error(ERROR_NOT_SUPPORTED); /* documented for 64-bit processes */
}

BOOL WINAPI SetProcessDEPPolicy(DWORD flags)
{
    (void)flags;
    return set_error(ERROR_NOT_SUPPORTED);
}

DEP_SYSTEM_POLICY_TYPE WINAPI GetSystemDEPPolicy(void)
{
    return AlwaysOn;
}

/* All zeros: no policy beyond DEP, which is on and permanent for 64-bit programs. */
BOOL WINAPI GetProcessMitigationPolicy(HANDLE process, PROCESS_MITIGATION_POLICY policy, void *buffer,
                                       SIZE_T size)
{
    (void)process;
    if (!buffer || size < sizeof(DWORD) || size > 64)
        return set_error(ERROR_INVALID_PARAMETER);
    memset(buffer, 0, size);
    if (policy == ProcessDEPPolicy) {
        if (size < 8)
            return set_error(ERROR_INVALID_PARAMETER);
        *(DWORD *)buffer = 1;             /* Enable */
        *((BYTE *)buffer + 4) = TRUE;     /* Permanent */
    }
    return TRUE;
}

BOOL WINAPI SetProcessMitigationPolicy(PROCESS_MITIGATION_POLICY policy, void *buffer, SIZE_T size)
{
    (void)policy, (void)buffer, (void)size;
    return set_error(ERROR_NOT_SUPPORTED);
}

/* --- Advice --- */

/* Linux has no bounds on what of a process stays in memory. What this process asked for is remembered; others
 * have Windows' defaults. */
static SIZE_T working_set_minimum = 50 * 4096, working_set_maximum = 345 * 4096;
static DWORD working_set_flags = QUOTA_LIMITS_HARDWS_MIN_DISABLE | QUOTA_LIMITS_HARDWS_MAX_DISABLE;

BOOL WINAPI GetProcessWorkingSetSizeEx(HANDLE process, SIZE_T *minimum, SIZE_T *maximum, DWORD *flags)
{
    BOOL is_self = GetProcessId(process) == GetCurrentProcessId();

    if (!is_self && !GetProcessId(process))
        return FALSE;
    *minimum = is_self ? working_set_minimum : 50 * 4096;
    *maximum = is_self ? working_set_maximum : 345 * 4096;
    if (flags)
        *flags = is_self ? working_set_flags
                         : QUOTA_LIMITS_HARDWS_MIN_DISABLE | QUOTA_LIMITS_HARDWS_MAX_DISABLE;
    return TRUE;
}

BOOL WINAPI GetProcessWorkingSetSize(HANDLE process, SIZE_T *minimum, SIZE_T *maximum)
{
    return GetProcessWorkingSetSizeEx(process, minimum, maximum, NULL);
}

BOOL WINAPI SetProcessWorkingSetSizeEx(HANDLE process, SIZE_T minimum, SIZE_T maximum, DWORD flags)
{
    DWORD id = GetProcessId(process);

    if (!id)
        return FALSE;
    if (minimum == (SIZE_T)-1 && maximum == (SIZE_T)-1)
        return TRUE; /* empty the working set: Linux does so when it needs the memory */
    if (!minimum || minimum > maximum)
        return set_error(ERROR_INVALID_PARAMETER);
    if (id == GetCurrentProcessId()) {
        working_set_minimum = minimum;
        working_set_maximum = maximum;
        if (flags)
            working_set_flags = flags;
    }
    return TRUE;
}

BOOL WINAPI SetProcessWorkingSetSize(HANDLE process, SIZE_T minimum, SIZE_T maximum)
{
    return SetProcessWorkingSetSizeEx(process, minimum, maximum, 0);
}

static DWORD shutdown_level = 0x280, shutdown_flags;

BOOL WINAPI GetProcessShutdownParameters(LPDWORD level, LPDWORD flags)
{
    *level = shutdown_level;
    *flags = shutdown_flags;
    return TRUE;
}

BOOL WINAPI SetProcessShutdownParameters(DWORD level, DWORD flags)
{
    if (level > 0x4ff)
        return set_error(ERROR_INVALID_PARAMETER);
    shutdown_level = level;
    shutdown_flags = flags;
    return TRUE;
}

BOOL WINAPI SetThreadInformation(HANDLE thread, THREAD_INFORMATION_CLASS class, LPVOID info,
                                 DWORD size)
{
    if (!info || !size || (unsigned)class >= ThreadInformationClassMax)
        return set_error(ERROR_INVALID_PARAMETER);
    switch ((int)class) {
    case 0: /* ThreadMemoryPriority */
        return check_status(NtSetInformationThread(thread, ThreadPagePriority, info, size));
    case 3: /* ThreadPowerThrottling */
        return check_status(NtSetInformationThread(thread, ThreadPowerThrottlingState, info, size));
    default:
        return set_error(ERROR_NOT_SUPPORTED);
    }
}

BOOL WINAPI SetProcessInformation(HANDLE process, PROCESS_INFORMATION_CLASS class, LPVOID info,
                                  DWORD size)
{
    if (!info || !size)
        return set_error(ERROR_INVALID_PARAMETER);
    switch ((int)class) {
    case 0: /* ProcessMemoryPriority */
        return check_status(NtSetInformationProcess(process, ProcessPagePriority, info, size));
    case 4: /* ProcessPowerThrottling */
        return check_status(NtSetInformationProcess(process, ProcessPowerThrottlingState, info, size));
    case 8: /* ProcessLeapSecondInfo */
        return check_status(NtSetInformationProcess(process, ProcessLeapSecondInformation, info, size));
    default:
        return set_error(ERROR_NOT_SUPPORTED);
    }
}

BOOL WINAPI SetProcessAffinityUpdateMode(HANDLE process, DWORD flags)
{
    (void)process, (void)flags;
    return TRUE;
}

/* Documented: does nothing today and gives its argument back. */
UINT WINAPI SetHandleCount(UINT count)
{
    return count;
}

DWORD WINAPI WTSGetActiveConsoleSessionId(void)
{
    DWORD id;

    return ProcessIdToSessionId(GetCurrentProcessId(), &id) ? id : 0xffffffff;
}

/* --- Power --- */

BOOL WINAPI GetSystemPowerStatus(LPSYSTEM_POWER_STATUS status)
{
    memset(status, 0, sizeof(*status));
    status->ACLineStatus = AC_LINE_UNKNOWN;
    status->BatteryFlag = BATTERY_FLAG_UNKNOWN;
    status->BatteryLifePercent = BATTERY_PERCENTAGE_UNKNOWN;
    status->BatteryLifeTime = status->BatteryFullLifeTime = BATTERY_LIFE_UNKNOWN;
    return TRUE;
}

EXECUTION_STATE WINAPI SetThreadExecutionState(EXECUTION_STATE flags)
{
    static LONG state = (LONG)ES_CONTINUOUS;
    LONG old = state;

    if (flags & ES_CONTINUOUS)
        old = InterlockedExchange(&state, (LONG)flags);
    return (EXECUTION_STATE)old;
}

/* --- Wow64, on a system without it --- */

BOOL WINAPI Wow64DisableWow64FsRedirection(void **old)
{
    (void)old;
    return set_error(ERROR_INVALID_FUNCTION);
}

BOOL WINAPI Wow64RevertWow64FsRedirection(void *old)
{
    (void)old;
    return set_error(ERROR_INVALID_FUNCTION);
}

BOOLEAN WINAPI Wow64EnableWow64FsRedirection(BOOLEAN enable)
{
    (void)enable;
    return (BOOLEAN)set_error(ERROR_INVALID_FUNCTION);
}

BOOL WINAPI Wow64GetThreadContext(HANDLE thread, WOW64_CONTEXT *context)
{
    (void)thread, (void)context;
    return set_error(ERROR_INVALID_PARAMETER);
}

BOOL WINAPI Wow64SetThreadContext(HANDLE thread, const WOW64_CONTEXT *context)
{
    (void)thread, (void)context;
    return set_error(ERROR_INVALID_PARAMETER);
}
