/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * shlwapi.h, what kernelbase has of it: what kind of URL a text is (UrlIs), and file URLs as paths
 * (PathCreateFromUrl). shlwapi.dll, which is Wine's, forwards to here.
 */
#define WINSHLWAPI
#include "kernelbase.h"
#include "objbase.h"
#include "shlwapi.h"

static bool is_separator(WCHAR c)
{
    return c == '/' || c == '\\';
}

static bool is_alphanumeric(WCHAR c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* What follows the scheme and its colon, or NULL for no URL. A scheme of one letter is a drive. */
static const WCHAR *after_scheme(const WCHAR *url)
{
    size_t length = 0;

    while (is_alphanumeric(url[length]) || url[length] == '+' || url[length] == '-' || url[length] == '.')
        length++;
    return length > 1 && url[length] == ':' ? url + length + 1 : NULL;
}

static bool is_file_url(const WCHAR *url)
{
    return !_wcsnicmp(url, L"file:", 5);
}

BOOL WINAPI UrlIsW(const WCHAR *url, URLIS kind)
{
    const WCHAR *rest = url ? after_scheme(url) : NULL;

    if (!rest)
        return FALSE;
    switch (kind) {
    case URLIS_URL:
    case URLIS_APPLIABLE:
        return TRUE;
    case URLIS_OPAQUE:
        return !is_file_url(url) && !(rest[0] == '/' && rest[1] == '/');
    case URLIS_FILEURL:
        return is_file_url(url);
    case URLIS_DIRECTORY: {
        size_t length = wcscspn(rest, L"?#");

        return length && is_separator(rest[length - 1]);
    }
    case URLIS_HASQUERY:
        return rest[wcscspn(rest, L"?#")] == '?';
    default: /* URLIS_NOHISTORY: there is no history */
        return FALSE;
    }
}

BOOL WINAPI UrlIsA(const char *url, URLIS kind)
{
    WCHAR *wide = wide_from_ansi(url);
    BOOL result = wide && UrlIsW(wide, kind);

    free_wide(wide);
    return result;
}

static int hex_digit(WCHAR c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool is_escape(const WCHAR *text)
{
    return text[0] == '%' && hex_digit(text[1]) >= 0 && hex_digit(text[2]) >= 0;
}

/* %xx are bytes of the ANSI code page; those of one character stand together. Never longer than `in`. */
static size_t unescape(const WCHAR *in, WCHAR *out, char *bytes)
{
    size_t length = 0;

    while (*in) {
        int count = 0;

        for (; is_escape(in); in += 3)
            bytes[count++] = (char)(hex_digit(in[1]) << 4 | hex_digit(in[2]));
        if (count) {
            length += MultiByteToWideChar(CP_ACP, 0, bytes, count, out + length, count);
        } else {
            out[length++] = *in == '/' ? '\\' : *in;
            in++;
        }
    }
    out[length] = 0;
    return length;
}

/* Whether a drive's letter stands here: `c:`, and of old `c|`. */
static bool is_drive(const WCHAR *text)
{
    return is_alphanumeric(text[0]) && (text[1] == ':' || text[1] == '|');
}

/* The part of a file URL that is the path: without the scheme, and without the slashes that a path has not. */
static const WCHAR *path_of_url(const WCHAR *url)
{
    const WCHAR *rest = url + 5;
    size_t slashes = 0;

    while (is_separator(rest[slashes]))
        slashes++;
    if (is_drive(rest + slashes))
        return rest + slashes;
    if (slashes == 2 && !_wcsnicmp(rest + 2, L"localhost", 9) && is_separator(rest[11]))
        return is_drive(rest + 12) ? rest + 12 : rest + 11;
    return slashes > 2 ? rest + (slashes == 3 ? 2 : slashes - 2) : rest;
}

HRESULT WINAPI PathCreateFromUrlW(const WCHAR *url, WCHAR *path, DWORD *room, DWORD reserved)
{
    size_t size, length;
    HRESULT result = S_OK;
    WCHAR *text;

    (void)reserved;
    if (!url || !path || !room || !*room || !is_file_url(url))
        return E_INVALIDARG;
    url = path_of_url(url);
    size = wcslen(url) + 1;
    text = RtlAllocateHeap(process_heap(), 0, size * (sizeof(WCHAR) + 1)); /* and as many bytes for unescape */
    if (!text)
        return E_OUTOFMEMORY;
    length = unescape(url, text, (char *)(text + size));
    if (is_drive(url) && url[1] == '|')
        text[1] = ':';
    if (length < *room) {
        memcpy(path, text, (length + 1) * sizeof(WCHAR));
        *room = (DWORD)length;
    } else {
        *room = (DWORD)length + 1;
        result = E_POINTER;
    }
    RtlFreeHeap(process_heap(), 0, text);
    return result;
}
