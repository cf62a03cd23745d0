/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Named objects between processes: open or create, collisions, kinds, name spaces, and how long a name lives.
 *
 * Sources: [D] Microsoft's pages on CreateEvent, CreateMutex, CreateSemaphore, CreateWaitableTimer,
 * CreateFileMapping and "Kernel object namespaces"; [T] Wine's kernel32/tests/sync.c, which pass on Windows.
 */
#define CONFORMANCE_CHILD(argc, argv) child(argc, argv)
static int child(int argc, char **argv);

#include "conformance.h"

static char unique[64]; /* in every name, so that runs do not meet */

static const char *name_of(const char *format)
{
    static char text[4][128];
    static int next;
    char *at = text[next++ % 4];

    snprintf(at, sizeof(text[0]), format, unique);
    return at;
}

static BOOL start(PROCESS_INFORMATION *info, const char *task)
{
    STARTUPINFOA startup = {.cb = sizeof(startup)};
    char path[MAX_PATH], command[1024];

    GetModuleFileNameA(NULL, path, sizeof(path));
    snprintf(command, sizeof(command), "\"%s\" --child %s %s", path, task, unique);
    return CreateProcessA(NULL, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, info);
}

static DWORD finish(PROCESS_INFORMATION *info)
{
    DWORD code = 0xdeadbeef;

    ok(WaitForSingleObject(info->hProcess, 30000) == WAIT_OBJECT_0, "the child hangs");
    GetExitCodeProcess(info->hProcess, &code);
    CloseHandle(info->hProcess);
    CloseHandle(info->hThread);
    return code;
}

/* Runs a task in a child; its exit code is the line at which it found something wrong, or 0. */
static void run(int line, const char *task)
{
    PROCESS_INFORMATION info;
    DWORD code;

    if (!conformance_ok(line, start(&info, task), "CreateProcess: %lu", GetLastError()))
        return;
    code = finish(&info);
    conformance_ok(line, code == 0, "the child found something wrong at its line %lu", code);
}
#define RUN(task) run(__LINE__, task)

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return __LINE__;                                                                       \
    } while (0)

static int child_events(void)
{
    HANDLE event = OpenEventA(EVENT_ALL_ACCESS, FALSE, name_of("%s event")), again;

    CHECK(event && WaitForSingleObject(event, 0) == WAIT_TIMEOUT);
    /* Open or create: the state and the kind are those of the existing one. */
    SetLastError(0xdeadbeef);
    again = CreateEventA(NULL, FALSE, TRUE, name_of("%s event"));
    CHECK(again && GetLastError() == ERROR_ALREADY_EXISTS);
    CHECK(WaitForSingleObject(again, 0) == WAIT_TIMEOUT);
    SetEvent(event);
    CHECK(!WaitForSingleObject(again, 0) && !WaitForSingleObject(again, 0)); /* manual reset */
    CHECK(CloseHandle(event) && CloseHandle(again));
    /* The parent's handle keeps the name. */
    event = OpenEventA(SYNCHRONIZE, FALSE, name_of("%s event"));
    CHECK(event);
    CHECK(!SetEvent(event) && GetLastError() == ERROR_ACCESS_DENIED);
    return 0;
}

static int child_kinds(void)
{
    HANDLE semaphore = OpenSemaphoreA(SEMAPHORE_ALL_ACCESS, FALSE, name_of("%s semaphore"));
    HANDLE timer = OpenWaitableTimerA(TIMER_ALL_ACCESS, FALSE, name_of("%s timer"));
    HANDLE mapping = OpenFileMappingA(FILE_MAP_ALL_ACCESS, FALSE, name_of("%s mapping"));
    HANDLE file = OpenFileMappingA(FILE_MAP_ALL_ACCESS, FALSE, name_of("%s file"));
    LARGE_INTEGER due = {.QuadPart = -10000};
    LONG previous = -1;
    char *view;

    CHECK(semaphore && timer && mapping && file);
    CHECK(!WaitForSingleObject(semaphore, 0) && ReleaseSemaphore(semaphore, 2, &previous));
    CHECK(previous == 0);
    CHECK(WaitForSingleObject(timer, 0) == WAIT_TIMEOUT);
    CHECK(SetWaitableTimer(timer, &due, 0, NULL, NULL, FALSE) && !WaitForSingleObject(timer, 10000));
    view = MapViewOfFile(mapping, FILE_MAP_ALL_ACCESS, 0, 0, 0);
    CHECK(view && !strcmp(view, "from the parent"));
    strcpy(view, "from the child");
    view = MapViewOfFile(file, FILE_MAP_ALL_ACCESS, 0, 0, 0);
    CHECK(view && !strcmp(view, "in the file"));
    strcpy(view, "by the child");
    return 0;
}

