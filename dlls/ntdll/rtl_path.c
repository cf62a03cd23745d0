/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * DOS paths: their kinds, device names, full paths, the current directory, and NT paths made of them.
 * The rules are those of Windows 10 ("Naming Files, Paths, and Namespaces" and "File path formats on Windows
 * systems" in Microsoft's documentation): nothing is looked up on a disk here.
 */
#include "nls.h"
#include "rtl.h"

static inline bool is_separator(WCHAR c)
{
    return c == '\\' || c == '/';
}

DOS_PATHNAME_TYPE WINAPI RtlDetermineDosPathNameType_U(const WCHAR *path)
{
    if (!path)
        return INVALID_PATH;
    if (is_separator(path[0])) {
        if (!is_separator(path[1]))
            return ABSOLUTE_PATH;
        if (path[2] != '.' && path[2] != '?')
            return UNC_PATH;
        if (is_separator(path[3]))
            return DEVICE_PATH;
        return path[3] ? UNC_PATH : UNC_DOT_PATH;
    }
    if (!path[0] || path[1] != ':')
        return RELATIVE_PATH;
    return is_separator(path[2]) ? ABSOLUTE_DRIVE_PATH : RELATIVE_DRIVE_PATH;
}

/* --- Device names ----------------------------------------------------------------------------- */

static bool equal_ascii(const WCHAR *text, size_t length, const char *name)
{
    for (; length && *name; length--, text++, name++)
        if (nls_upcase(*text) != (WCHAR)*name)
            return false;
    return !length && !*name;
}

static bool is_device_name(const WCHAR *name, size_t length)
{
    static const char *const plain[] = {"NUL", "CON", "AUX", "PRN", "CONIN$", "CONOUT$"};

    for (size_t i = 0; i < ARRAY_COUNT(plain); i++)
        if (equal_ascii(name, length, plain[i]))
            return true;
    return length == 4 && name[3] >= '1' && name[3] <= '9' &&
           (equal_ascii(name, 3, "COM") || equal_ascii(name, 3, "LPT"));
}

/* The name's byte offset in the high word, its length in bytes in the low one; 0 for none. What
 * follows a dot or a colon in the last component does not count, nor do blanks before it. */
ULONG WINAPI RtlIsDosDeviceName_U(const WCHAR *path)
{
    DOS_PATHNAME_TYPE type = RtlDetermineDosPathNameType_U(path);
    size_t length, start, end;

    if (type == INVALID_PATH || type == UNC_PATH)
        return 0;
    if (type == UNC_DOT_PATH)
        return 0;
    length = wcslen(path);
    if (type == DEVICE_PATH)
        return length == 7 && !_wcsicmp(path, L"\\\\.\\CON") ? MAKELONG(6, 8) : 0;
    for (start = length; start && !is_separator(path[start - 1]); start--)
        if (start == 2 && path[1] == ':')
            break;
    end = start;
    while (end < length && path[end] != '.' && path[end] != ':')
        end++;
    while (end > start && path[end - 1] == ' ')
        end--;
    if (!is_device_name(path + start, end - start))
        return 0;
    return MAKELONG((end - start) * sizeof(WCHAR), start * sizeof(WCHAR));
}

/* --- Full paths ------------------------------------------------------------------------------- */

/* The length of the part that ".." cannot leave: "C:\", "\\server\share\", "\\.\". */
static size_t root_length(const WCHAR *path)
{
    size_t i;

    switch (RtlDetermineDosPathNameType_U(path)) {
    case ABSOLUTE_DRIVE_PATH:
        return 3;
    case DEVICE_PATH:
        return 4;
    case UNC_DOT_PATH:
        return 3;
    case UNC_PATH:
        for (i = 2; path[i] && !is_separator(path[i]); i++)
            ;
        if (path[i])
            i++;
        while (path[i] && !is_separator(path[i]))
            i++;
        return path[i] ? i + 1 : i;
    default:
        return 0;
    }
}

/* Works in place on a path that is absolute: one kind of separator, no empty, "." or ".." components, no
 * dots and blanks at the end. */
static void collapse(WCHAR *path)
{
    size_t root, in, out;
    bool is_dots = false;

    for (WCHAR *p = path; *p; p++)
        if (*p == '/')
            *p = '\\';
    root = root_length(path);
    in = out = root;
    while (path[in]) {
        size_t length = 0;

        while (path[in + length] && path[in + length] != '\\')
            length++;
        if (!length || (length == 1 && path[in] == '.')) {
            in += length;
            is_dots = length;
        } else if (length == 2 && path[in] == '.' && path[in + 1] == '.') {
            in += 2;
            if (out > root) {
                out--;                  /* the separator behind the component that goes */
                while (out > root && path[out - 1] != '\\')
                    out--;
            }
            is_dots = true;
        } else {
            is_dots = false;
            memmove(path + out, path + in, length * sizeof(WCHAR));
            in += length;
            out += length;
            /* One dot at the end of a folder's name goes, too. */
            if (path[in] == '\\' && path[out - 1] == '.' && length > 1 && path[out - 2] != '.')
                out--;
            if (path[in] == '\\')
                path[out++] = '\\';
        }
        if (path[in] == '\\') {
            in++;
            is_dots = false;
        }
    }
    /* "a\." is "a", "a\.\" is "a\". */
    if (is_dots && out > root && path[out - 1] == '\\')
        out--;
    while (out > root && (path[out - 1] == '.' || path[out - 1] == ' '))
        out--;
    path[out] = 0;
}

/* The folder that "X:name" is relative to: the process's own, or what "=X:" in the environment says. */
static size_t drive_folder(WCHAR drive, WCHAR *out, size_t room)
{
    const UNICODE_STRING *current = &current_peb()->ProcessParameters->CurrentDirectory.DosPath;
    WCHAR name[] = {'=', drive, ':', 0};
    SIZE_T length = 0;

    if (current->Length >= 2 * sizeof(WCHAR) &&
        nls_upcase(current->Buffer[0]) == nls_upcase(drive) && current->Buffer[1] == ':') {
        length = min(current->Length / sizeof(WCHAR), room);
        memcpy(out, current->Buffer, length * sizeof(WCHAR));
    } else if (RtlQueryEnvironmentVariable(NULL, name, 3, out, room, &length) || length < 2) {
        out[0] = drive;
        out[1] = ':';
        length = 2;
    }
    if (out[length - 1] != '\\')
        out[length++] = '\\';
    return length;
}

/* The path made absolute, in memory of the heap; NULL when there is none left. */
static WCHAR *make_full(const WCHAR *name)
{
    const UNICODE_STRING *current;
    size_t length = wcslen(name), used = 0;
    ULONG device = RtlIsDosDeviceName_U(name);
    WCHAR *full;

    RtlAcquirePebLock();
    current = &current_peb()->ProcessParameters->CurrentDirectory.DosPath;
    full = RtlAllocateHeap(process_heap(), 0,
                           (length + current->Length / sizeof(WCHAR) + MAX_PATH + 16) *
                               sizeof(WCHAR));
    if (!full) {
        RtlReleasePebLock();
        return NULL;
    }
    if (device) {
        memcpy(full, L"\\\\.\\", 4 * sizeof(WCHAR));
        memcpy(full + 4, (const char *)name + HIWORD(device), LOWORD(device));
        full[4 + LOWORD(device) / sizeof(WCHAR)] = 0;
        RtlReleasePebLock();
        return full;
    }
    switch (RtlDetermineDosPathNameType_U(name)) {
    case RELATIVE_PATH:
        used = current->Length / sizeof(WCHAR);
        memcpy(full, current->Buffer, current->Length);
        if (used && full[used - 1] != '\\')
            full[used++] = '\\';
        break;
    case RELATIVE_DRIVE_PATH:
        used = drive_folder(name[0], full, current->Length / sizeof(WCHAR) + MAX_PATH);
        name += 2;
        length -= 2;
        if (!length && used > 3) /* the folder itself, without its separator */
            used--;
        break;
    case ABSOLUTE_PATH:
        used = root_length(current->Buffer);
        memcpy(full, current->Buffer, used * sizeof(WCHAR));
        name++;
        length--;
        break;
    default:
        break;
    }
    RtlReleasePebLock();
    memcpy(full + used, name, (length + 1) * sizeof(WCHAR));
    collapse(full);
    return full;
}

static WCHAR *file_part_of(WCHAR *path)
{
    WCHAR *last = wcsrchr(path, '\\');

    if (!last || !last[1] || (size_t)(last + 1 - path) < root_length(path))
        return NULL;
    return last + 1;
}

/* `room` and the answer are in bytes; too short: the room that is needed, with the terminator. */
ULONG WINAPI RtlGetFullPathName_U(const WCHAR *name, ULONG room, WCHAR *buffer, WCHAR **file_part)
{
    WCHAR *full;
    size_t bytes;

    if (file_part)
        *file_part = NULL;
    if (!name || !*name)
        return 0;
    full = make_full(name);
    if (!full)
        return 0;
    bytes = wcslen(full) * sizeof(WCHAR);
    if (bytes + sizeof(WCHAR) > room) {
        bytes += sizeof(WCHAR);
    } else {
        memmove(buffer, full, bytes + sizeof(WCHAR));
        if (file_part && !RtlIsDosDeviceName_U(name))
            *file_part = file_part_of(buffer);
    }
    RtlFreeHeap(process_heap(), 0, full);
    return (ULONG)bytes;
}

/* --- NT paths --------------------------------------------------------------------------------- */

/* `nt_path` is for RtlFreeUnicodeString. The relative name is always given as absolute (no folder handle). */
NTSTATUS WINAPI RtlDosPathNameToNtPathName_U_WithStatus(const WCHAR *dos, UNICODE_STRING *nt_path,
                                                        WCHAR **file_part, CURDIR *relative)
{
    const WCHAR *prefix = L"\\??\\", *rest;
    size_t prefix_length, rest_length;
    WCHAR *full = NULL, *out;

    if (relative)
        memset(relative, 0, sizeof(*relative));
    if (file_part)
        *file_part = NULL;
    if (!dos || !*dos)
        return STATUS_OBJECT_NAME_INVALID;
    if (!wcsncmp(dos, L"\\\\?\\", 4) || !wcsncmp(dos, L"\\??\\", 4)) {
        rest = dos + 4; /* taken as it is */
    } else {
        full = make_full(dos);
        if (!full)
            return STATUS_NO_MEMORY;
        rest = full;
        switch (RtlDetermineDosPathNameType_U(full)) {
        case DEVICE_PATH:
            rest += 4;
            break;
        case UNC_PATH:
            prefix = L"\\??\\UNC\\";
            rest += 2;
            break;
        case UNC_DOT_PATH:
            rest += 3;
            break;
        default:
            break;
        }
    }
    prefix_length = wcslen(prefix);
    rest_length = wcslen(rest);
    if ((prefix_length + rest_length + 1) * sizeof(WCHAR) > 0xfffe) {
        RtlFreeHeap(process_heap(), 0, full);
        return STATUS_NAME_TOO_LONG;
    }
    out = RtlAllocateHeap(process_heap(), 0, (prefix_length + rest_length + 1) * sizeof(WCHAR));
    if (out) {
        memcpy(out, prefix, prefix_length * sizeof(WCHAR));
        memcpy(out + prefix_length, rest, (rest_length + 1) * sizeof(WCHAR));
        nt_path->Buffer = out;
        nt_path->Length = (USHORT)((prefix_length + rest_length) * sizeof(WCHAR));
        nt_path->MaximumLength = nt_path->Length + sizeof(WCHAR);
        if (file_part) {
            WCHAR *last = wcsrchr(out, '\\');

            *file_part = last && last[1] ? last + 1 : NULL;
        }
    }
    RtlFreeHeap(process_heap(), 0, full);
    return out ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

BOOLEAN WINAPI RtlDosPathNameToNtPathName_U(const WCHAR *dos, UNICODE_STRING *nt_path,
                                            WCHAR **file_part, CURDIR *relative)
{
    return !RtlDosPathNameToNtPathName_U_WithStatus(dos, nt_path, file_part, relative);
}

NTSTATUS WINAPI RtlDosPathNameToRelativeNtPathName_U_WithStatus(const WCHAR *dos,
                                                                UNICODE_STRING *nt_path,
                                                                WCHAR **file_part,
                                                                RTL_RELATIVE_NAME *relative)
{
    if (relative)
        memset(relative, 0, sizeof(*relative));
    return RtlDosPathNameToNtPathName_U_WithStatus(dos, nt_path, file_part, NULL);
}

BOOLEAN WINAPI RtlDosPathNameToRelativeNtPathName_U(const WCHAR *dos, UNICODE_STRING *nt_path,
                                                    WCHAR **file_part, RTL_RELATIVE_NAME *relative)
{
    return !RtlDosPathNameToRelativeNtPathName_U_WithStatus(dos, nt_path, file_part, relative);
}

void WINAPI RtlReleaseRelativeName(RTL_RELATIVE_NAME *relative)
{
    (void)relative;
}

DWORD WINAPI RtlGetLongestNtPathLength(void)
{
    return 277; /* MAX_PATH + \??\UNC\ and a terminator, in characters: what Windows answers */
}

/* --- The current directory -------------------------------------------------------------------- */

ULONG WINAPI RtlGetCurrentDirectory_U(ULONG room, WCHAR *buffer)
{
    const UNICODE_STRING *current;
    ULONG bytes;

    RtlAcquirePebLock();
    current = &current_peb()->ProcessParameters->CurrentDirectory.DosPath;
    bytes = current->Length;
    /* The stored path ends with a separator; only a root shows it. */
    if (bytes > 3 * sizeof(WCHAR) && current->Buffer[bytes / sizeof(WCHAR) - 1] == '\\')
        bytes -= sizeof(WCHAR);
    if (bytes + sizeof(WCHAR) <= room) {
        memcpy(buffer, current->Buffer, bytes);
        buffer[bytes / sizeof(WCHAR)] = 0;
    } else {
        bytes += sizeof(WCHAR);
    }
    RtlReleasePebLock();
    return bytes;
}

NTSTATUS WINAPI RtlSetCurrentDirectory_U(const UNICODE_STRING *folder)
{
    CURDIR *current = &current_peb()->ProcessParameters->CurrentDirectory;
    UNICODE_STRING nt_path = {0};
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    HANDLE handle = NULL, old;
    WCHAR *text, *full = NULL;
    size_t length;
    NTSTATUS status = STATUS_NO_MEMORY;

    text = RtlAllocateHeap(process_heap(), 0, folder->Length + sizeof(WCHAR));
    if (!text)
        return STATUS_NO_MEMORY;
    memcpy(text, folder->Buffer, folder->Length);
    text[folder->Length / sizeof(WCHAR)] = 0;
    if (!*text || RtlIsDosDeviceName_U(text)) {
        status = *text ? STATUS_NOT_A_DIRECTORY : STATUS_OBJECT_NAME_INVALID;
        goto done;
    }
    full = make_full(text);
    if (!full)
        goto done;
    status = RtlDosPathNameToNtPathName_U_WithStatus(text, &nt_path, NULL, NULL);
    if (status)
        goto done;
    InitializeObjectAttributes(&attributes, &nt_path, OBJ_CASE_INSENSITIVE, NULL, NULL);
    status = NtOpenFile(&handle, FILE_TRAVERSE | SYNCHRONIZE, &attributes, &io,
                        FILE_SHARE_READ | FILE_SHARE_WRITE,
                        FILE_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT);
    if (status)
        goto done;

    RtlAcquirePebLock();
    length = wcslen(full);
    if ((length + 2) * sizeof(WCHAR) > current->DosPath.MaximumLength) {
        RtlReleasePebLock();
        NtClose(handle);
        status = STATUS_NAME_TOO_LONG;
        goto done;
    }
    memcpy(current->DosPath.Buffer, full, length * sizeof(WCHAR));
    if (full[length - 1] != '\\')
        current->DosPath.Buffer[length++] = '\\';
    current->DosPath.Buffer[length] = 0;
    current->DosPath.Length = (USHORT)(length * sizeof(WCHAR));
    old = current->Handle;
    current->Handle = handle;
    RtlReleasePebLock();
    if (old)
        NtClose(old);
done:
    RtlFreeUnicodeString(&nt_path);
    RtlFreeHeap(process_heap(), 0, full);
    RtlFreeHeap(process_heap(), 0, text);
    return status;
}

/* --- Search ----------------------------------------------------------------------------------- */

BOOLEAN WINAPI RtlDoesFileExists_U(const WCHAR *path)
{
    FILE_BASIC_INFORMATION info;
    UNICODE_STRING nt_path;
    OBJECT_ATTRIBUTES attributes;
    NTSTATUS status;

    if (RtlDosPathNameToNtPathName_U_WithStatus(path, &nt_path, NULL, NULL))
        return FALSE;
    InitializeObjectAttributes(&attributes, &nt_path, OBJ_CASE_INSENSITIVE, NULL, NULL);
    status = NtQueryAttributesFile(&attributes, &info);
    RtlFreeUnicodeString(&nt_path);
    return !status || status == STATUS_SHARING_VIOLATION || status == STATUS_ACCESS_DENIED;
}

/* Looks for a file in a list of folders; the extension is added to a name without a dot. The sizes are in
 * bytes, the answers as RtlGetFullPathName_U gives them, 0 for not found. */
/* Of the last part; a dot in a folder's name is none. */
static bool has_extension(const WCHAR *path)
{
    const WCHAR *dot = wcsrchr(path, '.');

    return dot && !dot[wcscspn(dot, L"\\/")];
}

ULONG WINAPI RtlDosSearchPath_U(const WCHAR *paths, const WCHAR *search, const WCHAR *extension,
                                ULONG room, WCHAR *buffer, WCHAR **file_part)
{
    size_t name_length = wcslen(search);
    size_t extension_length = extension && !has_extension(search) ? wcslen(extension) : 0;
    ULONG answer = 0;
    WCHAR *candidate;

    if (RtlDetermineDosPathNameType_U(search) != RELATIVE_PATH) {
        if (RtlDoesFileExists_U(search))
            return RtlGetFullPathName_U(search, room, buffer, file_part);
        paths = L";"; /* with the extension, in no folder */
        if (!extension_length)
            return 0;
    }
    candidate = RtlAllocateHeap(process_heap(), 0, (wcslen(paths) + name_length +
                                                    extension_length + 2) * sizeof(WCHAR));
    if (!candidate)
        return 0;
    while (*paths && !answer) {
        size_t length = wcscspn(paths, L";");

        memcpy(candidate, paths, length * sizeof(WCHAR));
        paths += length + (paths[length] == ';');
        if (length && !is_separator(candidate[length - 1]))
            candidate[length++] = '\\';
        memcpy(candidate + length, search, name_length * sizeof(WCHAR));
        if (extension_length)
            memcpy(candidate + length + name_length, extension, extension_length * sizeof(WCHAR));
        candidate[length + name_length + extension_length] = 0;
        if (RtlDoesFileExists_U(candidate))
            answer = RtlGetFullPathName_U(candidate, room, buffer, file_part);
    }
    RtlFreeHeap(process_heap(), 0, candidate);
    return answer;
}
