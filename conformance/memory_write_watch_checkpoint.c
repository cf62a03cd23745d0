/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * An incremental checkpoint, as an example of write watch and as a proof of it: a heap is copied while threads change
 * it. Each pass copies what was written during the one before; when little is left, the writers are
 * stopped for the rest, and the copy must equal the original. It is what CRIU's pre-dump does with the same
 * kernel interface. The order is the point: reset first (the report), copy then. [D] GetWriteWatch: the
 * reset is atomic with the report, so a write during the copy is in the next report.
 */
#include "write_watch.h"

#define HEAP_PAGES 4096
#define HEAP_BYTES ((SIZE_T)HEAP_PAGES * 4096)
#define MUTATORS   2
#define NODES      20000
#define FEW_PAGES  512
#define MAX_PASSES 200

/* A list of nodes all over the heap; the mutators swap values, move nodes and count. */
struct node {
    ULONG next, value;
    ULONG64 changes;
    char text[48];
};

static char *heap, *copy;
static struct node *nodes;
static volatile LONG stop, rounds;

/* Each has every second node for itself. Bursts over a part of the heap, then a pause, as programs work. */
static DWORD WINAPI mutate(void *argument)
{
    ULONG which = (ULONG)(ULONG_PTR)argument, seed = 7 + which;

    while (!stop) {
        ULONG start;

        seed = seed * 1664525 + 1013904223;
        start = (seed >> 8) % (NODES - 512);
        for (ULONG i = start + (start % MUTATORS != which); i < start + 512 && !stop; i += MUTATORS) {
            struct node *node = &nodes[i];

            node->changes++;
            node->value ^= seed;
            node->next = (node->next + seed) % NODES;
            snprintf(node->text, sizeof(node->text), "%lu changed %llu times", (unsigned long)i,
                     (unsigned long long)node->changes);
        }
        InterlockedIncrement(&rounds);
        Sleep(1);
    }
    return 0;
}

/* One pass; how many pages it copied. */
static SIZE_T pass(void)
{
    static void *found[FEW_PAGES];
    SIZE_T total = 0;
    ULONG_PTR got;
    char *at = heap, *end = heap + HEAP_BYTES;

    do {
        got = FEW_PAGES;
        if (GetWriteWatch(WRITE_WATCH_FLAG_RESET, at, (SIZE_T)(end - at), found, &got, &granularity)) {
            ok(0, "GetWriteWatch: %lu", GetLastError());
            break;
        }
        for (ULONG_PTR i = 0; i < got; i++)
            memcpy(copy + ((char *)found[i] - heap), found[i], 4096);
        total += got;
        /* On from the last one: what is written behind us is the next pass's. */
        if (got)
            at = (char *)found[got - 1] + 4096;
    } while (got == FEW_PAGES && at < end);
    return total;
}

/* Until the mutators have done some more; 20 s at most. */
static void let_them_work(void)
{
    LONG goal = rounds + 2 * MUTATORS;
    ULONGLONG end = GetTickCount64() + 20000;

    while (rounds < goal && GetTickCount64() < end)
        Sleep(1);
}

static void test_checkpoint(void)
{
    SIZE_T first, last, total, passes = 1;
    HANDLE threads[MUTATORS];

    heap = VirtualAlloc(NULL, HEAP_BYTES, MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH, PAGE_READWRITE);
    copy = VirtualAlloc(NULL, HEAP_BYTES, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    ok(heap && copy, "VirtualAlloc: %lu", GetLastError());
    nodes = (struct node *)heap;
    for (SIZE_T i = 0; i < HEAP_BYTES; i += sizeof(ULONG64))
        *(ULONG64 *)(heap + i) = i;
    for (ULONG i = 0; i < NODES; i++)
        nodes[i].next = (i * 7919) % NODES;
    for (ULONG_PTR i = 0; i < MUTATORS; i++)
        threads[i] = CreateThread(NULL, 0, mutate, (void *)i, 0, NULL);
    let_them_work();
    first = total = pass();
    ok(first == HEAP_PAGES, "the first pass copied %lu pages", (unsigned long)first);
    do {
        let_them_work();
        last = pass();
        total += last;
    } while (last > HEAP_PAGES / 50 && ++passes < MAX_PASSES);
    ok(last <= HEAP_PAGES / 50, "after %lu passes %lu pages are still written in one",
       (unsigned long)passes, (unsigned long)last);

    let_them_work();
    stop = 1;
    ok(WaitForMultipleObjects(MUTATORS, threads, TRUE, 20000) == WAIT_OBJECT_0, "a thread hangs");
    last = pass();
    ok(last && last < HEAP_PAGES / 10, "the final pause copied %lu pages", (unsigned long)last);
    ok(!memcmp(copy, heap, HEAP_BYTES), "the copy differs");
    ok(!pass(), "pages are left");
    trace("%lu pages, %lu in all passes, %lu in the final pause, %ld rounds of changes",
          (unsigned long)first, (unsigned long)(total + last), (unsigned long)last, rounds);
    for (int i = 0; i < MUTATORS; i++)
        CloseHandle(threads[i]);
    /* The proof is one only if a missed page would show. */
    heap[HEAP_BYTES / 2] ^= 1;
    ok(memcmp(copy, heap, HEAP_BYTES) != 0, "the comparison sees nothing");
    ok(pass() == 1 && !memcmp(copy, heap, HEAP_BYTES), "one more pass");
    VirtualFree(copy, 0, MEM_RELEASE);
    VirtualFree(heap, 0, MEM_RELEASE);
}

CONFORMANCE("memory: write watch, checkpoint", test_checkpoint)
