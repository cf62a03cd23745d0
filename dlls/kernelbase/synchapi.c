/* SPDX-License-Identifier: LGPL-2.1-or-later
 * synchapi.h: events, mutexes, semaphores, timers, waits, sleeping.
 */
#include "kernelbase.h"

/* What Create… does with NtCreate…'s answer: the last error is always set. */
static HANDLE created(NTSTATUS status, const HANDLE *handle)
{
    SetLastError(status == STATUS_OBJECT_NAME_EXISTS ? ERROR_ALREADY_EXISTS
                                                     : RtlNtStatusToDosError(status));
    return NT_SUCCESS(status) ? *handle : NULL;
}

static BOOL open_attributes(OBJECT_ATTRIBUTES *attributes, UNICODE_STRING *string, BOOL inherit,
                            const WCHAR *name)
{
    if (!name)
        return set_error(ERROR_INVALID_PARAMETER);
    object_attributes(attributes, string, NULL, name);
    attributes->Attributes = inherit ? OBJ_INHERIT : 0;
    return TRUE;
}

/* --- Events --- */

HANDLE WINAPI CreateEventExW(LPSECURITY_ATTRIBUTES security, LPCWSTR name, DWORD flags, DWORD access)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING string;
    HANDLE handle = NULL;

    object_attributes(&attributes, &string, security, name);
    return created(NtCreateEvent(&handle, access, &attributes,
                                 flags & CREATE_EVENT_MANUAL_RESET ? NotificationEvent
                                                                   : SynchronizationEvent,
                                 !!(flags & CREATE_EVENT_INITIAL_SET)),
                   &handle);
}

HANDLE WINAPI CreateEventW(LPSECURITY_ATTRIBUTES security, BOOL manual, BOOL state, LPCWSTR name)
{
    return CreateEventExW(security, name,
                          (manual ? CREATE_EVENT_MANUAL_RESET : 0) |
                              (state ? CREATE_EVENT_INITIAL_SET : 0),
                          EVENT_ALL_ACCESS);
}

HANDLE WINAPI CreateEventExA(LPSECURITY_ATTRIBUTES security, LPCSTR name, DWORD flags, DWORD access)
{
    WCHAR *wide = wide_from_ansi(name);
    HANDLE handle = name && !wide ? NULL : CreateEventExW(security, wide, flags, access);

    free_wide(wide);
    return handle;
}

HANDLE WINAPI CreateEventA(LPSECURITY_ATTRIBUTES security, BOOL manual, BOOL state, LPCSTR name)
{
    return CreateEventExA(security, name,
                          (manual ? CREATE_EVENT_MANUAL_RESET : 0) |
                              (state ? CREATE_EVENT_INITIAL_SET : 0),
                          EVENT_ALL_ACCESS);
}

HANDLE WINAPI OpenEventW(DWORD access, BOOL inherit, LPCWSTR name)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING string;
    HANDLE handle;

    if (!open_attributes(&attributes, &string, inherit, name))
        return NULL;
    return check_status(NtOpenEvent(&handle, access, &attributes)) ? handle : NULL;
}

HANDLE WINAPI OpenEventA(DWORD access, BOOL inherit, LPCSTR name)
{
    WCHAR *wide = wide_from_ansi(name);
    HANDLE handle = OpenEventW(access, inherit, wide);

    free_wide(wide);
    return handle;
}

BOOL WINAPI SetEvent(HANDLE handle)
{
    return check_status(NtSetEvent(handle, NULL));
}

BOOL WINAPI ResetEvent(HANDLE handle)
{
    return check_status(NtResetEvent(handle, NULL));
}

BOOL WINAPI PulseEvent(HANDLE handle)
{
    return check_status(NtPulseEvent(handle, NULL));
}

/* --- Mutexes --- */

HANDLE WINAPI CreateMutexExW(LPSECURITY_ATTRIBUTES security, LPCWSTR name, DWORD flags, DWORD access)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING string;
    HANDLE handle = NULL;

    object_attributes(&attributes, &string, security, name);
    return created(NtCreateMutant(&handle, access, &attributes,
                                  !!(flags & CREATE_MUTEX_INITIAL_OWNER)),
                   &handle);
}

HANDLE WINAPI CreateMutexW(LPSECURITY_ATTRIBUTES security, BOOL owned, LPCWSTR name)
{
    return CreateMutexExW(security, name, owned ? CREATE_MUTEX_INITIAL_OWNER : 0, MUTEX_ALL_ACCESS);
}

HANDLE WINAPI CreateMutexExA(LPSECURITY_ATTRIBUTES security, LPCSTR name, DWORD flags, DWORD access)
{
    WCHAR *wide = wide_from_ansi(name);
    HANDLE handle = name && !wide ? NULL : CreateMutexExW(security, wide, flags, access);

    free_wide(wide);
    return handle;
}

