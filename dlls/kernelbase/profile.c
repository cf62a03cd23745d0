/* SPDX-License-Identifier: LGPL-2.1-or-later
 * winbase.h: initialisation files (.ini): GetPrivateProfile…, WritePrivateProfile…, and win.ini by the functions
 * without "Private".
 *
 * Each call reads the file anew and writes it as a whole: Windows keeps no promise beyond that, and programs share such
 * files. A file that begins with UTF-16's mark stays UTF-16, others are of the ANSI code page. Lines that are no
 * setting (comments, blank ones) stay where they are.
 */
#include "kernelbase.h"

struct profile {
    WCHAR *text;        /* NUL-terminated, allocated */
    SIZE_T length;
    bool is_wide;       /* UTF-16 with a mark */
};

/* A stretch of the text, without blanks around it. */
struct piece {
    const WCHAR *at;
    SIZE_T length;
};

static bool is_blank(WCHAR c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct piece trim(const WCHAR *begin, const WCHAR *end)
{
    while (begin < end && is_blank(*begin))
        begin++;
    while (end > begin && is_blank(end[-1]))
        end--;
    return (struct piece){begin, (SIZE_T)(end - begin)};
}

static bool is_same(struct piece piece, const WCHAR *name)
{
    struct piece wanted = trim(name, name + wcslen(name));

    return piece.length == wanted.length && !_wcsnicmp(piece.at, wanted.at, wanted.length);
}

/* --- Files --- */

/* A name without a folder is one in Windows' folder. */
static bool full_name(const WCHAR *name, WCHAR *path)
{
    if (!name)
        name = L"win.ini";
    if (wcslen(name) > MAX_PATH - 16) {
        SetLastError(ERROR_FILENAME_EXCED_RANGE);
        return false;
    }
    path[0] = 0;
    if (!wcspbrk(name, L"\\/:"))
        wcscpy(path, L"C:\\windows\\");
    wcscat(path, name);
    return true;
}

/* A file that is not there gives an empty text and false. */
static bool load(const WCHAR *path, struct profile *profile)
{
    HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    LARGE_INTEGER size = {.QuadPart = 0};
    DWORD done = 0;
    UINT page = CP_ACP;
    char *bytes, *start;
    bool is_there = file != INVALID_HANDLE_VALUE;
    int chars;

    *profile = (struct profile){NULL, 0, false};
    if (is_there && (!GetFileSizeEx(file, &size) || size.QuadPart > 64 << 20))
        size.QuadPart = 0;
    bytes = RtlAllocateHeap(process_heap(), 0, (SIZE_T)size.QuadPart + 4);
    if (is_there) {
        if (bytes)
            ReadFile(file, bytes, (DWORD)size.QuadPart, &done, NULL);
        CloseHandle(file);
    }
    profile->text = RtlAllocateHeap(process_heap(), 0, ((SIZE_T)done + 2) * sizeof(WCHAR));
    if (!bytes || !profile->text) {
        RtlFreeHeap(process_heap(), 0, bytes);
        RtlFreeHeap(process_heap(), 0, profile->text);
        profile->text = NULL;
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return false;
    }
    start = bytes;
    if (done >= 2 && (BYTE)bytes[0] == 0xff && (BYTE)bytes[1] == 0xfe) {
        profile->is_wide = true;
        profile->length = (done - 2) / sizeof(WCHAR);
        memcpy(profile->text, bytes + 2, profile->length * sizeof(WCHAR));
    } else {
        if (done >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3)) {
            page = CP_UTF8;
            start += 3;
            done -= 3;
        }
        chars = done ? MultiByteToWideChar(page, 0, start, (int)done, profile->text, (int)done) : 0;
        profile->length = (SIZE_T)chars;
    }
    profile->text[profile->length] = 0;
    RtlFreeHeap(process_heap(), 0, bytes);
    return is_there;
}

static void unload(struct profile *profile)
{
    RtlFreeHeap(process_heap(), 0, profile->text);
}

