/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * FindFirstFile: patterns, order, information levels, names that Windows does not know; and looking names up without
 * regard to case.
 *
 * Sources: [D] Microsoft's pages on FindFirstFileEx, "Naming Files, Paths, and Namespaces"; [T] Wine's test_FindFirstFile
 * and test_wildcards (dlls/kernel32/tests/file.c, directory.c), which pass on Windows.
 */
#include "conformance.h"
#include "conformance_folder.h"

/* The names that a pattern finds, in order, with blanks between; without "." and "..". */
static const char *find_all(const char *pattern)
{
    static char names[1024];
    WIN32_FIND_DATAA data;
    HANDLE find;

    names[0] = 0;
    find = FindFirstFileA(test_path(pattern), &data);
    if (find == INVALID_HANDLE_VALUE)
        return names;
    do {
        if (strcmp(data.cFileName, ".") && strcmp(data.cFileName, "..")) {
            if (names[0])
                strcat(names, " ");
            strcat(names, data.cFileName);
        }
    } while (FindNextFileA(find, &data));
    ok(GetLastError() == ERROR_NO_MORE_FILES, "the end: error %lu", GetLastError());
    FindClose(find);
    return names;
}

static void test_patterns(void)
{
    static const char *const files[] = {"abc", "a.b", "a.b.c", "A2.txt", "noext.", "zeta.text",
                                        ".dot"};
    static const struct {
        const char *pattern, *names;
        BOOL differs_on_wine;
    } cases[] = {
        {"*", ".dot a.b a.b.c A2.txt abc noext zeta.text"},
        {"*.*", ".dot a.b a.b.c A2.txt abc noext zeta.text"}, /* all, also without a dot [D] */
        {"*.", "abc noext", TRUE},                             /* without an extension */
        {"*.t*", "A2.txt zeta.text"},
        {"*.txt", "A2.txt"},
        {"a*", "a.b a.b.c A2.txt abc"},
        {"A?", ""},
        {"a?c", "abc"},
        {"a??", "abc", TRUE}, /* a ? does not stand for a dot */
        {"???", "abc", TRUE},
        {"abc", "abc"},
        {"ABC", "abc"},
        {"a.*", "a.b a.b.c"},
        {"*.c", "a.b.c"},
        {"?.b", "a.b"},
        {"*c", "a.b.c abc"},
        {"*.b*", "a.b a.b.c"},
        {"a*.txt", "A2.txt"},
        {"zeta.tex", ""},
        {".*", ".dot"},
        {"*dot", ".dot"},
        {"abc.*", "abc"},
        {"noext.*", "noext"},
        {"abc.", "abc"}, /* dots at the end do not count [D] */
    };

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        make_file(test_path(files[i]), "x");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *names = find_all(cases[i].pattern);

        todo_wine_if(cases[i].differs_on_wine)
            ok(!strcmp(names, cases[i].names), "%s finds \"%s\", expected \"%s\"",
               cases[i].pattern, names, cases[i].names);
    }
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        DeleteFileA(test_path(files[i]));
}

static void test_errors(void)
{
    WIN32_FIND_DATAA data;
    HANDLE find;

#define find_fails(pattern, error)                                                                 \
    check_error((find = FindFirstFileA(test_path(pattern), &data)) != INVALID_HANDLE_VALUE, error)
    find_fails("none", ERROR_FILE_NOT_FOUND);
    find_fails("none*", ERROR_FILE_NOT_FOUND);
    find_fails("none\\*", ERROR_PATH_NOT_FOUND);
    find_fails("none\\none\\*", ERROR_PATH_NOT_FOUND);
    find_fails("", ERROR_FILE_NOT_FOUND); /* the folder with a backslash [T] */
    make_file(test_path("file"), "x");
    todo_wine find_fails("file\\*", ERROR_DIRECTORY);
    find_fails("file\\", ERROR_FILE_NOT_FOUND);
    check_error((find = FindFirstFileA("", &data)) != INVALID_HANDLE_VALUE, ERROR_PATH_NOT_FOUND);
    check_error(FindNextFileA(INVALID_HANDLE_VALUE, &data), ERROR_INVALID_HANDLE);
    check_error(FindClose(INVALID_HANDLE_VALUE), ERROR_INVALID_HANDLE);
    /* The folder itself is no problem. */
    find = FindFirstFileA(test_folder(), &data);
    ok(find != INVALID_HANDLE_VALUE && data.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY,
       "the folder: %lu", GetLastError());
    FindClose(find);
    DeleteFileA(test_path("file"));
}

