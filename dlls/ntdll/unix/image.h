/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * PE images: parsing (pure, over bytes of a file that may be hostile) and mapping.
 */
#ifndef DECANT_NTDLL_UNIX_IMAGE_H
#define DECANT_NTDLL_UNIX_IMAGE_H

#include "unix.h"
#include "virtual.h"

#define IMAGE_MAX_SECTIONS 96 /* Windows' limit */

/* What mapping needs to know of a file; every number has been checked against the file's size and
 * against each other. */
struct image_layout {
    struct image_info info;     /* entry holds an RVA here */
    uint64_t preferred_base;
    uint32_t base_field_at;     /* offset of OptionalHeader.ImageBase, inside the header */
    uint32_t image_bytes;       /* SizeOfImage, rounded to pages */
    uint32_t header_bytes;      /* SizeOfHeaders, at most the file's size */
    uint32_t relocation_rva, relocation_bytes;
    bool is_relocatable;
    uint32_t section_count;
    struct {
        uint32_t rva, bytes;            /* in memory, bytes rounded to pages */
        uint32_t file_offset, file_bytes; /* what of it comes from the file, at most bytes */
        ULONG protect;                  /* PAGE_* */
    } sections[IMAGE_MAX_SECTIONS];
};

/* Reads the headers. `header` holds the file's first `header_bytes` bytes (4096 or more where the file has
 * them), `file_bytes` is the file's size. Statuses: STATUS_INVALID_IMAGE_NOT_MZ, _NE_FORMAT, _PROTECT,
 * STATUS_INVALID_IMAGE_FORMAT; for a sound file of another machine STATUS_INVALID_IMAGE_FORMAT with
 * info.machine set. */
NTSTATUS image_parse(const void *header, size_t header_bytes, uint64_t file_bytes,
                     struct image_layout *layout);

/* Applies base relocations to an image that lies at `image` (writable, image_bytes long) and was linked
 * for `delta` less. */
NTSTATUS image_relocate(char *image, const struct image_layout *layout, int64_t delta);

/* Maps an open file as an image view. */
NTSTATUS image_map_fd(int fd, const char *unix_path, void **base, size_t *bytes,
                      struct image_info *info);

#endif
