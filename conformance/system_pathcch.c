/* SPDX-License-Identifier: LGPL-2.1-or-later
 * pathcch.h: roots, extensions and backslashes of paths; canonical and combined ones.
 *
 * Sources: [D] learn.microsoft.com's page of each function, with its table of examples; [C] PathCchCanonicalizeEx'
 * remarks on "." and ".."; [F] the flags' table on the page of PathAllocCanonicalize; [H] pathcch.h and strsafe.h for
 * the errors. Where the pages are silent, what Wine 8 does is expected: its functions were made after Windows'.
 */
#include "conformance.h"
#include <pathcch.h>

#ifndef PATHCCH_NONE
#define PATHCCH_NONE                            0x00
#define PATHCCH_FORCE_ENABLE_LONG_NAME_PROCESS  0x02
#define PATHCCH_FORCE_DISABLE_LONG_NAME_PROCESS 0x04
#define PATHCCH_DO_NOT_NORMALIZE_SEGMENTS       0x08
#define PATHCCH_ENSURE_IS_EXTENDED_LENGTH_PATH  0x10
#define PATHCCH_ENSURE_TRAILING_SLASH           0x20
#endif
#define PATHCCH_CANONICALIZE_SLASHES            0x40

#define INSUFFICIENT_BUFFER ((HRESULT)0x8007007a) /* STRSAFE_E_INSUFFICIENT_BUFFER */
#define TOO_LONG            ((HRESULT)0x800700ce) /* PATHCCH_E_FILENAME_TOO_LONG */
#define VOLUME              L"\\\\?\\Volume{e51a1864-6f2d-4019-b73d-f4e60e600c26}"

/* --- Roots ------------------------------------------------------------------------------------ */

static void test_roots(void)
{
    static const struct {
        const WCHAR *path;
        int end;             /* PathCchSkipRoot; -1: E_INVALIDARG */
        BOOL is_root;        /* [D] PathCchIsRoot's table; of `\path1` it says TRUE, but [D] PathCchStripToRoot that
                              * its root is `\`, so that row is not asked here as the page has it */
        const WCHAR *root;   /* PathCchStripToRoot; NULL: unchanged */
    } rows[] = {
        {L"c:\\", 3, TRUE, NULL},
        {L"c:", 2, FALSE, NULL},
        {L"c:\\path1", 3, FALSE, L"c:\\"},
        {L"C:\\path1\\path2\\file", 3, FALSE, L"C:\\"},
        {L"c:path1", 2, FALSE, L"c:"},
        {L"\\", 1, TRUE, NULL},
        {L"\\path1", 1, FALSE, L"\\"},
        {L"path1", -1, FALSE, NULL},
        {L"..\\path2", -1, FALSE, NULL},
        {L"", -1, FALSE, NULL},
        {L"/path1", -1, FALSE, NULL},
        {L"c:/path1", 2, FALSE, L"c:"},
        {L"1:\\path1", -1, FALSE, NULL},
        {L"\\\\path1\\path2", 13, TRUE, NULL},
        {L"\\\\path1\\path2\\", 14, FALSE, L"\\\\path1\\path2"},
        {L"\\\\path1\\path2\\path3", 14, FALSE, L"\\\\path1\\path2"},
        {L"\\\\path1", 7, TRUE, NULL},
        {L"\\\\path1\\", 8, FALSE, NULL},
        {L"\\\\", 2, TRUE, NULL},
        {L"\\\\?\\UNC\\", 8, TRUE, NULL},
        {L"\\\\?\\UNC\\path1\\path2", 19, TRUE, NULL},
        {L"\\\\?\\unc\\path1\\path2", 19, TRUE, NULL},
        {L"\\\\?\\UNC\\path1\\path2\\", 20, FALSE, L"\\\\?\\UNC\\path1\\path2"},
        {L"\\\\?\\UNC\\path1\\path2\\path3", 20, FALSE, L"\\\\?\\UNC\\path1\\path2"},
        {L"\\\\?\\UNC\\path1", 13, TRUE, NULL},
        {L"\\\\?\\UNC\\path1\\", 14, FALSE, NULL},
        {L"\\\\?\\c:\\", 7, TRUE, NULL},
        {L"\\\\?\\c:", 6, FALSE, NULL},
        {L"\\\\?\\c:\\path1", 7, FALSE, L"\\\\?\\c:\\"},
        {VOLUME L"\\", 49, TRUE, NULL},
        {VOLUME, 48, FALSE, NULL},
        {VOLUME L"\\path1", 49, FALSE, VOLUME L"\\"},
        {L"\\\\?\\Volume{guid}\\", -1, FALSE, NULL},
        {L"\\\\?\\path1", -1, FALSE, NULL},
    };
    const WCHAR *end;
    WCHAR path[64];

    for (unsigned i = 0; i < ARRAYSIZE(rows); i++) {
        HRESULT result = PathCchSkipRoot(rows[i].path, &end);

        if (rows[i].end < 0)
            ok(result == E_INVALIDARG, "%ls: skip %#lx", rows[i].path, result);
        else
            ok(result == S_OK && end - rows[i].path == rows[i].end, "%ls: skip %#lx", rows[i].path, result);
        ok(PathCchIsRoot(rows[i].path) == rows[i].is_root, "%ls: is a root: %d", rows[i].path, !rows[i].is_root);
        wcscpy(path, rows[i].path);
        result = PathCchStripToRoot(path, ARRAYSIZE(path));
        ok(result == (rows[i].end < 0 ? E_INVALIDARG : rows[i].root ? S_OK : S_FALSE), "%ls: strip %#lx", rows[i].path,
           result);
        ok(!wcscmp(path, rows[i].root ? rows[i].root : rows[i].path), "%ls: root %ls", rows[i].path, path);
    }
    ok(!PathCchIsRoot(NULL), "NULL is a root");
    ok(PathCchSkipRoot(NULL, &end) == E_INVALIDARG, "NULL");
}

