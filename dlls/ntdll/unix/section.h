/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Views of sections, for calls from other processes.
 */
#ifndef DECANT_NTDLL_UNIX_SECTION_H
#define DECANT_NTDLL_UNIX_SECTION_H

#include "object.h"

/* Maps a view into this process, as NtMapViewOfSection(Ex) does. */
NTSTATUS section_map(struct object *object, void **base, SIZE_T *bytes, uint64_t offset, ULONG type,
                     ULONG protect, uintptr_t low, uintptr_t high);

#endif
