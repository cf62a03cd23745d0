/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Start of the diagnostics; what files use of them is in unix.h.
 */
#ifndef DECANT_NTDLL_UNIX_TRACE_H
#define DECANT_NTDLL_UNIX_TRACE_H

#include "unix.h"

/* `channels`: the value of DECANT_TRACE, or NULL. Unknown names are reported on stderr. */
void trace_init(const char *channels);

#endif
