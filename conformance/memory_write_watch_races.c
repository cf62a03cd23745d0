/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Races of scans and writes with what takes watched memory away: decommits, releases, placeholders, ends of
 * threads. [D]: VirtualFree and GetWriteWatch may be called by any thread at any time.
 */
#include <winternl.h>

#include "write_watch.h"

static volatile LONG stop, violations;

/* Skips the instruction of `store`. */
static LONG CALLBACK skip_store(EXCEPTION_POINTERS *info)
{
    if (info->ExceptionRecord->ExceptionCode != EXCEPTION_ACCESS_VIOLATION ||
        *(unsigned char *)info->ContextRecord->Rip != 0xc6)
        return EXCEPTION_CONTINUE_SEARCH;
    violations++;
    info->ContextRecord->Rip += 3;
    return EXCEPTION_CONTINUE_EXECUTION;
}

/* mov byte [rax], 1 */
static void store(char *address)
{
    __asm__ volatile(".byte 0xc6, 0x00, 0x01" : : "a"(address) : "memory");
}

static DWORD WINAPI write_all(void *argument)
{
    (void)argument;
    while (!stop)
        for (int i = 0; i < PAGES; i++)
            store(page(i));
    return 0;
}

/* [D] decommitted pages are zero when they are committed again, and what was written before is forgotten, also when
 * another thread writes without pause: its writes come before, and are dropped, or after, and fault. */
static void test_decommit_while_written(void)
{
    void *handler = AddVectoredExceptionHandler(TRUE, skip_store);
    int left = 0, reported = 0, refused = 0;
    ULONGLONG end = GetTickCount64() + 20000;
    HANDLE thread;

    stop = violations = 0;
    allocate(MEM_COMMIT, PAGE_READWRITE);
    thread = CreateThread(NULL, 0, write_all, NULL, 0, NULL);
    for (int round = 0; round < 500 || (violations < 200 && GetTickCount64() < end); round++) {
        ResetWriteWatch(base, SIZE);
        refused += !VirtualFree(base, SIZE, MEM_DECOMMIT);
        refused += get_range(0, base, SIZE) != 0;
        reported += (int)count;
        refused += !VirtualAlloc(base, SIZE, MEM_COMMIT, PAGE_READONLY);
        for (int i = 0; i < PAGES; i++)
            left += page(i)[0] != 0;
        refused += !VirtualAlloc(base, SIZE, MEM_COMMIT, PAGE_READWRITE);
        if (!(round % 16))
            SwitchToThread();
    }
    stop = 1;
    ok(WaitForSingleObject(thread, 20000) == WAIT_OBJECT_0, "the writer hangs");
    CloseHandle(thread);
    ok(!refused, "%d calls failed", refused);
    ok(!left, "%d pages had content after a decommit", left);
    if (!is_wine())
        ok(!reported, "%d decommitted pages are reported", reported);
    trace("%ld writes were refused", violations);
    RemoveVectoredExceptionHandler(handler);
    release();
}

/* Long enough for a scan that is in the first part while the second changes hands. */
#define FIRST  ((SIZE_T)16 << 20)
#define SECOND ((SIZE_T)PAGES * 4096)

static char *volatile whole;
static volatile LONG passes;

/* Resets all of an allocation of which a part is released meanwhile. */
static DWORD WINAPI reset_whole(void *argument)
{
    const ULONG_PTR room = (FIRST + SECOND) / 4096;
    void **found = malloc(room * sizeof(*found));

    (void)argument;
    while (!stop) {
        char *memory = whole;
        ULONG_PTR got = room;
        ULONG grain;

        if (memory)
            GetWriteWatch(WRITE_WATCH_FLAG_RESET, memory, FIRST + SECOND, found, &got, &grain);
        else
            SwitchToThread();
        passes++;
    }
    free(found);
    return 0;
}

/* A part of an allocation is released, and its addresses given to another one: a scan of the first that is under way
 * must not reset pages of the second. (NtFreeVirtualMemory releases parts: documented for ZwFreeVirtualMemory.) */
