/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * `decant pages`: between the command (pages.c), the looks (pages_look.c), the map in the terminal
 * (pages_map.c) and the files (pages_record.c).
 */
#ifndef DECANT_PAGES_H
#define DECANT_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "loader.h"

#define PAGES_BYTES 4096u

/* A watched allocation as the last look found it. Bits are one for each page. */
struct watched {
    uint64_t base;
    size_t pages;
    uint64_t *written;      /* what GetWriteWatch would report now */
    uint64_t *fresh;        /* written now and not at the look before */
    uint64_t *cleared;      /* written at the look before and not now: reset or decommitted */
    size_t written_count, fresh_count, cleared_count;
    uint64_t all_resets, all_reported; /* the program's own, up to this look */
    uint64_t resets, reported;               /* and since the look before */
    bool is_new;            /* not there at the look before: all that is written counts as fresh */
};

struct look {
    unsigned number;        /* from 1 */
    double seconds;         /* since the first look */
    struct watched *regions; /* ascending */
    size_t count;
};

struct target {
    int pid, pidfd, pagemap;
    char *program;          /* its command line */
    void *library;          /* ntdll.so, which knows a process' bookkeeping */
    struct look look;
};

/* 0, or -errno with a one-line error on stderr. */
int target_open(struct target *target, const struct installation *installation, int pid);
void target_close(struct target *target);
/* Looks again. 0; -ESRCH: the program has ended; another -errno, with an error line. */
int target_look(struct target *target);

/* The map. On a terminal it takes the whole screen until map_end, else each look is some lines. */
void map_begin(void);
void map_draw(const struct target *target, double interval);
void map_end(void);

/* The files. NULL path: none. False, with an error line: it cannot be written. */
struct recorder {
    FILE *lines, *page;
    const char *lines_path, *page_path;
};
bool recorder_open(struct recorder *recorder, const char *lines, const char *page,
                   const struct target *target, double interval);
bool recorder_add(struct recorder *recorder, const struct look *look);
bool recorder_close(struct recorder *recorder, const char *end);

static inline bool page_bit(const uint64_t *bits, size_t page)
{
    return bits[page / 64] >> (page % 64) & 1;
}

#endif
