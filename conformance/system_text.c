/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Code pages: MultiByteToWideChar, WideCharToMultiByte, GetCPInfo.
 *
 * Sources: learn.microsoft.com MultiByteToWideChar, WideCharToMultiByte, GetCPInfoEx, IsDBCSLeadByteEx; Unicode's
 * mapping tables for the pages; Wine's kernel32/tests/codepage.c, which passes on Windows.
 */
#include "conformance.h"

static BOOL is_all(const char *bytes, unsigned count, char value)
{
    while (count--)
        if (*bytes++ != value)
            return FALSE;
    return TRUE;
}

/* Both directions of texts that every page has. */
static void test_pages(void)
{
    static const struct {
        UINT page;
        const char *bytes;
        const WCHAR *wide;
    } rows[] = {
        {1252, "\x80\xe9\xff\x8e", L"\x20ac\xe9\xff\x17d"},
        {437, "\x80\x81\xe1\xdb", L"\xc7\xfc\xdf\x2588"},
        {850, "\x80\xb5\xd5\xe1", L"\xc7\xc1\x131\xdf"},
        {1251, "\xcf\xf0\xe8\xb8", L"\x41f\x440\x438\x451"},
        {1250, "\x8a\xe8\xf8", L"\x160\x10d\x159"},
        {1253, "\xc1\xe1\xf9", L"\x391\x3b1\x3c9"},
        {866, "\x8f\xe0\xa8", L"\x41f\x440\x438"},
        {28591, "\xa4\xe9", L"\xa4\xe9"},
        {28605, "\xa4\xbd", L"\x20ac\x153"},
        {20127, "abc", L"abc"},
        {932, "\x82\xa0\xb1\x88\x9f" "a", L"\x3042\xff71\x4e9c" L"a"},
        {936, "\xc4\xe3\xba\xc3", L"\x4f60\x597d"},
        {949, "\xb0\xa1\xc7\xd1", L"\xac00\xd55c"},
        {950, "\xa4\xa4\xa4\xe5", L"\x4e2d\x6587"},
        {CP_UTF8, "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", L"a\xe9\x20ac\xd83d\xde00"},
        {54936, "\x84\x31\x95\x33", L"\xfeff"},
        {CP_UTF7, "a+AOk-b", L"a\xe9" L"b"},
    };

    for (unsigned i = 0; i < ARRAYSIZE(rows); i++) {
        int bytes = (int)strlen(rows[i].bytes), chars = (int)wcslen(rows[i].wide), got;
        WCHAR wide[32];
        char text[64];

        if (!IsValidCodePage(rows[i].page)) {
            skip("code page %u is not installed", rows[i].page);
            continue;
        }
        memset(wide, 0xcc, sizeof(wide));
        got = MultiByteToWideChar(rows[i].page, 0, rows[i].bytes, bytes, wide, ARRAYSIZE(wide));
        ok(got == chars && !wcsncmp(wide, rows[i].wide, chars), "%u: to wide: %d of %d, %#x %#x", rows[i].page, got,
           chars, wide[0], wide[1]);
        ok(wide[chars] == 0xcccc, "%u: written behind the end", rows[i].page);
        got = MultiByteToWideChar(rows[i].page, 0, rows[i].bytes, -1, NULL, 0);
        ok(got == chars + 1, "%u: with its NUL: %d, not %d", rows[i].page, got, chars + 1);
        memset(text, 0xcc, sizeof(text));
        got = WideCharToMultiByte(rows[i].page, 0, rows[i].wide, chars, text, sizeof(text), NULL, NULL);
        ok(got == bytes && !memcmp(text, rows[i].bytes, bytes), "%u: from wide: %d of %d, %#x %#x", rows[i].page,
           got, bytes, (unsigned char)text[0], (unsigned char)text[1]);
        ok(is_all(text + bytes, 8, (char)0xcc), "%u: written behind the end", rows[i].page);
        got = WideCharToMultiByte(rows[i].page, 0, rows[i].wide, -1, NULL, 0, NULL, NULL);
        ok(got == bytes + 1, "%u: with its NUL: %d, not %d", rows[i].page, got, bytes + 1);
        /* Each length that is too short. */
        SetLastError(0xdeadbeef);
        todo_wine_if(rows[i].page == CP_UTF8)
            ok(!MultiByteToWideChar(rows[i].page, 0, rows[i].bytes, bytes, wide, chars - 1) &&
                   GetLastError() == ERROR_INSUFFICIENT_BUFFER, "%u: short: error %lu", rows[i].page, GetLastError());
        SetLastError(0xdeadbeef);
        ok(!WideCharToMultiByte(rows[i].page, 0, rows[i].wide, chars, text, bytes - 1, NULL, NULL) &&
               GetLastError() == ERROR_INSUFFICIENT_BUFFER, "%u: short: error %lu", rows[i].page, GetLastError());
    }
}

