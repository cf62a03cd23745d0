/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * `decant doctor`: which parts of the installation, of Wine and of the kernel are there, which
 * backends Decant chooses because of it, and how to get what is missing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "decant/protocol.h"
#include "decant/uapi_pagemap.h"
#include "loader.h"

/* What was found, shown as text as it is found, or as JSON at the end. */
enum state { STATE_OK, STATE_MISSING, STATE_NOTE, STATE_CHOSEN };

struct check {
    const char *group;
    char *what, *detail, *remedy; /* remedy: NULL, or how to get what is missing */
    enum state state;
};

static struct check *checks;
static size_t check_count;
static int problems;
static bool as_json;
static const char *group;
static char *backend; /* of write watch, the one that is chosen */

static void begin_group(const char *name, const char *detail)
{
    group = name;
    if (!as_json)
        printf("%s%s\n", name, detail);
}

static void note(enum state state, const char *what, const char *detail, const char *remedy)
{
    static const char *const words[] = {"ok", "MISSING", "note", "chosen"};
    struct check *grown = realloc(checks, (check_count + 1) * sizeof(*checks));

    if (!grown) {
        fail("out of memory");
        exit(EXIT_CANNOT_START);
    }
    checks = grown;
    checks[check_count++] = (struct check){.group = group,
                                           .what = format_string("%s", what),
                                           .detail = format_string("%s", detail),
                                           .remedy = remedy ? format_string("%s", remedy) : NULL,
                                           .state = state};
    problems += state == STATE_MISSING;
    if (as_json)
        return;
    printf("  %-8s %-28s %s\n", words[state], what, detail);
    if (remedy)
        printf("           %-28s -> %s\n", "", remedy);
}

static void good(const char *what, const char *detail)
{
    note(STATE_OK, what, detail, NULL);
}

static void missing(const char *what, const char *detail, const char *remedy)
{
    note(STATE_MISSING, what, detail, remedy);
}

static void print_json_string(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            printf("\\%c", *text);
        else if ((unsigned char)*text < 32)
            printf("\\u%04x", (unsigned char)*text);
        else
            putchar(*text);
    }
    putchar('"');
}

static void print_json_field(const char *name, const char *text, const char *behind)
{
    printf("\"%s\": ", name);
    print_json_string(text);
    fputs(behind, stdout);
}

/* Documented in docs/decant.1.md. */
static void print_json(const char *kernel, const char *session)
{
    static const char *const words[] = {"ok", "missing", "note", "chosen"};

    puts("{");
    print_json_field("version", DECANT_VERSION, ",\n");
    print_json_field("kernel", kernel, ",\n");
    print_json_field("session", session, ",\n");
    print_json_field("write_watch", backend, ",\n");
    printf("\"problems\": %d,\n\"checks\": [", problems);
    for (size_t i = 0; i < check_count; i++) {
        printf("%s\n  {", i ? "," : "");
        print_json_field("group", checks[i].group, ", ");
        print_json_field("what", checks[i].what, ", ");
        print_json_field("state", words[checks[i].state], ", ");
        print_json_field("detail", checks[i].detail, checks[i].remedy ? ", " : "}");
        if (checks[i].remedy)
            print_json_field("remedy", checks[i].remedy, "}");
    }
    puts("\n]\n}");
}

static void check_file(const char *what, const char *path, const char *remedy)
{
    if (access(path, R_OK))
        missing(what, path, remedy);
    else
        good(what, path);
}

static void check_installation(const struct installation *installation)
{
    static const char *const dlls[] = {"ntdll.dll", "kernelbase.dll", "kernel32.dll"};
    const char *remedy = "build again with ./dev build, or install again with ./dev install";
    const char *nls = getenv("DECANT_NLS_PATH");
    const char *dirs[8];
    char *path;

    begin_group("Installation", "");
    path = format_string("%s/ntdll.so", installation->unix_dir);
    check_file("Linux half", path, remedy);
    free(path);
    for (size_t i = 0; i < sizeof(dlls) / sizeof(dlls[0]); i++) {
        path = format_string("%s/%s", installation->windows_dir, dlls[i]);
        check_file(dlls[i], path, remedy);
        free(path);
    }
    check_file("server", installation->server, remedy);

    begin_group("DLL folders", ", in search order (after the program's own)");
    installation_pe_dirs(installation, dirs, sizeof(dirs) / sizeof(dirs[0]));
    for (size_t i = 0; dirs[i]; i++)
        check_file(i ? "folder" : "Decant's", dirs[i], NULL);
    if (!installation->wine_dir)
        missing("C runtimes (Wine's PE DLLs)", "msvcrt.dll, ucrtbase.dll …",
                "apt-get install libwine, or name their folder in DECANT_DLL_PATH");
    path = format_string("%s/l_intl.nls", nls && *nls ? nls : "/usr/share/wine/nls");
    check_file("code pages and casing", path,
               "apt-get install libwine, or name the folder in DECANT_NLS_PATH");
    free(path);
}

