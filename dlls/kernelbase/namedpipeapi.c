/* SPDX-License-Identifier: LGPL-2.1-or-later
 * namedpipeapi.h: anonymous and named pipes; mailslots are refused.
 */
#include "kernelbase.h"

#ifndef PIPE_REJECT_REMOTE_CLIENTS
#define PIPE_REJECT_REMOTE_CLIENTS 8
#endif
#ifndef FSCTL_PIPE_GET_PIPE_ATTRIBUTE
#define FSCTL_PIPE_GET_PIPE_ATTRIBUTE                                                              \
    CTL_CODE(FILE_DEVICE_NAMED_PIPE, 10, METHOD_BUFFERED, FILE_ANY_ACCESS)
#endif

/* ntdll's; mingw's headers declare it in stdio.h, which needs a C runtime. */
int __cdecl _snwprintf(WCHAR *buffer, SIZE_T count, const WCHAR *format, ...);

#define DEFAULT_PIPE_BYTES 4096
#define DEFAULT_TIMEOUT    (-50 * 10000LL)   /* 50 ms, the documented default */
#define ANONYMOUS_TIMEOUT  (-120 * 10000000LL)

#define PIPE_PREFIX_LENGTH 9

/* Either spelling of the device, which name the same pipe; libuv uses the second. Names of other machines are refused
 * like them. */
static bool is_pipe_name(const WCHAR *name)
{
    return name && (!_wcsnicmp(name, L"\\\\.\\pipe\\", PIPE_PREFIX_LENGTH) ||
                    !_wcsnicmp(name, L"\\\\?\\pipe\\", PIPE_PREFIX_LENGTH));
}

static bool pipe_modes(DWORD mode, ULONG *type, ULONG *read_mode, ULONG *completion)
{
    if (mode & ~(DWORD)(PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE | PIPE_NOWAIT |
                        PIPE_REJECT_REMOTE_CLIENTS))
        return false;
    *type = mode & PIPE_TYPE_MESSAGE ? FILE_PIPE_TYPE_MESSAGE : FILE_PIPE_TYPE_BYTE;
    *read_mode = mode & PIPE_READMODE_MESSAGE ? FILE_PIPE_MESSAGE_MODE : FILE_PIPE_BYTE_STREAM_MODE;
    *completion = mode & PIPE_NOWAIT ? FILE_PIPE_COMPLETE_OPERATION : FILE_PIPE_QUEUE_OPERATION;
    /* Messages cannot be read from a pipe of bytes. */
    return !(mode & PIPE_READMODE_MESSAGE) || (mode & PIPE_TYPE_MESSAGE);
}

