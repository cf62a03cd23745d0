/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The write-watch engine against a model: random writes, reads, resets, latches, marks, decommits and
 * protections, short buffers, over a region that is not aligned to page tables, on each backend. Then what a model
 * cannot say: a scan that fails, the limit on mappings, a reserve that is too big to touch.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "cmocka_all.h"
#include "decant/write_watch.h"

#define PAGES 1500 /* three page tables, the outer ones in part */
#define BYTES (PAGES * WW_PAGE_BYTES)

static struct ww_region *region;
static char *memory;
static size_t region_bytes;
static void *found[PAGES];
static int reports;

/* What the host, which is this program, lets be done with each page; all, unless the test says otherwise. */
static int protections[PAGES];
static bool has_protections;

static int wanted_access(const struct ww_region *of, void *address, size_t *bytes)
{
    size_t page = (size_t)((char *)address - memory) / WW_PAGE_BYTES, end = page + 1;

    (void)of;
    if (!has_protections)
        return PROT_READ | PROT_WRITE;
    while (end < PAGES && protections[end] == protections[page])
        end++;
    *bytes = (end - page) * WW_PAGE_BYTES;
    return protections[page];
}

static void count_report(const char *text)
{
    (void)text;
    reports++;
}

static const struct ww_host host = {.report = count_report, .wanted_access = wanted_access};

static void handle_fault(int number, siginfo_t *info, void *context)
{
    (void)context;
    if (!region || (char *)info->si_addr < memory || (char *)info->si_addr >= memory + region_bytes ||
        !ww_handle_fault(region, (void *)((uintptr_t)info->si_addr & ~(WW_PAGE_BYTES - 1))))
        signal(number, SIG_DFL);
}

