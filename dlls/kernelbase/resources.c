/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * libloaderapi.h's other half: finding, enumerating and loading resources and strings. Changing a file's resources
 * (BeginUpdateResource) is not supported.
 */
#include "kernelbase.h"

#include "wingdi.h"
#include "winuser.h"

#define STRINGS_PER_BLOCK 16

static HMODULE module_or_program(HMODULE module)
{
    return module ? module : (HMODULE)current_peb()->ImageBaseAddress;
}

/* --- Names: numbers, "#123", or text, which is compared in upper case --- */

/* A name for LdrFindResource_U; memory in *owned is to be freed. */
static NTSTATUS resource_name_w(LPCWSTR name, ULONG_PTR *out, UNICODE_STRING *owned)
{
    UNICODE_STRING string;
    NTSTATUS status;

    owned->Buffer = NULL;
    if (IS_INTRESOURCE(name)) {
        *out = (ULONG_PTR)name;
        return STATUS_SUCCESS;
    }
    if (name[0] == '#') {
        ULONG value = 0;

        for (name++; *name; name++) {
            if (*name < '0' || *name > '9' || value > 0xffff)
                return STATUS_INVALID_PARAMETER;
            value = value * 10 + (ULONG)(*name - '0');
        }
        if (value > 0xffff)
            return STATUS_INVALID_PARAMETER;
        *out = value;
        return STATUS_SUCCESS;
    }
    RtlInitUnicodeString(&string, name);
    status = RtlUpcaseUnicodeString(owned, &string, TRUE);
    /* The converted string has no NUL of its own. */
    if (!status) {
        WCHAR *text = RtlAllocateHeap(process_heap(), 0, owned->Length + sizeof(WCHAR));

        if (!text) {
            RtlFreeUnicodeString(owned);
            owned->Buffer = NULL;
            return STATUS_NO_MEMORY;
        }
        memcpy(text, owned->Buffer, owned->Length);
        text[owned->Length / sizeof(WCHAR)] = 0;
        RtlFreeUnicodeString(owned);
        owned->Buffer = text;
        *out = (ULONG_PTR)text;
    }
    return status;
}

static WCHAR *resource_name_a(LPCSTR name, bool *ok)
{
    *ok = true;
    if (IS_INTRESOURCE(name))
        return (WCHAR *)(ULONG_PTR)name;
    WCHAR *wide = wide_from_ansi(name);
    *ok = wide != NULL;
    return wide;
}

static void free_name_a(WCHAR *wide)
{
    if (!IS_INTRESOURCE(wide))
        free_wide(wide);
}

/* --- Finding and loading --- */

HRSRC WINAPI FindResourceExW(HMODULE module, LPCWSTR type, LPCWSTR name, WORD language)
{
    UNICODE_STRING owned_type = {0}, owned_name = {0};
    IMAGE_RESOURCE_DATA_ENTRY *entry = NULL;
    LDR_RESOURCE_INFO info;
    NTSTATUS status;

    status = resource_name_w(type, &info.Type, &owned_type);
    if (!status)
        status = resource_name_w(name, &info.Name, &owned_name);
    info.Language = language;
    if (!status)
        status = LdrFindResource_U(module_or_program(module), &info, 3,
                                   (const IMAGE_RESOURCE_DATA_ENTRY **)&entry);
    free_wide(owned_type.Buffer);
    free_wide(owned_name.Buffer);
    return check_status(status) ? (HRSRC)entry : NULL;
}

HRSRC WINAPI FindResourceW(HMODULE module, LPCWSTR name, LPCWSTR type)
{
    return FindResourceExW(module, type, name, MAKELANGID(LANG_NEUTRAL, SUBLANG_NEUTRAL));
}

HRSRC WINAPI FindResourceExA(HMODULE module, LPCSTR type, LPCSTR name, WORD language)
{
    bool type_ok, name_ok;
    WCHAR *wide_type = resource_name_a(type, &type_ok), *wide_name = resource_name_a(name, &name_ok);
    HRSRC found = NULL;

    if (type_ok && name_ok)
        found = FindResourceExW(module, wide_type, wide_name, language);
    free_name_a(wide_type);
    free_name_a(wide_name);
    return found;
}

HRSRC WINAPI FindResourceA(HMODULE module, LPCSTR name, LPCSTR type)
{
    return FindResourceExA(module, type, name, MAKELANGID(LANG_NEUTRAL, SUBLANG_NEUTRAL));
}

HGLOBAL WINAPI LoadResource(HMODULE module, HRSRC resource)
{
    void *data;

    if (!resource)
        return NULL;
    return check_status(LdrAccessResource(module_or_program(module),
                                          (const IMAGE_RESOURCE_DATA_ENTRY *)resource, &data, NULL))
               ? (HGLOBAL)data
               : NULL;
}

