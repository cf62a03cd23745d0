/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * decantserver: coordinates what the Windows programs of one session share. Programs start it when they find
 * none; it goes a few seconds after its last client.
 *
 *   decantserver [--foreground] [--ready FD] FOLDER
 *
 * The starter waits at the other end of descriptor FD: it gets "R" once the server listens, "T" when another
 * one holds the lock, or "E" and one line that says why there will be none.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "object.h"
#include "server.h"

#define EXIT_CANNOT_START 126
#define DEFAULT_LINGER_MS 3000
/* What a living program has locked just then is tried again: soon, and less often for one that is stopped. */
#define TIDY_FIRST_MS     2
#define TIDY_LAST_MS      128

static int epoll_fd = -1;
static bool is_told_to_end;
static int linger;              /* ms after the last client */

int loop_add(struct watch *watch, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};

    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, watch->fd, &event) ? -errno : 0;
}

void loop_remove(struct watch *watch)
{
    epoll_ctl(epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
}

/* Seconds, with a fraction, from DECANT_SERVER_LINGER. */
static int linger_ms(void)
{
    const char *text = getenv("DECANT_SERVER_LINGER");
    char *end;
    double seconds = text && *text ? strtod(text, &end) : -1;

    if (!(seconds >= 0 && seconds <= 86400) || *end) /* "nan" is a number too */
        return DEFAULT_LINGER_MS;
    return (int)(seconds * 1000);
}

/* Also where the descriptors of the program that started us end: only `ready` stays. */
static int detach(int ready, bool in_foreground)
{
    int null = open("/dev/null", O_RDWR);

    if (null < 0)
        return -errno;
    if (!in_foreground)
        for (int fd = 0; fd < 3; fd++)
            if (dup2(null, fd) < 0)
                return -errno;
    if (null > 2)
        close(null);
    if (ready > 3) {
        if (dup2(ready, 3) < 0)
            return -errno;
        ready = 3;
    }
    syscall(SYS_close_range, ready >= 0 ? 4u : 3u, ~0u, 0);
    umask(077);
    return chdir("/") ? -errno : ready;
}

/* A session may hold thousands of processes and named sections. */
static void raise_limit(void)
{
    struct rlimit limit;

    if (!getrlimit(RLIMIT_NOFILE, &limit)) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void told_to_end(struct watch *watch, uint32_t events)
{
    struct signalfd_siginfo info;

    (void)events;
    if (read(watch->fd, &info, sizeof(info)) == sizeof(info))
        is_told_to_end = true;
}

static int watch_signals(struct watch *watch)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_SETMASK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    *watch = (struct watch){signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK), told_to_end};
    return watch->fd < 0 ? -errno : loop_add(watch, EPOLLIN);
}

void loop_be_brief(void)
{
    linger = 0;
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void run(void)
{
    int64_t idle_since = now_ms();
    int pause = TIDY_FIRST_MS;

    for (;;) {
        struct epoll_event events[64];
        int64_t left = client_count() ? -1 : idle_since + linger - now_ms();
        int count;

        if (objects_tidy()) {
            pause = TIDY_FIRST_MS;
        } else {
            if (left < 0 || left > pause)
                left = pause;
            pause = pause < TIDY_LAST_MS ? pause * 2 : TIDY_LAST_MS;
        }

        if (is_told_to_end || (!client_count() && idle_since + linger <= now_ms())) {
            if (session_close() || is_told_to_end)
                return;
            left = 0;
        }
        count = epoll_wait(epoll_fd, events, 64, (int)left);
        for (int i = 0; i < count; i++) {
            struct watch *watch = events[i].data.ptr;

            watch->ready(watch, events[i].events);
        }
        clients_free_buried();
        if (client_count() || count > 0)
            idle_since = now_ms();
    }
}

/* Tells the starter; the text is one line. */
static void say(int ready, char kind, const char *text)
{
    char line[512];
    int length = snprintf(line, sizeof(line), "%c%s", kind, text);

    if (ready < 0) {
        if (kind == 'E')
            fprintf(stderr, "decantserver: %s\n", text);
        return;
    }
    if (write(ready, line, (size_t)(length < (int)sizeof(line) ? length : (int)sizeof(line) - 1)) < 0) {
        /* The starter is gone; others may come. */
    }
    close(ready);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"foreground", no_argument, NULL, 'f'}, {"ready", required_argument, NULL, 'r'},
        {"help", no_argument, NULL, 'h'},       {"version", no_argument, NULL, 'v'},
        {NULL, 0, NULL, 0},
    };
    static const char usage[] = "Usage: decantserver [--foreground] FOLDER\n\n"
                                "Coordinates what the programs of the session in FOLDER share. "
                                "Programs start it themselves.\n";
    struct watch signals;
    bool in_foreground = false;
    char error[400];
    int ready = -1, option, result;

    while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
        switch (option) {
        case 'f': in_foreground = true; break;
        case 'r': ready = atoi(optarg); break;
        case 'h': fputs(usage, stdout); return 0;
        case 'v': puts("decantserver " DECANT_VERSION); return 0;
        default: fputs(usage, stderr); return 125;
        }
    }
    if (argc - optind != 1) {
        fputs(usage, stderr);
        return 125;
    }
    result = detach(ready, in_foreground);
    if (ready >= 0)
        ready = result;
    raise_limit();
    setlocale(LC_CTYPE, "C.UTF-8"); /* for name.c; without it only ASCII has two cases */
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0 || watch_signals(&signals)) {
        say(ready, 'E', strerror(errno));
        return EXIT_CANNOT_START;
    }
    switch (session_open(argv[optind], error, sizeof(error))) {
    case LISTEN_TAKEN:
        say(ready, 'T', "");
        return 0;
    case LISTEN_FAILED:
        say(ready, 'E', error);
        return EXIT_CANNOT_START;
    default:
        say(ready, 'R', "");
    }
    linger = linger_ms();
    run();
    return 0;
}
