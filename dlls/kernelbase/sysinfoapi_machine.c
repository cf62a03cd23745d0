/* SPDX-License-Identifier: LGPL-2.1-or-later
 * winbase.h and systemtopologyapi.h: the machine's nodes, firmware and power, as far as programs ask.
 * Memory is one node, which holds all processors.
 */
#include "kernelbase.h"

/* Wine 8's headers lack these. */
BOOL WINAPI GetNumaNodeProcessorMask(UCHAR, PULONGLONG);
BOOL WINAPI GetNumaProcessorNodeEx(PPROCESSOR_NUMBER, PUSHORT);
BOOL WINAPI GetNumaAvailableMemoryNode(UCHAR, PULONGLONG);
BOOL WINAPI GetNumaAvailableMemoryNodeEx(USHORT, PULONGLONG);
BOOL WINAPI GetNumaProximityNode(ULONG, PUCHAR);
BOOL WINAPI GetNumaProximityNodeEx(ULONG, PUSHORT);
BOOL WINAPI GetNumaNodeNumberFromHandle(HANDLE, PUSHORT);
BOOL WINAPI GetFirmwareType(int *);
BOOL WINAPI IsNativeVhdBoot(PBOOL);
HRESULT WINAPI IsWow64GuestMachineSupported(USHORT, BOOL *);

BOOL WINAPI GetNumaNodeProcessorMask(UCHAR node, PULONGLONG mask)
{
    GROUP_AFFINITY affinity;

    if (node)
        return set_error(ERROR_INVALID_PARAMETER);
    if (!GetNumaNodeProcessorMaskEx(0, &affinity))
        return FALSE;
    *mask = affinity.Mask;
    return TRUE;
}

BOOL WINAPI GetNumaProcessorNode(UCHAR processor, PUCHAR node)
{
    if (processor >= GetActiveProcessorCount(0)) {
        *node = 0xff; /* documented */
        return set_error(ERROR_INVALID_PARAMETER);
    }
    *node = 0;
    return TRUE;
}

BOOL WINAPI GetNumaProcessorNodeEx(PPROCESSOR_NUMBER processor, PUSHORT node)
{
    if (processor->Group || processor->Number >= GetActiveProcessorCount(0)) {
        *node = 0xffff;
        return set_error(ERROR_INVALID_PARAMETER);
    }
    *node = 0;
    return TRUE;
}

BOOL WINAPI GetNumaAvailableMemoryNodeEx(USHORT node, PULONGLONG bytes)
{
    MEMORYSTATUSEX status = {.dwLength = sizeof(status)};

    if (node || !GlobalMemoryStatusEx(&status))
        return set_error(ERROR_INVALID_PARAMETER);
    *bytes = status.ullAvailPhys;
    return TRUE;
}

BOOL WINAPI GetNumaAvailableMemoryNode(UCHAR node, PULONGLONG bytes)
{
    return GetNumaAvailableMemoryNodeEx(node, bytes);
}

BOOL WINAPI GetNumaProximityNodeEx(ULONG proximity, PUSHORT node)
{
    if (proximity)
        return set_error(ERROR_INVALID_PARAMETER);
    *node = 0;
    return TRUE;
}

BOOL WINAPI GetNumaProximityNode(ULONG proximity, PUCHAR node)
{
    if (proximity)
        return set_error(ERROR_INVALID_PARAMETER);
    *node = 0;
    return TRUE;
}

/* Documented: the node that a file's device belongs to; here it is the one there is. */
BOOL WINAPI GetNumaNodeNumberFromHandle(HANDLE file, PUSHORT node)
{
    if (GetFileType(file) == FILE_TYPE_UNKNOWN && GetLastError())
        return FALSE;
    *node = 0;
    return TRUE;
}

/* --- Firmware --- */

enum { FIRMWARE_BIOS = 1, FIRMWARE_UEFI = 2 };

/* Linux has this folder exactly when it was started by UEFI. */
BOOL WINAPI GetFirmwareType(int *type)
{
    if (!type)
        return set_error(ERROR_INVALID_PARAMETER);
    *type = GetFileAttributesW(L"Z:\\sys\\firmware\\efi") == INVALID_FILE_ATTRIBUTES ? FIRMWARE_BIOS
                                                                                     : FIRMWARE_UEFI;
    return TRUE;
}

/* Documented: ERROR_INVALID_FUNCTION where firmware variables are not supported. */
DWORD WINAPI GetFirmwareEnvironmentVariableW(LPCWSTR name, LPCWSTR guid, PVOID buffer, DWORD room)
{
    (void)name, (void)guid, (void)buffer, (void)room;
    return (DWORD)set_error(ERROR_INVALID_FUNCTION);
}

DWORD WINAPI GetFirmwareEnvironmentVariableA(LPCSTR name, LPCSTR guid, PVOID buffer, DWORD room)
{
    (void)name, (void)guid, (void)buffer, (void)room;
    return (DWORD)set_error(ERROR_INVALID_FUNCTION);
}

BOOL WINAPI IsNativeVhdBoot(PBOOL is_native)
{
    *is_native = FALSE;
    return TRUE;
}

/* --- Machines --- */

/* No other machine's programs run here. */
HRESULT WINAPI IsWow64GuestMachineSupported(USHORT machine, BOOL *is_supported)
{
    (void)machine;
    *is_supported = FALSE;
    return S_OK;
}

BOOL WINAPI IsSystemResumeAutomatic(void)
{
    return FALSE;
}

BOOL WINAPI GetDevicePowerState(HANDLE device, BOOL *is_on)
{
    if (GetFileType(device) == FILE_TYPE_UNKNOWN && GetLastError())
        return FALSE;
    *is_on = TRUE;
    return TRUE;
}
