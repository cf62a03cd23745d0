/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Mutexes whose owner is gone: by the end of its thread or process, by force, and by the close of the last
 * handle.
 *
 * Sources: [D] Microsoft's pages on WaitForSingleObject ("WAIT_ABANDONED: the specified object is a mutex … not released by
 * the thread that owned the mutex before the owning thread terminated"), WaitForMultipleObjects, CreateMutex;
 * [T] Wine's kernel32/tests/sync.c test_abandoned_mutex, which pass on Windows.
 */
#define CONFORMANCE_CHILD(argc, argv) child(argc, argv)
static int child(int argc, char **argv);

#include "conformance.h"

static char unique[64];

static const char *name_of(const char *format)
{
    static char text[4][128];
    static int next;
    char *at = text[next++ % 4];

    snprintf(at, sizeof(text[0]), format, unique);
    return at;
}

static HANDLE handle_of(const char *text)
{
    return (HANDLE)(ULONG_PTR)strtoull(text, NULL, 16);
}

/* A round takes a microsecond, on hosts that ask a server each time fifty. */
#define ROUNDS (is_decant() ? 500000 : 5000)

/* Takes both mutexes at once, again and again; `counter` is theirs. */
static int take_both(HANDLE first, HANDLE second, volatile LONG *counter)
{
    HANDLE both[] = {first, second};

    for (int i = 0; i < ROUNDS; i++) {
        if (WaitForMultipleObjects(2, both, TRUE, 20000) != WAIT_OBJECT_0)
            return 4;
        (*counter)++;
        if (!ReleaseMutex(first) || !ReleaseMutex(second))
            return 5;
    }
    return 0;
}

static int child_both(void)
{
    HANDLE mine = CreateMutexA(NULL, FALSE, name_of("%s of the child"));
    HANDLE theirs = OpenMutexA(SYNCHRONIZE | MUTEX_MODIFY_STATE, FALSE, name_of("%s mutex"));
    HANDLE there = OpenEventA(EVENT_ALL_ACCESS, FALSE, name_of("%s there"));
    HANDLE go = OpenEventA(SYNCHRONIZE, FALSE, name_of("%s go"));
    LONG *counter = MapViewOfFile(OpenFileMappingA(FILE_MAP_ALL_ACCESS, FALSE, name_of("%s counter")),
                                  FILE_MAP_ALL_ACCESS, 0, 0, 0);

    if (!mine || !theirs || !there || !go || !counter)
        return 2;
    SetEvent(there);
    return WaitForSingleObject(go, 30000) ? 3 : take_both(theirs, mine, counter);
}

/* --- What the end of a process finds: asked in its last breath --- */

static HANDLE last_mutex, last_thread;

static DWORD WINAPI own_and_stay(void *there)
{
    if (WaitForSingleObject(last_mutex, 1000))
        return 1;
    SetEvent(there);
    Sleep(INFINITE);
    return 0;
}

static LONG *last_word; /* in the parent's memory: which step was reached */

/* As DllMain is called: at DLL_PROCESS_DETACH the other threads have ended. */
static void NTAPI at_the_end(void *module, DWORD reason, void *reserved)
{
    DWORD code = 0xdeadbeef;

    (void)module, (void)reserved;
    if (reason != DLL_PROCESS_DETACH || !last_thread)
        return;
    *last_word = 1;
    if (WaitForSingleObject(last_thread, 5000) != WAIT_OBJECT_0)
        return;
    *last_word = 2;
    if (!GetExitCodeThread(last_thread, &code) || code != 55)
        return;
    *last_word = 3;
    if (WaitForSingleObject(last_mutex, 5000) != WAIT_ABANDONED)
        return;
    *last_word = 4;
}
static void(NTAPI *const tls_callback)(void *, DWORD, void *)
    __attribute__((section(".CRT$XLY"), used)) = at_the_end;

static int child_end(void)
{
    HANDLE there = CreateEventA(NULL, TRUE, FALSE, NULL);

    last_word = MapViewOfFile(OpenFileMappingA(FILE_MAP_ALL_ACCESS, FALSE, name_of("%s word")),
                              FILE_MAP_ALL_ACCESS, 0, 0, 0);
    last_mutex = CreateMutexA(NULL, FALSE, NULL);
    last_thread = CreateThread(NULL, 0, own_and_stay, there, 0, NULL);
    if (!last_word || WaitForSingleObject(there, 10000))
        return 10;
    ExitProcess(55);
}

