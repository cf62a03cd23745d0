/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Watches, and how scans find and hold them; between virtual_watch.c and watch_pin.c.
 */
#ifndef DECANT_NTDLL_UNIX_WATCH_PIN_H
#define DECANT_NTDLL_UNIX_WATCH_PIN_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ww_region;

struct watch {
    struct ww_region *region;
    uint32_t views;         /* that share it; under the virtual lock */
    _Atomic uint32_t pins;  /* scans that are under way, and look-ups that are about to give up */
    bool is_listed;
    sigset_t signals;       /* mprotect backend: of the one scan that holds the virtual lock */
    struct watch *next;     /* of the ones that wait to be used again */
};

/* Zeroed; NULL: no memory. The memory of a watch stays one for ever: a look-up that lost a race may still
 * count its pin up and down. All of these are called under the virtual lock. */
struct watch *watch_new(void);
void watch_free(struct watch *watch);

/* From now on look-ups find the watch by its range, without a lock. Failure (no memory) does no harm:
 * they take the lock then. */
void watch_list(struct watch *watch, char *base, size_t bytes);
/* They find it no more; those that did have still to be waited for. */
void watch_unlist(struct watch *watch);

/* Without the lock. NULL: not found, or something changed meanwhile; look under the lock. */
struct watch *watch_pin_listed(const char *base, size_t bytes);

#endif
