/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * `decant pages PID [SECONDS]`: the watched memory of a running program, and which of it is written: one
 * row a region, one cell a stretch of pages. It looks through /proc/PID/pagemap, costs the program
 * nothing, and resets nothing: what is shown is what GetWriteWatch would report. Regions of the mprotect
 * backend are not visible from outside.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "decant/uapi_pagemap.h"
#include "loader.h"

#define PAGE  4096u
#define CELLS 64

/* Written pages in [start, end), counted into cells. -1 with errno: no watched memory, or no access. */
static long count_written(int pagemap, uint64_t start, uint64_t end, uint64_t region_start,
                          uint64_t region_bytes, unsigned *cells)
{
    struct page_region vector[512];
    long written = 0;

    while (start < end) {
        struct pm_scan_arg arg = {.size = sizeof(arg), .start = start, .end = end,
                                  .vec = (uintptr_t)vector, .vec_len = 512,
                                  .flags = PM_SCAN_CHECK_WPASYNC,
                                  .category_mask = PAGE_IS_WRITTEN | PAGE_IS_PFNZERO,
                                  .category_inverted = PAGE_IS_PFNZERO,
                                  .category_anyof_mask = PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
                                  .return_mask = PAGE_IS_WRITTEN};
        int count = ioctl(pagemap, PAGEMAP_SCAN, &arg);

        if (count < 0)
            return -1;
        for (int i = 0; i < count; i++)
            for (uint64_t page = vector[i].start; page < vector[i].end; page += PAGE, written++)
                cells[(page - region_start) / PAGE * CELLS / (region_bytes / PAGE)]++;
        if (count < 512)
            break;
        start = arg.walk_end > vector[511].end ? arg.walk_end : vector[511].end;
    }
    return written;
}

static void print_region(uint64_t start, uint64_t bytes, long written, const unsigned *cells)
{
    static const char shades[] = " .:-=+*#%@";
    uint64_t pages_a_cell = bytes / PAGE / CELLS ? bytes / PAGE / CELLS : 1;
    uint64_t used = bytes / PAGE < CELLS ? bytes / PAGE : CELLS;

    printf("%012llx %10llu KiB %8ld written  |", (unsigned long long)start,
           (unsigned long long)bytes / 1024, written);
    for (uint64_t i = 0; i < used; i++) {
        /* With fewer pages than cells, page n is in cell n * CELLS / pages. */
        uint64_t cell = used < CELLS ? i * CELLS / used : i;
        uint64_t heat = cells[cell] ? 1 + 8 * (uint64_t)cells[cell] / pages_a_cell : 0;

        putchar(shades[heat < 9 ? heat : 9]);
    }
    puts("|");
}

/* Neighbouring mappings that are watched are shown as one region: protections split them, and from outside
 * nothing tells two allocations side by side apart. */
static int show(int pid, int pagemap)
{
    uint64_t region_start = 0, region_end = 0;
    char path[64], line[512];
    FILE *maps;
    int regions = 0;

    snprintf(path, sizeof(path), "/proc/%d/maps", pid);
    maps = fopen(path, "re");
    if (!maps)
        return -errno;
    for (;;) {
        unsigned long long start = 0, end = 0;
        bool more = fgets(line, sizeof(line), maps) != NULL;
        struct pm_scan_arg check = {.size = sizeof(check), .flags = PM_SCAN_CHECK_WPASYNC,
                                    .return_mask = PAGE_IS_WRITTEN,
                                    .category_mask = PAGE_IS_WRITTEN};
        struct page_region one;
        bool is_watched = false;

        if (more && sscanf(line, "%llx-%llx", &start, &end) == 2) {
            check.start = start;
            check.end = end;
            check.vec = (uintptr_t)&one;
            check.vec_len = 1;
            is_watched = ioctl(pagemap, PAGEMAP_SCAN, &check) >= 0;
        }
        if (is_watched && region_end == start && region_end) {
            region_end = end;
            continue;
        }
        if (region_end) {
            unsigned cells[CELLS] = {0};
            long written = count_written(pagemap, region_start, region_end, region_start,
                                         region_end - region_start, cells);

            if (written >= 0)
                print_region(region_start, region_end - region_start, written, cells);
            regions++;
        }
        region_start = is_watched ? start : 0;
        region_end = is_watched ? end : 0;
        if (!more)
            break;
    }
    fclose(maps);
    return regions;
}

int command_pages(const struct installation *installation, int argc, char **argv)
{
    int pid = argc > 1 ? atoi(argv[1]) : 0, regions, pagemap;
    double seconds = argc > 2 ? atof(argv[2]) : 0;
    char path[64];

    (void)installation;
    if (pid <= 0) {
        fprintf(stderr, "Usage: decant pages PID [SECONDS]\n"
                        "Shows the watched memory of a program; again every SECONDS.\n");
        return EXIT_USAGE;
    }
    snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
    pagemap = open(path, O_RDONLY | O_CLOEXEC);
    if (pagemap < 0) {
        fail("%s: %s", path, strerror(errno));
        return 1;
    }
    for (;;) {
        if (seconds > 0 && isatty(1))
            printf("\033[H\033[J");
        regions = show(pid, pagemap);
        if (regions < 0) {
            fail("process %d: %s", pid, strerror(-regions));
            break;
        }
        if (!regions)
            puts("no watched memory (or the program uses the mprotect backend)");
        fflush(stdout);
        if (seconds <= 0)
            break;
        usleep((useconds_t)(seconds * 1e6));
    }
    close(pagemap);
    return regions < 0;
}
