/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The kernel interfaces of write watch: userfaultfd's asynchronous write-protection and the
 * PAGEMAP_SCAN ioctl (both Linux 6.7). Our own definitions, since Debian 12's headers are older; the
 * numbers are the kernel's ABI (Documentation/admin-guide/mm/pagemap.rst, userfaultfd.rst).
 */
#ifndef DECANT_UAPI_PAGEMAP_H
#define DECANT_UAPI_PAGEMAP_H

#include <stdint.h>
#ifdef __linux__
#include <sys/ioctl.h>
#endif

#ifndef PAGEMAP_SCAN
#define PAGEMAP_SCAN _IOWR('f', 16, struct pm_scan_arg)

/* Categories of pages. */
#define PAGE_IS_WPALLOWED (1 << 0) /* in a range that is registered for write-protection */
#define PAGE_IS_WRITTEN   (1 << 1) /* written since the last reset */
#define PAGE_IS_FILE      (1 << 2)
#define PAGE_IS_PRESENT   (1 << 3)
#define PAGE_IS_SWAPPED   (1 << 4)
#define PAGE_IS_PFNZERO   (1 << 5) /* the shared zero page: only read so far */

struct page_region {
    uint64_t start, end; /* end is exclusive */
    uint64_t categories;
};

#define PM_SCAN_WP_MATCHING   (1 << 0) /* reset what is reported, atomically per page */
#define PM_SCAN_CHECK_WPASYNC (1 << 1) /* EPERM when a part is not registered */

struct pm_scan_arg {
    uint64_t size;              /* of this structure */
    uint64_t flags;
    uint64_t start, end;
    uint64_t walk_end;          /* out: where the walk stopped; stale in some cases, see writewatch */
    uint64_t vec, vec_len;      /* struct page_region[] */
    uint64_t max_pages;         /* 0: no limit */
    uint64_t category_inverted;
    uint64_t category_mask;
    uint64_t category_anyof_mask;
    uint64_t return_mask;
};
#endif

#define DECANT_UFFD_USER_MODE_ONLY     1
#define DECANT_UFFD_API                0xaaull
#define DECANT_UFFD_FEATURE_WP_UNPOPULATED (1ull << 13)
#define DECANT_UFFD_FEATURE_WP_ASYNC   (1ull << 15)
#define DECANT_UFFDIO_REGISTER_MODE_WP (1ull << 1)

struct decant_uffdio_api {
    uint64_t api, features, ioctls;
};

struct decant_uffdio_register {
    uint64_t start, length, mode, ioctls;
};

struct decant_uffdio_range {
    uint64_t start, length;
};

#define DECANT_UFFDIO_API        _IOWR(0xaa, 0x3f, struct decant_uffdio_api)
#define DECANT_UFFDIO_REGISTER   _IOWR(0xaa, 0x00, struct decant_uffdio_register)

#endif
