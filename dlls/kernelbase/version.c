/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * winver.h: the version resource of a file. Its tree of blocks is described in Microsoft's documentation of
 * VS_VERSIONINFO: length, length of the value, type, key, padding to 4, value, padding, children.
 */
#include "kernelbase.h"

#include "wingdi.h"
#include "winuser.h"
#include "winver.h"

struct version_block {
    WORD length;       /* of the block with its children, in bytes */
    WORD value_length; /* in characters for text, else in bytes */
    WORD is_text;
    WCHAR key[];
};

#define ALIGN_4(offset) (((offset) + 3) & ~(SIZE_T)3)

/* What a version buffer starts with is the resource, unchanged; A queries convert text into the second half. */

/* --- Getting it --- */

static HMODULE open_file(LPCWSTR file)
{
    return LoadLibraryExW(file, NULL, LOAD_LIBRARY_AS_DATAFILE);
}

static HRSRC version_resource(HMODULE module)
{
    return FindResourceW(module, MAKEINTRESOURCEW(VS_VERSION_INFO), (LPCWSTR)VS_FILE_INFO);
}

/* Twice the resource: room for the A form's conversions. */
DWORD WINAPI GetFileVersionInfoSizeExW(DWORD flags, LPCWSTR file, LPDWORD handle)
{
    HMODULE module;
    HRSRC resource;
    DWORD size = 0;

    (void)flags;
    if (handle)
        *handle = 0;
    if (!file) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return 0;
    }
    module = open_file(file);
    if (!module)
        return 0;
    resource = version_resource(module);
    if (resource)
        size = SizeofResource(module, resource) * 2;
    else
        SetLastError(ERROR_RESOURCE_TYPE_NOT_FOUND);
    FreeLibrary(module);
    return size;
}

DWORD WINAPI GetFileVersionInfoSizeW(LPCWSTR file, LPDWORD handle)
{
    return GetFileVersionInfoSizeExW(FILE_VER_GET_LOCALISED, file, handle);
}

DWORD WINAPI GetFileVersionInfoSizeExA(DWORD flags, LPCSTR file, LPDWORD handle)
{
    WCHAR *wide = wide_from_file_name(file);
    DWORD size = wide || !file ? GetFileVersionInfoSizeExW(flags, wide, handle) : 0;

    free_wide(wide);
    return size;
}

DWORD WINAPI GetFileVersionInfoSizeA(LPCSTR file, LPDWORD handle)
{
    return GetFileVersionInfoSizeExA(FILE_VER_GET_LOCALISED, file, handle);
}

BOOL WINAPI GetFileVersionInfoExW(DWORD flags, LPCWSTR file, DWORD handle, DWORD room, LPVOID data)
{
    const void *bytes = NULL;
    HMODULE module;
    HRSRC resource;
    DWORD size = 0;

    (void)flags, (void)handle;
    if (!data)
        return set_error(ERROR_INVALID_DATA);
    module = open_file(file);
    if (!module)
        return FALSE;
    resource = version_resource(module);
    if (resource) {
        size = SizeofResource(module, resource);
        bytes = LoadResource(module, resource);
    }
    if (bytes)
        memcpy(data, bytes, size < room ? size : room);
    FreeLibrary(module);
    return bytes || set_error(ERROR_RESOURCE_TYPE_NOT_FOUND);
}

BOOL WINAPI GetFileVersionInfoW(LPCWSTR file, DWORD handle, DWORD room, LPVOID data)
{
    return GetFileVersionInfoExW(FILE_VER_GET_LOCALISED, file, handle, room, data);
}

BOOL WINAPI GetFileVersionInfoExA(DWORD flags, LPCSTR file, DWORD handle, DWORD room, LPVOID data)
{
    WCHAR *wide = wide_from_file_name(file);
    BOOL result = (wide || !file) && GetFileVersionInfoExW(flags, wide, handle, room, data);

    free_wide(wide);
    return result;
}

BOOL WINAPI GetFileVersionInfoA(LPCSTR file, DWORD handle, DWORD room, LPVOID data)
{
    return GetFileVersionInfoExA(FILE_VER_GET_LOCALISED, file, handle, room, data);
}

/* --- Asking it --- */

static SIZE_T value_offset(const struct version_block *block)
{
    return ALIGN_4(offsetof(struct version_block, key) + (wcslen(block->key) + 1) * sizeof(WCHAR));
}

static const struct version_block *child(const struct version_block *block, const WCHAR *name,
                                         SIZE_T length)
{
    SIZE_T offset = value_offset(block);

    offset += ALIGN_4(block->value_length * (block->is_text ? sizeof(WCHAR) : 1));
    while (offset + sizeof(*block) < block->length) {
        const struct version_block *next = (const void *)((const char *)block + offset);

        if (!next->length)
            return NULL;
        if (wcslen(next->key) == length && !_wcsnicmp(next->key, name, length))
            return next;
        offset += ALIGN_4(next->length);
    }
    return NULL;
}

static const struct version_block *find_block(const void *data, const WCHAR *path)
{
    const struct version_block *block = data;

    while (block && *path) {
        SIZE_T length = 0;

        if (*path == '\\') {
            path++;
            continue;
        }
        while (path[length] && path[length] != '\\')
            length++;
        block = child(block, path, length);
        path += length;
    }
    return block;
}

BOOL WINAPI VerQueryValueW(LPCVOID data, LPCWSTR path, LPVOID *value, PUINT length)
{
    const struct version_block *block;

    if (!data)
        return FALSE;
    block = find_block(data, path ? path : L"");
    if (!block) {
        if (length)
            *length = 0;
        return set_error(ERROR_RESOURCE_TYPE_NOT_FOUND);
    }
    *value = (char *)block + value_offset(block);
    /* A text of no characters has no value at all: point at its end. */
    if (block->is_text && !block->value_length)
        *value = (char *)block + block->length - sizeof(WCHAR);
    if (length)
        *length = block->value_length;
    return TRUE;
}

/* Text values are converted into the second half of the caller's buffer, at twice their distance from the start. */
BOOL WINAPI VerQueryValueA(LPCVOID data, LPCSTR path, LPVOID *value, PUINT length)
{
    const struct version_block *root = data, *block;
    WCHAR *wide = wide_from_ansi(path ? path : "");
    char *text;
    DWORD bytes;

    if (!wide || !data) {
        free_wide(wide);
        return FALSE;
    }
    block = find_block(data, wide);
    free_wide(wide);
    if (!block) {
        if (length)
            *length = 0;
        return set_error(ERROR_RESOURCE_TYPE_NOT_FOUND);
    }
    *value = (char *)block + value_offset(block);
    if (length)
        *length = block->value_length;
    if (!block->is_text)
        return TRUE;
    text = (char *)data + root->length + ((char *)*value - (char *)data) / 2;
    RtlUnicodeToMultiByteN(text, root->length / 2u, &bytes, *value,
                           block->value_length * (DWORD)sizeof(WCHAR));
    *value = text;
    if (length)
        *length = bytes;
    return TRUE;
}