static void test_unc(void)
{
    const WCHAR *server = L"";

    ok(PathIsUNCEx(L"\\\\server\\share", &server) && !wcscmp(server, L"server\\share"), "server %ls", server);
    ok(PathIsUNCEx(L"\\\\?\\UNC\\server\\share", &server) && !wcscmp(server, L"server\\share"), "server %ls", server);
    ok(PathIsUNCEx(L"\\\\", NULL), "\\\\");
    ok(!PathIsUNCEx(L"\\\\?\\c:\\path", &server) && !server, "server %p", server);
    server = L"";
    ok(!PathIsUNCEx(L"c:\\path", &server) && !server, "server %p", server);
    ok(!PathIsUNCEx(L"\\path", NULL), "\\path");
}

/* --- Edits in place --------------------------------------------------------------------------- */

struct edit {
    const WCHAR *path;
    const WCHAR *after;    /* NULL: unchanged, with S_FALSE */
};

static void check_edits(const char *name, HRESULT (WINAPI *edit)(WCHAR *, size_t), const struct edit *rows, unsigned count)
{
    WCHAR path[64];
    HRESULT result;

    for (unsigned i = 0; i < count; i++) {
        memset(path, 0xcc, sizeof(path));
        wcscpy(path, rows[i].path);
        result = edit(path, wcslen(path) + 1);
        ok(result == (rows[i].after ? S_OK : S_FALSE), "%s %ls: %#lx", name, rows[i].path, result);
        ok(!wcscmp(path, rows[i].after ? rows[i].after : rows[i].path), "%s %ls: %ls", name, rows[i].path, path);
    }
    wcscpy(path, L"c:\\path");
    ok(edit(path, 0) == E_INVALIDARG, "%s without room", name);
    ok(!wcscmp(path, L"c:\\path"), "%s without room changed it", name);
}

static void test_file_spec(void)
{
    static const struct edit rows[] = {
        /* [D] PathCchRemoveFileSpec's table */
        {L"C:\\path1", L"C:\\"},
        {L"C:\\path1\\path2", L"C:\\path1"},
        {L"C:\\path1\\", L"C:\\path1"},
        {L"\\\\path1\\path2\\path3", L"\\\\path1\\path2"},
        {L"\\path1", L"\\"},
        /* and what follows from it */
        {L"C:\\", NULL},
        {L"C:", NULL},
        {L"C:path1", L"C:"},
        {L"\\", NULL},
        {L"\\\\path1\\path2", NULL},
        {L"\\\\path1\\path2\\", L"\\\\path1\\path2"},
        {L"\\\\path1\\", L"\\\\path1"},
        {L"\\\\path1", NULL},
        {L"path1", L""},
        {L"path1\\path2", L"path1"},
        {L"", NULL},
        {L"C:/path1/path2", L"C:"},
        {L"\\\\?\\C:\\path1", L"\\\\?\\C:\\"},
        {L"\\\\?\\UNC\\path1\\path2\\path3", L"\\\\?\\UNC\\path1\\path2"},
        {VOLUME L"\\path1", VOLUME L"\\"},
    };

    check_edits("RemoveFileSpec", (HRESULT (WINAPI *)(WCHAR *, size_t))PathCchRemoveFileSpec, rows, ARRAYSIZE(rows));
}

