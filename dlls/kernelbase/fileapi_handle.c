/* SPDX-License-Identifier: LGPL-2.1-or-later
 * winbase.h: facts about an open file by class, its final path, change notices of a folder.
 */
#include "kernelbase.h"

/* --- Information by class: the same structures as NT's, under Win32's names --- */

static bool query_class(FILE_INFO_BY_HANDLE_CLASS class, FILE_INFORMATION_CLASS *nt)
{
    switch (class) {
    case FileBasicInfo: *nt = FileBasicInformation; return true;
    case FileStandardInfo: *nt = FileStandardInformation; return true;
    case FileNameInfo: *nt = FileNameInformation; return true;
    case FileStreamInfo: *nt = FileStreamInformation; return true;
    case FileCompressionInfo: *nt = FileCompressionInformation; return true;
    case FileAttributeTagInfo: *nt = FileAttributeTagInformation; return true;
    case FileAlignmentInfo: *nt = FileAlignmentInformation; return true;
    case FileIdInfo: *nt = FileIdInformation; return true;
    case FileNormalizedNameInfo: *nt = FileNormalizedNameInformation; return true;
    case FileRemoteProtocolInfo: *nt = FileRemoteProtocolInformation; return true;
    default: return false;
    }
}

static bool folder_class(FILE_INFO_BY_HANDLE_CLASS class, FILE_INFORMATION_CLASS *nt, bool *restart)
{
    *restart = false;
    switch (class) {
    case FileIdBothDirectoryRestartInfo: *restart = true; /* fall through */
    case FileIdBothDirectoryInfo: *nt = FileIdBothDirectoryInformation; return true;
    case FileFullDirectoryRestartInfo: *restart = true; /* fall through */
    case FileFullDirectoryInfo: *nt = FileFullDirectoryInformation; return true;
    case FileIdExtdDirectoryRestartInfo: *restart = true; /* fall through */
    case FileIdExtdDirectoryInfo: *nt = FileIdExtdDirectoryInformation; return true;
    default: return false;
    }
}

BOOL WINAPI GetFileInformationByHandleEx(HANDLE file, FILE_INFO_BY_HANDLE_CLASS class, LPVOID info,
                                         DWORD size)
{
    FILE_INFORMATION_CLASS nt;
    IO_STATUS_BLOCK io;
    NTSTATUS status;
    bool restart;

    if (query_class(class, &nt))
        return check_status(NtQueryInformationFile(file, &io, info, size, nt));
    if (!folder_class(class, &nt, &restart))
        return set_error(ERROR_INVALID_PARAMETER);
    status = NtQueryDirectoryFile(file, NULL, NULL, NULL, &io, info, size, nt, FALSE, NULL,
                                  (BOOLEAN)restart);
    return check_status(status);
}

BOOL WINAPI SetFileInformationByHandle(HANDLE file, FILE_INFO_BY_HANDLE_CLASS class, LPVOID info,
                                       DWORD size)
{
    FILE_INFORMATION_CLASS nt;
    IO_STATUS_BLOCK io;

    switch (class) {
    case FileBasicInfo: nt = FileBasicInformation; break;
    case FileRenameInfo: nt = FileRenameInformation; break;
    case FileDispositionInfo: nt = FileDispositionInformation; break;
    case FileAllocationInfo: nt = FileAllocationInformation; break;
    case FileEndOfFileInfo: nt = FileEndOfFileInformation; break;
    case FileIoPriorityHintInfo: nt = FileIoPriorityHintInformation; break;
    case FileDispositionInfoEx: nt = FileDispositionInformationEx; break;
    case FileRenameInfoEx: nt = FileRenameInformationEx; break;
    default: return set_error(ERROR_INVALID_PARAMETER);
    }
    if (class == FileRenameInfo || class == FileRenameInfoEx) {
        /* Win32 takes a DOS path where NT wants its own. */
        const FILE_RENAME_INFO *wanted = info;
        FILE_RENAME_INFORMATION *rename;
        UNICODE_STRING path;
        WCHAR *name;
        SIZE_T bytes;
        BOOL result;

        if (size < offsetof(FILE_RENAME_INFO, FileName) ||
            wanted->FileNameLength > size - offsetof(FILE_RENAME_INFO, FileName))
            return set_error(ERROR_BAD_LENGTH);
        name = RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY,
                               wanted->FileNameLength + sizeof(WCHAR));
        if (!name)
            return set_error(ERROR_NOT_ENOUGH_MEMORY);
        memcpy(name, wanted->FileName, wanted->FileNameLength);
        result = nt_path(name, &path);
        RtlFreeHeap(process_heap(), 0, name);
        if (!result)
            return FALSE;
        bytes = offsetof(FILE_RENAME_INFORMATION, FileName) + path.Length;
        rename = RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, bytes + sizeof(WCHAR));
        if (rename) {
            /* ReplaceIfExists, or the Flags that lie over it, and RootDirectory. */
            memcpy(rename, wanted, offsetof(FILE_RENAME_INFORMATION, FileNameLength));
            rename->FileNameLength = path.Length;
            memcpy(rename->FileName, path.Buffer, path.Length);
            result = check_status(NtSetInformationFile(file, &io, rename, (ULONG)bytes, nt));
            RtlFreeHeap(process_heap(), 0, rename);
        } else {
            result = set_error(ERROR_NOT_ENOUGH_MEMORY);
        }
        RtlFreeUnicodeString(&path);
        return result;
    }
    return check_status(NtSetInformationFile(file, &io, info, size, nt));
}

