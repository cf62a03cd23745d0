/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * NTSTATUS to Win32 error, and the thread's last error and last status.
 *
 * The table holds the pairs that Microsoft publishes ("Mapping NT status error codes to Win32 error
 * codes" and the function pages of the Windows SDK) for what programs meet.
 */
#include "ntdll.h"
#include "winerror.h"

struct status_error {
    ULONG status;
    ULONG error;
};

/* In ascending order of status: searched by halving. */
static const struct status_error status_errors[] = {
#include "rtl_error_table.h"
};

static ULONG map_status(NTSTATUS status)
{
    ULONG code = (ULONG)status;
    unsigned low = 0, high = ARRAY_COUNT(status_errors);

    if (!code || (code & 0x20000000))   /* success; the customer bit: not NT's */
        return code;
    /* A Win32 error in an NTSTATUS, and an HRESULT made of one. */
    if ((code & 0xfff0ffff) >> 16 == 0xc000 && (code >> 16) == 0xc007)
        return code & 0xffff;
    if (code >> 16 == 0x8007 || code >> 16 == 0xc001)
        return code & 0xffff;
    if ((code & 0xf0000000) == 0xd0000000)
        code &= ~0x10000000u;           /* an NTSTATUS wrapped as HRESULT (FACILITY_NT_BIT) */
    while (low < high) {
        unsigned middle = (low + high) / 2;

        if (status_errors[middle].status == code)
            return status_errors[middle].error;
        if (status_errors[middle].status < code)
            low = middle + 1;
        else
            high = middle;
    }
    return ERROR_MR_MID_NOT_FOUND;
}

ULONG WINAPI RtlNtStatusToDosErrorNoTeb(NTSTATUS status)
{
    return map_status(status);
}

ULONG WINAPI RtlNtStatusToDosError(NTSTATUS status)
{
    NtCurrentTeb()->LastStatusValue = status;
    return map_status(status);
}

DWORD WINAPI RtlGetLastWin32Error(void)
{
    return NtCurrentTeb()->LastErrorValue;
}

void WINAPI RtlSetLastWin32Error(DWORD error)
{
    NtCurrentTeb()->LastErrorValue = error;
}

void WINAPI RtlSetLastWin32ErrorAndNtStatusFromNtStatus(NTSTATUS status)
{
    NtCurrentTeb()->LastErrorValue = RtlNtStatusToDosError(status);
}

/* Windows has both names for one function. */
void WINAPI RtlRestoreLastWin32Error(DWORD error)
{
    NtCurrentTeb()->LastErrorValue = error;
}

NTSTATUS WINAPI RtlGetLastNtStatus(void)
{
    return NtCurrentTeb()->LastStatusValue;
}

/* SetErrorMode's bits for the thread; only these three may be set. */
#define THREAD_ERROR_MODES 0x70

ULONG WINAPI RtlGetThreadErrorMode(void)
{
    return NtCurrentTeb()->HardErrorDisabled;
}

NTSTATUS WINAPI RtlSetThreadErrorMode(ULONG mode, ULONG *old)
{
    if (mode & ~THREAD_ERROR_MODES)
        return STATUS_INVALID_PARAMETER_1;
    if (old)
        *old = NtCurrentTeb()->HardErrorDisabled;
    NtCurrentTeb()->HardErrorDisabled = mode;
    return STATUS_SUCCESS;
}
