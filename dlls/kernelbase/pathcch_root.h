/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What pathcch.c knows of a path's root and pathcch_canonicalize.c builds on.
 */
#ifndef DECANT_PATHCCH_ROOT_H
#define DECANT_PATHCCH_ROOT_H

#include "kernelbase.h"
#include "pathcch.h"

#define STRSAFE_E_INSUFFICIENT_BUFFER ((HRESULT)0x8007007a)
#define PATHCCH_E_FILENAME_TOO_LONG   ((HRESULT)0x800700ce)
#ifndef PATHCCH_CANONICALIZE_SLASHES
#define PATHCCH_CANONICALIZE_SLASHES  0x40 /* Windows 11 */
#endif

#define EXTENDED     L"\\\\?\\"
#define EXTENDED_UNC L"\\\\?\\UNC\\"
#define VOLUME_NAME  L"\\\\?\\Volume"

enum root_kind {
    ROOT_NONE,      /* a relative path, or `\\?\` before what is no drive, volume or server */
    ROOT_BACKSLASH, /* `\` */
    ROOT_DRIVE,     /* `X:` or `X:\`, also behind `\\?\` */
    ROOT_UNC,       /* `\\server\share\` or as much of it as there is, also with `\\?\UNC\` */
    ROOT_VOLUME,    /* `\\?\Volume{…}` or with a backslash */
};

struct path_root {
    enum root_kind kind;
    size_t prefix;    /* where behind `\\?\`, `\\` or `\\?\UNC\` the names begin */
    size_t end;       /* the root with its backslash; 0 for none */
    size_t share_end; /* the root without it, of a UNC path with a share; else 0 */
};

struct path_root path_root(const WCHAR *path);
bool path_is_drive(const WCHAR *path);

#endif