static void test_data(void)
{
    WIN32_FILE_ATTRIBUTE_DATA attributes;
    WIN32_FIND_DATAA data;
    HANDLE find;

    make_file(test_path("Some File.txt"), "12345");
    memset(&data, 0xcc, sizeof(data));
    find = FindFirstFileExA(test_path("some file.TXT"), FindExInfoBasic, &data,
                            FindExSearchNameMatch, NULL, FIND_FIRST_EX_LARGE_FETCH);
    ok(find != INVALID_HANDLE_VALUE, "FindFirstFileEx: %lu", GetLastError());
    ok(!strcmp(data.cFileName, "Some File.txt"), "its name: \"%s\"", data.cFileName);
    ok(!data.cAlternateFileName[0], "FindExInfoBasic has no short name [D]: \"%s\"",
       data.cAlternateFileName);
    ok(data.nFileSizeLow == 5 && data.nFileSizeHigh == 0, "size %lu", data.nFileSizeLow);
    GetFileAttributesExA(test_path("some file.txt"), GetFileExInfoStandard, &attributes);
    ok(attributes.dwFileAttributes == data.dwFileAttributes, "attributes %lx and %lx",
       attributes.dwFileAttributes, data.dwFileAttributes);
    ok(!CompareFileTime(&attributes.ftLastWriteTime, &data.ftLastWriteTime), "write times differ");
    ok(!CompareFileTime(&attributes.ftCreationTime, &data.ftCreationTime),
       "creation times differ");
    check_error(FindNextFileA(find, &data), ERROR_NO_MORE_FILES);
    FindClose(find);
    check_error(FindFirstFileExA(test_path("*"), 77, &data, 0, NULL, 0) != INVALID_HANDLE_VALUE,
                ERROR_INVALID_PARAMETER);
    check_error(FindFirstFileExA(test_path("*"), FindExInfoStandard, &data, 77, NULL, 0) !=
                    INVALID_HANDLE_VALUE,
                ERROR_INVALID_PARAMETER);
    /* The first two are the folder and its parent [T]. */
    find = FindFirstFileA(test_path("*"), &data);
    ok(!strcmp(data.cFileName, "."), "first: \"%s\"", data.cFileName);
    ok(FindNextFileA(find, &data) && !strcmp(data.cFileName, ".."), "second: \"%s\"",
       data.cFileName);
    FindClose(find);
    DeleteFileA(test_path("Some File.txt"));
}

/* Names are found whatever their case, and keep the case that they were given [D]. */
static void test_case(void)
{
    WIN32_FIND_DATAW data;
    HANDLE find;

    CreateDirectoryA(test_path("MixedCase"), NULL);
    make_file(test_path("MIXEDCASE\\File.TXT"), "x");
    ok(GetFileAttributesA(test_path("mixedcase\\file.txt")) != INVALID_FILE_ATTRIBUTES,
       "in another case: %lu", GetLastError());
    check_error(CreateDirectoryA(test_path("mixedCASE"), NULL), ERROR_ALREADY_EXISTS);
    find = FindFirstFileW(test_path_wide(L"mixedcase"), &data);
    ok(find != INVALID_HANDLE_VALUE && !wcscmp(data.cFileName, L"MixedCase"), "the name: %ls",
       data.cFileName);
    FindClose(find);
    /* A change of case alone is a move. */
    ok(MoveFileA(test_path("mixedcase"), test_path2("MIXEDcase")), "MoveFile: %lu", GetLastError());
    find = FindFirstFileW(test_path_wide(L"mixedcase"), &data);
    todo_wine ok(!wcscmp(data.cFileName, L"MIXEDcase"), "after the move: %ls", data.cFileName);
    FindClose(find);
    /* Beyond ASCII. */
    CloseHandle(CreateFileW(test_path_wide(L"\x00c4\x00d6\x0394.txt"), GENERIC_WRITE, 0, NULL,
                            CREATE_NEW, 0, NULL));
    ok(GetFileAttributesW(test_path_wide(L"\x00e4\x00f6\x03b4.TXT")) != INVALID_FILE_ATTRIBUTES,
       "umlauts in another case: %lu", GetLastError());
    ok(DeleteFileW(test_path_wide(L"\x00e4\x00f6\x03b4.txt")), "DeleteFile: %lu", GetLastError());
    DeleteFileA(test_path("mixedcase\\file.txt"));
    ok(RemoveDirectoryA(test_path("mixedcase")), "RemoveDirectory: %lu", GetLastError());
}

/* Programs delete what they find while they list. */
static void test_deleting_while_listing(void)
{
    WIN32_FIND_DATAA data;
    HANDLE find;
    int count = 0;
    char name[32];

    CreateDirectoryA(test_path("many"), NULL);
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof(name), "many\\file%03d", i);
        make_file(test_path(name), "");
    }
    find = FindFirstFileA(test_path("many\\f*"), &data);
    do {
        snprintf(name, sizeof(name), "many\\%s", data.cFileName);
        count += DeleteFileA(test_path(name));
    } while (FindNextFileA(find, &data));
    FindClose(find);
    ok(count == 500, "%d of 500 deleted", count);
    ok(RemoveDirectoryA(test_path("many")), "the folder is not empty: %lu", GetLastError());
}

CONFORMANCE("files: finding", test_patterns, test_errors, test_data, test_case,
            test_deleting_while_listing)