/* The numbers are Linux' own; Debian 12's headers lack these. */
#define USERFAULTFD_USER_MODE_ONLY 1
#define USERFAULTFD_API_REQUEST    0xc018aa3fu
#define USERFAULTFD_API            0xaa
#define FEATURE_WP_ASYNC           (1ull << 15)
#define NUMBER_FUTEX_WAITV         449

/* Why write watch cannot use the kernel's help; NULL: it can. */
static const char *why_no_pagemap(void)
{
    struct {
        uint64_t api, features, ioctls;
    } api = {USERFAULTFD_API, FEATURE_WP_ASYNC, 0};
    struct pm_scan_arg scan = {.size = sizeof(scan), .category_mask = PAGE_IS_WRITTEN,
                               .return_mask = PAGE_IS_WRITTEN}; /* of no pages */
    const char *why = NULL;
    int fd = (int)syscall(SYS_userfaultfd, USERFAULTFD_USER_MODE_ONLY | O_CLOEXEC);

    if (fd < 0)
        return errno == EPERM    ? "userfaultfd is denied (a sandbox?)"
               : errno == ENOSYS ? "there is no userfaultfd (an old kernel, or a sandbox)"
                                 : strerror(errno);
    if (ioctl(fd, USERFAULTFD_API_REQUEST, &api))
        why = "userfaultfd has no asynchronous write-protection (Linux 6.7 or later has)";
    close(fd);
    if (why)
        return why;
    fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return "/proc/self/pagemap cannot be opened";
    if (ioctl(fd, PAGEMAP_SCAN, &scan) < 0)
        why = errno == ENOTTY ? "there is no PAGEMAP_SCAN (Linux 6.7 or later has)"
                              : "PAGEMAP_SCAN is denied (a sandbox?)";
    close(fd);
    return why;
}

/* `why`: the kernel cannot help. */
static void choose_backend(const char *forced, const char *why)
{
    char *detail;

    if (!forced || !*forced) {
        backend = format_string("%s", why ? "mprotect" : "pagemap");
        note(STATE_CHOSEN, "write-watch backend", why ? "mprotect (slower, same results)" : backend, NULL);
        return;
    }
    backend = format_string("%s", forced);
    if (strcmp(forced, "pagemap") && strcmp(forced, "markers") && strcmp(forced, "mprotect")) {
        detail = format_string("there is none called %s (DECANT_WRITE_WATCH)", forced);
        missing("write-watch backend", detail, "unset DECANT_WRITE_WATCH; there are pagemap, markers, mprotect");
    } else if (why && strcmp(forced, "mprotect")) {
        detail = format_string("%s (DECANT_WRITE_WATCH) does not work here", forced);
        missing("write-watch backend", detail, "unset DECANT_WRITE_WATCH: mprotect is chosen then");
    } else {
        detail = format_string("%s (DECANT_WRITE_WATCH)", forced);
        note(STATE_CHOSEN, "write-watch backend", detail, NULL);
    }
    free(detail);
}

/* `result`: what the call gave, with errno. */
static void check_call(const char *call, int result, const char *without)
{
    const char *why = strerror(errno);
    char *detail;

    if (result >= 0) {
        good(call, "works");
        return;
    }
    detail = format_string("%s: %s", why, without);
    missing(call, detail, "allow it in the system call filter, or use Linux 5.10 or later");
    free(detail);
}

