/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads PE headers and applies relocations. The file may be truncated, malformed or made to harm: no number
 * out of it is used before it was checked. Rules: Microsoft's "PE Format".
 */
#include <string.h>

#include "image.h"

static uint32_t round_up(uint32_t value, uint32_t align)
{
    return (value + align - 1) & ~(align - 1);
}

static ULONG section_protect(uint32_t characteristics)
{
    bool readable = characteristics & IMAGE_SCN_MEM_READ;
    bool writable = characteristics & IMAGE_SCN_MEM_WRITE;

    if (characteristics & IMAGE_SCN_MEM_EXECUTE)
        return writable ? PAGE_EXECUTE_WRITECOPY : readable ? PAGE_EXECUTE_READ : PAGE_EXECUTE;
    return writable ? PAGE_WRITECOPY : readable ? PAGE_READONLY : PAGE_NOACCESS;
}

static NTSTATUS parse_sections(const IMAGE_SECTION_HEADER *headers, uint32_t count,
                               uint32_t file_alignment, uint64_t file_bytes,
                               struct image_layout *layout)
{
    uint32_t next = round_up(layout->header_bytes, (uint32_t)PAGE_BYTES);

    for (uint32_t i = 0; i < count; i++) {
        IMAGE_SECTION_HEADER header;
        uint32_t bytes, raw_offset, raw_bytes;

        memcpy(&header, &headers[i], sizeof(header));
        bytes = header.Misc.VirtualSize ? header.Misc.VirtualSize : header.SizeOfRawData;
        raw_offset = header.PointerToRawData;
        raw_bytes = header.SizeOfRawData;
        if (!raw_offset)
            raw_bytes = 0;
        /* The loader rounds offsets down to the sector; linkers of old leave them odd. */
        if (file_alignment >= 512)
            raw_offset &= ~511u;
        if (!bytes)
            continue;
        if (header.VirtualAddress & PAGE_OFFSET || header.VirtualAddress < next ||
            header.VirtualAddress > layout->image_bytes ||
            bytes > layout->image_bytes - header.VirtualAddress)
            return STATUS_INVALID_IMAGE_FORMAT;
        bytes = round_up(bytes, (uint32_t)PAGE_BYTES);
        if (raw_bytes > bytes)
            raw_bytes = bytes;
        if (raw_bytes && (raw_offset > file_bytes || raw_bytes > file_bytes - raw_offset)) {
            /* The last section may end in the middle of its last sector. */
            uint32_t wanted = header.Misc.VirtualSize < raw_bytes ? header.Misc.VirtualSize : raw_bytes;

            if (raw_offset > file_bytes || wanted > file_bytes - raw_offset)
                return STATUS_INVALID_IMAGE_FORMAT;
            raw_bytes = (uint32_t)(file_bytes - raw_offset);
        }
        layout->sections[layout->section_count].rva = header.VirtualAddress;
        layout->sections[layout->section_count].bytes = bytes;
        layout->sections[layout->section_count].file_offset = raw_offset;
        layout->sections[layout->section_count].file_bytes = raw_bytes;
        layout->sections[layout->section_count].protect = section_protect(header.Characteristics);
        layout->section_count++;
        next = header.VirtualAddress + bytes;
    }
    return STATUS_SUCCESS;
}

/* Whether an optional header of either kind has the directory of .NET programs. Most of these are 32-bit
 * images that would run as 64-bit code. */
static bool has_clr_header(const char *optional, size_t header_bytes, size_t optional_bytes,
                           uint16_t magic)
{
    const size_t directories = magic == IMAGE_NT_OPTIONAL_HDR64_MAGIC
                                   ? offsetof(IMAGE_OPTIONAL_HEADER64, DataDirectory)
                                   : offsetof(IMAGE_OPTIONAL_HEADER32, DataDirectory);
    const size_t at =
        directories + IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR * sizeof(IMAGE_DATA_DIRECTORY);
    uint32_t count, rva;

    if ((magic != IMAGE_NT_OPTIONAL_HDR64_MAGIC && magic != IMAGE_NT_OPTIONAL_HDR32_MAGIC) ||
        optional_bytes < at + sizeof(IMAGE_DATA_DIRECTORY) ||
        header_bytes < at + sizeof(IMAGE_DATA_DIRECTORY))
        return false;
    /* NumberOfRvaAndSizes stands before the directories in both. */
    memcpy(&count, optional + directories - sizeof(count), sizeof(count));
    memcpy(&rva, optional + at, sizeof(rva));
    return count > IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR && rva;
}

