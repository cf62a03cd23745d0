/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * ReadDirectoryChangesW and change notifications.
 *
 * Sources: [D] Microsoft's pages on ReadDirectoryChangesW, FILE_NOTIFY_INFORMATION, FindFirstChangeNotification;
 * [T] Wine's test_readdirectorychanges (dlls/kernel32/tests/change.c), which passes on Windows.
 */
#include "conformance.h"
#include "conformance_folder.h"

#define ALL_CHANGES                                                                                \
    (FILE_NOTIFY_CHANGE_FILE_NAME | FILE_NOTIFY_CHANGE_DIR_NAME | FILE_NOTIFY_CHANGE_ATTRIBUTES |  \
     FILE_NOTIFY_CHANGE_SIZE | FILE_NOTIFY_CHANGE_LAST_WRITE)

static HANDLE open_folder(DWORD flags)
{
    return CreateFileA(test_folder(), FILE_LIST_DIRECTORY,
                       FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                       FILE_FLAG_BACKUP_SEMANTICS | flags, NULL);
}

static char changes[8192] __attribute__((aligned(8)));

/* Collects changes until the one that is waited for is there; true if it came. */
static BOOL await_change(HANDLE folder, DWORD filter, BOOL tree, DWORD action, const WCHAR *name)
{
    OVERLAPPED overlapped = {.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)};
    BOOL found = FALSE;
    DWORD count;

    for (int round = 0; round < 20 && !found; round++) {
        const FILE_NOTIFY_INFORMATION *entry = (const void *)changes;

        if (!ReadDirectoryChangesW(folder, changes, sizeof(changes), tree, filter, NULL,
                                   &overlapped, NULL))
            break;
        if (WaitForSingleObject(overlapped.hEvent, 3000)) {
            CancelIo(folder);
            GetOverlappedResult(folder, &overlapped, &count, TRUE);
            break;
        }
        if (!GetOverlappedResult(folder, &overlapped, &count, FALSE) || !count)
            break;
        for (;;) {
            found |= entry->Action == action &&
                     entry->FileNameLength == wcslen(name) * sizeof(WCHAR) &&
                     !memcmp(entry->FileName, name, entry->FileNameLength);
            if (!entry->NextEntryOffset)
                break;
            entry = (const void *)((const char *)entry + entry->NextEntryOffset);
        }
    }
    CloseHandle(overlapped.hEvent);
    return found;
}

static void test_failures(void)
{
    HANDLE folder = open_folder(FILE_FLAG_OVERLAPPED);
    OVERLAPPED overlapped = {.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)};
    DWORD count;

    ok(folder != INVALID_HANDLE_VALUE, "opening the folder: %lu", GetLastError());
    /* Nothing to look for, and bits that nothing means [T]. */
    check_error(ReadDirectoryChangesW(folder, changes, sizeof(changes), FALSE, 0, NULL, &overlapped,
                                      NULL),
                ERROR_INVALID_PARAMETER);
    check_error(ReadDirectoryChangesW(folder, changes, sizeof(changes), FALSE, 0x80000000, NULL,
                                      &overlapped, NULL),
                ERROR_INVALID_PARAMETER);
    /* Pending; nothing is written; cancelled. */
    memset(changes, 0xcc, sizeof(changes));
    ok(ReadDirectoryChangesW(folder, changes, sizeof(changes), FALSE, ALL_CHANGES, NULL, &overlapped,
                             NULL),
       "ReadDirectoryChangesW: %lu", GetLastError());
    ok(WaitForSingleObject(overlapped.hEvent, 0) == WAIT_TIMEOUT, "it does not pend");
    ok((unsigned char)changes[0] == 0xcc && (unsigned char)changes[8] == 0xcc, "it has written");
    CancelIo(folder);
    check_error(GetOverlappedResult(folder, &overlapped, &count, TRUE), ERROR_OPERATION_ABORTED);
    CloseHandle(overlapped.hEvent);
    CloseHandle(folder);
}

static void test_changes(void)
{
    HANDLE folder = open_folder(FILE_FLAG_OVERLAPPED), file;
    DWORD count;

    /* The first call begins the watching. */
    OVERLAPPED first = {.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)};
    const FILE_NOTIFY_INFORMATION *entry = (const void *)changes;

    ok(ReadDirectoryChangesW(folder, changes, sizeof(changes), TRUE, ALL_CHANGES, NULL, &first,
                             NULL),
       "ReadDirectoryChangesW: %lu", GetLastError());
    CreateDirectoryA(test_path("sub"), NULL);
    ok(WaitForSingleObject(first.hEvent, 3000) == WAIT_OBJECT_0, "a new folder is not told");
    ok(GetOverlappedResult(folder, &first, &count, FALSE) && count, "result: %lu", GetLastError());
    ok(entry->Action == FILE_ACTION_ADDED && entry->FileNameLength == 6 &&
           !memcmp(entry->FileName, L"sub", 6),
       "action %lu, %lu bytes of name", entry->Action, entry->FileNameLength);

    file = CreateFileA(test_path("file"), GENERIC_WRITE, 7, NULL, CREATE_NEW, 0, NULL);
    ok(await_change(folder, ALL_CHANGES, TRUE, FILE_ACTION_ADDED, L"file"), "a new file");
    WriteFile(file, "data", 4, &count, NULL);
    CloseHandle(file);
    ok(await_change(folder, ALL_CHANGES, TRUE, FILE_ACTION_MODIFIED, L"file"), "a write");
    MoveFileA(test_path("file"), test_path2("other"));
    ok(await_change(folder, ALL_CHANGES, TRUE, FILE_ACTION_RENAMED_NEW_NAME, L"other"),
       "a new name");
    DeleteFileA(test_path("other"));
    ok(await_change(folder, ALL_CHANGES, TRUE, FILE_ACTION_REMOVED, L"other"), "a removal");
    /* Below, in a folder that came later. */
    file = CreateFileA(test_path("sub\\deep"), GENERIC_WRITE, 7, NULL, CREATE_NEW, 0, NULL);
    CloseHandle(file);
    ok(await_change(folder, ALL_CHANGES, TRUE, FILE_ACTION_ADDED, L"sub\\deep"), "a file below");
    /* Changes between two calls are kept [D]. */
    DeleteFileA(test_path("sub\\deep"));
    RemoveDirectoryA(test_path("sub"));
    ok(await_change(folder, ALL_CHANGES, TRUE, FILE_ACTION_REMOVED, L"sub"), "two removals");
    CloseHandle(first.hEvent);
    CloseHandle(folder);
}

