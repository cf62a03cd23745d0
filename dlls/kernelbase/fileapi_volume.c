/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * fileapi.h: volumes and their devices. C: is a folder of the session, Z: is Linux' root; both answer with the
 * file system that they lie on. Volumes have no GUID names.
 */
#include "kernelbase.h"

/* Opens what a root path names, or the current drive's root for NULL. */
static NTSTATUS open_root(const WCHAR *root, ACCESS_MASK access, HANDLE *handle)
{
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    UNICODE_STRING nt;
    NTSTATUS status = RtlDosPathNameToNtPathName_U_WithStatus(root ? root : L"\\", &nt, NULL, NULL);

    if (status)
        return status;
    InitializeObjectAttributes(&attributes, &nt, OBJ_CASE_INSENSITIVE, NULL, NULL);
    status = NtOpenFile(handle, access | SYNCHRONIZE, &attributes, &io,
                        FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                        FILE_SYNCHRONOUS_IO_NONALERT | FILE_DIRECTORY_FILE |
                            FILE_OPEN_FOR_BACKUP_INTENT);
    RtlFreeUnicodeString(&nt);
    return status;
}

static DWORD copy_name(WCHAR *buffer, DWORD room, const WCHAR *name, DWORD length)
{
    if (length >= room)
        return ERROR_MORE_DATA;
    memcpy(buffer, name, length * sizeof(WCHAR));
    buffer[length] = 0;
    return ERROR_SUCCESS;
}

BOOL WINAPI GetVolumeInformationByHandleW(HANDLE handle, LPWSTR label, DWORD label_room,
                                          DWORD *serial, DWORD *longest, DWORD *flags,
                                          LPWSTR system, DWORD system_room)
{
    union {
        FILE_FS_VOLUME_INFORMATION volume;
        FILE_FS_ATTRIBUTE_INFORMATION attribute;
        WCHAR room[MAX_PATH + 32];
    } info;
    IO_STATUS_BLOCK io;
    DWORD error;

    if (label || serial) {
        if (!check_status(NtQueryVolumeInformationFile(handle, &io, &info, sizeof(info),
                                                       FileFsVolumeInformation)))
            return FALSE;
        if (serial)
            *serial = info.volume.VolumeSerialNumber;
        if (label) {
            error = copy_name(label, label_room, info.volume.VolumeLabel,
                              info.volume.VolumeLabelLength / sizeof(WCHAR));
            if (error)
                return set_error(error);
        }
    }
    if (longest || flags || system) {
        if (!check_status(NtQueryVolumeInformationFile(handle, &io, &info, sizeof(info),
                                                       FileFsAttributeInformation)))
            return FALSE;
        if (longest)
            *longest = (DWORD)info.attribute.MaximumComponentNameLength;
        if (flags)
            *flags = info.attribute.FileSystemAttributes;
        if (system) {
            error = copy_name(system, system_room, info.attribute.FileSystemName,
                              info.attribute.FileSystemNameLength / sizeof(WCHAR));
            if (error)
                return set_error(error);
        }
    }
    return TRUE;
}

BOOL WINAPI GetVolumeInformationW(LPCWSTR root, LPWSTR label, DWORD label_room, DWORD *serial,
                                  DWORD *longest, DWORD *flags, LPWSTR system, DWORD system_room)
{
    WCHAR full[MAX_PATH];
    HANDLE handle;
    NTSTATUS status;
    BOOL result;

    /* Documented: the trailing backslash is required. */
    if (root && (!*root || (root[wcslen(root) - 1] != '\\' && root[wcslen(root) - 1] != '/')))
        return set_error(ERROR_INVALID_NAME);
    status = open_root(root, FILE_READ_ATTRIBUTES, &handle);
    if (status == STATUS_OBJECT_NAME_NOT_FOUND)
        status = STATUS_OBJECT_PATH_NOT_FOUND;
    if (!check_status(status))
        return FALSE;
    /* A folder is there, but it is not the root of a volume. */
    if (root && RtlGetFullPathName_U(root, sizeof(full), full, NULL) != 3 * sizeof(WCHAR)) {
        NtClose(handle);
        return set_error(ERROR_DIR_NOT_ROOT);
    }
    result = GetVolumeInformationByHandleW(handle, label, label_room, serial, longest, flags, system,
                                           system_room);
    NtClose(handle);
    return result;
}

