/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * PE images: what is accepted, what is refused and how, and 20,000 mutated images, none of which may
 * crash the mapper.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "image.h"
#include "views.h"

#define MUTANTS     20000

/* A small sound image: headers, .text with relocations to itself, .data with BSS. */
static size_t make_image(uint8_t *file)
{
    IMAGE_DOS_HEADER *dos = (void *)file;
    IMAGE_NT_HEADERS64 *nt = (void *)(file + 0x80);
    IMAGE_SECTION_HEADER *sections = (void *)(nt + 1);
    IMAGE_BASE_RELOCATION *block = (void *)(file + 0x600);
    uint16_t *entries = (void *)(block + 1);

    memset(file, 0, 0xa00);
    dos->e_magic = IMAGE_DOS_SIGNATURE;
    dos->e_lfanew = 0x80;
    nt->Signature = IMAGE_NT_SIGNATURE;
    nt->FileHeader.Machine = IMAGE_FILE_MACHINE_AMD64;
    nt->FileHeader.NumberOfSections = 3;
    nt->FileHeader.SizeOfOptionalHeader = sizeof(nt->OptionalHeader);
    nt->FileHeader.Characteristics = IMAGE_FILE_EXECUTABLE_IMAGE;
    nt->OptionalHeader.Magic = IMAGE_NT_OPTIONAL_HDR64_MAGIC;
    nt->OptionalHeader.AddressOfEntryPoint = 0x1000;
    nt->OptionalHeader.ImageBase = 0x180000000;
    nt->OptionalHeader.SectionAlignment = 0x1000;
    nt->OptionalHeader.FileAlignment = 0x200;
    nt->OptionalHeader.SizeOfImage = 0x4000;
    nt->OptionalHeader.SizeOfHeaders = 0x400;
    nt->OptionalHeader.NumberOfRvaAndSizes = 16;
    nt->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_BASERELOC].VirtualAddress = 0x3000;
    nt->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_BASERELOC].Size = 12;
    memcpy(sections[0].Name, ".text", 5);
    sections[0] = (IMAGE_SECTION_HEADER){.Misc.VirtualSize = 0x100,
                                         .VirtualAddress = 0x1000,
                                         .SizeOfRawData = 0x200,
                                         .PointerToRawData = 0x400,
                                         .Characteristics = IMAGE_SCN_MEM_EXECUTE |
                                                            IMAGE_SCN_MEM_READ};
    sections[1] = (IMAGE_SECTION_HEADER){.Misc.VirtualSize = 0x1000,
                                         .VirtualAddress = 0x2000,
                                         .SizeOfRawData = 0x200,
                                         .PointerToRawData = 0x800,
                                         .Characteristics = IMAGE_SCN_MEM_READ |
                                                            IMAGE_SCN_MEM_WRITE};
    sections[2] = (IMAGE_SECTION_HEADER){.Misc.VirtualSize = 0x200,
                                         .VirtualAddress = 0x3000,
                                         .SizeOfRawData = 0x200,
                                         .PointerToRawData = 0x600,
                                         .Characteristics = IMAGE_SCN_MEM_READ};
    memcpy(file + 0x408, &(uint64_t){0x180001010}, 8);
    block->VirtualAddress = 0x1000;
    block->SizeOfBlock = 12;
    entries[0] = IMAGE_REL_BASED_DIR64 << 12 | 8;
    memset(file + 0x800, 0x5a, 0x200);
    return 0xa00;
}

static int file_of(const uint8_t *data, size_t bytes)
{
    int fd = memfd_create("image", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, bytes), bytes);
    return fd;
}

static void unmap(void *base)
{
    sigset_t signals;
    struct view *view;
    size_t bytes;

    virtual_lock(&signals);
    view = view_find(base);
    assert_non_null(view);
    bytes = view->bytes;
    view_remove(view);
    space_release(base, bytes);
    virtual_unlock(&signals);
}