NTSTATUS image_parse(const void *data, size_t header_bytes, uint64_t file_bytes,
                     struct image_layout *layout)
{
    const char *header = data;
    IMAGE_DOS_HEADER dos;
    IMAGE_NT_HEADERS64 nt;
    size_t optional_at, sections_at;
    uint16_t magic;

    memset(layout, 0, sizeof(*layout));
    if (header_bytes < 2 || header[0] != 'M' || header[1] != 'Z')
        return STATUS_INVALID_IMAGE_NOT_MZ;
    if (header_bytes < sizeof(dos))
        return STATUS_INVALID_IMAGE_PROTECT;
    memcpy(&dos, header, sizeof(dos));
    if (dos.e_lfanew < (LONG)sizeof(uint32_t) || (size_t)dos.e_lfanew > header_bytes - 4)
        return STATUS_INVALID_IMAGE_PROTECT;
    if (header[dos.e_lfanew] == 'N' && header[dos.e_lfanew + 1] == 'E')
        return STATUS_INVALID_IMAGE_NE_FORMAT;
    if (memcmp(header + dos.e_lfanew, "PE\0\0", 4))
        return STATUS_INVALID_IMAGE_PROTECT;
    optional_at = (size_t)dos.e_lfanew + 4 + sizeof(IMAGE_FILE_HEADER);
    if (optional_at + 2 > header_bytes)
        return STATUS_INVALID_IMAGE_FORMAT;
    memset(&nt, 0, sizeof(nt));
    memcpy(&nt.FileHeader, header + dos.e_lfanew + 4, sizeof(nt.FileHeader));
    layout->info.machine = nt.FileHeader.Machine;
    layout->info.characteristics = nt.FileHeader.Characteristics;
    memcpy(&magic, header + optional_at, sizeof(magic));
    layout->info.is_dotnet =
        has_clr_header(header + optional_at, header_bytes - optional_at,
                       nt.FileHeader.SizeOfOptionalHeader, magic);
    if (nt.FileHeader.Machine != IMAGE_FILE_MACHINE_AMD64 || magic != IMAGE_NT_OPTIONAL_HDR64_MAGIC)
        return STATUS_INVALID_IMAGE_FORMAT;
    layout->info.machine = 0; /* from here on a fault is the file's, not the machine's */

    if (nt.FileHeader.SizeOfOptionalHeader < offsetof(IMAGE_OPTIONAL_HEADER64, DataDirectory) ||
        optional_at + nt.FileHeader.SizeOfOptionalHeader > header_bytes)
        return STATUS_INVALID_IMAGE_FORMAT;
    memcpy(&nt.OptionalHeader, header + optional_at,
           nt.FileHeader.SizeOfOptionalHeader < sizeof(nt.OptionalHeader)
               ? nt.FileHeader.SizeOfOptionalHeader
               : sizeof(nt.OptionalHeader));
    sections_at = optional_at + nt.FileHeader.SizeOfOptionalHeader;
    if (nt.FileHeader.NumberOfSections > IMAGE_MAX_SECTIONS ||
        sections_at + nt.FileHeader.NumberOfSections * sizeof(IMAGE_SECTION_HEADER) > header_bytes)
        return STATUS_INVALID_IMAGE_FORMAT;
    if (nt.OptionalHeader.SectionAlignment < PAGE_BYTES ||
        nt.OptionalHeader.SectionAlignment & (nt.OptionalHeader.SectionAlignment - 1) ||
        !nt.OptionalHeader.FileAlignment ||
        nt.OptionalHeader.FileAlignment & (nt.OptionalHeader.FileAlignment - 1))
        return STATUS_INVALID_IMAGE_FORMAT;
    if (!nt.OptionalHeader.SizeOfImage || nt.OptionalHeader.SizeOfImage > 0x7fff0000 ||
        nt.OptionalHeader.SizeOfHeaders > nt.OptionalHeader.SizeOfImage ||
        nt.OptionalHeader.SizeOfHeaders > file_bytes ||
        sections_at + nt.FileHeader.NumberOfSections * sizeof(IMAGE_SECTION_HEADER) >
            nt.OptionalHeader.SizeOfHeaders)
        return STATUS_INVALID_IMAGE_FORMAT;
    if (nt.OptionalHeader.ImageBase & (GRANULARITY - 1))
        return STATUS_INVALID_IMAGE_FORMAT;

