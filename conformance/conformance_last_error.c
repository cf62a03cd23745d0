/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The vocabulary itself: judging one thing leaves the thread's last error as it was for the next. Without care it does
 * not: GCC's emulated TLS calls TlsGetValue, which sets the last error to ERROR_SUCCESS when it
 * succeeds (documented), printing and GetProcAddress set it to what they like.
 */
#include "conformance.h"

#define MARK 0xdeadbeef

static void test_ok(void)
{
    DWORD error;

    SetLastError(MARK);
    ok(TRUE, "holds");
    error = GetLastError();
    ok(error == MARK, "after an ok: %lu", error);

    SetLastError(MARK);
    ok(TRUE, "holds");
    ok(GetLastError() == MARK, "in the ok behind an ok: not the mark any more");
}

static void test_todo(void)
{
    DWORD error;

    SetLastError(MARK);
    todo(is_wine() && is_decant())
        ok(GetLastError() == MARK, "within a todo: not the mark any more");
    error = GetLastError();
    ok(error == MARK, "after a todo: %lu", error);
}

static void test_trace(void)
{
    DWORD error;

    SetLastError(MARK);
    trace("a trace");
    error = GetLastError();
    ok(error == MARK, "after a trace: %lu", error);
}

static void test_hosts(void)
{
    DWORD error;

    SetLastError(MARK);
    ok(!broken(FALSE) && !(is_decant() && is_wine()), "two hosts at once");
    error = GetLastError();
    ok(error == MARK, "after questions about the host: %lu", error);
}

CONFORMANCE("the vocabulary keeps the last error", test_ok, test_todo, test_trace, test_hosts)
