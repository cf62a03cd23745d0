/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * NtAllocateVirtualMemory(Ex) and NtFreeVirtualMemory: reserve, commit, decommit, release,
 * placeholders. The order in which arguments are judged is Windows' (see the comments); all of it
 * happens before anything changes.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "object.h"
#include "process.h"
#include "remote.h"
#include "section.h"
#include "views.h"
#include "virtual.h"
#include "virtual_watch.h"

/* Wine 8's header has one zero too many; this is the documented value. */
#undef MEM_RESET_UNDO
#define MEM_RESET_UNDO 0x1000000

#define TYPE_BITS                                                                                  \
    (MEM_COMMIT | MEM_RESERVE | MEM_RESET | MEM_RESET_UNDO | MEM_TOP_DOWN | MEM_WRITE_WATCH |      \
     MEM_PHYSICAL | MEM_LARGE_PAGES | MEM_REPLACE_PLACEHOLDER | MEM_RESERVE_PLACEHOLDER)

NTSTATUS virtual_init(void)
{
    int error = process_block_init();

    if (error)
        return errno_to_status(-error);
    return watch_init();
}

bool range_round(const void *address, SIZE_T bytes, char **base, size_t *rounded)
{
    uintptr_t start = (uintptr_t)address & ~PAGE_OFFSET;
    uintptr_t end = ((uintptr_t)address + bytes + PAGE_OFFSET) & ~PAGE_OFFSET;

    if (bytes > USER_SPACE_HIGH || end < start || end > USER_SPACE_HIGH)
        return false;
    *base = (char *)start;
    *rounded = end - start;
    return true;
}

/* Makes pages of a private view accessible. */
static NTSTATUS commit_pages(struct view *view, char *base, size_t bytes, ULONG protect)
{
    size_t page = (size_t)(base - view->base) >> PAGE_SHIFT, last = page + (bytes >> PAGE_SHIFT);
    int access = protect_to_linux(protect);

    if (view->type == MEM_PRIVATE &&
        !commit_allows((last - page) - runs_committed(view, page, last - page)))
        return STATUS_COMMITMENT_LIMIT;
    if (mprotect(base, bytes, watch_filter_access(view, base, bytes, access)))
        return errno == ENOMEM ? STATUS_COMMITMENT_LIMIT : errno_to_status(errno);
    if (!runs_set(view, page, last - page, protect))
        return STATUS_NO_MEMORY;
    return STATUS_SUCCESS;
}

/* A new private view. `replace` : the placeholder that it takes the place of. */
static NTSTATUS reserve(void *address, size_t bytes, ULONG type, ULONG protect,
                        const struct placement *where, struct view **out)
{
    /* A placeholder has no pages: what replaces it may be watched, and says so itself. */
    unsigned flags = type & MEM_RESERVE_PLACEHOLDER ? VIEW_PLACEHOLDER
                     : type & MEM_WRITE_WATCH       ? VIEW_WRITE_WATCH
                                                    : 0u;
    struct view *view;
    void *base;
    NTSTATUS status;

    status = space_reserve(address, bytes, where->low, where->high, where->align,
                           !!(type & MEM_TOP_DOWN), &base);
    if (status)
        return status;
    view = view_add(base, bytes, MEM_PRIVATE, protect, flags);
    if (!view) {
        space_release(base, bytes);
        return STATUS_NO_MEMORY;
    }
    if (flags & VIEW_WRITE_WATCH && (status = watch_add(view))) {
        view_remove(view);
        space_release(base, bytes);
        return status;
    }
    *out = view;
    return STATUS_SUCCESS;
}

