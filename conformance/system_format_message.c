/* SPDX-License-Identifier: LGPL-2.1-or-later
 * FormatMessage: system messages, inserts, widths, arrays, allocation.
 *
 * Sources: learn.microsoft.com FormatMessage; Wine's kernel32/tests/format_msg.c, which passes on Windows.
 */
#include "conformance.h"

static DWORD WINAPIV format_w(WCHAR *out, DWORD room, DWORD flags, const WCHAR *source, ...)
{
    va_list args;
    DWORD result;

    va_start(args, source);
    memset(out, 0xcc, room * sizeof(*out));
    SetLastError(0xdeadbeef);
    result = FormatMessageW(FORMAT_MESSAGE_FROM_STRING | flags, source, 0, 0, out, room, &args);
    va_end(args);
    return result;
}

static DWORD WINAPIV format_a(char *out, DWORD room, DWORD flags, const char *source, ...)
{
    va_list args;
    DWORD result;

    va_start(args, source);
    memset(out, 0xcc, room);
    SetLastError(0xdeadbeef);
    result = FormatMessageA(FORMAT_MESSAGE_FROM_STRING | flags, source, 0, 0, out, room, &args);
    va_end(args);
    return result;
}

#define expect(want, flags, ...)                                                                   \
    do {                                                                                           \
        WCHAR out_[256];                                                                           \
        DWORD got_ = format_w(out_, 256, flags, __VA_ARGS__);                                      \
        ok(got_ == wcslen(want) && !wcscmp(out_, want), "\"%ls\" (%lu), not \"%ls\"",               \
           got_ ? out_ : L"", got_, want);                                                         \
    } while (0)

static void test_inserts(void)
{
    expect(L"test", 0, L"test");
    expect(L"test", 0, L"%1", L"test");
    expect(L"a, b and a", 0, L"%1, %2 and %1", L"a", L"b");
    expect(L"test", 0, L"%1!s!", L"test");
    expect(L"11", 0, L"%1!d!", 11);
    expect(L"  11", 0, L"%1!4d!", 11);
    expect(L"0011", 0, L"%1!04d!", 11);
    expect(L"11  |", 0, L"%1!-4d!|", 11);
    expect(L"-1 4294967295 ffffffff FFFFFFFF", 0, L"%1!d! %1!u! %1!x! %1!X!", -1);
    expect(L"0x1f", 0, L"%1!#x!", 31);
    expect(L"A", 0, L"%1!c!", 'A');
    expect(L"    test", 0, L"%1!8s!", L"test");
    expect(L"test    |", 0, L"%1!-8s!|", L"test");
    expect(L"te", 0, L"%1!.2s!", L"test");
    expect(L"    te", 0, L"%1!6.2s!", L"test");
    /* A star takes the next arguments; the insert's own number goes on behind them. */
    expect(L"  11", 0, L"%1!*d!", 4, 11);
    expect(L"0011", 0, L"%1!0*d!", 4, 11);
    expect(L"    te", 0, L"%1!*.*s!", 6, 2, L"test");
    /* S is the other kind of string. */
    expect(L"narrow", 0, L"%1!S!", "narrow");
    expect(L"narrow", 0, L"%1!hs!", "narrow");
    expect(L"wide", 0, L"%1!ls!", L"wide");
    expect(L"123456789012345", 0, L"%1!I64d!", 123456789012345ll);
    /* Two digits, and what is no number. */
    expect(L"ten", 0, L"%10", L"1", L"2", L"3", L"4", L"5", L"6", L"7", L"8", L"9", L"ten");
}