static BOOL save(const WCHAR *path, const struct profile *profile)
{
    HANDLE file = CreateFileW(path, GENERIC_WRITE, FILE_SHARE_READ, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    int room = profile->length
                   ? WideCharToMultiByte(CP_ACP, 0, profile->text, (int)profile->length, NULL, 0, NULL, NULL)
                   : 0;
    char *bytes;
    DWORD done;
    BOOL result = TRUE;

    if (file == INVALID_HANDLE_VALUE)
        return FALSE;
    if (profile->is_wide) {
        result = WriteFile(file, "\xff\xfe", 2, &done, NULL) &&
                 WriteFile(file, profile->text, (DWORD)(profile->length * sizeof(WCHAR)), &done, NULL);
    } else if (room) {
        bytes = RtlAllocateHeap(process_heap(), 0, (SIZE_T)room);
        if (bytes) {
            WideCharToMultiByte(CP_ACP, 0, profile->text, (int)profile->length, bytes, room, NULL, NULL);
            result = WriteFile(file, bytes, (DWORD)room, &done, NULL);
        } else {
            result = set_error(ERROR_NOT_ENOUGH_MEMORY);
        }
        RtlFreeHeap(process_heap(), 0, bytes);
    }
    CloseHandle(file);
    return result;
}

/* --- Lines --- */

enum line_kind { LINE_OTHER, LINE_SECTION, LINE_SETTING };

struct line {
    const WCHAR *begin, *end, *next;    /* end: without the line's end */
    enum line_kind kind;
    struct piece name, value;
};

/* The line at `at`; false at the end of the text. */
static bool read_line(const WCHAR *at, struct line *line)
{
    const WCHAR *end = at, *equals;
    struct piece all;

    if (!*at)
        return false;
    while (*end && *end != '\n')
        end++;
    *line = (struct line){at, end, *end ? end + 1 : end, LINE_OTHER, {0}, {0}};
    all = trim(at, end);
    if (!all.length || *all.at == ';')
        return true;
    if (*all.at == '[') {
        const WCHAR *close = all.at + 1;

        while (close < all.at + all.length && *close != ']')
            close++;
        line->kind = LINE_SECTION;
        line->name = trim(all.at + 1, close);
        return true;
    }
    for (equals = all.at; equals < all.at + all.length && *equals != '='; equals++)
        ;
    line->kind = LINE_SETTING;
    line->name = trim(all.at, equals);
    if (equals < all.at + all.length)
        line->value = trim(equals + 1, all.at + all.length);
    return true;
}

/* Where the section's first line begins, behind its heading; NULL: there is none. */
static const WCHAR *find_section(const struct profile *profile, const WCHAR *section)
{
    struct line line;

    for (const WCHAR *at = profile->text; read_line(at, &line); at = line.next)
        if (line.kind == LINE_SECTION && is_same(line.name, section))
            return line.next;
    return NULL;
}

static bool find_setting(const struct profile *profile, const WCHAR *section, const WCHAR *name, struct line *line)
{
    const WCHAR *at = find_section(profile, section);

    for (; at && read_line(at, line) && line->kind != LINE_SECTION; at = line->next)
        if (line->kind == LINE_SETTING && is_same(line->name, name))
            return true;
    return false;
}

/* --- Answers --- */

/* A string that is too long is cut and NUL-terminated; the length is that of what was copied. */
static DWORD give(struct piece piece, WCHAR *buffer, DWORD room)
{
    DWORD length = (DWORD)piece.length;

    if (!room)
        return 0;
    if (length > room - 1)
        length = room - 1;
    memcpy(buffer, piece.at, length * sizeof(WCHAR));
    buffer[length] = 0;
    return length;
}

/* Lists end with an empty string; one that is cut has both NULs and the length room - 2 (documented). */
struct list {
    WCHAR *buffer;
    DWORD room, length;
    bool is_cut;
};

static void add(struct list *list, const WCHAR *at, SIZE_T length, bool ends)
{
    for (SIZE_T i = 0; i < length + ends; i++) {
        if (list->length + 2 > list->room - 1) {
            list->is_cut = true;
            return;
        }
        list->buffer[list->length++] = i < length ? at[i] : 0;
    }
}

static DWORD end_list(struct list *list)
{
    if (list->is_cut)
        list->length = list->room - 2;
    list->buffer[list->length] = 0;
    list->buffer[list->is_cut ? list->room - 1 : list->length + (list->length == 0)] = 0;
    return list->length;
}

static DWORD list_names(const struct profile *profile, const WCHAR *section, bool with_values, WCHAR *buffer,
                        DWORD room)
{
    struct list list = {buffer, room, 0, false};
    const WCHAR *at = section ? find_section(profile, section) : profile->text;
    struct line line;

    if (room < 2) {
        if (room)
            buffer[0] = 0;
        return 0;
    }
    for (; at && read_line(at, &line) && !list.is_cut; at = line.next) {
        if (section && line.kind == LINE_SECTION)
            break;
        if (line.kind != (section ? LINE_SETTING : LINE_SECTION))
            continue;
        add(&list, line.name.at, line.name.length, !with_values);
        if (with_values) {
            if (line.value.at)
                add(&list, L"=", 1, false);
            add(&list, line.value.at, line.value.length, true);
        }
    }
    return end_list(&list);
}

INT WINAPI GetPrivateProfileStringW(LPCWSTR section, LPCWSTR name, LPCWSTR standard, LPWSTR buffer, UINT room,
                                    LPCWSTR file)
{
    WCHAR path[MAX_PATH];
    struct profile profile;
    struct piece value = {L"", 0};
    struct line line;
    DWORD length;
    bool is_there;

    if (!buffer || !full_name(file, path))
        return 0;
    if (standard)
        value = trim(standard, standard + wcslen(standard));
    is_there = load(path, &profile);
    if (!profile.text)
        return (INT)give(value, buffer, room);
    if (!section || !name) {
        length = list_names(&profile, section, false, buffer, room);
    } else {
        if (find_setting(&profile, section, name, &line)) {
            value = line.value;
            /* One pair of quotes around the value goes. */
            if (value.length >= 2 && (*value.at == '"' || *value.at == '\'') &&
                value.at[value.length - 1] == *value.at)
                value = (struct piece){value.at + 1, value.length - 2};
        } else if (is_there) {
            SetLastError(ERROR_FILE_NOT_FOUND); /* of the setting too */
        }
        length = give(value, buffer, room);
    }
    unload(&profile);
    return (INT)length;
}

UINT WINAPI GetPrivateProfileIntW(LPCWSTR section, LPCWSTR name, INT standard, LPCWSTR file)
{
    WCHAR text[32];
    UNICODE_STRING string;
    ULONG value = 0;

    if (!GetPrivateProfileStringW(section, name, L"", text, ARRAY_SIZE(text), file))
        return (UINT)standard;
    RtlInitUnicodeString(&string, text);
    RtlUnicodeStringToInteger(&string, 0, &value);
    return value;
}

INT WINAPI GetPrivateProfileSectionW(LPCWSTR section, LPWSTR buffer, DWORD room, LPCWSTR file)
{
    WCHAR path[MAX_PATH];
    struct profile profile;
    DWORD length = 0;

    if (!section || !buffer || !full_name(file, path))
        return 0;
    load(path, &profile);
    if (profile.text)
        length = list_names(&profile, section, true, buffer, room);
    unload(&profile);
    return (INT)length;
}

DWORD WINAPI GetPrivateProfileSectionNamesW(LPWSTR buffer, DWORD room, LPCWSTR file)
{
    return (DWORD)GetPrivateProfileStringW(NULL, NULL, NULL, buffer, room, file);
}

/* --- Changes --- */

/* The text with [begin, end) replaced. */
static bool replace(struct profile *profile, const WCHAR *begin, const WCHAR *end, const WCHAR *with, SIZE_T length)
{
    SIZE_T head = (SIZE_T)(begin - profile->text), tail = profile->length - (SIZE_T)(end - profile->text);
    WCHAR *text = RtlAllocateHeap(process_heap(), 0, (head + length + tail + 1) * sizeof(WCHAR));

    if (!text) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return false;
    }
    memcpy(text, profile->text, head * sizeof(WCHAR));
    memcpy(text + head, with, length * sizeof(WCHAR));
    memcpy(text + head + length, end, tail * sizeof(WCHAR));
    text[head + length + tail] = 0;
    RtlFreeHeap(process_heap(), 0, profile->text);
    profile->text = text;
    profile->length = head + length + tail;
    return true;
}

