/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Named and anonymous pipes: connecting, bytes and messages, overlapped requests, the codes of a
 * pipe that is busy, broken or closed, and another process as the client.
 *
 * Sources: [D] Microsoft's pages on CreateNamedPipe, ConnectNamedPipe, DisconnectNamedPipe, ReadFile, WriteFile,
 * PeekNamedPipe, TransactNamedPipe, CallNamedPipe, WaitNamedPipe; [T] what Wine's tests of pipes
 * (dlls/kernel32/tests/pipe.c, dlls/ntdll/tests/pipe.c) assert on Windows.
 */
#define CONFORMANCE_CHILD(argc, argv) child(argc, argv)
static int child(int argc, char **argv);

#include "conformance.h"
#include "conformance_folder.h"

static char pipe_name[64];

static HANDLE make_server(DWORD open_mode, DWORD pipe_mode, DWORD instances)
{
    if (!pipe_name[0])
        snprintf(pipe_name, sizeof(pipe_name), "\\\\.\\pipe\\decant-%lu", GetCurrentProcessId());
    return CreateNamedPipeA(pipe_name, open_mode, pipe_mode, instances, 4096, 4096, 0, NULL);
}

static HANDLE open_client(DWORD access, DWORD flags)
{
    return CreateFileA(pipe_name, access, 0, NULL, OPEN_EXISTING, flags, NULL);
}

/* --- One thread plays both sides: a client may connect and write before the server listens [D] --- */

static void test_bytes(void)
{
    HANDLE server = make_server(PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, 1), client;
    char buffer[64];
    DWORD count, available;

    ok(server != INVALID_HANDLE_VALUE, "CreateNamedPipe: %lu", GetLastError());
    client = open_client(GENERIC_READ | GENERIC_WRITE, 0);
    ok(client != INVALID_HANDLE_VALUE, "the client cannot connect: %lu", GetLastError());
    check_error(ConnectNamedPipe(server, NULL), ERROR_PIPE_CONNECTED);
    ok(GetFileType(server) == FILE_TYPE_PIPE && GetFileType(client) == FILE_TYPE_PIPE, "file type");
    ok(WriteFile(client, "hello", 5, &count, NULL) && count == 5, "WriteFile: %lu", GetLastError());
    ok(WriteFile(client, " world", 6, &count, NULL) && count == 6, "WriteFile: %lu",
       GetLastError());
    memset(buffer, 0xcc, sizeof(buffer));
    available = count = 0xdeadbeef;
    ok(PeekNamedPipe(server, buffer, 4, &count, &available, NULL) && count == 4 &&
           available == 11 && !memcmp(buffer, "hell\xcc", 5),
       "peek: %lu of %lu, error %lu", count, available, GetLastError());
    ok(ReadFile(server, buffer, 7, &count, NULL) && count == 7 && !memcmp(buffer, "hello w", 7),
       "read %lu", count);
    ok(ReadFile(server, buffer, sizeof(buffer), &count, NULL) && count == 4 &&
           !memcmp(buffer, "orld", 4),
       "read the rest: %lu", count);
    ok(WriteFile(server, "back", 4, &count, NULL), "WriteFile: %lu", GetLastError());
    ok(ReadFile(client, buffer, sizeof(buffer), &count, NULL) && count == 4, "read back %lu", count);

    /* A second client finds the only instance taken, a second instance no room [D]. */
    SetLastError(0xdeadbeef);
    ok(open_client(GENERIC_READ, 0) == INVALID_HANDLE_VALUE && GetLastError() == ERROR_PIPE_BUSY,
       "second client: %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(make_server(PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, 1) == INVALID_HANDLE_VALUE &&
           GetLastError() == ERROR_PIPE_BUSY,
       "second instance: %lu", GetLastError());
    check_error(WaitNamedPipeA(pipe_name, 1), ERROR_SEM_TIMEOUT);

    /* The client goes: the server reads what is left, then ERROR_BROKEN_PIPE; writing is ERROR_NO_DATA [T]. */
    ok(WriteFile(client, "last", 4, &count, NULL), "WriteFile: %lu", GetLastError());
    CloseHandle(client);
    ok(ReadFile(server, buffer, sizeof(buffer), &count, NULL) && count == 4, "the last: %lu", count);
    check_error(ReadFile(server, buffer, sizeof(buffer), &count, NULL), ERROR_BROKEN_PIPE);
    check_error(WriteFile(server, "x", 1, &count, NULL), ERROR_NO_DATA);
    check_error(PeekNamedPipe(server, NULL, 0, NULL, &available, NULL), ERROR_BROKEN_PIPE);
    check_error(ConnectNamedPipe(server, NULL), ERROR_NO_DATA);
    /* Not connected any more, by the server's own doing. */
    ok(DisconnectNamedPipe(server), "DisconnectNamedPipe: %lu", GetLastError());
    check_error(ReadFile(server, buffer, sizeof(buffer), &count, NULL), ERROR_PIPE_NOT_CONNECTED);
    check_error(WriteFile(server, "x", 1, &count, NULL), ERROR_PIPE_NOT_CONNECTED);
    check_error(DisconnectNamedPipe(server), ERROR_PIPE_NOT_CONNECTED);
    CloseHandle(server);
    SetLastError(0xdeadbeef);
    ok(open_client(GENERIC_READ, 0) == INVALID_HANDLE_VALUE &&
           GetLastError() == ERROR_FILE_NOT_FOUND,
       "a pipe that is gone: %lu", GetLastError());
    check_error(WaitNamedPipeA(pipe_name, 1), ERROR_FILE_NOT_FOUND);
}

