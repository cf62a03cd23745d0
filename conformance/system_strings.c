/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Casing, comparison, searching and types of characters.
 *
 * Sources: learn.microsoft.com LCMapStringEx, CompareStringEx, CompareStringOrdinal, FindStringOrdinal,
 * FindNLSStringEx, GetStringTypeEx; Wine's kernel32/tests/locale.c, which passes on Windows.
 */
#include "conformance.h"
#include <winnls.h>

WCHAR WINAPI RtlUpcaseUnicodeChar(WCHAR);
WCHAR WINAPI RtlDowncaseUnicodeChar(WCHAR);

static void test_casing(void)
{
    static const struct {
        WCHAR lower, upper;
    } pairs[] = {{'a', 'A'}, {'z', 'Z'}, {0xe9, 0xc9}, {0xff, 0x178}, {0x151, 0x150}, {0x3b1, 0x391}, {0x3c9, 0x3a9},
                 {0x436, 0x416}, {0x451, 0x401}, {0x561, 0x531}, {0x1e01, 0x1e00}, {0xff41, 0xff21}};
    static const WCHAR alone[] = {'1', '_', 0xdf, 0x4e2d, 0xac00, 0x20ac, 0xd800};
    WCHAR text[8] = L"a\xe9Z\x436", out[16];

    for (unsigned i = 0; i < ARRAYSIZE(pairs); i++) {
        ok(RtlUpcaseUnicodeChar(pairs[i].lower) == pairs[i].upper, "%#x: upper %#x", pairs[i].lower,
           RtlUpcaseUnicodeChar(pairs[i].lower));
        ok(RtlDowncaseUnicodeChar(pairs[i].upper) == pairs[i].lower, "%#x: lower %#x", pairs[i].upper,
           RtlDowncaseUnicodeChar(pairs[i].upper));
    }
    for (unsigned i = 0; i < ARRAYSIZE(alone); i++)
        ok(RtlUpcaseUnicodeChar(alone[i]) == alone[i] && RtlDowncaseUnicodeChar(alone[i]) == alone[i], "%#x has case",
           alone[i]);
    ok(LCMapStringEx(L"en-US", LCMAP_UPPERCASE, text, -1, out, 16, NULL, NULL, 0) == 5 && !wcscmp(out, L"A\xc9Z\x416"),
       "%ls", out);
    ok(LCMapStringEx(L"en-US", LCMAP_LOWERCASE, L"ABC", 3, out, 16, NULL, NULL, 0) == 3 && !wcsncmp(out, L"abc", 3), "lower");
    ok(LCMapStringEx(L"en-US", LCMAP_UPPERCASE, L"abc", 3, NULL, 0, NULL, NULL, 0) == 3, "length");
    SetLastError(0xdeadbeef);
    ok(!LCMapStringEx(L"en-US", LCMAP_UPPERCASE, L"abc", 3, out, 2, NULL, NULL, 0) &&
           GetLastError() == ERROR_INSUFFICIENT_BUFFER, "error %lu", GetLastError());
    todo_wine
        ok(LCMapStringEx(L"en-US", LCMAP_TITLECASE, L"one TWO", 7, out, 16, NULL, NULL, 0) == 7, "title case");
    SetLastError(0xdeadbeef);
    ok(!LCMapStringEx(L"en-US", LCMAP_UPPERCASE, L"abc", 0, out, 16, NULL, NULL, 0) &&
           GetLastError() == ERROR_INVALID_PARAMETER, "error %lu", GetLastError());
    /* In place, for case only. */
    ok(LCMapStringEx(L"en-US", LCMAP_UPPERCASE, text, -1, text, 8, NULL, NULL, 0) == 5 && text[0] == 'A', "in place");
    /* Full and half width, the two kana, full-width digits. */
    ok(LCMapStringEx(L"ja-JP", LCMAP_FULLWIDTH, L"aA1 !", 5, out, 16, NULL, NULL, 0) == 5 && out[0] == 0xff41 &&
           out[1] == 0xff21 && out[2] == 0xff11 && out[3] == 0x3000 && out[4] == 0xff01, "full width: %#x %#x %#x", out[0],
       out[2], out[3]);
    ok(LCMapStringEx(L"ja-JP", LCMAP_HALFWIDTH, L"\xff41\xff11\x3000", 3, out, 16, NULL, NULL, 0) == 3 && out[0] == 'a' &&
           out[1] == '1' && out[2] == ' ', "half width: %#x %#x %#x", out[0], out[1], out[2]);
    ok(LCMapStringEx(L"ja-JP", LCMAP_KATAKANA, L"\x3042\x3093", 2, out, 16, NULL, NULL, 0) == 2 && out[0] == 0x30a2 &&
           out[1] == 0x30f3, "katakana: %#x %#x", out[0], out[1]);
    ok(LCMapStringEx(L"ja-JP", LCMAP_HIRAGANA, L"\x30a2\x30f3", 2, out, 16, NULL, NULL, 0) == 2 && out[0] == 0x3042 &&
           out[1] == 0x3093, "hiragana: %#x %#x", out[0], out[1]);
}

