/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Views of sections, for calls from other processes.
 */
#ifndef DECANT_NTDLL_UNIX_SECTION_H
#define DECANT_NTDLL_UNIX_SECTION_H

#include "object.h"

struct placement;
struct view;
struct commit_map;

struct section {
    struct object header;
    int fd;
    ULONG protect;      /* PAGE_* that views may have at most */
    ULONG type;         /* SEC_* */
    uint64_t bytes;
    char *path;         /* of the file, or NULL */
    struct commit_map *commit_map; /* SEC_RESERVE without a file: which pages are committed */
    struct section *next, *previous; /* section_list */
};

/* All sections of the process are listed, for section_is_file_mapped. */
void section_list(struct section *section);
void section_unlist(struct section *section);

/* Maps a view into this process, as NtMapViewOfSection(Ex) does. */
NTSTATUS section_map(struct object *object, void **base, SIZE_T *bytes, uint64_t offset, ULONG type,
                     ULONG protect, const struct placement *where);
/* Whether a section or a view of this process maps the file: Windows neither cuts nor deletes it then. For
 * cutting, only views count that show something from `from` on. */
bool section_is_file_mapped(int fd, uint64_t from, bool is_section_enough);

/* Under the virtual lock. A copy-on-write protection for pages of a shared view: they are mapped
 * privately from now on. Other protections and views need nothing. */
NTSTATUS section_make_private(struct view *view, char *base, size_t bytes, ULONG protect);

/* --- SEC_RESERVE sections: which pages are committed (section_commit.c) --- */

/* What the map takes behind the section's own pages in its descriptor. */
uint64_t commit_map_bytes(uint64_t section_bytes);
/* NULL: no memory. */
struct commit_map *commit_map_open(int fd, uint64_t section_bytes);
void commit_map_close(struct commit_map *map, uint64_t section_bytes);

/* Under the virtual lock. Pages of a view with VIEW_LAZY become committed in its section, for all other views;
 * the caller commits them in this one. */
void section_commit(struct view *view, char *base, size_t bytes);
/* Commits in this view what was committed through others; true if something was. */
bool section_catch_up(struct view *view);

#endif
