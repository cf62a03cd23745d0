/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The write-watch engine natively, on each backend that works here: what dirties and what does not,
 * short buffers, reset of what is reported, latching, decommit, kernel writes, and writers that race
 * with a resetting scanner.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "decant/write_watch.h"

#define PAGES 1024
#define BYTES (PAGES * WW_PAGE_BYTES)

static const char *backend_under_test;
static struct ww_region *region;
static char *memory;
static void *found[PAGES];

static int read_write(const struct ww_region *of, void *address, size_t *bytes)
{
    (void)of, (void)address, (void)bytes;
    return PROT_READ | PROT_WRITE;
}

static const struct ww_host host = {.wanted_access = read_write};

static void handle_fault(int number, siginfo_t *info, void *context)
{
    (void)number, (void)context;
    if (!region || (char *)info->si_addr < memory || (char *)info->si_addr >= memory + BYTES ||
        !ww_handle_fault(region, (void *)((uintptr_t)info->si_addr & ~(WW_PAGE_BYTES - 1))))
        abort();
}

static int set_up(void **state)
{
    (void)state;
    memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(memory != MAP_FAILED);
    assert_int_equal(ww_add(memory, BYTES, &region), 0);
    mprotect(memory, BYTES, ww_filter_access(region, memory, BYTES, PROT_READ | PROT_WRITE));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ww_remove(region);
    region = NULL;
    munmap(memory, BYTES);
    return 0;
}

/* First line of each test: CMocka has put its own handler before it. */
static void begin(void **state)
{
    struct sigaction action = {.sa_sigaction = handle_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};

    (void)state;
    sigaction(SIGSEGV, &action, NULL);
}

static char *page(size_t index)
{
    return memory + index * WW_PAGE_BYTES;
}

static size_t get(size_t first, size_t count, bool reset, size_t limit)
{
    memset(found, 0xcc, sizeof(found));
    assert_int_equal(ww_get(region, page(first), count * WW_PAGE_BYTES, reset, found, &limit), 0);
    return limit;
}

static void test_fresh_and_written(void **state)
{
    begin(state);
    assert_int_equal(get(0, PAGES, false, PAGES), 0);
    (void)*(volatile char *)page(3); /* a read is no write */
    assert_int_equal(get(0, PAGES, false, PAGES), 0);
    page(1)[0] = 1;
    memset(page(5) - 2, 7, 4); /* straddles */
    page(3)[0] = 0;            /* the same value is a write */
    assert_int_equal(get(0, PAGES, false, PAGES), 4);
    assert_ptr_equal(found[0], page(1));
    assert_ptr_equal(found[1], page(3));
    assert_ptr_equal(found[2], page(4));
    assert_ptr_equal(found[3], page(5));
    assert_int_equal(get(2, 2, false, PAGES), 1);
}

static void test_short_buffer_resets_what_it_reports(void **state)
{
    begin(state);
    for (size_t i = 0; i < PAGES; i += 2)
        page(i)[9] = 1;
    assert_int_equal(get(0, PAGES, true, 10), 10);
    assert_ptr_equal(found[9], page(18));
    assert_int_equal(get(0, PAGES, false, PAGES), PAGES / 2 - 10);
    assert_ptr_equal(found[0], page(20));
    assert_int_equal(get(0, PAGES, true, PAGES), PAGES / 2 - 10);
    assert_int_equal(get(0, PAGES, true, PAGES), 0);
    page(0)[0] = 2;
    assert_int_equal(get(0, PAGES, false, PAGES), 1);
}

static void test_reset(void **state)
{
    begin(state);
    memset(memory, 1, 8 * WW_PAGE_BYTES);
    assert_int_equal(ww_reset(region, page(2), 3 * WW_PAGE_BYTES), 0);
    assert_int_equal(get(0, PAGES, false, PAGES), 5);
    assert_ptr_equal(found[2], page(5));
}

/* Wine's test 15, which passes on Windows: {3} is latched by a protection change and survives. */
static void test_latch_and_decommit(void **state)
{
    begin(state);
    page(3)[0] = 1;
    ww_latch(region, memory, 16 * WW_PAGE_BYTES);
    page(5)[0] = 1;
    assert_int_equal(get(0, 16, false, PAGES), 2);
    ww_decommit(region, memory, 16 * WW_PAGE_BYTES);
    mprotect(memory, 16 * WW_PAGE_BYTES,
             ww_filter_access(region, memory, 16 * WW_PAGE_BYTES, PROT_READ | PROT_WRITE));
    assert_int_equal(get(0, 16, false, PAGES), 1);
    assert_ptr_equal(found[0], page(3));
    page(2)[0] = page(4)[0] = 1;
    assert_int_equal(get(0, 16, true, PAGES), 3);
    assert_int_equal(get(0, 16, false, PAGES), 0);
}

