/* SPDX-License-Identifier: LGPL-2.1-or-later
 * consoleapi.h: control events (Ctrl-C and the like), and which console a process has.
 *
 * The Linux side starts control_thread, in a thread of its own, for each event. The handlers are asked in the reverse order of
 * their setting, until one says that it has handled the event; else the process ends (HandlerRoutine's page). It ends
 * after CTRL_CLOSE_EVENT in any case, five seconds later at the latest.
 */
#include "console.h"

#define CLOSE_LIMIT_MS 5000
#define MAX_HANDLERS   64

/* RTL_USER_PROCESS_PARAMETERS.ConsoleFlags: Ctrl-C is ignored. Children inherit it. */
#define CONSOLE_IGNORE_CTRL_C 1

static PHANDLER_ROUTINE handlers[MAX_HANDLERS];
static unsigned handler_count;
static SRWLOCK handlers_lock = SRWLOCK_INIT;

static DWORD WINAPI end_after_limit(void *unused)
{
    LARGE_INTEGER time = {.QuadPart = -10000LL * CLOSE_LIMIT_MS};

    (void)unused;
    NtDelayExecution(FALSE, &time);
    TerminateProcess(GetCurrentProcess(), (UINT)STATUS_CONTROL_C_EXIT);
    return 0;
}

static DWORD WINAPI control_thread(void *argument)
{
    DWORD event = (DWORD)(ULONG_PTR)argument;
    PHANDLER_ROUTINE copy[MAX_HANDLERS];
    unsigned count;

    if (event == CTRL_C_EVENT &&
        NtCurrentTeb()->Peb->ProcessParameters->ConsoleFlags & CONSOLE_IGNORE_CTRL_C)
        return 0;
    if (event == CTRL_CLOSE_EVENT) {
        HANDLE thread = CreateThread(NULL, 0, end_after_limit, NULL, 0, NULL);

        if (thread)
            NtClose(thread);
    }
    /* A handler may set and remove handlers. */
    RtlAcquireSRWLockShared(&handlers_lock);
    count = handler_count;
    memcpy(copy, handlers, count * sizeof(*copy));
    RtlReleaseSRWLockShared(&handlers_lock);
    while (count--)
        if (copy[count](event)) {
            if (event != CTRL_CLOSE_EVENT)
                return 0;
            break;
        }
    ExitProcess((UINT)STATUS_CONTROL_C_EXIT);
    return 0;
}

static BOOL start_listening(void)
{
    uint64_t routine = (uint64_t)(ULONG_PTR)control_thread;
    ULONG bytes = sizeof(routine);

    return check_status(DecantConsole(NULL, DECANT_CONSOLE_SET_ROUTINE, &routine, &bytes));
}

BOOL WINAPI SetConsoleCtrlHandler(PHANDLER_ROUTINE routine, BOOL add)
{
    ULONG *flags = &NtCurrentTeb()->Peb->ProcessParameters->ConsoleFlags;
    BOOL done = FALSE;

    if (!routine) {
        if (add)
            *flags |= CONSOLE_IGNORE_CTRL_C;
        else
            *flags &= ~(ULONG)CONSOLE_IGNORE_CTRL_C;
        return !add || start_listening();
    }
    if (add && !start_listening())
        return FALSE;
    RtlAcquireSRWLockExclusive(&handlers_lock);
    if (add && handler_count < MAX_HANDLERS) {
        handlers[handler_count++] = routine;
        done = TRUE;
    }
    for (unsigned at = handler_count; !add && at-- && !done;) {
        if (handlers[at] == routine) {
            handler_count--;
            memmove(handlers + at, handlers + at + 1, (handler_count - at) * sizeof(*handlers));
            done = TRUE;
        }
    }
    RtlReleaseSRWLockExclusive(&handlers_lock);
    return done || set_error(add ? ERROR_NOT_ENOUGH_MEMORY : ERROR_INVALID_PARAMETER);
}

/* Ctrl-C cannot be sent to a group: with one it goes to nobody (documented). */
BOOL WINAPI GenerateConsoleCtrlEvent(DWORD event, DWORD group)
{
    uint32_t arguments[2] = {event, group};
    ULONG bytes = sizeof(arguments);

    if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT)
        return set_error(ERROR_INVALID_PARAMETER);
    if (event == CTRL_C_EVENT && group && group != GetCurrentProcessId())
        return TRUE;
    return check_status(DecantConsole(NULL, DECANT_CONSOLE_SEND_EVENT, arguments, &bytes));
}

/* --- Which console: the terminal that the process was started from, for ever --- */

BOOL WINAPI AllocConsole(void)
{
    return set_error(ERROR_ACCESS_DENIED); /* it has one */
}

BOOL WINAPI AttachConsole(DWORD process)
{
    (void)process;
    return set_error(ERROR_ACCESS_DENIED);
}

BOOL WINAPI FreeConsole(void)
{
    return TRUE;
}

DWORD WINAPI GetConsoleProcessList(DWORD *list, DWORD room)
{
    if (!list || !room) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return 0;
    }
    *list = GetCurrentProcessId();
    return 1;
}
