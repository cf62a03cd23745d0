/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the loader tests' DLLs share. They have no C runtime, so that nothing but their own code runs in
 * them, and tell the program of each call of DllMain through the function loader_event that it exports.
 */
#ifndef DECANT_CONFORMANCE_LOADER_DLL_H
#define DECANT_CONFORMANCE_LOADER_DLL_H

#include <windows.h>

typedef BOOL(CDECL *loader_event_function)(const char *dll, DWORD reason, void *reserved);

/* The program's answer is DllMain's. */
static inline BOOL loader_tell(const char *dll, DWORD reason, void *reserved)
{
    loader_event_function event =
        (loader_event_function)(void *)GetProcAddress(GetModuleHandleW(NULL), "loader_event");

    return event ? event(dll, reason, reserved) : TRUE;
}

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, void *reserved);

#define LOADER_DLL_MAIN(name)                                                                      \
    BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, void *reserved)                            \
    {                                                                                              \
        (void)module;                                                                              \
        return loader_tell(name, reason, reserved);                                                \
    }

#endif
