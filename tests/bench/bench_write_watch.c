/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What write watch costs, side by side in one run: the bare ioctl (the floor), the engine on each of its
 * backends. "markers" is the scheme of Wine 10.7 and later and of Proton: markers over the whole range
 * when it is allocated, then the same ioctl. Samples of all columns are taken in turns, and medians
 * are shown, so that a noisy machine is noisy for all of them.
 *
 *     bench_write_watch [--json FILE] [--quick] [--large]
 *
 * --large adds 4 GiB, which needs as much memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "decant/uapi_pagemap.h"
#include "decant/write_watch.h"

#define PAGE     WW_PAGE_BYTES
#define MIB      ((size_t)1 << 20)
#define GIB      ((size_t)1 << 30)
#define MOST     64 /* samples of a cell */

enum column { UNWATCHED, FLOOR, DECANT, MARKERS, MPROTECT, COLUMNS };
static const char *const column_names[] = {"unwatched", "floor", "decant", "markers", "mprotect"};

struct memory {
    enum column column;
    char *base;
    size_t bytes;
    struct ww_region *region;
};

static struct memory memory;
static int uffd = -1, pagemap = -1;
static void **found;
static FILE *json;
static int rounds = 9;
static int failures;
static bool is_first_row = true;

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static void handle_fault(int number, siginfo_t *info, void *context)
{
    (void)context;
    if (!memory.region || (char *)info->si_addr < memory.base ||
        (char *)info->si_addr >= memory.base + memory.bytes ||
        !ww_handle_fault(memory.region, (void *)((uintptr_t)info->si_addr & ~(PAGE - 1))))
        signal(number, SIG_DFL);
}

static int read_write(void *address, size_t *bytes)
{
    (void)address, (void)bytes;
    return PROT_READ | PROT_WRITE;
}

static const struct ww_host host = {.wanted_access = read_write};

/* False: the column does not exist here (an older kernel, a sandbox). */
static bool open_column(enum column column)
{
    static const char *const names[] = {"", "", "pagemap", "markers", "mprotect"};
    struct decant_uffdio_api api = {DECANT_UFFD_API, DECANT_UFFD_FEATURE_WP_ASYNC, 0};

    if (column >= DECANT)
        return !ww_init(&host, names[column]);
    if (column == FLOOR && uffd < 0) {
        uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | DECANT_UFFD_USER_MODE_ONLY);
        pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
        if (uffd < 0 || pagemap < 0 || ioctl(uffd, DECANT_UFFDIO_API, &api))
            return false;
    }
    return true;
}

static bool allocate(enum column column, size_t bytes, int access)
{
    struct decant_uffdio_register arg = {0, bytes, DECANT_UFFDIO_REGISTER_MODE_WP, 0};

    memset(&memory, 0, sizeof(memory));
    memory.column = column;
    memory.bytes = bytes;
    memory.base = mmap(NULL, bytes, access, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory.base == MAP_FAILED)
        return false;
    if (column >= DECANT) {
        if (ww_add(memory.base, bytes, &memory.region))
            return false;
        if (column == MPROTECT && access)
            mprotect(memory.base, bytes, ww_filter_access(memory.region, memory.base, bytes, access));
        return true;
    }
    madvise(memory.base, bytes, MADV_NOHUGEPAGE);
    arg.start = (uintptr_t)memory.base;
    return column == UNWATCHED || !ioctl(uffd, DECANT_UFFDIO_REGISTER, &arg);
}

static void release(void)
{
    if (memory.region)
        ww_remove(memory.region);
    munmap(memory.base, memory.bytes);
    memory.region = NULL;
}

/* The floor: the bare ioctl on the kernel's fast path with 512 entries, and the addresses written out. */
static size_t bare_get(bool reset)
{
    uint64_t start = (uintptr_t)memory.base, end = start + memory.bytes;
    struct page_region vector[512];
    size_t used = 0;

    while (start < end) {
        struct pm_scan_arg arg = {
            .size = sizeof(arg), .start = start, .end = end, .vec = (uintptr_t)vector,
            .vec_len = 512, .category_mask = PAGE_IS_WRITTEN, .return_mask = PAGE_IS_WRITTEN,
            .flags = PM_SCAN_CHECK_WPASYNC | (reset ? PM_SCAN_WP_MATCHING : 0)};
        int count = ioctl(pagemap, PAGEMAP_SCAN, &arg);

        for (int i = 0; i < count; i++)
            for (uint64_t page = vector[i].start; page < vector[i].end; page += PAGE)
                found[used++] = (void *)(uintptr_t)page;
        if (count < 512)
            break;
        start = arg.walk_end > vector[511].end ? arg.walk_end : vector[511].end;
    }
    return used;
}

static size_t get(bool reset)
{
    size_t count = memory.bytes / PAGE;

    if (memory.column == FLOOR)
        return bare_get(reset);
    if (memory.region)
        ww_get(memory.region, memory.base, memory.bytes, reset, found, &count);
    return count;
}