/* Makes an object that it alone has, and stays until it is told. */
static int child_owner(void)
{
    HANDLE mine = CreateEventA(NULL, TRUE, FALSE, name_of("%s of the child"));
    HANDLE there = OpenEventA(EVENT_ALL_ACCESS, FALSE, name_of("%s there"));
    HANDLE go = OpenEventA(SYNCHRONIZE, FALSE, name_of("%s go"));

    CHECK(mine && GetLastError() != ERROR_ALREADY_EXISTS && there && go);
    SetEvent(there);
    return WaitForSingleObject(go, 30000) ? __LINE__ : 0;
}

static int child_race(void)
{
    HANDLE start_event = OpenEventA(SYNCHRONIZE, FALSE, name_of("%s start"));
    HANDLE counter = OpenSemaphoreA(SEMAPHORE_ALL_ACCESS, FALSE, name_of("%s made"));
    HANDLE done = OpenSemaphoreA(SEMAPHORE_ALL_ACCESS, FALSE, name_of("%s done"));

    CHECK(start_event && counter && done && !WaitForSingleObject(start_event, 30000));
    for (int i = 0; i < 50; i++) {
        char name[160];

        snprintf(name, sizeof(name), "%s race %d", unique, i);
        CHECK(CreateMutexA(NULL, FALSE, name));
        if (GetLastError() != ERROR_ALREADY_EXISTS)
            CHECK(ReleaseSemaphore(counter, 1, NULL));
    }
    /* All stay until all have counted: a name must not become free in between. */
    CHECK(ReleaseSemaphore(done, 1, NULL));
    CHECK(!WaitForSingleObject(OpenEventA(SYNCHRONIZE, FALSE, name_of("%s end")), 30000));
    return 0;
}

static int child(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(void);
    } tasks[] = {{"events", child_events}, {"kinds", child_kinds}, {"owner", child_owner},
                 {"race", child_race}};

    snprintf(unique, sizeof(unique), "%s", argc > 3 ? argv[3] : "");
    for (size_t i = 0; i < sizeof(tasks) / sizeof(tasks[0]) && argc > 3; i++)
        if (!strcmp(argv[2], tasks[i].name))
            return tasks[i].run();
    return 1;
}

static void test_events(void)
{
    HANDLE event;

    snprintf(unique, sizeof(unique), "decant-%lx-%lx", GetCurrentProcessId(), GetTickCount());
    SetLastError(0xdeadbeef);
    event = CreateEventA(NULL, TRUE, FALSE, name_of("%s event"));
    ok(event && GetLastError() == 0, "CreateEvent: error %lu", GetLastError()); /* [T] */
    RUN("events");
    ok(WaitForSingleObject(event, 0) == WAIT_OBJECT_0, "the child's SetEvent is not seen");
    CloseHandle(event);
    SetLastError(0xdeadbeef);
    ok(!OpenEventA(EVENT_ALL_ACCESS, FALSE, name_of("%s event")) &&
           GetLastError() == ERROR_FILE_NOT_FOUND,
       "the name outlived its last handle: %lu", GetLastError());
}

