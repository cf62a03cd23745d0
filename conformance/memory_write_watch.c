/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GetWriteWatch: what it reports, and how it judges its arguments. The other memory_write_watch_* programs have
 * a part of the subject each.
 */
#include "write_watch.h"

static void test_writes(void)
{
    allocate(MEM_COMMIT, PAGE_READWRITE);
    EXPECT(0);                               /* [T] fresh memory is clean */
    *(volatile char *)page(9);               /* a read is no write */
    EXPECT(0);
    page(1)[10] = 1;
    EXPECT(0, 1);
    EXPECT(0, 1);                            /* looking does not reset */
    EXPECT(WRITE_WATCH_FLAG_RESET, 1);
    EXPECT(WRITE_WATCH_FLAG_RESET);
    page(2)[0] = 1;
    page(4)[0] = 1;
    EXPECT(0, 2, 4);
    get_range(0, page(3), 2 * 4096);
    ok(count == 1 && results[0] == page(4), "a part of the range: %lu", (unsigned long)count);
    ok(!ResetWriteWatch(base, 3 * 4096), "ResetWriteWatch failed");
    EXPECT(0, 4);
    *(volatile DWORD *)(page(2) - 2) = 0xdeadbeef; /* straddles: both pages */
    EXPECT(0, 1, 2, 4);
    /* [D] writes, not changes: the same value, an exchange that fails or changes nothing. */
    ok(!ResetWriteWatch(page(4), 4096), "reset");
    *(volatile char *)page(4) = *(volatile char *)page(4);
    EXPECT(0, 1, 2, 4);
    InterlockedExchangeAdd((LONG *)page(9), 0);
    InterlockedCompareExchange((LONG *)page(10), 5, 4);
    EXPECT(0, 1, 2, 4, 9, 10);
    ok(!ResetWriteWatch(page(9), 2 * 4096), "reset");
    count = 1;
    ok(!GetWriteWatch(WRITE_WATCH_FLAG_RESET, base, SIZE, results, &count, &granularity),
       "short buffer");
    ok(count == 1 && results[0] == page(1), "a short buffer gets the lowest page");
    EXPECT(0, 2, 4);                         /* and only that one was reset */
    release();
}

static void test_rounding(void)
{
    allocate(MEM_COMMIT, PAGE_READWRITE);
    page(0)[0] = page(1)[0] = 1;
    get_range(0, base + 1, 1);
    ok(count == 1 && results[0] == page(0), "base + 1, size 1");
    get_range(0, base + 4095, 2);
    ok(count == 2, "base + 4095, size 2: %lu", (unsigned long)count);
    get_range(0, base + SIZE - 1, 1);
    ok(!count, "the last byte: %lu", (unsigned long)count);
    page(15)[0] = 1;
    get_range(WRITE_WATCH_FLAG_RESET, base + SIZE - 1, 1);
    ok(count == 1 && results[0] == page(15), "the last byte: %lu", (unsigned long)count);
    EXPECT(0, 0, 1);
    release();
}

static void expect_failure(int line, DWORD flags, void *address, SIZE_T size, void **array,
                           ULONG_PTR *counter, ULONG *grain, DWORD error)
{
    SetLastError(0xdeadbeef);
    conformance_ok(line, GetWriteWatch(flags, address, size, array, counter, grain) == ~0u,
                   "GetWriteWatch succeeded");
    conformance_ok(line, GetLastError() == error, "error %lu, not %lu", GetLastError(), error);
}

#define FAILS(error, ...) expect_failure(__LINE__, __VA_ARGS__, error)