/* Messages stay whole; what a buffer is too small for comes with ERROR_MORE_DATA [D]. */
static void test_messages(void)
{
    HANDLE server = make_server(PIPE_ACCESS_DUPLEX, PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE, 2);
    HANDLE client = open_client(GENERIC_READ | GENERIC_WRITE, 0);
    DWORD count, available, left, mode, flags, instances;
    char buffer[64];

    ok(server != INVALID_HANDLE_VALUE && client != INVALID_HANDLE_VALUE, "no pipe: %lu",
       GetLastError());
    ok(GetNamedPipeInfo(server, &flags, NULL, NULL, &instances) &&
           flags == (PIPE_SERVER_END | PIPE_TYPE_MESSAGE) && instances == 2,
       "server's info: %lx %lu", flags, instances);
    ok(GetNamedPipeInfo(client, &flags, NULL, NULL, NULL) &&
           flags == (PIPE_CLIENT_END | PIPE_TYPE_MESSAGE),
       "client's info: %lx", flags);
    /* A client begins in byte mode [D]. */
    ok(GetNamedPipeHandleStateA(client, &mode, &instances, NULL, NULL, NULL, 0) &&
           mode == PIPE_READMODE_BYTE && instances == 1,
       "client's state: mode %lx, %lu instances", mode, instances);
    ok(GetNamedPipeHandleStateA(server, &mode, NULL, NULL, NULL, NULL, 0) &&
           mode == PIPE_READMODE_MESSAGE,
       "server's mode: %lx", mode);

    WriteFile(client, "first", 5, &count, NULL);
    WriteFile(client, "second!", 7, &count, NULL);
    ok(PeekNamedPipe(server, buffer, sizeof(buffer), &count, &available, &left) && count == 5 &&
           available == 12 && left == 0,
       "peek: %lu of %lu, left %lu", count, available, left);
    SetLastError(0xdeadbeef);
    ok(!ReadFile(server, buffer, 2, &count, NULL) && GetLastError() == ERROR_MORE_DATA &&
           count == 2 && !memcmp(buffer, "fi", 2),
       "a part: %lu, error %lu", count, GetLastError());
    ok(PeekNamedPipe(server, buffer, 1, &count, &available, &left) && count == 1 &&
           available == 10 && left == 2,
       "peek at the rest: %lu of %lu, left %lu", count, available, left);
    ok(ReadFile(server, buffer, sizeof(buffer), &count, NULL) && count == 3 &&
           !memcmp(buffer, "rst", 3),
       "the rest: %lu", count);
    ok(ReadFile(server, buffer, sizeof(buffer), &count, NULL) && count == 7, "the second: %lu",
       count);
    /* An empty message is one [T]. */
    ok(WriteFile(client, "", 0, &count, NULL), "an empty message: %lu", GetLastError());
    count = 0xdeadbeef;
    ok(ReadFile(server, buffer, sizeof(buffer), &count, NULL) && count == 0,
       "reading it: %lu, error %lu", count, GetLastError());
    /* In byte mode, two messages are one stream. */
    WriteFile(server, "ab", 2, &count, NULL);
    WriteFile(server, "cd", 2, &count, NULL);
    ok(ReadFile(client, buffer, sizeof(buffer), &count, NULL) && count == 4 &&
           !memcmp(buffer, "abcd", 4),
       "bytes of messages: %lu", count);
    mode = PIPE_READMODE_MESSAGE;
    ok(SetNamedPipeHandleState(client, &mode, NULL, NULL), "SetNamedPipeHandleState: %lu",
       GetLastError());
    WriteFile(server, "ab", 2, &count, NULL);
    WriteFile(server, "cd", 2, &count, NULL);
    ok(ReadFile(client, buffer, sizeof(buffer), &count, NULL) && count == 2, "one message: %lu",
       count);
    /* Without waiting: ERROR_NO_DATA when there is nothing [D]. */
    ReadFile(client, buffer, sizeof(buffer), &count, NULL);
    mode = PIPE_READMODE_MESSAGE | PIPE_NOWAIT;
    ok(SetNamedPipeHandleState(client, &mode, NULL, NULL), "SetNamedPipeHandleState: %lu",
       GetLastError());
    check_error(ReadFile(client, buffer, sizeof(buffer), &count, NULL), ERROR_NO_DATA);
    CloseHandle(client);
    CloseHandle(server);
}

