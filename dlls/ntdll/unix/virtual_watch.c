/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The address space's side of write watch: which view has which region of the engine.
 *
 * Lock order: the virtual lock, then a region's. The mprotect backend asks for protections while it
 * holds a region's lock (wanted_access), so its scans run with the virtual lock held; those
 * of the other backends do not: a scan pins the watch, and whoever ends it waits for the pins. A region whose
 * scan the kernel refuses goes over to write-protection, once nobody has it pinned.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "decant/write_watch.h"
#include "process_memory.h"
#include "virtual_watch.h"
#include "watch_pin.h"

static void report(const char *text)
{
    report_error("%s", text);
}

/* Under the virtual lock, which every path of the mprotect backend holds. */
static int wanted_access(const struct ww_region *region, void *address, size_t *bytes)
{
    struct view *view = view_at_or_above(address);
    size_t page, end;
    ULONG protect;

    if (!view)
        return PROT_NONE;
    if (view->base > (char *)address) { /* a part that was released */
        *bytes = (size_t)(view->base - (char *)address);
        return PROT_NONE;
    }
    if (!view->watch || view->watch->region != region) { /* and was given to somebody else */
        *bytes = (size_t)(view->base + view->bytes - (char *)address);
        return PROT_NONE;
    }
    page = (size_t)((char *)address - view->base) >> PAGE_SHIFT;
    protect = runs_get(view, page, &end);
    *bytes = (end - page) << PAGE_SHIFT;
    return protect ? protect_to_linux(protect) : PROT_NONE;
}

static const struct ww_host host = {.report = report, .wanted_access = wanted_access};
static bool is_initialised;

NTSTATUS watch_init(void)
{
    return STATUS_SUCCESS; /* at the first watched allocation: most programs have none */
}

static int init_engine(void)
{
    const char *wanted = getenv("DECANT_WRITE_WATCH");
    int error;

    if (is_initialised)
        return ww_backend() == WW_NONE ? -ENOTSUP : 0;
    is_initialised = true;
    error = ww_init(&host, wanted);
    if (error == -EINVAL)
        report_error("DECANT_WRITE_WATCH: no backend \"%s\" (pagemap, markers, mprotect)", wanted);
    else if (error && wanted && *wanted)
        report_error("write watch: DECANT_WRITE_WATCH=%s does not work here (%s), the program gets no watched memory; "
                     "without the variable another backend is chosen (decant doctor)", wanted,
                     ww_backend_reason());
    else if (error)
        report_error("write watch: no backend works here (%s), the program gets no watched memory (decant doctor)",
                     ww_backend_reason());
    if (!error)
        trace(TRACE_WRITEWATCH, "backend %s%s%s", ww_backend_name(ww_backend()),
              *ww_backend_reason() ? "; " : "", ww_backend_reason());
    return error;
}

NTSTATUS watch_add(struct view *view)
{
    struct watch *watch = watch_new();
    int error = watch ? init_engine() : -ENOMEM;

    if (!error)
        error = ww_add(view->base, view->bytes, &watch->region);
    if (error) {
        if (watch)
            watch_free(watch);
        return error == -ENOMEM ? STATUS_NO_MEMORY : STATUS_NOT_SUPPORTED;
    }
    watch->views = 1;
    view->watch = watch;
    watched_views++;
    if (!ww_is_by_protection(watch->region))
        watch_list(watch, view->base, view->bytes);
    return STATUS_SUCCESS;
}

void watch_share(struct view *view, struct view *second)
{
    watch_unlist(view->watch); /* a scan has to stay within one of the two */
    view->watch->views++;
    second->watch = view->watch;
    watched_views++;
}

void watch_remove(struct view *view)
{
    struct watch *watch = view->watch;

    if (!watch)
        return;
    view->watch = NULL;
    watched_views--;
    watch_unlist(watch);
    /* A scan never waits for the virtual lock, which we hold. Also when the view is a part of an allocation that
     * stays: a scan that began before it was cut off goes on over it, and would reset pages of whoever gets it next. */
    while (atomic_load(&watch->pins))
        sched_yield();
    if (--watch->views)
        return;
    ww_remove(watch->region);
    watch_free(watch);
}

int watch_decommit(struct view *view, char *base, size_t bytes)
{
    return view->watch ? ww_decommit(view->watch->region, base, bytes) : 0;
}

void watch_latch(struct view *view, char *base, size_t bytes)
{
    if (view->watch)
        ww_latch(view->watch->region, base, bytes);
}

int watch_filter_access(struct view *view, char *base, size_t bytes, int access)
{
    return view->watch ? ww_filter_access(view->watch->region, base, bytes, access) : access;
}

bool watch_handle_fault(struct view *view, void *address)
{
    return view->watch && ww_handle_fault(view->watch->region, address);
}

