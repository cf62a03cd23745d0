/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The NLS room of kernelbase: code pages, locale data, strings.
 */
#ifndef DECANT_KERNELBASE_NLS_H
#define DECANT_KERNELBASE_NLS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ntstatus.h"
#define WIN32_NO_STATUS
#define _NORMALIZE_ /* these functions are ours, not imported */
#include "windef.h"
#include "winbase.h"
#include "winnls.h"
#include "winternl.h"

#define NLS_ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ntdll's, under the names that mingw's headers do not declare or make inline. */
int __cdecl _snwprintf(WCHAR *buffer, size_t room, const WCHAR *format, ...);

/* codepage.c: the table of a code page (CP_ACP and its kin resolved), NULL when there is none. */
const CPTABLEINFO *nls_code_page(UINT page);

/* codepage_utf7.c: as the Win32 functions; with no room they count. */
int utf7_to_wide(const char *src, int length, WCHAR *dst, int room);
int utf7_from_wide(const WCHAR *src, int length, char *dst, int room);

/* sort.c: CSTR_…, and the length of a key, for NORM_… and SORT_… flags. */
int sort_compare(DWORD flags, const WCHAR *a, int a_length, const WCHAR *b, int b_length);
int sort_key(DWORD flags, const WCHAR *src, int length, BYTE *dst, int room);

/* locale_data.c: a locale's record in locale.nls; NULL when it is not known. */
const NLS_LOCALE_DATA *nls_locale_by_name(const WCHAR *name, LCID *id);
const NLS_LOCALE_DATA *nls_locale_by_id(LCID id, LCID *real);
/* A string of the pool at an offset in words: *length is its length, it is NUL-terminated. */
const WCHAR *nls_locale_string(ULONG offset, ULONG *length);
const WCHAR *nls_locale_array_string(ULONG offset, ULONG index);
const NLS_LOCALE_HEADER *nls_locale_header(void);
/* CT_CTYPE1, 2 and 3 of a character. */
const USHORT *nls_character_types(WCHAR c);

/* Memory for the A-to-W wrappers. */
static inline void *nls_alloc(SIZE_T bytes)
{
    return RtlAllocateHeap(NtCurrentTeb()->Peb->ProcessHeap, 0, bytes);
}

static inline void nls_free(void *memory)
{
    RtlFreeHeap(NtCurrentTeb()->Peb->ProcessHeap, 0, memory);
}

/* Sets the last error and gives 0, for `return nls_fail(ERROR_…)`. */
static inline int nls_fail(DWORD error)
{
    SetLastError(error);
    return 0;
}

#endif