static void test_creation(void)
{
    HANDLE server, second, client;
    char other[64];
    DWORD mode = PIPE_READMODE_MESSAGE, error;

    SetLastError(0xdeadbeef);
    ok(CreateNamedPipeA("no pipe's name", PIPE_ACCESS_DUPLEX, 0, 1, 0, 0, 0, NULL) ==
               INVALID_HANDLE_VALUE &&
           GetLastError() == ERROR_INVALID_NAME,
       "a name without \\\\.\\pipe\\: %lu", GetLastError());
    /* Documented: 1 to 255. Wine 8 takes 0. */
    SetLastError(0xdeadbeef);
    server = make_server(PIPE_ACCESS_DUPLEX, 0, 0);
    error = GetLastError();
    todo_wine
        ok(server == INVALID_HANDLE_VALUE && error == ERROR_INVALID_PARAMETER, "no instances: %lu",
           error);
    CloseHandle(server);
    SetLastError(0xdeadbeef);
    ok(make_server(PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE | PIPE_READMODE_MESSAGE, 1) ==
               INVALID_HANDLE_VALUE &&
           GetLastError() == ERROR_INVALID_PARAMETER,
       "messages from bytes: %lu", GetLastError());

    server = make_server(PIPE_ACCESS_INBOUND | FILE_FLAG_FIRST_PIPE_INSTANCE, PIPE_TYPE_BYTE, 2);
    ok(server != INVALID_HANDLE_VALUE, "CreateNamedPipe: %lu", GetLastError());
    SetLastError(0xdeadbeef);
    second = make_server(PIPE_ACCESS_INBOUND | FILE_FLAG_FIRST_PIPE_INSTANCE, PIPE_TYPE_BYTE, 2);
    todo_wine ok(second == INVALID_HANDLE_VALUE && GetLastError() == ERROR_ACCESS_DENIED,
                 "a second first instance: %lu", GetLastError());
    CloseHandle(second);
    SetLastError(0xdeadbeef);
    second = make_server(PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, 2);
    ok(second == INVALID_HANDLE_VALUE && GetLastError() == ERROR_ACCESS_DENIED,
       "another direction: %lu", GetLastError());
    second = make_server(PIPE_ACCESS_INBOUND, PIPE_TYPE_BYTE, 2);
    ok(second != INVALID_HANDLE_VALUE, "second instance: %lu", GetLastError());
    /* Names are without regard to case; the client of an inbound pipe may only write. */
    SetLastError(0xdeadbeef);
    ok(open_client(GENERIC_READ, 0) == INVALID_HANDLE_VALUE && GetLastError() == ERROR_ACCESS_DENIED,
       "reading an inbound pipe: %lu", GetLastError());
    CharUpperA(pipe_name + 9);
    client = open_client(GENERIC_WRITE, 0);
    ok(client != INVALID_HANDLE_VALUE, "the client: %lu", GetLastError());
    check_error(ReadFile(client, &mode, 1, &mode, NULL), ERROR_ACCESS_DENIED);
    mode = PIPE_READMODE_MESSAGE;
    /* Of the client: GENERIC_READ alone, which an inbound pipe gives its server, is too little [D]. */
    check_error(SetNamedPipeHandleState(client, &mode, NULL, NULL), ERROR_INVALID_PARAMETER);
    CloseHandle(client);
    CloseHandle(second);
    CloseHandle(server);
    /* The device by its other prefix (libuv spells it so), and a name with a separator [D]. */
    snprintf(other, sizeof(other), "\\\\?\\pipe\\decant\\%lu", GetCurrentProcessId());
    server = CreateNamedPipeA(other, PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, 1, 0, 0, 0, NULL);
    ok(server != INVALID_HANDLE_VALUE, "%s: %lu", other, GetLastError());
    other[2] = '.';
    ok(WaitNamedPipeA(other, 1), "WaitNamedPipe of %s: %lu", other, GetLastError());
    client = CreateFileA(other, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    ok(client != INVALID_HANDLE_VALUE, "open %s: %lu", other, GetLastError());
    CloseHandle(client);
    CloseHandle(server);
}

/* --- Overlapped --- */

static void test_overlapped(void)
{
    HANDLE server = make_server(PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, PIPE_TYPE_BYTE, 1);
    OVERLAPPED connect = {.hEvent = CreateEventA(NULL, TRUE, TRUE, NULL)};
    OVERLAPPED read = {.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)}, second = read;
    char buffer[64], other[64];
    HANDLE client;
    DWORD count;

    check_error(ConnectNamedPipe(server, &connect), ERROR_IO_PENDING);
    ok(WaitForSingleObject(connect.hEvent, 0) == WAIT_TIMEOUT, "the event is not reset");
    ok(connect.Internal == (DWORD)STATUS_PENDING && !HasOverlappedIoCompleted(&connect),
       "Internal %llx", (unsigned long long)connect.Internal);
    check_error(GetOverlappedResult(server, &connect, &count, FALSE), ERROR_IO_INCOMPLETE);
    client = open_client(GENERIC_READ | GENERIC_WRITE, 0);
    ok(client != INVALID_HANDLE_VALUE, "client: %lu", GetLastError());
    ok(WaitForSingleObject(connect.hEvent, 5000) == WAIT_OBJECT_0, "connecting is not told");
    ok(GetOverlappedResult(server, &connect, &count, FALSE), "result: %lu", GetLastError());

    /* Reads are served in the order in which they were made [T]. */
    memset(buffer, 0xcc, sizeof(buffer));
    check_error(ReadFile(server, buffer, sizeof(buffer), NULL, &read), ERROR_IO_PENDING);
    second.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
    check_error(ReadFile(server, other, sizeof(other), NULL, &second), ERROR_IO_PENDING);
    ok((unsigned char)buffer[0] == 0xcc, "a pending read has written");
    WriteFile(client, "one", 3, &count, NULL);
    ok(GetOverlappedResult(server, &read, &count, TRUE) && count == 3 && !memcmp(buffer, "one", 3),
       "first read: %lu bytes, error %lu", count, GetLastError());
    ok((unsigned char)buffer[3] == 0xcc, "more was written than read");
    ok(WaitForSingleObject(second.hEvent, 0) == WAIT_TIMEOUT, "the second read has ended too");
    WriteFile(client, "two!", 4, &count, NULL);
    ok(GetOverlappedResult(server, &second, &count, TRUE) && count == 4 &&
           !memcmp(other, "two!", 4),
       "second read: %lu", count);

    /* Cancelled: ERROR_OPERATION_ABORTED [D]. */
    check_error(ReadFile(server, buffer, sizeof(buffer), NULL, &read), ERROR_IO_PENDING);
    check_error(ReadFile(server, other, sizeof(other), NULL, &second), ERROR_IO_PENDING);
    ok(CancelIoEx(server, &second), "CancelIoEx: %lu", GetLastError());
    check_error(GetOverlappedResult(server, &second, &count, TRUE), ERROR_OPERATION_ABORTED);
    ok(second.Internal == 0xc0000120 /* STATUS_CANCELLED */, "Internal %llx",
       (unsigned long long)second.Internal);
    check_error(CancelIoEx(server, &second), ERROR_NOT_FOUND);
    ok(WaitForSingleObject(read.hEvent, 0) == WAIT_TIMEOUT, "the other read was cancelled too");
    ok(CancelIo(server), "CancelIo: %lu", GetLastError());
    check_error(GetOverlappedResult(server, &read, &count, TRUE), ERROR_OPERATION_ABORTED);
    ok(CancelIo(server), "CancelIo with nothing to cancel: %lu", GetLastError());

    /* The timeout of GetOverlappedResultEx [D]. */
    check_error(ReadFile(server, buffer, sizeof(buffer), NULL, &read), ERROR_IO_PENDING);
    check_error(GetOverlappedResultEx(server, &read, &count, 10, FALSE), WAIT_TIMEOUT);
    check_error(GetOverlappedResultEx(server, &read, &count, 0, FALSE), ERROR_IO_INCOMPLETE);
    /* The client's end ends the read. */
    CloseHandle(client);
    check_error(GetOverlappedResult(server, &read, &count, TRUE), ERROR_BROKEN_PIPE);
    /* Without an event the handle itself is waited for. */
    DisconnectNamedPipe(server);
    memset(&connect, 0, sizeof(connect));
    check_error(ConnectNamedPipe(server, &connect), ERROR_IO_PENDING);
    client = open_client(GENERIC_READ | GENERIC_WRITE, 0);
    ok(GetOverlappedResult(server, &connect, &count, TRUE), "result: %lu", GetLastError());
    CloseHandle(client);
    CloseHandle(server);
    CloseHandle(read.hEvent);
    CloseHandle(second.hEvent);
}