BOOL WINAPI GetVolumeInformationA(LPCSTR root, LPSTR label, DWORD label_room, DWORD *serial,
                                  DWORD *longest, DWORD *flags, LPSTR system, DWORD system_room)
{
    WCHAR wide_label[MAX_PATH + 1], wide_system[MAX_PATH + 1];
    WCHAR *wide_root = wide_from_file_name(root);
    BOOL result = (wide_root || !root) &&
                  GetVolumeInformationW(wide_root, label ? wide_label : NULL, MAX_PATH + 1, serial,
                                        longest, flags, system ? wide_system : NULL, MAX_PATH + 1);

    free_wide(wide_root);
    if (!result)
        return FALSE;
    if (label && ansi_to_buffer(wide_label, label, label_room) >= label_room)
        return set_error(ERROR_MORE_DATA);
    if (system && ansi_to_buffer(wide_system, system, system_room) >= system_room)
        return set_error(ERROR_MORE_DATA);
    return TRUE;
}

BOOL WINAPI SetVolumeLabelW(LPCWSTR root, LPCWSTR label)
{
    (void)root, (void)label;
    return set_error(ERROR_ACCESS_DENIED);
}

BOOL WINAPI GetDiskFreeSpaceExA(LPCSTR root, PULARGE_INTEGER available, PULARGE_INTEGER total,
                                PULARGE_INTEGER unused)
{
    WCHAR *wide = wide_from_file_name(root);
    BOOL result = (wide || !root) && GetDiskFreeSpaceExW(wide, available, total, unused);

    free_wide(wide);
    return result;
}

BOOL WINAPI GetDiskFreeSpaceA(LPCSTR root, DWORD *sectors, DWORD *bytes, DWORD *unused,
                              DWORD *clusters)
{
    WCHAR *wide = wide_from_file_name(root);
    BOOL result = (wide || !root) && GetDiskFreeSpaceW(wide, sectors, bytes, unused, clusters);

    free_wide(wide);
    return result;
}

UINT WINAPI GetLogicalDriveStringsA(UINT room, LPSTR buffer)
{
    WCHAR wide[26 * 4 + 1];
    UINT length = GetLogicalDriveStringsW(ARRAY_COUNT(wide), wide);

    if (room <= length)
        return length + 1;
    for (UINT i = 0; i <= length; i++)
        buffer[i] = (char)wide[i];
    return length;
}

/* --- Where on which volume a path lies --- */

BOOL WINAPI GetVolumePathNameW(LPCWSTR name, LPWSTR path, DWORD room)
{
    WCHAR *full;
    DWORD length;
    bool is_drive;

    if (!name || !path || !room)
        return set_error(ERROR_INVALID_PARAMETER);
    length = GetFullPathNameW(name, 0, NULL, NULL);
    if (!length)
        return FALSE;
    full = RtlAllocateHeap(process_heap(), 0, length * sizeof(WCHAR));
    if (!full)
        return set_error(ERROR_NOT_ENOUGH_MEMORY);
    GetFullPathNameW(name, length, full, NULL);
    is_drive = full[1] == ':';
    if (is_drive && room > 3) {
        path[0] = full[0];
        wcscpy(path + 1, L":\\");
    }
    RtlFreeHeap(process_heap(), 0, full);
    if (!is_drive)
        return set_error(ERROR_INVALID_NAME);
    return room > 3 || set_error(ERROR_FILENAME_EXCED_RANGE);
}

