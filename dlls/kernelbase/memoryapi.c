/* SPDX-License-Identifier: LGPL-2.1-or-later
 * memoryapi.h: virtual memory, write watch, other processes' memory.
 */
#include "kernelbase.h"

LPVOID WINAPI VirtualAllocEx(HANDLE process, LPVOID address, SIZE_T size, DWORD type, DWORD protect)
{
    return check_status(NtAllocateVirtualMemory(process, &address, 0, &size, type, protect))
               ? address
               : NULL;
}

LPVOID WINAPI VirtualAlloc(LPVOID address, SIZE_T size, DWORD type, DWORD protect)
{
    return VirtualAllocEx(GetCurrentProcess(), address, size, type, protect);
}

LPVOID WINAPI VirtualAllocExNuma(HANDLE process, LPVOID address, SIZE_T size, DWORD type,
                                 DWORD protect, DWORD node)
{
    (void)node; /* a preference */
    return VirtualAllocEx(process, address, size, type, protect);
}

LPVOID WINAPI VirtualAlloc2(HANDLE process, LPVOID address, SIZE_T size, ULONG type, ULONG protect,
                            MEM_EXTENDED_PARAMETER *parameters, ULONG count)
{
    if (!process)
        process = GetCurrentProcess();
    return check_status(NtAllocateVirtualMemoryEx(process, &address, &size, type, protect,
                                                  parameters, count))
               ? address
               : NULL;
}

BOOL WINAPI VirtualFreeEx(HANDLE process, LPVOID address, SIZE_T size, DWORD type)
{
    /* Documented: MEM_RELEASE takes no size, unless placeholders are kept or joined. */
    if (type == MEM_RELEASE && size)
        return set_error(ERROR_INVALID_PARAMETER);
    return check_status(NtFreeVirtualMemory(process, &address, &size, type));
}

BOOL WINAPI VirtualFree(LPVOID address, SIZE_T size, DWORD type)
{
    return VirtualFreeEx(GetCurrentProcess(), address, size, type);
}

BOOL WINAPI VirtualProtectEx(HANDLE process, LPVOID address, SIZE_T size, DWORD protect, DWORD *old)
{
    return check_status(NtProtectVirtualMemory(process, &address, &size, protect, old));
}

BOOL WINAPI VirtualProtect(LPVOID address, SIZE_T size, DWORD protect, DWORD *old)
{
    return VirtualProtectEx(GetCurrentProcess(), address, size, protect, old);
}

SIZE_T WINAPI VirtualQueryEx(HANDLE process, LPCVOID address, MEMORY_BASIC_INFORMATION *info,
                             SIZE_T size)
{
    SIZE_T done = 0;

    return check_status(NtQueryVirtualMemory(process, address, MemoryBasicInformation, info, size,
                                             &done))
               ? done
               : 0;
}

SIZE_T WINAPI VirtualQuery(LPCVOID address, MEMORY_BASIC_INFORMATION *info, SIZE_T size)
{
    return VirtualQueryEx(GetCurrentProcess(), address, info, size);
}

BOOL WINAPI VirtualLock(LPVOID address, SIZE_T size)
{
    return check_status(NtLockVirtualMemory(GetCurrentProcess(), &address, &size, 1));
}

BOOL WINAPI VirtualUnlock(LPVOID address, SIZE_T size)
{
    return check_status(NtUnlockVirtualMemory(GetCurrentProcess(), &address, &size, 1));
}

BOOL WINAPI PrefetchVirtualMemory(HANDLE process, ULONG_PTR count, WIN32_MEMORY_RANGE_ENTRY *ranges,
                                  ULONG flags)
{
    return check_status(NtSetInformationVirtualMemory(process, VmPrefetchInformation, count,
                                                      (MEMORY_RANGE_ENTRY *)ranges, &flags,
                                                      sizeof(flags)));
}

SIZE_T WINAPI GetLargePageMinimum(void)
{
    return 2 * 1024 * 1024;
}

/* --- Write watch --- */

/* 0, or -1 with the last error; success leaves the last error alone (Wine's tests that pass on
 * Windows, and Microsoft's page on GetWriteWatch). */
