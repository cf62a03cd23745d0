/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Write watch in another process: VirtualAllocEx(MEM_WRITE_WATCH), NtGetWriteWatch and NtResetWriteWatch with its
 * handle, writes by that process and from outside, while it or we reset.
 *
 * Sources: VirtualAllocEx's and GetWriteWatch's pages in Microsoft's documentation; NtGetWriteWatch takes a process
 * handle (its prototype), and the rules of Wine's test_write_watch (dlls/kernel32/tests/virtual.c), which passes on
 * Windows for one's own process, hold for its pages. Wine itself ignores the process: the test is skipped there.
 */
#define CONFORMANCE_CHILD child
static int child(int argc, char **argv);
#include "conformance.h"
#include "conformance_child.h"

#define PAGE  4096
#define PAGES 16
#define SIZE  (PAGES * PAGE)

typedef LONG WINAPI nt_get(HANDLE, ULONG, void *, SIZE_T, void **, ULONG_PTR *, ULONG *);
typedef LONG WINAPI nt_reset(HANDLE, void *, SIZE_T);
static nt_get *get;
static nt_reset *reset;
static void *results[PAGES + 1];

/* What the child is asked to do with memory at an address. */
struct command {
    char what;
    char *address;
    SIZE_T size;
};

/* Resets without pause while the parent writes, and copies what is reported. Says how many pages were, or -2 when
 * the copy lacks a write in the end: one whose bytes came after its report. */
static LONG64 watch_from_inside(char *base)
{
    static char copy[SIZE];
    volatile LONG *stop = (volatile LONG *)base; /* page 0 is the parent's word */
    LONG64 seen = 0;

    for (;;) {
        void *pages[PAGES];
        ULONG_PTR count = PAGES;
        ULONG granularity;
        BOOL is_last = *stop;

        if (GetWriteWatch(WRITE_WATCH_FLAG_RESET, base + PAGE, SIZE - PAGE, pages, &count,
                          &granularity))
            return -1;
        for (ULONG_PTR i = 0; i < count; i++)
            memcpy(copy + ((char *)pages[i] - base), pages[i], PAGE);
        seen += count;
        if (is_last)
            return memcmp(copy + PAGE, base + PAGE, SIZE - PAGE) ? -2 : seen;
    }
}

static int child(int argc, char **argv)
{
    struct command command;
    DWORD got, old;
    LONG64 answer;

    (void)argc, (void)argv;
    child_say("!", 1);
    while (ReadFile(GetStdHandle(STD_INPUT_HANDLE), &command, sizeof(command), &got, NULL) &&
           got == sizeof(command)) {
        answer = 0;
        switch (command.what) {
        case 'a': /* allocate watched memory */
            answer = (LONG64)(ULONG_PTR)VirtualAlloc(
                command.address, command.size, MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH,
                PAGE_READWRITE);
            break;
        case 'w': /* write a byte */
            *(volatile char *)command.address = 1;
            break;
        case 'r': /* read one */
            answer = *(volatile char *)command.address;
            break;
        case 'p': /* change the protection, which latches */
            answer = VirtualProtect(command.address, command.size, PAGE_READWRITE, &old);
            break;
        case 'd':
            answer = VirtualFree(command.address, command.size, MEM_DECOMMIT);
            break;
        case 'c':
            answer = VirtualAlloc(command.address, command.size, MEM_COMMIT, PAGE_READWRITE) != NULL;
            break;
        case 'l':
            answer = watch_from_inside(command.address);
            break;
        }
        child_say(&answer, sizeof(answer));
    }
    return 0;
}

static void tell(struct child *other, char what, void *address, SIZE_T size)
{
    struct command command;
    DWORD done;

    memset(&command, 0, sizeof(command));
    command.what = what;
    command.address = address;
    command.size = size;
    ok(WriteFile(other->hold, &command, sizeof(command), &done, NULL), "the child is gone");
}

static LONG64 ask(struct child *other, char what, void *address, SIZE_T size)
{
    LONG64 answer = -2;

    tell(other, what, address, size);
    ok(child_read(other, &answer, sizeof(answer)), "no answer");
    return answer;
}

