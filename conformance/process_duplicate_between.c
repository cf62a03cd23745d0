/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * DuplicateHandle out of another process while it lives on, closing a handle there, and between two others.
 *
 * Sources: DuplicateHandle's page in Microsoft's documentation; dlls/kernel32/tests/process.c (test_DuplicateHandle)
 * of Wine, whose checks pass on Windows.
 */
#define CONFORMANCE_CHILD child
static int child(int argc, char **argv);
#include "conformance.h"
#include "conformance_child.h"

/* The child takes commands: a letter and a handle, and answers with a number. */
struct command {
    char what;
    ULONG64 handle;
};

static int child(int argc, char **argv)
{
    struct command command;
    HANDLE handles[4];
    DWORD got, flags;
    LONG64 answer;

    (void)argc, (void)argv;
    handles[0] = CreateEventA(NULL, TRUE, FALSE, NULL);
    handles[1] = CreateSemaphoreA(NULL, 2, 5, NULL);
    handles[2] = CreateMutexA(NULL, FALSE, NULL);
    handles[3] = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x10000, NULL);
    child_say(handles, sizeof(handles));
    child_say("!", 1);
    while (ReadFile(GetStdHandle(STD_INPUT_HANDLE), &command, sizeof(command), &got, NULL) &&
           got == sizeof(command)) {
        HANDLE handle = (HANDLE)(ULONG_PTR)command.handle;
        volatile LONG *memory;

        answer = -1;
        switch (command.what) {
        case 's': /* set an event */
            answer = SetEvent(handle);
            break;
        case 'w': /* wait without waiting */
            answer = WaitForSingleObject(handle, 0);
            break;
        case 'r': /* what a mapping holds */
            memory = MapViewOfFile(handle, FILE_MAP_READ, 0, 0, 0);
            answer = memory ? *memory : -1;
            UnmapViewOfFile((void *)memory);
            break;
        case 'i': /* is it a handle, with what flags */
            answer = GetHandleInformation(handle, &flags) ? (LONG)flags : -1;
            break;
        case 't': /* end the process */
            answer = TerminateProcess(handle, 0x77);
            break;
        }
        child_say(&answer, sizeof(answer));
    }
    return 0;
}

static HANDLE theirs[4];

static struct child start(void)
{
    struct child other = child_start_flags("x", CREATE_SUSPENDED);
    char ready = 0;

    ResumeThread(other.thread);
    ok(child_read(&other, theirs, sizeof(theirs)) && child_read(&other, &ready, 1) && ready == '!',
       "the child does not start");
    return other;
}

static LONG64 ask(struct child *other, char what, HANDLE handle)
{
    struct command command;
    LONG64 answer = -2;
    DWORD done;

    memset(&command, 0, sizeof(command));
    command.what = what;
    command.handle = (ULONG_PTR)handle;
    ok(WriteFile(other->hold, &command, sizeof(command), &done, NULL), "the child is gone");
    ok(child_read(other, &answer, sizeof(answer)), "no answer");
    return answer;
}

