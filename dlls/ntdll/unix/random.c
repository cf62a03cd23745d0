/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Random bytes from the kernel. A bounce buffer keeps a bad guest pointer from becoming a short read.
 */
#include <errno.h>
#include <sys/random.h>

#include "unix.h"

NTSTATUS WINAPI DecantGetRandom(void *buffer, SIZE_T bytes)
{
    char block[256];
    char *at = buffer;

    while (bytes) {
        size_t count = bytes < sizeof(block) ? bytes : sizeof(block);
        ssize_t got = getrandom(block, count, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return STATUS_UNSUCCESSFUL;
        if (guest_copy_out(at, block, (size_t)got))
            return STATUS_ACCESS_VIOLATION;
        at += got;
        bytes -= (size_t)got;
    }
    return STATUS_SUCCESS;
}
