/* SPDX-License-Identifier: LGPL-2.1-or-later
 * sysinfoapi.h: comparing versions, and what this machine does not tell: firmware, WOW64's folder.
 */
#include "kernelbase.h"

/* --- The manifest's rule --- */

/* Whether the program's manifest names this operating system: <supportedOS Id="{…}"/>. The manifest is UTF-8 in
 * all but odd cases; a GUID cannot be anything else in it. */
static bool manifest_names(const char *guid)
{
    HMODULE program = GetModuleHandleW(NULL);
    HRSRC resource = FindResourceW(program, (WCHAR *)1, (WCHAR *)24 /* RT_MANIFEST */);
    const char *text = resource ? LockResource(LoadResource(program, resource)) : NULL;
    SIZE_T length = resource ? SizeofResource(program, resource) : 0, wanted = strlen(guid);

    for (SIZE_T i = 0; text && i + wanted <= length; i++)
        if (!_strnicmp(text + i, guid, wanted))
            return true;
    return false;
}

/* learn.microsoft.com, "Targeting your application for Windows": GetVersion(Ex) tells a program that does not name
 * Windows 10 in its manifest 6.3 if it names 8.1, else 6.2. */
void manifest_version(ULONG *major, ULONG *minor, ULONG *build)
{
    static LONG answer; /* 0: not looked up yet, else the minor version, or 10 */
    LONG known = answer;
    DWORD error = GetLastError();

    if (!known) {
        known = manifest_names("8e0f7a12-bfb3-4fe8-b9a5-48fd50a15a9a")   ? 10
                : manifest_names("1f676c76-80e1-4239-95bb-83d0f6d0da78") ? 3
                                                                         : 2;
        answer = known;
        SetLastError(error);
    }
    if (known == 10)
        return;
    *major = 6;
    *minor = (ULONG)known;
    *build = known == 3 ? 9600 : 9200;
}

/* --- Versions --- */

BOOL WINAPI GetProductInfo(DWORD major, DWORD minor, DWORD pack_major, DWORD pack_minor,
                           PDWORD type)
{
    return RtlGetProductInfo(major, minor, pack_major, pack_minor, type);
}

/* A question about the version that the program is told, as one about the real one with the same answer: what
 * is above, equal to or below the one becomes above, equal to or below the other. Service packs are 0 in both. */
static void ask_for_real(OSVERSIONINFOEXW *info, DWORD mask)
{
    RTL_OSVERSIONINFOEXW real = {.dwOSVersionInfoSize = sizeof(real)};
    ULONG major, minor, build;
    LONG order = 0;

    RtlGetVersion(&real);
    major = real.dwMajorVersion, minor = real.dwMinorVersion, build = real.dwBuildNumber;
    manifest_version(&major, &minor, &build);
    if (major == real.dwMajorVersion || !(mask & VER_MAJORVERSION))
        return;
    if (info->dwMajorVersion != major)
        order = info->dwMajorVersion < major ? -1 : 1;
    else if (mask & VER_MINORVERSION && info->dwMinorVersion != minor)
        order = info->dwMinorVersion < minor ? -1 : 1;
    info->dwMajorVersion = real.dwMajorVersion + (ULONG)order;
    if (mask & VER_MINORVERSION && !order)
        info->dwMinorVersion = real.dwMinorVersion;
    order = info->dwBuildNumber < build ? -1 : info->dwBuildNumber > build;
    info->dwBuildNumber = real.dwBuildNumber + (ULONG)order;
}

/* Documented: false for Windows 8.1 and 10 in a program whose manifest does not name them. */
BOOL WINAPI VerifyVersionInfoW(LPOSVERSIONINFOEXW info, DWORD mask, DWORDLONG conditions)
{
    OSVERSIONINFOEXW asked = *info;
    NTSTATUS status;

    if (!mask || !conditions) /* documented, and Wine's test on Windows */
        return set_error(ERROR_BAD_ARGUMENTS);
    ask_for_real(&asked, mask);
    status = RtlVerifyVersionInfo(&asked, mask, conditions);
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
