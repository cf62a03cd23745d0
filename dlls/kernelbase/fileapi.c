/* SPDX-License-Identifier: LGPL-2.1-or-later
 * fileapi.h: opening, reading, writing, positions, sizes, flushing, locking.
 */
#include "console.h"
#include "winioctl.h"

/* --- Opening --- */

static ULONG create_options(DWORD flags, DWORD *access)
{
    ULONG options = 0;

    if (flags & FILE_FLAG_WRITE_THROUGH)
        options |= FILE_WRITE_THROUGH;
    if (flags & FILE_FLAG_NO_BUFFERING)
        options |= FILE_NO_INTERMEDIATE_BUFFERING;
    if (flags & FILE_FLAG_RANDOM_ACCESS)
        options |= FILE_RANDOM_ACCESS;
    if (flags & FILE_FLAG_SEQUENTIAL_SCAN)
        options |= FILE_SEQUENTIAL_ONLY;
    if (flags & FILE_FLAG_OPEN_REPARSE_POINT)
        options |= FILE_OPEN_REPARSE_POINT;
    if (flags & FILE_FLAG_DELETE_ON_CLOSE) {
        options |= FILE_DELETE_ON_CLOSE;
        *access |= DELETE;
    }
    if (flags & FILE_FLAG_BACKUP_SEMANTICS)
        options |= FILE_OPEN_FOR_BACKUP_INTENT;
    else
        options |= FILE_NON_DIRECTORY_FILE;
    if (!(flags & FILE_FLAG_OVERLAPPED))
        options |= FILE_SYNCHRONOUS_IO_NONALERT;
    return options;
}

HANDLE WINAPI CreateFileW(LPCWSTR name, DWORD access, DWORD sharing, LPSECURITY_ATTRIBUTES security,
                          DWORD creation, DWORD flags, HANDLE template_file)
{
    static const ULONG dispositions[] = {0, FILE_CREATE, FILE_OVERWRITE_IF, FILE_OPEN, FILE_OPEN_IF,
                                         FILE_OVERWRITE};
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    UNICODE_STRING path;
    ULONG options;
    HANDLE handle;
    NTSTATUS status;

    (void)template_file;
    if (!name || !*name) {
        SetLastError(ERROR_PATH_NOT_FOUND);
        return INVALID_HANDLE_VALUE;
    }
    /* TRUNCATE_EXISTING must come with the right to write (documented). */
    if (creation < CREATE_NEW || creation > TRUNCATE_EXISTING ||
        (creation == TRUNCATE_EXISTING && !(access & (GENERIC_WRITE | GENERIC_ALL)))) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return INVALID_HANDLE_VALUE;
    }
    /* CONIN$ and CONOUT$ are names without a path. */
    if (!_wcsicmp(name, L"CONIN$") || !_wcsicmp(name, L"CONOUT$")) {
        WCHAR device[16] = L"\\??\\";

        wcscpy(device + 4, name);
        if (!RtlCreateUnicodeString(&path, device)) {
            SetLastError(ERROR_NOT_ENOUGH_MEMORY);
            return INVALID_HANDLE_VALUE;
        }
    } else if (!nt_path(name, &path)) {
        return INVALID_HANDLE_VALUE;
    }
    access |= SYNCHRONIZE | FILE_READ_ATTRIBUTES;
    options = create_options(flags, &access);
    InitializeObjectAttributes(&attributes, &path,
                               OBJ_CASE_INSENSITIVE |
                                   (security && security->bInheritHandle ? OBJ_INHERIT : 0),
                               NULL, security ? security->lpSecurityDescriptor : NULL);
    status = NtCreateFile(&handle, access, &attributes, &io, NULL,
                          flags & (FILE_ATTRIBUTE_READONLY | FILE_ATTRIBUTE_HIDDEN |
                                   FILE_ATTRIBUTE_SYSTEM | FILE_ATTRIBUTE_ARCHIVE |
                                   FILE_ATTRIBUTE_TEMPORARY | FILE_ATTRIBUTE_NORMAL),
                          sharing, dispositions[creation], options, NULL, 0);
    RtlFreeUnicodeString(&path);
    if (status == STATUS_OBJECT_NAME_COLLISION && creation == CREATE_NEW) {
        SetLastError(ERROR_FILE_EXISTS);
        return INVALID_HANDLE_VALUE;
    }
    if (status == STATUS_FILE_IS_A_DIRECTORY) {
        SetLastError(ERROR_ACCESS_DENIED);
        return INVALID_HANDLE_VALUE;
    }
    if (!check_status(status))
        return INVALID_HANDLE_VALUE;
    /* Documented: the last error tells whether the file was there. */
    SetLastError((creation == CREATE_ALWAYS && io.Information == FILE_OVERWRITTEN) ||
                         (creation == OPEN_ALWAYS && io.Information == FILE_OPENED)
                     ? ERROR_ALREADY_EXISTS
                     : ERROR_SUCCESS);
    return handle;
}

