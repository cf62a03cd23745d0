/* SPDX-License-Identifier: LGPL-2.1-or-later
 * shlwapi.h: kinds of URLs, file URLs as paths.
 *
 * Sources: learn.microsoft.com UrlIsW, UrlIsOpaqueW, PathCreateFromUrlW. The page of the last gives no examples; what Wine 8
 * does is expected there.
 */
#include "conformance.h"
#include <shlwapi.h>

static void test_kinds(void)
{
    static const struct {
        const WCHAR *url;
        BOOL is_url, is_opaque, is_file, is_directory, has_query;
        BOOL is_todo_wine; /* it knows opaque schemes by name, and no queries */
    } rows[] = {
        {L"file:///c:/a", TRUE, FALSE, TRUE, FALSE, FALSE, FALSE},
        {L"FILE:///c:/a/", TRUE, FALSE, TRUE, TRUE, FALSE, FALSE},
        {L"http://a/b", TRUE, FALSE, FALSE, FALSE, FALSE, FALSE},
        {L"http://a/", TRUE, FALSE, FALSE, TRUE, FALSE, FALSE},
        {L"http://a/b?c", TRUE, FALSE, FALSE, FALSE, TRUE, TRUE},
        {L"mailto:xyz@litwareinc.com", TRUE, TRUE, FALSE, FALSE, FALSE, FALSE},
        {L"package:a", TRUE, TRUE, FALSE, FALSE, FALSE, TRUE},
        {L"c:\\a", FALSE, FALSE, FALSE, FALSE, FALSE, FALSE},
        {L"a/b", FALSE, FALSE, FALSE, FALSE, FALSE, FALSE},
        {L"", FALSE, FALSE, FALSE, FALSE, FALSE, FALSE},
    };

    for (unsigned i = 0; i < ARRAYSIZE(rows); i++) {
        ok(UrlIsW(rows[i].url, URLIS_URL) == rows[i].is_url, "%ls: a URL", rows[i].url);
        todo_wine_if(rows[i].is_todo_wine && rows[i].is_opaque)
            ok(UrlIsW(rows[i].url, URLIS_OPAQUE) == rows[i].is_opaque, "%ls: opaque", rows[i].url);
        ok(UrlIsW(rows[i].url, URLIS_FILEURL) == rows[i].is_file, "%ls: a file", rows[i].url);
        ok(UrlIsW(rows[i].url, URLIS_DIRECTORY) == rows[i].is_directory, "%ls: a directory", rows[i].url);
        todo_wine_if(rows[i].has_query)
            ok(UrlIsW(rows[i].url, URLIS_HASQUERY) == rows[i].has_query, "%ls: a query", rows[i].url);
    }
    ok(UrlIsA("file:///c:/a", URLIS_FILEURL) && !UrlIsA("c:\\a", URLIS_URL), "UrlIsA");
}

static void test_file_urls(void)
{
    static const struct {
        const WCHAR *url, *path; /* NULL: E_INVALIDARG */
    } rows[] = {
        {L"file:///c:/a/b", L"c:\\a\\b"},
        {L"FILE:///C:/a", L"C:\\a"},
        {L"file:///c:/a%20b/100%25", L"c:\\a b\\100%"},
        {L"file:///c:/%e4%zz%4", L"c:\\\xe4%zz%4"},
        {L"file:///c:/a%2Fb", L"c:\\a/b"},
        {L"file:///c|/a", L"c:\\a"},
        {L"file:///c:/a?b#c", L"c:\\a?b#c"},
        {L"file:c:/a", L"c:\\a"}, {L"file:/c:/a", L"c:\\a"}, {L"file://c:/a", L"c:\\a"}, {L"file:\\\\\\c:\\a", L"c:\\a"},
        {L"file://localhost/c:/a", L"c:\\a"},
        {L"file://server/share/a", L"\\\\server\\share\\a"},
        {L"file:////server/share", L"\\\\server\\share"},
        {L"file:///a/b", L"\\a\\b"}, {L"file:/a", L"\\a"}, {L"file:a/b", L"a\\b"},
        {L"http://a/b", NULL}, {L"c:\\a", NULL}, {L"", NULL},
    };
    WCHAR path[64];
    HRESULT result;
    DWORD room;

    for (unsigned i = 0; i < ARRAYSIZE(rows); i++) {
        room = ARRAYSIZE(path);
        wcscpy(path, L"before");
        result = PathCreateFromUrlW(rows[i].url, path, &room, 0);
        ok(result == (rows[i].path ? S_OK : E_INVALIDARG), "%ls: %#lx", rows[i].url, result);
        ok(!wcscmp(path, rows[i].path ? rows[i].path : L"before"), "%ls: %ls", rows[i].url, path);
        ok(room == (rows[i].path ? wcslen(path) : ARRAYSIZE(path)), "%ls: %lu characters", rows[i].url, room);
    }
    wcscpy(path, L"before");
    room = 6;
    result = PathCreateFromUrlW(L"file:///c:/abc", path, &room, 0);
    ok(result == E_POINTER && room == 7 && !wcscmp(path, L"before"), "%#lx, %lu, %ls", result, room, path);
    result = PathCreateFromUrlW(L"file:///c:/abc", path, &room, 0);
    ok(result == S_OK && room == 6 && !wcscmp(path, L"c:\\abc"), "%#lx, %lu, %ls", result, room, path);
    wcscpy(path, L"file:///c:/abc");
    room = ARRAYSIZE(path);
    ok(PathCreateFromUrlW(path, path, &room, 0) == S_OK && !wcscmp(path, L"c:\\abc"), "in place: %ls", path);
    ok(PathCreateFromUrlW(NULL, path, &room, 0) == E_INVALIDARG, "no URL");
    ok(PathCreateFromUrlW(L"file:a", NULL, &room, 0) == E_INVALIDARG, "no buffer");
    ok(PathCreateFromUrlW(L"file:a", path, NULL, 0) == E_INVALIDARG, "no size");
}

CONFORMANCE("system: URLs", test_kinds, test_file_urls)
