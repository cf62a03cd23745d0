/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The waitable state of an object as it lies in shared memory, for programs (dlls/ntdll/unix/sync.h has the
 * rules) and for decantserver, which tidies up after the dead. Slots of an arena, a memfd that can
 * not shrink.
 */
#ifndef DECANT_SYNC_LAYOUT_H
#define DECANT_SYNC_LAYOUT_H

#include <stdatomic.h>
#include <stdint.h>

enum sync_kind {
    SYNC_MANUAL,    /* stays signalled: manual-reset events, threads, processes, timers */
    SYNC_AUTO,      /* one wait takes it */
    SYNC_SEMAPHORE,
    SYNC_MUTANT,
};

struct sync {
    _Atomic uint32_t sequence;  /* futex */
    _Atomic uint32_t lock;      /* 0, or the process id of the holder */
    _Atomic uint32_t waiters;
    _Atomic uint32_t many;      /* of these, how many wait for more than one object */
    uint32_t kind;
    int32_t count;              /* event 0/1; semaphore: count; mutant: 1 free, else 1 - recursion */
    int32_t limit;              /* semaphore: maximum */
    uint32_t owner;             /* mutant: tid */
    uint32_t owner_process;     /* mutant: the owner's process */
    uint32_t abandoned;         /* mutant: its owner ended */
    uint32_t epoch;             /* manual: how often it was set or pulsed */
    uint32_t grantable;         /* auto: waiters that may be given a grant */
    uint32_t grants;            /* auto: given and not yet taken */
    uint32_t round;             /* how often the waiters were asked to count themselves again */
    uint32_t is_shared;         /* with another process: the slot is never reused */
    _Atomic uint32_t is_public; /* another process may know it: the futex is a shared one */
};
_Static_assert(sizeof(struct sync) == 64, "a cache line; the layout is shared between processes");

#define SYNC_ARENA_BYTES ((size_t)1 << 20)
#define SYNC_ARENA_SLOTS (SYNC_ARENA_BYTES / sizeof(struct sync))

#endif
