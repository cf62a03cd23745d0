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
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "loader.h"

static int problems;

static void good(const char *what, const char *detail)
{
    printf("  ok       %-28s %s\n", what, detail);
}

static void missing(const char *what, const char *detail, const char *remedy)
{
    printf("  MISSING  %-28s %s\n", what, detail);
    if (remedy)
        printf("           %-28s -> %s\n", "", remedy);
    problems++;
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
    const char *dirs[8];
    char *path;

    puts("Installation");
    path = format_string("%s/ntdll.so", installation->unix_dir);
    check_file("Linux half", path, remedy);
    free(path);
    for (size_t i = 0; i < sizeof(dlls) / sizeof(dlls[0]); i++) {
        path = format_string("%s/%s", installation->windows_dir, dlls[i]);
        check_file(dlls[i], path, remedy);
        free(path);
    }
    check_file("server", installation->server, remedy);

    puts("DLL folders, in search order (after the program's own)");
    installation_pe_dirs(installation, dirs, sizeof(dirs) / sizeof(dirs[0]));
    for (size_t i = 0; dirs[i]; i++)
        check_file(i ? "folder" : "Decant's", dirs[i], NULL);
    if (!installation->wine_dir)
        missing("C runtimes (Wine's PE DLLs)", "msvcrt.dll, ucrtbase.dll …",
                "apt-get install libwine, or name their folder in DECANT_DLL_PATH");
    check_file("code pages and casing", "/usr/share/wine/nls/l_intl.nls",
               "apt-get install libwine, or name the folder in DECANT_NLS_PATH");
}

/* The numbers are Linux' own; Debian 12's headers lack these. */
#define USERFAULTFD_USER_MODE_ONLY 1
#define USERFAULTFD_API_REQUEST    0xc018aa3fu
#define USERFAULTFD_API            0xaa
#define FEATURE_WP_ASYNC           (1ull << 15)
#define NUMBER_FUTEX_WAITV         449

static void check_kernel(void)
{
    struct {
        uint64_t api, features, ioctls;
    } api = {USERFAULTFD_API, FEATURE_WP_ASYNC, 0};
    const char *forced = getenv("DECANT_WRITE_WATCH");
    const char *why = NULL;
    struct utsname name;
    void *page;
    int fd;

    uname(&name);
    printf("Kernel (Linux %s)\n", name.release);
    fd = (int)syscall(SYS_userfaultfd, USERFAULTFD_USER_MODE_ONLY | O_CLOEXEC);
    if (fd < 0) {
        why = errno == EPERM ? "userfaultfd is denied (a sandbox?)" : strerror(errno);
    } else {
        if (ioctl(fd, USERFAULTFD_API_REQUEST, &api))
            why = "userfaultfd has no asynchronous write-protection (Linux 6.7 or later has)";
        close(fd);
    }
    if (!why)
        good("write watch", "userfaultfd with asynchronous write-protection, PAGEMAP_SCAN");
    else
        printf("  note     %-28s %s\n", "write watch", why);
    printf("  chosen   %-28s %s%s\n", "write-watch backend",
           forced ? forced : why ? "mprotect" : "pagemap",
           forced ? " (DECANT_WRITE_WATCH)" : why ? " (slower, same results)" : "");

    if (syscall(NUMBER_FUTEX_WAITV, NULL, 0, 0, NULL, 0) < 0 && errno == ENOSYS)
        missing("futex_waitv", "this kernel has none", "Linux 5.16 or later has it");
    else if (errno == EPERM)
        missing("futex_waitv", "denied by a sandbox", "allow it in the system call filter");
    else
        good("futex_waitv", "waits on several objects");

    page = mmap((void *)0x7ffe0000, 4096, PROT_NONE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (page == (void *)0x7ffe0000)
        good("page 0x7ffe0000", "free for KUSER_SHARED_DATA");
    else
        missing("page 0x7ffe0000", "taken", "run without tools that fill low memory");
}

static void check_session(void)
{
    char *path = session_dir();

    puts("Session");
    if (path)
        good("folder", path);
    else
        problems++;
    free(path);
}

int command_doctor(const struct installation *installation, int argc, char **argv)
{
    if (argc > 1) {
        bool is_help = !strcmp(argv[1], "--help");

        fprintf(is_help ? stdout : stderr,
                "Usage: decant doctor\n\nChecks the installation, the DLL folders, the kernel and "
                "the session folder.\nExit code 0: all there; 1: something is missing.\n");
        return is_help ? 0 : EXIT_USAGE;
    }
    check_installation(installation);
    check_kernel();
    check_session();
    if (problems)
        printf("%d problem(s).\n", problems);
    else
        puts("All there.");
    return problems ? 1 : 0;
}