/* The written pages as a bit each; -1: refused, or the report does not fit the rules. */
static int written(struct child *other, ULONG flags, char *base, SIZE_T size)
{
    ULONG granularity = 0xdeadbeef;
    ULONG_PTR count = PAGES;
    int mask = 0;
    LONG status;

    memset(results, 0xcc, sizeof(results));
    status = get(other->process, flags, base, size, results, &count, &granularity);
    ok(!status, "NtGetWriteWatch: %lx", status);
    if (status || granularity != PAGE || count > PAGES)
        return -1;
    for (ULONG_PTR i = 0; i < count; i++) {
        if (((ULONG_PTR)results[i] & (PAGE - 1)) || (i && results[i] <= results[i - 1]))
            return -1;
        mask |= 1 << (((char *)results[i] - base) / PAGE);
    }
    return mask;
}

static BOOL start(struct child *other)
{
    get = (nt_get *)(void *)GetProcAddress(GetModuleHandleA("ntdll.dll"), "NtGetWriteWatch");
    reset = (nt_reset *)(void *)GetProcAddress(GetModuleHandleA("ntdll.dll"), "NtResetWriteWatch");
    if (is_wine()) {
        skip("Wine ignores the process");
        return FALSE;
    }
    *other = child_start("x");
    return TRUE;
}

/* Memory that we allocate there behaves as what it allocates itself. */
static void test_allocated_from_outside(void)
{
    struct child other;
    char *base, byte = 7;
    SIZE_T done;
    int mask;

    if (!start(&other))
        return;
    base = VirtualAllocEx(other.process, NULL, SIZE, MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH,
                          PAGE_READWRITE);
    ok(base != NULL, "VirtualAllocEx: error %lu", GetLastError());
    mask = written(&other, 0, base, SIZE);
    ok(mask == 0, "fresh: %x", mask);
    ask(&other, 'r', base + 2 * PAGE, 0);
    mask = written(&other, 0, base, SIZE);
    ok(mask == 0, "after reading: %x", mask);
    ask(&other, 'w', base + PAGE, 0);
    mask = written(&other, 0, base, SIZE);
    ok(mask == 2, "its own write: %x", mask);
    ok(WriteProcessMemory(other.process, base + 4 * PAGE - 1, "ab", 2, &done) && done == 2,
       "WriteProcessMemory: error %lu", GetLastError());
    mask = written(&other, 0, base, SIZE);
    ok(mask == (2 | 8 | 16), "a write from outside, over two pages: %x", mask);
    ok(ReadProcessMemory(other.process, base + 8 * PAGE, &byte, 1, &done) && !byte, "read %d", byte);
    mask = written(&other, WRITE_WATCH_FLAG_RESET, base + 3 * PAGE, PAGE);
    ok(mask == 1, "one page, with reset: %x", mask);
    mask = written(&other, 0, base, SIZE);
    ok(mask == (2 | 16), "the rest: %x", mask);
    ok(!reset(other.process, base, SIZE), "NtResetWriteWatch");
    mask = written(&other, 0, base, SIZE);
    ok(mask == 0, "after it: %x", mask);
    /* Reserved only: nothing is reported. */
    ok(VirtualFreeEx(other.process, base, 0, MEM_RELEASE), "release: error %lu", GetLastError());
    base = VirtualAllocEx(other.process, NULL, SIZE, MEM_RESERVE | MEM_WRITE_WATCH, PAGE_READWRITE);
    mask = written(&other, WRITE_WATCH_FLAG_RESET, base, SIZE);
    ok(mask == 0, "reserved: %x", mask);
    ok(VirtualAllocEx(other.process, base + PAGE, PAGE, MEM_COMMIT, PAGE_READWRITE) == base + PAGE,
       "commit: error %lu", GetLastError());
    ask(&other, 'w', base + PAGE, 0);
    mask = written(&other, 0, base, SIZE);
    ok(mask == 2, "committed and written: %x", mask);
    ok(child_finish(&other) == 0, "exit code");
}

