/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The parts of NtQuerySystemInformation that have a file of their own.
 */
#ifndef DECANT_NTDLL_UNIX_SYSTEM_H
#define DECANT_NTDLL_UNIX_SYSTEM_H

#include "unix.h"

/* system_process.c */
NTSTATUS system_processes(void *buffer, ULONG room, ULONG *needed);

/* system_processor.c */
void system_processor_model(USHORT *family, USHORT *model_and_stepping);
NTSTATUS system_processors(void *buffer, ULONG room, ULONG *needed);
NTSTATUS system_processors_ex(ULONG relation, void *buffer, ULONG room, ULONG *needed);

#endif
