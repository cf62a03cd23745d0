/* SPDX-License-Identifier: LGPL-2.1-or-later
 * fileapi.h: what works by name: attributes, deleting, folders, moving, copying, full paths, temporary
 * names, and the information classes of open files.
 */
#include "kernelbase.h"
#include "winioctl.h"

/* Opens by name with the rights given; the handle is synchronous. */
static NTSTATUS open_name(const WCHAR *name, ACCESS_MASK access, ULONG options, HANDLE *handle)
{
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    UNICODE_STRING path;
    NTSTATUS status = nt_path_status(name, &path);

    if (!NT_SUCCESS(status))
        return status;
    InitializeObjectAttributes(&attributes, &path, OBJ_CASE_INSENSITIVE, NULL, NULL);
    status = NtOpenFile(handle, access | SYNCHRONIZE, &attributes, &io,
                        FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                        options | FILE_SYNCHRONOUS_IO_NONALERT);
    RtlFreeUnicodeString(&path);
    return status;
}

/* --- Attributes --- */

static NTSTATUS query_attributes(const WCHAR *name, FILE_NETWORK_OPEN_INFORMATION *info)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING path;
    NTSTATUS status;

    status = nt_path_status(name, &path);
    if (!NT_SUCCESS(status))
        return status;
    InitializeObjectAttributes(&attributes, &path, OBJ_CASE_INSENSITIVE, NULL, NULL);
    status = NtQueryFullAttributesFile(&attributes, info);
    RtlFreeUnicodeString(&path);
    return status;
}

DWORD WINAPI GetFileAttributesW(LPCWSTR name)
{
    FILE_NETWORK_OPEN_INFORMATION info;

    return check_status(query_attributes(name, &info)) ? info.FileAttributes
                                                       : INVALID_FILE_ATTRIBUTES;
}

DWORD WINAPI GetFileAttributesA(LPCSTR name)
{
    WCHAR *wide = wide_from_file_name(name);
    DWORD attributes = GetFileAttributesW(wide);

    free_wide(wide);
    return attributes;
}

BOOL WINAPI GetFileAttributesExW(LPCWSTR name, GET_FILEEX_INFO_LEVELS level, LPVOID out)
{
    FILE_NETWORK_OPEN_INFORMATION info;
    WIN32_FILE_ATTRIBUTE_DATA *data = out;

    if (level != GetFileExInfoStandard)
        return set_error(ERROR_INVALID_PARAMETER);
    if (!check_status(query_attributes(name, &info)))
        return FALSE;
    data->dwFileAttributes = info.FileAttributes;
    memcpy(&data->ftCreationTime, &info.CreationTime, sizeof(FILETIME));
    memcpy(&data->ftLastAccessTime, &info.LastAccessTime, sizeof(FILETIME));
    memcpy(&data->ftLastWriteTime, &info.LastWriteTime, sizeof(FILETIME));
    data->nFileSizeHigh = (DWORD)info.EndOfFile.u.HighPart;
    data->nFileSizeLow = info.EndOfFile.u.LowPart;
    return TRUE;
}

BOOL WINAPI GetFileAttributesExA(LPCSTR name, GET_FILEEX_INFO_LEVELS level, LPVOID out)
{
    WCHAR *wide = wide_from_file_name(name);
    BOOL done = GetFileAttributesExW(wide, level, out);

    free_wide(wide);
    return done;
}

BOOL WINAPI SetFileAttributesW(LPCWSTR name, DWORD attributes)
{
    FILE_BASIC_INFORMATION info = {{{0}}};
    IO_STATUS_BLOCK io;
    HANDLE file;
    NTSTATUS status = open_name(name, FILE_WRITE_ATTRIBUTES, 0, &file);

    if (!check_status(status))
        return FALSE;
    info.FileAttributes = attributes | FILE_ATTRIBUTE_NORMAL; /* 0 would mean "leave them" */
    status = NtSetInformationFile(file, &io, &info, sizeof(info), FileBasicInformation);
    NtClose(file);
    return check_status(status);
}

BOOL WINAPI SetFileAttributesA(LPCSTR name, DWORD attributes)
{
    WCHAR *wide = wide_from_file_name(name);
    BOOL done = wide && SetFileAttributesW(wide, attributes);

    free_wide(wide);
    return done;
}

/* --- Deleting, folders --- */

