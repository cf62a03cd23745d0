/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * fileapi.h, less common ways to open and link files, and A forms that only convert their names.
 */
#include "kernelbase.h"

/* --- Opening --- */

HANDLE WINAPI CreateFile2(LPCWSTR name, DWORD access, DWORD sharing, DWORD creation,
                          CREATEFILE2_EXTENDED_PARAMETERS *extended)
{
    DWORD flags = 0;

    if (extended)
        flags = extended->dwFileAttributes | extended->dwFileFlags | extended->dwSecurityQosFlags;
    return CreateFileW(name, access, sharing, extended ? extended->lpSecurityAttributes : NULL,
                       creation, flags, extended ? extended->hTemplateFile : NULL);
}

HANDLE WINAPI ReOpenFile(HANDLE file, DWORD access, DWORD sharing, DWORD flags)
{
    WCHAR path[1024];
    DWORD length = GetFinalPathNameByHandleW(file, path, ARRAY_COUNT(path), 0);

    if (!length || length >= ARRAY_COUNT(path))
        return INVALID_HANDLE_VALUE;
    return CreateFileW(path, access, sharing, NULL, OPEN_EXISTING, flags, NULL);
}

/* --- Links --- */

BOOL WINAPI CreateHardLinkA(LPCSTR link, LPCSTR target, LPSECURITY_ATTRIBUTES security)
{
    WCHAR *a = wide_from_file_name(link), *b = wide_from_file_name(target);
    BOOL result = (a || !link) && (b || !target) && CreateHardLinkW(a, b, security);

    free_wide(a);
    free_wide(b);
    return result;
}

/* Needs a reparse point to be written. */
BOOLEAN WINAPI CreateSymbolicLinkW(LPCWSTR link, LPCWSTR target, DWORD flags)
{
    (void)flags;
    if (!link || !target)
        return (BOOLEAN)set_error(ERROR_INVALID_PARAMETER);
    return (BOOLEAN)set_error(ERROR_PRIVILEGE_NOT_HELD);
}

BOOLEAN WINAPI CreateSymbolicLinkA(LPCSTR link, LPCSTR target, DWORD flags)
{
    (void)flags;
    if (!link || !target)
        return (BOOLEAN)set_error(ERROR_INVALID_PARAMETER);
    return (BOOLEAN)set_error(ERROR_PRIVILEGE_NOT_HELD);
}

/* --- Sizes --- */

DWORD WINAPI GetCompressedFileSizeW(LPCWSTR name, LPDWORD high)
{
    FILE_STANDARD_INFORMATION info;
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    UNICODE_STRING nt;
    HANDLE file;
    NTSTATUS status;

    if (!nt_path(name, &nt))
        return INVALID_FILE_SIZE;
    InitializeObjectAttributes(&attributes, &nt, OBJ_CASE_INSENSITIVE, NULL, NULL);
    status = NtOpenFile(&file, SYNCHRONIZE | FILE_READ_ATTRIBUTES, &attributes, &io,
                        FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                        FILE_SYNCHRONOUS_IO_NONALERT);
    RtlFreeUnicodeString(&nt);
    if (!status) {
        status = NtQueryInformationFile(file, &io, &info, sizeof(info), FileStandardInformation);
        NtClose(file);
    }
    if (!check_status(status))
        return INVALID_FILE_SIZE;
    if (high)
        *high = (DWORD)info.AllocationSize.HighPart;
    if (info.AllocationSize.LowPart == INVALID_FILE_SIZE)
        SetLastError(ERROR_SUCCESS);
    return info.AllocationSize.LowPart;
}

DWORD WINAPI GetCompressedFileSizeA(LPCSTR name, LPDWORD high)
{
    WCHAR *wide = wide_from_file_name(name);
    DWORD size = wide || !name ? GetCompressedFileSizeW(wide, high) : INVALID_FILE_SIZE;

    free_wide(wide);
    return size;
}

/* --- A forms --- */

BOOL WINAPI ReplaceFileA(LPCSTR replaced, LPCSTR replacement, LPCSTR backup, DWORD flags,
                         LPVOID exclude, LPVOID reserved)
{
    WCHAR *a = wide_from_file_name(replaced), *b = wide_from_file_name(replacement);
    WCHAR *c = wide_from_file_name(backup);
    BOOL result = (a || !replaced) && (b || !replacement) && (c || !backup) &&
                  ReplaceFileW(a, b, c, flags, exclude, reserved);

    free_wide(a);
    free_wide(b);
    free_wide(c);
    return result;
}

BOOL WINAPI CopyFileExA(LPCSTR from, LPCSTR to, LPPROGRESS_ROUTINE progress, LPVOID argument,
                        LPBOOL cancel, DWORD flags)
{
    WCHAR *a = wide_from_file_name(from), *b = wide_from_file_name(to);
    BOOL result = (a || !from) && (b || !to) && CopyFileExW(a, b, progress, argument, cancel, flags);

    free_wide(a);
    free_wide(b);
    return result;
}

BOOL WINAPI MoveFileWithProgressA(LPCSTR from, LPCSTR to, LPPROGRESS_ROUTINE progress,
                                  LPVOID argument, DWORD flags)
{
    WCHAR *a = wide_from_file_name(from), *b = wide_from_file_name(to);
    BOOL result = (a || !from) && (b || !to) && MoveFileWithProgressW(a, b, progress, argument, flags);

    free_wide(a);
    free_wide(b);
    return result;
}

/* A name in, a name out. */
static DWORD convert_path(DWORD(WINAPI *call)(LPCWSTR, LPWSTR, DWORD), LPCSTR name, LPSTR buffer,
                          DWORD room)
{
    WCHAR *wide = wide_from_file_name(name), *answer;
    DWORD needed, result = 0;

    if (!wide) {
        if (!name)
            SetLastError(ERROR_INVALID_PARAMETER);
        return 0;
    }
    needed = call(wide, NULL, 0);
    answer = needed ? RtlAllocateHeap(process_heap(), 0, needed * sizeof(WCHAR)) : NULL;
    if (answer && call(wide, answer, needed))
        result = ansi_to_buffer(answer, buffer, buffer ? room : 0);
    free_wide(answer);
    free_wide(wide);
    return result;
}

DWORD WINAPI GetLongPathNameA(LPCSTR name, LPSTR buffer, DWORD room)
{
    return convert_path(GetLongPathNameW, name, buffer, room);
}

DWORD WINAPI GetShortPathNameA(LPCSTR name, LPSTR buffer, DWORD room)
{
    return convert_path(GetShortPathNameW, name, buffer, room);
}

DWORD WINAPI SearchPathA(LPCSTR path, LPCSTR name, LPCSTR extension, DWORD room, LPSTR buffer,
                         LPSTR *file_part)
{
    WCHAR *wide_path = wide_from_file_name(path), *wide_name = wide_from_file_name(name);
    WCHAR *wide_extension = wide_from_file_name(extension), answer[1024];
    DWORD length = 0;

    if (!name)
        SetLastError(ERROR_INVALID_PARAMETER);
    else if ((wide_path || !path) && wide_name && (wide_extension || !extension))
        length = SearchPathW(wide_path, wide_name, wide_extension, ARRAY_COUNT(answer), answer, NULL);
    free_wide(wide_path);
    free_wide(wide_name);
    free_wide(wide_extension);
    if (!length || length >= ARRAY_COUNT(answer))
        return 0;
    length = ansi_to_buffer(answer, buffer, room);
    if (length < room && file_part) {
        char *last = strrchr(buffer, '\\');

        *file_part = last ? last + 1 : NULL;
    }
    return length;
}
