/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * PAGE_GUARD and VirtualLock on watched pages. [T]: Wine's test_guard_page (i386 there; nothing in it is of
 * one CPU), parts of which are marked todo and pass on Windows.
 */
#include "write_watch.h"

#define GUARD_VIOLATION 0x80000001u /* STATUS_GUARD_PAGE_VIOLATION, which is not mapped to another error */

static volatile LONG guards;
static char *volatile written_by_handler;

static LONG CALLBACK count_guards(EXCEPTION_POINTERS *info)
{
    if (info->ExceptionRecord->ExceptionCode != EXCEPTION_GUARD_PAGE)
        return EXCEPTION_CONTINUE_SEARCH;
    guards++;
    if (written_by_handler)
        *written_by_handler = 1;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static void set_guard(int index, DWORD protection)
{
    DWORD old;

    ok(VirtualProtect(page(index), 4096, protection | PAGE_GUARD, &old), "VirtualProtect: %lu",
       GetLastError());
}

/* One exception, the guard is gone, then the write counts; a second write raises nothing. */
static void test_write(void)
{
    MEMORY_BASIC_INFORMATION info;
    void *handler = AddVectoredExceptionHandler(TRUE, count_guards);

    allocate(MEM_COMMIT, PAGE_READWRITE | PAGE_GUARD);
    EXPECT(0);
    guards = 0;
    *(volatile char *)page(2) = 1;
    ok(guards == 1, "%ld exceptions", guards);
    EXPECT(0, 2);
    *(volatile char *)page(2) = 2;
    ok(guards == 1, "%ld exceptions", guards);
    VirtualQuery(page(2), &info, sizeof(info));
    ok(info.Protect == PAGE_READWRITE && info.RegionSize == 4096, "protection %lx", info.Protect);
    VirtualQuery(page(3), &info, sizeof(info));
    ok(info.Protect == (PAGE_READWRITE | PAGE_GUARD), "protection %lx", info.Protect);
    EXPECT(WRITE_WATCH_FLAG_RESET, 2);
    EXPECT(0);
    RemoveVectoredExceptionHandler(handler);
    release();
}

/* A read raises it too, and counts only what the handler itself writes. */
static void test_read(void)
{
    void *handler = AddVectoredExceptionHandler(TRUE, count_guards);

    allocate(MEM_COMMIT, PAGE_READWRITE);
    set_guard(1, PAGE_READWRITE);
    guards = 0;
    *(volatile char *)page(1);
    ok(guards == 1, "%ld exceptions", guards);
    EXPECT(0);
    set_guard(1, PAGE_READWRITE);
    written_by_handler = page(1) + 8;
    *(volatile char *)page(1);
    written_by_handler = NULL;
    ok(guards == 2, "%ld exceptions", guards);
    EXPECT(WRITE_WATCH_FLAG_RESET, 1);
    RemoveVectoredExceptionHandler(handler);
    release();
}

/* VirtualLock fails once on a guard page and leaves no mark; the second one locks, and a locked page
 * is reported as written (not on Windows 8). */
static void test_lock_of_guard_page(void)
{
    allocate(MEM_COMMIT, PAGE_READWRITE);
    set_guard(4, PAGE_READWRITE);
    SetLastError(0xdeadbeef);
    todo_wine {
        BOOL locked = VirtualLock(page(4), 4096);
        DWORD error = GetLastError();

        ok(!locked && error == GUARD_VIOLATION, "locked %d, error %lx", locked, error);
    }
    EXPECT(0);
    todo_wine ok(VirtualLock(page(4), 4096), "VirtualLock: %lu", GetLastError());
    todo_wine {
        UINT result = get_range(WRITE_WATCH_FLAG_RESET, base, SIZE);

        ok(!result && ((count == 1 && results[0] == page(4)) || broken(!count)),
           "answer %u, %lu pages after VirtualLock", result, (unsigned long)count);
    }
    EXPECT(0); /* a page that stays locked is reset as any other */
    if (!is_wine()) { /* the guard is still there on Wine */
        page(4)[1] = 1;
        EXPECT(0, 4);
        ok(VirtualUnlock(page(4), 4096), "VirtualUnlock: %lu", GetLastError());
        EXPECT(0, 4);
    }
    release();
}

/* The same rule without a guard page; a lock that fails marks nothing. */
static void test_lock(void)
{
    DWORD old;

    allocate(0, PAGE_READWRITE);
    VirtualAlloc(base, 4 * 4096, MEM_COMMIT, PAGE_READWRITE);
    ok(!VirtualLock(base, 6 * 4096), "reserved pages are locked");
    EXPECT(0);
    VirtualProtect(page(3), 4096, PAGE_NOACCESS, &old);
    ok(!VirtualLock(base, 4 * 4096), "an inaccessible page is locked");
    EXPECT(0);
    ok(VirtualLock(page(1), 2 * 4096), "VirtualLock: %lu", GetLastError());
    todo_wine {
        UINT result = get_range(0, base, SIZE);

        ok(!result && ((count == 2 && results[0] == page(1) && results[1] == page(2)) ||
                       broken(!count)),
           "answer %u, %lu pages after VirtualLock", result, (unsigned long)count);
    }
    release();
}

CONFORMANCE("memory: write watch, guard pages", test_write, test_read, test_lock_of_guard_page,
            test_lock)
