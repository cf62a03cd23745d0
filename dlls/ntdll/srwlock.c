/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Slim reader/writer locks and condition variables, on the address-wait queue.
 *
 * An SRWLOCK is one pointer, 0 when free (SRWLOCK_INIT):
 *   bit 32        readers sleep
 *   bit 31        held exclusively
 *   bits 16..30   writers that wait; readers let them go first
 *   bits 0..15    readers that hold it
 * Writers sleep on the lower half, readers on the upper half, so that a release wakes those it means.
 *
 * A release is one compare-and-swap, and the last access to the lock: as soon as it is done another thread
 * may take the lock, release it and free its memory. The wake-up uses the address only.
 *
 * No wake-up is lost: a writer sleeps only on a lower half that shows the lock held and its own count, a
 * reader only on a set bit 32; whoever holds the lock then sees either when it releases.
 */
#include "addrwait.h"

#define SLEEPERS      0x100000000ull
#define EXCLUSIVE     0x80000000ull
#define WAITER        0x00010000ull
#define WAITERS       0x7fff0000ull
#define READERS       0x0000ffffull
#define SPIN_ATTEMPTS 100u

static _Atomic uint64_t *state_of(RTL_SRWLOCK *lock)
{
    return (_Atomic uint64_t *)&lock->Ptr;
}

static const void *writer_queue(RTL_SRWLOCK *lock)
{
    return &lock->Ptr;
}

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
    _Atomic uint64_t *state = state_of(lock);
    uint64_t old = atomic_load_explicit(state, memory_order_relaxed);

    while (!(old & (EXCLUSIVE | READERS)))
        if (atomic_compare_exchange_weak_explicit(state, &old, old | EXCLUSIVE,
                                                  memory_order_acquire, memory_order_relaxed))
            return TRUE;
    return FALSE;
}

void WINAPI RtlAcquireSRWLockExclusive(RTL_SRWLOCK *lock)
{
    _Atomic uint64_t *state = state_of(lock);
    uint64_t old;

    for (unsigned i = 0; i < SPIN_ATTEMPTS; i++) {
        if (RtlTryAcquireSRWLockExclusive(lock))
            return;
        spin_pause();
    }
    old = atomic_fetch_add_explicit(state, WAITER, memory_order_relaxed) + WAITER;
    for (;;) {
        uint32_t seen;

        while (!(old & (EXCLUSIVE | READERS)))
            if (atomic_compare_exchange_weak_explicit(state, &old, (old - WAITER) | EXCLUSIVE,
                                                      memory_order_acquire, memory_order_relaxed))
                return;
        seen = (uint32_t)old;
        address_wait(writer_queue(lock), &seen, sizeof(seen), NULL);
        old = atomic_load_explicit(state, memory_order_relaxed);
    }
}

/* *seen is the state that speaks against it. */
static bool try_shared(_Atomic uint64_t *state, uint64_t *seen)
{
    uint64_t old = atomic_load_explicit(state, memory_order_relaxed);

    while (!(old & (EXCLUSIVE | WAITERS)) && (old & READERS) != READERS)
        if (atomic_compare_exchange_weak_explicit(state, &old, old + 1, memory_order_acquire,
                                                  memory_order_relaxed))
            return true;
    *seen = old;
    return false;
}

BOOLEAN WINAPI RtlTryAcquireSRWLockShared(RTL_SRWLOCK *lock)
{
    uint64_t seen;

    return try_shared(state_of(lock), &seen);
}

void WINAPI RtlAcquireSRWLockShared(RTL_SRWLOCK *lock)
{
    _Atomic uint64_t *state = state_of(lock);
    const uint32_t sleeping = SLEEPERS >> 32;
    uint64_t seen;

    for (unsigned i = 0; i < SPIN_ATTEMPTS; i++) {
        if (try_shared(state, &seen))
            return;
        spin_pause();
    }
    while (!try_shared(state, &seen))
        if (seen & SLEEPERS ||
            atomic_compare_exchange_strong_explicit(state, &seen, seen | SLEEPERS,
                                                    memory_order_relaxed, memory_order_relaxed))
            address_wait(reader_queue(lock), &sleeping, sizeof(sleeping), NULL);
}

/* A lock that becomes free goes to one waiting writer, or else to all sleeping readers. */
static void release(RTL_SRWLOCK *lock, uint64_t holder)
{
    _Atomic uint64_t *state = state_of(lock);
    uint64_t old = atomic_load_explicit(state, memory_order_relaxed), new;

    do {
        if (!(old & (holder == EXCLUSIVE ? EXCLUSIVE : READERS)))
            RtlRaiseStatus(STATUS_RESOURCE_NOT_OWNED);
        new = old - holder;
        if (!(new & (READERS | WAITERS)))
            new &= ~SLEEPERS;
    } while (!atomic_compare_exchange_weak_explicit(state, &old, new, memory_order_release,
                                                    memory_order_relaxed));
    if (new & READERS)
        return;
    if (new & WAITERS)
        RtlWakeAddressSingle(writer_queue(lock));
    else if (old & SLEEPERS)
        RtlWakeAddressAll(reader_queue(lock));
}

void WINAPI RtlReleaseSRWLockExclusive(RTL_SRWLOCK *lock)
{
    release(lock, EXCLUSIVE);
}

void WINAPI RtlReleaseSRWLockShared(RTL_SRWLOCK *lock)
{
    release(lock, 1);
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