static BOOL delete_name(const WCHAR *name, ULONG options)
{
    FILE_DISPOSITION_INFORMATION info = {TRUE};
    IO_STATUS_BLOCK io;
    HANDLE file;
    NTSTATUS status;

    if (!name)
        return set_error(ERROR_PATH_NOT_FOUND);
    status = open_name(name, DELETE, options | FILE_OPEN_REPARSE_POINT, &file);
    if (status == STATUS_FILE_IS_A_DIRECTORY)
        return set_error(ERROR_ACCESS_DENIED);
    if (status == STATUS_NOT_A_DIRECTORY)
        return set_error(ERROR_DIRECTORY);
    if (!check_status(status))
        return FALSE;
    status = NtSetInformationFile(file, &io, &info, sizeof(info), FileDispositionInformation);
    NtClose(file);
    return check_status(status);
}

BOOL WINAPI DeleteFileW(LPCWSTR name)
{
    return delete_name(name, FILE_NON_DIRECTORY_FILE);
}

BOOL WINAPI DeleteFileA(LPCSTR name)
{
    WCHAR *wide = wide_from_file_name(name);
    BOOL done = DeleteFileW(wide);

    free_wide(wide);
    return done;
}

BOOL WINAPI RemoveDirectoryW(LPCWSTR name)
{
    return delete_name(name, FILE_DIRECTORY_FILE);
}

BOOL WINAPI RemoveDirectoryA(LPCSTR name)
{
    WCHAR *wide = wide_from_file_name(name);
    BOOL done = RemoveDirectoryW(wide);

    free_wide(wide);
    return done;
}

BOOL WINAPI CreateDirectoryW(LPCWSTR name, LPSECURITY_ATTRIBUTES security)
{
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    UNICODE_STRING path;
    HANDLE folder;
    NTSTATUS status;

    if (!nt_path(name, &path))
        return FALSE;
    InitializeObjectAttributes(&attributes, &path, OBJ_CASE_INSENSITIVE, NULL,
                               security ? security->lpSecurityDescriptor : NULL);
    status = NtCreateFile(&folder, FILE_READ_ATTRIBUTES | SYNCHRONIZE, &attributes, &io, NULL,
                          FILE_ATTRIBUTE_NORMAL, FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_CREATE,
                          FILE_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
    RtlFreeUnicodeString(&path);
    if (NT_SUCCESS(status))
        NtClose(folder);
    return check_status(status);
}

BOOL WINAPI CreateDirectoryA(LPCSTR name, LPSECURITY_ATTRIBUTES security)
{
    WCHAR *wide = wide_from_file_name(name);
    BOOL done = CreateDirectoryW(wide, security);

    free_wide(wide);
    return done;
}

BOOL WINAPI CreateDirectoryExW(LPCWSTR template_folder, LPCWSTR name, LPSECURITY_ATTRIBUTES security)
{
    (void)template_folder;
    return CreateDirectoryW(name, security);
}

/* --- Moving and copying --- */

static NTSTATUS rename_open_file(HANDLE file, const WCHAR *target, bool replace)
{
    FILE_RENAME_INFORMATION *info;
    UNICODE_STRING path;
    IO_STATUS_BLOCK io;
    NTSTATUS status = nt_path_status(target, &path);
    ULONG bytes;

    if (!NT_SUCCESS(status))
        return status;
    bytes = (ULONG)(FIELD_OFFSET(FILE_RENAME_INFORMATION, FileName) + path.Length + sizeof(WCHAR));
    info = RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, bytes);
    if (info) {
        info->ReplaceIfExists = replace;
        info->FileNameLength = path.Length;
        memcpy(info->FileName, path.Buffer, path.Length);
        status = NtSetInformationFile(file, &io, info, bytes, FileRenameInformation);
        RtlFreeHeap(process_heap(), 0, info);
    } else {
        status = STATUS_NO_MEMORY;
    }
    RtlFreeUnicodeString(&path);
    return status;
}

BOOL WINAPI MoveFileWithProgressW(LPCWSTR source, LPCWSTR target, LPPROGRESS_ROUTINE progress,
                                  LPVOID data, DWORD flags)
{
    HANDLE file;
    NTSTATUS status;
    DWORD attributes;

    if (!source)
        return set_error(ERROR_PATH_NOT_FOUND);
    if (!target)
        return flags & MOVEFILE_DELAY_UNTIL_REBOOT ? TRUE : set_error(ERROR_INVALID_PARAMETER);
    status = open_name(source, DELETE, FILE_OPEN_REPARSE_POINT | FILE_OPEN_FOR_BACKUP_INTENT, &file);
    if (!check_status(status))
        return FALSE;
    status = rename_open_file(file, target, !!(flags & MOVEFILE_REPLACE_EXISTING));
    NtClose(file);
    if (status != STATUS_NOT_SAME_DEVICE || !(flags & MOVEFILE_COPY_ALLOWED))
        return check_status(status);
    attributes = GetFileAttributesW(source);
    if (attributes & FILE_ATTRIBUTE_DIRECTORY)
        return check_status(status);
    return CopyFileExW(source, target, progress, data, NULL,
                       flags & MOVEFILE_REPLACE_EXISTING ? 0 : COPY_FILE_FAIL_IF_EXISTS) &&
           DeleteFileW(source);
}

