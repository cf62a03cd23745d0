/* SPDX-License-Identifier: LGPL-2.1-or-later
 * synchapi.h, the part that stands on address waits: WaitOnAddress, condition variables, one-time
 * initialisation. (WaitOnAddress is kernelbase's export and not kernel32's, as on Windows.)
 */
#include "kernelbase.h"

BOOL WINAPI WaitOnAddress(volatile void *address, void *compare, SIZE_T size, DWORD ms)
{
    LARGE_INTEGER time;
    NTSTATUS status = RtlWaitOnAddress((const void *)address, compare, size,
                                       timeout_from_ms(&time, ms));

    if (status == STATUS_TIMEOUT)
        return set_error(ERROR_TIMEOUT);
    return check_status(status);
}

BOOL WINAPI SleepConditionVariableCS(CONDITION_VARIABLE *variable, CRITICAL_SECTION *section,
                                     DWORD ms)
{
    LARGE_INTEGER time;
    NTSTATUS status = RtlSleepConditionVariableCS(variable, section, timeout_from_ms(&time, ms));

    if (status == STATUS_TIMEOUT)
        return set_error(ERROR_TIMEOUT);
    return check_status(status);
}

BOOL WINAPI SleepConditionVariableSRW(CONDITION_VARIABLE *variable, SRWLOCK *lock, DWORD ms,
                                      ULONG flags)
{
    LARGE_INTEGER time;
    NTSTATUS status =
        RtlSleepConditionVariableSRW(variable, lock, timeout_from_ms(&time, ms), flags);

    if (status == STATUS_TIMEOUT)
        return set_error(ERROR_TIMEOUT);
    return check_status(status);
}

BOOL WINAPI InitOnceExecuteOnce(INIT_ONCE *once, PINIT_ONCE_FN function, void *parameter,
                                void **context)
{
    return !RtlRunOnceExecuteOnce(once, (PRTL_RUN_ONCE_INIT_FN)function, parameter, context);
}

BOOL WINAPI InitOnceBeginInitialize(INIT_ONCE *once, DWORD flags, BOOL *pending, void **context)
{
    NTSTATUS status = (NTSTATUS)RtlRunOnceBeginInitialize(once, flags, context);

    if (!NT_SUCCESS(status))
        return check_status(status);
    *pending = status == STATUS_PENDING;
    return TRUE;
}

BOOL WINAPI InitOnceComplete(INIT_ONCE *once, DWORD flags, void *context)
{
    return check_status((NTSTATUS)RtlRunOnceComplete(once, flags, context));
}

BOOL WINAPI InitializeCriticalSectionEx(CRITICAL_SECTION *section, DWORD spin, DWORD flags)
{
    return check_status(RtlInitializeCriticalSectionEx(section, spin, flags));
}

BOOL WINAPI InitializeCriticalSectionAndSpinCount(CRITICAL_SECTION *section, DWORD spin)
{
    return check_status(RtlInitializeCriticalSectionAndSpinCount(section, spin));
}

/* --- Barriers: ntdll's, whose header ours (of Wine 8) do not declare --- */

NTSTATUS WINAPI RtlInitBarrier(void *barrier, LONG total, LONG spin);
BOOLEAN WINAPI RtlBarrier(void *barrier, ULONG flags);
NTSTATUS WINAPI RtlDeleteBarrier(void *barrier);
BOOL WINAPI InitializeSynchronizationBarrier(void *barrier, LONG total, LONG spin);
BOOL WINAPI EnterSynchronizationBarrier(void *barrier, DWORD flags);
BOOL WINAPI DeleteSynchronizationBarrier(void *barrier);

BOOL WINAPI InitializeSynchronizationBarrier(void *barrier, LONG total, LONG spin)
{
    return check_status(RtlInitBarrier(barrier, total, spin));
}

BOOL WINAPI EnterSynchronizationBarrier(void *barrier, DWORD flags)
{
    return RtlBarrier(barrier, flags);
}

BOOL WINAPI DeleteSynchronizationBarrier(void *barrier)
{
    return check_status(RtlDeleteBarrier(barrier));
}
