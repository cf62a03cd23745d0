/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Write watch of this process, for NtGetWriteWatch and for other processes that ask (remote.h).
 */
#ifndef DECANT_NTDLL_UNIX_WRITEWATCH_NT_H
#define DECANT_NTDLL_UNIX_WRITEWATCH_NT_H

#include "unix.h"

/* The range is in pages; STATUS_INVALID_PARAMETER unless it lies in one watched allocation. *count: the array's
 * room, then how many pages were written. */
NTSTATUS write_watch_get(char *start, size_t bytes, bool reset, void **addresses, size_t *count);
NTSTATUS write_watch_reset(char *start, size_t bytes);

#endif