BOOL WINAPI MoveFileExW(LPCWSTR source, LPCWSTR target, DWORD flags)
{
    return MoveFileWithProgressW(source, target, NULL, NULL, flags);
}

BOOL WINAPI MoveFileW(LPCWSTR source, LPCWSTR target)
{
    return MoveFileExW(source, target, MOVEFILE_COPY_ALLOWED);
}

BOOL WINAPI MoveFileExA(LPCSTR source, LPCSTR target, DWORD flags)
{
    WCHAR *from = wide_from_file_name(source), *to = wide_from_file_name(target);
    BOOL done = MoveFileExW(from, to, flags);

    free_wide(from);
    free_wide(to);
    return done;
}

BOOL WINAPI MoveFileA(LPCSTR source, LPCSTR target)
{
    return MoveFileExA(source, target, MOVEFILE_COPY_ALLOWED);
}

/* Tells how far the copy is; false: it is not to go on. */
static bool tell_progress(LPPROGRESS_ROUTINE *progress, LARGE_INTEGER size, LARGE_INTEGER done,
                          DWORD reason, HANDLE from, HANDLE to, LPVOID data)
{
    DWORD answer = *progress ? (*progress)(size, done, size, done, 1, reason, from, to, data)
                             : PROGRESS_CONTINUE;

    if (answer == PROGRESS_QUIET)
        *progress = NULL;
    return answer == PROGRESS_QUIET || answer == PROGRESS_CONTINUE ||
           set_error(ERROR_REQUEST_ABORTED);
}

static BOOL copy_data(HANDLE from, HANDLE to, LPPROGRESS_ROUTINE progress, LPVOID data, BOOL *cancel)
{
    const DWORD chunk = 256 * 1024;
    LARGE_INTEGER size, done = {.QuadPart = 0};
    BYTE *buffer;
    BOOL ok = TRUE;

    if (!GetFileSizeEx(from, &size))
        return FALSE;
    buffer = RtlAllocateHeap(process_heap(), 0, chunk);
    if (!buffer)
        return set_error(ERROR_NOT_ENOUGH_MEMORY);
    ok = tell_progress(&progress, size, done, CALLBACK_STREAM_SWITCH, from, to, data);
    while (ok) {
        DWORD got, put;

        if (cancel && *cancel) {
            ok = set_error(ERROR_REQUEST_ABORTED);
            break;
        }
        ok = ReadFile(from, buffer, chunk, &got, NULL);
        if (!ok || !got)
            break;
        ok = WriteFile(to, buffer, got, &put, NULL);
        if (ok && put != got)
            ok = set_error(ERROR_DISK_FULL);
        if (!ok)
            break;
        done.QuadPart += put;
        ok = tell_progress(&progress, size, done, CALLBACK_CHUNK_FINISHED, from, to, data);
        if (!ok)
            break;
    }
    RtlFreeHeap(process_heap(), 0, buffer);
    return ok;
}

BOOL WINAPI CopyFileExW(LPCWSTR source, LPCWSTR target, LPPROGRESS_ROUTINE progress, LPVOID data,
                        LPBOOL cancel, DWORD flags)
{
    FILE_BASIC_INFORMATION info;
    FILE_DISPOSITION_INFORMATION disposition = {TRUE};
    IO_STATUS_BLOCK io;
    HANDLE from, to;
    BOOL ok;

    if (!source || !target)
        return set_error(ERROR_INVALID_PARAMETER);
    from = CreateFileW(source, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
                       0, NULL);
    if (from == INVALID_HANDLE_VALUE)
        return FALSE;
    NtQueryInformationFile(from, &io, &info, sizeof(info), FileBasicInformation);
    to = CreateFileW(target, GENERIC_WRITE | DELETE, 0, NULL,
                     flags & COPY_FILE_FAIL_IF_EXISTS ? CREATE_NEW : CREATE_ALWAYS,
                     info.FileAttributes & ~(DWORD)FILE_ATTRIBUTE_READONLY, NULL);
    if (to == INVALID_HANDLE_VALUE) {
        NtClose(from);
        return FALSE;
    }
    ok = copy_data(from, to, progress, data, cancel);
    if (ok) {
        info.CreationTime.QuadPart = 0;
        info.LastAccessTime.QuadPart = 0;
        info.ChangeTime.QuadPart = 0;
        NtSetInformationFile(to, &io, &info, sizeof(info), FileBasicInformation);
    } else {
        DWORD error = GetLastError();

        /* Nothing half-done stays. */
        NtSetInformationFile(to, &io, &disposition, sizeof(disposition),
                             FileDispositionInformation);
        SetLastError(error);
    }
    NtClose(from);
    NtClose(to);
    return ok;
}

