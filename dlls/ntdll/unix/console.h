/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Terminals.
 */
#ifndef DECANT_NTDLL_UNIX_CONSOLE_H
#define DECANT_NTDLL_UNIX_CONSOLE_H

#include "file.h"

/* NtReadFile on a terminal: a line, which ends with CR LF, or what was typed when line input is off. Bytes or -errno. */
ssize_t console_read(struct file *file, char *guest_buffer, size_t length);

/* The process ends: the terminal gets back what was changed. Does not return when the end is a control event that
 * Linux knows as a signal: whoever waits for us should see that. */
void console_process_exiting(uint32_t status);

#endif
