/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The machine's names. They come from COMPUTERNAME, which the Linux side sets from the host name.
 */
#include "kernelbase.h"

static BOOL computer_name(WCHAR *name, DWORD room, DWORD *length)
{
    UNICODE_STRING variable, value = {0, (USHORT)(room * sizeof(WCHAR)), name};
    NTSTATUS status;

    RtlInitUnicodeString(&variable, L"COMPUTERNAME");
    status = RtlQueryEnvironmentVariable_U(NULL, &variable, &value);
    if (status) {
        static const WCHAR none[] = L"DECANT";

        memcpy(name, none, sizeof(none));
        value.Length = sizeof(none) - sizeof(WCHAR);
    }
    *length = value.Length / sizeof(WCHAR);
    name[*length] = 0;
    return TRUE;
}

BOOL WINAPI GetComputerNameExW(COMPUTER_NAME_FORMAT format, LPWSTR buffer, LPDWORD size)
{
    WCHAR name[MAX_PATH];
    DWORD length;

    if ((unsigned)format >= ComputerNameMax || !size)
        return set_error(ERROR_INVALID_PARAMETER);
    computer_name(name, ARRAY_COUNT(name) - 1, &length);
    if (format == ComputerNameDnsDomain || format == ComputerNamePhysicalDnsDomain)
        length = 0; /* the machine belongs to none */
    else if ((format == ComputerNameNetBIOS || format == ComputerNamePhysicalNetBIOS) &&
             length > MAX_COMPUTERNAME_LENGTH)
        length = MAX_COMPUTERNAME_LENGTH;
    name[length] = 0;
    if (format == ComputerNameNetBIOS || format == ComputerNamePhysicalNetBIOS)
        _wcsupr(name);
    if (*size <= length || !buffer) {
        *size = length + 1;
        return set_error(ERROR_MORE_DATA);
    }
    memcpy(buffer, name, (length + 1) * sizeof(WCHAR));
    *size = length;
    return TRUE;
}

BOOL WINAPI GetComputerNameExA(COMPUTER_NAME_FORMAT format, LPSTR buffer, LPDWORD size)
{
    WCHAR name[MAX_PATH];
    DWORD room = ARRAY_COUNT(name), length;

    if (!size)
        return set_error(ERROR_INVALID_PARAMETER);
    if (!GetComputerNameExW(format, name, &room))
        return FALSE;
    length = ansi_to_buffer(name, buffer, buffer ? *size : 0);
    if (length >= *size || !buffer) {
        *size = length;
        return set_error(ERROR_MORE_DATA);
    }
    *size = length;
    return TRUE;
}

BOOL WINAPI GetComputerNameW(LPWSTR buffer, LPDWORD size)
{
    if (GetComputerNameExW(ComputerNameNetBIOS, buffer, size))
        return TRUE;
    return GetLastError() == ERROR_MORE_DATA && set_error(ERROR_BUFFER_OVERFLOW);
}

BOOL WINAPI GetComputerNameA(LPSTR buffer, LPDWORD size)
{
    if (GetComputerNameExA(ComputerNameNetBIOS, buffer, size))
        return TRUE;
    return GetLastError() == ERROR_MORE_DATA && set_error(ERROR_BUFFER_OVERFLOW);
}
