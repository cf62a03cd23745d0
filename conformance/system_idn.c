/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Internationalised domain names, FoldString.
 *
 * Sources: learn.microsoft.com IdnToAscii, IdnToUnicode, FoldString; the samples of RFC 3492; Wine's
 * kernel32/tests/locale.c (test_IdnToAscii, test_FoldStringW), which passes on Windows.
 */
#include "conformance.h"
#include <winnls.h>

static void test_names(void)
{
    static const struct {
        const WCHAR *name, *ascii, *back;
    } rows[] = {
        {L"example.com", L"example.com", NULL},
        {L"ExAmple.Com", L"ExAmple.Com", NULL},
        {L"b\xfc" L"cher.de", L"xn--bcher-kva.de", NULL},
        {L"B\xdc" L"CHER.de", L"xn--bcher-kva.de", L"b\xfc" L"cher.de"},
        {L"m\xfcnchen-ost.example", L"xn--mnchen-ost-9db.example", NULL},
        {L"\x4ed6\x4eec\x4e3a\x4ec0\x4e48\x4e0d\x8bf4\x4e2d\x6587", L"xn--ihqwcrb4cv8a8dqg056pqjye", NULL},
        {L"\x306a\x305c\x307f\x3093\x306a\x65e5\x672c\x8a9e\x3092\x8a71\x3057\x3066\x304f\x308c\x306a\x3044\x306e\x304b",
         L"xn--n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa", NULL},
        {L"\x43f\x440\x438\x43c\x435\x440.com", L"xn--e1afmkfd.com", NULL},
        {L"a\x3002" L"b", L"a.b", L"a.b"},
        {L"trailing.", L"trailing.", NULL},
    };
    WCHAR out[256];

    for (unsigned i = 0; i < ARRAYSIZE(rows); i++) {
        const WCHAR *back = rows[i].back ? rows[i].back : rows[i].name;
        int length = (int)wcslen(rows[i].ascii) + 1, got;

        memset(out, 0xcc, sizeof(out));
        got = IdnToAscii(0, rows[i].name, -1, out, 256);
        ok(got == length && !wcscmp(out, rows[i].ascii), "%u: \"%ls\" (%d)", i, got ? out : L"", got);
        ok(IdnToAscii(0, rows[i].name, -1, NULL, 0) == length, "%u: length", i);
        ok(IdnToAscii(0, rows[i].name, (int)wcslen(rows[i].name), out, 256) == length - 1, "%u: without a NUL", i);
        SetLastError(0xdeadbeef);
        ok(!IdnToAscii(0, rows[i].name, -1, out, 3) && GetLastError() == ERROR_INSUFFICIENT_BUFFER, "%u: error %lu", i,
           GetLastError());
        got = IdnToUnicode(0, rows[i].ascii, -1, out, 256);
        ok(got == (int)wcslen(back) + 1 && !wcscmp(out, back), "%u: back: %d", i, got);
    }
    SetLastError(0xdeadbeef);
    ok(!IdnToAscii(0, L"a..b", -1, out, 256) && GetLastError() == ERROR_INVALID_NAME, "error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!IdnToAscii(IDN_USE_STD3_ASCII_RULES, L"a_b", -1, out, 256) && GetLastError() == ERROR_INVALID_NAME, "error %lu",
       GetLastError());
    SetLastError(0xdeadbeef);
    todo_wine
        ok(!IdnToAscii(0x80, L"a", -1, out, 256) && GetLastError() == ERROR_INVALID_FLAGS, "error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!IdnToAscii(0, NULL, -1, out, 256) && GetLastError() == ERROR_INVALID_PARAMETER, "error %lu", GetLastError());
}

static void test_fold(void)
{
    WCHAR out[32] = {0};

    ok(FoldStringW(MAP_FOLDDIGITS, L"\x661\x966\xff17", 3, out, 32) == 3 && !wcsncmp(out, L"107", 3), "%#x %#x %#x", out[0],
       out[1], out[2]);
    ok(FoldStringW(MAP_COMPOSITE, L"\xe9", -1, out, 32) == 3 && !wcscmp(out, L"e\x301"), "composite");
    ok(FoldStringW(MAP_PRECOMPOSED, L"e\x301", -1, out, 32) == 2 && !wcscmp(out, L"\xe9"), "precomposed");
    ok(FoldStringW(MAP_FOLDCZONE, L"\xff21", -1, out, 32) == 2 && !wcscmp(out, L"A"), "compatibility: %#x", out[0]);
    SetLastError(0xdeadbeef);
    ok(!FoldStringW(MAP_PRECOMPOSED | MAP_COMPOSITE, L"a", -1, out, 32) && GetLastError() == ERROR_INVALID_FLAGS,
       "error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!FoldStringW(MAP_FOLDDIGITS, L"a", 0, out, 32) && GetLastError() == ERROR_INVALID_PARAMETER, "error %lu",
       GetLastError());
}

CONFORMANCE("system: domain names, folding", test_names, test_fold)
