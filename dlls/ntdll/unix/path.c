/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * NT names: which drive or device they begin with, and the way back from a Linux path.
 */
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "path.h"
#include "pipe.h"

/* Does `name` begin with `prefix` (upper case, ASCII)? */
static bool has_prefix(const WCHAR *name, size_t length, const WCHAR *prefix, size_t *prefix_length)
{
    size_t i = 0;

    for (; prefix[i]; i++) {
        WCHAR c;

        if (i >= length)
            return false;
        c = name[i] >= 'a' && name[i] <= 'z' ? (WCHAR)(name[i] - 0x20) : name[i];
        if (c != prefix[i])
            return false;
    }
    *prefix_length = i;
    return true;
}

static bool is_name(const WCHAR *name, size_t length, const WCHAR *device)
{
    size_t used;

    return has_prefix(name, length, device, &used) && used == length;
}

/* Copies name and root out of the program's memory. */
static NTSTATUS capture(const OBJECT_ATTRIBUTES *attributes, OBJECT_ATTRIBUTES *copy, WCHAR **name,
                        size_t *length)
{
    UNICODE_STRING string;
    NTSTATUS status = guest_copy_in(copy, attributes, sizeof(*copy));

    if (status)
        return status;
    if (copy->Length != sizeof(*copy))
        return STATUS_INVALID_PARAMETER;
    if (!copy->ObjectName)
        return STATUS_OBJECT_PATH_SYNTAX_BAD;
    status = guest_copy_in(&string, copy->ObjectName, sizeof(string));
    if (status)
        return status;
    if (string.Length & 1)
        return STATUS_OBJECT_NAME_INVALID;
    *length = string.Length / sizeof(WCHAR);
    *name = malloc(string.Length + sizeof(WCHAR));
    if (!*name)
        return STATUS_NO_MEMORY;
    if (string.Length)
        status = guest_copy_in(*name, string.Buffer, string.Length);
    if (status)
        free(*name);
    return status;
}

static NTSTATUS find(const char *folder, const WCHAR *name, size_t length, struct path *path)
{
    if (length && name[length - 1] == '\\') {
        path->trailing_slash = true;
        length--;
    }
    path->kind = PATH_FILE;
    return path_find_below(folder, name, length, &path->unix_path);
}

/* A pipe is found by name in the session's folder; whether it is there, its opening will tell. */
static NTSTATUS look_up_pipe(const WCHAR *name, size_t length, struct path *path)
{
    NTSTATUS status = pipe_folder_path(name, length, &path->unix_path);

    if (status)
        return status;
    path->kind = PATH_PIPE;
    path->pipe_name_length = length;
    if (!length)
        return STATUS_SUCCESS;
    path->pipe_name = malloc(length * sizeof(WCHAR));
    if (!path->pipe_name) {
        path_free(path);
        return STATUS_NO_MEMORY;
    }
    memcpy(path->pipe_name, name, length * sizeof(WCHAR));
    return STATUS_SUCCESS;
}

/* What follows \??\ . */
static NTSTATUS look_up_dos_device(const WCHAR *name, size_t length, struct path *path)
{
    static const struct {
        const WCHAR *name;
        enum path_kind kind;
    } devices[] = {
        {L"NUL", PATH_NULL}, {L"CON", PATH_CONSOLE},
        {L"CONIN$", PATH_CONSOLE_IN}, {L"CONOUT$", PATH_CONSOLE_OUT},
    };
    size_t used;

    if (length >= 2 && name[1] == ':') {
        WCHAR letter = name[0] | 0x20;
        const char *root = letter == 'z' ? "/" : letter == 'c' ? path_drive_c() : NULL;

        if (!root)
            return length == 2 ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_OBJECT_PATH_NOT_FOUND;
        /* The volume itself: what Windows answers to who is no administrator. */
        if (length == 2)
            return STATUS_ACCESS_DENIED;
        if (name[2] != '\\')
            return STATUS_OBJECT_NAME_INVALID;
        if (length == 3)
            path->trailing_slash = true;
        return find(root, name + 3, length - 3, path);
    }
    for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
        if (is_name(name, length, devices[i].name)) {
            path->kind = devices[i].kind;
            return STATUS_SUCCESS;
        }
    }
    if (has_prefix(name, length, L"PIPE\\", &used))
        return look_up_pipe(name + used, length - used, path);
    if (has_prefix(name, length, L"UNC\\", &used))
        return STATUS_BAD_NETWORK_PATH;
    for (size_t i = 0; i < length; i++)
        if (name[i] == '\\')
            return STATUS_OBJECT_PATH_NOT_FOUND;
    return STATUS_OBJECT_NAME_NOT_FOUND;
}

/* \Device\HarddiskVolume26\… is Z:\…, as QueryDosDevice and GetFinalPathNameByHandle tell it: the number is the
 * letter's. */
static NTSTATUS look_up_volume(const WCHAR *name, size_t length, struct path *path)
{
    unsigned number = 0;
    WCHAR *dos;
    size_t at = 0;
    NTSTATUS status;

    for (; at < length && name[at] >= '0' && name[at] <= '9' && number < 100; at++)
        number = number * 10 + (unsigned)(name[at] - '0');
    if (!number || number > 26 || (at < length && name[at] != '\\'))
        return STATUS_OBJECT_NAME_NOT_FOUND;
    dos = malloc((length - at + 2) * sizeof(WCHAR));
    if (!dos)
        return STATUS_NO_MEMORY;
    dos[0] = (WCHAR)('A' + number - 1);
    dos[1] = ':';
    memcpy(dos + 2, name + at, (length - at) * sizeof(WCHAR));
    status = look_up_dos_device(dos, length - at + 2, path);
    free(dos);
    return status;
}

