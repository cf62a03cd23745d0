/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reading, writing and positions of files on disk, plain and overlapped; the position that handles and processes
 * share; byte-range locks.
 *
 * Sources: [D] Microsoft's pages on ReadFile, WriteFile, SetFilePointerEx, SetEndOfFile, GetOverlappedResult, LockFileEx,
 * "Synchronous and Asynchronous I/O"; [T] Wine's tests (dlls/kernel32/tests/file.c, dlls/ntdll/tests/file.c).
 */
#define CONFORMANCE_CHILD(argc, argv) child(argc, argv)
static int child(int argc, char **argv);

#include "conformance.h"
#include "conformance_folder.h"

static HANDLE open_fresh(const char *name, const char *text, DWORD flags)
{
    make_file(test_path(name), text);
    return CreateFileA(test_path(name), GENERIC_READ | GENERIC_WRITE, 7, NULL, OPEN_EXISTING, flags,
                       NULL);
}

static LONGLONG position_of(HANDLE file)
{
    LARGE_INTEGER zero = {.QuadPart = 0}, position = {.QuadPart = -1};

    SetFilePointerEx(file, zero, &position, FILE_CURRENT);
    return position.QuadPart;
}

static void test_reading(void)
{
    HANDLE file = open_fresh("read", "0123456789", 0);
    OVERLAPPED overlapped = {.Offset = 4};
    char buffer[32];
    DWORD count;

    memset(buffer, 0xcc, sizeof(buffer));
    count = 0xdeadbeef;
    ok(ReadFile(file, buffer, 4, &count, NULL) && count == 4 && !memcmp(buffer, "0123\xcc", 5),
       "read %lu", count);
    /* The end is no error to a synchronous read without OVERLAPPED [D]. */
    ok(ReadFile(file, buffer, sizeof(buffer), &count, NULL) && count == 6, "read the rest: %lu",
       count);
    count = 0xdeadbeef;
    ok(ReadFile(file, buffer, 1, &count, NULL) && count == 0, "at the end: %lu", count);
    ok(ReadFile(file, buffer, 0, &count, NULL) && count == 0, "no bytes: %lu", count);
    /* An offset moves the position, even on a synchronous handle; past the end it is an error [D][T]. */
    ok(ReadFile(file, buffer, 2, &count, &overlapped) && count == 2 && !memcmp(buffer, "45", 2),
       "at an offset: %lu", count);
    ok(position_of(file) == 6, "position %lld", position_of(file));
    ok(overlapped.Internal == 0 && overlapped.InternalHigh == 2, "the result: %llx %llu",
       (unsigned long long)overlapped.Internal, (unsigned long long)overlapped.InternalHigh);
    overlapped.Offset = 10;
    count = 0xdeadbeef;
    check_error(ReadFile(file, buffer, 2, &count, &overlapped), ERROR_HANDLE_EOF);
    ok(count == 0, "count %lu", count);
    SetFilePointer(file, 0, NULL, FILE_BEGIN);
    check_error(ReadFile(file, (void *)0x10, 1, &count, NULL), ERROR_NOACCESS);
    check_error(ReadFile(INVALID_HANDLE_VALUE, buffer, 1, &count, NULL), ERROR_INVALID_HANDLE);
    check_error(ReadFile(NULL, buffer, 1, &count, NULL), ERROR_INVALID_HANDLE);
    CloseHandle(file);
    check_error(ReadFile(file, buffer, 1, &count, NULL), ERROR_INVALID_HANDLE);
}

