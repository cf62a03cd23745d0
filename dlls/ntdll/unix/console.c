/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The terminal as a Windows console: line input and keys, the size, control events.
 *
 * Windows' input modes are Linux' line discipline: ENABLE_LINE_INPUT is ICANON, ENABLE_ECHO_INPUT is ECHO,
 * ENABLE_PROCESSED_INPUT is ISIG. Keys are read one by one whatever the mode is (ReadConsoleInput), so the
 * terminal is set for each reading as it needs it, and only when that is a change; at the end of the process it
 * gets back what it had.
 *
 * Signals are control events, which Windows delivers in a thread of its own: SIGINT is CTRL_C_EVENT, SIGQUIT
 * CTRL_BREAK_EVENT, SIGTERM and SIGHUP CTRL_CLOSE_EVENT. The handler writes the event to a pipe that the I/O
 * thread watches. Until the program sets a handler, the signals keep Linux' default, which ends it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "async.h"
#include "console.h"
#include "process_object.h"
#include "thread.h"
#include "winbase.h"
#include "wincon.h"

#define MAX_LINE 4096 /* Linux' longest */

/* --- Modes. One terminal is the console of a process --- */

static pthread_mutex_t mode_lock = PTHREAD_MUTEX_INITIALIZER;
static struct termios original, current;
static int terminal = -1;       /* whose attributes were changed; our own descriptor */
static uint32_t input_mode = ENABLE_PROCESSED_INPUT | ENABLE_LINE_INPUT | ENABLE_ECHO_INPUT;

static void set_attributes(int fd, const struct termios *wanted)
{
    sigset_t background, old;

    /* From the background this would stop us. */
    sigemptyset(&background);
    sigaddset(&background, SIGTTOU);
    pthread_sigmask(SIG_BLOCK, &background, &old);
    tcsetattr(fd, TCSADRAIN, wanted);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void apply(int fd, bool keys)
{
    struct termios wanted;

    pthread_mutex_lock(&mode_lock);
    if (terminal < 0) {
        bool is_default = input_mode & ENABLE_LINE_INPUT && input_mode & ENABLE_ECHO_INPUT &&
                          input_mode & ENABLE_PROCESSED_INPUT;

        /* A program that reads lines as everybody does leaves the terminal alone. */
        if ((is_default && !keys) || tcgetattr(fd, &original)) {
            pthread_mutex_unlock(&mode_lock);
            return;
        }
        terminal = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        current = original;
    }
    wanted = original;
    if (keys || !(input_mode & ENABLE_LINE_INPUT)) {
        wanted.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ECHONL);
        wanted.c_iflag &= ~(tcflag_t)ICRNL; /* Enter is CR */
        wanted.c_cc[VMIN] = 1;
        wanted.c_cc[VTIME] = 0;
    } else {
        wanted.c_lflag |= ICANON;
        if (!(input_mode & ENABLE_ECHO_INPUT))
            wanted.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    }
    if (!(input_mode & ENABLE_PROCESSED_INPUT))
        wanted.c_lflag &= ~(tcflag_t)ISIG;
    if (memcmp(&wanted, &current, sizeof(wanted)))
        set_attributes(fd, &wanted);
    current = wanted;
    pthread_mutex_unlock(&mode_lock);
}

/* --- Reading --- */

static char line[MAX_LINE + 2]; /* under line_lock */
static size_t line_length, line_at;
static pthread_mutex_t line_lock = PTHREAD_MUTEX_INITIALIZER;

static ssize_t read_terminal(int fd, char *buffer, size_t length)
{
    NTSTATUS status;
    ssize_t n;

    do {
        n = read(fd, buffer, length);
        if (n < 0 && errno == EINTR && async_is_interrupted(&status))
            return status == STATUS_CANCELLED ? -ECANCELED : -EINTR;
        if (n < 0 && errno == EAGAIN) {
            struct pollfd wait = {fd, POLLIN, 0};

            poll(&wait, 1, -1);
        }
    } while (n < 0 && (errno == EINTR || errno == EAGAIN));
    return n < 0 ? -errno : n;
}

