/* SPDX-License-Identifier: LGPL-2.1-or-later
 * consoleapi.h: input records. What a terminal sends is made into key events, one down and one up for each key: a
 * terminal tells neither releases nor the keys Ctrl, Shift and Alt alone. No mouse, no window events.
 */
#include "console.h"
#include "wingdi.h"
#include "winuser.h"

#define MAX_RECORDS 256

/* Records that were made and not taken yet, and bytes that are not a whole key yet. Under the lock. */
static INPUT_RECORD records[MAX_RECORDS];
static DWORD record_count;
static char bytes[64];
static ULONG byte_count;
static SRWLOCK lock = SRWLOCK_INIT;

static void add_key(WORD key, WCHAR character, DWORD state)
{
    for (int down = 1; down >= 0 && record_count < MAX_RECORDS; down--) {
        INPUT_RECORD *record = &records[record_count++];

        memset(record, 0, sizeof(*record));
        record->EventType = KEY_EVENT;
        record->Event.KeyEvent.bKeyDown = down;
        record->Event.KeyEvent.wRepeatCount = 1;
        record->Event.KeyEvent.wVirtualKeyCode = key;
        record->Event.KeyEvent.uChar.UnicodeChar = character;
        record->Event.KeyEvent.dwControlKeyState = state;
    }
}

/* The key of a character on an American keyboard, as far as programs look at it. */
static void add_character(WCHAR character, DWORD state)
{
    WORD key = 0;

    if (character >= 'a' && character <= 'z') {
        key = (WORD)(character - 0x20);
    } else if (character >= 'A' && character <= 'Z') {
        key = character;
        state |= SHIFT_PRESSED;
    } else if ((character >= '0' && character <= '9') || character == ' ') {
        key = character;
    } else if (character == '\r' || character == '\n') {
        key = VK_RETURN;
        character = '\r';
    } else if (character == '\t') {
        key = VK_TAB;
    } else if (character == 0x7f || character == '\b') {
        key = VK_BACK;
        character = '\b';
    } else if (character == 0x1b) {
        key = VK_ESCAPE;
    } else if (character < 0x20) {
        key = (WORD)(character + 0x40);
        state |= LEFT_CTRL_PRESSED;
    }
    add_key(key, character, state);
}

/* CSI or SS3 sequences: how long, 0 for none or not whole. */
static ULONG take_sequence(void)
{
    static const struct {
        char end;
        WORD key;
    } letters[] = {{'A', VK_UP},  {'B', VK_DOWN}, {'C', VK_RIGHT}, {'D', VK_LEFT}, {'H', VK_HOME},
                   {'F', VK_END}, {'P', VK_F1},   {'Q', VK_F2},    {'R', VK_F3},   {'S', VK_F4}};
    static const WORD numbers[] = {0,      VK_HOME, VK_INSERT, VK_DELETE, VK_END, VK_PRIOR, VK_NEXT,
                                   VK_HOME, VK_END, 0,         0,         VK_F1,  VK_F2,    VK_F3,
                                   VK_F4,  VK_F5,   0,         VK_F6,     VK_F7,  VK_F8,    VK_F9,
                                   VK_F10, 0,       VK_F11,    VK_F12};
    ULONG values[2] = {0, 1}, which = 0, at = 2;
    DWORD state = 0;
    WORD key = 0;

    if (byte_count < 3 || (bytes[1] != '[' && bytes[1] != 'O'))
        return 0;
    for (; at < byte_count && ((bytes[at] >= '0' && bytes[at] <= '9') || bytes[at] == ';'); at++) {
        if (bytes[at] == ';')
            which = 1;
        else
            values[which] = (which && values[1] == 1 ? 0 : values[which] * 10) +
                            (ULONG)(bytes[at] - '0');
    }
    if (at >= byte_count)
        return 0;
    for (size_t i = 0; i < ARRAY_COUNT(letters); i++)
        if (letters[i].end == bytes[at])
            key = letters[i].key;
    if (bytes[at] == '~' && values[0] < ARRAY_COUNT(numbers))
        key = numbers[values[0]];
    /* xterm's modifiers: 1 + shift 1, alt 2, control 4. */
    if (values[1] > 1) {
        state |= (values[1] - 1) & 1 ? SHIFT_PRESSED : 0;
        state |= (values[1] - 1) & 2 ? LEFT_ALT_PRESSED : 0;
        state |= (values[1] - 1) & 4 ? LEFT_CTRL_PRESSED : 0;
    }
    if (key)
        add_key(key, 0, state | (key >= VK_PRIOR && key <= VK_DELETE ? ENHANCED_KEY : 0));
    return at + 1;
}

/* Makes records of the bytes. An escape that nothing follows is the key. */
static void translate(void)
{
    while (byte_count && record_count < MAX_RECORDS - 2) {
        ULONG used = 1, wide_bytes;
        WCHAR wide[2];

        if (bytes[0] == 0x1b && (used = take_sequence()) == 0) {
            used = 1;
            if (byte_count == 2 && bytes[1] >= 0x20) { /* Alt and a key */
                add_character((BYTE)bytes[1], LEFT_ALT_PRESSED);
                used = 2;
            } else {
                add_character(0x1b, 0);
            }
        } else if (bytes[0] != 0x1b) {
            while (used < byte_count && (bytes[used] & 0xc0) == 0x80)
                used++;
            RtlUTF8ToUnicodeN(wide, sizeof(wide), &wide_bytes, bytes, used);
            for (ULONG i = 0; i < wide_bytes / sizeof(WCHAR); i++)
                add_character(wide[i], 0);
        }
        byte_count -= used;
        memmove(bytes, bytes + used, byte_count);
    }
}

