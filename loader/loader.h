/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the parts of the `decant` command share.
 */
#ifndef DECANT_LOADER_H
#define DECANT_LOADER_H

#include <stdbool.h>
#include <stddef.h>

/* Exit codes of the command itself; a program's own exit code is passed through otherwise. */
enum {
    EXIT_USAGE = 125,
    EXIT_CANNOT_START = 126,
    EXIT_NOT_FOUND = 127,
};

/* Where this installation's parts are, found relative to the running command so that the tree
 * can be moved. Strings live as long as the process. */
struct installation {
    char *root;        /* the folder that bin/decant is in, less bin */
    char *unix_dir;    /* lib/decant/x86_64-unix */
    char *windows_dir; /* lib/decant/x86_64-windows */
    char *server;      /* bin/decantserver */
    char *wine_dir;    /* Wine's PE DLLs, or NULL where there are none */
};

/* 0, or -errno when the command's own path cannot be read. */
int installation_find(struct installation *installation);

/* Writes the DLL folders in search order: our own, DECANT_DLL_PATH's, Wine's; NULL-terminated.
 * Returns how many of DECANT_DLL_PATH's folders did not fit. */
size_t installation_pe_dirs(const struct installation *installation, const char **dirs,
                            size_t room);

/* The session's folder (DECANT_SESSION, else /tmp/.decant-UID), created with mode 0700. NULL
 * after a one-line error when it cannot be used. */
char *session_dir(void);

/* Subcommands; each returns the command's exit code. argv[0] is the subcommand's name. */
int command_conformance(const struct installation *installation, int argc, char **argv);
int command_doctor(const struct installation *installation, int argc, char **argv);
int command_pages(const struct installation *installation, int argc, char **argv);

/* An error line on stderr, "decant: …". */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* asprintf that ends the command when there is no memory. */
char *format_string(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
