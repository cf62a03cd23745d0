/* SPDX-License-Identifier: LGPL-2.1-or-later
 * delayloadhandler.h: binding a delay-loaded import at its first call. The descriptor's layout is that
 * of Microsoft's "PE Format", delay-load directory.
 */
#include "kernelbase.h"
#include "delayloadhandler.h"

static void *at_rva(void *base, DWORD rva)
{
    return (char *)base + rva;
}

PVOID WINAPI ResolveDelayLoadedAPI(PVOID base, PCIMAGE_DELAYLOAD_DESCRIPTOR descriptor,
                                   PDELAYLOAD_FAILURE_DLL_CALLBACK dll_hook,
                                   PDELAYLOAD_FAILURE_SYSTEM_ROUTINE system_hook,
                                   PIMAGE_THUNK_DATA slot, ULONG flags)
{
    const char *name = at_rva(base, descriptor->DllNameRVA);
    HMODULE *module = at_rva(base, descriptor->ModuleHandleRVA);
    IMAGE_THUNK_DATA *addresses = at_rva(base, descriptor->ImportAddressTableRVA);
    const IMAGE_THUNK_DATA *names = at_rva(base, descriptor->ImportNameTableRVA);
    const IMAGE_THUNK_DATA *wanted = &names[slot - addresses];
    void *function = NULL;

    (void)dll_hook, (void)flags;
    if (!*module)
        *module = LoadLibraryA(name);
    if (*module)
        function = (void *)GetProcAddress(
            *module, wanted->u1.Ordinal & IMAGE_ORDINAL_FLAG
                         ? (LPCSTR)(ULONG_PTR)IMAGE_ORDINAL(wanted->u1.Ordinal)
                         : (LPCSTR)((IMAGE_IMPORT_BY_NAME *)at_rva(
                                        base, (DWORD)wanted->u1.AddressOfData))
                               ->Name);
    if (!function && system_hook)
        function = (void *)((FARPROC(WINAPI *)(LPCSTR, LPCSTR))system_hook)(
            name, wanted->u1.Ordinal & IMAGE_ORDINAL_FLAG
                      ? (LPCSTR)(ULONG_PTR)IMAGE_ORDINAL(wanted->u1.Ordinal)
                      : (LPCSTR)((IMAGE_IMPORT_BY_NAME *)at_rva(base,
                                                                (DWORD)wanted->u1.AddressOfData))
                            ->Name);
    if (function)
        slot->u1.Function = (ULONG_PTR)function;
    return function;
}

FARPROC WINAPI DelayLoadFailureHook(LPCSTR dll, LPCSTR function)
{
    ULONG_PTR arguments[2] = {(ULONG_PTR)dll, (ULONG_PTR)function};

    RaiseException(0x80000100, EXCEPTION_NONCONTINUABLE, 2, arguments);
    return NULL;
}
