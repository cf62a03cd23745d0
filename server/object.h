/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The objects that processes share, as the server knows them: who has handles to them, and their names.
 * What an object is made of stays with its kind.
 */
#ifndef DECANT_SERVER_OBJECT_H
#define DECANT_SERVER_OBJECT_H

#include "server.h"
#include "decant/sync_layout.h"

/* --- Arenas of syncs (sync.c) --- */

struct arena {
    struct arena *next;
    struct sync *slots;
    int fd;
    dev_t device;
    ino_t inode;
    unsigned users;
};

/* The arena behind a descriptor, which stays the caller's. 0 or -errno. */
int arena_open(int fd, struct arena **out);
void arena_close(struct arena *arena);

enum {
    TIDY_RECOUNT = 1,     /* a process that may have waited is dead: the living count themselves again */
    TIDY_LAST_HANDLE = 2, /* no handle is left: whoever owns the mutex cannot let it go any more */
};

/* Does what a death asks for: the lock of a dead holder is freed, a mutex of a dead owner is abandoned. False: a
 * living process has it locked; try again later. `dead`: a process that is known to have ended, 0: none. */
bool sync_tidy(struct sync *sync, uint32_t kind, unsigned flags, pid_t dead);

/* --- Objects (object.c) --- */

/* A process's handles to an object. */
struct reference {
    struct reference *next;
    struct client *client;
    uint32_t count;
};

struct object {
    struct object *next;        /* in the table by id */
    struct object *name_next;   /* in the table by name */
    struct reference *references;
    uint64_t id;
    uint32_t kind;
    struct arena *arena;        /* kinds with a sync */
    struct sync *sync;
    int fd;                     /* others, or -1; owned */
    uint16_t *name;             /* NULL: none */
    uint32_t name_bytes;
    uint32_t data_bytes;
    void *data;                 /* describes it to programs */
    bool was_shared;            /* a second process has or had it */
    bool is_untidy;             /* sync_tidy is to be tried again */
    unsigned untidy_flags;
};

/* A reference more for the client; 0 or -ENOMEM. */
int object_reference(struct object *object, struct client *client);

/* The client's references go, and, when it is dead, what it left is put in order. */
void objects_client_ended(struct client *client, bool is_dead);
/* Tries again what was locked. False: there is still something. */
bool objects_tidy(void);
size_t object_count(void);

/* --- Names (name.c) --- */

struct object *name_find(const uint16_t *name, uint32_t bytes, bool any_case);
void name_insert(struct object *object);
void name_remove(struct object *object);

#endif