static void test_writing(void)
{
    HANDLE file = open_fresh("write", "", 0);
    OVERLAPPED overlapped = {.Offset = 3};
    char buffer[32] = {0};
    DWORD count = 0xdeadbeef;

    ok(WriteFile(file, "abcdef", 6, &count, NULL) && count == 6, "write %lu", count);
    ok(WriteFile(file, "XY", 2, &count, &overlapped) && count == 2, "at an offset: %lu", count);
    ok(position_of(file) == 5, "position %lld", position_of(file));
    ok(WriteFile(file, NULL, 0, &count, NULL) && count == 0, "no bytes: %lu", GetLastError());
    /* Offset -1 is the end [D]. */
    overlapped.Offset = overlapped.OffsetHigh = 0xffffffff;
    ok(WriteFile(file, "end", 3, &count, &overlapped) && count == 3, "at the end: %lu",
       GetLastError());
    ok(position_of(file) == 9, "position %lld", position_of(file));
    SetFilePointer(file, 0, NULL, FILE_BEGIN);
    ok(ReadFile(file, buffer, sizeof(buffer), &count, NULL) && count == 9 &&
           !memcmp(buffer, "abcXYfend", 9),
       "it holds \"%s\"", buffer);
    check_error(WriteFile(file, (void *)0x10, 1, &count, NULL), ERROR_INVALID_USER_BUFFER);
    CloseHandle(file);
}

static void test_positions(void)
{
    HANDLE file = open_fresh("position", "0123456789", 0);
    LARGE_INTEGER distance, result;
    FILE_STANDARD_INFO info;
    char buffer[64];
    LONG high;
    DWORD count;

    ok(SetFilePointer(file, 3, NULL, FILE_BEGIN) == 3, "begin");
    ok(SetFilePointer(file, 4, NULL, FILE_CURRENT) == 7, "current");
    ok(SetFilePointer(file, -2, NULL, FILE_END) == 8, "end");
    /* Before the beginning: ERROR_NEGATIVE_SEEK, and nothing has moved [D]. */
    check_error(SetFilePointer(file, -11, NULL, FILE_END) != INVALID_SET_FILE_POINTER,
                ERROR_NEGATIVE_SEEK);
    ok(position_of(file) == 8, "position %lld", position_of(file));
    check_error(SetFilePointer(file, 0, NULL, 3) != INVALID_SET_FILE_POINTER,
                ERROR_INVALID_PARAMETER);
    distance.QuadPart = -1;
    result.QuadPart = 0x5555;
    check_error(SetFilePointerEx(file, distance, &result, FILE_BEGIN), ERROR_NEGATIVE_SEEK);
    ok(result.QuadPart == 0x5555, "a failure wrote %llx", result.QuadPart);
    high = 1;
    ok(SetFilePointer(file, 0, &high, FILE_BEGIN) == 0 && high == 1, "4 GiB: high %ld", high);
    check_error(SetFilePointer(INVALID_HANDLE_VALUE, 0, NULL, FILE_BEGIN) !=
                    INVALID_SET_FILE_POINTER,
                ERROR_INVALID_HANDLE);
    /* Beyond the end nothing happens until something is written [D]; what lies between reads as zeros. */
    distance.QuadPart = 1000000;
    ok(SetFilePointerEx(file, distance, NULL, FILE_BEGIN), "far: %lu", GetLastError());
    ok(GetFileSize(file, NULL) == 10, "size %lu", GetFileSize(file, NULL));
    ok(ReadFile(file, buffer, 10, &count, NULL) && count == 0, "reading there: %lu", count);
    WriteFile(file, "far", 3, &count, NULL);
    ok(GetFileSize(file, NULL) == 1000003, "size %lu", GetFileSize(file, NULL));
    SetFilePointer(file, 500000, NULL, FILE_BEGIN);
    memset(buffer, 0xcc, sizeof(buffer));
    ok(ReadFile(file, buffer, 4, &count, NULL) && !memcmp(buffer, "\0\0\0\0\xcc", 5), "the gap");
    /* SetEndOfFile cuts and extends at the position. */
    SetFilePointer(file, 5, NULL, FILE_BEGIN);
    ok(SetEndOfFile(file) && GetFileSize(file, NULL) == 5, "cut: %lu", GetLastError());
    SetFilePointer(file, 0x30000, NULL, FILE_BEGIN);
    ok(SetEndOfFile(file) && GetFileSize(file, NULL) == 0x30000, "extended: %lu", GetLastError());
    ok(GetFileInformationByHandleEx(file, FileStandardInfo, &info, sizeof(info)) &&
           info.EndOfFile.QuadPart == 0x30000 && !info.Directory && info.NumberOfLinks == 1,
       "standard info: %lld", info.EndOfFile.QuadPart);
    CloseHandle(file);
}