/* The section's lines: from its heading to the next one, without blank lines at the end. NULL: there is none. */
static const WCHAR *section_bounds(const struct profile *profile, const WCHAR *section, const WCHAR **begin,
                                   const WCHAR **end)
{
    const WCHAR *first = find_section(profile, section), *at;
    struct line line;

    if (!first)
        return NULL;
    *end = first;
    for (at = first; read_line(at, &line) && line.kind != LINE_SECTION; at = line.next)
        if (trim(line.begin, line.end).length)
            *end = line.next;
    *begin = first;
    while (*begin > profile->text && (*begin == first || (*begin)[-1] != '\n'))
        --*begin;
    return first;
}

static bool append_section(struct profile *profile, const WCHAR *section, const WCHAR *lines, SIZE_T length)
{
    SIZE_T name = wcslen(section), room = name + length + 16, used = 0;
    WCHAR *text = RtlAllocateHeap(process_heap(), 0, room * sizeof(WCHAR));
    const WCHAR *end = profile->text + profile->length;
    bool done;

    if (!text)
        return set_error(ERROR_NOT_ENOUGH_MEMORY);
    if (profile->length && end[-1] != '\n') {
        text[used++] = '\r';
        text[used++] = '\n';
    }
    text[used++] = '[';
    memcpy(text + used, section, name * sizeof(WCHAR));
    used += name;
    memcpy(text + used, L"]\r\n", 3 * sizeof(WCHAR));
    used += 3;
    memcpy(text + used, lines, length * sizeof(WCHAR));
    used += length;
    done = replace(profile, end, end, text, used);
    RtlFreeHeap(process_heap(), 0, text);
    return done;
}

