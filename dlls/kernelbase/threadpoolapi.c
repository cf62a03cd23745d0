/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * threadpoolapiset.h, threadpoollegacyapiset.h. Functions without a result forward straight to ntdll's Tp*
 * in the export list; here are those that convert something.
 */
#include "kernelbase.h"
#include "threadpoolapiset.h"

/* What Tp* functions return, as the pointer or NULL with the last error. */
static void *created(NTSTATUS status, void *object)
{
    return check_status(status) ? object : NULL;
}

TP_POOL *WINAPI CreateThreadpool(void *reserved)
{
    TP_POOL *pool = NULL;
    NTSTATUS status = TpAllocPool(&pool, reserved);

    return created(status, pool);
}

TP_CLEANUP_GROUP *WINAPI CreateThreadpoolCleanupGroup(void)
{
    TP_CLEANUP_GROUP *group = NULL;
    NTSTATUS status = TpAllocCleanupGroup(&group);

    return created(status, group);
}

TP_WORK *WINAPI CreateThreadpoolWork(PTP_WORK_CALLBACK callback, void *context,
                                     TP_CALLBACK_ENVIRON *environ)
{
    TP_WORK *work = NULL;
    NTSTATUS status = TpAllocWork(&work, callback, context, environ);

    return created(status, work);
}

TP_TIMER *WINAPI CreateThreadpoolTimer(PTP_TIMER_CALLBACK callback, void *context,
                                       TP_CALLBACK_ENVIRON *environ)
{
    TP_TIMER *timer = NULL;
    NTSTATUS status = TpAllocTimer(&timer, callback, context, environ);

    return created(status, timer);
}

TP_WAIT *WINAPI CreateThreadpoolWait(PTP_WAIT_CALLBACK callback, void *context,
                                     TP_CALLBACK_ENVIRON *environ)
{
    TP_WAIT *wait = NULL;
    NTSTATUS status = TpAllocWait(&wait, callback, context, environ);

    return created(status, wait);
}

/* ntdll leaves a TP_IO's first pointer to us. */
static void CALLBACK call_io(TP_CALLBACK_INSTANCE *instance, void *context, void *overlapped,
                             IO_STATUS_BLOCK *io, TP_IO *tp_io)
{
    PTP_WIN32_IO_CALLBACK callback = *(PTP_WIN32_IO_CALLBACK *)tp_io;

    callback(instance, context, overlapped, RtlNtStatusToDosError(io->Status), io->Information, tp_io);
}

TP_IO *WINAPI CreateThreadpoolIo(HANDLE file, PTP_WIN32_IO_CALLBACK callback, void *context,
                                 TP_CALLBACK_ENVIRON *environ)
{
    TP_IO *io = NULL;
    NTSTATUS status = TpAllocIoCompletion(&io, file, call_io, context, environ);

    if (!status)
        *(PTP_WIN32_IO_CALLBACK *)io = callback;
    return created(status, io);
}

BOOL WINAPI TrySubmitThreadpoolCallback(PTP_SIMPLE_CALLBACK callback, void *context,
                                        TP_CALLBACK_ENVIRON *environ)
{
    return check_status(TpSimpleTryPost(callback, context, environ));
}

BOOL WINAPI CallbackMayRunLong(TP_CALLBACK_INSTANCE *instance);

BOOL WINAPI CallbackMayRunLong(TP_CALLBACK_INSTANCE *instance)
{
    return check_status(TpCallbackMayRunLong(instance));
}

BOOL WINAPI SetThreadpoolThreadMinimum(TP_POOL *pool, DWORD minimum)
{
    return TpSetPoolMinThreads(pool, minimum) || set_error(ERROR_NOT_ENOUGH_MEMORY);
}

BOOL WINAPI QueryThreadpoolStackInformation(TP_POOL *pool, TP_POOL_STACK_INFORMATION *stack)
{
    return check_status(TpQueryPoolStackInformation(pool, stack));
}

BOOL WINAPI SetThreadpoolStackInformation(TP_POOL *pool, TP_POOL_STACK_INFORMATION *stack)
{
    return check_status(TpSetPoolStackInformation(pool, stack));
}

