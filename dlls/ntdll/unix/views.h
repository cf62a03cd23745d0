/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The bookkeeping behind the address space: views (one per allocation) and the state of their
 * pages. Only the virtual*.c, image*.c and section.c files use this; all of it under virtual_lock.
 */
#ifndef DECANT_NTDLL_UNIX_VIEWS_H
#define DECANT_NTDLL_UNIX_VIEWS_H

#include <signal.h>

#include "unix.h"

/* A stretch of committed pages of one protection. Pages between runs are reserved. */
struct page_run {
    size_t first;       /* page number inside the view */
    size_t count;
    ULONG protect;      /* PAGE_*, with PAGE_GUARD and friends */
};

/* What can be asked of a view besides its range. */
enum view_flag {
    VIEW_WRITE_WATCH = 1,
    VIEW_PLACEHOLDER = 2,       /* reserved as a placeholder: may be split, replaced */
    VIEW_LAZY = 4,              /* a SEC_RESERVE section's view: pages commit one by one */
    VIEW_FROM_PLACEHOLDER = 8,  /* may be freed back to a placeholder */
    VIEW_SYSTEM = 16,           /* not the program's to free or to protect */
};

struct view {
    char *base;
    size_t bytes;
    ULONG protect;              /* AllocationProtect */
    ULONG type;                 /* MEM_PRIVATE, MEM_MAPPED, MEM_IMAGE */
    unsigned flags;
    struct page_run *runs;      /* sorted, disjoint, neighbours differ */
    size_t run_count, run_room;
    char *file_name;            /* Linux path behind a mapped or image view; owned, may be NULL */
    struct watch *watch;        /* write watch (virtual_watch.c); halves of a split view share it */
    struct object *section;     /* a view of a section keeps it alive; may be NULL */
    uint64_t section_offset;    /* where in the section the view begins */
    struct commit_map *commit_map; /* VIEW_LAZY: the section's; and what of it this view knows */
    uint64_t seen_generation;
};

/* At a fixed address in every process, so that others can read (with process_vm_readv) what is
 * allocated here. Read-only for the reader: `sequence` is odd while something changes, and a reader that
 * finds it changed begins anew. */
#define PROCESS_BLOCK ((struct process_block *)0x7ffdf000)
#define PROCESS_BLOCK_MAGIC 0x31544e4143454400ull /* "\0DECANT1" */

struct process_block {
    uint64_t magic;
    _Atomic uint32_t sequence;
    uint32_t view_bytes;        /* sizeof(struct view): builds that differ do not read each other */
    struct view **views;
    uint64_t view_count;
    PEB *peb;
    uint64_t watched_count;     /* how many views have a watch */
};

/* How many views have a watch; kept by virtual_watch.c under the virtual lock, published with the views. */
extern uint64_t watched_views;

/* Makes the block; before the first view. 0 or -errno. */
int process_block_init(void);

/* Taken with all signals blocked, so that a thread is never parked by NtSuspendThread while it holds it. */
void virtual_lock(sigset_t *old);
void virtual_unlock(const sigset_t *old);

/* The view that holds the address, or NULL. */
struct view *view_find(const void *address);
/* The first view that ends above the address, or NULL: for walking. */
struct view *view_at_or_above(const void *address);
/* Lists a view; its memory is the caller's business. NULL: no memory. */
struct view *view_add(void *base, size_t bytes, ULONG type, ULONG protect, unsigned flags);
/* Takes the view out of the list and frees the bookkeeping. The reference on its section is handed to the
 * caller (released outside the lock). */
struct object *view_remove(struct view *view);
/* Cuts a view in two at an offset; the second half is returned. NULL: no memory. */
struct view *view_split(struct view *view, size_t offset);

/* Pages [first, first + count) become committed with this protection / reserved. False: no memory
 * (nothing has changed then). */
bool runs_set(struct view *view, size_t first, size_t count, ULONG protect);
bool runs_clear(struct view *view, size_t first, size_t count);
/* The state of a page (0: reserved, else its protection) and where the stretch of equal state that starts
 * there ends (exclusive). */
ULONG runs_get(const struct view *view, size_t page, size_t *end);
/* Whether all pages of the range are committed. */
bool runs_all_committed(const struct view *view, size_t first, size_t count);

/* How many pages of the range are committed. */
size_t runs_committed(const struct view *view, size_t first, size_t count);

/* What a process may commit, in bytes. Linux would promise more than there is and kill somebody later; Windows
 * refuses, with a limit of the memory and the page file, which grows to three times the memory. */
uint64_t commit_limit(void);
/* Whether so many pages more may be committed privately. */
bool commit_allows(size_t pages);

/* Where an allocation may lie; 0 means no such wish. */
struct placement {
    uintptr_t low, high;    /* high is exclusive */
    size_t align;
};

/* Reads a program's MEM_EXTENDED_PARAMETERs. `has_address`: it names an address, and so may not have wishes. */
NTSTATUS placement_read(const MEM_EXTENDED_PARAMETER *parameters, ULONG count, bool has_address,
                        struct placement *where);

/* Reserves address space without access: at `address`, or anywhere (NULL) 64 KiB aligned within
 * [low, high). Not listed. */
NTSTATUS space_reserve(void *address, size_t bytes, uintptr_t low, uintptr_t high, size_t align,
                       bool top_down, void **out);
/* Gives the range back to Linux. */
void space_release(void *address, size_t bytes);

/* Rounds an address range to pages. False: it wraps or leaves user space. (virtual.c) */
bool range_round(const void *address, SIZE_T bytes, char **base, size_t *rounded);

/* Linux' PROT_* for a page protection of Windows (guard pages have none). */
int protect_to_linux(ULONG protect);
/* PAGE_TARGETS_INVALID and PAGE_TARGETS_NO_UPDATE (one bit) come with executable protections only and say which addresses
 * there control flow guard takes for targets of calls (learn.microsoft.com, "Memory Protection
 * Constants"). Nothing here checks targets, so the bit is taken and dropped. V8 asks for it. */
#ifndef PAGE_TARGETS_INVALID
#define PAGE_TARGETS_INVALID 0x40000000
#endif
void protect_drop_targets(ULONG *protect);
/* Whether exactly one basic PAGE_* flag is set and the modifiers fit. */
bool protect_is_valid(ULONG protect, bool is_section);

/* Whether pages of this protection are copied when they are written. */
static inline bool protect_is_copy(ULONG protect)
{
    return protect & (PAGE_WRITECOPY | PAGE_EXECUTE_WRITECOPY);
}
/* Whether pages of a mapped view may get this protection: not more than the view was mapped with. */
bool protect_fits_view(const struct view *view, ULONG protect);

/* Bounds of what programs may have. */
#define USER_SPACE_LOW  ((uintptr_t)0x10000)
#define USER_SPACE_HIGH ((uintptr_t)0x7fffffff0000)

#endif
