/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Objects and handles of this process. A handle names an object with an access mask; an object is
 * counted: one reference per handle and one per user that holds a pointer across a blocking call.
 */
#ifndef DECANT_NTDLL_UNIX_OBJECT_H
#define DECANT_NTDLL_UNIX_OBJECT_H

#include "unix.h"

struct sync; /* the waitable state, in shareable memory: sync.h */

/* What a kind of object can do. NULL slots mean "not that kind of object". */
struct object_ops {
    const WCHAR *type_name;                  /* as NtQueryObject names it: L"Event", L"File" … */
    uint32_t valid_access;                   /* what GENERIC_ALL and MAXIMUM_ALLOWED turn into */
    GENERIC_MAPPING mapping;
    struct sync *(*get_sync)(struct object *object); /* what a wait looks at */
    void (*handle_closed)(struct object *object);    /* the last handle of this process closed */
    void (*destroy)(struct object *object);          /* the last reference went */
};

struct object {
    const struct object_ops *ops;
    _Atomic uint32_t references;
    _Atomic uint32_t handles;   /* how many of the references are handles */
    WCHAR *name;                /* full NT name, or NULL; owned */
};

/* Sets up a fresh object with one reference, the caller's. */
void object_init(struct object *object, const struct object_ops *ops);
void object_retain(struct object *object);
void object_release(struct object *object);

/* Makes a handle (which takes a reference of its own). `attributes`: OBJ_INHERIT is remembered.
 * Returns STATUS_SUCCESS, STATUS_NO_MEMORY or STATUS_TOO_MANY_OPENED_FILES. */
NTSTATUS handle_create(struct object *object, ACCESS_MASK access, ULONG attributes, HANDLE *handle);

/* The object behind a handle, with a reference that the caller releases. ops NULL: any kind. The pseudo
 * handles of the current process and thread work. Returns STATUS_INVALID_HANDLE,
 * STATUS_OBJECT_TYPE_MISMATCH or STATUS_ACCESS_DENIED on failure. */
NTSTATUS handle_get(HANDLE handle, const struct object_ops *ops, ACCESS_MASK access,
                    struct object **object);

/* The access a handle was opened with; STATUS_INVALID_HANDLE if it is none. */
NTSTATUS handle_access(HANDLE handle, ACCESS_MASK *access);

#endif
