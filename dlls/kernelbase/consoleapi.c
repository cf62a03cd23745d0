/* SPDX-License-Identifier: LGPL-2.1-or-later
 * consoleapi.h: modes, reading and writing a console, control handlers.
 *
 * A console handle is a file on a terminal. Text goes out as UTF-8 and comes in as UTF-8; Linux' terminal
 * does line editing and echo. Modes are kept here so that programs read back what they set.
 */
#include "kernelbase.h"
#include "winioctl.h"

#define DEFAULT_INPUT_MODE                                                                         \
    (ENABLE_PROCESSED_INPUT | ENABLE_LINE_INPUT | ENABLE_ECHO_INPUT | ENABLE_MOUSE_INPUT |         \
     ENABLE_INSERT_MODE | ENABLE_QUICK_EDIT_MODE | ENABLE_EXTENDED_FLAGS)
#define DEFAULT_OUTPUT_MODE                                                                        \
    (ENABLE_PROCESSED_OUTPUT | ENABLE_WRAP_AT_EOL_OUTPUT | ENABLE_VIRTUAL_TERMINAL_PROCESSING)

static DWORD input_mode = DEFAULT_INPUT_MODE, output_mode = DEFAULT_OUTPUT_MODE;
static UINT input_page = 65001, output_page = 65001;
static WORD text_attributes = 7; /* light grey on black */

/* What a handle is: a console or not, and whether it can be written. */
static BOOL is_console(HANDLE *handle, bool *is_output)
{
    FILE_FS_DEVICE_INFORMATION device;
    OBJECT_BASIC_INFORMATION object;
    IO_STATUS_BLOCK io;

    switch ((DWORD)(ULONG_PTR)*handle) {
    case STD_INPUT_HANDLE:
    case STD_OUTPUT_HANDLE:
    case STD_ERROR_HANDLE:
        *handle = GetStdHandle((DWORD)(ULONG_PTR)*handle);
        break;
    }
    if (NtQueryVolumeInformationFile(*handle, &io, &device, sizeof(device),
                                     FileFsDeviceInformation) ||
        device.DeviceType != FILE_DEVICE_CONSOLE)
        return set_error(ERROR_INVALID_HANDLE);
    if (NtQueryObject(*handle, ObjectBasicInformation, &object, sizeof(object), NULL))
        return set_error(ERROR_INVALID_HANDLE);
    *is_output = object.GrantedAccess & FILE_WRITE_DATA;
    return TRUE;
}

BOOL WINAPI VerifyConsoleIoHandle(HANDLE handle);

BOOL WINAPI VerifyConsoleIoHandle(HANDLE handle)
{
    bool is_output;

    return is_console(&handle, &is_output);
}

BOOL WINAPI GetConsoleMode(HANDLE handle, DWORD *mode)
{
    bool is_output;

    if (!is_console(&handle, &is_output))
        return FALSE;
    *mode = is_output ? output_mode : input_mode;
    return TRUE;
}

BOOL WINAPI SetConsoleMode(HANDLE handle, DWORD mode)
{
    bool is_output;

    if (!is_console(&handle, &is_output))
        return FALSE;
    *(is_output ? &output_mode : &input_mode) = mode;
    return TRUE;
}

/* --- Text --- */

static BOOL write_all(HANDLE handle, const char *text, ULONG bytes)
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
    if (!is_console(&handle, &is_output))
        return FALSE;
    while (done < count) {
        char bytes[3 * 512];
        ULONG used;
        DWORD part = count - done < 512 ? count - done : 512;

        /* A surrogate pair is not cut. */
        if (part > 1 && done + part < count && IS_HIGH_SURROGATE(text[done + part - 1]))
            part--;
        RtlUnicodeToUTF8N(bytes, sizeof(bytes), &used, text + done, part * sizeof(WCHAR));
        if (!write_all(handle, bytes, used))
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
    if (!is_console(&handle, &is_output))
        return FALSE;
    if (output_page == CP_UTF8) {
        done = write_all(handle, buffer, count);
    } else {
        length = MultiByteToWideChar(output_page, 0, buffer, (int)count, NULL, 0);
        wide = RtlAllocateHeap(process_heap(), 0, (SIZE_T)length * sizeof(WCHAR) + 2);
        if (!wide)
            return set_error(ERROR_NOT_ENOUGH_MEMORY);
        MultiByteToWideChar(output_page, 0, buffer, (int)count, wide, length);
        done = WriteConsoleW(handle, wide, (DWORD)length, NULL, reserved);
        RtlFreeHeap(process_heap(), 0, wide);
    }
    if (done && written)
        *written = count;
    return done;
}

