/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * bcryptprimitives.dll: ProcessPrng is the one documented export. It never fails on Windows; nor does
 * Linux' getrandom once the machine is up.
 */
#include <stdarg.h>
#include <stddef.h>

#include "ntstatus.h"
#define WIN32_NO_STATUS
#include "windef.h"
#include "winbase.h"
#include "winternl.h"

#include "decant/unixlib.h"

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, void *reserved);
BOOL WINAPI ProcessPrng(BYTE *buffer, SIZE_T bytes);

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, void *reserved)
{
    (void)reserved;
    if (reason == DLL_PROCESS_ATTACH)
        LdrDisableThreadCalloutsForDll(instance);
    return TRUE;
}

BOOL WINAPI ProcessPrng(BYTE *buffer, SIZE_T bytes)
{
    return !DecantGetRandom(buffer, bytes);
}