HANDLE WINAPI CreateFileA(LPCSTR name, DWORD access, DWORD sharing, LPSECURITY_ATTRIBUTES security,
                          DWORD creation, DWORD flags, HANDLE template_file)
{
    WCHAR *wide = wide_from_file_name(name);
    HANDLE handle = CreateFileW(wide, access, sharing, security, creation, flags, template_file);

    free_wide(wide);
    return handle;
}

/* --- Reading and writing --- */

/* Where the parts of an OVERLAPPED go in an Nt call. */
struct request {
    IO_STATUS_BLOCK *status;
    HANDLE event;
    void *context;
    LARGE_INTEGER offset, *offset_pointer;
};

static void request_from(struct request *request, OVERLAPPED *overlapped, IO_STATUS_BLOCK *local)
{
    request->status = local;
    request->event = NULL;
    request->context = NULL;
    request->offset_pointer = NULL;
    if (!overlapped)
        return;
    request->offset.u.LowPart = overlapped->Offset;
    request->offset.u.HighPart = (LONG)overlapped->OffsetHigh;
    request->offset_pointer = &request->offset;
    request->status = (IO_STATUS_BLOCK *)overlapped;
    request->event = overlapped->hEvent;
    /* Bit 0 of the event: no completion packet for this one. */
    request->context = (ULONG_PTR)overlapped->hEvent & 1 ? NULL : overlapped;
    request->status->Status = STATUS_PENDING;
    request->status->Information = 0;
}

/* A handle without OVERLAPPED may still be asynchronous underneath: then we wait. */
static NTSTATUS settle(HANDLE file, NTSTATUS status, OVERLAPPED *overlapped, IO_STATUS_BLOCK *local)
{
    if (status != STATUS_PENDING || overlapped)
        return status;
    NtWaitForSingleObject(file, FALSE, NULL);
    return local->Status;
}

BOOL WINAPI ReadFile(HANDLE file, LPVOID buffer, DWORD size, DWORD *count, OVERLAPPED *overlapped)
{
    IO_STATUS_BLOCK local = {0};
    struct request request;
    NTSTATUS status;

    if (count)
        *count = 0;
    request_from(&request, overlapped, &local);
    status = NtReadFile(file, request.event, NULL, request.context, request.status, buffer, size,
                        request.offset_pointer, NULL);
    status = settle(file, status, overlapped, &local);
    if (count && status != STATUS_PENDING)
        *count = overlapped && !NT_SUCCESS(status) ? 0 : (DWORD)request.status->Information;
    /* The end of a file is no error for a synchronous read. */
    if (status == STATUS_END_OF_FILE && !overlapped) {
        if (count)
            *count = 0;
        return TRUE;
    }
    if (status == STATUS_PENDING)
        return set_error(ERROR_IO_PENDING);
    if (status == STATUS_BUFFER_OVERFLOW)
        return set_error(ERROR_MORE_DATA);
    return check_status(status);
}

