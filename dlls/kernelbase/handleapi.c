/* SPDX-License-Identifier: LGPL-2.1-or-later
 * handleapi.h: closing and duplicating handles.
 */
#include "kernelbase.h"

/* Std handle constants (GetStdHandle's argument) are accepted as Windows does. */
static HANDLE resolve(HANDLE handle)
{
    switch ((DWORD)(ULONG_PTR)handle) {
    case STD_INPUT_HANDLE: return current_peb()->ProcessParameters->hStdInput;
    case STD_OUTPUT_HANDLE: return current_peb()->ProcessParameters->hStdOutput;
    case STD_ERROR_HANDLE: return current_peb()->ProcessParameters->hStdError;
    default: return handle;
    }
}

BOOL WINAPI CloseHandle(HANDLE handle)
{
    return check_status(NtClose(resolve(handle)));
}

BOOL WINAPI DuplicateHandle(HANDLE source_process, HANDLE source, HANDLE target_process,
                            HANDLE *target, DWORD access, BOOL inherit, DWORD options)
{
    return check_status(NtDuplicateObject(source_process, resolve(source), target_process, target,
                                          access, inherit ? OBJ_INHERIT : 0, options));
}

BOOL WINAPI GetHandleInformation(HANDLE handle, DWORD *flags)
{
    OBJECT_DATA_INFORMATION info;

    if (!check_status(NtQueryObject(handle, ObjectDataInformation, &info, sizeof(info), NULL)))
        return FALSE;
    if (flags)
        *flags = (info.InheritHandle ? HANDLE_FLAG_INHERIT : 0) |
                 (info.ProtectFromClose ? HANDLE_FLAG_PROTECT_FROM_CLOSE : 0);
    return TRUE;
}

BOOL WINAPI SetHandleInformation(HANDLE handle, DWORD mask, DWORD flags)
{
    OBJECT_DATA_INFORMATION info;

    if (!check_status(NtQueryObject(handle, ObjectDataInformation, &info, sizeof(info), NULL)))
        return FALSE;
    if (mask & HANDLE_FLAG_INHERIT)
        info.InheritHandle = !!(flags & HANDLE_FLAG_INHERIT);
    if (mask & HANDLE_FLAG_PROTECT_FROM_CLOSE)
        info.ProtectFromClose = !!(flags & HANDLE_FLAG_PROTECT_FROM_CLOSE);
    return check_status(NtSetInformationObject(handle, ObjectDataInformation, &info, sizeof(info)));
}

BOOL WINAPI CompareObjectHandles(HANDLE first, HANDLE second)
{
    return check_status(NtCompareObjects(first, second));
}