static DWORD routine_error, routine_count, routine_calls;
static OVERLAPPED *routine_overlapped;

static void CALLBACK routine(DWORD error, DWORD count, OVERLAPPED *overlapped)
{
    routine_error = error;
    routine_count = count;
    routine_overlapped = overlapped;
    routine_calls++;
}

/* APCs run in an alertable wait, packets go to the port, also when the request did not pend [D]. */
static void test_completions(void)
{
    HANDLE server = make_server(PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, PIPE_TYPE_BYTE, 1);
    HANDLE client = open_client(GENERIC_READ | GENERIC_WRITE, FILE_FLAG_OVERLAPPED), port;
    OVERLAPPED read = {0}, write = {0}, *got;
    ULONG_PTR key;
    char buffer[64];
    DWORD count;

    ok(ReadFileEx(server, buffer, sizeof(buffer), &read, routine), "ReadFileEx: %lu",
       GetLastError());
    ok(SleepEx(0, TRUE) == 0 && !routine_calls, "an APC before there is data");
    ok(WriteFileEx(client, "apc", 3, &write, routine), "WriteFileEx: %lu", GetLastError());
    while (routine_calls < 2 && SleepEx(5000, TRUE) == WAIT_IO_COMPLETION)
        ;
    ok(routine_calls == 2, "%lu completion routines", routine_calls);
    ok(routine_error == 0 && routine_count == 3, "error %lu, count %lu", routine_error,
       routine_count);
    ok(routine_overlapped == &read || routine_overlapped == &write, "another OVERLAPPED");

    port = CreateIoCompletionPort(server, NULL, 0x1234, 0);
    ok(port != NULL, "CreateIoCompletionPort: %lu", GetLastError());
    memset(&read, 0, sizeof(read));
    check_error(ReadFile(server, buffer, sizeof(buffer), NULL, &read), ERROR_IO_PENDING);
    check_error(GetQueuedCompletionStatus(port, &count, &key, &got, 0), WAIT_TIMEOUT);
    ok(got == NULL, "an OVERLAPPED without a packet");
    memset(&write, 0, sizeof(write));
    WriteFile(client, "port", 4, NULL, &write);
    ok(GetQueuedCompletionStatus(port, &count, &key, &got, 5000) && count == 4 && key == 0x1234 &&
           got == &read,
       "packet: %lu bytes, key %llx, error %lu", count, (unsigned long long)key, GetLastError());
    ok(!memcmp(buffer, "port", 4), "the data");
    /* One that ends at once posts a packet as well. */
    memset(&write, 0, sizeof(write));
    WriteFile(server, "now", 3, NULL, &write);
    ok(GetQueuedCompletionStatus(port, &count, &key, &got, 5000) && count == 3 && got == &write,
       "packet of the write: %lu", GetLastError());
    /* A cancelled one: the packet says ERROR_OPERATION_ABORTED. */
    memset(&read, 0, sizeof(read));
    check_error(ReadFile(server, buffer, sizeof(buffer), NULL, &read), ERROR_IO_PENDING);
    CancelIoEx(server, NULL);
    check_error(GetQueuedCompletionStatus(port, &count, &key, &got, 5000), ERROR_OPERATION_ABORTED);
    ok(got == &read, "the packet's OVERLAPPED");
    /* A read of no bytes waits for data and takes none: how servers wait without a buffer. */
    memset(&read, 0, sizeof(read));
    check_error(ReadFile(server, NULL, 0, NULL, &read), ERROR_IO_PENDING);
    WriteFile(client, "z", 1, NULL, &write);
    ok(GetQueuedCompletionStatus(port, &count, &key, &got, 5000) && count == 0 && got == &read,
       "the empty read: %lu", GetLastError());
    ok(PeekNamedPipe(server, NULL, 0, NULL, &count, NULL) && count == 1, "the byte is gone");
    CloseHandle(client);
    CloseHandle(server);
    CloseHandle(port);
}