static bool change(struct profile *profile, const WCHAR *section, const WCHAR *name, const WCHAR *value)
{
    const WCHAR *begin = NULL, *end = NULL, *first = section_bounds(profile, section, &begin, &end);
    struct line line;
    WCHAR *text;
    SIZE_T length;
    bool done, is_there;

    if (!name)
        return !first || replace(profile, begin, end, L"", 0);
    is_there = find_setting(profile, section, name, &line);
    if (!value)
        return !is_there || replace(profile, line.begin, line.next, L"", 0);
    text = RtlAllocateHeap(process_heap(), 0, (wcslen(name) + wcslen(value) + 6) * sizeof(WCHAR));
    if (!text)
        return set_error(ERROR_NOT_ENOUGH_MEMORY);
    text[0] = 0;
    if (first && !is_there && end > profile->text && end[-1] != '\n')
        wcscat(text, L"\r\n");
    wcscat(text, name);
    wcscat(text, L"=");
    wcscat(text, value);
    wcscat(text, L"\r\n");
    length = wcslen(text);
    done = is_there ? replace(profile, line.begin, line.next, text, length)
           : first  ? replace(profile, end, end, text, length)
                    : append_section(profile, section, text, length);
    RtlFreeHeap(process_heap(), 0, text);
    return done;
}

BOOL WINAPI WritePrivateProfileStringW(LPCWSTR section, LPCWSTR name, LPCWSTR value, LPCWSTR file)
{
    WCHAR path[MAX_PATH];
    struct profile profile;
    BOOL done;

    if (!full_name(file, path))
        return FALSE;
    if (!section) /* "flush": nothing is kept back here */
        return set_error(ERROR_FILE_NOT_FOUND);
    load(path, &profile);
    if (!profile.text)
        return FALSE;
    done = change(&profile, section, name, value) && save(path, &profile);
    unload(&profile);
    return done;
}

/* The settings of a section are replaced by "name=value" strings, the last followed by an empty one. */
BOOL WINAPI WritePrivateProfileSectionW(LPCWSTR section, LPCWSTR settings, LPCWSTR file)
{
    WCHAR path[MAX_PATH], *lines;
    struct profile profile;
    SIZE_T room = 0, used = 0;
    BOOL done;

    if (!section || !full_name(file, path))
        return set_error(ERROR_INVALID_PARAMETER);
    for (const WCHAR *at = settings; at && *at; at += wcslen(at) + 1)
        room += wcslen(at) + 2;
    lines = RtlAllocateHeap(process_heap(), 0, (room + 1) * sizeof(WCHAR));
    if (!lines)
        return set_error(ERROR_NOT_ENOUGH_MEMORY);
    for (const WCHAR *at = settings; at && *at; at += wcslen(at) + 1) {
        memcpy(lines + used, at, wcslen(at) * sizeof(WCHAR));
        used += wcslen(at);
        lines[used++] = '\r';
        lines[used++] = '\n';
    }
    load(path, &profile);
    done = profile.text && change(&profile, section, NULL, NULL) &&
           (!settings || append_section(&profile, section, lines, used)) && save(path, &profile);
    unload(&profile);
    RtlFreeHeap(process_heap(), 0, lines);
    return done;
}