static void check_kernel(void)
{
    const char *why = why_no_pagemap();
    struct utsname name;
    struct iovec part = {&name, sizeof(name)};
    char *detail;
    FILE *scope;
    void *page;
    int fd;

    uname(&name);
    detail = format_string(" (Linux %s)", name.release);
    begin_group("Kernel", detail);
    free(detail);
    if (!why)
        good("write watch", "userfaultfd with asynchronous write-protection, PAGEMAP_SCAN");
    else
        note(STATE_NOTE, "write watch", why, NULL);
    choose_backend(getenv("DECANT_WRITE_WATCH"), why);

    if (syscall(NUMBER_FUTEX_WAITV, NULL, 0, 0, NULL, 0) < 0 && (errno == ENOSYS || errno == EPERM))
        note(STATE_NOTE, "futex_waitv",
             errno == ENOSYS ? "this kernel has none: waits look every millisecond, and cost processor time"
                             : "denied by a sandbox: waits look every millisecond, and cost processor time",
             errno == ENOSYS ? "Linux 5.16 or later has it" : "allow it in the system call filter");
    else
        good("futex_waitv", "waits on several objects");

    fd = memfd_create("decant-doctor", MFD_CLOEXEC);
    check_call("memfd_create", fd, "no program runs without it");
    close(fd);
    fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
    check_call("pidfd_open", fd, "no process is started or opened without it");
    close(fd);
    check_call("process_vm_readv", (int)process_vm_readv(getpid(), &part, 1, &part, 1, 0),
               "no other process's memory can be read without it");
    scope = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
    if (scope && fgetc(scope) != '0')
        note(STATE_NOTE, "other processes' memory", "Yama lets a program read only what it started itself",
             "sysctl kernel.yama.ptrace_scope=0");
    if (scope)
        fclose(scope);

    page = mmap((void *)0x7ffe0000, 4096, PROT_NONE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (page == (void *)0x7ffe0000)
        good("page 0x7ffe0000", "free for KUSER_SHARED_DATA");
    else
        missing("page 0x7ffe0000", "taken", "run without tools that fill low memory");
}

/* Asks the server of the folder how it is, if there is one; none is started. */
static void check_server(const char *folder)
{
    const struct request_status request = {{PROTOCOL_status, 0}, PROTOCOL_VERSION, 0};
    const struct timeval limit = {2, 0};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct reply_status reply;
    int folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    char *detail;

    /* The folder's path may be longer than a socket's name can be. */
    snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", folder_fd,
             PROTOCOL_SOCKET);
    if (fd < 0 || folder_fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address))) {
        note(STATE_NOTE, "server", "not running; the next program starts it", NULL);
    } else if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
               send(fd, &request, sizeof(request), MSG_NOSIGNAL) < 0 ||
               recv(fd, &reply, sizeof(reply), 0) != sizeof(reply)) {
        missing("server", "it does not answer", "end the programs of the session");
    } else if (reply.version != PROTOCOL_VERSION) {
        missing("server", "another version's", "end the programs of the session");
    } else {
        detail = format_string("process %d, protocol %u, %u programs, %u shared objects",
                               reply.server_pid, reply.version, reply.processes, reply.objects);
        good("server", detail);
        free(detail);
    }
    if (fd >= 0)
        close(fd);
    if (folder_fd >= 0)
        close(folder_fd);
}

static char *check_session(void)
{
    char *path = session_dir();

    begin_group("Session", "");
    if (path) {
        good("folder", path);
        check_server(path);
    } else {
        missing("folder", "cannot be used", "set DECANT_SESSION to a folder of yours");
    }
    return path;
}

static int usage(FILE *out)
{
    fputs("Usage: decant doctor [--json]\n\nChecks the installation, the DLL folders, the kernel and "
          "the session folder.\nExit code 0: all there; 1: something is missing.\n", out);
    return out == stdout ? 0 : EXIT_USAGE;
}

int command_doctor(const struct installation *installation, int argc, char **argv)
{
    struct utsname name;
    char *session;

    if (argc == 2 && !strcmp(argv[1], "--help"))
        return usage(stdout);
    as_json = argc == 2 && !strcmp(argv[1], "--json");
    if (argc > 1 && !as_json)
        return usage(stderr);
    check_installation(installation);
    check_kernel();
    session = check_session();
    uname(&name);
    if (as_json)
        print_json(name.release, session ? session : "");
    else if (problems)
        printf("%d problem(s).\n", problems);
    else
        puts("All there.");
    free(session);
    return problems ? 1 : 0;
}
