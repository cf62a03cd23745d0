/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * pathcch.h, what builds paths: PathCchCanonicalize, Combine, Append and the Alloc functions. All stand on
 * canonicalize(), which writes into a block of its own; so output may be input.
 */
#include "pathcch_root.h"

#define SEGMENT_MAX 256
#define LONG_NAMES  (PATHCCH_FORCE_ENABLE_LONG_NAME_PROCESS | PATHCCH_FORCE_DISABLE_LONG_NAME_PROCESS)

static bool are_flags_valid(DWORD flags)
{
    if ((flags & LONG_NAMES) == LONG_NAMES)
        return false;
    if (flags & LONG_NAMES && !(flags & PATHCCH_ALLOW_LONG_PATHS))
        return false;
    /* ENSURE_IS_EXTENDED_LENGTH_PATH contains it. */
    return !(flags & PATHCCH_ENSURE_IS_EXTENDED_LENGTH_PATH && flags & PATHCCH_ALLOW_LONG_PATHS);
}

/* The path in the making. It is never longer than what it was made from, plus a prefix and a backslash. */
struct builder {
    WCHAR *text;
    size_t length;
    size_t root;  /* so much stays whatever `..` says */
};

static void append(struct builder *path, const WCHAR *text, size_t length)
{
    memcpy(path->text + path->length, text, length * sizeof(WCHAR));
    path->length += length;
}

static bool ends_in_backslash(const struct builder *path)
{
    return path->length && path->text[path->length - 1] == '\\';
}

/* `/` becomes `\`, and of several in a row one stays; two at the start say that a server follows. */
static void canonicalize_slashes(WCHAR *path)
{
    size_t length = 0;

    for (size_t i = 0; path[i]; i++) {
        WCHAR c = path[i] == '/' ? '\\' : path[i];

        if (c != '\\' || length < 2 || path[length - 1] != '\\')
            path[length++] = c;
    }
    path[length] = 0;
}

/* The root without `\\?\` where the path is one without it too. Returns what follows it. */
static const WCHAR *build_root(struct builder *path, const WCHAR *in)
{
    struct path_root root = path_root(in);

    switch (root.kind) {
    case ROOT_UNC:
        append(path, L"\\\\", 2);
        path->root = 2; /* servers and shares are names like all others here: `\\a\b\..` is `\\a` */
        return in + root.prefix;
    case ROOT_DRIVE:
        if (root.prefix) {
            append(path, in + root.prefix, 2);
            append(path, L"\\", 1);
        } else if (in[2] == '\\') {
            append(path, in, 3);
        } else {
            return in; /* `c:a` is one name */
        }
        path->root = 3;
        return in + root.end;
    case ROOT_VOLUME:
    case ROOT_BACKSLASH:
        append(path, in, root.end);
        path->root = root.end;
        return in + root.end;
    default:
        return in;
    }
}

/* `..`: the name before it goes. Returns false if the backslash behind `..` goes too, which is so where the path
 * is down to a root or where there is nothing: `c:\a\..\b` is `c:\b`, `..\b` is `b`, but `a\..\b` is `\b`. */
static bool build_parent(struct builder *path)
{
    if (path->length == path->root)
        return false;
    path->length -= ends_in_backslash(path);
    while (path->length > path->root && !ends_in_backslash(path))
        path->length--;
    if (path->length > path->root)
        path->length--;
    return path->length > path->root || !path->root;
}

static HRESULT build_names(struct builder *path, const WCHAR *in, DWORD flags)
{
    while (*in) {
        size_t name = 0;

        while (in[name] && in[name] != '\\')
            name++;
        if (name > SEGMENT_MAX && !(flags & (PATHCCH_ALLOW_LONG_PATHS | PATHCCH_ENSURE_IS_EXTENDED_LENGTH_PATH)))
            return PATHCCH_E_FILENAME_TOO_LONG;
        if (name == 1 && in[0] == '.') {
            if (!in[1] && path->length > path->root)
                path->length--; /* the backslash before it */
            in += in[1] ? 2 : 1;
        } else if (name == 2 && in[0] == '.' && in[1] == '.') {
            bool is_backslash_kept = build_parent(path);

            in += 2;
            if (*in) {
                if (is_backslash_kept)
                    append(path, in, 1);
                in++;
            }
        } else {
            size_t length = name + (in[name] == '\\');

            append(path, in, length);
            in += length;
        }
    }
    return S_OK;
}

/* Periods at the end go; behind an asterisk one stays. */
static void trim_periods(struct builder *path)
{
    size_t length = path->length;

    while (length > path->root && path->text[length - 1] == '.')
        length--;
    if (length < path->length && length && path->text[length - 1] == '*')
        length++;
    path->length = length;
}

