/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Imports loader_absent.dll, which does not exist.
 */
#include "loader_dll.h"

LOADER_DLL_MAIN("orphan")

__declspec(dllimport) int absent_value(void);
int orphan_value(void);

int orphan_value(void)
{
    return absent_value();
}
