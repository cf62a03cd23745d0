/* SPDX-License-Identifier: LGPL-2.1-or-later
 * consoleapi2.h: the screen. What Windows' calls do to a console, ANSI sequences do to a terminal; what a terminal does
 * not tell (the cursor's place, what stands where) is not known here.
 */
#include "console.h"

/* ntdll's. */
int __cdecl _snprintf(char *buffer, SIZE_T count, const char *format, ...);

static WORD text_attributes = FOREGROUND_RED | FOREGROUND_GREEN | FOREGROUND_BLUE;
static CONSOLE_CURSOR_INFO cursor_info = {25, TRUE};
static COORD cursor;
static WCHAR title[256];

static BOOL check_output(HANDLE *handle)
{
    bool is_output;

    if (!console_check(handle, &is_output))
        return FALSE;
    return is_output || set_error(ERROR_ACCESS_DENIED);
}

static BOOL get_size(HANDLE handle, COORD *size)
{
    struct decant_console_size answer;
    ULONG bytes = sizeof(answer);

    if (!check_status(DecantConsole(handle, DECANT_CONSOLE_GET_SIZE, &answer, &bytes)))
        return FALSE;
    size->X = (SHORT)answer.columns;
    size->Y = (SHORT)answer.rows;
    return TRUE;
}

BOOL WINAPI GetConsoleScreenBufferInfo(HANDLE handle, CONSOLE_SCREEN_BUFFER_INFO *info)
{
    COORD size;

    if (!check_output(&handle) || !get_size(handle, &size))
        return FALSE;
    memset(info, 0, sizeof(*info));
    info->dwSize = info->dwMaximumWindowSize = size;
    info->dwCursorPosition = cursor;
    info->wAttributes = text_attributes;
    info->srWindow.Right = (SHORT)(size.X - 1);
    info->srWindow.Bottom = (SHORT)(size.Y - 1);
    return TRUE;
}

BOOL WINAPI GetConsoleScreenBufferInfoEx(HANDLE handle, CONSOLE_SCREEN_BUFFER_INFOEX *info)
{
    static const COLORREF colours[16] = {0x0c0c0c, 0xda3700, 0x0ea113, 0xdd963a, 0x1f0fc5, 0x981788,
                                         0x009cc1, 0xcccccc, 0x767676, 0xff783b, 0x0cc616, 0xd6d661,
                                         0x5648e7, 0x9e00b4, 0xa5f1f9, 0xf2f2f2};
    CONSOLE_SCREEN_BUFFER_INFO plain;

    if (info->cbSize != sizeof(*info))
        return set_error(ERROR_INVALID_PARAMETER);
    if (!GetConsoleScreenBufferInfo(handle, &plain))
        return FALSE;
    memset(&info->dwSize, 0, sizeof(*info) - offsetof(CONSOLE_SCREEN_BUFFER_INFOEX, dwSize));
    info->dwSize = plain.dwSize;
    info->dwCursorPosition = plain.dwCursorPosition;
    info->wAttributes = info->wPopupAttributes = plain.wAttributes;
    info->srWindow = plain.srWindow;
    info->dwMaximumWindowSize = plain.dwMaximumWindowSize;
    memcpy(info->ColorTable, colours, sizeof(colours));
    return TRUE;
}

COORD WINAPI GetLargestConsoleWindowSize(HANDLE handle)
{
    COORD size = {0, 0};

    if (check_output(&handle))
        get_size(handle, &size);
    return size;
}

/* Sixteen colours as terminal sequences. */
BOOL WINAPI SetConsoleTextAttribute(HANDLE handle, WORD attributes)
{
    static const char ansi[] = {0, 4, 2, 6, 1, 5, 3, 7}; /* blue, green, red bits to ANSI's order */
    char sequence[24] = "\x1b[0";
    int at = 3;

    if (!check_output(&handle))
        return FALSE;
    text_attributes = attributes;
    if ((attributes & 0xff) != 7) {
        sequence[at++] = ';';
        sequence[at++] = attributes & FOREGROUND_INTENSITY ? '9' : '3';
        sequence[at++] = (char)('0' + ansi[attributes & 7]);
        if (attributes & 0xf0) {
            sequence[at++] = ';';
            if (attributes & BACKGROUND_INTENSITY) {
                sequence[at++] = '1';
                sequence[at++] = '0';
            } else {
                sequence[at++] = '4';
            }
            sequence[at++] = (char)('0' + ansi[attributes >> 4 & 7]);
        }
    }
    sequence[at++] = 'm';
    return console_write(handle, sequence, (ULONG)at);
}

BOOL WINAPI SetConsoleCursorPosition(HANDLE handle, COORD position)
{
    char sequence[32];
    COORD size;

    if (!check_output(&handle) || !get_size(handle, &size))
        return FALSE;
    if (position.X < 0 || position.Y < 0 || position.X >= size.X || position.Y >= size.Y)
        return set_error(ERROR_INVALID_PARAMETER);
    cursor = position;
    _snprintf(sequence, sizeof(sequence), "\x1b[%d;%dH", position.Y + 1, position.X + 1);
    return console_write(handle, sequence, (ULONG)strlen(sequence));
}

