/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Resources: the three-level tree of type, name and language. Modules opened as data files have
 * the lowest bit of their handle set and lie flat in memory; RtlImageDirectoryEntryToData and
 * RtlImageRvaToVa know about both.
 */
#include "ldr.h"

#define MAX_LANGUAGES 8

/* The tree's root, all `bytes` of which can be read; everything below is checked against them. */
static const IMAGE_RESOURCE_DIRECTORY *root_directory(HMODULE base, ULONG *bytes)
{
    const IMAGE_RESOURCE_DIRECTORY *root =
        RtlImageDirectoryEntryToData(base, TRUE, IMAGE_DIRECTORY_ENTRY_RESOURCE, bytes);

    return root && *bytes >= sizeof(*root) && is_readable(root, *bytes) ? root : NULL;
}

/* A directory with its entries at an offset into the tree, NULL where they would not all be inside. */
static const IMAGE_RESOURCE_DIRECTORY *directory_at(const char *root, ULONG bytes, ULONG offset)
{
    const IMAGE_RESOURCE_DIRECTORY *directory = (const void *)(root + offset);

    if (offset > bytes || bytes - offset < sizeof(*directory) ||
        (bytes - offset - sizeof(*directory)) / sizeof(IMAGE_RESOURCE_DIRECTORY_ENTRY) <
            (ULONG)directory->NumberOfNamedEntries + directory->NumberOfIdEntries)
        return NULL;
    return directory;
}

static const IMAGE_RESOURCE_DIRECTORY_ENTRY *
find_id(const IMAGE_RESOURCE_DIRECTORY *directory, WORD id)
{
    const IMAGE_RESOURCE_DIRECTORY_ENTRY *entries = (const void *)(directory + 1);
    int low = directory->NumberOfNamedEntries;
    int high = low + directory->NumberOfIdEntries - 1;

    while (low <= high) {
        int middle = (low + high) / 2;

        if (entries[middle].Id == id)
            return &entries[middle];
        if (entries[middle].Id > id)
            high = middle - 1;
        else
            low = middle + 1;
    }
    return NULL;
}

static const IMAGE_RESOURCE_DIRECTORY_ENTRY *
find_name(const IMAGE_RESOURCE_DIRECTORY *directory, const WCHAR *name, const char *root,
          ULONG bytes)
{
    const IMAGE_RESOURCE_DIRECTORY_ENTRY *entries = (const void *)(directory + 1);
    size_t length = wcslen(name);

    for (int i = 0; i < directory->NumberOfNamedEntries; i++) {
        const IMAGE_RESOURCE_DIR_STRING_U *text = (const void *)(root + entries[i].NameOffset);

        if (bytes < sizeof(WORD) + length * sizeof(WCHAR) ||
            entries[i].NameOffset > bytes - sizeof(WORD) - length * sizeof(WCHAR))
            continue;
        if (text->Length == length && !_wcsnicmp(text->NameString, name, length))
            return &entries[i];
    }
    return NULL;
}

static const IMAGE_RESOURCE_DIRECTORY_ENTRY *
find_entry(const IMAGE_RESOURCE_DIRECTORY *directory, ULONG_PTR name, const char *root,
           ULONG bytes)
{
    if (!(name >> 16))
        return find_id(directory, (WORD)name);
    /* "#123" means the number. */
    if (*(const WCHAR *)name == '#') {
        WORD id = 0;

        for (const WCHAR *digit = (const WCHAR *)name + 1; *digit; digit++) {
            if (*digit < '0' || *digit > '9')
                return NULL;
            id = (WORD)(id * 10 + (*digit - '0'));
        }
        return find_id(directory, id);
    }
    return find_name(directory, (const WCHAR *)name, root, bytes);
}

/* The order in which Windows tries languages: the one asked for, its neutral and default
 * sublanguages, neutral, the user's, English. */
static const IMAGE_RESOURCE_DIRECTORY_ENTRY *
find_language(const IMAGE_RESOURCE_DIRECTORY *directory, WORD language)
{
    WORD tries[MAX_LANGUAGES];
    int count = 0;

    tries[count++] = language;
    tries[count++] = MAKELANGID(PRIMARYLANGID(language), SUBLANG_NEUTRAL);
    tries[count++] = MAKELANGID(PRIMARYLANGID(language), SUBLANG_DEFAULT);
    tries[count++] = MAKELANGID(LANG_NEUTRAL, SUBLANG_NEUTRAL);
    tries[count++] = LANGIDFROMLCID(NtCurrentTeb()->CurrentLocale);
    tries[count++] = MAKELANGID(LANG_ENGLISH, SUBLANG_DEFAULT);
    tries[count++] = MAKELANGID(LANG_ENGLISH, SUBLANG_NEUTRAL);
    for (int i = 0; i < count; i++) {
        const IMAGE_RESOURCE_DIRECTORY_ENTRY *entry = find_id(directory, tries[i]);

        if (entry)
            return entry;
    }
    /* A neutral request takes whatever there is. */
    if (!PRIMARYLANGID(language) && directory->NumberOfIdEntries + directory->NumberOfNamedEntries)
        return (const IMAGE_RESOURCE_DIRECTORY_ENTRY *)(directory + 1);
    return NULL;
}

