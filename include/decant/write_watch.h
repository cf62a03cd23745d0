/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The write-watch engine: which pages of a range were written since they were last reset. It is plain C,
 * knows nothing of NT, and serves both hosts; what it needs of its host is in struct ww_host.
 *
 * Addresses and sizes are in bytes and page-aligned (4096) unless said otherwise. Functions return 0 or
 * -errno.
 *
 * Locking. Each region has a lock of its own, so scans of different regions run in parallel. Calls that
 * change what is mapped (ww_remove, ww_decommit, ww_latch) take it too. The host calls ww_remove before it
 * unmaps and ww_latch before it protects, leaves dropping to ww_decommit, and lets nobody map over a
 * region while it exists. Pages that leave by another way (MADV_DONTNEED beside us) may be reported
 * although they were not written. ww_filter_access takes no lock: the mprotect backend's host holds its own
 * lock around it, wanted_access and the protection change. The kernel's own scan is atomic against
 * writers per page.
 */
#ifndef DECANT_WRITE_WATCH_H
#define DECANT_WRITE_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WW_PAGE_BYTES ((size_t)4096)

enum ww_backend {
    WW_NONE,
    WW_PAGEMAP,  /* userfaultfd + PAGEMAP_SCAN, no page-table markers (Linux 6.7) */
    WW_MARKERS,  /* the same, with markers over never-touched pages: should the first misbehave */
    WW_MPROTECT, /* write-protection and SIGSEGV: any kernel */
};

struct ww_region;

/* What the engine asks of its host. */
struct ww_host {
    /* A line for the user, once per process and kind of trouble. */
    void (*report)(const char *text);
    /* mprotect backend: the PROT_* that the host wants a page to have, watch or no watch; and how many
     * bytes from there on have the same. PROT_NONE where the region has no memory any more, whoever has it now. Called
     * under the region's lock. */
    int (*wanted_access)(const struct ww_region *region, void *address, size_t *bytes);
};

/* Chooses the backend by a self-test on a few pages, or takes the one that is named ("pagemap",
 * "markers", "mprotect"; NULL or "": choose). Once, before anything else; -ENOTSUP when the one that was
 * named does not work here, -EINVAL for an unknown name. */
int ww_init(const struct ww_host *host, const char *wanted);
enum ww_backend ww_backend(void);
const char *ww_backend_name(enum ww_backend backend);
/* Why the better backend was not chosen; "" when it was. */
const char *ww_backend_reason(void);

/* Starts watching a range that is one private anonymous mapping into which nothing was written yet. All clean. */
int ww_add(void *base, size_t bytes, struct ww_region **region);
/* Ends it. The host unmaps what is left of the range, or maps over it, which ends the kernel's part. */
void ww_remove(struct ww_region *region);

/* The written pages in [base, base + bytes), ascending, at most *count of them; *count is set to how
 * many. With `reset`, those reported (and no others) count as clean from then on, atomically with
 * the report. When the kernel refuses, every page of the range is reported, none is reset, and 0 returned: a
 * collector may scan too much, never too little. The host then calls ww_degrade; until it does,
 * it stays so. */
int ww_get(struct ww_region *region, void *base, size_t bytes, bool reset, void **addresses,
           size_t *count);
int ww_reset(struct ww_region *region, void *base, size_t bytes);

/* Whether the kernel has refused a call on this region. What it knew of the region is lost then. */
bool ww_has_failed(const struct ww_region *region);
/* After that: all of the region counts as written, and it goes on by write-protection. No other call on the region is
 * under way, and the host holds what wanted_access needs. 0 or -ENOMEM. */
int ww_degrade(struct ww_region *region);
/* Between the two nobody scans or resets the region: for a write that the kernel does in two steps (it pins the
 * page, which counts as written from then on, and copies later), so that the report cannot come before the bytes. */
void ww_hold(struct ww_region *region);
void ww_let_go(struct ww_region *region);
/* Whether calls on the region may ask the host for protections. */
bool ww_is_by_protection(const struct ww_region *region);

/* Pages were written in a way that the backend does not see, or were reset and not reported: they count as
 * written until they are reset. After the write, so that no scan lies in between. */
void ww_mark(struct ww_region *region, void *base, size_t bytes);

/* Drops the pages (they read as zero afterwards): what is dirty and not latched is forgotten. The engine
 * does it itself, under the region's lock: a scan must not see one without the other. */
int ww_decommit(struct ww_region *region, void *base, size_t bytes);
/* A protection change: what is dirty now is latched and survives a decommit, as on Windows. */
void ww_latch(struct ww_region *region, void *base, size_t bytes);

/* --- mprotect backend; the others answer "nothing to do" --- */

/* What access pages may have now: the wanted one less writing where a write must be seen. */
int ww_filter_access(struct ww_region *region, void *base, size_t bytes, int access);
/* A write fault in a region. True: it was the watch; retry. */
bool ww_handle_fault(struct ww_region *region, void *address);
/* A system call is about to write to a buffer that may touch the region: mark and open its pages. Whoever resets
 * them meanwhile closes them again: the call must be ready for EFAULT. */
void ww_prepare_kernel_write(struct ww_region *region, void *base, size_t bytes);

#endif
