/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * `decant conformance`: runs the conformance programs of the installation on one or more hosts and
 * writes what came out.
 */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <regex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conformance.h"
#include "loader.h"

#define DEFAULT_LIMIT_SECONDS 120

static const char help[] =
    "Usage: decant conformance [OPTIONS] [FILTER]\n"
    "\n"
    "Runs the conformance programs (plain Windows executables that assert what Windows does) and\n"
    "prints a table: expectations, known disagreements of the host (todo), what is unexpected.\n"
    "FILTER is an extended regular expression on their names.\n"
    "\n"
    "  --host NAME       standalone (default), wine, or both\n"
    "  --wine[=COMMAND]  the same as --host wine, with the Wine that is installed or COMMAND\n"
    "  --prefix DIR      run Wine in this prefix; without, in a fresh one that is removed afterwards\n"
    "  --folder DIR      take the programs from DIR\n"
    "  --json            print JSON instead of the table\n"
    "  --tap             print TAP version 13 instead of the table\n"
    "  --junit FILE      also write JUnit XML\n"
    "  --html FILE       also write a page with the hosts side by side\n"
    "  --limit N         seconds a program may take (120)\n"
    "  --list            list the programs\n"
    "\n"
    "Exit code: 0 nothing unexpected, 1 something, 125 wrong usage, 126 nothing could be run.\n";

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int find_programs(const char *folder, const regex_t *filter, struct run *run)
{
    DIR *directory = opendir(folder);
    struct dirent *entry;

    if (!directory)
        return -errno;
    while ((entry = readdir(directory))) {
        size_t length = strlen(entry->d_name);
        char *name;

        if (length < 5 || strcmp(entry->d_name + length - 4, ".exe"))
            continue;
        name = format_string("%.*s", (int)length - 4, entry->d_name);
        /* Stress programs run for a long time and are run by name only. */
        if (filter ? regexec(filter, name, 0, NULL, 0) : !!strstr(name, "_stress")) {
            free(name);
            continue;
        }
        run->programs = realloc(run->programs, (run->program_count + 1) * sizeof(char *));
        if (!run->programs)
            exit(EXIT_CANNOT_START);
        run->programs[run->program_count++] = name;
    }
    closedir(directory);
    if (run->program_count)
        qsort(run->programs, run->program_count, sizeof(char *), compare_names);
    return 0;
}

static bool write_report(const char *path, void (*report)(const struct run *, FILE *),
                         const struct run *run)
{
    FILE *out;

    if (!path)
        return true;
    out = fopen(path, "w");
    if (out) {
        report(run, out);
        if (!fclose(out))
            return true;
    }
    fail("%s: %s", path, strerror(errno));
    return false;
}

static void interrupt(int signal)
{
    (void)signal;
    was_interrupted = 1;
}

/* Runs every program on every host; false when it was interrupted. */
static bool run_all(struct run *run, const char *folder, int limit)
{
    struct sigaction action = {.sa_handler = interrupt};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    for (size_t i = 0; i < run->program_count; i++) {
        char *path = format_string("%s/%s.exe", folder, run->programs[i]);

        for (size_t k = 0; k < run->host_count && !was_interrupted; k++) {
            const struct host *host = &run->hosts[k];
            struct result *result = &run->results[i * run->host_count + k];

            if (isatty(STDERR_FILENO))
                fprintf(stderr, "\r\033[K%zu/%zu %s on %s", i + 1, run->program_count,
                        run->programs[i], host->name);
            run_program(host, path, limit, result);
            if (result->outcome == OUTCOME_TIMED_OUT && !strcmp(host->name, "wine"))
                wine_end_programs();
        }
        free(path);
    }
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    return !was_interrupted;
}

int command_conformance(const struct installation *installation, int argc, char **argv)
{
    static const struct option options[] = {
        {"host", required_argument, NULL, 'h'},   {"wine", optional_argument, NULL, 'W'},
        {"prefix", required_argument, NULL, 'P'}, {"folder", required_argument, NULL, 'f'},
        {"json", no_argument, NULL, 'J'},         {"tap", no_argument, NULL, 't'},
        {"junit", required_argument, NULL, 'j'},  {"html", required_argument, NULL, 'w'},
        {"limit", required_argument, NULL, 'l'},  {"list", no_argument, NULL, 'p'},
        {"help", no_argument, NULL, 'H'},         {NULL, 0, NULL, 0},
    };
    void (*report)(const struct run *, FILE *) = report_table;
    const char *junit = NULL, *html = NULL, *wanted = "standalone", *wine = NULL, *prefix = NULL;
    char *folder = format_string("%s/lib/decant/conformance", installation->root);
    char *decant = format_string("%s/bin/decant", installation->root);
    struct host hosts[2];
    struct run run = {.hosts = hosts};
    int limit = DEFAULT_LIMIT_SECONDS, option, error;
    bool list = false, on_wine, is_complete, is_written;
    long unexpected = 0;
    regex_t filter;

    while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
        switch (option) {
        case 'h': wanted = optarg; break;
        case 'W': wanted = "wine"; wine = optarg; break;
        case 'P': prefix = optarg; break;
        case 'f': folder = optarg; break;
        case 'J': report = report_json; break;
        case 't': report = report_tap; break;
        case 'j': junit = optarg; break;
        case 'w': html = optarg; break;
        case 'l': limit = atoi(optarg); break;
        case 'p': list = true; break;
        case 'H': fputs(help, stdout); return 0;
        default: return EXIT_USAGE;
        }
    }
    if (limit <= 0 || argc - optind > 1) {
        fputs(help, stderr);
        return EXIT_USAGE;
    }
    if (argc > optind && regcomp(&filter, argv[optind], REG_EXTENDED | REG_NOSUB)) {
        fail("conformance: \"%s\" is not a regular expression", argv[optind]);
        return EXIT_USAGE;
    }
    on_wine = !strcmp(wanted, "wine") || !strcmp(wanted, "both");
    if (!on_wine && strcmp(wanted, "standalone")) {
        fail("conformance: no host \"%s\" (standalone, wine, both)", wanted);
        return EXIT_USAGE;
    }
    error = find_programs(folder, argc > optind ? &filter : NULL, &run);
    if (error || !run.program_count) {
        fail("conformance: %s: %s", folder, error ? strerror(-error) : "no program fits");
        return EXIT_CANNOT_START;
    }
    if (list) {
        for (size_t i = 0; i < run.program_count; i++)
            puts(run.programs[i]);
        return 0;
    }
    if (strcmp(wanted, "wine"))
        hosts[run.host_count++] = (struct host){
            .name = "standalone", .version = "decant " DECANT_VERSION, .command = {decant, "--"}};
    if (on_wine && !wine_prepare(wine, prefix, &hosts[run.host_count++]))
        return EXIT_CANNOT_START;

    run.results = calloc(run.program_count * run.host_count, sizeof(*run.results));
    is_complete = run.results && run_all(&run, folder, limit);
    if (on_wine)
        wine_finish();
    if (!is_complete)
        return EXIT_CANNOT_START;
    for (size_t k = 0; k < run.host_count; k++)
        unexpected += run_totals(&run, k).unexpected;
    report(&run, stdout);
    is_written = write_report(junit, report_junit, &run);
    is_written = write_report(html, report_html, &run) && is_written;
    return !is_written ? EXIT_CANNOT_START : unexpected != 0;
}