/* Puts `\\?\` or `\\?\UNC\` before a path that is complete. */
static void extend(struct builder *path)
{
    const WCHAR *prefix = NULL;
    size_t skip = 0, length;

    path->text[path->length] = 0;
    switch (path_root(path->text).kind) {
    case ROOT_DRIVE:
        prefix = EXTENDED;
        break;
    case ROOT_UNC:
        prefix = EXTENDED_UNC;
        skip = 2;
        break;
    default:
        return;
    }
    length = wcslen(prefix);
    memmove(path->text + length, path->text + skip, (path->length - skip) * sizeof(WCHAR));
    memcpy(path->text, prefix, length * sizeof(WCHAR));
    path->length += length - skip;
}

/* *out is freed with LocalFree and has *length characters. */
static HRESULT canonicalize(const WCHAR *in, DWORD flags, WCHAR **out, size_t *length)
{
    bool is_extended = flags & PATHCCH_ENSURE_IS_EXTENDED_LENGTH_PATH;
    bool is_long_allowed = is_extended || flags & PATHCCH_ALLOW_LONG_PATHS;
    size_t in_length = wcsnlen(in, PATHCCH_MAX_CCH);
    struct builder path = {0};
    WCHAR *slashed = NULL;
    HRESULT result;

    if (in_length == PATHCCH_MAX_CCH)
        return PATHCCH_E_FILENAME_TOO_LONG;
    path.text = LocalAlloc(LMEM_FIXED, (in_length + ARRAY_COUNT(EXTENDED_UNC) + 2) * sizeof(WCHAR));
    if (!path.text)
        return E_OUTOFMEMORY;
    if (flags & PATHCCH_CANONICALIZE_SLASHES) {
        slashed = LocalAlloc(LMEM_FIXED, (in_length + 1) * sizeof(WCHAR));
        if (!slashed) {
            LocalFree(path.text);
            return E_OUTOFMEMORY;
        }
        wcscpy(slashed, in);
        canonicalize_slashes(slashed);
        in = slashed;
    }

    result = build_names(&path, build_root(&path, in), flags);
    if (SUCCEEDED(result)) {
        if (!is_extended && !(flags & PATHCCH_DO_NOT_NORMALIZE_SEGMENTS))
            trim_periods(&path);
        if (!path.length)
            append(&path, L"\\", 1);
        if (path.length == 2 && path_is_drive(path.text) && in_length > 2)
            append(&path, L"\\", 1); /* `c:.` */
        if (flags & PATHCCH_ENSURE_TRAILING_SLASH && !ends_in_backslash(&path))
            append(&path, L"\\", 1);
        /* A process that is aware of long paths needs no prefix for them; no process here says that it is. */
        if (is_extended || (is_long_allowed && path.length >= MAX_PATH && !(flags & PATHCCH_FORCE_ENABLE_LONG_NAME_PROCESS)))
            extend(&path);
        path.text[path.length] = 0;
        if (path.length >= (is_long_allowed ? PATHCCH_MAX_CCH : MAX_PATH))
            result = PATHCCH_E_FILENAME_TOO_LONG;
    }
    LocalFree(slashed);
    if (FAILED(result)) {
        LocalFree(path.text);
        return result;
    }
    *out = path.text;
    *length = path.length;
    return S_OK;
}

/* The two paths as one, not yet canonical; freed with LocalFree. */
static WCHAR *join(const WCHAR *in, const WCHAR *more)
{
    struct builder path = {0};
    size_t in_length, more_length;

    in = in ? in : L"";
    more = more ? more : L"";
    in_length = wcslen(in);
    more_length = wcslen(more);
    path.text = LocalAlloc(LMEM_FIXED, (in_length + more_length + 2) * sizeof(WCHAR));
    if (!path.text)
        return NULL;
    if (more_length && ((more[0] == '\\' && more[1] == '\\') || path_is_drive(more))) {
        in_length = 0; /* complete */
    } else if (more_length && more[0] == '\\' && in_length) {
        struct path_root root = path_root(in);

        in_length = root.share_end ? root.share_end : root.end; /* of the first, the root alone */
    }
    append(&path, in, in_length);
    if (more_length) {
        bool more_has_one = more[0] == '\\';

        if (in_length && ends_in_backslash(&path) == more_has_one) {
            if (more_has_one)
                path.length--;
            else
                append(&path, L"\\", 1);
        }
        append(&path, more, more_length);
    }
    path.text[path.length] = 0;
    return path.text;
}