HANDLE WINAPI CreateNamedPipeW(LPCWSTR name, DWORD open_mode, DWORD pipe_mode, DWORD instances,
                               DWORD out_size, DWORD in_size, DWORD timeout,
                               LPSECURITY_ATTRIBUTES security)
{
    const DWORD allowed = PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE |
                          FILE_FLAG_WRITE_THROUGH | FILE_FLAG_OVERLAPPED | WRITE_DAC | WRITE_OWNER |
                          ACCESS_SYSTEM_SECURITY;
    ULONG type, read_mode, completion, options = 0, sharing = 0, access = SYNCHRONIZE;
    OBJECT_ATTRIBUTES attributes;
    LARGE_INTEGER time;
    IO_STATUS_BLOCK io;
    UNICODE_STRING nt;
    HANDLE pipe = INVALID_HANDLE_VALUE;
    NTSTATUS status;

    if (!is_pipe_name(name)) {
        SetLastError(name ? ERROR_INVALID_NAME : ERROR_PATH_NOT_FOUND);
        return INVALID_HANDLE_VALUE;
    }
    if ((open_mode & ~allowed) || !(open_mode & PIPE_ACCESS_DUPLEX) || !instances ||
        instances > PIPE_UNLIMITED_INSTANCES ||
        !pipe_modes(pipe_mode, &type, &read_mode, &completion)) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return INVALID_HANDLE_VALUE;
    }
    if (!nt_path(name, &nt))
        return INVALID_HANDLE_VALUE;
    InitializeObjectAttributes(&attributes, &nt, OBJ_CASE_INSENSITIVE, NULL,
                               security ? security->lpSecurityDescriptor : NULL);
    if (security && security->bInheritHandle)
        attributes.Attributes |= OBJ_INHERIT;
    if (open_mode & PIPE_ACCESS_INBOUND) {
        sharing |= FILE_SHARE_WRITE;
        access |= GENERIC_READ;
    }
    if (open_mode & PIPE_ACCESS_OUTBOUND) {
        sharing |= FILE_SHARE_READ;
        access |= GENERIC_WRITE;
    }
    access |= open_mode & (WRITE_DAC | WRITE_OWNER | ACCESS_SYSTEM_SECURITY);
    if (open_mode & FILE_FLAG_WRITE_THROUGH)
        options |= FILE_WRITE_THROUGH;
    if (!(open_mode & FILE_FLAG_OVERLAPPED))
        options |= FILE_SYNCHRONOUS_IO_NONALERT;
    time.QuadPart = timeout ? (LONGLONG)timeout * -10000 : DEFAULT_TIMEOUT;
    status = NtCreateNamedPipeFile(
        &pipe, access, &attributes, &io, sharing,
        open_mode & FILE_FLAG_FIRST_PIPE_INSTANCE ? FILE_CREATE : FILE_OPEN_IF, options, type,
        read_mode, completion, instances == PIPE_UNLIMITED_INSTANCES ? (ULONG)-1 : instances, in_size,
        out_size, &time);
    RtlFreeUnicodeString(&nt);
    if (!check_status(status))
        return INVALID_HANDLE_VALUE;
    return pipe;
}

HANDLE WINAPI CreateNamedPipeA(LPCSTR name, DWORD open_mode, DWORD pipe_mode, DWORD instances,
                               DWORD out_size, DWORD in_size, DWORD timeout,
                               LPSECURITY_ATTRIBUTES security)
{
    WCHAR *wide = wide_from_file_name(name);
    HANDLE pipe = INVALID_HANDLE_VALUE;

    if (wide || !name)
        pipe = CreateNamedPipeW(wide, open_mode, pipe_mode, instances, out_size, in_size, timeout,
                                security);
    free_wide(wide);
    return pipe;
}

/* A pipe of one instance whose name nobody knows: a process-wide counter makes it unique. */
BOOL WINAPI CreatePipe(PHANDLE read_end, PHANDLE write_end, LPSECURITY_ATTRIBUTES security,
                       DWORD size)
{
    return check_status(DecantCreatePipe(
        read_end, write_end, security && security->bInheritHandle ? OBJ_INHERIT : 0, size));
}

/* --- The server's side --- */

static BOOL pipe_control(HANDLE pipe, ULONG code, LPVOID in, DWORD in_size, LPVOID out,
                         DWORD out_size, LPDWORD done, LPOVERLAPPED overlapped)
{
    IO_STATUS_BLOCK block, *io = &block;
    NTSTATUS status;

    if (overlapped)
        io = (IO_STATUS_BLOCK *)overlapped;
    io->Status = STATUS_PENDING;
    io->Information = 0;
    status = NtFsControlFile(pipe, overlapped ? overlapped->hEvent : NULL, NULL,
                             overlapped ? overlapped_context(overlapped) : NULL, io, code, in,
                             in_size, out, out_size);
    if (status == STATUS_PENDING) {
        if (overlapped)
            return set_error(ERROR_IO_PENDING);
        status = NtWaitForSingleObject(pipe, FALSE, NULL);
        if (!status)
            status = io->Status;
    }
    if (done && !NT_ERROR(status))
        *done = (DWORD)io->Information;
    return check_status(status);
}