static void test_parameters(void)
{
    char *other, *second;

    allocate(MEM_COMMIT, PAGE_READWRITE);
    page(3)[0] = 1;
    count = 4;
    /* [T] in this order: NULL counts, then a count or size of 0, then flags, then the array. */
    FAILS(ERROR_NOACCESS, 0, base, SIZE, results, NULL, &granularity);
    FAILS(ERROR_NOACCESS, 0, base, SIZE, results, &count, NULL);
    FAILS(ERROR_NOACCESS, 0xdeadbeef, base, 0, NULL, NULL, NULL);
    FAILS(ERROR_NOACCESS, 0xdeadbeef, base, 0, NULL, &count, NULL);
    FAILS(ERROR_NOACCESS, 0, base, SIZE, results, (ULONG_PTR *)8, &granularity);
    FAILS(ERROR_NOACCESS, 0, base, SIZE, results, &count, (ULONG *)8);
    FAILS(ERROR_INVALID_PARAMETER, 0, base, 0, results, &count, &granularity);
    FAILS(ERROR_INVALID_PARAMETER, 0, base, 0, NULL, &count, &granularity);
    count = 0;
    FAILS(ERROR_INVALID_PARAMETER, 0, base, SIZE, results, &count, &granularity);
    FAILS(ERROR_INVALID_PARAMETER, 0, base, SIZE, NULL, &count, &granularity);
    count = 4;
    FAILS(ERROR_INVALID_PARAMETER, 0xdeadbeef, base, SIZE, results, &count, &granularity);
    FAILS(ERROR_NOACCESS, 0, base, SIZE, NULL, &count, &granularity);
    FAILS(ERROR_NOACCESS, 0, base, 4096, NULL, &count, &granularity); /* also where nothing is to be stored */
    FAILS(ERROR_INVALID_PARAMETER, 0, NULL, SIZE, results, &count, &granularity);
    FAILS(ERROR_INVALID_PARAMETER, 0, GetModuleHandleA(NULL), SIZE, results, &count, &granularity);
    FAILS(ERROR_INVALID_PARAMETER, 0, base, SIZE * 2, results, &count, &granularity);
    FAILS(ERROR_INVALID_PARAMETER, 0, base, SIZE + 1, results, &count, &granularity);
    FAILS(ERROR_INVALID_PARAMETER, 0, base - 1, 2, results, &count, &granularity);
    FAILS(ERROR_INVALID_PARAMETER, 0, base, (SIZE_T)-1, results, &count, &granularity);
    FAILS(ERROR_INVALID_PARAMETER, 0, (void *)(ULONG_PTR)0xffff800000000000ull, 4096, results, &count,
          &granularity);
    ok(count == 4, "a failure changed the count to %lu", (unsigned long)count);
    ok(ResetWriteWatch(base, 0) == ~0u && GetLastError() == ERROR_INVALID_PARAMETER, "size 0");
    ok(ResetWriteWatch(GetModuleHandleA(NULL), 4096) == ~0u &&
           GetLastError() == ERROR_INVALID_PARAMETER,
       "a module");
    EXPECT(0, 3); /* none of these reset anything */

    /* Memory that is not watched. */
    other = VirtualAlloc(NULL, SIZE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    FAILS(ERROR_INVALID_PARAMETER, 0, other, SIZE, results, &count, &granularity);
    VirtualFree(other, 0, MEM_RELEASE);

    /* [D] the range must lie in one allocation. */
    second = VirtualAlloc(base + SIZE, SIZE, MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH,
                          PAGE_READWRITE);
    if (second == base + SIZE)
        FAILS(ERROR_INVALID_PARAMETER, 0, base, SIZE * 2, results, &count, &granularity);
    else
        skip("the address behind the allocation is taken");
    if (second)
        VirtualFree(second, 0, MEM_RELEASE);
    VirtualFree(base, 0, MEM_RELEASE);
    FAILS(ERROR_INVALID_PARAMETER, 0, base, SIZE, results, &count, &granularity);
}

/* A failure stores nothing, wherever the arguments lie, and a success nothing but what it must. */
static void test_outputs(void)
{
    void **array;
    ULONG_PTR *counter;

    allocate(MEM_COMMIT, PAGE_READWRITE);
    page(3)[0] = page(5)[0] = 1;
    /* [A] arguments in watched memory, of a call that fails. */
    array = (void **)page(8);
    counter = (ULONG_PTR *)page(9);
    *counter = 8;
    ok(!ResetWriteWatch(page(9), 4096), "reset");
    FAILS(ERROR_INVALID_PARAMETER, 2, base, SIZE, array, counter, (ULONG *)page(10));
    FAILS(ERROR_INVALID_PARAMETER, 0, base, SIZE * 2, array, counter, (ULONG *)page(10));
    ok(*counter == 8, "the count is %lu", (unsigned long)*counter);
    EXPECT(0, 3, 5);
    /* And of one that succeeds [?] (Windows may probe them by writing): the answer is right, and they are
     * stored after the scan. */
    ok(!GetWriteWatch(WRITE_WATCH_FLAG_RESET, base, SIZE, array, counter, (ULONG *)page(10)), "get");
    if (is_decant())
        ok(*counter == 2 && array[0] == page(3) && array[1] == page(5) && *(ULONG *)page(10) == 4096,
           "%lu pages", (unsigned long)*counter);
    if (is_decant())
        EXPECT(0, 8, 9, 10);
    release();
}

/* [D] a call that fails resets nothing, also when it is the answer that cannot be stored. */
static void test_answers_that_cannot_be_stored(void)
{
    char *closed = VirtualAlloc(NULL, 2 * 4096, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    void **array = (void **)(closed + 4096 - sizeof(void *)); /* the second entry is behind it */
    ULONG_PTR *counter = (ULONG_PTR *)(closed + 4096);
    DWORD old;

    allocate(MEM_COMMIT, PAGE_READWRITE);
    page(3)[0] = page(5)[0] = page(7)[0] = 1;
    *counter = 3;
    VirtualProtect(closed + 4096, 4096, PAGE_READONLY, &old);
    count = 3;
    FAILS(ERROR_NOACCESS, WRITE_WATCH_FLAG_RESET, base, SIZE, array, &count, &granularity);
    ok(count == 3, "the count is %lu", (unsigned long)count);
    EXPECT(0, 3, 5, 7);
    FAILS(ERROR_NOACCESS, WRITE_WATCH_FLAG_RESET, base, SIZE, results, counter, &granularity);
    todo_wine EXPECT(WRITE_WATCH_FLAG_RESET, 3, 5, 7);
    EXPECT(0);
    VirtualFree(closed, 0, MEM_RELEASE);
    release();
}

/* A count that nobody's buffer has, or that wraps, allocates nothing and reports what there is. [T] for a
 * count above the number of pages; the array behind the entries need not even exist. */
static void test_huge_counts(void)
{
    static const ULONG_PTR counts[] = {1u << 20, (ULONG_PTR)1 << 32, (ULONG_PTR)1 << 61, ~(ULONG_PTR)0};
    char *array = VirtualAlloc(NULL, 2 * 4096, MEM_RESERVE, PAGE_READWRITE);

    VirtualAlloc(array, 4096, MEM_COMMIT, PAGE_READWRITE);
    allocate(MEM_COMMIT, PAGE_READWRITE);
    page(1)[0] = page(6)[0] = 1;
    for (size_t i = 0; i < ARRAYSIZE(counts); i++) {
        void **room = (void **)(array + 4096 - 2 * sizeof(void *));
        UINT result;

        count = counts[i];
        memset(room, 0xcc, 2 * sizeof(void *));
        result = GetWriteWatch(0, base, SIZE, room, &count, &granularity);
        /* [?] Windows may probe all that the count claims; Decant touches what it stores. */
        if (is_decant())
            ok(!result && count == 2 && room[0] == page(1) && room[1] == page(6),
               "count %llx: answer %u, error %lu, %lu pages", (unsigned long long)counts[i], result,
               GetLastError(), (unsigned long)count);
    }
    VirtualFree(array, 0, MEM_RELEASE);
    release();
}

CONFORMANCE("memory: write watch", test_writes, test_rounding, test_parameters, test_outputs,
            test_answers_that_cannot_be_stored, test_huge_counts)