static void test_prefix(void)
{
    static const struct edit rows[] = {
        {L"\\\\?\\C:\\path", L"C:\\path"},
        {L"\\\\?\\C:", L"C:"},
        {L"\\\\?\\UNC\\server\\share", L"\\\\server\\share"},
        {L"C:\\path", NULL},
        {L"\\\\server\\share", NULL},
        {VOLUME L"\\path", NULL},
        {L"", NULL},
    };

    check_edits("StripPrefix", (HRESULT (WINAPI *)(WCHAR *, size_t))PathCchStripPrefix, rows, ARRAYSIZE(rows));
}

/* [D] PathCchAddBackslashEx, PathCchRemoveBackslashEx: "the pointer points to the backslash", "this count includes
 * the backslash" of a root. */
static void test_backslashes(void)
{
    static const struct edit removals[] = {
        {L"C:\\path\\", L"C:\\path"},
        {L"C:\\path\\\\", L"C:\\path\\"},
        {L"C:\\path", NULL},
        {L"C:\\", NULL},
        {L"\\", NULL},
        {L"\\\\", NULL},
        {L"\\\\server\\", L"\\\\server"},
        {L"path\\", L"path"},
        {L"", NULL},
    };
    WCHAR path[16], *end;
    size_t rest;

    check_edits("RemoveBackslash", (HRESULT (WINAPI *)(WCHAR *, size_t))PathCchRemoveBackslash, removals,
                ARRAYSIZE(removals));
    wcscpy(path, L"C:\\");
    ok(PathCchRemoveBackslashEx(path, 16, &end, &rest) == S_FALSE && end == path + 2 && rest == 14, "%d, %d",
       (int)(end - path), (int)rest);
    wcscpy(path, L"C:\\a\\");
    ok(PathCchRemoveBackslashEx(path, 16, &end, &rest) == S_OK && end == path + 4 && rest == 12, "%d, %d",
       (int)(end - path), (int)rest);
    ok(PathCchRemoveBackslash(path, 4) == E_INVALIDARG && !wcscmp(path, L"C:\\a"), "%ls", path);

    wcscpy(path, L"C:");
    ok(PathCchAddBackslashEx(path, 16, &end, &rest) == S_OK && !wcscmp(path, L"C:\\"), "%ls", path);
    ok(end == path + 3 && rest == 13, "%d, %d", (int)(end - path), (int)rest);
    ok(PathCchAddBackslashEx(path, 16, &end, &rest) == S_FALSE && !wcscmp(path, L"C:\\"), "%ls", path);
    ok(end == path + 3 && rest == 13, "%d, %d", (int)(end - path), (int)rest);
    wcscpy(path, L"ab");
    ok(PathCchAddBackslash(path, 3) == INSUFFICIENT_BUFFER && !wcscmp(path, L"ab"), "%ls", path);
    ok(PathCchAddBackslash(path, 4) == S_OK && !wcscmp(path, L"ab\\"), "%ls", path);
    path[0] = 0;
    ok(PathCchAddBackslash(path, 16) == S_FALSE && !path[0], "%ls", path);
}