BOOL WINAPI ConnectNamedPipe(HANDLE pipe, LPOVERLAPPED overlapped)
{
    return pipe_control(pipe, FSCTL_PIPE_LISTEN, NULL, 0, NULL, 0, NULL, overlapped);
}

BOOL WINAPI DisconnectNamedPipe(HANDLE pipe)
{
    return pipe_control(pipe, FSCTL_PIPE_DISCONNECT, NULL, 0, NULL, 0, NULL, NULL);
}

BOOL WINAPI ImpersonateNamedPipeClient(HANDLE pipe)
{
    return pipe_control(pipe, FSCTL_PIPE_IMPERSONATE, NULL, 0, NULL, 0, NULL, NULL);
}

BOOL WINAPI PeekNamedPipe(HANDLE pipe, LPVOID buffer, DWORD size, LPDWORD done, LPDWORD available,
                          LPDWORD left)
{
    FILE_PIPE_PEEK_BUFFER header, *peek = &header;
    const ULONG header_size = offsetof(FILE_PIPE_PEEK_BUFFER, Data);
    ULONG total = header_size + (buffer ? size : 0);
    IO_STATUS_BLOCK io;
    NTSTATUS status;

    if (buffer && size) {
        peek = RtlAllocateHeap(process_heap(), 0, total);
        if (!peek)
            return set_error(ERROR_NOT_ENOUGH_MEMORY);
    }
    status = NtFsControlFile(pipe, NULL, NULL, NULL, &io, FSCTL_PIPE_PEEK, NULL, 0, peek, total);
    /* More than was asked for is no error here. */
    if (status == STATUS_BUFFER_OVERFLOW)
        status = STATUS_SUCCESS;
    if (!status) {
        ULONG copied = (ULONG)io.Information - header_size;

        if (peek != &header)
            memcpy(buffer, peek->Data, copied);
        if (done)
            *done = peek == &header ? 0 : copied;
        if (available)
            *available = peek->ReadDataAvailable;
        if (left)
            *left = peek->MessageLength ? peek->MessageLength - copied : 0;
    }
    if (peek != &header)
        RtlFreeHeap(process_heap(), 0, peek);
    return check_status(status);
}

/* --- The client's side --- */

BOOL WINAPI WaitNamedPipeW(LPCWSTR name, DWORD ms)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING device;
    FILE_PIPE_WAIT_FOR_BUFFER *wait;
    IO_STATUS_BLOCK io;
    SIZE_T prefix = PIPE_PREFIX_LENGTH, bytes, total;
    HANDLE file_system;
    NTSTATUS status;

    if (!is_pipe_name(name))
        return set_error(name ? ERROR_BAD_PATHNAME : ERROR_INVALID_PARAMETER);
    bytes = wcslen(name + prefix) * sizeof(WCHAR);
    total = offsetof(FILE_PIPE_WAIT_FOR_BUFFER, Name) + bytes;
    wait = RtlAllocateHeap(process_heap(), 0, total);
    if (!wait)
        return set_error(ERROR_NOT_ENOUGH_MEMORY);
    RtlInitUnicodeString(&device, L"\\??\\pipe\\");
    InitializeObjectAttributes(&attributes, &device, OBJ_CASE_INSENSITIVE, NULL, NULL);
    status = NtOpenFile(&file_system, FILE_READ_ATTRIBUTES | SYNCHRONIZE, &attributes, &io,
                        FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_SYNCHRONOUS_IO_NONALERT);
    if (!status) {
        wait->TimeoutSpecified = ms != NMPWAIT_USE_DEFAULT_WAIT;
        wait->Timeout.QuadPart = ms == NMPWAIT_WAIT_FOREVER ? INT64_MIN : (LONGLONG)ms * -10000;
        wait->NameLength = (ULONG)bytes;
        memcpy(wait->Name, name + prefix, bytes);
        status = NtFsControlFile(file_system, NULL, NULL, NULL, &io, FSCTL_PIPE_WAIT, wait,
                                 (ULONG)total, NULL, 0);
        NtClose(file_system);
    }
    RtlFreeHeap(process_heap(), 0, wait);
    return status == STATUS_IO_TIMEOUT ? set_error(ERROR_SEM_TIMEOUT) : check_status(status);
}