/* Takes the mutex (by name, or inherited), says so, and waits for `go` or for its end. */
static int child(int argc, char **argv)
{
    HANDLE mutex, there, go;

    if (argc < 5)
        return 1;
    snprintf(unique, sizeof(unique), "%s", argv[3]);
    if (!strcmp(argv[2], "both"))
        return child_both();
    if (!strcmp(argv[2], "end"))
        return child_end();
    mutex = strcmp(argv[4], "0") ? handle_of(argv[4])
                                 : OpenMutexA(SYNCHRONIZE | MUTEX_MODIFY_STATE, FALSE,
                                              name_of("%s mutex"));
    there = OpenEventA(EVENT_ALL_ACCESS, FALSE, name_of("%s there"));
    go = OpenEventA(SYNCHRONIZE, FALSE, name_of("%s go"));
    if (!mutex || !there || !go || WaitForSingleObject(mutex, 30000) ||
        WaitForSingleObject(mutex, 0)) /* twice: recursion is given up as well */
        return 2;
    if (!strcmp(argv[2], "close"))
        CloseHandle(mutex); /* owned on: another process has a handle */
    SetEvent(there);
    return WaitForSingleObject(go, 30000) ? 3 : 0;
}

struct scene {
    HANDLE mutex, there, go;
    PROCESS_INFORMATION info;
};

/* A child that owns the mutex. */
static BOOL set(struct scene *scene, const char *task, BOOL by_name)
{
    SECURITY_ATTRIBUTES inherit = {sizeof(inherit), NULL, TRUE};
    STARTUPINFOA startup = {.cb = sizeof(startup)};
    char path[MAX_PATH], command[1024];

    if (strcmp(task, "both"))
        snprintf(unique, sizeof(unique), "decant-%lx-%lx", GetCurrentProcessId(), GetTickCount());
    scene->mutex = CreateMutexA(&inherit, FALSE, by_name ? name_of("%s mutex") : NULL);
    scene->there = CreateEventA(NULL, TRUE, FALSE, name_of("%s there"));
    scene->go = CreateEventA(NULL, TRUE, FALSE, name_of("%s go"));
    GetModuleFileNameA(NULL, path, sizeof(path));
    snprintf(command, sizeof(command), "\"%s\" --child %s %s %llx", path, task, unique,
             by_name ? 0ull : (unsigned long long)(ULONG_PTR)scene->mutex);
    if (!ok(CreateProcessA(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &scene->info),
            "CreateProcess: %lu", GetLastError()))
        return FALSE;
    ok(!WaitForSingleObject(scene->there, 30000), "the child does not come");
    if (strcmp(task, "both"))
        ok(WaitForSingleObject(scene->mutex, 0) == WAIT_TIMEOUT, "the child does not own the mutex");
    return TRUE;
}

static void clear(struct scene *scene)
{
    CloseHandle(scene->mutex);
    CloseHandle(scene->there);
    CloseHandle(scene->go);
    CloseHandle(scene->info.hProcess);
    CloseHandle(scene->info.hThread);
}

/* Abandoned once; then an ordinary mutex that we own. */
static void check_abandoned(int line, HANDLE mutex, DWORD timeout)
{
    DWORD result = WaitForSingleObject(mutex, timeout);

    conformance_ok(line, result == WAIT_ABANDONED, "the first wait answers %lx", result);
    conformance_ok(line, WaitForSingleObject(mutex, 0) == WAIT_OBJECT_0, "the second wait");
    conformance_ok(line, ReleaseMutex(mutex) && ReleaseMutex(mutex), "ReleaseMutex: %lu",
                   GetLastError());
    SetLastError(0xdeadbeef);
    conformance_ok(line, !ReleaseMutex(mutex) && GetLastError() == ERROR_NOT_OWNER,
                   "a third release: %lu", GetLastError());
}

/* [D] By the child's return from main, by TerminateProcess; by name and inherited. When the process object is
 * signalled its threads have ended, so the mutex is abandoned already. */
static void test_process_end(void)
{
    for (int way = 0; way < 4; way++) {
        struct scene scene;

        if (!set(&scene, "hold", way & 1))
            return;
        if (way & 2)
            TerminateProcess(scene.info.hProcess, 99);
        else
            SetEvent(scene.go);
        ok(!WaitForSingleObject(scene.info.hProcess, 30000), "the child's end");
        check_abandoned(__LINE__, scene.mutex, 0);
        clear(&scene);
    }
}

