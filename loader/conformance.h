/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * `decant conformance`: what was run where and how it came out; written by conformance.c, read by the
 * report writers in conformance_report.c.
 */
#ifndef DECANT_CONFORMANCE_REPORT_H
#define DECANT_CONFORMANCE_REPORT_H

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

const char *outcome_name(enum outcome outcome);

/* Test Anything Protocol, version 13. */
void report_tap(const struct run *run, FILE *out);
/* JUnit XML, one suite per host. */
void report_junit(const struct run *run, FILE *out);
/* One self-contained page, the hosts side by side. */
void report_html(const struct run *run, FILE *out);

#endif
