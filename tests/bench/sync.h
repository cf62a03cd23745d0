/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The sync bench: what both hosts measure in the same way (sync.c), over what each of them has for it:
 * sync_windows.c, sync_linux.c.
 */
#ifndef DECANT_BENCH_SYNC_H
#define DECANT_BENCH_SYNC_H

#include "bench.h"

#define SYNC_MANY 20000
#define SYNC_FEW  500

/* A row: one operation, so many of them a sample. */
void sync_measure(const char *name, void (*operation)(void), size_t count);

/* Two signals, 0 to the partner and 1 back, each taken by one wait. */
struct sync_signals {
    const char *name;
    void (*set)(unsigned which);
    void (*await)(unsigned which);
    /* Starts and ends a process that is the partner, on that processor; NULL: a thread is. */
    void (*start_partner)(size_t processor);
    void (*end_partner)(void);
};

/* Addresses, events, events of two processes. */
#define SYNC_SIGNALS 3
extern const struct sync_signals sync_signals[SYNC_SIGNALS];

/* A row: a round trip. `number` counts the signals, each on one processor and on two. Where the scheduler puts two
 * threads that wake each other decides the time more than anything else does (a factor of 20), and it may stay with its
 * choice for minutes: so both ends are pinned. */
void sync_measure_turns(size_t number);

/* The partner's part; in a process of its own it does not end. */
void sync_answer(const struct sync_signals *signals, size_t processor);

#endif