static void test_extensions(void)
{
    static const struct {
        const WCHAR *path;
        int at;
    } places[] = {
        {L"a.b", 1}, {L"a.b.c", 3}, {L"a.b\\c", 5}, {L"c:\\a.b\\c.d", 8}, {L"a", 1}, {L"", 0}, {L".a", 0}, {L"a.", 1},
        {L"a.b c", 5}, {L"a .b", 2}, {L"a.b/c", 1}, {L"\\\\a\\b.c", 5},
    };
    static const struct {
        const WCHAR *extension;
        const WCHAR *added;    /* to "a"; NULL: E_INVALIDARG */
    } rows[] = {
        {L"ext", L"a.ext"}, {L".ext", L"a.ext"}, {L"", L"a"}, {L".", L"a"}, {L"*", L"a.*"},
        {L"..ext", NULL}, {L"ext.", NULL}, {L"e.t", NULL}, {L"e t", NULL}, {L" ext", NULL}, {L"e\\t", NULL},
    };
    const WCHAR *found;
    WCHAR path[16];

    for (unsigned i = 0; i < ARRAYSIZE(places); i++)
        ok(PathCchFindExtension(places[i].path, 16, &found) == S_OK && found == places[i].path + places[i].at, "%ls: %ls",
           places[i].path, found);
    ok(PathCchFindExtension(L"a.b", 3, &found) == E_INVALIDARG && !found, "found %p", found);
    ok(PathCchFindExtension(L"a.b", PATHCCH_MAX_CCH + 1, &found) == E_INVALIDARG, "room");

    for (unsigned i = 0; i < ARRAYSIZE(rows); i++) {
        HRESULT expected = rows[i].added ? S_OK : E_INVALIDARG, result;

        wcscpy(path, L"a");
        result = PathCchAddExtension(path, 16, rows[i].extension);
        ok(result == expected && !wcscmp(path, rows[i].added ? rows[i].added : L"a"), "add \"%ls\": %#lx, %ls",
           rows[i].extension, result, path);
        wcscpy(path, L"a.b");
        result = PathCchAddExtension(path, 16, rows[i].extension);
        ok(result == (rows[i].added ? S_FALSE : E_INVALIDARG) && !wcscmp(path, L"a.b"), "add \"%ls\" to a.b: %#lx, %ls",
           rows[i].extension, result, path);
        result = PathCchRenameExtension(path, 16, rows[i].extension);
        ok(result == expected && (!rows[i].added || !wcscmp(path, rows[i].added)), "rename to \"%ls\": %#lx, %ls",
           rows[i].extension, result, path);
    }
    /* The page names PATHCCH_E_FILENAME_TOO_LONG for a short buffer. */
    wcscpy(path, L"ab");
    ok(PathCchAddExtension(path, 4, L"x") == INSUFFICIENT_BUFFER && !wcscmp(path, L"ab"), "%ls", path);
    ok(PathCchAddExtension(path, 5, L"x") == S_OK && !wcscmp(path, L"ab.x"), "%ls", path);
    ok(PathCchRemoveExtension(path, 5) == S_OK && !wcscmp(path, L"ab"), "%ls", path);
    ok(PathCchRemoveExtension(path, 5) == S_FALSE && !wcscmp(path, L"ab"), "%ls", path);
    ok(PathCchRemoveExtension(path, 2) == E_INVALIDARG, "without a NUL");
}

/* --- Canonical paths -------------------------------------------------------------------------- */

