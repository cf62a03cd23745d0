/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Objects and handles of this process. A handle names an object with an access mask; an object is
 * counted: one reference per handle and one per user that holds a pointer across a blocking call.
 */
#ifndef DECANT_NTDLL_UNIX_OBJECT_H
#define DECANT_NTDLL_UNIX_OBJECT_H

#include "unix.h"
#include "decant/protocol.h"

struct sync; /* the waitable state, in shareable memory: sync.h */
struct object_description;

/* What a kind of object can do. NULL slots mean "not that kind of object". */
struct object_ops {
    const WCHAR *type_name;                  /* as NtQueryObject names it: L"Event", L"File" … */
    uint32_t kind;                           /* enum object_kind, for other processes and the server */
    uint32_t valid_access;                   /* what GENERIC_ALL and MAXIMUM_ALLOWED turn into */
    GENERIC_MAPPING mapping;
    /* Rights that bring others along (documented for the "limited" rights of processes and threads). */
    struct {
        ACCESS_MASK has, implied;
    } implications[2];
    struct sync *(*get_sync)(struct object *object); /* what a wait looks at */
    /* What NtQueryObject(ObjectNameInformation) answers; NULL: the name. */
    NTSTATUS (*query_name)(struct object *object, void *buffer, ULONG length, ULONG *needed);
    /* What another process needs to have the object too; NULL: it cannot leave this process. See
     * object_describe (object_share.h). */
    NTSTATUS (*describe)(struct object *object, struct object_description *description, int *fd,
                         const char **path);
    void (*handle_closed)(struct object *object);    /* the last handle of all processes closed */
    void (*destroy)(struct object *object);          /* the last reference went */
};

struct object {
    const struct object_ops *ops;
    _Atomic uint32_t references;
    _Atomic uint32_t handles;   /* how many of the references are handles */
    WCHAR *name;                /* full NT name, or NULL; owned */
    /* What the server knows of it, under share_lock (object_share.h): */
    uint64_t shared_id;         /* its id there, 0: nothing */
    uint32_t shared_count;      /* how often this process was given it */
    struct object *shared_next; /* in the table by id */
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

/* OBJ_INHERIT and OBJ_PROTECT_CLOSE of a handle, and its access. */
NTSTATUS handle_query_flags(HANDLE handle, ULONG *attributes, ACCESS_MASK *access);

/* How many handles are open. */
ULONG handle_count(void);

/* For a new process: what it inherits, and putting it in at the same handle value. */
void handle_for_each_inherited(void (*visit)(HANDLE handle, struct object *object,
                                             ACCESS_MASK access, void *context),
                               void *context);
NTSTATUS handle_create_at(HANDLE handle, struct object *object, ACCESS_MASK access,
                          ULONG attributes);

/* --- Names (object_name.c) --- */

/* What every NtCreate… and NtOpen… of a named kind does: opens or makes an object by the name in `attributes`
 * (which may have none), and stores a handle with `access`. `create` makes a fresh object with one
 * reference; NULL: open only.
 * Besides failures of `create`: STATUS_OBJECT_NAME_EXISTS (a success: it was there, with OBJ_OPENIF),
 * STATUS_OBJECT_NAME_COLLISION, STATUS_OBJECT_TYPE_MISMATCH, STATUS_OBJECT_NAME_NOT_FOUND,
 * STATUS_OBJECT_PATH_NOT_FOUND, STATUS_OBJECT_PATH_SYNTAX_BAD, STATUS_NAME_TOO_LONG. */
typedef NTSTATUS object_create_function(void *context, struct object **out);
NTSTATUS object_open_handle(HANDLE *handle, ACCESS_MASK access, const OBJECT_ATTRIBUTES *attributes,
                            const struct object_ops *ops, object_create_function *create,
                            void *context);

/* Reads the handle flags of OBJECT_ATTRIBUTES that may be NULL or bad. */
NTSTATUS attributes_flags(const OBJECT_ATTRIBUTES *attributes, ULONG *flags);

#endif
