/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What waits and locks cost, Windows' against bare futexes and pthread's: one source for both. Nanoseconds for
 * one operation, or for one round trip.
 */
#include <stdatomic.h>

#include "sync.h"

#define TURNS   500
#define WORK_NS 20e3

static void (*operation)(void);
static size_t operations;

static double sample_operation(void)
{
    double start = bench_now();

    for (size_t i = 0; i < operations; i++)
        operation();
    return (bench_now() - start) / (double)operations;
}

void sync_measure(const char *name, void (*function)(void), size_t count)
{
    operation = function;
    operations = count;
    bench_row(bench_quartile(sample_operation, 31), "%s", name);
}

/* --- Turns --- */

static const struct sync_signals *signals;
static size_t partners_processor;
static _Atomic bool is_over;

/* On two processors, before each signal. Without it the answer comes before anybody sleeps in some samples, and in
 * others, once somebody did, after two wake-ups of a halted processor: 0.3 or 150 us. */
static void work(size_t processor)
{
    double start = bench_clock();

    while (processor && bench_clock() < start + WORK_NS)
        ;
}

void sync_answer(const struct sync_signals *asked, size_t processor)
{
    bench_pin(processor);
    for (asked->await(0); !atomic_load(&is_over); asked->await(0)) {
        work(processor);
        asked->set(1);
    }
}

static void answer_in_thread(void *unused)
{
    (void)unused;
    sync_answer(signals, partners_processor);
}

static double sample_turns(void)
{
    double start = bench_now();

    for (int i = 0; i < TURNS; i++) {
        work(partners_processor);
        signals->set(0);
        signals->await(1);
    }
    return (bench_now() - start) / TURNS - (partners_processor ? 2 * WORK_NS : 0);
}

void sync_measure_turns(size_t number)
{
    struct bench_thread *thread = NULL;

    partners_processor = number % 2;
    if (number >= 2 * SYNC_SIGNALS || bench_processors() <= partners_processor)
        return;
    signals = &sync_signals[number / 2];
    atomic_store(&is_over, false);
    if (signals->start_partner)
        signals->start_partner(partners_processor);
    else
        thread = bench_thread_start(answer_in_thread, NULL);
    bench_pin(0);
    sample_turns(); /* until the partner is there */
    bench_row(bench_quartile(sample_turns, 7), "%s, a round trip on %s", signals->name,
              partners_processor ? "two processors" : "one processor");
    if (signals->start_partner) {
        signals->end_partner();
    } else {
        atomic_store(&is_over, true);
        signals->set(0);
        bench_thread_join(thread);
    }
    bench_unpin();
}