/* --- The path of an open file --- */

/* The object's name, \\??\\C:\\…, in memory of the process heap. */
static OBJECT_NAME_INFORMATION *object_name(HANDLE file)
{
    ULONG size = 1024, needed;

    for (;;) {
        OBJECT_NAME_INFORMATION *name = RtlAllocateHeap(process_heap(), 0, size);
        NTSTATUS status = STATUS_NO_MEMORY;

        if (name)
            status = NtQueryObject(file, ObjectNameInformation, name, size, &needed);
        if (name && !status)
            return name;
        if (name)
            RtlFreeHeap(process_heap(), 0, name);
        if (status != STATUS_INFO_LENGTH_MISMATCH && status != STATUS_BUFFER_OVERFLOW &&
            status != STATUS_BUFFER_TOO_SMALL) {
            check_status(status);
            return NULL;
        }
        size = needed > size ? needed : size * 2;
    }
}

DWORD WINAPI GetFinalPathNameByHandleW(HANDLE file, LPWSTR path, DWORD count, DWORD flags)
{
    WCHAR prefix[MAX_PATH] = {0};
    OBJECT_NAME_INFORMATION *name;
    const WCHAR *text;
    DWORD length, prefix_length, result = 0;

    if (flags & ~(DWORD)(FILE_NAME_OPENED | VOLUME_NAME_GUID | VOLUME_NAME_NONE | VOLUME_NAME_NT)) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return 0;
    }
    name = object_name(file);
    if (!name)
        return 0;
    text = name->Name.Buffer;
    length = name->Name.Length / sizeof(WCHAR);
    if (length < 6 || wcsncmp(text, L"\\??\\", 4) || text[5] != ':') {
        SetLastError(ERROR_INVALID_HANDLE); /* no file of a drive */
        goto done;
    }
    text += 4;
    length -= 4;
    if (flags & VOLUME_NAME_GUID) {
        SetLastError(ERROR_PATH_NOT_FOUND); /* volumes have no GUID names here */
        goto done;
    }
    if (flags & VOLUME_NAME_NT) {
        WCHAR drive[] = {text[0], ':', 0};

        if (!QueryDosDeviceW(drive, prefix, ARRAY_COUNT(prefix)))
            goto done;
    } else if (!(flags & VOLUME_NAME_NONE)) {
        wcscpy(prefix, L"\\\\?\\");
    }
    if (flags & (VOLUME_NAME_NT | VOLUME_NAME_NONE)) {
        text += 2;
        length -= 2;
    }
    prefix_length = (DWORD)wcslen(prefix);
    result = prefix_length + length;
    if (count <= result) {
        result++; /* too small a buffer: the room needed, with the NUL (documented) */
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    } else {
        memcpy(path, prefix, prefix_length * sizeof(WCHAR));
        memcpy(path + prefix_length, text, length * sizeof(WCHAR));
        path[result] = 0;
    }