static DWORD WINAPI wait_for(void *mutex)
{
    DWORD result = WaitForSingleObject(mutex, 30000);

    if (result == WAIT_ABANDONED || result == WAIT_OBJECT_0)
        ReleaseMutex(mutex);
    return result;
}

/* [D] A waiter is woken by the abandonment; of two, one is told and the other gets the mutex in good order. */
static void test_waiters(void)
{
    struct scene scene;
    HANDLE threads[2];
    DWORD results[2] = {0};

    if (!set(&scene, "hold", TRUE))
        return;
    for (int i = 0; i < 2; i++)
        threads[i] = CreateThread(NULL, 0, wait_for, scene.mutex, 0, NULL);
    TerminateProcess(scene.info.hProcess, 99);
    ok(WaitForMultipleObjects(2, threads, TRUE, 30000) == WAIT_OBJECT_0, "the waiters hang");
    for (int i = 0; i < 2; i++) {
        GetExitCodeThread(threads[i], &results[i]);
        CloseHandle(threads[i]);
    }
    ok((results[0] == WAIT_ABANDONED && results[1] == WAIT_OBJECT_0) ||
           (results[1] == WAIT_ABANDONED && results[0] == WAIT_OBJECT_0),
       "the waiters got %lx and %lx", results[0], results[1]);
    clear(&scene);
}

/* [D] WaitForMultipleObjects: WAIT_ABANDONED_0 for all when at least one is an abandoned mutex, + index for any. */
static void test_multiple(void)
{
    for (int all = 0; all < 2; all++) {
        HANDLE event = CreateEventA(NULL, TRUE, all, NULL), objects[2];
        struct scene scene;
        DWORD result;

        if (!set(&scene, "hold", TRUE))
            return;
        objects[0] = event;
        objects[1] = scene.mutex;
        ok(WaitForMultipleObjects(2, objects, all, 0) == WAIT_TIMEOUT, "the wait is over early");
        TerminateProcess(scene.info.hProcess, 99);
        result = WaitForMultipleObjects(2, objects, all, 30000);
        ok(result == (all ? WAIT_ABANDONED_0 : WAIT_ABANDONED_0 + 1), "all %d: %lx", all, result);
        ok(ReleaseMutex(scene.mutex), "ReleaseMutex: %lu", GetLastError());
        ok(WaitForSingleObject(scene.mutex, 0) == WAIT_OBJECT_0, "it stays abandoned");
        ReleaseMutex(scene.mutex);
        CloseHandle(event);
        clear(&scene);
    }
}

/* The owner closed its handle and lives on: it still owns the mutex, until its end. [T] */
static void test_closed_by_owner(void)
{
    struct scene scene;

    if (!set(&scene, "close", TRUE))
        return;
    ok(WaitForSingleObject(scene.mutex, 0) == WAIT_TIMEOUT, "the owner's close let it go");
    SetEvent(scene.go);
    ok(!WaitForSingleObject(scene.info.hProcess, 30000), "the child's end");
    check_abandoned(__LINE__, scene.mutex, 0);
    clear(&scene);
}

static DWORD WINAPI own(void *mutex)
{
    return WaitForSingleObject(mutex, 30000);
}

/* [T] test_abandoned_mutex: by the end of a thread of our own, with a named mutex that another process made. */
static void test_thread_end(void)
{
    struct scene scene;
    HANDLE thread;

    if (!set(&scene, "hold", TRUE))
        return;
    SetEvent(scene.go);
    ok(!WaitForSingleObject(scene.info.hProcess, 30000), "the child's end");
    check_abandoned(__LINE__, scene.mutex, 0);
    for (int i = 0; i < 2; i++) {
        thread = CreateThread(NULL, 0, own, scene.mutex, 0, NULL);
        ok(!WaitForSingleObject(thread, 30000), "the thread");
        CloseHandle(thread);
        check_abandoned(__LINE__, scene.mutex, 0);
    }
    clear(&scene);
}

/* [D] WaitForMultipleObjects for all is atomic, also between two processes of which each made one of the two
 * mutexes: they exclude each other, and neither hangs. */
