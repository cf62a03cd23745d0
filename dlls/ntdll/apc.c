/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Alertable waits: the Linux side answers STATUS_USER_APC when the thread has APCs; they run here,
 * before the wait returns, as on Windows.
 */
#include "ntdll.h"

NTSTATUS WINAPI raw_NtWaitForSingleObject(HANDLE handle, BOOLEAN alertable,
                                          const LARGE_INTEGER *timeout);
NTSTATUS WINAPI raw_NtWaitForMultipleObjects(ULONG count, const HANDLE *handles, BOOLEAN any,
                                             BOOLEAN alertable, const LARGE_INTEGER *timeout);
NTSTATUS WINAPI raw_NtSignalAndWaitForSingleObject(HANDLE signal, HANDLE wait, BOOLEAN alertable,
                                                   const LARGE_INTEGER *timeout);
NTSTATUS WINAPI raw_NtDelayExecution(BOOLEAN alertable, const LARGE_INTEGER *timeout);
NTSTATUS WINAPI raw_NtRemoveIoCompletionEx(HANDLE port, FILE_IO_COMPLETION_INFORMATION *entries,
                                           ULONG count, ULONG *removed, LARGE_INTEGER *timeout,
                                           BOOLEAN alertable);

typedef void(WINAPI *apc_function)(ULONG_PTR arg1, ULONG_PTR arg2, ULONG_PTR arg3);

/* Runs all that are queued, those included that an APC queues. */
static void run_apcs(void)
{
    struct decant_apc apc;

    while (!DecantNextApc(&apc))
        ((apc_function)(ULONG_PTR)apc.routine)(apc.arguments[0], apc.arguments[1],
                                               apc.arguments[2]);
}

static NTSTATUS finish(NTSTATUS status)
{
    if (status == STATUS_USER_APC)
        run_apcs();
    return status;
}

NTSTATUS WINAPI NtWaitForSingleObject(HANDLE handle, BOOLEAN alertable,
                                      const LARGE_INTEGER *timeout)
{
    return finish(raw_NtWaitForSingleObject(handle, alertable, timeout));
}

NTSTATUS WINAPI NtWaitForMultipleObjects(ULONG count, const HANDLE *handles, BOOLEAN any,
                                         BOOLEAN alertable, const LARGE_INTEGER *timeout)
{
    return finish(raw_NtWaitForMultipleObjects(count, handles, any, alertable, timeout));
}

NTSTATUS WINAPI NtSignalAndWaitForSingleObject(HANDLE signal, HANDLE wait, BOOLEAN alertable,
                                               const LARGE_INTEGER *timeout)
{
    return finish(raw_NtSignalAndWaitForSingleObject(signal, wait, alertable, timeout));
}

NTSTATUS WINAPI NtDelayExecution(BOOLEAN alertable, const LARGE_INTEGER *timeout)
{
    return finish(raw_NtDelayExecution(alertable, timeout));
}

NTSTATUS WINAPI NtRemoveIoCompletionEx(HANDLE port, FILE_IO_COMPLETION_INFORMATION *entries,
                                       ULONG count, ULONG *removed, LARGE_INTEGER *timeout,
                                       BOOLEAN alertable)
{
    return finish(
        raw_NtRemoveIoCompletionEx(port, entries, count, removed, timeout, alertable));
}

NTSTATUS WINAPI NtTestAlert(void)
{
    run_apcs();
    return STATUS_SUCCESS;
}
