/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the bench programs share. Each is one source that is built twice, as a Windows executable and as a
 * native program, and measures on demand: it reads the name of a group of rows from stdin, takes samples,
 * and answers with one line of JSON, {"row": value, ...}. run.py asks the programs in turns, so
 * that all columns of a table are measured in the same minutes, and compares them round by round. A program is
 * one column; a value that belongs into another has that one's name behind the row's: "row|column".
 */
#ifndef DECANT_BENCH_H
#define DECANT_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BENCH_PAGE ((size_t)4096)
#define BENCH_MIB  ((size_t)1 << 20)
#define BENCH_GIB  ((size_t)1 << 30)

/* mingw's gcc must be told that printf is the C standard's here; clang knows no other. */
#ifdef __clang__
#define BENCH_PRINTF printf
#else
#define BENCH_PRINTF gnu_printf
#endif

struct bench_group {
    const char *name;
    /* `argument` is what followed the name, 0 without. */
    void (*run)(size_t argument);
};

/* Answers requests until stdin ends. The exit code for main. */
int bench_serve(const struct bench_group *groups, size_t count);

/* One value of the answer. A row that this program cannot measure is left out. */
void bench_row(double value, const char *format, ...) __attribute__((format(BENCH_PRINTF, 2, 3)));

/* Nanoseconds, by the processor's time stamp counter: Windows' performance counter has steps of 100 ns. */
double bench_now(void);

typedef double bench_sample(void);

/* The lower quartile of at most `most` samples (128 are enough); stops early after a third of a second. Not the
 * median: other programs on the machine only ever make a sample longer. */
double bench_quartile(bench_sample *sample, size_t most);

/* The same for two things that are to be compared, each sample of the one beside one of the other. */
void bench_quartiles(bench_sample *const samples[2], size_t most, double quartiles[2]);

/* Ends the program with a message: a measurement of something that went wrong is none. */
_Noreturn void bench_fail(const char *format, ...) __attribute__((format(BENCH_PRINTF, 1, 2)));

/* --- By platform: bench_windows.c, bench_linux.c --- */

struct bench_thread;

double bench_clock(void); /* nanoseconds, the system's monotonic clock */
struct bench_thread *bench_thread_start(void (*function)(void *), void *argument);
void bench_thread_join(struct bench_thread *thread); /* and frees it */
/* How many processors the program may run on; binds the calling thread to one of them; takes that back. */
size_t bench_processors(void);
void bench_pin(size_t processor);
void bench_unpin(void);
/* Zeroed memory that nobody watches. */
void *bench_plain_memory(size_t bytes);

#endif
