/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What must be kernel32's own code: its entry point, and the thunk that every thread starts through
 * (real code, not a forward: ntdll calls it by address).
 */
#include <stdarg.h>
#include <stddef.h>

#include "ntstatus.h"
#define WIN32_NO_STATUS
#include "windef.h"
#include "winbase.h"
#include "winternl.h"

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, void *reserved);
void WINAPI BaseThreadInitThunk(DWORD unknown, DWORD(WINAPI *entry)(void *), void *argument);

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, void *reserved)
{
    (void)reserved;
    if (reason == DLL_PROCESS_ATTACH)
        LdrDisableThreadCalloutsForDll(instance);
    return TRUE;
}

void WINAPI BaseThreadInitThunk(DWORD unknown, DWORD(WINAPI *entry)(void *), void *argument)
{
    (void)unknown;
    RtlExitUserThread(entry(argument));
}