BOOL WINAPI WaitNamedPipeA(LPCSTR name, DWORD ms)
{
    WCHAR *wide = wide_from_file_name(name);
    BOOL result = (wide || !name) && WaitNamedPipeW(wide, ms);

    free_wide(wide);
    return result;
}

BOOL WINAPI SetNamedPipeHandleState(HANDLE pipe, LPDWORD mode, LPDWORD bytes, LPDWORD ms)
{
    FILE_PIPE_INFORMATION info;
    IO_STATUS_BLOCK io;

    (void)bytes, (void)ms; /* only pipes to other machines collect */
    if (!mode)
        return TRUE;
    if (*mode & ~(DWORD)(PIPE_READMODE_MESSAGE | PIPE_NOWAIT))
        return set_error(ERROR_INVALID_PARAMETER);
    info.CompletionMode =
        *mode & PIPE_NOWAIT ? FILE_PIPE_COMPLETE_OPERATION : FILE_PIPE_QUEUE_OPERATION;
    info.ReadMode =
        *mode & PIPE_READMODE_MESSAGE ? FILE_PIPE_MESSAGE_MODE : FILE_PIPE_BYTE_STREAM_MODE;
    return check_status(NtSetInformationFile(pipe, &io, &info, sizeof(info), FilePipeInformation));
}

BOOL WINAPI GetNamedPipeInfo(HANDLE pipe, LPDWORD flags, LPDWORD out_size, LPDWORD in_size,
                             LPDWORD instances)
{
    FILE_PIPE_LOCAL_INFORMATION info;
    IO_STATUS_BLOCK io;

    if (!check_status(NtQueryInformationFile(pipe, &io, &info, sizeof(info),
                                             FilePipeLocalInformation)))
        return FALSE;
    if (flags)
        *flags = (info.NamedPipeEnd & FILE_PIPE_SERVER_END ? PIPE_SERVER_END : PIPE_CLIENT_END) |
                 (info.NamedPipeType & FILE_PIPE_TYPE_MESSAGE ? PIPE_TYPE_MESSAGE : PIPE_TYPE_BYTE);
    if (out_size)
        *out_size = info.OutboundQuota;
    if (in_size)
        *in_size = info.InboundQuota;
    if (instances)
        *instances = info.MaximumInstances == (ULONG)-1 ? PIPE_UNLIMITED_INSTANCES
                                                        : info.MaximumInstances;
    return TRUE;
}

BOOL WINAPI GetNamedPipeHandleStateW(HANDLE pipe, LPDWORD state, LPDWORD instances, LPDWORD bytes,
                                     LPDWORD ms, LPWSTR user, DWORD user_size)
{
    FILE_PIPE_INFORMATION info;
    FILE_PIPE_LOCAL_INFORMATION local;
    IO_STATUS_BLOCK io;

    if (state) {
        if (!check_status(NtQueryInformationFile(pipe, &io, &info, sizeof(info),
                                                 FilePipeInformation)))
            return FALSE;
        *state = (info.ReadMode == FILE_PIPE_MESSAGE_MODE ? PIPE_READMODE_MESSAGE : 0) |
                 (info.CompletionMode == FILE_PIPE_COMPLETE_OPERATION ? PIPE_NOWAIT : 0);
    }
    if (instances) {
        if (!check_status(NtQueryInformationFile(pipe, &io, &local, sizeof(local),
                                                 FilePipeLocalInformation)))
            return FALSE;
        *instances = local.CurrentInstances;
    }
    if (bytes)
        *bytes = 0;
    if (ms)
        *ms = 0;
    if (user && user_size)
        *user = 0;
    return TRUE;
}

