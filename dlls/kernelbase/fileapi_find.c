/* SPDX-License-Identifier: LGPL-2.1-or-later
 * fileapi.h: FindFirstFile and its kin.
 */
#include "kernelbase.h"

#define FIND_MAGIC  0x46494e44u
#define FIND_BUFFER 16384

struct find {
    DWORD magic;
    HANDLE folder;
    FINDEX_INFO_LEVELS level;
    UNICODE_STRING mask;        /* owned; the first query's pattern */
    bool is_first;
    CRITICAL_SECTION lock;
    ULONG at, filled;           /* inside the buffer */
    BYTE buffer[FIND_BUFFER] __attribute__((aligned(8)));
};

static struct find *find_from_handle(HANDLE handle)
{
    struct find *find = handle;

    if (!find || handle == INVALID_HANDLE_VALUE || find->magic != FIND_MAGIC)
        return NULL;
    return find;
}

static void fill_data(const struct find *find, const FILE_BOTH_DIRECTORY_INFORMATION *info,
                      WIN32_FIND_DATAW *data)
{
    ULONG length = info->FileNameLength / sizeof(WCHAR);

    if (length >= ARRAY_COUNT(data->cFileName))
        length = ARRAY_COUNT(data->cFileName) - 1;
    memset(data, 0, sizeof(*data));
    data->dwFileAttributes = info->FileAttributes;
    memcpy(&data->ftCreationTime, &info->CreationTime, sizeof(FILETIME));
    memcpy(&data->ftLastAccessTime, &info->LastAccessTime, sizeof(FILETIME));
    memcpy(&data->ftLastWriteTime, &info->LastWriteTime, sizeof(FILETIME));
    data->nFileSizeHigh = (DWORD)info->EndOfFile.u.HighPart;
    data->nFileSizeLow = info->EndOfFile.u.LowPart;
    if (info->FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT)
        data->dwReserved0 = IO_REPARSE_TAG_SYMLINK;
    memcpy(data->cFileName, info->FileName, length * sizeof(WCHAR));
    if (find->level != FindExInfoBasic) {
        ULONG short_length = info->ShortNameLength / sizeof(WCHAR);

        if (short_length < ARRAY_COUNT(data->cAlternateFileName))
            memcpy(data->cAlternateFileName, info->ShortName, short_length * sizeof(WCHAR));
    }
}

static NTSTATUS next(struct find *find, WIN32_FIND_DATAW *data)
{
    const FILE_BOTH_DIRECTORY_INFORMATION *info;
    IO_STATUS_BLOCK io;
    NTSTATUS status;

    if (find->at >= find->filled) {
        status = NtQueryDirectoryFile(find->folder, NULL, NULL, NULL, &io, find->buffer,
                                      sizeof(find->buffer), FileBothDirectoryInformation, FALSE,
                                      find->is_first ? &find->mask : NULL, find->is_first);
        find->is_first = false;
        if (!NT_SUCCESS(status))
            return status;
        find->at = 0;
        find->filled = (ULONG)io.Information;
    }
    info = (const void *)(find->buffer + find->at);
    find->at = info->NextEntryOffset ? find->at + info->NextEntryOffset : find->filled;
    fill_data(find, info, data);
    return STATUS_SUCCESS;
}

BOOL WINAPI FindClose(HANDLE handle)
{
    struct find *find = find_from_handle(handle);

    if (!find)
        return set_error(ERROR_INVALID_HANDLE);
    find->magic = 0;
    NtClose(find->folder);
    RtlFreeUnicodeString(&find->mask);
    RtlDeleteCriticalSection(&find->lock);
    RtlFreeHeap(process_heap(), 0, find);
    return TRUE;
}

/* What DOS meant by a pattern, in the characters that file systems know for it: < is a * that stops at the last dot,
 * > a ? that may also stand for nothing at a dot or the end, " a dot that may also be the end. "*.*" is everything,
 * "*." what has no extension. (FsRtlIsNameInExpression's page says what they match.) */
