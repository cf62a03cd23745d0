/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Slim reader/writer locks and condition variables, on the address-wait queue.
 *
 * An SRWLOCK is one pointer: 0 is free (SRWLOCK_INIT). The low 32 bits hold the state, and waiters
 * sleep on them; an exclusive waiter that barges past readers is counted so that it gets its turn:
 *   bit 31        held exclusively
 *   bits 16..30   exclusive waiters
 *   bits 0..15    readers that hold it
 */
#include "addrwait.h"

#define EXCLUSIVE     0x80000000u
#define WAITER        0x00010000u
#define WAITERS       0x7fff0000u
#define READERS       0x0000ffffu
#define SPIN_ATTEMPTS 100u

static _Atomic uint32_t *state_of(RTL_SRWLOCK *lock)
{
    return (_Atomic uint32_t *)&lock->Ptr;
}

/* Readers sleep on the second half of the pointer's address, writers on the first, so that a release
 * wakes those it means: any address of the lock's own will do as a queue's name. */
static const void *reader_queue(RTL_SRWLOCK *lock)
{
    return (const char *)&lock->Ptr + 4;
}

void WINAPI RtlInitializeSRWLock(RTL_SRWLOCK *lock)
{
    lock->Ptr = NULL;
}

BOOLEAN WINAPI RtlTryAcquireSRWLockExclusive(RTL_SRWLOCK *lock)
{
    _Atomic uint32_t *state = state_of(lock);
    uint32_t old = atomic_load_explicit(state, memory_order_relaxed);

    while (!(old & (EXCLUSIVE | READERS)))
        if (atomic_compare_exchange_weak_explicit(state, &old, old | EXCLUSIVE,
                                                  memory_order_acquire, memory_order_relaxed))
            return TRUE;
    return FALSE;
}

void WINAPI RtlAcquireSRWLockExclusive(RTL_SRWLOCK *lock)
{
    _Atomic uint32_t *state = state_of(lock);
    uint32_t old;

    for (unsigned i = 0; i < SPIN_ATTEMPTS; i++) {
        if (RtlTryAcquireSRWLockExclusive(lock))
            return;
        spin_pause();
    }
    old = atomic_fetch_add_explicit(state, WAITER, memory_order_relaxed) + WAITER;
    for (;;) {
        while (!(old & (EXCLUSIVE | READERS)))
            if (atomic_compare_exchange_weak_explicit(state, &old, (old - WAITER) | EXCLUSIVE,
                                                      memory_order_acquire, memory_order_relaxed))
                return;
        address_wait(state, &old, sizeof(old), NULL);
        old = atomic_load_explicit(state, memory_order_relaxed);
    }
}

/* Readers let waiting writers go first, or a steady stream of readers would keep them out. */
static bool try_shared(_Atomic uint32_t *state, uint32_t *seen)
{
    uint32_t old = atomic_load_explicit(state, memory_order_relaxed);

    while (!(old & (EXCLUSIVE | WAITERS)) && (old & READERS) != READERS)
        if (atomic_compare_exchange_weak_explicit(state, &old, old + 1, memory_order_acquire,
                                                  memory_order_relaxed))
            return true;
    *seen = old;
    return false;
}

BOOLEAN WINAPI RtlTryAcquireSRWLockShared(RTL_SRWLOCK *lock)
{
    uint32_t seen;

    return try_shared(state_of(lock), &seen);
}

/* The readers' queue needs a value to compare: the word's upper half counts releases. */
static _Atomic uint32_t *release_count(RTL_SRWLOCK *lock)
{
    return (_Atomic uint32_t *)reader_queue(lock);
}

/* The upper half is not 0 while a reader sleeps or has slept; a free lock must be all 0 again only
 * for programs that copy it, which Windows forbids. */
