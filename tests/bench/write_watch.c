/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What write watch costs; docs/benchmarks.md says what each row means. Microseconds.
 *
 *     write_watch.exe watched | unwatched            on Decant, Wine, Windows
 *     write_watch.exe watched bare                   on Decant: the bare ioctl too, over the same memory
 *     bench_write_watch floor | engine | markers     natively
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bare_scan.h"
#include "write_watch.h"

static char *memory;
static size_t bytes;
static void **found;
static size_t room;

static void touch(size_t first, size_t count, size_t step)
{
    for (size_t i = 0; i < count; i++)
        ((volatile char *)memory)[(first + i * step) * BENCH_PAGE]++;
}

static void touch_all(void)
{
    touch(0, bytes / BENCH_PAGE, 1);
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

/* Nanoseconds to touch `count` pages, each `step`th. Page faults are slow enough that other programs interrupt any
 * long stretch of them, so parts of 512 are timed, and their lower quartile stands for each. */
static double time_touch(size_t count, size_t step)
{
    enum { PART = 512, MOST = 256 };
    double times[MOST];
    size_t parts = 0;

    for (size_t first = 0; first + PART <= count && parts < MOST; first += PART) {
        double start = bench_now();

        touch(first * step, PART, step);
        times[parts++] = bench_now() - start;
    }
    touch(parts * PART * step, count - parts * PART, step);
    qsort(times, parts, sizeof(times[0]), compare);
    return times[(parts - 1) / 4] * (double)count / PART;
}

static size_t get_and_reset(void)
{
    return watched_get(memory, bytes, found, room);
}

static void reset_all(void)
{
    if (watched_is_on())
        watched_reset(memory, bytes);
}

/* Committed, each page present, all clean. */
static void prepare(size_t size)
{
    bytes = size;
    memory = watched_allocate(bytes, true);
    if (!memory)
        bench_fail("cannot allocate %zu MiB", bytes / BENCH_MIB);
    touch_all();
    if (watched_is_on()) {
        if (get_and_reset() != bytes / BENCH_PAGE)
            bench_fail("not all pages of a first touch were reported");
        get_and_reset();
    }
}

static void finish(void)
{
    watched_release(memory, bytes);
}

/* --- Allocation and first touch: microseconds for one --- */

static bool commits;

static double sample_allocation(void)
{
    double start = bench_now(), end;

    memory = watched_allocate(bytes, commits);
    end = bench_now();
    if (!memory)
        bench_fail("cannot allocate %zu MiB", bytes / BENCH_MIB);
    finish();
    return (end - start) / 1e3;
}

static void measure_allocation(size_t unused)
{
    (void)unused;
    bytes = 256 * BENCH_MIB;
    commits = true;
    bench_row(bench_quartile(sample_allocation, 101), "allocate 256 MiB");
    bytes = 256 * BENCH_GIB;
    commits = false;
    bench_row(bench_quartile(sample_allocation, 101), "reserve 256 GiB");
}

/* Between these two run.py looks at the process' page tables. */
static void reserve(size_t unused)
{
    (void)unused;
    bytes = 256 * BENCH_GIB;
    memory = watched_allocate(bytes, false);
    if (!memory)
        bench_fail("cannot reserve 256 GiB");
}

static void unreserve(size_t unused)
{
    (void)unused;
    finish();
}

static double sample_first_touch(void)
{
    double time;

    memory = watched_allocate(bytes, true);
    if (!memory)
        bench_fail("cannot allocate %zu MiB", bytes / BENCH_MIB);
    time = time_touch(bytes / BENCH_PAGE, 1);
    finish();
    return time / 1e3;
}

static void measure_first_touch(size_t unused)
{
    (void)unused;
    bytes = 256 * BENCH_MIB;
    bench_row(bench_quartile(sample_first_touch, 3), "first touch, 256 MiB");
}

/* --- Touching again, with and without the report --- */

static double sample_touch_again(void)
{
    reset_all();
    return time_touch(bytes / BENCH_PAGE, 1) / 1e3;
}

static size_t every; /* which pages are touched */

static double sample_touch_and_get(void)
{
    size_t pages = bytes / BENCH_PAGE / every, count;
    double time, start;

    reset_all();
    time = time_touch(pages, every);
    start = bench_now();
    count = get_and_reset();
    if (count != pages)
        bench_fail("%zu pages reported, %zu were written", count, pages);
    return (time + bench_now() - start) / 1e3;
}

static double sample_reset(void)
{
    double start;

    touch_all();
    start = bench_now();
    watched_reset(memory, bytes);
    return (bench_now() - start) / 1e3;
}

static void measure_touch_again(size_t unused)
{
    (void)unused;
    prepare(256 * BENCH_MIB);
    bench_row(bench_quartile(sample_touch_again, 3), "touch again after a reset, 256 MiB");
    if (watched_is_on()) {
        every = 1;
        bench_row(bench_quartile(sample_touch_and_get, 3), "touch again and get+reset, 256 MiB");
        every = 10;
        bench_row(bench_quartile(sample_touch_and_get, 9),
                  "touch again and get+reset, each tenth page");
        bench_row(bench_quartile(sample_reset, 3), "reset only, 256 MiB, all written");
    }
    finish();
}

/* --- Get and reset by how many pages are written --- */

#define MOST_GETS 101 /* the first ones find the processor's caches cold, whatever the column */

static size_t written;
static bool is_scattered;

static bool has_bare;

static size_t bare_get_and_reset(void)
{
    return bare_scan_get(memory, bytes, found);
}

static double time_get(size_t (*get)(void))
{
    size_t pages = bytes / BENCH_PAGE, count;
    double start, end;

    if (is_scattered)
        touch(0, written, pages / written);
    else
        touch(written == pages ? 0 : pages / 3, written, 1);
    start = bench_now();
    count = get();
    end = bench_now();
    if (count != written)
        bench_fail("%zu pages reported, %zu were written", count, written);
    return (end - start) / 1e3;
}

static double sample_get(void)
{
    return time_get(get_and_reset);
}

static double sample_bare_get(void)
{
    return time_get(bare_get_and_reset);
}

static void measure_density(const char *row)
{
    static bench_sample *const samples[] = {sample_get, sample_bare_get};
    double quartiles[2];

    if (!has_bare) {
        bench_row(bench_quartile(sample_get, MOST_GETS), "%s", row);
        return;
    }
    bench_quartiles(samples, MOST_GETS, quartiles);
    bench_row(quartiles[0], "%s", row);
    bench_row(quartiles[1], "%s|bare", row);
}

/* Scattered and other rows are requests of their own: Wine 8 does not come back from the former with 4 GiB (it
 * needs more mappings than Linux gives a process). */
static void measure_densities(size_t mebibytes, bool scattered)
{
    static const struct {
        unsigned per_mille;
        const char *name;
    } densities[] = {{0, "0"}, {1, "0.1"}, {10, "1"}, {100, "10"}, {1000, "100"}};
    char size[32], row[64];

    if (!watched_is_on())
        return;
    prepare(mebibytes * BENCH_MIB);
    is_scattered = scattered;
    snprintf(size, sizeof(size), mebibytes < 1024 ? "%zu MiB" : "%zu GiB",
             mebibytes < 1024 ? mebibytes : mebibytes / 1024);
    for (size_t i = 0; i < sizeof(densities) / sizeof(densities[0]); i++) {
        bool is_whole = !densities[i].per_mille || densities[i].per_mille == 1000;

        written = bytes / BENCH_PAGE * densities[i].per_mille / 1000;
        /* None and all have no pattern; 0.1 % of 1 MiB is no page. */
        if (is_whole ? scattered : !written)
            continue;
        snprintf(row, sizeof(row), "get+reset %s, %s %%%s", size, densities[i].name,
                 is_whole ? "" : scattered ? " scattered" : " clustered");
        measure_density(row);
    }
    finish();
}

static void measure_get(size_t mebibytes)
{
    measure_densities(mebibytes, false);
}

static void measure_get_scattered(size_t mebibytes)
{
    measure_densities(mebibytes, true);
}

/* --- The kernel writes: a file is read into clean watched memory --- */

static double sample_read(void)
{
    double start;

    reset_all();
    start = bench_now();
    watched_read_file(memory, bytes);
    return (bench_now() - start) / 1e3;
}

static void measure_read(size_t unused)
{
    (void)unused;
    watched_open_file(16 * BENCH_MIB);
    prepare(16 * BENCH_MIB);
    bench_row(bench_quartile(sample_read, 9), "ReadFile into 16 MiB of clean memory");
    finish();
}

/* --- Threads write while another scans: microseconds for each page that was reported --- */

static size_t thread_count;
static _Atomic size_t running;

static void write_part(void *argument)
{
    size_t part = bytes / BENCH_PAGE / thread_count;

    for (int round = 0; round < 4; round++)
        touch((size_t)argument * part, part, 1);
    running--;
}

static double sample_threads(void)
{
    struct bench_thread *threads[8];
    size_t reported = 0;
    double start;

    reset_all();
    running = thread_count;
    start = bench_now();
    for (size_t i = 0; i < thread_count; i++)
        threads[i] = bench_thread_start(write_part, (void *)i);
    while (running)
        reported += get_and_reset();
    for (size_t i = 0; i < thread_count; i++)
        bench_thread_join(threads[i]);
    reported += get_and_reset();
    if (reported < bytes / BENCH_PAGE)
        bench_fail("%zu pages reported, all were written", reported);
    return (bench_now() - start) / 1e3 / (double)reported;
}

static void measure_threads(size_t unused)
{
    (void)unused;
    if (!watched_is_on())
        return;
    prepare(16 * BENCH_MIB);
    for (thread_count = 2; thread_count <= 8; thread_count *= 2)
        bench_row(bench_quartile(sample_threads, 5), "%zu threads write, 1 scans, a page reported",
                  thread_count);
    finish();
}

int main(int argc, char **argv)
{
    static const struct bench_group groups[] = {
        {"allocate", measure_allocation}, {"reserve", reserve}, {"unreserve", unreserve},
        {"first-touch", measure_first_touch}, {"touch-again", measure_touch_again},
        {"get", measure_get}, {"get-scattered", measure_get_scattered},
        {"read", measure_read}, {"threads", measure_threads},
    };

    watched_init(argc > 1 ? argv[1] : "");
    has_bare = argc > 2 && !strcmp(argv[2], "bare");
    if (has_bare)
        bare_scan_init();
    room = 4 * BENCH_GIB / BENCH_PAGE;
    found = bench_plain_memory(room * sizeof(*found));
    memset(found, 1, room * sizeof(*found));
    return bench_serve(groups, sizeof(groups) / sizeof(groups[0]));
}