UINT WINAPI GetWriteWatch(DWORD flags, LPVOID base, SIZE_T size, LPVOID *addresses,
                          ULONG_PTR *count, ULONG *granularity)
{
    return check_status(NtGetWriteWatch(GetCurrentProcess(), flags, base, size, addresses, count,
                                        granularity))
               ? 0
               : ~0u;
}

UINT WINAPI ResetWriteWatch(LPVOID base, SIZE_T size)
{
    return check_status(NtResetWriteWatch(GetCurrentProcess(), base, size)) ? 0 : ~0u;
}

/* --- Other processes --- */

BOOL WINAPI ReadProcessMemory(HANDLE process, LPCVOID address, LPVOID buffer, SIZE_T size,
                              SIZE_T *count)
{
    return check_status(NtReadVirtualMemory(process, address, buffer, size, count));
}

BOOL WINAPI WriteProcessMemory(HANDLE process, LPVOID address, LPCVOID buffer, SIZE_T size,
                               SIZE_T *count)
{
    return check_status(NtWriteVirtualMemory(process, address, buffer, size, count));
}

/* --- Sections --- */

HANDLE WINAPI CreateFileMappingW(HANDLE file, LPSECURITY_ATTRIBUTES security, DWORD protect,
                                 DWORD size_high, DWORD size_low, LPCWSTR name)
{
    const DWORD section_bits = SEC_FILE | SEC_IMAGE | SEC_RESERVE | SEC_COMMIT | SEC_NOCACHE |
                               SEC_WRITECOMBINE | SEC_LARGE_PAGES;
    DWORD type = protect & section_bits, access = STANDARD_RIGHTS_REQUIRED | SECTION_QUERY |
                                                  SECTION_MAP_READ;
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING string;
    LARGE_INTEGER size = {.QuadPart = (LONGLONG)((ULONGLONG)size_high << 32 | size_low)};
    HANDLE section;
    NTSTATUS status;

    protect &= ~section_bits;
    if (!type)
        type = SEC_COMMIT;
    switch (protect) {
    case 0:
        protect = PAGE_READONLY; /* Windows 9x accepted this, and programs still rely on it */
        break;
    case PAGE_READONLY:
    case PAGE_WRITECOPY:
        break;
    case PAGE_READWRITE:
        access |= SECTION_MAP_WRITE;
        break;
    case PAGE_EXECUTE_READ:
    case PAGE_EXECUTE_WRITECOPY:
        access |= SECTION_MAP_EXECUTE | SECTION_MAP_EXECUTE_EXPLICIT;
        break;
    case PAGE_EXECUTE_READWRITE:
        access |= SECTION_MAP_WRITE | SECTION_MAP_EXECUTE | SECTION_MAP_EXECUTE_EXPLICIT;
        break;
    default:
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    if (file == INVALID_HANDLE_VALUE) {
        file = NULL;
        if (!size.QuadPart) {
            SetLastError(ERROR_INVALID_PARAMETER);
            return NULL;
        }
    }
    object_attributes(&attributes, &string, security, name);
    status = NtCreateSection(&section, access, &attributes, size.QuadPart ? &size : NULL, protect,
                             type, file);
    /* Documented: the last error says whether it was there, in either case. */
    if (status == STATUS_OBJECT_NAME_EXISTS)
        SetLastError(ERROR_ALREADY_EXISTS);
    else
        SetLastError(RtlNtStatusToDosError(status));
    return NT_SUCCESS(status) ? section : NULL;
}

HANDLE WINAPI OpenFileMappingW(DWORD access, BOOL inherit, LPCWSTR name)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING string;
    HANDLE section;

    if (!name) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    object_attributes(&attributes, &string, NULL, name);
    attributes.Attributes = inherit ? OBJ_INHERIT : 0;
    if (access == FILE_MAP_COPY)
        access = SECTION_MAP_READ;
    return check_status(NtOpenSection(&section, access | SECTION_QUERY, &attributes)) ? section
                                                                                     : NULL;
}

