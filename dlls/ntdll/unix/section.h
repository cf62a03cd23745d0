/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Sections, as process creation hands them on.
 */
#ifndef DECANT_NTDLL_UNIX_SECTION_H
#define DECANT_NTDLL_UNIX_SECTION_H

#include "object.h"

extern const struct object_ops section_ops;

/* What another process needs to have the same section; the descriptor is borrowed. */
void section_describe(struct object *object, int *fd, ULONG *protect, ULONG *type, uint64_t *bytes);
/* The Linux path of its file, or NULL; the section's. */
const char *section_path(struct object *object);
/* Maps a view into this process, as NtMapViewOfSection(Ex) does. */
NTSTATUS section_map(struct object *object, void **base, SIZE_T *bytes, uint64_t offset, ULONG type,
                     ULONG protect, uintptr_t low, uintptr_t high);
/* The section in this process; takes over the descriptor. `path` may be NULL. */
NTSTATUS section_import(int fd, ULONG protect, ULONG type, uint64_t bytes, const char *path,
                        struct object **out);

#endif
