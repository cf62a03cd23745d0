/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Imports loader_mid.dll, which is sound, and then loader_orphan.dll, which is not.
 */
#include "loader_dll.h"

LOADER_DLL_MAIN("deep")

__declspec(dllimport) int mid_by_name(void);
__declspec(dllimport) int orphan_value(void);
int deep_value(void);

int deep_value(void)
{
    return mid_by_name() + orphan_value();
}