LPVOID WINAPI LockResource(HGLOBAL resource)
{
    return (LPVOID)resource;
}

/* Nothing to free: it is a part of the module (documented). */
BOOL WINAPI FreeResource(HGLOBAL resource)
{
    (void)resource;
    return FALSE;
}

DWORD WINAPI SizeofResource(HMODULE module, HRSRC resource)
{
    (void)module;
    return resource ? ((const IMAGE_RESOURCE_DATA_ENTRY *)resource)->Size : 0;
}

/* --- Enumerating --- */

static const char *root_of(HMODULE module, ULONG *bytes)
{
    return RtlImageDirectoryEntryToData(module, TRUE, IMAGE_DIRECTORY_ENTRY_RESOURCE, bytes);
}

static const IMAGE_RESOURCE_DIRECTORY_ENTRY *entries_of(const IMAGE_RESOURCE_DIRECTORY *directory,
                                                        int *count)
{
    *count = directory->NumberOfNamedEntries + directory->NumberOfIdEntries;
    return (const void *)(directory + 1);
}

/* An entry's name as Win32 gives it: a number, or a copy in *owned that free_wide takes. NULL (a number that no
 * resource has) for a name outside the tree. */
static WCHAR *entry_name(HMODULE module, const IMAGE_RESOURCE_DIRECTORY_ENTRY *entry, WCHAR **owned)
{
    const IMAGE_RESOURCE_DIR_STRING_U *text;
    const char *root;
    ULONG bytes = 0;

    *owned = NULL;
    if (!entry->NameIsString)
        return MAKEINTRESOURCEW(entry->Id);
    root = root_of(module, &bytes);
    text = (const void *)(root + entry->NameOffset);
    if (!root || bytes < sizeof(WORD) || entry->NameOffset > bytes - sizeof(WORD) ||
        (bytes - sizeof(WORD) - entry->NameOffset) / sizeof(WCHAR) < text->Length)
        return NULL;
    *owned = RtlAllocateHeap(process_heap(), 0, (text->Length + 1u) * sizeof(WCHAR));
    if (*owned) {
        memcpy(*owned, text->NameString, text->Length * sizeof(WCHAR));
        (*owned)[text->Length] = 0;
    }
    return *owned;
}

/* The folder of the tree with the names of a type, or the languages of a name. */
static NTSTATUS find_folder(HMODULE module, LPCWSTR type, LPCWSTR name, ULONG level,
                            const IMAGE_RESOURCE_DIRECTORY **folder)
{
    UNICODE_STRING owned_type = {0}, owned_name = {0};
    LDR_RESOURCE_INFO info = {0};
    NTSTATUS status = resource_name_w(type, &info.Type, &owned_type);

    if (!status && level == 2)
        status = resource_name_w(name, &info.Name, &owned_name);
    if (!status)
        status = LdrFindResourceDirectory_U(module, &info, level, folder);
    free_wide(owned_type.Buffer);
    free_wide(owned_name.Buffer);
    return status;
}

BOOL WINAPI EnumResourceTypesExW(HMODULE module, ENUMRESTYPEPROCW callback, LONG_PTR argument,
                                 DWORD flags, LANGID language)
{
    const IMAGE_RESOURCE_DIRECTORY_ENTRY *entries;
    const IMAGE_RESOURCE_DIRECTORY *root;
    LDR_RESOURCE_INFO info = {0};
    BOOL go_on = TRUE;
    int count;

    (void)flags, (void)language;
    module = module_or_program(module);
    if (!check_status(LdrFindResourceDirectory_U(module, &info, 0, &root)))
        return FALSE;
    entries = entries_of(root, &count);
    for (int i = 0; i < count && go_on; i++) {
        WCHAR *owned, *name = entry_name(module, &entries[i], &owned);

        go_on = callback(module, name, argument);
        free_wide(owned);
    }
    return go_on || set_error(ERROR_RESOURCE_ENUM_USER_STOP);
}

BOOL WINAPI EnumResourceTypesW(HMODULE module, ENUMRESTYPEPROCW callback, LONG_PTR argument)
{
    return EnumResourceTypesExW(module, callback, argument, 0, 0);
}

BOOL WINAPI EnumResourceNamesExW(HMODULE module, LPCWSTR type, ENUMRESNAMEPROCW callback,
                                 LONG_PTR argument, DWORD flags, LANGID language)
{
    const IMAGE_RESOURCE_DIRECTORY_ENTRY *entries;
    const IMAGE_RESOURCE_DIRECTORY *folder;
    BOOL go_on = TRUE;
    int count;

    (void)flags, (void)language;
    module = module_or_program(module);
    if (!check_status(find_folder(module, type, NULL, 1, &folder)))
        return FALSE;
    entries = entries_of(folder, &count);
    for (int i = 0; i < count && go_on; i++) {
        WCHAR *owned, *name = entry_name(module, &entries[i], &owned);

        go_on = callback(module, type, name, argument);
        free_wide(owned);
    }
    return go_on || set_error(ERROR_RESOURCE_ENUM_USER_STOP);
}

