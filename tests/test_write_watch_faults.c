/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The write-watch engine on a kernel that refuses or lies. This program's ioctl() stands before libc's and
 * makes PAGEMAP_SCAN fail or answer wrongly on order. What must hold: a refused scan reports every page,
 * resets nothing, says so once, and the region goes on by write-protection; a backend that the
 * self-test finds lying is not chosen.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "decant/uapi_pagemap.h"
#include "decant/write_watch.h"

#define PAGES 1024
#define BYTES (PAGES * WW_PAGE_BYTES)

static struct {
    int fail_from;      /* the scan that fails first, counted from 1; 0: none does */
    int error;
    bool ignores_zero_page, ignores_emptiness, ignores_reset, ignores_limit, finds_nothing;
    int scans;
} fault;

/* A kernel with these faults. */
int ioctl(int fd, unsigned long request, ...)
{
    struct pm_scan_arg *arg, asked;
    va_list list;
    void *pointer;
    int result;

    va_start(list, request);
    pointer = va_arg(list, void *);
    va_end(list);
    if (request != PAGEMAP_SCAN)
        return (int)syscall(SYS_ioctl, fd, request, pointer);
    if (++fault.scans >= fault.fail_from && fault.fail_from) {
        errno = fault.error;
        return -1;
    }
    arg = pointer;
    asked = *arg;
    if (fault.ignores_zero_page && arg->category_inverted & PAGE_IS_PFNZERO) {
        arg->category_inverted &= ~(uint64_t)PAGE_IS_PFNZERO;
        arg->category_mask &= ~(uint64_t)PAGE_IS_PFNZERO;
    }
    if (fault.ignores_emptiness)
        arg->category_anyof_mask = 0;
    if (fault.ignores_reset)
        arg->flags &= ~(uint64_t)PM_SCAN_WP_MATCHING;
    if (fault.ignores_limit)
        arg->max_pages = 0;
    result = (int)syscall(SYS_ioctl, fd, request, arg);
    asked.walk_end = arg->walk_end;
    *arg = asked;
    return fault.finds_nothing && result > 0 ? 0 : result;
}

static struct ww_region *region;
static char *memory;
static void *found[PAGES];
static int reports;

static int read_write(const struct ww_region *of, void *address, size_t *bytes)
{
    (void)of, (void)address, (void)bytes;
    return PROT_READ | PROT_WRITE;
}

static void count_report(const char *text)
{
    assert_non_null(strstr(text, "all pages count as written"));
    reports++;
}

static const struct ww_host host = {.report = count_report, .wanted_access = read_write};

static void handle_fault(int number, siginfo_t *info, void *context)
{
    (void)context;
    if (!region || (char *)info->si_addr < memory || (char *)info->si_addr >= memory + BYTES ||
        !ww_handle_fault(region, (void *)((uintptr_t)info->si_addr & ~(WW_PAGE_BYTES - 1))))
        signal(number, SIG_DFL);
}

/* False: this kernel has no PAGEMAP_SCAN to make fail. */
static bool open_region(const char *backend)
{
    struct sigaction action = {.sa_sigaction = handle_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};

    memset(&fault, 0, sizeof(fault));
    fault.error = EPERM;
    if (ww_init(&host, backend))
        return false;
    sigaction(SIGSEGV, &action, NULL);
    memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(memory != MAP_FAILED);
    assert_int_equal(ww_add(memory, BYTES, &region), 0);
    return true;
}

static void close_region(void)
{
    ww_remove(region);
    region = NULL;
    munmap(memory, BYTES);
}

static size_t get(size_t pages, bool reset, size_t limit)
{
    memset(found, 0xcc, sizeof(found));
    assert_int_equal(ww_get(region, memory, pages * WW_PAGE_BYTES, reset, found, &limit), 0);
    return limit;
}

static void expect_all(size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_ptr_equal(found[i], memory + i * WW_PAGE_BYTES);
}

/* What is exact again: by write-protection. */
static void expect_exact(void)
{
    memory[5 * WW_PAGE_BYTES] = 1;
    memory[900 * WW_PAGE_BYTES] = 1;
    assert_int_equal(get(PAGES, true, PAGES), 2);
    assert_ptr_equal(found[0], memory + 5 * WW_PAGE_BYTES);
    assert_ptr_equal(found[1], memory + 900 * WW_PAGE_BYTES);
    assert_int_equal(get(PAGES, false, PAGES), 0);
}

static void test_refused_scan(void **state)
{
    static const char *const backends[] = {"pagemap", "markers"};

    (void)state;
    for (int i = 0; i < 2; i++) {
        if (!open_region(backends[i]))
            skip();
        memory[3 * WW_PAGE_BYTES] = 1;
        fault.fail_from = fault.scans + 1;
        assert_false(ww_has_failed(region));
        assert_int_equal(get(16, true, PAGES), 16);
        expect_all(16);
        assert_true(ww_has_failed(region));
        assert_int_equal(reports, 1); /* once a process, whatever follows */
        assert_int_equal(get(PAGES, true, 7), 7);
        expect_all(7);
        /* Nobody may take a later success for the truth: the failed pass may have reset a part. */
        fault.fail_from = 0;
        assert_int_equal(get(PAGES, false, PAGES), PAGES);
        assert_int_equal(ww_reset(region, memory, BYTES), -EIO);
        assert_int_equal(get(PAGES, false, PAGES), PAGES);

        assert_false(ww_is_by_protection(region));
        fault.fail_from = 1;
        assert_int_equal(ww_degrade(region), 0);
        assert_true(ww_is_by_protection(region));
        assert_false(ww_has_failed(region));
        /* Short buffers come to an end. */
        for (size_t page = 0; page < PAGES; page += 100) {
            size_t rest = PAGES - page < 100 ? PAGES - page : 100;

            assert_int_equal(get(PAGES, true, 100), rest);
            assert_ptr_equal(found[0], memory + page * WW_PAGE_BYTES);
        }
        assert_int_equal(get(PAGES, true, 100), 0);
        expect_exact();
        assert_int_equal(reports, 1);
        close_region();
    }
}