HANDLE WINAPI CreateFileMappingA(HANDLE file, LPSECURITY_ATTRIBUTES security, DWORD protect,
                                 DWORD size_high, DWORD size_low, LPCSTR name)
{
    WCHAR *wide = wide_from_ansi(name);
    HANDLE section = NULL;

    if (wide || !name)
        section = CreateFileMappingW(file, security, protect, size_high, size_low, wide);
    free_wide(wide);
    return section;
}

HANDLE WINAPI OpenFileMappingA(DWORD access, BOOL inherit, LPCSTR name)
{
    WCHAR *wide = wide_from_ansi(name);
    HANDLE section = name && !wide ? NULL : OpenFileMappingW(access, inherit, wide);

    free_wide(wide);
    return section;
}

HANDLE WINAPI CreateFileMappingFromApp(HANDLE file, LPSECURITY_ATTRIBUTES security, ULONG protect,
                                       ULONG64 size, LPCWSTR name)
{
    return CreateFileMappingW(file, security, protect, (DWORD)(size >> 32), (DWORD)size, name);
}

LPVOID WINAPI MapViewOfFileEx(HANDLE section, DWORD access, DWORD offset_high, DWORD offset_low,
                              SIZE_T size, LPVOID address)
{
    LARGE_INTEGER offset = {.QuadPart = (LONGLONG)((ULONGLONG)offset_high << 32 | offset_low)};
    bool is_executable = access & FILE_MAP_EXECUTE;
    ULONG protect = PAGE_NOACCESS;

    /* FILE_MAP_ALL_ACCESS holds the bit of FILE_MAP_COPY; writing prevails. */
    if (access & FILE_MAP_WRITE)
        protect = is_executable ? PAGE_EXECUTE_READWRITE : PAGE_READWRITE;
    else if (access & FILE_MAP_COPY)
        protect = is_executable ? PAGE_EXECUTE_WRITECOPY : PAGE_WRITECOPY;
    else if (access & FILE_MAP_READ)
        protect = is_executable ? PAGE_EXECUTE_READ : PAGE_READONLY;
    /* STATUS_IMAGE_NOT_AT_BASE is a success. */
    return check_status(NtMapViewOfSection(section, GetCurrentProcess(), &address, 0, 0, &offset,
                                           &size, ViewShare, 0, protect))
               ? address
               : NULL;
}

LPVOID WINAPI MapViewOfFile(HANDLE section, DWORD access, DWORD offset_high, DWORD offset_low,
                            SIZE_T size)
{
    return MapViewOfFileEx(section, access, offset_high, offset_low, size, NULL);
}

LPVOID WINAPI MapViewOfFileFromApp(HANDLE section, ULONG access, ULONG64 offset, SIZE_T size)
{
    return MapViewOfFileEx(section, access, (DWORD)(offset >> 32), (DWORD)offset, size, NULL);
}

LPVOID WINAPI MapViewOfFile3(HANDLE section, HANDLE process, LPVOID address, ULONG64 offset,
                             SIZE_T size, ULONG type, ULONG protect,
                             MEM_EXTENDED_PARAMETER *parameters, ULONG count)
{
    LARGE_INTEGER at = {.QuadPart = (LONGLONG)offset};

    if (!process)
        process = GetCurrentProcess();
    return check_status(NtMapViewOfSectionEx(section, process, &address, &at, &size, type, protect,
                                             parameters, count))
               ? address
               : NULL;
}

BOOL WINAPI UnmapViewOfFile2(HANDLE process, LPVOID address, ULONG flags)
{
    return check_status(NtUnmapViewOfSectionEx(process, address, flags));
}

BOOL WINAPI UnmapViewOfFile(LPCVOID address)
{
    return check_status(NtUnmapViewOfSection(GetCurrentProcess(), (void *)address));
}

BOOL WINAPI UnmapViewOfFileEx(LPVOID address, ULONG flags)
{
    return check_status(NtUnmapViewOfSectionEx(GetCurrentProcess(), address, flags));
}

BOOL WINAPI FlushViewOfFile(LPCVOID address, SIZE_T size)
{
    NTSTATUS status = NtFlushVirtualMemory(GetCurrentProcess(), &address, &size, 0);

    return status == STATUS_NOT_MAPPED_DATA || check_status(status);
}
