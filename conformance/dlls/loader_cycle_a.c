/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Imports loader_cycle_b.dll, which imports this.
 */
#include "loader_dll.h"

LOADER_DLL_MAIN("cycle_a")

__declspec(dllimport) int cycle_b(void);
int cycle_a(void);
int cycle_both(void);

int cycle_a(void)
{
    return 1;
}

int cycle_both(void)
{
    return cycle_a() + cycle_b();
}
