/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The waitable state: where it lies, its lock, and the operations that signal it.
 * The rules are in sync.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "sync.h"

/* Arenas are never unmapped: a late waker may touch the futex word of a freed slot, which then
 * is a spurious wake-up for the slot's next user and nothing more. */
struct arena {
    struct arena *next;
    struct sync *slots;
    int fd;
    dev_t device;       /* of the memfd, which tell arenas apart */
    ino_t inode;
    size_t lowest;      /* no slot below is in use here; slots are given out from the highest */
};

static pthread_mutex_t arena_lock = PTHREAD_MUTEX_INITIALIZER;
static struct arena *arenas;
static struct sync *free_slots; /* linked through what a free slot has no use for: NEXT_FREE */
static size_t fresh_slots;      /* of the newest arena, never used so far */

#define NEXT_FREE offsetof(struct sync, owner)
_Static_assert(offsetof(struct sync, abandoned) - NEXT_FREE >= sizeof(void *), "room for a pointer");

static struct sync *next_free(const struct sync *sync)
{
    struct sync *next;

    memcpy(&next, (const char *)sync + NEXT_FREE, sizeof(next));
    return next;
}

static bool add_arena(void)
{
    struct arena *arena = malloc(sizeof(*arena));
    int fd = memfd_create("decant-sync", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    void *memory = MAP_FAILED;
    static _Atomic bool is_told;
    struct stat st;

    if (fd < 0)
        report_missing_call(&is_told, "memfd_create", "no program runs");
    /* Sealed, so that those we share it with need not fear that it shrinks below their feet. */
    if (arena && fd >= 0 && !ftruncate(fd, (off_t)SYNC_ARENA_BYTES) &&
        !fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
        memory = mmap(NULL, SYNC_ARENA_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) {
        free(arena);
        if (fd >= 0)
            close(fd);
        return false;
    }
    *arena = (struct arena){arenas, memory, fd, 0, 0, SYNC_ARENA_SLOTS};
    if (!fstat(fd, &st)) {
        arena->device = st.st_dev;
        arena->inode = st.st_ino;
    }
    arenas = arena;
    fresh_slots = SYNC_ARENA_SLOTS;
    return true;
}

struct sync *sync_create(enum sync_kind kind, int32_t count, int32_t limit)
{
    struct sync *sync = NULL;
    sigset_t all, old;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pthread_mutex_lock(&arena_lock);
    if (free_slots) {
        sync = free_slots;
        free_slots = next_free(sync);
    } else if (fresh_slots || add_arena()) {
        arenas->lowest = --fresh_slots;
        sync = &arenas->slots[arenas->lowest];
    }
    pthread_mutex_unlock(&arena_lock);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (!sync)
        return NULL;
    /* `sequence` goes on from the slot's last life: a sleeper on the old object sees it change. */
    atomic_fetch_add(&sync->sequence, 1);
    sync->kind = kind;
    sync->count = count;
    sync->limit = limit;
    sync->owner = sync->owner_process = sync->abandoned = 0;
    sync->grantable = sync->grants = 0;
    sync->is_shared = 0;
    atomic_store(&sync->is_public, 0);
    return sync;
}

void sync_destroy(struct sync *sync)
{
    sigset_t all, old;

    if (!sync || sync->is_shared)
        return;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pthread_mutex_lock(&arena_lock);
    sync->kind = SYNC_MANUAL; /* no mutant, whatever `owner` looks like */
    memcpy((char *)sync + NEXT_FREE, &free_slots, sizeof(free_slots));
    free_slots = sync;
    pthread_mutex_unlock(&arena_lock);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* --- Sharing --- */

static struct arena *imported; /* under arena_lock; never unmapped, like our own */

/* Who sleeps on it privately looks again, and then sleeps on what other processes wake, too. Whoever wakes after
 * the increment finds the mark, or had incremented before: then the sleep does not begin. */
static void make_public(struct sync *sync)
{
    atomic_store(&sync->is_public, 1);
    atomic_fetch_add(&sync->sequence, 1);
    syscall(SYS_futex, &sync->sequence, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}

bool sync_locate(struct sync *sync, int *fd, uint32_t *slot)
{
    struct arena *lists[2];
    bool is_found = false;
    sigset_t all, old;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pthread_mutex_lock(&arena_lock);
    lists[0] = arenas;
    lists[1] = imported;
    for (int i = 0; i < 2; i++)
        for (struct arena *arena = lists[i]; arena; arena = arena->next)
            if (sync >= arena->slots && sync < arena->slots + SYNC_ARENA_SLOTS) {
                is_found = true;
                *fd = arena->fd;
                *slot = (uint32_t)(sync - arena->slots);
            }
    pthread_mutex_unlock(&arena_lock);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (is_found)
        make_public(sync);
    return is_found;
}

void sync_mark_shared(struct sync *sync)
{
    if (!sync->is_shared)
        sync->is_shared = 1;
}

void sync_share_for_good(struct sync *sync)
{
    sync->is_shared = 2;
}

/* Under the lock: an arena that this process has already, since it made it or got it before. */
static struct arena *find_arena(const struct stat *st)
{
    struct arena *lists[2] = {arenas, imported};

    for (int i = 0; i < 2; i++)
        for (struct arena *arena = lists[i]; arena; arena = arena->next)
            if (arena->inode == st->st_ino && arena->device == st->st_dev)
                return arena;
    return NULL;
}

struct sync *sync_import(int fd, uint32_t slot)
{
    struct arena *arena;
    sigset_t all, old;
    struct stat st;
    void *memory;

    if (slot >= SYNC_ARENA_SLOTS || fstat(fd, &st) || st.st_size != (off_t)SYNC_ARENA_BYTES ||
        !(fcntl(fd, F_GET_SEALS) & F_SEAL_SHRINK)) {
        close(fd);
        return NULL;
    }
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pthread_mutex_lock(&arena_lock);
    arena = find_arena(&st);
    if (arena) {
        close(fd);
    } else {
        arena = malloc(sizeof(*arena));
        memory = mmap(NULL, SYNC_ARENA_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (arena && memory != MAP_FAILED) {
            *arena = (struct arena){imported, memory, fd, st.st_dev, st.st_ino, SYNC_ARENA_SLOTS};
            imported = arena;
        } else {
            free(arena);
            arena = NULL;
            close(fd);
        }
    }
    if (arena && slot < arena->lowest)
        arena->lowest = slot;
    pthread_mutex_unlock(&arena_lock);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return arena ? &arena->slots[slot] : NULL;
}

/* --- The lock --- */

static bool take_lock(struct sync *sync)
{
    /* The process, so that the server can tell a dead one's lock: threads end in good order. */
    uint32_t self = process.pid ? (uint32_t)process.pid : 1, expected = 0;

    return atomic_compare_exchange_weak_explicit(&sync->lock, &expected, self, memory_order_acquire,
                                                 memory_order_relaxed);
}

/* The server frees what a dead process had locked; if that is gone, too, nobody else will. */
static void free_dead_lock(struct sync *sync)
{
    uint32_t holder = atomic_load_explicit(&sync->lock, memory_order_relaxed);

    if (holder && kill((pid_t)holder, 0) && errno == ESRCH)
        atomic_compare_exchange_strong(&sync->lock, &holder, 0);
}

void sync_lock(struct sync *sync)
{
    for (unsigned spins = 1; !take_lock(sync); spins++) {
        if (spins < 64)
            __builtin_ia32_pause();
        else
            sched_yield(); /* the holder lost its processor */
        if (!(spins % 4096))
            free_dead_lock(sync);
    }
}

bool sync_try_lock(struct sync *sync)
{
    for (unsigned spins = 0; !take_lock(sync); spins++) {
        if (spins == 256)
            return false;
        __builtin_ia32_pause();
    }
    return true;
}

void sync_unlock(struct sync *sync)
{
    atomic_store_explicit(&sync->lock, 0, memory_order_release);
}

/* --- Signalling --- */

static void futex_wake(struct sync *sync, int count)
{
    syscall(SYS_futex, &sync->sequence,
            atomic_load(&sync->is_public) ? FUTEX_WAKE : FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

/* After the state changed and the lock was let go. The increment is sequentially consistent and comes
 * before the look at `waiters`; a waiter counts itself before it reads the sequence. So either it
 * sees the new sequence, or we see it waiting. */
static void signal_waiters(struct sync *sync, bool one)
{
    atomic_fetch_add(&sync->sequence, 1);
    if (atomic_load(&sync->waiters))
        futex_wake(sync, one && !atomic_load(&sync->many) ? 1 : INT32_MAX);
}

void sync_wake(struct sync *sync)
{
    signal_waiters(sync, false);
}

void thread_alert(struct thread *thread)
{
    struct sync *sync;

    atomic_fetch_add(&thread->alert_word, 1);
    syscall(SYS_futex, &thread->alert_word, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
    /* A sync that the thread has left by now is woken for nothing, and slots stay mapped. */
    sync = atomic_load(&thread->sleeps_on);
    if (!sync)
        return;
    atomic_fetch_add(&sync->sequence, 1);
    futex_wake(sync, INT32_MAX);
}

/* Under the lock: lets go whoever waits. False: an auto kind with nobody to give it to. */
static bool let_go(struct sync *sync)
{
    if (sync->kind == SYNC_MANUAL) {
        sync->epoch++;
        return true;
    }
    if (sync->grants == sync->grantable)
        return false;
    sync->grants++;
    return true;
}

int32_t sync_set(struct sync *sync)
{
    int32_t previous;
    bool was_given = false;

    sync_lock(sync);
    previous = sync->count;
    /* When the flag is up already nobody waits but those who are about to take it. */
    if (!previous)
        was_given = let_go(sync);
    if (!was_given || sync->kind == SYNC_MANUAL)
        sync->count = 1;
    sync_unlock(sync);
    if (!previous)
        signal_waiters(sync, sync->kind == SYNC_AUTO);
    return previous;
}

int32_t sync_reset(struct sync *sync)
{
    int32_t previous;

    sync_lock(sync);
    previous = sync->count;
    sync->count = 0;
    sync_unlock(sync);
    return previous;
}

int32_t sync_pulse(struct sync *sync)
{
    int32_t previous;
    bool was_given;

    sync_lock(sync);
    previous = sync->count;
    was_given = let_go(sync);
    sync->count = 0;
    sync_unlock(sync);
    if (was_given)
        signal_waiters(sync, sync->kind == SYNC_AUTO);
    return previous;
}

NTSTATUS sync_release_semaphore(struct sync *sync, int32_t add, int32_t *previous)
{
    NTSTATUS status = STATUS_SUCCESS;

    sync_lock(sync);
    *previous = sync->count;
    if (add > sync->limit - sync->count)
        status = STATUS_SEMAPHORE_LIMIT_EXCEEDED;
    else
        sync->count += add;
    sync_unlock(sync);
    if (!status)
        signal_waiters(sync, add == 1);
    return status;
}

NTSTATUS sync_release_mutant(struct sync *sync, uint32_t tid, int32_t *previous)
{
    NTSTATUS status = STATUS_SUCCESS;
    bool is_free = false;

    sync_lock(sync);
    *previous = sync->count;
    if (sync->count == 1 || sync->owner != tid) {
        status = STATUS_MUTANT_NOT_OWNED;
    } else if (++sync->count == 1) {
        sync->owner = 0;
        is_free = true;
    }
    sync_unlock(sync);
    if (is_free) {
        current_thread->owned_mutants--;
        signal_waiters(sync, true);
    }
    return status;
}

void sync_abandon(struct sync *sync, uint32_t tid)
{
    bool is_free = false;

    sync_lock(sync);
    if (sync->kind == SYNC_MUTANT && sync->owner == tid && sync->count != 1) {
        sync->count = 1;
        sync->owner = 0;
        sync->abandoned = 1;
        is_free = true;
    }
    sync_unlock(sync);
    if (is_free)
        signal_waiters(sync, true);
}

void mutants_abandon_all(const struct thread *thread)
{
    uint32_t tid = (uint32_t)thread->tid;
    struct arena *lists[2];
    sigset_t all, old;

    if (!thread->owned_mutants)
        return;
    /* Arenas are only ever added in front, and never freed. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pthread_mutex_lock(&arena_lock);
    lists[0] = arenas;
    lists[1] = imported;
    pthread_mutex_unlock(&arena_lock);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    for (int list = 0; list < 2; list++)
        for (struct arena *arena = lists[list]; arena; arena = arena->next)
            for (size_t i = arena->lowest; i < SYNC_ARENA_SLOTS; i++)
                if (arena->slots[i].kind == SYNC_MUTANT && arena->slots[i].owner == tid)
                    sync_abandon(&arena->slots[i], tid);
}