/* Without a position: an overlapped handle needs an offset each time [D][T]. */
static void test_overlapped(void)
{
    HANDLE file = open_fresh("overlapped", "0123456789", FILE_FLAG_OVERLAPPED), port;
    OVERLAPPED overlapped = {.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)}, *got;
    char buffer[32];
    ULONG_PTR key;
    DWORD count;
    BOOL done;

    check_error(ReadFile(file, buffer, 4, &count, NULL), ERROR_INVALID_PARAMETER);
    check_error(WriteFile(file, "x", 1, &count, NULL), ERROR_INVALID_PARAMETER);
    overlapped.Offset = 2;
    SetLastError(0xdeadbeef);
    done = ReadFile(file, buffer, 4, NULL, &overlapped);
    ok(done || GetLastError() == ERROR_IO_PENDING, "ReadFile: %lu", GetLastError());
    count = 0xdeadbeef;
    ok(GetOverlappedResult(file, &overlapped, &count, TRUE) && count == 4 &&
           !memcmp(buffer, "2345", 4),
       "result: %lu, error %lu", count, GetLastError());
    ok(WaitForSingleObject(overlapped.hEvent, 0) == WAIT_OBJECT_0, "the event is not set");
    /* The end: ERROR_HANDLE_EOF, at once or as the result. */
    overlapped.Offset = 10;
    SetLastError(0xdeadbeef);
    done = ReadFile(file, buffer, 4, NULL, &overlapped);
    if (!done && GetLastError() == ERROR_IO_PENDING)
        done = GetOverlappedResult(file, &overlapped, &count, TRUE);
    ok(!done && GetLastError() == ERROR_HANDLE_EOF, "at the end: %d, error %lu", done,
       GetLastError());
    overlapped.Offset = 8;
    done = WriteFile(file, "abcd", 4, NULL, &overlapped);
    ok(done || GetLastError() == ERROR_IO_PENDING, "WriteFile: %lu", GetLastError());
    ok(GetOverlappedResult(file, &overlapped, &count, TRUE) && count == 4, "result %lu", count);
    ok(GetFileSize(file, NULL) == 12, "size %lu", GetFileSize(file, NULL));
    /* The handle is signalled when there is no event. */
    CloseHandle(overlapped.hEvent);
    memset(&overlapped, 0, sizeof(overlapped));
    done = ReadFile(file, buffer, 4, NULL, &overlapped);
    ok(done || GetLastError() == ERROR_IO_PENDING, "ReadFile: %lu", GetLastError());
    ok(WaitForSingleObject(file, 5000) == WAIT_OBJECT_0, "the file is not signalled");
    /* A port gets one packet for each request, also for those that did not pend. */
    port = CreateIoCompletionPort(file, NULL, 42, 0);
    ok(port != NULL, "CreateIoCompletionPort: %lu", GetLastError());
    done = ReadFile(file, buffer, 5, NULL, &overlapped);
    ok(GetQueuedCompletionStatus(port, &count, &key, &got, 5000) && count == 5 && key == 42 &&
           got == &overlapped,
       "packet: %lu, error %lu", count, GetLastError());
    ok(SetFileCompletionNotificationModes(file, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS), "modes: %lu",
       GetLastError());
    if (ReadFile(file, buffer, 5, NULL, &overlapped))
        check_error(GetQueuedCompletionStatus(port, &count, &key, &got, 0), WAIT_TIMEOUT);
    CloseHandle(port);
    CloseHandle(file);
}

static DWORD routine_error, routine_count, routine_calls;

static void CALLBACK routine(DWORD error, DWORD count, OVERLAPPED *overlapped)
{
    (void)overlapped;
    routine_error = error;
    routine_count = count;
    routine_calls++;
}

