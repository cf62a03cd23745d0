/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Information classes that more than one file fills.
 */
#ifndef DECANT_NTDLL_UNIX_FILE_INFO_H
#define DECANT_NTDLL_UNIX_FILE_INFO_H

#include "file.h"

void file_fill_basic(const struct stat *st, ULONG attributes, FILE_BASIC_INFORMATION *info);
/* `file` NULL: nothing of an opening is known. */
void file_fill_standard(const struct file *file, const struct stat *st,
                        FILE_STANDARD_INFORMATION *info);

#endif