BOOL WINAPI WriteFile(HANDLE file, LPCVOID buffer, DWORD size, DWORD *count, OVERLAPPED *overlapped)
{
    IO_STATUS_BLOCK local = {0};
    struct request request;
    NTSTATUS status;

    if (count)
        *count = 0;
    /* Text on a console is in the console's code page; the terminal's is UTF-8. */
    if (console_output_page != CP_UTF8 && GetFileType(file) == FILE_TYPE_CHAR) {
        DWORD error = GetLastError(), written;

        if (WriteConsoleA(file, buffer, size, &written, NULL)) {
            if (count)
                *count = written;
            return TRUE;
        }
        SetLastError(error); /* NUL and the like */
    }
    request_from(&request, overlapped, &local);
    status = NtWriteFile(file, request.event, NULL, request.context, request.status, buffer, size,
                         request.offset_pointer, NULL);
    status = settle(file, status, overlapped, &local);
    if (count && status != STATUS_PENDING && NT_SUCCESS(status))
        *count = (DWORD)request.status->Information;
    if (status == STATUS_PENDING)
        return set_error(ERROR_IO_PENDING);
    return check_status(status);
}

/* ReadFileEx: the APC gets the Win32 error, the count and the OVERLAPPED. */
void WINAPI call_completion_routine(void *routine, IO_STATUS_BLOCK *io, ULONG reserved)
{
    (void)reserved;
    ((LPOVERLAPPED_COMPLETION_ROUTINE)routine)(RtlNtStatusToDosError(io->Status),
                                               (DWORD)io->Information, (OVERLAPPED *)io);
}

BOOL WINAPI ReadFileEx(HANDLE file, LPVOID buffer, DWORD size, LPOVERLAPPED overlapped,
                       LPOVERLAPPED_COMPLETION_ROUTINE routine)
{
    LARGE_INTEGER offset = {.u = {overlapped->Offset, (LONG)overlapped->OffsetHigh}};
    IO_STATUS_BLOCK *io = (IO_STATUS_BLOCK *)overlapped;
    NTSTATUS status;

    io->Status = STATUS_PENDING;
    io->Information = 0;
    status = NtReadFile(file, NULL, call_completion_routine, (void *)routine, io, buffer, size, &offset, NULL);
    return status == STATUS_PENDING || check_status(status);
}

BOOL WINAPI WriteFileEx(HANDLE file, LPCVOID buffer, DWORD size, OVERLAPPED *overlapped,
                        LPOVERLAPPED_COMPLETION_ROUTINE routine)
{
    LARGE_INTEGER offset = {.u = {overlapped->Offset, (LONG)overlapped->OffsetHigh}};
    IO_STATUS_BLOCK *io = (IO_STATUS_BLOCK *)overlapped;
    NTSTATUS status;

    io->Status = STATUS_PENDING;
    io->Information = 0;
    status = NtWriteFile(file, NULL, call_completion_routine, (void *)routine, io, buffer, size, &offset,
                         NULL);
    return status == STATUS_PENDING || check_status(status);
}

BOOL WINAPI FlushFileBuffers(HANDLE file)
{
    IO_STATUS_BLOCK io;

    return check_status(NtFlushBuffersFile(file, &io));
}

/* --- Positions and sizes --- */

