/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Many pages: every second one of 640 MiB is written, which leaves more stretches of written and clean pages than
 * Linux allows mappings (vm.max_map_count, 65,530). A host that protects page by page must not lose
 * writes there, nor hang: Wine 8 and 10 do for ever. [D]: nothing in GetWriteWatch depends on the pattern.
 */
#include "write_watch.h"

#define MANY_PAGES ((SIZE_T)640 * 256)
#define ROOM       4096

static char *memory;

static char *byte_of(SIZE_T index)
{
    return memory + index * 4096 + 5;
}

/* Reports and resets all, with a buffer that is much too short, as collectors do: until it comes back not
 * full. Each page that `expected` names must be among it; others only if `may_have_more`. */
static void collect(SIZE_T step, BOOL may_have_more, const char *what)
{
    static void *found[ROOM];
    SIZE_T next = 0, total = 0, calls = 0;
    ULONG_PTR got;
    BOOL ascends = TRUE;
    char *last = NULL;

    do {
        got = ROOM;
        if (GetWriteWatch(WRITE_WATCH_FLAG_RESET, memory, MANY_PAGES * 4096, found, &got, &granularity)) {
            ok(0, "%s: GetWriteWatch: %lu", what, GetLastError());
            return;
        }
        for (ULONG_PTR i = 0; i < got; i++) {
            ascends &= (char *)found[i] > last;
            last = found[i];
            if (found[i] == memory + next * 4096)
                next += step;
        }
        total += got;
    } while (got == ROOM && ++calls <= MANY_PAGES / ROOM);
    ok(calls <= MANY_PAGES / ROOM, "%s: it does not end", what);
    ok(next >= MANY_PAGES, "%s: page %lu is missing", what, (unsigned long)next);
    ok(may_have_more || total == (MANY_PAGES + step - 1) / step, "%s: %lu pages", what,
       (unsigned long)total);
    ok(ascends, "%s: not ascending", what);
    trace("%s: %lu pages", what, (unsigned long)total);
}

static void test_alternate_pages(void)
{
    const char *backend = getenv("DECANT_WRITE_WATCH");
    DWORD old;
    SIZE_T wrong = 0;

    if (is_wine()) {
        skip("Wine 8 and 10 hang here");
        return;
    }
    memory = VirtualAlloc(NULL, MANY_PAGES * 4096, MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH,
                          PAGE_READWRITE);
    ok(memory != NULL, "VirtualAlloc: %lu", GetLastError());
    if (!memory)
        return;
    for (SIZE_T i = 0; i < MANY_PAGES; i += 2)
        *byte_of(i) = 1;
    /* Where mappings run out Decant's mprotect backend opens, and reports, pages beside the written. */
    collect(2, is_decant() && !(backend && !strcmp(backend, "pagemap")), "alternate pages");
    for (SIZE_T i = 0; i < MANY_PAGES; i += 1000)
        *byte_of(i) = 2;
    collect(1000, FALSE, "few pages");
    /* The other half, while every second page is read-only: the host's own protections take mappings. */
    for (SIZE_T i = 0; i < 20000; i += 2)
        if (!VirtualProtect(memory + i * 4096, 4096, PAGE_READONLY, &old))
            wrong++;
    trace("%lu protections failed", (unsigned long)wrong);
    for (SIZE_T i = 1; i < MANY_PAGES; i += 2)
        *byte_of(i) = 3;
    VirtualProtect(memory, MANY_PAGES * 4096, PAGE_READWRITE, &old);
    for (SIZE_T i = 0; i < MANY_PAGES; i += 2)
        *byte_of(i) = 4;
    collect(1, FALSE, "all pages");
    count = 1;
    ok(!GetWriteWatch(0, memory, MANY_PAGES * 4096, results, &count, &granularity) && !count,
       "%lu pages at the end", (unsigned long)count);
    VirtualFree(memory, 0, MEM_RELEASE);
}

CONFORMANCE("memory: write watch, many pages", test_alternate_pages)
