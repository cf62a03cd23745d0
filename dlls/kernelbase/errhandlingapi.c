/* SPDX-License-Identifier: LGPL-2.1-or-later
 * errhandlingapi.h: raising and catching exceptions, the last error, error modes.
 */
#include <stdarg.h>

#include "ntstatus.h"
#define WIN32_NO_STATUS
#include "windef.h"
#include "winbase.h"
#include "winternl.h"

void *WINAPI RtlAddVectoredContinueHandler(ULONG first, PVECTORED_EXCEPTION_HANDLER handler);
ULONG WINAPI RtlRemoveVectoredContinueHandler(void *handle);

static LPTOP_LEVEL_EXCEPTION_FILTER top_level_filter;
static UINT error_mode;

void WINAPI RaiseException(DWORD code, DWORD flags, DWORD count, const ULONG_PTR *arguments)
{
    EXCEPTION_RECORD record = {.ExceptionCode = code,
                               .ExceptionFlags = flags & EXCEPTION_NONCONTINUABLE,
                               .ExceptionAddress = (void *)RaiseException};

    /* Windows cuts a count that is too high (documented limit: EXCEPTION_MAXIMUM_PARAMETERS). */
    if (arguments) {
        record.NumberParameters =
            count < EXCEPTION_MAXIMUM_PARAMETERS ? count : EXCEPTION_MAXIMUM_PARAMETERS;
        for (DWORD i = 0; i < record.NumberParameters; i++)
            record.ExceptionInformation[i] = arguments[i];
    }
    RtlRaiseException(&record);
}

LPTOP_LEVEL_EXCEPTION_FILTER WINAPI
SetUnhandledExceptionFilter(LPTOP_LEVEL_EXCEPTION_FILTER filter)
{
    RtlSetUnhandledExceptionFilter(UnhandledExceptionFilter);
    return InterlockedExchangePointer((void **)&top_level_filter, (void *)filter);
}

/* What Windows shows a dialogue for, Decant says in one line on stderr (NtRaiseException, second chance) and
 * ends the process with the exception's code. */
LONG WINAPI UnhandledExceptionFilter(EXCEPTION_POINTERS *pointers)
{
    LPTOP_LEVEL_EXCEPTION_FILTER filter = top_level_filter;

    if (filter) {
        LONG answer = filter(pointers);

        if (answer != EXCEPTION_CONTINUE_SEARCH)
            return answer;
    }
    if ((error_mode | GetThreadErrorMode()) & SEM_NOGPFAULTERRORBOX)
        return EXCEPTION_EXECUTE_HANDLER;
    NtRaiseException(pointers->ExceptionRecord, pointers->ContextRecord, FALSE);
    return EXCEPTION_EXECUTE_HANDLER;
}

void *WINAPI AddVectoredExceptionHandler(ULONG first, PVECTORED_EXCEPTION_HANDLER handler)
{
    return RtlAddVectoredExceptionHandler(first, handler);
}

ULONG WINAPI RemoveVectoredExceptionHandler(void *handle)
{
    return RtlRemoveVectoredExceptionHandler(handle);
}

void *WINAPI AddVectoredContinueHandler(ULONG first, PVECTORED_EXCEPTION_HANDLER handler);
ULONG WINAPI RemoveVectoredContinueHandler(void *handle);

void *WINAPI AddVectoredContinueHandler(ULONG first, PVECTORED_EXCEPTION_HANDLER handler)
{
    return RtlAddVectoredContinueHandler(first, handler);
}

ULONG WINAPI RemoveVectoredContinueHandler(void *handle)
{
    return RtlRemoveVectoredContinueHandler(handle);
}

UINT WINAPI GetErrorMode(void)
{
    return error_mode;
}

UINT WINAPI SetErrorMode(UINT mode)
{
    return (UINT)InterlockedExchange((LONG *)&error_mode, (LONG)mode);
}

DWORD WINAPI GetThreadErrorMode(void)
{
    DWORD mode = RtlGetThreadErrorMode(), result = 0;

    /* ntdll keeps the bits of NtSetInformationProcess, shifted by four. */
    if (mode & 0x10)
        result |= SEM_FAILCRITICALERRORS;
    if (mode & 0x20)
        result |= SEM_NOGPFAULTERRORBOX;
    if (mode & 0x40)
        result |= SEM_NOOPENFILEERRORBOX;
    return result;
}

BOOL WINAPI SetThreadErrorMode(DWORD mode, DWORD *old)
{
    NTSTATUS status;
    DWORD bits = 0;

    if (mode & ~(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX)) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return FALSE;
    }
    if (mode & SEM_FAILCRITICALERRORS)
        bits |= 0x10;
    if (mode & SEM_NOGPFAULTERRORBOX)
        bits |= 0x20;
    if (mode & SEM_NOOPENFILEERRORBOX)
        bits |= 0x40;
    if (old)
        *old = GetThreadErrorMode();
    status = RtlSetThreadErrorMode(bits, NULL);
    if (status)
        SetLastError(RtlNtStatusToDosError(status));
    return !status;
}

void WINAPI RaiseFailFastException(EXCEPTION_RECORD *record, CONTEXT *context, DWORD flags);

/* No handler sees it. */
void WINAPI RaiseFailFastException(EXCEPTION_RECORD *record, CONTEXT *context, DWORD flags)
{
    EXCEPTION_RECORD own = {.ExceptionCode = (DWORD)STATUS_FAIL_FAST_EXCEPTION,
                            .ExceptionFlags = EXCEPTION_NONCONTINUABLE,
                            .ExceptionAddress = __builtin_return_address(0)};
    CONTEXT here;

    if (!context) {
        RtlCaptureContext(&here);
        context = &here;
    }
    if (record) {
        own = *record;
        own.ExceptionFlags |= EXCEPTION_NONCONTINUABLE;
        if (flags & 1) /* FAIL_FAST_GENERATE_EXCEPTION_ADDRESS */
            own.ExceptionAddress = __builtin_return_address(0);
    }
    for (;;)
        NtRaiseException(&own, context, FALSE);
}

void WINAPI FatalAppExitW(UINT action, const WCHAR *message)
{
    (void)action;
    DbgPrint("fatal application exit: %S\n", message);
    RtlExitUserProcess(3);
}

void WINAPI FatalAppExitA(UINT action, const char *message)
{
    (void)action;
    DbgPrint("fatal application exit: %s\n", message);
    RtlExitUserProcess(3);
}

/* Error reporting flags: remembered; there is no error reporting service to heed them. */
static DWORD wer_flags;

HRESULT WINAPI WerSetFlags(DWORD flags);
HRESULT WINAPI WerGetFlags(HANDLE process, DWORD *flags);

HRESULT WINAPI WerSetFlags(DWORD flags)
{
    wer_flags = flags;
    return S_OK;
}

HRESULT WINAPI WerGetFlags(HANDLE process, DWORD *flags)
{
    (void)process;
    *flags = wer_flags;
    return S_OK;
}
