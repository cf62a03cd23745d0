/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * kernelbase's entry point and the helpers that all its files use.
 */
#include "kernelbase.h"

static bool file_apis_are_oem;

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, void *reserved)
{
    (void)reserved;
    if (reason == DLL_PROCESS_ATTACH)
        LdrDisableThreadCalloutsForDll(instance);
    return TRUE;
}

static WCHAR *to_wide(const char *text, bool is_oem)
{
    SIZE_T length;
    DWORD used;
    WCHAR *wide;

    if (!text)
        return NULL;
    length = strlen(text) + 1;
    wide = RtlAllocateHeap(process_heap(), 0, length * sizeof(WCHAR));
    if (!wide) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    if (is_oem)
        RtlOemToUnicodeN(wide, (DWORD)(length * sizeof(WCHAR)), &used, text, (DWORD)length);
    else
        RtlMultiByteToUnicodeN(wide, (DWORD)(length * sizeof(WCHAR)), &used, text, (DWORD)length);
    return wide;
}

WCHAR *wide_from_ansi(const char *text)
{
    return to_wide(text, false);
}

WCHAR *wide_from_file_name(const char *text)
{
    return to_wide(text, file_apis_are_oem);
}

void free_wide(WCHAR *text)
{
    if (text)
        RtlFreeHeap(process_heap(), 0, text);
}

DWORD ansi_to_buffer(const WCHAR *text, char *buffer, DWORD room)
{
    DWORD bytes, length = (DWORD)wcslen(text) * sizeof(WCHAR);

    RtlUnicodeToMultiByteSize(&bytes, text, length);
    if (bytes >= room)
        return bytes + 1;
    if (file_apis_are_oem)
        RtlUnicodeToOemN(buffer, room, &bytes, text, length);
    else
        RtlUnicodeToMultiByteN(buffer, room, &bytes, text, length);
    buffer[bytes] = 0;
    return bytes;
}

void WINAPI SetFileApisToOEM(void)
{
    file_apis_are_oem = true;
}

void WINAPI SetFileApisToANSI(void)
{
    file_apis_are_oem = false;
}

BOOL WINAPI AreFileApisANSI(void)
{
    return !file_apis_are_oem;
}

/* What Win32 names of objects are relative to; opened once. NULL: it cannot be, and names will be refused. */
static HANDLE base_named_objects(void)
{
    static HANDLE directory;
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING path;
    HANDLE handle;

    if (directory)
        return directory;
    RtlInitUnicodeString(&path, L"\\Sessions\\1\\BaseNamedObjects");
    InitializeObjectAttributes(&attributes, &path, 0, NULL, NULL);
    if (NtOpenDirectoryObject(&handle, 0xf, &attributes)) /* query, traverse, create */
        return NULL;
    if (InterlockedCompareExchangePointer(&directory, handle, NULL))
        NtClose(handle);
    return directory;
}

/* Names differ in case (Microsoft: "Name comparison is case sensitive"); Global\, Local\ and Session\ are links in
 * the directory. An empty name is none. */
void object_attributes(OBJECT_ATTRIBUTES *attributes, UNICODE_STRING *string,
                       const SECURITY_ATTRIBUTES *security, const WCHAR *name)
{
    ULONG flags = OBJ_OPENIF;

    if (security && security->bInheritHandle)
        flags |= OBJ_INHERIT;
    if (name)
        RtlInitUnicodeString(string, name);
    InitializeObjectAttributes(attributes, name ? string : NULL, flags,
                               name && *name ? base_named_objects() : NULL,
                               security ? security->lpSecurityDescriptor : NULL);
}

/* No name is no path: ERROR_PATH_NOT_FOUND, whichever function is asked (Wine's tests of CreateDirectory,
 * GetFileAttributes and FindFirstFile pass on Windows with that). */
NTSTATUS nt_path_status(const WCHAR *path, UNICODE_STRING *nt)
{
    if (!path || !*path)
        return STATUS_OBJECT_PATH_NOT_FOUND;
    return RtlDosPathNameToNtPathName_U_WithStatus(path, nt, NULL, NULL);
}

BOOL nt_path(const WCHAR *path, UNICODE_STRING *nt)
{
    return check_status(nt_path_status(path, nt));
}
