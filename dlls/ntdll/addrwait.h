/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The address-wait queue, as the locks of this DLL use it.
 */
#ifndef DECANT_NTDLL_ADDRWAIT_H
#define DECANT_NTDLL_ADDRWAIT_H

#include "ntdll.h"

/* RtlWaitOnAddress for our own locks: no APC, no argument checks. `timeout` NULL: for ever. */
NTSTATUS address_wait(const volatile void *address, const void *compare, SIZE_T size,
                      const LARGE_INTEGER *timeout);

static inline void spin_pause(void)
{
    __builtin_ia32_pause();
}

#endif
