/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * RtlWaitOnAddress, RtlWakeAddressSingle, RtlWakeAddressAll.
 *
 * Waiters are queued by the exact address (not by its size: a waker does not know it) in hashed buckets, first
 * in, first out, each on its own stack and asleep on a word of its own. That word decides every race:
 *
 *   WAITING -> CLAIMED     by the waker, under the bucket lock, when it unlinks the waiter
 *   WAITING -> TIMED_OUT   by the waiter, by compare-and-swap, when its time is up
 *   CLAIMED -> RELEASED    by the waker: its last access to the waiter's block
 *
 * A waiter whose compare-and-swap fails was claimed: it waits for RELEASED and reports success. So a
 * wake-up is never lost to a timeout, and none is ever left over for the thread's next wait (the
 * class of fault of WineHQ 60397).
 *
 * Why the block may live on the waiter's stack: the waiter leaves only after it has read RELEASED, or
 * after it has unlinked itself under the bucket lock in state TIMED_OUT, which no waker claims. The
 * waker's futex wake after the store uses the word's address only, never its memory; if
 * the stack has been reused by then, the wake is a spurious one for whoever sleeps there, and every sleeper
 * here looks at its word again.
 *
 * Nobody waiting, a value that differs, and a zero timeout never enter the kernel: the bucket's waiter
 * count is read without the lock. A waiter counts itself (sequentially consistent) before it
 * compares the value; a waker stores the value (its caller did) before it reads the count. So either
 * the waiter sees the new value or the waker sees the waiter.
 */
#include "addrwait.h"

#define BUCKETS 256u

/* How long to look before sleeping, in pauses (about 10 to 40 ns each): pays when the waker runs on another
 * processor, and is bounded by what a sleep and a wake-up cost. On the waiter's own processor it keeps the waker from
 * running: two threads there took four times as long. So where it was in vain so often in a row, it is
 * only tried again now and then. */
#define SPIN_PAUSES  200u
#define VAIN_LIMIT   3u
#define VAIN_RETRIES 128u

enum { WAITING, CLAIMED, TIMED_OUT, RELEASED };

struct waiter {
    struct waiter *next, *previous;
    const volatile void *address;
    _Atomic uint32_t state;
};

/* A cache line each, so that waits on unrelated addresses do not disturb each other. */
static struct bucket {
    _Atomic uint32_t lock;      /* 0 free, 1 held, 2 held and somebody sleeps on it */
    _Atomic uint32_t count;     /* waiters queued or about to be */
    struct waiter *first, *last;
    _Atomic uint32_t in_vain;   /* waits since looking last paid; a rough count will do */
    uint8_t padding[36];
} buckets[BUCKETS] __attribute__((aligned(64)));

static struct bucket *bucket_of(const volatile void *address)
{
    uintptr_t hash = (uintptr_t)address;

    hash ^= hash >> 15;
    hash *= 0x9e3779b97f4a7c15ull;
    return &buckets[hash >> 56];
}

static void lock_bucket(struct bucket *bucket)
{
    uint32_t expected = 0;

    for (unsigned spins = 0; spins < 100; spins++, expected = 0) {
        if (atomic_compare_exchange_weak_explicit(&bucket->lock, &expected, 1,
                                                  memory_order_acquire, memory_order_relaxed))
            return;
        spin_pause();
    }
    while (atomic_exchange_explicit(&bucket->lock, 2, memory_order_acquire))
        DecantFutexWait(&bucket->lock, 2, NULL, 0);
}

static void unlock_bucket(struct bucket *bucket)
{
    if (atomic_exchange_explicit(&bucket->lock, 0, memory_order_release) == 2)
        DecantFutexWake(&bucket->lock, 1);
}

static void enqueue(struct bucket *bucket, struct waiter *waiter)
{
    waiter->next = NULL;
    waiter->previous = bucket->last;
    if (bucket->last)
        bucket->last->next = waiter;
    else
        bucket->first = waiter;
    bucket->last = waiter;
}

static void unlink_waiter(struct bucket *bucket, struct waiter *waiter)
{
    if (waiter->next)
        waiter->next->previous = waiter->previous;
    else
        bucket->last = waiter->previous;
    if (waiter->previous)
        waiter->previous->next = waiter->next;
    else
        bucket->first = waiter->next;
}

/* Addresses need not be aligned; x86 reads them whole within a cache line, and a torn read can only
 * make a caller look again. */
static bool is_equal(const volatile void *address, const void *compare, SIZE_T size)
{
    switch (size) {
    case 1: return *(const volatile uint8_t *)address == *(const uint8_t *)compare;
    case 2: return *(const volatile uint16_t *)address == *(const uint16_t *)compare;
    case 4: return *(const volatile uint32_t *)address == *(const uint32_t *)compare;
    default: return *(const volatile uint64_t *)address == *(const uint64_t *)compare;
    }
}

/* A relative timeout would start anew with every spurious wake-up; make it end at a point in time,
 * counted by the monotonic clock. */
static LONGLONG interrupt_time(void)
{
    LARGE_INTEGER counter, frequency;

    NtQueryPerformanceCounter(&counter, &frequency);
    return counter.QuadPart; /* 10 MHz: the unit of NT's timeouts */
}