static HRESULT combine(const WCHAR *in, const WCHAR *more, DWORD flags, WCHAR **out, size_t *length)
{
    WCHAR *joined;
    HRESULT result;

    if ((in && wcsnlen(in, PATHCCH_MAX_CCH) == PATHCCH_MAX_CCH) ||
        (more && wcsnlen(more, PATHCCH_MAX_CCH) == PATHCCH_MAX_CCH))
        return PATHCCH_E_FILENAME_TOO_LONG;
    joined = join(in, more);
    if (!joined)
        return E_OUTOFMEMORY;
    result = canonicalize(joined, flags, out, length);
    LocalFree(joined);
    return result;
}

/* --- Exports ---------------------------------------------------------------------------------- */

HRESULT WINAPI PathAllocCanonicalize(const WCHAR *in, DWORD flags, WCHAR **out)
{
    size_t length;

    if (!out)
        return E_INVALIDARG;
    *out = NULL;
    return in && are_flags_valid(flags) ? canonicalize(in, flags, out, &length) : E_INVALIDARG;
}

HRESULT WINAPI PathAllocCombine(const WCHAR *in, const WCHAR *more, DWORD flags, WCHAR **out)
{
    size_t length;

    if (!out)
        return E_INVALIDARG;
    *out = NULL;
    return (in || more) && are_flags_valid(flags) ? combine(in, more, flags, out, &length) : E_INVALIDARG;
}

/* Whether the arguments that PathCchCanonicalizeEx and PathCchCombineEx share are good. Into a short buffer no long
 * path is built, whatever the flags say. */
static bool check_output(const WCHAR *out, size_t room, DWORD *flags)
{
    if (!out || !room || room > PATHCCH_MAX_CCH || !are_flags_valid(*flags))
        return false;
    if (room <= MAX_PATH)
        *flags &= ~(PATHCCH_ALLOW_LONG_PATHS | LONG_NAMES);
    return true;
}

/* Hands `path` over to the caller's buffer. */
static HRESULT copy_out(WCHAR *out, size_t room, WCHAR *path, size_t length)
{
    HRESULT result = length < room ? S_OK : STRSAFE_E_INSUFFICIENT_BUFFER;

    if (SUCCEEDED(result))
        memcpy(out, path, (length + 1) * sizeof(WCHAR));
    LocalFree(path);
    return result;
}

HRESULT WINAPI PathCchCanonicalizeEx(WCHAR *out, SIZE_T room, const WCHAR *in, DWORD flags)
{
    HRESULT result;
    size_t length;
    WCHAR *path;

    if (!check_output(out, room, &flags))
        return E_INVALIDARG;
    result = canonicalize(in ? in : L"", flags, &path, &length);
    if (FAILED(result))
        return result;
    if (length == 2 && path_is_drive(path)) /* unlike the Alloc functions; the block has room for it */
        wcscpy(path + length++, L"\\");
    return copy_out(out, room, path, length);
}

HRESULT WINAPI PathCchCanonicalize(WCHAR *out, SIZE_T room, const WCHAR *in)
{
    return PathCchCanonicalizeEx(out, room, in, PATHCCH_NONE);
}

/* When it fails the output is empty, so that nobody takes what was there for the result. */
HRESULT WINAPI PathCchCombineEx(WCHAR *out, SIZE_T room, const WCHAR *in, const WCHAR *more, DWORD flags)
{
    HRESULT result;
    size_t length;
    WCHAR *path;

    if (!check_output(out, room, &flags))
        return E_INVALIDARG;
    result = combine(in, more, flags, &path, &length);
    if (SUCCEEDED(result))
        result = copy_out(out, room, path, length);
    if (FAILED(result))
        out[0] = 0;
    return result;
}

HRESULT WINAPI PathCchCombine(WCHAR *out, SIZE_T room, const WCHAR *in, const WCHAR *more)
{
    return PathCchCombineEx(out, room, in, more, PATHCCH_NONE);
}

/* Unlike Combine, a backslash at the start of `more` is the one between the two. When it fails the path stays. */
HRESULT WINAPI PathCchAppendEx(WCHAR *path, SIZE_T room, const WCHAR *more, DWORD flags)
{
    HRESULT result;
    size_t length;
    WCHAR *whole;

    if (!check_output(path, room, &flags) || wcsnlen(path, room) == room)
        return E_INVALIDARG;
    if (more && more[0] == '\\' && more[1] != '\\')
        more++;
    result = combine(path, more, flags, &whole, &length);
    return SUCCEEDED(result) ? copy_out(path, room, whole, length) : result;
}

HRESULT WINAPI PathCchAppend(WCHAR *path, SIZE_T room, const WCHAR *more)
{
    return PathCchAppendEx(path, room, more, PATHCCH_NONE);
}