static void test_canonicalize(void)
{
    static const struct {
        const WCHAR *path, *canonical;
    } rows[] = {
        /* [C] the page's table */
        {L"C:\\name_1\\.\\name_2\\..\\name_3", L"C:\\name_1\\name_3"},
        {L"C:\\name_1\\..\\name_2\\.\\name_3", L"C:\\name_2\\name_3"},
        {L"C:\\name_1\\name_2\\.\\name_3\\..\\name_4", L"C:\\name_1\\name_2\\name_4"},
        {L"C:\\name_1\\.\\name_2\\.\\name_3\\..\\name_4\\..", L"C:\\name_1\\name_2"},
        {L"C:\\name_1\\*...", L"C:\\name_1\\*."},
        {L"C:\\..", L"C:\\"},
        /* [C] the text: empty paths, more ".." than names, periods at the end, a drive */
        {L"", L"\\"}, {L".", L"\\"}, {L"..", L"\\"}, {L"a\\..", L"\\"}, {L"a\\..\\..", L"\\"}, {L"...", L"\\"},
        {L"c:", L"c:\\"}, {L"c:.", L"c:\\"}, {L"c:\\.", L"c:\\"}, {L"c:\\a\\..\\..\\b", L"c:\\b"},
        {L"c:\\a...", L"c:\\a"}, {L"c:\\a.\\b", L"c:\\a.\\b"}, {L"c:\\a.\\", L"c:\\a.\\"}, {L"a*.", L"a*."},
        {L"a*..", L"a*."}, {L"c:\\a\\...", L"c:\\a\\"}, {L"c:\\a\\...\\b", L"c:\\a\\...\\b"}, {L"c:\\.a", L"c:\\.a"},
        {L"c:\\..a", L"c:\\..a"},
        /* the rest */
        {L"a", L"a"}, {L"a\\b", L"a\\b"}, {L"a\\b\\..", L"a"}, {L"a\\b\\..\\", L"a\\"}, {L"a\\b\\.", L"a\\b"},
        {L"a\\b\\.\\", L"a\\b\\"}, {L".\\a", L"a"}, {L"..\\a", L"a"}, {L"a\\..\\b", L"\\b"}, {L"a\\..\\..\\b", L"\\b"},
        {L"\\a\\..\\b", L"\\b"}, {L"\\..\\a", L"\\a"}, {L"c:a", L"c:a"}, {L"c:\\\\..\\a", L"c:\\a"},
        {L"c:\\a\\\\b", L"c:\\a\\\\b"}, {L"c:\\a\\\\..\\b", L"c:\\a\\b"}, {L"c:/a/../b", L"c:/a/../b"},
        {L"\\\\a\\b\\..\\c", L"\\\\a\\c"}, {L"\\\\a\\b\\..", L"\\\\a"}, {L"\\\\a\\..\\b", L"\\\\b"}, {L"\\\\..", L"\\\\"},
        {L"\\\\?\\c:\\a\\.\\b", L"c:\\a\\b"}, {L"\\\\?\\c:", L"c:\\"}, {L"\\\\?\\UNC\\a\\b\\..\\c", L"\\\\a\\c"},
        {VOLUME L"\\a\\..\\b", VOLUME L"\\b"},
    };
    WCHAR out[MAX_PATH], *allocated;

    for (unsigned i = 0; i < ARRAYSIZE(rows); i++) {
        HRESULT result;

        memset(out, 0xcc, sizeof(out));
        result = PathCchCanonicalize(out, MAX_PATH, rows[i].path);
        ok(result == S_OK && !wcscmp(out, rows[i].canonical), "%ls: %#lx, %.40ls", rows[i].path, result, out);
        allocated = NULL;
        result = PathAllocCanonicalize(rows[i].path, PATHCCH_NONE, &allocated);
        if (!wcscmp(rows[i].path, L"c:")) /* only the Cch functions' pages say that drives get a backslash */
            ok(result == S_OK && !wcscmp(allocated, L"c:"), "c: became %ls", allocated);
        else
            ok(result == S_OK && allocated && !wcscmp(allocated, rows[i].canonical), "%ls: %#lx, %ls", rows[i].path,
               result, allocated);
        LocalFree(allocated);
    }
    ok(PathCchCanonicalize(out, 4, L"abc") == S_OK && !wcscmp(out, L"abc"), "%ls", out);
    ok(PathCchCanonicalize(out, 3, L"abc") == INSUFFICIENT_BUFFER, "short buffer");
    ok(PathCchCanonicalize(out, 0, L"abc") == E_INVALIDARG, "no buffer");
    allocated = out;
    ok(PathAllocCanonicalize(NULL, PATHCCH_NONE, &allocated) == E_INVALIDARG && !allocated, "NULL: %p", allocated);
    ok(PathAllocCanonicalize(L"a", PATHCCH_NONE, NULL) == E_INVALIDARG, "no pointer");
}

