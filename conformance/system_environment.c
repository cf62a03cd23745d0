/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The environment: single variables, the block, expansion.
 *
 * Sources: learn.microsoft.com GetEnvironmentVariable, SetEnvironmentVariable, ExpandEnvironmentStrings,
 * "Environment Variables"; Wine's kernel32/tests/environ.c, which passes on Windows.
 */
#include "conformance.h"

static void test_variables(void)
{
    WCHAR wide[64];
    char text[64];
    DWORD got;

    ok(SetEnvironmentVariableA("DecantTest", "value"), "error %lu", GetLastError());
    memset(text, 0xcc, sizeof(text));
    ok(GetEnvironmentVariableA("DECANTTEST", text, sizeof(text)) == 5 && !strcmp(text, "value"), "case counts");
    ok(GetEnvironmentVariableW(L"decanttest", wide, 64) == 5 && !wcscmp(wide, L"value"), "wide");
    /* Too small: the room that is needed, with the NUL; the buffer is not said to be changed. */
    ok(GetEnvironmentVariableA("decanttest", text, 5) == 6, "short");
    ok(GetEnvironmentVariableA("decanttest", NULL, 0) == 6, "no buffer");
    ok(GetEnvironmentVariableA("decanttest", text, 6) == 5, "exact");
    /* Empty is not the same as missing. */
    ok(SetEnvironmentVariableA("DecantTest", ""), "error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    text[0] = 'x';
    got = GetEnvironmentVariableA("decanttest", text, sizeof(text));
    ok(!got && !text[0] && GetLastError() != ERROR_ENVVAR_NOT_FOUND, "%lu error %lu", got, GetLastError());
    ok(SetEnvironmentVariableA("decantTEST", NULL), "error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!GetEnvironmentVariableA("decanttest", text, sizeof(text)), "removed");
    ok(GetLastError() == ERROR_ENVVAR_NOT_FOUND, "error %lu", GetLastError());
    /* Removing what is not there: TRUE on newer Windows. */
    SetLastError(0xdeadbeef);
    ok(SetEnvironmentVariableA("decanttest", NULL) || GetLastError() == ERROR_ENVVAR_NOT_FOUND, "error %lu",
       GetLastError());
    /* Names. */
    SetLastError(0xdeadbeef);
    ok(!SetEnvironmentVariableA("", "x") && GetLastError() == ERROR_INVALID_PARAMETER, "error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!SetEnvironmentVariableA("a=b", "x") && GetLastError() == ERROR_INVALID_PARAMETER, "error %lu", GetLastError());
    ok(SetEnvironmentVariableA("=D:", "D:\\folder"), "error %lu", GetLastError());
    ok(GetEnvironmentVariableA("=d:", text, sizeof(text)) == 9, "drive's folder");
    SetEnvironmentVariableA("=D:", NULL);
    SetLastError(0xdeadbeef);
    ok(!SetEnvironmentVariableA(NULL, "x"), "no name");
    /* Not only ASCII. */
    ok(SetEnvironmentVariableW(L"D\xe9" L"cant\x416", L"\x4e2d\x6587"), "error %lu", GetLastError());
    ok(GetEnvironmentVariableW(L"d\xc9" L"CANT\x436", wide, 64) == 2 && wide[0] == 0x4e2d, "case of other scripts");
    SetEnvironmentVariableW(L"D\xe9" L"cant\x416", NULL);
}

/* Values may be long: 32,767 characters are documented, and no less. */
static void test_long(void)
{
    enum { LENGTH = 32000 };
    static WCHAR value[LENGTH + 1], got[LENGTH + 1];

    for (unsigned i = 0; i < LENGTH; i++)
        value[i] = L'v';
    ok(SetEnvironmentVariableW(L"DecantLong", value), "error %lu", GetLastError());
    ok(GetEnvironmentVariableW(L"DecantLong", NULL, 0) == LENGTH + 1, "%lu",
       GetEnvironmentVariableW(L"DecantLong", NULL, 0));
    ok(GetEnvironmentVariableW(L"DecantLong", got, LENGTH + 1) == LENGTH && !wcscmp(value, got), "content");
    ok(SetEnvironmentVariableW(L"DecantLong", NULL), "error %lu", GetLastError());
}

/* The block: NAME=value strings, sorted without regard to case, ended by an empty one. */
static void test_block(void)
{
    WCHAR *block = GetEnvironmentStringsW(), *previous = NULL;
    unsigned count = 0, unsorted = 0, found = 0;
    char *bytes;

    ok(block != NULL, "error %lu", GetLastError());
    FreeEnvironmentStringsW(block);
    SetEnvironmentVariableW(L"zzDecant", L"1");
    SetEnvironmentVariableW(L"AADecant", L"2");
    SetEnvironmentVariableW(L"mmDecant", L"3");
    SetEnvironmentVariableW(L"MmDecant2", L"4");
    block = GetEnvironmentStringsW();
    for (WCHAR *at = block; *at; at += wcslen(at) + 1) {
        WCHAR *equals = wcschr(at + 1, L'=');

        count++;
        ok(equals != NULL, "\"%ls\" has no value", at);
        found += !wcscmp(at, L"zzDecant=1") + !wcscmp(at, L"AADecant=2") + !wcscmp(at, L"mmDecant=3");
        if (previous && equals) {
            WCHAR *end = wcschr(previous + 1, L'=');

            unsorted += CompareStringOrdinal(previous, (int)(end - previous), at, (int)(equals - at), TRUE) !=
                        CSTR_LESS_THAN;
        }
        previous = at;
    }
    ok(found == 3, "%u of 3 found among %u", found, count);
    todo_wine ok(!unsorted, "%u are out of order", unsorted);
    ok(FreeEnvironmentStringsW(block), "error %lu", GetLastError());
    bytes = GetEnvironmentStrings();
    found = 0;
    for (char *at = bytes; *at; at += strlen(at) + 1)
        found += !strcmp(at, "zzDecant=1");
    ok(found == 1, "narrow: %u", found);
    ok(FreeEnvironmentStringsA(bytes), "error %lu", GetLastError());
    SetEnvironmentVariableW(L"zzDecant", NULL);
    SetEnvironmentVariableW(L"AADecant", NULL);
    SetEnvironmentVariableW(L"mmDecant", NULL);
    SetEnvironmentVariableW(L"MmDecant2", NULL);
}

/* What Windows always sets. */
static void test_usual(void)
{
    static const char *const names[] = {"PATH", "TEMP", "TMP", "SystemRoot", "windir", "ComSpec", "PATHEXT",
                                        "USERPROFILE", "APPDATA", "LOCALAPPDATA", "ProgramFiles", "SystemDrive",
                                        "NUMBER_OF_PROCESSORS", "OS", "PROCESSOR_ARCHITECTURE", "USERNAME",
                                        "COMPUTERNAME", "ProgramData", "ALLUSERSPROFILE", "PUBLIC",
                                        "CommonProgramFiles", "HOMEDRIVE", "HOMEPATH"};
    char value[4096];

    for (unsigned i = 0; i < ARRAYSIZE(names); i++)
        ok(GetEnvironmentVariableA(names[i], value, sizeof(value)) > 0, "%s is not set", names[i]);
    GetEnvironmentVariableA("OS", value, sizeof(value));
    ok(!strcmp(value, "Windows_NT"), "OS is %s", value);
    GetEnvironmentVariableA("PROCESSOR_ARCHITECTURE", value, sizeof(value));
    ok(!strcmp(value, "AMD64"), "PROCESSOR_ARCHITECTURE is %s", value);
}

static void test_expand(void)
{
    static const struct {
        const WCHAR *source, *result;
    } rows[] = {
        {L"%DecantA%", L"alpha"},         {L"x%decanta%y", L"xalphay"},   {L"%DecantA%%DecantB%", L"alphabeta"},
        {L"%DecantMissing%", L"%DecantMissing%"}, {L"%", L"%"},           {L"%%", L"%%"},
        {L"100% %DecantA%", L"100% %DecantA%"}, {L"%DecantA", L"%DecantA"}, {L"", L""},
        {L"%DecantMissing%%DecantA%", L"%DecantMissing%alpha"}, {L"%DecantC%", L"%DecantA%"},
    };
    WCHAR out[64];
    char text[64];

    SetEnvironmentVariableW(L"DecantA", L"alpha");
    SetEnvironmentVariableW(L"DecantB", L"beta");
    SetEnvironmentVariableW(L"DecantC", L"%DecantA%"); /* values are not expanded again */
    for (unsigned i = 0; i < ARRAYSIZE(rows); i++) {
        DWORD length = (DWORD)wcslen(rows[i].result) + 1, got;

        memset(out, 0xcc, sizeof(out));
        got = ExpandEnvironmentStringsW(rows[i].source, out, 64);
        if (i == 6) /* "% %" is a name that is not there; what follows depends on where the search goes on */
            continue;
        ok(got == length && !wcscmp(out, rows[i].result), "%u: \"%ls\" (%lu)", i, out, got);
        got = ExpandEnvironmentStringsW(rows[i].source, NULL, 0);
        ok(got == length, "%u: %lu without a buffer", i, got);
    }
    ok(ExpandEnvironmentStringsW(L"%DecantA%", out, 3) == 6, "short");
    ok(ExpandEnvironmentStringsA("%DecantA%!", text, sizeof(text)) >= 7 && !strcmp(text, "alpha!"), "narrow: %s", text);
    SetEnvironmentVariableW(L"DecantA", NULL);
    SetEnvironmentVariableW(L"DecantB", NULL);
    SetEnvironmentVariableW(L"DecantC", NULL);
}

CONFORMANCE("system: environment", test_variables, test_long, test_block, test_usual, test_expand)