static void translate_pattern(UNICODE_STRING *mask, bool ended_with_dot)
{
    WCHAR *text = mask->Buffer;
    size_t length = mask->Length / sizeof(WCHAR);

    if (length == 3 && !memcmp(text, L"*.*", 3 * sizeof(WCHAR))) {
        mask->Length = sizeof(WCHAR);
        return;
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '.' && i && text[i - 1] == '*')
            text[i - 1] = '<';
        if (text[i] == '?' || text[i] == '*') {
            if (i && text[i - 1] == '.')
                text[i - 1] = '"';
            if (text[i] == '?')
                text[i] = '>';
        }
    }
    if (ended_with_dot && length && text[length - 1] == '*')
        text[length - 1] = '<';
}

HANDLE WINAPI FindFirstFileExW(LPCWSTR name, FINDEX_INFO_LEVELS level, LPVOID data,
                               FINDEX_SEARCH_OPS search, LPVOID filter, DWORD flags)
{
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    UNICODE_STRING path, mask;
    struct find *find;
    WCHAR *file_part;
    NTSTATUS status;

    (void)filter, (void)flags;
    if (!name || level > FindExInfoBasic || search > FindExSearchLimitToDirectories || !data) {
        SetLastError(name ? ERROR_INVALID_PARAMETER : ERROR_PATH_NOT_FOUND);
        return INVALID_HANDLE_VALUE;
    }
    if (!*name) {
        SetLastError(ERROR_PATH_NOT_FOUND);
        return INVALID_HANDLE_VALUE;
    }
    if (!check_status(RtlDosPathNameToNtPathName_U_WithStatus(name, &path, &file_part, NULL)))
        return INVALID_HANDLE_VALUE;
    if (!file_part || !*file_part) {
        /* A path that ends with a backslash names no file. */
        RtlFreeUnicodeString(&path);
        SetLastError(ERROR_FILE_NOT_FOUND);
        return INVALID_HANDLE_VALUE;
    }
    find = RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, sizeof(*find));
    if (!find) {
        RtlFreeUnicodeString(&path);
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return INVALID_HANDLE_VALUE;
    }
    RtlInitUnicodeString(&mask, file_part);
    status = RtlDuplicateUnicodeString(1, &mask, &find->mask);
    if (NT_SUCCESS(status))
        translate_pattern(&find->mask, name[wcslen(name) - 1] == '.');
    path.Length = (USHORT)((char *)file_part - (char *)path.Buffer);
    InitializeObjectAttributes(&attributes, &path, OBJ_CASE_INSENSITIVE, NULL, NULL);
    if (NT_SUCCESS(status))
        status = NtOpenFile(&find->folder, GENERIC_READ | SYNCHRONIZE, &attributes, &io,
                            FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                            FILE_DIRECTORY_FILE | FILE_OPEN_FOR_BACKUP_INTENT |
                                FILE_SYNCHRONOUS_IO_NONALERT);
    RtlFreeUnicodeString(&path);
    if (!NT_SUCCESS(status)) {
        RtlFreeUnicodeString(&find->mask);
        RtlFreeHeap(process_heap(), 0, find);
        /* The folder is what is missing. */
        SetLastError(status == STATUS_OBJECT_NAME_NOT_FOUND
                         ? ERROR_PATH_NOT_FOUND
                         : RtlNtStatusToDosError(status));
        return INVALID_HANDLE_VALUE;
    }
    find->magic = FIND_MAGIC;
    find->level = level;
    find->is_first = true;
    RtlInitializeCriticalSection(&find->lock);
    status = next(find, data);
    if (!NT_SUCCESS(status)) {
        FindClose(find);
        SetLastError(status == STATUS_NO_MORE_FILES ? ERROR_FILE_NOT_FOUND
                                                    : RtlNtStatusToDosError(status));
        return INVALID_HANDLE_VALUE;
    }
    return find;
}

