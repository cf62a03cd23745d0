/* SPDX-License-Identifier: LGPL-2.1-or-later
 * libloaderapi.h: loading DLLs, finding functions and modules. Resources are in resources.c.
 */
#include "kernelbase.h"

#define DATA_FILE_FLAGS                                                                            \
    (LOAD_LIBRARY_AS_DATAFILE | LOAD_LIBRARY_AS_DATAFILE_EXCLUSIVE | LOAD_LIBRARY_AS_IMAGE_RESOURCE)

/* Whether a view begins here, and with all of an image's headers. */
static bool is_image_start(void *base)
{
    const IMAGE_DOS_HEADER *dos = base;
    MEMORY_BASIC_INFORMATION info;
    const IMAGE_NT_HEADERS *nt;
    SIZE_T headers;

    if (VirtualQuery(base, &info, sizeof(info)) != sizeof(info) || info.State != MEM_COMMIT ||
        info.AllocationBase != base || info.RegionSize < sizeof(*dos) + sizeof(*nt) ||
        dos->e_magic != IMAGE_DOS_SIGNATURE ||
        (ULONG)dos->e_lfanew > info.RegionSize - sizeof(*nt))
        return false;
    nt = RtlImageNtHeader(base);
    if (!nt)
        return false;
    headers = (ULONG)dos->e_lfanew + FIELD_OFFSET(IMAGE_NT_HEADERS, OptionalHeader) +
              nt->FileHeader.SizeOfOptionalHeader +
              nt->FileHeader.NumberOfSections * sizeof(IMAGE_SECTION_HEADER);
    return headers <= info.RegionSize;
}

/* A file mapped for its resources: bit 0 of the handle says that it lies flat as in the file, bit 1 that it
 * lies as an image does. */
static HMODULE load_as_data(const WCHAR *name, DWORD flags)
{
    const bool is_image = flags & LOAD_LIBRARY_AS_IMAGE_RESOURCE;
    WCHAR path[1024];
    HANDLE file, section;
    void *base = NULL;

    if (!SearchPathW(NULL, name, L".dll", ARRAY_COUNT(path), path, NULL))
        return NULL;
    file = CreateFileW(path, GENERIC_READ,
                       FILE_SHARE_READ |
                           (flags & LOAD_LIBRARY_AS_DATAFILE_EXCLUSIVE ? 0 : FILE_SHARE_DELETE),
                       NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return NULL;
    section = CreateFileMappingW(file, NULL, PAGE_READONLY | (is_image ? SEC_IMAGE : 0), 0, 0, NULL);
    CloseHandle(file);
    if (section) {
        base = MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0);
        CloseHandle(section);
    }
    if (base && !is_image_start(base)) {
        UnmapViewOfFile(base);
        base = NULL;
        SetLastError(ERROR_BAD_EXE_FORMAT);
    }
    return base ? (HMODULE)((ULONG_PTR)base | (is_image ? 2 : 1)) : NULL;
}

