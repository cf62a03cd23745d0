/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Job objects.
 */
#ifndef DECANT_NTDLL_UNIX_JOB_H
#define DECANT_NTDLL_UNIX_JOB_H

/* This process ends, which closes its handles: jobs that end their members then do so. */
void jobs_process_exiting(void);

#endif