/* A line as the terminal gives it; LF becomes CR LF, as a console's line input has it. */
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
    if (!is_console(&handle, &is_output))
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

        if (pending[used] == '\n' && input_mode & ENABLE_PROCESSED_INPUT) {
            if (got + 2 > count)
                break;
            out[got++] = '\r';
            out[got++] = '\n';
            used++;
            continue;
        }
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

/* --- Code pages and titles --- */

UINT WINAPI GetConsoleCP(void)
{
    return input_page;
}

UINT WINAPI GetConsoleOutputCP(void)
{
    return output_page;
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
    output_page = page;
    return TRUE;
}

BOOL WINAPI SetConsoleTitleW(LPCWSTR title)
{
    (void)title;
    return TRUE;
}

/* --- The screen: a terminal's size is not asked for; 80 by 25, or what COLUMNS and LINES say --- */

static SHORT dimension(const WCHAR *variable, SHORT fallback)
{
    WCHAR text[16];
    SHORT value = 0;

    if (!GetEnvironmentVariableW(variable, text, ARRAY_COUNT(text)))
        return fallback;
    for (const WCHAR *digit = text; *digit >= '0' && *digit <= '9' && value < 3000; digit++)
        value = (SHORT)(value * 10 + (*digit - '0'));
    return value ? value : fallback;
}

BOOL WINAPI GetConsoleScreenBufferInfo(HANDLE handle, CONSOLE_SCREEN_BUFFER_INFO *info)
{
    bool is_output;

    if (!is_console(&handle, &is_output))
        return FALSE;
    memset(info, 0, sizeof(*info));
    info->dwSize.X = dimension(L"COLUMNS", 80);
    info->dwSize.Y = dimension(L"LINES", 25);
    info->wAttributes = text_attributes;
    info->srWindow.Right = (SHORT)(info->dwSize.X - 1);
    info->srWindow.Bottom = (SHORT)(info->dwSize.Y - 1);
    info->dwMaximumWindowSize = info->dwSize;
    return TRUE;
}

/* Sixteen colours as terminal sequences. */
BOOL WINAPI SetConsoleTextAttribute(HANDLE handle, WORD attributes)
{
    static const char ansi[] = {0, 4, 2, 6, 1, 5, 3, 7}; /* blue, green, red bits to ANSI's order */
    char sequence[24] = "\x1b[0";
    bool is_output;
    int at = 3;

    if (!is_console(&handle, &is_output))
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
    return write_all(handle, sequence, (ULONG)at);
}

HWND WINAPI GetConsoleWindow(void)
{
    return NULL;
}

/* --- Control handlers --- */

struct handler {
    struct handler *next;
    PHANDLER_ROUTINE routine;
};

static struct handler *handlers;
static SRWLOCK handlers_lock = SRWLOCK_INIT;

BOOL WINAPI SetConsoleCtrlHandler(PHANDLER_ROUTINE routine, BOOL add)
{
    struct handler *handler, **link;
    BOOL done = FALSE;

    if (!routine)
        return TRUE; /* ignoring Ctrl-C is the terminal's business */
    if (add) {
        handler = RtlAllocateHeap(process_heap(), 0, sizeof(*handler));
        if (!handler)
            return set_error(ERROR_NOT_ENOUGH_MEMORY);
        handler->routine = routine;
        RtlAcquireSRWLockExclusive(&handlers_lock);
        handler->next = handlers;
        handlers = handler;
        RtlReleaseSRWLockExclusive(&handlers_lock);
        return TRUE;
    }
    RtlAcquireSRWLockExclusive(&handlers_lock);
    for (link = &handlers; *link && !done; link = done ? link : &(*link)->next) {
        if ((*link)->routine == routine) {
            handler = *link;
            *link = handler->next;
            RtlFreeHeap(process_heap(), 0, handler);
            done = TRUE;
            break;
        }
    }
    RtlReleaseSRWLockExclusive(&handlers_lock);
    return done || set_error(ERROR_INVALID_PARAMETER);
}
