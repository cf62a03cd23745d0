/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Objects in more than one process: how one is described to another process (inherited, duplicated, or
 * found by name) and made there, and what the server knows of it.
 */
#ifndef DECANT_NTDLL_UNIX_OBJECT_SHARE_H
#define DECANT_NTDLL_UNIX_OBJECT_SHARE_H

#include "object.h"
#include "decant/protocol.h"

/* An object, for another process. What a kind does not name is 0. With it goes at most one descriptor (the sync's
 * arena, the section's memory, the file) and a path. */
struct object_description {
    uint32_t kind;          /* enum object_kind */
    uint32_t slot;          /* kinds with a sync: where in the arena */
    uint32_t options;       /* file: create options; section: PAGE_* */
    uint32_t type;          /* file: FILE_SHARE_*; section: SEC_* */
    uint32_t access;        /* file: what it was opened for */
    uint32_t path_bytes;    /* with its NUL; 0: no path */
    int32_t pid, tid;       /* process, thread */
    uint64_t bytes;         /* section: its size */
    uint64_t address;       /* thread: its entry point; file: pipe_end_export's answer */
    uint64_t id;            /* the server's, 0: it does not know the object */
    uint64_t reserved;
};
_Static_assert(sizeof(struct object_description) == 64, "passed between processes");

/* Describes the object. The descriptor (-1: none) and the path (NULL: none) stay the object's, so
 * the caller must keep his reference until they are used. What can be waited for is made known to the
 * server now, so that it can look after it when a process dies.
 * STATUS_NOT_SUPPORTED for kinds that cannot leave their process. */
NTSTATUS object_describe(struct object *object, struct object_description *description, int *fd,
                         const char **path);

/* The object in this process: the same struct object if it is here already. Takes over the descriptor, success or
 * not. Nothing in the description is trusted. On success the object has a reference and is held
 * (object_hold) until object_drop_hold. */
NTSTATUS object_import(const struct object_description *description, int fd, const char *path,
                       struct object **out);

/* A hold counts like a handle: the object is not forgotten by the server between its being found and its handle
 * being made. Dropping it also drops one reference. */
void object_hold(struct object *object);
void object_drop_hold(struct object *object);

/* --- For object.c and object_name.c --- */

/* Protects the table of shared objects and the names; taken with signals blocked. */
void share_lock(sigset_t *old);
void share_unlock(const sigset_t *old);

/* Under the lock. Makes the object known to the server, with a name (bytes of UTF-16 follow) or none. 0, or
 * -errno of object_register. With OBJECT_OPEN_IF *other is the object that was there instead, held, or NULL; then the
 * given one is unchanged. */
int share_register(struct object *object, const WCHAR *name, uint32_t name_bytes, uint32_t flags,
                   struct object **other);
/* Under the lock. Opens by name; held. 0 or -errno of object_open, -EOPNOTSUPP for a kind that lives in
 * another process only. */
int share_open(uint32_t kind, const WCHAR *name, uint32_t name_bytes, uint32_t flags,
               struct object **out);
/* The last handle of this process is closed: the server is told. True: it was the last of all processes. */
bool share_handles_gone(struct object *object);

/* --- For the kinds --- */

/* Makes an object of its kind; takes over the descriptor. One reference, the caller's. */
typedef NTSTATUS object_import_function(const struct object_description *description, int fd,
                                        const char *path, struct object **out);
object_import_function sync_object_import, timer_import, thread_import, section_import, file_import,
    process_import;

#endif