static void test_sound_image(void **state)
{
    uint8_t file[0xa00];
    int fd = file_of(file, make_image(file));
    struct image_info info;
    void *first, *second;
    size_t bytes;

    (void)state;
    assert_int_equal(image_map_fd(fd, NULL, &first, &bytes, &info), STATUS_SUCCESS);
#ifndef __SANITIZE_ADDRESS__ /* whose shadow lies over it */
    assert_ptr_equal(first, (void *)0x180000000);
#endif
    assert_int_equal(bytes, 0x4000);
    assert_int_equal(info.entry, (uintptr_t)first + 0x1000);
    assert_int_equal(((uint8_t *)first)[0x2000], 0x5a);
    assert_int_equal(((uint8_t *)first)[0x2200], 0); /* BSS */
    assert_int_equal(*(uint64_t *)((char *)first + 0x1008), (uintptr_t)first + 0x1010);
    /* The base is taken now: the next one lies elsewhere and is relocated. */
    assert_int_equal(image_map_fd(fd, NULL, &second, &bytes, &info), STATUS_SUCCESS);
    assert_ptr_not_equal(second, first);
    assert_int_equal(*(uint64_t *)((char *)second + 0x1008), (uintptr_t)second + 0x1010);
    unmap(first);
    unmap(second);
    close(fd);
}

static NTSTATUS parse(const uint8_t *file, size_t bytes, struct image_layout *layout)
{
    return image_parse(file, bytes, bytes, layout);
}

static void test_refusals(void **state)
{
    struct image_layout *layout = malloc(sizeof(*layout));
    uint8_t file[0xa00];
    IMAGE_NT_HEADERS64 *nt = (void *)(file + 0x80);
    size_t bytes;

    (void)state;
    assert_int_equal(parse((const uint8_t *)"#!", 2, layout), STATUS_INVALID_IMAGE_NOT_MZ);
    assert_int_equal(parse((const uint8_t *)"", 0, layout), STATUS_INVALID_IMAGE_NOT_MZ);
    bytes = make_image(file);
    nt->FileHeader.Machine = IMAGE_FILE_MACHINE_I386;
    assert_int_equal(parse(file, bytes, layout), STATUS_INVALID_IMAGE_FORMAT);
    assert_int_equal(layout->info.machine, IMAGE_FILE_MACHINE_I386);
    make_image(file);
    nt->OptionalHeader.SizeOfHeaders = 0x100000;
    assert_int_equal(parse(file, bytes, layout), STATUS_INVALID_IMAGE_FORMAT);
    /* Every truncation is refused, none crashes. */
    for (make_image(file); bytes > 0; bytes--)
        if (bytes < 0x800 + 1)
            assert_int_not_equal(parse(file, bytes, layout), STATUS_SUCCESS);
    free(layout);
}

/* Deterministic, so that a failure can be seen again: xorshift. */
static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void test_mutants(void **state)
{
    uint64_t seed = 0x9e3779b97f4a7c15ull;
    unsigned mapped = 0;

    (void)state;
    for (unsigned i = 0; i < MUTANTS; i++) {
        uint8_t file[0xa00];
        size_t bytes = make_image(file);
        unsigned changes = 1 + (unsigned)(next_random(&seed) % 8);
        struct image_info info;
        size_t size;
        void *base;
        int fd;

        while (changes--) {
            /* Mostly headers and relocations, which are what is interpreted. */
            size_t at = next_random(&seed) % (next_random(&seed) % 4 ? 0x300 : bytes);

            if (next_random(&seed) % 5 == 0)
                at = 0x600 + at % 12;
            file[at] = next_random(&seed) % 3 ? (uint8_t)next_random(&seed) : 0xff;
        }
        if (next_random(&seed) % 10 == 0)
            bytes = next_random(&seed) % bytes;
        fd = file_of(file, bytes);
        if (!image_map_fd(fd, NULL, &base, &size, &info)) {
            mapped++;
            unmap(base);
        }
        close(fd);
    }
    print_message("%u of %u mutants were mapped\n", mapped, MUTANTS);
    assert_true(mapped > 0 && mapped < MUTANTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound_image),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_mutants),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