/* Invalid UTF-8: one U+FFFD for each maximal part of a sequence, since Windows Vista, or an error. */
static void test_invalid_utf8(void)
{
    static const struct {
        const char *bytes;
        const WCHAR *wide;
    } rows[] = {
        {"\x80", L"\xfffd"},
        {"a\xffz", L"a\xfffdz"},
        {"\xc0\x80", L"\xfffd\xfffd"},
        {"\xc3", L"\xfffd"},
        {"\xc3(", L"\xfffd("},
        {"\xe2\x82", L"\xfffd"},
        {"\xe2\x82(", L"\xfffd("},
        {"\xf0\x9f\x98", L"\xfffd"},
        {"\xf0\x9f\x98(", L"\xfffd("},
        {"\xf8\x88\x80\x80\x80", L"\xfffd\xfffd\xfffd\xfffd\xfffd"},
    };
    char text[16];
    BOOL used = 42;

    for (unsigned i = 0; i < ARRAYSIZE(rows); i++) {
        WCHAR wide[16];
        int got, bytes = (int)strlen(rows[i].bytes);

        memset(wide, 0xcc, sizeof(wide));
        got = MultiByteToWideChar(CP_UTF8, 0, rows[i].bytes, bytes, wide, 16);
        ok(got == (int)wcslen(rows[i].wide) && !wcsncmp(wide, rows[i].wide, got), "%u: %d characters, %#x %#x", i, got,
           wide[0], wide[1]);
        SetLastError(0xdeadbeef);
        ok(!MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, rows[i].bytes, bytes, wide, 16), "%u: accepted", i);
        ok(GetLastError() == ERROR_NO_UNICODE_TRANSLATION, "%u: error %lu", i, GetLastError());
    }
    /* The other way: a lone surrogate is U+FFFD, or an error. */
    ok(WideCharToMultiByte(CP_UTF8, 0, L"a\xd800z", 3, text, 16, NULL, NULL) == 5 &&
           !memcmp(text, "a\xef\xbf\xbdz", 5), "lone surrogate");
    SetLastError(0xdeadbeef);
    ok(!WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, L"a\xdc00z", 3, text, 16, NULL, NULL), "accepted");
    ok(GetLastError() == ERROR_NO_UNICODE_TRANSLATION, "error %lu", GetLastError());
    /* UTF-8 takes no default character [documented]. */
    SetLastError(0xdeadbeef);
    todo_wine
        ok(!WideCharToMultiByte(CP_UTF8, 0, L"a", 1, text, 16, "?", NULL) && GetLastError() == ERROR_INVALID_PARAMETER,
           "error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    todo_wine
        ok(!WideCharToMultiByte(CP_UTF8, 0, L"a", 1, text, 16, NULL, &used) && GetLastError() == ERROR_INVALID_PARAMETER,
           "error %lu", GetLastError());
}

static void test_default_character(void)
{
    char text[16];
    BOOL used = 42;

    ok(WideCharToMultiByte(1252, 0, L"a\x4e2dz", 3, text, 16, NULL, &used) == 3 && !memcmp(text, "a?z", 3), "%.3s",
       text);
    ok(used == TRUE, "used %d", used);
    used = 42;
    ok(WideCharToMultiByte(1252, 0, L"abc", 3, text, 16, "#", &used) == 3 && used == FALSE, "used %d", used);
    ok(WideCharToMultiByte(1252, 0, L"a\x4e2dz", 3, text, 16, "#", &used) == 3 && !memcmp(text, "a#z", 3), "%.3s",
       text);
    /* Best fit, unless it is refused. */
    used = 42;
    ok(WideCharToMultiByte(1252, 0, L"\x100\x221e", 2, text, 16, NULL, &used) == 2 && !memcmp(text, "A8", 2), "%.2s",
       text);
    ok(used == FALSE, "used %d", used);
    ok(WideCharToMultiByte(1252, WC_NO_BEST_FIT_CHARS, L"\x100z", 2, text, 16, NULL, &used) == 2 &&
           !memcmp(text, "?z", 2), "%.2s", text);
    ok(used == TRUE, "used %d", used);
    /* Bytes that 1252 does not define are control characters, or an error for pages without them. */
    SetLastError(0xdeadbeef);
    ok(!MultiByteToWideChar(932, MB_ERR_INVALID_CHARS, "\x82", 1, NULL, 0), "half a character");
    ok(GetLastError() == ERROR_NO_UNICODE_TRANSLATION, "error %lu", GetLastError());
}