static NTSTATUS look_up_absolute(const WCHAR *name, size_t length, struct path *path)
{
    static const WCHAR *const dos_prefixes[] = {L"\\??\\", L"\\DOSDEVICES\\", L"\\GLOBAL??\\"};
    size_t used;

    if (!length || name[0] != '\\')
        return STATUS_OBJECT_PATH_SYNTAX_BAD;
    for (size_t i = 0; i < sizeof(dos_prefixes) / sizeof(dos_prefixes[0]); i++)
        if (has_prefix(name, length, dos_prefixes[i], &used))
            return look_up_dos_device(name + used, length - used, path);
    if (has_prefix(name, length, L"\\DEVICE\\HARDDISKVOLUME", &used))
        return look_up_volume(name + used, length - used, path);
    if (is_name(name, length, L"\\DEVICE\\NULL")) {
        path->kind = PATH_NULL;
        return STATUS_SUCCESS;
    }
    if (has_prefix(name, length, L"\\DEVICE\\NAMEDPIPE\\", &used))
        return look_up_pipe(name + used, length - used, path);
    if (has_prefix(name, length, L"\\SYSTEMROOT\\", &used)) {
        char *windows;
        NTSTATUS status;

        if (!path_drive_c())
            return STATUS_OBJECT_PATH_NOT_FOUND;
        status = path_find_below(path_drive_c(), L"windows", 7, &windows);
        if (status == STATUS_OBJECT_NAME_NOT_FOUND)
            free(windows);
        if (status)
            return STATUS_OBJECT_PATH_NOT_FOUND;
        status = find(windows, name + used, length - used, path);
        free(windows);
        return status;
    }
    return STATUS_OBJECT_PATH_NOT_FOUND;
}

/* Below an open folder; an empty name is the file itself. */
static NTSTATUS look_up_relative(HANDLE root, const WCHAR *name, size_t length, struct path *path)
{
    struct object *object;
    const char *folder;
    NTSTATUS status = handle_get(root, &file_ops, 0, &object);

    if (status)
        return status;
    folder = container_of(object, struct file, header)->unix_path;
    if (!folder)
        status = STATUS_OBJECT_TYPE_MISMATCH;
    else if (length && name[0] == '\\')
        status = STATUS_INVALID_PARAMETER;
    else
        status = find(folder, name, length, path);
    object_release(object);
    return status;
}

static void trace_look_up(const WCHAR *name, size_t length, const struct path *path, NTSTATUS status)
{
    char text[256];
    size_t shown = length < sizeof(text) / 3 ? length : sizeof(text) / 3;

    trace(TRACE_FILE, "look up: %.*s%s, %s, status %08x",
          (int)path_wide_to_bytes(name, shown, text), text, shown < length ? "…" : "",
          path->unix_path ? path->unix_path : "-", (unsigned)status);
}

NTSTATUS path_look_up(const OBJECT_ATTRIBUTES *attributes, struct path *path)
{
    OBJECT_ATTRIBUTES copy;
    WCHAR *name;
    size_t length;
    NTSTATUS status;

    memset(path, 0, sizeof(*path));
    status = capture(attributes, &copy, &name, &length);
    if (status)
        return status;
    status = copy.RootDirectory ? look_up_relative(copy.RootDirectory, name, length, path)
                                : look_up_absolute(name, length, path);
    if (trace_mask & 1u << TRACE_FILE)
        trace_look_up(name, length, path, status);
    free(name);
    return status;
}

void path_free(struct path *path)
{
    free(path->unix_path);
    free(path->pipe_name);
    path->unix_path = NULL;
    path->pipe_name = NULL;
}

NTSTATUS path_nt_to_unix(const OBJECT_ATTRIBUTES *attributes, char **unix_path)
{
    struct path path;
    NTSTATUS status = path_look_up(attributes, &path);

    if (!status && path.kind != PATH_FILE)
        status = STATUS_OBJECT_TYPE_MISMATCH;
    if (status)
        path_free(&path);
    else
        *unix_path = path.unix_path;
    return status;
}

WCHAR *path_unix_to_dos(const char *unix_path)
{
    const char *drive = path_drive_c();
    size_t drive_length = drive ? strlen(drive) : 0;
    bool is_c = drive && !strncmp(unix_path, drive, drive_length) &&
                (!unix_path[drive_length] || unix_path[drive_length] == '/');
    WCHAR *wide, *end;

    if (is_c)
        unix_path += drive_length;
    wide = end = malloc((strlen(unix_path) + 4) * sizeof(WCHAR));
    if (!wide)
        return NULL;
    *end++ = is_c ? 'C' : 'Z';
    *end++ = ':';
    for (;;) {
        size_t length;

        while (*unix_path == '/')
            unix_path++;
        if (!*unix_path)
            break;
        length = strcspn(unix_path, "/");
        *end++ = '\\';
        end += path_name_to_wide(unix_path, length, end);
        unix_path += length;
    }
    if (end == wide + 2)
        *end++ = '\\';
    *end = 0;
    return wide;
}