/* The rest of a line that was too long for the last reader comes first. */
ssize_t console_read(struct file *file, char *guest_buffer, size_t length)
{
    char taken[MAX_LINE];
    ssize_t n = 1;

    apply(file->fd, false);
    pthread_mutex_lock(&line_lock);
    if (line_at == line_length) {
        line_at = line_length = 0;
        pthread_mutex_unlock(&line_lock);
        n = read_terminal(file->fd, taken, sizeof(taken));
        pthread_mutex_lock(&line_lock);
        if (n > 0) {
            memcpy(line, taken, (size_t)n);
            line_at = 0;
            line_length = (size_t)n;
            if (line[n - 1] == '\n' && input_mode & ENABLE_LINE_INPUT &&
                input_mode & ENABLE_PROCESSED_INPUT) {
                memcpy(line + n - 1, "\r\n", 2);
                line_length++;
            }
        }
    }
    if (n > 0) {
        if (length > line_length - line_at)
            length = line_length - line_at;
        if (length > sizeof(taken))
            length = sizeof(taken);
        memcpy(taken, line + line_at, length);
        line_at += length;
        n = (ssize_t)length;
    }
    pthread_mutex_unlock(&line_lock);
    return n > 0 && guest_copy_out(guest_buffer, taken, (size_t)n) ? -EFAULT : n;
}

/* What was typed, as it was typed; STATUS_TIMEOUT when nothing comes in time. */
static NTSTATUS read_keys(struct file *file, void *data, ULONG *guest_bytes)
{
    uint32_t wait;
    char keys[256];
    ULONG room;
    ssize_t n;
    NTSTATUS status;

    if (guest_copy_in(&room, guest_bytes, sizeof(room)) || room < sizeof(wait) ||
        guest_copy_in(&wait, data, sizeof(wait)))
        return STATUS_ACCESS_VIOLATION;
    apply(file->fd, true);
    status = async_block_on(file->fd, POLLIN, wait == UINT32_MAX ? -1 : (int)wait);
    if (status)
        return status;
    n = read(file->fd, keys, room < sizeof(keys) ? room : sizeof(keys));
    if (n <= 0)
        return n ? errno_to_status(errno) : STATUS_PIPE_BROKEN;
    room = (ULONG)n;
    return guest_copy_out(data, keys, room) ? STATUS_ACCESS_VIOLATION
                                            : guest_copy_out(guest_bytes, &room, sizeof(room));
}

/* --- Control events --- */

static int event_pipe[2] = {-1, -1};
static uint64_t control_routine;
static int ending_signal; /* the last that was delivered */

static void handle_signal(int number)
{
    int saved_errno = errno;
    uint8_t byte = (uint8_t)number;

    if (write(event_pipe[1], &byte, 1) < 0)
        errno = saved_errno; /* the pipe is full of events already */
    errno = saved_errno;
}

static ULONG event_of(int number)
{
    switch (number) {
    case SIGINT: return CTRL_C_EVENT;
    case SIGQUIT: return CTRL_BREAK_EVENT;
    default: return CTRL_CLOSE_EVENT;
    }
}

/* On the I/O thread. */
static void event_ready(struct async_watch *watch)
{
    struct thread_object *object;
    uint8_t number;
    TEB *teb;

    if (read(watch->fd, &number, 1) != 1)
        return;
    trace(TRACE_CONSOLE, "signal %d is control event %u", number, (unsigned)event_of(number));
    ending_signal = number;
    if (!thread_create((void *)(uintptr_t)control_routine, (void *)(uintptr_t)event_of(number), 0, 0,
                       0, &object, &teb))
        object_release(&object->header);
}

