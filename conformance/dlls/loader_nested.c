/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Loads loader_leaf.dll when it is attached and frees it when it is detached.
 */
#include "loader_dll.h"

static HMODULE leaf;

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, void *reserved)
{
    (void)module;
    loader_tell("nested", reason, reserved);
    if (reason == DLL_PROCESS_ATTACH) {
        leaf = LoadLibraryW(L"loader_leaf.dll");
        loader_tell(leaf ? "nested has leaf" : "nested lacks leaf", reason, reserved);
    }
    if (reason == DLL_PROCESS_DETACH && leaf && !reserved)
        FreeLibrary(leaf);
    return TRUE;
}
