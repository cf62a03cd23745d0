/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * DuplicateHandle into and out of another process.
 *
 * Sources: [D] Microsoft's page on DuplicateHandle (kinds, access, options, "duplicate handles refer to the same
 * object as the original handle").
 */
#define CONFORMANCE_CHILD(argc, argv) child(argc, argv)
static int child(int argc, char **argv);

#include "conformance.h"

/* Between parent and child, in a named section. */
struct shared {
    ULONGLONG event, mutex, semaphore, section, file, pipe, thread, process, timer; /* the child's */
    ULONGLONG given;   /* the child's handle of an event that the parent takes */
    ULONGLONG closed;  /* the child's handle that the parent closes */
    LONG failed;       /* the child's line */
};

static char unique[64];

static const char *name_of(const char *what)
{
    static char text[4][128];
    static int next;
    char *at = text[next++ % 4];

    snprintf(at, sizeof(text[0]), "%s %s", unique, what);
    return at;
}

static HANDLE H(ULONGLONG value)
{
    return (HANDLE)(ULONG_PTR)value;
}

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return __LINE__;                                                                       \
    } while (0)

static int use_handles(struct shared *shared)
{
    char text[32] = "";
    FILETIME times[4];
    DWORD done = 0, flags = 0xdeadbeef, code = 0xdeadbeef;
    char *view;

    CHECK(WaitForSingleObject(H(shared->event), 0) == WAIT_TIMEOUT);
    CHECK(SetEvent(H(shared->event)));
    CHECK(WaitForSingleObject(H(shared->mutex), 0) == WAIT_TIMEOUT); /* the parent owns it */
    CHECK(WaitForSingleObject(H(shared->semaphore), 0) == WAIT_OBJECT_0);
    CHECK(WaitForSingleObject(H(shared->semaphore), 0) == WAIT_TIMEOUT);
    CHECK(WaitForSingleObject(H(shared->timer), 10000) == WAIT_OBJECT_0);
    view = MapViewOfFile(H(shared->section), FILE_MAP_ALL_ACCESS, 0, 0, 0);
    CHECK(view && !strcmp(view, "parent"));
    strcpy(view, "child");
    /* The file position is one. */
    CHECK(ReadFile(H(shared->file), text, 3, &done, NULL) && done == 3 && !strcmp(text, "def"));
    CHECK(WriteFile(H(shared->pipe), "through", 7, &done, NULL) && done == 7);
    CHECK(GetThreadTimes(H(shared->thread), &times[0], &times[1], &times[2], &times[3]));
    CHECK(GetThreadId(H(shared->thread)) && GetThreadId(H(shared->thread)) != GetCurrentThreadId());
    CHECK(GetProcessId(H(shared->process)) && GetProcessId(H(shared->process)) != GetCurrentProcessId());
    CHECK(GetExitCodeProcess(H(shared->process), &code) && code == STILL_ACTIVE);
    CHECK(GetHandleInformation(H(shared->event), &flags) && flags == HANDLE_FLAG_INHERIT);
    CHECK(GetHandleInformation(H(shared->mutex), &flags) && flags == 0);
    return 0;
}

static int child(int argc, char **argv)
{
    struct shared *shared;
    HANDLE there, go;

    if (argc < 3)
        return 1;
    snprintf(unique, sizeof(unique), "%s", argv[2]);
    shared = MapViewOfFile(OpenFileMappingA(FILE_MAP_ALL_ACCESS, FALSE, name_of("shared")),
                           FILE_MAP_ALL_ACCESS, 0, 0, 0);
    there = OpenEventA(EVENT_ALL_ACCESS, FALSE, name_of("there"));
    go = OpenEventA(SYNCHRONIZE, FALSE, name_of("go"));
    CHECK(shared && there && go);
    shared->given = (ULONG_PTR)CreateEventA(NULL, TRUE, FALSE, NULL);
    shared->closed = (ULONG_PTR)CreateEventA(NULL, TRUE, FALSE, name_of("closed"));
    SetEvent(there);
    CHECK(!WaitForSingleObject(go, 30000));
    shared->failed = use_handles(shared);
    CHECK(!WaitForSingleObject(H(shared->given), 30000)); /* the parent sets it by its handle */
    return 0;
}

static HANDLE other;

static ULONGLONG give(HANDLE handle, DWORD access, BOOL inherit, DWORD options)
{
    HANDLE result = H(0xdeadbeef);

    ok(DuplicateHandle(GetCurrentProcess(), handle, other, &result, access, inherit, options),
       "DuplicateHandle: %lu", GetLastError());
    return (ULONG_PTR)result;
}

static HANDLE make_file(char *path)
{
    char folder[MAX_PATH];
    HANDLE file;
    DWORD done;

    GetTempPathA(sizeof(folder), folder);
    GetTempFileNameA(folder, "dec", 0, path);
    file = CreateFileA(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
                       FILE_FLAG_DELETE_ON_CLOSE, NULL);
    WriteFile(file, "abcdef", 6, &done, NULL);
    SetFilePointer(file, 3, NULL, FILE_BEGIN);
    return file;
}

