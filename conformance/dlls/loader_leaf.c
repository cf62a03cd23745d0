/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Imports nothing but kernel32; exports by name, by ordinal alone, and data.
 */
#include "loader_dll.h"

LOADER_DLL_MAIN("leaf")

int leaf_value(void);
int leaf_hidden(void);
extern int leaf_data;
extern int *leaf_pointer;

int leaf_data = 77;
int *leaf_pointer = &leaf_data; /* needs a base relocation */

int leaf_value(void)
{
    return 41;
}

int leaf_hidden(void)
{
    return 42;
}