/* Takes in what the terminal has; waits when `ms` says so. */
static BOOL fetch(HANDLE handle, DWORD ms)
{
    char data[sizeof(bytes)];
    ULONG room = sizeof(bytes) - byte_count;
    NTSTATUS status;

    memcpy(data, &ms, sizeof(ms));
    status = DecantConsole(handle, DECANT_CONSOLE_READ_KEYS, data, &room);
    if (status == STATUS_TIMEOUT)
        return TRUE;
    if (!check_status(status))
        return FALSE;
    memcpy(bytes + byte_count, data, room);
    byte_count += room;
    translate();
    return TRUE;
}

static BOOL check_input(HANDLE *handle)
{
    bool is_output;

    return console_check(handle, &is_output);
}

static BOOL peek(HANDLE handle, INPUT_RECORD *out, DWORD count, DWORD *done, bool wait, bool take)
{
    BOOL ok;

    if (!check_input(&handle))
        return FALSE;
    RtlAcquireSRWLockExclusive(&lock);
    ok = record_count || fetch(handle, 0);
    while (ok && wait && !record_count) {
        /* Not with the lock: others may look meanwhile. */
        RtlReleaseSRWLockExclusive(&lock);
        WaitForSingleObject(handle, INFINITE);
        RtlAcquireSRWLockExclusive(&lock);
        ok = record_count || fetch(handle, 0);
    }
    if (ok) {
        if (count > record_count)
            count = record_count;
        memcpy(out, records, count * sizeof(*out));
        if (take) {
            record_count -= count;
            memmove(records, records + count, record_count * sizeof(*records));
        }
        *done = count;
    }
    RtlReleaseSRWLockExclusive(&lock);
    return ok;
}

BOOL WINAPI ReadConsoleInputW(HANDLE handle, INPUT_RECORD *out, DWORD count, DWORD *done)
{
    return peek(handle, out, count, done, count != 0, true);
}

BOOL WINAPI PeekConsoleInputW(HANDLE handle, INPUT_RECORD *out, DWORD count, DWORD *done)
{
    return peek(handle, out, count, done, false, false);
}

/* The character in the input's code page, its first byte. */
static void to_ansi(INPUT_RECORD *record)
{
    WCHAR wide = record->Event.KeyEvent.uChar.UnicodeChar;
    char narrow[4] = "";

    if (record->EventType != KEY_EVENT)
        return;
    WideCharToMultiByte(GetConsoleCP(), 0, &wide, 1, narrow, sizeof(narrow), NULL, NULL);
    record->Event.KeyEvent.uChar.UnicodeChar = 0;
    record->Event.KeyEvent.uChar.AsciiChar = narrow[0];
}

BOOL WINAPI ReadConsoleInputA(HANDLE handle, INPUT_RECORD *out, DWORD count, DWORD *done)
{
    if (!ReadConsoleInputW(handle, out, count, done))
        return FALSE;
    for (DWORD i = 0; i < *done; i++)
        to_ansi(&out[i]);
    return TRUE;
}

BOOL WINAPI PeekConsoleInputA(HANDLE handle, INPUT_RECORD *out, DWORD count, DWORD *done)
{
    if (!PeekConsoleInputW(handle, out, count, done))
        return FALSE;
    for (DWORD i = 0; i < *done; i++)
        to_ansi(&out[i]);
    return TRUE;
}

BOOL WINAPI GetNumberOfConsoleInputEvents(HANDLE handle, DWORD *count)
{
    BOOL ok;

    if (!check_input(&handle))
        return FALSE;
    RtlAcquireSRWLockExclusive(&lock);
    ok = record_count || fetch(handle, 0);
    if (ok)
        *count = record_count;
    RtlReleaseSRWLockExclusive(&lock);
    return ok;
}

BOOL WINAPI FlushConsoleInputBuffer(HANDLE handle)
{
    BOOL ok;

    if (!check_input(&handle))
        return FALSE;
    RtlAcquireSRWLockExclusive(&lock);
    do {
        record_count = byte_count = 0;
        ok = fetch(handle, 0);
    } while (ok && record_count);
    record_count = byte_count = 0;
    RtlReleaseSRWLockExclusive(&lock);
    return ok;
}

BOOL WINAPI WriteConsoleInputW(HANDLE handle, const INPUT_RECORD *in, DWORD count, DWORD *done)
{
    if (!check_input(&handle))
        return FALSE;
    RtlAcquireSRWLockExclusive(&lock);
    if (count > MAX_RECORDS - record_count)
        count = MAX_RECORDS - record_count;
    memcpy(records + record_count, in, count * sizeof(*in));
    record_count += count;
    *done = count;
    RtlReleaseSRWLockExclusive(&lock);
    return TRUE;
}

BOOL WINAPI WriteConsoleInputA(HANDLE handle, const INPUT_RECORD *in, DWORD count, DWORD *done)
{
    return WriteConsoleInputW(handle, in, count, done);
}

BOOL WINAPI GetNumberOfConsoleMouseButtons(DWORD *count)
{
    *count = 0;
    return TRUE;
}