static void open_region(size_t bytes)
{
    struct sigaction action = {.sa_sigaction = handle_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
    char *base;

    sigaction(SIGSEGV, &action, NULL);
    base = mmap(NULL, bytes + 2 * WW_PAGE_BYTES, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(base != MAP_FAILED);
    memory = base + WW_PAGE_BYTES;
    region_bytes = bytes;
    assert_int_equal(ww_add(memory, bytes, &region), 0);
    mprotect(memory, bytes, ww_filter_access(region, memory, bytes, PROT_READ | PROT_WRITE));
}

static void close_region(void)
{
    ww_remove(region);
    region = NULL;
    munmap(memory - WW_PAGE_BYTES, region_bytes + 2 * WW_PAGE_BYTES);
}

static bool dirty[PAGES], latched[PAGES];

static void compare(size_t first, size_t count, bool reset, size_t limit)
{
    size_t wanted = 0, got = limit, at = first;

    assert_int_equal(ww_get(region, memory + first * WW_PAGE_BYTES, count * WW_PAGE_BYTES, reset,
                            found, &got), 0);
    for (; at < first + count && wanted < limit; at++) {
        if (!dirty[at] && !latched[at])
            continue;
        assert_true(wanted < got);
        assert_ptr_equal(found[wanted], memory + at * WW_PAGE_BYTES);
        if (reset)
            dirty[at] = latched[at] = false;
        wanted++;
    }
    assert_int_equal(got, wanted);
}

/* As the host does it: latch, then protect. Splits and joins mappings. */
static void protect(size_t first, size_t count, int access)
{
    char *at = memory + first * WW_PAGE_BYTES;

    ww_latch(region, at, count * WW_PAGE_BYTES);
    for (size_t i = first; i < first + count; i++) {
        latched[i] |= dirty[i];
        protections[i] = access;
    }
    assert_int_equal(mprotect(at, count * WW_PAGE_BYTES,
                              ww_filter_access(region, at, count * WW_PAGE_BYTES, access)), 0);
}

static void write_page(size_t index)
{
    if (!(protections[index] & PROT_WRITE))
        return;
    memory[index * WW_PAGE_BYTES + (size_t)rand() % WW_PAGE_BYTES] = 1;
    dirty[index] = true;
}

/* More stretches of pages than the kernel reports at a time (512), and buffers that end beside that. */
static void compare_many_stretches(void)
{
    static const size_t limits[] = {511, 512, 513, 1, 749};

    for (size_t i = 0; i < PAGES; i += 2)
        write_page(i);
    compare(0, PAGES, false, PAGES);
    for (size_t i = 0; i < 5; i++)
        compare(0, PAGES, i % 2, limits[i]);
    compare(0, PAGES, true, PAGES);
}

static void test_model(void **state)
{
    static const int accesses[] = {PROT_READ, PROT_NONE, PROT_READ | PROT_WRITE,
                                   PROT_READ | PROT_WRITE | PROT_EXEC, PROT_READ | PROT_WRITE};

    (void)state;
    for (size_t i = 0; i < PAGES; i++)
        protections[i] = PROT_READ | PROT_WRITE;
    has_protections = true;
    open_region(BYTES);
    memset(dirty, 0, sizeof(dirty));
    memset(latched, 0, sizeof(latched));
    srand(42);
    for (int step = 0; step < 6000; step++) {
        size_t first = (size_t)rand() % PAGES, count = (size_t)rand() % (PAGES - first) + 1;
        char *at = memory + first * WW_PAGE_BYTES;

        if (rand() % 2 && count > 20)
            count = 20;
        switch (rand() % 15) {
        case 0:
            ww_latch(region, at, count * WW_PAGE_BYTES);
            for (size_t i = first; i < first + count; i++)
                latched[i] |= dirty[i];
            break;
        case 1:
            assert_int_equal(ww_decommit(region, at, count * WW_PAGE_BYTES), 0);
            if (protections[first] & PROT_READ)
                assert_int_equal(*(volatile char *)at, 0);
            memset(dirty + first, 0, count);
            break;
        case 2:
            assert_int_equal(ww_reset(region, at, count * WW_PAGE_BYTES), 0);
            memset(dirty + first, 0, count);
            memset(latched + first, 0, count);
            break;
        case 3:
            for (size_t i = 0; i < count; i++)
                if (protections[first + i] & PROT_READ)
                    (void)*(volatile char *)(at + i * WW_PAGE_BYTES);
            break;
        case 4:
        case 5:
            compare(first, count, rand() % 2, rand() % 2 ? (size_t)rand() % 9 + 1 : PAGES);
            break;
        case 6:
            compare(0, PAGES, rand() % 2, PAGES);
            break;
        case 7:
            protect(first, count, accesses[rand() % 5]);
            break;
        case 8:
            ww_mark(region, at, count * WW_PAGE_BYTES);
            memset(latched + first, 1, count);
            break;
        case 9:
            if (rand() % 20)
                break;
            protect(0, PAGES, PROT_READ | PROT_WRITE);
            compare_many_stretches();
            break;
        default:
            for (size_t i = 0; i < count; i += (size_t)rand() % 7 + 1)
                write_page(first + i);
        }
    }
    compare(0, PAGES, true, PAGES);
    compare(0, PAGES, false, PAGES);
    close_region();
    has_protections = false;
}

/* Something else was mapped over the region: the kernel refuses, and every page counts as written. */
static void test_failing_scan_reports_all(void **state)
{
    size_t count = PAGES;

    (void)state;
    if (ww_backend() == WW_MPROTECT)
        skip();
    open_region(BYTES);
    assert_true(mmap(memory + 8 * WW_PAGE_BYTES, WW_PAGE_BYTES, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED);
    assert_int_equal(ww_get(region, memory, 16 * WW_PAGE_BYTES, true, found, &count), 0);
    assert_int_equal(count, 16);
    for (size_t i = 0; i < 16; i++)
        assert_ptr_equal(found[i], memory + i * WW_PAGE_BYTES);
    count = 4;
    assert_int_equal(ww_get(region, memory, 16 * WW_PAGE_BYTES, false, found, &count), 0);
    assert_int_equal(count, 4);
    assert_int_equal(reports, 1); /* once, whatever the backend */
    close_region();
}

/* Every second page of 640 MiB makes more mappings than Linux allows (65,530): the mprotect backend may
 * report more, never less, and it ends. Stock Wine 8 and 10 loop here for ever. */
static void test_alternate_pages(void **state)
{
    const size_t pages = 640u * 256;
    void **all = calloc(pages, sizeof(*all));
    size_t count = pages, next = 0;

    (void)state;
    open_region(pages * WW_PAGE_BYTES);
    for (size_t i = 0; i < pages; i += 2)
        memory[i * WW_PAGE_BYTES] = 1;
    assert_int_equal(ww_get(region, memory, pages * WW_PAGE_BYTES, true, all, &count), 0);
    if (ww_backend() != WW_MPROTECT)
        assert_int_equal(count, pages / 2);
    for (size_t i = 0; i < count; i++)
        if (all[i] == memory + next * WW_PAGE_BYTES)
            next += 2;
    assert_int_equal(next, pages);
    memory[5 * WW_PAGE_BYTES] = 1;
    count = pages;
    assert_int_equal(ww_get(region, memory, pages * WW_PAGE_BYTES, true, all, &count), 0);
    assert_int_equal(count, 1);
    free(all);
    close_region();
}

/* kB of page tables, as /proc says. */
static long page_tables(void)
{
    char line[128];
    long size = -1;
    FILE *status = fopen("/proc/self/status", "re");

    assert_non_null(status);
    while (fgets(line, sizeof(line), status))
        if (sscanf(line, "VmPTE: %ld", &size) == 1)
            break;
    fclose(status);
    assert_true(size > 0);
    return size;
}

/* 256 GiB cost what the pages in use cost: no page tables for the rest, neither when it is added nor when it is scanned or
 * reset. (Page-table markers would take 512 MiB.) */
static void test_big_reserve(void **state)
{
    const size_t bytes = (size_t)256 << 30;
    size_t count = PAGES;
    long before;

    (void)state;
    if (ww_backend() == WW_MARKERS)
        skip();
    before = page_tables();
    open_region(bytes);
    memory[bytes / 2] = memory[bytes - 1] = 1;
    assert_int_equal(ww_get(region, memory, bytes, true, found, &count), 0);
    assert_int_equal(count, 2);
    assert_ptr_equal(found[1], memory + bytes - WW_PAGE_BYTES);
    assert_int_equal(ww_reset(region, memory, bytes), 0);
    count = PAGES;
    assert_int_equal(ww_get(region, memory, bytes, true, found, &count), 0);
    assert_int_equal(count, 0);
    print_message("%s: %ld kB of page tables for 256 GiB\n", ww_backend_name(ww_backend()),
                  page_tables() - before);
    assert_true(page_tables() - before < 256);
    close_region();
}

int main(void)
{
    static const char *const backends[] = {"pagemap", "markers", "mprotect"};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_failing_scan_reports_all),
        cmocka_unit_test(test_alternate_pages),
        cmocka_unit_test(test_big_reserve),
    };
    int failed = 0;

    for (int i = 0; i < 3; i++) {
        if (ww_init(&host, backends[i])) {
            print_message("%s does not work here: %s\n", backends[i], ww_backend_reason());
            failed += i == 2;
            continue;
        }
        print_message("backend %s\n", backends[i]);
        failed += cmocka_run_group_tests(tests, NULL, NULL);
    }
    return failed;
}