static NTSTATUS set_routine(const void *data)
{
    static const int numbers[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP};
    static struct async_watch watch;
    struct sigaction action = {.sa_handler = handle_signal, .sa_flags = SA_RESTART | SA_ONSTACK};
    struct sigaction old;
    uint64_t routine;

    if (guest_copy_in(&routine, data, sizeof(routine)))
        return STATUS_ACCESS_VIOLATION;
    pthread_mutex_lock(&mode_lock);
    if (control_routine || pipe2(event_pipe, O_CLOEXEC | O_NONBLOCK)) {
        pthread_mutex_unlock(&mode_lock);
        return control_routine ? STATUS_SUCCESS : errno_to_status(errno);
    }
    control_routine = routine;
    pthread_mutex_unlock(&mode_lock);
    watch.fd = event_pipe[0];
    watch.ready = event_ready;
    if (async_watch(&watch))
        return STATUS_NO_MEMORY;
    sigfillset(&action.sa_mask);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        /* What whoever started us ignores (nohup) stays ignored. */
        if (!sigaction(numbers[i], NULL, &old) && old.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    return STATUS_SUCCESS;
}

/* A process of Decant's in our process group: it shares the console. */
static bool shares_console(pid_t pid, const char *own_program)
{
    char path[64], program[512];
    ssize_t length;

    if (getpgid(pid) != getpgrp())
        return false;
    snprintf(path, sizeof(path), "/proc/%d/exe", pid);
    length = readlink(path, program, sizeof(program) - 1);
    if (length <= 0)
        return false;
    program[length] = 0;
    return !strcmp(program, own_program);
}

static NTSTATUS send_event(const void *data)
{
    char own_program[512];
    uint32_t arguments[2];
    struct dirent *entry;
    ssize_t length;
    int number;
    DIR *list;

    if (guest_copy_in(arguments, data, sizeof(arguments)))
        return STATUS_ACCESS_VIOLATION;
    number = arguments[0] == CTRL_BREAK_EVENT ? SIGQUIT : SIGINT;
    if (arguments[1])
        return kill((pid_t)arguments[1], number) ? errno_to_status(errno) : STATUS_SUCCESS;
    length = readlink("/proc/self/exe", own_program, sizeof(own_program) - 1);
    list = opendir("/proc");
    if (length <= 0 || !list)
        return errno_to_status(errno);
    own_program[length] = 0;
    while ((entry = readdir(list))) {
        pid_t pid = atoi(entry->d_name);

        if (pid > 0 && shares_console(pid, own_program))
            kill(pid, number);
    }
    closedir(list);
    return STATUS_SUCCESS;
}

void console_process_exiting(uint32_t status)
{
    if (terminal >= 0 && memcmp(&current, &original, sizeof(current)))
        set_attributes(terminal, &original);
    /* The status of a control event that nobody handled. */
    if (status == (uint32_t)STATUS_CONTROL_C_EXIT && ending_signal) {
        sigset_t one;

        signal(ending_signal, SIG_DFL);
        sigemptyset(&one);
        sigaddset(&one, ending_signal);
        kill(getpid(), ending_signal);
        sigprocmask(SIG_UNBLOCK, &one, NULL);
    }
}

/* --- The system call --- */

static NTSTATUS get_size(const struct file *file, void *data, ULONG *guest_bytes)
{
    struct decant_console_size size = {80, 25};
    ULONG bytes = sizeof(size);
    struct winsize window;

    if (!ioctl(file->fd, TIOCGWINSZ, &window) && window.ws_col && window.ws_row)
        size = (struct decant_console_size){window.ws_col, window.ws_row};
    if (guest_copy_out(data, &size, sizeof(size)))
        return STATUS_ACCESS_VIOLATION;
    return guest_copy_out(guest_bytes, &bytes, sizeof(bytes));
}

static NTSTATUS is_input(const struct file *file, void *data, ULONG *guest_bytes)
{
    uint32_t answer = file->is_console_input;
    ULONG bytes = sizeof(answer);

    if (guest_copy_out(data, &answer, sizeof(answer)))
        return STATUS_ACCESS_VIOLATION;
    return guest_copy_out(guest_bytes, &bytes, sizeof(bytes));
}

/* At once: what is typed before the next reading must not be echoed any more. */
static NTSTATUS set_mode(const struct file *file, const void *data)
{
    uint32_t mode;

    if (guest_copy_in(&mode, data, sizeof(mode)))
        return STATUS_ACCESS_VIOLATION;
    input_mode = mode;
    apply(file->fd, false);
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI DecantConsole(HANDLE handle, ULONG request, void *data, ULONG *bytes)
{
    struct file *file;
    NTSTATUS status;

    if (request == DECANT_CONSOLE_SET_ROUTINE)
        return set_routine(data);
    if (request == DECANT_CONSOLE_SEND_EVENT)
        return send_event(data);
    status = file_from_handle(handle, 0, &file);
    if (status)
        return status;
    if (file->kind != FILE_KIND_CONSOLE)
        status = STATUS_INVALID_HANDLE;
    else if (request == DECANT_CONSOLE_IS_INPUT)
        status = is_input(file, data, bytes);
    else if (request == DECANT_CONSOLE_GET_SIZE)
        status = get_size(file, data, bytes);
    else if (request == DECANT_CONSOLE_SET_MODE)
        status = set_mode(file, data);
    else if (request == DECANT_CONSOLE_READ_KEYS)
        status = read_keys(file, data, bytes);
    else
        status = STATUS_INVALID_PARAMETER;
    object_release(&file->header);
    return status;
}