/* A thread's requests end with it [D: ExitThread, "Any pending I/O is canceled"]. */
struct issue {
    HANDLE pipe;
    OVERLAPPED overlapped;
    char buffer[16];
};

static DWORD WINAPI issue_read(void *argument)
{
    struct issue *issue = argument;

    return ReadFile(issue->pipe, issue->buffer, sizeof(issue->buffer), NULL, &issue->overlapped)
               ? 0
               : GetLastError();
}

static void test_thread_end(void)
{
    HANDLE server = make_server(PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, PIPE_TYPE_BYTE, 1);
    HANDLE client = open_client(GENERIC_READ | GENERIC_WRITE, 0), thread;
    struct issue issue = {server, {.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)}, ""};
    DWORD count, code;

    thread = CreateThread(NULL, 0, issue_read, &issue, 0, NULL);
    WaitForSingleObject(thread, 5000);
    GetExitCodeThread(thread, &code);
    ok(code == ERROR_IO_PENDING, "the read did not pend: %lu", code);
    ok(WaitForSingleObject(issue.overlapped.hEvent, 5000) == WAIT_OBJECT_0, "it still pends");
    check_error(GetOverlappedResult(server, &issue.overlapped, &count, TRUE),
                ERROR_OPERATION_ABORTED);
    CloseHandle(thread);
    CloseHandle(client);
    CloseHandle(server);
    CloseHandle(issue.overlapped.hEvent);
}

