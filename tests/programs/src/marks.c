/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The marks of conformance.h, of which each test is one. "todo" must fail once; what fails under a
 * mark does not count as a failure; without Wine, Wine's marks are none. The scripts tell how many of
 * what each host must count.
 */
#include "../../../conformance/conformance.h"

static void two(int first, int second)
{
    ok(first, "first");
    ok(second, "second");
}

static void test_plain(void)
{
    ok(TRUE, "holds");
    todo(FALSE) ok(TRUE, "no mark");
}

static void test_todo(void) /* 3 todos */
{
    todo(TRUE) ok(FALSE, "known");
    todo(TRUE) two(TRUE, FALSE); /* one of a helper's two */
    todo(TRUE) {
        todo(TRUE) ok(FALSE, "within another");
        ok(TRUE, "holds");
    }
}

static void test_succeeded(void) /* a failure */
{
    todo(TRUE) two(TRUE, TRUE);
}

static void test_after(void) /* a failure: the mark has ended */
{
    todo(TRUE) ok(FALSE, "known");
    ok(FALSE, "behind it");
}

static void test_nothing(void)
{
    todo(TRUE) trace("nothing is asserted");
}

static void test_wine(void) /* on Wine 2 todos */
{
    todo_wine ok(!is_wine(), "known on Wine");
    flaky_wine ok(TRUE, "holds by chance");
    flaky_wine ok(!is_wine(), "does not");
    todo_wine_if(FALSE) ok(TRUE, "not this row");
}

static void test_fixed(void) /* a failure on the Wine that the marks were recorded with alone */
{
    todo_wine ok(TRUE, "mended");
}

CONFORMANCE("marks", test_plain, test_todo, test_succeeded, test_after, test_nothing, test_wine, test_fixed)
