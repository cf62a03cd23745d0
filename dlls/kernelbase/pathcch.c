/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * pathcch.h, what looks at a path or edits it where it stands: roots, extensions, backslashes. No file is touched.
 * pathcch_canonicalize.c has what builds paths.
 *
 * Of a separator these functions know the backslash alone; the slash is a letter to them, as on Windows.
 */
#include "pathcch_root.h"

/* --- Roots ------------------------------------------------------------------------------------ */

static bool is_letter(WCHAR c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool starts_with(const WCHAR *path, const WCHAR *prefix)
{
    return !_wcsnicmp(path, prefix, wcslen(prefix));
}

bool path_is_drive(const WCHAR *path)
{
    return is_letter(path[0]) && path[1] == ':';
}

/* The length of `\\?\Volume{01234567-89ab-cdef-0123-456789abcdef}` at the start of the path, or 0. */
static size_t volume_length(const WCHAR *path)
{
    static const WCHAR form[] = L"{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}";
    const WCHAR *guid = path + ARRAY_COUNT(VOLUME_NAME) - 1;

    if (!starts_with(path, VOLUME_NAME))
        return 0;
    for (size_t i = 0; form[i]; i++) {
        WCHAR c = guid[i];
        bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');

        if (form[i] == 'x' ? !is_hex : c != form[i])
            return 0;
    }
    return ARRAY_COUNT(VOLUME_NAME) - 1 + ARRAY_COUNT(form) - 1;
}

/* Past the name that starts at `at`: the index of its backslash or of the NUL. */
static size_t name_end(const WCHAR *path, size_t at)
{
    while (path[at] && path[at] != '\\')
        at++;
    return at;
}

struct path_root path_root(const WCHAR *path)
{
    struct path_root root = {.kind = ROOT_NONE};

    if (starts_with(path, EXTENDED_UNC)) {
        root.kind = ROOT_UNC;
        root.prefix = ARRAY_COUNT(EXTENDED_UNC) - 1;
    } else if (starts_with(path, EXTENDED)) {
        root.prefix = ARRAY_COUNT(EXTENDED) - 1;
        if (path_is_drive(path + root.prefix)) {
            root.kind = ROOT_DRIVE;
            root.end = root.prefix + 2;
        } else if ((root.end = volume_length(path))) {
            root.kind = ROOT_VOLUME;
        }
    } else if (path[0] == '\\' && path[1] == '\\') {
        if (path[2] != '?') {
            root.kind = ROOT_UNC;
            root.prefix = 2;
        }
    } else if (path[0] == '\\') {
        root.kind = ROOT_BACKSLASH;
        root.end = 1;
    } else if (path_is_drive(path)) {
        root.kind = ROOT_DRIVE;
        root.end = 2;
    }

    if (root.kind == ROOT_DRIVE || root.kind == ROOT_VOLUME)
        root.end += path[root.end] == '\\';
    if (root.kind == ROOT_UNC) {
        size_t server_end = name_end(path, root.prefix), share_end;

        root.end = server_end + (path[server_end] == '\\');
        share_end = name_end(path, root.end);
        if (share_end > root.end) {
            root.share_end = share_end;
            root.end = share_end + (path[share_end] == '\\');
        }
    }
    return root;
}

/* Where the text of the root ends: a share's name ends before the backslash, a drive's behind it. */
static size_t root_text_end(const struct path_root *root)
{
    return root->share_end ? root->share_end : root->end;
}

static bool is_root(const WCHAR *path)
{
    struct path_root root = path_root(path);
    bool ends_in_backslash;

    if (root.kind == ROOT_NONE || path[root.end])
        return false;
    ends_in_backslash = path[root.end - 1] == '\\';
    if (root.kind == ROOT_UNC) /* `\\` alone is one, `\\server\` and `\\server\share\` are none */
        return !ends_in_backslash || root.end == root.prefix;
    return ends_in_backslash;
}

BOOL WINAPI PathCchIsRoot(const WCHAR *path)
{
    return path && is_root(path);
}

HRESULT WINAPI PathCchSkipRoot(const WCHAR *path, const WCHAR **root_end)
{
    struct path_root root;

    if (!path || !root_end)
        return E_INVALIDARG;
    root = path_root(path);
    if (root.kind == ROOT_NONE)
        return E_INVALIDARG;
    *root_end = path + root.end;
    return S_OK;
}

BOOL WINAPI PathIsUNCEx(const WCHAR *path, const WCHAR **server)
{
    struct path_root root = {.kind = ROOT_NONE};

    if (path)
        root = path_root(path);
    if (server)
        *server = root.kind == ROOT_UNC ? path + root.prefix : NULL;
    return root.kind == ROOT_UNC;
}

/* --- Edits in place --------------------------------------------------------------------------- */

/* The length of the path, which ends within `room` characters; false: it does not, or the room is none. */
static bool path_length(const WCHAR *path, size_t room, size_t *length)
{
    if (!path || !room || room > PATHCCH_MAX_CCH)
        return false;
    *length = wcsnlen(path, room);
    return *length < room;
}

HRESULT WINAPI PathCchStripToRoot(WCHAR *path, SIZE_T room)
{
    struct path_root root;
    size_t length;

    if (!path_length(path, room, &length))
        return E_INVALIDARG;
    root = path_root(path);
    if (root.kind == ROOT_NONE)
        return E_INVALIDARG;
    if (root_text_end(&root) == length)
        return S_FALSE;
    path[root_text_end(&root)] = 0;
    return S_OK;
}

HRESULT WINAPI PathCchStripPrefix(WCHAR *path, SIZE_T room)
{
    size_t length, from, to;

    if (!path_length(path, room, &length))
        return E_INVALIDARG;
    if (starts_with(path, EXTENDED_UNC)) {
        from = ARRAY_COUNT(EXTENDED_UNC) - 1;
        to = 2;
    } else if (starts_with(path, EXTENDED) && path_is_drive(path + ARRAY_COUNT(EXTENDED) - 1)) {
        from = ARRAY_COUNT(EXTENDED) - 1;
        to = 0;
    } else { /* without it a volume's name would be none */
        return S_FALSE;
    }
    memmove(path + to, path + from, (length - from + 1) * sizeof(WCHAR));
    return S_OK;
}

HRESULT WINAPI PathCchRemoveFileSpec(WCHAR *path, SIZE_T room)
{
    struct path_root root;
    size_t length, least, end;

    if (!path_length(path, room, &length))
        return E_INVALIDARG;
    root = path_root(path);
    least = root_text_end(&root);
    if (root.kind == ROOT_UNC && !root.share_end && root.end > root.prefix && path[root.end - 1] == '\\')
        least--; /* of `\\server\` the backslash goes */
    for (end = length; end > least && path[end - 1] != '\\';)
        end--;
    if (end > least)
        end--; /* the backslash before the last element */
    if (end == length)
        return S_FALSE;
    path[end] = 0;
    return S_OK;
}

HRESULT WINAPI PathCchAddBackslashEx(WCHAR *path, SIZE_T room, WCHAR **end, SIZE_T *remaining)
{
    bool has_one;
    size_t length;

    if (end)
        *end = NULL;
    if (remaining)
        *remaining = 0;
    if (!path)
        return E_INVALIDARG;
    length = wcsnlen(path, room);
    if (length >= room)
        return STRSAFE_E_INSUFFICIENT_BUFFER;
    has_one = !length || path[length - 1] == '\\';
    if (!has_one) {
        if (room - length < 2)
            return STRSAFE_E_INSUFFICIENT_BUFFER;
        path[length++] = '\\';
        path[length] = 0;
    }
    if (end)
        *end = path + length;
    if (remaining)
        *remaining = room - length;
    return has_one ? S_FALSE : S_OK;
}

HRESULT WINAPI PathCchAddBackslash(WCHAR *path, SIZE_T room)
{
    return PathCchAddBackslashEx(path, room, NULL, NULL);
}

HRESULT WINAPI PathCchRemoveBackslashEx(WCHAR *path, SIZE_T room, WCHAR **end, SIZE_T *remaining)
{
    HRESULT result = S_FALSE;
    size_t length;

    if (end)
        *end = NULL;
    if (remaining)
        *remaining = 0;
    if (!path_length(path, room, &length))
        return E_INVALIDARG;
    if (length && path[length - 1] == '\\') {
        length--; /* of a root, *end is the backslash that stays */
        if (!is_root(path)) {
            path[length] = 0;
            result = S_OK;
        }
    }
    if (end)
        *end = path + length;
    if (remaining)
        *remaining = room - length;
    return result;
}

HRESULT WINAPI PathCchRemoveBackslash(WCHAR *path, SIZE_T room)
{
    return PathCchRemoveBackslashEx(path, room, NULL, NULL);
}

/* --- Extensions ------------------------------------------------------------------------------- */

/* The index of the extension's period, or `length`. A name with a space behind the period has no extension. */
static size_t extension_at(const WCHAR *path, size_t length)
{
    for (size_t i = length; i > 0 && path[i - 1] != '\\' && path[i - 1] != ' '; i--)
        if (path[i - 1] == '.')
            return i - 1;
    return length;
}

/* The extension without its period, or NULL for what is none. */
static const WCHAR *extension_name(const WCHAR *extension)
{
    if (!extension)
        return NULL;
    extension += extension[0] == '.';
    return wcspbrk(extension, L" .\\") || wcsnlen(extension, PATHCCH_MAX_CCH) == PATHCCH_MAX_CCH ? NULL : extension;
}

/* Ends the path in '.' and the name at `at`; no name, no period. */
static HRESULT put_extension(WCHAR *path, size_t room, size_t at, const WCHAR *name)
{
    size_t length = wcslen(name);

    if (length) {
        if (at + 1 + length >= room)
            return STRSAFE_E_INSUFFICIENT_BUFFER;
        path[at++] = '.';
        memcpy(path + at, name, length * sizeof(WCHAR));
    }
    path[at + length] = 0;
    return S_OK;
}

HRESULT WINAPI PathCchFindExtension(const WCHAR *path, SIZE_T room, const WCHAR **extension)
{
    size_t length;

    if (!extension)
        return E_INVALIDARG;
    *extension = NULL;
    if (!path_length(path, room, &length))
        return E_INVALIDARG;
    *extension = path + extension_at(path, length);
    return S_OK;
}

HRESULT WINAPI PathCchAddExtension(WCHAR *path, SIZE_T room, const WCHAR *extension)
{
    const WCHAR *name = extension_name(extension);
    size_t length;

    if (!name || !path_length(path, room, &length))
        return E_INVALIDARG;
    return extension_at(path, length) < length ? S_FALSE : put_extension(path, room, length, name);
}

HRESULT WINAPI PathCchRemoveExtension(WCHAR *path, SIZE_T room)
{
    size_t length, at;

    if (!path_length(path, room, &length))
        return E_INVALIDARG;
    at = extension_at(path, length);
    path[at] = 0;
    return at < length ? S_OK : S_FALSE;
}

HRESULT WINAPI PathCchRenameExtension(WCHAR *path, SIZE_T room, const WCHAR *extension)
{
    const WCHAR *name = extension_name(extension);
    size_t length;

    if (!name || !path_length(path, room, &length))
        return E_INVALIDARG;
    return put_extension(path, room, extension_at(path, length), name);
}