/* --- Blocking, in a thread --- */

static DWORD WINAPI echo(void *server)
{
    char buffer[256];
    DWORD count;

    if (!ConnectNamedPipe(server, NULL) && GetLastError() != ERROR_PIPE_CONNECTED)
        return GetLastError();
    while (ReadFile(server, buffer, sizeof(buffer), &count, NULL))
        if (!WriteFile(server, buffer, count, &count, NULL))
            return GetLastError();
    return GetLastError();
}

static void test_transactions(void)
{
    HANDLE server = make_server(PIPE_ACCESS_DUPLEX, PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE, 1);
    HANDLE thread = CreateThread(NULL, 0, echo, server, 0, NULL), client;
    DWORD count, mode = PIPE_READMODE_MESSAGE, code;
    char buffer[64];

    client = open_client(GENERIC_READ | GENERIC_WRITE, 0);
    /* Only a pipe that is read by messages takes part [T]. */
    check_error(TransactNamedPipe(client, "x", 1, buffer, 1, &count, NULL), ERROR_BAD_PIPE);
    ok(SetNamedPipeHandleState(client, &mode, NULL, NULL), "mode: %lu", GetLastError());
    ok(TransactNamedPipe(client, "question", 8, buffer, sizeof(buffer), &count, NULL) &&
           count == 8 && !memcmp(buffer, "question", 8),
       "TransactNamedPipe: %lu bytes, error %lu", count, GetLastError());
    SetLastError(0xdeadbeef);
    ok(!TransactNamedPipe(client, "question", 8, buffer, 3, &count, NULL) &&
           GetLastError() == ERROR_MORE_DATA && count == 3,
       "a small buffer: %lu, error %lu", count, GetLastError());
    ok(ReadFile(client, buffer, sizeof(buffer), &count, NULL) && count == 5, "its rest: %lu", count);
    CloseHandle(client);
    ok(WaitForSingleObject(thread, 5000) == WAIT_OBJECT_0, "the server hangs");
    GetExitCodeThread(thread, &code);
    ok(code == ERROR_BROKEN_PIPE, "the server ended with %lu", code);
    CloseHandle(thread);

    DisconnectNamedPipe(server);
    thread = CreateThread(NULL, 0, echo, server, 0, NULL);
    ok(WaitNamedPipeA(pipe_name, 5000), "WaitNamedPipe: %lu", GetLastError());
    ok(CallNamedPipeA(pipe_name, "call", 4, buffer, sizeof(buffer), &count, 5000) && count == 4,
       "CallNamedPipe: %lu", GetLastError());
    WaitForSingleObject(thread, 5000);
    CloseHandle(thread);
    CloseHandle(server);
}

/* The server lets go: what was not read is lost, and the client hears ERROR_PIPE_NOT_CONNECTED [D]. */
static void test_disconnect(void)
{
    HANDLE server = make_server(PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, 1);
    HANDLE client = open_client(GENERIC_READ | GENERIC_WRITE, 0);
    char buffer[16];
    DWORD count;

    WriteFile(server, "lost", 4, &count, NULL);
    ok(DisconnectNamedPipe(server), "DisconnectNamedPipe: %lu", GetLastError());
    check_error(ReadFile(client, buffer, sizeof(buffer), &count, NULL), ERROR_PIPE_NOT_CONNECTED);
    check_error(WriteFile(client, "x", 1, &count, NULL), ERROR_PIPE_NOT_CONNECTED);
    /* Until the server listens again nobody can connect. */
    SetLastError(0xdeadbeef);
    ok(open_client(GENERIC_READ, 0) == INVALID_HANDLE_VALUE && GetLastError() == ERROR_PIPE_BUSY,
       "connecting to a disconnected instance: %lu", GetLastError());
    CloseHandle(client);
    CloseHandle(server);

    /* The server closes: what was written is still read [T]. */
    server = make_server(PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, 1);
    client = open_client(GENERIC_READ | GENERIC_WRITE, 0);
    WriteFile(server, "kept", 4, &count, NULL);
    CloseHandle(server);
    ok(ReadFile(client, buffer, sizeof(buffer), &count, NULL) && count == 4, "read %lu, error %lu",
       count, GetLastError());
    check_error(ReadFile(client, buffer, sizeof(buffer), &count, NULL), ERROR_BROKEN_PIPE);
    check_error(WriteFile(client, "x", 1, &count, NULL), ERROR_NO_DATA);
    CloseHandle(client);
}

/* --- Anonymous pipes --- */

static DWORD WINAPI read_blocking(void *pipe)
{
    char buffer[16];
    DWORD count;

    return ReadFile(pipe, buffer, sizeof(buffer), &count, NULL) ? 0 : GetLastError();
}

