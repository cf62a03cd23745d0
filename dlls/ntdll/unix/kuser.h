/* SPDX-License-Identifier: LGPL-2.1-or-later
 * KUSER_SHARED_DATA, the page at 0x7ffe0000 that the kernel shares with every program.
 */
#ifndef DECANT_NTDLL_UNIX_KUSER_H
#define DECANT_NTDLL_UNIX_KUSER_H

#include "unix.h"

/* Takes the page's place in the address space; 0 or -errno. */
int kuser_init(void);

/* For the fault handler, before anything else looks at the fault. True: retry the access. */
bool kuser_handle_fault(const void *address, bool is_write);

#endif
