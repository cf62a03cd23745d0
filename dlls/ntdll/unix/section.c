/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sections and their views: memory that can be mapped several times, files, images.
 *
 * A section is a Linux descriptor: a memfd for the page file's kind, a duplicate of the file's otherwise. A
 * view is a mapping of it. Views of copy-on-write kind are private mappings.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "image.h"
#include "info.h"
#include "object_share.h"
#include "process.h"
#include "remote.h"
#include "section.h"
#include "views.h"
#include "virtual_watch.h"

/* The pages of a file are there; SEC_RESERVE means memory's only. */
static bool is_lazy(ULONG type)
{
    return (type & (SEC_RESERVE | SEC_FILE)) == SEC_RESERVE;
}

static void destroy(struct object *object)
{
    struct section *section = (struct section *)object;

    section_unlist(section);
    commit_map_close(section->commit_map, section->bytes);
    close(section->fd);
    free(section->path);
    free(section);
}

static NTSTATUS describe(struct object *object, struct object_description *description, int *fd,
                         const char **path)
{
    struct section *section = (struct section *)object;

    description->options = section->protect;
    description->type = section->type;
    description->bytes = section->bytes;
    *fd = section->fd;
    *path = section->path;
    return STATUS_SUCCESS;
}

static const struct object_ops section_ops = {
    .type_name = L"Section",
    .kind = OBJECT_SECTION,
    .valid_access = SECTION_ALL_ACCESS | SECTION_MAP_EXECUTE_EXPLICIT,
    .mapping = {STANDARD_RIGHTS_READ | SECTION_QUERY | SECTION_MAP_READ,
                STANDARD_RIGHTS_WRITE | SECTION_MAP_WRITE,
                STANDARD_RIGHTS_EXECUTE | SECTION_MAP_EXECUTE, SECTION_ALL_ACCESS},
    .describe = describe,
    .destroy = destroy,
};

NTSTATUS section_import(const struct object_description *description, int fd, const char *path,
                        struct object **out)
{
    struct section *section = calloc(1, sizeof(*section));

    if (!section || fd < 0) {
        if (fd >= 0)
            close(fd);
        free(section);
        return fd < 0 ? STATUS_INVALID_PARAMETER : STATUS_NO_MEMORY;
    }
    *section = (struct section){.fd = fd,
                                .protect = description->options,
                                .type = description->type,
                                .bytes = description->bytes,
                                .path = path ? strdup(path) : NULL};
    if (is_lazy(section->type) &&
        !(section->commit_map = commit_map_open(fd, section->bytes))) {
        close(fd);
        free(section->path);
        free(section);
        return STATUS_NO_MEMORY;
    }
    section_list(section);
    object_init(&section->header, &section_ops);
    *out = &section->header;
    return STATUS_SUCCESS;
}


/* --- Creating --- */

struct recipe {
    ULONG protect, type;
    uint64_t bytes;
    int fd;             /* -1: memory */
    char *path;
};

static NTSTATUS make(void *context, struct object **out)
{
    struct recipe *recipe = context;
    struct section *section = calloc(1, sizeof(*section));
    int fd = recipe->fd;

    if (!section)
        return STATUS_NO_MEMORY;
    if (fd < 0) {
        uint64_t bytes = recipe->bytes;

        if (is_lazy(recipe->type))
            bytes = ((bytes + PAGE_OFFSET) & ~(uint64_t)PAGE_OFFSET) + commit_map_bytes(bytes);
        fd = memfd_create("decant-section", MFD_CLOEXEC);
        if (fd < 0 || ftruncate(fd, (off_t)bytes)) {
            NTSTATUS status = errno == ENOSPC || errno == EFBIG || errno == EINVAL
                                  ? STATUS_COMMITMENT_LIMIT
                                  : errno_to_status(errno);

            if (fd >= 0)
                close(fd);
            free(section);
            return status;
        }
    }
    *section = (struct section){.fd = fd,
                                .protect = recipe->protect,
                                .type = recipe->type,
                                .bytes = recipe->bytes,
                                .path = recipe->path};
    if (is_lazy(section->type) &&
        !(section->commit_map = commit_map_open(fd, section->bytes))) {
        close(fd);
        free(section);
        return STATUS_NO_MEMORY;
    }
    recipe->fd = -1;
    recipe->path = NULL;
    section_list(section);
    object_init(&section->header, &section_ops);
    *out = &section->header;
    return STATUS_SUCCESS;
}