static void test_both(void)
{
    struct scene scene;
    HANDLE section, theirs;
    LONG *counter;
    DWORD code = 0xdeadbeef;
    int result;

    snprintf(unique, sizeof(unique), "decant-%lx-%lx", GetCurrentProcessId(), GetTickCount());
    section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 4096,
                                 name_of("%s counter"));
    counter = MapViewOfFile(section, FILE_MAP_ALL_ACCESS, 0, 0, 0);
    if (!set(&scene, "both", TRUE))
        return;
    theirs = OpenMutexA(SYNCHRONIZE | MUTEX_MODIFY_STATE, FALSE, name_of("%s of the child"));
    ok(theirs && counter, "opening: %lu", GetLastError());
    SetEvent(scene.go);
    result = take_both(scene.mutex, theirs, counter);
    ok(result == 0, "take_both: %d, error %lu", result, GetLastError());
    ok(!WaitForSingleObject(scene.info.hProcess, 30000), "the child hangs");
    GetExitCodeProcess(scene.info.hProcess, &code);
    ok(code == 0, "the child ended with %lu", code);
    ok(*counter == 2 * ROUNDS, "%ld of %d rounds were counted", *counter, 2 * ROUNDS);
    UnmapViewOfFile(counter);
    CloseHandle(section);
    CloseHandle(theirs);
    clear(&scene);
}

/* [D] ExitProcess: the other threads end and are signalled before the entry points are called with
 * DLL_PROCESS_DETACH; so their mutexes are abandoned by then. */
static void test_last_breath(void)
{
    STARTUPINFOA startup = {.cb = sizeof(startup)};
    char path[MAX_PATH], command[1024];
    PROCESS_INFORMATION info;
    DWORD code = 0xdeadbeef;
    HANDLE section;
    LONG *word;

    if (is_wine()) {
        skip("Wine does not call a program's TLS callback at its end");
        return;
    }
    snprintf(unique, sizeof(unique), "decant-%lx-%lx", GetCurrentProcessId(), GetTickCount());
    section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 4096, name_of("%s word"));
    word = MapViewOfFile(section, FILE_MAP_ALL_ACCESS, 0, 0, 0);
    GetModuleFileNameA(NULL, path, sizeof(path));
    snprintf(command, sizeof(command), "\"%s\" --child end %s 0", path, unique);
    ok(CreateProcessA(NULL, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &info),
       "CreateProcess: %lu", GetLastError());
    ok(!WaitForSingleObject(info.hProcess, 30000), "the child hangs");
    GetExitCodeProcess(info.hProcess, &code);
    ok(code == 55, "the child ended with %lu", code);
    ok(*word == 4, "it came to step %ld: 1 called, 2 thread signalled, 3 its exit code, 4 abandoned", *word);
    UnmapViewOfFile(word);
    CloseHandle(section);
    CloseHandle(info.hProcess);
    CloseHandle(info.hThread);
}

static HANDLE last_handle;

static DWORD WINAPI wait_without_handle(void *started)
{
    SetEvent(started);
    return WaitForSingleObject(last_handle, 20000);
}

/* The last handle of an owned mutex is closed while a thread waits on it: the waiter is told at once
 * (https://bugs.winehq.org/show_bug.cgi?id=60417: on Windows within a millisecond; Wine waits for ever). */
static void test_last_close(void)
{
    HANDLE started = CreateEventA(NULL, TRUE, FALSE, NULL), thread;
    DWORD result = 0xdeadbeef;

    if (is_wine()) {
        skip("Wine does not let the waiter go");
        return;
    }
    last_handle = CreateMutexA(NULL, TRUE, NULL);
    thread = CreateThread(NULL, 0, wait_without_handle, started, 0, NULL);
    ok(!WaitForSingleObject(started, 10000), "the thread");
    Sleep(50); /* let it get into its wait; if it does not, it finds a closed handle: WAIT_FAILED */
    CloseHandle(last_handle);
    ok(!WaitForSingleObject(thread, 30000), "the waiter hangs");
    GetExitCodeThread(thread, &result);
    ok(result == WAIT_ABANDONED || result == WAIT_FAILED, "the waiter got %lx", result);
    CloseHandle(thread);
    CloseHandle(started);
}

CONFORMANCE("process_mutex", test_process_end, test_waiters, test_multiple, test_closed_by_owner,
            test_thread_end, test_both, test_last_breath, test_last_close)
