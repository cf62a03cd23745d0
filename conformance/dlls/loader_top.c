/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Imports loader_mid.dll, also a function that it forwards; forwards to a forward.
 */
#include "loader_dll.h"

LOADER_DLL_MAIN("top")

__declspec(dllimport) int mid_by_name(void);
__declspec(dllimport) int mid_forward(void);
int top_value(void);

int top_value(void)
{
    return mid_by_name() + mid_forward() * 1000;
}