static void test_escapes(void)
{
    expect(L"a%b", 0, L"a%%b");
    expect(L"a\r\nb", 0, L"a%nb");
    expect(L"a\rb", 0, L"a%rb");
    expect(L"a\tb", 0, L"a%tb");
    expect(L"a b", 0, L"a% b");
    expect(L"a.b!c", 0, L"a%.b%!c");
    expect(L"ab", 0, L"a%b");
    expect(L"stops", 0, L"stops%0 here");
    /* Line ends of the text are made \r\n; with FORMAT_MESSAGE_MAX_WIDTH_MASK they are spaces. */
    expect(L"a\r\nb", 0, L"a\nb");
    expect(L"a\r\nb", 0, L"a\r\nb");
    expect(L"a b", FORMAT_MESSAGE_MAX_WIDTH_MASK, L"a\r\nb");
    expect(L"a\r\nb", FORMAT_MESSAGE_MAX_WIDTH_MASK, L"a%nb");
    /* Inserts are passed through. */
    expect(L"%1 and %2!d!", FORMAT_MESSAGE_IGNORE_INSERTS, L"%1 and %2!d!");
}

static void test_errors(void)
{
    WCHAR out[64];
    char text[64];
    DWORD got;

    ok(!format_w(out, 64, 0, L"%"), "a lone %%");
    ok(GetLastError() == ERROR_INVALID_PARAMETER, "error %lu", GetLastError());
    /* A buffer that is too small. */
    ok(!format_w(out, 5, 0, L"%1", L"test5"), "too long");
    ok(GetLastError() == ERROR_INSUFFICIENT_BUFFER, "error %lu", GetLastError());
    ok(format_w(out, 5, 0, L"test") == 4, "fits exactly");
    ok(!format_a(text, 4, 0, "test"), "too long");
    ok(GetLastError() == ERROR_INSUFFICIENT_BUFFER, "error %lu", GetLastError());
    /* An empty result: 0 characters, no error [Wine: ERROR_NO_WORK_DONE on some]. */
    got = format_w(out, 64, 0, L"");
    ok(!got, "%lu", got);
    /* No source at all, no message of that number. */
    SetLastError(0xdeadbeef);
    ok(!FormatMessageW(0, NULL, 0, 0, out, 64, NULL), "no source");
    ok(GetLastError() == ERROR_INVALID_PARAMETER, "error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM, NULL, 0x2badf00d, 0, out, 64, NULL), "no such message");
    ok(GetLastError() == ERROR_MR_MID_NOT_FOUND, "error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM, NULL, 0x2badf00d, 0, text, 64, NULL), "no such message");
    ok(GetLastError() == ERROR_MR_MID_NOT_FOUND, "error %lu", GetLastError());
    SetLastError(0xdeadbeef);
    ok(!FormatMessageW(FORMAT_MESSAGE_FROM_HMODULE, GetModuleHandleA(NULL), 1, 0, out, 64, NULL), "no table");
    ok(GetLastError() == ERROR_RESOURCE_TYPE_NOT_FOUND || GetLastError() == ERROR_RESOURCE_DATA_NOT_FOUND ||
           GetLastError() == ERROR_MR_MID_NOT_FOUND, "error %lu", GetLastError());
}

static void test_arrays(void)
{
    DWORD_PTR values[] = {(DWORD_PTR)L"first", 42, (DWORD_PTR)"narrow"};
    WCHAR out[64], *allocated = NULL;
    char text[64], *bytes = NULL;
    DWORD got;

    got = FormatMessageW(FORMAT_MESSAGE_FROM_STRING | FORMAT_MESSAGE_ARGUMENT_ARRAY, L"%2!d! %1 %3!S!", 0, 0, out, 64,
                         (va_list *)values);
    ok(got == 15 && !wcscmp(out, L"42 first narrow"), "%lu \"%ls\"", got, out);
    values[0] = (DWORD_PTR)"one";
    got = FormatMessageA(FORMAT_MESSAGE_FROM_STRING | FORMAT_MESSAGE_ARGUMENT_ARRAY, "%1-%2!u!", 0, 0, text, 64,
                         (va_list *)values);
    ok(got == 6 && !strcmp(text, "one-42"), "%lu \"%s\"", got, text);
    values[0] = (DWORD_PTR)L"first";
    got = FormatMessageW(FORMAT_MESSAGE_FROM_STRING | FORMAT_MESSAGE_ARGUMENT_ARRAY | FORMAT_MESSAGE_ALLOCATE_BUFFER,
                         L"<%1>", 0, 0, (WCHAR *)&allocated, 0, (va_list *)values);
    ok(got == 7 && allocated && !wcscmp(allocated, L"<first>"), "%lu \"%ls\"", got, allocated);
    ok(LocalSize(allocated) >= 16, "%u bytes", (unsigned)LocalSize(allocated));
    ok(!LocalFree(allocated), "free");
    got = FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_IGNORE_INSERTS, NULL,
                         ERROR_FILE_NOT_FOUND, 0, (char *)&bytes, 0, NULL);
    ok(got && bytes && strlen(bytes) == got, "%lu", got);
    ok(!LocalFree(bytes), "free");
}

/* The texts that programs show most (English). */
static void test_system(void)
{
    static const struct {
        DWORD id;
        const char *text;
        BOOL is_shorter_on_wine;
    } rows[] = {
        {ERROR_SUCCESS, "The operation completed successfully.\r\n", TRUE},
        {ERROR_INVALID_FUNCTION, "Incorrect function.\r\n", TRUE},
        {ERROR_FILE_NOT_FOUND, "The system cannot find the file specified.\r\n", TRUE},
        {ERROR_PATH_NOT_FOUND, "The system cannot find the path specified.\r\n", TRUE},
        {ERROR_ACCESS_DENIED, "Access is denied.\r\n", TRUE},
        {ERROR_INVALID_HANDLE, "The handle is invalid.\r\n", TRUE},
        {ERROR_SHARING_VIOLATION,
         "The process cannot access the file because it is being used by another process.\r\n", TRUE},
        {ERROR_FILE_EXISTS, "The file exists.\r\n", TRUE},
        {ERROR_INVALID_PARAMETER, "The parameter is incorrect.\r\n", TRUE},
        {ERROR_BROKEN_PIPE, "The pipe has been ended.\r\n", TRUE},
        {ERROR_DISK_FULL, "There is not enough space on the disk.\r\n", TRUE},
        {ERROR_INVALID_NAME, "The filename, directory name, or volume label syntax is incorrect.\r\n", TRUE},
        {ERROR_MOD_NOT_FOUND, "The specified module could not be found.\r\n", TRUE},
        {ERROR_PROC_NOT_FOUND, "The specified procedure could not be found.\r\n", TRUE},
        {ERROR_ALREADY_EXISTS, "Cannot create a file when that file already exists.\r\n", TRUE},
        {ERROR_NOT_FOUND, "Element not found.\r\n"},
    };
    char text[256], narrow[256];
    WCHAR wide[256];

    for (unsigned i = 0; i < ARRAYSIZE(rows); i++) {
        DWORD got;

        memset(text, 0xcc, sizeof(text));
        got = FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL, rows[i].id,
                             MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US), text, sizeof(text), NULL);
        todo_wine_if(rows[i].is_shorter_on_wine)
            ok(got && !strcmp(text, rows[i].text), "%lu: \"%s\"", rows[i].id, got ? text : "");
        ok(got == FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL, rows[i].id, 0, wide,
                                 256, NULL), "%lu: lengths differ", rows[i].id);
        WideCharToMultiByte(CP_ACP, 0, wide, -1, narrow, sizeof(narrow), NULL, NULL);
        ok(!strcmp(narrow, text), "%lu: wide and narrow differ", rows[i].id);
    }
    /* An HRESULT of a Win32 error has the error's text. */
    FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL, (DWORD)E_ACCESSDENIED, 0, text,
                   sizeof(text), NULL);
    ok(!strncmp(text, "A", 1), "\"%s\"", text);
}

CONFORMANCE("system: FormatMessage", test_inserts, test_escapes, test_errors, test_arrays, test_system)
