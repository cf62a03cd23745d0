/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * `decant conformance`: runs the conformance programs of the installation on one or more hosts and
 * writes what came out.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <regex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "conformance.h"
#include "loader.h"

#define DEFAULT_LIMIT_SECONDS 120
#define MAX_OUTPUT            (1 << 20)

static const char help[] =
    "Usage: decant conformance [OPTIONS] [FILTER]\n"
    "\n"
    "Runs the conformance programs (plain Windows executables that assert what Windows does) and\n"
    "prints TAP. FILTER is an extended regular expression on their names.\n"
    "\n"
    "  --host NAME     standalone (default), wine, or both; wine is the one in PATH\n"
    "  --folder DIR    take the programs from DIR\n"
    "  --junit FILE    also write JUnit XML\n"
    "  --html FILE     also write a page with the hosts side by side\n"
    "  --limit N       seconds a program may take (120)\n"
    "  --list          list the programs\n"
    "\n"
    "Exit code: 0 all passed, 1 some failed, 125 wrong usage, 126 nothing could be run.\n";

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* "NAME: N tests executed (T marked as todo, F failures), S skipped." */
static bool read_closing_line(struct result *result)
{
    const char *at = result->output, *line = NULL;

    while ((at = strstr(at, " tests executed ("))) {
        line = at;
        at++;
    }
    if (!line)
        return false;
    while (line > result->output && line[-1] >= '0' && line[-1] <= '9')
        line--;
    return sscanf(line, "%ld tests executed (%ld marked as todo, %ld failures), %ld skipped.",
                  &result->tests, &result->todos, &result->failures, &result->skips) == 4;
}

/* Reads until the program closes its output or the deadline; false: the deadline. */
static bool read_output(int fd, struct result *result, double deadline)
{
    size_t used = 0, room = 65536;

    result->output = malloc(room);
    while (result->output) {
        struct pollfd poll_fd = {fd, POLLIN, 0};
        double left = deadline - now();
        ssize_t got;

        if (left <= 0 || poll(&poll_fd, 1, (int)(left * 1000) + 1) == 0) {
            result->output[used] = 0;
            return false;
        }
        if (used + 4096 > room && room < MAX_OUTPUT) {
            char *grown = realloc(result->output, room *= 2);

            if (!grown)
                break;
            result->output = grown;
        }
        if (used + 4096 > room)
            used = room / 2; /* keep the head, overwrite the tail: the closing line counts */
        got = read(fd, result->output + used, room - used - 1);
        if (got <= 0)
            break;
        used += (size_t)got;
    }
    if (result->output)
        result->output[used] = 0;
    return true;
}

static void run_program(const struct host *host, const char *path, int limit,
                        struct result *result)
{
    const char *arguments[8];
    size_t count = 0;
    double start = now();
    bool in_time;
    int pipe_fds[2], status = 0;
    pid_t child;

    while (host->command[count]) {
        arguments[count] = host->command[count];
        count++;
    }
    arguments[count++] = path;
    arguments[count] = NULL;
    *result = (struct result){.outcome = OUTCOME_CRASHED, .exit_code = -1};
    if (pipe2(pipe_fds, O_CLOEXEC))
        return;
    child = fork();
    if (!child) {
        setpgid(0, 0);
        dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
        dup2(pipe_fds[1], STDOUT_FILENO);
        dup2(pipe_fds[1], STDERR_FILENO);
        execvp(arguments[0], (char **)arguments);
        _exit(EXIT_NOT_FOUND);
    }
    close(pipe_fds[1]);
    in_time = child > 0 && read_output(pipe_fds[0], result, start + limit);
    close(pipe_fds[0]);
    if (child > 0) {
        if (!in_time)
            kill(-child, SIGKILL);
        waitpid(child, &status, 0);
    }
    result->seconds = now() - start;
    result->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (!result->output)
        result->output = strdup("");
    if (!in_time)
        result->outcome = OUTCOME_TIMED_OUT;
    else if (!read_closing_line(result))
        result->outcome = OUTCOME_CRASHED;
    else
        result->outcome = result->failures || result->exit_code ? OUTCOME_FAILED : OUTCOME_PASSED;
}

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

static const char *wine_command(void)
{
    static const char *const candidates[] = {"wine64", "wine", "/usr/lib/wine/wine64"};

    for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++) {
        char *probe = format_string("command -v %s >/dev/null 2>&1", candidates[i]);
        int missing = system(probe);

        free(probe);
        if (!missing)
            return candidates[i];
    }
    return NULL;
}

int command_conformance(const struct installation *installation, int argc, char **argv)
{
    static const struct option options[] = {
        {"host", required_argument, NULL, 'h'},  {"folder", required_argument, NULL, 'f'},
        {"junit", required_argument, NULL, 'j'}, {"html", required_argument, NULL, 'w'},
        {"limit", required_argument, NULL, 'l'}, {"list", no_argument, NULL, 'p'},
        {"help", no_argument, NULL, 'H'},  {NULL, 0, NULL, 0},
    };
    const char *junit = NULL, *html = NULL, *wanted = "standalone", *wine;
    char *folder = format_string("%s/lib/decant/conformance", installation->root);
    char *decant = format_string("%s/bin/decant", installation->root);
    struct host hosts[2];
    struct run run = {.hosts = hosts};
    int limit = DEFAULT_LIMIT_SECONDS, option, error;
    bool list = false, failed = false;
    regex_t filter;

    while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
        switch (option) {
        case 'h': wanted = optarg; break;
        case 'f': folder = optarg; break;
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
    if (!strcmp(wanted, "standalone") || !strcmp(wanted, "both"))
        hosts[run.host_count++] = (struct host){"standalone", {decant, "--"}};
    if (!strcmp(wanted, "wine") || !strcmp(wanted, "both")) {
        wine = wine_command();
        if (!wine) {
            fail("conformance: no wine in PATH (apt-get install wine64)");
            return EXIT_CANNOT_START;
        }
        hosts[run.host_count++] = (struct host){"wine", {wine}};
    }
    if (!run.host_count) {
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

    run.results = calloc(run.program_count * run.host_count, sizeof(*run.results));
    if (!run.results)
        return EXIT_CANNOT_START;
    for (size_t i = 0; i < run.program_count; i++) {
        char *path = format_string("%s/%s.exe", folder, run.programs[i]);

        for (size_t k = 0; k < run.host_count; k++) {
            struct result *result = &run.results[i * run.host_count + k];

            if (isatty(STDERR_FILENO))
                fprintf(stderr, "\r\033[K%zu/%zu %s on %s", i + 1, run.program_count,
                        run.programs[i], hosts[k].name);
            run_program(&hosts[k], path, limit, result);
            failed |= result->outcome != OUTCOME_PASSED;
        }
        free(path);
    }
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    report_tap(&run, stdout);
    if (!write_report(junit, report_junit, &run) || !write_report(html, report_html, &run))
        return EXIT_CANNOT_START;
    return failed;
}