static void test_compare(void)
{
    static const struct {
        const WCHAR *a, *b;
        DWORD flags;
        int result;
    } rows[] = {
        {L"", L"", 0, CSTR_EQUAL},
        {L"", L"a", 0, CSTR_LESS_THAN},
        {L"a", L"b", 0, CSTR_LESS_THAN},
        {L"b", L"a", 0, CSTR_GREATER_THAN},
        {L"abc", L"abcd", 0, CSTR_LESS_THAN},
        {L"a", L"A", 0, CSTR_LESS_THAN},
        {L"a", L"A", NORM_IGNORECASE, CSTR_EQUAL},
        {L"A", L"b", 0, CSTR_LESS_THAN},
        {L"B", L"a", 0, CSTR_GREATER_THAN},
        {L"1", L"a", 0, CSTR_LESS_THAN},
        {L"_", L"a", 0, CSTR_LESS_THAN},
        {L"_", L"1", 0, CSTR_LESS_THAN},
        {L"co-op", L"coop", 0, CSTR_GREATER_THAN},
        {L"co-op", L"cop", 0, CSTR_LESS_THAN},        /* a word sort */
        {L"co-op", L"coop", SORT_STRINGSORT, CSTR_LESS_THAN},
        {L"e", L"\xe9", 0, CSTR_LESS_THAN},
        {L"\xe9", L"f", 0, CSTR_LESS_THAN},           /* accents weigh less than letters */
        {L"\xe9", L"E", NORM_IGNORECASE | NORM_IGNORENONSPACE, CSTR_EQUAL},
        {L"resume", L"r\xe9sum\xe9", 0, CSTR_LESS_THAN},
        {L"r\xe9sum\xe9", L"resumf", 0, CSTR_LESS_THAN},
        {L"e\x301", L"\xe9", 0, CSTR_EQUAL},          /* composed and decomposed */
        {L"file2", L"file10", 0, CSTR_GREATER_THAN},
        {L"file2", L"file10", SORT_DIGITSASNUMBERS, CSTR_LESS_THAN},
        {L"\xff41", L"a", NORM_IGNOREWIDTH, CSTR_EQUAL},
        {L"\x3042", L"\x30a2", NORM_IGNOREKANATYPE, CSTR_EQUAL},
        {L"a.b", L"ab", NORM_IGNORESYMBOLS, CSTR_EQUAL},
    };

    for (unsigned i = 0; i < ARRAYSIZE(rows); i++) {
        int got = CompareStringEx(L"en-US", rows[i].flags, rows[i].a, -1, rows[i].b, -1, NULL, NULL, 0);
        BYTE first[256], second[256];
        int order, first_length, second_length;

        ok(got == rows[i].result, "%u: \"%ls\" \"%ls\" %#lx: %d", i, rows[i].a, rows[i].b, rows[i].flags, got);
        got = CompareStringEx(L"en-US", rows[i].flags, rows[i].b, -1, rows[i].a, -1, NULL, NULL, 0);
        ok(got == 4 - rows[i].result, "%u: the other way %d", i, got);
        /* Sort keys compare as the strings do. */
        if (!rows[i].a[0] || !rows[i].b[0] || rows[i].flags & SORT_DIGITSASNUMBERS)
            continue;
        first_length = LCMapStringEx(L"en-US", LCMAP_SORTKEY | rows[i].flags, rows[i].a, -1, (WCHAR *)first, 256, NULL,
                                     NULL, 0);
        second_length = LCMapStringEx(L"en-US", LCMAP_SORTKEY | rows[i].flags, rows[i].b, -1, (WCHAR *)second, 256, NULL,
                                      NULL, 0);
        order = strcmp((char *)first, (char *)second);
        ok(first_length && second_length &&
               (order < 0 ? CSTR_LESS_THAN : order > 0 ? CSTR_GREATER_THAN : CSTR_EQUAL) == rows[i].result,
           "%u: keys %d", i, order);
    }
    SetLastError(0xdeadbeef);
    ok(!CompareStringEx(L"en-US", 0, NULL, 1, L"a", 1, NULL, NULL, 0) && GetLastError() == ERROR_INVALID_PARAMETER,
       "error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!CompareStringEx(L"en-US", 0x80, L"a", 1, L"a", 1, NULL, NULL, 0) && GetLastError() == ERROR_INVALID_FLAGS,
       "error %lu", GetLastError());
    /* By code units, without regard to the language. */
    ok(CompareStringOrdinal(L"a", -1, L"B", -1, FALSE) == CSTR_GREATER_THAN, "ordinal");
    ok(CompareStringOrdinal(L"a", -1, L"B", -1, TRUE) == CSTR_LESS_THAN, "ordinal");
    ok(CompareStringOrdinal(L"ab\0c", 4, L"ab\0d", 4, FALSE) == CSTR_LESS_THAN, "NULs count");
    ok(CompareStringOrdinal(L"\xe9", -1, L"\xc9", -1, TRUE) == CSTR_EQUAL, "ordinal");
}

