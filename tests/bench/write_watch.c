/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Write watch as a Windows program sees it; the same executable runs on Decant, Wine and Windows. One line
 * of JSON: microseconds, medians of 9.
 */
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

#define BYTES ((SIZE_T)64 << 20)
#define PAGES (BYTES / 4096)
#define RUNS  9

static char *memory;
static void *found[PAGES];

static double now(void)
{
    LARGE_INTEGER time, frequency;

    QueryPerformanceCounter(&time);
    QueryPerformanceFrequency(&frequency);
    return (double)time.QuadPart * 1e6 / (double)frequency.QuadPart;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return a < b ? -1 : a > b;
}

static ULONG_PTR get_and_reset(void)
{
    ULONG_PTR count = PAGES;
    ULONG granularity;

    if (GetWriteWatch(WRITE_WATCH_FLAG_RESET, memory, BYTES, found, &count, &granularity))
        exit(1);
    return count;
}

static double touch(SIZE_T step)
{
    double start = now();

    for (SIZE_T i = 0; i < PAGES; i += step)
        ((volatile char *)memory)[i * 4096]++;
    return now() - start;
}

int main(void)
{
    static const SIZE_T steps[] = {1, 10, 100};
    double samples[RUNS];

    memory = VirtualAlloc(NULL, BYTES, MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH, PAGE_READWRITE);
    if (!memory)
        return 1;
    printf("{\"first touch\": %.1f", touch(1));
    get_and_reset();
    for (int k = 0; k < 3; k++) {
        for (int run = 0; run < RUNS; run++) {
            double start = now();
            ULONG_PTR count;

            touch(steps[k]);
            count = get_and_reset();
            samples[run] = now() - start;
            if (count != (PAGES + steps[k] - 1) / steps[k])
                return 1;
        }
        qsort(samples, RUNS, sizeof(*samples), compare);
        printf(", \"touch and get+reset, every %uth page\": %.1f", (unsigned)steps[k],
               samples[RUNS / 2]);
    }
    for (int run = 0; run < RUNS; run++) {
        double start = now();

        get_and_reset();
        samples[run] = now() - start;
    }
    qsort(samples, RUNS, sizeof(*samples), compare);
    printf(", \"get+reset of clean pages\": %.1f}\n", samples[RUNS / 2]);
    return 0;
}
