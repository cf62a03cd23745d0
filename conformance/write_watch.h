/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the memory_write_watch* programs share: one watched allocation of 16 pages, as in Wine's tests, and
 * one judgement of everything that a successful GetWriteWatch promises.
 *
 * Sources, as the programs name them: [D] Microsoft's reference pages; [T] what Wine's tests of kernel32,
 * ntdll and ws2_32 assert and Windows passes; [A] al-khaser's write-watch checks, which pass on Windows when nobody
 * debugs; [?] not documented: asserted for Decant only, with the reason.
 */
#ifndef DECANT_CONFORMANCE_WRITE_WATCH_H
#define DECANT_CONFORMANCE_WRITE_WATCH_H

#include "conformance.h"

#define PAGES 16
#define SIZE  (PAGES * 4096)

static char *base;
static void *results[PAGES * 4];
static ULONG_PTR count;
static ULONG granularity;

static inline char *page(int index)
{
    return base + index * 4096;
}

/* All outputs poisoned first. */
static inline UINT get_range(DWORD flags, void *address, SIZE_T size)
{
    count = ARRAYSIZE(results);
    granularity = 0xdeadbeef;
    memset(results, 0xcc, sizeof(results));
    SetLastError(0xdeadbeef);
    return GetWriteWatch(flags, address, size, results, &count, &granularity);
}

/* One condition, so that a todo covers it as a whole. [T] [D]: 0, the last error and the entries behind
 * the last left alone, 4096, the pages ascending. */
static inline void check_pages(int line, DWORD flags, int expected_count, const int *expected)
{
    UINT result = get_range(flags, base, SIZE);
    DWORD error = GetLastError();
    BOOL good = !result && error == 0xdeadbeef && granularity == 4096 &&
                count == (ULONG_PTR)expected_count;
    char found[128] = "";

    for (int i = 0; i < expected_count && good; i++)
        good = results[i] == page(expected[i]);
    good = good && results[count] == (void *)(ULONG_PTR)0xccccccccccccccccull;
    for (ULONG_PTR i = 0; i < count && i < PAGES && !result; i++)
        snprintf(found + strlen(found), sizeof(found) - strlen(found), " %d",
                 (int)(((char *)results[i] - base) / 4096));
    conformance_ok(line, good, "answer %u, error %lu, granularity %lu, %lu pages (not %d):%s",
                   result, error, granularity, (unsigned long)count, expected_count, found);
}

/* EXPECT(flags, page numbers…) */
#define EXPECT(flags, ...)                                                                         \
    do {                                                                                           \
        static const int pages_[] = {-1, ##__VA_ARGS__};                                           \
        check_pages(__LINE__, flags, ARRAYSIZE(pages_) - 1, pages_ + 1);                           \
    } while (0)

/* All 16 pages. */
#define EXPECT_ALL(flags) EXPECT(flags, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)

static inline void allocate(DWORD type, DWORD protect)
{
    base = VirtualAlloc(NULL, SIZE, type | MEM_RESERVE | MEM_WRITE_WATCH, protect);
    ok(base != NULL, "VirtualAlloc failed: %lu", GetLastError());
}

static inline void release(void)
{
    ok(VirtualFree(base, 0, MEM_RELEASE), "VirtualFree: %lu", GetLastError());
}

static inline void reset(void)
{
    ok(!ResetWriteWatch(base, SIZE), "ResetWriteWatch: %lu", GetLastError());
}

#endif
