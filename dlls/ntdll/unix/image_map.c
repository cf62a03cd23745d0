/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Maps PE images: headers and sections privately from the file, where its offsets allow it, else
 * read into memory; then relocations; then each section's protection.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image.h"
#include "views.h"

#define HEADER_READ (64 * 1024)

/* Until relocation is done everything is writable; pages that nobody writes stay the file's. */
static NTSTATUS map_part(char *to, uint32_t bytes, int fd, uint32_t offset, uint32_t file_bytes)
{
    uint32_t whole = file_bytes & ~(uint32_t)PAGE_OFFSET;
    uint32_t done = 0;

    if (whole && !(offset & PAGE_OFFSET)) {
        if (mmap(to, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, offset) ==
            MAP_FAILED)
            return errno == ENODEV ? STATUS_INVALID_FILE_FOR_SECTION : errno_to_status(errno);
        done = whole;
    }
    if (done < bytes && mmap(to + done, bytes - done, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) ==
                            MAP_FAILED)
        return errno_to_status(errno);
    while (done < file_bytes) {
        ssize_t got = pread(fd, to + done, file_bytes - done, (off_t)offset + done);

        if (got <= 0)
            return STATUS_INVALID_IMAGE_FORMAT;
        done += (uint32_t)got;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS map_parts(char *base, const struct image_layout *layout, int fd)
{
    NTSTATUS status;

    /* Relocations of a malformed image may point between its sections; that must not fault. */
    if (mprotect(base, layout->image_bytes, PROT_READ | PROT_WRITE))
        return errno_to_status(errno);
    status = map_part(base, (layout->header_bytes + (uint32_t)PAGE_OFFSET) &
                                         ~(uint32_t)PAGE_OFFSET,
                               fd, 0, layout->header_bytes);

    for (uint32_t i = 0; i < layout->section_count && !status; i++)
        status = map_part(base + layout->sections[i].rva, layout->sections[i].bytes, fd,
                          layout->sections[i].file_offset, layout->sections[i].file_bytes);
    return status;
}

static bool set_protection(struct view *view, uint32_t rva, uint32_t bytes, ULONG protect)
{
    return !mprotect(view->base + rva, bytes, protect_to_linux(protect)) &&
           runs_set(view, rva >> PAGE_SHIFT, bytes >> PAGE_SHIFT, protect);
}

static NTSTATUS protect_parts(struct view *view, const struct image_layout *layout)
{
    uint32_t header = (layout->header_bytes + (uint32_t)PAGE_OFFSET) & ~(uint32_t)PAGE_OFFSET;
    bool done = !mprotect(view->base, view->bytes, PROT_NONE) &&
                set_protection(view, 0, header, PAGE_READONLY);

    for (uint32_t i = 0; i < layout->section_count && done; i++)
        done = set_protection(view, layout->sections[i].rva, layout->sections[i].bytes,
                              layout->sections[i].protect);
    return done ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

/* At its preferred base if that is free; else anywhere, when it can be relocated. */
static NTSTATUS place(const struct image_layout *layout, void **base)
{
    uint64_t wanted = layout->preferred_base;
    NTSTATUS status = STATUS_CONFLICTING_ADDRESSES;

    if (wanted >= USER_SPACE_LOW && wanted + layout->image_bytes < USER_SPACE_HIGH)
        status = space_reserve((void *)wanted, layout->image_bytes, 0, 0, 0, false, base);
    if (!status || !layout->is_relocatable)
        return status;
    return space_reserve(NULL, layout->image_bytes, 0, 0, 0, false, base);
}

/* Makes good that the image does not lie where it wished to. As on Windows the header in memory tells
 * where it lies. */
static NTSTATUS move_image(char *base, const struct image_layout *layout)
{
    uint64_t address = (uintptr_t)base;
    NTSTATUS status = STATUS_SUCCESS;

    if (layout->relocation_bytes)
        status = image_relocate(base, layout, (int64_t)(address - layout->preferred_base));
    if (!status)
        memcpy(base + layout->base_field_at, &address, sizeof(address));
    return status;
}

NTSTATUS image_map_fd(int fd, const char *unix_path, void **base, size_t *bytes,
                      struct image_info *info)
{
    struct image_layout *layout = malloc(sizeof(*layout));
    char *header = malloc(HEADER_READ);
    struct view *view = NULL;
    struct stat file;
    sigset_t signals;
    ssize_t got;
    NTSTATUS status = STATUS_NO_MEMORY;

    if (!layout || !header)
        goto free_buffers;
    if (fstat(fd, &file)) {
        status = errno_to_status(errno);
        goto free_buffers;
    }
    if (!S_ISREG(file.st_mode)) {
        status = STATUS_INVALID_FILE_FOR_SECTION;
        goto free_buffers;
    }
    got = pread(fd, header, HEADER_READ, 0);
    if (got < 0) {
        status = errno_to_status(errno);
        goto free_buffers;
    }
    status = image_parse(header, (size_t)got, (uint64_t)file.st_size, layout);
    if (info)
        *info = layout->info;
    if (status)
        goto free_buffers;

    virtual_lock(&signals);
    status = place(layout, base);
    if (!status) {
        view = view_add(*base, layout->image_bytes, MEM_IMAGE, PAGE_EXECUTE_WRITECOPY, 0);
        status = view ? map_parts(*base, layout, fd) : STATUS_NO_MEMORY;
        if (!status && (uint64_t)(uintptr_t)*base != layout->preferred_base)
            status = move_image(*base, layout);
        if (!status)
            status = protect_parts(view, layout);
        if (!status && unix_path)
            view->file_name = strdup(unix_path);
        if (status) {
            if (view)
                view_remove(view);
            space_release(*base, layout->image_bytes);
        }
    }
    virtual_unlock(&signals);
    if (!status) {
        *bytes = layout->image_bytes;
        if (info && info->entry)
            info->entry += (uintptr_t)*base;
    }
free_buffers:
    free(header);
    free(layout);
    return status;
}

NTSTATUS virtual_map_image_file(const char *unix_path, void **base, size_t *bytes,
                                struct image_info *info)
{
    /* Not blocking, for the sake of a FIFO; files do not care. */
    int fd = open(unix_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    NTSTATUS status;

    if (fd < 0)
        return errno_to_status(errno);
    status = image_map_fd(fd, unix_path, base, bytes, info);
    close(fd);
    return status;
}
