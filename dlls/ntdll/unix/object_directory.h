/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The directories of the object manager's name space.
 */
#ifndef DECANT_NTDLL_UNIX_OBJECT_DIRECTORY_H
#define DECANT_NTDLL_UNIX_OBJECT_DIRECTORY_H

#include "object.h"

#define MAX_OBJECT_NAME 2048 /* characters of a full path, with its NUL */

/* The name of an object in `attributes` as a full path, its directories' links followed. *name stays empty
 * when there is none. STATUS_OBJECT_PATH_SYNTAX_BAD, STATUS_OBJECT_PATH_NOT_FOUND (no such directory),
 * STATUS_OBJECT_NAME_INVALID, STATUS_NAME_TOO_LONG, STATUS_OBJECT_TYPE_MISMATCH (the name is a directory's). */
NTSTATUS object_path(const OBJECT_ATTRIBUTES *attributes, ULONG *flags, WCHAR name[MAX_OBJECT_NAME]);

#endif