/* Fewer places than written pages: the lowest, and only those are reset. */
static void test_short_buffer(void)
{
    struct child other;
    ULONG granularity = 0;
    ULONG_PTR count = 2;
    char *base;
    LONG status;
    int mask;

    if (!start(&other))
        return;
    base = (char *)(ULONG_PTR)ask(&other, 'a', NULL, SIZE);
    for (int i = 1; i < 9; i += 2)
        ask(&other, 'w', base + i * PAGE, 0);
    memset(results, 0xcc, sizeof(results));
    status = get(other.process, WRITE_WATCH_FLAG_RESET, base, SIZE, results, &count, &granularity);
    ok(!status && count == 2 && results[0] == base + PAGE && results[1] == base + 3 * PAGE &&
           results[2] == (void *)0xcccccccccccccccc,
       "status %lx, %zu pages", status, (size_t)count);
    mask = written(&other, 0, base, SIZE);
    ok(mask == (1 << 5 | 1 << 7), "the rest: %x", mask);
    ok(child_finish(&other) == 0, "exit code");
}

/* A protection change latches what is written; a decommit drops the rest (test_write_watch). */
static void test_latched(void)
{
    struct child other;
    char *base;
    int mask;

    if (!start(&other))
        return;
    base = (char *)(ULONG_PTR)ask(&other, 'a', NULL, SIZE);
    ask(&other, 'w', base + 3 * PAGE, 0);
    ok(ask(&other, 'p', base, SIZE) == 1, "VirtualProtect");
    ask(&other, 'w', base + 5 * PAGE, 0);
    mask = written(&other, 0, base, SIZE);
    ok(mask == (8 | 32), "written: %x", mask);
    ok(ask(&other, 'd', base, SIZE) == 1, "decommit");
    mask = written(&other, 0, base, SIZE);
    ok(mask == 8, "after a decommit: %x", mask);
    ok(ask(&other, 'c', base, SIZE) == 1, "commit");
    mask = written(&other, WRITE_WATCH_FLAG_RESET, base, SIZE);
    ok(mask == 8, "after a commit: %x", mask);
    mask = written(&other, 0, base, SIZE);
    ok(mask == 0, "after the reset: %x", mask);
    ok(child_finish(&other) == 0, "exit code");
}

/* A write through a protection that denies it, as debuggers set breakpoints (WriteProcessMemory goes through the
 * protection of code), counts as any other; and a report that cannot be stored resets nothing. */
static void test_protected(void)
{
    struct child other;
    char *base, *sealed, byte = 1;
    ULONG granularity = 0xdeadbeef;
    ULONG_PTR count = PAGES;
    SIZE_T done;
    LONG status;
    DWORD old;
    int mask;

    if (!start(&other))
        return;
    base = (char *)(ULONG_PTR)ask(&other, 'a', NULL, SIZE);
    ok(VirtualProtectEx(other.process, base, SIZE, PAGE_EXECUTE_READ, &old), "protect: error %lu",
       GetLastError());
    ok(WriteProcessMemory(other.process, base + 6 * PAGE + 5, &byte, 1, &done) && done == 1,
       "WriteProcessMemory: error %lu", GetLastError());
    mask = written(&other, 0, base, SIZE);
    ok(mask == 1 << 6, "written: %x", mask);

    sealed = VirtualAlloc(NULL, PAGE, MEM_COMMIT, PAGE_READONLY);
    status = get(other.process, WRITE_WATCH_FLAG_RESET, base, SIZE, (void **)sealed, &count,
                 &granularity);
    ok(status == (LONG)0xc0000005, "a read-only array: %lx", status);
    mask = written(&other, WRITE_WATCH_FLAG_RESET, base, SIZE);
    ok(mask == 1 << 6, "after it: %x", mask);
    mask = written(&other, 0, base, SIZE);
    ok(mask == 0, "after the reset: %x", mask);
    VirtualFree(sealed, 0, MEM_RELEASE);
    ok(child_finish(&other) == 0, "exit code");
}

