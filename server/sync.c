/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The shared state of objects that can be waited for: the arenas it lies in, and what has to be done to it
 * after a death.
 *
 * Living programs change it at any time, and a hostile one may put anything there: every field is read
 * once and only compared, no index or length is taken from it, and its lock is tried, never waited for.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "object.h"
#include "server.h"

#define LOCK_TRIES 64

static struct arena *arenas;

int arena_open(int fd, struct arena **out)
{
    struct arena *arena;
    struct stat st;
    void *memory;

    /* Only a memfd has seals; one that could shrink would end the server with a SIGBUS. */
    if (fstat(fd, &st) || st.st_size != (off_t)SYNC_ARENA_BYTES ||
        !((unsigned)fcntl(fd, F_GET_SEALS) & F_SEAL_SHRINK) || fcntl(fd, F_GET_SEALS) < 0)
        return -EINVAL;
    for (arena = arenas; arena; arena = arena->next)
        if (arena->inode == st.st_ino && arena->device == st.st_dev) {
            arena->users++;
            *out = arena;
            return 0;
        }
    arena = malloc(sizeof(*arena));
    memory = mmap(NULL, SYNC_ARENA_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (!arena || memory == MAP_FAILED) {
        free(arena);
        return memory == MAP_FAILED ? -errno : -ENOMEM;
    }
    *arena = (struct arena){arenas, memory, fcntl(fd, F_DUPFD_CLOEXEC, 3), st.st_dev, st.st_ino, 1};
    if (arena->fd < 0) {
        munmap(memory, SYNC_ARENA_BYTES);
        free(arena);
        return -errno;
    }
    arenas = arena;
    *out = arena;
    return 0;
}

void arena_close(struct arena *arena)
{
    struct arena **link = &arenas;

    if (--arena->users)
        return;
    while (*link != arena)
        link = &(*link)->next;
    *link = arena->next;
    munmap(arena->slots, SYNC_ARENA_BYTES);
    close(arena->fd);
    free(arena);
}

/* A living client, or a living process that is none: it was the client of a server before us, say. Its locks and
 * mutexes are its own. `dead` has hung up: its pidfd may say so a moment later. */
static bool is_alive(uint32_t pid, pid_t dead)
{
    struct pollfd ended = {-1, POLLIN, 0};
    bool is_running;

    if ((pid_t)pid == dead)
        return false;
    if (client_find((pid_t)pid))
        return true;
    ended.fd = pid <= INT32_MAX ? (int)syscall(SYS_pidfd_open, (pid_t)pid, 0) : -1;
    if (ended.fd < 0)
        return false;
    is_running = !poll(&ended, 1, 0); /* a pidfd is readable when the process has ended */
    close(ended.fd);
    return is_running;
}

/* The lock's word is its holder's process. A dead one's is taken over. */
static bool try_lock(struct sync *sync, pid_t dead)
{
    uint32_t self = (uint32_t)getpid();

    for (int tries = 0; tries < LOCK_TRIES; tries++) {
        uint32_t holder = atomic_load(&sync->lock);

        if ((!holder || !is_alive(holder, dead)) &&
            atomic_compare_exchange_strong(&sync->lock, &holder, self))
            return true;
        sched_yield();
    }
    return false;
}

static void unlock_and_wake(struct sync *sync)
{
    atomic_store(&sync->lock, 0);
    atomic_fetch_add(&sync->sequence, 1);
    syscall(SYS_futex, &sync->sequence, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

static void abandon(struct sync *sync)
{
    sync->count = 1;
    sync->owner = sync->owner_process = 0;
    sync->abandoned = 1;
}

bool sync_tidy(struct sync *sync, uint32_t kind, unsigned flags, pid_t dead)
{
    uint32_t holder = atomic_load(&sync->lock);
    bool has_dead_holder = holder && !is_alive(holder, dead);
    bool has_dead_owner =
        kind == OBJECT_MUTANT && sync->owner_process && !is_alive(sync->owner_process, dead);

    if (!has_dead_holder && !has_dead_owner && !(flags & (TIDY_RECOUNT | TIDY_LAST_HANDLE)))
        return true;
    if (!try_lock(sync, dead))
        return false;
    if (kind == OBJECT_MUTANT && sync->count != 1 &&
        (flags & TIDY_LAST_HANDLE || (sync->owner_process && !is_alive(sync->owner_process, dead))))
        abandon(sync);
    if (flags & TIDY_RECOUNT) {
        /* What was granted to waiters of whom one may be dead is for whoever comes first. */
        if (sync->grants)
            sync->count = 1;
        sync->grants = sync->grantable = 0;
        atomic_store(&sync->waiters, 0);
        atomic_store(&sync->many, 0);
        sync->round++;
    }
    unlock_and_wake(sync);
    return true;
}
