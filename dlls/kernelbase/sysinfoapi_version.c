/* SPDX-License-Identifier: LGPL-2.1-or-later
 * sysinfoapi.h: comparing versions, and what this machine does not tell: firmware, WOW64's folder.
 */
#include "kernelbase.h"

BOOL WINAPI GetProductInfo(DWORD major, DWORD minor, DWORD pack_major, DWORD pack_minor,
                           PDWORD type)
{
    return RtlGetProductInfo(major, minor, pack_major, pack_minor, type);
}

BOOL WINAPI VerifyVersionInfoW(LPOSVERSIONINFOEXW info, DWORD mask, DWORDLONG conditions)
{
    NTSTATUS status = RtlVerifyVersionInfo(info, mask, conditions);

    return status == STATUS_REVISION_MISMATCH ? set_error(ERROR_OLD_WIN_VERSION)
                                              : check_status(status);
}

BOOL WINAPI VerifyVersionInfoA(LPOSVERSIONINFOEXA info, DWORD mask, DWORDLONG conditions)
{
    OSVERSIONINFOEXW wide = {
        .dwOSVersionInfoSize = sizeof(wide),
        .dwMajorVersion = info->dwMajorVersion,
        .dwMinorVersion = info->dwMinorVersion,
        .dwBuildNumber = info->dwBuildNumber,
        .dwPlatformId = info->dwPlatformId,
        .wServicePackMajor = info->wServicePackMajor,
        .wServicePackMinor = info->wServicePackMinor,
        .wSuiteMask = info->wSuiteMask,
        .wProductType = info->wProductType,
    };

    return VerifyVersionInfoW(&wide, mask, conditions);
}

void WINAPI GlobalMemoryStatus(LPMEMORYSTATUS status)
{
    MEMORYSTATUSEX full = {.dwLength = sizeof(full)};

    memset(status, 0, sizeof(*status));
    status->dwLength = sizeof(*status);
    if (!GlobalMemoryStatusEx(&full))
        return;
    status->dwMemoryLoad = full.dwMemoryLoad;
    status->dwTotalPhys = full.ullTotalPhys;
    status->dwAvailPhys = full.ullAvailPhys;
    status->dwTotalPageFile = full.ullTotalPageFile;
    status->dwAvailPageFile = full.ullAvailPageFile;
    status->dwTotalVirtual = full.ullTotalVirtual;
    status->dwAvailVirtual = full.ullAvailVirtual;
}

/* There is no 32-bit half, as on a Windows without WOW64. */
UINT WINAPI GetSystemWow64DirectoryW(LPWSTR path, UINT count)
{
    (void)path, (void)count;
    SetLastError(ERROR_CALL_NOT_IMPLEMENTED);
    return 0;
}

UINT WINAPI GetSystemWow64DirectoryA(LPSTR path, UINT count)
{
    (void)path, (void)count;
    SetLastError(ERROR_CALL_NOT_IMPLEMENTED);
    return 0;
}

/* --- Firmware --- */

/* Programs have no way to the machine's tables. */
UINT WINAPI EnumSystemFirmwareTables(DWORD provider, PVOID buffer, DWORD size)
{
    (void)provider, (void)buffer, (void)size;
    SetLastError(ERROR_INVALID_FUNCTION);
    return 0;
}

UINT WINAPI GetSystemFirmwareTable(DWORD provider, DWORD id, PVOID buffer, DWORD size)
{
    (void)provider, (void)id, (void)buffer, (void)size;
    SetLastError(ERROR_INVALID_FUNCTION);
    return 0;
}
