/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What heaps cost, Windows' against malloc: one source for both. Nanoseconds for one allocation with its
 * free, or for one resize.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"

#define LIVE 1024
#define SAMPLES 31

static const struct heap_calls *calls;
static size_t least, most, operations;

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static void check(const void *block)
{
    if (!block)
        bench_fail("out of memory");
}

/* A block is written to, as programs do: its first and its last byte. */
static void *allocate(size_t bytes)
{
    char *block = calls->allocate(bytes);

    check(block);
    ((volatile char *)block)[0] = 1;
    ((volatile char *)block)[bytes - 1] = 1;
    return block;
}

static size_t random_size(uint32_t *seed)
{
    return least + next_random(seed) % (most - least + 1);
}

/* Freed at once. */
static double sample_pairs(void)
{
    uint32_t seed = 1;
    double start = bench_now();

    for (size_t i = 0; i < operations; i++)
        calls->free(allocate(random_size(&seed)));
    return (bench_now() - start) / (double)operations;
}

/* Blocks that live for a while; a random one is replaced each time. */
static void replace(uint32_t seed, void **blocks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        void **block = &blocks[next_random(&seed) % LIVE];

        if (*block)
            calls->free(*block);
        *block = allocate(random_size(&seed));
    }
}

static void free_all(void **blocks)
{
    for (size_t i = 0; i < LIVE; i++)
        if (blocks[i])
            calls->free(blocks[i]);
}

static double sample_replace(void)
{
    void *blocks[LIVE] = {0};
    double start = bench_now();

    replace(1, blocks, operations);
    free_all(blocks);
    return (bench_now() - start) / (double)operations;
}

static double sample_zeroed(void)
{
    uint32_t seed = 1;
    double start = bench_now();

    for (size_t i = 0; i < operations; i++) {
        char *block = calls->allocate_zeroed(random_size(&seed));

        check(block);
        ((volatile char *)block)[0] = 1;
        calls->free(block);
    }
    return (bench_now() - start) / (double)operations;
}

/* A buffer that doubles from 16 bytes to `most`, as growing arrays do. */
static double sample_growing(void)
{
    size_t steps = 0;
    double start = bench_now();

    for (size_t i = 0; i < operations; i++) {
        void *block = allocate(16);

        for (size_t bytes = 32; bytes <= most; bytes *= 2, steps++) {
            block = calls->resize(block, bytes);
            check(block);
            ((volatile char *)block)[bytes - 1] = 1;
        }
        calls->free(block);
    }
    return (bench_now() - start) / (double)steps;
}

/* --- Threads --- */

static size_t thread_count;

static void replace_in_thread(void *seed)
{
    void *blocks[LIVE] = {0};

    replace((uint32_t)(uintptr_t)seed, blocks, operations);
    free_all(blocks);
}

static double run_threads(void (*function)(void *))
{
    struct bench_thread *threads[8];
    double start = bench_now();

    for (size_t i = 0; i < thread_count; i++)
        threads[i] = bench_thread_start(function, (void *)(i + 1));
    for (size_t i = 0; i < thread_count; i++)
        bench_thread_join(threads[i]);
    return (bench_now() - start) / (double)(operations * thread_count);
}

static double sample_threads(void)
{
    return run_threads(replace_in_thread);
}

/* As in Larson's server benchmark: what one thread allocates another frees. */
static void *_Atomic shared[8][LIVE];

static void replace_shared(void *number)
{
    uint32_t seed = (uint32_t)(uintptr_t)number;

    for (size_t i = 0; i < operations; i++) {
        void *_Atomic *slot = &shared[next_random(&seed) % thread_count][next_random(&seed) % LIVE];
        void *old = atomic_exchange(slot, allocate(random_size(&seed)));

        if (old)
            calls->free(old);
    }
}

static double sample_shared(void)
{
    double time = run_threads(replace_shared);

    for (size_t i = 0; i < thread_count; i++)
        for (size_t k = 0; k < LIVE; k++) {
            void *old = atomic_exchange(&shared[i][k], NULL);

            if (old)
                calls->free(old);
        }
    return time;
}

/* --- Rows: one request each, so that the columns alternate quickly --- */

struct row {
    const char *name;
    double (*sample)(void);
    size_t least, most, operations;
};

static void measure(const struct row *row, const char *name)
{
    least = row->least;
    most = row->most;
    operations = row->operations;
    row->sample();
    bench_row(bench_quartile(row->sample, SAMPLES), "%s: %s", name, row->name);
}

static void measure_kind(size_t kind)
{
    static const struct row rows[] = {
        {"16 to 512 bytes, freed at once", sample_pairs, 16, 512, 25000},
        {"8 to 1,000 bytes, 1,024 live", sample_replace, 8, 1000, 25000},
    };

    if (kind >= heap_calls_count)
        return;
    calls = &heap_calls[kind];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        measure(&rows[i], calls->name);
}

static void measure_size(size_t number)
{
    static const struct row rows[] = {
        {"to 30,000 bytes, 1,024 live", sample_replace, 1, 30000, 25000},
        {"zeroed, 16 to 4,000 bytes", sample_zeroed, 16, 4000, 10000},
        {"resize, doubling to 64 KiB", sample_growing, 16, 65536, 500},
        {"40,000 to 400,000 bytes, freed at once", sample_pairs, 40000, 400000, 2000},
        {"40,000 to 100,000 bytes, 1,024 live", sample_replace, 40000, 100000, 10000},
    };

    if (number >= sizeof(rows) / sizeof(rows[0]))
        return;
    calls = &heap_calls[0];
    measure(&rows[number], calls->name);
}

static void measure_threads(size_t count)
{
    static const struct row rows[] = {
        {"8 to 1,000 bytes, each its own", sample_threads, 8, 1000, 50000},
        {"8 to 1,000 bytes, freed by others", sample_shared, 8, 1000, 50000},
    };
    char name[32];

    if (count < 1 || count > 8)
        return;
    calls = &heap_calls[0];
    thread_count = count;
    snprintf(name, sizeof(name), "%zu thread%s", count, count > 1 ? "s" : "");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        measure(&rows[i], name);
}

int main(void)
{
    static const struct bench_group groups[] = {
        {"kind", measure_kind}, {"size", measure_size}, {"threads", measure_threads}};

    return bench_serve(groups, sizeof(groups) / sizeof(groups[0]));
}