static void reset_all(void)
{
    struct pm_scan_arg arg = {
        .size = sizeof(arg), .start = (uintptr_t)memory.base,
        .end = (uintptr_t)memory.base + memory.bytes, .category_mask = PAGE_IS_WRITTEN,
        .return_mask = PAGE_IS_WRITTEN, .flags = PM_SCAN_CHECK_WPASYNC | PM_SCAN_WP_MATCHING};

    if (memory.column == FLOOR)
        ioctl(pagemap, PAGEMAP_SCAN, &arg);
    else if (memory.region)
        ww_reset(memory.region, memory.base, memory.bytes);
}

static void touch_all(void)
{
    for (size_t i = 0; i < memory.bytes; i += PAGE)
        ((volatile char *)memory.base)[i]++;
}

/* --- Rows: each takes one sample in microseconds, with memory allocated, populated and reset. --- */

static size_t dirty_pages;
static bool is_scattered;

static double sample_get(void)
{
    size_t pages = memory.bytes / PAGE, step = dirty_pages ? pages / dirty_pages : 0, count;
    double start, end;

    for (size_t i = 0; i < dirty_pages; i++) {
        size_t page = is_scattered ? i * step : (pages / 3 + i) % pages;

        ((volatile char *)memory.base)[page * PAGE]++;
    }
    start = now();
    count = get(true);
    end = now();
    if (count != dirty_pages) {
        fprintf(stderr, "%s: %zu pages reported, %zu written\n", column_names[memory.column], count,
                dirty_pages);
        failures++;
    }
    return end - start;
}

static double sample_reset(void)
{
    double start;

    touch_all();
    start = now();
    reset_all();
    return now() - start;
}

static double sample_retouch(void)
{
    double start, end;

    reset_all();
    start = now();
    touch_all();
    end = now();
    return end - start;
}

static double sample_read(void)
{
    static int fd = -1;
    double start;

    if (fd < 0)
        fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    reset_all();
    start = now();
    for (size_t at = 0; at < memory.bytes; at += 65536) {
        if (memory.region)
            ww_prepare_kernel_write(memory.region, memory.base + at, 65536);
        if (read(fd, memory.base + at, 65536) != 65536)
            failures++;
    }
    return now() - start;
}

/* Threads that write all of the memory, each its part, while another scans and resets. */
static size_t thread_count;
static _Atomic int running;

static void *touch_part(void *argument)
{
    size_t part = memory.bytes / thread_count, first = (size_t)argument * part;

    for (int round = 0; round < 4; round++)
        for (size_t i = 0; i < part; i += PAGE)
            ((volatile char *)memory.base)[first + i]++;
    running--;
    return NULL;
}

static double sample_threads(void)
{
    pthread_t threads[8];
    double start;

    reset_all();
    running = (int)thread_count;
    start = now();
    for (size_t i = 0; i < thread_count; i++)
        pthread_create(&threads[i], NULL, touch_part, (void *)i);
    while (running)
        get(true);
    for (size_t i = 0; i < thread_count; i++)
        pthread_join(threads[i], NULL);
    return now() - start;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return a < b ? -1 : a > b;
}

static double median(double *samples, int count)
{
    qsort(samples, (size_t)count, sizeof(*samples), compare);
    return samples[count / 2];
}

static void print_row(const char *name, const double *values)
{
    printf("%-34s", name);
    for (int i = 0; i < COLUMNS; i++)
        values[i] < 0 ? printf(" %12s", "-") : printf(" %12.2f", values[i]);
    values[FLOOR] > 0 && values[DECANT] >= 0 ? printf("  %5.2f\n", values[DECANT] / values[FLOOR])
                                              : printf("\n");
    fflush(stdout);
    if (!json)
        return;
    fprintf(json, "%s\n    {\"row\": \"%s\"", is_first_row ? "" : ",", name);
    for (int i = 0; i < COLUMNS; i++)
        if (values[i] >= 0)
            fprintf(json, ", \"%s\": %.3f", column_names[i], values[i]);
    fprintf(json, "}");
    is_first_row = false;
}

/* Memory of each column is set up anew each round: the kernel's memory layout is part of the noise. */
static void measure(const char *name, size_t bytes, double (*sample)(void), unsigned columns)
{
    static double samples[COLUMNS][MOST];
    const int inner = bytes <= MIB ? 7 : 3;
    double values[COLUMNS];
    int count[COLUMNS] = {0};

    for (int round = 0; round < (bytes > 256 * MIB ? 1 : rounds); round++) {
        for (int i = 0; i < COLUMNS; i++) {
            int column = (i + round) % COLUMNS;

            if (!(columns >> column & 1) || !open_column((enum column)column))
                continue;
            if (!allocate((enum column)column, bytes, PROT_READ | PROT_WRITE)) {
                failures++;
                continue;
            }
            touch_all();
            get(true);
            get(true);
            for (int k = 0; k < inner && count[column] < MOST; k++)
                samples[column][count[column]++] = sample();
            release();
        }
    }
    for (int i = 0; i < COLUMNS; i++)
        values[i] = count[i] ? median(samples[i], count[i]) : -1;
    print_row(name, values);
}