static void test_kinds(void)
{
    HANDLE semaphore = CreateSemaphoreA(NULL, 1, 10, name_of("%s semaphore"));
    HANDLE timer = CreateWaitableTimerA(NULL, TRUE, name_of("%s timer"));
    HANDLE mapping = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 8192,
                                        name_of("%s mapping"));
    char folder[MAX_PATH], path[MAX_PATH], *view, *file_view;
    HANDLE file, file_mapping;

    GetTempPathA(sizeof(folder), folder);
    GetTempFileNameA(folder, "dec", 0, path);
    file = CreateFileA(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
                       FILE_FLAG_DELETE_ON_CLOSE, NULL);
    file_mapping = CreateFileMappingA(file, NULL, PAGE_READWRITE, 0, 4096, name_of("%s file"));
    view = MapViewOfFile(mapping, FILE_MAP_ALL_ACCESS, 0, 0, 0);
    file_view = MapViewOfFile(file_mapping, FILE_MAP_ALL_ACCESS, 0, 0, 0);
    ok(semaphore && timer && view && file_view, "creating: %lu", GetLastError());
    if (!view || !file_view)
        return;
    strcpy(view, "from the parent");
    strcpy(file_view, "in the file");
    RUN("kinds");
    ok(!strcmp(view, "from the child"), "the memory says \"%s\"", view);
    ok(!strcmp(file_view, "by the child"), "the file says \"%s\"", file_view);
    ok(!WaitForSingleObject(semaphore, 0) && !WaitForSingleObject(semaphore, 0) &&
           WaitForSingleObject(semaphore, 0) == WAIT_TIMEOUT, "the semaphore's count");
    ok(WaitForSingleObject(timer, 10000) == WAIT_OBJECT_0, "the timer that the child set");
    /* [D] CreateFileMapping: an existing one has its own size, whatever is asked for. */
    SetLastError(0xdeadbeef);
    ok(CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 4096,
                          name_of("%s mapping")) != NULL &&
           GetLastError() == ERROR_ALREADY_EXISTS,
       "the mapping's second creation: %lu", GetLastError());
    UnmapViewOfFile(view);
    UnmapViewOfFile(file_view);
    CloseHandle(semaphore);
    CloseHandle(timer);
    CloseHandle(mapping);
    CloseHandle(file_mapping);
    CloseHandle(file);
}

/* [D] "If the name matches … an existing [object of another kind], the function fails and GetLastError returns
 * ERROR_INVALID_HANDLE." [T] */
static void test_collision(void)
{
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, name_of("%s thing"));
    const char *name = name_of("%s thing");

#define REFUSED(call)                                                                              \
    do {                                                                                           \
        SetLastError(0xdeadbeef);                                                                  \
        ok(!(call) && GetLastError() == ERROR_INVALID_HANDLE, #call ": error %lu", GetLastError()); \
    } while (0)
    REFUSED(CreateMutexA(NULL, FALSE, name));
    REFUSED(CreateSemaphoreA(NULL, 1, 1, name));
    REFUSED(CreateWaitableTimerA(NULL, FALSE, name));
    REFUSED(CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 4096, name));
    REFUSED(CreateJobObjectA(NULL, name));
    REFUSED(OpenMutexA(SYNCHRONIZE, FALSE, name));
    REFUSED(OpenFileMappingA(FILE_MAP_READ, FALSE, name));
    CloseHandle(event);
    ok((event = CreateMutexA(NULL, FALSE, name)) != NULL, "the name is not free: %lu",
       GetLastError());
    CloseHandle(event);
}

/* [D] "Kernel object namespaces": Local\ is the session's own space, where names without a prefix lie; Global\ is
 * another one. Names differ in case; but for the prefixes, no backslash. */
static void test_spaces(void)
{
    HANDLE local = CreateEventA(NULL, FALSE, FALSE, name_of("%s place")), other;
    DWORD session = 0;
    char text[128];

    SetLastError(0xdeadbeef);
    other = OpenEventA(EVENT_ALL_ACCESS, FALSE, name_of("Local\\%s place"));
    ok(other != NULL, "Local\\ is not where names without a prefix are: %lu", GetLastError());
    CloseHandle(other);
    ProcessIdToSessionId(GetCurrentProcessId(), &session);
    if (session && !is_wine()) { /* in session 0 the two spaces are one; in Wine 8 they always are */
        SetLastError(0xdeadbeef);
        ok(!OpenEventA(EVENT_ALL_ACCESS, FALSE, name_of("Global\\%s place")) &&
               GetLastError() == ERROR_FILE_NOT_FOUND,
           "Global\\ has the session's name: %lu", GetLastError());
    }
    if (!is_wine()) { /* Wine 8 has no Session\ link */
        snprintf(text, sizeof(text), "Session\\%lu\\%s place", session, unique);
        SetLastError(0xdeadbeef);
        other = OpenEventA(EVENT_ALL_ACCESS, FALSE, text);
        ok(other != NULL, "%s: %lu", text, GetLastError());
        CloseHandle(other);
    }
    other = CreateEventA(NULL, FALSE, FALSE, name_of("Global\\%s wide"));
    ok(other != NULL, "a global name: %lu", GetLastError());
    CloseHandle(other);
    SetLastError(0xdeadbeef);
    ok(!OpenEventA(EVENT_ALL_ACCESS, FALSE, name_of("%s PLACE")) &&
           GetLastError() == ERROR_FILE_NOT_FOUND, "names differ in case: %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!CreateEventA(NULL, FALSE, FALSE, name_of("no such place\\%s")) &&
           GetLastError() == ERROR_PATH_NOT_FOUND, "a backslash in the name: %lu", GetLastError());
    CloseHandle(local);
}

