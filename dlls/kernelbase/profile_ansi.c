/* SPDX-License-Identifier: LGPL-2.1-or-later
 * winbase.h: initialisation files (profile.c) in bytes, and win.ini.
 */
#include "kernelbase.h"

/* A list's or string's `length` characters as bytes; lists keep their two NULs. */
static DWORD narrow(const WCHAR *wide, DWORD length, bool is_list, char *buffer, DWORD room)
{
    DWORD ends = is_list ? 2 : 1;
    int bytes;

    if (room < ends) {
        if (room)
            buffer[0] = 0;
        return 0;
    }
    bytes = length ? WideCharToMultiByte(CP_ACP, 0, wide, (int)length, NULL, 0, NULL, NULL) : 0;
    while (length && (DWORD)bytes > room - ends)
        bytes = --length ? WideCharToMultiByte(CP_ACP, 0, wide, (int)length, NULL, 0, NULL, NULL) : 0;
    if (length)
        WideCharToMultiByte(CP_ACP, 0, wide, (int)length, buffer, bytes, NULL, NULL);
    buffer[bytes] = 0;
    if (is_list)
        buffer[bytes + 1] = 0;
    return (DWORD)bytes;
}

INT WINAPI GetPrivateProfileStringA(LPCSTR section, LPCSTR name, LPCSTR standard, LPSTR buffer, UINT room,
                                    LPCSTR file)
{
    WCHAR *wide = RtlAllocateHeap(process_heap(), 0, ((SIZE_T)room + 2) * sizeof(WCHAR));
    WCHAR *section_w = wide_from_ansi(section), *name_w = wide_from_ansi(name);
    WCHAR *standard_w = wide_from_ansi(standard), *file_w = wide_from_file_name(file);
    DWORD length = 0;

    if (wide && buffer) {
        length = (DWORD)GetPrivateProfileStringW(section_w, name_w, standard_w, wide, room, file_w);
        length = narrow(wide, length, !section || !name, buffer, room);
    }
    free_wide(file_w), free_wide(standard_w), free_wide(name_w), free_wide(section_w);
    RtlFreeHeap(process_heap(), 0, wide);
    return (INT)length;
}

UINT WINAPI GetPrivateProfileIntA(LPCSTR section, LPCSTR name, INT standard, LPCSTR file)
{
    WCHAR *section_w = wide_from_ansi(section), *name_w = wide_from_ansi(name), *file_w = wide_from_file_name(file);
    UINT value = GetPrivateProfileIntW(section_w, name_w, standard, file_w);

    free_wide(file_w), free_wide(name_w), free_wide(section_w);
    return value;
}

INT WINAPI GetPrivateProfileSectionA(LPCSTR section, LPSTR buffer, DWORD room, LPCSTR file)
{
    WCHAR *wide = RtlAllocateHeap(process_heap(), 0, ((SIZE_T)room + 2) * sizeof(WCHAR));
    WCHAR *section_w = wide_from_ansi(section), *file_w = wide_from_file_name(file);
    DWORD length = 0;

    if (wide && buffer && section_w) {
        length = (DWORD)GetPrivateProfileSectionW(section_w, wide, room, file_w);
        length = narrow(wide, length, true, buffer, room);
    }
    free_wide(file_w), free_wide(section_w);
    RtlFreeHeap(process_heap(), 0, wide);
    return (INT)length;
}

DWORD WINAPI GetPrivateProfileSectionNamesA(LPSTR buffer, DWORD room, LPCSTR file)
{
    return (DWORD)GetPrivateProfileStringA(NULL, NULL, NULL, buffer, room, file);
}

BOOL WINAPI WritePrivateProfileStringA(LPCSTR section, LPCSTR name, LPCSTR value, LPCSTR file)
{
    WCHAR *section_w = wide_from_ansi(section), *name_w = wide_from_ansi(name);
    WCHAR *value_w = wide_from_ansi(value), *file_w = wide_from_file_name(file);
    BOOL done = WritePrivateProfileStringW(section_w, name_w, value_w, file_w);

    free_wide(file_w), free_wide(value_w), free_wide(name_w), free_wide(section_w);
    return done;
}

BOOL WINAPI WritePrivateProfileSectionA(LPCSTR section, LPCSTR settings, LPCSTR file)
{
    WCHAR *section_w = wide_from_ansi(section), *file_w = wide_from_file_name(file), *list = NULL;
    SIZE_T bytes = 0;
    BOOL done = FALSE;

    if (settings) {
        while (settings[bytes])
            bytes += strlen(settings + bytes) + 1;
        bytes++;
        list = RtlAllocateHeap(process_heap(), 0, bytes * sizeof(WCHAR));
        if (list)
            MultiByteToWideChar(CP_ACP, 0, settings, (int)bytes, list, (int)bytes);
    }
    if (list || !settings)
        done = WritePrivateProfileSectionW(section_w, list, file_w);
    else
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    RtlFreeHeap(process_heap(), 0, list);
    free_wide(file_w), free_wide(section_w);
    return done;
}

/* --- win.ini --- */

INT WINAPI GetProfileStringW(LPCWSTR section, LPCWSTR name, LPCWSTR standard, LPWSTR buffer, UINT room)
{
    return GetPrivateProfileStringW(section, name, standard, buffer, room, NULL);
}

INT WINAPI GetProfileStringA(LPCSTR section, LPCSTR name, LPCSTR standard, LPSTR buffer, UINT room)
{
    return GetPrivateProfileStringA(section, name, standard, buffer, room, NULL);
}

UINT WINAPI GetProfileIntW(LPCWSTR section, LPCWSTR name, INT standard)
{
    return GetPrivateProfileIntW(section, name, standard, NULL);
}

UINT WINAPI GetProfileIntA(LPCSTR section, LPCSTR name, INT standard)
{
    return GetPrivateProfileIntA(section, name, standard, NULL);
}

BOOL WINAPI WriteProfileStringW(LPCWSTR section, LPCWSTR name, LPCWSTR value)
{
    return WritePrivateProfileStringW(section, name, value, NULL);
}

BOOL WINAPI WriteProfileStringA(LPCSTR section, LPCSTR name, LPCSTR value)
{
    return WritePrivateProfileStringA(section, name, value, NULL);
}