/* Allocation and first touch have no set-up. */
static void measure_fresh(const char *name, size_t bytes, bool touch)
{
    static double samples[COLUMNS][MOST];
    double values[COLUMNS];
    int count[COLUMNS] = {0};

    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < COLUMNS; i++) {
            int column = (i + round) % COLUMNS;
            double start, end;

            if (!open_column((enum column)column))
                continue;
            start = now();
            if (!allocate((enum column)column, bytes, touch ? PROT_READ | PROT_WRITE : PROT_NONE)) {
                failures++;
                continue;
            }
            if (touch) {
                start = now();
                touch_all();
            }
            end = now();
            release();
            samples[column][count[column]++] = end - start;
        }
    }
    for (int i = 0; i < COLUMNS; i++)
        values[i] = count[i] ? median(samples[i], count[i]) : -1;
    print_row(name, values);
}

static long page_table_kib(void)
{
    FILE *status = fopen("/proc/self/status", "re");
    char line[128];
    long kib = -1;

    while (status && fgets(line, sizeof(line), status))
        if (sscanf(line, "VmPTE: %ld", &kib) == 1)
            break;
    if (status)
        fclose(status);
    return kib;
}

static void measure_page_tables(size_t bytes)
{
    double values[COLUMNS];

    for (int i = 0; i < COLUMNS; i++) {
        long before = page_table_kib();

        values[i] = -1;
        if (!open_column((enum column)i) || !allocate((enum column)i, bytes, PROT_NONE))
            continue;
        values[i] = (double)(page_table_kib() - before);
        release();
    }
    print_row("page tables, 256 GiB reserve (KiB)", values);
}

static void measure_densities(size_t bytes, const char *size)
{
    static const struct {
        unsigned per_mille;
        const char *name;
    } densities[] = {{0, "0"}, {1, "0.1"}, {10, "1"}, {100, "10"}, {1000, "100"}};

    for (size_t i = 0; i < sizeof(densities) / sizeof(densities[0]); i++) {
        dirty_pages = bytes / PAGE * densities[i].per_mille / 1000;
        if (densities[i].per_mille && !dirty_pages)
            continue;
        for (int scattered = 0; scattered < 2; scattered++) {
            char name[64];

            if (scattered && (!dirty_pages || densities[i].per_mille == 1000))
                continue;
            is_scattered = scattered;
            snprintf(name, sizeof(name), "get+reset %s, %s %%%s", size, densities[i].name,
                     !dirty_pages || densities[i].per_mille == 1000 ? ""
                     : scattered                                     ? " scattered"
                                                                     : " clustered");
            measure(name, bytes, sample_get, 1u << FLOOR | 1u << DECANT | 1u << MARKERS | 1u << MPROTECT);
        }
    }
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_sigaction = handle_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
    const unsigned all = (1u << COLUMNS) - 1, watched = all & ~(1u << UNWATCHED);
    bool is_large = false;

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--json") && i + 1 < argc)
            json = fopen(argv[++i], "we");
        else if (!strcmp(argv[i], "--quick"))
            rounds = 3;
        else if (!strcmp(argv[i], "--large"))
            is_large = true;
    }
    sigaction(SIGSEGV, &action, NULL);
    found = mmap(NULL, 4 * GIB / PAGE * sizeof(*found), PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    memset(found, 1, 256 * MIB / PAGE * sizeof(*found));
    if (json)
        fprintf(json, "{\"unit\": \"us\", \"rows\": [");
    printf("%-34s %12s %12s %12s %12s %12s  decant/floor\n", "microseconds, medians", "unwatched",
           "floor", "decant", "markers", "mprotect");
    measure_fresh("allocate 256 MiB", 256 * MIB, false);
    measure_fresh("reserve 256 GiB", 256 * GIB, false);
    measure_page_tables(256 * GIB);
    measure_fresh("first touch 256 MiB", 256 * MIB, true);
    measure("touch again after reset, 256 MiB", 256 * MIB, sample_retouch, all);
    measure_densities(MIB, "1 MiB");
    measure_densities(256 * MIB, "256 MiB");
    if (is_large)
        measure_densities(4 * GIB, "4 GiB");
    measure("reset only, 256 MiB all written", 256 * MIB, sample_reset, watched);
    measure("read() into clean 16 MiB", 16 * MIB, sample_read, all);
    for (thread_count = 2; thread_count <= 8; thread_count *= 2) {
        char name[64];

        snprintf(name, sizeof(name), "%zu threads write 16 MiB, 1 scans", thread_count);
        measure(name, 16 * MIB, sample_threads, watched);
    }
    if (json) {
        fprintf(json, "\n]}\n");
        fclose(json);
    }
    return failures ? 1 : 0;
}
