/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * ReadFile into watched memory. [T] throughout, unless noted (tests 7 to 10 of Wine's test_write_watch): when
 * the call is made, and its handle is good, the whole buffer counts as written; when the read
 * completes later, only the pages that really got data.
 */
#include "write_watch.h"

static HANDLE make_file(DWORD flags)
{
    char path[MAX_PATH], name[MAX_PATH];
    HANDLE file;

    GetTempPathA(sizeof(path), path);
    GetTempFileNameA(path, "ww", 0, name);
    file = CreateFileA(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
                       FILE_FLAG_DELETE_ON_CLOSE | flags, NULL);
    ok(file != INVALID_HANDLE_VALUE, "CreateFile: %lu", GetLastError());
    return file;
}

static void test_disk_file(void)
{
    HANDLE file = make_file(0), write_only;
    char name[MAX_PATH], path[MAX_PATH];
    DWORD done;

    allocate(MEM_COMMIT, PAGE_READWRITE);
    memset(base, 0x5a, 2 * 4096 + 3);
    reset();
    ok(WriteFile(file, base, 2 * 4096 + 3, &done, NULL), "WriteFile: %lu", GetLastError());
    EXPECT(0); /* writing out of it is no write to it */
    SetFilePointer(file, 0, NULL, FILE_BEGIN);
    memset(base, 0, SIZE);
    reset();
    ok(ReadFile(file, base, SIZE, &done, NULL) && done == 2 * 4096 + 3, "ReadFile: %lu", done);
    EXPECT_ALL(WRITE_WATCH_FLAG_RESET);
    ok(base[0] == 0x5a && base[2 * 4096 + 2] == 0x5a && !base[2 * 4096 + 3], "the content");
    ok(ReadFile(file, base, SIZE, &done, NULL) && !done, "at the end of the file: %lu", GetLastError());
    EXPECT_ALL(WRITE_WATCH_FLAG_RESET); /* even then */
    /* A part of it: from the last byte of page 3 to the first of page 5. */
    SetFilePointer(file, 0, NULL, FILE_BEGIN);
    ok(ReadFile(file, page(4) - 1, 4096 + 2, &done, NULL), "ReadFile: %lu", GetLastError());
    EXPECT(WRITE_WATCH_FLAG_RESET, 3, 4, 5);
    ok(ReadFile(file, base, 0, &done, NULL), "no bytes: %lu", GetLastError());
    EXPECT(0);
    /* The count is a result as any other. */
    SetFilePointer(file, 0, NULL, FILE_BEGIN);
    ok(ReadFile(file, page(2), 10, (DWORD *)page(7), NULL), "ReadFile: %lu", GetLastError());
    EXPECT(WRITE_WATCH_FLAG_RESET, 2, 7);
    CloseHandle(file);

    SetLastError(0xdeadbeef);
    ok(!ReadFile((HANDLE)(ULONG_PTR)0xdead0, base, SIZE, &done, NULL) &&
           GetLastError() == ERROR_INVALID_HANDLE,
       "a bad handle: %lu", GetLastError());
    EXPECT(0);
    /* [D] the handle needs GENERIC_READ; checked with the handle, so before the buffer. */
    GetTempPathA(sizeof(path), path);
    GetTempFileNameA(path, "ww", 0, name);
    write_only = CreateFileA(name, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_FLAG_DELETE_ON_CLOSE, NULL);
    ok(!ReadFile(write_only, base, SIZE, &done, NULL) && GetLastError() == ERROR_ACCESS_DENIED,
       "without the right: %lu", GetLastError());
    EXPECT(0);
    CloseHandle(write_only);
    release();
}

/* A handle for overlapped I/O, with the OVERLAPPED outside and inside of the memory. */
static void test_overlapped_disk_file(void)
{
    HANDLE file = make_file(FILE_FLAG_OVERLAPPED), event = CreateEventA(NULL, TRUE, FALSE, NULL);
    static const char data[5000] = "data";
    OVERLAPPED overlapped = {.hEvent = event}, *inside;
    DWORD done = 0;

    ok(WriteFile(file, data, sizeof(data), NULL, &overlapped) || GetLastError() == ERROR_IO_PENDING,
       "WriteFile: %lu", GetLastError());
    ok(GetOverlappedResult(file, &overlapped, &done, TRUE) && done == sizeof(data), "%lu", done);
    allocate(MEM_COMMIT, PAGE_READWRITE);
    ok(ReadFile(file, base, SIZE, NULL, &overlapped) || GetLastError() == ERROR_IO_PENDING,
       "ReadFile: %lu", GetLastError());
    ok(GetOverlappedResult(file, &overlapped, &done, TRUE) && done == sizeof(data), "%lu", done);
    EXPECT_ALL(WRITE_WATCH_FLAG_RESET);
    ok(!strcmp(base, "data"), "the content");
    inside = (OVERLAPPED *)page(9);
    inside->hEvent = event;
    reset();
    ok(ReadFile(file, page(2), 100, NULL, inside) || GetLastError() == ERROR_IO_PENDING,
       "ReadFile: %lu", GetLastError());
    ok(GetOverlappedResult(file, inside, &done, TRUE) && done == 100, "%lu", done);
    EXPECT(WRITE_WATCH_FLAG_RESET, 2, 9);
    CloseHandle(event);
    CloseHandle(file);
    release();
}

struct read_call {
    HANDLE pipe;
    DWORD bytes, done, error;
};

static DWORD WINAPI blocking_read(void *argument)
{
    struct read_call *call = argument;

    call->error = ReadFile(call->pipe, base, call->bytes, &call->done, NULL) ? 0 : GetLastError();
    return 0;
}

/* Until the other thread has issued its read, which marks the last page of the buffer; 20 s at most. */
static void wait_for_issue(int pages)
{
    ULONGLONG end = GetTickCount64() + 20000;

    while (!get_range(0, base, SIZE) && count < (ULONG_PTR)pages && GetTickCount64() < end)
        Sleep(1);
    ok(count == (ULONG_PTR)pages, "%lu pages at issue", (unsigned long)count);
}

/* Test 8: a read that blocks in another thread. Issue and completion are apart, a reset lies between. */
static void test_blocking_pipe(void)
{
    struct read_call call = {.bytes = SIZE};
    HANDLE writer, thread;
    DWORD done;

    allocate(MEM_COMMIT, PAGE_READWRITE);
    ok(CreatePipe(&call.pipe, &writer, NULL, 0), "CreatePipe: %lu", GetLastError());
    for (int round = 0; round < 3; round++) {
        thread = CreateThread(NULL, 0, blocking_read, &call, 0, NULL);
        wait_for_issue(PAGES);
        reset();
        EXPECT(0);
        ok(WriteFile(writer, "x", 1, &done, NULL), "WriteFile: %lu", GetLastError());
        ok(WaitForSingleObject(thread, 20000) == WAIT_OBJECT_0, "the read hangs");
        ok(!call.error && call.done == 1 && base[0] == 'x', "error %lu, %lu bytes", call.error,
           call.done);
        EXPECT(WRITE_WATCH_FLAG_RESET, 0);
        CloseHandle(thread);
    }
    CloseHandle(writer);
    CloseHandle(call.pipe);
    release();
}

/* Test 7: overlapped reads of named pipes, byte and message. */
static void test_overlapped_pipe(DWORD mode)
{
    static const char name[] = "\\\\.\\pipe\\decant_write_watch_io";
    OVERLAPPED overlapped = {0};
    HANDLE pipe, writer;
    DWORD done = 0;

    pipe = CreateNamedPipeA(name, FILE_FLAG_OVERLAPPED | PIPE_ACCESS_INBOUND, mode, 1, 1024, 1024, 1000,
                            NULL);
    ok(pipe != INVALID_HANDLE_VALUE, "CreateNamedPipe: %lu", GetLastError());
    writer = CreateFileA(name, GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    ok(writer != INVALID_HANDLE_VALUE, "CreateFile: %lu", GetLastError());
    overlapped.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
    allocate(MEM_COMMIT, PAGE_READWRITE);

    SetLastError(0xdeadbeef);
    ok(!ReadFile(pipe, base, SIZE, NULL, &overlapped) && GetLastError() == ERROR_IO_PENDING,
       "a pending read: %lu", GetLastError());
    EXPECT_ALL(WRITE_WATCH_FLAG_RESET);
    ok(WriteFile(writer, "hello", 5, &done, NULL), "WriteFile: %lu", GetLastError());
    ok(GetOverlappedResult(pipe, &overlapped, &done, TRUE) && done == 5, "%lu bytes, error %lu", done,
       GetLastError());
    EXPECT(WRITE_WATCH_FLAG_RESET, 0);

    /* Data that is there already: issue and completion in one. */
    ok(WriteFile(writer, "again", 5, &done, NULL), "WriteFile: %lu", GetLastError());
    ok(ReadFile(pipe, base, SIZE, NULL, &overlapped) || GetLastError() == ERROR_IO_PENDING,
       "ReadFile: %lu", GetLastError());
    ok(GetOverlappedResult(pipe, &overlapped, &done, TRUE) && done == 5, "%lu bytes", done);
    EXPECT_ALL(WRITE_WATCH_FLAG_RESET);

    /* Test 10: the OVERLAPPED in watched memory is written at issue and at completion. */
    {
        OVERLAPPED *inside = (OVERLAPPED *)page(9);

        inside->hEvent = overlapped.hEvent;
        reset();
        ok(!ReadFile(pipe, page(2), 100, NULL, inside) && GetLastError() == ERROR_IO_PENDING,
           "a pending read: %lu", GetLastError());
        EXPECT(WRITE_WATCH_FLAG_RESET, 2, 9);
        ok(WriteFile(writer, "abc", 3, &done, NULL), "WriteFile: %lu", GetLastError());
        ok(GetOverlappedResult(pipe, inside, &done, TRUE) && done == 3, "%lu bytes", done);
        EXPECT(WRITE_WATCH_FLAG_RESET, 2, 9);
    }
    CloseHandle(overlapped.hEvent);
    CloseHandle(writer);
    CloseHandle(pipe);
    release();
}

static void test_named_pipes(void)
{
    test_overlapped_pipe(PIPE_TYPE_BYTE);
    test_overlapped_pipe(PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE);
}

/* Reads and resets at the same time: the read is never refused, and what it brought is reported to whoever
 * looks after it. [D]: a reset changes what is reported and nothing else. */
#define REPORTS 100

static volatile LONG stop, reads, wrong_reads;

static DWORD WINAPI read_again_and_again(void *argument)
{
    HANDLE file = argument;

    do {
        DWORD done = 0;

        SetFilePointer(file, 0, NULL, FILE_BEGIN);
        if (!ReadFile(file, base, SIZE, &done, NULL) || done != SIZE)
            wrong_reads++;
        reads++;
    } while (!stop);
    return 0;
}

static void test_reads_during_resets(void)
{
    HANDLE file = make_file(0), thread;
    ULONGLONG end;
    DWORD done;
    int reports = 0, wrong = 0;

    allocate(MEM_COMMIT, PAGE_READWRITE);
    for (int i = 0; i < PAGES; i++)
        memset(page(i), i + 1, 4096);
    WriteFile(file, base, SIZE, &done, NULL);
    memset(base, 0, SIZE);
    reset();
    thread = CreateThread(NULL, 0, read_again_and_again, file, 0, NULL);
    end = GetTickCount64() + 20000;
    while (reports < REPORTS && GetTickCount64() < end) {
        if (get_range(WRITE_WATCH_FLAG_RESET, base, SIZE))
            break;
        reports += count > 0;
        if (!count)
            SwitchToThread();
    }
    stop = 1;
    ok(WaitForSingleObject(thread, 20000) == WAIT_OBJECT_0, "the reader hangs");
    CloseHandle(thread);
    ok(reports == REPORTS, "only %d reports", reports);
    ok(!wrong_reads, "%ld of %ld reads failed", wrong_reads, reads);
    for (int i = 0; i < PAGES; i++)
        wrong += page(i)[0] != i + 1 || page(i)[4095] != i + 1;
    ok(!wrong, "%d pages are wrong", wrong);
    trace("%d reports, %ld reads", reports, reads);
    CloseHandle(file);
    release();
}

/* The C runtime reads into the caller's buffer, or a buffer that the caller has given it. */
static void test_stdio(void)
{
    char path[MAX_PATH], name[MAX_PATH];
    FILE *file;

    GetTempPathA(sizeof(path), path);
    GetTempFileNameA(path, "ww", 0, name);
    allocate(MEM_COMMIT, PAGE_READWRITE);
    file = fopen(name, "wb+");
    ok(file != NULL, "fopen");
    if (!file)
        return;
    setvbuf(file, page(8), _IOFBF, 4096);
    for (int i = 0; i < 3 * 4096; i++)
        fputc(i / 4096 + 1, file);
    get_range(0, base, SIZE);
    ok(count == 1 && results[0] == page(8), "%lu pages", (unsigned long)count);
    rewind(file);
    reset();
    ok(fread(page(1), 1, 3 * 4096, file) == 3 * 4096, "fread");
    ok(page(1)[0] == 1 && page(3)[4095] == 3, "the content");
    get_range(0, base, SIZE);
    ok(count >= 3 && results[0] == page(1) && results[1] == page(2) && results[2] == page(3) &&
           (count == 3 || (count == 4 && results[3] == page(8))),
       "%lu pages", (unsigned long)count);
    fclose(file);
    DeleteFileA(name);
    release();
}

CONFORMANCE("memory: write watch, input", test_disk_file, test_overlapped_disk_file,
            test_blocking_pipe, test_named_pipes, test_reads_during_resets, test_stdio)
