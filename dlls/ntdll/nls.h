/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Code pages and casing, as the files of the NLS room share them.
 */
#ifndef DECANT_NTDLL_NLS_H
#define DECANT_NTDLL_NLS_H

#include "ntdll.h"

extern NLSTABLEINFO nls_tables; /* ANSI and OEM code pages, casing; filled by nls_init */

/* Looks a character up in one of l_intl.nls' casing tables: three levels, indexed by 8, 4 and 4 bits
 * of the character; the last gives what is to be added. */
static inline WCHAR nls_map_case(const USHORT *table, WCHAR c)
{
    return (WCHAR)(c + table[table[table[c >> 8] + ((c >> 4) & 0xf)] + (c & 0xf)]);
}

static inline WCHAR nls_upcase(WCHAR c)
{
    if (c < 0x80 || !nls_tables.UpperCaseTable)
        return c >= 'a' && c <= 'z' ? (WCHAR)(c - 32) : c;
    return nls_map_case(nls_tables.UpperCaseTable, c);
}

static inline WCHAR nls_downcase(WCHAR c)
{
    if (c < 0x80 || !nls_tables.LowerCaseTable)
        return c >= 'A' && c <= 'Z' ? (WCHAR)(c + 32) : c;
    return nls_map_case(nls_tables.LowerCaseTable, c);
}

#endif