static void test_routines(void)
{
    HANDLE file = open_fresh("routine", "0123456789", FILE_FLAG_OVERLAPPED);
    OVERLAPPED overlapped = {.Offset = 1};
    char buffer[32];

    ok(ReadFileEx(file, buffer, 3, &overlapped, routine), "ReadFileEx: %lu", GetLastError());
    ok(!routine_calls, "called outside of an alertable wait");
    ok(SleepEx(5000, TRUE) == WAIT_IO_COMPLETION && routine_calls == 1 && !routine_error &&
           routine_count == 3,
       "%lu calls, error %lu, count %lu", routine_calls, routine_error, routine_count);
    ok(WriteFileEx(file, "xyz", 3, &overlapped, routine), "WriteFileEx: %lu", GetLastError());
    ok(SleepEx(5000, TRUE) == WAIT_IO_COMPLETION && routine_calls == 2 && routine_count == 3,
       "%lu calls, count %lu", routine_calls, routine_count);
    CloseHandle(file);
}

/* --- One file object, several handles --- */

static int child(int argc, char **argv)
{
    HANDLE file;
    DWORD count;
    char line[32];

    if (argc < 4)
        return 1;
    file = (HANDLE)(ULONG_PTR)strtoull(argv[3], NULL, 16);
    if (!strcmp(argv[2], "read"))
        return ReadFile(file, line, 3, &count, NULL) && count == 3 ? line[0] : 2;
    if (!strcmp(argv[2], "lock")) {
        OVERLAPPED overlapped = {0};

        file = CreateFileA(argv[3], GENERIC_READ | GENERIC_WRITE, 7, NULL, OPEN_EXISTING, 0, NULL);
        return LockFileEx(file, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 10, 0,
                          &overlapped)
                   ? 0
                   : (int)GetLastError();
    }
    for (int i = 0; i < 500; i++) {
        snprintf(line, sizeof(line), "%s %06d\n", argv[2], i);
        if (!WriteFile(file, line, (DWORD)strlen(line), &count, NULL))
            return 3;
    }
    return 0;
}

static HANDLE start(const char *what, const char *argument)
{
    STARTUPINFOA startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION info;
    char program[MAX_PATH], command[MAX_PATH * 3];

    GetModuleFileNameA(NULL, program, sizeof(program));
    snprintf(command, sizeof(command), "\"%s\" --child %s \"%s\"", program, what, argument);
    if (!CreateProcessA(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &info))
        return NULL;
    CloseHandle(info.hThread);
    return info.hProcess;
}

static DWORD finish(HANDLE process)
{
    DWORD code = 0xdeadbeef;

    WaitForSingleObject(process, 30000);
    GetExitCodeProcess(process, &code);
    CloseHandle(process);
    return code;
}

static void test_shared_position(void)
{
    SECURITY_ATTRIBUTES inherit = {sizeof(inherit), NULL, TRUE};
    HANDLE file, duplicate, first, second;
    char argument[32], line[32];
    int seen[2] = {0}, bad = 0;
    DWORD count;

    make_file(test_path("shared"), "abcdefghi");
    file = CreateFileA(test_path("shared"), GENERIC_READ, 7, &inherit, OPEN_EXISTING, 0, NULL);
    DuplicateHandle(GetCurrentProcess(), file, GetCurrentProcess(), &duplicate, 0, FALSE,
                    DUPLICATE_SAME_ACCESS);
    ok(ReadFile(duplicate, line, 3, &count, NULL) && position_of(file) == 3,
       "a duplicate has a position of its own: %lld", position_of(file));
    CloseHandle(duplicate);
    snprintf(argument, sizeof(argument), "%llx", (unsigned long long)(ULONG_PTR)file);
    ok(finish(start("read", argument)) == 'd', "the child read elsewhere");
    ok(position_of(file) == 6, "the child's reading does not move the position: %lld",
       position_of(file));
    CloseHandle(file);

    /* Two processes write to one file object: no line is lost or torn [D: writes are serialised]. */
    file = CreateFileA(test_path("log"), GENERIC_READ | GENERIC_WRITE, 7, &inherit, CREATE_ALWAYS, 0,
                       NULL);
    snprintf(argument, sizeof(argument), "%llx", (unsigned long long)(ULONG_PTR)file);
    first = start("one", argument);
    second = start("two", argument);
    ok(finish(first) == 0 && finish(second) == 0, "a writer failed");
    SetFilePointer(file, 0, NULL, FILE_BEGIN);
    while (ReadFile(file, line, 11, &count, NULL) && count == 11) {
        int which = !memcmp(line, "two", 3);

        bad += atoi(line + 4) != seen[which]++ || line[10] != '\n' ||
               (memcmp(line, "one ", 4) && memcmp(line, "two ", 4));
    }
    ok(!bad && seen[0] == 500 && seen[1] == 500, "%d and %d lines, %d bad", seen[0], seen[1], bad);
    CloseHandle(file);
}

