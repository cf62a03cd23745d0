/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The PEB and what a program is given at start: parameters, command line, environment.
 */
#ifndef DECANT_NTDLL_UNIX_PEB_H
#define DECANT_NTDLL_UNIX_PEB_H

#include "unix.h"

/* Allocates and fills process.peb (without the loader's parts). */
NTSTATUS peb_init(void);

/* Parameters for a program started from Linux: from process.argv, process.envp, the working folder. */
NTSTATUS parameters_from_linux(RTL_USER_PROCESS_PARAMETERS **out);

#endif
