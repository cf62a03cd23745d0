/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The floor of the write-watch bench: the bare PAGEMAP_SCAN ioctl on the kernel's fast path, and the addresses
 * written out. It makes its system calls itself, so that the Windows executable can run the same code: two
 * processes' memory differs in what a scan of it costs by more than what is to be measured.
 */
#ifndef DECANT_BENCH_BARE_SCAN_H
#define DECANT_BENCH_BARE_SCAN_H

#include <stdbool.h>
#include <stddef.h>

/* Opens /proc/self/pagemap. Only where the kernel beneath is Linux 6.7 or later. */
void bare_scan_init(void);
/* The written pages of memory that is registered with userfaultfd, into `found`; how many. */
size_t bare_scan_get(char *memory, size_t bytes, void **found);
void bare_scan_reset(char *memory, size_t bytes);

#endif