/* [D] CloseHandle, "Object names": the name goes with the last handle. The child's end closes its handles. */
static void test_lifetime(void)
{
    HANDLE there = CreateEventA(NULL, TRUE, FALSE, name_of("%s there"));
    HANDLE go = CreateEventA(NULL, TRUE, FALSE, name_of("%s go")), mine, kept;
    PROCESS_INFORMATION info;
    DWORD code;

    for (int by_force = 0; by_force < 2; by_force++) {
        ResetEvent(there);
        ResetEvent(go);
        ok(start(&info, "owner"), "CreateProcess: %lu", GetLastError());
        ok(!WaitForSingleObject(there, 30000), "the child is not there");
        mine = OpenEventA(EVENT_ALL_ACCESS, FALSE, name_of("%s of the child"));
        ok(mine != NULL, "the child's event: %lu", GetLastError());
        if (by_force)
            TerminateProcess(info.hProcess, 7);
        else
            SetEvent(go);
        code = finish(&info);
        ok(code == (by_force ? 7u : 0u), "exit code %lu", code);
        kept = OpenEventA(EVENT_ALL_ACCESS, FALSE, name_of("%s of the child"));
        ok(kept != NULL, "our handle did not keep it: %lu", GetLastError());
        CloseHandle(kept);
        CloseHandle(mine);
        SetLastError(0xdeadbeef);
        ok(!OpenEventA(EVENT_ALL_ACCESS, FALSE, name_of("%s of the child")) &&
               GetLastError() == ERROR_FILE_NOT_FOUND, "the name is still there: %lu", GetLastError());
    }
    /* And when the child alone has it, by its end. */
    ResetEvent(there);
    ok(start(&info, "owner") && !WaitForSingleObject(there, 30000), "the third child");
    TerminateProcess(info.hProcess, 8);
    finish(&info);
    ok(!OpenEventA(EVENT_ALL_ACCESS, FALSE, name_of("%s of the child")), "it outlived its process");
    CloseHandle(there);
    CloseHandle(go);
}

/* Of several processes that create a name at one time, exactly one makes it. */
static void test_race(void)
{
    HANDLE start_event = CreateEventA(NULL, TRUE, FALSE, name_of("%s start"));
    HANDLE end_event = CreateEventA(NULL, TRUE, FALSE, name_of("%s end"));
    HANDLE made = CreateSemaphoreA(NULL, 0, 1000, name_of("%s made"));
    HANDLE done = CreateSemaphoreA(NULL, 0, 3, name_of("%s done"));
    PROCESS_INFORMATION info[3];
    int count = 0;

    for (int i = 0; i < 3; i++)
        ok(start(&info[i], "race"), "CreateProcess: %lu", GetLastError());
    SetEvent(start_event);
    for (int i = 0; i < 3; i++)
        ok(!WaitForSingleObject(done, 20000), "child %d does not come to its end", i);
    SetEvent(end_event);
    while (!WaitForSingleObject(made, 0))
        count++;
    for (int i = 0; i < 3; i++)
        ok(finish(&info[i]) == 0, "child %d", i);
    ok(count == 50, "%d names were made", count);
    CloseHandle(start_event);
    CloseHandle(end_event);
    CloseHandle(made);
    CloseHandle(done);
}

CONFORMANCE("process_names", test_events, test_kinds, test_collision, test_spaces, test_lifetime,
            test_race)