/* Threads on one synchronous handle: each write is whole, at a place of its own. */
static DWORD WINAPI write_lines(void *file)
{
    DWORD count;

    for (int i = 0; i < 500; i++)
        WriteFile(file, "0123456\n", 8, &count, NULL);
    return 0;
}

static void test_threads(void)
{
    HANDLE file = open_fresh("threads", "", 0), threads[4];

    for (int i = 0; i < 4; i++)
        threads[i] = CreateThread(NULL, 0, write_lines, file, 0, NULL);
    WaitForMultipleObjects(4, threads, TRUE, 30000);
    for (int i = 0; i < 4; i++)
        CloseHandle(threads[i]);
    ok(GetFileSize(file, NULL) == 4 * 500 * 8, "size %lu", GetFileSize(file, NULL));
    ok(position_of(file) == 4 * 500 * 8, "position %lld", position_of(file));
    CloseHandle(file);
}

/* --- Locks --- */

static BOOL lock(HANDLE file, DWORD flags, DWORD offset, DWORD bytes)
{
    OVERLAPPED overlapped = {.Offset = offset};

    return LockFileEx(file, flags | LOCKFILE_FAIL_IMMEDIATELY, 0, bytes, 0, &overlapped);
}

static BOOL unlock(HANDLE file, DWORD offset, DWORD bytes)
{
    OVERLAPPED overlapped = {.Offset = offset};

    return UnlockFileEx(file, 0, bytes, 0, &overlapped);
}

