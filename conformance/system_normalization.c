/* SPDX-License-Identifier: LGPL-2.1-or-later
 * NormalizeString and IsNormalizedString.
 *
 * Sources: learn.microsoft.com NormalizeString, IsNormalizedString; Unicode Standard Annex 15 and its
 * NormalizationTest.txt; Wine's kernel32/tests/locale.c (test_NormalizeString), which passes on Windows.
 */
#include "conformance.h"
#include <winnls.h>

static void test_forms(void)
{
    /* source, C, D, KC, KD */
    static const WCHAR *const rows[][5] = {
        {L"abc", L"abc", L"abc", L"abc", L"abc"},
        {L"\xe9", L"\xe9", L"e\x301", L"\xe9", L"e\x301"},
        {L"e\x301", L"\xe9", L"e\x301", L"\xe9", L"e\x301"},
        {L"\x1e14", L"\x1e14", L"E\x304\x300", L"\x1e14", L"E\x304\x300"},
        {L"E\x304\x300", L"\x1e14", L"E\x304\x300", L"\x1e14", L"E\x304\x300"},
        {L"\x212b", L"\xc5", L"A\x30a", L"\xc5", L"A\x30a"},
        {L"\xfb01", L"\xfb01", L"\xfb01", L"fi", L"fi"},
        {L"\x1e9b\x323", L"\x1e9b\x323", L"\x17f\x323\x307", L"\x1e69", L"s\x323\x307"},
        {L"q\x307\x323", L"q\x323\x307", L"q\x323\x307", L"q\x323\x307", L"q\x323\x307"},
        {L"d\x307\x323", L"\x1e0d\x307", L"d\x323\x307", L"\x1e0d\x307", L"d\x323\x307"},
        {L"\xac00", L"\xac00", L"\x1100\x1161", L"\xac00", L"\x1100\x1161"},
        {L"\xac01", L"\xac01", L"\x1100\x1161\x11a8", L"\xac01", L"\x1100\x1161\x11a8"},
        {L"\x1100\x1161\x11a8", L"\xac01", L"\x1100\x1161\x11a8", L"\xac01", L"\x1100\x1161\x11a8"},
        {L"\x958", L"\x915\x93c", L"\x915\x93c", L"\x915\x93c", L"\x915\x93c"}, /* an exclusion */
        {L"\x304b\x3099", L"\x304c", L"\x304b\x3099", L"\x304c", L"\x304b\x3099"},
        {L"\xff76\xff9e", L"\xff76\xff9e", L"\xff76\xff9e", L"\x30ac", L"\x30ab\x3099"},
        {L"\x2460\xb2", L"\x2460\xb2", L"\x2460\xb2", L"12", L"12"},
        {L"\xd834\xdd5e", L"\xd834\xdd57\xd834\xdd65", L"\xd834\xdd57\xd834\xdd65", L"\xd834\xdd57\xd834\xdd65",
         L"\xd834\xdd57\xd834\xdd65"},
        {L"\x3b0", L"\x3b0", L"\x3c5\x308\x301", L"\x3b0", L"\x3c5\x308\x301"},
        {L"\xfdfa", L"\xfdfa", L"\xfdfa", NULL, NULL},
    };
    static const NORM_FORM forms[] = {NormalizationC, NormalizationD, NormalizationKC, NormalizationKD};

    for (unsigned i = 0; i < ARRAYSIZE(rows); i++)
        for (unsigned j = 0; j < 4; j++) {
            const WCHAR *want = rows[i][j + 1];
            WCHAR out[64];
            int got, length;

            memset(out, 0xcc, sizeof(out));
            SetLastError(0xdeadbeef);
            got = NormalizeString(forms[j], rows[i][0], -1, out, ARRAYSIZE(out));
            if (!want) {
                ok(got == 19 && !out[18], "%u form %d: %d", i, forms[j], got);
                continue;
            }
            length = (int)wcslen(want) + 1;
            ok(got == length && !wcscmp(out, want), "%u form %d: %d of %d, %#x %#x %#x", i, forms[j], got, length,
               out[0], out[1], out[2]);
            ok(out[length] == 0xcccc, "%u form %d: written behind the end", i, forms[j]);
            ok(NormalizeString(forms[j], rows[i][0], -1, NULL, 0) >= length, "%u form %d: estimate", i, forms[j]);
            ok(!IsNormalizedString(forms[j], rows[i][0], -1) == !!wcscmp(rows[i][0], want), "%u form %d: is normalized",
               i, forms[j]);
            ok(IsNormalizedString(forms[j], want, -1), "%u form %d: the result is not normalized", i, forms[j]);
        }
}

static void test_errors(void)
{
    WCHAR out[8];
    int got;

    if (!is_wine()) { /* Wine 8 reads it */
        SetLastError(0xdeadbeef);
        ok(!NormalizeString(NormalizationC, NULL, 1, out, 8) && GetLastError() == ERROR_INVALID_PARAMETER, "error %lu",
           GetLastError());
    }
    SetLastError(0xdeadbeef);
    todo_wine
        ok(!NormalizeString(7, L"a", -1, out, 8) && GetLastError() == ERROR_INVALID_PARAMETER, "error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    got = NormalizeString(NormalizationD, L"\xe9\xe9\xe9", -1, out, 4);
    ok(got < 0 && GetLastError() == ERROR_INSUFFICIENT_BUFFER, "%d error %lu", got, GetLastError());
    SetLastError(0xdeadbeef);
    got = NormalizeString(NormalizationC, L"a\xd800z", -1, out, 8);
    /* Documented: the negative of the index of what is wrong. Wine counts from 1. */
    todo_wine ok(got == -1 && GetLastError() == ERROR_NO_UNICODE_TRANSLATION, "%d error %lu", got, GetLastError());
    SetLastError(0xdeadbeef);
    ok(NormalizeString(NormalizationC, L"abc", 2, out, 8) == 2 && GetLastError() == ERROR_SUCCESS, "error %lu",
       GetLastError());
    ok(!IsNormalizedString(NormalizationC, L"\xdc00", 1), "half a pair is normalized");
}

CONFORMANCE("system: normalization", test_forms, test_errors)
