/* SPDX-License-Identifier: LGPL-2.1-or-later
 * winbase.h, the odds and ends: pointer checks, arithmetic, drives.
 */
#include "kernelbase.h"
#include "winioctl.h"

/* --- Pointer checks: asked of the address space, not by touching (a guard page must not be spent) --- */

static BOOL is_bad(const void *address, UINT_PTR bytes, DWORD allowed)
{
    const char *at = address, *end = at + bytes;

    if (!bytes)
        return FALSE;
    if (!address || end < at)
        return TRUE;
    while (at < end) {
        MEMORY_BASIC_INFORMATION info;

        if (!VirtualQuery(at, &info, sizeof(info)) || info.State != MEM_COMMIT ||
            info.Protect & PAGE_GUARD || !(info.Protect & allowed))
            return TRUE;
        at = (const char *)info.BaseAddress + info.RegionSize;
    }
    return FALSE;
}

#define READABLE                                                                                   \
    (PAGE_READONLY | PAGE_READWRITE | PAGE_WRITECOPY | PAGE_EXECUTE | PAGE_EXECUTE_READ |          \
     PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY)
#define WRITABLE (PAGE_READWRITE | PAGE_WRITECOPY | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY)

BOOL WINAPI IsBadReadPtr(LPCVOID address, UINT_PTR bytes)
{
    return is_bad(address, bytes, READABLE);
}

BOOL WINAPI IsBadWritePtr(LPVOID address, UINT_PTR bytes)
{
    return is_bad(address, bytes, WRITABLE);
}

BOOL WINAPI IsBadCodePtr(FARPROC address)
{
    return is_bad((const void *)address, 1, READABLE);
}

BOOL WINAPI IsBadStringPtrA(LPCSTR text, UINT_PTR limit)
{
    for (UINT_PTR i = 0; i < limit; i++) {
        if ((!i || !((ULONG_PTR)(text + i) & 4095)) && IsBadReadPtr(text + i, 1))
            return TRUE;
        if (!text[i])
            break;
    }
    return FALSE;
}

BOOL WINAPI IsBadStringPtrW(LPCWSTR text, UINT_PTR limit)
{
    for (UINT_PTR i = 0; i < limit; i++) {
        if (IsBadReadPtr(text + i, sizeof(WCHAR)))
            return TRUE;
        if (!text[i])
            break;
    }
    return FALSE;
}

INT WINAPI MulDiv(INT number, INT numerator, INT denominator)
{
    LONGLONG product = (LONGLONG)number * numerator, half;

    if (!denominator)
        return -1;
    half = denominator < 0 ? -(LONGLONG)denominator / 2 : denominator / 2;
    product = (product < 0) == (denominator < 0) || !product
                  ? (product + (denominator < 0 ? -half : half)) / denominator
                  : (product - (denominator < 0 ? -half : half)) / denominator;
    return product > INT32_MAX || product < INT32_MIN ? -1 : (INT)product;
}

BOOL WINAPI Beep(DWORD frequency, DWORD duration)
{
    (void)frequency;
    Sleep(duration);
    return TRUE;
}

/* --- Drives: C: and Z: --- */

DWORD WINAPI GetLogicalDrives(void)
{
    return 1u << 2 | 1u << 25;
}

UINT WINAPI GetLogicalDriveStringsW(UINT size, LPWSTR buffer)
{
    static const WCHAR drives[] = L"C:\\\0Z:\\\0";

    if (size < ARRAY_COUNT(drives))
        return ARRAY_COUNT(drives);
    memcpy(buffer, drives, sizeof(drives));
    return ARRAY_COUNT(drives) - 1;
}

UINT WINAPI GetDriveTypeW(LPCWSTR root)
{
    if (!root)
        return DRIVE_FIXED;
    if (root[0] && root[1] == ':' && ((root[0] | 32) == 'c' || (root[0] | 32) == 'z'))
        return DRIVE_FIXED;
    return DRIVE_NO_ROOT_DIR;
}

UINT WINAPI GetDriveTypeA(LPCSTR root)
{
    WCHAR *wide = wide_from_file_name(root);
    UINT type = GetDriveTypeW(wide);

    free_wide(wide);
    return type;
}

static BOOL query_size(const WCHAR *root, FILE_FS_FULL_SIZE_INFORMATION *info)
{
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    UNICODE_STRING path;
    HANDLE folder;
    NTSTATUS status;

    if (!nt_path(root ? root : L".", &path))
        return FALSE;
    InitializeObjectAttributes(&attributes, &path, OBJ_CASE_INSENSITIVE, NULL, NULL);
    status = NtOpenFile(&folder, SYNCHRONIZE | FILE_READ_ATTRIBUTES, &attributes, &io,
                        FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                        FILE_SYNCHRONOUS_IO_NONALERT);
    RtlFreeUnicodeString(&path);
    if (NT_SUCCESS(status)) {
        status = NtQueryVolumeInformationFile(folder, &io, info, sizeof(*info),
                                              FileFsFullSizeInformation);
        NtClose(folder);
    }
    return check_status(status);
}