struct ww_region *watch_pin(void *base, size_t bytes, struct watch **out)
{
    struct ww_region *region = NULL;
    struct view *view;
    sigset_t signals;

    *out = watch_pin_listed(base, bytes);
    if (*out)
        return (*out)->region;
    virtual_lock(&signals);
    view = view_find(base);
    if (view && view->watch && (char *)base + bytes <= view->base + view->bytes) {
        *out = view->watch;
        region = view->watch->region;
        atomic_fetch_add(&view->watch->pins, 1);
    }
    if (region && ww_is_by_protection(region))
        (*out)->signals = signals; /* keeps the lock */
    else
        virtual_unlock(&signals);
    return region;
}

void watch_unpin(struct watch *watch)
{
    if (ww_is_by_protection(watch->region)) { /* which does not change while it is pinned */
        sigset_t signals = watch->signals;

        atomic_fetch_sub(&watch->pins, 1);
        virtual_unlock(&signals);
    } else {
        atomic_fetch_sub(&watch->pins, 1);
    }
}

void watch_degrade(void *base)
{
    struct view *view;
    sigset_t signals;

    virtual_lock(&signals);
    view = view_find(base);
    if (view && view->watch && ww_has_failed(view->watch->region)) {
        watch_unlist(view->watch);
        while (atomic_load(&view->watch->pins)) /* as in watch_remove */
            sched_yield();
        if (!ww_degrade(view->watch->region))
            trace(TRACE_WRITEWATCH, "%p: by write-protection from now on", (void *)view->base);
    }
    virtual_unlock(&signals);
}

void watch_mark(void *address, size_t bytes)
{
    char *at = (char *)((uintptr_t)address & ~PAGE_OFFSET);
    char *end = (char *)(((uintptr_t)address + bytes + PAGE_OFFSET) & ~PAGE_OFFSET);
    struct view *view;
    sigset_t signals;

    if (ww_backend() == WW_NONE)
        return;
    virtual_lock(&signals);
    for (view = view_at_or_above(at); view && view->base < end;
         view = view_at_or_above(view->base + view->bytes)) {
        char *first = at > view->base ? at : view->base;
        char *last = end < view->base + view->bytes ? end : view->base + view->bytes;

        if (view->watch)
            ww_mark(view->watch->region, first, (size_t)(last - first));
    }
    virtual_unlock(&signals);
}

size_t watch_write(void *address, const void *data, size_t bytes)
{
    char *start = address, *end = (char *)((uintptr_t)address + bytes);
    size_t done = 0;
    sigset_t signals;

    if (ww_backend() == WW_NONE || end < start) /* the address may be any number */
        return 0;
    /* Under the lock no reset closes the pages between the note and the write. */
    virtual_lock(&signals);
    while (done < bytes) {
        struct view *view = view_find(start + done);
        size_t part = view ? (size_t)(view->base + view->bytes - (start + done)) : 0;
        struct iovec local = {(char *)data + done, part}, remote = {start + done, part};
        struct ww_region *region;
        ssize_t put;

        if (!view || !view->watch)
            break;
        if (part > bytes - done)
            part = local.iov_len = remote.iov_len = bytes - done;
        region = view->watch->region;
        if (ww_is_by_protection(region))
            ww_prepare_kernel_write(region, start + done, part);
        ww_hold(region);
        put = process_vm_writev(process.pid, &local, 1, &remote, 1, 0);
        ww_let_go(region);
        if (put > 0)
            done += (size_t)put;
        if (put < 0 || (size_t)put < part)
            break;
    }
    virtual_unlock(&signals);
    return done;
}

/* A write of what is there to each page, atomically against the program's own writers. */
static void touch_pages(char *at, char *end)
{
    if (!guest_try())
        return;
    for (char *page = (char *)((uintptr_t)at & ~PAGE_OFFSET); page < end; page += PAGE_BYTES)
        atomic_fetch_or((_Atomic uint8_t *)(page < at ? at : page), 0);
    guest_end();
}

bool ww_prepare_buffer(void *buffer, size_t bytes)
{
    char *at = buffer, *end = at + bytes;
    bool is_watched = false, is_direct = true;
    struct view *view;
    sigset_t signals;

    if (ww_backend() == WW_NONE || !bytes)
        return true;
    virtual_lock(&signals);
    for (view = view_at_or_above(at); view && view->base < end;
         view = view_at_or_above(view->base + view->bytes)) {
        if (!view->watch)
            continue;
        is_watched = true;
        is_direct &= !ww_is_by_protection(view->watch->region);
        ww_prepare_kernel_write(view->watch->region, buffer, bytes);
    }
    virtual_unlock(&signals);
    /* Once only: who sees the mark may reset it before this thread goes on. */
    if (is_watched && is_direct)
        touch_pages(at, end);
    return is_direct;
}
