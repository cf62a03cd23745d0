/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The private header of ntdll.dll (the PE half): NT's declarations and the hooks by which the
 * loader calls the other rooms at process and thread start and end.
 */
#ifndef DECANT_NTDLL_H
#define DECANT_NTDLL_H

/* The C functions that mingw's headers would import from a C runtime are our own exports. */
#define _CRTIMP

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ntstatus.h"
#define WIN32_NO_STATUS
#include "windef.h"
#include "winbase.h"
#include "winnt.h"
#include "winnls.h"
#include "winternl.h"

#include "decant/unixlib.h"

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

static inline PEB *current_peb(void)
{
    return NtCurrentTeb()->Peb;
}

static inline HANDLE process_heap(void)
{
    return current_peb()->ProcessHeap;
}

/* --- Hooks of the process's and a thread's life, called by ldr_init.c ------------------------- */

void heap_init(void);               /* heap.c: makes the process heap, first of all */
void heap_thread_detach(void);      /* heap.c: gives back the thread's caches */
/* function_table.c: the loader tells which images are mapped, under its lock. */
void function_table_add_image(void *base);
void function_table_remove_image(void *base);
void nls_init(void);                /* rtl_nls.c: code pages and casing tables, before any path */

/* --- Diagnostics ------------------------------------------------------------------------------ */

/* A line on stderr, "decant: …"; ASCII or UTF-8, as DbgPrint formats. */
void report_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
