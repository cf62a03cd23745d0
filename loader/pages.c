/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * `decant pages PID`: the watched memory of a running program, which of it is written, and how that
 * changes: live in the terminal, as a record, as a page for the browser. The program is not stopped and nothing of
 * it is reset; while nobody looks it pays nothing.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pages.h"

static const char help[] =
    "Usage: decant pages [OPTIONS] PID\n"
    "\n"
    "Shows the write-watched memory of a running program (VirtualAlloc with MEM_WRITE_WATCH): which pages\n"
    "are written, and which were since the look before. It resets nothing.\n"
    "\n"
    "  -i, --interval SECONDS   time between two looks (default 1; 0.01 and more)\n"
    "  -n, --count NUMBER       end after so many looks\n"
    "  -d, --duration SECONDS   end after so long\n"
    "  -r, --record FILE        write each look to FILE, a line of JSON each\n"
    "  -w, --html FILE          write a page for the browser: the timeline, and the map at each look\n"
    "  -q, --quiet              no map, only the files\n"
    "  -h, --help               this text\n"
    "\n"
    "Ends with the program, after --count or --duration, or by Ctrl-C; the files are whole then.\n"
    "Exit codes: 0, 1 when the program cannot be looked at or a file not be written, 125 wrong usage.\n";

struct options {
    double interval, duration; /* duration 0: no end */
    unsigned long count;       /* 0: no end */
    const char *record, *html;
    bool is_quiet;
    int pid;
};

static volatile sig_atomic_t is_stopped, is_resized;

static void note_signal(int number)
{
    if (number == SIGWINCH)
        is_resized = 1;
    else
        is_stopped = 1;
}

static bool read_number(const char *text, double least, double most, double *out)
{
    char *end;

    errno = 0;
    *out = strtod(text, &end);
    return !errno && end != text && !*end && *out >= least && *out <= most;
}

/* 0, an exit code, or -1: --help was answered. */
static int read_options(int argc, char **argv, struct options *options)
{
    static const struct option longs[] = {
        {"interval", required_argument, NULL, 'i'}, {"count", required_argument, NULL, 'n'},
        {"duration", required_argument, NULL, 'd'}, {"record", required_argument, NULL, 'r'},
        {"html", required_argument, NULL, 'w'},     {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},           {0},
    };
    double number;
    int option;

    *options = (struct options){.interval = 1};
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, ":i:n:d:r:w:qh", longs, NULL)) != -1) {
        switch (option) {
        case 'i':
            if (read_number(optarg, 0.01, 86400, &options->interval))
                continue;
            fail("--interval takes 0.01 to 86400 seconds, not \"%s\"", optarg);
            return EXIT_USAGE;
        case 'n':
            if (read_number(optarg, 1, 1e9, &number)) {
                options->count = (unsigned long)number;
                continue;
            }
            fail("--count takes a number of looks, not \"%s\"", optarg);
            return EXIT_USAGE;
        case 'd':
            if (read_number(optarg, 0.01, 1e9, &options->duration))
                continue;
            fail("--duration takes seconds, not \"%s\"", optarg);
            return EXIT_USAGE;
        case 'r':
            options->record = optarg;
            continue;
        case 'w':
            options->html = optarg;
            continue;
        case 'q':
            options->is_quiet = true;
            continue;
        case 'h':
            fputs(help, stdout);
            return -1;
        case ':':
            fail("%s needs a value (decant pages --help)", argv[optind - 1]);
            return EXIT_USAGE;
        default:
            fail("unknown option %s (decant pages --help)", argv[optind - 1]);
            return EXIT_USAGE;
        }
    }
    if (optind != argc - 1 || !read_number(argv[optind], 1, 1 << 22, &number) ||
        number != (double)(int)number) {
        fail("decant pages takes the number of one process (decant pages --help)");
        return EXIT_USAGE;
    }
    options->pid = (int)number;
    return 0;
}

static sigset_t outside; /* the signals that were blocked before */

/* They come in only while ppoll sleeps: none is missed just before, and none breaks a write. */
static void catch_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH};
    struct sigaction action = {.sa_handler = note_signal};
    sigset_t caught;

    sigemptyset(&caught);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        sigaction(numbers[i], &action, NULL);
        sigaddset(&caught, numbers[i]);
    }
    sigprocmask(SIG_BLOCK, &caught, &outside);
    signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error of write */
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Until the time comes, the program ends, or a signal says stop. Drawn anew when the screen changes. */
static void wait_until(double time, const struct target *target, const struct options *options)
{
    double left;

    while (!is_stopped && (left = time - now()) > 0) {
        struct timespec pause = {(time_t)left, (long)((left - (double)(time_t)left) * 1e9)};
        struct pollfd end = {target->pidfd, POLLIN, 0};

        if (ppoll(&end, 1, &pause, &outside) > 0)
            break;
        if (is_resized && !options->is_quiet)
            map_draw(target, options->interval);
        is_resized = 0;
    }
}

/* How it ended, for the files; NULL: by an error, which was told. */
static const char *watch(struct target *target, struct recorder *recorder, const struct options *options)
{
    double start = now();

    for (unsigned long number = 0;; number++) {
        int error = target_look(target);

        if (error)
            return error == -ESRCH ? "the program ended" : NULL;
        if (!recorder_add(recorder, &target->look))
            return NULL;
        if (!options->is_quiet)
            map_draw(target, options->interval);
        if (ferror(stdout))
            return "nobody reads the map";
        if (options->count && number + 1 >= options->count)
            return "all looks of --count were taken";
        if (options->duration && now() + options->interval - start > options->duration)
            return "the time of --duration is over";
        wait_until(start + (double)(number + 1) * options->interval, target, options);
        if (is_stopped)
            return "a signal stopped it";
        /* Looks that took longer than the interval are not made up for. */
        if (now() > start + (double)(number + 2) * options->interval)
            start = now() - (double)(number + 1) * options->interval;
    }
}

int command_pages(const struct installation *installation, int argc, char **argv)
{
    struct recorder recorder = {0};
    struct options options;
    struct target target;
    const char *end = NULL;
    int code = read_options(argc, argv, &options);

    if (code)
        return code < 0 ? 0 : code;
    catch_signals();
    if (!target_open(&target, installation, options.pid) &&
        recorder_open(&recorder, options.record, options.html, &target, options.interval)) {
        if (!options.is_quiet)
            map_begin();
        end = watch(&target, &recorder, &options);
        if (!options.is_quiet)
            map_end();
        if (!recorder_close(&recorder, end ? end : "error"))
            end = NULL;
        if (end && !options.is_quiet)
            fprintf(stderr, "decant: %u looks: %s\n", target.look.number, end);
    }
    target_close(&target);
    return end ? 0 : 1;
}
