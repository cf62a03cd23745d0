/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How the `decant` command starts a program: the only symbol of ntdll.so that it calls.
 */
#ifndef DECANT_NTDLL_UNIX_MAIN_H
#define DECANT_NTDLL_UNIX_MAIN_H

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

#endif
