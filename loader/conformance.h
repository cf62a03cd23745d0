/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * `decant conformance`: what was run where and how it came out; filled in by conformance_run.c, read by
 * the report writers in conformance_report.c.
 */
#ifndef DECANT_CONFORMANCE_REPORT_H
#define DECANT_CONFORMANCE_REPORT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum outcome {
    OUTCOME_PASSED,
    OUTCOME_FAILED,
    OUTCOME_CRASHED,   /* ended without the closing line */
    OUTCOME_TIMED_OUT,
};

/* One program on one host. */
struct result {
    enum outcome outcome;
    int exit_code;
    long tests, todos, failures, skips; /* of the closing line */
    double seconds;
    char *output;                       /* owned; UTF-8 as printed */
};

struct host {
    const char *name;         /* "standalone", "wine" */
    const char *version;      /* as it tells it: "wine-8.0 (Debian 8.0~repack-4)" */
    const char *command[4];   /* what stands before the program, NULL-terminated */
};

struct run {
    const struct host *hosts;
    size_t host_count;
    char **programs;          /* names without .exe, sorted */
    size_t program_count;
    struct result *results;   /* program_count rows of host_count */
};

static inline const struct result *run_result(const struct run *run, size_t program, size_t host)
{
    return &run->results[program * run->host_count + host];
}

/* What came of one host's programs together. */
struct totals {
    long expectations, todos, skips;
    long unexpected; /* failures, and programs that did not come to their end */
};

/* --- conformance_run.c --- */

extern volatile sig_atomic_t was_interrupted; /* ends the running program */

/* Runs the program at `path`; after `limit` seconds it is killed with its process group. */
void run_program(const struct host *host, const char *path, int limit, struct result *result);
/* Runs a command without input and output: its exit code, or -1. */
int run_quietly(const char *const *arguments, int limit);

/* --- conformance_wine.c --- */

/* Makes Wine a host: `command`, or the one that is installed; in the prefix `given_prefix`, or in a
 * fresh one. False after an error line. */
bool wine_prepare(const char *command, const char *given_prefix, struct host *host);
/* Ends every program of the prefix, such as those that one left that hung. */
void wine_end_programs(void);
/* The same, and removes the prefix. */
void wine_finish(void);

/* --- conformance_report.c --- */

const char *outcome_name(enum outcome outcome);
struct totals run_totals(const struct run *run, size_t host);

/* For people: a table, what was unexpected, a closing line for each host. */
void report_table(const struct run *run, FILE *out);
/* Documented in docs/decant.1.md. */
void report_json(const struct run *run, FILE *out);
/* Test Anything Protocol, version 13. */
void report_tap(const struct run *run, FILE *out);
/* JUnit XML, one suite per host. */
void report_junit(const struct run *run, FILE *out);
/* One self-contained page, the hosts side by side. */
void report_html(const struct run *run, FILE *out);

#endif