done:
    RtlFreeHeap(process_heap(), 0, name);
    return result;
}

DWORD WINAPI GetFinalPathNameByHandleA(HANDLE file, LPSTR path, DWORD count, DWORD flags)
{
    DWORD length = GetFinalPathNameByHandleW(file, NULL, 0, flags), result;
    WCHAR *wide;

    if (!length)
        return 0;
    wide = RtlAllocateHeap(process_heap(), 0, length * sizeof(WCHAR));
    if (!wide) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return 0;
    }
    result = GetFinalPathNameByHandleW(file, wide, length, flags);
    if (result)
        result = ansi_to_buffer(wide, path, count);
    RtlFreeHeap(process_heap(), 0, wide);
    return result;
}

/* --- Change notices --- */

BOOL WINAPI ReadDirectoryChangesW(HANDLE folder, LPVOID buffer, DWORD size, BOOL subtree,
                                  DWORD filter, LPDWORD done, LPOVERLAPPED overlapped,
                                  LPOVERLAPPED_COMPLETION_ROUTINE routine)
{
    IO_STATUS_BLOCK block, *io = overlapped ? (IO_STATUS_BLOCK *)overlapped : &block;
    NTSTATUS status;

    io->Status = STATUS_PENDING;
    io->Information = 0;
    status = NtNotifyChangeDirectoryFile(
        folder, overlapped && !routine ? overlapped->hEvent : NULL,
        routine ? call_completion_routine : NULL,
        routine ? (void *)routine : overlapped ? overlapped_context(overlapped) : NULL, io, buffer,
        size, filter, (BOOLEAN)subtree);
    if (status == STATUS_PENDING) {
        if (overlapped)
            return TRUE;
        status = NtWaitForSingleObject(folder, FALSE, NULL);
        if (!status)
            status = io->Status;
    }
    if (!overlapped && done && NT_SUCCESS(status))
        *done = (DWORD)io->Information;
    return check_status(status);
}

/* A notification handle is the folder, opened for synchronous use and with a request under way: NT signals the
 * file object when it completes. */
static IO_STATUS_BLOCK notification_block;

HANDLE WINAPI FindFirstChangeNotificationW(LPCWSTR path, BOOL subtree, DWORD filter)
{
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    UNICODE_STRING nt;
    HANDLE folder;
    NTSTATUS status;

    if (!nt_path(path, &nt))
        return INVALID_HANDLE_VALUE;
    InitializeObjectAttributes(&attributes, &nt, OBJ_CASE_INSENSITIVE, NULL, NULL);
    status = NtOpenFile(&folder, FILE_LIST_DIRECTORY | SYNCHRONIZE, &attributes, &io,
                        FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                        FILE_DIRECTORY_FILE | FILE_OPEN_FOR_BACKUP_INTENT);
    RtlFreeUnicodeString(&nt);
    if (!check_status(status))
        return INVALID_HANDLE_VALUE;
    status = NtNotifyChangeDirectoryFile(folder, NULL, NULL, NULL, &notification_block, NULL, 0,
                                         filter, (BOOLEAN)subtree);
    if (status == STATUS_PENDING || check_status(status))
        return folder;
    NtClose(folder);
    return INVALID_HANDLE_VALUE;
}

HANDLE WINAPI FindFirstChangeNotificationA(LPCSTR path, BOOL subtree, DWORD filter)
{
    WCHAR *wide = wide_from_file_name(path);
    HANDLE handle = INVALID_HANDLE_VALUE;

    if (wide || !path)
        handle = FindFirstChangeNotificationW(wide, subtree, filter);
    free_wide(wide);
    return handle;
}

/* The filter of the first call stays with the file object (documented at ReadDirectoryChangesW). */
BOOL WINAPI FindNextChangeNotification(HANDLE folder)
{
    NTSTATUS status = NtNotifyChangeDirectoryFile(folder, NULL, NULL, NULL, &notification_block,
                                                  NULL, 0, FILE_NOTIFY_CHANGE_SIZE, 0);

    return status == STATUS_PENDING || check_status(status);
}

BOOL WINAPI FindCloseChangeNotification(HANDLE folder)
{
    return check_status(NtClose(folder));
}
