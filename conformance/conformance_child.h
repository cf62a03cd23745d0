/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A second process for the conformance programs: the program itself with "--child WHAT PIPE…". It does
 * what WHAT says, tells that it is ready, and waits until it is ended or its parent goes away.
 */
#ifndef DECANT_CONFORMANCE_CHILD_H
#define DECANT_CONFORMANCE_CHILD_H

#include "conformance.h"

struct child {
    HANDLE process, thread;
    DWORD id, thread_id;
    HANDLE said;    /* what the child writes to its standard output */
    HANDLE hold;    /* the child waits until this end is closed */
};

/* Everything that the child says comes through this, in order. */
static inline BOOL child_read(struct child *child, void *data, DWORD size)
{
    DWORD got;

    for (char *at = data; size; at += got, size -= got)
        if (!ReadFile(child->said, at, size, &got, NULL) || !got)
            return FALSE;
    return TRUE;
}

static inline struct child child_start_flags(const char *what, DWORD flags)
{
    SECURITY_ATTRIBUTES inherit = {sizeof(inherit), NULL, TRUE};
    STARTUPINFOA startup = {.cb = sizeof(startup), .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION info = {0};
    struct child child = {0};
    char path[MAX_PATH], command[2 * MAX_PATH], ready = 0;

    GetModuleFileNameA(NULL, path, sizeof(path));
    snprintf(command, sizeof(command), "\"%s\" --child %s", path, what);
    CreatePipe(&child.said, &startup.hStdOutput, &inherit, 0);
    CreatePipe(&startup.hStdInput, &child.hold, &inherit, 0);
    SetHandleInformation(child.said, HANDLE_FLAG_INHERIT, 0);
    SetHandleInformation(child.hold, HANDLE_FLAG_INHERIT, 0);
    startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    ok(CreateProcessA(NULL, command, NULL, NULL, TRUE, flags, NULL, NULL, &startup, &info),
       "CreateProcess: error %lu", GetLastError());
    CloseHandle(startup.hStdOutput);
    CloseHandle(startup.hStdInput);
    child.process = info.hProcess;
    child.thread = info.hThread;
    child.id = info.dwProcessId;
    child.thread_id = info.dwThreadId;
    if (!(flags & CREATE_SUSPENDED))
        ok(child_read(&child, &ready, 1) && ready == '!', "the child does not start");
    return child;
}

static inline struct child child_start(const char *what)
{
    return child_start_flags(what, 0);
}

/* Lets the child go, and answers its exit code. */
static inline DWORD child_finish(struct child *child)
{
    DWORD code = 0xdeadbeef;

    if (child->hold)
        CloseHandle(child->hold);
    child->hold = NULL;
    ok(WaitForSingleObject(child->process, 30000) == WAIT_OBJECT_0, "the child hangs");
    GetExitCodeProcess(child->process, &code);
    CloseHandle(child->process);
    CloseHandle(child->thread);
    CloseHandle(child->said);
    return code;
}

static inline void child_end(struct child *child)
{
    TerminateProcess(child->process, 0);
    child_finish(child);
}

/* --- In the child --- */

static inline void child_say(const void *data, DWORD size)
{
    DWORD done;

    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), data, size, &done, NULL);
}

/* Says that it is ready, and waits for the parent to let go. */
static inline int child_hold(void)
{
    DWORD got;
    char byte;

    child_say("!", 1);
    while (ReadFile(GetStdHandle(STD_INPUT_HANDLE), &byte, 1, &got, NULL) && got)
        ;
    return 0;
}

#endif