BOOL WINAPI GetVolumePathNameA(LPCSTR name, LPSTR path, DWORD room)
{
    WCHAR *wide = wide_from_file_name(name), wide_path[8];
    BOOL result = wide && GetVolumePathNameW(wide, wide_path, ARRAY_COUNT(wide_path));

    free_wide(wide);
    if (!result)
        return FALSE;
    return ansi_to_buffer(wide_path, path, room) < room || set_error(ERROR_FILENAME_EXCED_RANGE);
}

BOOL WINAPI GetVolumeNameForVolumeMountPointW(LPCWSTR path, LPWSTR volume, DWORD room)
{
    (void)path, (void)volume, (void)room;
    return set_error(ERROR_NOT_SUPPORTED);
}

BOOL WINAPI GetVolumePathNamesForVolumeNameW(LPCWSTR volume, LPWSTR paths, DWORD room,
                                             PDWORD needed)
{
    (void)volume, (void)paths, (void)room, (void)needed;
    return set_error(ERROR_NOT_SUPPORTED);
}

/* Nothing to enumerate: no volume has a GUID name. */
HANDLE WINAPI FindFirstVolumeW(LPWSTR volume, DWORD room)
{
    (void)volume, (void)room;
    SetLastError(ERROR_NO_MORE_FILES);
    return INVALID_HANDLE_VALUE;
}

BOOL WINAPI FindNextVolumeW(HANDLE handle, LPWSTR volume, DWORD room)
{
    (void)handle, (void)volume, (void)room;
    return set_error(ERROR_INVALID_HANDLE);
}

BOOL WINAPI FindVolumeClose(HANDLE handle)
{
    (void)handle;
    return set_error(ERROR_INVALID_HANDLE);
}

/* --- Devices --- */

/* The drives' devices are volumes 3 and 26, after their letters; with NULL, the list of all names. */
DWORD WINAPI QueryDosDeviceW(LPCWSTR device, LPWSTR target, DWORD room)
{
    static const struct {
        WCHAR name[8], target[32];
    } devices[] = {
        {L"C:", L"\\Device\\HarddiskVolume3"},
        {L"Z:", L"\\Device\\HarddiskVolume26"},
        {L"NUL", L"\\Device\\Null"},
        {L"CON", L"\\Device\\ConDrv\\Console"},
        {L"PIPE", L"\\Device\\NamedPipe"},
    };
    DWORD used = 0;

    for (size_t i = 0; i < ARRAY_COUNT(devices); i++) {
        const WCHAR *text = device ? devices[i].target : devices[i].name;
        DWORD length = (DWORD)wcslen(text) + 1;

        if (device && _wcsicmp(device, devices[i].name))
            continue;
        if (room < used + length + 1) {
            SetLastError(ERROR_INSUFFICIENT_BUFFER);
            return 0;
        }
        memcpy(target + used, text, length * sizeof(WCHAR));
        used += length;
        if (device)
            break;
    }
    if (!used) {
        SetLastError(ERROR_FILE_NOT_FOUND);
        return 0;
    }
    target[used] = 0;
    return used + 1;
}

DWORD WINAPI QueryDosDeviceA(LPCSTR device, LPSTR target, DWORD room)
{
    WCHAR *wide = wide_from_file_name(device), answer[512];
    DWORD length = wide || !device ? QueryDosDeviceW(wide, answer, ARRAY_COUNT(answer)) : 0;

    free_wide(wide);
    if (length > room) {
        SetLastError(ERROR_INSUFFICIENT_BUFFER);
        return 0;
    }
    for (DWORD i = 0; i < length; i++)
        target[i] = (char)answer[i];
    return length;
}

BOOL WINAPI DefineDosDeviceW(DWORD flags, LPCWSTR device, LPCWSTR target)
{
    (void)flags, (void)device, (void)target;
    return set_error(ERROR_NOT_SUPPORTED);
}
