/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Between the files about consoles.
 */
#ifndef DECANT_KERNELBASE_CONSOLE_H
#define DECANT_KERNELBASE_CONSOLE_H

#include "kernelbase.h"
#include "winioctl.h"

#include "decant/unixlib.h"

extern UINT console_output_page;

/* Whether a handle is a console, and whether it can be written; a pseudo handle (STD_…) is replaced. Sets
 * ERROR_INVALID_HANDLE. */
BOOL console_check(HANDLE *handle, bool *is_output);

/* UTF-8, as it is. Sets the last error. */
BOOL console_write(HANDLE handle, const char *text, ULONG bytes);

#endif