static void test_kernel_writes(void **state)
{
    int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

    begin(state);
    ww_prepare_kernel_write(region, page(7) + 100, 2 * WW_PAGE_BYTES);
    assert_int_equal(read(fd, page(7) + 100, 2 * WW_PAGE_BYTES), 2 * WW_PAGE_BYTES);
    close(fd);
    assert_int_equal(get(0, PAGES, true, PAGES), 3);
    assert_ptr_equal(found[0], page(7));
}

/* Scattered writes over the whole, against a model, get with many sizes of buffer. */
static void test_random(void **state)
{
    begin(state);
    srand(7);
    for (int round = 0; round < 300; round++) {
        bool model[PAGES] = {false};
        int writes = rand() % (round % 3 ? 40 : PAGES);
        size_t limit = (size_t)rand() % (round % 2 ? 600 : 7) + 1, total = 0, got;

        for (int i = 0; i < writes; i++) {
            size_t index = (size_t)rand() % PAGES;

            page(index)[rand() % 4096] = (char)i;
            model[index] = true;
        }
        while ((got = get(0, PAGES, true, limit))) {
            for (size_t i = 0; i < got; i++) {
                size_t index = (size_t)((char *)found[i] - memory) / WW_PAGE_BYTES;

                assert_true(model[index]);
                model[index] = false;
                assert_true(!i || found[i] > found[i - 1]);
            }
            total += got;
        }
        for (size_t i = 0; i < PAGES; i++)
            assert_false(model[i]);
        (void)total;
    }
}

/* --- Race: no write is ever lost --- */

static _Atomic bool stop;
static uint64_t generations[2][PAGES];

static void *writer(void *argument)
{
    size_t which = (size_t)argument;
    unsigned seed = 11 + (unsigned)which;

    while (!stop) {
        size_t index = ((size_t)rand_r(&seed) % (PAGES / 2)) * 2 + which;

        *(volatile uint64_t *)page(index) = ++generations[which][index];
    }
    return NULL;
}

static void test_writers_and_scanner(void **state)
{
    static uint64_t seen[PAGES];
    unsigned rounds = getenv("DECANT_STRESS") ? 400000 : 4000;
    uint64_t writes = 0;
    pthread_t threads[2];

    begin(state);
    memset(seen, 0, sizeof(seen));
    memset(generations, 0, sizeof(generations));
    stop = false;
    for (size_t i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, writer, (void *)i);
    while (!*(volatile uint64_t *)&generations[0][0] && !*(volatile uint64_t *)&generations[1][1])
        sched_yield(); /* until they run */
    for (unsigned round = 0; round < rounds; round++) {
        size_t got = get(0, PAGES, true, round % 3 ? 16 : PAGES);

        /* Reset first, then read: what is written later is reported later. */
        for (size_t i = 0; i < got; i++) {
            size_t index = (size_t)((char *)found[i] - memory) / WW_PAGE_BYTES;

            seen[index] = *(volatile uint64_t *)found[i];
        }
    }
    stop = true;
    for (size_t i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    for (size_t got; (got = get(0, PAGES, true, PAGES));)
        for (size_t i = 0; i < got; i++)
            seen[(size_t)((char *)found[i] - memory) / WW_PAGE_BYTES] = *(uint64_t *)found[i];
    for (size_t i = 0; i < PAGES; i++) {
        assert_int_equal(seen[i], generations[i % 2][i]);
        writes += seen[i];
    }
    print_message("%s: %llu writes, none lost\n", backend_under_test, (unsigned long long)writes);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const char *const backends[] = {"pagemap", "markers", "mprotect"};
    const struct CMUnitTest tests[] = {
        TEST(test_fresh_and_written), TEST(test_short_buffer_resets_what_it_reports),
        TEST(test_reset),             TEST(test_latch_and_decommit),
        TEST(test_kernel_writes),     TEST(test_random),
        TEST(test_writers_and_scanner),
    };
    int failed = 0;

    for (int i = 0; i < 3; i++) {
        backend_under_test = backends[i];
        if (ww_init(&host, backends[i])) {
            print_message("%s does not work here: %s\n", backends[i], ww_backend_reason());
            /* The one for every kernel must. */
            failed += i == 2;
            continue;
        }
        print_message("backend %s\n", backends[i]);
        failed += cmocka_run_group_tests(tests, NULL, NULL);
    }
    return failed;
}