/* A FILETIME is an NT time in two halves, perhaps not aligned for it. */
static LARGE_INTEGER *nt_time(LARGE_INTEGER *time, const FILETIME *filetime)
{
    if (!filetime)
        return NULL;
    time->u.LowPart = filetime->dwLowDateTime;
    time->u.HighPart = (LONG)filetime->dwHighDateTime;
    return time;
}

void WINAPI SetThreadpoolTimer(TP_TIMER *timer, FILETIME *due, DWORD period, DWORD window)
{
    LARGE_INTEGER time;

    TpSetTimer(timer, nt_time(&time, due), (LONG)period, (LONG)window);
}

BOOL WINAPI SetThreadpoolTimerEx(TP_TIMER *timer, FILETIME *due, DWORD period, DWORD window);

BOOL WINAPI SetThreadpoolTimerEx(TP_TIMER *timer, FILETIME *due, DWORD period, DWORD window)
{
    BOOL was_set = TpIsTimerSet(timer);

    SetThreadpoolTimer(timer, due, period, window);
    return was_set;
}

void WINAPI SetThreadpoolWait(TP_WAIT *wait, HANDLE object, FILETIME *timeout)
{
    LARGE_INTEGER time;

    TpSetWait(wait, object, nt_time(&time, timeout));
}

/* --- The thread pool of Windows 2000 --- */

BOOL WINAPI QueueUserWorkItem(LPTHREAD_START_ROUTINE routine, void *context, ULONG flags)
{
    return check_status(RtlQueueWorkItem((PRTL_WORK_ITEM_ROUTINE)routine, context, flags));
}

BOOL WINAPI BindIoCompletionCallback(HANDLE file, LPOVERLAPPED_COMPLETION_ROUTINE routine, ULONG flags)
{
    return check_status(
        RtlSetIoCompletionCallback(file, (PRTL_OVERLAPPED_COMPLETION_ROUTINE)routine, flags));
}

BOOL WINAPI RegisterWaitForSingleObject(HANDLE *wait, HANDLE object, WAITORTIMERCALLBACK callback,
                                        void *context, ULONG ms, ULONG flags)
{
    return check_status(RtlRegisterWait(wait, std_handle_or(object),
                                        (RTL_WAITORTIMERCALLBACKFUNC)callback, context, ms, flags));
}

/* A callback that still runs is reported as ERROR_IO_PENDING, though nothing failed. */
static BOOL ended(NTSTATUS status)
{
    return status == STATUS_PENDING ? set_error(ERROR_IO_PENDING) : check_status(status);
}

BOOL WINAPI UnregisterWaitEx(HANDLE wait, HANDLE completion)
{
    return ended(RtlDeregisterWaitEx(wait, completion));
}

BOOL WINAPI UnregisterWait(HANDLE wait)
{
    return UnregisterWaitEx(wait, NULL);
}

HANDLE WINAPI CreateTimerQueue(void)
{
    HANDLE queue = NULL;
    NTSTATUS status = RtlCreateTimerQueue(&queue);

    return created(status, queue);
}

BOOL WINAPI CreateTimerQueueTimer(HANDLE *timer, HANDLE queue, WAITORTIMERCALLBACK callback,
                                  void *context, DWORD due, DWORD period, ULONG flags)
{
    return check_status(RtlCreateTimer(queue, timer, (RTL_WAITORTIMERCALLBACKFUNC)callback, context,
                                       due, period, flags));
}

BOOL WINAPI ChangeTimerQueueTimer(HANDLE queue, HANDLE timer, ULONG due, ULONG period)
{
    return check_status(RtlUpdateTimer(queue, timer, due, period));
}

BOOL WINAPI DeleteTimerQueueTimer(HANDLE queue, HANDLE timer, HANDLE completion)
{
    return ended(RtlDeleteTimer(queue, timer, completion));
}

BOOL WINAPI DeleteTimerQueueEx(HANDLE queue, HANDLE completion)
{
    return ended(RtlDeleteTimerQueueEx(queue, completion));
}

BOOL WINAPI DeleteTimerQueue(HANDLE queue)
{
    return DeleteTimerQueueEx(queue, NULL);
}
