/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The bookkeeping of pages: runs against a plain array, over many random changes; splitting views;
 * finding room.
 */
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "views.h"

#define PAGES 512

static const ULONG protections[] = {0, PAGE_NOACCESS, PAGE_READONLY, PAGE_READWRITE,
                                    PAGE_READWRITE | PAGE_GUARD};

static void check(const struct view *view, const ULONG *model)
{
    size_t end, runs = 0;
    ULONG previous = 0;

    for (size_t page = 0; page < PAGES; page = end) {
        ULONG protect = runs_get(view, page, &end);

        assert_true(end > page && end <= PAGES);
        for (size_t i = page; i < end; i++)
            assert_int_equal(model[i], protect);
        if (protect)
            runs++;
        /* Neighbours of equal state are one run. */
        assert_false(page && protect == previous);
        previous = protect;
    }
    assert_int_equal(runs, view->run_count);
}

static void test_runs_against_array(void **state)
{
    struct view *view;
    ULONG model[PAGES] = {0};
    sigset_t signals;

    (void)state;
    srand(1);
    virtual_lock(&signals);
    view = view_add((void *)0x200000000000, PAGES * PAGE_BYTES, MEM_PRIVATE, PAGE_READWRITE, 0);
    assert_non_null(view);
    for (int i = 0; i < 20000; i++) {
        size_t first = (size_t)rand() % PAGES, count = (size_t)rand() % (PAGES - first) + 1;
        ULONG protect = protections[(size_t)rand() % 5];

        if (rand() % 4)
            count = count % 8 + 1 > PAGES - first ? 1 : count % 8 + 1;
        assert_true(protect ? runs_set(view, first, count, protect)
                            : runs_clear(view, first, count));
        for (size_t page = first; page < first + count; page++)
            model[page] = protect;
        if (i % 16 == 0)
            check(view, model);
    }
    view_remove(view);
    virtual_unlock(&signals);
}

static void test_split(void **state)
{
    char *base = (char *)0x200000000000;
    struct view *view, *second;
    sigset_t signals;
    size_t end;

    (void)state;
    virtual_lock(&signals);
    view = view_add(base, 16 * PAGE_BYTES, MEM_PRIVATE, PAGE_READWRITE, 0);
    runs_set(view, 2, 10, PAGE_READWRITE);
    second = view_split(view, 6 * PAGE_BYTES);
    assert_non_null(second);
    assert_ptr_equal(view_find(base + 6 * PAGE_BYTES), second);
    assert_ptr_equal(view_find(base + 5 * PAGE_BYTES), view);
    assert_int_equal(view->bytes, 6 * PAGE_BYTES);
    assert_int_equal(second->bytes, 10 * PAGE_BYTES);
    assert_int_equal(runs_get(view, 2, &end), PAGE_READWRITE);
    assert_int_equal(end, 6);
    assert_int_equal(runs_get(second, 0, &end), PAGE_READWRITE);
    assert_int_equal(end, 6);
    assert_int_equal(runs_get(second, 6, &end), 0);
    view_remove(view);
    view_remove(second);
    virtual_unlock(&signals);
}

static void test_room(void **state)
{
    void *low, *high, *again;
    sigset_t signals;

    (void)state;
    virtual_lock(&signals);
    assert_int_equal(space_reserve(NULL, 0x10000, 0, 0, 0, false, &low), STATUS_SUCCESS);
    assert_int_equal((uintptr_t)low & 0xffff, 0);
    assert_int_equal(space_reserve(NULL, 0x10000, 0, 0, 0, true, &high), STATUS_SUCCESS);
    assert_true(high > low);
    /* A taken address is refused, a limit is kept. */
    assert_int_equal(space_reserve(low, 0x10000, 0, 0, 0, false, &again),
                     STATUS_CONFLICTING_ADDRESSES);
    assert_int_equal(space_reserve(NULL, 0x10000, 0, 0x80000000, 0, false, &again), STATUS_SUCCESS);
    assert_true((uintptr_t)again < 0x80000000);
    space_release(low, 0x10000);
    space_release(high, 0x10000);
    space_release(again, 0x10000);
    virtual_unlock(&signals);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs_against_array),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