static void test_duplicate(void)
{
    HANDLE mapping, there, go, event, mutex, semaphore, section, file, read_end, write_end, timer, own;
    STARTUPINFOA startup = {.cb = sizeof(startup)};
    char path[MAX_PATH], command[1024], text[16] = "", *view;
    LARGE_INTEGER due = {.QuadPart = -1};
    PROCESS_INFORMATION info;
    struct shared *shared;
    DWORD done = 0, code = 0xdeadbeef;

    snprintf(unique, sizeof(unique), "decant-%lx-%lx", GetCurrentProcessId(), GetTickCount());
    mapping = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 4096, name_of("shared"));
    shared = MapViewOfFile(mapping, FILE_MAP_ALL_ACCESS, 0, 0, 0);
    there = CreateEventA(NULL, TRUE, FALSE, name_of("there"));
    go = CreateEventA(NULL, TRUE, FALSE, name_of("go"));
    GetModuleFileNameA(NULL, path, sizeof(path));
    snprintf(command, sizeof(command), "\"%s\" --child %s", path, unique);
    if (!ok(shared && CreateProcessA(NULL, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &info),
            "CreateProcess: %lu", GetLastError()))
        return;
    other = info.hProcess;
    ok(!WaitForSingleObject(there, 30000), "the child does not come");

    event = CreateEventA(NULL, TRUE, FALSE, NULL);
    mutex = CreateMutexA(NULL, TRUE, NULL);
    semaphore = CreateSemaphoreA(NULL, 1, 1, NULL);
    section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 4096, NULL);
    view = MapViewOfFile(section, FILE_MAP_ALL_ACCESS, 0, 0, 0);
    strcpy(view, "parent");
    file = make_file(path);
    ok(CreatePipe(&read_end, &write_end, NULL, 0), "CreatePipe: %lu", GetLastError());
    timer = CreateWaitableTimerA(NULL, TRUE, NULL);
    SetWaitableTimer(timer, &due, 0, NULL, NULL, FALSE);

    shared->event = give(event, 0, TRUE, DUPLICATE_SAME_ACCESS);
    shared->mutex = give(mutex, 0, FALSE, DUPLICATE_SAME_ACCESS);
    shared->semaphore = give(semaphore, SYNCHRONIZE, FALSE, 0);
    shared->section = give(section, 0, FALSE, DUPLICATE_SAME_ACCESS);
    shared->file = give(file, GENERIC_READ, FALSE, 0);
    shared->timer = give(timer, 0, FALSE, DUPLICATE_SAME_ACCESS);
    shared->thread = give(GetCurrentThread(), 0, FALSE, DUPLICATE_SAME_ACCESS);
    shared->process = give(GetCurrentProcess(), PROCESS_QUERY_INFORMATION, FALSE, 0);
    /* The source is closed, and the object lives on in the child. */
    shared->pipe = give(write_end, 0, FALSE, DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE);
    SetLastError(0xdeadbeef);
    ok(!CloseHandle(write_end) && GetLastError() == ERROR_INVALID_HANDLE, "the source is open: %lu",
       GetLastError());
    SetEvent(go);
    ok(!WaitForSingleObject(event, 30000), "the child does not set the event");
    ok(ReadFile(read_end, text, sizeof(text) - 1, &done, NULL) && !strcmp(text, "through"),
       "through the pipe came \"%s\"", text);

    /* From the child: the same object; and a handle of the child's is closed. */
    ok(DuplicateHandle(other, H(shared->given), GetCurrentProcess(), &own, 0, FALSE,
                       DUPLICATE_SAME_ACCESS), "from the child: %lu", GetLastError());
    ok(WaitForSingleObject(own, 0) == WAIT_TIMEOUT, "it is set");
    /* [D] "To close the duplicated handle from the source process": no target. */
    todo_wine
        ok(DuplicateHandle(other, H(shared->closed), NULL, NULL, 0, FALSE, DUPLICATE_CLOSE_SOURCE),
           "closing a handle of the child's: %lu", GetLastError());
    SetLastError(0xdeadbeef);
    todo_wine
        ok(!OpenEventA(SYNCHRONIZE, FALSE, name_of("closed")) &&
               GetLastError() == ERROR_FILE_NOT_FOUND,
           "the object outlived its last handle: %lu", GetLastError());
    /* From the child to the child. */
    event = NULL;
    ok(DuplicateHandle(other, H(shared->given), other, &event, 0, FALSE, DUPLICATE_SAME_ACCESS) && event &&
           event != H(shared->given), "within the child: %lu, %p", GetLastError(), event);
    SetLastError(0xdeadbeef);
    ok(!DuplicateHandle(other, H(0xfff0), GetCurrentProcess(), &event, 0, FALSE,
                        DUPLICATE_SAME_ACCESS) && GetLastError() == ERROR_INVALID_HANDLE,
       "no such handle in the child: %lu", GetLastError());
    ok(SetEvent(own), "SetEvent: %lu", GetLastError());
    ok(!WaitForSingleObject(other, 30000) && GetExitCodeProcess(other, &code) && code == 0,
       "the child's end: %lu", code);
    ok(!shared->failed, "the child found something wrong at its line %ld", shared->failed);
    ok(!strcmp(view, "child"), "the memory says \"%s\"", view);

    /* [D] PROCESS_DUP_HANDLE is asked for; and of the dead nothing can be had. */
    SetLastError(0xdeadbeef);
    ok(!DuplicateHandle(GetCurrentProcess(), own, other, &event, 0, FALSE, DUPLICATE_SAME_ACCESS),
       "into a process that has ended");
    own = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, GetCurrentProcessId());
    SetLastError(0xdeadbeef);
    ok(!DuplicateHandle(own, own, GetCurrentProcess(), &event, 0, FALSE, DUPLICATE_SAME_ACCESS) &&
           GetLastError() == ERROR_ACCESS_DENIED, "without the right: %lu", GetLastError());
    CloseHandle(own);
    CloseHandle(file);
    CloseHandle(info.hThread);
    CloseHandle(other);
}

CONFORMANCE("process_duplicate", test_duplicate)