static void test_find(void)
{
    int length = 0;

    ok(FindStringOrdinal(FIND_FROMSTART, L"ababab", -1, L"ab", -1, FALSE) == 0, "from the start");
    ok(FindStringOrdinal(FIND_FROMEND, L"ababab", -1, L"ab", -1, FALSE) == 4, "from the end");
    ok(FindStringOrdinal(FIND_STARTSWITH, L"xab", -1, L"ab", -1, FALSE) == -1, "starts");
    ok(FindStringOrdinal(FIND_ENDSWITH, L"xAB", -1, L"ab", -1, TRUE) == 1, "ends");
    SetLastError(0xdeadbeef);
    ok(FindStringOrdinal(FIND_FROMSTART, NULL, -1, L"ab", -1, FALSE) == -1 && GetLastError() == ERROR_INVALID_PARAMETER,
       "error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(FindStringOrdinal(FIND_FROMSTART | FIND_FROMEND, L"a", -1, L"ab", -1, FALSE) == -1 &&
           GetLastError() == ERROR_INVALID_FLAGS, "error %lu", GetLastError());
    ok(FindNLSStringEx(L"en-US", FIND_FROMSTART | NORM_IGNORECASE, L"Simple Simon", -1, L"simon", -1, &length, NULL, NULL,
                       0) == 7 && length == 5, "found %d", length);
    ok(FindNLSStringEx(L"en-US", FIND_FROMEND, L"SimpleSimple", -1, L"Simp", -1, &length, NULL, NULL, 0) == 6 && length == 4,
       "found %d", length);
    ok(FindNLSStringEx(L"en-US", FIND_STARTSWITH, L"SimpleSimple", -1, L"imp", -1, &length, NULL, NULL, 0) == -1, "starts");
    ok(FindNLSStringEx(L"en-US", FIND_ENDSWITH, L"SimpleSimple", -1, L"ple", -1, &length, NULL, NULL, 0) == 9, "ends");
}

static void test_types(void)
{
    static const struct {
        WCHAR c;
        WORD type1, mask;
    } rows[] = {
        {'a', C1_LOWER | C1_ALPHA | C1_XDIGIT | C1_DEFINED, 0x3ff}, {'Z', C1_UPPER | C1_ALPHA | C1_DEFINED, 0x3ff},
        {'5', C1_DIGIT | C1_XDIGIT | C1_DEFINED, 0x3ff},           {' ', C1_SPACE | C1_BLANK | C1_DEFINED, 0x3ff},
        {'\t', C1_SPACE | C1_CNTRL | C1_BLANK | C1_DEFINED, 0x3ff}, {'!', C1_PUNCT | C1_DEFINED, 0x3ff},
        {'\n', C1_SPACE | C1_CNTRL | C1_DEFINED, 0x3ff},           {0xe9, C1_LOWER | C1_ALPHA | C1_DEFINED, 0x3ff},
        {0x416, C1_UPPER | C1_ALPHA | C1_DEFINED, 0x3ff},          {0x4e2d, C1_ALPHA | C1_DEFINED, 0x3ff},
    };
    WORD types[4];

    for (unsigned i = 0; i < ARRAYSIZE(rows); i++) {
        memset(types, 0xcc, sizeof(types));
        ok(GetStringTypeW(CT_CTYPE1, &rows[i].c, 1, types) && (types[0] & rows[i].mask) == rows[i].type1, "%#x: %#x",
           rows[i].c, types[0]);
        ok(types[1] == 0xcccc, "written behind");
    }
    ok(GetStringTypeW(CT_CTYPE2, L"a1\x5d0", 3, types) && types[0] == C2_LEFTTORIGHT && types[1] == C2_EUROPENUMBER &&
           types[2] == C2_RIGHTTOLEFT, "%#x %#x %#x", types[0], types[1], types[2]);
    SetLastError(0xdeadbeef);
    ok(!GetStringTypeW(8, L"a", 1, types) && GetLastError() == ERROR_INVALID_PARAMETER, "error %lu", GetLastError());
}

CONFORMANCE("system: strings", test_casing, test_compare, test_find, test_types)