static void test_refused(void)
{
    struct child other;
    HANDLE weak;
    ULONG granularity = 0xdeadbeef;
    ULONG_PTR count;
    char *base, *both, *plain;
    LONG status;

    if (!start(&other))
        return;
    base = (char *)(ULONG_PTR)ask(&other, 'a', NULL, SIZE);
    plain = VirtualAllocEx(other.process, NULL, SIZE, MEM_COMMIT, PAGE_READWRITE);
    ask(&other, 'w', base, 0);
    memset(results, 0xcc, sizeof(results));
#define REFUSED(process, flags, address, size, number, expected)                                   \
    do {                                                                                           \
        count = number;                                                                            \
        status = get(process, flags, address, size, results, &count, &granularity);                \
        ok(status == (LONG)(expected) && count == (number) && granularity == 0xdeadbeef &&         \
               results[0] == (void *)0xcccccccccccccccc,                                           \
           "status %lx", status);                                                                  \
    } while (0)
    REFUSED(other.process, 0, plain, SIZE, PAGES, 0xc000000d);
    REFUSED(other.process, 0, base, SIZE + PAGE, PAGES, 0xc000000d);
    REFUSED(other.process, 0, base - PAGE, PAGE, PAGES, 0xc000000d);
    weak = OpenProcess(PROCESS_VM_READ | PROCESS_VM_WRITE | PROCESS_QUERY_INFORMATION, FALSE, other.id);
    REFUSED(weak, 0, base, SIZE, PAGES, 0xc0000022);
    REFUSED(weak, WRITE_WATCH_FLAG_RESET, base, SIZE, PAGES, 0xc0000022);
    status = reset(weak, base, SIZE);
    ok(status == (LONG)0xc0000022, "NtResetWriteWatch without PROCESS_VM_OPERATION: %lx", status);
    CloseHandle(weak);
    REFUSED((HANDLE)(ULONG_PTR)0xdead0, 0, base, SIZE, PAGES, 0xc0000008);
    status = reset(other.process, plain, SIZE);
    ok(status == (LONG)0xc000000d, "NtResetWriteWatch elsewhere: %lx", status);

    /* Two allocations side by side are two ranges. */
    both = VirtualAllocEx(other.process, NULL, 2 * SIZE, MEM_RESERVE, PAGE_NOACCESS);
    VirtualFreeEx(other.process, both, 0, MEM_RELEASE);
    ok(ask(&other, 'a', both, SIZE) == (LONG64)(ULONG_PTR)both &&
           ask(&other, 'a', both + SIZE, SIZE) == (LONG64)(ULONG_PTR)(both + SIZE),
       "two side by side at %p", both);
    REFUSED(other.process, 0, both, 2 * SIZE, PAGES, 0xc000000d);
    status = reset(other.process, both, 2 * SIZE);
    ok(status == (LONG)0xc000000d, "NtResetWriteWatch over two: %lx", status);
    REFUSED(other.process, 0, both + SIZE - PAGE, 2 * PAGE, PAGES, 0xc000000d);
#undef REFUSED
    status = written(&other, 0, base, SIZE);
    ok(status == 1, "a refused call changed something: %lx", status);
    ok(child_finish(&other) == 0, "exit code");
}

/* It resets without pause while we write: each of our writes succeeds, and is reported when its bytes are there, not
 * before, and never twice. */
static void test_races(void)
{
    enum { ROUNDS = 400 };
    struct child other;
    char *base, value;
    LONG stop = 1;
    LONG64 seen = 0;
    SIZE_T done;
    int failed = 0, lost = 0;

    if (!start(&other))
        return;
    base = (char *)(ULONG_PTR)ask(&other, 'a', NULL, SIZE);
    tell(&other, 'l', base, 0);
    for (int i = 0; i < ROUNDS; i++) {
        char *address = base + (1 + i % (PAGES - 1)) * PAGE + i;

        value = (char)(i + 1);
        failed += !WriteProcessMemory(other.process, address, &value, 1, &done);
        value = 0;
        lost += !ReadProcessMemory(other.process, address, &value, 1, &done) || value != (char)(i + 1);
    }
    ok(!failed && !lost, "%d writes failed, %d were lost", failed, lost);
    ok(WriteProcessMemory(other.process, base, &stop, sizeof(stop), &done), "stop: error %lu",
       GetLastError());
    ok(child_read(&other, &seen, sizeof(seen)), "no answer");
    /* Several writes to one page between two scans are one report; of a page that is written again there is
     * one at least. */
    ok(seen >= PAGES - 1 && seen <= ROUNDS, "it saw %lld writes of %d", seen, ROUNDS);
    ok(child_finish(&other) == 0, "exit code");
}

CONFORMANCE("write watch in another process", test_allocated_from_outside, test_short_buffer,
            test_latched, test_protected, test_refused, test_races)
