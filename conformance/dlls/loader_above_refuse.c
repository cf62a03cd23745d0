/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Imports loader_refuse.dll, which refuses to start.
 */
#include "loader_dll.h"

LOADER_DLL_MAIN("above_refuse")

__declspec(dllimport) int refuse_value(void);
int above_refuse_value(void);

int above_refuse_value(void)
{
    return refuse_value();
}