static void test_out(void)
{
    struct child other = start();
    HANDLE event = NULL, semaphore = NULL, mutex = NULL, section = NULL, process = NULL;
    volatile LONG *memory;
    LONG previous = -1;
    LONG64 answer;

    ok(DuplicateHandle(other.process, theirs[0], GetCurrentProcess(), &event, 0, FALSE,
                       DUPLICATE_SAME_ACCESS),
       "an event: error %lu", GetLastError());
    ok(SetEvent(event), "SetEvent: error %lu", GetLastError());
    answer = ask(&other, 'w', theirs[0]);
    ok(answer == WAIT_OBJECT_0, "it is set there: %lld", answer);
    ok(DuplicateHandle(other.process, theirs[1], GetCurrentProcess(), &semaphore, 0, FALSE,
                       DUPLICATE_SAME_ACCESS),
       "a semaphore: error %lu", GetLastError());
    ok(ReleaseSemaphore(semaphore, 1, &previous) && previous == 2, "its count was %ld", previous);
    ok(DuplicateHandle(other.process, theirs[2], GetCurrentProcess(), &mutex, 0, FALSE,
                       DUPLICATE_SAME_ACCESS),
       "a mutex: error %lu", GetLastError());
    ok(WaitForSingleObject(mutex, 0) == WAIT_OBJECT_0, "the mutex is not free");
    answer = ask(&other, 'w', theirs[2]);
    ok(answer == WAIT_TIMEOUT, "it is ours, but there: %lld", answer);
    ok(ReleaseMutex(mutex), "ReleaseMutex: error %lu", GetLastError());
    ok(DuplicateHandle(other.process, theirs[3], GetCurrentProcess(), &section, 0, FALSE,
                       DUPLICATE_SAME_ACCESS),
       "a mapping: error %lu", GetLastError());
    memory = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
    ok(memory != NULL, "MapViewOfFile: error %lu", GetLastError());
    *memory = 815;
    answer = ask(&other, 'r', theirs[3]);
    ok(answer == 815, "it holds %lld there", answer);
    UnmapViewOfFile((void *)memory);

    /* Its own pseudo handle, taken there, is the process itself ("Process Security and Access Rights": who has
     * PROCESS_DUP_HANDLE can so get all access). */
    ok(DuplicateHandle(other.process, GetCurrentProcess(), GetCurrentProcess(), &process, 0, FALSE,
                       DUPLICATE_SAME_ACCESS),
       "its process: error %lu", GetLastError());
    todo_wine ok(GetProcessId(process) == other.id, "it is process %lu", GetProcessId(process));

    /* Closing a handle there: no target (documented with hTargetProcessHandle). */
    todo_wine ok(DuplicateHandle(other.process, theirs[1], NULL, NULL, 0, FALSE, DUPLICATE_CLOSE_SOURCE),
                 "closing it there: error %lu", GetLastError());
    answer = ask(&other, 'i', theirs[1]);
    todo_wine ok(answer == -1, "it is still there: %lld", answer);
    ok(ReleaseSemaphore(semaphore, 1, &previous) && previous == 3, "its count was %ld", previous);
    SetLastError(0xdeadbeef);
    todo_wine ok(!DuplicateHandle(other.process, theirs[1], GetCurrentProcess(), &event, 0, FALSE,
                                  DUPLICATE_SAME_ACCESS) &&
                     GetLastError() == ERROR_INVALID_HANDLE,
                 "a closed one: error %lu", GetLastError());
    CloseHandle(event);
    CloseHandle(semaphore);
    CloseHandle(mutex);
    CloseHandle(section);
    CloseHandle(process);
    ok(child_finish(&other) == 0, "exit code");
}

static void test_between(void)
{
    struct child first = start();
    HANDLE event = theirs[0], there = NULL;
    struct child second = start();
    LONG64 answer;

    ok(DuplicateHandle(first.process, event, second.process, &there, 0, FALSE,
                       DUPLICATE_SAME_ACCESS),
       "DuplicateHandle: error %lu", GetLastError());
    answer = ask(&second, 's', there);
    ok(answer == 1, "SetEvent in the second: %lld", answer);
    answer = ask(&first, 'w', event);
    ok(answer == WAIT_OBJECT_0, "the first sees %lld", answer);

    /* The second ends the first, with the handle it was given. */
    ok(DuplicateHandle(GetCurrentProcess(), first.process, second.process, &there, 0, FALSE,
                       DUPLICATE_SAME_ACCESS),
       "a process: error %lu", GetLastError());
    answer = ask(&second, 't', there);
    ok(answer == 1, "TerminateProcess: %lld", answer);
    ok(child_finish(&second) == 0, "exit code");
    answer = child_finish(&first);
    ok(answer == 0x77, "the first one's exit code %llx", answer);
}

CONFORMANCE("DuplicateHandle between processes", test_out, test_between)