BOOL WINAPI SetFilePointerEx(HANDLE file, LARGE_INTEGER distance, LARGE_INTEGER *result, DWORD method)
{
    FILE_POSITION_INFORMATION position;
    FILE_STANDARD_INFORMATION standard;
    IO_STATUS_BLOCK io;
    LONGLONG base = 0;

    switch (method) {
    case FILE_BEGIN:
        break;
    case FILE_CURRENT:
        if (!check_status(NtQueryInformationFile(file, &io, &position, sizeof(position),
                                                 FilePositionInformation)))
            return FALSE;
        base = position.CurrentByteOffset.QuadPart;
        break;
    case FILE_END:
        if (!check_status(NtQueryInformationFile(file, &io, &standard, sizeof(standard),
                                                 FileStandardInformation)))
            return FALSE;
        base = standard.EndOfFile.QuadPart;
        break;
    default:
        return set_error(ERROR_INVALID_PARAMETER);
    }
    if (base + distance.QuadPart < 0)
        return set_error(ERROR_NEGATIVE_SEEK);
    position.CurrentByteOffset.QuadPart = base + distance.QuadPart;
    if (!check_status(NtSetInformationFile(file, &io, &position, sizeof(position),
                                           FilePositionInformation)))
        return FALSE;
    if (result)
        *result = position.CurrentByteOffset;
    return TRUE;
}

DWORD WINAPI SetFilePointer(HANDLE file, LONG distance, LONG *high, DWORD method)
{
    LARGE_INTEGER wanted, result;

    if (high) {
        wanted.u.LowPart = (DWORD)distance;
        wanted.u.HighPart = *high;
    } else {
        wanted.QuadPart = distance;
    }
    if (!SetFilePointerEx(file, wanted, &result, method))
        return INVALID_SET_FILE_POINTER;
    if (high)
        *high = result.u.HighPart;
    if (result.u.LowPart == INVALID_SET_FILE_POINTER)
        SetLastError(ERROR_SUCCESS);
    return result.u.LowPart;
}

BOOL WINAPI GetFileSizeEx(HANDLE file, PLARGE_INTEGER size)
{
    FILE_STANDARD_INFORMATION info;
    IO_STATUS_BLOCK io;

    if (!check_status(NtQueryInformationFile(file, &io, &info, sizeof(info),
                                             FileStandardInformation)))
        return FALSE;
    *size = info.EndOfFile;
    return TRUE;
}

DWORD WINAPI GetFileSize(HANDLE file, LPDWORD high)
{
    LARGE_INTEGER size;

    if (!GetFileSizeEx(file, &size))
        return INVALID_FILE_SIZE;
    if (high)
        *high = (DWORD)size.u.HighPart;
    if (size.u.LowPart == INVALID_FILE_SIZE)
        SetLastError(ERROR_SUCCESS);
    return size.u.LowPart;
}

BOOL WINAPI SetEndOfFile(HANDLE file)
{
    FILE_POSITION_INFORMATION position;
    FILE_END_OF_FILE_INFORMATION end;
    IO_STATUS_BLOCK io;

    if (!check_status(NtQueryInformationFile(file, &io, &position, sizeof(position),
                                             FilePositionInformation)))
        return FALSE;
    end.EndOfFile = position.CurrentByteOffset;
    return check_status(NtSetInformationFile(file, &io, &end, sizeof(end), FileEndOfFileInformation));
}

BOOL WINAPI SetFileValidData(HANDLE file, LONGLONG length)
{
    (void)file, (void)length;
    return set_error(ERROR_PRIVILEGE_NOT_HELD);
}

/* --- Times and kinds --- */

BOOL WINAPI GetFileTime(HANDLE file, FILETIME *creation, FILETIME *access, FILETIME *write)
{
    FILE_BASIC_INFORMATION info;
    IO_STATUS_BLOCK io;

    if (!check_status(NtQueryInformationFile(file, &io, &info, sizeof(info), FileBasicInformation)))
        return FALSE;
    if (creation)
        memcpy(creation, &info.CreationTime, sizeof(*creation));
    if (access)
        memcpy(access, &info.LastAccessTime, sizeof(*access));
    if (write)
        memcpy(write, &info.LastWriteTime, sizeof(*write));
    return TRUE;
}

BOOL WINAPI SetFileTime(HANDLE file, const FILETIME *creation, const FILETIME *access,
                        const FILETIME *write)
{
    FILE_BASIC_INFORMATION info = {{{0}}};
    IO_STATUS_BLOCK io;

    if (creation)
        memcpy(&info.CreationTime, creation, sizeof(*creation));
    if (access)
        memcpy(&info.LastAccessTime, access, sizeof(*access));
    if (write)
        memcpy(&info.LastWriteTime, write, sizeof(*write));
    return check_status(NtSetInformationFile(file, &io, &info, sizeof(info), FileBasicInformation));
}