static void test_partial_release_while_scanned(void)
{
    typedef LONG(WINAPI * free_memory)(HANDLE, void **, SIZE_T *, ULONG);
    free_memory nt_free = (free_memory)(void *)GetProcAddress(GetModuleHandleA("ntdll.dll"),
                                                              "NtFreeVirtualMemory");
    int lost = 0, refused = 0, taken = 0;
    HANDLE thread;

    stop = 0;
    whole = NULL;
    thread = CreateThread(NULL, 0, reset_whole, NULL, 0, NULL);
    for (int round = 0; round < 40; round++) {
        char *memory = VirtualAlloc(NULL, FIRST + SECOND, MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH,
                                    PAGE_READWRITE);
        void *part = memory + FIRST;
        SIZE_T size = SECOND;
        LONG status, before;

        for (SIZE_T i = 0; i < FIRST; i += 2 * 4096)
            memory[i] = 1;
        before = passes;
        whole = memory;
        for (int i = 0; i < 20 && passes == before; i++)
            SwitchToThread();
        status = nt_free(GetCurrentProcess(), &part, &size, MEM_RELEASE);
        base = VirtualAlloc(part, SECOND, MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH, PAGE_READWRITE);
        whole = NULL;
        if (status) {
            skip("no partial release here: %lx", status);
            VirtualFree(memory, 0, MEM_RELEASE);
            break;
        }
        taken += !base;
        for (int i = 0; base && i < PAGES; i++)
            page(i)[0] = 1;
        before = passes;
        while (passes - before < 2) /* until no scan of `memory` is under way */
            SwitchToThread();
        if (base) {
            refused += get_range(0, base, SIZE) != 0;
            lost += count != PAGES;
            VirtualFree(base, 0, MEM_RELEASE);
        }
        VirtualFree(memory, 0, MEM_RELEASE);
    }
    stop = 1;
    ok(WaitForSingleObject(thread, 20000) == WAIT_OBJECT_0, "the scanner hangs");
    CloseHandle(thread);
    ok(!refused, "%d scans failed", refused);
    ok(!lost, "%d times the new owner lost pages", lost);
    trace("%d times the addresses were taken", taken);
}

static volatile LONG scans;

static DWORD WINAPI scan_for_ever(void *argument)
{
    (void)argument;
    while (!stop) {
        void *pages[PAGES];
        ULONG_PTR got = PAGES;
        ULONG grain;

        *(volatile char *)page(3) = 1;
        GetWriteWatch(WRITE_WATCH_FLAG_RESET, base, SIZE, pages, &got, &grain);
        scans++;
    }
    return 0;
}

/* A thread that is suspended or ended within GetWriteWatch holds nobody else up: on Windows it stops when it leaves the
 * kernel. */
static void test_threads_that_end(void)
{
    if (is_wine()) {
        skip("a thread that is ended within Wine's calls keeps its locks");
        return;
    }
    stop = 0;
    allocate(MEM_COMMIT, PAGE_READWRITE);
    for (int round = 0; round < 200; round++) {
        HANDLE thread = CreateThread(NULL, 0, scan_for_ever, NULL, 0, NULL);
        LONG before = scans;

        while (scans - before < round % 8 + 1)
            SwitchToThread();
        if (round % 4 < 2) {
            ok(SuspendThread(thread) == 0, "SuspendThread: %lu", GetLastError());
            ok(!get_range(WRITE_WATCH_FLAG_RESET, base, SIZE), "get: %lu", GetLastError());
        }
        ok(TerminateThread(thread, 7), "TerminateThread: %lu", GetLastError());
        ok(WaitForSingleObject(thread, 20000) == WAIT_OBJECT_0, "round %d: it does not end", round);
        CloseHandle(thread);
        ok(!get_range(WRITE_WATCH_FLAG_RESET, base, SIZE), "get: %lu", GetLastError());
    }
    page(5)[0] = 1;
    EXPECT(0, 5);
    release();
}

CONFORMANCE("memory: write watch, races", test_decommit_while_written, test_partial_release_while_scanned,
            test_threads_that_end)