    layout->image_bytes = round_up(nt.OptionalHeader.SizeOfImage, (uint32_t)PAGE_BYTES);
    layout->header_bytes = nt.OptionalHeader.SizeOfHeaders;
    layout->preferred_base = nt.OptionalHeader.ImageBase;
    layout->is_relocatable = !(nt.FileHeader.Characteristics & IMAGE_FILE_RELOCS_STRIPPED);
    if (nt.OptionalHeader.AddressOfEntryPoint >= layout->image_bytes)
        return STATUS_INVALID_IMAGE_FORMAT;
    if (nt.OptionalHeader.NumberOfRvaAndSizes > IMAGE_DIRECTORY_ENTRY_BASERELOC) {
        const IMAGE_DATA_DIRECTORY *directory =
            &nt.OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_BASERELOC];

        if (directory->VirtualAddress < layout->image_bytes &&
            directory->Size <= layout->image_bytes - directory->VirtualAddress) {
            layout->relocation_rva = directory->VirtualAddress;
            layout->relocation_bytes = directory->VirtualAddress ? directory->Size : 0;
        }
    }
    layout->info.machine = nt.FileHeader.Machine;
    layout->info.preferred_base = nt.OptionalHeader.ImageBase;
    layout->base_field_at = (uint32_t)(optional_at + offsetof(IMAGE_OPTIONAL_HEADER64, ImageBase));
    layout->info.entry = nt.OptionalHeader.AddressOfEntryPoint;
    layout->info.stack_reserve = nt.OptionalHeader.SizeOfStackReserve;
    layout->info.stack_commit = nt.OptionalHeader.SizeOfStackCommit;
    layout->info.subsystem = nt.OptionalHeader.Subsystem;
    layout->info.dll_characteristics = nt.OptionalHeader.DllCharacteristics;
    layout->info.subsystem_version = (uint32_t)nt.OptionalHeader.MajorSubsystemVersion << 16 |
                                     nt.OptionalHeader.MinorSubsystemVersion;
    return parse_sections((const IMAGE_SECTION_HEADER *)(header + sections_at),
                          nt.FileHeader.NumberOfSections, nt.OptionalHeader.FileAlignment,
                          file_bytes, layout);
}

/* One block: a page's address and 16-bit entries of type (4 bits) and offset (12). */
static NTSTATUS relocate_block(char *image, const struct image_layout *layout, uint32_t page,
                               const char *entries, uint32_t count, int64_t delta)
{
    for (uint32_t i = 0; i < count; i++) {
        uint16_t entry;
        uint32_t at;

        memcpy(&entry, entries + i * sizeof(entry), sizeof(entry));
        at = page + (entry & 0xfff);
        switch (entry >> 12) {
        case IMAGE_REL_BASED_ABSOLUTE:
            break;
        case IMAGE_REL_BASED_HIGHLOW: {
            uint32_t value;

            if (at > layout->image_bytes - sizeof(value))
                return STATUS_INVALID_IMAGE_FORMAT;
            memcpy(&value, image + at, sizeof(value));
            value += (uint32_t)delta;
            memcpy(image + at, &value, sizeof(value));
            break;
        }
        case IMAGE_REL_BASED_DIR64: {
            uint64_t value;

            if (at > layout->image_bytes - sizeof(value))
                return STATUS_INVALID_IMAGE_FORMAT;
            memcpy(&value, image + at, sizeof(value));
            value += (uint64_t)delta;
            memcpy(image + at, &value, sizeof(value));
            break;
        }
        default:
            return STATUS_INVALID_IMAGE_FORMAT;
        }
    }
    return STATUS_SUCCESS;
}

NTSTATUS image_relocate(char *image, const struct image_layout *layout, int64_t delta)
{
    uint32_t at = layout->relocation_rva, left = layout->relocation_bytes;

    while (left >= sizeof(IMAGE_BASE_RELOCATION)) {
        IMAGE_BASE_RELOCATION block;
        NTSTATUS status;

        memcpy(&block, image + at, sizeof(block));
        if (!block.SizeOfBlock)
            break;
        if (block.SizeOfBlock < sizeof(block) || block.SizeOfBlock > left ||
            block.VirtualAddress >= layout->image_bytes)
            return STATUS_INVALID_IMAGE_FORMAT;
        status = relocate_block(image, layout, block.VirtualAddress, image + at + sizeof(block),
                                (block.SizeOfBlock - (uint32_t)sizeof(block)) / 2, delta);
        if (status)
            return status;
        at += block.SizeOfBlock;
        left -= block.SizeOfBlock;
    }
    return STATUS_SUCCESS;
}