static bool is_released_soon(struct bucket *bucket, const struct waiter *waiter)
{
    uint32_t in_vain = atomic_load_explicit(&bucket->in_vain, memory_order_relaxed);
    unsigned pauses = in_vain < VAIN_LIMIT || in_vain % VAIN_RETRIES == 0 ? SPIN_PAUSES : 0;

    for (unsigned spins = 0; spins < pauses; spins++) {
        if (atomic_load_explicit(&waiter->state, memory_order_acquire) == RELEASED) {
            atomic_store_explicit(&bucket->in_vain, 0, memory_order_relaxed);
            return true;
        }
        spin_pause();
    }
    atomic_store_explicit(&bucket->in_vain, in_vain + 1, memory_order_relaxed);
    return false;
}

static NTSTATUS sleep_until_claimed(struct bucket *bucket, struct waiter *waiter,
                                    const LARGE_INTEGER *timeout)
{
    LONGLONG end = timeout && timeout->QuadPart < 0 ? interrupt_time() - timeout->QuadPart : 0;
    const LARGE_INTEGER *left = timeout;
    LARGE_INTEGER rest;

    if (is_released_soon(bucket, waiter))
        return STATUS_SUCCESS;
    for (;;) {
        uint32_t state = atomic_load_explicit(&waiter->state, memory_order_acquire);
        NTSTATUS status;

        if (state == RELEASED)
            return STATUS_SUCCESS;
        if (end) {
            rest.QuadPart = interrupt_time() - end;
            if (rest.QuadPart > 0)
                rest.QuadPart = 0;
            left = &rest;
        }
        status = DecantFutexWait(&waiter->state, state, state == CLAIMED ? NULL : left, 0);
        if (status != STATUS_TIMEOUT)
            continue;
        state = WAITING;
        if (!atomic_compare_exchange_strong(&waiter->state, &state, TIMED_OUT))
            continue; /* claimed meanwhile: that waker's RELEASED is about to come */
        lock_bucket(bucket);
        unlink_waiter(bucket, waiter);
        unlock_bucket(bucket);
        atomic_fetch_sub(&bucket->count, 1);
        return STATUS_TIMEOUT;
    }
}

NTSTATUS address_wait(const volatile void *address, const void *compare, SIZE_T size,
                      const LARGE_INTEGER *timeout)
{
    struct bucket *bucket = bucket_of(address);
    struct waiter waiter = {.address = address, .state = WAITING};

    if (!is_equal(address, compare, size))
        return STATUS_SUCCESS;
    if (timeout && !timeout->QuadPart)
        return STATUS_TIMEOUT;
    atomic_fetch_add(&bucket->count, 1);
    lock_bucket(bucket);
    if (!is_equal(address, compare, size)) {
        unlock_bucket(bucket);
        atomic_fetch_sub(&bucket->count, 1);
        return STATUS_SUCCESS;
    }
    enqueue(bucket, &waiter);
    unlock_bucket(bucket);
    return sleep_until_claimed(bucket, &waiter, timeout);
}

NTSTATUS WINAPI RtlWaitOnAddress(const void *address, const void *compare, SIZE_T size,
                                 const LARGE_INTEGER *timeout)
{
    if (size != 1 && size != 2 && size != 4 && size != 8)
        return STATUS_INVALID_PARAMETER;
    return address_wait(address, compare, size, timeout);
}

/* Unlinks up to `limit` waiters of the address into a chain, claimed. */
static struct waiter *claim(struct bucket *bucket, const void *address, uint32_t limit)
{
    struct waiter *waiter, *next, *chain = NULL, **tail = &chain;

    lock_bucket(bucket);
    for (waiter = bucket->first; waiter && limit; waiter = next) {
        uint32_t state = WAITING;

        next = waiter->next;
        if (waiter->address != address ||
            !atomic_compare_exchange_strong(&waiter->state, &state, CLAIMED))
            continue; /* another address, or its time is up: it unlinks itself */
        unlink_waiter(bucket, waiter);
        atomic_fetch_sub(&bucket->count, 1);
        waiter->next = NULL;
        *tail = waiter;
        tail = &waiter->next;
        limit--;
    }
    unlock_bucket(bucket);
    return chain;
}

static void wake(const void *address, uint32_t limit)
{
    struct bucket *bucket = bucket_of(address);
    struct waiter *waiter, *next;

    /* Orders the caller's store to the address before the look at the count. */
    atomic_thread_fence(memory_order_seq_cst);
    if (!atomic_load_explicit(&bucket->count, memory_order_relaxed))
        return;
    for (waiter = claim(bucket, address, limit); waiter; waiter = next) {
        _Atomic uint32_t *word = &waiter->state;

        next = waiter->next; /* before the release: afterwards the block is the waiter's alone */
        atomic_store_explicit(word, RELEASED, memory_order_release);
        DecantFutexWake(word, 1);
    }
}

void WINAPI RtlWakeAddressSingle(const void *address)
{
    wake(address, 1);
}

void WINAPI RtlWakeAddressAll(const void *address)
{
    wake(address, UINT32_MAX);
}
