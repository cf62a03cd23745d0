/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The child's side of NtCreateUserProcess.
 */
#ifndef DECANT_NTDLL_UNIX_PROCESS_CREATE_H
#define DECANT_NTDLL_UNIX_PROCESS_CREATE_H

#include "unix.h"

/* When another Windows program started us: its parameters for us, with the inherited handles in
 * place. *out stays NULL when the user started us. */
NTSTATUS child_take_parameters(RTL_USER_PROCESS_PARAMETERS **out);

/* Tells the parent, if there is one, that the program runs (STATUS_SUCCESS) or why not. */
void child_report_start(NTSTATUS status);

#endif
