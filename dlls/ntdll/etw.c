/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Event tracing where nobody listens: providers register and are told that they are not enabled, what they write goes
 * nowhere and succeeds, as on Windows without a session (documentation of EventWrite). advapi32 forwards here.
 */
#include "rtl.h"

#include "evntprov.h"

ULONG WINAPI EtwEventRegister(const GUID *provider, PENABLECALLBACK callback, void *context,
                              REGHANDLE *handle)
{
    static volatile LONGLONG last;

    (void)callback, (void)context;
    if (!provider || !handle)
        return ERROR_INVALID_PARAMETER;
    *handle = (REGHANDLE)__atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
    return ERROR_SUCCESS;
}

ULONG WINAPI EtwEventUnregister(REGHANDLE handle)
{
    return handle ? ERROR_SUCCESS : ERROR_INVALID_HANDLE;
}

BOOLEAN WINAPI EtwEventEnabled(REGHANDLE handle, const EVENT_DESCRIPTOR *event)
{
    (void)handle, (void)event;
    return FALSE;
}

BOOLEAN WINAPI EtwEventProviderEnabled(REGHANDLE handle, UCHAR level, ULONGLONG keyword)
{
    (void)handle, (void)level, (void)keyword;
    return FALSE;
}

ULONG WINAPI EtwEventSetInformation(REGHANDLE handle, EVENT_INFO_CLASS class, void *information,
                                    ULONG bytes)
{
    (void)handle, (void)class, (void)information, (void)bytes;
    return ERROR_SUCCESS;
}

ULONG WINAPI EtwEventWrite(REGHANDLE handle, const EVENT_DESCRIPTOR *event, ULONG count,
                           EVENT_DATA_DESCRIPTOR *data)
{
    (void)handle, (void)event, (void)count, (void)data;
    return ERROR_SUCCESS;
}

ULONG WINAPI EtwEventWriteTransfer(REGHANDLE handle, const EVENT_DESCRIPTOR *event,
                                   const GUID *activity, const GUID *related, ULONG count,
                                   EVENT_DATA_DESCRIPTOR *data)
{
    (void)handle, (void)event, (void)activity, (void)related, (void)count, (void)data;
    return ERROR_SUCCESS;
}

ULONG WINAPI EtwEventWriteString(REGHANDLE handle, UCHAR level, ULONGLONG keyword,
                                 const WCHAR *text)
{
    (void)handle, (void)level, (void)keyword, (void)text;
    return ERROR_SUCCESS;
}
