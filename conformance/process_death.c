/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What other processes see of one that is terminated in the middle of something: objects that it waited for,
 * took, set and had locked at that moment stay whole, and no wake-up is lost on the dead.
 *
 * Sources: [D] Microsoft's page on TerminateProcess ("the process object is signalled … all threads are terminated"),
 * "Terminating a process"; mutexes as in process_mutex.c.
 */
#define CONFORMANCE_CHILD(argc, argv) child(argc, argv)
static int child(int argc, char **argv);

#include "conformance.h"

#define KILLS 40

static HANDLE handle_of(const char *text)
{
    return (HANDLE)(ULONG_PTR)strtoull(text, NULL, 16);
}

struct objects {
    HANDLE there, event, mutex, semaphore, manual;
};

static int child_wait(const struct objects *objects, HANDLE what)
{
    SetEvent(objects->there);
    return WaitForSingleObject(what, 30000) == WAIT_OBJECT_0 ? 7 : 8;
}

/* Without a pause, so that it is killed at any place. */
static int child_busy(const struct objects *objects)
{
    HANDLE both[] = {objects->mutex, objects->semaphore};

    SetEvent(objects->there);
    for (;;) {
        LONG previous;

        SetEvent(objects->event);
        WaitForSingleObject(objects->event, 0);
        SetEvent(objects->manual);
        ResetEvent(objects->manual);
        if (WaitForMultipleObjects(2, both, TRUE, 1000) != WAIT_OBJECT_0)
            return 9;
        ReleaseSemaphore(objects->semaphore, 1, &previous);
        ReleaseMutex(objects->mutex);
    }
}

/* A third process: opens the other by its id, waits for its end, and tells whether the exit code is the one it
 * was told. */
static int child_look(const struct objects *objects, DWORD pid, DWORD expected)
{
    HANDLE other = OpenProcess(SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid);
    DWORD code = 0xdeadbeef;

    if (!other || !GetExitCodeProcess(other, &code) || code != STILL_ACTIVE)
        return 10;
    SetEvent(objects->there);
    if (WaitForSingleObject(other, 30000) || !GetExitCodeProcess(other, &code))
        return 11;
    return code == expected ? 0 : 12;
}

static int child(int argc, char **argv)
{
    struct objects objects;

    if (argc < 8)
        return 1;
    objects = (struct objects){handle_of(argv[3]), handle_of(argv[4]), handle_of(argv[5]),
                               handle_of(argv[6]), handle_of(argv[7])};
    if (!strcmp(argv[2], "event"))
        return child_wait(&objects, objects.event);
    if (!strcmp(argv[2], "code"))
        return child_wait(&objects, objects.manual) == 7 ? 0x12345678 : 1;
    if (!strncmp(argv[2], "look,", 5)) {
        char *comma = strrchr(argv[2], ',');

        return child_look(&objects, strtoul(argv[2] + 5, NULL, 10), strtoul(comma + 1, NULL, 16));
    }
    if (!strcmp(argv[2], "semaphore"))
        return child_wait(&objects, objects.semaphore);
    return child_busy(&objects);
}

static void make(struct objects *objects)
{
    SECURITY_ATTRIBUTES inherit = {sizeof(inherit), NULL, TRUE};

    objects->there = CreateEventA(&inherit, FALSE, FALSE, NULL);
    objects->event = CreateEventA(&inherit, FALSE, FALSE, NULL);
    objects->mutex = CreateMutexA(&inherit, FALSE, NULL);
    objects->semaphore = CreateSemaphoreA(&inherit, 0, 10, NULL);
    objects->manual = CreateEventA(&inherit, TRUE, FALSE, NULL);
}

static void clear(struct objects *objects)
{
    CloseHandle(objects->there);
    CloseHandle(objects->event);
    CloseHandle(objects->mutex);
    CloseHandle(objects->semaphore);
    CloseHandle(objects->manual);
}

static BOOL start(PROCESS_INFORMATION *info, const char *task, const struct objects *objects)
{
    STARTUPINFOA startup = {.cb = sizeof(startup)};
    char path[MAX_PATH], command[1024];

    GetModuleFileNameA(NULL, path, sizeof(path));
    snprintf(command, sizeof(command), "\"%s\" --child %s %llx %llx %llx %llx %llx", path, task,
             (ULONG_PTR)objects->there, (ULONG_PTR)objects->event, (ULONG_PTR)objects->mutex,
             (ULONG_PTR)objects->semaphore, (ULONG_PTR)objects->manual);
    return CreateProcessA(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, info) &&
           WaitForSingleObject(objects->there, 30000) == WAIT_OBJECT_0;
}

static void kill_it(PROCESS_INFORMATION *info)
{
    DWORD code = 0xdeadbeef;

    ok(TerminateProcess(info->hProcess, 0x87654321), "TerminateProcess: %lu", GetLastError());
    ok(!WaitForSingleObject(info->hProcess, 30000), "it does not end");
    ok(GetExitCodeProcess(info->hProcess, &code) && code == 0x87654321, "exit code %lx", code);
    CloseHandle(info->hProcess);
    CloseHandle(info->hThread);
}

