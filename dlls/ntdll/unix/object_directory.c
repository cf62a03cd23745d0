/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The directories that names of objects lie in, and the links between them.
 *
 * They are fixed: the tree of a Windows machine on which one user is logged on, in session 1. A Win32
 * name is relative to \Sessions\1\BaseNamedObjects; the prefixes Global\, Local\ and Session\N\ are links
 * in that directory (Microsoft: "Kernel object namespaces"). Names of directories and links have one
 * case, as on every Windows with its default setting obcaseinsensitive=1; the object's own name has
 * what the caller asks for.
 */
#include <stdlib.h>
#include <string.h>

#include "info.h"
#include "object_directory.h"
#include "object_share.h"
#include "path.h"

#define SESSION L"\\Sessions\\1\\BaseNamedObjects"
#define GLOBAL  L"\\BaseNamedObjects"
#define LINKS   L"\\Sessions\\BNOLINKS"

static const WCHAR *const directories[] = {
    L"\\", GLOBAL, SESSION, LINKS, L"\\Sessions", L"\\Sessions\\1", L"\\KernelObjects", L"\\RPC Control",
    L"\\Device", L"\\GLOBAL??",
};

static const WCHAR *const links[][2] = {
    {GLOBAL L"\\Global", GLOBAL},   {GLOBAL L"\\Local", GLOBAL},   {GLOBAL L"\\Session", LINKS},
    {SESSION L"\\Global", GLOBAL},  {SESSION L"\\Local", SESSION}, {SESSION L"\\Session", LINKS},
    {LINKS L"\\0", GLOBAL},         {LINKS L"\\1", SESSION},
};

struct directory {
    struct object header;
    const WCHAR *path;
};

static size_t wide_length(const WCHAR *text)
{
    size_t length = 0;

    while (text[length])
        length++;
    return length;
}

static void destroy(struct object *object)
{
    free(object);
}

static NTSTATUS query_name(struct object *object, void *buffer, ULONG length, ULONG *needed)
{
    return answer_string(buffer, length, needed, ((struct directory *)object)->path);
}

static const struct object_ops directory_ops = {
    .type_name = L"Directory",
    .kind = OBJECT_DIRECTORY,
    .valid_access = STANDARD_RIGHTS_REQUIRED | 0xf, /* DIRECTORY_ALL_ACCESS */
    .mapping = {STANDARD_RIGHTS_READ | 0x3, STANDARD_RIGHTS_WRITE | 0xc, STANDARD_RIGHTS_EXECUTE | 0x3,
                STANDARD_RIGHTS_REQUIRED | 0xf},
    .query_name = query_name,
    .destroy = destroy,
};

/* The directory that a path stands for, links followed; NULL: it is none. */
static const WCHAR *find_directory(const WCHAR *path, size_t length)
{
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
        if (path_names_equal(links[i][0], wide_length(links[i][0]), path, length))
            return links[i][1];
    for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
        if (path_names_equal(directories[i], wide_length(directories[i]), path, length))
            return directories[i];
    return NULL;
}

/* `text` below the directory `base`: the directory that the last part lies in, and that part. */
static NTSTATUS walk(const WCHAR *base, const WCHAR *text, const WCHAR **directory,
                     const WCHAR **last)
{
    WCHAR path[MAX_OBJECT_NAME];

    for (;;) {
        size_t part = 0, length = wide_length(base);

        while (text[part] && text[part] != '\\')
            part++;
        if (!part)
            return STATUS_OBJECT_NAME_INVALID;
        if (!text[part]) {
            *directory = base;
            *last = text;
            return STATUS_SUCCESS;
        }
        if (length + part + 2 > MAX_OBJECT_NAME)
            return STATUS_NAME_TOO_LONG;
        memcpy(path, base, length * sizeof(WCHAR));
        if (length > 1)
            path[length++] = '\\';
        memcpy(path + length, text, part * sizeof(WCHAR));
        base = find_directory(path, length + part);
        if (!base)
            return STATUS_OBJECT_PATH_NOT_FOUND;
        text += part + 1;
    }
}

/* Copies the name out of the program's memory. */
static NTSTATUS read_name(const OBJECT_ATTRIBUTES *attributes, ULONG *flags, HANDLE *root,
                          WCHAR text[MAX_OBJECT_NAME])
{
    OBJECT_ATTRIBUTES copy;
    UNICODE_STRING string;
    size_t length;

    text[0] = 0;
    *flags = 0;
    *root = NULL;
    if (!attributes)
        return STATUS_SUCCESS;
    if (guest_copy_in(&copy, attributes, sizeof(copy)))
        return STATUS_ACCESS_VIOLATION;
    *flags = copy.Attributes;
    *root = copy.RootDirectory;
    if (!copy.ObjectName)
        return STATUS_SUCCESS;
    if (guest_copy_in(&string, copy.ObjectName, sizeof(string)))
        return STATUS_ACCESS_VIOLATION;
    length = string.Length / sizeof(WCHAR);
    if (string.Length % sizeof(WCHAR))
        return STATUS_OBJECT_NAME_INVALID;
    if (length >= MAX_OBJECT_NAME)
        return STATUS_NAME_TOO_LONG;
    if (length && guest_copy_in(text, string.Buffer, length * sizeof(WCHAR)))
        return STATUS_ACCESS_VIOLATION;
    text[length] = 0;
    return STATUS_SUCCESS;
}

