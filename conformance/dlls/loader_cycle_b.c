/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Imports loader_cycle_a.dll, which imports this.
 */
#include "loader_dll.h"

LOADER_DLL_MAIN("cycle_b")

__declspec(dllimport) int cycle_a(void);
int cycle_b(void);

int cycle_b(void)
{
    return 10 * cycle_a();
}