HMODULE WINAPI LoadLibraryExW(LPCWSTR name, HANDLE file, DWORD flags)
{
    UNICODE_STRING string;
    WCHAR *path, *unused;
    HMODULE module;
    NTSTATUS status;

    if (!name || !*name || file) { /* the file is reserved (documented) */
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    RtlInitUnicodeString(&string, name);
    /* Documented: trailing spaces do not count. */
    while (string.Length && string.Buffer[string.Length / sizeof(WCHAR) - 1] == ' ')
        string.Length -= sizeof(WCHAR);
    if (flags & DATA_FILE_FLAGS) {
        if (!LdrGetDllHandleEx(0, NULL, NULL, &string, &module))
            return module;
        return load_as_data(name, flags);
    }
    status = LdrGetDllPath(name, flags & (0xff00 | LOAD_WITH_ALTERED_SEARCH_PATH), &path, &unused);
    if (!check_status(status))
        return NULL;
    status = LdrLoadDll(path, flags & DONT_RESOLVE_DLL_REFERENCES, &string, &module);
    RtlFreeHeap(process_heap(), 0, path);
    if (status == STATUS_DLL_NOT_FOUND) {
        SetLastError(ERROR_MOD_NOT_FOUND);
        return NULL;
    }
    return check_status(status) ? module : NULL;
}

HMODULE WINAPI LoadLibraryW(LPCWSTR name)
{
    return LoadLibraryExW(name, NULL, 0);
}

HMODULE WINAPI LoadLibraryExA(LPCSTR name, HANDLE file, DWORD flags)
{
    WCHAR *wide = wide_from_file_name(name);
    HMODULE module = LoadLibraryExW(wide, file, flags);

    free_wide(wide);
    return module;
}

HMODULE WINAPI LoadLibraryA(LPCSTR name)
{
    return LoadLibraryExA(name, NULL, 0);
}

BOOL WINAPI FreeLibrary(HINSTANCE module)
{
    if (!module)
        return set_error(ERROR_INVALID_HANDLE);
    if ((ULONG_PTR)module & 3) {
        void *base = (void *)((ULONG_PTR)module & ~(ULONG_PTR)3);

        return is_image_start(base) ? UnmapViewOfFile(base) : set_error(ERROR_BAD_EXE_FORMAT);
    }
    return check_status(LdrUnloadDll(module));
}

void WINAPI FreeLibraryAndExitThread(HINSTANCE module, DWORD status)
{
    FreeLibrary(module);
    RtlExitUserThread(status);
}

BOOL WINAPI DisableThreadLibraryCalls(HMODULE module)
{
    return check_status(LdrDisableThreadCalloutsForDll(module));
}

FARPROC WINAPI GetProcAddress(HMODULE module, LPCSTR name)
{
    ANSI_STRING string;
    void *address;
    NTSTATUS status;

    if (!module)
        module = current_peb()->ImageBaseAddress;
    if ((ULONG_PTR)name >> 16) {
        RtlInitAnsiString(&string, name);
        status = LdrGetProcedureAddress(module, &string, 0, &address);
    } else {
        status = LdrGetProcedureAddress(module, NULL, LOWORD(name), &address);
    }
    if (status) {
        SetLastError(status == STATUS_DLL_NOT_FOUND ? ERROR_MOD_NOT_FOUND : ERROR_PROC_NOT_FOUND);
        return NULL;
    }
    return (FARPROC)address;
}

/* --- Handles and names of modules --- */

BOOL WINAPI GetModuleHandleExW(DWORD flags, LPCWSTR name, HMODULE *module)
{
    const DWORD both = GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
    ULONG ldr_flags = 0;
    UNICODE_STRING string;
    NTSTATUS status;

    if (!module || flags & ~(both | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS) ||
        (flags & both) == both ||
        (!name && flags & GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS)) {
        if (module)
            *module = NULL;
        return set_error(ERROR_INVALID_PARAMETER);
    }
    *module = NULL;
    if (flags & GET_MODULE_HANDLE_EX_FLAG_PIN)
        ldr_flags = LDR_GET_DLL_HANDLE_EX_FLAG_PIN;
    if (flags & GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT)
        ldr_flags = LDR_GET_DLL_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
    if (!name) {
        *module = current_peb()->ImageBaseAddress;
        return TRUE;
    }
    if (flags & GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS) {
        void *base;

        if (!RtlPcToFileHeader((void *)name, &base))
            return set_error(ERROR_MOD_NOT_FOUND);
        *module = base;
        status = ldr_flags & LDR_GET_DLL_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT
                     ? STATUS_SUCCESS
                     : LdrAddRefDll(ldr_flags & LDR_GET_DLL_HANDLE_EX_FLAG_PIN ? LDR_ADDREF_DLL_PIN
                                                                               : 0,
                                    base);
        return check_status(status);
    }
    RtlInitUnicodeString(&string, name);
    status = LdrGetDllHandleEx(ldr_flags, NULL, NULL, &string, module);
    if (status == STATUS_DLL_NOT_FOUND)
        return set_error(ERROR_MOD_NOT_FOUND);
    return check_status(status);
}

BOOL WINAPI GetModuleHandleExA(DWORD flags, LPCSTR name, HMODULE *module)
{
    WCHAR *wide;
    BOOL done;

    if (!name || flags & GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS)
        return GetModuleHandleExW(flags, (LPCWSTR)name, module);
    wide = wide_from_file_name(name);
    if (!wide)
        return FALSE;
    done = GetModuleHandleExW(flags, wide, module);
    free_wide(wide);
    return done;
}

HMODULE WINAPI GetModuleHandleW(LPCWSTR name)
{
    HMODULE module;

    GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, name, &module);
    return module;
}

