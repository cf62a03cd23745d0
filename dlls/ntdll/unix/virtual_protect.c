/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * NtProtectVirtualMemory, locking, flushing, and the faults that protections cause: guard pages,
 * stack growth, write watch.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kuser.h"
#include "process.h"
#include "remote.h"
#include "section.h"
#include "views.h"
#include "virtual.h"
#include "virtual_watch.h"

/* A stack keeps this much for the handler of its own overflow, as Windows does by default. */
#define MINIMUM_GUARANTEE (2 * PAGE_BYTES)

/* Applies one protection to committed pages of a view. */
static NTSTATUS apply(struct view *view, char *base, size_t bytes, ULONG protect)
{
    int access = protect_to_linux(protect);

    if (view->flags & VIEW_WRITE_WATCH)
        access = watch_filter_access(view, base, bytes, access);
    if (mprotect(base, bytes, access))
        return errno == EACCES ? STATUS_INVALID_PAGE_PROTECTION : errno_to_status(errno);
    return runs_set(view, (size_t)(base - view->base) >> PAGE_SHIFT, bytes >> PAGE_SHIFT, protect)
               ? STATUS_SUCCESS
               : STATUS_NO_MEMORY;
}

/* A file's view cannot get more than the section allows; images write their own copies. */
static ULONG adapt_protect(const struct view *view, ULONG protect)
{
    ULONG modifiers = protect & ~(ULONG)0xff;

    if (view->type == MEM_IMAGE) {
        if ((protect & 0xff) == PAGE_READWRITE)
            return PAGE_WRITECOPY | modifiers;
        if ((protect & 0xff) == PAGE_EXECUTE_READWRITE)
            return PAGE_EXECUTE_WRITECOPY | modifiers;
    }
    return protect;
}

static NTSTATUS protect_range(void **address, SIZE_T *size, ULONG protect, ULONG *old)
{
    struct view *view;
    sigset_t signals;
    NTSTATUS status;
    size_t bytes, end;
    char *base;

    protect_drop_targets(&protect);
    if (!protect_is_valid(protect, true))
        return STATUS_INVALID_PAGE_PROTECTION;
    if (!range_round(*address, *size, &base, &bytes))
        return STATUS_INVALID_PARAMETER;
    virtual_lock(&signals);
    view = view_find(base);
    if (view)
        section_catch_up(view);
    if (!view || base + bytes > view->base + view->bytes) {
        status = STATUS_INVALID_PARAMETER;
    } else if (!runs_all_committed(view, (size_t)(base - view->base) >> PAGE_SHIFT,
                                   bytes >> PAGE_SHIFT)) {
        status = STATUS_NOT_COMMITTED;
    } else if (view->flags & VIEW_SYSTEM ||
               (view->type == MEM_PRIVATE && !protect_is_valid(protect, false))) {
        status = STATUS_INVALID_PAGE_PROTECTION;
    } else if (view->type == MEM_MAPPED && !protect_fits_view(view, protect)) {
        status = STATUS_SECTION_PROTECTION;
    } else if ((status = section_make_private(view, base, bytes, protect))) {
        /* nothing has changed */
    } else {
        *old = runs_get(view, (size_t)(base - view->base) >> PAGE_SHIFT, &end);
        if (view->flags & VIEW_WRITE_WATCH)
            watch_latch(view, base, bytes);
        status = apply(view, base, bytes, adapt_protect(view, protect));
    }
    virtual_unlock(&signals);
    if (!status) {
        *address = base;
        *size = bytes;
    }
    return status;
}

