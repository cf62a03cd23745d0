/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Byte-range locks.
 */
#ifndef DECANT_NTDLL_UNIX_FILE_LOCK_H
#define DECANT_NTDLL_UNIX_FILE_LOCK_H

#include "file.h"

/* Whether this process holds any lock: most never do, and their I/O need look no further. */
bool file_lock_exists(void);

/* Whether locks of this process allow to read or write there: STATUS_FILE_LOCK_CONFLICT. */
NTSTATUS file_lock_check(const struct file *file, uint64_t first, uint64_t bytes, bool writing);

/* The opening ends, and its locks with it. */
void file_lock_forget(struct file *file);

#endif