/* Without memory, and watched no more. 0 or -errno. */
static int make_placeholder(struct view *view)
{
    watch_remove(view);
    view->flags = VIEW_PLACEHOLDER;
    view->protect = PAGE_NOACCESS;
    runs_clear(view, 0, view->bytes >> PAGE_SHIFT);
    return mmap(view->base, view->bytes, PROT_NONE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED
               ? -errno
               : 0;
}

/* MEM_REPLACE_PLACEHOLDER: the range must be exactly one placeholder. */
static NTSTATUS take_placeholder(char *base, size_t bytes, ULONG type, ULONG protect,
                                 struct view **out)
{
    struct view *view = view_find(base);

    if (!view || !(view->flags & VIEW_PLACEHOLDER))
        return STATUS_INVALID_PARAMETER;
    if (view->base != base || view->bytes != bytes)
        return STATUS_CONFLICTING_ADDRESSES;
    view->flags = VIEW_FROM_PLACEHOLDER | (type & MEM_WRITE_WATCH ? VIEW_WRITE_WATCH : 0u);
    view->protect = protect;
    if (type & MEM_WRITE_WATCH && watch_add(view)) {
        make_placeholder(view);
        return STATUS_NO_MEMORY;
    }
    *out = view;
    return STATUS_SUCCESS;
}

/* MEM_RESET: the content is no longer needed; MEM_RESET_UNDO: it is, and success says that all of it is there. So
 * nothing may be dropped: Linux is told to take these pages first when memory is short (no write to them, as
 * far as write watch is concerned). */
static NTSTATUS reset_pages(char *base, size_t bytes, bool is_undo)
{
    struct view *view = view_find(base);

    if (!view || base + bytes > view->base + view->bytes ||
        !runs_all_committed(view, (size_t)(base - view->base) >> PAGE_SHIFT, bytes >> PAGE_SHIFT))
        return STATUS_CONFLICTING_ADDRESSES;
    if (view->type == MEM_PRIVATE && !is_undo)
        madvise(base, bytes, MADV_COLD);
    return STATUS_SUCCESS;
}

/* Commits inside an existing reservation. */
static NTSTATUS commit(char *base, size_t bytes, ULONG protect)
{
    struct view *view = view_find(base);

    if (!view || view->flags & (VIEW_PLACEHOLDER | VIEW_SYSTEM))
        return STATUS_CONFLICTING_ADDRESSES; /* ERROR_INVALID_ADDRESS */
    if (base + bytes > view->base + view->bytes)
        return STATUS_CONFLICTING_ADDRESSES;
    if (view->type != MEM_PRIVATE && !(view->flags & VIEW_LAZY))
        return view->type == MEM_IMAGE ? STATUS_CONFLICTING_ADDRESSES : STATUS_ALREADY_COMMITTED;
    if (view->flags & VIEW_LAZY) {
        NTSTATUS status = protect_fits_view(view, protect) ? commit_pages(view, base, bytes, protect)
                                                           : STATUS_SECTION_PROTECTION;

        if (!status)
            section_commit(view, base, bytes);
        return status;
    }
    return commit_pages(view, base, bytes, protect);
}

static NTSTATUS judge_type(ULONG type, ULONG protect, SIZE_T bytes)
{
    if (type & ~(ULONG)TYPE_BITS || !(type & (MEM_COMMIT | MEM_RESERVE | MEM_RESET | MEM_RESET_UNDO)))
        return STATUS_INVALID_PARAMETER_5;
    if (type & (MEM_RESET | MEM_RESET_UNDO) && type & (type - 1))
        return STATUS_INVALID_PARAMETER_5;
    if (type & MEM_LARGE_PAGES)
        return (type & (MEM_RESERVE | MEM_COMMIT)) == (MEM_RESERVE | MEM_COMMIT) &&
                       !(type & MEM_WRITE_WATCH)
                   ? STATUS_PRIVILEGE_NOT_HELD
                   : STATUS_INVALID_PARAMETER_5;
    if (type & MEM_WRITE_WATCH && !(type & MEM_RESERVE))
        return STATUS_INVALID_PARAMETER_5;
    if (type & MEM_PHYSICAL)
        return type & MEM_WRITE_WATCH || !(type & MEM_RESERVE) || type & MEM_COMMIT
                   ? STATUS_INVALID_PARAMETER_5
                   : STATUS_PRIVILEGE_NOT_HELD;
    if (type & MEM_RESERVE_PLACEHOLDER &&
        (type & MEM_COMMIT || !(type & MEM_RESERVE) || protect != PAGE_NOACCESS))
        return STATUS_INVALID_PARAMETER;
    if (type & MEM_REPLACE_PLACEHOLDER && !(type & MEM_RESERVE))
        return STATUS_INVALID_PARAMETER;
    if (!bytes)
        return STATUS_INVALID_PARAMETER_4;
    return protect_is_valid(protect, false) ? STATUS_SUCCESS : STATUS_INVALID_PAGE_PROTECTION;
}

static NTSTATUS allocate(void **address, SIZE_T *size, ULONG type, ULONG protect,
                         const struct placement *where)
{
    void *wanted = *address;
    struct view *view = NULL;
    char *base;
    size_t bytes;
    sigset_t signals;
    NTSTATUS status;

    protect_drop_targets(&protect);
    status = judge_type(type, protect, *size);
    if (!status && !range_round(wanted, *size, &base, &bytes))
        status = STATUS_INVALID_PARAMETER_3;
    if (status) {
        trace(TRACE_VIRTUAL, "allocate %p + 0x%zx type %x protect %x: refused, status %08x", wanted,
              (size_t)*size, (unsigned)type, (unsigned)protect, (unsigned)status);
        return status;
    }
    if (type & MEM_RESERVE && wanted && !(type & MEM_REPLACE_PLACEHOLDER)) {
        /* A reservation starts on 64 KiB; what lies below the wish belongs to it. */
        base = (char *)((uintptr_t)wanted & ~(GRANULARITY - 1));
        bytes = (((uintptr_t)wanted + *size + PAGE_OFFSET) & ~PAGE_OFFSET) - (uintptr_t)base;
        if (!base)
            return STATUS_INVALID_PARAMETER_2;
    }
    virtual_lock(&signals);
    if (type & (MEM_RESET | MEM_RESET_UNDO)) {
        status = reset_pages(base, bytes, !!(type & MEM_RESET_UNDO));
    } else if (type & MEM_RESERVE || !wanted) {
        if (type & MEM_REPLACE_PLACEHOLDER)
            status = take_placeholder(base, bytes, type, protect, &view);
        else
            status = reserve(wanted ? base : NULL, bytes, type, protect, where, &view);
        if (!status)
            base = view->base;
        if (!status && type & MEM_COMMIT && (status = commit_pages(view, base, bytes, protect))) {
            if (type & MEM_REPLACE_PLACEHOLDER) {
                make_placeholder(view);
            } else {
                watch_remove(view);
                view_remove(view);
                space_release(base, bytes);
            }
        }
    } else {
        status = commit(base, bytes, protect);
    }
    virtual_unlock(&signals);
    trace(TRACE_VIRTUAL, "allocate %p + 0x%zx type %x protect %x: %p, status %08x", wanted,
          (size_t)*size, (unsigned)type, (unsigned)protect, base, (unsigned)status);
    if (!status) {
        *address = base;
        *size = bytes;
    }
    return status;
}

static NTSTATUS allocate_for_guest(HANDLE process_handle, void **address, SIZE_T *size, ULONG type,
                                   ULONG protect, const struct placement *where)
{
    struct process_object *remote;
    void *base;
    SIZE_T bytes;
    NTSTATUS status;

    if (guest_copy_in(&base, address, sizeof(base)) || guest_copy_in(&bytes, size, sizeof(bytes)))
        return STATUS_ACCESS_VIOLATION;
    status = remote_target(process_handle, PROCESS_VM_OPERATION, &remote);
    if (status)
        return status;
    if (remote) {
        struct remote_placement there = {where->low, where->high, where->align};

        status = remote_allocate(remote, &base, &bytes, type, protect, &there);
        object_release(&remote->header);
    } else {
        status = allocate(&base, &bytes, type, protect, where);
    }
    if (status)
        return status;
    if (guest_copy_out(address, &base, sizeof(base)) || guest_copy_out(size, &bytes, sizeof(bytes)))
        return STATUS_ACCESS_VIOLATION;
    return STATUS_SUCCESS;
}

NTSTATUS virtual_allocate_placed(void **base, SIZE_T *bytes, ULONG type, ULONG protect,
                                 uint64_t low, uint64_t high, uint64_t align)
{
    const struct placement where = {low, high, align};

    if (align & (align - 1) || low > USER_SPACE_HIGH || high > USER_SPACE_HIGH)
        return STATUS_INVALID_PARAMETER;
    return allocate(base, bytes, type, protect, &where);
}

NTSTATUS WINAPI NtAllocateVirtualMemory(HANDLE process_handle, void **address, ULONG_PTR zero_bits,
                                        SIZE_T *size, ULONG type, ULONG protect)
{
    struct placement where = {0};

    /* Up to 21: that many high bits of a 32-bit address are zero; above 32: a mask of allowed bits. */
    if (zero_bits > 21 && zero_bits < 32)
        return STATUS_INVALID_PARAMETER_3;
    if (type & (MEM_RESERVE_PLACEHOLDER | MEM_REPLACE_PLACEHOLDER))
        return STATUS_INVALID_PARAMETER_5;
    if (zero_bits && zero_bits < 32) {
        where.high = (uintptr_t)1 << (32 - zero_bits);
    } else if (zero_bits) {
        where.high = zero_bits;
        while (where.high & (where.high + 1))
            where.high |= where.high >> 1;
        where.high++;
    }
    return allocate_for_guest(process_handle, address, size, type, protect, &where);
}

NTSTATUS WINAPI NtAllocateVirtualMemoryEx(HANDLE process_handle, void **address, SIZE_T *size,
                                          ULONG type, ULONG protect,
                                          MEM_EXTENDED_PARAMETER *parameters, ULONG count)
{
    struct placement where = {0};
    void *base;
    NTSTATUS status = guest_copy_in(&base, address, sizeof(base));

    if (!status)
        status = placement_read(parameters, count, base, &where);
    return status ? status
                  : allocate_for_guest(process_handle, address, size, type, protect, &where);
}

/* --- Freeing --- */

/* Decommitted pages read as zero when they are committed again. A watched range is dropped with
 * madvise, since mapping it anew would end the watch. */
static NTSTATUS decommit(struct view *view, char *base, size_t bytes)
{
    size_t first = (size_t)(base - view->base) >> PAGE_SHIFT;

    if (!runs_clear(view, first, bytes >> PAGE_SHIFT))
        return STATUS_NO_MEMORY;
    if (view->flags & VIEW_WRITE_WATCH) {
        int error;

        /* Closed first: what another thread writes between the two would stay. */
        if (mprotect(base, bytes, PROT_NONE))
            return errno_to_status(errno);
        error = watch_decommit(view, base, bytes);
        return error ? errno_to_status(-error) : STATUS_SUCCESS;
    }
    if (mmap(base, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
             0) == MAP_FAILED)
        return errno_to_status(errno);
    return STATUS_SUCCESS;
}

/* MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER: a part of a placeholder, or of what replaced one,
 * becomes a placeholder of its own. */
static NTSTATUS preserve_placeholder(struct view *view, char *base, size_t bytes)
{
    int error;

    if (!(view->flags & (VIEW_PLACEHOLDER | VIEW_FROM_PLACEHOLDER)))
        return STATUS_CONFLICTING_ADDRESSES;
    if (view->flags & VIEW_FROM_PLACEHOLDER &&
        (base != view->base || bytes != view->bytes))
        return STATUS_CONFLICTING_ADDRESSES;
    if (view->flags & VIEW_PLACEHOLDER && base == view->base && bytes == view->bytes)
        return STATUS_CONFLICTING_ADDRESSES;
    if (base > view->base) {
        view = view_split(view, (size_t)(base - view->base));
        if (!view)
            return STATUS_NO_MEMORY;
    }
    if (bytes < view->bytes && !view_split(view, bytes))
        return STATUS_NO_MEMORY;
    error = make_placeholder(view);
    return error ? errno_to_status(-error) : STATUS_SUCCESS;
}

/* MEM_RELEASE | MEM_COALESCE_PLACEHOLDERS: neighbouring placeholders become one. */
static NTSTATUS coalesce_placeholders(struct view *view, char *base, size_t bytes)
{
    char *end = base + bytes;
    struct view *next;

    if (view->base != base || !(view->flags & VIEW_PLACEHOLDER) || view->bytes >= bytes)
        return STATUS_CONFLICTING_ADDRESSES;
    for (char *at = base; at < end; at += next->bytes) {
        next = view_find(at);
        if (!next || next->base != at || !(next->flags & VIEW_PLACEHOLDER) || at + next->bytes > end)
            return STATUS_CONFLICTING_ADDRESSES;
    }
    while (view->bytes < bytes) {
        next = view_find(view->base + view->bytes);
        size_t grown = view->bytes + next->bytes;

        view_remove(next);
        view->bytes = grown;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS release(struct view *view, char *base, size_t bytes)
{
    if (!bytes) {
        /* The whole allocation, named by its base. */
        if (base != view->base)
            return STATUS_FREE_VM_NOT_AT_BASE;
        bytes = view->bytes;
    } else if (base + bytes > view->base + view->bytes) {
        return STATUS_UNABLE_TO_FREE_VM;
    }
    /* A part may be released too (NtFreeVirtualMemory alone allows it): the rest stays. */
    if (base > view->base && !(view = view_split(view, (size_t)(base - view->base))))
        return STATUS_NO_MEMORY;
    if (bytes < view->bytes && !view_split(view, bytes))
        return STATUS_NO_MEMORY;
    if (view->flags & VIEW_WRITE_WATCH)
        watch_remove(view);
    view_remove(view);
    space_release(base, bytes);
    return STATUS_SUCCESS;
}

static NTSTATUS free_memory(void **address, SIZE_T *size, ULONG type)
{
    const ULONG placeholder_bits = MEM_PRESERVE_PLACEHOLDER | MEM_COALESCE_PLACEHOLDERS;
    ULONG action = type & ~placeholder_bits;
    char *base;
    size_t bytes;
    struct view *view;
    sigset_t signals;
    NTSTATUS status;

    if (action != MEM_RELEASE && action != MEM_DECOMMIT)
        return STATUS_INVALID_PARAMETER_4;
    if (type & placeholder_bits && (action != MEM_RELEASE || !*size ||
                                    (type & placeholder_bits) == placeholder_bits))
        return STATUS_INVALID_PARAMETER_4;
    if (!range_round(*address, *size, &base, &bytes))
        return STATUS_INVALID_PARAMETER_3;
    if (!*size)
        bytes = 0;

    virtual_lock(&signals);
    view = view_find(base);
    if (!view)
        status = STATUS_MEMORY_NOT_ALLOCATED;
    else if (view->flags & VIEW_SYSTEM)
        status = STATUS_INVALID_PAGE_PROTECTION;
    else if (view->type != MEM_PRIVATE)
        status = STATUS_UNABLE_TO_DELETE_SECTION;
    else if (type & MEM_COALESCE_PLACEHOLDERS)
        status = coalesce_placeholders(view, base, bytes);
    else if (base + bytes > view->base + view->bytes)
        status = STATUS_UNABLE_TO_FREE_VM;
    else if (type & MEM_PRESERVE_PLACEHOLDER)
        status = preserve_placeholder(view, base, bytes);
    else if (action == MEM_DECOMMIT) {
        if (!bytes && base != view->base) {
            status = STATUS_FREE_VM_NOT_AT_BASE;
        } else {
            /* The whole allocation; its size is not told (since Windows 10 1803). */
            status = decommit(view, base, bytes ? bytes : view->bytes);
        }
    } else {
        if (!bytes)
            bytes = base == view->base ? view->bytes : 0;
        status = release(view, base, *size ? bytes : 0);
    }
    virtual_unlock(&signals);
    trace(TRACE_VIRTUAL, "free %p + 0x%zx type %x: status %08x", *address, (size_t)*size,
          (unsigned)type, (unsigned)status);
    if (!status) {
        *address = base;
        *size = bytes;
    }
    return status;
}

NTSTATUS WINAPI NtFreeVirtualMemory(HANDLE process_handle, void **address, SIZE_T *size, ULONG type)
{
    struct process_object *remote;
    void *base;
    SIZE_T bytes;
    NTSTATUS status;

    if (guest_copy_in(&base, address, sizeof(base)) || guest_copy_in(&bytes, size, sizeof(bytes)))
        return STATUS_ACCESS_VIOLATION;
    status = remote_target(process_handle, PROCESS_VM_OPERATION, &remote);
    if (status)
        return status;
    if (remote) {
        status = remote_free(remote, &base, &bytes, type);
        object_release(&remote->header);
    } else {
        status = free_memory(&base, &bytes, type);
    }
    if (status)
        return status;
    if (guest_copy_out(address, &base, sizeof(base)) || guest_copy_out(size, &bytes, sizeof(bytes)))
        return STATUS_ACCESS_VIOLATION;
    return STATUS_SUCCESS;
}

void virtual_free(void *base)
{
    SIZE_T bytes = 0;

    free_memory(&base, &bytes, MEM_RELEASE);
}

/* --- TEB, PEB, stacks --- */

static NTSTATUS allocate_private(size_t bytes, ULONG type, void **base)
{
    static const struct placement anywhere;
    SIZE_T size = bytes;

    *base = NULL;
    return allocate(base, &size, type, PAGE_READWRITE, &anywhere);
}

NTSTATUS virtual_alloc_teb(TEB **teb)
{
    /* The TEB proper takes two pages; programs that look past its end find zeroes. */
    return allocate_private(4 * PAGE_BYTES, MEM_RESERVE | MEM_COMMIT, (void **)teb);
}

NTSTATUS virtual_alloc_peb(PEB **peb)
{
    return allocate_private(PAGE_BYTES, MEM_RESERVE | MEM_COMMIT, (void **)peb);
}

/* From the top: committed pages, one guard page, reserve. The lowest page is never committed. */
NTSTATUS virtual_alloc_stack(TEB *teb, size_t reserve_bytes, size_t commit_bytes)
{
    static const struct placement anywhere;
    SIZE_T reserved = reserve_bytes ? reserve_bytes : 0x100000, committed, guard = PAGE_BYTES;
    void *base = NULL, *start, *guard_page;
    NTSTATUS status;

    if (commit_bytes > reserved)
        reserved = commit_bytes + 0x10000;
    reserved = (reserved + GRANULARITY - 1) & ~(GRANULARITY - 1);
    committed = (commit_bytes ? commit_bytes : 0x10000);
    committed = (committed + PAGE_OFFSET) & ~PAGE_OFFSET;
    if (committed + 3 * PAGE_BYTES > reserved)
        committed = reserved - 3 * PAGE_BYTES;
    if (committed < 4 * PAGE_BYTES)
        committed = 4 * PAGE_BYTES; /* room for the start context and an exception's */

    status = allocate(&base, &reserved, MEM_RESERVE, PAGE_READWRITE, &anywhere);
    if (status)
        return status;
    start = (char *)base + reserved - committed;
    guard_page = (char *)start - PAGE_BYTES;
    status = allocate(&start, &committed, MEM_COMMIT, PAGE_READWRITE, &anywhere);
    if (!status)
        status = allocate(&guard_page, &guard, MEM_COMMIT, PAGE_READWRITE | PAGE_GUARD, &anywhere);
    if (status) {
        virtual_free(base);
        return status;
    }
    teb->DeallocationStack = base;
    teb->Tib.StackBase = (char *)base + reserved;
    teb->Tib.StackLimit = start;
    return STATUS_SUCCESS;
}