static void test_anonymous(void)
{
    HANDLE read, write, thread, duplicate;
    DWORD count, available, code;
    char buffer[16];

    ok(CreatePipe(&read, &write, NULL, 0), "CreatePipe: %lu", GetLastError());
    ok(GetFileType(read) == FILE_TYPE_PIPE, "file type");
    check_error(WriteFile(read, "x", 1, &count, NULL), ERROR_ACCESS_DENIED);
    check_error(ReadFile(write, buffer, 1, &count, NULL), ERROR_ACCESS_DENIED);
    ok(WriteFile(write, "abcdef", 6, &count, NULL) && count == 6, "WriteFile: %lu", GetLastError());
    ok(PeekNamedPipe(read, buffer, 3, &count, &available, NULL) && count == 3 && available == 6 &&
           !memcmp(buffer, "abc", 3),
       "peek: %lu of %lu, error %lu", count, available, GetLastError());
    ok(ReadFile(read, buffer, 16, &count, NULL) && count == 6, "read %lu", count);
    ok(PeekNamedPipe(read, NULL, 0, NULL, &available, NULL) && !available, "an empty pipe: %lu",
       available);

    /* A thread that waits for data can be called back [D]. */
    thread = CreateThread(NULL, 0, read_blocking, read, 0, NULL);
    for (int i = 0; i < 500 && !CancelSynchronousIo(thread); i++)
        Sleep(10);
    ok(WaitForSingleObject(thread, 5000) == WAIT_OBJECT_0, "CancelSynchronousIo does not wake it");
    GetExitCodeThread(thread, &code);
    ok(code == ERROR_OPERATION_ABORTED, "the read ended with %lu", code);
    CloseHandle(thread);
    check_error(CancelSynchronousIo(GetCurrentThread()), ERROR_NOT_FOUND);

    /* A thread that waits for data can be ended. */
    thread = CreateThread(NULL, 0, read_blocking, read, 0, NULL);
    Sleep(20);
    ok(TerminateThread(thread, 77), "TerminateThread: %lu", GetLastError());
    ok(WaitForSingleObject(thread, 5000) == WAIT_OBJECT_0, "the thread does not end");
    CloseHandle(thread);

    /* The pipe lives as long as one handle of its end. */
    DuplicateHandle(GetCurrentProcess(), write, GetCurrentProcess(), &duplicate, 0, FALSE,
                    DUPLICATE_SAME_ACCESS);
    CloseHandle(write);
    ok(PeekNamedPipe(read, NULL, 0, NULL, &available, NULL), "a duplicate is left: %lu",
       GetLastError());
    CloseHandle(duplicate);
    check_error(ReadFile(read, buffer, 1, &count, NULL), ERROR_BROKEN_PIPE);
    check_error(PeekNamedPipe(read, NULL, 0, NULL, &available, NULL), ERROR_BROKEN_PIPE);
    CloseHandle(read);

    CreatePipe(&read, &write, NULL, 0);
    CloseHandle(read);
    check_error(WriteFile(write, "x", 1, &count, NULL), ERROR_NO_DATA);
    CloseHandle(write);
}

/* --- Another process --- */

static int child(int argc, char **argv)
{
    char buffer[64];
    DWORD count, mode = PIPE_READMODE_MESSAGE;
    HANDLE pipe;

    if (argc < 4)
        return 1;
    if (!strcmp(argv[2], "inherited")) {
        pipe = (HANDLE)(ULONG_PTR)strtoull(argv[3], NULL, 16);
    } else {
        /* The server may not listen yet [D]: how clients begin. */
        while ((pipe = CreateFileA(argv[3], GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0,
                                   NULL)) == INVALID_HANDLE_VALUE)
            if (GetLastError() != ERROR_PIPE_BUSY || !WaitNamedPipeA(argv[3], 10000))
                return 2;
        if (!SetNamedPipeHandleState(pipe, &mode, NULL, NULL))
            return 3;
    }
    if (!WriteFile(pipe, "from child", 10, &count, NULL))
        return 4;
    if (!ReadFile(pipe, buffer, sizeof(buffer), &count, NULL) || count != 6)
        return 5;
    return !strcmp(argv[2], "die") ? (int)TerminateProcess(GetCurrentProcess(), 9) : 0;
}

static HANDLE start(const char *how, const char *what, BOOL inherit, DWORD *id)
{
    STARTUPINFOA startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION info;
    char path[MAX_PATH], command[MAX_PATH + 128];

    GetModuleFileNameA(NULL, path, sizeof(path));
    snprintf(command, sizeof(command), "\"%s\" --child %s %s", path, how, what);
    if (!CreateProcessA(NULL, command, NULL, NULL, inherit, 0, NULL, NULL, &startup, &info)) {
        ok(0, "CreateProcess: %lu", GetLastError());
        return NULL;
    }
    *id = info.dwProcessId;
    CloseHandle(info.hThread);
    return info.hProcess;
}