BOOL WINAPI GetConsoleCursorInfo(HANDLE handle, CONSOLE_CURSOR_INFO *info)
{
    if (!check_output(&handle))
        return FALSE;
    *info = cursor_info;
    return TRUE;
}

BOOL WINAPI SetConsoleCursorInfo(HANDLE handle, CONSOLE_CURSOR_INFO *info)
{
    if (!check_output(&handle))
        return FALSE;
    if (!info->dwSize || info->dwSize > 100)
        return set_error(ERROR_INVALID_PARAMETER);
    cursor_info = *info;
    return console_write(handle, info->bVisible ? "\x1b[?25h" : "\x1b[?25l", 6);
}

/* Characters from a place on, over the ends of lines; the cursor comes back. */
BOOL WINAPI FillConsoleOutputCharacterW(HANDLE handle, WCHAR character, DWORD count, COORD at,
                                        DWORD *written)
{
    char sequence[32], cell[8];
    ULONG cell_bytes;
    COORD size;

    if (!check_output(&handle) || !get_size(handle, &size))
        return FALSE;
    *written = 0;
    if (at.X < 0 || at.Y < 0 || at.X >= size.X || at.Y >= size.Y)
        return TRUE;
    if (count > (DWORD)((size.Y - at.Y) * size.X - at.X))
        count = (DWORD)((size.Y - at.Y) * size.X - at.X);
    RtlUnicodeToUTF8N(cell, sizeof(cell), &cell_bytes, &character, sizeof(character));
    _snprintf(sequence, sizeof(sequence), "\x1b" "7\x1b[%d;%dH", at.Y + 1, at.X + 1);
    if (!console_write(handle, sequence, (ULONG)strlen(sequence)))
        return FALSE;
    for (DWORD i = 0; i < count; i++)
        if (!console_write(handle, cell, cell_bytes))
            return FALSE;
    *written = count;
    return console_write(handle, "\x1b" "8", 2);
}

BOOL WINAPI FillConsoleOutputCharacterA(HANDLE handle, CHAR character, DWORD count, COORD at,
                                        DWORD *written)
{
    WCHAR wide = (BYTE)character;

    MultiByteToWideChar(console_output_page, 0, &character, 1, &wide, 1);
    return FillConsoleOutputCharacterW(handle, wide, count, at, written);
}

/* A terminal cannot change colours without changing text: accepted, and the colour of what follows is the
 * business of SetConsoleTextAttribute. */
BOOL WINAPI FillConsoleOutputAttribute(HANDLE handle, WORD attributes, DWORD count, COORD at,
                                       DWORD *written)
{
    (void)attributes, (void)at;
    if (!check_output(&handle))
        return FALSE;
    *written = count;
    return TRUE;
}

/* --- Windows, which a terminal has the size of --- */

BOOL WINAPI SetConsoleScreenBufferSize(HANDLE handle, COORD size)
{
    (void)size;
    return check_output(&handle);
}

BOOL WINAPI SetConsoleWindowInfo(HANDLE handle, BOOL is_absolute, SMALL_RECT *window)
{
    (void)is_absolute, (void)window;
    return check_output(&handle);
}

BOOL WINAPI SetConsoleActiveScreenBuffer(HANDLE handle)
{
    return check_output(&handle);
}

BOOL WINAPI GetConsoleDisplayMode(DWORD *mode)
{
    *mode = 0;
    return TRUE;
}

HWND WINAPI GetConsoleWindow(void)
{
    return NULL;
}

/* --- The title --- */

BOOL WINAPI SetConsoleTitleW(LPCWSTR text)
{
    HANDLE handle = GetStdHandle(STD_OUTPUT_HANDLE);
    char utf8[3 * ARRAY_COUNT(title)];
    bool is_output;
    ULONG bytes;

    if (!text)
        return set_error(ERROR_INVALID_PARAMETER);
    lstrcpynW(title, text, ARRAY_COUNT(title));
    if (!console_check(&handle, &is_output) || !is_output)
        return TRUE; /* a console that has no window */
    RtlUnicodeToUTF8N(utf8, sizeof(utf8), &bytes, title, (ULONG)(wcslen(title) * sizeof(WCHAR)));
    return console_write(handle, "\x1b]0;", 4) && console_write(handle, utf8, bytes) &&
           console_write(handle, "\a", 1);
}

BOOL WINAPI SetConsoleTitleA(LPCSTR text)
{
    WCHAR wide[ARRAY_COUNT(title)];

    if (!text)
        return set_error(ERROR_INVALID_PARAMETER);
    if (!MultiByteToWideChar(CP_ACP, 0, text, -1, wide, ARRAY_COUNT(wide)))
        wide[0] = 0;
    return SetConsoleTitleW(wide);
}

DWORD WINAPI GetConsoleTitleW(LPWSTR buffer, DWORD size)
{
    DWORD length = (DWORD)wcslen(title);

    if (size > length)
        wcscpy(buffer, title);
    return length;
}

DWORD WINAPI GetConsoleTitleA(LPSTR buffer, DWORD size)
{
    int length = WideCharToMultiByte(CP_ACP, 0, title, -1, NULL, 0, NULL, NULL);

    if (size >= (DWORD)length)
        WideCharToMultiByte(CP_ACP, 0, title, -1, buffer, (int)size, NULL, NULL);
    return (DWORD)length - 1;
}
