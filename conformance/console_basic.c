/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Console functions without a terminal: what is no console is told apart, code pages are kept and checked, control
 * handlers are set and removed. (On a terminal: tests/programs/console.sh.)
 *
 * Sources: [D] Microsoft's pages on GetConsoleMode, SetConsoleOutputCP, SetConsoleCtrlHandler, WriteConsole;
 * [T] Wine's tests of consoles (dlls/kernel32/tests/console.c), which pass on Windows.
 */
#include "conformance.h"
#include "conformance_folder.h"

/* Pipes and files are no consoles, whatever is asked: ERROR_INVALID_HANDLE [T]. */
static void test_other_handles(void)
{
    CONSOLE_SCREEN_BUFFER_INFO info;
    HANDLE pipe, write, handles[3];
    INPUT_RECORD record;
    DWORD mode = 0xdeadbeef, count;

    CreatePipe(&pipe, &write, NULL, 0);
    handles[0] = pipe;
    handles[1] = write;
    handles[2] = CreateFileA(test_path("file"), GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
                             FILE_FLAG_DELETE_ON_CLOSE, NULL);
    for (int i = 0; i < 3; i++) {
        check_error(GetConsoleMode(handles[i], &mode), ERROR_INVALID_HANDLE);
        ok(mode == 0xdeadbeef, "a failure wrote %lx", mode);
        check_error(SetConsoleMode(handles[i], 0), ERROR_INVALID_HANDLE);
        check_error(WriteConsoleW(handles[i], L"x", 1, &count, NULL), ERROR_INVALID_HANDLE);
        check_error(ReadConsoleW(handles[i], &mode, 1, &count, NULL), ERROR_INVALID_HANDLE);
        check_error(GetConsoleScreenBufferInfo(handles[i], &info), ERROR_INVALID_HANDLE);
        check_error(SetConsoleTextAttribute(handles[i], 7), ERROR_INVALID_HANDLE);
        check_error(PeekConsoleInputW(handles[i], &record, 1, &count), ERROR_INVALID_HANDLE);
        check_error(GetNumberOfConsoleInputEvents(handles[i], &count), ERROR_INVALID_HANDLE);
        check_error(FlushConsoleInputBuffer(handles[i]), ERROR_INVALID_HANDLE);
        mode = 0xdeadbeef;
        CloseHandle(handles[i]);
        check_error(GetConsoleMode(handles[i], &mode), ERROR_INVALID_HANDLE);
    }
}

static void test_code_pages(void)
{
    static const UINT pages[] = {1252, 437, 850, 65001};
    UINT before = GetConsoleOutputCP();

    if (!before) {
        skip("the process has no console");
        return;
    }
    for (int i = 0; i < 4; i++) {
        ok(SetConsoleOutputCP(pages[i]) && GetConsoleOutputCP() == pages[i], "page %u: %u, error %lu",
           pages[i], GetConsoleOutputCP(), GetLastError());
        ok(SetConsoleCP(pages[i]) && GetConsoleCP() == pages[i], "input page %u: %u", pages[i],
           GetConsoleCP());
    }
    check_error(SetConsoleOutputCP(12345), ERROR_INVALID_PARAMETER);
    ok(GetConsoleOutputCP() == 65001, "a failure changed it: %u", GetConsoleOutputCP());
    SetConsoleOutputCP(before);
}

static BOOL WINAPI handler(DWORD event)
{
    return event == CTRL_C_EVENT;
}

static void test_handlers(void)
{
    check_error(SetConsoleCtrlHandler(handler, FALSE), ERROR_INVALID_PARAMETER);
    ok(SetConsoleCtrlHandler(handler, TRUE), "SetConsoleCtrlHandler: %lu", GetLastError());
    ok(SetConsoleCtrlHandler(handler, TRUE), "twice: %lu", GetLastError());
    ok(SetConsoleCtrlHandler(handler, FALSE), "removing: %lu", GetLastError());
    ok(SetConsoleCtrlHandler(handler, FALSE), "removing the other: %lu", GetLastError());
    check_error(SetConsoleCtrlHandler(handler, FALSE), ERROR_INVALID_PARAMETER);
    ok(!GenerateConsoleCtrlEvent(77, 0), "an event that is none");
}

CONFORMANCE("console: basics", test_other_handles, test_code_pages, test_handlers)