static void test_locks(void)
{
    HANDLE file = open_fresh("locks", "0123456789", 0);
    HANDLE other = CreateFileA(test_path("locks"), GENERIC_READ | GENERIC_WRITE, 7, NULL,
                               OPEN_EXISTING, 0, NULL);
    char byte;
    DWORD count;

    ok(lock(file, LOCKFILE_EXCLUSIVE_LOCK, 0, 5), "lock: %lu", GetLastError());
    /* Another handle, and the same handle again, are refused [T]. */
    check_error(lock(other, LOCKFILE_EXCLUSIVE_LOCK, 4, 5), ERROR_LOCK_VIOLATION);
    check_error(lock(other, 0, 0, 1), ERROR_LOCK_VIOLATION);
    check_error(lock(file, LOCKFILE_EXCLUSIVE_LOCK, 0, 5), ERROR_LOCK_VIOLATION);
    ok(lock(other, LOCKFILE_EXCLUSIVE_LOCK, 5, 5), "the range beside it: %lu", GetLastError());
    /* Others may neither read nor write there; the holder may [D]. */
    todo_wine check_error(ReadFile(other, &byte, 1, &count, NULL), ERROR_LOCK_VIOLATION);
    todo_wine check_error(WriteFile(other, "x", 1, &count, NULL), ERROR_LOCK_VIOLATION);
    ok(ReadFile(file, &byte, 1, &count, NULL), "the holder reads: %lu", GetLastError());
    /* Unlocking needs the very range [D]. */
    todo_wine check_error(unlock(file, 0, 4), ERROR_NOT_LOCKED);
    todo_wine check_error(unlock(other, 0, 5), ERROR_NOT_LOCKED);
    ok(unlock(file, 0, 5), "unlock: %lu", GetLastError());
    todo_wine check_error(unlock(file, 0, 5), ERROR_NOT_LOCKED);
    ok(unlock(other, 5, 5), "unlock: %lu", GetLastError());
    /* Shared ones stand together, and keep writers out, the holder included [D]. */
    ok(lock(file, 0, 0, 5) && lock(other, 0, 0, 5), "shared: %lu", GetLastError());
    check_error(lock(other, LOCKFILE_EXCLUSIVE_LOCK, 0, 5), ERROR_LOCK_VIOLATION);
    SetFilePointer(other, 0, NULL, FILE_BEGIN);
    ok(ReadFile(other, &byte, 1, &count, NULL), "reading a shared range: %lu", GetLastError());
    todo_wine check_error(WriteFile(other, "x", 1, &count, NULL), ERROR_LOCK_VIOLATION);
    ok(unlock(other, 0, 5), "unlock: %lu", GetLastError());
    /* Closing lets go. */
    CloseHandle(file);
    ok(lock(other, LOCKFILE_EXCLUSIVE_LOCK, 0, 100), "after the other closed: %lu", GetLastError());
    /* Beyond the end, too; and far away. */
    ok(LockFile(other, 0xffff0000, 0x7fffffff, 1, 0), "a far range: %lu", GetLastError());
    /* Another process. */
    ok(finish(start("lock", test_path("locks"))) == ERROR_LOCK_VIOLATION, "another process locks");
    ok(UnlockFile(other, 0, 0, 100, 0), "UnlockFile: %lu", GetLastError());
    ok(finish(start("lock", test_path("locks"))) == 0, "another process cannot lock");
    CloseHandle(other);
}

static DWORD WINAPI lock_blocking(void *file)
{
    OVERLAPPED overlapped = {0};

    return LockFileEx(file, LOCKFILE_EXCLUSIVE_LOCK, 0, 5, 0, &overlapped) ? 0 : GetLastError();
}

/* Waiting for a lock: blocks, or pends on an overlapped handle [D]. */
static void test_lock_waits(void)
{
    HANDLE file = open_fresh("waits", "0123456789", 0), thread;
    HANDLE other = CreateFileA(test_path("waits"), GENERIC_READ | GENERIC_WRITE, 7, NULL,
                               OPEN_EXISTING, 0, NULL);
    HANDLE third = CreateFileA(test_path("waits"), GENERIC_READ | GENERIC_WRITE, 7, NULL,
                               OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    OVERLAPPED overlapped = {.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)};
    DWORD count, code;

    ok(lock(file, LOCKFILE_EXCLUSIVE_LOCK, 0, 5), "lock: %lu", GetLastError());
    thread = CreateThread(NULL, 0, lock_blocking, other, 0, NULL);
    ok(WaitForSingleObject(thread, 50) == WAIT_TIMEOUT, "it does not wait");
    unlock(file, 0, 5);
    ok(WaitForSingleObject(thread, 5000) == WAIT_OBJECT_0, "it waits for ever");
    GetExitCodeThread(thread, &code);
    ok(code == 0, "LockFileEx: %lu", code);
    CloseHandle(thread);
    check_error(LockFileEx(third, LOCKFILE_EXCLUSIVE_LOCK, 0, 5, 0, &overlapped), ERROR_IO_PENDING);
    ok(WaitForSingleObject(overlapped.hEvent, 20) == WAIT_TIMEOUT, "it does not pend");
    unlock(other, 0, 5);
    ok(GetOverlappedResult(third, &overlapped, &count, TRUE), "result: %lu", GetLastError());
    CloseHandle(overlapped.hEvent);
    CloseHandle(third);
    CloseHandle(other);
    CloseHandle(file);
}

CONFORMANCE("files: reading and writing", test_reading, test_writing, test_positions,
            test_overlapped, test_routines, test_shared_position, test_threads, test_locks,
            test_lock_waits)
