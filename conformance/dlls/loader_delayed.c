/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Is imported by loader_imports.exe with delay.
 */
#include "loader_dll.h"

LOADER_DLL_MAIN("delayed")

int delayed_value(void);
int delayed_hidden(void);

int delayed_value(void)
{
    return 51;
}

int delayed_hidden(void)
{
    return 52;
}
