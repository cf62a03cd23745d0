/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a mapped image holds, reached with care: an image may be malformed, have holes between its
 * sections and sections that may not be read, so every address is checked before it is followed. The
 * mapper (unix/image_parse.c) has checked the headers; here the directories are what is not trusted.
 */
#include "ldr.h"

/* Windows looks for the headers no further (RtlImageNtHeaderEx, 256 MiB). */
#define MAX_HEADER_OFFSET 0x10000000

bool is_readable(const void *address, SIZE_T bytes)
{
    const char *at = address, *end = at + bytes;

    if (end < at)
        return false;
    while (at < end) {
        const ULONG unreadable = PAGE_NOACCESS | PAGE_EXECUTE | PAGE_GUARD;
        MEMORY_BASIC_INFORMATION info;

        if (NtQueryVirtualMemory(NtCurrentProcess(), at, MemoryBasicInformation, &info,
                                 sizeof(info), NULL) ||
            info.State != MEM_COMMIT || info.Protect & unreadable || !info.RegionSize)
            return false;
        at = (char *)info.BaseAddress + info.RegionSize;
    }
    return true;
}

void module_examine(struct module *module)
{
    module->has_unreadable_parts =
        !is_readable(module->entry.DllBase, module->entry.SizeOfImage);
}

void *module_rva(const struct module *module, ULONG rva, SIZE_T bytes)
{
    char *address = (char *)module->entry.DllBase + rva;

    if (!rva || rva > module->entry.SizeOfImage || module->entry.SizeOfImage - rva < bytes)
        return NULL;
    if (module->has_unreadable_parts && !is_readable(address, bytes))
        return NULL;
    return address;
}

const char *module_rva_string(const struct module *module, ULONG rva)
{
    const char *text = module_rva(module, rva, 1);
    const char *end = (char *)module->entry.DllBase + module->entry.SizeOfImage;

    for (const char *c = text; c && c < end; c++) {
        if (module->has_unreadable_parts && !((ULONG_PTR)c & 0xfff) && !is_readable(c, 1))
            return NULL;
        if (!*c)
            return text;
    }
    return NULL;
}

/* One of the data directories that the optional header really has, NULL for none. Of a data file it may be the
 * header of a 32-bit image. */
static const IMAGE_DATA_DIRECTORY *data_directory(const IMAGE_NT_HEADERS64 *nt, unsigned index)
{
    const IMAGE_NT_HEADERS32 *nt32 = (const void *)nt;
    const IMAGE_DATA_DIRECTORY *directories = nt->OptionalHeader.DataDirectory;
    DWORD count = nt->OptionalHeader.NumberOfRvaAndSizes;
    const char *end = (const char *)&nt->OptionalHeader + nt->FileHeader.SizeOfOptionalHeader;

    if (nt->OptionalHeader.Magic == IMAGE_NT_OPTIONAL_HDR32_MAGIC) {
        directories = nt32->OptionalHeader.DataDirectory;
        count = nt32->OptionalHeader.NumberOfRvaAndSizes;
    } else if (nt->OptionalHeader.Magic != IMAGE_NT_OPTIONAL_HDR64_MAGIC) {
        return NULL;
    }
    if (index >= IMAGE_NUMBEROF_DIRECTORY_ENTRIES || index >= count ||
        (const char *)&directories[index + 1] > end)
        return NULL;
    return &directories[index];
}

static const IMAGE_DATA_DIRECTORY *modules_directory(const struct module *module, unsigned index)
{
    const IMAGE_DOS_HEADER *dos = module->entry.DllBase;

    return data_directory((void *)((char *)module->entry.DllBase + dos->e_lfanew), index);
}

ULONG module_directory_rva(const struct module *module, unsigned index)
{
    const IMAGE_DATA_DIRECTORY *directory = modules_directory(module, index);

    return directory ? directory->VirtualAddress : 0;
}

void *module_directory(const struct module *module, unsigned index, ULONG *bytes)
{
    const IMAGE_DATA_DIRECTORY *directory = modules_directory(module, index);

    if (!directory)
        return NULL;
    *bytes = directory->Size;
    return module_rva(module, directory->VirtualAddress, directory->Size);
}

/* --- The exported functions --- */

IMAGE_NT_HEADERS *WINAPI RtlImageNtHeader(HMODULE base)
{
    const IMAGE_DOS_HEADER *dos = (void *)((ULONG_PTR)base & ~(ULONG_PTR)3);
    IMAGE_NT_HEADERS *nt;

    if (!dos || dos->e_magic != IMAGE_DOS_SIGNATURE ||
        (ULONG)dos->e_lfanew >= MAX_HEADER_OFFSET)
        return NULL;
    nt = (void *)((char *)dos + dos->e_lfanew);
    return nt->Signature == IMAGE_NT_SIGNATURE ? nt : NULL;
}

IMAGE_SECTION_HEADER *WINAPI RtlImageRvaToSection(const IMAGE_NT_HEADERS *nt, HMODULE base,
                                                  DWORD rva)
{
    const IMAGE_SECTION_HEADER *section = IMAGE_FIRST_SECTION(nt);

    (void)base;
    for (WORD i = 0; i < nt->FileHeader.NumberOfSections; i++, section++)
        if (rva >= section->VirtualAddress && rva - section->VirtualAddress < section->SizeOfRawData)
            return (IMAGE_SECTION_HEADER *)section;
    return NULL;
}

void *WINAPI RtlImageRvaToVa(const IMAGE_NT_HEADERS *nt, HMODULE base, DWORD rva,
                             IMAGE_SECTION_HEADER **section)
{
    IMAGE_SECTION_HEADER *found = RtlImageRvaToSection(nt, base, rva);

    if (section)
        *section = found;
    return found ? (char *)base + found->PointerToRawData + (rva - found->VirtualAddress) : NULL;
}

/* A handle whose lowest bit is set is a flat mapping of the file (LOAD_LIBRARY_AS_DATAFILE). */
void *WINAPI RtlImageDirectoryEntryToData(HMODULE base, BOOL image, WORD directory, ULONG *bytes)
{
    const IMAGE_DATA_DIRECTORY *entry;
    const IMAGE_NT_HEADERS *nt;
    DWORD address;

    if ((ULONG_PTR)base & 1) {
        base = (HMODULE)((ULONG_PTR)base & ~(ULONG_PTR)3);
        image = FALSE;
    } else {
        base = (HMODULE)((ULONG_PTR)base & ~(ULONG_PTR)3);
    }
    nt = RtlImageNtHeader(base);
    entry = nt ? data_directory(nt, directory) : NULL;
    if (!entry || !entry->VirtualAddress)
        return NULL;
    address = entry->VirtualAddress;
    *bytes = entry->Size;
    if (image || address < nt->OptionalHeader.SizeOfHeaders)
        return (char *)base + address;
    return RtlImageRvaToVa(nt, base, address, NULL);
}