void WINAPI RtlAcquireSRWLockShared(RTL_SRWLOCK *lock)
{
    _Atomic uint32_t *state = state_of(lock);
    uint32_t seen;

    for (unsigned i = 0; i < SPIN_ATTEMPTS; i++) {
        if (try_shared(state, &seen))
            return;
        spin_pause();
    }
    for (;;) {
        /* Bit 0 of the count says that readers sleep, so that a release without any stays cheap. */
        uint32_t count = atomic_fetch_or(release_count(lock), 1) | 1;

        if (try_shared(state, &seen))
            return;
        address_wait(release_count(lock), &count, sizeof(count), NULL);
    }
}

/* Wakes one writer, or else all readers. The count changes before the readers are woken, and it is
 * changed after the state: a reader that missed the new state sleeps on an old count. */
static void wake_after_release(RTL_SRWLOCK *lock, uint32_t now)
{
    uint32_t count;

    if (now & WAITERS) {
        RtlWakeAddressSingle((const void *)state_of(lock));
        return;
    }
    atomic_thread_fence(memory_order_seq_cst);
    count = atomic_load(release_count(lock));
    if (count & 1) {
        while (!atomic_compare_exchange_weak(release_count(lock), &count, (count + 2) & ~1u))
            ;
        RtlWakeAddressAll(reader_queue(lock));
    }
}

void WINAPI RtlReleaseSRWLockExclusive(RTL_SRWLOCK *lock)
{
    uint32_t old = atomic_fetch_and_explicit(state_of(lock), ~EXCLUSIVE, memory_order_release);

    if (!(old & EXCLUSIVE))
        RtlRaiseStatus(STATUS_RESOURCE_NOT_OWNED);
    wake_after_release(lock, old & ~EXCLUSIVE);
}

void WINAPI RtlReleaseSRWLockShared(RTL_SRWLOCK *lock)
{
    uint32_t old = atomic_fetch_sub_explicit(state_of(lock), 1, memory_order_release);

    if (!(old & READERS))
        RtlRaiseStatus(STATUS_RESOURCE_NOT_OWNED);
    if (!((old - 1) & READERS))
        wake_after_release(lock, old - 1);
}

/* --- Condition variables: a sequence number in one pointer --- */

static _Atomic uint32_t *sequence_of(RTL_CONDITION_VARIABLE *variable)
{
    return (_Atomic uint32_t *)&variable->Ptr;
}

void WINAPI RtlInitializeConditionVariable(RTL_CONDITION_VARIABLE *variable)
{
    variable->Ptr = NULL;
}

void WINAPI RtlWakeConditionVariable(RTL_CONDITION_VARIABLE *variable)
{
    atomic_fetch_add(sequence_of(variable), 1);
    RtlWakeAddressSingle(variable);
}

void WINAPI RtlWakeAllConditionVariable(RTL_CONDITION_VARIABLE *variable)
{
    atomic_fetch_add(sequence_of(variable), 1);
    RtlWakeAddressAll(variable);
}

NTSTATUS WINAPI RtlSleepConditionVariableCS(RTL_CONDITION_VARIABLE *variable,
                                            RTL_CRITICAL_SECTION *section,
                                            const LARGE_INTEGER *timeout)
{
    uint32_t sequence = atomic_load(sequence_of(variable));
    NTSTATUS status;

    RtlLeaveCriticalSection(section);
    status = address_wait(variable, &sequence, sizeof(sequence), timeout);
    RtlEnterCriticalSection(section);
    return status;
}

NTSTATUS WINAPI RtlSleepConditionVariableSRW(RTL_CONDITION_VARIABLE *variable, RTL_SRWLOCK *lock,
                                             const LARGE_INTEGER *timeout, ULONG flags)
{
    uint32_t sequence = atomic_load(sequence_of(variable));
    bool is_shared = flags & RTL_CONDITION_VARIABLE_LOCKMODE_SHARED;
    NTSTATUS status;

    if (is_shared)
        RtlReleaseSRWLockShared(lock);
    else
        RtlReleaseSRWLockExclusive(lock);
    status = address_wait(variable, &sequence, sizeof(sequence), timeout);
    if (is_shared)
        RtlAcquireSRWLockShared(lock);
    else
        RtlAcquireSRWLockExclusive(lock);
    return status;
}
