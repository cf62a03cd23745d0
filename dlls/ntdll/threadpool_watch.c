/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Looks now and then at pools that have callbacks queued and no worker for them, and has another worker
 * started when the queue did not move. Lock order: a pool's lock, then this list's.
 */
#include "threadpool.h"

static RTL_SRWLOCK lock;
static RTL_CONDITION_VARIABLE changed;
static LIST_ENTRY watched = {&watched, &watched};
static bool has_thread;

/* Each pool on the list has a reference of ours, so the lock can be left while one is looked at; only
 * this thread takes pools out. */
static void look_at_pools(void)
{
    LIST_ENTRY *link, *next;

    for (link = watched.Flink; link != &watched; link = next) {
        struct tp_pool *pool = CONTAINING_RECORD(link, struct tp_pool, watched);
        bool goes_on;

        RtlReleaseSRWLockExclusive(&lock);
        goes_on = tp_pool_relieve(pool);
        if (!goes_on)
            TpReleasePool((TP_POOL *)pool);
        RtlAcquireSRWLockExclusive(&lock);
        next = goes_on ? link->Flink : watched.Flink;
    }
}

static DWORD WINAPI watch_thread(void *argument)
{
    LARGE_INTEGER interval = {.QuadPart = -200000}; /* 20 ms */

    (void)argument;
    for (;;) {
        RtlAcquireSRWLockExclusive(&lock);
        while (IsListEmpty(&watched))
            RtlSleepConditionVariableSRW(&changed, &lock, NULL, 0);
        RtlReleaseSRWLockExclusive(&lock);
        NtDelayExecution(FALSE, &interval);
        RtlAcquireSRWLockExclusive(&lock);
        look_at_pools();
        RtlReleaseSRWLockExclusive(&lock);
    }
    return 0;
}

void tp_watch_pool(struct tp_pool *pool)
{
    InterlockedIncrement(&pool->refs);
    RtlAcquireSRWLockExclusive(&lock);
    InsertTailList(&watched, &pool->watched);
    if (!has_thread)
        has_thread = !tp_start_thread(watch_thread, NULL, NULL);
    if (!has_thread)
        report_error("no thread to look after the thread pool");
    RtlWakeConditionVariable(&changed);
    RtlReleaseSRWLockExclusive(&lock);
}

void tp_unwatch_pool(struct tp_pool *pool)
{
    RtlAcquireSRWLockExclusive(&lock);
    RemoveEntryList(&pool->watched);
    RtlReleaseSRWLockExclusive(&lock);
}
