/* SPDX-License-Identifier: LGPL-2.1-or-later
 * processenv.h: command line, environment, current folder, standard handles, searching paths.
 */
#include "kernelbase.h"

static char *command_line_a;

LPWSTR WINAPI GetCommandLineW(void)
{
    return current_peb()->ProcessParameters->CommandLine.Buffer;
}

LPSTR WINAPI GetCommandLineA(void)
{
    const UNICODE_STRING *wide = &current_peb()->ProcessParameters->CommandLine;
    ANSI_STRING ansi;

    if (!command_line_a && !RtlUnicodeStringToAnsiString(&ansi, wide, TRUE) &&
        InterlockedCompareExchangePointer((void **)&command_line_a, ansi.Buffer, NULL))
        RtlFreeAnsiString(&ansi);
    return command_line_a;
}

/* --- Standard handles --- */

static HANDLE *std_handle(DWORD which)
{
    RTL_USER_PROCESS_PARAMETERS *parameters = current_peb()->ProcessParameters;

    switch (which) {
    case STD_INPUT_HANDLE: return &parameters->hStdInput;
    case STD_OUTPUT_HANDLE: return &parameters->hStdOutput;
    case STD_ERROR_HANDLE: return &parameters->hStdError;
    default: SetLastError(ERROR_INVALID_HANDLE); return NULL;
    }
}

HANDLE WINAPI GetStdHandle(DWORD which)
{
    HANDLE *handle = std_handle(which);

    return handle ? *handle : INVALID_HANDLE_VALUE;
}

BOOL WINAPI SetStdHandle(DWORD which, HANDLE value)
{
    HANDLE *handle = std_handle(which);

    if (!handle)
        return FALSE;
    *handle = value;
    return TRUE;
}

BOOL WINAPI SetStdHandleEx(DWORD which, HANDLE value, HANDLE *previous)
{
    HANDLE *handle = std_handle(which);

    if (!handle)
        return FALSE;
    if (previous)
        *previous = *handle;
    *handle = value;
    return TRUE;
}

/* --- Environment --- */

LPWSTR WINAPI GetEnvironmentStringsW(void)
{
    const WCHAR *block, *end;
    WCHAR *copy;
    SIZE_T bytes;

    RtlAcquirePebLock();
    block = end = current_peb()->ProcessParameters->Environment;
    while (*end)
        end += wcslen(end) + 1;
    bytes = (SIZE_T)(end + 1 - block) * sizeof(WCHAR);
    copy = RtlAllocateHeap(process_heap(), 0, bytes);
    if (copy)
        memcpy(copy, block, bytes);
    RtlReleasePebLock();
    if (!copy)
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    return copy;
}

LPSTR WINAPI GetEnvironmentStringsA(void)
{
    WCHAR *wide = GetEnvironmentStringsW(), *end = wide;
    DWORD bytes;
    char *copy;

    if (!wide)
        return NULL;
    while (*end)
        end += wcslen(end) + 1;
    end++;
    RtlUnicodeToMultiByteSize(&bytes, wide, (DWORD)((char *)end - (char *)wide));
    copy = RtlAllocateHeap(process_heap(), 0, bytes);
    if (copy)
        RtlUnicodeToMultiByteN(copy, bytes, &bytes, wide, (DWORD)((char *)end - (char *)wide));
    RtlFreeHeap(process_heap(), 0, wide);
    return copy;
}

BOOL WINAPI FreeEnvironmentStringsW(LPWSTR block)
{
    return RtlFreeHeap(process_heap(), 0, block);
}

BOOL WINAPI FreeEnvironmentStringsA(LPSTR block)
{
    return RtlFreeHeap(process_heap(), 0, block);
}

DWORD WINAPI GetEnvironmentVariableW(LPCWSTR name, LPWSTR value, DWORD size)
{
    UNICODE_STRING wanted, found = {0, 0, value};
    NTSTATUS status;

    RtlInitUnicodeString(&wanted, name);
    found.MaximumLength = size > 32767 ? 65534 : (USHORT)(size ? (size - 1) * sizeof(WCHAR) : 0);
    status = RtlQueryEnvironmentVariable_U(NULL, &wanted, &found);
    if (status == STATUS_BUFFER_TOO_SMALL)
        return found.Length / sizeof(WCHAR) + 1;
    if (!check_status(status))
        return 0;
    if (!size)
        return found.Length / sizeof(WCHAR) + 1;
    value[found.Length / sizeof(WCHAR)] = 0;
    if (!found.Length)
        SetLastError(ERROR_SUCCESS);
    return found.Length / sizeof(WCHAR);
}

DWORD WINAPI GetEnvironmentVariableA(LPCSTR name, LPSTR value, DWORD size)
{
    WCHAR *wide_name = wide_from_ansi(name), *wide;
    DWORD length, result = 0;

    if (!wide_name)
        return 0;
    length = GetEnvironmentVariableW(wide_name, NULL, 0);
    wide = length ? RtlAllocateHeap(process_heap(), 0, length * sizeof(WCHAR)) : NULL;
    if (wide) {
        GetEnvironmentVariableW(wide_name, wide, length);
        result = ansi_to_buffer(wide, value, size);
        RtlFreeHeap(process_heap(), 0, wide);
    }
    free_wide(wide_name);
    return result;
}