HANDLE WINAPI CreateMutexA(LPSECURITY_ATTRIBUTES security, BOOL owned, LPCSTR name)
{
    return CreateMutexExA(security, name, owned ? CREATE_MUTEX_INITIAL_OWNER : 0, MUTEX_ALL_ACCESS);
}

HANDLE WINAPI OpenMutexW(DWORD access, BOOL inherit, LPCWSTR name)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING string;
    HANDLE handle;

    if (!open_attributes(&attributes, &string, inherit, name))
        return NULL;
    return check_status(NtOpenMutant(&handle, access, &attributes)) ? handle : NULL;
}

HANDLE WINAPI OpenMutexA(DWORD access, BOOL inherit, LPCSTR name)
{
    WCHAR *wide = wide_from_ansi(name);
    HANDLE handle = name && !wide ? NULL : OpenMutexW(access, inherit, wide);

    free_wide(wide);
    return handle;
}

BOOL WINAPI ReleaseMutex(HANDLE handle)
{
    return check_status(NtReleaseMutant(handle, NULL));
}

/* --- Semaphores --- */

HANDLE WINAPI CreateSemaphoreExW(LPSECURITY_ATTRIBUTES security, LONG initial, LONG maximum,
                                 LPCWSTR name, DWORD flags, DWORD access)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING string;
    HANDLE handle = NULL;

    (void)flags;
    object_attributes(&attributes, &string, security, name);
    return created(NtCreateSemaphore(&handle, access, &attributes, initial, maximum), &handle);
}

HANDLE WINAPI CreateSemaphoreW(LPSECURITY_ATTRIBUTES security, LONG initial, LONG maximum,
                               LPCWSTR name)
{
    return CreateSemaphoreExW(security, initial, maximum, name, 0, SEMAPHORE_ALL_ACCESS);
}

HANDLE WINAPI CreateSemaphoreExA(LPSECURITY_ATTRIBUTES security, LONG initial, LONG maximum,
                                 LPCSTR name, DWORD flags, DWORD access)
{
    WCHAR *wide = wide_from_ansi(name);
    HANDLE handle = name && !wide
                        ? NULL
                        : CreateSemaphoreExW(security, initial, maximum, wide, flags, access);

    free_wide(wide);
    return handle;
}

HANDLE WINAPI CreateSemaphoreA(LPSECURITY_ATTRIBUTES security, LONG initial, LONG maximum,
                               LPCSTR name)
{
    return CreateSemaphoreExA(security, initial, maximum, name, 0, SEMAPHORE_ALL_ACCESS);
}

HANDLE WINAPI OpenSemaphoreW(DWORD access, BOOL inherit, LPCWSTR name)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING string;
    HANDLE handle;

    if (!open_attributes(&attributes, &string, inherit, name))
        return NULL;
    return check_status(NtOpenSemaphore(&handle, access, &attributes)) ? handle : NULL;
}

HANDLE WINAPI OpenSemaphoreA(DWORD access, BOOL inherit, LPCSTR name)
{
    WCHAR *wide = wide_from_ansi(name);
    HANDLE handle = name && !wide ? NULL : OpenSemaphoreW(access, inherit, wide);

    free_wide(wide);
    return handle;
}

BOOL WINAPI ReleaseSemaphore(HANDLE handle, LONG count, LONG *previous)
{
    return check_status(NtReleaseSemaphore(handle, (ULONG)count, (ULONG *)previous));
}

/* --- Timers --- */

HANDLE WINAPI CreateWaitableTimerExW(LPSECURITY_ATTRIBUTES security, LPCWSTR name, DWORD flags,
                                     DWORD access)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING string;
    HANDLE handle = NULL;

    object_attributes(&attributes, &string, security, name);
    return created(NtCreateTimer(&handle, access, &attributes,
                                 flags & CREATE_WAITABLE_TIMER_MANUAL_RESET ? NotificationTimer
                                                                            : SynchronizationTimer),
                   &handle);
}

HANDLE WINAPI CreateWaitableTimerW(LPSECURITY_ATTRIBUTES security, BOOL manual, LPCWSTR name)
{
    return CreateWaitableTimerExW(security, name, manual ? CREATE_WAITABLE_TIMER_MANUAL_RESET : 0,
                                  TIMER_ALL_ACCESS);
}

HANDLE WINAPI CreateWaitableTimerExA(LPSECURITY_ATTRIBUTES security, LPCSTR name, DWORD flags,
                                     DWORD access)
{
    WCHAR *wide = wide_from_ansi(name);
    HANDLE handle = name && !wide ? NULL : CreateWaitableTimerExW(security, wide, flags, access);

    free_wide(wide);
    return handle;
}