/* The first pass of a scan in several resets pages, the next one fails: what was reset must not be lost, though it
 * lies behind what fits into the buffer. */
static void test_failure_half_way(void **state)
{
    (void)state;
    if (!open_region("pagemap"))
        skip();
    for (size_t i = 1; i < PAGES; i += 2)
        memory[i * WW_PAGE_BYTES] = 1;
    get(PAGES, true, PAGES);
    for (size_t i = 700; i < PAGES; i += 2)
        memory[i * WW_PAGE_BYTES] = 1;
    fault.fail_from = fault.scans + 2;
    get(PAGES, true, 10);
    assert_true(fault.scans >= 1);
    if (!ww_has_failed(region)) { /* one pass sufficed: the next call fails */
        fault.fail_from = 1;
        get(PAGES, true, 10);
    }
    assert_true(ww_has_failed(region));
    expect_all(10);
    assert_int_equal(ww_degrade(region), 0);
    assert_int_equal(get(PAGES, true, PAGES), PAGES);
    expect_exact();
    close_region();
}

static void test_refused_reset(void **state)
{
    (void)state;
    if (!open_region("pagemap"))
        skip();
    memory[0] = 1;
    fault.fail_from = fault.scans + 1;
    assert_int_equal(ww_reset(region, memory, BYTES), -EPERM);
    assert_int_equal(get(PAGES, false, PAGES), PAGES);
    assert_int_equal(ww_degrade(region), 0);
    assert_int_equal(ww_reset(region, memory, BYTES), 0);
    assert_int_equal(get(PAGES, false, PAGES), 0);
    expect_exact();
    close_region();
}

/* A protection change cannot latch what it cannot find out: all counts as written, also behind the decommit. */
static void test_refused_latch(void **state)
{
    (void)state;
    if (!open_region("pagemap"))
        skip();
    memory[0] = 1;
    fault.fail_from = fault.scans + 1;
    ww_latch(region, memory, BYTES);
    fault.fail_from = 0;
    assert_int_equal(ww_decommit(region, memory, BYTES), 0);
    assert_int_equal(get(PAGES, false, PAGES), PAGES);
    close_region();
}

/* What was marked counts until it is reset, decommit or not. */
static void test_mark(void **state)
{
    static const char *const backends[] = {"pagemap", "markers", "mprotect"};

    (void)state;
    for (int i = 0; i < 3; i++) {
        if (!open_region(backends[i]))
            continue;
        mprotect(memory, BYTES, ww_filter_access(region, memory, BYTES, PROT_READ | PROT_WRITE));
        ww_mark(region, memory + 7 * WW_PAGE_BYTES, 2 * WW_PAGE_BYTES);
        assert_int_equal(ww_decommit(region, memory, BYTES), 0);
        assert_int_equal(get(PAGES, true, PAGES), 2);
        assert_ptr_equal(found[0], memory + 7 * WW_PAGE_BYTES);
        assert_int_equal(get(PAGES, true, PAGES), 0);
        expect_exact();
        close_region();
    }
}

static enum ww_backend chosen(void)
{
    assert_int_equal(ww_init(&host, NULL), 0);
    return ww_backend();
}

/* Each fault alone, and what is left to choose. */
static void test_self_test(void **state)
{
    static const struct {
        const char *name;
        size_t offset;
        enum ww_backend expected;
    } lies[] = {
        {"the zero page counts as written", offsetof(__typeof__(fault), ignores_zero_page), WW_MARKERS},
        {"dropped pages count as written", offsetof(__typeof__(fault), ignores_emptiness), WW_MARKERS},
        {"a reset resets nothing", offsetof(__typeof__(fault), ignores_reset), WW_MPROTECT},
        {"more is reported than fits", offsetof(__typeof__(fault), ignores_limit), WW_MPROTECT},
        {"nothing is ever reported", offsetof(__typeof__(fault), finds_nothing), WW_MPROTECT},
    };
    static const int errors[] = {EPERM, ENOTTY, ENOMEM, EINVAL};
    int reported = reports;

    (void)state;
    memset(&fault, 0, sizeof(fault));
    if (chosen() != WW_PAGEMAP)
        skip();
    assert_string_equal(ww_backend_reason(), "");
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        memset(&fault, 0, sizeof(fault));
        *(bool *)((char *)&fault + lies[i].offset) = true;
        if (chosen() != lies[i].expected)
            fail_msg("%s: %s", lies[i].name, ww_backend_name(ww_backend()));
        assert_string_equal(ww_backend_reason(), "pagemap: the self-test failed");
        /* Who asks for it by name is told that it does not work. */
        assert_int_equal(ww_init(&host, "pagemap"), -ENOTSUP);
    }
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        memset(&fault, 0, sizeof(fault));
        fault.fail_from = 1;
        fault.error = errors[i];
        assert_int_equal(chosen(), WW_MPROTECT);
        assert_non_null(strstr(ww_backend_reason(), strerror(errors[i])));
    }
    assert_int_equal(reports, reported); /* what the self-test meets is no news */
    memset(&fault, 0, sizeof(fault));
    assert_int_equal(chosen(), WW_PAGEMAP);
    assert_int_equal(ww_init(&host, "pagemop"), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused_scan),  cmocka_unit_test(test_failure_half_way),
        cmocka_unit_test(test_refused_reset), cmocka_unit_test(test_refused_latch),
        cmocka_unit_test(test_mark),          cmocka_unit_test(test_self_test),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