BOOL WINAPI EnumResourceNamesW(HMODULE module, LPCWSTR type, ENUMRESNAMEPROCW callback,
                               LONG_PTR argument)
{
    return EnumResourceNamesExW(module, type, callback, argument, 0, 0);
}

BOOL WINAPI EnumResourceLanguagesExW(HMODULE module, LPCWSTR type, LPCWSTR name,
                                     ENUMRESLANGPROCW callback, LONG_PTR argument, DWORD flags,
                                     LANGID language)
{
    const IMAGE_RESOURCE_DIRECTORY_ENTRY *entries;
    const IMAGE_RESOURCE_DIRECTORY *folder;
    BOOL go_on = TRUE;
    int count;

    (void)flags, (void)language;
    module = module_or_program(module);
    if (!check_status(find_folder(module, type, name, 2, &folder)))
        return FALSE;
    entries = entries_of(folder, &count);
    for (int i = 0; i < count && go_on; i++)
        go_on = callback(module, type, name, entries[i].Id, argument);
    return go_on || set_error(ERROR_RESOURCE_ENUM_USER_STOP);
}

BOOL WINAPI EnumResourceLanguagesW(HMODULE module, LPCWSTR type, LPCWSTR name,
                                   ENUMRESLANGPROCW callback, LONG_PTR argument)
{
    return EnumResourceLanguagesExW(module, type, name, callback, argument, 0, 0);
}

/* The A forms convert the strings that the callback sees. */
struct names_a {
    ENUMRESNAMEPROCA callback;
    LPCSTR type;
    LONG_PTR argument;
};

static BOOL CALLBACK call_names_a(HMODULE module, LPCWSTR type, LPWSTR name, LONG_PTR argument)
{
    const struct names_a *call = (const struct names_a *)argument;
    UNICODE_STRING wide;
    ANSI_STRING ansi;
    BOOL go_on;

    (void)type;
    if (IS_INTRESOURCE(name))
        return call->callback(module, call->type, (LPSTR)name, call->argument);
    RtlInitUnicodeString(&wide, name);
    if (RtlUnicodeStringToAnsiString(&ansi, &wide, TRUE))
        return FALSE;
    go_on = call->callback(module, call->type, ansi.Buffer, call->argument);
    RtlFreeAnsiString(&ansi);
    return go_on;
}

BOOL WINAPI EnumResourceNamesA(HMODULE module, LPCSTR type, ENUMRESNAMEPROCA callback,
                               LONG_PTR argument)
{
    struct names_a call = {callback, type, argument};
    bool ok;
    WCHAR *wide = resource_name_a(type, &ok);
    BOOL result = ok && EnumResourceNamesW(module, wide, call_names_a, (LONG_PTR)&call);

    free_name_a(wide);
    return result;
}

/* --- Strings --- */

/* Sixteen strings to a resource, each a length and its characters. With room 0 the answer is a pointer to the
 * string itself, which has no NUL (documented). */
INT WINAPI LoadStringW(HINSTANCE module, UINT id, LPWSTR buffer, INT room)
{
    HRSRC resource = FindResourceW(module, MAKEINTRESOURCEW((LOWORD(id) >> 4) + 1),
                                   (LPCWSTR)RT_STRING);
    const WCHAR *text, *end;
    INT length;

    if (!resource || !buffer)
        return 0;
    text = LoadResource(module, resource);
    if (!text)
        return 0;
    end = text + SizeofResource(module, resource) / sizeof(WCHAR);
    for (UINT i = id % STRINGS_PER_BLOCK; i && text < end; i--)
        text += *text + 1;
    if (text >= end || *text >= end - text)
        return 0;
    length = *text++;
    if (!room) {
        *(const WCHAR **)buffer = text;
        return length;
    }
    if (length >= room)
        length = room - 1;
    memcpy(buffer, text, (SIZE_T)length * sizeof(WCHAR));
    buffer[length] = 0;
    if (!length)
        SetLastError(ERROR_RESOURCE_NAME_NOT_FOUND);
    return length;
}

INT WINAPI LoadStringA(HINSTANCE module, UINT id, LPSTR buffer, INT room)
{
    const WCHAR *text = NULL;
    INT length = LoadStringW(module, id, (LPWSTR)&text, 0);
    DWORD bytes = 0;

    if (room <= 0)
        return -1;
    if (length)
        RtlUnicodeToMultiByteN(buffer, (DWORD)room - 1, &bytes, text, (DWORD)length * sizeof(WCHAR));
    buffer[bytes] = 0;
    return (INT)bytes;
}