DWORD WINAPI GetFileType(HANDLE file)
{
    FILE_FS_DEVICE_INFORMATION info;
    IO_STATUS_BLOCK io;

    switch ((DWORD)(ULONG_PTR)file) {
    case STD_INPUT_HANDLE: file = GetStdHandle(STD_INPUT_HANDLE); break;
    case STD_OUTPUT_HANDLE: file = GetStdHandle(STD_OUTPUT_HANDLE); break;
    case STD_ERROR_HANDLE: file = GetStdHandle(STD_ERROR_HANDLE); break;
    }
    if (!check_status(NtQueryVolumeInformationFile(file, &io, &info, sizeof(info),
                                                   FileFsDeviceInformation)))
        return FILE_TYPE_UNKNOWN;
    switch (info.DeviceType) {
    case FILE_DEVICE_NULL:
    case FILE_DEVICE_CONSOLE:
    case FILE_DEVICE_PARALLEL_PORT:
    case FILE_DEVICE_SERIAL_PORT:
        return FILE_TYPE_CHAR;
    case FILE_DEVICE_NAMED_PIPE:
        return FILE_TYPE_PIPE;
    default:
        return FILE_TYPE_DISK;
    }
}

/* --- Locking --- */

BOOL WINAPI LockFileEx(HANDLE file, DWORD flags, DWORD reserved, DWORD low, DWORD high,
                       LPOVERLAPPED overlapped)
{
    LARGE_INTEGER offset = {.u = {overlapped->Offset, (LONG)overlapped->OffsetHigh}};
    LARGE_INTEGER length = {.u = {low, (LONG)high}};
    struct request request;
    NTSTATUS status;

    if (reserved)
        return set_error(ERROR_INVALID_PARAMETER);
    request_from(&request, overlapped, NULL);
    status = NtLockFile(file, request.event, NULL, request.context, request.status, &offset,
                        &length, NULL, !!(flags & LOCKFILE_FAIL_IMMEDIATELY),
                        !!(flags & LOCKFILE_EXCLUSIVE_LOCK));
    if (status == STATUS_PENDING)
        return set_error(ERROR_IO_PENDING);
    return check_status(status);
}

BOOL WINAPI UnlockFileEx(HANDLE file, DWORD reserved, DWORD low, DWORD high, LPOVERLAPPED overlapped)
{
    LARGE_INTEGER offset = {.u = {overlapped->Offset, (LONG)overlapped->OffsetHigh}};
    LARGE_INTEGER length = {.u = {low, (LONG)high}};
    IO_STATUS_BLOCK io;

    if (reserved)
        return set_error(ERROR_INVALID_PARAMETER);
    return check_status(NtUnlockFile(file, &io, &offset, &length, NULL));
}

BOOL WINAPI LockFile(HANDLE file, DWORD offset_low, DWORD offset_high, DWORD low, DWORD high)
{
    LARGE_INTEGER offset = {.u = {offset_low, (LONG)offset_high}};
    LARGE_INTEGER length = {.u = {low, (LONG)high}};
    IO_STATUS_BLOCK io;

    return check_status(NtLockFile(file, NULL, NULL, NULL, &io, &offset, &length, NULL, TRUE, TRUE));
}

BOOL WINAPI UnlockFile(HANDLE file, DWORD offset_low, DWORD offset_high, DWORD low, DWORD high)
{
    LARGE_INTEGER offset = {.u = {offset_low, (LONG)offset_high}};
    LARGE_INTEGER length = {.u = {low, (LONG)high}};
    IO_STATUS_BLOCK io;

    return check_status(NtUnlockFile(file, &io, &offset, &length, NULL));
}
