/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What console.py asks of a console, one mode a run. A plain Windows program: prints what it saw, with
 * "ready" before it waits.
 */
#include <conio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

static HANDLE in, out;

static void say(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    fflush(stdout);
}

static int modes(void)
{
    DWORD in_mode = 0, out_mode = 0;
    BOOL in_ok, out_ok;
    DWORD error;

    SetLastError(0);
    in_ok = GetConsoleMode(in, &in_mode);
    error = GetLastError();
    out_ok = GetConsoleMode(out, &out_mode);
    say("in %d error %lu line %d echo %d; out %d; types %lu %lu\n", in_ok, in_ok ? 0 : error,
        !!(in_mode & ENABLE_LINE_INPUT), !!(in_mode & ENABLE_ECHO_INPUT), out_ok, GetFileType(in),
        GetFileType(out));
    return 0;
}

static int size(void)
{
    CONSOLE_SCREEN_BUFFER_INFO info;

    if (!GetConsoleScreenBufferInfo(out, &info))
        return 1;
    say("size %dx%d window %dx%d\n", info.dwSize.X, info.dwSize.Y,
        info.srWindow.Right - info.srWindow.Left + 1, info.srWindow.Bottom - info.srWindow.Top + 1);
    return 0;
}

static int read_line(void)
{
    WCHAR text[64];
    DWORD count = 0;

    say("ready\n");
    if (!ReadConsoleW(in, text, 64, &count, NULL))
        return 1;
    say("read");
    for (DWORD i = 0; i < count; i++)
        say(" %x", text[i]);
    say("\n");
    return 0;
}

static int read_file(void)
{
    char text[64];
    DWORD count = 0;

    say("ready\n");
    /* In pieces: the rest of the line waits. */
    while (ReadFile(in, text, 4, &count, NULL) && count) {
        say("got");
        for (DWORD i = 0; i < count; i++)
            say(" %x", (unsigned char)text[i]);
        say("\n");
    }
    say("end\n");
    return 0;
}

static int silent(void)
{
    char text[64];
    DWORD count, mode;

    GetConsoleMode(in, &mode);
    SetConsoleMode(in, mode & ~(DWORD)ENABLE_ECHO_INPUT);
    say("ready\n");
    ReadFile(in, text, sizeof(text), &count, NULL);
    say("secret of %lu\n", count);
    SetConsoleMode(in, mode);
    return 0;
}

static int keys(void)
{
    INPUT_RECORD record;
    DWORD count;
    int seen = 0;

    SetConsoleMode(in, 0);
    if (!GetNumberOfConsoleInputEvents(in, &count))
        return 1;
    say("ready\n");
    while (seen < 4) {
        if (WaitForSingleObject(in, 5000) && !PeekConsoleInputW(in, &record, 1, &count))
            return 2;
        if (!ReadConsoleInputW(in, &record, 1, &count) || count != 1)
            return 3;
        if (record.EventType != KEY_EVENT || !record.Event.KeyEvent.bKeyDown)
            continue;
        say("key %x char %x state %lx\n", record.Event.KeyEvent.wVirtualKeyCode,
            record.Event.KeyEvent.uChar.UnicodeChar, record.Event.KeyEvent.dwControlKeyState);
        seen++;
    }
    return 0;
}

static int getch_(void)
{
    say("ready\n");
    say("getch %x\n", _getch());
    return 0;
}

static int write_text(void)
{
    static const WCHAR text[] = L"\x00e4\x20ac\xd83d\xde00\r\n";
    DWORD count;

    WriteConsoleW(out, text, 6, &count, NULL);
    SetConsoleOutputCP(1252);
    WriteFile(out, "\xe4\x80\r\n", 4, &count, NULL);
    SetConsoleOutputCP(437);
    WriteFile(out, "\x84\xc9\xcd\r\n", 5, &count, NULL);
    SetConsoleOutputCP(65001);
    WriteFile(out, "\xc3\xa4\r\n", 4, &count, NULL);
    return 0;
}

static int colour(void)
{
    DWORD count;

    SetConsoleTextAttribute(out, FOREGROUND_RED | FOREGROUND_INTENSITY);
    WriteFile(out, "red", 3, &count, NULL);
    SetConsoleTextAttribute(out, 7);
    return 0;
}

static const char *handled_by;
static volatile LONG last_event = -1;

static BOOL WINAPI first_handler(DWORD event)
{
    handled_by = "first";
    last_event = (LONG)event;
    return TRUE;
}

static BOOL WINAPI second_handler(DWORD event)
{
    if (event == CTRL_BREAK_EVENT)
        return FALSE; /* the one before is asked */
    handled_by = "second";
    last_event = (LONG)event;
    return TRUE;
}

static BOOL WINAPI no_handler(DWORD event)
{
    say("not handled %lu\n", event);
    return FALSE;
}

static int control(void)
{
    SetConsoleCtrlHandler(first_handler, TRUE);
    SetConsoleCtrlHandler(second_handler, TRUE);
    say("ready\n");
    while (last_event != CTRL_C_EVENT)
        Sleep(5);
    say("event %ld by %s\n", last_event, handled_by);
    if (!GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, GetCurrentProcessId()))
        return 1;
    while (last_event != CTRL_BREAK_EVENT)
        Sleep(5);
    say("event %ld by %s\n", last_event, handled_by);
    return 0;
}

static int unhandled(void)
{
    SetConsoleCtrlHandler(no_handler, TRUE);
    say("ready\n");
    Sleep(10000);
    return 1;
}

static int ignore(void)
{
    SetConsoleCtrlHandler(NULL, TRUE);
    say("ready\n");
    Sleep(300);
    say("alive\n");
    return 0;
}

/* The program has time until its handler returns. */
static BOOL WINAPI close_handler(DWORD event)
{
    say("event %lu\n", event);
    return TRUE;
}

static int closing(void)
{
    SetConsoleCtrlHandler(close_handler, TRUE);
    say("ready\n");
    Sleep(10000);
    return 1;
}

static int flood(void)
{
    for (;;)
        if (printf("one line of many\n") < 0 || fflush(stdout))
            return 9;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(void);
    } tests[] = {{"modes", modes},     {"size", size},       {"line", read_line},
                 {"file", read_file},  {"silent", silent},   {"keys", keys},
                 {"getch", getch_},    {"write", write_text}, {"colour", colour},
                 {"control", control}, {"unhandled", unhandled}, {"ignore", ignore},
                 {"close", closing},   {"flood", flood}};

    in = GetStdHandle(STD_INPUT_HANDLE);
    out = GetStdHandle(STD_OUTPUT_HANDLE);
    for (size_t i = 0; argc > 1 && i < sizeof(tests) / sizeof(tests[0]); i++)
        if (!strcmp(argv[1], tests[i].name))
            return tests[i].run();
    return 99;
}
