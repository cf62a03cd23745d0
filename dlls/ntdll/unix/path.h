/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Names: Linux paths and NT paths, and the way from one to the other. Z: is Linux' root folder, C: is
 * drive_c below the session folder.
 *
 * A Linux name is bytes. UTF-8 becomes UTF-16; a byte that is not part of valid UTF-8 becomes the lone
 * surrogate U+DC00 + byte, so that every Linux name comes back unchanged. In file names the characters
 * that Windows forbids stand at U+F000 + character, where SMB and WSL put them.
 */
#ifndef DECANT_NTDLL_UNIX_PATH_H
#define DECANT_NTDLL_UNIX_PATH_H

#include "unix.h"

/* Any text. `wide` needs room for `length` characters, `bytes` for 3 * `length`; neither is
 * terminated. Both return how much they wrote. */
size_t path_bytes_to_wide(const char *bytes, size_t length, WCHAR *wide);
size_t path_wide_to_bytes(const WCHAR *wide, size_t length, char *bytes);

/* One file name (no separators): as above, with forbidden characters moved. The second returns 0 for a
 * name that Windows does not allow. */
size_t path_name_to_wide(const char *name, size_t length, WCHAR *wide);
size_t path_name_from_wide(const WCHAR *wide, size_t length, char *name);

/* Upper case as Windows folds names. */
WCHAR path_fold(WCHAR c);

/* Whether two names are the same to Windows. */
bool path_names_equal(const WCHAR *a, size_t a_length, const WCHAR *b, size_t b_length);

/* What an NT name stands for. */
enum path_kind {
    PATH_FILE,    /* a file or folder; unix_path is set */
    PATH_NULL,    /* \??\NUL */
    PATH_CONSOLE_IN, PATH_CONSOLE_OUT, PATH_CONSOLE,
    PATH_PIPE,    /* \??\pipe\NAME; unix_path is the folder of its instances (pipe.h) */
};

struct path {
    enum path_kind kind;
    char *unix_path;      /* malloc'ed */
    bool trailing_slash;  /* the name ended with a backslash: only a folder may have it */
    WCHAR *pipe_name;     /* malloc'ed; NULL for the device itself, \??\pipe\ */
    size_t pipe_name_length;
};

/* Looks an NT name up; `attributes` and what it points to may be the program's memory. STATUS_SUCCESS: it
 * exists. STATUS_OBJECT_NAME_NOT_FOUND: only the last part does not; unix_path is then where it would
 * be made. On any other status nothing is set. Names are tried as written first, then
 * without regard to case. path_free takes it back in the first two cases. */
NTSTATUS path_look_up(const OBJECT_ATTRIBUTES *attributes, struct path *path);
void path_free(struct path *path);

/* The Linux path of an existing file or folder; malloc'ed. A device is STATUS_OBJECT_TYPE_MISMATCH. */
NTSTATUS path_nt_to_unix(const OBJECT_ATTRIBUTES *attributes, char **unix_path);

/* The DOS path (C:\… or Z:\…) of an absolute Linux path; malloc'ed and terminated, NULL without memory. */
WCHAR *path_unix_to_dos(const char *unix_path);

/* --- Between path.c and path_lookup.c --- */

/* Below `folder` (a Linux path) finds `name`, parts separated by backslashes. As path_look_up. */
NTSTATUS path_find_below(const char *folder, const WCHAR *name, size_t length, char **unix_path);

/* The Linux folder that is C:, made with its usual folders on the first call; NULL without one. */
const char *path_drive_c(void);

#endif
