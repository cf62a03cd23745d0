/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How the `decant` command starts a program, and looks at one: the only symbols of ntdll.so that it calls.
 */
#ifndef DECANT_NTDLL_UNIX_MAIN_H
#define DECANT_NTDLL_UNIX_MAIN_H

#include <stddef.h>
#include <stdint.h>

/* What the command found out before it loaded ntdll.so. Plain C: the command knows no NT types. */
struct decant_start {
    const char *program;        /* Linux path of the .exe, absolute */
    char **argv;                /* argv[0] is the program as the user named it */
    char **envp;
    const char *session_dir;    /* absolute; C: lives below it */
    const char *pe_dirs[8];     /* DLL folders in order, NULL-terminated */
    const char *server;         /* Linux path of decantserver */
};

/* Runs the program. Returns only when it could not be started: an exit code of the command, after a
 * one-line error. */
typedef int decant_main_function(const struct decant_start *start);

/* A watched allocation of another process. The last two are addresses in that process, of one bit for each
 * page (0: none): written ones that are remembered beside the page tables, and those of the mprotect
 * backend. */
struct decant_watched {
    uint64_t base, bytes;
    uint64_t first_bit; /* of the allocation's first page, in both */
    uint64_t latched, dirty;
    /* How often the program reset it so far, and how many pages it was told of with that. */
    uint64_t resets, reported;
};

/* Fills at most `room`; returns how many there are, or -errno: EPERM, ESRCH; ENOEXEC no Decant program;
 * ENOTSUP one of another build; EAGAIN it changes all the time. */
typedef int decant_watched_regions_function(int pid, struct decant_watched *out, size_t room);

#endif
