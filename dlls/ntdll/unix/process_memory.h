/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Other processes' memory.
 */
#ifndef DECANT_NTDLL_UNIX_PROCESS_MEMORY_H
#define DECANT_NTDLL_UNIX_PROCESS_MEMORY_H

#include "process.h"

/* MemoryBasicInformation of another Decant process, read out of its own bookkeeping.
 * STATUS_NOT_SUPPORTED for a process that is none; STATUS_RETRY when it has to be asked
 * (remote_query_memory): it changes without a pause, and what was read may be of no state that existed, or the books
 * do not tell. */
NTSTATUS remote_query_basic(const struct process_facts *facts, void *address,
                            MEMORY_BASIC_INFORMATION *info);

#endif
