/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What heaps cost, Windows' against malloc: one source for both. Nanoseconds for one allocation with its
 * free, or for one resize.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"

#define LIVE 1024
#define SAMPLES 9

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

/* --- Rows --- */

static double measure_sizes(size_t from, size_t to, size_t count, double (*sample)(void))
{
    least = from;
    most = to;
    operations = count;
    sample();
    return bench_median(sample, SAMPLES);
}

static void measure_one_thread(size_t unused)
{
    (void)unused;
    for (size_t i = 0; i < heap_calls_count; i++) {
        calls = &heap_calls[i];
        bench_row(measure_sizes(16, 512, 100000, sample_pairs), "%s: 16 to 512 bytes, freed at once",
                  calls->name);
        bench_row(measure_sizes(8, 1000, 100000, sample_replace), "%s: 8 to 1,000 bytes, 1,024 live",
                  calls->name);
    }
    calls = &heap_calls[0];
    bench_row(measure_sizes(1, 30000, 50000, sample_replace), "process heap: to 30,000 bytes, 1,024 live");
    bench_row(measure_sizes(16, 4000, 50000, sample_zeroed), "process heap: zeroed, 16 to 4,000 bytes");
    bench_row(measure_sizes(16, 65536, 2000, sample_growing), "process heap: resize, doubling to 64 KiB");
    bench_row(measure_sizes(40000, 400000, 2000, sample_pairs),
              "process heap: 40,000 to 400,000 bytes, freed at once");
    bench_row(measure_sizes(40000, 100000, 10000, sample_replace),
              "process heap: 40,000 to 100,000 bytes, 1,024 live");
}

static void measure_threads(size_t unused)
{
    (void)unused;
    calls = &heap_calls[0];
    for (thread_count = 1; thread_count <= 8; thread_count *= 2)
        bench_row(measure_sizes(8, 1000, 100000, sample_threads),
                  "%zu threads: 8 to 1,000 bytes, each its own blocks", thread_count);
    for (thread_count = 1; thread_count <= 8; thread_count *= 2)
        bench_row(measure_sizes(8, 1000, 100000, sample_shared),
                  "%zu threads: 8 to 1,000 bytes, freed by others", thread_count);
}

int main(void)
{
    static const struct bench_group groups[] = {{"one-thread", measure_one_thread},
                                                {"threads", measure_threads}};

    return bench_serve(groups, 2);
}