/* What a name is relative to. */
static NTSTATUS find_base(HANDLE root, const WCHAR **text, const WCHAR **base)
{
    struct directory *directory;
    NTSTATUS status;

    *base = L"\\";
    if (root) {
        status = handle_get(root, &directory_ops, 0, (struct object **)&directory);
        if (status)
            return status;
        *base = directory->path; /* constant */
        object_release(&directory->header);
        return **text == '\\' ? STATUS_OBJECT_PATH_SYNTAX_BAD : STATUS_SUCCESS;
    }
    if (**text != '\\')
        return STATUS_OBJECT_PATH_SYNTAX_BAD;
    ++*text;
    return STATUS_SUCCESS;
}

NTSTATUS object_path(const OBJECT_ATTRIBUTES *attributes, ULONG *flags, WCHAR name[MAX_OBJECT_NAME])
{
    WCHAR buffer[MAX_OBJECT_NAME];
    const WCHAR *text = buffer, *base, *last;
    size_t length, last_length;
    HANDLE root;
    NTSTATUS status = read_name(attributes, flags, &root, buffer);

    name[0] = 0;
    if (status || !buffer[0])
        return status;
    status = find_base(root, &text, &base);
    if (!status)
        status = walk(base, text, &base, &last);
    if (status)
        return status;
    length = wide_length(base);
    last_length = wide_length(last);
    if (length + last_length + 2 > MAX_OBJECT_NAME)
        return STATUS_NAME_TOO_LONG;
    memcpy(name, base, length * sizeof(WCHAR));
    if (length > 1)
        name[length++] = '\\';
    memcpy(name + length, last, (last_length + 1) * sizeof(WCHAR));
    return find_directory(name, length + last_length) ? STATUS_OBJECT_TYPE_MISMATCH
                                                      : STATUS_SUCCESS;
}

/* --- System calls --- */

static NTSTATUS open_directory(HANDLE *handle, ACCESS_MASK access,
                               const OBJECT_ATTRIBUTES *attributes, bool creates)
{
    WCHAR buffer[MAX_OBJECT_NAME], path[MAX_OBJECT_NAME];
    const WCHAR *text = buffer, *base, *last;
    struct directory *directory;
    HANDLE root, result;
    size_t length;
    ULONG flags;
    NTSTATUS status = read_name(attributes, &flags, &root, buffer);

    if (!status)
        status = find_base(root, &text, &base);
    if (!status && *text) {
        status = walk(base, text, &base, &last);
        if (status)
            return status;
        length = wide_length(base);
        if (length + wide_length(last) + 2 > MAX_OBJECT_NAME)
            return STATUS_NAME_TOO_LONG;
        memcpy(path, base, length * sizeof(WCHAR));
        if (length > 1)
            path[length++] = '\\';
        memcpy(path + length, last, (wide_length(last) + 1) * sizeof(WCHAR));
        base = find_directory(path, wide_length(path));
        if (!base) /* the tree cannot be added to */
            return creates ? STATUS_ACCESS_DENIED : STATUS_OBJECT_NAME_NOT_FOUND;
    }
    if (!status && creates && !(flags & OBJ_OPENIF))
        status = STATUS_OBJECT_NAME_COLLISION;
    if (status)
        return status;
    directory = calloc(1, sizeof(*directory));
    if (!directory)
        return STATUS_NO_MEMORY;
    object_init(&directory->header, &directory_ops);
    directory->path = base;
    status = handle_create(&directory->header, access, flags, &result);
    object_release(&directory->header);
    if (!status && (status = guest_copy_out(handle, &result, sizeof(result))))
        NtClose(result);
    return status || !creates ? status : STATUS_OBJECT_NAME_EXISTS;
}

NTSTATUS WINAPI NtOpenDirectoryObject(HANDLE *handle, ACCESS_MASK access,
                                      const OBJECT_ATTRIBUTES *attributes)
{
    return open_directory(handle, access, attributes, false);
}

NTSTATUS WINAPI NtCreateDirectoryObject(HANDLE *handle, ACCESS_MASK access,
                                        OBJECT_ATTRIBUTES *attributes)
{
    return open_directory(handle, access, attributes, true);
}