BOOL WINAPI SetEnvironmentVariableW(LPCWSTR name, LPCWSTR value)
{
    UNICODE_STRING wanted, text;

    if (!name)
        return set_error(ERROR_INVALID_PARAMETER);
    RtlInitUnicodeString(&wanted, name);
    if (value)
        RtlInitUnicodeString(&text, value);
    return check_status(RtlSetEnvironmentVariable(NULL, &wanted, value ? &text : NULL));
}

BOOL WINAPI SetEnvironmentVariableA(LPCSTR name, LPCSTR value)
{
    WCHAR *wide_name = wide_from_ansi(name), *wide = wide_from_ansi(value);
    BOOL done = SetEnvironmentVariableW(wide_name, wide);

    free_wide(wide_name);
    free_wide(wide);
    return done;
}

DWORD WINAPI ExpandEnvironmentStringsW(LPCWSTR source, LPWSTR target, DWORD size)
{
    UNICODE_STRING from, to = {0, size > 32767 ? 65534 : (USHORT)(size * sizeof(WCHAR)), target};
    ULONG needed = 0;
    NTSTATUS status;

    RtlInitUnicodeString(&from, source);
    status = RtlExpandEnvironmentStrings_U(NULL, &from, &to, &needed);
    if (status != STATUS_BUFFER_TOO_SMALL && !check_status(status))
        return 0;
    return needed / sizeof(WCHAR);
}

DWORD WINAPI ExpandEnvironmentStringsA(LPCSTR source, LPSTR target, DWORD size)
{
    WCHAR *wide = wide_from_ansi(source), *expanded;
    DWORD length = wide ? ExpandEnvironmentStringsW(wide, NULL, 0) : 0, result = 0;

    expanded = length ? RtlAllocateHeap(process_heap(), 0, length * sizeof(WCHAR)) : NULL;
    if (expanded) {
        ExpandEnvironmentStringsW(wide, expanded, length);
        result = ansi_to_buffer(expanded, target, size);
        if (result < size)
            result++; /* this function counts the NUL */
        RtlFreeHeap(process_heap(), 0, expanded);
    }
    free_wide(wide);
    return result;
}

/* --- The current folder --- */

UINT WINAPI GetCurrentDirectoryW(UINT size, LPWSTR buffer)
{
    return RtlGetCurrentDirectory_U(size * sizeof(WCHAR), buffer) / sizeof(WCHAR);
}

UINT WINAPI GetCurrentDirectoryA(UINT size, LPSTR buffer)
{
    WCHAR wide[1024];

    if (!GetCurrentDirectoryW(ARRAY_COUNT(wide), wide))
        return 0;
    return ansi_to_buffer(wide, buffer, size);
}

BOOL WINAPI SetCurrentDirectoryW(LPCWSTR path)
{
    UNICODE_STRING string;

    RtlInitUnicodeString(&string, path);
    return check_status(RtlSetCurrentDirectory_U(&string));
}

BOOL WINAPI SetCurrentDirectoryA(LPCSTR path)
{
    WCHAR *wide = wide_from_file_name(path);
    BOOL done = wide && SetCurrentDirectoryW(wide);

    free_wide(wide);
    return done;
}

/* --- Searching --- */

DWORD WINAPI SearchPathW(LPCWSTR path, LPCWSTR name, LPCWSTR extension, DWORD size, LPWSTR buffer,
                         LPWSTR *file_part)
{
    WCHAR default_path[8192];
    DWORD length;

    if (!name || !*name) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return 0;
    }
    if (!path) {
        /* The program's folder, the current one, the system's, PATH. */
        const UNICODE_STRING *image = &current_peb()->ProcessParameters->ImagePathName;
        SIZE_T folder = image->Length / sizeof(WCHAR);

        while (folder && image->Buffer[folder - 1] != '\\')
            folder--;
        memcpy(default_path, image->Buffer, folder * sizeof(WCHAR));
        wcscpy(default_path + folder, L";.;C:\\windows\\system32;C:\\windows;");
        length = (DWORD)wcslen(default_path);
        if (!GetEnvironmentVariableW(L"PATH", default_path + length,
                                     ARRAY_COUNT(default_path) - length))
            default_path[length] = 0;
        path = default_path;
    }
    length = RtlDosSearchPath_U(path, name, extension, size * sizeof(WCHAR), buffer, file_part);
    if (!length)
        SetLastError(ERROR_FILE_NOT_FOUND);
    return length / sizeof(WCHAR);
}

BOOL WINAPI NeedCurrentDirectoryForExePathW(LPCWSTR name)
{
    return wcschr(name, '\\') ||
           !GetEnvironmentVariableW(L"NoDefaultCurrentDirectoryInExePath", NULL, 0);
}
