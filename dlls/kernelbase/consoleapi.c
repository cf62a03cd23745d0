/* SPDX-License-Identifier: LGPL-2.1-or-later
 * consoleapi.h: modes, code pages, reading and writing a console. Keys are in consoleapi_input.c, the screen in
 * consoleapi_screen.c, control events in consoleapi_control.c.
 *
 * A console handle is a file on a terminal. Text goes out as UTF-8 and comes in as UTF-8; Linux' terminal
 * does line editing and echo. Modes are kept here so that programs read back what they set.
 */
#include "console.h"

#define DEFAULT_INPUT_MODE                                                                         \
    (ENABLE_PROCESSED_INPUT | ENABLE_LINE_INPUT | ENABLE_ECHO_INPUT | ENABLE_MOUSE_INPUT |         \
     ENABLE_INSERT_MODE | ENABLE_QUICK_EDIT_MODE | ENABLE_EXTENDED_FLAGS)
#define DEFAULT_OUTPUT_MODE                                                                        \
    (ENABLE_PROCESSED_OUTPUT | ENABLE_WRAP_AT_EOL_OUTPUT | ENABLE_VIRTUAL_TERMINAL_PROCESSING)

static DWORD input_mode = DEFAULT_INPUT_MODE, output_mode = DEFAULT_OUTPUT_MODE;
static UINT input_page = CP_UTF8;
UINT console_output_page = CP_UTF8;

BOOL console_check(HANDLE *handle, bool *is_output)
{
    uint32_t is_input = 0;
    ULONG bytes = sizeof(is_input);

    switch ((DWORD)(ULONG_PTR)*handle) {
    case STD_INPUT_HANDLE:
    case STD_OUTPUT_HANDLE:
    case STD_ERROR_HANDLE:
        *handle = GetStdHandle((DWORD)(ULONG_PTR)*handle);
        break;
    }
    if (DecantConsole(*handle, DECANT_CONSOLE_IS_INPUT, &is_input, &bytes))
        return set_error(ERROR_INVALID_HANDLE);
    *is_output = !is_input;
    return TRUE;
}

BOOL WINAPI VerifyConsoleIoHandle(HANDLE handle);

BOOL WINAPI VerifyConsoleIoHandle(HANDLE handle)
{
    bool is_output;

    return console_check(&handle, &is_output);
}

BOOL WINAPI GetConsoleMode(HANDLE handle, DWORD *mode)
{
    bool is_output;

    if (!console_check(&handle, &is_output))
        return FALSE;
    *mode = is_output ? output_mode : input_mode;
    return TRUE;
}

BOOL WINAPI SetConsoleMode(HANDLE handle, DWORD mode)
{
    ULONG bytes = sizeof(mode);
    bool is_output;

    if (!console_check(&handle, &is_output))
        return FALSE;
    if (mode & ~(DWORD)(is_output ? 0x1f : 0x3ff))
        return set_error(ERROR_INVALID_PARAMETER);
    if (is_output) {
        output_mode = mode;
        return TRUE;
    }
    input_mode = mode;
    return check_status(DecantConsole(handle, DECANT_CONSOLE_SET_MODE, &mode, &bytes));
}

/* --- Text --- */

BOOL console_write(HANDLE handle, const char *text, ULONG bytes)
{
    IO_STATUS_BLOCK io;

    while (bytes) {
        NTSTATUS status = NtWriteFile(handle, NULL, NULL, NULL, &io, text, bytes, NULL, NULL);

        if (!check_status(status))
            return FALSE;
        text += io.Information;
        bytes -= (ULONG)io.Information;
    }
    return TRUE;
}

BOOL WINAPI WriteConsoleW(HANDLE handle, const void *buffer, DWORD count, DWORD *written,
                          void *reserved)
{
    const WCHAR *text = buffer;
    DWORD done = 0;
    bool is_output;

    (void)reserved;
    if (written)
        *written = 0;
    if (!console_check(&handle, &is_output))
        return FALSE;
    while (done < count) {
        char bytes[3 * 512];
        ULONG used;
        DWORD part = count - done < 512 ? count - done : 512;

        /* A surrogate pair is not cut. */
        if (part > 1 && done + part < count && IS_HIGH_SURROGATE(text[done + part - 1]))
            part--;
        RtlUnicodeToUTF8N(bytes, sizeof(bytes), &used, text + done, part * sizeof(WCHAR));
        if (!console_write(handle, bytes, used))
            return FALSE;
        done += part;
    }
    if (written)
        *written = count;
    return TRUE;
}

