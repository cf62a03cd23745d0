/* SPDX-License-Identifier: LGPL-2.1-or-later
 * jobapi.h: job objects.
 */
#include "kernelbase.h"

HANDLE WINAPI CreateJobObjectW(LPSECURITY_ATTRIBUTES security, LPCWSTR name)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING string;
    HANDLE job = NULL;
    NTSTATUS status;

    object_attributes(&attributes, &string, security, name);
    status = NtCreateJobObject(&job, JOB_OBJECT_ALL_ACCESS, &attributes);
    /* Documented: the last error says whether it was there. */
    if (status == STATUS_OBJECT_NAME_EXISTS)
        SetLastError(ERROR_ALREADY_EXISTS);
    else
        SetLastError(RtlNtStatusToDosError(status));
    return NT_SUCCESS(status) ? job : NULL;
}

HANDLE WINAPI CreateJobObjectA(LPSECURITY_ATTRIBUTES security, LPCSTR name)
{
    WCHAR *wide = wide_from_ansi(name);
    HANDLE job = name && !wide ? NULL : CreateJobObjectW(security, wide);

    free_wide(wide);
    return job;
}

HANDLE WINAPI OpenJobObjectW(DWORD access, BOOL inherit, LPCWSTR name)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING string;
    HANDLE job;

    if (!name) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    object_attributes(&attributes, &string, NULL, name);
    attributes.Attributes = inherit ? OBJ_INHERIT : 0;
    return check_status(NtOpenJobObject(&job, access, &attributes)) ? job : NULL;
}

HANDLE WINAPI OpenJobObjectA(DWORD access, BOOL inherit, LPCSTR name)
{
    WCHAR *wide = wide_from_ansi(name);
    HANDLE job = OpenJobObjectW(access, inherit, wide);

    free_wide(wide);
    return job;
}

BOOL WINAPI AssignProcessToJobObject(HANDLE job, HANDLE process)
{
    return check_status(NtAssignProcessToJobObject(job, process));
}

BOOL WINAPI TerminateJobObject(HANDLE job, UINT code)
{
    return check_status(NtTerminateJobObject(job, (NTSTATUS)code));
}

BOOL WINAPI QueryInformationJobObject(HANDLE job, JOBOBJECTINFOCLASS class, LPVOID info, DWORD size,
                                      DWORD *needed)
{
    return check_status(NtQueryInformationJobObject(job, class, info, size, needed));
}

BOOL WINAPI SetInformationJobObject(HANDLE job, JOBOBJECTINFOCLASS class, LPVOID info, DWORD size)
{
    return check_status(NtSetInformationJobObject(job, class, info, size));
}

BOOL WINAPI IsProcessInJob(HANDLE process, HANDLE job, PBOOL result)
{
    NTSTATUS status = NtIsProcessInJob(process, job);

    if (!check_status(status))
        return FALSE;
    *result = status == STATUS_PROCESS_IN_JOB;
    return TRUE;
}
