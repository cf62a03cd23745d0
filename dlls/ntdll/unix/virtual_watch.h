/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where the address space meets the write-watch engine: virtual*.c calls these for views made with
 * MEM_WRITE_WATCH, under the virtual lock. virtual_watch.c implements them on include/decant/write_watch.h.
 */
#ifndef DECANT_NTDLL_UNIX_VIRTUAL_WATCH_H
#define DECANT_NTDLL_UNIX_VIRTUAL_WATCH_H

#include "views.h"

NTSTATUS watch_init(void);
/* Starts and ends watching a view. */
NTSTATUS watch_add(struct view *view);
void watch_remove(struct view *view);
/* The second half of a split view goes on with the same watch. */
void watch_share(struct view *view, struct view *second);
/* A system call is about to fill a buffer (after its handle was checked): as on Windows, the whole of it
 * counts as written. False: the kernel must not write there itself, since with the mprotect backend another thread's
 * reset may close the pages at any time (EFAULT); guest_copy_out then does, whose faults are served. */
bool ww_prepare_buffer(void *buffer, size_t bytes);

/* Pages count as written from now on: they were in a way that no backend sees, or a report of them got lost. */
void watch_mark(void *address, size_t bytes);
/* Writes for another process to watched memory, so that no scan comes between and, with the mprotect backend, the pages
 * are open and the write is noted. Returns how many bytes were written: up to the first page that is not watched
 * or may not be written. */
size_t watch_write(void *address, const void *data, size_t bytes);

/* For NtGetWriteWatch: the watch over [base, base + bytes), which must lie in one watched view; it stays
 * until watch_unpin. NULL: there is none. The virtual lock is not held in between, so scans run in parallel with
 * everything else; releasing the view waits for them. In between, no memory of the program's may be
 * touched: its fault would need the lock. */
struct ww_region *watch_pin(void *base, size_t bytes, struct watch **watch);
void watch_unpin(struct watch *watch);
/* The kernel has refused to scan the watched allocation at `base`: it goes on by write-protection, with
 * everything counted as written. Not while it is pinned by the caller. */
void watch_degrade(void *base);

/* Drops pages: what was not latched is forgotten. 0 or -errno. */
int watch_decommit(struct view *view, char *base, size_t bytes);
/* VirtualProtect: what is dirty now survives a later decommit. */
void watch_latch(struct view *view, char *base, size_t bytes);
/* The Linux access that pages may have now; less than asked when the backend must catch writes. */
int watch_filter_access(struct view *view, char *base, size_t bytes, int access);
/* A write fault in a watched page that the program may write. True: retry the access. */
bool watch_handle_fault(struct view *view, void *address);

#endif