static void test_flags(void)
{
    static const struct {
        const WCHAR *path;
        DWORD flags;
        const WCHAR *canonical; /* NULL: E_INVALIDARG */
        BOOL is_todo_wine;
    } rows[] = {
        {L"c:\\a.", PATHCCH_DO_NOT_NORMALIZE_SEGMENTS, L"c:\\a."},
        {L"c:\\a\\..\\b.", PATHCCH_DO_NOT_NORMALIZE_SEGMENTS, L"c:\\b."},
        {L"c:\\a", PATHCCH_ENSURE_IS_EXTENDED_LENGTH_PATH, L"\\\\?\\c:\\a"},
        {L"c:\\a\\..\\b.", PATHCCH_ENSURE_IS_EXTENDED_LENGTH_PATH, L"\\\\?\\c:\\b."},
        {L"\\\\?\\c:\\a", PATHCCH_ENSURE_IS_EXTENDED_LENGTH_PATH, L"\\\\?\\c:\\a"},
        {L"a", PATHCCH_ENSURE_IS_EXTENDED_LENGTH_PATH, L"a"},
        {VOLUME L"\\a", PATHCCH_ENSURE_IS_EXTENDED_LENGTH_PATH, VOLUME L"\\a"},
        /* [F] "(with the \\?\ prefix) if not already in that form"; Wine leaves out servers. */
        {L"\\\\a\\b", PATHCCH_ENSURE_IS_EXTENDED_LENGTH_PATH, L"\\\\?\\UNC\\a\\b", TRUE},
        {L"\\\\?\\UNC\\a\\b", PATHCCH_ENSURE_IS_EXTENDED_LENGTH_PATH, L"\\\\?\\UNC\\a\\b", TRUE},
        {L"c:\\a", PATHCCH_ENSURE_TRAILING_SLASH, L"c:\\a\\"},
        {L"c:\\a\\", PATHCCH_ENSURE_TRAILING_SLASH, L"c:\\a\\"},
        {L"c:\\a", PATHCCH_ENSURE_TRAILING_SLASH | PATHCCH_ENSURE_IS_EXTENDED_LENGTH_PATH, L"\\\\?\\c:\\a\\"},
        /* [F] since Windows 11; Wine 8 does not know it. */
        {L"c:/a//b/../c", PATHCCH_CANONICALIZE_SLASHES, L"c:\\a\\c", TRUE},
        {L"//a/b\\\\c", PATHCCH_CANONICALIZE_SLASHES, L"\\\\a\\b\\c", TRUE},
        /* [F] which flags may not go together */
        {L"a", PATHCCH_FORCE_ENABLE_LONG_NAME_PROCESS, NULL},
        {L"a", PATHCCH_FORCE_DISABLE_LONG_NAME_PROCESS, NULL},
        {L"a", PATHCCH_ALLOW_LONG_PATHS | 6, NULL},
        {L"a", PATHCCH_ALLOW_LONG_PATHS | PATHCCH_ENSURE_IS_EXTENDED_LENGTH_PATH, NULL},
    };

    for (unsigned i = 0; i < ARRAYSIZE(rows); i++) {
        WCHAR *out = NULL;
        HRESULT result = PathAllocCanonicalize(rows[i].path, rows[i].flags, &out);

        todo_wine_if(rows[i].is_todo_wine)
            ok(result == (rows[i].canonical ? S_OK : E_INVALIDARG) &&
               (out ? rows[i].canonical && !wcscmp(out, rows[i].canonical) : !rows[i].canonical), "%ls, flags %#lx: %#lx, %ls",
               rows[i].path, rows[i].flags, result, out ? out : L"");
        LocalFree(out);
    }
}

/* `prefix` with so many letters behind it, in names of 49. */
static WCHAR *long_path(const WCHAR *prefix, unsigned length)
{
    WCHAR *path = malloc((wcslen(prefix) + length + 1) * sizeof(WCHAR));
    size_t at = wcslen(prefix);

    wcscpy(path, prefix);
    for (unsigned i = 0; i < length; i++)
        path[at++] = i % 50 == 49 && i + 1 < length ? '\\' : 'a';
    path[at] = 0;
    return path;
}

/* [F], [D]: without PATHCCH_ALLOW_LONG_PATHS MAX_PATH is the limit, with it `\\?\` is put before longer ones, unless
 * the process is said to be aware of long paths; PATHCCH_MAX_CCH is the last limit. */
