/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Watched memory as the write-watch bench sees it: by the Windows API (write_watch_windows.c), or
 * natively by the bare ioctl, the engine, or page-table markers (write_watch_linux.c).
 */
#ifndef DECANT_BENCH_WRITE_WATCH_H
#define DECANT_BENCH_WRITE_WATCH_H

#include "bench.h"

/* Takes the column's name, the program's first argument. */
void watched_init(const char *column);
/* False: memory of this column is not watched; only rows that need no report are measured. */
bool watched_is_on(void);
/* One allocation. Without `commit` it is address space only. NULL: it is not to be had. */
char *watched_allocate(size_t bytes, bool commit);
void watched_release(char *memory, size_t bytes);
/* The written pages into `found`, and they are reset; how many. */
size_t watched_get(char *memory, size_t bytes, void **found, size_t room);
void watched_reset(char *memory, size_t bytes);
/* A file of zeros to read from, and one read of it from its beginning. */
void watched_open_file(size_t bytes);
void watched_read_file(char *memory, size_t bytes);

#endif