BOOL WINAPI CopyFileW(LPCWSTR source, LPCWSTR target, BOOL fail_if_exists)
{
    return CopyFileExW(source, target, NULL, NULL, NULL,
                       fail_if_exists ? COPY_FILE_FAIL_IF_EXISTS : 0);
}

BOOL WINAPI CopyFileA(LPCSTR source, LPCSTR target, BOOL fail_if_exists)
{
    WCHAR *from = wide_from_file_name(source), *to = wide_from_file_name(target);
    BOOL done = CopyFileW(from, to, fail_if_exists);

    free_wide(from);
    free_wide(to);
    return done;
}

BOOL WINAPI ReplaceFileW(LPCWSTR replaced, LPCWSTR replacement, LPCWSTR backup, DWORD flags,
                         LPVOID exclude, LPVOID reserved)
{
    (void)flags;
    if (exclude || reserved || !replaced || !replacement)
        return set_error(ERROR_INVALID_PARAMETER);
    if (GetFileAttributesW(replaced) == INVALID_FILE_ATTRIBUTES ||
        GetFileAttributesW(replacement) == INVALID_FILE_ATTRIBUTES)
        return FALSE;
    if (backup && !MoveFileExW(replaced, backup, MOVEFILE_REPLACE_EXISTING))
        return set_error(ERROR_UNABLE_TO_MOVE_REPLACEMENT);
    if (!MoveFileExW(replacement, replaced, MOVEFILE_REPLACE_EXISTING))
        return set_error(backup ? ERROR_UNABLE_TO_MOVE_REPLACEMENT_2
                                : ERROR_UNABLE_TO_MOVE_REPLACEMENT);
    return TRUE;
}

BOOL WINAPI CreateHardLinkW(LPCWSTR name, LPCWSTR existing, SECURITY_ATTRIBUTES *security)
{
    FILE_LINK_INFORMATION *info;
    UNICODE_STRING path;
    IO_STATUS_BLOCK io;
    HANDLE file;
    ULONG bytes;
    NTSTATUS status;

    (void)security;
    if (!check_status(open_name(existing, FILE_WRITE_ATTRIBUTES, FILE_NON_DIRECTORY_FILE, &file)))
        return FALSE;
    status = nt_path_status(name, &path);
    if (NT_SUCCESS(status)) {
        bytes = (ULONG)(FIELD_OFFSET(FILE_LINK_INFORMATION, FileName) + path.Length + sizeof(WCHAR));
        info = RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, bytes);
        status = STATUS_NO_MEMORY;
        if (info) {
            info->FileNameLength = path.Length;
            memcpy(info->FileName, path.Buffer, path.Length);
            status = NtSetInformationFile(file, &io, info, bytes, FileLinkInformation);
            RtlFreeHeap(process_heap(), 0, info);
        }
        RtlFreeUnicodeString(&path);
    }
    NtClose(file);
    return check_status(status);
}

/* --- Full paths --- */

DWORD WINAPI GetFullPathNameW(LPCWSTR name, DWORD size, LPWSTR buffer, LPWSTR *file_part)
{
    if (!name || !*name) {
        SetLastError(ERROR_INVALID_NAME);
        return 0;
    }
    return RtlGetFullPathName_U(name, size * sizeof(WCHAR), buffer, file_part) / sizeof(WCHAR);
}

DWORD WINAPI GetFullPathNameA(LPCSTR name, DWORD size, LPSTR buffer, LPSTR *file_part)
{
    WCHAR *wide = wide_from_file_name(name), full[2048], *part = NULL;
    DWORD length = 0;

    if (wide && GetFullPathNameW(wide, ARRAY_COUNT(full), full, &part)) {
        length = ansi_to_buffer(full, buffer, size);
        if (file_part && length < size) {
            char *slash = strrchr(buffer, '\\');

            *file_part = part && slash ? slash + 1 : NULL;
        }
    }
    free_wide(wide);
    return length;
}