static ACCESS_MASK access_for(ULONG protect)
{
    switch (protect & 0xff) {
    case PAGE_READWRITE:
    case PAGE_EXECUTE_READWRITE:
        return FILE_READ_DATA | FILE_WRITE_DATA;
    default:
        return FILE_READ_DATA;
    }
}

/* Sizes and checks of a section over a file. */
static NTSTATUS prepare_file(HANDLE file, uint64_t wanted, struct recipe *recipe)
{
    struct file *object;
    struct stat st;
    NTSTATUS status = file_get_fd(file, access_for(recipe->protect), &recipe->fd);

    if (status)
        return status;
    if (fstat(recipe->fd, &st))
        return errno_to_status(errno);
    if (!S_ISREG(st.st_mode))
        return STATUS_INVALID_FILE_FOR_SECTION;
    if (!file_from_handle(file, 0, &object)) {
        recipe->path = object->unix_path ? strdup(object->unix_path) : NULL;
        object_release(&object->header);
    }
    if (recipe->type & SEC_IMAGE) {
        struct image_layout *layout = malloc(sizeof(*layout));
        char header[4096];
        ssize_t got = pread(recipe->fd, header, sizeof(header), 0);

        if (!layout)
            return STATUS_NO_MEMORY;
        status = got < 0 ? errno_to_status(errno)
                         : image_parse(header, (size_t)got, (uint64_t)st.st_size, layout);
        recipe->bytes = layout->image_bytes;
        free(layout);
        return status;
    }
    recipe->bytes = wanted ? wanted : (uint64_t)st.st_size;
    if (!recipe->bytes)
        return STATUS_MAPPED_FILE_SIZE_ZERO;
    if (recipe->bytes > (uint64_t)st.st_size) {
        /* A section larger than its file makes the file grow. */
        if (!(access_for(recipe->protect) & FILE_WRITE_DATA))
            return STATUS_SECTION_TOO_BIG;
        if (ftruncate(recipe->fd, (off_t)recipe->bytes))
            return errno_to_status(errno);
    }
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI NtCreateSection(HANDLE *handle, ACCESS_MASK access,
                                const OBJECT_ATTRIBUTES *attributes, const LARGE_INTEGER *size,
                                ULONG protect, ULONG type, HANDLE file)
{
    const ULONG kinds = SEC_COMMIT | SEC_RESERVE | SEC_IMAGE | SEC_FILE;
    struct recipe recipe = {protect, type, 0, -1, NULL};
    LARGE_INTEGER wanted = {.QuadPart = 0};
    NTSTATUS status = STATUS_SUCCESS;

    if (size && guest_copy_in(&wanted, size, sizeof(wanted)))
        return STATUS_ACCESS_VIOLATION;
    if (!(type & kinds) || (type & (SEC_COMMIT | SEC_RESERVE)) == (SEC_COMMIT | SEC_RESERVE))
        return STATUS_INVALID_PARAMETER_6;
    if (type & SEC_LARGE_PAGES)
        return STATUS_PRIVILEGE_NOT_HELD;
    if (!protect_is_valid(protect, true) || protect & PAGE_GUARD || protect == PAGE_NOACCESS)
        return STATUS_INVALID_PAGE_PROTECTION;
    if (wanted.QuadPart < 0)
        return STATUS_SECTION_TOO_BIG;
    recipe.type = file ? type | SEC_FILE : type & ~(ULONG)SEC_FILE;
    if (file) {
        status = prepare_file(file, (uint64_t)wanted.QuadPart, &recipe);
    } else if (type & SEC_IMAGE) {
        status = STATUS_INVALID_FILE_FOR_SECTION;
    } else {
        recipe.bytes = (uint64_t)wanted.QuadPart;
        if (!recipe.bytes)
            status = STATUS_INVALID_PARAMETER_4;
        else if (recipe.bytes > USER_SPACE_HIGH)
            status = STATUS_SECTION_TOO_BIG;
        else if (type & SEC_COMMIT && recipe.bytes > commit_limit())
            status = STATUS_COMMITMENT_LIMIT;
    }
    if (!status)
        status = object_open_handle(handle, access, attributes, &section_ops, make, &recipe);
    if (recipe.fd >= 0)
        close(recipe.fd);
    free(recipe.path);
    return status;
}

NTSTATUS WINAPI NtOpenSection(HANDLE *handle, ACCESS_MASK access,
                              const OBJECT_ATTRIBUTES *attributes)
{
    return object_open_handle(handle, access, attributes, &section_ops, NULL, NULL);
}

NTSTATUS WINAPI NtQuerySection(HANDLE handle, SECTION_INFORMATION_CLASS class, PVOID buffer,
                               SIZE_T length, SIZE_T *needed)
{
    SECTION_BASIC_INFORMATION info = {0};
    struct section *section;
    SIZE_T bytes = sizeof(info);
    NTSTATUS status;

    if (class != SectionBasicInformation)
        return STATUS_INVALID_INFO_CLASS;
    if (length < sizeof(info))
        return STATUS_INFO_LENGTH_MISMATCH;
    status = handle_get(handle, &section_ops, SECTION_QUERY, (struct object **)&section);
    if (status)
        return status;
    info.Attributes = section->type;
    info.Size.QuadPart = (LONGLONG)section->bytes;
    object_release(&section->header);
    status = guest_copy_out(buffer, &info, sizeof(info));
    return !status && needed ? guest_copy_out(needed, &bytes, sizeof(bytes)) : status;
}

/* --- Views --- */

/* The rights to a section that a view of this protection needs. */
static ACCESS_MASK view_access(ULONG protect)
{
    switch (protect & 0xff) {
    case PAGE_READWRITE: return SECTION_MAP_WRITE;
    case PAGE_EXECUTE: return SECTION_MAP_EXECUTE;
    case PAGE_EXECUTE_READ:
    case PAGE_EXECUTE_WRITECOPY: return SECTION_MAP_READ | SECTION_MAP_EXECUTE;
    case PAGE_EXECUTE_READWRITE: return SECTION_MAP_WRITE | SECTION_MAP_EXECUTE;
    default: return SECTION_MAP_READ;
    }
}

/* Whether a section of `maximum` may be mapped with `protect`. */
static bool allows(ULONG maximum, ULONG protect)
{
    const ULONG execute = PAGE_EXECUTE | PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE |
                          PAGE_EXECUTE_WRITECOPY;
    bool may_write = maximum & (PAGE_READWRITE | PAGE_EXECUTE_READWRITE);

    if (protect & execute && !(maximum & execute))
        return false;
    switch (protect & 0xff) {
    case PAGE_READWRITE:
    case PAGE_EXECUTE_READWRITE:
        return may_write;
    default:
        return true; /* reading, and copies of one's own */
    }
}

static NTSTATUS map_view(struct section *section, void **address, SIZE_T *size,
                         const LARGE_INTEGER *offset, ULONG type, ULONG protect,
                         const struct placement *where)
{
    uint64_t at = offset ? (uint64_t)offset->QuadPart : 0;
    size_t bytes = *size, last;
    struct view *view = NULL;
    void *base = *address;
    sigset_t signals;
    NTSTATUS status = STATUS_SUCCESS;

    if (at & (GRANULARITY - 1) || (uintptr_t)base & (GRANULARITY - 1))
        return STATUS_MAPPED_ALIGNMENT;
    if (at >= section->bytes)
        return STATUS_INVALID_VIEW_SIZE;
    if (!bytes)
        bytes = section->bytes - at;
    else if (bytes > section->bytes - at)
        return STATUS_INVALID_VIEW_SIZE;
    last = (bytes + PAGE_OFFSET) & ~PAGE_OFFSET;
    if (!allows(section->protect, protect))
        return STATUS_SECTION_PROTECTION;

    virtual_lock(&signals);
    if (type & MEM_REPLACE_PLACEHOLDER) {
        view = view_find(base);
        if (!view || !(view->flags & VIEW_PLACEHOLDER) || view->base != base || view->bytes != last) {
            status = STATUS_CONFLICTING_ADDRESSES;
        } else {
            view->flags = VIEW_FROM_PLACEHOLDER;
            view->type = MEM_MAPPED;
            view->protect = protect;
        }
    } else {
        status = space_reserve(base, last, where->low, where->high, where->align,
                               !!(type & MEM_TOP_DOWN), &base);
        if (!status) {
            view = view_add(base, last, MEM_MAPPED, protect, 0);
            if (!view) {
                space_release(base, last);
                status = STATUS_NO_MEMORY;
            }
        }
    }
    if (!status) {
        void *mapped = mmap(base, last, protect_to_linux(protect),
                            (protect_is_copy(protect) ? MAP_PRIVATE : MAP_SHARED) | MAP_FIXED |
                                MAP_NORESERVE,
                            section->fd, (off_t)at);

        if (mapped == MAP_FAILED)
            status = errno == EACCES || errno == EPERM ? STATUS_SECTION_PROTECTION
                                                       : errno_to_status(errno);
        else if (section->commit_map ? mprotect(base, last, PROT_NONE)
                                     : !runs_set(view, 0, last >> PAGE_SHIFT, protect))
            status = STATUS_NO_MEMORY;
        if (status) {
            view_remove(view);
            space_release(base, last);
        } else {
            object_retain(&section->header);
            view->section = &section->header;
            view->section_offset = at;
            if (section->commit_map) {
                view->flags |= VIEW_LAZY;
                view->commit_map = section->commit_map;
                section_catch_up(view);
            }
            view->file_name = section->path ? strdup(section->path) : NULL;
        }
    }
    virtual_unlock(&signals);
    if (!status) {
        *address = base;
        *size = last;
    }
    return status;
}

NTSTATUS section_map(struct object *object, void **base, SIZE_T *bytes, uint64_t offset, ULONG type,
                     ULONG protect, const struct placement *where)
{
    struct section *section = (struct section *)object;
    const LARGE_INTEGER start = {.QuadPart = (LONGLONG)offset};
    void *wanted = *base;
    NTSTATUS status;

    if (!(section->type & SEC_IMAGE))
        return map_view(section, base, bytes, &start, type, protect, where);
    status = image_map_fd(section->fd, section->path, base, bytes, NULL);
    if (!status && (!wanted || *base != wanted))
        status = STATUS_IMAGE_NOT_AT_BASE;
    return status;
}

static NTSTATUS map_for_guest(HANDLE handle, HANDLE process_handle, void **address, SIZE_T *size,
                              const LARGE_INTEGER *offset, ULONG type, ULONG protect,
                              const struct placement *where)
{
    struct process_object *remote;
    struct object *section;
    LARGE_INTEGER start = {.QuadPart = 0};
    SIZE_T bytes;
    void *base;
    NTSTATUS status;

    if (guest_copy_in(&base, address, sizeof(base)) || guest_copy_in(&bytes, size, sizeof(bytes)) ||
        (offset && guest_copy_in(&start, offset, sizeof(start))))
        return STATUS_ACCESS_VIOLATION;
    if (!protect_is_valid(protect, true))
        return STATUS_INVALID_PAGE_PROTECTION;
    status = remote_target(process_handle, PROCESS_VM_OPERATION, &remote);
    if (status)
        return status;
    status = handle_get(handle, &section_ops, view_access(protect), &section);
    if (!status) {
        struct remote_placement there = {where->low, where->high, where->align};

        status = remote ? remote_map(remote, section, &base, &bytes, (uint64_t)start.QuadPart, type,
                                     protect, &there)
                        : section_map(section, &base, &bytes, (uint64_t)start.QuadPart, type,
                                      protect, where);
        object_release(section);
    }
    if (remote)
        object_release(&remote->header);
    if (!NT_SUCCESS(status))
        return status;
    if (guest_copy_out(address, &base, sizeof(base)) || guest_copy_out(size, &bytes, sizeof(bytes)))
        return STATUS_ACCESS_VIOLATION;
    return status;
}

NTSTATUS WINAPI NtMapViewOfSection(HANDLE handle, HANDLE process_handle, void **address,
                                   ULONG_PTR zero_bits, SIZE_T commit, const LARGE_INTEGER *offset,
                                   SIZE_T *size, SECTION_INHERIT inherit, ULONG type, ULONG protect)
{
    struct placement where = {0};

    (void)commit, (void)inherit;
    if (zero_bits > 21 && zero_bits < 32)
        return STATUS_INVALID_PARAMETER_4;
    if (zero_bits && zero_bits < 32)
        where.high = (uintptr_t)1 << (32 - zero_bits);
    return map_for_guest(handle, process_handle, address, size, offset, type, protect, &where);
}

NTSTATUS WINAPI NtMapViewOfSectionEx(HANDLE handle, HANDLE process_handle, void **address,
                                     const LARGE_INTEGER *offset, SIZE_T *size, ULONG type,
                                     ULONG protect, MEM_EXTENDED_PARAMETER *parameters, ULONG count)
{
    struct placement where = {0};
    void *base;
    NTSTATUS status = guest_copy_in(&base, address, sizeof(base));

    if (!status)
        status = placement_read(parameters, count, base, &where);
    return status ? status
                  : map_for_guest(handle, process_handle, address, size, offset, type, protect, &where);
}

/* --- Unmapping --- */

static NTSTATUS unmap(void *address, ULONG flags)
{
    struct object *section = NULL;
    struct view *view;
    sigset_t signals;
    NTSTATUS status = STATUS_SUCCESS;

    virtual_lock(&signals);
    view = view_find(address);
    if (!view || view->type == MEM_PRIVATE) {
        status = STATUS_NOT_MAPPED_VIEW;
    } else if (flags & MEM_PRESERVE_PLACEHOLDER) {
        if (!(view->flags & VIEW_FROM_PLACEHOLDER)) {
            status = STATUS_CONFLICTING_ADDRESSES;
        } else {
            mmap(view->base, view->bytes, PROT_NONE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
            section = view->section;
            view->section = NULL;
            view->section_offset = view->seen_generation = 0;
            view->commit_map = NULL;
            runs_clear(view, 0, view->bytes >> PAGE_SHIFT);
            view->type = MEM_PRIVATE;
            view->flags = VIEW_PLACEHOLDER;
            view->protect = PAGE_NOACCESS;
        }
    } else {
        void *base = view->base;
        size_t bytes = view->bytes;

        section = view_remove(view);
        space_release(base, bytes);
    }
    virtual_unlock(&signals);
    if (section)
        object_release(section);
    return status;
}

NTSTATUS WINAPI NtUnmapViewOfSectionEx(HANDLE process_handle, void *address, ULONG flags)
{
    struct process_object *remote;
    NTSTATUS status = remote_target(process_handle, PROCESS_VM_OPERATION, &remote);

    if (status)
        return status;
    if (!remote)
        return unmap(address, flags);
    status = remote_unmap(remote, address, flags);
    object_release(&remote->header);
    return status;
}

NTSTATUS WINAPI NtUnmapViewOfSection(HANDLE process_handle, void *address)
{
    return NtUnmapViewOfSectionEx(process_handle, address, 0);
}