static void test_lengths(void)
{
    static const struct {
        const WCHAR *prefix;
        unsigned letters;
        DWORD flags;
        HRESULT result;
        const WCHAR *start;
        BOOL is_todo_wine;
    } rows[] = {
        {L"c:\\", 256, PATHCCH_NONE, S_OK, L"c:\\aa"},
        {L"c:\\", 257, PATHCCH_NONE, TOO_LONG},
        {L"c:\\", 256, PATHCCH_ALLOW_LONG_PATHS, S_OK, L"c:\\aa"},
        {L"c:\\", 257, PATHCCH_ALLOW_LONG_PATHS, S_OK, L"\\\\?\\c:\\aa"},
        {L"\\\\?\\c:\\", 257, PATHCCH_ALLOW_LONG_PATHS, S_OK, L"\\\\?\\c:\\aa"},
        {L"\\\\?\\c:\\", 100, PATHCCH_ALLOW_LONG_PATHS, S_OK, L"c:\\aa"},
        {L"\\\\?\\c:\\", 257, PATHCCH_NONE, TOO_LONG},
        {L"c:\\", 257, PATHCCH_ENSURE_IS_EXTENDED_LENGTH_PATH, S_OK, L"\\\\?\\c:\\aa"},
        {L"c:\\", 257, PATHCCH_ALLOW_LONG_PATHS | PATHCCH_FORCE_ENABLE_LONG_NAME_PROCESS, S_OK, L"c:\\aa"},
        {L"c:\\", 257, PATHCCH_ALLOW_LONG_PATHS | PATHCCH_FORCE_DISABLE_LONG_NAME_PROCESS, S_OK, L"\\\\?\\c:\\aa"},
        {L"\\\\", 300, PATHCCH_ALLOW_LONG_PATHS, S_OK, L"\\\\?\\UNC\\aa", TRUE},
        {L"", 300, PATHCCH_ALLOW_LONG_PATHS, S_OK, L"aa"},
        {L"c:\\", 32757, PATHCCH_ALLOW_LONG_PATHS, S_OK, L"\\\\?\\c:\\aa"},
        {L"c:\\", 32767, PATHCCH_ALLOW_LONG_PATHS, TOO_LONG},
    };
    WCHAR *out = malloc(PATHCCH_MAX_CCH * sizeof(WCHAR)), *path, *allocated;
    HRESULT result;

    for (unsigned i = 0; i < ARRAYSIZE(rows); i++) {
        BOOL is_todo = rows[i].is_todo_wine;

        path = long_path(rows[i].prefix, rows[i].letters);
        wcscpy(out, L"before");
        result = PathCchCanonicalizeEx(out, PATHCCH_MAX_CCH, path, rows[i].flags);
        ok(result == rows[i].result, "%ls + %u, flags %#lx: %#lx", rows[i].prefix, rows[i].letters, rows[i].flags, result);
        if (SUCCEEDED(rows[i].result)) {
            todo_wine_if(is_todo)
                ok(!wcsncmp(out, rows[i].start, wcslen(rows[i].start)), "%ls + %u, flags %#lx: %.12ls", rows[i].prefix,
                   rows[i].letters, rows[i].flags, out);
            todo_wine_if(is_todo)
                ok(wcslen(out) == rows[i].letters + wcslen(rows[i].start) - 2, "%ls + %u, flags %#lx: %d characters",
                   rows[i].prefix, rows[i].letters, rows[i].flags, (int)wcslen(out));
        }
        allocated = NULL;
        result = PathAllocCanonicalize(path, rows[i].flags, &allocated);
        ok(result == rows[i].result && (FAILED(result) ? !allocated : !wcscmp(allocated, out)), "alloc: %#lx", result);
        LocalFree(allocated);
        free(path);
    }
    /* "cchPathOut must be greater than MAX_PATH. If it is not, this flag is ignored." */
    path = long_path(L"c:\\", 257);
    result = PathCchCanonicalizeEx(out, MAX_PATH, path, PATHCCH_ALLOW_LONG_PATHS);
    todo_wine ok(result == TOO_LONG, "into a short buffer: %#lx", result);
    free(path);
    /* "exceeds the standard path segment length limit of 256 characters" */
    path = calloc(258, sizeof(WCHAR));
    for (unsigned i = 0; i < 257; i++)
        path[i] = 'a';
    result = PathCchCanonicalize(out, PATHCCH_MAX_CCH, path);
    ok(result == TOO_LONG, "one name of 257: %#lx", result);
    path[256] = 0;
    ok(PathCchCanonicalize(out, PATHCCH_MAX_CCH, path) == S_OK, "one name of 256");
    free(path);
    free(out);
}

/* --- Two paths as one ------------------------------------------------------------------------- */