BOOL WINAPI GetNamedPipeHandleStateA(HANDLE pipe, LPDWORD state, LPDWORD instances, LPDWORD bytes,
                                     LPDWORD ms, LPSTR user, DWORD user_size)
{
    if (user && user_size)
        *user = 0;
    return GetNamedPipeHandleStateW(pipe, state, instances, bytes, ms, NULL, 0);
}

/* --- One message there and one back --- */

BOOL WINAPI TransactNamedPipe(HANDLE pipe, LPVOID in, DWORD in_size, LPVOID out, DWORD out_size,
                              LPDWORD done, LPOVERLAPPED overlapped)
{
    return pipe_control(pipe, FSCTL_PIPE_TRANSCEIVE, in, in_size, out, out_size, done, overlapped);
}

BOOL WINAPI CallNamedPipeW(LPCWSTR name, LPVOID in, DWORD in_size, LPVOID out, DWORD out_size,
                           LPDWORD done, DWORD ms)
{
    DWORD mode = PIPE_READMODE_MESSAGE;
    HANDLE pipe;
    BOOL result;

    pipe = CreateFileW(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    if (pipe == INVALID_HANDLE_VALUE) {
        if (ms == NMPWAIT_NOWAIT || GetLastError() != ERROR_PIPE_BUSY || !WaitNamedPipeW(name, ms))
            return FALSE;
        pipe = CreateFileW(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
        if (pipe == INVALID_HANDLE_VALUE)
            return FALSE;
    }
    result = SetNamedPipeHandleState(pipe, &mode, NULL, NULL) &&
             TransactNamedPipe(pipe, in, in_size, out, out_size, done, NULL);
    NtClose(pipe);
    return result;
}

BOOL WINAPI CallNamedPipeA(LPCSTR name, LPVOID in, DWORD in_size, LPVOID out, DWORD out_size,
                           LPDWORD done, DWORD ms)
{
    WCHAR *wide = wide_from_file_name(name);
    BOOL result = (wide || !name) &&
                  CallNamedPipeW(wide, in, in_size, out, out_size, done, ms);

    free_wide(wide);
    return result;
}

/* --- Who is at the other end --- */

static BOOL pipe_attribute(HANDLE pipe, ULONG code, const char *attribute, ULONG *value)
{
    IO_STATUS_BLOCK io;
    ULONG answer[2];

    if (!check_status(NtFsControlFile(pipe, NULL, NULL, NULL, &io, code, (void *)attribute,
                                      (ULONG)strlen(attribute) + 1, answer, sizeof(answer))))
        return FALSE;
    *value = answer[0];
    return TRUE;
}

BOOL WINAPI GetNamedPipeClientProcessId(HANDLE pipe, ULONG *id)
{
    return pipe_attribute(pipe, FSCTL_PIPE_GET_CONNECTION_ATTRIBUTE, "ClientProcessId", id);
}

BOOL WINAPI GetNamedPipeServerProcessId(HANDLE pipe, ULONG *id)
{
    return pipe_attribute(pipe, FSCTL_PIPE_GET_PIPE_ATTRIBUTE, "ServerProcessId", id);
}

BOOL WINAPI GetNamedPipeClientSessionId(HANDLE pipe, ULONG *id)
{
    return pipe_attribute(pipe, FSCTL_PIPE_GET_CONNECTION_ATTRIBUTE, "ClientSessionId", id);
}

BOOL WINAPI GetNamedPipeServerSessionId(HANDLE pipe, ULONG *id)
{
    return pipe_attribute(pipe, FSCTL_PIPE_GET_PIPE_ATTRIBUTE, "ServerSessionId", id);
}

/* --- Mailslots --- */

HANDLE WINAPI CreateMailslotW(LPCWSTR name, DWORD size, DWORD timeout,
                              LPSECURITY_ATTRIBUTES security)
{
    (void)name, (void)size, (void)timeout, (void)security;
    SetLastError(ERROR_NOT_SUPPORTED);
    return INVALID_HANDLE_VALUE;
}
