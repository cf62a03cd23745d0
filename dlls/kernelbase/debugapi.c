/* SPDX-License-Identifier: LGPL-2.1-or-later
 * debugapi.h: what a program may ask about a debugger, and its messages to one.
 */
#include "kernelbase.h"

BOOL WINAPI IsDebuggerPresent(void)
{
    return current_peb()->BeingDebugged;
}

BOOL WINAPI CheckRemoteDebuggerPresent(HANDLE process, PBOOL is_present)
{
    DWORD_PTR port;

    if (!process || !is_present)
        return set_error(ERROR_INVALID_PARAMETER);
    if (!check_status(NtQueryInformationProcess(process, ProcessDebugPort, &port, sizeof(port), NULL)))
        return FALSE;
    *is_present = !!port;
    return TRUE;
}

void WINAPI DebugBreak(void)
{
    DbgBreakPoint();
}

/* Windows raises this exception first, so that a handler of the program may see it; nobody who takes it means
 * that there is no debugger, and the text goes nowhere (documented). DECANT_TRACE=seh shows it. */
void WINAPI OutputDebugStringA(LPCSTR text)
{
    EXCEPTION_RECORD record = {
        .ExceptionCode = DBG_PRINTEXCEPTION_C,
        .NumberParameters = 2,
    };

    if (!text)
        text = "";
    if (!current_peb()->BeingDebugged)
        return;
    record.ExceptionInformation[0] = strlen(text) + 1;
    record.ExceptionInformation[1] = (ULONG_PTR)text;
    RtlRaiseException(&record);
}

void WINAPI OutputDebugStringW(LPCWSTR text)
{
    UNICODE_STRING wide;
    ANSI_STRING ansi;

    RtlInitUnicodeString(&wide, text ? text : L"");
    if (RtlUnicodeStringToAnsiString(&ansi, &wide, TRUE))
        return;
    OutputDebugStringA(ansi.Buffer);
    RtlFreeAnsiString(&ansi);
}

/* Being a debugger needs a debug object, which Decant does not have. */
BOOL WINAPI DebugActiveProcess(DWORD id)
{
    (void)id;
    return set_error(ERROR_NOT_SUPPORTED);
}

BOOL WINAPI DebugActiveProcessStop(DWORD id)
{
    (void)id;
    return set_error(ERROR_NOT_SUPPORTED);
}

BOOL WINAPI WaitForDebugEvent(LPDEBUG_EVENT event, DWORD ms)
{
    (void)event, (void)ms;
    return set_error(ERROR_INVALID_HANDLE);
}

BOOL WINAPI WaitForDebugEventEx(LPDEBUG_EVENT event, DWORD ms)
{
    return WaitForDebugEvent(event, ms);
}

BOOL WINAPI ContinueDebugEvent(DWORD process, DWORD thread, DWORD how)
{
    (void)process, (void)thread, (void)how;
    return set_error(ERROR_INVALID_HANDLE);
}

BOOL WINAPI DebugSetProcessKillOnExit(BOOL kill)
{
    (void)kill;
    return set_error(ERROR_INVALID_HANDLE);
}

BOOL WINAPI DebugBreakProcess(HANDLE process)
{
    (void)process;
    return set_error(ERROR_NOT_SUPPORTED);
}
