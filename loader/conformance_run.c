/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * `decant conformance`: runs one program and reads how it came out. Each runs in a process group of its
 * own and is bounded in time.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "conformance.h"
#include "loader.h"

#define MAX_OUTPUT (1 << 20)

volatile sig_atomic_t was_interrupted;

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

/* Reads what there is. False: the other end is closed, or there is no memory. */
static bool read_some(int fd, struct result *result, size_t *used, size_t *room)
{
    ssize_t got;

    if (*used + 4096 > *room && *room < MAX_OUTPUT) {
        char *grown = realloc(result->output, *room *= 2);

        if (!grown)
            return false;
        result->output = grown;
    }
    if (*used + 4096 > *room)
        *used = *room / 2; /* keep the head, overwrite the tail: the closing line counts */
    got = read(fd, result->output + *used, *room - *used - 1);
    if (got < 0)
        return errno == EINTR;
    *used += (size_t)got;
    return got > 0;
}

/* Reads until the program has ended, or the deadline (false). What it leaves behind, a debugger or a
 * child, may hold its output open: that is not waited for. */
static bool read_output(int fd, int process, struct result *result, double deadline)
{
    size_t used = 0, room = 65536;
    bool in_time = true;

    result->output = malloc(room);
    if (!result->output)
        return true;
    for (;;) {
        struct pollfd fds[2] = {{fd, POLLIN, 0}, {process, POLLIN, 0}};
        double left = deadline - now();

        if (left <= 0 || was_interrupted) {
            in_time = false;
            break;
        }
        if (poll(fds, 2, (int)(left * 1000) + 1) < 0)
            continue; /* interrupted */
        if (fds[0].revents) {
            if (!read_some(fd, result, &used, &room))
                break;
        } else if (fds[1].revents) {
            break; /* it has ended, and all that it wrote is read */
        }
    }
    result->output[used] = 0;
    return in_time;
}

/* A child in a process group of its own; its output goes to `output`, or nowhere. */
static pid_t start(const char *const *arguments, int output)
{
    pid_t child = fork();

    if (!child) {
        int nowhere = open("/dev/null", O_RDWR);

        setpgid(0, 0);
        dup2(nowhere, STDIN_FILENO);
        dup2(output < 0 ? nowhere : output, STDOUT_FILENO);
        dup2(output < 0 ? nowhere : output, STDERR_FILENO);
        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
        execvp(arguments[0], (char *const *)(uintptr_t)arguments);
        _exit(EXIT_NOT_FOUND);
    }
    if (child > 0)
        setpgid(child, child); /* whoever comes first: it must be there before a kill */
    return child;
}

static int finish(pid_t child, bool in_time)
{
    int status = 0;

    if (!in_time)
        kill(-child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int run_quietly(const char *const *arguments, int limit)
{
    struct pollfd process = {.events = POLLIN};
    pid_t child = start(arguments, -1);
    double deadline = now() + limit, left;
    int ready = 0;

    if (child < 0)
        return -1;
    process.fd = (int)syscall(SYS_pidfd_open, child, 0);
    while (!ready && (left = deadline - now()) > 0)
        ready = poll(&process, 1, (int)(left * 1000) + 1) > 0;
    close(process.fd);
    return finish(child, ready);
}

void run_program(const struct host *host, const char *path, int limit, struct result *result)
{
    const char *arguments[8];
    size_t count = 0;
    double start_time = now();
    bool in_time;
    int pipe_fds[2], process;
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
    child = start(arguments, pipe_fds[1]);
    close(pipe_fds[1]);
    if (child > 0) {
        process = (int)syscall(SYS_pidfd_open, child, 0);
        in_time = read_output(pipe_fds[0], process, result, start_time + limit);
        close(process);
        result->exit_code = finish(child, in_time);
        result->outcome = in_time ? OUTCOME_CRASHED : OUTCOME_TIMED_OUT;
    }
    close(pipe_fds[0]);
    result->seconds = now() - start_time;
    if (!result->output)
        result->output = format_string("%s", "");
    if (read_closing_line(result) && result->outcome != OUTCOME_TIMED_OUT)
        result->outcome = result->failures || result->exit_code ? OUTCOME_FAILED : OUTCOME_PASSED;
}