static void talk(HANDLE server, HANDLE process, DWORD expected_code)
{
    char buffer[64];
    DWORD count, code;

    ok(ReadFile(server, buffer, sizeof(buffer), &count, NULL) && count == 10 &&
           !memcmp(buffer, "from child", 10),
       "from the child: %lu bytes, error %lu", count, GetLastError());
    ok(WriteFile(server, "answer", 6, &count, NULL), "WriteFile: %lu", GetLastError());
    ok(WaitForSingleObject(process, 30000) == WAIT_OBJECT_0, "the child hangs");
    GetExitCodeProcess(process, &code);
    ok(code == expected_code, "the child ended with %lu", code);
    CloseHandle(process);
}

static void test_processes(void)
{
    SECURITY_ATTRIBUTES inherit = {sizeof(inherit), NULL, TRUE};
    HANDLE server = make_server(PIPE_ACCESS_DUPLEX, PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE, 1);
    HANDLE client, process;
    char buffer[64];
    DWORD id, count;
    ULONG seen = 0;

    process = start("open", pipe_name, FALSE, &id);
    ok(ConnectNamedPipe(server, NULL) || GetLastError() == ERROR_PIPE_CONNECTED,
       "ConnectNamedPipe: %lu", GetLastError());
    ok(GetNamedPipeClientProcessId(server, &seen) && seen == id, "client's process %lu, not %lu",
       seen, id);
    talk(server, process, 0);
    /* It ends without closing: the same to the server. */
    DisconnectNamedPipe(server);
    process = start("die", pipe_name, FALSE, &id);
    ok(ConnectNamedPipe(server, NULL) || GetLastError() == ERROR_PIPE_CONNECTED,
       "ConnectNamedPipe: %lu", GetLastError());
    talk(server, process, 9);
    check_error(ReadFile(server, buffer, sizeof(buffer), &count, NULL), ERROR_BROKEN_PIPE);
    CloseHandle(server);

    /* A client's end that is inherited, as standard handles are. */
    server = make_server(PIPE_ACCESS_DUPLEX, PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE, 1);
    client = CreateFileA(pipe_name, GENERIC_READ | GENERIC_WRITE, 0, &inherit, OPEN_EXISTING, 0,
                         NULL);
    snprintf(buffer, sizeof(buffer), "%llx", (unsigned long long)(ULONG_PTR)client);
    process = start("inherited", buffer, TRUE, &id);
    CloseHandle(client);
    talk(server, process, 0);
    check_error(ReadFile(server, buffer, sizeof(buffer), &count, NULL), ERROR_BROKEN_PIPE);
    CloseHandle(server);
}

/* More than any buffer holds, in both directions at once. */
static DWORD WINAPI send_much(void *pipe)
{
    char *data = malloc(1000000);
    DWORD count = 0, total = 0;

    for (int i = 0; i < 1000000; i++)
        data[i] = (char)(i * 7);
    while (total < 1000000 && WriteFile(pipe, data + total, 1000000 - total, &count, NULL))
        total += count;
    free(data);
    return total;
}

static void test_much(void)
{
    HANDLE server = make_server(PIPE_ACCESS_DUPLEX, PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE, 1);
    HANDLE client = open_client(GENERIC_READ | GENERIC_WRITE, FILE_FLAG_OVERLAPPED), thread;
    OVERLAPPED overlapped = {.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)};
    DWORD mode = PIPE_READMODE_MESSAGE, count = 0;
    char *buffer = calloc(1, 1000000);
    int bad = 0;

    SetNamedPipeHandleState(client, &mode, NULL, NULL);
    thread = CreateThread(NULL, 0, send_much, server, 0, NULL);
    if (!ReadFile(client, buffer, 1000000, NULL, &overlapped))
        ok(GetLastError() == ERROR_IO_PENDING, "ReadFile: %lu", GetLastError());
    ok(GetOverlappedResult(client, &overlapped, &count, TRUE) && count == 1000000,
       "one message of a million bytes: %lu, error %lu", count, GetLastError());
    for (int i = 0; i < 1000000; i++)
        bad += buffer[i] != (char)(i * 7);
    ok(!bad, "%d bytes are wrong", bad);
    ok(WaitForSingleObject(thread, 5000) == WAIT_OBJECT_0, "the writer hangs");
    CloseHandle(thread);
    CloseHandle(client);
    CloseHandle(server);
    CloseHandle(overlapped.hEvent);
    free(buffer);
}

CONFORMANCE("files: pipes", test_bytes, test_messages, test_creation, test_overlapped,
            test_completions, test_thread_end, test_transactions, test_disconnect, test_anonymous, test_processes,
            test_much)