HANDLE WINAPI FindFirstFileW(LPCWSTR name, WIN32_FIND_DATAW *data)
{
    return FindFirstFileExW(name, FindExInfoStandard, data, FindExSearchNameMatch, NULL, 0);
}

BOOL WINAPI FindNextFileW(HANDLE handle, WIN32_FIND_DATAW *data)
{
    struct find *find = find_from_handle(handle);
    NTSTATUS status;

    if (!find)
        return set_error(ERROR_INVALID_HANDLE);
    RtlEnterCriticalSection(&find->lock);
    status = next(find, data);
    RtlLeaveCriticalSection(&find->lock);
    return check_status(status);
}

static void data_to_ansi(const WIN32_FIND_DATAW *wide, WIN32_FIND_DATAA *data)
{
    memcpy(data, wide, FIELD_OFFSET(WIN32_FIND_DATAW, cFileName));
    if (ansi_to_buffer(wide->cFileName, data->cFileName, sizeof(data->cFileName)) >=
        sizeof(data->cFileName))
        data->cFileName[0] = 0;
    if (ansi_to_buffer(wide->cAlternateFileName, data->cAlternateFileName,
                       sizeof(data->cAlternateFileName)) >= sizeof(data->cAlternateFileName))
        data->cAlternateFileName[0] = 0;
}

HANDLE WINAPI FindFirstFileExA(LPCSTR name, FINDEX_INFO_LEVELS level, LPVOID data,
                               FINDEX_SEARCH_OPS search, LPVOID filter, DWORD flags)
{
    WCHAR *wide = wide_from_file_name(name);
    WIN32_FIND_DATAW found;
    HANDLE handle = FindFirstFileExW(wide, level, &found, search, filter, flags);

    if (handle != INVALID_HANDLE_VALUE)
        data_to_ansi(&found, data);
    free_wide(wide);
    return handle;
}

HANDLE WINAPI FindFirstFileA(LPCSTR name, WIN32_FIND_DATAA *data)
{
    return FindFirstFileExA(name, FindExInfoStandard, data, FindExSearchNameMatch, NULL, 0);
}

BOOL WINAPI FindNextFileA(HANDLE handle, WIN32_FIND_DATAA *data)
{
    WIN32_FIND_DATAW found;

    if (!FindNextFileW(handle, &found))
        return FALSE;
    data_to_ansi(&found, data);
    return TRUE;
}

/* --- Streams --- */

/* A file has one stream, its contents; a folder has none. */
HANDLE WINAPI FindFirstStreamW(LPCWSTR name, STREAM_INFO_LEVELS level, LPVOID data, DWORD flags)
{
    WIN32_FILE_ATTRIBUTE_DATA attributes;
    WIN32_FIND_STREAM_DATA *stream = data;
    struct find *find;

    if (level != FindStreamInfoStandard || !data || flags) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return INVALID_HANDLE_VALUE;
    }
    if (!GetFileAttributesExW(name, GetFileExInfoStandard, &attributes))
        return INVALID_HANDLE_VALUE;
    if (attributes.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) {
        SetLastError(ERROR_HANDLE_EOF);
        return INVALID_HANDLE_VALUE;
    }
    find = RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, sizeof(*find));
    if (!find) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return INVALID_HANDLE_VALUE;
    }
    find->magic = FIND_MAGIC;
    RtlInitializeCriticalSection(&find->lock);
    stream->StreamSize.LowPart = attributes.nFileSizeLow;
    stream->StreamSize.HighPart = (LONG)attributes.nFileSizeHigh;
    wcscpy(stream->cStreamName, L"::$DATA");
    return find;
}

BOOL WINAPI FindNextStreamW(HANDLE handle, LPVOID data)
{
    (void)data;
    return set_error(find_from_handle(handle) ? ERROR_HANDLE_EOF : ERROR_INVALID_HANDLE);
}