HANDLE WINAPI CreateWaitableTimerA(LPSECURITY_ATTRIBUTES security, BOOL manual, LPCSTR name)
{
    return CreateWaitableTimerExA(security, name, manual ? CREATE_WAITABLE_TIMER_MANUAL_RESET : 0,
                                  TIMER_ALL_ACCESS);
}

HANDLE WINAPI OpenWaitableTimerW(DWORD access, BOOL inherit, LPCWSTR name)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING string;
    HANDLE handle;

    if (!open_attributes(&attributes, &string, inherit, name))
        return NULL;
    return check_status(NtOpenTimer(&handle, access, &attributes)) ? handle : NULL;
}

HANDLE WINAPI OpenWaitableTimerA(DWORD access, BOOL inherit, LPCSTR name)
{
    WCHAR *wide = wide_from_ansi(name);
    HANDLE handle = name && !wide ? NULL : OpenWaitableTimerW(access, inherit, wide);

    free_wide(wide);
    return handle;
}

BOOL WINAPI SetWaitableTimer(HANDLE handle, const LARGE_INTEGER *due, LONG period,
                             PTIMERAPCROUTINE routine, LPVOID argument, BOOL resume)
{
    return check_status(NtSetTimer(handle, due, (PTIMER_APC_ROUTINE)routine, argument,
                                   (BOOLEAN)resume, (ULONG)period, NULL));
}

BOOL WINAPI SetWaitableTimerEx(HANDLE handle, const LARGE_INTEGER *due, LONG period,
                               PTIMERAPCROUTINE routine, LPVOID argument, REASON_CONTEXT *context,
                               ULONG delay)
{
    (void)context, (void)delay;
    return SetWaitableTimer(handle, due, period, routine, argument, FALSE);
}

BOOL WINAPI CancelWaitableTimer(HANDLE handle)
{
    return check_status(NtCancelTimer(handle, NULL));
}

/* --- Waiting --- */

static HANDLE resolve(HANDLE handle)
{
    switch ((DWORD)(ULONG_PTR)handle) {
    case STD_INPUT_HANDLE: return current_peb()->ProcessParameters->hStdInput;
    case STD_OUTPUT_HANDLE: return current_peb()->ProcessParameters->hStdOutput;
    case STD_ERROR_HANDLE: return current_peb()->ProcessParameters->hStdError;
    default: return handle;
    }
}

DWORD WINAPI WaitForSingleObjectEx(HANDLE handle, DWORD ms, BOOL alertable)
{
    LARGE_INTEGER time;
    NTSTATUS status = NtWaitForSingleObject(resolve(handle), (BOOLEAN)alertable,
                                            timeout_from_ms(&time, ms));

    return check_status(status) ? (DWORD)status : WAIT_FAILED;
}

DWORD WINAPI WaitForSingleObject(HANDLE handle, DWORD ms)
{
    return WaitForSingleObjectEx(handle, ms, FALSE);
}

DWORD WINAPI WaitForMultipleObjectsEx(DWORD count, const HANDLE *handles, BOOL all, DWORD ms,
                                      BOOL alertable)
{
    HANDLE copies[MAXIMUM_WAIT_OBJECTS];
    LARGE_INTEGER time;
    NTSTATUS status;

    if (!count || count > MAXIMUM_WAIT_OBJECTS) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return WAIT_FAILED;
    }
    for (DWORD i = 0; i < count; i++)
        copies[i] = resolve(handles[i]);
    status = NtWaitForMultipleObjects(count, copies, !all, (BOOLEAN)alertable,
                                      timeout_from_ms(&time, ms));
    return check_status(status) ? (DWORD)status : WAIT_FAILED;
}

DWORD WINAPI WaitForMultipleObjects(DWORD count, const HANDLE *handles, BOOL all, DWORD ms)
{
    return WaitForMultipleObjectsEx(count, handles, all, ms, FALSE);
}

DWORD WINAPI SignalObjectAndWait(HANDLE signal, HANDLE wait, DWORD ms, BOOL alertable)
{
    LARGE_INTEGER time;
    NTSTATUS status = NtSignalAndWaitForSingleObject(signal, wait, (BOOLEAN)alertable,
                                                     timeout_from_ms(&time, ms));

    return check_status(status) ? (DWORD)status : WAIT_FAILED;
}

DWORD WINAPI SleepEx(DWORD ms, BOOL alertable)
{
    LARGE_INTEGER time;
    NTSTATUS status;

    /* For ever is a point in time that does not come. */
    if (!timeout_from_ms(&time, ms))
        time.QuadPart = INT64_MIN;
    status = NtDelayExecution((BOOLEAN)alertable, &time);
    return status == STATUS_USER_APC ? WAIT_IO_COMPLETION : 0;
}

void WINAPI Sleep(DWORD ms)
{
    SleepEx(ms, FALSE);
}

BOOL WINAPI SwitchToThread(void)
{
    return NtYieldExecution() != STATUS_NO_YIELD_PERFORMED;
}