static void test_arguments(void)
{
    WCHAR wide[16];
    char text[16];

    static const struct {
        UINT page;
        DWORD flags;
        DWORD error;
    } rows[] = {
        {0xbeef, 0, ERROR_INVALID_PARAMETER},
        {CP_UTF8, MB_PRECOMPOSED, ERROR_INVALID_FLAGS},
        {CP_UTF7, MB_ERR_INVALID_CHARS, ERROR_INVALID_FLAGS},
        {1252, 0x8000, ERROR_INVALID_FLAGS},
    };

    for (unsigned i = 0; i < ARRAYSIZE(rows); i++) {
        SetLastError(0xdeadbeef);
        todo_wine_if(i == 1) ok(!MultiByteToWideChar(rows[i].page, rows[i].flags, "a", 1, wide, 16), "%u succeeded", i);
        todo_wine_if(i == 1) ok(GetLastError() == rows[i].error, "%u: error %lu", i, GetLastError());
    }
    SetLastError(0xdeadbeef);
    ok(!MultiByteToWideChar(CP_ACP, 0, "a", 0, wide, 16) && GetLastError() == ERROR_INVALID_PARAMETER,
       "no characters: error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!MultiByteToWideChar(CP_ACP, 0, NULL, 1, wide, 16) && GetLastError() == ERROR_INVALID_PARAMETER,
       "NULL: error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!MultiByteToWideChar(CP_ACP, 0, "a", 1, NULL, 16) && GetLastError() == ERROR_INVALID_PARAMETER,
       "no buffer: error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!MultiByteToWideChar(CP_ACP, 0, "a", 1, wide, -1) && GetLastError() == ERROR_INVALID_PARAMETER,
       "negative: error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    todo_wine
        ok(!MultiByteToWideChar(CP_ACP, 0, (char *)wide, 1, wide, 16) && GetLastError() == ERROR_INVALID_PARAMETER,
           "in place: error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!WideCharToMultiByte(CP_ACP, 0, L"a", 0, text, 16, NULL, NULL) && GetLastError() == ERROR_INVALID_PARAMETER,
       "no characters: error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!WideCharToMultiByte(0xbeef, 0, L"a", 1, text, 16, NULL, NULL) && GetLastError() == ERROR_INVALID_PARAMETER,
       "page: error %lu", GetLastError());
}

static void test_information(void)
{
    CPINFO info;
    CPINFOEXA extended;
    CPINFOEXW wide;

    ok(GetACP() == 1252, "ACP %u", GetACP());
    ok(GetOEMCP() == 437, "OEMCP %u", GetOEMCP());
    memset(&info, 0xcc, sizeof(info));
    ok(GetCPInfo(1252, &info) && info.MaxCharSize == 1 && info.DefaultChar[0] == '?' && !info.LeadByte[0], "1252: %u",
       info.MaxCharSize);
    ok(GetCPInfo(932, &info) && info.MaxCharSize == 2 && info.LeadByte[0] == 0x81 && info.LeadByte[1] == 0x9f &&
           info.LeadByte[2] == 0xe0 && info.LeadByte[3] == 0xfc && !info.LeadByte[4], "932: %u %#x", info.MaxCharSize,
       info.LeadByte[0]);
    ok(GetCPInfo(CP_UTF8, &info) && info.MaxCharSize == 4 && info.DefaultChar[0] == '?', "UTF-8: %u", info.MaxCharSize);
    memset(&wide, 0xcc, sizeof(wide));
    todo_wine ok(GetCPInfoExW(1252, 0, &wide) && wide.CodePage == 1252 && wide.UnicodeDefaultChar == '?' &&
                     !wcsncmp(wide.CodePageName, L"1252", 4), "1252: %u %ls", wide.CodePage, wide.CodePageName);
    memset(&extended, 0xcc, sizeof(extended));
    ok(GetCPInfoExA(CP_UTF8, 0, &extended) && extended.CodePage == CP_UTF8 && extended.UnicodeDefaultChar == 0xfffd,
       "UTF-8: %u", extended.CodePage);
    SetLastError(0xdeadbeef);
    ok(!GetCPInfo(0xbeef, &info) && GetLastError() == ERROR_INVALID_PARAMETER, "error %lu", GetLastError());
    ok(IsDBCSLeadByteEx(932, 0x81) && !IsDBCSLeadByteEx(932, 0xa0) && !IsDBCSLeadByteEx(1252, 0x81) &&
           !IsDBCSLeadByteEx(CP_UTF8, 0xc3), "lead bytes");
    ok(!IsDBCSLeadByte(0xe9), "lead byte of 1252");
    ok(IsValidCodePage(1252) && IsValidCodePage(CP_UTF8) && IsValidCodePage(CP_UTF7) && !IsValidCodePage(0xbeef) &&
           !IsValidCodePage(CP_ACP), "valid pages");
}

CONFORMANCE("system: code pages", test_pages, test_invalid_utf8, test_default_character, test_arguments,
            test_information)