/* Walks `level` levels down; *found is a directory (want_directory) or a data entry. */
static NTSTATUS find(HMODULE base, const LDR_RESOURCE_INFO *info, ULONG level, bool want_directory,
                     const void **found)
{
    static const NTSTATUS not_found[] = {STATUS_RESOURCE_TYPE_NOT_FOUND,
                                         STATUS_RESOURCE_NAME_NOT_FOUND,
                                         STATUS_RESOURCE_LANG_NOT_FOUND};
    const IMAGE_RESOURCE_DIRECTORY *directory;
    ULONG bytes;
    const char *root;

    if (level > 3)
        return STATUS_INVALID_PARAMETER;
    if (!base)
        base = current_peb()->ImageBaseAddress;
    directory = root_directory(base, &bytes);
    if (!directory)
        return STATUS_RESOURCE_DATA_NOT_FOUND;
    root = (const char *)directory;
    directory = directory_at(root, bytes, 0);
    if (!directory)
        return STATUS_INVALID_IMAGE_FORMAT;
    for (ULONG i = 0; i < level; i++) {
        const IMAGE_RESOURCE_DIRECTORY_ENTRY *entry =
            i == 0   ? find_entry(directory, info->Type, root, bytes)
            : i == 1 ? find_entry(directory, info->Name, root, bytes)
                     : find_language(directory, (WORD)info->Language);

        if (!entry)
            return not_found[i];
        if (!entry->DataIsDirectory) {
            if (bytes < sizeof(IMAGE_RESOURCE_DATA_ENTRY) ||
                entry->OffsetToData > bytes - sizeof(IMAGE_RESOURCE_DATA_ENTRY))
                return STATUS_INVALID_IMAGE_FORMAT;
            if (want_directory || i + 1 != level)
                return STATUS_RESOURCE_DATA_NOT_FOUND;
            *found = root + entry->OffsetToData;
            return STATUS_SUCCESS;
        }
        directory = directory_at(root, bytes, entry->OffsetToDirectory);
        if (!directory)
            return STATUS_INVALID_IMAGE_FORMAT;
    }
    if (!want_directory)
        return STATUS_RESOURCE_DATA_NOT_FOUND;
    *found = directory;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI LdrFindResourceDirectory_U(HMODULE base, const LDR_RESOURCE_INFO *info,
                                           ULONG level, const IMAGE_RESOURCE_DIRECTORY **directory)
{
    const void *found;
    NTSTATUS status = find(base, info, level, true, &found);

    if (!status)
        *directory = found;
    return status;
}

NTSTATUS WINAPI LdrFindResource_U(HMODULE base, const LDR_RESOURCE_INFO *info, ULONG level,
                                  const IMAGE_RESOURCE_DATA_ENTRY **entry)
{
    const void *found;
    NTSTATUS status = find(base, info, level, false, &found);

    if (!status)
        *entry = found;
    return status;
}

NTSTATUS WINAPI LdrAccessResource(HMODULE base, const IMAGE_RESOURCE_DATA_ENTRY *entry, void **data,
                                  ULONG *bytes)
{
    ULONG directory_bytes;
    HMODULE flat;
    char *found;

    if (!base)
        base = current_peb()->ImageBaseAddress;
    if (!root_directory(base, &directory_bytes))
        return STATUS_RESOURCE_DATA_NOT_FOUND;
    flat = (HMODULE)((ULONG_PTR)base & ~(ULONG_PTR)3);
    found = (ULONG_PTR)base & 1
                ? RtlImageRvaToVa(RtlImageNtHeader(flat), flat, entry->OffsetToData, NULL)
                : (char *)flat + entry->OffsetToData;
    if (!found || !is_readable(found, entry->Size))
        return STATUS_INVALID_IMAGE_FORMAT;
    if (data)
        *data = found;
    if (bytes)
        *bytes = entry->Size;
    return STATUS_SUCCESS;
}
