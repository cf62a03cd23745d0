/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Imports loader_leaf.dll, by name and by ordinal; forwards to it and to an API set (see the .def).
 */
#include "loader_dll.h"

LOADER_DLL_MAIN("mid")

__declspec(dllimport) int leaf_value(void);
__declspec(dllimport) int leaf_hidden(void);
__declspec(dllimport) extern int leaf_data;
int mid_by_name(void);
int mid_by_ordinal(void);
int mid_data(void);

int mid_by_name(void)
{
    return leaf_value() + 100;
}

int mid_by_ordinal(void)
{
    return leaf_hidden() + 100;
}

int mid_data(void)
{
    return leaf_data;
}
