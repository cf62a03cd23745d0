/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The version of Windows that we say we are: 10.0.19045 (Windows 10 22H2), Professional.
 */
#include "rtl.h"

#define VERSION_MAJOR 10
#define VERSION_MINOR 0
#define VERSION_BUILD 19045

NTSTATUS WINAPI RtlGetVersion(RTL_OSVERSIONINFOEXW *info)
{
    info->dwMajorVersion = VERSION_MAJOR;
    info->dwMinorVersion = VERSION_MINOR;
    info->dwBuildNumber = VERSION_BUILD;
    info->dwPlatformId = VER_PLATFORM_WIN32_NT;
    memset(info->szCSDVersion, 0, sizeof(info->szCSDVersion));
    if (info->dwOSVersionInfoSize == sizeof(RTL_OSVERSIONINFOEXW)) {
        info->wServicePackMajor = info->wServicePackMinor = 0;
        info->wSuiteMask = VER_SUITE_SINGLEUSERTS;
        info->wProductType = VER_NT_WORKSTATION;
        info->wReserved = 0;
    }
    return STATUS_SUCCESS;
}

void WINAPI RtlGetNtVersionNumbers(DWORD *major, DWORD *minor, DWORD *build)
{
    if (major)
        *major = VERSION_MAJOR;
    if (minor)
        *minor = VERSION_MINOR;
    if (build)
        *build = 0xf0000000 | VERSION_BUILD; /* the high bits say "free build" */
}

BOOLEAN WINAPI RtlGetProductInfo(DWORD os_major, DWORD os_minor, DWORD sp_major, DWORD sp_minor,
                                 DWORD *type)
{
    (void)os_minor;
    (void)sp_major;
    (void)sp_minor;
    if (!type)
        return FALSE;
    if (os_major < 6) {
        *type = PRODUCT_UNDEFINED;
        return FALSE;
    }
    *type = PRODUCT_PROFESSIONAL;
    return TRUE;
}

/* Three bits for each field, at the place of the field's type bit. */
ULONGLONG WINAPI VerSetConditionMask(ULONGLONG mask, DWORD type, BYTE condition)
{
    condition &= 7;
    if (!type || !condition)
        return mask;
    return mask | (ULONGLONG)condition << (__builtin_ctz(type) * 3);
}

static BYTE condition_of(ULONGLONG mask, DWORD type)
{
    return mask >> (__builtin_ctz(type) * 3) & 7;
}

static bool holds(ULONG have, ULONG wanted, BYTE condition)
{
    switch (condition) {
    case VER_EQUAL:
        return have == wanted;
    case VER_GREATER:
        return have > wanted;
    case VER_GREATER_EQUAL:
        return have >= wanted;
    case VER_LESS:
        return have < wanted;
    case VER_LESS_EQUAL:
        return have <= wanted;
    }
    return false;
}

/* Major, minor and service pack are one number: a later field counts only where the earlier ones are
 * equal, and then by the first field's condition. */
static NTSTATUS compare_version(const RTL_OSVERSIONINFOEXW *have, const RTL_OSVERSIONINFOEXW *info,
                                DWORD mask, ULONGLONG conditions)
{
    const struct {
        DWORD type;
        ULONG have, wanted;
    } fields[] = {
        {VER_MAJORVERSION, have->dwMajorVersion, info->dwMajorVersion},
        {VER_MINORVERSION, have->dwMinorVersion, info->dwMinorVersion},
        {VER_SERVICEPACKMAJOR, have->wServicePackMajor, info->wServicePackMajor},
        {VER_SERVICEPACKMINOR, have->wServicePackMinor, info->wServicePackMinor},
    };
    BYTE condition = 0;

    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        if (!(mask & fields[i].type))
            continue;
        if (!condition) {
            condition = condition_of(conditions, fields[i].type);
            if (condition < VER_EQUAL || condition > VER_LESS_EQUAL)
                return STATUS_INVALID_PARAMETER;
        }
        if (fields[i].have != fields[i].wanted)
            return holds(fields[i].have, fields[i].wanted, condition) ? STATUS_SUCCESS
                                                                     : STATUS_REVISION_MISMATCH;
    }
    if (condition == VER_GREATER || condition == VER_LESS)
        return STATUS_REVISION_MISMATCH;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlVerifyVersionInfo(const RTL_OSVERSIONINFOEXW *info, DWORD mask,
                                     ULONGLONG conditions)
{
    RTL_OSVERSIONINFOEXW have;

    if (!mask || !conditions)
        return STATUS_INVALID_PARAMETER;
    have.dwOSVersionInfoSize = sizeof(have);
    RtlGetVersion(&have);
    if (mask & VER_PRODUCT_TYPE) {
        BYTE condition = condition_of(conditions, VER_PRODUCT_TYPE);

        if (condition < VER_EQUAL || condition > VER_LESS_EQUAL)
            return STATUS_INVALID_PARAMETER;
        if (!holds(have.wProductType, info->wProductType, condition))
            return STATUS_REVISION_MISMATCH;
    }
    if (mask & VER_SUITENAME) {
        BYTE condition = condition_of(conditions, VER_SUITENAME);
        WORD common = have.wSuiteMask & info->wSuiteMask;

        if (condition != VER_AND && condition != VER_OR)
            return STATUS_INVALID_PARAMETER;
        if (condition == VER_AND ? common != info->wSuiteMask : info->wSuiteMask && !common)
            return STATUS_REVISION_MISMATCH;
    }
    if ((mask & VER_PLATFORMID) &&
        !holds(have.dwPlatformId, info->dwPlatformId, condition_of(conditions, VER_PLATFORMID)))
        return STATUS_REVISION_MISMATCH;
    if ((mask & VER_BUILDNUMBER) &&
        !holds(have.dwBuildNumber, info->dwBuildNumber, condition_of(conditions, VER_BUILDNUMBER)))
        return STATUS_REVISION_MISMATCH;
    return compare_version(&have, info, mask, conditions);
}
