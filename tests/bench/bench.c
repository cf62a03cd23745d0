/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Requests, answers, the clock and the statistics of the bench programs.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <x86intrin.h>

#include "bench.h"

#define MOST_SAMPLES 128

static double ticks_per_ns;
static bool has_rows;

void bench_fail(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("bench: ", stderr);
    vfprintf(stderr, format, arguments);
    fputs("\n", stderr);
    va_end(arguments);
    exit(1);
}

static double ticks(void)
{
    double now;

    /* What comes before has to be over, what comes after not to have begun. */
    _mm_lfence();
    now = (double)__rdtsc();
    _mm_lfence();
    return now;
}

double bench_now(void)
{
    return ticks() / ticks_per_ns;
}

/* 20 ms, between two steps of a clock that may be coarse. */
static void calibrate(void)
{
    double first = bench_clock(), start, end, start_ticks;

    while ((start = bench_clock()) == first)
        ;
    start_ticks = ticks();
    while ((end = bench_clock()) < start + 20e6)
        ;
    ticks_per_ns = (ticks() - start_ticks) / (end - start);
}

void bench_row(double value, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    printf("%s\"", has_rows ? ", " : "");
    vprintf(format, arguments);
    printf("\": %.2f", value);
    va_end(arguments);
    has_rows = true;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

/* `kinds` things, sampled in turns. */
static void take_quartiles(bench_sample *const samples[], size_t kinds, size_t most, double quartiles[])
{
    double values[2][MOST_SAMPLES], start = bench_now();
    size_t count = 0;

    do {
        /* Who is second finds the caches as the first left them: each is first as often. */
        for (size_t i = 0; i < kinds; i++) {
            size_t kind = (i + count) % kinds;

            values[kind][count] = samples[kind]();
        }
        count++;
    } while (count < most && count < MOST_SAMPLES && bench_now() - start < 333e6 * (double)kinds);
    for (size_t kind = 0; kind < kinds; kind++) {
        qsort(values[kind], count, sizeof(values[kind][0]), compare);
        quartiles[kind] = values[kind][(count - 1) / 4];
    }
}

double bench_quartile(bench_sample *sample, size_t most)
{
    double quartile;

    take_quartiles(&sample, 1, most, &quartile);
    return quartile;
}

void bench_quartiles(bench_sample *const samples[2], size_t most, double quartiles[2])
{
    take_quartiles(samples, 2, most, quartiles);
}

int bench_serve(const struct bench_group *groups, size_t count)
{
    char line[128], name[64];

    calibrate();
    while (fgets(line, sizeof(line), stdin)) {
        size_t i = 0, argument = 0;

        if (sscanf(line, "%63s %zu", name, &argument) < 1)
            continue;
        while (i < count && strcmp(groups[i].name, name))
            i++;
        printf("{");
        has_rows = false;
        if (i < count)
            groups[i].run(argument);
        printf("}\n");
        fflush(stdout);
    }
    return 0;
}