static void test_combine(void)
{
    static const struct {
        const WCHAR *in, *more, *combined;
        const WCHAR *appended; /* NULL: the same */
    } rows[] = {
        {L"c:\\a", L"b", L"c:\\a\\b"},
        {L"c:\\a\\", L"b", L"c:\\a\\b"},
        {L"c:\\a", L"..\\b", L"c:\\b"},
        {L"c:\\a", L"..\\..\\b", L"c:\\b"},
        {L"c:\\a", L".", L"c:\\a"},
        {L"c:\\a", L"", L"c:\\a"},
        {L"c:", L"b", L"c:\\b"},
        {L"a", L"b", L"a\\b"},
        {L"", L"b", L"b"},
        {L"", L"", L"\\"},
        /* "If this path begins with a single backslash, it is combined with only the root" */
        {L"c:\\a", L"\\b", L"c:\\b", L"c:\\a\\b"},
        {L"c:a", L"\\b", L"c:\\b", L"c:a\\b"},
        {L"\\\\s\\t\\u", L"\\b", L"\\\\s\\t\\b", L"\\\\s\\t\\u\\b"},
        {L"\\a", L"\\b", L"\\b", L"\\a\\b"},
        {L"\\\\?\\c:\\a", L"\\b", L"c:\\b", L"c:\\a\\b"},
        {L"c:\\a", L"\\", L"c:\\", L"c:\\a"},
        /* "If this path is fully qualified, it is copied directly" */
        {L"c:\\a", L"d:\\b", L"d:\\b"},
        {L"c:\\a", L"d:b", L"d:b"},
        {L"c:\\a", L"\\\\s\\t", L"\\\\s\\t"},
        {L"c:\\a", L"\\\\?\\d:\\b", L"d:\\b"},
        {NULL, L"b", L"b"},
        {NULL, L"c:\\a\\..\\b", L"c:\\b"},
        {L"c:\\a\\.", NULL, L"c:\\a"},
    };
    WCHAR out[MAX_PATH], *allocated;
    HRESULT result;

    for (unsigned i = 0; i < ARRAYSIZE(rows); i++) {
        const WCHAR *in = rows[i].in ? rows[i].in : L"NULL", *more = rows[i].more ? rows[i].more : L"NULL";

        result = PathCchCombine(out, MAX_PATH, rows[i].in, rows[i].more);
        ok(result == S_OK && !wcscmp(out, rows[i].combined), "%ls and %ls: %#lx, %ls", in, more, result, out);
        allocated = NULL;
        result = PathAllocCombine(rows[i].in, rows[i].more, PATHCCH_NONE, &allocated);
        ok(result == S_OK && allocated && !wcscmp(allocated, rows[i].combined), "alloc %ls and %ls: %#lx, %ls", in, more,
           result, allocated);
        LocalFree(allocated);
        if (!rows[i].in || !rows[i].more)
            continue;
        wcscpy(out, rows[i].in);
        result = PathCchAppend(out, MAX_PATH, rows[i].more);
        ok(result == S_OK && !wcscmp(out, rows[i].appended ? rows[i].appended : rows[i].combined),
           "append %ls and %ls: %#lx, %ls", in, more, result, out);
    }

    /* "This parameter can point to the same buffer as pszPathIn or pszMore." */
    wcscpy(out, L"c:\\a");
    ok(PathCchCombine(out, MAX_PATH, out, L"b") == S_OK && !wcscmp(out, L"c:\\a\\b"), "%ls", out);
    wcscpy(out, L"b");
    ok(PathCchCombine(out, MAX_PATH, L"c:\\a", out) == S_OK && !wcscmp(out, L"c:\\a\\b"), "%ls", out);

    wcscpy(out, L"before");
    ok(PathCchCombine(out, 3, L"a", L"b") == INSUFFICIENT_BUFFER && !out[0], "%ls", out);
    ok(PathCchCombine(out, 4, L"a", L"b") == S_OK && !wcscmp(out, L"a\\b"), "%ls", out);
    ok(PathCchCombine(out, 0, L"a", L"b") == E_INVALIDARG, "no room");
    ok(PathCchCombine(out, PATHCCH_MAX_CCH + 1, L"a", L"b") == E_INVALIDARG, "too much room");
    ok(PathCchCombine(NULL, MAX_PATH, L"a", L"b") == E_INVALIDARG, "no buffer");
    allocated = out; /* "they cannot both be NULL" */
    ok(PathAllocCombine(NULL, NULL, PATHCCH_NONE, &allocated) == E_INVALIDARG && !allocated, "both NULL: %p", allocated);
    wcscpy(out, L"a");
    ok(PathCchAppend(out, 3, L"b") == INSUFFICIENT_BUFFER && !wcscmp(out, L"a"), "%ls", out);
    ok(PathCchAppend(NULL, 3, L"b") == E_INVALIDARG, "NULL");
}

CONFORMANCE("system: paths of pathcch.h", test_roots, test_unc, test_file_spec, test_prefix, test_backslashes,
            test_extensions, test_canonicalize, test_flags, test_lengths, test_combine)
