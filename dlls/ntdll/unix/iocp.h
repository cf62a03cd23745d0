/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Completion ports.
 */
#ifndef DECANT_NTDLL_UNIX_IOCP_H
#define DECANT_NTDLL_UNIX_IOCP_H

#include "file.h"

/* FileCompletionInformation: completions of the file go to the port from now on. */
NTSTATUS iocp_associate(struct file *file, HANDLE port, ULONG_PTR key);

/* A port, with a reference, and a packet of the system's own for it (job messages). */
NTSTATUS iocp_from_handle(HANDLE handle, struct object **port);
NTSTATUS iocp_post(struct object *port, ULONG_PTR key, ULONG_PTR value, ULONG_PTR information);

/* A request on the file ended: posts a packet when the file has a port and the request a context.
 * `is_synchronous`: it ended before the call returned. */
void iocp_file_completed(struct file *file, void *context, NTSTATUS status, ULONG_PTR information,
                         bool is_synchronous);

#endif