NTSTATUS WINAPI NtProtectVirtualMemory(HANDLE process_handle, void **address, SIZE_T *size,
                                       ULONG protect, ULONG *old_protect)
{
    struct process_object *remote;
    void *base;
    SIZE_T bytes;
    ULONG old = 0;
    NTSTATUS status;

    if (guest_copy_in(&base, address, sizeof(base)) ||
        guest_copy_in(&bytes, size, sizeof(bytes)) ||
        guest_copy_in(&old, old_protect, sizeof(old)))
        return STATUS_ACCESS_VIOLATION;
    status = remote_target(process_handle, PROCESS_VM_OPERATION, &remote);
    if (status)
        return status;
    if (remote) {
        status = remote_protect(remote, &base, &bytes, protect, &old);
        object_release(&remote->header);
    } else {
        status = protect_range(&base, &bytes, protect, &old);
    }
    trace(TRACE_VIRTUAL, "protect %p + 0x%zx to %x: status %08x", base, (size_t)bytes,
          (unsigned)protect, (unsigned)status);
    if (status)
        return status;
    if (guest_copy_out(address, &base, sizeof(base)) ||
        guest_copy_out(size, &bytes, sizeof(bytes)) ||
        guest_copy_out(old_protect, &old, sizeof(old)))
        return STATUS_ACCESS_VIOLATION;
    return STATUS_SUCCESS;
}

/* --- Locking --- */

/* MCL_ONFAULT leaves pages as they are; a plain mlock would write-populate them, and each page of a watched
 * range would count as written. */
#define LOCK_ON_FAULT 1

/* What this process has locked, in bytes. */
static size_t locked_bytes(void)
{
    size_t kilobytes = 0;
    char line[128];
    FILE *file = fopen("/proc/self/status", "re");

    while (file && fgets(line, sizeof(line), file))
        if (sscanf(line, "VmLck: %zu", &kilobytes) == 1)
            break;
    if (file)
        fclose(file);
    return kilobytes * 1024;
}

/* Unlocking what is not locked is an error on Windows, which takes the pages out of the working set all the
 * same. Linux does not tell which pages are locked, but how many; under the virtual lock nobody else
 * changes that. */
static NTSTATUS unlock_pages(void *base, size_t bytes)
{
    size_t before = locked_bytes();

    if (munlock(base, bytes))
        return errno_to_status(errno);
    return before - locked_bytes() == bytes ? STATUS_SUCCESS : STATUS_NOT_LOCKED;
}