static DWORD WINAPI wait_for(void *object)
{
    return WaitForSingleObject(object, 20000);
}

/* A process dies in a wait. The next SetEvent and ReleaseSemaphore are for the living: for who comes later, and for
 * who waits beside it. */
static void test_waiters(void)
{
    for (int way = 0; way < 4; way++) {
        struct objects objects;
        PROCESS_INFORMATION info;
        HANDLE thread = NULL, object;
        LONG previous = -1;
        DWORD code = 0xdeadbeef;

        make(&objects);
        object = way & 1 ? objects.semaphore : objects.event;
        if (!ok(start(&info, way & 1 ? "semaphore" : "event", &objects), "starting: %lu",
                GetLastError()))
            return;
        Sleep(20); /* mostly it waits by now; the outcome must be the same when it does not */
        if (way & 2)
            thread = CreateThread(NULL, 0, wait_for, object, 0, NULL);
        kill_it(&info);
        if (way & 1)
            ok(ReleaseSemaphore(object, 1, &previous) && previous == 0, "the count was %ld", previous);
        else
            ok(SetEvent(object), "SetEvent: %lu", GetLastError());
        if (thread) {
            ok(!WaitForSingleObject(thread, 30000) && GetExitCodeThread(thread, &code) && !code,
               "the waiter beside it");
            CloseHandle(thread);
        } else {
            ok(WaitForSingleObject(object, 0) == WAIT_OBJECT_0, "way %d: it went to the dead", way);
        }
        ok(WaitForSingleObject(object, 0) == WAIT_TIMEOUT, "way %d: it is still set", way);
        clear(&objects);
    }
}

/* A process dies while it uses objects without a pause, with whatever it had locked. */
static void test_busy(void)
{
    struct objects objects;
    int abandoned = 0;

    make(&objects);
    for (int i = 0; i < KILLS; i++) {
        PROCESS_INFORMATION info;
        LONG previous = -1;
        DWORD result;

        while (WaitForSingleObject(objects.semaphore, 0) == WAIT_OBJECT_0)
            ;
        ReleaseSemaphore(objects.semaphore, 1, NULL);
        if (!ok(start(&info, "busy", &objects), "starting: %lu", GetLastError()))
            return;
        for (volatile int spin = (i * 7919) % 20011 * 8; spin > 0; spin--)
            ;
        kill_it(&info);
        result = WaitForSingleObject(objects.mutex, 10000);
        abandoned += result == WAIT_ABANDONED;
        ok(result == WAIT_OBJECT_0 || result == WAIT_ABANDONED, "kill %d: the mutex: %lx", i, result);
        ok(ReleaseMutex(objects.mutex), "kill %d: ReleaseMutex: %lu", i, GetLastError());
        /* The two were taken together. When the semaphore's one is not there, the process had it at its end. */
        result = WaitForSingleObject(objects.semaphore, 0);
        ok(result == WAIT_OBJECT_0 || result == WAIT_TIMEOUT, "kill %d: the semaphore: %lx", i, result);
        ok(ReleaseSemaphore(objects.semaphore, 1, &previous) && previous == 0,
           "kill %d: the count was %ld", i, previous);
        SetEvent(objects.event);
        ok(WaitForSingleObject(objects.event, 0) == WAIT_OBJECT_0, "kill %d: the event", i);
        SetEvent(objects.manual);
        ok(WaitForSingleObject(objects.manual, 0) == WAIT_OBJECT_0, "kill %d: the manual event", i);
        ResetEvent(objects.manual);
    }
    trace("abandoned %d times of %d", abandoned, KILLS);
    clear(&objects);
}

/* [D] GetExitCodeProcess: all 32 bits, for whoever has a handle; by its own end and by force. */
static void test_third_party(void)
{
    for (int by_force = 0; by_force < 2; by_force++) {
        PROCESS_INFORMATION info, third;
        struct objects objects;
        DWORD code = 0xdeadbeef;
        char task[64];

        make(&objects);
        if (!ok(start(&info, "code", &objects), "starting: %lu", GetLastError()))
            return;
        snprintf(task, sizeof(task), "look,%lu,%x", info.dwProcessId, by_force ? 0x87654321 : 0x12345678);
        ok(start(&third, task, &objects), "the third: %lu", GetLastError());
        if (by_force) {
            kill_it(&info);
        } else {
            SetEvent(objects.manual);
            ok(!WaitForSingleObject(info.hProcess, 30000), "it does not end");
            ok(GetExitCodeProcess(info.hProcess, &code) && code == 0x12345678, "exit code %lx", code);
            CloseHandle(info.hProcess);
            CloseHandle(info.hThread);
        }
        ok(!WaitForSingleObject(third.hProcess, 30000), "the third does not end");
        GetExitCodeProcess(third.hProcess, &code);
        ok(code == 0, "the third says %lu", code);
        CloseHandle(third.hProcess);
        CloseHandle(third.hThread);
        clear(&objects);
    }
}

CONFORMANCE("process_death", test_waiters, test_busy, test_third_party)
