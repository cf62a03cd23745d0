/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Initialisation files.
 *
 * Sources: learn.microsoft.com GetPrivateProfileString, GetPrivateProfileInt, GetPrivateProfileSection,
 * WritePrivateProfileString, WritePrivateProfileSection; Wine's kernel32/tests/profile.c, which passes on Windows.
 */
#include "conformance.h"

static char path[MAX_PATH];

static void write_file(const char *text)
{
    HANDLE file = CreateFileA(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    DWORD done;

    ok(file != INVALID_HANDLE_VALUE, "cannot make %s: %lu", path, GetLastError());
    WriteFile(file, text, (DWORD)strlen(text), &done, NULL);
    CloseHandle(file);
}

static void expect_file(int line, const char *want)
{
    HANDLE file = CreateFileA(path, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    char text[1024] = {0};
    DWORD done = 0;

    ReadFile(file, text, sizeof(text) - 1, &done, NULL);
    CloseHandle(file);
    conformance_ok(line, !strcmp(text, want), "the file is \"%s\", not \"%s\"", text, want);
}

static void test_reading(void)
{
    static const struct {
        const char *section, *name, *value;
    } rows[] = {
        {"one", "plain", "value"},     {"ONE", "PLAIN", "value"},   {"one", "spaces", "a b"},     {"one", "quoted", " x "},
        {"one", "single", "y"},        {"one", "half", "\"z"},      {"one", "empty", ""},         {"one", "equals", "a=b"},
        {"two words", "k", "v"},       {"two words", "last", "end"}, {"one", "missing", "default"}, {"nowhere", "k", "default"},
        {"one", "comment", "x ;y"},
    };
    char out[64], file[512];
    DWORD got;

    GetTempPathA(sizeof(path) - 40, path);
    snprintf(path + strlen(path), 40, "decant_profile_%lu.ini", GetCurrentProcessId());
    snprintf(file, sizeof(file), "%s", "; a comment\r\n[one]\r\nplain=value\r\n  spaces =  a b  \r\nquoted=\" x \"\r\nsingle='y'\r\n"
             "half=\"z\r\nempty=\r\nequals=a=b\r\ncomment=x ;y\r\nnumber=42\r\nhex=0x1F\r\nnegative=-7\r\ntext=abc\r\n\r\n"
             "[two words]\r\nk=v\r\nlast=end");
    write_file(file);
    for (unsigned i = 0; i < ARRAYSIZE(rows); i++) {
        memset(out, 0xcc, sizeof(out));
        got = GetPrivateProfileStringA(rows[i].section, rows[i].name, "default  ", out, sizeof(out), path);
        ok(got == strlen(rows[i].value) && !strcmp(out, rows[i].value), "%u: \"%s\" (%lu)", i, out, got);
    }
    ok(GetPrivateProfileIntA("one", "number", 1, path) == 42, "number");
    ok(GetPrivateProfileIntA("one", "hex", 1, path) == 31, "hex");
    ok(GetPrivateProfileIntA("one", "negative", 1, path) == (UINT)-7, "negative");
    ok(GetPrivateProfileIntA("one", "text", 1, path) == 0, "text");
    ok(GetPrivateProfileIntA("one", "missing", 5, path) == 5, "missing");
    /* Cut: a string to room - 1, a list to room - 2 with two NULs. */
    got = GetPrivateProfileStringA("one", "plain", "", out, 4, path);
    ok(got == 3 && !strcmp(out, "val"), "\"%s\" (%lu)", out, got);
    memset(out, 0xcc, sizeof(out));
    got = GetPrivateProfileStringA(NULL, NULL, "", out, sizeof(out), path);
    ok(got == 14 && !memcmp(out, "one\0two words\0", 15), "%lu", got);
    got = GetPrivateProfileStringA("two words", NULL, "", out, sizeof(out), path);
    ok(got == 7 && !memcmp(out, "k\0last\0", 8), "%lu", got);
    got = GetPrivateProfileStringA(NULL, NULL, "", out, 8, path);
    ok(got == 6 && !out[6] && !out[7] && !memcmp(out, "one\0tw", 6), "%lu", got);
    got = GetPrivateProfileSectionA("two words", out, sizeof(out), path);
    ok(got == 13 && !memcmp(out, "k=v\0last=end\0", 14), "%lu", got);
    got = GetPrivateProfileSectionNamesA(out, sizeof(out), path);
    ok(got == 14 && !memcmp(out, "one\0two words\0", 15), "%lu", got);
    DeleteFileA(path);
    SetLastError(0xdeadbeef);
    got = GetPrivateProfileStringA("one", "plain", "none", out, sizeof(out), path);
    ok(got == 4 && !strcmp(out, "none") && GetLastError() == ERROR_FILE_NOT_FOUND, "%lu error %lu", got, GetLastError());
}

static void test_writing(void)
{
    WCHAR wide[32];
    HANDLE file;
    DWORD done;

    DeleteFileA(path);
    ok(WritePrivateProfileStringA("a", "k", "1", path), "error %lu", GetLastError());
    expect_file(__LINE__, "[a]\r\nk=1\r\n");
    ok(WritePrivateProfileStringA("a", "l", "2", path), "error %lu", GetLastError());
    ok(WritePrivateProfileStringA("b", "m", "3", path), "error %lu", GetLastError());
    expect_file(__LINE__, "[a]\r\nk=1\r\nl=2\r\n[b]\r\nm=3\r\n");
    ok(WritePrivateProfileStringA("A", "K", "new", path), "error %lu", GetLastError());
    ok(WritePrivateProfileStringA("a", "n", "4", path), "error %lu", GetLastError());
    ok(GetPrivateProfileIntA("a", "n", 0, path) == 4 && GetPrivateProfileIntA("b", "m", 0, path) == 3, "values");
    ok(WritePrivateProfileStringA("a", "l", NULL, path), "error %lu", GetLastError());
    ok(GetPrivateProfileIntA("a", "l", 99, path) == 99, "not removed");
    ok(WritePrivateProfileStringA("a", NULL, NULL, path), "error %lu", GetLastError());
    expect_file(__LINE__, "[b]\r\nm=3\r\n");
    ok(WritePrivateProfileSectionA("b", "x=1\0y=2\0", path), "error %lu", GetLastError());
    ok(GetPrivateProfileIntA("b", "y", 0, path) == 2 && GetPrivateProfileIntA("b", "m", 99, path) == 99, "section");
    /* A file in UTF-16 stays so. */
    file = CreateFileA(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    WriteFile(file, L"\xfeff[s]\r\nk=\x416\r\n", 24, &done, NULL);
    CloseHandle(file);
    {
        WCHAR name[MAX_PATH];

        MultiByteToWideChar(CP_ACP, 0, path, -1, name, MAX_PATH);
        ok(GetPrivateProfileStringW(L"s", L"k", L"", wide, 32, name) == 1 && wide[0] == 0x416, "%#x", wide[0]);
        ok(WritePrivateProfileStringW(L"s", L"l", L"\x4e2d", name), "error %lu", GetLastError());
        ok(GetPrivateProfileStringW(L"s", L"l", L"", wide, 32, name) == 1 && wide[0] == 0x4e2d, "%#x", wide[0]);
    }
    DeleteFileA(path);
}

CONFORMANCE("system: initialisation files", test_reading, test_writing)