BOOL WINAPI WriteConsoleA(HANDLE handle, const void *buffer, DWORD count, DWORD *written,
                          void *reserved)
{
    bool is_output;
    WCHAR *wide;
    int length;
    BOOL done;

    if (written)
        *written = 0;
    if (!console_check(&handle, &is_output))
        return FALSE;
    if (console_output_page == CP_UTF8) {
        done = console_write(handle, buffer, count);
    } else {
        length = MultiByteToWideChar(console_output_page, 0, buffer, (int)count, NULL, 0);
        wide = RtlAllocateHeap(process_heap(), 0, (SIZE_T)length * sizeof(WCHAR) + 2);
        if (!wide)
            return set_error(ERROR_NOT_ENOUGH_MEMORY);
        MultiByteToWideChar(console_output_page, 0, buffer, (int)count, wide, length);
        done = WriteConsoleW(handle, wide, (DWORD)length, NULL, reserved);
        RtlFreeHeap(process_heap(), 0, wide);
    }
    if (done && written)
        *written = count;
    return done;
}

/* A line, or what was typed of it when line input is off. */
BOOL WINAPI ReadConsoleW(HANDLE handle, void *buffer, DWORD count, DWORD *read, void *control)
{
    static char pending[4096];
    static DWORD pending_bytes;
    WCHAR *out = buffer;
    IO_STATUS_BLOCK io;
    DWORD got = 0, used = 0;
    bool is_output;

    (void)control;
    if (read)
        *read = 0;
    if (!console_check(&handle, &is_output))
        return FALSE;
    if (!pending_bytes) {
        NTSTATUS status = NtReadFile(handle, NULL, NULL, NULL, &io, pending, sizeof(pending), NULL,
                                     NULL);

        if (status == STATUS_END_OF_FILE)
            return TRUE;
        if (!check_status(status))
            return FALSE;
        pending_bytes = (DWORD)io.Information;
    }
    while (used < pending_bytes && got < count) {
        WCHAR wide[2];
        ULONG bytes;
        DWORD length = 1;

        while (used + length < pending_bytes && (pending[used + length] & 0xc0) == 0x80)
            length++;
        RtlUTF8ToUnicodeN(wide, sizeof(wide), &bytes, pending + used, length);
        if (got + bytes / sizeof(WCHAR) > count)
            break;
        memcpy(out + got, wide, bytes);
        got += bytes / sizeof(WCHAR);
        used += length;
    }
    pending_bytes -= used;
    memmove(pending, pending + used, pending_bytes);
    if (read)
        *read = got;
    return TRUE;
}

BOOL WINAPI ReadConsoleA(HANDLE handle, void *buffer, DWORD count, DWORD *read, void *control)
{
    WCHAR wide[1024];
    DWORD got;

    if (read)
        *read = 0;
    if (!ReadConsoleW(handle, wide, count / 3 < 1024 ? (count / 3 ? count / 3 : 1) : 1024, &got,
                      control))
        return FALSE;
    got = (DWORD)WideCharToMultiByte(input_page, 0, wide, (int)got, buffer, (int)count, NULL, NULL);
    if (read)
        *read = got;
    return TRUE;
}

/* --- Code pages --- */

UINT WINAPI GetConsoleCP(void)
{
    return input_page;
}

UINT WINAPI GetConsoleOutputCP(void)
{
    return console_output_page;
}

BOOL WINAPI SetConsoleCP(UINT page)
{
    if (!IsValidCodePage(page))
        return set_error(ERROR_INVALID_PARAMETER);
    input_page = page;
    return TRUE;
}

BOOL WINAPI SetConsoleOutputCP(UINT page)
{
    if (!IsValidCodePage(page))
        return set_error(ERROR_INVALID_PARAMETER);
    console_output_page = page;
    return TRUE;
}
