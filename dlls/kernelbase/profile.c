/* SPDX-License-Identifier: LGPL-2.1-or-later
 * winbase.h: reading initialisation files (GetPrivateProfile*). They are read anew at each call. Writing them is refused.
 */
#include "kernelbase.h"

/* The file as text, in memory of the heap; NULL with the last error. A name without a folder is in C:\windows. */
static WCHAR *read_profile(const WCHAR *name)
{
    WCHAR path[MAX_PATH] = L"C:\\windows\\", *text = NULL;
    DWORD size, got;
    HANDLE file;
    char *bytes;

    if (!name)
        name = L"win.ini";
    if (wcspbrk(name, L"\\/:"))
        path[0] = 0;
    if (wcslen(path) + wcslen(name) >= MAX_PATH) {
        SetLastError(ERROR_FILENAME_EXCED_RANGE);
        return NULL;
    }
    wcscat(path, name);
    file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0,
                       NULL);
    if (file == INVALID_HANDLE_VALUE)
        return NULL;
    size = GetFileSize(file, NULL);
    bytes = size < 0x100000 ? RtlAllocateHeap(process_heap(), 0, size + 2) : NULL;
    if (bytes && ReadFile(file, bytes, size, &got, NULL)) {
        bytes[got] = bytes[got + 1] = 0;
        text = RtlAllocateHeap(process_heap(), 0, (got + 1) * sizeof(WCHAR));
        if (text && got >= 2 && (BYTE)bytes[0] == 0xff && (BYTE)bytes[1] == 0xfe)
            memcpy(text, bytes + 2, got); /* UTF-16, with the terminator */
        else if (text)
            text[MultiByteToWideChar(CP_ACP, 0, bytes, (int)got, text, (int)got)] = 0;
    } else {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    }
    RtlFreeHeap(process_heap(), 0, bytes);
    NtClose(file);
    return text;
}

/* A line, without blanks around it; *next is the one after. False at the end. */
static bool take_line(const WCHAR **next, const WCHAR **line, size_t *length)
{
    const WCHAR *at = *next, *end;

    if (!*at)
        return false;
    end = at + wcscspn(at, L"\r\n");
    *next = end + (*end != 0);
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    while (end > at && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *line = at;
    *length = (size_t)(end - at);
    return true;
}

static bool is_section(const WCHAR *line, size_t length)
{
    return length >= 2 && line[0] == '[' && line[length - 1] == ']';
}

/* Puts strings one after the other; what does not fit is cut off, and said by the count. */
struct list {
    WCHAR *buffer;
    DWORD room, used;
    bool is_cut;
};

static void add_string(struct list *list, const WCHAR *text, size_t length)
{
    /* One place is the list's terminator's. */
    for (size_t i = 0; i <= length; i++) {
        if (list->used + 1 >= list->room) {
            list->is_cut = true;
            return;
        }
        list->buffer[list->used++] = i < length ? text[i] : 0;
    }
}

static DWORD end_list(struct list *list)
{
    if (!list->room)
        return 0;
    if (list->is_cut && list->room >= 2) {
        list->buffer[list->room - 2] = list->buffer[list->room - 1] = 0;
        return list->room - 2;
    }
    list->buffer[list->used] = 0;
    return list->used;
}

enum wanted { SECTION_NAMES, KEYS, LINES };

/* All names of sections, or of one section the keys or the whole lines. */
static bool collect(const WCHAR *text, enum wanted wanted, const WCHAR *section, struct list *list)
{
    bool inside = false, found = false;
    const WCHAR *line;
    size_t length;

    while (take_line(&text, &line, &length)) {
        if (is_section(line, length)) {
            if (wanted == SECTION_NAMES)
                add_string(list, line + 1, length - 2);
            else
                inside = wcslen(section) == length - 2 && !_wcsnicmp(section, line + 1, length - 2);
            found |= inside;
        } else if (inside && length && *line != ';') {
            if (wanted == KEYS) {
                size_t key = 0;

                while (key < length && line[key] != '=')
                    key++;
                length = key;
                while (length && line[length - 1] == ' ')
                    length--;
            }
            add_string(list, line, length);
        }
    }
    return found;
}

static bool find_value(const WCHAR *text, const WCHAR *section, const WCHAR *key, const WCHAR **value,
                       size_t *value_length)
{
    size_t length, key_length = wcslen(key);
    bool inside = false;
    const WCHAR *line;

    while (take_line(&text, &line, &length)) {
        size_t at;

        if (is_section(line, length)) {
            inside = wcslen(section) == length - 2 && !_wcsnicmp(section, line + 1, length - 2);
            continue;
        }
        if (!inside || length <= key_length || _wcsnicmp(line, key, key_length))
            continue;
        for (at = key_length; at < length && line[at] == ' ';)
            at++;
        if (at >= length || line[at] != '=')
            continue;
        for (at++; at < length && (line[at] == ' ' || line[at] == '\t');)
            at++;
        /* Quotation marks around a value go (documented). */
        if (length - at >= 2 && (line[at] == '"' || line[at] == '\'') && line[length - 1] == line[at]) {
            at++;
            length--;
        }
        *value = line + at;
        *value_length = length - at;
        return true;
    }
    return false;
}

INT WINAPI GetPrivateProfileStringW(LPCWSTR section, LPCWSTR key, LPCWSTR fallback, LPWSTR buffer,
                                    UINT room, LPCWSTR name)
{
    struct list list = {buffer, room, 0, false};
    WCHAR *text;
    const WCHAR *value = fallback ? fallback : L"";
    size_t length = wcslen(value);
    DWORD result;

    if (!buffer || !room)
        return 0;
    text = read_profile(name);
    if (text && (!section || !key)) {
        collect(text, section ? KEYS : SECTION_NAMES, section, &list);
        result = end_list(&list);
    } else {
        if (text)
            find_value(text, section, key, &value, &length);
        result = length < room ? (DWORD)length : room - 1;
        memcpy(buffer, value, result * sizeof(WCHAR));
        buffer[result] = 0;
    }
    RtlFreeHeap(process_heap(), 0, text);
    return (INT)result;
}

UINT WINAPI GetPrivateProfileIntW(LPCWSTR section, LPCWSTR key, INT fallback, LPCWSTR name)
{
    WCHAR text[32];
    UNICODE_STRING string;
    ULONG value;

    if (!GetPrivateProfileStringW(section, key, NULL, text, ARRAY_COUNT(text), name))
        return (UINT)fallback;
    RtlInitUnicodeString(&string, text);
    return RtlUnicodeStringToInteger(&string, 0, &value) ? 0 : value;
}

INT WINAPI GetPrivateProfileSectionW(LPCWSTR section, LPWSTR buffer, DWORD room, LPCWSTR name)
{
    struct list list = {buffer, room, 0, false};
    WCHAR *text;

    if (!section || !buffer || !room)
        return 0;
    text = read_profile(name);
    if (text)
        collect(text, LINES, section, &list);
    RtlFreeHeap(process_heap(), 0, text);
    return (INT)end_list(&list);
}

DWORD WINAPI GetPrivateProfileSectionNamesW(LPWSTR buffer, DWORD room, LPCWSTR name)
{
    return (DWORD)GetPrivateProfileStringW(NULL, NULL, NULL, buffer, room, name);
}

BOOL WINAPI WritePrivateProfileStringW(LPCWSTR section, LPCWSTR key, LPCWSTR text, LPCWSTR name)
{
    (void)section, (void)key, (void)text, (void)name;
    return set_error(ERROR_ACCESS_DENIED);
}