/* There are no short names; a path is its own long and short form when it exists. */
static DWORD copy_existing(const WCHAR *name, WCHAR *buffer, DWORD size)
{
    DWORD length;

    if (!name || GetFileAttributesW(name) == INVALID_FILE_ATTRIBUTES)
        return 0;
    length = (DWORD)wcslen(name);
    if (length >= size)
        return length + 1;
    memmove(buffer, name, (length + 1) * sizeof(WCHAR));
    return length;
}

DWORD WINAPI GetLongPathNameW(LPCWSTR name, LPWSTR buffer, DWORD size)
{
    return copy_existing(name, buffer, size);
}

DWORD WINAPI GetShortPathNameW(LPCWSTR name, LPWSTR buffer, DWORD size)
{
    return copy_existing(name, buffer, size);
}

/* --- Temporary names --- */

DWORD WINAPI GetTempPathW(DWORD size, LPWSTR buffer)
{
    static const WCHAR *const variables[] = {L"TMP", L"TEMP", L"USERPROFILE"};
    WCHAR path[MAX_PATH];
    DWORD length = 0;

    for (size_t i = 0; i < ARRAY_COUNT(variables) && (!length || length >= MAX_PATH - 1); i++)
        length = GetEnvironmentVariableW(variables[i], path, MAX_PATH - 1);
    if (!length || length >= MAX_PATH - 1) {
        wcscpy(path, L"C:\\windows\\temp");
        length = (DWORD)wcslen(path);
    }
    if (path[length - 1] != '\\') {
        path[length++] = '\\';
        path[length] = 0;
    }
    if (length >= size)
        return length + 1;
    memcpy(buffer, path, (length + 1) * sizeof(WCHAR));
    return length;
}

DWORD WINAPI GetTempPath2W(DWORD size, LPWSTR buffer)
{
    return GetTempPathW(size, buffer);
}

DWORD WINAPI GetTempPathA(DWORD size, LPSTR buffer)
{
    WCHAR wide[MAX_PATH + 2];

    if (!GetTempPathW(ARRAY_COUNT(wide), wide))
        return 0;
    return ansi_to_buffer(wide, buffer, size);
}

UINT WINAPI GetTempFileNameW(LPCWSTR path, LPCWSTR prefix, UINT unique, LPWSTR buffer)
{
    size_t length = path ? wcslen(path) : 0, prefix_length = 0;
    UINT number = unique & 0xffff;
    DWORD attributes;
    WCHAR *tail;

    if (!path || !buffer || length > MAX_PATH - 14) {
        SetLastError(length > MAX_PATH - 14 ? ERROR_BUFFER_OVERFLOW : ERROR_INVALID_PARAMETER);
        return 0;
    }
    attributes = GetFileAttributesW(path);
    if (!unique && (attributes == INVALID_FILE_ATTRIBUTES ||
                    !(attributes & FILE_ATTRIBUTE_DIRECTORY))) {
        SetLastError(ERROR_DIRECTORY);
        return 0;
    }
    memcpy(buffer, path, length * sizeof(WCHAR));
    if (length && buffer[length - 1] != '\\' && buffer[length - 1] != '/')
        buffer[length++] = '\\';
    while (prefix && prefix[prefix_length] && prefix_length < 3)
        buffer[length++] = prefix[prefix_length++];
    tail = buffer + length;
    if (!number)
        number = (GetTickCount() ^ GetCurrentProcessId() * 31) & 0xffff;
    for (UINT i = 0; i < 0xffff; i++, number = (number + 1) & 0xffff) {
        HANDLE file;
        int at = 0, shift = 12;

        if (!number)
            continue;
        while (shift > 0 && !(number >> shift))
            shift -= 4;
        for (; shift >= 0; shift -= 4)
            tail[at++] = L"0123456789ABCDEF"[number >> shift & 15];
        memcpy(tail + at, L".tmp", 5 * sizeof(WCHAR));
        if (unique)
            return number;
        file = CreateFileW(buffer, GENERIC_READ, 0, NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
        if (file != INVALID_HANDLE_VALUE) {
            CloseHandle(file);
            return number;
        }
        if (GetLastError() != ERROR_FILE_EXISTS && GetLastError() != ERROR_SHARING_VIOLATION)
            break;
    }
    return 0;
}

UINT WINAPI GetTempFileNameA(LPCSTR path, LPCSTR prefix, UINT unique, LPSTR buffer)
{
    WCHAR *wide = wide_from_file_name(path), *wide_prefix = wide_from_file_name(prefix);
    WCHAR result[MAX_PATH];
    UINT number = GetTempFileNameW(wide, wide_prefix, unique, result);

    if (number)
        ansi_to_buffer(result, buffer, MAX_PATH);
    free_wide(wide);
    free_wide(wide_prefix);
    return number;
}
