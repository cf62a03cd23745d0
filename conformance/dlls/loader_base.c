/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Built twice with one preferred base, so that one of the two must be relocated.
 */
#include "loader_dll.h"

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, void *reserved)
{
    (void)module, (void)reason, (void)reserved;
    return TRUE;
}

extern int base_cell;
extern int *base_table[4];
const void *base_address(void);

int base_cell = 1234;
int *base_table[4] = {&base_cell, &base_cell, NULL, &base_cell};

const void *base_address(void)
{
    return (const void *)base_address;
}