static NTSTATUS lock_or_unlock(HANDLE process_handle, void **address, SIZE_T *size, bool is_lock)
{
    struct process_object *remote;
    uintptr_t base;
    SIZE_T bytes;
    void *start;
    struct view *view;
    bool is_watched, is_wrapped;
    sigset_t signals;
    size_t end;
    NTSTATUS status;

    if (guest_copy_in(&start, address, sizeof(start)) || guest_copy_in(&bytes, size, sizeof(bytes)))
        return STATUS_ACCESS_VIOLATION;
    status = remote_target(process_handle, PROCESS_VM_OPERATION, &remote);
    if (!status && remote) {
        status = remote_lock(remote, &start, &bytes, is_lock);
        object_release(&remote->header);
        if (!status && (guest_copy_out(address, &start, sizeof(start)) ||
                        guest_copy_out(size, &bytes, sizeof(bytes))))
            status = STATUS_ACCESS_VIOLATION;
        return status;
    }
    if (status)
        return status;
    base = (uintptr_t)start & ~PAGE_OFFSET;
    is_wrapped = bytes > UINTPTR_MAX - (uintptr_t)start;
    bytes = (((uintptr_t)start + bytes + PAGE_OFFSET) & ~PAGE_OFFSET) - base;

    virtual_lock(&signals);
    view = view_find((void *)base);
    if (!bytes || !view || is_wrapped || (char *)base + bytes > view->base + view->bytes) {
        status = bytes ? STATUS_ACCESS_VIOLATION : STATUS_INVALID_PARAMETER;
    } else {
        size_t page = (base - (uintptr_t)view->base) >> PAGE_SHIFT, last = page + (bytes >> PAGE_SHIFT);

        for (size_t at = page; at < last && !status && is_lock; at = end) {
            ULONG protect = runs_get(view, at, &end);

            if (protect & PAGE_GUARD) {
                /* As a touch does: the guard goes, and the call fails once. */
                apply(view, view->base + (at << PAGE_SHIFT), PAGE_BYTES, protect & ~(ULONG)PAGE_GUARD);
                status = STATUS_GUARD_PAGE_VIOLATION;
            } else if (!protect || (protect & 0xff) == PAGE_NOACCESS) {
                status = STATUS_ACCESS_VIOLATION;
            }
        }
        if (!status && is_lock) {
            if (syscall(SYS_mlock2, base, bytes, LOCK_ON_FAULT))
                status = errno == ENOMEM || errno == EPERM || errno == EAGAIN
                             ? STATUS_WORKING_SET_QUOTA
                             : errno_to_status(errno);
        } else if (!status) {
            status = unlock_pages((void *)base, bytes);
        }
    }
    is_watched = view && view->flags & VIEW_WRITE_WATCH;
    virtual_unlock(&signals);
    if (status)
        return status;
    /* On Windows a locked page counts as written (Wine's test_guard_page; only Windows 8 differs). */
    if (is_watched && is_lock)
        ww_prepare_buffer((void *)base, bytes);
    start = (void *)base;
    if (guest_copy_out(address, &start, sizeof(start)) ||
        guest_copy_out(size, &bytes, sizeof(bytes)))
        return STATUS_ACCESS_VIOLATION;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI NtLockVirtualMemory(HANDLE process_handle, void **address, SIZE_T *size, ULONG type)
{
    (void)type;
    return lock_or_unlock(process_handle, address, size, true);
}

NTSTATUS WINAPI NtUnlockVirtualMemory(HANDLE process_handle, void **address, SIZE_T *size,
                                      ULONG type)
{
    (void)type;
    return lock_or_unlock(process_handle, address, size, false);
}

NTSTATUS WINAPI NtFlushInstructionCache(HANDLE process_handle, const void *address, SIZE_T size)
{
    (void)process_handle, (void)address, (void)size;
    return STATUS_SUCCESS; /* x86 keeps its caches coherent */
}

void WINAPI NtFlushProcessWriteBuffers(void)
{
    const int private_expedited = 1 << 3, register_private_expedited = 1 << 4;
    static _Atomic bool is_registered;

    if (!atomic_exchange(&is_registered, true))
        syscall(SYS_membarrier, register_private_expedited, 0, 0);
    syscall(SYS_membarrier, private_expedited, 0, 0);
}

NTSTATUS WINAPI NtFlushVirtualMemory(HANDLE process_handle, LPCVOID *address, SIZE_T *size,
                                     ULONG unknown)
{
    uintptr_t base;
    const void *start;
    SIZE_T bytes;
    struct view *view;
    sigset_t signals;
    NTSTATUS status = STATUS_SUCCESS;

    (void)process_handle, (void)unknown;
    if (guest_copy_in(&start, address, sizeof(start)) || guest_copy_in(&bytes, size, sizeof(bytes)))
        return STATUS_ACCESS_VIOLATION;
    base = (uintptr_t)start & ~PAGE_OFFSET;
    virtual_lock(&signals);
    view = view_find((void *)base);
    if (!view || view->type != MEM_MAPPED) {
        status = view ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
    } else {
        if (!bytes)
            bytes = (SIZE_T)(view->base + view->bytes - (char *)base);
        if (msync((void *)base, bytes, MS_SYNC))
            status = STATUS_NOT_MAPPED_DATA;
    }
    virtual_unlock(&signals);
    return status;
}

#define VM_PAGE_DIRTY_STATE_INFORMATION 3 /* Wine 8's header ends before it */

NTSTATUS WINAPI NtSetInformationVirtualMemory(HANDLE process_handle,
                                              VIRTUAL_MEMORY_INFORMATION_CLASS class,
                                              ULONG_PTR count, PMEMORY_RANGE_ENTRY ranges,
                                              PVOID buffer, ULONG length)
{
    (void)process_handle, (void)buffer;
    /* The state that NtSetInformationProcess's class 83 would keep, which is refused there. */
    if ((int)class == VM_PAGE_DIRTY_STATE_INFORMATION)
        return STATUS_NOT_SUPPORTED;
    if (class != VmPrefetchInformation)
        return STATUS_INVALID_PARAMETER_2;
    if (!count)
        return STATUS_INVALID_PARAMETER_3;
    if (length != sizeof(ULONG))
        return STATUS_INVALID_PARAMETER_6;
    for (ULONG_PTR i = 0; i < count; i++) {
        MEMORY_RANGE_ENTRY range;

        if (guest_copy_in(&range, &ranges[i], sizeof(range)))
            return STATUS_ACCESS_VIOLATION;
        madvise((void *)((uintptr_t)range.VirtualAddress & ~PAGE_OFFSET), range.NumberOfBytes,
                MADV_WILLNEED);
    }
    return STATUS_SUCCESS;
}

/* --- Faults --- */

/* The guard page of the thread's own stack was hit: it becomes stack, and the page below it the
 * guard. When only the guarantee is left, the program is told. */
static NTSTATUS grow_stack(struct view *view, char *page, ULONG protect)
{
    TEB *teb = current_thread->teb;
    size_t guarantee = (teb->GuaranteedStackBytes + PAGE_OFFSET) & ~PAGE_OFFSET;
    char *lowest = (char *)teb->DeallocationStack + PAGE_BYTES; /* the last page stays reserved */

    if (guarantee < MINIMUM_GUARANTEE)
        guarantee = MINIMUM_GUARANTEE;
    apply(view, page, PAGE_BYTES, protect & ~(ULONG)PAGE_GUARD);
    teb->Tib.StackLimit = page;
    if (page - PAGE_BYTES < lowest + guarantee) {
        /* The rest is for the handler. */
        if (page > lowest)
            apply(view, lowest, (size_t)(page - lowest), protect & ~(ULONG)PAGE_GUARD);
        teb->Tib.StackLimit = lowest;
        return STATUS_STACK_OVERFLOW;
    }
    apply(view, page - PAGE_BYTES, PAGE_BYTES, protect);
    return STATUS_SUCCESS;
}

static bool is_own_stack(const struct view *view)
{
    return current_thread && current_thread->teb && view->base == current_thread->teb->DeallocationStack;
}

NTSTATUS virtual_handle_fault(void *address, uint32_t error_code, uint64_t stack_pointer)
{
    char *page = (char *)((uintptr_t)address & ~PAGE_OFFSET);
    NTSTATUS status = STATUS_ACCESS_VIOLATION;
    struct view *view;
    sigset_t signals;
    ULONG protect;
    size_t end;

    (void)stack_pointer;
    if (kuser_handle_fault(address, !!(error_code & FAULT_WRITE)))
        return STATUS_SUCCESS;
    virtual_lock(&signals);
    view = view_find(page);
    if (view) {
        section_catch_up(view);
        protect = runs_get(view, (size_t)(page - view->base) >> PAGE_SHIFT, &end);
        if (protect & PAGE_GUARD) {
            if (is_own_stack(view)) {
                status = grow_stack(view, page, protect);
            } else {
                apply(view, page, PAGE_BYTES, protect & ~(ULONG)PAGE_GUARD);
                status = STATUS_GUARD_PAGE_VIOLATION;
            }
        } else if (error_code & FAULT_WRITE && view->flags & VIEW_WRITE_WATCH && protect &&
                   protect_to_linux(protect) & PROT_WRITE && watch_handle_fault(view, page)) {
            status = STATUS_SUCCESS;
        } else if (protect) {
            int needed = error_code & FAULT_FETCH  ? PROT_EXEC
                         : error_code & FAULT_WRITE ? PROT_WRITE
                                                    : PROT_READ;

            if (error_code & FAULT_BEYOND_FILE)
                status = STATUS_IN_PAGE_ERROR;
            /* Allowed by now: another thread changed the protection between fault and look. */
            else if ((protect_to_linux(protect) & needed) == needed)
                status = STATUS_SUCCESS;
        }
    }
    virtual_unlock(&signals);
    return status;
}