/* Too small a buffer: success with no bytes, the caller must look itself [D]. */
static void test_overrun(void)
{
    HANDLE folder = open_folder(FILE_FLAG_OVERLAPPED), file;
    OVERLAPPED overlapped = {.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)};
    DWORD count = 0xdeadbeef;

    ok(ReadDirectoryChangesW(folder, changes, 16, FALSE, FILE_NOTIFY_CHANGE_FILE_NAME, NULL,
                             &overlapped, NULL),
       "ReadDirectoryChangesW: %lu", GetLastError());
    file = CreateFileA(test_path("a name that is too long"), GENERIC_WRITE, 7, NULL, CREATE_NEW,
                       FILE_FLAG_DELETE_ON_CLOSE, NULL);
    ok(WaitForSingleObject(overlapped.hEvent, 3000) == WAIT_OBJECT_0, "it is not told");
    todo_wine ok(GetOverlappedResult(folder, &overlapped, &count, FALSE) && count == 0,
                 "count %lu, error %lu", count, GetLastError());
    CloseHandle(file);
    CloseHandle(overlapped.hEvent);
    CloseHandle(folder);
}

static DWORD routine_calls, routine_bytes;

static void CALLBACK routine(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    (void)overlapped;
    routine_calls++;
    routine_bytes = error ? 0 : bytes;
}

static void test_completions(void)
{
    HANDLE folder = open_folder(FILE_FLAG_OVERLAPPED), port;
    OVERLAPPED overlapped = {0}, *got;
    ULONG_PTR key;
    DWORD count;

    ok(ReadDirectoryChangesW(folder, changes, sizeof(changes), FALSE, FILE_NOTIFY_CHANGE_DIR_NAME,
                             NULL, &overlapped, routine),
       "ReadDirectoryChangesW: %lu", GetLastError());
    CreateDirectoryA(test_path("apc"), NULL);
    ok(SleepEx(3000, TRUE) == WAIT_IO_COMPLETION && routine_calls == 1 && routine_bytes,
       "%lu calls, %lu bytes", routine_calls, routine_bytes);
    CloseHandle(folder);

    folder = open_folder(FILE_FLAG_OVERLAPPED);
    port = CreateIoCompletionPort(folder, NULL, 77, 0);
    ok(ReadDirectoryChangesW(folder, changes, sizeof(changes), FALSE, FILE_NOTIFY_CHANGE_DIR_NAME,
                             NULL, &overlapped, NULL),
       "ReadDirectoryChangesW: %lu", GetLastError());
    RemoveDirectoryA(test_path("apc"));
    ok(GetQueuedCompletionStatus(port, &count, &key, &got, 3000) && key == 77 &&
           got == &overlapped && count,
       "packet: %lu bytes, error %lu", count, GetLastError());
    CloseHandle(folder);
    CloseHandle(port);
}

static void test_notification(void)
{
    HANDLE handle = FindFirstChangeNotificationA(test_folder(), FALSE, FILE_NOTIFY_CHANGE_DIR_NAME);

    ok(handle != INVALID_HANDLE_VALUE, "FindFirstChangeNotification: %lu", GetLastError());
    ok(WaitForSingleObject(handle, 0) == WAIT_TIMEOUT, "signalled at once");
    CreateDirectoryA(test_path("new"), NULL);
    ok(WaitForSingleObject(handle, 3000) == WAIT_OBJECT_0, "a new folder does not signal");
    ok(FindNextChangeNotification(handle), "FindNextChangeNotification: %lu", GetLastError());
    ok(WaitForSingleObject(handle, 0) == WAIT_TIMEOUT, "still signalled");
    RemoveDirectoryA(test_path("new"));
    ok(WaitForSingleObject(handle, 3000) == WAIT_OBJECT_0, "a removed folder does not signal");
    ok(FindCloseChangeNotification(handle), "FindCloseChangeNotification: %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(FindFirstChangeNotificationA(test_path("missing"), FALSE, FILE_NOTIFY_CHANGE_DIR_NAME) ==
               INVALID_HANDLE_VALUE &&
           GetLastError() == ERROR_FILE_NOT_FOUND,
       "a folder that is not there: %lu", GetLastError());
}

CONFORMANCE("files: changes in folders", test_failures, test_changes, test_overrun, test_completions,
            test_notification)