BOOL WINAPI GetDiskFreeSpaceExW(LPCWSTR root, PULARGE_INTEGER available, PULARGE_INTEGER total,
                                PULARGE_INTEGER free)
{
    FILE_FS_FULL_SIZE_INFORMATION info;
    ULONGLONG unit;

    if (!query_size(root, &info))
        return FALSE;
    unit = (ULONGLONG)info.SectorsPerAllocationUnit * info.BytesPerSector;
    if (available)
        available->QuadPart = (ULONGLONG)info.CallerAvailableAllocationUnits.QuadPart * unit;
    if (total)
        total->QuadPart = (ULONGLONG)info.TotalAllocationUnits.QuadPart * unit;
    if (free)
        free->QuadPart = (ULONGLONG)info.ActualAvailableAllocationUnits.QuadPart * unit;
    return TRUE;
}

BOOL WINAPI GetDiskFreeSpaceW(LPCWSTR root, LPDWORD sectors, LPDWORD bytes, LPDWORD free,
                              LPDWORD total)
{
    FILE_FS_FULL_SIZE_INFORMATION info;

    if (!query_size(root, &info))
        return FALSE;
    if (sectors)
        *sectors = info.SectorsPerAllocationUnit;
    if (bytes)
        *bytes = info.BytesPerSector;
    if (free)
        *free = (DWORD)(info.CallerAvailableAllocationUnits.QuadPart > 0xffffffff
                            ? 0xffffffff
                            : info.CallerAvailableAllocationUnits.QuadPart);
    if (total)
        *total = (DWORD)(info.TotalAllocationUnits.QuadPart > 0xffffffff
                             ? 0xffffffff
                             : info.TotalAllocationUnits.QuadPart);
    return TRUE;
}

/* --- Open files by handle --- */

BOOL WINAPI GetFileInformationByHandle(HANDLE file, BY_HANDLE_FILE_INFORMATION *out)
{
    FILE_ALL_INFORMATION info;
    FILE_FS_VOLUME_INFORMATION volume;
    IO_STATUS_BLOCK io;
    NTSTATUS status = NtQueryInformationFile(file, &io, &info, sizeof(info), FileAllInformation);

    if (status != STATUS_BUFFER_OVERFLOW && !check_status(status))
        return FALSE;
    out->dwFileAttributes = info.BasicInformation.FileAttributes;
    memcpy(&out->ftCreationTime, &info.BasicInformation.CreationTime, sizeof(FILETIME));
    memcpy(&out->ftLastAccessTime, &info.BasicInformation.LastAccessTime, sizeof(FILETIME));
    memcpy(&out->ftLastWriteTime, &info.BasicInformation.LastWriteTime, sizeof(FILETIME));
    out->nFileSizeHigh = (DWORD)info.StandardInformation.EndOfFile.u.HighPart;
    out->nFileSizeLow = info.StandardInformation.EndOfFile.u.LowPart;
    out->nNumberOfLinks = info.StandardInformation.NumberOfLinks;
    out->nFileIndexHigh = (DWORD)info.InternalInformation.IndexNumber.u.HighPart;
    out->nFileIndexLow = info.InternalInformation.IndexNumber.u.LowPart;
    memset(&volume, 0, sizeof(volume));
    NtQueryVolumeInformationFile(file, &io, &volume, sizeof(volume), FileFsVolumeInformation);
    out->dwVolumeSerialNumber = volume.VolumeSerialNumber;
    return TRUE;
}

/* --- Programs --- */

/* By the headers alone, as Windows does for a file that it would start. */
BOOL WINAPI GetBinaryTypeW(LPCWSTR name, LPDWORD type)
{
    BYTE headers[4096];
    IMAGE_DOS_HEADER *dos = (IMAGE_DOS_HEADER *)headers;
    IMAGE_NT_HEADERS *nt;
    HANDLE file;
    DWORD got;
    BOOL done;

    file = CreateFileW(name, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return FALSE;
    memset(headers, 0, sizeof(headers));
    done = ReadFile(file, headers, sizeof(headers), &got, NULL);
    NtClose(file);
    if (!done)
        return FALSE;
    if (dos->e_magic != IMAGE_DOS_SIGNATURE ||
        (DWORD)dos->e_lfanew > sizeof(headers) - sizeof(*nt))
        return set_error(ERROR_BAD_EXE_FORMAT);
    nt = (IMAGE_NT_HEADERS *)(headers + dos->e_lfanew);
    if (nt->Signature != IMAGE_NT_SIGNATURE || nt->FileHeader.Characteristics & IMAGE_FILE_DLL)
        return set_error(ERROR_BAD_EXE_FORMAT);
    *type = nt->FileHeader.Machine == IMAGE_FILE_MACHINE_I386 ? SCS_32BIT_BINARY : SCS_64BIT_BINARY;
    return TRUE;
}

BOOL WINAPI GetBinaryTypeA(LPCSTR name, LPDWORD type)
{
    WCHAR *wide = wide_from_file_name(name);
    BOOL done = GetBinaryTypeW(wide, type);

    free_wide(wide);
    return done;
}
