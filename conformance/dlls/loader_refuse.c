/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Imports loader_leaf.dll; its DllMain answers DLL_PROCESS_ATTACH with FALSE.
 */
#include "loader_dll.h"

__declspec(dllimport) int leaf_value(void);
int refuse_value(void);

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, void *reserved)
{
    (void)module;
    loader_tell("refuse", reason, reserved);
    return reason != DLL_PROCESS_ATTACH;
}

int refuse_value(void)
{
    return leaf_value();
}