HMODULE WINAPI GetModuleHandleA(LPCSTR name)
{
    HMODULE module;

    GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, name, &module);
    return module;
}

/* Too short a buffer: the name is cut, terminated, `size` is returned, and the last error says so. */
DWORD WINAPI GetModuleFileNameW(HMODULE module, LPWSTR name, DWORD size)
{
    UNICODE_STRING string = {0, size > 32767 ? 65534 : (USHORT)(size * sizeof(WCHAR)), name};
    NTSTATUS status;

    if (!size) {
        SetLastError(ERROR_INSUFFICIENT_BUFFER);
        return 0;
    }
    status = LdrGetDllFullName((HMODULE)((ULONG_PTR)module & ~(ULONG_PTR)3), &string);
    if (status == STATUS_DLL_NOT_FOUND) {
        SetLastError(ERROR_MOD_NOT_FOUND);
        return 0;
    }
    if (status == STATUS_BUFFER_TOO_SMALL) {
        name[size - 1] = 0;
        SetLastError(ERROR_INSUFFICIENT_BUFFER);
        return size;
    }
    if (!check_status(status))
        return 0;
    name[string.Length / sizeof(WCHAR)] = 0;
    SetLastError(ERROR_SUCCESS);
    return string.Length / sizeof(WCHAR);
}

DWORD WINAPI GetModuleFileNameA(HMODULE module, LPSTR name, DWORD size)
{
    WCHAR wide[2048];
    DWORD length = GetModuleFileNameW(module, wide, ARRAY_COUNT(wide)), needed;

    if (!length)
        return 0;
    needed = ansi_to_buffer(wide, name, size);
    if (needed < size) {
        SetLastError(ERROR_SUCCESS);
        return needed;
    }
    if (size) {
        RtlUnicodeToMultiByteN(name, size - 1, &needed, wide, length * sizeof(WCHAR));
        name[size - 1] = 0;
    }
    SetLastError(ERROR_INSUFFICIENT_BUFFER);
    return size;
}

/* --- Search folders --- */

BOOL WINAPI SetDllDirectoryW(LPCWSTR path)
{
    UNICODE_STRING string;

    RtlInitUnicodeString(&string, path);
    return check_status(LdrSetDllDirectory(&string));
}

BOOL WINAPI SetDllDirectoryA(LPCSTR path)
{
    WCHAR *wide = wide_from_file_name(path);
    BOOL done = SetDllDirectoryW(wide);

    free_wide(wide);
    return done;
}

/* The length, or what room is needed with the NUL. */
DWORD WINAPI GetDllDirectoryW(DWORD room, LPWSTR buffer)
{
    UNICODE_STRING string = {0, room > 32767 ? 65534 : (USHORT)(room * sizeof(WCHAR)), buffer};
    NTSTATUS status = LdrGetDllDirectory(&string);

    if (status && status != STATUS_BUFFER_TOO_SMALL) {
        check_status(status);
        return 0;
    }
    return string.Length / sizeof(WCHAR);
}

DWORD WINAPI GetDllDirectoryA(DWORD room, LPSTR buffer)
{
    WCHAR wide[1024];
    DWORD length = GetDllDirectoryW(ARRAY_COUNT(wide), wide), needed;

    if (length >= ARRAY_COUNT(wide)) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return 0;
    }
    needed = ansi_to_buffer(wide, buffer, buffer ? room : 0);
    if (needed >= room && buffer && room)
        *buffer = 0;
    return needed;
}

DLL_DIRECTORY_COOKIE WINAPI AddDllDirectory(PCWSTR path)
{
    UNICODE_STRING string;
    void *cookie;

    RtlInitUnicodeString(&string, path);
    return check_status(LdrAddDllDirectory(&string, &cookie)) ? cookie : NULL;
}

BOOL WINAPI RemoveDllDirectory(DLL_DIRECTORY_COOKIE cookie)
{
    return check_status(LdrRemoveDllDirectory(cookie));
}

BOOL WINAPI SetDefaultDllDirectories(DWORD flags)
{
    return check_status(LdrSetDefaultDllDirectories(flags));
}
